#include "firmware-sim/sniff.h"

#include <string.h>

#include "firmware-sim/master.h"

void sniff_init(struct sniff *sniff, uint8_t unit, unsigned baud, sniff_heard *heard, void *self)
{
    int64_t characters_us = (int64_t)20 * 11 * 1000000 / baud;
    *sniff = (struct sniff){.unit = unit, .gap_us = 50000 + characters_us, .heard = heard, .self = self};
}

static uint16_t get16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

/* --- exchanges --- */

static void end_unanswered(struct sniff *sniff, int64_t at_us)
{
    if (!sniff->read.open)
        return;
    sniff->read.open = false;
    if (sniff->read.unit != sniff->unit)
        return;
    sniff->missed = sniff->read;
    sniff->missed.at_us = at_us;
    sniff->counters.silences++;
    const struct finding finding = {.where = sniff->read.where, .outcome = OUTCOME_SILENCE};
    sniff->heard(sniff->self, at_us, &finding);
}

static bool table_of(uint8_t function, enum table *ret_table)
{
    static const enum table tables[] = {TABLE_COIL, TABLE_DISCRETE, TABLE_HOLDING, TABLE_INPUT};
    if ((function < 1 || function > 4) && function != 23)
        return false;
    *ret_table = function == 23 ? TABLE_HOLDING : tables[function - 1];
    return true;
}

/* A whole request. Those that read nothing only say that the one before was not answered. */
static void begin_read(struct sniff *sniff, const uint8_t *frame, int64_t at_us)
{
    struct sniff_read read = {.open = true, .unit = frame[0], .function = frame[1], .at_us = at_us};
    end_unanswered(sniff, at_us);
    if (!table_of(frame[1], &read.where.table))
        return;
    read.where.address = get16(frame + 2);
    read.where.count = get16(frame + 4);
    uint32_t most = table_is_bits(read.where.table) ? SPAN_BITS_MAX : SPAN_WORDS_MAX;
    if (read.where.count < 1 || read.where.count > most || read.where.address + (uint32_t)read.where.count > 65536)
        return;
    sniff->counters.requests += read.unit == sniff->unit ? 1U : 0U;
    sniff->read = read;
}

static bool looks_like_missed(const struct sniff *sniff, int64_t at_us)
{
    const struct sniff_read *missed = &sniff->missed;
    const struct sniff_read *read = &sniff->read;
    bool recent = missed->function != 0 && at_us - missed->at_us < SNIFF_DOUBT_US;
    bool alike =
        missed->function == read->function && master_answer_bytes(&missed->where) == master_answer_bytes(&read->where);
    return recent && alike &&
           (missed->where.address != read->where.address || missed->where.count != read->where.count);
}

static void end_read(struct sniff *sniff, const struct finding *finding, int64_t at_us)
{
    sniff->read.open = false;
    if (sniff->read.unit != sniff->unit)
        return;
    sniff->counters.answers++;
    if (looks_like_missed(sniff, at_us))
        sniff->counters.doubts++;
    else
        sniff->heard(sniff->self, at_us, finding);
}

/* --- frames --- */

/* The answer to the open read, of exactly this size, at the start of what came in? */
static bool take_answer(struct sniff *sniff, size_t size, int64_t at_us)
{
    const struct sniff_read *read = &sniff->read;
    struct finding finding;
    if (!read->open || size > sniff->in_size || sniff->in[0] != read->unit || !frame_crc_fits(sniff->in, size))
        return false;
    if (!master_decode(&read->where, read->function, sniff->in + 1, size - 3, sniff->words, &finding))
        return false;
    end_read(sniff, &finding, at_us);
    return true;
}

static void shift(struct sniff *sniff, size_t size)
{
    sniff->in_size -= size;
    memmove(sniff->in, sniff->in + size, sniff->in_size);
}

static bool take_whole(struct sniff *sniff, size_t size, bool is_request, int64_t at_us)
{
    if (size == 0 || size > sniff->in_size || size > FRAME_RTU_MAX || !frame_crc_fits(sniff->in, size))
        return false;
    if (is_request)
        begin_read(sniff, sniff->in, at_us);
    shift(sniff, size);
    return true;
}

/* One frame, or one byte of noise. False: more bytes are needed to tell, and `silent` says that none belong to these. */
static bool scan_once(struct sniff *sniff, bool silent, int64_t at_us)
{
    size_t answer_size = sniff->read.open ? master_answer_bytes(&sniff->read.where) + 5 : 0;
    size_t exception_size = 5;
    if (take_answer(sniff, answer_size, at_us)) {
        shift(sniff, answer_size);
        return true;
    }
    if (take_answer(sniff, exception_size, at_us)) {
        shift(sniff, exception_size);
        return true;
    }
    size_t request = frame_rtu_request_size(sniff->in, sniff->in_size);
    size_t answer = frame_rtu_answer_size(sniff->in, sniff->in_size);
    if (take_whole(sniff, request, true, at_us) || take_whole(sniff, answer, false, at_us))
        return true;
    bool grows = (request <= FRAME_RTU_MAX && (request == 0 || request > sniff->in_size)) ||
                 (answer <= FRAME_RTU_MAX && (answer == 0 || answer > sniff->in_size));
    if (grows && !silent)
        return false;
    sniff->counters.noise++;
    shift(sniff, 1);
    return true;
}

static void scan(struct sniff *sniff, bool silent, int64_t at_us)
{
    while (sniff->in_size > 0 && scan_once(sniff, silent, at_us)) {
    }
}

void sniff_pass(struct sniff *sniff, int64_t now_us)
{
    if (sniff->in_size > 0 && now_us - sniff->in_us >= sniff->gap_us)
        scan(sniff, true, sniff->in_us);
    if (sniff->read.open && now_us - sniff->read.at_us >= SNIFF_WAIT_US)
        end_unanswered(sniff, sniff->read.at_us + SNIFF_WAIT_US);
}

void sniff_receive(struct sniff *sniff, const uint8_t *bytes, size_t size, int64_t now_us)
{
    sniff_pass(sniff, now_us);
    while (size > 0) {
        size_t room = sizeof sniff->in - sniff->in_size;
        size_t part = size < room ? size : room;
        memcpy(sniff->in + sniff->in_size, bytes, part);
        sniff->in_size += part;
        sniff->in_us = now_us;
        bytes += part;
        size -= part;
        scan(sniff, false, now_us);
    }
}
