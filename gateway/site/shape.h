/* shape: what keys an object may have, as rows; and reading an object by them into a struct.
 *
 * The first of the two passes: every key is known, given once, of the right type and within its bounds, or there is a
 * complaint. Defaults are whatever the target struct holds before: a key that is absent, or wrong, changes nothing.
 * Texts point into the document, which must stay open as long as they are used. */
#ifndef OUTPOST_SITE_SHAPE_H
#define OUTPOST_SITE_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/arena.h"
#include "gateway/site/json.h"

enum field_type {
    FIELD_ID,       /* const char *: SITE_ID_MAX characters of a-z 0-9 _ - */
    FIELD_TEXT,     /* const char *: minimum to maximum bytes (maximum 0: 256) */
    FIELD_BOOL,     /* bool */
    FIELD_WHOLE,    /* int64_t: minimum to maximum */
    FIELD_NUMBER,   /* double: minimum to maximum, finite */
    FIELD_DURATION, /* int64_t milliseconds: minimum to maximum; "500ms" */
    FIELD_SIZE,     /* int64_t bytes: minimum to maximum; "2GiB" */
    FIELD_CHOICE,   /* int: index into `choices` */
    FIELD_SHAPE,    /* const struct node *, checked against `shape`; whoever uses it reads it */
    FIELD_OBJECT,   /* const struct node *: an object with keys of its own */
    FIELD_LIST,     /* const struct node *: a list */
    FIELD_ANY,      /* const struct node *: decided by whoever reads it */
};

struct field {
    const char *key;
    enum field_type type;
    size_t offset; /* of the target in the struct */
    double minimum;
    double maximum;
    const char *const *choices; /* NULL-ended */
    const struct shape *shape;
    bool required;
    bool or_none; /* FIELD_SIZE: 0 too, whatever the minimum */
    bool later;   /* accepted, with the warning "not in effect yet" */
};

struct shape {
    const struct field *fields;
    size_t field_count;
};

#define SHAPE(rows)                                                                                                    \
    {                                                                                                                  \
        .fields = (rows), .field_count = ARRAY_SIZE(rows)                                                              \
    }

/* Every struct that a shape describes begins with its place. */
#define SHAPED const struct node *node

/* Reads what is good, complains about the rest. False when `node` is no object at all (then only .node is set). */
bool shape_read(const struct node *node, const struct shape *shape, void *target, struct complaints *complaints);

/* A list of objects of one shape: an array of `size`-byte structs, each begun with a copy of `defaults`. Elements that are
 * no objects are complained about and left out. A NULL list gives none. More than `count_max`: complaint, the rest is not
 * read. Returns false when memory is out. */
bool shape_read_list(const struct node *list, const struct shape *shape, const void *defaults, size_t size,
                     size_t count_max, struct arena *arena, struct complaints *complaints, void **ret_items,
                     size_t *ret_count);

/* Single values, for what is decided by hand. Each complains and returns false when the node is not that. */
bool shape_id(const struct node *node, struct complaints *complaints, const char **ret_id);
bool shape_text(const struct node *node, size_t size_max, struct complaints *complaints, const char **ret_text);
bool shape_whole(const struct node *node, double minimum, double maximum, struct complaints *complaints,
                 int64_t *ret_value);
bool shape_number(const struct node *node, double minimum, double maximum, struct complaints *complaints,
                  double *ret_value);
bool shape_duration(const struct node *node, double minimum, double maximum, struct complaints *complaints,
                    int64_t *ret_ms);

/* Pure: "500ms" -> 500. False when it is no duration, or no whole number of milliseconds, or more than 10 years. */
bool duration_parse(const char *text, int64_t *ret_ms);
bool size_parse(const char *text, int64_t *ret_bytes);
bool id_is_good(const char *id);

struct words words_kind(enum field_type type);

#endif
