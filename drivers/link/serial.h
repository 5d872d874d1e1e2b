/* serial: opening a serial port for Modbus RTU by libmodbus, and telling what is wrong when it does not open.
 *
 * The port is ours alone: flock() before libmodbus touches its settings, TIOCEXCL afterwards. What libmodbus set is read
 * back and compared, because it silently takes 9600 baud for rates that it does not know; those are refused here by a table
 * before it is asked. A pseudo terminal (device major 136..143, Linux Documentation/admin-guide/devices.txt) is not
 * compared: it has no line, the kernel forces it to 8 bits without parity whatever one asks for. Symbolic links are resolved
 * by every open, so an adapter that comes back elsewhere is found again by its name in /dev/serial/by-id or by-path.
 * What else the driver can do is asked of it at the end (adapter.h). */
#ifndef OUTPOST_DRIVERS_LINK_SERIAL_H
#define OUTPOST_DRIVERS_LINK_SERIAL_H

#include <modbus.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/err.h"
#include "gateway/base/text.h"
#include "gateway/model/site.h"

struct serial {
    const struct site_bus *bus;
    modbus_t *modbus; /* made by every open */
    int lock_fd;      /* holds the flock; -1 when closed */
    int fd;           /* libmodbus' own, O_NONBLOCK; -1 when closed */
};

void serial_init(struct serial *serial, const struct site_bus *bus); /* opens nothing; bus outlives it */

/* Does not block. Writes for a person why it failed, or how the port was tuned (adapter.h). ERR_PERMISSION, ERR_NOT_FOUND,
 * ERR_REFUSED (another program holds it), ERR_UNSUPPORTED (no serial port, or one that does not do this rate or format),
 * ERR_FULL (descriptors), ERR_IO. */
MUST_CHECK enum err serial_open(struct serial *serial, struct text *ret_said);
void serial_close(struct serial *serial); /* also when not open */

/* exchange_send: libmodbus appends the CRC, which `frame` has too. */
enum err serial_send(void *self, const uint8_t *frame, size_t size);

#endif
