/* The power goes, at every write, truncation and sync of the journal: what the next start finds is whole, has every record
 * whose commit was reported, and never gives a number twice. The code under test is the product's; the disk is
 * tests/support/disk, the cuts are tests/support/power, and the oracle reads the files by itself. */
#include "tests/support/disk.h"
#include "tests/support/power.h"
#include "tests/support/test.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/run/journal.h"
#include "tests/support/effort.h"
#include "tests/support/scratch.h"

#define SIZE_MAX_TEST    ((uint64_t)1024 * 1024) /* small, so that the log is folded back every 16 pages */
#define STEPS            50
#define NUMBERS_MAX      4096
#define PAYLOAD_MAX_TEST 1500
#define TORN_CUTS        4
#define IMAGES_TEST      5000 /* at SCALE=1 */
#define IMAGES_PROOF     60000
#define IMAGES_CONTROL   600

#define BLOCK 20 /* numbers reserved at once: they run out again and again */

enum mark { MARK_COMMITTED, MARK_BOOT, MARK_MAY_EXPIRE, MARK_GIVEN };

static uint64_t mark(enum mark kind, enum lane lane)
{
    return (uint64_t)kind * 2 + lane;
}

struct tally {
    unsigned images;
    unsigned lost;    /* a number whose commit was reported is not there, or has other bytes */
    unsigned corrupt; /* a file was set aside, or does not pass the check, or cannot be opened */
    unsigned reused;
    char first[256];
};

