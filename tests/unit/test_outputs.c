/* An output by itself, to the last digit of a value and to the last token of a write; and what an interlock remembers of its
 * outputs when it is silenced, loses one, or is well again. */
#include "tests/support/test.h"

#include <math.h>

#include "gateway/core/interlock.h"

#define S INT64_C(1000000)

static const struct site_interlock valve = {
    .id = "trip", .confirm_device = 0, .confirm_within_ms = 10000, .latch = true, .action_count = 1};
static const struct site_interlock siren = {
    .id = "siren", .confirm_device = -1, .silenceable = true, .action_count = 1};

/* --- outputs --- */

static struct output settled_at(double value)
{
    struct output output = {.by_hand = false};
    output_drive(&output, (struct demand){.any = true, .value = value}, 1 * S);
    output_sent(&output, 7, 1 * S);
    output_written(&output, &(struct written){.token = 7, .err = ERR_OK, .done_mono_us = 2 * S});
    assert_true(output.settled);
    return output;
}

/* The nearest double is the same value; what differs by more than a part in 10^9 is another. */
static void test_the_same_value(void **state)
{
    (void)state;
    static const struct {
        double wanted, seen;
        bool same;
    } cases[] = {
        {0, 0, true},          {0, 0.5e-9, true},       {1e-9, 0, true},          {0, 1.5e-9, false},
        {1, 1 + 1.5e-9, true}, {1, 1 + 2.5e-9, false},  {-1, -1 - 1.5e-9, true},  {-1, -1 - 2.5e-9, false},
        {1, 0, false},         {1e6, 1e6 + 5e-4, true}, {1e6, 1e6 + 2e-3, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct output output = settled_at(cases[i].wanted);
        if (output_seen(&output, cases[i].seen, 3 * S) == cases[i].same)
            fail_msg("%.12g beside %.12g", cases[i].seen, cases[i].wanted);
        assert_int_equal(output.found_off, !cases[i].same);
    }
}

/* All writes of the present value count, and no other, wherever the numbers of writes stand. */
static void test_writes_of_the_present_value(void **state)
{
    (void)state;
    static const uint32_t firsts[] = {1, 10, 0x7FFFFFFE, UINT32_MAX - 1, 0};
    for (size_t i = 0; i < sizeof firsts / sizeof firsts[0]; i++)
        for (int32_t token = -3; token <= 5; token++) {
            struct output output = {.by_hand = false};
            output_drive(&output, (struct demand){.any = true, .value = 1}, 1 * S);
            output_sent(&output, firsts[i], 1 * S);
            output_sent(&output, firsts[i] + 1, 11 * S);
            output_sent(&output, firsts[i] + 2, 21 * S);
            struct written const written = {
                .token = firsts[i] + (uint32_t)token, .err = ERR_OK, .done_mono_us = 22 * S};
            output_written(&output, &written);
            assert_int_equal(output.settled, token >= 0 && token <= 2);
        }
}

/* What went wrong is over when a write goes well; a new value has no past. */
static void test_what_is_over(void **state)
{
    (void)state;
    struct output output = settled_at(1);
    assert_true(output_seen(&output, 0, 3 * S));
    output_not_sent(&output, 3 * S);
    assert_int_equal(output.err, ERR_FULL);
    assert_true(output.found_off);
    output_sent(&output, 8, 4 * S);
    output_written(&output, &(struct written){.token = 8, .err = ERR_OK, .done_mono_us = 5 * S});
    assert_int_equal(output.err, ERR_OK);
    assert_false(output.found_off);
    assert_true(output_seen(&output, 0, 6 * S));
    output_drive(&output, (struct demand){.any = true, .value = 3}, 7 * S);
    assert_false(output.found_off);
    assert_false(output.settled);
    assert_true(output_due(&output, 7 * S));
}

/* What is released goes to its opposite. */
static void test_the_opposite(void **state)
{
    (void)state;
    static const double wanted[] = {0, 1, -1, 55};
    static const double opposite[] = {1, 0, 0, 0};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        struct output output = settled_at(wanted[i]);
        output_drive(&output, (struct demand){.any = false}, 3 * S);
        assert_true(fabs(output.wanted - opposite[i]) < 1e-12);
        assert_true(output_due(&output, 3 * S));
    }
}

