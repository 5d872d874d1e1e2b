#include "firmware-sim/stage.h"

#include <inttypes.h>
#include <string.h>

#include "firmware-sim/shelf.h"

void stage_init(struct stage *stage, const struct site *site, const char *const *dirs)
{
    *stage = (struct stage){.site = site, .dirs = dirs};
    (void)sentence_init(&stage->trouble);
}

static void drop(struct stage *stage)
{
    cast_close(&stage->cast);
    scenario_close(&stage->scenario);
}

void stage_close(struct stage *stage)
{
    drop(stage);
}

/* --- starting and stopping ---------------------------------------------------------------------------------------- */

bool stage_start(struct stage *stage, const char *what, char *const *binds, size_t bind_count, struct text *why)
{
    struct scenario scenario;
    struct cast cast;
    if (stage->playing)
        return text_refuse(why, "%s is being played; `scenario stop` ends it", stage->scenario.name);
    if (!shelf_open(stage->dirs, what, &scenario, why))
        return false;
    if (!cast_open(&cast, &scenario, stage->site, binds, bind_count, why)) {
        scenario_close(&scenario);
        return false;
    }
    drop(stage);
    stage->scenario = scenario;
    stage->cast = cast;
    stage->cast.scenario = &stage->scenario;
    stage->playing = true;
    stage->clock_s = 0;
    stage->done = 0;
    stage->refused = 0;
    (void)sentence_init(&stage->trouble);
    player_start(&stage->player, &stage->scenario);
    return true;
}

bool stage_stop(struct stage *stage, struct text *why)
{
    if (!stage->playing)
        return text_refuse(why, "no scenario is being played");
    stage->playing = false;
    return true;
}

/* --- playing ------------------------------------------------------------------------------------------------------ */

static int64_t now_ms(const struct stage *stage)
{
    return (int64_t)(stage->clock_s * 1000 + 0.5);
}

void stage_pass(struct stage *stage, double real_s)
{
    if (!stage->playing)
        return;
    stage->clock_s += real_s;
    stage->playing = !player_is_over(&stage->player, now_ms(stage));
}

bool stage_take(struct stage *stage, struct text *out)
{
    const struct step *step = stage->playing ? player_step(&stage->player, now_ms(stage)) : NULL;
    if (step == NULL)
        return false;
    stage->done++;
    if (step->action.kind != ACTION_ORDER)
        cast_print_lines(&stage->cast, &step->action, out);
    return true;
}

void stage_note(struct stage *stage, const char *line, const char *answer)
{
    if (text_ends_with(answer, "ok\n"))
        return;
    stage->refused++;
    text_add(sentence_init(&stage->trouble), "%s: %.*s", line, (int)strcspn(answer, "\n"), answer);
}

/* --- telling ------------------------------------------------------------------------------------------------------ */

enum listed { LISTED_APPLIES, LISTED_NOT, LISTED_BROKEN };

static void list_scenario(const struct scenario *scenario, const struct cast *cast, const char *why, struct text *out)
{
    int64_t minutes = (scenario_length_ms(scenario) + 59999) / 60000;
    text_add(out, "scenario %s ≤ %" PRId64 " min %s %s\n  ", scenario->name, minutes, scenario->label.zh,
             scenario->label.en);
    if (cast != NULL)
        cast_print(cast, out);
    else
        text_add(out, "%s", why);
    text_add(out, "\n");
}

/* Lists it when it is one of these. */
static bool list_file(const struct stage *stage, const char *file, enum listed wanted, struct text *out)
{
    struct scenario scenario;
    struct cast cast;
    struct sentence why;
    if (!scenario_open(&scenario, file, sentence_init(&why))) {
        if (wanted == LISTED_BROKEN)
            text_add(out, "  %s\n", why.bytes);
        return wanted == LISTED_BROKEN;
    }
    bool applies = cast_open(&cast, &scenario, stage->site, NULL, 0, sentence_init(&why));
    bool listed = wanted == (applies ? LISTED_APPLIES : LISTED_NOT);
    if (listed)
        list_scenario(&scenario, applies ? &cast : NULL, why.bytes, out);
    if (applies)
        cast_close(&cast);
    scenario_close(&scenario);
    return listed;
}

void stage_list(const struct stage *stage, struct text *out)
{
    static const char *const heads[] = {[LISTED_APPLIES] = "apply here 本站适用",
                                        [LISTED_NOT] = "do not apply here 本站不适用",
                                        [LISTED_BROKEN] = "cannot be read 无法读取"};
    struct pool pool = {0};
    const char *const *files;
    size_t count = shelf_list(stage->dirs, &pool, &files);
    for (size_t kind = 0; kind < sizeof heads / sizeof *heads; kind++) {
        size_t listed = 0;
        size_t before = out->used;
        text_add(out, "%s:\n", heads[kind]);
        for (size_t i = 0; i < count; i++)
            listed += list_file(stage, files[i], (enum listed)kind, out) ? 1U : 0U;
        if (listed == 0 && kind != LISTED_APPLIES)
            out->used = before;
        else if (listed == 0)
            text_add(out, "  none 无\n");
    }
    out->bytes[out->used] = '\0';
    pool_close(&pool);
}

void stage_describe(const struct stage *stage, struct text *out)
{
    if (stage->scenario.name == NULL)
        return;
    text_add(out, "scenario %s %s ", stage->scenario.name, stage->playing ? "playing" : "over");
    text_add_duration(out, now_ms(stage) / 1000 * 1000000);
    text_add(out, " of ");
    text_add_duration(out, scenario_length_ms(&stage->scenario) * 1000);
    text_add(out, " actions %zu refused %zu ", stage->done, stage->refused);
    cast_print(&stage->cast, out);
    text_add(out, "%s%s\n", stage->refused > 0 ? "\n  " : "", stage->trouble.bytes);
}
