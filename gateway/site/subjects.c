/* Subjects: whoever may raise an alarm (devices, buses, interlocks, centres), and all rules in one array, grouped by them. */
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/site/loader.h"

#define BUS_DELAY_MS        5000
#define FAILED_OFF_DELAY_MS 5000
#define CENTRE_DELAY_MS     300000 /* routers restart, brokers are updated: nobody is sent for that */
#define CENTRE_BACK_MS      10000
#define REFUSED_OFF_MS      60000 /* as long as a broker that refuses is left alone (run/sender_trouble.c) */

static const struct rule bus_lost = {.id = "bus.lost",
                                     RULE_WITHOUT_POINT,
                                     .kind = RULE_COMM,
                                     .on_delay_ms = BUS_DELAY_MS,
                                     .off_delay_ms = BUS_DELAY_MS,
                                     .priority = PRIORITY_HIGH,
                                     .shelvable = true,
                                     .zh = "总线中断",
                                     .en = "bus lost"};

static const struct rule interlock_failed = {.id = "interlock.failed",
                                             RULE_WITHOUT_POINT,
                                             .kind = RULE_FAILED,
                                             .off_delay_ms = FAILED_OFF_DELAY_MS,
                                             .priority = PRIORITY_CRITICAL,
                                             .latch = true,
                                             .zh = "联锁动作失败",
                                             .en = "interlock failed"};

/* Of medium priority: nobody is in danger, what happens is judged on site, journaled and told to the other centres; but
 * somebody has to look within his shift. */
static const struct rule centre_rules[] = {
    {.id = "centre.lost",
     RULE_WITHOUT_POINT,
     .kind = RULE_COMM,
     .on_delay_ms = CENTRE_DELAY_MS,
     .off_delay_ms = CENTRE_BACK_MS,
     .priority = PRIORITY_MEDIUM,
     .shelvable = true,
     .zh = "监控中心失联",
     .en = "centre lost"},
    {.id = "centre.refused",
     RULE_WITHOUT_POINT,
     .kind = RULE_FAILED,
     .off_delay_ms = REFUSED_OFF_MS,
     .priority = PRIORITY_MEDIUM,
     .shelvable = true,
     .zh = "监控中心拒绝接收",
     .en = "refused by the centre"},
};

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

static const char *name_of_centre_rule(const void *context, size_t index)
{
    (void)context;
    return index < ARRAY_SIZE(centre_rules) ? centre_rules[index].id : NULL;
}

static bool is_centre_rule(const char *id)
{
    for (size_t i = 0; i < ARRAY_SIZE(centre_rules); i++)
        if (strcmp(centre_rules[i].id, id) == 0)
            return true;
    return false;
}

static void add_centre_rules(struct loader *l, struct subject *subject, size_t index)
{
    const struct node *alarms = l->raw.centres[subject->index].alarms;
    for (size_t i = 0; i < ARRAY_SIZE(centre_rules); i++) {
        struct rule rule = centre_rules[i];
        load_own_alarm(l, alarms, &rule);
        add_subject_rule(l, subject, index, &rule);
    }
    for (const struct node *child = alarms == NULL ? NULL : node_first(alarms); child != NULL; child = node_next(child))
        if (!is_centre_rule(node_key(child)))
            complain_node(l->complaints, child, ON_KEY, S_NO_CENTRE_ALARM,
                          WORDS(words_quote(l->complaints, node_key(child)),
                                words_suggest(l->complaints, node_key(child), name_of_centre_rule, NULL)));
}

/* Devices, then buses, then interlocks, then centres; the devices' rules stand already. */
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
    for (size_t i = 0; i < l->raw.centre_count; i++, count++) {
        subjects[count] = (struct subject){
            .id = l->site->centres[i].id, .cls = "centre", .kind = SUBJECT_CENTRE, .index = (int32_t)i};
        add_centre_rules(l, &subjects[count], count);
    }
    return count;
}

void load_subjects(struct loader *l)
{
    struct site *site = l->site;
    size_t const wanted = l->raw.device_count + l->raw.bus_count + l->raw.interlock_count + l->raw.centre_count;
    struct subject *subjects = take_array(l->arena, wanted, sizeof *subjects, l->complaints);
    if (subjects == NULL || l->devices == NULL || l->buses == NULL || l->interlocks == NULL || l->site->centres == NULL)
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
