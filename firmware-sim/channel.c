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

static int64_t line_us(const struct channel *channel, size_t characters)
{
    return (channel->timing.character_ns * (int64_t)characters + 999) / 1000;
}

/* Whether it is known here who is on the line when. */
static bool keeps_time(const struct channel *channel)
{
    return channel->timing.character_ns > 0 && !channel->timing.real;
}

/* --- two senders at once --- */

/* What two drivers make of two characters is not defined; it is never what the first one said. */
static uint8_t mix(uint8_t byte, uint8_t other)
{
    uint8_t mixed = byte & (uint8_t)(other << 1 | other >> 7);
    return mixed == byte ? (uint8_t)~byte : mixed;
}

static size_t overlay(uint8_t *bytes, size_t size, size_t at, const uint8_t *more, size_t more_size)
{
    for (size_t i = 0; i < more_size && at + i < ANSWER_MAX; i++) {
        if (at + i < size)
            bytes[at + i] = mix(bytes[at + i], more[i]);
        else
            bytes[size++] = more[i];
    }
    return size;
}

void answer_overlay(struct answer *answer, size_t at, const uint8_t *bytes, size_t size)
{
    answer->size = overlay(answer->bytes, answer->size, at, bytes, size);
}

static int64_t end_us(const struct channel *channel, const struct channel_answer *answer)
{
    return answer->start_us + line_us(channel, answer->size);
}

static bool overlaps(const struct channel *channel, const struct channel_answer *answer, int64_t from_us, int64_t to_us)
{
    return keeps_time(channel) && from_us < end_us(channel, answer) && to_us > answer->start_us;
}

/* Somebody else is on the line from then to then. */
static void spoil(const struct channel *channel, struct channel_answer *answer, int64_t from_us, int64_t to_us)
{
    int64_t character_ns = channel->timing.character_ns;
    int64_t first = from_us > answer->start_us ? (from_us - answer->start_us) * 1000 / character_ns : 0;
    int64_t end = ((to_us - answer->start_us) * 1000 + character_ns - 1) / character_ns;
    for (size_t i = answer->sent > (size_t)first ? answer->sent : (size_t)first; i < answer->size && (int64_t)i < end;
         i++)
        answer->bytes[i] = mix(answer->bytes[i], 0x55);
}

/* --- the answers that wait --- */

static void drop_answer(struct channel *channel, size_t index)
{
    channel->out_count--;
    memmove(&channel->out[index], &channel->out[index + 1], (channel->out_count - index) * sizeof channel->out[0]);
}

static void forget_unbegun(struct channel *channel, int64_t now_us)
{
    for (size_t i = channel->out_count; i-- > 0;) {
        if (!channel->out[i].stays && channel->out[i].start_us > now_us)
            drop_answer(channel, i);
    }
}

static void insert_answer(struct channel *channel, const struct channel_answer *answer)
{
    if (channel->out_count == CHANNEL_ANSWERS_MAX) {
        channel->counters.lost++;
        return;
    }
    size_t at = channel->out_count;
    while (at > 0 && channel->out[at - 1].sent == 0 && channel->out[at - 1].start_us > answer->start_us)
        at--;
    memmove(&channel->out[at + 1], &channel->out[at], (channel->out_count - at) * sizeof channel->out[0]);
    channel->out_count++;
    channel->out[at] = *answer;
}

/* The answer meets one of another unit: what is heard is neither. */
static void merge_answers(struct channel *channel, struct channel_answer *there, const struct channel_answer *answer)
{
    struct channel_answer late = *answer;
    if (there->start_us > late.start_us) {
        late = *there;
        *there = *answer;
    }
    size_t at = (size_t)((late.start_us - there->start_us) * 1000 / channel->timing.character_ns);
    size_t skip = there->sent > at ? there->sent - at : 0;
    if (skip < late.size)
        there->size = overlay(there->bytes, there->size, at + skip, late.bytes + skip, late.size - skip);
    there->stays = there->stays || late.stays;
    channel->counters.collisions++;
}

static bool is_hearing(const struct channel *channel)
{
    return channel->in_size > 0 || channel->deaf;
}

