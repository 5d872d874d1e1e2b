/* Damaged journals: whatever is flipped or wiped, alarms go on at once, no number is given twice, no record comes back with
 * other bytes, what can be read comes back under its own number, and the rest is declared. */
#include "tests/support/disk.h"
#include "tests/support/power.h"
#include "tests/support/test.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/run/journal.h"
#include "tests/house/dice.h"
#include "tests/support/effort.h"
#include "tests/support/scratch.h"

#define TELEMETRY   12000 /* records: 5 MB */
#define ALARMS      2500
#define STATES      60
#define DELIVERED   3000 /* telemetry up to here is at the centre */
#define SPOTS       40
#define CASES_TEST  30
#define CASES_FULL  500
#define ALARMS_EACH 4 /* case damages the alarms, the others telemetry */
#define STEP_COUNT  200
#define STEPS_MAX   20000
#define NUMBERS     (1100000 + TELEMETRY)

static const char *const file_names[LANE_COUNT] = {"alarms.db", "telemetry.db"};

struct place {
    char master[SCRATCH_MAX]; /* as a power cut left it: not closed */
    char dir[SCRATCH_MAX];
    struct journal *master_journal;
};

static struct place place;

static struct journal *make(const char *dir)
{
    struct journal *journal;
    assert_int_equal(journal_make(&journal, &(struct journal_setup){.dir = dir,
                                                                    .size_max = (uint64_t)256 * 1024 * 1024,
                                                                    .machine_id = "machine-1",
                                                                    .machine_boot_id = "boot-1"}),
                     ERR_OK);
    return journal;
}

static size_t make_payload(enum lane lane, uint64_t seq, char ret_payload[static 600])
{
    struct dice dice = {.state = seq * 2 + lane};
    size_t const size = (size_t)dice_between(&dice, 200, 599);
    uint64_t const letters = dice_roll(&dice);
    int const head = snprintf(ret_payload, 600, "%c%" PRIu64 " ", lane_letter(lane), seq);
    for (size_t i = (size_t)head; i < size; i++)
        ret_payload[i] = (char)('a' + (letters >> i % 60 & 15));
    return size;
}

static void append(struct journal *journal, enum lane lane, unsigned count)
{
    char payload[600];
    assert_int_equal(journal_begin(journal, lane), ERR_OK);
    uint64_t const last = journal_last(journal, lane);
    for (uint64_t seq = last + 1; seq <= last + count; seq++) {
        size_t const size = make_payload(lane, seq, payload);
        assert_int_equal(journal_put_record(journal, lane,
                                            &(struct journal_record){.seq = seq,
                                                                     .at_utc_ms = (int64_t)seq,
                                                                     .topic = "telemetry/gas-kitchen",
                                                                     .payload = payload,
                                                                     .payload_size = size}),
                         ERR_OK);
    }
    assert_int_equal(journal_commit(journal, lane), ERR_OK);
}

static void put_states(struct journal *journal)
{
    assert_int_equal(journal_begin(journal, LANE_A), ERR_OK);
    for (int i = 0; i < STATES; i++) {
        char subject[32];
        (void)snprintf(subject, sizeof subject, "device-%d", i);
        assert_int_equal(journal_put_state(journal, &(struct journal_state){.kind = STORED_RULE,
                                                                            .subject = subject,
                                                                            .name = "gas.high",
                                                                            .state = ALARM_LATCH_UNACK,
                                                                            .occurrence = 7,
                                                                            .cls = "gas_detector",
                                                                            .priority = "critical"}),
                         ERR_OK);
    }
    assert_int_equal(journal_commit(journal, LANE_A), ERR_OK);
}

static int make_master(void **state)
{
    (void)state;
    scratch_make(place.master);
    scratch_make(place.dir);
    place.master_journal = make(place.master);
    assert_int_equal(journal_open(place.master_journal, LANE_A), ERR_OK);
    assert_int_equal(journal_open(place.master_journal, LANE_T), ERR_OK);
    put_states(place.master_journal);
    for (int i = 0; i < TELEMETRY / 50; i++)
        append(place.master_journal, LANE_T, 50);
    for (int i = 0; i < ALARMS / 5; i++)
        append(place.master_journal, LANE_A, 5);
    assert_int_equal(journal_begin(place.master_journal, LANE_T), ERR_OK);
    assert_int_equal(
        journal_put_cursor(place.master_journal, LANE_T, "property", &(struct journal_cursor){.lw = DELIVERED}),
        ERR_OK);
    assert_int_equal(journal_commit(place.master_journal, LANE_T), ERR_OK);
    assert_int_equal(journal_note(place.master_journal, LANE_T, DELIVERED, true), ERR_OK);
    assert_int_equal(journal_note(place.master_journal, LANE_A, 0, true), ERR_OK);
    return 0;
}

