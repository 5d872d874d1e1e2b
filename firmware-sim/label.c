#include "firmware-sim/label.h"

#include <stdio.h>
#include <string.h>

void label_read(struct label *label, const char *qr)
{
    *label = (struct label){.state = STATE_NORMAL};
    (void)snprintf(label->qr, sizeof label->qr, "%s", qr);
    const char *at = qr + (qr[0] == '[' ? 1 : 0);
    for (size_t i = 0; i < LABEL_FIELDS && *at != '\0'; i++) {
        size_t size = strcspn(at, ",]");
        memcpy(label->fields[i], at, size < LABEL_FIELD_SIZE ? size : LABEL_FIELD_SIZE - 1);
        at += size;
        at += *at == ',' ? 1 : strlen(at);
    }
}

const char *label_state_word(enum label_state state)
{
    static const char *const words[] = {"normal", "overdue", "scrapped", "unknown"};
    return words[state];
}
