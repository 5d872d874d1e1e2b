/* scanner: where the scan of one JSON text stands. Private to scan*.c. */
#ifndef OUTPOST_SITE_SCANNER_H
#define OUTPOST_SITE_SCANNER_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/site/scan.h"
#include "gateway/site/sentences.h"

#define QUOTED_MAX 48 /* bytes of a word that a sentence shows */

struct scanner {
    const char *name;
    const char *bytes;
    size_t size;
    size_t at;
    struct mark here;
    struct mark last_end; /* just behind the last token: where a missing comma belongs */
    unsigned depth;
    bool stopped; /* a mistake after which nothing can be said about the rest */
    bool out_of_memory;
    size_t mark_capacity;
    struct scan *scan;
    struct complaints *complaints;
};

struct twin { /* what an input method in Chinese mode writes instead */
    const char *wide;
    char narrow;
};

/* scan_blanks.c */
void complain_here(struct scanner *s, struct mark mark, enum sentence sentence,
                   const struct words words[static WORDS_MAX + 1]);
void scan_stop(struct scanner *s);
size_t utf8_size(const char *bytes, size_t size); /* in bytes; 0: no UTF-8 */
bool scan_starts_with(const struct scanner *s, const char *text);
void scan_step(struct scanner *s);          /* moves over one character */
struct words words_here(struct scanner *s); /* the character here in quotes, for a sentence */
void scan_blank(struct scanner *s, size_t from, size_t to);
const struct twin *twin_here(const struct scanner *s);
/* The sign that stands here, after blanks: an ASCII character, its full-width twin counting as itself; 0 at the end;
 * 1 for any other character. */
char sign_here(struct scanner *s);
/* Takes the sign; a full-width one with a complaint. */
void take_sign(struct scanner *s);

/* scan_values.c */
void scan_string(struct scanner *s);
/* A number, true, false or null; anything else made of such characters with a complaint. */
void scan_bare(struct scanner *s);
bool scan_is_bare(char c);
bool scan_is_digit(char c);
/* Takes an unquoted word; at most QUOTED_MAX + 16 bytes of it are kept. Returns its whole length. */
size_t take_bare(struct scanner *s, char ret_word[static QUOTED_MAX + 16]);

#endif
