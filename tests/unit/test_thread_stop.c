#include "tests/support/test.h"

#include <poll.h>
#include <stdatomic.h>

#include "gateway/base/thread.h"

/* A room whose step hangs until the test lets it go, like a driver that is stuck in the kernel. */
struct hanging {
    atomic_bool inside;
    atomic_bool let_go;
};

static int64_t hang(void *self, struct now now)
{
    struct hanging *room = self;
    (void)now;
    atomic_store(&room->inside, true);
    while (!atomic_load(&room->let_go)) {
    }
    return CLOCK_NEVER;
}

static int64_t rest(void *self, struct now now)
{
    (void)self;
    (void)now;
    return CLOCK_NEVER;
}

static int64_t in_ms(int64_t ms)
{
    return clock_now().mono_us + ms * 1000;
}

static void test_a_resting_thread_stops_at_once(void **state)
{
    (void)state;
    struct bell bell = {.fd = -1};
    assert_int_equal(bell_open(&bell), ERR_OK);
    struct room room = {.name = "rest", .step = rest, .bell = &bell};
    struct thread thread = {0};
    assert_int_equal(thread_start(&thread, &room), ERR_OK);
    assert_int_equal(thread_stop_until(&thread, in_ms(60000)), ERR_OK);
    assert_false(thread.started);
    assert_int_equal(thread_stop_until(&thread, 0), ERR_OK); /* again, and never started: nothing to do */
    thread_ask_stop(&thread);
    thread_stop(&thread);
    assert_int_equal(thread_start(&thread, &room), ERR_OK); /* and it can start again */
    thread_stop(&thread);
    bell_close(&bell);
}

static void test_a_hanging_thread_is_not_waited_for(void **state)
{
    (void)state;
    struct bell bell = {.fd = -1};
    assert_int_equal(bell_open(&bell), ERR_OK);
    struct hanging hanging = {0};
    struct room room = {.name = "hang", .self = &hanging, .step = hang, .bell = &bell};
    struct thread thread = {0};
    assert_int_equal(thread_start(&thread, &room), ERR_OK);
    while (!atomic_load(&hanging.inside)) {
    }
    assert_int_equal(thread_stop_until(&thread, in_ms(5)), ERR_TIMEOUT);
    assert_true(thread.started);
    assert_int_equal(thread_stop_until(&thread, 0), ERR_TIMEOUT); /* a time that has passed */
    atomic_store(&hanging.let_go, true);
    assert_int_equal(thread_stop_until(&thread, in_ms(60000)), ERR_OK); /* it had been asked already */
    assert_false(thread.started);
    bell_close(&bell);
}

/* Many are asked first and waited for afterwards: together they take as long as the slowest. */
static void test_many_stop_together(void **state)
{
    (void)state;
    struct bell bells[8];
    struct room rooms[8];
    struct thread threads[8] = {{0}};
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(bell_open(&bells[i]), ERR_OK);
        rooms[i] = (struct room){.name = "rest", .step = rest, .bell = &bells[i]};
        assert_int_equal(thread_start(&threads[i], &rooms[i]), ERR_OK);
    }
    for (size_t i = 0; i < 8; i++)
        thread_ask_stop(&threads[i]);
    for (size_t i = 0; i < 8; i++) {
        struct pollfd ended = {.fd = threads[i].ended.fd, .events = POLLIN};
        assert_int_equal(poll(&ended, 1, 60000), 1);
    }
    for (size_t i = 0; i < 8; i++) {
        thread_stop(&threads[i]);
        bell_close(&bells[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_resting_thread_stops_at_once),
        cmocka_unit_test(test_a_hanging_thread_is_not_waited_for),
        cmocka_unit_test(test_many_stop_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
