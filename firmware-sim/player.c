#include "firmware-sim/player.h"

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t over_before(const struct player *player, size_t step)
{
    int64_t over_ms = 0;
    for (size_t i = 0; i < step; i++)
        over_ms = later(over_ms, player->over_ms[i]);
    return over_ms;
}

static int64_t last_action_ms(const struct player *player)
{
    int64_t last_ms = 0;
    for (size_t i = 0; i < player->next; i++)
        last_ms = player->scenario->steps[i].is_action ? later(last_ms, player->over_ms[i]) : last_ms;
    return last_ms;
}

/* The expectations before the next action begin. */
static void begin_expectations(struct player *player)
{
    const struct scenario *scenario = player->scenario;
    while (player->next < scenario->step_count && !scenario->steps[player->next].is_action) {
        size_t step = player->next++;
        player->over_ms[step] = player_until_ms(player, step);
    }
}

void player_start(struct player *player, const struct scenario *scenario)
{
    *player = (struct player){.scenario = scenario};
    begin_expectations(player);
}

static int64_t due_of(const struct player *player, const struct action *action)
{
    if (action->waits)
        return over_before(player, player->next) + action->at_ms;
    return later(action->at_ms, last_action_ms(player));
}

const struct step *player_step(struct player *player, int64_t now_ms)
{
    const struct scenario *scenario = player->scenario;
    if (player->next >= scenario->step_count)
        return NULL;
    const struct step *step = &scenario->steps[player->next];
    int64_t due_ms = due_of(player, &step->action);
    if (due_ms > now_ms)
        return NULL;
    player->over_ms[player->next++] = due_ms;
    begin_expectations(player);
    return step;
}

int64_t player_due_ms(const struct player *player)
{
    const struct scenario *scenario = player->scenario;
    if (player->next < scenario->step_count)
        return due_of(player, &scenario->steps[player->next].action);
    return over_before(player, player->next);
}

void player_meet(struct player *player, size_t step, int64_t at_ms)
{
    const struct scenario *scenario = player->scenario;
    if (step >= player->next || scenario->steps[step].is_action || scenario->steps[step].expectation.never)
        return;
    int64_t since_ms = player_since_ms(player, step);
    int64_t until_ms = player_until_ms(player, step);
    player->met[step] = true;
    player->over_ms[step] = at_ms < since_ms ? since_ms : at_ms > until_ms ? until_ms : at_ms;
    for (size_t i = step + 1; i < player->next; i++) {
        if (!scenario->steps[i].is_action && !player->met[i])
            player->over_ms[i] = player_until_ms(player, i);
    }
}

int64_t player_since_ms(const struct player *player, size_t step)
{
    size_t since = player->scenario->steps[step].expectation.since;
    return since == SCENARIO_NONE ? 0 : player->over_ms[since];
}

int64_t player_until_ms(const struct player *player, size_t step)
{
    return player_since_ms(player, step) + player->scenario->steps[step].expectation.within_ms;
}

bool player_is_over(const struct player *player, int64_t now_ms)
{
    return player->next >= player->scenario->step_count && over_before(player, player->next) <= now_ms;
}

int64_t scenario_length_ms(const struct scenario *scenario)
{
    struct player player;
    player_start(&player, scenario);
    while (player_step(&player, INT64_MAX) != NULL) {
    }
    return over_before(&player, player.next);
}
