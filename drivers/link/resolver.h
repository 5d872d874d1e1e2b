/* resolver: a host name -> addresses, without waiting: a thread of its own asks, so that a dead name server holds nobody up.
 * An address that is one already costs nothing. Used by one thread. */
#ifndef OUTPOST_DRIVERS_LINK_RESOLVER_H
#define OUTPOST_DRIVERS_LINK_RESOLVER_H

#include <netinet/in.h>

#include "gateway/base/err.h"

#define RESOLVER_ADDRESSES_MAX 3

struct resolved {
    char hosts[RESOLVER_ADDRESSES_MAX][INET6_ADDRSTRLEN + 16]; /* numeric, with a scope where there is one */
    unsigned count;
};

struct resolver {
    struct question *question; /* under way; NULL none */
};

/* ERR_BUSY: under way, ask again. ERR_OK: at least one address. ERR_NOT_FOUND: *ret_why is a static sentence.
 * ERR_MEMORY. Each answer ends the question: the next call asks anew. */
MUST_CHECK enum err resolver_ask(struct resolver *resolver, const char *host, struct resolved *ret_resolved,
                                 const char **ret_why);
/* Forgets a question under way. Its thread ends when the name server or its patience does. */
void resolver_close(struct resolver *resolver);

#endif
