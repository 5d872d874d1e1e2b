#include "gateway/desk/suggest.h"

#include <stdint.h>
#include <string.h>

void suggest_start(struct suggest *suggest, const char *word)
{
    *suggest = (struct suggest){.word = word, .distance = SIZE_MAX};
}

static size_t least(size_t a, size_t b, size_t c)
{
    size_t less = a < b ? a : b;
    return less < c ? less : c;
}

/* Optimal string alignment: insertions, deletions, changes, and swaps of neighbours cost 1 each. */
static size_t distance_between(const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t rows[3][SUGGEST_WORD_MAX + 1];
    size_t *before = rows[0];
    size_t *last = rows[1];
    size_t *row = rows[2];
    for (size_t j = 0; j <= b_size; j++)
        last[j] = before[j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t const change = a[i - 1] == b[j - 1] ? 0 : 1;
            row[j] = least(last[j] + 1, row[j - 1] + 1, last[j - 1] + change);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < row[j])
                row[j] = before[j - 2] + 1;
        }
        size_t *spare = before;
        before = last;
        last = row;
        row = spare;
    }
    return last[b_size];
}

void suggest_try(struct suggest *suggest, const char *candidate)
{
    size_t const word_size = strlen(suggest->word);
    size_t const size = strlen(candidate);
    if (word_size > SUGGEST_WORD_MAX || size > SUGGEST_WORD_MAX)
        return;
    size_t distance = distance_between(suggest->word, word_size, candidate, size);
    size_t const near_max = word_size < 6 ? 1 : word_size / 3;
    if (word_size >= 3 && size > word_size && strncmp(suggest->word, candidate, word_size) == 0)
        distance = near_max;
    if (distance > near_max || distance >= suggest->distance)
        return;
    suggest->distance = distance;
    suggest->best = candidate;
}
