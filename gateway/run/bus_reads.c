#include "gateway/run/bus_private.h"

#define PROBE_STEPS_MAX 6 /* registers or bytes that a probe may be shorter or longer than what was lost */
#define LONGER_MAX      4 /* registers or bytes that a read may ask for to differ from others */

bool bus_is_bits(uint8_t function)
{
    return function == FUNCTION_COIL || function == FUNCTION_DISCRETE;
}

/* Where an answer to a read does not say which question it is of. */
bool bus_is_line(const struct bus *bus)
{
    return bus->site->kind == LINK_RTU || bus->site->kind == LINK_RTU_OVER_TCP;
}

static uint8_t bytes_of(uint8_t function, uint32_t count)
{
    return (uint8_t)(bus_is_bits(function) ? (count + 7) / 8 : count * 2);
}

uint8_t bus_answer_bytes(const struct link_request *request)
{
    return bytes_of(request->function, request->count);
}

/* Whether the answer to one of the first read_max reads of the slave is so long. */
static bool is_taken(const struct bus *bus, size_t slave, uint8_t function, uint32_t count, size_t read_max)
{
    for (size_t i = bus->slaves[slave].first_read; i < read_max; i++)
        if (bus->schedule.reads[i].slave == slave && bus->reads[i].plan.function == function &&
            bytes_of(function, bus->reads[i].count) == bytes_of(function, count))
            return true;
    return false;
}

/* A read whose answer cannot be mistaken for a late one of `lost`, as it has another number of bytes; nor, where that can be
 * had, for one of another read of the slave, or of the probe before this. An exception is an answer too. */
static void differ(const struct bus *bus, const struct bus_read *lost, struct link_request *request)
{
    uint8_t const function = (uint8_t)lost->plan.function;
    int32_t const step = bus_is_bits(function) ? 8 : 1;
    int32_t const most = bus_is_bits(function) ? LINK_BITS_MAX : LINK_WORDS_MAX;
    uint32_t to_skip = bus->schedule.slaves[bus->slave].failures % 2;
    int32_t chosen = lost->count > step ? lost->count - step : lost->count + step;
    for (int32_t i = 2; i < 2 * (PROBE_STEPS_MAX + 1); i++) { /* a step less, one more, two less, two more ... */
        int32_t const count = lost->count + (i % 2 == 0 ? -1 : 1) * (i / 2) * step;
        if (count < 1 || count > most || lost->plan.address + count > 65536 ||
            is_taken(bus, bus->slave, function, (uint32_t)count, bus->schedule.read_count))
            continue;
        chosen = count;
        if (to_skip-- == 0)
            break;
    }
    request->function = function;
    request->count = (uint16_t)chosen;
    request->address = lost->plan.address + chosen > 65536 ? (uint16_t)(65536 - chosen) : lost->plan.address;
}

/* Reads of one slave differ in the length of their answers where that can be had, so that a second or late answer to the one
 * does not pass for the answer to another: some ask for a few registers more, where the profile lets reads cover what nobody
 * wants. Decided once for each plan, not by what was asked before, and so the same at every turn. */
void bus_choose_length(struct bus *bus, size_t read)
{
    struct bus_read *chosen = &bus->reads[read];
    const struct site_slave *site = bus->slaves[bus->schedule.reads[read].slave].site;
    bool const bits = bus_is_bits((uint8_t)chosen->plan.function);
    uint32_t const step = bits ? 8 : 1;
    uint32_t const most = bits ? LINK_BITS_MAX : site->count_max;
    uint32_t const longer_max = site->gap_max < LONGER_MAX ? site->gap_max : LONGER_MAX;
    chosen->count = chosen->plan.count;
    for (uint32_t longer = 0; bus_is_line(bus) && longer <= longer_max; longer++) {
        uint32_t const count = chosen->plan.count + longer * step;
        if (count > most || chosen->plan.address + count > 65536)
            return;
        if (is_taken(bus, bus->schedule.reads[read].slave, (uint8_t)chosen->plan.function, count, read))
            continue;
        chosen->count = (uint16_t)count;
        return;
    }
}

