/* The recorder on a disk that is full, dead, slow or lies: alarms first, nothing silently, and all is well again when the disk
 * is. */
#include "tests/support/disk.h"
#include "tests/support/test.h"

#include "tests/support/wire_rig.h"

#define MS          1000LL
#define ALARMS      100
#define SLOW_SYNC   (50 * MS) /* an SD card */
#define ALARM_SYNCS 3         /* of what may be under way when it comes, and its own */

static char payload[16384];
static char path_in_memory[128];

static int setup(void **state)
{
    static struct rig rig;
    rig_make(&rig, 1);
    *state = &rig;
    return 0;
}

static int teardown(void **state)
{
    disk_heal();
    disk_on_sync(NULL, NULL);
    rig_remove(*state);
    (void)remove(path_in_memory);
    return 0;
}

static void restart(struct rig *rig)
{
    rig_stop(rig);
    rig_pass(rig, 1000 * MS);
    rig_start(rig);
    (void)rig_step(rig);
}

static void run(struct rig *rig, int64_t for_us)
{
    for (int64_t done = 0; done < for_us; done += 20 * MS) {
        rig_pass(rig, 20 * MS);
        (void)rig_step(rig);
    }
}

static void push_alarm(struct rig *rig, uint32_t occurrence)
{
    struct news const news =
        wire_alarm(WIRE_GAS_HIGH, EVENT_RAISED, ALARM_NORM, ALARM_UNACK, occurrence, rig->now.utc_ms);
    rig_push(&rig->news, &news);
}

static struct board_journal shown_of(struct rig *rig)
{
    struct board_journal shown;
    board_get_journal(rig->board, &shown);
    return shown;
}

/* How many records of lane a have the text; the last of them stays in `payload`. */
static unsigned count_in_lane_a(struct rig *rig, const char *text)
{
    static char last[sizeof payload];
    unsigned count = 0;
    last[0] = '\0';
    for (uint64_t seq = 1; seq <= rig_last(rig->dir, LANE_A); seq++) {
        if (!rig_record(rig->dir, LANE_A, seq, payload, sizeof payload) || strstr(payload, text) == NULL)
            continue;
        memcpy(last, payload, sizeof last);
        count++;
    }
    memcpy(payload, last, sizeof last);
    return count;
}

/* What the gap events of lane t add up to. */
static uint64_t declared(struct rig *rig)
{
    uint64_t sum = 0;
    for (uint64_t seq = 1; seq <= rig_last(rig->dir, LANE_A); seq++) {
        uint64_t first;
        uint64_t last;
        if (!rig_record(rig->dir, LANE_A, seq, payload, sizeof payload))
            continue;
        const char *gap = strstr(payload, "\"of\":\"t\",\"from\":");
        if (gap != NULL && sscanf(gap, "\"of\":\"t\",\"from\":%" SCNu64 ",\"to\":%" SCNu64, &first, &last) == 2)
            sum += last - first + 1;
    }
    return sum;
}

/* The next alarm finds the file garbled, and nothing of it can be read either: it is begun anew. */
static void break_alarms(struct rig *rig, uint32_t occurrence)
{
    char path[128];
    disk_fail(DISK_GARBLED, "alarms.db");
    push_alarm(rig, occurrence);
    (void)rig_step(rig);
    assert_false(shown_of(rig).ok);
    (void)snprintf(path, sizeof path, "%s/alarms.db", rig->dir);
    for (int ending = 0; ending < 2; ending++) {
        assert_int_equal(truncate(path, 0), 0);
        (void)snprintf(path, sizeof path, "%s/alarms.db-wal", rig->dir);
    }
    disk_heal();
    run(rig, 8000 * MS);
    assert_true(shown_of(rig).ok);
}

