#include "gateway/core/qr.h"

#include <string.h>

#include "gateway/core/civil.h"

#define FIELDS 6

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\0'; /* registers are filled up with zeros */
}

static struct qr_part trim(struct qr_part part)
{
    for (; part.size > 0 && is_blank(part.at[0]); part.at++)
        part.size--;
    while (part.size > 0 && is_blank(part.at[part.size - 1]))
        part.size--;
    return part;
}

static bool begins(struct qr_part part, const char *with)
{
    return part.size >= strlen(with) && memcmp(part.at, with, strlen(with)) == 0;
}

static struct qr_part skip(struct qr_part part, size_t count)
{
    return (struct qr_part){part.at + count, part.size - count};
}

/* --- days ----------------------------------------------------------------------------------------------------------- */

static bool take_number(struct qr_part *part, size_t digits_min, size_t digits_max, int32_t *ret_number)
{
    size_t digits = 0;
    int32_t number = 0;
    for (; digits < digits_max && digits < part->size && is_digit(part->at[digits]); digits++)
        number = number * 10 + (part->at[digits] - '0');
    if (digits < digits_min)
        return false;
    *part = skip(*part, digits);
    *ret_number = number;
    return true;
}

static bool take_sign(struct qr_part *part, const char *sign)
{
    if (!begins(*part, sign))
        return false;
    *part = skip(*part, strlen(sign));
    return true;
}

/* What may stand between year, month and day. */
static void take_between(struct qr_part *part, const char *word)
{
    (void)(take_sign(part, word) || take_sign(part, "-") || take_sign(part, "/") || take_sign(part, "."));
}

bool qr_read_day(const char *text, size_t size, int32_t *ret_day)
{
    struct qr_part part = trim((struct qr_part){text, size});
    struct civil civil;
    if (!take_number(&part, 4, 4, &civil.year))
        return false;
    take_between(&part, "年");
    if (!take_number(&part, 1, 2, &civil.month) || civil.month < 1 || civil.month > 12)
        return false;
    take_between(&part, "月");
    int32_t const last = civil_month_days(civil.year, civil.month);
    if (part.size == 0)
        civil.day = last;
    else if (!take_number(&part, 1, 2, &civil.day))
        return false;
    (void)take_sign(&part, "日");
    if (part.size != 0 || civil.day < 1 || civil.day > last)
        return false;
    *ret_day = civil_day(civil);
    return true;
}

/* --- codes ---------------------------------------------------------------------------------------------------------- */

static bool are(const char *text, size_t count, bool (*is)(char))
{
    for (size_t i = 0; i < count; i++)
        if (!is(text[i]))
            return false;
    return true;
}

static bool is_capital(char c)
{
    return is_digit(c) || (c >= 'A' && c <= 'Z');
}

bool qr_is_registration(const char *text, size_t size)
{
    if (size == 12 && (text[0] < '1' || text[0] > '6'))
        return false;
    const char *rest = text + (size == 12);
    return (size == 11 || size == 12) && are(rest, 2, is_digit) && rest[0] != '0' && are(rest + 2, 4, is_capital) &&
           are(rest + 6, 5, is_digit);
}

/* The first word of an address that can be a registration code, behind its host. */
static struct qr_part code_in_address(struct qr_part address)
{
    struct qr_part rest = address;
    size_t slashes = 0;
    while (rest.size > 0 && slashes < 3) {
        slashes += rest.at[0] == '/';
        rest = skip(rest, 1);
    }
    while (rest.size > 0) {
        size_t size = 0;
        while (size < rest.size && is_word(rest.at[size]))
            size++;
        if (qr_is_registration(rest.at, size))
            return (struct qr_part){rest.at, size};
        rest = skip(rest, size < rest.size ? size + 1 : size);
    }
    return address;
}

/* --- the whole ------------------------------------------------------------------------------------------------------ */

/* "a,b,c]note": its fields, each trimmed; what stands behind the last one is the note. */
static size_t split(struct qr_part rest, bool bracketed, struct qr_part ret_fields[static FIELDS],
                    struct qr_part *ret_note)
{
    size_t count = 0;
    while (count < FIELDS) {
        size_t size = 0;
        while (size < rest.size && rest.at[size] != ',' && (!bracketed || rest.at[size] != ']'))
            size++;
        ret_fields[count++] = trim((struct qr_part){rest.at, size});
        bool const more = size < rest.size && rest.at[size] == ',';
        rest = skip(rest, size < rest.size ? size + 1 : size);
        if (!more)
            break;
    }
    *ret_note = trim(rest);
    return count;
}

struct qr qr_read(const char *text, size_t size)
{
    struct qr qr = {0};
    struct qr_part fields[FIELDS] = {0};
    struct qr_part const all = trim((struct qr_part){text, size});
    bool const bracketed = begins(all, "[");
    qr.code = all;
    if (begins(all, "http://") || begins(all, "https://")) {
        qr.code = code_in_address(all);
        return qr;
    }
    if (split(skip(all, bracketed), bracketed, fields, &qr.note) < 2) {
        if (bracketed)
            qr.code = fields[0];
        return qr;
    }
    qr.certificate = fields[0];
    qr.registration = fields[1];
    qr.maker = fields[2];
    qr.number = fields[3];
    qr.has_made = qr_read_day(fields[4].at, fields[4].size, &qr.made_day);
    qr.has_scrap = qr_read_day(fields[5].at, fields[5].size, &qr.scrap_day);
    if (qr.registration.size > 0)
        qr.code = qr.registration;
    else if (qr.number.size > 0)
        qr.code = qr.number;
    return qr;
}
