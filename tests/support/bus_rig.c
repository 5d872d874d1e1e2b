#include "tests/support/test.h"

#include "tests/support/bus_rig.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/log.h"
#include "gateway/model/order.h"

#define SECOND_US      ((int64_t)1000000)
#define BEGIN_US       (1000 * SECOND_US)
#define BITS           16U
#define IDLE_TURNS     1000 /* steps without time passing: the room does not come to rest */
#define WRITE_LEAST_US (SECOND_US / 10)
#define WRITE_MOST_US  (3 * SECOND_US)

static bool is_bits(const struct bus_rig *rig)
{
    return rig->shape.function == 1 || rig->shape.function == 2 || rig->shape.function == 5;
}

static enum function read_function(const struct bus_rig *rig)
{
    static const enum function functions[] = {FUNCTION_COIL,  FUNCTION_COIL, FUNCTION_DISCRETE, FUNCTION_HOLDING,
                                              FUNCTION_INPUT, FUNCTION_COIL, FUNCTION_HOLDING};
    return functions[rig->shape.function];
}

static void add_point(struct bus_rig *rig, unsigned address, bool writable)
{
    rig->points[rig->point_count++] = (struct slave_point){.id = "p",
                                                           .function = read_function(rig),
                                                           .address = (uint16_t)address,
                                                           .register_count = 1,
                                                           .raw = is_bits(rig) ? RAW_BIT : RAW_U16,
                                                           .type = is_bits(rig) ? VALUE_BOOL : VALUE_INT,
                                                           .scale = 1,
                                                           .unit = "",
                                                           .poll = writable ? POLL_SLOW : POLL_NORMAL,
                                                           .writable = writable,
                                                           .zh = "",
                                                           .en = ""};
}

static void make_site(struct bus_rig *rig)
{
    const struct bus_rig_shape *shape = &rig->shape;
    size_t const block = is_bits(rig) ? BITS : shape->block;
    for (unsigned far = 0; far < 2; far++)
        for (unsigned i = 0; i < block; i++)
            add_point(rig, i + far * (is_bits(rig) ? BUS_RIG_FAR_BIT : BUS_RIG_FAR_WORD), false);
    if (shape->function >= 5)
        add_point(rig, RS485_WRITABLE, true);
    for (size_t i = 0; i < shape->slaves; i++)
        rig->slaves[i] = (struct site_slave){.id = "s",
                                             .unit = (uint8_t)(i + 1),
                                             .profile = "",
                                             .every_ms = {shape->every_ms, shape->every_ms, 5000},
                                             .gap_max = shape->gap_max,
                                             .count_max = 60,
                                             .points = rig->points,
                                             .point_count = rig->point_count,
                                             .heartbeat_point = -1};
    rig->bus_site = (struct site_bus){.id = "b",
                                      .kind = shape->kind,
                                      .port = "",
                                      .baud = shape->baud,
                                      .data_bits = 8,
                                      .parity = 'N',
                                      .stop_bits = 1,
                                      .host = "",
                                      .timeout_ms = shape->timeout_ms};
    rig->site =
        (struct site){.buses = &rig->bus_site, .bus_count = 1, .slaves = rig->slaves, .slave_count = shape->slaves};
}

void bus_rig_open(struct bus_rig *rig, const struct bus_rig_shape *shape)
{
    memset(rig, 0, sizeof *rig);
    log_set_quiet(true);
    rig->shape = *shape;
    make_site(rig);
    rig->now = (struct now){.mono_us = BEGIN_US, .utc_ms = 1795310584757, .synced = true};
    rig->write_next_us = BEGIN_US + SECOND_US;
    rs485_open(&rig->line, &rig->bus_site, shape->seed);
    for (size_t i = 0; i < shape->slaves; i++)
        rig->line.slaves[i + 1].there = true;
    assert_int_equal(ring_open(&rig->inbox, 1 << 20), ERR_OK);
    assert_int_equal(ring_open(&rig->writes, 4096), ERR_OK);
    assert_int_equal(bell_open(&rig->bell), ERR_OK);
    assert_int_equal(board_open(&rig->board, &rig->site), ERR_OK);
    assert_int_equal(bus_open(&rig->bus, &(struct bus_setup){.site = &rig->site,
                                                             .link = rs485_link(&rig->line),
                                                             .inbox = &rig->inbox,
                                                             .inbox_bell = &rig->bell,
                                                             .writes = &rig->writes,
                                                             .board = rig->board}),
                     ERR_OK);
}