static int drop_master(void **state)
{
    (void)state;
    journal_destroy(place.master_journal);
    scratch_remove(place.master);
    scratch_remove(place.dir);
    return 0;
}

static int fresh_copy(void **state)
{
    (void)state;
    scratch_remove(place.dir);
    scratch_make(place.dir);
    for (size_t i = 0; i < LANE_COUNT; i++) {
        char wal[32];
        (void)snprintf(wal, sizeof wal, "%s-wal", file_names[i]);
        assert_true(scratch_copy(place.master, place.dir, file_names[i]));
        (void)scratch_copy(place.master, place.dir, wal);
    }
    return 0;
}

static void path_of(const char *name, char ret_path[static 128])
{
    (void)snprintf(ret_path, 128, "%s/%s", place.dir, name);
}

static off_t size_of(const char *name)
{
    struct stat status;
    char path[128];
    path_of(name, path);
    return stat(path, &status) == 0 ? status.st_size : 0;
}

static void overwrite(const char *name, off_t at, const void *bytes, size_t size)
{
    char path[128];
    path_of(name, path);
    int const fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, size, at), (ssize_t)size);
    (void)close(fd);
}

static void read_byte(const char *name, off_t at, unsigned char *ret_byte)
{
    char path[128];
    path_of(name, path);
    int const fd = open(path, O_RDONLY);
    assert_int_equal(pread(fd, ret_byte, 1, at), 1);
    (void)close(fd);
}

/* One spot: a bit flipped, 16 bytes of noise, or a sector of zeros. */
static void damage(const char *name, struct dice *dice)
{
    unsigned char bytes[512] = {0};
    off_t const at = dice_between(dice, 0, size_of(name) - 512);
    switch (dice_between(dice, 0, 2)) {
    case 0:
        read_byte(name, at, bytes);
        bytes[0] ^= (unsigned char)(1U << dice_between(dice, 0, 7));
        overwrite(name, at, bytes, 1);
        break;
    case 1:
        for (size_t i = 0; i < 16; i++)
            bytes[i] = (unsigned char)dice_roll(dice);
        overwrite(name, at, bytes, 16);
        break;
    default:
        overwrite(name, at / 512 * 512, bytes, 512);
        break;
    }
}

/* --- the oracle --- */

struct seen {
    enum lane lane;
    unsigned wrong;
    unsigned records; /* of those there were before the damage */
    uint64_t original_last;
    unsigned char there[NUMBERS];
};

static struct seen seen;

static void see_record(void *context, const struct disk_row *row)
{
    char expected[600];
    uint64_t const seq = (uint64_t)row->number[0];
    (void)context;
    assert_in_range(seq, 1, NUMBERS - 1);
    size_t const size = make_payload(seen.lane, seq, expected);
    if (row->size[1] != size || memcmp(row->bytes[1], expected, size) != 0)
        seen.wrong++;
    if (seq <= seen.original_last)
        seen.records++;
    seen.there[seq] = 1;
}

static void see_gap(void *context, const struct disk_row *row)
{
    (void)context;
    assert_in_range(row->number[1], row->number[0], NUMBERS - 1);
    memset(seen.there + row->number[0], 1, (size_t)(row->number[1] - row->number[0] + 1));
}

/* Every number is a record with the right bytes, or declared, or was delivered. Returns how many of the old ones came back. */
static unsigned expect_all_accounted_for(enum lane lane, uint64_t last, uint64_t delivered)
{
    char path[128];
    memset(&seen, 0, sizeof seen);
    seen.lane = lane;
    seen.original_last = lane == LANE_T ? TELEMETRY : ALARMS;
    path_of(file_names[lane], path);
    struct disk_query const queries[] = {{"SELECT seq,payload FROM record", see_record, NULL},
                                         {"SELECT first,last FROM gap", see_gap, NULL}};
    assert_true(disk_select(path, queries, 2));
    assert_int_equal(seen.wrong, 0);
    for (uint64_t seq = delivered + 1; seq <= last; seq++)
        if (!seen.there[seq])
            fail_msg("lane %c: %" PRIu64 " of %" PRIu64 " is neither there nor declared", lane_letter(lane), seq, last);
    return seen.records;
}

