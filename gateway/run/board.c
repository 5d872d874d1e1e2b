#include "gateway/run/board.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/arena.h"
#include "gateway/base/check.h"

struct cell { /* the last truth of one device, as large as its points need and no larger */
    int64_t utc_ms;
    struct sample *samples; /* point_count */
    int64_t *read_mono_us;  /* point_count */
    char *texts;            /* texts_max bytes */
    uint16_t point_count;
    uint16_t texts_max; /* 0: the device has no text point */
    uint16_t text_size;
};

struct board {
    pthread_mutex_t mutex; /* over everything below */
    struct arena arena;
    size_t device_count;
    size_t rule_count;
    size_t interlock_count;
    size_t bus_count;
    size_t slave_count;
    size_t centre_count;
    struct cell *cells;
    struct board_rule *rules;
    struct tally_alarms alarms;
    size_t subject_count;
    uint32_t *moves; /* subject_count */
    uint64_t all_moves;
    struct board_interlock *interlocks;
    struct board_bus *buses;
    struct board_slave *slaves;
    struct board_centre *centres;
    struct board_journal journal;
    struct board_drill drill;
};

static void cell_forget(struct cell *cell)
{
    for (uint16_t i = 0; i < cell->point_count; i++)
        cell->samples[i] = (struct sample){.point = i, .quality = QUALITY_BAD, .reason = REASON_STARTING};
    cell->text_size = 0;
}

static enum err cell_open(struct cell *cell, struct arena *arena, const struct site_device *device)
{
    CHECK(device->point_count <= SITE_DEVICE_POINTS_MAX);
    for (size_t i = 0; i < device->point_count; i++)
        if (device->points[i].type == VALUE_TEXT)
            cell->texts_max = NEWS_TEXTS_MAX;
    cell->point_count = (uint16_t)device->point_count;
    cell->samples = arena_take(arena, device->point_count, sizeof *cell->samples);
    cell->read_mono_us = arena_take(arena, device->point_count, sizeof *cell->read_mono_us);
    cell->texts = arena_take(arena, cell->texts_max, 1);
    if (cell->samples == NULL || cell->read_mono_us == NULL || cell->texts == NULL)
        return ERR_MEMORY;
    cell_forget(cell);
    return ERR_OK;
}

