#include "gateway/site/sentences.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/base/text.h"

#define COMPLAINTS_SIZE_MAX ((size_t)4 * 1024 * 1024)
#define SENTENCE_SIZE_MAX   2048
#define QUOTE_SIZE_MAX      60 /* bytes of something foreign that a sentence repeats */
#define NAMES_LISTED_MAX    24
#define NAMES_TRIED_MAX     4096

enum severity { E, W };

struct sentence_row {
    const char *code;
    enum severity severity;
    const char *text[2];
};

#define SENTENCE_ROW(name, code, severity, en, zh) {code, severity, {en, zh}},
static const struct sentence_row rows[SENTENCE_COUNT] = {SENTENCE_LIST(SENTENCE_ROW)};
#undef SENTENCE_ROW

const char *sentence_code(enum sentence sentence)
{
    return rows[sentence].code;
}

bool sentence_is_warning(enum sentence sentence)
{
    return rows[sentence].severity == W;
}

void complaints_init(struct complaints *complaints)
{
    complaints->count = 0;
    complaints->errors = 0;
    complaints->warnings = 0;
    arena_init(&complaints->arena, COMPLAINTS_SIZE_MAX);
}

void complaints_close(struct complaints *complaints)
{
    arena_close(&complaints->arena);
    complaints->count = 0;
}

bool complaints_want_words(const struct complaints *complaints)
{
    return complaints->count < COMPLAINTS_MAX;
}

/* Copies a sentence, its {0} … {4} replaced by the words. */
static const char *fill_in(struct complaints *complaints, const char *sentence, const struct words *words,
                           enum language language)
{
    char buffer[SENTENCE_SIZE_MAX];
    struct text text;
    text_init(&text, buffer, sizeof buffer);
    for (const char *at = sentence; *at != '\0';) {
        size_t plain = strcspn(at, "{");
        text_put_bytes(&text, at, plain);
        at += plain;
        if (at[0] == '\0')
            break;
        if (at[1] >= '0' && at[1] < '0' + WORDS_MAX && at[2] == '}') {
            const char *word = words[at[1] - '0'].text[language];
            text_put(&text, word != NULL ? word : "");
            at += 3;
        } else {
            text_put_bytes(&text, at, 1);
            at++;
        }
    }
    return arena_copy_text(&complaints->arena, buffer, text.used);
}

static const char *copy_or(struct complaints *complaints, const char *text, const char *otherwise)
{
    const char *copy = arena_copy_text(&complaints->arena, text, strlen(text));
    return copy != NULL ? copy : otherwise;
}

static const char *copy_file(struct complaints *complaints, const char *file)
{
    for (size_t i = complaints->count; i > 0; i--)
        if (strcmp(complaints->list[i - 1].file, file) == 0)
            return complaints->list[i - 1].file;
    return copy_or(complaints, file, "?");
}

void complain(struct complaints *complaints, const struct place *place, enum sentence sentence,
              const struct words words[static WORDS_MAX + 1])
{
    const struct sentence_row *row = &rows[sentence];
    if (row->severity == W)
        complaints->warnings++;
    else
        complaints->errors++;
    if (!complaints_want_words(complaints))
        return;
    struct complaint *complaint = &complaints->list[complaints->count];
    *complaint = (struct complaint){
        .warning = row->severity == W,
        .code = row->code,
        .file = copy_file(complaints, place->file),
        .line = place->line,
        .column = place->column,
        .path = copy_or(complaints, place->path, ""),
    };
    for (size_t language = 0; language < 2; language++) {
        complaint->text[language] = fill_in(complaints, row->text[language], words, (enum language)language);
        if (complaint->text[language] == NULL)
            complaint->text[language] = row->text[language];
    }
    complaints->count++;
}

static int by_place(const void *left, const void *right)
{
    const struct complaint *a = left;
    const struct complaint *b = right;
    int order = strcmp(a->file, b->file);
    if (order != 0)
        return order;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    if (a->column != b->column)
        return a->column < b->column ? -1 : 1;
    return strcmp(a->code, b->code);
}

void complaints_sort(struct complaints *complaints)
{
    qsort(complaints->list, complaints->count, sizeof complaints->list[0], by_place);
}

/* Adds as much of the text as fits before `size`, cut at a character. */
static size_t put_cut(char *line, size_t size, size_t used, const char *text)
{
    text_copy(line + used, size - used, text);
    return used + strlen(line + used);
}

void complaint_print(const struct complaint *complaint, enum language language, char *ret_line, size_t line_size)
{
    static const char *const severity[2][2] = {{"error", "错误"}, {"warning", "提醒"}};
    char place[48];
    (void)snprintf(place, sizeof place, ":%u:%u: ", complaint->line, complaint->column);
    const char *const parts[] = {complaint->file,
                                 place,
                                 severity[complaint->warning][language],
                                 ": ",
                                 complaint->path,
                                 complaint->path[0] != '\0' ? ": " : "",
                                 complaint->text[language]};
    CHECK(line_size >= 2);
    size_t used = 0;
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        used = put_cut(ret_line, line_size - 1, used, parts[i]);
    ret_line[used] = '\n';
    ret_line[used + 1] = '\0';
}

