/* What a centre may order of a sender, and receipts. */
#include "tests/support/test.h"

#include "gateway/base/text.h"
#include "gateway/run/sender_reads.h"
#include "tests/support/wire_world.h"

static void order(struct world *world, const char *verb, const char *id, const char *args)
{
    char payload[512];
    (void)snprintf(payload, sizeof payload,
                   "{\"id\":\"%s\",\"issued\":%" PRId64 ",\"expires\":%" PRId64 ",\"by\":\"duty\",\"args\":%s}", id,
                   world->rig.now.utc_ms, world->rig.now.utc_ms + 60000, args);
    broker_order(&world->broker, verb, payload);
    run(world, 100 * MS);
}

/* The reply to the last order. */
static const char *reply(const struct world *world, const char *verb)
{
    char topic[64];
    const char *found = "no reply";
    (void)snprintf(topic, sizeof topic, "reply/%s", verb);
    for (size_t i = 0; i < world->broker.log_count; i++)
        if (broker_topic_is(world->broker.log[i].topic, topic))
            found = world->broker.log[i].head;
    return found;
}

static void expect_reply(const struct world *world, const char *verb, const char *part)
{
    if (strstr(reply(world, verb), part) == NULL)
        fail_msg("%s is not in %s", part, reply(world, verb));
}

static void only_a_receipt_settles(void **state)
{
    struct world *world = *state;
    char args[128];
    struct board_journal journal;
    world->rig.centres[0].receipt = true;
    run(world, 1 * SEC);
    board_get_journal(world->rig.board, &journal);
    assert_string_equal(world->broker.subscribed, "outpost/v1/lq-xz-0001/order/+");
    push_telemetry(world, 50);
    run(world, 5 * SEC);
    assert_int_equal(shown(world).lw_t, 0);
    for (uint64_t seq = 1; seq <= 50; seq++)
        assert_int_equal(world->broker.copies[LANE_T][seq], 1); /* sent once, although not settled */
    (void)snprintf(args, sizeof args, "{\"stream\":\"%s\",\"lane\":\"t\",\"upto\":30}", journal.stream);
    order(world, "receipt", "r1", args);
    expect_reply(world, "receipt", "{\"v\":1,\"id\":\"r1\",\"ok\":true,\"lane\":\"t\",\"lw\":31}");
    assert_int_equal(shown(world).lw_t, 30);
    (void)snprintf(args, sizeof args, "{\"stream\":\"%s\",\"lane\":\"t\",\"upto\":51}", journal.stream);
    order(world, "receipt", "r2", args);
    expect_reply(world, "receipt", "\"ok\":false,\"code\":\"range\"");
    order(world, "receipt", "r3", "{\"stream\":\"other\",\"lane\":\"t\",\"upto\":40}");
    expect_reply(world, "receipt", "\"code\":\"stream\"");
    assert_int_equal(shown(world).lw_t, 30);
    run(world, 2 * SEC);         /* until it is stored */
    sender_close(world->sender); /* what was not receipted goes again, nothing else */
    open_sender(world, 2);
    run(world, 5 * SEC);
    for (uint64_t seq = 1; seq <= 50; seq++)
        assert_int_equal(world->broker.copies[LANE_T][seq], seq <= 30 ? 1 : 2);
    assert_int_equal(world->broker.conflicts, 0);
}

/* With receipts a clean end does not wait for them. */
static void ends_without_waiting_for_receipts(void **state)
{
    struct world *world = *state;
    world->rig.centres[0].receipt = true;
    run(world, 1 * SEC);
    push_telemetry(world, 5);
    run(world, 100 * MS);
    recorder_finish(world->rig.recorder, world->rig.now);
    sender_finish(world->sender);
    bell_ring(&world->rig.sender_bells[0]);
    run(world, 500 * MS);
    assert_true(sender_finished(world->sender));
    assert_true(world->broker.polite);
}

