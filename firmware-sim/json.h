/* json: a file of the project -> cJSON, tolerant where people are (comments, a byte order mark, CRLF), bounded where
 * files are hostile (size, NUL bytes). What the gateway's loader complains about in detail is only refused here. */
#ifndef OUTPOST_FIRMWARE_SIM_JSON_H
#define OUTPOST_FIRMWARE_SIM_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "firmware-sim/text.h"

#define JSON_FILE_MAX  ((size_t)8 * 1024 * 1024)
#define JSON_DEPTH_MAX 32

/* NULL, with a sentence, when it cannot be read or is not one JSON object. The caller owns it: cJSON_Delete. */
cJSON *json_read(const char *path, struct text *why);
cJSON *json_parse(const char *name, const char *bytes, size_t size, struct text *why);

/* Members by exact name; the fallback when it is not there or of another type. */
const char *json_text(const cJSON *object, const char *key, const char *fallback);
double json_number(const cJSON *object, const char *key, double fallback);
const cJSON *json_member(const cJSON *object, const char *key); /* NULL when it is not there */
size_t json_count(const cJSON *array);                          /* 0 for what is no array or object */

/* The integer a number holds; false when it is no number, no integer or outside. */
SIM_CHECKED bool json_integer(const cJSON *item, long long minimum, long long maximum, long long *ret_integer);

#endif
