#include "firmware-sim/scenario.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "firmware-sim/fault.h"
#include "firmware-sim/json.h"
#include "firmware-sim/pace.h"

#define NAME_MAX_CHARS 64
#define WORDS_MAX      16
#define LINE_MAX_CHARS 400

struct reader {
    struct scenario *scenario;
    struct role *roles;
    struct step *steps;
    struct text *why;
    char place[48]; /* "steps[3].expect"; "" the file itself */
};

/* --- where a mistake is, and the small checks -------------------------------------------------------------------- */

/* "steps[3].within: ", and then the caller's sentence. */
static struct text *at(const struct reader *reader, const char *key)
{
    const char *dot = reader->place[0] == '\0' || key[0] == '\0' ? "" : ".";
    const char *colon = reader->place[0] == '\0' && key[0] == '\0' ? "" : ": ";
    text_add(reader->why, "%s%s%s%s", reader->place, dot, key, colon);
    return reader->why;
}

static void go_to(struct reader *reader, const char *array, size_t index, const char *member)
{
    struct text text;
    text_init(&text, reader->place, sizeof reader->place);
    text_add(&text, "%s[%zu]%s", array, index, member);
}

static void list_words(struct text *out, const char *const *words)
{
    for (size_t i = 0; words[i] != NULL; i++)
        text_add(out, "%s%s", i == 0 ? "" : ", ", words[i]);
}

static bool is_one_of(const char *word, const char *const *words)
{
    for (size_t i = 0; words[i] != NULL; i++) {
        if (text_equals(word, words[i]))
            return true;
    }
    return false;
}

static bool is_first_of_its_key(const cJSON *object, const cJSON *item)
{
    const cJSON *other = NULL;
    cJSON_ArrayForEach(other, object)
    {
        if (text_equals(other->string, item->string))
            return other == item;
    }
    return true;
}

/* An object whose keys are all known and there once. */
static bool check_keys(const struct reader *reader, const cJSON *object, const char *const *keys)
{
    const cJSON *item = NULL;
    if (!cJSON_IsObject(object))
        return text_refuse(at(reader, ""), "must be an object { … }");
    cJSON_ArrayForEach(item, object)
    {
        if (!is_one_of(item->string, keys)) {
            text_add(at(reader, ""), "\"%.40s\" means nothing here; there are: ", item->string);
            list_words(reader->why, keys);
            return false;
        }
        if (!is_first_of_its_key(object, item))
            return text_refuse(at(reader, item->string), "is there twice");
    }
    return true;
}

/* NULL stays when it is not there. */
static bool read_text(const struct reader *reader, const cJSON *object, const char *key, const char **ret_text)
{
    const cJSON *item = json_member(object, key);
    if (item == NULL)
        return true;
    if (!cJSON_IsString(item) || item->valuestring[0] == '\0')
        return text_refuse(at(reader, key), "must be a text that is not empty");
    if (strlen(item->valuestring) > LINE_MAX_CHARS)
        return text_refuse(at(reader, key), "is longer than %d bytes", LINE_MAX_CHARS);
    if (strpbrk(item->valuestring, "\r\n") != NULL)
        return text_refuse(at(reader, key), "must be one line");
    *ret_text = item->valuestring;
    return true;
}

static bool is_made_of(const char *text, size_t length, const char *marks)
{
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && strchr(marks, c) == NULL)
            return false;
    }
    return length > 0 && length <= NAME_MAX_CHARS;
}

/* `like`: an example, for the sentence. */
static bool read_name(const struct reader *reader, const cJSON *object, const char *key, const char *marks,
                      const char *like, const char **ret_name)
{
    if (!read_text(reader, object, key, ret_name))
        return false;
    if (*ret_name == NULL || is_made_of(*ret_name, strlen(*ret_name), marks))
        return true;
    return text_refuse(at(reader, key), "\"%.40s\" is no name: it is written like %s", *ret_name, like);
}