static void a_replay_sends_the_same_again(void **state)
{
    struct world *world = *state;
    run(world, 1 * SEC);
    push_telemetry(world, 100);
    push_alarm(world, ALARM_UNACK);
    push_alarm(world, ALARM_NORM);
    run(world, 5 * SEC);
    order(world, "replay", "p1", "{\"lane\":\"t\",\"from\":20,\"to\":60}");
    run(world, 1 * SEC);
    expect_reply(world, "replay", "{\"v\":1,\"id\":\"p1\",\"ok\":true,\"lane\":\"t\",\"from\":20,\"to\":60}");
    for (uint64_t seq = 1; seq <= 100; seq++)
        assert_int_equal(world->broker.copies[LANE_T][seq], seq >= 20 && seq <= 60 ? 2 : 1);
    order(world, "replay", "p2", "{\"lane\":\"a\",\"from\":2,\"to\":900}");
    run(world, 1 * SEC);
    expect_reply(world, "replay", "\"lane\":\"a\",\"from\":2,\"to\":4}"); /* 4: the event of the first order */
    assert_int_equal(world->broker.copies[LANE_A][1], 1);
    assert_int_equal(world->broker.copies[LANE_A][2], 2);
    assert_int_equal(world->broker.copies[LANE_A][3], 2);
    int const last = line_of(world, line_of(world, line_of(world, 0, "alarm/") + 1, "alarm/") + 1, "alarm/");
    assert_true(world->broker.log[last].hist);
    assert_int_equal(world->broker.conflicts, 0);
    order(world, "replay", "p3", "{\"lane\":\"t\",\"from\":500,\"to\":600}");
    expect_reply(world, "replay", "\"code\":\"range\"");
    char payload[1024];
    assert_true(rig_record(world->rig.dir, LANE_A, 4, payload, sizeof payload));
    assert_non_null(strstr(payload, "\"event\":\"order\",\"verb\":\"replay\",\"ok\":true,\"by\":\"duty\",\"id\":\"p1\","
                                    "\"source\":\"property\"}"));
}

/* Names of the greatest length, each byte of them to be escaped: the event is whole all the same. */
static void an_event_has_room_for_any_name(void **state)
{
    struct world *world = *state;
    char quotes[2 * ORDER_ID_MAX + 1];
    char text[1024];
    char payload[1024];
    run(world, 1 * SEC);
    for (size_t i = 0; i < sizeof quotes - 1; i++)
        quotes[i] = i % 2 == 0 ? '\\' : '"';
    quotes[sizeof quotes - 1] = '\0';
    (void)snprintf(text, sizeof text, "{\"id\":\"%s\",\"by\":\"%s\"}", quotes, quotes);
    broker_order(&world->broker, "\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01", text);
    run(world, 1 * SEC);
    assert_true(rig_record(world->rig.dir, LANE_A, 2, payload, sizeof payload));
    (void)snprintf(text, sizeof text, "\"code\":\"verb\",\"by\":\"%s\",\"id\":\"%s\",\"source\":\"property\"}", quotes,
                   quotes);
    assert_non_null(strstr(payload, text));
}

/* A replay goes on where it was when the connection breaks. */
static void a_replay_survives_a_break(void **state)
{
    struct world *world = *state;
    run(world, 1 * SEC);
    for (int i = 0; i < 40; i++) {
        push_telemetry(world, 50);
        run(world, 500 * MS);
    }
    assert_int_equal(shown(world).lw_t, 2000);
    world->broker.delay_us = 100000;
    order(world, "replay", "p1", "{\"lane\":\"t\",\"from\":1,\"to\":2000}");
    world->broker.cut_permille = 150;
    run(world, 200 * SEC);
    world->broker.cut_permille = 0;
    run(world, 200 * SEC);
    assert_true(world->broker.connects > 1);
    for (uint64_t seq = 1; seq <= 2000; seq++)
        assert_true(world->broker.copies[LANE_T][seq] >= 2);
    assert_int_equal(world->broker.conflicts, 0);
}

