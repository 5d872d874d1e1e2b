#include "tests/support/test.h"

#include <stdbool.h>
#include <string.h>

#include "drivers/link/frame.h"

/* Bytes as people write them. */
struct bytes {
    uint8_t at[2 * FRAME_FEED_MAX];
    size_t size;
};

static struct bytes hex(const char *text)
{
    struct bytes bytes = {.size = 0};
    unsigned half = 0;
    unsigned value = 0;
    for (; *text != 0; text++) {
        if (*text == ' ')
            continue;
        unsigned digit = (unsigned)(*text >= 'A' ? *text - 'A' + 10 : *text - '0');
        assert_true(digit < 16);
        value = value << 4 | digit;
        if (++half % 2 == 0) {
            bytes.at[bytes.size++] = (uint8_t)value;
            value = 0;
        }
    }
    return bytes;
}

static struct bytes with_crc(const char *text)
{
    struct bytes bytes = hex(text);
    uint16_t crc = frame_crc(bytes.at, bytes.size);
    bytes.at[bytes.size++] = (uint8_t)(crc & 0xFF);
    bytes.at[bytes.size++] = (uint8_t)(crc >> 8);
    return bytes;
}

static void join(struct bytes *bytes, struct bytes more)
{
    memcpy(bytes->at + bytes->size, more.at, more.size);
    bytes->size += more.size;
}

static struct link_request ask(unsigned unit, enum link_function function, unsigned address, unsigned count)
{
    return (struct link_request){
        .unit = (uint8_t)unit, .function = (uint8_t)function, .address = (uint16_t)address, .count = (uint16_t)count};
}

static struct link_request ask_write(unsigned unit, enum link_function function, unsigned address, unsigned value)
{
    struct link_request request = ask(unit, function, address, 1);
    request.value = (uint16_t)value;
    return request;
}

struct heard {
    enum frame_state state;
    struct link_reply reply;
    struct framer framer;
};

static void expect_on(struct heard *heard, enum frame_kind kind, struct link_request request, enum frame_echo echo)
{
    memset(heard, 0, sizeof *heard);
    framer_init(&heard->framer, kind);
    framer_expect(&heard->framer, &request, 7, echo);
}

static enum frame_state feed(struct heard *heard, struct bytes bytes)
{
    heard->state = framer_feed(&heard->framer, bytes.at, bytes.size, &heard->reply);
    return heard->state;
}

/* In one piece, then byte by byte: the same outcome, and never before the last byte that it needs. */
static struct heard hear_on(enum frame_kind kind, struct link_request request, enum frame_echo echo, struct bytes bytes)
{
    struct heard whole;
    struct heard single;
    expect_on(&whole, kind, request, echo);
    expect_on(&single, kind, request, echo);
    (void)feed(&whole, bytes);
    enum frame_state state = FRAME_MORE;
    for (size_t i = 0; i < bytes.size && state == FRAME_MORE; i++)
        state = framer_feed(&single.framer, bytes.at + i, 1, &single.reply);
    assert_int_equal(state, whole.state);
    assert_memory_equal(&single.reply, &whole.reply, sizeof single.reply);
    return whole;
}

static struct heard hear(struct link_request request, struct bytes bytes)
{
    return hear_on(FRAME_RTU, request, ECHO_UNKNOWN, bytes);
}

static void assert_built(struct link_request request, enum frame_kind kind, const char *text)
{
    struct bytes wanted = hex(text);
    uint8_t built[FRAME_REQUEST_MAX];
    assert_true(frame_request_is_valid(&request, kind));
    assert_int_equal(frame_build(&request, kind, 0x1234, built), wanted.size);
    assert_memory_equal(built, wanted.at, wanted.size);
}

