/* Fifty records a second and 200 MiB a day: the budget holds, with a centre that listens and with one that is away; a centre
 * that listens gets every record, and what nobody got is on the disk, in memory or declared. */
#include "tests/support/test.h"

#include <stdlib.h>
#include <sys/wait.h>

#include "tests/support/disk.h"
#include "tests/support/wire_rig.h"

#define MS         1000LL
#define DAY_BYTES  ((uint64_t)200 * 1024 * 1024)
#define BURST      10
#define BURSTS_S   5
#define SPENDING_S 2400 /* until what was saved up is spent */
#define MEASURE_S  3600
#define COUNT_MAX  500000

enum fate { FATE_NONE, FATE_THERE, FATE_DECLARED };

static char payload[16384];
static uint64_t sums[COUNT_MAX]; /* of the bytes a centre got */
static unsigned char fates[COUNT_MAX];

struct centre {
    struct journal_reader *reader;
    uint64_t last;
    unsigned missing;
};

static int setup(void **state)
{
    static struct rig rig;
    rig_make(&rig, 1);
    rig.site.journal.flash_budget = DAY_BYTES;
    rig.site.journal.keep_sent_s = 7 * 24 * 3600;
    rig_stop(&rig);
    rig_start(&rig);
    (void)rig_step(&rig);
    memset(sums, 0, sizeof sums);
    memset(fates, 0, sizeof fates);
    *state = &rig;
    return 0;
}

static int teardown(void **state)
{
    rig_remove(*state);
    return 0;
}

static void step(struct rig *rig, int64_t for_us)
{
    rig_pass(rig, for_us);
    (void)rig_step(rig);
}

static uint64_t sum_of(const void *bytes, size_t size)
{
    uint64_t sum = 0xCBF29CE484222325U;
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ ((const unsigned char *)bytes)[i]) * 0x100000001B3U;
    return sum;
}

static void listen(struct rig *rig, struct centre *centre)
{
    struct journal_row row;
    assert_int_equal(journal_reader_seek(centre->reader, LANE_T, centre->last + 1), ERR_OK);
    while (journal_reader_next(centre->reader, LANE_T, &row) == ERR_OK) {
        assert_true(row.seq > centre->last && row.seq < COUNT_MAX);
        centre->missing += (unsigned)(row.seq - centre->last - 1);
        centre->last = row.seq;
        sums[row.seq] = sum_of(row.payload, row.payload_size);
    }
    journal_reader_rest(centre->reader, LANE_T);
    struct sender_ack const ack = {.kind = ACK_CURSOR, .lane = 't', .lw = centre->last};
    assert_int_equal(ring_push(&rig->acks, &ack, sizeof ack), ERR_OK);
}

static void live(struct rig *rig, int seconds, struct centre *centre)
{
    for (int second = 0; second < seconds; second++) {
        for (int burst = 0; burst < BURSTS_S; burst++) {
            for (int i = 0; i < BURST; i++) {
                struct news const news = wire_telemetry((double)(rand() % 10000) / 100, rig->now.utc_ms);
                rig_push(&rig->telemetry, &news);
            }
            (void)rig_step(rig);
            step(rig, 10 * MS);
            step(rig, 190 * MS);
        }
        if (centre != NULL)
            listen(rig, centre);
    }
}

static void note_gaps(struct rig *rig, const char *why_not)
{
    uint64_t const last = rig_last(rig->dir, LANE_A);
    for (uint64_t seq = 1; seq <= last; seq++) {
        uint64_t from;
        uint64_t to;
        if (!rig_record(rig->dir, LANE_A, seq, payload, sizeof payload))
            continue;
        const char *gap = strstr(payload, "\"of\":\"t\",\"from\":");
        if (gap == NULL || sscanf(gap, "\"of\":\"t\",\"from\":%" SCNu64 ",\"to\":%" SCNu64, &from, &to) != 2)
            continue;
        if (why_not != NULL)
            assert_null(strstr(gap, why_not));
        for (uint64_t number = from; number <= to && number < COUNT_MAX; number++)
            fates[number] = FATE_DECLARED;
    }
}

