#include "firmware-sim/fault.h"

#include <string.h>

#define JUNK_MAX 12 /* bytes of noise: a transceiver that switches, not a flood */

struct fault_row {
    const char *word;
    bool takes_number;
    long long maximum;
};

#define FAULT_ROW(id, word, takes, maximum) [id] = {word, takes, maximum},
static const struct fault_row rows[FAULT_COUNT] = {FAULT_LIST(FAULT_ROW)};
#undef FAULT_ROW

void fault_words(struct text *out)
{
    for (unsigned i = 0; i < FAULT_COUNT; i++)
        text_add(out, "%s%s%s", i == 0 ? "" : ", ", rows[i].word, rows[i].takes_number ? " N" : "");
}

static bool find_kind(const char *word, enum fault_kind *ret_kind)
{
    for (unsigned i = 0; i < FAULT_COUNT; i++) {
        if (!text_equals(rows[i].word, word))
            continue;
        *ret_kind = (enum fault_kind)i;
        return true;
    }
    return false;
}

static bool read_ending(const char *word, struct fault *fault, struct text *why)
{
    fault->once = text_equals(word, "once");
    if (fault->once)
        return true;
    if (!text_to_number(word, &fault->probability) || !(fault->probability > 0) || fault->probability > 1)
        return text_refuse(why, "\"%s\" is neither \"once\" nor a probability above 0 up to 1", word);
    return true;
}

bool fault_read(char *const *words, size_t count, struct fault *ret_fault, struct text *why)
{
    struct fault fault = {.probability = 1};
    size_t next = 1;
    if (count == 0 || !find_kind(words[0], &fault.kind)) {
        text_add(why, "a fault is one of: ");
        fault_words(why);
        return false;
    }
    const struct fault_row *row = &rows[fault.kind];
    if (row->takes_number && (count < 2 || !text_to_integer(words[next++], fault.kind == FAULT_EXCEPTION ? 1 : 0,
                                                            row->maximum, &fault.number)))
        return text_refuse(why, "%s needs a whole number up to %lld", row->word, row->maximum);
    bool can_end = fault.kind != FAULT_NONE && fault.kind != FAULT_FROZEN;
    if (count > next && can_end && !read_ending(words[next++], &fault, why))
        return false;
    if (count > next)
        return text_refuse(why, "\"%s\" is one word too many", words[next]);
    *ret_fault = fault;
    return true;
}

void fault_print(const struct fault *fault, struct text *out)
{
    const struct fault_row *row = &rows[fault->kind];
    text_add(out, "%s", row->word);
    if (row->takes_number)
        text_add(out, " %lld", fault->number);
    if (fault->once)
        text_add(out, " once");
    else if (fault->probability < 1 && fault->kind != FAULT_NONE)
        text_add(out, " %g", fault->probability);
}

bool fault_strikes(const struct fault *fault, struct random *random)
{
    return fault->kind != FAULT_NONE && random_chance(random, fault->probability);
}

static void put_noise(uint8_t *bytes, size_t size, struct random *random)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(random_bits(random) & 0xFF);
}

static void junk_before(struct random *random, struct answer *answer)
{
    size_t size = 1 + random_below(random, JUNK_MAX);
    memmove(answer->bytes + size, answer->bytes, answer->size);
    put_noise(answer->bytes, size, random);
    answer->size += size;
}

static void junk_after(struct random *random, struct answer *answer)
{
    size_t size = 1 + random_below(random, JUNK_MAX);
    put_noise(answer->bytes + answer->size, size, random);
    answer->size += size;
}

/* Changes one byte of unit or function and makes the checksum right again. */
static void change_byte(enum wire wire, size_t at, uint8_t byte, struct answer *answer)
{
    answer->bytes[at] = byte;
    if (wire != WIRE_RTU)
        return;
    uint16_t crc = frame_crc(answer->bytes, answer->size - 2);
    answer->bytes[answer->size - 2] = (uint8_t)(crc & 0xFF);
    answer->bytes[answer->size - 1] = (uint8_t)(crc >> 8);
}

static uint8_t other_function(uint8_t function)
{
    return (uint8_t)((function & 0x80) | ((function & 0x7F) == 3 ? 4 : 3));
}

void fault_spoil(const struct fault *fault, enum wire wire, struct random *random, struct answer *answer)
{
    size_t unit_at = wire == WIRE_RTU ? 0 : 6;
    switch (fault->kind) {
    case FAULT_LATE:
        answer->stays = true;
        answer->delay_us += fault->number * 1000;
        break;
    case FAULT_DELAY:
        answer->delay_us += fault->number * 1000;
        break;
    case FAULT_WRONG_UNIT:
        change_byte(wire, unit_at, (uint8_t)(answer->bytes[unit_at] % 247 + 1), answer);
        break;
    case FAULT_WRONG_FUNCTION:
        change_byte(wire, unit_at + 1, other_function(answer->bytes[unit_at + 1]), answer);
        break;
    case FAULT_CRC:
        answer->bytes[answer->size - 1] ^= 0x5A;
        break;
    case FAULT_TRUNCATE:
        answer->size = (answer->size + 1) / 2;
        break;
    case FAULT_JUNK_BEFORE:
        junk_before(random, answer);
        break;
    case FAULT_JUNK_AFTER:
        junk_after(random, answer);
        break;
    case FAULT_NONE:
    case FAULT_SILENCE:
    case FAULT_LATE_BY_ONE:
    case FAULT_ECHO:
    case FAULT_EXCEPTION:
    case FAULT_BUSY:
    case FAULT_FROZEN:
    case FAULT_COUNT:
        break;
    }
}
