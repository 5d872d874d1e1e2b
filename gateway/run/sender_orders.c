/* What a centre orders over MQTT. What concerns nothing but what is sent (receipt, replay, registry) or known (read) ends
 * here. What is the judge's (ack, silence) goes over the recorder, which stores its id before anything happens; the answer is
 * found beside that id in the journal. Everything else is refused by the parser.
 *
 * An order is never retained and never older than it says; an id that was seen before gets the first answer again and does
 * nothing. At most one order a second in the long run: what comes faster is refused. A receipt is no event (it would be a
 * record that has to be receipted), and its id is not remembered: receipting twice changes nothing. */
#include <stdio.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/run/sender_private.h"

#define ORDER_COST_US   1000000
#define ORDER_CREDIT_US (20 * ORDER_COST_US) /* this many at once */
#define CORRECT_MS      60000                /* clocks may differ by so much */

static bool may_order(struct sender *sender)
{
    struct sender_orders *orders = &sender->orders;
    bool const is_first = orders->credit_mono_us == 0;
    int64_t const passed_us = is_first ? ORDER_CREDIT_US : sender->now.mono_us - orders->credit_mono_us;
    int64_t const credit_us = orders->credit_us + passed_us;
    orders->credit_mono_us = sender->now.mono_us;
    orders->credit_us = credit_us < ORDER_CREDIT_US ? credit_us : ORDER_CREDIT_US;
    if (orders->credit_us < ORDER_COST_US)
        return false;
    orders->credit_us -= ORDER_COST_US;
    return true;
}

static void answer(struct order_answer *to, const char *code, const char *why)
{
    text_copy(to->code, sizeof to->code, code);
    text_copy(to->why, sizeof to->why, why);
}

/* --- the three --- */

static void take_receipt(struct sender *sender, const struct receipt_args *args, struct order_answer *to)
{
    enum lane const lane = args->lane == 'a' ? LANE_A : LANE_T;
    uint64_t const last = lane == LANE_A ? sender->journal.last_a : sender->journal.last_t;
    if (!sender->centre->receipt)
        answer(to, "not_configured", "this centre has no \"receipt\": true in the site file");
    else if (strcmp(args->stream, sender->facts.stream) != 0)
        answer(to, "stream", "this is not the stream of today; see status");
    else if (args->upto > last)
        answer(to, "range", "there are no records up to that number yet");
    else
        sender_settle(sender, lane, 1, args->upto);
    (void)snprintf(to->detail, sizeof to->detail, "\"lane\":\"%c\",\"lw\":%llu", args->lane,
                   (unsigned long long)sender->lanes[lane].settled.lw + 1);
}

static void take_replay(struct sender *sender, const struct replay_args *args, struct order_answer *to)
{
    enum lane const lane = args->lane == 'a' ? LANE_A : LANE_T;
    struct replay *replay = &sender->replays[lane];
    uint64_t oldest = 0;
    uint64_t last = 0;
    if (replay->next <= replay->to && replay->to > 0) {
        answer(to, "busy", "a replay of this lane is under way");
        return;
    }
    if (journal_reader_oldest(sender->reader, lane, &oldest) != ERR_OK ||
        journal_reader_last(sender->reader, lane, &last) != ERR_OK) {
        answer(to, "journal", "the journal cannot be read");
        return;
    }
    uint64_t const from = args->from > oldest ? args->from : oldest;
    uint64_t const until = args->to < last ? args->to : last;
    if (from > until) {
        answer(to, "range", "none of these records is kept");
        return;
    }
    *replay = (struct replay){.next = from, .to = until};
    (void)snprintf(to->detail, sizeof to->detail, "\"lane\":\"%c\",\"from\":%llu,\"to\":%llu", args->lane,
                   (unsigned long long)from, (unsigned long long)until);
}

static void take_registry(struct sender *sender, const struct registry_args *args, struct order_answer *to)
{
    const struct site *site = sender->setup.site;
    bool is_known = args->dev[0] == '\0';
    for (size_t i = 0; i < site->subject_count && !is_known; i++)
        is_known = strcmp(site->subjects[i].id, args->dev) == 0;
    if (!is_known) {
        answer(to, "not_found", "there is no such device, bus, interlock or centre");
        return;
    }
    text_copy(sender->greet_only, sizeof sender->greet_only, args->dev);
    sender->greet_every = true;
    sender->registry_again = true;
}

