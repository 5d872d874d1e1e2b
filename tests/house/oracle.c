#include "tests/house/oracle.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"

#define TICK_US      2000          /* `at` is in milliseconds */
#define SLACK_US     (3 * SECOND)  /* polls, back-off of a slave that was away for a moment */
#define GAP_MAX_US   (3 * SECOND)  /* between two samples of a slave that answers; more is an outage */
#define NOTICE_US    (6 * SECOND)  /* until a bus full of the dead has found one more of them */
#define CLEAR_GAP_US (30 * SECOND) /* the same where it only has to be possible */
#define SETTLE_US    (3 * SECOND)  /* after a start: restoring, first polls */
#define CONFIRM_US   (10 * SECOND) /* the site file's `within` */
#define STALE_COUNT  3             /* periods after which a value is stale (docs/PROTOCOL.md) */

static int bus_of(const struct world *world, int slave)
{
    return strcmp(world->plant.slaves[slave].row.bus, world->links[0].bus_id) == 0 ? 0 : 1;
}

/* --- events of one alarm --- */

struct change {
    int64_t at_us;
    bool raised;
    bool summed; /* what became of it in a flood: it happened at some time before */
    const struct record *record;
};

static size_t list_changes(const struct ledger *ledger, const char *dev, const char *alarm, struct change **ret_list)
{
    struct change *list = NULL;
    size_t count = 0;
    size_t max = 0;
    for (uint64_t seq = 1; seq <= ledger->lanes[LANE_A].last; seq++) {
        const struct record *record = &ledger->lanes[LANE_A].list[seq];
        if (record->raw == NULL || record->kind != RECORD_ALARM || strcmp(record->dev, dev) != 0 ||
            strcmp(record->alarm, alarm) != 0)
            continue;
        bool const summed = strcmp(record->event, "summarised") == 0;
        bool raised = strcmp(record->event, "raised") == 0;
        if (summed)
            raised = strcmp(record->state, "UNACK") == 0 || strcmp(record->state, "ACKED") == 0;
        if (!raised && !summed && strcmp(record->event, "cleared") != 0)
            continue;
        if (raised && !summed && (strcmp(record->from, "UNACK") == 0 || strcmp(record->from, "ACKED") == 0))
            continue; /* it stood already: a drill is over, which the ledger judges */
        list = stage_grow(list, count, &max, sizeof *list);
        list[count++] = (struct change){.at_us = record->at_us, .raised = raised, .summed = summed, .record = record};
    }
    *ret_list = list;
    return count;
}

/* Raised and not cleared at that time. */
static bool stands(const struct change *list, size_t count, int64_t t_us)
{
    bool standing = false;
    for (size_t i = 0; i < count && list[i].at_us <= t_us + TICK_US; i++)
        standing = list[i].raised;
    return standing;
}

/* It stands as raised because it chatters, whatever it is at that time. */
static bool chatters(const struct ledger *ledger, const char *dev, const char *alarm, int64_t t_us)
{
    bool chattering = false;
    for (uint64_t seq = 1; seq <= ledger->lanes[LANE_A].last; seq++) {
        const struct record *record = &ledger->lanes[LANE_A].list[seq];
        if (record->raw != NULL && record->kind == RECORD_ALARM && record->at_us <= t_us + TICK_US &&
            strcmp(record->dev, dev) == 0 && strcmp(record->alarm, alarm) == 0)
            chattering = record->chattering;
    }
    return chattering;
}

/* Stands at some time of from..to. */
static bool stands_within(const struct change *list, size_t count, int64_t from_us, int64_t to_us)
{
    if (stands(list, count, from_us))
        return true;
    for (size_t i = 0; i < count; i++)
        if (list[i].raised && list[i].at_us >= from_us && list[i].at_us <= to_us + TICK_US)
            return true;
    return false;
}

static bool alarm_stands(const struct ledger *ledger, const char *dev, const char *alarm, int64_t from_us,
                         int64_t to_us)
{
    struct change *list;
    size_t count = list_changes(ledger, dev, alarm, &list);
    bool standing = stands_within(list, count, from_us, to_us);
    free(list);
    return standing;
}

/* --- limits on gas --- */

static int life_at(const struct world *world, int64_t t_us)
{
    for (size_t i = world->life_count; i > 0; i--)
        if (world->lives[i - 1].opened_us <= t_us + TICK_US)
            return (int)i - 1;
    return 0;
}

/* A garbled answer is asked for again at once, before anybody is told. */
static enum sight sight_of(const struct wire_event *event)
{
    if (event->err == ERR_OK)
        return SIGHT_GOOD;
    return event->has_gas && event->err != ERR_GARBLED ? SIGHT_BAD : SIGHT_DOUBT;
}

