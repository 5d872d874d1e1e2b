/* The tail: lane t's newest part in memory. Readers see one lane; numbers are reserved before they are given; a kill leaves it, a
 * power cut is declared; what moves to the disk is thinned and declared. */
#include "tests/support/test.h"

#include <stdbool.h>

#include "gateway/core/thin.h"
#include "gateway/run/journal.h"
#include "tests/support/disk.h"
#include "tests/support/scratch.h"

#define SIZE_MAX_TEST ((uint64_t)64 * 1024 * 1024)
#define BLOCK         100
#define CENTRE        "property"

struct place {
    char dir[SCRATCH_MAX];
    char memory[JOURNAL_MEMORY_DIR_SIZE];
    struct journal *journal;
};

static struct thin thin;

static struct journal *open_both(const char *dir)
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

static int setup(void **state)
{
    static struct place place;
    scratch_make(place.dir);
    journal_memory_dir(place.dir, place.memory);
    place.journal = open_both(place.dir);
    *state = &place;
    return 0;
}

static bool has_memory(const struct place *place)
{
    return access(place->memory, F_OK) == 0;
}

static void lose_memory(const struct place *place)
{
    if (has_memory(place))
        scratch_remove(place->memory);
}

static int teardown(void **state)
{
    struct place *place = *state;
    journal_destroy(place->journal);
    lose_memory(place);
    scratch_remove(place->dir);
    return 0;
}

/* A process that is not there any more; what it left is. */
static void restart(struct place *place)
{
    journal_destroy(place->journal);
    place->journal = open_both(place->dir);
}

static size_t payload_of(uint64_t seq, char ret_payload[static 64])
{
    return (size_t)snprintf(ret_payload, 64, "{\"values\":{\"x\":%d},\"bad\":{},\"seq\":%llu}", (int)(seq * 7 % 100),
                            (unsigned long long)seq);
}

static void append(struct journal *journal, enum lane into, unsigned count)
{
    char payload[64];
    uint64_t const last = journal_last(journal, LANE_T);
    assert_int_equal(journal_begin(journal, into), ERR_OK);
    for (uint64_t seq = last + 1; seq <= last + count; seq++) {
        size_t const size = payload_of(seq, payload);
        assert_int_equal(journal_put_record(journal, into,
                                            &(struct journal_record){.seq = seq,
                                                                     .at_utc_ms = (int64_t)seq * 1000,
                                                                     .topic = "telemetry/d",
                                                                     .payload = payload,
                                                                     .payload_size = size}),
                         ERR_OK);
    }
    assert_int_equal(journal_commit(journal, into), ERR_OK);
    assert_int_equal(journal_last(journal, LANE_T), last + count);
}

/* `on_disk` records there, then `in_tail` in memory. */
static void begin(struct journal *journal, unsigned on_disk, unsigned in_tail)
{
    append(journal, LANE_T, on_disk);
    assert_int_equal(journal_reserve(journal, on_disk + BLOCK), ERR_OK);
    append(journal, LANE_TAIL, in_tail);
    assert_int_equal(journal_tail_count(journal), in_tail);
}

static struct journal_moved move(struct journal *journal, struct journal_moving how)
{
    struct journal_moved moved = {.looked_at = 0};
    how.keep_from = how.keep_from > 0 ? how.keep_from : UINT64_MAX;
    assert_int_equal(journal_move_tail(journal, &how, &moved), ERR_OK);
    return moved;
}

static struct journal_reader *open_reader(const struct place *place)
{
    struct journal_reader *reader;
    assert_int_equal(journal_reader_open(&reader, place->dir), ERR_OK);
    return reader;
}

static void expect_row(const struct journal_row *row, uint64_t seq)
{
    char payload[64];
    size_t const size = payload_of(seq, payload);
    assert_int_equal(row->seq, seq);
    assert_int_equal(row->payload_size, size);
    assert_memory_equal(row->payload, payload, size);
}

