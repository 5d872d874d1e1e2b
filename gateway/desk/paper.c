#include "gateway/desk/paper.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"

#define COLUMNS_MAX 32

static bool is_shown(const struct column *column, enum form form)
{
    return (column->forms & (unsigned)form) != 0;
}

enum form form_asked(const struct options *options)
{
    return options->json ? FORM_JSON : options->markdown ? FORM_MARKDOWN : FORM_TEXT;
}

enum err paper_open(struct paper *paper, enum form form, const struct tongue *tongue)
{
    *paper = (struct paper){.form = form, .tongue = *tongue};
    if (form != FORM_TEXT)
        paper->tongue.utf8 = true;
    enum err const err = page_open(&paper->page);
    paper->to = paper->page.stream;
    if (err == ERR_OK && form == FORM_JSON)
        (void)fputs("{", paper->to);
    return err;
}

enum err paper_show(struct paper *paper, FILE *to)
{
    if (paper->form == FORM_JSON)
        (void)fputs("}\n", paper->to);
    enum err const err = page_show(&paper->page, &paper->tongue, to);
    return paper->failed ? ERR_MEMORY : err;
}

/* --- the three forms of a text ---------------------------------------------------------------------------------------- */

static void put_json_text(FILE *to, const char *text)
{
    char buffer[8192];
    struct text json;
    text_init(&json, buffer, sizeof buffer);
    text_put_json_string(&json, text);
    (void)fputs(json.full ? "\"\"" : buffer, to);
}

/* A bar would end the cell, a line break the row. */
static void put_markdown_text(FILE *to, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '|')
            (void)fputc('\\', to);
        (void)fputc(*text == '\n' ? ' ' : *text, to);
    }
}

static void put_json_cell(FILE *to, enum cell cell, const char *value)
{
    if (cell == CELL_FLAG)
        (void)fputs(value[0] != '\0' ? "true" : "false", to);
    else if (cell == CELL_NUMBER)
        (void)fputs(value, to);
    else
        put_json_text(to, value);
}

static void put_markdown_cell(FILE *to, enum cell cell, const char *value)
{
    bool const is_code = cell == CELL_CODE && value[0] != '\0';
    if (cell == CELL_FLAG)
        value = value[0] != '\0' ? "✓" : "";
    (void)fputs(is_code ? "`" : "", to);
    put_markdown_text(to, value);
    (void)fputs(is_code ? "`" : "", to);
}

static void put_both(FILE *to, const char *zh, const char *en)
{
    if (strcmp(zh, en) == 0)
        (void)fputs(en, to);
    else
        (void)fprintf(to, "%s %s", zh, en);
}

static void put_key(struct paper *paper, const char *key)
{
    (void)fprintf(paper->to, "%s\"%s\":", paper->any ? "," : "", key);
    paper->any = true;
}

/* --- headings, sentences  --------------------------------------------------------------------------------------- */

/* In Markdown an empty line stands between any two blocks. */
static void begin_block(struct paper *paper)
{
    if (paper->form == FORM_MARKDOWN && paper->any)
        (void)fputs("\n", paper->to);
    paper->any = true;
}

void paper_heading(struct paper *paper, int level, const char *en, const char *zh)
{
    if (paper->form == FORM_JSON)
        return;
    begin_block(paper);
    if (paper->form == FORM_TEXT) {
        (void)fprintf(paper->to, "%s%s", level > 1 ? "\n" : "", tongue_pick(&paper->tongue, en, zh));
    } else {
        (void)fprintf(paper->to, "%.*s ", level, "####");
        put_both(paper->to, zh, en);
    }
    (void)fputs("\n", paper->to);
}

void paper_remark(struct paper *paper, const char *en, const char *zh)
{
    if (paper->form == FORM_JSON || (en[0] == '\0' && zh[0] == '\0'))
        return;
    begin_block(paper);
    if (paper->form == FORM_TEXT)
        (void)fprintf(paper->to, "%s\n", tongue_label(&paper->tongue, en, zh));
    else if (en[0] == '\0' || zh[0] == '\0' || strcmp(en, zh) == 0)
        (void)fprintf(paper->to, "%s\n", en[0] != '\0' ? en : zh);
    else
        (void)fprintf(paper->to, "%s\n\n%s\n", zh, en);
}

/* --- sheets ----------------------------------------------------------------------------------------------------------- */

void sheet_open(struct sheet *sheet, const struct column *columns, size_t column_count)
{
    CHECK(column_count > 0 && column_count <= COLUMNS_MAX);
    *sheet = (struct sheet){.columns = columns, .column_count = column_count};
    sheet->stream = open_memstream(&sheet->bytes, &sheet->size);
}

