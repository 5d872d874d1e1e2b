/* channel: one conversation with one master, a serial line or a TCP connection. Pure: bytes and times go in, bytes and
 * times come out; no clock, no file descriptor.
 *
 * On a serial line it keeps time. A pty hands a whole request over at once; here its last character counts as arrived only
 * when the line could have carried it, the answer begins one turnaround later, and its characters come out at line speed,
 * in chunks shorter than the 3.5 characters of silence that would end a frame; or, behind a USB adapter with a latency
 * timer, in packets when the timer runs out or PACKET_SIZE characters wait. A request ends when its length says so,
 * else (function codes of unknown length, half frames, junk) with silence. Junk makes the line deaf until silence.
 * A new request makes a slave forget an answer that it has not begun. Whatever is on the line at the same time as something
 * else is spoiled, both of it: a request sent into a running answer, two answers, noise.
 *
 * A real line (timing.real) keeps its own time: answers go out whole, and the answers of other slaves come in; they are
 * passed over, also without silence around them. Where the adapter hears what it sends, that is learned and passed over too.
 *
 * TCP answers at once and in order, also pipelined requests; bytes that can begin no frame break the connection. */
#ifndef OUTPOST_FIRMWARE_SIM_CHANNEL_H
#define OUTPOST_FIRMWARE_SIM_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware-sim/frame.h"

#define CHANNEL_NEVER       INT64_MAX
#define CHANNEL_ANSWERS_MAX 16                   /* waiting to go out; what comes beyond is lost */
#define ANSWER_MAX          (2 * FRAME_MAX + 32) /* two frames and the junk around them */
#define PACKET_SIZE         62                   /* of an FTDI chip: 64 bytes, 2 of them status (AN232B-04) */

struct request {
    uint16_t transaction; /* MBAP */
    uint8_t unit;
    const uint8_t *pdu;
    size_t pdu_size; /* 1..253 */
    const uint8_t *frame;
    size_t frame_size;
    int64_t at_us; /* its last character */
};

struct answer {
    uint8_t bytes[ANSWER_MAX];
    size_t size;         /* 0: silence */
    int64_t delay_us;    /* beyond the line's own time */
    bool own_turnaround; /* delay_us counts from the request's end; else the line's turnaround is added */
    bool stays;          /* comes even after a newer request */
};

/* Lays more bytes over an answer from `at` on, as a second sender on the same wires: what meets is spoiled. */
void answer_overlay(struct answer *answer, size_t at, const uint8_t *bytes, size_t size);

/* Fills in `*ret_answer`, which comes zeroed. */
typedef void channel_serve(void *self, const struct request *request, struct answer *ret_answer);

struct channel_timing {
    int64_t character_ns;  /* 0: no line, no waiting */
    int64_t turnaround_us; /* from the end of a request to the start of its answer */
    int64_t silence_us;    /* that ends a frame of unknown length */
    size_t chunk_size;     /* characters handed over at a time, >= 1 */
    int64_t gap_us;        /* 3.5 characters: less than this between frames is counted; 0: not looked at */
    int64_t inner_us;      /* 1.5 characters: more than this within a frame is counted */
    int64_t latency_us;    /* of the adapter's timer; 0: none */
    bool echo;             /* every character of the master comes back first */
    bool real;             /* a real line */
};

/* requests     whole frames
 * garbled      bursts that made no frame
 * collisions   two senders at once
 * lost         answers there was no room for
 * short_gaps   requests that began less than 3.5 characters after what was before them
 * torn         requests with more than 1.5 characters of silence inside
 * foreign      answers of other slaves, real lines only
 * heard_self   own answers heard, real lines only */
#define CHANNEL_COUNTERS(X)                                                                                            \
    X(requests)                                                                                                        \
    X(garbled)                                                                                                         \
    X(collisions)                                                                                                      \
    X(lost)                                                                                                            \
    X(short_gaps)                                                                                                      \
    X(torn)                                                                                                            \
    X(foreign)                                                                                                         \
    X(heard_self)

#define CHANNEL_COUNTER(name) uint64_t name;
struct channel_counters {
    CHANNEL_COUNTERS(CHANNEL_COUNTER)
};
#undef CHANNEL_COUNTER

struct channel_answer { /* in the queue */
    int64_t start_us;
    size_t size;
    size_t sent;
    uint8_t unit;
    bool stays;
    uint8_t bytes[ANSWER_MAX];
};

/* Whether the adapter of a real line hears what it sends. */
enum hearing { HEARING_UNKNOWN, HEARING_OTHERS, HEARING_SELF };

struct channel {
    enum wire wire;
    struct channel_timing timing;
    channel_serve *serve;
    void *self;
    uint8_t in[2 * FRAME_MAX];
    size_t in_size;
    int64_t in_first_us;
    int64_t in_end_us; /* when the line has carried all of it */
    bool in_torn;
    bool deaf;                                      /* until silence */
    bool broken;                                    /* MBAP: to be closed */
    struct channel_answer out[CHANNEL_ANSWERS_MAX]; /* by start */
    size_t out_count;
    uint8_t echo[2 * FRAME_MAX]; /* what goes back to who sent it */
    size_t echo_size;
    size_t echo_sent;
    int64_t echo_us;      /* its start */
    int64_t line_free_us; /* end of what was last on the line */
    int64_t packet_us;    /* the latency timer's last packet */
    enum hearing hearing;
    uint8_t said[FRAME_MAX]; /* the last own answer on a real line, until something else is heard */
    size_t said_size;
    struct channel_counters counters;
};

void channel_init(struct channel *channel, enum wire wire, const struct channel_timing *timing, channel_serve *serve,
                  void *self);

/* 8N1 is 10 bits a character, with parity or a second stop bit 11. `fast`: none of it. Silence is 3.5 characters, 1.75 ms
 * above 19200 baud (Modbus over Serial Line V1.02, section 2.5.1.1), but never below `silence_min_us`: what the operating
 * system may tear apart. */
struct channel_timing channel_timing_of(unsigned baud, unsigned bits, int64_t turnaround_us, int64_t silence_min_us,
                                        bool fast);

void channel_receive(struct channel *channel, const uint8_t *bytes, size_t size, int64_t now_us);

/* A unit speaks without being asked. */
void channel_emit(struct channel *channel, uint8_t unit, const struct answer *answer, int64_t now_us);

/* Bytes whose time has come, at most `size_max` of them; 0 when there are none. Call again until 0. */
size_t channel_take(struct channel *channel, int64_t now_us, uint8_t *ret_bytes, size_t size_max);

/* When channel_take has something or silence falls; CHANNEL_NEVER. */
int64_t channel_due_us(const struct channel *channel);

#endif
