/* Whatever somebody types into the control socket, line by line, while the plant goes on. Every answer ends with a verdict. */
#include <stdlib.h>
#include <string.h>

#include "firmware-sim/ctl.h"
#include "firmware-sim/world.h"

static const char plant[] =
    "{\"buses\":[{\"id\":\"b\",\"link\":\"rtu\",\"port\":\"p\"}],\"devices\":["
    "{\"id\":\"g\",\"bus\":\"b\",\"unit\":1,\"class\":\"gas_detector\",\"points\":{\"gas_lel_pct\":{\"address\":0,"
    "\"type\":"
    "\"f32\"},\"m\":{\"address\":2,\"map\":{\"1\":\"on\"}},\"s\":{\"address\":3,\"type\":\"string\",\"length\":9},"
    "\"l\":"
    "{\"address\":9,\"type\":\"s64\",\"scale\":0.1},\"d\":{\"address\":14,\"type\":\"bcd16\"}}},"
    "{\"id\":\"v\",\"bus\":\"b\",\"unit\":2,\"class\":\"io\",\"points\":{\"r\":{\"function\":\"coil\",\"address\":0},"
    "\"i\":"
    "{\"function\":\"discrete\",\"address\":0}}},{\"id\":\"e\",\"class\":\"lift\",\"points\":{\"door_zone\":\"v.i\"}}],"
    "\"interlocks\":[{\"id\":\"t\",\"when\":{\"device\":\"g\"},\"do\":[{\"write\":\"v.r\",\"value\":true}],\"confirm\":"
    "{\"point\":\"v.i\"}}]}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run_line(struct world *world, const uint8_t *bytes, size_t size)
{
    static char said[4096];
    char line[CTL_LINE_MAX];
    struct text out;
    const struct ctl ctl = {.world = world};
    size_t length = size < sizeof line - 1 ? size : sizeof line - 1;
    memcpy(line, bytes, length);
    line[length] = '\0';
    text_init(&out, said, sizeof said);
    ctl_run(&ctl, line, &out);
    if (out.used == 0 || said[out.used - 1] != '\n')
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct site site;
    struct world world;
    struct sentence ignored;
    if (site.bus_count == 0 &&
        !site_open_bytes(&site, "f", plant, sizeof plant - 1, NULL, sentence_init(&ignored), &ignored.text))
        abort();
    world_open(&world, &site, 1);
    for (size_t at = 0; at < size;) {
        const uint8_t *end = memchr(data + at, '\n', size - at);
        size_t length = end == NULL ? size - at : (size_t)(end - data) - at;
        run_line(&world, data + at, length);
        world_step(&world, WORLD_STEP_S);
        world_pass(&world, world.now_us + 100000);
        at += length + 1;
    }
    world_close(&world);
    return 0;
}
