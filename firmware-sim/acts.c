#include "firmware-sim/acts.h"

#include <inttypes.h>
#include <string.h>

#include "firmware-sim/player.h"
#include "firmware-sim/run.h"
#include "firmware-sim/shelf.h"

#define MINUTE_MS 60000

/* The binds that name a role of this scenario. */
static size_t binds_for(const struct accept_options *options, const struct scenario *scenario, char **ret_binds)
{
    size_t count = 0;
    for (size_t i = 0; i < options->bind_count; i++) {
        size_t length = strcspn(options->binds[i], "=");
        if (scenario_find_role(scenario, options->binds[i], length) != SCENARIO_NONE)
            ret_binds[count++] = options->binds[i];
    }
    return count;
}

static bool open_act(struct acts *acts, const char *what, struct text *why)
{
    char *binds[ACCEPT_NAMES_MAX];
    struct act *act = &acts->list[acts->count];
    if (!shelf_open(run_scenario_dirs(acts->wish->file), what, &act->scenario, why))
        return false;
    acts->count++;
    size_t count = binds_for(acts->wish, &act->scenario, binds);
    act->applies = cast_open(&act->cast, &act->scenario, acts->site, binds, count, sentence_init(&act->why));
    return true;
}

/* Those that were named must apply. */
static bool open_named(struct acts *acts, struct text *why)
{
    const struct accept_options *options = acts->wish;
    acts->list = pool_take(acts->pool, options->scenario_count, sizeof *acts->list);
    for (size_t i = 0; i < options->scenario_count; i++) {
        if (!open_act(acts, options->scenarios[i], why))
            return false;
        if (!acts->list[i].applies)
            return text_refuse(why, "%s", acts->list[i].why.bytes);
    }
    return true;
}

/* Nobody waits for hours who did not ask for it. */
static void leave_out_long(struct act *act)
{
    int64_t minutes = scenario_length_ms(&act->scenario) / MINUTE_MS;
    if (!act->applies || minutes <= ACTS_LONG_MIN)
        return;
    act->applies = false;
    cast_close(&act->cast);
    text_add(sentence_init(&act->why),
             "可能需要 %" PRId64 " 分钟，须点名才进行 it may take %" PRId64
             " min, so it is played only when it is named: "
             "--scenario %s",
             minutes, minutes, act->scenario.name);
}

/* A bind that names no role of any scenario is a slip of the pen. */
static bool check_binds(const struct acts *acts, struct text *why)
{
    for (size_t i = 0; i < acts->wish->bind_count; i++) {
        const char *bind = acts->wish->binds[i];
        bool used = false;
        for (size_t k = 0; k < acts->count; k++)
            used = used || scenario_find_role(&acts->list[k].scenario, bind, strcspn(bind, "=")) != SCENARIO_NONE;
        if (!used)
            return text_refuse(why, "--bind %.80s: no scenario has such a role; write ROLE=DEVICE", bind);
    }
    return true;
}

bool acts_open(struct acts *acts, const struct accept_options *options, const struct site *site, struct pool *pool,
               struct text *why)
{
    *acts = (struct acts){.wish = options, .site = site, .pool = pool};
    const char *const *files;
    if (options->scenario_count > 0)
        return open_named(acts, why) && check_binds(acts, why);
    size_t count = shelf_list(run_scenario_dirs(acts->wish->file), acts->pool, &files);
    acts->list = pool_take(acts->pool, count + 1, sizeof *acts->list);
    for (size_t i = 0; i < count; i++) {
        if (!open_act(acts, files[i], why))
            return false;
        leave_out_long(&acts->list[i]);
    }
    return check_binds(acts, why);
}

void acts_close(struct acts *acts)
{
    for (size_t i = 0; i < acts->count; i++) {
        if (acts->list[i].applies)
            cast_close(&acts->list[i].cast);
        scenario_close(&acts->list[i].scenario);
    }
    acts->count = 0;
}

int64_t acts_length_min(const struct acts *acts, size_t *ret_count)
{
    int64_t length_ms = 0;
    *ret_count = 0;
    for (size_t i = 0; i < acts->count; i++) {
        if (!acts->list[i].applies)
            continue;
        ++*ret_count;
        length_ms += scenario_length_ms(&acts->list[i].scenario);
    }
    return length_ms / MINUTE_MS + 1;
}
