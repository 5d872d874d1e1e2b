#include "firmware-sim/scenario_reader.h"

#include <string.h>

#include "firmware-sim/json.h"

struct text *reader_at(const struct reader *reader, const char *key)
{
    const char *dot = reader->place[0] == '\0' || key[0] == '\0' ? "" : ".";
    const char *colon = reader->place[0] == '\0' && key[0] == '\0' ? "" : ": ";
    text_add(reader->why, "%s%s%s%s", reader->place, dot, key, colon);
    return reader->why;
}

void reader_go_to(struct reader *reader, const char *array, size_t index, const char *member)
{
    struct text text;
    text_init(&text, reader->place, sizeof reader->place);
    text_add(&text, "%s[%zu]%s", array, index, member);
}

void list_words(struct text *out, const char *const *words)
{
    for (size_t i = 0; words[i] != NULL; i++)
        text_add(out, "%s%s", i == 0 ? "" : ", ", words[i]);
}

bool is_one_of(const char *word, const char *const *words)
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

bool check_keys(const struct reader *reader, const cJSON *object, const char *const *keys)
{
    const cJSON *item = NULL;
    if (!cJSON_IsObject(object))
        return text_refuse(reader_at(reader, ""), "must be an object { … }");
    cJSON_ArrayForEach(item, object)
    {
        if (!is_one_of(item->string, keys)) {
            text_add(reader_at(reader, ""), "\"%.40s\" means nothing here; there are: ", item->string);
            list_words(reader->why, keys);
            return false;
        }
        if (!is_first_of_its_key(object, item))
            return text_refuse(reader_at(reader, item->string), "is there twice");
    }
    return true;
}

bool read_text(const struct reader *reader, const cJSON *object, const char *key, const char **ret_text)
{
    const cJSON *item = json_member(object, key);
    if (item == NULL)
        return true;
    if (!cJSON_IsString(item) || item->valuestring[0] == '\0')
        return text_refuse(reader_at(reader, key), "must be a text that is not empty");
    if (strlen(item->valuestring) > LINE_MAX_CHARS)
        return text_refuse(reader_at(reader, key), "is longer than %d bytes", LINE_MAX_CHARS);
    if (strpbrk(item->valuestring, "\r\n") != NULL)
        return text_refuse(reader_at(reader, key), "must be one line");
    *ret_text = item->valuestring;
    return true;
}

bool is_made_of(const char *text, size_t length, const char *marks)
{
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && strchr(marks, c) == NULL)
            return false;
    }
    return length > 0 && length <= NAME_MAX_CHARS;
}

bool read_name(const struct reader *reader, const cJSON *object, const char *key, const char *marks, const char *like,
               const char **ret_name)
{
    if (!read_text(reader, object, key, ret_name))
        return false;
    if (*ret_name == NULL || is_made_of(*ret_name, strlen(*ret_name), marks))
        return true;
    return text_refuse(reader_at(reader, key), "\"%.40s\" is no name: it is written like %s", *ret_name, like);
}

bool read_bool(const struct reader *reader, const cJSON *object, const char *key, bool *ret_bool)
{
    const cJSON *item = json_member(object, key);
    if (item != NULL && !cJSON_IsBool(item))
        return text_refuse(reader_at(reader, key), "must be true or false");
    *ret_bool = cJSON_IsTrue(item);
    return true;
}

bool read_label(struct reader *reader, const cJSON *object, bool must, struct label *ret_label)
{
    if (!read_text(reader, object, "zh", &ret_label->zh) || !read_text(reader, object, "en", &ret_label->en))
        return false;
    const char *missing = ret_label->zh == NULL ? "zh" : ret_label->en == NULL ? "en" : NULL;
    if (missing == NULL || (!must && ret_label->zh == ret_label->en))
        return true;
    return text_refuse(reader_at(reader, missing), "is missing: labels are said in both zh and en");
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

bool take_time(const struct reader *reader, const char *key, const char *word, int64_t *ret_ms)
{
    if (word != NULL && time_of(word, ret_ms))
        return true;
    if (word == NULL)
        return text_refuse(reader_at(reader, key), "is missing: a time like \"500ms\", \"15s\", \"2min\" or \"1h\"");
    return text_refuse(reader_at(reader, key),
                       "\"%.40s\" is no time: write \"500ms\", \"15s\", \"2min\" or \"1h\", 7 days at most", word);
}

bool refuse_role(const struct reader *reader, const char *key, const char *name, size_t length)
{
    text_add(reader_at(reader, key), "there is no role \"%.*s\"; there %s", (int)(length < 40 ? length : 40), name,
             reader->scenario->role_count == 0 ? "is none so far" : "are:");
    for (size_t i = 0; i < reader->scenario->role_count; i++)
        text_add(reader->why, " %s", reader->scenario->roles[i].name);
    return false;
}

bool take_role(const struct reader *reader, const char *key, const char *name, size_t length, size_t *ret_role)
{
    *ret_role = scenario_find_role(reader->scenario, name, length);
    return *ret_role != SCENARIO_NONE || refuse_role(reader, key, name, length);
}

size_t find_step(const struct reader *reader, const char *id)
{
    for (size_t i = 0; i < reader->scenario->step_count; i++) {
        if (text_equals(reader->steps[i].id, id))
            return i;
    }
    return SCENARIO_NONE;
}
