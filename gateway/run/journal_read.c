/* The senders' view of the journal: what it knows of itself, of a centre, of states, archives and orders; snapshots. */
#include <sqlite3.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/run/journal_read_private.h"

enum err journal_reader_facts(struct journal_reader *reader, struct journal_facts *ret_facts)
{
    struct journal_facts facts = {{0}, 0};
    uint64_t boot = 0;
    sqlite3 *db = reader->files[LANE_A].db;
    if (!journal_get_meta_text(db, "stream", facts.stream, sizeof facts.stream) ||
        !journal_get_meta_number(db, "boot", &boot))
        return ERR_NOT_FOUND;
    facts.boot = (uint32_t)boot;
    *ret_facts = facts;
    return ERR_OK;
}

/* Of the tail; 0, 0: none, or it is empty. */
static enum err tail_bounds(struct journal_reader *reader, uint64_t *ret_oldest, uint64_t *ret_last)
{
    enum err err;
    *ret_oldest = *ret_last = 0;
    sqlite3_stmt *statement = journal_reader_take(reader, LANE_TAIL, READ_BOUNDS, &err);
    if (statement == NULL)
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    err = journal_reader_step(statement);
    if (err != ERR_OK)
        return err;
    *ret_oldest = journal_reader_number(statement, 0);
    *ret_last = journal_reader_number(statement, 1);
    (void)sqlite3_reset(statement);
    return ERR_OK;
}

static enum err file_bounds(struct journal_reader *reader, enum lane lane, uint64_t *ret_oldest, uint64_t *ret_last)
{
    enum err err;
    sqlite3_stmt *statement = journal_reader_take(reader, lane, READ_BOUNDS, &err);
    if (statement == NULL)
        return err;
    err = journal_reader_step(statement);
    if (err != ERR_OK)
        return err;
    uint64_t const first = journal_reader_number(statement, 2) > 0 ? journal_reader_number(statement, 2) : 1;
    uint64_t const last = journal_reader_number(statement, 1);
    uint64_t const oldest = journal_reader_number(statement, 0);
    (void)sqlite3_reset(statement);
    const struct reader_file *file = &reader->files[lane];
    *ret_last = last >= first ? last : first - 1;
    *ret_oldest = oldest > 0 ? oldest : *ret_last + 1;
    if (file->salvage_last > 0 && file->salvage_first < *ret_oldest) /* it may come back */
        *ret_oldest = file->salvage_first;
    return ERR_OK;
}

static enum err bounds(struct journal_reader *reader, enum lane lane, uint64_t *ret_oldest, uint64_t *ret_last)
{
    uint64_t tail_oldest = 0;
    uint64_t tail_last = 0;
    uint64_t oldest = 0;
    uint64_t last = 0;
    enum err err = lane == LANE_T ? tail_bounds(reader, &tail_oldest, &tail_last) : ERR_OK;
    if (err == ERR_OK)
        err = file_bounds(reader, lane, &oldest, &last);
    if (err != ERR_OK)
        return err;
    if (oldest > last && tail_oldest > last)
        oldest = tail_oldest;
    *ret_oldest = oldest;
    *ret_last = tail_last > last ? tail_last : last;
    return ERR_OK;
}

enum err journal_reader_last(struct journal_reader *reader, enum lane lane, uint64_t *ret_last)
{
    uint64_t oldest;
    return bounds(reader, lane, &oldest, ret_last);
}

static enum err file_cursor(struct journal_reader *reader, enum lane lane, const char *centre,
                            struct journal_cursor *ret_cursor)
{
    enum err err;
    sqlite3_stmt *statement = journal_reader_take(reader, lane, READ_CURSOR, &err);
    if (statement == NULL)
        return err;
    (void)sqlite3_bind_text(statement, 1, centre, -1, SQLITE_STATIC);
    err = journal_reader_step(statement);
    if (err != ERR_OK)
        return err;
    struct journal_cursor cursor = {.lw = journal_reader_number(statement, 0)};
    const char *ranges = (const char *)sqlite3_column_text(statement, 1);
    journal_parse_ranges(ranges != NULL ? ranges : "", &cursor);
    (void)sqlite3_reset(statement);
    *ret_cursor = cursor;
    return ERR_OK;
}

