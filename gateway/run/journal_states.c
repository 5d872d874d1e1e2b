/* What alarms.db holds besides records: the states of rules, interlocks and whatever outlives a start, the archives that were
 * published, and the orders of the centres. */
#include <sqlite3.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/run/journal_private.h"

/* --- states --- */

static const char *const kind_words[] = {
    [STORED_RULE] = "rule", [STORED_INTERLOCK] = "interlock", [STORED_HOLD] = "hold", [STORED_DRILL] = "drill",
    [STORED_DUE] = "due",   [STORED_CYLINDER] = "cylinder"};
static const char *const interlock_words[] = {
    [STORED_READY] = "ready", [STORED_TRIPPED] = "tripped", [STORED_RELEASING] = "releasing"};
static const char *const drill_words[] = {[STORED_OVER] = "over", [STORED_RUNNING] = "running"};

enum err journal_put_state(struct journal *journal, const struct journal_state *state)
{
    CHECK(journal->files[LANE_A].in_transaction && (size_t)state->kind < ARRAY_SIZE(kind_words));
    sqlite3_stmt *put = journal_statement(journal, LANE_A, SQL_PUT_STATE);
    const char *word = interlock_words[state->state % ARRAY_SIZE(interlock_words)];
    if (state->kind == STORED_RULE)
        word = alarm_state_text((enum alarm_state)state->state);
    else if (state->kind == STORED_DRILL)
        word = drill_words[state->state % ARRAY_SIZE(drill_words)];
    journal_bind_text(put, 1, kind_words[state->kind]);
    journal_bind_text(put, 2, state->subject);
    journal_bind_text(put, 3, state->name);
    journal_bind_number(put, 4, state->sub);
    journal_bind_text(put, 5, word);
    journal_bind_number(put, 6, state->flags);
    journal_bind_number(put, 7, state->occurrence);
    journal_bind_number(put, 8, state->quality);
    journal_bind_number(put, 9, state->has_value ? 1 : 0);
    (void)sqlite3_bind_int64(put, 10, state->since_utc_ms);
    (void)sqlite3_bind_int64(put, 11, state->pending_mono_ms);
    (void)sqlite3_bind_double(put, 12, state->value);
    journal_bind_text(put, 13, state->cls);
    journal_bind_text(put, 14, state->priority);
    (void)sqlite3_bind_int64(put, 15, state->until_mono_ms);
    (void)sqlite3_bind_int64(put, 16, state->until_utc_ms);
    journal_bind_number(put, 17, state->told);
    journal_bind_number(put, 18, state->count);
    journal_bind_number(put, 19, state->cleared_ms);
    for (int i = 0; i < STORED_ACTIVATIONS; i++)
        (void)sqlite3_bind_int64(put, 20 + i, state->active_mono_ms[i]);
    return journal_run(journal, LANE_A, SQL_PUT_STATE, "write a state");
}

static uint8_t state_from_word(enum stored_kind kind, const char *word)
{
    if (kind == STORED_DRILL)
        return strcmp(word, drill_words[STORED_RUNNING]) == 0 ? STORED_RUNNING : STORED_OVER;
    for (unsigned i = 0; kind != STORED_RULE && i < ARRAY_SIZE(interlock_words); i++)
        if (strcmp(word, interlock_words[i]) == 0)
            return (uint8_t)i;
    if (kind != STORED_RULE)
        return STORED_TRIPPED;
    for (unsigned i = 0; i < ALARM_STATE_COUNT; i++)
        if (strcmp(word, alarm_state_text((enum alarm_state)i)) == 0)
            return (uint8_t)i;
    return ALARM_UNACK; /* a word we do not know is something somebody should look at */
}

static enum stored_kind kind_from_word(const char *word)
{
    for (size_t i = 0; i < ARRAY_SIZE(kind_words); i++)
        if (strcmp(word, kind_words[i]) == 0)
            return (enum stored_kind)i;
    return STORED_HOLD; /* a hold without a class that knows it is ignored by the judge */
}

/* Columns of the table state, in its order; the strings stay in the row. */
void journal_read_state(sqlite3_stmt *row, struct journal_state *ret_state)
{
    enum stored_kind const kind = kind_from_word(journal_column_text(row, 0));
    *ret_state = (struct journal_state){
        .kind = kind,
        .subject = journal_column_text(row, 1),
        .name = journal_column_text(row, 2),
        .sub = (uint8_t)journal_column_number(row, 3),
        .state = state_from_word(kind, journal_column_text(row, 4)),
        .flags = (uint16_t)journal_column_number(row, 5),
        .occurrence = journal_column_number(row, 6),
        .quality = (uint8_t)journal_column_number(row, 7),
        .has_value = sqlite3_column_int(row, 8) != 0,
        .since_utc_ms = sqlite3_column_int64(row, 9),
        .pending_mono_ms = sqlite3_column_int64(row, 10),
        .value = sqlite3_column_double(row, 11),
        .cls = journal_column_text(row, 12),
        .priority = journal_column_text(row, 13),
        .until_mono_ms = sqlite3_column_int64(row, 14),
        .until_utc_ms = sqlite3_column_int64(row, 15),
        .told = (uint8_t)journal_column_number(row, 16),
        .count = (uint32_t)journal_column_number(row, 17),
        .cleared_ms = (uint32_t)journal_column_number(row, 18),
        .active_mono_ms = {sqlite3_column_int64(row, 19), sqlite3_column_int64(row, 20)},
    };
}

/* The row is left at once, so that no read stays open while something is written: its strings move into the journal. */
static void keep_strings(struct journal *journal, struct journal_state *state)
{
    text_copy(journal->row.subject, sizeof journal->row.subject, state->subject);
    text_copy(journal->row.name, sizeof journal->row.name, state->name);
    text_copy(journal->row.cls, sizeof journal->row.cls, state->cls);
    text_copy(journal->row.priority, sizeof journal->row.priority, state->priority);
    state->subject = journal->row.subject;
    state->name = journal->row.name;
    state->cls = journal->row.cls;
    state->priority = journal->row.priority;
}