static void queue_answer(struct channel *channel, uint8_t unit, const struct answer *answer, int64_t start_us)
{
    struct channel_answer queued = {.start_us = start_us, .size = answer->size, .unit = unit, .stays = answer->stays};
    memcpy(queued.bytes, answer->bytes, answer->size);
    for (size_t i = 0; i < channel->out_count; i++) {
        struct channel_answer *there = &channel->out[i];
        if (!overlaps(channel, there, queued.start_us, end_us(channel, &queued)))
            continue;
        if (there->unit != unit) {
            merge_answers(channel, there, &queued);
            return;
        }
        queued.start_us = end_us(channel, there); /* a slave speaks with one voice */
    }
    if (is_hearing(channel) && overlaps(channel, &queued, channel->in_first_us, channel->in_end_us)) {
        spoil(channel, &queued, channel->in_first_us, channel->in_end_us);
        channel->counters.collisions++;
        channel->deaf = true;
        channel->in_size = 0;
    }
    insert_answer(channel, &queued);
}

void channel_emit(struct channel *channel, uint8_t unit, const struct answer *answer, int64_t now_us)
{
    queue_answer(channel, unit, answer, now_us);
}

/* --- what comes in --- */

static void hand_over(struct channel *channel, const struct request *request)
{
    struct answer answer = {.size = 0};
    channel->counters.requests++;
    channel->serve(channel->self, request, &answer);
    int64_t turnaround_us = answer.own_turnaround ? 0 : channel->timing.turnaround_us;
    if (answer.size > 0)
        queue_answer(channel, request->unit, &answer, request->at_us + turnaround_us + answer.delay_us);
}

static void shift_in(struct channel *channel, size_t size)
{
    channel->in_size -= size;
    memmove(channel->in, channel->in + size, channel->in_size);
    channel->in_first_us += line_us(channel, size);
    channel->in_torn = false;
}

/* When the line has carried the first `size` characters of what came in. */
static int64_t carried_us(const struct channel *channel, size_t size)
{
    return channel->timing.real ? channel->in_end_us : channel->in_first_us + line_us(channel, size);
}

/* The frame at the start of what came in, as a request that ended then. */
static void take_rtu(struct channel *channel, size_t size, int64_t at_us)
{
    uint8_t frame[FRAME_RTU_MAX];
    memcpy(frame, channel->in, size);
    const struct request request = {
        .unit = frame[0], .pdu = frame + 1, .pdu_size = size - 3, .frame = frame, .frame_size = size, .at_us = at_us};
    channel->counters.torn += channel->in_torn ? 1U : 0U;
    channel->line_free_us = at_us > channel->line_free_us ? at_us : channel->line_free_us;
    shift_in(channel, size);
    forget_unbegun(channel, at_us);
    hand_over(channel, &request);
}

static void take_mbap(struct channel *channel, size_t size, int64_t now_us)
{
    const uint8_t *in = channel->in;
    struct request request = {.transaction = (uint16_t)(in[0] << 8 | in[1]),
                              .unit = in[6],
                              .pdu = in + 7,
                              .pdu_size = size - 7,
                              .frame = in,
                              .frame_size = size,
                              .at_us = now_us};
    hand_over(channel, &request);
    shift_in(channel, size);
}

static void go_deaf(struct channel *channel)
{
    channel->counters.garbled += channel->deaf ? 0U : 1U;
    channel->deaf = true;
    channel->in_size = 0;
}

/* The requests that the line has carried by now. Their sender is the only one besides us. */
static void scan_rtu(struct channel *channel, int64_t now_us)
{
    for (;;) {
        size_t size = frame_rtu_request_size(channel->in, channel->in_size);
        if ((size == SIZE_MAX ? channel->in_size : size) > FRAME_RTU_MAX) {
            go_deaf(channel);
            return;
        }
        if (size == 0 || size > channel->in_size || carried_us(channel, size) > now_us)
            return;
        if (!frame_crc_fits(channel->in, size)) {
            go_deaf(channel);
            return;
        }
        take_rtu(channel, size, carried_us(channel, size));
    }
}

enum shape { SHAPE_NONE, SHAPE_UNFINISHED, SHAPE_WHOLE };

static enum shape shape_of(const struct channel *channel, size_t size)
{
    if (size == 0 || (size > channel->in_size && size <= FRAME_RTU_MAX))
        return SHAPE_UNFINISHED;
    if (size == SIZE_MAX)
        return channel->in_size <= FRAME_RTU_MAX ? SHAPE_UNFINISHED : SHAPE_NONE;
    return size <= channel->in_size && frame_crc_fits(channel->in, size) ? SHAPE_WHOLE : SHAPE_NONE;
}

