/* The profile format: channels, base, freeze, systems of codes, what a class's derived points need; on classes of its own. */
#include "tests/support/test.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/core/decode.h"
#include "gateway/core/plan.h"
#include "gateway/site/profile.h"
#include "gateway/site/profiles.h"
#include "tests/support/scratch.h"

/* --- classes -------------------------------------------------------------------------------------------------------- */

static const struct code modes[] = {{"normal", "正常", "normal"}, {"warmup", "预热", "warm-up"}};
static const struct dialect_code test_codes[] = {{1, "01", "normal"}, {2, "02", "warmup"}, {7, "07", "warmup"}};
static const struct dialect_code other_codes[] = {{0, "0", "normal"}};
static const struct class_dialect dialects[] = {
    {.system = "TEST-1", .point = "mode", .codes = test_codes, .code_count = 3},
    {.system = "OTHER-2", .point = "mode", .codes = other_codes, .code_count = 1},
    {.system = "TEST-9", .point = "value", .codes = other_codes, .code_count = 1},
};

#define NUMBER_ROW(id_, unit_)                                                                                         \
    .id = (id_), .unit = (unit_), .type = VALUE_NUMBER, .minimum = NO_LIMIT, .maximum = NO_LIMIT, .zh = "数",          \
    .en = (id_)
#define BOOL_ROW(id_)                                                                                                  \
    .id = (id_), .unit = "", .type = VALUE_BOOL, .minimum = NO_LIMIT, .maximum = NO_LIMIT, .zh = "是否", .en = (id_)

static const struct class_point detector_points[] = {
    {NUMBER_ROW("value", "%{LEL}"), .poll = POLL_SAFETY},
    {.id = "mode",
     .unit = "",
     .type = VALUE_ENUM,
     .codes = modes,
     .code_count = 2,
     .minimum = NO_LIMIT,
     .maximum = NO_LIMIT,
     .poll = POLL_NORMAL,
     .zh = "状态",
     .en = "mode"},
    {BOOL_ROW("alarm"), .poll = POLL_SAFETY},
    {NUMBER_ROW("speed", "m/s"), .poll = POLL_NORMAL},
    {BOOL_ROW("verdict"), .derived = true},
    {BOOL_ROW("either"), .derived = true, .needs = "mode|alarm|rated value"},
    {BOOL_ROW("running"), .derived = true, .readable = true, .needs = "speed"},
    {NUMBER_ROW("relative", "%"), .derived = true, .needs = "speed rated"},
    {NUMBER_ROW("load", "%"), .derived = true, .needs = "capacity"},
    {BOOL_ROW("late"), .derived = true, .needs = "either  relative"},
};
static const struct class_setting settings[] = {
    {.id = "rated", .unit = "m/s", .minimum = 0, .maximum = 10, .standard = NO_LIMIT, .zh = "", .en = ""},
    {.id = "capacity", .unit = "kg", .minimum = 0, .maximum = 1000, .standard = 500, .zh = "", .en = ""},
};
static const struct device_class detector_class = {.id = "detector",
                                                   .zh = "探测器",
                                                   .en = "detector",
                                                   .points = detector_points,
                                                   .point_count = ARRAY_SIZE(detector_points),
                                                   .settings = settings,
                                                   .setting_count = ARRAY_SIZE(settings),
                                                   .dialects = dialects,
                                                   .dialect_count = ARRAY_SIZE(dialects)};
static const struct class_point panel_points[] = {
    {BOOL_ROW("panel_fault"), .poll = POLL_SAFETY},
    {NUMBER_ROW("beat", ""), .poll = POLL_NORMAL},
};
static const struct device_class panel_class = {.id = "panel",
                                                .zh = "控制器",
                                                .en = "panel",
                                                .points = panel_points,
                                                .point_count = ARRAY_SIZE(panel_points),
                                                .channel = &detector_class};
static const struct device_class free_class = {.id = "free", .zh = "其他", .en = "free", .open = true};
static const struct device_class *const all_classes[] = {&detector_class, &panel_class, &free_class};
static const struct class_table table = {all_classes, ARRAY_SIZE(all_classes)};

/* --- loading -------------------------------------------------------------------------------------------------------- */

#define PANEL                                                                                                          \
    "{\"profile\":\"panel\",\"class\":\"panel\",\"max_gap\":2,"                                                        \
    "\"freeze\":{\"point\":\"beat\",\"after\":\"1min\"},\"repeat\":{\"count\":64,\"step\":2},\"points\":{"             \
    "\"value\":{\"function\":\"holding\",\"address\":100,\"type\":\"f32\",\"only_if\":{\"address\":102,\"equals\":5}}" \
    ","                                                                                                                \
    "\"mode\":{\"function\":\"holding\",\"address\":1000,\"type\":\"u16\",\"map\":\"TEST-1\",\"repeat\":{\"step\":1}," \
    "\"only_if\":{\"address\":990,\"equals\":1,\"fixed\":true}},"                                                      \
    "\"alarm\":{\"function\":\"holding\",\"address\":2000,\"type\":\"bits\",\"bit\":3,"                                \
    "\"repeat\":{\"count\":4,\"step\":0}},"                                                                            \
    "\"speed\":{\"function\":\"input\",\"address\":7,\"type\":\"u16\",\"zh\":\"转速\",\"repeat\":{\"count\":2},"     \
    "\"scale_from\":{\"address\":8}},"                                                                                 \
    "\"panel_fault\":{\"function\":\"discrete\",\"address\":0,\"repeat\":false},"                                      \
    "\"beat\":{\"function\":\"holding\",\"address\":10,\"type\":\"u16\",\"repeat\":false}}}"

#define BASED                                                                                                          \
    "{\"profile\":\"based\",\"class\":\"free\",\"base\":-1,\"identity\":{\"function\":\"holding\",\"address\":1,"      \
    "\"equals\":3},\"points\":{\"x\":{\"function\":\"holding\",\"address\":5,\"type\":\"u16\","                        \
    "\"scale_from\":{\"address\":6},\"only_if\":{\"address\":7,\"equals\":1}}}}"
#define OF_SITE                                                                                                        \
    "{\"profile\":\"of-site\",\"class\":\"free\",\"base\":\"site\",\"points\":{"                                       \
    "\"x\":{\"function\":\"holding\",\"address\":200,\"type\":\"u16\"},"                                               \
    "\"y\":{\"function\":\"coil\",\"address\":0,\"repeat\":{\"count\":3,\"step\":10}}}}"
