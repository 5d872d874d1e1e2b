/* scenes: the tests, by file. Each is a cmocka test. */
#ifndef OUTPOST_HOUSE_SCENES_H
#define OUTPOST_HOUSE_SCENES_H

/* plays.c: what a day brings */
void a_quiet_hour(void **state);
void a_gas_leak_from_first_trace_to_reset(void **state);
void a_siren_sounds_again_for_another_detector(void **state);
void a_valve_that_sticks_is_told(void **state);
void a_board_that_only_echoes_is_told(void **state);
void a_detector_that_falls_silent_votes(void **state);
void a_passenger_is_trapped_and_rescued(void **state);
void one_centre_is_dead_and_the_other_is_not_disturbed(void **state);
void a_centre_is_away_for_hours(void **state);
void all_slaves_of_a_bus_are_dead(void **state);
void a_slave_that_only_refuses_is_told(void **state);
void a_slave_that_refuses_and_then_falls_silent_is_told(void **state);
void a_single_exception_loses_nothing(void **state);
void a_lost_bus_is_not_blamed_for_a_silent_slave(void **state);
void a_module_that_needs_time_gets_it(void **state);
void a_loss_that_is_over_does_not_come_back_at_a_restart(void **state);
void a_late_answer_is_never_taken_for_another(void **state);
void a_late_answer_does_not_outlive_a_restart(void **state);
void a_dead_board_does_not_starve_a_detector(void **state);
void an_on_delay_goes_on_over_a_restart(void **state);
void states_and_latches_survive_a_restart(void **state);
void a_trip_survives_a_kill_at_any_touch(void **state);

/* weeks.c: a centre is away for long */
void a_centre_is_away_for_a_day(void **state);
void a_centre_is_away_for_weeks(void **state);

/* damage.c: what the disk did to a file */
void alarms_do_not_wait_for_a_salvage(void **state);
void alarms_do_not_need_the_old_file(void **state);

/* works.c: the same in a boiler house */
void a_frozen_detector_votes(void **state);
void an_alarm_behind_a_gate(void **state);
void one_channel_of_a_panel(void **state);

/* reaction.c: how soon */
void a_write_waits_for_one_transaction_at_most(void **state);

/* day.c: all of them, for a day */
void a_day_with_three_hundred_alarms(void **state);

/* centres.c: what the other centre hears of one */
void a_centre_that_is_away_is_told_to_the_other(void **state);
void a_centre_that_only_listens_is_lost(void **state);
void a_centre_that_refuses_is_told_to_the_other(void **state);
void a_lost_centre_over_a_restart(void **state);
void a_refusal_survives_a_kill_at_any_touch(void **state);

/* orders.c: what people order, over restarts */
void a_drill_over_a_restart(void **state);
void a_drill_is_dropped_by_who_wants_none(void **state);
void a_drill_survives_a_kill_at_any_touch(void **state);
void a_shelf_over_a_restart(void **state);

/* holds.c: drills that hold outputs */
void a_detector_is_tried_with_the_outputs_held(void **state);
void what_ends_a_hold_lets_it_act(void **state);
void what_forbids_a_hold(void **state);
void a_held_trip_survives_a_kill_at_any_touch(void **state);

/* boards.c: a relay board with a watchdog */
void a_dead_gateway_closes_the_valve_and_none_opens_it(void **state);
void a_cut_line_is_told_as_a_trip(void **state);

/* dates.c: days pass */
void dates_come_nearer(void **state);
void a_date_is_told_once_over_a_kill_at_any_touch(void **state);

/* yard.c: many alarms at once */
void a_flood_is_told_in_sums(void **state);
void a_flood_ends_with_a_restart(void **state);
void an_alarm_that_chatters_stands(void **state);
void chattering_survives_a_kill_at_any_touch(void **state);
void suppression_first_out_and_re_alarm_survive_a_restart_anywhere(void **state);

/* restarts.c: at every transition */
void killed_after_every_commit_of_a_day(void **state);

/* fans.c: what an interlock leaves behind */
void a_fan_runs_on_after_the_gas(void **state);
void a_fan_that_runs_on_goes_on(void **state);
void a_valve_that_only_a_person_opens(void **state);

/* mill.c: alarms of every kind, seeded */
void every_kind_of_alarm_in_bad_weather(void **state);
void the_second_opinion_knows_each_kind(void **state);

/* chaos.c: seeded */
void chaos(void **state);

/* controls.c: the oracle sees what it is for */
void the_oracle_is_content_with_a_good_run(void **state);
void the_oracle_misses_a_lost_record(void **state);
void the_oracle_compares_duplicates(void **state);
void the_oracle_wants_order(void **state);
void the_oracle_reads_chains(void **state);
void the_oracle_knows_false_and_missed_raises(void **state);
void the_oracle_knows_false_and_missed_clears(void **state);
void the_oracle_checks_alarm_values(void **state);
void the_oracle_checks_telemetry_values(void **state);
void the_oracle_checks_pace_and_silence(void **state);
void the_oracle_checks_the_interlock(void **state);
void the_oracle_checks_retained_messages(void **state);
void the_fakes_know_how_their_doors_are_used(void **state);

#endif
