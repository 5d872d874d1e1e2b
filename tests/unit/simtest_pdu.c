/* The example exchanges of the Modbus Application Protocol Specification V1.1b3, section 6, to the byte, and the exceptions
 * its state diagrams ask for. */
#include "tests/support/test.h"

#include <stdbool.h>
#include <string.h>

#include "firmware-sim/pdu.h"

/* Four tables of 65536 words. */
struct tables {
    uint16_t words[TABLE_COUNT][65536];
    uint32_t end; /* addresses from here on do not exist */
    size_t writes;
};

static struct tables tables;

static enum pdu_exception read_words(void *self, enum table table, uint16_t address, uint16_t count,
                                     uint16_t *ret_words)
{
    struct tables *all = self;
    if ((uint32_t)address + count > all->end)
        return PDU_ILLEGAL_ADDRESS;
    memcpy(ret_words, all->words[table] + address, count * sizeof *ret_words);
    return PDU_OK;
}

static enum pdu_exception write_words(void *self, enum table table, uint16_t address, uint16_t count,
                                      const uint16_t *words)
{
    struct tables *all = self;
    if ((uint32_t)address + count > all->end)
        return PDU_ILLEGAL_ADDRESS;
    memcpy(all->words[table] + address, words, count * sizeof *words);
    all->writes++;
    return PDU_OK;
}

static struct pdu_server server;

static int reset(void **state)
{
    (void)state;
    memset(&tables, 0, sizeof tables);
    tables.end = 65536;
    server = (struct pdu_server){.self = &tables, .read = read_words, .write = write_words};
    return 0;
}

static void put_bits(enum table table, uint16_t address, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        tables.words[table][address + i] = bytes[i / 8] >> (i % 8) & 1;
}

#define EXPECT(request_, answer_)                                                                                      \
    do {                                                                                                               \
        uint8_t answer[PDU_MAX];                                                                                       \
        static const uint8_t request[] = request_;                                                                     \
        static const uint8_t wanted[] = answer_;                                                                       \
        assert_int_equal(pdu_answer(&server, request, sizeof request, answer), sizeof wanted);                         \
        assert_memory_equal(answer, wanted, sizeof wanted);                                                            \
    } while (0)
#define BYTES(...)                                                                                                     \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }

static void test_01_read_coils(void **state)
{
    (void)state;
    put_bits(TABLE_COIL, 0x13, (const uint8_t[]){0xCD, 0x6B, 0x05}, 19);
    tables.words[TABLE_COIL][0x13 + 19] = 1; /* beyond what is asked: must not appear */
    EXPECT(BYTES(0x01, 0x00, 0x13, 0x00, 0x13), BYTES(0x01, 0x03, 0xCD, 0x6B, 0x05));
}

static void test_02_read_discrete_inputs(void **state)
{
    (void)state;
    put_bits(TABLE_DISCRETE, 0xC4, (const uint8_t[]){0xAC, 0xDB, 0x35}, 22);
    EXPECT(BYTES(0x02, 0x00, 0xC4, 0x00, 0x16), BYTES(0x02, 0x03, 0xAC, 0xDB, 0x35));
}

static void test_03_read_holding_registers(void **state)
{
    (void)state;
    tables.words[TABLE_HOLDING][0x6B] = 0x022B;
    tables.words[TABLE_HOLDING][0x6D] = 0x0064;
    EXPECT(BYTES(0x03, 0x00, 0x6B, 0x00, 0x03), BYTES(0x03, 0x06, 0x02, 0x2B, 0x00, 0x00, 0x00, 0x64));
}

static void test_04_read_input_registers(void **state)
{
    (void)state;
    tables.words[TABLE_INPUT][8] = 0x000A;
    EXPECT(BYTES(0x04, 0x00, 0x08, 0x00, 0x01), BYTES(0x04, 0x02, 0x00, 0x0A));
}

