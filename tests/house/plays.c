/* What a day brings: single scenes with a known course, each held against the oracle as a whole at its end. */
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "tests/house/curtain.h"
#include "tests/house/scenes.h"
#include "tests/house/sites.h"
#include "tests/support/effort.h"

#define HIGH 52.1
#define LOW  25.0

static struct world world;
static struct ledger ledger;

static int kitchen;
static int store;
static int board;
static int lift;

static void begin(const struct stage_set *set)
{
    world_open(&world, &set->setup);
    kitchen = plant_find(&world.plant, "gas-kitchen");
    store = plant_find(&world.plant, "gas-store");
    board = plant_find(&world.plant, "valve-kitchen");
    lift = plant_find(&world.plant, "di-1");
    world_run(&world, 10 * SECOND);
}

/* Everything the centres have is in the ledger of the first; all of it is held against the plant. */
static void look(const struct stage_set *set, size_t centre)
{
    curtain_gather(&world, &ledger, centre);
    oracle_check(&world, &ledger, &set->expectations);
}

/* How often something was not as it must be. */
static size_t leave(void)
{
    return curtain_leave(&world, &ledger);
}

static void end(void)
{
    assert_int_equal(leave(), 0);
}

static double seconds_since(int64_t mono_us)
{
    return (double)(clock_now().mono_us - mono_us) / 1e6;
}

void a_quiet_hour(void **state)
{
    (void)state;
    int64_t const began_mono_us = clock_now().mono_us;
    begin(&example_site);
    world_run_until(&world, HOUR);
    double const took_s = seconds_since(began_mono_us);
    print_message("an hour of the example site took %.2f s: %.0f times as fast; %llu turns, %zu transactions\n", took_s,
                  3600 / took_s, (unsigned long long)world.turns, world.log.count);
    look(&example_site, 0);
    for (size_t i = 0; i < ledger.chain_count; i++)
        assert_int_equal(ledger.chains[i].raises, 0);
    assert_int_equal(ledger.duplicates, 0);
    assert_int_equal(world.brokers[0].drops, 0);
    /* Four devices, a record a minute each, and what the first readings bring. */
    assert_in_range(ledger.lanes[LANE_T].last, 4 * 58, 4 * 64);
    end();
}

/* How many other transactions came on the line between the deciding sample and the write it led to. */
static int transactions_between(int64_t decided_us, uint16_t coil)
{
    int between = 0;
    for (size_t i = 0; i < world.log.count; i++) {
        const struct wire_event *event = &world.log.list[i];
        if (event->bus != 0 || event->start_us < decided_us)
            continue;
        if (event->slave == board && event->function == LINK_WRITE_COIL && event->address == coil)
            return between;
        between++;
    }
    return 1000;
}

static void assert_state(const char *subject, const char *alarm, enum alarm_state wanted)
{
    assert_string_equal(alarm_state_text(world_rule_state(&world, subject, alarm)), alarm_state_text(wanted));
}

static void assert_answer(struct answer answer, const char *code)
{
    assert_string_equal(answer.code, code);
    assert_int_equal(answer.ok, code[0] == '\0');
}

