#include "gateway/run/bus_private.h"

static const char *exception_words(uint8_t exception)
{
    return exception == 1 ? "illegal function" : exception == 2 ? "illegal data address" : "illegal data value";
}

/* What this one point needs. */
static struct plan_read need_of(const struct bus *bus, const struct bus_slave *slave, uint16_t point)
{
    struct site_slave one = *slave->site; /* a slave with this one point: the planner says what it needs */
    struct plan_read alone[1];
    uint16_t index[1];
    struct plan plan;
    one.points = &slave->site->points[slave->points[point]];
    one.point_count = 1;
    CHECK(plan_make(bus->site, &one, alone, 1, index, &plan) == ERR_OK);
    alone[0].point_first = point;
    return alone[0];
}

/* Whether a point whose registers touch those of the part before it may be read with it. */
static bool touches(const struct plan_read *part, const struct plan_read *next)
{
    return next->address >= part->address && next->address <= (uint32_t)part->address + part->count;
}

static void join(struct plan_read *part, const struct plan_read *next)
{
    uint32_t const part_end = (uint32_t)part->address + part->count;
    uint32_t const next_end = (uint32_t)next->address + next->count;
    part->count = (uint16_t)((next_end > part_end ? next_end : part_end) - part->address);
    part->point_count++;
}

/* A point that was read before is not a wrong line of a profile: its slave may only be in trouble for a while. */
static int64_t refused_wait_us(enum poll_class poll, const struct bus_point *point)
{
    int64_t wait_us = REFUSED_WAIT_US;
    if (poll == POLL_SAFETY)
        return EXCEPTION_RETRY_US;
    for (unsigned int i = REFUSALS_TO_SPLIT; !point->granted && i < point->refusals && wait_us < REFUSED_MAX_US; i++)
        wait_us *= 2;
    return wait_us < REFUSED_MAX_US ? wait_us : REFUSED_MAX_US;
}

/* A part is due at once, unless it is known that it will be refused: then that is told instead. */
static void place_part(struct bus *bus, size_t at, const struct plan_read *plan, const struct bus_read *was,
                       struct schedule_read when, struct now now)
{
    const struct bus_point *first = &bus->slaves[when.slave].memory[plan->point_first];
    bus->reads[at] = (struct bus_read){.plan = *plan, .reported = was->reported, .good_mono_us = was->good_mono_us};
    when.due_mono_us = now.mono_us;
    if (first->refused_code != 0) {
        bus->reads[at].refused_code = first->refused_code;
        bus->reads[at].refusals = first->refusals;
        when.due_mono_us += refused_wait_us(when.poll, first);
    }
    bus->schedule.reads[at] = when;
    bus_choose_length(bus, at);
    if (first->refused_code != 0 && was->reported != REASON_REFUSED)
        bus_tell_failed(bus, at, REASON_REFUSED, now);
}

/* Into runs of registers that touch each other, with those that are known to be refused by themselves; or into what each
 * point needs, where points that need the same stay together. The first part takes the read's own place. True: there is
 * more than one. */
static bool take_apart(struct bus *bus, size_t read, bool runs, struct now now)
{
    struct bus_read const was = bus->reads[read];
    struct schedule_read const when = bus->schedule.reads[read];
    const struct bus_slave *slave = &bus->slaves[when.slave];
    struct plan_read part = need_of(bus, slave, was.plan.point_first);
    bool refused = slave->memory[was.plan.point_first].refused_code != 0;
    size_t at = read;
    for (uint16_t i = 1; i < was.plan.point_count; i++) {
        struct plan_read const next = need_of(bus, slave, (uint16_t)(was.plan.point_first + i));
        bool const next_refused = slave->memory[was.plan.point_first + i].refused_code != 0;
        bool const same = next.address == part.address && next.count == part.count;
        if (same || (runs && !refused && !next_refused && touches(&part, &next))) {
            join(&part, &next);
            continue;
        }
        place_part(bus, at, &part, &was, when, now);
        CHECK(bus->schedule.read_count < bus->read_count_max);
        at = bus->schedule.read_count++;
        part = next;
        refused = next_refused;
    }
    if (at == read)
        return false;
    place_part(bus, at, &part, &was, when, now);
    return true;
}

static bool split(struct bus *bus, size_t read, struct now now)
{
    struct bus_read const was = bus->reads[read];
    struct bus_slave *slave = &bus->slaves[bus->schedule.reads[read].slave];
    if (!take_apart(bus, read, true, now) && !take_apart(bus, read, false, now))
        return false;
    int64_t const merge_mono_us = now.mono_us + (slave->merged_early ? MERGE_AGAIN_US : MERGE_EARLY_US);
    if (merge_mono_us < slave->merge_mono_us)
        slave->merge_mono_us = merge_mono_us;
    if (!was.trial)
        log_say(
            LOG_WARNING, "bus",
            "%s: %s refuses registers %d to %d together (function %u, exception %u, %s); they are asked for in parts",
            bus->site->id, slave->site->id, was.plan.address, was.plan.address + was.plan.count - 1,
            (unsigned int)was.plan.function, was.refused_code, exception_words(was.refused_code));
    return true;
}

