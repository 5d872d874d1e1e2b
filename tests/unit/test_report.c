#include "tests/support/test.h"

#include "gateway/base/check.h"
#include "gateway/core/report.h"

#define S  INT64_C(1000000)
#define MS INT64_C(1000)

static const struct report_pace pace = {.every_us = 1 * S, .silence_us = 60 * S};

/* A single slave delivers its cycle; true when a record is due at that very moment. */
static bool poll(struct report *report, const struct report_pace *p, int64_t mono_us, bool changed)
{
    report_batch(report, 0, true, 1, mono_us);
    report->changed = report->changed || changed;
    if (report_due_mono_us(report, p) > mono_us)
        return false;
    report_sent(report, p, mono_us);
    return true;
}

static void test_news(void **state)
{
    (void)state;
    struct device_point point = {.type = VALUE_NUMBER, .deadband = 0.5};
    struct sample sent = {.value = {.number = 10}};
    struct {
        double value;
        double deadband;
        bool news;
    } const cases[] = {{10.49, 0.5, false}, {10.5, 0.5, true}, {9.5, 0.5, true}, {10, 0, false}, {10.0001, 0, true}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct sample now = {.value = {.number = cases[i].value}};
        point.deadband = cases[i].deadband;
        assert_int_equal(report_is_news(&point, &sent, &now), cases[i].news);
    }
    struct sample bad = {.quality = QUALITY_BAD, .reason = REASON_NO_ANSWER};
    struct sample stale = {.quality = QUALITY_BAD, .reason = REASON_STALE};
    assert_true(report_is_news(&point, &sent, &bad));
    assert_true(report_is_news(&point, &bad, &sent));
    assert_true(report_is_news(&point, &bad, &stale));
    assert_false(report_is_news(&point, &bad, &bad));
    struct device_point flag = {.type = VALUE_BOOL};
    struct sample off = {.value = {.boolean = false}};
    struct sample on = {.value = {.boolean = true}};
    assert_true(report_is_news(&flag, &off, &on));
    assert_false(report_is_news(&flag, &on, &on));
    struct sample doubt = {.value = {.boolean = true}, .quality = QUALITY_UNCERTAIN};
    assert_true(report_is_news(&flag, &on, &doubt));
}

static void test_first_record_and_silence(void **state)
{
    (void)state;
    struct report report = {0};
    assert_int_equal(report_due_mono_us(&report, &pace), REPORT_NEVER);
    int records = 0;
    int64_t last = 0;
    for (int64_t t = 5 * S; t < 185 * S; t += S) {
        if (!poll(&report, &pace, t, false))
            continue;
        if (records > 0)
            assert_int_equal(t - last, 60 * S);
        last = t;
        records++;
    }
    assert_int_equal(records, 3);
}

static void test_changes_at_most_once_per_period(void **state)
{
    (void)state;
    struct report report = {0};
    struct report_pace const slow = {.every_us = 2 * S, .silence_us = 60 * S};
    int records = 0;
    for (int64_t t = S; t <= 21 * S; t += 500 * MS) /* changes each half second */
        records += poll(&report, &slow, t, true);
    assert_int_equal(records, 11);
    /* A change that came too early is sent when the period is over, poll or not. */
    report_sent(&report, &slow, 30 * S);
    report_batch(&report, 0, true, 1, 30500 * MS);
    report.changed = true;
    assert_int_equal(report_due_mono_us(&report, &slow), 32 * S);
}

struct played {
    int records;
    int64_t last_delay; /* from the last reading to its record */
    int64_t least_gap;  /* between two records */
};

/* Changed readings each `tick` from `first` on, after a record at 0; a record is made when it is due. */
static struct played play(int64_t first, int64_t tick, int64_t jitter, int64_t until)
{
    struct report_pace const slow = {.every_us = 60 * S, .silence_us = 3600 * S};
    struct played played = {.least_gap = INT64_MAX};
    struct report report = {0};
    assert_true(poll(&report, &slow, 0, true));
    for (int64_t n = 0; first + n * tick < until; n++) {
        int64_t const t = first + n * tick + (n % 2 == 0 ? jitter : -jitter);
        int64_t const due = report.changed ? report_due_mono_us(&report, &slow) : REPORT_NEVER;
        int64_t const moments[] = {due < t ? due : -1, t};
        for (size_t i = 0; i < ARRAY_SIZE(moments); i++) {
            int64_t const before = report.sent_mono_us;
            if (moments[i] == t) {
                report_batch(&report, 0, true, 1, t);
                report.changed = true;
            }
            if (moments[i] < 0 || report_due_mono_us(&report, &slow) > moments[i])
                continue;
            played.last_delay = moments[i] - report.ready_mono_us;
            report_sent(&report, &slow, moments[i]);
            played.records++;
            played.least_gap = moments[i] - before < played.least_gap ? moments[i] - before : played.least_gap;
        }
    }
    return played;
}

