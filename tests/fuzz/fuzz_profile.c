/* Any bytes as a profile: points or complaints, never a crash; and what it accepts is what the model allows, in every
 * channel. */
#include <stdint.h>
#include <string.h>

#include "drivers/device/classes.h"
#include "gateway/base/check.h"
#include "gateway/site/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_slave_point(const struct slave_point *point)
{
    CHECK(point->id != NULL && point->unit != NULL && point->zh != NULL && point->en != NULL);
    CHECK(point->register_count >= 1 && point->address + point->register_count <= 65536);
    CHECK(point->text_size <= 2 * point->register_count);
    CHECK(!point->has_valid || point->valid_low <= point->valid_high);
    for (size_t i = 0; i < point->map_count; i++)
        CHECK(point->map[i].code < point->code_count);
}

static void check_row(const struct profile *profile, const struct profile_point *row)
{
    uint16_t const channels = row->repeat.count > 0 ? row->repeat.count : 1;
    int64_t first;
    int64_t last;
    point_reach(row, channels, &first, &last);
    int64_t const base = profile->base_from_site ? -first : profile->base;
    CHECK(first + base >= 0 && last + base <= 65535);
    CHECK(channels <= SITE_POINTS_MAX && (row->repeat.count == 0 || row->repeat.count <= profile->channels));
    for (uint16_t channel = 1; channel <= channels; channel++) {
        struct slave_point const point = point_of_channel(row, base, channel);
        CHECK(point.address >= first + base && point.address + point.register_count - 1 <= last + base);
        CHECK(!point.has_only_if || (point.only_if.address >= first + base && point.only_if.address <= last + base));
        CHECK(point.function == FUNCTION_COIL || point.function == FUNCTION_DISCRETE ||
              point_width(row, channel) <= profile->count_max);
        check_slave_point(&point);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct complaints complaints;
    struct arena arena;
    struct arena scratch;
    struct profile_file file;
    arena_init(&arena, (size_t)32 * 1024 * 1024);
    arena_init(&scratch, (size_t)32 * 1024 * 1024);
    complaints_init(&complaints);
    struct profiles profiles = {.classes = &classes, .arena = &arena, .scratch = &scratch, .complaints = &complaints};
    profile_init(&file, "fuzz");
    profile_read(&profiles, &file, "fuzz.json", (const char *)bytes, size);
    CHECK(file.good == (complaints.errors == 0));
    for (size_t i = 0; i < file.profile.point_count; i++)
        check_row(&file.profile, &file.profile.points[i]);
    profile_close(&file);
    complaints_close(&complaints);
    arena_close(&scratch);
    arena_close(&arena);
    return 0;
}
