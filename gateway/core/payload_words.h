/* payload_words: the small pieces that payload.c and payload_state.c share. Nobody else includes this. Every payload_put_*
 * writes `,"key":value`. */
#ifndef OUTPOST_CORE_PAYLOAD_WORDS_H
#define OUTPOST_CORE_PAYLOAD_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/text.h"
#include "gateway/model/site.h"

void payload_put_text(struct text *out, const char *key, const char *value);
void payload_put_text_or_null(struct text *out, const char *key, const char *value); /* "" is null */
void payload_put_int(struct text *out, const char *key, int64_t value);
void payload_put_uint(struct text *out, const char *key, uint64_t value);
void payload_put_bool(struct text *out, const char *key, bool value);
void payload_put_uid(struct text *out, const char *stream, const char *dev, const char *alarm, uint64_t occurrence);

/* The device point a rule looks at; NULL when it has none (comm, failed, a bus, an interlock). */
const struct device_point *payload_rule_point(const struct site *site, const struct rule *rule);
/* "value": booleans as booleans, enums as canonical names, null when there is none. */
void payload_put_rule_value(struct text *out, const struct device_point *point, bool has_value, double value);
bool payload_rule_has_limit(const struct rule *rule);
void payload_put_rule_limit(struct text *out, const struct rule *rule); /* "limit": a number or null */

#endif
