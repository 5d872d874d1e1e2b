#include "tests/support/test.h"

#include "tests/support/bus_world.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/log.h"
#include "gateway/model/order.h"

static int dice(struct line *line, int sides)
{
    return rand_r(&line->seed) % sides;
}

static void answer(struct line *line, const uint8_t *pdu, size_t size, int64_t at_mono_us)
{
    if (line->flight_count == WORLD_FLIGHTS_MAX)
        return;
    struct flight *flight = &line->flights[line->flight_count++];
    memcpy(flight->bytes, pdu, size);
    uint16_t const crc = frame_crc(pdu, size);
    flight->bytes[size] = (uint8_t)(crc & 0xFF);
    flight->bytes[size + 1] = (uint8_t)(crc >> 8);
    flight->size = size + 2;
    flight->at_mono_us = at_mono_us;
}

static uint8_t exception_to(const struct fake_slave *slave, const struct link_request *request)
{
    if (slave->always != 0)
        return slave->always;
    if (request->function != LINK_READ_HOLDING)
        return 0;
    if (slave->no_register >= request->address && slave->no_register < request->address + request->count &&
        slave->no_register != 0)
        return 2;
    if (slave->count_max != 0 && request->count > slave->count_max)
        return 3;
    return request->count > 1 ? slave->exception : 0;
}

static void put_register(struct fake_slave *slave, const struct link_request *request, size_t at, uint8_t *pdu)
{
    uint16_t const address = (uint16_t)(request->address + at);
    uint8_t const high = slave->model != 0 ? slave->model : request->unit;
    uint16_t word = (uint16_t)(high << 8 | (address & 0xFF));
    if (address == 0 && slave->level != 0)
        word = slave->level;
    if (at == 0 && slave->lies > 0) {
        word = slave->lie;
        slave->lie = (uint16_t)(slave->lie + 5000);
        slave->lies--;
    }
    pdu[3 + 2 * at] = (uint8_t)(word >> 8);
    pdu[4 + 2 * at] = (uint8_t)(word & 0xFF);
}

static size_t reply_to(struct line *line, const struct link_request *request, uint8_t *pdu)
{
    struct fake_slave *slave = &line->slaves[request->unit];
    pdu[0] = request->unit;
    pdu[1] = request->function;
    uint8_t const exception = exception_to(slave, request);
    if (exception != 0) {
        pdu[1] = (uint8_t)(request->function | 0x80);
        pdu[2] = exception;
        return 3;
    }
    if (request->function == LINK_WRITE_COIL) {
        slave->coil_writes++;
        slave->coil_changes += slave->coil_before != (request->value != 0);
        slave->coil_before = request->value != 0;
        slave->coil = request->value != 0 && !slave->coil_stuck;
        memcpy(
            pdu + 2,
            (uint8_t[]){(uint8_t)(request->address >> 8), (uint8_t)request->address, request->value != 0 ? 0xFF : 0, 0},
            4);
        return 6;
    }
    if (request->function == LINK_READ_COILS) {
        pdu[2] = (uint8_t)((request->count + 7) / 8);
        memset(pdu + 3, slave->coil ? 0xFF : 0, pdu[2]);
        return 3u + pdu[2];
    }
    pdu[2] = (uint8_t)(request->count * 2);
    for (size_t i = 0; i < request->count; i++)
        put_register(slave, request, i, pdu);
    return 3u + pdu[2];
}

static void slave_gets(struct line *line, const struct link_request *request, int64_t mono_us)
{
    struct fake_slave *slave = &line->slaves[request->unit];
    slave->asked++;
    if (line->log_count < WORLD_LOG_MAX)
        line->log[line->log_count++] = (struct asked){mono_us, *request};
    if (slave->dead || line->deaf)
        return;
    int64_t work_us = slave->turnaround_us != 0 ? slave->turnaround_us : 5 * MS;
    if ((unsigned int)dice(line, 100) < slave->late_share)
        work_us = line->timeout_us + dice(line, (int)(slave->late_max_us - line->timeout_us));
    int64_t const from = slave->busy_until_us > mono_us ? slave->busy_until_us : mono_us;
    slave->busy_until_us = from + work_us; /* one after the other, in order */
    uint8_t pdu[FRAME_RTU_MAX];
    size_t const size = reply_to(line, request, pdu);
    answer(line, pdu, size, slave->busy_until_us);
    if (slave->garbles)
        line->flights[line->flight_count - 1].bytes[3] ^= 0x55;
    slave->garbles = false;
    if (slave->again_after_us != 0)
        answer(line, pdu, size, slave->busy_until_us + slave->again_after_us);
}

