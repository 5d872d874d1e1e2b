/* Values into registers and back, against vectors worked out by hand and by other people's documents. */
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "firmware-sim/encode.h"
#include "firmware-sim/json.h"
#include "firmware-sim/point.h"

static struct pool pool;
static cJSON *trees[64];
static size_t tree_count;

static int cleanup(void **state)
{
    (void)state;
    while (tree_count > 0)
        cJSON_Delete(trees[--tree_count]);
    pool_close(&pool);
    return 0;
}

/* JSON with ' for ", as the tests write it. */
static cJSON *parse(const char *json)
{
    struct sentence why;
    char bytes[256];
    assert_true(strlen(json) < sizeof bytes);
    (void)strcpy(bytes, json);
    for (char *at = strchr(bytes, '\''); at != NULL; at = strchr(at, '\''))
        *at = '"';
    cJSON *tree = json_parse("point", bytes, strlen(bytes), sentence_init(&why));
    if (tree == NULL)
        fail_msg("%s: %s", json, why.bytes);
    return tree;
}

static struct point point_of(const char *json)
{
    struct sentence why;
    cJSON *tree = parse(json);
    trees[tree_count++] = tree;
    struct point point = point_default("p", ORDER_ABCD);
    if (!point_read(tree, &pool, &point, sentence_init(&why)))
        fail_msg("%s: %s", json, why.bytes);
    return point;
}

static void expect_words(const char *json, double number, const uint16_t *wanted, size_t count)
{
    struct point point = point_of(json);
    uint16_t words[8] = {0};
    assert_int_equal(point.count, count);
    assert_true(encode_value(&point, (struct value){.number = number}, words));
    assert_memory_equal(words, wanted, count * sizeof *wanted);
    if (!isnan(number))
        assert_true(fabs(decode_number(&point, words) - number) < 1e-6);
}

#define WORDS(json, number, ...)                                                                                       \
    expect_words(json, number, (const uint16_t[]){__VA_ARGS__},                                                        \
                 sizeof(const uint16_t[]){__VA_ARGS__} / sizeof(uint16_t))

static void test_orders(void **state)
{
    (void)state;
    WORDS("{'address':0,'type':'u32','order':'ABCD'}", 0x0A0B0C0D, 0x0A0B, 0x0C0D);
    WORDS("{'address':0,'type':'u32','order':'CDAB'}", 0x0A0B0C0D, 0x0C0D, 0x0A0B);
    WORDS("{'address':0,'type':'u32','order':'BADC'}", 0x0A0B0C0D, 0x0B0A, 0x0D0C);
    WORDS("{'address':0,'type':'u32','order':'DCBA'}", 0x0A0B0C0D, 0x0D0C, 0x0B0A);
    WORDS("{'address':0,'type':'u64','order':'ABCD'}", 0x1020304050607, 1, 0x0203, 0x0405, 0x0607);
    WORDS("{'address':0,'type':'u64','order':'CDAB'}", 0x1020304050607, 0x0607, 0x0405, 0x0203, 1);
    WORDS("{'address':0,'type':'u64','order':'DCBA'}", 0x1020304050607, 0x0706, 0x0504, 0x0302, 0x0100);
}

static void test_known_devices(void **state)
{
    (void)state;
    WORDS("{'address':506,'type':'f32'}", 40.0, 0x4220, 0x0000);           /* Draeger */
    WORDS("{'address':82,'type':'s32'}", -15889, 0xFFFF, 0xC1EF);          /* scale transmitter */
    WORDS("{'address':0,'type':'u16','scale':0.1,'offset':-10}", 25, 350); /* IGD */
    WORDS("{'address':0,'type':'u16','scale':0.1,'offset':-10}", -10, 0);
    WORDS("{'address':0,'type':'u16','scale':0.1,'offset':-10}", 110, 1200);
    WORDS("{'address':7,'type':'u16','scale':0.1,'offset':-50}", 22.5, 725); /* six-in-one, temperature */
    WORDS("{'address':0,'type':'s16','scale':0.01}", -1.6, 0xFF60);
    WORDS("{'address':0,'type':'f64'}", -0.5, 0xBFE0, 0, 0, 0);
    WORDS("{'address':0,'type':'bcd16'}", 1995, 0x1995);
    WORDS("{'address':0,'type':'bcd32'}", 12345678, 0x1234, 0x5678);
}

static void expect_raw(const char *json, double number, uint16_t wanted)
{
    struct point point = point_of(json);
    uint16_t word = 0;
    assert_true(encode_value(&point, (struct value){.number = number}, &word));
    assert_int_equal(word, wanted);
}

static void test_integers_saturate(void **state)
{
    (void)state;
    expect_raw("{'address':0,'type':'u16'}", -0.4, 0);
    expect_raw("{'address':0,'type':'u16'}", -500, 0);
    expect_raw("{'address':0,'type':'u16'}", 1e9, 65535);
    expect_raw("{'address':0,'type':'s16'}", 1e300, 32767);
    expect_raw("{'address':0,'type':'s16'}", -1e300, 0x8000);
    expect_raw("{'address':0,'type':'bcd16'}", 123456, 0x9999);
    expect_raw("{'address':0,'type':'u16','byte':'lo'}", 300, 255);
}

