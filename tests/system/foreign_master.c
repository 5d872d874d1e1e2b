/* foreign_master: a Modbus master that is not ours, libmodbus, for test_sim_witness.
 *
 *   foreign_master tcp HOST PORT UNIT
 *   foreign_master rtu TTY BAUD UNIT          8N1
 *
 * Each line on stdin is a request, each line on stdout its answer, or "error: " and what libmodbus says. Numbers in are
 * decimal or 0x…; out they are decimal, the words of `raw` and `id` hexadecimal.
 *
 *   bits TABLE ADDRESS COUNT         TABLE coil or discrete
 *   words TABLE ADDRESS COUNT        TABLE holding or input; so for all below
 *   s32 TABLE ADDRESS                by libmodbus' macros, which know big-endian only
 *   s64 TABLE ADDRESS
 *   f32 TABLE ADDRESS ORDER          by its functions: ABCD CDAB BADC DCBA
 *   put-bit ADDRESS VALUE            function 5
 *   put-word ADDRESS VALUE           function 6
 *   put-bits ADDRESS VALUE …         function 15
 *   put-words ADDRESS VALUE …        function 16
 *   mask ADDRESS AND OR              function 22
 *   swap FROM COUNT ADDRESS VALUE …  function 23: writes from ADDRESS on, reads COUNT words
 *   id                               function 17
 *   raw BYTE …                       unit and PDU as they stand */
#include <errno.h>
#include <modbus/modbus.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_SIZE 16384
#define WORDS_MAX     2100

struct call {
    modbus_t *bus;
    char *words[WORDS_MAX];
    int count;
};

static int number(const struct call *call, int at)
{
    return at < call->count ? (int)strtol(call->words[at], NULL, 0) : 0;
}

static bool is(const char *word, const char *other)
{
    return strcmp(word, other) == 0;
}

static int print_words(const uint16_t *words, int count)
{
    for (int i = 0; i < count; i++)
        (void)printf("%s%u", i == 0 ? "" : " ", words[i]);
    return count;
}

static int print_bytes(const uint8_t *bytes, int count, const char *format)
{
    for (int i = 0; i < count; i++) {
        (void)printf("%s", i == 0 ? "" : " ");
        (void)printf(format, bytes[i]);
    }
    return count;
}

/* Words of a request from `from` on. */
static int take_words(const struct call *call, int from, uint16_t *ret_words)
{
    for (int i = from; i < call->count; i++)
        ret_words[i - from] = (uint16_t)number(call, i);
    return call->count - from;
}

static int take_bytes(const struct call *call, int from, uint8_t *ret_bytes)
{
    for (int i = from; i < call->count; i++)
        ret_bytes[i - from] = (uint8_t)number(call, i);
    return call->count - from;
}

static int read_words(const struct call *call, int count, uint16_t *ret_words)
{
    if (is(call->words[1], "input"))
        return modbus_read_input_registers(call->bus, number(call, 2), count, ret_words);
    return modbus_read_registers(call->bus, number(call, 2), count, ret_words);
}

static int run_bits(const struct call *call)
{
    uint8_t bits[MODBUS_MAX_READ_BITS];
    int count = is(call->words[1], "discrete")
                    ? modbus_read_input_bits(call->bus, number(call, 2), number(call, 3), bits)
                    : modbus_read_bits(call->bus, number(call, 2), number(call, 3), bits);
    return print_bytes(bits, count, "%u");
}

static float float_of(const char *order, const uint16_t *words)
{
    if (is(order, "CDAB"))
        return modbus_get_float_cdab(words);
    if (is(order, "BADC"))
        return modbus_get_float_badc(words);
    return is(order, "DCBA") ? modbus_get_float_dcba(words) : modbus_get_float_abcd(words);
}

static int run_number(const struct call *call)
{
    uint16_t words[4];
    int count = read_words(call, is(call->words[0], "s64") ? 4 : 2, words);
    if (count < 0)
        return count;
    if (is(call->words[0], "s64"))
        (void)printf("%lld", (long long)MODBUS_GET_INT64_FROM_INT16(words, 0));
    else if (is(call->words[0], "s32"))
        (void)printf("%d", MODBUS_GET_INT32_FROM_INT16(words, 0));
    else
        (void)printf("%.9g", (double)float_of(call->words[3], words));
    return count;
}

static int run_swap(const struct call *call)
{
    uint16_t out[WORDS_MAX];
    uint16_t in[MODBUS_MAX_WR_READ_REGISTERS];
    int count = take_words(call, 4, out);
    return print_words(in, modbus_write_and_read_registers(call->bus, number(call, 3), count, out, number(call, 1),
                                                           number(call, 2), in));
}

/* libmodbus strips nothing: the answer comes with its header, and a serial one with its checksum. */
static int run_raw(const struct call *call)
{
    uint8_t bytes[WORDS_MAX];
    int count = take_bytes(call, 1, bytes);
    if (modbus_send_raw_request(call->bus, bytes, count) < 0)
        return -1;
    return print_bytes(bytes, modbus_receive_confirmation(call->bus, bytes), "%02X");
}

static int run(const struct call *call)
{
    const char *verb = call->words[0];
    uint16_t words[WORDS_MAX];
    uint8_t bytes[WORDS_MAX];
    if (is(verb, "bits"))
        return run_bits(call);
    if (is(verb, "words"))
        return print_words(words, read_words(call, number(call, 3), words));
    if (is(verb, "put-bit"))
        return modbus_write_bit(call->bus, number(call, 1), number(call, 2));
    if (is(verb, "put-word"))
        return modbus_write_register(call->bus, number(call, 1), (uint16_t)number(call, 2));
    if (is(verb, "put-bits"))
        return modbus_write_bits(call->bus, number(call, 1), take_bytes(call, 2, bytes), bytes);
    if (is(verb, "put-words"))
        return modbus_write_registers(call->bus, number(call, 1), take_words(call, 2, words), words);
    if (is(verb, "mask"))
        return modbus_mask_write_register(call->bus, number(call, 1), (uint16_t)number(call, 2),
                                          (uint16_t)number(call, 3));
    if (is(verb, "swap"))
        return run_swap(call);
    if (is(verb, "id"))
        return print_bytes(bytes, modbus_report_slave_id(call->bus, sizeof bytes, bytes), "%02X");
    return is(verb, "raw") ? run_raw(call) : run_number(call);
}

static void obey(modbus_t *bus, char *line)
{
    struct call call = {.bus = bus};
    char *rest = NULL;
    for (char *word = strtok_r(line, " \n", &rest); word != NULL && call.count < WORDS_MAX;
         word = strtok_r(NULL, " \n", &rest))
        call.words[call.count++] = word;
    if (run(&call) < 0)
        (void)printf("error: %s", modbus_strerror(errno));
    (void)printf("\n");
    (void)fflush(stdout);
}

int main(int count, char **words)
{
    static char line[LINE_MAX_SIZE];
    if (count != 5)
        return 2;
    modbus_t *bus = is(words[1], "rtu") ? modbus_new_rtu(words[2], atoi(words[3]), 'N', 8, 1)
                                        : modbus_new_tcp(words[2], atoi(words[3]));
    if (bus == NULL || modbus_set_slave(bus, atoi(words[4])) != 0 || modbus_set_response_timeout(bus, 10, 0) != 0 ||
        modbus_connect(bus) != 0) {
        (void)fprintf(stderr, "foreign_master: %s\n", modbus_strerror(errno));
        return 1;
    }
    while (fgets(line, sizeof line, stdin) != NULL)
        obey(bus, line);
    modbus_close(bus);
    modbus_free(bus);
    return 0;
}
