#include "tests/house/aside.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"

#define TICK_US  2000         /* `at` is in milliseconds */
#define DONE_US  SECOND       /* an order on site */
#define QUIET_US (2 * SECOND) /* what happened to an alarm so shortly before an order may have crossed it */
#define START_US (5 * SECOND) /* after a start: restoring */

void aside_give(struct world *world, struct asides *asides, const char *dev, struct aside_order order)
{
    struct order given = {.verb = (uint8_t)order.verb,
                          .subject = -1,
                          .rule = world_rule(world, dev, order.alarm),
                          .zone = -1,
                          .for_ms = order.for_ms,
                          .one_shot = order.one_shot,
                          .on = order.on};
    CHECK(asides->count < ASIDE_ORDERS_MAX && given.rule >= 0);
    given.subject = world->site.rules[given.rule].subject;
    order.t_us = world->stage.t_us;
    asides->list[asides->count++] = order;
    world_send(world, &given);
}

/* The records of one alarm, in their order. */
struct story {
    const struct record **list;
    size_t count;
};

static struct story story_of(const struct ledger *ledger, const char *dev, const char *alarm)
{
    struct story story = {.list = NULL};
    size_t max = 0;
    for (uint64_t seq = 1; seq <= ledger->lanes[LANE_A].last; seq++) {
        const struct record *record = &ledger->lanes[LANE_A].list[seq];
        if (record->raw == NULL || record->kind != RECORD_ALARM || strcmp(record->dev, dev) != 0 ||
            strcmp(record->alarm, alarm) != 0)
            continue;
        story.list = stage_grow(story.list, story.count, &max, sizeof *story.list);
        story.list[story.count++] = record;
    }
    return story;
}

static bool tells(const struct record *record, const char *event)
{
    return strcmp(record->event, event) == 0;
}

/* The process that lived from before to after; NULL: none. */
static const struct life *lived(const struct world *world, int64_t from_us, int64_t to_us)
{
    for (size_t i = 0; i < world->life_count; i++)
        if (world->lives[i].opened_us <= from_us && world->lives[i].closed_us >= to_us)
            return world->stage.t_us >= to_us ? &world->lives[i] : NULL;
    return NULL;
}

/* --- orders --------------------------------------------------------------------------------------------------------- */

/* What it has to lead to; NULL: nothing. */
static const char *wanted(const struct aside_order *order, const char *state)
{
    bool const out = strcmp(state, "OOS") == 0;
    if (order->verb == ORDER_SERVICE)
        return out == order->on ? (out ? "enabled" : "disabled") : NULL;
    if (order->verb == ORDER_UNSHELVE)
        return strcmp(state, "SHELVED") == 0 ? "unshelved" : NULL;
    return out ? NULL : "shelved";
}

static void check_order(struct world *world, const struct story *story, const struct aside_order *order, bool critical)
{
    size_t next = 0;
    while (next < story->count && story->list[next]->at_us < order->t_us - TICK_US)
        next++;
    const char *event = wanted(order, next > 0 ? story->list[next - 1]->state : "NORM");
    if (lived(world, order->t_us - START_US, order->t_us + DONE_US) == NULL || event == NULL ||
        (next > 0 && story->list[next - 1]->at_us > order->t_us - QUIET_US))
        return;
    for (; next < story->count && story->list[next]->at_us < order->t_us + DONE_US; next++)
        if (tells(story->list[next], event))
            return;
    if (!critical)
        stage_blame(&world->stage, INV_ORDER, order->t_us, "%s: an order leads to nothing: not %s", order->alarm,
                    event);
}

/* --- shelves -------------------------------------------------------------------------------------------------------- */

struct paper { /* what only these records say */
    int64_t until_us;
    bool by_somebody;
};

static struct paper read_paper(const struct record *record)
{
    cJSON *tree = record_parse(record);
    const cJSON *until = cJSON_GetObjectItemCaseSensitive(tree, "until");
    struct paper const paper = {
        .until_us = cJSON_IsNumber(until) ? stage_at_us((int64_t)until->valuedouble) : -1,
        .by_somebody = cJSON_IsString(cJSON_GetObjectItemCaseSensitive(tree, "by")),
    };
    cJSON_Delete(tree);
    return paper;
}

/* The order that led to it, the last one before it; NULL: none did. */
static const struct aside_order *cause_of(const struct asides *asides, const struct record *record)
{
    for (size_t i = asides->count; i-- > 0;)
        if (strcmp(asides->list[i].alarm, record->alarm) == 0 && asides->list[i].verb == ORDER_SHELVE &&
            record->at_us > asides->list[i].t_us - TICK_US && record->at_us < asides->list[i].t_us + DONE_US)
            return &asides->list[i];
    return NULL;
}

/* When it has to be over at the latest: at its time, or with the first start after it; -1: nobody was there yet. */
static int64_t over_by_us(const struct world *world, int64_t until_us)
{
    for (size_t i = 0; i < world->life_count; i++) {
        int64_t const opened_us = world->lives[i].opened_us + START_US;
        int64_t const due_us = opened_us > until_us + DONE_US ? opened_us : until_us + DONE_US;
        if (world->lives[i].closed_us > due_us && world->stage.t_us > due_us)
            return due_us;
    }
    return -1;
}

static void check_shelf(struct world *world, const struct record *shelved, const struct record *next,
                        const struct aside_order *order)
{
    struct paper const paper = read_paper(shelved);
    int64_t const over_us = over_by_us(world, paper.until_us);
    if (order == NULL || !paper.by_somebody ||
        llabs(paper.until_us - shelved->at_us - (int64_t)order->for_ms * 1000) > 2 * TICK_US)
        stage_blame(&world->stage, INV_ORDER, shelved->at_us, "%s: shelved by nobody, or for another time",
                    shelved->alarm);
    if (over_us >= 0 && (next == NULL || next->at_us > over_us))
        stage_blame(&world->stage, INV_ORDER, over_us, "%s: still shelved", shelved->alarm);
    if (next == NULL || !tells(next, "unshelved") || read_paper(next).by_somebody || order == NULL)
        return;
    bool const ended = order->one_shot && strcmp(next->state, "NORM") == 0;
    if (next->at_us < paper.until_us - TICK_US && !ended)
        stage_blame(&world->stage, INV_ORDER, next->at_us, "%s: the shelf ends too early", shelved->alarm);
}

static void check_service(struct world *world, const struct record *record)
{
    if (!read_paper(record).by_somebody)
        stage_blame(&world->stage, INV_ORDER, record->at_us, "%s: %s by nobody", record->alarm, record->event);
}

void aside_check(struct world *world, const struct ledger *ledger, const char *dev, const char *alarm,
                 const struct asides *asides)
{
    struct story story = story_of(ledger, dev, alarm);
    bool const critical = world->site.rules[world_rule(world, dev, alarm)].priority == PRIORITY_CRITICAL;
    for (size_t i = 0; i < asides->count; i++)
        if (strcmp(asides->list[i].alarm, alarm) == 0)
            check_order(world, &story, &asides->list[i], critical && asides->list[i].verb == ORDER_SHELVE);
    for (size_t i = 0; i < story.count; i++) {
        const struct record *record = story.list[i];
        if (tells(record, "shelved") && critical)
            stage_blame(&world->stage, INV_ORDER, record->at_us, "%s: critical, and shelved", alarm);
        else if (tells(record, "shelved"))
            check_shelf(world, record, i + 1 < story.count ? story.list[i + 1] : NULL, cause_of(asides, record));
        else if (tells(record, "disabled") || tells(record, "enabled"))
            check_service(world, record);
    }
    free((void *)story.list);
}
