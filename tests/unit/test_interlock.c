#include "tests/support/test.h"

#include "gateway/base/check.h"
#include "gateway/core/interlock.h"

#define S  INT64_C(1000000)
#define MS INT64_C(1000)

static const struct site_interlock valve = {
    .id = "trip", .confirm_device = 0, .confirm_within_ms = 10000, .latch = true, .action_count = 1};
static const struct site_interlock siren = {
    .id = "siren", .confirm_device = -1, .silenceable = true, .action_count = 1};

/* A bench: one interlock, one output, and a slave that does what the test says. */
struct bench {
    const struct site_interlock *site;
    struct interlock interlock;
    struct output output;
    struct vote vote;
    enum tri feedback;
    int64_t feedback_mono_us;
    uint32_t token;
    bool asked; /* a write was handed to the bus in the last turn */
    double asked_value;
    unsigned happened;
};

static void turn(struct bench *bench, int64_t mono_us)
{
    struct interlock_view view = {.mono_us = mono_us, .vote = bench->vote};
    struct demand demand = {0};
    bench->happened = interlock_vote(&bench->interlock, bench->site, &view);
    if (interlock_demands(&bench->interlock))
        demand_add(&demand, 1);
    output_drive(&bench->output, demand, mono_us);
    bench->asked = output_due(&bench->output, mono_us);
    bench->asked_value = bench->output.wanted;
    if (bench->asked)
        output_sent(&bench->output, ++bench->token, mono_us);
    view.settled = bench->output.settled;
    view.settled_mono_us = bench->output.settled_mono_us;
    view.found_off = bench->output.found_off;
    view.feedback = bench->feedback;
    view.feedback_mono_us = bench->feedback_mono_us;
    bench->happened |= interlock_follow(&bench->interlock, bench->site, &view);
}

static void written(struct bench *bench, uint32_t token, enum err err, int64_t mono_us)
{
    struct written result = {.token = token, .err = (uint8_t)err, .done_mono_us = mono_us};
    output_written(&bench->output, &result);
    turn(bench, mono_us);
}

static void feedback(struct bench *bench, enum tri value, int64_t mono_us)
{
    bench->feedback = value;
    bench->feedback_mono_us = mono_us;
    turn(bench, mono_us);
}

static void vote(struct bench *bench, enum tri verdict, uint64_t voters, int64_t mono_us)
{
    bench->vote = (struct vote){.verdict = verdict, .voters = voters};
    turn(bench, mono_us);
}

static struct bench tripped(const struct site_interlock *site, int64_t mono_us)
{
    struct bench bench = {.site = site, .feedback = TRI_UNKNOWN};
    vote(&bench, TRI_NO, 0, mono_us - 1);
    assert_int_equal(bench.happened, 0);
    assert_false(bench.asked);
    vote(&bench, TRI_YES, 1, mono_us);
    assert_int_equal(bench.happened, INTERLOCK_TRIPPED);
    assert_true(bench.asked && bench.asked_value > 0.5);
    return bench;
}

static void test_the_good_way(void **state)
{
    (void)state;
    struct bench bench = tripped(&valve, 10 * S);
    assert_int_equal(interlock_next_mono_us(&bench.interlock, &valve), 13 * S);
    feedback(&bench, TRI_NO, 10 * S + 5);
    written(&bench, 1, ERR_OK, 10 * S + 30 * MS);
    assert_int_equal(bench.happened, INTERLOCK_COMMANDED);
    assert_int_equal(bench.interlock.commanded_mono_us, 10 * S + 30 * MS);
    assert_int_equal(interlock_next_mono_us(&bench.interlock, &valve), 20 * S);
    feedback(&bench, TRI_NO, 11 * S);
    assert_int_equal(bench.happened, 0);
    feedback(&bench, TRI_YES, 12 * S);
    assert_int_equal(bench.happened, INTERLOCK_CONFIRMED);
    assert_false(bench.interlock.failed);
    assert_int_equal(interlock_next_mono_us(&bench.interlock, &valve), INTERLOCK_NEVER);
    const char *code = NULL;
    assert_int_equal(interlock_reset(&bench.interlock, false, &code), ERR_REFUSED);
    assert_string_equal(code, "condition_active");
    vote(&bench, TRI_NO, 0, 60 * S);
    assert_true(bench.interlock.tripped); /* it latches */
    assert_int_equal(interlock_reset(&bench.interlock, true, &code), ERR_OK);
    turn(&bench, 61 * S);
    assert_true(bench.asked && bench.asked_value < 0.5);
    assert_int_equal(interlock_reset(&bench.interlock, true, &code), ERR_REFUSED);
    assert_string_equal(code, "nothing_to_do");
    assert_int_equal(interlock_next_mono_us(&bench.interlock, &valve), INTERLOCK_NEVER);
}

