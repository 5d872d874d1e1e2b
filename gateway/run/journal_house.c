/* The journal keeps house: how large it is, what was written and may still be, and what may go: what every centre has and is
 * old, the oldest telemetry, and of telemetry that is old what says least. */
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/core/thin.h"
#include "gateway/run/journal_private.h"

#define THIN_COUNT 400 /* records looked at, and thinned in one transaction */

uint64_t journal_take_written(struct journal *journal)
{
    uint64_t pages = 0;
    for (enum lane lane = LANE_A; lane < LANE_COUNT; lane++) {
        int written = 0;
        int highest = 0;
        sqlite3 *db = journal->files[lane].db;
        if (db != NULL && sqlite3_db_status(db, SQLITE_DBSTATUS_CACHE_WRITE, &written, &highest, 1) == SQLITE_OK)
            pages += (uint64_t)written;
    }
    return pages * JOURNAL_PAGE_SIZE * 7 / 4;
}

enum err journal_put_purse(struct journal *journal, const struct journal_purse *purse)
{
    char value[160];
    CHECK(journal->files[LANE_T].in_transaction);
    (void)snprintf(value, sizeof value, "%" PRIu64 " %" PRId64 " %" PRId64 " %s", purse->saved, purse->utc_ms,
                   purse->mono_ms, journal->machine_boot_id);
    int const code = journal_set_meta_text(journal->files[LANE_T].db, "purse", value);
    return code == SQLITE_OK ? ERR_OK : journal_fail(journal, LANE_T, "write what the flash budget has left", code);
}

enum err journal_get_purse(struct journal *journal, struct journal_purse *ret_purse)
{
    char value[160];
    char *end = value;
    if (!journal_is_open(journal, LANE_T))
        return ERR_CLOSED;
    if (!journal_get_meta_text(journal->files[LANE_T].db, "purse", value, sizeof value))
        return ERR_NOT_FOUND;
    struct journal_purse purse = {.is_exact = journal->was_clean};
    purse.saved = strtoull(end, &end, 10);
    purse.utc_ms = strtoll(end, &end, 10);
    purse.mono_ms = strtoll(end, &end, 10);
    if (*end != ' ')
        return ERR_NOT_FOUND;
    if (journal->machine_boot_id[0] == '\0' || strcmp(end + 1, journal->machine_boot_id) != 0)
        purse.mono_ms = 0;
    *ret_purse = purse;
    return ERR_OK;
}

enum err journal_size(struct journal *journal, enum lane lane, uint64_t *ret_size)
{
    if (!journal_is_open(journal, lane))
        return ERR_CLOSED;
    enum err err = journal_query(journal, lane, SQL_PAGES, "count its pages");
    if (err != ERR_OK)
        return err;
    uint64_t const pages = journal_column_number(journal_statement(journal, lane, SQL_PAGES), 0);
    (void)sqlite3_reset(journal_statement(journal, lane, SQL_PAGES));
    err = journal_query(journal, lane, SQL_FREE_PAGES, "count its pages");
    if (err != ERR_OK)
        return err;
    uint64_t const free_pages = journal_column_number(journal_statement(journal, lane, SQL_FREE_PAGES), 0);
    (void)sqlite3_reset(journal_statement(journal, lane, SQL_FREE_PAGES));
    *ret_size = (pages - free_pages) * JOURNAL_PAGE_SIZE;
    return ERR_OK;
}

/* The highest of the oldest `count` numbers below the newest; ERR_EMPTY: there is none. */
static enum err nth_oldest(struct journal *journal, enum lane lane, unsigned count, uint64_t *ret_first,
                           uint64_t *ret_last, uint64_t *ret_count)
{
    sqlite3_stmt *nth = journal_statement(journal, lane, SQL_NTH);
    journal_bind_number(nth, 1, count);
    journal_bind_number(nth, 2, journal->files[lane].last);
    enum err err = journal_query(journal, lane, SQL_NTH, "look for its oldest records");
    if (err != ERR_OK)
        return err;
    uint64_t const last = journal_column_number(nth, 0);
    uint64_t const found = journal_column_number(nth, 1);
    (void)sqlite3_reset(nth);
    if (found == 0)
        return ERR_EMPTY;
    sqlite3_stmt *oldest = journal_statement(journal, lane, SQL_OLDEST);
    err = journal_query(journal, lane, SQL_OLDEST, "look for its oldest records");
    if (err != ERR_OK)
        return err;
    *ret_first = journal_column_number(oldest, 0);
    (void)sqlite3_reset(oldest);
    *ret_last = last;
    *ret_count = found;
    return ERR_OK;
}

