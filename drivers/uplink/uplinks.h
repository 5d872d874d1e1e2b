/* uplinks: making the doors of ports/uplink.h: MQTT by Eclipse Paho (MQTTAsync). */
#ifndef OUTPOST_DRIVERS_UPLINK_UPLINKS_H
#define OUTPOST_DRIVERS_UPLINK_UPLINKS_H

#include "gateway/base/bell.h"
#include "gateway/base/err.h"
#include "gateway/ports/uplink.h"

/* Once, before any thread starts: initialises the library, removes http_proxy and https_proxy from the environment. */
void uplink_library_init(void);

/* `bell` is rung whenever the mailbox gets something; it must outlive the uplink. */
MUST_CHECK enum err uplink_make(struct bell *bell, struct uplink *ret_uplink);

#endif
