#include "tests/support/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "gateway/base/ring.h"

#define HEAD 8 /* overhead of an item, as ring.h says */

static void gives_back_in_order_what_was_put_in(void **state)
{
    (void)state;
    struct ring ring;
    char out[16];
    size_t size = 99;
    assert_int_equal(ring_open(&ring, 256), ERR_OK);
    assert_int_equal(ring_pop(&ring, out, sizeof out, &size), ERR_EMPTY);
    assert_int_equal(size, 99); /* untouched on failure */
    assert_int_equal(ring_push(&ring, "one", 4), ERR_OK);
    assert_int_equal(ring_push(&ring, "three", 6), ERR_OK);
    assert_int_equal(ring_pop(&ring, out, sizeof out, &size), ERR_OK);
    assert_string_equal(out, "one");
    assert_int_equal(size, 4);
    assert_int_equal(ring_pop(&ring, out, sizeof out, &size), ERR_OK);
    assert_string_equal(out, "three");
    assert_int_equal(ring_pop(&ring, out, sizeof out, &size), ERR_EMPTY);
    ring_close(&ring);
}

static void full_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    struct ring ring;
    char big[41] = "the last byte counts";
    char out[64];
    size_t size;
    size_t used_max;
    assert_int_equal(ring_open(&ring, 2 * (HEAD + 20)), ERR_OK);
    assert_int_equal(ring_push(&ring, big, 20), ERR_OK);
    assert_int_equal(ring_push(&ring, big, 21), ERR_FULL);
    assert_int_equal(ring_push(&ring, big, 20), ERR_OK);
    assert_int_equal(ring_push(&ring, big, 1), ERR_FULL);
    assert_int_equal(ring_used(&ring, &used_max), 2 * (HEAD + 20));
    assert_int_equal(used_max, 2 * (HEAD + 20));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ring_pop(&ring, out, sizeof out, &size), ERR_OK);
        assert_int_equal(size, 20);
        assert_memory_equal(out, big, 20);
    }
    assert_int_equal(ring_used(&ring, &used_max), 0);
    assert_int_equal(used_max, 2 * (HEAD + 20)); /* the mark stays */
    ring_close(&ring);
}

static void an_item_as_large_as_the_ring_fits_and_a_larger_one_never(void **state)
{
    (void)state;
    static unsigned char item[RING_ITEM_MAX];
    static unsigned char out[RING_ITEM_MAX];
    struct ring ring;
    size_t size;
    assert_int_equal(ring_open(&ring, RING_ITEM_MAX + HEAD), ERR_OK);
    memset(item, 0xA5, sizeof item);
    assert_int_equal(ring_push(&ring, item, RING_ITEM_MAX), ERR_OK);
    assert_int_equal(ring_pop(&ring, out, sizeof out, &size), ERR_OK);
    assert_int_equal(size, RING_ITEM_MAX);
    assert_memory_equal(out, item, RING_ITEM_MAX);
    ring_close(&ring);
    assert_int_equal(ring_open(&ring, HEAD), ERR_OK);
    assert_int_equal(ring_push(&ring, item, 1), ERR_FULL);
    ring_close(&ring);
}

/* Sizes that do not divide the capacity, so that heads and bodies are cut at the seam at every possible offset. */
static void items_survive_the_seam_at_every_offset(void **state)
{
    (void)state;
    struct ring ring;
    unsigned char item[32];
    unsigned char out[32];
    unsigned pushed = 0;
    unsigned popped = 0;
    size_t size;
    assert_int_equal(ring_open(&ring, 101), ERR_OK);
    for (unsigned turn = 0; turn < 5000; turn++) {
        size_t const wanted = 1 + pushed % 31;
        memset(item, (int)(pushed & 0xFF), wanted);
        if (ring_push(&ring, item, wanted) == ERR_OK)
            pushed++;
        if (turn % 3 == 0)
            continue; /* never quite empty: an empty ring starts over at its beginning */
        if (popped + 1 >= pushed)
            continue;
        assert_int_equal(ring_pop(&ring, out, sizeof out, &size), ERR_OK);
        assert_int_equal(size, 1 + popped % 31);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(out[i], popped & 0xFF);
        popped++;
    }
    assert_true(popped > 1000);
    ring_close(&ring);
}

static void closing_accepts_the_zeroed_and_the_closed(void **state)
{
    (void)state;
    struct ring ring = {0};
    ring_close(&ring);
    assert_int_equal(ring_open(&ring, 64), ERR_OK);
    ring_close(&ring);
    ring_close(&ring);
}

/* Several threads push, one pops: each thread's items arrive complete and in its own order. */
#define PUSHERS          3
#define ITEMS_EACH       20000
#define THREAD_RING_SIZE 997

struct item {
    unsigned who;
    unsigned number;
    unsigned char filler[24]; /* only as much as `number` says travels */
};

struct pusher {
    struct ring *ring;
    unsigned who;
};

static size_t item_size(unsigned number)
{
    return offsetof(struct item, filler) + number % 24;
}

static void *push_all(void *argument)
{
    struct pusher *pusher = argument;
    struct item item = {.who = pusher->who};
    for (unsigned i = 0; i < ITEMS_EACH;) {
        item.number = i;
        memset(item.filler, (int)(i & 0xFF), sizeof item.filler);
        if (ring_push(pusher->ring, &item, item_size(i)) == ERR_OK)
            i++;
    }
    return NULL;
}

static void many_threads_push_and_nothing_is_lost_or_mixed(void **state)
{
    (void)state;
    struct ring ring;
    struct pusher pushers[PUSHERS];
    pthread_t threads[PUSHERS];
    unsigned seen[PUSHERS] = {0};
    assert_int_equal(ring_open(&ring, THREAD_RING_SIZE), ERR_OK);
    for (unsigned i = 0; i < PUSHERS; i++) {
        pushers[i] = (struct pusher){&ring, i};
        assert_int_equal(pthread_create(&threads[i], NULL, push_all, &pushers[i]), 0);
    }
    for (unsigned got = 0; got < PUSHERS * ITEMS_EACH;) {
        struct item item;
        size_t size;
        if (ring_pop(&ring, &item, sizeof item, &size) != ERR_OK)
            continue;
        got++;
        assert_true(item.who < PUSHERS);
        assert_int_equal(item.number, seen[item.who]++);
        assert_int_equal(size, item_size(item.number));
        for (size_t i = 0; i < item.number % 24; i++)
            assert_int_equal(item.filler[i], item.number & 0xFF);
    }
    for (unsigned i = 0; i < PUSHERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    ring_close(&ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_back_in_order_what_was_put_in),
        cmocka_unit_test(full_is_refused_and_changes_nothing),
        cmocka_unit_test(an_item_as_large_as_the_ring_fits_and_a_larger_one_never),
        cmocka_unit_test(items_survive_the_seam_at_every_offset),
        cmocka_unit_test(closing_accepts_the_zeroed_and_the_closed),
        cmocka_unit_test(many_threads_push_and_nothing_is_lost_or_mixed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
