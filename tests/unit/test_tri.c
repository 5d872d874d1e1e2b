/* Three-valued logic, every combination against Kleene's tables: an unknown is what both of its values agree upon. */
#include "tests/support/test.h"

#include "gateway/core/tri.h"

/* What is known of a value that may be either of these. */
static enum tri known_of(bool may_be_no, bool may_be_yes)
{
    return may_be_no && may_be_yes ? TRI_UNKNOWN : may_be_yes ? TRI_YES : TRI_NO;
}

static bool may_be(enum tri a, bool value)
{
    return a == TRI_UNKNOWN || a == (value ? TRI_YES : TRI_NO);
}

static void test_of_two_values(void **state)
{
    (void)state;
    assert_int_equal(tri_of(false), TRI_NO);
    assert_int_equal(tri_of(true), TRI_YES);
    assert_int_equal(tri_not(TRI_NO), TRI_YES);
    assert_int_equal(tri_not(TRI_YES), TRI_NO);
    assert_int_equal(tri_not(TRI_UNKNOWN), TRI_UNKNOWN);
}

static void test_and_or(void **state)
{
    (void)state;
    for (enum tri a = TRI_NO; a <= TRI_UNKNOWN; a++)
        for (enum tri b = TRI_NO; b <= TRI_UNKNOWN; b++) {
            bool and_may[2] = {false, false};
            bool or_may[2] = {false, false};
            for (int values = 0; values < 4; values++) {
                bool const x = (values & 1) != 0;
                bool const y = (values & 2) != 0;
                if (!may_be(a, x) || !may_be(b, y))
                    continue;
                and_may[x && y] = true;
                or_may[x || y] = true;
            }
            assert_int_equal(tri_and(a, b), known_of(and_may[0], and_may[1]));
            assert_int_equal(tri_or(a, b), known_of(or_may[0], or_may[1]));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_of_two_values),
        cmocka_unit_test(test_and_or),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
