/* json: a parsed file whose every value knows its place.
 *
 * cJSON does the parsing; scan.c has been over the bytes before and knows line and column of every key and value. Both go
 * through the document in the same order, which is how they are joined. Nodes are one array in document order: the first
 * child of a node is the next node, a node is followed by `span - 1` descendants. Read-only after document_open(). */
#ifndef OUTPOST_SITE_JSON_H
#define OUTPOST_SITE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/arena.h"
#include "gateway/base/err.h"
#include "gateway/site/scan.h"
#include "gateway/site/sentences.h"

#define JSON_PATH_MAX 512

struct cJSON;
struct document;

enum node_kind { NODE_NULL, NODE_BOOL, NODE_NUMBER, NODE_STRING, NODE_LIST, NODE_OBJECT };

struct node {
    const struct document *document;
    const struct cJSON *json;
    uint32_t span;  /* this node and all below it */
    uint32_t up;    /* how many nodes before this one its parent stands; 0: the root */
    uint32_t index; /* among its siblings */
    bool repeated;  /* a key that was there before: nobody sees it but who complains */
    struct value_marks marks;
};

struct document {
    const char *name; /* file name in complaints; the caller's, must outlive the document */
    struct cJSON *json;
    struct node *nodes;
    size_t node_count;
};

/* Complains about everything scan_bytes() finds and about doubled keys (the first one counts). Doubled keys alone do not
 * make it fail. ERR_FORMAT, ERR_MEMORY: nothing to close. */
MUST_CHECK enum err document_open(struct document *document, const char *name, const char *bytes, size_t size,
                                  struct complaints *complaints);
void document_close(struct document *document); /* accepts the zeroed */

const struct node *document_root(const struct document *document);

enum node_kind node_kind(const struct node *node);
const char *node_key(const struct node *node);    /* "" for list elements and the root */
const char *node_string(const struct node *node); /* "" when it is no string */
double node_number(const struct node *node);      /* may be infinite: 1e999 */
bool node_is_true(const struct node *node);

size_t node_count(const struct node *node);                              /* children */
const struct node *node_first(const struct node *node);                  /* NULL: no children */
const struct node *node_next(const struct node *node);                   /* sibling; NULL after the last */
const struct node *node_parent(const struct node *node);                 /* NULL: the root */
const struct node *node_child(const struct node *node, const char *key); /* NULL: none, or not an object */

/* The value printed as compact JSON; NULL when memory is out. */
char *node_print(const struct node *node, struct arena *arena);

/* "buses[0].baud"; cut when longer than the buffer. */
void node_path(const struct node *node, char *ret_path, size_t path_size);

enum spot { ON_VALUE, ON_KEY }; /* list elements have no key: their value then */

void complain_node(struct complaints *complaints, const struct node *node, enum spot spot, enum sentence sentence,
                   const struct words words[static WORDS_MAX + 1]);

/* What stands there, for a sentence: a text or number as it is, else "a list" … */
struct words words_found(struct complaints *complaints, const struct node *node);
unsigned node_line(const struct node *node, enum spot spot);

#endif
