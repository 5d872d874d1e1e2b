/* The identity block of a device: shown, searched and sent as it is, after a look at what can be mistyped in it. */
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/site/loader.h"
#include "gateway/site/nameplate.h"

#define IDENTITY_SIZE_MAX 8192 /* a registry message must stay under 64 KB with points and alarms beside it */
#define RESPONSIBLE_MAX   32

enum eqp { EQP_TYPE, EQP_SORT, EQP_VART, EQP_COUNT };
static const char *const eqp_keys[EQP_COUNT] = {"eqp_type", "eqp_sort", "eqp_vart"};

struct raw_identity {
    SHAPED;
    const char *text; /* where texts go that nobody reads again */
    const char *reg_cod;
    const char *dev_cod;
    const char *use_cod;
    const char *cylinder_reg_code;
    const char *uscc;
    const char *eqp[EQP_COUNT];
    int catalogue; /* enum catalogue */
    const char *area_code;
    const char *grid_code;
    const char *emergency_phone;
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
static const char *const catalogue_names[] = {"2014", "2004", NULL};
static const char *const status_names[] = {"in_use", "stopped", "scrapped", "unregistered", NULL};

static const struct field identity_fields[] = {
    {.key = "reg_cod", .type = FIELD_TEXT, .offset = AT(reg_cod), .maximum = 64},
    {.key = "dev_cod", .type = FIELD_TEXT, .offset = AT(dev_cod), .maximum = 64},
    {.key = "use_cod", .type = FIELD_TEXT, .offset = AT(use_cod), .maximum = 64},
    {.key = "cylinder_reg_code", .type = FIELD_TEXT, .offset = AT(cylinder_reg_code), .maximum = 64},
    {.key = "uscc", .type = FIELD_TEXT, .offset = AT(uscc), .maximum = 18},
    {.key = "eqp_type", .type = FIELD_TEXT, .offset = AT(eqp[EQP_TYPE])},
    {.key = "eqp_sort", .type = FIELD_TEXT, .offset = AT(eqp[EQP_SORT])},
    {.key = "eqp_vart", .type = FIELD_TEXT, .offset = AT(eqp[EQP_VART])},
    {.key = "catalogue", .type = FIELD_CHOICE, .offset = AT(catalogue), .choices = catalogue_names},
    {.key = "area_code", .type = FIELD_TEXT, .offset = AT(area_code)},
    {.key = "grid_code", .type = FIELD_TEXT, .offset = AT(grid_code)},
    {.key = "emergency_phone", .type = FIELD_TEXT, .offset = AT(emergency_phone)},
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
    PLAIN_TEXT("use_unit"),
    PLAIN_TEXT("actual_user"),
    PLAIN_TEXT("address"),
    PLAIN_TEXT("site_type"),
    PLAIN_TEXT("fac_cod"),
    PLAIN_TEXT("made_date"),
    PLAIN_TEXT("install_unit"),
    PLAIN_TEXT("install_date"),
    PLAIN_TEXT("maint_unit"),
    PLAIN_TEXT("internal_no"),
};
static const struct shape identity_shape = SHAPE(identity_fields);

struct raw_grade {
    SHAPED;
    int scheme; /* index into scheme_names */
    const struct node *value;
};
static const char *const scheme_names[] = {"ABC", "1-4", NULL};
static const struct field grade_fields[] = {
    {.key = "scheme",
     .type = FIELD_CHOICE,
     .offset = offsetof(struct raw_grade, scheme),
     .choices = scheme_names,
     .required = true},
    {.key = "value", .type = FIELD_ANY, .offset = offsetof(struct raw_grade, value), .required = true},
};
static const struct shape grade_shape = SHAPE(grade_fields);

struct raw_person {
    SHAPED;
    const char *text;
    const char *phone;
};
#define PERSON_AT offsetof(struct raw_person, text)
static const struct field person_fields[] = {
    {.key = "role", .type = FIELD_TEXT, .offset = PERSON_AT, .required = true},
    {.key = "name", .type = FIELD_TEXT, .offset = PERSON_AT},
    {.key = "phone", .type = FIELD_TEXT, .offset = offsetof(struct raw_person, phone)},
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
     .maximum = MAINT_INTERVAL_MAX_D},
};
static const struct shape dates_shape = SHAPE(date_fields);

