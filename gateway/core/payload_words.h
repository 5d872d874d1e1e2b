/* payload_words: the small pieces that payload*.c share. Nobody else includes this. Every payload_put_*
 * writes `,"key":value`. */
#ifndef OUTPOST_CORE_PAYLOAD_WORDS_H
#define OUTPOST_CORE_PAYLOAD_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/text.h"
#include "gateway/core/payload.h"
#include "gateway/model/site.h"

void payload_put_text(struct text *out, const char *key, const char *value);
void payload_put_text_or_null(struct text *out, const char *key, const char *value); /* "" is null */
void payload_put_int(struct text *out, const char *key, int64_t value);
void payload_put_uint(struct text *out, const char *key, uint64_t value);
void payload_put_bool(struct text *out, const char *key, bool value);
void payload_put_uid(struct text *out, const char *stream, const char *dev, const char *alarm, uint64_t occurrence);

/* Why a sample has no value on the wire; REASON_NONE: it has one, and payload_put_value writes it (bare). */
enum reason payload_why_bad(const struct device_point *point, const struct sample *sample, size_t text_size);
void payload_put_value(struct text *out, const struct device_point *point, const struct sample *sample,
                       const char *texts);

/* The device point a rule looks at; NULL when it has none (comm, failed, a bus, an interlock). */
const struct device_point *payload_rule_point(const struct site *site, const struct rule *rule);
/* "value": booleans as booleans, enums as canonical names, null when there is none. */
void payload_put_rule_value(struct text *out, const struct device_point *point, bool has_value, double value);
bool payload_rule_has_limit(const struct rule *rule);
void payload_put_rule_limit(struct text *out, const struct rule *rule);     /* "limit": a number or null */
void payload_put_lw(struct text *out, const struct payload_status *status); /* "lw":{"a","t"} */

/* Takes back what was written since; the zero, too. */
static inline void payload_take_back(struct text *out, struct text before)
{
    *out = before;
    out->at[out->used] = '\0';
}

#endif
