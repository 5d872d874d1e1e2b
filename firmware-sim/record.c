#include "firmware-sim/record.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "firmware-sim/clock.h"
#include "firmware-sim/json.h"
#include "firmware-sim/readings.h"
#include "firmware-sim/reel.h"
#include "firmware-sim/run.h"
#include "firmware-sim/site.h"
#include "firmware-sim/sniff.h"
#include "firmware-sim/source.h"

#define WARNINGS_SIZE    4096
#define SILENT_IN_A_ROW  2 /* reads: then the device is taken to be silent until the next round */
#define LISTEN_STEP_US   20000
#define LISTEN_READ_SIZE 1024

struct tally {
    uint64_t rounds;
    uint64_t late; /* rounds that began later than they should */
    uint64_t reads;
    uint64_t silent;
    uint64_t exceptions;
    uint64_t noise;    /* reads that met something that was no answer, twice */
    int64_t round_us;  /* when the last round began */
    int64_t unseen_us; /* the most that a change can have waited to be seen */
};

struct recorder {
    const struct record_options *options;
    struct pool pool;
    struct site site;
    const struct site_slave *slave;
    struct site_bus bus; /* with what the options change */
    struct readings readings;
    struct source source;
    struct reel reel;
    struct sniff sniff;
    struct tally tally;
    int signals;
    int64_t start_us;
};

/* --- what is to be recorded --- */

/* "10.0.0.5:1502" or "[fe80::1]:502" → host and port; the port stays as it is when none is named. */
static void split_place(struct pool *pool, const char *place, const char **ret_host, const char **ret_port)
{
    const char *colon = strrchr(place, ':');
    const char *bracket = strrchr(place, ']');
    bool has_port = colon != NULL && (bracket == NULL ? strchr(place, ':') == colon : colon > bracket);
    char *host = pool_print(pool, "%.*s", has_port ? (int)(colon - place) : (int)strlen(place), place);
    size_t size = strlen(host);
    if (size > 2 && host[0] == '[' && host[size - 1] == ']') {
        host[size - 1] = '\0';
        host++;
    }
    *ret_host = host;
    *ret_port = has_port ? colon + 1 : "502";
}

static void add_number(cJSON *json, const char *key, const char *word)
{
    long long number;
    if (word == NULL)
        return;
    if (text_to_integer(word, INT32_MIN, INT32_MAX, &number))
        (void)cJSON_AddNumberToObject(json, key, (double)number);
    else
        (void)cJSON_AddStringToObject(json, key, word); /* refused by who reads it, with a sentence */
}

static cJSON *make_bus(struct recorder *recorder)
{
    const struct record_options *options = recorder->options;
    cJSON *bus = cJSON_CreateObject();
    (void)cJSON_AddStringToObject(bus, "id", "line");
    (void)cJSON_AddStringToObject(bus, "link", options->link);
    if (text_equals(options->link, "rtu")) {
        (void)cJSON_AddStringToObject(bus, "port", options->place);
    } else {
        const char *host;
        const char *port;
        split_place(&recorder->pool, options->place, &host, &port);
        (void)cJSON_AddStringToObject(bus, "host", host);
        add_number(bus, "port", port);
    }
    add_number(bus, "baud", options->baud);
    if (options->format != NULL)
        (void)cJSON_AddStringToObject(bus, "format", options->format);
    return bus;
}

static cJSON *make_slave(struct recorder *recorder)
{
    const struct record_options *options = recorder->options;
    cJSON *slave = cJSON_CreateObject();
    const char *id = options->device == NULL ? pool_print(&recorder->pool, "unit-%s", options->unit) : options->device;
    (void)cJSON_AddStringToObject(slave, "id", id);
    (void)cJSON_AddStringToObject(slave, "bus", "line");
    add_number(slave, "unit", options->unit);
    if (options->profile != NULL)
        (void)cJSON_AddStringToObject(slave, "profile", options->profile);
    return slave;
}

/* A site of the one device that the options tell of, so that everything is checked in one place. */
static bool open_options(struct recorder *recorder, struct text *warnings, struct text *why)
{
    cJSON *site = cJSON_CreateObject();
    cJSON_AddItemToArray(cJSON_AddArrayToObject(site, "buses"), make_bus(recorder));
    cJSON_AddItemToArray(cJSON_AddArrayToObject(site, "slaves"), make_slave(recorder));
    char *bytes = cJSON_PrintUnformatted(site);
    cJSON_Delete(site);
    bool good = bytes != NULL && site_open_bytes(&recorder->site, "these options", bytes, strlen(bytes),
                                                 run_profile_dirs(), warnings, why);
    cJSON_free(bytes);
    return good;
}

