/* mqtt_reason: the reason codes a broker may give (MQTT 5.0, section 2.4), by name and in words for people. Codes of MQTT
 * 3.1.1 (section 3.2.2.3) are translated by the driver, so that nobody else knows two lists. Pure. */
#ifndef OUTPOST_MODEL_MQTT_REASON_H
#define OUTPOST_MODEL_MQTT_REASON_H

#include <stdint.h>

enum mqtt_reason {
    MQTT_SUCCESS = 0x00,
    MQTT_UNSPECIFIED = 0x80, /* the first of the failures */
    MQTT_BAD_VERSION = 0x84,
    MQTT_BAD_CLIENT_ID = 0x85,
    MQTT_BAD_PASSWORD = 0x86,
    MQTT_NOT_AUTHORIZED = 0x87,
    MQTT_UNAVAILABLE = 0x88,
    MQTT_BANNED = 0x8A,
    MQTT_TAKEN_OVER = 0x8E,
    MQTT_TOPIC_INVALID = 0x90,
    MQTT_TOO_LARGE = 0x95,
    MQTT_QUOTA = 0x97,
    MQTT_BAD_PAYLOAD = 0x99,
    MQTT_CONNECTION_RATE = 0x9F,
};

struct mqtt_words {
    uint8_t code;
    const char *en; /* small letters, no full stop: part of a sentence */
    const char *zh;
};

/* Never NULL; a code that is not in the list is "unknown reason". Static. */
const struct mqtt_words *mqtt_reason_words(uint8_t code);

#endif
