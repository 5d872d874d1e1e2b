#include "firmware-sim/scenario.h"

#include <string.h>

#include "firmware-sim/json.h"
#include "firmware-sim/scenario_reader.h"

/* --- roles ------------------------------------------------------------------------------------------------------- */

size_t scenario_find_role(const struct scenario *scenario, const char *name, size_t length)
{
    for (size_t i = 0; i < scenario->role_count; i++) {
        if (strlen(scenario->roles[i].name) == length && strncmp(scenario->roles[i].name, name, length) == 0)
            return i;
    }
    return SCENARIO_NONE;
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
        return text_refuse(reader_at(reader, key), "%s is played by many or by nobody; name a role of one device",
                           name);
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
        return text_refuse(reader_at(reader, key), "must be a name, or a list of 1 to %d names", WORDS_MAX);
    const char **words = pool_take(&reader->scenario->pool, count, sizeof(char *));
    for (size_t i = 0; i < count; i++) {
        const cJSON *word = cJSON_IsArray(item) ? cJSON_GetArrayItem(item, (int)i) : item;
        if (!cJSON_IsString(word) || !is_made_of(word->valuestring, strlen(word->valuestring), "_."))
            return text_refuse(reader_at(reader, key), "must be a name like gas_detector, or a list of names");
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
    return text_refuse(reader_at(reader, key), "must be a whole number from 1 to 1000");
}

static bool read_wire(const struct reader *reader, const cJSON *json, enum role_wire *ret_wire)
{
    const char *word = NULL;
    if (!read_text(reader, json, "wire", &word) || word == NULL)
        return word == NULL && json_member(json, "wire") == NULL;
    *ret_wire = text_equals(word, "rtu") ? ROLE_RTU : ROLE_TCP;
    if (*ret_wire == ROLE_RTU || text_equals(word, "tcp"))
        return true;
    return text_refuse(reader_at(reader, "wire"), "\"%.40s\" is neither rtu nor tcp", word);
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
        return text_refuse(reader_at(reader, "at_least"), "goes with \"all\": true");
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
        return text_refuse(reader_at(reader, "of"), "goes with \"interlock\": true");
    bool asks = role->class_count > 0 || role->point_count > 0 || role->interlock || role->zone_of != SCENARIO_NONE ||
                role->wire != ROLE_ANY_WIRE;
    return asks ||
           text_refuse(reader_at(reader, ""), "must ask for something: class, points, wire, interlock or zone_of");
}

static bool read_roles(struct reader *reader, const cJSON *json)
{
    struct scenario *scenario = reader->scenario;
    const cJSON *item = NULL;
    if (!cJSON_IsObject(json) || json_count(json) > SCENARIO_ROLES_MAX)
        return text_refuse(reader_at(reader, "roles"), "must be an object { … } of at most %d roles",
                           SCENARIO_ROLES_MAX);
    reader->roles = pool_take(&scenario->pool, SCENARIO_ROLES_MAX, sizeof *reader->roles);
    scenario->roles = reader->roles;
    cJSON_ArrayForEach(item, json)
    {
        struct text place;
        text_init(&place, reader->place, sizeof reader->place);
        text_add(&place, "roles.%.40s", item->string);
        if (!is_made_of(item->string, strlen(item->string), "_") || strlen(item->string) > 32)
            return text_refuse(reader_at(reader, ""), "a role's name is small letters, digits and _, 32 at most");
        if (scenario_find_role(scenario, item->string, strlen(item->string)) != SCENARIO_NONE)
            return text_refuse(reader_at(reader, ""), "is there twice");
        struct role role = {.name = item->string};
        if (!read_role(reader, item, &role))
            return false;
        reader->roles[scenario->role_count++] = role;
    }
    return true;
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static bool read_step(struct reader *reader, const cJSON *json, size_t index)
{
    struct step step = {.id = NULL};
    reader_go_to(reader, "steps", index, "");
    if (!cJSON_IsObject(json))
        return text_refuse(reader_at(reader, ""), "must be an object { … }");
    bool expects = json_member(json, "expect") != NULL;
    if (expects == has_action(json))
        return text_refuse(reader_at(reader, ""), "must have one of: do, set, fault, speed, order, expect");
    if (!read_name(reader, json, "id", "_-", "valve-closed", &step.id) || !read_label(reader, json, false, &step.label))
        return false;
    if (step.id != NULL && find_step(reader, step.id) != SCENARIO_NONE)
        return text_refuse(reader_at(reader, "id"), "\"%s\" is the id of another step", step.id);
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
        return text_refuse(reader_at(reader, "steps"), "must be an array [ … ] of 1 to %d steps", SCENARIO_STEPS_MAX);
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
        return text_refuse(reader_at(reader, "seed"), "must be a whole number from 0 to %d", INT32_MAX);
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
        return text_refuse(reader_at(reader, "scenario"), "is missing: the name of the scenario, like gas-leak-trip");
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