static bool choose_slave(struct recorder *recorder, struct text *why)
{
    const struct site *site = &recorder->site;
    const char *id = recorder->options->slave;
    size_t slave = id == NULL && site->slave_count == 1 ? 0 : site_find_slave(site, id);
    if (slave != SITE_NONE) {
        recorder->slave = &site->slaves[slave];
        recorder->bus = site->buses[recorder->slave->bus];
        return true;
    }
    if (id == NULL)
        text_add(why, "which slave? --slave is one of:");
    else
        text_add(why, "there is no slave %.80s; there are:", id);
    for (size_t i = 0; i < site->slave_count; i++)
        text_add(why, " %s", site->slaves[i].id);
    return false;
}

/* Options go before what the site file says of the bus. */
static bool take_place(struct recorder *recorder, struct text *why)
{
    const struct record_options *options = recorder->options;
    struct site_bus *bus = &recorder->bus;
    long long number;
    if (options->file == NULL || options->place == NULL)
        return true;
    if (text_equals(options->link, "rtu") != (bus->link == SITE_RTU))
        return text_refuse(why, "bus %s of %s is %s", bus->id, options->file,
                           bus->link == SITE_RTU ? "a serial line: give its port with --port" : "on the network");
    if (bus->link == SITE_RTU) {
        bus->path = options->place;
        return true;
    }
    const char *port;
    split_place(&recorder->pool, options->place, &bus->host, &port);
    bus->link = text_equals(options->link, "tcp") ? SITE_TCP : SITE_RTU_OVER_TCP;
    if (!text_to_integer(port, 1, 65535, &number))
        return text_refuse(why, "%s is no port", port);
    bus->port = (uint16_t)number;
    return true;
}

static bool plan(struct recorder *recorder, struct text *why)
{
    const struct record_options *options = recorder->options;
    readings_open(&recorder->readings, &recorder->pool);
    for (size_t i = 0; i < options->range_count; i++) {
        if (!readings_add_range(&recorder->readings, options->ranges[i].table, options->ranges[i].word, why))
            return false;
    }
    if (options->range_count == 0 && !readings_add_slave(&recorder->readings, recorder->slave, why))
        return false;
    readings_plan(&recorder->readings);
    if (recorder->readings.count > 0 || options->listen)
        return true;
    return text_refuse(why, "which registers? --holding 0-99 (also --input, --coil, --discrete), or --profile NAME");
}

static bool open_what(struct recorder *recorder, struct text *why)
{
    const struct record_options *options = recorder->options;
    char bytes[WARNINGS_SIZE];
    struct text warnings;
    text_init(&warnings, bytes, sizeof bytes);
    bool good = options->file == NULL ? open_options(recorder, &warnings, why)
                                      : site_open(&recorder->site, options->file, run_profile_dirs(), &warnings, why);
    if (warnings.used > 0)
        (void)fprintf(stderr, "%s", bytes);
    if (!good || !choose_slave(recorder, why) || !take_place(recorder, why) || !plan(recorder, why))
        return false;
    if (options->listen && recorder->bus.link != SITE_RTU)
        return text_refuse(why, "--listen-only hears serial lines; on a network nobody hears what others say");
    return true;
}

/* --- opening --- */

static bool open_signals(struct recorder *recorder, struct text *why)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    recorder->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return recorder->signals >= 0 || text_refuse(why, "no signalfd");
}

static bool open_source(struct recorder *recorder, struct text *why)
{
    struct sentence inner;
    if (source_open(&recorder->source, &recorder->bus, recorder->slave->unit, recorder->options->timeout_us,
                    recorder->signals, sentence_init(&inner)))
        return true;
    return text_refuse(why, "%s%s", inner.bytes,
                       strstr(inner.bytes, "in use") == NULL
                           ? ""
                           : ": a gateway? Stop it, or listen with a second adapter on the line and --listen-only");
}

