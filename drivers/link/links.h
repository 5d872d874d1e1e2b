/* links: making the doors of ports/link.h for real buses, behind libmodbus (serial ports) and our own framer. */
#ifndef OUTPOST_DRIVERS_LINK_LINKS_H
#define OUTPOST_DRIVERS_LINK_LINKS_H

#include "gateway/base/err.h"
#include "gateway/model/site.h"
#include "gateway/ports/link.h"
#include "gateway/ports/tap.h"

/* Takes memory, opens nothing. `tap` hears what is on the wire (on a replay nothing is) and outlives the link, as the bus does;
 * NULL: nobody listens. Free with ret_link->ops->destroy(). */
MUST_CHECK enum err link_make(const struct site_bus *bus, const struct tap *tap, struct link *ret_link);

/* libmodbus', at run time: "3.1.6". */
struct text;
void link_library_version(struct text *to);

#endif
