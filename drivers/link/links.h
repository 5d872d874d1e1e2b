/* links: making the doors of ports/link.h for real buses, behind libmodbus and our own framer. */
#ifndef OUTPOST_DRIVERS_LINK_LINKS_H
#define OUTPOST_DRIVERS_LINK_LINKS_H

#include "gateway/base/err.h"
#include "gateway/model/site.h"
#include "gateway/ports/link.h"

/* Takes memory, opens nothing. ERR_UNSUPPORTED for a kind that does not exist yet. Free with ret_link->ops->destroy(). */
MUST_CHECK enum err link_make(const struct site_bus *bus, struct link *ret_link);

/* libmodbus', as it was at build time: "3.1.6". Static. */
const char *link_library_version(void);

#endif
