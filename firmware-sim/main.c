/* outpost-sim: plays the slaves of a site file, so that a gateway can be tried, rehearsed and tested without hardware. */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware-sim/accept.h"
#include "firmware-sim/control.h"
#include "firmware-sim/ctl.h"
#include "firmware-sim/pace.h"
#include "firmware-sim/record.h"
#include "firmware-sim/run.h"
#include "firmware-sim/site.h"
#include "firmware-sim/text.h"

#define DEFAULT_FILE "/etc/outpost/site.json"

static int print_general_help(void)
{
    (void)printf("outpost-sim plays the Modbus slaves of a site file: ptys for serial buses, sockets for TCP.\n\n"
                 "  outpost-sim run [FILE] [options]   play FILE (default " DEFAULT_FILE ")\n"
                 "  outpost-sim ctl COMMAND …          steer a running simulator\n"
                 "  outpost-sim accept [FILE] …        try a running gateway, and write the acceptance report\n"
                 "  outpost-sim record …               record a device, to be played with run --replay\n"
                 "  outpost-sim version\n\n"
                 "`outpost-sim run --help`, `… ctl --help`, `… accept --help` and `… record --help` tell more.\n");
    return 0;
}

static int print_run_help(void)
{
    (void)printf(
        "outpost-sim run [FILE] [options]: plays every slave of FILE (default " DEFAULT_FILE ").\n\n"
        "  --fast            no line timing: answers come at once\n"
        "  --turnaround MS   from request to answer on a serial line (default 2; of one slave: ctl turnaround)\n"
        "  --speed N         the plant lives N times as fast, 0.1 to 3600; lines keep real time (default 1)\n"
        "  --map BUS=PATH    the port of that bus is PATH: a symlink to be made, or an existing serial port, on which\n"
        "                    this program is a slave beside real ones (a pty of somebody else: by its name "
        "/dev/pts/N)\n"
        "  --echo BUS        a line with local echo: every request comes back to its sender first\n"
        "  --latency BUS=MS  behind a USB adapter whose latency timer hands over what came so often: 16ms\n"
        "  --seed N          of noise, traffic and chance (default 1)\n"
        "  --scenario NAME   plays a scenario from the start, with its seed (or FILE.json; see ctl scenario list)\n"
        "  --bind ROLE=DEV   which device plays that role; as often as there are roles\n"
        "  --replay SLAVE=FILE   that slave says what was recorded (outpost-sim record); FILE alone: it names its "
        "slave\n"
        "  --loop            recordings begin again at their end; else they stand still there\n"
        "  --listen ADDRESS  for all TCP buses, instead of the hosts in FILE\n"
        "  --socket PATH     control socket (default sim.sock beside the journal's directory)\n\n"
        "Prints \"outpost-sim: ready\" when every port is open. SIGTERM or Ctrl-C ends it and removes\n"
        "its symlinks and its socket.\n");
    return 0;
}

static int print_ctl_help(void)
{
    char bytes[4096];
    struct text text;
    text_init(&text, bytes, sizeof bytes);
    ctl_help(&text);
    (void)printf("outpost-sim ctl [--socket PATH | --site FILE] COMMAND …: steers a running simulator.\n\n%s\n"
                 "The socket is found through --socket, else as the site file has it (default " DEFAULT_FILE ").\n"
                 "Exit status: 0 done, 1 could not be done, 2 wrong words.\n",
                 bytes);
    return 0;
}

/* getopt has printed what is wrong. */
static int hint(const char *verb)
{
    (void)fprintf(stderr, "outpost-sim: see `outpost-sim %s --help`\n", verb);
    return 2;
}

static int refuse(const char *verb, const char *what, const char *word)
{
    (void)fprintf(stderr, "outpost-sim: %s \"%s\"\n", what, word);
    return hint(verb);
}

