/* Somebody changed the owner or the mode of a sound file: the gateway goes on with a fresh one, and when the file may be read
 * again its records come back. Nothing of it is declared lost before. */
#include "tests/support/test.h"

#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/run/journal.h"
#include "tests/support/scratch.h"

#define NOBODY  65534 /* who has no rights: what root may read says nothing */
#define RECORDS 50

struct place {
    char dir[SCRATCH_MAX];
    char aside[128];
};

static int setup(void **state)
{
    static struct place place;
    scratch_make(place.dir);
    (void)snprintf(place.aside, sizeof place.aside, "%s/alarms.db.corrupt-0", place.dir);
    if (geteuid() == 0) {
        assert_int_equal(chown(place.dir, NOBODY, NOBODY), 0);
        assert_int_equal(seteuid(NOBODY), 0);
    }
    *state = &place;
    return 0;
}

static int teardown(void **state)
{
    struct place *place = *state;
    if (geteuid() != getuid())
        assert_int_equal(seteuid(getuid()), 0);
    scratch_remove(place->dir);
    return 0;
}

static struct journal *make(const struct place *place)
{
    struct journal *journal;
    assert_int_equal(journal_make(&journal, &(struct journal_setup){.dir = place->dir,
                                                                    .size_max = (uint64_t)1024 * 1024,
                                                                    .machine_id = "machine-1",
                                                                    .machine_boot_id = "boot-1"}),
                     ERR_OK);
    return journal;
}

static struct journal *start(const struct place *place)
{
    struct journal *journal = make(place);
    assert_int_equal(journal_open(journal, LANE_A), ERR_OK);
    assert_int_equal(journal_open(journal, LANE_T), ERR_OK);
    return journal;
}

static void append(struct journal *journal, enum lane lane, unsigned count)
{
    assert_int_equal(journal_begin(journal, lane), ERR_OK);
    for (unsigned i = 0; i < count; i++) {
        struct journal_record const record = {.seq = journal_last(journal, lane) + 1 + i,
                                              .at_utc_ms = 1,
                                              .topic = "event",
                                              .payload = "x",
                                              .payload_size = 1};
        assert_int_equal(journal_put_record(journal, lane, &record), ERR_OK);
    }
    assert_int_equal(journal_commit(journal, lane), ERR_OK);
}

static unsigned count_rows(const struct place *place, uint64_t last)
{
    struct journal_reader *reader;
    struct journal_row row;
    unsigned count = 0;
    assert_int_equal(journal_reader_open(&reader, place->dir), ERR_OK);
    assert_int_equal(journal_reader_begin(reader, LANE_A), ERR_OK);
    assert_int_equal(journal_reader_seek(reader, LANE_A, 1), ERR_OK);
    while (journal_reader_next(reader, LANE_A, &row) == ERR_OK && row.seq <= last)
        count++;
    journal_reader_close(reader);
    return count;
}

static struct journal_salvaged salvage(struct journal *journal)
{
    struct journal_salvaged salvaged = {.done = false};
    for (int i = 0; i < 1000 && !salvaged.done && !salvaged.forbidden; i++)
        assert_int_equal(journal_salvage(journal, LANE_A, 10, false, &salvaged), ERR_OK);
    return salvaged;
}

static void forbid_alarms(const struct place *place, struct journal *journal)
{
    char path[128];
    append(journal, LANE_T, 1);
    append(journal, LANE_A, RECORDS);
    journal_destroy(journal);
    (void)snprintf(path, sizeof path, "%s/alarms.db", place->dir);
    assert_int_equal(chmod(path, 0), 0);
}

static void what_may_not_be_read_is_not_lost(void **state)
{
    struct place *place = *state;
    char incident[160];
    struct journal_gap gap;
    forbid_alarms(place, start(place));
    struct journal *journal = start(place);
    (void)journal_take_incident(journal, incident, sizeof incident);
    assert_non_null(strstr(incident, "(chown)"));
    assert_true(journal_last(journal, LANE_A) > RECORDS); /* no number is given twice */
    uint64_t const last = journal_last(journal, LANE_A);
    append(journal, LANE_A, 1); /* and alarms go on */
    assert_true(salvage(journal).forbidden);
    assert_int_equal(journal_next_gap(journal, LANE_A, &gap), ERR_EMPTY);
    journal_destroy(journal);
    journal = start(place); /* another start changes nothing */
    assert_true(salvage(journal).forbidden);
    assert_int_equal(chmod(place->aside, 0640), 0);
    struct journal_salvaged const salvaged = salvage(journal);
    assert_true(salvaged.done);
    assert_int_equal(salvaged.back, RECORDS);
    assert_int_equal(count_rows(place, last), RECORDS);
    journal_destroy(journal);
}

/* The room is needed: then it is given up like any other. */
static void what_may_not_be_read_can_be_given_up(void **state)
{
    struct place *place = *state;
    struct journal_salvaged salvaged = {.done = false};
    struct journal_gap gap;
    forbid_alarms(place, start(place));
    struct journal *journal = start(place);
    for (int i = 0; i < 1000 && !salvaged.done; i++)
        assert_int_equal(journal_salvage(journal, LANE_A, 10, true, &salvaged), ERR_OK);
    assert_true(salvaged.done);
    assert_true(salvaged.lost >= RECORDS);
    assert_int_equal(journal_next_gap(journal, LANE_A, &gap), ERR_OK);
    assert_int_equal(gap.first, 1);
    journal_destroy(journal);
}

/* The directory may not be written: no fresh file would help, and this one is left as it is. */
static void a_forbidden_directory_is_no_damage(void **state)
{
    struct place *place = *state;
    char incident[160];
    struct journal *journal = start(place);
    append(journal, LANE_A, RECORDS);
    journal_destroy(journal);
    assert_int_equal(chmod(place->dir, 0500), 0);
    journal = make(place);
    assert_int_equal(journal_open(journal, LANE_A), ERR_PERMISSION);
    assert_non_null(strstr(journal_trouble(journal), "alarms.db: cannot"));
    assert_int_equal(chmod(place->dir, 0700), 0);
    assert_int_equal(journal_open(journal, LANE_A), ERR_OK);
    (void)journal_take_incident(journal, incident, sizeof incident);
    assert_string_equal(incident, "");
    assert_int_equal(journal_last(journal, LANE_A), RECORDS);
    journal_destroy(journal);
}

/* SQLite says no more than "unable to open database file". */
static void the_reason_of_the_system_is_said(void **state)
{
    struct place *place = *state;
    struct rlimit limit;
    struct journal *journal = make(place);
    assert_int_equal(journal_lock(journal), ERR_OK);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){.rlim_cur = 0, .rlim_max = limit.rlim_max}), 0);
    enum err const err = journal_open(journal, LANE_A);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(err, ERR_IO);
    assert_non_null(strstr(journal_trouble(journal), "file: Too many open files"));
    journal_destroy(journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_may_not_be_read_is_not_lost, setup, teardown),
        cmocka_unit_test_setup_teardown(what_may_not_be_read_can_be_given_up, setup, teardown),
        cmocka_unit_test_setup_teardown(a_forbidden_directory_is_no_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(the_reason_of_the_system_is_said, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