static void test_requests(void **state)
{
    (void)state;
    assert_built(ask(1, LINK_READ_HOLDING, 0, 10), FRAME_RTU, "01 03 00 00 00 0A C5 CD"); /* from devices' manuals */
    assert_built(ask(2, LINK_READ_HOLDING, 0, 10), FRAME_RTU, "02 03 00 00 00 0A C5 FE");
    assert_built(ask(3, LINK_READ_HOLDING, 0, 10), FRAME_RTU, "03 03 00 00 00 0A C4 2F");
    assert_built(ask(4, LINK_READ_HOLDING, 0, 10), FRAME_RTU, "04 03 00 00 00 0A C5 98");
    assert_built(ask(5, LINK_READ_HOLDING, 0, 10), FRAME_RTU, "05 03 00 00 00 0A C4 49");
    assert_built(ask(6, LINK_READ_HOLDING, 0, 10), FRAME_RTU, "06 03 00 00 00 0A C4 7A");
    assert_built(ask(2, LINK_READ_HOLDING, 0x40, 0x17), FRAME_RTU, "02 03 00 40 00 17 04 23");
    /* Modbus Application Protocol V1.1b3, the examples of sections 6.1 to 6.6, as MBAP */
    assert_built(ask(1, LINK_READ_COILS, 0x13, 0x13), FRAME_MBAP, "12 34 00 00 00 06 01 01 00 13 00 13");
    assert_built(ask(1, LINK_READ_DISCRETES, 0xC4, 0x16), FRAME_MBAP, "12 34 00 00 00 06 01 02 00 C4 00 16");
    assert_built(ask(1, LINK_READ_HOLDING, 0x6B, 3), FRAME_MBAP, "12 34 00 00 00 06 01 03 00 6B 00 03");
    assert_built(ask(1, LINK_READ_INPUT, 8, 1), FRAME_MBAP, "12 34 00 00 00 06 01 04 00 08 00 01");
    assert_built(ask_write(1, LINK_WRITE_COIL, 0xAC, 1), FRAME_MBAP, "12 34 00 00 00 06 01 05 00 AC FF 00");
    assert_built(ask_write(1, LINK_WRITE_COIL, 0xAC, 0), FRAME_MBAP, "12 34 00 00 00 06 01 05 00 AC 00 00");
    assert_built(ask_write(1, LINK_WRITE_REGISTER, 1, 3), FRAME_MBAP, "12 34 00 00 00 06 01 06 00 01 00 03");
}

static void assert_refused(struct link_request request)
{
    assert_false(frame_request_is_valid(&request, FRAME_RTU));
}

static void test_requests_that_modbus_does_not_know(void **state)
{
    (void)state;
    assert_refused(ask(1, LINK_READ_HOLDING, 0, 0));
    assert_refused(ask(1, LINK_READ_HOLDING, 0, 126));
    assert_refused(ask(1, LINK_READ_COILS, 0, 2001));
    assert_refused(ask(1, LINK_READ_INPUT, 65535, 2));
    assert_refused(ask(1, (enum link_function)7, 0, 1));
    assert_refused(ask(1, (enum link_function)0, 0, 1));
    assert_refused(ask(0, LINK_READ_INPUT, 0, 1)); /* nobody answers a broadcast */
    assert_refused(ask(248, LINK_READ_INPUT, 0, 1));
    assert_refused(ask_write(1, LINK_WRITE_COIL, 0, 2));
    assert_refused(ask(1, LINK_WRITE_REGISTER, 0, 2));
    struct link_request on_tcp = ask(255, LINK_READ_HOLDING, 65535, 1);
    assert_true(frame_request_is_valid(&on_tcp, FRAME_MBAP));
}

static void test_replies_of_real_devices(void **state)
{
    (void)state;
    struct heard scale = hear(ask(1, LINK_READ_HOLDING, 0, 2), hex("01 03 04 00 00 00 84 FA 50"));
    assert_int_equal(scale.state, FRAME_REPLY);
    assert_int_equal(scale.reply.words[0], 0);
    assert_int_equal(scale.reply.words[1], 132);
    scale = hear(ask(1, LINK_READ_HOLDING, 2, 2), hex("01 03 04 FF FF C1 EF EA 0B"));
    assert_int_equal(scale.state, FRAME_REPLY);
    assert_int_equal((int32_t)((uint32_t)scale.reply.words[0] << 16 | scale.reply.words[1]), -15889);
    assert_int_equal(scale.framer.junk + scale.framer.foreign, 0);
    /* the sample answer in the manual of a gas detector has a byte too many and a wrong CRC */
    struct heard bad = hear(ask(1, LINK_READ_HOLDING, 0, 10),
                            hex("01 03 14 00 01 00 02 00 03 00 04 00 05 00 06 00 07 00 08 00 09 00 0A 00 B6 87"));
    assert_int_equal(bad.state, FRAME_MORE);
}

