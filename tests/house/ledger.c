#include "tests/house/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"

#define SEQ_MAX       10000000
#define TREE_TEXT_MAX 160 /* of a record, in a complaint */

static const char *const lane_names[LANE_COUNT] = {"a", "t"};

static void blame(struct ledger *ledger, enum invariant invariant, int64_t t_us, const char *what, const char *text)
{
    stage_blame(&ledger->world->stage, invariant, t_us, "%s: %s: %.*s", ledger->broker->id, what, TREE_TEXT_MAX, text);
}

cJSON *record_parse(const struct record *record)
{
    return cJSON_ParseWithLength(record->raw, record->raw_size);
}

/* "" when it is absent or null. */
static void take_word(const cJSON *tree, const char *key, char *ret_word, size_t size)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(tree, key));
    (void)snprintf(ret_word, size, "%s", text != NULL ? text : "");
}

static bool take_number(const cJSON *tree, const char *key, double *ret_number)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(tree, key);
    if (!cJSON_IsNumber(item))
        return false;
    *ret_number = item->valuedouble;
    return true;
}

static struct record *page(struct ledger *ledger, enum lane lane, uint64_t seq)
{
    struct lane_book *book = &ledger->lanes[lane];
    if (seq >= book->size) {
        size_t size = book->size == 0 ? 4096 : book->size;
        while (size <= seq)
            size *= 2;
        book->list = realloc(book->list, size * sizeof *book->list);
        CHECK(book->list != NULL);
        memset(book->list + book->size, 0, (size - book->size) * sizeof *book->list);
        book->size = size;
    }
    if (seq > book->last)
        book->last = seq;
    return &book->list[seq];
}

static uint64_t occurrence_of(const char *uid)
{
    const char *slash = strrchr(uid, '/');
    return slash != NULL ? strtoull(slash + 1, NULL, 10) : 0;
}

static void fill_alarm(struct record *record, const cJSON *tree)
{
    char uid[4 * LEDGER_ID_MAX];
    take_word(tree, "uid", uid, sizeof uid);
    take_word(tree, "alarm", record->alarm, sizeof record->alarm);
    take_word(tree, "from", record->from, sizeof record->from);
    take_word(tree, "state", record->state, sizeof record->state);
    record->occurrence = occurrence_of(uid);
    take_word(tree, "priority", record->priority, sizeof record->priority);
    record->chattering = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(tree, "chattering"));
    double count = 0;
    (void)take_number(tree, "count", &count);
    record->count = (uint64_t)count;
    record->has_value = take_number(tree, "value", &record->value);
    (void)take_number(tree, "limit", &record->limit);
}

/* Which of the three a record is, it says by its members. */
static enum record_kind kind_of(const cJSON *tree)
{
    if (cJSON_HasObjectItem(tree, "uid"))
        return RECORD_ALARM;
    return cJSON_HasObjectItem(tree, "event") ? RECORD_EVENT : RECORD_TELEMETRY;
}

static bool common_is_right(struct ledger *ledger, const cJSON *tree)
{
    char stream[LEDGER_ID_MAX];
    char gw[LEDGER_ID_MAX];
    char clk[LEDGER_WORD_MAX];
    double v = 0;
    take_word(tree, "stream", stream, sizeof stream);
    take_word(tree, "gw", gw, sizeof gw);
    take_word(tree, "clk", clk, sizeof clk);
    if (ledger->stream[0] == '\0')
        memcpy(ledger->stream, stream, sizeof stream);
    return take_number(tree, "v", &v) && (int)v == 1 && strcmp(stream, ledger->stream) == 0 &&
           strcmp(gw, ledger->world->site.id) == 0 && strcmp(clk, "sync") == 0;
}

/* Of what was decided since the machine started; the clock of an earlier run is gone. */
static bool clocks_agree(const struct world *world, const struct record *record, const cJSON *tree)
{
    double mono_ms = 0;
    if (record->at_us < world->stage.boot_us || strstr(record->raw, "\"why\":\"removed\"") != NULL)
        return true;
    return take_number(tree, "mono", &mono_ms) &&
           llabs(stage_world_us(&world->stage, (int64_t)mono_ms * 1000) - record->at_us) <= 1000;
}

