#include "gateway/run/bus_private.h"

/* The inbox is far larger than what buses make in the microseconds a judge needs; when it is full all the same, the item is
 * dropped: samples then grow stale, and staleness is judged. */
static void tell(struct bus *bus)
{
    if (ring_push(bus->setup.inbox, &bus->item, inbox_size(&bus->item)) == ERR_OK)
        bell_ring(bus->setup.inbox_bell);
}

void bus_tell_batch(struct bus *bus, size_t read, struct now now)
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

void bus_tell_failed(struct bus *bus, size_t read, enum reason reason, struct now now)
{
    const struct plan_read *plan = &bus->reads[read].plan;
    const struct bus_slave *slave = &bus->slaves[bus->schedule.reads[read].slave];
    decode_failed(slave->points + plan->point_first, plan->point_count, reason, &bus->item.is.batch);
    bus->reads[read].reported = (uint8_t)reason;
    bus_tell_batch(bus, read, now);
}

void bus_tell_slave_failed(struct bus *bus, size_t slave, enum reason reason, struct now now)
{
    for (size_t i = 0; i < bus->schedule.read_count; i++)
        if (bus->schedule.reads[i].slave == slave && bus->reads[i].reported != reason)
            bus_tell_failed(bus, i, reason, now);
}

void bus_tell_written(struct bus *bus, enum err err, struct now now)
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

void bus_tell_line(struct bus *bus, struct now now)
{
    bus->item.kind = INBOX_BUS;
    bus->item.is.bus = (struct bus_state){
        .bus = (int32_t)bus->setup.bus, .open = bus->open, .mono_us = now.mono_us, .utc_ms = now.utc_ms};
    tell(bus);
    bus->ever_told = true;
    bus->told_open = bus->open;
}
