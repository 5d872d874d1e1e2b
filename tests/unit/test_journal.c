#include "tests/support/test.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "gateway/run/journal.h"
#include "tests/support/disk.h"
#include "tests/support/scratch.h"

#define FORMAT_NOW    5
#define SIZE_MAX_TEST ((uint64_t)64 * 1024 * 1024)

struct place {
    char dir[SCRATCH_MAX];
    struct journal *journal;
};

static struct journal *make(const char *dir, const char *machine, const char *boot)
{
    struct journal *journal;
    assert_int_equal(journal_make(&journal, &(struct journal_setup){.dir = dir,
                                                                    .size_max = SIZE_MAX_TEST,
                                                                    .machine_id = machine,
                                                                    .machine_boot_id = boot}),
                     ERR_OK);
    return journal;
}

static struct journal *open_both(const char *dir)
{
    struct journal *journal = make(dir, "machine-1", "boot-1");
    assert_int_equal(journal_open(journal, LANE_A), ERR_OK);
    assert_int_equal(journal_open(journal, LANE_T), ERR_OK);
    return journal;
}

static int setup(void **state)
{
    static struct place place;
    place = (struct place){.journal = NULL};
    scratch_make(place.dir);
    *state = &place;
    return 0;
}

static int teardown(void **state)
{
    struct place *place = *state;
    journal_destroy(place->journal);
    scratch_remove(place->dir);
    return 0;
}

static enum err put(struct journal *journal, enum lane lane, uint64_t seq)
{
    char payload[64];
    (void)snprintf(payload, sizeof payload, "record %llu", (unsigned long long)seq);
    return journal_put_record(journal, lane,
                              &(struct journal_record){.seq = seq,
                                                       .at_utc_ms = (int64_t)seq * 1000,
                                                       .topic = lane == LANE_A ? "event" : "telemetry/d",
                                                       .payload = payload,
                                                       .payload_size = strlen(payload)});
}

static void append(struct journal *journal, enum lane lane, unsigned count)
{
    assert_int_equal(journal_begin(journal, lane), ERR_OK);
    uint64_t const last = journal_last(journal, lane);
    for (uint64_t i = 1; i <= count; i++)
        assert_int_equal(put(journal, lane, last + i), ERR_OK);
    assert_int_equal(journal_commit(journal, lane), ERR_OK);
}

static void path_of(const struct place *place, const char *name, char ret_path[static 256])
{
    (void)snprintf(ret_path, 256, "%s/%s", place->dir, name);
}

static void spoil(const struct place *place, const char *name, off_t at, size_t size)
{
    char path[256];
    char junk[8192];
    path_of(place, name, path);
    memset(junk, 0xA5, sizeof junk);
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0 && size <= sizeof junk);
    assert_int_equal(pwrite(fd, junk, size, at), (ssize_t)size);
    (void)close(fd);
}

static uint64_t salvage_all(struct journal *journal, enum lane lane)
{
    struct journal_salvaged salvaged = {.back = 0};
    while (journal_is_salvaging(journal, lane))
        assert_int_equal(journal_salvage(journal, lane, 10, false, &salvaged), ERR_OK);
    return salvaged.back;
}

/* Every number from `first` to `last` is a row with the right bytes. */
static void expect_rows(const char *dir, enum lane lane, uint64_t first, uint64_t last)
{
    struct journal_reader *reader;
    struct journal_row row;
    char payload[64];
    assert_int_equal(journal_reader_open(&reader, dir), ERR_OK);
    assert_int_equal(journal_reader_seek(reader, lane, first), ERR_OK);
    for (uint64_t seq = first; seq <= last; seq++) {
        assert_int_equal(journal_reader_next(reader, lane, &row), ERR_OK);
        int size = snprintf(payload, sizeof payload, "record %llu", (unsigned long long)seq);
        assert_int_equal(row.seq, seq);
        assert_int_equal(row.payload_size, size);
        assert_memory_equal(row.payload, payload, (size_t)size);
    }
    assert_int_equal(journal_reader_next(reader, lane, &row), ERR_EMPTY);
    journal_reader_rest(reader, lane);
    journal_reader_close(reader);
}

static void expect_gap(struct journal *journal, enum lane lane, uint64_t first, uint64_t last, const char *why)
{
    struct journal_gap gap;
    assert_int_equal(journal_next_gap(journal, lane, &gap), ERR_OK);
    assert_int_equal(gap.first, first);
    assert_int_equal(gap.last, last);
    assert_string_equal(gap.why, why);
    assert_int_equal(journal_begin(journal, LANE_A), ERR_OK);
    assert_int_equal(journal_put_gap_declared(journal, lane, gap.id), ERR_OK);
    assert_int_equal(journal_commit(journal, LANE_A), ERR_OK);
}

static void see_number(void *context, const struct disk_row *row)
{
    *(uint64_t *)context = (uint64_t)row->number[0];
}

static void begins_and_goes_on(void **state)
{
    struct place *place = *state;
    char stream[JOURNAL_STREAM_SIZE];
    place->journal = open_both(place->dir);
    assert_int_equal(strlen(journal_stream(place->journal)), 8);
    assert_int_equal(journal_boot(place->journal), 1);
    assert_int_equal(journal_last(place->journal, LANE_A), 0);
    append(place->journal, LANE_A, 3);
    append(place->journal, LANE_T, 5);
    (void)snprintf(stream, sizeof stream, "%s", journal_stream(place->journal));
    journal_destroy(place->journal);
    place->journal = open_both(place->dir);
    assert_string_equal(journal_stream(place->journal), stream);
    assert_int_equal(journal_boot(place->journal), 2);
    assert_int_equal(journal_last(place->journal, LANE_A), 3);
    assert_int_equal(journal_last(place->journal, LANE_T), 5);
    append(place->journal, LANE_T, 1);
    expect_rows(place->dir, LANE_A, 1, 3);
    expect_rows(place->dir, LANE_T, 1, 6);
    struct stat status;
    char path[256];
    path_of(place, "telemetry.db", path);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
}

