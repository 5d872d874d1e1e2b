#include "firmware-sim/accept.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "firmware-sim/account.h"
#include "firmware-sim/cast.h"
#include "firmware-sim/clock.h"
#include "firmware-sim/control.h"
#include "firmware-sim/digest.h"
#include "firmware-sim/hands.h"
#include "firmware-sim/house.h"
#include "firmware-sim/json.h"
#include "firmware-sim/play.h"
#include "firmware-sim/player.h"
#include "firmware-sim/report.h"
#include "firmware-sim/run.h"
#include "firmware-sim/session.h"
#include "firmware-sim/shelf.h"

#define WARNINGS_SIZE 16384
#define PASSWORD_SIZE 1024
#define LINE_SIZE     2048
#define NOTES_MAX     16
#define BETTER_MS     15000 /* how long a bad point may take to become good once all were read */
#define SAY_EVERY_MS  5000
#define LOOK_EVERY_MS 250
#define TOPIC_SUFFIX  "/#"

struct act { /* a scenario that was asked for */
    struct scenario scenario;
    struct cast cast;
    bool open;
    bool applies;
    struct sentence why; /* it does not */
};

struct accept {
    const struct accept_options *options;
    struct pool pool;
    struct house house;
    struct site site;
    struct session session;
    struct hands hands;
    char sha256[DIGEST_HEX_SIZE];
    char *password;
    struct act *acts;
    size_t act_count;
    struct report report;
    const char **notes;
    struct report_scenario *scenarios;
};

/* What ends it before there is anything to report. */
static int refuse(const struct sentence *why, int status)
{
    (void)fprintf(stderr, "outpost-sim: %s\n", why->bytes);
    return status;
}

static void note(struct accept *accept, const char *text)
{
    (void)fprintf(stderr, "! %s\n", text);
    if (accept->report.note_count < NOTES_MAX)
        accept->notes[accept->report.note_count++] = pool_print(&accept->pool, "%s", text);
}

/* --- what is needed before ---------------------------------------------------------------------------------------------- */

static bool read_password(struct accept *accept, struct text *why)
{
    const char *path = accept->options->password_file;
    if (path == NULL)
        return true;
    FILE *file = fopen(path, "re");
    accept->password = pool_take(&accept->pool, PASSWORD_SIZE, 1);
    bool good = file != NULL && fgets(accept->password, PASSWORD_SIZE, file) != NULL;
    if (file != NULL)
        (void)fclose(file);
    accept->password[strcspn(accept->password, "\r\n")] = '\0';
    return good || text_refuse(why, "%s: no password can be read there; it stands alone in the first line", path);
}

static bool read_files(struct accept *accept, struct text *why)
{
    const struct accept_options *options = accept->options;
    char *bytes = pool_take(&accept->pool, WARNINGS_SIZE, 1);
    struct text warnings;
    text_init(&warnings, bytes, WARNINGS_SIZE);
    if (!house_read(options->file, options->centre, &accept->pool, &accept->house, why) ||
        !site_open(&accept->site, options->file, run_profile_dirs(), &warnings, why) || !read_password(accept, why))
        return false;
    if (accept->house.url == NULL)
        return text_refuse(why, "the site file names no centre; say --centre mqtt://host:1883");
    return listen_check_url(accept->house.url, why) && digest_file(options->file, accept->sha256, why);
}

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

static bool open_act(struct accept *accept, const char *what, struct text *why)
{
    char *binds[ACCEPT_NAMES_MAX];
    struct act *act = &accept->acts[accept->act_count];
    if (!shelf_open(run_scenario_dirs(accept->options->file), what, &act->scenario, why))
        return false;
    accept->act_count++;
    act->open = true;
    size_t count = binds_for(accept->options, &act->scenario, binds);
    act->applies = cast_open(&act->cast, &act->scenario, &accept->site, binds, count, sentence_init(&act->why));
    return true;
}

/* Those that were named must apply. */
static bool open_named(struct accept *accept, struct text *why)
{
    const struct accept_options *options = accept->options;
    accept->acts = pool_take(&accept->pool, options->scenario_count, sizeof *accept->acts);
    for (size_t i = 0; i < options->scenario_count; i++) {
        if (!open_act(accept, options->scenarios[i], why))
            return false;
        if (!accept->acts[i].applies)
            return text_refuse(why, "%s", accept->acts[i].why.bytes);
    }
    return true;
}

