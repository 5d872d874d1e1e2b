/* The JSON form is described by scenarios/report.schema.json: "v" changes when the meaning of a member does. */
#include "firmware-sim/report.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

bool report_passed(const struct report *report)
{
    size_t played = 0;
    for (size_t i = 0; i < report->device_count; i++) {
        if (!report->devices[i].good)
            return false;
    }
    for (size_t i = 0; i < report->scenario_count; i++) {
        if (report->scenarios[i].result == REPORT_FAILED)
            return false;
        played += report->scenarios[i].result == REPORT_PASSED ? 1U : 0U;
    }
    return played > 0 && !report->stopped;
}

size_t report_waived(const struct report *report)
{
    size_t count = 0;
    for (size_t i = 0; i < report->device_count; i++)
        count += report->devices[i].waived_count;
    return count;
}

bool report_has_waived(const struct report_device *device, const char *point)
{
    for (size_t i = 0; i < device->point_count; i++) {
        if (device->points[i].waived != NULL && strcmp(device->points[i].id, point) == 0)
            return true;
    }
    return false;
}

size_t report_alike(const struct report_scenario *scenario, size_t first)
{
    const struct report_row *row = &scenario->rows[first];
    size_t count = 1;
    for (size_t i = first + 1; i < scenario->row_count; i++, count++) {
        const struct report_row *other = &scenario->rows[i];
        if (row->is_action || other->is_action || row->result != REPORT_PASSED || other->result != REPORT_PASSED ||
            row->note[0] != '\0' || other->note[0] != '\0' || strcmp(row->text, other->text) != 0)
            break;
    }
    return count < REPORT_ALIKE_LEAST ? 1 : count;
}

const char *report_result_word(enum report_result result)
{
    static const char *const words[] = {
        [REPORT_PASSED] = "passed", [REPORT_FAILED] = "failed", [REPORT_SKIPPED] = "skipped"};
    return words[result];
}

const char *report_judgement_word(enum judgement outcome)
{
    static const char *const words[] = {
        [JUDGED_OPEN] = "open",       [JUDGED_MET] = "met",           [JUDGED_LATE] = "late",
        [JUDGED_MISSING] = "missing", [JUDGED_VIOLATED] = "violated", [JUDGED_NOT_BEGUN] = "not_begun"};
    return words[outcome];
}

/* --- JSON --- */

static void add_text(cJSON *to, const char *key, const char *text)
{
    (void)cJSON_AddStringToObject(to, key, text);
}

static void add_time(cJSON *to, const char *key, int64_t ms)
{
    if (ms == REPORT_NEVER)
        (void)cJSON_AddNullToObject(to, key);
    else
        (void)cJSON_AddNumberToObject(to, key, (double)ms);
}

static void add_label(cJSON *to, const struct label *label)
{
    if (label->zh != NULL)
        add_text(to, "zh", label->zh);
    if (label->en != NULL)
        add_text(to, "en", label->en);
}

static cJSON *add_object(cJSON *list)
{
    cJSON *object = cJSON_CreateObject();
    (void)cJSON_AddItemToArray(list, object);
    return object;
}

static void put_points(cJSON *to, const struct report_device *device)
{
    cJSON *list = cJSON_AddArrayToObject(to, "points");
    for (size_t i = 0; i < device->point_count; i++) {
        const struct report_point *point = &device->points[i];
        cJSON *object = add_object(list);
        add_text(object, "id", point->id);
        add_label(object, &point->label);
        add_text(object, "unit", point->unit);
        add_text(object, "value", point->value);
        add_text(object, "quality", point->quality);
        (void)cJSON_AddBoolToObject(object, "good", point->good);
        if (point->waived != NULL)
            add_text(object, "waived", point->waived);
    }
}

static void put_alarms(cJSON *to, const struct report_device *device)
{
    cJSON *list = cJSON_AddArrayToObject(to, "alarms");
    for (size_t i = 0; i < device->alarm_count; i++) {
        const struct report_alarm *alarm = &device->alarms[i];
        cJSON *object = add_object(list);
        add_text(object, "id", alarm->id);
        add_label(object, &alarm->label);
        add_text(object, "kind", alarm->kind);
        add_text(object, "limit", alarm->limit);
        add_text(object, "priority", alarm->priority);
    }
}