void a_gas_leak_from_first_trace_to_reset(void **state)
{
    (void)state;
    begin(&example_site);
    plant_set_gas(&world.plant, kitchen, 12.5);
    world_run(&world, 10 * SECOND);
    assert_state("gas-kitchen", "gas.low", ALARM_NORM);
    plant_set_gas(&world.plant, kitchen, LOW);
    world_run(&world, 5 * SECOND);
    assert_state("gas-kitchen", "gas.low", ALARM_UNACK);
    assert_true(world.plant.slaves[board].coils[1]);
    assert_false(world.plant.slaves[board].coils[0]);
    plant_set_gas(&world.plant, kitchen, HIGH);
    int64_t const leak_us = world.stage.t_us;
    world_run(&world, 2 * SECOND);
    assert_state("gas-kitchen", "gas.high", ALARM_UNACK);
    assert_true(world.plant.slaves[board].coils[0]);
    world_run(&world, 5 * SECOND);
    assert_true(world.plant.valve_closed);

    assert_answer(world_order(&world, ORDER_SILENCE, "kitchen-siren", NULL), "");
    world_run(&world, 2 * SECOND);
    assert_false(world.plant.slaves[board].coils[1]);
    assert_true(world.plant.slaves[board].coils[0]); /* silence is for ears only */
    assert_state("gas-kitchen", "gas.low", ALARM_UNACK);
    assert_answer(world_order(&world, ORDER_RESET, "gas-kitchen", "gas.high"), "condition_active");
    assert_answer(world_order(&world, ORDER_RESET, "kitchen-gas-trip", NULL), "condition_active");
    assert_answer(world_order(&world, ORDER_ACK, "gas-kitchen", "gas.high"), "");
    assert_answer(world_order(&world, ORDER_ACK, "gas-kitchen", "gas.low"), "");
    assert_state("gas-kitchen", "gas.high", ALARM_ACKED);

    plant_set_gas(&world.plant, kitchen, 0);
    world_run(&world, 8 * SECOND);
    assert_state("gas-kitchen", "gas.high", ALARM_ACKED); /* off-delay */
    world_run(&world, 5 * SECOND);
    assert_state("gas-kitchen", "gas.high", ALARM_LATCH_ACKED);
    assert_state("gas-kitchen", "gas.low", ALARM_NORM);
    assert_true(world.plant.slaves[board].coils[0]);
    assert_answer(world_order(&world, ORDER_RESET, "gas-kitchen", "gas.high"), "");
    assert_state("gas-kitchen", "gas.high", ALARM_NORM);
    assert_true(world.plant.slaves[board].coils[0]); /* the interlock has a latch of its own */
    assert_answer(world_order(&world, ORDER_RESET, "kitchen-gas-trip", NULL), "");
    world_run(&world, 2 * SECOND);
    assert_false(world.plant.slaves[board].coils[0]);
    assert_true(world.plant.valve_closed); /* opens only by hand */
    plant_open_valve_by_hand(&world.plant);
    world_run(&world, 2 * SECOND);

    look(&example_site, 0);
    const struct record *raised = ledger_find(&ledger, "gas-kitchen", "gas.high", "raised", 0);
    assert_non_null(raised);
    assert_int_equal(ledger_chain(&ledger, "gas-kitchen", "gas.high")->raises, 1);
    assert_int_equal(ledger_chain(&ledger, "gas-kitchen", "gas.low")->raises, 1);
    assert_true(fabs(raised->value - HIGH) < 1e-4);
    assert_true(raised->at_us - leak_us < SECOND);
    assert_true(raised->accepted_us - raised->at_us < SECOND / 2);
    assert_true(transactions_between(raised->at_us, 0) <= 1);
    assert_int_equal(ledger_count(&ledger, "", NULL, "interlock_tripped"), 2);
    assert_int_equal(ledger_count(&ledger, "", NULL, "interlock_confirmed"), 1);
    assert_int_equal(ledger_chain(&ledger, "kitchen-gas-trip", "interlock.failed")->raises, 0);
    end();
}

void a_siren_sounds_again_for_another_detector(void **state)
{
    (void)state;
    begin(&example_site);
    plant_set_gas(&world.plant, kitchen, LOW);
    world_run(&world, 6 * SECOND);
    assert_answer(world_order(&world, ORDER_SILENCE, "kitchen-siren", NULL), "");
    world_run(&world, 30 * SECOND);
    assert_false(world.plant.slaves[board].coils[1]);
    plant_set_gas(&world.plant, store, LOW);
    world_run(&world, 6 * SECOND);
    assert_true(world.plant.slaves[board].coils[1]);
    plant_set_gas(&world.plant, store, 0);
    plant_set_gas(&world.plant, kitchen, 0);
    world_run(&world, 15 * SECOND);
    assert_false(world.plant.slaves[board].coils[1]); /* not latched: by itself */
    look(&example_site, 0);
    end();
}