enum err journal_next_state(struct journal *journal, struct journal_state *state)
{
    if (!journal_is_open(journal, LANE_A))
        return ERR_CLOSED;
    sqlite3_stmt *next = journal_statement(journal, LANE_A, SQL_NEXT_STATE);
    bool const from_first = state->subject == NULL;
    journal_bind_text(next, 1, from_first ? "" : kind_words[state->kind]);
    (void)sqlite3_bind_text(next, 2, from_first ? "" : state->subject, -1, SQLITE_TRANSIENT);
    (void)sqlite3_bind_text(next, 3, from_first ? "" : state->name, -1, SQLITE_TRANSIENT);
    journal_bind_number(next, 4, from_first ? 0 : state->sub);
    enum err err = journal_query(journal, LANE_A, SQL_NEXT_STATE, "read a state");
    if (err != ERR_OK)
        return err;
    journal_read_state(next, state);
    keep_strings(journal, state);
    (void)sqlite3_reset(next);
    return ERR_OK;
}

/* --- archives --- */

enum err journal_put_registry(struct journal *journal, const char *dev, uint32_t rev, const char *sha256)
{
    CHECK(journal->files[LANE_A].in_transaction);
    sqlite3_stmt *put = journal_statement(journal, LANE_A, SQL_PUT_REGISTRY);
    journal_bind_text(put, 1, dev);
    journal_bind_number(put, 2, rev);
    journal_bind_text(put, 3, sha256);
    return journal_run(journal, LANE_A, SQL_PUT_REGISTRY, "write a registry");
}

enum err journal_put_registry_acked(struct journal *journal, const char *centre, const char *dev, const char *sha256)
{
    CHECK(journal->files[LANE_A].in_transaction);
    sqlite3_stmt *put = journal_statement(journal, LANE_A, SQL_PUT_REGISTRY_ACKED);
    journal_bind_text(put, 1, centre);
    journal_bind_text(put, 2, dev);
    journal_bind_text(put, 3, sha256);
    return journal_run(journal, LANE_A, SQL_PUT_REGISTRY_ACKED, "write an acknowledged registry");
}

enum err journal_get_registry(struct journal *journal, const char *dev, uint32_t *ret_rev, char ret_sha256[static 65])
{
    if (!journal_is_open(journal, LANE_A))
        return ERR_CLOSED;
    sqlite3_stmt *get = journal_statement(journal, LANE_A, SQL_GET_REGISTRY);
    journal_bind_text(get, 1, dev);
    enum err err = journal_query(journal, LANE_A, SQL_GET_REGISTRY, "read a registry");
    if (err != ERR_OK)
        return err == ERR_EMPTY ? ERR_NOT_FOUND : err;
    *ret_rev = (uint32_t)journal_column_number(get, 0);
    text_copy(ret_sha256, 65, journal_column_text(get, 1));
    (void)sqlite3_reset(get);
    return ERR_OK;
}

enum err journal_next_registry(struct journal *journal, const char *dev, char ret_dev[static SITE_ID_MAX + 1],
                               bool *ret_gone)
{
    if (!journal_is_open(journal, LANE_A))
        return ERR_CLOSED;
    sqlite3_stmt *next = journal_statement(journal, LANE_A, SQL_NEXT_REGISTRY);
    (void)sqlite3_bind_text(next, 1, dev, -1, SQLITE_TRANSIENT);
    enum err err = journal_query(journal, LANE_A, SQL_NEXT_REGISTRY, "read a registry");
    if (err != ERR_OK)
        return err;
    text_copy(ret_dev, SITE_ID_MAX + 1, journal_column_text(next, 0));
    *ret_gone = sqlite3_column_int(next, 1) != 0;
    (void)sqlite3_reset(next);
    return ERR_OK;
}

/* --- orders --- */

enum err journal_put_order(struct journal *journal, const struct journal_order *order)
{
    CHECK(journal->files[LANE_A].in_transaction);
    enum journal_sql const sql = order->answered ? SQL_ANSWER_ORDER : SQL_PUT_ORDER;
    sqlite3_stmt *put = journal_statement(journal, LANE_A, sql);
    journal_bind_text(put, 1, order->centre);
    journal_bind_text(put, 2, order->id);
    if (order->answered) {
        journal_bind_text(put, 3, order->code);
        journal_bind_text(put, 4, order->why);
        journal_bind_text(put, 5, order->detail);
    } else {
        (void)sqlite3_bind_int64(put, 3, order->at_utc_ms);
    }
    enum err err = journal_run(journal, LANE_A, sql, "write an order");
    if (err != ERR_OK || order->answered)
        return err;
    journal_bind_number(journal_statement(journal, LANE_A, SQL_FORGET_ORDERS), 1, JOURNAL_ORDERS_MAX);
    return journal_run(journal, LANE_A, SQL_FORGET_ORDERS, "forget an order");
}

enum err journal_find_order(struct journal *journal, const char *centre, const char *id)
{
    if (!journal_is_open(journal, LANE_A))
        return ERR_CLOSED;
    sqlite3_stmt *find = journal_statement(journal, LANE_A, SQL_FIND_ORDER);
    journal_bind_text(find, 1, centre);
    journal_bind_text(find, 2, id);
    enum err err = journal_query(journal, LANE_A, SQL_FIND_ORDER, "look for an order");
    if (err == ERR_OK)
        (void)sqlite3_reset(find);
    return err == ERR_EMPTY ? ERR_NOT_FOUND : err;
}
