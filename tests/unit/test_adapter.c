#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/serial.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "drivers/link/adapter.h"
#include "tests/support/scratch.h"

/* A driver of the test's own making behind the calls, and a sysfs in a directory, in which the file is another device's.
 * What the drivers of the kernel say: serial core answers TIOCGRS485 with zeros and refuses TIOCSRS485 with ENOTTY where the
 * hardware cannot; ftdi_sio knows ASYNC_LOW_LATENCY and no RS-485; ch341 and ptys know neither. */
static struct driver {
    bool has_direction;  /* TIOCGRS485 answers */
    bool sets_direction; /* … and TIOCSRS485 is taken */
    bool forgets;        /* what was taken is not kept */
    struct serial_rs485 direction;
    bool has_serial;
    bool sets_serial;
    struct serial_struct serial;
    unsigned int sets;
} driver;

static int play(int fd, unsigned long request, void *argument)
{
    assert_true(fd >= 0);
    errno = ENOTTY;
    switch (request) {
    case TIOCGRS485:
        memcpy(argument, &driver.direction, sizeof driver.direction);
        return driver.has_direction ? 0 : -1;
    case TIOCSRS485:
        driver.sets++;
        if (driver.sets_direction && !driver.forgets)
            memcpy(&driver.direction, argument, sizeof driver.direction);
        return driver.sets_direction ? 0 : -1;
    case TIOCGSERIAL:
        memcpy(argument, &driver.serial, sizeof driver.serial);
        return driver.has_serial ? 0 : -1;
    case TIOCSSERIAL:
        driver.sets++;
        if (driver.sets_serial && !driver.forgets)
            memcpy(&driver.serial, argument, sizeof driver.serial);
        return driver.sets_serial ? 0 : -1;
    default:
        fail_msg("request %lx", request);
        return -1;
    }
}

struct machine {
    char sys[SCRATCH_MAX];
    char port[SCRATCH_MAX + 64]; /* in it, where a port of the number of the descriptor is */
    int fd;
    struct adapter_calls calls;
    char remark[512];
};

static int begin(void **state)
{
    static struct machine machine;
    struct stat status;
    static const char *const below[] = {"dev", "dev/char"};
    char path[SCRATCH_MAX + 16];
    driver = (struct driver){0};
    machine = (struct machine){.fd = posix_openpt(O_RDWR | O_NOCTTY)};
    scratch_make(machine.sys);
    assert_int_equal(fstat(machine.fd, &status), 0);
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", machine.sys, below[i]);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    (void)snprintf(machine.port, sizeof machine.port, "%s/%u:%u", path, major(status.st_rdev), minor(status.st_rdev));
    assert_int_equal(mkdir(machine.port, 0700), 0);
    int const port = open(machine.port, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(mkdirat(port, "device", 0700), 0);
    (void)close(port);
    machine.calls = (struct adapter_calls){.control = play, .sys = machine.sys};
    *state = &machine;
    return 0;
}

static int end(void **state)
{
    struct machine *machine = *state;
    (void)close(machine->fd);
    scratch_remove(machine->sys);
    return 0;
}

static void put_file(const struct machine *machine, const char *name, const char *content)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", machine->port, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)fputs(content, file);
    assert_int_equal(fclose(file), 0);
}

static const char *tune(struct machine *machine, bool rs485)
{
    struct text text;
    text_init(&text, machine->remark, sizeof machine->remark);
    adapter_tune(machine->fd, rs485, &machine->calls, &text);
    assert_false(text.full);
    return machine->remark;
}

static void test_who_knows_nothing_is_left_alone(void **state)
{
    struct machine *machine = *state;
    assert_string_equal(tune(machine, true), "");
    assert_int_equal(driver.sets, 0);
}

static void test_serial_core_without_a_transceiver(void **state)
{
    struct machine *machine = *state;
    driver = (struct driver){.has_direction = true, .has_serial = true};
    assert_string_equal(tune(machine, true), "");
    driver.sets_direction = driver.sets_serial = driver.forgets = true;
    assert_string_equal(tune(machine, true), ""); /* taken, but not so: nothing is claimed */
}

