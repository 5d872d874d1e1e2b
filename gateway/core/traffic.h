/* traffic: how many bytes a centre will cost, before anything is sent. Pure.
 *
 * The records are made by core/payload itself, with values of ordinary length in them; around them go topic and MQTT header, the
 * acknowledgement, and what TCP, IP and TLS add. Two pictures: idle (nothing changes: each device reports at its max_silence) and
 * busy (every poll brings news: the upper bound). In both the message of health, as often as the centre wants it. Not in it:
 * alarms, history after an outage, connecting, and what `batch` and `compress` save. Real values are longer or shorter: good to
 * about 15 %. */
#ifndef OUTPOST_CORE_TRAFFIC_H
#define OUTPOST_CORE_TRAFFIC_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/core/forecast.h"
#include "gateway/core/payload.h"
#include "gateway/model/news.h"
#include "gateway/model/site.h"

#define TRAFFIC_MONTH_S 2592000 /* 30 days */

struct traffic_room { /* to work in */
    struct news_telemetry news;
    char payload[PAYLOAD_RETAINED_MAX];
};

struct traffic { /* of a month */
    double records_idle;
    double records_busy;
    double payload_idle; /* bytes of records and health alone, … */
    double payload_busy;
    double bytes_idle; /* … and all that goes over the wire, both ways */
    double bytes_busy;
};

/* `buses`: one for each of the site's; they say how often a device is really polled. */
struct traffic traffic_of(const struct forecast_bus *buses, const struct site_centre *centre,
                          struct traffic_room *room);

/* The telemetry record of one device: its payload bytes. */
size_t traffic_record_size(const struct site *site, size_t device, struct traffic_room *room);

#endif
