#include "gateway/run/recorder_group.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"

#define ALIGN alignof(max_align_t)

enum item_kind { ITEM_RECORD, ITEM_STATE, ITEM_GAP, ITEM_GAP_DECLARED, ITEM_REGISTRY_ACKED, ITEM_ORDER };

struct item {
    enum item_kind kind;
    size_t size; /* of this and of the payload or the order behind it, rounded up */
    union {
        struct {
            uint64_t seq;
            int64_t at_utc_ms;
            size_t payload_size;
            char topic[JOURNAL_TOPIC_MAX + 1];
        } record;
        struct journal_state state;
        struct journal_gap gap;
        struct {
            enum lane lane;
            uint64_t id;
        } declared;
        struct {
            const char *centre;
            char dev[SITE_ID_MAX + 1];
            char sha256[65];
        } acked;
    } is;
};

enum err group_open(struct group *group, size_t size)
{
    *group = (struct group){.size = size};
    group->bytes = malloc(size); /* pages are touched as they are used */
    return group->bytes != NULL ? ERR_OK : ERR_MEMORY;
}

void group_close(struct group *group)
{
    free(group->bytes);
    *group = (struct group){0};
}

void group_reset(struct group *group)
{
    *group = (struct group){.bytes = group->bytes, .size = group->size};
}

static size_t round_up(size_t size)
{
    return (size + ALIGN - 1) / ALIGN * ALIGN;
}

static struct item *item_at(const struct group *group, size_t offset)
{
    void *at = group->bytes + offset;
    return at;
}

static bool add(struct group *group, const struct item *item)
{
    if (group->size - group->used < item->size)
        return false;
    *item_at(group, group->used) = *item;
    group->used += item->size;
    group->item_count++;
    return true;
}

bool group_begin_record(struct group *group, struct text *ret_payload)
{
    size_t const head = round_up(sizeof(struct item));
    if (group->size - group->used < head + ALIGN)
        return false;
    text_init(ret_payload, (char *)group->bytes + group->used + head, group->size - group->used - head - ALIGN + 1);
    return true;
}

bool group_end_record(struct group *group, const struct text *payload, uint64_t seq, int64_t at_utc_ms,
                      const char *topic_kind, const char *topic_dev)
{
    if (payload->full)
        return false;
    struct item item = {.kind = ITEM_RECORD, .size = round_up(sizeof item) + round_up(payload->used)};
    struct text topic;
    text_init(&topic, item.is.record.topic, sizeof item.is.record.topic);
    text_put(&topic, topic_kind);
    text_put(&topic, topic_dev);
    CHECK(!topic.full);
    item.is.record.seq = seq;
    item.is.record.at_utc_ms = at_utc_ms;
    item.is.record.payload_size = payload->used;
    if (!add(group, &item))
        return false;
    group->record_count++;
    group->urgent = true;
    group->last_number = seq;
    return true;
}

bool group_add_state(struct group *group, const struct journal_state *state)
{
    if (!add(group, &(struct item){.kind = ITEM_STATE, .size = round_up(sizeof(struct item)), .is.state = *state}))
        return false;
    group->urgent = true;
    return true;
}

bool group_add_gap(struct group *group, const struct journal_gap *gap)
{
    if (!add(group, &(struct item){.kind = ITEM_GAP, .size = round_up(sizeof(struct item)), .is.gap = *gap}))
        return false;
    if (gap->last > group->last_number)
        group->last_number = gap->last;
    return true;
}

bool group_add_gap_declared(struct group *group, enum lane lane, uint64_t id)
{
    return add(group, &(struct item){.kind = ITEM_GAP_DECLARED,
                                     .size = round_up(sizeof(struct item)),
                                     .is.declared = {.lane = lane, .id = id}});
}

bool group_add_registry_acked(struct group *group, const char *centre, const char *dev, const char *sha256)
{
    struct item item = {.kind = ITEM_REGISTRY_ACKED, .size = round_up(sizeof item)};
    item.is.acked.centre = centre;
    text_copy(item.is.acked.dev, sizeof item.is.acked.dev, dev);
    text_copy(item.is.acked.sha256, sizeof item.is.acked.sha256, sha256);
    return add(group, &item);
}

