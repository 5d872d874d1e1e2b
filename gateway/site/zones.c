/* Zones and interlocks: who votes, what is written, what confirms it. */
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/site/loader.h"

#define CONFIRM_WITHIN_MS 10000

static int32_t find_named(struct loader *l, enum name_kind kind, const struct node *at, const char *id)
{
    const struct name *name = names_find(&l->names, kind, id);
    if (name != NULL)
        return name->index;
    struct names_of_kind const of = {&l->names, kind};
    complain_node(l->complaints, at, ON_VALUE, S_NOT_FOUND,
                  WORDS(words_name_kind(kind), words_quote(l->complaints, id),
                        words_suggest(l->complaints, id, name_of_kind, &of)));
    return -1;
}

/* --- zones ---------------------------------------------------------------------------------------------------------- */

static bool is_detector(const struct site_zone *zone, const int32_t *detectors, int32_t device)
{
    for (size_t i = 0; i < zone->detector_count; i++)
        if (detectors[i] == device)
            return true;
    return false;
}

static void load_detectors(struct loader *l, const struct raw_zone *raw, struct site_zone *zone)
{
    size_t const wanted = raw->detectors == NULL ? 0 : node_count(raw->detectors);
    if (raw->detectors != NULL && (wanted == 0 || wanted > SITE_DETECTORS_MAX)) {
        complain_node(
            l->complaints, raw->detectors, ON_VALUE, wanted == 0 ? S_LIST_EMPTY : S_TOO_MANY,
            WORDS(words_number(l->complaints, (double)wanted), words_number(l->complaints, SITE_DETECTORS_MAX)));
        return;
    }
    int32_t *detectors = take_array(l->arena, wanted, sizeof *detectors, l->complaints);
    if (detectors == NULL || wanted == 0)
        return;
    zone->detectors = detectors;
    for (const struct node *child = node_first(raw->detectors); child != NULL; child = node_next(child)) {
        const char *id;
        if (!shape_text(child, SITE_ID_MAX, l->complaints, &id))
            continue;
        int32_t const device = find_named(l, NAME_DEVICE, child, id);
        if (device >= 0 && is_detector(zone, detectors, device))
            complain_node(l->complaints, child, ON_VALUE, S_LISTED_TWICE, WORDS(words_quote(l->complaints, id)));
        else if (device >= 0)
            detectors[zone->detector_count++] = device;
    }
}

/* Who alone watches a zone leaves it blind by failing: that is of high priority, unless the file gives another one. */
static void mind_lone_detector(struct loader *l, size_t device)
{
    const struct device_class *class = l->devices[device].class;
    const struct node *changes = l->build_devices[device].raw->alarms;
    for (size_t i = 0; class != NULL && i < class->alarm_count; i++) {
        int32_t const rule = class->alarms[i].role == ROLE_FAULT ? rule_find(l, device, class->alarms[i].id) : -1;
        const struct node *change = changes == NULL ? NULL : node_child(changes, class->alarms[i].id);
        bool const given = change != NULL && node_child(change, "priority") != NULL;
        if (rule >= 0 && !given && l->rules[rule].priority > PRIORITY_HIGH)
            l->rules[rule].priority = PRIORITY_HIGH;
    }
}

static void load_vote(struct loader *l, const struct raw_zone *raw, struct site_zone *zone)
{
    struct raw_vote vote = {.n = 1, .of = NOT_GIVEN};
    int64_t const listed = raw->detectors == NULL ? 0 : (int64_t)node_count(raw->detectors);
    if (raw->vote != NULL)
        (void)shape_read(raw->vote, &vote_shape, &vote, l->complaints);
    if (vote.of != NOT_GIVEN && vote.of != listed)
        complain_node(l->complaints, place_of(raw->vote, "of"), ON_VALUE, S_VOTE_OF,
                      WORDS(words_number(l->complaints, (double)vote.of), words_number(l->complaints, (double)listed)));
    else if (listed > 0 && vote.n > listed)
        complain_node(l->complaints, place_of(raw->vote, "n"), ON_VALUE, S_VOTE_N,
                      WORDS(words_number(l->complaints, (double)vote.n), words_number(l->complaints, (double)listed)));
    zone->vote_n = (uint16_t)vote.n;
    if (zone->fault_vote == FAULT_VOTE_REMOVE && listed > 0 && vote.n >= listed)
        complain_node(l->complaints, place_of(raw->node, "fault_vote"), ON_VALUE, S_ZONE_BLIND,
                      WORDS(words_number(l->complaints, (double)vote.n), words_number(l->complaints, (double)listed)));
}

