#include "firmware-sim/run.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "firmware-sim/clock.h"
#include "firmware-sim/control.h"
#include "firmware-sim/pace.h"
#include "firmware-sim/port.h"
#include "firmware-sim/signals.h"
#include "firmware-sim/site.h"
#include "firmware-sim/stage.h"
#include "firmware-sim/world.h"

#define STEPS_WAITING 2 /* so many owed ones do not wait any longer */
#define WARNINGS_SIZE 16384
#define PLAY_SIZE     16384 /* one action of a scenario for a whole site */

struct run {
    struct pool pool;
    struct site site;
    struct world world;
    struct port *ports;
    size_t port_count; /* open ones */
    struct stage stage;
    struct control control;
    struct pollfd *fds;
    int signals; /* a signalfd */
    struct pace pace;
    bool told_behind;     /* that the plant lost time */
    bool step_waits;      /* for a line that is about to speak */
    int64_t step_cost_us; /* how long steps take */
};

/* Of a build tree: seen from build/<flavour>/ as from a folder that stands alone. The first that is there. */
static void find_built(char *path, size_t size, const char *built)
{
    static const char *const ways[] = {"../..", ".."};
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    self[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(self, '/');
    if (slash != NULL)
        *slash = '\0';
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        (void)snprintf(path, size, "%s/%s/%s", self, ways[i], built);
        if (access(path, R_OK | X_OK) == 0)
            return;
    }
}

const char *const *run_profile_dirs(void)
{
    static char built[PATH_MAX + 64];
    static const char *const dirs[] = {OUTPOST_PREFIX "/share/outpost/profiles", built, NULL};
    find_built(built, sizeof built, "config/profiles");
    return dirs;
}

const char *const *run_scenario_dirs(const char *site_file)
{
    static char own[PATH_MAX + 64];
    static char built[PATH_MAX + 64];
    static const char *const dirs[] = {own, built, OUTPOST_PREFIX "/share/outpost/scenarios", NULL};
    const char *slash = strrchr(site_file, '/');
    struct text text;
    text_init(&text, own, sizeof own);
    text_add(&text, "%.*sscenarios", slash == NULL ? 0 : (int)(slash + 1 - site_file), site_file);
    find_built(built, sizeof built, "firmware-sim/scenarios");
    return dirs;
}

/* --- opening and closing --- */

static void describe_ports(void *self, struct status *status)
{
    const struct run *run = self;
    for (size_t i = 0; i < run->port_count; i++)
        port_describe(&run->ports[i], status);
}

static bool open_ports(struct run *run, const struct run_options *options, struct text *why)
{
    const struct port_options port_options = {
        .fast = options->fast, .turnaround_us = options->turnaround_us, .listen = options->listen};
    run->ports = pool_take(&run->pool, run->site.bus_count, sizeof *run->ports);
    if (!wish_check(&options->wishes, &run->site, why))
        return false;
    for (size_t i = 0; i < run->site.bus_count; i++) {
        const struct site_bus *bus = &run->site.buses[i];
        const struct wish *wish = wish_find(&options->wishes, bus->id);
        if (!port_open(&run->ports[i], bus, &run->world.lines[i], &port_options, wish, &run->pool, why))
            return false;
        run->port_count++;
    }
    return true;
}

/* A site of a few hundred TCP slaves needs more files than the usual soft limit. */
static void allow_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static bool open_signals(struct run *run, struct text *why)
{
    run->signals = signals_open();
    return run->signals >= 0 || text_refuse(why, "no signalfd");
}

static bool open_site(struct run *run, const struct run_options *options, struct text *why)
{
    struct text warnings;
    char *bytes = pool_take(&run->pool, WARNINGS_SIZE, 1);
    text_init(&warnings, bytes, WARNINGS_SIZE);
    bool good = site_open(&run->site, options->file, run_profile_dirs(), &warnings, why);
    if (warnings.used > 0)
        (void)fprintf(stderr, "%s", bytes);
    return good;
}

