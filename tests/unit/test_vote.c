#include "tests/support/dies.h"

#include "gateway/core/vote.h"

#define YES                                                                                                            \
    {                                                                                                                  \
        .known = true, .condition = true                                                                               \
    }
#define NO                                                                                                             \
    {                                                                                                                  \
        .known = true                                                                                                  \
    }
#define NEW                                                                                                            \
    {                                                                                                                  \
        .known = false                                                                                                 \
    } /* not read since start */
#define OLD                                                                                                            \
    {                                                                                                                  \
        .known = false, .condition = true                                                                              \
    } /* its stored alarm is on, but it was not read since start */
#define SICK                                                                                                           \
    {                                                                                                                  \
        .known = true, .fault = true                                                                                   \
    }
#define HELD                                                                                                           \
    {                                                                                                                  \
        .known = true, .fault = true, .condition = true                                                                \
    }
#define LOST                                                                                                           \
    {                                                                                                                  \
        .known = false, .fault = true, .condition = true                                                               \
    } /* OLD, and it does not answer */
#define DEAD                                                                                                           \
    {                                                                                                                  \
        .known = false, .fault = true                                                                                  \
    }

static void test_verdicts(void **state)
{
    (void)state;
    static const struct {
        struct vote_member members[3];
        size_t count, n;
        enum fault_vote fault_vote;
        enum tri verdict;
        uint64_t voters;
    } cases[] = {
        {{YES}, 1, 1, FAULT_VOTE_FOR, TRI_YES, 1},
        {{NO}, 1, 1, FAULT_VOTE_FOR, TRI_NO, 0},
        {{NEW}, 1, 1, FAULT_VOTE_FOR, TRI_UNKNOWN, 0},
        {{OLD}, 1, 1, FAULT_VOTE_FOR, TRI_UNKNOWN, 0}, /* it neither trips nor releases */
        {{NO, YES}, 2, 1, FAULT_VOTE_FOR, TRI_YES, 2},
        {{NO, YES}, 2, 2, FAULT_VOTE_FOR, TRI_NO, 2},
        {{YES, YES, NO}, 3, 2, FAULT_VOTE_FOR, TRI_YES, 3},
        {{YES, NEW, NO}, 3, 2, FAULT_VOTE_FOR, TRI_UNKNOWN, 1},
        {{YES, NEW, NO}, 3, 1, FAULT_VOTE_FOR, TRI_YES, 1},
        {{NO, NEW, NO}, 3, 2, FAULT_VOTE_FOR, TRI_NO, 0}, /* the unknown one cannot decide it */
        {{SICK, NO}, 2, 1, FAULT_VOTE_FOR, TRI_YES, 1},
        {{SICK, YES}, 2, 2, FAULT_VOTE_FOR, TRI_YES, 3},
        {{SICK, NO}, 2, 1, FAULT_VOTE_REMOVE, TRI_NO, 0},
        {{SICK, YES}, 2, 2, FAULT_VOTE_REMOVE, TRI_YES, 2}, /* 2 of 2 becomes 1 of 1 */
        {{SICK, YES, NO}, 3, 2, FAULT_VOTE_REMOVE, TRI_NO, 2},
        {{SICK, SICK, YES}, 3, 2, FAULT_VOTE_REMOVE, TRI_YES, 4},
        {{SICK, SICK}, 2, 1, FAULT_VOTE_REMOVE, TRI_UNKNOWN, 0}, /* blind */
        {{HELD, NO}, 2, 1, FAULT_VOTE_REMOVE, TRI_YES, 1},       /* it was voting when it went blind */
        {{DEAD, NO}, 2, 1, FAULT_VOTE_FOR, TRI_UNKNOWN, 0},      /* never read since start: no fault vote */
        {{DEAD, NO}, 2, 1, FAULT_VOTE_REMOVE, TRI_NO, 0},
        {{LOST, NO}, 2, 1, FAULT_VOTE_REMOVE, TRI_UNKNOWN, 0}, /* it was voting when it went blind, before the start */
        {{LOST, YES}, 2, 1, FAULT_VOTE_REMOVE, TRI_YES, 2},
        {{LOST, YES, NO}, 3, 2, FAULT_VOTE_REMOVE, TRI_UNKNOWN, 2},
        {{LOST, NO, NO}, 3, 2, FAULT_VOTE_REMOVE, TRI_NO, 0},
        {{LOST, NO}, 2, 1, FAULT_VOTE_FOR, TRI_UNKNOWN, 0},
        {{NO}, 0, 1, FAULT_VOTE_FOR, TRI_UNKNOWN, 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct vote vote = vote_take(cases[i].members, cases[i].count, cases[i].n, cases[i].fault_vote);
        if (vote.verdict != cases[i].verdict || vote.voters != cases[i].voters)
            fail_msg("case %zu: verdict %d voters %llx", i, vote.verdict, (unsigned long long)vote.voters);
    }
}

static void test_a_full_zone(void **state)
{
    (void)state;
    struct vote_member members[SITE_DETECTORS_MAX] = {{0}};
    for (size_t i = 0; i < SITE_DETECTORS_MAX; i++)
        members[i] = (struct vote_member)NO;
    members[63].condition = true;
    struct vote vote = vote_take(members, SITE_DETECTORS_MAX, 1, FAULT_VOTE_FOR);
    assert_int_equal(vote.verdict, TRI_YES);
    assert_true(vote.voters == UINT64_C(1) << 63);
    assert_true(vote.unknown == 0);
    members[5] = (struct vote_member)NEW;
    assert_true(vote_take(members, SITE_DETECTORS_MAX, 2, FAULT_VOTE_FOR).unknown == 1 << 5);
}

/* All 7^3 votes of three detectors: more gas never turns a verdict from yes to no, and what an unknown detector turns out
 * to be never contradicts what was said before it was known. */
static void test_monotony(void **state)
{
    (void)state;
    struct vote_member const kinds[] = {NO, YES, NEW, SICK, HELD, DEAD, LOST};
    size_t const count = ARRAY_SIZE(kinds);
    for (size_t code = 0; code < count * count * count; code++) {
        for (size_t n = 1; n <= 3; n++) {
            for (int remove = 0; remove < 2; remove++) {
                enum fault_vote fault_vote = remove != 0 ? FAULT_VOTE_REMOVE : FAULT_VOTE_FOR;
                struct vote_member members[3] = {kinds[code % count], kinds[code / count % count],
                                                 kinds[code / count / count]};
                enum tri before = vote_take(members, 3, n, fault_vote).verdict;
                for (size_t i = 0; i < 3; i++) {
                    struct vote_member changed[3] = {members[0], members[1], members[2]};
                    bool was_new = !changed[i].known && !changed[i].fault;
                    changed[i] = (struct vote_member)YES;
                    enum tri after = vote_take(changed, 3, n, fault_vote).verdict;
                    if (before == TRI_YES)
                        assert_int_equal(after, TRI_YES);
                    if (before == TRI_NO && was_new)
                        assert_int_equal(after, TRI_NO);
                }
            }
        }
    }
}

static void test_only_what_is_a_zone_is_asked(void **state)
{
    (void)state;
    struct vote_member const members[SITE_DETECTORS_MAX + 1] = {{.known = false}};
    assert_dies(vote_take(members, 2, 0, FAULT_VOTE_FOR).voters);
    assert_dies(vote_take(members, SITE_DETECTORS_MAX + 1, 1, FAULT_VOTE_FOR).voters);
    assert_int_equal(vote_take(members, 0, 1, FAULT_VOTE_FOR).verdict, TRI_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_a_full_zone),
        cmocka_unit_test(test_monotony),
        cmocka_unit_test(test_only_what_is_a_zone_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