void load_zones(struct loader *l)
{
    l->zones = take_array(l->arena, l->raw.zone_count, sizeof *l->zones, l->complaints);
    if (l->zones == NULL)
        return;
    for (size_t i = 0; i < l->raw.zone_count; i++) {
        const struct raw_zone *raw = &l->raw.zones[i];
        l->zones[i] = (struct site_zone){.id = take_text(l->arena, raw->id != NULL ? raw->id : "?", l->complaints),
                                         .fault_vote = (enum fault_vote)raw->fault_vote};
        load_detectors(l, raw, &l->zones[i]);
        if (l->zones[i].detector_count == 1)
            mind_lone_detector(l, (size_t)l->zones[i].detectors[0]);
        load_vote(l, raw, &l->zones[i]);
    }
    l->site->zones = l->zones;
    l->site->zone_count = l->raw.zone_count;
}

/* --- when ----------------------------------------------------------------------------------------------------------- */

/* All alarms of all voters, for suggestions. */
struct voters {
    const struct loader *l;
    const int32_t *devices;
    size_t device_count;
};

static const char *name_of_rule(const void *context, size_t index)
{
    const struct voters *voters = context;
    for (size_t i = 0; i < voters->device_count; i++) {
        const struct site_device *device = &voters->l->devices[voters->devices[i]];
        if (index < (size_t)device->rule_count)
            return voters->l->rules[(size_t)device->rule_first + index].id;
        index -= (size_t)device->rule_count;
    }
    return NULL;
}

static bool any_broken(const struct loader *l, const struct voters *voters)
{
    for (size_t i = 0; i < voters->device_count; i++)
        if (l->build_devices[voters->devices[i]].broken)
            return true;
    return false;
}

/* The rule by which each voter votes. */
static void load_votes(struct loader *l, const struct raw_when *when, const struct voters *voters,
                       struct site_interlock *interlock)
{
    int32_t *rules = take_array(l->arena, voters->device_count, sizeof *rules, l->complaints);
    const struct node *at = node_child(when->node, "alarm");
    size_t found = 0;
    if (rules == NULL)
        return;
    for (size_t i = 0; i < voters->device_count; i++) {
        rules[i] = rule_find(l, (size_t)voters->devices[i], when->alarm);
        found += rules[i] >= 0;
    }
    interlock->rules = rules;
    interlock->rule_count = voters->device_count;
    if (found == 0 && !any_broken(l, voters))
        complain_node(l->complaints, at, ON_VALUE, S_ALARM_NOWHERE,
                      WORDS(words_quote(l->complaints, when->alarm),
                            words_suggest(l->complaints, when->alarm, name_of_rule, voters)));
    for (size_t i = 0; found > 0 && i < voters->device_count; i++)
        if (rules[i] < 0 && !l->build_devices[voters->devices[i]].broken)
            complain_node(l->complaints, at, ON_VALUE, S_DETECTOR_WITHOUT,
                          WORDS(words_quote(l->complaints, l->devices[voters->devices[i]].id),
                                words_quote(l->complaints, when->alarm)));
}

