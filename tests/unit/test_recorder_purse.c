/* What the flash budget has left outlives the process: starting again and again does not write more a day, and time that went
 * by counts only when a clock tells it. */
#include "tests/support/test.h"

#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/disk.h"
#include "tests/support/wire_rig.h"

#define MS        1000LL
#define MIB       ((uint64_t)1024 * 1024)
#define DAY_BYTES (200 * MIB)
#define PURSE     (DAY_BYTES / 4) /* six hours' share */
#define HOUR_US   3600000000LL
#define START_MAX MIB /* of one start and one end */
#define BURST     10
#define STARTS    6
#define BURSTS_S  5

static int setup(void **state)
{
    static struct rig rig;
    rig_make(&rig, 1);
    rig.site.journal.flash_budget = DAY_BYTES;
    rig_stop(&rig);
    rig_start(&rig);
    (void)rig_step(&rig);
    *state = &rig;
    return 0;
}

static int teardown(void **state)
{
    struct rig *rig = *state;
    if (rig->recorder != NULL)
        rig_stop(rig);
    scratch_remove(rig->dir);
    return 0;
}

/* 50 records a second, each of which the centre has within a second. */
static void live(struct rig *rig, int seconds)
{
    struct journal_reader *reader;
    assert_int_equal(journal_reader_open(&reader, rig->dir), ERR_OK);
    for (int burst = 0; burst < seconds * BURSTS_S; burst++) {
        for (int i = 0; i < BURST; i++) {
            struct news const news = wire_telemetry((double)(burst * BURST + i), rig->now.utc_ms);
            rig_push(&rig->telemetry, &news);
        }
        (void)rig_step(rig);
        rig_pass(rig, 200 * MS);
        (void)rig_step(rig);
        struct sender_ack ack = {.kind = ACK_CURSOR, .lane = 't'};
        if (burst % BURSTS_S == BURSTS_S - 1 && journal_reader_last(reader, LANE_T, &ack.lw) == ERR_OK)
            assert_int_equal(ring_push(&rig->acks, &ack, sizeof ack), ERR_OK);
    }
    journal_reader_close(reader);
}

static void see_text(void *context, const struct disk_row *row)
{
    assert_int_equal(sscanf(row->bytes[0], "%" SCNu64, (uint64_t *)context), 1);
}

/* As it is on the disk. */
static uint64_t purse(const struct rig *rig)
{
    char path[128];
    uint64_t saved = UINT64_MAX;
    struct disk_query const ask = {"SELECT value FROM meta WHERE key='purse'", see_text, &saved};
    (void)snprintf(path, sizeof path, "%s/telemetry.db", rig->dir);
    assert_true(disk_select(path, &ask, 1));
    return saved;
}

static uint64_t purse_after_a_start(struct rig *rig)
{
    rig_start(rig);
    for (int i = 0; i < 4; i++)
        (void)rig_step(rig);
    rig_stop(rig);
    return purse(rig);
}

#define ASSERT_ABOUT(value, expected) assert_in_range(value, (expected)-2 * START_MAX, (expected) + MIB)

static void spend_most(struct rig *rig)
{
    live(rig, 600);
    rig_stop(rig);
    assert_in_range(purse(rig), PURSE / 16, PURSE / 4); /* room for four hours */
}

/* One each five minutes, in full work. */
static void restarts_do_not_fill_it(void **state)
{
    struct rig *rig = *state;
    live(rig, 2400); /* what was saved up is spent */
    uint64_t const before = disk_bytes();
    for (int start = 0; start < STARTS; start++) {
        live(rig, 300);
        rig_stop(rig);
        rig_start(rig);
        (void)rig_step(rig);
    }
    double const day = (double)(disk_bytes() - before) * 288 / STARTS;
    print_message("a start each five minutes: %.0f MiB a day of %.0f\n", day / (double)MIB,
                  (double)DAY_BYTES / (double)MIB);
    assert_true(day < (double)DAY_BYTES * 1.5); /* what a start and an end cost is not all held back */
}