#define WIDE                                                                                                           \
    "{\"profile\":\"wide\",\"class\":\"free\",\"repeat\":{\"count\":600,\"step\":1},\"points\":{"                      \
    "\"a\":{\"function\":\"coil\",\"address\":0},\"b\":{\"function\":\"discrete\",\"address\":0}}}"
#define LIFT                                                                                                           \
    "{\"profile\":\"one\",\"class\":\"detector\",\"points\":{"                                                         \
    "\"value\":{\"function\":\"holding\",\"address\":0,\"type\":\"u16\"},"                                             \
    "\"running\":{\"function\":\"discrete\",\"address\":0}}}"

#define HELD(name, text)                                                                                               \
    {                                                                                                                  \
        name, text, sizeof(text) - 1                                                                                   \
    }
static const struct profile_bytes held[] = {HELD("panel", PANEL), HELD("based", BASED), HELD("of-site", OF_SITE),
                                            HELD("wide", WIDE), HELD("one", LIFT)};
static const struct site_sources sources = {.classes = &table, .profiles = held, .profile_count = ARRAY_SIZE(held)};

struct fixture {
    struct complaints complaints;
    struct arena arena;
    const struct site *site;
    enum err err;
    char text[65536];
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    CHECK(f != NULL);
    *state = f;
    return 0;
}

static void again(struct fixture *f)
{
    complaints_close(&f->complaints);
    arena_close(&f->arena);
    complaints_init(&f->complaints);
    arena_init(&f->arena, (size_t)16 * 1024 * 1024);
    f->site = NULL;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    complaints_close(&f->complaints);
    arena_close(&f->arena);
    free(f);
    return 0;
}

static void print_complaints(const struct fixture *f)
{
    char line[1024];
    for (size_t i = 0; i < f->complaints.count; i++) {
        complaint_print(&f->complaints.list[i], LANGUAGE_EN, line, sizeof line);
        print_message("[%s] %s", f->complaints.list[i].code, line);
    }
}

/* A site with these slaves and devices on one bus. */
static void load_with(struct fixture *f, const struct site_sources *from, const char *slaves, const char *devices)
{
    again(f);
    (void)snprintf(f->text, sizeof f->text,
                   "{\"gateway\":{\"id\":\"g\"},\"buses\":[{\"id\":\"b\",\"link\":\"tcp\",\"host\":\"127.0.0.1\"}],"
                   "\"slaves\":[%s],\"devices\":[%s],"
                   "\"centres\":[{\"id\":\"c\",\"url\":\"mqtts://h\"}]}",
                   slaves, devices);
    f->err = site_load_bytes("test.json", f->text, strlen(f->text), from, &f->arena, &f->complaints, &f->site);
}

static void load(struct fixture *f, const char *slaves, const char *devices)
{
    load_with(f, &sources, slaves, devices);
    if (f->err != ERR_OK)
        print_complaints(f);
    assert_int_equal(f->err, ERR_OK);
}

static size_t count_code(const struct fixture *f, const char *code)
{
    size_t count = 0;
    for (size_t i = 0; i < f->complaints.count; i++)
        count += strcmp(f->complaints.list[i].code, code) == 0;
    return count;
}

static const struct slave_point *find_point(const struct fixture *f, const char *id)
{
    const struct site_slave *slave = &f->site->slaves[0];
    for (size_t i = 0; i < slave->point_count; i++)
        if (strcmp(slave->points[i].id, id) == 0)
            return &slave->points[i];
    return NULL;
}

static const struct slave_point *point_of(const struct fixture *f, const char *id)
{
    const struct slave_point *point = find_point(f, id);
    CHECK(point != NULL);
    return point;
}

static ptrdiff_t index_of(const struct fixture *f, const char *id)
{
    return point_of(f, id) - f->site->slaves[0].points;
}

static const struct device_point *find_device_point(const struct fixture *f, size_t device, const char *id)
{
    const struct site_device *of = &f->site->devices[device];
    for (size_t i = 0; i < of->point_count; i++)
        if (strcmp(of->points[i].id, id) == 0)
            return &of->points[i];
    return NULL;
}

static const struct device_point *device_point_of(const struct fixture *f, size_t device, const char *id)
{
    const struct device_point *point = find_device_point(f, device, id);
    CHECK(point != NULL);
    return point;
}

#define PANEL_SLAVE(more) "{\"id\":\"p\",\"bus\":\"b\",\"unit\":1,\"profile\":\"panel\"" more "}"

/* --- channels ------------------------------------------------------------------------------------------------------- */

static void channels_are_made_of_a_repeat(void **state)
{
    struct fixture *f = *state;
    load(f, PANEL_SLAVE(""), "{\"id\":\"d\",\"slaves\":[\"p.ch1\"]}");
    assert_int_equal(f->site->slaves[0].point_count, 64 + 64 + 4 + 2 + 1 + 1);
    assert_int_equal(point_of(f, "ch1.value")->address, 100);
    assert_int_equal(point_of(f, "ch64.value")->address, 226);
    assert_int_equal(point_of(f, "ch64.mode")->address, 1063);
    assert_int_equal(point_of(f, "ch4.alarm")->address, 2000); /* step 0: shared */
    assert_null(find_point(f, "ch5.alarm"));
    assert_null(find_point(f, "ch65.value"));
    assert_null(find_point(f, "value"));
    assert_non_null(find_point(f, "panel_fault"));
    assert_null(find_point(f, "ch1.panel_fault"));
    assert_int_equal(point_of(f, "ch2.speed")->address, 9);
    assert_int_equal(point_of(f, "ch17.value")->poll, POLL_SAFETY); /* canonical of the channel class */
    assert_string_equal(point_of(f, "ch17.value")->unit, "%{LEL}");
    assert_int_equal(point_of(f, "beat")->type, VALUE_NUMBER); /* and this of the panel's */
}

