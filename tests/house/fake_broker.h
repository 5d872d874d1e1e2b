/* fake_broker: a centre's broker and the network to it, behind ports/uplink.h, on fake time.
 *
 * Keeps whatever it accepted, in order, for the oracle. May refuse, drop, accept without acknowledging, lose messages on
 * the way in and acknowledgements on the way out. */
#ifndef OUTPOST_HOUSE_FAKE_BROKER_H
#define OUTPOST_HOUSE_FAKE_BROKER_H

#include "gateway/base/bell.h"
#include "gateway/ports/uplink.h"
#include "tests/house/dice.h"
#include "tests/house/stage.h"

#define BROKER_WINDOW 512 /* most messages on the way */

struct accepted {
    int64_t t_us;
    uint32_t connection; /* counts from 1 */
    int life;            /* of the house */
    uint8_t qos;
    bool retain;
    bool hist;
    bool will; /* published by the broker itself */
    char *topic;
    char *payload; /* zero-terminated */
    size_t payload_size;
};

struct on_the_way {
    int64_t arrives_us;
    int64_t acked_us; /* CLOCK_NEVER: never */
    bool arrived;
    uint8_t reason; /* of its acknowledgement */
    uint64_t ticket;
    struct accepted message;
};

enum door_state { DOOR_CLOSED, DOOR_CONNECTING, DOOR_OPEN, DOOR_LOST };

struct fake_broker {
    struct stage *stage;
    struct bell *bell; /* of the house that lives now */
    struct dice dice;
    const char *id;
    int *life;

    /* What the network and the broker are like just now. */
    bool down;       /* connections are refused, and those there are break */
    bool black_hole; /* connecting gets no answer for 10 s, then fails; what is open gets no acknowledgement */
    bool mute;       /* accepts and never acknowledges */
    uint8_t forbids; /* it lets nobody in, for this reason; 0 */
    uint8_t rejects; /* it takes no record, for this reason; 0 */
    int64_t delay_least_us;
    int64_t delay_most_us; /* one way */
    uint16_t receive_maximum;
    uint64_t loses_at; /* a negative control: acknowledges the n-th alarm or telemetry message and forgets it */

    enum door_state state;
    int64_t connected_us; /* when the attempt ends */
    uint32_t connection;
    struct accepted will;
    struct on_the_way way[BROKER_WINDOW]; /* first in, first out */
    size_t way_first;
    size_t way_count;
    int64_t last_arrival_us;
    enum uplink_event_kind pending; /* one connection event at a time */
    bool has_pending;

    struct accepted *list;
    size_t count;
    size_t max;
    uint64_t refused_connects;
    uint64_t drops;
};

void fake_broker_open(struct fake_broker *broker, const char *id, struct stage *stage, int *life, uint64_t seed);
void fake_broker_close(struct fake_broker *broker);
struct uplink fake_broker_door(struct fake_broker *broker);

/* The connection breaks, with everything on the way. The will is published. */
void fake_broker_drop(struct fake_broker *broker);
/* The process behind the connection is gone. */
void fake_broker_bury(struct fake_broker *broker);

int64_t fake_broker_next_us(const struct fake_broker *broker);
/* Lets arrive what is due; rings the sender's bell when there is something for it. */
void fake_broker_move(struct fake_broker *broker);

/* The newest retained message of a topic; NULL none. */
const struct accepted *fake_broker_retained(const struct fake_broker *broker, const char *topic);

#endif
