/* A sync reports an error, and later the power goes. What was to be made safe is shown by the machine until then and gone
 * afterwards (see disk_lose_sync): so nothing that is written after the error may lean on it. Readers keep the files open all
 * the while, as senders do. The code under test is the product's; disk and cuts are those of test_power_cut.c. */
#include "tests/support/disk.h"
#include "tests/support/power.h"
#include "tests/support/test.h"

#include <inttypes.h>
#include <string.h>

#include "gateway/run/journal.h"
#include "tests/support/effort.h"
#include "tests/support/scratch.h"

#define SIZE_MAX_TEST ((uint64_t)1024 * 1024) /* small, so that the log is folded back every 16 pages */
#define STEPS         40
#define NUMBERS_MAX   1024
#define TRIES_MAX     3
#define IMAGES        1000 /* at SCALE=1 */

/* Of any number, the same bytes for ever. */
static size_t make_payload(enum lane lane, uint64_t seq, char ret_payload[static 1200])
{
    size_t const size = 24 + (size_t)(seq * 211 + lane * 97) % 1100;
    memset(ret_payload, 'a' + (int)(seq % 26), size);
    (void)snprintf(ret_payload, 24, "%c%" PRIu64, lane_letter(lane), seq);
    return size;
}

static struct journal *start(const char *dir)
{
    struct journal *journal;
    assert_int_equal(journal_make(&journal, &(struct journal_setup){.dir = dir,
                                                                    .size_max = SIZE_MAX_TEST,
                                                                    .machine_id = "machine-1",
                                                                    .machine_boot_id = "boot-1"}),
                     ERR_OK);
    assert_int_equal(journal_open(journal, LANE_A), ERR_OK);
    assert_int_equal(journal_open(journal, LANE_T), ERR_OK);
    return journal;
}

/* Up to `last`, in one transaction. */
static enum err write_to(struct journal *journal, enum lane lane, uint64_t last)
{
    static char payload[1200];
    enum err err = journal_begin(journal, lane);
    for (uint64_t seq = journal_last(journal, lane) + 1; err == ERR_OK && seq <= last; seq++) {
        struct journal_record const record = {.seq = seq,
                                              .at_utc_ms = (int64_t)seq,
                                              .topic = "x",
                                              .payload = payload,
                                              .payload_size = make_payload(lane, seq, payload)};
        err = journal_put_record(journal, lane, &record);
    }
    return err == ERR_OK ? journal_commit(journal, lane) : err;
}

/* As the recorder does: after an error the file is opened again, and what is there then counts as written. */
static void write_some(struct journal *journal, enum lane lane, unsigned count)
{
    uint64_t const last = journal_last(journal, lane) + count;
    for (int i = 0; journal_last(journal, lane) < last; i++) {
        assert_true(i < TRIES_MAX);
        if (write_to(journal, lane, last) == ERR_OK)
            continue;
        for (int j = 0; journal_open(journal, lane) != ERR_OK; j++)
            assert_true(j < TRIES_MAX);
    }
    disk_mark(lane, journal_last(journal, lane));
}

static struct disk_log play(uint64_t seed)
{
    char dir[SCRATCH_MAX];
    struct journal_reader *reader;
    struct dice dice = {.state = seed};
    scratch_make(dir);
    disk_record(dir);
    struct journal *journal = start(dir);
    assert_int_equal(journal_reader_open(&reader, dir), ERR_OK);
    for (int i = 0; i < STEPS; i++) {
        if (i % 8 == 3)
            disk_lose_sync((unsigned)dice_between(&dice, 1, 8));
        write_some(journal, dice_chance(&dice, 500) ? LANE_A : LANE_T, (unsigned)dice_between(&dice, 1, 6));
    }
    disk_lose_sync(0);
    struct disk_log log = disk_recorded();
    journal_reader_close(reader);
    journal_destroy(journal);
    scratch_remove(dir);
    return log;
}

struct seen {
    enum lane lane;
    unsigned char there[NUMBERS_MAX];
};

static void see_record(void *context, const struct disk_row *row)
{
    char payload[1200];
    struct seen *seen = context;
    uint64_t const seq = (uint64_t)row->number[0];
    assert_true(seq < NUMBERS_MAX);
    size_t const size = make_payload(seen->lane, seq, payload);
    seen->there[seq] = row->size[1] == size && memcmp(row->bytes[1], payload, size) == 0;
}

/* How many numbers that had been reported as written are not there. */
static unsigned count_lost(const char *dir, const uint64_t promised[static LANE_COUNT])
{
    unsigned lost = 0;
    struct journal *journal = start(dir);
    for (enum lane lane = LANE_A; lane < LANE_COUNT; lane++) {
        char path[SCRATCH_MAX + 16];
        struct seen seen = {.lane = lane};
        (void)snprintf(path, sizeof path, "%s/%s", dir, lane == LANE_A ? "alarms.db" : "telemetry.db");
        assert_true(disk_select(path, &(struct disk_query){"SELECT seq,payload FROM record", see_record, &seen}, 1));
        for (uint64_t seq = 1; seq <= promised[lane]; seq++)
            lost += seen.there[seq] == 0;
    }
    journal_destroy(journal);
    return lost;
}

static void what_is_written_after_an_error_is_there(void **state)
{
    char dir[SCRATCH_MAX];
    unsigned images = 0;
    unsigned lost = 0;
    unsigned losses = 0;
    (void)state;
    scratch_make(dir);
    for (uint64_t seed = 1; images < effort_times(IMAGES); seed++) {
        uint64_t promised[LANE_COUNT] = {0};
        const struct disk_event *event;
        struct dice dice = {.state = seed + 1000};
        struct disk_log log = play(seed);
        struct power *power = power_open(&log);
        while (power_next(power, &event)) {
            losses += event->kind == DISK_LOSS;
            if (event->kind != DISK_MARK)
                continue;
            promised[event->mark[0]] = event->mark[1];
            power_cut(power, images % 2 == 0 ? POWER_NONE_KEPT : POWER_TORN, &dice, dir);
            lost += count_lost(dir, promised);
            images++;
        }
        power_close(power);
        disk_forget(&log);
    }
    scratch_remove(dir);
    print_message("power cuts after %u failed syncs: %u images, %u lost\n", losses, images, lost);
    assert_true(losses >= images / 40);
    assert_int_equal(lost, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_after_an_error_is_there),
    };
    disk_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
