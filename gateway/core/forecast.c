#include "gateway/core/forecast.h"

#include "gateway/base/check.h"
#include "gateway/core/forecast_private.h"
#include "gateway/model/line.h"

#define RUN_US              120000000 /* longer than any back-off, twice the usual slow period */
#define TRANSACTIONS_MIN    2000      /* a run has at least so many, */
#define TRANSACTIONS_EACH   8         /* and so many for each read */
#define ADAPTER_PACKET_SIZE 62        /* of USB full speed 64, FTDI keeps two for itself (AN232B-04) */
#define RTU_WRITE_SIZE      8 /* request and answer: MODBUS Application Protocol V1.1b3, 6.5 and 6.6, with unit and CRC */
#define RTU_READ_SIZE       8
#define RTU_ANSWER_SIZE     5 /* unit, function, byte count, CRC */
#define MBAP_MORE           4 /* a header of 7 bytes in place of unit and CRC */

/* --- what a transaction costs ----------------------------------------------------------------------------------------- */

static bool is_line(const struct forecast_bus *forecast)
{
    return forecast->bus->kind != LINK_TCP;
}

static uint16_t frame_size(const struct forecast_bus *forecast, size_t rtu_size)
{
    return (uint16_t)(rtu_size + (is_line(forecast) ? 0 : MBAP_MORE));
}

static uint16_t answer_size(const struct forecast_bus *forecast, enum function function, size_t count)
{
    bool const is_bits = function == FUNCTION_COIL || function == FUNCTION_DISCRETE;
    return frame_size(forecast, RTU_ANSWER_SIZE + (is_bits ? (count + 7) / 8 : 2 * count));
}

static int64_t characters_us(const struct forecast_bus *forecast, size_t count)
{
    int64_t const baud = forecast->bus->baud > 0 ? forecast->bus->baud : LINE_BAUD_DEFAULT;
    if (!is_line(forecast))
        return 0;
    return ((int64_t)count * line_character_bits(forecast->bus) * 1000000 + baud - 1) / baud;
}

/* Before the request; `switches`: another slave was asked before. */
static int64_t quiet_us(const struct forecast_bus *forecast, bool switches, bool troubled)
{
    int64_t silence_us = is_line(forecast) ? line_silence_us(forecast->bus->baud) : 0;
    if (is_line(forecast) && switches)
        silence_us += line_switch_us(forecast->bus->baud);
    if (is_line(forecast) && troubled)
        silence_us = later(silence_us, LINE_SILENCE_SAFE_US);
    return silence_us + (int64_t)forecast->bus->guard_ms * 1000;
}

/* From the end of the request to the start of the answer: on a line the slave, too, waits for the silence that ends it. */
static int64_t wait_us(const struct forecast_bus *forecast)
{
    int64_t us = forecast->basis.turnaround_us;
    if (is_line(forecast))
        us += line_silence_us(forecast->bus->baud);
    return us + (forecast->bus->kind == LINK_RTU ? 0 : forecast->basis.round_trip_us);
}

/* Of a serial adapter, which hands bytes over when a packet is full or its timer runs out. */
static int64_t latency_us(const struct forecast_bus *forecast)
{
    return forecast->bus->kind == LINK_RTU ? forecast->basis.latency_us : 0;
}

/* What of an answer comes in full packets, which are faster than the timer and start it anew. */
static size_t packed_size(const struct forecast_bus *forecast, size_t size)
{
    bool const fast = characters_us(forecast, ADAPTER_PACKET_SIZE) <= latency_us(forecast);
    return fast ? size / ADAPTER_PACKET_SIZE * ADAPTER_PACKET_SIZE : 0;
}

/* From the end of an answer to its last byte in our hands: on average, as nobody knows where the timer stands. */
static int64_t handing_us(const struct forecast_bus *forecast, size_t size)
{
    size_t const packed = packed_size(forecast, size);
    if (packed == size)
        return 0;
    return packed > 0 ? latency_us(forecast) - characters_us(forecast, size - packed) : latency_us(forecast) / 2;
}

