#include <string.h>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/run/judge_private.h"

struct outcome {
    uint32_t count;
    const char *code; /* the first refusal; NULL none */
};

static const struct {
    const char *code;
    const char *why;
} sentences[] = {
    {"nothing_to_do", "nothing there that this order applies to"},
    {"ack_first", "the alarm has to be acknowledged before it can be reset"},
    {"condition_active", "the cause is still there, or it is not known whether it is gone"},
    {"not_silenceable", "this is not a sounder that may be silenced"},
    {"local_only", "an interlock can only be reset on site"},
    {"not_supported", "not possible in this state"},
    {"not_shelvable", "this alarm cannot be shelved; critical ones never can"},
    {"latched", "a latched alarm is acknowledged and reset, not shelved"},
    {"too_long", "for too long: a shelf lasts at most 8 h, a drill at most 2 h"},
    {"suppressed", "the site file keeps this alarm out of sight at the moment"},
    {"out_of_service", "this alarm is out of service; put it back into service first"},
    {"hold_one_zone", "a drill that holds outputs is for one zone, named with --zone"},
    {"hold_too_long", "a drill that holds outputs lasts at most 10 min"},
    {"hold_on_site", "outputs can be held only on site, by `outpost drill`"},
    {"hold_tripped", "an interlock of this zone is tripped: find out why and reset it first"},
    {"hold_in_alarm", "a detector of this zone is in alarm: outputs are not held against it"},
    {"hold_in_doubt",
     "a detector of this zone is faulty, silent or out of service: the others could not stand in for it"},
    {"nothing_to_hold", "no interlock looks at this zone: leave --hold-outputs away"},
    {"drill_running", "a drill is running; end it before another begins"},
    {"no_drill", "no drill is running"},
    {"not_found", "no such device or alarm"},
    {"busy", "the recorder cannot keep up; try again"},
};

static const char *sentence_of(const char *code)
{
    for (size_t i = 0; i < ARRAY_SIZE(sentences); i++)
        if (strcmp(sentences[i].code, code) == 0)
            return sentences[i].why;
    return code;
}

/* "nothing to do" says least: any other refusal is the better answer. */
static void refuse(struct outcome *outcome, const char *code)
{
    if (outcome->code == NULL || strcmp(outcome->code, "nothing_to_do") == 0)
        outcome->code = code;
}

static void obey_rule(struct judge *judge, size_t rule, enum alarm_order what, const struct order *order,
                      struct alarm_moment at, struct outcome *outcome)
{
    struct alarm_change change;
    const char *code = NULL;
    struct alarm_wish const wish = {.what = (uint8_t)what, .one_shot = order->one_shot, .for_ms = order->for_ms};
    if (alarm_obey(&judge->rules[rule].alarm, &judge->site->rules[rule], wish, at, &change, &code) != ERR_OK) {
        refuse(outcome, code);
        return;
    }
    if (!rule_tell(judge, rule, &change, order)) {
        refuse(outcome, "busy");
        return;
    }
    rule_settle(judge, rule);
    outcome->count++;
}

static void obey_rules(struct judge *judge, enum alarm_order what, const struct order *order, struct alarm_moment at,
                       struct outcome *outcome)
{
    size_t first = 0;
    size_t count = judge->site->rule_count;
    if (order->rule >= 0) {
        first = (size_t)order->rule;
        count = 1;
    } else if (order->subject >= 0) {
        first = (size_t)judge->site->subjects[order->subject].rule_first;
        count = (size_t)judge->site->subjects[order->subject].rule_count;
    }
    for (size_t i = 0; i < count; i++)
        obey_rule(judge, first + i, what, order, at, outcome);
}

static bool is_member(const struct judge_interlock *interlock, size_t device)
{
    for (size_t i = 0; i < interlock->member_count; i++)
        if (interlock->members[i].device == device)
            return true;
    return false;
}

/* Does an order for this subject mean this interlock? All of them; the interlock itself; for silence also the sirens of a
 * detector. What cannot be silenced is only meant where it is named. */
