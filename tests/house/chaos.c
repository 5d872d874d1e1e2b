/* Hours of bad luck, by seed: slaves fail in every way, ports vanish, brokers go away, the process is stopped, killed and
 * rebooted, gas comes and goes, operators press buttons. Then everything is healed, and every record that the centres have
 * is held against what really happened. A failing seed is printed; HOUSE_SEED=n plays it again. */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "gateway/base/check.h"
#include "gateway/base/clock.h"
#include "tests/house/scenes.h"
#include "tests/house/sites.h"
#include "tests/support/effort.h"

#define SEEDS_AT_SCALE_1 6
#define CHAOS_US         (90 * MINUTE)
#define HEALING_US       (16 * MINUTE) /* a flood is over when fewer than five were raised in ten */
#define FIRST_SEED       1000

/* Something that is going on until a time; CLOCK_NEVER: is not. */
struct storm {
    int64_t slave_until_us[PLANT_SLAVES_MAX];
    int64_t gas_until_us[PLANT_SLAVES_MAX];
    int64_t bus_until_us[WORLD_BUSES_MAX];
    int64_t centre_until_us[WORLD_CENTRES_MAX];
    int64_t trapped_until_us;
    int64_t stuck_until_us;
    bool over;
};

static struct world world;
static struct ledger ledger;
static struct storm storm;

static int64_t for_a_while(struct world *now, int64_t least_s, int64_t most_s)
{
    return now->stage.t_us + dice_between(&now->dice, least_s * 1000, most_s * 1000) * 1000;
}

static bool ends(const struct world *now, int64_t *until_us)
{
    if (now->stage.t_us < *until_us && !(storm.over && *until_us != CLOCK_NEVER))
        return false;
    *until_us = CLOCK_NEVER;
    return true;
}

static void heal_centre(struct fake_broker *broker)
{
    broker->down = broker->black_hole = broker->mute = false;
    broker->delay_least_us = 5000;
    broker->delay_most_us = 50000;
    broker->receive_maximum = 20;
}

static void end_what_is_over(struct world *now)
{
    for (int i = 0; i < now->plant.slave_count; i++) {
        if (storm.slave_until_us[i] != CLOCK_NEVER && ends(now, &storm.slave_until_us[i]))
            plant_set_fault(&now->plant, i, FAULT_NONE, 0);
        if (storm.gas_until_us[i] != CLOCK_NEVER && ends(now, &storm.gas_until_us[i]))
            plant_set_gas(&now->plant, i, 0);
    }
    for (size_t i = 0; i < now->site.bus_count; i++)
        if (storm.bus_until_us[i] != CLOCK_NEVER && ends(now, &storm.bus_until_us[i]))
            fake_link_plug(&now->links[i], true);
    for (size_t i = 0; i < now->site.centre_count; i++)
        if (storm.centre_until_us[i] != CLOCK_NEVER && ends(now, &storm.centre_until_us[i]))
            heal_centre(&now->brokers[i]);
    if (storm.trapped_until_us != CLOCK_NEVER && ends(now, &storm.trapped_until_us))
        plant_trap(&now->plant, plant_find(&now->plant, "di-1"), false);
    if (storm.stuck_until_us != CLOCK_NEVER && ends(now, &storm.stuck_until_us))
        now->plant.valve_stuck = false;
}

static void hurt_slave(struct world *now)
{
    static const enum fault faults[] = {FAULT_DEAF, FAULT_MUTE, FAULT_LATE, FAULT_GARBLED, FAULT_EXCEPTION, FAULT_ECHO};
    static const int chances[] = {50, 300, 1000, 1000};
    static const uint8_t exceptions[] = {1, 2, 3, 4, 5, 6, 11};
    int const who = (int)dice_between(&now->dice, 0, now->plant.slave_count - 1);
    struct plant_slave *slave = &now->plant.slaves[who];
    slave->late_us = dice_between(&now->dice, 1000, 250000);
    slave->exception = exceptions[dice_between(&now->dice, 0, 6)];
    plant_set_fault(&now->plant, who, faults[dice_between(&now->dice, 0, 5)], chances[dice_between(&now->dice, 0, 3)]);
    storm.slave_until_us[who] = for_a_while(now, 1, 120);
}

static void leak(struct world *now)
{
    static const double peaks[] = {5, 17.9, 18, 19.9, 20, 22, 25, 36.9, 37, 39.9, 40, 45, 60, 99};
    int const who = plant_find(&now->plant, dice_chance(&now->dice, 500) ? "gas-kitchen" : "gas-store");
    plant_set_gas(&now->plant, who, peaks[dice_between(&now->dice, 0, 13)]);
    storm.gas_until_us[who] = for_a_while(now, 1, 60);
}

static void hurt_bus(struct world *now)
{
    size_t const bus = (size_t)dice_between(&now->dice, 0, (int64_t)now->site.bus_count - 1);
    fake_link_plug(&now->links[bus], false);
    storm.bus_until_us[bus] = for_a_while(now, 1, 90);
}