static bool open_acts(struct accept *accept, struct text *why)
{
    const char *const *files;
    if (accept->options->scenario_count > 0)
        return open_named(accept, why);
    size_t count = shelf_list(run_scenario_dirs(accept->options->file), &accept->pool, &files);
    accept->acts = pool_take(&accept->pool, count + 1, sizeof *accept->acts);
    for (size_t i = 0; i < count; i++) {
        if (!open_act(accept, files[i], why))
            return false;
    }
    return true;
}

/* A bind that names no role of any scenario is a slip of the pen. */
static bool check_binds(const struct accept *accept, struct text *why)
{
    for (size_t i = 0; i < accept->options->bind_count; i++) {
        const char *bind = accept->options->binds[i];
        bool used = false;
        for (size_t k = 0; k < accept->act_count; k++)
            used = used || scenario_find_role(&accept->acts[k].scenario, bind, strcspn(bind, "=")) != SCENARIO_NONE;
        if (!used)
            return text_refuse(why, "--bind %.80s: no scenario has such a role; write ROLE=DEVICE", bind);
    }
    return true;
}

static bool find_hands(struct accept *accept, struct text *why)
{
    const struct accept_options *options = accept->options;
    const char *language = options->language != NULL ? options->language : accept->house.language;
    accept->hands = (struct hands){.session = &accept->session,
                                   .file = options->file,
                                   .socket = options->socket != NULL ? options->socket : accept->site.socket_path,
                                   .outpost = options->outpost,
                                   .manual = options->manual,
                                   .chinese = strcmp(language, "zh") == 0};
    if (options->manual)
        return true;
    return control_ask(accept->hands.socket, "status\n", why) ||
           text_refuse(why, "; on a real site say --manual and provoke by hand");
}

static bool name_report(struct accept *accept, const char **ret_base, struct text *why)
{
    time_t seconds = (time_t)(accept->report.began_ms / 1000);
    struct tm parts = {0};
    char stamp[32];
    (void)localtime_r(&seconds, &parts);
    accept->report.utc_offset_min = (int)(parts.tm_gmtoff / 60);
    (void)strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &parts);
    *ret_base = accept->options->report;
    if (*ret_base == NULL)
        *ret_base = pool_print(&accept->pool, "acceptance-%s-%s", accept->house.id, stamp);
    return report_try(*ret_base, why);
}

static bool open_session(struct accept *accept, struct text *why)
{
    const struct listen_options options = {.url = accept->house.url,
                                           .ca_file = accept->options->ca_file,
                                           .username = accept->options->username,
                                           .password = accept->password,
                                           .topic = pool_print(&accept->pool, "%s" TOPIC_SUFFIX, accept->house.root)};
    return session_open(&accept->session, &options, &accept->site, accept->house.root, why);
}

/* --- waiting until the gateway and all devices are there ------------------------------------------------------------- */

static void print_missing(const struct accept *accept, struct text *out)
{
    static const char *const words[] = {[READY_NOTHING] = "no telemetry 无数据",
                                        [READY_PARTLY] = "not all read 未读全",
                                        [READY_BAD] = "bad points 测点无效",
                                        [READY_GOOD] = ""};
    const struct picture *picture = &accept->session.picture;
    if (!accept->session.heard)
        text_add(out, " the broker 消息服务器;");
    if (!picture_online(picture))
        text_add(out, " the gateway online 网关上线;");
    for (size_t i = 0; i < accept->site.device_count; i++) {
        enum readiness readiness = account_readiness(picture, i);
        if (readiness != READY_GOOD)
            text_add(out, " %s (%s)", accept->site.devices[i].id, words[readiness]);
    }
}

static void say_missing(const struct accept *accept)
{
    char bytes[LINE_SIZE];
    struct text missing;
    text_init(&missing, bytes, sizeof bytes);
    print_missing(accept, &missing);
    if (missing.used > 0)
        (void)fprintf(stderr, "waiting for 等待:%s\n", bytes);
}

static enum readiness least_ready(const struct accept *accept)
{
    enum readiness least = READY_GOOD;
    for (size_t i = 0; i < accept->site.device_count; i++) {
        enum readiness readiness = account_readiness(&accept->session.picture, i);
        least = readiness < least ? readiness : least;
    }
    return picture_online(&accept->session.picture) ? least : READY_NOTHING;
}

