#include "firmware-sim/near.h"

#include <string.h>

#define COMPARED_MAX 48 /* bytes of a name; ids are shorter */

/* Levenshtein's, of the first COMPARED_MAX bytes: one row at a time. */
static size_t distance_of(const char *a, const char *b)
{
    size_t row[COMPARED_MAX + 1];
    size_t width = strnlen(b, COMPARED_MAX);
    for (size_t k = 0; k <= width; k++)
        row[k] = k;
    for (size_t i = 0; i < COMPARED_MAX && a[i] != '\0'; i++) {
        size_t corner = row[0]; /* one up and left of row[k] */
        row[0] = i + 1;
        for (size_t k = 1; k <= width; k++) {
            size_t change = corner + (a[i] == b[k - 1] ? 0U : 1U);
            size_t other = (row[k - 1] < row[k] ? row[k - 1] : row[k]) + 1;
            corner = row[k];
            row[k] = change < other ? change : other;
        }
    }
    return row[width];
}

void near_init(struct near *near, const char *wanted)
{
    /* A third of it may be wrong, or two letters: beyond that it is another word. */
    size_t third = strlen(wanted) / 3;
    *near = (struct near){.wanted = wanted, .distance = (third < 2 ? 2 : third) + 1};
}

void near_look(struct near *near, const char *candidate)
{
    size_t distance = distance_of(near->wanted, candidate);
    if (distance >= near->distance || distance >= strlen(candidate))
        return;
    near->distance = distance;
    near->best = candidate;
}

void near_print(const struct near *near, struct text *out)
{
    if (near->best != NULL)
        text_add(out, "; did you mean %.80s? 是否指 %.80s？", near->best, near->best);
}
