#include "tests/support/golden_profile.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/device/classes.h"
#include "drivers/link/frame.h"
#include "gateway/base/check.h"
#include "gateway/core/decode.h"
#include "gateway/core/normalize.h"
#include "gateway/core/plan.h"
#include "gateway/site/load.h"

#define IMAGE_SIZE      4096 /* addresses of each table */
#define TABLE_COUNT     5    /* by enum function */
#define ARENA_SIZE      ((size_t)8 * 1024 * 1024)
#define FILE_SIZE_MAX   ((size_t)256 * 1024)
#define SHORTEST_DIGITS 1e-9

struct image {
    uint16_t words[TABLE_COUNT][IMAGE_SIZE];
};

struct comparison {
    const char *name;
    const cJSON *golden;
    const char *image_name;
    bool quiet;
    size_t differences;
    const char *profile_text;
    struct arena arena;
    struct complaints complaints;
    const struct site *site;
    struct plan_read reads[SITE_POINTS_MAX];
    uint16_t read_points[SITE_POINTS_MAX];
    struct plan plan;
    struct image image;
    struct image first_image;
    uint8_t bits[LINK_BITS_MAX / 8];
    struct batch batch;
    struct framer framer;
};

__attribute__((format(printf, 2, 3))) static void differ(struct comparison *c, const char *format, ...)
{
    va_list arguments;
    c->differences++;
    if (c->quiet)
        return;
    (void)printf("%s, %s: ", c->name, c->image_name);
    va_start(arguments, format);
    (void)vprintf(format, arguments);
    va_end(arguments);
    (void)printf("\n");
}

cJSON *golden_read(const char *directory, const char *name)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s%s.json", directory, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    char *text = calloc(1, FILE_SIZE_MAX);
    CHECK(text != NULL);
    size_t const size = fread(text, 1, FILE_SIZE_MAX - 1, file);
    (void)fclose(file);
    CHECK(size < FILE_SIZE_MAX - 1);
    cJSON_Minify(text);
    cJSON *json = cJSON_Parse(text);
    free(text);
    return json;
}

/* --- the site ----------------------------------------------------------------------------------------------------- */

static void add_all(cJSON *object, const cJSON *from)
{
    const cJSON *child;
    cJSON_ArrayForEach(child, from) cJSON_AddItemToObject(object, child->string, cJSON_Duplicate(child, true));
}

static void add_device(cJSON *devices, const char *id, const char *class, const char *slave)
{
    cJSON *device = cJSON_CreateObject();
    cJSON_AddStringToObject(device, "id", id);
    cJSON_AddStringToObject(device, "class", class);
    cJSON_AddItemToArray(cJSON_AddArrayToObject(device, "slaves"), cJSON_CreateString(slave));
    cJSON_AddItemToArray(devices, device);
}

static bool has_plain_point(const cJSON *golden)
{
    const cJSON *first = cJSON_GetArrayItem(cJSON_GetObjectItem(golden, "images"), 0);
    const cJSON *point;
    cJSON_ArrayForEach(point, cJSON_GetObjectItem(first, "expect")) if (strchr(point->string, '.') == NULL) return true;
    return false;
}

static void add_devices(const struct comparison *c, cJSON *devices, const char *class_id)
{
    const struct device_class *class = NULL;
    for (size_t i = 0; i < classes.class_count; i++)
        if (class_id != NULL && strcmp(classes.classes[i]->id, class_id) == 0)
            class = classes.classes[i];
    if (class == NULL)
        return;
    if (has_plain_point(c->golden))
        add_device(devices, "d", class->id, "s");
    const cJSON *channel;
    cJSON_ArrayForEach(channel, cJSON_GetObjectItem(c->golden, "channels"))
    {
        char id[32];
        char slave[32];
        (void)snprintf(id, sizeof id, "d%d", channel->valueint);
        (void)snprintf(slave, sizeof slave, "s.ch%d", channel->valueint);
        if (class->channel != NULL)
            add_device(devices, id, class->channel->id, slave);
    }
}

static char *site_text(const struct comparison *c, const char *class_id, const cJSON *slave_keys)
{
    cJSON *site =
        cJSON_Parse("{\"gateway\":{\"id\":\"g\"},\"buses\":[{\"id\":\"b\",\"link\":\"tcp\",\"host\":\"127.0.0.1\"}],"
                    "\"centres\":[{\"id\":\"c\",\"url\":\"mqtt://127.0.0.1:1883\"}]}");
    cJSON *slave = cJSON_CreateObject();
    cJSON_AddStringToObject(slave, "id", "s");
    cJSON_AddStringToObject(slave, "bus", "b");
    cJSON_AddNumberToObject(slave, "unit", 1);
    cJSON_AddStringToObject(slave, "profile", c->name);
    add_all(slave, slave_keys);
    cJSON_AddItemToArray(cJSON_AddArrayToObject(site, "slaves"), slave);
    add_devices(c, cJSON_AddArrayToObject(site, "devices"), class_id);
    char *text = cJSON_PrintUnformatted(site);
    cJSON_Delete(site);
    CHECK(text != NULL);
    return text;
}