/* False when it was stopped. What has not come in the time given is the devices' fault. */
static bool wait_ready(struct accept *accept)
{
    int64_t now_ms = clock_wall_ms();
    int64_t until_ms = now_ms + accept->options->wait_ms;
    int64_t said_ms = 0;
    bool read = false;
    for (; now_ms < until_ms; now_ms = clock_wall_ms()) {
        enum readiness least = least_ready(accept);
        if (least == READY_GOOD)
            return true;
        if (least == READY_BAD && !read) {
            read = true;
            until_ms = until_ms < now_ms + BETTER_MS ? until_ms : now_ms + BETTER_MS;
        }
        if (now_ms - said_ms >= SAY_EVERY_MS && accept->session.heard) {
            said_ms = now_ms;
            say_missing(accept);
        }
        if (session_wait(&accept->session, now_ms + LOOK_EVERY_MS, NULL, 0) == WOKE_STOP)
            return false;
    }
    return true;
}

static void find_devices(struct accept *accept)
{
    struct report_device *devices = pool_take(&accept->pool, accept->site.device_count + 1, sizeof *devices);
    for (size_t i = 0; i < accept->site.device_count; i++) {
        account_device(&accept->session.picture, i, &accept->pool, &devices[i]);
        (void)fprintf(stderr, "%s %s %s\n", devices[i].good ? "✓" : "✗", devices[i].id, devices[i].note);
    }
    accept->report.devices = devices;
    accept->report.device_count = accept->site.device_count;
}

/* --- drills ---------------------------------------------------------------------------------------------------------- */

/* The id of a device that plays and whose records are real; NULL: all are marked as a drill. */
static const char *real_device(const struct accept *accept, const struct act *act)
{
    for (size_t role = 0; act->applies && role < act->scenario.role_count; role++) {
        const struct casting *casting = &act->cast.castings[role];
        for (size_t i = 0; i < casting->device_count; i++) {
            if (!picture_in_drill(&accept->session.picture, casting->devices[i]))
                return accept->site.devices[casting->devices[i]].id;
        }
    }
    return NULL;
}

static bool check_drill(struct accept *accept, struct text *why)
{
    const char *real = NULL;
    for (size_t i = 0; i < accept->act_count && real == NULL; i++)
        real = real_device(accept, &accept->acts[i]);
    accept->report.drill = real == NULL;
    return real == NULL || accept->options->no_drill ||
           text_refuse(
               why,
               "what comes now would be real alarms to every centre: %s is not in a drill. Begin a drill at the "
               "gateway, or tell the centres and say --no-drill 现在产生的报警对各中心都是真实报警：请先在网关开始"
               "演练，或通知各中心后加 --no-drill",
               real);
}

/* --- the scenarios ------------------------------------------------------------------------------------------------------ */

static void skip_act(struct accept *accept, const struct act *act, const char *why)
{
    accept->scenarios[accept->report.scenario_count++] =
        (struct report_scenario){.name = act->scenario.name,
                                 .label = act->scenario.label,
                                 .cast = "",
                                 .result = REPORT_SKIPPED,
                                 .note = pool_print(&accept->pool, "%s", why),
                                 .began_ms = REPORT_NEVER,
                                 .ended_ms = REPORT_NEVER};
}

static void play_act(struct accept *accept, const struct act *act)
{
    char bytes[LINE_SIZE];
    struct text cast;
    text_init(&cast, bytes, sizeof bytes);
    cast_print(&act->cast, &cast);
    (void)fprintf(stderr, "\n● %s %s %s (%s)\n", act->scenario.name, act->scenario.label.zh, act->scenario.label.en,
                  bytes);
    struct report_scenario *scenario = &accept->scenarios[accept->report.scenario_count++];
    play(&accept->session, &accept->hands, &act->cast, &accept->pool, scenario);
    (void)fprintf(stderr, "%s %s: %s\n", scenario->result == REPORT_PASSED ? "✓" : "✗", scenario->name,
                  report_result_word(scenario->result));
}

static void play_acts(struct accept *accept)
{
    for (size_t i = 0; i < accept->act_count; i++) {
        const struct act *act = &accept->acts[i];
        if (!act->applies)
            skip_act(accept, act, act->why.bytes);
        else if (accept->session.stopped)
            skip_act(accept, act, "中途停止 stopped before it");
        else if (!accept->options->no_drill && real_device(accept, act) != NULL)
            skip_act(accept, act, "演练已结束 the drill has ended: begin another, and try again");
        else
            play_act(accept, act);
    }
}