/* Files broken in the middle of the work: the states, cursors and registries that are known are written again. */
static void a_file_that_breaks_is_begun_anew(void **state)
{
    struct rig *rig = *state;
    struct inbox inbox;
    size_t size;
    struct news const other = wire_alarm(WIRE_GAS_MODE, EVENT_RAISED, ALARM_NORM, ALARM_UNACK, 1, rig->now.utc_ms);
    (void)rig_step(rig);
    rig_push(&rig->news, &other); /* nothing more is heard of it: only the recorder knows */
    push_alarm(rig, 1);
    struct sender_ack const ack = {.kind = ACK_CURSOR, .lane = 'a', .lw = 2};
    assert_int_equal(ring_push(&rig->acks, &ack, sizeof ack), ERR_OK);
    run(rig, 2000 * MS);
    char stream[JOURNAL_STREAM_SIZE];
    (void)snprintf(stream, sizeof stream, "%s", shown_of(rig).stream);
    break_alarms(rig, 2);
    assert_string_equal(shown_of(rig).stream, stream);
    assert_int_equal(count_in_lane_a(rig, "/gas.high/2\",\"event\":\"raised\""), 1);
    assert_non_null(strstr(payload, "\"seq\":4,")); /* the number it would have had */
    assert_int_equal(count_in_lane_a(rig, "\"what\":\"set_aside\""), 1);
    struct journal_reader *reader;
    struct journal_cursor cursor;
    assert_int_equal(journal_reader_open(&reader, rig->dir), ERR_OK);
    assert_int_equal(journal_reader_cursor(reader, LANE_A, "property", &cursor), ERR_OK);
    assert_int_equal(cursor.lw, 2);
    journal_reader_close(reader);
    while (ring_pop(&rig->inbox, &inbox, sizeof inbox, &size) == ERR_OK)
        ;
    restart(rig);
    unsigned restored = 0;
    while (ring_pop(&rig->inbox, &inbox, sizeof inbox, &size) == ERR_OK && inbox.kind == INBOX_STORED) {
        assert_int_equal(inbox.is.stored.state, ALARM_UNACK);
        restored |= 1U << inbox.is.stored.index;
    }
    assert_int_equal(restored, 1U << WIRE_GAS_HIGH | 1U << WIRE_GAS_MODE);
}

/* The moments of a state that nobody touched since the machine was rebooted mean nothing, in a file begun anew as little. */
static void a_state_of_another_boot_stays_one(void **state)
{
    struct rig *rig = *state;
    struct inbox inbox;
    size_t size;
    struct news news = wire_alarm(WIRE_GAS_MODE, EVENT_RAISED, ALARM_NORM, ALARM_UNACK, 1, rig->now.utc_ms);
    news.stored.pending_mono_ms = 5;
    rig_push(&rig->news, &news);
    run(rig, 500 * MS);
    rig->machine_boot_id = "boot-2";
    restart(rig);
    break_alarms(rig, 1);
    while (ring_pop(&rig->inbox, &inbox, sizeof inbox, &size) == ERR_OK)
        ;
    restart(rig);
    unsigned other = 0;
    while (ring_pop(&rig->inbox, &inbox, sizeof inbox, &size) == ERR_OK && inbox.kind == INBOX_STORED)
        other |= (inbox.is.stored.flags & STORED_OTHER_BOOT) != 0 ? 1U << inbox.is.stored.index : 0;
    assert_int_equal(other, 1U << WIRE_GAS_MODE);
}

/* Somebody else has filled the disk: alarms are written in the room of the reserve, telemetry makes room for telemetry, all
 * that goes is declared to the number; later everything is as before. */
static void a_full_disk_has_room_for_alarms(void **state)
{
    struct rig *rig = *state;
    struct news const news = wire_telemetry(1, 1);
    char reserve[128];
    struct stat status;
    rig->site.journal.size_max = (uint64_t)4 * 1024 * 1024;
    restart(rig);
    uint64_t pushed = 0;
    for (int i = 0; i < 3000; i++, pushed++) {
        rig_push(&rig->telemetry, &news);
        if (i % 50 == 49)
            run(rig, 40 * MS);
    }
    run(rig, 12000 * MS);
    (void)snprintf(reserve, sizeof reserve, "%s/reserve", rig->dir);
    assert_int_equal(stat(reserve, &status), 0);
    disk_fill(reserve, (uint64_t)status.st_blocks * 512);
    for (uint32_t i = 0; i < ALARMS; i++) {
        uint64_t const last = rig_last(rig->dir, LANE_A);
        for (int j = 0; j < 30; j++, pushed++)
            rig_push(&rig->telemetry, &news);
        push_alarm(rig, 1 + i);
        run(rig, 100 * MS);
        assert_true(rig_last(rig->dir, LANE_A) > last); /* at once */
    }
    assert_false(shown_of(rig).ok);
    assert_int_equal(stat(reserve, &status), -1);
    run(rig, 5000 * MS);
    assert_true(recorder_drained(rig->recorder));
    assert_true(shown_of(rig).dropped > 500);
    disk_heal();
    run(rig, 30000 * MS);
    assert_true(shown_of(rig).ok);
    assert_int_equal(stat(reserve, &status), 0);
    assert_int_equal(count_in_lane_a(rig, "\"event\":\"raised\""), ALARMS);
    assert_int_equal(count_in_lane_a(rig, "\"what\":\"disk_full\""), 1);
    assert_int_equal(count_in_lane_a(rig, "\"what\":\"disk_free\""), 1);
    assert_int_equal(declared(rig), shown_of(rig).dropped);
    uint64_t rows = 0;
    for (uint64_t seq = 1; seq <= pushed; seq++)
        rows += rig_record(rig->dir, LANE_T, seq, payload, sizeof payload) ? 1 : 0;
    assert_int_equal(rows + shown_of(rig).dropped, pushed);
    assert_int_equal(shown_of(rig).last_t, pushed);
}

