#include "firmware-sim/channel.h"

#include <string.h>

#include "firmware-sim/channel_private.h"

void channel_init(struct channel *channel, enum wire wire, const struct channel_timing *timing, channel_serve *serve,
                  void *self)
{
    *channel = (struct channel){.wire = wire, .timing = *timing, .serve = serve, .self = self};
}

struct channel_timing channel_timing_of(unsigned baud, unsigned bits, int64_t turnaround_us, int64_t silence_min_us,
                                        bool fast)
{
    int64_t character_ns = (int64_t)bits * 1000000000 / baud;
    int64_t gap_us = baud > 19200 ? 1750 : character_ns * 7 / 2000;
    int64_t chunk = baud > 19200 ? 1500000 / character_ns : 3;
    return (struct channel_timing){
        .character_ns = fast ? 0 : character_ns,
        .turnaround_us = fast ? 0 : turnaround_us,
        .silence_us = gap_us > silence_min_us ? gap_us : silence_min_us,
        .chunk_size = chunk > 1 ? (size_t)chunk : 1,
        .gap_us = fast ? 0 : gap_us,
        .inner_us = baud > 19200 ? 750 : character_ns * 3 / 2000,
    };
}

/* --- what comes in --- */

/* What a line with local echo gives back; more than fits is lost, as the line itself would be by then. */
static void push_echo(struct channel *channel, const uint8_t *bytes, size_t size, int64_t from_us)
{
    if (channel->echo_sent == channel->echo_size) {
        channel->echo_sent = 0;
        channel->echo_size = 0;
        channel->echo_us = from_us;
    }
    size_t room = sizeof channel->echo - channel->echo_size;
    size = size < room ? size : room;
    memcpy(channel->echo + channel->echo_size, bytes, size);
    channel->echo_size += size;
}

/* Bytes that came now take their time on the line: when they begin. */
static int64_t place_on_line(struct channel *channel, size_t size, int64_t now_us)
{
    bool first = !is_hearing(channel);
    int64_t from_us = first || channel->in_end_us < now_us ? now_us : channel->in_end_us;
    int64_t most_us = now_us + line_us(channel, sizeof channel->in); /* a flood does not stop the line for minutes */
    if (first) {
        channel->in_first_us = from_us;
        channel->in_torn = false;
        if (channel->timing.gap_us > 0 && channel->line_free_us > 0)
            channel->counters.short_gaps += now_us - channel->line_free_us < channel->timing.gap_us ? 1U : 0U;
    } else if (channel->timing.gap_us > 0 && now_us - channel->in_end_us > channel->timing.inner_us) {
        channel->in_torn = true;
    }
    int64_t to_us = channel->timing.real ? now_us : from_us + line_us(channel, size);
    channel->in_end_us = to_us < most_us ? to_us : most_us;
    return from_us;
}

static void take_in(struct channel *channel, const uint8_t *bytes, size_t size, int64_t now_us)
{
    while (size > 0 && !channel->deaf && !channel->broken) {
        size_t room = sizeof channel->in - channel->in_size;
        size_t part = size < room ? size : room;
        memcpy(channel->in + channel->in_size, bytes, part);
        channel->in_size += part;
        bytes += part;
        size -= part;
        channel_scan(channel, now_us);
        if (part == 0)
            go_deaf(channel);
    }
}

void channel_receive(struct channel *channel, const uint8_t *bytes, size_t size, int64_t now_us)
{
    notice_time(channel, now_us);
    if (size == 0)
        return;
    int64_t from_us = place_on_line(channel, size, now_us);
    meet_answers(channel, from_us, channel->in_end_us);
    if (channel->timing.echo)
        push_echo(channel, bytes, size, from_us);
    take_in(channel, bytes, size, now_us);
}

/* --- what goes out --- */

/* Characters that follow each other on the line. */
struct stretch {
    int64_t start_us;
    size_t size;
    size_t sent;
};

static size_t carried(const struct channel *channel, const struct stretch *stretch, int64_t at_us)
{
    if (at_us < stretch->start_us)
        return 0;
    if (channel->timing.real || at_us >= stretch->start_us + line_us(channel, stretch->size))
        return stretch->size;
    return (size_t)((at_us - stretch->start_us) * 1000 / channel->timing.character_ns);
}

