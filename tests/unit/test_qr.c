#include "tests/support/test.h"

#include <string.h>

#include "gateway/base/check.h"
#include "gateway/core/civil.h"
#include "gateway/core/qr.h"

static struct qr read_text(const char *text)
{
    return qr_read(text, strlen(text));
}

static void assert_part(struct qr_part part, const char *wanted)
{
    if (part.size != strlen(wanted) || memcmp(part.at, wanted, part.size) != 0)
        fail_msg("\"%.*s\" is not \"%s\"", (int)part.size, part.at == NULL ? "" : part.at, wanted);
}

static int32_t day_of(const char *text)
{
    int32_t day = 0;
    assert_true(civil_read(text, strlen(text), &day));
    return day;
}

/* The one that was seen, and its registration code 1·32·020·000001. */
static void what_was_seen_in_the_field(void **state)
{
    (void)state;
    struct qr const qr = read_text("[QP02001,132020000001,AG,323232,2015年09月,2045年09月]气瓶安全云www.qpsafe.cn");
    assert_part(qr.certificate, "QP02001");
    assert_part(qr.registration, "132020000001");
    assert_part(qr.maker, "AG");
    assert_part(qr.number, "323232");
    assert_part(qr.note, "气瓶安全云www.qpsafe.cn");
    assert_part(qr.code, "132020000001");
    assert_true(qr.has_made && qr.made_day == day_of("2015-09-30"));
    assert_true(qr.has_scrap && qr.scrap_day == day_of("2045-09-30"));
    assert_true(qr_is_registration(qr.registration.at, qr.registration.size));
}

static void other_forms(void **state)
{
    (void)state;
    struct qr qr = read_text(" QP1 , 132020000002 ,AG,7,2015-09,2044/2\r\n");
    assert_part(qr.certificate, "QP1");
    assert_part(qr.code, "132020000002");
    assert_true(qr.has_scrap && qr.scrap_day == day_of("2044-02-29"));
    assert_part(read_text("132020000001").code, "132020000001");
    assert_part(read_text("\t132020000001\0\0").code, "132020000001");
    assert_part(read_text("https://q.example.cn/b/132020000001?from=9").code, "132020000001");
    assert_part(read_text("http://132020000009.cn/q?x=1&code=32020A00001").code, "32020A00001");
    assert_part(read_text("https://q.example.cn/77").code, "https://q.example.cn/77");
    assert_part(read_text("[,,AG,323232,,]").code, "323232");
    assert_part(read_text("[04A2B3]").code, "04A2B3");
    assert_part(read_text("[]").code, "");
    assert_part(read_text("[a,b").code, "b");
    assert_part(read_text("[a,b,c,d,e,f,g]h").note, "g]h");
    assert_part(read_text("[,,,,,]").code, "[,,,,,]");
    assert_part(read_text("").code, "");
    assert_part(read_text("  \r\n").code, "");
}

static void days(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *day; /* NULL: it is none */
    } rows[] = {
        {"2045年09月", "2045-09-30"},
        {"2045年9月", "2045-09-30"},
        {"204509", "2045-09-30"},
        {"2028-02", "2028-02-29"},
        {"2028.2", "2028-02-29"},
        {"2027年3月1日", "2027-03-01"},
        {"2027-03-01", "2027-03-01"},
        {"20270301", "2027-03-01"},
        {" 2027/03/01 ", "2027-03-01"},
        {"2027-02-29", NULL},
        {"2045年13月", NULL},
        {"2045年00月", NULL},
        {"2045", NULL},
        {"45年09月", NULL},
        {"2045年09月x", NULL},
        {"", NULL},
        {"2045年09月31日", NULL},
        {"2045-09-", "2045-09-30"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        int32_t day = 0;
        bool const good = qr_read_day(rows[i].text, strlen(rows[i].text), &day);
        if (good != (rows[i].day != NULL) || (good && day != day_of(rows[i].day)))
            fail_msg("%s", rows[i].text);
    }
}

static void registration_codes(void **state)
{
    (void)state;
    static const char *const good[] = {"132020000001", "32020000001", "332020A00001", "6110A1Z99999"};
    static const char *const bad[] = {"",
                                      "732020000001",
                                      "032020000001",
                                      "102020000001",
                                      "1320200000",
                                      "13202000001x",
                                      "1320200000011",
                                      "13202000000A",
                                      "1320200 0001"};
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        assert_true(qr_is_registration(good[i], strlen(good[i])));
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        if (qr_is_registration(bad[i], strlen(bad[i])))
            fail_msg("%s", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_seen_in_the_field),
        cmocka_unit_test(other_forms),
        cmocka_unit_test(days),
        cmocka_unit_test(registration_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
