#include "tests/support/test.h"

#include "gateway/core/backoff.h"

static void stays_within_its_span(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 500; seed++) {
        struct backoff backoff;
        backoff_init(&backoff, seed, 1000, 60000);
        uint64_t span = 1000;
        for (int i = 0; i < 100; i++) {
            assert_true(backoff_next_ms(&backoff) <= span);
            span = span * 2 > 60000 ? 60000 : span * 2;
        }
    }
}

/* Full jitter means the whole span, from its first tenth to its last: gateways must not come back together. */
static void uses_the_whole_span(void **state)
{
    (void)state;
    unsigned low = 0;
    unsigned high = 0;
    for (uint64_t seed = 0; seed < 1000; seed++) {
        struct backoff backoff;
        backoff_init(&backoff, seed, 1000, 60000);
        uint32_t const wait = backoff_next_ms(&backoff);
        low += wait < 100;
        high += wait >= 900;
    }
    assert_in_range(low, 60, 150);
    assert_in_range(high, 60, 150);
}

static void begins_anew_after_a_success(void **state)
{
    (void)state;
    struct backoff backoff;
    backoff_init(&backoff, 7, 1000, 60000);
    for (int i = 0; i < 40; i++)
        (void)backoff_next_ms(&backoff);
    backoff_reset(&backoff);
    for (int i = 0; i < 200; i++) {
        assert_true(backoff_next_ms(&backoff) <= 1000);
        backoff_reset(&backoff);
    }
}

static void repeats_with_its_seed(void **state)
{
    (void)state;
    struct backoff a;
    struct backoff b;
    backoff_init(&a, 42, 1000, 60000);
    backoff_init(&b, 42, 1000, 60000);
    for (int i = 0; i < 50; i++)
        assert_int_equal(backoff_next_ms(&a), backoff_next_ms(&b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stays_within_its_span),
        cmocka_unit_test(uses_the_whole_span),
        cmocka_unit_test(begins_anew_after_a_success),
        cmocka_unit_test(repeats_with_its_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