static bool open_replays(struct run *run, const struct run_options *options, struct text *why)
{
    struct text warnings;
    char *bytes = pool_take(&run->pool, WARNINGS_SIZE, 1);
    bool good = true;
    text_init(&warnings, bytes, WARNINGS_SIZE);
    for (size_t i = 0; i < options->replay_count && good; i++)
        good = replays_open(&run->world, options->replays[i], options->loop, &run->pool, &warnings, why);
    if (warnings.used > 0)
        (void)fprintf(stderr, "%s", bytes);
    return good;
}

static bool open_all(struct run *run, const struct run_options *options, struct text *why)
{
    allow_files();
    if (!open_signals(run, why) || !open_site(run, options, why))
        return false;
    stage_init(&run->stage, &run->site, run_scenario_dirs(options->file));
    if (options->scenario != NULL &&
        !stage_start(&run->stage, options->scenario, options->binds, options->bind_count, why))
        return false;
    bool by_scenario = options->scenario != NULL && !options->has_seed;
    world_open(&run->world, &run->site, by_scenario ? run->stage.scenario.seed : options->seed);
    if (!open_replays(run, options, why))
        return false;
    pace_init(&run->pace, options->speed, clock_mono_us());
    world_pass(&run->world, clock_mono_us());
    const struct ctl ctl = {
        .world = &run->world, .pace = &run->pace, .stage = &run->stage, .describe_ports = describe_ports, .self = run};
    const char *socket = options->socket == NULL ? run->site.socket_path : options->socket;
    if (!control_open(&run->control, &ctl, socket, &run->pool, why) || !open_ports(run, options, why))
        return false;
    size_t fds = 1 + CONTROL_POLL_MAX + run->site.bus_count * PORT_POLL_MAX;
    run->fds = pool_take(&run->pool, fds, sizeof *run->fds);
    return true;
}

static void close_all(struct run *run)
{
    for (size_t i = 0; i < run->port_count; i++)
        port_close(&run->ports[i]);
    control_close(&run->control);
    stage_close(&run->stage);
    world_close(&run->world);
    site_close(&run->site);
    if (run->signals > 0)
        (void)close(run->signals);
    pool_close(&run->pool);
}

/* --- the loop --- */

/* Where each one's entries begin in run->fds. */
struct watch {
    size_t control_at;
    size_t control_count;
    size_t ports_at;
    size_t count;
};

static struct watch watch_all(struct run *run)
{
    struct watch watch = {.control_at = 1};
    run->fds[0] = (struct pollfd){.fd = run->signals, .events = POLLIN};
    watch.control_count = control_watch(&run->control, run->fds + watch.control_at);
    watch.ports_at = watch.control_at + watch.control_count;
    watch.count = watch.ports_at;
    for (size_t i = 0; i < run->port_count; i++)
        watch.count += port_watch(&run->ports[i], run->fds + watch.count);
    return watch;
}

static int64_t ports_due_us(const struct run *run, int64_t now_us)
{
    int64_t due = CHANNEL_NEVER;
    for (size_t i = 0; i < run->port_count; i++) {
        int64_t port = port_due_us(&run->ports[i], now_us);
        due = port < due ? port : due;
    }
    return due;
}

static int64_t due_us(const struct run *run, int64_t now_us)
{
    int64_t ports_us = ports_due_us(run, now_us);
    int64_t step_us = pace_due_us(&run->pace, run->step_waits ? STEPS_WAITING : 1);
    return ports_us < step_us ? ports_us : step_us;
}

static void wait_for(struct run *run, const struct watch *watch)
{
    int64_t now_us = clock_mono_us();
    int64_t left_us = due_us(run, now_us) - now_us;
    left_us = left_us < 0 ? 0 : left_us;
    const struct timespec timeout = {.tv_sec = left_us / 1000000, .tv_nsec = left_us % 1000000 * 1000};
    if (ppoll(run->fds, watch->count, &timeout, NULL) >= 0)
        return;
    for (size_t i = 0; i < watch->count; i++)
        run->fds[i].revents = 0;
}

