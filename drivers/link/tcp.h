/* tcp: a connection by libmodbus, for Modbus TCP and for serial servers that pass RTU frames through.
 *
 * A host name is resolved by resolver.h, which never waits, anew after a connection could not be made. Connecting then
 * blocks for at most the bus timeout, shared out among the first RESOLVER_ADDRESSES_MAX addresses. Keep-alive and
 * TCP_USER_TIMEOUT end a connection to a peer that is gone, so that it is made anew when the peer is back. */
#ifndef OUTPOST_DRIVERS_LINK_TCP_H
#define OUTPOST_DRIVERS_LINK_TCP_H

#include <modbus.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/link/resolver.h"
#include "gateway/base/err.h"
#include "gateway/base/text.h"
#include "gateway/model/site.h"

struct tcp {
    const struct site_bus *bus;
    struct resolver resolver;
    struct resolved resolved; /* of the last connection; count 0: to be asked */
    modbus_t *modbus;         /* of this connection */
    int fd;                   /* libmodbus' own, O_NONBLOCK; -1 when closed */
};

void tcp_init(struct tcp *tcp, const struct site_bus *bus);

/* ERR_BUSY: the name is being resolved, open again. On failure writes a sentence for a person. ERR_NOT_FOUND (no such
 * host), ERR_REFUSED, ERR_TIMEOUT, ERR_FULL, ERR_MEMORY, ERR_IO. */
MUST_CHECK enum err tcp_open(struct tcp *tcp, struct text *ret_trouble);
void tcp_close(struct tcp *tcp); /* also when not open */
void tcp_destroy(struct tcp *tcp);

/* exchange_send */
enum err tcp_send(void *self, const uint8_t *frame, size_t size);

#endif
