#include "tests/house/fake_broker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"

#define MESSAGE_MAX  15360 /* docs/PROTOCOL.md */
#define RETAINED_MAX 65536
#define CONNECT_US   10000000LL

void fake_broker_open(struct fake_broker *broker, const char *id, struct stage *stage, int *life, uint64_t seed)
{
    *broker = (struct fake_broker){.stage = stage,
                                   .dice = {seed},
                                   .id = id,
                                   .life = life,
                                   .delay_least_us = 5000,
                                   .delay_most_us = 50000,
                                   .receive_maximum = 20};
}

static void forget(struct accepted *message)
{
    free(message->topic);
    free(message->payload);
    *message = (struct accepted){0};
}

static void forget_way(struct fake_broker *broker)
{
    for (; broker->way_count > 0; broker->way_count--) {
        forget(&broker->way[broker->way_first].message);
        broker->way_first = (broker->way_first + 1) % BROKER_WINDOW;
    }
}

void fake_broker_close(struct fake_broker *broker)
{
    forget_way(broker);
    forget(&broker->will);
    for (size_t i = 0; i < broker->count; i++)
        forget(&broker->list[i]);
    free(broker->list);
    *broker = (struct fake_broker){0};
}

static struct accepted copy_message(const struct fake_broker *broker, const char *topic, const void *payload,
                                    size_t size)
{
    struct accepted message = {.connection = broker->connection, .life = *broker->life, .payload_size = size};
    message.topic = strdup(topic);
    message.payload = malloc(size + 1);
    CHECK(message.topic != NULL && message.payload != NULL);
    if (size > 0)
        memcpy(message.payload, payload, size);
    message.payload[size] = '\0';
    return message;
}

/* Takes the message over. */
static void accept_message(struct fake_broker *broker, struct accepted *message)
{
    broker->list = stage_grow(broker->list, broker->count, &broker->max, sizeof *broker->list);
    message->t_us = broker->stage->t_us;
    broker->list[broker->count++] = *message;
    *message = (struct accepted){0};
}

static void say_will(struct fake_broker *broker)
{
    if (broker->will.topic == NULL)
        return;
    broker->will.will = true;
    broker->will.retain = true;
    accept_message(broker, &broker->will);
}

void fake_broker_bury(struct fake_broker *broker)
{
    if (broker->state == DOOR_OPEN)
        say_will(broker);
    forget_way(broker);
    forget(&broker->will);
    broker->state = DOOR_CLOSED;
    broker->has_pending = false;
}

static void announce(struct fake_broker *broker, enum uplink_event_kind kind)
{
    broker->pending = kind;
    broker->has_pending = true;
    if (broker->bell != NULL)
        bell_ring(broker->bell);
}

void fake_broker_drop(struct fake_broker *broker)
{
    if (broker->state != DOOR_OPEN)
        return;
    broker->drops++;
    say_will(broker);
    forget_way(broker);
    broker->state = DOOR_LOST;
    announce(broker, UPLINK_LOST);
}

static enum err connect_door(void *self, const struct uplink_options *options)
{
    struct fake_broker *broker = self;
    stage_touch(broker->stage);
    if (broker->stage->dead)
        return ERR_IO;
    if (broker->state != DOOR_CLOSED)
        stage_blame(broker->stage, INV_UPLINK, broker->stage->t_us, "%s: connect() without close()", broker->id);
    if (options->will_topic == NULL || options->client_id == NULL || options->mqtt != 5)
        stage_blame(broker->stage, INV_UPLINK, broker->stage->t_us, "%s: connect() without will or id", broker->id);
    broker->connection++;
    forget(&broker->will);
    if (options->will_topic != NULL)
        broker->will = copy_message(broker, options->will_topic, options->will_payload, options->will_size);
    broker->state = DOOR_CONNECTING;
    int64_t const trip_us = dice_between(&broker->dice, broker->delay_least_us, broker->delay_most_us);
    broker->connected_us = broker->stage->t_us + (broker->black_hole ? CONNECT_US : 2 * trip_us);
    broker->last_arrival_us = broker->connected_us;
    return ERR_OK;
}

