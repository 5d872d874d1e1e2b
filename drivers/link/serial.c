#include "drivers/link/serial.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include "drivers/link/adapter.h"
#include "gateway/base/check.h"
#include "gateway/model/line.h"

#define PTY_MAJOR_FIRST 136 /* Unix98 pseudo terminals, slave side */
#define PTY_MAJOR_LAST  143
#define FD_MAX          (FD_SETSIZE - SITE_BUSES_MAX) /* libmodbus 3.1.6 overruns an fd_set at 1024; room for races */
#define CRC_SIZE        2

static const struct rate {
    uint32_t baud;
    speed_t speed;
} rates[] = {
#define RATE(baud) {baud, B##baud},
    LINE_BAUDS(RATE)
#undef RATE
};

static const struct rate *find_rate(uint32_t baud)
{
    for (size_t i = 0; i < ARRAY_SIZE(rates); i++)
        if (rates[i].baud == baud)
            return &rates[i];
    return NULL;
}

static bool format_exists(const struct site_bus *bus)
{
    return (bus->data_bits == 7 || bus->data_bits == 8) && (bus->stop_bits == 1 || bus->stop_bits == 2) &&
           (bus->parity == 'N' || bus->parity == 'E' || bus->parity == 'O');
}

void serial_init(struct serial *serial, const struct site_bus *bus)
{
    *serial = (struct serial){.bus = bus, .lock_fd = -1, .fd = -1};
}

void serial_close(struct serial *serial)
{
    if (serial->fd >= 0) {
        (void)tcflush(serial->fd, TCOFLUSH); /* what an adapter no longer takes would hold up the closing */
        modbus_close(serial->modbus);        /* never twice */
    }
    if (serial->modbus != NULL)
        modbus_free(serial->modbus);
    if (serial->lock_fd >= 0)
        (void)close(serial->lock_fd);
    serial->modbus = NULL;
    serial->fd = -1;
    serial->lock_fd = -1;
}

static enum err explain_errno(const struct serial *serial, int number, struct text *ret_trouble)
{
    const char *port = serial->bus->port;
    switch (number) {
    case EACCES:
    case EPERM:
        text_put_format(ret_trouble,
                        "%s: permission denied; add the user to the group that owns the port "
                        "(sudo usermod -aG dialout $USER) and log in again",
                        port);
        return ERR_PERMISSION;
    case ENOENT:
    case ENXIO:
    case ENODEV:
        text_put_format(ret_trouble,
                        "%s: no such port; is the adapter plugged in? `ls -l /dev/serial/by-path` lists what is there",
                        port);
        return ERR_NOT_FOUND;
    case EBUSY:
    case EWOULDBLOCK:
        text_put_format(ret_trouble, "%s: another program holds the port; `sudo fuser -v %s` names it", port, port);
        return ERR_REFUSED;
    case EMFILE:
    case ENFILE:
        text_put_format(ret_trouble, "%s: too many open files; raise LimitNOFILE (at most 1024)", port);
        return ERR_FULL;
    default:
        text_put_format(ret_trouble, "%s: %s", port, strerrordesc_np(number));
        return ERR_IO;
    }
}

static enum err take_lock(struct serial *serial, struct text *ret_trouble)
{
    int fd = open(serial->bus->port, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return explain_errno(serial, errno, ret_trouble);
    serial->lock_fd = fd;
    if (fd >= FD_MAX)
        return explain_errno(serial, EMFILE, ret_trouble);
    if (isatty(fd) != 1) {
        text_put_format(ret_trouble, "%s: this is not a serial port; look for yours in /dev/serial/by-path",
                        serial->bus->port);
        return ERR_UNSUPPORTED;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return explain_errno(serial, errno, ret_trouble);
    return ERR_OK;
}

static bool is_pty(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) && major(status.st_rdev) >= PTY_MAJOR_FIRST &&
           major(status.st_rdev) <= PTY_MAJOR_LAST;
}

static bool took_settings(const struct site_bus *bus, speed_t speed, const struct termios *now)
{
    tcflag_t wanted = (bus->data_bits == 7 ? (tcflag_t)CS7 : (tcflag_t)CS8) | (bus->stop_bits == 2 ? CSTOPB : 0U) |
                      (bus->parity == 'N' ? 0U : PARENB) | (bus->parity == 'O' ? PARODD : 0U);
    tcflag_t mask = CSIZE | CSTOPB | PARENB | (bus->parity == 'N' ? 0U : PARODD);
    return (now->c_cflag & mask) == wanted && cfgetospeed(now) == speed && cfgetispeed(now) == speed;
}

static enum err refuse_settings(const struct serial *serial, const char *who, struct text *ret_trouble)
{
    const struct site_bus *bus = serial->bus;
    text_put_format(ret_trouble, "%s: %s %u baud %u%c%u; choose a rate and format that adapter and slaves share",
                    bus->port, who, (unsigned)bus->baud, (unsigned)bus->data_bits, bus->parity,
                    (unsigned)bus->stop_bits);
    return ERR_UNSUPPORTED;
}

/* libmodbus leaves VMIN at 0, with which a read of nothing and a hang-up look the same. */
static enum err settle(const struct serial *serial, speed_t speed, struct text *ret_trouble)
{
    struct termios now;
    if (tcgetattr(serial->fd, &now) != 0)
        return explain_errno(serial, errno, ret_trouble);
    now.c_cc[VMIN] = 1;
    now.c_cc[VTIME] = 0;
    if (tcsetattr(serial->fd, TCSANOW, &now) != 0 || tcgetattr(serial->fd, &now) != 0)
        return explain_errno(serial, errno, ret_trouble);
    if (now.c_cc[VMIN] == 1 && (is_pty(serial->fd) || took_settings(serial->bus, speed, &now)))
        return ERR_OK;
    return refuse_settings(serial, "the port does not do", ret_trouble);
}

static modbus_t *new_modbus(const struct site_bus *bus)
{
    modbus_t *modbus = modbus_new_rtu(bus->port, (int)bus->baud, bus->parity, bus->data_bits, bus->stop_bits);
    if (modbus != NULL)
        (void)modbus_set_byte_timeout(modbus, 0, 0);
    return modbus;
}

static enum err open_port(struct serial *serial, struct text *ret_said)
{
    const struct rate *rate = find_rate(serial->bus->baud);
    if (rate == NULL || !format_exists(serial->bus))
        return refuse_settings(serial, "serial ports do not know", ret_said);
    enum err err = take_lock(serial, ret_said);
    if (err != ERR_OK)
        return err;
    serial->modbus = new_modbus(serial->bus);
    if (serial->modbus == NULL || modbus_connect(serial->modbus) != 0)
        return explain_errno(serial, errno, ret_said);
    serial->fd = modbus_get_socket(serial->modbus);
    if (ioctl(serial->fd, TIOCEXCL) != 0)
        return explain_errno(serial, errno, ret_said);
    err = settle(serial, rate->speed, ret_said);
    if (err == ERR_OK)
        adapter_tune(serial->fd, serial->bus->rs485, &adapter_calls, ret_said);
    return err;
}

enum err serial_open(struct serial *serial, struct text *ret_said)
{
    enum err err = open_port(serial, ret_said);
    if (err != ERR_OK)
        serial_close(serial);
    return err;
}

enum err serial_send(void *self, const uint8_t *frame, size_t size)
{
    const struct serial *serial = self;
    int sent = modbus_send_raw_request(serial->modbus, frame, (int)(size - CRC_SIZE));
    return sent == (int)size ? ERR_OK : ERR_CLOSED;
}
