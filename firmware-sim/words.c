#include "firmware-sim/words.h"

#include <stdint.h>
#include <string.h>

void words_open(struct words *words)
{
    *words = (struct words){0};
    words->places = pool_take(&words->pool, WORDS_PLACES, sizeof *words->places);
}

void words_close(struct words *words)
{
    pool_close(&words->pool);
}

/* FNV-1a. */
static size_t place_of(const char *word, size_t length)
{
    uint64_t hash = 14695981039346656037ULL;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)word[i]) * 1099511628211ULL;
    return (size_t)(hash % WORDS_PLACES);
}

/* At most WORDS_BYTES_MAX, and no character is cut in two. */
static size_t length_of(const char *word)
{
    size_t length = strnlen(word, WORDS_BYTES_MAX + 1);
    if (length <= WORDS_BYTES_MAX)
        return length;
    length = WORDS_BYTES_MAX;
    while (length > 0 && ((unsigned char)word[length] & 0xC0U) == 0x80U)
        length--;
    return length;
}

const char *words_keep(struct words *words, const char *word)
{
    size_t length = word == NULL ? 0 : length_of(word);
    if (length == 0)
        return "";
    size_t place = place_of(word, length);
    for (; words->places[place] != NULL; place = (place + 1) % WORDS_PLACES) {
        const char *there = words->places[place];
        if (strncmp(there, word, length) == 0 && there[length] == '\0')
            return there;
    }
    if (words->count == WORDS_MAX)
        return "";
    words->count++;
    words->places[place] = pool_print(&words->pool, "%.*s", (int)length, word);
    return words->places[place];
}
