#include "tests/support/test.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/core/plan.h"
#include "gateway/model/sample.h"

#define POINTS_MAX 200

struct made {
    struct site_slave slave;
    struct slave_point points[POINTS_MAX];
    struct plan_read reads[POINTS_MAX];
    uint16_t order[POINTS_MAX];
    struct plan plan;
};

static struct slave_point holding(uint16_t address, uint16_t count, enum poll_class poll)
{
    return (struct slave_point){
        .id = "p", .function = FUNCTION_HOLDING, .address = address, .register_count = count, .poll = poll};
}

static enum err make(struct made *made, size_t count, uint16_t gap_max, uint16_t count_max)
{
    made->slave =
        (struct site_slave){.points = made->points, .point_count = count, .gap_max = gap_max, .count_max = count_max};
    return plan_make(&made->slave, made->reads, POINTS_MAX, made->order, &made->plan);
}

static void test_neighbours_are_read_together(void **state)
{
    (void)state;
    struct made made = {.points = {holding(4, 1, POLL_NORMAL), holding(0, 2, POLL_NORMAL), holding(2, 2, POLL_NORMAL)}};
    assert_int_equal(make(&made, 3, 0, 125), ERR_OK);
    assert_int_equal(made.plan.read_count, 1);
    assert_int_equal(made.reads[0].address, 0);
    assert_int_equal(made.reads[0].count, 5);
    assert_int_equal(made.order[0], 1);
    assert_int_equal(made.order[2], 0);
}

static void test_gap_is_a_bound(void **state)
{
    (void)state;
    struct made made = {.points = {holding(0, 1, POLL_NORMAL), holding(5, 1, POLL_NORMAL)}};
    assert_int_equal(make(&made, 2, 4, 125), ERR_OK);
    assert_int_equal(made.plan.read_count, 1);
    assert_int_equal(make(&made, 2, 3, 125), ERR_OK);
    assert_int_equal(made.plan.read_count, 2);
}

static void test_count_is_a_bound(void **state)
{
    (void)state;
    struct made made = {.points = {holding(0, 2, POLL_NORMAL), holding(2, 2, POLL_NORMAL)}};
    assert_int_equal(make(&made, 2, 0, 3), ERR_OK);
    assert_int_equal(made.plan.read_count, 2);
    made.points[0].register_count = 4;
    assert_int_equal(make(&made, 2, 0, 3), ERR_ARGUMENT);
}

static void test_safety_points_come_first_and_alone(void **state)
{
    (void)state;
    struct made made = {.points = {holding(0, 1, POLL_SLOW), holding(1, 1, POLL_SAFETY), holding(2, 1, POLL_NORMAL)}};
    assert_int_equal(make(&made, 3, 10, 125), ERR_OK);
    assert_int_equal(made.plan.read_count, 3);
    assert_int_equal(made.reads[0].poll, POLL_SAFETY);
    assert_int_equal(made.reads[2].poll, POLL_SLOW);
}

static void test_condition_registers_are_in_the_same_read(void **state)
{
    (void)state;
    struct made made = {.points = {holding(2, 2, POLL_SAFETY)}};
    made.points[0].has_only_if = true;
    made.points[0].only_if.address = 10;
    made.points[0].has_scale_from = true;
    made.points[0].scale_from.address = 0;
    assert_int_equal(make(&made, 1, 0, 60), ERR_OK);
    assert_int_equal(made.reads[0].address, 0);
    assert_int_equal(made.reads[0].count, 11);
    assert_int_equal(make(&made, 1, 0, 10), ERR_ARGUMENT);
}

static void test_edges_of_the_address_space(void **state)
{
    (void)state;
    struct made made = {.points = {holding(65535, 1, POLL_NORMAL), holding(65534, 1, POLL_NORMAL)}};
    assert_int_equal(make(&made, 2, 125, 125), ERR_OK);
    assert_int_equal(made.plan.read_count, 1);
    made.points[0].register_count = 2;
    assert_int_equal(make(&made, 2, 125, 125), ERR_ARGUMENT);
    made.points[0].register_count = 0;
    assert_int_equal(make(&made, 2, 125, 125), ERR_ARGUMENT);
}

static void test_too_little_room_is_said(void **state)
{
    (void)state;
    struct made made = {.points = {holding(0, 1, POLL_NORMAL), holding(50, 1, POLL_NORMAL)}};
    made.slave = (struct site_slave){.points = made.points, .point_count = 2, .count_max = 125};
    assert_int_equal(plan_make(&made.slave, made.reads, 1, made.order, &made.plan), ERR_FULL);
}

static void test_idle_points_are_not_read(void **state)
{
    (void)state;
    struct made made = {.points = {holding(0, 1, POLL_NORMAL), holding(1, 1, POLL_NORMAL), holding(2, 1, POLL_NORMAL)}};
    made.points[0].idle = made.points[2].idle = true;
    assert_int_equal(make(&made, 3, 10, 125), ERR_OK);
    assert_int_equal(made.plan.read_count, 1);
    assert_int_equal(made.plan.point_count, 1);
    assert_int_equal(made.reads[0].address, 1);
    assert_int_equal(made.reads[0].count, 1);
    made.points[1].idle = true;
    made.points[1].register_count = 0; /* nobody looks at it */
    assert_int_equal(make(&made, 3, 10, 125), ERR_OK);
    assert_int_equal(made.plan.read_count, 0);
}

