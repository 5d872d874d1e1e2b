/* site_load: a site file and its profiles -> struct site, or every complaint there is.
 *
 * Two passes: shape (keys, types, ranges), then sense (references, duplicates, limits). All complaints come in one run; each
 * names file:line:column, the JSON path, what was found and what is allowed, and what to do. Files are bounded
 * (SITE_FILE_MAX bytes, SITE_DEPTH_MAX levels) before cJSON sees them. Library code: prints nothing. */
#ifndef OUTPOST_SITE_LOAD_H
#define OUTPOST_SITE_LOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/base/arena.h"
#include "gateway/base/err.h"
#include "gateway/core/forecast.h"
#include "gateway/model/class.h"
#include "gateway/model/site.h"

#define SITE_FILE_MAX  ((size_t)8 * 1024 * 1024)
#define SITE_DEPTH_MAX 32
#define COMPLAINTS_MAX 200 /* further ones are counted only */

enum language { LANGUAGE_EN, LANGUAGE_ZH };

struct complaint {
    bool warning;     /* the file is accepted all the same */
    const char *code; /* stable word: "unknown_key", "doubled_key", "bad_type", … (one row each in site/sentences) */
    const char *file;
    unsigned line;       /* from 1 */
    unsigned column;     /* from 1, in characters */
    const char *path;    /* JSON path: buses[0].baud */
    const char *text[2]; /* by enum language */
};

struct complaints {
    struct complaint list[COMPLAINTS_MAX];
    size_t count;  /* in the list */
    size_t errors; /* all that were found, also beyond the list */
    size_t warnings;
    struct arena arena; /* owns the texts */
};

void complaints_init(struct complaints *complaints);
void complaints_close(struct complaints *complaints);
/* "site.json:12:7: buses[0].baud: …" with a newline, in that language, into the buffer (cut when too small). */
void complaint_print(const struct complaint *complaint, enum language language, char *ret_line, size_t line_size);

/* A profile in memory. */
struct profile_bytes {
    const char *name;
    const char *bytes;
    size_t size;
};

struct site_sources {
    const struct class_table *classes;
    const char *const *profile_dirs;      /* searched in order after <site file's directory>/profiles; NULL-ended */
    const struct profile_bytes *profiles; /* searched before all directories: for tests and fuzzers */
    size_t profile_count;
    const struct forecast_basis *basis; /* what deadlines are foretold with; NULL: FORECAST_BASIS_DEFAULT */
};

/* On ERR_OK *ret_site lives in `arena`. ERR_FORMAT: there is at least one error complaint. ERR_IO: the file cannot be read
 * (one complaint says why). Blocks for reading files; call before threads start. */
MUST_CHECK enum err site_load(const char *file, const struct site_sources *sources, struct arena *arena,
                              struct complaints *complaints, const struct site **ret_site);

/* The same from memory, for tests and fuzzers; `name` stands for the file in complaints and for relative paths. */
MUST_CHECK enum err site_load_bytes(const char *name, const char *bytes, size_t size,
                                    const struct site_sources *sources, struct arena *arena,
                                    struct complaints *complaints, const struct site **ret_site);

#endif
