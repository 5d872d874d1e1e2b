/* tongue: which language a person reads, and what their terminal can show.
 *
 * Two languages, English and Chinese. Chinese needs UTF-8 and a terminal with the glyphs; the Linux text console has none.
 * Where that is missing everything falls back to English in plain ASCII. Knows no device and prints nothing but pages. */
#ifndef OUTPOST_DESK_TONGUE_H
#define OUTPOST_DESK_TONGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "gateway/base/err.h"
#include "gateway/base/text.h"
#include "gateway/model/class.h"
#include "gateway/site/load.h"

struct tongue {
    enum language language;
    bool utf8;   /* symbols and site texts may be shown as they are; else ASCII */
    bool colour; /* and cursor movements */
};

/* What it is decided from; every text may be NULL. */
struct tongue_hints {
    const char *lc_all; /* of the environment, in the order in which they win: LC_ALL, LC_MESSAGES or LC_CTYPE, LANG */
    const char *lc_messages;
    const char *lc_ctype;
    const char *lang;
    const char *term;
    const char *no_color; /* NO_COLOR, see no-color.org */
    const char *asked;    /* --lang: "zh", "en" or NULL */
    bool terminal;        /* output is a terminal */
};

struct tongue tongue_of(const struct tongue_hints *hints);
/* The same from this process's environment and stdout. */
struct tongue tongue_here(const char *asked);

/* The one of the two that the reader understands. */
const char *tongue_pick(const struct tongue *tongue, const char *en, const char *zh);
/* The same for texts of the site, of which either may be empty: never empty unless both are. */
const char *tongue_label(const struct tongue *tongue, const char *en, const char *zh);

/* Columns a UTF-8 text takes on a terminal: 2 for East Asian wide characters, 0 for combining ones. */
size_t tongue_width(const char *text);
/* Appends `text` cut or padded with blanks to exactly `columns`. */
void tongue_put_cell(struct text *to, const char *text, size_t columns);

/* "\033[31m" and so on for a priority's colour, "" without colours; tongue_plain ends it. */
const char *tongue_tint(const struct tongue *tongue, enum priority priority);
const char *tongue_plain(const struct tongue *tongue);
/* "≥" or ">=", "▲" or "^" …: the second where the first cannot be shown. */
const char *tongue_sign(const struct tongue *tongue, const char *sign, const char *ascii);
/* The word of a priority's colour: 红 / red. */
const char *tongue_priority(const struct tongue *tongue, enum priority priority);

/* fprintf in the reader's language: both formats take the same arguments in the same order. */
void tongue_say(const struct tongue *tongue, FILE *to, const char *en, const char *zh, ...) PRINTF_LIKE(3, 5)
    PRINTF_LIKE(4, 5);

/* A page: what a verb has to say, collected and then written at once. Control characters that came with texts of the
 * site are dropped, and what is not ASCII becomes '?' where it cannot be shown. */
struct page {
    FILE *stream; /* write here */
    char *bytes;
    size_t size;
};
MUST_CHECK enum err page_open(struct page *page);
/* Filters, writes to `to`, closes. ERR_IO: `to` is gone (a closed pipe). */
MUST_CHECK enum err page_show(struct page *page, const struct tongue *tongue, FILE *to);
/* The filter alone, in place; returns the new size, never larger. */
size_t page_clean(char *bytes, size_t size, const struct tongue *tongue);

#endif
