#include "firmware-sim/picture.h"

#include <math.h>
#include <string.h>

#include "firmware-sim/json.h"
#include "firmware-sim/utf8.h"

#define TIME_MAX ((long long)1 << 53)

struct message {
    struct picture *picture;
    int64_t arrived_ms;
    bool live;
};

void picture_open(struct picture *picture, const struct site *site, const char *root, size_t fact_room)
{
    *picture = (struct picture){.site = site, .root = root, .fact_room = fact_room};
    words_open(&picture->words);
    picture->facts = pool_take(&picture->words.pool, fact_room, sizeof *picture->facts);
    picture->devices = pool_take(&picture->words.pool, site->device_count + 1, sizeof *picture->devices);
}

void picture_close(struct picture *picture)
{
    for (size_t i = 0; picture->site != NULL && i < picture->site->device_count; i++) {
        cJSON_Delete(picture->devices[i].registry);
        cJSON_Delete(picture->devices[i].active);
        cJSON_Delete(picture->devices[i].telemetry);
    }
    cJSON_Delete(picture->status);
    words_close(&picture->words);
    *picture = (struct picture){0};
}

/* --- facts --- */

static void add_fact(struct picture *picture, const struct fact *fact)
{
    if (picture->fact_count < picture->fact_room)
        picture->facts[picture->fact_count++] = *fact;
    else
        picture->forgotten++;
}

static void read_value(struct words *words, const cJSON *value, struct fact *ret_fact)
{
    if (cJSON_IsBool(value)) {
        ret_fact->value = FACT_TRUTH;
        ret_fact->number = cJSON_IsTrue(value) ? 1 : 0;
    } else if (cJSON_IsNumber(value) && isfinite(value->valuedouble)) {
        ret_fact->value = FACT_NUMBER;
        ret_fact->number = value->valuedouble;
    } else if (cJSON_IsString(value)) {
        ret_fact->value = FACT_WORD;
        ret_fact->word = words_keep(words, value->valuestring);
    }
}

static bool is_uncertain(const cJSON *body, const char *point)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, json_member(body, "uncertain"))
    {
        if (cJSON_IsString(item) && text_equals(item->valuestring, point))
            return true;
    }
    return false;
}

static struct fact start_fact(const struct message *message, const cJSON *body, enum fact_kind kind)
{
    struct words *words = &message->picture->words;
    return (struct fact){.kind = kind,
                         .subject = words_keep(words, json_text(body, "dev", "")),
                         .name = "",
                         .state = "",
                         .word = "",
                         .test = cJSON_IsTrue(json_member(body, "test")),
                         .live = message->live,
                         .at_ms = (int64_t)json_number(body, "at", 0),
                         .arrived_ms = message->arrived_ms};
}

static void add_readings(const struct message *message, const cJSON *body)
{
    struct words *words = &message->picture->words;
    const cJSON *item;
    cJSON_ArrayForEach(item, json_member(body, "values"))
    {
        struct fact fact = start_fact(message, body, FACT_READING);
        fact.name = words_keep(words, item->string);
        fact.state = is_uncertain(body, item->string) ? "uncertain" : "good";
        read_value(words, item, &fact);
        add_fact(message->picture, &fact);
    }
    cJSON_ArrayForEach(item, json_member(body, "bad"))
    {
        struct fact fact = start_fact(message, body, FACT_READING);
        fact.name = words_keep(words, item->string);
        fact.state = words_keep(words, cJSON_IsString(item) ? item->valuestring : "bad");
        add_fact(message->picture, &fact);
    }
}

static void add_alarm(const struct message *message, const cJSON *body)
{
    struct words *words = &message->picture->words;
    struct fact fact = start_fact(message, body, FACT_ALARM);
    fact.name = words_keep(words, json_text(body, "alarm", ""));
    fact.state = words_keep(words, json_text(body, "event", ""));
    fact.first_out = cJSON_IsTrue(json_member(body, "first_out"));
    read_value(words, json_member(body, "value"), &fact);
    add_fact(message->picture, &fact);
}