static enum err take_memory(struct board *board, const struct site *site)
{
    struct arena *arena = &board->arena;
    board->device_count = site->device_count;
    board->rule_count = site->rule_count;
    board->interlock_count = site->interlock_count;
    board->bus_count = site->bus_count;
    board->slave_count = site->slave_count;
    board->centre_count = site->centre_count;
    board->subject_count = site->subject_count;
    board->moves = arena_take(arena, site->subject_count, sizeof *board->moves);
    board->cells = arena_take(arena, site->device_count, sizeof *board->cells);
    board->rules = arena_take(arena, site->rule_count, sizeof *board->rules);
    board->interlocks = arena_take(arena, site->interlock_count, sizeof *board->interlocks);
    board->buses = arena_take(arena, site->bus_count, sizeof *board->buses);
    board->slaves = arena_take(arena, site->slave_count, sizeof *board->slaves);
    board->centres = arena_take(arena, site->centre_count, sizeof *board->centres);
    if (board->cells == NULL || board->rules == NULL || board->interlocks == NULL || board->buses == NULL ||
        board->slaves == NULL || board->centres == NULL || board->moves == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < site->device_count; i++) {
        enum err err = cell_open(&board->cells[i], arena, &site->devices[i]);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

enum err board_open(struct board **ret_board, const struct site *site)
{
    struct board *board = calloc(1, sizeof *board);
    if (board == NULL)
        return ERR_MEMORY;
    if (pthread_mutex_init(&board->mutex, NULL) != 0) {
        free(board);
        return ERR_MEMORY;
    }
    arena_init(&board->arena, SIZE_MAX); /* bounded by the site's own maxima */
    enum err err = take_memory(board, site);
    if (err != ERR_OK) {
        board_close(board);
        return err;
    }
    *ret_board = board;
    return ERR_OK;
}

void board_close(struct board *board)
{
    if (board == NULL)
        return;
    arena_close(&board->arena);
    (void)pthread_mutex_destroy(&board->mutex);
    free(board);
}

static void lock(struct board *board)
{
    CHECK(pthread_mutex_lock(&board->mutex) == 0);
}

static void unlock(struct board *board)
{
    CHECK(pthread_mutex_unlock(&board->mutex) == 0);
}

/* Plain values in and out, each under the lock for one copy. */
static void copy(struct board *board, void *to, const void *from, size_t size)
{
    lock(board);
    memcpy(to, from, size);
    unlock(board);
}

/* Points that the writer leaves out were never read: they say so instead of keeping an older value. */
void board_put_device(struct board *board, size_t device, int64_t utc_ms, const struct sample *samples,
                      size_t sample_count, const char *texts, size_t text_size)
{
    CHECK(device < board->device_count);
    struct cell *cell = &board->cells[device];
    CHECK(sample_count <= cell->point_count && text_size <= NEWS_TEXTS_MAX);
    lock(board);
    cell_forget(cell);
    cell->utc_ms = utc_ms;
    for (size_t i = 0; i < sample_count; i++) {
        CHECK(samples[i].point < cell->point_count);
        cell->samples[samples[i].point] = samples[i];
    }
    if (cell->texts_max > 0 && text_size > 0) {
        memcpy(cell->texts, texts, text_size);
        cell->text_size = (uint16_t)text_size;
    }
    unlock(board);
}

void board_put_ages(struct board *board, size_t device, const int64_t *read_mono_us, size_t count)
{
    CHECK(device < board->device_count && count <= board->cells[device].point_count);
    copy(board, board->cells[device].read_mono_us, read_mono_us, count * sizeof *read_mono_us);
}

void board_get_device(struct board *board, size_t device, struct board_device *ret_value)
{
    CHECK(device < board->device_count);
    const struct cell *cell = &board->cells[device];
    lock(board);
    ret_value->utc_ms = cell->utc_ms;
    ret_value->sample_count = cell->point_count;
    ret_value->text_size = cell->text_size;
    memcpy(ret_value->texts, cell->texts, cell->text_size);
    memcpy(ret_value->samples, cell->samples, cell->point_count * sizeof *cell->samples);
    memcpy(ret_value->read_mono_us, cell->read_mono_us, cell->point_count * sizeof *cell->read_mono_us);
    unlock(board);
}

void board_put_rule(struct board *board, size_t rule, const struct board_rule *value)
{
    CHECK(rule < board->rule_count);
    copy(board, &board->rules[rule], value, sizeof *value);
}

void board_get_rule(struct board *board, size_t rule, struct board_rule *ret_value)
{
    CHECK(rule < board->rule_count);
    copy(board, ret_value, &board->rules[rule], sizeof *ret_value);
}

void board_put_alarms(struct board *board, const struct tally_alarms *value)
{
    copy(board, &board->alarms, value, sizeof *value);
}

void board_get_alarms(struct board *board, struct tally_alarms *ret_value)
{
    copy(board, ret_value, &board->alarms, sizeof *ret_value);
}

void board_add_move(struct board *board, size_t subject)
{
    CHECK(subject < board->subject_count);
    lock(board);
    board->moves[subject]++;
    board->all_moves++;
    unlock(board);
}

uint32_t board_get_moves(struct board *board, size_t subject)
{
    uint32_t moves = 0;
    CHECK(subject < board->subject_count);
    copy(board, &moves, &board->moves[subject], sizeof moves);
    return moves;
}

uint64_t board_all_moves(struct board *board)
{
    uint64_t moves = 0;
    copy(board, &moves, &board->all_moves, sizeof moves);
    return moves;
}

void board_put_interlock(struct board *board, size_t interlock, const struct board_interlock *value)
{
    CHECK(interlock < board->interlock_count);
    copy(board, &board->interlocks[interlock], value, sizeof *value);
}

void board_get_interlock(struct board *board, size_t interlock, struct board_interlock *ret_value)
{
    CHECK(interlock < board->interlock_count);
    copy(board, ret_value, &board->interlocks[interlock], sizeof *ret_value);
}

void board_put_drill(struct board *board, const struct board_drill *value)
{
    copy(board, &board->drill, value, sizeof *value);
}

void board_get_drill(struct board *board, struct board_drill *ret_value)
{
    copy(board, ret_value, &board->drill, sizeof *ret_value);
}

void board_put_bus(struct board *board, size_t bus, const struct board_bus *value)
{
    CHECK(bus < board->bus_count);
    copy(board, &board->buses[bus], value, sizeof *value);
}

void board_get_bus(struct board *board, size_t bus, struct board_bus *ret_value)
{
    CHECK(bus < board->bus_count);
    copy(board, ret_value, &board->buses[bus], sizeof *ret_value);
}

void board_put_slave(struct board *board, size_t slave, const struct board_slave *value)
{
    CHECK(slave < board->slave_count);
    copy(board, &board->slaves[slave], value, sizeof *value);
}

void board_get_slave(struct board *board, size_t slave, struct board_slave *ret_value)
{
    CHECK(slave < board->slave_count);
    copy(board, ret_value, &board->slaves[slave], sizeof *ret_value);
}

void board_put_centre(struct board *board, size_t centre, const struct board_centre *value)
{
    CHECK(centre < board->centre_count);
    copy(board, &board->centres[centre], value, sizeof *value);
}

void board_get_centre(struct board *board, size_t centre, struct board_centre *ret_value)
{
    CHECK(centre < board->centre_count);
    copy(board, ret_value, &board->centres[centre], sizeof *ret_value);
}

void board_put_journal(struct board *board, const struct board_journal *value)
{
    copy(board, &board->journal, value, sizeof *value);
}

void board_get_journal(struct board *board, struct board_journal *ret_value)
{
    copy(board, ret_value, &board->journal, sizeof *ret_value);
}