/* "Closed" is only said by a reading that was made after the command. */
static void test_an_old_feedback_confirms_nothing(void **state)
{
    (void)state;
    struct bench bench = tripped(&valve, 10 * S);
    bench.feedback = TRI_YES;
    bench.feedback_mono_us = 10 * S + 20 * MS;
    written(&bench, 1, ERR_OK, 10 * S + 30 * MS);
    assert_int_equal(bench.happened, INTERLOCK_COMMANDED);
    feedback(&bench, TRI_YES, 10 * S + 31 * MS);
    assert_int_equal(bench.happened, INTERLOCK_CONFIRMED);
}

static void test_failed_writes_are_tried_for_ever(void **state)
{
    (void)state;
    struct bench bench = tripped(&valve, 0);
    int64_t now = 0;
    for (int i = 0; i < 5000; i++) {
        int64_t failed = now + 300 * MS;
        written(&bench, bench.token, i % 2 == 0 ? ERR_TIMEOUT : ERR_MISMATCH, failed);
        assert_false(bench.asked);
        assert_int_equal(output_next_mono_us(&bench.output), failed + 1 * S);
        turn(&bench, failed + 1 * S - 1);
        assert_false(bench.asked);
        now = failed + 1 * S;
        turn(&bench, now);
        assert_true(bench.asked);
        assert_int_equal(bench.interlock.failed, now >= 3 * S);
    }
    assert_int_equal(bench.output.err, ERR_MISMATCH);
    written(&bench, bench.token, ERR_OK, now + S);
    assert_int_equal(bench.happened, INTERLOCK_COMMANDED);
    feedback(&bench, TRI_YES, now + 2 * S);
    assert_true(bench.interlock.failed);
    assert_int_equal(interlock_next_mono_us(&bench.interlock, &valve), now + 7 * S);
    turn(&bench, now + 7 * S - 1);
    assert_true(bench.interlock.failed);
    turn(&bench, now + 7 * S);
    assert_false(bench.interlock.failed);
}

static void test_lost_results(void **state)
{
    (void)state;
    struct bench bench = tripped(&valve, 0);
    turn(&bench, 10 * S - 1);
    assert_false(bench.asked);
    turn(&bench, 10 * S);
    assert_true(bench.asked);                /* token 2 */
    written(&bench, 1, ERR_TIMEOUT, 11 * S); /* the late failure of the first says nothing about the second */
    turn(&bench, 12 * S);
    assert_false(bench.asked);
    written(&bench, 1, ERR_OK, 12 * S); /* but its success counts: the coil was read back */
    assert_int_equal(bench.happened, INTERLOCK_COMMANDED);
    written(&bench, 2, ERR_TIMEOUT, 13 * S); /* and cannot be lost again by an answer that comes later */
    assert_true(bench.interlock.commanded);
}

