#include "firmware-sim/status.h"

#include <inttypes.h>

static void add_string(struct text *out, const char *string)
{
    text_add(out, "\"");
    for (const char *at = string; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte == '"' || byte == '\\')
            text_add(out, "\\%c", byte);
        else if (byte < ' ')
            text_add(out, "\\u%04x", byte);
        else
            text_add(out, "%c", byte);
    }
    text_add(out, "\"");
}

static void begin_member(struct status *status, const char *name)
{
    if (!status->json) {
        text_add(status->out, " %s ", name);
        return;
    }
    text_add(status->out, status->inside ? "," : "");
    add_string(status->out, name);
    text_add(status->out, ":");
    status->inside = true;
}

void status_begin_list(struct status *status, const char *name)
{
    if (!status->json)
        return;
    begin_member(status, name);
    text_add(status->out, "[");
    status->inside = false;
}

void status_end_list(struct status *status)
{
    text_add(status->out, status->json ? "]" : "");
    status->inside = true;
}

void status_begin(struct status *status, const char *kind, const char *id)
{
    if (!status->json) {
        text_add(status->out, "%s %s", kind, id);
        return;
    }
    text_add(status->out, status->inside ? ",{" : "{");
    status->inside = false;
    status_word(status, "id", id);
}

void status_word(struct status *status, const char *name, const char *word)
{
    begin_member(status, name);
    if (status->json)
        add_string(status->out, word);
    else
        text_add(status->out, "%s", word);
}

void status_number(struct status *status, const char *name, uint64_t number)
{
    begin_member(status, name);
    text_add(status->out, "%" PRIu64, number);
}

void status_real(struct status *status, const char *name, double number)
{
    begin_member(status, name);
    text_add(status->out, "%.10g", number);
}

void status_end(struct status *status)
{
    text_add(status->out, status->json ? "}" : "\n");
    status->inside = true;
}
