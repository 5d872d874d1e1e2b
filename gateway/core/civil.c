#include "gateway/core/civil.h"

#include <stdio.h>

#include "gateway/base/check.h"

int32_t civil_month_days(int32_t year, int32_t month)
{
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    CHECK(month >= 1 && month <= 12);
    bool const leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

/* Years that begin in March have their odd day at the end; 400 of them have 146097 days. */
int32_t civil_day(struct civil civil)
{
    int32_t const year = civil.year - (civil.month <= 2);
    int32_t const era = (year >= 0 ? year : year - 399) / 400;
    int32_t const of_era = year - era * 400;
    int32_t const of_year = (153 * (civil.month + (civil.month > 2 ? -3 : 9)) + 2) / 5 + civil.day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

struct civil civil_of_day(int32_t day)
{
    int64_t const from_0 = (int64_t)day + 719468;
    int64_t const era = (from_0 >= 0 ? from_0 : from_0 - 146096) / 146097;
    int32_t const of_era = (int32_t)(from_0 - era * 146097);
    int32_t const year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int32_t const of_year = of_era - (365 * year + year / 4 - year / 100);
    int32_t const month = (5 * of_year + 2) / 153;
    struct civil civil = {.year = (int32_t)(era * 400) + year,
                          .month = month < 10 ? month + 3 : month - 9,
                          .day = of_year - (153 * month + 2) / 5 + 1};
    civil.year += civil.month <= 2;
    return civil;
}

static bool read_digits(const char *text, size_t count, int32_t *ret_number)
{
    int32_t number = 0;
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        number = number * 10 + (text[i] - '0');
    }
    *ret_number = number;
    return true;
}

bool civil_read(const char *text, size_t size, int32_t *ret_day)
{
    struct civil civil;
    if (size != CIVIL_TEXT_SIZE - 1 || text[4] != '-' || text[7] != '-' || !read_digits(text, 4, &civil.year) ||
        !read_digits(text + 5, 2, &civil.month) || !read_digits(text + 8, 2, &civil.day))
        return false;
    if (civil.month < 1 || civil.month > 12 || civil.day < 1 || civil.day > civil_month_days(civil.year, civil.month))
        return false;
    if (ret_day != NULL)
        *ret_day = civil_day(civil);
    return true;
}

void civil_write(int32_t day, char ret_text[static CIVIL_TEXT_SIZE])
{
    struct civil const civil = civil_of_day(day);
    CHECK(civil.year >= 0 && civil.year <= 9999);
    char text[40];
    (void)snprintf(text, sizeof text, "%04d-%02d-%02d", (int)civil.year, (int)civil.month, (int)civil.day);
    for (size_t i = 0; i < CIVIL_TEXT_SIZE; i++)
        ret_text[i] = text[i];
}
