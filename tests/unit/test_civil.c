#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/base/check.h"
#include "gateway/core/civil.h"
#include "gateway/core/due.h"
#include "gateway/core/local_time.h"

#define ZONES "/usr/share/zoneinfo/"

static int32_t day_of(const char *text)
{
    int32_t day;
    if (!civil_read(text, strlen(text), &day))
        fail_msg("no day: %s", text);
    return day;
}

/* --- the calendar --- */

static void every_day_of_four_centuries_has_its_number(void **state)
{
    (void)state;
    struct civil civil = {.year = 1700, .month = 1, .day = 1};
    char text[CIVIL_TEXT_SIZE];
    for (int32_t day = civil_day(civil); civil.year < 2150; day++) {
        struct civil const back = civil_of_day(day);
        assert_true(back.year == civil.year && back.month == civil.month && back.day == civil.day);
        assert_int_equal(civil_day(civil), day);
        civil_write(day, text);
        assert_int_equal(day_of(text), day);
        if (++civil.day <= civil_month_days(civil.year, civil.month))
            continue;
        civil.day = 1;
        civil.year += civil.month == 12;
        civil.month = civil.month % 12 + 1;
    }
}

static void known_days(void **state)
{
    (void)state;
    assert_int_equal(day_of("1970-01-01"), 0);
    assert_int_equal(day_of("1969-12-31"), -1);
    assert_int_equal(day_of("2000-03-01"), 11017);
    assert_int_equal(day_of("2027-03-01") - day_of("2027-01-31"), 29);
    assert_int_equal(day_of("2028-03-01") - day_of("2028-02-28"), 2);
    assert_int_equal(civil_month_days(1900, 2), 28);
    assert_int_equal(civil_month_days(2000, 2), 29);
    assert_int_equal(civil_month_days(2026, 4), 30);
}

static void what_is_no_day_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",           "2027-3-1",    "2027-02-29", "1900-02-29", "2027-13-01",
                                        "2027-00-10", "2027-04-31",  "2027-04-00", "2027/04/01", "2027-04-0a",
                                        "+027-04-01", "2027-04-011", "2027-04 01", "20270401"};
    int32_t day = 7;
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        assert_false(civil_read(wrong[i], strlen(wrong[i]), &day));
        assert_int_equal(day, 7);
    }
    assert_true(civil_read("2028-02-29", 10, NULL));
}

/* --- stages --- */

static void only_the_newest_stage_holds(void **state)
{
    (void)state;
    for (int32_t left = 80; left >= -400; left--) {
        size_t const wanted = left > 60 ? 0 : left > 30 ? 1 : left > 7 ? 2 : left > 0 ? 3 : 4;
        assert_int_equal(due_stage(left), wanted);
        for (size_t i = 0; i < DUE_STAGES; i++) {
            struct rule const rule = {.kind = RULE_DUE, .limit = DUE_DAYS[i]};
            assert_int_equal(due_crosses(&rule, left), i + 1 == wanted ? TRI_YES : TRI_NO);
        }
    }
}

/* --- time zones --- */

static struct time_zone_change changes[TIME_ZONE_CHANGES_MAX];

static bool load(const char *name, struct time_zone *ret_zone)
{
    static char bytes[65536];
    char path[128];
    (void)snprintf(path, sizeof path, ZONES "%s", name);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return false;
    size_t const size = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    assert_int_equal(local_time_read(bytes, size, changes, ret_zone), ERR_OK);
    for (size_t cut = 0; cut + 1 < size; cut += 1 + size / 200) { /* damaged, it is refused and never overrun */
        struct time_zone other;
        char *copy = malloc(cut + 1);
        assert_non_null(copy);
        memcpy(copy, bytes, cut);
        static struct time_zone_change elsewhere[TIME_ZONE_CHANGES_MAX];
        assert_int_equal(local_time_read(copy, cut, elsewhere, &other), ERR_FORMAT);
        free(copy);
    }
    return true;
}