static bool is_meant(const struct judge *judge, const struct order *order, size_t interlock)
{
    const struct judge_interlock *own = &judge->interlocks[interlock];
    if (order->subject < 0)
        return order->verb != ORDER_SILENCE || own->site->silenceable;
    const struct subject *subject = &judge->site->subjects[order->subject];
    if (subject->kind == SUBJECT_INTERLOCK)
        return (size_t)subject->index == interlock;
    return order->verb == ORDER_SILENCE && subject->kind == SUBJECT_DEVICE && own->site->silenceable &&
           is_member(own, (size_t)subject->index);
}

static void obey_interlocks(struct judge *judge, const struct order *order, struct alarm_moment at,
                            struct outcome *outcome)
{
    for (size_t i = 0; i < judge->site->interlock_count; i++) {
        if (!is_meant(judge, order, i))
            continue;
        const char *code = NULL;
        enum err err = order->verb == ORDER_RESET ? interlock_try_reset(judge, i, order, at, &code)
                                                  : interlock_try_silence(judge, i, order, at, &code);
        if (err == ERR_OK)
            outcome->count++;
        else
            refuse(outcome, code);
    }
    interlocks_run(judge, at);
}

static void obey_drill(struct judge *judge, const struct order *order, struct alarm_moment at, struct outcome *outcome)
{
    const char *code = drill_obey(judge, order, at, &outcome->count);
    if (code != NULL)
        refuse(outcome, code);
    interlocks_run(judge, at); /* what it held they do now */
}

static struct outcome obey(struct judge *judge, const struct order *order, struct alarm_moment at)
{
    struct outcome outcome = {0};
    switch ((enum order_verb)order->verb) {
    case ORDER_ACK:
        obey_rules(judge, ALARM_ACK, order, at, &outcome);
        break;
    case ORDER_RESET:
        obey_rules(judge, ALARM_RESET, order, at, &outcome);
        if (order->rule < 0)
            obey_interlocks(judge, order, at, &outcome);
        interlocks_run(judge, at); /* an over-range that was latched no longer votes */
        break;
    case ORDER_SILENCE:
        obey_interlocks(judge, order, at, &outcome);
        break;
    case ORDER_SHELVE:
        obey_rules(judge, ALARM_SHELVE, order, at, &outcome);
        break;
    case ORDER_UNSHELVE:
        obey_rules(judge, ALARM_UNSHELVE, order, at, &outcome);
        break;
    case ORDER_SERVICE:
        obey_rules(judge, order->on ? ALARM_ENABLE : ALARM_DISABLE, order, at, &outcome);
        interlocks_run(judge, at); /* they may vote otherwise now */
        break;
    case ORDER_DRILL:
        obey_drill(judge, order, at, &outcome);
        break;
    case ORDER_VERB_COUNT:
        refuse(&outcome, "not_supported");
        break;
    }
    if (outcome.count == 0)
        refuse(&outcome, "nothing_to_do");
    return outcome;
}

static bool is_addressed(const struct judge *judge, const struct order *order)
{
    const struct site *site = judge->site;
    if (order->verb >= ORDER_VERB_COUNT || order->subject < -1 || order->rule < -1 ||
        order->subject >= (int32_t)site->subject_count || order->rule >= (int32_t)site->rule_count ||
        (order->verb == ORDER_DRILL && order->zone >= (int32_t)site->zone_count) ||
        (order->source == SOURCE_CENTRE && order->centre >= site->centre_count))
        return false;
    return order->subject < 0 || order->rule < 0 || site->rules[order->rule].subject == order->subject;
}

static void put_member(struct text *detail, const char *name, const char *value)
{
    if (value == NULL || value[0] == '\0')
        return;
    text_put_format(detail, ",\"%s\":", name);
    text_put_json_string(detail, value);
}

/* Why not, or not everything. Where something was done, the rest had nothing to expect. */
static const char *code_to_tell(const struct outcome *outcome)
{
    bool const idle = outcome->code != NULL && strcmp(outcome->code, "nothing_to_do") == 0;
    return outcome->count > 0 && idle ? NULL : outcome->code;
}