/* What the scenario does by now: each line as if it had been typed. */
static void play(struct run *run)
{
    char lines[PLAY_SIZE];
    char answer[PLAY_SIZE];
    struct text text;
    struct text out;
    for (text_init(&text, lines, sizeof lines); stage_take(&run->stage, &text); text_init(&text, lines, sizeof lines)) {
        char *rest = NULL;
        for (char *line = strtok_r(lines, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
            struct sentence said;
            text_add(sentence_init(&said), "%s", line);
            text_init(&out, answer, sizeof answer);
            ctl_run(&run->control.ctl, line, &out);
            stage_note(&run->stage, said.bytes, answer);
        }
    }
}

/* A plant that is too large for its speed says so once. */
static void tell_behind(struct run *run)
{
    if (!run->told_behind && run->pace.speed > 1)
        (void)fprintf(stderr, "outpost-sim: the plant cannot keep up with speed %g: `ctl status` says what it missed\n",
                      run->pace.speed);
    run->told_behind = run->told_behind || run->pace.speed > 1;
}

/* A step does not begin when a line would have to wait for its end, unless the next one is owed too. */
static bool step_has_to_wait(const struct run *run, int64_t now_us)
{
    return pace_owed(&run->pace) < STEPS_WAITING && ports_due_us(run, now_us) < now_us + run->step_cost_us;
}

static void make_step(struct run *run)
{
    int64_t began_us = clock_mono_us();
    double step_s = pace_step(&run->pace);
    double real_s = step_s / run->pace.speed;
    play(run);
    world_step(&run->world, step_s);
    stage_pass(&run->stage, real_s);
    int64_t cost_us = clock_mono_us() - began_us;
    int64_t before_us = run->step_cost_us * 7 / 8;
    run->step_cost_us = cost_us > before_us ? cost_us : before_us;
}

/* One step a turn, so that lines keep their time at any speed. */
static void step_world(struct run *run, int64_t now_us)
{
    world_pass(&run->world, now_us);
    if (pace_pass(&run->pace, now_us))
        tell_behind(run);
    bool owed = pace_owed(&run->pace) > 0;
    run->step_waits = owed && step_has_to_wait(run, now_us);
    if (owed && !run->step_waits)
        make_step(run);
}

static void step_ports(struct run *run, const struct watch *watch, int64_t now_us)
{
    size_t at = watch->ports_at;
    for (size_t i = 0; i < run->port_count; i++) {
        size_t count = run->ports[i].watched;
        port_step(&run->ports[i], run->fds + at, now_us);
        at += count;
    }
}

static void loop(struct run *run)
{
    for (;;) {
        struct watch watch = watch_all(run);
        wait_for(run, &watch);
        if ((run->fds[0].revents & POLLIN) != 0)
            return;
        int64_t now_us = clock_mono_us();
        step_ports(run, &watch, now_us); /* first: lines have deadlines */
        step_world(run, now_us);
        control_step(&run->control, run->fds + watch.control_at, watch.control_count);
    }
}

static void announce(const struct run *run)
{
    char line[SENTENCE_SIZE];
    struct text text;
    for (size_t i = 0; i < run->port_count; i++) {
        const struct port *port = &run->ports[i];
        text_init(&text, line, sizeof line);
        port_announce(port, &text);
        (void)printf("%s: %s\n", port->bus->id, line);
    }
    (void)printf("control: %s\noutpost-sim: ready\n", run->control.path);
    (void)fflush(stdout);
}

int run(const struct run_options *options)
{
    struct run run = {.control.fd = -1};
    struct sentence why;
    (void)prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL); /* line time is kept to microseconds */
    bool good = open_all(&run, options, sentence_init(&why));
    if (good) {
        announce(&run);
        loop(&run);
    } else {
        (void)fprintf(stderr, "outpost-sim: %s\n", why.bytes);
    }
    close_all(&run);
    return good ? 0 : 1;
}