static void enter(struct ledger *ledger, const struct accepted *message, const char *raw, size_t raw_size,
                  const cJSON *tree)
{
    char lane_word[LEDGER_WORD_MAX];
    double seq = 0;
    double at_ms = 0;
    double boot = 0;
    take_word(tree, "lane", lane_word, sizeof lane_word);
    enum record_kind kind = kind_of(tree);
    enum lane lane = kind == RECORD_TELEMETRY ? LANE_T : LANE_A;
    if (!common_is_right(ledger, tree) || strcmp(lane_word, lane_names[lane]) != 0 || !take_number(tree, "seq", &seq) ||
        seq < 1 || seq > SEQ_MAX || !take_number(tree, "at", &at_ms) || !take_number(tree, "boot", &boot)) {
        blame(ledger, INV_SHAPE, message->t_us, message->topic, raw);
        return;
    }
    struct record *record = page(ledger, lane, (uint64_t)seq);
    record->copies++;
    if (record->raw != NULL) {
        ledger->duplicates++;
        if (record->raw_size != raw_size || memcmp(record->raw, raw, raw_size) != 0)
            blame(ledger, INV_DUPLICATE, message->t_us, "the same number with other bytes", raw);
        return;
    }
    *record = (struct record){.raw = raw,
                              .raw_size = raw_size,
                              .kind = kind,
                              .seq = (uint64_t)seq,
                              .at_us = stage_at_us((int64_t)at_ms),
                              .accepted_us = message->t_us,
                              .boot = (uint32_t)boot,
                              .copies = 1};
    record->by_history = strstr(message->topic, "/history") != NULL;
    take_word(tree, "dev", record->dev, sizeof record->dev);
    take_word(tree, "event", record->event, sizeof record->event);
    record->test = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(tree, "test"));
    if (kind == RECORD_ALARM)
        fill_alarm(record, tree);
    if (kind == RECORD_ALARM && !clocks_agree(ledger->world, record, tree))
        blame(ledger, INV_SHAPE, message->t_us, "at and mono are not the same moment", raw);
}

/* The end of the JSON object that begins at `at`, one past its brace; NULL when there is none. */
static const char *end_of_object(const char *at)
{
    int depth = 0;
    bool inside = false; /* a string */
    for (; *at != '\0'; at++) {
        if (inside && *at == '\\' && at[1] != '\0')
            at++;
        else if (*at == '"')
            inside = !inside;
        else if (!inside && *at == '{')
            depth++;
        else if (!inside && *at == '}' && --depth == 0)
            return at + 1;
    }
    return NULL;
}

struct order_watch { /* the last numbers of a connection */
    uint32_t connection;
    uint64_t last[LANE_COUNT];
    uint64_t last_history;
};

static void watch_order(struct ledger *ledger, struct order_watch *watch, const struct accepted *message,
                        uint64_t *last, const cJSON *tree)
{
    double seq = 0;
    if (message->connection != watch->connection) {
        *watch = (struct order_watch){.connection = message->connection};
        *last = 0;
    }
    (void)take_number(tree, "seq", &seq);
    if ((uint64_t)seq <= *last)
        blame(ledger, INV_SEQUENCE, message->t_us, "not in order within a connection", message->payload);
    *last = (uint64_t)seq;
}

static void read_history(struct ledger *ledger, struct order_watch *watch, const struct accepted *message)
{
    const char *list = strstr(message->payload, "\"records\":[");
    cJSON *whole = cJSON_Parse(message->payload);
    size_t count = 0;
    const char *end = NULL;
    for (const char *at = list != NULL ? strchr(list, '[') + 1 : NULL; at != NULL && *at == '{'; count++) {
        end = end_of_object(at);
        cJSON *tree = end != NULL ? cJSON_ParseWithLength(at, (size_t)(end - at)) : NULL;
        if (tree == NULL)
            break;
        watch_order(ledger, watch, message, &watch->last_history, tree);
        enter(ledger, message, at, (size_t)(end - at), tree);
        cJSON_Delete(tree);
        at = *end == ',' ? end + 1 : NULL;
    }
    int const wanted = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(whole, "records"));
    if (whole == NULL || count == 0 || wanted < 0 || count != (size_t)wanted)
        blame(ledger, INV_SHAPE, message->t_us, message->topic, message->payload);
    cJSON_Delete(whole);
}

