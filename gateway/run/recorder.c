#include "gateway/run/recorder.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/base/log.h"
#include "gateway/run/recorder_private.h"
#include "gateway/run/sender.h"

#define GROUP_A_SIZE        ((size_t)96 * 1024)
#define GROUP_T_SIZE        ((size_t)192 * 1024) /* some 300 records of 20 points */
#define GROUP_WAIT_US       5000                 /* telemetry: no longer than this after the first of a group … */
#define GROUP_QUIET_US      1000                 /* … or until nothing came for this long: polls come in bursts */
#define ACKED_WAIT_US       250000 /* acknowledged registries may wait for the next commit of their lane */
#define CURSOR_WAIT_US      1000000
#define RETRY_FIRST_US      200000LL
#define RETRY_MAX_US        5000000LL
#define HOUSE_EVERY_US      10000000LL
#define HOUSE_SOON_US       20000LL /* while there is more to delete */
#define HOUSE_EVERY_RECORDS 512
#define DELETE_COUNT        200 /* records a transaction: some 10 ms on a slow card */
#define QUOTA_HIGH_PERCENT  80  /* of journal.max_size: evict above … */
#define QUOTA_LOW_PERCENT   78  /* … down to here, as one gap */
#define STEP_MAX_US         1000000LL
#define STEP_GROUPS_MAX     16 /* of one lane in one step */
#define STEP_ACKS_MAX       256

/* --- numbers and stamps --- */

uint64_t recorder_next_number(const struct recorder *recorder, enum lane lane)
{
    uint64_t const in_group = recorder->lanes[lane].group.last_number;
    return (in_group > 0 ? in_group : journal_last(recorder->journal, lane)) + 1;
}

void recorder_stamp(const struct recorder *recorder, enum lane lane, int64_t at_utc_ms, bool synced,
                    struct payload_stamp *ret_stamp)
{
    *ret_stamp = (struct payload_stamp){
        .stream = journal_stream(recorder->journal),
        .lane = lane_letter(lane),
        .seq = recorder_next_number(recorder, lane),
        .boot = journal_boot(recorder->journal),
        .at_utc_ms = at_utc_ms,
        .synced = synced,
    };
}

uint64_t recorder_delivered(const struct recorder *recorder, enum lane lane)
{
    uint64_t lw = journal_last(recorder->journal, lane);
    for (size_t i = 0; i < recorder->setup.site->centre_count; i++)
        if (recorder->cursors[i][lane].cursor.lw < lw)
            lw = recorder->cursors[i][lane].cursor.lw;
    return lw;
}

/* --- writing --- */

static enum err put_cursors(struct recorder *recorder, enum lane lane)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < recorder->setup.site->centre_count; i++)
        if (recorder->cursors[i][lane].dirty)
            err = journal_put_cursor(recorder->journal, lane, recorder->setup.site->centres[i].id,
                                     &recorder->cursors[i][lane].cursor);
    return err;
}

static void cursors_stored(struct recorder *recorder, enum lane lane)
{
    bool any = false;
    for (size_t i = 0; i < recorder->setup.site->centre_count; i++) {
        recorder->cursors[i][lane].dirty = false;
        any = any || recorder->cursors[i][LANE_A].dirty || recorder->cursors[i][LANE_T].dirty;
    }
    if (!any)
        recorder->cursors_due_mono_us = CLOCK_NEVER;
}

static void failed(struct recorder *recorder, enum lane lane)
{
    uint32_t const doublings = recorder->lanes[lane].failures < 8 ? recorder->lanes[lane].failures++ : 8;
    int64_t wait_us = RETRY_FIRST_US << doublings;
    if (wait_us > RETRY_MAX_US)
        wait_us = RETRY_MAX_US;
    recorder->lanes[lane].retry_mono_us = recorder->now.mono_us + wait_us;
}

static bool may_try(const struct recorder *recorder, enum lane lane)
{
    return recorder->now.mono_us >= recorder->lanes[lane].retry_mono_us;
}

/* The group, with whatever cursors are waiting, in one transaction. On failure it stays, to be written later with the same
 * numbers and bytes. */
