#include <string.h>

#include "gateway/base/check.h"
#include "gateway/core/due.h"
#include "gateway/core/normalize.h"
#include "gateway/run/judge_private.h"

#define TEXT_SLOT_MAX BATCH_TEXT_MAX

/* An array of the arena; on failure the flag is set and NULL comes back: looked at once, at the end. */
static void *take(struct judge *judge, size_t count, size_t size, bool *failed)
{
    void *memory = arena_take(&judge->arena, count, size);
    *failed = *failed || memory == NULL;
    return memory;
}

/* Slaves: who takes which point. Counted first, then filled. */

static size_t count_feeds(const struct site *site)
{
    size_t count = 0;
    for (size_t d = 0; d < site->device_count; d++)
        for (size_t p = 0; p < site->devices[d].point_count; p++)
            count += site->devices[d].points[p].slave >= 0;
    return count;
}

static void fill_feeds(struct judge *judge, size_t slave, uint32_t *feed_first, size_t *next)
{
    const struct site *site = judge->site;
    for (size_t point = 0; point < site->slaves[slave].point_count; point++) {
        feed_first[point] = (uint32_t)*next;
        for (size_t i = 0; i < judge->slaves[slave].device_count; i++) {
            uint32_t const d = judge->slaves[slave].devices[i];
            const struct site_device *device = &site->devices[d];
            for (size_t p = 0; p < device->point_count; p++)
                if (device->points[p].slave == (int32_t)slave && device->points[p].slave_point == (int32_t)point)
                    judge->feeds[(*next)++] = (struct judge_feed){.device = d, .point = (uint16_t)p};
        }
    }
    feed_first[site->slaves[slave].point_count] = (uint32_t)*next;
}

static bool takes_from(const struct site_device *device, size_t slave)
{
    for (size_t i = 0; i < device->slave_count; i++)
        if (device->slaves[i] == (int32_t)slave)
            return true;
    return false;
}

static void make_slave_devices(struct judge *judge, size_t slave, bool *failed)
{
    const struct site *site = judge->site;
    struct judge_slave *own = &judge->slaves[slave];
    for (size_t d = 0; d < site->device_count; d++)
        own->device_count += takes_from(&site->devices[d], slave);
    uint32_t *devices = take(judge, own->device_count, sizeof *devices, failed);
    if (*failed)
        return;
    own->devices = devices;
    for (uint32_t d = 0; d < site->device_count; d++) {
        if (!takes_from(&site->devices[d], slave))
            continue;
        *devices++ = d;
        own->never_written = own->never_written || site->devices[d].class->never_written;
    }
}

static void make_slaves(struct judge *judge, bool *failed)
{
    const struct site *site = judge->site;
    size_t next = 0;
    judge->slaves = take(judge, site->slave_count, sizeof *judge->slaves, failed);
    judge->feeds = take(judge, count_feeds(site), sizeof *judge->feeds, failed);
    for (size_t i = 0; i < site->slave_count && !*failed; i++) {
        judge->slaves[i].site = &site->slaves[i];
        make_slave_devices(judge, i, failed);
        uint32_t *feed_first = take(judge, site->slaves[i].point_count + 1, sizeof *feed_first, failed);
        judge->slaves[i].heard = take(judge, site->slaves[i].point_count, 1, failed);
        judge->slaves[i].failed_mono_us =
            take(judge, site->slaves[i].point_count, sizeof *judge->slaves[i].failed_mono_us, failed);
        judge->slaves[i].feed_first = feed_first;
        if (!*failed)
            fill_feeds(judge, i, feed_first, &next);
    }
}

/* Devices. */

static void make_text_slots(struct judge *judge, struct judge_device *device, bool *failed)
{
    size_t used = 0;
    for (size_t i = 0; i < device->site->point_count; i++) {
        const struct device_point *point = &device->site->points[i];
        if (point->type != VALUE_TEXT || point->slave < 0)
            continue;
        size_t size = 2 * (size_t)judge->site->slaves[point->slave].points[point->slave_point].register_count;
        if (size > TEXT_SLOT_MAX || used + size > NEWS_TEXTS_MAX)
            size = used + TEXT_SLOT_MAX > NEWS_TEXTS_MAX ? NEWS_TEXTS_MAX - used : TEXT_SLOT_MAX;
        device->slots[i] = (struct text_slot){.offset = (uint16_t)used, .size = (uint16_t)size};
        used += size;
    }
    device->text_size = (uint16_t)used;
    device->texts = take(judge, used, 1, failed);
}