static void load_when(struct loader *l, const struct raw_interlock *raw, struct site_interlock *interlock)
{
    struct raw_when when = {0};
    interlock->zone = -1;
    interlock->device = -1;
    if (raw->when == NULL || !shape_read(raw->when, &when_shape, &when, l->complaints))
        return;
    if ((node_child(raw->when, "zone") == NULL) == (node_child(raw->when, "device") == NULL)) {
        complain_node(l->complaints, raw->when, ON_VALUE, S_ZONE_OR_DEVICE, NO_WORDS);
        return;
    }
    if (when.zone != NULL)
        interlock->zone = find_named(l, NAME_ZONE, node_child(raw->when, "zone"), when.zone);
    if (when.device != NULL)
        interlock->device = find_named(l, NAME_DEVICE, node_child(raw->when, "device"), when.device);
    if (when.alarm == NULL || (interlock->zone < 0 && interlock->device < 0))
        return;
    interlock->alarm = take_text(l->arena, when.alarm, l->complaints);
    struct voters voters = {.l = l, .devices = &interlock->device, .device_count = 1};
    if (interlock->zone >= 0)
        voters = (struct voters){l, l->zones[interlock->zone].detectors, l->zones[interlock->zone].detector_count};
    if (voters.device_count > 0)
        load_votes(l, &when, &voters, interlock);
}

/* --- do ------------------------------------------------------------------------------------------------------------- */

bool write_value_read(struct loader *l, const struct node *node, int32_t slave, int32_t point_index, double *ret_value)
{
    double minimum;
    double maximum;
    const struct slave_point *point = &l->slaves[slave].points[point_index];
    bool const coil = point->function == FUNCTION_COIL;
    if (!slave_write_range(l, slave, point_index, &minimum, &maximum))
        return false; /* not writable: said elsewhere */
    double value = 0;
    bool good = false;
    if (coil && node_kind(node) == NODE_BOOL) {
        value = node_is_true(node) ? 1 : 0;
        good = true;
    } else if (!coil && node_kind(node) == NODE_NUMBER) {
        value = node_number(node);
        double const raw = (value - point->offset) / point->scale;
        double const whole = (double)(int64_t)(raw < 0 ? raw - 0.5 : raw + 0.5);
        good = value >= minimum && value <= maximum && raw - whole < 1e-6 && whole - raw < 1e-6;
    }
    if (!good) {
        complain_node(
            l->complaints, node, ON_VALUE, S_WRITE_VALUE,
            WORDS(words_found(l->complaints, node), words_quote(l->complaints, point->id),
                  coil ? both("true or false", "true 或 false")
                       : words_format(l->complaints, "%.15g … %.15g, × %.15g", minimum, maximum, point->scale)));
        return false;
    }
    *ret_value = value;
    return true;
}

static bool may_write(struct loader *l, const struct node *at, const char *text, int32_t slave, int32_t point)
{
    const struct build_slave *build = &l->build_slaves[slave];
    if (build->untouchable >= 0) {
        const struct site_device *device = &l->devices[build->untouchable];
        complain_node(l->complaints, at, ON_VALUE, S_NEVER_WRITTEN,
                      WORDS(words_quote(l->complaints, build->slave->id), words_quote(l->complaints, device->id),
                            both(device->class->en, device->class->zh)));
        return false;
    }
    if (!build->points[point].writable) {
        complain_node(l->complaints, at, ON_VALUE, S_WRITE_NOT_LISTED,
                      WORDS(words_quote(l->complaints, text), words_quote(l->complaints, build->slave->id)));
        return false;
    }
    return true;
}

static bool load_action(struct loader *l, const struct node *node, struct site_action *ret_action)
{
    struct raw_action raw = {0};
    struct site_action action;
    if (!shape_read(node, &action_shape, &raw, l->complaints) || raw.write == NULL)
        return false;
    const struct node *at = node_child(node, "write");
    if (!slave_reference(l, at, raw.write, &action.slave, &action.point) ||
        !may_write(l, at, raw.write, action.slave, action.point) || raw.value == NULL ||
        !write_value_read(l, raw.value, action.slave, action.point, &action.value))
        return false;
    l->build_slaves[action.slave].driven = true;
    action.off_delay_ms = (uint32_t)raw.off_delay_ms;
    action.by_hand = raw.release != 0;
    if (action.by_hand && action.off_delay_ms > 0)
        complain_node(l->complaints, node_child(node, "off_delay"), ON_KEY, S_NOT_WITH,
                      WORDS(words_quote(l->complaints, "off_delay"), words_quote(l->complaints, "release")));
    *ret_action = action;
    return true;
}

static bool is_same_output(const struct site_action *a, const struct site_action *b)
{
    return a->slave == b->slave && a->point == b->point;
}

