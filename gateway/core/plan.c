#include "gateway/core/plan.h"

#include <stdbool.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/model/sample.h"

#define REGISTERS_MAX 125
#define BITS_MAX      2000

/* What one point needs: its own registers and those its conditions look at. */
struct span {
    uint32_t first;
    uint32_t end; /* one past the last */
};

static bool is_bits(enum function function)
{
    return function == FUNCTION_COIL || function == FUNCTION_DISCRETE;
}

static uint32_t count_max(const struct site_slave *slave, enum function function)
{
    if (is_bits(function))
        return BITS_MAX;
    return slave->count_max > 0 && slave->count_max < REGISTERS_MAX ? slave->count_max : REGISTERS_MAX;
}

static uint32_t gap_max(const struct site_slave *slave, enum function function)
{
    return is_bits(function) ? (uint32_t)slave->gap_max * 16 : slave->gap_max;
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

/* True when the point may join the read: the read as it would then be is returned. */
static bool joins(const struct site_slave *slave, const struct plan_read *read, const struct slave_point *point,
                  struct span *ret_joined)
{
    struct span span = span_of(point);
    struct span joined = {read->address, (uint32_t)read->address + read->count};
    if (read->poll != point->poll || read->function != point->function || read->point_count >= BATCH_SAMPLES_MAX)
        return false;
    if (span.first > joined.end + gap_max(slave, read->function))
        return false;
    if (span.end > joined.end)
        joined.end = span.end;
    if (joined.end - joined.first > count_max(slave, read->function))
        return false;
    *ret_joined = joined;
    return true;
}

enum err plan_make(const struct site_slave *slave, struct plan_read *reads, size_t reads_max, uint16_t *points,
                   struct plan *ret_plan)
{
    CHECK(slave->point_count <= SITE_POINTS_MAX);
    size_t point_count = 0;
    for (size_t i = 0; i < slave->point_count; i++) {
        struct span span = span_of(&slave->points[i]);
        if (slave->points[i].idle)
            continue;
        if (span.end > 65536 || slave->points[i].register_count == 0 ||
            span.end - span.first > count_max(slave, slave->points[i].function))
            return ERR_ARGUMENT;
        points[point_count++] = (uint16_t)i;
    }
    sort(slave, points, point_count);
    size_t read_count = 0;
    for (size_t i = 0; i < point_count; i++) {
        const struct slave_point *point = &slave->points[points[i]];
        struct span span;
        if (read_count > 0 && joins(slave, &reads[read_count - 1], point, &span)) {
            reads[read_count - 1].count = (uint16_t)(span.end - span.first);
            reads[read_count - 1].point_count++;
            continue;
        }
        if (read_count == reads_max)
            return ERR_FULL;
        span = span_of(point);
        reads[read_count++] = (struct plan_read){
            .function = point->function,
            .address = (uint16_t)span.first,
            .count = (uint16_t)(span.end - span.first),
            .poll = point->poll,
            .point_first = (uint16_t)i,
            .point_count = 1,
        };
    }
    *ret_plan = (struct plan){reads, read_count, points, point_count};
    return ERR_OK;
}
