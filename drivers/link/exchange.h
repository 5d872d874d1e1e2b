/* exchange: one request and its answer over an open descriptor, step by step, against an absolute deadline.
 *
 * On a line (RTU, also behind a serial server): keep silence -> read and discard what is left there -> send -> receive.
 * Discarded bytes start the silence anew; a line that never falls silent ends in ERR_GARBLED. On Modbus TCP there is no
 * silence to keep (but the request's guard) and nothing may be discarded: late answers are told by their transaction id.
 *
 * The silence is 3.5 characters of 11 bits, 1.75 ms above 19200 baud (Serial Line V1.02, section 2.5.1.1), 1.5 characters
 * more when another unit was asked before (line_switch_us), 20 ms where no baud is known, and at least 20 ms after an
 * exchange that did not end well: USB adapters hand bytes over up to 16 ms late (the latency timer of FTDI's drivers). A
 * serial link looks at the descriptor again only when what is still missing could have come at line speed; fd() is -1 until
 * then, so a frame costs a few system calls and not one a byte.
 *
 * Opens and closes nothing. One thread; blocks never. */
#ifndef OUTPOST_DRIVERS_LINK_EXCHANGE_H
#define OUTPOST_DRIVERS_LINK_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/link/ear.h"
#include "drivers/link/frame.h"
#include "gateway/base/err.h"
#include "gateway/ports/link.h"

/* Writes the whole frame to the descriptor at once, or fails with ERR_CLOSED. */
typedef enum err exchange_send(void *self, const uint8_t *frame, size_t size);

enum exchange_phase { EXCHANGE_CLOSED, EXCHANGE_IDLE, EXCHANGE_QUIET, EXCHANGE_RECEIVE };

struct exchange {
    enum frame_kind kind;
    int64_t character_ns; /* 0: no line, or unknown */
    int64_t silence_us;
    int64_t switch_us; /* more of it after another unit */
    exchange_send *send;
    void *self;
    int fd;
    enum exchange_phase phase;
    bool troubled; /* the last exchange did not end well */
    int last_unit; /* asked before; -1: nobody */
    bool switches; /* this request is to another one */
    enum frame_echo echo;
    uint16_t transaction;
    int64_t line_free_mono_us; /* when the last byte that we know of was over */
    struct link_request request;
    uint8_t frame[FRAME_REQUEST_MAX];
    size_t frame_size;
    int64_t quiet_until_mono_us;
    int64_t give_up_mono_us;  /* quiet: the line never falls silent */
    int64_t look_mono_us;     /* receive: nothing can be complete before */
    int64_t deadline_mono_us; /* receive */
    int64_t sent_mono_us;
    bool looking;         /* receive: a byte would be worth waking up for */
    uint32_t characters;  /* of this exchange, both ways */
    uint32_t junk_before; /* of the framer's junk, what was read before sending */
    struct framer framer;
    struct ear ear; /* .tap is set by the owner, after exchange_init */
};

/* `baud` 0: unknown (rtu-over-tcp), or no line (MBAP). `character_bits`: start, data, parity and stop bits together. */
void exchange_init(struct exchange *exchange, enum frame_kind kind, uint32_t baud, unsigned character_bits,
                   exchange_send *send, void *self);

/* The descriptor is O_NONBLOCK and stays the caller's. */
void exchange_open(struct exchange *exchange, int fd, int64_t mono_us);
void exchange_close(struct exchange *exchange);

/* The functions of ports/link.h. start: ERR_ARGUMENT for a request that Modbus does not know, ERR_CLOSED, ERR_BUSY while one
 * is under way. poll also fills the counters and times of ret_reply when it says LINK_FAILED. */
enum err exchange_start(struct exchange *exchange, const struct link_request *request, int64_t mono_us);
enum link_progress exchange_poll(struct exchange *exchange, int64_t mono_us, struct link_reply *ret_reply,
                                 enum err *ret_err, int64_t *ret_next_mono_us);
int exchange_fd(const struct exchange *exchange); /* -1 while there is no byte worth waking up for */
bool exchange_gone(const struct exchange *exchange, int *ret_fd);

#endif