/* The result of a write of the other value, ordered before, must not count. */
static void test_overtaken_results(void **state)
{
    (void)state;
    struct bench bench = tripped(&siren, 0);
    const char *code = NULL;
    assert_int_equal(interlock_silence(&bench.interlock, &siren, &code), ERR_OK);
    turn(&bench, 1 * S);
    assert_true(bench.asked && bench.asked_value < 0.5); /* token 2: off */
    vote(&bench, TRI_YES, 3, 2 * S);
    assert_int_equal(bench.happened, INTERLOCK_RESOUNDED);
    assert_true(bench.asked && bench.asked_value > 0.5); /* token 3: on */
    written(&bench, 1, ERR_OK, 3 * S);
    written(&bench, 2, ERR_OK, 3 * S);
    assert_false(bench.interlock.commanded);
    written(&bench, 3, ERR_OK, 3 * S);
    assert_true(bench.interlock.commanded);
}

static void test_slow_and_missing_feedback(void **state)
{
    (void)state;
    struct bench bench = tripped(&valve, 0);
    written(&bench, 1, ERR_OK, 20 * MS);
    feedback(&bench, TRI_UNKNOWN, 5 * S); /* the input is bad: not confirmed */
    turn(&bench, 10 * S - 1);
    assert_false(bench.interlock.failed);
    turn(&bench, 10 * S);
    assert_true(bench.interlock.failed);
    assert_int_equal(interlock_next_mono_us(&bench.interlock, &valve), INTERLOCK_NEVER);
    feedback(&bench, TRI_YES, 14 * S);
    assert_int_equal(bench.happened, INTERLOCK_CONFIRMED);
    turn(&bench, 19 * S);
    assert_false(bench.interlock.failed);
    feedback(&bench, TRI_UNKNOWN, 20 * S); /* a bad reading takes nothing back */
    assert_true(bench.interlock.confirmed);
    feedback(&bench, TRI_NO, 30 * S); /* somebody opened the valve */
    assert_false(bench.interlock.confirmed);
    turn(&bench, 40 * S - 1);
    assert_false(bench.interlock.failed);
    turn(&bench, 40 * S);
    assert_true(bench.interlock.failed);
}

static void test_a_short_confirmation_time_rules(void **state)
{
    (void)state;
    struct site_interlock quick = valve;
    quick.confirm_within_ms = 1000;
    struct bench bench = tripped(&quick, 0);
    assert_int_equal(interlock_next_mono_us(&bench.interlock, &quick), 1 * S);
    turn(&bench, 1 * S);
    assert_true(bench.interlock.failed);
}

static void test_an_output_that_falls_off(void **state)
{
    (void)state;
    struct bench bench = tripped(&siren, 0);
    written(&bench, 1, ERR_OK, 20 * MS);
    assert_int_equal(bench.happened, INTERLOCK_COMMANDED);
    assert_true(bench.interlock.confirmed);
    assert_false(output_seen(&bench.output, 0, 20 * MS)); /* read before the write was done */
    assert_false(output_seen(&bench.output, 1, 1 * S));
    assert_true(output_seen(&bench.output, 0, 2 * S));
    assert_false(output_seen(&bench.output, 0, 2 * S + 1)); /* it is being seen to */
    turn(&bench, 2 * S + 1);
    assert_true(bench.asked && bench.asked_value > 0.5);
    assert_true(bench.interlock.failed);
    written(&bench, 2, ERR_OK, 3 * S);
    assert_int_equal(bench.happened, INTERLOCK_COMMANDED);
    turn(&bench, 8 * S - 1);
    assert_true(bench.interlock.failed);
    turn(&bench, 8 * S);
    assert_false(bench.interlock.failed);
    /* Released, it may be what it likes. */
    vote(&bench, TRI_NO, 0, 9 * S);
    assert_int_equal(bench.happened, INTERLOCK_RELEASED);
    written(&bench, bench.token, ERR_OK, 9 * S + 1);
    assert_false(output_seen(&bench.output, 1, 10 * S));
}

static void test_votes_of_a_siren(void **state)
{
    (void)state;
    struct bench bench = tripped(&siren, 0);
    written(&bench, 1, ERR_OK, 1);
    vote(&bench, TRI_UNKNOWN, 0, 1 * S); /* the detector is not known any more: it goes on */
    assert_int_equal(bench.happened, 0);
    assert_true(bench.interlock.tripped);
    vote(&bench, TRI_NO, 0, 2 * S);
    assert_int_equal(bench.happened, INTERLOCK_RELEASED);
    assert_true(bench.asked && bench.asked_value < 0.5);
    vote(&bench, TRI_UNKNOWN, 0, 3 * S);
    assert_int_equal(bench.happened, 0);
}

