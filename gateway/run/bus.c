#include "gateway/run/bus.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/arena.h"
#include "gateway/base/check.h"
#include "gateway/base/log.h"
#include "gateway/core/decode.h"
#include "gateway/core/plan.h"
#include "gateway/core/schedule.h"
#include "gateway/model/inbox.h"
#include "gateway/model/order.h"

#define BUS_MEMORY_MAX     ((size_t)8 * 1024 * 1024)
#define REOPEN_FIRST_US    500000   /* after a failed open, doubled each time */
#define REOPEN_MAX_US      10000000 /* up to this */
#define REFUSED_PERIOD_US  10000000 /* a single point that the slave refuses is asked so seldom */
#define EXCEPTION_RETRY_US 2000000  /* a slow read that met an exception does not wait for its next tick */
#define REFUSALS_TO_SPLIT  2        /* in a row, before a merged read is taken apart */
#define MERGE_AGAIN_US     60000000 /* after a split: a slave that was only busy starting is read merged again */
#define STRANGER_RETRY_US  10000000 /* another model than the profile's is asked again who it is */
#define SILENT_CONNECTION  3        /* timeouts in a row, without any answer, that make a TCP connection suspect */
#define BOARD_PERIOD_US    200000
#define TURNS_MAX          8 /* transactions ended or begun in one step */

enum doing { DOING_NOTHING, DOING_READ, DOING_PROBE, DOING_IDENTITY, DOING_WRITE, DOING_READ_BACK, DOING_HEARTBEAT };

struct bus_read {
    struct plan_read plan;
    uint8_t refusals; /* exceptions 1, 2, 3 in a row */
    uint8_t reported; /* enum reason its points are bad for at the judge; REASON_NONE: they are good */
    bool trial;       /* merged again after a split: one refusal splits it, and nobody is told */
};

struct bus_slave {
    size_t index; /* into site.slaves */
    const struct site_slave *site;
    uint16_t *points; /* the plan's */
    size_t first_read;
    size_t lost_read; /* one of its reads: what was asked when it fell silent. The probe differs from it */
    bool fenced;      /* the probe was answered: lost_read is asked next, so that a second answer to the probe shows */
    bool unproved;    /* it has an identity probe and did not pass it since it was last gone: nothing it says counts */
    bool stranger;    /* it failed that probe: another model, or another profile, than the site file says */
    bool retrying;    /* a garbled answer is being asked for again */
    enum reason silent_as; /* why it is suspect: no_answer or garbled */
    int64_t heartbeat_mono_us;
    uint16_t heartbeat;
    struct board_slave board;
};

struct bus {
    struct bus_setup setup;
    const struct site_bus *site;
    struct arena arena;
    struct bus_slave *slaves;
    size_t slave_count;
    struct bus_read *reads;    /* parallel to schedule.reads; splitting appends */
    struct plan_read *planned; /* the plan as it was made, planned_count */
    size_t planned_count;
    int64_t merge_mono_us; /* when to try merged reads again; CLOCK_NEVER: nothing is split */
    size_t read_count_max;
    struct schedule schedule;

    bool open;
    bool ever_told; /* the judge knows whether the bus is open */
    int64_t reopen_mono_us;
    int64_t reopen_wait_us;
    unsigned int silences; /* timeouts in a row on the whole connection */

    enum doing doing;
    size_t read;  /* DOING_READ, DOING_PROBE */
    size_t slave; /* whose transaction it is */
    struct link_request request;
    struct bus_write write; /* DOING_WRITE, DOING_READ_BACK */
    int64_t write_sent_mono_us;
    int64_t started_mono_us;

    struct board_bus board;
    int64_t board_mono_us;
    int64_t cycle_mono_us; /* when read 0 was last answered */
    struct link_reply reply;
    struct inbox item;
};

/* Opening. */

static enum err add_slave(struct bus *bus, struct bus_slave *slave, struct plan_read *reads)
{
    const struct site_slave *site = slave->site;
    slave->points = arena_take(&bus->arena, site->point_count, sizeof *slave->points);
    if (slave->points == NULL)
        return ERR_MEMORY;
    struct plan plan;
    enum err err = plan_make(site, reads, site->point_count, slave->points, &plan);
    if (err != ERR_OK)
        return err;
    slave->first_read = slave->lost_read = bus->schedule.read_count;
    for (size_t i = 0; i < plan.read_count; i++) {
        size_t const at = bus->schedule.read_count++;
        bus->reads[at] = (struct bus_read){.plan = reads[i]};
        bus->planned[at] = reads[i];
        bus->schedule.reads[at] = (struct schedule_read){
            .slave = (uint16_t)(slave - bus->slaves),
            .poll = reads[i].poll,
            .period_us = (int64_t)site->every_ms[reads[i].poll] * 1000,
        };
    }
    return ERR_OK;
}

