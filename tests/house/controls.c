/* Negative controls: what the oracle is for, it sees. A good run is recorded, one thing about it is falsified, and exactly
 * the invariant that stands for it must break. A test that cannot fail proves nothing. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "gateway/base/check.h"
#include "tests/house/scenes.h"
#include "tests/house/sites.h"

#define HIGH    52.1
#define LEAK_US (15 * SECOND)
#define OVER_US (35 * SECOND)
#define CALM_US (60 * SECOND)
#define END_US  (3 * MINUTE)

static struct world world;
static struct ledger ledger;
static int kitchen;

/* Calm, a leak in the kitchen, calm; a slave that falls silent. Nothing is judged yet. */
static void record(uint64_t loses_at)
{
    world_open(&world, &street_site.setup);
    world.brokers[0].loses_at = loses_at;
    kitchen = plant_find(&world.plant, "gas-kitchen");
    world_run_until(&world, LEAK_US);
    plant_set_gas(&world.plant, kitchen, HIGH);
    world_run_until(&world, OVER_US);
    plant_set_gas(&world.plant, kitchen, 0);
    world_run_until(&world, CALM_US);
    plant_set_fault(&world.plant, plant_find(&world.plant, "stamp-2"), FAULT_DEAF, 1000);
    world_run_until(&world, END_US);
    (void)world_settle(&world, 0, MINUTE);
    world.stage.quiet = true;
}

static void judge(const struct expectations *expectations)
{
    ledger_open(&ledger, &world, 0, true);
    oracle_check(&world, &ledger, expectations);
    ledger_close(&ledger);
}

/* Judged as it is now, this invariant breaks; `only`: and no other. */
static void assert_broken(enum invariant invariant, const struct expectations *expectations)
{
    judge(expectations);
    size_t const broken = world.stage.broken[invariant];
    world_close(&world);
    if (broken == 0)
        fail_msg("nobody sees that it is broken: %s", invariant_text(invariant));
}

static const struct expectations *usual(void)
{
    return &street_site.expectations;
}

static struct accepted *message_with(const char *topic, const char *words, size_t n)
{
    for (size_t i = 0; i < world.brokers[0].count; i++) {
        struct accepted *message = &world.brokers[0].list[i];
        if (strstr(message->topic, topic) != NULL && strstr(message->payload, words) != NULL && n-- == 0)
            return message;
    }
    fail_msg("no message %s with %s", topic, words);
    return NULL;
}

/* Words of one length, so that the payload keeps its size. */
static void falsify(struct accepted *message, const char *words, const char *other)
{
    char *at = strstr(message->payload, words);
    assert_non_null(at);
    assert_int_equal(strlen(words), strlen(other));
    memcpy(at, other, strlen(other));
}

static void falsify_gas(int64_t from_us, int64_t to_us, bool good, double value)
{
    size_t changed = 0;
    for (size_t i = 0; i < world.log.count; i++) {
        struct wire_event *event = &world.log.list[i];
        if (event->slave != kitchen || !event->has_gas || event->done_us < from_us || event->done_us >= to_us)
            continue;
        event->err = good ? ERR_OK : ERR_TIMEOUT;
        event->gas_lel_pct = value;
        changed++;
    }
    assert_true(changed > 0);
}

void the_oracle_is_content_with_a_good_run(void **state)
{
    (void)state;
    record(0);
    world.stage.quiet = false;
    judge(usual());
    size_t const broken = world.stage.broken_count;
    world_close(&world);
    assert_int_equal(broken, 0);
}

void the_oracle_misses_a_lost_record(void **state)
{
    (void)state;
    record(7); /* a broker that acknowledges one and forgets it */
    assert_broken(INV_NUMBERS, usual());
    record(0);
    struct fake_broker *broker = &world.brokers[0];
    struct accepted *last = message_with("/alarm/", "gas.high", 0);
    last->topic[0] = 'x'; /* it went somewhere else */
    assert_true(broker->count > 0);
    assert_broken(INV_NUMBERS, usual());
}

void the_oracle_compares_duplicates(void **state)
{
    (void)state;
    record(0);
    struct fake_broker *broker = &world.brokers[0];
    struct accepted again = *message_with("/telemetry/stamp-1", "r12", 3);
    again.topic = strdup(again.topic);
    again.payload = strdup(again.payload);
    again.connection++;
    broker->list = stage_grow(broker->list, broker->count, &broker->max, sizeof *broker->list);
    broker->list[broker->count++] = again;
    ledger_open(&ledger, &world, 0, true);
    assert_int_equal(ledger.duplicates, 1);
    assert_int_equal(world.stage.broken[INV_DUPLICATE], 0); /* the same bytes are no harm */
    ledger_close(&ledger);
    falsify(&broker->list[broker->count - 1], "\"r12\":", "\"r13\":");
    assert_broken(INV_DUPLICATE, usual());
}

