/* The identity block of a device: shown, searched and sent as it is; only the types and the check digits are looked at. */
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/site/loader.h"

#define IDENTITY_SIZE_MAX 8192 /* a registry message must stay under 64 KB with points and alarms beside it */
#define RESPONSIBLE_MAX   32

struct raw_identity {
    SHAPED;
    const char *text; /* where texts go that nobody reads again */
    const char *reg_cod;
    const char *dev_cod;
    const char *use_cod;
    const char *uscc;
    const char *maker;
    const char *model;
    double lon;
    double lat;
    int choice;
    bool flag;
    const struct node *risk_grade;
    const struct node *dates;
    const struct node *responsible;
};

#define AT(member) offsetof(struct raw_identity, member)
#define PLAIN_TEXT(name)                                                                                               \
    {                                                                                                                  \
        .key = name, .type = FIELD_TEXT, .offset = AT(text)                                                            \
    }

static const char *const crs_names[] = {"WGS84", "CGCS2000", "GCJ02", NULL};
static const char *const status_names[] = {"in_use", "stopped", "scrapped", "unregistered", NULL};

static const struct field identity_fields[] = {
    {.key = "reg_cod", .type = FIELD_TEXT, .offset = AT(reg_cod), .maximum = 64},
    {.key = "dev_cod", .type = FIELD_TEXT, .offset = AT(dev_cod), .maximum = 64},
    {.key = "use_cod", .type = FIELD_TEXT, .offset = AT(use_cod), .maximum = 64},
    {.key = "uscc", .type = FIELD_TEXT, .offset = AT(uscc), .maximum = 18},
    {.key = "maker", .type = FIELD_TEXT, .offset = AT(maker)},
    {.key = "model", .type = FIELD_TEXT, .offset = AT(model)},
    {.key = "lon", .type = FIELD_NUMBER, .offset = AT(lon), .minimum = -180, .maximum = 180},
    {.key = "lat", .type = FIELD_NUMBER, .offset = AT(lat), .minimum = -90, .maximum = 90},
    {.key = "crs", .type = FIELD_CHOICE, .offset = AT(choice), .choices = crs_names},
    {.key = "register_status", .type = FIELD_CHOICE, .offset = AT(choice), .choices = status_names},
    {.key = "public_place", .type = FIELD_BOOL, .offset = AT(flag)},
    {.key = "risk_grade", .type = FIELD_OBJECT, .offset = AT(risk_grade)},
    {.key = "dates", .type = FIELD_OBJECT, .offset = AT(dates)},
    {.key = "responsible", .type = FIELD_LIST, .offset = AT(responsible)},
    PLAIN_TEXT("name"),
    PLAIN_TEXT("cylinder_reg_code"),
    PLAIN_TEXT("eqp_type"),
    PLAIN_TEXT("eqp_sort"),
    PLAIN_TEXT("eqp_vart"),
    PLAIN_TEXT("catalogue"),
    PLAIN_TEXT("use_unit"),
    PLAIN_TEXT("actual_user"),
    PLAIN_TEXT("area_code"),
    PLAIN_TEXT("grid_code"),
    PLAIN_TEXT("address"),
    PLAIN_TEXT("site_type"),
    PLAIN_TEXT("fac_cod"),
    PLAIN_TEXT("made_date"),
    PLAIN_TEXT("install_unit"),
    PLAIN_TEXT("install_date"),
    PLAIN_TEXT("maint_unit"),
    PLAIN_TEXT("emergency_phone"),
    PLAIN_TEXT("internal_no"),
};
static const struct shape identity_shape = SHAPE(identity_fields);

struct raw_grade {
    SHAPED;
    const char *scheme;
    const struct node *value;
};
static const struct field grade_fields[] = {
    {.key = "scheme", .type = FIELD_TEXT, .offset = offsetof(struct raw_grade, scheme), .required = true},
    {.key = "value", .type = FIELD_ANY, .offset = offsetof(struct raw_grade, value), .required = true},
};
static const struct shape grade_shape = SHAPE(grade_fields);

struct raw_person {
    SHAPED;
    const char *text;
};
#define PERSON_AT offsetof(struct raw_person, text)
static const struct field person_fields[] = {
    {.key = "role", .type = FIELD_TEXT, .offset = PERSON_AT, .required = true},
    {.key = "name", .type = FIELD_TEXT, .offset = PERSON_AT},
    {.key = "phone", .type = FIELD_TEXT, .offset = PERSON_AT},
};
static const struct shape person_shape = SHAPE(person_fields);

struct raw_dates {
    SHAPED;
    const char *text;
    int64_t days;
};
#define DATE(name)                                                                                                     \
    {                                                                                                                  \
        .key = name, .type = FIELD_TEXT, .offset = offsetof(struct raw_dates, text),                                   \
    }
static const struct field date_fields[] = {
    DATE("inspect_last"),
    DATE("inspect_next"),
    DATE("self_check_next"),
    DATE("maint_last"),
    DATE("safety_valve_next"),
    DATE("gauge_next"),
    DATE("detector_expiry"),
    DATE("valve_expiry"),
    DATE("cylinder_scrap"),
    {.key = "maint_interval_d",
     .type = FIELD_WHOLE,
     .offset = offsetof(struct raw_dates, days),
     .minimum = 1,
     .maximum = 3650},
};
static const struct shape dates_shape = SHAPE(date_fields);