static bool read_bool(const struct reader *reader, const cJSON *object, const char *key, bool *ret_bool)
{
    const cJSON *item = json_member(object, key);
    if (item != NULL && !cJSON_IsBool(item))
        return text_refuse(at(reader, key), "must be true or false");
    *ret_bool = cJSON_IsTrue(item);
    return true;
}

/* Both tongues or none. */
static bool read_label(struct reader *reader, const cJSON *object, bool must, struct label *ret_label)
{
    if (!read_text(reader, object, "zh", &ret_label->zh) || !read_text(reader, object, "en", &ret_label->en))
        return false;
    const char *missing = ret_label->zh == NULL ? "zh" : ret_label->en == NULL ? "en" : NULL;
    if (missing == NULL || (!must && ret_label->zh == ret_label->en))
        return true;
    return text_refuse(at(reader, missing), "is missing: labels are said in both zh and en");
}

/* Whole milliseconds. */
static bool time_of(const char *word, int64_t *ret_ms)
{
    int64_t us;
    if (!text_to_duration(word, &us) || us > SCENARIO_TIME_MAX * 1000)
        return false;
    *ret_ms = us / 1000;
    return true;
}

static bool take_time(const struct reader *reader, const char *key, const char *word, int64_t *ret_ms)
{
    if (word != NULL && time_of(word, ret_ms))
        return true;
    if (word == NULL)
        return text_refuse(at(reader, key), "is missing: a time like \"500ms\", \"15s\", \"2min\" or \"1h\"");
    return text_refuse(at(reader, key),
                       "\"%.40s\" is no time: write \"500ms\", \"15s\", \"2min\" or \"1h\", 7 days at most", word);
}

/* --- roles ------------------------------------------------------------------------------------------------------- */

size_t scenario_find_role(const struct scenario *scenario, const char *name, size_t length)
{
    for (size_t i = 0; i < scenario->role_count; i++) {
        if (strlen(scenario->roles[i].name) == length && strncmp(scenario->roles[i].name, name, length) == 0)
            return i;
    }
    return SCENARIO_NONE;
}

static bool refuse_role(const struct reader *reader, const char *key, const char *name, size_t length)
{
    text_add(at(reader, key), "there is no role \"%.*s\"; there %s", (int)(length < 40 ? length : 40), name,
             reader->scenario->role_count == 0 ? "is none so far" : "are:");
    for (size_t i = 0; i < reader->scenario->role_count; i++)
        text_add(reader->why, " %s", reader->scenario->roles[i].name);
    return false;
}

/* A role that stands before this one; SCENARIO_NONE stays when the key is not there. */
static bool read_other(const struct reader *reader, const cJSON *json, const char *key, size_t *ret_role)
{
    const char *name = NULL;
    *ret_role = SCENARIO_NONE;
    if (!read_text(reader, json, key, &name) || name == NULL)
        return name == NULL && json_member(json, key) == NULL;
    *ret_role = scenario_find_role(reader->scenario, name, strlen(name));
    if (*ret_role == SCENARIO_NONE)
        return refuse_role(reader, key, name, strlen(name));
    if (reader->roles[*ret_role].all || reader->roles[*ret_role].optional)
        return text_refuse(at(reader, key), "%s is played by many or by nobody; name a role of one device", name);
    return true;
}

/* "gas_detector" or ["boiler_steam", "boiler_hot_water"]. */
static bool read_words(struct reader *reader, const cJSON *json, const char *key, const char *const **ret_words,
                       size_t *ret_count)
{
    const cJSON *item = json_member(json, key);
    size_t count = cJSON_IsArray(item) ? json_count(item) : 1;
    if (item == NULL)
        return true;
    if (count == 0 || count > WORDS_MAX)
        return text_refuse(at(reader, key), "must be a name, or a list of 1 to %d names", WORDS_MAX);
    const char **words = pool_take(&reader->scenario->pool, count, sizeof(char *));
    for (size_t i = 0; i < count; i++) {
        const cJSON *word = cJSON_IsArray(item) ? cJSON_GetArrayItem(item, (int)i) : item;
        if (!cJSON_IsString(word) || !is_made_of(word->valuestring, strlen(word->valuestring), "_."))
            return text_refuse(at(reader, key), "must be a name like gas_detector, or a list of names");
        words[i] = word->valuestring;
    }
    *ret_words = words;
    *ret_count = count;
    return true;
}

