#include "tests/support/test.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

#include "tests/support/wire_rig.h"

#define MS 1000LL

static char payload[16384];

static int setup(void **state)
{
    static struct rig rig;
    rig_make(&rig, 1);
    *state = &rig;
    return 0;
}

static int teardown(void **state)
{
    rig_remove(*state);
    return 0;
}

static void restart(struct rig *rig)
{
    rig_stop(rig);
    rig_pass(rig, 1000 * MS);
    rig_start(rig);
}

static enum inbox_kind pop_inbox(struct rig *rig, struct inbox *inbox)
{
    size_t size;
    assert_int_equal(ring_pop(&rig->inbox, inbox, sizeof *inbox, &size), ERR_OK);
    return (enum inbox_kind)inbox->kind;
}

static void expect_in(enum lane lane, struct rig *rig, uint64_t seq, const char *text)
{
    assert_true(rig_record(rig->dir, lane, seq, payload, sizeof payload));
    if (strstr(payload, text) == NULL)
        fail_msg("%s not in %s", text, payload);
}

static void starts_with_an_empty_journal(void **state)
{
    struct rig *rig = *state;
    struct inbox inbox;
    struct board_journal shown;
    size_t size;
    (void)rig_step(rig);
    assert_int_equal(pop_inbox(rig, &inbox), INBOX_RESTORED);
    assert_int_equal(ring_pop(&rig->inbox, &inbox, sizeof inbox, &size), ERR_EMPTY);
    assert_true(atomic_load(&rig->inbox_bell.rung));
    assert_true(atomic_load(&rig->sender_bells[0].rung));
    expect_in(LANE_A, rig, 1,
              "\"lane\":\"a\",\"seq\":1,\"boot\":1,\"at\":1795310000000,\"clk\":\"sync\",\"event\":\"boot\"");
    expect_in(LANE_A, rig, 1, "\"config\":\"00112233");
    board_get_journal(rig->board, &shown);
    assert_true(shown.ok);
    assert_int_equal(shown.last_a, 1);
    assert_int_equal(shown.boot, 1);
    assert_string_equal(shown.trouble, "");
    restart(rig);
    (void)rig_step(rig);
    expect_in(LANE_A, rig, 2, "\"event\":\"stop\"");
    expect_in(LANE_A, rig, 3, "\"boot\":2,");
}

static void an_alarm_and_its_state_are_one(void **state)
{
    struct rig *rig = *state;
    struct inbox inbox;
    (void)rig_step(rig);
    struct news news = wire_alarm(WIRE_GAS_HIGH, EVENT_RAISED, ALARM_NORM, ALARM_UNACK, 1, 1795310000500);
    rig_push(&rig->news, &news);
    bell_answer(&rig->sender_bells[0]);
    (void)rig_step(rig);
    assert_true(atomic_load(&rig->sender_bells[0].rung));
    expect_in(LANE_A, rig, 2, "\"alarm\":\"gas.high\"");
    expect_in(LANE_A, rig, 2, "/gas-kitchen/gas.high/1\",\"event\":\"raised\"");
    for (int again = 0; again < 2; again++) {
        restart(rig);
        (void)rig_step(rig);
        assert_int_equal(pop_inbox(rig, &inbox), INBOX_STORED);
        assert_int_equal(inbox.is.stored.kind, STORED_RULE);
        assert_int_equal(inbox.is.stored.index, WIRE_GAS_HIGH);
        assert_int_equal(inbox.is.stored.state, ALARM_UNACK);
        assert_int_equal(inbox.is.stored.occurrence, 0);
        assert_int_equal(inbox.is.stored.flags, STORED_CONDITION);
        assert_int_equal(inbox.is.stored.since_utc_ms, 1795310000500);
        assert_int_equal(pop_inbox(rig, &inbox), INBOX_RESTORED);
    }
    news = wire_alarm(WIRE_GAS_HIGH, EVENT_ACKED, ALARM_UNACK, ALARM_ACKED, 0, 1795310003000);
    rig_push(&rig->news, &news);
    (void)rig_step(rig);
    expect_in(LANE_A, rig, 7, "/gas.high/1\",\"event\":\"acked\""); /* the stored occurrence */
    news = wire_alarm(WIRE_GAS_HIGH, EVENT_RAISED, ALARM_NORM, ALARM_UNACK, 1, 1795310004000);
    rig_push(&rig->news, &news);
    (void)rig_step(rig);
    expect_in(LANE_A, rig, 8, "/gas.high/2\",\"event\":\"raised\""); /* the first new one */
    restart(rig);
    (void)rig_step(rig);
    news = wire_alarm(WIRE_GAS_HIGH, EVENT_CLEARED, ALARM_UNACK, ALARM_RTN_UNACK, 0, 1795310005000);
    rig_push(&rig->news, &news);
    (void)rig_step(rig);
    expect_in(LANE_A, rig, 11, "/gas.high/2\",\"event\":\"cleared\"");
}

