/* The table of an alarm's states, held against one that was written down a second time, row by row, from IEC 62682 / ISA-18.2:
 * every state with every thing that can happen to it, and every sequence of such things up to SEQUENCE_LENGTH. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/core/alarm.h"

#define S               INT64_C(1000000)
#define SHELF_S         3600
#define SEQUENCE_LENGTH 5

/* What can happen. */
enum happening { ALM, RTN, BAD, ACK, RST, SHV, SHV1, UNSHV, TIMEOUT, SUP1, SUP0, OOS1, OOS0, HAPPENING_COUNT };

static const char *const names[] = {"ALM",   "RTN",     "BAD",  "ACK",  "RST",  "SHV", "SHV1",
                                    "UNSHV", "TIMEOUT", "SUP1", "SUP0", "OOS1", "OOS0"};

/* The second opinion. Letters as in the standard's tables: what is true, what was acknowledged, what is latched. */
struct opinion {
    enum alarm_state state;
    bool active;  /* the condition */
    bool latched; /* out of sight: a latch stands */
    bool seen;    /* out of sight: acknowledged */
    bool one_shot;
    bool wanted; /* the logic wants suppression */
    unsigned occurrence;
    char told[96];
};

static bool hidden(enum alarm_state state)
{
    return state == ALARM_SHELVED || state == ALARM_SUPPRESSED || state == ALARM_OOS;
}

static void tell(struct opinion *o, const char *event, enum alarm_state to)
{
    bool const news = to == ALARM_UNACK && o->state != ALARM_UNACK && o->state != ALARM_ACKED;
    size_t const used = strlen(o->told);
    o->occurrence += news ? 1 : 0;
    o->state = to;
    (void)snprintf(o->told + used, sizeof o->told - used, "%s %s #%u; ", event, alarm_state_text(to), o->occurrence);
}

static void hide(struct opinion *o, const char *event, enum alarm_state to, bool latches)
{
    if (!hidden(o->state)) {
        o->seen = o->state == ALARM_ACKED || o->state == ALARM_LATCH_ACKED;
        o->latched = o->state == ALARM_LATCH_UNACK || o->state == ALARM_LATCH_ACKED || (latches && o->active);
    }
    o->one_shot = false;
    tell(o, event, to);
}

static void show(struct opinion *o, const char *event)
{
    enum alarm_state to = ALARM_NORM;
    if (o->wanted && o->state != ALARM_SUPPRESSED)
        to = ALARM_SUPPRESSED;
    else if (o->active)
        to = ALARM_UNACK;
    else if (o->latched && o->seen)
        to = ALARM_LATCH_ACKED;
    else if (o->latched)
        to = ALARM_LATCH_UNACK;
    o->one_shot = false;
    tell(o, event, to);
    if (!hidden(to))
        o->latched = o->seen = false;
}

static void activate(struct opinion *o, bool latches)
{
    bool const was = o->active;
    o->active = true;
    if (was)
        return;
    if (hidden(o->state)) {
        o->seen = false;
        o->latched = o->latched || latches;
    } else if (o->state != ALARM_UNACK && o->state != ALARM_ACKED) {
        tell(o, "raised", ALARM_UNACK);
    }
}

static void deactivate(struct opinion *o, bool latches)
{
    bool const was = o->active;
    o->active = false;
    if (o->state == ALARM_UNACK)
        tell(o, "cleared", latches ? ALARM_LATCH_UNACK : ALARM_RTN_UNACK);
    else if (o->state == ALARM_ACKED)
        tell(o, "cleared", latches ? ALARM_LATCH_ACKED : ALARM_NORM);
    else if (was && o->state == ALARM_SHELVED && o->one_shot)
        show(o, "unshelved");
}

static const char *acknowledge(struct opinion *o)
{
    if (o->state == ALARM_UNACK)
        tell(o, "acked", ALARM_ACKED);
    else if (o->state == ALARM_RTN_UNACK)
        tell(o, "acked", ALARM_NORM);
    else if (o->state == ALARM_LATCH_UNACK)
        tell(o, "acked", ALARM_LATCH_ACKED);
    else
        return "nothing_to_do";
    return NULL;
}

static const char *reset(struct opinion *o)
{
    if (o->state == ALARM_UNACK || o->state == ALARM_ACKED)
        return "condition_active";
    if (o->state == ALARM_RTN_UNACK || o->state == ALARM_LATCH_UNACK)
        return "ack_first";
    if (o->state != ALARM_LATCH_ACKED)
        return "nothing_to_do";
    tell(o, "reset", ALARM_NORM);
    return NULL;
}

