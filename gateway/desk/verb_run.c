#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/base/log.h"
#include "gateway/base/thread.h"
#include "gateway/desk/loading.h"
#include "gateway/desk/notify.h"
#include "gateway/desk/server.h"
#include "gateway/desk/verb.h"
#include "gateway/run/house.h"
#include "gateway/run/journal.h"

const struct manual manual_run = {
    .en = "Runs the gateway in the foreground: polls the buses, judges alarms, closes valves, keeps the journal, "
          "reports to\n"
          "the centres. Prints one line, `outpost: ready`, when every part runs and the local socket listens; "
          "everything\n"
          "else is logged on stderr. A second gateway on the same journal is refused.\n"
          "Signals: TERM, INT end it in order (buses stop, what was decided is recorded, centres get at most 3 s).\n"
          "HUP reads the site file again: a good one is taken by a restart in place, a bad one is refused and told in\n"
          "the log, and the gateway goes on with the old one.\n"
          "Under systemd (Type=notify) it tells when it is ready and feeds the watchdog as long as alarms are judged.",
    .zh = "在前台运行网关：轮询总线、判断报警、执行联锁、写日志库、上报监控中心。\n"
          "各部分就绪且本地套接字可用后，在标准输出打印一行 outpost: ready；其余信息写到标准错误。\n"
          "同一日志目录不允许运行第二个网关。\n"
          "信号：TERM、INT 有序停止（总线停止，已作出的判断全部落盘，中心最多等 3 秒）。\n"
          "HUP 重新读取站点文件：正确则原地重启生效；有错误则拒绝并写入日志，网关按原配置继续运行。\n"
          "在 systemd（Type=notify）下会通知就绪，并在报警判断正常时喂看门狗。",
    .exit_en =
        "  0  ended by a signal, in order\n  1  the site file is bad, the journal is in use, or something could not be "
        "opened\n  2  wrong usage\n",
    .exit_zh = "  0  收到信号后有序停止\n  1  站点文件有错误、日志目录被占用，或某部分无法打开\n  2  用法错误\n",
    .examples = "  outpost run\n  outpost run config/outpost.example.json\n  systemctl reload outpost   # HUP\n",
};

#define COMPLAINTS_LOGGED_MAX 5
#define LISTEN_EVERY_US       5000000LL /* a disk that cannot be written */

struct shift { /* one run of the gateway: what is open, in the order of opening */
    const struct desk *desk;
    struct loading loading;
    const struct site *site;
    char socket_path[SERVER_PATH_MAX + 1];
    int signal_fd;
    struct notify notify;
    struct tape *tapes[SITE_BUSES_MAX];
    struct link links[SITE_BUSES_MAX];
    size_t link_count;
    struct uplink uplinks[SITE_CENTRES_MAX];
    size_t uplink_count;
    struct house_bells *bells;
    struct house *house;
    struct server *server;  /* NULL: the disk cannot be written; tried again … */
    int64_t listen_mono_us; /* … then */
    int epoll_fd;           /* the server's and the signals' */
    struct room room;
    struct thread thread; /* the desk: clients, signals, watchdog */
    atomic_bool stop;
    bool again;        /* start anew after the stop; written by the desk's thread, read after it has ended */
    atomic_bool ready; /* only then the watchdog is fed: a manager expects no food before */
};

static bool trouble(const struct shift *shift, const char *what, const char *en, const char *zh)
{
    desk_complain(shift->desk, "%s: %s", "%s：%s", what, tongue_pick(&shift->desk->tongue, en, zh));
    return false;
}

static bool trouble_of_system(const struct shift *shift, const char *what)
{
    char why[128];
    const char *text = strerror_r(errno, why, sizeof why);
    return trouble(shift, what, text, text);
}

/* From here on the desk's thread reads them; no handler, no global. */
static bool take_signals(struct shift *shift)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    (void)signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL) == 0)
        shift->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return shift->signal_fd >= 0 || trouble_of_system(shift, "signalfd");
}