static void test_silence(void **state)
{
    (void)state;
    const char *code = NULL;
    struct bench bench = {.site = &siren};
    assert_int_equal(interlock_silence(&bench.interlock, &valve, &code), ERR_REFUSED);
    assert_string_equal(code, "not_silenceable");
    assert_int_equal(interlock_silence(&bench.interlock, &siren, &code), ERR_REFUSED);
    assert_string_equal(code, "nothing_to_do");
    bench = tripped(&siren, 0);
    written(&bench, 1, ERR_OK, 1);
    vote(&bench, TRI_YES, 3, 1 * S);
    assert_int_equal(interlock_silence(&bench.interlock, &siren, &code), ERR_OK);
    turn(&bench, 2 * S);
    assert_true(bench.asked && bench.asked_value < 0.5);
    assert_int_equal(interlock_silence(&bench.interlock, &siren, &code), ERR_REFUSED);
    assert_int_equal(interlock_next_mono_us(&bench.interlock, &siren), INTERLOCK_NEVER);
    vote(&bench, TRI_YES, 2, 3 * S); /* one went */
    assert_int_equal(bench.happened, 0);
    vote(&bench, TRI_YES, 3, 4 * S); /* and came again: that is a further alarm */
    assert_int_equal(bench.happened, INTERLOCK_RESOUNDED);
    assert_true(bench.asked && bench.asked_value > 0.5);
    assert_false(bench.interlock.silenced);
    assert_int_equal(interlock_silence(&bench.interlock, &siren, &code), ERR_OK);
    vote(&bench, TRI_NO, 0, 5 * S);
    assert_int_equal(bench.happened, INTERLOCK_RELEASED);
    vote(&bench, TRI_YES, 1, 6 * S); /* a new trip sounds */
    assert_int_equal(bench.happened, INTERLOCK_TRIPPED);
    assert_true(bench.asked && bench.asked_value > 0.5);
}

static void test_restart(void **state)
{
    (void)state;
    struct bench bench = tripped(&valve, 0);
    struct stored stored = interlock_stored(&bench.interlock, 4, 777);
    assert_int_equal(stored.kind, STORED_INTERLOCK);
    assert_int_equal(stored.state, 1);
    assert_int_equal(stored.index, 4);
    assert_int_equal(stored.since_utc_ms, 777);
    struct bench again = {.site = &valve, .vote = {.verdict = TRI_UNKNOWN}};
    interlock_restore(&again.interlock, &stored, 1, 50 * S);
    turn(&again, 50 * S);
    assert_true(again.asked && again.asked_value > 0.5);
    assert_int_equal(again.happened, 0); /* it is no new trip */
    assert_int_equal(interlock_next_mono_us(&again.interlock, &valve), 53 * S);

    bench = tripped(&siren, 0);
    const char *code = NULL;
    assert_int_equal(interlock_silence(&bench.interlock, &siren, &code), ERR_OK);
    stored = interlock_stored(&bench.interlock, 0, 0);
    struct bench silent = {.site = &siren, .vote = {.verdict = TRI_UNKNOWN, .unknown = 3}}; /* nobody was read yet */
    interlock_restore(&silent.interlock, &stored, 1, 50 * S);
    turn(&silent, 50 * S);
    assert_false(silent.asked);
    vote(&silent, TRI_YES, 1, 51 * S); /* who voted then is no news */
    assert_int_equal(silent.happened, 0);
    vote(&silent, TRI_YES, 3, 52 * S);
    assert_int_equal(silent.happened, INTERLOCK_RESOUNDED);

    stored.state = 0;
    interlock_restore(&silent.interlock, &stored, 1, 60 * S);
    assert_false(silent.interlock.tripped);
    assert_int_equal(interlock_stored(&silent.interlock, 0, 0).state, 0);
}