static void the_time_between_counts_when_a_clock_tells_it(void **state)
{
    struct rig *rig = *state;
    spend_most(rig);
    uint64_t saved = purse(rig);
    ASSERT_ABOUT(purse_after_a_start(rig), saved);
    saved = purse(rig);
    rig_pass(rig, HOUR_US); /* the same boot: the monotonic clock */
    rig->now.synced = false;
    ASSERT_ABOUT(purse_after_a_start(rig), saved + PURSE / 6);
    saved = purse(rig);
    rig->machine_boot_id = "boot-2"; /* another: it says nothing, and UTC was not set */
    rig->now.synced = true;
    rig_pass(rig, HOUR_US);
    ASSERT_ABOUT(purse_after_a_start(rig), saved);
    saved = purse(rig);
    rig->machine_boot_id = "boot-3"; /* it was, and is */
    rig_pass(rig, HOUR_US);
    ASSERT_ABOUT(purse_after_a_start(rig), saved + PURSE / 6);
    saved = purse(rig);
    rig->machine_boot_id = "boot-4"; /* … or will be */
    rig_pass(rig, HOUR_US);
    rig->now.synced = false;
    rig->now.utc_ms += 24 * HOUR_US / MS;
    rig_start(rig);
    for (int i = 0; i < 4; i++)
        (void)rig_step(rig);
    rig_pass(rig, HOUR_US);
    rig->now.synced = true;
    (void)rig_step(rig);
    (void)rig_step(rig);
    rig_stop(rig);
    ASSERT_ABOUT(purse(rig), saved + 2 * (PURSE / 6));
    rig_start(rig);
}

/* Killed again and again: at least what was written is taken out, and no time is credited. */
static void kills_do_not_fill_it(void **state)
{
    struct rig *rig = *state;
    int ends[2];
    uint64_t written = 0;
    spend_most(rig);
    uint64_t const saved = purse(rig);
    assert_int_equal(pipe(ends), 0);
    for (int kill = 0; kill < 5; kill++) {
        pid_t const child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            rig_start(rig);
            uint64_t const before = disk_bytes();
            live(rig, 7);
            uint64_t const bytes = disk_bytes() - before;
            _exit(write(ends[1], &bytes, sizeof bytes) == (ssize_t)sizeof bytes ? 0 : 1);
        }
        uint64_t bytes;
        assert_int_equal(waitpid(child, NULL, 0), child);
        assert_int_equal(read(ends[0], &bytes, sizeof bytes), (ssize_t)sizeof bytes);
        written += bytes;
        rig_pass(rig, HOUR_US);
    }
    (void)close(ends[0]);
    (void)close(ends[1]);
    uint64_t const left = purse_after_a_start(rig);
    print_message("five kills wrote %.1f MiB, the purse fell by %.1f MiB\n", (double)written / (double)MIB,
                  ((double)saved - (double)left) / (double)MIB);
    assert_true(left + written <= saved);
    assert_true(left + 3 * written + 5 * (PURSE / 64) + 2 * START_MAX >= saved); /* and not for nothing */
    rig_start(rig);
}

/* Telemetry's file is lost: what it said of the purse is not, as long as it can be read. */
static void a_lost_file_does_not_fill_it(void **state)
{
    struct rig *rig = *state;
    char sql[160];
    char path[128];
    spend_most(rig);
    uint64_t const saved = purse(rig);
    (void)snprintf(path, sizeof path, "%s/telemetry.db", rig->dir);
    (void)snprintf(sql, sizeof sql, "DROP TABLE gap");
    assert_true(disk_execute(path, sql));
    assert_true(purse_after_a_start(rig) <= saved);
    assert_true(purse(rig) + 4 * MIB >= saved);
    rig_start(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(restarts_do_not_fill_it, setup, teardown),
        cmocka_unit_test_setup_teardown(the_time_between_counts_when_a_clock_tells_it, setup, teardown),
        cmocka_unit_test_setup_teardown(kills_do_not_fill_it, setup, teardown),
        cmocka_unit_test_setup_teardown(a_lost_file_does_not_fill_it, setup, teardown),
    };
    disk_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
