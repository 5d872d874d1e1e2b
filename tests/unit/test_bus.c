/* The bus room on a fake clock, over the real framer and a line in memory: bytes travel with times, slaves answer in order
 * but as late as they like. Every register tells (unit, address), so a misattributed answer shows. */
#include "tests/support/test.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/link/frame.h"
#include "gateway/base/log.h"
#include "gateway/model/inbox.h"
#include "gateway/model/order.h"
#include "gateway/run/bus.h"

#define MS          ((int64_t)1000)
#define SECOND      (1000 * MS)
#define TIMEOUT_MS  100
#define SLAVES_MAX  8
#define FLIGHTS_MAX 64

struct flight { /* an answer on its way */
    int64_t at_mono_us;
    uint8_t bytes[FRAME_RTU_MAX];
    size_t size;
};

struct fake_slave {
    bool dead;
    uint8_t model;           /* instead of the unit in the high byte of its registers: another device; 0 none */
    uint16_t no_register;    /* reads that begin here are refused with exception 2; 0 none */
    uint8_t exception;       /* answer every read longer than one register with this; 0 none */
    unsigned int late_share; /* of 100 answers, so many come late */
    int64_t late_max_us;
    bool garbles; /* spoils the next answer */
    bool coil;
    bool coil_stuck;
    int64_t busy_until_us;
    unsigned int asked;
    unsigned int coil_writes;
    bool coil_before; /* the last write */
    unsigned int coil_changes;
};

struct line {
    bool refuses_to_open;
    bool open;
    struct fake_slave slaves[SLAVES_MAX + 1]; /* by unit */
    struct flight flights[FLIGHTS_MAX];
    size_t flight_count;
    struct framer framer;
    struct link_request request;
    bool busy;
    bool sent;
    int64_t sent_mono_us;
    unsigned int seed;
    unsigned int opened;
    uint8_t function_log[16]; /* the last functions asked, newest first */
};

static int dice(struct line *line, int sides)
{
    return rand_r(&line->seed) % sides;
}

static void answer(struct line *line, const uint8_t *pdu, size_t size, int64_t at_mono_us)
{
    if (line->flight_count == FLIGHTS_MAX)
        return;
    struct flight *flight = &line->flights[line->flight_count++];
    memcpy(flight->bytes, pdu, size);
    uint16_t const crc = frame_crc(pdu, size);
    flight->bytes[size] = (uint8_t)(crc & 0xFF);
    flight->bytes[size + 1] = (uint8_t)(crc >> 8);
    flight->size = size + 2;
    flight->at_mono_us = at_mono_us;
}