static void one_writer_only(void **state)
{
    struct place *place = *state;
    place->journal = open_both(place->dir);
    struct journal *second = make(place->dir, "machine-1", "boot-1");
    assert_int_equal(journal_open(second, LANE_A), ERR_BUSY);
    char holder[64];
    (void)snprintf(holder, sizeof holder, "another outpost (process %ld)", (long)getpid());
    assert_non_null(strstr(journal_trouble(second), holder));
    assert_int_equal(journal_lock(second), ERR_BUSY);
    assert_int_equal(journal_holder(place->dir), getpid());
    journal_destroy(second);
    append(place->journal, LANE_A, 1);
}

static void keeps_states_by_name(void **state)
{
    struct place *place = *state;
    struct journal_state rule = {.kind = STORED_RULE,
                                 .subject = "gas-kitchen",
                                 .name = "gas.high",
                                 .state = ALARM_LATCH_ACKED,
                                 .flags = STORED_CONDITION,
                                 .has_value = true,
                                 .occurrence = 17,
                                 .since_utc_ms = 1795310590001,
                                 .value = 52.1,
                                 .cls = "gas_detector",
                                 .priority = "critical"};
    struct journal_state const lock = {
        .kind = STORED_INTERLOCK, .subject = "trip", .name = "", .state = 1, .cls = "", .priority = ""};
    struct journal_state const hold = {.kind = STORED_HOLD,
                                       .subject = "lift-1",
                                       .name = "",
                                       .sub = 3,
                                       .pending_mono_ms = 4711,
                                       .cls = "",
                                       .priority = ""};
    place->journal = open_both(place->dir);
    assert_int_equal(journal_begin(place->journal, LANE_A), ERR_OK);
    rule.state = ALARM_UNACK;
    assert_int_equal(journal_put_state(place->journal, &rule), ERR_OK);
    assert_int_equal(journal_put_state(place->journal, &lock), ERR_OK);
    assert_int_equal(journal_put_state(place->journal, &hold), ERR_OK);
    rule.state = ALARM_LATCH_ACKED;
    assert_int_equal(journal_put_state(place->journal, &rule), ERR_OK);
    assert_int_equal(journal_commit(place->journal, LANE_A), ERR_OK);
    for (int reboot = 0; reboot < 2; reboot++) {
        journal_destroy(place->journal);
        place->journal = make(place->dir, "machine-1", reboot ? "boot-2" : "boot-1");
        assert_int_equal(journal_open(place->journal, LANE_A), ERR_OK);
        struct journal_state found = {.subject = NULL};
        assert_int_equal(journal_next_state(place->journal, &found), ERR_OK);
        assert_int_equal(found.kind, STORED_HOLD);
        assert_int_equal(found.sub, 3);
        assert_int_equal(found.pending_mono_ms, 4711);
        assert_int_equal(found.flags, reboot ? STORED_OTHER_BOOT : 0);
        assert_int_equal(journal_next_state(place->journal, &found), ERR_OK);
        assert_int_equal(found.kind, STORED_INTERLOCK);
        assert_int_equal(found.state, 1);
        assert_int_equal(journal_next_state(place->journal, &found), ERR_OK);
        assert_string_equal(found.name, "gas.high");
        assert_int_equal(found.state, ALARM_LATCH_ACKED);
        assert_int_equal(found.occurrence, 17);
        assert_int_equal(found.flags, STORED_CONDITION);
        assert_true(found.has_value && found.value > 52 && found.value < 53);
        assert_string_equal(found.priority, "critical");
        assert_int_equal(journal_next_state(place->journal, &found), ERR_EMPTY);
    }
}

