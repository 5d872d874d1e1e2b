#include "tests/support/test.h"

#include "gateway/base/clock.h"
#include "gateway/run/sender_window.h"

#define SEC 1000000LL

static uint64_t take(struct window *window, enum sent_kind kind, uint64_t number, size_t size, int64_t at)
{
    return window_take(window,
                       &(struct sent){.kind = kind, .first = number, .last = number, .size = size, .sent_mono_us = at});
}

static void holds_no_more_than_the_broker_allows(void **state)
{
    (void)state;
    struct window window;
    window_init(&window);
    window_reset(&window, 3);
    for (uint64_t i = 0; i < 3; i++) {
        assert_true(window_has_room(&window, SENT_ALARM, 100));
        (void)take(&window, SENT_ALARM, i, 100, 5);
    }
    assert_false(window_has_room(&window, SENT_ALARM, 100));
    window_reset(&window, UINT16_MAX);
    for (uint64_t i = 0; i < WINDOW_MAX; i++)
        (void)take(&window, SENT_LIVE, i, 100, 5);
    assert_false(window_has_room(&window, SENT_ALARM, 100));
}

/* History never takes all of it: an alarm finds room at once. */
static void keeps_room_beside_history(void **state)
{
    (void)state;
    struct window window;
    uint64_t count = 0;
    window_init(&window);
    window_reset(&window, 20);
    while (window_has_room(&window, SENT_HISTORY, 1000))
        (void)take(&window, SENT_HISTORY, count++, 1000, 5);
    assert_int_equal(count, 14);
    assert_true(window_has_room(&window, SENT_ALARM, 1000));
    window_reset(&window, 20);
    count = 0;
    while (window_has_room(&window, SENT_HISTORY, 12000)) /* by bytes: 70 % of 64 KB */
        (void)take(&window, SENT_HISTORY, count++, 12000, 5);
    assert_int_equal(count, 3);
    window_reset(&window, 1);
    assert_true(window_has_room(&window, SENT_HISTORY, 12000)); /* but an empty window takes anything */
}

static void knows_only_its_own_tickets(void **state)
{
    (void)state;
    struct window window;
    window_init(&window);
    window_reset(&window, 20);
    uint64_t const old = take(&window, SENT_LIVE, 7, 100, 5);
    assert_non_null(window_find(&window, old));
    assert_null(window_find(&window, old + 1));
    assert_null(window_find(&window, old | UINT32_MAX));
    window_reset(&window, 20);
    uint64_t const fresh = take(&window, SENT_LIVE, 8, 100, 5);
    assert_null(window_find(&window, old)); /* an answer from the last connection settles nothing in this one */
    assert_int_equal(window_find(&window, fresh)->first, 8);
    window_acked(&window, window_find(&window, fresh), 6);
    assert_null(window_find(&window, fresh)); /* and none twice */
}

static void covers_by_lane(void **state)
{
    (void)state;
    struct window window;
    window_init(&window);
    window_reset(&window, 20);
    assert_int_equal(window_oldest_mono_us(&window), CLOCK_NEVER);
    (void)take(&window, SENT_ALARM, 5, 100, 50);
    (void)window_take(&window, &(struct sent){.kind = SENT_HISTORY, .first = 10, .last = 20, .sent_mono_us = 40});
    assert_true(window_covers(&window, false, 5));
    assert_false(window_covers(&window, true, 5));
    assert_true(window_covers(&window, true, 10) && window_covers(&window, true, 20));
    assert_false(window_covers(&window, true, 9) || window_covers(&window, true, 21));
    assert_int_equal(window_oldest_mono_us(&window), 40);
}

static void gives_a_slow_line_less(void **state)
{
    (void)state;
    struct window window;
    int64_t now = 100 * SEC;
    window_init(&window);
    window_reset(&window, 20);
    for (int i = 0; i < 10; i++) {
        uint64_t const ticket = take(&window, SENT_LIVE, 1, 1000, now);
        now += 2 * SEC;
        window_acked(&window, window_find(&window, ticket), now);
    }
    assert_int_equal(window.bytes_max, WINDOW_BYTES_MIN);
    window_reset(&window, 20);
    assert_int_equal(window.bytes_max, WINDOW_BYTES_MIN); /* the line is the same after a break */
    for (int i = 0; i < 1000; i++) {
        uint64_t const ticket = take(&window, SENT_HISTORY, 1, window.bytes_max, now);
        (void)take(&window, SENT_LIVE, 2, 100, now);
        now += SEC / 100;
        window_acked(&window, window_find(&window, ticket), now);
        window_reset(&window, 20);
    }
    assert_in_range(window.bytes_max, WINDOW_BYTES_MAX, WINDOW_BYTES_MAX + 4096);
}

static void halves_and_widens_again(void **state)
{
    (void)state;
    struct window window;
    window_init(&window);
    window_reset(&window, 20);
    for (int i = 0; i < 10; i++)
        window_halve(&window);
    assert_int_equal(window.slot_max, 1);
    for (int i = 0; i < 3000; i++) {
        uint64_t const ticket = take(&window, SENT_LIVE, 1, 100, i);
        window_acked(&window, window_find(&window, ticket), i);
    }
    assert_int_equal(window.slot_max, 20);
}

/* History may fill a part of the byte bound only: that part is what has to grow on a quick line, or a drain would go on with
 * the three messages it began with. */
static void a_drain_grows_wide(void **state)
{
    (void)state;
    struct window window;
    size_t const size = 12000;
    size_t in_flight = 0;
    int64_t now = 1000000;
    window_init(&window);
    window_reset(&window, 0);
    for (int round = 0; round < 200; round++) {
        uint64_t tickets[WINDOW_MAX];
        in_flight = 0;
        while (window_has_room(&window, SENT_HISTORY, size))
            tickets[in_flight++] = take(&window, SENT_HISTORY, 1, size, now);
        now += 1000;
        for (size_t i = 0; i < in_flight; i++)
            window_acked(&window, window_find(&window, tickets[i]), now);
        if (round == 0)
            assert_int_equal(in_flight, 3);
    }
    assert_int_equal(in_flight, WINDOW_MAX * WINDOW_HISTORY_SHARE / 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_no_more_than_the_broker_allows),
        cmocka_unit_test(keeps_room_beside_history),
        cmocka_unit_test(knows_only_its_own_tickets),
        cmocka_unit_test(covers_by_lane),
        cmocka_unit_test(gives_a_slow_line_less),
        cmocka_unit_test(halves_and_widens_again),
        cmocka_unit_test(a_drain_grows_wide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