static void read_record(struct ledger *ledger, struct order_watch *watch, const struct accepted *message)
{
    cJSON *tree = cJSON_Parse(message->payload);
    if (tree == NULL) {
        blame(ledger, INV_SHAPE, message->t_us, message->topic, message->payload);
        return;
    }
    enum lane lane = kind_of(tree) == RECORD_TELEMETRY ? LANE_T : LANE_A;
    watch_order(ledger, watch, message, &watch->last[lane], tree);
    enter(ledger, message, message->payload, message->payload_size, tree);
    cJSON_Delete(tree);
}

/* What must stand behind the prefix; NULL when the topic is none of this gateway's. */
static const char *tail_of(const struct ledger *ledger, const char *topic)
{
    char prefix[2 * LEDGER_ID_MAX];
    int size = snprintf(prefix, sizeof prefix, "outpost/v1/%s/", ledger->world->site.id);
    return strncmp(topic, prefix, (size_t)size) == 0 ? topic + size : NULL;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static void read_message(struct ledger *ledger, struct order_watch *watch, const struct accepted *message)
{
    const char *tail = tail_of(ledger, message->topic);
    if (tail == NULL) {
        blame(ledger, INV_SHAPE, message->t_us, "a foreign topic", message->topic);
        return;
    }
    bool const retained = strcmp(tail, "status") == 0 || begins(tail, "active/") || begins(tail, "registry/");
    if (retained != message->retain || (message->qos != 1 && strcmp(tail, "health") != 0 && !message->will))
        blame(ledger, INV_SHAPE, message->t_us, "wrong QoS or retain", message->topic);
    if (strcmp(tail, "history") == 0)
        read_history(ledger, watch, message);
    else if (begins(tail, "telemetry/") || begins(tail, "alarm/") || strcmp(tail, "event") == 0)
        read_record(ledger, watch, message);
    else if (!retained && strcmp(tail, "health") != 0 && !begins(tail, "reply/"))
        blame(ledger, INV_SHAPE, message->t_us, "an unknown topic", message->topic);
}

/* Gap events say which numbers will never come. */
static void read_gaps(struct ledger *ledger)
{
    for (uint64_t seq = 1; seq <= ledger->lanes[LANE_A].last; seq++) {
        const struct record *record = &ledger->lanes[LANE_A].list[seq];
        if (record->raw == NULL || record->kind != RECORD_EVENT || strcmp(record->event, "gap") != 0)
            continue;
        cJSON *tree = record_parse(record);
        char of[LEDGER_WORD_MAX];
        double from = 0;
        double to = 0;
        take_word(tree, "of", of, sizeof of);
        if (take_number(tree, "from", &from) && take_number(tree, "to", &to) && to <= SEQ_MAX) {
            enum lane lane = strcmp(of, "t") == 0 ? LANE_T : LANE_A;
            for (uint64_t lost = (uint64_t)from; lost <= (uint64_t)to; lost++)
                page(ledger, lane, lost)->declared = true;
        }
        cJSON_Delete(tree);
    }
}

static void look_for_holes(struct ledger *ledger, enum lane lane)
{
    struct lane_book *book = &ledger->lanes[lane];
    uint64_t missing = 0;
    uint64_t first = 0;
    for (uint64_t seq = 1; seq <= book->last; seq++)
        if (book->list[seq].raw == NULL && !book->list[seq].declared && missing++ == 0)
            first = seq;
    if (missing > 0)
        stage_blame(&ledger->world->stage, INV_NUMBERS, ledger->world->stage.t_us,
                    "%s: %llu numbers of lane %s never came, the first %llu of %llu", ledger->broker->id,
                    (unsigned long long)missing, lane_names[lane], (unsigned long long)first,
                    (unsigned long long)book->last);
}

/* What the journal has, the centre must have. */
static void compare_with_journal(struct ledger *ledger)
{
    struct board_journal journal;
    if (ledger->world->house == NULL)
        return;
    board_get_journal(house_board(ledger->world->house), &journal);
    if (journal.last_a > ledger->lanes[LANE_A].last || journal.last_t > ledger->lanes[LANE_T].last)
        stage_blame(&ledger->world->stage, INV_NUMBERS, ledger->world->stage.t_us,
                    "%s: has numbers up to a %llu, t %llu; the journal has a %llu, t %llu", ledger->broker->id,
                    (unsigned long long)ledger->lanes[LANE_A].last, (unsigned long long)ledger->lanes[LANE_T].last,
                    (unsigned long long)journal.last_a, (unsigned long long)journal.last_t);
}

static struct chain *chain_of(struct ledger *ledger, const char *dev, const char *alarm)
{
    for (size_t i = 0; i < ledger->chain_count; i++)
        if (strcmp(ledger->chains[i].dev, dev) == 0 && strcmp(ledger->chains[i].alarm, alarm) == 0)
            return &ledger->chains[i];
    CHECK(ledger->chain_count < CHAINS_MAX);
    struct chain *chain = &ledger->chains[ledger->chain_count++];
    (void)snprintf(chain->dev, sizeof chain->dev, "%s", dev);
    (void)snprintf(chain->alarm, sizeof chain->alarm, "%s", alarm);
    (void)snprintf(chain->state, sizeof chain->state, "NORM");
    return chain;
}

/* IEC 62682 as the centre's manual tells it: event, from, to. */
static bool step_exists(const char *event, const char *from, const char *to)
{
    static const char *const steps[][3] = {
        {"raised", "NORM", "UNACK"},
        {"raised", "RTN_UNACK", "UNACK"},
        {"raised", "LATCH_UNACK", "UNACK"},
        {"raised", "LATCH_ACKED", "UNACK"},
        {"cleared", "UNACK", "RTN_UNACK"},
        {"cleared", "UNACK", "LATCH_UNACK"},
        {"cleared", "ACKED", "NORM"},
        {"cleared", "ACKED", "LATCH_ACKED"},
        {"acked", "UNACK", "ACKED"},
        {"acked", "RTN_UNACK", "NORM"},
        {"acked", "LATCH_UNACK", "LATCH_ACKED"},
        {"reset", "LATCH_ACKED", "NORM"},
        {"rearmed", "ACKED", "UNACK"},
        {"chattering", "UNACK", "UNACK"},
        {"chattering", "ACKED", "ACKED"},
        {"shelved", "NORM", "SHELVED"},
        {"shelved", "UNACK", "SHELVED"},
        {"shelved", "ACKED", "SHELVED"},
        {"shelved", "RTN_UNACK", "SHELVED"},
        {"shelved", "SHELVED", "SHELVED"},
        {"unshelved", "SHELVED", "SUPPRESSED"},
        {"disabled", "SUPPRESSED", "OOS"},
        {"enabled", "OOS", "SUPPRESSED"},
    };
    static const char *const leaving[][2] = {
        {"unshelved", "SHELVED"}, {"unsuppressed", "SUPPRESSED"}, {"enabled", "OOS"}};
    static const char *const seen[] = {"NORM", "UNACK", "LATCH_UNACK", "LATCH_ACKED"};
    static const char *const all[] = {"NORM", "UNACK", "ACKED", "RTN_UNACK", "LATCH_UNACK", "LATCH_ACKED", "SHELVED"};
    if (strcmp(event, "summarised") == 0)
        return true; /* any: it is the sum of some of these */
    for (size_t i = 0; i < ARRAY_SIZE(leaving) * ARRAY_SIZE(seen); i++)
        if (strcmp(leaving[i / ARRAY_SIZE(seen)][0], event) == 0 &&
            strcmp(leaving[i / ARRAY_SIZE(seen)][1], from) == 0 && strcmp(seen[i % ARRAY_SIZE(seen)], to) == 0)
            return true;
    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        if (strcmp(all[i], from) == 0 && ((strcmp(event, "suppressed") == 0 && strcmp(to, "SUPPRESSED") == 0) ||
                                          (strcmp(event, "disabled") == 0 && strcmp(to, "OOS") == 0)))
            return true;
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
        if (strcmp(steps[i][0], event) == 0 && strcmp(steps[i][1], from) == 0 && strcmp(steps[i][2], to) == 0)
            return true;
    return false;
}

/* What a drill told of is raised as real when it is over. */
static bool is_end_of_drill(const struct chain *chain, const struct record *record)
{
    return chain->test && !record->test && strcmp(record->event, "raised") == 0 &&
           strcmp(record->state, "UNACK") == 0 &&
           (strcmp(record->from, "UNACK") == 0 || strcmp(record->from, "ACKED") == 0);
}

/* The number of an occurrence grows by one with each raise, told or counted; `uid` stays while nothing is raised. */
static bool is_counted(const struct chain *chain, const struct record *record)
{
    if (record->occurrence < chain->occurrence)
        return false;
    uint64_t const more = record->occurrence - chain->occurrence;
    bool const raised = strcmp(record->event, "raised") == 0;
    bool const shows = strcmp(record->from, "SHELVED") == 0 || strcmp(record->from, "SUPPRESSED") == 0 ||
                       strcmp(record->from, "OOS") == 0;
    if (raised)
        return more >= 1 && more - 1 <= record->count;
    if (strcmp(record->event, "summarised") == 0)
        return (more <= record->count || shows) && (more > 0 || strcmp(record->from, record->state) != 0);
    return shows && strcmp(record->state, "UNACK") == 0 ? more == 1 : more == 0;
}

static void walk_chains(struct ledger *ledger)
{
    for (uint64_t seq = 1; seq <= ledger->lanes[LANE_A].last; seq++) {
        const struct record *record = &ledger->lanes[LANE_A].list[seq];
        if (record->raw == NULL || record->kind != RECORD_ALARM)
            continue;
        struct chain *chain = chain_of(ledger, record->dev, record->alarm);
        bool const raised = strcmp(record->event, "raised") == 0;
        if (strcmp(record->from, chain->state) != 0 || !is_counted(chain, record) ||
            (!step_exists(record->event, record->from, record->state) && !is_end_of_drill(chain, record)))
            blame(ledger, INV_CHAIN, record->at_us, chain->state, record->raw);
        (void)snprintf(chain->state, sizeof chain->state, "%s", record->state);
        memcpy(chain->priority, record->priority, sizeof chain->priority);
        chain->occurrence = record->occurrence;
        chain->raises += raised;
        chain->test = record->test;
        chain->counted += record->count;
    }
}

static int is_listed(const cJSON *alarms, const char *alarm)
{
    const cJSON *item;
    char word[LEDGER_ID_MAX];
    cJSON_ArrayForEach(item, alarms)
    {
        take_word(item, "alarm", word, sizeof word);
        if (strcmp(word, alarm) == 0)
            return 1;
    }
    return 0;
}

/* Retained active/{dev}: exactly the alarms that are not NORM. */
static void compare_active(struct ledger *ledger, const char *dev)
{
    char topic[4 * LEDGER_ID_MAX];
    (void)snprintf(topic, sizeof topic, "outpost/v1/%s/active/%s", ledger->world->site.id, dev);
    const struct accepted *message = fake_broker_retained(ledger->broker, topic);
    cJSON *tree = message != NULL ? cJSON_Parse(message->payload) : NULL;
    const cJSON *alarms = cJSON_GetObjectItemCaseSensitive(tree, "alarms");
    int standing = 0;
    int hushed = 0;
    bool same = cJSON_IsArray(alarms);
    for (size_t i = 0; i < ledger->chain_count; i++) {
        const struct chain *chain = &ledger->chains[i];
        if (strcmp(chain->dev, dev) != 0)
            continue;
        if (ledger_hushed(ledger, chain->priority, ledger->world->stage.t_us)) {
            hushed += is_listed(alarms, chain->alarm); /* only active/ knows, until it is told in a sum */
            continue;
        }
        if (strcmp(chain->state, "NORM") == 0)
            continue;
        standing++;
        bool found = false;
        const cJSON *item;
        cJSON_ArrayForEach(item, alarms)
        {
            char alarm[LEDGER_ID_MAX];
            char state[LEDGER_WORD_MAX];
            char uid[4 * LEDGER_ID_MAX];
            take_word(item, "alarm", alarm, sizeof alarm);
            take_word(item, "state", state, sizeof state);
            take_word(item, "uid", uid, sizeof uid);
            if (strcmp(alarm, chain->alarm) == 0)
                found = strcmp(state, chain->state) == 0 && occurrence_of(uid) == chain->occurrence &&
                        (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(item, "test")) != 0) == chain->test;
        }
        same = same && found;
    }
    if (!same || cJSON_GetArraySize(alarms) != standing + hushed)
        blame(ledger, INV_ACTIVE, ledger->world->stage.t_us, dev, message != NULL ? message->payload : "nothing");
    cJSON_Delete(tree);
}