static const char *shelve(struct opinion *o, bool latches, bool one_shot)
{
    if (o->state == ALARM_LATCH_UNACK || o->state == ALARM_LATCH_ACKED)
        return "latched";
    if (o->state == ALARM_SUPPRESSED)
        return "suppressed";
    if (o->state == ALARM_OOS)
        return "out_of_service";
    hide(o, "shelved", ALARM_SHELVED, latches);
    o->one_shot = one_shot;
    return NULL;
}

static const char *serve(struct opinion *o, bool latches, bool back)
{
    if (back != (o->state == ALARM_OOS))
        return "nothing_to_do";
    if (back)
        show(o, "enabled");
    else
        hide(o, "disabled", ALARM_OOS, latches);
    return NULL;
}

static const char *expect(struct opinion *o, enum happening what, bool latches)
{
    o->told[0] = '\0';
    switch (what) {
    case ALM:
        activate(o, latches);
        return NULL;
    case RTN:
        deactivate(o, latches);
        return NULL;
    case ACK:
        return acknowledge(o);
    case RST:
        return reset(o);
    case SHV:
    case SHV1:
        return shelve(o, latches, what == SHV1);
    case UNSHV:
        if (o->state != ALARM_SHELVED)
            return "nothing_to_do";
        show(o, "unshelved");
        return NULL;
    case TIMEOUT:
        if (o->state == ALARM_SHELVED)
            show(o, "unshelved");
        return NULL;
    case SUP1:
    case SUP0:
        o->wanted = what == SUP1;
        if (o->wanted && o->state != ALARM_SUPPRESSED && o->state != ALARM_OOS)
            hide(o, "suppressed", ALARM_SUPPRESSED, latches);
        else if (!o->wanted && o->state == ALARM_SUPPRESSED)
            show(o, "unsuppressed");
        return NULL;
    case OOS1:
    case OOS0:
        return serve(o, latches, what == OOS0);
    case BAD:
    case HAPPENING_COUNT:
        break;
    }
    return NULL;
}

/* The product. */
struct trial {
    struct alarm alarm;
    struct rule rule;
    int64_t mono_us;
    char told[96];
};

static struct alarm_moment moment(const struct trial *t)
{
    return (struct alarm_moment){.mono_us = t->mono_us, .utc_ms = 1700000000000 + t->mono_us / 1000, .synced = true};
}

static void commit(struct trial *t, const struct alarm_change *change)
{
    size_t const used = strlen(t->told);
    assert_int_equal(change->from, t->alarm.state);
    alarm_commit(&t->alarm, &t->rule, change);
    assert_false(alarm_untold(&t->alarm, &t->rule)); /* it was stored with it */
    (void)snprintf(t->told + used, sizeof t->told - used, "%s %s #%u; ",
                   alarm_event_text((enum alarm_event)change->event), alarm_state_text((enum alarm_state)change->to),
                   t->alarm.occurrence);
}

static void settle(struct trial *t)
{
    struct alarm_change change;
    for (int i = 0; alarm_owed(&t->alarm, &t->rule, &change); i++) {
        assert_in_range(i, 0, 3);
        commit(t, &change);
    }
}

static void read_in(struct trial *t, enum tri crossing)
{
    struct alarm_reading reading = {
        .at = moment(t), .crossing = crossing, .quality = crossing == TRI_UNKNOWN ? QUALITY_BAD : QUALITY_GOOD};
    alarm_feed(&t->alarm, &t->rule, &reading);
}

static const char *order(struct trial *t, struct alarm_wish wish)
{
    struct alarm_change change;
    const char *code = NULL;
    if (alarm_obey(&t->alarm, &t->rule, wish, moment(t), &change, &code) != ERR_OK)
        return code;
    commit(t, &change);
    return NULL;
}

