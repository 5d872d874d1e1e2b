#include "tests/support/test.h"

#include <stdbool.h>
#include <string.h>

#include "gateway/core/ackset.h"

#define UNIVERSE 400

/* What the set should be, the slow way. Forgetting is allowed, remembering wrongly is not. */
struct model {
    bool settled[UNIVERSE + 2];
};

static void check_shape(const struct ackset *set)
{
    uint64_t before = set->lw;
    assert_true(set->range_count <= ACKSET_RANGES_MAX);
    for (size_t i = 0; i < set->range_count; i++) {
        assert_true(set->ranges[i].first > before + 1); /* apart from what is below */
        assert_true(set->ranges[i].last >= set->ranges[i].first);
        before = set->ranges[i].last;
    }
}

static void joins_neighbours(void **state)
{
    (void)state;
    struct ackset set;
    ackset_init(&set, 10);
    ackset_add(&set, 12, 12);
    ackset_add(&set, 14, 20);
    assert_int_equal(set.range_count, 2);
    assert_int_equal(ackset_open_from(&set, 0), 11);
    assert_int_equal(ackset_open_from(&set, 12), 13);
    assert_int_equal(ackset_open_from(&set, 15), 21);
    ackset_add(&set, 13, 13);
    assert_int_equal(set.range_count, 1);
    assert_int_equal(set.lw, 10);
    ackset_add(&set, 11, 11);
    assert_int_equal(set.range_count, 0);
    assert_int_equal(set.lw, 20);
    ackset_add(&set, 5, 20); /* known */
    ackset_add(&set, 9, 8);  /* nothing */
    assert_int_equal(set.lw, 20);
    ackset_add(&set, 1, 30); /* over everything */
    assert_int_equal(set.lw, 30);
}

static void low_water_swallows_islands(void **state)
{
    (void)state;
    struct ackset set;
    ackset_init(&set, 0);
    ackset_add(&set, 5, 6);
    ackset_add(&set, 9, 9);
    ackset_add(&set, 20, 30);
    ackset_add(&set, 1, 8);
    assert_int_equal(set.lw, 9);
    assert_int_equal(set.range_count, 1);
    ackset_add(&set, 2, 25);
    assert_int_equal(set.lw, 30);
    assert_int_equal(set.range_count, 0);
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void agrees_with_the_slow_way(void **state)
{
    (void)state;
    for (uint32_t run = 1; run <= 200; run++) {
        uint32_t seed = run;
        struct model model = {{false}};
        struct ackset set;
        ackset_init(&set, 0);
        for (int i = 0; i < 60; i++) { /* at most 60 islands: nothing is forgotten */
            uint64_t const first = 1 + next_random(&seed) % UNIVERSE;
            uint64_t last = first + next_random(&seed) % 7;
            if (last > UNIVERSE)
                last = UNIVERSE;
            ackset_add(&set, first, last);
            for (uint64_t n = first; n <= last; n++)
                model.settled[n] = true;
            check_shape(&set);
        }
        model.settled[0] = true;
        uint64_t open = UNIVERSE + 1;
        for (uint64_t n = UNIVERSE; n > 0; n--) {
            if (!model.settled[n])
                open = n;
            assert_int_equal(ackset_has(&set, n), model.settled[n]);
            assert_int_equal(ackset_open_from(&set, n), open);
        }
    }
}

static void forgets_the_shortest_and_never_invents(void **state)
{
    (void)state;
    for (uint32_t run = 1; run <= 50; run++) {
        uint32_t seed = run;
        struct model model = {{false}};
        struct ackset set;
        ackset_init(&set, 0);
        ackset_add(&set, 2, 11); /* the longest: stays, whatever else comes */
        for (uint64_t n = 2; n <= 11; n++)
            model.settled[n] = true;
        for (uint64_t n = 13; n + 3 < UNIVERSE; n += 3) {
            uint64_t const last = n + next_random(&seed) % 2;
            ackset_add(&set, n, last);
            model.settled[n] = model.settled[last] = true;
            check_shape(&set);
        }
        assert_int_equal(set.range_count, ACKSET_RANGES_MAX);
        assert_true(ackset_has(&set, 2) && ackset_has(&set, 11));
        for (uint64_t n = 1; n <= UNIVERSE; n++)
            if (ackset_has(&set, n))
                assert_true(model.settled[n]);
    }
}

static void keeps_the_longest_for_storing(void **state)
{
    (void)state;
    struct ackset set;
    struct ackset_range kept[3];
    ackset_init(&set, 1);
    ackset_add(&set, 10, 10);
    ackset_add(&set, 20, 29);
    ackset_add(&set, 40, 41);
    ackset_add(&set, 50, 58);
    ackset_add(&set, 70, 70);
    assert_int_equal(ackset_longest(&set, kept, 3), 3);
    assert_int_equal(kept[0].first, 20);
    assert_int_equal(kept[1].first, 40);
    assert_int_equal(kept[2].last, 58);
    assert_int_equal(set.range_count, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joins_neighbours),
        cmocka_unit_test(low_water_swallows_islands),
        cmocka_unit_test(agrees_with_the_slow_way),
        cmocka_unit_test(forgets_the_shortest_and_never_invents),
        cmocka_unit_test(keeps_the_longest_for_storing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