void bus_rig_close(struct bus_rig *rig)
{
    bus_close(rig->bus);
    rs485_close(&rig->line);
    ring_close(&rig->inbox);
    ring_close(&rig->writes);
    bell_close(&rig->bell);
    board_close(rig->board);
}

static bool says(const struct bus_rig *rig, size_t slave, const struct sample *sample, uint32_t epoch)
{
    const struct rs485_slave *far = &rig->line.slaves[slave + 1];
    const struct slave_point *point = &rig->points[sample->point];
    unsigned const unit = (unsigned)slave + 1;
    if (point->writable)
        return is_bits(rig) ? sample->value.boolean == far->coil : sample->value.integer == far->word;
    if (is_bits(rig))
        return sample->value.boolean == rs485_bit(unit, point->address, epoch);
    return sample->value.integer == rs485_word(unit, point->address, epoch);
}

static bool is_of_epoch(const struct bus_rig *rig, const struct batch *batch, uint32_t epoch)
{
    for (size_t i = 0; i < batch->sample_count; i++)
        if (!says(rig, batch->slave, &batch->samples[i], epoch))
            return false;
    return true;
}

/* What its slave said in answer to its last request, or to one that is not older than `stale_us`. */
static bool is_true(const struct bus_rig *rig, const struct batch *batch)
{
    const struct rs485_slave *far = &rig->line.slaves[batch->slave + 1];
    uint32_t epoch = far->epoch;
    bool found = is_of_epoch(rig, batch, epoch);
    for (unsigned back = 1; !found && back < RS485_EPOCHS && back < far->epoch; back++)
        found = far->asked_us[(epoch - back) % RS485_EPOCHS] + rig->stale_us > rig->now.mono_us &&
                is_of_epoch(rig, batch, epoch - back);
    return found;
}

static void note_good(struct bus_rig *rig, struct bus_rig_seen *seen, size_t point)
{
    size_t const block = is_bits(rig) ? BITS : rig->shape.block;
    if (rig->points[point].writable)
        return;
    int64_t *last_us = &seen->good_us[point < block ? 0 : 1];
    if (*last_us > 0 && rig->age_count < BUS_RIG_AGES_MAX)
        rig->ages_ms[rig->age_count++] = (int32_t)((rig->now.mono_us - *last_us) / 1000);
    *last_us = rig->now.mono_us;
}

static void judge_batch(struct bus_rig *rig, const struct batch *batch)
{
    struct bus_rig_seen *seen = &rig->seen[batch->slave];
    size_t bad = 0;
    for (size_t i = 0; i < batch->sample_count; i++)
        bad += batch->samples[i].quality == QUALITY_BAD;
    assert_true(batch->sample_count > 0 && (bad == 0 || bad == batch->sample_count));
    if (bad > 0) {
        seen->bad++;
        rig->all.bad++;
        return;
    }
    seen->good++;
    rig->all.good++;
    bool const wrong = !is_true(rig, batch);
    seen->wrong += wrong;
    rig->all.wrong += wrong;
    note_good(rig, seen, batch->samples[0].point);
}

static void judge_written(struct bus_rig *rig, const struct written *written)
{
    const struct rs485_slave *far = &rig->line.slaves[written->slave + 1];
    bool const done = is_bits(rig) ? far->coil == (written->value > 0.5) : far->word == (uint16_t)written->value;
    assert_true(rig->write_open && written->token == (uint32_t)rig->write_number);
    rig->write_open = false;
    rig->written += written->err == ERR_OK;
    rig->write_failures += written->err != ERR_OK;
    rig->untrue_writes += written->err == ERR_OK && !done;
}