static struct bench held(const struct site_interlock *site)
{
    struct bench bench = {.site = site, .feedback = TRI_UNKNOWN};
    vote(&bench, TRI_NO, 0, 0);
    interlock_hold(&bench.interlock);
    vote(&bench, TRI_YES, 1, S);
    assert_int_equal(bench.happened, INTERLOCK_WITHHELD);
    assert_true(bench.interlock.tripped && !interlock_demands(&bench.interlock));
    assert_false(bench.asked);
    turn(&bench, 60 * S);
    assert_false(bench.asked || bench.interlock.commanded || bench.interlock.failed); /* nothing is missed */
    assert_int_equal(interlock_next_mono_us(&bench.interlock, site), INTERLOCK_NEVER);
    assert_int_equal(interlock_stored(&bench.interlock, 0, 0).state, STORED_TRIPPED); /* nobody holds it after a kill */
    return bench;
}

static unsigned end_hold(struct bench *bench, enum tri verdict, int64_t mono_us)
{
    bench->vote.verdict = verdict;
    struct interlock_view const view = {.mono_us = mono_us, .vote = bench->vote};
    unsigned const happened = interlock_end_hold(&bench->interlock, &view);
    assert_false(bench->interlock.held);
    turn(bench, mono_us);
    return happened;
}

static void test_a_hold(void **state)
{
    (void)state;
    struct bench bench = held(&valve);
    assert_int_equal(end_hold(&bench, TRI_YES, 70 * S), INTERLOCK_TRIPPED);
    assert_true(bench.asked && bench.asked_value > 0.5);
    assert_int_equal(interlock_next_mono_us(&bench.interlock, &valve), 73 * S); /* its deadlines count from there */

    bench = held(&valve);
    assert_int_equal(end_hold(&bench, TRI_UNKNOWN, 70 * S), INTERLOCK_TRIPPED); /* doubt counts for it */
    assert_true(bench.asked);

    bench = held(&valve); /* what tripped it is gone: that was the test */
    vote(&bench, TRI_NO, 0, 65 * S);
    assert_true(bench.interlock.tripped && bench.happened == 0);
    assert_int_equal(end_hold(&bench, TRI_NO, 70 * S), INTERLOCK_RELEASED);
    assert_false(bench.asked || bench.interlock.tripped);

    bench = held(&siren); /* without a latch it goes and comes as ever */
    vote(&bench, TRI_NO, 0, 65 * S);
    assert_int_equal(bench.happened, INTERLOCK_RELEASED);
    assert_true(bench.interlock.held);
    vote(&bench, TRI_YES, 1, 66 * S);
    assert_int_equal(bench.happened, INTERLOCK_WITHHELD);
    const char *code = NULL;
    assert_int_equal(interlock_silence(&bench.interlock, &siren, &code), ERR_REFUSED);
    assert_string_equal(code, "nothing_to_do");

    bench = (struct bench){.site = &valve};
    interlock_hold(&bench.interlock);
    assert_int_equal(end_hold(&bench, TRI_NO, 0), 0);
    vote(&bench, TRI_YES, 1, S);
    assert_int_equal(bench.happened, INTERLOCK_TRIPPED);
    assert_true(bench.asked);
}

static void test_demands(void **state)
{
    (void)state;
    struct demand demand = {0};
    struct output output = {0};
    output_drive(&output, demand, 0);
    assert_false(output.touched || output_due(&output, S)); /* nobody ever wanted it */
    assert_int_equal(output_next_mono_us(&output), INTERLOCK_NEVER);
    demand_add(&demand, 0);
    assert_true(demand.any && demand.value < 0.5);
    output_drive(&output, demand, 0);
    assert_true(output_due(&output, 0) && output.wanted < 0.5);
    demand_add(&demand, 1);
    demand_add(&demand, 0);
    assert_true(demand.value > 0.5); /* true wins */
    output_drive(&output, demand, 1);
    assert_true(output.wanted > 0.5);
    output_drive(&output, (struct demand){0}, 2);
    assert_true(output.wanted < 0.5 && !output.demanded);
    output_drive(&output, (struct demand){.any = true, .value = 0}, 3); /* a valve that closes without current */
    assert_true(output.demanded && output.wanted < 0.5);
    output_drive(&output, (struct demand){0}, 4);
    assert_true(output.wanted > 0.5);
}

