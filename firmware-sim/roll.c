#include "firmware-sim/roll.h"

#include <string.h>

#include "firmware-sim/json.h"
#include "firmware-sim/keep.h"

#define IDENTITY_MAX   64
#define FLATTEN_LEVELS 3

static const char *keep_value(struct pool *pool, const cJSON *value)
{
    if (cJSON_IsString(value))
        return keep(pool, value->valuestring);
    if (cJSON_IsBool(value))
        return cJSON_IsTrue(value) ? "true" : "false";
    if (cJSON_IsNumber(value))
        return pool_print(pool, "%.10g", value->valuedouble);
    return "";
}

/* {"dates": {"inspect_next": …}} -> "dates.inspect_next". */
static void flatten(const cJSON *object, const char *prefix, unsigned level, struct pool *pool,
                    struct report_device *device, struct report_fact *facts)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, object)
    {
        const char *name = item->string == NULL ? "" : item->string;
        const char *whole = prefix[0] == '\0' ? name : pool_print(pool, "%s.%s", prefix, name);
        if (cJSON_IsObject(item) && level < FLATTEN_LEVELS)
            flatten(item, whole, level + 1, pool, device, facts);
        else if (device->identity_count < IDENTITY_MAX)
            facts[device->identity_count++] = (struct report_fact){keep(pool, whole), keep_value(pool, item)};
    }
}

static bool names(const cJSON *list, const char *word)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        if (cJSON_IsString(item) && text_equals(item->valuestring, word))
            return true;
    }
    return false;
}

static bool is_early(const char *quality)
{
    return strcmp(quality, "never") == 0 || strcmp(quality, "starting") == 0;
}

/* What the gateway works out by itself is shown but not judged: a drift has no value before a day is over, the time
 * to low water none while the water does not fall. What it is worked out of is read, and judged there. */
static const char *quality_of(const struct picture *picture, size_t device, const char *point, bool *ret_good)
{
    const cJSON *telemetry = picture->devices[device].telemetry;
    bool derived = device_find_signal(&picture->site->devices[device], point) == NULL;
    const cJSON *bad = json_member(json_member(telemetry, "bad"), point);
    const char *quality = cJSON_IsString(bad) ? bad->valuestring : bad != NULL ? "bad" : "good";
    if (bad == NULL && json_member(json_member(telemetry, "values"), point) == NULL)
        quality = "never";
    else if (bad == NULL && names(json_member(telemetry, "uncertain"), point))
        quality = "uncertain";
    *ret_good = derived || strcmp(quality, "good") == 0;
    return derived && is_early(quality) ? "pending" : quality;
}

static void lack(struct outlook *outlook, enum readiness readiness, const char *point)
{
    if (readiness < outlook->readiness)
        outlook->lacking = 0;
    if (readiness > outlook->readiness)
        return;
    outlook->readiness = readiness;
    if (outlook->lacking < ROLL_NAMES_MAX)
        outlook->names[outlook->lacking] = point;
    outlook->lacking++;
}

void roll_look(const struct picture *picture, const struct waivers *waivers, size_t device, struct outlook *ret_outlook)
{
    const struct known *known = &picture->devices[device];
    const cJSON *point;
    *ret_outlook = (struct outlook){.readiness = READY_GOOD};
    if (known->registry == NULL || known->telemetry == NULL)
        ret_outlook->readiness = READY_NOTHING;
    cJSON_ArrayForEach(point, json_member(known->registry, "points"))
    {
        const char *id = point->string == NULL ? "" : point->string;
        bool good;
        const char *quality = quality_of(picture, device, id, &good);
        ret_outlook->point_count++;
        if (!good && waiver_find(waivers, device, id) == NULL)
            lack(ret_outlook, is_early(quality) ? READY_PARTLY : READY_BAD, id);
    }
}

