#include "gateway/model/order.h"

const char *order_verb_text(enum order_verb verb)
{
    static const char *const words[ORDER_VERB_COUNT] = {"ack",      "silence", "reset", "shelve",
                                                        "unshelve", "service", "drill"};
    return verb < ORDER_VERB_COUNT ? words[verb] : "unknown";
}