static void judge(struct bus_rig *rig)
{
    size_t size;
    while (ring_pop(&rig->inbox, &rig->item, sizeof rig->item, &size) == ERR_OK) {
        if (rig->item.kind == INBOX_BATCH)
            judge_batch(rig, &rig->item.is.batch);
        else if (rig->item.kind == INBOX_WRITTEN)
            judge_written(rig, &rig->item.is.written);
        else if (rig->item.kind == INBOX_BUS && rig->item.is.bus.open)
            rig->found++;
        else if (rig->item.kind == INBOX_BUS)
            rig->lost++;
    }
}

/* One write at a time, each of another value than the one before. */
static void order_write(struct bus_rig *rig)
{
    if (rig->shape.function < 5 || rig->write_open || rig->now.mono_us < rig->write_next_us)
        return;
    uint64_t const number = ++rig->write_number;
    struct bus_write const write = {
        .slave = (int32_t)dice_between(&rig->line.dice, 0, (int64_t)rig->shape.slaves - 1),
        .point = (int32_t)rig->point_count - 1,
        .value = is_bits(rig) ? (double)(number & 1) : (double)(number & 0xFFFF),
        .token = (uint32_t)number,
        .asked_mono_us = rig->now.mono_us,
    };
    assert_int_equal(ring_push(&rig->writes, &write, sizeof write), ERR_OK);
    rig->write_open = true;
    rig->write_next_us = rig->now.mono_us + dice_between(&rig->line.dice, WRITE_LEAST_US, WRITE_MOST_US);
}

/* One step, then on to when the room's thread would wake up: its time, or a byte that it waits for. */
static void turn(struct bus_rig *rig, int64_t until_us)
{
    order_write(rig);
    int64_t next_us = bus_step(rig->bus, rig->now);
    judge(rig);
    rs485_take(&rig->line, rig->now.mono_us);
    int64_t const byte_us = rs485_next(&rig->line);
    if (bus_fd(rig->bus) >= 0 && byte_us < next_us)
        next_us = byte_us;
    if (bus_fd(rig->bus) >= 0 && rig->line.broken)
        next_us = rig->now.mono_us; /* a hang-up is readable too */
    if (rig->shape.function >= 5 && !rig->write_open && rig->write_next_us < next_us)
        next_us = rig->write_next_us; /* the bell rings */
    if (next_us > until_us)
        next_us = until_us;
    if (next_us > rig->now.mono_us)
        rig->now.mono_us = next_us;
    rig->now.utc_ms = 1795310584757 + (rig->now.mono_us - BEGIN_US) / 1000;
    rs485_give(&rig->line, rig->now.mono_us);
}

static void run(struct bus_rig *rig, uint64_t requests, int64_t until_us)
{
    int idle = 0;
    while (rig->now.mono_us < until_us && rig->line.requests < requests) {
        int64_t const before_us = rig->now.mono_us;
        turn(rig, until_us);
        idle = rig->now.mono_us > before_us ? 0 : idle + 1;
        assert_true(idle < IDLE_TURNS);
    }
}

void bus_rig_run_until(struct bus_rig *rig, int64_t mono_us)
{
    run(rig, UINT64_MAX, mono_us);
}

void bus_rig_run_requests(struct bus_rig *rig, uint64_t requests, int64_t most_us)
{
    run(rig, rig->line.requests + requests, rig->now.mono_us + most_us);
}

static int by_age(const void *a, const void *b)
{
    int32_t const *left = a;
    int32_t const *right = b;
    return (*left > *right) - (*left < *right);
}

int32_t bus_rig_age_ms(struct bus_rig *rig, unsigned per_cent)
{
    assert_true(rig->age_count > 0);
    qsort(rig->ages_ms, rig->age_count, sizeof rig->ages_ms[0], by_age);
    return rig->ages_ms[(rig->age_count - 1) * per_cent / 100];
}
