#include "tests/support/test.h"

#include <string.h>

#include "gateway/run/order_parse.h"

#define HEAD "{\"id\":\"o1\",\"issued\":1000,\"expires\":2000,\"by\":\"duty\",\"args\":"

static enum err parse(const char *verb, const char *payload, struct wire_order *order, struct order_refusal *refusal)
{
    return order_parse(verb, payload, strlen(payload), order, refusal);
}

static void reads_what_it_knows(void **state)
{
    (void)state;
    struct wire_order order;
    struct order_refusal refusal;
    assert_int_equal(
        parse("receipt", HEAD "{\"stream\":\"9f3c2a71\",\"lane\":\"a\",\"upto\":913}}\n", &order, &refusal), ERR_OK);
    assert_int_equal(order.verb, WIRE_RECEIPT);
    assert_string_equal(order.id, "o1");
    assert_string_equal(order.by, "duty");
    assert_int_equal(order.issued_utc_ms, 1000);
    assert_int_equal(order.expires_utc_ms, 2000);
    assert_string_equal(order.is.receipt.stream, "9f3c2a71");
    assert_int_equal(order.is.receipt.lane, 'a');
    assert_int_equal(order.is.receipt.upto, 913);
    assert_int_equal(parse("replay", HEAD "{\"lane\":\"t\",\"from\":100,\"to\":240}}", &order, &refusal), ERR_OK);
    assert_int_equal(order.is.replay.from, 100);
    assert_int_equal(order.is.replay.to, 240);
    assert_int_equal(parse("registry", HEAD "{\"dev\":\"lift-1\"}}", &order, &refusal), ERR_OK);
    assert_string_equal(order.is.registry.dev, "lift-1");
    assert_int_equal(parse("registry", HEAD "{}}", &order, &refusal), ERR_OK);
    assert_string_equal(order.is.registry.dev, "");
    assert_int_equal(
        parse("ack", HEAD "{\"dev\":\"gas-1\",\"alarm\":\"gas.high\",\"why\":\"seen\"}}", &order, &refusal), ERR_OK);
    assert_string_equal(order.is.target.dev, "gas-1");
    assert_string_equal(order.is.target.alarm, "gas.high");
    assert_string_equal(order.is.target.why, "seen");
    assert_false(order.is.target.all);
    assert_int_equal(parse("ack", HEAD "{\"dev\":\"a\",\"why\":\"\\\\u0000\"}}", &order, &refusal), ERR_OK);
    assert_string_equal(order.is.target.why, "\\u0000");
    assert_int_equal(parse("ack", HEAD "{\"all\":true}}", &order, &refusal), ERR_OK);
    assert_true(order.is.target.all);
    assert_int_equal(parse("silence", HEAD "{}}", &order, &refusal), ERR_OK);
    assert_true(order.is.target.all);
    assert_int_equal(parse("silence", HEAD "{\"dev\":\"siren\"}}", &order, &refusal), ERR_OK);
    assert_false(order.is.target.all);
    assert_int_equal(parse("read", HEAD "{\"dev\":\"gas-1\"}}", &order, &refusal), ERR_OK);
    assert_string_equal(order.is.target.dev, "gas-1");
}

