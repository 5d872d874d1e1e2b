#include "gateway/site/scan.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/site/scanner.h"
#include "gateway/site/sentences.h"

/* --- bytes ---------------------------------------------------------------------------------------------------------- */

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
        size_t length = utf8_size(s->bytes + at, s->size - at);
        if (length == 0) {
            bool gbk = looks_like_gbk(s->bytes + at, s->size - at);
            complain_here(s, mark, gbk ? S_GBK : S_NOT_UTF8, NO_WORDS);
            scan_stop(s);
            return;
        }
        if (s->bytes[at] == '\0') {
            complain_here(s, mark, S_NUL_BYTE, NO_WORDS);
            scan_stop(s);
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

/* --- structure ------------------------------------------------------------------------------------------------------ */

static void mark_value(struct scanner *s, struct mark key)
{
    struct scan *scan = s->scan;
    if (scan->mark_count >= SCAN_VALUES_MAX) {
        complain_here(s, s->here, S_TOO_MANY_VALUES, WORDS(words_number(s->complaints, SCAN_VALUES_MAX)));
        scan_stop(s);
        return;
    }
    if (scan->mark_count == s->mark_capacity) {
        size_t capacity = s->mark_capacity == 0 ? 256 : s->mark_capacity * 2;
        struct value_marks *marks = realloc(scan->marks, capacity * sizeof *marks);
        if (marks == NULL) {
            s->out_of_memory = true;
            scan_stop(s);
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
        scan_stop(s);
    } else {
        complain_here(
            s, s->here, S_WRONG_BRACKET,
            WORDS(words_here(s), same(bracket_name(opening)), words_format(s->complaints, "%u", opened.line)));
        scan_stop(s);
    }
}

/* A key and its colon. False when there is none: a complaint was made and the scanner stopped. */
static bool scan_key(struct scanner *s, struct mark *ret_key)
{
    char sign = sign_here(s);
    *ret_key = s->here;
    if (sign == '"' || sign == '\'') {
        scan_string(s);
    } else if (scan_is_bare(sign) && !scan_is_digit(sign)) {
        char word[QUOTED_MAX + 16];
        (void)take_bare(s, word);
        complain_here(s, *ret_key, S_KEY_NOT_QUOTED, WORDS(words_format(s->complaints, "%.48s", word)));
    } else {
        complain_here(s, s->here, S_KEY_EXPECTED, WORDS(words_here(s)));
        scan_stop(s);
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
        scan_stop(s);
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
    } else if (scan_is_bare(sign)) {
        scan_bare(s);
    } else {
        complain_here(s, s->here, S_VALUE_EXPECTED, WORDS(words_here(s)));
        scan_stop(s);
    }
}

static void scan_document(struct scanner *s)
{
    if (scan_starts_with(s, "\xEF\xBB\xBF")) {
        scan_blank(s, 0, 3);
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