/* --- codes ---------------------------------------------------------------------------------------------------------- */

static bool is_given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

/* Warns, or complains, of a code that does not look as it should. */
static void check_code(struct loader *l, const struct raw_identity *raw, const char *key, const char *code,
                       bool (*is_good)(const char *), enum sentence sentence)
{
    if (is_given(code) && !is_good(code))
        complain_node(l->complaints, place_of(raw->node, key), ON_VALUE, sentence,
                      WORDS(words_quote(l->complaints, code)));
}

/* Two codes that say different things: "reg_cod" "3110…" and "eqp_type" "4000". */
static void complain_differ(struct loader *l, const struct raw_identity *raw, const char *key, const char *other)
{
    const struct node *node = node_child(raw->node, key);
    complain_node(
        l->complaints, node, ON_VALUE, S_CODES_DIFFER,
        WORDS(words_format(l->complaints, "\"%s\" \"%.64s\"", key, node_string(node)),
              words_format(l->complaints, "\"%s\" \"%.64s\"", other, node_string(node_child(raw->node, other)))));
}

static bool eqp_is_good(const struct raw_identity *raw, int level)
{
    return is_given(raw->eqp[level]) && eqp_code_is_good(raw->eqp[level]);
}

/* The code of the finest level that is given. NULL: none, or they contradict each other. */
static const char *finest_eqp(const struct raw_identity *raw, const char **ret_key)
{
    const char *finest = NULL;
    for (int i = 0; i < EQP_COUNT; i++) {
        if (!eqp_is_good(raw, i))
            continue;
        if (finest != NULL && strncmp(finest, raw->eqp[i], (size_t)i) != 0)
            return NULL;
        finest = raw->eqp[i];
        *ret_key = eqp_keys[i];
    }
    return finest;
}

static void check_catalogue(struct loader *l, const struct raw_identity *raw, const struct device_class *class)
{
    const char *key;
    const char *finest = finest_eqp(raw, &key);
    for (int i = 0; i < EQP_COUNT; i++) {
        if (is_given(raw->eqp[i]) && !eqp_is_good(raw, i))
            complain_node(l->complaints, node_child(raw->node, eqp_keys[i]), ON_VALUE, S_BAD_FORMAT,
                          WORDS(words_quote(l->complaints, raw->eqp[i]),
                                both("a code of the catalogue, 4 characters such as \"3110\"",
                                     "目录代码（4 位，例如 \"3110\"）")));
        if (i > 0 && eqp_is_good(raw, i - 1) && eqp_is_good(raw, i) &&
            strncmp(raw->eqp[i - 1], raw->eqp[i], (size_t)i) != 0)
            complain_differ(l, raw, eqp_keys[i], eqp_keys[i - 1]);
    }
    if (finest != NULL && class != NULL && !eqp_code_fits(finest, (enum catalogue)raw->catalogue, class->id))
        complain_node(l->complaints, node_child(raw->node, key), ON_VALUE, S_EQP_CLASS,
                      WORDS(words_quote(l->complaints, finest), same(catalogue_names[raw->catalogue]),
                            both(class->en, class->zh)));
}

