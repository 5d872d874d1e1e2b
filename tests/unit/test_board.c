#include "tests/support/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "gateway/run/board.h"
#include "tests/support/desk_site.h"

static struct board *open_board(void)
{
    struct board *board = NULL;
    assert_int_equal(board_open(&board, &desk_site), ERR_OK);
    return board;
}

static void test_unread_points_are_bad(void **state)
{
    (void)state;
    struct board *board = open_board();
    struct board_device device;
    board_get_device(board, DEV_VALVE, &device);
    assert_int_equal(device.utc_ms, 0);
    assert_int_equal(device.sample_count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(device.samples[i].point, i);
        assert_int_equal(device.samples[i].quality, QUALITY_BAD);
        assert_int_equal(device.samples[i].reason, REASON_STARTING);
    }
    board_close(board);
}

static void test_a_device_comes_back_as_it_was_put(void **state)
{
    (void)state;
    struct board *board = open_board();
    struct sample const samples[] = {
        {.value.boolean = true, .point = 0, .quality = QUALITY_GOOD},
        {.value.text = {.offset = 2, .size = 3}, .point = 1, .quality = QUALITY_GOOD},
    };
    struct board_device device;
    board_put_device(board, DEV_VALVE, 1000, samples, 2, "..abc", 5);
    board_get_device(board, DEV_VALVE, &device);
    assert_int_equal(device.utc_ms, 1000);
    assert_int_equal(device.sample_count, 4);
    assert_true(device.samples[0].value.boolean);
    assert_int_equal(device.text_size, 5);
    assert_memory_equal(device.texts, "..abc", 5);
    assert_int_equal(device.samples[3].reason, REASON_STARTING);
    board_get_device(board, DEV_KITCHEN, &device);
    assert_int_equal(device.utc_ms, 0);
    board_close(board);
}

/* A point that is left out of a later put must not keep its older value. */
static void test_no_value_survives_its_absence(void **state)
{
    (void)state;
    struct board *board = open_board();
    struct sample const first[] = {
        {.value.number = 52.1, .point = 0, .quality = QUALITY_GOOD},
        {.value.code = 1, .point = 1, .quality = QUALITY_GOOD},
    };
    struct board_device device;
    board_put_device(board, DEV_KITCHEN, 1000, first, 2, NULL, 0);
    board_put_device(board, DEV_KITCHEN, 2000, first + 1, 1, NULL, 0);
    board_get_device(board, DEV_KITCHEN, &device);
    assert_int_equal(device.samples[0].quality, QUALITY_BAD);
    assert_int_equal(device.samples[1].quality, QUALITY_GOOD);
    board_close(board);
}

static void test_texts_end_with_their_put(void **state)
{
    (void)state;
    struct board *board = open_board();
    struct sample const text = {.value.text = {.offset = 0, .size = 4}, .point = 1, .quality = QUALITY_GOOD};
    struct board_device device;
    board_put_device(board, DEV_VALVE, 1, &text, 1, "long", 4);
    board_put_device(board, DEV_VALVE, 2, NULL, 0, NULL, 0);
    board_get_device(board, DEV_VALVE, &device);
    assert_int_equal(device.text_size, 0);
    /* a device without text points has no place for texts, and needs none */
    board_put_device(board, DEV_KITCHEN, 3, NULL, 0, "stray", 5);
    board_get_device(board, DEV_KITCHEN, &device);
    assert_int_equal(device.text_size, 0);
    board_close(board);
}

static void test_everything_else_is_copied(void **state)
{
    (void)state;
    struct board *board = open_board();
    struct board_rule const rule = {.state = ALARM_UNACK, .has_value = 1, .value = 52.1, .since_utc_ms = 7};
    struct board_rule got_rule;
    board_put_rule(board, RULE_TRIP_FAILED, &rule);
    board_get_rule(board, RULE_TRIP_FAILED, &got_rule);
    assert_memory_equal(&got_rule, &rule, sizeof rule);
    board_get_rule(board, RULE_BUS_LOST, &got_rule);
    assert_int_equal(got_rule.state, ALARM_NORM);

    struct board_interlock const interlock = {.tripped = 1, .commanded = 1, .since_utc_ms = 8};
    struct board_interlock got_interlock;
    board_put_interlock(board, 0, &interlock);
    board_get_interlock(board, 0, &got_interlock);
    assert_memory_equal(&got_interlock, &interlock, sizeof interlock);

    struct board_centre const centre = {.connected = 1, .lw_a = 5, .trouble = "no such host"};
    struct board_centre got_centre;
    board_put_centre(board, 0, &centre);
    board_get_centre(board, 0, &got_centre);
    assert_memory_equal(&got_centre, &centre, sizeof centre);

    struct board_journal const journal = {.last_a = 9, .ok = 1, .stream = "0123456789abcdef"};
    struct board_journal got_journal;
    board_put_journal(board, &journal);
    board_get_journal(board, &got_journal);
    assert_memory_equal(&got_journal, &journal, sizeof journal);

    struct board_bus const bus = {.open = 1, .tally.requests = 3};
    struct board_bus got_bus;
    board_put_bus(board, 0, &bus);
    board_get_bus(board, 0, &got_bus);
    assert_memory_equal(&got_bus, &bus, sizeof bus);

    struct board_slave const slave = {.answering = 1, .rtt_us = 4};
    struct board_slave got_slave;
    board_put_slave(board, 0, &slave);
    board_get_slave(board, 0, &got_slave);
    assert_memory_equal(&got_slave, &slave, sizeof slave);
    board_close(board);
}

static void test_an_empty_site_has_a_board(void **state)
{
    (void)state;
    static const struct site empty = {.id = "g1"};
    struct board *board = NULL;
    assert_int_equal(board_open(&board, &empty), ERR_OK);
    board_close(board);
    board_close(NULL);
}

/* A reader never sees half of one put and half of another. */
#define TEAR_PUTS 20000

struct tear {
    struct board *board;
    atomic_bool over;
};

static void *write_pairs(void *argument)
{
    struct tear *tear = argument;
    for (uint32_t i = 0; i < TEAR_PUTS; i++) {
        struct sample const samples[] = {
            {.value.number = i, .point = 0, .quality = QUALITY_GOOD},
            {.value.code = i, .point = 1, .quality = QUALITY_GOOD},
        };
        board_put_device(tear->board, DEV_STORE, i, samples, 2, NULL, 0);
    }
    atomic_store(&tear->over, true);
    return NULL;
}

static void test_copies_are_whole(void **state)
{
    (void)state;
    struct tear tear = {.board = open_board()};
    pthread_t writer;
    assert_int_equal(pthread_create(&writer, NULL, write_pairs, &tear), 0);
    while (!atomic_load(&tear.over)) {
        struct board_device device;
        board_get_device(tear.board, DEV_STORE, &device);
        if (device.samples[0].quality != QUALITY_GOOD)
            continue;
        assert_int_equal((int64_t)device.samples[0].value.number, device.utc_ms);
        assert_int_equal(device.samples[1].value.code, device.utc_ms);
    }
    assert_int_equal(pthread_join(writer, NULL), 0);
    board_close(tear.board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unread_points_are_bad),
        cmocka_unit_test(test_a_device_comes_back_as_it_was_put),
        cmocka_unit_test(test_no_value_survives_its_absence),
        cmocka_unit_test(test_texts_end_with_their_put),
        cmocka_unit_test(test_everything_else_is_copied),
        cmocka_unit_test(test_an_empty_site_has_a_board),
        cmocka_unit_test(test_copies_are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