static enum err take_memory(struct bus *bus)
{
    const struct site *site = bus->setup.site;
    size_t points_max = 1;
    for (size_t i = 0; i < site->slave_count; i++) {
        if ((size_t)site->slaves[i].bus != bus->setup.bus)
            continue;
        bus->slave_count++;
        bus->read_count_max += site->slaves[i].point_count;
        if (site->slaves[i].point_count > points_max)
            points_max = site->slaves[i].point_count;
    }
    bus->slaves = arena_take(&bus->arena, bus->slave_count, sizeof *bus->slaves);
    bus->reads = arena_take(&bus->arena, bus->read_count_max, sizeof *bus->reads);
    bus->planned = arena_take(&bus->arena, bus->read_count_max, sizeof *bus->planned);
    bus->schedule.reads = arena_take(&bus->arena, bus->read_count_max, sizeof *bus->schedule.reads);
    bus->schedule.slaves = arena_take(&bus->arena, bus->slave_count, sizeof *bus->schedule.slaves);
    bus->schedule.slave_count = bus->slave_count;
    struct plan_read *scratch = calloc(points_max, sizeof *scratch);
    enum err err = ERR_OK;
    if (bus->slaves == NULL || bus->reads == NULL || bus->planned == NULL || bus->schedule.reads == NULL ||
        bus->schedule.slaves == NULL || scratch == NULL)
        err = ERR_MEMORY;
    size_t at = 0;
    for (size_t i = 0; err == ERR_OK && i < site->slave_count; i++) {
        if ((size_t)site->slaves[i].bus != bus->setup.bus)
            continue;
        bus->slaves[at] = (struct bus_slave){.index = i, .site = &site->slaves[i]};
        err = add_slave(bus, &bus->slaves[at++], scratch);
    }
    bus->planned_count = bus->schedule.read_count;
    bus->merge_mono_us = CLOCK_NEVER;
    free(scratch);
    return err;
}

enum err bus_open(struct bus **ret_bus, const struct bus_setup *setup)
{
    CHECK(setup->bus < setup->site->bus_count);
    struct bus *bus = calloc(1, sizeof *bus);
    if (bus == NULL)
        return ERR_MEMORY;
    bus->setup = *setup;
    bus->site = &setup->site->buses[setup->bus];
    arena_init(&bus->arena, BUS_MEMORY_MAX);
    bus->reopen_wait_us = REOPEN_FIRST_US;
    enum err err = take_memory(bus);
    if (err != ERR_OK) {
        bus_close(bus);
        return err;
    }
    *ret_bus = bus;
    return ERR_OK;
}

void bus_close(struct bus *bus)
{
    if (bus == NULL)
        return;
    bus->setup.link.ops->close(bus->setup.link.self);
    arena_close(&bus->arena);
    free(bus);
}

int bus_fd(void *self)
{
    struct bus *bus = self;
    return bus->open ? bus->setup.link.ops->fd(bus->setup.link.self) : -1;
}

/* Telling the judge. The inbox is far larger than what buses make in the microseconds a judge needs; when it is full all
 * the same, the item is dropped: samples then grow stale, and staleness is judged. */

static void tell(struct bus *bus)
{
    if (ring_push(bus->setup.inbox, &bus->item, inbox_size(&bus->item)) == ERR_OK)
        bell_ring(bus->setup.inbox_bell);
}

static void tell_batch(struct bus *bus, size_t read, struct now now)
{
    struct bus_slave *slave = &bus->slaves[bus->schedule.reads[read].slave];
    struct batch *batch = &bus->item.is.batch;
    bus->item.kind = INBOX_BATCH;
    batch->mono_us = now.mono_us;
    batch->utc_ms = now.utc_ms;
    batch->synced = now.synced;
    batch->slave = (uint16_t)slave->index;
    batch->read = (uint16_t)read;
    batch->cycle_ended = schedule_cycle_ended(&bus->schedule, bus->schedule.reads[read].slave, now.mono_us);
    tell(bus);
}