static void sync_takes_time(void *context)
{
    struct rig *rig = context;
    rig_pass(rig, SLOW_SYNC);
}

/* Every sync takes 50 ms, and telemetry keeps the disk busy: an alarm waits for what is under way, not for the rest. */
static void a_slow_disk_is_no_excuse(void **state)
{
    struct rig *rig = *state;
    struct news const news = wire_telemetry(1, 1);
    (void)rig_step(rig);
    disk_on_sync(sync_takes_time, rig);
    int64_t worst_us = 0;
    for (uint32_t i = 0; i < ALARMS; i++) {
        for (int j = 0; j < 20; j++) {
            rig_push(&rig->telemetry, &news);
            rig_pass(rig, 7 * MS);
            (void)rig_step(rig);
        }
        int64_t const pushed_us = rig->now.mono_us;
        push_alarm(rig, 1 + i);
        (void)rig_step(rig);
        assert_int_equal(count_in_lane_a(rig, "\"event\":\"raised\""), i + 1);
        if (rig->now.mono_us - pushed_us > worst_us)
            worst_us = rig->now.mono_us - pushed_us;
    }
    print_message("syncs of 50 ms: an alarm is safe after %lld ms at most\n", (long long)(worst_us / MS));
    assert_true(worst_us <= ALARM_SYNCS * SLOW_SYNC);
}

/* A dead disk: nothing is lost that fits into memory, somebody is told, and it is tried again and again. */
static void a_dead_disk_is_waited_for(void **state)
{
    struct rig *rig = *state;
    enum disk_fault const faults[] = {DISK_DEAD, DISK_READ_ONLY};
    (void)rig_step(rig);
    for (uint32_t round = 0; round < 2; round++) {
        disk_fail(faults[round], NULL);
        for (uint32_t i = 0; i < 20; i++) {
            push_alarm(rig, 1 + round * 20 + i);
            run(rig, 500 * MS);
        }
        assert_false(shown_of(rig).ok);
        assert_true(shown_of(rig).trouble[0] != '\0');
        disk_heal();
        run(rig, 6000 * MS);
        assert_true(shown_of(rig).ok);
        assert_true(recorder_drained(rig->recorder));
        assert_int_equal(count_in_lane_a(rig, "\"event\":\"raised\""), 20 * (round + 1));
        assert_int_equal(count_in_lane_a(rig, "\"what\":\"resumed\",\"lane\":\"a\""), round + 1);
    }
}

/* Whoever ordered something on site is told when it is on the disk, not before. */
static void recorded_means_on_the_disk(void **state)
{
    struct rig *rig = *state;
    (void)rig_step(rig);
    push_alarm(rig, 1);
    push_alarm(rig, 2);
    (void)rig_step(rig);
    assert_int_equal(shown_of(rig).recorded, 2);
    disk_fail(DISK_DEAD, NULL);
    push_alarm(rig, 3);
    run(rig, 1000 * MS);
    assert_int_equal(shown_of(rig).recorded, 2);
    disk_heal();
    run(rig, 6000 * MS);
    assert_int_equal(shown_of(rig).recorded, 3);
}

static bool is_in_memory(struct rig *rig)
{
    return strstr(shown_of(rig).trouble, "alarms.db") != NULL && access(path_in_memory, F_OK) == 0;
}

