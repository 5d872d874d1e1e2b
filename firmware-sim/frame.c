#include "firmware-sim/frame.h"

#include <string.h>

uint16_t frame_crc(const uint8_t *bytes, size_t size)
{
    unsigned crc = 0xFFFF;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc & 1) != 0 ? crc >> 1 ^ 0xA001 : crc >> 1;
    }
    return (uint16_t)crc;
}

static void put_crc(uint8_t *frame, size_t size)
{
    uint16_t crc = frame_crc(frame, size);
    frame[size] = (uint8_t)(crc & 0xFF);
    frame[size + 1] = (uint8_t)(crc >> 8);
}

bool frame_crc_fits(const uint8_t *bytes, size_t size)
{
    if (size < FRAME_RTU_MIN)
        return false;
    uint16_t crc = frame_crc(bytes, size - 2);
    return bytes[size - 2] == (crc & 0xFF) && bytes[size - 1] == crc >> 8;
}

/* Both envelopes of RTU have fixed sizes but where a byte counts what follows it. */
static size_t counted_size(const uint8_t *bytes, size_t size, size_t count_at)
{
    return size <= count_at ? 0 : count_at + 3 + bytes[count_at];
}

size_t frame_rtu_request_size(const uint8_t *bytes, size_t size)
{
    if (size < 2)
        return 0;
    switch (bytes[1]) {
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
        return 8;
    case 15:
    case 16:
        return counted_size(bytes, size, 6);
    case 17:
        return 4;
    case 22:
        return 10;
    case 23:
        return counted_size(bytes, size, 10);
    default:
        return SIZE_MAX;
    }
}

size_t frame_rtu_answer_size(const uint8_t *bytes, size_t size)
{
    if (size < 2)
        return 0;
    if ((bytes[1] & 0x80) != 0)
        return 5;
    switch (bytes[1]) {
    case 1:
    case 2:
    case 3:
    case 4:
    case 17:
    case 23:
        return counted_size(bytes, size, 2);
    case 5:
    case 6:
    case 15:
    case 16:
        return 8;
    case 22:
        return 10;
    default:
        return SIZE_MAX;
    }
}

size_t frame_mbap_size(const uint8_t *bytes, size_t size)
{
    if (size < 6)
        return 0;
    size_t length = (size_t)bytes[4] << 8 | bytes[5];
    bool possible = bytes[2] == 0 && bytes[3] == 0 && length >= 2 && 6 + length <= FRAME_MAX;
    return possible ? 6 + length : SIZE_MAX;
}

size_t frame_wrap(enum wire wire, uint16_t transaction, uint8_t unit, const uint8_t *pdu, size_t pdu_size,
                  uint8_t ret_frame[static FRAME_MAX])
{
    if (wire == WIRE_RTU) {
        ret_frame[0] = unit;
        memcpy(ret_frame + 1, pdu, pdu_size);
        put_crc(ret_frame, pdu_size + 1);
        return pdu_size + 3;
    }
    size_t length = pdu_size + 1;
    const uint8_t header[7] = {(uint8_t)(transaction >> 8), (uint8_t)(transaction & 0xFF), 0,   0,
                               (uint8_t)(length >> 8),      (uint8_t)(length & 0xFF),      unit};
    memcpy(ret_frame, header, sizeof header);
    memcpy(ret_frame + sizeof header, pdu, pdu_size);
    return sizeof header + pdu_size;
}
