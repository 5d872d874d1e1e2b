#include "gateway/site/scan.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/site/sentences.h"

#define NUMBER_SIZE_MAX 60 /* cJSON copies numbers into a buffer of 64 bytes and would cut longer ones silently */
#define QUOTED_MAX      48

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

static void complain_here(struct scanner *s, struct mark mark, enum sentence sentence,
                          const struct words words[static WORDS_MAX + 1])
{
    struct place const place = {.file = s->name, .line = mark.line, .column = mark.column, .path = ""};
    complain(s->complaints, &place, sentence, words);
}

static void stop(struct scanner *s)
{
    s->stopped = true;
    s->at = s->size;
}

/* --- bytes ---------------------------------------------------------------------------------------------------------- */

static size_t character_size(const char *bytes, size_t size)
{
    unsigned char const first = (unsigned char)bytes[0];
    if (first < 0x80)
        return 1;
    size_t const wanted = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (wanted > size || !text_is_utf8(bytes, wanted))
        return 0;
    return wanted;
}

/* GBK: a lead byte 0x81..0xFE and a second byte 0x40..0xFE (GB 18030-2022, two-byte part). Two pairs in a row, or one
 * before an ASCII character, are hardly anything else in a Chinese file. */
static bool looks_like_gbk(const char *bytes, size_t size)
{
    const unsigned char *b = (const unsigned char *)bytes;
    return size > 2 && b[0] >= 0x81 && b[0] <= 0xFE && b[1] >= 0x40 && b[1] != 0x7F && b[1] <= 0xFE &&
           (b[2] < 0x80 || (b[2] >= 0x81 && b[2] <= 0xFE));
}

/* The first byte that no text may hold. Walks the whole file once. */
static void check_bytes(struct scanner *s)
{
    struct mark mark = {1, 1};
    for (size_t at = 0; at < s->size;) {
        size_t length = character_size(s->bytes + at, s->size - at);
        if (length == 0) {
            bool gbk = looks_like_gbk(s->bytes + at, s->size - at);
            complain_here(s, mark, gbk ? S_GBK : S_NOT_UTF8, NO_WORDS);
            stop(s);
            return;
        }
        if (s->bytes[at] == '\0') {
            complain_here(s, mark, S_NUL_BYTE, NO_WORDS);
            stop(s);
            return;
        }
        mark.column++;
        if (s->bytes[at] == '\n')
            mark = (struct mark){mark.line + 1, 1};
        at += length;
    }
}

static bool is_utf16(const char *bytes, size_t size)
{
    return size >= 2 && (memcmp(bytes, "\xFF\xFE", 2) == 0 || memcmp(bytes, "\xFE\xFF", 2) == 0);
}

static bool starts_with(const struct scanner *s, const char *text)
{
    size_t const length = strlen(text);
    return s->size - s->at >= length && memcmp(s->bytes + s->at, text, length) == 0;
}

/* Moves over one character. */
static void step(struct scanner *s)
{
    size_t length = character_size(s->bytes + s->at, s->size - s->at);
    s->here.column++;
    if (s->bytes[s->at] == '\n')
        s->here = (struct mark){s->here.line + 1, 1};
    s->at += length == 0 ? 1 : length;
}

/* The character here in quotes, for a sentence. */
static struct words words_here(struct scanner *s)
{
    if (s->at >= s->size)
        return both("the end of the file", "文件结尾");
    char one[5] = {0};
    size_t length = character_size(s->bytes + s->at, s->size - s->at);
    memcpy(one, s->bytes + s->at, length);
    return words_quote(s->complaints, one);
}

/* --- blanks, comments and full-width punctuation -------------------------------------------------------------------- */

struct twin { /* what an input method in Chinese mode writes instead */
    const char *wide;
    char narrow;
};
static const struct twin twins[] = {
    {"，", ','}, {"：", ':'}, {"“", '"'}, {"”", '"'}, {"｛", '{'}, {"｝", '}'}, {"［", '['},     {"］", ']'},
    {"【", '['}, {"】", ']'}, {"‘", '"'}, {"’", '"'}, {"＂", '"'}, {"、", ','}, {"\u3000", ' '}, {"\u00A0", ' '},
};