static void put_device(cJSON *list, const struct report_device *device)
{
    cJSON *object = add_object(list);
    add_text(object, "id", device->id);
    add_text(object, "class", device->class);
    add_text(object, "profile", device->profile);
    (void)cJSON_AddBoolToObject(object, "good", device->good);
    add_text(object, "note", device->note);
    cJSON *identity = cJSON_AddObjectToObject(object, "identity");
    for (size_t i = 0; i < device->identity_count; i++)
        add_text(identity, device->identity[i].name, device->identity[i].value);
    put_points(object, device);
    put_alarms(object, device);
}

static void put_row(cJSON *list, const struct report_row *row)
{
    cJSON *object = add_object(list);
    add_text(object, "kind", row->is_action ? "action" : row->never ? "never" : "expect");
    add_text(object, "text", row->text);
    add_label(object, &row->label);
    add_text(object, "subject", row->subject);
    add_text(object, "result", report_result_word(row->result));
    if (!row->is_action)
        add_text(object, "outcome", report_judgement_word(row->outcome));
    add_text(object, "note", row->note);
    add_time(object, "since", row->since_ms);
    add_time(object, "until", row->until_ms);
    if (row->is_action)
        return;
    add_time(object, "when", row->when_ms);
    add_time(object, "arrived", row->arrived_ms);
    add_time(object, "took_ms", row->took_ms);
    add_time(object, "within_ms", row->within_ms);
    (void)cJSON_AddBoolToObject(object, "test", row->test);
}

/* [time, value] pairs; null where there was none. */
static void put_trend(cJSON *list, const struct report_trend *trend)
{
    cJSON *object = add_object(list);
    add_text(object, "device", trend->device);
    add_text(object, "point", trend->point);
    add_text(object, "unit", trend->unit);
    (void)cJSON_AddBoolToObject(object, "truth", trend->truth);
    cJSON *samples = cJSON_AddArrayToObject(object, "samples");
    for (size_t i = 0; i < trend->sample_count; i++) {
        const struct report_sample *sample = &trend->samples[i];
        cJSON *pair = cJSON_CreateArray();
        (void)cJSON_AddItemToArray(pair, cJSON_CreateNumber((double)sample->at_ms));
        (void)cJSON_AddItemToArray(pair, sample->good ? cJSON_CreateNumber(sample->value) : cJSON_CreateNull());
        (void)cJSON_AddItemToArray(samples, pair);
    }
}

static void put_mark(cJSON *list, const struct report_mark *mark)
{
    cJSON *object = add_object(list);
    add_time(object, "at", mark->at_ms);
    add_text(object, "kind", mark->is_alarm ? "alarm" : "event");
    add_text(object, "subject", mark->subject);
    add_text(object, "name", mark->name);
    add_text(object, "state", mark->state);
}

static void put_scenario(cJSON *list, const struct report_scenario *scenario)
{
    cJSON *object = add_object(list);
    add_text(object, "scenario", scenario->name);
    add_label(object, &scenario->label);
    add_text(object, "cast", scenario->cast);
    add_text(object, "result", report_result_word(scenario->result));
    add_text(object, "note", scenario->note);
    add_time(object, "began", scenario->began_ms);
    add_time(object, "ended", scenario->ended_ms);
    cJSON *steps = cJSON_AddArrayToObject(object, "steps");
    for (size_t i = 0; i < scenario->row_count; i++)
        put_row(steps, &scenario->rows[i]);
    cJSON *trends = cJSON_AddArrayToObject(object, "trends");
    for (size_t i = 0; i < scenario->trend_count; i++)
        put_trend(trends, &scenario->trends[i]);
    cJSON *marks = cJSON_AddArrayToObject(object, "marks");
    for (size_t i = 0; i < scenario->mark_count; i++)
        put_mark(marks, &scenario->marks[i]);
}