static const char *happen(struct trial *t, enum happening what)
{
    static const uint8_t orders[HAPPENING_COUNT] = {
        [ACK] = ALARM_ACK,        [RST] = ALARM_RESET,    [SHV] = ALARM_SHELVE, [SHV1] = ALARM_SHELVE,
        [UNSHV] = ALARM_UNSHELVE, [OOS1] = ALARM_DISABLE, [OOS0] = ALARM_ENABLE};
    const char *refusal = NULL;
    t->told[0] = '\0';
    t->mono_us += what == TIMEOUT ? SHELF_S * S : S;
    alarm_tick(&t->alarm, &t->rule, moment(t));
    if (what == ALM || what == RTN || what == BAD)
        read_in(t, what == ALM ? TRI_YES : what == RTN ? TRI_NO : TRI_UNKNOWN);
    else if (what == SUP1 || what == SUP0)
        alarm_suppress(&t->alarm, &t->rule, what == SUP1, moment(t));
    else if (what != TIMEOUT)
        refusal =
            order(t, (struct alarm_wish){.what = orders[what], .one_shot = what == SHV1, .for_ms = SHELF_S * 1000});
    settle(t);
    return refusal;
}

static struct rule ordinary(bool latch)
{
    return (struct rule){
        .kind = RULE_HI, .limit = 40, .latch = latch, .shelvable = true, .priority = PRIORITY_HIGH, .suppress_mask = 2};
}

static void compare(struct trial *t, struct opinion *o, enum happening what, const char *path)
{
    const char *refusal = happen(t, what);
    const char *wanted = expect(o, what, t->rule.latch);
    if (t->alarm.state != o->state || strcmp(t->told, o->told) != 0 || (refusal == NULL) != (wanted == NULL) ||
        (refusal != NULL && strcmp(refusal, wanted) != 0) || t->alarm.condition != o->active)
        fail_msg("%s%s (%s): got %s \"%s\" %s, expected %s \"%s\" %s", path, names[what],
                 t->rule.latch ? "latching" : "plain", alarm_state_text((enum alarm_state)t->alarm.state), t->told,
                 refusal != NULL ? refusal : "", alarm_state_text(o->state), o->told, wanted != NULL ? wanted : "");
}

static unsigned long walk(const struct trial *t, const struct opinion *o, int left, const char *path)
{
    unsigned long steps = 0;
    for (int what = 0; what < HAPPENING_COUNT; what++) {
        struct trial next = *t;
        struct opinion opinion = *o;
        char longer[80];
        compare(&next, &opinion, (enum happening)what, path);
        (void)snprintf(longer, sizeof longer, "%s%s ", path, names[what]);
        steps += 1 + (left > 1 ? walk(&next, &opinion, left - 1, longer) : 0);
    }
    return steps;
}

static void test_every_sequence(void **state)
{
    (void)state;
    for (int latch = 0; latch < 2; latch++) {
        struct trial trial = {.rule = ordinary(latch != 0), .mono_us = S};
        struct opinion opinion = {.state = ALARM_NORM};
        alarm_init(&trial.alarm);
        assert_int_equal(walk(&trial, &opinion, SEQUENCE_LENGTH, ""), 402233); /* 13 + 13^2 + … + 13^5 */
    }
}

/* Every state with every memory it can have, put back from the journal first. */
static void test_every_state_after_a_restart(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ALARM_STATE_COUNT * 32U; i++) {
        enum alarm_state const from = (enum alarm_state)(i / 32);
        struct opinion opinion = {.state = from,
                                  .active = hidden(from) ? (i & 1) != 0 : from == ALARM_UNACK || from == ALARM_ACKED,
                                  .latched = hidden(from) && (i & 2) != 0,
                                  .seen = hidden(from) && (i & 4) != 0,
                                  .one_shot = from == ALARM_SHELVED && (i & 8) != 0,
                                  .wanted = from == ALARM_SUPPRESSED};
        struct trial trial = {.rule = ordinary((i & 16) != 0), .mono_us = 100 * S};
        struct stored const stored = {
            .state = (uint8_t)from,
            .flags = (uint8_t)((opinion.active ? STORED_CONDITION : 0) | (opinion.latched ? STORED_LATCHED : 0) |
                               (opinion.seen ? STORED_SEEN : 0) | (opinion.one_shot ? STORED_ONE_SHOT : 0)),
            .until_mono_ms = from == ALARM_SHELVED ? (100 + SHELF_S) * 1000 : 0,
        };
        char path[32];
        (void)snprintf(path, sizeof path, "[%s %x] ", alarm_state_text(from), i & 31);
        alarm_restore(&trial.alarm, &trial.rule, &stored, moment(&trial));
        struct stored const again = alarm_stored(&trial.alarm, &trial.rule, 0);
        assert_int_equal(again.state, stored.state);
        assert_int_equal(again.flags & ~(hidden(from) ? 0 : STORED_CONDITION),
                         stored.flags & ~(hidden(from) ? 0 : STORED_CONDITION));
        assert_int_equal(again.until_mono_ms, stored.until_mono_ms);
        assert_false(alarm_untold(&trial.alarm, &trial.rule));
        (void)walk(&trial, &opinion, 2, path);
    }
}