static void test_specification_examples(void **state)
{
    (void)state;
    struct heard coils = hear(ask(1, LINK_READ_COILS, 0x13, 19), with_crc("01 01 03 CD 6B 05"));
    assert_int_equal(coils.state, FRAME_REPLY);
    assert_memory_equal(coils.reply.bits, "\xCD\x6B\x05", 3);
    struct heard discretes = hear(ask(1, LINK_READ_DISCRETES, 0xC4, 22), with_crc("01 02 03 AC DB 35"));
    assert_memory_equal(discretes.reply.bits, "\xAC\xDB\x35", 3);
    struct heard holding = hear(ask(1, LINK_READ_HOLDING, 0x6B, 3), with_crc("01 03 06 02 2B 00 00 00 64"));
    assert_int_equal(holding.reply.words[0], 555);
    assert_int_equal(holding.reply.words[2], 100);
    struct heard input = hear(ask(1, LINK_READ_INPUT, 8, 1), with_crc("01 04 02 00 0A"));
    assert_int_equal(input.reply.words[0], 10);
    struct heard coil = hear(ask_write(1, LINK_WRITE_COIL, 0xAC, 1), with_crc("01 05 00 AC FF 00"));
    assert_int_equal(coil.state, FRAME_REPLY);
    struct heard word = hear(ask_write(1, LINK_WRITE_REGISTER, 1, 3), with_crc("01 06 00 01 00 03"));
    assert_int_equal(word.state, FRAME_REPLY);
    struct heard refused = hear(ask(10, LINK_READ_COILS, 0x4A1, 1), with_crc("0A 81 02"));
    assert_int_equal(refused.state, FRAME_EXCEPTION);
    assert_int_equal(refused.reply.exception, 2);
    assert_int_equal(hear(ask(1, LINK_READ_COILS, 0, 1), with_crc("01 81 63")).reply.exception, 0x63);
}

static void test_bits_beyond_the_count_are_cleared(void **state)
{
    (void)state;
    struct heard heard = hear(ask(1, LINK_READ_COILS, 0, 3), with_crc("01 01 01 FD"));
    assert_int_equal(heard.state, FRAME_REPLY);
    assert_int_equal(heard.reply.bits[0], 5);
}

static void test_junk_before_is_slid_over(void **state)
{
    (void)state;
    static const char *const junk[] = {"FF",
                                       "00",
                                       "FF FF",
                                       "00 00 FF",
                                       "01",
                                       "01 03",
                                       "01 03 04",
                                       "01 83",
                                       "01 03 04 00 01",
                                       "FF 03 FA",
                                       "00 03 F0 01 03",
                                       "2A 01 03 04 01 03 04 01 03 04"};
    for (size_t i = 0; i < sizeof junk / sizeof *junk; i++) {
        struct bytes bytes = hex(junk[i]);
        size_t junk_size = bytes.size;
        join(&bytes, with_crc("01 03 04 00 00 00 84"));
        struct heard heard = hear(ask(1, LINK_READ_HOLDING, 0, 2), bytes);
        assert_int_equal(heard.state, FRAME_REPLY);
        assert_int_equal(heard.reply.words[1], 132);
        assert_int_equal(heard.framer.junk, junk_size);
    }
}

static void test_junk_behind_does_not_matter(void **state)
{
    (void)state;
    struct bytes bytes = with_crc("01 03 04 00 00 00 84");
    join(&bytes, hex("00"));
    struct heard heard = hear(ask(1, LINK_READ_HOLDING, 0, 2), bytes);
    assert_int_equal(heard.state, FRAME_REPLY);
    assert_int_equal(heard.framer.junk, 1);
}

