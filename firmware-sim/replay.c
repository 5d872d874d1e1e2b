#include "firmware-sim/replay.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static void apply(struct image *image, const struct recording *recording, size_t change)
{
    struct finding finding = recording_finding(recording, change);
    image_apply(image, &finding);
}

static size_t find_spans(const struct image *image, struct span *spans)
{
    size_t count = 0;
    for (unsigned table = 0; table < TABLE_COUNT; table++) {
        struct span found;
        for (uint32_t at = 0; image_stretch(image, (enum table)table, at, UINT16_MAX, &found);
             at = (uint32_t)found.address + found.count) {
            if (spans != NULL)
                spans[count] = found;
            count++;
        }
    }
    return count;
}

void replay_open(struct replay *replay, const struct recording *recording, bool loop, struct pool *pool)
{
    struct image *first = pool_take(pool, 1, sizeof *first);
    for (size_t i = recording->change_count; i-- > 0;) /* backwards: of each register the first one is left */
        apply(first, recording, i);
    *replay = (struct replay){.recording = recording, .first = first, .loop = loop, .fresh = true};
    replay->image = pool_take(pool, 1, sizeof *replay->image);
    *replay->image = *first;
    replay->span_count = find_spans(first, NULL);
    struct span *spans = pool_take(pool, replay->span_count, sizeof *spans);
    (void)find_spans(first, spans);
    replay->spans = spans;
}

bool replay_is_on(const struct replay *replay)
{
    return replay != NULL && replay->mode != REPLAY_OFF;
}

static int64_t length_us(const struct replay *replay)
{
    return replay->recording->end_ms * 1000;
}

static void go_to(struct replay *replay, int64_t at_us)
{
    const struct recording *recording = replay->recording;
    if (at_us < replay->at_us) {
        *replay->image = *replay->first;
        replay->next = 0;
        replay->fresh = true;
    }
    replay->at_us = at_us;
    while (replay->next < recording->change_count && (int64_t)recording->changes[replay->next].ms * 1000 <= at_us) {
        apply(replay->image, recording, replay->next++);
        replay->fresh = true;
    }
}

void replay_step(struct replay *replay, double dt_s)
{
    int64_t end_us = length_us(replay);
    if (replay->mode != REPLAY_PLAYS)
        return;
    int64_t at_us = replay->at_us + llround(dt_s * 1e6);
    if (at_us >= end_us && replay->loop && end_us > 0)
        at_us %= end_us;
    go_to(replay, at_us < end_us ? at_us : end_us);
}

static bool seek(struct replay *replay, const char *word, struct text *why)
{
    int64_t at_us;
    if (!text_to_duration(word, &at_us))
        return text_refuse(why, "seek takes a time from the start of the recording: 90s, 10min, 1.5h");
    if (at_us > length_us(replay))
        return text_refuse(why, "the recording is only %.3f s long", (double)length_us(replay) / 1e6);
    go_to(replay, at_us);
    return true;
}

/* What is shown while it is off is not known here. */
static void turn_on(struct replay *replay, enum replay_mode mode)
{
    replay->fresh = replay->fresh || replay->mode == REPLAY_OFF;
    replay->mode = mode;
}

bool replay_order(struct replay *replay, char *const *words, size_t count, struct text *why)
{
    const char *word = count > 0 ? words[0] : NULL;
    if (count == 2 && text_equals(word, "seek")) {
        if (!seek(replay, words[1], why))
            return false;
        turn_on(replay, replay->mode == REPLAY_PAUSES ? REPLAY_PAUSES : REPLAY_PLAYS);
        return true;
    }
    if (count != 1)
        return text_refuse(why, "one of " REPLAY_ORDERS);
    if (text_equals(word, "pause"))
        turn_on(replay, REPLAY_PAUSES);
    else if (text_equals(word, "resume"))
        turn_on(replay, REPLAY_PLAYS);
    else if (text_equals(word, "off"))
        replay->mode = REPLAY_OFF;
    else if (text_equals(word, "loop") || text_equals(word, "once"))
        replay->loop = text_equals(word, "loop");
    else
        return text_refuse(why, "\"%.40s\" is none of " REPLAY_ORDERS, word);
    return true;
}

void replay_describe(const struct replay *replay, struct text *out)
{
    bool ended = replay->mode == REPLAY_PLAYS && replay->at_us == length_us(replay) && !replay->loop;
    static const char *const modes[] = {[REPLAY_PLAYS] = "plays", [REPLAY_PAUSES] = "paused", [REPLAY_OFF] = "off"};
    text_add(out, "at %.3fs of %.3fs %s %s writes_not_taken %" PRIu64, (double)replay->at_us / 1e6,
             (double)length_us(replay) / 1e6, ended ? "ended" : modes[replay->mode], replay->loop ? "loop" : "once",
             replay->writes);
}