static void tell_failed(struct bus *bus, size_t read, enum reason reason, struct now now)
{
    const struct plan_read *plan = &bus->reads[read].plan;
    const struct bus_slave *slave = &bus->slaves[bus->schedule.reads[read].slave];
    decode_failed(slave->points + plan->point_first, plan->point_count, reason, &bus->item.is.batch);
    bus->reads[read].reported = (uint8_t)reason;
    tell_batch(bus, read, now);
}

static void tell_written(struct bus *bus, enum err err, struct now now)
{
    bus->item.kind = INBOX_WRITTEN;
    bus->item.is.written = (struct written){
        .slave = bus->write.slave,
        .point = bus->write.point,
        .value = bus->write.value,
        .token = bus->write.token,
        .err = (uint8_t)err,
        .exception = err == ERR_EXCEPTION ? bus->reply.exception : 0,
        .asked_mono_us = bus->write.asked_mono_us,
        .wire_mono_us = bus->write_sent_mono_us,
        .done_mono_us = now.mono_us,
    };
    tell(bus);
}

static void tell_bus(struct bus *bus, struct now now)
{
    bus->item.kind = INBOX_BUS;
    bus->item.is.bus = (struct bus_state){
        .bus = (int32_t)bus->setup.bus, .open = bus->open, .mono_us = now.mono_us, .utc_ms = now.utc_ms};
    tell(bus);
    bus->ever_told = true;
}

/* The port or connection. */

static void line_lost(struct bus *bus, struct now now)
{
    bool const was_open = bus->open;
    bus->setup.link.ops->close(bus->setup.link.self);
    bus->open = false;
    bus->silences = 0;
    if (bus->doing == DOING_WRITE || bus->doing == DOING_READ_BACK)
        tell_written(bus, ERR_CLOSED, now);
    bus->doing = DOING_NOTHING;
    if (!was_open && bus->ever_told)
        return;
    if (was_open)
        log_say(LOG_WARNING, "bus", "%s lost", bus->site->id);
    tell_bus(bus, now);
    for (size_t i = 0; i < bus->schedule.read_count; i++)
        tell_failed(bus, i, REASON_BUS_LOST, now);
    for (size_t i = 0; i < bus->slave_count; i++)
        bus->slaves[i].board.answering = 0;
}

/* The silence a slave wants after it has spoken, before it is asked again. */
static void rest(struct bus *bus, size_t slave, struct now now)
{
    bus->schedule.slaves[slave].not_before_mono_us = now.mono_us + (int64_t)bus->slaves[slave].site->guard_ms * 1000;
}

static void line_found(struct bus *bus, struct now now)
{
    bus->open = true;
    bus->reopen_wait_us = REOPEN_FIRST_US;
    bus->board.reopened++;
    schedule_restart(&bus->schedule, now.mono_us);
    for (size_t i = 0; i < bus->slave_count; i++) {
        struct bus_slave *slave = &bus->slaves[i];
        slave->retrying = slave->fenced = false;
        slave->lost_read = slave->first_read;
        slave->silent_as = REASON_STARTING;
        bus->schedule.slaves[i].suspect = true; /* whoever had the line before may have left it an unread answer */
        rest(bus, i, now);
    }
    log_say(LOG_INFO, "bus", "%s open", bus->site->id);
    tell_bus(bus, now);
}

static void try_open(struct bus *bus, struct now now)
{
    const struct link_ops *ops = bus->setup.link.ops;
    enum err err = ops->open(bus->setup.link.self, now.mono_us);
    if (err == ERR_OK) {
        line_found(bus, now);
        return;
    }
    if (err == ERR_BUSY) { /* under way */
        bus->reopen_mono_us = now.mono_us + 10000;
        return;
    }
    if (!bus->ever_told)
        log_say(LOG_WARNING, "bus", "%s does not open: %s", bus->site->id, ops->trouble(bus->setup.link.self));
    line_lost(bus, now);
    bus->reopen_mono_us = now.mono_us + bus->reopen_wait_us;
    bus->reopen_wait_us = bus->reopen_wait_us * 2 < REOPEN_MAX_US ? bus->reopen_wait_us * 2 : REOPEN_MAX_US;
}

/* Beginning a transaction. */

static void begin(struct bus *bus, enum doing doing, struct now now)
{
    bus->doing = doing;
    bus->started_mono_us = now.mono_us;
    bus->board.requests++;
    bus->slaves[bus->slave].board.requests++;
    enum err err = bus->setup.link.ops->start(bus->setup.link.self, &bus->request, now.mono_us);
    if (err != ERR_OK)
        line_lost(bus, now);
}

