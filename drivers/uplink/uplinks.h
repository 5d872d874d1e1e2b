/* uplinks: making the doors of ports/uplink.h: MQTT by Eclipse Paho (MQTTAsync). */
#ifndef OUTPOST_DRIVERS_UPLINK_UPLINKS_H
#define OUTPOST_DRIVERS_UPLINK_UPLINKS_H

#include "gateway/base/bell.h"
#include "gateway/base/err.h"
#include "gateway/ports/uplink.h"

/* Once, before any thread starts: removes http_proxy and https_proxy from the environment. */
void uplink_library_init(void);

/* `bell` is rung whenever the mailbox gets something; it must outlive the uplink. */
MUST_CHECK enum err uplink_make(struct bell *bell, struct uplink *ret_uplink);

/* Not a broker but a file: each message becomes one line, {"topic","qos","retain","hist","payload"}, appended and
 * acknowledged at once. For tests and for looking at what would be sent. `path` must outlive the uplink. */
MUST_CHECK enum err uplink_make_file(const char *path, struct bell *bell, struct uplink *ret_uplink);

/* Paho's, at run time: "1.3.12"; what does its TLS: "OpenSSL 3.0.17 1 Jul 2025". Each loads the library to ask it; "not
 * installed" when that cannot be done. */
struct text;
void uplink_library_version(struct text *to);
void uplink_tls_version(struct text *to);

#endif