/* What a centre finds that comes now; what is said to be the same record has the same bytes. */
static unsigned note_rows(struct rig *rig)
{
    struct journal_reader *reader;
    struct journal_row row;
    unsigned count = 0;
    assert_int_equal(journal_reader_open(&reader, rig->dir), ERR_OK);
    assert_int_equal(journal_reader_seek(reader, LANE_T, 1), ERR_OK);
    while (journal_reader_next(reader, LANE_T, &row) == ERR_OK) {
        assert_true(row.seq < COUNT_MAX);
        if (sums[row.seq] != 0)
            assert_true(sums[row.seq] == sum_of(row.payload, row.payload_size));
        fates[row.seq] = FATE_THERE;
        count++;
    }
    journal_reader_rest(reader, LANE_T);
    journal_reader_close(reader);
    return count;
}

static void expect_no_hole(uint64_t first, uint64_t last)
{
    for (uint64_t seq = first; seq <= last; seq++)
        if (fates[seq] == FATE_NONE)
            fail_msg("%" PRIu64 " of %" PRIu64 " is neither there nor declared", seq, last);
}

static void expect_budget(uint64_t bytes, const char *what)
{
    double const day = (double)bytes / MEASURE_S * 86400;
    print_message("%s: %.0f MiB a day, %.0f bytes a record\n", what, day / 1048576,
                  (double)bytes / (MEASURE_S * BURST * BURSTS_S));
    assert_true(day < (double)DAY_BYTES * 1.05);
    assert_true(day > (double)DAY_BYTES * 0.3); /* and what may be written is */
}

/* An orderly end: nothing is left to memory. */
static void stop(struct rig *rig)
{
    char memory[JOURNAL_MEMORY_DIR_SIZE];
    journal_memory_dir(rig->dir, memory);
    rig_stop(rig);
    assert_int_not_equal(access(memory, F_OK), 0);
}

static void a_centre_that_listens_gets_all(void **state)
{
    struct rig *rig = *state;
    struct centre centre = {.reader = NULL};
    assert_int_equal(journal_reader_open(&centre.reader, rig->dir), ERR_OK);
    live(rig, SPENDING_S, &centre);
    uint64_t const before = disk_bytes();
    live(rig, MEASURE_S, &centre);
    expect_budget(disk_bytes() - before, "online");
    assert_int_equal(centre.missing, 0);
    assert_true(centre.last >= (uint64_t)(SPENDING_S + MEASURE_S - 1) * BURST * BURSTS_S);
    note_gaps(rig, "\"why\":"); /* none at all */
    journal_reader_close(centre.reader);
    uint64_t const last = centre.last;
    stop(rig);
    rig_start(rig);
    (void)rig_step(rig);
    print_message("%u of %" PRIu64 " records are kept\n", note_rows(rig), last);
    note_gaps(rig, "\"why\":");
    assert_int_equal(rig_last(rig->dir, LANE_T), last);
}

static void what_nobody_gets_is_thinned_and_declared(void **state)
{
    struct rig *rig = *state;
    live(rig, SPENDING_S, NULL);
    uint64_t const before = disk_bytes();
    live(rig, MEASURE_S, NULL);
    expect_budget(disk_bytes() - before, "away");
    uint64_t const last = rig_last(rig->dir, LANE_T);
    step(rig, 1000 * MS);
    note_gaps(rig, "reserved");
    unsigned const kept = note_rows(rig);
    expect_no_hole(1, last);
    print_message("%u of %" PRIu64 " records are kept\n", kept, last);
    assert_true(kept > last / 40);
    uint64_t const young = last - 60 * BURST * BURSTS_S; /* of the last minute all is there, also after a stop */
    for (int i = 0; i < 2; i++) {
        memset(fates + young, 0, last - young + 1);
        (void)note_rows(rig);
        expect_no_hole(young, last);
        stop(rig);
        rig_start(rig);
        (void)rig_step(rig);
    }
    assert_int_equal(rig_last(rig->dir, LANE_T), last);
}