static bool read_count(const struct reader *reader, const cJSON *json, const char *key, long long *ret_count)
{
    const cJSON *item = json_member(json, key);
    if (item == NULL || json_integer(item, 1, 1000, ret_count))
        return true;
    return text_refuse(at(reader, key), "must be a whole number from 1 to 1000");
}

static bool read_wire(const struct reader *reader, const cJSON *json, enum role_wire *ret_wire)
{
    const char *word = NULL;
    if (!read_text(reader, json, "wire", &word) || word == NULL)
        return word == NULL && json_member(json, "wire") == NULL;
    *ret_wire = text_equals(word, "rtu") ? ROLE_RTU : ROLE_TCP;
    if (*ret_wire == ROLE_RTU || text_equals(word, "tcp"))
        return true;
    return text_refuse(at(reader, "wire"), "\"%.40s\" is neither rtu nor tcp", word);
}

static bool read_many(const struct reader *reader, const cJSON *json, struct role *role)
{
    long long vote = 0;
    long long at_least = 1;
    if (!read_bool(reader, json, "optional", &role->optional) || !read_bool(reader, json, "all", &role->all) ||
        !read_count(reader, json, "vote", &vote) || !read_count(reader, json, "at_least", &at_least))
        return false;
    role->vote = (unsigned)vote;
    role->at_least = (size_t)at_least;
    if (json_member(json, "at_least") != NULL && !role->all)
        return text_refuse(at(reader, "at_least"), "goes with \"all\": true");
    return true;
}

static bool read_role(struct reader *reader, const cJSON *json, struct role *role)
{
    static const char *const keys[] = {"class",   "points", "settings", "wire", "interlock", "of",
                                       "zone_of", "vote",   "optional", "all",  "at_least",  NULL};
    if (!check_keys(reader, json, keys) || !read_bool(reader, json, "interlock", &role->interlock) ||
        !read_words(reader, json, "class", &role->classes, &role->class_count) ||
        !read_words(reader, json, "points", &role->points, &role->point_count) ||
        !read_words(reader, json, "settings", &role->settings, &role->setting_count) ||
        !read_wire(reader, json, &role->wire) || !read_other(reader, json, "of", &role->of) ||
        !read_other(reader, json, "zone_of", &role->zone_of) || !read_many(reader, json, role))
        return false;
    if (role->of != SCENARIO_NONE && !role->interlock)
        return text_refuse(at(reader, "of"), "goes with \"interlock\": true");
    bool asks = role->class_count > 0 || role->point_count > 0 || role->interlock || role->zone_of != SCENARIO_NONE ||
                role->wire != ROLE_ANY_WIRE;
    return asks || text_refuse(at(reader, ""), "must ask for something: class, points, wire, interlock or zone_of");
}

static bool read_roles(struct reader *reader, const cJSON *json)
{
    struct scenario *scenario = reader->scenario;
    const cJSON *item = NULL;
    if (!cJSON_IsObject(json) || json_count(json) > SCENARIO_ROLES_MAX)
        return text_refuse(at(reader, "roles"), "must be an object { … } of at most %d roles", SCENARIO_ROLES_MAX);
    reader->roles = pool_take(&scenario->pool, SCENARIO_ROLES_MAX, sizeof *reader->roles);
    scenario->roles = reader->roles;
    cJSON_ArrayForEach(item, json)
    {
        struct text place;
        text_init(&place, reader->place, sizeof reader->place);
        text_add(&place, "roles.%.40s", item->string);
        if (!is_made_of(item->string, strlen(item->string), "_") || strlen(item->string) > 32)
            return text_refuse(at(reader, ""), "a role's name is small letters, digits and _, 32 at most");
        if (scenario_find_role(scenario, item->string, strlen(item->string)) != SCENARIO_NONE)
            return text_refuse(at(reader, ""), "is there twice");
        struct role role = {.name = item->string};
        if (!read_role(reader, item, &role))
            return false;
        reader->roles[scenario->role_count++] = role;
    }
    return true;
}