enum err recorder_write(struct recorder *recorder, enum lane lane)
{
    struct group *group = &recorder->lanes[lane].group;
    enum err err = journal_begin(recorder->journal, lane);
    if (err == ERR_OK)
        err = group_put(group, recorder->journal, lane);
    if (err == ERR_OK)
        err = put_cursors(recorder, lane);
    if (err == ERR_OK)
        err = journal_commit(recorder->journal, lane);
    if (err != ERR_OK) {
        failed(recorder, lane);
        return err;
    }
    recorder->commits++;
    recorder->records_since_house += group->record_count;
    recorder->lanes[lane].failures = 0;
    recorder->lanes[lane].written_new = recorder->lanes[lane].written_new || group->record_count > 0;
    group_reset(group);
    cursors_stored(recorder, lane);
    return journal_note(recorder->journal, lane, recorder_delivered(recorder, lane), false);
}

/* Notes the time, so that a group is not kept for longer than it may. */
static void stamp_group(struct recorder *recorder, enum lane lane)
{
    struct group *group = &recorder->lanes[lane].group;
    if (group->first_mono_us == 0)
        group->first_mono_us = recorder->now.mono_us;
    group->newest_mono_us = recorder->now.mono_us;
}

/* --- news into groups; each returns false when the group has no room for it --- */

static bool add_stored(struct recorder *recorder, struct group *group, const struct stored *stored)
{
    const struct site *site = recorder->setup.site;
    struct journal_state state = {
        .kind = (enum stored_kind)stored->kind,
        .name = "",
        .sub = stored->sub,
        .state = stored->state,
        .flags = stored->flags & (uint8_t)~STORED_OTHER_BOOT,
        .quality = stored->quality,
        .has_value = stored->has_value != 0,
        .since_utc_ms = stored->since_utc_ms,
        .pending_mono_ms = stored->pending_mono_ms,
        .value = stored->value,
        .cls = "",
        .priority = "",
    };
    switch (state.kind) {
    case STORED_RULE: {
        CHECK(stored->index < site->rule_count);
        const struct rule *rule = &site->rules[stored->index];
        state.subject = site->subjects[rule->subject].id;
        state.name = rule->id;
        state.cls = site->subjects[rule->subject].cls;
        state.priority = priority_text(rule->priority);
        state.occurrence = recorder->occurrence_base[stored->index] + stored->occurrence;
        break;
    }
    case STORED_INTERLOCK:
        CHECK(stored->index < site->interlock_count);
        state.subject = site->interlocks[stored->index].id;
        break;
    case STORED_HOLD:
        CHECK(stored->index < site->device_count);
        state.subject = site->devices[stored->index].id;
        break;
    }
    return group_add_state(group, &state);
}

static bool add_alarm(struct recorder *recorder, struct group *group, const struct news *news)
{
    const struct site *site = recorder->setup.site;
    const struct news_alarm *alarm = &news->is.alarm;
    struct payload_stamp stamp;
    struct text payload;
    CHECK(alarm->rule < site->rule_count);
    recorder_stamp(recorder, LANE_A, news->utc_ms, news->synced != 0, &stamp);
    if (!group_begin_record(group, &payload))
        return false;
    payload_alarm(&payload, site, &stamp, alarm, recorder->occurrence_base[alarm->rule] + alarm->occurrence);
    return group_end_record(group, &payload, stamp.seq, stamp.at_utc_ms, "alarm/",
                            site->subjects[site->rules[alarm->rule].subject].id);
}

static bool add_event(struct recorder *recorder, struct group *group, enum notice notice, const char *detail,
                      int64_t at_utc_ms, bool synced)
{
    struct payload_stamp stamp;
    struct text payload;
    recorder_stamp(recorder, LANE_A, at_utc_ms, synced, &stamp);
    if (!group_begin_record(group, &payload))
        return false;
    payload_event(&payload, recorder->setup.site, &stamp, notice_text(notice), detail);
    return group_end_record(group, &payload, stamp.seq, stamp.at_utc_ms, "event", "");
}

static bool add_telemetry(struct recorder *recorder, struct group *group, struct news *news)
{
    const struct site *site = recorder->setup.site;
    struct payload_stamp stamp;
    struct text payload;
    if (news->is.telemetry.dropped > 0) { /* numbers for what never was: burned and declared */
        uint64_t const first = recorder_next_number(recorder, LANE_T);
        struct journal_gap const gap = {
            .of = LANE_T, .first = first, .last = first + news->is.telemetry.dropped - 1, .why = "ring"};
        if (!group_add_gap(group, &gap))
            return false;
        recorder->dropped += news->is.telemetry.dropped;
        news->is.telemetry.dropped = 0;
        recorder->gaps_may_wait = true;
    }
    recorder_stamp(recorder, LANE_T, news->utc_ms, news->synced != 0, &stamp);
    if (!group_begin_record(group, &payload))
        return false;
    payload_telemetry(&payload, site, &stamp, &news->is.telemetry);
    return group_end_record(group, &payload, stamp.seq, stamp.at_utc_ms, "telemetry/",
                            site->devices[news->is.telemetry.device].id);
}