/* The longest safety read of a detector (2+9; the XRL's 102+30); a longer one only passes over the gas on its way to slow
 * registers. */
#define GAS_READ_MAX     9
#define XRL_GAS_READ_MAX 30

size_t oracle_watch_gas(const struct world *world, int slave, struct seen **ret_list)
{
    struct seen *list = NULL;
    size_t count = 0;
    size_t max = 0;
    bool const xrl = slave >= 0 && world->plant.slaves[slave].row.kind == PLANT_XRL;
    for (size_t i = 0; i < world->log.count; i++) {
        const struct wire_event *event = &world->log.list[i];
        if (event->slave != slave || (!event->has_gas && event->err == ERR_OK))
            continue;
        if (event->err == ERR_OK && event->count > (xrl ? XRL_GAS_READ_MAX : GAS_READ_MAX))
            continue;
        list = stage_grow(list, count, &max, sizeof *list);
        list[count++] = (struct seen){
            .t_us = event->done_us, .sight = sight_of(event), .value = event->gas_lel_pct, .life = event->life};
    }
    *ret_list = list;
    return count;
}

static bool crosses(const struct expect_rule *rule, const struct seen *seen)
{
    return seen->sight == SIGHT_GOOD && seen->value >= rule->limit - 1e-6;
}

static bool is_below(const struct expect_rule *rule, const struct seen *seen)
{
    return seen->sight == SIGHT_GOOD && seen->value < rule->limit - rule->deadband - 1e-6;
}

/* Index of the last sample at or before t; count when there is none. */
static size_t last_before(const struct seen *list, size_t count, int64_t t_us)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list[middle].t_us <= t_us)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? count : low - 1;
}

/* After trouble on the line a reading that says something new is told when another one confirms it: a transaction later, and
 * the half second of rest that a detector may want. */
#define DOUBT_US (SECOND * 6 / 10)

static void check_raise(struct world *world, const struct expect_rule *rule, const struct seen *list, size_t count,
                        const struct change *change)
{
    size_t at = last_before(list, count, change->at_us + TICK_US);
    if (at < count && at > 0 && list[at].t_us >= change->at_us - DOUBT_US && !crosses(rule, &list[at]))
        at--; /* the delay ended just when a reading ended it for nothing, or while that waited to be confirmed */
    int64_t since_us = CLOCK_NEVER;
    bool value_seen = false;
    for (size_t i = at; i < count && (list[i].sight != SIGHT_GOOD || crosses(rule, &list[i])); i--) {
        if (list[i].sight == SIGHT_GOOD) {
            since_us = list[i].t_us;
            value_seen = value_seen || fabs(list[i].value - change->record->value) < 1e-4;
        }
        if (i == 0)
            break;
    }
    bool const rebooted = since_us < world->lives[life_at(world, change->at_us)].opened_us &&
                          world->lives[life_at(world, change->at_us)].booted; /* then it counts as run out */
    if (since_us == CLOCK_NEVER || (change->at_us - since_us < rule->on_us - TICK_US && !rebooted))
        stage_blame(&world->stage, INV_FALSE_RAISE, change->at_us, "%s %s: crossing since %.3f s", rule->dev,
                    rule->alarm, since_us == CLOCK_NEVER ? -1.0 : (double)since_us / 1e6);
    if (!change->record->has_value || !value_seen || fabs(change->record->limit - rule->limit) > 1e-9)
        stage_blame(&world->stage, INV_ALARM_VALUE, change->at_us, "%s %s: value %g, limit %g", rule->dev, rule->alarm,
                    change->record->value, change->record->limit);
}

static void check_clear(struct world *world, const struct expect_rule *rule, const struct seen *list, size_t count,
                        const struct change *change)
{
    size_t at = last_before(list, count, change->at_us + TICK_US);
    while (at < count && at > 0 && list[at].sight == SIGHT_DOUBT)
        at--;
    bool const good_now = at < count && list[at].sight == SIGHT_GOOD;
    int64_t below_us = good_now && is_below(rule, &list[at]) ? change->at_us - list[at].t_us : 0;
    for (size_t i = at; i < count && i > 0; i--) {
        const struct seen *before = &list[i - 1];
        if (before->sight == SIGHT_GOOD && !is_below(rule, before))
            break;
        int64_t const step_us = list[i].t_us - before->t_us;
        if (before->sight != SIGHT_BAD) /* a step that ends in doubt may have counted */
            below_us += step_us < CLEAR_GAP_US ? step_us : CLEAR_GAP_US;
    }
    if (!good_now || !is_below(rule, &list[at]) || below_us < rule->off_us - TICK_US)
        stage_blame(&world->stage, INV_FALSE_CLEAR, change->at_us, "%s %s: below for %.3f s, present reading %s",
                    rule->dev, rule->alarm, (double)below_us / 1e6, good_now ? "good" : "bad");
}