static void parts_move_along_unless_they_are_fixed(void **state)
{
    struct fixture *f = *state;
    load(f, PANEL_SLAVE(""), "{\"id\":\"d\",\"slaves\":[\"p.ch1\"]}");
    assert_int_equal(point_of(f, "ch1.value")->only_if.address, 102);
    assert_int_equal(point_of(f, "ch10.value")->only_if.address, 120);
    assert_int_equal(point_of(f, "ch2.speed")->scale_from.address, 10);
    assert_int_equal(point_of(f, "ch1.mode")->only_if.address, 990);
    assert_int_equal(point_of(f, "ch64.mode")->only_if.address, 990);
}

static void a_slave_may_have_fewer_channels(void **state)
{
    struct fixture *f = *state;
    load(f, PANEL_SLAVE(",\"channels\":3"), "{\"id\":\"d\",\"slaves\":[\"p.ch3\"]}");
    assert_int_equal(f->site->slaves[0].point_count, 3 + 3 + 3 + 2 + 1 + 1);
    assert_non_null(find_point(f, "ch3.value"));
    assert_null(find_point(f, "ch4.value"));
    load(f, "{\"id\":\"p\",\"bus\":\"b\",\"unit\":1,\"profile\":\"wide\",\"channels\":512}",
         "{\"id\":\"d\",\"slaves\":[\"p.ch512\"]}");
    assert_int_equal(f->site->slaves[0].point_count, SITE_POINTS_MAX);
}

static void devices_take_channels(void **state)
{
    struct fixture *f = *state;
    load(f, PANEL_SLAVE(""),
         "{\"id\":\"shop-1\",\"slaves\":[\"p.ch2\"]},"
         "{\"id\":\"shop-2\",\"class\":\"free\",\"slaves\":[\"p.ch3\"]},"
         "{\"id\":\"shop-3\",\"class\":\"detector\",\"points\":{\"value\":\"p.ch17.value\"}},"
         "{\"id\":\"whole\",\"slaves\":[\"p\"]}");
    assert_ptr_equal(f->site->devices[0].class, &detector_class);
    assert_ptr_equal(f->site->devices[3].class, &panel_class);
    assert_int_equal(device_point_of(f, 0, "value")->slave_point, index_of(f, "ch2.value"));
    assert_int_equal(device_point_of(f, 0, "mode")->slave_point, index_of(f, "ch2.mode"));
    assert_string_equal(device_point_of(f, 0, "speed")->zh, "转速"); /* the profile's label, not the class's */
    assert_non_null(find_device_point(f, 1, "alarm"));               /* a free class takes all that the channel has */
    assert_null(find_device_point(f, 1, "speed"));                   /* there are two of these only */
    assert_null(find_device_point(f, 1, "panel_fault"));
    assert_int_equal(device_point_of(f, 2, "value")->slave_point, index_of(f, "ch17.value"));
    assert_null(find_device_point(f, 2, "mode"));
    assert_non_null(find_device_point(f, 3, "panel_fault"));
    assert_null(find_device_point(f, 3, "value"));
    assert_int_equal(f->complaints.count, 0);
}

static void what_nobody_takes_is_not_read(void **state)
{
    struct fixture *f = *state;
    load(f, PANEL_SLAVE(""), "{\"id\":\"d\",\"slaves\":[\"p.ch2\"]}");
    const struct site_slave *slave = &f->site->slaves[0];
    size_t awake = 0;
    for (size_t i = 0; i < slave->point_count; i++)
        awake += !slave->points[i].idle;
    assert_int_equal(awake, 4 + 2); /* four of channel 2, and the panel's own, which are no channel's */
    assert_false(point_of(f, "ch2.value")->idle);
    assert_true(point_of(f, "ch3.value")->idle);
    assert_false(point_of(f, "panel_fault")->idle);
    struct plan_read reads[SITE_POINTS_MAX];
    uint16_t order[SITE_POINTS_MAX];
    struct plan plan;
    assert_int_equal(plan_make(&f->site->buses[0], slave, reads, SITE_POINTS_MAX, order, &plan), ERR_OK);
    assert_int_equal(plan.point_count, awake);
}

static void what_is_written_or_watched_is_read(void **state)
{
    static const char profile[] = "{\"profile\":\"w\",\"class\":\"free\",\"repeat\":{\"count\":3,\"step\":1},"
                                  "\"freeze\":{\"point\":\"ch3.beat\",\"after\":\"1min\"},"
                                  "\"points\":{\"beat\":{\"function\":\"holding\",\"address\":0,\"type\":\"u16\"},"
                                  "\"relay\":{\"function\":\"coil\",\"address\":0},\"t\":{\"function\":\"holding\","
                                  "\"address\":9,\"type\":\"u16\"}}}";
    struct profile_bytes const own = HELD("w", profile);
    struct site_sources const from = {.classes = &table, .profiles = &own, .profile_count = 1};
    struct fixture *f = *state;
    load_with(f, &from,
              "{\"id\":\"s\",\"bus\":\"b\",\"unit\":1,\"profile\":\"w\",\"write\":[\"ch2.relay\"],"
              "\"heartbeat\":{\"write\":\"ch1.beat\",\"every\":\"1s\"}}",
              "{\"id\":\"d\",\"class\":\"free\",\"points\":{\"x\":\"s.ch1.t\"}}");
    assert_int_equal(f->err, ERR_OK);
    assert_false(point_of(f, "ch2.relay")->idle);
    assert_true(point_of(f, "ch1.relay")->idle);
    assert_false(point_of(f, "ch1.beat")->idle);
    assert_true(point_of(f, "ch2.beat")->idle);
    assert_false(point_of(f, "ch3.beat")->idle);
    assert_int_equal(f->site->slaves[0].frozen_point, index_of(f, "ch3.beat"));
    assert_int_equal(f->site->slaves[0].frozen_after_ms, 60000);
}

/* --- base ----------------------------------------------------------------------------------------------------------- */

