/* desk: where people come in. One call runs the verb that the command line names.
 *
 * The desk knows no driver: main hands in the doors to field buses and centres and the table of device classes. */
#ifndef OUTPOST_DESK_DESK_H
#define OUTPOST_DESK_DESK_H

#include "gateway/base/bell.h"
#include "gateway/base/err.h"
#include "gateway/desk/options.h"
#include "gateway/desk/tongue.h"
#include "gateway/model/class.h"
#include "gateway/model/site.h"
#include "gateway/ports/link.h"
#include "gateway/ports/tap.h"
#include "gateway/ports/uplink.h"
#include "gateway/site/load.h"

/* Exit statuses. */
enum { EXIT_GOOD = 0, EXIT_WRONG = 1, EXIT_USAGE = 2 };

struct library { /* for `outpost version` */
    const char *name;
    void (*put_version)(struct text *to); /* of the one that runs, not of the one that was there at compile time */
};

struct desk_doors {
    const char *version;
    const char *program; /* absolute path of this program, for starting itself anew */
    const struct class_table *classes;
    const char *const *profile_dirs; /* NULL-ended: see site_load() */
    const struct library *libraries; /* NULL-named one ends */
    void (*prepare_uplinks)(void);   /* once, before threads start */
    enum err (*make_link)(const struct site_bus *bus, const struct tap *tap, struct link *ret_link);
    enum err (*make_uplink)(struct bell *bell, struct uplink *ret_uplink);
};

/* What a verb works with. */
struct desk {
    const struct desk_doors *doors;
    struct tongue tongue;
    struct options options; /* .file is never NULL where the verb takes one */
    char *const *argv;      /* the whole command line */
};

/* Runs the verb; returns the exit status. */
int desk_run(const struct desk_doors *doors, int argc, char *const *argv);

/* One sentence to stderr, "outpost: …", in the reader's language. */
void desk_complain(const struct desk *desk, const char *en, const char *zh, ...) PRINTF_LIKE(2, 4) PRINTF_LIKE(3, 4);

/* Sends a page to stdout. EXIT_GOOD, or EXIT_WRONG when it cannot be written. */
int desk_show(const struct desk *desk, struct page *page);

#endif