/* Continuous runs of good samples on one side of the limit, in one life, without a gap. */
struct run {
    int64_t from_us;
    int64_t to_us;
    bool crossing;
    int64_t settled_us; /* the life began long enough before */
};

static void judge_run(struct world *world, const struct ledger *ledger, const struct expect_rule *rule,
                      const struct run *run, const struct change *changes, size_t change_count)
{
    int64_t due_us = run->from_us + (run->crossing ? rule->on_us : rule->off_us) + SLACK_US;
    if (due_us < run->settled_us)
        due_us = run->settled_us;
    if (due_us >= run->to_us)
        return;
    bool const standing = stands(changes, change_count, due_us);
    if (standing && !run->crossing && chatters(ledger, rule->dev, rule->alarm, due_us))
        return;
    if (standing != run->crossing)
        stage_blame(&world->stage, run->crossing ? INV_MISSED_RAISE : INV_MISSED_CLEAR, due_us,
                    "%s %s: %s since %.3f s", rule->dev, rule->alarm, run->crossing ? "crossing" : "below",
                    (double)run->from_us / 1e6);
}

static void check_runs(struct world *world, const struct ledger *ledger, const struct expect_rule *rule,
                       const struct seen *list, size_t count, const struct change *changes, size_t change_count)
{
    struct run run = {0};
    bool open = false;
    for (size_t i = 0; i < count; i++) {
        bool const crossing = crosses(rule, &list[i]);
        bool const fits = open && list[i].sight == SIGHT_GOOD && crossing == run.crossing &&
                          (crossing || is_below(rule, &list[i])) && list[i].life == list[i - 1].life &&
                          list[i].t_us - list[i - 1].t_us < GAP_MAX_US;
        if (!fits && open)
            judge_run(world, ledger, rule, &run, changes, change_count);
        if (!fits) {
            open = crossing || is_below(rule, &list[i]);
            run = (struct run){.from_us = list[i].t_us, .crossing = crossing};
            run.settled_us = world->lives[list[i].life].opened_us + SETTLE_US;
        }
        run.to_us = list[i].t_us;
    }
    if (open)
        judge_run(world, ledger, rule, &run, changes, change_count);
}

static void check_rule(struct world *world, const struct ledger *ledger, const struct expect_rule *rule)
{
    struct seen *list;
    struct change *changes;
    size_t count = oracle_watch_gas(world, plant_find(&world->plant, rule->dev), &list);
    size_t change_count = list_changes(ledger, rule->dev, rule->alarm, &changes);
    for (size_t i = 0; i < change_count; i++)
        if (changes[i].raised)
            check_raise(world, rule, list, count, &changes[i]);
        else
            check_clear(world, rule, list, count, &changes[i]);
    check_runs(world, ledger, rule, list, count, changes, change_count);
    free(list);
    free(changes);
}

/* --- comm.lost --- */

