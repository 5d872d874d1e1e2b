#include "firmware-sim/recording.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "firmware-sim/json.h"

#define CHANGE_SIZE_MIN 24 /* {"ms":0,"coil":0,"words":[0]} is longer */
#define VERSION_KEY     "outpost_recording"
#define REGISTERS       65536

/* What a recording is being made from. */
struct reader {
    struct recording *recording;
    const char *name;
    struct pool *pool;
    size_t line; /* from 1 */
    struct change *changes;
    uint16_t *words;
    size_t word_count;
    size_t change_max;
    size_t word_max;
    bool headed;
    bool ended;
    struct text *why;
};

/* --- the first line --- */

static const char *keep(struct reader *reader, const cJSON *json, const char *key)
{
    return pool_print(reader->pool, "%.200s", json_text(json, key, ""));
}

static bool read_head(struct reader *reader, const cJSON *json)
{
    struct recording_head *head = &reader->recording->head;
    long long version;
    long long unit;
    long long baud = 0;
    if (!json_integer(json_member(json, VERSION_KEY), 1, INT32_MAX, &version))
        return text_refuse(reader->why, "no recording: its first line has to begin with {\"" VERSION_KEY "\":%d, …",
                           RECORDING_VERSION);
    if (version != RECORDING_VERSION)
        return text_refuse(reader->why, "a recording of version %lld; this program knows version %d: take a newer one",
                           version, RECORDING_VERSION);
    if (!json_integer(json_member(json, "unit"), 0, 255, &unit))
        return text_refuse(reader->why, "unit must be a whole number from 0 to 255");
    *head = (struct recording_head){.device = keep(reader, json, "device"),
                                    .unit = (uint8_t)unit,
                                    .profile = keep(reader, json, "profile"),
                                    .link = keep(reader, json, "link"),
                                    .port = keep(reader, json, "port"),
                                    .format = keep(reader, json, "format"),
                                    .start = keep(reader, json, "start"),
                                    .listened = text_equals(json_text(json, "how", ""), "listen"),
                                    .tool = keep(reader, json, "tool")};
    if (json_integer(json_member(json, "baud"), 1, 4000000, &baud))
        head->baud = (unsigned)baud;
    long long every_ms;
    if (json_integer(json_member(json, "every_ms"), 0, RECORDING_MS_MAX, &every_ms))
        head->every_ms = every_ms;
    reader->headed = true;
    return head->device[0] != '\0' || text_refuse(reader->why, "device must be the name of what was recorded");
}

/* --- the other lines --- */

static bool read_time(struct reader *reader, const cJSON *json, long long *ret_ms)
{
    if (!json_integer(json_member(json, "ms"), 0, RECORDING_MS_MAX, ret_ms))
        return text_refuse(reader->why, "ms must be a whole number from 0 to %" PRId64 " (31 days)", RECORDING_MS_MAX);
    if (*ret_ms < reader->recording->end_ms)
        return text_refuse(reader->why,
                           "time runs backwards: %lld ms after %" PRId64 " ms; two recordings in one file?", *ret_ms,
                           reader->recording->end_ms);
    reader->recording->end_ms = *ret_ms;
    return true;
}

static bool read_table(struct reader *reader, const cJSON *json, struct change *change)
{
    size_t found = 0;
    long long address;
    for (unsigned table = 0; table < TABLE_COUNT; table++) {
        const cJSON *item = json_member(json, table_name((enum table)table));
        if (item == NULL)
            continue;
        if (!json_integer(item, 0, 65535, &address))
            return text_refuse(reader->why, "%s must be an address from 0 to 65535", table_name((enum table)table));
        change->table = (uint8_t)table;
        change->address = (uint16_t)address;
        found++;
    }
    return found == 1 || text_refuse(reader->why, "needs one of coil, discrete, holding, input with its address");
}

static bool read_words(struct reader *reader, const cJSON *array, struct change *change)
{
    size_t count = json_count(array);
    bool bits = table_is_bits((enum table)change->table);
    const cJSON *item;
    if (!cJSON_IsArray(array) || count < 1 || count > SPAN_BITS_MAX)
        return text_refuse(reader->why, "words must be an array of 1 to %d numbers", SPAN_BITS_MAX);
    change->count = (uint16_t)count;
    change->words_at = (uint32_t)reader->word_count;
    cJSON_ArrayForEach(item, array)
    {
        long long word;
        if (!json_integer(item, 0, bits ? 1 : 65535, &word))
            return text_refuse(reader->why, "words must be whole numbers from 0 to %d", bits ? 1 : 65535);
        if (reader->word_count == reader->word_max)
            return text_refuse(reader->why, "more words than fit");
        reader->words[reader->word_count++] = (uint16_t)word;
    }
    return true;
}