static void hurt_centre(struct world *now)
{
    size_t const centre = (size_t)dice_between(&now->dice, 0, (int64_t)now->site.centre_count - 1);
    struct fake_broker *broker = &now->brokers[centre];
    storm.centre_until_us[centre] = for_a_while(now, 1, 300);
    switch (dice_between(&now->dice, 0, 5)) {
    case 0:
        broker->down = true;
        break;
    case 1:
        broker->black_hole = true;
        break;
    case 2:
        broker->mute = true;
        break;
    case 3:
        broker->delay_most_us = 3 * SECOND;
        break;
    case 4:
        broker->receive_maximum = 1;
        fake_broker_drop(broker);
        break;
    default:
        fake_broker_drop(broker);
        break;
    }
}

static void disturb_house(struct world *now)
{
    int64_t const away_us = dice_between(&now->dice, 0, 20) * SECOND;
    if (now->house == NULL)
        return;
    if (dice_chance(&now->dice, 600)) {
        world_kill_house(now, dice_between(&now->dice, 1, 300), away_us);
        return;
    }
    world_stop_house(now);
    if (dice_chance(&now->dice, 400))
        world_reboot(now);
    now->reopens_us = now->stage.t_us + away_us;
}

static void press_a_button(struct world *now)
{
    static const enum order_verb verbs[] = {ORDER_ACK, ORDER_ACK, ORDER_RESET, ORDER_SILENCE};
    if (now->house == NULL || now->stage.dead)
        return;
    world_send_order(now, verbs[dice_between(&now->dice, 0, 3)], NULL, NULL);
}

static void trap(struct world *now)
{
    plant_trap(&now->plant, plant_find(&now->plant, "di-1"), true);
    storm.trapped_until_us = for_a_while(now, 2, 60);
}

static void stick(struct world *now)
{
    now->plant.valve_stuck = true;
    storm.stuck_until_us = for_a_while(now, 5, 60);
}

static void open_valve(struct world *now)
{
    plant_open_valve_by_hand(&now->plant);
}

static int64_t weather(struct world *now)
{
    static void (*const misfortunes[])(struct world * now) = {
        hurt_slave,  hurt_slave,  hurt_slave,    leak,           leak,           leak, hurt_bus, hurt_centre,
        hurt_centre, hurt_centre, disturb_house, press_a_button, press_a_button, trap, stick,    open_valve,
    };
    end_what_is_over(now);
    if (!storm.over)
        misfortunes[dice_between(&now->dice, 0, ARRAY_SIZE(misfortunes) - 1)](now);
    return now->stage.t_us + dice_between(&now->dice, 100, 15000) * 1000;
}

static void calm(void)
{
    storm = (struct storm){.trapped_until_us = CLOCK_NEVER, .stuck_until_us = CLOCK_NEVER};
    for (int i = 0; i < PLANT_SLAVES_MAX; i++)
        storm.slave_until_us[i] = storm.gas_until_us[i] = CLOCK_NEVER;
    for (int i = 0; i < WORLD_BUSES_MAX; i++)
        storm.bus_until_us[i] = CLOCK_NEVER;
    for (int i = 0; i < WORLD_CENTRES_MAX; i++)
        storm.centre_until_us[i] = CLOCK_NEVER;
}

static size_t play(uint64_t seed)
{
    struct stage_set set = street_site;
    int64_t const began_mono_us = clock_now().mono_us;
    set.setup.seed = seed;
    set.setup.tight = true;
    calm();
    world_open(&world, &set.setup);
    world.script = weather;
    world.script_us = 10 * SECOND;
    world_run_until(&world, CHAOS_US);
    storm.over = true;
    world.stage.crash_in = 0;
    world.script_us = world.stage.t_us;
    world_run(&world, HEALING_US);
    for (size_t i = 0; i < world.site.centre_count; i++) {
        if (!world_settle(&world, i, 5 * MINUTE))
            stage_blame(&world.stage, INV_NUMBERS, world.stage.t_us, "centre %zu never gets all", i);
        ledger_open(&ledger, &world, i, true);
        if (i == 0) {
            print_message("seed %llu: %.1f s, %zu lives, %zu transactions, records a %llu t %llu, %llu duplicates\n",
                          (unsigned long long)seed, (double)(clock_now().mono_us - began_mono_us) / 1e6,
                          world.life_count, world.log.count, (unsigned long long)ledger.lanes[LANE_A].last,
                          (unsigned long long)ledger.lanes[LANE_T].last, (unsigned long long)ledger.duplicates);
            oracle_check(&world, &ledger, &set.expectations);
            if (getenv("HOUSE_FROM") != NULL && getenv("HOUSE_TO") != NULL)
                ledger_print(&ledger, strtoll(getenv("HOUSE_FROM"), NULL, 10) * SECOND,
                             strtoll(getenv("HOUSE_TO"), NULL, 10) * SECOND);
        }
        ledger_close(&ledger);
    }
    size_t const broken = world.stage.broken_count;
    world_close(&world);
    if (broken > 0)
        print_message("seed %llu: %zu times not as it must be; HOUSE_SEED=%llu build/release/house plays it again\n",
                      (unsigned long long)seed, broken, (unsigned long long)seed);
    return broken;
}

void chaos(void **state)
{
    (void)state;
    const char *only = getenv("HOUSE_SEED");
    if (only != NULL) {
        assert_int_equal(play(strtoull(only, NULL, 10)), 0);
        return;
    }
    uint64_t const seeds = effort_times(SEEDS_AT_SCALE_1);
    size_t broken = 0;
    for (uint64_t seed = FIRST_SEED; seed < FIRST_SEED + seeds; seed++)
        broken += play(seed);
    assert_int_equal(broken, 0);
}