/* How many transactions had ended by then; the log is in that order. */
static size_t ended_by(const struct world *world, int64_t t_us)
{
    size_t low = 0;
    size_t high = world->log.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (world->log.list[middle].done_us <= t_us)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The last time before t at which a slave gave a good answer to a read; -1 never. */
static int64_t last_good_us(const struct world *world, int slave, int64_t t_us)
{
    for (size_t i = ended_by(world, t_us + TICK_US); i > 0; i--)
        if (world->log.list[i - 1].slave == slave && world->log.list[i - 1].err == ERR_OK)
            return world->log.list[i - 1].done_us;
    return -1;
}

/* Something of the device failed all along: never longer than this without a failure or a lost bus. */
#define FAILING_GAP_US (12 * SECOND) /* back-off of a dead slave, and its probe */

static bool is_gap(const struct world *world, const struct expect_device *device, int64_t from_us, int64_t to_us)
{
    int const bus = bus_of(world, plant_find(&world->plant, device->slaves[0]));
    return to_us - from_us > FAILING_GAP_US && !plant_was(&world->plant, bus, TRUTH_PORT_GONE, 1, from_us, to_us);
}

static bool fails_all_along(const struct world *world, const struct expect_device *device, int64_t from_us,
                            int64_t at_us)
{
    int64_t next_us = at_us;
    int failures = plant_was(&world->plant, bus_of(world, plant_find(&world->plant, device->slaves[0])),
                             TRUTH_PORT_GONE, 1, from_us, at_us)
                       ? 1
                       : 0;
    for (size_t i = ended_by(world, at_us + TICK_US); i > 0 && world->log.list[i - 1].done_us >= from_us; i--) {
        const struct wire_event *event = &world->log.list[i - 1];
        bool mine = false;
        for (const char *const *id = device->slaves; *id != NULL; id++)
            mine = mine || event->slave == plant_find(&world->plant, *id);
        if (!mine || event->err == ERR_OK)
            continue;
        if (is_gap(world, device, event->done_us, next_us))
            return false;
        next_us = event->done_us;
        failures++;
    }
    return failures >= 2 && !is_gap(world, device, from_us, next_us);
}

/* A probe that was answered is in the log as good, but nothing of it is used: the read that follows is what counts, or, after
 * trouble on the line, the one that confirms it; and the line may be lost in between. */
#define PROBED_US (2 * SECOND)

/* Since when a slave of the device stands still, as far as its heartbeat can tell; CLOCK_NEVER: none does. */
static int64_t frozen_since_us(const struct world *world, const struct expect_device *device, int64_t t_us)
{
    for (const char *const *id = device->slaves; *id != NULL; id++) {
        int const slave = plant_find(&world->plant, *id);
        int64_t since_us = CLOCK_NEVER;
        for (size_t i = 0; i < world->plant.step_count && world->plant.steps[i].t_us <= t_us; i++) {
            const struct truth_step *step = &world->plant.steps[i];
            if (step->slave == slave && step->what == TRUTH_FROZEN)
                since_us = step->value > 0 ? step->t_us : CLOCK_NEVER;
        }
        if (since_us != CLOCK_NEVER)
            return since_us - HEARTBEAT_US;
    }
    return CLOCK_NEVER;
}

/* The port was gone as long as the alarm waits, and is back for too short a time for all to have been read. */
static bool is_only_just_back(const struct world *world, const struct expect_device *device, int64_t from_us,
                              int64_t at_us)
{
    int const bus = bus_of(world, plant_find(&world->plant, device->slaves[0]));
    return plant_was(&world->plant, bus, TRUTH_PORT_GONE, 1, from_us, from_us + PROBED_US) &&
           plant_was(&world->plant, bus, TRUTH_PORT_GONE, 1, at_us - PROBED_US, at_us);
}

static void check_comm_raise(struct world *world, const struct expect_device *device, int64_t at_us)
{
    int64_t const from_us = at_us - device->comm_on_us;
    int64_t const frozen_us = frozen_since_us(world, device, at_us);
    if (device->frozen_after_us > 0 && frozen_us != CLOCK_NEVER &&
        at_us >= frozen_us + device->frozen_after_us + device->comm_on_us - TICK_US)
        return;
    for (const char *const *id = device->slaves; *id != NULL; id++)
        if (last_good_us(world, plant_find(&world->plant, *id), at_us) <= from_us + PROBED_US)
            return;
    if (!is_only_just_back(world, device, from_us, at_us) && !fails_all_along(world, device, from_us, at_us))
        stage_blame(&world->stage, INV_FALSE_RAISE, at_us, "%s comm.lost, but all of it answered", device->dev);
}

static void check_comm_clear(struct world *world, const struct expect_device *device, int64_t at_us)
{
    if (frozen_since_us(world, device, at_us) != CLOCK_NEVER)
        stage_blame(&world->stage, INV_FALSE_CLEAR, at_us, "%s comm.lost while it stands still", device->dev);
    for (const char *const *id = device->slaves; *id != NULL; id++)
        if (at_us - last_good_us(world, plant_find(&world->plant, *id), at_us) > device->every_us + GAP_MAX_US)
            stage_blame(&world->stage, INV_FALSE_CLEAR, at_us, "%s comm.lost while %s is silent", device->dev, *id);
}

/* While no answer came for long enough, in one life, the alarm must stand. */
static void check_comm_missed(struct world *world, const struct ledger *ledger, const struct expect_device *device,
                              const char *id, const struct change *changes, size_t change_count)
{
    int const slave = plant_find(&world->plant, id);
    for (size_t life = 0; life < world->life_count; life++) {
        int64_t const end_us =
            world->lives[life].closed_us < world->stage.t_us ? world->lives[life].closed_us : world->stage.t_us;
        int64_t since_us = world->lives[life].opened_us + SETTLE_US;
        for (size_t i = 0; i <= world->log.count; i++) {
            bool const last = i == world->log.count;
            const struct wire_event *event = last ? NULL : &world->log.list[i];
            bool const answered = !last && (event->err == ERR_OK || event->err == ERR_EXCEPTION);
            if (!last && (event->slave != slave || !answered || event->life != (int)life))
                continue;
            int64_t const until_us = last ? end_us : event->done_us;
            int64_t const due_us = since_us + device->comm_on_us + device->every_us + NOTICE_US;
            if (until_us > due_us && !stands(changes, change_count, due_us) &&
                !ledger_hushed(ledger, device->comm_priority, due_us))
                stage_blame(&world->stage, INV_MISSED_RAISE, due_us, "%s comm.lost: %s is silent since %.3f s",
                            device->dev, id, (double)since_us / 1e6);
            since_us = until_us;
        }
    }
}

static void check_comm(struct world *world, const struct ledger *ledger, const struct expect_device *device)
{
    struct change *changes;
    size_t count = list_changes(ledger, device->dev, "comm.lost", &changes);
    for (size_t i = 0; i < count; i++)
        if (changes[i].summed)
            continue;
        else if (changes[i].raised)
            check_comm_raise(world, device, changes[i].at_us);
        else
            check_comm_clear(world, device, changes[i].at_us);
    for (const char *const *id = device->slaves; *id != NULL; id++)
        check_comm_missed(world, ledger, device, *id, changes, count);
    free(changes);
}

/* --- telemetry --- */

struct telemetry { /* one record and what it is about */
    const struct record *record;
    const struct expect_device *device;
    int64_t oldest_us; /* a value may have been read no earlier than this */
};

static void check_gas_value(struct world *world, const struct telemetry *telemetry, int slave, double value)
{
    for (size_t i = ended_by(world, telemetry->record->at_us + TICK_US); i > 0; i--) {
        const struct wire_event *event = &world->log.list[i - 1];
        if (event->done_us < telemetry->oldest_us)
            break;
        if (event->slave == slave && event->has_gas && event->err == ERR_OK && fabs(event->gas_lel_pct - value) < 1e-4)
            return;
    }
    stage_blame(&world->stage, INV_VALUE, telemetry->record->at_us, "%s: gas %g was not there to be read",
                telemetry->device->dev, value);
}

static void check_stamp_value(struct world *world, const struct telemetry *telemetry, const char *point, double value)
{
    uint32_t const stamp = (uint32_t)value;
    uint32_t const ticks = stamp & 0xFFFF;
    long const address = strtol(point + 1, NULL, 10); /* point r12 is at address 12 */
    int64_t const read_us = (int64_t)ticks * STAMP_TICK_US;
    int const slave = plant_find(&world->plant, telemetry->device->dev);
    bool const right = stamp >> 24 == world->plant.slaves[slave].number && (long)(stamp >> 16 & 0xFF) == address &&
                       read_us <= telemetry->record->at_us + TICK_US && read_us + STAMP_TICK_US >= telemetry->oldest_us;
    if (!right)
        stage_blame(&world->stage, INV_VALUE, telemetry->record->at_us, "%s %s: slave %u, address %u, read at %.3f s",
                    telemetry->device->dev, point, stamp >> 24, stamp >> 16 & 0xFF, (double)read_us / 1e6);
}

static void check_truth(struct world *world, const struct telemetry *telemetry, int slave, enum truth what,
                        const char *point, bool value)
{
    if (!plant_was(&world->plant, slave, what, value, telemetry->oldest_us, telemetry->record->at_us))
        stage_blame(&world->stage, INV_VALUE, telemetry->record->at_us, "%s %s: %s never was", telemetry->device->dev,
                    point, value ? "true" : "false");
}

static void check_value(struct world *world, const struct telemetry *telemetry, const cJSON *item)
{
    int const slave = plant_find(&world->plant, telemetry->device->slaves[0]);
    const char *point = item->string;
    switch (world->plant.slaves[slave].row.kind) {
    case PLANT_XCD:
    case PLANT_GAS6IN1:
    case PLANT_XRL:
        if (strcmp(point, "gas_lel_pct") == 0)
            check_gas_value(world, telemetry, slave, item->valuedouble);
        break;
    case PLANT_STAMPS:
        check_stamp_value(world, telemetry, point, item->valuedouble);
        break;
    case PLANT_RELAYS:
        if (strcmp(point, "relay_1") == 0)
            check_truth(world, telemetry, slave, TRUTH_COIL_1, point, cJSON_IsTrue(item));
        if (strcmp(point, "relay_2") == 0)
            check_truth(world, telemetry, slave, TRUTH_COIL_2, point, cJSON_IsTrue(item));
        if (strcmp(point, "input_1") == 0)
            check_truth(world, telemetry, slave, TRUTH_CLOSED, point, cJSON_IsTrue(item));
        break;
    case PLANT_INPUTS:
        if (strcmp(point, "passenger_present") == 0)
            check_truth(world, telemetry, slave, TRUTH_TRAPPED, point, cJSON_IsTrue(item));
        if (strcmp(point, "door_zone") == 0)
            check_truth(world, telemetry, slave, TRUTH_TRAPPED, point, !cJSON_IsTrue(item));
        break;
    case PLANT_SPEED:
    case PLANT_BANK:
    case PLANT_PANEL:
        break;
    }
}

/* Polled each minute: fresh for three. */
static bool is_slow(const char *point)
{
    static const char *const points[] = {
        "gas_peak",          "gas_name",      "detector_temp", "supply_voltage", "cal_due_days",      "gas_code",
        "cal_interval_days", "sp_alarm1_dev", "sp_alarm2_dev", "ambient_temp",   "range_full_scale",  "humidity",
        "unit_code",         "status_raw",    "fault_bits",    "alarm_bits",     "alarm_latched_bits"};
    for (size_t i = 0; i < ARRAY_SIZE(points); i++)
        if (strcmp(points[i], point) == 0)
            return true;
    return false;
}

/* The last transaction of a slave before t in the same life; NULL none. */
static const struct wire_event *last_of(const struct world *world, int slave, int64_t t_us)
{
    int const life = life_at(world, t_us);
    for (size_t i = ended_by(world, t_us + TICK_US); i > 0 && world->log.list[i - 1].life == life; i--)
        if (world->log.list[i - 1].slave == slave)
            return &world->log.list[i - 1];
    return NULL;
}

/* "bus_lost" is said of a slave whose bus was lost after it was last asked, or before it was ever asked; a TCP connection
 * may also be given up by the house itself, when nobody on it answers. */
static bool may_be_lost(const struct world *world, const struct expect_device *device, int64_t at_us)
{
    for (const char *const *id = device->slaves; *id != NULL; id++) {
        int const slave = plant_find(&world->plant, *id);
        const struct wire_event *last = last_of(world, slave, at_us - SECOND);
        int const bus = bus_of(world, slave);
        if (last == NULL || !world->links[bus].rtu ||
            plant_was(&world->plant, bus, TRUTH_PORT_GONE, 1, at_us - 5 * SECOND, at_us) ||
            plant_was(&world->plant, bus, TRUTH_PORT_GONE, 1, last->start_us, at_us))
            return true;
    }
    return false;
}

/* Every word is of the contract, and a lost bus is not blamed for a silent slave. */
static void check_reason(struct world *world, const struct telemetry *telemetry, const cJSON *item)
{
    static const char *const words[] = {"starting", "no_answer",   "bus_lost",     "refused", "busy", "garbled",
                                        "invalid",  "implausible", "sensor_fault", "frozen",  "stale"};
    const char *reason = cJSON_GetStringValue(item);
    bool known = false;
    for (size_t i = 0; reason != NULL && i < ARRAY_SIZE(words); i++)
        known = known || strcmp(words[i], reason) == 0;
    if (!known)
        stage_blame(&world->stage, INV_REASON, telemetry->record->at_us, "%s %s: %s", telemetry->device->dev,
                    item->string, reason != NULL ? reason : "no word");
    else if (strcmp(reason, "bus_lost") == 0 && !is_slow(item->string) &&
             !may_be_lost(world, telemetry->device, telemetry->record->at_us))
        stage_blame(&world->stage, INV_REASON, telemetry->record->at_us, "%s %s: bus_lost, but the bus is there",
                    telemetry->device->dev, item->string);
}

/* Did a slave of the device give a good answer within the time in which a value is fresh? */
static bool is_heard(const struct world *world, const struct telemetry *telemetry)
{
    for (size_t i = ended_by(world, telemetry->record->at_us + TICK_US); i > 0; i--) {
        const struct wire_event *event = &world->log.list[i - 1];
        if (event->done_us < telemetry->oldest_us)
            break;
        for (const char *const *id = telemetry->device->slaves; event->err == ERR_OK && *id != NULL; id++)
            if (event->slave == plant_find(&world->plant, *id))
                return true;
    }
    return false;
}

/* Who says nothing has no values; but that a detector is faulty may be derived from its last words. */
static void check_silent(struct world *world, const struct telemetry *telemetry, const cJSON *values)
{
    const cJSON *item;
    if (is_heard(world, telemetry))
        return;
    cJSON_ArrayForEach(item, values) if (!is_slow(item->string) && strcmp(item->string, "gas_fault") != 0)
        stage_blame(&world->stage, INV_VALUE, telemetry->record->at_us, "%s %s has a value, and nobody answers",
                    telemetry->device->dev, item->string);
}

static void check_telemetry(struct world *world, const struct telemetry *telemetry)
{
    cJSON *tree = record_parse(telemetry->record);
    const cJSON *values = cJSON_GetObjectItemCaseSensitive(tree, "values");
    const cJSON *bad = cJSON_GetObjectItemCaseSensitive(tree, "bad");
    const cJSON *item;
    cJSON_ArrayForEach(item, values)
    {
        check_value(world, telemetry, item);
        if (cJSON_HasObjectItem(bad, item->string))
            stage_blame(&world->stage, INV_REASON, telemetry->record->at_us, "%s %s: both good and bad",
                        telemetry->device->dev, item->string);
    }
    cJSON_ArrayForEach(item, bad) check_reason(world, telemetry, item);
    check_silent(world, telemetry, values);
    if (!cJSON_IsObject(values) || !cJSON_IsObject(bad))
        stage_blame(&world->stage, INV_SHAPE, telemetry->record->at_us, "%s: no values or no bad",
                    telemetry->device->dev);
    cJSON_Delete(tree);
}

/* Times of the last records of a device in one life, oldest first. */
#define PACE_COUNT 5
struct pace {
    int64_t at_us[PACE_COUNT];
    int count;
};

/* `at` is when the newest value was read, not when the record was made, and a period may be short by a quarter: single
 * steps look shorter than the period, several in a row must not. */
static void check_pace(struct world *world, const struct expect_device *device, struct pace *pace, int64_t at_us)
{
    int64_t const least_us = (PACE_COUNT - 1) * device->every_us * 3 / 4 - device->every_us;
    int64_t const last_us = pace->count > 0 ? pace->at_us[pace->count - 1] : -1;
    if (last_us >= 0 && life_at(world, last_us) != life_at(world, at_us))
        pace->count = 0;
    else if (last_us >= 0 && at_us - last_us > device->max_silence_us + device->every_us + SLACK_US)
        stage_blame(&world->stage, INV_SILENCE, at_us, "%s: no record for %.3f s", device->dev,
                    (double)(at_us - last_us) / 1e6);
    if (pace->count == PACE_COUNT) {
        memmove(pace->at_us, pace->at_us + 1, sizeof pace->at_us - sizeof pace->at_us[0]);
        pace->count--;
    }
    pace->at_us[pace->count++] = at_us;
    if (pace->count == PACE_COUNT && at_us - pace->at_us[0] < least_us)
        stage_blame(&world->stage, INV_PACE, at_us, "%s: %d records in %.3f s", device->dev, PACE_COUNT,
                    (double)(at_us - pace->at_us[0]) / 1e6);
}

static void check_device(struct world *world, const struct ledger *ledger, const struct expect_device *device)
{
    const struct lane_book *book = &ledger->lanes[LANE_T];
    struct pace pace = {.count = 0};
    for (uint64_t seq = 1; seq <= book->last; seq++) {
        const struct record *record = &book->list[seq];
        if (record->raw == NULL && record->declared)
            pace.count = 0; /* thinned, or lost with the power: that it is declared is the ledger's matter */
        if (record->raw == NULL || strcmp(record->dev, device->dev) != 0)
            continue;
        /* A period is stretched by a line that is busy with the dead. */
        int64_t const oldest_us = record->at_us - (STALE_COUNT + 1) * device->every_us - 2 * SECOND;
        struct telemetry telemetry = {.record = record, .device = device, .oldest_us = oldest_us};
        check_telemetry(world, &telemetry);
        check_pace(world, device, &pace, record->at_us);
    }
    if (pace.count > 0 && world->house != NULL && life_at(world, pace.at_us[pace.count - 1]) == world->life &&
        world->stage.t_us - pace.at_us[pace.count - 1] > device->max_silence_us + device->every_us + SLACK_US)
        stage_blame(&world->stage, INV_SILENCE, world->stage.t_us, "%s: no record since %.3f s", device->dev,
                    (double)pace.at_us[pace.count - 1] / 1e6);
}

/* --- the interlock --- */

/* Anything that may make the zone vote: gas, or doubt about a detector (fault_vote "for"). */
static bool has_cause(const struct ledger *ledger, const struct expectations *expectations, int64_t from_us,
                      int64_t to_us)
{
    static const char *const doubts[] = {"gas.high", "gas.over_range", "gas.fault", "comm.lost"};
    for (size_t i = 0; i < expectations->rule_count; i++)
        for (size_t doubt = 0; doubt < ARRAY_SIZE(doubts); doubt++)
            if (alarm_stands(ledger, expectations->rules[i].dev, doubts[doubt], from_us, to_us))
                return true;
    return false;
}

static const char *interlock_of(const struct record *record, char *ret_id, size_t size)
{
    cJSON *tree = record_parse(record);
    const char *id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(tree, "interlock"));
    (void)snprintf(ret_id, size, "%s", id != NULL ? id : "");
    cJSON_Delete(tree);
    return ret_id;
}

