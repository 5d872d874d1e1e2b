/* The answers that wait for the line, and what becomes of them when somebody else is on it. */
#include <string.h>

#include "firmware-sim/channel_private.h"

/* Whether it is known here who is on the line when. */
static bool keeps_time(const struct channel *channel)
{
    return channel->timing.character_ns > 0 && !channel->timing.real;
}

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

int64_t answer_end_us(const struct channel *channel, const struct channel_answer *answer)
{
    return answer->start_us + line_us(channel, answer->size);
}

static bool overlaps(const struct channel *channel, const struct channel_answer *answer, int64_t from_us, int64_t to_us)
{
    return keeps_time(channel) && from_us < answer_end_us(channel, answer) && to_us > answer->start_us;
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

void drop_answer(struct channel *channel, size_t index)
{
    channel->out_count--;
    memmove(&channel->out[index], &channel->out[index + 1], (channel->out_count - index) * sizeof channel->out[0]);
}

void forget_unbegun(struct channel *channel, int64_t now_us)
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

void queue_answer(struct channel *channel, uint8_t unit, const struct answer *answer, int64_t start_us)
{
    struct channel_answer queued = {.start_us = start_us, .size = answer->size, .unit = unit, .stays = answer->stays};
    memcpy(queued.bytes, answer->bytes, answer->size);
    for (size_t i = 0; i < channel->out_count; i++) {
        struct channel_answer *there = &channel->out[i];
        if (!overlaps(channel, there, queued.start_us, answer_end_us(channel, &queued)))
            continue;
        if (there->unit != unit) {
            merge_answers(channel, there, &queued);
            return;
        }
        queued.start_us = answer_end_us(channel, there); /* a slave speaks with one voice */
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

void meet_answers(struct channel *channel, int64_t from_us, int64_t to_us)
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
