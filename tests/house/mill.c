/* Hours of bad luck for alarms of every kind, by seed: a bank of registers takes values around all limits, while its slave
 * fails, its bus is lost, the centre goes away, and the house is stopped, killed and rebooted. Then every record is held
 * against what was seen on the wire (kinds.h). A failing seed is printed; MILL_SEED=n plays it again. */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "tests/house/aside.h"
#include "tests/house/curtain.h"
#include "tests/house/kinds.h"
#include "tests/house/oracle.h"
#include "tests/house/scenes.h"
#include "tests/house/sites.h"
#include "tests/support/effort.h"

#define SEEDS_AT_SCALE_1 8
#define FIRST_SEED       7000
#define CONTROL_SEED     7000 /* one in which each limit is crossed, and each state of the mill seen */
#define HOURS_US         (60 * MINUTE)
#define CONTROL_US       (4 * HOUR)
#define DWELL_US         (31 * SECOND) /* three times up within a minute would be chattering */

enum reg { LEVEL, TARGET, MODE, FLAGS, FLOW, STAGE, REG_COUNT };

#define NO_FLOW 32767

static struct world world;
static struct ledger ledger;
static int64_t stays_until_us[REG_COUNT];
static int64_t fails_until_us;
static bool with_faults;
static struct asides asides;
static const char *const put_aside[] = {"shelf", "served", "grave"};

static uint16_t *registers(struct world *now)
{
    return now->plant.slaves[0].bank;
}

static void set(struct world *now, enum reg reg, uint16_t value)
{
    registers(now)[reg] = value;
    stays_until_us[reg] = now->stage.t_us + DWELL_US + dice_between(&now->dice, 0, 60) * SECOND;
}

static void move_registers(struct world *now)
{
    static const uint16_t levels[] = {0,   50,  80,  100, 101, 120, 200, 230, 300, 360, 399, 400, 410,
                                      449, 460, 499, 500, 520, 549, 550, 570, 599, 600, 620, 800};
    static const uint16_t targets[] = {100, 300, 500};
    static const uint16_t modes[] = {0, 6, 7, 8};
    static const uint16_t stages[] = {0, 1, 2, 3, 9}; /* the last one has no name */
    struct dice *dice = &now->dice;
    if (now->stage.t_us >= stays_until_us[LEVEL])
        set(now, LEVEL, levels[dice_between(dice, 0, ARRAY_SIZE(levels) - 1)]);
    if (now->stage.t_us >= stays_until_us[TARGET])
        set(now, TARGET, targets[dice_between(dice, 0, ARRAY_SIZE(targets) - 1)]);
    if (now->stage.t_us >= stays_until_us[MODE])
        set(now, MODE, modes[dice_between(dice, 0, ARRAY_SIZE(modes) - 1)]);
    if (now->stage.t_us >= stays_until_us[FLAGS])
        set(now, FLAGS, (uint16_t)dice_between(dice, 0, 7));
    if (now->stage.t_us >= stays_until_us[STAGE])
        set(now, STAGE, stages[dice_between(dice, 0, ARRAY_SIZE(stages) - 1)]);
    if (now->stage.t_us < stays_until_us[FLOW])
        return;
    registers(now)[FLOW] = registers(now)[FLOW] < 500 ? 900 : 100;
    if (dice_chance(dice, 10))
        set(now, FLOW, NO_FLOW);
    else if (dice_chance(dice, 30))
        stays_until_us[FLOW] = now->stage.t_us + dice_between(dice, 50, 180) * SECOND;
}

static void disturb_house(struct world *now)
{
    int64_t const away_us = dice_between(&now->dice, 0, 10) * SECOND;
    if (now->house == NULL || now->stage.crash_in != 0)
        return;
    if (dice_chance(&now->dice, 600)) {
        world_kill_house(now, dice_between(&now->dice, 1, 60), away_us);
        return;
    }
    world_stop_house(now);
    if (dice_chance(&now->dice, 400))
        world_reboot(now);
    now->reopens_us = now->stage.t_us + away_us;
}