/* Up to where the master may have it now; packets come when they are full or when the adapter's timer runs out. */
static size_t handed_over(struct channel *channel, const struct stretch *stretch, int64_t now_us)
{
    size_t ready = carried(channel, stretch, now_us);
    int64_t latency_us = channel->timing.latency_us;
    if (latency_us == 0)
        return ready == stretch->size ? ready : ready - ready % channel->timing.chunk_size;
    if (ready >= stretch->sent + PACKET_SIZE) {
        channel->packet_us = stretch->start_us + line_us(channel, stretch->sent + PACKET_SIZE);
        return stretch->sent + PACKET_SIZE;
    }
    int64_t tick_us = now_us - (now_us - channel->packet_us) % latency_us;
    ready = carried(channel, stretch, tick_us);
    return ready > stretch->sent ? ready : stretch->sent;
}

static int64_t next_us(const struct channel *channel, const struct stretch *stretch)
{
    int64_t latency_us = channel->timing.latency_us;
    size_t chunk = channel->timing.chunk_size;
    size_t end = (stretch->sent / chunk + 1) * chunk;
    if (channel->timing.real)
        return stretch->start_us;
    if (latency_us == 0)
        return stretch->start_us + line_us(channel, end < stretch->size ? end : stretch->size);
    int64_t first_us = stretch->start_us + line_us(channel, stretch->sent + 1);
    int64_t tick_us = channel->packet_us + (first_us - channel->packet_us + latency_us - 1) / latency_us * latency_us;
    int64_t full_us = stretch->start_us + line_us(channel, stretch->sent + PACKET_SIZE);
    bool fills = stretch->size - stretch->sent >= PACKET_SIZE;
    return fills && full_us < tick_us ? full_us : tick_us;
}

static struct stretch echo_stretch(const struct channel *channel)
{
    return (struct stretch){.start_us = channel->echo_us, .size = channel->echo_size, .sent = channel->echo_sent};
}

static struct stretch answer_stretch(const struct channel_answer *answer)
{
    return (struct stretch){.start_us = answer->start_us, .size = answer->size, .sent = answer->sent};
}

static size_t take_stretch(struct channel *channel, const struct stretch *stretch, const uint8_t *bytes, int64_t now_us,
                           uint8_t *ret_bytes, size_t size_max)
{
    size_t ready = handed_over(channel, stretch, now_us);
    size_t size = ready > stretch->sent ? ready - stretch->sent : 0;
    size = size < size_max ? size : size_max;
    memcpy(ret_bytes, bytes + stretch->sent, size);
    return size;
}

static void end_answer(struct channel *channel)
{
    const struct channel_answer *first = &channel->out[0];
    int64_t free_us = answer_end_us(channel, first);
    channel->line_free_us = free_us > channel->line_free_us ? free_us : channel->line_free_us;
    if (channel->timing.real && first->size <= sizeof channel->said) {
        memcpy(channel->said, first->bytes, first->size);
        channel->said_size = first->size;
    }
    drop_answer(channel, 0);
    if (channel->out_count > 0 && channel->out[0].start_us < channel->line_free_us)
        channel->out[0].start_us = channel->line_free_us;
}

size_t channel_take(struct channel *channel, int64_t now_us, uint8_t *ret_bytes, size_t size_max)
{
    notice_time(channel, now_us);
    struct stretch echo = echo_stretch(channel);
    size_t size = take_stretch(channel, &echo, channel->echo, now_us, ret_bytes, size_max);
    channel->echo_sent += size;
    if (size > 0 || channel->out_count == 0)
        return size;
    struct channel_answer *first = &channel->out[0];
    struct stretch answer = answer_stretch(first);
    size = take_stretch(channel, &answer, first->bytes, now_us, ret_bytes, size_max);
    first->sent += size;
    if (first->sent == first->size)
        end_answer(channel);
    return size;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* When the request that came in is carried, or silence ends it. */
static int64_t input_us(const struct channel *channel)
{
    if (!awaits_silence(channel))
        return CHANNEL_NEVER;
    int64_t silence_us = channel->in_end_us + channel->timing.silence_us;
    size_t size = channel->deaf ? 0 : frame_rtu_request_size(channel->in, channel->in_size);
    bool whole = size > 0 && size <= channel->in_size && !channel->timing.real;
    return whole ? earlier(carried_us(channel, size), silence_us) : silence_us;
}

int64_t channel_due_us(const struct channel *channel)
{
    int64_t due_us = input_us(channel);
    if (channel->echo_sent < channel->echo_size) {
        struct stretch echo = echo_stretch(channel);
        due_us = earlier(due_us, next_us(channel, &echo));
    }
    if (channel->out_count > 0) {
        struct stretch answer = answer_stretch(&channel->out[0]);
        due_us = earlier(due_us, next_us(channel, &answer));
    }
    return due_us;
}
