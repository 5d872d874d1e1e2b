/* What a centre must see at a step of a scenario, or must not. */
#include <math.h>
#include <string.h>

#include "firmware-sim/json.h"
#include "firmware-sim/scenario_reader.h"

static bool read_of(const struct reader *reader, const cJSON *json, bool must, size_t *ret_role)
{
    const char *name = NULL;
    if (!read_text(reader, json, "of", &name))
        return false;
    if (name != NULL)
        return take_role(reader, "of", name, strlen(name), ret_role);
    return !must || text_refuse(reader_at(reader, "of"), "is missing: which role is it?");
}

static bool expect_alarm(struct reader *reader, const cJSON *json, struct expectation *expectation)
{
    static const char *const keys[] = {"alarm", "of", "event", "first_out", "for", NULL};
    static const char *const events[] = {"raised",    "cleared",    "acked",        "reset",    "shelved",
                                         "unshelved", "suppressed", "unsuppressed", "disabled", "enabled",
                                         "rearmed",   "chattering", "summarised",   NULL};
    if (!check_keys(reader, json, keys) || !read_name(reader, json, "alarm", "._", "gas.high", &expectation->name) ||
        !read_of(reader, json, false, &expectation->role) || !read_text(reader, json, "event", &expectation->event) ||
        !read_bool(reader, json, "first_out", &expectation->first_out))
        return false;
    expectation->has_first_out = json_member(json, "first_out") != NULL;
    if (expectation->event == NULL || is_one_of(expectation->event, events))
        return true;
    text_add(reader_at(reader, "event"), "\"%.40s\" is none of: ", expectation->event);
    list_words(reader->why, events);
    return false;
}

static bool expect_event(struct reader *reader, const cJSON *json, struct expectation *expectation)
{
    static const char *const keys[] = {"event", "of", "for", NULL};
    return check_keys(reader, json, keys) &&
           read_name(reader, json, "event", "_", "interlock_confirmed", &expectation->name) &&
           read_of(reader, json, false, &expectation->role);
}

static bool read_equals(const struct reader *reader, const cJSON *item, struct expectation *expectation)
{
    expectation->number = cJSON_IsNumber(item) ? item->valuedouble : cJSON_IsTrue(item) ? 1 : 0;
    expectation->compare = cJSON_IsNumber(item) ? COMPARE_NUMBER : COMPARE_TRUTH;
    if (cJSON_IsNumber(item) || cJSON_IsBool(item))
        return true;
    expectation->compare = COMPARE_TEXT;
    expectation->text = cJSON_IsString(item) ? item->valuestring : NULL;
    return expectation->text != NULL ||
           text_refuse(reader_at(reader, "equals"), "must be a number, true, false or a word");
}

static bool expect_telemetry(struct reader *reader, const cJSON *json, struct expectation *expectation)
{
    static const char *const keys[] = {"telemetry", "of", "equals", "above", "below", "for", NULL};
    const cJSON *above = json_member(json, "above");
    const cJSON *below = json_member(json, "below");
    const cJSON *equals = json_member(json, "equals");
    if (!check_keys(reader, json, keys) ||
        !read_name(reader, json, "telemetry", "_.", "gas_lel_pct", &expectation->name) ||
        !read_of(reader, json, true, &expectation->role))
        return false;
    if ((above != NULL) + (below != NULL) + (equals != NULL) != 1)
        return text_refuse(reader_at(reader, ""), "a point is compared by one of: equals, above, below");
    if (equals != NULL)
        return read_equals(reader, equals, expectation);
    const cJSON *limit = above != NULL ? above : below;
    expectation->compare = above != NULL ? COMPARE_ABOVE : COMPARE_BELOW;
    expectation->number = cJSON_IsNumber(limit) ? limit->valuedouble : (double)NAN;
    return isfinite(expectation->number) ||
           text_refuse(reader_at(reader, above != NULL ? "above" : "below"), "must be a number");
}