static void blame(struct tally *tally, unsigned *counter, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void blame(struct tally *tally, unsigned *counter, const char *format, ...)
{
    va_list arguments;
    (*counter)++;
    if (tally->first[0] != '\0')
        return;
    va_start(arguments, format);
    (void)vsnprintf(tally->first, sizeof tally->first, format, arguments);
    va_end(arguments);
}

/* --- what is written --- */

/* Of any number, the same bytes for ever. */
static size_t make_payload(enum lane lane, uint64_t seq, char ret_payload[static PAYLOAD_MAX_TEST])
{
    struct dice dice = {.state = seq * 2 + lane};
    size_t const size = (size_t)dice_between(&dice, 30, lane == LANE_A ? 700 : PAYLOAD_MAX_TEST - 1);
    uint64_t const letters = dice_roll(&dice);
    int const head = snprintf(ret_payload, PAYLOAD_MAX_TEST, "%c%" PRIu64 " ", lane_letter(lane), seq);
    for (size_t i = (size_t)head; i < size; i++)
        ret_payload[i] = (char)('a' + (letters >> i % 60 & 15));
    return size;
}

static void put_records_into(struct journal *journal, enum lane lane, enum lane into, unsigned count)
{
    static char payload[PAYLOAD_MAX_TEST];
    uint64_t const last = journal_last(journal, lane);
    for (uint64_t seq = last + 1; seq <= last + count; seq++) {
        size_t const size = make_payload(lane, seq, payload);
        assert_int_equal(
            journal_put_record(
                journal, into,
                &(struct journal_record){
                    .seq = seq, .at_utc_ms = (int64_t)seq, .topic = "x", .payload = payload, .payload_size = size}),
            ERR_OK);
    }
}

static void put_records(struct journal *journal, enum lane lane, unsigned count)
{
    put_records_into(journal, lane, lane, count);
}

static void commit(struct journal *journal, enum lane lane)
{
    assert_int_equal(journal_commit(journal, lane), ERR_OK);
    disk_mark(mark(MARK_COMMITTED, lane), journal_last(journal, lane));
}

/* A record and the state it led to: the state says by which number it was made. */
static void write_alarm(struct journal *journal, unsigned count)
{
    assert_int_equal(journal_begin(journal, LANE_A), ERR_OK);
    put_records(journal, LANE_A, count);
    assert_int_equal(
        journal_put_state(journal, &(struct journal_state){.kind = STORED_RULE,
                                                           .subject = "gas-kitchen",
                                                           .name = "gas.high",
                                                           .state = ALARM_UNACK,
                                                           .occurrence = journal_last(journal, LANE_A) + count,
                                                           .cls = "gas_detector",
                                                           .priority = "critical"}),
        ERR_OK);
    commit(journal, LANE_A);
}

static void write_telemetry(struct journal *journal, unsigned count)
{
    assert_int_equal(journal_begin(journal, LANE_T), ERR_OK);
    put_records(journal, LANE_T, count);
    commit(journal, LANE_T);
}

/* --- the same with the newest part of lane t in memory, which a power cut takes away --- */

static bool is_saving(const struct journal *journal)
{
    return journal_reserved(journal) > 0;
}

/* A number may be in the world from here on, though only memory has it. */
static void give_telemetry(struct journal *journal, unsigned count, bool burned)
{
    uint64_t const last = journal_last(journal, LANE_T);
    if (last + count > journal_reserved(journal))
        assert_int_equal(journal_reserve(journal, last + count + BLOCK), ERR_OK);
    assert_int_equal(journal_begin(journal, LANE_TAIL), ERR_OK);
    if (burned)
        assert_int_equal(journal_put_gap(journal, LANE_TAIL,
                                         &(struct journal_gap){
                                             .of = LANE_T, .first = last + 1, .last = last + count, .why = "ring"}),
                         ERR_OK);
    else
        put_records_into(journal, LANE_T, LANE_TAIL, count);
    assert_int_equal(journal_commit(journal, LANE_TAIL), ERR_OK);
    disk_mark(mark(MARK_GIVEN, LANE_T), journal_last(journal, LANE_T));
}

static void move_some(struct journal *journal, struct dice *dice)
{
    struct journal_moved moved;
    uint64_t const last = journal_last(journal, LANE_T);
    uint64_t const count = journal_tail_count(journal);
    if (count == 0)
        return;
    struct journal_moving const how = {.upto = last - (uint64_t)dice_between(dice, 0, (int64_t)count - 1),
                                       .share = (unsigned)dice_between(dice, 0, 3) * 342,
                                       .keep_from = UINT64_MAX,
                                       .reserve = last + BLOCK};
    assert_int_equal(journal_move_tail(journal, &how, &moved), ERR_OK);
}

static void leave_memory(struct journal *journal)
{
    struct journal_moved moved;
    uint64_t const last = journal_last(journal, LANE_T);
    while (journal_tail_count(journal) > 0)
        assert_int_equal(
            journal_move_tail(journal, &(struct journal_moving){.upto = last, .share = 1024, .reserve = last + BLOCK},
                              &moved),
            ERR_OK);
    assert_int_equal(
        journal_move_tail(journal, &(struct journal_moving){.upto = last, .share = 1024, .reserve = 0}, &moved),
        ERR_OK);
}

static void write_burned(struct journal *journal)
{
    uint64_t const first = journal_last(journal, LANE_T) + 1;
    assert_int_equal(journal_begin(journal, LANE_T), ERR_OK);
    assert_int_equal(
        journal_put_gap(journal, LANE_T,
                        &(struct journal_gap){.of = LANE_T, .first = first, .last = first + 2, .why = "ring"}),
        ERR_OK);
    commit(journal, LANE_T);
}

static void write_cursor(struct journal *journal, enum lane lane)
{
    assert_int_equal(journal_begin(journal, lane), ERR_OK);
    assert_int_equal(
        journal_put_cursor(journal, lane, "property", &(struct journal_cursor){.lw = journal_last(journal, lane)}),
        ERR_OK);
    commit(journal, lane);
}

static void do_something_strict(struct journal *journal, struct dice *dice)
{
    uint64_t count;
    int64_t const what = dice_between(dice, 0, 99);
    if (what < 35) {
        write_alarm(journal, (unsigned)dice_between(dice, 1, 3));
    } else if (what < 70) {
        if (!is_saving(journal))
            write_telemetry(journal, (unsigned)dice_between(dice, 1, 25));
    } else if (what < 76) {
        if (!is_saving(journal))
            write_burned(journal);
    } else if (what < 84) {
        write_cursor(journal, what % 2 == 0 ? LANE_A : LANE_T);
    } else if (what < 88) {
        enum lane const lane = what % 2 == 0 ? LANE_A : LANE_T;
        assert_int_equal(journal_note(journal, lane, journal_last(journal, lane) / 2, true), ERR_OK);
    } else if (what < 94) {
        assert_int_equal(journal_evict(journal, 10, &count), ERR_OK);
    } else {
        uint64_t const lw = journal_last(journal, LANE_T) / 2;
        disk_mark(mark(MARK_MAY_EXPIRE, LANE_T), lw);
        assert_int_equal(journal_expire(journal, LANE_T, lw, INT64_MAX, 20, &count), ERR_OK);
    }
}

static void do_something_saving(struct journal *journal, struct dice *dice)
{
    int64_t const what = dice_between(dice, 0, 99);
    if (what < 8 && is_saving(journal))
        leave_memory(journal);
    else if (what < 20 && is_saving(journal))
        move_some(journal, dice);
    else if (what < 50 && is_saving(journal))
        give_telemetry(journal, (unsigned)dice_between(dice, 1, 25), false);
    else if (what < 54 && is_saving(journal))
        give_telemetry(journal, 3, true);
    else if (what < 58 && !is_saving(journal))
        assert_int_equal(journal_reserve(journal, journal_last(journal, LANE_T) + BLOCK), ERR_OK);
    else if (what < 75 || !is_saving(journal))
        do_something_strict(journal, dice);
    else
        write_alarm(journal, 1);
}

static struct journal *make_journal(const char *dir)
{
    struct journal *journal;
    assert_int_equal(journal_make(&journal, &(struct journal_setup){.dir = dir,
                                                                    .size_max = SIZE_MAX_TEST,
                                                                    .machine_id = "machine-1",
                                                                    .machine_boot_id = "boot-1"}),
                     ERR_OK);
    return journal;
}

static struct journal *start(const char *dir)
{
    struct journal *journal = make_journal(dir);
    assert_int_equal(journal_open(journal, LANE_A), ERR_OK);
    assert_int_equal(journal_open(journal, LANE_T), ERR_OK);
    disk_mark(mark(MARK_BOOT, LANE_A), journal_boot(journal));
    return journal;
}

static struct disk_log play(uint64_t seed, bool saving)
{
    char dir[SCRATCH_MAX];
    char memory[JOURNAL_MEMORY_DIR_SIZE];
    struct dice dice = {.state = seed};
    scratch_make(dir);
    disk_record(dir);
    struct journal *journal = start(dir);
    for (int i = 0; i < STEPS; i++) {
        if (dice_chance(&dice, 60)) {
            journal_destroy(journal);
            journal = start(dir);
        }
        (saving ? do_something_saving : do_something_strict)(journal, &dice);
    }
    journal_destroy(journal);
    struct disk_log log = disk_recorded();
    journal_memory_dir(dir, memory);
    if (access(memory, F_OK) == 0)
        scratch_remove(memory);
    scratch_remove(dir);
    return log;
}

/* --- what must be there --- */

struct promised { /* before this moment */
    uint64_t last[LANE_COUNT];
    uint64_t boot;
    uint64_t may_expire;
    uint64_t given; /* of lane t: may be in the world */
};

static void promise(struct promised *promised, const struct disk_event *event)
{
    if (event->kind != DISK_MARK)
        return;
    for (enum lane lane = LANE_A; lane < LANE_COUNT; lane++)
        if (event->mark[0] == mark(MARK_COMMITTED, lane))
            promised->last[lane] = event->mark[1];
    if (event->mark[0] == mark(MARK_GIVEN, LANE_T))
        promised->given = event->mark[1];
    if (event->mark[0] == mark(MARK_BOOT, LANE_A))
        promised->boot = event->mark[1];
    if (event->mark[0] == mark(MARK_MAY_EXPIRE, LANE_T) && event->mark[1] > promised->may_expire)
        promised->may_expire = event->mark[1];
}

struct seen {
    enum lane lane;
    uint64_t last;
    uint64_t wrong;
    unsigned char there[NUMBERS_MAX];
};

static void see_record(void *context, const struct disk_row *row)
{
    static char expected[PAYLOAD_MAX_TEST];
    struct seen *seen = context;
    uint64_t const seq = (uint64_t)row->number[0];
    if (seq >= NUMBERS_MAX) {
        seen->wrong = seq;
        return;
    }
    size_t const size = make_payload(seen->lane, seq, expected);
    if (row->size[1] != size || memcmp(row->bytes[1], expected, size) != 0)
        seen->wrong = seq;
    seen->there[seq] = 1;
    if (seq > seen->last)
        seen->last = seq;
}

static void see_gap(void *context, const struct disk_row *row)
{
    struct seen *seen = context;
    if (row->number[1] >= NUMBERS_MAX) {
        seen->wrong = (uint64_t)row->number[1];
        return;
    }
    memset(seen->there + row->number[0], 1, (size_t)(row->number[1] - row->number[0] + 1));
    if ((uint64_t)row->number[1] > seen->last)
        seen->last = (uint64_t)row->number[1];
}

static void see_answer(void *context, const struct disk_row *row)
{
    *(bool *)context = row->size[0] == 2 && memcmp(row->bytes[0], "ok", 2) == 0;
}

static void see_number(void *context, const struct disk_row *row)
{
    *(uint64_t *)context = (uint64_t)row->number[0];
}

/* By itself, after the product has opened it and while it is open. */
static void inspect(struct tally *tally, const char *dir, enum lane lane, const struct promised *promised)
{
    static struct seen seen;
    char path[SCRATCH_MAX + 16];
    bool sound = false;
    seen = (struct seen){.lane = lane};
    (void)snprintf(path, sizeof path, "%s/%s", dir, lane == LANE_A ? "alarms.db" : "telemetry.db");
    uint64_t occurrence = 0;
    struct disk_query const queries[] = {{"SELECT seq,payload FROM record", see_record, &seen},
                                         {"SELECT first,last FROM gap", see_gap, &seen},
                                         {"PRAGMA integrity_check(1)", see_answer, &sound},
                                         {"SELECT occurrence FROM state", see_number, &occurrence}};
    bool const read = disk_select(path, queries, lane == LANE_A ? 4 : 3);
    if (!read || !sound)
        blame(tally, &tally->corrupt, "lane %c does not pass integrity_check", lane_letter(lane));
    if (seen.wrong != 0)
        blame(tally, &tally->lost, "lane %c: record %" PRIu64 " has other bytes", lane_letter(lane), seen.wrong);
    uint64_t const settled = lane == LANE_T ? promised->may_expire : 0;
    for (uint64_t seq = settled + 1; seq <= promised->last[lane] || seq <= seen.last; seq++)
        if (!seen.there[seq]) {
            blame(tally, &tally->lost, "lane %c: %" PRIu64 " of %" PRIu64 " (promised %" PRIu64 ") is lost",
                  lane_letter(lane), seq, seen.last, promised->last[lane]);
            break;
        }
    if (lane == LANE_A && seen.last > 0 && occurrence != seen.last)
        blame(tally, &tally->lost, "state of %" PRIu64 " beside record %" PRIu64, occurrence, seen.last);
}

/* Starts on what the cut left, as the product would, and goes on. */
static void restart(struct tally *tally, const char *dir, const struct promised *promised)
{
    char incident[160];
    struct journal *journal = make_journal(dir);
    tally->images++;
    bool const opened = journal_open(journal, LANE_A) == ERR_OK && journal_open(journal, LANE_T) == ERR_OK;
    (void)journal_take_incident(journal, incident, sizeof incident);
    if (!opened || incident[0] != '\0') {
        blame(tally, &tally->corrupt, "%s%s", incident, journal_trouble(journal));
        journal_destroy(journal);
        return;
    }
    for (enum lane lane = LANE_A; lane < LANE_COUNT; lane++) {
        inspect(tally, dir, lane, promised);
        if (journal_last(journal, lane) < promised->last[lane])
            blame(tally, &tally->reused, "lane %c: goes on after %" PRIu64 ", promised was %" PRIu64, lane_letter(lane),
                  journal_last(journal, lane), promised->last[lane]);
    }
    if (journal_last(journal, LANE_T) < promised->given)
        blame(tally, &tally->reused, "lane t: goes on after %" PRIu64 ", but up to %" PRIu64 " were given",
              journal_last(journal, LANE_T), promised->given);
    if (journal_boot(journal) <= promised->boot)
        blame(tally, &tally->reused, "boot %" PRIu32 " again", journal_boot(journal));
    write_alarm(journal, 1);
    write_telemetry(journal, 1);
    journal_destroy(journal);
}

/* Cuts at every event of as many plays as it takes. */
static void cut_everywhere(struct tally *tally, unsigned images, uint64_t first_seed, bool saving)
{
    char dir[SCRATCH_MAX];
    scratch_make(dir);
    for (uint64_t seed = first_seed; tally->images < images; seed++) {
        struct disk_log log = play(seed, saving);
        struct power *power = power_open(&log);
        struct promised promised = {.boot = 0};
        struct dice dice = {.state = seed + 1000};
        const struct disk_event *event;
        while (tally->images < images && power_next(power, &event)) {
            promise(&promised, event);
            for (int cut = 0; cut < 2 + TORN_CUTS; cut++) {
                power_cut(power, cut < 2 ? (enum power_cut)cut : POWER_TORN, &dice, dir);
                restart(tally, dir, &promised);
            }
        }
        power_close(power);
        disk_forget(&log);
    }
    scratch_remove(dir);
}

static void tell(const char *what, const struct tally *tally)
{
    print_message("power cuts, %s: %u images, %u corrupt, %u lost, %u numbers given twice%s%s\n", what, tally->images,
                  tally->corrupt, tally->lost, tally->reused, tally->first[0] != '\0' ? "; first: " : "", tally->first);
}

static void nothing_promised_is_lost(void **state)
{
    static struct tally tally;
    (void)state;
    cut_everywhere(&tally, effort(IMAGES_TEST, IMAGES_PROOF), 1, false);
    tell("synchronous=FULL", &tally);
    assert_true(tally.images >= effort(IMAGES_TEST, IMAGES_PROOF));
    assert_int_equal(tally.corrupt, 0);
    assert_int_equal(tally.lost, 0);
    assert_int_equal(tally.reused, 0);
}

/* While the flash budget is used up: each alarm is there, each number of telemetry there or declared, none given twice. */
static void what_was_only_in_memory_is_declared(void **state)
{
    static struct tally tally;
    (void)state;
    cut_everywhere(&tally, effort(IMAGES_TEST, IMAGES_PROOF), 1, true);
    tell("telemetry in memory", &tally);
    assert_true(tally.images >= effort(IMAGES_TEST, IMAGES_PROOF));
    assert_int_equal(tally.corrupt, 0);
    assert_int_equal(tally.lost, 0);
    assert_int_equal(tally.reused, 0);
}

/* The proof that the above can fail: with synchronous=NORMAL a commit is reported before it is safe. */
static void normal_would_lose_some(void **state)
{
    static struct tally tally;
    (void)state;
    disk_weaken(true);
    cut_everywhere(&tally, IMAGES_CONTROL, 1, false);
    disk_weaken(false);
    tell("synchronous=NORMAL", &tally);
    assert_true(tally.lost > tally.images / 100);
    assert_true(tally.reused > 0);
}

/* The power goes again while the first start is still repairing what the last cut left. */
static void a_cut_while_recovering_from_a_cut(void **state)
{
    static struct tally tally;
    char first[SCRATCH_MAX];
    char second[SCRATCH_MAX];
    struct dice dice = {.state = 77};
    (void)state;
    scratch_make(first);
    scratch_make(second);
    struct disk_log log = play(5, false);
    struct power *power = power_open(&log);
    struct promised promised = {.boot = 0};
    const struct disk_event *event;
    while (tally.images < effort(IMAGES_TEST, IMAGES_PROOF) / 10 && power_next(power, &event)) {
        promise(&promised, event);
        if (!dice_chance(&dice, 30))
            continue;
        power_cut(power, POWER_TORN, &dice, first);
        disk_record(first);
        journal_destroy(start(first));
        struct disk_log recovery = disk_recorded();
        struct power *again = power_open(&recovery);
        while (power_next(again, &event)) {
            power_cut(again, POWER_TORN, &dice, second);
            restart(&tally, second, &promised);
        }
        power_close(again);
        disk_forget(&recovery);
    }
    power_close(power);
    disk_forget(&log);
    scratch_remove(first);
    scratch_remove(second);
    tell("twice", &tally);
    assert_int_equal(tally.corrupt + tally.lost + tally.reused, 0);
    assert_true(tally.images > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_promised_is_lost),
        cmocka_unit_test(what_was_only_in_memory_is_declared),
        cmocka_unit_test(normal_would_lose_some),
        cmocka_unit_test(a_cut_while_recovering_from_a_cut),
    };
    disk_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