static bool open_reel(struct recorder *recorder, struct text *why)
{
    static const char *const links[] = {[SITE_RTU] = "rtu", [SITE_TCP] = "tcp", [SITE_RTU_OVER_TCP] = "rtu-over-tcp"};
    const struct record_options *options = recorder->options;
    const struct site_bus *bus = &recorder->bus;
    const struct profile *profile = recorder->slave->profile;
    struct sentence start;
    bool line = bus->link != SITE_TCP;
    recording_print_time(clock_wall_ms(), sentence_init(&start));
    recorder->start_us = clock_mono_us();
    const struct recording_head head = {
        .device = options->device == NULL ? recorder->slave->id : options->device,
        .unit = recorder->slave->unit,
        .profile = profile == NULL ? "" : profile->name,
        .link = links[bus->link],
        .port = bus->link == SITE_RTU ? bus->path : pool_print(&recorder->pool, "%s:%u", bus->host, bus->port),
        .baud = line ? bus->baud : 0,
        .format = bus->format,
        .start = start.bytes,
        .listened = options->listen,
        .every_ms = options->every_us / 1000,
        .tool = "outpost-sim " OUTPOST_VERSION};
    return reel_open(&recorder->reel, options->out, &head, &recorder->pool, why);
}

static bool open_all(struct recorder *recorder, struct text *why)
{
    return open_signals(recorder, why) && open_what(recorder, why) && open_source(recorder, why) &&
           open_reel(recorder, why);
}

static void close_all(struct recorder *recorder)
{
    reel_close(&recorder->reel);
    source_close(&recorder->source);
    site_close(&recorder->site);
    if (recorder->signals >= 0)
        (void)close(recorder->signals);
    pool_close(&recorder->pool);
}

/* --- time --- */

static int64_t ms_of(const struct recorder *recorder, int64_t at_us)
{
    return (at_us - recorder->start_us) / 1000;
}

static int64_t end_us(const struct recorder *recorder)
{
    const struct record_options *options = recorder->options;
    return options->for_us > 0 ? recorder->start_us + options->for_us : INT64_MAX;
}

/* --- asking --- */

static void count_finding(struct recorder *recorder, const struct finding *finding)
{
    recorder->tally.silent += finding->outcome == OUTCOME_SILENCE ? 1U : 0U;
    recorder->tally.exceptions += finding->outcome == OUTCOME_EXCEPTION ? 1U : 0U;
}

/* Noise is nothing the device said: asked once more, then passed over for this round. What is cut in two is asked anew. */
static enum told ask_row(struct recorder *recorder, size_t row, struct finding *ret_finding)
{
    struct span where = recorder->readings.rows[row].where;
    recorder->tally.reads++;
    enum told told = source_ask(&recorder->source, &where, ret_finding);
    if (told == TOLD_NOISE)
        told = source_ask(&recorder->source, &where, ret_finding);
    if (told == TOLD_NOISE)
        recorder->tally.noise++;
    if (told != TOLD_FINDING)
        return told;
    if (readings_note(&recorder->readings, row, ret_finding))
        return ask_row(recorder, row, ret_finding);
    reel_take(&recorder->reel, ms_of(recorder, clock_mono_us()), ret_finding);
    count_finding(recorder, ret_finding);
    return told;
}

static void take_silence(struct recorder *recorder, size_t row)
{
    const struct finding finding = {.where = recorder->readings.rows[row].where, .outcome = OUTCOME_SILENCE};
    reel_take(&recorder->reel, ms_of(recorder, clock_mono_us()), &finding);
    count_finding(recorder, &finding);
}

static void count_round(struct tally *tally, int64_t began_us, int64_t ended_us)
{
    int64_t unseen_us = tally->rounds > 0 ? ended_us - tally->round_us : 0;
    tally->unseen_us = unseen_us > tally->unseen_us ? unseen_us : tally->unseen_us;
    tally->round_us = began_us;
    tally->rounds++;
}

static enum told ask_round(struct recorder *recorder)
{
    size_t silent = 0;
    int64_t began_us = clock_mono_us();
    for (size_t row = 0; row < recorder->readings.count && !recorder->reel.full; row++) {
        struct finding finding;
        if (!readings_turn(&recorder->readings, row))
            continue;
        if (silent >= SILENT_IN_A_ROW) {
            take_silence(recorder, row);
            continue;
        }
        enum told told = ask_row(recorder, row, &finding);
        if (told == TOLD_STOP || told == TOLD_GONE)
            return told;
        if (told == TOLD_FINDING)
            silent = finding.outcome == OUTCOME_SILENCE ? silent + 1 : 0;
        if (clock_mono_us() >= end_us(recorder))
            break;
    }
    count_round(&recorder->tally, began_us, clock_mono_us());
    return TOLD_FINDING;
}

