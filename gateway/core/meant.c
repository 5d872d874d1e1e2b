#include "gateway/core/meant.h"

#include <string.h>

#include "gateway/model/alarm_state.h"

/* The value of a member that is a text, inside the record; size 0: it is not there. Every record begins with texts and
 * numbers of our own making, so the first match is the member (a quote within a text is escaped). */
struct piece {
    const char *at;
    size_t size;
};

static struct piece find_text(const char *record, size_t record_size, const char *key, size_t key_size)
{
    const char *found = memmem(record, record_size, key, key_size);
    if (found == NULL)
        return (struct piece){"", 0};
    const char *value = found + key_size;
    const char *end = memchr(value, '"', record_size - (size_t)(value - record));
    return (struct piece){value, end != NULL ? (size_t)(end - value) : 0};
}

#define FIND(record, size, name) find_text(record, size, ",\"" name "\":\"", sizeof(",\"" name "\":\"") - 1)

static bool is_same(struct piece piece, const char *text)
{
    return strlen(text) == piece.size && memcmp(piece.at, text, piece.size) == 0;
}

static bool is_listed(const char *const *list, size_t count, struct piece piece)
{
    for (size_t i = 0; i < count; i++)
        if (is_same(piece, list[i]))
            return true;
    return false;
}

static bool is_device_meant(const struct site_only *only, struct piece dev, struct piece cls)
{
    if (only->class_count == 0 && only->device_count == 0)
        return true;
    return is_listed(only->classes, only->class_count, cls) || is_listed(only->devices, only->device_count, dev);
}

/* PRIORITY_COUNT for a word that is none of ours. */
static enum priority priority_of(struct piece piece)
{
    enum priority priority = PRIORITY_CRITICAL;
    while (priority < PRIORITY_COUNT && !is_same(piece, priority_text(priority)))
        priority++;
    return priority;
}

static bool is_test(const char *record, size_t record_size)
{
    static const char tail[] = ",\"test\":true}"; /* always the last member */
    size_t const size = sizeof tail - 1;
    return record_size >= size && memcmp(record + record_size - size, tail, size) == 0;
}

static bool begins_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool meant_record(const struct site_centre *centre, const char *topic, const char *record, size_t record_size)
{
    bool const is_alarm = begins_with(topic, "alarm/");
    if (!centre->filtered || (!is_alarm && !begins_with(topic, "telemetry/")))
        return true;
    if (!is_device_meant(&centre->only, FIND(record, record_size, "dev"), FIND(record, record_size, "cls")))
        return false;
    enum priority const priority = is_alarm ? priority_of(FIND(record, record_size, "priority")) : PRIORITY_COUNT;
    if (is_alarm && priority < PRIORITY_COUNT && priority > centre->only.lowest)
        return false;
    return centre->drills != DRILLS_DROP || priority == PRIORITY_CRITICAL || !is_test(record, record_size);
}

bool meant_subject(const struct site_centre *centre, const char *dev, const char *cls)
{
    return !centre->filtered ||
           is_device_meant(&centre->only, (struct piece){dev, strlen(dev)}, (struct piece){cls, strlen(cls)});
}
