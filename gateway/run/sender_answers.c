/* What the broker says to a message: acknowledged, or refused for a reason. */
#include <stdio.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/model/mqtt_reason.h"
#include "gateway/run/sender_private.h"

#define FORBIDDEN_US   60000000
#define QUOTA_PAUSE_US 1000000
#define TROUBLE_US     60000000 /* a refused message is shown for this long, when nothing else is wrong */
#define TRIES_MAX      3
#define GIVE_UP_US     3000000                    /* a record that is given up costs so much … */
#define GIVE_UP_MAX_US ((int64_t)20 * GIVE_UP_US) /* … of this: each is an event, and events are kept like alarms */

static struct refusal *count_refusal(struct sender *sender, bool lane_t, uint64_t first)
{
    struct refusal *free_one = &sender->refusals[0];
    for (size_t i = 0; i < REFUSALS_MAX; i++) {
        struct refusal *refusal = &sender->refusals[i];
        if (refusal->tries > 0 && refusal->lane_t == lane_t && refusal->first == first) {
            refusal->tries++;
            return refusal;
        }
        if (refusal->tries == 0)
            free_one = refusal;
    }
    *free_one = (struct refusal){.tries = 1, .lane_t = lane_t, .first = first};
    return free_one;
}

/* A broker that takes nothing of a lane must not fill the journal with declarations: then the lane waits. */
static bool may_give_up(struct sender *sender, enum lane lane)
{
    int64_t const now = sender->now.mono_us;
    int64_t const full = now - GIVE_UP_MAX_US;
    int64_t const from = sender->give_up_mono_us > full ? sender->give_up_mono_us : full;
    if (from + GIVE_UP_US > now) {
        sender->hold_mono_us[lane] = from + GIVE_UP_US;
        return false;
    }
    sender->give_up_mono_us = from + GIVE_UP_US;
    return true;
}

/* Three times refused for what it is: a batch is taken apart, a single record is declared lost to this centre and passed
 * over; a declaration that is refused itself is not declared, for that would go on for ever. False: it
 * cannot be declared yet. */
static bool give_up(struct sender *sender, const struct sent *sent, uint8_t reason)
{
    enum lane const lane = sent->kind == SENT_ALARM ? LANE_A : LANE_T;
    if (sent->first < sent->last) {
        sender->single_until = sent->last;
        return false;
    }
    if (!may_give_up(sender, lane))
        return false;
    struct sender_ack ack = {
        .kind = ACK_REFUSED, .lane = (uint8_t)lane_letter(lane), .reason = reason, .range_count = 1};
    ack.ranges[0][0] = sent->first;
    ack.ranges[0][1] = sent->last;
    if (!sent->is_refusal && !sender_tell_recorder(sender, &ack))
        return false;
    bell_ring(sender->setup.recorder_bell);
    sender_find_refusing(sender, reason);
    sender_settle(sender, lane, sent->first, sent->last);
    return true;
}

static bool is_for_what_it_is(uint8_t reason)
{
    return reason == MQTT_TOPIC_INVALID || reason == MQTT_TOO_LARGE || reason == MQTT_BAD_PAYLOAD;
}

static void refused(struct sender *sender, const struct sent *sent, uint8_t reason)
{
    struct why why;
    const struct mqtt_words *words = mqtt_reason_words(reason);
    bool const is_record = sent->kind == SENT_ALARM || sent->kind == SENT_LIVE || sent->kind == SENT_HISTORY;
    (void)snprintf(why.en, sizeof why.en, "the broker refuses a message: %s (0x%02X)", words->en, (unsigned)reason);
    (void)snprintf(why.zh, sizeof why.zh, "服务器拒绝一条消息：%s (0x%02X)", words->zh, (unsigned)reason);
    sender_say_trouble(sender, &why);
    if (!is_record) { /* what is retained is published again at the next connection, replies and replays are not */
        if (is_for_what_it_is(reason) || sent->kind == SENT_REPLAY || sent->kind == SENT_REPLY)
            return;
        sender_hang_up(sender, &why, BACKOFF);
        sender_note_refused(sender, reason, &why);
        return;
    }
    struct refusal *refusal = count_refusal(sender, sent->kind != SENT_ALARM, sent->first);
    if (refusal->tries >= TRIES_MAX && !is_for_what_it_is(reason)) {
        sender_hang_up(sender, &why, BACKOFF);
        sender_note_refused(sender, reason, &why);
        return;
    }
    if (refusal->tries >= TRIES_MAX) {
        refusal->tries = 0;
        if (give_up(sender, sent, reason))
            return;
    }
    sender_rewind(sender, sent);
}