static const struct twin *twin_here(const struct scanner *s)
{
    if (s->at >= s->size || (unsigned char)s->bytes[s->at] < 0x80)
        return NULL;
    for (size_t i = 0; i < ARRAY_SIZE(twins); i++)
        if (starts_with(s, twins[i].wide))
            return &twins[i];
    return NULL;
}

static void complain_twin(struct scanner *s, const struct twin *twin)
{
    char narrow[4] = {'"', twin->narrow, '"', '\0'};
    bool const quote = twin->narrow == '"';
    bool const space = twin->narrow == ' ';
    complain_here(
        s, s->here, S_FULL_WIDTH,
        WORDS(space ? both("space", "空格") : same(twin->wide), space   ? both("an ordinary space", "普通空格")
                                                                : quote ? same("\"")
                                                                        : words_format(s->complaints, "%s", narrow)));
}

static void blank(struct scanner *s, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (s->bytes[i] != '\n')
            s->scan->clean[i] = ' ';
}

static void skip_comment(struct scanner *s)
{
    size_t const from = s->at;
    struct mark const began = s->here;
    bool const block = s->bytes[s->at + 1] == '*';
    step(s);
    step(s);
    while (s->at < s->size && !(block ? starts_with(s, "*/") : s->bytes[s->at] == '\n'))
        step(s);
    if (block && s->at >= s->size) {
        complain_here(s, began, S_OPEN_COMMENT, NO_WORDS);
        stop(s);
    } else if (block) {
        step(s);
        step(s);
    }
    blank(s, from, s->at);
}

static void skip_blanks(struct scanner *s)
{
    while (s->at < s->size) {
        char const c = s->bytes[s->at];
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            step(s);
            continue;
        }
        if (c == '/' && (starts_with(s, "//") || starts_with(s, "/*"))) {
            skip_comment(s);
            continue;
        }
        const struct twin *twin = twin_here(s);
        if (twin == NULL || twin->narrow != ' ')
            return;
        complain_twin(s, twin);
        step(s);
    }
}

/* The sign that stands here, after blanks: an ASCII character, its full-width twin counting as itself; 0 at the end;
 * 1 for any other character. */
static char sign_here(struct scanner *s)
{
    skip_blanks(s);
    if (s->at >= s->size)
        return 0;
    const struct twin *twin = twin_here(s);
    if (twin != NULL)
        return twin->narrow;
    return (unsigned char)s->bytes[s->at] < 0x80 ? s->bytes[s->at] : 1;
}

/* Takes the sign; a full-width one with a complaint. */
static void take_sign(struct scanner *s)
{
    const struct twin *twin = twin_here(s);
    if (twin != NULL)
        complain_twin(s, twin);
    step(s);
    s->last_end = s->here;
}

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
        step(s);
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
    step(s);
    if (s->at < s->size && s->bytes[s->at] != '\n')
        step(s);
}

/* Ends of a text that was begun by `opening`: itself, or for a full-width quote any of its kind. */
static bool ends_text(const struct scanner *s, char opening)
{
    if (opening == '"' || opening == '\'')
        return s->bytes[s->at] == opening;
    const struct twin *twin = twin_here(s);
    return s->bytes[s->at] == '"' || (twin != NULL && twin->narrow == '"');
}

static void scan_string(struct scanner *s)
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
        step(s);
    }
    if (s->at < s->size && ends_text(s, opening)) {
        step(s);
        s->last_end = s->here;
    } else {
        complain_here(s, began, S_OPEN_STRING, NO_WORDS);
        stop(s);
    }
}

/* --- numbers and words ---------------------------------------------------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *skip_digits(const char *at)
{
    while (is_digit(*at))
        at++;
    return at;
}

/* RFC 8259, section 6: [ minus ] int [ frac ] [ exp ] */
static bool is_number(const char *text)
{
    const char *at = text + (*text == '-');
    if (!is_digit(*at) || (at[0] == '0' && is_digit(at[1])))
        return false;
    at = skip_digits(at);
    if (*at == '.') {
        if (!is_digit(*++at))
            return false;
        at = skip_digits(at);
    }
    if (*at == 'e' || *at == 'E') {
        at++;
        at += *at == '+' || *at == '-';
        if (!is_digit(*at))
            return false;
        at = skip_digits(at);
    }
    return *at == '\0';
}

static bool is_bare(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' || c == '+' ||
           c == '.' || c == '$' || c == '%' || c == '@';
}