static void test_frames_of_others_are_foreign(void **state)
{
    (void)state;
    static const char *const others[] = {
        "02 03 04 11 11 22 22",       /* another unit */
        "01 04 04 11 11 22 22",       /* another function */
        "01 03 02 11 11",             /* another length: an answer to what was asked before */
        "01 03 06 11 11 22 22 33 33", /* and a longer one */
        "01 84 02",                   /* an exception to another function */
        "02 83 02",                   /* of another unit */
        "01 06 00 00 00 02",          /* to a write */
        "07 10 00 00 00 01",          /* to a write of another master */
        "07 10 00 00 00 02 04 01 03 04 01",
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct bytes bytes = with_crc(others[i]);
        assert_int_equal(hear(ask(1, LINK_READ_HOLDING, 0, 2), bytes).state, FRAME_MORE);
        join(&bytes, with_crc("01 03 04 00 00 00 84"));
        struct heard heard = hear(ask(1, LINK_READ_HOLDING, 0, 2), bytes);
        assert_int_equal(heard.state, FRAME_REPLY);
        assert_int_equal(heard.reply.words[1], 132);
        assert_int_equal(heard.framer.foreign, 1);
        assert_int_equal(heard.framer.foreign_units[0], bytes.at[0]);
        assert_int_equal(heard.framer.junk, 0);
        assert_int_equal(heard.framer.crc, 0);
    }
}

/* 16 bits of CRC are not proof enough: what is in the frame has to agree as well. */
static void test_a_byte_count_that_lies(void **state)
{
    (void)state;
    assert_int_equal(hear(ask(1, LINK_READ_HOLDING, 0, 2), with_crc("01 03 06 11 11 22 22")).state, FRAME_MORE);
    assert_int_equal(hear(ask(1, LINK_READ_HOLDING, 0, 2), with_crc("01 03 00 11 11 22 22")).state, FRAME_MORE);
}

static void test_a_write_is_answered_by_its_own_address_and_value(void **state)
{
    (void)state;
    struct link_request close_valve = ask_write(9, LINK_WRITE_COIL, 0, 1);
    static const char *const others[] = {"09 05 00 01 FF 00", "09 05 00 00 00 00", "09 06 00 00 FF 00",
                                         "08 05 00 00 FF 00"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct heard heard = hear(close_valve, with_crc(others[i]));
        assert_int_equal(heard.state, FRAME_MORE);
        framer_end(&heard.framer);
        assert_int_equal(heard.framer.foreign, 1);
        assert_int_equal(heard.framer.junk, 0);
    }
    assert_int_equal(hear(close_valve, with_crc("09 05 00 00 FF 00")).state, FRAME_REPLY);
    assert_int_equal(hear(close_valve, with_crc("09 85 04")).state, FRAME_EXCEPTION);
}

static void test_what_comes_in_part_is_junk_at_the_end(void **state)
{
    (void)state;
    struct heard heard = hear(ask(1, LINK_READ_HOLDING, 0, 2), hex("01 03 04 00 00"));
    assert_int_equal(heard.state, FRAME_MORE);
    assert_int_equal(framer_missing(&heard.framer), 4);
    framer_end(&heard.framer);
    assert_int_equal(heard.framer.junk, 5);
    assert_int_equal(framer_missing(&heard.framer), 0);
}

static void test_every_single_bit_error_is_refused(void **state)
{
    (void)state;
    struct bytes good = with_crc("01 03 04 00 00 00 84");
    for (size_t bit = 0; bit < good.size * 8; bit++) {
        struct bytes bad = good;
        bad.at[bit / 8] ^= (uint8_t)(1U << bit % 8);
        struct heard heard = hear(ask(1, LINK_READ_HOLDING, 0, 2), bad);
        assert_int_equal(heard.state, FRAME_MORE);
        framer_end(&heard.framer);
        if (bit >= 24) /* else it may not look like the answer at all */
            assert_int_equal(heard.framer.crc, 1);
    }
}

