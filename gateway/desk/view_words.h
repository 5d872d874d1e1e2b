/* view_words: what the files of view share. Included by view*.c only. A member that is missing is "", false or 0. */
#ifndef OUTPOST_DESK_VIEW_WORDS_H
#define OUTPOST_DESK_VIEW_WORDS_H

#include "gateway/desk/view.h"

static inline const cJSON *member(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

static inline const char *text_of(const cJSON *object, const char *key)
{
    const char *text = cJSON_GetStringValue(member(object, key));
    return text != NULL ? text : "";
}

static inline bool is_true(const cJSON *object, const char *key)
{
    return cJSON_IsTrue(member(object, key)) != 0;
}

static inline double number_of(const cJSON *object, const char *key)
{
    const cJSON *item = member(object, key);
    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

/* Local time of the site, or "--". */
void view_put_time(FILE *to, double utc_ms, bool with_date);

/* The line that says that a drill is running; nothing when none is. */
void view_put_drill(FILE *to, const struct tongue *tongue, const cJSON *answer);

/* "ready", "tripped, output written": how an interlock stands. */
const char *view_interlock_words(const struct tongue *tongue, const cJSON *interlock);

/* view_wrong.c */
#define VIEW_WORDS_SIZE 64
/* 340 ms, 12 s, 5 min, 3 h, 12 d. */
void view_put_duration(struct text *to, const struct tongue *tongue, double ms);
const char *view_duration(const struct tongue *tongue, double ms, char ret_words[static VIEW_WORDS_SIZE]);
const char *view_poll(const struct tongue *tongue, const char *poll); /* "safety" */
const char *view_exception(const struct tongue *tongue, int code);    /* "illegal address" */
bool view_is_good(const cJSON *item);                                 /* a bus or slave: its state */
bool view_centre_is_well(const cJSON *centre);
bool view_interlock_is_well(const cJSON *interlock);
void view_put_wrong(FILE *to, const struct tongue *tongue, const cJSON *answer);

#endif
