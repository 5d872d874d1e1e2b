/* What the parts of a channel share: channel_answers.c, channel_scan.c and channel.c, which keeps the time of the line. */
#ifndef OUTPOST_FIRMWARE_SIM_CHANNEL_PRIVATE_H
#define OUTPOST_FIRMWARE_SIM_CHANNEL_PRIVATE_H

#include "firmware-sim/channel.h"

static inline int64_t line_us(const struct channel *channel, size_t characters)
{
    return (channel->timing.character_ns * (int64_t)characters + 999) / 1000;
}

static inline bool is_hearing(const struct channel *channel)
{
    return channel->in_size > 0 || channel->deaf;
}

/* channel_answers.c */
int64_t answer_end_us(const struct channel *channel, const struct channel_answer *answer);
void drop_answer(struct channel *channel, size_t index);
void forget_unbegun(struct channel *channel, int64_t now_us);
void queue_answer(struct channel *channel, uint8_t unit, const struct answer *answer, int64_t start_us);
/* The master speaks from `from_us` on. */
void meet_answers(struct channel *channel, int64_t from_us, int64_t to_us);

/* channel_scan.c */
void channel_scan(struct channel *channel, int64_t now_us);
/* Everything that time alone brings about. */
void notice_time(struct channel *channel, int64_t now_us);
void go_deaf(struct channel *channel);
/* When the line has carried the first `size` characters of what came in. */
int64_t carried_us(const struct channel *channel, size_t size);
bool awaits_silence(const struct channel *channel);

#endif