/* What has an end keeps it, and knows when the clock it was set by is gone. */
static void keeps_shelves_and_drills(void **state)
{
    struct place *place = *state;
    struct journal_state const shelf = {.kind = STORED_RULE,
                                        .subject = "lift-1",
                                        .name = "lift.door",
                                        .state = ALARM_SHELVED,
                                        .flags = STORED_CHATTERING | STORED_TEST,
                                        .cls = "lift",
                                        .priority = "medium",
                                        .until_mono_ms = 5000,
                                        .until_utc_ms = 1795310590001,
                                        .told = 3,
                                        .count = 70000,
                                        .cleared_ms = 86400000};
    struct journal_state const raised = {.kind = STORED_RULE,
                                         .subject = "lift-1",
                                         .name = "lift.fault",
                                         .state = ALARM_UNACK,
                                         .cls = "lift",
                                         .priority = "medium",
                                         .active_mono_ms = {8000, 7000}};
    struct journal_state const drill = {.kind = STORED_DRILL,
                                        .subject = "lift-1",
                                        .name = "",
                                        .state = STORED_RUNNING,
                                        .cls = "",
                                        .priority = "",
                                        .until_mono_ms = 6000,
                                        .until_utc_ms = 1795310590002};
    place->journal = open_both(place->dir);
    assert_int_equal(journal_begin(place->journal, LANE_A), ERR_OK);
    assert_int_equal(journal_put_state(place->journal, &shelf), ERR_OK);
    assert_int_equal(journal_put_state(place->journal, &raised), ERR_OK);
    assert_int_equal(journal_put_state(place->journal, &drill), ERR_OK);
    assert_int_equal(journal_commit(place->journal, LANE_A), ERR_OK);
    for (int reboot = 0; reboot < 2; reboot++) {
        journal_destroy(place->journal);
        place->journal = make(place->dir, "machine-1", reboot ? "boot-2" : "boot-1");
        assert_int_equal(journal_open(place->journal, LANE_A), ERR_OK);
        struct journal_state found = {.subject = NULL};
        assert_int_equal(journal_next_state(place->journal, &found), ERR_OK);
        assert_int_equal(found.kind, STORED_DRILL);
        assert_string_equal(found.subject, "lift-1");
        assert_int_equal(found.state, STORED_RUNNING);
        assert_int_equal(found.until_mono_ms, 6000);
        assert_int_equal(found.until_utc_ms, 1795310590002);
        assert_int_equal(found.flags, reboot ? STORED_OTHER_BOOT : 0);
        assert_int_equal(journal_next_state(place->journal, &found), ERR_OK);
        assert_int_equal(found.state, ALARM_SHELVED);
        assert_int_equal(found.until_mono_ms, 5000);
        assert_int_equal(found.until_utc_ms, 1795310590001);
        assert_int_equal(found.told, 3);
        assert_int_equal(found.count, 70000);
        assert_int_equal(found.cleared_ms, 86400000);
        assert_int_equal(found.active_mono_ms[0], 0);
        assert_int_equal(found.flags, STORED_CHATTERING | STORED_TEST | (reboot ? STORED_OTHER_BOOT : 0));
        assert_int_equal(journal_next_state(place->journal, &found), ERR_OK);
        assert_int_equal(found.state, ALARM_UNACK);
        assert_int_equal(found.active_mono_ms[0], 8000);
        assert_int_equal(found.active_mono_ms[1], 7000);
        assert_int_equal(found.cleared_ms, 0);
        assert_int_equal(found.flags, reboot ? STORED_OTHER_BOOT : 0);
    }
}

static void put_order(struct place *place, const char *centre, const char *id, const char *code)
{
    struct journal_order order = {.centre = centre, .at_utc_ms = 5, .answered = code != NULL};
    (void)snprintf(order.id, sizeof order.id, "%s", id);
    (void)snprintf(order.code, sizeof order.code, "%s", code != NULL ? code : "");
    (void)snprintf(order.detail, sizeof order.detail, "\"count\":2");
    assert_int_equal(journal_begin(place->journal, LANE_A), ERR_OK);
    assert_int_equal(journal_put_order(place->journal, &order), ERR_OK);
    assert_int_equal(journal_commit(place->journal, LANE_A), ERR_OK);
}

static void keeps_the_newest_orders(void **state)
{
    struct place *place = *state;
    struct journal_reader *reader;
    struct journal_order found;
    place->journal = open_both(place->dir);
    assert_int_equal(journal_find_order(place->journal, "property", "o1"), ERR_NOT_FOUND);
    put_order(place, "property", "o1", NULL);
    assert_int_equal(journal_find_order(place->journal, "property", "o1"), ERR_OK);
    assert_int_equal(journal_find_order(place->journal, "district", "o1"),
                     ERR_NOT_FOUND); /* ids are each centre's own */
    assert_int_equal(journal_reader_open(&reader, place->dir), ERR_OK);
    assert_int_equal(journal_reader_order(reader, "property", "o1", &found), ERR_OK);
    assert_false(found.answered);
    assert_int_equal(found.at_utc_ms, 5);
    put_order(place, "property", "o1", "busy");
    put_order(place, "property", "o1", NULL); /* coming again changes nothing */
    assert_int_equal(journal_reader_order(reader, "property", "o1", &found), ERR_OK);
    assert_true(found.answered);
    assert_string_equal(found.code, "busy");
    assert_string_equal(found.detail, "\"count\":2");
    assert_int_equal(journal_begin(place->journal, LANE_A), ERR_OK);
    for (int i = 0; i < JOURNAL_ORDERS_MAX; i++) {
        struct journal_order order = {.centre = "property"};
        (void)snprintf(order.id, sizeof order.id, "n%d", i);
        assert_int_equal(journal_put_order(place->journal, &order), ERR_OK);
    }
    assert_int_equal(journal_commit(place->journal, LANE_A), ERR_OK);
    assert_int_equal(journal_reader_order(reader, "property", "o1", &found), ERR_NOT_FOUND);
    assert_int_equal(journal_reader_order(reader, "property", "n0", &found), ERR_OK);
    journal_reader_close(reader);
}