static void leak_with_trouble(void)
{
    plant_set_gas(&world.plant, kitchen, HIGH);
    world_run(&world, 20 * SECOND);
}

void a_valve_that_sticks_is_told(void **state)
{
    (void)state;
    begin(&example_site);
    world.plant.valve_stuck = true;
    leak_with_trouble();
    assert_true(world.plant.slaves[board].coils[0]);
    look(&example_site, 0);
    const struct record *failed = ledger_find(&ledger, "kitchen-gas-trip", "interlock.failed", "raised", 0);
    const struct record *tripped = ledger_find(&ledger, "", NULL, "interlock_tripped", 0);
    assert_non_null(failed);
    assert_non_null(tripped);
    assert_in_range(failed->at_us - tripped->at_us, 9 * SECOND, 12 * SECOND);
    assert_null(ledger_find(&ledger, "", NULL, "interlock_confirmed", 0));
    end();
}

void a_board_that_only_echoes_is_told(void **state)
{
    (void)state;
    begin(&example_site);
    plant_set_fault(&world.plant, board, FAULT_ECHO, 1000);
    leak_with_trouble();
    assert_false(world.plant.slaves[board].coils[0]);
    plant_set_fault(&world.plant, board, FAULT_NONE, 0);
    world_run(&world, 10 * SECOND); /* it is tried again and again */
    assert_true(world.plant.slaves[board].coils[0]);
    world_run(&world, 20 * SECOND);
    look(&example_site, 0);
    assert_int_equal(ledger_count(&ledger, "kitchen-gas-trip", "interlock.failed", "raised"), 1);
    assert_int_equal(ledger_count(&ledger, "", NULL, "interlock_confirmed"), 1);
    end();
}

void a_detector_that_falls_silent_votes(void **state)
{
    (void)state;
    begin(&example_site);
    plant_set_fault(&world.plant, store, FAULT_DEAF, 1000);
    world_run(&world, 28 * SECOND);
    assert_false(world.plant.slaves[board].coils[0]);
    world_run(&world, 10 * SECOND);
    assert_true(world.plant.slaves[board].coils[0]); /* fault_vote: for */
    plant_set_fault(&world.plant, store, FAULT_NONE, 0);
    world_run(&world, 30 * SECOND);
    look(&example_site, 0);
    assert_int_equal(ledger_count(&ledger, "gas-store", "comm.lost", "raised"), 1);
    assert_int_equal(ledger_count(&ledger, "gas-store", "comm.lost", "cleared"), 1);
    assert_int_equal(ledger_chain(&ledger, "gas-kitchen", "comm.lost")->raises, 0);
    end();
}

void a_passenger_is_trapped_and_rescued(void **state)
{
    (void)state;
    begin(&example_site);
    plant_trap(&world.plant, lift, true);
    world_run(&world, 9 * SECOND);
    plant_trap(&world.plant, lift, false); /* it went on: nobody was trapped */
    world_run(&world, 20 * SECOND);
    plant_trap(&world.plant, lift, true);
    int64_t const trapped_us = world.stage.t_us;
    world_run(&world, 15 * SECOND);
    assert_state("lift-1", "lift.trapped", ALARM_UNACK);
    assert_answer(world_order(&world, ORDER_ACK, "lift-1", "lift.trapped"), "");
    world_run(&world, 30 * SECOND);
    plant_trap(&world.plant, lift, false);
    world_run(&world, 28 * SECOND);
    assert_state("lift-1", "lift.trapped", ALARM_ACKED);
    world_run(&world, 5 * SECOND);
    assert_state("lift-1", "lift.trapped", ALARM_LATCH_ACKED);
    assert_answer(world_order(&world, ORDER_RESET, "lift-1", "lift.trapped"), "");
    look(&example_site, 0);
    assert_int_equal(ledger_chain(&ledger, "lift-1", "lift.trapped")->raises, 1);
    const struct record *raised = ledger_find(&ledger, "lift-1", "lift.trapped", "raised", 0);
    assert_in_range(raised->at_us - trapped_us, 10 * SECOND - 2000, 12 * SECOND);
    assert_true(raised->accepted_us - raised->at_us < SECOND / 2);
    end();
}

