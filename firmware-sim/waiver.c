#include "firmware-sim/waiver.h"

#include <string.h>

#include "firmware-sim/json.h"
#include "firmware-sim/near.h"

/* An id may hold a dot: the longest device id that stands before one. */
static size_t find_device(const struct site *site, const char *word)
{
    size_t found = SITE_NONE;
    size_t longest = 0;
    for (size_t i = 0; i < site->device_count; i++) {
        size_t length = strlen(site->devices[i].id);
        if (length > longest && strncmp(word, site->devices[i].id, length) == 0 && word[length] == '.') {
            longest = length;
            found = i;
        }
    }
    return found;
}

static bool refuse_device(const struct site *site, const char *word, struct text *why)
{
    char name[128];
    struct text text;
    struct near near;
    text_init(&text, name, sizeof name);
    text_add(&text, "%.*s", (int)strcspn(word, ".="), word);
    near_init(&near, name);
    for (size_t i = 0; i < site->device_count; i++)
        near_look(&near, site->devices[i].id);
    text_add(why, "--except %.80s: there is no device %s; write DEVICE.POINT=REASON 没有这台设备", word, name);
    near_print(&near, why);
    return false;
}

bool waiver_add(struct waivers *waivers, const struct site *site, const char *word, struct pool *pool, struct text *why)
{
    size_t device = find_device(site, word);
    if (device == SITE_NONE)
        return refuse_device(site, word, why);
    const char *point = word + strlen(site->devices[device].id) + 1;
    size_t length = strcspn(point, "=");
    const char *own = pool_print(pool, "%.*s", (int)length, point);
    if (length == 0)
        return text_refuse(why, "--except %.80s: which point? write DEVICE.POINT=REASON 未写测点", word);
    if (waiver_find(waivers, device, own) != NULL)
        return text_refuse(why, "--except %.80s: that point was named before 重复", word);
    if (waivers->count == WAIVERS_MAX)
        return text_refuse(why, "--except: at most %d points", WAIVERS_MAX);
    const char *reason = point[length] == '=' ? pool_print(pool, "%s", point + length + 1) : "";
    waivers->list[waivers->count++] = (struct waiver){.device = device, .point = own, .reason = reason};
    return true;
}

static bool check_point(const struct waiver *waiver, const struct picture *picture, struct text *why)
{
    const cJSON *points = json_member(picture->devices[waiver->device].registry, "points");
    const cJSON *point;
    struct near near;
    if (points == NULL || json_member(points, waiver->point) != NULL)
        return true;
    near_init(&near, waiver->point);
    cJSON_ArrayForEach(point, points) near_look(&near, point->string == NULL ? "" : point->string);
    text_add(why, "--except: %s has no point \"%.80s\" 没有这个测点", picture->site->devices[waiver->device].id,
             waiver->point);
    near_print(&near, why);
    return false;
}

bool waivers_check(const struct waivers *waivers, const struct picture *picture, struct text *why)
{
    for (size_t i = 0; i < waivers->count; i++) {
        if (!check_point(&waivers->list[i], picture, why))
            return false;
    }
    return true;
}

const struct waiver *waiver_find(const struct waivers *waivers, size_t device, const char *point)
{
    for (size_t i = 0; waivers != NULL && i < waivers->count; i++) {
        const struct waiver *waiver = &waivers->list[i];
        if (waiver->device == device && strcmp(waiver->point, point) == 0)
            return waiver;
    }
    return NULL;
}