static void refuses_everything_else_in_words(void **state)
{
    (void)state;
    static const struct {
        const char *verb;
        const char *payload;
        const char *code;
        const char *why;
    } wrong[] = {
        {"dance", "{}", "verb", "there is no order \"dance\""},
        {"ack", HEAD "{}}", "format", "name a \"dev\", a \"dev\" and an \"alarm\" of it, or say \"all\":true"},
        {"ack", HEAD "{\"alarm\":\"gas.high\"}}", "format",
         "name a \"dev\", a \"dev\" and an \"alarm\" of it, or say \"all\":true"},
        {"ack", HEAD "{\"dev\":\"a\",\"all\":true}}", "format",
         "name a \"dev\", a \"dev\" and an \"alarm\" of it, or say \"all\":true"},
        {"ack", HEAD "{\"all\":1}}", "format", "\"all\" must be true or false"},
        {"ack", HEAD "{\"dev\":7}}", "format", "\"dev\" must be a text"},
        {"silence", HEAD "{\"all\":true}}", "format", "unknown key \"all\""},
        {"read", HEAD "{}}", "format", "\"dev\" must be a text"},
        {"reset", HEAD "{\"dev\":\"a\"}}", "signature",
         "the order \"reset\" must be signed; on site it is `outpost reset`"},
        {"write", HEAD "{\"point\":\"a.b\"}}", "signature", "the order \"write\" must be signed"},
        {"config", HEAD "{}}", "signature", "the order \"config\" must be signed"},
        {"drill", "{\"order\":\"{\\\"id\\\":\\\"s1\\\"}\",\"sig\":\"AAAA\",\"key\":\"duty\"}", "signature",
         "unknown key \"duty\": this version checks no signatures; on site it is `outpost drill`"},
        {"write", "{\"order\":7,\"sig\":\"AAAA\"}", "signature", "unknown key \"\": this version checks no signatures"},
        {"write", "[]", "format", "the order must be one JSON object"},
        {"replay", "", "format", "the order is not JSON"},
        {"replay", "[]", "format", "the order must be one JSON object"},
        {"replay", HEAD "{\"lane\":\"t\",\"from\":1,\"to\":2}} {}", "format", "something stands behind the order"},
        {"replay", HEAD "{\"lane\":\"t\",\"from\":3,\"to\":2}}", "format",
         "\"from\" must be 1 or more, and no more than \"to\""},
        {"replay", HEAD "{\"lane\":\"x\",\"from\":1,\"to\":2}}", "format", "\"lane\" must be \"a\" or \"t\""},
        {"replay", HEAD "{\"lane\":\"t\",\"from\":1.5,\"to\":2}}", "format",
         "\"from\" must be a whole number of 0 or more"},
        {"replay", HEAD "{\"lane\":\"t\",\"from\":1,\"to\":1e300}}", "format",
         "\"to\" must be a whole number of 0 or more"},
        {"replay", HEAD "{\"lane\":\"t\",\"from\":1,\"to\":2,\"why\":1}}", "format", "unknown key \"why\""},
        {"replay", HEAD "{\"lane\":\"t\",\"lane\":\"a\",\"from\":1,\"to\":2}}", "format",
         "\"lane\" stands there twice"},
        {"replay", HEAD "7}", "format", "\"args\" must be an object"},
        {"registry", "{\"issued\":1,\"expires\":2,\"by\":\"x\"}", "format", "\"id\" must be a text"},
        {"registry", "{\"id\":\"a\",\"issued\":1,\"by\":\"x\"}", "format",
         "\"expires\" must be a whole number of 0 or more"},
        {"registry", "{\"id\":\"\xff\"}", "format", "the order must be UTF-8 text"},
        {"ack", HEAD "{\"all\":true,\"why\":\"a\\nb\"}}", "format", "\"why\" must not contain control characters"},
        {"ack", HEAD "{\"all\":true,\"why\":\"a\x7f\"}}", "format", "\"why\" must not contain control characters"},
        {"read", HEAD "{\"dev\":\"gas-1\\u0000x\"}}", "format", "the order must not contain \\u0000"},
        {"read", HEAD "{\"dev\":\"\\\\\\u0000x\"}}", "format", "the order must not contain \\u0000"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct wire_order order;
        struct order_refusal refusal;
        assert_int_equal(parse(wrong[i].verb, wrong[i].payload, &order, &refusal), ERR_FORMAT);
        assert_string_equal(refusal.code, wrong[i].code);
        assert_string_equal(refusal.why, wrong[i].why);
    }
}

static void names_the_order_it_refuses(void **state)
{
    (void)state;
    static char large[ORDER_SIZE_MAX + 2];
    struct wire_order order;
    struct order_refusal refusal;
    assert_int_equal(parse("replay", HEAD "{}}", &order, &refusal), ERR_FORMAT);
    assert_string_equal(refusal.id, "o1");
    assert_int_equal(parse("dance", HEAD "{}}", &order, &refusal), ERR_FORMAT);
    assert_string_equal(refusal.code, "verb");
    assert_string_equal(refusal.id, "o1");
    assert_string_equal(refusal.by, "duty");
    assert_int_equal(parse("dance", "{\"order\":\"{\\\"id\\\":\\\"s1\\\"}\",\"sig\":\"AAAA\"}", &order, &refusal),
                     ERR_FORMAT);
    assert_string_equal(refusal.code, "verb");
    assert_string_equal(refusal.id, "s1");
    static const char too_long[] = "{\"id\":\"1234567890123456789012345678901234567890123456789012345678901234"
                                   "5\"}";
    const char *const nameless[] = {
        "", "[]", "7", "{\"id\":7}", "{\"id\":\"\\ud800\"}", "{\"id\":\"a\\u0007\"}", "{\"order\":\"[\"}", too_long};
    for (size_t i = 0; i < sizeof nameless / sizeof nameless[0]; i++) {
        assert_int_equal(parse("dance", nameless[i], &order, &refusal), ERR_FORMAT);
        assert_string_equal(refusal.code, "verb");
        assert_string_equal(refusal.id, "");
    }
    memset(large, ' ', sizeof large - 1);
    assert_int_equal(parse("replay", large, &order, &refusal), ERR_FORMAT);
    assert_string_equal(refusal.code, "too_large");
    assert_string_equal(refusal.id, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_it_knows),
        cmocka_unit_test(refuses_everything_else_in_words),
        cmocka_unit_test(names_the_order_it_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
