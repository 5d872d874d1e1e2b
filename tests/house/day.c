/* A day of a site with 300 alarms, polled each second: what was raised and cleared is held, alarm by alarm and to the poll,
 * against the list of what happened; with a slave that is silent for half an hour, and a kill. (Under a sanitizer all of
 * it is shorter.) */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "tests/house/ledger.h"
#include "tests/house/scenes.h"
#include "tests/support/effort.h"

#define BANKS          6
#define LINES          3
#define ALARMS         (BANKS * BANK_REGISTERS)
#define EVENTS_EACH    4 /* of an alarm in the day */
#define CALM           50
#define TOO_HIGH       150 /* limit 100, deadband 10 */
#define TOO_LOW        10  /* limit 20, deadband 5 */
#define ON_DELAY       (2 * SECOND)
#define OFF_DELAY      (5 * SECOND)
#define POLL           SECOND
#define LATE           (SECOND / 2) /* what a line of two banks at 9600 baud adds to a poll */
#define BLINK          (800 * 1000) /* shorter than either delay less a poll */
#define LEAST          (10 * SECOND)
#define MOST           (30 * MINUTE)
#define SILENT_BANK    3
#define SILENT_MOST    (30 * MINUTE)
#define FOUND_WITHIN   (40 * SECOND) /* a slave that is back, by probes */
#define TROUBLE_AROUND (2 * MINUTE)
#define TEXT_MAX       (256 * 1024)
#define CHANGES_MAX    (ALARMS * (EVENTS_EACH * 6 + 2))

struct happening { /* an alarm that has to be raised and cleared */
    int64_t from_us;
    int64_t to_us;
};

struct change {
    int64_t t_us;
    int bank;
    int reg;
    uint16_t value;
};

static struct world world;
static struct ledger ledger;
static struct happening happenings[BANKS][BANK_REGISTERS][EVENTS_EACH];
static struct change changes[CHANGES_MAX];
static size_t change_count;
static size_t change_done;
static int64_t day_us;
static int64_t silent_us;
static int64_t silent_for_us;
static int64_t killed_us;
static int64_t housekept_us;
static bool spoke;

static bool is_low(int reg)
{
    return reg % 2 != 0;
}

static const char *priority_of(int reg)
{
    static const char *const words[] = {"critical", "high", "medium"};
    return words[reg * 3 / BANK_REGISTERS]; /* side by side: what is of one weight is read at once */
}

/* --- the site --- */

static void put_bank(struct text *text, int bank)
{
    text_put_format(text, "%s{'id':'bank-%d','bus':'line-%d','unit':%d,'class':'generic','every':'1s','points':{",
                    bank == 0 ? "" : ",", bank, bank % LINES, bank / LINES + 1);
    for (int reg = 0; reg < BANK_REGISTERS; reg++)
        text_put_format(text, "%s'r%d':{'function':'holding','address':%d,'type':'u16'}", reg == 0 ? "" : ",", reg,
                        reg);
    text_put(text, "},'alarms':{");
    for (int reg = 0; reg < BANK_REGISTERS; reg++)
        text_put_format(
            text,
            "%s'r%d.alarm':{'point':'r%d','kind':'%s','limit':%d,'deadband':%d,'on_delay':'2s','off_delay':'5s',"
            "'priority':'%s'}",
            reg == 0 ? "" : ",", reg, reg, is_low(reg) ? "lo" : "hi", is_low(reg) ? 20 : 100, is_low(reg) ? 5 : 10,
            priority_of(reg));
    text_put(text, "}}");
}

static void open_world(void)
{
    static char buffer[TEXT_MAX];
    static char ids[BANKS][16];
    static char lines[BANKS][16];
    static struct plant_row rows[BANKS];
    struct text text;
    text_init(&text, buffer, sizeof buffer);
    text_put(&text, "{'gateway':{'id':'day-1'},'centres':[{'id':'property','url':'mqtt://127.0.0.1:18883'}],"
                    "'journal':{'dir':'unused'},'buses':[");
    for (int line = 0; line < LINES; line++)
        text_put_format(&text, "%s{'id':'line-%d','link':'rtu','port':'/nowhere/%d','baud':9600,'format':'8N1'}",
                        line == 0 ? "" : ",", line, line);
    text_put(&text, "],'devices':[");
    for (int bank = 0; bank < BANKS; bank++) {
        put_bank(&text, bank);
        (void)snprintf(ids[bank], sizeof ids[bank], "bank-%d", bank);
        (void)snprintf(lines[bank], sizeof lines[bank], "line-%d", bank % LINES);
        rows[bank] = (struct plant_row){ids[bank], lines[bank], (uint8_t)(bank / LINES + 1), PLANT_BANK};
    }
    text_put(&text, "]}");
    assert_false(text.full);
    world_open(&world, &(struct world_setup){.site_text = buffer, .rows = rows, .row_count = BANKS, .seed = 300});
    for (int bank = 0; bank < BANKS; bank++)
        for (int reg = 0; reg < BANK_REGISTERS; reg++)
            world.plant.slaves[bank].bank[reg] = CALM;
}

