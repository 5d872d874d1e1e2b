/* The message that says how the gateway itself is doing. Counters that are 0 are left out where that is no news:
 * a message of 250 slaves has to fit. */
#include "gateway/core/payload.h"
#include "gateway/core/payload_words.h"

#define TAIL_SIZE 80 /* room for },"buses_left_out":64,"slaves":{},"slaves_left_out":1024} */

static void put_known(struct text *out, const char *key, int64_t value)
{
    if (value >= 0)
        payload_put_int(out, key, value);
}

void payload_put_alarms(struct text *out, const struct tally_alarms *alarms)
{
    text_put(out, "{\"raised\":");
    text_put_uint(out, alarms->raised);
    payload_put_uint(out, "counted", alarms->counted);
    payload_put_uint(out, "hushed", alarms->hushed);
    payload_put_uint(out, "recent", alarms->recent);
    payload_put_uint(out, "peak", alarms->peak);
    payload_put_uint(out, "chattering", alarms->chattering);
    payload_put_uint(out, "floods", alarms->floods);
    payload_put_bool(out, "flood", alarms->flood != 0);
    text_put(out, "}");
}

void payload_health_begin(struct text *out, const struct site *site, const struct payload_health *health)
{
    text_put(out, "{\"v\":1");
    payload_put_text(out, "gw", site->id);
    payload_put_text(out, "stream", health->status.stream);
    payload_put_uint(out, "boot", health->status.boot);
    payload_put_int(out, "at", health->status.at_utc_ms);
    payload_put_text(out, "clk", health->status.synced ? "sync" : "unsync");
    payload_put_lw(out, &health->status);
    text_put(out, ",\"journal\":{\"ok\":");
    text_put(out, health->journal_ok ? "true" : "false");
    payload_put_uint(out, "last_a", health->last_a);
    payload_put_uint(out, "last_t", health->last_t);
    payload_put_uint(out, "bytes", health->journal_bytes);
    payload_put_uint(out, "commits", health->commits);
    payload_put_uint(out, "dropped", health->dropped);
    put_known(out, "days_to_full", health->days_to_full);
    text_put(out, "},\"alarms\":");
    payload_put_alarms(out, &health->alarms);
    text_put(out, ",\"process\":{\"uptime_s\":");
    text_put_int(out, health->uptime_s);
    put_known(out, "rss_bytes", health->rss_bytes);
    put_known(out, "anon_bytes", health->anon_bytes);
    put_known(out, "cpu_ms", health->cpu_ms);
    put_known(out, "written_bytes", health->written_bytes);
    text_put(out, "}");
}

void payload_health_centre(struct text *out, bool first, const struct payload_health_centre *centre)
{
    text_put(out, first ? ",\"centres\":{" : ",");
    text_put_json_string(out, centre->id);
    text_put_format(out, ":{\"connected\":%s", centre->connected ? "true" : "false");
    payload_put_bool(out, "refused", centre->refused);
    if (centre->trouble[0] != '\0')
        payload_put_text(out, "trouble", centre->trouble);
    text_put(out, "}");
}

void payload_health_centres_end(struct text *out)
{
    text_put(out, "}");
}

void payload_health_buses(struct text *out)
{
    text_put(out, ",\"buses\":{");
}

static void put_share(struct text *out, const char *key, int64_t permille)
{
    if (permille < 0)
        return;
    text_put_format(out, ",\"%s\":", key);
    text_put_number(out, (double)permille / 10, false);
}

static void put_some(struct text *out, const char *key, uint64_t count)
{
    if (count > 0)
        payload_put_uint(out, key, count);
}

/* Exceptions by code; "other" for those the standard does not know. */
static void put_codes(struct text *out, const struct tally *tally)
{
    if (tally->exceptions == 0)
        return;
    const char *comma = "";
    text_put(out, ",\"codes\":{");
    for (unsigned code = 1; code <= TALLY_CODES; code++) {
        unsigned const at = code % TALLY_CODES;
        if (tally->by_code[at] == 0)
            continue;
        text_put_format(out, at == 0 ? "%s\"other\":" : "%s\"%u\":", comma, at);
        text_put_uint(out, tally->by_code[at]);
        comma = ",";
    }
    text_put(out, "}");
}

