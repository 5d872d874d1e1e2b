/* codes: which raw number means which named state: "map" of a point. */
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/site/memory.h"
#include "gateway/site/resolver.h"

const char *name_of_code(const void *context, size_t index)
{
    const struct class_point *point = context;
    return index < point->code_count ? point->codes[index].id : NULL;
}

/* --- lists of numbers ---------------------------------------------------------------------------------------------- */

/* Codes of a point that no class knows: the names of its map, in order. */
static bool code_add(struct resolver *r, struct code *codes, size_t *count, const struct node *value,
                     uint32_t *ret_code)
{
    const char *name = NULL;
    if (!shape_id(value, complaints_of(r), &name))
        return false;
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(codes[i].id, name) == 0) {
            *ret_code = (uint32_t)i;
            return true;
        }
    }
    const char *kept = take_text(r->context->arena, name, complaints_of(r));
    codes[*count] = (struct code){.id = kept, .zh = kept, .en = kept};
    *ret_code = (uint32_t)(*count)++;
    return true;
}

static bool code_find(struct resolver *r, const struct node *value, uint32_t *ret_code)
{
    const struct class_point *canonical = r->canonical;
    for (size_t i = 0; i < canonical->code_count; i++) {
        if (node_kind(value) == NODE_STRING && strcmp(canonical->codes[i].id, node_string(value)) == 0) {
            *ret_code = (uint32_t)i;
            return true;
        }
    }
    complain_node(complaints_of(r), value, ON_VALUE, S_MAP_CODE,
                  WORDS(words_id(r), words_found(complaints_of(r), value),
                        words_suggest(complaints_of(r), node_string(value), name_of_code, canonical)));
    return false;
}

static bool map_has(const struct map_entry *map, size_t count, int64_t raw)
{
    for (size_t i = 0; i < count; i++)
        if (map[i].raw == raw)
            return true;
    return false;
}

static bool map_add(struct resolver *r, const struct node *child, struct map_entry *map, size_t count,
                    struct code *codes, size_t *code_count)
{
    struct map_entry entry;
    if (!whole_parse(node_key(child), &entry.raw)) {
        complain_node(complaints_of(r), child, ON_KEY, S_MAP_KEY,
                      WORDS(words_quote(complaints_of(r), node_key(child))));
        return false;
    }
    if (map_has(map, count, entry.raw)) {
        complain_node(complaints_of(r), child, ON_KEY, S_MAP_TWICE,
                      WORDS(words_quote(complaints_of(r), node_key(child))));
        return false;
    }
    if (!check_raw(r, child, ON_KEY, (double)entry.raw))
        return false;
    bool const found =
        codes == NULL ? code_find(r, child, &entry.code) : code_add(r, codes, code_count, child, &entry.code);
    if (found)
        map[count] = entry;
    return found;
}

/* {"1": "normal", "0x0C": "calibration"} */
static void read_list(struct resolver *r)
{
    const struct node *node = r->raw->map;
    bool const canonical = r->canonical != NULL && r->canonical->type == VALUE_ENUM;
    size_t const wanted = node_count(node);
    if (wanted == 0 || wanted > POINT_CODES_MAX) {
        refuse(r, "map", ON_KEY, wanted == 0 ? S_LIST_EMPTY : S_TOO_MANY,
               WORDS(words_number(complaints_of(r), (double)wanted), words_number(complaints_of(r), POINT_CODES_MAX)));
        return;
    }
    struct map_entry *map = take_array(r->context->arena, wanted, sizeof *map, complaints_of(r));
    struct code *codes = canonical ? NULL : take_array(r->context->arena, wanted, sizeof *codes, complaints_of(r));
    if (map == NULL || (codes == NULL && !canonical))
        return;
    size_t count = 0;
    size_t code_count = 0;
    for (const struct node *child = node_first(node); child != NULL; child = node_next(child)) {
        if (map_add(r, child, map, count, codes, &code_count))
            count++;
        else
            r->failed = true;
    }
    r->point->map = map;
    r->point->map_count = count;
    r->point->codes = canonical ? r->canonical->codes : codes;
    r->point->code_count = canonical ? r->canonical->code_count : code_count;
}

/* --- systems of codes ----------------------------------------------------------------------------------------------- */

static const char *name_of_system(const void *context, size_t index)
{
    const struct resolver *r = context;
    for (size_t i = 0; r->class != NULL && i < r->class->dialect_count; i++)
        if (strcmp(r->class->dialects[i].point, r->id) == 0 && index-- == 0)
            return r->class->dialects[i].system;
    return NULL;
}

static const struct class_dialect *dialect_find(const struct resolver *r, const char *system)
{
    for (size_t i = 0; r->class != NULL && i < r->class->dialect_count; i++)
        if (strcmp(r->class->dialects[i].point, r->id) == 0 && strcmp(r->class->dialects[i].system, system) == 0)
            return &r->class->dialects[i];
    return NULL;
}

static uint32_t code_of(const struct class_point *canonical, const char *id)
{
    uint32_t code = 0;
    while (code < canonical->code_count && strcmp(canonical->codes[code].id, id) != 0)
        code++;
    CHECK(code < canonical->code_count); /* the class's own tables fit together */
    return code;
}

/* "GB/T 24476-2017" */
static void take_system(struct resolver *r)
{
    const struct class_dialect *dialect = dialect_find(r, node_string(r->raw->map));
    if (dialect == NULL && r->context->class_is_open) {
        r->failed = true;
        return;
    }
    if (dialect == NULL || r->canonical == NULL) {
        refuse(r, "map", ON_VALUE, S_MAP_SYSTEM,
               WORDS(words_quote(complaints_of(r), node_string(r->raw->map)), words_id(r),
                     words_suggest(complaints_of(r), node_string(r->raw->map), name_of_system, r)));
        return;
    }
    struct map_entry *map = take_array(r->context->arena, dialect->code_count, sizeof *map, complaints_of(r));
    for (size_t i = 0; map != NULL && i < dialect->code_count; i++)
        map[i] =
            (struct map_entry){.raw = dialect->codes[i].raw, .code = code_of(r->canonical, dialect->codes[i].means)};
    r->point->map = map;
    r->point->map_count = map == NULL ? 0 : dialect->code_count;
    r->point->codes = r->canonical->codes;
    r->point->code_count = r->canonical->code_count;
    r->result->map_system = dialect->system;
}

void resolve_map(struct resolver *r)
{
    if (node_kind(r->raw->map) == NODE_OBJECT)
        read_list(r);
    else if (node_kind(r->raw->map) == NODE_STRING)
        take_system(r);
    else
        refuse(r, "map", ON_VALUE, S_BAD_TYPE,
               WORDS(words_found(complaints_of(r), r->raw->map),
                     both("an object {…}, or the name of a system of codes", "对象 {…}，或代码体系的名称")));
}
