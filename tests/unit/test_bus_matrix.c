/* The fault matrix of the field bus: every fault × FC 1 to 6 × 1 and 8 slaves × seeds, over an RTU line, RTU behind a
 * serial server, and Modbus TCP. The gateway's own bus room, exchange and framer against slaves of the test's own, on the
 * test's clock. No wrong value may be told, ever, by anybody; no request may come too early, no deadline pass; after the
 * fault everybody is read again. (The gateway writes with FC 5 and 6 only: 15 and 16 do not exist in it.)
 *
 * SCALE=n plays n times as many seeds; SEED=n begins there. A cell that fails prints its own: SEED=n alone plays it again. */
#include "tests/support/test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/bus_rig.h"

#define SEEDS_AT_SCALE_1 2
#define SCALE_MOST       6   /* 3.6 million requests, minutes with a sanitizer; SEED=13 goes on from there */
#define REQUESTS         250 /* of a cell, while the fault lasts */
#define FAULT_US         ((int64_t)3600000000) /* at most, for those who stop asking */
#define RECOVERY_US      ((int64_t)60000000)
#define REFUSAL_US       ((int64_t)3660000000) /* what was refused is tried again each hour */
#define RECOVERY_STEP_US ((int64_t)500000)
#define REQUESTS_LEAST   50000

struct row {
    uint64_t cells;
    uint64_t requests;
    uint64_t struck;
    uint64_t good;
    uint64_t bad;
    uint64_t wrong;
    uint64_t written;
    uint64_t untrue_writes;
    uint64_t short_silences;
    uint64_t never_back;
    int64_t overdue_us;
};

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    uint64_t const number = text != NULL ? strtoull(text, NULL, 10) : 0;
    return number > 0 ? number : otherwise;
}

static bool is_victim(size_t slaves, size_t unit)
{
    return slaves == 1 || unit == 2 || unit == 5 || unit == 7;
}

static struct bus_rig_shape shape_of(enum link_kind kind, unsigned function, size_t slaves, struct dice *dice)
{
    static const size_t blocks[] = {1, 2, 10, 16};
    static const uint32_t bauds[] = {9600, 19200, 115200};
    return (struct bus_rig_shape){.kind = kind,
                                  .function = function,
                                  .slaves = slaves,
                                  .block = blocks[dice_between(dice, 0, 3)],
                                  .gap_max = 4,
                                  .every_ms = dice_chance(dice, 500) ? 0 : 500,
                                  .timeout_ms = (uint32_t)dice_between(dice, 100, 400),
                                  .baud = bauds[dice_between(dice, 0, 2)],
                                  .seed = dice_roll(dice)};
}

/* How often, how bytes come, and whether a busy slave hears: from the seed. */
static void set_line(struct rs485 *line, enum rs485_fault fault, size_t slaves, struct dice *dice)
{
    static const int per_mille[] = {100, 400, 1000};
    line->fault = fault;
    line->per_mille = per_mille[dice_between(dice, 0, 2)];
    line->skips_while_busy = dice_chance(dice, 500);
    line->lump_us = line->bus->kind == LINK_RTU && dice_chance(dice, 300) ? 16000 : 1;
    for (size_t unit = 1; unit <= slaves; unit++)
        line->slaves[unit].struck_often = is_victim(slaves, unit);
}

/* Does everybody give both blocks again, once the fault is gone? */
static bool comes_back(struct bus_rig *rig)
{
    int64_t const from_us = rig->now.mono_us;
    bool const refused = rig->line.fault >= RS485_EXCEPTION_1 && rig->line.fault <= RS485_EXCEPTION_3;
    int64_t const until_us = from_us + (refused || rig->line.fault == RS485_MIXED ? REFUSAL_US : RECOVERY_US);
    rig->line.per_mille = 0; /* an adapter that echoes goes on to */
    for (bool all = false; !all;) {
        if (rig->now.mono_us >= until_us)
            return false;
        bus_rig_run_until(rig, rig->now.mono_us + RECOVERY_STEP_US);
        all = true;
        for (size_t i = 0; i < 2 * rig->shape.slaves; i++)
            all = all && rig->seen[i / 2].good_us[i % 2] > from_us;
    }
    return true;
}

static void count(struct row *row, const struct bus_rig *rig)
{
    row->cells++;
    row->requests += rig->line.requests;
    row->struck += rig->line.struck;
    row->good += rig->all.good;
    row->bad += rig->all.bad;
    row->wrong += rig->all.wrong;
    row->written += rig->written;
    row->untrue_writes += rig->untrue_writes;
    row->short_silences += rig->line.short_silences;
    if (rig->line.overdue_us > row->overdue_us)
        row->overdue_us = rig->line.overdue_us;
}

