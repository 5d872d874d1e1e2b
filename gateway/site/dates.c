/* What the site file says about dates and registration, as rules: each date has one for each stage of core/due, and a device
 * that is registered as stopped or scrapped one for its use. */
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/core/civil.h"
#include "gateway/core/due.h"
#include "gateway/site/loader.h"

#define USED_OFF_DELAY_MS 600000 /* one use, with its pauses, is one alarm */

struct label {
    const char *id;
    const char *zh;
    const char *en;
};

struct date {
    const char *key;
    struct label stages[DUE_STAGES];
};

/* clang-format off */
#define STAGES(name_, zh_, en_) { \
    {"date." name_ "_60d", zh_ "：60 天内到期", en_ " due within 60 days"}, \
    {"date." name_ "_30d", zh_ "：30 天内到期", en_ " due within 30 days"}, \
    {"date." name_ "_7d", zh_ "：7 天内到期", en_ " due within 7 days"}, \
    {"date." name_ "_due", zh_ "：已到期", en_ " due"} }
/* clang-format on */

#define MAINT_NEXT "maint_next" /* maint_last and maint_interval_d say it */

static const struct date dates[] = {
    {"inspect_next", STAGES("inspect", "定期检验", "inspection")},
    {"self_check_next", STAGES("self_check", "自行检查", "self-check")},
    {MAINT_NEXT, STAGES("maint", "维护保养", "maintenance")},
    {"safety_valve_next", STAGES("safety_valve", "安全阀校验", "test of the safety valve")},
    {"gauge_next", STAGES("gauge", "压力表检定", "verification of the pressure gauge")},
    {"detector_expiry", STAGES("detector", "探测器有效期", "replacement of the detector")},
    {"valve_expiry", STAGES("valve", "阀门有效期", "replacement of the valve")},
    {"cylinder_scrap", STAGES("cylinder_scrap", "气瓶报废", "scrapping of the cylinder")},
};
_Static_assert(ARRAY_SIZE(dates) * DUE_STAGES + 1 == IDENTITY_RULES_MAX, "every date, and the use");

static const struct date proof_test = {"proof_test_next", STAGES("proof_test", "联锁功能试验", "proof test")};

static const enum priority priorities[DUE_STAGES] = {PRIORITY_INFO, PRIORITY_LOW, PRIORITY_MEDIUM, PRIORITY_HIGH};

static const struct rule plain = {RULE_WITHOUT_POINT, .priority = PRIORITY_HIGH, .shelvable = true};

static size_t add_stages(const struct date *date, int32_t day, struct rule *ret_rules)
{
    for (size_t i = 0; i < DUE_STAGES; i++) {
        ret_rules[i] = plain;
        ret_rules[i].id = date->stages[i].id;
        ret_rules[i].kind = RULE_DUE;
        ret_rules[i].limit = DUE_DAYS[i];
        ret_rules[i].priority = priorities[i];
        ret_rules[i].due_day = day;
        ret_rules[i].date = date->key;
        ret_rules[i].unit = "d";
        ret_rules[i].zh = date->stages[i].zh;
        ret_rules[i].en = date->stages[i].en;
    }
    return DUE_STAGES;
}

static bool read_day(const struct node *node, int32_t *ret_day)
{
    return node != NULL && node_kind(node) == NODE_STRING &&
           civil_read(node_string(node), strlen(node_string(node)), ret_day);
}

static bool find_day(const struct node *given, const char *key, int32_t *ret_day)
{
    if (strcmp(key, MAINT_NEXT) != 0)
        return read_day(node_child(given, key), ret_day);
    const struct node *interval = node_child(given, "maint_interval_d");
    if (interval == NULL || node_kind(interval) != NODE_NUMBER || !(node_number(interval) >= 1) ||
        node_number(interval) > MAINT_INTERVAL_MAX_D || !read_day(node_child(given, "maint_last"), ret_day))
        return false;
    *ret_day += (int32_t)node_number(interval);
    return true;
}

static bool shows_use(const struct site_device *device)
{
    for (size_t i = 0; device->class != NULL && i < device->class->point_count; i++)
        if (device->class->points[i].use != USE_NONE && device->by_class[i] >= 0)
            return true;
    return false;
}

static bool is_out_of_use(const struct node *identity)
{
    const struct node *status = node_child(identity, "register_status");
    if (status == NULL || node_kind(status) != NODE_STRING)
        return false;
    return strcmp(node_string(status), "stopped") == 0 || strcmp(node_string(status), "scrapped") == 0;
}

size_t rules_of_identity(const struct site_device *device, const struct node *identity,
                         struct rule ret_rules[static IDENTITY_RULES_MAX])
{
    size_t count = 0;
    int32_t day;
    if (identity == NULL || node_kind(identity) != NODE_OBJECT)
        return 0;
    const struct node *given = node_child(identity, "dates");
    for (size_t i = 0; given != NULL && node_kind(given) == NODE_OBJECT && i < ARRAY_SIZE(dates); i++)
        if (find_day(given, dates[i].key, &day))
            count += add_stages(&dates[i], day, ret_rules + count);
    if (is_out_of_use(identity) && shows_use(device)) {
        ret_rules[count] = plain;
        ret_rules[count].id = "used_while_stopped";
        ret_rules[count].kind = RULE_USED;
        ret_rules[count].off_delay_ms = USED_OFF_DELAY_MS;
        ret_rules[count].zh = "停用或报废设备仍在使用";
        ret_rules[count].en = "used although registered as stopped or scrapped";
        count++;
    }
    return count;
}

size_t rules_of_proof_test(const struct node *interlock, struct rule ret_rules[static DUE_STAGES])
{
    int32_t day;
    return read_day(node_child(interlock, proof_test.key), &day) ? add_stages(&proof_test, day, ret_rules) : 0;
}
