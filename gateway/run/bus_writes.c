#include "gateway/run/bus_private.h"

static const struct slave_point *written_point(const struct bus *bus)
{
    return &bus->setup.site->slaves[bus->write.slave].points[bus->write.point];
}

static bool is_pending(const struct bus *bus)
{
    return bus->pending != DOING_NOTHING;
}

/* The next write that is waiting, if any; while a connection is renewed it waits for that. A write that may not be made is
 * answered, not made. True: there was one. */
static bool take_write(struct bus *bus, struct now now)
{
    size_t size;
    if (!bus->open && bus->told_open)
        return false;
    if (ring_pop(bus->setup.writes, &bus->write, sizeof bus->write, &size) != ERR_OK)
        return false;
    CHECK(size == sizeof bus->write && bus_slave_find(bus, bus->write.slave, &bus->write_slave));
    const struct slave_point *point = written_point(bus);
    const struct bus_slave *slave = &bus->slaves[bus->write_slave];
    enum err err = point->writable ? decode_write_value(point, bus->write.value, &bus->write_raw) : ERR_REFUSED;
    bus->write_sent_mono_us = 0;
    if (err == ERR_OK && !bus->open)
        err = ERR_CLOSED;
    if (err == ERR_OK && (slave->stranger || slave->unproved))
        err = ERR_REFUSED; /* what that register does there nobody knows */
    if (err == ERR_OK)
        bus->pending = DOING_WRITE;
    else
        bus_tell_written(bus, err, now);
    return true;
}

static void ask_to_write(struct bus *bus, size_t slave, const struct slave_point *point, uint16_t raw)
{
    bus->slave = slave;
    bus->request = bus_request(bus, slave);
    bus->request.function = point->function == FUNCTION_COIL ? LINK_WRITE_COIL : LINK_WRITE_REGISTER;
    bus->request.address = point->address;
    bus->request.count = 1;
    bus->request.value = raw;
}

bool bus_write_next(struct bus *bus, struct now now, int64_t *ret_next_mono_us)
{
    if (!is_pending(bus)) {
        bool const taken = take_write(bus, now);
        if (!is_pending(bus))
            return taken;
    }
    int64_t const ready_mono_us = bus->pending == DOING_WRITE
                                      ? bus->slaves[bus->write_slave].rest_until_mono_us
                                      : bus->schedule.slaves[bus->write_slave].not_before_mono_us;
    if (now.mono_us < ready_mono_us) {
        *ret_next_mono_us = ready_mono_us;
        return false;
    }
    enum doing const doing = bus->pending;
    bus->pending = DOING_NOTHING;
    ask_to_write(bus, bus->write_slave, written_point(bus), bus->write_raw);
    if (doing == DOING_READ_BACK)
        bus->request.function = (uint8_t)written_point(bus)->function;
    bus_begin(bus, doing, now);
    return true;
}

void bus_write_echoed(struct bus *bus)
{
    bus->write_sent_mono_us = bus->reply.sent_mono_us;
    bus->pending = DOING_READ_BACK;
}

/* A dead slave gets none: its polls find it when it is back, and then this is overdue. Nor does one that has not said yet
 * who it is. */
static int64_t heartbeat_due(const struct bus *bus, size_t which)
{
    const struct bus_slave *slave = &bus->slaves[which];
    if (slave->site->heartbeat_point < 0 || slave->stranger || slave->unproved ||
        schedule_is_dead(&bus->schedule.slaves[which]))
        return CLOCK_NEVER;
    return slave->heartbeat_mono_us > slave->rest_until_mono_us ? slave->heartbeat_mono_us : slave->rest_until_mono_us;
}

bool bus_begin_heartbeat(struct bus *bus, struct now now, int64_t *ret_next_mono_us)
{
    for (size_t i = 0; i < bus->slave_count; i++) {
        struct bus_slave *slave = &bus->slaves[i];
        int64_t const due_mono_us = heartbeat_due(bus, i);
        if (due_mono_us > now.mono_us) {
            *ret_next_mono_us = due_mono_us < *ret_next_mono_us ? due_mono_us : *ret_next_mono_us;
            continue;
        }
        const struct slave_point *point = &slave->site->points[slave->site->heartbeat_point];
        slave->heartbeat_mono_us = now.mono_us + (int64_t)slave->site->heartbeat_ms * 1000;
        slave->heartbeat++;
        ask_to_write(bus, i, point, point->function == FUNCTION_COIL ? slave->heartbeat & 1 : slave->heartbeat);
        bus_begin(bus, DOING_HEARTBEAT, now);
        return true;
    }
    return false;
}

bool bus_reads_back(const struct bus *bus)
{
    if (bus->request.function == LINK_READ_COILS)
        return (bus->reply.bits[0] & 1) == (bus->request.value & 1);
    return bus->reply.words[0] == bus->request.value;
}