static void expect_up(struct journal_reader *reader, uint64_t first, uint64_t last)
{
    struct journal_row row;
    for (uint64_t seq = first; seq <= last; seq++) {
        assert_int_equal(journal_reader_next(reader, LANE_T, &row), ERR_OK);
        expect_row(&row, seq);
    }
    assert_int_equal(journal_reader_next(reader, LANE_T, &row), ERR_EMPTY);
    journal_reader_rest(reader, LANE_T);
}

static void expect_all(const struct place *place, uint64_t first, uint64_t last)
{
    struct journal_reader *reader = open_reader(place);
    assert_int_equal(journal_reader_seek(reader, LANE_T, first), ERR_OK);
    expect_up(reader, first, last);
    journal_reader_close(reader);
}

static void expect_gap(struct place *place, uint64_t first, uint64_t last, const char *why)
{
    struct journal_gap gap;
    assert_int_equal(journal_next_gap(place->journal, LANE_T, &gap), ERR_OK);
    assert_int_equal(gap.first, first);
    assert_int_equal(gap.last, last);
    assert_string_equal(gap.why, why);
    assert_int_equal(journal_begin(place->journal, LANE_A), ERR_OK);
    assert_int_equal(journal_put_gap_declared(place->journal, LANE_T, gap.id), ERR_OK);
    assert_int_equal(journal_commit(place->journal, LANE_A), ERR_OK);
}

static void expect_no_gap(const struct place *place)
{
    struct journal_gap gap;
    assert_int_equal(journal_next_gap(place->journal, LANE_T, &gap), ERR_EMPTY);
}

static void readers_see_one_lane(void **state)
{
    struct place *place = *state;
    struct journal_row row;
    uint64_t number;
    struct journal_reader *reader = open_reader(place); /* before there is a tail */
    begin(place->journal, 5, 7);
    assert_int_equal(journal_reader_last(reader, LANE_T, &number), ERR_OK);
    assert_int_equal(number, 12);
    assert_int_equal(journal_reader_oldest(reader, LANE_T, &number), ERR_OK);
    assert_int_equal(number, 1);
    for (uint64_t from = 1; from <= 13; from++) {
        assert_int_equal(journal_reader_seek(reader, LANE_T, from), ERR_OK);
        expect_up(reader, from, 12);
        assert_int_equal(journal_reader_seek_payloads(reader, LANE_T, from), ERR_OK);
        expect_up(reader, from, 12);
        assert_int_equal(journal_reader_seek_back(reader, LANE_T, from), ERR_OK);
        for (uint64_t seq = from - 1; seq > 0; seq--) {
            assert_int_equal(journal_reader_next_back(reader, LANE_T, &row), ERR_OK);
            expect_row(&row, seq);
        }
        assert_int_equal(journal_reader_next_back(reader, LANE_T, &row), ERR_EMPTY);
        journal_reader_rest_back(reader, LANE_T);
    }
    for (uint64_t since = 1; since <= 13; since++) {
        assert_int_equal(journal_reader_since(reader, (int64_t)since * 1000, 100, &number), ERR_OK);
        assert_int_equal(number, since);
    }
    assert_int_equal(journal_reader_since(reader, 0, 4, &number), ERR_OK);
    assert_int_equal(number, 9);
    assert_false(journal_reader_outdated(reader));
    journal_reader_close(reader);
}

static void put_cursor(struct journal *journal, enum lane into, uint64_t lw)
{
    assert_int_equal(journal_begin(journal, into), ERR_OK);
    assert_int_equal(journal_put_cursor(journal, into, CENTRE, &(struct journal_cursor){.lw = lw}), ERR_OK);
    assert_int_equal(journal_commit(journal, into), ERR_OK);
}

static void expect_cursor(const struct place *place, uint64_t lw)
{
    struct journal_cursor cursor;
    struct journal_reader *reader = open_reader(place);
    assert_int_equal(journal_reader_cursor(reader, LANE_T, CENTRE, &cursor), ERR_OK);
    assert_int_equal(cursor.lw, lw);
    journal_reader_close(reader);
    assert_int_equal(journal_get_cursor(place->journal, LANE_T, CENTRE, &cursor), ERR_OK);
    assert_int_equal(cursor.lw, lw);
}

