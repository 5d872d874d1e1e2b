/* Why a connection was refused, lost or is only half of one, in words; and how long to leave the broker alone then. */
#include <stdio.h>

#include "gateway/base/check.h"
#include "gateway/model/mqtt_reason.h"
#include "gateway/run/sender_private.h"

#define REFUSED_US        60000000 /* a broker that does not want this gateway */
#define TAKEN_OVER_US     30000000 /* doubled each time, at most: */
#define TAKEN_OVER_MAX_US 600000000

/* One event when a broker begins to refuse this gateway, so that the other centres hear why; `what` is a word of
 * docs/PROTOCOL.md. */
static void note(struct sender *sender, const char *what, const struct why *why)
{
    char detail[ACK_DETAIL_MAX];
    struct text text;
    if (sender->refused)
        return;
    sender->refused = true;
    text_init(&text, detail, sizeof detail);
    text_put_format(&text, "\"centre\":\"%s\",\"what\":\"%s\",\"why\":", sender->centre->id, what);
    text_put_json_string(&text, why->en);
    if (!text.full)
        sender_note(sender, NOTICE_CENTRE, detail);
}

void sender_note_refused(struct sender *sender, uint8_t reason, const struct why *why)
{
    sender_find_refusing(sender, reason);
    note(sender, "refused", why);
}

/* Two boxes with one id throw each other out for as long as both are there: slower and slower, and said. */
static void taken_over(struct sender *sender)
{
    struct why why;
    if (sender->now.mono_us - sender->taken_over_mono_us > TAKEN_OVER_NEW_US)
        sender->taken_over = 0;
    sender->taken_over_mono_us = sender->now.mono_us;
    int64_t wait_us = TAKEN_OVER_US;
    for (uint32_t i = 0; i < sender->taken_over && wait_us < TAKEN_OVER_MAX_US; i++)
        wait_us *= 2;
    sender->taken_over++;
    wait_us = wait_us < TAKEN_OVER_MAX_US ? wait_us : TAKEN_OVER_MAX_US;
    (void)snprintf(why.en, sizeof why.en,
                   "another client connected as %.64s (0x8E): two boxes have one id; change \"gateway\".\"id\" of one",
                   sender->setup.site->id);
    (void)snprintf(why.zh, sizeof why.zh, "另有客户端以 %.64s 连接 (0x8E)：两台设备同号，请改其中一台的 gateway.id",
                   sender->setup.site->id);
    sender->url =
        (sender->url + sender->centre->url_count - 1) % sender->centre->url_count; /* the broker is not at fault */
    sender_hang_up(sender, &why, wait_us + (int64_t)backoff_next_ms(&sender->backoff) * 1000);
    if (sender->taken_over > 1) /* once may have been somebody's mistake */
        sender_find_refusing(sender, MQTT_TAKEN_OVER);
    note(sender, "taken_over", &why);
}

/* A broker that ends a connection for one of these does not want us, or what it was sent; for others it may have to. */
static bool is_no(uint8_t reason)
{
    return reason == MQTT_NOT_AUTHORIZED || reason == MQTT_TOPIC_INVALID || reason == MQTT_TOO_LARGE ||
           reason == MQTT_QUOTA || reason == MQTT_BAD_PAYLOAD;
}

void sender_lost(struct sender *sender, const struct uplink_event *event)
{
    struct why why;
    const struct mqtt_words *words = mqtt_reason_words(event->reason);
    if (event->reason == MQTT_TAKEN_OVER) {
        taken_over(sender);
        return;
    }
    if (event->reason != 0) {
        (void)snprintf(why.en, sizeof why.en, "the broker ended the connection: %s (0x%02X)", words->en,
                       (unsigned)event->reason);
        (void)snprintf(why.zh, sizeof why.zh, "服务器断开了连接：%s (0x%02X)", words->zh, (unsigned)event->reason);
    } else if (sender->short_lived >= SHORT_LIVED_MAX) { /* MQTT 3.1.1 has no word for it */
        (void)snprintf(why.en, sizeof why.en,
                       "the connection breaks again and again: does another box have the id %.64s?",
                       sender->setup.site->id);
        (void)snprintf(why.zh, sizeof why.zh, "连接反复中断：是否有另一台设备使用编号 %.64s？", sender->setup.site->id);
    } else {
        const char *said = event->text[0] != '\0' ? event->text : "";
        (void)snprintf(why.en, sizeof why.en, "the connection was lost%s%.100s", said[0] != '\0' ? ": " : "", said);
        (void)snprintf(why.zh, sizeof why.zh, "连接中断%s%.100s", said[0] != '\0' ? "：" : "", said);
    }
    bool const is_too_much = event->reason == MQTT_QUOTA || event->reason == MQTT_CONNECTION_RATE;
    sender_hang_up(sender, &why, is_too_much ? REFUSED_US : BACKOFF);
    if (is_no(event->reason))
        sender_note_refused(sender, event->reason, &why);
}

/* A broker that answered and does not want this gateway is not asked again at once; one that was not reached is, and so is the
 * next address of this centre. */
void sender_refused(struct sender *sender, const struct uplink_event *event)
{
    struct why why;
    const struct mqtt_words *words = mqtt_reason_words(event->reason);
    bool const is_busy = event->reason == MQTT_UNAVAILABLE;
    bool const is_round_over = sender->url + 1 == sender->centre->url_count;
    if (event->reason != 0) {
        (void)snprintf(why.en, sizeof why.en, "the broker refuses the connection: %s (0x%02X)", words->en,
                       (unsigned)event->reason);
        (void)snprintf(why.zh, sizeof why.zh, "服务器拒绝连接：%s (0x%02X)", words->zh, (unsigned)event->reason);
    } else {
        const char *said = event->text[0] != '\0' ? event->text : "no answer";
        (void)snprintf(why.en, sizeof why.en, "the broker cannot be reached: %.110s", said);
        (void)snprintf(why.zh, sizeof why.zh, "无法连接服务器：%.110s", said);
    }
    sender_hang_up(sender, &why, event->reason == 0 || is_busy || !is_round_over ? BACKOFF : REFUSED_US);
    if (event->reason != 0 && !is_busy)
        sender_note_refused(sender, event->reason, &why);
}

void sender_deaf(struct sender *sender, const struct uplink_event *event)
{
    struct why why;
    const struct mqtt_words *words = mqtt_reason_words(event->reason != 0 ? event->reason : MQTT_UNSPECIFIED);
    (void)snprintf(why.en, sizeof why.en, "orders cannot be received: the broker refuses the subscription: %s (0x%02X)",
                   words->en, (unsigned)event->reason);
    (void)snprintf(why.zh, sizeof why.zh, "无法接收指令：服务器拒绝订阅：%s (0x%02X)", words->zh,
                   (unsigned)event->reason);
    sender_say_trouble(sender, &why);
}