void one_centre_is_dead_and_the_other_is_not_disturbed(void **state)
{
    (void)state;
    begin(&street_site);
    world.brokers[1].down = true;
    world_run(&world, 10 * MINUTE);
    world.brokers[1].down = false;
    world.brokers[1].black_hole = true;
    plant_set_gas(&world.plant, kitchen, HIGH);
    world_run(&world, MINUTE);
    plant_set_gas(&world.plant, kitchen, 0);
    world_run(&world, 10 * MINUTE);
    look(&street_site, 0);
    for (uint64_t seq = 1; seq <= ledger.lanes[LANE_T].last; seq++) {
        const struct record *record = &ledger.lanes[LANE_T].list[seq];
        if (record->at_us > 10 * SECOND && record->accepted_us - record->at_us > 2 * SECOND)
            stage_blame(&world.stage, INV_LATENCY, record->at_us, "telemetry %llu took %.3f s", (unsigned long long)seq,
                        (double)(record->accepted_us - record->at_us) / 1e6);
    }
    const struct record *raised = ledger_find(&ledger, "gas-kitchen", "gas.high", "raised", 0);
    assert_non_null(raised);
    assert_true(raised->accepted_us - raised->at_us < SECOND / 2);
    assert_int_equal(world.brokers[0].drops, 0);
    ledger_close(&ledger);
    world.brokers[1].black_hole = false;
    world_run(&world, 2 * MINUTE);
    look(&street_site, 1);
    end();
}

/* Of what was recorded while it was away, every alarm is there before the first page of history. */
static void assert_alarms_first(int64_t back_us)
{
    size_t first_history = SIZE_MAX;
    size_t last_alarm = 0;
    const struct fake_broker *broker = &world.brokers[0];
    for (size_t i = 0; i < broker->count; i++) {
        const struct accepted *message = &broker->list[i];
        if (message->t_us < back_us)
            continue;
        if (strstr(message->topic, "/history") != NULL && first_history == SIZE_MAX)
            first_history = i;
    }
    for (uint64_t seq = 1; seq <= ledger.lanes[LANE_A].last; seq++) {
        const struct record *record = &ledger.lanes[LANE_A].list[seq];
        if (record->at_us >= back_us || record->accepted_us < back_us)
            continue;
        for (size_t i = last_alarm; i < broker->count; i++)
            if (broker->list[i].payload == record->raw)
                last_alarm = i;
        cJSON *tree = record_parse(record);
        cJSON_Delete(tree);
    }
    assert_true(first_history != SIZE_MAX);
    assert_true(last_alarm > 0);
    assert_true(last_alarm < first_history);
}

void a_centre_is_away_for_hours(void **state)
{
    (void)state;
    begin(&street_site);
    world.brokers[0].down = true;
    world_run(&world, HOUR);
    plant_set_gas(&world.plant, kitchen, HIGH);
    world_run(&world, 10 * MINUTE);
    plant_set_gas(&world.plant, kitchen, 0);
    world_run(&world, HOUR);
    world.brokers[0].down = false;
    int64_t const back_us = world.stage.t_us;
    world_run(&world, 5 * MINUTE);
    look(&street_site, 0);
    assert_alarms_first(back_us);
    assert_true(ledger.lanes[LANE_T].last > 5000);
    /* Late alarms say so. */
    for (size_t i = 0; i < world.brokers[0].count; i++) {
        const struct accepted *message = &world.brokers[0].list[i];
        if (strstr(message->topic, "/alarm/gas-") != NULL && message->t_us >= back_us &&
            message->t_us < back_us + MINUTE) /* that the centre is back is news */
            assert_true(message->hist);
    }
    end();
}

