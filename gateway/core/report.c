#include "gateway/core/report.h"

#include <math.h>

#include "gateway/base/check.h"
#include "gateway/core/normalize.h"

bool report_is_news(const struct device_point *point, const struct sample *sent, const struct sample *now)
{
    if (sent->quality != now->quality || sent->reason != now->reason)
        return true;
    double before = 0;
    double after = 0;
    if (!sample_number(point->type, sent, &before) || !sample_number(point->type, now, &after))
        return false;
    double difference = fabs(after - before);
    return point->deadband > 0 ? difference >= point->deadband : difference > 0;
}

void report_batch(struct report *report, unsigned slave, bool cycle_ended, uint64_t expected, int64_t mono_us)
{
    CHECK(slave < 64);
    bool over = report->ready || mono_us > report->round_mono_us + REPORT_GRACE_MS * 1000;
    if (!report->in_round || over) { /* the one before was not worth a record */
        report->in_round = true;
        report->round_gap_us = mono_us - report->round_mono_us;
        report->ready = false;
        report->ended = 0;
        report->round_mono_us = mono_us;
    }
    if (cycle_ended)
        report->ended |= UINT64_C(1) << slave;
    if ((expected & ~report->ended) != 0 || !cycle_ended)
        return;
    report->ready = true;
    report->ready_mono_us = mono_us;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t get_ready_mono_us(const struct report *report)
{
    return report->ready ? report->ready_mono_us : report->round_mono_us + REPORT_GRACE_MS * 1000;
}

static int64_t get_earliest_mono_us(const struct report *report, const struct report_pace *pace)
{
    return later(report->slot_mono_us, report->sent_mono_us) + pace->every_us - pace->every_us / 4;
}

int64_t report_due_mono_us(const struct report *report, const struct report_pace *pace)
{
    int64_t const ready_mono_us = get_ready_mono_us(report);
    if (!report->sent)
        return report->in_round ? ready_mono_us : REPORT_NEVER;

    int64_t const jitter_us = pace->every_us / 4;
    bool each_poll = pace->silence_us <= pace->every_us;
    bool in_time = report->in_round && ready_mono_us >= get_earliest_mono_us(report, pace);
    bool silent = in_time && ready_mono_us >= report->sent_mono_us + pace->silence_us - jitter_us;
    if (in_time && (report->changed || silent))
        return ready_mono_us;
    if (report->changed)
        return report->slot_mono_us + pace->every_us;
    int64_t longest_us = each_poll
                             ? later(pace->silence_us, pace->every_us + pace->every_us / 2 + REPORT_GRACE_MS * 1000)
                             : pace->silence_us;
    return report->sent_mono_us + longest_us;
}

void report_sent(struct report *report, const struct report_pace *pace, int64_t mono_us)
{
    int64_t const ready_mono_us = get_ready_mono_us(report);
    bool early = report->sent && mono_us < report->slot_mono_us + pace->every_us;
    bool was_held = report->sent && report->in_round && ready_mono_us < get_earliest_mono_us(report, pace);
    report->slot_mono_us = early ? report->slot_mono_us + pace->every_us : mono_us;
    if (was_held && report->round_gap_us >= pace->every_us)
        report->slot_mono_us = later(ready_mono_us, mono_us - pace->every_us / 4);
    report->changed = false;
    report->sent = true;
    report->in_round = false;
    report->ready = false;
    report->ended = 0;
    report->sent_mono_us = mono_us;
}