static void heal(struct world *now)
{
    plant_set_fault(&now->plant, 0, FAULT_NONE, 0);
    fake_link_plug(&now->links[0], true);
    now->brokers[0].down = false;
}

static void hurt(struct world *now)
{
    static const enum fault faults[] = {FAULT_DEAF, FAULT_LATE, FAULT_GARBLED};
    fails_until_us = now->stage.t_us + dice_between(&now->dice, 1, 40) * SECOND;
    switch (dice_between(&now->dice, 0, 5)) {
    case 0:
        fake_link_plug(&now->links[0], false);
        break;
    case 1:
        now->brokers[0].down = true;
        break;
    case 2:
        disturb_house(now);
        break;
    default:
        now->plant.slaves[0].late_us = dice_between(&now->dice, 1000, 250000);
        plant_set_fault(&now->plant, 0, faults[dice_between(&now->dice, 0, 2)],
                        dice_chance(&now->dice, 500) ? 300 : 1000);
        break;
    }
}

/* The most of them for the one that may be put out of service; nobody may shelve the grave one. */
static void put_one_aside(struct world *now)
{
    struct dice *dice = &now->dice;
    struct aside_order order = {.alarm = put_aside[dice_between(dice, 0, ARRAY_SIZE(put_aside) - 1)],
                                .for_ms = (uint32_t)dice_between(dice, 10, 240) * 1000,
                                .one_shot = dice_chance(dice, 300)};
    int64_t const what = dice_between(dice, 0, 9);
    order.verb = what < 6 ? ORDER_SHELVE : what < 7 ? ORDER_UNSHELVE : ORDER_SERVICE;
    order.on = what != 7;
    if (order.verb == ORDER_SERVICE)
        order.alarm = "served";
    aside_give(now, &asides, "mill", order);
}

static int64_t weather(struct world *now)
{
    move_registers(now);
    if (now->stage.t_us >= fails_until_us) {
        heal(now);
        fails_until_us = CLOCK_NEVER;
    }
    if (with_faults && fails_until_us == CLOCK_NEVER && dice_chance(&now->dice, 40))
        hurt(now);
    if (now->house != NULL && !now->stage.dead && dice_chance(&now->dice, 60))
        world_send_order(now, ORDER_ACK, NULL, NULL);
    if (now->house != NULL && !now->stage.dead && dice_chance(&now->dice, 20))
        world_send_order(now, ORDER_RESET, NULL, NULL);
    if (now->house != NULL && !now->stage.dead && dice_chance(&now->dice, 40))
        put_one_aside(now);
    return now->stage.t_us + dice_between(&now->dice, 500, 3000) * 1000;
}

/* The run of a seed up to its ledger; kinds_check() may then be asked what it thinks of it. */
static void run(uint64_t seed, bool faults, int64_t for_us)
{
    struct world_setup setup = mill_site.setup;
    setup.seed = seed;
    world_open(&world, &setup);
    memset(stays_until_us, 0, sizeof stays_until_us);
    with_faults = faults;
    asides.count = 0;
    fails_until_us = CLOCK_NEVER;
    world.script = weather;
    world.script_us = 0;
    world_run_until(&world, for_us);
    heal(&world);
    world.script_us = CLOCK_NEVER;
    world.stage.crash_in = 0;
    world_run(&world, 2 * MINUTE);
    curtain_gather(&world, &ledger, 0);
}

static void end(void)
{
    ledger_close(&ledger);
    world_close(&world);
}

static void check_asides(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(put_aside); i++)
        aside_check(&world, &ledger, "mill", put_aside[i], &asides);
}