/* The one directory in /dev/shm that was not there before. */
static void find_memory(struct rig *rig)
{
    uint64_t sum = 0xCBF29CE484222325U;
    for (const char *at = rig->dir; *at != '\0'; at++)
        sum = (sum ^ (unsigned char)*at) * 0x100000001B3U;
    (void)snprintf(path_in_memory, sizeof path_in_memory, "/dev/shm/outpost-%016llx", (unsigned long long)sum);
}

static bool is_recorded(struct rig *rig, const char *text)
{
    struct journal_reader *reader;
    struct journal_row row;
    bool found = false;
    assert_int_equal(journal_reader_open(&reader, rig->dir), ERR_OK);
    assert_int_equal(journal_reader_seek(reader, LANE_A, 1), ERR_OK);
    while (!found && journal_reader_next(reader, LANE_A, &row) == ERR_OK)
        found = memmem(row.payload, row.payload_size, text, strlen(text)) != NULL;
    journal_reader_rest(reader, LANE_A);
    journal_reader_close(reader);
    return found;
}

/* Each number of lane a is a row with that number in its payload, or declared; each alarm is there once. */
static void expect_lane_a_whole(struct rig *rig, unsigned alarms)
{
    struct journal_reader *reader;
    struct journal_row row;
    char text[96];
    uint64_t expected = 1;
    unsigned raised = 0;
    uint64_t hole_first = 0;
    uint64_t hole_last = 0;
    assert_int_equal(journal_reader_open(&reader, rig->dir), ERR_OK);
    assert_int_equal(journal_reader_seek(reader, LANE_A, 1), ERR_OK);
    while (journal_reader_next(reader, LANE_A, &row) == ERR_OK) {
        if (row.seq != expected) {
            assert_int_equal(hole_first, 0); /* one hole */
            hole_first = expected;
            hole_last = row.seq - 1;
        }
        (void)snprintf(text, sizeof text, "\"seq\":%" PRIu64 ",", row.seq);
        assert_non_null(memmem(row.payload, row.payload_size, text, strlen(text)));
        raised += memmem(row.payload, row.payload_size, "\"event\":\"raised\"", 16) != NULL ? 1 : 0;
        expected = row.seq + 1;
    }
    journal_reader_rest(reader, LANE_A);
    journal_reader_close(reader);
    assert_int_equal(raised, alarms);
    assert_true(hole_first > 0);
    (void)snprintf(text, sizeof text, "\"from\":%" PRIu64 ",\"to\":%" PRIu64 ",\"why\":\"reserved\"", hole_first,
                   hole_last);
    assert_true(is_recorded(rig, text));
}

/* The disk cannot be written any more (a card that has become read-only): alarms go on in memory, readers see them at once;
 * when the disk is back they are written down under the same numbers, and memory is left. */
static void alarms_go_on_in_memory(void **state)
{
    struct rig *rig = *state;
    enum disk_fault const faults[] = {DISK_DEAD, DISK_READ_ONLY};
    struct news const news = wire_telemetry(1, 1);
    char text[64];
    find_memory(rig);
    (void)rig_step(rig);
    push_alarm(rig, 1);
    (void)rig_step(rig);
    disk_fail(faults[rig->dir[strlen(rig->dir) - 1] % 2], rig->dir);
    for (uint32_t i = 2; i <= 20; i++) {
        push_alarm(rig, i);
        rig_push(&rig->telemetry, &news);
        run(rig, 1000 * MS);
        (void)snprintf(text, sizeof text, "gas.high/%u\",\"event\":\"raised\"", i);
        if (i >= 6)
            assert_true(is_recorded(rig, text)); /* within a second */
    }
    assert_true(is_in_memory(rig));
    assert_false(shown_of(rig).ok);
    assert_true(is_recorded(rig, "\"what\":\"in_memory\""));
    struct journal_reader *reader;
    uint64_t first;
    uint64_t last;
    assert_int_equal(journal_reader_open(&reader, rig->dir), ERR_OK);
    assert_true(
        journal_reader_salvaging(reader, LANE_A, &first, &last)); /* what is on the disk is not settled by this */
    assert_true(first == 1 && last > 1000000);
    assert_false(journal_reader_outdated(reader));
    disk_heal();
    run(rig, 12000 * MS);
    assert_true(journal_reader_outdated(reader));
    journal_reader_close(reader);
    assert_false(is_in_memory(rig));
    assert_true(shown_of(rig).ok);
    assert_true(recorder_drained(rig->recorder));
    assert_int_equal(access(path_in_memory, F_OK), -1);
    expect_lane_a_whole(rig, 20);
    assert_true(is_recorded(rig, "\"what\":\"on_disk\""));
    assert_int_equal(shown_of(rig).last_t, 19);
}