static enum err delete_to(struct journal *journal, enum lane lane, uint64_t last)
{
    journal_bind_number(journal_statement(journal, lane, SQL_DELETE_TO), 1, last);
    return journal_run(journal, lane, SQL_DELETE_TO, "delete old records");
}

enum err journal_put_gone(struct journal *journal, uint64_t first, uint64_t last, const char *why)
{
    sqlite3_stmt *newest = journal_statement(journal, LANE_T, SQL_LAST_GAP);
    journal_bind_number(newest, 1, journal->gap_declared[LANE_T]);
    (void)sqlite3_bind_text(newest, 2, why, -1, SQLITE_STATIC);
    enum err err = journal_query(journal, LANE_T, SQL_LAST_GAP, "read a gap");
    uint64_t const id = err == ERR_OK ? journal_column_number(newest, 0) : 0;
    bool const grows = err == ERR_OK && first > journal_column_number(newest, 1);
    if (err == ERR_OK)
        (void)sqlite3_reset(newest);
    if (err == ERR_EMPTY || (err == ERR_OK && !grows)) {
        struct journal_gap gap = {.first = first, .last = last};
        text_copy(gap.why, sizeof gap.why, why);
        return journal_put_gap(journal, LANE_T, &gap);
    }
    if (err != ERR_OK)
        return err;
    journal_bind_number(journal_statement(journal, LANE_T, SQL_EXTEND_GAP), 1, id);
    journal_bind_number(journal_statement(journal, LANE_T, SQL_EXTEND_GAP), 2, last);
    return journal_run(journal, LANE_T, SQL_EXTEND_GAP, "write a gap");
}

enum err journal_evict(struct journal *journal, unsigned count, uint64_t *ret_evicted)
{
    uint64_t first = 0;
    uint64_t last = 0;
    uint64_t found = 0;
    enum err err = journal_begin(journal, LANE_T);
    if (err == ERR_OK) {
        err = nth_oldest(journal, LANE_T, count, &first, &last, &found);
        if (err == ERR_EMPTY) {
            *ret_evicted = 0;
            return journal_commit(journal, LANE_T);
        }
    }
    if (err == ERR_OK)
        err = delete_to(journal, LANE_T, last);
    if (err == ERR_OK)
        err = journal_put_gone(journal, first, last, "size");
    if (err == ERR_OK)
        err = journal_commit(journal, LANE_T);
    if (err == ERR_OK)
        *ret_evicted = found;
    return err;
}

/* --- thinning --- */

/* Numbers of the records that are looked at together, with what thin.h makes of them. */
static enum err look_at_some(struct journal *journal, const struct journal_thinning *how, struct thin *thin,
                             uint64_t *ret_numbers, size_t *ret_count)
{
    sqlite3_stmt *read = journal_statement(journal, LANE_T, SQL_SOME);
    journal_bind_number(read, 1, how->from);
    journal_bind_number(read, 2, journal->files[LANE_T].last);
    (void)sqlite3_bind_int64(read, 3, how->before_utc_ms);
    size_t count = 0;
    enum err err = ERR_OK;
    thin_begin(thin, how->bucket_ms);
    while (count < THIN_COUNT && (err = journal_query(journal, LANE_T, SQL_SOME, "read old records")) == ERR_OK) {
        const char *topic = (const char *)sqlite3_column_text(read, 2);
        const char *payload = sqlite3_column_blob(read, 3);
        ret_numbers[count++] = journal_column_number(read, 0);
        CHECK(thin_add(thin, sqlite3_column_int64(read, 1), topic != NULL ? topic : "", payload != NULL ? payload : "",
                       (size_t)sqlite3_column_bytes(read, 3)));
    }
    if (count == THIN_COUNT)
        err = ERR_OK;
    (void)sqlite3_reset(read);
    *ret_count = count;
    return err == ERR_EMPTY ? ERR_OK : err;
}

static enum err delete_one(struct journal *journal, uint64_t number)
{
    journal_bind_number(journal_statement(journal, LANE_T, SQL_DELETE_ONE), 1, number);
    return journal_run(journal, LANE_T, SQL_DELETE_ONE, "delete old records");
}