static size_t play(uint64_t seed)
{
    run(seed, seed % 4 != 0, HOURS_US);
    for (size_t i = 0; i < MILL_RULES; i++)
        kinds_check(&world, &ledger, "mill", &mill_rules[i]);
    check_asides();
    oracle_check(&world, &ledger, &mill_site.expectations); /* comm.lost, and the reasons of what has no value */
    curtain_print(&ledger);
    size_t const broken = world.stage.broken_count;
    print_message("seed %llu: %zu lives, %zu transactions, %llu alarm records\n", (unsigned long long)seed,
                  world.life_count, world.log.count, (unsigned long long)ledger.lanes[LANE_A].last);
    end();
    if (broken > 0)
        print_message("seed %llu: %zu times not as it must be; MILL_SEED=%llu build/release/house plays it again\n",
                      (unsigned long long)seed, broken, (unsigned long long)seed);
    return broken;
}

void every_kind_of_alarm_in_bad_weather(void **state)
{
    (void)state;
    const char *only = getenv("MILL_SEED");
    uint64_t const first = only != NULL ? strtoull(only, NULL, 10) : FIRST_SEED;
    uint64_t const count = only != NULL ? 1 : effort_times(SEEDS_AT_SCALE_1);
    size_t broken = 0;
    for (uint64_t seed = first; seed < first + count; seed++)
        broken += play(seed);
    assert_int_equal(broken, 0);
}

/* Another rule than the site has: which of them, and is there such a one? */
static bool make_wrong(struct kind_rule *rule, int which)
{
    bool const has_limit = rule->limit > 0;
    switch (which) {
    case 0:
        rule->on_us += 4 * SECOND;
        return true;
    case 1:
        rule->off_us += 4 * SECOND;
        return true;
    case 2:
        rule->limit += rule->kind == KIND_RATE ? 40 : 6;
        return has_limit;
    case 3:
        rule->limit -= 6;
        return has_limit;
    case 4:
        rule->gated = !rule->gated;
        return rule->kind != KIND_BIT; /* that one is the gate */
    case 5:
        rule->quieted = !rule->quieted;
        return true;
    case 6:
        rule->rearm_us += 3 * SECOND;
        return rule->rearm_us > MINUTE;
    case 7:
        rule->rearm_us -= 3 * SECOND;
        return rule->rearm_us > 0;
    case 8:
        rule->codes ^= 1U << 1;
        return rule->kind == KIND_CODE;
    case 9:
        rule->latch = false;
        return rule->bit > 0; /* of those that are reset */
    default:
        rule->rearm_us = 0;
        return mill_rules[MILL_RULES - 1].alarm == rule->alarm;
    }
}

/* Other orders than were given: for other times, for the opposite, or none. */
static void make_wrong_order(size_t i, int which)
{
    struct aside_order *order = &asides.list[i];
    if (which == 0)
        order->for_ms += 5000;
    else if (which == 1)
        order->on = !order->on;
    else
        order->alarm = "nobody's";
}

static void the_second_opinion_knows_orders(void)
{
    static struct asides given;
    given = asides;
    check_asides();
    assert_int_equal(world.stage.broken_count, 0);
    for (int which = 0; which < 3; which++) {
        size_t const before = world.stage.broken_count;
        for (size_t i = 0; i < asides.count; i++)
            make_wrong_order(i, which);
        check_asides();
        if (world.stage.broken_count == before)
            fail_msg("wrong orders %d are believed", which);
        asides = given;
    }
}

/* The second opinion can say no: with a wrong rule, of each kind and in each way, it does. */
void the_second_opinion_knows_each_kind(void **state)
{
    (void)state;
    run(CONTROL_SEED, true, CONTROL_US);
    world.stage.quiet = true;
    the_second_opinion_knows_orders();
    world.stage.broken_count = 0;
    for (size_t i = 0; i < MILL_RULES; i++) {
        kinds_check(&world, &ledger, "mill", &mill_rules[i]);
        assert_int_equal(world.stage.broken_count, 0);
    }
    for (size_t i = 0; i < MILL_RULES; i++)
        for (int which = 0; which < 11; which++) {
            struct kind_rule wrong = mill_rules[i];
            size_t const before = world.stage.broken_count;
            if (!make_wrong(&wrong, which))
                continue;
            kinds_check(&world, &ledger, "mill", &wrong);
            if (world.stage.broken_count == before)
                fail_msg("%s: wrong rule %d is believed", wrong.alarm, which);
        }
    end();
}