/* TCP pairs by transaction id, and a recording does not know questions of another length. */
void bus_begin_read(struct bus *bus, const struct schedule_choice *choice, struct now now)
{
    bus->slave = bus->schedule.reads[choice->read].slave;
    struct bus_slave *slave = &bus->slaves[bus->slave];
    bus->read = slave->fenced ? slave->lost_read : choice->read;
    const struct plan_read *plan = &bus->reads[bus->read].plan;
    bus->request = bus_request(bus, bus->slave);
    bus->request.function = (uint8_t)plan->function;
    bus->request.address = plan->address;
    bus->request.count = bus->reads[bus->read].count;
    bool const probe = choice->probe && bus_is_line(bus);
    if (slave->unproved && !probe && !slave->fenced) {
        bus_begin_identity(bus, now);
        return;
    }
    if (probe)
        differ(bus, &bus->reads[slave->lost_read], &bus->request);
    bus_shorten_timeout(bus, now);
    bus_begin(bus, probe ? DOING_PROBE : DOING_READ, now);
}

struct decode_input bus_decode_input(const struct bus *bus)
{
    return (struct decode_input){
        .function = (enum function)bus->request.function,
        .address = bus->request.address,
        .count = bus->request.count,
        .words = bus->reply.words,
        .bits = bus->reply.bits,
    };
}

/* Modbus Application Protocol V1.1b3, section 7. */
enum reason bus_reason_of(uint8_t exception)
{
    switch (exception) {
    case 1:
    case 2:
    case 3:
        return REASON_REFUSED;
    case 5:
    case 6:
        return REASON_BUSY;
    case 10:
    case 11:
        return REASON_NO_ANSWER; /* a bridge answers for it */
    default:
        return REASON_SENSOR_FAULT;
    }
}

static void retry_soon(struct bus *bus, size_t read, struct now now)
{
    struct schedule_read *when = &bus->schedule.reads[read];
    schedule_served(&bus->schedule, read, now.mono_us);
    if (when->due_mono_us > now.mono_us + EXCEPTION_RETRY_US)
        when->due_mono_us = now.mono_us + EXCEPTION_RETRY_US;
}

void bus_read_answered(struct bus *bus, struct now now)
{
    size_t const read = bus->read;
    struct bus_slave *slave = &bus->slaves[bus->slave];
    slave->retrying = slave->fenced = false;
    if (slave->unproved)
        return; /* it only fenced the probe; it is read again when the slave has said who it is */
    const struct plan_read *plan = &bus->reads[read].plan;
    struct decode_input const input = bus_decode_input(bus);
    decode_read(slave->site, slave->points + plan->point_first, plan->point_count, &input, &bus->item.is.batch);
    bus_read_granted(bus, read, now);
    if (plan->poll == POLL_SAFETY && bus_read_doubted(bus, read, now))
        return;
    bus->reads[read].reported = REASON_NONE;
    bus_stats_read(&bus->stats, bus->slave, plan->poll, read == 0, &bus->reads[read].good_mono_us, now);
    schedule_served(&bus->schedule, read, now.mono_us);
    bus_tell_batch(bus, read, now);
}

void bus_read_excepted(struct bus *bus, struct now now)
{
    enum reason const reason = bus_reason_of(bus->reply.exception);
    bus->slaves[bus->slave].retrying = bus->slaves[bus->slave].fenced = false;
    struct bus_read *read = &bus->reads[bus->read];
    if (reason == REASON_REFUSED && read->count != read->plan.count) {
        read->count = read->plan.count; /* asked again as it was planned, and from now on */
        return;
    }
    retry_soon(bus, bus->read, now);
    if (reason == REASON_REFUSED)
        bus_read_refused(bus, bus->read, now);
    else
        bus_tell_failed(bus, bus->read, reason, now);
}