static struct link_request request_of(const struct bus *bus, const struct bus_slave *slave)
{
    return (struct link_request){
        .unit = slave->site->unit, .timeout_ms = bus->site->timeout_ms, .guard_ms = bus->site->guard_ms};
}

static bool is_bits(enum function function)
{
    return function == FUNCTION_COIL || function == FUNCTION_DISCRETE;
}

/* A read whose answer cannot be mistaken for a late one of `lost`: another function, or another number of bytes. */
static void differ(const struct plan_read *lost, struct link_request *request)
{
    uint16_t const step = is_bits(lost->function) ? 8 : 1;
    request->function = (uint8_t)lost->function;
    request->address = lost->address;
    uint16_t const most = is_bits(lost->function) ? LINK_BITS_MAX : LINK_WORDS_MAX;
    if (lost->count > step)
        request->count = (uint16_t)(lost->count - step);
    else if ((uint32_t)lost->address + lost->count + step <= 65536 && lost->count + step <= most)
        request->count = (uint16_t)(lost->count + step); /* an exception is an answer too */
    else {
        request->address = (uint16_t)(lost->address - step);
        request->count = (uint16_t)(lost->count + step);
    }
}

static void begin_identity(struct bus *bus, struct now now)
{
    const struct site_slave *site = bus->slaves[bus->slave].site;
    bus->request.function = (uint8_t)site->identity_function;
    bus->request.address = site->identity.address;
    bus->request.count = 1;
    begin(bus, DOING_IDENTITY, now);
}

static void begin_read(struct bus *bus, const struct schedule_choice *choice, struct now now)
{
    bus->slave = bus->schedule.reads[choice->read].slave;
    struct bus_slave *slave = &bus->slaves[bus->slave];
    bus->read = slave->fenced ? slave->lost_read : choice->read;
    const struct plan_read *plan = &bus->reads[bus->read].plan;
    bus->request = request_of(bus, slave);
    bus->request.function = (uint8_t)plan->function;
    bus->request.address = plan->address;
    bus->request.count = plan->count;
    bool const probe = choice->probe && bus->site->kind != LINK_TCP; /* TCP pairs by transaction id */
    if (slave->unproved && !probe && !slave->fenced) {
        begin_identity(bus, now);
        return;
    }
    if (probe)
        differ(&bus->reads[slave->lost_read].plan, &bus->request);
    begin(bus, probe ? DOING_PROBE : DOING_READ, now);
}

static const struct slave_point *written_point(const struct bus *bus)
{
    return &bus->setup.site->slaves[bus->write.slave].points[bus->write.point];
}

static bool find_slave(const struct bus *bus, int32_t index, size_t *ret_at)
{
    for (size_t i = 0; i < bus->slave_count; i++) {
        if (bus->slaves[i].index == (size_t)index) {
            *ret_at = i;
            return true;
        }
    }
    return false;
}

/* The next write that is waiting, if any. A write that may not be made is answered, not made. */
static bool begin_write(struct bus *bus, struct now now)
{
    size_t size;
    if (ring_pop(bus->setup.writes, &bus->write, sizeof bus->write, &size) != ERR_OK)
        return false;
    CHECK(size == sizeof bus->write && find_slave(bus, bus->write.slave, &bus->slave));
    const struct slave_point *point = written_point(bus);
    uint16_t raw = 0;
    enum err err = point->writable ? decode_write_value(point, bus->write.value, &raw) : ERR_REFUSED;
    bus->write_sent_mono_us = 0;
    if (err == ERR_OK && bus->slaves[bus->slave].stranger)
        err = ERR_REFUSED; /* what that register does there nobody knows */
    if (err == ERR_OK && !bus->open)
        err = ERR_CLOSED;
    if (err != ERR_OK) {
        tell_written(bus, err, now);
        return true;
    }
    bus->request = request_of(bus, &bus->slaves[bus->slave]);
    bus->request.function = point->function == FUNCTION_COIL ? LINK_WRITE_COIL : LINK_WRITE_REGISTER;
    bus->request.address = point->address;
    bus->request.count = 1;
    bus->request.value = raw;
    bus->board.writes++;
    begin(bus, DOING_WRITE, now);
    return true;
}

static void begin_read_back(struct bus *bus, struct now now)
{
    const struct slave_point *point = written_point(bus);
    bus->request.function = (uint8_t)point->function;
    begin(bus, DOING_READ_BACK, now);
}