static void the_newer_cursor_counts(void **state)
{
    struct place *place = *state;
    begin(place->journal, 5, 7);
    put_cursor(place->journal, LANE_T, 3);
    expect_cursor(place, 3);
    put_cursor(place->journal, LANE_TAIL, 9);
    expect_cursor(place, 9);
    restart(place);
    expect_cursor(place, 9);
    (void)move(place->journal, (struct journal_moving){.upto = 12, .share = 1024, .reserve = 0});
    expect_cursor(place, 9);
    put_cursor(place->journal, LANE_T, 11);
    expect_cursor(place, 11);
}

/* It lies in memory, and memory is still there. */
static void a_kill_loses_nothing(void **state)
{
    struct place *place = *state;
    begin(place->journal, 5, 7);
    for (int i = 0; i < 3; i++) {
        restart(place);
        assert_int_equal(journal_last(place->journal, LANE_T), 12 + i);
        assert_int_equal(journal_tail_count(place->journal), 7 + i);
        expect_no_gap(place);
        append(place->journal, LANE_TAIL, 1);
    }
    expect_all(place, 1, 15);
}

static void a_kill_before_the_first_record(void **state)
{
    struct place *place = *state;
    begin(place->journal, 5, 0);
    restart(place);
    assert_int_equal(journal_last(place->journal, LANE_T), 5);
    expect_no_gap(place);
    append(place->journal, LANE_TAIL, 2);
    expect_all(place, 1, 7);
}

static void a_power_cut_is_declared(void **state)
{
    struct place *place = *state;
    begin(place->journal, 5, 7);
    journal_destroy(place->journal);
    lose_memory(place);
    place->journal = open_both(place->dir);
    assert_int_equal(journal_last(place->journal, LANE_T), 5 + BLOCK);
    assert_int_equal(journal_reserved(place->journal), 0);
    expect_gap(place, 6, 5 + BLOCK, "reserved");
    restart(place);
    expect_no_gap(place); /* once */
    append(place->journal, LANE_T, 1);
    assert_int_equal(journal_last(place->journal, LANE_T), 6 + BLOCK);
}

/* The power went, a start made a tail of its own and was killed before it had reserved anything: that tail is not the one whose
 * numbers are in the world. */
static void another_tail_proves_nothing(void **state)
{
    struct place *place = *state;
    char aside[SCRATCH_MAX];
    begin(place->journal, 5, 7);
    journal_destroy(place->journal);
    lose_memory(place);
    scratch_make(aside);
    assert_true(scratch_copy(place->dir, aside, "alarms.db"));
    assert_true(scratch_copy(place->dir, aside, "telemetry.db"));
    place->journal = open_both(place->dir);
    assert_int_equal(journal_reserve(place->journal, 5 + 2 * BLOCK), ERR_OK);
    append(place->journal, LANE_TAIL, 1);
    journal_destroy(place->journal);
    assert_true(scratch_copy(aside, place->dir, "alarms.db")); /* the disk as it was at the cut */
    assert_true(scratch_copy(aside, place->dir, "telemetry.db"));
    scratch_remove(aside);
    assert_true(has_memory(place));
    place->journal = open_both(place->dir);
    assert_int_equal(journal_last(place->journal, LANE_T), 5 + BLOCK);
    expect_gap(place, 6, 5 + BLOCK, "reserved");
    assert_false(has_memory(place));
}

static void all_of_it_moves(void **state)
{
    struct place *place = *state;
    begin(place->journal, 5, 20);
    struct journal_moved moved =
        move(place->journal, (struct journal_moving){.upto = 15, .share = 1024, .reserve = 300});
    assert_int_equal(moved.looked_at, 10);
    assert_int_equal(moved.kept, 10);
    assert_int_equal(moved.declared, 0);
    assert_int_equal(journal_tail_count(place->journal), 10);
    assert_int_equal(journal_reserved(place->journal), 300);
    expect_all(place, 1, 25);
    (void)move(place->journal, (struct journal_moving){.upto = 25, .share = 1024, .reserve = 0});
    assert_int_equal(journal_tail_count(place->journal), 0);
    assert_int_equal(journal_tail_bytes(place->journal), 0);
    assert_int_equal(journal_reserved(place->journal), 0);
    append(place->journal, LANE_T, 1);
    restart(place);
    assert_false(has_memory(place));
    expect_no_gap(place);
    expect_all(place, 1, 26);
}

