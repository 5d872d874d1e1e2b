#include "gateway/site/names.h"

#include <string.h>

#include "gateway/base/check.h"

enum err names_init(struct names *names, size_t name_count, struct arena *arena)
{
    size_t slot_count = 16;
    while (slot_count < 2 * name_count)
        slot_count *= 2;
    struct name *slots = arena_take(arena, slot_count, sizeof *slots);
    const struct name **by_order = arena_take(arena, name_count, sizeof(const struct name *));
    if (slots == NULL || by_order == NULL)
        return ERR_MEMORY;
    *names = (struct names){.slots = slots, .slot_count = slot_count, .by_order = by_order};
    return ERR_OK;
}

/* FNV-1a; ids are at most 64 bytes. */
static size_t hash(enum name_kind kind, const char *id)
{
    uint64_t value = 14695981039346656037U + kind;
    for (; *id != '\0'; id++)
        value = (value ^ (unsigned char)*id) * 1099511628211U;
    return (size_t)(value ^ (value >> 32));
}

static struct name *slot_of(const struct names *names, enum name_kind kind, const char *id)
{
    size_t at = hash(kind, id);
    for (;; at++) { /* never full: twice as many slots as names */
        struct name *slot = &names->slots[at & (names->slot_count - 1)];
        if (slot->id == NULL || (slot->kind == kind && strcmp(slot->id, id) == 0))
            return slot;
    }
}

void names_add(struct names *names, enum name_kind kind, const char *id, int32_t index, const struct node *node)
{
    struct name *slot = slot_of(names, kind, id);
    CHECK(slot->id == NULL && names->count < names->slot_count / 2);
    *slot = (struct name){.id = id, .kind = kind, .index = index, .node = node};
    names->by_order[names->count++] = slot;
}

const struct name *names_find(const struct names *names, enum name_kind kind, const char *id)
{
    const struct name *slot = slot_of(names, kind, id);
    return slot->id != NULL ? slot : NULL;
}

struct words words_name_kind(enum name_kind kind)
{
    switch (kind) {
    case NAME_BUS:
        return both("bus", "总线");
    case NAME_SLAVE:
        return both("slave", "从站");
    case NAME_DEVICE:
        return both("device", "设备");
    case NAME_ZONE:
        return both("zone", "分区");
    case NAME_INTERLOCK:
        return both("interlock", "联锁");
    case NAME_CENTRE:
    case NAME_KIND_COUNT:
        break;
    }
    return both("centre", "中心");
}

const char *name_of_kind(const void *context, size_t index)
{
    const struct names_of_kind *of = context;
    for (size_t i = 0; i < of->names->count; i++)
        if (of->names->by_order[i]->kind == of->kind && index-- == 0)
            return of->names->by_order[i]->id;
    return NULL;
}
