#include "firmware-sim/play.h"

#include <stdio.h>
#include <string.h>

#include "firmware-sim/account.h"
#include "firmware-sim/clock.h"
#include "firmware-sim/json.h"
#include "firmware-sim/judge.h"
#include "firmware-sim/player.h"
#include "firmware-sim/stopwatch.h"

#define LOOK_EVERY_MS 100
#define SETTLE_MAX_MS 300000 /* for what the one before left behind */
/* The gateway takes up to a minute to come back to a broker that was away, and then has much to say. */
#define AFTER_OUTAGE_MS 75000
#define AWAY_MAX_MS     300000 /* how long a broker that is away may hold up the end */
#define LINE_SIZE       1024

struct play {
    struct session *session;
    const struct hands *hands;
    const struct cast *cast;
    const struct scenario *scenario;
    struct pool *pool;
    struct judge judge;
    struct player player;
    struct stopwatch watch;
    struct task *tasks;
    bool *told;     /* of each check */
    bool cut_short; /* nothing more is provoked */
};

static int64_t now_ms(const struct play *play)
{
    return stopwatch_of(&play->watch, clock_wall_ms());
}

/* --- on the screen --- */

static void tell_step(const struct play *play, size_t step)
{
    char bytes[LINE_SIZE];
    struct text text;
    text_init(&text, bytes, sizeof bytes);
    step_print(play->scenario, &play->scenario->steps[step], &text);
    (void)fprintf(stderr, "  %7.1f s  → %s\n", (double)now_ms(play) / 1000, bytes);
}

static bool is_news(const struct play *play, size_t check)
{
    return !play->told[check] && play->judge.checks[check].outcome != JUDGED_OPEN;
}

/* How many from `first` on are of one expectation, and met: a street of shops is one line. */
static size_t count_alike(const struct play *play, size_t first)
{
    const struct check *checks = play->judge.checks;
    size_t count = 0;
    while (first + count < play->judge.check_count && is_news(play, first + count) &&
           checks[first + count].step == checks[first].step && judgement_is_good(checks[first + count].outcome))
        count++;
    return count < REPORT_ALIKE_LEAST ? 1 : count;
}

static void tell_checks(struct play *play)
{
    char bytes[LINE_SIZE];
    struct text text;
    for (size_t i = 0; i < play->judge.check_count;) {
        if (!is_news(play, i)) {
            i++;
            continue;
        }
        size_t count = count_alike(play, i);
        text_init(&text, bytes, sizeof bytes);
        account_print_check(&play->judge.checks[i], play->cast->site, &text);
        if (count > 1)
            text_add(&text, " … × %zu", count);
        (void)fprintf(stderr, "  %7.1f s  %s\n", (double)now_ms(play) / 1000, bytes);
        for (size_t end = i + count; i < end; i++)
            play->told[i] = true;
    }
}

/* --- acting --- */

static void act(struct play *play, size_t step)
{
    struct sentence why;
    struct task *task = &play->tasks[step];
    const struct step *what = &play->scenario->steps[step];
    tell_step(play, step);
    *task = (struct task){.begun = true, .from_ms = clock_wall_ms()};
    judge_done(&play->judge, step, stopwatch_of(&play->watch, task->from_ms));
    task->deed = hands_do(play->hands, play->cast, what, sentence_init(&why));
    task->to_ms = clock_wall_ms();
    task->why = why.text.used > 0 ? pool_print(play->pool, "%s", why.bytes) : NULL;
    if (hands_asks(play->hands, &what->action))
        stopwatch_pause(&play->watch, task->from_ms, task->to_ms);
    if (task->why != NULL)
        (void)fprintf(stderr, "             ! %s\n", task->why);
    play->cut_short = play->cut_short || (task->deed != DEED_DONE && task->deed != DEED_NEEDLESS);
}

static void act_all_due(struct play *play)
{
    const struct step *step;
    while (!play->cut_short && (step = player_step(&play->player, now_ms(play))) != NULL)
        act(play, (size_t)(step - play->scenario->steps));
}

/* What others were to give back, after an end that came too early. */
static void restore(struct play *play)
{
    for (size_t i = 0; i < play->scenario->step_count; i++) {
        const struct step *step = &play->scenario->steps[i];
        if (!step->is_action || play->tasks[i].begun || !action_restores(&step->action))
            continue;
        if (play->hands->manual)
            hands_remind(play->hands, play->cast, step);
        else
            act(play, i);
    }
}

/* --- looking --- */

/* The timeline goes on as soon as a step is decided, also when it failed. */
static void look(struct play *play)
{
    int64_t time_ms = now_ms(play);
    judge_look(&play->judge, &play->session->picture, &play->watch);
    if (session_hears(play->session, AFTER_OUTAGE_MS))
        judge_expire(&play->judge, time_ms);
    for (size_t i = 0; i < play->player.next; i++) {
        if (judge_settled(&play->judge, i) && !play->player.met[i])
            player_meet(&play->player, i, time_ms);
    }
    tell_checks(play);
}

