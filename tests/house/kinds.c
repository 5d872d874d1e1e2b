#include "tests/house/kinds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"

#define TICK_US  2000              /* `at` is in milliseconds */
#define SLACK_US (3 * SECOND)      /* a line in trouble: back-off, a reading that waits to be confirmed */
#define CALM_US  (10 * SECOND)     /* without a bad reading for so long it is in no trouble */
#define POLL_US  (SECOND * 7 / 10) /* a period, and the time of a read */
#define GAP_US   (SECOND * 11 / 10) /* between two readings; more is an outage, as of a port that was gone for a moment */
#define EDGE_US  (SECOND * 3 / 2)   /* of the window of a rate: a step, and what is thinned out */
#define START_US (4 * SECOND)       /* after a start: restoring, first polls */

const struct kind_rule mill_rules[MILL_RULES] = {
    {.alarm = "hi", .kind = KIND_HI, .limit = 50, .deadband = 5, .on_us = 3 * SECOND, .off_us = 6 * SECOND},
    {.alarm = "lo", .kind = KIND_LO, .limit = 10, .deadband = 5},
    {.alarm = "dev", .kind = KIND_DEVIATION, .limit = 20, .deadband = 5, .on_us = 2 * SECOND, .off_us = 4 * SECOND},
    {.alarm = "rate", .kind = KIND_RATE, .limit = 15, .deadband = 5, .off_us = 2 * SECOND, .over_us = 20 * SECOND},
    {.alarm = "stuck", .kind = KIND_STUCK, .deadband = 1, .on_us = MINUTE},
    {.alarm = "equals", .kind = KIND_EQUALS, .limit = 7, .on_us = SECOND, .off_us = SECOND},
    {.alarm = "bit", .kind = KIND_BIT, .on_us = 5 * SECOND, .off_us = 3 * SECOND},
    {.alarm = "gated", .kind = KIND_HI, .limit = 40, .on_us = 2 * SECOND, .off_us = 2 * SECOND, .gated = true},
    {.alarm = "quiet", .kind = KIND_HI, .limit = 60, .quieted = true},
    {.alarm = "code", .kind = KIND_CODE, .codes = 1U << 2 | 1U << 3, .on_us = 2 * SECOND, .off_us = 3 * SECOND},
    {.alarm = "own", .kind = KIND_BIT, .bit = 2, .off_us = 2 * SECOND, .latch = true},
    {.alarm = "shelf", .kind = KIND_HI, .limit = 45, .deadband = 5, .on_us = 2 * SECOND, .off_us = 3 * SECOND},
    {.alarm = "served", .kind = KIND_LO, .limit = 20, .on_us = SECOND, .off_us = 4 * SECOND},
    {.alarm = "grave", .kind = KIND_HI, .limit = 58, .deadband = 2},
    {.alarm = "sensor.fault", .kind = KIND_SENSOR, .on_us = 10 * SECOND, .off_us = 10 * SECOND},
    {.alarm = "again", .kind = KIND_HI, .limit = 55, .deadband = 5, .rearm_us = MINUTE},
};

#define STAGES  4     /* codes that the stage has */
#define NO_FLOW 32767 /* the register's word for it */

enum says { SAYS_NO, SAYS_YES, SAYS_NEAR, SAYS_NOTHING };

struct look {
    int64_t t_us;
    int life;
    bool good;
    double level, target, mode, flow;
    unsigned flags, stage;
    bool has_flow;
    enum says says;
};

struct looks {
    struct look *list;
    size_t count;
};

/* --- what was seen --- */

static double scaled(uint16_t word)
{
    return (double)(int16_t)word / 10;
}

