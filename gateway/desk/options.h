/* options: what stands behind the verb on the command line. Pure: reads argv, prints nothing, exits never. */
#ifndef OUTPOST_DESK_OPTIONS_H
#define OUTPOST_DESK_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/base/err.h"

#define SITE_FILE_DEFAULT   "/etc/outpost/site.json"
#define PROFILE_DIR_DEFAULT "/etc/outpost/profiles" /* beside it */
#define OPTIONS_DEVS_MAX    64
#define OPTIONS_WORDS_MAX   256 /* enough for every profile there may be */

/* Which options a verb takes; --lang and --help are everybody's. */
enum option_bit {
    OPTION_LANG = 1u << 0,
    OPTION_HELP = 1u << 1,
    OPTION_JSON = 1u << 2,
    OPTION_SOCKET = 1u << 3,
    OPTION_ONCE = 1u << 4,
    OPTION_DEV = 1u << 5,
    OPTION_ALARM = 1u << 6,
    OPTION_ALL = 1u << 7,
    OPTION_BY = 1u << 8,
    OPTION_WHY = 1u << 9,
    OPTION_FILE = 1u << 10,  /* one argument: the site file */
    OPTION_TOPIC = 1u << 11, /* one argument: a verb to explain */
    OPTION_WORDS = 1u << 12, /* arguments of its own */
    OPTION_MARKDOWN = 1u << 13,
    OPTION_TURNAROUND = 1u << 14,
    OPTION_LATENCY = 1u << 15,
    OPTION_ROUND_TRIP = 1u << 16,
    OPTION_BUS = 1u << 17,
    OPTION_OUTPUT = 1u << 18,
    OPTION_FOLLOW = 1u << 19,
    OPTION_FOR = 1u << 20,
    OPTION_ONE_SHOT = 1u << 21,
    OPTION_ZONE = 1u << 22,
    OPTION_END = 1u << 23,
    OPTION_HOLD = 1u << 25,
    OPTION_DEVS = 1u << 24, /* no option of its own: --dev may stand there several times */
};

struct options { /* texts point into argv; NULL: not given */
    const char *file;
    const char *lang;
    const char *socket;
    const char *dev;
    const char *alarm;
    const char *by;
    const char *why;
    const char *turnaround; /* milliseconds */
    const char *latency;
    const char *round_trip;
    const char *bus;
    const char *output;
    const char *for_time; /* a duration */
    const char *zone;
    const char *devs[OPTIONS_DEVS_MAX]; /* OPTION_DEVS: every --dev */
    size_t dev_count;
    const char *words[OPTIONS_WORDS_MAX]; /* OPTION_WORDS */
    size_t word_count;
    bool json;
    bool markdown;
    bool once;
    bool follow;
    bool one_shot;
    bool end;
    bool hold;
    bool all;
    bool help;
};

struct option_row {
    enum option_bit bit;
    const char *name;     /* "--json" */
    const char *value_en; /* "PATH", NULL for a switch */
    const char *value_zh;
    size_t offset; /* into struct options: bool or const char * */
    const char *en;
    const char *zh;
};

/* The table, in the order in which help prints it. */
const struct option_row *option_rows(size_t *ret_count);

enum misuse {
    MISUSE_NONE,
    MISUSE_UNKNOWN,   /* no verb has this option; perhaps a suggestion */
    MISUSE_ELSEWHERE, /* other verbs have it, this one does not */
    MISUSE_VALUE,     /* the option wants a value and there is none */
    MISUSE_SWITCH,    /* the option takes no value and got one */
    MISUSE_TWICE,     /* given before */
    MISUSE_LANGUAGE,  /* --lang wants zh or en */
    MISUSE_ARGUMENT,  /* an argument too many */
    MISUSE_EMPTY,     /* an empty value */
};

struct complaint_of_use {
    enum misuse misuse;
    const char *word;       /* what stands on the command line */
    const char *suggestion; /* or NULL */
};

/* argv: what follows the verb. `accepted`: the verb's enum option_bit, or-ed. ERR_ARGUMENT: ret_complaint says why and
 * ret_options is untouched. `--name value` and `--name=value` both count; `-h` is --help, `-o` is
 * --output; after `--` come arguments only. */
MUST_CHECK enum err options_parse(int argc, char *const *argv, unsigned accepted, struct options *ret_options,
                                  struct complaint_of_use *ret_complaint);

/* The value of --lang wherever it stands, or NULL: the language in which to complain about the rest. */
const char *options_find_language(int argc, char *const *argv);

#endif
