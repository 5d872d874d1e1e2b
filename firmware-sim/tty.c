#include "firmware-sim/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

struct speed_row {
    unsigned baud;
    speed_t speed;
};

/* All that termios knows on Linux. */
static const struct speed_row speeds[] = {
    {50, B50},           {75, B75},           {110, B110},         {134, B134},         {150, B150},
    {200, B200},         {300, B300},         {600, B600},         {1200, B1200},       {1800, B1800},
    {2400, B2400},       {4800, B4800},       {9600, B9600},       {19200, B19200},     {38400, B38400},
    {57600, B57600},     {115200, B115200},   {230400, B230400},   {460800, B460800},   {500000, B500000},
    {576000, B576000},   {921600, B921600},   {1000000, B1000000}, {1152000, B1152000}, {1500000, B1500000},
    {2000000, B2000000}, {2500000, B2500000}, {3000000, B3000000}, {3500000, B3500000}, {4000000, B4000000},
};

/* B0 for a speed without a name. */
static speed_t speed_of(unsigned baud)
{
    for (size_t i = 0; i < sizeof speeds / sizeof *speeds; i++) {
        if (speeds[i].baud == baud)
            return speeds[i].speed;
    }
    return B0;
}

static const char *error_text(void)
{
    return strerror(errno); /* NOLINT(concurrency-mt-unsafe): one thread */
}

/* --- ptys --- */

/* On Linux the master side reaches the slave's settings, so that the slave need not be opened here; once opened and closed it
 * would count as hung up. */
static bool make_raw(int fd, unsigned baud)
{
    struct termios termios;
    if (tcgetattr(fd, &termios) != 0)
        return false;
    cfmakeraw(&termios);
    if (speed_of(baud) != B0)
        (void)cfsetspeed(&termios, speed_of(baud));
    return tcsetattr(fd, TCSANOW, &termios) == 0;
}

int tty_new_pty(unsigned baud, char *ret_pts, size_t pts_size)
{
    int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -1;
    if (grantpt(fd) == 0 && unlockpt(fd) == 0 && make_raw(fd, baud) && ptsname_r(fd, ret_pts, pts_size) == 0)
        return fd;
    int error = errno;
    (void)close(fd);
    errno = error;
    return -1;
}

bool tty_speed_fits(int fd, unsigned baud)
{
    struct termios termios;
    speed_t speed = speed_of(baud);
    return speed == B0 || tcgetattr(fd, &termios) != 0 || cfgetospeed(&termios) == speed;
}

bool tty_is_hung_up(int fd)
{
    struct pollfd look = {.fd = fd, .events = POLLIN};
    return poll(&look, 1, 0) > 0 && (look.revents & POLLHUP) != 0;
}

/* --- real ports --- */

bool tty_exists(const char *path)
{
    static const char pts[] = "/dev/pts/";
    char target[sizeof pts];
    struct stat there;
    ssize_t length = readlink(path, target, sizeof target - 1);
    if (length == (ssize_t)sizeof pts - 1 && memcmp(target, pts, sizeof pts - 1) == 0)
        return false;
    return stat(path, &there) == 0 && S_ISCHR(there.st_mode);
}

static tcflag_t control_flags(const char *format)
{
    tcflag_t flags = CREAD | CLOCAL;
    flags |= format[0] == '7' ? CS7 : CS8;
    flags |= format[1] == 'N' ? 0 : PARENB;
    flags |= format[1] == 'O' ? PARODD : 0;
    flags |= format[2] == '2' ? CSTOPB : 0;
    return flags;
}

/* A character with a parity error comes as 0: the checksum then finds it. */
static bool set_line(int fd, speed_t speed, const char *format)
{
    struct termios termios;
    if (tcgetattr(fd, &termios) != 0)
        return false;
    cfmakeraw(&termios);
    termios.c_cflag = control_flags(format);
    termios.c_iflag |= format[1] == 'N' ? 0 : INPCK;
    termios.c_cc[VMIN] = 1; /* with O_NONBLOCK: EAGAIN when nothing is there, 0 when the port is gone */
    termios.c_cc[VTIME] = 0;
    return cfsetspeed(&termios, speed) == 0 && tcsetattr(fd, TCSANOW, &termios) == 0;
}

/* tcsetattr is content when one of its wishes came true. A pty keeps neither parity nor character size. */
static bool check_line(int fd, const char *path, unsigned baud, const char *format, struct text *why)
{
    static const tcflag_t mask = CSIZE | PARENB | PARODD | CSTOPB;
    struct termios termios;
    if (tcgetattr(fd, &termios) != 0)
        return text_refuse(why, "%s: %s", path, error_text());
    if (cfgetospeed(&termios) != speed_of(baud) || cfgetispeed(&termios) != speed_of(baud))
        return text_refuse(why, "%s does not take %u baud", path, baud);
    bool pty = strncmp(path, "/dev/pts/", 9) == 0;
    if (!pty && (termios.c_cflag & mask) != (control_flags(format) & mask))
        return text_refuse(why, "%s does not take the format %s", path, format);
    return true;
}

static bool set_up(int fd, const char *path, unsigned baud, const char *format, struct text *why)
{
    if (isatty(fd) == 0)
        return text_refuse(why, "%s is no serial port", path);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return text_refuse(why, "%s is in use by another program", path);
    if (speed_of(baud) == B0)
        return text_refuse(why, "%u baud: a real port takes only the usual speeds (9600, 19200, …)", baud);
    if (!set_line(fd, speed_of(baud), format))
        return text_refuse(why, "%s: %s", path, error_text());
    (void)ioctl(fd, TIOCEXCL);
    (void)tcflush(fd, TCIOFLUSH);
    return check_line(fd, path, baud, format, why);
}

int tty_open(const char *path, unsigned baud, const char *format, struct text *why)
{
    int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        (void)text_refuse(why, "%s: %s%s", path, error_text(),
                          errno == EACCES ? " (is this user in the group dialout?)" : "");
        return -1;
    }
    if (set_up(fd, path, baud, format, why))
        return fd;
    (void)ioctl(fd, TIOCNXCL);
    (void)close(fd);
    return -1;
}