void all_slaves_of_a_bus_are_dead(void **state)
{
    (void)state;
    begin(&street_site);
    for (int i = 0; i < world.plant.slave_count; i++)
        if (strcmp(world.plant.slaves[i].row.bus, "rs485-1") == 0)
            plant_set_fault(&world.plant, i, FAULT_DEAF, 1000);
    world_run(&world, 10 * MINUTE);
    assert_true(world_rule_condition(&world, "gas-kitchen", "comm.lost"));
    assert_true(world_rule_condition(&world, "stamp-1", "comm.lost"));
    assert_false(world_rule_condition(&world, "lift-1", "comm.lost"));
    for (int i = 0; i < world.plant.slave_count; i++)
        plant_set_fault(&world.plant, i, FAULT_NONE, 0);
    world_run(&world, 2 * MINUTE);
    assert_false(world_rule_condition(&world, "gas-kitchen", "comm.lost"));
    look(&street_site, 0);
    assert_int_equal(ledger_chain(&ledger, "gas-kitchen", "comm.lost")->raises, 1);
    assert_int_equal(ledger_chain(&ledger, "gas-kitchen", "gas.high")->raises, 0);
    end();
}

/* GB 16808: a fault is shown within 100 s. It does not matter in which words the slave says that it has nothing to say. */
void a_slave_that_only_refuses_is_told(void **state)
{
    (void)state;
    static const uint8_t exceptions[] = {1, 2, 3, 4, 5, 6, 8, 10, 11};
    size_t broken = 0;
    for (size_t i = 0; i < sizeof exceptions; i++) {
        begin(&street_site);
        for (int slave = 0; slave < world.plant.slave_count; slave++) {
            world.plant.slaves[slave].exception = exceptions[i];
            plant_set_fault(&world.plant, slave, FAULT_EXCEPTION, 1000);
        }
        world_run(&world, 100 * SECOND);
        static const char *const devices[] = {"gas-kitchen", "gas-store", "valve-kitchen",
                                              "lift-1",      "stamp-1",   "stamp-3"};
        for (size_t d = 0; d < sizeof devices / sizeof devices[0]; d++) {
            bool const told = world_rule_condition(&world, devices[d], "comm.lost") ||
                              (world_rule(&world, devices[d], "gas.fault") >= 0 &&
                               world_rule_condition(&world, devices[d], "gas.fault"));
            if (!told)
                stage_blame(&world.stage, INV_MISSED_RAISE, world.stage.t_us,
                            "%s answers nothing but exception %u, and nobody is told", devices[d], exceptions[i]);
        }
        broken += leave();
    }
    assert_int_equal(broken, 0);
}

/* Its last words must not hide that it says nothing any more. */
void a_slave_that_refuses_and_then_falls_silent_is_told(void **state)
{
    (void)state;
    static const uint8_t exceptions[] = {2, 4, 6, 11};
    static const char *const devices[] = {"gas-kitchen", "gas-store", "valve-kitchen", "lift-1"};
    size_t broken = 0;
    for (size_t i = 0; i < sizeof exceptions; i++) {
        begin(&street_site);
        for (int slave = 0; slave < world.plant.slave_count; slave++) {
            world.plant.slaves[slave].exception = exceptions[i];
            plant_set_fault(&world.plant, slave, FAULT_EXCEPTION, 1000);
        }
        world_run(&world, 5 * SECOND);
        for (int slave = 0; slave < world.plant.slave_count; slave++)
            plant_set_fault(&world.plant, slave, FAULT_DEAF, 1000);
        world_run(&world, 100 * SECOND);
        for (size_t d = 0; d < sizeof devices / sizeof devices[0]; d++)
            if (!world_rule_condition(&world, devices[d], "comm.lost"))
                stage_blame(&world.stage, INV_MISSED_RAISE, world.stage.t_us,
                            "%s said exception %u, then nothing for 100 s: no comm.lost", devices[d], exceptions[i]);
        broken += leave();
    }
    assert_int_equal(broken, 0);
}