/* The n-th notice of that kind about that interlock at or after a time. */
static const struct record *find_notice(const struct ledger *ledger, const char *interlock, const char *event,
                                        int64_t from_us)
{
    char id[LEDGER_ID_MAX];
    for (size_t n = 0;; n++) {
        const struct record *record = ledger_find(ledger, "", NULL, event, n);
        if (record == NULL)
            return NULL;
        if (record->at_us + TICK_US >= from_us && strcmp(interlock_of(record, id, sizeof id), interlock) == 0)
            return record;
    }
}

static void check_trip(struct world *world, const struct ledger *ledger, const struct expectations *expectations,
                       const struct record *trip)
{
    int64_t const due_us = trip->at_us + CONFIRM_US + SLACK_US;
    struct life *life = &world->lives[life_at(world, trip->at_us)];
    if (!has_cause(ledger, expectations, trip->at_us - SECOND, trip->at_us))
        stage_blame(&world->stage, INV_INTERLOCK, trip->at_us, "%s trips without a cause", expectations->trip);
    if (life->closed_us < due_us || world->stage.t_us < due_us)
        return; /* the process did not live to see it */
    const struct record *confirmed = find_notice(ledger, expectations->trip, "interlock_confirmed", trip->at_us);
    bool const failed = alarm_stands(ledger, expectations->trip, "interlock.failed", trip->at_us, due_us);
    if (!failed && (confirmed == NULL || confirmed->at_us > due_us))
        stage_blame(&world->stage, INV_INTERLOCK, due_us, "%s: neither confirmed nor failed", expectations->trip);
}

