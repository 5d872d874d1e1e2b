/* deadlines: will the buses of a site keep up? core/forecast for all of them at once, and the lints that follow from it. */
#ifndef OUTPOST_SITE_DEADLINES_H
#define OUTPOST_SITE_DEADLINES_H

#include <stdbool.h>

#include "gateway/base/arena.h"
#include "gateway/base/err.h"
#include "gateway/core/forecast.h"
#include "gateway/model/site.h"
#include "gateway/site/load.h"

/* One forecast for each bus of the site, with all slaves alive; `basis` NULL: the default one. ERR_MEMORY; ERR_ARGUMENT: see
 * plan_make(), not for a site that was loaded. */
MUST_CHECK enum err deadlines_forecast(const struct site *site, const struct forecast_basis *basis, struct arena *arena,
                                       struct forecast_bus **ret_buses);

/* Is this one of the warnings of this file? Their codes begin with "deadline_". */
bool deadlines_is_one(const struct complaint *complaint);

#endif
