/* What hangs on relays: shut-off valves, fans, and the contacts that tell of them. */
#include "tests/support/test.h"

#include "firmware-sim/valve.h"

static void step(struct valve *valve, bool coil, double seconds)
{
    for (int i = 0; i < (int)(seconds * 10 + 0.5); i++)
        valve_step(valve, coil, 0.1);
}

static void test_closes_and_stays_closed(void **state)
{
    (void)state;
    struct valve valve = {.shut = 0};
    struct sentence why;
    step(&valve, false, 10);
    assert_false(valve_is_closed(&valve) || valve.contact);
    step(&valve, true, 1.9);
    assert_false(valve_is_closed(&valve));
    step(&valve, false, 0.2); /* it has begun: the spring does the rest */
    assert_true(valve_is_closed(&valve) && valve.contact);
    assert_false(valve_reopen(&valve, true, sentence_init(&why)));
    step(&valve, false, 100);
    assert_true(valve_is_closed(&valve));
    assert_true(valve_reopen(&valve, false, sentence_init(&why)));
    step(&valve, false, 100);
    assert_false(valve_is_closed(&valve) || valve.contact);
}

static void test_jammed_valve_does_not_move(void **state)
{
    (void)state;
    struct valve valve = {.jammed = true};
    struct sentence why;
    step(&valve, true, 100);
    assert_false(valve_is_closed(&valve));
    assert_false(valve_reopen(&valve, false, sentence_init(&why)));
    valve.jammed = false;
    step(&valve, true, 2.1);
    assert_true(valve_is_closed(&valve));
}

static void test_fan_follows_its_coil(void **state)
{
    (void)state;
    struct valve fan = {.returns = true};
    struct sentence why;
    step(&fan, true, 1.4);
    assert_false(fan.contact);
    step(&fan, true, 0.2);
    assert_true(valve_is_closed(&fan) && fan.contact);
    step(&fan, false, 0.1);
    assert_false(fan.contact);
    step(&fan, false, 2);
    assert_true(fan.shut <= 0);
    fan.jammed = true;
    step(&fan, true, 20);
    assert_false(fan.contact);
    assert_false(valve_reopen(&fan, false, sentence_init(&why)));
}

/* For as long as was ordered, then it rests where the valve is. */
static void test_contact_bounces(void **state)
{
    (void)state;
    struct valve valve = {.bounce_s = 1};
    int changes = 0;
    step(&valve, true, 1.9);
    bool last = valve.contact;
    for (int i = 0; i < 11; i++) {
        valve_step(&valve, true, 0.1);
        changes += valve.contact != last ? 1 : 0;
        last = valve.contact;
    }
    assert_true(changes >= 6);
    for (int i = 0; i < 100; i++) {
        valve_step(&valve, true, 0.1);
        assert_true(valve.contact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_closes_and_stays_closed),
        cmocka_unit_test(test_jammed_valve_does_not_move),
        cmocka_unit_test(test_fan_follows_its_coil),
        cmocka_unit_test(test_contact_bounces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