static bool publish_is_sane(struct fake_broker *broker, const struct uplink_message *message)
{
    size_t open = 0;
    for (size_t i = 0; i < broker->way_count; i++)
        open += broker->way[(broker->way_first + i) % BROKER_WINDOW].message.qos > 0;
    if (message->qos > 0 && open >= broker->receive_maximum) {
        stage_blame(broker->stage, INV_UPLINK, broker->stage->t_us, "%s: %zu messages in flight, receive maximum %u",
                    broker->id, open + 1, broker->receive_maximum);
        return false;
    }
    if (message->payload_size > (message->retain ? RETAINED_MAX : MESSAGE_MAX) ||
        strlen(message->topic) > UPLINK_TOPIC_MAX)
        stage_blame(broker->stage, INV_UPLINK, broker->stage->t_us, "%s: %s has %zu bytes", broker->id, message->topic,
                    message->payload_size);
    return true;
}

static enum err publish(void *self, const struct uplink_message *message)
{
    struct fake_broker *broker = self;
    stage_touch(broker->stage);
    if (broker->stage->dead || broker->state != DOOR_OPEN)
        return ERR_CLOSED;
    if (broker->way_count == BROKER_WINDOW)
        return ERR_BUSY;
    if (!publish_is_sane(broker, message)) {
        fake_broker_drop(broker); /* MQTT 5, 3.3.4: receive maximum exceeded is a protocol error */
        return ERR_OK;
    }
    struct on_the_way *way = &broker->way[(broker->way_first + broker->way_count++) % BROKER_WINDOW];
    int64_t arrives_us =
        broker->stage->t_us + dice_between(&broker->dice, broker->delay_least_us, broker->delay_most_us);
    if (arrives_us < broker->last_arrival_us)
        arrives_us = broker->last_arrival_us; /* TCP keeps the order */
    broker->last_arrival_us = arrives_us;
    *way = (struct on_the_way){.arrives_us = arrives_us, .acked_us = CLOCK_NEVER, .ticket = message->ticket};
    way->message = copy_message(broker, message->topic, message->payload, message->payload_size);
    way->message.qos = message->qos;
    way->message.retain = message->retain;
    way->message.hist = message->hist;
    return ERR_OK;
}

static bool is_record(const char *topic)
{
    return strstr(topic, "/alarm/") != NULL || strstr(topic, "/telemetry/") != NULL || strstr(topic, "/event") != NULL;
}

static void arrive(struct fake_broker *broker, struct on_the_way *way)
{
    way->arrived = true;
    if (way->message.qos > 0 && !broker->mute)
        way->acked_us =
            broker->stage->t_us + dice_between(&broker->dice, broker->delay_least_us, broker->delay_most_us);
    if (broker->rejects != 0 && is_record(way->message.topic)) {
        way->reason = broker->rejects;
        return;
    }
    if (broker->loses_at > 0 && is_record(way->message.topic) && --broker->loses_at == 0)
        return;
    struct accepted message = way->message;
    way->message = (struct accepted){.qos = message.qos};
    accept_message(broker, &message);
}

static struct on_the_way *oldest(struct fake_broker *broker)
{
    return broker->way_count > 0 ? &broker->way[broker->way_first] : NULL;
}

static bool is_settled(const struct on_the_way *way)
{
    return way->arrived && way->message.qos == 0;
}

static void drop_oldest(struct fake_broker *broker)
{
    forget(&oldest(broker)->message);
    broker->way_first = (broker->way_first + 1) % BROKER_WINDOW;
    broker->way_count--;
}

int64_t fake_broker_next_us(const struct fake_broker *broker)
{
    int64_t next_us = CLOCK_NEVER;
    if (broker->state == DOOR_CONNECTING)
        return broker->connected_us;
    if (broker->black_hole)
        return next_us;
    for (size_t i = 0; i < broker->way_count; i++) {
        const struct on_the_way *way = &broker->way[(broker->way_first + i) % BROKER_WINDOW];
        int64_t const t_us = way->arrived ? way->acked_us : way->arrives_us;
        if (t_us > broker->stage->t_us && t_us < next_us)
            next_us = t_us;
    }
    return next_us;
}

