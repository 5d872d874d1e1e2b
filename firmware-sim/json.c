#include "firmware-sim/json.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where a scan of the text stands. */
enum scan { SCAN_CODE, SCAN_STRING, SCAN_ESCAPE, SCAN_LINE_COMMENT, SCAN_BLOCK_COMMENT };

static enum scan scan_code(char *at, size_t left)
{
    if (at[0] == '"')
        return SCAN_STRING;
    if (at[0] != '/' || left < 2 || (at[1] != '/' && at[1] != '*'))
        return SCAN_CODE;
    enum scan next = at[1] == '/' ? SCAN_LINE_COMMENT : SCAN_BLOCK_COMMENT;
    at[0] = ' ';
    at[1] = ' ';
    return next;
}

static enum scan scan_string(char byte)
{
    if (byte == '\\')
        return SCAN_ESCAPE;
    return byte == '"' ? SCAN_CODE : SCAN_STRING;
}

static enum scan scan_comment(enum scan scan, char *at, size_t left)
{
    if (at[0] == '\n')
        return scan == SCAN_LINE_COMMENT ? SCAN_CODE : scan;
    bool ends = scan == SCAN_BLOCK_COMMENT && at[0] == '*' && left >= 2 && at[1] == '/';
    at[0] = ' ';
    if (ends)
        at[1] = ' ';
    return ends ? SCAN_CODE : scan;
}

/* Comments become blanks, so that positions stay. Returns the deepest nesting. */
static unsigned blank_comments(char *bytes, size_t size)
{
    enum scan scan = SCAN_CODE;
    unsigned depth = 0;
    unsigned deepest = 0;
    for (size_t i = 0; i < size; i++) {
        char *at = bytes + i;
        switch (scan) {
        case SCAN_CODE:
            depth += *at == '{' || *at == '[' ? 1U : 0U;
            depth -= (*at == '}' || *at == ']') && depth > 0 ? 1U : 0U;
            deepest = depth > deepest ? depth : deepest;
            scan = scan_code(at, size - i);
            break;
        case SCAN_STRING:
            scan = scan_string(*at);
            break;
        case SCAN_ESCAPE:
            scan = SCAN_STRING;
            break;
        case SCAN_LINE_COMMENT:
        case SCAN_BLOCK_COMMENT:
            scan = scan_comment(scan, at, size - i);
            break;
        }
    }
    return deepest;
}

static unsigned line_of(const char *bytes, const char *at)
{
    unsigned line = 1;
    for (const char *c = bytes; c < at; c++)
        line += *c == '\n' ? 1U : 0U;
    return line;
}

/* `bytes` is ours, writable and zero-terminated. */
static cJSON *parse_own(const char *name, char *bytes, size_t size, struct text *why)
{
    if (memchr(bytes, '\0', size) != NULL) {
        text_add(why, "%s: contains a NUL byte; it must be UTF-8 text", name);
        return NULL;
    }
    if (blank_comments(bytes, size) > JSON_DEPTH_MAX) {
        text_add(why, "%s: nested deeper than %d levels", name, JSON_DEPTH_MAX);
        return NULL;
    }
    const char *start = strncmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? bytes + 3 : bytes;
    const char *end = NULL;
    cJSON *json = cJSON_ParseWithOpts(start, &end, 1);
    if (json == NULL)
        text_add(why, "%s:%u: not valid JSON here", name, end == NULL ? 1U : line_of(bytes, end));
    else if (!cJSON_IsObject(json)) {
        text_add(why, "%s: must be one JSON object { … }", name);
        cJSON_Delete(json);
        json = NULL;
    }
    return json;
}

cJSON *json_parse(const char *name, const char *bytes, size_t size, struct text *why)
{
    char *own = size > JSON_FILE_MAX ? NULL : malloc(size + 1);
    if (own == NULL) {
        text_add(why, "%s: larger than %zu bytes", name, JSON_FILE_MAX);
        return NULL;
    }
    memcpy(own, bytes, size);
    own[size] = '\0';
    cJSON *json = parse_own(name, own, size, why);
    free(own);
    return json;
}

cJSON *json_read(const char *path, struct text *why)
{
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        text_add(why, "%s: %s", path, strerror(errno)); /* NOLINT(concurrency-mt-unsafe): one thread */
        return NULL;
    }
    cJSON *json = NULL;
    char *bytes = malloc(JSON_FILE_MAX + 2);
    size_t size = bytes == NULL ? 0 : fread(bytes, 1, JSON_FILE_MAX + 1, file);
    if (bytes == NULL || ferror(file) != 0)
        text_add(why, "%s: cannot be read", path);
    else
        json = json_parse(path, bytes, size, why);
    free(bytes);
    (void)fclose(file);
    return json;
}

const cJSON *json_member(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

const char *json_text(const cJSON *object, const char *key, const char *fallback)
{
    const cJSON *item = json_member(object, key);
    return cJSON_IsString(item) && item->valuestring != NULL ? item->valuestring : fallback;
}

double json_number(const cJSON *object, const char *key, double fallback)
{
    const cJSON *item = json_member(object, key);
    return cJSON_IsNumber(item) && isfinite(item->valuedouble) ? item->valuedouble : fallback;
}

size_t json_count(const cJSON *array)
{
    if (!cJSON_IsArray(array) && !cJSON_IsObject(array))
        return 0;
    int count = cJSON_GetArraySize(array);
    return count > 0 ? (size_t)count : 0;
}

bool json_integer(const cJSON *item, long long minimum, long long maximum, long long *ret_integer)
{
    if (!cJSON_IsNumber(item))
        return false;
    double number = item->valuedouble;
    if (!isfinite(number) || number < (double)minimum || number > (double)maximum)
        return false;
    long long integer = llround(number);
    if (fabs(number - (double)integer) > 0)
        return false;
    *ret_integer = integer;
    return true;
}
