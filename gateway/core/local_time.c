#include "gateway/core/local_time.h"

#include <string.h>

#include "gateway/base/check.h"
#include "gateway/core/civil.h"

#define DAY_MS       (CIVIL_DAY_S * 1000)
#define OFFSET_MAX_S (26 * 3600) /* RFC 9636, section 3.2: -25 to 26 hours are to be expected */

/* --- days ----------------------------------------------------------------------------------------------------------- */

static int64_t floor_to(int64_t value, int64_t unit)
{
    int64_t const rest = value % unit;
    return (value - (rest < 0 ? rest + unit : rest)) / unit;
}

/* The local moment of a turn in this year, in seconds since 1970-01-01 00:00 local. */
static int64_t turn_s(const struct time_zone_turn *turn, int32_t year)
{
    int32_t const new_year = civil_day((struct civil){year, 1, 1});
    bool const leap = civil_month_days(year, 2) == 29;
    int32_t day = new_year + turn->day;
    if (turn->form == TIME_ZONE_DAY_OF_YEAR_NO_LEAP)
        day += leap && turn->day >= 60 ? 0 : -1; /* J60 is always March 1 */
    if (turn->form == TIME_ZONE_DAY_OF_MONTH) {
        int32_t const first = civil_day((struct civil){year, turn->month, 1});
        int32_t const weekday = (int32_t)(((int64_t)first + 4) % 7 + 7) % 7;
        day = first + (turn->weekday - weekday + 7) % 7 + (turn->week - 1) * 7;
        if (day >= first + civil_month_days(year, turn->month))
            day -= 7;
    }
    return day * CIVIL_DAY_S + turn->time_s;
}

static int32_t offset_of_rest(const struct time_zone *zone, int64_t utc_s)
{
    if (!zone->has_summer)
        return zone->standard_s;
    int32_t const year = civil_of_day((int32_t)floor_to(utc_s + zone->standard_s, CIVIL_DAY_S)).year;
    int64_t const begins = turn_s(&zone->summer_begins, year) - zone->standard_s;
    int64_t const ends = turn_s(&zone->summer_ends, year) - zone->summer_s;
    bool const summer =
        begins < ends ? utc_s >= begins && utc_s < ends : utc_s >= begins || utc_s < ends; /* south: over new year */
    return summer ? zone->summer_s : zone->standard_s;
}

int32_t local_time_offset_s(const struct time_zone *zone, int64_t utc_s)
{
    if (zone == NULL)
        return 0;
    size_t const count = zone->change_count;
    if (count > 0 && utc_s < zone->changes[0].from_utc_s)
        return zone->before_s;
    if (zone->has_rest && (count == 0 || utc_s >= zone->changes[count - 1].from_utc_s))
        return offset_of_rest(zone, utc_s);
    if (count == 0)
        return zone->before_s;
    size_t low = 0; /* the last one that is not later */
    for (size_t high = count; high - low > 1;) {
        size_t const middle = low + (high - low) / 2;
        if (zone->changes[middle].from_utc_s <= utc_s)
            low = middle;
        else
            high = middle;
    }
    return zone->changes[low].offset_s;
}

static int64_t local_ms(const struct time_zone *zone, int64_t utc_ms)
{
    return utc_ms + (int64_t)local_time_offset_s(zone, floor_to(utc_ms, 1000)) * 1000;
}

int32_t local_time_day(const struct time_zone *zone, int64_t utc_ms)
{
    return (int32_t)floor_to(local_ms(zone, utc_ms), DAY_MS);
}

int64_t local_time_to_midnight_ms(const struct time_zone *zone, int64_t utc_ms)
{
    int64_t const local = local_ms(zone, utc_ms);
    return (floor_to(local, DAY_MS) + 1) * DAY_MS - local;
}

/* --- the last line: POSIX TZ ---------------------------------------------------------------------------------------- */

struct line {
    const char *at;
    size_t left;
};

static char peek(const struct line *line)
{
    return line->left > 0 ? *line->at : '\0';
}

static bool take(struct line *line, char wanted)
{
    if (peek(line) != wanted || wanted == '\0')
        return false;
    line->at++;
    line->left--;
    return true;
}

static bool take_number(struct line *line, int32_t minimum, int32_t maximum, int32_t *ret_number)
{
    int32_t number = 0;
    size_t digits = 0;
    for (; peek(line) >= '0' && peek(line) <= '9' && digits < 4; digits++) {
        number = number * 10 + (peek(line) - '0');
        (void)take(line, peek(line));
    }
    *ret_number = number;
    return digits > 0 && number >= minimum && number <= maximum;
}

/* CST, <+0330> */
static bool take_name(struct line *line)
{
    size_t size = 0;
    bool const quoted = take(line, '<');
    for (;; size++) {
        char const c = peek(line);
        bool const letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool const sign = (c >= '0' && c <= '9') || c == '+' || c == '-';
        if (!letter && !(quoted && sign))
            break;
        (void)take(line, c);
    }
    return size >= 3 && (!quoted || take(line, '>'));
}

/* [+-]h[:mm[:ss]] */
static bool take_time(struct line *line, int32_t hours_max, int32_t *ret_s)
{
    int32_t hours;
    int32_t minutes = 0;
    int32_t seconds = 0;
    int32_t const sign = take(line, '-') ? -1 : 1;
    if (sign > 0)
        (void)take(line, '+');
    if (!take_number(line, 0, hours_max, &hours))
        return false;
    if (take(line, ':') && !take_number(line, 0, 59, &minutes))
        return false;
    if (take(line, ':') && !take_number(line, 0, 59, &seconds))
        return false;
    *ret_s = sign * (hours * 3600 + minutes * 60 + seconds);
    return true;
}