static int64_t transaction_us(const struct forecast_bus *forecast, bool switches, size_t request, size_t answer)
{
    return quiet_us(forecast, switches, false) + characters_us(forecast, request + answer) + wait_us(forecast) +
           handing_us(forecast, answer);
}

static int64_t silent_us(const struct forecast_bus *forecast)
{
    return quiet_us(forecast, forecast->shared, false) + characters_us(forecast, RTU_READ_SIZE) +
           (int64_t)forecast->bus->timeout_ms * 1000;
}

/* --- the plan --------------------------------------------------------------------------------------------------------- */

size_t forecast_point_count(const struct site *site, size_t bus)
{
    size_t count = 0;
    for (size_t i = 0; i < site->slave_count; i++)
        if ((size_t)site->slaves[i].bus == bus)
            count += site->slaves[i].point_count;
    return count;
}

size_t forecast_slave_count(const struct site *site, size_t bus)
{
    size_t count = 0;
    for (size_t i = 0; i < site->slave_count; i++)
        count += (size_t)site->slaves[i].bus == bus ? 1 : 0;
    return count;
}

static void add_read(struct forecast_bus *forecast, const struct plan *plan, size_t read)
{
    struct forecast_slave *slave = &forecast->slaves[forecast->slave_count];
    const struct plan_read *made = &plan->reads[read];
    struct forecast_read *to = &forecast->reads[forecast->read_count++];
    *to = (struct forecast_read){
        .plan = *made,
        .points = plan->points + made->point_first,
        .slave = (uint16_t)forecast->slave_count,
        .request_size = frame_size(forecast, RTU_READ_SIZE),
        .answer_size = answer_size(forecast, made->function, made->count),
        .period_us = (int64_t)forecast->site->slaves[slave->index].every_ms[made->poll] * 1000,
    };
    to->cost_us = transaction_us(forecast, forecast->shared, to->request_size, to->answer_size);
    if (to->period_us == 0) {
        forecast->flat_out = true;
        slave->load += 1;
        return;
    }
    double const load = (double)to->cost_us / (double)to->period_us;
    forecast->classes[made->poll].load += load;
    forecast->load += load;
    slave->load += load;
}

static enum err add_slave(struct forecast_bus *forecast, size_t index, uint16_t *points)
{
    const struct site_slave *site = &forecast->site->slaves[index];
    struct forecast_slave *slave = &forecast->slaves[forecast->slave_count];
    struct plan plan;
    enum err const err = plan_make(forecast->bus, site, forecast->memory.plan, site->point_count, points, &plan);
    if (err != ERR_OK)
        return err;
    *slave = (struct forecast_slave){.index = index, .asked = plan.read_count > 0};
    for (size_t i = 0; i < plan.read_count; i++)
        add_read(forecast, &plan, i);
    if (site->heartbeat_point >= 0 && site->heartbeat_ms > 0) {
        double const load = (double)forecast->write_us / ((double)site->heartbeat_ms * 1000);
        forecast->heartbeat_load += load;
        forecast->load += load;
    }
    forecast->asked_count += slave->asked ? 1 : 0;
    forecast->slave_count++;
    return ERR_OK;
}

int64_t forecast_heartbeat_us(const struct forecast_bus *forecast, const struct forecast_slave *slave)
{
    const struct site_slave *site = &forecast->site->slaves[slave->index];
    int64_t wait_us = silent_us(forecast);
    if (site->heartbeat_point < 0)
        return 0;
    for (size_t i = 0; i < forecast->slave_count; i++)
        if (&forecast->slaves[i] != slave && forecast->site->slaves[forecast->slaves[i].index].heartbeat_point >= 0)
            wait_us += forecast->write_us;
    return 2 * ((int64_t)site->heartbeat_ms * 1000 + wait_us) + forecast->write_us;
}

