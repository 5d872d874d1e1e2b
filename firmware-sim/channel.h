/* channel: one conversation with one master, a serial line or a TCP connection. Pure: bytes and times go in, bytes and
 * times come out; no clock, no file descriptor.
 *
 * On a serial line it keeps time. A pty hands a whole request over at once; here its last character counts as arrived only
 * when the line could have carried it, the answer begins one turnaround later, and its characters come out at line speed,
 * in chunks shorter than the 3.5 characters of silence that would end a frame. A request ends when its length says so,
 * else (function codes of unknown length, half frames, junk) with silence. Junk makes the line deaf until silence.
 * A new request makes a slave forget an answer that it has not begun; one that comes while an answer is on the line
 * collides with it and is lost.
 *
 * TCP answers at once and in order, also pipelined requests; bytes that can begin no frame break the connection. */
#ifndef OUTPOST_FIRMWARE_SIM_CHANNEL_H
#define OUTPOST_FIRMWARE_SIM_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware-sim/frame.h"

#define CHANNEL_NEVER       INT64_MAX
#define CHANNEL_ANSWERS_MAX 16  /* waiting to go out; what comes beyond is lost */
#define ANSWER_MAX          320 /* a frame and the junk around it */

struct request {
    uint16_t transaction; /* MBAP */
    uint8_t unit;
    const uint8_t *pdu;
    size_t pdu_size; /* 1..253 */
    const uint8_t *frame;
    size_t frame_size;
};

struct answer {
    uint8_t bytes[ANSWER_MAX];
    size_t size;      /* 0: silence */
    int64_t delay_us; /* beyond the line's own time */
    bool stays;       /* comes even after a newer request */
};

/* Fills in `*ret_answer`, which comes zeroed. */
typedef void channel_serve(void *self, const struct request *request, struct answer *ret_answer);

struct channel_timing {
    int64_t character_ns;  /* 0: no line, no waiting */
    int64_t turnaround_us; /* from the end of a request to the start of its answer */
    int64_t silence_us;    /* that ends a frame of unknown length */
    size_t chunk_size;     /* characters handed over at a time, >= 1 */
};

struct channel_counters {
    uint64_t requests;   /* whole frames */
    uint64_t garbled;    /* bursts that made no frame */
    uint64_t collisions; /* requests sent into a running answer */
    uint64_t lost;       /* answers there was no room for */
};

struct channel_answer { /* in the queue */
    int64_t start_us;
    size_t size;
    size_t sent;
    bool stays;
    uint8_t bytes[ANSWER_MAX];
};

struct channel {
    enum wire wire;
    struct channel_timing timing;
    channel_serve *serve;
    void *self;
    uint8_t in[2 * FRAME_MAX];
    size_t in_size;
    int64_t in_first_us;
    int64_t in_last_us;
    bool deaf;                                      /* until silence */
    bool broken;                                    /* MBAP: to be closed */
    struct channel_answer out[CHANNEL_ANSWERS_MAX]; /* by start */
    size_t out_count;
    int64_t line_free_us;
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

/* Bytes whose time has come, at most `size_max` of them; 0 when there are none. Call again until 0. */
size_t channel_take(struct channel *channel, int64_t now_us, uint8_t *ret_bytes, size_t size_max);

/* When channel_take has something or silence falls; CHANNEL_NEVER. */
int64_t channel_due_us(const struct channel *channel);

#endif
