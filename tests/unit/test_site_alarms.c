/* Settings and alarms of the site file, with a device class made for it: limits that follow from settings, what is compared
 * with what, when an alarm counts. */
#include "tests/support/test.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/site/load.h"

enum point { PRESSURE, WATER, FEED, FIRING, PHASE, POINT_COUNT };

static const struct code phases[] = {{"off", "停", "off"}, {"purge", "吹扫", "purge"}, {"run", "运行", "run"}};
static const struct code fuels[] = {{"gas", "燃气", "gas"}, {"oil", "燃油", "oil"}};

#define NUMBER(id_, unit_, low, high)                                                                                  \
    {                                                                                                                  \
        .id = (id_), .unit = (unit_), .type = VALUE_NUMBER, .minimum = (low), .maximum = (high), .poll = POLL_SAFETY,  \
        .zh = "数", .en = "number"                                                                                     \
    }

static const struct class_point points[POINT_COUNT] = {
    [PRESSURE] = NUMBER("pressure", "MPa", -0.1, 10),
    [WATER] = NUMBER("water", "mm", -500, 500),
    [FEED] = NUMBER("feed", "mm", -500, 500),
    [FIRING] = {.id = "firing",
                .unit = "",
                .type = VALUE_BOOL,
                .minimum = NO_LIMIT,
                .maximum = NO_LIMIT,
                .zh = "燃",
                .en = "fires"},
    [PHASE] = {.id = "phase",
               .unit = "",
               .type = VALUE_ENUM,
               .codes = phases,
               .code_count = ARRAY_SIZE(phases),
               .minimum = NO_LIMIT,
               .maximum = NO_LIMIT,
               .zh = "相",
               .en = "phase"},
};

#define ALARM(id_, point_, kind_, limit_, ceiling_, priority_)                                                         \
    .id = (id_), .point = (point_), .kind = (kind_), .limit = (limit_), .limit_ceiling = (ceiling_),                   \
    .on_delay_max_ms = 60000, .priority = (priority_), .zh = "警", .en = "alarm"

static const struct class_alarm alarms[] = {
    {ALARM("p.high", "pressure", RULE_HI, NO_LIMIT, NO_LIMIT, PRIORITY_HIGH), .deadband = 0.01,
     .limit_from = {{"rated", 1.05, 0}, {"valve", 1, -0.02}}},
    {ALARM("p.high_hh", "pressure", RULE_HIHI, NO_LIMIT, NO_LIMIT, PRIORITY_CRITICAL), .deadband = 0.01,
     .limit_from = {{"rated", 1.1, 0}, {"valve", 1, 0}}},
    {ALARM("w.low", "water", RULE_LO, NO_LIMIT, NO_LIMIT, PRIORITY_HIGH), .deadband = 5,
     .limit_from = {{"lowest", 1, 10}, {"burnout", 1, 50}}},
    {ALARM("w.apart", "water", RULE_DEVIATION, 40, 100, PRIORITY_MEDIUM), .from = "feed"},
    {ALARM("w.falls", "water", RULE_RATE, -30, -60, PRIORITY_MEDIUM), .over_ms = 20000, .when = "firing"},
    {ALARM("w.still", "water", RULE_STUCK, NO_LIMIT, NO_LIMIT, PRIORITY_LOW), .on_delay_ms = 60000, .deadband = 1},
};

#define SETTING(id_, unit_, low, high, standard_)                                                                      \
    {                                                                                                                  \
        .id = (id_), .unit = (unit_), .minimum = (low), .maximum = (high), .standard = (standard_), .zh = "参数",      \
        .en = "setting"                                                                                                \
    }

static const struct class_setting settings[] = {
    SETTING("rated", "MPa", 0.1, 5, NO_LIMIT),
    SETTING("valve", "MPa", 0.1, 6, NO_LIMIT),
    SETTING("lowest", "mm", -500, 500, NO_LIMIT),
    SETTING("burnout", "mm", -500, 500, NO_LIMIT),
    SETTING("hours", "h", 1, 24, 8),
    {.id = "fuel",
     .unit = "",
     .standard = NO_LIMIT,
     .choices = fuels,
     .choice_count = ARRAY_SIZE(fuels),
     .zh = "燃料",
     .en = "fuel"},
};

static const struct device_class kettle = {.id = "kettle",
                                           .zh = "壶",
                                           .en = "kettle",
                                           .points = points,
                                           .point_count = ARRAY_SIZE(points),
                                           .alarms = alarms,
                                           .alarm_count = ARRAY_SIZE(alarms),
                                           .settings = settings,
                                           .setting_count = ARRAY_SIZE(settings)};
