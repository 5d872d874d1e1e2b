#include "gateway/site/json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/base/text.h"

#define PATH_KEY_MAX 40 /* bytes of one key that a path shows */

/* --- joining cJSON's tree with the places --------------------------------------------------------------------------- */

struct joiner {
    struct document *document;
    const struct scan *scan;
    size_t next;
};

/* Calls itself at most SITE_DEPTH_MAX deep: the scanner has refused deeper files. */
static void join(struct joiner *j, const cJSON *json, size_t parent, uint32_t index)
{
    size_t const self = j->next++;
    CHECK(self < j->scan->mark_count);
    struct node *node = &j->document->nodes[self];
    *node = (struct node){
        .document = j->document,
        .json = json,
        .up = (uint32_t)(self - parent),
        .index = index,
        .marks = j->scan->marks[self],
    };
    uint32_t position = 0;
    for (const cJSON *child = json->child; child != NULL; child = child->next)
        join(j, child, self, position++);
    node->span = (uint32_t)(j->next - self);
}

static int by_key_then_index(const void *left, const void *right)
{
    const struct node *a = *(const struct node *const *)left;
    const struct node *b = *(const struct node *const *)right;
    int order = strcmp(node_key(a), node_key(b));
    return order != 0 ? order : a->index < b->index ? -1 : a->index > b->index;
}

static void complain_doubled(struct node *object, struct node **members, struct complaints *complaints)
{
    size_t count = 0;
    for (struct node *child = object + 1; child < object + object->span; child += child->span)
        members[count++] = child;
    qsort(members, count, sizeof members[0], by_key_then_index);
    const struct node *first = NULL;
    for (size_t i = 0; i < count; i++) {
        if (first == NULL || strcmp(node_key(first), node_key(members[i])) != 0) {
            first = members[i];
            continue;
        }
        members[i]->repeated = true;
        complain_node(
            complaints, members[i], ON_KEY, S_DOUBLED_KEY,
            WORDS(words_quote(complaints, node_key(first)), words_format(complaints, "%u", node_line(first, ON_KEY))));
    }
}

static enum err check_doubled(const struct document *document, struct complaints *complaints)
{
    struct node **members = malloc(document->node_count * sizeof *members);
    if (members == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < document->node_count; i++)
        if (node_kind(&document->nodes[i]) == NODE_OBJECT)
            complain_doubled(&document->nodes[i], members, complaints);
    free(members);
    return ERR_OK;
}

enum err document_open(struct document *document, const char *name, const char *bytes, size_t size,
                       struct complaints *complaints)
{
    *document = (struct document){.name = name};
    struct scan scan;
    enum err err = scan_bytes(&scan, name, bytes, size, complaints);
    if (err != ERR_OK)
        return err;
    document->json = cJSON_ParseWithLengthOpts(scan.clean, scan.size, NULL, false);
    document->nodes = malloc(scan.mark_count * sizeof document->nodes[0]);
    document->node_count = scan.mark_count;
    if (document->json == NULL || document->nodes == NULL) {
        err = ERR_MEMORY; /* the scanner is stricter than cJSON: only memory can be the reason */
    } else {
        struct joiner joiner = {.document = document, .scan = &scan};
        join(&joiner, document->json, 0, 0);
        CHECK(joiner.next == scan.mark_count);
        err = check_doubled(document, complaints);
    }
    scan_close(&scan);
    if (err != ERR_OK) {
        complain(complaints, &(struct place){.file = name, .line = 1, .column = 1, .path = ""}, S_MEMORY, NO_WORDS);
        document_close(document);
    }
    return err;
}

void document_close(struct document *document)
{
    cJSON_Delete(document->json);
    free(document->nodes);
    *document = (struct document){0};
}

/* --- reading -------------------------------------------------------------------------------------------------------- */

const struct node *document_root(const struct document *document)
{
    return document->nodes;
}

enum node_kind node_kind(const struct node *node)
{
    if (cJSON_IsObject(node->json))
        return NODE_OBJECT;
    if (cJSON_IsArray(node->json))
        return NODE_LIST;
    if (cJSON_IsString(node->json))
        return NODE_STRING;
    if (cJSON_IsNumber(node->json))
        return NODE_NUMBER;
    return cJSON_IsBool(node->json) ? NODE_BOOL : NODE_NULL;
}