/* More than one transaction holds, of all lengths: no record twice, none without its state. */
static void a_burst_of_alarms_stays_whole(void **state)
{
    struct rig *rig = *state;
    uint64_t expected = 1;
    (void)rig_step(rig);
    for (size_t length = 0; length < 100; length += 9) {
        for (int i = 0; i < 240; i++) {
            struct news news = wire_alarm(WIRE_GAS_HIGH, EVENT_REARMED, ALARM_UNACK, ALARM_UNACK, 1, i);
            memset(news.is.alarm.why, 'x', length);
            rig_push(&rig->news, &news);
        }
        (void)rig_step(rig);
        expected += 240;
        assert_int_equal(rig_last(rig->dir, LANE_A), expected);
        assert_true(recorder_drained(rig->recorder));
    }
}

/* What was read before has its number by then, whether or not it is written. */
static void the_clock_is_set_up_to_a_number(void **state)
{
    struct rig *rig = *state;
    (void)rig_step(rig);
    struct news news = wire_telemetry(1.5, 1795310000500);
    for (int i = 0; i < 3; i++)
        rig_push(&rig->telemetry, &news);
    struct news alarm = wire_alarm(WIRE_GAS_HIGH, EVENT_RAISED, ALARM_NORM, ALARM_UNACK, 1, 1795310000500);
    rig_push(&rig->news, &alarm);
    memset(&news, 0, sizeof news);
    news.kind = NEWS_NOTICE;
    news.is.notice.notice = NOTICE_CLOCK_SET;
    (void)snprintf(news.is.notice.detail, sizeof news.is.notice.detail, "\"offset_ms\":-7");
    rig_push(&rig->news, &news);
    (void)rig_step(rig);
    expect_in(LANE_A, rig, 2, "\"alarm\":\"gas.high\"");
    expect_in(LANE_A, rig, 3, "\"event\":\"clock_set\",\"offset_ms\":-7,\"upto\":{\"a\":2,\"t\":3}}");
}

static void stores_states_that_are_not_published(void **state)
{
    struct rig *rig = *state;
    struct inbox inbox;
    struct news news = {.kind = NEWS_STORED, .has_stored = 1, .utc_ms = 5};
    (void)rig_step(rig);
    news.stored = (struct stored){.kind = STORED_HOLD, .index = WIRE_LIFT, .sub = 2, .pending_mono_ms = 4711};
    rig_push(&rig->news, &news);
    news.stored = (struct stored){.kind = STORED_INTERLOCK, .index = 0, .state = 1, .flags = STORED_SILENCED};
    rig_push(&rig->news, &news);
    news.stored = (struct stored){.kind = STORED_RULE,
                                  .index = WIRE_GAS_MODE,
                                  .pending_mono_ms = 99,
                                  .cleared_ms = 12000,
                                  .active_mono_ms = {98, 97}};
    rig_push(&rig->news, &news);
    (void)rig_step(rig);
    assert_int_equal(rig_last(rig->dir, LANE_A), 1);
    restart(rig);
    (void)rig_step(rig);
    assert_int_equal(pop_inbox(rig, &inbox), INBOX_STORED);
    assert_int_equal(inbox.is.stored.kind, STORED_HOLD);
    assert_int_equal(inbox.is.stored.index, WIRE_LIFT);
    assert_int_equal(inbox.is.stored.sub, 2);
    assert_int_equal(inbox.is.stored.pending_mono_ms, 4711);
    assert_int_equal(pop_inbox(rig, &inbox), INBOX_STORED);
    assert_int_equal(inbox.is.stored.kind, STORED_INTERLOCK);
    assert_int_equal(inbox.is.stored.flags, STORED_SILENCED);
    assert_int_equal(pop_inbox(rig, &inbox), INBOX_STORED);
    assert_int_equal(inbox.is.stored.kind, STORED_RULE);
    assert_int_equal(inbox.is.stored.index, WIRE_GAS_MODE);
    assert_int_equal(inbox.is.stored.cleared_ms, 12000);
    assert_int_equal(inbox.is.stored.active_mono_ms[0], 98);
    assert_int_equal(inbox.is.stored.active_mono_ms[1], 97);
    assert_int_equal(pop_inbox(rig, &inbox), INBOX_RESTORED);
}