void the_oracle_wants_order(void **state)
{
    (void)state;
    record(0);
    struct accepted *one = message_with("/telemetry/", "stamp-1", 2);
    struct accepted *two = message_with("/telemetry/", "stamp-1", 3);
    struct accepted const keep = *one;
    *one = *two;
    *two = keep;
    assert_broken(INV_SEQUENCE, usual());
}

void the_oracle_reads_chains(void **state)
{
    (void)state;
    record(0);
    falsify(message_with("/alarm/", "gas.high", 0), "\"from\":\"NORM\"", "\"from\":\"NOPE\"");
    assert_broken(INV_CHAIN, usual());
    record(0);
    falsify(message_with("/alarm/", "cleared", 0), "/1\"", "/7\""); /* another occurrence */
    assert_broken(INV_CHAIN, usual());
}

void the_oracle_knows_false_and_missed_raises(void **state)
{
    (void)state;
    record(0);
    falsify_gas(0, END_US, true, 0);
    assert_broken(INV_FALSE_RAISE, usual());
    record(0);
    falsify_gas(0, LEAK_US + 2 * SECOND, true, 0); /* gas.low needs three seconds */
    assert_broken(INV_FALSE_RAISE, usual());
    record(0);
    falsify_gas(LEAK_US, OVER_US, false, HIGH); /* none of it was a good reading */
    assert_broken(INV_FALSE_RAISE, usual());
    record(0);
    falsify_gas(CALM_US, CALM_US + 20 * SECOND, true, HIGH);
    assert_broken(INV_MISSED_RAISE, usual());
}

void the_oracle_knows_false_and_missed_clears(void **state)
{
    (void)state;
    record(0);
    falsify_gas(OVER_US, OVER_US + 5 * SECOND, true, 37.5); /* inside the deadband */
    assert_broken(INV_FALSE_CLEAR, usual());
    record(0);
    falsify_gas(OVER_US, OVER_US + 5 * SECOND, false, 0); /* time that was not seen does not count */
    assert_broken(INV_FALSE_CLEAR, usual());
    record(0);
    falsify_gas(LEAK_US + SECOND, OVER_US, true, 0);
    assert_broken(INV_MISSED_CLEAR, usual());
}

void the_oracle_checks_alarm_values(void **state)
{
    (void)state;
    record(0);
    falsify(message_with("/alarm/", "gas.high", 0), "\"value\":52.1", "\"value\":52.2");
    assert_broken(INV_ALARM_VALUE, usual());
    record(0);
    falsify(message_with("/alarm/", "gas.high", 0), "\"limit\":40", "\"limit\":41");
    assert_broken(INV_ALARM_VALUE, usual());
}

void the_oracle_checks_telemetry_values(void **state)
{
    (void)state;
    record(0);
    falsify(message_with("/telemetry/gas-kitchen", "52.1", 0), "52.1", "52.2");
    assert_broken(INV_VALUE, usual());
    record(0);
    falsify(message_with("/telemetry/stamp-1", "\"r12\":", 0), "\"r12\":", "\"r2\" :"); /* another register's value */
    assert_broken(INV_VALUE, usual());
    record(0);
    struct plant_slave *slave = &world.plant.slaves[plant_find(&world.plant, "stamp-1")];
    slave->number++; /* another slave's values */
    assert_broken(INV_VALUE, usual());
    record(0);
    falsify(message_with("/telemetry/stamp-2", "no_answer", 0), "no_answer", "no_appear");
    assert_broken(INV_REASON, usual());
}

void the_oracle_checks_pace_and_silence(void **state)
{
    (void)state;
    struct expect_device devices[16];
    struct expectations strict = *usual();
    assert_true(strict.device_count <= ARRAY_SIZE(devices));
    memcpy(devices, strict.devices, strict.device_count * sizeof devices[0]);
    strict.devices = devices;
    devices[4].every_us = 20 * SECOND;
    record(0);
    assert_broken(INV_PACE, &strict);
    devices[4].every_us = 2 * SECOND;
    devices[0].max_silence_us = SECOND;
    record(0);
    assert_broken(INV_SILENCE, &strict);
}

void the_oracle_checks_the_interlock(void **state)
{
    (void)state;
    record(0);
    for (size_t i = 0; i < world.plant.step_count; i++)
        if (world.plant.steps[i].what == TRUTH_CLOSED)
            world.plant.steps[i].value = 0; /* it never closed */
    assert_broken(INV_INTERLOCK, usual());
    record(0);
    struct expectations blind = *usual();
    blind.rule_count = 0; /* as if no detector had a reason */
    assert_broken(INV_INTERLOCK, &blind);
    record(0);
    falsify(message_with("/event", "interlock_confirmed", 0), "interlock_confirmed", "interlock_convinced");
    assert_broken(INV_INTERLOCK, usual());
    record(0);
    falsify(message_with("/event", "interlock_tripped", 0), "interlock_tripped", "interlock_skipped");
    falsify(message_with("/event", "interlock_tripped", 0), "interlock_tripped", "interlock_skipped");
    assert_broken(INV_INTERLOCK, usual());
}

