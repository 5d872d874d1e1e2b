/* Any bytes as an order. What is taken keeps to what the header promises; what is refused says why. */
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/run/order_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_lane(char lane)
{
    CHECK(lane == 'a' || lane == 't');
}

static void check_order(const struct wire_order *order)
{
    CHECK(order->id[0] != '\0' && order->by[0] != '\0');
    CHECK(text_is_utf8(order->id, strlen(order->id)) && text_is_utf8(order->by, strlen(order->by)));
    for (const char *at = order->id; *at != '\0'; at++)
        CHECK((unsigned char)*at >= ' ' && *at != 0x7F);
    CHECK(order->issued_utc_ms >= 0 && order->expires_utc_ms >= 0);
    if (order->verb == WIRE_RECEIPT) {
        check_lane(order->is.receipt.lane);
        CHECK(order->is.receipt.stream[0] != '\0');
    } else if (order->verb == WIRE_REPLAY) {
        check_lane(order->is.replay.lane);
        CHECK(order->is.replay.from >= 1 && order->is.replay.from <= order->is.replay.to);
    } else if (order->verb == WIRE_ACK) {
        CHECK(order->is.target.all != (order->is.target.dev[0] != '\0'));
        CHECK(order->is.target.alarm[0] == '\0' || order->is.target.dev[0] != '\0');
    } else if (order->verb == WIRE_SILENCE) {
        CHECK(order->is.target.all != (order->is.target.dev[0] != '\0') && order->is.target.alarm[0] == '\0');
    } else if (order->verb == WIRE_READ) {
        CHECK(order->is.target.dev[0] != '\0');
    } else {
        CHECK(order->verb == WIRE_REGISTRY);
    }
}

/* The first byte chooses the verb, the rest is the payload. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct wire_order order;
    struct order_refusal refusal;
    if (size == 0)
        return 0;
    const char *verb = bytes[0] % (WIRE_VERB_COUNT + 1) < WIRE_VERB_COUNT
                           ? wire_verb_text((enum wire_verb)(bytes[0] % (WIRE_VERB_COUNT + 1)))
                           : "unheard-of";
    enum err err = order_parse(verb, bytes + 1, size - 1, &order, &refusal);
    if (err == ERR_OK) {
        check_order(&order);
    } else if (err == ERR_FORMAT) {
        CHECK(refusal.code[0] != '\0' && refusal.why[0] != '\0');
        CHECK(memchr(refusal.id, '\0', sizeof refusal.id) != NULL &&
              memchr(refusal.by, '\0', sizeof refusal.by) != NULL);
        CHECK(text_is_utf8(refusal.id, strlen(refusal.id)) && text_is_utf8(refusal.by, strlen(refusal.by)));
    }
    return 0;
}
