/* Forecasts of lines that were worked out by hand. Times at 9600 baud 8N1: a character takes 1041.67 µs, the silence of 3.5
 * characters (of 11 bits) 4011 µs, and 1719 µs more before another slave is asked than the one before. Reading 10 registers:
 * 4011 + (8 + 25) characters + 4011 + what the slave needs. */
#include "tests/support/test.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/core/forecast.h"
#include "gateway/core/traffic.h"
#include "tests/support/small_site.h"

#define MS         ((int64_t)1000)
#define SECOND     (1000 * MS)
#define SLAVES_MAX 16
#define POINTS_MAX 4
#define READS_MAX  (SLAVES_MAX * POINTS_MAX)
#define BUSES_MAX  2

#define SILENCE_US 4011
#define SWITCH_US  1719
#define TURN_US    2000

struct bench {
    struct site site;
    struct site_bus buses[BUSES_MAX];
    struct site_slave slaves[SLAVES_MAX];
    struct slave_point points[SLAVES_MAX][POINTS_MAX];
    struct forecast_bus forecasts[BUSES_MAX];
    struct forecast_read reads[BUSES_MAX][READS_MAX];
    uint16_t order[BUSES_MAX][READS_MAX];
    struct plan_read plan[READS_MAX];
    struct schedule_read schedule_reads[BUSES_MAX][READS_MAX];
    struct forecast_slave forecast_slaves[BUSES_MAX][SLAVES_MAX];
    struct schedule_slave schedule_slaves[BUSES_MAX][SLAVES_MAX];
};

static const struct forecast_basis usual = {.turnaround_us = TURN_US};

static const struct site_bus line_9600 = {
    .id = "b1", .kind = LINK_RTU, .baud = 9600, .data_bits = 8, .parity = 'N', .stop_bits = 1, .timeout_ms = 1000};