static void test_64_bits_saturate(void **state)
{
    (void)state;
    struct point u64 = point_of("{'address':0,'type':'u64'}");
    struct point s64 = point_of("{'address':0,'type':'s64'}");
    uint16_t words[4];
    assert_true(encode_value(&u64, (struct value){.number = 1e30}, words));
    assert_memory_equal(words, ((const uint16_t[]){0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF}), sizeof words);
    assert_true(encode_value(&s64, (struct value){.number = -1e30}, words));
    assert_memory_equal(words, ((const uint16_t[]){0x8000, 0, 0, 0}), sizeof words);
    assert_true(encode_value(&s64, (struct value){.number = 1e30}, words));
    assert_memory_equal(words, ((const uint16_t[]){0x7FFF, 0xFFFF, 0xFFFF, 0xFFFF}), sizeof words);
}

static void test_no_value_is_the_sentinel(void **state)
{
    (void)state;
    expect_raw("{'address':0,'type':'s16','scale':0.1,'invalid':[32767]}", (double)NAN, 32767);
    expect_raw("{'address':0,'type':'s16'}", (double)NAN, 0);
    struct point point = point_of("{'address':0,'type':'f32','invalid':['nan']}");
    uint16_t words[2] = {0};
    assert_true(encode_value(&point, (struct value){.number = (double)NAN}, words));
    assert_true(isnan(decode_number(&point, words)));
}

static void test_shared_registers_keep_their_other_bits(void **state)
{
    (void)state;
    struct point hi = point_of("{'address':0,'type':'u16','byte':'hi'}");
    struct point bit = point_of("{'address':0,'type':'bits','bit':5}");
    struct point bits = point_of("{'address':0,'type':'bits','bits':[1,3]}");
    struct point nested = point_of("{'address':0,'type':'bits','byte':'hi','bit':0}");
    uint16_t word = 0xAA55;
    assert_true(encode_value(&hi, (struct value){.number = 0x12}, &word));
    assert_int_equal(word, 0x1255);
    assert_true(encode_value(&bit, (struct value){.number = 1}, &word));
    assert_int_equal(word, 0x1275);
    assert_true(encode_value(&bits, (struct value){.number = 5}, &word));
    assert_int_equal(word, 0x127B);
    assert_true(encode_value(&nested, (struct value){.number = 1}, &word));
    assert_int_equal(word, 0x137B);
}

static void test_codes(void **state)
{
    (void)state;
    struct point mode = point_of("{'address':6,'byte':'lo','map':{'1':'normal','0x0C':'calibration'}}");
    struct point flag = point_of("{'address':0,'map':{'1':true,'2':false}}");
    uint16_t word = 0;
    assert_true(encode_value(&mode, (struct value){.number = 3, .text = "calibration"}, &word));
    assert_int_equal(word, 12);
    assert_true(encode_value(&flag, (struct value){.number = 0, .text = "false"}, &word));
    assert_int_equal(word, 2);
    assert_true(encode_value(&mode, (struct value){.number = 1, .text = "not in the map"}, &word));
    assert_int_equal(word, 1);
    assert_false(encode_value(&mode, (struct value){.number = (double)NAN, .text = "nor this"}, &word));
    assert_int_equal(word, 1);
}

/* Several raw numbers may mean one code: the one that stands there stays. */
static void test_a_code_that_stands_there_stays(void **state)
{
    (void)state;
    struct point mode = point_of("{'address':5,'map':{'0':'warmup','1':'normal','6':'normal'}}");
    uint16_t word = 6;
    assert_true(encode_value(&mode, (struct value){.number = 1, .text = "normal"}, &word));
    assert_int_equal(word, 6);
    assert_true(encode_value(&mode, (struct value){.number = 0, .text = "warmup"}, &word));
    assert_int_equal(word, 0);
    assert_true(encode_value(&mode, (struct value){.number = 1, .text = "normal"}, &word));
    assert_int_equal(word, 1);
}

static void test_strings(void **state)
{
    (void)state;
    struct point plain = point_of("{'address':0,'type':'string','length':5}");
    struct point swapped = point_of("{'address':0,'type':'string','length':4,'order':'BADC'}");
    uint16_t words[3] = {9, 9, 9};
    assert_int_equal(plain.count, 3);
    assert_true(encode_value(&plain, (struct value){.text = "CH4"}, words));
    assert_memory_equal(words, ((const uint16_t[]){0x4348, 0x3400, 0}), sizeof words);
    assert_true(encode_value(&swapped, (struct value){.text = "CH4 and more"}, words));
    assert_memory_equal(words, ((const uint16_t[]){0x4843, 0x2034}), 4);
    assert_false(encode_value(&plain, (struct value){.number = 7}, words));
}