static void test_05_write_single_coil(void **state)
{
    (void)state;
    EXPECT(BYTES(0x05, 0x00, 0xAC, 0xFF, 0x00), BYTES(0x05, 0x00, 0xAC, 0xFF, 0x00));
    assert_int_equal(tables.words[TABLE_COIL][0xAC], 1);
    EXPECT(BYTES(0x05, 0x00, 0xAC, 0x00, 0x00), BYTES(0x05, 0x00, 0xAC, 0x00, 0x00));
    assert_int_equal(tables.words[TABLE_COIL][0xAC], 0);
}

static void test_06_write_single_register(void **state)
{
    (void)state;
    EXPECT(BYTES(0x06, 0x00, 0x01, 0x00, 0x03), BYTES(0x06, 0x00, 0x01, 0x00, 0x03));
    assert_int_equal(tables.words[TABLE_HOLDING][1], 3);
}

static void test_15_write_multiple_coils(void **state)
{
    (void)state;
    static const uint16_t bits[10] = {1, 0, 1, 1, 0, 0, 1, 1, 1, 0};
    EXPECT(BYTES(0x0F, 0x00, 0x13, 0x00, 0x0A, 0x02, 0xCD, 0x01), BYTES(0x0F, 0x00, 0x13, 0x00, 0x0A));
    assert_memory_equal(tables.words[TABLE_COIL] + 0x13, bits, sizeof bits);
}

static void test_16_write_multiple_registers(void **state)
{
    (void)state;
    EXPECT(BYTES(0x10, 0x00, 0x01, 0x00, 0x02, 0x04, 0x00, 0x0A, 0x01, 0x02), BYTES(0x10, 0x00, 0x01, 0x00, 0x02));
    assert_int_equal(tables.words[TABLE_HOLDING][1], 0x000A);
    assert_int_equal(tables.words[TABLE_HOLDING][2], 0x0102);
}

/* Section 6.16: register 5 holds 0x12. */
static void test_22_mask_write_register(void **state)
{
    (void)state;
    tables.words[TABLE_HOLDING][4] = 0x0012;
    EXPECT(BYTES(0x16, 0x00, 0x04, 0x00, 0xF2, 0x00, 0x25), BYTES(0x16, 0x00, 0x04, 0x00, 0xF2, 0x00, 0x25));
    assert_int_equal(tables.words[TABLE_HOLDING][4], 0x0017);
}

/* Section 6.17: six registers are read from the fourth on, three are written from the fifteenth on. */
static void test_23_read_write_multiple_registers(void **state)
{
    (void)state;
    static const uint16_t there[6] = {0x00FE, 0x0ACD, 0x0001, 0x0003, 0x000D, 0x00FF};
    memcpy(tables.words[TABLE_HOLDING] + 3, there, sizeof there);
    EXPECT(BYTES(0x17, 0x00, 0x03, 0x00, 0x06, 0x00, 0x0E, 0x00, 0x03, 0x06, 0x00, 0xFF, 0x00, 0xFF, 0x00, 0xFF),
           BYTES(0x17, 0x0C, 0x00, 0xFE, 0x0A, 0xCD, 0x00, 0x01, 0x00, 0x03, 0x00, 0x0D, 0x00, 0xFF));
    for (size_t i = 0x0E; i < 0x11; i++)
        assert_int_equal(tables.words[TABLE_HOLDING][i], 0x00FF);
    assert_int_equal(tables.words[TABLE_HOLDING][0x11], 0);
}

/* What is read is what was just written. */
static void test_23_writes_first(void **state)
{
    (void)state;
    EXPECT(BYTES(0x17, 0, 7, 0, 2, 0, 8, 0, 1, 2, 0xBE, 0xEF), BYTES(0x17, 0x04, 0, 0, 0xBE, 0xEF));
}