static bool load(struct shift *shift)
{
    bool const good = loading_open(&shift->loading, shift->desk, shift->desk->options.file) == ERR_OK;
    struct page page;
    shift->site = shift->loading.site;
    if (page_open(&page) != ERR_OK)
        return false;
    loading_put_complaints(page.stream, &shift->desk->tongue, &shift->loading.complaints, COMPLAINTS_MAX);
    return page_show(&page, &shift->desk->tongue, stderr) == ERR_OK && good;
}

/* mkdir -p; only the last directory holds anything of ours and is closed to others. */
static bool make_directory(struct shift *shift)
{
    const char *dir = shift->site->journal.dir;
    char path[PATH_MAX];
    size_t const size = strlen(dir);
    if (size >= sizeof path)
        return trouble(shift, dir, "the path is too long", "路径过长");
    memcpy(path, dir, size + 1);
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0755); /* what could not be made shows itself below */
        *slash = '/';
    }
    struct stat stat_of;
    if (mkdir(path, 0750) != 0 && errno != EEXIST)
        return trouble_of_system(shift, dir);
    if (stat(path, &stat_of) != 0)
        return trouble_of_system(shift, dir);
    return S_ISDIR(stat_of.st_mode) || trouble(shift, dir, "is not a directory", "不是目录");
}

/* A bus and what listens to it. */
static enum err make_link(struct shift *shift, size_t at)
{
    const struct site_bus *bus = &shift->site->buses[at];
    if (bus->kind == LINK_REPLAY)
        return shift->desk->doors->make_link(bus, NULL, &shift->links[at]);
    enum err err = tape_open(&shift->tapes[at], tape_size(shift->site->bus_count));
    if (err != ERR_OK)
        return err;
    struct tap const tap = tape_tap(shift->tapes[at]);
    return shift->desk->doors->make_link(bus, &tap, &shift->links[at]);
}

static bool make_doors(struct shift *shift)
{
    const struct desk_doors *doors = shift->desk->doors;
    doors->prepare_uplinks();
    for (; shift->link_count < shift->site->bus_count; shift->link_count++) {
        const struct site_bus *bus = &shift->site->buses[shift->link_count];
        enum err err = make_link(shift, shift->link_count);
        if (err != ERR_OK)
            return trouble(shift, bus->id, err_text(err), "无法建立该总线的连接");
    }
    for (; shift->uplink_count < shift->site->centre_count; shift->uplink_count++) {
        enum err err = doors->make_uplink(house_sender_bell(shift->bells, shift->uplink_count),
                                          &shift->uplinks[shift->uplink_count]);
        if (err != ERR_OK)
            return trouble(shift, shift->site->centres[shift->uplink_count].id, err_text(err),
                           "无法建立到该中心的连接");
    }
    return true;
}

static bool in_use(const struct shift *shift)
{
    const char *dir = shift->site->journal.dir;
    desk_complain(shift->desk, "%s: another gateway (process %ld) is running on this journal; stop it first",
                  "%s：另一个网关（进程 %ld）正在使用该日志目录，请先停止它", dir, journal_holder(dir));
    return false;
}

static bool open_house(struct shift *shift)
{
    uint64_t seed = 0;
    if (house_bells_open(&shift->bells, shift->site) != ERR_OK)
        return trouble_of_system(shift, "eventfd");
    if (!make_doors(shift))
        return false;
    if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
        return trouble_of_system(shift, "getrandom");
    enum err err = house_open(&shift->house, shift->bells,
                              &(struct house_setup){
                                  .site = shift->site,
                                  .links = shift->links,
                                  .uplinks = shift->uplinks,
                                  .random_seed = seed,
                              });
    if (err == ERR_BUSY)
        return in_use(shift);
    return err == ERR_OK || trouble(shift, shift->site->id, err_text(err), "网关无法启动");
}

static enum err listen_on_site(struct shift *shift)
{
    return server_open(&shift->server, &(struct server_setup){
                                           .site = shift->site,
                                           .path = shift->socket_path,
                                           .board = house_board(shift->house),
                                           .inbox = house_inbox(shift->house),
                                           .inbox_bell = house_inbox_bell(shift->house),
                                           .answers = house_answers(shift->house),
                                           .tapes = shift->tapes,
                                       });
}

