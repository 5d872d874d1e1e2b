/* pcapng: recorded frames as a file that Wireshark reads, and such a file back. Pure: bytes in, bytes out.
 *
 * The format is that of draft-ietf-opsawg-pcapng: a section header, one interface (the bus), one enhanced packet a frame, with
 * its time in UTC microseconds, its direction (epb_flags), a comment for people and how many frames were lost before it
 * (epb_dropcount). The link type is 252, Wireshark's exported PDUs: before its bytes each packet names the dissector (mbrtu,
 * mbtcp, data), so that Wireshark decodes a serial line and a TCP connection without any setting. (250, RTAC serial, and the
 * user types need one; made-up Ethernet and IP headers would be lies and cannot carry RTU.)
 *
 * A file written here reads back the same; a file that Wireshark saved again (as pcapng) is read too, whatever its byte order,
 * time resolution, further blocks and options. Everything else is refused with a sentence. */
#ifndef OUTPOST_PORTS_PCAPNG_H
#define OUTPOST_PORTS_PCAPNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/err.h"
#include "gateway/base/text.h"
#include "gateway/ports/tap.h"

#define PCAPNG_COMMENT_MAX 256  /* bytes; longer ones are cut */
#define PCAPNG_HEAD_MAX    1024 /* bytes of a file before its first packet */
#define PCAPNG_PACKET_MAX  1024 /* of a packet with everything around it */

enum pcapng_content { PCAPNG_RTU, PCAPNG_MBAP, PCAPNG_BYTES }; /* a frame with CRC, a frame of Modbus TCP, no frame */

struct pcapng_packet {
    int64_t utc_us;
    bool sent; /* by the gateway */
    enum pcapng_content content;
    uint64_t lost;       /* frames missing before it */
    const char *comment; /* UTF-8, ends with zero; NULL none. Not read back */
    const uint8_t *bytes;
    size_t size; /* writing: at most TAP_BYTES_MAX */
};

/* `program` and `bus` as Wireshark shows them; both are cut to fit. Returns the size. */
size_t pcapng_put_head(uint8_t ret_bytes[static PCAPNG_HEAD_MAX], const char *program, const char *bus);
size_t pcapng_put_packet(uint8_t ret_bytes[static PCAPNG_PACKET_MAX], const struct pcapng_packet *packet);

#define PCAPNG_INTERFACES_MAX 16 /* merged files have several */

struct pcapng_reader {
    const uint8_t *bytes; /* the caller's, while it reads */
    size_t size;
    size_t at;
    bool swapped; /* the section is in the other byte order */
    size_t interface_count;
    struct {
        uint16_t link_type;
        uint8_t decimals; /* of a second */
    } interfaces[PCAPNG_INTERFACES_MAX];
};

void pcapng_read(struct pcapng_reader *reader, const uint8_t *bytes, size_t size);

/* The next packet of link type 252 with a direction and known content; others are passed over. Its bytes point into the file.
 * ERR_EMPTY: the end. ERR_FORMAT: trouble says why, in English; no use to go on. A file cut in its last block (the gateway
 * or the disk died) ends before it. */
MUST_CHECK enum err pcapng_next(struct pcapng_reader *reader, struct pcapng_packet *ret_packet, struct text *trouble);

#endif
