#include "firmware-sim/channel.h"

#include <string.h>

void channel_init(struct channel *channel, enum wire wire, const struct channel_timing *timing, channel_serve *serve,
                  void *self)
{
    *channel = (struct channel){.wire = wire, .timing = *timing, .serve = serve, .self = self};
}

struct channel_timing channel_timing_of(unsigned baud, unsigned bits, int64_t turnaround_us, int64_t silence_min_us,
                                        bool fast)
{
    int64_t character_ns = (int64_t)bits * 1000000000 / baud;
    int64_t silence_us = baud > 19200 ? 1750 : character_ns * 7 / 2000;
    int64_t chunk = baud > 19200 ? 1500000 / character_ns : 3;
    return (struct channel_timing){
        .character_ns = fast ? 0 : character_ns,
        .turnaround_us = fast ? 0 : turnaround_us,
        .silence_us = silence_us > silence_min_us ? silence_us : silence_min_us,
        .chunk_size = chunk > 1 ? (size_t)chunk : 1,
    };
}

static int64_t line_us(const struct channel *channel, size_t characters)
{
    return (channel->timing.character_ns * (int64_t)characters + 999) / 1000;
}

/* --- the answers that wait --- */

static bool is_emitting(const struct channel *channel, int64_t now_us)
{
    return channel->out_count > 0 && now_us >= channel->out[0].start_us;
}

static void drop_answer(struct channel *channel, size_t index)
{
    channel->out_count--;
    memmove(&channel->out[index], &channel->out[index + 1], (channel->out_count - index) * sizeof channel->out[0]);
}

static void forget_unbegun(struct channel *channel)
{
    for (size_t i = channel->out_count; i-- > 0;) {
        if (!channel->out[i].stays)
            drop_answer(channel, i);
    }
}

static void queue_answer(struct channel *channel, const struct answer *answer, int64_t start_us)
{
    if (channel->out_count == CHANNEL_ANSWERS_MAX) {
        channel->counters.lost++;
        return;
    }
    size_t at = channel->out_count;
    while (at > 0 && channel->out[at - 1].sent == 0 && channel->out[at - 1].start_us > start_us)
        at--;
    memmove(&channel->out[at + 1], &channel->out[at], (channel->out_count - at) * sizeof channel->out[0]);
    channel->out_count++;
    struct channel_answer *queued = &channel->out[at];
    *queued = (struct channel_answer){.start_us = start_us, .size = answer->size, .stays = answer->stays};
    memcpy(queued->bytes, answer->bytes, answer->size);
}

/* --- what comes in --- */

static void hand_over(struct channel *channel, const struct request *request, int64_t arrived_us)
{
    struct answer answer = {.size = 0};
    channel->counters.requests++;
    channel->serve(channel->self, request, &answer);
    if (answer.size > 0)
        queue_answer(channel, &answer, arrived_us + channel->timing.turnaround_us + answer.delay_us);
}

static void take_rtu(struct channel *channel, size_t size, int64_t now_us)
{
    int64_t carried_us = channel->in_first_us + line_us(channel, size);
    struct request request = {
        .unit = channel->in[0], .pdu = channel->in + 1, .pdu_size = size - 3, .frame = channel->in, .frame_size = size};
    if (is_emitting(channel, now_us)) {
        channel->counters.collisions++;
        return;
    }
    forget_unbegun(channel);
    hand_over(channel, &request, carried_us > now_us ? carried_us : now_us);
}

static void take_mbap(struct channel *channel, size_t size, int64_t now_us)
{
    const uint8_t *in = channel->in;
    struct request request = {.transaction = (uint16_t)(in[0] << 8 | in[1]),
                              .unit = in[6],
                              .pdu = in + 7,
                              .pdu_size = size - 7,
                              .frame = in,
                              .frame_size = size};
    hand_over(channel, &request, now_us);
}

static void shift_in(struct channel *channel, size_t size, int64_t now_us)
{
    channel->in_size -= size;
    memmove(channel->in, channel->in + size, channel->in_size);
    channel->in_first_us = now_us;
}

static void go_deaf(struct channel *channel)
{
    channel->counters.garbled += channel->deaf ? 0U : 1U;
    channel->deaf = true;
    channel->in_size = 0;
}

