/* Any bytes as a recording: refused with a sentence, or played, forwards and by jumps, with the same registers either way.
 * Then the same bytes as what is heard on a line: whatever a listener believes lies within the registers there are.
 *
 * Input: two bytes that say how to jump, then the file. */
#include <stdlib.h>
#include <string.h>

#include "firmware-sim/replay.h"
#include "firmware-sim/sniff.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_finding(void *self, int64_t at_us, const struct finding *finding)
{
    size_t *heard = self;
    (void)at_us;
    (*heard)++;
    if (finding->where.count < 1 || finding->where.address + (size_t)finding->where.count > IMAGE_REGISTERS)
        abort();
    for (size_t i = 0; i < finding->where.count && finding->outcome == OUTCOME_WORDS; i++) {
        if (table_is_bits(finding->where.table) && finding->words[i] > 1)
            abort();
    }
}

static void listen(const uint8_t *data, size_t size)
{
    static struct sniff sniff;
    size_t heard = 0;
    sniff_init(&sniff, 1, 9600, check_finding, &heard);
    int64_t now_us = 0;
    for (size_t at = 0; at < size; at += 7) {
        sniff_receive(&sniff, data + at, size - at < 7 ? size - at : 7, now_us);
        now_us += data[at] * 1000;
    }
    sniff_pass(&sniff, now_us + SNIFF_WAIT_US);
    sniff_pass(&sniff, now_us + SNIFF_WAIT_US);
    if (sniff.in_size > 0 || sniff.read.open)
        abort();
    if (sniff.counters.answers + sniff.counters.silences != sniff.counters.requests)
        abort();
}

static void seek(struct replay *replay, int64_t ms)
{
    struct sentence word;
    struct sentence why;
    char order[] = "seek";
    text_add(sentence_init(&word), "%lldms", (long long)ms);
    char *words[2] = {order, word.bytes};
    if (!replay_order(replay, words, 2, sentence_init(&why)))
        abort();
}

static void play(const struct recording *recording, const uint8_t *jumps, struct pool *pool)
{
    struct replay jumping;
    struct replay playing;
    replay_open(&jumping, recording, (jumps[0] & 1) != 0, pool);
    replay_open(&playing, recording, false, pool);
    int64_t target_ms = recording->end_ms * jumps[1] / 255;
    seek(&jumping, recording->end_ms);
    seek(&jumping, target_ms);
    for (int i = 0; i < 3; i++)
        replay_step(&playing, (double)target_ms / 3000.0);
    seek(&playing, target_ms);
    if (memcmp(jumping.image, playing.image, sizeof *playing.image) != 0)
        abort();
    replay_step(&jumping, 1e6);
    if (jumping.at_us > recording->end_ms * 1000 || jumping.image->silent > jumping.image->known)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pool pool = {NULL};
    struct recording recording;
    struct sentence why;
    if (size < 2)
        return 0;
    const uint8_t *bytes = data + 2;
    if (recording_parse(&recording, "f", (const char *)bytes, size - 2, &pool, sentence_init(&why)))
        play(&recording, data, &pool);
    else if (why.bytes[0] == '\0')
        abort();
    listen(bytes, size - 2);
    pool_close(&pool);
    return 0;
}
