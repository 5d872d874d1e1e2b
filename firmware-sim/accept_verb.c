/* The words of `outpost-sim accept`. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "firmware-sim/accept.h"
#include "firmware-sim/text.h"

#define DEFAULT_FILE   "/etc/outpost/site.json"
#define WAIT_DEFAULT_S 180
#define WAIT_MAX_S     86400

static int print_help(void)
{
    (void)printf(
        "outpost-sim accept [FILE] [options]: tries the running gateway of FILE (default " DEFAULT_FILE ") from its\n"
        "centre's side, scenario by scenario, and writes the report that is handed over.\n"
        "从监控中心一侧逐项验收正在运行的网关，并写出交付用的验收报告。\n\n"
        "  --centre URL          mqtt://host[:1883] or mqtts://host[:8883] (default: the first centre of FILE)\n"
        "                        消息服务器，默认取 FILE 的第一个中心\n"
        "  --ca-file FILE        who signs the broker's certificate (default: the system's authorities) 根证书\n"
        "  --username NAME       account that may read the gateway's topics 账号\n"
        "  --password-file FILE  its password, alone in the first line 密码文件\n"
        "  --scenario NAME       only this one, as often as wanted (or FILE.json; default: all that apply\n"
        "                        and take an hour at most) 只做此场景，默认做全部适用且不超过一小时的\n"
        "  --bind ROLE=DEVICE    which device plays that role 指定设备\n"
        "  --except DEV.POINT=REASON  whoever signs lets that point pass without a good reading; the report says so\n"
        "                        经同意不计的测点及理由，写入报告\n"
        "  --manual              on a real site: people provoke, and are told what to do 现场人工触发\n"
        "  --outpost PROGRAM     ack, reset and silence by this program (default: people are asked) "
        "用此程序下确认、复位命令\n"
        "  --no-drill            go on without `outpost drill`: the records are real to every centre "
        "不做演练，记录按真实处理\n"
        "  --wait SECONDS        for the gateway and its devices (default %d) 等待上线的时间\n"
        "  --report PATH         writes PATH.html and PATH.json (default acceptance-GATEWAY-DATE) 报告文件名\n"
        "  --socket PATH         control socket of the simulator (default as FILE has it) 模拟器控制口\n"
        "  --lang zh|en          in which people are asked (default: the site's language) 提示语言\n\n"
        "Ctrl-C ends what was provoked and writes the report so far.\n"
        "Exit status: 0 all passed, 1 something failed, 2 wrong usage.\n",
        WAIT_DEFAULT_S);
    return 0;
}

static int hint(void)
{
    (void)fprintf(stderr, "outpost-sim: see `outpost-sim accept --help`\n");
    return 2;
}

static int refuse(const char *what, const char *word)
{
    (void)fprintf(stderr, "outpost-sim: %s \"%s\"\n", what, word);
    return hint();
}

enum choice {
    OPTION_CENTRE = 256,
    OPTION_CA_FILE,
    OPTION_USERNAME,
    OPTION_PASSWORD_FILE,
    OPTION_SCENARIO,
    OPTION_BIND,
    OPTION_EXCEPT,
    OPTION_MANUAL,
    OPTION_OUTPOST,
    OPTION_NO_DRILL,
    OPTION_WAIT,
    OPTION_REPORT,
    OPTION_SOCKET,
    OPTION_LANG,
    OPTION_HELP
};

static const char **text_place(int option, struct accept_options *options)
{
    switch (option) {
    case OPTION_CENTRE:
        return &options->centre;
    case OPTION_CA_FILE:
        return &options->ca_file;
    case OPTION_USERNAME:
        return &options->username;
    case OPTION_PASSWORD_FILE:
        return &options->password_file;
    case OPTION_OUTPOST:
        return &options->outpost;
    case OPTION_REPORT:
        return &options->report;
    case OPTION_SOCKET:
        return &options->socket;
    case OPTION_LANG:
        return &options->language;
    default:
        return NULL;
    }
}

static bool take_wait(const char *word, struct accept_options *options)
{
    long long seconds;
    bool good = text_to_integer(word, 1, WAIT_MAX_S, &seconds);
    options->wait_ms = good ? seconds * 1000 : options->wait_ms;
    return good;
}

/* False: `word` is no value for it. */
static bool take_option(int option, char *word, struct accept_options *options)
{
    const char **place = text_place(option, options);
    bool good = true;
    if (place != NULL) {
        *place = word;
        return word[0] != '\0' && (option != OPTION_LANG || strcmp(word, "zh") == 0 || strcmp(word, "en") == 0);
    }
    switch (option) {
    case OPTION_SCENARIO:
        good = options->scenario_count < ACCEPT_NAMES_MAX;
        if (good)
            options->scenarios[options->scenario_count++] = word;
        return good;
    case OPTION_BIND:
        good = options->bind_count < ACCEPT_NAMES_MAX && strchr(word, '=') != NULL;
        if (good)
            options->binds[options->bind_count++] = word;
        return good;
    case OPTION_EXCEPT:
        good = options->except_count < WAIVERS_MAX && strchr(word, '.') != NULL;
        if (good)
            options->excepts[options->except_count++] = word;
        return good;
    case OPTION_MANUAL:
        options->manual = true;
        return true;
    case OPTION_NO_DRILL:
        options->no_drill = true;
        return true;
    default:
        return take_wait(word, options);
    }
}

int accept_verb(int count, char **words)
{
    static const struct option known[] = {{"centre", required_argument, NULL, OPTION_CENTRE},
                                          {"ca-file", required_argument, NULL, OPTION_CA_FILE},
                                          {"username", required_argument, NULL, OPTION_USERNAME},
                                          {"password-file", required_argument, NULL, OPTION_PASSWORD_FILE},
                                          {"scenario", required_argument, NULL, OPTION_SCENARIO},
                                          {"bind", required_argument, NULL, OPTION_BIND},
                                          {"except", required_argument, NULL, OPTION_EXCEPT},
                                          {"manual", no_argument, NULL, OPTION_MANUAL},
                                          {"outpost", required_argument, NULL, OPTION_OUTPOST},
                                          {"no-drill", no_argument, NULL, OPTION_NO_DRILL},
                                          {"wait", required_argument, NULL, OPTION_WAIT},
                                          {"report", required_argument, NULL, OPTION_REPORT},
                                          {"socket", required_argument, NULL, OPTION_SOCKET},
                                          {"lang", required_argument, NULL, OPTION_LANG},
                                          {"help", no_argument, NULL, OPTION_HELP},
                                          {NULL, 0, NULL, 0}};
    struct accept_options options = {.file = DEFAULT_FILE, .wait_ms = (int64_t)WAIT_DEFAULT_S * 1000};
    int option;
    while ((option = getopt_long(count, words, "h", known, NULL)) != -1) { /* NOLINT(concurrency-mt-unsafe) */
        if (option == OPTION_HELP || option == 'h')
            return print_help();
        if (option == '?')
            return hint();
        if (!take_option(option, optarg, &options))
            return refuse("this is no value for the option before it:", optarg);
    }
    if (count - optind > 1)
        return refuse("one file at a time, and then there is", words[optind + 1]);
    if (optind < count)
        options.file = words[optind];
    return accept_site(&options);
}
