#include "gateway/run/tape.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"

/* An entry: its head, then its bytes. Numbers are not stored: they follow from the first. */
struct head {
    int64_t mono_us;
    uint16_t size;
    uint8_t kind;
} __attribute__((packed));

struct tape {
    pthread_mutex_t mutex;
    uint8_t *bytes;
    size_t size;
    uint64_t first; /* of the oldest entry, counted in bytes ever written; its place is that modulo size */
    uint64_t end;
    uint64_t first_number;
    uint64_t last_number;
};

size_t tape_size(size_t bus_count)
{
    size_t const share = bus_count == 0 ? TAPE_SIZE_MAX : TAPE_SIZE_ALL / bus_count;
    return share > TAPE_SIZE_MAX ? TAPE_SIZE_MAX : share < TAPE_SIZE_MIN ? TAPE_SIZE_MIN : share;
}

enum err tape_open(struct tape **ret_tape, size_t size)
{
    CHECK(size >= sizeof(struct head) + TAP_BYTES_MAX);
    struct tape *tape = calloc(1, sizeof *tape);
    uint8_t *bytes = malloc(size); /* pages are touched as they are used */
    if (tape == NULL || bytes == NULL || pthread_mutex_init(&tape->mutex, NULL) != 0) {
        free(bytes);
        free(tape);
        return ERR_MEMORY;
    }
    tape->bytes = bytes;
    tape->size = size;
    tape->first_number = 1;
    *ret_tape = tape;
    return ERR_OK;
}

void tape_close(struct tape *tape)
{
    if (tape == NULL)
        return;
    (void)pthread_mutex_destroy(&tape->mutex);
    free(tape->bytes);
    free(tape);
}

static void copy_in(struct tape *tape, const void *from, size_t size)
{
    size_t const at = (size_t)(tape->end % tape->size);
    size_t const head = tape->size - at < size ? tape->size - at : size;
    memcpy(tape->bytes + at, from, head);
    if (size > head)
        memcpy(tape->bytes, (const uint8_t *)from + head, size - head);
    tape->end += size;
}

static void copy_out(const struct tape *tape, uint64_t from, void *to, size_t size)
{
    size_t const at = (size_t)(from % tape->size);
    size_t const head = tape->size - at < size ? tape->size - at : size;
    memcpy(to, tape->bytes + at, head);
    if (size > head)
        memcpy((uint8_t *)to + head, tape->bytes, size - head);
}

static uint64_t behind(const struct tape *tape, uint64_t entry)
{
    struct head head;
    copy_out(tape, entry, &head, sizeof head);
    return entry + sizeof head + head.size;
}

static void put(void *self, enum tap_kind kind, int64_t mono_us, const uint8_t *bytes, size_t size)
{
    struct tape *tape = self;
    CHECK(size <= TAP_BYTES_MAX);
    struct head const head = {.mono_us = mono_us, .size = (uint16_t)size, .kind = (uint8_t)kind};
    CHECK(pthread_mutex_lock(&tape->mutex) == 0);
    while (tape->end + sizeof head + size - tape->first > tape->size) {
        tape->first = behind(tape, tape->first);
        tape->first_number++;
    }
    copy_in(tape, &head, sizeof head);
    if (size > 0)
        copy_in(tape, bytes, size);
    tape->last_number++;
    CHECK(pthread_mutex_unlock(&tape->mutex) == 0);
}

struct tap tape_tap(struct tape *tape)
{
    return (struct tap){.put = put, .self = tape};
}

void tape_seek(struct tape *tape, uint64_t number, struct tape_reader *ret_reader)
{
    CHECK(pthread_mutex_lock(&tape->mutex) == 0);
    struct tape_reader reader = {.number = tape->first_number - 1, .at = tape->first};
    while (reader.number < number && reader.number < tape->last_number) {
        reader.at = behind(tape, reader.at);
        reader.number++;
    }
    CHECK(pthread_mutex_unlock(&tape->mutex) == 0);
    *ret_reader = reader;
}

enum err tape_read(struct tape *tape, struct tape_reader *reader, struct tap_entry *ret_entry)
{
    enum err err = ERR_EMPTY;
    struct head head;
    CHECK(pthread_mutex_lock(&tape->mutex) == 0);
    if (reader->number + 1 < tape->first_number) /* overtaken */
        *reader = (struct tape_reader){.number = tape->first_number - 1, .at = tape->first};
    if (reader->number < tape->last_number) {
        copy_out(tape, reader->at, &head, sizeof head);
        copy_out(tape, reader->at + sizeof head, ret_entry->bytes, head.size);
        reader->number++;
        reader->at += sizeof head + head.size;
        ret_entry->number = reader->number;
        ret_entry->mono_us = head.mono_us;
        ret_entry->kind = (enum tap_kind)head.kind;
        ret_entry->size = head.size;
        err = ERR_OK;
    }
    CHECK(pthread_mutex_unlock(&tape->mutex) == 0);
    return err;
}

uint64_t tape_last(struct tape *tape)
{
    CHECK(pthread_mutex_lock(&tape->mutex) == 0);
    uint64_t const last = tape->last_number;
    CHECK(pthread_mutex_unlock(&tape->mutex) == 0);
    return last;
}