static void add_event(const struct message *message, const cJSON *body)
{
    static const char *const subjects[] = {"interlock", "dev", "bus"};
    struct words *words = &message->picture->words;
    struct fact fact = start_fact(message, body, FACT_EVENT);
    fact.name = words_keep(words, json_text(body, "event", ""));
    for (size_t i = sizeof subjects / sizeof *subjects; i-- > 0;) {
        const char *subject = json_text(body, subjects[i], NULL);
        fact.subject = subject == NULL ? fact.subject : words_keep(words, subject);
    }
    add_fact(message->picture, &fact);
}

/* --- numbers --- */

static void forget_numbers(struct lane *lane, int64_t from, int64_t to)
{
    if (to - from >= (int64_t)PICTURE_BURST_MAX)
        from = to - (int64_t)PICTURE_BURST_MAX + 1;
    for (int64_t i = from; i <= to; i++) {
        size_t bit = (size_t)i % PICTURE_BURST_MAX;
        lane->seen[bit / 8] = (uint8_t)(lane->seen[bit / 8] & ~(1U << bit % 8));
    }
}

/* True the first time. A number that is too old to be remembered counts as new; one of another stream begins anew. */
static bool note_number(struct lane *lane, const char *stream, int64_t number)
{
    if (lane->stream != stream) {
        *lane = (struct lane){.stream = stream, .newest = number};
    } else if (number > lane->newest) {
        forget_numbers(lane, lane->newest + 1, number);
        lane->newest = number;
    } else if (number <= lane->newest - (int64_t)PICTURE_BURST_MAX) {
        return true;
    }
    size_t bit = (size_t)number % PICTURE_BURST_MAX;
    bool seen = (lane->seen[bit / 8] & 1U << bit % 8) != 0;
    lane->seen[bit / 8] = (uint8_t)(lane->seen[bit / 8] | 1U << bit % 8);
    return !seen;
}

static bool is_new(struct picture *picture, const cJSON *body)
{
    long long number;
    const char *lane = json_text(body, "lane", "");
    if (!json_integer(json_member(body, "seq"), 0, TIME_MAX, &number))
        return true;
    const char *stream = words_keep(&picture->words, json_text(body, "stream", ""));
    return note_number(&picture->lanes[lane[0] == 'a' ? 0 : 1], stream, number);
}

/* --- messages --- */

/* The subject behind "…/telemetry/", as a place in the site; SITE_NONE. */
static struct known *known_of(const struct picture *picture, const char *device)
{
    size_t found = site_find_device(picture->site, device);
    return found == SITE_NONE ? NULL : &picture->devices[found];
}

static void replace(cJSON **place, cJSON *tree)
{
    cJSON_Delete(*place);
    *place = tree;
}

/* When the record was; false: it does not say. What came at once tells how far the clocks are apart. */
static bool note_clock(const struct message *message, const cJSON *body, long long *ret_at_ms)
{
    struct picture *picture = message->picture;
    if (!json_integer(json_member(body, "at"), 0, TIME_MAX, ret_at_ms))
        return false;
    int64_t delay_ms = message->arrived_ms - *ret_at_ms;
    if (message->live && (!picture->has_delay || delay_ms < picture->delay_ms)) {
        picture->has_delay = true;
        picture->delay_ms = delay_ms;
        picture->offset_ms = picture->fixed ? picture->offset_ms : delay_ms;
    }
    picture->clock_unsync = strcmp(json_text(body, "clk", "sync"), "unsync") == 0;
    return true;
}

/* Takes the tree. */
static void take_telemetry(const struct message *message, cJSON *body)
{
    struct picture *picture = message->picture;
    struct known *known = known_of(picture, json_text(body, "dev", ""));
    long long at_ms = 0;
    bool timed = note_clock(message, body, &at_ms);
    if (known == NULL || !timed || !is_new(picture, body)) {
        cJSON_Delete(body);
        return;
    }
    if (known->watched)
        add_readings(message, body);
    if (known->telemetry != NULL && at_ms < known->telemetry_ms) {
        cJSON_Delete(body);
        return;
    }
    known->telemetry_ms = at_ms;
    replace(&known->telemetry, body);
}

static void take_history(struct message *message, const cJSON *body)
{
    const cJSON *record;
    message->live = false;
    cJSON_ArrayForEach(record, json_member(body, "records"))
    {
        cJSON *copy = cJSON_Duplicate(record, 1);
        if (copy != NULL)
            take_telemetry(message, copy);
    }
}