static void waits_for_room_in_the_judges_ring(void **state)
{
    struct rig *rig = *state;
    struct inbox inbox;
    (void)rig_step(rig);
    for (uint32_t i = 0; i < WIRE_RULES; i++) {
        struct news news = wire_alarm(i, EVENT_RAISED, ALARM_NORM, ALARM_UNACK, 1, 1);
        rig_push(&rig->news, &news);
    }
    (void)rig_step(rig);
    restart(rig);
    ring_close(&rig->inbox);
    assert_int_equal(ring_open(&rig->inbox, 160), ERR_OK); /* room for one or two */
    int stored = 0;
    for (int turn = 0; turn < 20; turn++) {
        size_t size;
        (void)rig_step(rig);
        while (ring_pop(&rig->inbox, &inbox, sizeof inbox, &size) == ERR_OK) {
            if (inbox.kind == INBOX_RESTORED) {
                assert_int_equal(stored, WIRE_RULES);
                return;
            }
            stored++;
        }
    }
    fail_msg("INBOX_RESTORED never came");
}

static void telemetry_is_committed_in_groups(void **state)
{
    struct rig *rig = *state;
    struct news const news = wire_telemetry(1.5, 1795310000123);
    (void)rig_step(rig);
    uint64_t const last_t = rig_last(rig->dir, LANE_T);
    assert_int_equal(last_t, 0);
    rig_push(&rig->telemetry, &news);
    int64_t next = rig_step(rig);
    assert_int_equal(rig_last(rig->dir, LANE_T), 0);
    assert_false(recorder_drained(rig->recorder));
    assert_int_equal(next, rig->now.mono_us + 1 * MS);
    rig_pass(rig, 1 * MS); /* nothing more came */
    (void)rig_step(rig);
    assert_int_equal(rig_last(rig->dir, LANE_T), 1);
    assert_true(recorder_drained(rig->recorder));
    expect_in(LANE_T, rig, 1,
              "\"lane\":\"t\",\"seq\":1,\"boot\":1,\"at\":1795310000123,\"clk\":\"sync\",\"dev\":\"lift-1\","
              "\"cls\":\"lift\",\"values\":{\"car_speed\":1.5},\"bad\":{}}");
    for (int i = 0; i < 12; i++) { /* one each half millisecond: the first waits 5 ms and no longer */
        rig_push(&rig->telemetry, &news);
        (void)rig_step(rig);
        assert_int_equal(rig_last(rig->dir, LANE_T), i < 10 ? 1 : 12);
        rig_pass(rig, MS / 2);
    }
}

static void a_flood_is_written_in_full_groups(void **state)
{
    struct rig *rig = *state;
    struct news news = wire_telemetry(1.5, 1);
    struct board_journal shown;
    unsigned pushed = 0;
    (void)rig_step(rig);
    while (ring_push(&rig->telemetry, &news, news_size(&news)) == ERR_OK)
        pushed++;
    (void)rig_step(rig);
    rig_pass(rig, 5 * MS);
    (void)rig_step(rig);
    assert_true(pushed > 100);
    assert_int_equal(rig_last(rig->dir, LANE_T), pushed);
    board_get_journal(rig->board, &shown);
    assert_int_equal(shown.last_t, pushed);
    assert_in_range(shown.commits, 2, 6);
}