/* Takes an unquoted word; at most QUOTED_MAX + 16 bytes of it are kept. Returns its whole length. */
static size_t take_bare(struct scanner *s, char ret_word[static QUOTED_MAX + 16])
{
    size_t length = 0;
    size_t kept = 0;
    for (; s->at < s->size && is_bare(s->bytes[s->at]); length++) {
        if (kept < QUOTED_MAX + 15)
            ret_word[kept++] = s->bytes[s->at];
        step(s);
    }
    ret_word[kept] = '\0';
    s->last_end = s->here;
    return length;
}

static void scan_bare(struct scanner *s)
{
    struct mark const began = s->here;
    char word[QUOTED_MAX + 16];
    size_t const length = take_bare(s, word);
    if (strcmp(word, "true") == 0 || strcmp(word, "false") == 0 || strcmp(word, "null") == 0)
        return;
    bool const numeric = is_digit(word[0]) || word[0] == '-' || word[0] == '+' || word[0] == '.';
    if (numeric && length <= NUMBER_SIZE_MAX && is_number(word))
        return;
    complain_here(s, began, numeric ? S_BAD_NUMBER : S_BAD_WORD, WORDS(words_quote(s->complaints, word)));
}

/* --- structure ------------------------------------------------------------------------------------------------------ */

static void mark_value(struct scanner *s, struct mark key)
{
    struct scan *scan = s->scan;
    if (scan->mark_count >= SCAN_VALUES_MAX) {
        complain_here(s, s->here, S_TOO_MANY_VALUES, WORDS(words_number(s->complaints, SCAN_VALUES_MAX)));
        stop(s);
        return;
    }
    if (scan->mark_count == s->mark_capacity) {
        size_t capacity = s->mark_capacity == 0 ? 256 : s->mark_capacity * 2;
        struct value_marks *marks = realloc(scan->marks, capacity * sizeof *marks);
        if (marks == NULL) {
            s->out_of_memory = true;
            stop(s);
            return;
        }
        scan->marks = marks;
        s->mark_capacity = capacity;
    }
    scan->marks[scan->mark_count++] = (struct value_marks){.key = key, .value = s->here};
}

static void scan_value(struct scanner *s, struct mark key);

static const char *bracket_name(char bracket)
{
    return bracket == '{' ? "{" : bracket == '[' ? "[" : bracket == '}' ? "}" : "]";
}

/* After one element: takes the comma and returns true when another one follows; takes the closing bracket else. */
static bool another_follows(struct scanner *s, char closing)
{
    char sign = sign_here(s);
    if (s->stopped || sign == closing || sign == 0 || sign == '}' || sign == ']')
        return false;
    if (sign != ',') {
        complain_here(s, s->last_end, S_MISSING_COMMA, NO_WORDS);
        return true;
    }
    struct mark comma = s->here;
    take_sign(s);
    while ((sign = sign_here(s)) == ',') {
        complain_here(s, s->here, S_EXTRA_COMMA, NO_WORDS);
        take_sign(s);
    }
    if (sign == closing)
        complain_here(s, comma, S_EXTRA_COMMA, NO_WORDS);
    return !s->stopped && sign != closing && sign != 0;
}

static void take_closing(struct scanner *s, struct mark opened, char opening)
{
    char const closing = opening == '{' ? '}' : ']';
    char const sign = s->stopped ? closing : sign_here(s);
    if (s->stopped)
        return;
    if (sign == closing) {
        take_sign(s);
    } else if (sign == 0) {
        complain_here(s, opened, S_OPEN_BRACKET, WORDS(same(bracket_name(opening))));
        stop(s);
    } else {
        complain_here(
            s, s->here, S_WRONG_BRACKET,
            WORDS(words_here(s), same(bracket_name(opening)), words_format(s->complaints, "%u", opened.line)));
        stop(s);
    }
}

/* A key and its colon. False when there is none: a complaint was made and the scanner stopped. */
static bool scan_key(struct scanner *s, struct mark *ret_key)
{
    char sign = sign_here(s);
    *ret_key = s->here;
    if (sign == '"' || sign == '\'') {
        scan_string(s);
    } else if (is_bare(sign) && !is_digit(sign)) {
        char word[QUOTED_MAX + 16];
        (void)take_bare(s, word);
        complain_here(s, *ret_key, S_KEY_NOT_QUOTED, WORDS(words_format(s->complaints, "%.48s", word)));
    } else {
        complain_here(s, s->here, S_KEY_EXPECTED, WORDS(words_here(s)));
        stop(s);
    }
    if (s->stopped)
        return false;
    sign = sign_here(s);
    if (sign == ':') {
        take_sign(s);
    } else {
        complain_here(s, s->last_end, S_MISSING_COLON, NO_WORDS);
        if (sign == '=')
            take_sign(s);
    }
    return !s->stopped;
}