static int32_t find_subject(const struct site *site, const char *id)
{
    for (size_t i = 0; i < site->subject_count; i++)
        if (strcmp(site->subjects[i].id, id) == 0)
            return (int32_t)i;
    return -1;
}

static int32_t find_rule(const struct site *site, int32_t subject, const char *id)
{
    for (int32_t i = 0; i < site->subjects[subject].rule_count; i++)
        if (strcmp(site->rules[site->subjects[subject].rule_first + i].id, id) == 0)
            return site->subjects[subject].rule_first + i;
    return -1;
}

static bool resolve(const struct site *site, const struct wire_order *from, struct order *to)
{
    const struct target_args *target = &from->is.target;
    *to = (struct order){.verb = from->verb == WIRE_ACK ? ORDER_ACK : ORDER_SILENCE,
                         .source = SOURCE_CENTRE,
                         .subject = -1,
                         .rule = -1,
                         .zone = -1};
    text_copy(to->id, sizeof to->id, from->id);
    text_copy(to->by, sizeof to->by, from->by);
    text_copy(to->why, sizeof to->why, target->why);
    if (target->dev[0] == '\0')
        return true;
    to->subject = find_subject(site, target->dev);
    if (to->subject >= 0 && target->alarm[0] != '\0')
        to->rule = find_rule(site, to->subject, target->alarm);
    return to->subject >= 0 && (to->rule >= 0 || target->alarm[0] == '\0');
}

/* Over the recorder to the judge; the reply waits. */
static void hand_over(struct sender *sender, const struct wire_order *order, struct order_reply *reply)
{
    struct sender_ack ack = {.kind = ACK_ORDER};
    if (!resolve(sender->setup.site, order, &ack.order)) {
        answer(&reply->answer, "not_found", "there is no such device or alarm");
        return;
    }
    ack.asked_mono_us = sender->now.mono_us;
    if (!sender_tell_recorder(sender, &ack)) {
        answer(&reply->answer, "busy", "the gateway is busy; try again with another id");
        return;
    }
    bell_ring(sender->setup.recorder_bell);
    reply->wait_until_mono_us = sender->now.mono_us + ORDER_ANSWER_MAX_US;
}

static void take_read(struct sender *sender, const struct target_args *args, struct order_reply *reply)
{
    const struct site *site = sender->setup.site;
    for (size_t i = 0; i < site->device_count && reply->answer.read_device < 0; i++)
        if (strcmp(site->devices[i].id, args->dev) == 0)
            reply->answer.read_device = (int32_t)i;
    if (reply->answer.read_device < 0)
        answer(&reply->answer, "not_found", "there is no such device");
}

static void carry_out(struct sender *sender, const struct wire_order *order, struct order_reply *reply)
{
    struct order_answer *to = &reply->answer;
    if (sender->now.synced && order->expires_utc_ms < sender->now.utc_ms) {
        answer(to, "expired", "the order came after it had expired");
        return;
    }
    if (sender->now.synced && order->issued_utc_ms > sender->now.utc_ms + CORRECT_MS) {
        answer(to, "future", "the order was issued in the future: check the clocks");
        return;
    }
    if (order->verb == WIRE_RECEIPT)
        take_receipt(sender, &order->is.receipt, to);
    else if (order->verb == WIRE_REPLAY)
        take_replay(sender, &order->is.replay, to);
    else if (order->verb == WIRE_REGISTRY)
        take_registry(sender, &order->is.registry, to);
    else if (order->verb == WIRE_READ)
        take_read(sender, &order->is.target, reply);
    else
        hand_over(sender, order, reply);
}

/* --- what was seen before, what became of it --- */

static const struct order_answer *find_known(const struct sender *sender, const char *id)
{
    for (size_t i = 0; i < ORDERS_KNOWN_MAX; i++)
        if (sender->orders.known[i].id[0] != '\0' && strcmp(sender->orders.known[i].id, id) == 0)
            return &sender->orders.known[i];
    return NULL;
}