/* The record and the state it led to never part: both or neither. */
static bool add_news(struct recorder *recorder, enum lane lane, struct news *news)
{
    struct group *group = &recorder->lanes[lane].group;
    struct group const before = *group;
    bool added = true;
    switch ((enum news_kind)news->kind) {
    case NEWS_ALARM:
        added = add_alarm(recorder, group, news);
        break;
    case NEWS_NOTICE:
        added = add_event(recorder, group, (enum notice)news->is.notice.notice, news->is.notice.detail, news->utc_ms,
                          news->synced != 0);
        break;
    case NEWS_TELEMETRY:
        added = add_telemetry(recorder, group, news);
        break;
    case NEWS_STORED:
        break;
    }
    if (added && news->has_stored != 0 && lane == LANE_A)
        added = add_stored(recorder, group, &news->stored);
    if (added)
        stamp_group(recorder, lane);
    else if (lane == LANE_A)
        *group = before;
    return added;
}

void recorder_put_event(struct recorder *recorder, enum notice notice, const char *detail, int64_t at_utc_ms,
                        bool synced)
{
    struct group *group = &recorder->lanes[LANE_A].group;
    bool added = add_event(recorder, group, notice, detail, at_utc_ms, synced);
    if (!added && recorder_write(recorder, LANE_A) == ERR_OK)
        added = add_event(recorder, group, notice, detail, at_utc_ms, synced);
    if (added)
        stamp_group(recorder, LANE_A);
}

/* --- the two rings --- */

static bool take(struct recorder *recorder, enum lane lane)
{
    struct held_news *held = &recorder->lanes[lane].held;
    size_t size = 0;
    struct ring *ring = lane == LANE_A ? recorder->setup.news : recorder->setup.telemetry;
    if (!held->held && ring_pop(ring, &held->news, sizeof held->news, &size) == ERR_OK) {
        CHECK(size == news_size(&held->news) && (held->news.kind == NEWS_TELEMETRY) == (lane == LANE_T));
        held->held = true;
    }
    return held->held;
}

/* Fills the lane's group; true when the ring is empty, false when the group is full. */
static bool fill(struct recorder *recorder, enum lane lane)
{
    while (take(recorder, lane)) {
        struct held_news *held = &recorder->lanes[lane].held;
        if (!add_news(recorder, lane, &held->news)) {
            CHECK(!group_is_empty(&recorder->lanes[lane].group)); /* an empty group takes any one item */
            return false;
        }
        held->held = false;
    }
    return true;
}

static bool lane_ready(const struct recorder *recorder, enum lane lane)
{
    return journal_is_open(recorder->journal, lane) && recorder->restore == RESTORE_DONE && may_try(recorder, lane);
}

/* Alarms do not wait: everything that is there becomes one transaction now. */
static void record_news(struct recorder *recorder)
{
    bool empty = false;
    for (int i = 0; i < STEP_GROUPS_MAX && !empty && lane_ready(recorder, LANE_A); i++) {
        empty = fill(recorder, LANE_A);
        const struct group *group = &recorder->lanes[LANE_A].group;
        bool const urgent =
            !empty || group->record_count > 0 || recorder->now.mono_us >= group->first_mono_us + ACKED_WAIT_US;
        if (!group_is_empty(group) && urgent && recorder_write(recorder, LANE_A) != ERR_OK)
            return;
    }
}

static int64_t telemetry_due_mono_us(const struct recorder *recorder)
{
    const struct group *group = &recorder->lanes[LANE_T].group;
    if (group_is_empty(group))
        return CLOCK_NEVER;
    int64_t const quiet = group->newest_mono_us + GROUP_QUIET_US;
    int64_t const latest = group->first_mono_us + GROUP_WAIT_US;
    return quiet < latest ? quiet : latest;
}

