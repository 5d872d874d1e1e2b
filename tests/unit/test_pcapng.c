#include "tests/support/test.h"

#include <stdbool.h>
#include <string.h>

#include "gateway/ports/pcapng.h"

#define FILE_MAX 8192

struct file {
    uint8_t bytes[FILE_MAX];
    size_t size;
};

static void put_head(struct file *file)
{
    uint8_t head[PCAPNG_HEAD_MAX];
    size_t const size = pcapng_put_head(head, "outpost 1.2", "rs485-1");
    memcpy(file->bytes + file->size, head, size);
    file->size += size;
}

static void put_packet(struct file *file, struct pcapng_packet packet)
{
    uint8_t bytes[PCAPNG_PACKET_MAX];
    size_t const size = pcapng_put_packet(bytes, &packet);
    memcpy(file->bytes + file->size, bytes, size);
    file->size += size;
}

#define BYTES(text) (const uint8_t *)(text), .size = sizeof(text) - 1

static const struct pcapng_packet written[] = {
    {.utc_us = 1795310584757123, .sent = true, .content = PCAPNG_RTU, .bytes = BYTES("\1\3\0\0\0\2\xC4\x0B")},
    {.utc_us = 1795310584769000,
     .content = PCAPNG_RTU,
     .comment = "answer after 11.9 ms, 应答",
     .bytes = BYTES("\1\3\4\0\1\0\2\x2A\x32")},
    {.utc_us = 1795310584770000, .content = PCAPNG_BYTES, .lost = 17, .bytes = BYTES("\xFF")},
    {.utc_us = 1795310584780000, .sent = true, .content = PCAPNG_MBAP, .bytes = BYTES("\0\1\0\0\0\6\1\3\0\0\0\2")},
    {.utc_us = 1795310584790000, .content = PCAPNG_BYTES, .comment = "no answer", .bytes = BYTES("")},
};
#define WRITTEN (sizeof written / sizeof *written)

static void put_all(struct file *file)
{
    file->size = 0;
    put_head(file);
    for (size_t i = 0; i < WRITTEN; i++)
        put_packet(file, written[i]);
}

static void assert_read(const struct file *file, size_t from)
{
    struct pcapng_reader reader;
    struct pcapng_packet packet;
    char why[128] = "";
    struct text trouble;
    text_init(&trouble, why, sizeof why);
    pcapng_read(&reader, file->bytes + from, file->size - from);
    for (size_t i = 0; i < WRITTEN; i++) {
        assert_int_equal(pcapng_next(&reader, &packet, &trouble), ERR_OK);
        assert_int_equal(packet.utc_us, written[i].utc_us);
        assert_int_equal(packet.sent, written[i].sent);
        assert_int_equal(packet.content, written[i].content);
        assert_int_equal(packet.lost, written[i].lost);
        assert_int_equal(packet.size, written[i].size);
        assert_memory_equal(packet.bytes, written[i].bytes, packet.size);
    }
    assert_int_equal(pcapng_next(&reader, &packet, &trouble), ERR_EMPTY);
    assert_string_equal(why, "");
}

static void test_reads_what_it_writes(void **state)
{
    (void)state;
    struct file file;
    put_all(&file);
    assert_int_equal(file.size % 4, 0);
    assert_read(&file, 0);
}

/* Byte by byte, so that a machine of the other byte order or a slip in both directions shows. */
static void test_the_bytes_are_those_of_the_format(void **state)
{
    (void)state;
    static const char head[] = "\x0A\x0D\x0D\x0A\x30\0\0\0\x4D\x3C\x2B\x1A\1\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"
                               "\4\0\x0B\0outpost 1.2\0\0\0\0\0\x30\0\0\0";
    static const char interface[] = "\1\0\0\0\x24\0\0\0\xFC\0\0\0\0\0\0\0\2\0\7\0rs485-1\0\0\0\0\0\x24\0\0\0";
    static const char packet[] = "\6\0\0\0\x44\0\0\0\0\0\0\0\xD3\x60\6\0\xC3\x10\x59\xFF\x18\0\0\0\x18\0\0\0"
                                 "\0\x0C\0\x08mbrtu\0\0\0\0\0\0\0\1\3\0\0\0\2\xC4\x0B"
                                 "\2\0\4\0\2\0\0\0\0\0\0\0\x44\0\0\0";
    struct file file = {.size = 0};
    put_head(&file);
    assert_int_equal(file.size, sizeof head + sizeof interface - 2);
    assert_memory_equal(file.bytes, head, sizeof head - 1);
    assert_memory_equal(file.bytes + sizeof head - 1, interface, sizeof interface - 1);
    file.size = 0;
    put_packet(&file, written[0]);
    assert_int_equal(file.size, sizeof packet - 1);
    assert_memory_equal(file.bytes, packet, 12);
    assert_memory_equal(file.bytes + 20, packet + 20, sizeof packet - 1 - 20);
    uint32_t half[2];
    memcpy(half, file.bytes + 12, sizeof half);
    assert_int_equal((uint64_t)half[0] << 32 | half[1], 1795310584757123);
}

