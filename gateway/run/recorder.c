#include "gateway/run/recorder.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/base/log.h"
#include "gateway/run/recorder_private.h"
#include "gateway/run/sender.h"

#define GROUP_A_SIZE    ((size_t)96 * 1024)
#define GROUP_T_SIZE    ((size_t)192 * 1024) /* some 300 records of 20 points */
#define GROUP_QUIET_US  1000                 /* telemetry: until nothing came for this long; polls come in bursts */
#define ACKED_WAIT_US   250000               /* acknowledged registries may wait for the next commit of their lane */
#define RETRY_FIRST_US  200000LL
#define RETRY_MAX_US    5000000LL
#define STEP_MAX_US     1000000LL
#define STEP_GROUPS_MAX 16 /* of one lane in one step */
#define ROOM_TRIES      4  /* on a full disk: what was set aside, the reserve, the oldest telemetry twice */

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

void recorder_failed(struct recorder *recorder, enum lane lane)
{
    if (recorder->lanes[lane].failures == 0) {
        recorder->lanes[lane].failed_mono_us = recorder->now.mono_us;
        text_copy(recorder->lanes[lane].failed_why, sizeof recorder->lanes[lane].failed_why,
                  journal_trouble(recorder->journal));
    }
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

static enum err write_into(struct recorder *recorder, enum lane lane, enum lane into)
{
    enum err err = journal_begin(recorder->journal, into);
    if (err == ERR_OK)
        err = group_put(&recorder->lanes[lane].group, recorder->journal, into);
    if (err == ERR_OK)
        err = recorder_put_cursors(recorder, lane, into);
    if (err == ERR_OK && into == LANE_T)
        err = recorder_put_purse(recorder);
    if (err == ERR_OK)
        err = journal_commit(recorder->journal, into);
    if (err == ERR_OK && into == LANE_T)
        recorder_purse_stored(recorder);
    return err;
}

static enum err try_to_write(struct recorder *recorder, enum lane lane)
{
    enum lane const into = recorder_into(recorder, lane);
    if (into != LANE_TAIL)
        return write_into(recorder, lane, lane);
    enum err err = recorder_reserve(recorder);
    if (err != ERR_OK)
        return err;
    err = write_into(recorder, lane, into);
    if (err == ERR_OK)
        return ERR_OK;
    recorder_tail_failed(recorder, err);
    return ERR_BUSY; /* the disk itself is not full */
}

/* What has no record is found in the stored states: active/ of these subjects is due. */
static void tell_hushed(struct recorder *recorder)
{
    for (size_t i = 0; recorder->any_hushed && i < recorder->setup.site->subject_count; i++) {
        if (recorder->hushed[i])
            board_add_move(recorder->setup.board, i);
        recorder->hushed[i] = false;
    }
    recorder->lanes[LANE_A].written_new = recorder->lanes[LANE_A].written_new || recorder->any_hushed;
    recorder->any_hushed = false;
}

/* The group, with whatever cursors are waiting, in one transaction. On failure it stays, to be written later with the same
 * numbers and bytes. */
enum err recorder_write(struct recorder *recorder, enum lane lane)
{
    struct group *group = &recorder->lanes[lane].group;
    enum err err = try_to_write(recorder, lane);
    for (int i = 0; i < ROOM_TRIES && err == ERR_DISK_FULL && recorder_make_room(recorder, lane); i++)
        err = try_to_write(recorder, lane);
    if (err != ERR_OK) {
        recorder_failed(recorder, lane);
        return err;
    }
    recorder->commits++;
    recorder->records_since_house += group->record_count;
    recorder_works_again(recorder, lane);
    recorder->lanes[lane].written_new = recorder->lanes[lane].written_new || group->record_count > 0;
    group_reset(group);
    if (lane == LANE_A)
        tell_hushed(recorder);
    recorder_cursors_stored(recorder, lane);
    return journal_note(recorder->journal, lane, recorder_delivered(recorder, lane), false);
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
        recorder->news_taken += lane == LANE_A ? 1 : 0;
    }
    return held->held;
}

/* The event says up to which numbers the clock was not set: what was read before has its number by then. */
static bool is_clock_set(const struct news *news)
{
    return news->kind == NEWS_NOTICE && news->is.notice.notice == NOTICE_CLOCK_SET;
}

