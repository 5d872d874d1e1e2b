#include "tests/support/test.h"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "gateway/base/bell.h"

#define FOREVER_MS 60000 /* a failing test ends here; a good one never waits */

static bool is_rung(const struct bell *bell)
{
    struct pollfd fd = {.fd = bell->fd, .events = POLLIN};
    return poll(&fd, 1, 0) == 1;
}

static void rings_until_answered(void **state)
{
    (void)state;
    struct bell bell;
    assert_int_equal(bell_open(&bell), ERR_OK);
    assert_false(is_rung(&bell));
    bell_ring(&bell);
    assert_true(is_rung(&bell));
    assert_true(is_rung(&bell)); /* looking does not answer */
    bell_answer(&bell);
    assert_false(is_rung(&bell));
    bell_ring(&bell);
    assert_true(is_rung(&bell));
    bell_close(&bell);
}

static void many_rings_are_one(void **state)
{
    (void)state;
    struct bell bell;
    uint64_t writes = 0;
    assert_int_equal(bell_open(&bell), ERR_OK);
    for (int i = 0; i < 1000; i++)
        bell_ring(&bell);
    assert_int_equal(read(bell.fd, &writes, sizeof writes), sizeof writes);
    assert_int_equal(writes, 1); /* the others cost no system call */
    bell_answer(&bell);
    assert_false(is_rung(&bell));
    bell_answer(&bell); /* answering a silent bell does not block */
    bell_close(&bell);
}

static void closing_accepts_the_closed(void **state)
{
    (void)state;
    struct bell bell;
    assert_int_equal(bell_open(&bell), ERR_OK);
    bell_close(&bell);
    assert_int_equal(bell.fd, -1);
    bell_close(&bell);
}

/* A counter beside a bell, as a ring beside a room: every increment is followed by a ring. The reader sleeps on the bell
 * alone, so a single lost ring leaves it asleep with work undone. */
#define WORK    200000
#define RINGERS 2

struct workplace {
    struct bell bell;
    atomic_int work;
};

static void *bring_work(void *argument)
{
    struct workplace *place = argument;
    for (int i = 0; i < WORK; i++) {
        atomic_fetch_add(&place->work, 1);
        bell_ring(&place->bell);
    }
    return NULL;
}

static void no_ring_is_lost_between_threads(void **state)
{
    (void)state;
    struct workplace place = {.work = 0};
    pthread_t ringers[RINGERS];
    int done = 0;
    assert_int_equal(bell_open(&place.bell), ERR_OK);
    for (int i = 0; i < RINGERS; i++)
        assert_int_equal(pthread_create(&ringers[i], NULL, bring_work, &place), 0);
    while (done < RINGERS * WORK) {
        struct pollfd fd = {.fd = place.bell.fd, .events = POLLIN};
        assert_int_equal(poll(&fd, 1, FOREVER_MS), 1);
        bell_answer(&place.bell);
        done += atomic_exchange(&place.work, 0);
    }
    for (int i = 0; i < RINGERS; i++)
        assert_int_equal(pthread_join(ringers[i], NULL), 0);
    assert_int_equal(done, RINGERS * WORK);
    bell_close(&place.bell);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rings_until_answered),
        cmocka_unit_test(many_rings_are_one),
        cmocka_unit_test(closing_accepts_the_closed),
        cmocka_unit_test(no_ring_is_lost_between_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
