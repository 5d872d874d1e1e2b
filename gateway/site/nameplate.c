#include "gateway/site/nameplate.h"

#include <stddef.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/core/civil.h"
#include "gateway/core/qr.h"

#define DIGITS       "0123456789"
#define ALPHANUMERIC DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool are_digits(const char *text, size_t count)
{
    return strspn(text, DIGITS) >= count;
}

static bool are_alphanumeric(const char *text, size_t count)
{
    return strspn(text, ALPHANUMERIC) >= count;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

bool reg_cod_is_good(const char *code)
{
    if (strlen(code) != 20 || !are_alphanumeric(code, 20) || code[0] < '1' || code[0] > '9')
        return false;
    bool const century = begins(code + 10, "19") || begins(code + 10, "20");
    bool const month = (code[14] == '0' && code[15] >= '1' && code[15] <= '9') ||
                       (code[14] == '1' && code[15] >= '0' && code[15] <= '2');
    return are_digits(code + 4, 12) && code[4] != '0' && century && month;
}

bool dev_cod_is_good(const char *code)
{
    size_t const length = strlen(code);
    return length >= 17 && length <= 20 && are_alphanumeric(code, length);
}

/* --- use registration ----------------------------------------------------------------------------------------------- */

#define CHARACTER_SIZE 3 /* bytes of a Chinese character in UTF-8 */

static const struct {
    const char *word;
    char type; /* first digit of the catalogue */
} kinds[] = {{"锅", '1'}, {"容", '2'}, {"瓶", '2'}, {"梯", '3'}, {"起", '4'},
             {"车", '5'}, {"游", '6'}, {"管", '8'}, {"索", '9'}};

char use_cod_kind(const char *code)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (begins(code, kinds[i].word))
            return kinds[i].type;
    return '\0';
}

const char *use_cod_variety(const char *code)
{
    return use_cod_kind(code) != '\0' && are_alphanumeric(code + CHARACTER_SIZE, 2) ? code + CHARACTER_SIZE : "";
}

/* U+4E00 … U+9FFF */
static bool is_chinese(const char *text)
{
    const unsigned char *bytes = (const unsigned char *)text;
    return bytes[0] >= 0xE4 && bytes[0] <= 0xE9 && bytes[1] >= 0x80 && bytes[2] >= 0x80;
}

/* kind, 2 variety, province, city letter, 5 serial, (2 year) */
bool use_cod_is_good(const char *code)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz" ALPHANUMERIC;
    if (strlen(code) == 20 && strspn(code, letters) == 20)
        return true;
    if (use_cod_variety(code)[0] == '\0')
        return false;
    code += CHARACTER_SIZE + 2;
    if (!is_chinese(code))
        return false;
    code += CHARACTER_SIZE;
    return code[0] >= 'A' && code[0] <= 'Z' && strlen(code) == 10 && are_alphanumeric(code + 1, 5) && code[6] == '(' &&
           are_digits(code + 7, 2) && code[9] == ')';
}

/* --- cylinders and companies ---------------------------------------------------------------------------------------- */

bool area_is_known(const char *code)
{
    static const char provinces[][3] = {"11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34",
                                        "35", "36", "37", "41", "42", "43", "44", "45", "46", "50", "51", "52",
                                        "53", "54", "61", "62", "63", "64", "65", "71", "81", "82"};
    for (size_t i = 0; i < ARRAY_SIZE(provinces); i++)
        if (begins(code, provinces[i]))
            return true;
    return false;
}

bool cylinder_code_is_good(const char *code)
{
    size_t const length = strlen(code);
    return qr_is_registration(code, length) && area_is_known(code + (length == 12));
}

/* GB 32100: check value (31 - sum of weighted values mod 31) mod 31. */
bool uscc_is_good(const char *code)
{
    static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    static const unsigned weights[17] = {1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28};
    unsigned sum = 0;
    if (strlen(code) != 18 || strspn(code, alphabet) != 18)
        return false;
    for (size_t i = 0; i < 17; i++)
        sum += weights[i] * (unsigned)(strchr(alphabet, code[i]) - alphabet);
    return alphabet[(31 - sum % 31) % 31] == code[17];
}

/* --- catalogue ------------------------------------------------------------------------------------------------------ */

bool eqp_code_is_good(const char *code)
{
    return strlen(code) == 4 && are_alphanumeric(code, 4) && code[0] != '0';
}

#define BEGINNINGS_MAX 5

/* How the catalogue codes of a class begin. */
static const struct {
    const char *class_id;
    const char *beginnings[2][BEGINNINGS_MAX]; /* by enum catalogue */
} varieties[] = {
    {"boiler_steam", {{"11"}, {"11"}}},
    {"boiler_hot_water", {{"12"}, {"12"}}},
    {"boiler_thermal_oil", {{"13"}, {"13"}}},
    {"lpg_cylinder", {{"23"}, {"23"}}},
    {"lift", {{"31", "32", "34"}, {"31", "32", "33", "34"}}},
    {"escalator", {{"331"}, {"35"}}},
    {"moving_walk", {{"332"}, {"36"}}},
    {"forklift", {{"51"}, {"51"}}},
};

bool eqp_code_fits(const char *code, enum catalogue catalogue, const char *class_id)
{
    size_t length = strlen(code);
    while (length > 1 && code[length - 1] == '0')
        length--;
    for (size_t i = 0; i < ARRAY_SIZE(varieties); i++) {
        if (strcmp(varieties[i].class_id, class_id) != 0)
            continue;
        const char *const *beginning = varieties[i].beginnings[catalogue];
        for (; *beginning != NULL; beginning++) {
            size_t const most = strlen(*beginning);
            if (strncmp(code, *beginning, length < most ? length : most) == 0)
                return true;
        }
        return false;
    }
    return true;
}

/* --- dates and telephones ------------------------------------------------------------------------------------------- */

bool date_is_good(const char *text)
{
    return civil_read(text, strlen(text), NULL);
}

bool phone_is_good(const char *text)
{
    size_t const length = strlen(text);
    size_t digits = 0;
    for (size_t i = 0; i < length; i++)
        digits += text[i] >= '0' && text[i] <= '9';
    return digits >= 3 && length <= 24 && strspn(text, DIGITS "+-()/ ") == length;
}