static void remember(struct sender *sender, const struct order_answer *done)
{
    struct sender_orders *orders = &sender->orders;
    orders->known[orders->known_next] = *done;
    orders->known_next = (orders->known_next + 1) % ORDERS_KNOWN_MAX;
}

static void note_order(struct sender *sender, const struct order_answer *done, const char *by)
{
    char detail[ACK_DETAIL_MAX];
    struct text text;
    text_init(&text, detail, sizeof detail);
    text_put(&text, "\"verb\":");
    text_put_json_string(&text, done->verb);
    text_put(&text, done->code[0] == '\0' ? ",\"ok\":true" : ",\"ok\":false,\"code\":\"");
    if (done->code[0] != '\0') {
        text_put(&text, done->code);
        text_put(&text, "\"");
    }
    text_put(&text, ",\"by\":");
    text_put_json_string(&text, by);
    if (done->id[0] != '\0') {
        text_put(&text, ",\"id\":");
        text_put_json_string(&text, done->id);
    }
    text_put(&text, ",\"source\":");
    text_put_json_string(&text, sender->centre->id);
    CHECK(!text.full); /* no name has more than 64 bytes, and none of them needs more than one more */
    sender_note(sender, NOTICE_ORDER, detail);
}

/* Did the judge see an order of this id, or is it about to? */
static bool is_with_judge(struct sender *sender, const char *id)
{
    struct sender_orders *orders = &sender->orders;
    struct journal_order order;
    for (size_t i = 0; i < orders->reply_count; i++) {
        const struct order_reply *reply = &orders->replies[(orders->reply_first + i) % REPLIES_MAX];
        if (reply->wait_until_mono_us > 0 && strcmp(reply->answer.id, id) == 0)
            return true;
    }
    return journal_reader_order(sender->reader, sender->centre->id, id, &order) == ERR_OK;
}

/* Carries one order out, or finds the words why not. */
static void decide(struct sender *sender, const struct uplink_event *event, struct order_reply *reply)
{
    struct order_answer *done = &reply->answer;
    struct wire_order order = {.by = ""};
    struct order_refusal refusal;
    enum err err = order_parse(done->verb, event->payload, event->payload_size, &order, &refusal);
    bool const is_receipt = err == ERR_OK && order.verb == WIRE_RECEIPT;
    text_copy(done->id, sizeof done->id, err == ERR_OK ? order.id : err == ERR_FORMAT ? refusal.id : "");
    const struct order_answer *known = done->id[0] != '\0' && !is_receipt ? find_known(sender, done->id) : NULL;
    if (known != NULL) {
        *done = *known;
        return;
    }
    if (err == ERR_OK && !is_receipt && is_with_judge(sender, done->id)) {
        reply->wait_until_mono_us = sender->now.mono_us + ORDER_ANSWER_MAX_US;
        return;
    }
    if (event->retained)
        answer(done, "retained", "an order must not be retained: publish it again without, and empty the topic");
    else if (!may_order(sender))
        answer(done, "rate", "too many orders: wait a second");
    else if (err == ERR_FORMAT)
        answer(done, refusal.code, refusal.why);
    else if (err != ERR_OK)
        answer(done, "memory", "no memory for the order");
    else
        carry_out(sender, &order, reply);
    if (is_receipt || reply->wait_until_mono_us > 0)
        return;                                               /* what the judge answers is its event */
    bool const is_for_good = strcmp(done->code, "rate") != 0; /* and a flood is no news */
    if (is_for_good)
        note_order(sender, done, err == ERR_FORMAT ? refusal.by : order.by);
    if (is_for_good && !event->retained && done->id[0] != '\0')
        remember(sender, done);
}

/* A response topic counts only below {prefix}/{gw}/reply/. */
static void take_response_topic(struct sender *sender, const char *asked, char *ret_topic, size_t topic_size)
{
    const char *allowed = sender_topic(sender, "reply/");
    size_t const size = strlen(allowed);
    bool const is_good = strncmp(asked, allowed, size) == 0 && asked[size] != '\0' && strpbrk(asked, "+#") == NULL;
    text_copy(ret_topic, topic_size, is_good ? asked : "");
}