static void make_sources(struct judge_device *device)
{
    for (size_t i = 0; i < device->site->class->point_count; i++) {
        int32_t const point = device->site->by_class[i];
        device->sources[i] = point < 0                                ? POINT_ABSENT
                             : device->site->points[point].slave >= 0 ? POINT_READ
                                                                      : POINT_DERIVED;
    }
}

static uint32_t shortest_every_ms(const struct site_slave *slave)
{
    uint32_t shortest_ms = UINT32_MAX;
    for (size_t i = 0; i < slave->point_count; i++)
        if (!slave->points[i].idle && slave->every_ms[slave->points[i].poll] < shortest_ms)
            shortest_ms = slave->every_ms[slave->points[i].poll];
    return shortest_ms;
}

static void make_pace(const struct judge *judge, struct judge_device *device)
{
    const struct site_device *site = device->site;
    device->pace = (struct report_pace){.every_us = (int64_t)site->every_ms * 1000,
                                        .silence_us = (int64_t)site->max_silence_ms * 1000};
    for (size_t i = 0; i < site->slave_count && i < 64; i++)
        if (shortest_every_ms(&judge->site->slaves[site->slaves[i]]) <= site->every_ms + site->every_ms / 2)
            device->prompt |= UINT64_C(1) << i;
}

static enum point_use use_of(const struct site_device *site, size_t point)
{
    int32_t const class_point = site->points[point].class_point;
    return class_point >= 0 ? site->class->points[class_point].use : USE_NONE;
}

static void make_uses(struct judge *judge, struct judge_device *device, bool *failed)
{
    const struct site_device *site = device->site;
    for (size_t i = 0; i < site->point_count; i++)
        device->use_count += use_of(site, i) != USE_NONE;
    device->uses = take(judge, device->use_count, sizeof *device->uses, failed);
    struct judge_use *use = device->uses;
    for (size_t i = 0; i < site->point_count && !*failed; i++)
        if (use_of(site, i) != USE_NONE)
            *use++ = (struct judge_use){.point = (uint16_t)i, .shows = TRI_UNKNOWN, .kind = (uint8_t)use_of(site, i)};
}

static void make_device(struct judge *judge, size_t index, bool *failed)
{
    const struct site_device *site = &judge->site->devices[index];
    struct judge_device *device = &judge->devices[index];
    size_t const count = site->point_count;
    CHECK(count <= SITE_DEVICE_POINTS_MAX);
    *device = (struct judge_device){.site = site, .comm_rule = NO_RULE, .sensor_rule = NO_RULE, .used_rule = NO_RULE};
    device->samples = take(judge, count, sizeof *device->samples, failed);
    device->reported = take(judge, count, sizeof *device->reported, failed);
    device->ages = take(judge, count, sizeof *device->ages, failed);
    device->slots = take(judge, count, sizeof *device->slots, failed);
    device->touched = take(judge, count, 1, failed);
    if (site->class->derive != NULL) {
        device->holds = take(judge, DERIVE_HOLDS_MAX, sizeof *device->holds, failed);
        device->held_told_ms = take(judge, DERIVE_HOLDS_MAX, sizeof *device->held_told_ms, failed);
        device->sources = take(judge, site->class->point_count, sizeof *device->sources, failed);
        if (site->class->mounted != NULL)
            device->mounted = take(judge, 1, sizeof *device->mounted, failed);
        device->settings = site->settings != NULL ? site->settings : judge->no_settings;
        CHECK(site->class->memory_size <= DERIVE_MEMORY_MAX);
        if (site->class->memory_size > 0)
            device->memory = take(judge, 1, site->class->memory_size, failed);
    }
    if (*failed)
        return;
    for (size_t i = 0; i < count; i++) {
        device->samples[i] = sample_bad(i, REASON_STARTING);
        device->reported[i] = device->samples[i];
    }
    make_text_slots(judge, device, failed);
    make_pace(judge, device);
    if (site->class->derive != NULL)
        make_sources(device);
    for (int32_t i = 0; i < site->rule_count; i++) {
        if (judge->site->rules[site->rule_first + i].kind == RULE_COMM)
            device->comm_rule = site->rule_first + i;
        if (judge->site->rules[site->rule_first + i].kind == RULE_FAILED)
            device->sensor_rule = site->rule_first + i;
        if (judge->site->rules[site->rule_first + i].kind == RULE_USED)
            device->used_rule = site->rule_first + i;
    }
    if (device->used_rule != NO_RULE)
        make_uses(judge, device, failed);
}