static void end_connecting(struct fake_broker *broker)
{
    if (broker->stage->t_us < broker->connected_us)
        return;
    if (broker->down || broker->black_hole || broker->forbids != 0) {
        broker->refused_connects++;
        broker->state = DOOR_LOST;
        announce(broker, UPLINK_REFUSED);
        return;
    }
    broker->state = DOOR_OPEN;
    announce(broker, UPLINK_CONNECTED);
}

void fake_broker_move(struct fake_broker *broker)
{
    if (broker->state == DOOR_CONNECTING)
        end_connecting(broker);
    if (broker->state == DOOR_OPEN && broker->down)
        fake_broker_drop(broker);
    if (broker->state != DOOR_OPEN || broker->black_hole)
        return;
    for (size_t i = 0; i < broker->way_count; i++) {
        struct on_the_way *way = &broker->way[(broker->way_first + i) % BROKER_WINDOW];
        if (!way->arrived && way->arrives_us <= broker->stage->t_us)
            arrive(broker, way);
        if (way->acked_us <= broker->stage->t_us && broker->bell != NULL)
            bell_ring(broker->bell);
    }
    while (broker->way_count > 0 && is_settled(oldest(broker)))
        drop_oldest(broker);
}

static bool next_acknowledgement(struct fake_broker *broker, struct uplink_event *ret_event)
{
    for (size_t i = 0; i < broker->way_count; i++) {
        struct on_the_way *way = &broker->way[(broker->way_first + i) % BROKER_WINDOW];
        if (way->acked_us > broker->stage->t_us)
            continue;
        ret_event->kind = way->reason == 0 ? UPLINK_ACKED : UPLINK_REJECTED;
        ret_event->ticket = way->ticket;
        ret_event->reason = way->reason;
        way->acked_us = CLOCK_NEVER;
        way->message.qos = 0; /* settled */
        while (broker->way_count > 0 && is_settled(oldest(broker)))
            drop_oldest(broker);
        return true;
    }
    return false;
}

static bool next(void *self, struct uplink_event *ret_event)
{
    struct fake_broker *broker = self;
    stage_touch(broker->stage);
    if (broker->stage->dead)
        return false;
    if (broker->has_pending) {
        broker->has_pending = false;
        ret_event->kind = broker->pending;
        ret_event->receive_maximum = broker->receive_maximum;
        uint8_t const reason = broker->forbids != 0 ? broker->forbids : 0x88;
        ret_event->reason = broker->pending == UPLINK_REFUSED ? reason : 0;
        (void)snprintf(ret_event->text, sizeof ret_event->text, "%s",
                       broker->pending == UPLINK_CONNECTED ? "" : "the fake broker is away");
        return true;
    }
    if (broker->state == DOOR_OPEN && !broker->black_hole && next_acknowledgement(broker, ret_event))
        return true;
    return false;
}

static void close_door(void *self, bool polite)
{
    struct fake_broker *broker = self;
    stage_touch(broker->stage);
    if (broker->stage->dead)
        return; /* buried later */
    if (polite)
        forget(&broker->will);
    fake_broker_bury(broker);
}

static void destroy(void *self)
{
    close_door(self, false);
}

struct uplink fake_broker_door(struct fake_broker *broker)
{
    static const struct uplink_ops ops = {
        .connect = connect_door,
        .publish = publish,
        .next = next,
        .close = close_door,
        .destroy = destroy,
    };
    return (struct uplink){.ops = &ops, .self = broker};
}

const struct accepted *fake_broker_retained(const struct fake_broker *broker, const char *topic)
{
    for (size_t i = broker->count; i > 0; i--)
        if (broker->list[i - 1].retain && strcmp(broker->list[i - 1].topic, topic) == 0)
            return &broker->list[i - 1];
    return NULL;
}