static bool begin_heartbeat(struct bus *bus, struct now now, int64_t *next_mono_us)
{
    for (size_t i = 0; i < bus->slave_count; i++) {
        struct bus_slave *slave = &bus->slaves[i];
        if (slave->site->heartbeat_point < 0 || slave->stranger)
            continue;
        if (slave->heartbeat_mono_us > now.mono_us) {
            *next_mono_us = slave->heartbeat_mono_us < *next_mono_us ? slave->heartbeat_mono_us : *next_mono_us;
            continue;
        }
        const struct slave_point *point = &slave->site->points[slave->site->heartbeat_point];
        slave->heartbeat_mono_us = now.mono_us + (int64_t)slave->site->heartbeat_ms * 1000;
        slave->heartbeat++;
        bus->slave = i;
        bus->request = request_of(bus, slave);
        bus->request.function = point->function == FUNCTION_COIL ? LINK_WRITE_COIL : LINK_WRITE_REGISTER;
        bus->request.address = point->address;
        bus->request.count = 1;
        bus->request.value = point->function == FUNCTION_COIL ? slave->heartbeat & 1 : slave->heartbeat;
        begin(bus, DOING_HEARTBEAT, now);
        return true;
    }
    return false;
}

/* Ending a transaction. */

static void answered(struct bus *bus, struct now now)
{
    struct bus_slave *slave = &bus->slaves[bus->slave];
    bool const was_silent = !slave->board.answering;
    bus->silences = 0;
    slave->board.answering = 1;
    slave->board.good++;
    slave->board.rtt_us = (uint32_t)(bus->reply.done_mono_us - bus->reply.sent_mono_us);
    slave->board.good_mono_us = now.mono_us;
    schedule_answered(&bus->schedule, bus->slave, now.mono_us);
    rest(bus, bus->slave, now);
    if (!was_silent)
        return;
    slave->unproved = slave->site->has_identity; /* it may have been exchanged while it was gone */
    log_say(LOG_INFO, "bus", "%s: %s answers", bus->site->id, slave->site->id);
}

/* Consecutive points of the read that need the same registers stay together; the first group takes the read's own place. */
static void split(struct bus *bus, size_t read)
{
    struct bus_read const was = bus->reads[read];
    struct plan_read const whole = was.plan;
    struct schedule_read const when = bus->schedule.reads[read];
    const struct bus_slave *slave = &bus->slaves[when.slave];
    size_t at = read;
    for (uint16_t i = 0; i < whole.point_count; i++) {
        uint16_t const *points = slave->points + whole.point_first + i;
        struct site_slave one = *slave->site; /* a slave with this one point: the planner says what it needs */
        struct plan_read alone[1];
        uint16_t index[1];
        struct plan plan;
        one.points = &slave->site->points[points[0]];
        one.point_count = 1;
        CHECK(plan_make(&one, alone, 1, index, &plan) == ERR_OK);
        struct plan_read *last = &bus->reads[at].plan;
        if (i > 0 && last->address == alone[0].address && last->count == alone[0].count) {
            last->point_count++;
            continue;
        }
        if (i > 0) {
            CHECK(bus->schedule.read_count < bus->read_count_max);
            at = bus->schedule.read_count++;
        }
        alone[0].point_first = (uint16_t)(whole.point_first + i);
        bus->reads[at] = (struct bus_read){.plan = alone[0], .reported = was.reported};
        bus->schedule.reads[at] = when;
    }
    bus->merge_mono_us = bus->started_mono_us + MERGE_AGAIN_US;
    if (!was.trial)
        log_say(LOG_WARNING, "bus", "%s: %s refuses a merged read at %u+%u; its points are now read one by one",
                bus->site->id, slave->site->id, whole.address, whole.count);
}

/* Back to the plan as it was made. */
static void merge_again(struct bus *bus)
{
    bus->merge_mono_us = CLOCK_NEVER;
    bus->schedule.read_count = bus->planned_count;
    for (size_t i = 0; i < bus->planned_count; i++) {
        bus->reads[i].trial = bus->reads[i].plan.point_count != bus->planned[i].point_count;
        bus->reads[i].plan = bus->planned[i];
    }
    for (size_t i = 0; i < bus->slave_count; i++)
        if (bus->slaves[i].lost_read >= bus->planned_count)
            bus->slaves[i].lost_read = bus->slaves[i].first_read;
}

