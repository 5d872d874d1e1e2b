/* class_rig: one device of a class on a hand-turned clock, for tests of derive(). It has the points and settings a test names,
 * and the derived points that follow from these (class_point.needs), as the loader would give it. */
#ifndef OUTPOST_TESTS_SUPPORT_CLASS_RIG_H
#define OUTPOST_TESTS_SUPPORT_CLASS_RIG_H

#include "gateway/model/class.h"

#define RIG_POINTS_MAX   256
#define RIG_SETTINGS_MAX 32

struct rig {
    const struct device_class *class;
    struct sample samples[RIG_POINTS_MAX];
    enum point_source sources[RIG_POINTS_MAX];
    struct hold holds[DERIVE_HOLDS_MAX];
    double settings[RIG_SETTINGS_MAX];
    _Alignas(16) unsigned char memory[DERIVE_MEMORY_MAX];
    int64_t mono_ms;      /* starts at 1000 */
    int64_t next_mono_ms; /* what derive() asked for last */
};

/* has: "door_closed car_speed rated_speed=1.75": points that are read, settings with their values. Everything else of the
 * class is a test failure. No point has a value yet. */
void rig_open(struct rig *rig, const struct device_class *class, const char *has);

/* A setting becomes known, another, or unknown (NO_LIMIT); a point becomes one that is read. The derived points follow. */
void rig_setting(struct rig *rig, const char *setting, double value);
void rig_read(struct rig *rig, const char *point);

/* As after a restart of the gateway: holds and clock go on, memory and values do not. */
void rig_restart(struct rig *rig);

struct sample *rig_at(struct rig *rig, const char *point);
void rig_bool(struct rig *rig, const char *point, bool value);
void rig_number(struct rig *rig, const char *point, double value);
void rig_whole(struct rig *rig, const char *point, int64_t value);
void rig_code(struct rig *rig, const char *point, const char *code);
void rig_bad(struct rig *rig, const char *point); /* no_answer */
/* was: the number that an implausible sample still holds */
void rig_bad_for(struct rig *rig, const char *point, enum reason reason, double was);

void rig_derive(struct rig *rig);
void rig_pass(struct rig *rig, int64_t ms); /* the clock goes on; does not derive */

/* Derives, and says of a yes/no point "yes", "no", "?" (bad) or "-" (the device does not have it). */
const char *rig_says(struct rig *rig, const char *point);

/* Derives, and says the code of a point, or "?" or "-". */
const char *rig_says_code(struct rig *rig, const char *point);

/* Derives, and fails unless the number is what it should be, or bad for this reason. */
void rig_expect(struct rig *rig, const char *point, enum quality quality, double value, double within);
void rig_expect_bad(struct rig *rig, const char *point, enum reason reason);

/* Fails where there is none of that id. */
const struct class_alarm *class_alarm_of(const struct device_class *class, const char *id);

#endif
