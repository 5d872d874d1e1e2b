/* When the disk cannot be written for some seconds, lane a goes on in memory, so that alarms still reach the centres; when it
 * can be again, what was kept in memory is written down and memory is left. */
#include "gateway/base/check.h"
#include "gateway/base/log.h"
#include "gateway/run/recorder_private.h"

#define SPARE_AFTER_US 3000000LL /* a disk that is merely slow or full for a moment is waited for */
#define DISK_EVERY_US  5000000LL
#define LEFT_STEPS_MAX 64 /* of what an earlier process left: 12,800 records */

/* The group was numbered for the disk, where it may even have arrived: in memory it gets numbers of its own. */
static bool renumber_group(struct recorder *recorder)
{
    struct group *group = &recorder->lanes[LANE_A].group;
    struct group other = recorder->spare_group;
    group_reset(&other);
    if (!group_renumber(group, journal_last(recorder->spare, LANE_A) + 1, &other))
        return false;
    recorder->spare_group = *group;
    *group = other;
    return true;
}

static void go_to_memory(struct recorder *recorder)
{
    recorder->disk_due_mono_us = recorder->now.mono_us + DISK_EVERY_US;
    text_copy(recorder->disk_trouble, sizeof recorder->disk_trouble, journal_trouble(recorder->disk));
    if (journal_open_spare(&recorder->spare, recorder->disk) != ERR_OK)
        return;
    if (!renumber_group(recorder)) {
        journal_remove_spare(recorder->spare);
        recorder->spare = NULL;
        return;
    }
    log_say(LOG_ERROR, "recorder", "the disk cannot be written; alarms go on in memory: %s", recorder->disk_trouble);
    recorder->journal = recorder->spare;
    recorder->lanes[LANE_A].retry_mono_us = recorder->now.mono_us;
    recorder->lanes[LANE_A].renew = recorder->restore == RESTORE_DONE;
    recorder->in_memory_to_say = true;
}

static void leave_memory(struct recorder *recorder)
{
    struct journal *spare = recorder->spare;
    recorder->spare = NULL;
    recorder->journal = recorder->disk;
    recorder->in_memory_to_say = false;
    recorder->gaps_may_wait = true;
    recorder->lanes[LANE_A].renew = true;
    recorder->lanes[LANE_A].failures = 0;
    recorder->lanes[LANE_A].written_new = true;
    recorder->lanes[LANE_T].retry_mono_us = recorder->now.mono_us;
    journal_remove_spare(spare);
    recorder_put_journal_event(recorder, "on_disk", "the disk works again; what was kept in memory is written down");
    log_say(LOG_NOTICE, "recorder", "the disk works again");
}

static void try_disk(struct recorder *recorder)
{
    if (recorder->now.mono_us < recorder->disk_due_mono_us)
        return;
    enum err err = journal_open(recorder->disk, LANE_A);
    if (err == ERR_OK)
        err = journal_take_spare(recorder->disk, recorder->spare);
    recorder->disk_due_mono_us = recorder->now.mono_us + (err == ERR_BUSY ? RECORDER_SOON_US : DISK_EVERY_US);
    if (err == ERR_OK) {
        leave_memory(recorder);
    } else if (err == ERR_ARGUMENT) { /* the disk could not even be read when memory began: another stream */
        log_say(LOG_WARNING, "recorder",
                "alarms kept in memory are of another stream than the disk and stay unwritten");
        leave_memory(recorder);
    }
}

/* An earlier process ended while the disk could not be written. */
static void take_what_was_left(struct recorder *recorder)
{
    struct journal *left;
    enum err err = journal_open_spare(&left, recorder->disk);
    recorder->spare_left = false;
    if (err != ERR_OK)
        return;
    int steps = 0;
    while ((err = journal_take_spare(recorder->disk, left)) == ERR_BUSY && steps < LEFT_STEPS_MAX)
        steps++;
    if (err != ERR_OK)
        log_say(LOG_WARNING, "recorder", "alarms that were kept in memory could not be written down: %s",
                err_text(err));
    if (err == ERR_OK || err == ERR_ARGUMENT)
        journal_remove_spare(left);
    else
        journal_destroy(left);
}

void recorder_look_at_disk(struct recorder *recorder)
{
    if (recorder->spare != NULL) {
        try_disk(recorder);
        return;
    }
    if (recorder->spare_left && journal_is_open(recorder->disk, LANE_A))
        take_what_was_left(recorder);
    bool const gone = recorder->lanes[LANE_A].failures > 0 && !recorder->lanes[LANE_A].busy &&
                      recorder->now.mono_us >= recorder->lanes[LANE_A].failed_mono_us + SPARE_AFTER_US;
    if (gone && recorder->now.mono_us >= recorder->disk_due_mono_us)
        go_to_memory(recorder);
}

void recorder_say_memory(struct recorder *recorder)
{
    if (!recorder->in_memory_to_say || recorder->restore != RESTORE_DONE)
        return;
    recorder->in_memory_to_say = false;
    recorder_put_journal_event(recorder, "in_memory", recorder->disk_trouble);
}
