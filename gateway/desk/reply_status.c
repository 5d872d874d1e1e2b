/* How the gateway itself is doing: its process, buses, slaves, centres, journal. The words of "state" are in
 * docs/schema/outpost-status.schema.json; view_status.c says them to people. */
#include "gateway/core/payload.h"
#include "gateway/core/schedule.h"
#include "gateway/desk/reply_private.h"
#include "gateway/run/health.h"

#define BEHIND_NUMERATOR   3 /* a poll class is behind when its period is half as long again as planned */
#define BEHIND_DENOMINATOR 2

static int64_t age_ms(const struct reply *reply, int64_t mono_us)
{
    return mono_us > 0 && mono_us <= reply->now.mono_us ? (reply->now.mono_us - mono_us) / 1000 : -1;
}

static void put_known(struct text *to, const char *key, int64_t value)
{
    if (value >= 0)
        put_int(to, key, value);
}

static void put_share(struct text *to, const char *key, int32_t permille)
{
    if (permille < 0)
        return;
    put_key(to, key);
    text_put_number(to, (double)permille / 10, false);
}

enum put reply_put_gateway(struct reply *reply, struct text *to)
{
    struct board_journal journal;
    board_get_journal(reply->board, &journal);
    text_put(to, "{\"version\":");
    text_put_json_string(to, OUTPOST_VERSION);
    put_known(to, "uptime_s",
              journal.opened_mono_us > 0 ? (reply->now.mono_us - journal.opened_mono_us) / 1000000 : -1);
    put_uint(to, "boot", journal.boot);
    put_text(to, "clk", reply->now.synced ? "sync" : "unsync");
    text_put(to, "}");
    return PUT_WHOLE;
}

enum put reply_put_alarms(struct reply *reply, struct text *to)
{
    struct tally_alarms alarms;
    board_get_alarms(reply->board, &alarms);
    payload_put_alarms(to, &alarms);
    return PUT_WHOLE;
}

static void put_tally(struct text *to, const struct tally *tally)
{
    put_uint(to, "requests", tally->requests);
    put_uint(to, "good", tally->good);
    put_uint(to, "timeouts", tally->timeouts);
    put_uint(to, "garbled", tally->garbled);
    put_uint(to, "exceptions", tally->exceptions);
    put_uint(to, "lost", tally->lost);
    put_uint(to, "crc", tally->crc);
    put_uint(to, "foreign", tally->foreign);
    put_uint(to, "late", tally->late);
    put_uint(to, "echo", tally->echo);
    put_uint(to, "writes", tally->writes);
    put_uint(to, "characters", tally->characters);
    put_key(to, "codes");
    const char *comma = "";
    text_put(to, "{");
    for (unsigned code = 0; code < TALLY_CODES; code++) {
        if (tally->by_code[code] == 0)
            continue;
        if (code == 0)
            text_put_format(to, "%s\"other\":", comma);
        else
            text_put_format(to, "%s\"%u\":", comma, code);
        text_put_uint(to, tally->by_code[code]);
        comma = ",";
    }
    text_put(to, "}");
}

static bool is_behind(const struct tally_poll *poll)
{
    return poll->planned_us > 0 && poll->achieved_us * BEHIND_DENOMINATOR > poll->planned_us * BEHIND_NUMERATOR;
}

static void put_polls(const struct site *site, struct text *to, const struct tally_poll *polls)
{
    bool any = false;
    put_key(to, "polls");
    text_put(to, "{");
    for (int i = 0; i < POLL_CLASS_COUNT; i++) {
        const struct tally_poll *poll = &polls[i];
        if (poll->planned_us < 0)
            continue;
        text_put_format(to, "%s\"%s\":{\"planned_ms\":", any ? "," : "", tally_poll_text((enum poll_class)i));
        text_put_int(to, poll->planned_us / 1000);
        put_known(to, "achieved_ms", poll->achieved_us >= 0 ? poll->achieved_us / 1000 : -1);
        put_known(to, "age_ms", poll->age_us >= 0 ? poll->age_us / 1000 : -1);
        if (poll->slave >= 0)
            put_text(to, "slave", site->slaves[poll->slave].id);
        put_bool(to, "behind", is_behind(poll));
        text_put(to, "}");
        any = true;
    }
    text_put(to, "}");
}

static const char *bus_state(const struct board_bus *bus)
{
    if (bus->open == 0)
        return "closed";
    for (int i = 0; i < POLL_CLASS_COUNT; i++)
        if (is_behind(&bus->polls[i]))
            return "behind";
    return "good";
}

enum put reply_put_bus(struct reply *reply, struct text *to)
{
    const struct site_bus *site_bus = &reply->site->buses[reply->index];
    struct board_bus bus;
    board_get_bus(reply->board, reply->index, &bus);
    begin(reply, to, "bus", site_bus->id);
    put_text(to, "state", bus_state(&bus));
    put_bool(to, "open", bus.open != 0);
    put_given(to, "trouble", bus.trouble);
    put_share(to, "load_pct", bus.load_permille);
    put_share(to, "wire_pct", bus.wire_permille);
    put_tally(to, &bus.tally);
    put_uint(to, "reopened", bus.reopened);
    put_uint(to, "busy_us", bus.busy_us);
    put_int(to, "cycle_us", bus.cycle_us);
    put_polls(reply->site, to, bus.polls);
    text_put(to, "}");
    return PUT_WHOLE;
}

static const char *slave_state(const struct board_slave *slave, bool bus_open)
{
    if (!bus_open)
        return "bus_lost";
    if (slave->failures >= SCHEDULE_DEAD_FAILURES)
        return slave->garbled != 0 ? "garbled" : "silent";
    if (slave->good_mono_us == 0)
        return "starting";
    if (slave->answering == 0)
        return "silent"; /* its line has just come back */
    if (slave->stranger != 0)
        return "stranger";
    return slave->refusal_count > 0 ? "refusing" : "good";
}

