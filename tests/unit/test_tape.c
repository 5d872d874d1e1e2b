#include "tests/support/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/run/tape.h"

#define HEAD   11 /* of an entry on the tape */
#define WRITES 200000U

static void put(struct tape *tape, unsigned number, size_t size)
{
    uint8_t bytes[TAP_BYTES_MAX];
    struct tap const tap = tape_tap(tape);
    memset(bytes, (int)(number & 0xFF), sizeof bytes);
    tap.put(tap.self, (enum tap_kind)(number % TAP_KIND_COUNT), (int64_t)number * 1000, size > 0 ? bytes : NULL, size);
}

/* Says by itself what it must be. */
static void assert_entry(const struct tap_entry *entry, uint64_t number)
{
    assert_int_equal(entry->number, number);
    assert_int_equal(entry->mono_us, (int64_t)number * 1000);
    assert_int_equal(entry->kind, number % TAP_KIND_COUNT);
    assert_int_equal(entry->size, number * 7 % 300);
    for (size_t i = 0; i < entry->size; i++)
        assert_int_equal(entry->bytes[i], number & 0xFF);
}

static void put_own(struct tape *tape, unsigned number)
{
    put(tape, number, number * 7 % 300);
}

static void test_what_was_written_is_read(void **state)
{
    (void)state;
    struct tape *tape;
    struct tape_reader reader = {0};
    struct tap_entry entry;
    assert_int_equal(tape_open(&tape, TAPE_SIZE_MIN), ERR_OK);
    assert_int_equal(tape_read(tape, &reader, &entry), ERR_EMPTY);
    assert_int_equal(tape_last(tape), 0);
    for (unsigned i = 1; i <= 20; i++)
        put_own(tape, i);
    assert_int_equal(tape_last(tape), 20);
    for (unsigned i = 1; i <= 20; i++) {
        assert_int_equal(tape_read(tape, &reader, &entry), ERR_OK);
        assert_entry(&entry, i);
    }
    assert_int_equal(tape_read(tape, &reader, &entry), ERR_EMPTY);
    put_own(tape, 21);
    assert_int_equal(tape_read(tape, &reader, &entry), ERR_OK);
    assert_entry(&entry, 21);
    tape_close(tape);
    tape_close(NULL);
}

/* Whatever the sizes, what is on the tape are the newest entries, whole, and as many as fit. */
static void test_the_oldest_make_room(void **state)
{
    (void)state;
    struct tape *tape;
    struct tap_entry entry;
    assert_int_equal(tape_open(&tape, 1500), ERR_OK);
    for (unsigned last = 1; last <= 3000; last++) {
        put_own(tape, last);
        struct tape_reader reader = {0};
        uint64_t expected = last;
        for (size_t used = HEAD + last * 7 % 300; expected > 1; expected--) {
            used += HEAD + (expected - 1) * 7 % 300;
            if (used > 1500)
                break;
        }
        for (; tape_read(tape, &reader, &entry) == ERR_OK; expected++)
            assert_entry(&entry, expected);
        assert_int_equal(expected, last + 1);
    }
    tape_close(tape);
}

static void test_a_slow_reader_sees_the_hole(void **state)
{
    (void)state;
    struct tape *tape;
    struct tape_reader reader = {0};
    struct tap_entry entry;
    assert_int_equal(tape_open(&tape, 2048), ERR_OK);
    for (unsigned i = 1; i <= 3; i++)
        put_own(tape, i);
    assert_int_equal(tape_read(tape, &reader, &entry), ERR_OK);
    for (unsigned i = 4; i <= 500; i++)
        put_own(tape, i);
    assert_int_equal(tape_read(tape, &reader, &entry), ERR_OK);
    assert_true(entry.number > 400);
    assert_entry(&entry, entry.number);
    uint64_t number = entry.number;
    while (tape_read(tape, &reader, &entry) == ERR_OK)
        assert_entry(&entry, ++number);
    assert_int_equal(number, 500);
    tape_close(tape);
}

static void test_a_reader_stands_behind_any_number(void **state)
{
    (void)state;
    static const uint64_t numbers[] = {0, 1, 300, 470, 499, 500, 501, UINT64_MAX};
    struct tape *tape;
    struct tap_entry entry;
    assert_int_equal(tape_open(&tape, 4096), ERR_OK);
    for (unsigned i = 1; i <= 500; i++)
        put_own(tape, i);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct tape_reader reader;
        tape_seek(tape, numbers[i], &reader);
        enum err const err = tape_read(tape, &reader, &entry);
        assert_int_equal(err, numbers[i] < 500 ? ERR_OK : ERR_EMPTY);
        if (err != ERR_OK)
            continue;
        assert_entry(&entry, entry.number);
        assert_true(numbers[i] >= 470 ? entry.number == numbers[i] + 1 : entry.number > numbers[i]);
    }
    tape_close(tape);
}

static void test_many_buses_share(void **state)
{
    (void)state;
    assert_int_equal(tape_size(0), TAPE_SIZE_MAX);
    assert_int_equal(tape_size(1), TAPE_SIZE_MAX);
    assert_int_equal(tape_size(8), TAPE_SIZE_MAX);
    assert_int_equal(50 * tape_size(50) / 1024, 511);
    assert_int_equal(tape_size(64), TAPE_SIZE_MIN);
}

struct writing {
    struct tape *tape;
    atomic_bool done;
};

static void *write_all(void *argument)
{
    struct writing *writing = argument;
    for (unsigned i = 1; i <= WRITES; i++)
        put_own(writing->tape, i);
    atomic_store(&writing->done, true);
    return NULL;
}

/* Two readers beside a writer that overtakes them: every entry is whole, numbers only go up, and the last one arrives. */
static void *read_all(void *argument)
{
    struct writing *writing = argument;
    struct tape_reader reader = {0};
    struct tap_entry entry;
    uint64_t number = 0;
    for (bool done = false; !done;) {
        done = atomic_load(&writing->done);
        while (tape_read(writing->tape, &reader, &entry) == ERR_OK) {
            assert_true(entry.number > number);
            assert_entry(&entry, entry.number);
            number = entry.number;
        }
    }
    assert_int_equal(number, WRITES);
    return NULL;
}

static void test_readers_beside_the_writer(void **state)
{
    (void)state;
    struct writing writing = {0};
    pthread_t threads[2];
    assert_int_equal(tape_open(&writing.tape, TAPE_SIZE_MIN), ERR_OK);
    assert_int_equal(pthread_create(&threads[0], NULL, write_all, &writing), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, read_all, &writing), 0);
    (void)read_all(&writing);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    tape_close(writing.tape);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_written_is_read),
        cmocka_unit_test(test_the_oldest_make_room),
        cmocka_unit_test(test_a_slow_reader_sees_the_hole),
        cmocka_unit_test(test_a_reader_stands_behind_any_number),
        cmocka_unit_test(test_many_buses_share),
        cmocka_unit_test(test_readers_beside_the_writer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