static void record_telemetry(struct recorder *recorder)
{
    bool empty = false;
    for (int i = 0; i < STEP_GROUPS_MAX && !empty && lane_ready(recorder, LANE_T); i++) {
        empty = fill(recorder, LANE_T);
        bool const due = !empty || recorder->finished || recorder->now.mono_us >= telemetry_due_mono_us(recorder);
        if (due && !group_is_empty(&recorder->lanes[LANE_T].group) && recorder_write(recorder, LANE_T) != ERR_OK)
            return;
    }
}

/* --- gaps --- */

static void put_gap_event(struct recorder *recorder, const struct journal_gap *gap, const char *centre, unsigned reason)
{
    char detail[256];
    struct text text;
    text_init(&text, detail, sizeof detail);
    text_put_format(&text, "\"of\":\"%c\",\"from\":%" PRIu64 ",\"to\":%" PRIu64 ",\"why\":", lane_letter(gap->of),
                    gap->first, gap->last);
    text_put_json_string(&text, gap->why);
    if (centre != NULL) {
        text_put(&text, ",\"centre\":");
        text_put_json_string(&text, centre);
        text_put_format(&text, ",\"reason\":%u", reason);
    }
    CHECK(!text.full);
    recorder_put_event(recorder, NOTICE_GAP, detail, recorder->now.utc_ms, recorder->now.synced);
}

/* The event and the mark that it was made commit together: exactly one event for each gap, whenever the power goes. */
static void declare_gaps(struct recorder *recorder)
{
    struct journal_gap gap;
    if (!recorder->gaps_may_wait || recorder->evicting || !lane_ready(recorder, LANE_A))
        return;
    for (enum lane lane = LANE_A; lane < LANE_COUNT; lane++) {
        enum err err;
        while ((err = journal_next_gap(recorder->journal, lane, &gap)) == ERR_OK) {
            if (!group_is_empty(&recorder->lanes[LANE_A].group) && recorder_write(recorder, LANE_A) != ERR_OK)
                return;
            put_gap_event(recorder, &gap, NULL, 0);
            if (!group_add_gap_declared(&recorder->lanes[LANE_A].group, lane, gap.id) ||
                recorder_write(recorder, LANE_A) != ERR_OK)
                return;
        }
        if (err != ERR_EMPTY)
            return;
    }
    recorder->gaps_may_wait =
        !journal_is_open(recorder->journal, LANE_T) || !group_is_empty(&recorder->lanes[LANE_T].group);
}

/* --- acknowledgements --- */

static void take_cursor(struct recorder *recorder, const struct sender_ack *ack)
{
    enum lane const lane = ack->lane == 'a' ? LANE_A : LANE_T;
    struct cursor_kept *kept = &recorder->cursors[ack->centre][lane];
    if (ack->lw < kept->cursor.lw)
        return;
    kept->cursor = (struct journal_cursor){.lw = ack->lw};
    for (size_t i = 0; i < ack->range_count && i < JOURNAL_RANGES_MAX; i++) {
        kept->cursor.ranges[i][0] = ack->ranges[i][0];
        kept->cursor.ranges[i][1] = ack->ranges[i][1];
        kept->cursor.range_count++;
    }
    kept->dirty = true;
    if (recorder->cursors_due_mono_us == CLOCK_NEVER)
        recorder->cursors_due_mono_us = recorder->now.mono_us + CURSOR_WAIT_US;
}

static void take_refused(struct recorder *recorder, const struct sender_ack *ack)
{
    struct journal_gap const gap = {.of = ack->lane == 'a' ? LANE_A : LANE_T,
                                    .first = ack->ranges[0][0],
                                    .last = ack->ranges[0][1],
                                    .why = "refused"};
    put_gap_event(recorder, &gap, recorder->setup.site->centres[ack->centre].id, ack->reason);
    /* Before any cursor that passes over it: when this fails no acknowledgement is taken until it went through. */
    if (recorder_write(recorder, LANE_A) != ERR_OK)
        log_say(LOG_WARNING, "recorder", "what a broker refused is not declared yet");
}

static void take_registry(struct recorder *recorder, const struct sender_ack *ack)
{
    struct group *group = &recorder->lanes[LANE_A].group;
    const char *centre = recorder->setup.site->centres[ack->centre].id;
    bool added = group_add_registry_acked(group, centre, ack->dev, ack->sha256);
    if (!added && recorder_write(recorder, LANE_A) == ERR_OK)
        added = group_add_registry_acked(group, centre, ack->dev, ack->sha256);
    if (added) /* if not: it is published once more at the next connection */
        stamp_group(recorder, LANE_A);
}

