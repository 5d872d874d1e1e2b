/* tcp: a connection for Modbus TCP, and for serial servers that pass RTU frames through.
 *
 * A host name is resolved by resolver.h, which never waits, anew after a connection could not be made. The first
 * RESOLVER_ADDRESSES_MAX addresses are tried one after the other and share the bus timeout. Nothing here blocks. (libmodbus'
 * own connect waits in select(), which is why it is not asked.)
 *
 * A peer that is gone without a word (half open) is noticed by keep-alive while nothing is asked, by TCP_USER_TIMEOUT when
 * what was sent is not acknowledged, and by who schedules the requests when nobody answers (run/bus); the connection then
 * ends and is made anew. */
#ifndef OUTPOST_DRIVERS_LINK_TCP_H
#define OUTPOST_DRIVERS_LINK_TCP_H

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
    unsigned next;            /* of resolved, to be tried */
    int fd;                   /* O_NONBLOCK; -1 when closed */
    int64_t give_up_mono_us;  /* while connecting */
};

void tcp_init(struct tcp *tcp, const struct site_bus *bus);

/* ERR_BUSY: the name is being resolved or the connection made, open again. On failure writes a sentence for a person.
 * ERR_NOT_FOUND (no such host), ERR_REFUSED, ERR_TIMEOUT, ERR_FULL, ERR_MEMORY, ERR_IO. */
MUST_CHECK enum err tcp_open(struct tcp *tcp, int64_t mono_us, struct text *ret_trouble);
void tcp_close(struct tcp *tcp); /* also when not open */
void tcp_destroy(struct tcp *tcp);

/* exchange_send */
enum err tcp_send(void *self, const uint8_t *frame, size_t size);

#endif
