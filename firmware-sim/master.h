/* master: the questions of a Modbus master that only reads, and what it makes of the bytes that come back. Pure.
 *
 * There are no other questions here than functions 1 to 4, so that a recorder can never write to a device. */
#ifndef OUTPOST_FIRMWARE_SIM_MASTER_H
#define OUTPOST_FIRMWARE_SIM_MASTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware-sim/finding.h"
#include "firmware-sim/frame.h"

struct question {
    enum wire wire;
    uint16_t transaction; /* MBAP */
    uint8_t unit;
    struct span where;
};

/* The frame's size. */
size_t master_ask(const struct question *question, uint8_t ret_frame[static FRAME_MAX]);

/* Looks for the answer in all that has come since the question: noise, an echo of the question, answers of other units and
 * broken frames are passed over. True when it is there; `ret_words` is where the finding's words then are. */
bool master_understand(const struct question *question, const uint8_t *bytes, size_t size,
                       uint16_t ret_words[static SPAN_BITS_MAX], struct finding *ret_finding);

/* The function that reads a table. */
uint8_t master_function(enum table table);

/* The answer to a read of `where` by `function`, without unit and checksum: words or an exception. False when it cannot be. */
bool master_decode(const struct span *where, uint8_t function, const uint8_t *pdu, size_t size,
                   uint16_t ret_words[static SPAN_BITS_MAX], struct finding *ret_finding);

size_t master_answer_bytes(const struct span *where); /* of the values */

#endif
