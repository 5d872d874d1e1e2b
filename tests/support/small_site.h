/* small_site: a site made by hand for tests of rooms, without the loader: two gas detectors and a relay board on one bus,
 * a lift made of two slaves on another, and one centre. Derived points and rules are made as the loader makes them: each
 * derived point whose needs are met, each alarm of the class whose points the device has and whose limit is known, with the
 * class's values. Settings are the standard ones. */
#ifndef OUTPOST_TESTS_SUPPORT_SMALL_SITE_H
#define OUTPOST_TESTS_SUPPORT_SMALL_SITE_H

#include "gateway/model/site.h"

enum { BUS_GAS, BUS_LIFT, SMALL_BUSES };
enum { SLAVE_GAS_1, SLAVE_GAS_2, SLAVE_VALVE, SLAVE_DI, SLAVE_SPEED, SMALL_SLAVES };
enum { DEVICE_GAS_1, DEVICE_GAS_2, DEVICE_VALVE, DEVICE_LIFT, SMALL_DEVICES };
enum { INTERLOCK_TRIP, INTERLOCK_SIREN, SMALL_INTERLOCKS };
enum { CENTRE_PROPERTY, SMALL_CENTRES };

/* Points of the slaves, in their order. */
enum { GAS_LEL, GAS_MODE, GAS_NAME, GAS_POINTS };
enum { RELAY_1, RELAY_2, INPUT_1, VALVE_POINTS };
enum { IN_DOOR_CLOSED, IN_DOOR_ZONE, IN_PASSENGER, IN_BUTTON, DI_POINTS };

#define SMALL_RULES_MAX    160
#define SMALL_POINTS_MAX   64
#define SMALL_CLASS_MAX    128 /* points of a class */
#define SMALL_SETTINGS_MAX 16

struct small_site {
    struct site site;
    struct site_bus buses[SMALL_BUSES];
    struct site_slave slaves[SMALL_SLAVES];
    struct slave_point gas_points[GAS_POINTS];
    struct slave_point valve_points[VALVE_POINTS];
    struct slave_point di_points[DI_POINTS];
    struct slave_point speed_point;
    struct site_device devices[SMALL_DEVICES];
    struct device_point points[SMALL_DEVICES][SMALL_POINTS_MAX];
    int32_t by_class[SMALL_DEVICES][SMALL_CLASS_MAX];
    double settings[SMALL_DEVICES][SMALL_SETTINGS_MAX];
    int32_t slave_lists[SMALL_DEVICES][2];
    struct subject subjects[SMALL_DEVICES + SMALL_BUSES + SMALL_INTERLOCKS + SMALL_CENTRES];
    struct rule rules[SMALL_RULES_MAX];
    struct site_zone zone;
    int32_t detectors[2];
    struct site_interlock interlocks[SMALL_INTERLOCKS];
    int32_t interlock_rules[SMALL_INTERLOCKS][2];
    struct site_action actions[SMALL_INTERLOCKS];
    struct site_centre centres[SMALL_CENTRES];
};

/* Every slave is polled each `every_ms`. */
void small_site_make(struct small_site *small, uint32_t every_ms);

/* The rule of that subject and id; fails the test when there is none. */
size_t small_site_rule(const struct small_site *small, const char *subject, const char *alarm);
/* The device point of that name. */
size_t small_site_point(const struct small_site *small, size_t device, const char *point);

#endif