/* Neither half is done when the other one cannot be. */
static void test_23_all_or_nothing(void **state)
{
    (void)state;
    tables.end = 100;
    EXPECT(BYTES(0x17, 0, 99, 0, 2, 0, 0, 0, 1, 2, 0, 7), BYTES(0x97, 0x02));
    EXPECT(BYTES(0x17, 0, 0, 0, 1, 0, 99, 0, 2, 4, 0, 7, 0, 7), BYTES(0x97, 0x02));
    EXPECT(BYTES(0x17, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 7), BYTES(0x97, 0x03));
    EXPECT(BYTES(0x17, 0, 0, 0, 126, 0, 0, 0, 1, 2, 0, 7), BYTES(0x97, 0x03));
    EXPECT(BYTES(0x17, 0, 0, 0, 1, 0, 0, 0, 0, 0), BYTES(0x97, 0x03));
    EXPECT(BYTES(0x17, 0, 0, 0, 1, 0, 0, 0, 1, 4, 0, 7), BYTES(0x97, 0x03));
    EXPECT(BYTES(0x17, 0, 0), BYTES(0x97, 0x03));
    assert_int_equal(tables.writes, 0);
}

static void test_23_longest_write(void **state)
{
    (void)state;
    static const uint8_t longest[10 + 2 * 121] = {0x17, 0, 0, 0, 1, 0, 0, 0, 121, 242};
    static const uint8_t longer[10 + 2 * 122] = {0x17, 0, 0, 0, 1, 0, 0, 0, 122, 244};
    uint8_t said[PDU_MAX];
    assert_int_equal(pdu_answer(&server, longest, sizeof longest, said), 4);
    assert_int_equal(pdu_answer(&server, longer, sizeof longer, said), 2);
    assert_int_equal(said[1], 3);
    EXPECT(BYTES(0x17, 0xFF, 0xFF, 0, 2, 0, 0, 0, 0, 0), BYTES(0x97, 0x03)); /* a wrong count before a wrong address */
}

static void test_22_exceptions(void **state)
{
    (void)state;
    EXPECT(BYTES(0x16, 0x00, 0x04, 0x00, 0xF2, 0x00), BYTES(0x96, 0x03));
    tables.end = 4;
    EXPECT(BYTES(0x16, 0x00, 0x04, 0x00, 0xF2, 0x00, 0x25), BYTES(0x96, 0x02));
    assert_int_equal(tables.writes, 0);
}

/* Section 6.8: what came goes back; on serial lines only. */
static void test_08_return_query_data(void **state)
{
    (void)state;
    EXPECT(BYTES(0x08, 0x00, 0x00, 0xA5, 0x37), BYTES(0x88, 0x01));
    server.serial = true;
    EXPECT(BYTES(0x08, 0x00, 0x00, 0xA5, 0x37), BYTES(0x08, 0x00, 0x00, 0xA5, 0x37));
    EXPECT(BYTES(0x08, 0x00, 0x01, 0x00, 0x00), BYTES(0x88, 0x01));
    EXPECT(BYTES(0x08, 0x00), BYTES(0x88, 0x03));
    EXPECT(BYTES(0x08, 0x00, 0x00, 1, 2, 3, 4), BYTES(0x08, 0x00, 0x00, 1, 2, 3, 4));
    EXPECT(BYTES(0x08, 0x00, 0x00, 1, 2, 3), BYTES(0x88, 0x03)); /* words, not bytes */
}

static void test_17_report_server_id(void **state)
{
    (void)state;
    EXPECT(BYTES(0x11), BYTES(0x91, 0x01));
    server.name = "xcd";
    EXPECT(BYTES(0x11), BYTES(0x11, 0x04, 'x', 'c', 'd', 0xFF));
    EXPECT(BYTES(0x11, 0x00), BYTES(0x91, 0x03));
}

static void test_longest_reads(void **state)
{
    (void)state;
    uint8_t answer[PDU_MAX];
    assert_int_equal(pdu_answer(&server, (const uint8_t[]){3, 0, 0, 0, 125}, 5, answer), 252);
    assert_int_equal(pdu_answer(&server, (const uint8_t[]){1, 0, 0, 0x07, 0xD0}, 5, answer), 252);
}

static void test_exception_1_function(void **state)
{
    (void)state;
    EXPECT(BYTES(0x2B, 0x0E, 0x01, 0x00), BYTES(0xAB, 0x01));
    EXPECT(BYTES(0x00), BYTES(0x80, 0x01));
}

