/* Any bytes in any pieces after any request: the framer stays within its bounds, and the frame that its answer claims to be,
 * put together again here, stands in the stream.
 *
 * Input: 8 bytes of request and shape; then pieces: a byte (low 7 bits: how many follow) and bytes. Its high bit appends the CRC
 * of the piece, or puts the MBAP head of the open transaction before it. */
#include <string.h>

#include "drivers/link/frame.h"
#include "gateway/base/check.h"

static uint8_t stream[1 << 16];

static size_t finish(uint8_t *frame, size_t size, enum frame_kind kind)
{
    uint16_t crc = frame_crc(frame, size);
    uint8_t const head[] = {0, 7, 0, 0, 0, (uint8_t)size};
    uint8_t const tail[] = {(uint8_t)(crc & 0xFF), (uint8_t)(crc >> 8)};
    if (kind == FRAME_MBAP)
        memmove(frame + sizeof head, frame, size);
    memcpy(kind == FRAME_MBAP ? frame : frame + size, kind == FRAME_MBAP ? head : tail, kind == FRAME_MBAP ? 6 : 2);
    return size + (kind == FRAME_MBAP ? 6 : 2);
}

static bool stands_in_stream(const struct framer *framer, const struct link_reply *reply, bool excepted, size_t used)
{
    for (unsigned beyond = 0; beyond < 256; beyond++) { /* bits that nobody asked for may be anything */
        uint8_t frame[FRAME_MBAP_MAX + 2] = {framer->unit, framer->function, framer->data_size};
        for (size_t i = 0; framer->function > 2 && i < framer->data_size; i++)
            frame[3 + i] = (uint8_t)(i % 2 == 0 ? reply->words[i / 2] >> 8 : reply->words[i / 2] & 0xFF);
        if (framer->function <= 2)
            memcpy(frame + 3, reply->bits, framer->data_size);
        frame[2 + framer->data_size] |=
            (uint8_t)(framer->function <= 2 && framer->count % 8 != 0 ? beyond << framer->count % 8 : 0);
        size_t size = 3U + framer->data_size;
        if (excepted)
            memcpy(frame + 1, (uint8_t[]){framer->function | 0x80, reply->exception}, size = 2);
        else if (!framer->is_read)
            memcpy(frame, framer->request + (framer->kind == FRAME_MBAP ? 6 : 0), size = 6);
        if (memmem(stream, used, frame, finish(frame, size + excepted, framer->kind)) != NULL)
            return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct framer framer;
    struct link_reply reply = {0};
    enum frame_state state = FRAME_MORE;
    size_t used = 0;
    if (size < 8 || size > 4096)
        return 0;
    struct link_request const asked = {data[0], data[1], (uint16_t)(data[2] << 8 | data[3]), data[4], data[5], 0, 0};
    framer_init(&framer, (enum frame_kind)(data[6] & 1));
    if (!frame_request_is_valid(&asked, framer.kind))
        return 0;
    framer_expect(&framer, &asked, 7, (enum frame_echo)(data[7] % 3));
    for (size_t at = 9; at <= size && state == FRAME_MORE;) {
        size_t piece = data[at - 1] & 0x7FU;
        piece = piece < size - at ? piece : size - at;
        memcpy(stream + used, data + at, piece);
        size_t fed = (data[at - 1] & 0x80) != 0 ? finish(stream + used, piece, framer.kind) : piece;
        state = framer_feed(&framer, stream + used, fed, &reply);
        CHECK(framer.used <= FRAME_FEED_MAX && framer.at <= framer.used && framer_missing(&framer) <= FRAME_RTU_MAX);
        used += fed;
        at += piece + 1;
    }
    CHECK((state != FRAME_REPLY && state != FRAME_EXCEPTION) ||
          stands_in_stream(&framer, &reply, state == FRAME_EXCEPTION, used));
    framer_end(&framer);
    CHECK(framer.junk <= used && framer.foreign <= used);
    return 0;
}