static void scan_object(struct scanner *s)
{
    struct mark const opened = s->here;
    take_sign(s);
    bool more = sign_here(s) != '}' && s->at < s->size;
    while (more) {
        struct mark key;
        if (!scan_key(s, &key))
            return;
        scan_value(s, key);
        more = another_follows(s, '}');
    }
    take_closing(s, opened, '{');
}

static void scan_list(struct scanner *s)
{
    struct mark const opened = s->here;
    take_sign(s);
    bool more = sign_here(s) != ']' && s->at < s->size;
    while (more) {
        scan_value(s, (struct mark){0, 0});
        more = another_follows(s, ']');
    }
    take_closing(s, opened, '[');
}

static void scan_nested(struct scanner *s, char sign)
{
    if (s->depth == SITE_DEPTH_MAX) {
        complain_here(s, s->here, S_TOO_DEEP, WORDS(words_number(s->complaints, SITE_DEPTH_MAX)));
        stop(s);
        return;
    }
    s->depth++;
    if (sign == '{')
        scan_object(s);
    else
        scan_list(s);
    s->depth--;
}

/* Calls itself through scan_nested, at most SITE_DEPTH_MAX deep. */
static void scan_value(struct scanner *s, struct mark key)
{
    char const sign = sign_here(s);
    if (s->stopped)
        return;
    mark_value(s, key);
    if (s->stopped)
        return;
    if (sign == '{' || sign == '[') {
        scan_nested(s, sign);
    } else if (sign == '"' || sign == '\'') {
        scan_string(s);
    } else if (is_bare(sign)) {
        scan_bare(s);
    } else {
        complain_here(s, s->here, S_VALUE_EXPECTED, WORDS(words_here(s)));
        stop(s);
    }
}

static void scan_document(struct scanner *s)
{
    if (starts_with(s, "\xEF\xBB\xBF")) {
        blank(s, 0, 3);
        s->at = 3;
    }
    if (sign_here(s) == 0) {
        if (!s->stopped)
            complain_here(s, (struct mark){1, 1}, S_EMPTY, NO_WORDS);
        return;
    }
    scan_value(s, (struct mark){0, 0});
    if (!s->stopped && sign_here(s) != 0)
        complain_here(s, s->here, S_AFTER_END, WORDS(words_here(s)));
}

enum err scan_bytes(struct scan *scan, const char *name, const char *bytes, size_t size, struct complaints *complaints)
{
    *scan = (struct scan){0};
    struct scanner s = {
        .name = name, .bytes = bytes, .size = size, .here = {1, 1}, .scan = scan, .complaints = complaints};
    size_t const errors_before = complaints->errors;
    if (size > SITE_FILE_MAX) {
        complain_here(&s, s.here, S_TOO_LARGE,
                      WORDS(words_format(complaints, "%zu", size), words_format(complaints, "%zu", SITE_FILE_MAX)));
        return ERR_FORMAT;
    }
    if (is_utf16(bytes, size)) {
        complain_here(&s, s.here, S_UTF16, NO_WORDS);
        return ERR_FORMAT;
    }
    scan->clean = malloc(size + 1);
    if (scan->clean != NULL) {
        if (size > 0)
            memcpy(scan->clean, bytes, size);
        scan->clean[size] = '\0';
        scan->size = size;
        check_bytes(&s);
        if (!s.stopped)
            scan_document(&s);
    }
    if (scan->clean == NULL || s.out_of_memory) {
        complain_here(&s, s.here, S_MEMORY, NO_WORDS);
        scan_close(scan);
        return ERR_MEMORY;
    }
    if (complaints->errors > errors_before) {
        scan_close(scan);
        return ERR_FORMAT;
    }
    return ERR_OK;
}

void scan_close(struct scan *scan)
{
    free(scan->clean);
    free(scan->marks);
    *scan = (struct scan){0};
}
