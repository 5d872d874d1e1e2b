/* meant: what of the journal is meant for a centre that does not want everything (`only`, `drills: drop`). Pure.
 *
 * A record is judged by its own words, not by the site file of today: so what was meant for a centre stays meant when the
 * device is gone. Events are meant for everybody. Of a device that is meant, telemetry is, and alarms of the wanted
 * priority; a bus, an interlock or a centre is no device and is meant only where no device or class is named. With `drills: drop`
 * what carries `test` is not meant, but for critical alarms: those are always sent, marked. */
#ifndef OUTPOST_CORE_MEANT_H
#define OUTPOST_CORE_MEANT_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/model/site.h"

/* A record as it is in the journal; `topic` below {prefix}/{gw}. */
bool meant_record(const struct site_centre *centre, const char *topic, const char *record, size_t record_size);

/* The retained messages of a subject. */
bool meant_subject(const struct site_centre *centre, const char *dev, const char *cls);

#endif