static void put_seen(struct text *out, const struct tally *tally)
{
    put_some(out, "lost", tally->lost);
    put_some(out, "crc", tally->crc);
    put_some(out, "late", tally->late);
    put_some(out, "echo", tally->echo);
    put_codes(out, tally);
}

static void put_polls(struct text *out, const struct site *site, const struct tally_poll *polls)
{
    const char *comma = "";
    text_put(out, ",\"polls\":{");
    for (int i = 0; i < POLL_CLASS_COUNT; i++) {
        const struct tally_poll *poll = &polls[i];
        if (poll->planned_us < 0)
            continue;
        text_put_format(out, "%s\"%s\":{\"planned_ms\":", comma, tally_poll_text((enum poll_class)i));
        text_put_int(out, poll->planned_us / 1000);
        if (poll->achieved_us >= 0) {
            payload_put_int(out, "achieved_ms", poll->achieved_us / 1000);
            payload_put_text(out, "slave", site->slaves[poll->slave].id);
        }
        if (poll->age_us >= 0)
            payload_put_int(out, "age_ms", poll->age_us / 1000);
        text_put(out, "}");
        comma = ",";
    }
    text_put(out, "}");
}

static bool fits(struct text *out, struct text before)
{
    if (!out->full && out->used + TAIL_SIZE <= PAYLOAD_MESSAGE_MAX)
        return true;
    payload_take_back(out, before);
    return false;
}

bool payload_health_bus(struct text *out, const struct site *site, bool first, const struct payload_health_bus *bus)
{
    struct text const before = *out;
    text_put(out, first ? "" : ",");
    text_put_json_string(out, bus->id);
    text_put(out, bus->open ? ":{\"open\":true" : ":{\"open\":false");
    put_share(out, "load_pct", bus->load_permille);
    put_known(out, "cycle_ms", bus->cycle_ms);
    payload_put_uint(out, "requests", bus->tally->requests);
    payload_put_uint(out, "good", bus->tally->good);
    payload_put_uint(out, "timeouts", bus->tally->timeouts);
    payload_put_uint(out, "garbled", bus->tally->garbled);
    payload_put_uint(out, "foreign", bus->tally->foreign);
    payload_put_uint(out, "exceptions", bus->tally->exceptions);
    payload_put_uint(out, "writes", bus->tally->writes);
    payload_put_uint(out, "reopened", bus->reopened);
    put_seen(out, bus->tally);
    if (!bus->brief) {
        put_share(out, "wire_pct", bus->wire_permille);
        payload_put_uint(out, "characters", bus->tally->characters);
        put_polls(out, site, bus->polls);
    }
    text_put(out, "}");
    return fits(out, before);
}

void payload_health_slaves(struct text *out)
{
    text_put(out, "},\"slaves\":{");
}

bool payload_health_slave(struct text *out, bool first, const struct payload_health_slave *slave)
{
    struct text const before = *out;
    text_put(out, first ? "" : ",");
    text_put_json_string(out, slave->id);
    text_put(out, slave->answering ? ":{\"ok\":true" : ":{\"ok\":false");
    put_known(out, "rtt_ms", slave->rtt_ms);
    put_known(out, "rtt_p99_ms", slave->rtt_p99_ms);
    put_known(out, "age_ms", slave->age_ms);
    payload_put_uint(out, "requests", slave->tally->requests);
    payload_put_uint(out, "good", slave->tally->good);
    put_some(out, "timeouts", slave->tally->timeouts);
    put_some(out, "garbled", slave->tally->garbled);
    put_some(out, "foreign", slave->tally->foreign);
    put_seen(out, slave->tally);
    put_some(out, "refused_points", slave->refused);
    text_put(out, slave->stranger ? ",\"stranger\":true}" : "}");
    return fits(out, before);
}

void payload_health_end(struct text *out, size_t buses_left_out, size_t slaves_left_out)
{
    text_put(out, "}");
    put_some(out, "buses_left_out", buses_left_out);
    put_some(out, "slaves_left_out", slaves_left_out);
    text_put(out, "}");
}
