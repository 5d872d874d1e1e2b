/* The gas cylinders that may be used on this site. */
#include <stdlib.h>
#include <string.h>

#include "gateway/core/qr.h"
#include "gateway/site/loader.h"

#define CODE_MAX 128 /* bytes; a whole QR text may be pasted */

struct listed {
    const char *code;
    const struct node *node;
    size_t place; /* in the file */
};

static int by_code(const void *a, const void *b)
{
    const struct listed *one = a;
    const struct listed *other = b;
    int const order = strcmp(one->code, other->code);
    return order != 0 ? order : (one->place < other->place ? -1 : 1);
}

/* Each as qr_read() tells it from others, so that it may be written as it is printed. */
static size_t read_codes(struct loader *l, const struct node *list, struct listed *ret_listed)
{
    size_t count = 0;
    for (const struct node *child = node_first(list); child != NULL; child = node_next(child)) {
        const char *text;
        if (!shape_text(child, CODE_MAX, l->complaints, &text))
            continue;
        struct qr_part const code = qr_read(text, strlen(text)).code;
        char buffer[CODE_MAX + 1];
        memcpy(buffer, code.at, code.size);
        buffer[code.size] = '\0';
        if (code.size == 0)
            complain_node(
                l->complaints, child, ON_VALUE, S_BAD_FORMAT,
                WORDS(words_quote(l->complaints, text),
                      both("the code of a cylinder such as \"132020000001\"", "气瓶编码，例如 \"132020000001\"")));
        else
            ret_listed[count] = (struct listed){take_text(l->arena, buffer, l->complaints), child, count};
        count += code.size > 0;
    }
    return count;
}

void load_cylinders(struct loader *l)
{
    struct raw_cylinders raw = {0};
    if (l->raw.cylinders == NULL || !shape_read(l->raw.cylinders, &cylinders_shape, &raw, l->complaints) ||
        raw.allow == NULL)
        return;
    size_t const wanted = node_count(raw.allow);
    if (wanted > SITE_CYLINDERS_MAX) {
        complain_node(
            l->complaints, raw.allow, ON_VALUE, S_TOO_MANY,
            WORDS(words_number(l->complaints, (double)wanted), words_number(l->complaints, SITE_CYLINDERS_MAX)));
        return;
    }
    struct listed *listed = take_array(&l->scratch, wanted, sizeof *listed, l->complaints);
    const char **codes = take_array(l->arena, wanted, sizeof *codes, l->complaints);
    struct cylinder_list *list = take_array(l->arena, 1, sizeof *list, l->complaints);
    if (wanted == 0 || listed == NULL || codes == NULL || list == NULL)
        return;
    size_t const count = read_codes(l, raw.allow, listed);
    qsort(listed, count, sizeof *listed, by_code);
    for (size_t i = 0; i < count; i++) {
        codes[i] = listed[i].code;
        if (i > 0 && strcmp(codes[i - 1], codes[i]) == 0)
            complain_node(l->complaints, listed[i].node, ON_VALUE, S_LISTED_TWICE,
                          WORDS(words_quote(l->complaints, codes[i])));
    }
    *list = (struct cylinder_list){codes, count};
    l->site->cylinders = list;
}
