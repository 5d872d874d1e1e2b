/* Any bytes as a site file: refused with a sentence, or a plant that steps and can be listed. */
#include <stdlib.h>

#include "firmware-sim/ctl.h"
#include "firmware-sim/world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char said[65536];
    struct site site;
    struct world world;
    struct sentence why;
    struct sentence warnings;
    struct text out;
    char line[] = "list";
    char status[] = "status";
    if (!site_open_bytes(&site, "f", (const char *)data, size, NULL, sentence_init(&warnings), sentence_init(&why))) {
        if (why.text.used == 0)
            abort();
        return 0;
    }
    world_open(&world, &site, 1);
    const struct ctl ctl = {.world = &world};
    for (int i = 0; i < 3; i++)
        world_step(&world, WORLD_STEP_S);
    text_init(&out, said, sizeof said);
    ctl_run(&ctl, line, &out);
    ctl_run(&ctl, status, &out);
    world_close(&world);
    site_close(&site);
    return 0;
}