void sender_order(struct sender *sender, const struct uplink_event *event)
{
    struct sender_orders *orders = &sender->orders;
    const char *below = sender_topic(sender, "order/");
    size_t const size = strlen(below);
    if (strncmp(event->topic, below, size) != 0 || event->payload_size == 0 || sender->reader == NULL ||
        orders->reply_count == REPLIES_MAX)
        return; /* not asked for; or asked faster than answers go out: whoever wants one asks again */
    struct order_reply *reply = &orders->replies[(orders->reply_first + orders->reply_count) % REPLIES_MAX];
    *reply = (struct order_reply){.correlation_size = event->correlation_size, .answer.read_device = -1};
    memcpy(reply->correlation, event->correlation, event->correlation_size);
    text_copy(reply->answer.verb, sizeof reply->answer.verb, event->topic + size);
    take_response_topic(sender, event->response_topic, reply->topic, sizeof reply->topic);
    decide(sender, event, reply);
    orders->reply_count++;
}

/* The judge's answer, when it is there or will not come any more. */
static bool take_answer(struct sender *sender, struct order_reply *reply)
{
    struct journal_order order;
    if (reply->wait_until_mono_us == 0)
        return true;
    if (journal_reader_order(sender->reader, sender->centre->id, reply->answer.id, &order) == ERR_OK &&
        order.answered) {
        answer(&reply->answer, order.code, order.why);
        text_copy(reply->answer.detail, sizeof reply->answer.detail, order.detail);
    } else if (sender->now.mono_us < reply->wait_until_mono_us) {
        return false;
    } else {
        answer(&reply->answer, "no_answer",
               "it is not known what became of it: look at active/ and at the event `order`");
    }
    reply->wait_until_mono_us = 0;
    return true;
}

/* As it was answered to this id before; else as it is now, and that is kept. */
static void put_reading(struct sender *sender, const struct order_reply *reply, struct text *text)
{
    const struct board_device *shown = &sender->reading;
    size_t const device = (size_t)reply->answer.read_device;
    size_t size = 0;
    const char *kept = sender_find_read(&sender->orders.reads, reply->answer.id, &size);
    if (kept != NULL) {
        text_put_bytes(text, kept, size);
        return;
    }
    board_get_device(sender->setup.board, device, &sender->reading);
    payload_reading(text, sender->setup.site,
                    &(struct payload_reading){.id = reply->answer.id,
                                              .device = device,
                                              .at_utc_ms = sender->now.utc_ms,
                                              .mono_us = sender->now.mono_us,
                                              .samples = shown->samples,
                                              .read_mono_us = shown->read_mono_us,
                                              .texts = shown->texts,
                                              .text_size = shown->text_size});
    sender_keep_read(&sender->orders.reads, reply->answer.id, text->at, text->used);
}

static void put_answer(const struct order_reply *reply, struct text *text)
{
    payload_reply(text, &(struct payload_reply){.id = reply->answer.id,
                                                .code = reply->answer.code,
                                                .why = reply->answer.why,
                                                .detail = reply->answer.detail});
}

void sender_put_replies(struct sender *sender)
{
    struct sender_orders *orders = &sender->orders;
    while (orders->reply_count > 0) {
        struct order_reply *reply = &orders->replies[orders->reply_first];
        char topic[ORDER_VERB_SIZE + 8];
        struct text text;
        if (!take_answer(sender, reply))
            return;
        text_init(&text, sender->payload, PAYLOAD_MESSAGE_MAX);
        if (reply->answer.read_device >= 0)
            put_reading(sender, reply, &text);
        else
            put_answer(reply, &text);
        (void)snprintf(topic, sizeof topic, "reply/%s",
                       strpbrk(reply->answer.verb, "+#/") == NULL ? reply->answer.verb : "unknown");
        if (!sender_put(sender, &(struct sent){.kind = SENT_REPLY, .size = text.used},
                        &(struct outgoing){.topic_below = topic, .payload = text.at, .reply = reply}))
            return;
        orders->reply_first = (orders->reply_first + 1) % REPLIES_MAX;
        orders->reply_count--;
    }
}