/* What derive() is given of every class: as much as the largest needs. */
static void make_shared(struct judge *judge, bool *failed)
{
    const struct site *site = judge->site;
    size_t points = 0;
    size_t settings = 0;
    for (size_t i = 0; i < site->device_count; i++) {
        const struct device_class *class = site->devices[i].class;
        points = class->point_count > points ? class->point_count : points;
        settings = class->setting_count > settings ? class->setting_count : settings;
    }
    judge->scratch = take(judge, points, sizeof *judge->scratch, failed);
    judge->no_settings = take(judge, settings, sizeof *judge->no_settings, failed);
    for (size_t i = 0; i < settings && !*failed; i++)
        judge->no_settings[i] = NO_LIMIT;
}

static void make_devices(struct judge *judge, bool *failed)
{
    const struct site *site = judge->site;
    make_shared(judge, failed);
    judge->devices = take(judge, site->device_count, sizeof *judge->devices, failed);
    judge->listed = take(judge, site->device_count, sizeof *judge->listed, failed);
    for (size_t i = 0; i < site->device_count && !*failed; i++)
        make_device(judge, i, failed);
}

/* Rules and buses. */

static enum alarm_role role_of(const struct site_device *device, const struct rule *rule)
{
    if (rule->kind == RULE_COMM || rule->kind == RULE_FAILED)
        return ROLE_FAULT;
    for (size_t i = 0; i < device->class->alarm_count; i++)
        if (strcmp(device->class->alarms[i].id, rule->id) == 0)
            return device->class->alarms[i].role;
    return ROLE_NONE;
}

static void make_rules(struct judge *judge, bool *failed)
{
    const struct site *site = judge->site;
    judge->rules = take(judge, site->rule_count, sizeof *judge->rules, failed);
    judge->groups = take(judge, site->group_count, sizeof *judge->groups, failed);
    for (size_t i = 0; i < site->group_count && !*failed; i++)
        judge->groups[i].first = NO_RULE;
    judge->owing = take(judge, site->rule_count, sizeof *judge->owing, failed);
    judge->notices = take(judge, JUDGE_NOTICES_MAX, sizeof *judge->notices, failed);
    judge->drill.zone = -1;
    judge->buses = take(judge, site->bus_count, sizeof *judge->buses, failed);
    judge->centres = take(judge, site->centre_count, sizeof *judge->centres, failed);
    if (*failed)
        return;
    flood_names(judge);
    for (size_t i = 0; i < site->bus_count; i++)
        judge->buses[i].rule = NO_RULE;
    for (size_t i = 0; i < site->centre_count; i++)
        judge->centres[i] = (struct judge_centre){
            .state = {.lost = TRI_UNKNOWN, .refused = TRI_UNKNOWN}, .lost_rule = NO_RULE, .refused_rule = NO_RULE};
    for (size_t i = 0; i < site->rule_count; i++) {
        const struct subject *subject = &site->subjects[site->rules[i].subject];
        alarm_init(&judge->rules[i].alarm);
        if (site->rules[i].kind == RULE_RATE)
            judge->rules[i].rate = take(judge, 1, sizeof *judge->rules[i].rate, failed);
        if (subject->kind == SUBJECT_DEVICE)
            judge->rules[i].role = (uint8_t)role_of(&site->devices[subject->index], &site->rules[i]);
        if (subject->kind == SUBJECT_BUS && site->rules[i].kind == RULE_COMM)
            judge->buses[subject->index].rule = (int32_t)i;
        if (subject->kind == SUBJECT_CENTRE && site->rules[i].kind == RULE_COMM)
            judge->centres[subject->index].lost_rule = (int32_t)i;
        if (subject->kind == SUBJECT_CENTRE && site->rules[i].kind == RULE_FAILED)
            judge->centres[subject->index].refused_rule = (int32_t)i;
    }
}