static void base_is_added_to_every_address(void **state)
{
    struct fixture *f = *state;
    load(f, "{\"id\":\"s\",\"bus\":\"b\",\"unit\":1,\"profile\":\"based\"}", "{\"id\":\"d\",\"slaves\":[\"s\"]}");
    assert_int_equal(point_of(f, "x")->address, 4);
    assert_int_equal(point_of(f, "x")->scale_from.address, 5);
    assert_int_equal(point_of(f, "x")->only_if.address, 6);
    assert_int_equal(f->site->slaves[0].identity.address, 0);
    load(f,
         "{\"id\":\"s\",\"bus\":\"b\",\"unit\":1,\"profile\":\"based\",\"base\":100,\"points\":{"
         "\"x\":{\"scale\":0.1},\"own\":{\"function\":\"coil\",\"address\":3}}}",
         "{\"id\":\"d\",\"slaves\":[\"s\"]}");
    assert_int_equal(point_of(f, "x")->address, 105); /* the slave's in place of the profile's */
    assert_int_equal(point_of(f, "x")->only_if.address, 107);
    assert_true(fabs(point_of(f, "x")->scale - 0.1) < 1e-12);
    assert_int_equal(point_of(f, "own")->address, 3); /* the site's own are as on the wire */
    assert_int_equal(f->site->slaves[0].identity.address, 101);
    load(f, "{\"id\":\"s\",\"bus\":\"b\",\"unit\":1,\"profile\":\"of-site\",\"base\":300}",
         "{\"id\":\"d\",\"slaves\":[\"s\"]}");
    assert_int_equal(point_of(f, "x")->address, 500);
    assert_int_equal(point_of(f, "ch3.y")->address, 320);
}

/* --- refusals ------------------------------------------------------------------------------------------------------- */

struct refusal {
    const char *slave;  /* keys after id, bus and unit */
    const char *device; /* keys after the id */
    const char *code;
    const char *words; /* part of the English sentence */
};

static const struct refusal refusals[] = {
    {"\"profile\":\"panel\"", "\"slaves\":[\"s.ch65\"]", "no_channel", "ch1 … ch64"},
    {"\"profile\":\"panel\",\"channels\":5", "\"slaves\":[\"s.ch6\"]", "no_channel", "ch1 … ch5"},
    {"\"profile\":\"panel\",\"channels\":5", "\"class\":\"detector\",\"points\":{\"value\":\"s.ch6.value\"}",
     "no_channel", "ch1 … ch5"},
    {"\"profile\":\"based\"", "\"slaves\":[\"s.ch1\"]", "no_channel", "none"},
    {"\"profile\":\"panel\"", "\"class\":\"detector\",\"points\":{\"value\":\"s.ch65.value\"}", "no_channel", "ch64"},
    {"\"profile\":\"panel\"", "\"class\":\"detector\",\"points\":{\"value\":\"s.ch6.valu\"}", "no_slave_point",
     "ch6.value"},
    {"\"profile\":\"panel\"", "\"class\":\"detector\",\"points\":{\"value\":\"s.value\"}", "no_slave_point",
     "ch1.value"},
    {"\"profile\":\"panel\"", "\"class\":\"detector\",\"points\":{\"value\":\"s.ch06.value\"}", "no_slave_point", "s"},
    {"\"profile\":\"panel\"", "\"class\":\"detector\",\"points\":{\"alarm\":\"s.ch5.alarm\"}", "no_slave_point", "ch5"},
    {"\"profile\":\"panel\"", "\"slaves\":[\"s.seven\"]", "bad_channel", "id.ch17"},
    {"\"profile\":\"panel\"", "\"slaves\":[\"s.ch0\"]", "bad_channel", "id.ch17"},
    {"\"profile\":\"panel\"", "\"slaves\":[\"s.ch1.\"]", "bad_channel", "id.ch17"},
    {"\"profile\":\"panel\"", "\"slaves\":[\"s.ch1.value\"]", "bad_channel", "id.ch17"},
    {"\"profile\":\"panel\"", "\"slaves\":[\"q.ch1\"]", "not_found", "q"},
    {"\"profile\":\"panel\"", "\"slaves\":[\"s.ch1\",\"s.ch1\"]", "listed_twice", "s.ch1"},
    {"\"profile\":\"panel\",\"channels\":65", "\"slaves\":[\"s.ch1\"]", "out_of_range", "1 … 64"},
    {"\"profile\":\"panel\",\"channels\":0", "\"slaves\":[\"s.ch1\"]", "out_of_range", "1 to 1024"},
    {"\"profile\":\"based\",\"channels\":2", "\"slaves\":[\"s\"]", "no_channels", "channels"},
    {"\"points\":{\"x\":{\"function\":\"coil\",\"address\":0}},\"channels\":2", "\"class\":\"free\",\"slaves\":[\"s\"]",
     "no_channels", "channels"},
    {"\"profile\":\"wide\"", "\"slaves\":[\"s.ch1\"]", "points_many", "Lower \"channels\" to 512"},
    {"\"profile\":\"of-site\"", "\"slaves\":[\"s\"]", "base_needed", "of-site"},
    {"\"profile\":\"of-site\",\"base\":-201", "\"slaves\":[\"s\"]", "base_range",
     "\"x\" reaches from address -1 to -1"},
    {"\"profile\":\"of-site\",\"base\":65520", "\"slaves\":[\"s\"]", "base_range", "65720"},
    {"\"profile\":\"of-site\",\"base\":\"site\"", "\"slaves\":[\"s\"]", "bad_type", "whole number"},
    {"\"points\":{\"x\":{\"function\":\"coil\",\"address\":0}},\"base\":2", "\"class\":\"free\",\"slaves\":[\"s\"]",
     "needs_key", "profile"},
    {"\"profile\":\"based\",\"max_count\":2", "\"slaves\":[\"s\"]", "count_small", "3 registers"},
    {"\"profile\":\"panel\",\"every\":\"30s\"", "\"slaves\":[\"s.ch1\"]", "freeze_short", "30s"},
    {"\"profile\":\"panel\",\"points\":{\"ch1.value\":{\"scale\":2}}", "\"slaves\":[\"s.ch1\"]", "bad_id", "ch1.value"},
    {"\"profile\":\"panel\",\"write\":[\"ch1.value\"]", "\"slaves\":[\"s.ch1\"]", "not_writable", "ch1.value"},
    {"\"profile\":\"panel\",\"points\":{\"panel_fault\":{\"address\":3,\"repeat\":{\"count\":2,\"step\":1}}"
     "}",
     "\"slaves\":[\"s.ch1\"]", "unknown_key", "repeat"},
};

static bool says(const struct fixture *f, const struct refusal *refusal)
{
    for (size_t i = 0; i < f->complaints.count; i++)
        if (strcmp(f->complaints.list[i].code, refusal->code) == 0 &&
            strstr(f->complaints.list[i].text[LANGUAGE_EN], refusal->words) != NULL)
            return true;
    return false;
}

