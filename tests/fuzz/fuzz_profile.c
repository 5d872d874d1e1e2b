/* Any bytes as a profile: points or complaints, never a crash; and what it accepts is what the model allows. */
#include <stdint.h>
#include <string.h>

#include "drivers/device/classes.h"
#include "gateway/base/check.h"
#include "gateway/site/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_point(const struct slave_point *point)
{
    CHECK(point->id != NULL && point->unit != NULL && point->zh != NULL && point->en != NULL);
    CHECK(point->register_count >= 1 && point->address + point->register_count <= 65536);
    for (size_t i = 0; i < point->map_count; i++)
        CHECK(point->map[i].code < point->code_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct complaints complaints;
    struct arena arena;
    struct arena scratch;
    struct profile profile = {.name = "fuzz"};
    arena_init(&arena, (size_t)32 * 1024 * 1024);
    arena_init(&scratch, (size_t)32 * 1024 * 1024);
    complaints_init(&complaints);
    struct profiles profiles = {.classes = &classes, .arena = &arena, .scratch = &scratch, .complaints = &complaints};
    profile_read(&profiles, &profile, "fuzz.json", (const char *)bytes, size);
    CHECK(profile.good == (complaints.errors == 0));
    for (size_t i = 0; i < profile.point_count; i++)
        check_point(&profile.points[i]);
    profile_close(&profile);
    complaints_close(&complaints);
    arena_close(&scratch);
    arena_close(&arena);
    return 0;
}