static void test_direction_by_the_driver(void **state)
{
    struct machine *machine = *state;
    driver = (struct driver){.has_direction = true, .sets_direction = true};
    assert_string_equal(tune(machine, true), "direction by the driver (RTS high while sending)");
    assert_int_equal(driver.direction.flags, SER_RS485_ENABLED | SER_RS485_RTS_ON_SEND);
}

static void test_what_the_driver_knows_is_kept(void **state)
{
    struct machine *machine = *state;
    driver = (struct driver){.has_direction = true, .sets_direction = true};
    driver.direction = (struct serial_rs485){.flags = SER_RS485_RTS_AFTER_SEND | SER_RS485_TERMINATE_BUS,
                                             .delay_rts_before_send = 1,
                                             .delay_rts_after_send = 2};
    assert_string_equal(tune(machine, true), "direction by the driver (RTS low while sending)");
    assert_int_equal(driver.direction.flags, SER_RS485_ENABLED | SER_RS485_RTS_AFTER_SEND | SER_RS485_TERMINATE_BUS);
    assert_int_equal(driver.direction.delay_rts_before_send, 1);
    assert_int_equal(driver.direction.delay_rts_after_send, 2);
    assert_int_equal(driver.sets, 1);
    assert_string_equal(tune(machine, true), "direction by the driver (RTS low while sending)");
    assert_int_equal(driver.sets, 1); /* it was so already */
}

static void test_direction_is_not_touched_when_not_wanted(void **state)
{
    struct machine *machine = *state;
    driver = (struct driver){.has_direction = true, .sets_direction = true};
    assert_string_equal(tune(machine, false), "");
    assert_int_equal(driver.sets, 0);
}

static void test_low_latency_keeps_the_rest(void **state)
{
    struct machine *machine = *state;
    driver = (struct driver){.has_serial = true, .sets_serial = true};
    driver.serial = (struct serial_struct){.flags = ASYNC_SPD_CUST, .custom_divisor = 7};
    assert_string_equal(tune(machine, true), "low latency");
    assert_int_equal(driver.serial.flags, (int)(ASYNC_SPD_CUST | ASYNC_LOW_LATENCY));
    assert_int_equal(driver.serial.custom_divisor, 7);
}

static void test_timers_of_sysfs(void **state)
{
    struct machine *machine = *state;
    put_file(machine, "device/latency_timer", "16\n");
    put_file(machine, "rx_trig_bytes", "8\n");
    assert_string_equal(tune(machine, true), "latency timer 1 ms, receive trigger 1");
    assert_string_equal(tune(machine, true), "latency timer 1 ms, receive trigger 1");
}

/* A file of the kernel's that nobody may write, root neither. */
static void test_a_timer_that_may_not_be_set(void **state)
{
    struct machine *machine = *state;
    char path[256];
    char wanted[512];
    (void)snprintf(path, sizeof path, "%s/device/latency_timer", machine->port);
    assert_int_equal(symlink("/proc/sys/kernel/ngroups_max", path), 0);
    (void)snprintf(wanted, sizeof wanted, "latency timer 65536 ms (every answer comes so late: echo 1 | sudo tee %s)",
                   path);
    assert_string_equal(tune(machine, true), wanted);
}

static void test_nonsense_in_sysfs(void **state)
{
    struct machine *machine = *state;
    put_file(machine, "device/latency_timer", "");
    put_file(machine, "rx_trig_bytes", "many\n");
    assert_string_equal(tune(machine, true), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_who_knows_nothing_is_left_alone, begin, end),
        cmocka_unit_test_setup_teardown(test_serial_core_without_a_transceiver, begin, end),
        cmocka_unit_test_setup_teardown(test_direction_by_the_driver, begin, end),
        cmocka_unit_test_setup_teardown(test_what_the_driver_knows_is_kept, begin, end),
        cmocka_unit_test_setup_teardown(test_direction_is_not_touched_when_not_wanted, begin, end),
        cmocka_unit_test_setup_teardown(test_low_latency_keeps_the_rest, begin, end),
        cmocka_unit_test_setup_teardown(test_timers_of_sysfs, begin, end),
        cmocka_unit_test_setup_teardown(test_a_timer_that_may_not_be_set, begin, end),
        cmocka_unit_test_setup_teardown(test_nonsense_in_sysfs, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
