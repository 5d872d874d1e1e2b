#include "gateway/core/traffic.h"

#include <string.h>

#include "gateway/base/check.h"

#define TCP_IP_SIZE 52 /* IPv4 20, TCP 20, its time stamps 12: RFC 791, 9293, 7323 */
#define TLS_SIZE    22 /* a TLS 1.3 record: header 5, type 1, tag 16: RFC 8446, 5.2 */
#define PUBACK_SIZE 4

/* Of ordinary length. */
#define NUMBER_USUAL    12.3
#define INTEGER_USUAL   123
#define TEXT_USUAL_SIZE 8
#define COUNT_USUAL     1234567 /* a sequence number, a count of requests */
#define UTC_MS_USUAL    1800000000000
#define STREAM_USUAL    "0123456789abcdef"

static const struct payload_stamp stamp = {
    .stream = STREAM_USUAL, .lane = 't', .seq = COUNT_USUAL, .boot = 12, .at_utc_ms = UTC_MS_USUAL, .synced = true};

static union value usual_value(const struct device_point *point)
{
    switch (point->type) {
    case VALUE_BOOL:
        return (union value){.boolean = false};
    case VALUE_INT:
        return (union value){.integer = INTEGER_USUAL};
    case VALUE_UINT:
        return (union value){.natural = INTEGER_USUAL};
    case VALUE_NUMBER:
        return (union value){.number = NUMBER_USUAL};
    case VALUE_ENUM:
        return (union value){.code = 0};
    case VALUE_TEXT:
        break;
    }
    return (union value){.text = {.offset = 0, .size = TEXT_USUAL_SIZE}};
}

size_t traffic_record_size(const struct site *site, size_t device, struct traffic_room *room)
{
    const struct site_device *of = &site->devices[device];
    struct text text;
    CHECK(of->point_count <= SITE_DEVICE_POINTS_MAX);
    room->news = (struct news_telemetry){
        .device = (uint32_t)device, .sample_count = (uint16_t)of->point_count, .text_size = TEXT_USUAL_SIZE};
    memset(room->news.texts, 'x', TEXT_USUAL_SIZE);
    for (size_t i = 0; i < of->point_count; i++)
        room->news.samples[i] = (struct sample){.value = usual_value(&of->points[i]), .point = (uint16_t)i};
    text_init(&text, room->payload, sizeof room->payload);
    payload_telemetry(&text, site, &stamp, &room->news);
    return text.used;
}

/* The poll classes in which anything on the bus is read. */
static void usual_polls(const struct site *site, size_t bus, struct tally_poll ret_polls[static POLL_CLASS_COUNT])
{
    for (size_t i = 0; i < POLL_CLASS_COUNT; i++)
        ret_polls[i] = (struct tally_poll){.planned_us = -1, .achieved_us = -1, .age_us = -1, .slave = -1};
    for (size_t i = 0; i < site->slave_count; i++) {
        const struct site_slave *slave = &site->slaves[i];
        if ((size_t)slave->bus != bus)
            continue;
        for (size_t k = 0; k < slave->point_count; k++) {
            enum poll_class const poll = slave->points[k].poll;
            int64_t const period_us = (int64_t)slave->every_ms[poll] * 1000;
            ret_polls[poll] = (struct tally_poll){
                .planned_us = period_us, .achieved_us = period_us, .age_us = period_us, .slave = (int32_t)i};
        }
    }
}

static size_t health_bus(struct text *text, const struct site *site, size_t bus, const struct tally *usual)
{
    struct tally_poll polls[POLL_CLASS_COUNT];
    usual_polls(site, bus, polls);
    return payload_health_bus(text, site, bus == 0,
                              &(struct payload_health_bus){
                                  .id = site->buses[bus].id,
                                  .open = true,
                                  .brief = text->used > PAYLOAD_MESSAGE_MAX / 2,
                                  .load_permille = INTEGER_USUAL,
                                  .wire_permille = site->buses[bus].baud > 0 ? INTEGER_USUAL : -1,
                                  .cycle_ms = INTEGER_USUAL,
                                  .reopened = 1,
                                  .tally = usual,
                                  .polls = polls,
                              })
               ? 1
               : 0;
}

static size_t health_slave(struct text *text, const struct site *site, size_t slave, const struct tally *usual)
{
    return payload_health_slave(text, slave == 0,
                                &(struct payload_health_slave){
                                    .id = site->slaves[slave].id,
                                    .answering = true,
                                    .rtt_ms = 12,
                                    .rtt_p99_ms = 45,
                                    .age_ms = INTEGER_USUAL,
                                    .tally = usual,
                                })
               ? 1
               : 0;
}