/* One exception to a read that comes once a minute is not the loss of a device. */
void a_single_exception_loses_nothing(void **state)
{
    (void)state;
    static const uint8_t exceptions[] = {2, 4, 6, 11};
    size_t broken = 0;
    int64_t const minute_us =
        MINUTE - STAGE_MONO_US % MINUTE; /* when slow reads fall due: a tick of the monotonic clock */
    for (size_t i = 0; i < sizeof exceptions; i++) {
        begin(&example_site);
        world_run_until(&world, minute_us - SECOND / 4);
        world.plant.slaves[kitchen].exception = world.plant.slaves[store].exception = exceptions[i];
        plant_set_fault(&world.plant, kitchen, FAULT_EXCEPTION, 1000);
        plant_set_fault(&world.plant, store, FAULT_EXCEPTION, 1000);
        world_run(&world, 2 * SECOND);
        plant_set_fault(&world.plant, kitchen, FAULT_NONE, 0);
        plant_set_fault(&world.plant, store, FAULT_NONE, 0);
        world_run(&world, 50 * SECOND);
        look(&example_site, 0);
        uint64_t const lost = ledger_chain(&ledger, "gas-kitchen", "comm.lost")->raises +
                              ledger_chain(&ledger, "gas-store", "comm.lost")->raises;
        if (lost > 0 || world.plant.valve_closed)
            stage_blame(&world.stage, INV_FALSE_RAISE, world.stage.t_us,
                        "two seconds of exception %u: comm.lost %llu times, the valve is %s", exceptions[i],
                        (unsigned long long)lost, world.plant.valve_closed ? "closed" : "open");
        broken += leave();
    }
    assert_int_equal(broken, 0);
}

void a_lost_bus_is_not_blamed_for_a_silent_slave(void **state)
{
    (void)state;
    begin(&example_site);
    fake_link_plug(&world.links[0], false);
    world_run(&world, 5 * SECOND);
    plant_set_fault(&world.plant, kitchen, FAULT_DEAF, 1000);
    fake_link_plug(&world.links[0], true);
    world_run(&world, 70 * SECOND);
    look(&example_site, 0);
    const struct lane_book *book = &ledger.lanes[LANE_T];
    uint64_t last = book->last;
    while (last > 0 && strcmp(book->list[last].dev, "gas-kitchen") != 0)
        last--;
    assert_non_null(strstr(book->list[last].raw, "\"gas_lel_pct\":\"no_answer\""));
    end();
}

/* The 6-in-1 module loses what comes within half a second after its answer, whatever that answer was. */
void a_module_that_needs_time_gets_it(void **state)
{
    (void)state;
    begin(&example_site);
    for (int turn = 0; turn < 2; turn++) {
        plant_set_fault(&world.plant, store, turn == 0 ? FAULT_GARBLED : FAULT_EXCEPTION, 300);
        world.plant.slaves[store].exception = 6;
        world_run(&world, 2 * MINUTE);
    }
    plant_set_fault(&world.plant, store, FAULT_NONE, 0);
    world_run(&world, 10 * SECOND);
    look(&example_site, 0);
    end();
}

/* A loss that waited for its delay when the alarm of an earlier one was acknowledged must not come back at a restart. */
void a_loss_that_is_over_does_not_come_back_at_a_restart(void **state)
{
    (void)state;
    begin(&example_site);
    plant_set_fault(&world.plant, store, FAULT_DEAF, 1000);
    world_run(&world, 40 * SECOND);
    plant_set_fault(&world.plant, store, FAULT_NONE, 0);
    world_run(&world, 20 * SECOND);
    plant_set_fault(&world.plant, store, FAULT_DEAF, 1000);
    world_run(&world, 10 * SECOND);
    assert_answer(world_order(&world, ORDER_ACK, "gas-store", "comm.lost"), "");
    plant_set_fault(&world.plant, store, FAULT_NONE, 0);
    world_run(&world, MINUTE);
    assert_state("gas-store", "comm.lost", ALARM_NORM);
    world_stop_house(&world);
    world_run(&world, SECOND);
    world_start_house(&world);
    world_run(&world, 10 * SECOND);
    look(&example_site, 0);
    assert_int_equal(ledger_chain(&ledger, "gas-store", "comm.lost")->raises, 1);
    end();
}

