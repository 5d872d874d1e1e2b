/* An adapter that is pulled out and put back a hundred times: a real pty behind a link of /dev/serial's kind, the real
 * serial port, bus room and judge, on the test's clock. Each time bus.lost is raised, and the detectors are read again less
 * than 2 s after the port is back, however long it was away. */
#include "tests/support/test.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "drivers/link/links.h"
#include "gateway/base/log.h"
#include "gateway/model/inbox.h"
#include "gateway/model/news.h"
#include "gateway/run/bus.h"
#include "gateway/run/judge.h"
#include "tests/house/dice.h"
#include "tests/support/rs485.h"
#include "tests/support/scratch.h"
#include "tests/support/small_site.h"

#define SECOND_US     ((int64_t)1000000)
#define TURNAROUND_US 20000
#define TIMES         100
#define BACK_MOST_US  (2 * SECOND_US)
#define CALM_US       (30 * SECOND_US) /* three losses in a minute would be told as chattering (core/chatter.h) */
#define KERNEL_MS     10000            /* patience with a machine that is busy: only a failing test waits for so long */
#define RING_SIZE     ((size_t)256 * 1024)

struct world {
    struct small_site small;
    char directory[SCRATCH_MAX];
    char port[SCRATCH_MAX + 8];
    int master; /* the adapter: -1 pulled out */
    bool coils[2];
    struct link link;
    struct bus *bus;
    struct judge *judge;
    struct board *board;
    struct ring inbox, news, telemetry, answers, writes[SMALL_BUSES];
    struct bell bell, bells[SMALL_BUSES];
    struct now now;
    struct dice dice;
    struct news item;
    unsigned raised;
    unsigned cleared;
    int64_t worst_us;
};

static void plug_in(struct world *world)
{
    char name[64];
    world->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    assert_true(world->master >= 0);
    assert_int_equal(grantpt(world->master), 0);
    assert_int_equal(unlockpt(world->master), 0);
    assert_int_equal(ptsname_r(world->master, name, sizeof name), 0);
    assert_int_equal(symlink(name, world->port), 0);
}

static void pull_out(struct world *world)
{
    struct pollfd line = {.fd = bus_fd(world->bus), .events = POLLIN};
    assert_int_equal(unlink(world->port), 0);
    assert_int_equal(close(world->master), 0);
    world->master = -1;
    if (line.fd >= 0)
        assert_int_equal(poll(&line, 1, KERNEL_MS), 1); /* the hang-up has arrived */
}

static void make_points(struct small_site *small)
{
    for (size_t i = 0; i < GAS_POINTS; i++) {
        small->gas_points[i].function = FUNCTION_HOLDING;
        small->gas_points[i].address = (uint16_t)i;
        small->gas_points[i].raw = RAW_U16;
    }
    for (size_t i = 0; i < VALVE_POINTS; i++) {
        small->valve_points[i].function = FUNCTION_COIL;
        small->valve_points[i].address = (uint16_t)i;
    }
    for (size_t i = SLAVE_GAS_1; i <= SLAVE_VALVE; i++)
        small->slaves[i].count_max = 60;
}

static void open_rooms(struct world *world)
{
    struct judge_bus buses[SMALL_BUSES];
    for (size_t i = 0; i < SMALL_BUSES; i++) {
        assert_int_equal(ring_open(&world->writes[i], 4096), ERR_OK);
        assert_int_equal(bell_open(&world->bells[i]), ERR_OK);
        buses[i] = (struct judge_bus){&world->writes[i], &world->bells[i]};
    }
    assert_int_equal(board_open(&world->board, &world->small.site), ERR_OK);
    assert_int_equal(judge_open(&world->judge, &(struct judge_setup){.site = &world->small.site,
                                                                     .inbox = &world->inbox,
                                                                     .news = &world->news,
                                                                     .telemetry = &world->telemetry,
                                                                     .recorder_bell = &world->bell,
                                                                     .buses = buses,
                                                                     .answers = &world->answers,
                                                                     .answers_bell = &world->bell,
                                                                     .board = world->board}),
                     ERR_OK);
    assert_int_equal(link_make(&world->small.buses[BUS_GAS], NULL, &world->link), ERR_OK);
    assert_int_equal(bus_open(&world->bus, &(struct bus_setup){.site = &world->small.site,
                                                               .bus = BUS_GAS,
                                                               .link = world->link,
                                                               .inbox = &world->inbox,
                                                               .inbox_bell = &world->bell,
                                                               .writes = &world->writes[BUS_GAS],
                                                               .board = world->board}),
                     ERR_OK);
}