enum err journal_reader_cursor(struct journal_reader *reader, enum lane lane, const char *centre,
                               struct journal_cursor *ret_cursor)
{
    struct journal_cursor newer = {.lw = 0};
    uint64_t oldest;
    uint64_t last;
    enum err err = lane == LANE_T ? file_cursor(reader, LANE_TAIL, centre, &newer) : ERR_EMPTY;
    bool const in_tail = err == ERR_OK;
    if (err == ERR_OK || err == ERR_EMPTY || err == ERR_NOT_FOUND)
        err = file_cursor(reader, lane, centre, ret_cursor);
    if (in_tail && (err == ERR_EMPTY || (err == ERR_OK && newer.lw >= ret_cursor->lw))) {
        *ret_cursor = newer;
        return ERR_OK;
    }
    if (err != ERR_EMPTY)
        return err;
    err = bounds(reader, lane, &oldest, &last);
    if (err == ERR_OK)
        *ret_cursor = (struct journal_cursor){.lw = oldest - 1};
    return err;
}

/* The highest number above *number that was made before `since`; *number stays when there is none. */
static enum err newest_before(struct journal_reader *reader, enum lane lane, int64_t since_utc_ms, uint64_t *ret_number)
{
    enum err err;
    sqlite3_stmt *statement = journal_reader_take(reader, lane, READ_SINCE, &err);
    if (statement == NULL)
        return err;
    (void)sqlite3_bind_int64(statement, 1, (int64_t)*ret_number);
    (void)sqlite3_bind_int64(statement, 2, since_utc_ms);
    err = journal_reader_step(statement);
    if (err == ERR_OK) {
        *ret_number = journal_reader_number(statement, 0);
        (void)sqlite3_reset(statement);
    }
    return err == ERR_EMPTY ? ERR_OK : err;
}

enum err journal_reader_since(struct journal_reader *reader, int64_t since_utc_ms, uint64_t count_max,
                              uint64_t *ret_first)
{
    uint64_t oldest;
    uint64_t last;
    enum err err = bounds(reader, LANE_T, &oldest, &last);
    if (err != ERR_OK)
        return err;
    uint64_t older = last > count_max ? last - count_max : 0;
    err = newest_before(reader, LANE_TAIL, since_utc_ms, &older);
    if (err == ERR_OK || err == ERR_NOT_FOUND)
        err = newest_before(reader, LANE_T, since_utc_ms, &older);
    if (err == ERR_OK)
        *ret_first = older + 1;
    return err;
}

enum err journal_reader_oldest(struct journal_reader *reader, enum lane lane, uint64_t *ret_oldest)
{
    uint64_t last;
    return bounds(reader, lane, ret_oldest, &last);
}

enum err journal_reader_seek_states(struct journal_reader *reader, const char *subject)
{
    enum err err;
    sqlite3_stmt *statement = journal_reader_take(reader, LANE_A, READ_STATES, &err);
    if (statement != NULL)
        (void)sqlite3_bind_text(statement, 1, subject, -1, SQLITE_STATIC);
    return err;
}

enum err journal_reader_next_state(struct journal_reader *reader, struct journal_state *ret_state)
{
    enum err err = journal_reader_step(reader->files[LANE_A].sql[READ_STATES]);
    if (err == ERR_OK)
        journal_read_state(reader->files[LANE_A].sql[READ_STATES], ret_state);
    return err;
}

void journal_reader_rest_states(struct journal_reader *reader)
{
    (void)sqlite3_reset(reader->files[LANE_A].sql[READ_STATES]);
}

static void take_column(sqlite3_stmt *statement, int at, char *to, size_t to_size)
{
    const char *found = (const char *)sqlite3_column_text(statement, at);
    text_copy(to, to_size, found != NULL ? found : "");
}