struct seen {
    bool there[64];
    uint64_t last;
};

static struct seen look(const struct place *place)
{
    struct seen seen = {.last = 0};
    struct journal_row row;
    struct journal_reader *reader = open_reader(place);
    assert_int_equal(journal_reader_seek(reader, LANE_T, 1), ERR_OK);
    while (journal_reader_next(reader, LANE_T, &row) == ERR_OK) {
        assert_true(row.seq < 64 && row.seq > seen.last);
        expect_row(&row, row.seq);
        seen.there[row.seq] = true;
        seen.last = row.seq;
    }
    journal_reader_rest(reader, LANE_T);
    journal_reader_close(reader);
    return seen;
}

/* What a centre lacks and is left out is declared, what every centre has is not; the last one stays. */
static void what_is_left_out_is_declared(void **state)
{
    struct place *place = *state;
    uint64_t next = 0;
    begin(place->journal, 5, 45);
    thin_begin(&thin, 10000);
    assert_int_equal(journal_look_at_tail(place->journal, 6, 40, 20, &thin, &next), ERR_OK);
    assert_int_equal(next, 26);
    assert_int_equal(journal_look_at_tail(place->journal, next, 40, 20, &thin, &next), ERR_OK);
    assert_int_equal(next, 41);
    struct journal_moved const moved =
        move(place->journal,
             (struct journal_moving){.upto = 40, .thin = &thin, .share = 1024, .delivered = 20, .reserve = 300});
    assert_int_equal(moved.looked_at, 35);
    assert_true(moved.kept < 20);
    struct seen const seen = look(place);
    unsigned kept = 0;
    unsigned declared = 0;
    uint64_t first_gone = 0;
    uint64_t last_gone = 0;
    for (uint64_t seq = 6; seq <= 40; seq++) {
        kept += seen.there[seq] ? 1 : 0;
        if (seen.there[seq] || seq <= 20)
            continue;
        declared++;
        first_gone = first_gone > 0 ? first_gone : seq;
        last_gone = seq;
    }
    assert_int_equal(kept, moved.kept);
    assert_int_equal(declared, moved.declared);
    assert_true(seen.there[40]);
    for (uint64_t seq = 10; seq <= 39; seq += 10) /* the last of each bucket */
        assert_true(seen.there[seq + 9]);
    for (uint64_t seq = 41; seq <= 50; seq++)
        assert_true(seen.there[seq]);
    expect_gap(place, first_gone, last_gone, "thin");
    expect_no_gap(place);
}

/* Nothing can be afforded: all is declared, and numbers go on. */
static void nothing_is_kept_but_the_last(void **state)
{
    struct place *place = *state;
    begin(place->journal, 5, 30);
    struct journal_moved const moved =
        move(place->journal, (struct journal_moving){.upto = 30, .share = 0, .keep_from = 28, .reserve = 300});
    assert_int_equal(moved.kept, 3);
    expect_gap(place, 6, 27, "thin");
    restart(place);
    assert_int_equal(journal_last(place->journal, LANE_T), 35);
    expect_all(place, 28, 35);
}