static struct world *open_world(uint64_t seed)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    log_set_quiet(true);
    scratch_make(world->directory);
    (void)snprintf(world->port, sizeof world->port, "%s/port", world->directory);
    small_site_make(&world->small, 500);
    make_points(&world->small);
    world->small.buses[BUS_GAS] = (struct site_bus){.id = "bus-gas",
                                                    .kind = LINK_RTU,
                                                    .port = world->port,
                                                    .baud = 19200,
                                                    .data_bits = 8,
                                                    .parity = 'N',
                                                    .stop_bits = 1,
                                                    .host = "",
                                                    .timeout_ms = 500};
    world->now = (struct now){.mono_us = 1000 * SECOND_US, .utc_ms = 1795310584757, .synced = true};
    world->dice.state = seed;
    world->master = -1;
    assert_int_equal(ring_open(&world->inbox, 1 << 20), ERR_OK);
    assert_int_equal(ring_open(&world->news, RING_SIZE), ERR_OK);
    assert_int_equal(ring_open(&world->telemetry, RING_SIZE), ERR_OK);
    assert_int_equal(ring_open(&world->answers, 4096), ERR_OK);
    assert_int_equal(bell_open(&world->bell), ERR_OK);
    open_rooms(world);
    return world;
}

static void close_world(struct world *world)
{
    bus_close(world->bus);
    world->link.ops->destroy(world->link.self);
    judge_close(world->judge);
    board_close(world->board);
    ring_close(&world->inbox);
    ring_close(&world->news);
    ring_close(&world->telemetry);
    ring_close(&world->answers);
    bell_close(&world->bell);
    for (size_t i = 0; i < SMALL_BUSES; i++) {
        ring_close(&world->writes[i]);
        bell_close(&world->bells[i]);
    }
    if (world->master >= 0)
        (void)close(world->master);
    scratch_remove(world->directory);
    free(world);
}

static void hear_news(struct world *world)
{
    size_t size;
    while (ring_pop(&world->telemetry, &world->item, sizeof world->item, &size) == ERR_OK)
        ;
    while (ring_pop(&world->news, &world->item, sizeof world->item, &size) == ERR_OK) {
        if (world->item.kind != NEWS_ALARM ||
            world->item.is.alarm.rule != small_site_rule(&world->small, "bus-gas", "bus.lost"))
            continue;
        world->raised += world->item.is.alarm.event == EVENT_RAISED;
        world->cleared += world->item.is.alarm.event == EVENT_CLEARED;
    }
}

/* The request is on its way to the far end: answers it, and returns when all of the answer can be read at this end. */
static void answer(struct world *world)
{
    uint8_t request[8];
    uint8_t reply[64] = {0};
    size_t got = 0;
    size_t size = 8;
    while (got < sizeof request) {
        struct pollfd far = {.fd = world->master, .events = POLLIN};
        assert_int_equal(poll(&far, 1, KERNEL_MS), 1);
        ssize_t const some = read(world->master, request + got, sizeof request - got);
        assert_true(some > 0);
        got += (size_t)some;
    }
    memcpy(reply, request, sizeof request);
    if (request[1] == 5) {
        world->coils[request[3] & 1] = request[4] != 0;
    } else {
        bool const bits = request[1] == 1;
        reply[2] = (uint8_t)(bits ? (request[5] + 7) / 8 : 2 * request[5]);
        memset(reply + 3, 0, reply[2]);
        for (unsigned i = 0; bits && i < request[5]; i++)
            if (request[3] + i < 2 && world->coils[request[3] + i])
                reply[3] |= (uint8_t)(1U << i);
        unsigned const crc = rs485_crc(reply, 3U + reply[2]);
        reply[3 + reply[2]] = (uint8_t)crc;
        reply[4 + reply[2]] = (uint8_t)(crc >> 8);
        size = 5U + reply[2];
    }
    assert_int_equal(write(world->master, reply, size), size);
    for (int waited_ms = 0, arrived = 0; arrived < (int)size; waited_ms++) {
        assert_int_equal(ioctl(bus_fd(world->bus), FIONREAD, &arrived), 0);
        assert_true(waited_ms < KERNEL_MS);
        if (arrived < (int)size)
            (void)poll(NULL, 0, 1);
    }
}

