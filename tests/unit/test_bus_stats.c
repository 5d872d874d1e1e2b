#include "tests/support/test.h"

#include <string.h>

#include "gateway/run/bus_stats.h"

#define MS 1000

struct bench {
    struct arena arena;
    struct site_bus buses[2];
    struct site_slave slaves[3];
    struct site site;
    struct board *board;
    struct bus_stats stats;
    struct now now;
};

/* Two slaves on the bus that is looked at, one between them on another. */
static void bench_open(struct bench *bench)
{
    *bench = (struct bench){
        .buses = {{.id = "other", .kind = LINK_TCP},
                  {.id = "line", .kind = LINK_RTU, .baud = 9600, .data_bits = 8, .parity = 'N', .stop_bits = 1}},
        .slaves = {{.id = "a", .bus = 1, .unit = 3},
                   {.id = "b", .bus = 0, .unit = 3},
                   {.id = "c", .bus = 1, .unit = 9}},
        .now = {.mono_us = 1000000},
    };
    bench->site =
        (struct site){.id = "gw", .buses = bench->buses, .bus_count = 2, .slaves = bench->slaves, .slave_count = 3};
    arena_init(&bench->arena, 1 << 20);
    assert_int_equal(board_open(&bench->board, &bench->site), ERR_OK);
    assert_int_equal(bus_stats_open(&bench->stats, &bench->arena, &bench->site, 1), ERR_OK);
}

static void bench_close(struct bench *bench)
{
    board_close(bench->board);
    arena_close(&bench->arena);
}

static void ask(struct bench *bench, size_t slave, int64_t took_us, enum err err, bool probe, struct link_reply reply)
{
    bus_stats_begun(&bench->stats, slave, false, bench->now);
    reply.sent_mono_us = bench->now.mono_us;
    bench->now.mono_us += took_us;
    reply.done_mono_us = bench->now.mono_us;
    bus_stats_ended(&bench->stats, err, probe, &reply, bench->now);
}

static void show(struct bench *bench, struct board_bus *ret_bus, struct board_slave ret_slaves[static 2])
{
    bus_stats_show_begin(&bench->stats);
    bus_stats_show_end(&bench->stats, bench->board, bench->now);
    board_get_bus(bench->board, 1, ret_bus);
    board_get_slave(bench->board, 0, &ret_slaves[0]);
    board_get_slave(bench->board, 2, &ret_slaves[1]);
}

static uint64_t outcomes(const struct tally *counts)
{
    return counts->good + counts->timeouts + counts->garbled + counts->exceptions + counts->lost;
}

static void every_request_has_one_outcome(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    ask(&bench, 0, 10 * MS, ERR_OK, false, (struct link_reply){.characters = 20});
    ask(&bench, 1, 11 * MS, ERR_OK, false, (struct link_reply){.characters = 30});
    ask(&bench, 1, 500 * MS, ERR_TIMEOUT, false, (struct link_reply){.characters = 8});
    ask(&bench, 1, 500 * MS, ERR_GARBLED, false, (struct link_reply){.crc = 1, .junk = 9, .echo = 1});
    ask(&bench, 1, 5 * MS, ERR_EXCEPTION, true, (struct link_reply){.exception = 2});
    ask(&bench, 1, 5 * MS, ERR_EXCEPTION, false, (struct link_reply){.exception = 2});
    ask(&bench, 1, 5 * MS, ERR_EXCEPTION, false, (struct link_reply){.exception = 11});
    ask(&bench, 1, 5 * MS, ERR_EXCEPTION, false, (struct link_reply){.exception = 77});
    ask(&bench, 1, 5 * MS, ERR_CLOSED, false, (struct link_reply){0});
    struct board_bus bus;
    struct board_slave slaves[2];
    show(&bench, &bus, slaves);
    assert_int_equal(bus.tally.requests, 9);
    assert_int_equal(outcomes(&bus.tally), 9);
    assert_int_equal(slaves[1].tally.requests, 8);
    assert_int_equal(outcomes(&slaves[1].tally), 8);
    assert_int_equal(slaves[1].tally.good, 2); /* with the probe that was refused */
    assert_int_equal(slaves[1].tally.exceptions, 3);
    assert_int_equal(slaves[1].tally.by_code[2], 1);
    assert_int_equal(slaves[1].tally.by_code[11], 1);
    assert_int_equal(slaves[1].tally.by_code[0], 1);
    assert_int_equal(slaves[1].tally.crc, 1);
    assert_int_equal(slaves[1].tally.echo, 1);
    assert_int_equal(slaves[1].tally.lost, 1);
    assert_int_equal(slaves[1].last_exception, 77);
    assert_int_equal(slaves[0].tally.characters, 20);
    assert_int_equal(bus.tally.characters, 58);
    assert_int_equal(bus.busy_us, 1046 * MS);
    bench_close(&bench);
}

