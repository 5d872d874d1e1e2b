/* What a connection begins with, and what stays with the broker: active, registry, status. */
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/base/log.h"
#include "gateway/core/meant.h"
#include "gateway/run/sender_private.h"

#define SMALL_SIZE 1024 /* the size assumed when asking whether there is any room at all */

static const char *below(struct sender *sender, const char *kind, const char *dev)
{
    struct text text;
    text_init(&text, sender->topic_below, sizeof sender->topic_below);
    text_put(&text, kind);
    text_put(&text, dev);
    return sender->topic_below;
}

static int32_t find_subject(const struct site *site, const char *id)
{
    for (size_t i = 0; i < site->subject_count; i++)
        if (strcmp(site->subjects[i].id, id) == 0)
            return (int32_t)i;
    return -1;
}

static bool is_meant(const struct sender *sender, int32_t subject)
{
    const struct subject *of = &sender->setup.site->subjects[subject];
    return meant_subject(sender->centre, of->id, of->cls);
}

void sender_active_due(struct sender *sender, const char *id)
{
    int32_t const subject = find_subject(sender->setup.site, id);
    if (subject < 0 || sender->active_due[subject])
        return;
    sender->active_due[subject] = true;
    sender->active_due_count++;
}

/* active/{dev} from the stored states; the caller holds a snapshot of lane a, so `upto` is exact. */
bool sender_put_active(struct sender *sender, int32_t subject)
{
    const struct site *site = sender->setup.site;
    struct payload_active active;
    struct journal_state state;
    struct text text;
    uint64_t upto = 0;
    if (!is_meant(sender, subject))
        return true;
    enum err err = journal_reader_last(sender->reader, LANE_A, &upto);
    if (err == ERR_OK)
        err = journal_reader_seek_states(sender->reader, site->subjects[subject].id);
    if (err != ERR_OK)
        return false;
    text_init(&text, sender->payload, PAYLOAD_RETAINED_MAX);
    payload_active_begin(&active, &text, site, sender->facts.stream, subject, sender->now.utc_ms, upto);
    if (sender->centre->filtered)
        active.lowest = sender->centre->only.lowest;
    while ((err = journal_reader_next_state(sender->reader, &state)) == ERR_OK)
        payload_active_add(&active, &(struct payload_active_alarm){.alarm = state.name,
                                                                   .state = (enum alarm_state)state.state,
                                                                   .chattering = (state.flags & STORED_CHATTERING) != 0,
                                                                   .test = (state.flags & STORED_TEST) != 0,
                                                                   .until_utc_ms = state.until_utc_ms,
                                                                   .occurrence = state.occurrence,
                                                                   .since_utc_ms = state.since_utc_ms,
                                                                   .has_value = state.has_value,
                                                                   .value = state.value});
    journal_reader_rest_states(sender->reader);
    payload_active_end(&active);
    if (err != ERR_EMPTY || text.full)
        return false;
    return sender_put(sender, &(struct sent){.kind = SENT_ACTIVE, .subject = subject, .size = text.used},
                      &(struct outgoing){.topic_below = below(sender, "active/", site->subjects[subject].id),
                                         .payload = text.at,
                                         .retain = true});
}

/* The two empty messages that make a broker forget a device that is gone, or is no longer meant for this centre. */
static bool put_emptied(struct sender *sender, struct sent *sent)
{
    struct outgoing out = {.topic_below = below(sender, "active/", sent->dev), .payload = "", .retain = true};
    if (!sender_put(sender, &(struct sent){.kind = SENT_STATUS}, &out))
        return false;
    out.topic_below = below(sender, "registry/", sent->dev);
    return sender_put(sender, sent, &out);
}

static bool put_registry(struct sender *sender, const struct journal_registry *registry)
{
    const struct site *site = sender->setup.site;
    int32_t const subject = find_subject(site, registry->dev);
    if (sender->greet_only[0] != '\0' && strcmp(sender->greet_only, registry->dev) != 0)
        return true;
    bool const is_gone = registry->sha256[0] == '\0' || (subject >= 0 && !is_meant(sender, subject));
    struct sent sent = {.kind = is_gone ? SENT_EMPTIED : SENT_REGISTRY};
    struct text text;
    text_copy(sent.dev, sizeof sent.dev, registry->dev);
    if (is_gone)
        return registry->acked[0] == '\0' || put_emptied(sender, &sent);
    if (subject < 0 || (!sender->greet_every && strcmp(registry->sha256, registry->acked) == 0))
        return true;
    text_copy(sent.sha256, sizeof sent.sha256, registry->sha256);
    text_init(&text, sender->payload, PAYLOAD_RETAINED_MAX);
    payload_registry(&text, site, subject, sender->now.utc_ms, registry->rev, registry->sha256);
    if (text.full) {
        log_say(LOG_WARNING, "sender", "the archive of %s is too large for one message", registry->dev);
        return true;
    }
    sent.size = text.used;
    return sender_put(sender, &sent,
                      &(struct outgoing){.topic_below = below(sender, "registry/", registry->dev),
                                         .payload = text.at,
                                         .retain = true});
}