static void archives_are_published_again(void **state)
{
    struct world *world = *state;
    run(world, 2 * SEC);
    assert_int_equal(count_of(world, "registry/"), 4);
    order(world, "registry", "g1", "{\"dev\":\"lift-1\"}");
    run(world, 1 * SEC);
    assert_int_equal(count_of(world, "registry/"), 5);
    assert_int_equal(count_of(world, "registry/lift-1"), 2);
    order(world, "registry", "g2", "{}");
    run(world, 1 * SEC);
    assert_int_equal(count_of(world, "registry/"), 9);
    order(world, "registry", "g3", "{\"dev\":\"nobody\"}");
    expect_reply(world, "registry", "\"code\":\"not_found\"");
    assert_int_equal(count_of(world, "telemetry/"), 0);
}

static void the_same_id_does_nothing_twice(void **state)
{
    struct world *world = *state;
    run(world, 1 * SEC);
    push_telemetry(world, 10);
    run(world, 1 * SEC);
    order(world, "replay", "same", "{\"lane\":\"t\",\"from\":1,\"to\":3}");
    run(world, 1 * SEC);
    order(world, "replay", "same", "{\"lane\":\"t\",\"from\":1,\"to\":10}");
    run(world, 1 * SEC);
    assert_int_equal(count_of(world, "reply/replay"), 2);
    expect_reply(world, "replay", "\"from\":1,\"to\":3}"); /* the first answer */
    assert_int_equal(world->broker.copies[LANE_T][3], 2);
    assert_int_equal(world->broker.copies[LANE_T][4], 1);
    assert_int_equal(shown(world).lw_a, 2); /* and one event */
}

static void bad_orders_are_refused_in_words(void **state)
{
    struct world *world = *state;
    run(world, 1 * SEC);
    broker_order(&world->broker, "replay", "not json");
    run(world, 100 * MS);
    expect_reply(world, "replay",
                 "{\"v\":1,\"id\":\"\",\"ok\":false,\"code\":\"format\",\"why\":\"the order is not JSON\"}");
    order(world, "dance", "d1", "{}");
    expect_reply(world, "dance", "{\"v\":1,\"id\":\"d1\",\"ok\":false,\"code\":\"verb\"");
    order(world, "write", "w1", "{}");
    expect_reply(world, "write", "{\"v\":1,\"id\":\"w1\",\"ok\":false,\"code\":\"signature\"");
    broker_order(&world->broker, "registry", "{\"id\":\"e1\",\"issued\":1,\"expires\":2,\"by\":\"x\",\"args\":{}}");
    run(world, 100 * MS);
    expect_reply(world, "registry", "\"code\":\"expired\"");
    world->rig.now.synced = false; /* who does not know the time cannot judge it */
    broker_order(&world->broker, "registry", "{\"id\":\"e2\",\"issued\":1,\"expires\":2,\"by\":\"x\",\"args\":{}}");
    run(world, 100 * MS);
    expect_reply(world, "registry", "{\"v\":1,\"id\":\"e2\",\"ok\":true}");
    world->broker.letter.retained = true;
    order(world, "registry", "e3", "{}");
    expect_reply(world, "registry", "\"code\":\"retained\"");
    order(world, "receipt", "e4", "{\"stream\":\"x\",\"lane\":\"t\",\"upto\":1}");
    expect_reply(world, "receipt", "\"code\":\"not_configured\"");
    for (int i = 0; i < 40; i++) {
        char id[8];
        (void)snprintf(id, sizeof id, "f%d", i);
        order(world, "registry", id, "{}");
    }
    expect_reply(world, "registry", "\"code\":\"rate\"");
    uint64_t const events = shown(world).lw_a;
    order(world, "registry", "f99", "{}");
    run(world, 100 * MS);
    assert_int_equal(shown(world).lw_a, events); /* a flood is no news */
    run(world, 30 * SEC);
    order(world, "registry", "g0", "{}");
    expect_reply(world, "registry", "{\"v\":1,\"id\":\"g0\",\"ok\":true}");
}