static void keeps_cursors_and_registries(void **state)
{
    struct place *place = *state;
    struct journal_cursor cursor = {.lw = 40, .range_count = 2, .ranges = {{42, 44}, {50, 50}}};
    struct journal_cursor found;
    struct journal_reader *reader;
    struct journal_registry registry;
    place->journal = open_both(place->dir);
    append(place->journal, LANE_T, 60);
    assert_int_equal(journal_begin(place->journal, LANE_T), ERR_OK);
    assert_int_equal(journal_put_cursor(place->journal, LANE_T, "property", &cursor), ERR_OK);
    assert_int_equal(journal_commit(place->journal, LANE_T), ERR_OK);
    assert_int_equal(journal_begin(place->journal, LANE_A), ERR_OK);
    assert_int_equal(journal_put_registry(place->journal, "a", 1, "aa"), ERR_OK);
    assert_int_equal(journal_put_registry(place->journal, "b", 4, "bb"), ERR_OK);
    assert_int_equal(journal_put_registry(place->journal, "gone", 2, ""), ERR_OK);
    assert_int_equal(journal_put_registry(place->journal, "never", 2, ""), ERR_OK);
    assert_int_equal(journal_put_registry_acked(place->journal, "property", "a", "aa"), ERR_OK);
    assert_int_equal(journal_put_registry_acked(place->journal, "property", "b", "old"), ERR_OK);
    assert_int_equal(journal_put_registry_acked(place->journal, "property", "gone", "gg"), ERR_OK);
    assert_int_equal(journal_commit(place->journal, LANE_A), ERR_OK);

    assert_int_equal(journal_reader_open(&reader, place->dir), ERR_OK);
    assert_int_equal(journal_reader_cursor(reader, LANE_T, "property", &found), ERR_OK);
    assert_int_equal(found.lw, 40);
    assert_int_equal(found.range_count, 2);
    assert_int_equal(found.ranges[0][1], 44);
    assert_int_equal(found.ranges[1][0], 50);
    assert_int_equal(journal_reader_cursor(reader, LANE_T, "district", &found), ERR_OK);
    assert_int_equal(found.lw, 0); /* new: from the oldest that is kept */
    assert_int_equal(journal_reader_next_registry(reader, "property", "", false, &registry), ERR_OK);
    assert_string_equal(registry.dev, "b");
    assert_int_equal(registry.rev, 4);
    assert_int_equal(journal_reader_next_registry(reader, "property", registry.dev, false, &registry), ERR_OK);
    assert_string_equal(registry.dev, "gone"); /* to be emptied where it was published, and only there */
    assert_string_equal(registry.sha256, "");
    assert_int_equal(journal_reader_next_registry(reader, "property", registry.dev, false, &registry), ERR_EMPTY);
    assert_int_equal(journal_reader_next_registry(reader, "district", "", false, &registry), ERR_OK);
    assert_string_equal(registry.dev, "a");
    assert_int_equal(journal_reader_next_registry(reader, "district", "b", false, &registry), ERR_EMPTY);
    assert_int_equal(journal_reader_next_registry(reader, "property", "", true, &registry), ERR_OK);
    assert_string_equal(registry.dev, "a"); /* every one, and what of it is known there */
    assert_string_equal(registry.acked, registry.sha256);
    assert_int_equal(journal_reader_next_registry(reader, "district", "a", true, &registry), ERR_OK);
    assert_string_equal(registry.acked, "");
    journal_reader_close(reader);
}

static void finds_where_live_begins(void **state)
{
    struct place *place = *state;
    struct journal_reader *reader;
    uint64_t first;
    place->journal = open_both(place->dir);
    append(place->journal, LANE_T, 100); /* record n was made at n seconds */
    assert_int_equal(journal_reader_open(&reader, place->dir), ERR_OK);
    assert_int_equal(journal_reader_since(reader, 91000, 1000, &first), ERR_OK);
    assert_int_equal(first, 91);
    assert_int_equal(journal_reader_since(reader, 91000, 5, &first), ERR_OK);
    assert_int_equal(first, 96);
    assert_int_equal(journal_reader_since(reader, 0, 1000, &first), ERR_OK);
    assert_int_equal(first, 1);
    assert_int_equal(journal_reader_since(reader, 500000, 1000, &first), ERR_OK);
    assert_int_equal(first, 101);
    journal_reader_close(reader);
}

/* What is not committed does not exist; what is, does: at whatever moment the power goes. */
static void a_power_cut_leaves_whole_transactions(void **state)
{
    struct place *place = *state;
    static const char *const names[] = {"alarms.db", "alarms.db-wal", "telemetry.db", "telemetry.db-wal"};
    place->journal = open_both(place->dir);
    for (unsigned round = 0; round < 12; round++) {
        uint64_t const committed = journal_last(place->journal, LANE_A);
        bool const commit = round % 2 == 0;
        char copy[SCRATCH_MAX];
        assert_int_equal(journal_begin(place->journal, LANE_A), ERR_OK);
        for (unsigned i = 1; i <= 1 + round; i++)
            assert_int_equal(put(place->journal, LANE_A, committed + i), ERR_OK);
        if (commit)
            assert_int_equal(journal_commit(place->journal, LANE_A), ERR_OK);
        scratch_make(copy);
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
            (void)scratch_copy(place->dir, copy, names[i]);
        struct journal *survivor = open_both(copy);
        uint64_t const expected = commit ? committed + 1 + round : committed;
        assert_int_equal(journal_last(survivor, LANE_A), expected);
        expect_rows(copy, LANE_A, 1, expected);
        journal_destroy(survivor);
        scratch_remove(copy);
        if (!commit)
            assert_int_equal(journal_commit(place->journal, LANE_A), ERR_OK);
    }
}

