/* channels: a point that is there once for each channel of a panel: "repeat", where that leads, and how it is named. */
#ifndef OUTPOST_SITE_CHANNELS_H
#define OUTPOST_SITE_CHANNELS_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/site/json.h"
#include "gateway/site/profiles.h"

/* {"count", "step"}: reads what is given over *repeat; complains when something is missing afterwards. */
bool repeat_read(const struct node *node, struct complaints *complaints, struct profile_repeat *repeat);

/* The first and last address of channels 1 … `channels`, their parts included, without base. */
void point_reach(const struct profile_point *point, uint16_t channels, int64_t *ret_first, int64_t *ret_last);
/* Registers that one read must cover for one channel. */
int64_t point_width(const struct profile_point *point, uint16_t channel);
/* The point as a slave reads it; channel from 1, which is also that of a point that is not repeated. Its id is still the
 * bare one. The caller has made sure that base and channel stay within reach. */
struct slave_point point_of_channel(const struct profile_point *point, int64_t base, uint16_t channel);

/* "ch17.gas_lel_pct" -> 17, "gas_lel_pct"; "ch17" -> 17, ""; anything else: 0 and the text itself. */
uint16_t channel_split(const char *text, const char **ret_rest);
#define CHANNEL_PREFIX_MAX 7                                  /* "ch1024." */
#define SLAVE_POINT_ID_MAX (CHANNEL_PREFIX_MAX + SITE_ID_MAX) /* "ch17.gas_lel_pct" */
#define REFERENCE_MAX      (SITE_ID_MAX + 1 + SLAVE_POINT_ID_MAX)

#endif