/* Counted once, whatever the pieces in which it comes, and the good answer behind it is found all the same. */
static void test_wrong_crcs_are_counted(void **state)
{
    (void)state;
    static const struct {
        uint8_t function;
        const char *bad;
        const char *good;
    } answers[] = {
        {LINK_READ_HOLDING, "01 03 04 00 00 00 84 12 34", "01 03 04 00 00 00 84"},
        {LINK_READ_HOLDING, "01 83 02 12 34", "01 83 02"},
        {LINK_WRITE_REGISTER, "01 06 00 00 00 02 12 34", "01 06 00 00 00 02"},
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct link_request const request = answers[i].function == LINK_READ_HOLDING
                                                ? ask(1, LINK_READ_HOLDING, 0, 2)
                                                : ask_write(1, LINK_WRITE_REGISTER, 0, 2);
        struct bytes const bad = hex(answers[i].bad);
        struct heard heard = hear(request, (struct bytes){.size = 0});
        for (size_t k = 0; k < bad.size; k++) {
            struct bytes one = {.size = 1, .at = {bad.at[k]}};
            assert_int_equal(feed(&heard, one), FRAME_MORE);
        }
        assert_int_not_equal(feed(&heard, with_crc(answers[i].good)), FRAME_MORE);
        assert_int_equal(heard.framer.crc, 1);
        assert_int_equal(heard.framer.junk, bad.size);
        assert_int_equal(heard.framer.foreign, 0);
    }
}

static void test_echo_of_a_read_is_stripped_once(void **state)
{
    (void)state;
    struct bytes echo = hex("01 03 00 00 00 0A C5 CD");
    struct bytes both = echo;
    join(&both, with_crc("01 03 14 00 01 00 02 00 03 00 04 00 05 00 06 00 07 00 08 00 09 00 0A"));
    struct link_request request = ask(1, LINK_READ_HOLDING, 0, 10);
    struct heard silent = hear(request, echo);
    assert_int_equal(silent.state, FRAME_MORE);
    framer_end(&silent.framer);
    assert_int_equal(silent.framer.junk + silent.framer.foreign, 0);
    assert_int_equal(framer_learned_echo(&silent.framer, false), ECHO_YES);
    struct heard heard = hear(request, both);
    assert_int_equal(heard.state, FRAME_REPLY);
    assert_int_equal(heard.reply.words[9], 10);
    assert_int_equal(heard.framer.junk + heard.framer.foreign, 0);
    assert_int_equal(framer_learned_echo(&heard.framer, true), ECHO_YES);
    struct bytes glitch = hex("FF");
    join(&glitch, both);
    assert_int_equal(hear(request, glitch).state, FRAME_REPLY);
    join(&echo, both);
    heard = hear(request, echo);
    assert_int_equal(heard.state, FRAME_REPLY);
    assert_int_equal(heard.framer.foreign, 1);
}

static void test_echo_of_a_write(void **state)
{
    (void)state;
    struct link_request request = ask_write(9, LINK_WRITE_COIL, 0, 1);
    struct bytes one = with_crc("09 05 00 00 FF 00");
    struct bytes two = one;
    join(&two, one);
    assert_int_equal(hear_on(FRAME_RTU, request, ECHO_YES, one).state, FRAME_MORE);
    assert_int_equal(hear_on(FRAME_RTU, request, ECHO_YES, two).state, FRAME_REPLY);
    assert_int_equal(hear_on(FRAME_RTU, request, ECHO_NO, one).state, FRAME_REPLY);
    struct heard unknown = hear_on(FRAME_RTU, request, ECHO_UNKNOWN, one);
    assert_int_equal(unknown.state, FRAME_REPLY);
    assert_int_equal(framer_learned_echo(&unknown.framer, true), ECHO_UNKNOWN);
    struct bytes refused = one;
    join(&refused, with_crc("09 85 04"));
    assert_int_equal(hear_on(FRAME_RTU, request, ECHO_YES, refused).state, FRAME_EXCEPTION);
}

/* 20 discretes from 0x0305: the request is 01 02 03 05 00 14 + CRC, which is also an answer of three bytes of data. */
static void test_a_read_that_would_answer_itself(void **state)
{
    (void)state;
    struct link_request request = ask(1, LINK_READ_DISCRETES, 0x0305, 20);
    struct bytes one = with_crc("01 02 03 05 00 14");
    struct bytes answered = one;
    join(&answered, with_crc("01 02 03 11 22 33"));
    assert_int_equal(hear_on(FRAME_RTU, request, ECHO_UNKNOWN, one).state, FRAME_MORE); /* never echo as data */
    struct heard heard = hear_on(FRAME_RTU, request, ECHO_UNKNOWN, answered);
    assert_int_equal(heard.state, FRAME_REPLY);
    assert_int_equal(heard.reply.bits[0], 0x11);
    assert_int_equal(framer_learned_echo(&heard.framer, true), ECHO_UNKNOWN);
    assert_int_equal(hear_on(FRAME_RTU, request, ECHO_NO, one).state, FRAME_REPLY);
}