/* One step of both rooms; then time passes until one of them wants to be woken, or the answer is there. */
static void turn(struct world *world)
{
    int64_t const bus_us = bus_step(world->bus, world->now);
    int64_t const judge_us = judge_step(world->judge, world->now);
    int64_t next_us = bus_us < judge_us ? bus_us : judge_us;
    hear_news(world);
    bool const asked = world->master >= 0 && bus_fd(world->bus) >= 0;
    if (asked)
        next_us = world->now.mono_us + TURNAROUND_US;
    if (next_us > world->now.mono_us + SECOND_US)
        next_us = world->now.mono_us + SECOND_US;
    if (next_us > world->now.mono_us)
        world->now.mono_us = next_us;
    world->now.utc_ms = 1795310584757 + world->now.mono_us / 1000;
    if (asked)
        answer(world);
}

static void run_for(struct world *world, int64_t us)
{
    int64_t const until_us = world->now.mono_us + us;
    while (world->now.mono_us < until_us)
        turn(world);
}

static bool is_read(struct world *world, size_t device)
{
    struct board_device shown;
    board_get_device(world->board, device, &shown);
    return shown.samples[0].quality != QUALITY_BAD;
}

/* Between two polls: the room's thread is woken by it. */
static void pull_out_idle(struct world *world)
{
    for (int i = 0; i < 1000 && bus_end_fd(world->bus) < 0; i++)
        turn(world);
    assert_true(bus_end_fd(world->bus) >= 0);
    struct pollfd line = {.fd = bus_end_fd(world->bus), .events = POLLRDHUP};
    assert_int_equal(poll(&line, 1, 0), 0);
    pull_out(world);
    assert_int_equal(poll(&line, 1, KERNEL_MS), 1);
    assert_int_equal(bus_step(world->bus, world->now),
                     world->now.mono_us + SECOND_US / 2); /* it is opened again then */
    assert_int_equal(bus_end_fd(world->bus), -1);
}

static void lose_and_find(struct world *world, bool idle)
{
    int64_t const away_us = dice_between(&world->dice, 6 * SECOND_US, 60 * SECOND_US);
    unsigned const raised = world->raised;
    for (int64_t left = dice_between(&world->dice, 1, 40); left > 0 || bus_fd(world->bus) < 0; left--)
        turn(world); /* pulled out in the middle of a transaction, whichever */
    if (idle)
        pull_out_idle(world);
    else
        pull_out(world);
    run_for(world, away_us);
    assert_int_equal(world->raised, raised + 1);
    assert_false(is_read(world, DEVICE_GAS_1) || is_read(world, DEVICE_GAS_2) || is_read(world, DEVICE_VALVE));
    plug_in(world);
    int64_t const back_us = world->now.mono_us;
    while (!is_read(world, DEVICE_GAS_1) || !is_read(world, DEVICE_GAS_2) || !is_read(world, DEVICE_VALVE)) {
        turn(world);
        assert_true(world->now.mono_us < back_us + BACK_MOST_US);
    }
    if (world->now.mono_us - back_us > world->worst_us)
        world->worst_us = world->now.mono_us - back_us;
    run_for(world, CALM_US);
    assert_int_equal(world->cleared, world->raised);
}

static void test_a_hundred_times(void **state)
{
    const char *text = getenv("SEED");
    uint64_t const seed = text != NULL ? strtoull(text, NULL, 10) : 1;
    struct world *world = open_world(seed);
    (void)state;
    printf("SEED=%" PRIu64 "\n", seed);
    plug_in(world);
    run_for(world, 5 * SECOND_US);
    assert_true(is_read(world, DEVICE_GAS_1));
    for (int i = 0; i < TIMES; i++)
        lose_and_find(world, i % 2 != 0);
    assert_int_equal(world->raised, TIMES);
    printf("  %d times, away 6 to 60 s, read again after %d ms at worst\n", TIMES, (int)(world->worst_us / 1000));
    close_world(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_hundred_times)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