/* Dates: each has as many rules as stages, one after the other, and the last one stands for it. */
static bool is_date(const struct rule *rule)
{
    return rule->kind == RULE_DUE && (int32_t)rule->limit == DUE_DAYS[DUE_STAGES - 1];
}

static void make_dues(struct judge *judge, bool *failed)
{
    const struct site *site = judge->site;
    for (size_t i = 0; i < site->rule_count; i++)
        judge->due_count += is_date(&site->rules[i]);
    judge->dues = take(judge, judge->due_count, sizeof *judge->dues, failed);
    judge->due_next = judge->due_count;
    struct judge_due *due = judge->dues;
    for (uint32_t i = 0; i < site->rule_count && !*failed; i++) {
        if (!is_date(&site->rules[i]))
            continue;
        CHECK(i + 1 >= DUE_STAGES && site->rules[i + 1 - DUE_STAGES].due_day == site->rules[i].due_day);
        (due++)->last_rule = i;
    }
}

/* Interlocks: members, outputs (each once, sorted by slave), and who claims them. */

static void make_members(struct judge *judge, struct judge_interlock *interlock, bool *failed)
{
    const struct site_interlock *site = interlock->site;
    const struct site_zone *zone = site->zone >= 0 ? &judge->site->zones[site->zone] : NULL;
    CHECK(site->rule_count <= SITE_DETECTORS_MAX);
    struct judge_member *members = take(judge, site->rule_count, sizeof *members, failed);
    if (*failed)
        return;
    interlock->members = members;
    interlock->n = zone != NULL ? zone->vote_n : 1;
    interlock->fault_votes = zone != NULL;
    interlock->fault_vote = zone != NULL ? zone->fault_vote : FAULT_VOTE_REMOVE;
    for (size_t i = 0; i < site->rule_count; i++)
        if (site->rules[i] >= 0)
            members[interlock->member_count++] = (struct judge_member){
                .device = (uint32_t)(zone != NULL ? zone->detectors[i] : site->device), .rule = site->rules[i]};
}

/* Which rules an interlock votes by: that of its detectors, and those of their faults and ranges (judge_interlocks.c). */
static void mark_voters(struct judge *judge, const struct judge_interlock *interlock)
{
    for (size_t i = 0; i < interlock->member_count; i++) {
        const struct site_device *device = judge->devices[interlock->members[i].device].site;
        judge->rules[interlock->members[i].rule].votes = true;
        for (int32_t r = 0; r < device->rule_count; r++) {
            struct judge_rule *rule = &judge->rules[device->rule_first + r];
            rule->votes =
                rule->votes || rule->role == ROLE_OVER_RANGE || (rule->role == ROLE_FAULT && interlock->fault_votes);
        }
    }
}

static bool looks_at(const struct judge_interlock *interlock, size_t device)
{
    if (interlock->site->confirm_device == (int32_t)device)
        return true;
    for (size_t i = 0; i < interlock->member_count; i++)
        if (interlock->members[i].device == device)
            return true;
    return false;
}

static void make_lookers(struct judge *judge, struct judge_device *device, size_t index, bool *failed)
{
    size_t const count = judge->site->interlock_count;
    for (size_t i = 0; i < count; i++)
        device->interlock_count += looks_at(&judge->interlocks[i], index);
    uint32_t *interlocks = take(judge, device->interlock_count, sizeof *interlocks, failed);
    device->interlocks = interlocks;
    for (uint32_t i = 0; i < count && !*failed; i++)
        if (looks_at(&judge->interlocks[i], index))
            *interlocks++ = i;
}

static bool is_same(const struct judge_output *output, const struct site_action *action)
{
    return output->slave == action->slave && output->point == action->point;
}

/* Of several interlocks that write it the longest delay counts, and by hand where one says so. */
static void use_output(struct output *output, const struct site_action *action)
{
    int64_t const off_delay_us = (int64_t)action->off_delay_ms * 1000;
    output->off_delay_us = off_delay_us > output->off_delay_us ? off_delay_us : output->off_delay_us;
    output->by_hand = output->by_hand || action->by_hand;
}

/* Inserted in the order of slaves, each output once. */
static void add_output(struct judge *judge, const struct site_action *action)
{
    size_t at = 0;
    while (at < judge->output_count && judge->outputs[at].slave <= action->slave &&
           !is_same(&judge->outputs[at], action))
        at++;
    if (at == judge->output_count || !is_same(&judge->outputs[at], action)) {
        memmove(&judge->outputs[at + 1], &judge->outputs[at], (judge->output_count - at) * sizeof *judge->outputs);
        judge->outputs[at] = (struct judge_output){.slave = action->slave, .point = action->point};
        judge->output_count++;
    }
    use_output(&judge->outputs[at].machine, action);
}

