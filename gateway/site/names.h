/* names: who has which id. One id space for everything in the site file. */
#ifndef OUTPOST_SITE_NAMES_H
#define OUTPOST_SITE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/arena.h"
#include "gateway/site/json.h"

enum name_kind { NAME_BUS, NAME_SLAVE, NAME_DEVICE, NAME_ZONE, NAME_INTERLOCK, NAME_CENTRE, NAME_KIND_COUNT };

struct name {
    const char *id; /* NULL: free slot */
    enum name_kind kind;
    int32_t index;
    const struct node *node;
};

struct names {
    struct name *slots;
    size_t slot_count; /* a power of two, at least twice the number of names */
    const struct name **by_order;
    size_t count;
};

MUST_CHECK enum err names_init(struct names *names, size_t name_count, struct arena *arena);
/* The caller has looked before: (kind, id) is new. */
void names_add(struct names *names, enum name_kind kind, const char *id, int32_t index, const struct node *node);
const struct name *names_find(const struct names *names, enum name_kind kind, const char *id);
struct words words_name_kind(enum name_kind kind);

/* For suggestions: all names of one kind. */
struct names_of_kind {
    const struct names *names;
    enum name_kind kind;
};
const char *name_of_kind(const void *context, size_t index);

#endif
