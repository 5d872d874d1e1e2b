#include "drivers/device/boiler_burner.h"

#include "drivers/device/burner.h"
#include "gateway/base/check.h"

static const struct class_point points[] = {BURNER_POINT_ROWS};
static const struct class_setting settings[] = {BURNER_SETTING_ROWS};
static const struct class_alarm alarms[] = {BURNER_ALARM_ROWS};

static void boiler_burner_derive(struct derive *derive)
{
    CHECK(derive->sample_count == ARRAY_SIZE(points));
    derive->ret_next_mono_ms = INT64_MAX;
    burner_derive(derive, points);
}

const struct device_class boiler_burner_class = {
    .id = "boiler_burner",
    .zh = "锅炉燃烧器",
    .en = "burner controller",
    .points = points,
    .point_count = ARRAY_SIZE(points),
    .alarms = alarms,
    .alarm_count = ARRAY_SIZE(alarms),
    .never_written = true,
    .derive = boiler_burner_derive,
    .memory_size = sizeof(struct burner_memory),
    .settings = settings,
    .setting_count = ARRAY_SIZE(settings),
    .dialects = burner_dialects,
    .dialect_count = BURNER_DIALECT_COUNT,
};
