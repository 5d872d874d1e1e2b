#include "firmware-sim/pdu.h"

#include <string.h>

static uint16_t get16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static void put16(uint8_t *bytes, uint16_t word)
{
    bytes[0] = (uint8_t)(word >> 8);
    bytes[1] = (uint8_t)(word & 0xFF);
}

size_t pdu_exception_answer(uint8_t function, unsigned exception, uint8_t ret_answer[static PDU_MAX])
{
    ret_answer[0] = function | 0x80;
    ret_answer[1] = (uint8_t)(exception & 0xFF);
    return 2;
}

/* One request on its way to an answer. */
struct exchange {
    const struct pdu_server *server;
    const uint8_t *request;
    size_t size;
    uint8_t *answer;
    size_t answer_size;
    uint16_t words[PDU_READ_BITS_MAX];
};

/* An address and a count, one after the other. */
static enum pdu_exception check_range(const uint8_t *range, uint16_t count_max)
{
    uint16_t count = get16(range + 2);
    if (count < 1 || count > count_max)
        return PDU_ILLEGAL_VALUE;
    return get16(range) + (uint32_t)count > 65536 ? PDU_ILLEGAL_ADDRESS : PDU_OK;
}

/* They stand at 1 in all but function 23. */
static enum pdu_exception check_count(const struct exchange *exchange, uint16_t count_max)
{
    return check_range(exchange->request + 1, count_max);
}

static enum pdu_exception read_table(struct exchange *exchange, enum table table, uint16_t count_max)
{
    if (exchange->size != 5)
        return PDU_ILLEGAL_VALUE;
    enum pdu_exception exception = check_count(exchange, count_max);
    if (exception != PDU_OK)
        return exception;
    return exchange->server->read(exchange->server->self, table, get16(exchange->request + 1),
                                  get16(exchange->request + 3), exchange->words);
}

static enum pdu_exception read_bits(struct exchange *exchange, enum table table)
{
    enum pdu_exception exception = read_table(exchange, table, PDU_READ_BITS_MAX);
    if (exception != PDU_OK)
        return exception;
    size_t count = get16(exchange->request + 3);
    size_t bytes = (count + 7) / 8;
    exchange->answer[1] = (uint8_t)bytes;
    memset(exchange->answer + 2, 0, bytes);
    for (size_t i = 0; i < count; i++)
        exchange->answer[2 + i / 8] |= (uint8_t)((exchange->words[i] != 0 ? 1U : 0U) << (i % 8));
    exchange->answer_size = 2 + bytes;
    return PDU_OK;
}

static void answer_words(struct exchange *exchange, size_t count)
{
    exchange->answer[1] = (uint8_t)(2 * count);
    for (size_t i = 0; i < count; i++)
        put16(exchange->answer + 2 + 2 * i, exchange->words[i]);
    exchange->answer_size = 2 + 2 * count;
}

static enum pdu_exception read_words(struct exchange *exchange, enum table table)
{
    enum pdu_exception exception = read_table(exchange, table, PDU_READ_WORDS_MAX);
    if (exception == PDU_OK)
        answer_words(exchange, get16(exchange->request + 3));
    return exception;
}

/* The four writes answer with the first five bytes of their request. */
static enum pdu_exception finish_write(struct exchange *exchange, enum table table, uint16_t count)
{
    enum pdu_exception exception =
        exchange->server->write(exchange->server->self, table, get16(exchange->request + 1), count, exchange->words);
    memcpy(exchange->answer + 1, exchange->request + 1, 4);
    exchange->answer_size = 5;
    return exception;
}

static enum pdu_exception write_coil(struct exchange *exchange)
{
    if (exchange->size != 5)
        return PDU_ILLEGAL_VALUE;
    uint16_t value = get16(exchange->request + 3);
    if (value != 0x0000 && value != 0xFF00)
        return PDU_ILLEGAL_VALUE;
    exchange->words[0] = value != 0;
    return finish_write(exchange, TABLE_COIL, 1);
}

static enum pdu_exception write_word(struct exchange *exchange)
{
    if (exchange->size != 5)
        return PDU_ILLEGAL_VALUE;
    exchange->words[0] = get16(exchange->request + 3);
    return finish_write(exchange, TABLE_HOLDING, 1);
}

/* Function 15 or 16: count and byte count must agree with each other and with the length. */
static enum pdu_exception check_many(const struct exchange *exchange, uint16_t count_max, size_t bytes)
{
    if (exchange->size < 6 || exchange->request[5] != bytes || exchange->size != 6 + bytes)
        return PDU_ILLEGAL_VALUE;
    return check_count(exchange, count_max);
}

static enum pdu_exception write_coils(struct exchange *exchange)
{
    size_t count = exchange->size < 6 ? 0 : get16(exchange->request + 3);
    enum pdu_exception exception = check_many(exchange, PDU_WRITE_BITS_MAX, (count + 7) / 8);
    if (exception != PDU_OK)
        return exception;
    for (size_t i = 0; i < count; i++)
        exchange->words[i] = exchange->request[6 + i / 8] >> (i % 8) & 1;
    return finish_write(exchange, TABLE_COIL, (uint16_t)count);
}

static enum pdu_exception write_words(struct exchange *exchange)
{
    size_t count = exchange->size < 6 ? 0 : get16(exchange->request + 3);
    enum pdu_exception exception = check_many(exchange, PDU_WRITE_WORDS_MAX, 2 * count);
    if (exception != PDU_OK)
        return exception;
    for (size_t i = 0; i < count; i++)
        exchange->words[i] = get16(exchange->request + 6 + 2 * i);
    return finish_write(exchange, TABLE_HOLDING, (uint16_t)count);
}