static void an_answer_goes_where_it_may(void **state)
{
    struct world *world = *state;
    run(world, 1 * SEC);
    (void)snprintf(world->broker.letter.response_topic, sizeof world->broker.letter.response_topic,
                   "outpost/v1/lq-xz-0001/reply/x/1");
    (void)snprintf(world->broker.letter.correlation, sizeof world->broker.letter.correlation, "k7");
    order(world, "registry", "a1", "{}");
    int const at = line_of(world, 0, "reply/");
    assert_string_equal(world->broker.log[at].topic, "outpost/v1/lq-xz-0001/reply/x/1");
    assert_string_equal(world->broker.log[at].correlation, "k7");
    static const char *const not_there[] = {"outpost/v1/somebody/order/write", "outpost/v1/lq-xz-0001/reply/",
                                            "outpost/v1/lq-xz-0001/reply/+/1", "outpost/v1/lq-xz-0001/reply/#"};
    int last = at;
    for (size_t i = 0; i < sizeof not_there / sizeof not_there[0]; i++) {
        char id[8];
        (void)snprintf(id, sizeof id, "a%zu", i + 2);
        (void)snprintf(world->broker.letter.response_topic, sizeof world->broker.letter.response_topic, "%s",
                       not_there[i]);
        order(world, "registry", id, "{}");
        last = line_of(world, last + 1, "reply/");
        assert_true(last > at);
        assert_string_equal(world->broker.log[last].topic, "outpost/v1/lq-xz-0001/reply/registry");
    }
}

/* --- what the judge is asked --- */

static bool judge_gets(struct world *world, struct order *ret_order)
{
    struct inbox item;
    size_t size;
    while (ring_pop(&world->rig.inbox, &item, sizeof item, &size) == ERR_OK) {
        if (item.kind != INBOX_ORDER)
            continue;
        assert_int_equal(size, inbox_size(&item));
        *ret_order = item.is.order;
        return true;
    }
    return false;
}

/* As the judge does it: the answer goes with the event. */
static void judge_says(struct world *world, const struct order *order, const char *code, uint32_t count)
{
    struct news news = {.kind = NEWS_NOTICE, .synced = 1, .utc_ms = world->rig.now.utc_ms};
    news.is.notice.notice = NOTICE_ORDER;
    news.is.notice.answer.centre = order->centre;
    news.is.notice.answer.count = count;
    text_copy(news.is.notice.answer.id, sizeof news.is.notice.answer.id, order->id);
    text_copy(news.is.notice.answer.code, sizeof news.is.notice.answer.code, code);
    text_copy(news.is.notice.answer.why, sizeof news.is.notice.answer.why, code[0] != '\0' ? "because" : "");
    text_copy(news.is.notice.detail, sizeof news.is.notice.detail, "\"verb\":\"ack\",\"ok\":true");
    rig_push(&world->rig.news, &news);
    bell_ring(&world->rig.recorder_bell);
    run(world, 100 * MS);
}

static bool is_stored(const struct world *world, const char *id, bool answered)
{
    struct journal_reader *reader;
    struct journal_order stored;
    assert_int_equal(journal_reader_open(&reader, world->rig.dir), ERR_OK);
    bool const found = journal_reader_order(reader, "property", id, &stored) == ERR_OK;
    journal_reader_close(reader);
    return found && stored.answered == answered;
}

static void an_ack_goes_to_the_judge_once(void **state)
{
    struct world *world = *state;
    struct order got;
    run(world, 1 * SEC);
    order(world, "ack", "k1", "{\"dev\":\"gas-kitchen\",\"alarm\":\"gas.high\",\"why\":\"on my way\"}");
    assert_true(is_stored(world, "k1", false)); /* before the judge hears of it */
    assert_true(judge_gets(world, &got));
    assert_int_equal(got.verb, ORDER_ACK);
    assert_int_equal(got.source, SOURCE_CENTRE);
    assert_int_equal(got.centre, 0);
    assert_int_equal(got.subject, 0);
    assert_int_equal(got.rule, WIRE_GAS_HIGH);
    assert_string_equal(got.id, "k1");
    assert_string_equal(got.by, "duty");
    assert_string_equal(got.why, "on my way");
    assert_string_equal(reply(world, "ack"), "no reply");
    order(world, "ack", "k1", "{\"all\":true}"); /* impatient */
    assert_false(judge_gets(world, &got));
    text_copy(got.id, sizeof got.id, "k1");
    judge_says(world, &got, "", 1);
    assert_int_equal(count_of(world, "reply/ack"), 2); /* both get the answer */
    assert_string_equal(reply(world, "ack"), "{\"v\":1,\"id\":\"k1\",\"ok\":true,\"count\":1}");
    assert_true(is_stored(world, "k1", true));
    run(world, 2 * SEC);
    sender_close(world->sender); /* another process, another connection: the same answer, and nothing is done */
    open_sender(world, 3);
    run(world, 2 * SEC);
    order(world, "ack", "k1", "{\"all\":true}");
    assert_int_equal(count_of(world, "reply/ack"), 3);
    assert_string_equal(reply(world, "ack"), "{\"v\":1,\"id\":\"k1\",\"ok\":true,\"count\":1}");
    assert_false(judge_gets(world, &got));
    assert_int_equal(shown(world).lw_a, 2); /* boot, and one event */
}

