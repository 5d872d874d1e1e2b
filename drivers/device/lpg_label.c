/* Which gas cylinder it is: its label, whether its time is over, whether anybody knows it, who brought it. */
#include <string.h>

#include "drivers/device/lpg_table.h"
#include "drivers/device/number.h"
#include "gateway/base/check.h"
#include "gateway/core/qr.h"

/* Lighter things than the smallest cylinder (YSP4.7, 3.4 kg) are none. */
#define OCCUPIED_KG 2.0

struct seen {          /* what can be read of the label */
    enum tri readable; /* no: the device has no such point; unknown: it cannot be read now */
    struct qr qr;
};

/* The first of these points that says something. */
static struct seen see_label(const struct derive *derive, const uint8_t *of, size_t of_count)
{
    struct seen seen = {.readable = TRI_NO};
    for (size_t i = 0; i < of_count && seen.qr.code.size == 0; i++) {
        const struct sample *sample = &derive->samples[of[i]];
        if (!derive_has(derive, of[i]))
            continue;
        if (sample->quality == QUALITY_BAD || derive->texts == NULL) {
            seen.readable = TRI_UNKNOWN;
            continue;
        }
        seen.readable = seen.readable == TRI_NO ? TRI_YES : seen.readable;
        seen.qr = qr_read(derive->texts + sample->value.text.offset, sample->value.text.size);
    }
    return seen;
}

static struct seen see_code(const struct derive *derive)
{
    static const uint8_t codes[] = {CYLINDER_CODE, QR_RAW, REG_CODE};
    return see_label(derive, codes, ARRAY_SIZE(codes));
}

/* Is it over? Of a month when its last day has come. */
static enum tri is_over(const struct derive *derive, int32_t day)
{
    return derive->today_known ? tri_of(derive->today >= day) : TRI_UNKNOWN;
}

static enum tri text_is_over(const struct derive *derive, size_t point)
{
    const struct sample *sample = &derive->samples[point];
    int32_t day = 0;
    if (!derive_has(derive, point))
        return TRI_NO;
    if (sample->quality == QUALITY_BAD || derive->texts == NULL)
        return TRI_UNKNOWN;
    bool const said = qr_read_day(derive->texts + sample->value.text.offset, sample->value.text.size, &day);
    return said ? is_over(derive, day) : TRI_NO;
}

static enum tri label_is_over(const struct derive *derive)
{
    static const uint8_t labels[] = {QR_RAW, CYLINDER_CODE};
    enum tri over = TRI_NO;
    for (size_t i = 0; i < ARRAY_SIZE(labels); i++) {
        struct seen const seen = see_label(derive, &labels[i], 1);
        if (seen.qr.has_scrap)
            over = tri_or(over, is_over(derive, seen.qr.scrap_day));
        else if (seen.readable == TRI_UNKNOWN)
            over = tri_or(over, TRI_UNKNOWN);
    }
    return over;
}

static enum tri state_is(const struct derive *derive, uint32_t code)
{
    return derive_has(derive, CYLINDER_STATE) ? derive_is_code(derive, CYLINDER_STATE, code) : TRI_NO;
}

static void derive_expired(struct derive *derive)
{
    enum tri expired = tri_or(state_is(derive, CYLINDER_OVERDUE), state_is(derive, CYLINDER_SCRAPPED));
    expired = tri_or(expired, label_is_over(derive));
    expired = tri_or(expired, tri_or(text_is_over(derive, SCRAP_MONTH), text_is_over(derive, NEXT_INSPECT)));
    tri_put(derive, CYLINDER_EXPIRED, expired, derive_has(derive, CYLINDER_STATE) ? CYLINDER_STATE : QR_RAW);
}

static enum tri is_listed(const struct cylinder_list *list, struct qr_part code)
{
    size_t low = 0;
    for (size_t high = list->code_count; low < high;) {
        size_t const middle = low + (high - low) / 2;
        const char *listed = list->codes[middle];
        int const order = strncmp(listed, code.at, code.size);
        if (order == 0 && listed[code.size] == '\0')
            return TRI_YES;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return TRI_NO;
}

/* Something stands there that shows no code, or one that is not listed. */
static enum tri is_strange(const struct derive *derive, struct seen seen)
{
    if (seen.qr.code.size > 0 && derive->doubled)
        return TRI_YES; /* one label, one cylinder */
    if (seen.qr.code.size > 0)
        return derive->cylinders == NULL ? TRI_NO : tri_not(is_listed(derive->cylinders, seen.qr.code));
    if (seen.readable != TRI_YES)
        return seen.readable;
    struct number const gross = number_of(derive, lpg_points, GROSS_MASS);
    if (!derive_has(derive, GROSS_MASS))
        return TRI_NO;
    return number_is_known(gross) ? tri_of(gross.value >= OCCUPIED_KG) : TRI_UNKNOWN;
}

static void derive_strange(struct derive *derive)
{
    enum tri const strange = tri_or(state_is(derive, CYLINDER_UNKNOWN), is_strange(derive, see_code(derive)));
    tri_put(derive, CYLINDER_STRANGE, strange, derive_has(derive, CYLINDER_STATE) ? CYLINDER_STATE : CYLINDER_CODE);
}

void lpg_derive_label(struct derive *derive)
{
    derive_expired(derive);
    derive_strange(derive);
}

void lpg_mounted(const struct derive *derive, struct class_item *ret_item)
{
    static const uint8_t people[] = {DELIVERY_UNIT, FILL_WORKER};
    struct seen const code = see_code(derive);
    struct number const mass = number_of(derive, lpg_points, derive_has(derive, GROSS_MASS) ? GROSS_MASS : NET_MASS);
    *ret_item = (struct class_item){
        .code = code.qr.code.at, .code_size = code.qr.code.size, .has_mass = number_is_known(mass), .mass = mass.value};
    for (size_t i = 0; i < ARRAY_SIZE(people) && ret_item->by_size == 0; i++) {
        const struct sample *sample = &derive->samples[people[i]];
        if (!derive_has(derive, people[i]) || sample->quality == QUALITY_BAD || derive->texts == NULL)
            continue;
        ret_item->by = derive->texts + sample->value.text.offset;
        ret_item->by_size = sample->value.text.size;
    }
}