static void what_the_ring_refused_is_declared(void **state)
{
    struct rig *rig = *state;
    struct news news = wire_telemetry(1.5, 1795310000123);
    (void)rig_step(rig);
    rig_push(&rig->telemetry, &news);
    news.is.telemetry.dropped = 7;
    rig_push(&rig->telemetry, &news);
    (void)rig_step(rig);
    rig_pass(rig, 5 * MS);
    (void)rig_step(rig);
    expect_in(LANE_T, rig, 1, "\"seq\":1,");
    expect_in(LANE_T, rig, 9, "\"seq\":9,");
    expect_in(LANE_A, rig, 2, "\"event\":\"gap\",\"of\":\"t\",\"from\":2,\"to\":8,\"why\":\"ring\"}");
    restart(rig);
    (void)rig_step(rig);
    rig_pass(rig, 1000 * MS);
    (void)rig_step(rig);
    expect_in(LANE_A, rig, 4, "\"event\":\"boot\""); /* 3 is stop: the gap is not declared twice */
    assert_int_equal(rig_last(rig->dir, LANE_A), 4);
}

static void alarms_of_removed_rules_end(void **state)
{
    struct rig *rig = *state;
    struct inbox inbox;
    struct news const news = wire_alarm(WIRE_GAS_HIGH, EVENT_RAISED, ALARM_NORM, ALARM_UNACK, 1, 1);
    (void)rig_step(rig);
    rig_push(&rig->news, &news);
    (void)rig_step(rig);
    rig_stop(rig);
    struct site const whole = rig->site;
    rig->site.subjects += 1; /* the gas detector is gone */
    rig->site.subject_count -= 1;
    rig_start(rig);
    (void)rig_step(rig);
    assert_int_equal(pop_inbox(rig, &inbox), INBOX_RESTORED);
    expect_in(LANE_A, rig, 4, "\"dev\":\"gas-kitchen\",\"cls\":\"gas_detector\",\"alarm\":\"gas.high\"");
    expect_in(LANE_A, rig, 4, "\"from\":\"UNACK\",\"state\":\"NORM\",\"priority\":\"critical\"");
    expect_in(LANE_A, rig, 4, "\"why\":\"removed\"}");
    rig_stop(rig);
    rig->site = whole; /* and back: its numbers go on */
    rig_start(rig);
    (void)rig_step(rig);
    rig_push(&rig->news, &news);
    (void)rig_step(rig);
    expect_in(LANE_A, rig, 8, "/gas-kitchen/gas.high/2\"");
}

static void push_ack(struct rig *rig, const struct sender_ack *ack)
{
    assert_int_equal(ring_push(&rig->acks, ack, sizeof *ack), ERR_OK);
}

static uint64_t stored_lw(struct rig *rig, enum lane lane)
{
    struct journal_reader *reader;
    struct journal_cursor cursor;
    assert_int_equal(journal_reader_open(&reader, rig->dir), ERR_OK);
    assert_int_equal(journal_reader_cursor(reader, lane, "property", &cursor), ERR_OK);
    journal_reader_close(reader);
    return cursor.lw;
}

static void cursors_are_stored_within_a_second(void **state)
{
    struct rig *rig = *state;
    struct news const news = wire_telemetry(1, 1);
    (void)rig_step(rig);
    for (int i = 0; i < 5; i++)
        rig_push(&rig->telemetry, &news);
    (void)rig_step(rig);
    rig_pass(rig, 5 * MS);
    (void)rig_step(rig);
    push_ack(rig, &(struct sender_ack){.kind = ACK_CURSOR, .lane = 't', .lw = 3});
    (void)rig_step(rig);
    assert_int_equal(stored_lw(rig, LANE_T), 0);
    rig_pass(rig, 1001 * MS);
    (void)rig_step(rig);
    assert_int_equal(stored_lw(rig, LANE_T), 3);
    push_ack(rig, &(struct sender_ack){.kind = ACK_CURSOR, .lane = 't', .lw = 4});
    push_ack(rig, &(struct sender_ack){.kind = ACK_CURSOR, .lane = 't', .lw = 2}); /* older: not back */
    rig_push(&rig->telemetry, &news);
    (void)rig_step(rig);
    rig_pass(rig, 5 * MS);
    (void)rig_step(rig); /* with the next commit of its lane */
    assert_int_equal(stored_lw(rig, LANE_T), 4);
}

static void what_a_broker_refuses_is_declared(void **state)
{
    struct rig *rig = *state;
    (void)rig_step(rig);
    push_ack(rig, &(struct sender_ack){
                      .kind = ACK_REFUSED, .lane = 't', .range_count = 1, .ranges = {{5, 5}}, .reason = 0x99});
    (void)rig_step(rig);
    expect_in(LANE_A, rig, 2,
              "\"event\":\"gap\",\"of\":\"t\",\"from\":5,\"to\":5,\"why\":\"refused\",\"centre\":\"property\","
              "\"reason\":153}");
}

