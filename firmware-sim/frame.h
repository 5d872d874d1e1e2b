/* frame: the two envelopes of a Modbus PDU. Pure.
 *
 * RTU:  unit, PDU, CRC-16 low byte first (Modbus over Serial Line V1.02, section 2.5.1; polynomial 0xA001, start 0xFFFF).
 * MBAP: transaction (2), protocol 0 (2), length (2: unit and PDU), unit, PDU (Messaging on TCP/IP V1.0b, section 3.1.3). */
#ifndef OUTPOST_FIRMWARE_SIM_FRAME_H
#define OUTPOST_FIRMWARE_SIM_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_MAX     260 /* of either: MBAP 7 + 253 */
#define FRAME_RTU_MAX 256
#define FRAME_RTU_MIN 4

enum wire { WIRE_RTU, WIRE_MBAP };

uint16_t frame_crc(const uint8_t *bytes, size_t size);
bool frame_crc_fits(const uint8_t *bytes, size_t size); /* the last two bytes are the CRC of the others */

/* How long the RTU request that begins here is, by its function code: 0 more bytes are needed to tell, SIZE_MAX a function
 * whose length is not known (its frame ends with silence). May be larger than FRAME_MAX. */
size_t frame_rtu_request_size(const uint8_t *bytes, size_t size);

/* The same for the answer of a slave, its CRC not counted in to tell: for who hears other slaves answer. */
size_t frame_rtu_answer_size(const uint8_t *bytes, size_t size);

/* The same for MBAP: 0 more bytes are needed, SIZE_MAX these bytes can begin no frame (the stream is lost). */
size_t frame_mbap_size(const uint8_t *bytes, size_t size);

/* Wraps a PDU of at most 253 bytes; returns the frame's size. `transaction` is of MBAP only. */
size_t frame_wrap(enum wire wire, uint16_t transaction, uint8_t unit, const uint8_t *pdu, size_t pdu_size,
                  uint8_t ret_frame[static FRAME_MAX]);

#endif