static enum told ask(struct recorder *recorder)
{
    int64_t next_us = recorder->start_us;
    while (!recorder->reel.full && next_us < end_us(recorder)) {
        enum told told = ask_round(recorder);
        if (told != TOLD_FINDING)
            return told;
        next_us += recorder->options->every_us;
        int64_t now_us = clock_mono_us();
        recorder->tally.late += next_us < now_us ? 1U : 0U;
        next_us = next_us < now_us ? now_us : next_us;
        if (!source_wait(&recorder->source, next_us < end_us(recorder) ? next_us : end_us(recorder)))
            return TOLD_STOP;
    }
    return TOLD_FINDING;
}

/* --- listening --- */

static void take_heard(void *self, int64_t at_us, const struct finding *finding)
{
    struct recorder *recorder = self;
    reel_take(&recorder->reel, ms_of(recorder, at_us), finding);
    count_finding(recorder, finding);
}

static enum told hear(struct recorder *recorder)
{
    sniff_init(&recorder->sniff, recorder->slave->unit, recorder->bus.baud, take_heard, recorder);
    for (int64_t now_us = clock_mono_us(); now_us < end_us(recorder) && !recorder->reel.full;
         now_us = clock_mono_us()) {
        uint8_t bytes[LISTEN_READ_SIZE];
        size_t size;
        int64_t until_us = now_us + LISTEN_STEP_US < end_us(recorder) ? now_us + LISTEN_STEP_US : end_us(recorder);
        enum told told = source_hear(&recorder->source, until_us, bytes, sizeof bytes, &size);
        if (told != TOLD_NOISE)
            return told;
        sniff_receive(&recorder->sniff, bytes, size, clock_mono_us());
    }
    return TOLD_FINDING;
}

/* --- the whole --- */

static void announce(const struct recorder *recorder)
{
    (void)printf("recording %s (unit %u) %s, to %s; Ctrl-C ends it\n", recorder->slave->id, recorder->slave->unit,
                 recorder->options->listen ? "by listening" : "by asking", recorder->options->out);
    (void)fflush(stdout);
}

static void sum_up(const struct recorder *recorder)
{
    const struct tally *tally = &recorder->tally;
    const struct sniff_counters *heard = &recorder->sniff.counters;
    (void)printf("recorded %.3f s: changes %" PRIu64 " silent %" PRIu64 " exceptions %" PRIu64,
                 (double)recorder->reel.ms / 1000, recorder->reel.changes, tally->silent, tally->exceptions);
    if (recorder->options->listen)
        (void)printf(" requests %" PRIu64 " answers %" PRIu64 " doubtful %" PRIu64 " noise_bytes %" PRIu64 "\n",
                     heard->requests, heard->answers, heard->doubts, heard->noise);
    else
        (void)printf(" rounds %" PRIu64 " late %" PRIu64 " reads %" PRIu64 " noise %" PRIu64 " unseen_ms %" PRId64 "\n",
                     tally->rounds, tally->late, tally->reads, tally->noise, tally->unseen_us / 1000);
    if (recorder->reel.changes == 0)
        (void)fprintf(stderr, "outpost-sim: nothing was heard of unit %u: its address, speed and format? %s\n",
                      recorder->slave->unit, recorder->options->listen ? "Does a master ask it?" : "");
}

static bool finish(struct recorder *recorder, enum told told)
{
    int64_t now_us = clock_mono_us();
    reel_end(&recorder->reel, ms_of(recorder, now_us < end_us(recorder) ? now_us : end_us(recorder)));
    sum_up(recorder);
    if (recorder->reel.full)
        (void)fprintf(stderr, "outpost-sim: %s\n", recorder->reel.trouble.bytes);
    if (told == TOLD_GONE)
        (void)fprintf(stderr, "outpost-sim: %s is gone; what came before is in %s\n", recorder->bus.path,
                      recorder->options->out);
    return !recorder->reel.full && told != TOLD_GONE;
}

int record(const struct record_options *options)
{
    struct sentence why;
    struct recorder *recorder = calloc(1, sizeof *recorder);
    if (recorder == NULL)
        return 1;
    recorder->options = options;
    recorder->signals = -1;
    recorder->source.fd = -1;
    recorder->reel.fd = -1;
    bool good = open_all(recorder, sentence_init(&why));
    if (good) {
        announce(recorder);
        good = finish(recorder, options->listen ? hear(recorder) : ask(recorder));
    } else {
        (void)fprintf(stderr, "outpost-sim: %s\n", why.bytes);
    }
    close_all(recorder);
    free(recorder);
    return good ? 0 : 1;
}