/* Its line of the profile is wrong for this slave: said once. */
static void say_refused(const struct bus *bus, const struct bus_slave *slave, const struct bus_read *read,
                        uint16_t point)
{
    log_say(LOG_WARNING, "bus",
            "%s: %s refuses point %s: function %u, register %u, exception %u (%s); correct its line in %s%s",
            bus->site->id, slave->site->id, slave->site->points[slave->points[point]].id,
            (unsigned int)read->plan.function, read->plan.address, read->refused_code,
            exception_words(read->refused_code), slave->site->profile[0] != '\0' ? "profile " : "the site file",
            slave->site->profile);
}

static void refuse_points(struct bus *bus, size_t read, struct now now)
{
    const struct bus_read *refused = &bus->reads[read];
    const struct bus_slave *slave = &bus->slaves[bus->schedule.reads[read].slave];
    for (uint16_t i = 0; i < refused->plan.point_count; i++) {
        struct bus_point *point = &slave->memory[refused->plan.point_first + i];
        if (point->refused_code == 0)
            say_refused(bus, slave, refused, (uint16_t)(refused->plan.point_first + i));
        point->refused_code = refused->refused_code;
        point->refusals = refused->refusals;
    }
    bus->schedule.reads[read].due_mono_us =
        now.mono_us + refused_wait_us(refused->plan.poll, &slave->memory[refused->plan.point_first]);
}

/* Once may be chance, or a slave that is just starting. */
void bus_read_refused(struct bus *bus, size_t read, struct now now)
{
    struct bus_read *refused = &bus->reads[read];
    bool const trial = refused->trial;
    if (refused->refusals < UINT8_MAX)
        refused->refusals++;
    refused->refused_code = bus->reply.exception;
    if (!trial)
        bus_tell_failed(bus, read, REASON_REFUSED, now);
    if (!trial && refused->refusals < REFUSALS_TO_SPLIT)
        return;
    if (!split(bus, read, now))
        refuse_points(bus, read, now);
}

/* What it refused it gives now: the other points that it refused are worth asking for, too. */
static void ask_refused_again(struct bus *bus, size_t slave, struct now now)
{
    for (size_t i = 0; i < bus->schedule.read_count; i++)
        if (bus->schedule.reads[i].slave == slave && bus->reads[i].refused_code != 0)
            bus->schedule.reads[i].due_mono_us = now.mono_us;
}

void bus_read_granted(struct bus *bus, size_t read, struct now now)
{
    struct bus_read *granted = &bus->reads[read];
    const struct bus_slave *slave = &bus->slaves[bus->schedule.reads[read].slave];
    bool was_refused = false;
    granted->refusals = granted->refused_code = 0;
    granted->trial = false;
    for (uint16_t i = 0; i < granted->plan.point_count; i++) {
        struct bus_point *point = &slave->memory[granted->plan.point_first + i];
        point->granted = true;
        if (point->refused_code == 0)
            continue;
        log_say(LOG_INFO, "bus", "%s: %s no longer refuses point %s", bus->site->id, slave->site->id,
                slave->site->points[slave->points[granted->plan.point_first + i]].id);
        point->refused_code = point->refusals = 0;
        was_refused = true;
    }
    if (was_refused)
        ask_refused_again(bus, bus->schedule.reads[read].slave, now);
}

/* The parts that were appended for this slave; what is behind them moves up. */
static void drop_parts(struct bus *bus, size_t slave)
{
    size_t to = bus->planned_count;
    for (size_t from = bus->planned_count; from < bus->schedule.read_count; from++) {
        size_t const whose = bus->schedule.reads[from].slave;
        if (whose == slave)
            continue;
        bus->reads[to] = bus->reads[from];
        bus->schedule.reads[to] = bus->schedule.reads[from];
        if (bus->slaves[whose].lost_read == from)
            bus->slaves[whose].lost_read = to;
        to++;
    }
    bus->schedule.read_count = to;
}

static void merge_slave(struct bus *bus, size_t which, struct now now)
{
    struct bus_slave *slave = &bus->slaves[which];
    slave->merge_mono_us = CLOCK_NEVER;
    slave->merged_early = true;
    drop_parts(bus, which);
    if (slave->lost_read >= bus->planned_count)
        slave->lost_read = slave->first_read;
    for (size_t i = slave->first_read; i < slave->first_read + slave->planned_count; i++) {
        if (bus->reads[i].plan.point_count == bus->planned[i].point_count)
            continue;
        bus->reads[i].plan = bus->planned[i];
        bus_choose_length(bus, i);
        bus->reads[i].refusals = bus->reads[i].refused_code = bus->reads[i].doubts = 0;
        bus->reads[i].trial = true;
        bus->schedule.reads[i].due_mono_us = now.mono_us;
    }
}

void bus_merge_again(struct bus *bus, struct now now)
{
    for (size_t i = 0; i < bus->slave_count; i++)
        if (now.mono_us >= bus->slaves[i].merge_mono_us)
            merge_slave(bus, i, now);
}

void bus_merge_early(struct bus *bus, size_t slave, struct now now)
{
    struct bus_slave *back = &bus->slaves[slave];
    back->merged_early = false;
    ask_refused_again(bus, slave, now);
    if (back->merge_mono_us != CLOCK_NEVER)
        back->merge_mono_us = now.mono_us + MERGE_EARLY_US;
}