/* The C library knows it too. */
static void every_kind_of_zone_agrees_with_the_c_library(void **state)
{
    (void)state;
    static const char *const zones[] = {"Asia/Shanghai",       "UTC",          "Europe/London",  "America/New_York",
                                        "America/Santiago",    "America/Nuuk", "Asia/Tehran",    "Africa/Casablanca",
                                        "Australia/Lord_Howe", "Asia/Gaza",    "Asia/Kathmandu", "Pacific/Apia",
                                        "Europe/Dublin",       "Africa/Cairo", "Asia/Beirut",    "Pacific/Chatham"};
    struct time_zone zone;
    if (!load("UTC", &zone))
        skip();
    for (size_t i = 0; i < ARRAY_SIZE(zones); i++) {
        if (!load(zones[i], &zone))
            fail_msg("no zone %s", zones[i]);
        (void)setenv("TZ", zones[i], 1);
        tzset();
        for (int64_t utc_s = -2208988800; utc_s < 5000000000; utc_s += 86400 * 3 + 12347) { /* 1900 to 2128 */
            time_t const at = (time_t)utc_s;
            struct tm local;
            assert_non_null(localtime_r(&at, &local));
            if (local_time_offset_s(&zone, utc_s) != local.tm_gmtoff)
                fail_msg("%s at %lld: %d, and %ld by the C library", zones[i], (long long)utc_s,
                         (int)local_time_offset_s(&zone, utc_s), local.tm_gmtoff);
        }
    }
}

/* A file without changes, and a last line of a form that no zone uses today. */
static void days_of_the_year(void **state)
{
    (void)state;
    static const char *const lines[] = {"AAA3BBB,J60/2,J300/2", "AAA-5BBB-6:30,59,299/-3", "<+01>-1<+02>,J59/24,J61/0",
                                        "AAA3BBB,M10.5.0/167,M2.1.3/-167"};
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        char file[256] = "TZif2";
        struct time_zone zone;
        size_t const second = 44 + 7;
        file[39] = file[43] = 1; /* one type, one character */
        memcpy(file + second, file, 44);
        size_t const end = second + 44 + 7;
        int const size = snprintf(file + end, sizeof file - end, "\n%s\n", lines[i]);
        assert_int_equal(local_time_read(file, end + (size_t)size, changes, &zone), ERR_OK);
        (void)setenv("TZ", lines[i], 1);
        tzset();
        for (int64_t utc_s = 1000000000; utc_s < 2000000000; utc_s += 3600 * 7 + 11) {
            time_t const at = (time_t)utc_s;
            struct tm local;
            assert_non_null(localtime_r(&at, &local));
            if (local_time_offset_s(&zone, utc_s) != local.tm_gmtoff)
                fail_msg("%s at %lld: %d, and %ld by the C library", lines[i], (long long)utc_s,
                         (int)local_time_offset_s(&zone, utc_s), local.tm_gmtoff);
        }
    }
}

static int64_t utc_ms_of(const char *day, int hour, int minute)
{
    return (day_of(day) * CIVIL_DAY_S + hour * 3600 + minute * 60) * 1000;
}

static void the_day_turns_at_local_midnight(void **state)
{
    (void)state;
    struct time_zone const china = {.has_rest = true, .standard_s = 8 * 3600};
    int64_t const midnight_ms = utc_ms_of("2028-02-28", 16, 0);
    assert_int_equal(local_time_day(&china, midnight_ms - 1), day_of("2028-02-28"));
    assert_int_equal(local_time_day(&china, midnight_ms), day_of("2028-02-29"));
    assert_int_equal(local_time_to_midnight_ms(&china, midnight_ms - 1), 1);
    assert_int_equal(local_time_to_midnight_ms(&china, midnight_ms), CIVIL_DAY_S * 1000);
    assert_int_equal(local_time_day(NULL, midnight_ms), day_of("2028-02-28"));
    assert_int_equal(local_time_day(&china, utc_ms_of("1969-12-31", 15, 59)), -1);
    assert_int_equal(local_time_day(&china, utc_ms_of("1969-12-31", 16, 0)), 0);
}

static void a_summer_over_new_year(void **state)
{
    (void)state;
    struct time_zone zone;
    if (!load("America/Santiago", &zone))
        skip();
    assert_int_equal(local_time_offset_s(&zone, utc_ms_of("2090-01-01", 0, 0) / 1000), -3 * 3600);
    assert_int_equal(local_time_offset_s(&zone, utc_ms_of("2090-06-01", 0, 0) / 1000), -4 * 3600);
    assert_int_equal(local_time_offset_s(&zone, utc_ms_of("2090-12-01", 0, 0) / 1000), -3 * 3600);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_of_four_centuries_has_its_number),
        cmocka_unit_test(known_days),
        cmocka_unit_test(what_is_no_day_is_refused),
        cmocka_unit_test(only_the_newest_stage_holds),
        cmocka_unit_test(every_kind_of_zone_agrees_with_the_c_library),
        cmocka_unit_test(days_of_the_year),
        cmocka_unit_test(the_day_turns_at_local_midnight),
        cmocka_unit_test(a_summer_over_new_year),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
