/* The words of `outpost-sim record`. */
#include <getopt.h>
#include <stdio.h>

#include "firmware-sim/record.h"
#include "firmware-sim/recording.h"
#include "firmware-sim/text.h"

static int print_help(void)
{
    (void)printf(
        "outpost-sim record FILE [--slave ID] -o OUT.rec.json [options]\n"
        "outpost-sim record --port PATH | --tcp HOST[:PORT] | --rtu-over-tcp HOST[:PORT] --unit N -o OUT.rec.json "
        "[options]\n\n"
        "Records what the registers of a device say over time, to be played with `outpost-sim run --replay "
        "OUT.rec.json`.\n"
        "It only reads: nothing is ever written to a device. 只读取，从不写设备。\n\n"
        "  FILE              a site file: link, unit and registers are those of its slave\n"
        "  --slave ID        which one, when there are several\n"
        "  --port PATH       the serial port (with FILE: instead of the bus's)\n"
        "  --tcp, --rtu-over-tcp HOST[:PORT]   (default port 502)\n"
        "  --baud N --format 8N1   of the line (default 9600 8N1)\n"
        "  --unit N          the device's address\n"
        "  --profile NAME    read what this profile names\n"
        "  --device NAME     its name in the recording (default: the slave's id, else unit-N)\n"
        "  --holding 0-99, --input, --coil, --discrete   read these addresses (from zero); as often as needed\n"
        "  --every TIME      a round of reads (default 1s)\n"
        "  --for TIME        how long (default until Ctrl-C, at most 31 days)\n"
        "  --timeout TIME    so long without an answer is silence (default 1s)\n"
        "  --listen-only     asks nothing: hears, with an adapter of its own on the RS-485 line, what another master "
        "asks\n"
        "                    this unit and what it answers 旁听，不发送\n"
        "  -o FILE           where to; must not exist yet\n\n"
        "Exit status: 0 recorded, 1 could not be (or the port went away), 2 wrong words.\n");
    return 0;
}

static int refuse(const char *what, const char *word)
{
    (void)fprintf(stderr, "outpost-sim: %s%s%s%s; see `outpost-sim record --help`\n", what, word == NULL ? "" : " \"",
                  word == NULL ? "" : word, word == NULL ? "" : "\"");
    return 2;
}

enum choice {
    OPTION_RANGE = 256, /* and the tables after it */
    OPTION_SLAVE = OPTION_RANGE + TABLE_COUNT,
    OPTION_PORT,
    OPTION_TCP,
    OPTION_RTU_OVER_TCP,
    OPTION_UNIT,
    OPTION_PROFILE,
    OPTION_BAUD,
    OPTION_FORMAT,
    OPTION_DEVICE,
    OPTION_EVERY,
    OPTION_FOR,
    OPTION_TIMEOUT,
    OPTION_LISTEN,
};

static bool take_range(int option, const char *word, struct record_options *options)
{
    if (options->range_count == RECORD_RANGES_MAX)
        return false;
    options->ranges[options->range_count++] =
        (struct record_range){.table = (enum table)(option - OPTION_RANGE), .word = word};
    return true;
}

static bool take_time(const char *word, int64_t least_us, int64_t *ret_us)
{
    int64_t us;
    if (!text_to_duration(word, &us) || us < least_us || us > RECORDING_MS_MAX * 1000)
        return false;
    *ret_us = us;
    return true;
}

static bool take_place(const char *link, const char *word, struct record_options *options)
{
    bool first = options->place == NULL;
    options->link = link;
    options->place = word;
    return first;
}

static const char **text_option(int option, struct record_options *options)
{
    switch (option) {
    case OPTION_SLAVE:
        return &options->slave;
    case OPTION_UNIT:
        return &options->unit;
    case OPTION_PROFILE:
        return &options->profile;
    case OPTION_BAUD:
        return &options->baud;
    case OPTION_FORMAT:
        return &options->format;
    case OPTION_DEVICE:
        return &options->device;
    default:
        return &options->out;
    }
}

/* False: `word` is no value for it, or comes twice. */
static bool take_option(int option, const char *word, struct record_options *options)
{
    switch (option) {
    case OPTION_PORT:
        return take_place("rtu", word, options);
    case OPTION_TCP:
        return take_place("tcp", word, options);
    case OPTION_RTU_OVER_TCP:
        return take_place("rtu-over-tcp", word, options);
    case OPTION_EVERY:
        return take_time(word, 1000, &options->every_us);
    case OPTION_FOR:
        return take_time(word, 1000, &options->for_us);
    case OPTION_TIMEOUT:
        return take_time(word, 1000, &options->timeout_us);
    case OPTION_LISTEN:
        options->listen = true;
        return true;
    default:
        break;
    }
    if (option >= OPTION_RANGE && option < OPTION_RANGE + TABLE_COUNT)
        return take_range(option, word, options);
    *text_option(option, options) = word;
    return true;
}

static const struct option known[] = {{"coil", required_argument, NULL, OPTION_RANGE + TABLE_COIL},
                                      {"discrete", required_argument, NULL, OPTION_RANGE + TABLE_DISCRETE},
                                      {"holding", required_argument, NULL, OPTION_RANGE + TABLE_HOLDING},
                                      {"input", required_argument, NULL, OPTION_RANGE + TABLE_INPUT},
                                      {"slave", required_argument, NULL, OPTION_SLAVE},
                                      {"port", required_argument, NULL, OPTION_PORT},
                                      {"tcp", required_argument, NULL, OPTION_TCP},
                                      {"rtu-over-tcp", required_argument, NULL, OPTION_RTU_OVER_TCP},
                                      {"unit", required_argument, NULL, OPTION_UNIT},
                                      {"profile", required_argument, NULL, OPTION_PROFILE},
                                      {"baud", required_argument, NULL, OPTION_BAUD},
                                      {"format", required_argument, NULL, OPTION_FORMAT},
                                      {"device", required_argument, NULL, OPTION_DEVICE},
                                      {"every", required_argument, NULL, OPTION_EVERY},
                                      {"for", required_argument, NULL, OPTION_FOR},
                                      {"timeout", required_argument, NULL, OPTION_TIMEOUT},
                                      {"listen-only", no_argument, NULL, OPTION_LISTEN},
                                      {"help", no_argument, NULL, 'h'},
                                      {NULL, 0, NULL, 0}};

static int check(const struct record_options *options)
{
    if (options->out == NULL)
        return refuse("-o FILE is missing: where should the recording go?", NULL);
    if (options->file == NULL && options->place == NULL)
        return refuse("what should be recorded? A site file, or --port, --tcp or --rtu-over-tcp with --unit", NULL);
    if (options->file == NULL && options->unit == NULL)
        return refuse("--unit N is missing: the address of the device", NULL);
    if (options->file != NULL && (options->unit != NULL || options->profile != NULL))
        return refuse("--unit and --profile are for a device that no site file tells of", NULL);
    return 0;
}

int record_verb(int count, char **words)
{
    struct record_options options = {.every_us = 1000000, .timeout_us = 1000000};
    int option;
    while ((option = getopt_long(count, words, "ho:", known, NULL)) != -1) { /* NOLINT(concurrency-mt-unsafe) */
        if (option == 'h')
            return print_help();
        if (option == '?')
            return refuse("so it does not go", NULL);
        if (!take_option(option, optarg, &options))
            return refuse("no value that fits, or one too many:", optarg);
    }
    if (count - optind > 1)
        return refuse("one file at a time, and then there is", words[optind + 1]);
    options.file = optind < count ? words[optind] : NULL;
    int status = check(&options);
    return status != 0 ? status : record(&options);
}