/* The process ends while alarms are in memory: the next one goes on with them, on a disk that works or not. */
static void memory_outlives_the_process(void **state)
{
    struct rig *rig = *state;
    struct inbox inbox;
    size_t size;
    find_memory(rig);
    (void)rig_step(rig);
    push_alarm(rig, 1);
    (void)rig_step(rig);
    disk_fail(DISK_READ_ONLY, rig->dir);
    push_alarm(rig, 2);
    run(rig, 6000 * MS);
    assert_true(is_in_memory(rig));
    for (int disk_works = 0; disk_works < 2; disk_works++) {
        if (disk_works)
            disk_heal();
        restart(rig);
        run(rig, 10000 * MS);
        assert_int_equal(is_in_memory(rig), !disk_works);
        assert_int_equal(ring_pop(&rig->inbox, &inbox, sizeof inbox, &size), ERR_OK);
        if (inbox.kind == INBOX_RESTORED) /* the judge does not wait for the disk */
            assert_int_equal(ring_pop(&rig->inbox, &inbox, sizeof inbox, &size), ERR_OK);
        assert_int_equal(inbox.kind, INBOX_STORED);
        assert_int_equal(inbox.is.stored.index, WIRE_GAS_HIGH);
        assert_int_equal(inbox.is.stored.state, ALARM_UNACK);
        struct news const news = wire_alarm(WIRE_GAS_HIGH, EVENT_RAISED, ALARM_NORM, ALARM_UNACK, 1, rig->now.utc_ms);
        rig_push(&rig->news, &news);
        run(rig, 1000 * MS);
        assert_true(
            is_recorded(rig, disk_works ? "/gas.high/4\",\"event\":\"raised\"" : "/gas.high/3\",\"event\":\"raised\""));
    }
    assert_true(shown_of(rig).ok);
    assert_int_equal(access(path_in_memory, F_OK), -1);
    expect_lane_a_whole(rig, 4);
}

#define THIN_STEP_MS 10000
#define THIN_COUNT   8000
#define THIN_BASE_MS 1795309980000 /* a whole minute */

static double thin_value(uint64_t seq)
{
    return (double)(seq * 7919 % 1000);
}

/* Marks what the gap events of lane t cover. */
static void mark_declared(struct rig *rig, unsigned char *ret_marks, size_t count)
{
    uint64_t const last_a = rig_last(rig->dir, LANE_A);
    for (uint64_t seq = 1; seq <= last_a; seq++) {
        uint64_t first;
        uint64_t last;
        if (!rig_record(rig->dir, LANE_A, seq, payload, sizeof payload))
            continue;
        const char *gap = strstr(payload, "\"of\":\"t\",\"from\":");
        if (gap != NULL && sscanf(gap, "\"of\":\"t\",\"from\":%" SCNu64 ",\"to\":%" SCNu64, &first, &last) == 2)
            for (uint64_t number = first; number <= last && number < count; number++)
                ret_marks[number] |= strstr(gap, "\"thin\"") != NULL ? 2 : 1;
    }
}

/* A day that nobody fetched: before anything is evicted what is old becomes coarser, and still shows each minute's highest
 * and lowest. */