static void check_confirm(struct world *world, const struct expectations *expectations, const struct record *confirmed)
{
    int const board = plant_find(&world->plant, expectations->board);
    if (!plant_was(&world->plant, board, TRUTH_CLOSED, 1, confirmed->at_us - 2 * SECOND, confirmed->at_us))
        stage_blame(&world->stage, INV_INTERLOCK, confirmed->at_us, "confirmed, but the valve is open");
}

/* Writes on the wire: closing needs a trip, opening needs a release. */
static void check_writes(struct world *world, const struct ledger *ledger, const struct expectations *expectations)
{
    int const board = plant_find(&world->plant, expectations->board);
    for (size_t i = 0; i < world->log.count; i++) {
        const struct wire_event *event = &world->log.list[i];
        if (event->slave != board || event->function != LINK_WRITE_COIL || event->address != 0)
            continue;
        const struct record *trip = find_notice(ledger, expectations->trip, "interlock_tripped", 0);
        if (trip == NULL || trip->at_us > event->start_us + TICK_US)
            stage_blame(&world->stage, INV_INTERLOCK, event->start_us, "the valve is written before any trip");
        if (event->value == 0 && find_notice(ledger, expectations->trip, "interlock_released", 0) == NULL)
            stage_blame(&world->stage, INV_INTERLOCK, event->start_us, "the valve is released without a reset");
    }
}

static void check_interlock(struct world *world, const struct ledger *ledger, const struct expectations *expectations)
{
    char id[LEDGER_ID_MAX];
    const struct record *record;
    for (size_t n = 0; (record = ledger_find(ledger, "", NULL, "interlock_tripped", n)) != NULL; n++)
        if (strcmp(interlock_of(record, id, sizeof id), expectations->trip) == 0)
            check_trip(world, ledger, expectations, record);
    for (size_t n = 0; (record = ledger_find(ledger, "", NULL, "interlock_confirmed", n)) != NULL; n++)
        if (strcmp(interlock_of(record, id, sizeof id), expectations->trip) == 0)
            check_confirm(world, expectations, record);
    check_writes(world, ledger, expectations);
}

void oracle_check(struct world *world, const struct ledger *ledger, const struct expectations *expectations)
{
    for (size_t i = 0; i < expectations->rule_count; i++)
        check_rule(world, ledger, &expectations->rules[i]);
    for (size_t i = 0; i < expectations->device_count; i++) {
        check_comm(world, ledger, &expectations->devices[i]);
        check_device(world, ledger, &expectations->devices[i]);
    }
    if (expectations->trip != NULL)
        check_interlock(world, ledger, expectations);
}