static void take_acks(struct recorder *recorder)
{
    struct sender_ack ack;
    size_t size;
    for (int i = 0; i < STEP_ACKS_MAX && lane_ready(recorder, LANE_A); i++) {
        if (ring_pop(recorder->setup.acks, &ack, sizeof ack, &size) != ERR_OK)
            return;
        CHECK(size == sizeof ack && ack.centre < recorder->setup.site->centre_count);
        switch ((enum sender_ack_kind)ack.kind) {
        case ACK_CURSOR:
            take_cursor(recorder, &ack);
            break;
        case ACK_REGISTRY:
            take_registry(recorder, &ack);
            break;
        case ACK_REFUSED:
            take_refused(recorder, &ack);
            break;
        }
    }
}

static void store_cursors(struct recorder *recorder)
{
    if (recorder->now.mono_us < recorder->cursors_due_mono_us)
        return;
    recorder->cursors_due_mono_us = recorder->now.mono_us + CURSOR_WAIT_US; /* should a lane be closed */
    for (enum lane lane = LANE_A; lane < LANE_COUNT; lane++) {
        bool dirty = false;
        for (size_t i = 0; i < recorder->setup.site->centre_count; i++)
            dirty = dirty || recorder->cursors[i][lane].dirty;
        if (dirty && lane_ready(recorder, lane) && recorder_write(recorder, lane) != ERR_OK)
            return;
    }
}

static void load_cursors(struct recorder *recorder, enum lane lane)
{
    for (size_t i = 0; i < recorder->setup.site->centre_count; i++) {
        struct journal_cursor cursor;
        struct cursor_kept *kept = &recorder->cursors[i][lane];
        if (kept->cursor.lw == 0 &&
            journal_get_cursor(recorder->journal, lane, recorder->setup.site->centres[i].id, &cursor) == ERR_OK)
            kept->cursor = cursor;
    }
}

/* --- keeping house --- */

static bool measure(struct recorder *recorder)
{
    uint64_t size_a = 0;
    uint64_t size_t_lane = 0;
    if (journal_size(recorder->journal, LANE_A, &size_a) != ERR_OK ||
        journal_size(recorder->journal, LANE_T, &size_t_lane) != ERR_OK)
        return false;
    recorder->journal_size = size_a + size_t_lane;
    return true;
}

/* What everybody has and nobody will ask for again. True when there is more. */
static bool expire(struct recorder *recorder, enum lane lane, int64_t before_utc_ms)
{
    uint64_t expired = 0;
    enum err err = journal_expire(recorder->journal, lane, recorder_delivered(recorder, lane), before_utc_ms,
                                  DELETE_COUNT, &expired);
    return err == ERR_OK && expired == DELETE_COUNT;
}

static bool over(const struct recorder *recorder, unsigned percent)
{
    uint64_t const size_max = recorder->setup.site->journal.size_max;
    return size_max > 0 && recorder->journal_size > size_max / 100 * percent;
}

/* Too large: first what everybody has, however young; then the oldest telemetry, declared. Alarms never. */
static bool shed(struct recorder *recorder)
{
    uint64_t evicted = 0;
    if (expire(recorder, LANE_T, INT64_MAX) || expire(recorder, LANE_A, INT64_MAX))
        return true;
    if (!measure(recorder) || !over(recorder, QUOTA_LOW_PERCENT))
        return false;
    if (journal_evict(recorder->journal, DELETE_COUNT, &evicted) != ERR_OK || evicted == 0)
        return false;
    recorder->dropped += evicted;
    recorder->gaps_may_wait = true;
    return true;
}

static void keep_house(struct recorder *recorder)
{
    bool more = false;
    bool const due =
        recorder->now.mono_us >= recorder->house_due_mono_us || recorder->records_since_house >= HOUSE_EVERY_RECORDS;
    if (!due || !lane_ready(recorder, LANE_A) || !lane_ready(recorder, LANE_T))
        return;
    recorder->records_since_house = 0;
    int64_t const keep_ms = (int64_t)recorder->setup.site->journal.keep_sent_s * 1000;
    for (enum lane lane = LANE_A; lane < LANE_COUNT; lane++)
        more = expire(recorder, lane, recorder->now.utc_ms - keep_ms) || more;
    if (measure(recorder)) {
        recorder->evicting = over(recorder, recorder->evicting ? QUOTA_LOW_PERCENT : QUOTA_HIGH_PERCENT);
        if (recorder->evicting)
            recorder->evicting = shed(recorder);
        more = more || recorder->evicting;
    }
    recorder->house_due_mono_us = recorder->now.mono_us + (more ? HOUSE_SOON_US : HOUSE_EVERY_US);
}

