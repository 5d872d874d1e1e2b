#include "drivers/link/ear.h"

#include <string.h>

void ear_put(struct ear *ear, enum tap_kind kind, int64_t mono_us, const uint8_t *bytes, size_t size)
{
    if (ear->tap.put != NULL)
        ear->tap.put(ear->tap.self, kind, mono_us, bytes, size);
}

void ear_heard(struct ear *ear, size_t size, int64_t mono_us)
{
    if (ear->tap.put == NULL)
        return;
    ear->heard += size;
    if (ear->piece_count < EAR_PIECES_MAX)
        ear->piece_count++;
    ear->pieces[ear->piece_count - 1] = (struct ear_piece){.end = ear->heard, .mono_us = mono_us};
}

/* When the byte before that one was read. */
static int64_t heard_at(const struct ear *ear, uint64_t end)
{
    for (size_t i = 0; i < ear->piece_count; i++)
        if (ear->pieces[i].end >= end)
            return ear->pieces[i].mono_us;
    return 0;
}

static void forget_told(struct ear *ear)
{
    size_t gone = 0;
    while (gone < ear->piece_count && ear->pieces[gone].end <= ear->told)
        gone++;
    ear->piece_count -= gone;
    memmove(ear->pieces, ear->pieces + gone, ear->piece_count * sizeof ear->pieces[0]);
}

void ear_tell(void *self, enum tap_kind kind, const uint8_t *bytes, size_t size)
{
    struct ear *ear = self;
    if (ear->tap.put == NULL)
        return;
    while (size > 0) {
        size_t const part = size < TAP_BYTES_MAX ? size : TAP_BYTES_MAX;
        ear->told += part;
        ear->tap.put(ear->tap.self, kind, heard_at(ear, ear->told), bytes, part);
        bytes += part;
        size -= part;
    }
    forget_told(ear);
}

void ear_forget(struct ear *ear)
{
    ear->told = ear->heard;
    ear->piece_count = 0;
}
