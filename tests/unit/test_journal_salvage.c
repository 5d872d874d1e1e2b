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
#define LARGE_EACH  400   /* record is larger than a page */
#define PAYLOAD_MAX 20000
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

static size_t make_payload(enum lane lane, uint64_t seq, char ret_payload[static PAYLOAD_MAX])
{
    struct dice dice = {.state = seq * 2 + lane};
    bool const is_large = seq % LARGE_EACH == 0;
    size_t const size = (size_t)(is_large ? dice_between(&dice, 4000, PAYLOAD_MAX) : dice_between(&dice, 200, 599));
    uint64_t const letters = dice_roll(&dice);
    int const head = snprintf(ret_payload, PAYLOAD_MAX, "%c%" PRIu64 " ", lane_letter(lane), seq);
    for (size_t i = (size_t)head; i < size; i++)
        ret_payload[i] = (char)('a' + (letters >> i % 60 & 15));
    return size;
}

static void append(struct journal *journal, enum lane lane, unsigned count)
{
    char payload[PAYLOAD_MAX];
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
    char expected[PAYLOAD_MAX];
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

struct shares { /* of the records of a damaged file that came back */
    double share[CASES_FULL];
    size_t count;
};

static int compare_shares(const void *a, const void *b)
{
    double const one = *(const double *)a;
    double const other = *(const double *)b;
    return (one > other) - (one < other);
}

/* Sorts them; returns their mean. */
static double tell_shares(struct shares *shares, const char *what)
{
    double sum = 0;
    for (size_t i = 0; i < shares->count; i++)
        sum += shares->share[i];
    double const mean = sum / (double)shares->count;
    qsort(shares->share, shares->count, sizeof shares->share[0], compare_shares);
    print_message(
        "salvage: %zu files of %s with %d damaged spots: %.1f %% back on average, 5 %% of them less than %.1f %%, "
        "the worst %.1f %%\n",
        shares->count, what, SPOTS, 100 * mean, 100 * shares->share[shares->count / 20], 100 * shares->share[0]);
    return mean;
}

static void whatever_is_damaged(void **state)
{
    static struct shares shares[LANE_COUNT];
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
            shares[lane].share[shares[lane].count++] = (double)back / (double)original;
        }
        journal_destroy(journal);
    }
    for (enum lane lane = LANE_A; lane < LANE_COUNT; lane++) {
        (void)tell_shares(&shares[lane], lane == LANE_T ? "telemetry" : "alarms");
        assert_true(shares[lane].share[0] >= 0.95);
    }
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

/* Nothing says any more where a record is, and no page what is in it: each is known by its own checksum. */
static void the_trees_are_gone(void **state)
{
    static const char zeros[8];
    for (enum lane lane = LANE_A; lane < LANE_COUNT; lane++) {
        char path[128];
        (void)fresh_copy(state);
        path_of(file_names[lane], path);
        assert_true(disk_execute(path, "PRAGMA wal_checkpoint(TRUNCATE)"));
        for (off_t at = 0; at < size_of(file_names[lane]); at += 4096) {
            unsigned char kind;
            read_byte(file_names[lane], at, &kind);
            if (kind == 0x0D || kind == 0x05 || at == 0) /* a leaf of a table, or what leads to it */
                overwrite(file_names[lane], at, zeros, sizeof zeros);
        }
        struct journal *journal = open_both();
        (void)salvage_all(journal, lane);
        assert_int_equal(expect_all_accounted_for(lane, journal_last(journal, lane), lane == LANE_T ? DELIVERED : 0),
                         lane == LANE_T ? TELEMETRY : ALARMS);
        journal_destroy(journal);
    }
}

static void count_row(void *context, const struct disk_row *row)
{
    (void)row;
    ++*(unsigned *)context;
}

/* A record is in the log only, and the first page in the file only, where it is gone. */
static void the_log_counts_too(void **state)
{
    char noise[4096];
    char alive_dir[SCRATCH_MAX];
    char path[128];
    unsigned count = 0;
    memset(noise, 0x5A, sizeof noise);
    path_of(file_names[LANE_T], path);
    assert_true(disk_execute(path, "PRAGMA wal_checkpoint(TRUNCATE)"));
    struct journal *alive = open_both();
    uint64_t const last = journal_last(alive, LANE_T);
    char master_dir[SCRATCH_MAX];
    memcpy(master_dir, place.master, sizeof master_dir);
    memcpy(alive_dir, place.dir, sizeof alive_dir);
    memcpy(place.master, alive_dir, sizeof place.master); /* a copy of it, as a power cut leaves it */
    scratch_make(place.dir);
    (void)fresh_copy(state);
    struct journal_reader *reader; /* as a sender: the file is not closed by whoever sets it aside */
    uint64_t read = 0;
    assert_int_equal(journal_reader_open(&reader, place.dir), ERR_OK);
    assert_int_equal(journal_reader_last(reader, LANE_T, &read), ERR_OK);
    assert_int_equal(journal_reader_begin(reader, LANE_T), ERR_OK);
    assert_int_equal(journal_reader_last(reader, LANE_T, &read), ERR_OK);
    assert_int_equal(read, last);
    overwrite(file_names[LANE_T], 0, noise, sizeof noise);
    struct journal *journal = open_both();
    journal_reader_end(reader, LANE_T);
    (void)salvage_all(journal, LANE_T);
    path_of(file_names[LANE_T], path);
    char sql[64];
    (void)snprintf(sql, sizeof sql, "SELECT seq FROM record WHERE seq=%" PRIu64, last);
    assert_true(disk_select(path, &(struct disk_query){sql, count_row, &count}, 1));
    assert_int_equal(count, 1);
    journal_reader_close(reader);
    journal_destroy(journal);
    journal_destroy(alive);
    scratch_remove(alive_dir);
    memcpy(place.master, master_dir, sizeof place.master);
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
    while (journal_is_salvaging(journal, LANE_T))
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
        cmocka_unit_test(the_trees_are_gone),
        cmocka_unit_test_setup(the_log_counts_too, fresh_copy),
        cmocka_unit_test_setup(states_come_back, fresh_copy),
        cmocka_unit_test_setup(it_goes_on_after_a_restart, fresh_copy),
        cmocka_unit_test_setup(it_gives_up_when_told, fresh_copy),
        cmocka_unit_test_setup(the_power_goes_meanwhile, fresh_copy),
    };
    disk_install();
    return cmocka_run_group_tests(tests, make_master, drop_master);
}