static int explain(const char *verb, const struct sentence *why)
{
    (void)fprintf(stderr, "outpost-sim: %s\n", why->bytes);
    return hint(verb);
}

enum choice {
    OPTION_FAST = 256,
    OPTION_TURNAROUND,
    OPTION_SEED,
    OPTION_LISTEN,
    OPTION_SPEED,
    OPTION_MAP,
    OPTION_ECHO,
    OPTION_LATENCY,
    OPTION_SCENARIO,
    OPTION_BIND,
    OPTION_REPLAY,
    OPTION_LOOP,
    OPTION_SOCKET,
    OPTION_SITE,
    OPTION_HELP
};

/* False: `word` is no value for it; `why` may say more. */
static bool take_run_option(int option, char *word, struct run_options *options, struct text *why)
{
    long long number = 0;
    bool good = true;
    switch (option) {
    case OPTION_FAST:
        options->fast = true;
        break;
    case OPTION_TURNAROUND:
        good = text_to_integer(word, 0, 10000, &number);
        options->turnaround_us = number * 1000;
        break;
    case OPTION_SEED:
        good = text_to_integer(word, 0, INT64_MAX, &number);
        options->seed = (uint64_t)number;
        options->has_seed = true;
        break;
    case OPTION_SCENARIO:
        options->scenario = word;
        break;
    case OPTION_BIND:
        good = options->bind_count < SCENARIO_ROLES_MAX;
        if (good)
            options->binds[options->bind_count++] = word;
        break;
    case OPTION_REPLAY:
        good = options->replay_count < REPLAYS_MAX;
        if (good)
            options->replays[options->replay_count++] = word;
        break;
    case OPTION_LOOP:
        options->loop = true;
        break;
    case OPTION_LISTEN:
        options->listen = word;
        break;
    case OPTION_SPEED:
        good = text_to_number(word, &options->speed) && options->speed >= PACE_SPEED_MIN &&
               options->speed <= PACE_SPEED_MAX;
        break;
    case OPTION_MAP:
        good = wish_map(&options->wishes, word, why);
        break;
    case OPTION_ECHO:
        good = wish_echo(&options->wishes, word, why);
        break;
    case OPTION_LATENCY:
        good = wish_latency(&options->wishes, word, why);
        break;
    default:
        options->socket = word;
        break;
    }
    return good;
}

static int run_verb(int count, char **words)
{
    static const struct option known[] = {{"fast", no_argument, NULL, OPTION_FAST},
                                          {"turnaround", required_argument, NULL, OPTION_TURNAROUND},
                                          {"seed", required_argument, NULL, OPTION_SEED},
                                          {"listen", required_argument, NULL, OPTION_LISTEN},
                                          {"speed", required_argument, NULL, OPTION_SPEED},
                                          {"map", required_argument, NULL, OPTION_MAP},
                                          {"echo", required_argument, NULL, OPTION_ECHO},
                                          {"latency", required_argument, NULL, OPTION_LATENCY},
                                          {"scenario", required_argument, NULL, OPTION_SCENARIO},
                                          {"bind", required_argument, NULL, OPTION_BIND},
                                          {"replay", required_argument, NULL, OPTION_REPLAY},
                                          {"loop", no_argument, NULL, OPTION_LOOP},
                                          {"socket", required_argument, NULL, OPTION_SOCKET},
                                          {"help", no_argument, NULL, OPTION_HELP},
                                          {NULL, 0, NULL, 0}};
    struct run_options options = {.file = DEFAULT_FILE, .turnaround_us = 2000, .speed = 1, .seed = 1};
    struct sentence why;
    int option;
    while ((option = getopt_long(count, words, "h", known, NULL)) != -1) { /* NOLINT(concurrency-mt-unsafe) */
        if (option == OPTION_HELP || option == 'h')
            return print_run_help();
        if (option == '?')
            return hint("run");
        if (!take_run_option(option, optarg, &options, sentence_init(&why)))
            return why.text.used > 0 ? explain("run", &why) : refuse("run", "not a number in range:", optarg);
    }
    if (count - optind > 1)
        return refuse("run", "one file at a time, and then there is", words[optind + 1]);
    if (optind < count)
        options.file = words[optind];
    return run(&options);
}

