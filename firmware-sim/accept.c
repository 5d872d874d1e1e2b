#include "firmware-sim/accept.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "firmware-sim/acts.h"
#include "firmware-sim/clock.h"
#include "firmware-sim/control.h"
#include "firmware-sim/digest.h"
#include "firmware-sim/hands.h"
#include "firmware-sim/house.h"
#include "firmware-sim/json.h"
#include "firmware-sim/play.h"
#include "firmware-sim/ready.h"
#include "firmware-sim/report.h"
#include "firmware-sim/roll.h"
#include "firmware-sim/run.h"
#include "firmware-sim/session.h"
#include "firmware-sim/waiver.h"

#define WARNINGS_SIZE 16384
#define PASSWORD_SIZE 1024
#define LINE_SIZE     2048
#define NOTES_MAX     16
#define DRILL_MAX_MIN 120 /* the gateway ends a drill by then */
#define TOPIC_SUFFIX  "/#"

struct accept {
    const struct accept_options *options;
    struct pool pool;
    struct house house;
    struct site site;
    struct session session;
    struct hands hands;
    struct waivers waivers;
    char sha256[DIGEST_HEX_SIZE];
    char *password;
    struct acts acts;
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

static bool read_waivers(struct accept *accept, struct text *why)
{
    for (size_t i = 0; i < accept->options->except_count; i++) {
        if (!waiver_add(&accept->waivers, &accept->site, accept->options->excepts[i], &accept->pool, why))
            return false;
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

/* --- devices --------------------------------------------------------------------------------------------------------- */

/* What has no good reading, by name; how it could be let pass. */
static void say_device(const struct accept *accept, size_t device, const struct report_device *entry)
{
    char bytes[LINE_SIZE];
    struct text text;
    struct outlook outlook;
    roll_look(&accept->session.picture, &accept->waivers, device, &outlook);
    text_init(&text, bytes, sizeof bytes);
    if (!entry->good)
        roll_print_outlook(&outlook, &accept->session.picture, device, &text);
    else
        text_add(&text, "%s", entry->id);
    (void)fprintf(stderr, "%s %s\n", entry->good ? "✓" : "✗", bytes);
    for (size_t i = 0; i < entry->point_count; i++) {
        const struct report_point *point = &entry->points[i];
        if (point->waived != NULL)
            (void)fprintf(stderr, "  ! waived 豁免 %s.%s (%s): %s\n", entry->id, point->id, point->quality,
                          point->waived[0] == '\0' ? "no reason given 未说明理由" : point->waived);
    }
    if (outlook.readiness == READY_BAD)
        (void)fprintf(stderr,
                      "  if that is as it should be, whoever signs can let it pass 若属正常，可经同意豁免: "
                      "--except %s.%s=REASON\n",
                      entry->id, outlook.names[0]);
}

/* What was waived for nothing: the report is not to claim it. */
static void note_waivers(struct accept *accept)
{
    char bytes[LINE_SIZE];
    struct text text;
    text_init(&text, bytes, sizeof bytes);
    for (size_t i = 0; i < accept->waivers.count; i++) {
        const struct waiver *waiver = &accept->waivers.list[i];
        if (!report_has_waived(&accept->report.devices[waiver->device], waiver->point))
            text_add(&text, " %s.%s", accept->site.devices[waiver->device].id, waiver->point);
    }
    if (text.used > 0)
        note(accept, pool_print(&accept->pool, "豁免未用到 waived, but not in need of it:%s", bytes));
}

static void find_devices(struct accept *accept)
{
    struct report_device *devices = pool_take(&accept->pool, accept->site.device_count + 1, sizeof *devices);
    for (size_t i = 0; i < accept->site.device_count; i++) {
        roll_device(&accept->session.picture, &accept->waivers, i, &accept->pool, &devices[i]);
        say_device(accept, i, &devices[i]);
    }
    accept->report.devices = devices;
    accept->report.device_count = accept->site.device_count;
    note_waivers(accept);
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

static bool refuse_drill(const struct accept *accept, const char *real, struct text *why)
{
    size_t count;
    int64_t minutes = acts_length_min(&accept->acts, &count);
    minutes = minutes < DRILL_MAX_MIN ? minutes : DRILL_MAX_MIN;
    return text_refuse(
        why,
        "what comes now would be real alarms to every centre 现在产生的报警对各中心都是真实报警: %s is not in a "
        "drill. At the gateway: `outpost drill %.200s --all --for %" PRId64
        "m`; or tell the centres and say --no-drill "
        "请先在网关上开始演练，或通知各中心后加 --no-drill",
        real, accept->options->file, minutes);
}

static bool check_drill(struct accept *accept, struct text *why)
{
    const char *real = NULL;
    for (size_t i = 0; i < accept->acts.count && real == NULL; i++)
        real = real_device(accept, &accept->acts.list[i]);
    accept->report.drill = real == NULL;
    return real == NULL || accept->options->no_drill || refuse_drill(accept, real, why);
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
    for (size_t i = 0; i < accept->acts.count; i++) {
        const struct act *act = &accept->acts.list[i];
        if (!act->applies)
            skip_act(accept, act, act->why.bytes);
        else if (accept->session.stopped)
            skip_act(accept, act, "中途停止 stopped before it");
        else if (!accept->options->no_drill && real_device(accept, act) != NULL)
            skip_act(accept, act, "演练已结束，请重新开始 the drill has ended: begin another, and try again");
        else
            play_act(accept, act);
    }
}

static void say_length(const struct accept *accept)
{
    size_t count;
    int64_t minutes = acts_length_min(&accept->acts, &count);
    (void)fprintf(stderr, "%zu scenarios, at most %" PRId64 " min 共 %zu 个场景，最长约 %" PRId64 " 分钟\n", count,
                  minutes, count, minutes);
    if (accept->report.drill && !accept->options->no_drill && minutes > DRILL_MAX_MIN)
        (void)fprintf(stderr,
                      "! a drill ends after %d min: what is not begun by then is not played; choose with --scenario "
                      "演练最长 %d 分钟，请用 --scenario 分次进行\n",
                      DRILL_MAX_MIN, DRILL_MAX_MIN);
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
    if (!accept->session.heard)
        note(accept, pool_print(&accept->pool, "未能连上消息服务器 the broker never let us listen: %s",
                                accept->session.trouble));
    else if (accept->session.message_count == 0)
        note(accept, pool_print(&accept->pool,
                                "未收到任何消息，请检查账号的读取权限 nothing came at all: may the account read %s/#?",
                                accept->house.root));
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
    accept->scenarios = pool_take(&accept->pool, accept->acts.count + 1, sizeof *accept->scenarios);
    bool ready = ready_wait(&accept->session, &accept->waivers, accept->options->wait_ms);
    if (!waivers_check(&accept->waivers, &accept->session.picture, sentence_init(&why)))
        return refuse(&why, 2);
    find_devices(accept);
    if (ready && picture_online(&accept->session.picture)) {
        if (!check_drill(accept, sentence_init(&why)))
            return refuse(&why, 2);
        say_length(accept);
        play_acts(accept);
    } else {
        for (size_t i = 0; i < accept->acts.count; i++)
            skip_act(accept, &accept->acts.list[i],
                     accept->acts.list[i].applies ? "未开始 not begun" : accept->acts.list[i].why.bytes);
    }
    return write_report(accept, base);
}

static void close_all(struct accept *accept)
{
    session_close(&accept->session);
    acts_close(&accept->acts);
    site_close(&accept->site);
    pool_close(&accept->pool);
}

int accept_site(const struct accept_options *options)
{
    struct accept accept = {.options = options, .session.signals = -1, .report.began_ms = clock_wall_ms()};
    struct sentence why;
    const char *base = NULL;
    int status = 2;
    if (!read_files(&accept, sentence_init(&why)) ||
        !acts_open(&accept.acts, options, &accept.site, &accept.pool, &why.text) || !read_waivers(&accept, &why.text) ||
        !name_report(&accept, &base, &why.text))
        status = refuse(&why, 2);
    else if (!find_hands(&accept, &why.text) || !open_session(&accept, &why.text))
        status = refuse(&why, 1);
    else
        status = run_all(&accept, base);
    close_all(&accept);
    return status;
}
