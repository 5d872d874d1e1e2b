#include "firmware-sim/master.h"

uint8_t master_function(enum table table)
{
    static const uint8_t functions[TABLE_COUNT] = {
        [TABLE_COIL] = 1, [TABLE_DISCRETE] = 2, [TABLE_HOLDING] = 3, [TABLE_INPUT] = 4};
    return functions[table];
}

size_t master_ask(const struct question *question, uint8_t ret_frame[static FRAME_MAX])
{
    const struct span *where = &question->where;
    const uint8_t pdu[5] = {master_function(where->table), (uint8_t)(where->address >> 8),
                            (uint8_t)(where->address & 0xFF), (uint8_t)(where->count >> 8),
                            (uint8_t)(where->count & 0xFF)};
    return frame_wrap(question->wire, question->transaction, question->unit, pdu, sizeof pdu, ret_frame);
}

size_t master_answer_bytes(const struct span *where)
{
    return table_is_bits(where->table) ? ((size_t)where->count + 7) / 8 : (size_t)where->count * 2;
}

bool master_decode(const struct span *where, uint8_t function, const uint8_t *pdu, size_t size,
                   uint16_t ret_words[static SPAN_BITS_MAX], struct finding *ret_finding)
{
    size_t bytes = master_answer_bytes(where);
    if (size == 2 && pdu[0] == (function | 0x80) && pdu[1] != 0) {
        *ret_finding = (struct finding){.where = *where, .outcome = OUTCOME_EXCEPTION, .exception = pdu[1]};
        return true;
    }
    if (size != bytes + 2 || pdu[0] != function || pdu[1] != bytes)
        return false;
    const uint8_t *values = pdu + 2;
    for (size_t i = 0; i < where->count; i++) {
        if (table_is_bits(where->table))
            ret_words[i] = values[i / 8] >> (i % 8) & 1;
        else
            ret_words[i] = (uint16_t)(values[2 * i] << 8 | values[2 * i + 1]);
    }
    *ret_finding = (struct finding){.where = *where, .outcome = OUTCOME_WORDS, .words = ret_words};
    return true;
}

/* A frame of exactly this size begins here? */
static bool decode_rtu(const struct question *question, const uint8_t *bytes, size_t size,
                       uint16_t ret_words[static SPAN_BITS_MAX], struct finding *ret_finding)
{
    if (bytes[0] != question->unit || !frame_crc_fits(bytes, size))
        return false;
    uint8_t function = master_function(question->where.table);
    return master_decode(&question->where, function, bytes + 1, size - 3, ret_words, ret_finding);
}

static bool understand_rtu(const struct question *question, const uint8_t *bytes, size_t size,
                           uint16_t ret_words[static SPAN_BITS_MAX], struct finding *ret_finding)
{
    size_t whole = master_answer_bytes(&question->where) + 5;
    for (size_t at = 0; at + 5 <= size; at++) {
        if (decode_rtu(question, bytes + at, 5, ret_words, ret_finding))
            return true;
        if (at + whole <= size && decode_rtu(question, bytes + at, whole, ret_words, ret_finding))
            return true;
    }
    return false;
}

static bool understand_mbap(const struct question *question, const uint8_t *bytes, size_t size,
                            uint16_t ret_words[static SPAN_BITS_MAX], struct finding *ret_finding)
{
    for (size_t at = 0; at < size;) {
        size_t frame = frame_mbap_size(bytes + at, size - at);
        if (frame == 0 || frame > size - at)
            return false;
        const uint8_t *here = bytes + at;
        bool ours = (here[0] << 8 | here[1]) == question->transaction && here[6] == question->unit;
        uint8_t function = master_function(question->where.table);
        if (ours && master_decode(&question->where, function, here + 7, frame - 7, ret_words, ret_finding))
            return true;
        at += frame;
    }
    return false;
}

bool master_understand(const struct question *question, const uint8_t *bytes, size_t size,
                       uint16_t ret_words[static SPAN_BITS_MAX], struct finding *ret_finding)
{
    if (question->wire == WIRE_MBAP)
        return understand_mbap(question, bytes, size, ret_words, ret_finding);
    return understand_rtu(question, bytes, size, ret_words, ret_finding);
}