static void end_cell(struct sheet *sheet)
{
    if (sheet->stream != NULL)
        (void)fputc('\0', sheet->stream);
    sheet->count++;
}

void sheet_put(struct sheet *sheet, const char *cell)
{
    if (sheet->stream != NULL && cell != NULL)
        (void)fputs(cell, sheet->stream);
    end_cell(sheet);
}

struct text *sheet_begin(struct sheet *sheet)
{
    text_init(&sheet->text, sheet->buffer, sizeof sheet->buffer);
    return &sheet->text;
}

void sheet_end(struct sheet *sheet)
{
    sheet->failed = sheet->failed || sheet->text.full;
    sheet_put(sheet, sheet->buffer);
}

void sheet_put_flag(struct sheet *sheet, bool flag)
{
    sheet_put(sheet, flag ? "x" : "");
}

const char *number_text(double number, char ret_text[static NUMBER_TEXT_MAX])
{
    struct text text;
    text_init(&text, ret_text, NUMBER_TEXT_MAX);
    text_put_number(&text, number, false);
    return ret_text;
}

void sheet_put_number(struct sheet *sheet, double number)
{
    char text[NUMBER_TEXT_MAX];
    sheet_put(sheet, number > NO_LIMIT ? number_text(number, text) : "");
}

void sheet_put_format(struct sheet *sheet, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (sheet->stream != NULL)
        (void)vfprintf(sheet->stream, format, arguments);
    va_end(arguments);
    end_cell(sheet);
}

void sheet_put_duration(struct sheet *sheet, int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *unit;
    } units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "min"}, {1000, "s"}, {1, "ms"}};
    size_t i = 0;
    if (ms <= 0) {
        sheet_put(sheet, "");
        return;
    }
    while (ms % units[i].ms != 0)
        i++;
    sheet_put_format(sheet, "%" PRId64 "%s", ms / units[i].ms, units[i].unit);
}

/* --- tables ----------------------------------------------------------------------------------------------------------- */

static const char *next_cell(const char *cell)
{
    return cell + strlen(cell) + 1;
}

static const char *shown_text(const struct column *column, const char *cell, const struct tongue *tongue)
{
    return column->cell == CELL_FLAG && cell[0] != '\0' ? tongue_sign(tongue, "✓", "x") : cell;
}

/* Columns each needs; 0: nobody needs it. */
static void measure(const struct sheet *sheet, const struct tongue *tongue, enum form form,
                    size_t ret_widths[static COLUMNS_MAX])
{
    const char *cell = sheet->bytes;
    memset(ret_widths, 0, COLUMNS_MAX * sizeof *ret_widths);
    for (size_t i = 0; i < sheet->count; i++, cell = next_cell(cell)) {
        const struct column *column = &sheet->columns[i % sheet->column_count];
        size_t const width = tongue_width(shown_text(column, cell, tongue));
        if (is_shown(column, form) && width > ret_widths[i % sheet->column_count])
            ret_widths[i % sheet->column_count] = width;
    }
    for (size_t i = 0; i < sheet->column_count; i++) {
        size_t const width =
            ret_widths[i] == 0 ? 0 : tongue_width(tongue_pick(tongue, sheet->columns[i].en, sheet->columns[i].zh));
        ret_widths[i] = width > ret_widths[i] ? width : ret_widths[i];
    }
}

/* Blanks are held back until something follows them: no line ends in blanks. */
static void put_aligned(FILE *to, const char *text, size_t width, size_t *blanks)
{
    *blanks += 2;
    if (text[0] != '\0') {
        (void)fprintf(to, "%*s%s", (int)*blanks, "", text);
        *blanks = 0;
    }
    *blanks += width - tongue_width(text);
}

static void print_text(const struct paper *paper, const struct sheet *sheet)
{
    size_t widths[COLUMNS_MAX];
    size_t blanks = 0;
    const char *cell = sheet->bytes;
    measure(sheet, &paper->tongue, FORM_TEXT, widths);
    for (size_t i = 0; i < sheet->column_count; i++)
        if (widths[i] > 0)
            put_aligned(paper->to, tongue_pick(&paper->tongue, sheet->columns[i].en, sheet->columns[i].zh), widths[i],
                        &blanks);
    for (size_t i = 0; i < sheet->count; i++, cell = next_cell(cell)) {
        size_t const at = i % sheet->column_count;
        if (at == 0) {
            (void)fputs("\n", paper->to);
            blanks = 0;
        }
        if (widths[at] > 0)
            put_aligned(paper->to, shown_text(&sheet->columns[at], cell, &paper->tongue), widths[at], &blanks);
    }
    (void)fputs("\n", paper->to);
}