/* The child reports each number after its commit; whatever was reported must be there after a kill -9. */
static void survives_kill_at_any_moment(void **state)
{
    struct place *place = *state;
    uint64_t seen = 0;
    for (unsigned round = 0; round < 15; round++) {
        int pipe_fds[2];
        assert_int_equal(pipe(pipe_fds), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct journal *journal = open_both(place->dir);
            for (;;) {
                append(journal, LANE_A, 1 + round % 3);
                uint64_t const last = journal_last(journal, LANE_A);
                if (write(pipe_fds[1], &last, sizeof last) != (ssize_t)sizeof last)
                    _exit(1);
            }
        }
        (void)close(pipe_fds[1]);
        for (unsigned i = 0; i < 1 + round * 3; i++)
            assert_int_equal(read(pipe_fds[0], &seen, sizeof seen), (ssize_t)sizeof seen);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, NULL, 0), child);
        while (read(pipe_fds[0], &seen, sizeof seen) == (ssize_t)sizeof seen)
            ;
        (void)close(pipe_fds[0]);
        struct journal *journal = open_both(place->dir);
        assert_true(journal_last(journal, LANE_A) >= seen);
        assert_int_equal(journal_boot(journal), 2 * round + 2);
        expect_rows(place->dir, LANE_A, 1, journal_last(journal, LANE_A));
        journal_destroy(journal);
    }
}

static void evicts_the_oldest_and_declares_it(void **state)
{
    struct place *place = *state;
    uint64_t count;
    struct journal_gap gap;
    place->journal = open_both(place->dir);
    append(place->journal, LANE_T, 100);
    assert_int_equal(journal_evict(place->journal, 10, &count), ERR_OK);
    assert_int_equal(count, 10);
    assert_int_equal(journal_evict(place->journal, 10, &count), ERR_OK);
    expect_rows(place->dir, LANE_T, 21, 100);
    expect_gap(place->journal, LANE_T, 1, 20, "size"); /* one, though it was two transactions */
    assert_int_equal(journal_next_gap(place->journal, LANE_T, &gap), ERR_EMPTY);
    assert_int_equal(journal_evict(place->journal, 1000, &count), ERR_OK);
    assert_int_equal(count, 79); /* the newest stays: it is the high-water mark */
    assert_int_equal(journal_evict(place->journal, 1000, &count), ERR_OK);
    assert_int_equal(count, 0);
    journal_destroy(place->journal);
    place->journal = open_both(place->dir);
    assert_int_equal(journal_last(place->journal, LANE_T), 100);
    expect_gap(place->journal, LANE_T, 21, 99, "size");
    append(place->journal, LANE_T, 1);
    expect_rows(place->dir, LANE_T, 100, 101);
}

static void expires_what_everybody_has(void **state)
{
    struct place *place = *state;
    uint64_t count;
    struct journal_gap gap;
    place->journal = open_both(place->dir);
    append(place->journal, LANE_T, 100);
    assert_int_equal(journal_expire(place->journal, LANE_T, 50, 31000, 1000, &count), ERR_OK);
    assert_int_equal(count, 30); /* older than 31 s */
    assert_int_equal(journal_expire(place->journal, LANE_T, 50, INT64_MAX, 1000, &count), ERR_OK);
    assert_int_equal(count, 20); /* delivered */
    assert_int_equal(journal_expire(place->journal, LANE_T, 500, INT64_MAX, 1000, &count), ERR_OK);
    assert_int_equal(count, 49); /* but never the newest */
    expect_rows(place->dir, LANE_T, 100, 100);
    assert_int_equal(journal_next_gap(place->journal, LANE_T, &gap), ERR_EMPTY); /* nothing is lost */
}

static void burns_numbers_that_never_were(void **state)
{
    struct place *place = *state;
    place->journal = open_both(place->dir);
    append(place->journal, LANE_T, 3);
    assert_int_equal(journal_begin(place->journal, LANE_T), ERR_OK);
    assert_int_equal(journal_put_gap(place->journal, LANE_T,
                                     &(struct journal_gap){.of = LANE_T, .first = 4, .last = 9, .why = "ring"}),
                     ERR_OK);
    assert_int_equal(put(place->journal, LANE_T, 10), ERR_OK);
    assert_int_equal(journal_commit(place->journal, LANE_T), ERR_OK);
    journal_destroy(place->journal);
    place->journal = open_both(place->dir);
    assert_int_equal(journal_last(place->journal, LANE_T), 10);
    expect_gap(place->journal, LANE_T, 4, 9, "ring");
}

