#include "tests/support/test.h"

#include "tests/support/class_rig.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/core/normalize.h"

static size_t point_of(const struct rig *rig, const char *id)
{
    for (size_t i = 0; i < rig->class->point_count; i++)
        if (strcmp(rig->class->points[i].id, id) == 0)
            return i;
    fail_msg("%s has no point %s", rig->class->id, id);
    return 0;
}

static double *setting_of(struct rig *rig, const char *id, size_t length)
{
    for (size_t i = 0; i < rig->class->setting_count; i++)
        if (strlen(rig->class->settings[i].id) == length && strncmp(rig->class->settings[i].id, id, length) == 0)
            return &rig->settings[i];
    return NULL;
}

static void take_word(struct rig *rig, const char *word)
{
    const char *equals = strchr(word, '=');
    if (equals == NULL) {
        size_t const point = point_of(rig, word);
        assert_true(!rig->class->points[point].derived || rig->class->points[point].readable);
        rig->sources[point] = POINT_READ;
        return;
    }
    double *setting = setting_of(rig, word, (size_t)(equals - word));
    if (setting == NULL)
        fail_msg("%s has no setting %s", rig->class->id, word);
    else
        *setting = strtod(equals + 1, NULL);
}

/* One alternative of a word of `needs`: a point before this one, or a setting. */
static bool has_alternative(struct rig *rig, size_t before, const char *id, size_t length)
{
    const double *setting = setting_of(rig, id, length);
    bool found = setting != NULL;
    bool has = setting != NULL && *setting > NO_LIMIT;
    for (size_t i = 0; i < before; i++) {
        if (strlen(rig->class->points[i].id) != length || strncmp(rig->class->points[i].id, id, length) != 0)
            continue;
        found = true;
        has = has || rig->sources[i] != POINT_ABSENT;
    }
    if (!found)
        fail_msg("%s needs %.*s, which is not before it", rig->class->points[before].id, (int)length, id);
    return has;
}

static bool has_needs(struct rig *rig, size_t point)
{
    const char *at = rig->class->points[point].needs;
    bool found = false;
    while (at != NULL && *at != '\0') {
        size_t const length = strcspn(at, "| ");
        found = has_alternative(rig, point, at, length) || found;
        at += length;
        if (*at == '|') {
            at++;
            continue;
        }
        if (!found)
            return false;
        found = false;
        at += strspn(at, " ");
    }
    return true;
}

static void resolve(struct rig *rig)
{
    for (size_t i = 0; i < rig->class->point_count; i++)
        if (rig->class->points[i].derived && rig->sources[i] != POINT_READ)
            rig->sources[i] = has_needs(rig, i) ? POINT_DERIVED : POINT_ABSENT;
}

void rig_open(struct rig *rig, const struct device_class *class, const char *has)
{
    char words[8192];
    char *rest = words;
    assert_true(strlen(has) < sizeof words && class->point_count <= RIG_POINTS_MAX);
    assert_true(class->setting_count <= RIG_SETTINGS_MAX && class->memory_size <= DERIVE_MEMORY_MAX);
    *rig = (struct rig){.class = class, .mono_ms = 1000};
    for (size_t i = 0; i < class->setting_count; i++)
        rig->settings[i] = class->settings[i].standard;
    memcpy(words, has, strlen(has) + 1);
    for (char *word = strtok_r(rest, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest))
        take_word(rig, word);
    resolve(rig);
    rig_restart(rig);
}

void rig_setting(struct rig *rig, const char *setting, double value)
{
    double *own = setting_of(rig, setting, strlen(setting));
    assert_non_null(own);
    *own = value;
    resolve(rig);
}

void rig_read(struct rig *rig, const char *point)
{
    take_word(rig, point);
    resolve(rig);
}

void rig_restart(struct rig *rig)
{
    memset(rig->memory, 0, sizeof rig->memory);
    for (size_t i = 0; i < rig->class->point_count; i++)
        rig->samples[i] = sample_bad(i, REASON_STARTING);
}

struct sample *rig_at(struct rig *rig, const char *point)
{
    return &rig->samples[point_of(rig, point)];
}

static void put(struct rig *rig, const char *id, struct sample sample)
{
    size_t const point = point_of(rig, id);
    if (rig->sources[point] != POINT_READ)
        fail_msg("%s is not read", id);
    sample.point = (uint16_t)point;
    rig->samples[point] = sample;
}