/* Nothing more is to be done, and nothing that is on its way would change the verdict. */
static bool is_over(const struct play *play)
{
    int64_t time_ms = now_ms(play);
    int64_t wait_ms = judge_wait_ms(&play->judge);
    return player_is_over(&play->player, time_ms) && (wait_ms == INT64_MIN || time_ms > wait_ms + AWAY_MAX_MS);
}

/* --- before it begins --- */

static bool is_active(const struct picture *picture, size_t device, const char *alarm)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, json_member(picture->devices[device].active, "alarms"))
    {
        const char *state = json_text(item, "state", "");
        if (text_equals(json_text(item, "alarm", ""), alarm) &&
            (text_equals(state, "UNACK") || text_equals(state, "ACKED")))
            return true;
    }
    return false;
}

/* The first check of an alarm that could not be raised because it is active from before; NULL. */
static const struct check *find_active(const struct play *play)
{
    for (size_t i = 0; i < play->judge.check_count; i++) {
        const struct check *check = &play->judge.checks[i];
        const struct expectation *expectation = &play->scenario->steps[check->step].expectation;
        if (check->device != SITE_NONE && expectation->kind == EXPECT_ALARM &&
            text_equals(expectation->event, "raised") && !expectation->never &&
            is_active(&play->session->picture, check->device, expectation->name))
            return check;
    }
    return NULL;
}

/* What the scenario before it left behind may take a while to end. Alarms that do not end are told in the report. */
static void settle(struct play *play)
{
    const struct check *check;
    int64_t until_ms = clock_wall_ms() + SETTLE_MAX_MS;
    const struct check *said = NULL;
    while (!play->cut_short && (check = find_active(play)) != NULL && clock_wall_ms() < until_ms) {
        if (check != said)
            (void)fprintf(stderr, "  waiting until it has cleared 等待报警恢复: %s %s\n",
                          play->cast->site->devices[check->device].id,
                          play->scenario->steps[check->step].expectation.name);
        said = check;
        if (session_wait(play->session, clock_wall_ms() + LOOK_EVERY_MS, NULL, 0) == WOKE_STOP)
            play->cut_short = true;
    }
}

static void play_steps(struct play *play)
{
    player_start(&play->player, play->scenario);
    while (!play->cut_short) {
        act_all_due(play);
        look(play);
        if (play->cut_short || is_over(play))
            break;
        if (session_wait(play->session, clock_wall_ms() + LOOK_EVERY_MS, NULL, 0) == WOKE_STOP)
            play->cut_short = true;
    }
}

/* --- the whole --- */

static void watch_cast(struct play *play)
{
    size_t *all = pool_take(play->pool, SCENARIO_ROLES_MAX * play->cast->site->device_count + 1, sizeof *all);
    size_t count = 0;
    for (size_t role = 0; role < play->scenario->role_count; role++) {
        const struct casting *casting = &play->cast->castings[role];
        for (size_t i = 0; i < casting->device_count; i++)
            all[count++] = casting->devices[i];
    }
    picture_watch(&play->session->picture, all, count);
}

static const char *note_of(const struct play *play, int64_t ended_ms)
{
    if (play->session->stopped)
        return "中途停止 stopped before its end";
    if (play->session->picture.forgotten > 0)
        return "记录过多，未全部保留 more records came than could be kept";
    if (session_was_away(play->session, play->watch.start_ms, ended_ms))
        return "其间消息服务器曾断开 the broker was away meanwhile";
    return NULL;
}

void play(struct session *session, const struct hands *hands, const struct cast *cast, struct pool *pool,
          struct report_scenario *ret_scenario)
{
    struct play play = {.session = session, .hands = hands, .cast = cast, .scenario = cast->scenario, .pool = pool};
    judge_open(&play.judge, cast);
    play.tasks = pool_take(pool, play.scenario->step_count + 1, sizeof *play.tasks);
    play.told = pool_take(pool, play.judge.check_count + 1, sizeof *play.told);
    settle(&play);
    stopwatch_start(&play.watch, clock_wall_ms());
    watch_cast(&play);
    play_steps(&play);
    if (!play.cut_short)
        judge_finish(&play.judge);
    else
        restore(&play);
    tell_checks(&play);
    int64_t ended_ms = clock_wall_ms();
    const struct played played = {.cast = cast,
                                  .judge = &play.judge,
                                  .tasks = play.tasks,
                                  .picture = &session->picture,
                                  .watch = &play.watch,
                                  .ended_ms = ended_ms,
                                  .cut_short = play.cut_short || session->picture.forgotten > 0,
                                  .note = note_of(&play, ended_ms)};
    account_scenario(&played, pool, ret_scenario);
    judge_close(&play.judge);
}
