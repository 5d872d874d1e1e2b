/* civil: days of the Gregorian calendar as numbers, so that they can be counted. Pure.
 *
 * Day 0 is 1970-01-01; a Thursday. */
#ifndef OUTPOST_CORE_CIVIL_H
#define OUTPOST_CORE_CIVIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CIVIL_DAY_S ((int64_t)86400)

struct civil {
    int32_t year;
    int32_t month; /* 1..12 */
    int32_t day;   /* 1..31 */
};

int32_t civil_month_days(int32_t year, int32_t month);
/* Of a day that there is. */
int32_t civil_day(struct civil civil);
struct civil civil_of_day(int32_t day);
/* "2027-03-01", a day that there is, of the years 0000 to 9999. `ret_day` may be NULL. */
bool civil_read(const char *text, size_t size, int32_t *ret_day);
#define CIVIL_TEXT_SIZE 11
void civil_write(int32_t day, char ret_text[static CIVIL_TEXT_SIZE]);

#endif