/* Wherever the readings fall between two turns, the turns come to them. */
static void test_turns_follow_the_readings(void **state)
{
    (void)state;
    for (int64_t first = S; first <= 60 * S; first += S)
        for (int64_t jitter = 0; jitter <= 2 * S; jitter += S) {
            struct played const played = play(first, 60 * S, jitter, 1800 * S);
            assert_int_equal(played.last_delay, 0);
            assert_true(played.least_gap >= 45 * S);
            assert_in_range(played.records, 28, 31);
        }
}

/* Readings that come faster do not draw them nearer. */
static void test_turns_keep_the_pace(void **state)
{
    (void)state;
    for (int64_t tick = S; tick < 60 * S; tick += S) {
        struct played const played = play(20 * S, tick, 0, 6000 * S);
        assert_true(played.records <= 101);
        assert_true(played.least_gap >= 45 * S);
    }
}

/* Each poll is sent once, whatever the jitter. */
static void test_each_poll(void **state)
{
    (void)state;
    struct report_pace const each = {.every_us = 1 * S, .silence_us = 1 * S};
    struct report report = {0};
    int64_t const jitter[] = {0, 180, -200, 30, -90, 200, -240, 5};
    for (int64_t i = 1; i <= 800; i++)
        assert_true(poll(&report, &each, i * S + jitter[i % 8] * MS / 2, false));
    /* The slave dies: the record comes all the same, and a poll that is a little late is not taken twice. */
    int64_t due = report_due_mono_us(&report, &each);
    assert_true(due >= report.sent_mono_us + 1500 * MS && due <= report.sent_mono_us + 1700 * MS);
    struct report flat = {0};
    struct report_pace const flat_out = {.every_us = 0, .silence_us = 0};
    for (int64_t i = 1; i <= 50; i++)
        assert_true(poll(&flat, &flat_out, i * 7 * MS, false));
}

static void test_a_round_of_several_slaves(void **state)
{
    (void)state;
    struct report report = {0};
    report_batch(&report, 0, false, 3, 1 * S); /* a first read of slave 0 */
    assert_int_equal(report_due_mono_us(&report, &pace), 1 * S + 100 * MS);
    report_batch(&report, 0, true, 3, 1 * S + 20 * MS);
    assert_int_equal(report_due_mono_us(&report, &pace), 1 * S + 100 * MS);
    report_batch(&report, 1, true, 3, 1 * S + 50 * MS);
    assert_int_equal(report_due_mono_us(&report, &pace), 1 * S + 50 * MS);
    report_sent(&report, &pace, 1 * S + 50 * MS);

    report_batch(&report, 0, true, 3, 2 * S + 10 * MS); /* slave 1 does not come */
    report.changed = true;
    assert_int_equal(report_due_mono_us(&report, &pace), 2 * S + 110 * MS);
    report_sent(&report, &pace, 2 * S + 110 * MS);

    report_batch(&report, 0, true, 1, 3 * S + 60 * MS); /* and is not waited for any more */
    report.changed = true;
    assert_int_equal(report_due_mono_us(&report, &pace), 3 * S + 60 * MS);
    report_sent(&report, &pace, 3 * S + 60 * MS);
    /* A round that was not worth a record does not shorten the next. */
    report_batch(&report, 0, true, 3, 4 * S);
    report_batch(&report, 0, true, 3, 5 * S);
    report.changed = true;
    assert_int_equal(report_due_mono_us(&report, &pace), 5 * S + 100 * MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_news),
        cmocka_unit_test(test_first_record_and_silence),
        cmocka_unit_test(test_changes_at_most_once_per_period),
        cmocka_unit_test(test_turns_follow_the_readings),
        cmocka_unit_test(test_turns_keep_the_pace),
        cmocka_unit_test(test_each_poll),
        cmocka_unit_test(test_a_round_of_several_slaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