static void mistakes_get_sentences(void **state)
{
    struct fixture *f = *state;
    char slave[512];
    char device[512];
    for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
        (void)snprintf(slave, sizeof slave, "{\"id\":\"s\",\"bus\":\"b\",\"unit\":1,%s}", refusals[i].slave);
        (void)snprintf(device, sizeof device, "{\"id\":\"d\",%s}", refusals[i].device);
        load_with(f, &sources, slave, device);
        if (f->err != ERR_FORMAT || f->complaints.errors != 1 || !says(f, &refusals[i])) {
            print_complaints(f);
            fail_msg("%s %s: %zu errors, wanted %s", slave, device, f->complaints.errors, refusals[i].code);
        }
    }
}

static void two_channels_offer_the_same(void **state)
{
    struct fixture *f = *state;
    load_with(f, &sources, PANEL_SLAVE(""), "{\"id\":\"d\",\"class\":\"detector\",\"slaves\":[\"p.ch2\",\"p.ch3\"]}");
    assert_int_equal(f->err, ERR_FORMAT);
    assert_int_equal(count_code(f, "two_offers"), 3);
    assert_non_null(strstr(f->complaints.list[0].text[LANGUAGE_EN], "\"value\": \"p.ch2.value\""));
    load(f, PANEL_SLAVE(""),
         "{\"id\":\"d\",\"class\":\"detector\",\"slaves\":[\"p.ch2\",\"p.ch3\"],\"points\":{\"value\":\"p.ch3.value\","
         "\"mode\":\"p.ch2.mode\",\"alarm\":\"p.ch4.alarm\"}}");
    assert_int_equal(device_point_of(f, 0, "value")->slave_point, index_of(f, "ch3.value"));
}

static void sharing_a_channel_is_warned_of(void **state)
{
    struct fixture *f = *state;
    load(f, PANEL_SLAVE(""),
         "{\"id\":\"d1\",\"slaves\":[\"p.ch2\"]},{\"id\":\"d2\",\"slaves\":[\"p.ch2\"]},"
         "{\"id\":\"d3\",\"class\":\"detector\",\"points\":{\"value\":\"p.ch3.value\",\"speed\":\"p.ch1.speed\"}}");
    assert_int_equal(count_code(f, "channel_shared"), 1);
    assert_int_equal(f->complaints.count, 1);
    assert_non_null(strstr(f->complaints.list[0].text[LANGUAGE_EN], "\"d1\""));
    assert_non_null(strstr(f->complaints.list[0].text[LANGUAGE_EN], "p.ch2"));
}

/* --- classes -------------------------------------------------------------------------------------------------------- */

static void a_map_may_be_a_system_of_codes(void **state)
{
    struct fixture *f = *state;
    load(f, PANEL_SLAVE(""), "{\"id\":\"d\",\"slaves\":[\"p.ch1\"]}");
    const struct slave_point *mode = point_of(f, "ch9.mode");
    assert_int_equal(mode->type, VALUE_ENUM);
    assert_ptr_equal(mode->codes, modes);
    assert_int_equal(mode->map_count, 3);
    assert_int_equal(mode->map[0].raw, 1);
    assert_int_equal(mode->map[0].code, 0);
    assert_int_equal(mode->map[2].raw, 7);
    assert_int_equal(mode->map[2].code, 1);
    load_with(f, &sources,
              "{\"id\":\"s\",\"bus\":\"b\",\"unit\":1,\"profile\":\"one\",\"points\":{\"mode\":"
              "{\"function\":\"holding\",\"address\":3,\"type\":\"u16\",\"map\":\"TEST-9\"}}}",
              "{\"id\":\"d\",\"slaves\":[\"s\"]}");
    assert_int_equal(f->complaints.errors, 1); /* that one is of another point */
    assert_int_equal(count_code(f, "map_system"), 1);
    assert_non_null(strstr(f->complaints.list[0].text[LANGUAGE_EN], "did you mean \"TEST-1\"?"));
}

static void derived_points_are_there_when_their_needs_are(void **state)
{
    struct fixture *f = *state;
    const char *const points[] = {"value",  "mode",    "alarm",    "speed", "verdict",
                                  "either", "running", "relative", "load",  "late"};
    static const struct {
        const char *device; /* keys after id, bus and unit */
        const char *has;    /* per point above: r read, d derived, - not there */
    } cases[] = {
        {"\"points\":{\"value\":{\"function\":\"input\",\"address\":0,\"type\":\"u16\"}}", "r---d---d-"},
        {"\"points\":{\"mode\":{\"function\":\"input\",\"address\":0,\"type\":\"u16\",\"map\":{\"0\":\"normal\"}}}",
         "-r--d---d-"},
        {"\"points\":{\"value\":{\"function\":\"input\",\"address\":0,\"type\":\"u16\"},"
         "\"alarm\":{\"function\":\"coil\",\"address\":0}}",
         "r-r-dd--d-"},
        {"\"points\":{\"value\":{\"function\":\"input\",\"address\":0,\"type\":\"u16\"}},\"settings\":{\"rated\":2}",
         "r---dd--d-"},
        {"\"points\":{\"speed\":{\"function\":\"input\",\"address\":0,\"type\":\"u16\"}}", "---rd-d-d-"},
        {"\"points\":{\"speed\":{\"function\":\"input\",\"address\":0,\"type\":\"u16\"}},\"settings\":{\"rated\":2}",
         "---rd-ddd-"},
        {"\"points\":{\"value\":{\"function\":\"input\",\"address\":0,\"type\":\"u16\"},"
         "\"speed\":{\"function\":\"input\",\"address\":1,\"type\":\"u16\"}},\"settings\":{\"rated\":2}",
         "r--rdddddd"},
        {"\"points\":{\"running\":{\"function\":\"coil\",\"address\":0}}", "----d-r-d-"},
        {"\"profile\":\"one\"", "r---d-r-d-"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char device[512];
        char has[ARRAY_SIZE(points) + 1] = "";
        (void)snprintf(device, sizeof device, "{\"id\":\"d\",\"class\":\"detector\",\"bus\":\"b\",\"unit\":1,%s}",
                       cases[i].device);
        load(f, "", device);
        for (size_t k = 0; k < ARRAY_SIZE(points); k++) {
            const struct device_point *point = find_device_point(f, 0, points[k]);
            has[k] = point == NULL ? '-' : point->slave >= 0 ? 'r' : 'd';
        }
        assert_string_equal(has, cases[i].has);
    }
}

static void what_only_the_gateway_computes_is_not_read(void **state)
{
    struct fixture *f = *state;
    static const char *const devices[] = {
        "{\"id\":\"d\",\"class\":\"detector\",\"bus\":\"b\",\"unit\":1,\"points\":{"
        "\"relative\":{\"function\":\"input\",\"address\":0,\"type\":\"u16\"}}}",
        "{\"id\":\"d\",\"class\":\"detector\",\"slaves\":[\"s\"],\"points\":{\"verdict\":\"s.running\"}}"};
    for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
        load_with(f, &sources, "{\"id\":\"s\",\"bus\":\"b\",\"unit\":2,\"profile\":\"one\"}", devices[i]);
        assert_int_equal(f->complaints.errors, 1);
        assert_int_equal(count_code(f, "point_derived"), 1);
    }
}

