/* The doll's house: the whole gateway in one thread, on fake time, with a fake field bus and fake centres.
 *
 *   build/release/house                  all tests; SCALE=n plays n times as many seeds
 *   HOUSE_SEED=n build/release/house     only that seed of chaos, with everything said on stderr
 *   HOUSE_FROM=s HOUSE_TO=s              with it: what went over the wires and was recorded between those seconds
 *   HOUSE_TEST=word build/release/house  only tests with that word in their name
 *   TEST_PART=i/n build/release/house    every n-th test from the i-th: n such processes are all */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "gateway/base/check.h"
#include "gateway/base/log.h"
#include "tests/house/grounds.h"
#include "tests/house/scenes.h"
#include "tests/support/disk.h"

/* cmocka passes over what has no function. */
static void leave_part(struct CMUnitTest *tests, size_t count, const char *part)
{
    unsigned which = 0;
    unsigned parts = 0;
    if (part == NULL)
        return;
    CHECK(sscanf(part, "%u/%u", &which, &parts) == 2 && which >= 1 && which <= parts);
    for (size_t i = 0; i < count; i++)
        if (i % parts != which - 1)
            tests[i].test_func = NULL;
}

int main(void)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quiet_hour),
        cmocka_unit_test(a_gas_leak_from_first_trace_to_reset),
        cmocka_unit_test(a_siren_sounds_again_for_another_detector),
        cmocka_unit_test(a_valve_that_sticks_is_told),
        cmocka_unit_test(a_board_that_only_echoes_is_told),
        cmocka_unit_test(a_detector_that_falls_silent_votes),
        cmocka_unit_test(a_passenger_is_trapped_and_rescued),
        cmocka_unit_test(one_centre_is_dead_and_the_other_is_not_disturbed),
        cmocka_unit_test(a_centre_is_away_for_hours),
        cmocka_unit_test(a_centre_is_away_for_a_day),
        cmocka_unit_test(a_centre_is_away_for_weeks),
        cmocka_unit_test(alarms_do_not_wait_for_a_salvage),
        cmocka_unit_test(alarms_do_not_need_the_old_file),
        cmocka_unit_test(all_slaves_of_a_bus_are_dead),
        cmocka_unit_test(a_slave_that_only_refuses_is_told),
        cmocka_unit_test(a_slave_that_refuses_and_then_falls_silent_is_told),
        cmocka_unit_test(a_single_exception_loses_nothing),
        cmocka_unit_test(a_lost_bus_is_not_blamed_for_a_silent_slave),
        cmocka_unit_test(a_module_that_needs_time_gets_it),
        cmocka_unit_test(a_loss_that_is_over_does_not_come_back_at_a_restart),
        cmocka_unit_test(a_late_answer_is_never_taken_for_another),
        cmocka_unit_test(a_late_answer_does_not_outlive_a_restart),
        cmocka_unit_test(a_dead_board_does_not_starve_a_detector),
        cmocka_unit_test(an_on_delay_goes_on_over_a_restart),
        cmocka_unit_test(states_and_latches_survive_a_restart),
        cmocka_unit_test(a_trip_survives_a_kill_at_any_touch),
        cmocka_unit_test(a_frozen_detector_votes),
        cmocka_unit_test(an_alarm_behind_a_gate),
        cmocka_unit_test(one_channel_of_a_panel),
        cmocka_unit_test(a_write_waits_for_one_transaction_at_most),
        cmocka_unit_test(a_centre_that_is_away_is_told_to_the_other),
        cmocka_unit_test(a_centre_that_only_listens_is_lost),
        cmocka_unit_test(a_centre_that_refuses_is_told_to_the_other),
        cmocka_unit_test(a_lost_centre_over_a_restart),
        cmocka_unit_test(a_refusal_survives_a_kill_at_any_touch),
        cmocka_unit_test(a_flood_is_told_in_sums),
        cmocka_unit_test(a_flood_ends_with_a_restart),
        cmocka_unit_test(an_alarm_that_chatters_stands),
        cmocka_unit_test(chattering_survives_a_kill_at_any_touch),
        cmocka_unit_test(suppression_first_out_and_re_alarm_survive_a_restart_anywhere),
        cmocka_unit_test(dates_come_nearer),
        cmocka_unit_test(a_date_is_told_once_over_a_kill_at_any_touch),
        cmocka_unit_test(a_drill_over_a_restart),
        cmocka_unit_test(a_drill_is_dropped_by_who_wants_none),
        cmocka_unit_test(a_drill_survives_a_kill_at_any_touch),
        cmocka_unit_test(a_shelf_over_a_restart),
        cmocka_unit_test(a_detector_is_tried_with_the_outputs_held),
        cmocka_unit_test(what_ends_a_hold_lets_it_act),
        cmocka_unit_test(what_forbids_a_hold),
        cmocka_unit_test(a_held_trip_survives_a_kill_at_any_touch),
        cmocka_unit_test(a_dead_gateway_closes_the_valve_and_none_opens_it),
        cmocka_unit_test(a_cut_line_is_told_as_a_trip),
        cmocka_unit_test(the_oracle_is_content_with_a_good_run),
        cmocka_unit_test(the_oracle_misses_a_lost_record),
        cmocka_unit_test(the_oracle_compares_duplicates),
        cmocka_unit_test(the_oracle_wants_order),
        cmocka_unit_test(the_oracle_reads_chains),
        cmocka_unit_test(the_oracle_knows_false_and_missed_raises),
        cmocka_unit_test(the_oracle_knows_false_and_missed_clears),
        cmocka_unit_test(the_oracle_checks_alarm_values),
        cmocka_unit_test(the_oracle_checks_telemetry_values),
        cmocka_unit_test(the_oracle_checks_pace_and_silence),
        cmocka_unit_test(the_oracle_checks_the_interlock),
        cmocka_unit_test(the_oracle_checks_retained_messages),
        cmocka_unit_test(the_fakes_know_how_their_doors_are_used),
        cmocka_unit_test(a_day_with_three_hundred_alarms),
        cmocka_unit_test(killed_after_every_commit_of_a_day),
        cmocka_unit_test(a_fan_runs_on_after_the_gas),
        cmocka_unit_test(a_fan_that_runs_on_goes_on),
        cmocka_unit_test(a_valve_that_only_a_person_opens),
        cmocka_unit_test(every_kind_of_alarm_in_bad_weather),
        cmocka_unit_test(the_second_opinion_knows_each_kind),
        cmocka_unit_test(chaos),
    };
    const char *filter = getenv("HOUSE_TEST");
    char pattern[128];
    if (getenv("HOUSE_SEED") != NULL)
        filter = "chaos";
    leave_part(tests, ARRAY_SIZE(tests), getenv("TEST_PART"));
    disk_install();
    log_set_quiet(getenv("HOUSE_SEED") == NULL && getenv("HOUSE_LOG") == NULL);
    if (filter != NULL) {
        (void)snprintf(pattern, sizeof pattern, "*%s*", filter);
        cmocka_set_test_filter(pattern);
    }
    grounds_open();
    int const failed = cmocka_run_group_tests(tests, NULL, NULL);
    grounds_close();
    return failed;
}
