#include "firmware-sim/fault.h"

#include <string.h>

#define JUNK_MAX 12 /* bytes of noise: a transceiver that switches, not a flood */
#define MS_MAX   600000

struct fault_row {
    const char *word;
    enum fault_takes takes;
};

#define FAULT_ROW(id, word, takes) [id] = {word, takes},
static const struct fault_row rows[FAULT_COUNT] = {FAULT_LIST(FAULT_ROW)};
#undef FAULT_ROW

void fault_words(struct text *out)
{
    static const char *const arguments[] = {
        [TAKES_NOTHING] = "", [TAKES_MS] = " MS", [TAKES_CODE] = " N", [TAKES_POINT] = " POINT|*"};
    for (unsigned i = 0; i < FAULT_COUNT; i++)
        text_add(out, "%s%s%s", i == 0 ? "" : ", ", rows[i].word, arguments[rows[i].takes]);
}

bool fault_is_of_bus(enum fault_kind kind)
{
    return kind == FAULT_GONE || kind == FAULT_BACK;
}

/* --- words --- */

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

/* The words of one order, and how far they are read. */
struct order {
    char *const *words;
    size_t count;
    size_t next;
};

static const char *next_word(struct order *order)
{
    return order->next < order->count ? order->words[order->next++] : NULL;
}

static bool read_number(struct order *order, long long minimum, long long maximum, struct fault *fault,
                        struct text *why)
{
    const char *word = next_word(order);
    if (word != NULL && text_to_integer(word, minimum, maximum, &fault->number))
        return true;
    return text_refuse(why, "%s needs a whole number from %lld to %lld", rows[fault->kind].word, minimum, maximum);
}

static bool read_point(struct order *order, struct fault *fault, struct text *why)
{
    const char *word = next_word(order);
    if (word == NULL || strlen(word) >= sizeof fault->point)
        return text_refuse(why, "%s needs a point of the slave, or * for all that have an invalid value",
                           rows[fault->kind].word);
    memcpy(fault->point, word, strlen(word) + 1);
    return true;
}

static bool read_argument(struct order *order, struct fault *fault, struct text *why)
{
    switch (rows[fault->kind].takes) {
    case TAKES_MS:
        return read_number(order, fault->kind == FAULT_BABBLE ? FAULT_BABBLE_MS : 0, MS_MAX, fault, why);
    case TAKES_CODE:
        return read_number(order, 1, 255, fault, why);
    case TAKES_POINT:
        return read_point(order, fault, why);
    case TAKES_NOTHING:
        break;
    }
    return true;
}

static bool read_time(const char *word, int64_t *ret_us, struct text *why)
{
    if (word != NULL && text_to_duration(word, ret_us) && *ret_us > 0)
        return true;
    return text_refuse(why, "a time looks like 500ms, 15s, 30min or 2h");
}

/* Faults that do not strike requests one by one have only times. */
static bool strikes_requests(enum fault_kind kind)
{
    return kind != FAULT_FROZEN && kind != FAULT_GONE;
}

static bool read_ending(struct order *order, struct fault *fault, struct text *why)
{
    const char *word = next_word(order);
    if (text_equals(word, "every"))
        return read_time(next_word(order), &fault->every_us, why);
    if (text_equals(word, "for"))
        return read_time(next_word(order), &fault->for_us, why);
    if (text_to_duration(word, &fault->for_us))
        return fault->for_us > 0 || read_time(NULL, &fault->for_us, why);
    if (!strikes_requests(fault->kind))
        return text_refuse(why, "%s ends with \"for TIME\" or \"every TIME for TIME\", not with \"%.80s\"",
                           rows[fault->kind].word, word);
    if (text_equals(word, "once")) {
        fault->once = true;
        return true;
    }
    if (text_to_number(word, &fault->probability) && fault->probability > 0 && fault->probability <= 1)
        return true;
    return text_refuse(why,
                       "\"%.80s\" is neither \"once\" nor a probability above 0 up to 1, \"for TIME\" or \"every TIME "
                       "for TIME\"",
                       word);
}

static bool check_times(const struct fault *fault, struct text *why)
{
    if (fault->every_us == 0 || (fault->for_us > 0 && fault->for_us < fault->every_us))
        return true;
    return text_refuse(why, "\"every TIME\" needs a shorter \"for TIME\" after it, as in \"every 30s for 2s\"");
}

