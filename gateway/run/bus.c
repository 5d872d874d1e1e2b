#include "gateway/run/bus.h"

#include "gateway/run/bus_private.h"

static void finish_good(struct bus *bus, struct now now)
{
    enum doing const doing = bus->doing;
    bus->doing = DOING_NOTHING;
    bus_slave_answered(bus, now);
    switch (doing) {
    case DOING_READ:
        bus_read_answered(bus, now);
        break;
    case DOING_WRITE:
        bus_write_echoed(bus);
        break;
    case DOING_READ_BACK:
        bus_tell_written(bus, bus_reads_back(bus) ? ERR_OK : ERR_MISMATCH, now);
        break;
    case DOING_PROBE:
        bus->slaves[bus->slave].fenced = true;
        break;
    case DOING_IDENTITY:
        bus_identity_answered(bus, now);
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
    if (doing == DOING_WRITE || doing == DOING_READ_BACK)
        bus_tell_written(bus, ERR_EXCEPTION, now);
    if (bus_reason_of(bus->reply.exception) == REASON_NO_ANSWER) {
        bus_slave_unreached(bus, doing, now);
        return;
    }
    bus_slave_answered(bus, now);
    if (doing == DOING_READ)
        bus_read_excepted(bus, now);
    else if (doing == DOING_PROBE)
        bus->slaves[bus->slave].fenced = true;
    else if (doing == DOING_IDENTITY)
        bus_identity_excepted(bus, now);
}

static void finish_bad(struct bus *bus, enum err err, struct now now)
{
    enum doing const doing = bus->doing;
    if (err == ERR_CLOSED || err == ERR_IO) {
        bus_line_lost(bus, now);
        return;
    }
    bus->doing = DOING_NOTHING;
    if (doing == DOING_WRITE || doing == DOING_READ_BACK)
        bus_tell_written(bus, err, now);
    if (err == ERR_TIMEOUT)
        bus_slave_silent(bus, doing, now);
    else
        bus_slave_garbled(bus, doing, now);
}

/* True when the transaction ended; else *ret_next says when to look again. */
static bool go_on(struct bus *bus, struct now now, int64_t *ret_next_mono_us)
{
    enum err err = ERR_OK;
    link_reply_forget(&bus->reply);
    enum link_progress progress =
        bus->setup.link.ops->poll(bus->setup.link.self, now.mono_us, &bus->reply, &err, ret_next_mono_us);
    if (progress == LINK_WAIT)
        return false;
    bus_stats_ended(&bus->stats, progress == LINK_DONE ? ERR_OK : err, bus->doing == DOING_PROBE, &bus->reply, now);
    bus_slave_seen(bus, progress == LINK_DONE, now);
    if (progress == LINK_DONE)
        finish_good(bus, now);
    else if (err == ERR_EXCEPTION)
        finish_excepted(bus, now);
    else
        finish_bad(bus, err == ERR_OK ? ERR_CLOSED : err, now);
    return true;
}

/* True when something was begun or done; else *ret_next says when there will be something. */
static bool begin_due(struct bus *bus, struct now now, int64_t *ret_next_mono_us)
{
    if (bus_write_next(bus, now, ret_next_mono_us))
        return true;
    if (bus->pending != DOING_NOTHING)
        return false; /* the line is kept for it */
    if (!bus->open) {
        *ret_next_mono_us = bus->reopen_mono_us;
        if (now.mono_us < bus->reopen_mono_us)
            return false;
        bus_line_open(bus, now);
        return true;
    }
    int64_t heartbeat_mono_us = CLOCK_NEVER;
    if (bus_begin_heartbeat(bus, now, &heartbeat_mono_us))
        return true;
    bus_report_silent(bus, now);
    bus_merge_again(bus, now);
    struct schedule_choice choice = schedule_choose(&bus->schedule, now.mono_us);
    if (choice.found) {
        bus_begin_read(bus, &choice, now);
        return true;
    }
    *ret_next_mono_us = choice.next_mono_us < heartbeat_mono_us ? choice.next_mono_us : heartbeat_mono_us;
    return false;
}

/* A line on which nothing is to be done may be lost all the same: better found now than by the write that closes a valve. */
static bool begin_next(struct bus *bus, struct now now, int64_t *ret_next_mono_us)
{
    if (begin_due(bus, now, ret_next_mono_us))
        return true;
    if (!bus->open || !bus->setup.link.ops->gone(bus->setup.link.self, &bus->end_fd))
        return false;
    bus_line_lost(bus, now);
    return true;
}

static void show_read(struct bus *bus, size_t read, struct now now)
{
    const struct schedule_read *when = &bus->schedule.reads[read];
    const struct bus_read *what = &bus->reads[read];
    bus_stats_show_read(&bus->stats, when->slave, when->poll, when->period_us, what->good_mono_us, now);
    if (what->refused_code == 0 || what->refusals < REFUSALS_TO_SPLIT)
        return;
    for (uint16_t i = 0; i < what->plan.point_count; i++)
        bus_stats_show_refused(&bus->stats, when->slave,
                               &(struct board_refusal){
                                   .point = bus->slaves[when->slave].points[what->plan.point_first + i],
                                   .address = what->plan.address,
                                   .function = (uint8_t)what->plan.function,
                                   .exception = what->refused_code,
                               });
}

static void show(struct bus *bus, struct now now)
{
    if (now.mono_us - bus->board_mono_us < BOARD_PERIOD_US)
        return;
    bus->board_mono_us = now.mono_us;
    bus_stats_show_begin(&bus->stats);
    for (size_t i = 0; i < bus->schedule.read_count; i++)
        show_read(bus, i, now);
    bus_stats_show_end(&bus->stats, bus->setup.board, now);
}

int bus_fd(void *self)
{
    struct bus *bus = self;
    return bus->open ? bus->setup.link.ops->fd(bus->setup.link.self) : -1;
}

int bus_end_fd(void *self)
{
    const struct bus *bus = self;
    return bus->end_fd;
}

int64_t bus_step(void *self, struct now now)
{
    struct bus *bus = self;
    int64_t next_mono_us = now.mono_us;
    bus->end_fd = -1;
    for (int turn = 0; turn < TURNS_MAX; turn++) {
        bool moved = bus->doing != DOING_NOTHING ? go_on(bus, now, &next_mono_us) : begin_next(bus, now, &next_mono_us);
        if (!moved)
            break;
        next_mono_us = now.mono_us;
    }
    show(bus, now);
    return next_mono_us;
}
