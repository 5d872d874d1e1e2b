/* resolver: what is known while one point is resolved. Private to point*.c, codes.c and channels.c. */
#ifndef OUTPOST_SITE_RESOLVER_H
#define OUTPOST_SITE_RESOLVER_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/site/point.h"

struct resolver {
    const struct raw_point *raw;
    const struct node *at;
    const char *id;
    const struct point_context *context;
    const struct device_class *class;    /* whose point it may be: of a repeated one the class of the channels */
    const struct class_point *canonical; /* NULL: the class does not know it */
    struct profile_point *result;
    struct slave_point *point; /* of the result */
    bool failed;
};

static inline struct complaints *complaints_of(const struct resolver *r)
{
    return r->context->complaints;
}

static inline struct words words_id(const struct resolver *r)
{
    return words_quote(complaints_of(r), r->id);
}

/* A complaint about one key of the point, or about the point when that key is not in the file here (an override). */
void refuse(struct resolver *r, const char *key, enum spot spot, enum sentence sentence,
            const struct words words[static WORDS_MAX + 1]);

/* "12", "-1" or "0x0A" */
bool whole_parse(const char *text, int64_t *ret_value);

/* point_registers.c: function, address and type; nothing more can be said of a point without them. */
extern const char *const raw_type_names[];
void resolve_place(struct resolver *r);
/* point_numbers.c: scale, offset, scale_from, only_if, invalid, valid. */
void resolve_numbers(struct resolver *r);
/* A raw number that the point's type can never hold is complained about: it was meant for another type. */
bool check_raw(struct resolver *r, const struct node *at, enum spot spot, double raw);

/* channels.c: "repeat"; and whether all channels, with the base, lie within the addresses */
void resolve_repeat(struct resolver *r);
void check_reach(struct resolver *r);
/* codes.c: "map" -> map and codes of the point. */
void resolve_map(struct resolver *r);

#endif