/* --- codes with check digits ---------------------------------------------------------------------------------------- */

static bool are_digits(const char *text, size_t count)
{
    return strspn(text, "0123456789") >= count;
}

/* 4 class + 6 area + YYYYMM + 4 serial; see the registration certificate. */
static bool is_reg_cod(const char *code)
{
    static const char alphanumeric[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    if (strlen(code) != 20 || strspn(code, alphanumeric) != 20 || code[0] < '1' || code[0] > '9')
        return false;
    bool const century = strncmp(code + 10, "19", 2) == 0 || strncmp(code + 10, "20", 2) == 0;
    bool const month = (code[14] == '0' && code[15] >= '1' && code[15] <= '9') ||
                       (code[14] == '1' && code[15] >= '0' && code[15] <= '2');
    return are_digits(code + 4, 12) && code[4] != '0' && century && month;
}

static bool is_dev_cod(const char *code)
{
    size_t const length = strlen(code);
    return length >= 17 && length <= 20 && strspn(code, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == length;
}

/* GB 32100: check value (31 - sum of weighted values mod 31) mod 31. */
static bool is_uscc(const char *code)
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

static bool is_date(const char *text)
{
    if (strlen(text) != 10 || text[4] != '-' || text[7] != '-' || !are_digits(text, 4) || !are_digits(text + 5, 2) ||
        !are_digits(text + 8, 2))
        return false;
    int const month = (text[5] - '0') * 10 + (text[6] - '0');
    int const day = (text[8] - '0') * 10 + (text[9] - '0');
    return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

/* --- the block ------------------------------------------------------------------------------------------------------ */

static void check_code(struct loader *l, const struct raw_identity *raw, const char *key, const char *code,
                       bool (*is_good)(const char *), enum sentence sentence)
{
    if (code != NULL && code[0] != '\0' && !is_good(code))
        complain_node(l->complaints, place_of(raw->node, key), ON_VALUE, sentence,
                      WORDS(words_quote(l->complaints, code)));
}

static void check_date(struct loader *l, const struct node *node)
{
    if (node != NULL && node_kind(node) == NODE_STRING && !is_date(node_string(node)))
        complain_node(l->complaints, node, ON_VALUE, S_BAD_FORMAT,
                      WORDS(words_quote(l->complaints, node_string(node)),
                            both("a date such as \"2027-03-01\"", "日期，例如 \"2027-03-01\"")));
}

static void check_parts(struct loader *l, const struct raw_identity *raw)
{
    struct raw_grade grade = {0};
    struct raw_dates dates = {0};
    if (raw->risk_grade != NULL)
        (void)shape_read(raw->risk_grade, &grade_shape, &grade, l->complaints);
    if (raw->dates != NULL && shape_read(raw->dates, &dates_shape, &dates, l->complaints))
        for (const struct node *child = node_first(raw->dates); child != NULL; child = node_next(child))
            if (strcmp(node_key(child), "maint_interval_d") != 0)
                check_date(l, child);
    check_date(l, node_child(raw->node, "made_date"));
    check_date(l, node_child(raw->node, "install_date"));
    void *people;
    size_t count;
    struct raw_person const nobody = {0};
    (void)shape_read_list(raw->responsible, &person_shape, &nobody, sizeof nobody, RESPONSIBLE_MAX, &l->scratch,
                          l->complaints, &people, &count);
}

/* Full-width parentheses to ASCII: people copy "梯11鲁G00025（14）" from anywhere. */
static const char *normal_use_cod(struct loader *l, const char *code)
{
    char buffer[65];
    struct text text;
    text_init(&text, buffer, sizeof buffer);
    while (*code != '\0') {
        bool const opening = strncmp(code, "（", strlen("（")) == 0;
        bool const closing = strncmp(code, "）", strlen("）")) == 0;
        if (opening || closing)
            text_put(&text, opening ? "(" : ")");
        else
            text_put_bytes(&text, code, 1);
        code += opening || closing ? strlen("（") : 1;
    }
    return take_text(l->arena, buffer, l->complaints);
}

void load_identity(struct loader *l, const struct node *node, struct site_device *device)
{
    struct raw_identity raw = {0};
    if (!shape_read(node, &identity_shape, &raw, l->complaints))
        return;
    check_code(l, &raw, "reg_cod", raw.reg_cod, is_reg_cod, S_REG_COD);
    check_code(l, &raw, "dev_cod", raw.dev_cod, is_dev_cod, S_DEV_COD);
    check_code(l, &raw, "uscc", raw.uscc, is_uscc, S_USCC);
    check_parts(l, &raw);
    if (raw.use_cod != NULL)
        device->use_cod = normal_use_cod(l, raw.use_cod);
    if (raw.maker != NULL)
        device->maker = take_text(l->arena, raw.maker, l->complaints);
    if (raw.model != NULL)
        device->model = take_text(l->arena, raw.model, l->complaints);
    char *printed = node_print(node, &l->scratch);
    if (printed == NULL)
        complain_node(l->complaints, node, ON_KEY, S_MEMORY, NO_WORDS);
    else if (strlen(printed) > IDENTITY_SIZE_MAX)
        complain_node(l->complaints, node, ON_KEY, S_IDENTITY_LARGE,
                      WORDS(words_number(l->complaints, (double)strlen(printed)),
                            words_number(l->complaints, IDENTITY_SIZE_MAX)));
    else
        device->identity_json = take_text(l->arena, printed, l->complaints);
}