/* Every number below the mark had come by then. */
static bool covered(const struct ledger *ledger, enum lane lane, uint64_t mark, int64_t by_us)
{
    const struct lane_book *book = &ledger->lanes[lane];
    for (uint64_t seq = 1; seq < mark; seq++) {
        if (seq > book->last)
            return false;
        const struct record *record = &book->list[seq];
        if (!record->declared && (record->raw == NULL || record->accepted_us > by_us))
            return false;
    }
    return true;
}

/* Each status: the low-water marks it names are true at that moment, and the last one says online. */
static void check_status(struct ledger *ledger)
{
    const struct accepted *last = NULL;
    for (size_t i = 0; i < ledger->broker->count; i++) {
        const struct accepted *message = &ledger->broker->list[i];
        const char *tail = tail_of(ledger, message->topic);
        if (tail == NULL || strcmp(tail, "status") != 0)
            continue;
        last = message;
        cJSON *tree = cJSON_Parse(message->payload);
        const cJSON *lw = cJSON_GetObjectItemCaseSensitive(tree, "lw");
        bool const online = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(tree, "online"));
        double a = 0;
        double t = 0;
        bool right = tree != NULL && online == !message->will;
        if (online)
            right = right && take_number(lw, "a", &a) && take_number(lw, "t", &t) &&
                    covered(ledger, LANE_A, (uint64_t)a, message->t_us) &&
                    covered(ledger, LANE_T, (uint64_t)t, message->t_us);
        if (!right)
            blame(ledger, INV_STATUS, message->t_us, "status", message->payload);
        cJSON_Delete(tree);
    }
    if (last == NULL || (last->will && ledger->world->house != NULL))
        blame(ledger, INV_STATUS, ledger->world->stage.t_us, "last status", last != NULL ? last->payload : "none");
}

