/* Any bytes as a site file: a site or complaints, never both, never neither, never a crash. */
#include <stdint.h>
#include <stdlib.h>

#include "drivers/device/classes.h"
#include "gateway/base/check.h"
#include "gateway/site/load.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct complaints complaints;
    static const char *const profile_dirs[] = {"config/profiles", NULL};
    struct site_sources const sources = {.classes = &classes, .profile_dirs = profile_dirs};
    struct arena arena;
    const struct site *site = NULL;
    char line[1024];
    arena_init(&arena, (size_t)32 * 1024 * 1024);
    complaints_init(&complaints);
    enum err err = site_load_bytes("fuzz.json", (const char *)bytes, size, &sources, &arena, &complaints, &site);
    CHECK((err == ERR_OK) == (site != NULL) && (err == ERR_OK) == (complaints.errors == 0));
    for (size_t i = 0; i < complaints.count; i++)
        complaint_print(&complaints.list[i], (enum language)(i % 2), line, sizeof line);
    complaints_close(&complaints);
    arena_close(&arena);
    return 0;
}
