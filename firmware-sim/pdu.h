/* pdu: one Modbus request -> its answer, for a server. Pure but for the registers behind `struct pdu_server`.
 *
 * Function codes 1-6, 15-17, 22 and 23 of the Modbus Application Protocol Specification V1.1b3, section 6, and 8 with
 * sub-function 0 (return query data) on a serial line; exceptions 1 (function), 2 (address) and 3 (value, also a length that
 * does not fit) as its state diagrams say. A PDU is function code and data, without unit id and checksum. */
#ifndef OUTPOST_FIRMWARE_SIM_PDU_H
#define OUTPOST_FIRMWARE_SIM_PDU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware-sim/point.h"

#define PDU_MAX             253 /* section 4.1 */
#define PDU_READ_BITS_MAX   2000
#define PDU_READ_WORDS_MAX  125
#define PDU_WRITE_BITS_MAX  1968
#define PDU_WRITE_WORDS_MAX 123
#define PDU_SWAP_WORDS_MAX  121 /* written by function 23 */

enum pdu_exception {
    PDU_OK = 0,
    PDU_ILLEGAL_FUNCTION = 1,
    PDU_ILLEGAL_ADDRESS = 2,
    PDU_ILLEGAL_VALUE = 3,
    PDU_DEVICE_FAILURE = 4,
    PDU_BUSY = 6,
};

/* The registers behind. Bits are words 0 and 1. Each returns PDU_OK or the exception to answer with. */
struct pdu_server {
    void *self;
    const char *name; /* the server id of function 17; NULL none */
    bool serial;      /* functions of serial lines too */
    enum pdu_exception (*read)(void *self, enum table table, uint16_t address, uint16_t count, uint16_t *ret_words);
    enum pdu_exception (*write)(void *self, enum table table, uint16_t address, uint16_t count, const uint16_t *words);
};

/* Returns the size of the answer, 2..PDU_MAX. `size` 1..PDU_MAX. */
size_t pdu_answer(const struct pdu_server *server, const uint8_t *request, size_t size,
                  uint8_t ret_answer[static PDU_MAX]);

size_t pdu_exception_answer(uint8_t function, unsigned exception, uint8_t ret_answer[static PDU_MAX]);

#endif
