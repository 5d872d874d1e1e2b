#include "firmware-sim/replays.h"

#include <string.h>

#include "firmware-sim/recording.h"
#include "firmware-sim/unit_replay.h"

/* "gas-1=x.rec.json": a slave and a file, where the part before the sign is a slave; else all of it is a file. */
static size_t find_named(const struct site *site, const char *word, const char **ret_path)
{
    const char *sign = strchr(word, '=');
    for (size_t i = 0; i < site->slave_count && sign != NULL; i++) {
        const char *id = site->slaves[i].id;
        if (strlen(id) != (size_t)(sign - word) || strncmp(id, word, strlen(id)) != 0)
            continue;
        *ret_path = sign + 1;
        return i;
    }
    *ret_path = word;
    return SITE_NONE;
}

static bool misses(const struct replay *replay, const struct point *point)
{
    for (uint32_t at = point->address; at < (uint32_t)point->address + point->count; at++) {
        if (replay->first->states[point->table][at] == IMAGE_UNKNOWN)
            return true;
    }
    return false;
}

static void warn_of_points(const struct unit *unit, struct text *warnings)
{
    size_t count = 0;
    struct sentence names;
    (void)sentence_init(&names);
    for (size_t i = 0; i < unit->slave->point_count; i++) {
        if (!misses(unit->replay, &unit->slave->points[i]))
            continue;
        count++;
        if (count <= 5)
            text_add(&names.text, " %s", unit->slave->points[i].id);
    }
    if (count > 0)
        text_add(warnings, "%s: %zu of its points are not in the recording and answer exception 2:%s%s\n",
                 unit->slave->id, count, names.bytes, count > 5 ? " …" : "");
}

static void warn(const struct unit *unit, const char *path, struct text *warnings)
{
    const struct recording *recording = unit->replay->recording;
    const char *profile = unit->slave->profile == NULL ? "" : unit->slave->profile->name;
    if (recording->cut)
        text_add(warnings, "%s: the last line is not whole and is passed over\n", path);
    if (recording->head.profile[0] != '\0' && !text_equals(recording->head.profile, profile))
        text_add(warnings, "%s: recorded of profile %s, and %s is %s\n", path, recording->head.profile, unit->slave->id,
                 profile[0] == '\0' ? "of none" : profile);
    warn_of_points(unit, warnings);
}

bool replays_open(struct world *world, const char *word, bool loop, struct pool *pool, struct text *warnings,
                  struct text *why)
{
    const char *path;
    size_t slave = find_named(world->site, word, &path);
    struct recording *recording = pool_take(pool, 1, sizeof *recording);
    struct replay *replay = pool_take(pool, 1, sizeof *replay);
    if (!recording_open(recording, path, pool, why))
        return false;
    if (slave == SITE_NONE)
        slave = site_find_slave(world->site, recording->head.device);
    if (slave == SITE_NONE)
        return text_refuse(why, "%s was recorded of %.80s, which is no slave here; say which one: --replay SLAVE=%s",
                           path, recording->head.device, path);
    struct unit *unit = &world->units[slave];
    if (unit->replay != NULL)
        return text_refuse(why, "%s plays a recording already", unit->slave->id);
    replay_open(replay, recording, loop, pool);
    unit_attach(unit, replay, pool);
    warn(unit, path, warnings);
    return true;
}

bool replays_order(struct world *world, const char *slave, char *const *words, size_t count, struct text *why)
{
    size_t index = site_find_slave(world->site, slave);
    if (index == SITE_NONE)
        return text_refuse(why, "there is no slave %.80s", slave);
    return unit_order_replay(&world->units[index], words, count, why);
}

void replays_describe(const struct world *world, struct text *out)
{
    for (size_t i = 0; i < world->site->slave_count; i++) {
        const struct unit *unit = &world->units[i];
        if (unit->replay == NULL)
            continue;
        text_add(out, "replay %s ", unit->slave->id);
        replay_describe(unit->replay, out);
        text_add(out, "\n");
    }
}
