#include "gateway/run/bus_private.h"

#include "gateway/model/line.h"

#define READ_REQUEST_CHARACTERS 8  /* unit, function, address, count, CRC */
#define READ_FRAME_CHARACTERS   5U /* unit, function, byte count, CRC around what was read */
#define CHARACTER_NS            1145833 /* 11 bits at 9600 baud: of the line behind a TCP server, of which nothing is known */

bool bus_slave_find(const struct bus *bus, int32_t index, size_t *ret_at)
{
    for (size_t i = 0; i < bus->slave_count; i++) {
        if (bus->slaves[i].index == (size_t)index) {
            *ret_at = i;
            return true;
        }
    }
    return false;
}

struct link_request bus_request(const struct bus *bus, size_t slave)
{
    return (struct link_request){
        .unit = bus->slaves[slave].site->unit,
        .timeout_ms = bus->site->timeout_ms,
        .guard_ms = bus->site->guard_ms,
    };
}

static int64_t wire_us(const struct bus *bus, uint32_t characters)
{
    return characters * (bus_is_line(bus) ? line_character_ns(bus->site) : CHARACTER_NS) / 1000;
}

static int64_t answer_us(const struct bus *bus)
{
    return wire_us(bus, READ_FRAME_CHARACTERS + bus_answer_bytes(&bus->request));
}

void bus_shorten_timeout(struct bus *bus, struct now now)
{
    const struct bus_slave *slave = &bus->slaves[bus->slave];
    int64_t const us = patience_us(&slave->patience, bus->schedule.slaves[bus->slave].failures, answer_us(bus),
                                   (int64_t)bus->site->timeout_ms * 1000, now.mono_us);
    bus->request.timeout_ms = (uint32_t)((us + 999) / 1000);
    bus_stats_timeout(&bus->stats, bus->slave, bus->request.timeout_ms);
}

/* Its guard, which writes keep too. One whose answers come twice is not read for as long as an answer may take: the second
 * one then comes to nobody. */
static void rest(struct bus *bus, size_t slave, struct now now)
{
    struct bus_slave *resting = &bus->slaves[slave];
    int64_t const guard_us = (int64_t)resting->site->guard_ms * 1000;
    int64_t const timeout_us = (int64_t)bus->site->timeout_ms * 1000;
    bool const doubled = now.mono_us < resting->doubled_until_mono_us;
    resting->rest_until_mono_us = now.mono_us + guard_us;
    bus->schedule.slaves[slave].not_before_mono_us =
        now.mono_us + (doubled && timeout_us > guard_us ? timeout_us : guard_us);
}

void bus_slave_suspect(struct bus *bus, size_t slave, struct now now)
{
    struct bus_slave *suspect = &bus->slaves[slave];
    suspect->retrying = suspect->fenced = suspect->cut_short = false;
    suspect->owes = true;
    bus->schedule.slaves[slave].suspect = true;
    suspect->rest_until_mono_us = now.mono_us + (int64_t)suspect->site->guard_ms * 1000;
    if (bus->schedule.slaves[slave].not_before_mono_us < suspect->rest_until_mono_us)
        bus->schedule.slaves[slave].not_before_mono_us = suspect->rest_until_mono_us;
}

void bus_slave_forget(struct bus *bus, size_t slave, struct now now)
{
    struct bus_slave *forgotten = &bus->slaves[slave];
    forgotten->lost_read = forgotten->first_read;
    forgotten->silent_as = REASON_STARTING;
    forgotten->unproved = forgotten->site->has_identity;
    forgotten->patience = (struct patience){0};
    forgotten->doubled_until_mono_us = 0;
    bus_slave_suspect(bus, slave, now);
}

void bus_slave_answering(struct bus *bus, size_t slave, bool answering, struct now now)
{
    bus->slaves[slave].answering = answering;
    bus_stats_answering(&bus->stats, slave, answering, now);
}

static bool was_heard(const struct bus *bus, const struct bus_slave *slave)
{
    for (uint32_t i = 0; i < bus->reply.foreign && i < LINK_FOREIGN_UNITS; i++)
        if (bus->reply.foreign_units[i] == slave->site->unit)
            return true;
    return bus->reply.foreign > LINK_FOREIGN_UNITS;
}

/* Frames nobody waited for. From a slave that owes an answer it is that one, late: if it was not given the whole timeout, it
 * gets it from now on. From any other on a line it is a second answer. */
static void hear_foreign(struct bus *bus, struct now now)
{
    bus_line_troubled(bus, now);
    for (size_t i = 0; i < bus->slave_count; i++) {
        struct bus_slave *slave = &bus->slaves[i];
        if (!was_heard(bus, slave))
            continue;
        if (slave->cut_short)
            patience_widen(&slave->patience, now.mono_us);
        if (!slave->owes && bus_is_line(bus))
            slave->doubled_until_mono_us = now.mono_us + DOUBLED_US;
    }
}

void bus_slave_seen(struct bus *bus, bool good, struct now now)
{
    if (bus->reply.foreign > 0) {
        hear_foreign(bus, now);
    } else if (good && bus->request.function <= LINK_READ_INPUT) {
        int64_t const took_us = bus->reply.done_mono_us - bus->reply.sent_mono_us;
        patience_learn(&bus->slaves[bus->slave].patience,
                       took_us - wire_us(bus, READ_REQUEST_CHARACTERS) - answer_us(bus), now.mono_us);
    }
}