static void play(struct row *row, enum rs485_fault fault, enum link_kind kind, unsigned function, size_t slaves,
                 uint64_t seed, bool unfenced)
{
    struct dice dice = {seed * 1000003 + (uint64_t)fault * 1009 + (uint64_t)kind * 101 + function * 11 + slaves};
    struct bus_rig_shape const shape = shape_of(kind, function, slaves, &dice);
    struct bus_rig *rig = malloc(sizeof *rig);
    assert_non_null(rig);
    bus_rig_open(rig, &shape);
    set_line(&rig->line, fault, slaves, &dice);
    rig->line.unfenced = unfenced;
    /* The second answer comes up to a timeout after the first. Before it is noticed, nobody can tell it from a first one of
     * the same registers: an old reading may be told, but never one of others. */
    if (fault == RS485_DUPLICATE)
        rig->stale_us = (int64_t)shape.timeout_ms * 2000;
    bus_rig_run_requests(rig, REQUESTS, FAULT_US);
    uint64_t const in_fault = rig->line.requests;
    bool const back = comes_back(rig);
    rig->line.requests = in_fault; /* the matrix counts what was sent while the fault lasted */
    count(row, rig);
    row->never_back += !back;
    if (!unfenced &&
        (!back || rig->all.wrong + rig->untrue_writes + rig->line.short_silences > 0 || rig->line.overdue_us > 0))
        printf("SEED=%" PRIu64 " %s, link %d, FC %u, %zu slaves: %" PRIu64 " wrong, %" PRIu64 " untrue writes, %" PRIu64
               " short silences, %" PRId64 " µs late, %s\n",
               seed, rs485_fault_text(fault), (int)kind, function, slaves, rig->all.wrong, rig->untrue_writes,
               rig->line.short_silences, rig->line.overdue_us, back ? "back" : "never back");
    bus_rig_close(rig);
    free(rig);
}

static void play_fault(struct row *row, enum rs485_fault fault, enum link_kind kind, bool unfenced)
{
    uint64_t const first = number_of("SEED", 1);
    uint64_t const scale = number_of("SCALE", 1);
    uint64_t const seeds = SEEDS_AT_SCALE_1 * (scale < SCALE_MOST ? scale : SCALE_MOST);
    for (uint64_t seed = first; seed < first + seeds; seed++)
        for (unsigned function = 1; function <= 6; function++)
            for (size_t slaves = 1; slaves <= 8; slaves += 7)
                play(row, fault, kind, function, slaves, seed, unfenced);
}

static void print(const char *name, const struct row *row)
{
    printf("  %-22s %7" PRIu64 " requests %6" PRIu64 " struck %7" PRIu64 " good %6" PRIu64 " bad %5" PRIu64
           " written  wrong %" PRIu64 "\n",
           name, row->requests, row->struck, row->good, row->bad, row->written, row->wrong + row->untrue_writes);
}

static void add(struct row *sum, const struct row *one)
{
    sum->cells += one->cells;
    sum->requests += one->requests;
    sum->struck += one->struck;
    sum->good += one->good;
    sum->bad += one->bad;
    sum->wrong += one->wrong;
    sum->written += one->written;
    sum->untrue_writes += one->untrue_writes;
    sum->short_silences += one->short_silences;
    sum->never_back += one->never_back;
    if (one->overdue_us > sum->overdue_us)
        sum->overdue_us = one->overdue_us;
}

static void matrix(enum link_kind kind, uint64_t requests_least)
{
    struct row sum = {0};
    printf("from SEED=%" PRIu64 "\n", number_of("SEED", 1));
    for (enum rs485_fault fault = RS485_NONE; fault < RS485_FAULT_COUNT; fault++) {
        struct row one = {0};
        if (!rs485_fault_is_of(fault, kind))
            continue;
        play_fault(&one, fault, kind, false);
        print(rs485_fault_text(fault), &one);
        assert_true(one.good > 0 && (fault == RS485_NONE ? one.bad == 0 : one.struck > 0));
        add(&sum, &one);
    }
    print("in all", &sum);
    assert_int_equal(sum.wrong, 0);
    assert_int_equal(sum.untrue_writes, 0);
    assert_int_equal(sum.short_silences, 0);
    assert_int_equal(sum.never_back, 0);
    assert_int_equal(sum.overdue_us, 0); /* a deadline is a deadline: the clock of the test has no latency */
    assert_true(sum.requests >= requests_least && sum.written > 0);
}

static void test_rtu(void **state)
{
    (void)state;
    matrix(LINK_RTU, REQUESTS_LEAST);
}

static void test_rtu_over_tcp(void **state)
{
    (void)state;
    matrix(LINK_RTU_OVER_TCP, REQUESTS_LEAST);
}

static void test_tcp(void **state)
{
    (void)state;
    matrix(LINK_TCP, REQUESTS_LEAST / 2);
}

/* The same, with a link that asks what was lost again in place of the probe: the oracle has to see it. */
static void test_without_fencing(void **state)
{
    static const enum rs485_fault faults[] = {RS485_LATE, RS485_LATE_BY_ONE};
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct row one = {0};
        play_fault(&one, faults[i], LINK_RTU, true);
        print(rs485_fault_text(faults[i]), &one);
        assert_true(one.wrong > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rtu),
        cmocka_unit_test(test_rtu_over_tcp),
        cmocka_unit_test(test_tcp),
        cmocka_unit_test(test_without_fencing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