static struct looks look_at(const struct world *world, int slave)
{
    struct looks looks = {.list = NULL};
    size_t max = 0;
    for (size_t i = 0; i < world->log.count; i++) {
        const struct wire_event *event = &world->log.list[i];
        if (event->slave != slave)
            continue;
        looks.list = stage_grow(looks.list, looks.count, &max, sizeof *looks.list);
        struct look look = {.t_us = event->done_us, .life = event->life, .good = event->err == ERR_OK};
        if (look.good && (event->address != 0 || event->count != WIRE_WORDS))
            continue; /* a probe after trouble, of another length: nothing of it is used */
        look.level = scaled(event->words[0]);
        look.target = scaled(event->words[1]);
        look.mode = event->words[2];
        look.flags = event->words[3];
        look.flow = scaled(event->words[4]);
        look.has_flow = event->words[4] != NO_FLOW;
        look.stage = event->words[5];
        looks.list[looks.count++] = look;
    }
    return looks;
}

/* --- what a reading says of a rule --- */

static enum says beyond(double value, double limit, double deadband)
{
    if (value >= limit - 1e-6)
        return SAYS_YES;
    return value < limit - deadband - 1e-6 ? SAYS_NO : SAYS_NEAR;
}

/* From the lowest and the highest that the level was where the window begins, a little before and after. */
static enum says says_rate(const struct looks *looks, size_t at, const struct kind_rule *rule)
{
    const struct look *now = &looks->list[at];
    double low = HUGE_VAL;
    double high = -HUGE_VAL;
    int64_t last_us = now->t_us;
    bool reaches = false;
    for (size_t i = at; i-- > 0 && !reaches;) {
        const struct look *then = &looks->list[i];
        if (then->life != now->life)
            return SAYS_NEAR;
        if (!then->good)
            continue;
        if (last_us - then->t_us > GAP_US)
            return SAYS_NEAR;
        last_us = then->t_us;
        int64_t const age_us = now->t_us - then->t_us;
        reaches = age_us > rule->over_us + EDGE_US;
        if (age_us < rule->over_us - EDGE_US)
            continue;
        low = fmin(low, then->level);
        high = fmax(high, then->level);
    }
    if (!reaches)
        return SAYS_NEAR;
    enum says const least = beyond(now->level - high, rule->limit, rule->deadband);
    return least == beyond(now->level - low, rule->limit, rule->deadband) ? least : SAYS_NEAR;
}

static enum says says_stuck(const struct looks *looks, size_t at, const struct kind_rule *rule)
{
    for (size_t i = at; i-- > 0;) {
        if (looks->list[i].life != looks->list[at].life)
            break;
        if (looks->list[i].good)
            return fabs(looks->list[i].flow - looks->list[at].flow) <= rule->deadband + 1e-6 ? SAYS_YES : SAYS_NO;
    }
    return SAYS_NEAR;
}

/* Is there a value in it for the rule? */
static bool has_value(const struct look *look, const struct kind_rule *rule)
{
    return look->good && (rule->kind != KIND_STUCK || look->has_flow) &&
           (rule->kind != KIND_CODE || look->stage < STAGES);
}

static enum says says(const struct looks *looks, size_t at, const struct kind_rule *rule)
{
    const struct look *look = &looks->list[at];
    if (!look->good)
        return SAYS_NOTHING;
    if (rule->gated && (look->flags & 1) == 0)
        return SAYS_NO;
    switch (rule->kind) {
    case KIND_HI:
        return beyond(look->level, rule->limit, rule->deadband);
    case KIND_LO:
        return beyond(-look->level, -rule->limit, rule->deadband);
    case KIND_DEVIATION:
        return beyond(fabs(look->level - look->target), rule->limit, rule->deadband);
    case KIND_RATE:
        return says_rate(looks, at, rule);
    case KIND_STUCK:
        return says_stuck(looks, at, rule);
    case KIND_EQUALS:
        return fabs(look->mode - rule->limit) < 0.5 ? SAYS_YES : SAYS_NO;
    case KIND_BIT:
        return (look->flags >> rule->bit & 1) != 0 ? SAYS_YES : SAYS_NO;
    case KIND_CODE:
        return (rule->codes >> look->stage & 1) != 0 ? SAYS_YES : SAYS_NO;
    case KIND_SENSOR:
        return look->has_flow && look->stage < STAGES ? SAYS_NO : SAYS_YES;
    }
    return SAYS_NEAR;
}