static int set_up(void **state)
{
    *state = calloc(1, sizeof(struct bench));
    CHECK(*state != NULL);
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

/* `slaves` alike on bus 0, one safety read of `count` holding registers each. */
static void make_site(struct bench *bench, const struct site_bus *bus, size_t slaves, uint16_t count, uint32_t every_ms)
{
    memset(bench, 0, sizeof *bench);
    bench->buses[0] = *bus;
    bench->site = (struct site){.buses = bench->buses, .bus_count = 1, .slaves = bench->slaves, .slave_count = slaves};
    for (size_t i = 0; i < slaves; i++) {
        bench->slaves[i] = (struct site_slave){.id = "s",
                                               .unit = (uint8_t)(i + 1),
                                               .every_ms = {every_ms, every_ms, every_ms},
                                               .gap_max = 125,
                                               .count_max = 125,
                                               .points = bench->points[i],
                                               .point_count = 1,
                                               .heartbeat_point = -1};
        bench->points[i][0] =
            (struct slave_point){.id = "p", .function = FUNCTION_HOLDING, .register_count = count, .poll = POLL_SAFETY};
    }
}

static const struct forecast_bus *forecast(struct bench *bench, size_t bus, const struct forecast_basis *basis)
{
    struct forecast_memory const memory = {.reads = bench->reads[bus],
                                           .points = bench->order[bus],
                                           .plan = bench->plan,
                                           .schedule_reads = bench->schedule_reads[bus],
                                           .slaves = bench->forecast_slaves[bus],
                                           .schedule_slaves = bench->schedule_slaves[bus]};
    assert_int_equal(forecast_make(&bench->site, bus, basis, &memory, &bench->forecasts[bus]), ERR_OK);
    return &bench->forecasts[bus];
}

static void assert_about(double found, double wanted)
{
    if (fabs(found - wanted) > fabs(wanted) * 0.001 + 2)
        fail_msg("%.3f is not %.3f", found, wanted);
}

static void assert_share(double found, double wanted)
{
    if (fabs(found - wanted) > wanted * 0.001)
        fail_msg("%.5f is not %.5f", found, wanted);
}

/* --- costs ------------------------------------------------------------------------------------------------------------ */

#define COST_10_US  (SILENCE_US + 34375 + SILENCE_US + TURN_US) /* 33 characters: 34375 */
#define OTHER_10_US (COST_10_US + SWITCH_US)                    /* of one slave after another */

static void test_one_slave_of_ten_registers(void **state)
{
    struct bench *bench = *state;
    make_site(bench, &line_9600, 1, 10, 1000);
    const struct forecast_bus *bus = forecast(bench, 0, &usual);
    assert_int_equal(bus->read_count, 1);
    assert_int_equal(bus->reads[0].request_size, 8);
    assert_int_equal(bus->reads[0].answer_size, 25);
    assert_about((double)bus->reads[0].cost_us, COST_10_US);
    assert_share(bus->load, COST_10_US / 1e6);
    assert_share(bus->classes[POLL_SAFETY].load, COST_10_US / 1e6);
    /* Alone on its line it never waits: the silence before it is long over when it falls due. */
    assert_share(bus->busy, (COST_10_US - SILENCE_US) / 1e6 + SILENCE_US / 120e6);
    assert_int_equal(bus->reads[0].every_us, SECOND);
    assert_about((double)bus->cycle_us, COST_10_US);
    assert_about((double)bus->reads[0].age_us, (double)SECOND + COST_10_US);
}

static void test_parity_bits_and_stop_bits_take_time(void **state)
{
    struct bench *bench = *state;
    struct site_bus line = line_9600;
    line.parity = 'E';
    make_site(bench, &line, 1, 10, 1000);
    assert_about((double)forecast(bench, 0, &usual)->reads[0].cost_us,
                 2 * SILENCE_US + 33 * 11 / 9600.0 * 1e6 + TURN_US);
    line.stop_bits = 2;
    make_site(bench, &line, 1, 10, 1000);
    assert_about((double)forecast(bench, 0, &usual)->reads[0].cost_us,
                 2 * SILENCE_US + 33 * 12 / 9600.0 * 1e6 + TURN_US);
}

static void test_above_19200_the_silence_is_fixed(void **state)
{
    struct bench *bench = *state;
    struct site_bus line = line_9600;
    line.baud = 115200;
    make_site(bench, &line, 1, 125, 1000);
    assert_about((double)forecast(bench, 0, &usual)->reads[0].cost_us, 2 * 1750 + (8 + 255) * 10 / 0.1152 + TURN_US);
}

static void test_bits_are_packed(void **state)
{
    struct bench *bench = *state;
    make_site(bench, &line_9600, 1, 1, 1000);
    bench->points[0][0].function = FUNCTION_DISCRETE;
    bench->points[0][0].register_count = 9;
    const struct forecast_bus *bus = forecast(bench, 0, &usual);
    assert_int_equal(bus->reads[0].answer_size, 7);
    assert_about((double)bus->reads[0].cost_us, 2 * SILENCE_US + 15 / 0.00096 + TURN_US);
}

static void test_guard_and_adapter_cost(void **state)
{
    struct bench *bench = *state;
    struct site_bus line = line_9600;
    struct forecast_basis late = usual;
    line.guard_ms = 30;
    late.latency_us = 16 * MS;
    late.round_trip_us = 50 * MS; /* nowhere on a serial line */
    make_site(bench, &line, 1, 10, 1000);
    assert_about((double)forecast(bench, 0, &late)->reads[0].cost_us,
                 COST_10_US + 38 * MS); /* the timer is half over, on average */
}

/* The timer runs freely: what is asked for as soon as the last answer came takes whole ticks. 44.4 ms take 48, and of eight
 * slaves 46.1 ms each take 48, too. Upon an idle line it stands anywhere. */
static void test_an_adapters_timer_makes_whole_ticks(void **state)
{
    struct bench *bench = *state;
    struct forecast_basis late = usual;
    late.latency_us = 16 * MS;
    make_site(bench, &line_9600, 1, 10, 0);
    assert_about((double)forecast(bench, 0, &late)->reads[0].every_us, 48 * MS);
    make_site(bench, &line_9600, 8, 10, 0);
    assert_about((double)forecast(bench, 0, &late)->reads[7].every_us, 8 * 48 * MS);
    make_site(bench, &line_9600, 1, 10, 992); /* 62 ticks */
    const struct forecast_bus *bus = forecast(bench, 0, &late);
    assert_true(fabs(bus->busy * 992e3 / (COST_10_US - SILENCE_US + 8e3) - 1) < 0.01);
    assert_about((double)bus->reads[0].age_us, 992e3 + COST_10_US + 16e3); /* a whole tick at worst */
    assert_about((double)bus->longest_us, COST_10_US + 16e3);
}

/* 255 bytes at 115200 baud are four packets of 62, which do not wait, and 7 bytes, for which the timer has just begun. */
static void test_full_packets_do_not_wait_for_the_timer(void **state)
{
    struct bench *bench = *state;
    struct forecast_basis late = usual;
    struct site_bus line = line_9600;
    double const before_us = 2 * 1750 + 8 * 10 / 0.1152 + TURN_US;
    late.latency_us = 16 * MS;
    line.baud = 115200;
    make_site(bench, &line, 1, 125, 0);
    const struct forecast_bus *bus = forecast(bench, 0, &late);
    assert_about((double)bus->reads[0].cost_us, before_us + 248 * 10 / 0.1152 + 16e3);
    assert_about((double)bus->reads[0].every_us, (double)bus->reads[0].cost_us);
    make_site(bench, &line, 1, 91, 0); /* 187 bytes: three packets, and one byte alone */
    assert_about((double)forecast(bench, 0, &late)->reads[0].cost_us, before_us + 186 * 10 / 0.1152 + 16e3);
}

static void test_tcp_has_no_line(void **state)
{
    struct bench *bench = *state;
    struct site_bus const tcp = {.id = "b1", .kind = LINK_TCP, .timeout_ms = 500};
    struct forecast_basis const far = {.turnaround_us = TURN_US, .latency_us = 16 * MS, .round_trip_us = 30 * MS};
    make_site(bench, &tcp, 1, 10, 1000);
    const struct forecast_bus *bus = forecast(bench, 0, &far);
    assert_int_equal(bus->reads[0].request_size, 12);
    assert_int_equal(bus->reads[0].answer_size, 29);
    assert_int_equal(bus->reads[0].cost_us, 32 * MS);
    struct site_bus server = line_9600;
    server.kind = LINK_RTU_OVER_TCP;
    make_site(bench, &server, 1, 10, 1000);
    assert_about((double)forecast(bench, 0, &far)->reads[0].cost_us, COST_10_US + 30 * MS);
    server.baud = 0; /* unknown: 20 ms of silence, and characters as at 9600 */
    make_site(bench, &server, 1, 10, 1000);
    assert_about((double)forecast(bench, 0, &far)->reads[0].cost_us, 40 * MS + 34375 + 32 * MS);
}

/* --- runs ------------------------------------------------------------------------------------------------------------- */

static void test_eight_slaves_flat_out_take_turns(void **state)
{
    struct bench *bench = *state;
    make_site(bench, &line_9600, 8, 10, 0);
    const struct forecast_bus *bus = forecast(bench, 0, &usual);
    assert_true(bus->flat_out);
    assert_share(bus->busy + 1e-9, 0.9998);
    for (size_t i = 0; i < 8; i++) {
        assert_about((double)bus->reads[i].every_us, 8 * OTHER_10_US);
        assert_about((double)bus->reads[i].age_us, 9 * OTHER_10_US - SILENCE_US - SWITCH_US);
    }
    assert_about((double)bus->cycle_us, 9 * OTHER_10_US); /* one was in flight */
}

static void test_an_overloaded_line_says_what_is_left(void **state)
{
    struct bench *bench = *state;
    make_site(bench, &line_9600, 8, 10, 200);
    const struct forecast_bus *bus = forecast(bench, 0, &usual);
    bool late = false;
    assert_share(bus->load, 8 * OTHER_10_US / 200e3);
    assert_true(bus->load > 1);
    /* Each in its turn: a tick that is over is not made up for. */
    assert_about((double)bus->classes[POLL_SAFETY].period_us, 200 * MS);
    assert_in_range(bus->classes[POLL_SAFETY].every_us, 8 * OTHER_10_US, 2 * 200 * MS + OTHER_10_US);
    assert_non_null(forecast_oldest(bus, &late));
    assert_true(late);
}

static void test_safety_first_and_slow_reads_are_not_starved(void **state)
{
    struct bench *bench = *state;
    make_site(bench, &line_9600, 2, 10, 100);
    bench->points[1][0].poll = POLL_SLOW;
    bench->slaves[1].every_ms[POLL_SLOW] = 10000;
    bench->points[1][0].register_count = 120;
    const struct forecast_bus *bus = forecast(bench, 0, &usual);
    int64_t const slow_us = bus->reads[1].cost_us;
    /* The worst: the slow one has just begun. It takes 268 ms, more than two periods of the safety read. */
    assert_about((double)bus->longest_us, (double)slow_us);
    assert_about((double)bus->reads[0].age_us, 100e3 + (double)slow_us + OTHER_10_US);
    assert_int_equal(bus->reads[1].every_us, 10 * SECOND);
    bool late = false;
    assert_ptr_equal(forecast_oldest(bus, &late), &bus->reads[0]);
    assert_true(late);
}

static void test_a_slaves_own_guard_holds_up_only_itself(void **state)
{
    struct bench *bench = *state;
    make_site(bench, &line_9600, 2, 10, 1000);
    bench->slaves[0].guard_ms = 300;
    bench->slaves[0].point_count = 2;
    bench->points[0][1] = bench->points[0][0];
    bench->points[0][1].function = FUNCTION_INPUT;
    const struct forecast_bus *bus = forecast(bench, 0, &usual);
    assert_int_equal(bus->read_count, 3);
    assert_about((double)bus->reads[2].first_us, 3 * OTHER_10_US); /* slave 2 goes in between */
    assert_about((double)bus->reads[1].first_us, 3 * OTHER_10_US - SILENCE_US - SWITCH_US + 300e3);
}

static void test_heartbeats_take_their_share(void **state)
{
    struct bench *bench = *state;
    make_site(bench, &line_9600, 1, 10, 1000);
    bench->slaves[0].heartbeat_point = 0;
    bench->slaves[0].heartbeat_ms = 500;
    const struct forecast_bus *bus = forecast(bench, 0, &usual);
    double const write_us = 2 * SILENCE_US + 16 / 0.00096 + TURN_US;
    assert_about((double)bus->write_us, write_us);
    assert_about((double)bus->write_wire_us, SILENCE_US + 8 / 0.00096);
    assert_about((double)bus->read_back_us, 2 * SILENCE_US + 15 / 0.00096 + TURN_US);
    assert_share(bus->heartbeat_load, write_us / 500e3);
    assert_share(bus->load, write_us / 500e3 + COST_10_US / 1e6);
}

/* --- the dead --------------------------------------------------------------------------------------------------------- */

static void test_the_dead_get_a_tenth(void **state)
{
    struct bench *bench = *state;
    make_site(bench, &line_9600, 8, 10, 1000);
    (void)forecast(bench, 0, &usual);
    struct forecast_bus *bus = &bench->forecasts[0];
    double const alive = bus->busy;
    int64_t const fresh_us = bus->reads[7].age_us;
    forecast_run(bus, 4);
    assert_int_equal(bus->dead_count, 4);
    /* Half of the work is left; three timeouts of each dead one go unbounded, then they share a tenth of the time. */
    double const wanted = alive / 2 + 4 * 3 / 120.0 + 0.1;
    if (bus->busy < alive / 2 + 0.1 || bus->busy > wanted + 0.02)
        fail_msg("busy %.3f, wanted about %.3f", bus->busy, wanted);
    bool late = false;
    const struct forecast_read *oldest = forecast_oldest(bus, &late);
    assert_non_null(oldest);
    assert_false(bus->slaves[oldest->slave].dead);
    /* All four die at once: four timeouts in a row before the others are served again. */
    assert_in_range(oldest->age_us, 4 * SECOND, 4 * SECOND + 2 * SECOND);
    assert_about((double)bus->longest_us, SILENCE_US + SWITCH_US + 8 / 0.00096 + 1000e3);
    forecast_run(bus, 0);
    assert_int_equal(bus->reads[7].age_us, fresh_us);
    assert_share(bus->busy, alive);
}

static void test_after_a_timeout_the_silence_is_longer(void **state)
{
    struct bench *bench = *state;
    make_site(bench, &line_9600, 2, 10, 0);
    (void)forecast(bench, 0, &usual);
    forecast_run(&bench->forecasts[0], 1);
    const struct forecast_read *alive = &bench->reads[0][1];
    assert_true(bench->forecasts[0].slaves[0].dead);
    /* Read, a timeout of the other one, 20 ms in place of 4, read again. */
    assert_about((double)alive->age_us, OTHER_10_US + 8 / 0.00096 + 1000e3 + 20e3 + COST_10_US - SILENCE_US);
}

static void test_the_dead_are_those_that_give_least(void **state)
{
    struct bench *bench = *state;
    make_site(bench, &line_9600, 3, 10, 1000);
    bench->points[1][0].register_count = 2;
    (void)forecast(bench, 0, &usual);
    forecast_run(&bench->forecasts[0], 1);
    assert_false(bench->forecasts[0].slaves[0].dead);
    assert_true(bench->forecasts[0].slaves[1].dead);
}

/* --- from the crossing to the write ----------------------------------------------------------------------------------- */

static struct forecast_trip trip_of_small_site(struct bench *bench, struct small_site *small)
{
    for (size_t i = 0; i < SMALL_BUSES; i++) {
        small->buses[i].kind = LINK_RTU;
        small->buses[i].baud = 9600;
        small->buses[i].data_bits = 8;
        small->buses[i].parity = 'N';
        small->buses[i].stop_bits = 1;
    }
    bench->site = small->site;
    for (size_t i = 0; i < SMALL_BUSES; i++)
        (void)forecast(bench, i, &usual);
    return forecast_trip(bench->forecasts, INTERLOCK_TRIP);
}

static void test_crossing_to_write(void **state)
{
    struct bench *bench = *state;
    struct small_site *small = calloc(1, sizeof *small);
    CHECK(small != NULL);
    small_site_make(small, 500);
    struct forecast_trip trip = trip_of_small_site(bench, small);
    const struct forecast_bus *bus = &bench->forecasts[BUS_GAS];
    assert_true(trip.found);
    const struct rule *rule = &small->site.rules[trip.rule];
    assert_string_equal(rule->id, small->interlocks[INTERLOCK_TRIP].alarm);
    assert_int_equal(trip.delay_us, (int64_t)rule->on_delay_ms * 1000);
    /* The siren's write of the same zone goes first, and the longest transaction is in flight. */
    assert_int_equal(trip.wait_us, bus->longest_us + bus->write_us + bus->read_back_us);
    assert_int_equal(trip.wire_us, trip.age_us + trip.delay_us + trip.wait_us + bus->write_wire_us);
    assert_int_equal(trip.back_us, trip.wire_us - bus->write_wire_us + bus->write_us + bus->read_back_us);
    int64_t oldest_us = 0;
    for (size_t i = 0; i < bus->read_count; i++)
        if (bus->slaves[bus->reads[i].slave].index <= SLAVE_GAS_2 && bus->reads[i].plan.poll == POLL_SAFETY &&
            bus->reads[i].age_us > oldest_us)
            oldest_us = bus->reads[i].age_us;
    assert_int_equal(trip.age_us, oldest_us);

    /* The output on a line of its own: nothing of the gas line holds it up. */
    small->slaves[SLAVE_VALVE].bus = BUS_LIFT;
    int64_t const alone_us = trip_of_small_site(bench, small).wait_us;
    bus = &bench->forecasts[BUS_LIFT];
    assert_int_equal(alone_us, bus->longest_us + bus->write_us + bus->read_back_us);

    /* The slowest is who is slowest in all: age and on-delay together. */
    int32_t const *rules = small->interlocks[INTERLOCK_TRIP].rules;
    for (size_t i = 0; i < 2; i++) {
        small->rules[rules[i]].on_delay_ms += 2000;
        struct forecast_trip const slower = trip_of_small_site(bench, small);
        assert_int_equal(slower.rule, rules[i]);
        assert_int_equal(slower.delay_us, trip.delay_us + 2 * SECOND);
        small->rules[rules[i]].on_delay_ms -= 2000;
    }
    free(small);
}

static void test_the_dead_do_not_vote(void **state)
{
    struct bench *bench = *state;
    struct small_site *small = calloc(1, sizeof *small);
    CHECK(small != NULL);
    small_site_make(small, 500);
    (void)trip_of_small_site(bench, small);
    struct forecast_slave *slaves = bench->forecasts[BUS_GAS].slaves;
    for (size_t i = 0; i < 2; i++) {
        slaves[SLAVE_GAS_1].dead = i == 0;
        slaves[SLAVE_GAS_2].dead = i == 1;
        struct forecast_trip const trip = forecast_trip(bench->forecasts, INTERLOCK_TRIP);
        assert_true(trip.found);
        assert_int_equal(small->rules[trip.rule].subject, i == 0 ? DEVICE_GAS_2 : DEVICE_GAS_1);
    }
    slaves[SLAVE_GAS_1].dead = true;
    assert_false(forecast_trip(bench->forecasts, INTERLOCK_TRIP).found);
    free(small);
}

/* --- bytes ------------------------------------------------------------------------------------------------------------ */

static void test_bytes_of_a_month(void **state)
{
    struct bench *bench = *state;
    struct small_site *small = calloc(1, sizeof *small);
    struct traffic_room *room = calloc(1, sizeof *room);
    CHECK(small != NULL && room != NULL);
    small_site_make(small, 1000);
    struct site_centre centre = {
        .id = "c", .urls = {"mqtt://h"}, .url_count = 1, .prefix = "outpost/v1", .mqtt = 5, .health_ms = 60000};
    size_t devices = 0;
    for (size_t i = 0; i < SMALL_DEVICES; i++) {
        small->devices[i].max_silence_ms = 60000;
        devices += small->devices[i].slave_count > 0 ? 1 : 0;
    }
    (void)trip_of_small_site(bench, small);
    struct traffic const plain = traffic_of(bench->forecasts, &centre, room);
    assert_about(plain.records_idle, (double)devices * 43200);
    assert_about(plain.records_busy, (double)devices * 2592000);
    size_t const size = traffic_record_size(&bench->site, DEVICE_GAS_1, room);
    assert_int_equal(size, strlen(room->payload));
    assert_non_null(strstr(room->payload, "\"bad\":{}"));
    assert_true(plain.bytes_busy > plain.payload_busy && plain.payload_busy > plain.payload_idle);
    centre.urls[0] = "mqtts://h";
    /* TLS: 22 bytes more on each publish, as many on each acknowledgement; health once a minute without one. */
    struct traffic const tls = traffic_of(bench->forecasts, &centre, room);
    assert_about(tls.bytes_idle - plain.bytes_idle, 44 * plain.records_idle + 22 * 43200);
    centre.health_ms *= 5; /* of five messages four are not sent */
    struct traffic const seldom = traffic_of(bench->forecasts, &centre, room);
    double const spared = (tls.payload_idle - seldom.payload_idle) / (43200 * 0.8);
    assert_true(spared > 500 && spared < PAYLOAD_MESSAGE_MAX);
    assert_about(tls.bytes_busy - seldom.bytes_busy, tls.bytes_idle - seldom.bytes_idle);
    free(room);
    free(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_slave_of_ten_registers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_parity_bits_and_stop_bits_take_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_above_19200_the_silence_is_fixed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bits_are_packed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_guard_and_adapter_cost, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_adapters_timer_makes_whole_ticks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_full_packets_do_not_wait_for_the_timer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_tcp_has_no_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_eight_slaves_flat_out_take_turns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_overloaded_line_says_what_is_left, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_safety_first_and_slow_reads_are_not_starved, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_slaves_own_guard_holds_up_only_itself, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_heartbeats_take_their_share, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_dead_get_a_tenth, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_after_a_timeout_the_silence_is_longer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_dead_are_those_that_give_least, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_crossing_to_write, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_dead_do_not_vote, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bytes_of_a_month, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