/* --- actions ----------------------------------------------------------------------------------------------------- */

static const struct {
    const char *key;
    enum action_kind kind;
} verbs[] = {{"do", ACTION_DO},       {"set", ACTION_SET},     {"fault", ACTION_FAULT},
             {"speed", ACTION_SPEED}, {"order", ACTION_ORDER}, {NULL, ACTION_DO}};

/* "leaking", and what follows it after blanks; a dot ends it too when it may. */
static const char *split_role(const char *line, const char *ends, size_t *ret_length)
{
    *ret_length = strcspn(line, ends);
    const char *rest = line + *ret_length;
    return *rest == '\0' ? rest : rest + 1 + strspn(rest + 1, " ");
}

static bool take_role(const struct reader *reader, const char *key, const char *name, size_t length, size_t *ret_role)
{
    *ret_role = scenario_find_role(reader->scenario, name, length);
    return *ret_role != SCENARIO_NONE || refuse_role(reader, key, name, length);
}

static bool check_fault(struct reader *reader, const char *words_of)
{
    char line[LINE_MAX_CHARS + 1];
    char *words[WORDS_MAX];
    struct fault fault;
    struct sentence why;
    struct text copy;
    text_init(&copy, line, sizeof line);
    text_add(&copy, "%s", words_of);
    size_t count = text_split(line, words, WORDS_MAX);
    if (count <= WORDS_MAX && fault_read(words, count, &fault, sentence_init(&why)))
        return true;
    return text_refuse(at(reader, "fault"), "%s", count > WORDS_MAX ? "too many words" : why.bytes);
}

static bool read_do(struct reader *reader, const char *line, struct action *action)
{
    size_t length;
    action->rest = split_role(line, " ", &length);
    bool everybody = length == 1 && line[0] == '*';
    if (!everybody && !take_role(reader, "do", line, length, &action->role))
        return false;
    return action->rest[0] != '\0' || text_refuse(at(reader, "do"), "says who but not what: \"%s normal\"", line);
}

static bool read_set(struct reader *reader, const char *line, struct action *action)
{
    size_t length;
    const char *point = split_role(line, ". ", &length);
    size_t point_length = strcspn(point, " ");
    if (!take_role(reader, "set", line, length, &action->role))
        return false;
    action->rest = point + point_length + strspn(point + point_length, " ");
    if (line[length] != '.' || !is_made_of(point, point_length, "_") || action->rest[0] == '\0')
        return text_refuse(at(reader, "set"),
                           "must be \"ROLE.POINT VALUE\", \"ROLE.POINT raw N\" or \"ROLE.POINT auto\"");
    action->point = pool_print(&reader->scenario->pool, "%.*s", (int)point_length, point);
    return true;
}

static bool read_fault(struct reader *reader, const char *line, struct action *action)
{
    size_t length;
    action->bus = strncmp(line, "bus:", 4) == 0;
    const char *who = action->bus ? line + 4 : line;
    action->rest = split_role(who, " ", &length);
    bool everybody = !action->bus && length == 1 && who[0] == '*';
    if (!everybody && !take_role(reader, "fault", who, length, &action->role))
        return false;
    bool is_of_buses = strncmp(action->rest, "gone", 4) == 0 || strncmp(action->rest, "back", 4) == 0;
    if (is_of_buses != action->bus)
        return text_refuse(at(reader, "fault"), "gone and back are for buses and nothing else is: \"bus:ROLE gone\"");
    return check_fault(reader, action->rest);
}