static void test_learning_that_there_is_no_echo(void **state)
{
    (void)state;
    struct heard heard = hear(ask(1, LINK_READ_HOLDING, 0, 2), with_crc("01 03 04 00 00 00 84"));
    assert_int_equal(framer_learned_echo(&heard.framer, true), ECHO_NO);
    struct heard silent = hear(ask(1, LINK_READ_HOLDING, 0, 2), hex(""));
    assert_int_equal(framer_learned_echo(&silent.framer, false), ECHO_UNKNOWN);
}

static void test_endless_babble_stays_bounded_and_ends_with_the_answer(void **state)
{
    (void)state;
    struct heard heard;
    expect_on(&heard, FRAME_RTU, ask(1, LINK_READ_HOLDING, 0, 125), ECHO_UNKNOWN);
    size_t fed = 0;
    uint32_t random = 2; /* with 1, a CRC is right by accident: 1 in 65536 is */
    for (int i = 0; i < 300; i++) {
        struct bytes noise = {.size = (size_t)(i % FRAME_FEED_MAX)};
        for (size_t k = 0; k < noise.size; k++) {
            random = random * 1664525 + 1013904223;
            noise.at[k] = k % 7 == 0 ? 1 : k % 7 == 1 ? 3 : k % 7 == 2 ? 250 : (uint8_t)(random >> 24);
        }
        fed += noise.size;
        assert_int_equal(feed(&heard, noise), FRAME_MORE);
        assert_true(heard.framer.used <= FRAME_FEED_MAX);
    }
    framer_end(&heard.framer);
    assert_true(heard.framer.junk > fed - 2048 && heard.framer.junk <= fed);
    struct bytes answer = {.at = {1, 3, 250}, .size = 253};
    uint16_t crc = frame_crc(answer.at, answer.size);
    answer.at[answer.size++] = (uint8_t)(crc & 0xFF);
    answer.at[answer.size++] = (uint8_t)(crc >> 8);
    assert_int_equal(feed(&heard, answer), FRAME_REPLY);
}

/* --- MBAP ----------------------------------------------------------------------------------------------------------- */

static struct heard hear_mbap(struct link_request request, const char *text)
{
    return hear_on(FRAME_MBAP, request, ECHO_UNKNOWN, hex(text));
}

static void test_mbap_replies(void **state)
{
    (void)state;
    struct heard heard = hear_mbap(ask(5, LINK_READ_HOLDING, 0, 2), "00 07 00 00 00 07 05 03 04 00 01 00 02");
    assert_int_equal(heard.state, FRAME_REPLY);
    assert_int_equal(heard.reply.words[1], 2);
    assert_int_equal(hear_mbap(ask(5, LINK_READ_COILS, 0, 3), "00 07 00 00 00 04 05 01 01 0F").reply.bits[0], 7);
    assert_int_equal(hear_mbap(ask_write(5, LINK_WRITE_COIL, 2, 1), "00 07 00 00 00 06 05 05 00 02 FF 00").state,
                     FRAME_REPLY);
    heard = hear_mbap(ask(5, LINK_READ_COILS, 0, 3), "00 07 00 00 00 03 05 81 0B");
    assert_int_equal(heard.state, FRAME_EXCEPTION);
    assert_int_equal(heard.reply.exception, 0x0B);
}