static void old_telemetry_becomes_coarser(void **state)
{
    struct rig *rig = *state;
    static unsigned char declared[THIN_COUNT + 1];
    static unsigned char there[THIN_COUNT + 1];
    rig->site.journal.size_max = (uint64_t)1024 * 1024;
    restart(rig);
    (void)rig_step(rig);
    for (uint64_t seq = 1; seq <= THIN_COUNT; seq++) {
        struct news const news = wire_telemetry(thin_value(seq), THIN_BASE_MS + (int64_t)seq * THIN_STEP_MS);
        rig_push(&rig->telemetry, &news);
        rig_pass(rig, THIN_STEP_MS * MS - 50 * MS);
        (void)rig_step(rig);
        rig_pass(rig, 50 * MS);
        (void)rig_step(rig);
    }
    for (int i = 0; i < 200; i++) {
        rig_pass(rig, 25 * MS);
        (void)rig_step(rig);
    }
    memset(declared, 0, sizeof declared);
    mark_declared(rig, declared, sizeof declared);
    struct journal_reader *reader;
    struct journal_row row;
    unsigned count = 0;
    memset(there, 0, sizeof there);
    assert_int_equal(journal_reader_open(&reader, rig->dir), ERR_OK);
    assert_int_equal(journal_reader_seek(reader, LANE_T, 1), ERR_OK);
    while (journal_reader_next(reader, LANE_T, &row) == ERR_OK) {
        there[row.seq] = 1;
        count++;
    }
    journal_reader_rest(reader, LANE_T);
    journal_reader_close(reader);
    unsigned thinned_only = 0;
    for (uint64_t seq = 1; seq <= THIN_COUNT; seq++) {
        assert_true(there[seq] || declared[seq]);
        thinned_only += declared[seq] == 2 ? 1 : 0;
    }
    assert_true(thinned_only > THIN_COUNT / 4);
    /* the youngest part that was made coarser: each whole minute has its extremes */
    uint64_t const first = THIN_COUNT - 2400;
    unsigned minutes = 0;
    for (uint64_t minute = first / 6 * 6; minute + 6 < THIN_COUNT - 400; minute += 6) {
        uint64_t lowest = minute;
        uint64_t highest = minute;
        for (uint64_t seq = minute; seq < minute + 6; seq++) {
            lowest = thin_value(seq) < thin_value(lowest) ? seq : lowest;
            highest = thin_value(seq) > thin_value(highest) ? seq : highest;
        }
        bool evicted = false;
        for (uint64_t seq = minute; seq < minute + 6; seq++)
            evicted = evicted || (declared[seq] & 1) != 0;
        if (evicted)
            continue;
        minutes++;
        assert_true(there[lowest] && there[highest]);
    }
    print_message("thinned: %u of %d records tell of a day, %u minutes looked at\n", count, THIN_COUNT, minutes);
    assert_true(minutes > 200);
}

/* Five hours of five records a second: groups grow until an hour's share is what is written in an hour; alarms do not wait. */
static void the_flash_budget_is_held(void **state)
{
    struct rig *rig = *state;
    uint64_t const day = (uint64_t)240 * 1024 * 1024;
    rig->site.journal.flash_budget = day;
    restart(rig);
    uint64_t begin = disk_bytes();
    for (int i = 0; i < 5 * 3600 * 5; i++) {
        struct news const news = wire_telemetry(1, rig->now.utc_ms);
        rig_push(&rig->telemetry, &news);
        (void)rig_step(rig);
        rig_pass(rig, 100 * MS);
        (void)rig_step(rig);
        rig_pass(rig, 100 * MS);
        if (i == 4 * 3600 * 5) {
            begin = disk_bytes(); /* what was saved up is spent */
            uint64_t const last = rig_last(rig->dir, LANE_A);
            push_alarm(rig, 1);
            (void)rig_step(rig);
            assert_int_equal(rig_last(rig->dir, LANE_A), last + 1);
        }
    }
    uint64_t const hour = disk_bytes() - begin;
    print_message("flash budget of %llu MB a day: %.1f MB in an hour\n", (unsigned long long)(day >> 20),
                  (double)hour / 1048576);
    assert_true(hour <= day / 24 * 13 / 10);
    assert_true(hour >= day / 24 / 4); /* and no longer waits than it takes */
    run(rig, 11000 * MS);
    assert_true(recorder_drained(rig->recorder));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_that_breaks_is_begun_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(a_state_of_another_boot_stays_one, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_disk_has_room_for_alarms, setup, teardown),
        cmocka_unit_test_setup_teardown(a_slow_disk_is_no_excuse, setup, teardown),
        cmocka_unit_test_setup_teardown(a_dead_disk_is_waited_for, setup, teardown),
        cmocka_unit_test_setup_teardown(recorded_means_on_the_disk, setup, teardown),
        cmocka_unit_test_setup_teardown(alarms_go_on_in_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(memory_outlives_the_process, setup, teardown),
        cmocka_unit_test_setup_teardown(the_flash_budget_is_held, setup, teardown),
        cmocka_unit_test_setup_teardown(old_telemetry_becomes_coarser, setup, teardown),
    };
    disk_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