static void scan_rtu(struct channel *channel, int64_t now_us)
{
    for (;;) {
        size_t size = frame_rtu_request_size(channel->in, channel->in_size);
        if ((size == SIZE_MAX ? channel->in_size : size) > FRAME_RTU_MAX) {
            go_deaf(channel);
            return;
        }
        if (size == 0 || size > channel->in_size)
            return;
        if (!frame_crc_fits(channel->in, size)) {
            go_deaf(channel);
            return;
        }
        take_rtu(channel, size, now_us);
        shift_in(channel, size, now_us);
    }
}

static void scan_mbap(struct channel *channel, int64_t now_us)
{
    for (;;) {
        size_t size = frame_mbap_size(channel->in, channel->in_size);
        if (size == SIZE_MAX) {
            channel->counters.garbled++;
            channel->broken = true;
            return;
        }
        if (size == 0 || size > channel->in_size)
            return;
        take_mbap(channel, size, now_us);
        shift_in(channel, size, now_us);
    }
}

/* Silence: what was collected is a whole frame of unknown length, or nothing. */
static void end_burst(struct channel *channel, int64_t now_us)
{
    bool whole = channel->in_size >= FRAME_RTU_MIN &&
                 frame_rtu_request_size(channel->in, channel->in_size) == SIZE_MAX &&
                 frame_crc_fits(channel->in, channel->in_size);
    if (whole)
        take_rtu(channel, channel->in_size, now_us);
    else if (channel->in_size > 0 && !channel->deaf)
        channel->counters.garbled++;
    channel->deaf = false;
    channel->in_size = 0;
}

static bool awaits_silence(const struct channel *channel)
{
    return channel->wire == WIRE_RTU && (channel->in_size > 0 || channel->deaf);
}

static void notice_silence(struct channel *channel, int64_t now_us)
{
    if (awaits_silence(channel) && now_us - channel->in_last_us >= channel->timing.silence_us)
        end_burst(channel, now_us);
}

void channel_receive(struct channel *channel, const uint8_t *bytes, size_t size, int64_t now_us)
{
    notice_silence(channel, now_us);
    if (size > 0)
        channel->in_last_us = now_us;
    while (size > 0 && !channel->deaf && !channel->broken) {
        size_t room = sizeof channel->in - channel->in_size;
        size_t part = size < room ? size : room;
        if (channel->in_size == 0)
            channel->in_first_us = now_us;
        memcpy(channel->in + channel->in_size, bytes, part);
        channel->in_size += part;
        bytes += part;
        size -= part;
        if (channel->wire == WIRE_RTU)
            scan_rtu(channel, now_us);
        else
            scan_mbap(channel, now_us);
    }
}

/* --- what goes out --- */

/* How many characters of the first answer the line has carried, in whole chunks. */
static size_t carried(const struct channel *channel, int64_t now_us)
{
    const struct channel_answer *first = &channel->out[0];
    if (now_us < first->start_us)
        return 0;
    if (now_us >= first->start_us + line_us(channel, first->size))
        return first->size;
    size_t characters = (size_t)((now_us - first->start_us) * 1000 / channel->timing.character_ns);
    return characters - characters % channel->timing.chunk_size;
}

size_t channel_take(struct channel *channel, int64_t now_us, uint8_t *ret_bytes, size_t size_max)
{
    notice_silence(channel, now_us);
    if (channel->out_count == 0)
        return 0;
    struct channel_answer *first = &channel->out[0];
    size_t ready = carried(channel, now_us);
    size_t size = ready > first->sent ? ready - first->sent : 0;
    size = size < size_max ? size : size_max;
    memcpy(ret_bytes, first->bytes + first->sent, size);
    first->sent += size;
    if (first->sent < first->size)
        return size;
    channel->line_free_us = first->start_us + line_us(channel, first->size);
    drop_answer(channel, 0);
    if (channel->out_count > 0 && channel->out[0].start_us < channel->line_free_us)
        channel->out[0].start_us = channel->line_free_us;
    return size;
}

/* The end of the chunk that the line carries now. */
static int64_t next_chunk_us(const struct channel *channel)
{
    const struct channel_answer *first = &channel->out[0];
    size_t chunk = channel->timing.chunk_size;
    size_t end = (first->sent / chunk + 1) * chunk;
    return first->start_us + line_us(channel, end < first->size ? end : first->size);
}

int64_t channel_due_us(const struct channel *channel)
{
    int64_t due_us = channel->out_count > 0 ? next_chunk_us(channel) : CHANNEL_NEVER;
    int64_t silence_us = channel->in_last_us + channel->timing.silence_us;
    return awaits_silence(channel) && silence_us < due_us ? silence_us : due_us;
}
