#include "tests/support/test.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "gateway/desk/notify.h"

/* The service manager's end, in the abstract name space. */
static int listen_as_manager(char *ret_path, size_t path_size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int size = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "outpost-test-%d", (int)getpid());
    (void)snprintf(ret_path, path_size, "@outpost-test-%d", (int)getpid());
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    socklen_t address_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)size);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, address_size), 0);
    return fd;
}

static void hears(int fd, const char *words)
{
    char bytes[64] = "";
    ssize_t got = recv(fd, bytes, sizeof bytes - 1, 0);
    if (words == NULL) {
        assert_true(got < 0);
        return;
    }
    assert_true(got > 0);
    assert_string_equal(bytes, words);
}

static struct now at_s(int64_t s)
{
    return (struct now){.mono_us = s * 1000000};
}

static void test_a_judge_that_advances_is_fed(void **state)
{
    (void)state;
    char path[64];
    int fd = listen_as_manager(path, sizeof path);
    struct notify notify;
    notify_open(&notify, path, "30000000", NULL, 1);
    notify_say(&notify, "READY=1");
    hears(fd, "READY=1");
    assert_int_equal(notify_step(&notify, at_s(100), 0), 115 * 1000000);
    hears(fd, NULL); /* no beat yet */
    assert_int_equal(notify_step(&notify, at_s(114), 99), 115 * 1000000);
    hears(fd, NULL); /* not yet time */
    (void)notify_step(&notify, at_s(115), 99);
    hears(fd, "WATCHDOG=1");
    notify_close(&notify);
    (void)close(fd);
}

static void test_a_wedged_judge_starves(void **state)
{
    (void)state;
    char path[64];
    int fd = listen_as_manager(path, sizeof path);
    struct notify notify;
    notify_open(&notify, path, "30000000", NULL, 1);
    (void)notify_step(&notify, at_s(100), 7);
    hears(fd, "WATCHDOG=1");
    for (int64_t s = 115; s < 400; s += 15) {
        (void)notify_step(&notify, at_s(s), 7);
        hears(fd, NULL);
    }
    (void)notify_step(&notify, at_s(400), 8);
    hears(fd, "WATCHDOG=1");
    notify_close(&notify);
    (void)close(fd);
}

static void test_a_watchdog_of_somebody_else(void **state)
{
    (void)state;
    char path[64];
    int fd = listen_as_manager(path, sizeof path);
    struct notify notify;
    notify_open(&notify, path, "30000000", "2", 1);
    assert_int_equal(notify_step(&notify, at_s(100), 7), CLOCK_NEVER);
    notify_close(&notify);
    notify_open(&notify, path, "30000000", "1", 1);
    assert_int_not_equal(notify_step(&notify, at_s(100), 7), CLOCK_NEVER);
    notify_close(&notify);
    static const char *const bad[] = {"", "x", "-5", "0", "99999999999999999999", "30s"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        notify_open(&notify, path, bad[i], NULL, 1);
        assert_int_equal(notify_step(&notify, at_s(100), 7), CLOCK_NEVER);
        notify_close(&notify);
    }
    (void)close(fd);
}

static void test_nobody_listens(void **state)
{
    (void)state;
    static const char *const none[] = {NULL, "", "/", "relative", "/nonexistent/socket", "@nobody-is-here"};
    struct notify notify;
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        notify_open(&notify, none[i], "30000000", NULL, 1);
        notify_say(&notify, "READY=1");
        assert_int_equal(notify_step(&notify, at_s(1), 7), CLOCK_NEVER);
        notify_close(&notify);
        notify_close(&notify);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_judge_that_advances_is_fed),
        cmocka_unit_test(test_a_wedged_judge_starves),
        cmocka_unit_test(test_a_watchdog_of_somebody_else),
        cmocka_unit_test(test_nobody_listens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
