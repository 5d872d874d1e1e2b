/* The site's time zone: what day it is there. From the machine's zoneinfo; China's is known without it. */
#include <stdlib.h>
#include <string.h>

#include "gateway/core/local_time.h"
#include "gateway/site/file.h"
#include "gateway/site/loader.h"

#define ZONEINFO "/usr/share/zoneinfo"

/* One zone without summer time since 1991. */
static const struct time_zone china = {.before_s = 8 * 3600, .has_rest = true, .standard_s = 8 * 3600};

static const struct time_zone *read_zone(struct loader *l, const char *name)
{
    char *bytes;
    size_t size;
    const char *path = path_join(&l->scratch, ZONEINFO, name);
    if (path == NULL || file_read(path, &bytes, &size) != ERR_OK)
        return NULL;
    struct time_zone *zone = take_array(l->arena, 1, sizeof *zone, l->complaints);
    struct time_zone_change *changes = take_array(&l->scratch, TIME_ZONE_CHANGES_MAX, sizeof *changes, l->complaints);
    bool good = zone != NULL && changes != NULL && local_time_read(bytes, size, changes, zone) == ERR_OK;
    free(bytes);
    if (!good)
        return NULL;
    struct time_zone_change *kept = take_array(l->arena, zone->change_count, sizeof *kept, l->complaints);
    if (kept != NULL && zone->change_count > 0)
        memcpy(kept, changes, zone->change_count * sizeof *kept);
    zone->changes = kept;
    return kept != NULL ? zone : NULL;
}

void load_time_zone(struct loader *l)
{
    const struct raw_gateway *raw = &l->raw.gateway;
    const struct node *at = place_of(raw->node, "time_zone");
    struct words const name = words_quote(l->complaints, raw->time_zone);
    l->site->time_zone = take_text(l->arena, raw->time_zone, l->complaints);
    if (raw->time_zone[0] == '/' || strstr(raw->time_zone, "..") != NULL || strpbrk(raw->time_zone, " \\\"") != NULL) {
        complain_node(l->complaints, at, ON_VALUE, S_BAD_FORMAT,
                      WORDS(name, both("a time zone such as \"Asia/Shanghai\"", "时区，例如 \"Asia/Shanghai\"")));
        return;
    }
    l->site->local_time = strcmp(raw->time_zone, "Asia/Shanghai") == 0 ? &china : read_zone(l, raw->time_zone);
    if (l->site->local_time == NULL)
        complain_node(l->complaints, at, ON_VALUE, S_TIME_ZONE, WORDS(name));
}
