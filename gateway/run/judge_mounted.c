#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/run/judge_private.h"

/* What is mounted in a device, told by its code: a cylinder on a scale. Another code than the last one that was read is an
 * exchange, whatever was to be seen in between: an empty scale, a label that cannot be read, or nothing at all because the
 * gateway was away. For that the digest of the code is stored, with the news of the exchange in one transaction; the code
 * from before a restart is then not known any more. The first code ever is no exchange.
 *
 * One label, one cylinder: where two devices of a class show one code at the same time, both are told so (derive.doubled). A
 * cylinder may be seen by devices of two classes, a scale and its own valve. */

#define BY_MAX 32

/* FNV-1a, 64 bits: to tell codes apart, not to keep them secret. */
static int64_t digest_of(const char *code, size_t size)
{
    uint64_t digest = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < size; i++)
        digest = (digest ^ (unsigned char)code[i]) * UINT64_C(1099511628211);
    return (int64_t)(digest >> 1);
}

/* Bytes that JSON would write as six become a question mark, so that the news has room. */
static void keep_text(char *to, size_t to_size, const char *bytes, size_t size)
{
    size_t const used = size < to_size - 1 ? size : to_size - 1;
    for (size_t i = 0; i < used; i++)
        to[i] = (unsigned char)bytes[i] < ' ' || bytes[i] == '"' || bytes[i] == '\\' ? '?' : bytes[i];
    to[used] = '\0';
}

static void put_or_null(struct text *detail, const char *key, const char *word)
{
    text_put_format(detail, ",\"%s\":", key);
    if (word[0] != '\0')
        text_put_json_string(detail, word);
    else
        text_put(detail, "null");
}

static void put_swap(struct judge *judge, size_t device, const struct class_item *item, struct text *detail)
{
    char code[MOUNTED_CODE_MAX + 1];
    char by[BY_MAX + 1];
    keep_text(code, sizeof code, item->code, item->code_size);
    keep_text(by, sizeof by, item->by, item->by_size);
    text_put(detail, "\"dev\":");
    text_put_json_string(detail, judge->site->devices[device].id);
    put_or_null(detail, "old", judge->devices[device].mounted->code);
    put_or_null(detail, "new", code);
    text_put(detail, ",\"mass\":");
    if (item->has_mass)
        text_put_number(detail, item->mass, true);
    else
        text_put(detail, "null");
    put_or_null(detail, "by", by);
    CHECK(!detail->full);
}

/* False: there is no room for it now. */
static bool tell(struct judge *judge, size_t device, const struct class_item *item, const struct stored *stored,
                 struct alarm_moment at)
{
    const struct judge_mounted *mounted = judge->devices[device].mounted;
    struct text detail;
    if (!mounted->known && !mounted->stored)
        return news_push_stored(judge, stored, at);
    struct judge_notice *notice = notice_begin(judge, NOTICE_CYLINDER_SWAPPED, at, &detail);
    if (notice == NULL)
        return false;
    put_swap(judge, device, item, &detail);
    notice->has_stored = true;
    notice->stored = *stored;
    return true;
}

static bool stands_elsewhere(const struct judge *judge, size_t device)
{
    const struct judge_mounted *own = judge->devices[device].mounted;
    for (size_t i = 0; i < judge->site->device_count && own->present; i++) {
        const struct judge_mounted *other = judge->devices[i].mounted;
        if (i != device && other != NULL && other->present && other->digest == own->digest &&
            judge->site->devices[i].class == judge->site->devices[device].class)
            return true;
    }
    return false;
}

/* Something came to stand here or went: whom that concerns judges anew. */
static void compare(struct judge *judge, struct alarm_moment at)
{
    for (size_t i = 0; i < judge->site->device_count; i++) {
        struct judge_mounted *mounted = judge->devices[i].mounted;
        bool const doubled = mounted != NULL && stands_elsewhere(judge, i);
        if (mounted == NULL || mounted->doubled == doubled)
            continue;
        mounted->doubled = doubled;
        timers_set(&judge->timers, timer_derive(judge, i), at.mono_us);
    }
}

static void watch(struct judge *judge, size_t device, const struct class_item *item, struct alarm_moment at)
{
    struct judge_mounted *mounted = judge->devices[device].mounted;
    int64_t const digest = digest_of(item->code, item->code_size);
    bool const same = (mounted->known || mounted->stored) && mounted->digest == digest;
    if (same && mounted->known)
        return;
    struct stored const stored = {.kind = STORED_CYLINDER, .index = (uint32_t)device, .until_utc_ms = digest};
    if (!same && !tell(judge, device, item, &stored, at))
        return;
    *mounted = (struct judge_mounted){.known = true, .doubled = mounted->doubled, .digest = digest};
    keep_text(mounted->code, sizeof mounted->code, item->code, item->code_size);
}

void mounted_watch(struct judge *judge, size_t device, const struct derive *derive, struct alarm_moment at)
{
    struct judge_mounted *mounted = judge->devices[device].mounted;
    bool const was_present = mounted->present;
    int64_t const digest = mounted->digest;
    struct class_item item;
    if (!judge->restored)
        return;
    judge->site->devices[device].class->mounted(derive, &item);
    if (item.code_size > 0)
        watch(judge, device, &item, at);
    mounted->present = item.code_size > 0 && mounted->known;
    if (mounted->present != was_present || mounted->digest != digest)
        compare(judge, at);
}

void mounted_restore(struct judge *judge, const struct stored *stored)
{
    CHECK(stored->index < judge->site->device_count);
    struct judge_mounted *mounted = judge->devices[stored->index].mounted;
    if (mounted == NULL || mounted->known)
        return;
    mounted->stored = true;
    mounted->digest = stored->until_utc_ms;
}
