/* Subjects: whoever may raise an alarm (devices, buses, interlocks), and all rules in one array, grouped by them. */
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/site/loader.h"

#define BUS_DELAY_MS        5000
#define FAILED_OFF_DELAY_MS 5000

static const struct rule bus_lost = {.id = "bus.lost",
                                     .point = -1,
                                     .kind = RULE_COMM,
                                     .limit = NO_LIMIT,
                                     .on_delay_ms = BUS_DELAY_MS,
                                     .off_delay_ms = BUS_DELAY_MS,
                                     .priority = PRIORITY_HIGH,
                                     .shelvable = true,
                                     .from_point = -1,
                                     .when_point = -1,
                                     .suppress_point = -1,
                                     .unit = "",
                                     .zh = "总线中断",
                                     .en = "bus lost"};

static const struct rule interlock_failed = {.id = "interlock.failed",
                                             .point = -1,
                                             .kind = RULE_FAILED,
                                             .limit = NO_LIMIT,
                                             .off_delay_ms = FAILED_OFF_DELAY_MS,
                                             .priority = PRIORITY_CRITICAL,
                                             .latch = true,
                                             .from_point = -1,
                                             .when_point = -1,
                                             .suppress_point = -1,
                                             .unit = "",
                                             .zh = "联锁动作失败",
                                             .en = "interlock failed"};

bool rule_add(struct loader *l, const struct rule *rule)
{
    if (l->rule_count == SITE_RULES_MAX)
        return false;
    if (l->rule_count == l->rule_capacity) {
        size_t const capacity = l->rule_capacity == 0 ? 64 : l->rule_capacity * 2;
        struct rule *rules = take_array(&l->scratch, capacity, sizeof *rules, l->complaints);
        if (rules == NULL)
            return false;
        if (l->rule_count > 0)
            memcpy(rules, l->rules, l->rule_count * sizeof *rules);
        l->rules = rules;
        l->rule_capacity = capacity;
    }
    l->rules[l->rule_count++] = *rule;
    return true;
}

uint32_t group_find(struct loader *l, const char *name)
{
    for (uint32_t i = 0; i < l->group_count; i++)
        if (strcmp(l->groups[i], name) == 0)
            return i + 1;
    if (l->group_count == SITE_GROUPS_MAX)
        return 0;
    if (l->groups == NULL)
        l->groups = take_array(l->arena, SITE_GROUPS_MAX, sizeof *l->groups, l->complaints);
    if (l->groups == NULL)
        return 0;
    l->groups[l->group_count++] = take_text(l->arena, name, l->complaints);
    return l->group_count;
}

int32_t rule_find(const struct loader *l, size_t device, const char *id)
{
    const struct site_device *found = &l->devices[device];
    for (int32_t i = 0; i < found->rule_count; i++)
        if (strcmp(l->rules[found->rule_first + i].id, id) == 0)
            return found->rule_first + i;
    return -1;
}

static void add_subject_rule(struct loader *l, struct subject *subject, size_t index, const struct rule *rule)
{
    struct rule own = *rule;
    own.subject = (int32_t)index;
    if (subject->rule_count == 0)
        subject->rule_first = (int32_t)l->rule_count;
    subject->rule_count += rule_add(l, &own) ? 1 : 0;
}

static void add_proof_test(struct loader *l, struct subject *subject, size_t index)
{
    struct rule rules[DUE_STAGES];
    size_t const count = rules_of_proof_test(l->raw.interlocks[subject->index].node, rules);
    for (size_t i = 0; i < count; i++)
        add_subject_rule(l, subject, index, &rules[i]);
}

/* Devices, then buses, then interlocks; the devices' rules stand already. */
static size_t fill_subjects(struct loader *l, struct subject *subjects)
{
    size_t count = 0;
    for (size_t i = 0; i < l->raw.device_count; i++, count++) {
        const struct site_device *device = &l->devices[i];
        subjects[count] = (struct subject){.id = device->id,
                                           .cls = device->class != NULL ? device->class->id : "?",
                                           .kind = SUBJECT_DEVICE,
                                           .index = (int32_t)i,
                                           .rule_first = device->rule_first,
                                           .rule_count = device->rule_count};
    }
    for (size_t i = 0; i < l->raw.bus_count; i++, count++) {
        subjects[count] =
            (struct subject){.id = l->buses[i].id, .cls = "bus", .kind = SUBJECT_BUS, .index = (int32_t)i};
        add_subject_rule(l, &subjects[count], count, &bus_lost);
    }
    for (size_t i = 0; i < l->raw.interlock_count; i++, count++) {
        struct site_interlock *interlock = &l->interlocks[i];
        subjects[count] =
            (struct subject){.id = interlock->id, .cls = "interlock", .kind = SUBJECT_INTERLOCK, .index = (int32_t)i};
        add_subject_rule(l, &subjects[count], count, &interlock_failed);
        add_proof_test(l, &subjects[count], count);
        interlock->subject = (int32_t)count;
        interlock->failed_rule = subjects[count].rule_first;
    }
    return count;
}

void load_subjects(struct loader *l)
{
    struct site *site = l->site;
    size_t const wanted = l->raw.device_count + l->raw.bus_count + l->raw.interlock_count;
    struct subject *subjects = take_array(l->arena, wanted, sizeof *subjects, l->complaints);
    if (subjects == NULL || l->devices == NULL || l->buses == NULL || l->interlocks == NULL)
        return;
    site->subject_count = fill_subjects(l, subjects);
    if (l->rule_count == SITE_RULES_MAX)
        complain_node(
            l->complaints, document_root(&l->document), ON_VALUE, S_TOO_MANY,
            WORDS(words_number(l->complaints, (double)l->rule_count), words_number(l->complaints, SITE_RULES_MAX - 1)));
    struct rule *rules = take_array(l->arena, l->rule_count, sizeof *rules, l->complaints);
    if (rules == NULL)
        return;
    if (l->rule_count > 0)
        memcpy(rules, l->rules, l->rule_count * sizeof *rules);
    l->rules = rules;
    site->subjects = subjects;
    site->rules = rules;
    site->rule_count = l->rule_count;
    site->groups = l->groups;
    site->group_count = l->group_count;
}