static void retry_soon(struct bus *bus, size_t read, struct now now)
{
    struct schedule_read *when = &bus->schedule.reads[read];
    schedule_served(&bus->schedule, read, now.mono_us);
    if (when->due_mono_us > now.mono_us + EXCEPTION_RETRY_US)
        when->due_mono_us = now.mono_us + EXCEPTION_RETRY_US;
}

static void refused(struct bus *bus, size_t read, struct now now)
{
    struct bus_read *refused = &bus->reads[read];
    if (refused->refusals < UINT8_MAX)
        refused->refusals++;
    bool const whole = refused->plan.point_count > 1;
    retry_soon(bus, read, now);
    if (refused->trial) {
        split(bus, read);
        return;
    }
    tell_failed(bus, read, REASON_REFUSED, now);
    if (whole && refused->refusals >= REFUSALS_TO_SPLIT)
        split(bus, read);
    else if (refused->plan.poll != POLL_SAFETY && refused->refusals >= REFUSALS_TO_SPLIT)
        bus->schedule.reads[read].due_mono_us = now.mono_us + REFUSED_PERIOD_US;
}

/* Modbus Application Protocol V1.1b3, section 7. */
static enum reason reason_of(uint8_t exception)
{
    switch (exception) {
    case 1:
    case 2:
    case 3:
        return REASON_REFUSED;
    case 5:
    case 6:
        return REASON_BUSY;
    default:
        return REASON_SENSOR_FAULT;
    }
}

static struct decode_input input_of(const struct bus *bus)
{
    return (struct decode_input){
        .function = (enum function)bus->request.function,
        .address = bus->request.address,
        .count = bus->request.count,
        .words = bus->reply.words,
        .bits = bus->reply.bits,
    };
}

/* Another model speaks other registers: whatever it says would be taken for something else. The device that the site file
 * means does not answer. */
static void refuse_stranger(struct bus *bus, int64_t found, struct now now)
{
    struct bus_slave *slave = &bus->slaves[bus->slave];
    bus->schedule.slaves[bus->slave].not_before_mono_us = now.mono_us + STRANGER_RETRY_US;
    if (slave->stranger)
        return;
    slave->stranger = true;
    log_say(LOG_WARNING, "bus",
            "%s: unit %u is not what profile %s describes: register %u has %lld, not %lld; nothing of %s is taken",
            bus->site->id, slave->site->unit, slave->site->profile, slave->site->identity.address, (long long)found,
            (long long)slave->site->identity_equals, slave->site->id);
    for (size_t i = 0; i < bus->schedule.read_count; i++)
        if (bus->schedule.reads[i].slave == bus->slave)
            tell_failed(bus, i, REASON_NO_ANSWER, now);
}

static void identity_answered(struct bus *bus, struct now now)
{
    struct bus_slave *slave = &bus->slaves[bus->slave];
    struct decode_input const input = input_of(bus);
    int64_t found = 0;
    CHECK(decode_part(&input, slave->site->identity, &found));
    if (found != slave->site->identity_equals) {
        refuse_stranger(bus, found, now);
        return;
    }
    if (slave->stranger)
        log_say(LOG_INFO, "bus", "%s: %s is what its profile says again", bus->site->id, slave->site->id);
    slave->unproved = slave->stranger = false;
}

/* A refusal proves nothing either way: the register may be missing in some versions of the model. */
static void identity_excepted(struct bus *bus, enum reason reason, struct now now)
{
    struct bus_slave *slave = &bus->slaves[bus->slave];
    if (reason == REASON_REFUSED)
        slave->unproved = slave->stranger = false;
    else
        bus->schedule.slaves[bus->slave].not_before_mono_us = now.mono_us + EXCEPTION_RETRY_US;
}

static void read_answered(struct bus *bus, struct now now)
{
    size_t const read = bus->read;
    struct bus_slave *slave = &bus->slaves[bus->slave];
    slave->retrying = slave->fenced = false;
    if (slave->unproved)
        return; /* it only fenced the probe; it is read again when the slave has said who it is */
    const struct plan_read *plan = &bus->reads[read].plan;
    struct decode_input const input = input_of(bus);
    decode_read(slave->site, slave->points + plan->point_first, plan->point_count, &input, &bus->item.is.batch);
    bus->reads[read].refusals = 0;
    bus->reads[read].reported = REASON_NONE;
    bus->reads[read].trial = false;
    bus->board.good++;
    if (read == 0) {
        bus->board.cycle_us = now.mono_us - bus->cycle_mono_us;
        bus->cycle_mono_us = now.mono_us;
    }
    schedule_served(&bus->schedule, read, now.mono_us);
    tell_batch(bus, read, now);
}

