/* The recorder's start: once lane a is open, the stored states go to the judge, alarms of removed devices end, the
 * registries are compared with what was published, and the start is recorded. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/base/digest.h"
#include "gateway/base/log.h"
#include "gateway/run/recorder_private.h"

/* --- names to numbers --- */

/* Devices, buses and interlocks share one id space, so the id alone names the subject; -1: not in the site file. */
static int32_t find_subject(const struct site *site, const char *id)
{
    for (size_t i = 0; i < site->subject_count; i++)
        if (strcmp(site->subjects[i].id, id) == 0)
            return (int32_t)i;
    return -1;
}

static int32_t find_rule(const struct site *site, const char *subject_id, const char *alarm)
{
    int32_t const subject = find_subject(site, subject_id);
    if (subject < 0)
        return -1;
    const struct subject *owner = &site->subjects[subject];
    for (int32_t i = 0; i < owner->rule_count; i++)
        if (strcmp(site->rules[owner->rule_first + i].id, alarm) == 0)
            return owner->rule_first + i;
    return -1;
}

/* Into site.rules, interlocks or devices, as struct stored wants it. */
static int32_t find_index(const struct site *site, const struct journal_state *state)
{
    if (state->kind == STORED_RULE || state->kind == STORED_DUE)
        return find_rule(site, state->subject, state->name);
    enum subject_kind const wanted = state->kind == STORED_INTERLOCK ? SUBJECT_INTERLOCK : SUBJECT_DEVICE;
    int32_t const subject = find_subject(site, state->subject);
    return subject >= 0 && site->subjects[subject].kind == wanted ? site->subjects[subject].index : -1;
}

/* --- stored states --- */

/* An alarm whose rule is no longer in the site file ends; its row stays, so that its numbers never repeat. Written at once:
 * the strings of `state` live only until the next one is read. False: not written. */
static bool end_removed(struct recorder *recorder, const struct journal_state *state)
{
    struct payload_stamp stamp;
    struct text payload;
    struct group *group = &recorder->lanes[LANE_A].group;
    struct journal_state ended = *state;
    if (state->kind != STORED_RULE || (state->state == ALARM_NORM && state->told == 0))
        return true;
    ended.state = ALARM_NORM;
    ended.told = 0;
    ended.count = 0;
    ended.flags = 0;
    ended.pending_mono_ms = 0;
    ended.cleared_ms = 0;
    recorder_stamp(recorder, LANE_A, recorder->now.utc_ms, recorder->now.synced, &stamp);
    CHECK(group_begin_record(group, &payload)); /* nothing else is in the group yet */
    payload_removed(
        &payload, recorder->setup.site, &stamp,
        &(struct payload_removed){.dev = state->subject,
                                  .cls = state->cls,
                                  .alarm = state->name,
                                  .priority = state->priority,
                                  .from = (enum alarm_state)(state->told != 0 ? state->told - 1 : state->state),
                                  .occurrence = state->occurrence});
    CHECK(group_end_record(group, &payload, stamp.seq, stamp.at_utc_ms, "alarm/", state->subject) &&
          group_add_state(group, &ended));
    if (recorder_write(recorder, LANE_A) == ERR_OK)
        return true;
    group_reset(group);
    return false;
}

static bool is_default(const struct journal_state *state)
{
    return state->kind != STORED_DUE && state->kind != STORED_CYLINDER && state->state == 0 && state->flags == 0 &&
           state->pending_mono_ms == 0 && state->told == 0 && state->count == 0 && state->active_mono_ms[0] == 0;
}

static bool take_state(struct recorder *recorder, const struct journal_state *state)
{
    int32_t const index = find_index(recorder->setup.site, state);
    if (index < 0)
        return end_removed(recorder, state);
    if (state->kind == STORED_RULE)
        recorder->occurrence_base[index] = state->occurrence;
    recorder->restore_item = (struct inbox){.kind = INBOX_STORED};
    recorder->restore_item.is.stored = (struct stored){
        .kind = (uint8_t)state->kind,
        .state = state->state,
        .sub = state->sub,
        .flags = state->flags,
        .index = (uint32_t)index,
        .occurrence = 0, /* relative: the one that was stored */
        .quality = state->quality,
        .has_value = state->has_value ? 1 : 0,
        .since_utc_ms = state->since_utc_ms,
        .pending_mono_ms = state->pending_mono_ms,
        .value = state->value,
        .until_mono_ms = state->until_mono_ms,
        .until_utc_ms = state->until_utc_ms,
        .told = state->told,
        .count = state->count,
        .cleared_ms = state->cleared_ms,
        .active_mono_ms = {state->active_mono_ms[0], state->active_mono_ms[1]},
    };
    recorder_keep_state(recorder, &recorder->restore_item.is.stored);
    recorder->restore_item_waits = !is_default(state);
    return true;
}

bool recorder_push_item(struct recorder *recorder, const struct inbox *item)
{
    if (ring_push(recorder->setup.inbox, item, inbox_size(item)) != ERR_OK)
        return false;
    bell_ring(recorder->setup.inbox_bell);
    return true;
}