static void unload(struct comparison *c)
{
    complaints_close(&c->complaints);
    arena_close(&c->arena);
    c->site = NULL;
}

static bool load(struct comparison *c, const cJSON *profile, const cJSON *slave_keys)
{
    struct profile_bytes const held = {.name = c->name, .bytes = c->profile_text, .size = strlen(c->profile_text)};
    static const char *const nowhere[] = {NULL};
    struct site_sources const sources = {
        .classes = &classes, .profile_dirs = nowhere, .profiles = &held, .profile_count = 1};
    char *text = site_text(c, cJSON_GetStringValue(cJSON_GetObjectItem(profile, "class")), slave_keys);
    complaints_init(&c->complaints);
    arena_init(&c->arena, ARENA_SIZE);
    enum err const err =
        site_load_bytes("golden.json", text, strlen(text), &sources, &c->arena, &c->complaints, &c->site);
    free(text);
    for (size_t i = 0; i < c->complaints.count; i++) {
        const struct complaint *complaint = &c->complaints.list[i];
        differ(c, "%s:%u: %s: %s", complaint->file, complaint->line, complaint->path, complaint->text[LANGUAGE_EN]);
    }
    if (err != ERR_OK)
        return false;
    CHECK(plan_make(&c->site->buses[0], &c->site->slaves[0], c->reads, SITE_POINTS_MAX, c->read_points, &c->plan) ==
          ERR_OK);
    return true;
}

/* --- images ------------------------------------------------------------------------------------------------------- */

static enum function function_named(const char *name)
{
    static const char *const names[] = {"", "coil", "discrete", "holding", "input"};
    for (size_t i = 1; i < ARRAY_SIZE(names); i++)
        if (strcmp(names[i], name) == 0)
            return (enum function)i;
    CHECK(false);
    return FUNCTION_COIL;
}

static const char *const table_names[] = {"coil", "discrete", "holding", "input"};

static void set_words(struct image *image, enum function function, unsigned long address, const char *text)
{
    char *end;
    while (*text != '\0') {
        unsigned long const word = strtoul(text, &end, 16);
        CHECK(end != text && word <= 0xFFFF && address < IMAGE_SIZE);
        image->words[function][address++] = (uint16_t)word;
        text = end + strspn(end, " ");
    }
}

static size_t bytes_of(const char *text, size_t size, uint8_t *ret_bytes)
{
    size_t count = 0;
    char *end;
    for (text += strspn(text, " "); *text != '\0' && *text != '>'; text = end + strspn(end, " ")) {
        unsigned long const byte = strtoul(text, &end, 16);
        CHECK(end != text && byte <= 0xFF && count < size);
        ret_bytes[count++] = (uint8_t)byte;
    }
    return count;
}

/* "request > answer": our own request must be these bytes, and the answer goes through the framer. */
static void play_frame(struct comparison *c, const char *text)
{
    uint8_t bytes[FRAME_RTU_MAX];
    uint8_t built[FRAME_REQUEST_MAX];
    CHECK(bytes_of(text, sizeof bytes, bytes) == 8);
    struct link_request const request = {.unit = bytes[0],
                                         .function = bytes[1],
                                         .address = (uint16_t)(bytes[2] << 8 | bytes[3]),
                                         .count = (uint16_t)(bytes[4] << 8 | bytes[5])};
    if (frame_build(&request, FRAME_RTU, 0, built) != 8 || memcmp(built, bytes, 8) != 0)
        differ(c, "the request %s is built otherwise", text);
    const char *answer = strchr(text, '>');
    if (answer == NULL)
        return;
    struct link_reply reply;
    framer_init(&c->framer, FRAME_RTU);
    framer_expect(&c->framer, &request, 0, ECHO_NO);
    if (framer_feed(&c->framer, bytes, bytes_of(answer + 1, sizeof bytes, bytes), &reply) != FRAME_REPLY)
        differ(c, "no good answer: %s", text);
    else
        memcpy(&c->image.words[request.function][request.address], reply.words, request.count * sizeof *reply.words);
}