/* A restart between any two things changes nothing: the state is stored with each change, and what happens out of sight by
 * itself. */
static unsigned long walk_restarting(const struct trial *t, const struct opinion *o, int left, const char *path)
{
    unsigned long steps = 0;
    for (int what = 0; what < HAPPENING_COUNT; what++) {
        struct trial next = *t;
        struct opinion opinion = *o;
        char longer[80];
        struct stored const stored = alarm_stored(&t->alarm, &t->rule, 0);
        bool const wanted = t->alarm.suppressing;
        alarm_init(&next.alarm);
        alarm_restore(&next.alarm, &next.rule, &stored, moment(&next));
        alarm_suppress(&next.alarm, &next.rule, wanted, moment(&next)); /* its reason is read again */
        compare(&next, &opinion, (enum happening)what, path);
        (void)snprintf(longer, sizeof longer, "%s%s ", path, names[what]);
        steps += 1 + (left > 1 ? walk_restarting(&next, &opinion, left - 1, longer) : 0);
    }
    return steps;
}

static void test_every_sequence_with_restarts(void **state)
{
    (void)state;
    for (int latch = 0; latch < 2; latch++) {
        struct trial trial = {.rule = ordinary(latch != 0), .mono_us = S};
        struct opinion opinion = {.state = ALARM_NORM};
        alarm_init(&trial.alarm);
        (void)walk_restarting(&trial, &opinion, 4, "");
    }
}

static void test_critical_stays_in_sight(void **state)
{
    (void)state;
    struct trial trial = {.rule = ordinary(true), .mono_us = S};
    trial.rule.priority = PRIORITY_CRITICAL;
    alarm_init(&trial.alarm);
    assert_string_equal(happen(&trial, SHV), "not_shelvable");
    assert_null(happen(&trial, SUP1));
    assert_int_equal(trial.alarm.state, ALARM_NORM);
    assert_null(happen(&trial, OOS1));
    assert_null(happen(&trial, SUP1));
    assert_null(happen(&trial, OOS0));
    assert_int_equal(trial.alarm.state, ALARM_NORM);
    /* The site file made it critical while it was shelved, or suppressed. */
    static const uint8_t before[] = {ALARM_SHELVED, ALARM_SUPPRESSED};
    for (size_t i = 0; i < ARRAY_SIZE(before); i++) {
        struct stored const stored = {
            .state = before[i], .flags = STORED_CONDITION, .until_mono_ms = 9000000, .until_utc_ms = 1800000000000};
        trial.rule.shelvable = false;
        alarm_init(&trial.alarm);
        alarm_restore(&trial.alarm, &trial.rule, &stored, moment(&trial));
        settle(&trial);
        assert_int_equal(trial.alarm.state, ALARM_UNACK);
    }
}

static void test_limits_of_a_shelf(void **state)
{
    (void)state;
    struct trial trial = {.rule = ordinary(false), .mono_us = S};
    alarm_init(&trial.alarm);
    assert_string_equal(order(&trial, (struct alarm_wish){.what = ALARM_SHELVE, .for_ms = ALARM_SHELVE_MAX_MS + 1}),
                        "too_long");
    trial.rule.shelvable = false;
    assert_string_equal(order(&trial, (struct alarm_wish){.what = ALARM_SHELVE, .for_ms = 1000}), "not_shelvable");
    trial.rule.shelvable = true;
    assert_null(order(&trial, (struct alarm_wish){.what = ALARM_SHELVE}));
    assert_int_equal(alarm_next_mono_us(&trial.alarm, &trial.rule), S + (int64_t)ALARM_SHELVE_MAX_MS * 1000);
    assert_null(order(&trial, (struct alarm_wish){.what = ALARM_SHELVE, .for_ms = 60000}));
    assert_int_equal(alarm_stored(&trial.alarm, &trial.rule, 0).until_utc_ms, moment(&trial).utc_ms + 60000);
    assert_int_equal(alarm_next_mono_us(&trial.alarm, &trial.rule), 61 * S);
}