static bool open_server(struct shift *shift)
{
    const char *asked = shift->desk->options.socket;
    char path[PATH_MAX];
    int const size = asked != NULL ? snprintf(path, sizeof path, "%s", asked)
                                   : snprintf(path, sizeof path, "%s/outpost.sock", shift->site->journal.dir);
    if (size < 0 || size > SERVER_PATH_MAX)
        return trouble(shift, path, "a socket's path is at most 107 bytes; choose another with --socket",
                       "套接字路径最长 107 字节，请用 --socket 另行指定");
    memcpy(shift->socket_path, path, (size_t)size + 1);
    if (listen_on_site(shift) == ERR_OK)
        return true;
    if (errno != EROFS && errno != EIO && errno != ENOSPC)
        return trouble_of_system(shift, shift->socket_path);
    char why[128];
    log_say(LOG_ERROR, "outpost", "%s: %s: no orders on site until the disk can be written; alarms and interlocks run",
            shift->socket_path, strerror_r(errno, why, sizeof why));
    return true;
}

/* The desk's thread. */

static void ask_stop(struct shift *shift)
{
    atomic_store(&shift->stop, true);
    house_wake(shift->house);
}

static void log_complaint(const struct complaint *complaint)
{
    char line[LOG_LINE_MAX];
    complaint_print(complaint, LANGUAGE_EN, line, sizeof line);
    line[strcspn(line, "\n")] = '\0';
    log_say(LOG_ERROR, "outpost", "%s", line);
}

static void read_again(struct shift *shift)
{
    struct loading loading;
    bool const good = loading_open(&loading, shift->desk, shift->desk->options.file) == ERR_OK;
    for (size_t i = 0; !good && i < loading.complaints.count && i < COMPLAINTS_LOGGED_MAX; i++)
        log_complaint(&loading.complaints.list[i]);
    if (good) {
        log_say(LOG_NOTICE, "outpost", "%s is good: starting anew with it", shift->desk->options.file);
        notify_say(&shift->notify, "RELOADING=1");
        shift->again = true;
        ask_stop(shift);
    } else {
        log_say(LOG_ERROR, "outpost", "%s has %zu errors: going on with the old one", shift->desk->options.file,
                loading.complaints.errors);
    }
    loading_close(&loading);
}