/* Takes what has arrived off the line, oldest first; false when nothing has. */
static bool take(struct line *line, int64_t mono_us, struct flight *ret_flight)
{
    size_t oldest = WORLD_FLIGHTS_MAX;
    for (size_t i = 0; i < line->flight_count; i++)
        if (line->flights[i].at_mono_us <= mono_us &&
            (oldest == WORLD_FLIGHTS_MAX || line->flights[i].at_mono_us < line->flights[oldest].at_mono_us))
            oldest = i;
    if (oldest == WORLD_FLIGHTS_MAX)
        return false;
    *ret_flight = line->flights[oldest];
    line->flights[oldest] = line->flights[--line->flight_count];
    return true;
}

static enum err line_open(void *self, int64_t mono_us)
{
    struct line *line = self;
    (void)mono_us;
    line->tried++;
    if (line->refuses_to_open)
        return ERR_NOT_FOUND;
    if (line->busy_opens > 0) {
        line->busy_opens--;
        return ERR_BUSY;
    }
    line->open = true;
    line->opened++;
    framer_init(&line->framer, FRAME_RTU);
    return ERR_OK;
}

static void line_close(void *self)
{
    struct line *line = self;
    line->open = false;
    line->busy = false;
}

static enum err line_start(void *self, const struct link_request *request, int64_t mono_us)
{
    struct line *line = self;
    (void)mono_us;
    assert_true(!line->busy && frame_request_is_valid(request, FRAME_RTU));
    if (!line->open || line->breaks)
        return ERR_CLOSED;
    line->request = *request;
    line->busy = true;
    line->sent = false;
    return ERR_OK;
}

static enum link_progress line_poll(void *self, int64_t mono_us, struct link_reply *ret_reply, enum err *ret_err,
                                    int64_t *ret_next)
{
    struct line *line = self;
    struct flight flight;
    if (!line->open) {
        *ret_err = ERR_CLOSED;
        return LINK_FAILED;
    }
    if (!line->sent) {
        framer_expect(&line->framer, &line->request, 0, ECHO_NO);
        while (take(line, mono_us, &flight))
            framer_discard(&line->framer, flight.bytes, flight.size);
        line->drained = line->framer.junk;
        slave_gets(line, &line->request, mono_us);
        line->sent = true;
        line->sent_mono_us = mono_us;
    }
    enum frame_state state = FRAME_MORE;
    while (state == FRAME_MORE && take(line, mono_us, &flight))
        state = framer_feed(&line->framer, flight.bytes, flight.size, ret_reply);
    int64_t const deadline = line->sent_mono_us + (int64_t)line->request.timeout_ms * MS;
    bool const over = state == FRAME_MORE && mono_us >= deadline;
    if (over)
        framer_end(&line->framer);
    ret_reply->sent_mono_us = line->sent_mono_us;
    ret_reply->done_mono_us = mono_us;
    ret_reply->foreign = line->framer.foreign;
    memcpy(ret_reply->foreign_units, line->framer.foreign_units, sizeof ret_reply->foreign_units);
    if (state != FRAME_MORE || over) {
        line->busy = false;
        *ret_err = !over ? ERR_EXCEPTION : line->framer.junk > line->drained ? ERR_GARBLED : ERR_TIMEOUT;
        return state == FRAME_REPLY ? LINK_DONE : LINK_FAILED;
    }
    *ret_next = deadline;
    for (size_t i = 0; i < line->flight_count; i++)
        if (line->flights[i].at_mono_us < *ret_next)
            *ret_next = line->flights[i].at_mono_us;
    return LINK_WAIT;
}

static int line_fd(void *self)
{
    (void)self;
    return -1;
}

static void line_destroy(void *self)
{
    (void)self;
}

static const char *line_remark(void *self)
{
    (void)self;
    return "no such line";
}

static bool line_gone(void *self, int *ret_fd)
{
    (void)self;
    *ret_fd = -1;
    return false;
}

static const struct link_ops line_ops = {line_open, line_close,   line_start,  line_poll,
                                         line_fd,   line_destroy, line_remark, line_gone};

void bus_world_open_bus(struct bus_world *world)
{
    world->line.timeout_us = (int64_t)world->bus_site.timeout_ms * MS;
    assert_int_equal(bus_open(&world->bus, &(struct bus_setup){.site = &world->site,
                                                               .link = {&line_ops, &world->line},
                                                               .inbox = &world->inbox,
                                                               .inbox_bell = &world->bell,
                                                               .writes = &world->writes,
                                                               .board = world->board}),
                     ERR_OK);
}