struct words words_format(struct complaints *complaints, const char *format, ...)
{
    if (!complaints_want_words(complaints))
        return same("");
    char buffer[512];
    va_list arguments;
    va_start(arguments, format);
    int wanted = vsnprintf(buffer, sizeof buffer, format, arguments);
    va_end(arguments);
    return same(wanted < 0 ? "" : copy_or(complaints, buffer, ""));
}

struct words words_quote(struct complaints *complaints, const char *text)
{
    if (!complaints_want_words(complaints))
        return same("");
    char cut[QUOTE_SIZE_MAX + 1];
    text_copy(cut, sizeof cut, text);
    for (char *at = cut; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7F)
            *at = '?';
    return words_format(complaints, "\"%s%s\"", cut, strlen(text) > strlen(cut) ? "…" : "");
}

struct words words_number(struct complaints *complaints, double number)
{
    return words_format(complaints, "%.15g", number);
}

struct words words_duration(struct complaints *complaints, int64_t ms)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {{"d", 86400000}, {"h", 3600000}, {"min", 60000}, {"s", 1000}};
    for (size_t i = 0; i < ARRAY_SIZE(units); i++)
        if (ms >= units[i].ms && ms % units[i].ms == 0)
            return words_format(complaints, "%lld%s", (long long)(ms / units[i].ms), units[i].name);
    return words_format(complaints, "%lldms", (long long)ms);
}

/* Edit distance with swapped neighbours (optimal string alignment), of the first NAME_COMPARED bytes. */
#define NAME_COMPARED 64
static size_t edit_distance(const char *a, const char *b)
{
    size_t const a_size = strnlen(a, NAME_COMPARED);
    size_t const b_size = strnlen(b, NAME_COMPARED);
    unsigned char rows_of[3][NAME_COMPARED + 1];
    unsigned char *before = rows_of[0];
    unsigned char *last = rows_of[1];
    unsigned char *now = rows_of[2];
    for (size_t j = 0; j <= b_size; j++)
        last[j] = (unsigned char)j;
    for (size_t i = 1; i <= a_size; i++) {
        now[0] = (unsigned char)i;
        for (size_t j = 1; j <= b_size; j++) {
            unsigned char best = (unsigned char)(last[j - 1] + (a[i - 1] != b[j - 1]));
            if (last[j] + 1 < best)
                best = (unsigned char)(last[j] + 1);
            if (now[j - 1] + 1 < best)
                best = (unsigned char)(now[j - 1] + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < best)
                best = (unsigned char)(before[j - 2] + 1);
            now[j] = best;
        }
        unsigned char *oldest = before;
        before = last;
        last = now;
        now = oldest;
    }
    return last[b_size];
}

static const char *closest(const char *wanted, const char *(*name)(const void *, size_t), const void *context)
{
    size_t const length = strnlen(wanted, NAME_COMPARED);
    size_t best = length / 3 + 1; /* a third of the letters may be wrong */
    const char *found = NULL;
    for (size_t i = 0; i < NAMES_TRIED_MAX; i++) {
        const char *candidate = name(context, i);
        if (candidate == NULL)
            break;
        size_t const other = strnlen(candidate, NAME_COMPARED);
        if (other > length + best || length > other + best) /* so many letters are missing at least */
            continue;
        size_t distance = edit_distance(wanted, candidate);
        if (distance <= best && distance < strlen(candidate)) {
            best = distance == 0 ? 0 : distance - 1;
            found = candidate;
        }
    }
    return found;
}

struct words words_suggest(struct complaints *complaints, const char *wanted,
                           const char *(*name)(const void *context, size_t index), const void *context)
{
    if (!complaints_want_words(complaints))
        return same("");
    const char *meant = closest(wanted, name, context);
    if (meant != NULL)
        return both(words_format(complaints, "did you mean \"%s\"?", meant).text[LANGUAGE_EN],
                    words_format(complaints, "是不是想写 \"%s\"？", meant).text[LANGUAGE_ZH]);
    char buffer[480];
    struct text list;
    text_init(&list, buffer, sizeof buffer);
    size_t count = 0;
    const char *next = name(context, 0);
    for (; next != NULL && count < NAMES_LISTED_MAX; next = name(context, ++count)) {
        if (strlen(next) + 16 > list.size - list.used)
            break;
        text_put_format(&list, "%s%s", count > 0 ? ", " : "", next);
    }
    if (count == 0)
        return both("there are none", "一个也没有");
    if (next != NULL)
        text_put(&list, ", …");
    return both(words_format(complaints, "allowed: %s", buffer).text[LANGUAGE_EN],
                words_format(complaints, "可用：%s", buffer).text[LANGUAGE_ZH]);
}

const char *name_of_array(const void *context, size_t index)
{
    const char *const *names = context;
    return names[index];
}
