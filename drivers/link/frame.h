/* frame: Modbus frames as bytes: building requests, and finding the one answer that belongs to a request. Pure.
 *
 * Two shapes: RTU (unit, function, data, CRC; also what rtu-over-tcp carries) and MBAP (Modbus TCP: transaction id,
 * protocol 0, length, unit, function, data). Sources: MODBUS Application Protocol V1.1b3; MODBUS over Serial Line V1.02,
 * section 2.5.1; MODBUS Messaging on TCP/IP V1.0b, section 3.1.3.
 *
 * An RTU line is a stream without marks. The framer looks at every offset for bytes that have the asked unit and
 * function, the length that was asked for and a good CRC (or for the 5-byte exception) and takes nothing else, so glitches
 * before the answer, frames of others and broken frames only cost their bytes. It needs no silence to see the end.
 * What it cannot see: an RTU answer to a read names no address. A late answer to an earlier read of the same unit, function
 * and length looks right; keeping those apart is up to who schedules the requests (see run/bus.h).
 *
 * Local echo: some RS-485 adapters hear themselves. The first exact copy of the request is not the answer of a read and is
 * stripped. The answer to a write *is* an exact copy of its request; only on a line that is known to echo (ECHO_YES)
 * the first copy is stripped there too. On an unknown line a write to a dead slave may seem to succeed: reading back is
 * what proves a write. The few reads whose request would pass for their own answer (such as 20 coils from 0x0305) are treated
 * like reads on an unknown line (the first copy counts as echo, never as data) and like writes on ECHO_NO. */
#ifndef OUTPOST_DRIVERS_LINK_FRAME_H
#define OUTPOST_DRIVERS_LINK_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/ports/link.h"
#include "gateway/ports/tap.h"

#define FRAME_REQUEST_MAX 12  /* MBAP header 7, function, address, count or value */
#define FRAME_RTU_MAX     256 /* Serial Line V1.02, section 2.5.1: unit, 253 bytes of PDU, CRC */
#define FRAME_MBAP_MAX    260 /* Messaging on TCP/IP V1.0b: 7 + 253 */
#define FRAME_FEED_MAX    512 /* bytes in one framer_feed */

enum frame_kind { FRAME_RTU, FRAME_MBAP };

enum frame_echo { ECHO_UNKNOWN, ECHO_YES, ECHO_NO };

enum frame_state {
    FRAME_MORE,      /* not yet: feed more */
    FRAME_REPLY,     /* the answer is in ret_reply */
    FRAME_EXCEPTION, /* ret_reply->exception says which */
    FRAME_BROKEN, /* MBAP: bytes that cannot be a header. Where the next frame begins is lost: close the connection */
};

/* Told of all bytes that leave the stream, once each and in order, and what they were; TAP_JUNK in runs. */
typedef void frame_witness(void *self, enum tap_kind kind, const uint8_t *bytes, size_t size);

struct framer {
    enum frame_kind kind;
    frame_witness *witness; /* NULL: none */
    void *witness_self;
    bool expects; /* a request is open */
    bool is_read;
    bool ambiguous; /* the request itself would pass for its answer */
    enum frame_echo echo;
    bool echo_seen;
    uint8_t unit;
    uint8_t function;
    uint16_t count;
    uint8_t data_size; /* reads: bytes of data in the answer */
    uint8_t request[FRAME_REQUEST_MAX];
    size_t request_size;
    size_t reply_size; /* the whole frame, bytes */
    size_t wanted;     /* RTU: of the frame that has begun at `at`, as far as known */
    size_t at;         /* RTU: everything before this offset is not the answer */
    size_t used;
    uint32_t foreign; /* whole frames that are not the answer, since the last framer_expect */
    uint32_t junk;    /* bytes that make no frame, since then; exact after framer_end */
    uint32_t crc;     /* RTU: would be the answer but for the CRC, since then; exact after framer_end */
    uint8_t foreign_units[LINK_FOREIGN_UNITS]; /* who sent the first of the foreign ones */
    uint8_t bytes[2 * FRAME_FEED_MAX];
};

/* CRC-16/MODBUS; on the wire its low byte comes first. */
uint16_t frame_crc(const uint8_t *bytes, size_t size);

/* Unit (RTU: 1..247), function, count and address within what Modbus allows; writes have count 1, coils 0 or 1. */
bool frame_request_is_valid(const struct link_request *request, enum frame_kind kind);

/* The bytes of a valid request, with its CRC or header; returns how many. `transaction` matters to MBAP only. */
size_t frame_build(const struct link_request *request, enum frame_kind kind, uint16_t transaction,
                   uint8_t ret_bytes[static FRAME_REQUEST_MAX]);

/* Forgets everything, the witness too: for a new port or connection. */
void framer_init(struct framer *framer, enum frame_kind kind);

/* From now on wait for the answer to this (valid) request. RTU starts with nothing; MBAP keeps a frame that has come in part,
 * as the stream must stay in step. Counters start at 0. */
void framer_expect(struct framer *framer, const struct link_request *request, uint16_t transaction,
                   enum frame_echo echo);

/* Takes `size` <= FRAME_FEED_MAX bytes, also when no request is open (MBAP: late answers are foreign). Writes words, bits
 * or exception of `ret_reply` on FRAME_REPLY and FRAME_EXCEPTION, and nothing else of it; the request is then no longer
 * open. Any pieces, any number of times. */
enum frame_state framer_feed(struct framer *framer, const uint8_t *bytes, size_t size, struct link_reply *ret_reply);

/* RTU: bytes that were read off the line without being looked at as an answer; counts them as frames or junk. */
void framer_discard(struct framer *framer, const uint8_t *bytes, size_t size);

/* RTU: no more bytes will come for this request; what has come in part is junk. */
void framer_end(struct framer *framer);

/* RTU: at least so many bytes of what has begun are still to come; 0 when nothing has begun. */
size_t framer_missing(const struct framer *framer);

/* What this request taught about the line, asked after its end: ECHO_UNKNOWN when nothing. */
enum frame_echo framer_learned_echo(const struct framer *framer, bool answered);
/* What else was heard, into the reply. */
void framer_report(const struct framer *framer, struct link_reply *ret_reply);

#endif