/* --- what was told --- */

struct telling {
    const struct record *record;
    const struct record *next;
};

/* The last record of the alarm at that time, and the one after it; NULL none. */
static struct telling told_at(const struct ledger *ledger, const char *dev, const char *alarm, int64_t t_us)
{
    struct telling telling = {.record = NULL};
    for (uint64_t seq = 1; seq <= ledger->lanes[LANE_A].last; seq++) {
        const struct record *record = &ledger->lanes[LANE_A].list[seq];
        if (record->raw == NULL || record->kind != RECORD_ALARM || strcmp(record->dev, dev) != 0 ||
            strcmp(record->alarm, alarm) != 0)
            continue;
        if (record->at_us > t_us + TICK_US) {
            telling.next = record;
            break;
        }
        telling.record = record;
    }
    return telling;
}

static bool is(const struct record *record, const char *state)
{
    return record != NULL && strcmp(record->state, state) == 0;
}

static bool is_active(const struct record *record)
{
    return is(record, "UNACK") || is(record, "ACKED");
}

static bool is_out_of_sight(const struct record *record)
{
    return is(record, "SUPPRESSED") || is(record, "SHELVED") || is(record, "OOS");
}

/* --- single records --- */

static size_t last_look(const struct looks *looks, int64_t t_us)
{
    size_t at = 0;
    while (at < looks->count && looks->list[at].t_us <= t_us + TICK_US)
        at++;
    return at; /* one more than its index; 0 none */
}

static int life_at(const struct world *world, int64_t t_us)
{
    size_t life = world->life_count;
    while (life > 1 && world->lives[life - 1].opened_us > t_us + TICK_US)
        life--;
    return (int)life - 1;
}

/* Since when do readings say so, up to that time, as far as none says otherwise? CLOCK_NEVER: none says so. */
static int64_t said_since(const struct looks *looks, int64_t t_us, enum says what)
{
    enum says const otherwise = what == SAYS_YES ? SAYS_NO : SAYS_YES;
    int64_t since_us = CLOCK_NEVER;
    for (size_t i = last_look(looks, t_us); i-- > 0 && looks->list[i].says != otherwise;)
        if (looks->list[i].good)
            since_us = looks->list[i].t_us;
    return since_us;
}

/* What has not moved since a reading stands since that one, though only the next one shows it. */
static int64_t stands_since(const struct looks *looks, int64_t since_us)
{
    size_t at = last_look(looks, since_us);
    while (at > 1 && !looks->list[at - 2].good)
        at--;
    return at > 1 ? looks->list[at - 2].t_us : since_us;
}

static void check_raise(struct world *world, const struct looks *looks, const struct kind_rule *rule, int64_t at_us)
{
    int64_t since_us = said_since(looks, at_us, SAYS_YES);
    if (since_us == CLOCK_NEVER) /* the delay ended just when a reading came that would have ended it for nothing */
        since_us = said_since(looks, at_us - 2 * TICK_US, SAYS_YES);
    if (rule->kind == KIND_STUCK && since_us != CLOCK_NEVER)
        since_us = stands_since(looks, since_us);
    const struct life *life = &world->lives[life_at(world, at_us)];
    bool const ran_out = life->booted && since_us < life->opened_us;
    if (since_us == CLOCK_NEVER || (at_us - since_us < rule->on_us - TICK_US && !ran_out))
        stage_blame(&world->stage, INV_FALSE_RAISE, at_us, "%s: so since %.3f s", rule->alarm,
                    since_us == CLOCK_NEVER ? -1.0 : (double)since_us / 1e6);
}

static void check_clear(struct world *world, const struct looks *looks, const struct kind_rule *rule, int64_t at_us)
{
    size_t const at = last_look(looks, at_us);
    int64_t const since_us = said_since(looks, at_us, SAYS_NO);
    if (at == 0 || !looks->list[at - 1].good || since_us == CLOCK_NEVER || at_us - since_us < rule->off_us - TICK_US)
        stage_blame(&world->stage, INV_FALSE_CLEAR, at_us, "%s: not so since %.3f s", rule->alarm,
                    since_us == CLOCK_NEVER ? -1.0 : (double)since_us / 1e6);
}