static bool read_failure(struct reader *reader, const cJSON *json, struct change *change)
{
    long long number;
    if (!json_integer(json_member(json, "count"), 1, 65536 - change->address, &number) || number > SPAN_BITS_MAX)
        return text_refuse(reader->why, "count must be a whole number from 1 to %d", SPAN_BITS_MAX);
    change->count = (uint16_t)number;
    change->outcome = OUTCOME_SILENCE;
    if (cJSON_IsTrue(json_member(json, "silent")))
        return true;
    change->outcome = OUTCOME_EXCEPTION;
    if (!json_integer(json_member(json, "exception"), 1, 255, &number))
        return text_refuse(reader->why, "needs words, \"silent\":true or an exception from 1 to 255");
    change->exception = (uint8_t)number;
    return true;
}

static bool read_change(struct reader *reader, const cJSON *json)
{
    struct recording *recording = reader->recording;
    struct change change = {.outcome = OUTCOME_WORDS};
    const cJSON *words = json_member(json, "words");
    long long ms;
    if (reader->ended)
        return text_refuse(reader->why, "comes after the end; two recordings in one file?");
    if (!read_time(reader, json, &ms))
        return false;
    reader->ended = cJSON_IsTrue(json_member(json, "end"));
    if (reader->ended)
        return true;
    change.ms = (uint32_t)ms;
    if (!read_table(reader, json, &change))
        return false;
    if (words != NULL ? !read_words(reader, words, &change) : !read_failure(reader, json, &change))
        return false;
    if (change.address + (uint32_t)change.count > REGISTERS)
        return text_refuse(reader->why, "goes beyond register 65535");
    if (recording->change_count == reader->change_max)
        return text_refuse(reader->why, "more changes than fit");
    reader->changes[recording->change_count++] = change;
    return true;
}

/* A last line that nothing ends and that is no JSON was being written when the recorder died. */
static bool read_line(struct reader *reader, const char *bytes, size_t size, bool ends)
{
    struct sentence inner;
    struct sentence where;
    struct text *why = reader->why;
    text_add(sentence_init(&where), "%.300s:%zu", reader->name, reader->line);
    if (size > RECORDING_LINE_MAX)
        return text_refuse(why, "%s: a line longer than %zu bytes", where.bytes, RECORDING_LINE_MAX);
    cJSON *json = json_parse(where.bytes, bytes, size, sentence_init(&inner));
    if (json == NULL && !ends && reader->headed) {
        reader->recording->cut = true;
        return true;
    }
    if (json == NULL)
        return text_refuse(why, "%s", inner.bytes);
    reader->why = sentence_init(&inner);
    bool good = reader->headed ? read_change(reader, json) : read_head(reader, json);
    reader->why = why;
    cJSON_Delete(json);
    return good || text_refuse(why, "%s: %s", where.bytes, inner.bytes);
}

static bool is_blank(const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (strchr(" \t\r", bytes[i]) == NULL || bytes[i] == '\0')
            return false;
    }
    return true;
}

static bool read_lines(struct reader *reader, const char *bytes, size_t size)
{
    for (size_t at = 0; at < size;) {
        const char *end = memchr(bytes + at, '\n', size - at);
        size_t length = end == NULL ? size - at : (size_t)(end - bytes) - at;
        reader->line++;
        if (!is_blank(bytes + at, length) && !read_line(reader, bytes + at, length, end != NULL))
            return false;
        at += length + 1;
    }
    return true;
}

bool recording_parse(struct recording *recording, const char *name, const char *bytes, size_t size, struct pool *pool,
                     struct text *why)
{
    *recording = (struct recording){.end_ms = 0};
    if (size > RECORDING_SIZE_MAX)
        return text_refuse(why, "%s: larger than %zu MiB; record for a shorter time or less often", name,
                           RECORDING_SIZE_MAX / 1024 / 1024);
    struct reader reader = {.recording = recording,
                            .name = name,
                            .pool = pool,
                            .change_max = size / CHANGE_SIZE_MIN + 1,
                            .word_max = size / 2 + 1,
                            .why = why};
    reader.changes = pool_take(pool, reader.change_max, sizeof *reader.changes);
    reader.words = pool_take(pool, reader.word_max, sizeof *reader.words);
    recording->changes = reader.changes;
    recording->words = reader.words;
    if (!read_lines(&reader, bytes, size))
        return false;
    if (!reader.headed)
        return text_refuse(why, "%s: empty; record anew with `outpost-sim record`", name);
    if (recording->change_count == 0)
        return text_refuse(why, "%s: nothing was recorded; record anew with `outpost-sim record`", name);
    if (!reader.ended)
        recording->end_ms += recording->head.every_ms;
    return true;
}