static void test_the_longest_of_everything_fits(void **state)
{
    (void)state;
    uint8_t bytes[PCAPNG_PACKET_MAX];
    uint8_t head[PCAPNG_HEAD_MAX];
    char longest[2000];
    uint8_t const data[TAP_BYTES_MAX] = {0};
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    struct pcapng_packet const packet = {.content = PCAPNG_MBAP,
                                         .lost = UINT64_MAX,
                                         .comment = longest,
                                         .bytes = data,
                                         .size = sizeof data,
                                         .utc_us = INT64_MAX};
    assert_in_range(pcapng_put_packet(bytes, &packet), TAP_BYTES_MAX, PCAPNG_PACKET_MAX);
    assert_in_range(pcapng_put_head(head, longest, longest), 2 * PCAPNG_COMMENT_MAX, PCAPNG_HEAD_MAX);
}

static uint32_t swap(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void turn(uint8_t *at, size_t size)
{
    for (size_t i = 0; i < size / 2; i++) {
        uint8_t const kept = at[i];
        at[i] = at[size - 1 - i];
        at[size - 1 - i] = kept;
    }
}

static void turn_options(uint8_t *at, const uint8_t *end, const char *sizes)
{
    while (end - at >= 4) {
        uint16_t code;
        uint16_t size;
        memcpy(&code, at, 2);
        memcpy(&size, at + 2, 2);
        turn(at, 2);
        turn(at + 2, 2);
        if (code < strlen(sizes) && sizes[code] == 'n')
            turn(at + 4, size);
        at += 4 + (size + 3) / 4 * 4;
    }
}

/* As a big-endian machine would have written it. */
static void turn_file(struct file *file)
{
    for (size_t at = 0; at < file->size;) {
        uint8_t *block = file->bytes + at;
        uint32_t kind;
        uint32_t size;
        memcpy(&kind, block, 4);
        memcpy(&size, block + 4, 4);
        turn(block, 4);
        turn(block + 4, 4);
        turn(block + size - 4, 4);
        if (kind == 0x0A0D0D0A) {
            turn(block + 8, 4);
            turn(block + 12, 2);
            turn_options(block + 24, block + size - 4, "");
        } else if (kind == 1) {
            turn(block + 8, 2);
            turn_options(block + 16, block + size - 4, "");
        } else {
            for (size_t i = 0; i < 5; i++)
                turn(block + 8 + 4 * i, 4);
            size_t const captured = swap(block + 20);
            turn_options(block + 28 + (captured + 3) / 4 * 4, block + size - 4, "  n n");
        }
        at += size;
    }
}

static void test_the_other_byte_order(void **state)
{
    (void)state;
    struct file file;
    put_all(&file);
    turn_file(&file);
    assert_read(&file, 0);
}

static void insert(struct file *file, size_t at, const char *bytes, size_t size)
{
    memmove(file->bytes + at + size, file->bytes + at, file->size - at);
    memcpy(file->bytes + at, bytes, size);
    file->size += size;
}

/* Name resolution, statistics, somebody else's interface and packet: Wireshark writes such files. */
static void test_other_blocks_are_passed_over(void **state)
{
    (void)state;
    static const char names[] = "\4\0\0\0\x10\0\0\0\0\0\0\0\x10\0\0\0";
    static const char ethernet[] = "\1\0\0\0\x14\0\0\0\1\0\0\0\0\0\0\0\x14\0\0\0";
    static const char foreign[] = "\6\0\0\0\x24\0\0\0\1\0\0\0\0\0\0\0\1\0\0\0\4\0\0\0\4\0\0\0aaaa\x24\0\0\0";
    struct file file;
    struct file head = {.size = 0};
    put_head(&head);
    put_all(&file);
    insert(&file, head.size, foreign, sizeof foreign - 1);
    insert(&file, head.size, ethernet, sizeof ethernet - 1);
    insert(&file, head.size, names, sizeof names - 1);
    assert_read(&file, 0);
}

static void test_another_resolution(void **state)
{
    (void)state;
    static const char nanoseconds[] = "\1\0\0\0\x20\0\0\0\xFC\0\0\0\0\0\0\0\x09\0\1\0\x09\0\0\0\0\0\0\0\x20\0\0\0";
    static const char later[] = "\6\0\0\0\x3C\0\0\0\0\0\0\0\xA8\xCC\xEA\x18\xB8\xCD\xF2\x05\x0C\0\0\0\x0C\0\0\0"
                                "\0\x0C\0\4data\0\0\0\0\2\0\4\0\1\0\0\0\0\0\0\0\x3C\0\0\0";
    struct file file = {.size = 0};
    struct pcapng_reader reader;
    struct pcapng_packet packet;
    char why[128];
    struct text trouble;
    put_head(&file);
    file.size = 48;
    insert(&file, file.size, nanoseconds, sizeof nanoseconds - 1);
    insert(&file, file.size, later, sizeof later - 1);
    file.bytes[file.size - (sizeof later - 1) + 4] = sizeof later - 1;
    file.bytes[file.size - 4] = sizeof later - 1;
    text_init(&trouble, why, sizeof why);
    pcapng_read(&reader, file.bytes, file.size);
    assert_int_equal(pcapng_next(&reader, &packet, &trouble), ERR_OK);
    assert_int_equal(packet.utc_us, (int64_t)(((uint64_t)0x18EACCA8 << 32 | 0x05F2CDB8) / 1000));
}

/* A gateway or a disk that died in the middle: what is whole is read. */
static void test_a_cut_file_ends_before_its_last_block(void **state)
{
    (void)state;
    struct file file;
    put_all(&file);
    size_t before = WRITTEN;
    for (size_t size = file.size; size >= 84; size--) {
        struct pcapng_reader reader;
        struct pcapng_packet packet;
        char why[128] = "";
        struct text trouble;
        size_t count = 0;
        text_init(&trouble, why, sizeof why);
        pcapng_read(&reader, file.bytes, size);
        enum err err;
        while ((err = pcapng_next(&reader, &packet, &trouble)) == ERR_OK)
            count++;
        assert_int_equal(err, ERR_EMPTY);
        assert_true(count <= before);
        before = count;
    }
    assert_int_equal(before, 0);
}

static void assert_refused(const char *bytes, size_t size, const char *why_wanted)
{
    struct pcapng_reader reader;
    struct pcapng_packet packet;
    char why[128] = "";
    struct text trouble;
    text_init(&trouble, why, sizeof why);
    pcapng_read(&reader, (const uint8_t *)bytes, size);
    assert_int_equal(pcapng_next(&reader, &packet, &trouble), ERR_FORMAT);
    assert_non_null(strstr(why, why_wanted));
}

static void test_what_is_no_recording_gets_a_sentence(void **state)
{
    (void)state;
    struct file file;
    assert_refused("", 0, "is no pcapng file");
    assert_refused("{\"gateway\":{}}", 14, "is no pcapng file");
    assert_refused("\xD4\xC3\xB2\xA1\2\0\4\0\0\0\0\0\0\0\0\0\0\0\4\0\1\0\0\0", 24, "save as pcapng");
    put_all(&file);
    file.bytes[8] = 0;
    assert_refused((const char *)file.bytes, file.size, "byte order");
    put_all(&file);
    file.bytes[12] = 2;
    assert_refused((const char *)file.bytes, file.size, "later version");
    put_all(&file);
    file.bytes[84 + 4] = 7; /* length of the first packet's block */
    assert_refused((const char *)file.bytes, file.size, "without length");
    put_all(&file);
    file.bytes[84 + 8] = 1; /* its interface */
    assert_refused((const char *)file.bytes, file.size, "does not fit");
    put_all(&file);
    file.bytes[84 + 20] = 200; /* its bytes */
    assert_refused((const char *)file.bytes, file.size, "does not fit");
    put_all(&file);
    memset(file.bytes + 84 + 12, 0xFF, 4); /* its time */
    assert_refused((const char *)file.bytes, file.size, "out of range");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_what_it_writes),
        cmocka_unit_test(test_the_bytes_are_those_of_the_format),
        cmocka_unit_test(test_the_longest_of_everything_fits),
        cmocka_unit_test(test_the_other_byte_order),
        cmocka_unit_test(test_other_blocks_are_passed_over),
        cmocka_unit_test(test_another_resolution),
        cmocka_unit_test(test_a_cut_file_ends_before_its_last_block),
        cmocka_unit_test(test_what_is_no_recording_gets_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
