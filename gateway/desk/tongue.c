#include "gateway/desk/tongue.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "gateway/base/check.h"
#include "gateway/model/alarm_state.h"

static bool given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static const char *first_given(const char *a, const char *b, const char *c)
{
    return given(a) ? a : given(b) ? b : given(c) ? c : "";
}

static bool names_utf8(const char *locale)
{
    return strcasestr(locale, "utf-8") != NULL || strcasestr(locale, "utf8") != NULL;
}

/* Terminals without glyphs beyond their code page: the kernel's text console, serial terminals, none at all. */
static bool is_poor_terminal(const struct tongue_hints *hints)
{
    static const char *const poor[] = {"linux", "dumb", "vt100", "vt102", "vt220", "ansi"};
    const char *term = hints->term != NULL ? hints->term : "";
    if (!hints->terminal)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(poor); i++)
        if (strcmp(term, poor[i]) == 0)
            return true;
    return term[0] == '\0';
}

struct tongue tongue_of(const struct tongue_hints *hints)
{
    bool const asked_zh = hints->asked != NULL && strcmp(hints->asked, "zh") == 0;
    bool const poor = is_poor_terminal(hints);
    const char *messages = first_given(hints->lc_all, hints->lc_messages, hints->lang);
    const char *characters = first_given(hints->lc_all, hints->lc_ctype, hints->lang);
    bool const utf8 = (names_utf8(characters) || asked_zh) && !poor;
    bool const zh = hints->asked != NULL ? asked_zh : strncasecmp(messages, "zh", 2) == 0;
    bool const dumb = hints->term == NULL || hints->term[0] == '\0' || strcmp(hints->term, "dumb") == 0;
    return (struct tongue){
        .language = zh && utf8 ? LANGUAGE_ZH : LANGUAGE_EN,
        .utf8 = utf8,
        .colour = hints->terminal && !dumb && !given(hints->no_color),
    };
}

struct tongue tongue_here(const char *asked)
{
    return tongue_of(&(struct tongue_hints){
        .lc_all = getenv("LC_ALL"),
        .lc_messages = getenv("LC_MESSAGES"),
        .lc_ctype = getenv("LC_CTYPE"),
        .lang = getenv("LANG"),
        .term = getenv("TERM"),
        .no_color = getenv("NO_COLOR"),
        .asked = asked,
        .terminal = isatty(STDOUT_FILENO) == 1,
    });
}

const char *tongue_pick(const struct tongue *tongue, const char *en, const char *zh)
{
    return tongue->language == LANGUAGE_ZH ? zh : en;
}

const char *tongue_label(const struct tongue *tongue, const char *en, const char *zh)
{
    const char *first = tongue_pick(tongue, en, zh);
    const char *second = tongue_pick(tongue, zh, en);
    return given(first) ? first : given(second) ? second : "";
}

/* Decodes one character; a byte that starts none stands for itself. The text is zero-terminated, so a character
 * that is cut ends at the zero. */
static size_t next_character(const char *text, uint32_t *ret_code)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t length = at[0] >= 0xF0 ? 4 : at[0] >= 0xE0 ? 3 : at[0] >= 0xC2 ? 2 : 1;
    uint32_t code = length == 1 ? at[0] : at[0] & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xC0) != 0x80) {
            *ret_code = at[0];
            return 1;
        }
        code = code << 6 | (at[i] & 0x3Fu);
    }
    *ret_code = code;
    return length;
}

/* The blocks that matter here, from Unicode's EastAsianWidth.txt (W and F) and the combining marks of Latin. */
static size_t character_width(uint32_t code)
{
    static const uint32_t wide[][2] = {
        {0x1100, 0x115F}, {0x2E80, 0x303E},   {0x3041, 0x33FF},   {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},
        {0xA000, 0xA4CF}, {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},
        {0xFFE0, 0xFFE6}, {0x1F300, 0x1F64F}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD},
    };
    if (code < 0x20 || (code >= 0x300 && code <= 0x36F) || (code >= 0x200B && code <= 0x200F))
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(wide); i++)
        if (code >= wide[i][0] && code <= wide[i][1])
            return 2;
    return 1;
}

