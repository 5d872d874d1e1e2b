#include "tests/support/test.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/core/plan.h"
#include "gateway/model/sample.h"

#define POINTS_MAX 200

struct made {
    struct site_bus bus;
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

static const struct site_bus line_9600 = {
    .kind = LINK_RTU, .baud = 9600, .data_bits = 8, .parity = 'N', .stop_bits = 1};
static const struct site_bus server = {.kind = LINK_TCP};

static enum err make_on(const struct site_bus *bus, struct made *made, size_t count, uint16_t gap_max,
                        uint16_t count_max)
{
    made->bus = *bus;
    made->slave =
        (struct site_slave){.points = made->points, .point_count = count, .gap_max = gap_max, .count_max = count_max};
    return plan_make(&made->bus, &made->slave, made->reads, POINTS_MAX, made->order, &made->plan);
}

static enum err make(struct made *made, size_t count, uint16_t gap_max, uint16_t count_max)
{
    return make_on(&line_9600, made, count, gap_max, count_max);
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

/* One request more costs at 9600 baud 8N1: 13 characters of 1.0417 ms, two silences of 4.011 ms, 2 ms: 23.56 ms; a register
 * 2.083 ms. At 115200: 13 of 86.8 us, two of 1.75 ms, 2 ms: 6.628 ms; 0.1736 ms. */
static void test_a_gap_is_read_only_where_that_is_cheaper(void **state)
{
    (void)state;
    struct site_bus fast = line_9600;
    struct site_bus guarded = line_9600;
    struct site_bus even = line_9600;
    struct site_bus far = line_9600;
    fast.baud = 115200;
    guarded.guard_ms = 21; /* ten registers more */
    even.parity = 'E';     /* 13 of 1.1458 ms, the same silences: 24.92 ms; 2.292 ms */
    far.kind = LINK_RTU_OVER_TCP;
    const struct {
        const struct site_bus *bus;
        uint16_t gap; /* the largest that pays */
    } rows[] = {{&line_9600, 11}, {&fast, 38}, {&guarded, 21}, {&even, 10}, {&far, 12}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct made made = {.points = {holding(0, 1, POLL_NORMAL), holding(0, 1, POLL_NORMAL)}};
        made.points[1].address = (uint16_t)(1 + rows[i].gap);
        assert_int_equal(make_on(rows[i].bus, &made, 2, 124, 125), ERR_OK);
        assert_int_equal(made.plan.read_count, 1);
        made.points[1].address++;
        assert_int_equal(make_on(rows[i].bus, &made, 2, 124, 125), ERR_OK);
        assert_int_equal(made.plan.read_count, 2);
    }
    struct made made = {.points = {holding(0, 1, POLL_NORMAL), holding(124, 1, POLL_NORMAL)}};
    assert_int_equal(make_on(&server, &made, 2, 124, 125), ERR_OK);
    assert_int_equal(made.plan.read_count, 1);
}

/* Who takes as much as fits from the left reads 0..9 with the gap and 18, 19 alone: 10 + 2 registers. Better is 1 + 10. */
static void test_the_left_most_is_not_always_best(void **state)
{
    (void)state;
    struct made made = {
        .points = {holding(0, 1, POLL_NORMAL), holding(9, 1, POLL_NORMAL), holding(10, 9, POLL_NORMAL)}};
    assert_int_equal(make(&made, 3, 10, 10), ERR_OK);
    assert_int_equal(made.plan.read_count, 2);
    assert_int_equal(made.reads[0].count, 1);
    assert_int_equal(made.reads[1].address, 9);
    assert_int_equal(made.reads[1].count, 10);
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
    assert_int_equal(plan_make(&line_9600, &made.slave, made.reads, 1, made.order, &made.plan), ERR_FULL);
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

/* What the wire carries for a read, written down anew: in ns. Negative: no such read may be. `members`: a bit for each
 * point. */
static double cost_of(const struct made *made, unsigned int members)
{
    uint32_t first = 65536;
    uint32_t end = 0;
    bool const bits = made->points[0].function <= FUNCTION_DISCRETE;
    bool wanted[2000] = {false};
    for (size_t i = 0; i < made->slave.point_count; i++) {
        const struct slave_point *point = &made->points[i];
        if ((members >> i & 1) == 0)
            continue;
        uint32_t const from = point->has_scale_from && point->scale_from.address < point->address
                                  ? point->scale_from.address
                                  : point->address;
        uint32_t const to = point->has_only_if && point->only_if.address >= point->address + point->register_count
                                ? point->only_if.address + 1u
                                : (uint32_t)point->address + point->register_count;
        first = from < first ? from : first;
        end = to > end ? to : end;
        for (uint32_t at = from; at < to; at++)
            wanted[at] = true;
    }
    size_t gap = 0;
    for (uint32_t at = first; at < end; at++) {
        gap = wanted[at] ? 0 : gap + 1;
        if (gap > made->slave.gap_max * (bits ? (size_t)16 : (size_t)1))
            return -1;
    }
    if (end - first > (bits ? 2000 : made->slave.count_max))
        return -1;
    double const bytes = bits ? (double)((end - first + 7) / 8) : 2.0 * (end - first);
    if (made->bus.kind == LINK_TCP)
        return 4e6 + bytes * 800;
    double const character =
        (1 + made->bus.data_bits + (made->bus.parity == 'N' ? 0 : 1) + made->bus.stop_bits) * 1e9 / made->bus.baud;
    double const silence = made->bus.baud > 19200 ? 1.75e6 : 38.5e9 / made->bus.baud;
    return (13 + bytes) * character + 2 * silence + 2e6 + (made->bus.kind == LINK_RTU_OVER_TCP ? 2e6 : 0);
}

/* The least that reading the `left` points can cost, over all ways to put them into reads, neighbours or not. */
static double best_of_all(const struct made *made, unsigned int left)
{
    if (left == 0)
        return 0;
    unsigned int const leader = left & (~left + 1);
    unsigned int const others = left & ~leader;
    double best = 1e18;
    for (unsigned int with = others;; with = (with - 1) & others) {
        double const cost = cost_of(made, leader | with);
        if (cost >= 0) {
            double const all = cost + best_of_all(made, others & ~with);
            best = all < best ? all : best;
        }
        if (with == 0)
            return best;
    }
}

static double cost_of_plan(const struct made *made)
{
    double cost = 0;
    for (size_t i = 0; i < made->plan.read_count; i++) {
        unsigned int members = 0;
        for (size_t k = 0; k < made->reads[i].point_count; k++)
            members |= 1u << made->plan.points[made->reads[i].point_first + k];
        double const one = cost_of(made, members);
        assert_true(one >= 0);
        cost += one;
    }
    return cost;
}

static void put_points(struct made *made, size_t count, unsigned int *seed)
{
    enum function const function = rand_r(seed) % 5 == 0 ? FUNCTION_COIL : FUNCTION_HOLDING;
    for (size_t i = 0; i < count; i++) {
        struct slave_point *point = &made->points[i];
        *point = holding((uint16_t)(5 + rand_r(seed) % 100), 1, POLL_NORMAL);
        point->function = function;
        if (function == FUNCTION_COIL) {
            point->address = (uint16_t)(rand_r(seed) % 2000);
            continue;
        }
        point->register_count = (uint16_t)(1 + (rand_r(seed) % 3 == 0 ? rand_r(seed) % 9 : 0));
        point->has_only_if = rand_r(seed) % 6 == 0;
        point->only_if.address = (uint16_t)(point->address + rand_r(seed) % 12);
        point->has_scale_from = rand_r(seed) % 6 == 0;
        point->scale_from.address = (uint16_t)(point->address - rand_r(seed) % 5);
    }
}

/* Against all partitions of up to seven points: nothing is cheaper, on any kind of line. */
static void test_property_nothing_is_cheaper(void **state)
{
    (void)state;
    static const uint32_t bauds[] = {300, 1200, 9600, 19200, 38400, 115200, 921600};
    static struct made made;
    for (unsigned int round = 0; round < 6000; round++) {
        unsigned int seed = round;
        size_t const count = 1 + (size_t)(rand_r(&seed) % 7);
        struct site_bus const bus = {.kind = (enum link_kind)(rand_r(&seed) % LINK_KIND_COUNT),
                                     .baud = bauds[rand_r(&seed) % 7],
                                     .data_bits = 8,
                                     .parity = rand_r(&seed) % 2 == 0 ? 'N' : 'E',
                                     .stop_bits = (uint8_t)(1 + rand_r(&seed) % 2)};
        put_points(&made, count, &seed);
        uint16_t const gap_max = (uint16_t)(rand_r(&seed) % 40);
        assert_int_equal(make_on(&bus, &made, count, gap_max, (uint16_t)(25 + rand_r(&seed) % 100)), ERR_OK);
        double const best = best_of_all(&made, (1u << count) - 1);
        double const found = cost_of_plan(&made);
        if (found > best * 1.000001)
            fail_msg("round %u: costs %.0f ns, %.0f are possible", round, found, best);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_neighbours_are_read_together),
        cmocka_unit_test(test_gap_is_a_bound),
        cmocka_unit_test(test_a_gap_is_read_only_where_that_is_cheaper),
        cmocka_unit_test(test_the_left_most_is_not_always_best),
        cmocka_unit_test(test_count_is_a_bound),
        cmocka_unit_test(test_safety_points_come_first_and_alone),
        cmocka_unit_test(test_condition_registers_are_in_the_same_read),
        cmocka_unit_test(test_edges_of_the_address_space),
        cmocka_unit_test(test_too_little_room_is_said),
        cmocka_unit_test(test_idle_points_are_not_read),
        cmocka_unit_test(test_property_every_point_once_within_bounds),
        cmocka_unit_test(test_property_nothing_is_cheaper),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