static void read_excepted(struct bus *bus, struct now now)
{
    enum reason const reason = reason_of(bus->reply.exception);
    bus->board.exceptions++;
    bus->slaves[bus->slave].retrying = bus->slaves[bus->slave].fenced = false;
    if (reason == REASON_REFUSED) {
        refused(bus, bus->read, now);
        return;
    }
    retry_soon(bus, bus->read, now);
    tell_failed(bus, bus->read, reason, now);
}

/* Every read of a slave that has fallen silent tells so once, when it falls due. */
static void report_silent(struct bus *bus, struct now now)
{
    for (size_t i = 0; i < bus->schedule.read_count; i++) {
        const struct schedule_read *read = &bus->schedule.reads[i];
        const struct bus_slave *slave = &bus->slaves[read->slave];
        if (bus->schedule.slaves[read->slave].suspect && !slave->retrying && slave->silent_as != REASON_STARTING &&
            read->due_mono_us <= now.mono_us && bus->reads[i].reported != slave->silent_as)
            tell_failed(bus, i, slave->silent_as, now);
    }
}

/* Writes are urgent whatever they cost: only polls are held to the share of the dead. */
static void mark_silent(struct bus *bus, enum doing doing, enum reason reason, struct now now)
{
    struct bus_slave *slave = &bus->slaves[bus->slave];
    bool const poll = doing == DOING_READ || doing == DOING_PROBE || doing == DOING_IDENTITY;
    if (doing == DOING_READ)
        slave->lost_read = bus->read;
    slave->retrying = slave->fenced = false;
    slave->silent_as = reason;
    schedule_silent(&bus->schedule, bus->slave, now.mono_us, (int64_t)bus->site->timeout_ms * 1000,
                    poll ? now.mono_us - bus->started_mono_us : 0);
    report_silent(bus, now);
}

/* Perhaps half open: a new connection, quietly. Only when that fails the bus is lost. */
static void renew_connection(struct bus *bus, struct now now)
{
    bus->silences = 0;
    bus->setup.link.ops->close(bus->setup.link.self);
    if (bus->setup.link.ops->open(bus->setup.link.self, now.mono_us) == ERR_OK)
        return;
    bus->reopen_mono_us = now.mono_us + bus->reopen_wait_us;
    line_lost(bus, now);
}

static void silent(struct bus *bus, enum doing doing, struct now now)
{
    struct bus_slave *slave = &bus->slaves[bus->slave];
    bus->board.timeouts++;
    mark_silent(bus, doing, REASON_NO_ANSWER, now);
    if (slave->board.answering && schedule_is_dead(&bus->schedule.slaves[bus->slave])) {
        slave->board.answering = 0;
        log_say(LOG_WARNING, "bus", "%s: %s does not answer", bus->site->id, slave->site->id);
    }
    bus->silences++;
    if (bus->site->kind != LINK_RTU && bus->silences >= SILENT_CONNECTION)
        renew_connection(bus, now);
}

/* Something came, but nothing that holds: asked again at once, after a probe, before anybody is told. */
static void garbled(struct bus *bus, enum doing doing, struct now now)
{
    struct bus_slave *slave = &bus->slaves[bus->slave];
    bus->board.garbled++;
    if (doing != DOING_READ || slave->retrying) {
        mark_silent(bus, doing, REASON_GARBLED, now);
        return;
    }
    slave->lost_read = bus->read;
    slave->retrying = true;
    slave->fenced = false;
    schedule_garbled(&bus->schedule, bus->slave);
    rest(bus, bus->slave, now);
}

static bool reads_back(const struct bus *bus)
{
    if (bus->request.function == LINK_READ_COILS)
        return (bus->reply.bits[0] & 1) == (bus->request.value & 1);
    return bus->reply.words[0] == bus->request.value;
}

static void finish_good(struct bus *bus, struct now now)
{
    enum doing const doing = bus->doing;
    bus->doing = DOING_NOTHING;
    answered(bus, now);
    switch (doing) {
    case DOING_READ:
        read_answered(bus, now);
        break;
    case DOING_WRITE:
        bus->write_sent_mono_us = bus->reply.sent_mono_us;
        begin_read_back(bus, now);
        break;
    case DOING_READ_BACK:
        tell_written(bus, reads_back(bus) ? ERR_OK : ERR_MISMATCH, now);
        break;
    case DOING_PROBE:
        bus->slaves[bus->slave].fenced = true;
        break;
    case DOING_IDENTITY:
        identity_answered(bus, now);
        break;
    case DOING_HEARTBEAT:
    case DOING_NOTHING:
        break;
    }
}