size_t tongue_width(const char *text)
{
    size_t width = 0;
    uint32_t code;
    while (*text != '\0') {
        text += next_character(text, &code);
        width += character_width(code);
    }
    return width;
}

void tongue_put_cell(struct text *to, const char *text, size_t columns)
{
    size_t used = 0;
    while (*text != '\0') {
        uint32_t code;
        size_t length = next_character(text, &code);
        size_t width = character_width(code);
        if (used + width > columns)
            break;
        text_put_bytes(to, text, length);
        text += length;
        used += width;
    }
    for (; used < columns; used++)
        text_put_bytes(to, " ", 1);
}

const char *tongue_tint(const struct tongue *tongue, enum priority priority)
{
    static const char *const tints[PRIORITY_COUNT] = {"\033[1;31m", "\033[38;5;208m", "\033[33m", "\033[34m", ""};
    return tongue->colour && priority < PRIORITY_COUNT ? tints[priority] : "";
}

const char *tongue_plain(const struct tongue *tongue)
{
    return tongue->colour ? "\033[0m" : "";
}

const char *tongue_sign(const struct tongue *tongue, const char *sign, const char *ascii)
{
    return tongue->utf8 ? sign : ascii;
}

const char *tongue_priority(const struct tongue *tongue, enum priority priority)
{
    return tongue->language == LANGUAGE_ZH ? priority_zh(priority) : priority_colour(priority);
}

void tongue_say(const struct tongue *tongue, FILE *to, const char *en, const char *zh, ...)
{
    va_list arguments;
    va_start(arguments, zh);
    (void)vfprintf(to, tongue->language == LANGUAGE_ZH ? zh : en, arguments);
    va_end(arguments);
}

enum err page_open(struct page *page)
{
    *page = (struct page){0};
    page->stream = open_memstream(&page->bytes, &page->size);
    return page->stream != NULL ? ERR_OK : ERR_MEMORY;
}

/* Length of a harmless escape sequence (colour, clear, home) at `bytes`, or 0. */
static size_t escape_length(const char *bytes, size_t size)
{
    if (size < 3 || bytes[0] != '\033' || bytes[1] != '[')
        return 0;
    size_t at = 2;
    while (at < size && (strchr("0123456789;?", bytes[at]) != NULL && bytes[at] != '\0'))
        at++;
    return at < size && strchr("mHJKhl", bytes[at]) != NULL && bytes[at] != '\0' ? at + 1 : 0;
}

size_t page_clean(char *bytes, size_t size, const struct tongue *tongue)
{
    size_t to = 0;
    for (size_t from = 0; from < size;) {
        unsigned char const byte = (unsigned char)bytes[from];
        size_t const escape = tongue->colour ? escape_length(bytes + from, size - from) : 0;
        if (escape > 0) {
            memmove(bytes + to, bytes + from, escape);
            to += escape;
            from += escape;
            continue;
        }
        from++;
        if (byte == 0xC2 && from < size && (unsigned char)bytes[from] < 0xA0) {
            from++; /* U+0080 … U+009F: some terminals take them for the beginning of an escape sequence */
            continue;
        }
        if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7F)
            continue;
        if (byte < 0x80 || tongue->utf8)
            bytes[to++] = (char)byte;
        else if ((byte & 0xC0) != 0x80)
            bytes[to++] = '?'; /* one for a character, not for each of its bytes */
    }
    return to;
}

enum err page_show(struct page *page, const struct tongue *tongue, FILE *to)
{
    bool const whole = fclose(page->stream) == 0;
    enum err err = whole ? ERR_OK : ERR_MEMORY;
    if (whole) {
        size_t size = page_clean(page->bytes, page->size, tongue);
        if (fwrite(page->bytes, 1, size, to) != size || fflush(to) != 0)
            err = ERR_IO;
    }
    free(page->bytes);
    *page = (struct page){0};
    return err;
}