enum err forecast_make(const struct site *site, size_t bus, const struct forecast_basis *basis,
                       const struct forecast_memory *memory, struct forecast_bus *ret_forecast)
{
    struct forecast_bus made = {.site = site,
                                .bus = &site->buses[bus],
                                .basis = *basis,
                                .memory = *memory,
                                .reads = memory->reads,
                                .slaves = memory->slaves,
                                .shared = forecast_slave_count(site, bus) > 1};
    size_t const write_size = frame_size(&made, RTU_WRITE_SIZE);
    uint16_t *points = memory->points;
    made.write_us = transaction_us(&made, made.shared, write_size, write_size);
    made.write_wire_us = quiet_us(&made, made.shared, false) + characters_us(&made, write_size);
    made.read_back_us =
        transaction_us(&made, false, frame_size(&made, RTU_READ_SIZE), answer_size(&made, FUNCTION_HOLDING, 1));
    for (size_t i = 0; i < site->slave_count; i++) {
        if ((size_t)site->slaves[i].bus != bus)
            continue;
        enum err const err = add_slave(&made, i, points);
        if (err != ERR_OK)
            return err;
        points += site->slaves[i].point_count;
    }
    forecast_run(&made, 0);
    *ret_forecast = made;
    return ERR_OK;
}

/* --- the run ---------------------------------------------------------------------------------------------------------- */

struct run {
    struct forecast_bus *forecast;
    struct schedule schedule;
    int64_t now_us;
    int64_t free_us; /* since when the line is silent */
    bool troubled;
    size_t last_slave;
    int64_t tick_us; /* when the adapter's timer last ran out, while that is known: no more after the line was idle */
    bool ticking;
    int64_t busy_us;
    size_t transactions;
};

/* Those that ask for least: their silence gives the others least. */
static void bury(struct forecast_bus *forecast, size_t dead_count)
{
    for (size_t i = 0; i < forecast->slave_count; i++)
        forecast->slaves[i].dead = false;
    for (size_t n = 0; n < dead_count; n++) {
        struct forecast_slave *least = NULL;
        for (size_t i = 0; i < forecast->slave_count; i++) {
            struct forecast_slave *slave = &forecast->slaves[i];
            if (slave->asked && !slave->dead && (least == NULL || slave->load < least->load))
                least = slave;
        }
        CHECK(least != NULL);
        least->dead = true;
    }
    forecast->dead_count = dead_count;
}

static bool writes(const struct forecast_bus *forecast)
{
    for (size_t i = 0; i < forecast->slave_count; i++) {
        const struct site_slave *slave = &forecast->site->slaves[forecast->slaves[i].index];
        for (size_t j = 0; j < slave->point_count; j++)
            if (slave->points[j].writable || slave->heartbeat_point >= 0)
                return true;
    }
    return false;
}

/* The longest transaction somebody else may have begun just before everything falls due. */
static int64_t in_flight_us(const struct forecast_bus *forecast)
{
    int64_t longest_us = writes(forecast) ? later(forecast->write_us, forecast->read_back_us) : 0;
    for (size_t i = 0; i < forecast->read_count && forecast->read_count > 1; i++)
        longest_us = later(longest_us, forecast->reads[i].cost_us);
    return longest_us;
}

static void begin_run(struct run *run, struct forecast_bus *forecast)
{
    const struct forecast_memory *memory = &forecast->memory;
    *run = (struct run){.forecast = forecast,
                        .schedule = {.reads = memory->schedule_reads,
                                     .read_count = forecast->read_count,
                                     .slaves = memory->schedule_slaves,
                                     .slave_count = forecast->slave_count},
                        .now_us = in_flight_us(forecast),
                        .last_slave = SIZE_MAX};
    run->free_us = run->now_us;
    for (size_t i = 0; i < forecast->read_count; i++) {
        struct forecast_read *read = &forecast->reads[i];
        read->every_us = read->age_us = read->last_us = read->answers = 0;
        read->first_us = -1;
        memory->schedule_reads[i] =
            (struct schedule_read){.slave = read->slave, .poll = read->plan.poll, .period_us = read->period_us};
    }
    for (size_t i = 0; i < forecast->slave_count; i++)
        forecast->slaves[i].heartbeat_us = 0;
    schedule_restart(&run->schedule, 0);
}