static void read_signals(struct shift *shift)
{
    struct signalfd_siginfo info;
    while (read(shift->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (atomic_load(&shift->stop))
            continue;
        if (info.ssi_signo == SIGHUP) {
            read_again(shift);
            continue;
        }
        log_say(LOG_NOTICE, "outpost", "asked to stop by signal %" PRIu32, info.ssi_signo);
        notify_say(&shift->notify, "STOPPING=1");
        ask_stop(shift);
    }
}

static bool hear_server(struct shift *shift)
{
    struct epoll_event event = {.events = EPOLLIN};
    return epoll_ctl(shift->epoll_fd, EPOLL_CTL_ADD, server_fd(shift->server), &event) == 0;
}

/* The disk could not be written at the start: until it can be there is no socket. */
static int64_t serve(struct shift *shift, struct now now)
{
    if (shift->server == NULL && now.mono_us >= shift->listen_mono_us) {
        shift->listen_mono_us = now.mono_us + LISTEN_EVERY_US;
        if (listen_on_site(shift) == ERR_OK && hear_server(shift))
            log_say(LOG_NOTICE, "outpost", "orders on site are taken again");
    }
    return shift->server != NULL ? server_step(shift->server, now) : shift->listen_mono_us;
}

static int64_t desk_step(void *self, struct now now)
{
    struct shift *shift = self;
    read_signals(shift);
    int64_t feed_mono_us = CLOCK_NEVER;
    if (atomic_load(&shift->ready))
        feed_mono_us = notify_step(&shift->notify, now, house_judge_beat_mono_us(shift->house));
    int64_t const serve_mono_us = serve(shift, now);
    return feed_mono_us < serve_mono_us ? feed_mono_us : serve_mono_us;
}

static int desk_fd(void *self)
{
    const struct shift *shift = self;
    return shift->epoll_fd;
}

static bool start_desk(struct shift *shift)
{
    struct epoll_event event = {.events = EPOLLIN};
    shift->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (shift->epoll_fd < 0 || epoll_ctl(shift->epoll_fd, EPOLL_CTL_ADD, shift->signal_fd, &event) != 0 ||
        (shift->server != NULL && !hear_server(shift)))
        return trouble_of_system(shift, "epoll");
    shift->room.name = "desk";
    shift->room.self = shift;
    shift->room.step = desk_step;
    shift->room.fd = desk_fd;
    shift->room.bell = house_answers_bell(shift->house);
    return thread_start(&shift->thread, &shift->room) == ERR_OK || trouble_of_system(shift, "desk");
}

/* The caller's thread. */

static void tell_ready(void *context, struct now now)
{
    struct shift *shift = context;
    (void)now;
    if (atomic_load(&shift->ready))
        return;
    (void)printf("outpost: ready\n");
    (void)fflush(stdout);
    notify_say(&shift->notify, "READY=1");
    atomic_store(&shift->ready, true);
    bell_ring(shift->room.bell);
}

static bool open_all(struct shift *shift)
{
    return take_signals(shift) && load(shift) && make_directory(shift) && open_house(shift) && open_server(shift) &&
           start_desk(shift);
}

static void close_all(struct shift *shift)
{
    thread_stop(&shift->thread);
    if (shift->epoll_fd >= 0)
        (void)close(shift->epoll_fd);
    server_close(shift->server);
    house_close(shift->house);
    for (size_t i = 0; i < shift->uplink_count; i++)
        shift->uplinks[i].ops->destroy(shift->uplinks[i].self);
    for (size_t i = 0; i < shift->link_count; i++)
        shift->links[i].ops->destroy(shift->links[i].self);
    for (size_t i = 0; i < SITE_BUSES_MAX; i++)
        tape_close(shift->tapes[i]);
    house_bells_close(shift->bells);
    notify_close(&shift->notify);
    if (shift->signal_fd >= 0)
        (void)close(shift->signal_fd);
    loading_close(&shift->loading);
}

/* The program's path, not /proc/self/exe: after an upgrade it names the new one. */
static void start_anew(const struct desk *desk)
{
    (void)close_range(STDERR_FILENO + 1, ~0u, CLOSE_RANGE_CLOEXEC); /* also what a library forgot */
    (void)execv(desk->doors->program, desk->argv);
    (void)execv("/proc/self/exe", desk->argv);
    log_say(LOG_ERROR, "outpost", "cannot start anew: %s", desk->doors->program);
}

/* A thread hangs in a system call: nothing can be closed under it, but everything is recorded. */
_Noreturn static void end_hard(struct shift *shift)
{
    log_say(LOG_WARNING, "outpost", "stops without waiting for a thread that hangs");
    server_close(shift->server); /* takes the socket file away */
    if (shift->again)
        start_anew(shift->desk);
    _exit(shift->again ? EXIT_WRONG : EXIT_GOOD);
}

static enum err run_house(struct shift *shift)
{
    const struct site *site = shift->site;
    log_say(LOG_NOTICE, "outpost", "%s starts: site %s, %zu buses, %zu slaves, %zu devices, %zu rules, %zu centres",
            shift->desk->doors->version, site->id, site->bus_count, site->slave_count, site->device_count,
            site->rule_count, site->centre_count);
    enum err err = house_run(shift->house, &shift->stop, tell_ready, shift);
    thread_stop(&shift->thread);
    log_say(LOG_NOTICE, "outpost", "stopped");
    return err;
}

static int run_shift(struct shift *shift)
{
    notify_open(&shift->notify, getenv("NOTIFY_SOCKET"), getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"), getpid());
    enum err err = open_all(shift) ? run_house(shift) : ERR_IO;
    if (err == ERR_TIMEOUT)
        end_hard(shift);
    close_all(shift);
    if (shift->again)
        start_anew(shift->desk);
    return err == ERR_OK && !shift->again ? EXIT_GOOD : EXIT_WRONG;
}

int verb_run(const struct desk *desk)
{
    struct shift *shift = calloc(1, sizeof *shift); /* complaints and all: too much for a stack */
    if (shift == NULL)
        return EXIT_WRONG;
    shift->desk = desk;
    shift->signal_fd = shift->epoll_fd = -1;
    int const status = run_shift(shift);
    free(shift);
    return status;
}