static bool expect_quality(struct reader *reader, const cJSON *json, struct expectation *expectation)
{
    static const char *const keys[] = {"quality", "of", "is", "for", NULL};
    static const char *const words[] = {"good",         "bad",    "starting", "no_answer", "bus_lost",
                                        "refused",      "busy",   "garbled",  "invalid",   "implausible",
                                        "sensor_fault", "frozen", "stale",    NULL};
    if (!check_keys(reader, json, keys) ||
        !read_name(reader, json, "quality", "_.", "gas_lel_pct", &expectation->name) ||
        !read_of(reader, json, true, &expectation->role) || !read_text(reader, json, "is", &expectation->text))
        return false;
    if (is_one_of(expectation->text, words))
        return true;
    text_add(reader_at(reader, "is"), "must be one of: ");
    list_words(reader->why, words);
    return false;
}

static const struct {
    const char *key;
    enum expect_kind kind;
    bool (*read)(struct reader *reader, const cJSON *json, struct expectation *expectation);
} kinds[] = {{"alarm", EXPECT_ALARM, expect_alarm},
             {"telemetry", EXPECT_TELEMETRY, expect_telemetry},
             {"quality", EXPECT_QUALITY, expect_quality},
             {"event", EXPECT_EVENT, expect_event}}; /* last: an alarm has an event too */

static bool read_kind(struct reader *reader, const cJSON *json, struct expectation *expectation)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (json_member(json, kinds[i].key) == NULL)
            continue;
        expectation->kind = kinds[i].kind;
        return kinds[i].read(reader, json, expectation);
    }
    return text_refuse(reader_at(reader, ""), "must have one of: alarm, event, telemetry, quality, never");
}

static bool read_never(struct reader *reader, const cJSON *json, size_t index, struct expectation *expectation)
{
    static const char *const keys[] = {"never", "for", NULL};
    const char *word = NULL;
    const cJSON *never = json_member(json, "never");
    expectation->never = true;
    if (!check_keys(reader, json, keys) || !read_text(reader, json, "for", &word) ||
        !take_time(reader, "for", word, &expectation->within_ms))
        return false;
    reader_go_to(reader, "steps", index, ".expect.never");
    if (json_member(never, "for") != NULL)
        return text_refuse(reader_at(reader, "for"), "stands beside \"never\", not in it");
    return cJSON_IsObject(never) ? read_kind(reader, never, expectation)
                                 : text_refuse(reader_at(reader, ""), "must be an object { … }");
}

static bool read_after(const struct reader *reader, const cJSON *json, size_t *ret_since)
{
    const char *id = NULL;
    if (!read_text(reader, json, "after", &id))
        return false;
    if (id != NULL) {
        *ret_since = find_step(reader, id);
        return *ret_since != SCENARIO_NONE ||
               text_refuse(reader_at(reader, "after"), "no step before this one has the id \"%.40s\"", id);
    }
    *ret_since = SCENARIO_NONE;
    for (size_t i = 0; i < reader->scenario->step_count; i++)
        *ret_since = reader->steps[i].is_action ? i : *ret_since;
    return true;
}

static bool read_within(const struct reader *reader, const cJSON *json, struct expectation *expectation)
{
    const char *word = NULL;
    if (!read_text(reader, json, "within", &word))
        return false;
    if (expectation->never)
        return word == NULL ||
               text_refuse(reader_at(reader, "within"), "a \"never\" has \"for\" instead, inside \"expect\"");
    return take_time(reader, "within", word, &expectation->within_ms);
}

bool read_expectation(struct reader *reader, const cJSON *json, size_t index, struct step *step)
{
    static const char *const keys[] = {"id", "zh", "en", "expect", "within", "after", NULL};
    const cJSON *expect = json_member(json, "expect");
    struct expectation *expectation = &step->expectation;
    *expectation = (struct expectation){.role = SCENARIO_NONE};
    if (!check_keys(reader, json, keys))
        return false;
    reader_go_to(reader, "steps", index, ".expect");
    if (!cJSON_IsObject(expect))
        return text_refuse(reader_at(reader, ""), "must be an object { … }");
    if (json_member(expect, "never") != NULL ? !read_never(reader, expect, index, expectation)
                                             : !read_kind(reader, expect, expectation))
        return false;
    if (!expectation->never && json_member(expect, "for") != NULL)
        return text_refuse(reader_at(reader, "for"), "goes with \"never\"; what must come has \"within\"");
    reader_go_to(reader, "steps", index, "");
    return read_within(reader, json, expectation) && read_after(reader, json, &expectation->since);
}