/* After a reboot a shelf goes by the wall clock; longer than it was meant it never lasts, and unknown it is over. */
static void test_a_shelf_over_a_reboot(void **state)
{
    (void)state;
    static const struct {
        int64_t until_in_ms; /* by the wall clock */
        bool synced;
        int64_t lasts_ms;
    } cases[] = {{60000, true, 60000},
                 {-60000, true, 0},
                 {0, true, 0},
                 {60000, false, 0},
                 {ALARM_SHELVE_MAX_MS + 3600000, true, ALARM_SHELVE_MAX_MS}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct trial trial = {.rule = ordinary(false), .mono_us = 5 * S};
        struct alarm_moment at = moment(&trial);
        at.synced = cases[i].synced;
        struct stored const stored = {.state = ALARM_SHELVED,
                                      .flags = STORED_OTHER_BOOT | STORED_CONDITION,
                                      .until_mono_ms = 99999999,
                                      .until_utc_ms = at.utc_ms + cases[i].until_in_ms};
        alarm_init(&trial.alarm);
        alarm_restore(&trial.alarm, &trial.rule, &stored, at);
        if (cases[i].lasts_ms > 0) {
            trial.mono_us = 5 * S + cases[i].lasts_ms * 1000 - 1;
            alarm_tick(&trial.alarm, &trial.rule, moment(&trial));
            settle(&trial);
            assert_int_equal(trial.alarm.state, ALARM_SHELVED);
        }
        trial.mono_us = 5 * S + cases[i].lasts_ms * 1000;
        alarm_tick(&trial.alarm, &trial.rule, moment(&trial));
        settle(&trial);
        assert_int_equal(trial.alarm.state, ALARM_UNACK);
    }
}

/* After a reboot, or when the site file was changed meanwhile, nobody waits longer than the site file says now. */
static void test_a_wait_over_a_reboot(void **state)
{
    (void)state;
    struct trial trial = {.rule = ordinary(false), .mono_us = 5 * S};
    trial.rule.rearm_ms = 60000;
    struct stored const stored = {.state = ALARM_ACKED,
                                  .flags = STORED_CONDITION,
                                  .until_mono_ms = 9000000,
                                  .until_utc_ms = moment(&trial).utc_ms + 8995000};
    alarm_init(&trial.alarm);
    alarm_restore(&trial.alarm, &trial.rule, &stored, moment(&trial));
    assert_int_equal(alarm_next_mono_us(&trial.alarm, &trial.rule), 65 * S);
}

/* What a state is put back with is what it was stored with. */
static void test_all_of_it_is_stored(void **state)
{
    (void)state;
    struct trial trial = {.rule = ordinary(true), .mono_us = S};
    trial.rule.suppress_mask = 1; /* the first code */
    struct stored const stored = {.kind = STORED_RULE,
                                  .state = ALARM_SUPPRESSED,
                                  .flags = STORED_CONDITION | STORED_FIRST_OUT | STORED_LATCHED,
                                  .index = 7,
                                  .occurrence = 3,
                                  .quality = QUALITY_UNCERTAIN,
                                  .has_value = 1,
                                  .count = 9,
                                  .since_utc_ms = 1234,
                                  .value = 56.5};
    alarm_init(&trial.alarm);
    alarm_restore(&trial.alarm, &trial.rule, &stored, moment(&trial));
    struct stored const again = alarm_stored(&trial.alarm, &trial.rule, 7);
    assert_memory_equal(&again, &stored, sizeof stored);
    assert_true(trial.alarm.suppressing); /* until its reason was read */
}

/* Whose group it is says whether it was the first. */
static void test_first_out_stays_with_the_occurrence(void **state)
{
    (void)state;
    struct trial trial = {.rule = ordinary(false), .mono_us = S};
    struct alarm_change change;
    alarm_init(&trial.alarm);
    read_in(&trial, TRI_YES);
    assert_true(alarm_owed(&trial.alarm, &trial.rule, &change));
    change.first_out = true;
    commit(&trial, &change);
    assert_true(trial.alarm.first_out);
    assert_null(happen(&trial, ACK)); /* nobody says so of anything else */
    assert_true(trial.alarm.first_out);
    assert_true((alarm_stored(&trial.alarm, &trial.rule, 0).flags & STORED_FIRST_OUT) != 0);
    assert_null(happen(&trial, RTN));
    assert_null(happen(&trial, ALM));
    assert_false(trial.alarm.first_out);
}

