#include "drivers/link/adapter.h"

#include <fcntl.h>
#include <linux/serial.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define PATH_SIZE   256
#define NUMBER_SIZE 16

/* linux/serial.h has some of them signed and some not. */
static const uint32_t enabled = SER_RS485_ENABLED;
static const uint32_t high_while_sending = SER_RS485_RTS_ON_SEND;
static const uint32_t low_while_sending = SER_RS485_RTS_AFTER_SEND;
static const int low_latency = (int)ASYNC_LOW_LATENCY;

static int control(int fd, unsigned long request, void *argument)
{
    return ioctl(fd, request, argument);
}

const struct adapter_calls adapter_calls = {.control = control, .sys = "/sys"};

static void remark(struct text *text, const char *what, long number, const char *unit)
{
    text_put_format(text, "%s%s", text->used > 0 ? ", " : "", what);
    if (unit != NULL)
        text_put_format(text, " %ld%s", number, unit);
}

static void steer(int fd, const struct adapter_calls *calls, struct text *ret_remark)
{
    struct serial_rs485 wanted = {0};
    if (calls->control(fd, TIOCGRS485, &wanted) != 0)
        return;
    if ((wanted.flags & enabled) == 0) {
        wanted.flags |= enabled;
        if ((wanted.flags & (high_while_sending | low_while_sending)) == 0)
            wanted.flags |= high_while_sending;
        if (calls->control(fd, TIOCSRS485, &wanted) != 0)
            return;
    }
    struct serial_rs485 now = {0};
    if (calls->control(fd, TIOCGRS485, &now) == 0 && (now.flags & enabled) != 0)
        remark(ret_remark,
               (now.flags & high_while_sending) != 0 ? "direction by the driver (RTS high while sending)"
                                                     : "direction by the driver (RTS low while sending)",
               0, NULL);
}

static void hurry(int fd, const struct adapter_calls *calls, struct text *ret_remark)
{
    struct serial_struct settings = {0};
    if (calls->control(fd, TIOCGSERIAL, &settings) != 0)
        return;
    if ((settings.flags & low_latency) == 0) {
        settings.flags |= low_latency;
        if (calls->control(fd, TIOCSSERIAL, &settings) != 0)
            return;
    }
    struct serial_struct now = {0};
    if (calls->control(fd, TIOCGSERIAL, &now) == 0 && (now.flags & low_latency) != 0)
        remark(ret_remark, "low latency", 0, NULL);
}

/* A number of sysfs; false: there is none. */
static bool read_number(const char *path, long *ret_number)
{
    char digits[NUMBER_SIZE];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t const size = read(fd, digits, sizeof digits - 1);
    (void)close(fd);
    if (size <= 0)
        return false;
    digits[size] = '\0';
    char *end;
    *ret_number = strtol(digits, &end, 10);
    return end != digits;
}

static void write_one(const char *path)
{
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    if (fd < 0)
        return; /* not ours to set: what is read afterwards says so */
    (void)!write(fd, "1", 1);
    (void)close(fd);
}

/* To 1 when it is more. False: there is no such file. */
static bool lower(const struct adapter_calls *calls, dev_t device, const char *file, char path[static PATH_SIZE],
                  long *ret_number)
{
    (void)snprintf(path, PATH_SIZE, "%s/dev/char/%u:%u/%s", calls->sys, major(device), minor(device), file);
    if (!read_number(path, ret_number))
        return false;
    if (*ret_number <= 1)
        return true;
    write_one(path);
    return read_number(path, ret_number);
}

static void trigger(int fd, const struct adapter_calls *calls, struct text *ret_remark)
{
    struct stat status;
    char path[PATH_SIZE];
    long number;
    if (fstat(fd, &status) != 0)
        return;
    if (lower(calls, status.st_rdev, "device/latency_timer", path, &number)) {
        remark(ret_remark, "latency timer", number, " ms");
        if (number > 1)
            text_put_format(ret_remark, " (every answer comes so late: echo 1 | sudo tee %s)", path);
    }
    if (lower(calls, status.st_rdev, "rx_trig_bytes", path, &number))
        remark(ret_remark, "receive trigger", number, "");
}

void adapter_tune(int fd, bool rs485, const struct adapter_calls *calls, struct text *ret_remark)
{
    if (rs485)
        steer(fd, calls, ret_remark);
    hurry(fd, calls, ret_remark);
    trigger(fd, calls, ret_remark);
}