static void put_refusals(struct text *to, const struct site_slave *site_slave, const struct board_slave *slave)
{
    if (slave->refusal_count == 0)
        return;
    put_uint(to, "refused_points", slave->refusal_count);
    put_key(to, "refused");
    text_put(to, "[");
    for (size_t i = 0; i < slave->refusal_count && i < BOARD_REFUSALS_MAX; i++) {
        const struct board_refusal *refusal = &slave->refusals[i];
        text_put(to, i > 0 ? ",{\"point\":" : "{\"point\":");
        text_put_json_string(to, site_slave->points[refusal->point].id);
        put_uint(to, "function", refusal->function);
        put_uint(to, "address", refusal->address);
        put_uint(to, "code", refusal->exception);
        text_put(to, "}");
    }
    text_put(to, "]");
}

static void put_stranger(struct text *to, const struct site_slave *site_slave, const struct board_slave *slave)
{
    if (slave->stranger == 0)
        return;
    text_put_format(to, ",\"stranger\":{\"address\":%u", site_slave->identity.address);
    put_int(to, "expected", site_slave->identity_equals);
    put_int(to, "found", slave->stranger_found);
    text_put(to, "}");
}

static void put_times(struct reply *reply, struct text *to, const struct board_slave *slave)
{
    if (slave->good_mono_us > 0) {
        put_uint(to, "rtt_us", slave->rtt_us);
        put_uint(to, "rtt_p50_us", slave->rtt_p50_us);
        put_uint(to, "rtt_p99_us", slave->rtt_p99_us);
    }
    if (slave->timeout_ms > 0)
        put_uint(to, "timeout_ms", slave->timeout_ms);
    put_known(to, "age_ms", age_ms(reply, slave->good_mono_us));
    if (slave->last_exception == 0)
        return;
    text_put_format(to, ",\"last_exception\":{\"code\":%u", slave->last_exception);
    put_known(to, "age_ms", age_ms(reply, slave->exception_mono_us));
    text_put(to, "}");
}

enum put reply_put_slave(struct reply *reply, struct text *to)
{
    const struct site_slave *site_slave = &reply->site->slaves[reply->index];
    struct board_slave slave;
    struct board_bus bus;
    board_get_slave(reply->board, reply->index, &slave);
    board_get_bus(reply->board, (size_t)site_slave->bus, &bus);
    begin(reply, to, "slave", site_slave->id);
    put_text(to, "bus", reply->site->buses[site_slave->bus].id);
    put_uint(to, "unit", site_slave->unit);
    put_given(to, "profile", site_slave->profile);
    put_text(to, "state", slave_state(&slave, bus.open != 0));
    put_bool(to, "answering", slave.answering != 0);
    put_bool(to, "too_late", slave.late > 0);
    put_tally(to, &slave.tally);
    put_times(reply, to, &slave);
    put_stranger(to, site_slave, &slave);
    put_refusals(to, site_slave, &slave);
    put_polls(reply->site, to, slave.polls);
    text_put(to, "}");
    return PUT_WHOLE;
}

/* Records that are not settled for this centre. */
static uint64_t waiting(uint64_t last, uint64_t settled)
{
    return last > settled ? last - settled : 0;
}

enum put reply_put_centre(struct reply *reply, struct text *to)
{
    struct board_centre centre;
    struct board_journal journal;
    board_get_centre(reply->board, reply->index, &centre);
    board_get_journal(reply->board, &journal);
    begin(reply, to, "centre", reply->site->centres[reply->index].id);
    put_bool(to, "connected", centre.connected != 0);
    put_bool(to, "refused", centre.refused != 0);
    put_uint(to, "published", centre.published);
    put_uint(to, "acked", centre.acked);
    put_known(to, "acked_age_ms", age_ms(reply, centre.acked_mono_us));
    put_uint(to, "reconnects", centre.reconnects);
    text_put_format(to, ",\"lw\":{\"a\":%llu,\"t\":%llu}", (unsigned long long)centre.lw_a + 1,
                    (unsigned long long)centre.lw_t + 1); /* as on the wire: the lowest that is not settled */
    text_put_format(to, ",\"backlog\":{\"a\":%llu,\"t\":%llu}",
                    (unsigned long long)waiting(journal.last_a, centre.lw_a),
                    (unsigned long long)waiting(journal.last_t, centre.lw_t));
    put_given(to, "trouble", centre.trouble);
    put_given(to, "trouble_zh", centre.trouble_zh);
    text_put(to, "}");
    return PUT_WHOLE;
}

enum put reply_put_journal(struct reply *reply, struct text *to)
{
    struct board_journal journal;
    board_get_journal(reply->board, &journal);
    text_put(to, "{\"ok\":");
    text_put(to, journal.ok != 0 ? "true" : "false");
    text_put_format(to, ",\"last\":{\"a\":%llu,\"t\":%llu}", (unsigned long long)journal.last_a,
                    (unsigned long long)journal.last_t);
    put_uint(to, "bytes", journal.bytes);
    put_uint(to, "max_bytes", reply->site->journal.size_max);
    put_known(to, "days_to_full", health_days_to_full(reply->site, &journal, reply->now.mono_us));
    put_bool(to, "budget_used", journal.budget_used != 0);
    put_uint(to, "commits", journal.commits);
    put_uint(to, "dropped", journal.dropped);
    put_uint(to, "boot", journal.boot);
    put_given(to, "stream", journal.stream);
    put_given(to, "trouble", journal.trouble);
    text_put(to, "}");
    return PUT_WHOLE;
}