/* Numbers that were burned in the tail are gaps on the disk when they have moved there. */
static void burned_numbers_move_too(void **state)
{
    struct place *place = *state;
    begin(place->journal, 5, 3);
    assert_int_equal(journal_begin(place->journal, LANE_TAIL), ERR_OK);
    assert_int_equal(journal_put_gap(place->journal, LANE_TAIL,
                                     &(struct journal_gap){.of = LANE_T, .first = 9, .last = 11, .why = "ring"}),
                     ERR_OK);
    assert_int_equal(journal_commit(place->journal, LANE_TAIL), ERR_OK);
    append(place->journal, LANE_TAIL, 2);
    restart(place);
    assert_int_equal(journal_last(place->journal, LANE_T), 13);
    expect_no_gap(place);
    (void)move(place->journal, (struct journal_moving){.upto = 13, .share = 1024, .reserve = 0});
    expect_gap(place, 9, 11, "ring");
    assert_int_equal(journal_tail_count(place->journal), 0);
}

/* Wherever the move falls between a reader's steps: each number once, none missing. */
static void a_move_under_a_reader(void **state)
{
    struct place *place = *state;
    struct journal_row row;
    begin(place->journal, 5, 20);
    for (int pinned = 0; pinned < 2; pinned++) {
        for (uint64_t after = 0; after <= 12; after++) {
            struct journal_reader *reader = open_reader(place);
            uint64_t const last = journal_last(place->journal, LANE_T);
            uint64_t const on_disk = last - journal_tail_count(place->journal);
            if (pinned)
                assert_int_equal(journal_reader_begin(reader, LANE_T), ERR_OK);
            assert_int_equal(journal_reader_seek(reader, LANE_T, on_disk - 4), ERR_OK);
            for (uint64_t seq = on_disk - 4; seq < on_disk - 4 + after; seq++) {
                assert_int_equal(journal_reader_next(reader, LANE_T, &row), ERR_OK);
                expect_row(&row, seq);
            }
            (void)move(place->journal,
                       (struct journal_moving){.upto = on_disk + 10, .share = 1024, .reserve = on_disk + 200});
            expect_up(reader, on_disk - 4 + after, last);
            if (pinned)
                journal_reader_end(reader, LANE_T);
            assert_int_equal(journal_reader_seek(reader, LANE_T, 1), ERR_OK);
            expect_up(reader, 1, last);
            journal_reader_close(reader);
            append(place->journal, LANE_TAIL, 10);
        }
    }
}

/* A snapshot that was taken when there was no tail stays one. */
static void a_tail_that_comes_under_a_reader(void **state)
{
    struct place *place = *state;
    struct journal_reader *reader = open_reader(place);
    append(place->journal, LANE_T, 5);
    assert_int_equal(journal_reader_begin(reader, LANE_T), ERR_OK);
    assert_int_equal(journal_reader_seek(reader, LANE_T, 1), ERR_OK);
    expect_up(reader, 1, 5);
    assert_int_equal(journal_reserve(place->journal, 5 + BLOCK), ERR_OK);
    append(place->journal, LANE_TAIL, 4);
    (void)move(place->journal, (struct journal_moving){.upto = 7, .share = 1024, .reserve = 300});
    assert_int_equal(journal_reader_seek(reader, LANE_T, 1), ERR_OK);
    expect_up(reader, 1, 5);
    journal_reader_end(reader, LANE_T);
    assert_int_equal(journal_reader_seek(reader, LANE_T, 1), ERR_OK);
    expect_up(reader, 1, 9);
    journal_reader_close(reader);
}

/* The disk took the records and the process was killed before the tail had forgotten them. */
static void what_is_in_both_counts_once(void **state)
{
    struct place *place = *state;
    char path[256];
    begin(place->journal, 5, 20);
    char aside[SCRATCH_MAX];
    scratch_make(aside);
    assert_true(scratch_copy(place->memory, aside, "telemetry.db"));
    (void)scratch_copy(place->memory, aside, "telemetry.db-wal");
    (void)move(place->journal, (struct journal_moving){.upto = 15, .share = 1024, .reserve = 300});
    journal_destroy(place->journal);
    (void)snprintf(path, sizeof path, "%s/telemetry.db-wal", place->memory);
    (void)unlink(path);
    assert_true(scratch_copy(aside, place->memory, "telemetry.db"));
    (void)scratch_copy(aside, place->memory, "telemetry.db-wal");
    scratch_remove(aside);
    place->journal = open_both(place->dir);
    assert_int_equal(journal_tail_count(place->journal), 10);
    expect_no_gap(place);
    expect_all(place, 1, 25);
    append(place->journal, LANE_TAIL, 1);
    expect_all(place, 1, 26);
}