/* The process dies at any moment, again and again: memory is still there. */
static void a_kill_loses_nothing(void **state)
{
    struct rig *rig = *state;
    rig->site.journal.flash_budget = 1024 * 1024; /* its purse is used up at once */
    rig_stop(rig);
    for (int i = 0; i < 10; i++) {
        int status = 0;
        pid_t const child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            srand((unsigned)i);
            rig_start(rig);
            live(rig, 5 + rand() % 100, NULL);
            _exit(0); /* nothing is closed */
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        rig_pass(rig, 200 * 1000 * MS);
    }
    rig_start(rig);
    (void)rig_step(rig);
    for (int i = 0; i < 200; i++)
        step(rig, 20 * MS);
    uint64_t const last = rig_last(rig->dir, LANE_T);
    note_gaps(rig, "reserved");
    (void)note_rows(rig);
    expect_no_hole(1, last);
    assert_true(last > 10 * 5 * BURST * BURSTS_S);
}

/* The power goes: what was sent is not sent again as something else, what is lost is declared. */
static void a_power_cut_is_declared(void **state)
{
    struct rig *rig = *state;
    char memory[JOURNAL_MEMORY_DIR_SIZE];
    int ends[2];
    uint64_t given = 0;
    journal_memory_dir(rig->dir, memory);
    rig->site.journal.flash_budget = 1024 * 1024;
    rig_stop(rig);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(pipe(ends), 0);
        pid_t const child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            rig_start(rig);
            live(rig, 200 + 50 * i, NULL); /* more than one block of numbers */
            given = rig_last(rig->dir, LANE_T);
            _exit(write(ends[1], &given, sizeof given) == (ssize_t)sizeof given ? 0 : 1);
        }
        assert_int_equal(waitpid(child, NULL, 0), child);
        assert_int_equal(read(ends[0], &given, sizeof given), (ssize_t)sizeof given);
        (void)close(ends[0]);
        (void)close(ends[1]);
        scratch_remove(memory);
        rig_pass(rig, 1000 * 1000 * MS);
        rig_start(rig);
        (void)rig_step(rig);
        step(rig, 1000 * MS);
        assert_true(rig_last(rig->dir, LANE_T) >= given);
        note_gaps(rig, NULL);
        (void)note_rows(rig);
        expect_no_hole(1, rig_last(rig->dir, LANE_T));
        rig_stop(rig);
    }
    rig_start(rig);
}

/* Without a budget everything is on the disk before anybody can read it. */
static void no_budget_no_memory(void **state)
{
    struct rig *rig = *state;
    char memory[JOURNAL_MEMORY_DIR_SIZE];
    rig->site.journal.flash_budget = 0;
    rig_stop(rig);
    rig_start(rig);
    live(rig, 300, NULL);
    journal_memory_dir(rig->dir, memory);
    assert_int_not_equal(access(memory, F_OK), 0);
    assert_int_equal(note_rows(rig), 300 * BURST * BURSTS_S);
}

/* When little comes the purse recovers, and the promise holds again. */
static void the_purse_recovers(void **state)
{
    struct rig *rig = *state;
    char memory[JOURNAL_MEMORY_DIR_SIZE];
    journal_memory_dir(rig->dir, memory);
    live(rig, SPENDING_S, NULL);
    assert_int_equal(access(memory, F_OK), 0);
    for (int minute = 0; minute < 4 * 60; minute++) {
        struct news const news = wire_telemetry(1, rig->now.utc_ms);
        rig_push(&rig->telemetry, &news);
        for (int i = 0; i < 60; i++)
            step(rig, 1000 * MS);
    }
    uint64_t const last = rig_last(rig->dir, LANE_T);
    note_gaps(rig, "reserved");
    (void)note_rows(rig);
    expect_no_hole(1, last);
    assert_true(rig_record(rig->dir, LANE_A, rig_last(rig->dir, LANE_A), payload, sizeof payload));
    assert_non_null(strstr(payload, "\"budget_free\""));
    scratch_remove(memory); /* what is on the disk is all there is */
    assert_int_equal(rig_last(rig->dir, LANE_T), last);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_centre_that_listens_gets_all, setup, teardown),
        cmocka_unit_test_setup_teardown(what_nobody_gets_is_thinned_and_declared, setup, teardown),
        cmocka_unit_test_setup_teardown(a_kill_loses_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_power_cut_is_declared, setup, teardown),
        cmocka_unit_test_setup_teardown(no_budget_no_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(the_purse_recovers, setup, teardown),
    };
    disk_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
