#include "tests/support/test.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/base/thread.h"

/* A room that counts its steps and says who woke it; the test waits for counts, never for time. */
#define LAST_BEFORE_HANGUP 10 /* steps of the room of a_hang_up_wakes_and_bytes_do_not */

struct counting {
    pthread_mutex_t mutex;
    pthread_cond_t moved;
    int steps;
    int64_t next_mono_us;   /* what a step answers */
    int64_t period_us;      /* or: so long after it was called */
    int64_t least_early_us; /* how much before its time the earliest step came; negative: never early */
    int64_t wanted_mono_us;
    int pipe_in;
    atomic_int end_fd;
    char thread_name[16];
    sigset_t blocked;
    atomic_bool *stop_at_ten;
};

static int64_t count_step(void *self, struct now now)
{
    struct counting *room = self;
    char byte;
    (void)pthread_mutex_lock(&room->mutex);
    room->steps++;
    if (room->wanted_mono_us != 0 && room->wanted_mono_us - now.mono_us > room->least_early_us)
        room->least_early_us = room->wanted_mono_us - now.mono_us;
    if (room->pipe_in >= 0)
        (void)!read(room->pipe_in, &byte, 1);
    (void)pthread_getname_np(pthread_self(), room->thread_name, sizeof room->thread_name);
    (void)pthread_sigmask(SIG_BLOCK, NULL, &room->blocked);
    if (room->stop_at_ten != NULL && room->steps == 10)
        atomic_store(room->stop_at_ten, true);
    int64_t next_mono_us = room->period_us > 0 ? now.mono_us + room->period_us : room->next_mono_us;
    room->wanted_mono_us = room->period_us > 0 ? next_mono_us : 0;
    (void)pthread_cond_broadcast(&room->moved);
    (void)pthread_mutex_unlock(&room->mutex);
    return next_mono_us;
}

static int pipe_fd(void *self)
{
    return ((struct counting *)self)->pipe_in;
}

static void wait_for_steps(struct counting *room, int steps)
{
    assert_int_equal(pthread_mutex_lock(&room->mutex), 0);
    while (room->steps < steps)
        assert_int_equal(pthread_cond_wait(&room->moved, &room->mutex), 0);
    assert_int_equal(pthread_mutex_unlock(&room->mutex), 0);
}

static int steps_of(struct counting *room)
{
    assert_int_equal(pthread_mutex_lock(&room->mutex), 0);
    int steps = room->steps;
    assert_int_equal(pthread_mutex_unlock(&room->mutex), 0);
    return steps;
}

/* Until the step that a hang-up brings about has been made: as a bus closes what hung up. */
static int end_fd(void *self)
{
    struct counting *room = self;
    return steps_of(room) <= LAST_BEFORE_HANGUP ? atomic_load(&room->end_fd) : -1;
}

static struct counting new_room(void)
{
    return (struct counting){.mutex = PTHREAD_MUTEX_INITIALIZER,
                             .moved = PTHREAD_COND_INITIALIZER,
                             .next_mono_us = CLOCK_NEVER,
                             .least_early_us = INT64_MIN,
                             .pipe_in = -1,
                             .end_fd = -1};
}

static void the_bell_wakes_a_room_that_sleeps_for_ever(void **state)
{
    (void)state;
    struct counting counting = new_room();
    struct bell bell;
    struct thread thread = {0};
    assert_int_equal(bell_open(&bell), ERR_OK);
    struct room room = {.name = "sleeper", .self = &counting, .step = count_step, .bell = &bell};
    assert_int_equal(thread_start(&thread, &room), ERR_OK);
    wait_for_steps(&counting, 1);
    for (int i = 0; i < 100; i++) {
        int before = steps_of(&counting);
        bell_ring(&bell);
        wait_for_steps(&counting, before + 1);
    }
    assert_true(atomic_load(&room.beat_mono_us) > 0);
    thread_stop(&thread);
    bell_close(&bell);
}

static void a_time_that_has_passed_is_now(void **state)
{
    (void)state;
    struct counting counting = new_room();
    struct bell bell;
    atomic_bool stop = false;
    counting.next_mono_us = 1; /* long ago */
    counting.stop_at_ten = &stop;
    assert_int_equal(bell_open(&bell), ERR_OK);
    struct room room = {.name = "hasty", .self = &counting, .step = count_step, .bell = &bell};
    thread_run(&room, &stop);
    assert_int_equal(counting.steps, 10);
    bell_close(&bell);
}

static void a_step_is_called_again_at_its_time_and_never_before(void **state)
{
    (void)state;
    struct counting counting = new_room();
    struct bell bell;
    atomic_bool stop = false;
    counting.period_us = 1500;
    counting.stop_at_ten = &stop;
    assert_int_equal(bell_open(&bell), ERR_OK);
    struct room room = {.name = "punctual", .self = &counting, .step = count_step, .bell = &bell};
    thread_run(&room, &stop); /* in this thread: nobody rings */
    assert_int_equal(counting.steps, 10);
    assert_true(counting.least_early_us <= 0);
    bell_close(&bell);
}