bool group_add_order(struct group *group, const struct journal_order *order)
{
    size_t const head = round_up(sizeof(struct item));
    struct item const item = {.kind = ITEM_ORDER, .size = head + round_up(sizeof *order)};
    size_t const at = group->used;
    if (!add(group, &item))
        return false;
    memcpy(group->bytes + at + head, order, sizeof *order);
    group->urgent = true;
    return true;
}

static enum err put_order(const struct item *item, struct journal *journal)
{
    struct journal_order order;
    memcpy(&order, (const unsigned char *)item + round_up(sizeof *item), sizeof order);
    return journal_put_order(journal, &order);
}

/* `"seq":N` as payload_* writes it, once and near the beginning. */
static bool put_renumbered(struct text *out, const char *payload, size_t size, uint64_t seq)
{
    static const char key[] = "\"seq\":";
    const char *found = memmem(payload, size, key, sizeof key - 1);
    if (found == NULL)
        return false;
    const char *number = found + sizeof key - 1;
    const char *end = number;
    while (end < payload + size && *end >= '0' && *end <= '9')
        end++;
    text_put_bytes(out, payload, (size_t)(number - payload));
    text_put_uint(out, seq);
    text_put_bytes(out, end, (size_t)(payload + size - end));
    return true;
}

static bool renumber_record(const struct item *item, uint64_t seq, struct group *group)
{
    struct text payload;
    return group_begin_record(group, &payload) &&
           put_renumbered(&payload, (const char *)item + round_up(sizeof *item), item->is.record.payload_size, seq) &&
           group_end_record(group, &payload, seq, item->is.record.at_utc_ms, item->is.record.topic, "");
}

bool group_renumber(const struct group *group, uint64_t first, struct group *ret_group)
{
    size_t offset = 0;
    bool all = true;
    for (size_t i = 0; all && i < group->item_count; i++) {
        const struct item *item = item_at(group, offset);
        all = item->kind == ITEM_RECORD ? renumber_record(item, first++, ret_group) : add(ret_group, item);
        offset += item->size;
    }
    ret_group->first_mono_us = group->first_mono_us;
    ret_group->newest_mono_us = group->newest_mono_us;
    ret_group->urgent = group->urgent;
    return all;
}

static enum err put_record(const struct item *item, struct journal *journal, enum lane lane)
{
    return journal_put_record(journal, lane,
                              &(struct journal_record){.seq = item->is.record.seq,
                                                       .at_utc_ms = item->is.record.at_utc_ms,
                                                       .topic = item->is.record.topic,
                                                       .payload = (const unsigned char *)item + round_up(sizeof *item),
                                                       .payload_size = item->is.record.payload_size});
}

static enum err put(const struct item *item, struct journal *journal, enum lane lane)
{
    switch (item->kind) {
    case ITEM_RECORD:
        return put_record(item, journal, lane);
    case ITEM_STATE:
        return journal_put_state(journal, &item->is.state);
    case ITEM_GAP:
        return journal_put_gap(journal, lane, &item->is.gap);
    case ITEM_GAP_DECLARED:
        return journal_put_gap_declared(journal, item->is.declared.lane, item->is.declared.id);
    case ITEM_ORDER:
        return put_order(item, journal);
    case ITEM_REGISTRY_ACKED:
        return journal_put_registry_acked(journal, item->is.acked.centre, item->is.acked.dev, item->is.acked.sha256);
    }
    return ERR_OK;
}

enum err group_put(const struct group *group, struct journal *journal, enum lane lane)
{
    enum err err = ERR_OK;
    size_t offset = 0;
    for (size_t i = 0; err == ERR_OK && i < group->item_count; i++) {
        const struct item *item = item_at(group, offset);
        err = put(item, journal, lane);
        offset += item->size;
    }
    return err;
}