void roll_print_outlook(const struct outlook *outlook, const struct picture *picture, size_t device, struct text *out)
{
    const struct known *known = &picture->devices[device];
    text_add(out, "%s", picture->site->devices[device].id);
    if (outlook->readiness == READY_NOTHING) {
        text_add(out, known->telemetry == NULL ? " (no telemetry 无数据)" : " (no registry 无档案)");
        return;
    }
    text_add(out, " (%zu/%zu %s:", outlook->lacking, outlook->point_count,
             outlook->readiness == READY_PARTLY ? "not read 未读到" : "bad 无效");
    for (size_t i = 0; i < outlook->lacking && i < ROLL_NAMES_MAX; i++)
        text_add(out, " %s", outlook->names[i]);
    text_add(out, outlook->lacking > ROLL_NAMES_MAX ? " …)" : ")");
}

static void find_points(const struct picture *picture, const struct waivers *waivers, size_t place, struct pool *pool,
                        struct report_device *device)
{
    const struct known *known = &picture->devices[place];
    const cJSON *list = json_member(known->registry, "points");
    struct report_point *points = pool_take(pool, json_count(list) + 1, sizeof *points);
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        const char *id = item->string == NULL ? "" : item->string;
        bool good;
        const char *quality = quality_of(picture, place, id, &good);
        const struct waiver *waiver = good ? NULL : waiver_find(waivers, place, id);
        const cJSON *value = json_member(json_member(known->telemetry, "values"), id);
        device->waived_count += waiver == NULL ? 0U : 1U;
        points[device->point_count++] =
            (struct report_point){.id = keep(pool, id),
                                  .label = keep_label(pool, item),
                                  .unit = keep(pool, json_text(item, "unit", "")),
                                  .value = keep_value(pool, value),
                                  .quality = keep(pool, quality),
                                  .good = good,
                                  .waived = waiver == NULL ? NULL : keep(pool, waiver->reason)};
    }
    device->points = points;
}

static void find_alarms(const struct known *known, struct pool *pool, struct report_device *device)
{
    const cJSON *list = json_member(known->registry, "alarms");
    struct report_alarm *alarms = pool_take(pool, json_count(list) + 1, sizeof *alarms);
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        alarms[device->alarm_count++] = (struct report_alarm){.id = keep(pool, item->string),
                                                              .label = keep_label(pool, item),
                                                              .kind = keep(pool, json_text(item, "kind", "")),
                                                              .limit = keep_value(pool, json_member(item, "limit")),
                                                              .priority = keep(pool, json_text(item, "priority", ""))};
    }
    device->alarms = alarms;
}

static const char *note_of(enum readiness readiness, const struct known *known)
{
    if (readiness == READY_NOTHING && known->telemetry == NULL)
        return "无数据 no telemetry came";
    if (readiness == READY_NOTHING)
        return "无档案 no registry came";
    if (readiness == READY_PARTLY)
        return "有测点从未读到 some points were never read";
    return readiness == READY_BAD ? "有测点读数无效 some points have no good reading" : "";
}

void roll_device(const struct picture *picture, const struct waivers *waivers, size_t device, struct pool *pool,
                 struct report_device *ret_device)
{
    const struct known *known = &picture->devices[device];
    const struct site_device *site = &picture->site->devices[device];
    struct outlook outlook;
    struct report_fact *facts = pool_take(pool, IDENTITY_MAX, sizeof *facts);
    roll_look(picture, waivers, device, &outlook);
    *ret_device = (struct report_device){.id = keep(pool, site->id),
                                         .class = keep(pool, json_text(known->registry, "cls", site->class)),
                                         .profile = keep(pool, json_text(known->registry, "profile", "")),
                                         .identity = facts,
                                         .good = outlook.readiness == READY_GOOD,
                                         .note = note_of(outlook.readiness, known)};
    flatten(json_member(known->registry, "identity"), "", 0, pool, ret_device, facts);
    find_points(picture, waivers, device, pool, ret_device);
    find_alarms(known, pool, ret_device);
}