static void print_markdown(const struct paper *paper, const struct sheet *sheet)
{
    size_t widths[COLUMNS_MAX];
    measure(sheet, &paper->tongue, FORM_MARKDOWN, widths);
    const char *cell = sheet->bytes;
    for (size_t i = 0; i < sheet->column_count; i++) {
        if (widths[i] == 0)
            continue;
        (void)fputs("| ", paper->to);
        put_both(paper->to, sheet->columns[i].zh, sheet->columns[i].en);
        (void)fputs(" ", paper->to);
    }
    (void)fputs("|\n", paper->to);
    for (size_t i = 0; i < sheet->column_count; i++)
        (void)fputs(widths[i] > 0 ? "|---" : "", paper->to);
    for (size_t i = 0; i < sheet->count; i++, cell = next_cell(cell)) {
        size_t const at = i % sheet->column_count;
        if (at == 0)
            (void)fputs("|\n", paper->to);
        if (widths[at] == 0)
            continue;
        (void)fputs("| ", paper->to);
        put_markdown_cell(paper->to, sheet->columns[at].cell, cell);
        (void)fputs(" ", paper->to);
    }
    (void)fputs("|\n", paper->to);
}

static void print_json(const struct paper *paper, const struct sheet *sheet)
{
    const char *cell = sheet->bytes;
    bool any = false;
    (void)fputs("[", paper->to);
    for (size_t i = 0; i < sheet->count; i++, cell = next_cell(cell)) {
        const struct column *column = &sheet->columns[i % sheet->column_count];
        if (i % sheet->column_count == 0) {
            (void)fputs(i > 0 ? ",{" : "{", paper->to);
            any = false;
        }
        if (is_shown(column, FORM_JSON) && (cell[0] != '\0' || column->cell == CELL_FLAG)) {
            (void)fprintf(paper->to, "%s\"%s\":", any ? "," : "", column->key);
            put_json_cell(paper->to, column->cell, cell);
            any = true;
        }
        if ((i + 1) % sheet->column_count == 0)
            (void)fputs("}", paper->to);
    }
    (void)fputs("]", paper->to);
}

/* True when the cells are whole; then the caller prints them. Either way sheet_free() follows. */
static bool sheet_finish(struct sheet *sheet, struct paper *paper)
{
    bool const whole = sheet->stream != NULL && fclose(sheet->stream) == 0;
    CHECK(sheet->count % sheet->column_count == 0);
    paper->failed = paper->failed || sheet->failed || !whole;
    return whole;
}

static void sheet_free(struct sheet *sheet)
{
    free(sheet->bytes);
    *sheet = (struct sheet){0};
}

static void print_fact(const struct paper *paper, const struct column *column, const char *value)
{
    if (paper->form == FORM_MARKDOWN) {
        (void)fputs("- ", paper->to);
        put_both(paper->to, column->zh, column->en);
        (void)fputs(column->cell == CELL_FLAG ? "" : ": ", paper->to);
        if (column->cell != CELL_FLAG)
            put_markdown_cell(paper->to, column->cell, value);
    } else {
        (void)fprintf(paper->to, "  %s%s%s", tongue_pick(&paper->tongue, column->en, column->zh),
                      column->cell == CELL_FLAG ? "" : ": ", column->cell == CELL_FLAG ? "" : value);
    }
    (void)fputs("\n", paper->to);
}

static void print_facts(struct paper *paper, const struct sheet *sheet)
{
    const char *cell = sheet->bytes;
    for (size_t i = 0; i < sheet->count; i++, cell = next_cell(cell)) {
        const struct column *column = &sheet->columns[i];
        if (!is_shown(column, paper->form) ||
            (cell[0] == '\0' && (paper->form != FORM_JSON || column->cell != CELL_FLAG)))
            continue;
        if (paper->form == FORM_JSON) {
            put_key(paper, column->key);
            put_json_cell(paper->to, column->cell, cell);
        } else {
            print_fact(paper, column, cell);
        }
    }
}

void paper_facts(struct paper *paper, struct sheet *sheet)
{
    CHECK(sheet->count == sheet->column_count);
    if (paper->form != FORM_JSON)
        begin_block(paper);
    if (sheet_finish(sheet, paper))
        print_facts(paper, sheet);
    sheet_free(sheet);
}

void paper_table(struct paper *paper, const char *key, const char *en, const char *zh, struct sheet *sheet)
{
    bool const whole = sheet_finish(sheet, paper);
    if (whole && paper->form == FORM_JSON) {
        put_key(paper, key);
        print_json(paper, sheet);
    } else if (whole && sheet->count > 0) {
        if (en[0] != '\0')
            paper_heading(paper, 2, en, zh);
        begin_block(paper);
        if (paper->form == FORM_TEXT)
            print_text(paper, sheet);
        else
            print_markdown(paper, sheet);
    }
    sheet_free(sheet);
}