/* A slave of no class offers a point of that name: it is another thing. */
static void a_verdict_is_the_gateways(void **state)
{
    struct fixture *f = *state;
    load(f,
         "{\"id\":\"s\",\"bus\":\"b\",\"unit\":2,\"points\":{\"verdict\":{\"function\":\"coil\",\"address\":0},"
         "\"running\":{\"function\":\"coil\",\"address\":1}}}",
         "{\"id\":\"d\",\"class\":\"detector\",\"slaves\":[\"s\"]}");
    assert_int_equal(device_point_of(f, 0, "verdict")->slave, -1);
    assert_int_equal(device_point_of(f, 0, "running")->slave, 0);
}

static void a_channel_that_gives_nothing_is_warned_of(void **state)
{
    struct fixture *f = *state;
    load(f, PANEL_SLAVE(""),
         "{\"id\":\"d\",\"class\":\"panel\",\"slaves\":[\"p.ch1\"],\"points\":{\"panel_fault\":\"p.panel_fault\"}}");
    assert_int_equal(count_code(f, "slave_gives_none"), 1);
}

/* --- raw numbers ---------------------------------------------------------------------------------------------------- */

static void sentinels_are_what_the_register_holds(void **state)
{
    struct fixture *f = *state;
    static struct batch batch;
    load(f, "",
         "{\"id\":\"d\",\"class\":\"free\",\"bus\":\"b\",\"unit\":1,\"points\":{"
         "\"x\":{\"function\":\"input\",\"address\":0,\"type\":\"f32\",\"invalid\":[-999.9]},"
         "\"y\":{\"function\":\"input\",\"address\":2,\"type\":\"u16\",\"valid\":[4,20],\"scale\":0.5},"
         "\"t\":{\"function\":\"input\",\"address\":3,\"type\":\"string\",\"length\":3}}}");
    float const sentinel = -999.9F;
    uint32_t bits;
    memcpy(&bits, &sentinel, sizeof bits);
    uint16_t const words[] = {(uint16_t)(bits >> 16), (uint16_t)bits, 21, 'a' << 8 | 'b', 'c' << 8 | 0xFF};
    struct decode_input const input = {.function = FUNCTION_INPUT, .count = 5, .words = words};
    uint16_t const points[] = {0, 1, 2};
    decode_read(&f->site->slaves[0], points, 3, &input, &batch);
    assert_int_equal(batch.samples[0].quality, QUALITY_BAD); /* -999.9 itself is no float */
    assert_int_equal(batch.samples[1].quality, QUALITY_BAD);
    assert_int_equal(batch.samples[2].quality, QUALITY_GOOD);
    assert_int_equal(batch.samples[2].value.text.size, 3);
}

/* --- any profile ---------------------------------------------------------------------------------------------------- */

struct row {
    bool is_bit;
    bool repeated;
    bool own_count;
    bool has_part;
    bool fixed;
    unsigned address;
    unsigned count;
    unsigned step;
    unsigned width;
    unsigned part;
    const char *poll;
};

#define ROWS_MAX 12

static struct row random_row(unsigned int *seed, unsigned profile_count, unsigned profile_step)
{
    static const char *const polls[] = {"safety", "normal", "slow"};
    struct row row = {
        .is_bit = rand_r(seed) % 4 == 0, .repeated = rand_r(seed) % 3 != 0, .poll = polls[rand_r(seed) % 3]};
    row.width = row.is_bit ? 1 : 1U << rand_r(seed) % 3;
    row.address = 100 + (unsigned)rand_r(seed) % 2000;
    row.own_count = row.repeated && (rand_r(seed) % 2 == 0 || profile_step < row.width);
    row.count = !row.repeated ? 1 : row.own_count ? 1 + (unsigned)rand_r(seed) % 20 : profile_count;
    row.step = !row.repeated ? 0 : row.own_count ? row.width + (unsigned)rand_r(seed) % 5 : profile_step;
    row.has_part = !row.is_bit && rand_r(seed) % 3 == 0;
    row.part = row.address - 3 + (unsigned)rand_r(seed) % 6;
    row.fixed = row.has_part && row.repeated && row.count * row.step < 60 && rand_r(seed) % 2 == 0;
    return row;
}

static void put_row(struct text *text, const struct row *row, size_t index)
{
    static const char *const types[] = {"", "u16", "u32", "", "f64"};
    text_put_format(text, "%s\"r%zu\":{\"function\":\"%s\",\"address\":%u,\"poll\":\"%s\"", index > 0 ? "," : "", index,
                    row->is_bit ? "coil" : "holding", row->address, row->poll);
    if (!row->is_bit)
        text_put_format(text, ",\"type\":\"%s\"", types[row->width]);
    if (row->has_part)
        text_put_format(text, ",\"only_if\":{\"address\":%u,\"equals\":1%s}", row->part,
                        row->fixed ? ",\"fixed\":true" : "");
    if (row->own_count)
        text_put_format(text, ",\"repeat\":{\"count\":%u,\"step\":%u}", row->count, row->step);
    else if (!row->repeated)
        text_put(text, ",\"repeat\":false");
    text_put(text, "}");
}

