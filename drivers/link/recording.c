#include "drivers/link/recording.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/ports/pcapng.h"

#define MBAP_KEY_AT  6 /* behind transaction, protocol and length */
#define RTU_CRC_SIZE 2
#define KEY_SIZE_MIN 2 /* unit, function */

/* The part of a request that says what is asked; false: too short to ask anything. */
static bool find_key(enum frame_kind kind, const uint8_t *bytes, size_t size, const uint8_t **ret_key, size_t *ret_size)
{
    size_t const before = kind == FRAME_MBAP ? MBAP_KEY_AT : 0;
    size_t const behind = kind == FRAME_MBAP ? 0 : RTU_CRC_SIZE;
    if (size < before + behind + KEY_SIZE_MIN)
        return false;
    *ret_key = bytes + before;
    *ret_size = size - before - behind;
    return true;
}

static int compare_keys(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size)
{
    int const order = memcmp(a, b, a_size < b_size ? a_size : b_size);
    return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

static int compare_exchanges(const void *left, const void *right)
{
    const struct recording_exchange *a = left;
    const struct recording_exchange *b = right;
    int const order = compare_keys(a->key, a->key_size, b->key, b->key_size);
    return order != 0 ? order : (a->order > b->order) - (a->order < b->order);
}

static enum err refuse(struct text *trouble, const char *why)
{
    text_put(trouble, why);
    return ERR_FORMAT;
}

static enum err add_request(struct recording *recording, const struct pcapng_packet *packet, struct text *trouble)
{
    enum frame_kind const kind = packet->content == PCAPNG_MBAP ? FRAME_MBAP : FRAME_RTU;
    struct recording_exchange *exchange = &recording->exchanges[recording->exchange_count];
    if (recording->exchange_count == 0) {
        recording->kind = kind;
        recording->first_utc_us = packet->utc_us;
    }
    if (kind != recording->kind)
        return refuse(trouble, "mixes a serial line and Modbus TCP; keep one bus");
    *exchange = (struct recording_exchange){.piece_first = recording->piece_count, .order = recording->exchange_count};
    if (!find_key(kind, packet->bytes, packet->size, &exchange->key, &exchange->key_size))
        return refuse(trouble, "holds a request that is too short to be one");
    if (kind == FRAME_MBAP)
        exchange->transaction = (uint16_t)(packet->bytes[0] << 8 | packet->bytes[1]);
    recording->units[exchange->key[0]] = true;
    recording->exchange_count++;
    return ERR_OK;
}

static void add_piece(struct recording *recording, const struct pcapng_packet *packet, int64_t request_utc_us)
{
    int64_t after_us = packet->utc_us > request_utc_us ? packet->utc_us - request_utc_us : 0;
    if (after_us > RECORDING_AFTER_MAX_US)
        after_us = RECORDING_AFTER_MAX_US;
    recording->pieces[recording->piece_count++] =
        (struct recording_piece){.bytes = packet->bytes, .size = packet->size, .after_us = after_us};
    recording->exchanges[recording->exchange_count - 1].piece_count++;
}

/* Counts only, where there are no arrays yet. */
static enum err walk(struct recording *recording, const uint8_t *bytes, size_t size, struct text *trouble)
{
    struct pcapng_reader reader;
    struct pcapng_packet packet;
    int64_t request_utc_us = 0;
    enum err err;
    pcapng_read(&reader, bytes, size);
    while ((err = pcapng_next(&reader, &packet, trouble)) == ERR_OK) {
        bool const asks = packet.sent && packet.content != PCAPNG_BYTES;
        bool const answers = !packet.sent && packet.size > 0 && recording->exchange_count > 0;
        if (recording->exchanges == NULL) {
            recording->exchange_count += asks;
            recording->piece_count += answers;
            continue;
        }
        if (asks && (err = add_request(recording, &packet, trouble)) != ERR_OK)
            return err;
        if (asks)
            request_utc_us = packet.utc_us;
        else if (answers)
            add_piece(recording, &packet, request_utc_us);
        recording->last_utc_us = packet.utc_us;
    }
    return err == ERR_EMPTY ? ERR_OK : err;
}

static enum err take_memory(struct recording *recording, struct text *trouble)
{
    struct recording_exchange *exchanges = calloc(recording->exchange_count, sizeof *exchanges);
    struct recording_piece *pieces = calloc(recording->piece_count + 1, sizeof *pieces);
    size_t *next = calloc(recording->exchange_count, sizeof *next);
    *recording = (struct recording){.exchanges = exchanges, .pieces = pieces, .next = next};
    if (exchanges != NULL && pieces != NULL && next != NULL)
        return ERR_OK;
    text_put(trouble, "needs more memory than there is");
    return ERR_MEMORY;
}

enum err recording_open(struct recording *recording, const uint8_t *bytes, size_t size, struct text *trouble)
{
    *recording = (struct recording){0};
    enum err err = walk(recording, bytes, size, trouble);
    if (err == ERR_OK && recording->exchange_count == 0)
        err = refuse(trouble, "holds no request of a gateway; record it with `outpost capture -o`");
    if (err == ERR_OK)
        err = take_memory(recording, trouble);
    if (err == ERR_OK)
        err = walk(recording, bytes, size, trouble);
    if (err != ERR_OK) {
        recording_close(recording);
        return err;
    }
    qsort(recording->exchanges, recording->exchange_count, sizeof *recording->exchanges, compare_exchanges);
    return ERR_OK;
}

void recording_close(struct recording *recording)
{
    free(recording->exchanges);
    free(recording->pieces);
    free(recording->next);
    *recording = (struct recording){0};
}

/* The first exchange that is not before that key. */
static size_t find_first(const struct recording *recording, const uint8_t *key, size_t key_size)
{
    size_t low = 0;
    size_t high = recording->exchange_count;
    while (low < high) {
        size_t const middle = low + (high - low) / 2;
        const struct recording_exchange *exchange = &recording->exchanges[middle];
        if (compare_keys(exchange->key, exchange->key_size, key, key_size) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_same(const struct recording *recording, size_t at, const uint8_t *key, size_t key_size)
{
    return at < recording->exchange_count &&
           compare_keys(recording->exchanges[at].key, recording->exchanges[at].key_size, key, key_size) == 0;
}

const struct recording_exchange *recording_take(struct recording *recording, const struct link_request *request)
{
    uint8_t frame[FRAME_REQUEST_MAX];
    const uint8_t *key;
    size_t key_size;
    size_t const size = frame_build(request, recording->kind, 0, frame);
    if (!find_key(recording->kind, frame, size, &key, &key_size))
        return NULL;
    size_t const first = find_first(recording, key, key_size);
    if (!is_same(recording, first, key, key_size))
        return NULL;
    size_t const taken = first + recording->next[first];
    recording->next[first] = is_same(recording, taken + 1, key, key_size) ? recording->next[first] + 1 : 0;
    return &recording->exchanges[taken];
}