void rig_bool(struct rig *rig, const char *point, bool value)
{
    put(rig, point, (struct sample){.value = {.boolean = value}});
}

void rig_number(struct rig *rig, const char *point, double value)
{
    put(rig, point, (struct sample){.value = {.number = value}});
}

void rig_whole(struct rig *rig, const char *point, int64_t value)
{
    put(rig, point, (struct sample){.value = {.integer = value}});
}

void rig_code(struct rig *rig, const char *point, const char *code)
{
    const struct class_point *of = &rig->class->points[point_of(rig, point)];
    for (uint32_t i = 0; i < of->code_count; i++) {
        if (strcmp(of->codes[i].id, code) == 0) {
            put(rig, point, (struct sample){.value = {.code = i}});
            return;
        }
    }
    fail_msg("%s has no code %s", point, code);
}

void rig_bad(struct rig *rig, const char *point)
{
    put(rig, point, sample_bad(0, REASON_NO_ANSWER));
}

void rig_bad_for(struct rig *rig, const char *point, enum reason reason, double was)
{
    struct sample sample = sample_bad(0, reason);
    sample.value.number = was;
    put(rig, point, sample);
}

/* What lies behind the class's own memory was zero, and stays so. */
static bool stays_inside(const struct rig *rig)
{
    for (size_t i = rig->class->memory_size; i < sizeof rig->memory; i++)
        if (rig->memory[i] != 0)
            return false;
    return true;
}

void rig_derive(struct rig *rig)
{
    struct derive derive = {.mono_ms = rig->mono_ms,
                            .samples = rig->samples,
                            .sources = rig->sources,
                            .sample_count = rig->class->point_count,
                            .holds = rig->holds,
                            .settings = rig->settings,
                            .memory = rig->memory};
    rig->class->derive(&derive);
    assert_true(stays_inside(rig));
    rig->next_mono_ms = derive.ret_next_mono_ms;
    assert_true(rig->next_mono_ms > rig->mono_ms); /* or it would be called again and again */
}

void rig_pass(struct rig *rig, int64_t ms)
{
    rig->mono_ms += ms;
}

const char *rig_says(struct rig *rig, const char *point)
{
    size_t const index = point_of(rig, point);
    assert_int_equal(rig->class->points[index].type, VALUE_BOOL);
    rig_derive(rig);
    if (rig->sources[index] == POINT_ABSENT)
        return "-";
    return !sample_has_value(&rig->samples[index]) ? "?" : rig->samples[index].value.boolean ? "yes" : "no";
}

const char *rig_says_code(struct rig *rig, const char *point)
{
    size_t const index = point_of(rig, point);
    assert_int_equal(rig->class->points[index].type, VALUE_ENUM);
    rig_derive(rig);
    if (rig->sources[index] == POINT_ABSENT)
        return "-";
    return !sample_has_value(&rig->samples[index]) ? "?"
                                                   : rig->class->points[index].codes[rig->samples[index].value.code].id;
}

void rig_expect(struct rig *rig, const char *point, enum quality quality, double value, double within)
{
    size_t const index = point_of(rig, point);
    const struct sample *sample = &rig->samples[index];
    assert_int_equal(rig->class->points[index].type, VALUE_NUMBER);
    rig_derive(rig);
    if (rig->sources[index] == POINT_ABSENT)
        fail_msg("the device has no %s", point);
    if (sample->quality != quality || !(fabs(sample->value.number - value) <= within))
        fail_msg("%s is %.9g (quality %d, %s), not %.9g (%d)", point, sample->value.number, sample->quality,
                 reason_text((enum reason)sample->reason), value, (int)quality);
}

void rig_expect_bad(struct rig *rig, const char *point, enum reason reason)
{
    size_t const index = point_of(rig, point);
    const struct sample *sample = &rig->samples[index];
    rig_derive(rig);
    if (rig->sources[index] == POINT_ABSENT)
        fail_msg("the device has no %s", point);
    if (sample->quality != QUALITY_BAD || sample->reason != reason)
        fail_msg("%s has quality %d, %s; not bad, %s", point, sample->quality, reason_text((enum reason)sample->reason),
                 reason_text(reason));
}

const struct class_alarm *class_alarm_of(const struct device_class *class, const char *id)
{
    size_t i = 0;
    while (i < class->alarm_count && strcmp(class->alarms[i].id, id) != 0)
        i++;
    if (i == class->alarm_count)
        fail_msg("%s has no alarm %s", class->id, id);
    return &class->alarms[i];
}