static const struct device_class plain = {.id = "plain", .zh = "无", .en = "plain", .open = true};
static const struct device_class *const list[] = {&kettle, &plain};
static const struct class_table classes = {list, ARRAY_SIZE(list)};
static const struct site_sources sources = {.classes = &classes};

struct fixture {
    struct arena arena;
    struct complaints complaints;
    const struct site *site;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    CHECK(f != NULL);
    arena_init(&f->arena, 1 << 20);
    complaints_init(&f->complaints);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    arena_close(&f->arena);
    complaints_close(&f->complaints);
    free(f);
    return 0;
}

#define ALL "water feed pressure firing phase"

static void load_text(struct fixture *f, const char *text)
{
    complaints_close(&f->complaints);
    complaints_init(&f->complaints);
    f->site = NULL;
    enum err const err =
        site_load_bytes("site.json", text, strlen(text), &sources, &f->arena, &f->complaints, &f->site);
    assert_int_equal(err == ERR_OK, f->site != NULL);
}

/* One kettle with these of its points and with what else its entry in "devices" says. */
static void load(struct fixture *f, const char *which, const char *rest)
{
    static const char *const rows[POINT_COUNT] = {
        [PRESSURE] = "\"pressure\": { \"function\": \"holding\", \"address\": 0, \"type\": \"u16\", \"scale\": 0.001 }",
        [WATER] = "\"water\": { \"function\": \"holding\", \"address\": 1, \"type\": \"s16\" }",
        [FEED] = "\"feed\": { \"function\": \"holding\", \"address\": 2, \"type\": \"s16\" }",
        [FIRING] = "\"firing\": { \"function\": \"coil\", \"address\": 0 }",
        [PHASE] = ("\"phase\": { \"function\": \"holding\", \"address\": 3, \"type\": \"u16\", "
                   "\"map\": { \"0\": \"off\", \"1\": \"purge\", \"2\": \"run\" } }"),
    };
    char buffer[4096];
    struct text text;
    text_init(&text, buffer, sizeof buffer);
    text_put(&text,
             "{ \"gateway\": { \"id\": \"g\" }, \"buses\": [ { \"id\": \"b\", \"link\": \"tcp\", \"host\": \"h\" } ],\n"
             "\"centres\": [ { \"id\": \"c\", \"url\": \"mqtts://h\" } ],\n"
             "\"devices\": [ { \"id\": \"d\", \"bus\": \"b\", \"unit\": 1, \"class\": \"kettle\", \"points\": { ");
    const char *comma = "";
    for (size_t i = 0; i < POINT_COUNT; i++) {
        if (strstr(which, points[i].id) == NULL)
            continue;
        text_put(&text, comma);
        text_put(&text, rows[i]);
        comma = ", ";
    }
    text_put(&text, " }");
    text_put(&text, rest);
    text_put(&text, " } ] }");
    load_text(f, buffer);
}

static const struct complaint *said(const struct fixture *f, const char *code)
{
    for (size_t i = 0; i < f->complaints.count; i++)
        if (strcmp(f->complaints.list[i].code, code) == 0)
            return &f->complaints.list[i];
    return NULL;
}

static void assert_said(const struct fixture *f, const char *code, const char *words)
{
    const struct complaint *complaint = said(f, code);
    if (complaint == NULL)
        fail_msg("no complaint %s (%zu others, first: %s)", code, f->complaints.count,
                 f->complaints.count > 0 ? f->complaints.list[0].text[LANGUAGE_EN] : "");
    else if (strstr(complaint->text[LANGUAGE_EN], words) == NULL)
        fail_msg("%s: %s", code, complaint->text[LANGUAGE_EN]);
}

static bool has_rule(const struct fixture *f, const char *id)
{
    for (size_t i = 0; f->site != NULL && i < f->site->rule_count; i++)
        if (strcmp(f->site->rules[i].id, id) == 0)
            return true;
    return false;
}

static struct rule rule_of(const struct fixture *f, const char *id)
{
    for (size_t i = 0; f->site != NULL && i < f->site->rule_count; i++)
        if (strcmp(f->site->rules[i].id, id) == 0)
            return f->site->rules[i];
    fail_msg("no rule %s", id);
    return (struct rule){0};
}

#define assert_near(is, wanted) assert_true(fabs((is) - (wanted)) < 1e-9)

/* --- settings ------------------------------------------------------------------------------------------------------- */

static void settings_are_numbers_and_words(void **state)
{
    struct fixture *f = *state;
    load(f, ALL, ", \"settings\": { \"rated\": 1.25, \"fuel\": \"oil\" }");
    assert_non_null(f->site);
    const double *values = f->site->devices[0].settings;
    assert_near(values[0], 1.25);
    assert_true(values[1] <= NO_LIMIT); /* unknown */
    assert_near(values[4], 8);          /* its standard */
    assert_near(values[5], 1);          /* the second word */
}

