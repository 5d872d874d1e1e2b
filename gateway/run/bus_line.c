#include "gateway/run/bus_private.h"

static void wait_to_reopen(struct bus *bus, struct now now)
{
    int64_t const most_us = bus->site->kind == LINK_RTU ? REOPEN_PORT_MAX_US : REOPEN_MAX_US;
    bus->reopen_mono_us = now.mono_us + bus->reopen_wait_us;
    bus->reopen_wait_us = bus->reopen_wait_us * 2 < most_us ? bus->reopen_wait_us * 2 : most_us;
}

void bus_line_lost(struct bus *bus, struct now now)
{
    bus->setup.link.ops->close(bus->setup.link.self);
    bus->open = false;
    bus->silences = 0;
    bus_stats_closed(&bus->stats, NULL);
    wait_to_reopen(bus, now);
    if (bus->doing == DOING_WRITE || bus->doing == DOING_READ_BACK || bus->pending != DOING_NOTHING)
        bus_tell_written(bus, ERR_CLOSED, now);
    bus->doing = bus->pending = DOING_NOTHING;
    if (!bus->told_open && bus->ever_told)
        return;
    if (bus->told_open)
        log_say(LOG_WARNING, "bus", "%s lost", bus->site->id);
    bus_tell_line(bus, now);
    for (size_t i = 0; i < bus->schedule.read_count; i++)
        bus_tell_failed(bus, i, REASON_BUS_LOST, now);
    for (size_t i = 0; i < bus->slave_count; i++)
        bus_slave_answering(bus, i, false, now);
}

/* Whoever had the line before may have left an unread answer on it, so everybody is suspect. Who was dead before a connection
 * was renewed is dead. */
static void line_found(struct bus *bus, struct now now)
{
    bus->open = true;
    bus_stats_opened(&bus->stats);
    if (bus->told_open) {
        for (size_t i = 0; i < bus->slave_count; i++)
            bus_slave_suspect(bus, i, now);
        return;
    }
    schedule_restart(&bus->schedule, now.mono_us);
    for (size_t i = 0; i < bus->slave_count; i++)
        bus_slave_forget(bus, i, now);
    const char *remark = bus->setup.link.ops->remark(bus->setup.link.self);
    log_say(LOG_INFO, "bus", "%s open%s%s", bus->site->id, remark[0] != '\0' ? ": " : "", remark);
    bus_tell_line(bus, now);
}

void bus_line_open(struct bus *bus, struct now now)
{
    const struct link_ops *ops = bus->setup.link.ops;
    enum err err = ops->open(bus->setup.link.self, now.mono_us);
    if (err == ERR_OK) {
        line_found(bus, now);
        return;
    }
    if (err == ERR_BUSY) {
        bus->reopen_mono_us = now.mono_us + OPENING_POLL_US;
        return;
    }
    if (!bus->ever_told)
        log_say(LOG_WARNING, "bus", "%s does not open: %s", bus->site->id, ops->remark(bus->setup.link.self));
    bus_line_lost(bus, now);
    bus_stats_closed(&bus->stats, ops->remark(bus->setup.link.self));
}

/* Perhaps half open: a new connection, quietly. Only when that fails the bus is lost. */
void bus_line_renew(struct bus *bus, struct now now)
{
    bus->silences = 0;
    bus->setup.link.ops->close(bus->setup.link.self);
    bus->open = false;
    bus_stats_closed(&bus->stats, NULL);
    bus->reopen_mono_us = now.mono_us;
}

void bus_begin(struct bus *bus, enum doing doing, struct now now)
{
    bus->doing = doing;
    bus->started_mono_us = now.mono_us;
    bus_stats_begun(&bus->stats, bus->slave, doing == DOING_WRITE, now);
    enum err err = bus->setup.link.ops->start(bus->setup.link.self, &bus->request, now.mono_us);
    if (err == ERR_OK)
        return;
    link_reply_forget(&bus->reply);
    bus_stats_ended(&bus->stats, err == ERR_ARGUMENT ? ERR_IO : err, false, &bus->reply, now);
    bus_line_lost(bus, now);
}