void bus_slave_answered(struct bus *bus, struct now now)
{
    struct bus_slave *slave = &bus->slaves[bus->slave];
    bool const was_silent = !slave->answering;
    bus->silences = 0;
    bus->reopen_wait_us = REOPEN_FIRST_US;
    slave->owes = slave->cut_short = false;
    bus_slave_answering(bus, bus->slave, true, now);
    schedule_answered(&bus->schedule, bus->slave, now.mono_us);
    rest(bus, bus->slave, now);
    if (!was_silent)
        return;
    slave->unproved = slave->site->has_identity; /* it may have been exchanged while it was gone */
    bus_merge_early(bus, bus->slave, now);
    log_say(LOG_INFO, "bus", "%s: %s answers", bus->site->id, slave->site->id);
}

/* Every read of a slave that has fallen silent tells so once, when it falls due. */
void bus_report_silent(struct bus *bus, struct now now)
{
    for (size_t i = 0; i < bus->schedule.read_count; i++) {
        const struct schedule_read *read = &bus->schedule.reads[i];
        const struct bus_slave *slave = &bus->slaves[read->slave];
        if (bus->schedule.slaves[read->slave].suspect && !slave->retrying && slave->silent_as != REASON_STARTING &&
            read->due_mono_us <= now.mono_us && bus->reads[i].reported != slave->silent_as)
            bus_tell_failed(bus, i, slave->silent_as, now);
    }
}

static size_t dead_count(const struct bus *bus)
{
    size_t count = 0;
    for (size_t i = 0; i < bus->slave_count; i++)
        count += schedule_is_dead(&bus->schedule.slaves[i]);
    return count;
}

/* How late an answer may be has to do with the slave, not with how long it was waited for: what is left alone is left alone
 * until the whole timeout is over at least. Writes are urgent whatever they cost: only polls are held to the share of the
 * dead. */
static void mark_silent(struct bus *bus, enum doing doing, enum reason reason, struct now now)
{
    struct bus_slave *slave = &bus->slaves[bus->slave];
    bool const poll = doing == DOING_READ || doing == DOING_PROBE || doing == DOING_IDENTITY;
    int64_t const waited_us = (int64_t)bus->request.timeout_ms * 1000;
    int64_t const half_us = (int64_t)bus->site->timeout_ms * 1000 / 2; /* the schedule doubles it */
    if (doing == DOING_READ)
        slave->lost_read = bus->read;
    slave->retrying = slave->fenced = false;
    bool const whole = bus->request.timeout_ms == bus->site->timeout_ms;
    slave->cut_short |= !whole;
    slave->owes = true;
    slave->silent_as = reason;
    schedule_silent(&bus->schedule, bus->slave, now.mono_us, waited_us > half_us ? waited_us : half_us,
                    poll ? now.mono_us - bus->started_mono_us : 0);
    if (whole)
        patience_spent(&slave->patience, dead_count(bus), now.mono_us);
    bus_report_silent(bus, now);
}

static void does_not_answer(struct bus *bus, enum doing doing, struct now now)
{
    struct bus_slave *slave = &bus->slaves[bus->slave];
    mark_silent(bus, doing, REASON_NO_ANSWER, now);
    if (!slave->answering || !schedule_is_dead(&bus->schedule.slaves[bus->slave]))
        return;
    bus_slave_answering(bus, bus->slave, false, now);
    log_say(LOG_WARNING, "bus", "%s: %s does not answer", bus->site->id, slave->site->id);
}

/* The bridge answers for it: the connection is as good as ever, only this slave is not there. */
void bus_slave_unreached(struct bus *bus, enum doing doing, struct now now)
{
    bus->silences = 0;
    bus->reopen_wait_us = REOPEN_FIRST_US;
    does_not_answer(bus, doing, now);
}

/* That a dead slave says nothing is nothing new, and no trouble of the line. */
void bus_slave_silent(struct bus *bus, enum doing doing, struct now now)
{
    if (!schedule_is_dead(&bus->schedule.slaves[bus->slave]))
        bus_line_troubled(bus, now);
    does_not_answer(bus, doing, now);
    bus->silences++;
    if (bus->site->kind != LINK_RTU && bus->silences >= SILENT_CONNECTION)
        bus_line_renew(bus, now);
}

/* Something came, but nothing that holds: asked again at once, after a probe, before anybody is told. */
void bus_slave_garbled(struct bus *bus, enum doing doing, struct now now)
{
    struct bus_slave *slave = &bus->slaves[bus->slave];
    bus->silences = 0;
    bus_line_troubled(bus, now);
    if (doing != DOING_READ || slave->retrying) {
        mark_silent(bus, doing, REASON_GARBLED, now);
        return;
    }
    slave->lost_read = bus->read;
    slave->retrying = slave->owes = true;
    slave->fenced = false;
    schedule_garbled(&bus->schedule, bus->slave);
    rest(bus, bus->slave, now);
}