static void check_reset(struct world *world, const struct looks *looks, const struct kind_rule *rule, int64_t at_us)
{
    int64_t const since_us = said_since(looks, at_us, SAYS_YES);
    if (!rule->latch || (since_us != CLOCK_NEVER && at_us - since_us > rule->on_us + POLL_US))
        stage_blame(&world->stage, INV_FALSE_CLEAR, at_us, "%s: reset, and it is so", rule->alarm);
}

static void check_rearm(struct world *world, const struct ledger *ledger, const struct kind_rule *rule,
                        const struct record *acked)
{
    int64_t const due_us = acked->at_us + rule->rearm_us;
    const struct record *next = told_at(ledger, acked->dev, acked->alarm, acked->at_us).next;
    while (next != NULL && next->at_us < due_us && is(next, "ACKED"))
        next = told_at(ledger, acked->dev, acked->alarm, next->at_us).next;
    const struct life *life = &world->lives[life_at(world, due_us + SLACK_US)];
    bool const rearmed = next != NULL && strcmp(next->event, "rearmed") == 0;
    if (rearmed && next->at_us < due_us - TICK_US)
        stage_blame(&world->stage, INV_FALSE_RAISE, next->at_us, "%s: rearmed too early", rule->alarm);
    bool const lived = life->opened_us <= due_us - START_US && life->closed_us > due_us + SLACK_US;
    if (lived && world->stage.t_us > due_us + SLACK_US && (next == NULL || next->at_us > due_us + SECOND))
        stage_blame(&world->stage, INV_MISSED_RAISE, due_us, "%s: acknowledged and still there, but not rearmed",
                    rule->alarm);
}

static void check_records(struct world *world, const struct ledger *ledger, const char *dev, const struct looks *looks,
                          const struct kind_rule *rule)
{
    const struct record *record = told_at(ledger, dev, rule->alarm, -1).next;
    const struct record *before = NULL;
    for (; record != NULL; before = record, record = told_at(ledger, dev, rule->alarm, record->at_us).next) {
        if (strcmp(record->event, "raised") == 0)
            check_raise(world, looks, rule, record->at_us);
        else if (strcmp(record->event, "cleared") == 0)
            check_clear(world, looks, rule, record->at_us);
        else if (strcmp(record->event, "reset") == 0)
            check_reset(world, looks, rule, record->at_us);
        else if (strcmp(record->event, "rearmed") == 0 && (rule->rearm_us == 0 || !is(before, "ACKED")))
            stage_blame(&world->stage, INV_FALSE_RAISE, record->at_us, "%s: rearmed, and why?", rule->alarm);
        else if (strcmp(record->event, "suppressed") == 0 && !rule->quieted)
            stage_blame(&world->stage, INV_CHAIN, record->at_us, "%s: suppressed, and by what?", rule->alarm);
        if (rule->rearm_us > 0 && strcmp(record->event, "acked") == 0 && is(record, "ACKED"))
            check_rearm(world, ledger, rule, record);
    }
}

/* --- stretches --- */

/* Readings that say the same, in one life, without a gap. */
struct stretch {
    size_t first;
    int64_t from_us;
    int64_t to_us;
};

static bool is_calm(const struct world *world, const struct looks *looks, size_t at)
{
    int64_t const from_us = looks->list[at].t_us - CALM_US;
    if (world->lives[looks->list[at].life].opened_us > from_us)
        return false;
    for (size_t i = at; i-- > 0 && looks->list[i].t_us > from_us;)
        if (!looks->list[i].good)
            return false;
    return true;
}

static int64_t due_us(const struct world *world, const struct looks *looks, const struct stretch *stretch,
                      int64_t delay_us)
{
    bool const calm = is_calm(world, looks, stretch->first);
    int64_t const started_us = world->lives[looks->list[stretch->first].life].opened_us + START_US + delay_us;
    int64_t const due = stretch->from_us + delay_us + (calm ? POLL_US : SLACK_US);
    return due > started_us ? due : started_us;
}