bool fault_read(char *const *words, size_t count, struct fault *ret_fault, struct text *why)
{
    struct fault fault = {.probability = 1};
    struct order order = {.words = words, .count = count, .next = 1};
    if (count == 0 || !find_kind(words[0], &fault.kind)) {
        text_add(why, "a fault is one of: ");
        fault_words(why);
        return false;
    }
    if (!read_argument(&order, &fault, why))
        return false;
    bool can_end = fault.kind != FAULT_NONE && fault.kind != FAULT_BACK;
    while (can_end && order.next < count) {
        if (!read_ending(&order, &fault, why))
            return false;
    }
    if (order.next < count)
        return text_refuse(why, "\"%.80s\" is one word too many", words[order.next]);
    if (!check_times(&fault, why))
        return false;
    *ret_fault = fault;
    return true;
}

void fault_print(const struct fault *fault, struct text *out)
{
    const struct fault_row *row = &rows[fault->kind];
    text_add(out, "%s", row->word);
    if (row->takes == TAKES_MS || row->takes == TAKES_CODE)
        text_add(out, " %lld", fault->number);
    if (row->takes == TAKES_POINT)
        text_add(out, " %s", fault->point);
    if (fault->once)
        text_add(out, " once");
    if (fault->probability < 1 && fault->kind != FAULT_NONE)
        text_add(out, " %.10g", fault->probability);
    if (fault->every_us > 0) {
        text_add(out, " every ");
        text_add_duration(out, fault->every_us);
    }
    if (fault->for_us > 0) {
        text_add(out, " for ");
        text_add_duration(out, fault->for_us);
    }
}

/* --- when --- */

bool fault_is_over(const struct fault *fault, int64_t now_us)
{
    return fault->every_us == 0 && fault->for_us > 0 && now_us - fault->begun_us >= fault->for_us;
}

bool fault_is_on(const struct fault *fault, int64_t now_us)
{
    if (fault->kind == FAULT_NONE || fault_is_over(fault, now_us))
        return false;
    return fault->every_us == 0 || (now_us - fault->begun_us) % fault->every_us < fault->for_us;
}

int64_t fault_change_us(const struct fault *fault, int64_t now_us)
{
    if (fault->kind == FAULT_NONE || fault->for_us == 0 || fault_is_over(fault, now_us))
        return CHANNEL_NEVER;
    if (fault->every_us == 0)
        return fault->begun_us + fault->for_us;
    int64_t turn_us = now_us - (now_us - fault->begun_us) % fault->every_us;
    return fault_is_on(fault, now_us) ? turn_us + fault->for_us : turn_us + fault->every_us;
}

bool fault_strikes(const struct fault *fault, int64_t now_us, struct random *random)
{
    return fault_is_on(fault, now_us) && random_chance(random, fault->probability);
}

/* --- what --- */

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

/* A second slave of that address: another answer of the same size, somewhere over ours or right behind it. On TCP both come
 * whole: converters do not let them meet. */
static void double_answer(enum wire wire, struct random *random, struct answer *answer)
{
    struct answer second = *answer;
    size_t data_at = wire == WIRE_RTU ? 3 : 9;
    size_t data_end = wire == WIRE_RTU ? second.size - 2 : second.size;
    if (data_at < data_end)
        put_noise(second.bytes + data_at, data_end - data_at, random);
    change_byte(wire, 0, second.bytes[0], &second);
    size_t at = wire == WIRE_RTU ? random_below(random, (unsigned)answer->size + 1) : answer->size;
    answer_overlay(answer, at, second.bytes, second.size);
}

void fault_babble(struct random *random, struct answer *ret_answer)
{
    ret_answer->size = 1 + random_below(random, FAULT_BABBLE_BYTES);
    put_noise(ret_answer->bytes, ret_answer->size, random);
    ret_answer->stays = true;
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
    case FAULT_DUPLICATE:
        double_answer(wire, random, answer);
        break;
    case FAULT_NONE:
    case FAULT_SILENCE:
    case FAULT_LATE_BY_ONE:
    case FAULT_ECHO:
    case FAULT_EXCEPTION:
    case FAULT_BUSY:
    case FAULT_FROZEN:
    case FAULT_SENTINEL:
    case FAULT_BABBLE:
    case FAULT_GONE:
    case FAULT_BACK:
    case FAULT_COUNT:
        break;
    }
}
