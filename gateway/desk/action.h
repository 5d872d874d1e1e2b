/* action: the second word of verbs that have several jobs: `outpost profile list`, `outpost profile check FILE…`. */
#ifndef OUTPOST_DESK_ACTION_H
#define OUTPOST_DESK_ACTION_H

#include <stddef.h>

#include "gateway/desk/desk.h"

struct action {
    const char *name;
    size_t least; /* words behind it */
    size_t most;
    const char *words_en; /* what they are, for complaints */
    const char *words_zh;
    int (*run)(const struct desk *desk); /* its words begin at desk->options.words[1] */
};

/* Runs the action that the first word names; complains and gives EXIT_USAGE when there is none or its words are wrong. */
int action_run(const struct desk *desk, const char *verb, const struct action *actions, size_t action_count);

#endif