/* --- what happens --- */

static void change(int64_t t_us, int bank, int reg, uint16_t value)
{
    CHECK(change_count < CHANGES_MAX);
    changes[change_count++] = (struct change){t_us, bank, reg, value};
}

/* Beyond the limit for a moment, or behind it: neither says anything. */
static void blink(int64_t t_us, int bank, int reg, uint16_t value, uint16_t otherwise)
{
    change(t_us, bank, reg, value);
    change(t_us + BLINK, bank, reg, otherwise);
}

static void plan_one(struct dice *dice, int bank, int reg, int number)
{
    uint16_t const bad = is_low(reg) ? TOO_LOW : TOO_HIGH;
    int64_t const share_us = (day_us - 2 * TROUBLE_AROUND) / EVENTS_EACH;
    int64_t const begin_us = TROUBLE_AROUND + number * share_us;
    /* Between two of an alarm there is a third of a share: that only one of them is moved, and not onto another. */
    CHECK(share_us / 3 > silent_for_us + 3 * TROUBLE_AROUND);
    int64_t most_us = dice_chance(dice, 500) ? MINUTE : MOST;
    most_us = most_us < share_us / 3 ? most_us : share_us / 3;
    struct happening one;
    one.from_us = begin_us + MINUTE + dice_between(dice, 0, share_us / 3);
    one.to_us = one.from_us + dice_between(dice, LEAST, most_us);
    /* The first alarm of that bank is on when it falls silent and over before it is heard again; the others of it leave that
     * time alone. */
    bool const near = bank == SILENT_BANK && one.from_us < silent_us + silent_for_us + TROUBLE_AROUND &&
                      one.to_us > silent_us - TROUBLE_AROUND;
    if (near && reg == 0)
        one = (struct happening){silent_us - MINUTE, silent_us + silent_for_us / 2};
    else if (near)
        one = (struct happening){silent_us - 2 * TROUBLE_AROUND, silent_us - TROUBLE_AROUND};
    happenings[bank][reg][number] = one;
    change(one.from_us, bank, reg, bad);
    change(one.to_us, bank, reg, CALM);
    if (!near && dice_chance(dice, 500))
        blink((one.from_us + one.to_us) / 2, bank, reg, CALM, bad);
    if (!near && dice_chance(dice, 500))
        blink(one.to_us + 30 * SECOND, bank, reg, bad, CALM);
}

static int by_time(const void *one, const void *other)
{
    int64_t const a = ((const struct change *)one)->t_us;
    int64_t const b = ((const struct change *)other)->t_us;
    return a < b ? -1 : a > b;
}

static void plan_day(void)
{
    struct dice dice = {300};
    change_count = change_done = 0;
    for (int bank = 0; bank < BANKS; bank++)
        for (int reg = 0; reg < BANK_REGISTERS; reg++)
            for (int number = 0; number < EVENTS_EACH; number++)
                plan_one(&dice, bank, reg, number);
    qsort(changes, change_count, sizeof changes[0], by_time);
}

/* Each hour somebody acknowledges everything; what the wires carried is of no interest here. */
static void keep_house(void)
{
    if (world.stage.t_us < housekept_us)
        return;
    housekept_us += HOUR;
    world.log.count = 0;
    if (world.house != NULL)
        world_send_order(&world, ORDER_ACK, NULL, NULL);
}

static int64_t happen(struct world *own)
{
    int64_t const now_us = own->stage.t_us;
    for (; change_done < change_count && changes[change_done].t_us <= now_us; change_done++)
        own->plant.slaves[changes[change_done].bank].bank[changes[change_done].reg] = changes[change_done].value;
    bool const speaks = now_us < silent_us || now_us >= silent_us + silent_for_us;
    if (speaks != spoke)
        plant_set_fault(&own->plant, SILENT_BANK, speaks ? FAULT_NONE : FAULT_DEAF, 1000);
    spoke = speaks;
    keep_house();
    int64_t next_us = change_done < change_count ? changes[change_done].t_us : CLOCK_NEVER;
    int64_t const others[] = {silent_us, silent_us + silent_for_us, housekept_us};
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        if (others[i] > now_us && others[i] < next_us)
            next_us = others[i];
    return next_us;
}