static void registries_change_with_the_site(void **state)
{
    struct rig *rig = *state;
    struct journal_reader *reader;
    struct journal_registry registry;
    struct journal_registry first;
    (void)rig_step(rig);
    assert_int_equal(journal_reader_open(&reader, rig->dir), ERR_OK);
    assert_int_equal(journal_reader_next_registry(reader, "property", "", false, &first), ERR_OK);
    assert_string_equal(first.dev, "gas-kitchen");
    assert_int_equal(first.rev, 1);
    assert_int_equal(strlen(first.sha256), 64);
    journal_reader_close(reader);
    struct sender_ack ack = {.kind = ACK_REGISTRY};
    (void)snprintf(ack.dev, sizeof ack.dev, "%s", first.dev);
    (void)snprintf(ack.sha256, sizeof ack.sha256, "%s", first.sha256);
    push_ack(rig, &ack);
    (void)rig_step(rig);
    rig_pass(rig, 300 * MS);
    (void)rig_step(rig);
    assert_int_equal(journal_reader_open(&reader, rig->dir), ERR_OK);
    assert_int_equal(journal_reader_next_registry(reader, "property", "", false, &registry), ERR_OK);
    assert_string_equal(registry.dev, "kitchen-trip");
    journal_reader_close(reader);
    rig_stop(rig);
    rig->site.time_zone = "UTC"; /* part of every archive */
    rig_start(rig);
    (void)rig_step(rig);
    assert_int_equal(journal_reader_open(&reader, rig->dir), ERR_OK);
    assert_int_equal(journal_reader_next_registry(reader, "property", "", false, &registry), ERR_OK);
    assert_string_equal(registry.dev, "gas-kitchen");
    assert_int_equal(registry.rev, 2);
    assert_string_not_equal(registry.sha256, first.sha256);
    journal_reader_close(reader);
}

/* The judge must not wait for a disk: it is told to begin, and gets the states when the journal opens after all. */
static void a_journal_that_opens_late(void **state)
{
    struct rig *rig = *state;
    struct inbox inbox;
    struct board_journal shown;
    size_t size;
    struct news const news = wire_alarm(WIRE_GAS_HIGH, EVENT_RAISED, ALARM_NORM, ALARM_UNACK, 1, 1);
    char hidden[SCRATCH_MAX + 8];
    (void)rig_step(rig);
    rig_push(&rig->news, &news);
    (void)rig_step(rig);
    rig_stop(rig);
    (void)snprintf(hidden, sizeof hidden, "%s.hidden", rig->dir);
    assert_int_equal(rename(rig->dir, hidden), 0);
    int fd = open(rig->dir, O_WRONLY | O_CREAT, 0600); /* a file where the directory should be */
    assert_true(fd >= 0);
    (void)close(fd);
    rig_start(rig);
    (void)rig_step(rig);
    assert_int_equal(pop_inbox(rig, &inbox), INBOX_RESTORED);
    board_get_journal(rig->board, &shown);
    assert_false(shown.ok);
    assert_true(shown.trouble[0] != '\0');
    rig_push(&rig->news, &news);
    rig_pass(rig, 6000 * MS);
    (void)rig_step(rig);
    assert_int_equal(ring_pop(&rig->inbox, &inbox, sizeof inbox, &size), ERR_EMPTY); /* said once */
    assert_int_equal(unlink(rig->dir), 0);
    assert_int_equal(rename(hidden, rig->dir), 0);
    rig_pass(rig, 6000 * MS);
    (void)rig_step(rig);
    assert_int_equal(pop_inbox(rig, &inbox), INBOX_STORED);
    assert_int_equal(pop_inbox(rig, &inbox), INBOX_RESTORED);
    expect_in(LANE_A, rig, 4, "\"event\":\"boot\"");
    expect_in(LANE_A, rig, 5, "/gas.high/2\",\"event\":\"raised\""); /* the ring held it */
    board_get_journal(rig->board, &shown);
    assert_true(shown.ok);
}

