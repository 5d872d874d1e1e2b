/* url: taking mqtt://host:port and mqtts://host:port apart. Pure. */
#ifndef OUTPOST_DRIVERS_UPLINK_URL_H
#define OUTPOST_DRIVERS_UPLINK_URL_H

#include <stdbool.h>

#include "gateway/base/err.h"

#define URL_HOST_MAX 253 /* RFC 1035, section 2.3.4 */

struct mqtt_url {
    bool tls;
    char host[URL_HOST_MAX + 1]; /* without the brackets of an IPv6 address */
    char port[6];                /* 1883 or 8883 when not given */
};

/* ERR_FORMAT: another scheme, no host, a port outside 1..65535, or anything behind the port but one slash. */
MUST_CHECK enum err mqtt_url_parse(const char *url, struct mqtt_url *ret_url);

#endif