static enum err thin_out(struct journal *journal, struct thin *thin, const uint64_t *numbers, size_t count,
                         uint64_t *ret_gone)
{
    uint64_t first = 0;
    uint64_t last = 0;
    uint64_t gone = 0;
    enum err err = journal_begin(journal, LANE_T);
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        if (thin_keeps(thin, i))
            continue;
        err = delete_one(journal, numbers[i]);
        first = first > 0 ? first : numbers[i];
        last = numbers[i];
        gone++;
    }
    if (err == ERR_OK && gone > 0)
        err = journal_put_gone(journal, first, last, "thin");
    if (err == ERR_OK)
        err = journal_commit(journal, LANE_T);
    if (err == ERR_OK)
        *ret_gone = gone;
    return err;
}

enum err journal_thin(struct journal *journal, const struct journal_thinning *how, struct thin *thin,
                      struct journal_thinned *ret_thinned)
{
    uint64_t numbers[THIN_COUNT];
    struct journal_thinned thinned = {.next = how->from};
    size_t count = 0;
    if (!journal_is_open(journal, LANE_T))
        return ERR_CLOSED;
    enum err err = look_at_some(journal, how, thin, numbers, &count);
    if (err == ERR_OK && count > 0)
        err = thin_out(journal, thin, numbers, count, &thinned.gone);
    if (err != ERR_OK)
        return err;
    thinned.looked_at = count;
    if (count > 0)
        thinned.next = numbers[count - 1] + 1;
    *ret_thinned = thinned;
    return ERR_OK;
}

/* --- what everybody has --- */

static enum err expirable(struct journal *journal, enum lane lane, uint64_t lw, int64_t before_utc_ms, unsigned count,
                          uint64_t *ret_last, uint64_t *ret_count)
{
    sqlite3_stmt *find = journal_statement(journal, lane, SQL_EXPIRABLE);
    uint64_t const last = journal->files[lane].last; /* stays: numbers go on from it */
    uint64_t const upto =
        lw < last ? lw : last - 1; /* one bound: of two SQLite would look at every row below the larger */
    journal_bind_number(find, 1, count);
    journal_bind_number(find, 2, last > 0 ? upto : 0);
    (void)sqlite3_bind_int64(find, 3, before_utc_ms);
    enum err err = journal_query(journal, lane, SQL_EXPIRABLE, "look for old records");
    if (err != ERR_OK)
        return err;
    *ret_last = journal_column_number(find, 0);
    *ret_count = journal_column_number(find, 1);
    (void)sqlite3_reset(find);
    return ERR_OK;
}

enum err journal_expire(struct journal *journal, enum lane lane, uint64_t lw, int64_t before_utc_ms, unsigned count,
                        uint64_t *ret_expired)
{
    uint64_t last = 0;
    uint64_t found = 0;
    if (!journal_is_open(journal, lane))
        return ERR_CLOSED;
    enum err err = expirable(journal, lane, lw, before_utc_ms, count, &last, &found);
    if (err == ERR_OK && found > 0) {
        err = journal_begin(journal, lane);
        if (err == ERR_OK)
            err = delete_to(journal, lane, last);
        if (err == ERR_OK) {
            journal_bind_number(journal_statement(journal, lane, SQL_FORGET_GAPS), 1, journal->gap_declared[lane]);
            err = journal_run(journal, lane, SQL_FORGET_GAPS, "delete old gaps");
        }
        if (err == ERR_OK)
            err = journal_commit(journal, lane);
    }
    if (err == ERR_OK)
        *ret_expired = found;
    return err;
}

enum err journal_note(struct journal *journal, enum lane lane, uint64_t lw, bool always)
{
    struct journal_file *file = &journal->files[lane];
    enum lane const other = lane == LANE_A ? LANE_T : LANE_A;
    bool const ahead = lane == LANE_T && journal->tail.reserved > file->last;
    uint64_t const high = ahead ? journal->tail.reserved : file->last;
    file->lw = lw;
    bool const due = !file->noted || high >= file->noted_last + JOURNAL_NOTE_EVERY;
    if (!journal_is_open(journal, lane) || !journal_is_open(journal, other) || (!due && !always))
        return ERR_OK;
    enum err err = journal_begin(journal, other);
    if (err == ERR_OK)
        err = journal_put_meta_number(journal, other, lane == LANE_A ? "note_a_high" : "note_t_high", high);
    if (err == ERR_OK)
        err = journal_put_meta_number(journal, other, lane == LANE_A ? "note_a_lw" : "note_t_lw", lw);
    if (err == ERR_OK)
        err = journal_commit(journal, other);
    if (err == ERR_OK) {
        file->noted = true;
        file->noted_last = high;
    }
    return err;
}