const char *node_key(const struct node *node)
{
    return node->json->string != NULL ? node->json->string : "";
}

const char *node_string(const struct node *node)
{
    return cJSON_IsString(node->json) ? node->json->valuestring : "";
}

double node_number(const struct node *node)
{
    return node->json->valuedouble;
}

bool node_is_true(const struct node *node)
{
    return cJSON_IsTrue(node->json);
}

const struct node *node_parent(const struct node *node)
{
    return node->up == 0 ? NULL : node - node->up;
}

const struct node *node_first(const struct node *node)
{
    return node->span > 1 ? node + 1 : NULL;
}

const struct node *node_next(const struct node *node)
{
    const struct node *parent = node_parent(node);
    const struct node *next = node + node->span;
    if (parent == NULL)
        return NULL;
    while (next < parent + parent->span && next->repeated)
        next += next->span;
    return next < parent + parent->span ? next : NULL;
}

size_t node_count(const struct node *node)
{
    size_t count = 0;
    for (const struct node *child = node_first(node); child != NULL; child = node_next(child))
        count++;
    return count;
}

const struct node *node_child(const struct node *node, const char *key)
{
    if (node_kind(node) != NODE_OBJECT)
        return NULL;
    for (const struct node *child = node_first(node); child != NULL; child = node_next(child))
        if (strcmp(node_key(child), key) == 0)
            return child;
    return NULL;
}

char *node_print(const struct node *node, struct arena *arena)
{
    char *printed = cJSON_PrintUnformatted(node->json);
    if (printed == NULL)
        return NULL;
    char *copy = arena_copy_text(arena, printed, strlen(printed));
    cJSON_free(printed);
    return copy;
}

/* --- complaining ---------------------------------------------------------------------------------------------------- */

static void put_step(struct text *path, const struct node *node)
{
    if (node->json->string == NULL) {
        text_put_format(path, "[%u]", node->index);
        return;
    }
    char key[PATH_KEY_MAX + 1];
    text_copy(key, sizeof key, node_key(node));
    for (char *at = key; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7F)
            *at = '?';
    /* Alarm ids hold points: alarms["gas.high"].limit */
    bool const plain = strpbrk(key, ".[]\" ") == NULL && key[0] != '\0';
    text_put_format(path, plain ? "%s%s" : "%.0s[\"%s\"]", path->used > 0 ? "." : "", key);
}

void node_path(const struct node *node, char *ret_path, size_t path_size)
{
    const struct node *chain[SITE_DEPTH_MAX + 1];
    size_t depth = 0;
    for (; node_parent(node) != NULL && depth < ARRAY_SIZE(chain); node = node_parent(node))
        chain[depth++] = node;
    struct text path;
    text_init(&path, ret_path, path_size);
    while (depth > 0)
        put_step(&path, chain[--depth]);
}

static struct mark mark_of(const struct node *node, enum spot spot)
{
    return spot == ON_KEY && node->marks.key.line != 0 ? node->marks.key : node->marks.value;
}

unsigned node_line(const struct node *node, enum spot spot)
{
    return mark_of(node, spot).line;
}

void complain_node(struct complaints *complaints, const struct node *node, enum spot spot, enum sentence sentence,
                   const struct words words[static WORDS_MAX + 1])
{
    char path[JSON_PATH_MAX] = "";
    if (complaints_want_words(complaints))
        node_path(node, path, sizeof path);
    struct mark const mark = mark_of(node, spot);
    struct place const place = {.file = node->document->name, .line = mark.line, .column = mark.column, .path = path};
    complain(complaints, &place, sentence, words);
}

struct words words_found(struct complaints *complaints, const struct node *node)
{
    switch (node_kind(node)) {
    case NODE_STRING:
        return words_quote(complaints, node_string(node));
    case NODE_NUMBER:
        return words_number(complaints, node_number(node));
    case NODE_BOOL:
        return same(node_is_true(node) ? "true" : "false");
    case NODE_LIST:
        return both("a list", "列表");
    case NODE_OBJECT:
        return both("an object {…}", "对象 {…}");
    case NODE_NULL:
        break;
    }
    return same("null");
}