/* --- opening --- */

/* A commit that reported an error may have reached the disk all the same: then its numbers are there. */
static void settle_group(struct recorder *recorder, enum lane lane)
{
    struct group *group = &recorder->lanes[lane].group;
    if (group->last_number > 0 && journal_last(recorder->journal, lane) >= group->last_number) {
        recorder->lanes[lane].written_new = true;
        group_reset(group);
    }
}

static void put_incident(struct recorder *recorder)
{
    char incident[160];
    char detail[400];
    struct text text;
    journal_take_incident(recorder->journal, incident, sizeof incident);
    if (incident[0] == '\0')
        return;
    log_say(LOG_ERROR, "recorder", "%s", incident);
    text_init(&text, detail, sizeof detail);
    text_put(&text, "\"what\":\"set_aside\",\"why\":");
    text_put_json_string(&text, incident);
    recorder_put_event(recorder, NOTICE_JOURNAL, text.full ? "\"what\":\"set_aside\"" : detail, recorder->now.utc_ms,
                       recorder->now.synced);
}

static void open_lane(struct recorder *recorder, enum lane lane)
{
    if (journal_is_open(recorder->journal, lane) || !may_try(recorder, lane))
        return;
    if (journal_open(recorder->journal, lane) != ERR_OK) {
        failed(recorder, lane);
        return;
    }
    recorder->lanes[lane].failures = 0;
    recorder->gaps_may_wait = true;
    load_cursors(recorder, lane);
    settle_group(recorder, lane);
}

static void open_lanes(struct recorder *recorder)
{
    open_lane(recorder, LANE_A);
    if (!journal_is_open(recorder->journal, LANE_A)) {
        recorder_begin_without(recorder);
        return;
    }
    if (recorder->restore != RESTORE_DONE && may_try(recorder, LANE_A))
        recorder_restore(recorder);
    if (recorder->restore == RESTORE_DONE) /* the judge has its states before a large telemetry file is looked at */
        open_lane(recorder, LANE_T);
    if (recorder->restore == RESTORE_DONE)
        put_incident(recorder);
}

/* --- telling --- */

static void log_trouble(struct recorder *recorder, const char *trouble)
{
    if (strcmp(recorder->logged_trouble, trouble) == 0)
        return;
    if (trouble[0] != '\0')
        log_say(LOG_ERROR, "recorder", "%s", trouble);
    else
        log_say(LOG_NOTICE, "recorder", "the journal works again");
    text_copy(recorder->logged_trouble, sizeof recorder->logged_trouble, trouble);
}

static void tell_board(struct recorder *recorder)
{
    const struct journal *journal = recorder->journal;
    struct board_journal shown;
    memset(&shown, 0, sizeof shown); /* compared as bytes */
    shown.ok =
        journal_is_open(journal, LANE_A) && journal_is_open(journal, LANE_T) && journal_trouble(journal)[0] == '\0';
    shown.bytes = recorder->journal_size;
    shown.commits = recorder->commits;
    shown.dropped = recorder->dropped;
    if (recorder->started) {
        shown.last_a = journal_last(journal, LANE_A);
        shown.last_t = journal_last(journal, LANE_T);
        shown.boot = journal_boot(journal);
        text_copy(shown.stream, sizeof shown.stream, journal_stream(journal));
    }
    text_copy(shown.trouble, sizeof shown.trouble, journal_trouble(journal));
    if (memcmp(&shown, &recorder->shown, sizeof shown) == 0)
        return;
    log_trouble(recorder, shown.trouble);
    recorder->shown = shown;
    board_put_journal(recorder->setup.board, &shown);
}