/* The time of the request's last byte; the line is free when the transaction ends. */
static int64_t ask(struct run *run, size_t slave, size_t request_size)
{
    run->transactions++;
    run->now_us =
        later(run->now_us,
              run->free_us + quiet_us(run->forecast, run->forecast->shared && slave != run->last_slave, run->troubled));
    run->last_slave = slave;
    int64_t const sent_us = run->now_us;
    run->now_us += characters_us(run->forecast, request_size);
    return sent_us;
}

/* One answer after the other comes at a tick each, wherever it ends. */
static int64_t handed_over_us(struct run *run, int64_t begins_us, size_t size)
{
    struct forecast_bus const *forecast = run->forecast;
    int64_t const ends_us = begins_us + characters_us(forecast, size);
    int64_t const tick_us = latency_us(forecast);
    size_t const packed = packed_size(forecast, size);
    if (tick_us == 0)
        return ends_us;
    if (packed > 0 || !run->ticking)
        run->tick_us = ends_us + handing_us(forecast, size);
    else
        run->tick_us += (ends_us - run->tick_us + tick_us - 1) / tick_us * tick_us;
    run->ticking = true;
    return run->tick_us;
}

static void take_answer(struct run *run, size_t slave, size_t size)
{
    uint32_t const guard_ms = run->forecast->site->slaves[run->forecast->slaves[slave].index].guard_ms;
    run->now_us = handed_over_us(run, run->now_us + wait_us(run->forecast), size);
    run->troubled = false;
    schedule_answered(&run->schedule, slave, run->now_us);
    run->schedule.slaves[slave].not_before_mono_us = run->now_us + (int64_t)guard_ms * 1000;
}

static void miss_answer(struct run *run, size_t slave, bool poll, int64_t started_us)
{
    int64_t const timeout_us = (int64_t)run->forecast->bus->timeout_ms * 1000;
    run->now_us += timeout_us;
    run->troubled = true;
    schedule_silent(&run->schedule, slave, run->now_us, timeout_us, poll ? run->now_us - started_us : 0);
}

static void end_transaction(struct run *run, int64_t started_us)
{
    run->free_us = run->now_us;
    run->busy_us += run->now_us - started_us;
}

/* How old the reading was that this one replaces; the one before the run was asked for at its tick, on an idle line. */
static void note_answer(struct forecast_read *read, int64_t sent_us, int64_t now_us)
{
    if (read->answers > 0)
        read->age_us = later(read->age_us, now_us - read->sent_us);
    else if (read->period_us > 0)
        read->age_us = now_us + read->period_us;
    if (read->answers++ == 0)
        read->first_us = now_us;
    read->last_us = now_us;
    read->sent_us = sent_us;
}

static void make_read(struct run *run, size_t index)
{
    struct forecast_read *read = &run->forecast->reads[index];
    int64_t const started_us = run->now_us;
    int64_t const sent_us = ask(run, read->slave, read->request_size);
    if (run->forecast->slaves[read->slave].dead) {
        miss_answer(run, read->slave, true, started_us);
    } else {
        take_answer(run, read->slave, read->answer_size);
        schedule_served(&run->schedule, index, run->now_us);
        note_answer(read, sent_us, run->now_us);
    }
    end_transaction(run, started_us);
}

