/* making: one alarm of one device while it is put together: from its class or new, then what the file says of it. Private
 * to alarms.c, alarm_changes.c and limits.c. */
#ifndef OUTPOST_SITE_MAKING_H
#define OUTPOST_SITE_MAKING_H

#include <stdbool.h>

#include "gateway/site/loader.h"

struct making {
    struct loader *l;
    const struct site_device *device;
    const struct build_device *build;
    const struct class_alarm *of_class; /* NULL: an added one */
    struct raw_alarm raw;               /* .node NULL: the file does not name it */
    struct rule rule;
};

static inline const struct device_point *making_point(const struct making *m)
{
    return &m->device->points[m->rule.point];
}

static inline struct complaints *making_complaints(const struct making *m)
{
    return m->l->complaints;
}

/* alarm_changes.c: what the file says of it; nothing, in making_default. */
extern const struct raw_alarm making_default;
/* False: the device does not have the alarm. One with a mistake stays, so that who refers to it finds it. */
bool making_changes(struct making *m);
/* Where a complaint about this key of it belongs. */
const struct node *making_at(const struct making *m, const char *key);
bool making_given(const struct making *m, const char *key);
const char *making_kind(const struct making *m);
uint64_t mask_of_code(const struct device_point *point, const char *id);
/* The codes a node names, one or a list, as a mask; complains about those that the point does not have. */
uint64_t making_codes(struct making *m, const struct node *node, const struct device_point *point);

/* limits.c: limit, from, over and deadband of it. False: there is no limit to be had, and the device lacks the alarm (of an
 * added one: there was a complaint). */
bool limits_read(struct making *m);
/* Whether the class's alarm waits for a setting that is not known. */
bool limits_wait_for_setting(const struct site_device *device, const struct class_alarm *alarm);
/* That the limits of all alarms of a device stand in their order. */
void limits_check_order(struct loader *l, size_t device);

static inline bool kind_is_high(enum rule_kind kind)
{
    return kind == RULE_HIHI || kind == RULE_HI;
}
static inline bool kind_is_low(enum rule_kind kind)
{
    return kind == RULE_LO || kind == RULE_LOLO;
}

#endif
