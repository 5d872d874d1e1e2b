/* suggest: the word somebody probably meant. */
#ifndef OUTPOST_DESK_SUGGEST_H
#define OUTPOST_DESK_SUGGEST_H

#include <stddef.h>

#define SUGGEST_WORD_MAX 64 /* longer words are never near anything */

/* Collects the nearest of many candidates, one call each, without a table of them. */
struct suggest {
    const char *word;
    const char *best; /* NULL: nothing is near enough */
    size_t distance;
};

void suggest_start(struct suggest *suggest, const char *word);
/* Near enough: at most a third of the word's letters (but at least one) added, dropped, changed or swapped with a
 * neighbour; or the word is a beginning of the candidate, of at least three letters. The first of equals wins. */
void suggest_try(struct suggest *suggest, const char *candidate);

#endif