static void put_head(cJSON *root, const struct report *report)
{
    (void)cJSON_AddNumberToObject(root, "v", 1);
    (void)cJSON_AddBoolToObject(root, "passed", report_passed(report));
    (void)cJSON_AddNumberToObject(root, "waived", (double)report_waived(report));
    add_text(root, "site", report->site);
    add_text(root, "gateway", report->gateway);
    add_text(root, "file", report->file);
    add_text(root, "sha256", report->sha256);
    add_text(root, "running_sha256", report->running_sha256);
    add_text(root, "gateway_version", report->gateway_version);
    add_text(root, "version", report->version);
    add_text(root, "broker", report->broker);
    (void)cJSON_AddBoolToObject(root, "manual", report->manual);
    (void)cJSON_AddBoolToObject(root, "drill", report->drill);
    (void)cJSON_AddBoolToObject(root, "stopped", report->stopped);
    add_time(root, "began", report->began_ms);
    add_time(root, "ended", report->ended_ms);
    (void)cJSON_AddNumberToObject(root, "utc_offset_min", report->utc_offset_min);
    add_time(root, "delay_ms", report->delay_ms);
    (void)cJSON_AddBoolToObject(root, "clock_unsync", report->clock_unsync);
    cJSON *notes = cJSON_AddArrayToObject(root, "notes");
    for (size_t i = 0; i < report->note_count; i++)
        (void)cJSON_AddItemToArray(notes, cJSON_CreateString(report->notes[i]));
}

/* cJSON indents with tabs, which stand nowhere else: in a string they are escaped. */
static void untab(char *text)
{
    for (char *at = strchr(text, '\t'); at != NULL; at = strchr(at, '\t'))
        *at = ' ';
}

bool report_put_json(const struct report *report, FILE *out)
{
    cJSON *root = cJSON_CreateObject();
    put_head(root, report);
    cJSON *devices = cJSON_AddArrayToObject(root, "devices");
    for (size_t i = 0; i < report->device_count; i++)
        put_device(devices, &report->devices[i]);
    cJSON *scenarios = cJSON_AddArrayToObject(root, "scenarios");
    for (size_t i = 0; i < report->scenario_count; i++)
        put_scenario(scenarios, &report->scenarios[i]);
    char *text = cJSON_Print(root);
    if (text != NULL)
        untab(text);
    bool good = text != NULL && fprintf(out, "%s\n", text) > 0 && fflush(out) == 0;
    cJSON_free(text);
    cJSON_Delete(root);
    return good;
}

/* --- files --- */

static bool refuse_path(const char *path, struct text *why)
{
    return text_refuse(why, "%s cannot be written: %s; choose another place with --report", path,
                       strerror(errno)); /* NOLINT(concurrency-mt-unsafe): one thread */
}

/* The file as long as it is not whole. */
static FILE *open_part(const char *path, char ret_part[static PATH_MAX])
{
    int length = snprintf(ret_part, PATH_MAX, "%s.part", path);
    errno = ENAMETOOLONG;
    return length < 0 || length >= PATH_MAX ? NULL : fopen(ret_part, "we");
}

static bool write_one(const struct report *report, bool (*put)(const struct report *report, FILE *out),
                      const char *path, struct text *why)
{
    char part[PATH_MAX];
    FILE *file = open_part(path, part);
    if (file == NULL)
        return refuse_path(path, why);
    bool good = put(report, file);
    good = fclose(file) == 0 && good;
    if (good && rename(part, path) == 0)
        return true;
    (void)refuse_path(path, why);
    (void)remove(part);
    return false;
}

bool report_try(const char *base, struct text *why)
{
    char part[PATH_MAX];
    FILE *file = open_part(base, part);
    if (file == NULL)
        return refuse_path(base, why);
    (void)fclose(file);
    (void)remove(part);
    return true;
}

bool report_write(const struct report *report, const char *base, struct text *why)
{
    char json[PATH_MAX];
    char html[PATH_MAX];
    int length = snprintf(json, sizeof json, "%s.json", base);
    (void)snprintf(html, sizeof html, "%s.html", base);
    if (length < 0 || (size_t)length >= sizeof json)
        return text_refuse(why, "the report's name is too long");
    return write_one(report, report_put_json, json, why) && write_one(report, report_put_html, html, why);
}
