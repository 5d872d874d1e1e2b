#include "gateway/core/plan.h"

#include <stdbool.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/model/line.h"
#include "gateway/model/sample.h"

#define REGISTERS_MAX   125
#define BITS_MAX        2000
#define READ_CHARACTERS 13  /* request 8; answer 5 and the values: V1.1b3, 6.1 to 6.4, with unit and CRC */
#define TCP_BYTE_NS     800 /* 10 Mbit/s, the slowest Ethernet in the field */

/* What one point needs: its own registers and those its conditions look at. */
struct span {
    uint32_t first;
    uint32_t end; /* one past the last */
};

static uint32_t count_max(const struct site_slave *slave, enum function function)
{
    if (function_is_bits(function))
        return BITS_MAX;
    return slave->count_max > 0 && slave->count_max < REGISTERS_MAX ? slave->count_max : REGISTERS_MAX;
}

static uint32_t gap_max(const struct site_slave *slave, enum function function)
{
    return function_is_bits(function) ? (uint32_t)slave->gap_max * 16 : slave->gap_max;
}

static void span_add(struct span *span, uint32_t address)
{
    if (address < span->first)
        span->first = address;
    if (address + 1 > span->end)
        span->end = address + 1;
}

static struct span span_of(const struct slave_point *point)
{
    struct span span = {point->address, (uint32_t)point->address + point->register_count};
    if (point->has_only_if)
        span_add(&span, point->only_if.address);
    if (point->has_scale_from)
        span_add(&span, point->scale_from.address);
    return span;
}

/* Order of the plan: poll class, function, first register, then the profile's own order. */
static bool before(const struct site_slave *slave, uint16_t a, uint16_t b)
{
    const struct slave_point *left = &slave->points[a];
    const struct slave_point *right = &slave->points[b];
    if (left->poll != right->poll)
        return left->poll < right->poll;
    if (left->function != right->function)
        return left->function < right->function;
    struct span left_span = span_of(left);
    struct span right_span = span_of(right);
    if (left_span.first != right_span.first)
        return left_span.first < right_span.first;
    return a < b;
}

/* Heap sort: no recursion, no allocation, n log n for the largest panel. */
static void sift(const struct site_slave *slave, uint16_t *points, size_t root, size_t count)
{
    while (2 * root + 1 < count) {
        size_t child = 2 * root + 1;
        if (child + 1 < count && before(slave, points[child], points[child + 1]))
            child++;
        if (!before(slave, points[root], points[child]))
            return;
        uint16_t swap = points[root];
        points[root] = points[child];
        points[child] = swap;
        root = child;
    }
}

static void sort(const struct site_slave *slave, uint16_t *points, size_t count)
{
    for (size_t root = count / 2; root > 0; root--)
        sift(slave, points, root - 1, count);
    for (size_t left = count; left > 1; left--) {
        uint16_t swap = points[0];
        points[0] = points[left - 1];
        points[left - 1] = swap;
        sift(slave, points, 0, left - 1);
    }
}

struct price {
    int64_t request_ns; /* of a read of nothing */
    int64_t byte_ns;
};

static struct price price_on(const struct site_bus *bus)
{
    if (bus->kind == LINK_TCP)
        return (struct price){(int64_t)(LINE_ROUND_TRIP_US + LINE_TURNAROUND_US) * 1000, TCP_BYTE_NS};
    int64_t const character_ns = line_character_ns(bus);
    int64_t const silent_us = 2 * line_silence_us(bus->baud) + (int64_t)bus->guard_ms * 1000 + LINE_TURNAROUND_US +
                              (bus->kind == LINK_RTU_OVER_TCP ? LINE_ROUND_TRIP_US : 0);
    return (struct price){READ_CHARACTERS * character_ns + silent_us * 1000, character_ns};
}

static int64_t price_of(const struct price *price, enum function function, uint32_t count)
{
    return price->request_ns + price->byte_ns * (function_is_bits(function) ? (count + 7) / 8 : 2 * count);
}

/* The points in order, and from each of them on: what the rest costs at least, and where its first read then ends. */
struct work {
    const struct site_slave *slave;
    struct price price;
    const uint16_t *points;
    size_t point_count;
    int64_t rest_ns[SITE_POINTS_MAX + 1];
    uint16_t end[SITE_POINTS_MAX];
};

/* `span` grows by the point. */
static bool joins(const struct work *work, size_t first, size_t at, struct span *span)
{
    const struct slave_point *point = &work->slave->points[work->points[at]];
    const struct slave_point *leader = &work->slave->points[work->points[first]];
    struct span const own = span_of(point);
    if (point->poll != leader->poll || point->function != leader->function || at - first >= BATCH_SAMPLES_MAX ||
        own.first > span->end + gap_max(work->slave, point->function))
        return false;
    if (own.end > span->end)
        span->end = own.end;
    return span->end - span->first <= count_max(work->slave, point->function);
}

static void weigh(struct work *work, size_t first)
{
    const struct slave_point *point = &work->slave->points[work->points[first]];
    struct span span = span_of(point);
    work->rest_ns[first] = INT64_MAX;
    for (size_t at = first; at < work->point_count && joins(work, first, at, &span); at++) {
        int64_t const ns = price_of(&work->price, point->function, span.end - span.first) + work->rest_ns[at + 1];
        if (ns > work->rest_ns[first])
            continue;
        work->rest_ns[first] = ns;
        work->end[first] = (uint16_t)(at + 1);
    }
}

static struct plan_read read_of(const struct work *work, size_t first)
{
    const struct slave_point *point = &work->slave->points[work->points[first]];
    struct span span = span_of(point);
    for (size_t at = first; at < work->end[first]; at++)
        CHECK(joins(work, first, at, &span));
    return (struct plan_read){
        .function = point->function,
        .address = (uint16_t)span.first,
        .count = (uint16_t)(span.end - span.first),
        .poll = point->poll,
        .point_first = (uint16_t)first,
        .point_count = (uint16_t)(work->end[first] - first),
    };
}

/* Those that are to be read, in order. */
static enum err choose(const struct site_slave *slave, uint16_t *points, size_t *ret_count)
{
    CHECK(slave->point_count <= SITE_POINTS_MAX);
    size_t count = 0;
    for (size_t i = 0; i < slave->point_count; i++) {
        struct span const span = span_of(&slave->points[i]);
        if (slave->points[i].idle)
            continue;
        if (span.end > 65536 || slave->points[i].register_count == 0 ||
            span.end - span.first > count_max(slave, slave->points[i].function))
            return ERR_ARGUMENT;
        points[count++] = (uint16_t)i;
    }
    sort(slave, points, count);
    *ret_count = count;
    return ERR_OK;
}

enum err plan_make(const struct site_bus *bus, const struct site_slave *slave, struct plan_read *reads,
                   size_t reads_max, uint16_t *points, struct plan *ret_plan)
{
    struct work work = {.slave = slave, .price = price_on(bus), .points = points};
    enum err const err = choose(slave, points, &work.point_count);
    if (err != ERR_OK)
        return err;
    for (size_t first = work.point_count; first > 0; first--)
        weigh(&work, first - 1);
    size_t read_count = 0;
    for (size_t first = 0; first < work.point_count; first = work.end[first]) {
        if (read_count == reads_max)
            return ERR_FULL;
        reads[read_count++] = read_of(&work, first);
    }
    *ret_plan = (struct plan){reads, read_count, points, work.point_count};
    return ERR_OK;
}