static void sets_a_damaged_telemetry_file_aside(void **state)
{
    struct place *place = *state;
    char stream[JOURNAL_STREAM_SIZE];
    char incident[160];
    char path[256];
    uint64_t first;
    uint64_t last;
    struct journal_reader *reader;
    struct journal_cursor cursor;
    place->journal = open_both(place->dir);
    append(place->journal, LANE_T, 50);
    append(place->journal, LANE_A, 4);
    assert_int_equal(journal_note(place->journal, LANE_T, 20, false), ERR_OK);
    (void)snprintf(stream, sizeof stream, "%s", journal_stream(place->journal));
    journal_destroy(place->journal);
    spoil(place, "telemetry.db", 0, 100);
    place->journal = open_both(place->dir);
    assert_string_equal(journal_take_incident(place->journal, incident, sizeof incident), "set_aside");
    assert_non_null(
        strstr(incident, "telemetry.db was damaged or unreadable and is set aside as telemetry.db.corrupt-2"));
    (void)journal_take_incident(place->journal, incident, sizeof incident);
    assert_string_equal(incident, "");
    path_of(place, "telemetry.db.corrupt-2", path);
    assert_int_equal(access(path, F_OK), 0);
    assert_string_equal(journal_stream(place->journal), stream);
    assert_int_equal(journal_last(place->journal, LANE_A), 4);
    assert_int_equal(journal_last(place->journal, LANE_T), 50 + JOURNAL_SALVAGE_SKIP);
    append(place->journal, LANE_T, 1);
    expect_rows(place->dir, LANE_T, 51 + JOURNAL_SALVAGE_SKIP, 51 + JOURNAL_SALVAGE_SKIP);
    assert_int_equal(journal_reader_open(&reader, place->dir), ERR_OK);
    assert_int_equal(journal_reader_cursor(reader, LANE_T, "property", &cursor), ERR_OK);
    assert_int_equal(cursor.lw, 20);
    assert_true(journal_reader_salvaging(reader, LANE_T, &first, &last));
    assert_int_equal(first, 21);
    assert_int_equal(last, 50 + JOURNAL_SALVAGE_SKIP);
    assert_int_equal(salvage_all(place->journal, LANE_T), 50);
    assert_false(journal_reader_outdated(reader));
    assert_false(journal_reader_salvaging(reader, LANE_T, &first, &last));
    journal_reader_close(reader);
    expect_gap(place->journal, LANE_T, 51, 50 + JOURNAL_SALVAGE_SKIP, "salvage");
    path_of(place, "telemetry.db.salvaged-2", path);
    assert_int_equal(access(path, F_OK), 0);
    assert_true(journal_drop_aside(place->journal));
    assert_int_equal(access(path, F_OK), -1);
    assert_false(journal_drop_aside(place->journal));
}

static void a_lost_alarm_file_repeats_nothing(void **state)
{
    struct place *place = *state;
    char stream[JOURNAL_STREAM_SIZE];
    place->journal = open_both(place->dir);
    append(place->journal, LANE_A, 7);
    append(place->journal, LANE_T, 5);
    (void)snprintf(stream, sizeof stream, "%s", journal_stream(place->journal));
    journal_destroy(place->journal);
    for (off_t page = 0; page < 12; page++) /* nothing of it can be read */
        spoil(place, "alarms.db", 4096 * page, 4096);
    place->journal = open_both(place->dir);
    assert_string_equal(journal_stream(place->journal), stream);
    assert_int_equal(journal_boot(place->journal), 2);
    assert_int_equal(journal_last(place->journal, LANE_A), 7 + JOURNAL_SALVAGE_SKIP);
    assert_int_equal(journal_occurrence_floor(place->journal), 7 + JOURNAL_SALVAGE_SKIP);
    assert_int_equal(journal_last(place->journal, LANE_T), 5);
    assert_int_equal(salvage_all(place->journal, LANE_A), 0);
    expect_gap(place->journal, LANE_A, 1, 7 + JOURNAL_SALVAGE_SKIP, "salvage");
    append(place->journal, LANE_A, 1);
    journal_destroy(place->journal);
    place->journal = open_both(place->dir);
    assert_int_equal(journal_occurrence_floor(place->journal), 7 + JOURNAL_SALVAGE_SKIP);
    assert_int_equal(journal_last(place->journal, LANE_A), 8 + JOURNAL_SALVAGE_SKIP);
}

/* After an unclean stop the pages are walked: damage is found before anything is built on it. */
static void damage_in_the_middle_is_found_after_a_crash(void **state)
{
    struct place *place = *state;
    struct place copy = {.journal = NULL};
    static const char *const names[] = {"alarms.db", "alarms.db-wal", "telemetry.db", "telemetry.db-wal"};
    char incident[160];
    place->journal = open_both(place->dir);
    append(place->journal, LANE_T, 500);
    journal_destroy(place->journal); /* folds the log back */
    place->journal = open_both(place->dir);
    append(place->journal, LANE_T, 1);
    scratch_make(copy.dir);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        (void)scratch_copy(place->dir, copy.dir, names[i]);
    spoil(&copy, "telemetry.db", 4096 * 7 + 8, 4000); /* a leaf of `record` that the log does not hold */
    copy.journal = open_both(copy.dir);
    (void)journal_take_incident(copy.journal, incident, sizeof incident);
    assert_non_null(strstr(incident, "telemetry.db"));
    append(copy.journal, LANE_T, 1);
    journal_destroy(copy.journal);
    scratch_remove(copy.dir);
}

static void both_lost_is_a_new_stream(void **state)
{
    struct place *place = *state;
    char stream[JOURNAL_STREAM_SIZE];
    place->journal = open_both(place->dir);
    append(place->journal, LANE_A, 7);
    (void)snprintf(stream, sizeof stream, "%s", journal_stream(place->journal));
    journal_destroy(place->journal);
    for (off_t page = 0; page < 12; page++) {
        spoil(place, "alarms.db", 4096 * page, 4096);
        spoil(place, "telemetry.db", 4096 * page, 4096);
    }
    place->journal = open_both(place->dir);
    assert_string_not_equal(journal_stream(place->journal), stream);
    assert_int_equal(journal_last(place->journal, LANE_A), 0);
    append(place->journal, LANE_A, 1);
}

