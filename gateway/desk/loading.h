/* loading: a site file read for a person: the site or what is wrong with it, in their language. */
#ifndef OUTPOST_DESK_LOADING_H
#define OUTPOST_DESK_LOADING_H

#include <stdio.h>

#include "gateway/base/arena.h"
#include "gateway/desk/desk.h"
#include "gateway/site/load.h"

struct loading {
    struct arena arena;           /* owns the site */
    struct complaints complaints; /* warnings also when it went well */
    const struct site *site;      /* NULL when it did not */
};

/* Always leaves a loading that can be looked at and must be closed. Blocks for reading files. */
MUST_CHECK enum err loading_open(struct loading *loading, const struct desk *desk, const char *file);
/* The same; deadlines are foretold with this basis (see site/load.h). */
MUST_CHECK enum err loading_open_with(struct loading *loading, const struct desk *desk, const char *file,
                                      const struct forecast_basis *basis);
void loading_close(struct loading *loading);

/* The first `count_max` complaints, a line each, and how many more there are. */
void loading_put_complaints(FILE *to, const struct tongue *tongue, const struct complaints *complaints,
                            size_t count_max);

/* {"ok","errors","warnings","complaints":[{"warning","code","file","line","column","path","text"}] without the last brace. */
void loading_put_json(FILE *to, const struct tongue *tongue, const struct complaints *complaints, bool good);

#endif