static bool make_heartbeat(struct run *run, int64_t *next_us)
{
    struct forecast_bus *forecast = run->forecast;
    size_t const size = frame_size(forecast, RTU_WRITE_SIZE);
    for (size_t i = 0; i < forecast->slave_count; i++) {
        struct forecast_slave *slave = &forecast->slaves[i];
        const struct site_slave *site = &forecast->site->slaves[slave->index];
        if (site->heartbeat_point < 0 || site->heartbeat_ms == 0)
            continue;
        if (slave->heartbeat_us > run->now_us) {
            *next_us = earlier(*next_us, slave->heartbeat_us);
            continue;
        }
        int64_t const started_us = run->now_us;
        slave->heartbeat_us = run->now_us + (int64_t)site->heartbeat_ms * 1000;
        (void)ask(run, i, size);
        if (slave->dead)
            miss_answer(run, i, false, started_us);
        else
            take_answer(run, i, size);
        end_transaction(run, started_us);
        return true;
    }
    return false;
}

/* False when nothing more happens in this run. */
static bool make_next(struct run *run)
{
    int64_t next_us = SCHEDULE_NEVER;
    if (make_heartbeat(run, &next_us))
        return true;
    struct schedule_choice const choice = schedule_choose(&run->schedule, run->now_us);
    if (choice.found) {
        make_read(run, choice.read);
        return true;
    }
    next_us = earlier(next_us, choice.next_mono_us);
    if (next_us > RUN_US)
        return false;
    run->now_us = next_us;
    run->ticking = false;
    return true;
}

/* `doubt_us`: it may have been handed over so much later than the average. */
static void sum_up_read(struct forecast_read *read, int64_t end_us, int64_t doubt_us)
{
    if (read->answers == 0) {
        read->every_us = read->age_us = end_us + read->period_us;
        return;
    }
    read->age_us = later(read->age_us, end_us - read->sent_us) + doubt_us;
    if (read->answers > 1)
        read->every_us = (read->last_us - read->first_us) / (read->answers - 1);
    read->every_us = later(read->every_us, read->period_us);
}

/* By how much it comes too seldom; flat out: how seldom. */
static double lateness(int64_t every_us, int64_t period_us)
{
    return (double)every_us / (double)later(period_us, 1);
}

static void sum_up(struct run *run)
{
    struct forecast_bus *forecast = run->forecast;
    int64_t const doubt_us = latency_us(forecast) / 2;
    forecast->cycle_us = 0;
    forecast->busy = run->now_us > 0 ? (double)run->busy_us / (double)run->now_us : 0;
    forecast->longest_us = forecast->dead_count > 0 ? silent_us(forecast) : 0;
    for (size_t i = 0; i < POLL_CLASS_COUNT; i++)
        forecast->classes[i] = (struct forecast_class){.load = forecast->classes[i].load};
    for (size_t i = 0; i < forecast->read_count; i++) {
        struct forecast_read *read = &forecast->reads[i];
        struct forecast_class *class = &forecast->classes[read->plan.poll];
        class->read_count++;
        forecast->longest_us = later(forecast->longest_us, read->cost_us + doubt_us);
        if (forecast->slaves[read->slave].dead)
            continue;
        sum_up_read(read, run->now_us, doubt_us);
        if (read->answers == 0)
            forecast->cycle_us = -1;
        else if (forecast->cycle_us >= 0)
            forecast->cycle_us = later(forecast->cycle_us, read->first_us);
        if (class->every_us == 0 ||
            lateness(read->every_us, read->period_us) > lateness(class->every_us, class->period_us)) {
            class->every_us = read->every_us;
            class->period_us = read->period_us;
        }
    }
}

void forecast_run(struct forecast_bus *forecast, size_t dead_count)
{
    struct run run;
    size_t const most = TRANSACTIONS_MIN + TRANSACTIONS_EACH * forecast->read_count;
    CHECK(dead_count == 0 || dead_count < forecast->asked_count);
    bury(forecast, dead_count);
    begin_run(&run, forecast);
    while (run.transactions < most && run.now_us < RUN_US && make_next(&run))
        ;
    sum_up(&run);
}