enum err journal_reader_next_registry(struct journal_reader *reader, const char *centre, const char *dev, bool every,
                                      struct journal_registry *ret_registry)
{
    enum err err;
    sqlite3_stmt *statement = journal_reader_take(reader, LANE_A, READ_REGISTRY, &err);
    if (statement == NULL)
        return err;
    (void)sqlite3_bind_text(statement, 1, centre, -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(statement, 2, dev, -1, SQLITE_TRANSIENT);
    (void)sqlite3_bind_int(statement, 3, every ? 1 : 0);
    err = journal_reader_step(statement);
    if (err != ERR_OK)
        return err;
    take_column(statement, 0, ret_registry->dev, sizeof ret_registry->dev);
    ret_registry->rev = (uint32_t)journal_reader_number(statement, 1);
    take_column(statement, 2, ret_registry->sha256, sizeof ret_registry->sha256);
    take_column(statement, 3, ret_registry->acked, sizeof ret_registry->acked);
    (void)sqlite3_reset(statement);
    return ERR_OK;
}

enum err journal_reader_order(struct journal_reader *reader, const char *centre, const char *id,
                              struct journal_order *ret_order)
{
    enum err err;
    sqlite3_stmt *statement = journal_reader_take(reader, LANE_A, READ_ORDER, &err);
    if (statement == NULL)
        return err;
    (void)sqlite3_bind_text(statement, 1, centre, -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(statement, 2, id, -1, SQLITE_STATIC);
    err = journal_reader_step(statement);
    if (err == ERR_OK) {
        *ret_order = (struct journal_order){.centre = centre,
                                            .at_utc_ms = (int64_t)journal_reader_number(statement, 3),
                                            .answered = sqlite3_column_type(statement, 0) != SQLITE_NULL};
        text_copy(ret_order->id, sizeof ret_order->id, id);
        take_column(statement, 0, ret_order->code, sizeof ret_order->code);
        take_column(statement, 1, ret_order->why, sizeof ret_order->why);
        take_column(statement, 2, ret_order->detail, sizeof ret_order->detail);
    }
    (void)sqlite3_reset(statement);
    return err == ERR_EMPTY ? ERR_NOT_FOUND : err;
}

/* --- snapshots --- */

/* Pins the tail's snapshot, or that there is none. */
static enum err begin_tail(struct journal_reader *reader)
{
    enum err err;
    uint64_t oldest;
    uint64_t last;
    sqlite3_stmt *statement = journal_reader_take(reader, LANE_TAIL, READ_BEGIN, &err);
    reader->without_tail = err == ERR_NOT_FOUND;
    if (statement == NULL)
        return reader->without_tail ? ERR_OK : err;
    err = journal_reader_step(statement);
    return err == ERR_EMPTY ? tail_bounds(reader, &oldest, &last) : err;
}

static void end_one(struct journal_reader *reader, enum lane lane)
{
    enum err err;
    const struct reader_file *file = &reader->files[lane];
    if (file->db == NULL || sqlite3_get_autocommit(file->db) != 0)
        return;
    sqlite3_stmt *statement = journal_reader_take(reader, lane, READ_END, &err);
    if (statement != NULL)
        (void)journal_reader_step(statement);
}

enum err journal_reader_begin(struct journal_reader *reader, enum lane lane)
{
    enum err err = lane == LANE_T ? begin_tail(reader) : ERR_OK;
    sqlite3_stmt *statement = err == ERR_OK ? journal_reader_take(reader, lane, READ_BEGIN, &err) : NULL;
    if (statement != NULL)
        err = journal_reader_step(statement);
    if (err == ERR_EMPTY)
        return ERR_OK;
    journal_reader_end(reader, lane);
    return err;
}

void journal_reader_end(struct journal_reader *reader, enum lane lane)
{
    end_one(reader, lane);
    if (lane != LANE_T)
        return;
    end_one(reader, LANE_TAIL);
    reader->without_tail = false;
}