/* After the board: a sender that wakes looks there first. */
static void ring_senders(struct recorder *recorder)
{
    if (!recorder->lanes[LANE_A].written_new && !recorder->lanes[LANE_T].written_new)
        return;
    recorder->lanes[LANE_A].written_new = false;
    recorder->lanes[LANE_T].written_new = false;
    for (size_t i = 0; i < recorder->setup.site->centre_count; i++)
        bell_ring(recorder->sender_bells[i]);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t next_step_mono_us(const struct recorder *recorder)
{
    size_t used_max;
    int64_t next = recorder->now.mono_us + STEP_MAX_US;
    next = earlier(next, recorder->cursors_due_mono_us);
    if (recorder->restore != RESTORE_DONE && journal_is_open(recorder->journal, LANE_A))
        next = earlier(next, recorder->now.mono_us + HOUSE_SOON_US); /* the judge's ring was full */
    for (enum lane lane = LANE_A; lane < LANE_COUNT; lane++)
        if (!may_try(recorder, lane))
            next = earlier(next, recorder->lanes[lane].retry_mono_us);
    if (lane_ready(recorder, LANE_T))
        next = earlier(next, telemetry_due_mono_us(recorder));
    if (lane_ready(recorder, LANE_A) && lane_ready(recorder, LANE_T))
        next = earlier(next, recorder->house_due_mono_us);
    if (lane_ready(recorder, LANE_A) && ring_used(recorder->setup.news, &used_max) > 0)
        next = recorder->now.mono_us;
    if (lane_ready(recorder, LANE_T) && ring_used(recorder->setup.telemetry, &used_max) > 0)
        next = recorder->now.mono_us;
    return next;
}

int64_t recorder_step(void *self, struct now now)
{
    struct recorder *recorder = self;
    recorder->now = now;
    open_lanes(recorder);
    record_news(recorder);
    take_acks(recorder);
    record_telemetry(recorder);
    keep_house(recorder);
    declare_gaps(recorder);
    store_cursors(recorder);
    tell_board(recorder);
    ring_senders(recorder);
    return next_step_mono_us(recorder);
}

bool recorder_drained(const struct recorder *recorder)
{
    size_t used_max;
    for (enum lane lane = LANE_A; lane < LANE_COUNT; lane++)
        if (recorder->lanes[lane].held.held || recorder->lanes[lane].group.record_count > 0)
            return false;
    return ring_used(recorder->setup.news, &used_max) == 0 && ring_used(recorder->setup.telemetry, &used_max) == 0;
}

void recorder_finish(struct recorder *recorder, struct now now)
{
    if (recorder->finished)
        return;
    recorder->finished = true; /* telemetry no longer waits for company */
    (void)recorder_step(recorder, now);
    if (lane_ready(recorder, LANE_A)) {
        recorder_put_event(recorder, NOTICE_STOP, "", now.utc_ms, now.synced);
        (void)recorder_step(recorder, now);
    }
}

enum err recorder_open(struct recorder **ret_recorder, const struct recorder_setup *setup)
{
    CHECK(setup->site->centre_count <= SITE_CENTRES_MAX);
    struct recorder *recorder = calloc(1, sizeof *recorder);
    if (recorder == NULL)
        return ERR_MEMORY;
    recorder->setup = *setup;
    for (size_t i = 0; i < setup->site->centre_count; i++)
        recorder->sender_bells[i] = setup->sender_bells[i];
    recorder->setup.sender_bells = NULL; /* copied */
    recorder->cursors_due_mono_us = CLOCK_NEVER;
    recorder->lanes[LANE_A].retry_mono_us = recorder->lanes[LANE_T].retry_mono_us = INT64_MIN;
    recorder->occurrence_base = calloc(setup->site->rule_count + 1, sizeof *recorder->occurrence_base);
    enum err err = recorder->occurrence_base != NULL ? ERR_OK : ERR_MEMORY;
    if (err == ERR_OK)
        err = group_open(&recorder->lanes[LANE_A].group, GROUP_A_SIZE);
    if (err == ERR_OK)
        err = group_open(&recorder->lanes[LANE_T].group, GROUP_T_SIZE);
    if (err == ERR_OK)
        err = journal_make(&recorder->journal, &(struct journal_setup){
                                                   .dir = setup->site->journal.dir,
                                                   .size_max = setup->site->journal.size_max,
                                                   .machine_boot_id = setup->machine_boot_id,
                                               });
    if (err != ERR_OK) {
        recorder_close(recorder);
        return err;
    }
    *ret_recorder = recorder;
    return ERR_OK;
}

void recorder_close(struct recorder *recorder)
{
    if (recorder == NULL)
        return;
    if (recorder->journal != NULL && recorder->started)
        recorder_finish(recorder, recorder->now);
    journal_destroy(recorder->journal);
    group_close(&recorder->lanes[LANE_A].group);
    group_close(&recorder->lanes[LANE_T].group);
    free(recorder->occurrence_base);
    free(recorder);
}