static void another_machine_is_a_new_stream(void **state)
{
    struct place *place = *state;
    char stream[JOURNAL_STREAM_SIZE];
    place->journal = open_both(place->dir);
    append(place->journal, LANE_A, 7);
    append(place->journal, LANE_T, 9);
    (void)snprintf(stream, sizeof stream, "%s", journal_stream(place->journal));
    journal_destroy(place->journal);
    place->journal = make(place->dir, "machine-2", "boot-9");
    assert_int_equal(journal_open(place->journal, LANE_A), ERR_OK);
    assert_int_equal(journal_open(place->journal, LANE_T), ERR_OK);
    assert_string_not_equal(journal_stream(place->journal), stream);
    assert_int_equal(journal_last(place->journal, LANE_A), 7); /* numbers go on, old records can still be delivered */
    assert_int_equal(journal_last(place->journal, LANE_T), 9);
    expect_gap(place->journal, LANE_A, 1, 7, "salvage");
    expect_gap(place->journal, LANE_T, 1, 9, "salvage");
    expect_rows(place->dir, LANE_T, 1, 9);
}

static void strangers_are_set_aside(void **state)
{
    struct place *place = *state;
    char path[256];
    char incident[160];
    path_of(place, "alarms.db", path);
    assert_int_equal(mkdir(path, 0700), 0); /* a directory where the file should be */
    path_of(place, "telemetry.db", path);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, "this is not a database at all, but it is long enough to look at", 60), 60);
    (void)close(fd);
    place->journal = open_both(place->dir);
    append(place->journal, LANE_A, 1);
    append(place->journal, LANE_T, 1);
    (void)journal_take_incident(place->journal, incident, sizeof incident);
    assert_non_null(strstr(incident, "telemetry.db"));
    path_of(place, "alarms.db.corrupt-0", path);
    assert_int_equal(access(path, F_OK), 0);
}

/* What made a file of format n a newer one, undone. */
static const char *const undone[FORMAT_NOW] = {
    [1] = "ALTER TABLE record DROP COLUMN sum;",
    [2] = "ALTER TABLE state DROP COLUMN until_mono; ALTER TABLE state DROP COLUMN until_utc;"
          "ALTER TABLE state DROP COLUMN told; ALTER TABLE state DROP COLUMN count; DROP TABLE ordered;",
    [3] = "",
    [4] = "ALTER TABLE state DROP COLUMN cleared; ALTER TABLE state DROP COLUMN active;"
          "ALTER TABLE state DROP COLUMN active_before;",
};

static void make_older(const char *path, int format)
{
    char sql[64];
    for (int i = FORMAT_NOW - 1; i >= format; i--)
        assert_true(disk_execute(path, undone[i]));
    (void)snprintf(sql, sizeof sql, "PRAGMA user_version=%d", format);
    assert_true(disk_execute(path, sql));
}

static void put_waiting(struct place *place, uint32_t count)
{
    struct journal_state const waiting = {.kind = STORED_RULE,
                                          .subject = "lift-1",
                                          .name = "lift.door",
                                          .state = ALARM_ACKED,
                                          .cls = "lift",
                                          .priority = "medium",
                                          .pending_mono_ms = 4711,
                                          .count = count,
                                          .cleared_ms = count,
                                          .active_mono_ms = {count, count}};
    assert_int_equal(journal_begin(place->journal, LANE_A), ERR_OK);
    assert_int_equal(journal_put_state(place->journal, &waiting), ERR_OK);
    assert_int_equal(journal_commit(place->journal, LANE_A), ERR_OK);
}

/* The stored state, its count and how far its off-delay has run. */
static void expect_waiting(struct place *place, uint32_t count, uint32_t cleared_ms)
{
    struct journal_state found = {.subject = NULL};
    assert_int_equal(journal_next_state(place->journal, &found), ERR_OK);
    assert_string_equal(found.name, "lift.door");
    assert_int_equal(found.state, ALARM_ACKED);
    assert_int_equal(found.pending_mono_ms, 4711);
    assert_int_equal(found.count, count);
    assert_int_equal(found.cleared_ms, cleared_ms);
    assert_int_equal(found.active_mono_ms[0], cleared_ms);
    assert_int_equal(found.active_mono_ms[1], cleared_ms);
    assert_int_equal(journal_next_state(place->journal, &found), ERR_EMPTY);
}

/* A file of each older format is brought up to date, with its records and its states. */
static void older_formats(void **state)
{
    struct place *place = *state;
    char path[256];
    uint64_t format = 0;
    struct disk_query const ask = {"PRAGMA user_version", see_number, &format};
    path_of(place, "alarms.db", path);
    place->journal = open_both(place->dir);
    append(place->journal, LANE_A, 3);
    for (int older = FORMAT_NOW; older >= 1; older--) {
        put_waiting(place, 7);
        journal_destroy(place->journal);
        make_older(path, older);
        place->journal = open_both(place->dir);
        expect_waiting(place, older > 2 ? 7 : 0, older > 4 ? 7 : 0);
        assert_true(disk_select(path, &ask, 1));
        assert_int_equal(format, FORMAT_NOW);
        put_waiting(place, 9);
        expect_waiting(place, 9, 9);
        append(place->journal, LANE_A, 1);
    }
    expect_rows(place->dir, LANE_A, 1, 3 + FORMAT_NOW);
}

/* One of a newer format is refused, not touched. */
static void a_newer_format(void **state)
{
    struct place *place = *state;
    char path[256];
    place->journal = open_both(place->dir);
    append(place->journal, LANE_A, 5);
    journal_destroy(place->journal);
    path_of(place, "alarms.db", path);
    assert_true(disk_execute(path, "PRAGMA user_version=77"));
    place->journal = make(place->dir, "machine-1", "boot-1");
    assert_int_not_equal(journal_open(place->journal, LANE_A), ERR_OK);
    assert_non_null(strstr(journal_trouble(place->journal), "alarms.db was written by a newer version"));
    make_older(path, FORMAT_NOW);
    assert_int_equal(journal_open(place->journal, LANE_A), ERR_OK);
    assert_int_equal(journal_last(place->journal, LANE_A), 5);
}