static void make_outputs(struct judge *judge, bool *failed)
{
    const struct site *site = judge->site;
    size_t count = 0;
    for (size_t i = 0; i < site->interlock_count; i++)
        count += site->interlocks[i].action_count;
    judge->outputs = take(judge, count + 1, sizeof *judge->outputs, failed);
    for (size_t i = 0; i < site->interlock_count && !*failed; i++) {
        for (size_t a = 0; a < site->interlocks[i].action_count; a++) {
            const struct site_action *action = &site->interlocks[i].actions[a];
            CHECK(!judge->slaves[action->slave].never_written); /* the loader has refused it */
            CHECK(site->slaves[action->slave].points[action->point].writable);
            add_output(judge, action);
        }
    }
    for (size_t o = judge->output_count; o > 0; o--) {
        struct judge_slave *slave = &judge->slaves[judge->outputs[o - 1].slave];
        slave->output_first = o - 1;
        slave->output_count++;
    }
}

static void make_claims(struct judge *judge, size_t output, bool *failed)
{
    const struct site *site = judge->site;
    struct judge_output *own = &judge->outputs[output];
    for (size_t i = 0; i < site->interlock_count; i++)
        for (size_t a = 0; a < site->interlocks[i].action_count; a++)
            own->claim_count += is_same(own, &site->interlocks[i].actions[a]);
    struct judge_claim *claims = take(judge, own->claim_count, sizeof *claims, failed);
    own->claims = claims;
    for (uint32_t i = 0; i < site->interlock_count && !*failed; i++)
        for (uint32_t a = 0; a < site->interlocks[i].action_count; a++)
            if (is_same(own, &site->interlocks[i].actions[a]))
                *claims++ = (struct judge_claim){.interlock = i, .action = a};
}

static uint32_t find_output(const struct judge *judge, const struct site_action *action)
{
    uint32_t at = 0;
    while (at < judge->output_count && !is_same(&judge->outputs[at], action))
        at++;
    CHECK(at < judge->output_count);
    return at;
}

static void make_interlocks(struct judge *judge, bool *failed)
{
    const struct site *site = judge->site;
    judge->interlocks = take(judge, site->interlock_count, sizeof *judge->interlocks, failed);
    for (size_t i = 0; i < site->interlock_count && !*failed; i++) {
        judge->interlocks[i].site = &site->interlocks[i];
        make_members(judge, &judge->interlocks[i], failed);
        if (!*failed)
            mark_voters(judge, &judge->interlocks[i]);
    }
    if (!*failed)
        make_outputs(judge, failed);
    for (size_t i = 0; i < judge->output_count && !*failed; i++)
        make_claims(judge, i, failed);
    for (size_t i = 0; i < site->interlock_count && !*failed; i++) {
        const struct site_interlock *own = &site->interlocks[i];
        uint32_t *outputs = take(judge, own->action_count, sizeof *outputs, failed);
        judge->interlocks[i].outputs = outputs;
        for (size_t a = 0; a < own->action_count && !*failed; a++)
            outputs[a] = find_output(judge, &own->actions[a]);
    }
    for (size_t i = 0; i < site->device_count && !*failed; i++)
        make_lookers(judge, &judge->devices[i], i, failed);
}

enum err judge_make_tables(struct judge *judge)
{
    const struct site *site = judge->site;
    bool failed = false;
    struct judge_bus *buses = take(judge, site->bus_count, sizeof *buses, &failed);
    if (failed)
        return ERR_MEMORY;
    memcpy(buses, judge->setup.buses, site->bus_count * sizeof *buses);
    judge->setup.buses = buses;
    make_slaves(judge, &failed);
    if (!failed)
        make_devices(judge, &failed);
    if (!failed)
        make_rules(judge, &failed);
    if (!failed)
        make_dues(judge, &failed);
    if (!failed)
        make_interlocks(judge, &failed);
    if (failed)
        return ERR_MEMORY;
    return timers_init(&judge->timers, &judge->arena, timer_count(judge));
}