static void finish_excepted(struct bus *bus, struct now now)
{
    enum doing const doing = bus->doing;
    bus->doing = DOING_NOTHING;
    answered(bus, now);
    if (doing == DOING_READ)
        read_excepted(bus, now);
    else if (doing == DOING_PROBE)
        bus->slaves[bus->slave].fenced = true;
    else if (doing == DOING_IDENTITY)
        identity_excepted(bus, reason_of(bus->reply.exception), now);
    else if (doing == DOING_WRITE || doing == DOING_READ_BACK)
        tell_written(bus, ERR_EXCEPTION, now);
}

static void finish_bad(struct bus *bus, enum err err, struct now now)
{
    enum doing const doing = bus->doing;
    if (err == ERR_CLOSED || err == ERR_IO) {
        bus->reopen_mono_us = now.mono_us + bus->reopen_wait_us;
        line_lost(bus, now);
        return;
    }
    bus->doing = DOING_NOTHING;
    if (doing == DOING_WRITE || doing == DOING_READ_BACK)
        tell_written(bus, err, now);
    if (err == ERR_TIMEOUT)
        silent(bus, doing, now);
    else
        garbled(bus, doing, now);
}

/* True when the transaction ended; else *ret_next says when to look again. */
static bool go_on(struct bus *bus, struct now now, int64_t *ret_next_mono_us)
{
    enum err err = ERR_OK;
    bus->reply.foreign = 0;
    bus->reply.junk = 0;
    enum link_progress progress =
        bus->setup.link.ops->poll(bus->setup.link.self, now.mono_us, &bus->reply, &err, ret_next_mono_us);
    if (progress == LINK_WAIT)
        return false;
    bus->board.busy_us += (uint64_t)(now.mono_us - bus->started_mono_us);
    bus->board.foreign += bus->reply.foreign;
    if (progress == LINK_DONE)
        finish_good(bus, now);
    else if (err == ERR_EXCEPTION)
        finish_excepted(bus, now);
    else
        finish_bad(bus, err == ERR_OK ? ERR_CLOSED : err, now);
    return true;
}

/* True when something was begun or done; else *ret_next says when there will be something. */
static bool begin_next(struct bus *bus, struct now now, int64_t *ret_next_mono_us)
{
    if (begin_write(bus, now))
        return true;
    if (!bus->open) {
        *ret_next_mono_us = bus->reopen_mono_us;
        if (now.mono_us < bus->reopen_mono_us)
            return false;
        try_open(bus, now);
        return true;
    }
    int64_t heartbeat_mono_us = CLOCK_NEVER;
    if (begin_heartbeat(bus, now, &heartbeat_mono_us))
        return true;
    report_silent(bus, now);
    if (now.mono_us >= bus->merge_mono_us)
        merge_again(bus);
    struct schedule_choice choice = schedule_choose(&bus->schedule, now.mono_us);
    if (choice.found) {
        begin_read(bus, &choice, now);
        return true;
    }
    *ret_next_mono_us = choice.next_mono_us < heartbeat_mono_us ? choice.next_mono_us : heartbeat_mono_us;
    return false;
}

static void show(struct bus *bus, struct now now)
{
    if (now.mono_us - bus->board_mono_us < BOARD_PERIOD_US)
        return;
    bus->board_mono_us = now.mono_us;
    bus->board.open = bus->open;
    board_put_bus(bus->setup.board, bus->setup.bus, &bus->board);
    for (size_t i = 0; i < bus->slave_count; i++)
        board_put_slave(bus->setup.board, bus->slaves[i].index, &bus->slaves[i].board);
}

int64_t bus_step(void *self, struct now now)
{
    struct bus *bus = self;
    int64_t next_mono_us = now.mono_us;
    for (int turn = 0; turn < TURNS_MAX; turn++) {
        bool moved = bus->doing != DOING_NOTHING ? go_on(bus, now, &next_mono_us) : begin_next(bus, now, &next_mono_us);
        if (!moved)
            break;
        next_mono_us = now.mono_us;
    }
    show(bus, now);
    return next_mono_us;
}