static void test_a_full_way_to_the_bus(void **state)
{
    (void)state;
    struct output output = {0};
    output_drive(&output, (struct demand){.any = true, .value = 1}, 0);
    output_not_sent(&output, 0);
    assert_int_equal(output.err, ERR_FULL);
    assert_false(output_due(&output, 1 * S - 1));
    assert_true(output_due(&output, 1 * S));
    struct written stray = {.token = 0, .err = ERR_OK};
    output_written(&output, &stray); /* nothing was asked: whatever it is, it is not ours */
    assert_false(output.settled);
}

/* Two demanders of one output: the siren must not be written off while the other holds it. */
static void test_no_release_under_another(void **state)
{
    (void)state;
    struct interlock a = {.tripped = true};
    struct interlock b = {.tripped = true};
    struct output output = {0};
    for (int holders = 2; holders >= 0; holders--) {
        struct demand demand = {0};
        a.tripped = holders > 1;
        b.tripped = holders > 0;
        if (interlock_demands(&a))
            demand_add(&demand, 1);
        if (interlock_demands(&b))
            demand_add(&demand, 1);
        output_drive(&output, demand, holders);
        assert_int_equal(output.wanted > 0.5, holders > 0);
    }
}

/* Random plants: writes fail, answers are lost or late, feedback comes and goes. Whatever happens: a trip is followed by a
 * write in the same turn, "commanded" only stands on a write that was read back, "confirmed" only on a later feedback, a
 * latched interlock is never released by itself, and an undisturbed plant ends up confirmed and well. */
