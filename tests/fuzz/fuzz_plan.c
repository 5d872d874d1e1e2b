/* Any points: a plan covers each exactly once within the bounds, or is refused. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/core/plan.h"
#include "gateway/model/sample.h"

#define POINTS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct slave_point points[POINTS_MAX];
    static struct plan_read reads[POINTS_MAX];
    static uint16_t order[POINTS_MAX];
    unsigned int seen[POINTS_MAX] = {0};
    struct plan plan;
    if (size < 2)
        return 0;
    struct site_slave slave = {.points = points, .gap_max = data[0], .count_max = data[1]};
    data += 2;
    size -= 2;
    for (; size >= 6 && slave.point_count < POINTS_MAX; data += 6, size -= 6)
        points[slave.point_count++] = (struct slave_point){
            .function = (enum function)(1 + (data[0] & 3)),
            .poll = (enum poll_class)((data[0] >> 2) % POLL_CLASS_COUNT),
            .address = (uint16_t)(data[1] << 8 | data[2]),
            .register_count = data[3],
            .has_only_if = data[4] & 1,
            .idle = (data[4] & 6) == 6,
            .only_if = {.address = (uint16_t)(data[1] << 8 | data[5])},
        };
    static const uint32_t bauds[] = {300, 9600, 115200, 921600};
    struct site_bus const bus = {
        .kind = (enum link_kind)(size % LINK_KIND_COUNT), .baud = bauds[size / 7 % 4], .data_bits = 8, .stop_bits = 1};
    if (plan_make(&bus, &slave, reads, POINTS_MAX, order, &plan) != ERR_OK)
        return 0;
    for (size_t i = 0; i < plan.read_count; i++) {
        CHECK((uint32_t)reads[i].address + reads[i].count <= 65536 && reads[i].count > 0);
        CHECK(reads[i].count <= (reads[i].function <= FUNCTION_DISCRETE ? 2000 : 125));
        for (size_t k = 0; k < reads[i].point_count; k++)
            seen[plan.points[reads[i].point_first + k]]++;
    }
    for (size_t i = 0; i < slave.point_count; i++)
        CHECK(seen[i] == (points[i].idle ? 0 : 1));
    return 0;
}
