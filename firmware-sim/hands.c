#include "firmware-sim/hands.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firmware-sim/control.h"

#define LINES_SIZE      16384
#define ORDER_WORDS_MAX 8

/* --- asking a person --- */

static void print_task(const struct hands *hands, const struct cast *cast, const struct step *step, struct text *out)
{
    const struct label *manual = &step->action.manual;
    const char *label = hands->chinese ? manual->zh : manual->en;
    if (label != NULL && step->action.kind != ACTION_ORDER) {
        cast_print_label(cast, label, out);
        return;
    }
    char bytes[LINES_SIZE];
    struct text lines;
    text_init(&lines, bytes, sizeof bytes);
    cast_print_lines(cast, &step->action, &lines);
    if (lines.used > 0)
        bytes[lines.used - 1] = '\0';
    for (char *at = strchr(bytes, '\n'); at != NULL; at = strchr(at, '\n'))
        *at = ';';
    text_add(out, "%s%s", step->action.kind == ACTION_ORDER ? "outpost " : "", bytes);
}

static enum deed ask(const struct hands *hands, const struct cast *cast, const struct step *step, struct text *why)
{
    char line[SESSION_KEYS_MAX];
    char bytes[SENTENCE_SIZE];
    struct text task;
    text_init(&task, bytes, sizeof bytes);
    print_task(hands, cast, step, &task);
    (void)fprintf(stderr, "\n  >>> %s\n      %s ", bytes,
                  hands->chinese ? "做完按回车；s 跳过；f 失败：" : "ENTER when done, s to skip, f when it failed:");
    (void)fflush(stderr);
    for (;;) {
        enum woke woke = session_wait(hands->session, INT64_MAX, line, sizeof line);
        if (woke == WOKE_STOP)
            return DEED_STOPPED;
        if (woke == WOKE_DEAF) {
            text_add(why, "nobody is at the keyboard 无人应答");
            return DEED_STOPPED;
        }
        if (woke != WOKE_KEYS)
            continue;
        if (line[0] == 'f' || line[0] == 'F') {
            text_add(why, "the person on site says that it failed 现场人员报告失败");
            return DEED_FAILED;
        }
        if (line[0] == 's' || line[0] == 'S') {
            text_add(why, "skipped by the person on site 现场人员跳过");
            return DEED_SKIPPED;
        }
        return DEED_DONE;
    }
}

/* --- orders --- */

/* No shell; what it prints goes to stderr; signals reach it as they would from a shell. -1: not started or killed. */
static int run_program(const char *const *arguments)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    pid_t child = 0;
    int status = 0;
    union { /* it does not change them */
        const char *const *given;
        char *const *taken;
    } list = {.given = arguments};
    (void)sigemptyset(&none);
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    (void)posix_spawnattr_init(&attributes);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    (void)posix_spawnattr_setsigmask(&attributes, &none);
    bool started = posix_spawnp(&child, arguments[0], &actions, &attributes, list.taken, environ) == 0;
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    while (started && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return started && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* "ack --dev gas-kitchen" -> outpost ack FILE --by outpost-sim --dev gas-kitchen */
static bool run_order(const struct hands *hands, char *line, struct text *why)
{
    char *words[ORDER_WORDS_MAX] = {0};
    size_t word_count = text_split(line, words, ORDER_WORDS_MAX);
    if (word_count == 0 || word_count > ORDER_WORDS_MAX)
        return text_refuse(why, "an order has 1 to %d words", ORDER_WORDS_MAX);
    const char *arguments[ORDER_WORDS_MAX + 5] = {hands->outpost, words[0], hands->file, "--by", "outpost-sim"};
    for (size_t i = 1; i < word_count; i++)
        arguments[4 + i] = words[i];
    int status = run_program(arguments);
    if (status == 0)
        return true;
    return status < 0 ? text_refuse(why, "%s cannot be started", hands->outpost)
                      : text_refuse(why, "outpost %s: status %d", words[0], status);
}

/* --- each line of an action --- */

static bool do_line(const struct hands *hands, const struct action *action, const char *line, size_t length,
                    struct text *why)
{
    char own[CTL_LINE_MAX];
    if (length + 1 >= sizeof own)
        return text_refuse(why, "an action is too long for one line");
    memcpy(own, line, length);
    own[length] = '\0';
    if (action->kind == ACTION_ORDER)
        return run_order(hands, own, why);
    own[length] = '\n';
    own[length + 1] = '\0';
    return control_ask(hands->socket, own, why);
}

/* An interlock that need not have tripped need not be reset: the gateway refuses, and nothing is amiss. */
static bool may_be_needless(const struct cast *cast, const struct action *action)
{
    return action->kind == ACTION_ORDER && action->role != SCENARIO_NONE &&
           cast->scenario->roles[action->role].optional;
}

static enum deed do_lines(const struct hands *hands, const struct cast *cast, const struct action *action,
                          struct text *why)
{
    char bytes[LINES_SIZE];
    struct text lines;
    text_init(&lines, bytes, sizeof bytes);
    cast_print_lines(cast, action, &lines);
    for (const char *at = bytes; *at != '\0';) {
        size_t length = strcspn(at, "\n");
        if (!do_line(hands, action, at, length, why)) {
            if (!may_be_needless(cast, action))
                return DEED_FAILED;
            text_init(why, why->bytes, why->size);
        }
        at += length + (at[length] == '\n' ? 1 : 0);
    }
    return DEED_DONE;
}

bool action_restores(const struct action *action)
{
    switch (action->kind) {
    case ACTION_DO:
        return text_equals(action->rest, "normal");
    case ACTION_SET:
        return text_equals(action->rest, "auto");
    case ACTION_FAULT:
        return text_equals(action->rest, "none") || text_equals(action->rest, "back");
    case ACTION_SPEED:
        return action->speed > 0.99 && action->speed < 1.01;
    case ACTION_ORDER:
        return false;
    }
    return false;
}

bool hands_asks(const struct hands *hands, const struct action *action)
{
    return action->kind == ACTION_ORDER ? hands->outpost == NULL : hands->manual;
}

enum deed hands_do(const struct hands *hands, const struct cast *cast, const struct step *step, struct text *why)
{
    const struct action *action = &step->action;
    bool has_task = action->manual.zh != NULL || action->manual.en != NULL;
    if (!hands_asks(hands, action))
        return do_lines(hands, cast, action, why);
    if (action->kind == ACTION_SPEED || (action_restores(action) && !has_task))
        return DEED_NEEDLESS;
    return ask(hands, cast, step, why);
}

void hands_remind(const struct hands *hands, const struct cast *cast, const struct step *step)
{
    char bytes[SENTENCE_SIZE];
    struct text task;
    text_init(&task, bytes, sizeof bytes);
    print_task(hands, cast, step, &task);
    (void)fprintf(stderr, "  still to do 尚需恢复: %s\n", bytes);
}