/* The slave has each row's channels, at the addresses that were meant. */
static void check_row(const struct fixture *f, const struct row *row, size_t index, unsigned channels, unsigned base)
{
    unsigned const count = !row->repeated ? 1 : row->count < channels ? row->count : channels;
    for (unsigned channel = 1; channel <= count; channel++) {
        char id[32];
        if (row->repeated)
            (void)snprintf(id, sizeof id, "ch%u.r%zu", channel, index);
        else
            (void)snprintf(id, sizeof id, "r%zu", index);
        const struct slave_point *point = point_of(f, id);
        unsigned const moved = base + (channel - 1) * row->step;
        assert_int_equal(point->address, row->address + moved);
        if (row->has_part)
            assert_int_equal(point->only_if.address, row->part + (row->fixed ? base : moved));
    }
}

/* Each point that a device takes, or that is in no channel, is in exactly one read, which covers it and its part. */
static void check_plan(const struct fixture *f)
{
    static struct plan_read reads[SITE_POINTS_MAX];
    static uint16_t order[SITE_POINTS_MAX];
    const struct site_slave *slave = &f->site->slaves[0];
    unsigned seen[SITE_POINTS_MAX] = {0};
    struct plan plan;
    assert_int_equal(plan_make(&f->site->buses[0], slave, reads, SITE_POINTS_MAX, order, &plan), ERR_OK);
    for (size_t i = 0; i < plan.read_count; i++) {
        bool const bits = reads[i].function == FUNCTION_COIL || reads[i].function == FUNCTION_DISCRETE;
        assert_in_range(reads[i].count, 1, bits ? 2000 : slave->count_max);
        for (size_t k = 0; k < reads[i].point_count; k++) {
            const struct slave_point *point = &slave->points[plan.points[reads[i].point_first + k]];
            uint32_t const end = (uint32_t)reads[i].address + reads[i].count;
            assert_true(point->function == reads[i].function && point->poll == reads[i].poll);
            assert_true(point->address >= reads[i].address && point->address + point->register_count <= end);
            assert_true(!point->has_only_if ||
                        (point->only_if.address >= reads[i].address && point->only_if.address < end));
            seen[plan.points[reads[i].point_first + k]]++;
        }
    }
    for (size_t i = 0; i < slave->point_count; i++)
        assert_int_equal(seen[i], slave->points[i].idle ? 0 : 1);
}

static void check_idle(const struct fixture *f)
{
    const struct site_slave *slave = &f->site->slaves[0];
    for (size_t i = 0; i < slave->point_count; i++) {
        bool taken = strchr(slave->points[i].id, '.') == NULL;
        for (size_t d = 0; d < f->site->device_count; d++)
            for (size_t p = 0; p < f->site->devices[d].point_count; p++)
                taken |= f->site->devices[d].points[p].slave_point == (int32_t)i;
        assert_int_equal(slave->points[i].idle, !taken);
    }
}

static void any_profile_is_what_it_says(void **state)
{
    struct fixture *f = *state;
    size_t points = 0;
    size_t idle = 0;
    for (unsigned int round = 0; round < 400; round++) {
        unsigned int seed = round;
        static char bytes[8192];
        struct row rows[ROWS_MAX];
        struct text text;
        unsigned const profile_count = 1 + (unsigned)rand_r(&seed) % 40;
        unsigned const profile_step = 1 + (unsigned)rand_r(&seed) % 6;
        unsigned const base = (unsigned)rand_r(&seed) % 60000;
        size_t const row_count = 1 + (size_t)rand_r(&seed) % ROWS_MAX;
        text_init(&text, bytes, sizeof bytes);
        text_put_format(&text,
                        "{\"profile\":\"any\",\"class\":\"free\",\"base\":%u,\"max_gap\":%d,\"max_count\":%d,"
                        "\"repeat\":{\"count\":%u,\"step\":%u},\"points\":{",
                        base, rand_r(&seed) % 20, 70 + rand_r(&seed) % 56, profile_count, profile_step);
        unsigned most = 0;
        for (size_t i = 0; i < row_count; i++) {
            rows[i] = random_row(&seed, profile_count, profile_step);
            put_row(&text, &rows[i], i);
            most = rows[i].repeated && rows[i].count > most ? rows[i].count : most;
        }
        text_put(&text, "}}");
        struct profile_bytes const own = {.name = "any", .bytes = bytes, .size = text.used};
        struct site_sources const from = {.classes = &table, .profiles = &own, .profile_count = 1};
        unsigned const channels = most == 0 ? 0 : 1 + (unsigned)rand_r(&seed) % most;
        unsigned const taken = channels == 0 ? 0 : 1 + (unsigned)rand_r(&seed) % channels;
        char slave[128];
        char device[128];
        (void)snprintf(slave, sizeof slave,
                       channels == 0 ? "{\"id\":\"s\",\"bus\":\"b\",\"unit\":1,\"profile\":\"any\"}"
                                     : "{\"id\":\"s\",\"bus\":\"b\",\"unit\":1,\"profile\":\"any\",\"channels\":%u}",
                       channels);
        (void)snprintf(device, sizeof device,
                       channels == 0 ? "{\"id\":\"d\",\"slaves\":[\"s\"]}"
                                     : "{\"id\":\"d\",\"class\":\"free\",\"slaves\":[\"s.ch%u\"]}",
                       taken);
        load_with(f, &from, slave, device);
        if (f->err != ERR_OK) {
            print_complaints(f);
            fail_msg("round %u: %s", round, bytes);
        }
        for (size_t i = 0; i < row_count; i++)
            check_row(f, &rows[i], i, channels, base);
        check_idle(f);
        check_plan(f);
        points += f->site->slaves[0].point_count;
        for (size_t i = 0; i < f->site->slaves[0].point_count; i++)
            idle += f->site->slaves[0].points[i].idle;
    }
    assert_true(points > 10000 && idle > 5000);
}

/* --- for people ----------------------------------------------------------------------------------------------------- */

