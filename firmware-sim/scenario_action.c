/* What a step of a scenario does. */
#include <math.h>
#include <string.h>

#include "firmware-sim/fault.h"
#include "firmware-sim/json.h"
#include "firmware-sim/pace.h"
#include "firmware-sim/scenario_reader.h"

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
    return text_refuse(reader_at(reader, "fault"), "%s", count > WORDS_MAX ? "too many words" : why.bytes);
}

static bool read_do(struct reader *reader, const char *line, struct action *action)
{
    size_t length;
    action->rest = split_role(line, " ", &length);
    bool everybody = length == 1 && line[0] == '*';
    if (!everybody && !take_role(reader, "do", line, length, &action->role))
        return false;
    return action->rest[0] != '\0' ||
           text_refuse(reader_at(reader, "do"), "says who but not what: \"%s normal\"", line);
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
        return text_refuse(reader_at(reader, "set"),
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
        return text_refuse(reader_at(reader, "fault"),
                           "gone and back are for buses and nothing else is: \"bus:ROLE gone\"");
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
        return text_refuse(reader_at(reader, "order"), "\"%.40s\" is none of: ack, reset, silence", action->verb);
    if (role[0] == '\0')
        return text_equals(action->verb, "silence") ||
               text_refuse(reader_at(reader, "order"), "%s whom? \"%s ROLE ALARM\"", action->verb, action->verb);
    action->rest = split_role(role, " ", &role_length);
    if (!take_role(reader, "order", role, role_length, &action->role))
        return false;
    if (action->rest[0] == '\0' || is_made_of(action->rest, strlen(action->rest), "._"))
        return true;
    return text_refuse(reader_at(reader, "order"), "\"%.40s\" is no alarm: it is written like gas.high", action->rest);
}

static bool read_speed(struct reader *reader, const cJSON *item, struct action *action)
{
    action->speed = cJSON_IsNumber(item) ? item->valuedouble : (double)NAN;
    if (action->speed >= PACE_SPEED_MIN && action->speed <= PACE_SPEED_MAX)
        return true;
    return text_refuse(reader_at(reader, "speed"), "must be a number from %g to %g", PACE_SPEED_MIN, PACE_SPEED_MAX);
}

static bool read_what(struct reader *reader, const cJSON *json, struct action *action)
{
    const char *line = NULL;
    size_t verb = 0;
    while (json_member(json, verbs[verb].key) == NULL)
        verb++;
    for (size_t i = verb + 1; verbs[i].key != NULL; i++) {
        if (json_member(json, verbs[i].key) != NULL)
            return text_refuse(reader_at(reader, verbs[i].key), "one thing a step: it has \"%s\" already",
                               verbs[verb].key);
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
            return text_refuse(reader_at(reader, "at"), "%s is before the time of steps[%zu]; put the steps in order",
                               word, i - 1);
    }
    return true;
}

/* {role} in what people read names a role. */
static bool check_braces(const struct reader *reader, const char *key, const char *label)
{
    for (const char *open = label == NULL ? NULL : strchr(label, '{'); open != NULL; open = strchr(open + 1, '{')) {
        size_t length = strcspn(open + 1, "}");
        if (open[1 + length] == '\0')
            return text_refuse(reader_at(reader, key), "a { is not closed");
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
    reader_go_to(reader, "steps", index, ".manual");
    bool good = check_keys(reader, manual, keys) && read_label(reader, manual, true, ret_manual) &&
                check_braces(reader, "zh", ret_manual->zh) && check_braces(reader, "en", ret_manual->en);
    reader_go_to(reader, "steps", index, "");
    return good;
}

bool read_action(struct reader *reader, const cJSON *json, size_t index, struct step *step)
{
    static const char *const keys[] = {"id", "zh", "en", "at", "do", "set", "fault", "speed", "order", "manual", NULL};
    step->is_action = true;
    step->action = (struct action){.role = SCENARIO_NONE, .verb = "", .point = "", .rest = ""};
    return check_keys(reader, json, keys) && read_what(reader, json, &step->action) &&
           read_at(reader, json, &step->action) && read_manual(reader, json, index, &step->action.manual);
}

bool has_action(const cJSON *json)
{
    for (size_t i = 0; verbs[i].key != NULL; i++) {
        if (json_member(json, verbs[i].key) != NULL)
            return true;
    }
    return false;
}