void bus_world_open(struct bus_world *world, enum link_kind kind, size_t slaves, uint32_t every_ms)
{
    memset(world, 0, sizeof *world);
    log_set_quiet(true);
    for (uint16_t i = 0; i < 20; i++)
        world->points[i] = (struct slave_point){.id = "r",
                                                .function = FUNCTION_HOLDING,
                                                .address = (uint16_t)(i < 10 ? i : 100 + i - 10),
                                                .register_count = 1,
                                                .raw = RAW_U16,
                                                .type = VALUE_INT,
                                                .scale = 1,
                                                .unit = "",
                                                .poll = POLL_NORMAL};
    world->points[20] = (struct slave_point){.id = "coil",
                                             .function = FUNCTION_COIL,
                                             .register_count = 1,
                                             .raw = RAW_BIT,
                                             .type = VALUE_BOOL,
                                             .scale = 1,
                                             .unit = "",
                                             .poll = POLL_SLOW,
                                             .writable = true};
    for (size_t i = 0; i < slaves; i++)
        world->slaves[i] = (struct site_slave){.id = "s",
                                               .unit = (uint8_t)(i + 1),
                                               .profile = "",
                                               .every_ms = {every_ms, every_ms, 60000},
                                               .gap_max = 0,
                                               .count_max = 60,
                                               .points = world->points,
                                               .point_count = 21,
                                               .heartbeat_point = -1};
    world->bus_site = (struct site_bus){.id = "b", .kind = kind, .timeout_ms = TIMEOUT_MS};
    world->site =
        (struct site){.buses = &world->bus_site, .bus_count = 1, .slaves = world->slaves, .slave_count = slaves};
    world->line.seed = 1;
    world->now = (struct now){.mono_us = 1000 * SECOND, .utc_ms = 1795310584757, .synced = true};
    assert_int_equal(ring_open(&world->inbox, 1 << 20), ERR_OK);
    assert_int_equal(ring_open(&world->writes, 4096), ERR_OK);
    assert_int_equal(bell_open(&world->bell), ERR_OK);
    assert_int_equal(board_open(&world->board, &world->site), ERR_OK);
    bus_world_open_bus(world);
}

void bus_world_close(struct bus_world *world)
{
    bus_close(world->bus);
    board_close(world->board);
    bell_close(&world->bell);
    ring_close(&world->inbox);
    ring_close(&world->writes);
}

static void look_at_batch(struct bus_world *world, const struct batch *batch)
{
    world->batches[batch->slave]++;
    for (size_t i = 0; i < batch->sample_count; i++) {
        const struct sample *sample = &batch->samples[i];
        const struct slave_point *point = &world->points[sample->point];
        bool const bad = sample->quality == QUALITY_BAD;
        if (batch->slave == 0)
            world->point_reason[sample->point] = bad ? (enum reason)sample->reason : REASON_NONE;
        if (bad) {
            world->last_reason[batch->slave] = (enum reason)sample->reason;
            continue;
        }
        world->good[batch->slave]++;
        int64_t const due = (int64_t)(batch->slave + 1) * 256 + (point->address & 0xFF);
        int64_t const level = point->address == 0 ? world->line.slaves[batch->slave + 1].level : 0;
        if (point->type == VALUE_INT && sample->value.integer != (level != 0 ? level : due))
            world->wrong++;
        if (batch->slave == 0 && sample->point == 0) {
            world->level = sample->value.integer;
            world->levels_told++;
        }
    }
}

static void look(struct bus_world *world)
{
    struct inbox item;
    size_t size;
    while (ring_pop(&world->inbox, &item, sizeof item, &size) == ERR_OK) {
        assert_int_equal(size, inbox_size(&item));
        if (item.kind == INBOX_BATCH)
            look_at_batch(world, &item.is.batch);
        if (item.kind == INBOX_WRITTEN) {
            world->written_count++;
            world->written = item.is.written;
        }
        if (item.kind == INBOX_BUS) {
            world->bus_events++;
            world->bus_open_told = item.is.bus.open;
        }
    }
}

void bus_world_run(struct bus_world *world, int64_t for_us)
{
    int64_t const end = world->now.mono_us + for_us;
    for (;;) {
        int64_t next = bus_step(world->bus, world->now);
        look(world);
        assert_true(next > world->now.mono_us || world->now.mono_us < end);
        if (next <= world->now.mono_us)
            next = world->now.mono_us + 1;
        if (next > end)
            break;
        world->now.utc_ms += (next - world->now.mono_us) / 1000;
        world->now.mono_us = next;
    }
    world->now.mono_us = end;
}

void bus_world_write(struct bus_world *world, double value, uint32_t token)
{
    struct bus_write const write = {
        .slave = 0, .point = WORLD_COIL, .value = value, .token = token, .asked_mono_us = world->now.mono_us};
    assert_int_equal(ring_push(&world->writes, &write, sizeof write), ERR_OK);
}

size_t bus_world_asked(const struct bus_world *world, uint8_t unit)
{
    size_t count = 0;
    for (size_t i = 0; i < world->line.log_count; i++)
        count += world->line.log[i].request.unit == unit;
    return count;
}