void sender_make_status(const struct sender *sender, const char *reason, struct payload_status *ret_status)
{
    *ret_status = (struct payload_status){
        .stream = sender->facts.stream,
        .version = OUTPOST_VERSION,
        .reason = reason,
        .boot = sender->facts.boot,
        .conn = sender->conn,
        .lw_a = sender->lanes[LANE_A].settled.lw + 1,
        .lw_t = sender->lanes[LANE_T].settled.lw + 1,
        .at_utc_ms = sender->now.utc_ms,
        .synced = sender->now.synced,
    };
}

bool sender_put_status(struct sender *sender, const char *reason)
{
    struct payload_status status;
    struct text text;
    sender_make_status(sender, reason, &status);
    text_init(&text, sender->payload, PAYLOAD_MESSAGE_MAX);
    payload_status(&text, sender->setup.site, &status);
    CHECK(!text.full);
    return sender_put(sender, &(struct sent){.kind = reason == NULL ? SENT_STATUS : SENT_STOPPED, .size = text.used},
                      &(struct outgoing){.topic_below = "status", .payload = text.at, .retain = true});
}

/* --- the greeting --- */

void sender_greet_from_start(struct sender *sender)
{
    sender->greeting = GREET_ACTIVE;
    sender->greet_subject = 0;
    sender->greet_registry.dev[0] = '\0';
    sender->greet_every = false;
    sender->greet_only[0] = '\0';
    sender->registry_again = false;
    sender->status_again = false;
    sender->live_from = 0;
    sender->active_due_count = 0;
    memset(sender->active_due, 0, sender->setup.site->subject_count * sizeof *sender->active_due);
    for (enum lane lane = LANE_A; lane < LANE_COUNT; lane++)
        ackset_init(&sender->lanes[lane].heard, 0); /* what its broker had and the centre did not confirm goes again */
    sender->lanes[LANE_A].next = sender->lanes[LANE_A].settled.lw + 1;
    sender->lanes[LANE_A].look_mono_us = 0;
    sender->health_mono_us = 0;
}

static void greet_actives(struct sender *sender)
{
    if (journal_reader_begin(sender->reader, LANE_A) != ERR_OK)
        return;
    while (sender->greet_subject < sender->setup.site->subject_count &&
           sender_room_for(sender, SENT_ACTIVE, SMALL_SIZE) &&
           sender_put_active(sender, (int32_t)sender->greet_subject))
        sender->greet_subject++;
    journal_reader_end(sender->reader, LANE_A);
    if (sender->greet_subject == sender->setup.site->subject_count)
        sender->greeting = GREET_REGISTRY;
}

/* True when every registry this centre lacks is on its way. */
static bool greet_registries(struct sender *sender)
{
    bool const every = sender->greet_every || sender->centre->filtered;
    struct journal_registry registry;
    while (sender_room_for(sender, SENT_REGISTRY, SMALL_SIZE)) {
        enum err err = journal_reader_next_registry(sender->reader, sender->centre->id, sender->greet_registry.dev,
                                                    every, &registry);
        if (err != ERR_OK)
            return err == ERR_EMPTY;
        if (!put_registry(sender, &registry))
            return false;
        sender->greet_registry = registry;
    }
    return false;
}

/* Parts of the greeting that a broker with a full quota would not have, or that the centre asked for. */
static void greet_again(struct sender *sender)
{
    if (sender->registry_again) {
        sender->greet_registry.dev[0] = '\0';
        sender->registry_again = false;
        sender->greeting = GREET_REGISTRY; /* and status after it */
    } else if (sender->status_again && sender_put_status(sender, NULL)) {
        sender->status_again = false;
    }
}

void sender_greet(struct sender *sender)
{
    bool const begins = sender->live_from == 0; /* of this connection: telemetry did not begin yet */
    if (sender->greeting == GREET_DONE)
        greet_again(sender);
    if (sender->greeting == GREET_ACTIVE)
        greet_actives(sender);
    if (sender->greeting == GREET_REGISTRY && greet_registries(sender))
        sender->greeting = GREET_STATUS;
    if (sender->greeting != GREET_STATUS || !sender_room_for(sender, SENT_STATUS, SMALL_SIZE) ||
        !sender_put_status(sender, NULL))
        return;
    sender->greeting = GREET_DONE;
    sender->greet_every = false;
    sender->greet_only[0] = '\0';
    if (begins)
        sender_begin_live(sender);
}