static void check_stretch(struct world *world, const struct ledger *ledger, const char *dev, const struct looks *looks,
                          const struct kind_rule *rule, const struct stretch *stretch)
{
    bool const crossing = looks->list[stretch->first].says == SAYS_YES;
    int64_t const due = due_us(world, looks, stretch, crossing ? rule->on_us : rule->off_us);
    if (due >= stretch->to_us)
        return;
    for (int end = 0; end < 2; end++) {
        int64_t const t_us = end != 0 ? stretch->to_us - TICK_US - 1 : due;
        const struct record *record = told_at(ledger, dev, rule->alarm, t_us).record;
        if (is_active(record) == crossing || is_out_of_sight(record))
            continue;
        stage_blame(&world->stage, crossing ? INV_MISSED_RAISE : INV_MISSED_CLEAR, t_us, "%s: %s since %.3f s, and %s",
                    rule->alarm, crossing ? "so" : "not so", (double)stretch->from_us / 1e6,
                    record != NULL ? record->state : "nothing told");
    }
}

static void check_quiet(struct world *world, const struct ledger *ledger, const char *dev, const struct looks *looks,
                        const struct kind_rule *rule, const struct stretch *stretch)
{
    bool const quieting = looks->list[stretch->first].says == SAYS_YES;
    int64_t const due = due_us(world, looks, stretch, 0);
    if (due >= stretch->to_us)
        return;
    const struct record *record = told_at(ledger, dev, rule->alarm, due).record;
    if (is(record, "SUPPRESSED") != quieting)
        stage_blame(&world->stage, INV_CHAIN, due, "%s: %s since %.3f s, and %s", rule->alarm,
                    quieting ? "to be quiet" : "not to be quiet", (double)stretch->from_us / 1e6,
                    record != NULL ? record->state : "nothing told");
}

typedef void check(struct world *world, const struct ledger *ledger, const char *dev, const struct looks *looks,
                   const struct kind_rule *rule, const struct stretch *stretch);

static void each_stretch(struct world *world, const struct ledger *ledger, const char *dev, const struct looks *looks,
                         const struct kind_rule *rule, check *check_it)
{
    struct stretch stretch = {0};
    bool open = false;
    for (size_t i = 0; i < looks->count; i++) {
        const struct look *look = &looks->list[i];
        bool const says_one = look->says == SAYS_YES || look->says == SAYS_NO;
        bool const goes_on = open && look->says == looks->list[stretch.first].says && look->life == look[-1].life &&
                             look->t_us - look[-1].t_us < GAP_US;
        if (open && !goes_on)
            check_it(world, ledger, dev, looks, rule, &stretch);
        if (!goes_on) {
            open = says_one;
            stretch = (struct stretch){.first = i, .from_us = look->t_us};
        }
        stretch.to_us = look->t_us;
    }
    if (open)
        check_it(world, ledger, dev, looks, rule, &stretch);
}

void kinds_check(struct world *world, const struct ledger *ledger, const char *dev, const struct kind_rule *rule)
{
    struct looks looks = look_at(world, plant_find(&world->plant, dev));
    for (size_t i = 0; i < looks.count; i++)
        looks.list[i].good = has_value(&looks.list[i], rule);
    for (size_t i = 0; i < looks.count; i++)
        looks.list[i].says = says(&looks, i, rule);
    check_records(world, ledger, dev, &looks, rule);
    each_stretch(world, ledger, dev, &looks, rule, check_stretch);
    for (size_t i = 0; rule->quieted && i < looks.count; i++)
        looks.list[i].says = !looks.list[i].good ? SAYS_NOTHING : (looks.list[i].flags & 2) != 0 ? SAYS_YES : SAYS_NO;
    if (rule->quieted)
        each_stretch(world, ledger, dev, &looks, rule, check_quiet);
    free(looks.list);
}
