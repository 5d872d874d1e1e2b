/* When a device counts as read right, what may be waived, and what is said of what is missing. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "firmware-sim/near.h"
#include "firmware-sim/pool.h"
#include "firmware-sim/ready.h"
#include "firmware-sim/roll.h"
#include "firmware-sim/session.h"

#define ROOT "outpost/v1/g"

static const char plant[] =
    "{\"gateway\":{\"id\":\"g\"},\"buses\":[{\"id\":\"b\",\"link\":\"tcp\",\"host\":\"h\",\"port\":1}],\"devices\":["
    "{\"id\":\"gas-1\",\"bus\":\"b\",\"unit\":1,\"class\":\"gas_detector\",\"points\":{\"gas\":{\"address\":0},"
    "\"mode\":{\"address\":1},\"humidity\":{\"address\":2}}},"
    "{\"id\":\"gas-2\",\"bus\":\"b\",\"unit\":2,\"class\":\"gas_detector\",\"points\":{\"gas\":{\"address\":0}}}]}";
static const char registry[] = "{\"cls\":\"gas_detector\",\"points\":{\"gas\":{\"unit\":\"%{LEL}\"},\"mode\":{},"
                               "\"humidity\":{},\"drift\":{}},\"alarms\":{}}";

static struct site site;
static struct session session;
static struct pool pool;
static struct waivers waivers;
static struct picture *const picture = &session.picture;
static long long number;

static int begin(void **state)
{
    struct sentence why;
    struct sentence warnings;
    (void)state;
    if (!site_open_bytes(&site, "s", plant, strlen(plant), NULL, sentence_init(&warnings), sentence_init(&why)))
        fail_msg("%s", why.bytes);
    picture_open(picture, &site, ROOT, 10);
    session.heard = true;
    session.message_count = 1;
    waivers.count = 0;
    number = 0;
    return 0;
}

static int end(void **state)
{
    (void)state;
    picture_close(picture);
    site_close(&site);
    pool_close(&pool);
    return 0;
}

static void take(const char *topic, const char *payload)
{
    picture_take(picture, topic, payload, strlen(payload), false, 1000);
}

/* Of gas-1: its registry, and a telemetry record with these members. */
static void told(const char *members)
{
    char payload[512];
    take(ROOT "/registry/gas-1", registry);
    (void)snprintf(payload, sizeof payload,
                   "{\"lane\":\"t\",\"stream\":\"x\",\"seq\":%lld,\"at\":1000,\"dev\":\"gas-1\",%s}", ++number,
                   members);
    take(ROOT "/telemetry/gas-1", payload);
}

static void waive(const char *word)
{
    struct sentence why;
    if (!waiver_add(&waivers, &site, word, &pool, sentence_init(&why)))
        fail_msg("%s", why.bytes);
}

static struct outlook look(void)
{
    struct outlook outlook;
    roll_look(picture, &waivers, 0, &outlook);
    return outlook;
}

static const struct report_point *point_of(const struct report_device *device, const char *id)
{
    for (size_t i = 0; i < device->point_count; i++) {
        if (strcmp(device->points[i].id, id) == 0)
            return &device->points[i];
    }
    fail_msg("no point %s", id);
    return NULL;
}

static void test_what_came(void **state)
{
    (void)state;
    assert_int_equal(look().readiness, READY_NOTHING);
    take(ROOT "/registry/gas-1", registry);
    assert_int_equal(look().readiness, READY_NOTHING);
    told("\"values\":{\"gas\":1,\"mode\":2},\"bad\":{\"drift\":\"starting\"}");
    struct outlook outlook = look();
    assert_int_equal(outlook.readiness, READY_PARTLY);
    assert_int_equal(outlook.lacking, 1);
    assert_int_equal(outlook.point_count, 4);
    assert_string_equal(outlook.names[0], "humidity");
    told("\"values\":{\"gas\":1,\"mode\":2},\"bad\":{\"humidity\":\"no_answer\"}");
    assert_int_equal(look().readiness, READY_BAD);
    told("\"values\":{\"gas\":1,\"mode\":2,\"humidity\":3},\"uncertain\":[\"mode\"]");
    assert_int_equal(look().readiness, READY_BAD);
    told("\"values\":{\"gas\":1,\"mode\":2,\"humidity\":3}");
    assert_int_equal(look().readiness, READY_GOOD);
}

/* The worst counts, and only what is the worst is counted. */
static void test_the_least_is_named(void **state)
{
    (void)state;
    told("\"values\":{},\"bad\":{\"gas\":\"no_answer\",\"mode\":\"invalid\"}");
    struct outlook outlook = look();
    assert_int_equal(outlook.readiness, READY_PARTLY);
    assert_int_equal(outlook.lacking, 1);
    assert_string_equal(outlook.names[0], "humidity");
    told("\"values\":{},\"bad\":{\"gas\":\"no_answer\",\"mode\":\"invalid\",\"humidity\":\"no_answer\"}");
    outlook = look();
    assert_int_equal(outlook.readiness, READY_BAD);
    assert_int_equal(outlook.lacking, 3);
}

/* It may be bad by nature: the time to low water while the water does not fall. */
static void test_what_is_worked_out_is_not_judged(void **state)
{
    struct report_device device;
    (void)state;
    told("\"values\":{\"gas\":1,\"mode\":2,\"humidity\":3},\"bad\":{\"drift\":\"invalid\"}");
    assert_int_equal(look().readiness, READY_GOOD);
    roll_device(picture, NULL, 0, &pool, &device);
    assert_true(device.good);
    assert_true(point_of(&device, "drift")->good);
    assert_string_equal(point_of(&device, "drift")->quality, "invalid");
    told("\"values\":{\"gas\":1,\"mode\":2,\"humidity\":3},\"bad\":{\"drift\":\"starting\"}");
    roll_device(picture, NULL, 0, &pool, &device);
    assert_string_equal(point_of(&device, "drift")->quality, "pending");
}