static void check_complete(struct ledger *ledger)
{
    look_for_holes(ledger, LANE_A);
    look_for_holes(ledger, LANE_T);
    compare_with_journal(ledger);
    for (size_t i = 0; i < ledger->world->site.subject_count; i++)
        if (ledger->world->site.subjects[i].rule_count > 0)
            compare_active(ledger, ledger->world->site.subjects[i].id);
    check_status(ledger);
}

void ledger_open(struct ledger *ledger, struct world *world, size_t centre, bool complete)
{
    struct order_watch watch = {0};
    *ledger = (struct ledger){.world = world, .broker = &world->brokers[centre]};
    for (size_t i = 0; i < ledger->broker->count; i++)
        read_message(ledger, &watch, &ledger->broker->list[i]);
    (void)page(ledger, LANE_A, 0);
    (void)page(ledger, LANE_T, 0);
    read_gaps(ledger);
    walk_chains(ledger);
    if (complete)
        check_complete(ledger);
}

void ledger_close(struct ledger *ledger)
{
    for (size_t i = 0; i < LANE_COUNT; i++)
        free(ledger->lanes[i].list);
    *ledger = (struct ledger){0};
}

const struct chain *ledger_chain(const struct ledger *ledger, const char *dev, const char *alarm)
{
    static const struct chain norm = {.state = "NORM"};
    for (size_t i = 0; i < ledger->chain_count; i++)
        if (strcmp(ledger->chains[i].dev, dev) == 0 && strcmp(ledger->chains[i].alarm, alarm) == 0)
            return &ledger->chains[i];
    return &norm;
}