/* A frame nobody waited for is late when its slave owes one, and only once for each; else it is foreign. */
static void late_is_not_foreign(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    struct link_reply const from_3 = {.foreign = 1, .foreign_units = {3}};
    ask(&bench, 1, 10 * MS, ERR_OK, false, from_3);
    ask(&bench, 0, 500 * MS, ERR_TIMEOUT, false, (struct link_reply){0});
    ask(&bench, 1, 10 * MS, ERR_OK, false, from_3);
    ask(&bench, 1, 10 * MS, ERR_OK, false, from_3);
    ask(&bench, 0, 500 * MS, ERR_TIMEOUT, false, (struct link_reply){0});
    ask(&bench, 0, 10 * MS, ERR_OK, false, (struct link_reply){0}); /* it came in time after all: nothing is owed */
    ask(&bench, 1, 10 * MS, ERR_OK, false, (struct link_reply){.foreign = 6, .foreign_units = {3, 7, 8, 3}});
    struct board_bus bus;
    struct board_slave slaves[2];
    show(&bench, &bus, slaves);
    assert_int_equal(bus.tally.late, 1);
    assert_int_equal(bus.tally.foreign, 8);
    assert_int_equal(slaves[0].tally.late, 1);
    assert_int_equal(slaves[1].tally.late, 0);
    assert_int_equal(slaves[1].tally.foreign, 8);
    bench_close(&bench);
}

static uint8_t shown_late(struct bench *bench)
{
    struct board_bus bus;
    struct board_slave slaves[2];
    show(bench, &bus, slaves);
    return slaves[0].late;
}

/* Late answers are of now: forgotten when it answers in time, and when it answers no more at all. */
static void lateness_is_forgotten(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    struct link_reply const from_3 = {.foreign = 1, .foreign_units = {3}};
    ask(&bench, 0, 500 * MS, ERR_TIMEOUT, false, (struct link_reply){0});
    assert_int_equal(shown_late(&bench), 0);
    for (int i = 0; i < 5; i++) {
        ask(&bench, 1, 10 * MS, ERR_OK, false, from_3);
        ask(&bench, 0, 500 * MS, ERR_TIMEOUT, false, (struct link_reply){0});
        assert_int_equal(shown_late(&bench), BOARD_LATE);
    }
    for (int left = BOARD_LATE - 1; left >= 0; left--) {
        ask(&bench, 0, 500 * MS, ERR_TIMEOUT, false, (struct link_reply){0});
        assert_int_equal(shown_late(&bench), left);
    }
    ask(&bench, 0, 500 * MS, ERR_TIMEOUT, false, from_3);
    assert_int_equal(shown_late(&bench), BOARD_LATE);
    ask(&bench, 0, 10 * MS, ERR_OK, false, (struct link_reply){0});
    assert_int_equal(shown_late(&bench), 0);
    bench_close(&bench);
}

static void round_trips_are_per_slave(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    for (int i = 0; i < 200; i++) {
        ask(&bench, 0, i % 20 == 0 ? 90 * MS : 10 * MS, ERR_OK, false, (struct link_reply){0});
        ask(&bench, 1, 40 * MS, ERR_OK, false, (struct link_reply){0});
        ask(&bench, 1, 900 * MS, ERR_TIMEOUT, false, (struct link_reply){0}); /* no answer has no round trip */
    }
    struct board_bus bus;
    struct board_slave slaves[2];
    show(&bench, &bus, slaves);
    assert_in_range(slaves[0].rtt_p50_us, 9375, 10625);
    assert_in_range(slaves[0].rtt_p99_us, 84375, 95625);
    assert_in_range(slaves[1].rtt_p50_us, 37500, 42500);
    assert_in_range(slaves[1].rtt_p99_us, 37500, 42500);
    assert_int_equal(slaves[0].rtt_us, 10 * MS);
    assert_int_equal(slaves[1].good_mono_us, bench.now.mono_us - 900 * MS);
    bench_close(&bench);
}