void a_late_answer_is_never_taken_for_another(void **state)
{
    (void)state;
    static const char *const names[] = {"gas-kitchen", "gas-store", "valve-kitchen", "stamp-1", "speed-1", "stamp-3"};
    begin(&street_site);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct plant_slave *slave = &world.plant.slaves[plant_find(&world.plant, names[i])];
        for (int64_t late_us = 1000; late_us <= 290000; late_us += 17000) {
            slave->late_us = late_us;
            plant_set_fault(&world.plant, plant_find(&world.plant, names[i]), FAULT_LATE, 300);
            world_run(&world, 10 * SECOND);
        }
        plant_set_fault(&world.plant, plant_find(&world.plant, names[i]), FAULT_NONE, 0);
        world_run(&world, 30 * SECOND);
    }
    look(&street_site, 0);
    assert_int_equal(world.links[0].crossings, 0);
    end();
}

static bool kitchen_timed_out(void)
{
    const struct wire_event *last = world.log.count > 0 ? &world.log.list[world.log.count - 1] : NULL;
    return last != NULL && last->slave == kitchen && last->err == ERR_TIMEOUT;
}

/* What was asked before a restart may be answered after it: the line has to be let go quiet first. */
void a_late_answer_does_not_outlive_a_restart(void **state)
{
    (void)state;
    begin(&street_site);
    world.plant.slaves[kitchen].late_us = 100000;
    for (int turn = 0; turn < 10; turn++) {
        plant_set_fault(&world.plant, kitchen, FAULT_LATE, 1000);
        while (!kitchen_timed_out())
            world_run(&world, 5000);
        plant_set_fault(&world.plant, kitchen, FAULT_NONE, 0);
        world_stop_house(&world);
        world_start_house(&world);
        world_run(&world, 5 * SECOND);
    }
    look(&street_site, 0);
    end();
}

/* A board that is dead while it should close a valve is asked again and again; a detector that has come back is asked too. */
void a_dead_board_does_not_starve_a_detector(void **state)
{
    (void)state;
    begin(&street_site);
    plant_set_fault(&world.plant, board, FAULT_DEAF, 1000);
    plant_set_fault(&world.plant, kitchen, FAULT_DEAF, 1000);
    plant_set_gas(&world.plant, store, HIGH);
    world_run(&world, 20 * SECOND);
    plant_set_fault(&world.plant, kitchen, FAULT_NONE, 0);
    world_run(&world, 20 * SECOND);
    struct board_slave seen;
    for (size_t i = 0; i < world.site.slave_count; i++)
        if (strcmp(world.site.slaves[i].id, "gas-kitchen") == 0)
            board_get_slave(house_board(world.house), i, &seen);
    assert_true(seen.answering);
    plant_set_fault(&world.plant, board, FAULT_NONE, 0);
    world_run(&world, 30 * SECOND);
    assert_true(world.plant.valve_closed);
    look(&street_site, 0);
    end();
}

/* The first crossing that the house could see. */
static int64_t first_crossing_us(int slave, double limit)
{
    struct seen *list;
    size_t count = oracle_watch_gas(&world, slave, &list);
    int64_t first_us = -1;
    for (size_t i = 0; i < count && first_us < 0; i++)
        if (list[i].sight == SIGHT_GOOD && list[i].value >= limit)
            first_us = list[i].t_us;
    free(list);
    return first_us;
}

enum coming { COMING_RESTARTED, COMING_KILLED, COMING_REBOOTED };