static void test_exception_2_address(void **state)
{
    (void)state;
    tables.end = 0x4A1;
    EXPECT(BYTES(0x01, 0x04, 0xA1, 0x00, 0x01), BYTES(0x81, 0x02)); /* the specification's example, section 7 */
    EXPECT(BYTES(0x03, 0x04, 0xA0, 0x00, 0x02), BYTES(0x83, 0x02));
    EXPECT(BYTES(0x05, 0x04, 0xA1, 0xFF, 0x00), BYTES(0x85, 0x02));
    EXPECT(BYTES(0x16, 0x04, 0xA1, 0x00, 0x01, 0x00, 0x01), BYTES(0x96, 0x02));
    EXPECT(BYTES(0x06, 0x04, 0xA1, 0x00, 0x01), BYTES(0x86, 0x02));
    tables.end = 65536;
    EXPECT(BYTES(0x03, 0xFF, 0xFF, 0x00, 0x02), BYTES(0x83, 0x02));
    EXPECT(BYTES(0x03, 0xFF, 0xFF, 0x00, 0x01), BYTES(0x03, 0x02, 0x00, 0x00));
}

static void test_exception_3_value(void **state)
{
    (void)state;
    EXPECT(BYTES(0x03, 0, 0, 0, 0), BYTES(0x83, 0x03));
    EXPECT(BYTES(0x03, 0, 0, 0, 126), BYTES(0x83, 0x03));
    EXPECT(BYTES(0x01, 0, 0, 0x07, 0xD1), BYTES(0x81, 0x03));
    EXPECT(BYTES(0x05, 0, 0, 0x12, 0x34), BYTES(0x85, 0x03));
    EXPECT(BYTES(0x0F, 0, 0, 0, 10, 1, 0xFF), BYTES(0x8F, 0x03));
    EXPECT(BYTES(0x10, 0, 0, 0, 1, 2, 0xFF), BYTES(0x90, 0x03));
    EXPECT(BYTES(0x10, 0, 0, 0, 0, 0), BYTES(0x90, 0x03));
    EXPECT(BYTES(0x10, 0, 0, 0, 1, 4, 0, 7), BYTES(0x90, 0x03));
    EXPECT(BYTES(0x0F, 0, 0, 0, 3, 2, 7), BYTES(0x8F, 0x03));
    EXPECT(BYTES(0x10, 0, 0), BYTES(0x90, 0x03));
    EXPECT(BYTES(0x03, 0, 0), BYTES(0x83, 0x03));
    EXPECT(BYTES(0x03, 0, 0, 0, 1, 9), BYTES(0x83, 0x03));
    EXPECT(BYTES(0x16, 0, 0, 0, 1, 0), BYTES(0x96, 0x03));
    assert_int_equal(tables.writes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_01_read_coils, reset),
        cmocka_unit_test_setup(test_02_read_discrete_inputs, reset),
        cmocka_unit_test_setup(test_03_read_holding_registers, reset),
        cmocka_unit_test_setup(test_04_read_input_registers, reset),
        cmocka_unit_test_setup(test_05_write_single_coil, reset),
        cmocka_unit_test_setup(test_06_write_single_register, reset),
        cmocka_unit_test_setup(test_15_write_multiple_coils, reset),
        cmocka_unit_test_setup(test_16_write_multiple_registers, reset),
        cmocka_unit_test_setup(test_22_mask_write_register, reset),
        cmocka_unit_test_setup(test_23_read_write_multiple_registers, reset),
        cmocka_unit_test_setup(test_23_writes_first, reset),
        cmocka_unit_test_setup(test_23_all_or_nothing, reset),
        cmocka_unit_test_setup(test_23_longest_write, reset),
        cmocka_unit_test_setup(test_22_exceptions, reset),
        cmocka_unit_test_setup(test_08_return_query_data, reset),
        cmocka_unit_test_setup(test_17_report_server_id, reset),
        cmocka_unit_test_setup(test_longest_reads, reset),
        cmocka_unit_test_setup(test_exception_1_function, reset),
        cmocka_unit_test_setup(test_exception_2_address, reset),
        cmocka_unit_test_setup(test_exception_3_value, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