/* 1 s planned, 1.25 s achieved for the one, in time for the other: the bus tells of the one that is worse off. */
static void achieved_periods_tell_who_is_behind(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    int64_t good[2] = {0};
    bus_stats_answering(&bench.stats, 0, true, bench.now);
    bus_stats_answering(&bench.stats, 1, true, bench.now);
    for (int i = 1; i <= 100; i++) {
        bench.now.mono_us += 250 * MS;
        if (i % 4 == 0)
            bus_stats_read(&bench.stats, 0, POLL_SAFETY, true, &good[0], bench.now);
        if (i % 5 == 0)
            bus_stats_read(&bench.stats, 1, POLL_SAFETY, false, &good[1], bench.now);
    }
    bench.now.mono_us += 100 * MS;
    bus_stats_show_begin(&bench.stats);
    bus_stats_show_read(&bench.stats, 0, POLL_SAFETY, 1000 * MS, good[0], bench.now);
    bus_stats_show_read(&bench.stats, 0, POLL_SLOW, 60000 * MS, 0, bench.now);
    bus_stats_show_read(&bench.stats, 1, POLL_SAFETY, 1000 * MS, good[1], bench.now);
    bus_stats_show_read(&bench.stats, 1, POLL_SAFETY, 1000 * MS, good[1] - 300 * MS, bench.now);
    bus_stats_show_end(&bench.stats, bench.board, bench.now);
    struct board_bus bus;
    struct board_slave slave;
    board_get_bus(bench.board, 1, &bus);
    board_get_slave(bench.board, 0, &slave);
    assert_int_equal(bus.cycle_us, 1000 * MS);
    assert_int_equal(slave.polls[POLL_SAFETY].achieved_us, 1000 * MS);
    assert_int_equal(slave.polls[POLL_SAFETY].age_us, 100 * MS);
    assert_int_equal(slave.polls[POLL_SLOW].planned_us, 60000 * MS);
    assert_int_equal(slave.polls[POLL_SLOW].achieved_us, -1);
    assert_int_equal(slave.polls[POLL_SLOW].age_us, -1);
    assert_int_equal(slave.polls[POLL_NORMAL].planned_us, -1);
    assert_int_equal(bus.polls[POLL_SAFETY].planned_us, 1000 * MS);
    assert_int_equal(bus.polls[POLL_SAFETY].achieved_us, 1250 * MS);
    assert_int_equal(bus.polls[POLL_SAFETY].slave, 2);
    assert_int_equal(bus.polls[POLL_SAFETY].age_us, 400 * MS);
    assert_int_equal(bus.polls[POLL_NORMAL].planned_us, -1);
    bus_stats_stranger(&bench.stats, 1, true, 42); /* nothing of it is read: it is not behind */
    bus_stats_show_begin(&bench.stats);
    bus_stats_show_end(&bench.stats, bench.board, bench.now);
    board_get_bus(bench.board, 1, &bus);
    assert_int_equal(bus.polls[POLL_SAFETY].slave, 0);
    bench_close(&bench);
}

/* A slave that was away for an hour did not achieve a period of an hour, and does not age its bus. */
static void absence_is_no_period(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    int64_t good = 0;
    bus_stats_answering(&bench.stats, 0, true, bench.now);
    for (int i = 0; i < 3; i++) {
        bench.now.mono_us += 1000 * MS;
        bus_stats_read(&bench.stats, 0, POLL_NORMAL, false, &good, bench.now);
    }
    bus_stats_answering(&bench.stats, 0, false, bench.now);
    bench.now.mono_us += 3600000LL * MS;
    bus_stats_show_begin(&bench.stats);
    bus_stats_show_read(&bench.stats, 0, POLL_NORMAL, 1000 * MS, good, bench.now);
    bus_stats_show_end(&bench.stats, bench.board, bench.now);
    struct board_bus bus;
    struct board_slave slave;
    board_get_bus(bench.board, 1, &bus);
    board_get_slave(bench.board, 0, &slave);
    assert_int_equal(bus.polls[POLL_NORMAL].age_us, -1);
    assert_int_equal(slave.polls[POLL_NORMAL].age_us, 3600000LL * MS);
    bus_stats_answering(&bench.stats, 0, true, bench.now);
    bus_stats_read(&bench.stats, 0, POLL_NORMAL, false, &good, bench.now);
    assert_int_equal(bench.stats.slaves[0].board.polls[POLL_NORMAL].achieved_us, 1000 * MS);
    bench_close(&bench);
}

