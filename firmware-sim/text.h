/* text: sentences and words in fixed buffers.
 *
 * The simulator says everything in text: a complaint, an answer of `ctl`, a line of status. A text never overruns its
 * buffer; what does not fit is cut and `cut` is set. It is always zero-terminated. Nothing here allocates. */
#ifndef OUTPOST_FIRMWARE_SIM_TEXT_H
#define OUTPOST_FIRMWARE_SIM_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_CHECKED __attribute__((warn_unused_result))

#define SENTENCE_SIZE 512 /* room for one complaint with a path in it */

struct text {
    char *bytes;
    size_t size; /* of the buffer, with room for the zero */
    size_t used; /* without the zero */
    bool cut;
};

/* A sentence with its own buffer, for the many functions that explain why they refused. */
struct sentence {
    struct text text;
    char bytes[SENTENCE_SIZE];
};

void text_init(struct text *text, char *bytes, size_t size);
struct text *sentence_init(struct sentence *sentence); /* returns &sentence->text */
void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same, and returns false: `return text_refuse(why, "…")`. */
bool text_refuse(struct text *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Cuts `line` in place into words at blanks; returns how many there are, also beyond `word_max`. */
size_t text_split(char *line, char **ret_words, size_t word_max);

/* The whole word is one finite decimal number. */
SIM_CHECKED bool text_to_number(const char *word, double *ret_number);

/* The whole word is one integer (decimal, or hexadecimal with 0x) within the limits. */
SIM_CHECKED bool text_to_integer(const char *word, long long minimum, long long maximum, long long *ret_integer);

/* The whole word is a time with its unit: "500ms", "15s", "30min", "2h", "1.5s"; 0 to 365 days. */
SIM_CHECKED bool text_to_duration(const char *word, int64_t *ret_us);
void text_add_duration(struct text *text, int64_t us); /* in the largest unit that takes it whole, at least ms */

bool text_equals(const char *a, const char *b); /* false when one of them is NULL */
bool text_ends_with(const char *text, const char *end);

#endif