static void expect_print(const char *json, const uint16_t *words, const char *wanted)
{
    struct point point = point_of(json);
    char bytes[64];
    struct text out;
    text_init(&out, bytes, sizeof bytes);
    decode_print(&point, words, &out);
    assert_string_equal(bytes, wanted);
}

static void test_prints(void **state)
{
    (void)state;
    expect_print("{'address':0,'type':'f32'}", (const uint16_t[]){0x4250, 0x6666}, "52.1");
    expect_print("{'address':0,'scale':0.1}", (const uint16_t[]){3}, "0.3");
    expect_print("{'address':0,'type':'u64'}", (const uint16_t[]){0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF},
                 "18446744073709551615");
    expect_print("{'address':0,'type':'s16'}", (const uint16_t[]){0xFFFF}, "-1");
    expect_print("{'address':0,'type':'bits','bit':0}", (const uint16_t[]){1}, "true");
    expect_print("{'address':0,'function':'coil'}", (const uint16_t[]){0}, "false");
    expect_print("{'address':0,'map':{'1':'normal'}}", (const uint16_t[]){1}, "normal");
    expect_print("{'address':0,'map':{'1':'normal'}}", (const uint16_t[]){7}, "7");
    expect_print("{'address':0,'type':'s16','map':{'-1':'down'}}", (const uint16_t[]){0xFFFF}, "down");
    expect_print("{'address':0,'type':'string','length':4}", (const uint16_t[]){0x4141, 0x0041}, "AA");
}

static void test_words_of_people(void **state)
{
    (void)state;
    struct point number = point_of("{'address':0,'type':'f32'}");
    struct point mode = point_of("{'address':0,'map':{'1':'normal','2':'warmup'}}");
    struct sentence why;
    struct value value;
    assert_true(value_read(&number, "-1.5e1", &value, sentence_init(&why)));
    assert_true(value.number < -14.9 && value.number > -15.1);
    assert_true(value_read(&number, "true", &value, sentence_init(&why)));
    assert_true(value_read(&number, "nan", &value, sentence_init(&why)) && isnan(value.number));
    assert_false(value_read(&number, "12,5", &value, sentence_init(&why)));
    assert_false(value_read(&number, "inf", &value, sentence_init(&why)));
    assert_true(value_read(&mode, "warmup", &value, sentence_init(&why)));
    assert_true(value_read(&mode, "2", &value, sentence_init(&why)));
    assert_false(value_read(&mode, "3", &value, sentence_init(&why)));
    assert_false(value_read(&mode, "1e300", &value, sentence_init(&why)));
    assert_false(value_read(&mode, "cold", &value, sentence_init(&why)));
    assert_non_null(strstr(why.bytes, "normal warmup"));
}

static void expect_refused(const char *json)
{
    struct sentence why;
    cJSON *tree = parse(json);
    struct point point = point_default("p", ORDER_ABCD);
    assert_false(point_read(tree, &pool, &point, sentence_init(&why)));
    assert_true(why.text.used > 0);
    cJSON_Delete(tree);
}

static void test_refused_points(void **state)
{
    (void)state;
    expect_refused("{'address':65536}");
    expect_refused("{'address':-1}");
    expect_refused("{'address':1.5}");
    expect_refused("{'address':'1'}");
    expect_refused("{'address':65535,'type':'u32'}");
    expect_refused("{'address':0,'type':'float'}");
    expect_refused("{'address':0,'function':'register'}");
    expect_refused("{'address':0,'type':'string'}");
    expect_refused("{'address':0,'type':'string','length':251}");
    expect_refused("{'address':0,'type':'bits','bit':16}");
    expect_refused("{'address':0,'type':'bits','byte':'lo','bit':8}");
    expect_refused("{'address':0,'type':'bits','bits':[10,7]}");
    expect_refused("{'address':0,'byte':'top'}");
    expect_refused("{'address':0,'scale':0}");
    expect_refused("{'address':0,'order':'ABDC'}");
    expect_refused("{'address':0,'map':{'one':'normal'}}");
    expect_refused("{'address':0,'only_if':{'address':1,'byte':'lo','equals':256}}");
    expect_refused("{'address':0,'scale_from':{'address':1,'decimals':{'x':1}}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_orders, cleanup),
        cmocka_unit_test_teardown(test_known_devices, cleanup),
        cmocka_unit_test_teardown(test_integers_saturate, cleanup),
        cmocka_unit_test_teardown(test_64_bits_saturate, cleanup),
        cmocka_unit_test_teardown(test_no_value_is_the_sentinel, cleanup),
        cmocka_unit_test_teardown(test_shared_registers_keep_their_other_bits, cleanup),
        cmocka_unit_test_teardown(test_codes, cleanup),
        cmocka_unit_test_teardown(test_a_code_that_stands_there_stays, cleanup),
        cmocka_unit_test_teardown(test_strings, cleanup),
        cmocka_unit_test_teardown(test_prints, cleanup),
        cmocka_unit_test_teardown(test_words_of_people, cleanup),
        cmocka_unit_test_teardown(test_refused_points, cleanup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