static void test_mbap_answers_to_something_else(void **state)
{
    (void)state;
    static const char *const others[] = {
        "00 06 00 00 00 07 05 03 04 00 01 00 02",       /* the transaction before: late */
        "00 07 00 00 00 07 06 03 04 00 01 00 02",       /* another unit */
        "00 07 00 00 00 07 05 04 04 00 01 00 02",       /* another function */
        "00 07 00 00 00 05 05 03 02 00 01",             /* less */
        "00 07 00 00 00 07 05 03 02 00 01 00 02",       /* a byte count that lies */
        "00 07 00 00 00 09 05 03 06 00 01 00 02 00 03", /* more */
        "00 07 00 00 00 04 05 83 02 00",                /* an exception that is too long */
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct heard heard = hear_mbap(ask(5, LINK_READ_HOLDING, 0, 2), others[i]);
        assert_int_equal(heard.state, FRAME_MORE);
        assert_int_equal(heard.framer.foreign, 1);
        assert_int_equal(heard.framer.foreign_units[0], hex(others[i]).at[6]);
        assert_int_equal(feed(&heard, hex("00 07 00 00 00 07 05 03 04 00 08 00 09")), FRAME_REPLY);
        assert_int_equal(heard.reply.words[0], 8);
    }
    struct heard other_value = hear_mbap(ask_write(5, LINK_WRITE_COIL, 2, 1), "00 07 00 00 00 06 05 05 00 02 00 00");
    assert_int_equal(other_value.state, FRAME_MORE);
}

static void test_mbap_nonsense_breaks_the_connection(void **state)
{
    (void)state;
    static const char *const nonsense[] = {
        "00 07 00 01 00 07",    /* protocol */
        "00 07 00 00 00 02",    /* too short to be anything */
        "00 07 00 00 00 FF",    /* one longer than the longest */
        "48 54 54 50 2F 31 2E", /* HTTP/1. */
    };
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++)
        assert_int_equal(hear_mbap(ask(5, LINK_READ_HOLDING, 0, 2), nonsense[i]).state, FRAME_BROKEN);
}

static void test_mbap_keeps_in_step_over_requests(void **state)
{
    (void)state;
    struct heard heard;
    struct link_request request = ask(5, LINK_READ_HOLDING, 0, 2);
    expect_on(&heard, FRAME_MBAP, request, ECHO_UNKNOWN);
    assert_int_equal(feed(&heard, hex("00 07 00 00 00 07 05")), FRAME_MORE); /* then the deadline passes */
    framer_end(&heard.framer);
    framer_expect(&heard.framer, &request, 8, ECHO_UNKNOWN);
    assert_int_equal(feed(&heard, hex("03 04 00 01 00 02 00 08 00 00 00 07 05 03 04 00 03 00 04 00 07 00")),
                     FRAME_REPLY);
    assert_int_equal(heard.reply.words[0], 3);
    assert_int_equal(heard.framer.foreign, 1);
    assert_int_equal(feed(&heard, hex("00 00 03 05 83 02")), FRAME_MORE); /* nothing is asked now */
    assert_int_equal(feed(&heard, hex("00 08 00 00 00 07 05 03 04 00 05 00 06")), FRAME_MORE); /* the answer again */
    assert_int_equal(heard.framer.foreign, 3);
    assert_int_equal(heard.reply.words[0], 3);
    assert_int_equal(heard.framer.used, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_requests_that_modbus_does_not_know),
        cmocka_unit_test(test_replies_of_real_devices),
        cmocka_unit_test(test_specification_examples),
        cmocka_unit_test(test_bits_beyond_the_count_are_cleared),
        cmocka_unit_test(test_junk_before_is_slid_over),
        cmocka_unit_test(test_junk_behind_does_not_matter),
        cmocka_unit_test(test_frames_of_others_are_foreign),
        cmocka_unit_test(test_a_byte_count_that_lies),
        cmocka_unit_test(test_a_write_is_answered_by_its_own_address_and_value),
        cmocka_unit_test(test_what_comes_in_part_is_junk_at_the_end),
        cmocka_unit_test(test_every_single_bit_error_is_refused),
        cmocka_unit_test(test_wrong_crcs_are_counted),
        cmocka_unit_test(test_echo_of_a_read_is_stripped_once),
        cmocka_unit_test(test_echo_of_a_write),
        cmocka_unit_test(test_a_read_that_would_answer_itself),
        cmocka_unit_test(test_learning_that_there_is_no_echo),
        cmocka_unit_test(test_endless_babble_stays_bounded_and_ends_with_the_answer),
        cmocka_unit_test(test_mbap_replies),
        cmocka_unit_test(test_mbap_answers_to_something_else),
        cmocka_unit_test(test_mbap_nonsense_breaks_the_connection),
        cmocka_unit_test(test_mbap_keeps_in_step_over_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