static void check_registration(struct loader *l, const struct raw_identity *raw, const struct device_class *class)
{
    const char *key;
    const char *eqp = finest_eqp(raw, &key);
    bool const good = is_given(raw->reg_cod) && reg_cod_is_good(raw->reg_cod);
    check_code(l, raw, "reg_cod", raw->reg_cod, reg_cod_is_good, S_REG_COD);
    if (good && !area_is_known(raw->reg_cod + 4))
        complain_node(l->complaints, node_child(raw->node, "reg_cod"), ON_VALUE, S_AREA_UNKNOWN,
                      WORDS(words_format(l->complaints, "\"%.6s\"", raw->reg_cod + 4)));
    if (!good)
        return;
    char const kind[] = {raw->reg_cod[0], '\0'};
    if (eqp != NULL && eqp[0] != kind[0])
        complain_differ(l, raw, "reg_cod", key);
    else if (class != NULL && !eqp_code_fits(kind, (enum catalogue)raw->catalogue, class->id))
        complain_node(l->complaints, node_child(raw->node, "reg_cod"), ON_VALUE, S_EQP_CLASS,
                      WORDS(words_quote(l->complaints, raw->reg_cod), same(catalogue_names[raw->catalogue]),
                            both(class->en, class->zh)));
}

/* `code` is raw->use_cod with ASCII parentheses. */
static void check_use(struct loader *l, const struct raw_identity *raw, const char *code)
{
    const char *key;
    const char *eqp = finest_eqp(raw, &key);
    const char *variety = use_cod_variety(code);
    if (strcmp(code, raw->use_cod) != 0)
        complain_node(l->complaints, node_child(raw->node, "use_cod"), ON_VALUE, S_WIDE_BRACKETS,
                      WORDS(words_quote(l->complaints, code)));
    check_code(l, raw, "use_cod", code, use_cod_is_good, S_USE_COD);
    if (variety[0] == '\0' || eqp == NULL)
        return;
    bool const whole = is_given(raw->eqp[EQP_VART]) && eqp == raw->eqp[EQP_VART];
    if (use_cod_kind(code) != eqp[0] || (whole && strncmp(variety, eqp + 1, 2) != 0))
        complain_differ(l, raw, "use_cod", key);
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

/* --- where and when ------------------------------------------------------------------------------------------------- */

void check_area_codes(struct loader *l, const struct node *node, const char *area_code, const char *grid_code)
{
    size_t const grid = grid_code == NULL ? 0 : strlen(grid_code);
    bool const area_good = is_given(area_code) && strlen(area_code) == 6 && strspn(area_code, "0123456789") == 6;
    bool const grid_good = grid >= 9 && grid <= 20 && strspn(grid_code, "0123456789") == grid;
    if (is_given(area_code) && !area_good)
        complain_node(l->complaints, place_of(node, "area_code"), ON_VALUE, S_BAD_FORMAT,
                      WORDS(words_quote(l->complaints, area_code),
                            both("an area code of 6 digits (GB/T 2260)", "6 位地区代码（GB/T 2260）")));
    if (area_good && !area_is_known(area_code))
        complain_node(l->complaints, place_of(node, "area_code"), ON_VALUE, S_AREA_UNKNOWN,
                      WORDS(words_quote(l->complaints, area_code)));
    if (grid > 0 && !grid_good)
        complain_node(
            l->complaints, place_of(node, "grid_code"), ON_VALUE, S_BAD_FORMAT,
            WORDS(words_quote(l->complaints, grid_code), both("a grid code of 9 to 20 digits", "9 到 20 位网格代码")));
    if (area_good && grid_good && strncmp(area_code, grid_code, 6) != 0)
        complain_node(l->complaints, place_of(node, "grid_code"), ON_VALUE, S_CODES_DIFFER,
                      WORDS(words_format(l->complaints, "\"grid_code\" \"%s\"", grid_code),
                            words_format(l->complaints, "\"area_code\" \"%s\"", area_code)));
}

void check_far_away(struct loader *l, const struct node *node, double lon, double lat)
{
    bool const inside = lon > 73 && lon < 136 && lat > 3 && lat < 54;
    if (has_limit(lon) && has_limit(lat) && !inside)
        complain_node(l->complaints, node_child(node, "lon"), ON_VALUE, S_FAR_AWAY,
                      WORDS(words_number(l->complaints, lon), words_number(l->complaints, lat)));
}

/* A place is two numbers, and means nothing without their reference. */
static void check_location(struct loader *l, const struct node *node)
{
    static const char *const together[] = {"lon", "lat", "crs"};
    for (size_t i = 0; i < ARRAY_SIZE(together); i++) {
        if (node_child(node, together[i]) != NULL)
            continue;
        const struct node *other = node_child(node, together[i == 0]);
        if (other != NULL)
            complain_node(l->complaints, other, ON_KEY, S_NEEDS_KEY,
                          WORDS(words_format(l->complaints, "\"%s\"", together[i == 0]),
                                words_format(l->complaints, "\"%s\"", together[i])));
    }
}

void check_date(struct loader *l, const struct node *node)
{
    if (node != NULL && node_kind(node) == NODE_STRING && !date_is_good(node_string(node)))
        complain_node(l->complaints, node, ON_VALUE, S_BAD_FORMAT,
                      WORDS(words_quote(l->complaints, node_string(node)),
                            both("a day such as \"2027-03-01\"", "日期，例如 \"2027-03-01\"")));
}

/* ISO dates stand in the order of their texts. */
static void check_before(struct loader *l, const struct node *earlier, const struct node *later)
{
    if (earlier == NULL || later == NULL || !date_is_good(node_string(earlier)) || !date_is_good(node_string(later)) ||
        strcmp(node_string(earlier), node_string(later)) <= 0)
        return;
    complain_node(l->complaints, later, ON_VALUE, S_DATES_ORDER,
                  WORDS(words_quote(l->complaints, node_key(later)), words_quote(l->complaints, node_string(later)),
                        words_quote(l->complaints, node_key(earlier)),
                        words_quote(l->complaints, node_string(earlier))));
}

static void check_dates(struct loader *l, const struct raw_identity *raw)
{
    struct raw_dates dates = {0};
    const struct node *made = node_child(raw->node, "made_date");
    const struct node *installed = node_child(raw->node, "install_date");
    check_date(l, made);
    check_date(l, installed);
    check_before(l, made, installed);
    if (raw->dates == NULL || !shape_read(raw->dates, &dates_shape, &dates, l->complaints))
        return;
    for (const struct node *child = node_first(raw->dates); child != NULL; child = node_next(child))
        if (strcmp(node_key(child), "maint_interval_d") != 0)
            check_date(l, child);
    const struct node *inspected = node_child(raw->dates, "inspect_last");
    check_before(l, installed != NULL ? installed : made, inspected);
    check_before(l, inspected, node_child(raw->dates, "inspect_next"));
}

/* --- grade and people ----------------------------------------------------------------------------------------------- */

static bool grade_is_good(const struct raw_grade *grade)
{
    const struct node *value = grade->value;
    bool const number = node_kind(value) == NODE_NUMBER;
    if (grade->scheme != 0 && number)
        return node_number(value) >= 1 && node_number(value) <= 4 && strlen(node_string(value)) == 0 &&
               node_number(value) - (double)(int)node_number(value) <= 0;
    const char *const text = node_string(value);
    return strlen(text) == 1 && strchr(grade->scheme == 0 ? "ABC" : "1234", text[0]) != NULL;
}

static void check_grade(struct loader *l, const struct node *node)
{
    struct raw_grade grade = {.scheme = NOT_GIVEN};
    if (node == NULL || !shape_read(node, &grade_shape, &grade, l->complaints) || grade.scheme == NOT_GIVEN ||
        grade.value == NULL || grade_is_good(&grade))
        return;
    complain_node(l->complaints, grade.value, ON_VALUE, S_BAD_CHOICE,
                  WORDS(words_found(l->complaints, grade.value),
                        grade.scheme == 0 ? both("allowed: \"A\", \"B\", \"C\"", "可用：\"A\"、\"B\"、\"C\"")
                                          : both("allowed: 1 to 4", "可用：1 到 4")));
}

static void check_phone(struct loader *l, const struct node *node, const char *phone)
{
    if (is_given(phone) && !phone_is_good(phone))
        complain_node(l->complaints, node_child(node, node_child(node, "phone") != NULL ? "phone" : "emergency_phone"),
                      ON_VALUE, S_PHONE, WORDS(words_quote(l->complaints, phone)));
}

static void check_people(struct loader *l, const struct raw_identity *raw)
{
    void *people;
    size_t count;
    struct raw_person const nobody = {0};
    check_phone(l, raw->node, raw->emergency_phone);
    if (!shape_read_list(raw->responsible, &person_shape, &nobody, sizeof nobody, RESPONSIBLE_MAX, &l->scratch,
                         l->complaints, &people, &count))
        return;
    for (size_t i = 0; i < count; i++)
        check_phone(l, ((struct raw_person *)people)[i].node, ((struct raw_person *)people)[i].phone);
}

/* --- the block ------------------------------------------------------------------------------------------------------ */

/* The block as it goes out: as it stands, the use_cod in its normal form. */
static const char *print_block(struct loader *l, const struct node *node, const struct raw_identity *raw,
                               const char *use_cod)
{
    const char *printed = node_print(node, &l->scratch);
    const char *at = printed == NULL || raw->use_cod == NULL ? NULL : strstr(printed, raw->use_cod);
    if (at == NULL || strcmp(raw->use_cod, use_cod) == 0)
        return printed;
    char *normal = arena_take(&l->scratch, strlen(printed) + 1, 1);
    if (normal == NULL)
        return NULL;
    size_t const before = (size_t)(at - printed);
    memcpy(normal, printed, before);
    struct text rest;
    text_init(&rest, normal + before, strlen(printed) + 1 - before);
    text_put(&rest, use_cod);
    text_put(&rest, at + strlen(raw->use_cod));
    return normal;
}

static void keep_block(struct loader *l, const struct node *node, const struct raw_identity *raw,
                       struct site_device *device)
{
    const char *printed = print_block(l, node, raw, device->use_cod);
    if (printed == NULL)
        complain_node(l->complaints, node, ON_KEY, S_MEMORY, NO_WORDS);
    else if (strlen(printed) > IDENTITY_SIZE_MAX)
        complain_node(l->complaints, node, ON_KEY, S_IDENTITY_LARGE,
                      WORDS(words_number(l->complaints, (double)strlen(printed)),
                            words_number(l->complaints, IDENTITY_SIZE_MAX)));
    else
        device->identity_json = take_text(l->arena, printed, l->complaints);
}

void load_identity(struct loader *l, const struct node *node, struct site_device *device)
{
    struct raw_identity raw = {.lon = NO_LIMIT, .lat = NO_LIMIT};
    if (!shape_read(node, &identity_shape, &raw, l->complaints))
        return;
    if (raw.use_cod != NULL) {
        device->use_cod = normal_use_cod(l, raw.use_cod);
        check_use(l, &raw, device->use_cod);
    }
    check_registration(l, &raw, device->class);
    check_catalogue(l, &raw, device->class);
    check_code(l, &raw, "dev_cod", raw.dev_cod, dev_cod_is_good, S_DEV_COD);
    check_code(l, &raw, "cylinder_reg_code", raw.cylinder_reg_code, cylinder_code_is_good, S_CYLINDER_CODE);
    check_code(l, &raw, "uscc", raw.uscc, uscc_is_good, S_USCC);
    check_area_codes(l, node, raw.area_code, raw.grid_code);
    check_location(l, node);
    check_far_away(l, node, raw.lon, raw.lat);
    check_dates(l, &raw);
    check_grade(l, raw.risk_grade);
    check_people(l, &raw);
    if (raw.maker != NULL)
        device->maker = take_text(l->arena, raw.maker, l->complaints);
    if (raw.model != NULL)
        device->model = take_text(l->arena, raw.model, l->complaints);
    keep_block(l, node, &raw, device);
}
