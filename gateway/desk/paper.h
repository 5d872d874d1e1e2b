/* paper: what a verb has to tell, written once and printed in three forms: for people (one language, aligned columns), for
 * documents (Markdown, both languages) and for programs (one JSON object). Facts come first, then tables. */
#ifndef OUTPOST_DESK_PAPER_H
#define OUTPOST_DESK_PAPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "gateway/base/err.h"
#include "gateway/desk/options.h"
#include "gateway/desk/tongue.h"

/* Bits: a column says in which forms it stands. */
enum form { FORM_TEXT = 1, FORM_MARKDOWN = 2, FORM_JSON = 4 };
#define FOR_PEOPLE   (FORM_TEXT | FORM_MARKDOWN)
#define FOR_PROGRAMS FORM_JSON
#define FOR_ALL      (FOR_PEOPLE | FOR_PROGRAMS)

enum cell {
    CELL_TEXT,
    CELL_CODE,   /* text, in Markdown set as code */
    CELL_NUMBER, /* already printed */
    CELL_FLAG,   /* "" is no, anything else yes */
};

/* An empty cell is left out of JSON (a flag is false); a column without a filled cell is left out for people. */
struct column {
    const char *key; /* in JSON */
    const char *en;  /* for people */
    const char *zh;
    enum cell cell;
    unsigned forms; /* enum form, or-ed */
};

struct paper {
    struct page page;
    FILE *to; /* the page's */
    enum form form;
    struct tongue tongue; /* only text for people goes without UTF-8 */
    bool any;             /* there is something on it already */
    bool failed;          /* memory ran out: what is on the paper is not whole */
};

enum form form_asked(const struct options *options);

MUST_CHECK enum err paper_open(struct paper *paper, enum form form, const struct tongue *tongue);
/* Writes it to `to` and closes it. ERR_MEMORY, ERR_IO. */
MUST_CHECK enum err paper_show(struct paper *paper, FILE *to);

/* A heading and sentences, not for programs. `level` 1 is the page's title. */
void paper_heading(struct paper *paper, int level, const char *en, const char *zh);
void paper_remark(struct paper *paper, const char *en, const char *zh);

#define SHEET_CELL_MAX 4096 /* of cells written piece by piece */

/* Cells are collected row by row, then printed at once. */
struct sheet {
    const struct column *columns;
    size_t column_count;
    FILE *stream; /* NULL: memory is out */
    char *bytes;  /* the cells, each with its zero */
    size_t size;
    size_t count; /* of cells */
    bool failed;
    struct text text; /* the cell that is being written */
    char buffer[SHEET_CELL_MAX];
};

void sheet_open(struct sheet *sheet, const struct column *columns, size_t column_count);
void sheet_put(struct sheet *sheet, const char *cell); /* NULL: an empty one */
/* A cell in pieces: write into what sheet_begin() gives, then sheet_end(). */
struct text *sheet_begin(struct sheet *sheet);
void sheet_end(struct sheet *sheet);
void sheet_put_flag(struct sheet *sheet, bool flag);
void sheet_put_number(struct sheet *sheet, double number); /* shortest decimal; NO_LIMIT: an empty cell */
void sheet_put_format(struct sheet *sheet, const char *format, ...) PRINTF_LIKE(2, 3);
/* "500ms" "15s" "10min", as the site file writes them; 0 gives an empty cell. */
void sheet_put_duration(struct sheet *sheet, int64_t ms);

/* Prints a sheet of one row as lines "heading: cell" (JSON: members) and closes it. */
void paper_facts(struct paper *paper, struct sheet *sheet);

/* Prints the sheet as a table under that heading (JSON: a list under `key`) and closes it. A sheet without rows is left out,
 * but not in JSON. */
void paper_table(struct paper *paper, const char *key, const char *en, const char *zh, struct sheet *sheet);

/* 40 characters are room for every double. */
#define NUMBER_TEXT_MAX 40
const char *number_text(double number, char ret_text[static NUMBER_TEXT_MAX]);

#endif
