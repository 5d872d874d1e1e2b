/* inbox: what reaches the judge, as tagged items of one ring (many producers). */
#ifndef OUTPOST_MODEL_INBOX_H
#define OUTPOST_MODEL_INBOX_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/model/alarm_state.h"
#include "gateway/model/order.h"
#include "gateway/model/sample.h"

enum inbox_kind {
    INBOX_BATCH,    /* from a bus: one read, good or not */
    INBOX_WRITTEN,  /* from a bus: a write ended */
    INBOX_BUS,      /* from a bus: the port or connection was lost or found */
    INBOX_ORDER,    /* from the desk or, through the recorder, from a centre */
    INBOX_CENTRE,   /* from a sender, through the recorder: what it found of its centre */
    INBOX_STORED,   /* from the recorder at start: one stored state */
    INBOX_RESTORED, /* from the recorder: that was all; also when the journal cannot be opened */
};

struct bus_state {
    int32_t bus;
    uint8_t open;
    int64_t mono_us;
    int64_t utc_ms;
};

/* Both enum tri (core/tri.h): unknown before the first word since start. */
struct centre_state {
    uint32_t centre; /* index into site.centres */
    uint8_t lost;    /* there is no connection on which anything is acknowledged, and no refusal either */
    uint8_t refused; /* it does not let this gateway in, or does not take what it sends … */
    uint8_t reason;  /* … for this reason: model/mqtt_reason.h */
    uint8_t zero;
};

struct inbox {
    uint32_t kind; /* enum inbox_kind */
    uint32_t zero;
    union {
        struct bus_state bus;
        struct centre_state centre;
        struct written written;
        struct order order;
        struct stored stored;
        struct batch batch; /* last: only batch_size() of it travels */
    } is;
};

size_t inbox_size(const struct inbox *inbox);

#endif