static void test_waived(void **state)
{
    struct report_device device;
    (void)state;
    told("\"values\":{\"gas\":1,\"mode\":2},\"bad\":{\"humidity\":\"invalid\"}");
    roll_device(picture, &waivers, 0, &pool, &device);
    assert_false(device.good);
    assert_int_equal(device.waived_count, 0);
    waive("gas-1.humidity=none is fitted = no matter");
    waive("gas-1.mode");
    assert_int_equal(look().readiness, READY_GOOD);
    roll_device(picture, &waivers, 0, &pool, &device);
    assert_true(device.good);
    assert_int_equal(device.waived_count, 1);
    assert_false(point_of(&device, "humidity")->good); /* waived is not good */
    assert_string_equal(point_of(&device, "humidity")->quality, "invalid");
    assert_string_equal(point_of(&device, "humidity")->waived, "none is fitted = no matter");
    assert_null(point_of(&device, "mode")->waived); /* it was in no need of it */
    assert_true(report_has_waived(&device, "humidity"));
    assert_false(report_has_waived(&device, "mode"));
    told("\"values\":{\"mode\":2},\"bad\":{\"humidity\":\"invalid\",\"gas\":\"no_answer\"}");
    assert_int_equal(look().readiness, READY_BAD); /* another one is not */
}

static void test_nothing_came_cannot_be_waived(void **state)
{
    (void)state;
    waive("gas-1.gas");
    assert_int_equal(look().readiness, READY_NOTHING);
}

static void refuse_waiver(const char *word, const char *said)
{
    struct sentence why;
    assert_false(waiver_add(&waivers, &site, word, &pool, sentence_init(&why)));
    if (strstr(why.bytes, said) == NULL)
        fail_msg("%s: %s", word, why.bytes);
}

static void test_slips_of_the_pen(void **state)
{
    struct sentence why;
    (void)state;
    refuse_waiver("gas-3.humidity=x", "did you mean gas-");
    refuse_waiver("boiler.humidity", "there is no device boiler");
    refuse_waiver("gas-1", "there is no device gas-1; write DEVICE.POINT");
    refuse_waiver("gas-1.=x", "which point");
    waive("gas-1.humidty=x");
    refuse_waiver("gas-1.humidty=y", "before");
    assert_true(waivers_check(&waivers, picture, sentence_init(&why))); /* nothing is known of it yet */
    told("\"values\":{}");
    assert_false(waivers_check(&waivers, picture, sentence_init(&why)));
    assert_non_null(strstr(why.bytes, "gas-1 has no point \"humidty\""));
    assert_non_null(strstr(why.bytes, "did you mean humidity?"));
    waivers.count = 0;
    waive("gas-1.drift=known only to the gateway");
    assert_true(waivers_check(&waivers, picture, sentence_init(&why)));
}

static void test_too_many(void **state)
{
    (void)state;
    for (int i = 0; i < WAIVERS_MAX; i++)
        waive(pool_print(&pool, "gas-1.p%d", i));
    refuse_waiver("gas-2.gas", "at most");
}

static void test_near(void **state)
{
    struct near near;
    (void)state;
    near_init(&near, "burner_stge");
    near_look(&near, "burner_phase");
    near_look(&near, "burner_stage");
    near_look(&near, "burner_starts");
    assert_string_equal(near.best, "burner_stage");
    assert_int_equal(near.distance, 1);
    near_init(&near, "abc");
    near_look(&near, "xyz");
    near_look(&near, "");
    near_look(&near, "q");
    near_look(&near, "temperature"); /* all of it would have to change */
    assert_null(near.best);
    near_init(&near, "humidity");
    near_look(&near, "temperature");
    assert_null(near.best);
}

static void test_what_is_waited_for(void **state)
{
    char bytes[512];
    struct text text;
    (void)state;
    text_init(&text, bytes, sizeof bytes);
    ready_print(&session, &waivers, &text);
    assert_non_null(strstr(bytes, "the gateway online"));
    assert_non_null(strstr(bytes, "2 of 2 devices"));
    assert_non_null(strstr(bytes, "gas-1 (no telemetry"));
    assert_null(strstr(bytes, "may this account read"));
    session.message_count = 0;
    text_init(&text, bytes, sizeof bytes);
    ready_print(&session, &waivers, &text);
    assert_non_null(strstr(bytes, "may this account read " ROOT "/#?"));
    take(ROOT "/status", "{\"online\":true}");
    told("\"values\":{},\"bad\":{\"gas\":\"no_answer\",\"mode\":\"no_answer\",\"humidity\":\"no_answer\"}");
    text_init(&text, bytes, sizeof bytes);
    ready_print(&session, &waivers, &text);
    assert_null(strstr(bytes, "online"));
    assert_non_null(strstr(bytes, "gas-1 (3/4 bad"));
    assert_non_null(strstr(bytes, ": gas mode humidity)"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_came, begin, end),
        cmocka_unit_test_setup_teardown(test_the_least_is_named, begin, end),
        cmocka_unit_test_setup_teardown(test_what_is_worked_out_is_not_judged, begin, end),
        cmocka_unit_test_setup_teardown(test_waived, begin, end),
        cmocka_unit_test_setup_teardown(test_nothing_came_cannot_be_waived, begin, end),
        cmocka_unit_test_setup_teardown(test_slips_of_the_pen, begin, end),
        cmocka_unit_test_setup_teardown(test_too_many, begin, end),
        cmocka_unit_test_setup_teardown(test_near, begin, end),
        cmocka_unit_test_setup_teardown(test_what_is_waited_for, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