/* At most; without what people need. */
static void say_length(const struct accept *accept)
{
    int64_t length_ms = 0;
    size_t count = 0;
    for (size_t i = 0; i < accept->act_count; i++) {
        if (!accept->acts[i].applies)
            continue;
        count++;
        length_ms += scenario_length_ms(&accept->acts[i].scenario);
    }
    int64_t minutes = length_ms / 60000 + 1;
    (void)fprintf(stderr, "%zu scenarios, at most %" PRId64 " min 共 %zu 个场景，最长约 %" PRId64 " 分钟\n", count,
                  minutes, count, minutes);
}

/* --- the whole ---------------------------------------------------------------------------------------------------------- */

static void fill_head(struct accept *accept)
{
    struct report *report = &accept->report;
    const struct picture *picture = &accept->session.picture;
    report->site = accept->house.name;
    report->gateway = accept->house.id;
    report->file = accept->options->file;
    report->sha256 = accept->sha256;
    report->running_sha256 = pool_print(&accept->pool, "%s", json_text(picture->status, "config", ""));
    report->gateway_version = pool_print(&accept->pool, "%s", json_text(picture->status, "version", ""));
    report->version = "outpost-sim " OUTPOST_VERSION;
    report->broker = accept->house.url;
    report->manual = accept->options->manual;
    report->stopped = accept->session.stopped;
    report->ended_ms = clock_wall_ms();
    report->delay_ms = picture->has_delay ? picture->offset_ms : REPORT_NEVER;
    report->clock_unsync = picture->clock_unsync;
    report->notes = accept->notes;
    report->scenarios = accept->scenarios;
}

static void note_surroundings(struct accept *accept)
{
    char line[SENTENCE_SIZE];
    const char *running = json_text(accept->session.picture.status, "config", accept->sha256);
    if (!picture_online(&accept->session.picture))
        note(accept, "网关不在线 the gateway is not online");
    if (strcmp(running, accept->sha256) != 0)
        note(accept, "网关所用站点文件与此不同 the gateway runs another site file than this one");
    if (accept->session.outage_count > 0)
        note(accept, "消息服务器曾断开 the broker was away for a while");
    if (accept->session.dropped > 0 || accept->session.picture.garbled > 0) {
        (void)snprintf(line, sizeof line, "有消息未能读取 messages that could not be read: %zu",
                       accept->session.dropped + accept->session.picture.garbled);
        note(accept, line);
    }
}

static int write_report(struct accept *accept, const char *base)
{
    struct sentence why;
    note_surroundings(accept);
    fill_head(accept);
    if (!report_write(&accept->report, base, sentence_init(&why)))
        return refuse(&why, 1);
    bool passed = report_passed(&accept->report);
    (void)fprintf(stderr, "\n%s\n", passed ? "✓ 合格 passed" : "✗ 不合格 failed");
    (void)printf("%s.html\n%s.json\n", base, base);
    return passed ? 0 : 1;
}

static int run_all(struct accept *accept, const char *base)
{
    struct sentence why;
    accept->notes = pool_take(&accept->pool, NOTES_MAX, sizeof *accept->notes);
    accept->scenarios = pool_take(&accept->pool, accept->act_count + 1, sizeof *accept->scenarios);
    bool ready = wait_ready(accept);
    find_devices(accept);
    if (ready && picture_online(&accept->session.picture)) {
        if (!check_drill(accept, sentence_init(&why)))
            return refuse(&why, 2);
        say_length(accept);
        play_acts(accept);
    } else {
        for (size_t i = 0; i < accept->act_count; i++)
            skip_act(accept, &accept->acts[i],
                     accept->acts[i].applies ? "未开始 not begun" : accept->acts[i].why.bytes);
    }
    return write_report(accept, base);
}

static void close_all(struct accept *accept)
{
    session_close(&accept->session);
    for (size_t i = 0; i < accept->act_count; i++) {
        if (accept->acts[i].applies)
            cast_close(&accept->acts[i].cast);
        scenario_close(&accept->acts[i].scenario);
    }
    site_close(&accept->site);
    pool_close(&accept->pool);
}

int accept_site(const struct accept_options *options)
{
    struct accept accept = {.options = options, .session.signals = -1, .report.began_ms = clock_wall_ms()};
    struct sentence why;
    const char *base = NULL;
    int status = 2;
    if (!read_files(&accept, sentence_init(&why)) || !open_acts(&accept, &why.text) ||
        !check_binds(&accept, &why.text) || !name_report(&accept, &base, &why.text))
        status = refuse(&why, 2);
    else if (!find_hands(&accept, &why.text) || !open_session(&accept, &why.text))
        status = refuse(&why, 1);
    else
        status = run_all(&accept, base);
    close_all(&accept);
    return status;
}
