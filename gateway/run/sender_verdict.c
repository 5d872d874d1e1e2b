/* What is found of the centre, for the alarms centre.lost and centre.refused: the judge has the rules and their delays, the
 * sender only says what is so. A centre that refuses was reached: it is not lost. One that lets us in and acknowledges
 * nothing is. What is not known yet is not said. */
#include <string.h>

#include "gateway/core/tri.h"
#include "gateway/model/mqtt_reason.h"
#include "gateway/run/sender_private.h"

#define QUOTA_LASTS_US 60000000 /* a quota that lets no record through for so long is a refusal */
/* Longer than a second box with our id would leave the broker alone (sender_trouble.c): then it is not there any more. */
#define ALONE_US 720000000

static void tell(struct sender *sender)
{
    struct sender_ack ack = {.kind = ACK_CENTRE, .found = sender->found};
    if (memcmp(&sender->found, &sender->told, sizeof sender->found) == 0 || !sender_tell_recorder(sender, &ack))
        return; /* in the next step */
    sender->told = sender->found;
    bell_ring(sender->setup.recorder_bell);
}

void sender_find_nothing(struct sender *sender)
{
    sender->found = sender->told = (struct centre_state){.lost = TRI_UNKNOWN, .refused = TRI_UNKNOWN};
}

void sender_find_connected(struct sender *sender)
{
    sender->heard = false;
    sender->accepted = false;
}

void sender_find_lost(struct sender *sender)
{
    sender->found.lost = TRI_YES;
}

/* At once: it may be over in the same step. */
void sender_find_refusing(struct sender *sender, uint8_t reason)
{
    sender->found.lost = TRI_NO;
    sender->found.refused = TRI_YES;
    sender->found.reason = reason;
    sender->accepted = false;
    tell(sender);
}

void sender_find_quota(struct sender *sender)
{
    if (sender->quota_mono_us == 0)
        sender->quota_mono_us = sender->now.mono_us;
    else if (sender->now.mono_us - sender->quota_mono_us >= QUOTA_LASTS_US)
        sender_find_refusing(sender, MQTT_QUOTA);
}

void sender_find_acked(struct sender *sender, enum sent_kind kind)
{
    sender->heard = true;
    if (kind != SENT_ALARM && kind != SENT_LIVE && kind != SENT_HISTORY)
        return;
    sender->accepted = true;
    sender->quota_mono_us = 0;
}

/* Where nothing is left that could be refused, it need not be shown a record to be content. */
static bool is_content(const struct sender *sender)
{
    bool const alone = sender->found.reason != MQTT_TAKEN_OVER || sender->now.mono_us - sender->up_mono_us >= ALONE_US;
    return alone && (sender->accepted || sender_caught_up(sender));
}

void sender_tell_found(struct sender *sender)
{
    if (sender->state == SENDER_UP && sender->heard) {
        if (sender_is_steady(sender))
            sender->found.lost = TRI_NO;
        if (sender->found.refused != TRI_NO && is_content(sender)) {
            sender->found.refused = TRI_NO;
            sender->found.reason = 0;
        }
    }
    tell(sender);
}
