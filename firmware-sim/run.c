#include "firmware-sim/run.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "firmware-sim/clock.h"
#include "firmware-sim/control.h"
#include "firmware-sim/port.h"
#include "firmware-sim/site.h"
#include "firmware-sim/world.h"

#define STEP_US        100000 /* WORLD_STEP_S */
#define STEPS_LATE_MAX 10     /* a suspended process does not catch up on more */
#define WARNINGS_SIZE  16384

struct run {
    struct pool pool;
    struct site site;
    struct world world;
    struct port *ports;
    size_t port_count; /* open ones */
    struct control control;
    struct pollfd *fds;
    int signals; /* a signalfd */
    int64_t step_us;
};

const char *const *run_profile_dirs(void)
{
    static char built[PATH_MAX + 32];
    static const char *dirs[3] = {OUTPOST_PREFIX "/share/outpost/profiles"};
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length <= 0)
        return dirs;
    self[length] = '\0';
    *strrchr(self, '/') = '\0';
    (void)snprintf(built, sizeof built, "%s/../../config/profiles", self);
    dirs[1] = built;
    return dirs;
}

/* --- opening and closing --- */

static void describe_ports(void *self, struct text *out)
{
    const struct run *run = self;
    for (size_t i = 0; i < run->port_count; i++)
        port_describe(&run->ports[i], out);
}

static bool open_ports(struct run *run, const struct run_options *options, struct text *why)
{
    const struct port_options port_options = {
        .fast = options->fast, .turnaround_us = options->turnaround_us, .listen = options->listen};
    run->ports = pool_take(&run->pool, run->site.bus_count, sizeof *run->ports);
    for (size_t i = 0; i < run->site.bus_count; i++) {
        if (!port_open(&run->ports[i], &run->site.buses[i], &run->world.lines[i], &port_options, &run->pool, why))
            return false;
        run->port_count++;
    }
    return true;
}

/* Signals become readable, so that they end the loop and nothing else. */
static bool open_signals(struct run *run, struct text *why)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    run->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
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

static bool open_all(struct run *run, const struct run_options *options, struct text *why)
{
    if (!open_signals(run, why) || !open_site(run, options, why))
        return false;
    world_open(&run->world, &run->site, options->seed);
    const struct ctl ctl = {.world = &run->world, .describe_ports = describe_ports, .self = run};
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

static int64_t due_us(const struct run *run)
{
    int64_t due = run->step_us;
    for (size_t i = 0; i < run->port_count; i++) {
        int64_t port = port_due_us(&run->ports[i]);
        due = port < due ? port : due;
    }
    return due;
}

static void wait_for(struct run *run, const struct watch *watch)
{
    int64_t left_us = due_us(run) - clock_mono_us();
    left_us = left_us < 0 ? 0 : left_us;
    const struct timespec timeout = {.tv_sec = left_us / 1000000, .tv_nsec = left_us % 1000000 * 1000};
    if (ppoll(run->fds, watch->count, &timeout, NULL) >= 0)
        return;
    for (size_t i = 0; i < watch->count; i++)
        run->fds[i].revents = 0;
}

static void step_world(struct run *run, int64_t now_us)
{
    if (now_us - run->step_us > (int64_t)STEPS_LATE_MAX * STEP_US)
        run->step_us = now_us;
    while (run->step_us <= now_us) {
        world_step(&run->world, WORLD_STEP_S);
        run->step_us += STEP_US;
    }
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
    run->step_us = clock_mono_us() + STEP_US;
    for (;;) {
        struct watch watch = watch_all(run);
        wait_for(run, &watch);
        if ((run->fds[0].revents & POLLIN) != 0)
            return;
        int64_t now_us = clock_mono_us();
        step_world(run, now_us);
        step_ports(run, &watch, now_us);
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
        if (port->listener < 0)
            text_add(&text, "%s: %s -> %s, %u baud", port->bus->id, port->bus->path, port->pts, port->bus->baud);
        else
            text_add(&text, "%s: TCP port %u", port->bus->id, port->bus->port);
        (void)printf("%s\n", line);
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