/* The larger in magnitude wins; of two that are as large, the first. */
static void test_which_demand_wins(void **state)
{
    (void)state;
    static const struct {
        double a, b, wins;
    } cases[] = {{0, 1, 1}, {1, 0, 1}, {1, -1, 1}, {-1, 1, -1}, {2, -3, -3}, {0, 0, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct demand demand = {.any = false};
        demand_add(&demand, cases[i].a);
        demand_add(&demand, cases[i].b);
        assert_true(demand.any);
        assert_true(fabs(demand.value - cases[i].wins) < 1e-12);
    }
}

static void test_the_next_moment(void **state)
{
    (void)state;
    struct output output = {.off_delay_us = 30 * S};
    assert_int_equal(output_next_mono_us(&output), INTERLOCK_NEVER);
    output_drive(&output, (struct demand){.any = true, .value = 1}, 1 * S);
    assert_int_equal(output_next_mono_us(&output), 1 * S);
    output_drive(&output, (struct demand){.any = false}, 2 * S); /* lingers, and is still to be written */
    assert_int_equal(output_next_mono_us(&output), 1 * S);
    output_sent(&output, 7, 2 * S);
    assert_int_equal(output_next_mono_us(&output), 2 * S + OUTPUT_LOST_MS * 1000);
    output_written(&output, &(struct written){.token = 7, .err = ERR_OK, .done_mono_us = 3 * S});
    assert_int_equal(output_next_mono_us(&output), 32 * S);
    output_drive(&output, (struct demand){.any = false}, 32 * S - 1);
    assert_false(output_due(&output, 32 * S - 1));
    output_drive(&output, (struct demand){.any = false}, 32 * S);
    assert_true(output_due(&output, 32 * S));
    output_sent(&output, 8, 32 * S);
    output_written(&output, &(struct written){.token = 8, .err = ERR_OK, .done_mono_us = 33 * S});
    assert_int_equal(output_next_mono_us(&output), INTERLOCK_NEVER);
}

/* --- interlocks --- */

static struct vote const yes = {.verdict = TRI_YES, .voters = 1};

static struct interlock_view settled(int64_t mono_us)
{
    return (struct interlock_view){.mono_us = mono_us, .vote = yes, .settled = true, .settled_mono_us = 2 * S};
}

static struct interlock tripped(const struct site_interlock *site)
{
    struct interlock interlock = {.tripped = false};
    struct interlock_view const view = {.mono_us = 1 * S, .vote = yes};
    assert_int_equal(interlock_vote(&interlock, site, &view), INTERLOCK_TRIPPED);
    return interlock;
}

/* Feedback counts when it was read after the outputs were written; in the same instant it may be older. */
static void test_feedback_of_the_same_instant(void **state)
{
    (void)state;
    for (int64_t late_us = -1; late_us <= 1; late_us++) {
        struct interlock interlock = tripped(&valve);
        struct interlock_view view = settled(3 * S);
        view.feedback = TRI_YES;
        view.feedback_mono_us = 2 * S + late_us;
        unsigned const happened = interlock_follow(&interlock, &valve, &view);
        assert_int_equal(happened, late_us > 0 ? INTERLOCK_COMMANDED | INTERLOCK_CONFIRMED : INTERLOCK_COMMANDED);
    }
}

/* From the moment an output is lost the deadline counts anew. */
static void test_an_output_is_lost(void **state)
{
    (void)state;
    struct interlock interlock = tripped(&siren);
    struct interlock_view view = settled(3 * S);
    assert_int_equal(interlock_follow(&interlock, &siren, &view), INTERLOCK_COMMANDED);
    view = settled(100 * S);
    view.settled = false;
    assert_int_equal(interlock_follow(&interlock, &siren, &view), 0);
    assert_false(interlock.failed || interlock.commanded || interlock.confirmed);
    assert_int_equal(interlock_next_mono_us(&interlock, &siren), 100 * S + INTERLOCK_WRITE_MS * 1000);
    view.mono_us = 103 * S - 1;
    (void)interlock_follow(&interlock, &siren, &view);
    assert_false(interlock.failed);
    view.mono_us = 103 * S;
    (void)interlock_follow(&interlock, &siren, &view);
    assert_true(interlock.failed);
    assert_int_equal(interlock_next_mono_us(&interlock, &siren), INTERLOCK_NEVER);
}

/* Well again is forgotten: the next trouble has its own time. */
static void test_well_again(void **state)
{
    (void)state;
    struct interlock interlock = tripped(&siren);
    struct interlock_view view = settled(3 * S);
    view.found_off = true;
    (void)interlock_follow(&interlock, &siren, &view);
    assert_true(interlock.failed);
    view = settled(3 * S + INTERLOCK_WELL_MS * 1000);
    (void)interlock_follow(&interlock, &siren, &view);
    assert_false(interlock.failed);
    view = settled(20 * S);
    view.settled = false;
    (void)interlock_follow(&interlock, &siren, &view);
    assert_false(interlock.failed);
}

/* Silenced it demands nothing, so nothing of it can fail, and nothing is left of what had. */
static void test_silenced_while_failed(void **state)
{
    (void)state;
    struct interlock interlock = tripped(&siren);
    const char *code = NULL;
    struct interlock_view view = settled(3 * S);
    view.found_off = true;
    (void)interlock_follow(&interlock, &siren, &view);
    assert_true(interlock.failed && interlock.commanded && interlock.confirmed);
    assert_int_equal(interlock_silence(&interlock, &siren, &code), ERR_OK);
    assert_false(interlock.commanded || interlock.confirmed);
    view = settled(4 * S);
    assert_int_equal(interlock_follow(&interlock, &siren, &view), 0);
    assert_false(interlock.failed);
    assert_int_equal(interlock_stored(&interlock, 0, 0).flags, STORED_SILENCED);
    view.vote.voters = 3; /* a further detector */
    assert_int_equal(interlock_vote(&interlock, &siren, &view), INTERLOCK_RESOUNDED);
    assert_int_equal(interlock_stored(&interlock, 0, 0).flags, 0);
    view.settled = false;
    assert_int_equal(interlock_follow(&interlock, &siren, &view), 0);
    assert_false(interlock.failed);
    assert_int_equal(interlock_next_mono_us(&interlock, &siren), 4 * S + INTERLOCK_WRITE_MS * 1000);
}

/* It trips by what its board did only once, and not while it is held. */
static void test_found_as_it_would_write(void **state)
{
    (void)state;
    struct interlock_view const view = settled(3 * S);
    struct interlock ready = {.tripped = false};
    assert_int_equal(interlock_found(&ready, &view), INTERLOCK_TRIPPED | INTERLOCK_FOUND);
    assert_true(ready.tripped);
    assert_int_equal(interlock_found(&ready, &view), 0);
    struct interlock held = {.held = true};
    assert_int_equal(interlock_found(&held, &view), 0);
    assert_false(held.tripped);
}

/* A value that nobody wrote: nothing is left to be written, and it was read after the last write. */
static void test_fallen_by_itself(void **state)
{
    (void)state;
    struct output const never = {.by_hand = false};
    assert_true(output_fell(&never, 1, 1, 0));
    assert_false(output_fell(&never, 1, 0, 0));
    struct output output = settled_at(1);
    assert_false(output_fell(&output, 1, 1, 9 * S)); /* demanded */
    output_drive(&output, (struct demand){.any = false}, 3 * S);
    assert_false(output_fell(&output, 1, 1, 9 * S)); /* still to be written back */
    output_sent(&output, 8, 3 * S);
    output_written(&output, &(struct written){.token = 8, .err = ERR_OK, .done_mono_us = 4 * S});
    assert_false(output_fell(&output, 1, 1, 4 * S)); /* may have been read before */
    assert_true(output_fell(&output, 1, 1, 4 * S + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_value),
        cmocka_unit_test(test_writes_of_the_present_value),
        cmocka_unit_test(test_what_is_over),
        cmocka_unit_test(test_the_opposite),
        cmocka_unit_test(test_which_demand_wins),
        cmocka_unit_test(test_the_next_moment),
        cmocka_unit_test(test_feedback_of_the_same_instant),
        cmocka_unit_test(test_an_output_is_lost),
        cmocka_unit_test(test_well_again),
        cmocka_unit_test(test_silenced_while_failed),
        cmocka_unit_test(test_found_as_it_would_write),
        cmocka_unit_test(test_fallen_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