static void a_readable_descriptor_wakes(void **state)
{
    (void)state;
    struct counting counting = new_room();
    struct bell bell;
    struct thread thread = {0};
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    counting.pipe_in = ends[0];
    assert_int_equal(bell_open(&bell), ERR_OK);
    struct room room = {.name = "reader", .self = &counting, .step = count_step, .fd = pipe_fd, .bell = &bell};
    assert_int_equal(write(ends[1], "x", 1), 1); /* for the first step, which reads */
    assert_int_equal(thread_start(&thread, &room), ERR_OK);
    wait_for_steps(&counting, 1);
    assert_int_equal(write(ends[1], "x", 1), 1);
    wait_for_steps(&counting, 2);
    assert_int_equal(write(ends[1], "xx", 2), 2); /* one for it, one for the step that the stopping ring may call */
    thread_stop(&thread);
    (void)close(ends[0]);
    (void)close(ends[1]);
    bell_close(&bell);
}

static void a_hang_up_wakes_and_bytes_do_not(void **state)
{
    (void)state;
    struct counting counting = new_room();
    struct bell bell;
    struct thread thread = {0};
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    atomic_store(&counting.end_fd, ends[0]);
    assert_int_equal(bell_open(&bell), ERR_OK);
    assert_int_equal(write(ends[1], "x", 1), 1);
    struct room room = {.name = "patient", .self = &counting, .step = count_step, .end_fd = end_fd, .bell = &bell};
    assert_int_equal(thread_start(&thread, &room), ERR_OK);
    wait_for_steps(&counting, 1);
    for (int i = 2; i <= LAST_BEFORE_HANGUP; i++) { /* the byte is there all the time */
        bell_ring(&bell);
        wait_for_steps(&counting, i);
    }
    assert_int_equal(steps_of(&counting), LAST_BEFORE_HANGUP);
    (void)close(ends[1]);
    wait_for_steps(&counting, LAST_BEFORE_HANGUP + 1);
    thread_stop(&thread);
    (void)close(ends[0]);
    bell_close(&bell);
}

static void a_thread_has_its_name_and_all_signals_blocked(void **state)
{
    (void)state;
    struct counting counting = new_room();
    struct bell bell;
    struct thread thread = {0};
    sigset_t mine;
    assert_int_equal(bell_open(&bell), ERR_OK);
    struct room room = {.name = "named", .self = &counting, .step = count_step, .bell = &bell};
    assert_int_equal(thread_start(&thread, &room), ERR_OK);
    wait_for_steps(&counting, 1);
    bell_ring(&bell); /* the name is given right after the start */
    wait_for_steps(&counting, 2);
    thread_stop(&thread);
    assert_string_equal(counting.thread_name, "named");
    assert_int_equal(sigismember(&counting.blocked, SIGTERM), 1);
    assert_int_equal(sigismember(&counting.blocked, SIGHUP), 1);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &mine), 0);
    assert_int_equal(sigismember(&mine, SIGTERM), 0); /* the caller's mask is as it was */
    bell_close(&bell);
}

static void stopping_one_that_never_started_is_nothing(void **state)
{
    (void)state;
    struct thread thread = {0};
    thread_stop(&thread);
    thread_ask_stop(&thread);
    assert_int_equal(thread_stop_until(&thread, 0), ERR_OK);
}

/* A step that does not return, until the test says so. */
struct stuck {
    struct bell gate;
    struct bell inside;
};

static int64_t stuck_step(void *self, struct now now)
{
    struct stuck *stuck = self;
    struct pollfd fd = {.fd = stuck->gate.fd, .events = POLLIN};
    (void)now;
    bell_ring(&stuck->inside);
    while (poll(&fd, 1, -1) != 1 && errno == EINTR)
        continue;
    return CLOCK_NEVER;
}

static void a_stuck_thread_is_given_up_in_time_and_can_be_stopped_later(void **state)
{
    (void)state;
    struct stuck stuck;
    struct bell bell;
    struct thread thread = {0};
    assert_int_equal(bell_open(&stuck.gate), ERR_OK);
    assert_int_equal(bell_open(&stuck.inside), ERR_OK);
    assert_int_equal(bell_open(&bell), ERR_OK);
    struct room room = {.name = "stuck", .self = &stuck, .step = stuck_step, .bell = &bell};
    assert_int_equal(thread_start(&thread, &room), ERR_OK);
    struct pollfd fd = {.fd = stuck.inside.fd, .events = POLLIN};
    assert_int_equal(poll(&fd, 1, -1), 1);
    assert_int_equal(thread_stop_until(&thread, clock_now().mono_us + 1000), ERR_TIMEOUT);
    assert_int_equal(thread_stop_until(&thread, 0), ERR_TIMEOUT); /* a time long past */
    bell_ring(&stuck.gate);
    thread_stop(&thread);
    assert_int_equal(thread_stop_until(&thread, 0), ERR_OK);
    bell_close(&stuck.gate);
    bell_close(&stuck.inside);
    bell_close(&bell);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bell_wakes_a_room_that_sleeps_for_ever),
        cmocka_unit_test(a_step_is_called_again_at_its_time_and_never_before),
        cmocka_unit_test(a_time_that_has_passed_is_now),
        cmocka_unit_test(a_readable_descriptor_wakes),
        cmocka_unit_test(a_hang_up_wakes_and_bytes_do_not),
        cmocka_unit_test(a_thread_has_its_name_and_all_signals_blocked),
        cmocka_unit_test(stopping_one_that_never_started_is_nothing),
        cmocka_unit_test(a_stuck_thread_is_given_up_in_time_and_can_be_stopped_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