static uint64_t dice(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void disturb(struct bench *bench, uint64_t *seed, int64_t now)
{
    uint32_t token = bench->token - (uint32_t)(dice(seed) % 2);
    switch (dice(seed) % 8) {
    case 0:
        written(bench, token, ERR_TIMEOUT, now);
        return;
    case 1:
        written(bench, token, ERR_OK, now);
        return;
    case 2:
        (void)output_seen(&bench->output, (double)(dice(seed) % 2), now);
        turn(bench, now);
        return;
    case 3:
        feedback(bench, (enum tri)(dice(seed) % 3), now);
        return;
    case 4:
        vote(bench, (enum tri)(dice(seed) % 3), dice(seed) % 4, now);
        return;
    default:
        turn(bench, now);
        return;
    }
}

static void test_random_plants(void **state)
{
    (void)state;
    for (uint64_t s = 1; s <= 200; s++) {
        uint64_t seed = s * UINT64_C(0x9E3779B97F4A7C15);
        struct bench bench = tripped(&valve, 1 * S);
        int64_t now = 1 * S;
        for (int i = 0; i < 500; i++) {
            now += (int64_t)(dice(&seed) % 2000000) + 1;
            disturb(&bench, &seed, now);
            assert_true(bench.interlock.tripped);
            if (bench.interlock.commanded)
                assert_true(bench.output.settled && bench.output.wanted > 0.5);
            if (bench.interlock.confirmed)
                assert_true(bench.interlock.commanded);
            if ((bench.happened & INTERLOCK_CONFIRMED) != 0)
                assert_true(bench.feedback == TRI_YES && bench.feedback_mono_us > bench.output.settled_mono_us);
            if (!bench.output.settled)
                assert_true(output_next_mono_us(&bench.output) <= now + OUTPUT_LOST_MS * 1000);
        }
        bench.vote = (struct vote){.verdict = TRI_YES, .voters = 1};
        for (int i = 0; i < 20; i++) {
            now += 1 * S;
            turn(&bench, now);
            written(&bench, bench.token, ERR_OK, now + 1);
            feedback(&bench, TRI_YES, now + 2);
        }
        assert_true(bench.interlock.confirmed && !bench.interlock.failed);
    }
}

/* A fan goes on for a while; who needs it meanwhile takes it over, and the while begins anew. */
static void test_an_output_goes_on_after_the_release(void **state)
{
    (void)state;
    struct demand const on = {.any = true, .value = 1};
    struct output output = {.off_delay_us = 300 * S};
    struct written written = {.token = 1, .done_mono_us = 1 * S};
    output_drive(&output, on, 0);
    output_sent(&output, 1, 0);
    output_written(&output, &written);
    assert_true(output_rests(&output));
    output_drive(&output, (struct demand){0}, 10 * S);
    assert_false(output.demanded || output_due(&output, 20 * S) || output_rests(&output));
    assert_int_equal(output_next_mono_us(&output), 310 * S);
    assert_false(output_seen(&output, 0, 20 * S)); /* somebody switched it off: nobody demands it */
    output_drive(&output, (struct demand){0}, 310 * S - 1);
    assert_true(output.wanted > 0.5 && !output_rests(&output));
    output_drive(&output, on, 310 * S - 1);
    assert_true(output.demanded && output_rests(&output));
    assert_int_equal(output_next_mono_us(&output), INTERLOCK_NEVER);
    output_drive(&output, (struct demand){0}, 400 * S);
    output_drive(&output, (struct demand){0}, 700 * S);
    assert_true(output.wanted < 0.5 && output_due(&output, 700 * S) && !output.lingers && !output_rests(&output));
}

/* It is tried on even while it only lingers: the fan is wanted. */
static void test_a_lingering_output_is_still_tried(void **state)
{
    (void)state;
    struct output output = {.off_delay_us = 300 * S};
    output_drive(&output, (struct demand){.any = true, .value = 1}, 0);
    output_not_sent(&output, 0);
    output_drive(&output, (struct demand){0}, S / 2);
    assert_int_equal(output_next_mono_us(&output), 1 * S);
    assert_true(output_due(&output, 1 * S) && output.wanted > 0.5);
}

/* A gas valve: opened at the valve, by somebody who has looked. */
static void test_an_output_that_is_put_back_by_hand(void **state)
{
    (void)state;
    struct demand const on = {.any = true, .value = 1};
    for (int written = 0; written < 2; written++) {
        struct output output = {.by_hand = true};
        output_drive(&output, on, 0);
        output_sent(&output, 1, 0);
        if (written != 0)
            output_written(&output, &(struct written){.token = 1, .done_mono_us = 1 * S});
        output_drive(&output, (struct demand){0}, 10 * S);
        assert_true(output_rests(&output) && !output_due(&output, 100 * S));
        assert_int_equal(output_next_mono_us(&output), INTERLOCK_NEVER);
        output_drive(&output, on, 200 * S); /* and closed again at any time */
        assert_true(output_due(&output, 200 * S) && output.wanted > 0.5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_good_way),
        cmocka_unit_test(test_an_old_feedback_confirms_nothing),
        cmocka_unit_test(test_failed_writes_are_tried_for_ever),
        cmocka_unit_test(test_lost_results),
        cmocka_unit_test(test_overtaken_results),
        cmocka_unit_test(test_slow_and_missing_feedback),
        cmocka_unit_test(test_a_short_confirmation_time_rules),
        cmocka_unit_test(test_an_output_that_falls_off),
        cmocka_unit_test(test_votes_of_a_siren),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_a_hold),
        cmocka_unit_test(test_demands),
        cmocka_unit_test(test_a_full_way_to_the_bus),
        cmocka_unit_test(test_no_release_under_another),
        cmocka_unit_test(test_an_output_goes_on_after_the_release),
        cmocka_unit_test(test_a_lingering_output_is_still_tried),
        cmocka_unit_test(test_an_output_that_is_put_back_by_hand),
        cmocka_unit_test(test_random_plants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