/* --- what was told --- */

/* A kill nearby costs the second that nobody was in, and the time to be in again. */
static int64_t slack_us(int64_t t_us)
{
    bool const near = t_us > killed_us - MINUTE && t_us < killed_us + MINUTE;
    return near ? 10 * SECOND : 0;
}

static void assert_told(int bank, int reg, const char *event, int number, int64_t least_us, int64_t most_us)
{
    char dev[16];
    char alarm[16];
    (void)snprintf(dev, sizeof dev, "bank-%d", bank);
    (void)snprintf(alarm, sizeof alarm, "r%d.alarm", reg);
    const struct record *record = ledger_find(&ledger, dev, alarm, event, (size_t)number);
    if (record == NULL)
        fail_msg("%s %s: was not %s a %d. time", dev, alarm, event, number + 1);
    if (record->at_us < least_us || record->at_us > most_us)
        fail_msg("%s %s: the %d. %s is of %.3f s, and not from %.3f to %.3f", dev, alarm, number + 1, event,
                 (double)record->at_us / 1e6, (double)least_us / 1e6, (double)most_us / 1e6);
}

static void check_times(int bank, int reg)
{
    for (int number = 0; number < EVENTS_EACH; number++) {
        const struct happening *one = &happenings[bank][reg][number];
        bool const unseen = bank == SILENT_BANK && one->to_us > silent_us && one->to_us < silent_us + silent_for_us;
        int64_t const over_us = unseen ? silent_us + silent_for_us : one->to_us;
        assert_told(bank, reg, "raised", number, one->from_us + ON_DELAY,
                    one->from_us + ON_DELAY + 2 * POLL + LATE + slack_us(one->from_us));
        assert_told(bank, reg, "cleared", number, over_us + OFF_DELAY,
                    over_us + OFF_DELAY + (unseen ? FOUND_WITHIN : 2 * POLL + LATE) + slack_us(over_us));
    }
}

/* Critical and high to the poll; medium, which a flood hushes, by their number. */
static void check_alarms(void)
{
    for (int bank = 0; bank < BANKS; bank++)
        for (int reg = 0; reg < BANK_REGISTERS; reg++) {
            char dev[16];
            char alarm[16];
            (void)snprintf(dev, sizeof dev, "bank-%d", bank);
            (void)snprintf(alarm, sizeof alarm, "r%d.alarm", reg);
            const struct chain *chain = ledger_chain(&ledger, dev, alarm);
            if (chain->raises + chain->counted != EVENTS_EACH)
                fail_msg("%s %s: raised %llu times and counted %llu, not %d", dev, alarm,
                         (unsigned long long)chain->raises, (unsigned long long)chain->counted, EVENTS_EACH);
            assert_string_equal(chain->state, "NORM");
            if (strcmp(priority_of(reg), "medium") != 0)
                check_times(bank, reg);
        }
}

static double cpu_s(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

void a_day_with_three_hundred_alarms(void **state)
{
    (void)state;
    double const began_s = cpu_s();
    day_us = effort(24, 24 * 7) * HOUR;
    silent_us = day_us / 2;
    silent_for_us = day_us / 48 < SILENT_MOST ? day_us / 48 : SILENT_MOST;
    killed_us = day_us * 3 / 4;
    housekept_us = HOUR;
    spoke = true;
    plan_day();
    open_world();
    world.script = happen;
    world.script_us = 0;
    world_run_until(&world, killed_us);
    world_kill_house(&world, 1, SECOND);
    world_run_until(&world, day_us);
    (void)world_order(&world, ORDER_ACK, NULL, NULL);
    world_run(&world, 12 * MINUTE); /* a flood is over by then */
    (void)world_order(&world, ORDER_ACK, NULL, NULL);
    assert_true(world_settle(&world, 0, 5 * MINUTE));
    double const played_s = cpu_s() - began_s;
    ledger_open(&ledger, &world, 0, true);
    check_alarms();
    const struct chain *lost = ledger_chain(&ledger, "bank-3", "comm.lost");
    assert_int_equal(lost->raises + lost->counted, 1);
    assert_string_equal(lost->state, "NORM");
    size_t const broken = world.stage.broken_count;
    print_message(
        "%.0f h of %d alarms in %d devices at 1 s: %.1f s of processor time; %zu activations, %llu alarm records\n",
        (double)day_us / (double)HOUR, ALARMS, BANKS, played_s, (size_t)ALARMS * EVENTS_EACH,
        (unsigned long long)ledger.lanes[LANE_A].last);
    ledger_close(&ledger);
    world_close(&world);
    assert_int_equal(broken, 0);
}