static uint64_t salvage_all(struct journal *journal, enum lane lane)
{
    struct journal_salvaged salvaged = {.done = false};
    for (int step = 0; step < STEPS_MAX && journal_is_salvaging(journal, lane); step++)
        assert_int_equal(journal_salvage(journal, lane, STEP_COUNT, false, &salvaged), ERR_OK);
    assert_false(journal_is_salvaging(journal, lane));
    return salvaged.lost;
}

static struct journal *open_both(void)
{
    struct journal *journal = make(place.dir);
    assert_int_equal(journal_open(journal, LANE_A), ERR_OK);
    append(journal, LANE_A, 1); /* alarms live */
    assert_int_equal(journal_open(journal, LANE_T), ERR_OK);
    append(journal, LANE_T, 1);
    return journal;
}

/* --- tests --- */

static void whatever_is_damaged(void **state)
{
    double share[LANE_COUNT] = {0};
    unsigned cases[LANE_COUNT] = {0};
    double worst = 1;
    for (unsigned seed = 1; seed <= effort(CASES_TEST, CASES_FULL) || seed <= 2 * ALARMS_EACH; seed++) {
        struct dice dice = {.state = seed};
        enum lane const lane = seed % ALARMS_EACH == 0 ? LANE_A : LANE_T;
        (void)fresh_copy(state);
        for (int spot = 0; spot < SPOTS; spot++)
            damage(file_names[lane], &dice);
        struct journal *journal = open_both();
        for (enum lane each = LANE_A; each < LANE_COUNT; each++) {
            uint64_t const original = each == LANE_T ? TELEMETRY : ALARMS;
            assert_true(journal_last(journal, each) > original);
            (void)salvage_all(journal, each);
            unsigned const back =
                expect_all_accounted_for(each, journal_last(journal, each), each == LANE_T ? DELIVERED : 0);
            if (each != lane) {
                assert_int_equal(back, original); /* the other file has nothing to do with it */
                continue;
            }
            share[lane] += (double)back / (double)original;
            cases[lane]++;
            if (lane == LANE_T && (double)back / (double)original < worst)
                worst = (double)back / (double)original;
        }
        journal_destroy(journal);
    }
    double const mean = 100 * share[LANE_T] / cases[LANE_T];
    print_message("salvage: %u files with %d damaged spots: telemetry %.1f %% back (worst %.1f %%), alarms %.1f %%\n",
                  cases[LANE_A] + cases[LANE_T], SPOTS, mean, 100 * worst, 100 * share[LANE_A] / cases[LANE_A]);
    assert_true(mean >= 95);
}

/* The first page says where everything is; without it the file would be a heap of pages. */
static void the_first_page_is_gone(void **state)
{
    char noise[4096];
    (void)state;
    memset(noise, 0x5A, sizeof noise);
    for (enum lane lane = LANE_A; lane < LANE_COUNT; lane++) {
        char wal[160];
        (void)snprintf(wal, sizeof wal, "%s/%s-wal", place.dir, file_names[lane]);
        (void)unlink(wal); /* the log would have a newer one */
        overwrite(file_names[lane], 0, noise, sizeof noise);
    }
    struct journal *journal = open_both();
    assert_string_equal(journal_stream(journal), journal_stream(place.master_journal));
    for (enum lane lane = LANE_A; lane < LANE_COUNT; lane++) {
        (void)salvage_all(journal, lane);
        assert_true(journal_last(journal, lane) > journal_last(place.master_journal, lane));
        assert_true(expect_all_accounted_for(lane, journal_last(journal, lane), lane == LANE_T ? DELIVERED : 0) >
                    (lane == LANE_T ? TELEMETRY : ALARMS) * 8 / 10); /* the log had the rest */
    }
    journal_destroy(journal);
}

static void states_come_back(void **state)
{
    char noise[4096];
    (void)state;
    memset(noise, 0x5A, sizeof noise);
    overwrite("alarms.db", size_of("alarms.db") / 4096 / 2 * 4096, noise, sizeof noise); /* somewhere in the records */
    struct journal *journal = open_both();
    assert_true(journal_is_salvaging(journal, LANE_A));
    struct journal_state stored = {.subject = NULL};
    unsigned states = 0;
    while (journal_next_state(journal, &stored) == ERR_OK) {
        assert_int_equal(stored.state, ALARM_LATCH_UNACK);
        assert_int_equal(stored.occurrence, 7);
        states++;
    }
    assert_int_equal(states, STATES);
    journal_destroy(journal);
}

