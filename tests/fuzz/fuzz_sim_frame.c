/* A hostile master: any bytes in any pieces at any times, on serial lines of all sorts and on TCP, against a whole plant. Nothing
 * crashes, what goes out is bounded, and nothing that is due stays behind.
 *
 * Input: pieces of [time in 256 us][size][bytes]. */
#include <stdlib.h>

#include "firmware-sim/channel.h"
#include "firmware-sim/world.h"

static const char plant[] =
    "{\"buses\":[{\"id\":\"l\",\"link\":\"rtu\",\"port\":\"p\"},{\"id\":\"n\",\"link\":\"tcp\"}],\"slaves\":["
    "{\"id\":\"a\",\"bus\":\"l\",\"unit\":1,\"points\":{\"x\":{\"address\":0,\"type\":\"f32\"},\"c\":{\"function\":"
    "\"coil\","
    "\"address\":3}}},{\"id\":\"b\",\"bus\":\"n\",\"unit\":1,\"points\":{\"x\":{\"address\":65535},\"c\":{\"function\":"
    "\"coil\",\"address\":0}}}]}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void drain(struct channel *channel, int64_t now_us)
{
    uint8_t bytes[ANSWER_MAX];
    size_t total = 0;
    for (size_t part = 1; part > 0; total += part)
        part = channel_take(channel, now_us, bytes, sizeof bytes);
    if (total > (size_t)CHANNEL_ANSWERS_MAX * ANSWER_MAX + sizeof channel->echo || channel_due_us(channel) <= now_us)
        abort();
}

enum { PLAIN, ADAPTER, REAL, TCP, CHANNELS };

static void open_channels(struct channel *channels, struct world *world)
{
    for (size_t i = 0; i < CHANNELS; i++) {
        struct channel_timing timing = channel_timing_of(9600, 10, 2000, 5000, i == TCP);
        timing.echo = i == ADAPTER;
        timing.latency_us = i == ADAPTER ? 16000 : 0;
        timing.real = i == REAL;
        channel_init(&channels[i], i == TCP ? WIRE_MBAP : WIRE_RTU, &timing, line_serve,
                     &world->lines[i == TCP ? 1 : 0]);
    }
}

/* A babbling unit speaks into whatever goes on. */
static void emit(struct channel *channel, size_t size, int64_t now_us)
{
    struct answer noise = {.size = size, .stays = true};
    if (size > 0)
        channel_emit(channel, 9, &noise, now_us);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct site site;
    static struct world world;
    static struct channel channels[CHANNELS];
    struct sentence ignored;
    if (site.bus_count == 0 &&
        !site_open_bytes(&site, "f", plant, sizeof plant - 1, NULL, sentence_init(&ignored), &ignored.text))
        abort();
    world_open(&world, &site, 1);
    open_channels(channels, &world);
    int64_t now_us = 0;
    for (size_t at = 0; at + 2 < size;) {
        size_t part = data[at + 1] < size - at - 2 ? data[at + 1] : size - at - 2;
        now_us += data[at] * 256;
        for (size_t i = 0; i < CHANNELS; i++) {
            channel_receive(&channels[i], data + at + 2, part, now_us);
            emit(&channels[i], data[at] % 13 == 0 ? data[at + 1] % 13 : 0, now_us);
            drain(&channels[i], now_us);
        }
        at += 2 + part;
    }
    world_close(&world);
    return 0;
}