/* What was wanted, where the verb alone does not say it. */
static void put_wish(struct text *detail, const struct order *order)
{
    bool const is_shelf = order->verb == ORDER_SHELVE;
    if (order->verb == ORDER_SERVICE || order->verb == ORDER_DRILL)
        put_member(detail, "to", order->on ? "on" : "off");
    if (is_shelf || (order->verb == ORDER_DRILL && order->on))
        text_put_format(detail, ",\"for_ms\":%u", order->for_ms);
    if (is_shelf && order->one_shot)
        text_put(detail, ",\"one_shot\":true");
    if (order->verb == ORDER_DRILL && order->hold)
        text_put(detail, ",\"hold\":true");
}

/* The sender of the centre finds it beside the order's id. */
static void put_answer(struct news_answer *to, const struct order *order, const struct outcome *outcome)
{
    const char *code = outcome->count > 0 ? NULL : outcome->code;
    *to = (struct news_answer){.centre = order->centre, .count = outcome->count};
    text_copy(to->id, sizeof to->id, order->id);
    if (code == NULL)
        return;
    text_copy(to->code, sizeof to->code, code);
    text_copy(to->why, sizeof to->why, sentence_of(code));
}

/* Every order, taken or refused, is an event. NULL: there is no room for one. */
static struct judge_notice *tell(struct judge *judge, const struct order *order, const struct outcome *outcome,
                                 bool addressed, struct alarm_moment at)
{
    const struct site *site = judge->site;
    struct text detail;
    struct judge_notice *notice = notice_begin(judge, NOTICE_ORDER, at, &detail);
    if (notice == NULL)
        return NULL;
    bool const is_local = order->source == SOURCE_LOCAL || order->centre >= site->centre_count;
    if (!is_local)
        put_answer(&notice->answer, order, outcome);
    text_put(&detail, "\"verb\":");
    text_put_json_string(&detail, order_verb_text((enum order_verb)order->verb));
    text_put_format(&detail, ",\"ok\":%s,\"count\":%u", outcome->count > 0 ? "true" : "false", outcome->count);
    put_member(&detail, "code", code_to_tell(outcome));
    if (addressed && order->subject >= 0)
        put_member(&detail, "dev", site->subjects[order->subject].id);
    if (addressed && order->rule >= 0)
        put_member(&detail, "alarm", site->rules[order->rule].id);
    put_wish(&detail, order);
    put_member(&detail, "by", order->by);
    put_member(&detail, "id", order->id);
    put_member(&detail, "source", is_local ? "local" : site->centres[order->centre].id);
    struct text before = detail;
    put_member(&detail, "why", order->why);
    if (detail.full) { /* a long reason full of escapes is the only thing that may not fit */
        before.at[before.used] = '\0';
        detail = before;
    }
    return notice;
}

/* "Done" is told when it is on the disk; that nothing was done, at once. */
static void answer(struct judge *judge, const struct order *order, const struct outcome *outcome,
                   struct judge_notice *notice)
{
    if (order->source != SOURCE_LOCAL)
        return; /* it went with the event */
    struct answer answer = {.token = order->token, .ok = outcome->count > 0, .count = outcome->count};
    const char *code = code_to_tell(outcome);
    if (code != NULL) {
        text_copy(answer.code, sizeof answer.code, code);
        text_copy(answer.why, sizeof answer.why, sentence_of(code));
    }
    if (notice == NULL || !answer.ok) {
        answer_push(judge, &answer);
        return;
    }
    notice->has_local = true;
    notice->local = answer;
}

void orders_take(struct judge *judge, const struct order *order, struct alarm_moment at)
{
    struct order checked = *order;
    checked.id[ORDER_ID_MAX] = checked.by[ORDER_BY_MAX] = checked.why[ORDER_WHY_MAX] = '\0';
    bool addressed = is_addressed(judge, &checked);
    if (addressed && checked.rule >= 0)
        checked.subject = judge->site->rules[checked.rule].subject;
    struct outcome outcome = {0};
    if (judge->restoring || judge->notice_count > 0)
        refuse(&outcome, "busy"); /* it could not be recorded: then it is not done */
    else if (!addressed)
        refuse(&outcome, "not_found");
    else
        outcome = obey(judge, &checked, at);
    struct judge_notice *notice = tell(judge, &checked, &outcome, addressed, at);
    answer(judge, &checked, &outcome, notice);
}