static void wrong_settings_are_explained(void **state)
{
    struct fixture *f = *state;
    load(f, ALL, ", \"settings\": { \"ratde\": 1 }");
    assert_said(f, "no_setting", "did you mean \"rated\"?");
    load(f, ALL, ", \"settings\": { \"rated\": 12 }");
    assert_said(f, "out_of_range", "12 is not allowed; allowed: 0.1 … 5 MPa");
    load(f, ALL, ", \"settings\": { \"rated\": \"1.25 MPa\" }");
    assert_said(f, "bad_type", "a number without quotes");
    load(f, ALL, ", \"settings\": { \"fuel\": \"gsa\" }");
    assert_said(f, "bad_choice", "did you mean \"gas\"?");
    load(f, ALL, ", \"settings\": { \"fuel\": 1 }");
    assert_said(f, "bad_type", "a text in quotes");
    load(f, ALL, ", \"settings\": [1]");
    assert_said(f, "bad_type", "an object");
    load(f, ALL, ", \"settings\": { \"rated\": 1, \"rated\": 2 }");
    assert_said(f, "doubled_key", "rated");
}

static void a_class_without_settings_says_so(void **state)
{
    struct fixture *f = *state;
    static const char text[] =
        "{ \"gateway\": { \"id\": \"g\" }, \"devices\": [ { \"id\": \"d\", \"class\": \"plain\", "
        "\"settings\": { \"rated\": 1 } } ] }";
    load_text(f, text);
    assert_said(f, "no_setting", "the class plain has no setting \"rated\"; there are none");
}

/* --- limits that follow from settings ------------------------------------------------------------------------------- */

static void the_strictest_setting_makes_the_limit(void **state)
{
    struct fixture *f = *state;
    load(f, ALL, ", \"settings\": { \"rated\": 1, \"lowest\": -50 }");
    assert_near(rule_of(f, "p.high").limit, 1.05);
    assert_near(rule_of(f, "p.high_hh").limit, 1.1);
    assert_near(rule_of(f, "w.low").limit, -40);
    load(f, ALL, ", \"settings\": { \"rated\": 1, \"valve\": 1.06, \"lowest\": -50, \"burnout\": -80 }");
    assert_near(rule_of(f, "p.high").limit, 1.04);
    assert_near(rule_of(f, "p.high_hh").limit, 1.06);
    assert_near(rule_of(f, "w.low").limit, -30); /* of two lower limits the higher one */
    assert_null(said(f, "setting_needed"));
}

static void an_alarm_without_its_setting_is_missed(void **state)
{
    struct fixture *f = *state;
    load(f, ALL, "");
    assert_non_null(f->site);
    assert_false(has_rule(f, "p.high"));
    assert_said(f, "setting_needed",
                "without the setting \"rated\" / \"valve\" this device does not have p.high, p.high_hh");
    size_t count = 0;
    for (size_t i = 0; i < f->complaints.count; i++)
        count += strcmp(f->complaints.list[i].code, "setting_needed") == 0;
    assert_int_equal(count, 2); /* the other one of the water */
    load(f, "firing", "");
    assert_null(said(f, "setting_needed")); /* no point, no alarm to miss */
}

static void the_file_may_give_the_limit_itself(void **state)
{
    struct fixture *f = *state;
    load(f, ALL,
         ", \"alarms\": { \"p.high\": { \"limit\": 0.8 }, \"p.high_hh\": { \"limit\": 0.9 }, \"w.low\": { \"limit\": "
         "-20 } }");
    assert_near(rule_of(f, "p.high").limit, 0.8);
    assert_null(said(f, "setting_needed"));
    load(f, ALL, ", \"settings\": { \"rated\": 1 }, \"alarms\": { \"p.high\": { \"limit\": 1.07 } }");
    assert_said(f, "weakened", "\"p.high\" is 1.05 by default and 1.07 here");
    load(f, ALL, ", \"settings\": { \"rated\": 1 }, \"alarms\": { \"p.high\": { \"limit\": 1.01 } }");
    assert_null(said(f, "weakened"));
    load(f, ALL, ", \"settings\": { \"rated\": 1 }, \"alarms\": { \"p.high_hh\": { \"limit\": 1.0 } }");
    assert_said(f, "limit_order",
                "\"p.high_hh\" (limit 1) is graver than \"p.high\" (limit 1.05) but is reached first");
}

/* --- the other kinds ------------------------------------------------------------------------------------------------ */