static void set_image(struct comparison *c, const cJSON *image)
{
    for (size_t i = 0; i < ARRAY_SIZE(table_names); i++) {
        const cJSON *run;
        cJSON_ArrayForEach(run, cJSON_GetObjectItem(image, table_names[i]))
            set_words(&c->image, function_named(table_names[i]), strtoul(run->string, NULL, 10), run->valuestring);
    }
    const cJSON *frame;
    cJSON_ArrayForEach(frame, cJSON_GetObjectItem(image, "frames")) play_frame(c, frame->valuestring);
}

/* The part of the image that one read brings. */
static struct decode_input input_of(struct comparison *c, const struct plan_read *read)
{
    const uint16_t *words = &c->image.words[read->function][read->address];
    memset(c->bits, 0, sizeof c->bits);
    for (size_t i = 0; read->function <= FUNCTION_DISCRETE && i < read->count; i++)
        c->bits[i / 8] = (uint8_t)(c->bits[i / 8] | (words[i] != 0) << i % 8);
    return (struct decode_input){
        .function = read->function, .address = read->address, .count = read->count, .words = words, .bits = c->bits};
}

/* --- values ------------------------------------------------------------------------------------------------------- */

static bool is_number(const struct device_point *point, double is, const cJSON *wanted)
{
    if (!cJSON_IsNumber(wanted))
        return false;
    double const apart = fabs(is - wanted->valuedouble);
    if (point->single) /* as it is printed: the shortest decimal that is the same float */
        return !(fabs((double)(float)is - (double)(float)wanted->valuedouble) > 0);
    return apart <= SHORTEST_DIGITS * fmax(1, fabs(wanted->valuedouble));
}

static bool is_text(const struct comparison *c, const struct sample *sample, const cJSON *wanted)
{
    const char *text = cJSON_GetStringValue(wanted);
    return text != NULL && sample->value.text.size == strlen(text) &&
           memcmp(c->batch.texts + sample->value.text.offset, text, sample->value.text.size) == 0;
}

/* Above its range a gas is a danger, below it a fault: which side it was is part of the reason. */
static bool is_reason(const struct device_point *point, const struct sample *sample, const cJSON *wanted)
{
    const char *reason = cJSON_GetStringValue(cJSON_GetArrayItem(wanted, 0));
    const char *side = cJSON_GetStringValue(cJSON_GetArrayItem(wanted, 1));
    if (reason == NULL || strcmp(reason, reason_text((enum reason)sample->reason)) != 0)
        return false;
    if (sample->reason != REASON_IMPLAUSIBLE)
        return side == NULL;
    bool const above = point->maximum > NO_LIMIT && sample->value.number > point->maximum;
    return side != NULL && strcmp(side, above ? "above" : "below") == 0;
}

static bool is_wanted(const struct comparison *c, const struct device_point *point, const struct sample *sample,
                      const cJSON *wanted)
{
    if (sample->quality == QUALITY_BAD || cJSON_IsArray(wanted))
        return sample->quality == QUALITY_BAD && is_reason(point, sample, wanted);
    const char *text = cJSON_GetStringValue(wanted);
    switch (point->type) {
    case VALUE_BOOL:
        return cJSON_IsBool(wanted) && cJSON_IsTrue(wanted) == sample->value.boolean;
    case VALUE_INT:
        return is_number(point, (double)sample->value.integer, wanted);
    case VALUE_UINT:
        return is_number(point, (double)sample->value.natural, wanted);
    case VALUE_NUMBER:
        return is_number(point, sample->value.number, wanted);
    case VALUE_ENUM:
        return text != NULL && strcmp(text, point->codes[sample->value.code].id) == 0;
    case VALUE_TEXT:
        break;
    }
    return is_text(c, sample, wanted);
}

static void print_sample(const struct comparison *c, const struct device_point *point, const struct sample *sample,
                         size_t size, char *ret_text)
{
    double number = 0;
    if (sample->quality == QUALITY_BAD)
        (void)snprintf(ret_text, size, "[%s] %g", reason_text((enum reason)sample->reason), sample->value.number);
    else if (point->type == VALUE_TEXT)
        (void)snprintf(ret_text, size, "\"%.64s\"", c->batch.texts + sample->value.text.offset);
    else if (point->type == VALUE_ENUM)
        (void)snprintf(ret_text, size, "\"%s\"", point->codes[sample->value.code].id);
    else if (sample_number(point->type, sample, &number))
        (void)snprintf(ret_text, size, "%.12g", number);
}

static const cJSON *wanted_of(const struct comparison *c, const cJSON *image, const char *id)
{
    const cJSON *own = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItem(image, "expect"), id);
    const cJSON *first = cJSON_GetArrayItem(cJSON_GetObjectItem(c->golden, "images"), 0);
    return own != NULL ? own : cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItem(first, "expect"), id);
}

