/* A damaged file at a start: alarms do not wait until what can be read of it is back. */
#include "tests/support/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/house/curtain.h"
#include "tests/house/scenes.h"
#include "tests/house/sites.h"
#include "tests/support/effort.h"

#define PAGE_SIZE   4096
#define LEAVES      16 /* from that page on; what stands before them holds the rest together */
#define EVERY_PAGES 16
#define LIVE_US     (3 * SECOND) /* from the start of the process */
/* Of records: so much that bringing them back takes longer than an alarm. */
#define HOURS_BEFORE (EFFORT_SLOWER > 1 ? 2 : 4)

static struct world world;
static struct ledger ledger;

/* Garbage over the head of a page here and there, from `first` on; how many. */
static int damage(const char *name, off_t first)
{
    static const char garbage[] = "all of this was something else before, and now it is not";
    char path[2 * WORLD_DIR_MAX];
    struct stat status;
    int spots = 0;
    (void)snprintf(path, sizeof path, "%s/%s", world.dir, name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &status), 0);
    for (off_t page = first; page < status.st_size / PAGE_SIZE; page += EVERY_PAGES, spots++)
        assert_int_equal(pwrite(fd, garbage, sizeof garbage, page * PAGE_SIZE), sizeof garbage);
    assert_int_equal(close(fd), 0);
    return spots;
}

static const struct record *find_raw(const char *text)
{
    for (uint64_t seq = 1; seq <= ledger.lanes[LANE_A].last; seq++) {
        const struct record *record = &ledger.lanes[LANE_A].list[seq];
        if (record->raw != NULL && memmem(record->raw, record->raw_size, text, strlen(text)) != NULL)
            return record;
    }
    return NULL;
}

/* A gateway that was killed, and whose file is damaged before it starts again, in the middle of a leak. */
static void begin(int64_t before_us, const char *name, off_t first)
{
    char log[64];
    world_open(&world, &street_site.setup);
    world_run(&world, before_us);
    world_kill_house(&world, 1, 10 * SECOND);
    world_run(&world, SECOND);
    assert_null(world.house);
    assert_true(damage(name, first) > 0);
    if (first == 0)
        (void)snprintf(log, sizeof log, "%s-wal", name); /* it would bring the pages back */
    assert_true(first > 0 || damage(log, 0) > 0);
    plant_set_gas(&world.plant, plant_find(&world.plant, "gas-kitchen"), 52.1);
    world.stage.quiet = first == 0; /* the ledger wants uids without a jump */
    world_run(&world, 30 * SECOND);
    assert_true(world.plant.valve_closed);
    curtain_gather(&world, &ledger, 0);
    assert_non_null(find_raw("\"what\":\"set_aside\""));
}

/* The alarm of the leak. */
static const struct record *look(void)
{
    const struct record *raised = ledger_find(&ledger, "gas-kitchen", "gas.high", "raised", 0);
    assert_non_null(raised);
    int64_t const took_us = raised->accepted_us - world.lives[world.life].opened_us;
    print_message("the alarm was at the centre %.2f s after the start\n", (double)took_us / 1e6);
    assert_true(took_us <= LIVE_US);
    return raised;
}

static void end(void)
{
    size_t const broken = world.stage.broken_count - world.stage.broken[INV_CHAIN];
    ledger_close(&ledger);
    world_close(&world);
    assert_int_equal(broken, 0);
}

void alarms_do_not_wait_for_a_salvage(void **state)
{
    (void)state;
    begin(HOURS_BEFORE * HOUR, "telemetry.db", LEAVES);
    const struct record *raised = look();
    const struct record *salvaged = find_raw("\"what\":\"salvaged\",\"lane\":\"t\"");
    assert_non_null(salvaged);
    assert_true(raised->seq < salvaged->seq);
    assert_true(raised->accepted_us < salvaged->at_us); /* while it went on */
    assert_int_equal(world.stage.broken[INV_CHAIN], 0);
    end();
}

void alarms_do_not_need_the_old_file(void **state)
{
    (void)state;
    begin(10 * MINUTE, "alarms.db", 0);
    const struct record *raised = look();
    assert_true(raised->occurrence > 1); /* uids that were given are not given again: they go on higher up */
    end();
}
