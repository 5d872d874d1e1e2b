/* verb: the table of what `outpost` can do. One row, one file verb_<name>.c. */
#ifndef OUTPOST_DESK_VERB_H
#define OUTPOST_DESK_VERB_H

#include <stddef.h>

#include "gateway/desk/desk.h"

struct manual { /* the long help of one verb, in both languages; lines of at most 100 columns */
    const char *en;
    const char *zh;
    const char *exit_en; /* lines "  0  …" */
    const char *exit_zh;
    const char *examples; /* lines "  outpost …   # …" */
    const char *words_en; /* OPTION_WORDS: what they are, "list | show NAME" */
    const char *words_zh;
};

struct verb {
    const char *name;
    unsigned options; /* enum option_bit, or-ed */
    const char *en;   /* one line */
    const char *zh;
    int (*run)(const struct desk *desk);
    const struct manual *manual;
};

const struct verb *verbs(size_t *ret_count);
const struct verb *verb_find(const char *name); /* NULL: none */

int verb_run(const struct desk *desk);
int verb_check(const struct desk *desk);
int verb_plan(const struct desk *desk);
int verb_status(const struct desk *desk);
int verb_watch(const struct desk *desk);
int verb_alarms(const struct desk *desk);
int verb_capture(const struct desk *desk);
int verb_read(const struct desk *desk);
int verb_ack(const struct desk *desk); /* these in verb_order.c */
int verb_silence(const struct desk *desk);
int verb_reset(const struct desk *desk);
int verb_shelve(const struct desk *desk);
int verb_unshelve(const struct desk *desk);
int verb_service(const struct desk *desk);
int verb_drill(const struct desk *desk);
int verb_profile(const struct desk *desk);
int verb_class(const struct desk *desk);
int verb_version(const struct desk *desk);
int verb_help(const struct desk *desk);

/* The manual of one verb, or with NULL the list of all, into a page. */
void help_put(FILE *to, const struct tongue *tongue, const struct verb *verb);

extern const struct manual manual_run;
extern const struct manual manual_check;
extern const struct manual manual_plan;
extern const struct manual manual_status;
extern const struct manual manual_watch;
extern const struct manual manual_alarms;
extern const struct manual manual_capture;
extern const struct manual manual_read;
extern const struct manual manual_ack;
extern const struct manual manual_silence;
extern const struct manual manual_reset;
extern const struct manual manual_shelve;
extern const struct manual manual_unshelve;
extern const struct manual manual_service;
extern const struct manual manual_drill;
extern const struct manual manual_profile;
extern const struct manual manual_class;
extern const struct manual manual_version;
extern const struct manual manual_help;

#endif
