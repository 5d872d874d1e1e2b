/* Any bytes as a site file: a site or complaints, never both, never neither, never a crash; and a site is one that the bus and
 * the judge can work with. The profiles it may name are in memory: one execution opens no file. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/device/classes.h"
#include "gateway/base/check.h"
#include "gateway/core/plan.h"
#include "gateway/site/load.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define PROFILE(name_, class_, rest)                                                                                   \
    {                                                                                                                  \
        .name = (name_), .bytes = "{\"profile\":\"" name_ "\",\"class\":\"" class_ "\"," rest "}",                     \
        .size = sizeof "{\"profile\":\"" name_ "\",\"class\":\"" class_ "\"," rest "}" - 1                             \
    }

/* Short names: a mutated site file finds them. */
static const struct profile_bytes profiles[] = {
    PROFILE("io", "io",
            "\"points\":{\"in_1\":{\"function\":\"discrete\",\"address\":0},"
            "\"out_1\":{\"function\":\"coil\",\"address\":0},"
            "\"w\":{\"function\":\"holding\",\"address\":9,\"type\":\"u16\",\"write\":{\"maximum\":9}}}"),
    PROFILE("gas", "gas_detector",
            "\"order\":\"CDAB\",\"guard\":\"50ms\",\"link\":{\"baud\":9600,\"format\":\"8N1\"},\"max_count\":8,"
            "\"identity\":{\"function\":\"holding\",\"address\":0,\"equals\":7},"
            "\"points\":{\"gas_lel_pct\":{\"function\":\"holding\",\"address\":1,\"type\":\"f32\","
            "\"only_if\":{\"address\":3,\"equals\":1}},"
            "\"detector_mode\":{\"function\":\"holding\",\"address\":4,\"type\":\"u16\",\"map\":{\"1\":\"normal\"}}}"),
    PROFILE(
        "panel", "gas_panel",
        "\"base\":\"site\",\"repeat\":{\"count\":64,\"step\":2},\"freeze\":{\"point\":\"heartbeat\",\"after\":\"1min\"}"
        ","
        "\"points\":{\"gas_lel_pct\":{\"function\":\"input\",\"address\":100,\"type\":\"u16\",\"scale\":0.1,"
        "\"scale_from\":{\"address\":90,\"fixed\":true}},"
        "\"alarm1_dev\":{\"function\":\"input\",\"address\":101,\"type\":\"bits\",\"bit\":0,\"repeat\":{\"count\":8}},"
        "\"heartbeat\":{\"function\":\"input\",\"address\":0,\"type\":\"u16\",\"repeat\":false}}"),
    PROFILE("lift", "lift",
            "\"points\":{\"service_mode\":{\"function\":\"holding\",\"address\":0,\"type\":\"u16\","
            "\"map\":\"GB/T 24476-2017\"},\"door_closed\":{\"function\":\"discrete\",\"address\":0}}"),
    PROFILE("bad", "io", "\"points\":{\"in_1\":{\"function\":\"discrete\"}}"),
};

static void check_slave(const struct site *site, const struct site_slave *slave)
{
    static struct plan_read reads[SITE_POINTS_MAX];
    static uint16_t order[SITE_POINTS_MAX];
    struct plan plan;
    size_t idle = 0;
    CHECK(slave->bus >= 0 && (size_t)slave->bus < site->bus_count);
    CHECK(plan_make(&site->buses[slave->bus], slave, reads, SITE_POINTS_MAX, order, &plan) == ERR_OK);
    for (size_t i = 0; i < slave->point_count; i++)
        idle += slave->points[i].idle;
    CHECK(plan.point_count + idle == slave->point_count);
    CHECK(slave->frozen_after_ms == 0 ||
          (slave->frozen_point >= 0 && (size_t)slave->frozen_point < slave->point_count &&
           !slave->points[slave->frozen_point].idle));
    CHECK(slave->heartbeat_point < (int32_t)slave->point_count);
}

static void check_device(const struct site *site, const struct site_device *device)
{
    CHECK(device->class != NULL && device->point_count <= SITE_DEVICE_POINTS_MAX);
    CHECK(device->class->setting_count == 0 || device->settings != NULL);
    for (size_t i = 0; i < device->point_count; i++) {
        const struct device_point *point = &device->points[i];
        if (point->slave < 0)
            continue;
        CHECK((size_t)point->slave < site->slave_count);
        CHECK((size_t)point->slave_point < site->slaves[point->slave].point_count);
        CHECK(!site->slaves[point->slave].points[point->slave_point].idle);
    }
    for (size_t i = 0; i < device->class->point_count; i++)
        CHECK(device->by_class[i] < (int32_t)device->point_count);
}

static void check_rule(const struct site *site, const struct rule *rule)
{
    CHECK(rule->subject >= 0 && (size_t)rule->subject < site->subject_count);
    const struct subject *subject = &site->subjects[rule->subject];
    int32_t const points = subject->kind == SUBJECT_DEVICE ? (int32_t)site->devices[subject->index].point_count : 0;
    CHECK(rule->point < points && (rule->kind != RULE_DEVIATION || rule->from_point < points));
    CHECK(rule->when_mask == 0 || (rule->when_point >= 0 && rule->when_point < points));
}

static void check_site(const struct site *site)
{
    for (size_t i = 0; i < site->slave_count; i++)
        check_slave(site, &site->slaves[i]);
    for (size_t i = 0; i < site->device_count; i++)
        check_device(site, &site->devices[i]);
    for (size_t i = 0; i < site->rule_count; i++)
        check_rule(site, &site->rules[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct complaints complaints;
    struct site_sources const sources = {
        .classes = &classes, .profiles = profiles, .profile_count = ARRAY_SIZE(profiles)};
    struct arena arena;
    const struct site *site = NULL;
    char line[1024];
    arena_init(&arena, (size_t)32 * 1024 * 1024);
    complaints_init(&complaints);
    enum err err = site_load_bytes("fuzz.json", (const char *)bytes, size, &sources, &arena, &complaints, &site);
    CHECK((err == ERR_OK) == (site != NULL) && (err == ERR_OK) == (complaints.errors == 0));
    if (site != NULL)
        check_site(site);
    for (size_t i = 0; i < complaints.count; i++)
        complaint_print(&complaints.list[i], (enum language)(i % 2), line, sizeof line);
    complaints_close(&complaints);
    arena_close(&arena);
    return 0;
}