void the_oracle_checks_retained_messages(void **state)
{
    (void)state;
    record(0);
    struct accepted *active = NULL;
    for (size_t i = 0; i < world.brokers[0].count; i++)
        if (strstr(world.brokers[0].list[i].topic, "/active/gas-kitchen") != NULL)
            active = &world.brokers[0].list[i];
    CHECK(active != NULL);
    falsify(active, "\"state\":\"", "\"stale\":\"");
    assert_broken(INV_ACTIVE, usual());
    record(0);
    falsify(message_with("/status", "\"online\":true", 0), "\"lw\":{\"a\":1", "\"lw\":{\"a\":9");
    assert_broken(INV_STATUS, usual());
}

static enum link_progress wait_for_end(struct fake_link *fake)
{
    struct link const door = fake_link_door(fake);
    struct link_reply reply;
    enum err err;
    int64_t next_mono_us;
    enum link_progress progress;
    while ((progress = door.ops->poll(door.self, stage_mono_us(&world.stage, world.stage.t_us), &reply, &err,
                                      &next_mono_us)) == LINK_WAIT)
        world.stage.t_us = stage_world_us(&world.stage, next_mono_us);
    return progress;
}

static enum err begin(struct fake_link *fake, struct link_request request)
{
    struct link const door = fake_link_door(fake);
    request.timeout_ms = 300;
    return door.ops->start(door.self, &request, stage_mono_us(&world.stage, world.stage.t_us));
}

void the_fakes_know_how_their_doors_are_used(void **state)
{
    (void)state;
    record(0);
    world_stop_house(&world);
    struct fake_link *line = &world.links[0];
    struct fake_link *lift_room = &world.links[1];
    struct link const line_door = fake_link_door(line);
    assert_int_equal(line_door.ops->open(line_door.self, 0), ERR_OK);
    (void)fake_link_door(lift_room).ops->open(lift_room, 0);
    (void)fake_link_door(lift_room).ops->open(lift_room, 0);

    struct link_request const read = {.unit = 20, .function = LINK_READ_HOLDING, .address = 0, .count = 2};
    assert_int_equal(begin(line, read), ERR_OK);
    assert_int_equal(begin(line, read), ERR_CLOSED);
    assert_int_equal(world.stage.broken[INV_LINK], 1);
    assert_int_equal(wait_for_end(line), LINK_DONE);

    /* A late answer of the same shape: the line cannot tell, but the fake does. Of another shape it is discarded. */
    struct plant_slave *slave = &world.plant.slaves[plant_find(&world.plant, "stamp-1")];
    struct link_request other = read;
    for (int round = 0; round < 2; round++) {
        slave->late_us = 20000;
        plant_set_fault(&world.plant, plant_find(&world.plant, "stamp-1"), FAULT_LATE, 1000);
        assert_int_equal(begin(line, read), ERR_OK);
        assert_int_equal(wait_for_end(line), LINK_FAILED);
        plant_set_fault(&world.plant, plant_find(&world.plant, "stamp-1"), FAULT_NONE, 0);
        other.address = 12;
        other.count = round == 0 ? 4 : 2;
        assert_int_equal(begin(line, other), ERR_OK);
        assert_int_equal(wait_for_end(line), LINK_DONE);
        assert_int_equal(world.stage.broken[INV_FENCE], round);
    }

    struct link_request const write = {.unit = 5, .function = LINK_WRITE_COIL, .address = 0, .count = 1, .value = 1};
    assert_int_equal(begin(lift_room, write), ERR_OK);
    assert_int_equal(wait_for_end(lift_room), LINK_FAILED);
    assert_int_equal(world.stage.broken[INV_LIFT], 1);

    struct uplink const door = fake_broker_door(&world.brokers[0]);
    struct uplink_options const options = {.client_id = "x", .will_topic = "x", .will_payload = "", .mqtt = 5};
    struct uplink_message const message = {.topic = "x", .payload = "y", .payload_size = 1, .qos = 1};
    assert_int_equal(door.ops->publish(door.self, &message), ERR_CLOSED);
    assert_int_equal(door.ops->connect(door.self, &options), ERR_OK);
    world.stage.t_us += SECOND;
    fake_broker_move(&world.brokers[0]);
    for (int i = 0; i < world.brokers[0].receive_maximum; i++)
        assert_int_equal(door.ops->publish(door.self, &message), ERR_OK);
    assert_int_equal(world.stage.broken[INV_UPLINK], 0);
    (void)door.ops->publish(door.self, &message);
    assert_int_equal(world.stage.broken[INV_UPLINK], 1);
    world_close(&world);
}
