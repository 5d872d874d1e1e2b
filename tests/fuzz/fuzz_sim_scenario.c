/* A scenario file from a stranger: read, printed, cast on a small site, its timeline run with a judge who is in a
 * hurry and with none. What is taken must keep the promises of player.h. */
#include <stdlib.h>

#include "firmware-sim/cast.h"
#include "firmware-sim/player.h"
#include "firmware-sim/scenario.h"
#include "firmware-sim/site.h"

#define POINT(id) "{\"id\":\"" id "\",\"bus\":\"b\",\"unit\":"
#define GAS                                                                                                            \
    ",\"class\":\"gas_detector\",\"settings\":{\"gas\":\"methane\"},\"points\":{\"gas_lel_pct\":{\"address\":0}}}"

static const char plant[] =
    "{\"buses\":[{\"id\":\"b\",\"link\":\"rtu\",\"port\":\"p\"}],\"devices\":[" POINT("g") "1" GAS "," POINT(
        "h") "2" GAS "," POINT("v") "3,\"class\":\"io\",\"points\":{\"r\":{\"function\":\"coil\",\"address\":0},\"i\":{"
                                    "\"function\":\"discrete\","
                                    "\"address\":0}}}," POINT(
                                        "l") "4,\"class\":\"lift\",\"points\":{\"door_zone\":{\"address\":0}}}],"
                                             "\"zones\":[{\"id\":\"z\",\"detectors\":[\"g\",\"h\"]}],\"interlocks\":[{"
                                             "\"id\":\"t\",\"latch\":true,"
                                             "\"when\":{\"zone\":\"z\"},\"do\":[{\"write\":\"v.r\",\"value\":true}],"
                                             "\"confirm\":{\"point\":\"v.i\"}}]}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
    if (!good)
        abort();
}

/* Times never go back, and nothing is left out. */
static void run(const struct scenario *scenario, bool hurry)
{
    struct player player;
    int64_t last_ms = 0;
    size_t actions = 0;
    player_start(&player, scenario);
    for (int64_t due_ms = player_due_ms(&player); player.next < scenario->step_count; due_ms = player_due_ms(&player)) {
        check(due_ms >= last_ms && player_step(&player, due_ms - 1) == NULL && player_step(&player, due_ms) != NULL);
        last_ms = due_ms;
        actions++;
        for (size_t i = 0; hurry && i < player.next; i++)
            player_meet(&player, i, due_ms);
    }
    size_t wanted = 0;
    for (size_t i = 0; i < scenario->step_count; i++)
        wanted += scenario->steps[i].is_action ? 1 : 0;
    check(actions == wanted && player_is_over(&player, player_due_ms(&player)));
    check(hurry || scenario_length_ms(scenario) == player_due_ms(&player));
}

static void act(const struct cast *cast, const struct step *step)
{
    char bytes[2048];
    struct text out;
    text_init(&out, bytes, sizeof bytes);
    step_print(cast->scenario, step, &out);
    check(out.used > 0);
    text_init(&out, bytes, sizeof bytes);
    if (step->is_action)
        cast_print_lines(cast, &step->action, &out);
    if (step->is_action && step->action.manual.zh != NULL)
        cast_print_label(cast, step->action.manual.zh, &out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct site site;
    struct scenario scenario;
    struct cast cast;
    struct sentence why;
    if (site.bus_count == 0 &&
        !site_open_bytes(&site, "f", plant, sizeof plant - 1, NULL, sentence_init(&why), &why.text))
        abort();
    if (!scenario_open_bytes(&scenario, "s", (const char *)data, size, sentence_init(&why))) {
        check(why.text.used > 0);
        return 0;
    }
    run(&scenario, false);
    run(&scenario, true);
    if (cast_open(&cast, &scenario, &site, NULL, 0, sentence_init(&why))) {
        for (size_t i = 0; i < scenario.step_count; i++)
            act(&cast, &scenario.steps[i]);
        cast_close(&cast);
    } else {
        check(why.text.used > 0);
    }
    scenario_close(&scenario);
    return 0;
}