/* "ack leaking gas.high", "reset valve", "silence". */
static bool read_order(struct reader *reader, const char *line, struct action *action)
{
    static const char *const words[] = {"ack", "reset", "silence", NULL};
    size_t verb_length;
    size_t role_length;
    const char *role = split_role(line, " ", &verb_length);
    action->verb = pool_print(&reader->scenario->pool, "%.*s", (int)verb_length, line);
    if (!is_one_of(action->verb, words))
        return text_refuse(at(reader, "order"), "\"%.40s\" is none of: ack, reset, silence", action->verb);
    if (role[0] == '\0')
        return text_equals(action->verb, "silence") ||
               text_refuse(at(reader, "order"), "%s whom? \"%s ROLE ALARM\"", action->verb, action->verb);
    action->rest = split_role(role, " ", &role_length);
    if (!take_role(reader, "order", role, role_length, &action->role))
        return false;
    if (action->rest[0] == '\0' || is_made_of(action->rest, strlen(action->rest), "._"))
        return true;
    return text_refuse(at(reader, "order"), "\"%.40s\" is no alarm: it is written like gas.high", action->rest);
}

static bool read_speed(struct reader *reader, const cJSON *item, struct action *action)
{
    action->speed = cJSON_IsNumber(item) ? item->valuedouble : (double)NAN;
    if (action->speed >= PACE_SPEED_MIN && action->speed <= PACE_SPEED_MAX)
        return true;
    return text_refuse(at(reader, "speed"), "must be a number from %g to %g", PACE_SPEED_MIN, PACE_SPEED_MAX);
}

static bool read_what(struct reader *reader, const cJSON *json, struct action *action)
{
    const char *line = NULL;
    size_t verb = 0;
    while (json_member(json, verbs[verb].key) == NULL)
        verb++;
    for (size_t i = verb + 1; verbs[i].key != NULL; i++) {
        if (json_member(json, verbs[i].key) != NULL)
            return text_refuse(at(reader, verbs[i].key), "one thing a step: it has \"%s\" already", verbs[verb].key);
    }
    action->kind = verbs[verb].kind;
    if (action->kind == ACTION_SPEED)
        return read_speed(reader, json_member(json, "speed"), action);
    if (!read_text(reader, json, verbs[verb].key, &line) || line == NULL)
        return false;
    switch (action->kind) {
    case ACTION_SET:
        return read_set(reader, line, action);
    case ACTION_FAULT:
        return read_fault(reader, line, action);
    case ACTION_ORDER:
        return read_order(reader, line, action);
    case ACTION_DO:
    case ACTION_SPEED:
        break;
    }
    return read_do(reader, line, action);
}

/* Times after the start never go back. */
static bool read_at(const struct reader *reader, const cJSON *json, struct action *action)
{
    const char *word = NULL;
    action->waits = true;
    if (!read_text(reader, json, "at", &word))
        return false;
    if (word == NULL)
        return true;
    action->waits = word[0] == '+';
    if (!take_time(reader, "at", action->waits ? word + 1 : word, &action->at_ms))
        return false;
    for (size_t i = reader->scenario->step_count; !action->waits && i > 0; i--) {
        const struct step *before = &reader->steps[i - 1];
        if (before->is_action && !before->action.waits && before->action.at_ms > action->at_ms)
            return text_refuse(at(reader, "at"), "%s is before the time of steps[%zu]; put the steps in order", word,
                               i - 1);
    }
    return true;
}

/* {role} in what people read names a role. */
static bool check_braces(const struct reader *reader, const char *key, const char *label)
{
    for (const char *open = label == NULL ? NULL : strchr(label, '{'); open != NULL; open = strchr(open + 1, '{')) {
        size_t length = strcspn(open + 1, "}");
        if (open[1 + length] == '\0')
            return text_refuse(at(reader, key), "a { is not closed");
        if (!take_role(reader, key, open + 1, length, &(size_t){0}))
            return false;
    }
    return true;
}