static void compare_point(struct comparison *c, const cJSON *image, const struct slave_point *from,
                          const struct device_point *point, const struct sample *decoded)
{
    const cJSON *wanted = wanted_of(c, image, from->id);
    struct sample sample = {.quality = QUALITY_BAD};
    normalize_sample(point, from, decoded, &sample);
    if (wanted == NULL) {
        differ(c, "%s is not in the golden file", from->id);
    } else if (!is_wanted(c, point, &sample, wanted)) {
        char is[300] = "?";
        char *text = cJSON_PrintUnformatted(wanted);
        print_sample(c, point, &sample, sizeof is, is);
        differ(c, "%s is %s, not %s", from->id, is, text);
        free(text);
    }
}

static void compare_sample(struct comparison *c, const cJSON *image, const struct sample *sample)
{
    size_t taken = 0;
    const struct slave_point *from = &c->site->slaves[0].points[sample->point];
    for (size_t i = 0; i < c->site->device_count; i++) {
        const struct site_device *device = &c->site->devices[i];
        for (size_t j = 0; j < device->point_count; j++) {
            const struct device_point *point = &device->points[j];
            if (point->slave != 0 || point->slave_point != sample->point)
                continue;
            compare_point(c, image, from, point, sample);
            taken++;
        }
    }
    if (taken != 1)
        differ(c, "%s is taken by %zu devices", from->id, taken);
}

static void compare_image(struct comparison *c, const cJSON *image)
{
    const struct site_slave *slave = &c->site->slaves[0];
    for (size_t i = 0; i < c->plan.read_count; i++) {
        const struct plan_read *read = &c->plan.reads[i];
        if ((size_t)read->address + read->count > IMAGE_SIZE) {
            differ(c, "reads beyond the image");
            continue;
        }
        struct decode_input const input = input_of(c, read);
        decode_read(slave, &c->plan.points[read->point_first], read->point_count, &input, &c->batch);
        for (size_t j = 0; j < c->batch.sample_count; j++)
            compare_sample(c, image, &c->batch.samples[j]);
    }
    int64_t number = 0;
    const cJSON *recognised = cJSON_GetObjectItem(image, "recognised");
    struct decode_input const whole = {.function = slave->identity_function,
                                       .count = IMAGE_SIZE,
                                       .words = c->image.words[slave->has_identity ? slave->identity_function : 0]};
    if (slave->has_identity && (decode_part(&whole, slave->identity, &number) && number == slave->identity_equals) ==
                                   cJSON_IsFalse(recognised))
        differ(c, "the identity is %lld", (long long)number);
}

/* --- what does not hang on the image ------------------------------------------------------------------------------ */

static bool is_read(const struct comparison *c, const char *id)
{
    const struct site_slave *slave = &c->site->slaves[0];
    for (size_t i = 0; i < slave->point_count; i++)
        if (!slave->points[i].idle && strcmp(slave->points[i].id, id) == 0)
            return true;
    return false;
}

static void compare_names(struct comparison *c)
{
    const cJSON *image;
    cJSON_ArrayForEach(image, cJSON_GetObjectItem(c->golden, "images"))
    {
        const cJSON *point;
        cJSON_ArrayForEach(point, cJSON_GetObjectItem(image, "expect")) if (!is_read(c, point->string))
            differ(c, "there is no point %s", point->string);
    }
}

static void compare_reads(struct comparison *c)
{
    static const char *const functions[] = {"", "coil", "discrete", "holding", "input"};
    static const char *const polls[] = {"safety", "normal", "slow"};
    const cJSON *wanted = cJSON_GetObjectItem(c->golden, "reads");
    for (size_t i = 0; i < c->plan.read_count; i++) {
        const struct plan_read *read = &c->plan.reads[i];
        char text[64];
        (void)snprintf(text, sizeof text, "%s %s %u %u: %u point%s", polls[read->poll], functions[read->function],
                       (unsigned)read->address, (unsigned)read->count, (unsigned)read->point_count,
                       read->point_count == 1 ? "" : "s");
        const char *line = cJSON_GetStringValue(cJSON_GetArrayItem(wanted, (int)i));
        if (line == NULL || strcmp(line, text) != 0)
            differ(c, "read %zu is \"%s\", not \"%s\"", i, text, line != NULL ? line : "none");
    }
    if (cJSON_GetArraySize(wanted) != (int)c->plan.read_count)
        differ(c, "%zu reads", c->plan.read_count);
}