/* What happened since start counts more than what comes late from the journal. */
static void test_what_moved_says_so(void **state)
{
    (void)state;
    struct trial trial = {.rule = ordinary(false), .mono_us = S};
    alarm_init(&trial.alarm);
    read_in(&trial, TRI_NO);
    assert_false(trial.alarm.moved);
    read_in(&trial, TRI_YES);
    assert_true(trial.alarm.moved);
    struct stored const raised = {.state = ALARM_UNACK, .flags = STORED_CONDITION};
    trial.rule.off_delay_ms = 10000;
    alarm_init(&trial.alarm);
    alarm_restore(&trial.alarm, &trial.rule, &raised, moment(&trial));
    trial.mono_us = 100 * S;
    read_in(&trial, TRI_NO);
    trial.mono_us = 110 * S - 1; /* nothing of its off-delay has run yet */
    read_in(&trial, TRI_NO);
    assert_true(trial.alarm.condition);
    assert_false(trial.alarm.moved);
    trial.mono_us = 110 * S;
    read_in(&trial, TRI_NO);
    assert_false(trial.alarm.condition);
    assert_true(trial.alarm.moved);
}

static void test_re_alarm(void **state)
{
    (void)state;
    struct trial trial = {.rule = ordinary(false), .mono_us = S};
    trial.rule.rearm_ms = 1800000;
    alarm_init(&trial.alarm);
    assert_null(happen(&trial, ALM));
    assert_null(happen(&trial, ACK));
    int64_t const due = trial.mono_us + 1800 * S;
    assert_int_equal(alarm_next_mono_us(&trial.alarm, &trial.rule), due);
    struct stored const stored = alarm_stored(&trial.alarm, &trial.rule, 0); /* goes on over a restart */
    alarm_init(&trial.alarm);
    alarm_restore(&trial.alarm, &trial.rule, &stored, moment(&trial));
    trial.mono_us = due - 1 - S;
    assert_null(happen(&trial, ALM));
    assert_int_equal(trial.alarm.state, ALARM_ACKED);
    trial.mono_us = due - S;
    assert_null(happen(&trial, ALM));
    assert_string_equal(trial.told, "rearmed UNACK #1; "); /* the same occurrence */
    assert_null(happen(&trial, ACK));
    assert_null(happen(&trial, RTN));
    trial.mono_us += 3600 * S;
    assert_null(happen(&trial, RTN));
    assert_int_equal(trial.alarm.state, ALARM_NORM);
}

/* What happens out of sight is stored, because nothing else tells the journal of it. */
static void test_untold_out_of_sight(void **state)
{
    (void)state;
    struct trial trial = {.rule = ordinary(true), .mono_us = S};
    alarm_init(&trial.alarm);
    assert_null(happen(&trial, OOS1));
    assert_false(alarm_untold(&trial.alarm, &trial.rule));
    assert_null(happen(&trial, ALM));
    assert_string_equal(trial.told, "");
    assert_true(alarm_untold(&trial.alarm, &trial.rule));
    alarm_told(&trial.alarm);
    assert_false(alarm_untold(&trial.alarm, &trial.rule));
    assert_null(happen(&trial, RTN));
    assert_true(alarm_untold(&trial.alarm, &trial.rule));
}

/* Told in the order of what was decided, also when the news could not be told at once. */
static void test_owed_in_order(void **state)
{
    (void)state;
    struct trial trial = {.rule = ordinary(true), .mono_us = S};
    alarm_init(&trial.alarm);
    read_in(&trial, TRI_YES);
    trial.mono_us += S;
    alarm_suppress(&trial.alarm, &trial.rule, true, moment(&trial));
    settle(&trial);
    assert_string_equal(trial.told, "raised UNACK #1; suppressed SUPPRESSED #1; ");
    trial.told[0] = '\0';
    trial.mono_us += S;
    alarm_suppress(&trial.alarm, &trial.rule, false, moment(&trial));
    read_in(&trial, TRI_NO);
    settle(&trial);
    assert_string_equal(trial.told, "unsuppressed LATCH_UNACK #1; ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_sequence),
        cmocka_unit_test(test_every_state_after_a_restart),
        cmocka_unit_test(test_every_sequence_with_restarts),
        cmocka_unit_test(test_critical_stays_in_sight),
        cmocka_unit_test(test_limits_of_a_shelf),
        cmocka_unit_test(test_a_shelf_over_a_reboot),
        cmocka_unit_test(test_a_wait_over_a_reboot),
        cmocka_unit_test(test_all_of_it_is_stored),
        cmocka_unit_test(test_first_out_stays_with_the_occurrence),
        cmocka_unit_test(test_what_moved_says_so),
        cmocka_unit_test(test_re_alarm),
        cmocka_unit_test(test_untold_out_of_sight),
        cmocka_unit_test(test_owed_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