/* Fills the lane's group; true when the ring is empty, false when the group is full. */
static bool fill(struct recorder *recorder, enum lane lane)
{
    while (take(recorder, lane)) {
        struct held_news *held = &recorder->lanes[lane].held;
        if (is_clock_set(&held->news) && recorder_lane_ready(recorder, LANE_T))
            (void)fill(recorder, LANE_T);
        if (!recorder_add_news(recorder, lane, &held->news)) {
            CHECK(!group_is_empty(&recorder->lanes[lane].group)); /* an empty group takes any one item */
            return false;
        }
        held->held = false;
    }
    return true;
}

bool recorder_lane_ready(const struct recorder *recorder, enum lane lane)
{
    return journal_is_open(recorder->journal, lane) && recorder->restore == RESTORE_DONE && may_try(recorder, lane);
}

/* Alarms do not wait: everything that is there becomes one transaction now. */
static void record_news(struct recorder *recorder)
{
    bool empty = false;
    for (int i = 0; i < STEP_GROUPS_MAX && !empty && recorder_lane_ready(recorder, LANE_A); i++) {
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
    int64_t const wait_us = recorder->group_wait_us;
    int64_t const quiet = group->newest_mono_us + (wait_us > RECORDER_GROUP_WAIT_US ? wait_us : GROUP_QUIET_US);
    int64_t const latest = group->first_mono_us + wait_us;
    return quiet < latest ? quiet : latest;
}

static void record_telemetry(struct recorder *recorder)
{
    recorder_keep_budget(recorder);
    bool empty = false;
    for (int i = 0; i < STEP_GROUPS_MAX && !empty && recorder_lane_ready(recorder, LANE_T); i++) {
        empty = fill(recorder, LANE_T);
        bool const due = !empty || recorder->finished || recorder->now.mono_us >= telemetry_due_mono_us(recorder);
        if (due && !group_is_empty(&recorder->lanes[LANE_T].group) && recorder_write(recorder, LANE_T) != ERR_OK)
            return;
    }
}

/* --- gaps --- */

/* The event and the mark that it was made commit together: exactly one event for each gap, whenever the power goes. */
static void declare_gaps(struct recorder *recorder)
{
    struct journal_gap gap;
    if (!recorder->gaps_may_wait || recorder->evicting || !recorder_lane_ready(recorder, LANE_A))
        return;
    for (enum lane lane = LANE_A; lane < LANE_COUNT; lane++) {
        enum err err;
        while ((err = journal_next_gap(recorder->journal, lane, &gap)) == ERR_OK) {
            if (!group_is_empty(&recorder->lanes[LANE_A].group) && recorder_write(recorder, LANE_A) != ERR_OK)
                return;
            recorder_put_gap_event(recorder, &gap, NULL, 0);
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
    const char *what = journal_take_incident(recorder->journal, incident, sizeof incident);
    if (incident[0] == '\0')
        return;
    log_say(LOG_ERROR, "recorder", "%s", incident);
    recorder_put_journal_event(recorder, what, incident);
}

static void open_lane(struct recorder *recorder, enum lane lane)
{
    if (journal_is_open(recorder->journal, lane) || !may_try(recorder, lane))
        return;
    enum err const err = journal_open(recorder->journal, lane);
    recorder->lanes[lane].busy = err == ERR_BUSY;
    if (err != ERR_OK) {
        recorder_failed(recorder, lane);
        return;
    }
    recorder_works_again(recorder, lane);
    recorder->gaps_may_wait = true;
    recorder_load_cursors(recorder, lane);
    if (lane == LANE_T)
        recorder_load_purse(recorder);
    settle_group(recorder, lane);
    if (journal_take_renewed(recorder->journal, lane) && recorder->restore == RESTORE_DONE)
        recorder->lanes[lane].renew = true;
}

static void open_lanes(struct recorder *recorder)
{
    open_lane(recorder, LANE_A);
    recorder_look_at_disk(recorder);
    if (!journal_is_open(recorder->journal, LANE_A)) {
        recorder_begin_without(recorder);
        return;
    }
    if (recorder->restore != RESTORE_DONE && may_try(recorder, LANE_A))
        recorder_restore(recorder);
    if (recorder->restore == RESTORE_DONE &&
        recorder->spare == NULL) /* the judge has its states before a large telemetry file is looked at */
        open_lane(recorder, LANE_T);
    if (recorder->restore != RESTORE_DONE)
        return;
    for (enum lane lane = LANE_A; lane < LANE_COUNT; lane++)
        if (recorder->lanes[lane].renew && recorder_lane_ready(recorder, lane) && !recorder_renew(recorder, lane))
            recorder_failed(recorder, lane);
    put_incident(recorder);
    recorder_say_memory(recorder);
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
    shown.budget_used = recorder->saving;
    shown.recorded = group_is_empty(&recorder->lanes[LANE_A].group)
                         ? recorder->news_taken - (recorder->lanes[LANE_A].held.held ? 1 : 0)
                         : recorder->shown.recorded;
    if (recorder->started) {
        shown.last_a = journal_last(journal, LANE_A);
        shown.last_t = journal_last(recorder->disk, LANE_T);
        shown.boot = journal_boot(journal);
        bool const known = recorder->shown.opened_mono_us != 0;
        shown.opened_mono_us = known ? recorder->shown.opened_mono_us : recorder->now.mono_us;
        shown.opened_bytes = known ? recorder->shown.opened_bytes : shown.bytes;
        text_copy(shown.stream, sizeof shown.stream, journal_stream(journal));
    }
    text_copy(shown.trouble, sizeof shown.trouble, journal_trouble(recorder->disk));
    if (recorder->spare != NULL && shown.trouble[0] == '\0')
        text_copy(shown.trouble, sizeof shown.trouble, recorder->disk_trouble);
    if (recorder->tight && shown.trouble[0] == '\0')
        text_copy(shown.trouble, sizeof shown.trouble, RECORDER_DISK_FULL);
    shown.ok = shown.ok && !recorder->tight;
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
        next = earlier(next, recorder->now.mono_us + RECORDER_SOON_US); /* the judge's ring was full */
    for (enum lane lane = LANE_A; lane < LANE_COUNT; lane++)
        if (!may_try(recorder, lane))
            next = earlier(next, recorder->lanes[lane].retry_mono_us);
    if (recorder_lane_ready(recorder, LANE_T))
        next = earlier(next, telemetry_due_mono_us(recorder));
    next = earlier(next, recorder_house_due_mono_us(recorder));
    next = earlier(next, recorder_tail_due_mono_us(recorder));
    if (recorder_lane_ready(recorder, LANE_A) && ring_used(recorder->setup.news, &used_max) > 0)
        next = recorder->now.mono_us;
    if (recorder_lane_ready(recorder, LANE_T) && ring_used(recorder->setup.telemetry, &used_max) > 0)
        next = recorder->now.mono_us;
    return next;
}

int64_t recorder_step(void *self, struct now now)
{
    struct recorder *recorder = self;
    if (recorder->group_wait_us == 0) /* the first step */
        thrift_init(&recorder->thrift, recorder->setup.site->journal.flash_budget, now.mono_us);
    recorder->now = now;
    open_lanes(recorder);
    record_news(recorder);
    recorder_take_acks(recorder);
    recorder_tell_centres(recorder);
    record_telemetry(recorder);
    recorder_tend_tail(recorder);
    recorder_keep_house(recorder);
    declare_gaps(recorder);
    recorder_store_cursors(recorder);
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
    if (recorder_lane_ready(recorder, LANE_A)) {
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
    enum err err = recorder_open_states(recorder);
    if (err == ERR_OK)
        err = group_open(&recorder->lanes[LANE_A].group, GROUP_A_SIZE);
    if (err == ERR_OK)
        err = group_open(&recorder->lanes[LANE_T].group, GROUP_T_SIZE);
    if (err == ERR_OK)
        err = group_open(&recorder->spare_group, GROUP_A_SIZE);
    if (err == ERR_OK)
        err = journal_make(&recorder->disk, &(struct journal_setup){
                                                .dir = setup->site->journal.dir,
                                                .size_max = setup->site->journal.size_max,
                                                .machine_boot_id = setup->machine_boot_id,
                                            });
    if (err == ERR_OK && journal_lock(recorder->disk) == ERR_BUSY) /* other trouble of the disk is waited for */
        err = ERR_BUSY;
    if (err != ERR_OK) {
        recorder_close(recorder);
        return err;
    }
    recorder->journal = recorder->disk;
    recorder->spare_left = journal_has_spare(recorder->disk);
    *ret_recorder = recorder;
    return ERR_OK;
}

void recorder_close(struct recorder *recorder)
{
    if (recorder == NULL)
        return;
    if (recorder->journal != NULL && recorder->started)
        recorder_finish(recorder, recorder->now);
    if (recorder->journal != NULL && recorder->started)
        recorder_leave_purse(recorder);
    journal_destroy(recorder->spare);
    journal_destroy(recorder->disk);
    group_close(&recorder->spare_group);
    group_close(&recorder->lanes[LANE_A].group);
    group_close(&recorder->lanes[LANE_T].group);
    recorder_close_states(recorder);
    free(recorder);
}