/* The disk's file breaks while there is a tail: the fresh one knows what is reserved. */
static void a_fresh_file_keeps_the_reservation(void **state)
{
    struct place *place = *state;
    begin(place->journal, 5, 7);
    disk_fail(DISK_GARBLED, "telemetry.db");
    assert_int_equal(journal_begin(place->journal, LANE_T), ERR_OK);
    enum err err = journal_put_cursor(place->journal, LANE_T, CENTRE, &(struct journal_cursor){.lw = 1});
    if (err == ERR_OK)
        err = journal_commit(place->journal, LANE_T);
    assert_int_not_equal(err, ERR_OK);
    disk_heal();
    assert_false(journal_is_open(place->journal, LANE_T));
    assert_int_equal(journal_open(place->journal, LANE_T), ERR_OK);
    assert_true(journal_take_renewed(place->journal, LANE_T));
    assert_int_equal(journal_reserved(place->journal), 5 + BLOCK);
    assert_int_equal(journal_last(place->journal, LANE_T), 12);
    journal_destroy(place->journal);
    lose_memory(place);
    place->journal = open_both(place->dir);
    assert_int_equal(journal_last(place->journal, LANE_T), 5 + BLOCK);
}

/* The disk's file is lost while nobody runs, with the tail: numbers go on above all that were reserved. */
static void a_lost_file_does_not_give_reserved_numbers(void **state)
{
    struct place *place = *state;
    char path[256];
    begin(place->journal, 5, 7);
    assert_int_equal(journal_reserve(place->journal, 3 * JOURNAL_SALVAGE_SKIP), ERR_OK);
    journal_destroy(place->journal);
    lose_memory(place);
    (void)snprintf(path, sizeof path, "%s/telemetry.db", place->dir);
    assert_int_equal(unlink(path), 0);
    place->journal = open_both(place->dir);
    assert_true(journal_last(place->journal, LANE_T) >= 3 * JOURNAL_SALVAGE_SKIP);
}

static void a_tail_that_is_lost_is_declared(void **state)
{
    struct place *place = *state;
    begin(place->journal, 5, 7);
    struct journal_reader *reader = open_reader(place);
    assert_int_equal(journal_reader_seek(reader, LANE_T, 6), ERR_OK);
    expect_up(reader, 6, 12);
    assert_int_equal(journal_lose_tail(place->journal), ERR_OK);
    expect_gap(place, 6, 5 + BLOCK, "reserved");
    append(place->journal, LANE_T, 1);
    assert_int_equal(journal_last(place->journal, LANE_T), 6 + BLOCK);
    assert_false(has_memory(place));
    assert_int_equal(journal_reader_seek(reader, LANE_T, 6), ERR_OK); /* nothing old hides what is new */
    expect_up(reader, 6 + BLOCK, 6 + BLOCK);
    journal_reader_close(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(readers_see_one_lane, setup, teardown),
        cmocka_unit_test_setup_teardown(the_newer_cursor_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(a_kill_loses_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_kill_before_the_first_record, setup, teardown),
        cmocka_unit_test_setup_teardown(a_power_cut_is_declared, setup, teardown),
        cmocka_unit_test_setup_teardown(another_tail_proves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(all_of_it_moves, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_left_out_is_declared, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_is_kept_but_the_last, setup, teardown),
        cmocka_unit_test_setup_teardown(burned_numbers_move_too, setup, teardown),
        cmocka_unit_test_setup_teardown(a_move_under_a_reader, setup, teardown),
        cmocka_unit_test_setup_teardown(a_tail_that_comes_under_a_reader, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_in_both_counts_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_fresh_file_keeps_the_reservation, setup, teardown),
        cmocka_unit_test_setup_teardown(a_lost_file_does_not_give_reserved_numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(a_tail_that_is_lost_is_declared, setup, teardown),
    };
    disk_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
