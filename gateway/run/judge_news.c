#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/run/judge_private.h"

bool news_push(struct judge *judge)
{
    if (ring_push(judge->setup.news, &judge->news, news_size(&judge->news)) != ERR_OK)
        return false;
    judge->news_count++;
    judge->told = true;
    return true;
}

void answer_push(struct judge *judge, const struct answer *answer)
{
    if (ring_push(judge->setup.answers, answer, sizeof *answer) == ERR_OK)
        bell_ring(judge->setup.answers_bell); /* full: whoever asked has stopped listening */
}

static bool push_state(struct judge *judge, enum news_kind kind, const struct stored *stored, struct alarm_moment at)
{
    judge->news = (struct news){.kind = (uint8_t)kind,
                                .has_stored = 1,
                                .synced = at.synced,
                                .utc_ms = at.utc_ms,
                                .mono_us = at.mono_us,
                                .stored = *stored};
    return news_push(judge);
}

bool news_push_stored(struct judge *judge, const struct stored *stored, struct alarm_moment at)
{
    return push_state(judge, NEWS_STORED, stored, at);
}

bool news_push_hushed(struct judge *judge, const struct stored *stored, struct alarm_moment at)
{
    return push_state(judge, NEWS_HUSHED, stored, at);
}

static bool push_notice(struct judge *judge, struct judge_notice *notice)
{
    struct news *news = &judge->news;
    news->kind = NEWS_NOTICE;
    news->has_stored = notice->has_stored;
    news->synced = notice->at.synced;
    news->utc_ms = notice->at.utc_ms;
    news->mono_us = notice->at.mono_us;
    news->stored = notice->stored;
    news->is.notice.notice = (uint32_t)notice->notice;
    news->is.notice.answer = notice->answer;
    text_copy(news->is.notice.detail, sizeof news->is.notice.detail, notice->detail);
    if (!news_push(judge))
        return false;
    notice->local.after = judge->news_count;
    if (notice->has_local)
        answer_push(judge, &notice->local);
    return true;
}

static bool push_waiting(struct judge *judge)
{
    while (judge->notice_count > 0) {
        if (!push_notice(judge, &judge->notices[judge->notice_first]))
            return false;
        judge->notice_first = (judge->notice_first + 1) % JUDGE_NOTICES_MAX;
        judge->notice_count--;
    }
    return true;
}

struct judge_notice *notice_begin(struct judge *judge, enum notice notice, struct alarm_moment at,
                                  struct text *ret_detail)
{
    if (judge->notice_count == JUDGE_NOTICES_MAX)
        (void)push_waiting(judge);
    if (judge->notice_count == JUDGE_NOTICES_MAX) {
        judge->notices_dropped++;
        return NULL;
    }
    size_t const at_place = (judge->notice_first + judge->notice_count) % JUDGE_NOTICES_MAX;
    struct judge_notice *next = &judge->notices[at_place];
    next->notice = notice;
    next->at = at;
    next->has_stored = false;
    next->answer = (struct news_answer){.id = ""};
    next->has_local = false;
    text_init(ret_detail, next->detail, sizeof next->detail);
    judge->notice_count++;
    return next;
}

/* Notices dropped for want of room are declared once there is room again. */
static void declare_dropped(struct judge *judge, struct alarm_moment at)
{
    struct text detail;
    if (judge->notices_dropped == 0 || notice_begin(judge, NOTICE_GAP, at, &detail) == NULL)
        return;
    text_put(&detail, "\"of\":\"a\",\"count\":");
    text_put_uint(&detail, judge->notices_dropped);
    text_put(&detail, ",\"why\":\"ring\"");
    judge->notices_dropped = 0;
}

void notices_flush(struct judge *judge, struct alarm_moment at)
{
    if (!push_waiting(judge))
        return;
    declare_dropped(judge, at);
    (void)push_waiting(judge);
}