static void take_change(const struct message *message, const char *kind, const cJSON *body)
{
    long long at_ms;
    if (!note_clock(message, body, &at_ms) || !is_new(message->picture, body))
        return;
    if (strcmp(kind, "event") == 0)
        add_event(message, body);
    else
        add_alarm(message, body);
}

/* `kind` as in the topic, `device` what follows it. Takes the tree, which is NULL for an empty payload. */
static void take_body(struct message *message, const char *kind, const char *device, cJSON *body)
{
    struct picture *picture = message->picture;
    struct known *known = known_of(picture, device);
    if (strcmp(kind, "status") == 0 && body != NULL) {
        replace(&picture->status, body);
    } else if (strcmp(kind, "registry") == 0 && known != NULL) {
        replace(&known->registry, body);
    } else if (strcmp(kind, "active") == 0 && known != NULL) {
        replace(&known->active, body);
    } else if (strcmp(kind, "telemetry") == 0 && body != NULL) {
        take_telemetry(message, body);
    } else {
        if (strcmp(kind, "history") == 0)
            take_history(message, body);
        else if (strcmp(kind, "alarm") == 0 || strcmp(kind, "event") == 0)
            take_change(message, kind, body);
        cJSON_Delete(body);
    }
}

static void clean_tree(cJSON *tree)
{
    for (cJSON *item = tree; item != NULL; item = item->next) {
        if (cJSON_IsString(item) && item->valuestring != NULL)
            utf8_clean(item->valuestring, strlen(item->valuestring));
        if (item->string != NULL)
            utf8_clean(item->string, strlen(item->string));
        clean_tree(item->child);
    }
}

/* "alarm/gas-kitchen" of "outpost/v1/demo-0001/alarm/gas-kitchen"; NULL: not of this gateway. */
static const char *below_root(const struct picture *picture, const char *topic)
{
    size_t length = strlen(picture->root);
    return strncmp(topic, picture->root, length) == 0 && topic[length] == '/' ? topic + length + 1 : NULL;
}

void picture_take(struct picture *picture, const char *topic, const void *payload, size_t size, bool retained,
                  int64_t arrived_ms)
{
    char kind[32];
    struct sentence ignored;
    struct message message = {.picture = picture, .arrived_ms = arrived_ms, .live = !retained};
    const char *rest = below_root(picture, topic);
    size_t length = rest == NULL ? sizeof kind : strcspn(rest, "/");
    if (length >= sizeof kind)
        return;
    memcpy(kind, rest, length);
    kind[length] = '\0';
    cJSON *body = NULL;
    if (size > 0 && size <= PICTURE_MESSAGE_MAX)
        body = json_parse(topic, payload, size, sentence_init(&ignored));
    if (size > 0 && body == NULL) {
        picture->garbled++;
        return;
    }
    clean_tree(body);
    take_body(&message, kind, rest[length] == '/' ? rest + length + 1 : "", body);
}

/* --- asking --- */

void picture_watch(struct picture *picture, const size_t *devices, size_t count)
{
    picture->fact_count = 0;
    picture->forgotten = 0;
    picture->fixed = true;
    picture->offset_ms = picture->delay_ms;
    for (size_t i = 0; i < picture->site->device_count; i++)
        picture->devices[i].watched = false;
    for (size_t i = 0; i < count; i++) {
        struct known *known = &picture->devices[devices[i]];
        const struct message message = {
            .picture = picture, .arrived_ms = known->telemetry_ms + picture->offset_ms, .live = true};
        if (!known->watched && known->telemetry != NULL)
            add_readings(&message, known->telemetry);
        known->watched = true;
    }
}

int64_t picture_when(const struct picture *picture, const struct fact *fact)
{
    return fact->at_ms + picture->offset_ms;
}

bool picture_online(const struct picture *picture)
{
    return cJSON_IsTrue(json_member(picture->status, "online"));
}

bool picture_in_drill(const struct picture *picture, size_t device)
{
    return cJSON_IsTrue(json_member(picture->devices[device].telemetry, "test"));
}
