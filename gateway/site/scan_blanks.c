/* What stands between the values of a JSON text: characters, blanks, comments, brackets and commas, and the full-width ones that
 * an input method in Chinese mode writes instead. */
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/site/scanner.h"
#include "gateway/site/sentences.h"

void complain_here(struct scanner *s, struct mark mark, enum sentence sentence,
                   const struct words words[static WORDS_MAX + 1])
{
    struct place const place = {.file = s->name, .line = mark.line, .column = mark.column, .path = ""};
    complain(s->complaints, &place, sentence, words);
}

void scan_stop(struct scanner *s)
{
    s->stopped = true;
    s->at = s->size;
}

size_t utf8_size(const char *bytes, size_t size)
{
    unsigned char const first = (unsigned char)bytes[0];
    if (first < 0x80)
        return 1;
    size_t const wanted = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (wanted > size || !text_is_utf8(bytes, wanted))
        return 0;
    return wanted;
}

bool scan_starts_with(const struct scanner *s, const char *text)
{
    size_t const length = strlen(text);
    return s->size - s->at >= length && memcmp(s->bytes + s->at, text, length) == 0;
}

void scan_step(struct scanner *s)
{
    size_t length = utf8_size(s->bytes + s->at, s->size - s->at);
    s->here.column++;
    if (s->bytes[s->at] == '\n')
        s->here = (struct mark){s->here.line + 1, 1};
    s->at += length == 0 ? 1 : length;
}

struct words words_here(struct scanner *s)
{
    if (s->at >= s->size)
        return both("the end of the file", "文件结尾");
    char one[5] = {0};
    size_t length = utf8_size(s->bytes + s->at, s->size - s->at);
    memcpy(one, s->bytes + s->at, length);
    return words_quote(s->complaints, one);
}

static const struct twin twins[] = {
    {"，", ','}, {"：", ':'}, {"“", '"'}, {"”", '"'}, {"｛", '{'}, {"｝", '}'}, {"［", '['},     {"］", ']'},
    {"【", '['}, {"】", ']'}, {"‘", '"'}, {"’", '"'}, {"＂", '"'}, {"、", ','}, {"\u3000", ' '}, {"\u00A0", ' '},
};

const struct twin *twin_here(const struct scanner *s)
{
    if (s->at >= s->size || (unsigned char)s->bytes[s->at] < 0x80)
        return NULL;
    for (size_t i = 0; i < ARRAY_SIZE(twins); i++)
        if (scan_starts_with(s, twins[i].wide))
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

void scan_blank(struct scanner *s, size_t from, size_t to)
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
    scan_step(s);
    scan_step(s);
    while (s->at < s->size && !(block ? scan_starts_with(s, "*/") : s->bytes[s->at] == '\n'))
        scan_step(s);
    if (block && s->at >= s->size) {
        complain_here(s, began, S_OPEN_COMMENT, NO_WORDS);
        scan_stop(s);
    } else if (block) {
        scan_step(s);
        scan_step(s);
    }
    scan_blank(s, from, s->at);
}

static void skip_blanks(struct scanner *s)
{
    while (s->at < s->size) {
        char const c = s->bytes[s->at];
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            scan_step(s);
            continue;
        }
        if (c == '/' && (scan_starts_with(s, "//") || scan_starts_with(s, "/*"))) {
            skip_comment(s);
            continue;
        }
        const struct twin *twin = twin_here(s);
        if (twin == NULL || twin->narrow != ' ')
            return;
        complain_twin(s, twin);
        scan_step(s);
    }
}

char sign_here(struct scanner *s)
{
    skip_blanks(s);
    if (s->at >= s->size)
        return 0;
    const struct twin *twin = twin_here(s);
    if (twin != NULL)
        return twin->narrow;
    return (unsigned char)s->bytes[s->at] < 0x80 ? s->bytes[s->at] : 1;
}

void take_sign(struct scanner *s)
{
    const struct twin *twin = twin_here(s);
    if (twin != NULL)
        complain_twin(s, twin);
    scan_step(s);
    s->last_end = s->here;
}