static void a_profile_is_a_register_table(void **state)
{
    struct fixture *f = *state;
    const struct profile *profile = NULL;
    again(f);
    assert_int_equal(profile_open("panel", &sources, &f->arena, &f->complaints, &profile), ERR_OK);
    assert_string_equal(profile->name, "panel");
    assert_ptr_equal(profile->class, &panel_class);
    assert_int_equal(profile->point_count, 6);
    assert_int_equal(profile->channels, 64);
    assert_string_equal(profile->freeze_point, "beat");
    assert_int_equal(profile->freeze_after_ms, 60000);
    const struct profile_point *mode = &profile->points[1];
    assert_string_equal(mode->id, "mode");
    assert_string_equal(mode->type, "u16");
    assert_string_equal(mode->map_system, "TEST-1");
    assert_int_equal(mode->repeat.count, 64);
    assert_int_equal(mode->repeat.step, 1);
    assert_true(mode->only_if_fixed);
    assert_true(mode->is_writable);
    assert_int_equal(profile->points[4].repeat.count, 0);
    assert_string_equal(profile->points[4].type, "");
    assert_false(profile->points[4].is_writable);
    assert_int_equal(profile_open("nowhere", &sources, &f->arena, &f->complaints, &profile), ERR_NOT_FOUND);
    assert_int_equal(f->complaints.count, 0);
    assert_int_equal(profile_open("no/where.json", &sources, &f->arena, &f->complaints, &profile), ERR_NOT_FOUND);
}

static void a_bad_profile_is_shown_as_far_as_it_goes(void **state)
{
    static const char bytes[] = "{\"profile\":\"x\",\"class\":\"free\",\"base\":\"site\",\"note\":{\"zh\":\"注\"},"
                                "\"points\":{\"a\":{\"function\":\"coil\",\"address\":1},"
                                "\"b\":{\"function\":\"holding\",\"address\":2,\"type\":\"u17\"}}}";
    struct fixture *f = *state;
    const struct profile *profile = NULL;
    again(f);
    assert_int_equal(profile_open_bytes("x", bytes, sizeof bytes - 1, &table, &f->arena, &f->complaints, &profile),
                     ERR_FORMAT);
    assert_int_equal(f->complaints.errors, 1);
    assert_int_equal(profile->point_count, 1);
    assert_true(profile->base_from_site);
    assert_string_equal(profile->note[LANGUAGE_ZH], "注");
    assert_string_equal(profile->note[LANGUAGE_EN], "");
}

static void write_file(const char *dir, const char *name, const char *bytes)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "w");
    CHECK(file != NULL);
    (void)fputs(bytes, file);
    (void)fclose(file);
}

static void all_profiles_are_listed(void **state)
{
    struct fixture *f = *state;
    char dir[SCRATCH_MAX];
    char path[256];
    const struct profile_entry *entries = NULL;
    size_t count = 0;
    scratch_make(dir);
    write_file(dir, "zz.json",
               "{\"profile\":\"zz\",\"class\":\"free\",\"model\":\"M\",\"evidence\":\"bench\",\"zh\":\"甲\","
               "\"points\":{\"a\":{\"function\":\"coil\",\"address\":1}}}");
    write_file(dir, "aa.json", "{\"profile\":\"aa\",\"class\":\"fre\",\"points\":{}}");
    write_file(dir, "panel.json", "this one is hidden by the other of that name");
    write_file(dir, "notes.txt", "no profile");
    const char *const dirs[] = {dir, "/nowhere", NULL};
    struct site_sources const from = {.classes = &table, .profile_dirs = dirs, .profiles = held, .profile_count = 1};
    again(f);
    assert_int_equal(profiles_list(&from, &f->arena, &entries, &count), ERR_OK);
    assert_int_equal(count, 3);
    assert_string_equal(entries[0].name, "aa");
    assert_string_equal(entries[0].directory, dir);
    assert_string_equal(entries[0].class, "");
    assert_int_equal(entries[0].errors, 2);
    assert_false(entries[0].ok);
    assert_string_equal(entries[1].name, "panel");
    assert_true(entries[1].ok);
    assert_string_equal(entries[2].model, "M");
    assert_string_equal(entries[2].evidence, "bench");
    assert_string_equal(entries[2].label[LANGUAGE_ZH], "甲");
    assert_int_equal(entries[2].point_count, 1);
    const struct profile *profile = NULL;
    (void)snprintf(path, sizeof path, "%s/zz.json", dir);
    assert_int_equal(profile_open(path, &from, &f->arena, &f->complaints, &profile), ERR_OK);
    assert_string_equal(profile->name, "zz");
    assert_string_equal(profile->file, path);
    assert_int_equal(profile_open(dir, &from, &f->arena, &f->complaints, &profile), ERR_FORMAT); /* a directory */
    assert_int_equal(count_code(f, "cannot_read"), 1);
    scratch_remove(dir);
}

static void channels_in_names(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint16_t channel;
        const char *rest;
    } cases[] = {{"ch1.x", 1, "x"},       {"ch1024.a.b", 1024, "a.b"},   {"ch17", 17, ""},      {"ch0.x", 0, "ch0.x"},
                 {"ch01.x", 0, "ch01.x"}, {"ch10240.x", 0, "ch10240.x"}, {"ch", 0, "ch"},       {"", 0, ""},
                 {"c", 0, "c"},           {"ch1x", 0, "ch1x"},           {"Ch1.x", 0, "Ch1.x"}, {"chair", 0, "chair"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *rest;
        assert_int_equal(channel_split(cases[i].text, &rest), cases[i].channel);
        assert_string_equal(rest, cases[i].rest);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(channels_are_made_of_a_repeat, set_up, tear_down),
        cmocka_unit_test_setup_teardown(parts_move_along_unless_they_are_fixed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_slave_may_have_fewer_channels, set_up, tear_down),
        cmocka_unit_test_setup_teardown(devices_take_channels, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_nobody_takes_is_not_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_written_or_watched_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(base_is_added_to_every_address, set_up, tear_down),
        cmocka_unit_test_setup_teardown(mistakes_get_sentences, set_up, tear_down),
        cmocka_unit_test_setup_teardown(two_channels_offer_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sharing_a_channel_is_warned_of, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_map_may_be_a_system_of_codes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(derived_points_are_there_when_their_needs_are, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_only_the_gateway_computes_is_not_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_verdict_is_the_gateways, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_channel_that_gives_nothing_is_warned_of, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sentinels_are_what_the_register_holds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(any_profile_is_what_it_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_profile_is_a_register_table, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_bad_profile_is_shown_as_far_as_it_goes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_profiles_are_listed, set_up, tear_down),
        cmocka_unit_test(channels_in_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
