/* What the dead cost the living, on the test's clock: the real bus room and exchange over slaves of the test's own
 * (tests/support/bus_rig). Everything is compared with the same line where nobody is dead. */
#include "tests/support/test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/bus_rig.h"

#define SECOND_US ((int64_t)1000000)
#define SETTLE_US (120 * SECOND_US) /* back-off reaches its 10 s, timeouts are learned */
#define WATCH_US  (600 * SECOND_US)

struct living {
    double rate;    /* good readings a second of those who live */
    int32_t p50_ms; /* between two good readings of the same block */
    int32_t p99_ms;
    uint64_t wrong;
    uint64_t requests;
};

enum dead { DEAD_SINCE_LATELY, DEAD_FROM_THE_START };

/* Of `slaves`, the last `dead` do not answer; or they did for a minute, so that their timeouts are learned. */
static struct living watch(struct bus_rig_shape shape, size_t dead, enum dead since)
{
    struct bus_rig *rig = malloc(sizeof *rig);
    assert_non_null(rig);
    bus_rig_open(rig, &shape);
    if (since == DEAD_SINCE_LATELY)
        bus_rig_run_until(rig, rig->now.mono_us + SETTLE_US / 2);
    for (size_t i = shape.slaves - dead; i < shape.slaves; i++)
        rig->line.slaves[i + 1].dead = true;
    bus_rig_run_until(rig, rig->now.mono_us + SETTLE_US);
    uint64_t const good = rig->all.good;
    uint64_t const requests = rig->line.requests;
    rig->age_count = 0;
    bus_rig_run_until(rig, rig->now.mono_us + WATCH_US);
    struct living const living = {
        .rate = (double)(rig->all.good - good) / ((double)WATCH_US / SECOND_US),
        .p50_ms = bus_rig_age_ms(rig, 50),
        .p99_ms = bus_rig_age_ms(rig, 99),
        .wrong = rig->all.wrong,
        .requests = rig->line.requests - requests,
    };
    assert_int_equal(rig->line.overdue_us, 0);
    assert_int_equal(rig->line.short_silences, 0);
    bus_rig_close(rig);
    free(rig);
    return living;
}

static void print(const char *name, const struct living *living)
{
    printf("  %-34s %7.2f readings/s, age p50 %4d ms, p99 %4d ms\n", name, living->rate, (int)living->p50_ms,
           (int)living->p99_ms);
}

static struct bus_rig_shape shape_of(size_t slaves, uint32_t every_ms)
{
    return (struct bus_rig_shape){.kind = LINK_RTU,
                                  .function = 3,
                                  .slaves = slaves,
                                  .block = 10,
                                  .gap_max = 4,
                                  .every_ms = every_ms,
                                  .timeout_ms = 1000,
                                  .baud = 9600,
                                  .seed = 1};
}

/* Flat out there is no slack: what the dead take is missing. Five alone beside five with three dead ones. */
static void test_rate_with_3_of_8_dead(void **state)
{
    (void)state;
    struct living const alone = watch(shape_of(5, 0), 0, DEAD_FROM_THE_START);
    struct living const lately = watch(shape_of(8, 0), 3, DEAD_SINCE_LATELY);
    struct living const always = watch(shape_of(8, 0), 3, DEAD_FROM_THE_START);
    print("5 slaves, flat out", &alone);
    print("... and 3 that died", &lately);
    print("... and 3 that never answered", &always);
    assert_int_equal(alone.wrong + lately.wrong + always.wrong, 0);
    assert_true(lately.rate >= 0.9 * alone.rate);
    assert_true(always.rate >= 0.9 * alone.rate);
}

/* A site as it is planned: every two seconds, the line loaded to a third by those who live. */
static void test_age_with_8_of_16_dead(void **state)
{
    (void)state;
    struct living const alone = watch(shape_of(16, 2000), 0, DEAD_FROM_THE_START);
    struct living const beside = watch(shape_of(16, 2000), 8, DEAD_SINCE_LATELY);
    print("16 slaves each 2 s", &alone);
    print("8 of them, and 8 that died", &beside);
    assert_int_equal(alone.wrong + beside.wrong, 0);
    assert_true(beside.p99_ms <= alone.p99_ms * 115 / 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rate_with_3_of_8_dead),
        cmocka_unit_test(test_age_with_8_of_16_dead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