static bool matches(const struct record *record, const char *dev, const char *alarm, const char *event)
{
    if (record->raw == NULL || strcmp(record->event, event) != 0)
        return false;
    if (alarm == NULL)
        return record->kind == RECORD_EVENT;
    return record->kind == RECORD_ALARM && strcmp(record->alarm, alarm) == 0 && strcmp(record->dev, dev) == 0;
}

const struct record *ledger_find(const struct ledger *ledger, const char *dev, const char *alarm, const char *event,
                                 size_t n)
{
    for (uint64_t seq = 1; seq <= ledger->lanes[LANE_A].last; seq++)
        if (matches(&ledger->lanes[LANE_A].list[seq], dev, alarm, event) && n-- == 0)
            return &ledger->lanes[LANE_A].list[seq];
    return NULL;
}

size_t ledger_count(const struct ledger *ledger, const char *dev, const char *alarm, const char *event)
{
    size_t count = 0;
    while (ledger_find(ledger, dev, alarm, event, count) != NULL)
        count++;
    return count;
}

static void print_transaction(const struct world *world, const struct wire_event *event)
{
    (void)fprintf(stderr, "  %11.3f s  %-13s fc%u %u+%u =%u %s %u, sent at %.3f", (double)event->done_us / 1e6,
                  event->slave >= 0 ? world->plant.slaves[event->slave].row.id : "?", event->function, event->address,
                  event->count, event->value, err_text(event->err), event->exception, (double)event->sent_us / 1e6);
    if (event->has_gas)
        (void)fprintf(stderr, ", %g %%LEL", event->gas_lel_pct);
    (void)fputc('\n', stderr);
}

