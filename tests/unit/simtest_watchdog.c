/* A board with a watchdog: when its master stops writing, its coils fall to their fail state and stay there. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "firmware-sim/ctl.h"
#include "firmware-sim/world.h"

#define SECOND 1000000
#define RELAY  0
#define NORMAL 1
#define HELD   2

/* JSON with ' for ". */
static const char shop[] = "{'buses':[{'id':'line','link':'rtu','port':'p'}],"
                           "'devices':[{'id':'board','bus':'line','unit':9,'profile':'relay-8ch-watchdog','write':['"
                           "relay_1','relay_2','relay_3']},"
                           "{'id':'plain','bus':'line','unit':10,'profile':'relay-8ch','write':['relay_1']}]}";

static struct site site;
static struct world world;

static int build(void **state)
{
    (void)state;
    static const char *const dirs[] = {"config/profiles", NULL};
    struct sentence why;
    struct sentence warnings;
    char json[sizeof shop];
    for (size_t i = 0; i < sizeof json; i++)
        json[i] = shop[i] == '\'' ? '"' : shop[i];
    if (!site_open_bytes(&site, "site.json", json, sizeof json - 1, dirs, sentence_init(&warnings),
                         sentence_init(&why)))
        fail_msg("%s", why.bytes);
    world_open(&world, &site, 1);
    world_pass(&world, SECOND);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    world_close(&world);
    site_close(&site);
    return 0;
}

static struct answer ask(uint8_t unit, const uint8_t *pdu, size_t size)
{
    uint8_t frame[FRAME_MAX];
    struct answer answer = {.size = 0};
    size_t frame_size = frame_wrap(world.lines[0].wire, 7, unit, pdu, size, frame);
    const struct request request = {.transaction = 7,
                                    .unit = unit,
                                    .pdu = pdu,
                                    .pdu_size = size,
                                    .frame = frame,
                                    .frame_size = frame_size,
                                    .at_us = world.now_us};
    line_serve(&world.lines[0], &request, &answer);
    assert_true(answer.size > 0);
    return answer;
}

#define ASK(unit, ...) ask(unit, (const uint8_t[]){__VA_ARGS__}, sizeof(const uint8_t[]){__VA_ARGS__} / sizeof(uint8_t))

static bool coil(uint8_t unit, uint8_t address)
{
    return (ASK(unit, 1, 0, address, 0, 1).bytes[3] & 1) != 0;
}

static void feed(uint8_t number)
{
    (void)ASK(9, 6, 0, 0, 0, number);
}

static void write_coil(uint8_t unit, uint8_t address, bool on)
{
    (void)ASK(unit, 5, 0, address, on ? 0xFF : 0, 0);
}

static void pass(int64_t us)
{
    world_pass(&world, world.now_us + us);
}

static void a_board_that_is_not_fed_falls(void **state)
{
    (void)state;
    pass(60 * SECOND);
    assert_false(coil(9, RELAY)); /* it counts from the first write */
    for (uint8_t i = 1; i <= 5; i++) {
        feed(i);
        pass(9 * SECOND);
    }
    assert_false(coil(9, RELAY));
    write_coil(9, NORMAL, true); /* other writes do not feed it */
    pass(SECOND - 1);
    assert_false(coil(9, RELAY));
    pass(1);
    for (uint8_t i = 0; i < 8; i++)
        assert_true(coil(9, i));
    write_coil(9, NORMAL, false); /* it fell once, and does not again before it was fed */
    pass(60 * SECOND);
    assert_false(coil(9, NORMAL));
    feed(9);
    assert_true(coil(9, RELAY)); /* each stays until it is written */
    write_coil(9, RELAY, false);
    assert_false(coil(9, RELAY));
    assert_true(coil(9, HELD));
    pass(9 * SECOND);
    assert_false(coil(9, RELAY));
    pass(SECOND);
    assert_true(coil(9, RELAY));
}

static void a_board_without_a_watchdog_stays(void **state)
{
    (void)state;
    write_coil(10, RELAY, true);
    write_coil(10, RELAY, false);
    pass(600 * SECOND);
    assert_false(coil(10, RELAY));
}

/* A coil that a person holds is his. */
static void what_a_person_holds_stays(void **state)
{
    (void)state;
    char said[256];
    char line[] = "set board.relay_3 false";
    struct text out;
    const struct ctl ctl = {.world = &world};
    text_init(&out, said, sizeof said);
    ctl_run(&ctl, line, &out);
    feed(1);
    pass(11 * SECOND);
    assert_true(coil(9, RELAY));
    assert_false(coil(9, HELD));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_board_that_is_not_fed_falls, build, tear_down),
        cmocka_unit_test_setup_teardown(a_board_without_a_watchdog_stays, build, tear_down),
        cmocka_unit_test_setup_teardown(what_a_person_holds_stays, build, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