static bool read_manual(struct reader *reader, const cJSON *json, size_t index, struct label *ret_manual)
{
    static const char *const keys[] = {"zh", "en", NULL};
    const cJSON *manual = json_member(json, "manual");
    if (manual == NULL)
        return true;
    go_to(reader, "steps", index, ".manual");
    bool good = check_keys(reader, manual, keys) && read_label(reader, manual, true, ret_manual) &&
                check_braces(reader, "zh", ret_manual->zh) && check_braces(reader, "en", ret_manual->en);
    go_to(reader, "steps", index, "");
    return good;
}

static bool read_action(struct reader *reader, const cJSON *json, size_t index, struct step *step)
{
    static const char *const keys[] = {"id", "zh", "en", "at", "do", "set", "fault", "speed", "order", "manual", NULL};
    step->is_action = true;
    step->action = (struct action){.role = SCENARIO_NONE, .verb = "", .point = "", .rest = ""};
    return check_keys(reader, json, keys) && read_what(reader, json, &step->action) &&
           read_at(reader, json, &step->action) && read_manual(reader, json, index, &step->action.manual);
}

/* --- expectations ------------------------------------------------------------------------------------------------ */

static bool read_of(const struct reader *reader, const cJSON *json, bool must, size_t *ret_role)
{
    const char *name = NULL;
    if (!read_text(reader, json, "of", &name))
        return false;
    if (name != NULL)
        return take_role(reader, "of", name, strlen(name), ret_role);
    return !must || text_refuse(at(reader, "of"), "is missing: which role is it?");
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
    text_add(at(reader, "event"), "\"%.40s\" is none of: ", expectation->event);
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
    return expectation->text != NULL || text_refuse(at(reader, "equals"), "must be a number, true, false or a word");
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
        return text_refuse(at(reader, ""), "a point is compared by one of: equals, above, below");
    if (equals != NULL)
        return read_equals(reader, equals, expectation);
    const cJSON *limit = above != NULL ? above : below;
    expectation->compare = above != NULL ? COMPARE_ABOVE : COMPARE_BELOW;
    expectation->number = cJSON_IsNumber(limit) ? limit->valuedouble : (double)NAN;
    return isfinite(expectation->number) ||
           text_refuse(at(reader, above != NULL ? "above" : "below"), "must be a number");
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
    text_add(at(reader, "is"), "must be one of: ");
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
    return text_refuse(at(reader, ""), "must have one of: alarm, event, telemetry, quality, never");
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
    go_to(reader, "steps", index, ".expect.never");
    if (json_member(never, "for") != NULL)
        return text_refuse(at(reader, "for"), "stands beside \"never\", not in it");
    return cJSON_IsObject(never) ? read_kind(reader, never, expectation)
                                 : text_refuse(at(reader, ""), "must be an object { … }");
}

static size_t find_step(const struct reader *reader, const char *id)
{
    for (size_t i = 0; i < reader->scenario->step_count; i++) {
        if (text_equals(reader->steps[i].id, id))
            return i;
    }
    return SCENARIO_NONE;
}

