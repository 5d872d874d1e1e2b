/* adapter: what the driver of a serial port can do beyond termios: steer an RS-485 transceiver, and hand bytes over soon.
 *
 * Direction: with TIOCSRS485 the driver (or the chip) lets go of the line when the last bit is out, which a program cannot
 * time. Polarity and delays that the driver knows, as from a device tree, are kept (libmodbus' own call has no delays, and
 * waits in the program); where it knows none, RTS is high while sending.
 * Latency: ASYNC_LOW_LATENCY, which FTDI's driver takes for a latency timer of 1 ms and lets anybody set (drivers/usb/serial/
 * ftdi_sio.c); sysfs' latency_timer and rx_trig_bytes (Documentation/ABI/testing/sysfs-tty), which only root may write.
 *
 * All of it is a wish: a driver that refuses or knows nothing of it, as most do, is left as it was, and the port works.
 * Settings are read back; only what is then true is said. Does not block; touches neither line nor data. */
#ifndef OUTPOST_DRIVERS_LINK_ADAPTER_H
#define OUTPOST_DRIVERS_LINK_ADAPTER_H

#include <stdbool.h>

#include "gateway/base/text.h"

struct adapter_calls {
    int (*control)(int fd, unsigned long request, void *argument); /* ioctl(2) */
    const char *sys;                                               /* where sysfs is: "/sys" */
};
extern const struct adapter_calls adapter_calls; /* the machine's own */

/* `rs485`: the driver may steer the transceiver. Appends what was found and done, "direction by the driver, latency timer
 * 1 ms"; nothing when there is nothing to say. */
void adapter_tune(int fd, bool rs485, const struct adapter_calls *calls, struct text *ret_remark);

#endif