static bool take_day(struct line *line, struct time_zone_turn *turn)
{
    int32_t month;
    int32_t week;
    int32_t number;
    if (take(line, 'M')) {
        if (!take_number(line, 1, 12, &month) || !take(line, '.') || !take_number(line, 1, 5, &week) ||
            !take(line, '.') || !take_number(line, 0, 6, &number))
            return false;
        turn->form = TIME_ZONE_DAY_OF_MONTH;
        turn->month = (uint8_t)month;
        turn->week = (uint8_t)week;
        turn->weekday = (uint8_t)number;
        return true;
    }
    bool const no_leap = take(line, 'J');
    if (!take_number(line, no_leap ? 1 : 0, 365, &number))
        return false;
    turn->form = no_leap ? TIME_ZONE_DAY_OF_YEAR_NO_LEAP : TIME_ZONE_DAY_OF_YEAR;
    turn->day = (uint16_t)number;
    return true;
}

/* ,day[/time] */
static bool take_turn(struct line *line, struct time_zone_turn *turn)
{
    turn->time_s = 2 * 3600;
    return take(line, ',') && take_day(line, turn) && (!take(line, '/') || take_time(line, 167, &turn->time_s));
}

/* "GMT0BST,M3.5.0/1,M10.5.0"; offsets there are UTC minus local. */
static bool read_rest(struct line line, struct time_zone *zone)
{
    int32_t west_s;
    if (line.left == 0)
        return true; /* nobody knows */
    if (!take_name(&line) || !take_time(&line, 24, &west_s))
        return false;
    zone->has_rest = true;
    zone->standard_s = -west_s;
    if (line.left == 0)
        return true;
    zone->has_summer = true;
    zone->summer_s = zone->standard_s + 3600;
    if (!take_name(&line))
        return false;
    if (peek(&line) != ',') {
        if (!take_time(&line, 24, &west_s))
            return false;
        zone->summer_s = -west_s;
    }
    return take_turn(&line, &zone->summer_begins) && take_turn(&line, &zone->summer_ends) && line.left == 0;
}

/* --- the file ------------------------------------------------------------------------------------------------------- */

#define HEADER_SIZE 44
#define COUNT_MAX   65536 /* of anything: far more than there is, and nothing overflows */

struct header {
    size_t utc_count, standard_count, leap_count, change_count, type_count, name_size;
};

static uint32_t number_32(const char *at)
{
    const unsigned char *bytes = (const unsigned char *)at;
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static int64_t number_64(const char *at)
{
    uint64_t const number = (uint64_t)number_32(at) << 32 | number_32(at + 4);
    int64_t value;
    memcpy(&value, &number, sizeof value);
    return value;
}

static int32_t signed_32(const char *at)
{
    uint32_t const number = number_32(at);
    int32_t value;
    memcpy(&value, &number, sizeof value);
    return value;
}

static bool read_header(const char *at, size_t left, struct header *ret_header)
{
    if (left < HEADER_SIZE || memcmp(at, "TZif", 4) != 0 || at[4] < '2' || at[4] > '9')
        return false;
    for (size_t i = 20; i < HEADER_SIZE; i += 4)
        if (number_32(at + i) > COUNT_MAX)
            return false;
    *ret_header = (struct header){number_32(at + 20), number_32(at + 24), number_32(at + 28),
                                  number_32(at + 32), number_32(at + 36), number_32(at + 40)};
    return true;
}

static size_t body_size(const struct header *header, size_t time_size)
{
    return header->change_count * (time_size + 1) + header->type_count * 6 + header->name_size +
           header->leap_count * (time_size + 4) + header->standard_count + header->utc_count;
}

static bool read_changes(const char *body, const struct header *header, struct time_zone_change *changes,
                         struct time_zone *zone)
{
    size_t const count = header->change_count;
    const char *types = body + count * 8;
    const char *offsets = types + count;
    size_t const left_out = count > TIME_ZONE_CHANGES_MAX ? count - TIME_ZONE_CHANGES_MAX : 0;
    zone->before_s = signed_32(offsets);
    zone->changes = changes;
    zone->change_count = count - left_out;
    for (size_t i = 0; i < count; i++) {
        size_t const type = (unsigned char)types[i];
        if (type >= header->type_count || (i > 0 && number_64(body + i * 8) <= number_64(body + (i - 1) * 8)))
            return false;
        int32_t const offset_s = signed_32(offsets + type * 6);
        if (offset_s < -OFFSET_MAX_S || offset_s > OFFSET_MAX_S)
            return false;
        if (i < left_out)
            zone->before_s = offset_s;
        else
            changes[i - left_out] = (struct time_zone_change){number_64(body + i * 8), offset_s};
    }
    return zone->before_s >= -OFFSET_MAX_S && zone->before_s <= OFFSET_MAX_S;
}

enum err local_time_read(const char *bytes, size_t size, struct time_zone_change *changes, struct time_zone *ret_zone)
{
    struct header header;
    struct time_zone zone = {0};
    if (!read_header(bytes, size, &header))
        return ERR_FORMAT;
    size_t const second = HEADER_SIZE + body_size(&header, 4);
    if (second > size || !read_header(bytes + second, size - second, &header) || header.type_count == 0)
        return ERR_FORMAT;
    size_t const body = second + HEADER_SIZE;
    size_t const last = body + body_size(&header, 8);
    if (last + 2 > size || bytes[last] != '\n' || !read_changes(bytes + body, &header, changes, &zone))
        return ERR_FORMAT;
    const char *end = memchr(bytes + last + 1, '\n', size - last - 1);
    if (end == NULL || !read_rest((struct line){bytes + last + 1, (size_t)(end - bytes) - last - 1}, &zone))
        return ERR_FORMAT;
    *ret_zone = zone;
    return ERR_OK;
}