static void a_refusal_of_the_judge_comes_back(void **state)
{
    struct world *world = *state;
    struct order got;
    run(world, 1 * SEC);
    order(world, "silence", "s1", "{}");
    assert_true(judge_gets(world, &got));
    assert_int_equal(got.verb, ORDER_SILENCE);
    assert_int_equal(got.subject, -1);
    judge_says(world, &got, "nothing_to_do", 0);
    assert_string_equal(reply(world, "silence"),
                        "{\"v\":1,\"id\":\"s1\",\"ok\":false,\"code\":\"nothing_to_do\",\"why\":\"because\"}");
    order(world, "ack", "s2", "{\"dev\":\"gas-kitchen\",\"alarm\":\"gas.hihg\"}");
    expect_reply(world, "ack", "\"code\":\"not_found\"");
    assert_false(judge_gets(world, &got));
    order(world, "ack", "s2", "{\"all\":true}"); /* refused is an answer, too */
    expect_reply(world, "ack", "\"code\":\"not_found\"");
    assert_false(judge_gets(world, &got));
}

/* Nobody answers: that is said, too, and later the answer is there all the same. */
static void an_answer_that_does_not_come(void **state)
{
    struct world *world = *state;
    struct order got;
    run(world, 1 * SEC);
    order(world, "ack", "n1", "{\"all\":true}");
    order(world, "registry", "n2", "{}"); /* waits behind it */
    run(world, 9 * SEC);
    assert_string_equal(reply(world, "ack"), "no reply");
    run(world, 1 * SEC);
    expect_reply(world, "ack", "{\"v\":1,\"id\":\"n1\",\"ok\":false,\"code\":\"no_answer\"");
    expect_reply(world, "registry", "{\"v\":1,\"id\":\"n2\",\"ok\":true}");
    assert_true(judge_gets(world, &got));
    judge_says(world, &got, "", 3);
    order(world, "ack", "n1", "{\"all\":true}");
    expect_reply(world, "ack", "{\"v\":1,\"id\":\"n1\",\"ok\":true,\"count\":3}");
}