static void forbidden(struct sender *sender)
{
    struct why why;
    const struct mqtt_words *words = mqtt_reason_words(MQTT_NOT_AUTHORIZED);
    (void)snprintf(why.en, sizeof why.en, "the broker does not let %.40s publish under %.40s: %s (0x87)",
                   sender->setup.site->id, sender->centre->prefix, words->en);
    (void)snprintf(why.zh, sizeof why.zh, "服务器不允许 %.40s 在 %.40s 下发布：%s (0x87)", sender->setup.site->id,
                   sender->centre->prefix, words->zh);
    sender_hang_up(sender, &why, FORBIDDEN_US);
    sender_note_refused(sender, MQTT_NOT_AUTHORIZED, &why);
}

void sender_rejected(struct sender *sender, const struct uplink_event *event)
{
    struct sent *slot = window_find(&sender->window, event->ticket);
    if (slot == NULL)
        return;
    struct sent const sent = *slot;
    window_give_back(&sender->window, slot);
    switch (event->reason) {
    case MQTT_NOT_AUTHORIZED:
        forbidden(sender);
        break;
    case MQTT_QUOTA:
        sender_say_trouble(sender, WHY("the broker's quota is exceeded (0x97); sending less at a time",
                                       "超出服务器配额 (0x97)；已减少同时发送的消息"));
        sender_find_quota(sender);
        window_halve(&sender->window);
        sender->pause_mono_us = sender->now.mono_us + QUOTA_PAUSE_US;
        sender_rewind(sender, &sent);
        break;
    default:
        refused(sender, &sent, event->reason);
        break;
    }
}

/* The broker has it. A centre with receipts has still to say so itself. */
static void delivered(struct sender *sender, enum lane lane, const struct sent *sent)
{
    if (sender->centre->receipt)
        ackset_add(&sender->lanes[lane].heard, sent->first, sent->last);
    else
        sender_settle(sender, lane, sent->first, sent->last);
}

static void registry_delivered(struct sender *sender, const struct sent *sent)
{
    struct sender_ack ack = {.kind = ACK_REGISTRY};
    text_copy(ack.dev, sizeof ack.dev, sent->dev);
    text_copy(ack.sha256, sizeof ack.sha256, sent->sha256);
    if (!sender_tell_recorder(sender, &ack))
        return; /* it is published once more at the next connection */
}

/* What was wrong with the connection before is over when this one works. */
static bool is_old_trouble(const struct sender *sender)
{
    return sender->trouble_mono_us <= sender->up_mono_us || sender->now.mono_us - sender->trouble_mono_us > TROUBLE_US;
}

void sender_acked(struct sender *sender, const struct uplink_event *event)
{
    struct sent *slot = window_find(&sender->window, event->ticket);
    if (slot == NULL)
        return;
    struct sent const sent = *slot;
    window_acked(&sender->window, slot, sender->now.mono_us);
    sender->shown.acked++;
    sender->shown.acked_mono_us = sender->now.mono_us;
    sender_find_acked(sender, sent.kind);
    if (!sender_is_suspicious(sender) && is_old_trouble(sender))
        sender_say_trouble(sender, WHY("", ""));
    switch (sent.kind) {
    case SENT_ALARM:
        delivered(sender, LANE_A, &sent);
        break;
    case SENT_LIVE:
    case SENT_HISTORY:
        delivered(sender, LANE_T, &sent);
        break;
    case SENT_REGISTRY:
    case SENT_EMPTIED:
        registry_delivered(sender, &sent);
        break;
    case SENT_STOPPED:
        sender->end_by_mono_us = sender->now.mono_us;
        break;
    case SENT_ACTIVE:
    case SENT_STATUS:
    case SENT_REPLAY:
    case SENT_REPLY:
        break;
    }
}
