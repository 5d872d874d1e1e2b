/* One point of a device out of one point of a slave: type, codes, unit, scale, range and names. */
#include <math.h>
#include <string.h>

#include "gateway/site/assembly.h"
#include "gateway/site/units.h"

static int64_t code_find(const struct class_point *canonical, const char *id)
{
    for (size_t i = 0; i < canonical->code_count; i++)
        if (strcmp(canonical->codes[i].id, id) == 0)
            return (int64_t)i;
    return -1;
}

/* Translates the slave's codes into the class's by name. */
static bool translate_codes(struct assembly *a, const struct node *at, const struct slave_point *from,
                            const struct class_point *canonical, struct device_point *point)
{
    if (from->codes == canonical->codes)
        return true;
    uint32_t *code_of = take_array(a->l->arena, from->code_count, sizeof *code_of, complaints_of(a));
    bool good = code_of != NULL;
    for (size_t i = 0; good && i < from->code_count; i++) {
        int64_t code = code_find(canonical, from->codes[i].id);
        if (code < 0) {
            complain_node(complaints_of(a), at, ON_VALUE, S_CODE_UNKNOWN,
                          WORDS(words_quote(complaints_of(a), canonical->id),
                                words_quote(complaints_of(a), from->codes[i].id),
                                words_quote(complaints_of(a), from->id),
                                words_suggest(complaints_of(a), from->codes[i].id, name_of_code, canonical)));
            good = false;
        } else {
            code_of[i] = (uint32_t)code;
        }
    }
    point->code_of = code_of;
    return good;
}

/* factor and addend from the slave's value to the device's, over the mapping's scale and both units. */
static bool convert_units(struct assembly *a, const struct node *at, const struct raw_point *raw,
                          const struct slave_point *from, const struct class_point *canonical,
                          struct device_point *point)
{
    bool const scaled = !is_same(raw->scale, 1) || !is_same(raw->offset, 0);
    const char *unit = raw->unit != NULL ? take_text(a->l->arena, raw->unit, complaints_of(a))
                       : scaled          ? ""
                                         : from->unit;
    double factor = 1;
    double addend = 0;
    if (canonical != NULL && unit[0] != '\0' && canonical->unit[0] == '\0') {
        complain_node(complaints_of(a), at, ON_VALUE, S_UNITLESS,
                      WORDS(words_quote(complaints_of(a), canonical->id), words_quote(complaints_of(a), unit)));
        return false;
    }
    if (canonical != NULL && unit[0] != '\0' && !unit_convert(unit, canonical->unit, &factor, &addend)) {
        complain_node(complaints_of(a), at, ON_VALUE, S_UNIT_DIFFERS,
                      WORDS(words_quote(complaints_of(a), canonical->id),
                            words_quote(complaints_of(a), canonical->unit), words_quote(complaints_of(a), unit)));
        return false;
    }
    point->factor = raw->scale * factor;
    point->addend = raw->offset * factor + addend;
    point->unit = canonical != NULL ? canonical->unit : unit;
    return true;
}

static bool check_scaling(struct assembly *a, const struct node *at, const struct raw_point *raw,
                          const struct slave_point *from)
{
    if (raw->invert && from->type != VALUE_BOOL) {
        complain_node(complaints_of(a), place_of(at, "invert"), ON_KEY, S_INVERT_NUMBER,
                      WORDS(words_quote(complaints_of(a), from->id), words_value_type(from->type)));
        return false;
    }
    if (!value_type_is_number(from->type) && (!is_same(raw->scale, 1) || !is_same(raw->offset, 0))) {
        complain_node(complaints_of(a), at, ON_VALUE, S_CANNOT_BECOME,
                      WORDS(words_quote(complaints_of(a), node_key(at)), both("a scaled number", "换算过的数"),
                            words_value_type(from->type)));
        return false;
    }
    if (is_same(raw->scale, 0)) {
        complain_node(complaints_of(a), place_of(at, "scale"), ON_VALUE, S_SCALE_ZERO, NO_WORDS);
        return false;
    }
    return true;
}