/* A byte that changed inside a record is nothing that SQLite's check sees. */
static void a_changed_record_is_declared(void **state)
{
    struct place *place = *state;
    char path[256];
    char incident[160];
    place->journal = open_both(place->dir);
    append(place->journal, LANE_T, 9);
    journal_destroy(place->journal);
    path_of(place, "telemetry.db", path);
    assert_true(disk_execute(path, "UPDATE record SET payload=CAST('record 6' AS BLOB) WHERE seq=5;"
                                   "UPDATE meta SET value=0 WHERE key='clean'"));
    place->journal = open_both(place->dir);
    assert_string_equal(journal_take_incident(place->journal, incident, sizeof incident), "changed");
    assert_non_null(strstr(incident, "1 records of telemetry.db"));
    expect_gap(place->journal, LANE_T, 5, 5, "salvage");
    expect_rows(place->dir, LANE_T, 6, 9);
    append(place->journal, LANE_T, 1);
}

/* The disk (here: the largest file a process may write) is full in the middle of a write; later there is room again. */
static void a_full_disk_loses_nothing(void **state)
{
    struct place *place = *state;
    struct rlimit before;
    place->journal = open_both(place->dir);
    append(place->journal, LANE_T, 10);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    struct rlimit const tight = {.rlim_cur = 64 * 1024, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    enum err err = ERR_OK;
    for (int i = 0; i < 1000 && err == ERR_OK; i++) {
        err = journal_begin(place->journal, LANE_T);
        if (err == ERR_OK)
            err = put(place->journal, LANE_T, journal_last(place->journal, LANE_T) + 1);
        if (err == ERR_OK)
            err = journal_commit(place->journal, LANE_T);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_true(err != ERR_OK);
    assert_true(journal_trouble(place->journal)[0] != '\0');
    uint64_t const last = journal_last(place->journal, LANE_T);
    append(place->journal, LANE_A, 1); /* the other lane does not care */
    assert_int_equal(journal_open(place->journal, LANE_T), ERR_OK);
    assert_true(journal_last(place->journal, LANE_T) >= last);
    append(place->journal, LANE_T, 1);
    assert_string_equal(journal_trouble(place->journal), "");
    expect_rows(place->dir, LANE_T, 1, journal_last(place->journal, LANE_T));
}

static void a_reader_notices_a_fresh_file(void **state)
{
    struct place *place = *state;
    struct journal_reader *reader;
    char path[256];
    uint64_t last;
    assert_int_equal(journal_reader_open(&reader, place->dir), ERR_NOT_FOUND);
    place->journal = open_both(place->dir);
    append(place->journal, LANE_T, 3);
    assert_int_equal(journal_reader_open(&reader, place->dir), ERR_OK);
    assert_int_equal(journal_reader_last(reader, LANE_T, &last), ERR_OK);
    assert_int_equal(last, 3);
    assert_false(journal_reader_outdated(reader));
    append(place->journal, LANE_T, 2);
    assert_int_equal(journal_reader_last(reader, LANE_T, &last), ERR_OK);
    assert_int_equal(last, 5);
    path_of(place, "telemetry.db", path);
    assert_int_equal(unlink(path), 0);
    assert_true(journal_reader_outdated(reader));
    journal_reader_close(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(begins_and_goes_on, setup, teardown),
        cmocka_unit_test_setup_teardown(one_writer_only, setup, teardown),
        cmocka_unit_test_setup_teardown(keeps_states_by_name, setup, teardown),
        cmocka_unit_test_setup_teardown(keeps_shelves_and_drills, setup, teardown),
        cmocka_unit_test_setup_teardown(keeps_the_newest_orders, setup, teardown),
        cmocka_unit_test_setup_teardown(keeps_cursors_and_registries, setup, teardown),
        cmocka_unit_test_setup_teardown(finds_where_live_begins, setup, teardown),
        cmocka_unit_test_setup_teardown(a_power_cut_leaves_whole_transactions, setup, teardown),
        cmocka_unit_test_setup_teardown(survives_kill_at_any_moment, setup, teardown),
        cmocka_unit_test_setup_teardown(evicts_the_oldest_and_declares_it, setup, teardown),
        cmocka_unit_test_setup_teardown(expires_what_everybody_has, setup, teardown),
        cmocka_unit_test_setup_teardown(burns_numbers_that_never_were, setup, teardown),
        cmocka_unit_test_setup_teardown(sets_a_damaged_telemetry_file_aside, setup, teardown),
        cmocka_unit_test_setup_teardown(a_lost_alarm_file_repeats_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(damage_in_the_middle_is_found_after_a_crash, setup, teardown),
        cmocka_unit_test_setup_teardown(both_lost_is_a_new_stream, setup, teardown),
        cmocka_unit_test_setup_teardown(another_machine_is_a_new_stream, setup, teardown),
        cmocka_unit_test_setup_teardown(strangers_are_set_aside, setup, teardown),
        cmocka_unit_test_setup_teardown(older_formats, setup, teardown),
        cmocka_unit_test_setup_teardown(a_newer_format, setup, teardown),
        cmocka_unit_test_setup_teardown(a_changed_record_is_declared, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_disk_loses_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_reader_notices_a_fresh_file, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