bool recording_open(struct recording *recording, const char *path, struct pool *pool, struct text *why)
{
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return text_refuse(why, "%s: %s", path, strerror(errno)); /* NOLINT(concurrency-mt-unsafe): one thread */
    char *bytes = malloc(RECORDING_SIZE_MAX + 1);
    size_t size = bytes == NULL ? 0 : fread(bytes, 1, RECORDING_SIZE_MAX + 1, file);
    bool good = bytes != NULL && ferror(file) == 0;
    if (good)
        good = recording_parse(recording, path, bytes, size, pool, why);
    else
        text_add(why, "%s: cannot be read", path);
    free(bytes);
    (void)fclose(file);
    return good;
}

struct finding recording_finding(const struct recording *recording, size_t change)
{
    const struct change *of = &recording->changes[change];
    enum outcome outcome = (enum outcome)of->outcome;
    return (struct finding){
        .where = {.table = (enum table)of->table, .address = of->address, .count = of->count},
        .outcome = outcome,
        .exception = of->exception,
        .words = outcome == OUTCOME_WORDS ? recording->words + of->words_at : NULL,
    };
}

/* --- writing --- */

static void add_text(cJSON *json, const char *key, const char *text)
{
    if (text != NULL && text[0] != '\0')
        (void)cJSON_AddStringToObject(json, key, text);
}

static cJSON *head_to_json(const struct recording_head *head)
{
    cJSON *json = cJSON_CreateObject();
    (void)cJSON_AddNumberToObject(json, VERSION_KEY, RECORDING_VERSION);
    add_text(json, "device", head->device);
    (void)cJSON_AddNumberToObject(json, "unit", head->unit);
    add_text(json, "profile", head->profile);
    add_text(json, "link", head->link);
    add_text(json, "port", head->port);
    if (head->baud > 0) {
        (void)cJSON_AddNumberToObject(json, "baud", head->baud);
        add_text(json, "format", head->format);
    }
    add_text(json, "start", head->start);
    add_text(json, "how", head->listened ? "listen" : "poll");
    if (!head->listened)
        (void)cJSON_AddNumberToObject(json, "every_ms", (double)head->every_ms);
    add_text(json, "tool", head->tool);
    return json;
}

void recording_print_head(const struct recording_head *head, struct text *out)
{
    cJSON *json = head_to_json(head);
    char *printed = cJSON_PrintUnformatted(json);
    text_add(out, "%s\n", printed == NULL ? "" : printed);
    cJSON_free(printed);
    cJSON_Delete(json);
}

void recording_print_change(int64_t ms, const struct finding *finding, struct text *out)
{
    const struct span *where = &finding->where;
    text_add(out, "{\"ms\":%" PRId64 ",\"%s\":%u,", ms, table_name(where->table), where->address);
    if (finding->outcome == OUTCOME_SILENCE)
        text_add(out, "\"count\":%u,\"silent\":true}\n", where->count);
    else if (finding->outcome == OUTCOME_EXCEPTION)
        text_add(out, "\"count\":%u,\"exception\":%u}\n", where->count, finding->exception);
    if (finding->outcome != OUTCOME_WORDS)
        return;
    for (size_t i = 0; i < where->count; i++)
        text_add(out, "%s%u", i == 0 ? "\"words\":[" : ",", finding->words[i]);
    text_add(out, "]}\n");
}

void recording_print_end(int64_t ms, struct text *out)
{
    text_add(out, "{\"ms\":%" PRId64 ",\"end\":true}\n", ms);
}

void recording_print_time(int64_t utc_ms, struct text *out)
{
    time_t seconds = (time_t)(utc_ms / 1000);
    struct tm utc;
    if (gmtime_r(&seconds, &utc) != NULL)
        text_add(out, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                 utc.tm_hour, utc.tm_min, utc.tm_sec, (int)(utc_ms % 1000));
}