static void restart_during_on_delay(enum coming coming)
{
    begin(&example_site);
    plant_set_gas(&world.plant, kitchen, LOW);
    world_run(&world, 2 * SECOND);
    assert_state("gas-kitchen", "gas.low", ALARM_NORM);
    if (coming == COMING_KILLED) {
        world_kill_house(&world, 1, SECOND / 4);
        world_run(&world, SECOND / 2);
    } else {
        world_stop_house(&world);
        world_run(&world, SECOND / 4);
        if (coming == COMING_REBOOTED)
            world_reboot(&world);
        world_start_house(&world);
    }
    world_run(&world, 10 * SECOND);
    look(&example_site, 0);
    const struct record *raised = ledger_find(&ledger, "gas-kitchen", "gas.low", "raised", 0);
    int64_t const crossing_us = first_crossing_us(kitchen, LOW);
    assert_non_null(raised);
    assert_int_equal(ledger_chain(&ledger, "gas-kitchen", "gas.low")->raises, 1);
    if (coming == COMING_REBOOTED) /* the clock of before means nothing: it counts as run out */
        assert_true(raised->at_us - world.lives[world.life].opened_us < 2 * SECOND);
    else
        assert_in_range(raised->at_us - crossing_us, 3 * SECOND - 2000, 4 * SECOND);
    end();
}

void an_on_delay_goes_on_over_a_restart(void **state)
{
    (void)state;
    restart_during_on_delay(COMING_RESTARTED);
    restart_during_on_delay(COMING_KILLED);
    restart_during_on_delay(COMING_REBOOTED);
}

static void restart(bool reboot)
{
    world_stop_house(&world);
    world_run(&world, 3 * SECOND);
    if (reboot)
        world_reboot(&world);
    world_start_house(&world);
    world_run(&world, 5 * SECOND);
}

void states_and_latches_survive_a_restart(void **state)
{
    (void)state;
    begin(&example_site);
    plant_set_gas(&world.plant, kitchen, HIGH);
    world_run(&world, 10 * SECOND);
    assert_answer(world_order(&world, ORDER_ACK, "gas-kitchen", "gas.high"), "");
    restart(false);
    assert_state("gas-kitchen", "gas.high", ALARM_ACKED);
    assert_state("gas-kitchen", "gas.low", ALARM_UNACK);
    restart(true);
    assert_state("gas-kitchen", "gas.high", ALARM_ACKED);
    world.plant.slaves[board].coils[0] = false; /* somebody at the board, while nobody is in */
    restart(false);
    assert_true(world.plant.slaves[board].coils[0]); /* a tripped output is written again */
    plant_set_gas(&world.plant, kitchen, 0);
    world_run(&world, 15 * SECOND);
    assert_state("gas-kitchen", "gas.high", ALARM_LATCH_ACKED);
    restart(true);
    assert_state("gas-kitchen", "gas.high", ALARM_LATCH_ACKED);
    assert_true(world.plant.slaves[board].coils[0]);
    assert_answer(world_order(&world, ORDER_RESET, "gas-kitchen", "gas.high"), "");
    assert_answer(world_order(&world, ORDER_RESET, "kitchen-gas-trip", NULL), "");
    world_run(&world, SECOND); /* before the coil is written back a reset does not count */
    restart(false);
    assert_state("gas-kitchen", "gas.high", ALARM_NORM);
    assert_false(world.plant.slaves[board].coils[0]);
    plant_set_gas(&world.plant, kitchen, HIGH);
    world_run(&world, 10 * SECOND);
    look(&example_site, 0);
    assert_int_equal(ledger_chain(&ledger, "gas-kitchen", "gas.high")->raises, 2);
    assert_int_equal(ledger_chain(&ledger, "gas-kitchen", "gas.high")->occurrence, 2);
    assert_int_equal(ledger_chain(&ledger, "gas-kitchen", "gas.low")->raises, 2);
    end();
}

void a_trip_survives_a_kill_at_any_touch(void **state)
{
    (void)state;
    for (int64_t touch = 1; touch <= 80; touch += EFFORT_STRIDE) {
        begin(&example_site);
        plant_set_gas(&world.plant, kitchen, HIGH);
        world_kill_house(&world, touch, SECOND);
        world_run(&world, 25 * SECOND);
        assert_int_equal(world.life, 1);
        assert_true(world.plant.valve_closed);
        look(&example_site, 0);
        assert_int_equal(ledger_chain(&ledger, "gas-kitchen", "gas.high")->raises, 1);
        assert_string_equal(ledger_chain(&ledger, "gas-kitchen", "gas.high")->state, "UNACK");
        end();
    }
}