void recorder_begin_without(struct recorder *recorder)
{
    if (!recorder->judge_told_to_begin && recorder_push_item(recorder, &(struct inbox){.kind = INBOX_RESTORED}))
        recorder->judge_told_to_begin = true;
}

/* True when every state was handed over. */
static bool restore_states(struct recorder *recorder)
{
    for (;;) {
        if (recorder->restore_item_waits && !recorder_push_item(recorder, &recorder->restore_item))
            return false;
        recorder->restore_item_waits = false;
        enum err err = journal_next_state(recorder->journal, &recorder->restore_at);
        if (err == ERR_EMPTY)
            return recorder_push_item(recorder, &(struct inbox){.kind = INBOX_RESTORED});
        if (err != ERR_OK)
            return false;
        if (!take_state(recorder, &recorder->restore_at)) {
            recorder->restore = RESTORE_WAITING; /* from the first one again; the judge takes them twice without harm */
            return false;
        }
    }
}

/* --- registries --- */

static enum err compare_registry(struct recorder *recorder, int32_t subject, char *buffer, size_t buffer_size)
{
    const struct site *site = recorder->setup.site;
    char sha256[DIGEST_HEX_SIZE];
    char before[DIGEST_HEX_SIZE] = "";
    uint32_t rev = 0;
    struct text content;
    text_init(&content, buffer, buffer_size);
    payload_registry_content(&content, site, subject);
    if (content.full) {
        log_say(LOG_WARNING, "recorder", "the archive of %s is larger than %zu bytes and is not published",
                site->subjects[subject].id, buffer_size);
        return ERR_OK;
    }
    digest_sha256_hex(content.at, content.used, sha256);
    enum err err = journal_get_registry(recorder->journal, site->subjects[subject].id, &rev, before);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    if (strcmp(sha256, before) == 0)
        return ERR_OK;
    return journal_put_registry(recorder->journal, site->subjects[subject].id, rev + 1, sha256);
}

static enum err empty_removed(struct recorder *recorder)
{
    char dev[SITE_ID_MAX + 1] = "";
    char before[DIGEST_HEX_SIZE];
    uint32_t rev = 0;
    bool gone = false;
    enum err err;
    while ((err = journal_next_registry(recorder->journal, dev, dev, &gone)) == ERR_OK) {
        if (gone || find_subject(recorder->setup.site, dev) >= 0)
            continue;
        err = journal_get_registry(recorder->journal, dev, &rev, before);
        if (err == ERR_OK)
            err = journal_put_registry(recorder->journal, dev, rev + 1, "");
        if (err != ERR_OK)
            return err;
    }
    return err == ERR_EMPTY ? ERR_OK : err;
}

enum err recorder_compare_registries(struct recorder *recorder)
{
    size_t const buffer_size = PAYLOAD_RETAINED_MAX - 256; /* the message around the content */
    char *buffer = malloc(buffer_size);
    if (buffer == NULL)
        return ERR_MEMORY;
    enum err err = journal_begin(recorder->journal, LANE_A);
    for (size_t i = 0; err == ERR_OK && i < recorder->setup.site->subject_count; i++)
        err = compare_registry(recorder, (int32_t)i, buffer, buffer_size);
    if (err == ERR_OK)
        err = empty_removed(recorder);
    if (err == ERR_OK)
        err = journal_commit(recorder->journal, LANE_A);
    free(buffer);
    return err;
}

/* --- the start itself --- */

static void put_boot_event(struct recorder *recorder)
{
    char detail[256];
    struct text text;
    text_init(&text, detail, sizeof detail);
    text_put(&text, "\"version\":");
    text_put_json_string(&text, OUTPOST_VERSION);
    text_put(&text, ",\"config\":");
    text_put_json_string(&text, recorder->setup.site->sha256);
    recorder_put_event(recorder, NOTICE_BOOT, text.full ? "" : detail, recorder->now.utc_ms, recorder->now.synced);
}

static enum err announce(struct recorder *recorder)
{
    if (group_is_empty(&recorder->lanes[LANE_A].group)) {
        enum err err = recorder_compare_registries(recorder);
        if (err != ERR_OK)
            return err;
        put_boot_event(recorder);
    }
    return recorder_write(recorder, LANE_A);
}

void recorder_restore(struct recorder *recorder)
{
    if (recorder->restore == RESTORE_WAITING) {
        uint64_t const floor = journal_occurrence_floor(recorder->journal);
        for (size_t i = 0; i < recorder->setup.site->rule_count; i++)
            recorder->occurrence_base[i] = floor;
        recorder->restore_at = (struct journal_state){0};
        recorder->restore = RESTORE_STATES;
    }
    if (recorder->restore == RESTORE_STATES && restore_states(recorder)) {
        recorder->judge_told_to_begin = true;
        recorder->restore = RESTORE_ANNOUNCE;
    }
    if (recorder->restore == RESTORE_ANNOUNCE && announce(recorder) == ERR_OK) {
        recorder->started = true;
        recorder->restore = RESTORE_DONE;
    }
}