static void load_actions(struct loader *l, const struct raw_interlock *raw, struct site_interlock *interlock)
{
    size_t const wanted = raw->actions == NULL ? 0 : node_count(raw->actions);
    if (raw->actions != NULL && (wanted == 0 || wanted > SITE_ACTIONS_MAX)) {
        complain_node(
            l->complaints, raw->actions, ON_VALUE, wanted == 0 ? S_LIST_EMPTY : S_TOO_MANY,
            WORDS(words_number(l->complaints, (double)wanted), words_number(l->complaints, SITE_ACTIONS_MAX)));
        return;
    }
    struct site_action *actions = take_array(l->arena, wanted, sizeof *actions, l->complaints);
    if (actions == NULL || wanted == 0)
        return;
    interlock->actions = actions;
    for (const struct node *child = node_first(raw->actions); child != NULL; child = node_next(child)) {
        struct site_action action;
        if (!load_action(l, child, &action))
            continue;
        for (size_t i = 0; i < interlock->action_count; i++)
            if (is_same_output(&actions[i], &action))
                complain_node(l->complaints, node_child(child, "write"), ON_VALUE, S_WRITTEN_TWICE,
                              WORDS(words_found(l->complaints, node_child(child, "write"))));
        actions[interlock->action_count++] = action;
    }
}

/* An output of both to which they write different values; NULL: none. */
static const struct site_action *find_fight(const struct site_interlock *one, const struct site_interlock *other)
{
    for (size_t a = 0; a < one->action_count; a++) {
        const struct site_action *mine = &one->actions[a];
        for (size_t b = 0; b < other->action_count; b++) {
            const struct site_action *theirs = &other->actions[b];
            if (is_same_output(mine, theirs) && (mine->value < theirs->value || mine->value > theirs->value))
                return mine;
        }
    }
    return NULL;
}

static void check_fights(struct loader *l, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        const struct site_action *action = find_fight(&l->interlocks[index], &l->interlocks[i]);
        if (action != NULL)
            complain_node(l->complaints, l->raw.interlocks[index].actions, ON_KEY, S_OUTPUTS_FIGHT,
                          WORDS(words_quote(l->complaints, l->interlocks[i].id),
                                words_quote(l->complaints, l->slaves[action->slave].points[action->point].id)));
    }
}

/* --- confirm -------------------------------------------------------------------------------------------------------- */

/* A device that takes this point of a slave. */
static bool find_taker(const struct loader *l, int32_t slave, int32_t point, int32_t *ret_device, int32_t *ret_point)
{
    for (size_t i = 0; i < l->raw.device_count; i++) {
        for (size_t j = 0; j < l->devices[i].point_count; j++) {
            if (l->devices[i].points[j].slave != slave || l->devices[i].points[j].slave_point != point)
                continue;
            *ret_device = (int32_t)i;
            *ret_point = (int32_t)j;
            return true;
        }
    }
    return false;
}

/* "device.point", or "slave.point" when a device takes it. */
static bool device_reference(struct loader *l, const struct node *at, const char *text, int32_t *ret_device,
                             int32_t *ret_point)
{
    const char *dot = strchr(text, '.');
    char id[SITE_ID_MAX + 1];
    if (dot == NULL || dot == text || dot[1] == '\0' || (size_t)(dot - text) >= sizeof id) {
        complain_node(l->complaints, at, ON_VALUE, S_BAD_REFERENCE, WORDS(words_quote(l->complaints, text)));
        return false;
    }
    memcpy(id, text, (size_t)(dot - text));
    id[dot - text] = '\0';
    const struct name *name = names_find(&l->names, NAME_DEVICE, id);
    if (name == NULL) {
        int32_t slave;
        int32_t point;
        if (names_find(&l->names, NAME_SLAVE, id) == NULL) {
            (void)find_named(l, NAME_DEVICE, at, id);
            return false;
        }
        if (!slave_reference(l, at, text, &slave, &point))
            return false;
        if (find_taker(l, slave, point, ret_device, ret_point))
            return true;
        complain_node(l->complaints, at, ON_VALUE, S_NOT_TAKEN, WORDS(words_quote(l->complaints, text)));
        return false;
    }
    const struct site_device *device = &l->devices[name->index];
    int32_t const point = device_point_find(device, dot + 1);
    if (point < 0) {
        if (!l->build_devices[name->index].broken)
            complain_node(l->complaints, at, ON_VALUE, S_NO_DEVICE_POINT,
                          WORDS(words_quote(l->complaints, id), words_quote(l->complaints, dot + 1),
                                words_suggest(l->complaints, dot + 1, name_of_device_point, device)));
        return false;
    }
    *ret_device = name->index;
    *ret_point = point;
    return true;
}

