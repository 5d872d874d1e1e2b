#include "gateway/model/inbox.h"

size_t inbox_size(const struct inbox *inbox)
{
    size_t const head = offsetof(struct inbox, is);
    switch ((enum inbox_kind)inbox->kind) {
    case INBOX_BATCH:
        return head + batch_size(&inbox->is.batch);
    case INBOX_WRITTEN:
        return head + sizeof(struct written);
    case INBOX_BUS:
        return head + sizeof(struct bus_state);
    case INBOX_CENTRE:
        return head + sizeof(struct centre_state);
    case INBOX_ORDER:
        return head + sizeof(struct order);
    case INBOX_STORED:
        return head + sizeof(struct stored);
    case INBOX_RESTORED:
        break;
    }
    return head;
}