static void a_read_brings_what_is_known(void **state)
{
    struct world *world = *state;
    struct sample const samples[] = {
        {.point = WIRE_LEL, .value.number = 12.5, .quality = QUALITY_GOOD},
        {.point = WIRE_MODE, .quality = QUALITY_BAD, .reason = REASON_NO_ANSWER},
        {.point = WIRE_FAULT, .value.boolean = true, .quality = QUALITY_UNCERTAIN},
    };
    run(world, 1 * SEC);
    int64_t const ages[] = {world->rig.now.mono_us - 400 * MS, world->rig.now.mono_us - 700 * MS};
    board_put_device(world->rig.board, WIRE_GAS, world->rig.now.utc_ms, samples, 3, NULL, 0);
    board_put_ages(world->rig.board, WIRE_GAS, ages, 2);
    order(world, "read", "r1", "{\"dev\":\"gas-kitchen\"}");
    expect_reply(world, "read",
                 "{\"v\":1,\"id\":\"r1\",\"ok\":true,\"dev\":\"gas-kitchen\",\"cls\":\"gas_detector\",\"at\":");
    expect_reply(world, "read", "\"points\":{\"gas_lel_pct\":{\"value\":12.5,\"quality\":\"good\",\"age_ms\":4");
    expect_reply(world, "read", "\"detector_mode\":{\"quality\":\"bad\",\"reason\":\"no_answer\",\"age_ms\":70");
    expect_reply(world, "read", "\"fault\":{\"value\":true,\"quality\":\"uncertain\"}");
    struct sample const later = {.point = WIRE_LEL, .value.number = 60, .quality = QUALITY_GOOD};
    board_put_device(world->rig.board, WIRE_GAS, world->rig.now.utc_ms, &later, 1, NULL, 0);
    order(world, "read", "r1", "{\"dev\":\"gas-kitchen\"}"); /* the first answer, and no event */
    assert_int_equal(count_of(world, "reply/read"), 2);
    expect_reply(world, "read", "\"points\":{\"gas_lel_pct\":{\"value\":12.5,\"quality\":\"good\",\"age_ms\":4");
    order(world, "read", "r3", "{\"dev\":\"gas-kitchen\"}");
    expect_reply(world, "read", "\"points\":{\"gas_lel_pct\":{\"value\":60,");
    order(world, "read", "r2", "{\"dev\":\"nobody\"}");
    expect_reply(world, "read", "{\"v\":1,\"id\":\"r2\",\"ok\":false,\"code\":\"not_found\"");
    run(world, 1 * SEC);
    assert_int_equal(shown(world).lw_a, 4); /* boot, and three orders */
}

/* Bounded: what no longer fits is forgotten, the oldest first, and nothing else is touched. */
static void readings_are_kept_within_bounds(void **state)
{
    (void)state;
    static struct sender_reads reads;
    static char bytes[READS_KEPT_SIZE + 1];
    char id[16];
    size_t size = 0;
    reads = (struct sender_reads){.count = 0};
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(id, sizeof id, "r%d", i);
        size_t const mine = (size_t)(i < 500 ? i * 37 % 5000 : i % 100); /* first the bytes are full, then the list */
        memset(bytes, 'a' + i % 26, mine);
        sender_keep_read(&reads, id, bytes, mine);
        const char *kept = sender_find_read(&reads, id, &size);
        assert_non_null(kept);
        assert_int_equal(size, mine);
        assert_memory_equal(kept, bytes, mine);
        size_t sum = 0;
        for (size_t k = 0; k < reads.count; k++)
            sum += reads.list[k].size;
        assert_int_equal(sum, reads.used);
        assert_true(reads.used <= READS_KEPT_SIZE && reads.count <= READS_MAX);
    }
    assert_null(sender_find_read(&reads, "r0", &size));
    const char *before = sender_find_read(&reads, "r998", &size);
    assert_non_null(before);
    assert_int_equal(before[0], 'a' + 998 % 26);
    sender_keep_read(&reads, "large", bytes, READS_KEPT_SIZE + 1);
    assert_null(sender_find_read(&reads, "large", &size));
    sender_keep_read(&reads, "whole", bytes, READS_KEPT_SIZE);
    assert_int_equal(reads.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_a_receipt_settles, setup, teardown),
        cmocka_unit_test_setup_teardown(ends_without_waiting_for_receipts, setup, teardown),
        cmocka_unit_test_setup_teardown(a_replay_sends_the_same_again, setup, teardown),
        cmocka_unit_test_setup_teardown(a_replay_survives_a_break, setup, teardown),
        cmocka_unit_test_setup_teardown(archives_are_published_again, setup, teardown),
        cmocka_unit_test_setup_teardown(the_same_id_does_nothing_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(an_event_has_room_for_any_name, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_orders_are_refused_in_words, setup, teardown),
        cmocka_unit_test_setup_teardown(an_answer_goes_where_it_may, setup, teardown),
        cmocka_unit_test_setup_teardown(an_ack_goes_to_the_judge_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refusal_of_the_judge_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(an_answer_that_does_not_come, setup, teardown),
        cmocka_unit_test_setup_teardown(a_read_brings_what_is_known, setup, teardown),
        cmocka_unit_test(readings_are_kept_within_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
