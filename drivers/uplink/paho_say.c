/* A message as Paho wants it: payload, flags, and with MQTT 5 its properties. */
#include <stdio.h>
#include <string.h>

#include "drivers/uplink/paho_private.h"
#include "gateway/base/check.h"

#define PROPERTIES_MAX 7
#define NUMBER_MAX     21 /* 2^64 in decimals */

/* Put together in place, because MQTTAsync_sendMessage copies it; Paho's types are not const, so the words are here, too. */
struct properties_room {
    MQTTProperty list[PROPERTIES_MAX];
    int count;
    int length; /* on the wire */
    char content_type[sizeof "application/json"];
    char schema_name[sizeof "schema"];
    char schema[sizeof UPLINK_SCHEMA];
    char hist_name[sizeof "hist"];
    char hist[sizeof "1"];
    char encoding_name[sizeof "content-encoding"];
    char encoding[sizeof "deflate"];
    char prev_name[sizeof "prev"];
    char prev[NUMBER_MAX];
    char correlation[UPLINK_CORRELATION_MAX];
};

static MQTTLenString lent(char *text)
{
    return (MQTTLenString){.len = (int)strlen(text), .data = text};
}

static MQTTProperty *add(struct properties_room *room, enum MQTTPropertyCodes code, int value_size)
{
    CHECK(room->count < PROPERTIES_MAX);
    MQTTProperty *property = &room->list[room->count++];
    *property = (MQTTProperty){.identifier = code};
    room->length += 1 + value_size;
    return property;
}

static void add_user(struct properties_room *room, char *name, char *value)
{
    MQTTLenString const name_text = lent(name);
    MQTTLenString const value_text = lent(value);
    MQTTProperty *property = add(room, MQTTPROPERTY_CODE_USER_PROPERTY, 2 + name_text.len + 2 + value_text.len);
    property->value.data = name_text;
    property->value.value = value_text;
}

static void add_expiry_and_correlation(struct properties_room *room, const struct uplink_message *message)
{
    if (message->expiry_s > 0)
        add(room, MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL, 4)->value.integer4 = message->expiry_s;
    size_t const size = message->correlation_size;
    if (size == 0 || size > sizeof room->correlation)
        return;
    memcpy(room->correlation, message->correlation, size);
    add(room, MQTTPROPERTY_CODE_CORRELATION_DATA, 2 + (int)size)->value.data =
        (MQTTLenString){.len = (int)size, .data = room->correlation};
}

static void fill_properties(struct properties_room *room, const struct uplink_message *message,
                            MQTTProperties *ret_properties)
{
    *room = (struct properties_room){
        .content_type = "application/json",
        .schema_name = "schema",
        .schema = UPLINK_SCHEMA,
        .hist_name = "hist",
        .hist = "1",
        .encoding_name = "content-encoding",
        .encoding = "deflate",
        .prev_name = "prev",
    };
    if (message->payload_size > 0) {
        MQTTLenString const type = lent(room->content_type);
        add(room, MQTTPROPERTY_CODE_CONTENT_TYPE, 2 + type.len)->value.data = type;
        add_user(room, room->schema_name, room->schema);
    }
    if (message->hist)
        add_user(room, room->hist_name, room->hist);
    if (message->deflated)
        add_user(room, room->encoding_name, room->encoding);
    if (message->has_prev) {
        (void)snprintf(room->prev, sizeof room->prev, "%llu", (unsigned long long)message->prev);
        add_user(room, room->prev_name, room->prev);
    }
    add_expiry_and_correlation(room, message);
    *ret_properties =
        (MQTTProperties){.count = room->count, .max_count = room->count, .length = room->length, .array = room->list};
}

/* Of the whole packet: MQTT 5.0, section 3.3. */
static size_t packet_size(const struct uplink_message *message, const MQTTProperties *properties)
{
    size_t const fixed = 1 + 4; /* the longest "remaining length" */
    size_t const head = 2 + strlen(message->topic) + (message->qos > 0 ? 2 : 0);
    return fixed + head + 4 + (size_t)properties->length + message->payload_size;
}

int say_message(const struct paho *paho, const struct uplink_message *message, struct slot *slot)
{
    struct properties_room room;
    MQTTProperties properties = MQTTProperties_initializer;
    if (paho->v5)
        fill_properties(&room, message, &properties);
    if (paho->packet_max > 0 && packet_size(message, &properties) > paho->packet_max)
        return MQTTASYNC_BAD_MQTT_OPTION;
    char nothing[1] = {0};
    MQTTAsync_message packet = MQTTAsync_message_initializer;
    MQTTAsync_responseOptions answer = MQTTAsync_responseOptions_initializer;
    union { /* Paho copies the payload and takes it without const */
        const void *given;
        void *taken;
    } payload = {.given = message->payload};
    packet.payload = message->payload_size > 0 ? payload.taken : nothing;
    packet.payloadlen = (int)message->payload_size;
    packet.qos = message->qos;
    packet.retained = message->retain ? 1 : 0;
    packet.properties = properties;
    hear_message(paho, slot, &answer);
    return paho->library.MQTTAsync_sendMessage(paho->handle, message->topic, &packet, &answer);
}