/* A disk that is full for a while: nothing that was taken is lost, numbers have no hole, alarms come first. */
static void a_full_disk_holds_and_goes_on(void **state)
{
    struct rig *rig = *state;
    struct rlimit before;
    struct board_journal shown;
    struct news const news = wire_telemetry(1, 1);
    struct news const alarm = wire_alarm(WIRE_GAS_HIGH, EVENT_RAISED, ALARM_NORM, ALARM_UNACK, 1, 1);
    unsigned pushed = 0;
    (void)rig_step(rig);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    struct rlimit const tight = {.rlim_cur = 80 * 1024, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    for (int i = 0; i < 800; i++) {
        if (ring_push(&rig->telemetry, &news, news_size(&news)) == ERR_OK)
            pushed++;
        rig_pass(rig, 20 * MS);
        (void)rig_step(rig);
    }
    rig_push(&rig->news, &alarm);
    (void)rig_step(rig);
    board_get_journal(rig->board, &shown);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_false(shown.ok);
    assert_true(shown.trouble[0] != '\0');
    for (int i = 0; i < 10; i++) {
        rig_pass(rig, 2000 * MS);
        (void)rig_step(rig);
    }
    board_get_journal(rig->board, &shown);
    assert_string_equal(shown.trouble, "");
    assert_true(recorder_drained(rig->recorder));
    assert_int_equal(rig_last(rig->dir, LANE_T), pushed);
    for (uint64_t seq = 1; seq <= pushed; seq++)
        assert_true(rig_record(rig->dir, LANE_T, seq, payload, sizeof payload));
    assert_int_equal(rig_last(rig->dir, LANE_A), 3);
    expect_in(LANE_A, rig, 2, "gas.high");
    expect_in(LANE_A, rig, 3, "\"event\":\"journal\",\"what\":\"resumed\",\"lane\":\"t\"");
}

/* Nobody fetches anything and the quota is small: the oldest telemetry goes, declared to the number; alarms stay. */
static void the_quota_sheds_telemetry_and_says_so(void **state)
{
    struct rig *rig = *state;
    struct news const alarm = wire_alarm(WIRE_GAS_HIGH, EVENT_RAISED, ALARM_NORM, ALARM_UNACK, 1, 1);
    rig->site.journal.size_max = (uint64_t)1024 * 1024;
    restart(rig);
    (void)rig_step(rig);
    rig_push(&rig->news, &alarm);
    for (int i = 0; i < 6000; i++) {
        struct news const news = wire_telemetry(1, rig->now.utc_ms); /* too young to be thinned */
        rig_push(&rig->telemetry, &news);
        if (i % 50 == 0) {
            rig_pass(rig, 100 * MS);
            (void)rig_step(rig);
            rig_pass(rig, 25 * MS);
            (void)rig_step(rig);
        }
    }
    for (int i = 0; i < 100; i++) {
        rig_pass(rig, 25 * MS);
        (void)rig_step(rig);
    }
    struct board_journal shown;
    board_get_journal(rig->board, &shown);
    assert_true(shown.bytes <= 1024 * 1024 * 81 / 100);
    assert_true(shown.dropped > 1000);
    assert_int_equal(shown.last_t, 6000);
    /* Every number is a row or inside exactly one declared gap. */
    uint64_t declared_to = 0;
    unsigned gaps = 0;
    for (uint64_t seq = 1; seq <= shown.last_a; seq++) {
        uint64_t first;
        uint64_t last;
        assert_true(rig_record(rig->dir, LANE_A, seq, payload, sizeof payload));
        const char *found = strstr(payload, "\"event\":\"gap\",\"of\":\"t\",\"from\":");
        if (found == NULL)
            continue;
        assert_int_equal(
            sscanf(found, "\"event\":\"gap\",\"of\":\"t\",\"from\":%" SCNu64 ",\"to\":%" SCNu64, &first, &last), 2);
        assert_int_equal(first, declared_to + 1);
        assert_non_null(strstr(found, "\"why\":\"size\"}"));
        declared_to = last;
        gaps++;
    }
    assert_int_equal(declared_to, shown.dropped);
    assert_in_range(gaps, 1, 100);
    assert_false(rig_record(rig->dir, LANE_T, declared_to, payload, sizeof payload));
    for (uint64_t seq = declared_to + 1; seq <= 6000; seq += 97)
        assert_true(rig_record(rig->dir, LANE_T, seq, payload, sizeof payload));
    expect_in(LANE_A, rig, 2, "gas.high");
}

static void delivered_and_old_is_deleted_quietly(void **state)
{
    struct rig *rig = *state;
    struct news news = wire_telemetry(1, 1795310000000);
    (void)rig_step(rig);
    for (int i = 0; i < 20; i++)
        rig_push(&rig->telemetry, &news);
    (void)rig_step(rig);
    rig_pass(rig, 5 * MS);
    (void)rig_step(rig);
    push_ack(rig, &(struct sender_ack){.kind = ACK_CURSOR, .lane = 't', .lw = 10});
    rig_pass(rig, 8LL * 24 * 3600 * 1000 * MS); /* keep_sent is 7 days */
    (void)rig_step(rig);
    rig_pass(rig, 11000 * MS);
    (void)rig_step(rig);
    assert_false(rig_record(rig->dir, LANE_T, 10, payload, sizeof payload));
    assert_true(rig_record(rig->dir, LANE_T, 11, payload, sizeof payload)); /* not delivered: age does not matter */
    assert_int_equal(rig_last(rig->dir, LANE_A), 1);                        /* nothing to declare */
}

static void a_damaged_file_is_an_event(void **state)
{
    struct rig *rig = *state;
    char path[128];
    struct news const news = wire_telemetry(1, 1);
    (void)rig_step(rig);
    rig_push(&rig->telemetry, &news);
    (void)rig_step(rig);
    rig_stop(rig);
    (void)snprintf(path, sizeof path, "%s/telemetry.db", rig->dir);
    int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, "garbage garbage garbage", 23, 0), 23);
    (void)close(fd);
    rig_start(rig);
    (void)rig_step(rig);
    rig_pass(rig, 300 * MS);
    (void)rig_step(rig);
    expect_in(LANE_A, rig, 4, "\"event\":\"journal\",\"what\":\"set_aside\",\"why\":\"telemetry.db was damaged");
    expect_in(LANE_A, rig, 5, "\"event\":\"journal\",\"what\":\"salvaged\",\"lane\":\"t\",\"back\":1,\"lost\":10000}");
    expect_in(LANE_A, rig, 6, "\"event\":\"gap\",\"of\":\"t\",\"from\":2,\"to\":10001,\"why\":\"salvage\"}");
    expect_in(LANE_T, rig, 1, "\"seq\":1,");
    rig_push(&rig->telemetry, &news);
    (void)rig_step(rig);
    rig_pass(rig, 5 * MS);
    (void)rig_step(rig);
    expect_in(LANE_T, rig, 10002, "\"seq\":10002,");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(starts_with_an_empty_journal, setup, teardown),
        cmocka_unit_test_setup_teardown(an_alarm_and_its_state_are_one, setup, teardown),
        cmocka_unit_test_setup_teardown(a_burst_of_alarms_stays_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(the_clock_is_set_up_to_a_number, setup, teardown),
        cmocka_unit_test_setup_teardown(stores_states_that_are_not_published, setup, teardown),
        cmocka_unit_test_setup_teardown(waits_for_room_in_the_judges_ring, setup, teardown),
        cmocka_unit_test_setup_teardown(telemetry_is_committed_in_groups, setup, teardown),
        cmocka_unit_test_setup_teardown(a_flood_is_written_in_full_groups, setup, teardown),
        cmocka_unit_test_setup_teardown(what_the_ring_refused_is_declared, setup, teardown),
        cmocka_unit_test_setup_teardown(alarms_of_removed_rules_end, setup, teardown),
        cmocka_unit_test_setup_teardown(cursors_are_stored_within_a_second, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_broker_refuses_is_declared, setup, teardown),
        cmocka_unit_test_setup_teardown(registries_change_with_the_site, setup, teardown),
        cmocka_unit_test_setup_teardown(a_journal_that_opens_late, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_disk_holds_and_goes_on, setup, teardown),
        cmocka_unit_test_setup_teardown(the_quota_sheds_telemetry_and_says_so, setup, teardown),
        cmocka_unit_test_setup_teardown(delivered_and_old_is_deleted_quietly, setup, teardown),
        cmocka_unit_test_setup_teardown(a_damaged_file_is_an_event, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