static struct slave_point random_point(unsigned int *seed)
{
    static const uint16_t widths[] = {1, 1, 1, 2, 2, 4, 7};
    struct slave_point point = {.id = "p", .poll = (enum poll_class)(rand_r(seed) % POLL_CLASS_COUNT)};
    point.function = (enum function)(1 + rand_r(seed) % 4);
    bool const bits = point.function <= FUNCTION_DISCRETE;
    point.address = (uint16_t)(rand_r(seed) % (rand_r(seed) % 3 == 0 ? 65529 : 300));
    point.register_count = bits ? 1 : widths[rand_r(seed) % 7];
    if (!bits && rand_r(seed) % 8 == 0) {
        point.has_only_if = true;
        point.only_if.address = (uint16_t)(point.address + rand_r(seed) % 5);
    }
    if (!bits && rand_r(seed) % 8 == 0) {
        point.has_scale_from = true;
        point.scale_from.address = (uint16_t)(point.address - rand_r(seed) % 5);
        if (point.scale_from.address > point.address)
            point.scale_from.address = point.address;
    }
    point.idle = rand_r(seed) % 3 == 0;
    return point;
}

static bool inside(const struct plan_read *read, uint32_t address, uint32_t count)
{
    return address >= read->address && address + count <= (uint32_t)read->address + read->count;
}

/* Where the read's points and their parts lie; what is between a point and its parts belongs to it. */
static void mark(const struct plan_read *read, const struct slave_point *point, bool *wanted)
{
    uint32_t first = point->address;
    uint32_t end = (uint32_t)point->address + point->register_count;
    uint16_t const parts[] = {point->has_only_if ? point->only_if.address : point->address,
                              point->has_scale_from ? point->scale_from.address : point->address};
    for (size_t i = 0; i < 2; i++) {
        first = parts[i] < first ? parts[i] : first;
        end = parts[i] + 1u > end ? parts[i] + 1u : end;
    }
    for (uint32_t at = first; at < end; at++)
        wanted[at - read->address] = true;
}

static void check_gaps(const struct made *made, const struct plan_read *read)
{
    bool wanted[2000] = {false};
    size_t const gap_max = made->slave.gap_max * (read->function <= FUNCTION_DISCRETE ? (size_t)16 : (size_t)1);
    for (size_t i = 0; i < read->point_count; i++)
        mark(read, &made->points[made->plan.points[read->point_first + i]], wanted);
    assert_true(wanted[0] && wanted[read->count - 1]);
    size_t gap = 0;
    for (size_t i = 0; i < read->count; i++) {
        gap = wanted[i] ? 0 : gap + 1;
        assert_true(gap <= gap_max);
    }
}

static void check_read(const struct made *made, const struct plan_read *read, unsigned int *seen)
{
    bool const bits = read->function <= FUNCTION_DISCRETE;
    assert_in_range(read->count, 1, bits ? 2000 : made->slave.count_max);
    assert_in_range(read->point_count, 1, BATCH_SAMPLES_MAX);
    assert_true((uint32_t)read->address + read->count <= 65536);
    for (size_t i = 0; i < read->point_count; i++) {
        uint16_t const index = made->plan.points[read->point_first + i];
        const struct slave_point *point = &made->points[index];
        seen[index]++;
        assert_int_equal(point->function, read->function);
        assert_int_equal(point->poll, read->poll);
        assert_true(inside(read, point->address, point->register_count));
        assert_true(!point->has_only_if || inside(read, point->only_if.address, 1));
        assert_true(!point->has_scale_from || inside(read, point->scale_from.address, 1));
    }
    check_gaps(made, read);
}

/* Whatever the points: each that is not idle in exactly one read, nothing beyond the bounds, no class mixed, safety first. */
static void test_property_every_point_once_within_bounds(void **state)
{
    (void)state;
    static struct made made;
    for (unsigned int round = 0; round < 3000; round++) {
        unsigned int seed = round;
        unsigned int seen[POINTS_MAX] = {0};
        size_t const count = 1 + (size_t)(rand_r(&seed) % POINTS_MAX);
        for (size_t i = 0; i < count; i++)
            made.points[i] = random_point(&seed);
        assert_int_equal(make(&made, count, (uint16_t)(rand_r(&seed) % 20), (uint16_t)(12 + rand_r(&seed) % 113)),
                         ERR_OK);
        for (size_t i = 0; i < made.plan.read_count; i++) {
            check_read(&made, &made.reads[i], seen);
            assert_true(i == 0 || made.reads[i - 1].poll <= made.reads[i].poll);
        }
        for (size_t i = 0; i < count; i++)
            assert_int_equal(seen[i], made.points[i].idle ? 0 : 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_neighbours_are_read_together),
        cmocka_unit_test(test_gap_is_a_bound),
        cmocka_unit_test(test_count_is_a_bound),
        cmocka_unit_test(test_safety_points_come_first_and_alone),
        cmocka_unit_test(test_condition_registers_are_in_the_same_read),
        cmocka_unit_test(test_edges_of_the_address_space),
        cmocka_unit_test(test_too_little_room_is_said),
        cmocka_unit_test(test_idle_points_are_not_read),
        cmocka_unit_test(test_property_every_point_once_within_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