static bool read_after(const struct reader *reader, const cJSON *json, size_t *ret_since)
{
    const char *id = NULL;
    if (!read_text(reader, json, "after", &id))
        return false;
    if (id != NULL) {
        *ret_since = find_step(reader, id);
        return *ret_since != SCENARIO_NONE ||
               text_refuse(at(reader, "after"), "no step before this one has the id \"%.40s\"", id);
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
        return word == NULL || text_refuse(at(reader, "within"), "a \"never\" has \"for\" instead, inside \"expect\"");
    return take_time(reader, "within", word, &expectation->within_ms);
}

static bool read_expectation(struct reader *reader, const cJSON *json, size_t index, struct step *step)
{
    static const char *const keys[] = {"id", "zh", "en", "expect", "within", "after", NULL};
    const cJSON *expect = json_member(json, "expect");
    struct expectation *expectation = &step->expectation;
    *expectation = (struct expectation){.role = SCENARIO_NONE};
    if (!check_keys(reader, json, keys))
        return false;
    go_to(reader, "steps", index, ".expect");
    if (!cJSON_IsObject(expect))
        return text_refuse(at(reader, ""), "must be an object { … }");
    if (json_member(expect, "never") != NULL ? !read_never(reader, expect, index, expectation)
                                             : !read_kind(reader, expect, expectation))
        return false;
    if (!expectation->never && json_member(expect, "for") != NULL)
        return text_refuse(at(reader, "for"), "goes with \"never\"; what must come has \"within\"");
    go_to(reader, "steps", index, "");
    return read_within(reader, json, expectation) && read_after(reader, json, &expectation->since);
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static bool has_action(const cJSON *json)
{
    for (size_t i = 0; verbs[i].key != NULL; i++) {
        if (json_member(json, verbs[i].key) != NULL)
            return true;
    }
    return false;
}

static bool read_step(struct reader *reader, const cJSON *json, size_t index)
{
    struct step step = {.id = NULL};
    go_to(reader, "steps", index, "");
    if (!cJSON_IsObject(json))
        return text_refuse(at(reader, ""), "must be an object { … }");
    bool expects = json_member(json, "expect") != NULL;
    if (expects == has_action(json))
        return text_refuse(at(reader, ""), "must have one of: do, set, fault, speed, order, expect");
    if (!read_name(reader, json, "id", "_-", "valve-closed", &step.id) || !read_label(reader, json, false, &step.label))
        return false;
    if (step.id != NULL && find_step(reader, step.id) != SCENARIO_NONE)
        return text_refuse(at(reader, "id"), "\"%s\" is the id of another step", step.id);
    if (expects ? !read_expectation(reader, json, index, &step) : !read_action(reader, json, index, &step))
        return false;
    reader->steps[reader->scenario->step_count++] = step;
    return true;
}

static bool read_steps(struct reader *reader, const cJSON *json)
{
    const cJSON *item = NULL;
    size_t count = json_count(json);
    reader->place[0] = '\0';
    if (!cJSON_IsArray(json) || count == 0 || count > SCENARIO_STEPS_MAX)
        return text_refuse(at(reader, "steps"), "must be an array [ … ] of 1 to %d steps", SCENARIO_STEPS_MAX);
    reader->steps = pool_take(&reader->scenario->pool, count, sizeof *reader->steps);
    reader->scenario->steps = reader->steps;
    cJSON_ArrayForEach(item, json)
    {
        if (!read_step(reader, item, reader->scenario->step_count))
            return false;
    }
    return true;
}

static bool read_seed(const struct reader *reader, const cJSON *json, uint64_t *ret_seed)
{
    const cJSON *item = json_member(json, "seed");
    long long seed = 1;
    if (item != NULL && !json_integer(item, 0, INT32_MAX, &seed))
        return text_refuse(at(reader, "seed"), "must be a whole number from 0 to %d", INT32_MAX);
    *ret_seed = (uint64_t)seed;
    return true;
}

static bool read_scenario(struct reader *reader)
{
    static const char *const keys[] = {"$schema", "scenario", "zh", "en", "seed", "roles", "steps", NULL};
    struct scenario *scenario = reader->scenario;
    const cJSON *json = scenario->tree;
    const char *schema = NULL;
    reader->place[0] = '\0';
    if (!check_keys(reader, json, keys) || !read_text(reader, json, "$schema", &schema) ||
        !read_name(reader, json, "scenario", "-", "gas-leak-trip", &scenario->name))
        return false;
    if (scenario->name == NULL)
        return text_refuse(at(reader, "scenario"), "is missing: the name of the scenario, like gas-leak-trip");
    return read_label(reader, json, true, &scenario->label) && read_seed(reader, json, &scenario->seed) &&
           (json_member(json, "roles") == NULL || read_roles(reader, json_member(json, "roles"))) &&
           read_steps(reader, json_member(json, "steps"));
}

/* Takes the tree over. */
static bool open_tree(struct scenario *scenario, const char *name, cJSON *tree, struct text *why)
{
    struct sentence inner;
    *scenario = (struct scenario){.tree = tree};
    if (tree == NULL)
        return false;
    struct reader reader = {.scenario = scenario, .why = sentence_init(&inner)};
    if (read_scenario(&reader))
        return true;
    text_add(why, "%s: %s", name, inner.bytes);
    scenario_close(scenario);
    return false;
}

bool scenario_open(struct scenario *scenario, const char *file, struct text *why)
{
    return open_tree(scenario, file, json_read(file, why), why);
}

bool scenario_open_bytes(struct scenario *scenario, const char *name, const char *bytes, size_t size, struct text *why)
{
    return open_tree(scenario, name, json_parse(name, bytes, size, why), why);
}

void scenario_close(struct scenario *scenario)
{
    cJSON_Delete(scenario->tree);
    pool_close(&scenario->pool);
    *scenario = (struct scenario){.name = NULL};
}

/* --- for people --------------------------------------------------------------------------------------------------- */

static const char *role_name(const struct scenario *scenario, size_t role)
{
    return role == SCENARIO_NONE ? "*" : scenario->roles[role].name;
}

static void print_action(const struct scenario *scenario, const struct action *action, struct text *out)
{
    const char *who = role_name(scenario, action->role);
    switch (action->kind) {
    case ACTION_DO:
        text_add(out, "do %s %s", who, action->rest);
        break;
    case ACTION_SET:
        text_add(out, "set %s.%s %s", who, action->point, action->rest);
        break;
    case ACTION_FAULT:
        text_add(out, "fault %s%s %s", action->bus ? "bus:" : "", who, action->rest);
        break;
    case ACTION_SPEED:
        text_add(out, "speed %g", action->speed);
        break;
    case ACTION_ORDER:
        text_add(out, "%s%s%s%s%s", action->verb, action->role == SCENARIO_NONE ? "" : " ",
                 action->role == SCENARIO_NONE ? "" : who, action->rest[0] == '\0' ? "" : " ", action->rest);
        break;
    }
}

static void print_comparison(const struct expectation *expectation, struct text *out)
{
    switch (expectation->compare) {
    case COMPARE_NUMBER:
        text_add(out, " = %g", expectation->number);
        break;
    case COMPARE_TRUTH:
        text_add(out, " = %s", expectation->number > 0 ? "true" : "false");
        break;
    case COMPARE_TEXT:
        text_add(out, " = %s", expectation->text);
        break;
    case COMPARE_ABOVE:
        text_add(out, " > %g", expectation->number);
        break;
    case COMPARE_BELOW:
        text_add(out, " < %g", expectation->number);
        break;
    }
}

static void print_expectation(const struct scenario *scenario, const struct expectation *expectation, struct text *out)
{
    static const char *const words[] = {[EXPECT_ALARM] = "alarm",
                                        [EXPECT_EVENT] = "event",
                                        [EXPECT_TELEMETRY] = "telemetry",
                                        [EXPECT_QUALITY] = "quality"};
    text_add(out, "%s%s %s", expectation->never ? "never " : "", words[expectation->kind], expectation->name);
    if (expectation->role != SCENARIO_NONE)
        text_add(out, " of %s", role_name(scenario, expectation->role));
    if (expectation->event != NULL)
        text_add(out, " %s", expectation->event);
    if (expectation->has_first_out)
        text_add(out, " %s", expectation->first_out ? "first out" : "not first out");
    if (expectation->kind == EXPECT_TELEMETRY)
        print_comparison(expectation, out);
    if (expectation->kind == EXPECT_QUALITY)
        text_add(out, " is %s", expectation->text);
    text_add(out, "%s", expectation->never ? " for " : " within ");
    text_add_duration(out, expectation->within_ms * 1000);
}

void step_print(const struct scenario *scenario, const struct step *step, struct text *out)
{
    if (step->is_action)
        print_action(scenario, &step->action, out);
    else
        print_expectation(scenario, &step->expectation, out);
}