/* The words become one line. False when they do not fit or would break it. */
static bool join_words(int count, char **words, char *line, size_t line_size)
{
    struct text text;
    text_init(&text, line, line_size);
    for (int i = 0; i < count; i++) {
        if (strchr(words[i], '\n') != NULL)
            return false;
        text_add(&text, "%s%s", i == 0 ? "" : " ", words[i]);
    }
    text_add(&text, "\n");
    return !text.cut;
}

/* `scenario start FILE`: the simulator may run in another directory. */
static void find_scenario(int count, char **words, char *path)
{
    if (count > 2 && strcmp(words[0], "scenario") == 0 && strstr(words[2], ".json") != NULL &&
        realpath(words[2], path) != NULL)
        words[2] = path;
}

static int call_site(const char *file, const char *line)
{
    struct site site;
    struct sentence why;
    char warnings[SENTENCE_SIZE];
    struct text ignored;
    text_init(&ignored, warnings, sizeof warnings);
    if (!site_open(&site, file, run_profile_dirs(), &ignored, sentence_init(&why))) {
        (void)fprintf(stderr, "outpost-sim: %s\n", why.bytes);
        return 1;
    }
    int status = control_call(site.socket_path, line);
    site_close(&site);
    return status;
}

static int ctl_verb(int count, char **words)
{
    static const struct option known[] = {{"socket", required_argument, NULL, OPTION_SOCKET},
                                          {"site", required_argument, NULL, OPTION_SITE},
                                          {"help", no_argument, NULL, OPTION_HELP},
                                          {NULL, 0, NULL, 0}};
    const char *socket = NULL;
    const char *site = DEFAULT_FILE;
    char line[CTL_LINE_MAX];
    int option;
    while ((option = getopt_long(count, words, "+h", known, NULL)) != -1) { /* NOLINT(concurrency-mt-unsafe) */
        if (option == OPTION_HELP || option == 'h')
            return print_ctl_help();
        if (option == '?')
            return hint("ctl");
        if (option == OPTION_SOCKET)
            socket = optarg;
        else
            site = optarg;
    }
    if (optind == count)
        return refuse("ctl", "a command is missing:", "list, get, set, do, fault, status");
    char scenario[PATH_MAX];
    find_scenario(count - optind, words + optind, scenario);
    if (!join_words(count - optind, words + optind, line, sizeof line))
        return refuse("ctl", "too long, or more than one line:", words[optind]);
    return socket != NULL ? control_call(socket, line) : call_site(site, line);
}

int main(int count, char **words)
{
    const char *verb = count > 1 ? words[1] : "";
    if (strcmp(verb, "run") == 0)
        return run_verb(count - 1, words + 1);
    if (strcmp(verb, "ctl") == 0)
        return ctl_verb(count - 1, words + 1);
    if (strcmp(verb, "record") == 0)
        return record_verb(count - 1, words + 1);
    if (strcmp(verb, "accept") == 0)
        return accept_verb(count - 1, words + 1);
    if (strcmp(verb, "help") == 0 || strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0)
        return print_general_help();
    if (strcmp(verb, "version") == 0 || strcmp(verb, "--version") == 0) {
        (void)printf("outpost-sim %s\n", OUTPOST_VERSION);
        return 0;
    }
    if (verb[0] == '\0')
        (void)fprintf(stderr,
                      "outpost-sim: what should be done? There are: run, record, ctl, accept, version; see --help\n");
    else
        (void)fprintf(stderr,
                      "outpost-sim: \"%s\" is no command; there are: run, record, ctl, accept, version; see --help\n",
                      verb);
    return 2;
}