static bool read_equals(struct loader *l, const struct node *node, const struct device_point *point, double *ret_equals)
{
    if (point->type == VALUE_BOOL && node_kind(node) == NODE_BOOL) {
        *ret_equals = node_is_true(node) ? 1 : 0;
        return true;
    }
    if (point->type == VALUE_ENUM && node_kind(node) == NODE_STRING) {
        for (size_t i = 0; i < point->code_count; i++) {
            if (strcmp(point->codes[i].id, node_string(node)) == 0) {
                *ret_equals = (double)i;
                return true;
            }
        }
    }
    bool const numeric = value_type_is_number(point->type);
    if (numeric && node_kind(node) == NODE_NUMBER)
        return shape_number(node, -1e15, 1e15, l->complaints, ret_equals);
    complain_node(l->complaints, node, ON_VALUE, S_CONFIRM_TYPE,
                  WORDS(words_value_type(point->type), words_quote(l->complaints, point->id)));
    return false;
}

static bool is_own_output(const struct site_interlock *interlock, const struct device_point *point)
{
    for (size_t i = 0; i < interlock->action_count; i++)
        if (interlock->actions[i].slave == point->slave && interlock->actions[i].point == point->slave_point)
            return true;
    return false;
}

static void load_confirm(struct loader *l, const struct raw_interlock *raw, struct site_interlock *interlock)
{
    struct raw_confirm confirm = {.within_ms = CONFIRM_WITHIN_MS};
    interlock->confirm_device = -1;
    interlock->confirm_point = -1;
    if (raw->confirm == NULL) {
        if (!raw->silenceable && node_child(raw->node, "confirm") == NULL)
            complain_node(l->complaints, raw->node, ON_VALUE, S_NO_FEEDBACK, NO_WORDS);
        return;
    }
    if (!shape_read(raw->confirm, &confirm_shape, &confirm, l->complaints) || confirm.point == NULL)
        return;
    const struct node *at = node_child(raw->confirm, "point");
    int32_t device;
    int32_t point_index;
    if (!device_reference(l, at, confirm.point, &device, &point_index))
        return;
    const struct device_point *point = &l->devices[device].points[point_index];
    interlock->confirm_within_ms = (uint32_t)confirm.within_ms;
    if (is_own_output(interlock, point))
        complain_node(l->complaints, at, ON_VALUE, S_FEEDBACK_OWN, WORDS(words_quote(l->complaints, confirm.point)));
    if (confirm.equals != NULL && read_equals(l, confirm.equals, point, &interlock->confirm_equals)) {
        interlock->confirm_device = device;
        interlock->confirm_point = point_index;
    }
}

void load_interlocks(struct loader *l)
{
    l->interlocks = take_array(l->arena, l->raw.interlock_count, sizeof *l->interlocks, l->complaints);
    if (l->interlocks == NULL)
        return;
    for (size_t i = 0; i < l->raw.interlock_count; i++) {
        const struct raw_interlock *raw = &l->raw.interlocks[i];
        l->interlocks[i] =
            (struct site_interlock){.id = take_text(l->arena, raw->id != NULL ? raw->id : "?", l->complaints),
                                    .alarm = "",
                                    .latch = raw->latch,
                                    .silenceable = raw->silenceable};
        load_when(l, raw, &l->interlocks[i]);
        load_actions(l, raw, &l->interlocks[i]);
        load_confirm(l, raw, &l->interlocks[i]);
        check_fights(l, i);
        check_date(l, node_child(raw->node, "proof_test_next"));
    }
    l->site->interlocks = l->interlocks;
    l->site->interlock_count = l->raw.interlock_count;
}
