#include "gateway/run/journal_carve.h"

#include <string.h>

#include "gateway/base/check.h"
#include "gateway/run/journal_private.h"

#define CELL_MIN      10                     /* two sizes, the head of a row and a topic of one byte */
#define INSIDE_MAX    (CARVE_PAGE_SIZE - 35) /* a larger row goes on in overflow pages: format, 1.6 */
#define INSIDE_MIN    ((CARVE_PAGE_SIZE - 12) * 32 / 255 - 23)
#define OVERFLOW_SIZE (CARVE_PAGE_SIZE - 4) /* after the number of the next one */

/* --- what SQLite makes of a row --- */

/* A number of 1 to 9 bytes; returns how many, 0: cut off. */
static size_t take_varint(const unsigned char *at, size_t room, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (size_t i = 0; i < 8 && i < room; i++) {
        value = value << 7 | (at[i] & 0x7F);
        if (at[i] < 0x80) {
            *ret_value = value;
            return i + 1;
        }
    }
    if (room < 9)
        return 0;
    *ret_value = value << 8 | at[8];
    return 9;
}

static uint32_t take_32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

struct shape { /* of a row: seq NULL (it is the key), at, topic, payload, sum */
    size_t head_size;
    uint64_t at_type;
    size_t topic_size;
    size_t payload_size;
    uint64_t sum_type;
};

static bool is_integer(uint64_t type)
{
    return (type >= 1 && type <= 6) || type == 8 || type == 9;
}

static size_t integer_size(uint64_t type)
{
    static const unsigned char sizes[] = {0, 1, 2, 3, 4, 6, 8, 0, 0, 0};
    return sizes[type];
}

static int64_t integer_at(const unsigned char *at, uint64_t type)
{
    size_t const size = integer_size(type);
    if (size == 0)
        return type == 9 ? 1 : 0;
    uint64_t value = at[0] >= 0x80 ? UINT64_MAX : 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | at[i];
    return (int64_t)value;
}

static bool take_shape(const unsigned char *head, size_t room, size_t row_size, struct shape *ret_shape)
{
    uint64_t types[4];
    size_t at = 2;
    if (room < CELL_MIN - 2 || head[0] < 6 || head[0] > room || head[1] != 0)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        size_t const size = take_varint(head + at, head[0] - at, &types[i]);
        if (size == 0)
            return false;
        at += size;
    }
    if (at != head[0] || !is_integer(types[0]) || types[1] < 15 || types[1] % 2 == 0 || types[2] < 12 ||
        types[2] % 2 != 0 || types[1] > 13 + 2 * JOURNAL_TOPIC_MAX || types[2] > 2 * CARVE_ROW_MAX ||
        !is_integer(types[3]))
        return false;
    *ret_shape = (struct shape){.head_size = at,
                                .at_type = types[0],
                                .topic_size = (size_t)(types[1] - 13) / 2,
                                .payload_size = (size_t)(types[2] - 12) / 2,
                                .sum_type = types[3]};
    return at + integer_size(types[0]) + ret_shape->topic_size + ret_shape->payload_size + integer_size(types[3]) ==
           row_size;
}

/* --- rows --- */

/* How much of a row stands in its page. */
static size_t inside_size(size_t row_size)
{
    if (row_size <= INSIDE_MAX)
        return row_size;
    size_t const size = INSIDE_MIN + (row_size - INSIDE_MIN) % OVERFLOW_SIZE;
    return size <= INSIDE_MAX ? size : INSIDE_MIN;
}

/* The whole of the row that begins at `at`; NULL: it cannot be had. */
static const unsigned char *gather(struct carve *carve, size_t at, size_t row_size)
{
    size_t done = inside_size(row_size);
    if (done == row_size)
        return at + done <= CARVE_PAGE_SIZE ? carve->page + at : NULL;
    if (at + done + 4 > CARVE_PAGE_SIZE)
        return NULL;
    memcpy(carve->row, carve->page + at, done);
    uint32_t next = take_32(carve->page + at + done);
    while (done < row_size) {
        size_t const size = row_size - done < OVERFLOW_SIZE ? row_size - done : OVERFLOW_SIZE;
        if (next == 0 || !carve->read_page(carve->self, next, carve->overflow))
            return NULL;
        memcpy(carve->row + done, carve->overflow + 4, size);
        next = take_32(carve->overflow);
        done += size;
    }
    return carve->row;
}

static bool take_record(struct carve *carve, const unsigned char *row, const struct shape *shape, uint64_t seq,
                        struct journal_record *ret_record)
{
    const unsigned char *at = row + shape->head_size;
    const unsigned char *topic = at + integer_size(shape->at_type);
    const unsigned char *payload = topic + shape->topic_size;
    if (memchr(topic, '\0', shape->topic_size) != NULL)
        return false;
    memcpy(carve->topic, topic, shape->topic_size);
    carve->topic[shape->topic_size] = '\0';
    *ret_record = (struct journal_record){.seq = seq,
                                          .at_utc_ms = integer_at(at, shape->at_type),
                                          .topic = carve->topic,
                                          .payload = payload,
                                          .payload_size = shape->payload_size};
    return integer_at(payload + shape->payload_size, shape->sum_type) == (int64_t)journal_sum(ret_record);
}

/* The row that begins at `at`, if there is one: how much of the page it takes; else 0. */
static size_t try_at(struct carve *carve, size_t at, struct journal_record *ret_record)
{
    uint64_t row_size = 0;
    uint64_t seq = 0;
    struct shape shape;
    size_t const first = at;
    at += take_varint(carve->page + at, CARVE_PAGE_SIZE - at, &row_size);
    if (at == first || row_size > CARVE_ROW_MAX)
        return 0;
    size_t const seq_size = take_varint(carve->page + at, CARVE_PAGE_SIZE - at, &seq);
    at += seq_size;
    if (seq_size == 0 || seq == 0 || seq > INT64_MAX ||
        !take_shape(carve->page + at, CARVE_PAGE_SIZE - at, (size_t)row_size, &shape))
        return 0;
    const unsigned char *row = gather(carve, at, (size_t)row_size);
    return row != NULL && take_record(carve, row, &shape, seq, ret_record) ? at - first + inside_size((size_t)row_size)
                                                                           : 0;
}

bool journal_carve_page(struct carve *carve, uint64_t number)
{
    carve->at = 0;
    return carve->read_page(carve->self, number, carve->page);
}

bool journal_carve_next(struct carve *carve, struct journal_record *ret_record)
{
    while (carve->at + CELL_MIN <= CARVE_PAGE_SIZE) {
        size_t const used = try_at(carve, carve->at, ret_record);
        carve->at += used > 0 ? used : 1;
        if (used > 0)
            return true;
    }
    return false;
}