/* Stopped after some steps: the next start goes on where it was. */
static void it_goes_on_after_a_restart(void **state)
{
    struct journal_salvaged salvaged;
    struct dice dice = {.state = 99};
    (void)state;
    for (int spot = 0; spot < SPOTS; spot++)
        damage("telemetry.db", &dice);
    struct journal *journal = open_both();
    for (int boot = 0; journal_is_salvaging(journal, LANE_T); boot++) {
        for (int step = 0; step < 10 && journal_is_salvaging(journal, LANE_T); step++)
            assert_int_equal(journal_salvage(journal, LANE_T, STEP_COUNT, false, &salvaged), ERR_OK);
        journal_destroy(journal);
        journal = open_both();
        assert_true(boot < 100);
    }
    (void)expect_all_accounted_for(LANE_T, journal_last(journal, LANE_T), DELIVERED);
    journal_destroy(journal);
}

/* There is no room for it: what was read is kept, the rest is declared. */
static void it_gives_up_when_told(void **state)
{
    struct journal_salvaged salvaged;
    struct dice dice = {.state = 7};
    (void)state;
    for (int spot = 0; spot < SPOTS; spot++)
        damage("telemetry.db", &dice);
    struct journal *journal = open_both();
    assert_int_equal(journal_salvage(journal, LANE_T, STEP_COUNT, false, &salvaged), ERR_OK);
    assert_int_equal(journal_salvage(journal, LANE_T, STEP_COUNT, true, &salvaged), ERR_OK);
    assert_true(salvaged.done && salvaged.back > 0 && salvaged.lost > TELEMETRY / 2);
    (void)expect_all_accounted_for(LANE_T, journal_last(journal, LANE_T), DELIVERED);
    journal_destroy(journal);
}

/* The power goes while a damaged file is set aside and salvaged: no number twice, nothing back with other bytes, and in the
 * end every number is there or declared. */
static void the_power_goes_meanwhile(void **state)
{
    char cut_dir[SCRATCH_MAX];
    struct dice dice = {.state = 5};
    uint64_t promised = TELEMETRY; /* a number up to here was given */
    unsigned images = 0;
    scratch_make(cut_dir);
    for (int spot = 0; spot < 4; spot++)
        damage("telemetry.db", &dice);
    disk_record(place.dir);
    struct journal *journal = open_both();
    disk_mark(0, journal_last(journal, LANE_T));
    (void)salvage_all(journal, LANE_T);
    journal_destroy(journal);
    struct disk_log log = disk_recorded();
    struct power *power = power_open(&log);
    const struct disk_event *event;
    char kept[SCRATCH_MAX];
    memcpy(kept, place.dir, sizeof kept);
    while (power_next(power, &event)) {
        if (event->kind == DISK_MARK)
            promised = event->mark[1];
        if (!dice_chance(&dice, (int)effort(6, 200) + 1))
            continue;
        power_cut(power, POWER_TORN, &dice, cut_dir);
        memcpy(place.dir, cut_dir, sizeof cut_dir);
        journal = open_both();
        assert_true(journal_last(journal, LANE_T) > promised);
        (void)salvage_all(journal, LANE_T);
        (void)expect_all_accounted_for(LANE_T, journal_last(journal, LANE_T), DELIVERED);
        journal_destroy(journal);
        memcpy(place.dir, kept, sizeof kept);
        images++;
    }
    assert_true(images > 0);
    print_message("salvage: %u power cuts in the middle of it\n", images);
    power_close(power);
    disk_forget(&log);
    scratch_remove(cut_dir);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(whatever_is_damaged, fresh_copy),
        cmocka_unit_test_setup(the_first_page_is_gone, fresh_copy),
        cmocka_unit_test_setup(states_come_back, fresh_copy),
        cmocka_unit_test_setup(it_goes_on_after_a_restart, fresh_copy),
        cmocka_unit_test_setup(it_gives_up_when_told, fresh_copy),
        cmocka_unit_test_setup(the_power_goes_meanwhile, fresh_copy),
    };
    disk_install();
    return cmocka_run_group_tests(tests, make_master, drop_master);
}