/* 6.13: what it is, and that it runs (0xFF). */
static enum pdu_exception report_server_id(struct exchange *exchange)
{
    if (exchange->server->name == NULL)
        return PDU_ILLEGAL_FUNCTION;
    if (exchange->size != 1)
        return PDU_ILLEGAL_VALUE;
    size_t length = strnlen(exchange->server->name, PDU_MAX - 3);
    exchange->answer[1] = (uint8_t)(length + 1);
    memcpy(exchange->answer + 2, exchange->server->name, length);
    exchange->answer[2 + length] = 0xFF;
    exchange->answer_size = 3 + length;
    return PDU_OK;
}

/* 6.8: only sub-function 0 of the diagnostics, which sends all of the request back. */
static enum pdu_exception return_query(struct exchange *exchange)
{
    if (!exchange->server->serial)
        return PDU_ILLEGAL_FUNCTION;
    if (exchange->size < 5 || exchange->size % 2 == 0)
        return PDU_ILLEGAL_VALUE;
    if (get16(exchange->request + 1) != 0)
        return PDU_ILLEGAL_FUNCTION;
    memcpy(exchange->answer, exchange->request, exchange->size);
    exchange->answer_size = exchange->size;
    return PDU_OK;
}

/* 6.16: (register AND and_mask) OR (or_mask AND NOT and_mask) */
static enum pdu_exception mask_word(struct exchange *exchange)
{
    const struct pdu_server *server = exchange->server;
    if (exchange->size != 7)
        return PDU_ILLEGAL_VALUE;
    uint16_t address = get16(exchange->request + 1);
    uint16_t and_mask = get16(exchange->request + 3);
    uint16_t or_mask = get16(exchange->request + 5);
    enum pdu_exception exception = server->read(server->self, TABLE_HOLDING, address, 1, exchange->words);
    if (exception != PDU_OK)
        return exception;
    exchange->words[0] = (uint16_t)((exchange->words[0] & and_mask) | (or_mask & ~(unsigned)and_mask));
    memcpy(exchange->answer, exchange->request, 7);
    exchange->answer_size = 7;
    return server->write(server->self, TABLE_HOLDING, address, 1, exchange->words);
}

static enum pdu_exception check_swap(const struct exchange *exchange)
{
    size_t bytes = exchange->size < 10 ? 0 : (size_t)2 * get16(exchange->request + 7);
    if (exchange->size < 10 || exchange->request[9] != bytes || exchange->size != 10 + bytes)
        return PDU_ILLEGAL_VALUE;
    enum pdu_exception reads = check_range(exchange->request + 1, PDU_READ_WORDS_MAX);
    enum pdu_exception writes = check_range(exchange->request + 5, PDU_SWAP_WORDS_MAX);
    return reads == PDU_ILLEGAL_VALUE || writes == PDU_OK ? reads : writes;
}

/* 6.17: writes, then reads. Where one of them cannot be, nothing is done. */
static enum pdu_exception swap_words(struct exchange *exchange)
{
    const struct pdu_server *server = exchange->server;
    enum pdu_exception exception = check_swap(exchange);
    if (exception != PDU_OK)
        return exception;
    uint16_t from = get16(exchange->request + 1);
    uint16_t count = get16(exchange->request + 3);
    uint16_t write_count = get16(exchange->request + 7);
    exception = server->read(server->self, TABLE_HOLDING, from, count, exchange->words);
    if (exception != PDU_OK)
        return exception;
    for (size_t i = 0; i < write_count; i++)
        exchange->words[i] = get16(exchange->request + 10 + 2 * i);
    exception = server->write(server->self, TABLE_HOLDING, get16(exchange->request + 5), write_count, exchange->words);
    if (exception == PDU_OK)
        exception = server->read(server->self, TABLE_HOLDING, from, count, exchange->words);
    if (exception == PDU_OK)
        answer_words(exchange, count);
    return exception;
}

static enum pdu_exception dispatch(struct exchange *exchange)
{
    switch (exchange->request[0]) {
    case 1:
        return read_bits(exchange, TABLE_COIL);
    case 2:
        return read_bits(exchange, TABLE_DISCRETE);
    case 3:
        return read_words(exchange, TABLE_HOLDING);
    case 4:
        return read_words(exchange, TABLE_INPUT);
    case 5:
        return write_coil(exchange);
    case 6:
        return write_word(exchange);
    case 8:
        return return_query(exchange);
    case 15:
        return write_coils(exchange);
    case 16:
        return write_words(exchange);
    case 17:
        return report_server_id(exchange);
    case 22:
        return mask_word(exchange);
    case 23:
        return swap_words(exchange);
    default:
        return PDU_ILLEGAL_FUNCTION;
    }
}

size_t pdu_answer(const struct pdu_server *server, const uint8_t *request, size_t size,
                  uint8_t ret_answer[static PDU_MAX])
{
    struct exchange exchange = {.server = server, .request = request, .size = size, .answer = ret_answer};
    ret_answer[0] = request[0];
    enum pdu_exception exception = dispatch(&exchange);
    if (exception != PDU_OK)
        return pdu_exception_answer(request[0], exception, ret_answer);
    return exchange.answer_size;
}