static const char *label_of(struct assembly *a, const char *given, const struct slave_point *from, const char *of_slave,
                            const char *of_class, const char *id)
{
    if (given != NULL)
        return take_text(a->l->arena, given, complaints_of(a));
    const char *bare;
    (void)channel_split(from->id, &bare);
    bool const own = strcmp(bare, id) == 0 && of_slave[0] != '\0'; /* a profile's label for the canonical point */
    if (own || (of_class == NULL && of_slave[0] != '\0'))
        return of_slave;
    return of_class != NULL ? of_class : id;
}

static void set_range(const struct raw_point *raw, const struct slave_point *from, const struct class_point *canonical,
                      struct device_point *point)
{
    point->minimum = canonical != NULL ? canonical->minimum : NO_LIMIT;
    point->maximum = canonical != NULL ? canonical->maximum : NO_LIMIT;
    if (raw->deadband >= 0)
        point->deadband = raw->deadband;
    else if (from->deadband >= 0)
        point->deadband = from->deadband * fabs(point->factor);
    else
        point->deadband = canonical != NULL ? canonical->deadband : 0;
}

static void note_taken(struct assembly *a, const struct node *at, int32_t slave, int32_t slave_point)
{
    struct build_slave *build = &a->l->build_slaves[slave];
    uint16_t const channel = build->channel_of[slave_point];
    build->served = true;
    build->taken[slave_point] = true;
    if (channel == 0)
        return;
    int32_t *device = &build->channel_device[channel - 1];
    if (*device >= 0 && *device != (int32_t)a->index && !a->shared)
        complain_node(complaints_of(a), at, ON_VALUE, S_CHANNEL_SHARED,
                      WORDS(words_format(complaints_of(a), "\"%s.ch%u\"", build->slave->id, channel),
                            words_quote(complaints_of(a), a->l->devices[*device].id)));
    a->shared = a->shared || (*device >= 0 && *device != (int32_t)a->index);
    if (*device < 0)
        *device = (int32_t)a->index;
}

bool take_point(struct assembly *a, const char *id, const struct node *at, int32_t slave, int32_t slave_point,
                const struct raw_point *raw)
{
    struct loader *l = a->l;
    const struct slave_point *from = &l->slaves[slave].points[slave_point];
    const struct class_point *canonical = class_point_find(a->class, id);
    if (a->point_count == a->point_max)
        return false;
    struct device_point point = {.class_point = canonical != NULL ? (int32_t)(canonical - a->class->points) : -1,
                                 .slave = slave,
                                 .slave_point = slave_point,
                                 .type = canonical != NULL ? canonical->type : from->type,
                                 .codes = canonical != NULL ? canonical->codes : from->codes,
                                 .code_count = canonical != NULL ? canonical->code_count : from->code_count,
                                 .invert = raw->invert};
    if (!value_type_converts(from->type, point.type)) {
        complain_node(
            l->complaints, at, ON_VALUE, S_CANNOT_BECOME,
            WORDS(words_quote(l->complaints, id), words_value_type(point.type), words_value_type(from->type)));
        return false;
    }
    if (!check_scaling(a, at, raw, from) || !convert_units(a, at, raw, from, canonical, &point))
        return false;
    if (canonical != NULL && point.type == VALUE_ENUM && !translate_codes(a, at, from, canonical, &point))
        return false;
    if (canonical == NULL && point.type != VALUE_NUMBER && !is_same(point.factor, 1))
        point.type = VALUE_NUMBER;
    point.single = from->single && is_same(point.factor, 1) && is_same(point.addend, 0);
    point.id = canonical != NULL ? canonical->id : take_text(l->arena, id, l->complaints);
    point.zh = label_of(a, raw->zh, from, from->zh, canonical != NULL ? canonical->zh : NULL, point.id);
    point.en = label_of(a, raw->en, from, from->en, canonical != NULL ? canonical->en : NULL, point.id);
    set_range(raw, from, canonical, &point);
    a->points[a->point_count++] = point;
    note_taken(a, at, slave, slave_point);
    return true;
}
