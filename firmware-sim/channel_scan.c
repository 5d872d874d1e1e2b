/* What came in, as requests: frames, other slaves' answers, junk and silence. */
#include <string.h>

#include "firmware-sim/channel_private.h"

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

int64_t carried_us(const struct channel *channel, size_t size)
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

void go_deaf(struct channel *channel)
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

void channel_scan(struct channel *channel, int64_t now_us)
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

bool awaits_silence(const struct channel *channel)
{
    return channel->wire == WIRE_RTU && is_hearing(channel);
}

void notice_time(struct channel *channel, int64_t now_us)
{
    channel_scan(channel, now_us);
    if (awaits_silence(channel) && now_us - channel->in_end_us >= channel->timing.silence_us)
        end_burst(channel, now_us);
}