static void compare_frozen(struct comparison *c)
{
    const struct site_slave *slave = &c->site->slaves[0];
    const cJSON *wanted = cJSON_GetObjectItem(c->golden, "freeze");
    const char *point = cJSON_GetStringValue(cJSON_GetArrayItem(wanted, 0));
    const cJSON *after = cJSON_GetArrayItem(wanted, 1);
    if (slave->frozen_after_ms != (after != NULL ? (uint32_t)after->valueint : 0) ||
        (slave->frozen_after_ms > 0 && (point == NULL || strcmp(point, slave->points[slave->frozen_point].id) != 0)))
        differ(c, "freeze is otherwise");
}

/* Units and labels that a class does not give are the profile's own; and what a class wants polled fast is. */
static void compare_labels(struct comparison *c)
{
    const cJSON *units = cJSON_GetObjectItem(c->golden, "units");
    for (size_t i = 0; i < c->site->device_count; i++) {
        const struct site_device *device = &c->site->devices[i];
        for (size_t j = 0; j < device->point_count; j++) {
            const struct device_point *point = &device->points[j];
            const char *unit = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(units, point->id));
            if (point->class_point < 0 && strcmp(point->unit, unit != NULL ? unit : "") != 0)
                differ(c, "the unit of %s is \"%s\"", point->id, point->unit);
            if (point->class_point >= 0 && device->class->points[point->class_point].poll == POLL_SAFETY &&
                point->slave == 0 && c->site->slaves[0].points[point->slave_point].poll != POLL_SAFETY)
                differ(c, "%s is not polled as safety", point->id);
            if (point->zh[0] == '\0' || point->en[0] == '\0' || strcmp(point->zh, point->id) == 0)
                differ(c, "%s has no label", point->id);
        }
    }
}

/* How the line is set is in no slave: it is only compared with the bus. */
static void compare_link(struct comparison *c, const cJSON *profile)
{
    const cJSON *is = cJSON_GetObjectItem(profile, "link");
    const cJSON *wanted = cJSON_GetObjectItem(c->golden, "link");
    if ((is != NULL || wanted != NULL) && !cJSON_Compare(is, wanted, true))
        differ(c, "the link is otherwise");
}

static void compare_rest(struct comparison *c)
{
    const struct site_slave *slave = &c->site->slaves[0];
    const cJSON *guard = cJSON_GetObjectItem(c->golden, "guard");
    compare_names(c);
    compare_reads(c);
    compare_frozen(c);
    compare_labels(c);
    if (slave->guard_ms != (guard != NULL ? (uint32_t)guard->valueint : 0))
        differ(c, "guard is %u ms", slave->guard_ms);
    if (slave->has_identity != (bool)cJSON_IsTrue(cJSON_GetObjectItem(c->golden, "identity")))
        differ(c, "identity: %d", slave->has_identity);
}

/* --- all ---------------------------------------------------------------------------------------------------------- */

/* An image with a slave of its own: for this one image. */
static void compare_changed(struct comparison *c, const cJSON *profile, const cJSON *image)
{
    unload(c);
    if (load(c, profile, cJSON_GetObjectItem(image, "slave")))
        compare_image(c, image);
    unload(c);
    (void)load(c, profile, cJSON_GetObjectItem(c->golden, "slave"));
}

static void compare_images(struct comparison *c, const cJSON *profile)
{
    bool first = true;
    const cJSON *image;
    cJSON_ArrayForEach(image, cJSON_GetObjectItem(c->golden, "images"))
    {
        const char *name = cJSON_GetStringValue(cJSON_GetObjectItem(image, "name"));
        c->image_name = name != NULL ? name : "?";
        if (!first)
            c->image = c->first_image;
        set_image(c, image);
        if (first)
            c->first_image = c->image;
        first = false;
        if (cJSON_GetObjectItem(image, "slave") != NULL)
            compare_changed(c, profile, image);
        else
            compare_image(c, image);
        if (c->site == NULL)
            return;
    }
}

size_t golden_compare(const char *name, const cJSON *profile, const cJSON *golden, bool quiet)
{
    struct comparison *c = calloc(1, sizeof *c);
    CHECK(c != NULL);
    *c = (struct comparison){.name = name, .golden = golden, .image_name = "profile", .quiet = quiet};
    char *text = cJSON_PrintUnformatted(profile);
    CHECK(text != NULL);
    c->profile_text = text;
    if (load(c, profile, cJSON_GetObjectItem(golden, "slave"))) {
        compare_rest(c);
        compare_link(c, profile);
        compare_images(c, profile);
    }
    size_t const differences = c->differences;
    unload(c);
    free(text);
    free(c);
    return differences;
}