bool ledger_hushed(const struct ledger *ledger, const char *priority, int64_t t_us)
{
    bool hushed = false;
    if (strcmp(priority, "critical") == 0 || strcmp(priority, "high") == 0)
        return false;
    for (uint64_t seq = 1; seq <= ledger->lanes[LANE_A].last; seq++) {
        const struct record *record = &ledger->lanes[LANE_A].list[seq];
        if (record->raw == NULL || record->kind != RECORD_EVENT || record->at_us > t_us)
            continue;
        if (strcmp(record->event, "flood_started") == 0)
            hushed = true;
        if (strcmp(record->event, "flood_ended") == 0 || strcmp(record->event, "boot") == 0)
            hushed = false;
    }
    return hushed;
}

void ledger_print(const struct ledger *ledger, int64_t from_us, int64_t to_us)
{
    const struct world *world = ledger->world;
    for (size_t i = 0; i < world->life_count; i++)
        (void)fprintf(stderr, "  %11.3f s  house comes%s, goes %.3f s%s\n", (double)world->lives[i].opened_us / 1e6,
                      world->lives[i].booted ? " after a boot" : "", (double)world->lives[i].closed_us / 1e6,
                      world->lives[i].crashed ? ", killed" : "");
    for (size_t i = 0; i < world->log.count; i++)
        if (world->log.list[i].done_us >= from_us && world->log.list[i].done_us <= to_us)
            print_transaction(world, &world->log.list[i]);
    for (size_t lane = 0; lane < LANE_COUNT; lane++)
        for (uint64_t seq = 1; seq <= ledger->lanes[lane].last; seq++) {
            const struct record *record = &ledger->lanes[lane].list[seq];
            if (record->raw != NULL && record->at_us >= from_us && record->at_us <= to_us)
                (void)fprintf(stderr, "  %11.3f s  %.*s\n", (double)record->at_us / 1e6, (int)record->raw_size,
                              record->raw);
        }
}
