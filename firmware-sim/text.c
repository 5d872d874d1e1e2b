#include "firmware-sim/text.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_init(struct text *text, char *bytes, size_t size)
{
    *text = (struct text){.bytes = bytes, .size = size};
    bytes[0] = '\0';
}

struct text *sentence_init(struct sentence *sentence)
{
    text_init(&sentence->text, sentence->bytes, sizeof sentence->bytes);
    return &sentence->text;
}

__attribute__((format(printf, 2, 0))) static void add_list(struct text *text, const char *format, va_list list)
{
    size_t room = text->size - text->used;
    int wanted = vsnprintf(text->bytes + text->used, room, format, list);
    if (wanted < 0)
        return;
    text->cut = text->cut || (size_t)wanted >= room;
    text->used += (size_t)wanted >= room ? room - 1 : (size_t)wanted;
}

void text_add(struct text *text, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    add_list(text, format, list);
    va_end(list);
}

bool text_refuse(struct text *why, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    add_list(why, format, list);
    va_end(list);
    return false;
}

size_t text_split(char *line, char **ret_words, size_t word_max)
{
    static const char blanks[] = " \t\r\n";
    size_t count = 0;
    char *rest = NULL;
    for (char *word = strtok_r(line, blanks, &rest); word != NULL; word = strtok_r(NULL, blanks, &rest)) {
        if (count < word_max)
            ret_words[count] = word;
        count++;
    }
    return count;
}

bool text_to_number(const char *word, double *ret_number)
{
    char *end = NULL;
    double number = strtod(word, &end);
    if (end == word || *end != '\0' || !isfinite(number))
        return false;
    *ret_number = number;
    return true;
}

bool text_to_integer(const char *word, long long minimum, long long maximum, long long *ret_integer)
{
    char *end = NULL;
    bool hexadecimal = strncmp(word, "0x", 2) == 0 || strncmp(word, "0X", 2) == 0;
    errno = 0;
    long long integer = strtoll(word, &end, hexadecimal ? 16 : 10);
    if (end == word || *end != '\0' || errno != 0 || integer < minimum || integer > maximum)
        return false;
    *ret_integer = integer;
    return true;
}

struct duration_unit {
    const char *word;
    int64_t us;
};

static const struct duration_unit units[] = {{"h", 3600000000}, {"min", 60000000}, {"s", 1000000}, {"ms", 1000}};

#define DURATION_MAX_US 31536000000000.0 /* 365 days */

bool text_to_duration(const char *word, int64_t *ret_us)
{
    char *end = NULL;
    double number = strtod(word, &end);
    if (end == word || !isfinite(number) || number < 0)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        double us = number * (double)units[i].us;
        if (strcmp(end, units[i].word) != 0 || us > DURATION_MAX_US)
            continue;
        *ret_us = (int64_t)llround(us);
        return true;
    }
    return false;
}

void text_add_duration(struct text *text, int64_t us)
{
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (us % units[i].us != 0 || (us == 0 && i < 2))
            continue;
        text_add(text, "%" PRId64 "%s", us / units[i].us, units[i].word);
        return;
    }
    text_add(text, "%.10gms", (double)us / 1000);
}

bool text_equals(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

bool text_ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    size_t end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}