/* 9600 8N1: 960 characters a second. 200 ms of each second in flight, 96 characters: 20 % busy, 10 % carrying. */
static void load_is_of_the_last_window(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    struct board_bus bus;
    struct board_slave slaves[2];
    show(&bench, &bus, slaves);
    assert_int_equal(bus.load_permille, -1);
    for (int i = 0; i < 10; i++) {
        ask(&bench, 0, 200 * MS, ERR_OK, false, (struct link_reply){.characters = 96});
        bench.now.mono_us += 800 * MS;
    }
    show(&bench, &bus, slaves);
    assert_int_equal(bus.load_permille, 200);
    assert_int_equal(bus.wire_permille, 100);
    bench.now.mono_us += 10000 * MS;
    show(&bench, &bus, slaves);
    assert_int_equal(bus.load_permille, 0);
    assert_int_equal(bus.wire_permille, 0);
    bench_close(&bench);
}

static void the_line_and_its_strangers(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    struct board_bus bus;
    struct board_slave slaves[2];
    bus_stats_closed(&bench.stats, "/dev/x: permission denied");
    show(&bench, &bus, slaves);
    assert_string_equal(bus.trouble, "/dev/x: permission denied");
    bus_stats_opened(&bench.stats);
    bus_stats_closed(&bench.stats, NULL);
    bus_stats_opened(&bench.stats);
    bus_stats_stranger(&bench.stats, 1, true, 42);
    bus_stats_timeout(&bench.stats, 1, 120);
    show(&bench, &bus, slaves);
    assert_true(bus.open);
    assert_int_equal(bus.reopened, 2);
    assert_string_equal(bus.trouble, "");
    assert_true(slaves[1].stranger && !slaves[0].stranger);
    assert_int_equal(slaves[1].stranger_found, 42);
    assert_int_equal(slaves[1].timeout_ms, 120);
    bus_stats_stranger(&bench.stats, 1, false, 0);
    show(&bench, &bus, slaves);
    assert_false(slaves[1].stranger);
    bench_close(&bench);
}

static void refusals_are_told_anew_each_time(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    struct board_slave slave;
    for (int round = 0; round < 2; round++) {
        bus_stats_show_begin(&bench.stats);
        for (uint16_t i = 0; i < 20; i++)
            bus_stats_show_refused(&bench.stats, 1,
                                   &(struct board_refusal){.point = i, .address = 100, .exception = 2});
        bus_stats_show_end(&bench.stats, bench.board, bench.now);
        board_get_slave(bench.board, 2, &slave);
        assert_int_equal(slave.refusal_count, 20);
        assert_int_equal(slave.refusals[0].point, 0);
        assert_int_equal(slave.refusals[BOARD_REFUSALS_MAX - 1].point, BOARD_REFUSALS_MAX - 1);
    }
    struct board_bus bus;
    struct board_slave slaves[2];
    show(&bench, &bus, slaves);
    assert_int_equal(slaves[1].refusal_count, 0);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_request_has_one_outcome),
        cmocka_unit_test(late_is_not_foreign),
        cmocka_unit_test(lateness_is_forgotten),
        cmocka_unit_test(round_trips_are_per_slave),
        cmocka_unit_test(achieved_periods_tell_who_is_behind),
        cmocka_unit_test(absence_is_no_period),
        cmocka_unit_test(load_is_of_the_last_window),
        cmocka_unit_test(the_line_and_its_strangers),
        cmocka_unit_test(refusals_are_told_anew_each_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