static void what_a_class_compares(void **state)
{
    struct fixture *f = *state;
    load(f, ALL, "");
    struct rule const apart = rule_of(f, "w.apart");
    struct rule const falls = rule_of(f, "w.falls");
    const struct device_point *of = f->site->devices[0].points;
    assert_string_equal(of[apart.from_point].id, "feed");
    assert_string_equal(apart.unit, "mm");
    assert_int_equal(falls.over_ms, 20000);
    assert_string_equal(of[falls.when_point].id, "firing");
    assert_int_equal(falls.when_mask, 2);
    assert_int_equal(rule_of(f, "w.still").kind, RULE_STUCK);
    load(f, "water", "");
    assert_false(has_rule(f, "w.apart"));                 /* nothing to compare it with */
    assert_int_equal(rule_of(f, "w.falls").when_mask, 0); /* not known when: always */
    assert_int_equal(rule_of(f, "w.falls").when_point, -1);
}

static void ceilings_hold_both_ways(void **state)
{
    struct fixture *f = *state;
    load(f, ALL, ", \"alarms\": { \"w.falls\": { \"limit\": -61 } }");
    assert_said(f, "limit_ceiling", "-60");
    load(f, ALL, ", \"alarms\": { \"w.falls\": { \"limit\": 20 } }");
    assert_said(f, "limit_sign", "rate");
    load(f, ALL, ", \"alarms\": { \"w.falls\": { \"limit\": -20 }, \"w.apart\": { \"limit\": 90, \"from\": 0 } }");
    assert_near(rule_of(f, "w.falls").limit, -20);
    assert_int_equal(rule_of(f, "w.apart").from_point, -1); /* a number instead of the class's point */
    load(f, ALL, ", \"alarms\": { \"w.apart\": { \"limit\": 101 } }");
    assert_said(f, "limit_ceiling", "100");
    load(f, ALL, ", \"alarms\": { \"w.still\": { \"on_delay\": \"2min\" } }");
    assert_said(f, "on_delay_long", "1min");
}

static void conditions_become_masks(void **state)
{
    struct fixture *f = *state;
    load(f, ALL,
         ", \"alarms\": { \"a\": { \"point\": \"water\", \"kind\": \"hi\", \"limit\": 9, \"when\": { \"point\": "
         "\"phase\", \"not\": \"off\" } },"
         " \"b\": { \"point\": \"water\", \"kind\": \"hi\", \"limit\": 9, \"when\": { \"point\": \"firing\", \"is\": "
         "false } },"
         " \"c\": { \"point\": \"water\", \"kind\": \"hi\", \"limit\": 9, \"when\": { \"point\": \"phase\", \"is\": "
         "[\"off\", \"run\"] } },"
         " \"d\": { \"point\": \"water\", \"kind\": \"rate\", \"limit\": -9 },"
         " \"e\": { \"point\": \"water\", \"kind\": \"deviation\", \"limit\": 9, \"from\": 100 },"
         " \"f\": { \"point\": \"water\", \"kind\": \"deviation\", \"limit\": 9, \"from\": \"feed\" } }");
    assert_non_null(f->site);
    assert_int_equal(rule_of(f, "a").when_mask, 6);
    assert_int_equal(rule_of(f, "b").when_mask, 1);
    assert_int_equal(rule_of(f, "c").when_mask, 5);
    assert_int_equal(rule_of(f, "d").when_mask, 0);
    assert_int_equal(rule_of(f, "d").over_ms, 10000);
    assert_int_equal(rule_of(f, "e").from_point, -1);
    assert_near(rule_of(f, "e").from_value, 100);
    assert_string_equal(f->site->devices[0].points[rule_of(f, "f").from_point].id, "feed");
}

/* High in one mode of work and low in another may overlap. */
static void limits_of_different_conditions_may_cross(void **state)
{
    struct fixture *f = *state;
    load(f, ALL,
         ", \"alarms\": { \"a\": { \"point\": \"water\", \"kind\": \"hi\", \"limit\": 9 },"
         " \"b\": { \"point\": \"water\", \"kind\": \"lo\", \"limit\": 10 } }");
    assert_said(f, "limits_cross", "one of the two is always there");
    load(f, ALL,
         ", \"alarms\": { \"a\": { \"point\": \"water\", \"kind\": \"hi\", \"limit\": 9,"
         " \"when\": { \"point\": \"firing\", \"is\": false } },"
         " \"b\": { \"point\": \"water\", \"kind\": \"lo\", \"limit\": 10 } }");
    assert_null(said(f, "limits_cross"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(settings_are_numbers_and_words, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wrong_settings_are_explained, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_class_without_settings_says_so, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_strictest_setting_makes_the_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_alarm_without_its_setting_is_missed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_file_may_give_the_limit_itself, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_a_class_compares, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ceilings_hold_both_ways, set_up, tear_down),
        cmocka_unit_test_setup_teardown(conditions_become_masks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(limits_of_different_conditions_may_cross, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
