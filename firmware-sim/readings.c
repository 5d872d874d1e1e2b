#include "firmware-sim/readings.h"

#include <stdlib.h>
#include <string.h>

#define WORDS_AT_ONCE                                                                                                  \
    120 /* even, also in fours: what belongs together in an unknown device most often stays together */
#define ILLEGAL_ADDRESS 2
#define ILLEGAL_VALUE   3

void readings_open(struct readings *readings, struct pool *pool)
{
    *readings = (struct readings){.item_count = 0};
    readings->items = pool_take(pool, READINGS_ITEMS_MAX, sizeof *readings->items);
    readings->rows = pool_take(pool, READINGS_ITEMS_MAX, sizeof *readings->rows);
}

static bool add(struct readings *readings, struct span item, struct text *why)
{
    if (readings->item_count == READINGS_ITEMS_MAX)
        return text_refuse(why, "more than %d registers or points to read; record a part of them", READINGS_ITEMS_MAX);
    readings->items[readings->item_count++] = item;
    return true;
}

bool readings_add_range(struct readings *readings, enum table table, const char *word, struct text *why)
{
    struct sentence part;
    long long first;
    long long last;
    const char *dash = strchr(word, '-');
    text_add(sentence_init(&part), "%.*s", dash == NULL ? (int)strlen(word) : (int)(dash - word), word);
    bool good = text_to_integer(part.bytes, 0, 65535, &first);
    if (!good || !text_to_integer(dash == NULL ? part.bytes : dash + 1, first, 65535, &last))
        return text_refuse(why, "\"%.40s\" is no range of addresses; it looks like 0-99 or 7", word);
    for (long long at = first; at <= last; at++) {
        if (!add(readings, (struct span){.table = table, .address = (uint16_t)at, .count = 1}, why))
            return false;
    }
    return true;
}

static bool add_seed(struct readings *readings, const struct seed *seed, struct text *why)
{
    return add(readings, (struct span){.table = seed->table, .address = seed->part.address, .count = 1}, why);
}

bool readings_add_slave(struct readings *readings, const struct site_slave *slave, struct text *why)
{
    for (size_t i = 0; i < slave->point_count; i++) {
        const struct point *point = &slave->points[i];
        if (!add(readings, (struct span){point->table, point->address, point->count}, why))
            return false;
        for (size_t k = 0; k < point->seed_count; k++) {
            if (!add_seed(readings, &point->seeds[k], why))
                return false;
        }
    }
    return slave->identity == NULL || add_seed(readings, slave->identity, why);
}

static int by_place(const void *a, const void *b)
{
    const struct span *x = a;
    const struct span *y = b;
    if (x->table != y->table)
        return x->table < y->table ? -1 : 1;
    return (x->address > y->address) - (x->address < y->address);
}

static uint32_t end_of(const struct span *span)
{
    return (uint32_t)span->address + span->count;
}

static uint32_t most_of(enum table table)
{
    return table_is_bits(table) ? SPAN_BITS_MAX : WORDS_AT_ONCE;
}

/* The items from `item` on as one read, as long as they fit. */
static struct reading join(const struct readings *readings, size_t item, size_t item_end)
{
    struct reading row = {.where = readings->items[item], .item = item, .item_count = 1};
    for (size_t i = item + 1; i < item_end; i++) {
        const struct span *next = &readings->items[i];
        uint32_t end = end_of(next) > end_of(&row.where) ? end_of(next) : end_of(&row.where);
        if (next->table != row.where.table || next->address > end_of(&row.where) ||
            end - row.where.address > most_of(next->table))
            break;
        row.where.count = (uint16_t)(end - row.where.address);
        row.item_count++;
    }
    return row;
}

void readings_plan(struct readings *readings)
{
    qsort(readings->items, readings->item_count, sizeof *readings->items, by_place);
    readings->count = 0;
    for (size_t item = 0; item < readings->item_count;) {
        struct reading row = join(readings, item, readings->item_count);
        item += row.item_count;
        readings->rows[readings->count++] = row;
    }
}

bool readings_turn(struct readings *readings, size_t row)
{
    if (readings->rows[row].rest == 0)
        return true;
    readings->rows[row].rest--;
    return false;
}

static void split(struct readings *readings, size_t row)
{
    struct reading whole = readings->rows[row];
    size_t middle = whole.item + whole.item_count / 2;
    memmove(&readings->rows[row + 1], &readings->rows[row], (readings->count - row) * sizeof whole);
    readings->count++;
    readings->rows[row] = join(readings, whole.item, middle);
    readings->rows[row + 1] = join(readings, middle, whole.item + whole.item_count);
}

bool readings_note(struct readings *readings, size_t row, const struct finding *finding)
{
    struct reading *of = &readings->rows[row];
    bool refused = finding->outcome == OUTCOME_EXCEPTION &&
                   (finding->exception == ILLEGAL_ADDRESS || finding->exception == ILLEGAL_VALUE);
    of->answered = of->answered || finding->outcome == OUTCOME_WORDS;
    if (!refused || of->answered)
        return false;
    bool several = of->item_count > 1;
    if (several)
        split(readings, row);
    else
        of->rest = READINGS_REST - 1;
    return several;
}