static void health_head(struct text *text, const struct site *site)
{
    uint64_t const many = COUNT_USUAL;
    payload_health_begin(text, site,
                         &(struct payload_health){.status = {.stream = STREAM_USUAL,
                                                             .boot = 12,
                                                             .lw_a = INTEGER_USUAL,
                                                             .lw_t = many,
                                                             .at_utc_ms = UTC_MS_USUAL,
                                                             .synced = true},
                                                  .uptime_s = (int64_t)many,
                                                  .journal_ok = true,
                                                  .last_a = INTEGER_USUAL,
                                                  .last_t = many,
                                                  .journal_bytes = 100 * many,
                                                  .commits = many,
                                                  .days_to_full = INTEGER_USUAL,
                                                  .rss_bytes = 10 * COUNT_USUAL,
                                                  .anon_bytes = COUNT_USUAL,
                                                  .cpu_ms = COUNT_USUAL,
                                                  .written_bytes = 100 * COUNT_USUAL});
}

static size_t health_size(const struct site *site, struct traffic_room *room)
{
    struct tally const usual = {.requests = COUNT_USUAL, .good = COUNT_USUAL, .characters = 10 * COUNT_USUAL};
    struct text text;
    size_t buses = 0;
    size_t slaves = 0;
    text_init(&text, room->payload, sizeof room->payload);
    health_head(&text, site);
    payload_health_buses(&text);
    for (size_t i = 0; i < site->bus_count; i++)
        buses += health_bus(&text, site, i, &usual);
    payload_health_slaves(&text);
    for (size_t i = 0; i < site->slave_count; i++)
        slaves += health_slave(&text, site, i, &usual);
    payload_health_end(&text, site->bus_count - buses, site->slave_count - slaves);
    return text.used;
}

/* --- on the wire ------------------------------------------------------------------------------------------------------ */

struct wire {
    const struct site *site;
    const struct site_centre *centre;
    size_t packet_size; /* what one packet costs beyond its bytes */
};

/* A PUBLISH (MQTT 5.0, 3.3): type, length, topic, number (QoS 1), properties (version 5). */
static size_t publish_size(const struct wire *wire, const char *kind, const char *device, size_t payload_size,
                           bool acked)
{
    size_t size = strlen(wire->centre->prefix) + 1 + strlen(wire->site->id) + 1 + strlen(kind) + payload_size + 2;
    if (device != NULL)
        size += 1 + strlen(device);
    size += (acked ? 2U : 0U) + (wire->centre->mqtt == 5 ? 1U : 0U);
    return 1 + (size < 128 ? 1U : size < 16384 ? 2U : 3U) + size;
}

/* QoS 1: there, acknowledged, and the acknowledgement acknowledged by TCP. */
static size_t telemetry_bytes(const struct wire *wire, const char *device, size_t payload_size)
{
    return publish_size(wire, "telemetry", device, payload_size, true) + wire->packet_size + PUBACK_SIZE +
           wire->packet_size + TCP_IP_SIZE;
}

static size_t health_bytes(const struct wire *wire, size_t payload_size)
{
    return publish_size(wire, "health", NULL, payload_size, false) + wire->packet_size + TCP_IP_SIZE;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void add_device(const struct forecast_bus *buses, const struct wire *wire, size_t index,
                       struct traffic_room *room, struct traffic *traffic)
{
    const struct site_device *device = &wire->site->devices[index];
    int64_t const poll_us = forecast_period_us(buses, device);
    int64_t const silence_us = later((int64_t)device->max_silence_ms * 1000, poll_us);
    if (poll_us <= 0)
        return; /* nothing to read */
    size_t const payload_size = traffic_record_size(wire->site, index, room);
    double const idle = TRAFFIC_MONTH_S * 1e6 / (double)silence_us;
    double const busy = TRAFFIC_MONTH_S * 1e6 / (double)poll_us;
    double const bytes = (double)telemetry_bytes(wire, device->id, payload_size);
    traffic->records_idle += idle;
    traffic->records_busy += busy;
    traffic->payload_idle += idle * (double)payload_size;
    traffic->payload_busy += busy * (double)payload_size;
    traffic->bytes_idle += idle * bytes;
    traffic->bytes_busy += busy * bytes;
}

struct traffic traffic_of(const struct forecast_bus *buses, const struct site_centre *centre, struct traffic_room *room)
{
    struct traffic traffic = {0};
    struct wire wire = {.site = buses->site, .centre = centre, .packet_size = TCP_IP_SIZE};
    if (centre->url_count > 0 && strncmp(centre->urls[0], "mqtts:", 6) == 0)
        wire.packet_size += TLS_SIZE;
    for (size_t i = 0; i < wire.site->device_count; i++)
        add_device(buses, &wire, i, room, &traffic);
    size_t const payload_size = health_size(wire.site, room);
    double const count = TRAFFIC_MONTH_S * 1e3 / centre->health_ms;
    traffic.payload_idle += count * (double)payload_size;
    traffic.payload_busy += count * (double)payload_size;
    traffic.bytes_idle += count * (double)health_bytes(&wire, payload_size);
    traffic.bytes_busy += count * (double)health_bytes(&wire, payload_size);
    return traffic;
}