static bool looks_like_request(const uint8_t *bytes, size_t size)
{
    return frame_rtu_request_size(bytes, size) == size;
}

/* What we said last comes back? Learned from an answer that can be no request: an echo of a write looks like its request. */
static enum shape compare_with_said(struct channel *channel)
{
    size_t size = channel->said_size;
    if (size == 0 || channel->hearing == HEARING_OTHERS)
        return SHAPE_NONE;
    size_t both = size < channel->in_size ? size : channel->in_size;
    if (memcmp(channel->said, channel->in, both) == 0 && both < size)
        return SHAPE_UNFINISHED;
    bool same = memcmp(channel->said, channel->in, both) == 0;
    channel->said_size = 0;
    if (channel->hearing == HEARING_UNKNOWN && !looks_like_request(channel->said, size))
        channel->hearing = same ? HEARING_SELF : HEARING_OTHERS;
    if (!same)
        return SHAPE_NONE;
    channel->counters.heard_self++;
    shift_in(channel, size);
    return SHAPE_WHOLE;
}

/* A line with other slaves on it: requests to them and their answers come by. False when nothing more can be told. */
static bool scan_real_once(struct channel *channel, int64_t now_us)
{
    enum shape said = compare_with_said(channel);
    if (said != SHAPE_NONE)
        return said == SHAPE_WHOLE;
    size_t request_size = frame_rtu_request_size(channel->in, channel->in_size);
    size_t answer_size = frame_rtu_answer_size(channel->in, channel->in_size);
    enum shape request = shape_of(channel, request_size);
    enum shape answer = shape_of(channel, answer_size);
    if (request == SHAPE_WHOLE) {
        take_rtu(channel, request_size, now_us);
    } else if (answer == SHAPE_WHOLE) {
        channel->counters.foreign++;
        shift_in(channel, answer_size);
    } else if (request == SHAPE_NONE && answer == SHAPE_NONE) {
        go_deaf(channel);
        return false;
    }
    return request == SHAPE_WHOLE || answer == SHAPE_WHOLE;
}

static void scan_real(struct channel *channel, int64_t now_us)
{
    while (channel->in_size > 0 && scan_real_once(channel, now_us)) {
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
    }
}

static void scan(struct channel *channel, int64_t now_us)
{
    if (channel->deaf || channel->broken)
        return;
    if (channel->wire == WIRE_MBAP)
        scan_mbap(channel, now_us);
    else if (channel->timing.real)
        scan_real(channel, now_us);
    else
        scan_rtu(channel, now_us);
}

/* Silence: what was collected is a whole frame of unknown length, or nothing. */
static void end_burst(struct channel *channel, int64_t now_us)
{
    bool whole = !channel->deaf && channel->in_size >= FRAME_RTU_MIN &&
                 frame_rtu_request_size(channel->in, channel->in_size) == SIZE_MAX &&
                 frame_crc_fits(channel->in, channel->in_size);
    if (whole)
        take_rtu(channel, channel->in_size, now_us);
    else if (channel->in_size > 0 && !channel->deaf)
        channel->counters.garbled++;
    channel->deaf = false;
    channel->in_size = 0;
    channel->said_size = 0;
}

static bool awaits_silence(const struct channel *channel)
{
    return channel->wire == WIRE_RTU && is_hearing(channel);
}

/* Everything that time alone brings about. */
static void notice_time(struct channel *channel, int64_t now_us)
{
    scan(channel, now_us);
    if (awaits_silence(channel) && now_us - channel->in_end_us >= channel->timing.silence_us)
        end_burst(channel, now_us);
}

/* The master speaks from `from_us` on. */
static void meet_answers(struct channel *channel, int64_t from_us, int64_t to_us)
{
    bool met = false;
    for (size_t i = 0; i < channel->out_count; i++) {
        if (!overlaps(channel, &channel->out[i], from_us, to_us))
            continue;
        spoil(channel, &channel->out[i], from_us, to_us);
        met = true;
    }
    if (met && !channel->deaf) {
        channel->counters.collisions++;
        channel->deaf = true;
        channel->in_size = 0;
    }
}

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
        scan(channel, now_us);
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
    int64_t free_us = end_us(channel, first);
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
