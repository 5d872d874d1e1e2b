#include "tests/support/test.h"

#include <malloc.h>
#include <stdalign.h>
#include <string.h>

#include "gateway/base/arena.h"

static void memory_is_zeroed_aligned_and_disjoint(void **state)
{
    (void)state;
    struct arena arena;
    unsigned char *taken[200];
    arena_init(&arena, (size_t)1024 * 1024);
    for (size_t i = 0; i < 200; i++) {
        size_t const size = 1 + i * 7;
        taken[i] = arena_take(&arena, 1, size);
        assert_non_null(taken[i]);
        assert_int_equal((uintptr_t)taken[i] % alignof(max_align_t), 0);
        for (size_t at = 0; at < size; at++)
            assert_int_equal(taken[i][at], 0);
        memset(taken[i], (int)(i + 1), size);
    }
    for (size_t i = 0; i < 200; i++)
        for (size_t at = 0; at < 1 + i * 7; at++)
            assert_int_equal(taken[i][at], i + 1);
    arena_close(&arena);
}

static void the_maximum_holds_to_the_byte(void **state)
{
    (void)state;
    struct arena arena;
    size_t const unit = alignof(max_align_t);
    arena_init(&arena, 10 * unit);
    assert_non_null(arena_take(&arena, 9, unit));
    assert_null(arena_take(&arena, 1, unit + 1));
    assert_non_null(arena_take(&arena, 1, 1)); /* rounded up: the last unit */
    assert_int_equal(arena.used_size, 10 * unit);
    assert_null(arena_take(&arena, 1, 1));
    assert_non_null(arena_take(&arena, 0, 1)); /* nothing costs nothing */
    arena_close(&arena);
}

static void products_that_overflow_are_refused(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, SIZE_MAX);
    assert_null(arena_take(&arena, SIZE_MAX, 2));
    assert_null(arena_take(&arena, SIZE_MAX / 2 + 1, 2));
    assert_null(arena_take(&arena, SIZE_MAX, 1));
    assert_null(arena_take(&arena, 1, SIZE_MAX));
    assert_non_null(arena_take(&arena, SIZE_MAX, 0));
    arena_close(&arena);
}

static void a_large_object_gets_a_chunk_of_its_own(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, (size_t)4 * 1024 * 1024);
    char *small = arena_take(&arena, 1, 8);
    unsigned char *large = arena_take(&arena, 1024, 1024);
    assert_non_null(small);
    assert_non_null(large);
    memset(large, 0xFF, (size_t)1024 * 1024);
    assert_int_equal(*small, 0);
    arena_close(&arena);
}

static void a_large_object_does_not_end_the_chunk_before_it(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, (size_t)4 * 1024 * 1024);
    char *before = arena_take(&arena, 1, 1);
    assert_non_null(arena_take(&arena, 1024, 1024));
    char *after = arena_take(&arena, 1, 1);
    assert_ptr_equal(after, before + alignof(max_align_t));
    arena_close(&arena);
}

static void an_arena_of_little_is_little(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, (size_t)4 * 1024 * 1024);
    assert_non_null(arena_take(&arena, 1, 1));
    assert_in_range(malloc_usable_size(arena.chunks), 1, 2048);
    for (int i = 0; i < 1024; i++)
        assert_non_null(arena_take(&arena, 1, 64));
    assert_in_range(malloc_usable_size(arena.chunks), 16 * 1024, 17 * 1024); /* one of much has few chunks */
    arena_close(&arena);
}

static void text_is_copied_with_its_zero(void **state)
{
    (void)state;
    struct arena arena;
    char const raw[] = {'a', '\0', 'b', 'c'};
    arena_init(&arena, 1024);
    char *copy = arena_copy_text(&arena, raw, sizeof raw);
    assert_non_null(copy);
    assert_memory_equal(copy, raw, sizeof raw);
    assert_int_equal(copy[sizeof raw], '\0');
    assert_string_equal(arena_copy_text(&arena, "", 0), "");
    arena_close(&arena);
}

static void closing_accepts_the_zeroed_and_resets(void **state)
{
    (void)state;
    struct arena arena = {0};
    arena_close(&arena);
    arena_init(&arena, 64);
    assert_non_null(arena_take(&arena, 1, 1));
    arena_close(&arena);
    assert_null(arena.chunks);
    assert_int_equal(arena.used_size, 0);
    arena_close(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_aligned_and_disjoint),
        cmocka_unit_test(the_maximum_holds_to_the_byte),
        cmocka_unit_test(products_that_overflow_are_refused),
        cmocka_unit_test(a_large_object_gets_a_chunk_of_its_own),
        cmocka_unit_test(a_large_object_does_not_end_the_chunk_before_it),
        cmocka_unit_test(an_arena_of_little_is_little),
        cmocka_unit_test(text_is_copied_with_its_zero),
        cmocka_unit_test(closing_accepts_the_zeroed_and_resets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