static size_t reply_to(struct line *line, const struct link_request *request, uint8_t *pdu)
{
    struct fake_slave *slave = &line->slaves[request->unit];
    pdu[0] = request->unit;
    pdu[1] = request->function;
    if (slave->no_register != 0 && request->address == slave->no_register) {
        pdu[1] = (uint8_t)(request->function | 0x80);
        pdu[2] = 2;
        return 3;
    }
    if (slave->exception != 0 && request->count > 1) {
        pdu[1] = (uint8_t)(request->function | 0x80);
        pdu[2] = slave->exception;
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
    for (size_t i = 0; i < request->count; i++) {
        pdu[3 + 2 * i] = slave->model != 0 ? slave->model : request->unit;
        pdu[4 + 2 * i] = (uint8_t)(request->address + i);
    }
    return 3u + pdu[2];
}

static void slave_gets(struct line *line, const struct link_request *request, int64_t mono_us)
{
    struct fake_slave *slave = &line->slaves[request->unit];
    slave->asked++;
    memmove(line->function_log + 1, line->function_log, sizeof line->function_log - 1);
    line->function_log[0] = request->function;
    if (slave->dead)
        return;
    int64_t work_us = 5 * MS;
    if ((unsigned int)dice(line, 100) < slave->late_share)
        work_us = TIMEOUT_MS * MS + dice(line, (int)(slave->late_max_us - TIMEOUT_MS * MS));
    int64_t const from = slave->busy_until_us > mono_us ? slave->busy_until_us : mono_us;
    slave->busy_until_us = from + work_us; /* one after the other, in order */
    uint8_t pdu[FRAME_RTU_MAX];
    size_t const size = reply_to(line, request, pdu);
    answer(line, pdu, size, slave->busy_until_us);
    if (slave->garbles)
        line->flights[line->flight_count - 1].bytes[3] ^= 0x55;
    slave->garbles = false;
}

/* Takes what has arrived off the line, oldest first; false when nothing has. */
static bool take(struct line *line, int64_t mono_us, struct flight *ret_flight)
{
    size_t oldest = FLIGHTS_MAX;
    for (size_t i = 0; i < line->flight_count; i++)
        if (line->flights[i].at_mono_us <= mono_us &&
            (oldest == FLIGHTS_MAX || line->flights[i].at_mono_us < line->flights[oldest].at_mono_us))
            oldest = i;
    if (oldest == FLIGHTS_MAX)
        return false;
    *ret_flight = line->flights[oldest];
    line->flights[oldest] = line->flights[--line->flight_count];
    return true;
}

static enum err line_open(void *self, int64_t mono_us)
{
    struct line *line = self;
    (void)mono_us;
    if (line->refuses_to_open)
        return ERR_NOT_FOUND;
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
    if (!line->open)
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
        while (take(line, mono_us, &flight))
            ;
        framer_expect(&line->framer, &line->request, 0, ECHO_NO);
        slave_gets(line, &line->request, mono_us);
        line->sent = true;
        line->sent_mono_us = mono_us;
    }
    enum frame_state state = FRAME_MORE;
    bool any = false;
    while (state == FRAME_MORE && take(line, mono_us, &flight)) {
        any = true;
        state = framer_feed(&line->framer, flight.bytes, flight.size, ret_reply);
    }
    ret_reply->sent_mono_us = line->sent_mono_us;
    ret_reply->done_mono_us = mono_us;
    ret_reply->foreign = line->framer.foreign;
    if (state == FRAME_REPLY || state == FRAME_EXCEPTION) {
        line->busy = false;
        *ret_err = ERR_EXCEPTION;
        return state == FRAME_REPLY ? LINK_DONE : LINK_FAILED;
    }
    int64_t const deadline = line->sent_mono_us + TIMEOUT_MS * MS;
    if (mono_us >= deadline || (any && line->framer.foreign == 0)) {
        line->busy = false;
        *ret_err = any && line->framer.foreign == 0 ? ERR_GARBLED : ERR_TIMEOUT;
        return LINK_FAILED;
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

static const char *line_trouble(void *self)
{
    (void)self;
    return "no such line";
}

static const struct link_ops line_ops = {line_open, line_close,   line_start,  line_poll,
                                         line_fd,   line_destroy, line_trouble};

/* One bus of slaves with two blocks of ten registers each, far apart and of equal length, and a coil. */
struct world {
    struct site site;
    struct site_bus bus_site;
    struct site_slave slaves[SLAVES_MAX];
    struct slave_point points[21];
    struct line line;
    struct ring inbox;
    struct ring writes;
    struct bell bell;
    struct board *board;
    struct bus *bus;
    struct now now;
    unsigned int batches[SLAVES_MAX];
    unsigned int good[SLAVES_MAX];
    unsigned int wrong;
    enum reason last_reason[SLAVES_MAX];
    unsigned int written_count;
    struct written written;
    unsigned int bus_events;
    bool bus_open_told;
};

static void world_open_bus(struct world *world)
{
    assert_int_equal(bus_open(&world->bus, &(struct bus_setup){.site = &world->site,
                                                               .link = {&line_ops, &world->line},
                                                               .inbox = &world->inbox,
                                                               .inbox_bell = &world->bell,
                                                               .writes = &world->writes,
                                                               .board = world->board}),
                     ERR_OK);
}

static void world_open(struct world *world, enum link_kind kind, size_t slaves, uint32_t every_ms)
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
                                               .gap_max = 4,
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
    world_open_bus(world);
}

static void world_close(struct world *world)
{
    bus_close(world->bus);
    board_close(world->board);
    bell_close(&world->bell);
    ring_close(&world->inbox);
    ring_close(&world->writes);
}

static void look_at_batch(struct world *world, const struct batch *batch)
{
    world->batches[batch->slave]++;
    for (size_t i = 0; i < batch->sample_count; i++) {
        const struct sample *sample = &batch->samples[i];
        const struct slave_point *point = &world->points[sample->point];
        if (sample->quality == QUALITY_BAD) {
            world->last_reason[batch->slave] = (enum reason)sample->reason;
            continue;
        }
        world->good[batch->slave]++;
        if (point->type == VALUE_INT &&
            sample->value.integer != (int64_t)(batch->slave + 1) * 256 + (point->address & 0xFF))
            world->wrong++;
    }
}

static void look(struct world *world)
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

static void run(struct world *world, int64_t for_us)
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

static void test_polls_at_its_period_for_hours(void **state)
{
    (void)state;
    static struct world world;
    world_open(&world, LINK_RTU, 2, 1000);
    run(&world, 3600 * SECOND);
    for (size_t i = 0; i < 2; i++) /* two blocks a second and the coil a minute */
        assert_in_range(world.batches[i], 7200 + 60, 7200 + 64);
    assert_int_equal(world.wrong, 0);
    world_close(&world);
}

/* Panels of which no device takes a channel: nothing is asked of them, and those between and behind are none the worse for
 * it, though the line is lost and one of them falls silent. */
static void test_a_slave_nobody_takes_from_is_not_asked(void **state)
{
    (void)state;
    static struct world world;
    static struct slave_point idle[21];
    world_open(&world, LINK_RTU, 4, 1000);
    bus_close(world.bus);
    for (size_t i = 0; i < 21; i++) {
        idle[i] = world.points[i];
        idle[i].idle = true;
    }
    world.slaves[0].points = world.slaves[2].points = world.slaves[3].points = idle;
    world_open_bus(&world);
    run(&world, 100 * SECOND);
    world.line.slaves[2].dead = true;
    run(&world, 60 * SECOND);
    world.line.slaves[2].dead = false;
    run(&world, 1000 * SECOND);
    assert_int_equal(world.batches[0] + world.batches[2] + world.batches[3], 0);
    assert_int_equal(world.line.slaves[1].asked + world.line.slaves[3].asked + world.line.slaves[4].asked, 0);
    assert_in_range(world.batches[1], 2000, 2400);
    assert_int_equal(world.wrong, 0);
    world_close(&world);
}

/* Late by up to five timeouts, a fifth of all answers: nothing is ever taken for an answer to another question. */
static unsigned int wrong_values(enum link_kind kind, unsigned int *ret_good)
{
    static struct world world;
    world_open(&world, kind, 3, 0);
    for (size_t unit = 1; unit <= 3; unit++)
        world.line.slaves[unit] = (struct fake_slave){.late_share = 20, .late_max_us = 5 * TIMEOUT_MS * MS};
    run(&world, 4000 * SECOND);
    *ret_good = world.good[0] + world.good[1] + world.good[2];
    world_close(&world);
    return world.wrong;
}

static void test_late_answers_are_never_taken_for_another(void **state)
{
    (void)state;
    unsigned int good;
    assert_int_equal(wrong_values(LINK_RTU, &good), 0);
    assert_true(good > 100000);
}

/* The same line without fencing (a TCP bus pairs by transaction id and does not probe): the test above can fail. */
static void test_without_fencing_values_go_wrong(void **state)
{
    (void)state;
    unsigned int good;
    assert_true(wrong_values(LINK_TCP, &good) > 0);
}

/* Each slave says in register 5 who it is: the high byte is its unit. */
static void world_open_identified(struct world *world, size_t slaves, uint32_t every_ms)
{
    world_open(world, LINK_RTU, slaves, every_ms);
    for (size_t i = 0; i < slaves; i++) {
        world->slaves[i].has_identity = true;
        world->slaves[i].identity_function = FUNCTION_HOLDING;
        world->slaves[i].identity = (struct register_part){.address = 5, .byte = BYTE_HIGH};
        world->slaves[i].identity_equals = (int64_t)i + 1;
    }
}

static void test_a_stranger_is_not_believed(void **state)
{
    (void)state;
    static struct world world;
    world_open_identified(&world, 2, 1000);
    world.line.slaves[1].model = 77;
    run(&world, 60 * SECOND);
    assert_int_equal(world.good[0], 0);
    assert_int_equal(world.last_reason[0], REASON_NO_ANSWER);
    assert_in_range(world.good[1], 20 * 59, 20 * 62);
    assert_in_range(world.line.slaves[1].asked, 5, 20); /* who are you, each 10 s */
    struct bus_write const write = {.slave = 0, .point = 20, .value = 1, .token = 1};
    assert_int_equal(ring_push(&world.writes, &write, sizeof write), ERR_OK);
    run(&world, SECOND);
    assert_int_equal(world.written.err, ERR_REFUSED);
    assert_int_equal(world.line.slaves[1].coil_writes, 0);
    world.line.slaves[1].model = 0;
    run(&world, 11 * SECOND);
    assert_true(world.good[0] > 0);
    assert_int_equal(world.wrong, 0);
    world_close(&world);
}

static void test_who_came_back_has_to_say_who_it_is(void **state)
{
    (void)state;
    static struct world world;
    world_open_identified(&world, 2, 1000);
    run(&world, 60 * SECOND);
    world.line.slaves[1].dead = true;
    run(&world, 60 * SECOND);
    unsigned int const good = world.good[0];
    assert_true(good > 1000);
    world.line.slaves[1].dead = false;
    world.line.slaves[1].model = 77;
    run(&world, 60 * SECOND);
    assert_int_equal(world.good[0], good);
    assert_int_equal(world.wrong, 0);
    world_close(&world);
}

/* A version of the model that does not have the register is believed: it is no proof of another. */
static void test_a_refused_identity_proves_nothing(void **state)
{
    (void)state;
    static struct world world;
    world_open_identified(&world, 1, 1000);
    world.slaves[0].identity.address = 0x7000;
    world.line.slaves[1].no_register = 0x7000;
    run(&world, 10 * SECOND);
    assert_true(world.good[0] > 100);
    world_close(&world);
}

static void test_late_answers_do_not_identify(void **state)
{
    (void)state;
    static struct world world;
    world_open_identified(&world, 3, 0);
    for (size_t unit = 1; unit <= 3; unit++)
        world.line.slaves[unit] = (struct fake_slave){.late_share = 20, .late_max_us = 5 * TIMEOUT_MS * MS};
    run(&world, 2000 * SECOND);
    assert_true(world.good[0] > 10000);
    assert_int_equal(world.wrong, 0);
    world_close(&world);
}

static void test_a_dead_slave_has_no_values_and_costs_little(void **state)
{
    (void)state;
    static struct world world;
    world_open(&world, LINK_RTU, 4, 1000);
    run(&world, 10 * SECOND);
    world.line.slaves[2].dead = true;
    run(&world, 5 * SECOND);
    unsigned int const good = world.good[1];
    assert_int_equal(world.last_reason[1], REASON_NO_ANSWER);
    unsigned int const others = world.good[0];
    run(&world, 100 * SECOND);
    assert_int_equal(world.good[1], good);
    assert_true(world.good[0] - others >= 100 * 20 - 20); /* nobody else missed more than one tick */
    world.line.slaves[2].dead = false;
    run(&world, 30 * SECOND);
    assert_true(world.good[1] > good + 15 * 20);
    world_close(&world);
}

static void test_a_garbled_answer_is_asked_again_before_anybody_is_told(void **state)
{
    (void)state;
    static struct world world;
    world_open(&world, LINK_RTU, 1, 1000);
    run(&world, 2500 * MS);
    for (int i = 0; i < 50; i++) {
        world.line.slaves[1].garbles = true;
        run(&world, SECOND);
    }
    assert_int_equal(world.last_reason[0], REASON_NONE);
    assert_in_range(world.good[0], 52 * 20, 56 * 20);
    world_close(&world);
}

static void put_write(struct world *world, double value, uint32_t token)
{
    struct bus_write const write = {
        .slave = 0, .point = 20, .value = value, .token = token, .asked_mono_us = world->now.mono_us};
    assert_int_equal(ring_push(&world->writes, &write, sizeof write), ERR_OK);
}

static void test_a_write_overtakes_polls_and_is_read_back(void **state)
{
    (void)state;
    static struct world world;
    world_open(&world, LINK_RTU, 3, 0);
    run(&world, 5 * SECOND);
    int64_t const asked = world.now.mono_us;
    put_write(&world, 1, 77);
    run(&world, 100 * MS);
    assert_int_equal(world.written_count, 1);
    assert_int_equal(world.written.err, ERR_OK);
    assert_int_equal(world.written.token, 77);
    assert_true(world.line.slaves[1].coil);
    assert_true(world.written.wire_mono_us - asked <= 5 * MS); /* the transaction in flight, no more */
    world_close(&world);
}

static void test_a_write_that_does_not_stick_is_not_ok(void **state)
{
    (void)state;
    static struct world world;
    world_open(&world, LINK_RTU, 1, 1000);
    run(&world, 2 * SECOND);
    world.line.slaves[1].coil_stuck = true; /* echoes the request like a good one */
    put_write(&world, 1, 1);
    run(&world, SECOND);
    assert_int_equal(world.written.err, ERR_MISMATCH);
    world.line.slaves[1].dead = true;
    put_write(&world, 1, 2);
    run(&world, SECOND);
    assert_int_equal(world.written.err, ERR_TIMEOUT);
    world.line.refuses_to_open = true;
    world.line.open = false;
    run(&world, 10 * SECOND);
    put_write(&world, 1, 3);
    run(&world, SECOND);
    assert_int_equal(world.written.err, ERR_CLOSED);
    assert_int_equal(world.written_count, 3);
    world_close(&world);
}

static void test_only_writable_points_are_written(void **state)
{
    (void)state;
    static struct world world;
    world_open(&world, LINK_RTU, 1, 1000);
    run(&world, 2 * SECOND);
    struct bus_write const write = {.slave = 0, .point = 3, .value = 1, .token = 5};
    assert_int_equal(ring_push(&world.writes, &write, sizeof write), ERR_OK);
    run(&world, SECOND);
    assert_int_equal(world.written.err, ERR_REFUSED);
    for (size_t i = 0; i < sizeof world.line.function_log; i++)
        assert_true(world.line.function_log[i] < LINK_WRITE_COIL);
    world_close(&world);
}

/* A board with a watchdog: fed in time, with another value each time, and polled all the same. */
static void test_a_heartbeat_is_written_at_its_period(void **state)
{
    (void)state;
    static struct world world;
    world_open(&world, LINK_RTU, 2, 1000);
    world.slaves[0].heartbeat_point = 20;
    world.slaves[0].heartbeat_ms = 2000;
    run(&world, 100 * SECOND);
    assert_in_range(world.line.slaves[1].coil_writes, 49, 51);
    assert_in_range(world.line.slaves[1].coil_changes, 49, 51);
    assert_int_equal(world.line.slaves[2].coil_writes, 0);
    assert_in_range(world.good[0], 99 * 20, 103 * 20);
    assert_int_equal(world.written_count, 0);
    world_close(&world);
}

static void test_a_lost_port_is_said_once_and_found_again(void **state)
{
    (void)state;
    static struct world world;
    world_open(&world, LINK_RTU, 1, 1000);
    run(&world, 3 * SECOND);
    assert_int_equal(world.bus_events, 1);
    world.line.refuses_to_open = true;
    world.line.open = false;
    run(&world, 100 * SECOND);
    assert_int_equal(world.bus_events, 2);
    assert_false(world.bus_open_told);
    assert_int_equal(world.last_reason[0], REASON_BUS_LOST);
    unsigned int const good = world.good[0];
    world.line.refuses_to_open = false;
    run(&world, 11 * SECOND);
    assert_true(world.bus_open_told);
    assert_true(world.good[0] > good);
    world_close(&world);
}

/* A slave that refuses every merged read: the points are read one by one, and none is blind. */
static void test_refused_reads_are_taken_apart(void **state)
{
    (void)state;
    static struct world world;
    world_open(&world, LINK_RTU, 1, 1000);
    world.line.slaves[1].exception = 2;
    run(&world, 2500 * MS);
    assert_int_equal(world.last_reason[0], REASON_REFUSED);
    unsigned int const before = world.good[0];
    run(&world, 10 * SECOND);
    assert_in_range(world.good[0] - before, 20 * 9, 20 * 11);
    assert_int_equal(world.wrong, 0);
    world_close(&world);
}

static void test_busy_is_not_a_fault_and_not_a_zero(void **state)
{
    (void)state;
    static struct world world;
    world_open(&world, LINK_RTU, 1, 1000);
    world.line.slaves[1].exception = 6;
    run(&world, 5 * SECOND);
    assert_int_equal(world.last_reason[0], REASON_BUSY);
    world.line.slaves[1].exception = 0;
    run(&world, 2 * SECOND);
    assert_true(world.good[0] >= 20);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_polls_at_its_period_for_hours),
        cmocka_unit_test(test_a_slave_nobody_takes_from_is_not_asked),
        cmocka_unit_test(test_late_answers_are_never_taken_for_another),
        cmocka_unit_test(test_without_fencing_values_go_wrong),
        cmocka_unit_test(test_a_stranger_is_not_believed),
        cmocka_unit_test(test_who_came_back_has_to_say_who_it_is),
        cmocka_unit_test(test_a_refused_identity_proves_nothing),
        cmocka_unit_test(test_late_answers_do_not_identify),
        cmocka_unit_test(test_a_dead_slave_has_no_values_and_costs_little),
        cmocka_unit_test(test_a_garbled_answer_is_asked_again_before_anybody_is_told),
        cmocka_unit_test(test_a_write_overtakes_polls_and_is_read_back),
        cmocka_unit_test(test_a_write_that_does_not_stick_is_not_ok),
        cmocka_unit_test(test_only_writable_points_are_written),
        cmocka_unit_test(test_a_heartbeat_is_written_at_its_period),
        cmocka_unit_test(test_a_lost_port_is_said_once_and_found_again),
        cmocka_unit_test(test_refused_reads_are_taken_apart),
        cmocka_unit_test(test_busy_is_not_a_fault_and_not_a_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
