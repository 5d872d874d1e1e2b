/* paho_library: the shared library itself, opened when the first connection is made. Paho comes in two: with TLS, which
 * brings libssl and libcrypto along (3.7 MiB of memory by being loaded), and without. A gateway whose
 * centres do not ask for TLS never loads the former; one with both kinds of centres has both, side by side.
 *
 * Paho notes each call of its own functions in a table of 400 lines and formats each line of its trace, also when nobody reads
 * them: 122 KiB, and time for each message. It is told not to, unless the environment asks for its trace
 * (MQTT_C_CLIENT_TRACE).
 *
 * Nothing is ever closed again: Paho's threads may still be running in it. */
#ifndef OUTPOST_DRIVERS_UPLINK_PAHO_LIBRARY_H
#define OUTPOST_DRIVERS_UPLINK_PAHO_LIBRARY_H

#include <MQTTAsync.h>
#include <stdbool.h>
#include <stddef.h>

#include "gateway/base/err.h"

#define PAHO_CALLS(X)                                                                                                  \
    X(MQTTAsync_connect)                                                                                               \
    X(MQTTAsync_createWithOptions)                                                                                     \
    X(MQTTAsync_destroy)                                                                                               \
    X(MQTTAsync_disconnect)                                                                                            \
    X(MQTTAsync_free)                                                                                                  \
    X(MQTTAsync_freeMessage)                                                                                           \
    X(MQTTAsync_getVersionInfo)                                                                                        \
    X(MQTTAsync_sendMessage)                                                                                           \
    X(MQTTAsync_setCallbacks)                                                                                          \
    X(MQTTAsync_setDisconnected)                                                                                       \
    X(MQTTAsync_setTraceLevel)                                                                                         \
    X(MQTTAsync_strerror)                                                                                              \
    X(MQTTAsync_subscribe)                                                                                             \
    X(MQTTProperties_getNumericValue)                                                                                  \
    X(MQTTProperties_getProperty)                                                                                      \
    X(MQTTProperties_hasProperty)

/* Paho's functions by their own names. Zeroed: not open. */
struct paho_library {
    bool is_open;
    bool tls;
#define PAHO_CALL(name) __typeof__(&(name)) name;
    PAHO_CALLS(PAHO_CALL)
#undef PAHO_CALL
};

/* Does nothing when it is open as that already. Reads files, so it may block for milliseconds. On ERR_NOT_FOUND nothing has
 * changed and `ret_why` (cut off at `why_size`) says what is missing. */
MUST_CHECK enum err paho_library_open(struct paho_library *library, bool tls, char *ret_why, size_t why_size);

#endif
