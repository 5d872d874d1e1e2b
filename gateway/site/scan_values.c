/* Strings, numbers and words of a JSON text. */
#include <string.h>

#include "gateway/site/scanner.h"
#include "gateway/site/sentences.h"

#define NUMBER_SIZE_MAX 60 /* cJSON copies numbers into a buffer of 64 bytes and would cut longer ones silently */

/* --- strings -------------------------------------------------------------------------------------------------------- */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* \uXXXX at the scanner; -1 when it is not one. */
static long unicode_escape(const struct scanner *s)
{
    if (s->size - s->at < 6 || s->bytes[s->at] != '\\' || s->bytes[s->at + 1] != 'u')
        return -1;
    long code = 0;
    for (size_t i = 2; i < 6; i++) {
        int digit = hex_value(s->bytes[s->at + i]);
        if (digit < 0)
            return -1;
        code = code * 16 + digit;
    }
    return code;
}

static void skip_characters(struct scanner *s, size_t count)
{
    for (size_t i = 0; i < count && s->at < s->size; i++)
        scan_step(s);
}

static void scan_unicode_escape(struct scanner *s, long code)
{
    struct mark const began = s->here;
    skip_characters(s, 6);
    if (code == 0) {
        complain_here(s, began, S_NUL_BYTE, NO_WORDS);
    } else if (code >= 0xD800 && code <= 0xDFFF) {
        long second = code <= 0xDBFF ? unicode_escape(s) : -1;
        if (second >= 0xDC00 && second <= 0xDFFF)
            skip_characters(s, 6);
        else
            complain_here(s, began, S_LONE_SURROGATE,
                          WORDS(words_format(s->complaints, "\\u%04lX", (unsigned long)code)));
    }
}

static void scan_escape(struct scanner *s)
{
    long code = unicode_escape(s);
    if (code >= 0) {
        scan_unicode_escape(s, code);
        return;
    }
    char const c = s->at + 1 < s->size ? s->bytes[s->at + 1] : '\n';
    if (strchr("\"\\/bfnrt", c) == NULL || c == '\0') {
        char shown[3] = {'\\', (unsigned char)c >= 0x20 && (unsigned char)c < 0x7F ? c : '?', '\0'};
        complain_here(s, s->here, S_BAD_ESCAPE, WORDS(words_format(s->complaints, "%s", shown)));
    }
    scan_step(s);
    if (s->at < s->size && s->bytes[s->at] != '\n')
        scan_step(s);
}

/* Ends of a text that was begun by `opening`: itself, or for a full-width quote any of its kind. */
static bool ends_text(const struct scanner *s, char opening)
{
    if (opening == '"' || opening == '\'')
        return s->bytes[s->at] == opening;
    const struct twin *twin = twin_here(s);
    return s->bytes[s->at] == '"' || (twin != NULL && twin->narrow == '"');
}

void scan_string(struct scanner *s)
{
    struct mark const began = s->here;
    char const opening = s->bytes[s->at]; /* of a full-width quote: its first byte */
    if (opening == '\'')
        complain_here(s, began, S_SINGLE_QUOTE, NO_WORDS);
    take_sign(s);
    while (s->at < s->size && !ends_text(s, opening)) {
        char const c = s->bytes[s->at];
        if (c == '\n' || c == '\r')
            break;
        if (c == '\\') {
            scan_escape(s);
            continue;
        }
        if ((unsigned char)c < 0x20)
            complain_here(s, s->here, S_CONTROL, WORDS(words_format(s->complaints, "0x%02X", (unsigned)c)));
        scan_step(s);
    }
    if (s->at < s->size && ends_text(s, opening)) {
        scan_step(s);
        s->last_end = s->here;
    } else {
        complain_here(s, began, S_OPEN_STRING, NO_WORDS);
        scan_stop(s);
    }
}

/* --- numbers and words ---------------------------------------------------------------------------------------------- */

bool scan_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *skip_digits(const char *at)
{
    while (scan_is_digit(*at))
        at++;
    return at;
}

/* RFC 8259, section 6: [ minus ] int [ frac ] [ exp ] */
static bool is_number(const char *text)
{
    const char *at = text + (*text == '-');
    if (!scan_is_digit(*at) || (at[0] == '0' && scan_is_digit(at[1])))
        return false;
    at = skip_digits(at);
    if (*at == '.') {
        if (!scan_is_digit(*++at))
            return false;
        at = skip_digits(at);
    }
    if (*at == 'e' || *at == 'E') {
        at++;
        at += *at == '+' || *at == '-';
        if (!scan_is_digit(*at))
            return false;
        at = skip_digits(at);
    }
    return *at == '\0';
}

bool scan_is_bare(char c)
{
    return scan_is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' || c == '+' ||
           c == '.' || c == '$' || c == '%' || c == '@';
}

size_t take_bare(struct scanner *s, char ret_word[static QUOTED_MAX + 16])
{
    size_t length = 0;
    size_t kept = 0;
    for (; s->at < s->size && scan_is_bare(s->bytes[s->at]); length++) {
        if (kept < QUOTED_MAX + 15)
            ret_word[kept++] = s->bytes[s->at];
        scan_step(s);
    }
    ret_word[kept] = '\0';
    s->last_end = s->here;
    return length;
}

void scan_bare(struct scanner *s)
{
    struct mark const began = s->here;
    char word[QUOTED_MAX + 16];
    size_t const length = take_bare(s, word);
    if (strcmp(word, "true") == 0 || strcmp(word, "false") == 0 || strcmp(word, "null") == 0)
        return;
    bool const numeric = scan_is_digit(word[0]) || word[0] == '-' || word[0] == '+' || word[0] == '.';
    if (numeric && length <= NUMBER_SIZE_MAX && is_number(word))
        return;
    complain_here(s, began, numeric ? S_BAD_NUMBER : S_BAD_WORD, WORDS(words_quote(s->complaints, word)));
}
