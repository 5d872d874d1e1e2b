/* recorder: the recording room. Turns news into numbered records (payload bytes), commits them to the journal, keeps the
 * senders' cursors, and at start hands the stored states to the judge. The only writer of the journal.
 *
 * Commits when its rings are empty or 5 ms after the first record; alarms at once. The numbers of a lane are the rowids
 * of its table: gap-free because a row is committed or a gap is declared in the same transaction.
 *
 * Occurrence numbers: the judge counts from 0 in each process (0 = the occurrence that was stored, 1 = the first new
 * one); the recorder adds what the journal had at start, so uids never repeat even when the journal opens late. */
#ifndef OUTPOST_RUN_RECORDER_H
#define OUTPOST_RUN_RECORDER_H

#include "gateway/base/bell.h"
#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/ring.h"
#include "gateway/model/site.h"
#include "gateway/run/board.h"

struct recorder;

struct recorder_setup {
    const struct site *site;
    struct ring *news;
    struct ring *telemetry;
    struct ring *acks;  /* from the senders: struct sender_ack (run/sender.h) */
    struct ring *inbox; /* of the judge, for INBOX_STORED and INBOX_RESTORED */
    struct bell *inbox_bell;
    struct bell *const *sender_bells; /* rung after each commit; site.centre_count, copied */
    struct board *board;
    const char *machine_boot_id; /* changes when the machine reboots; NULL: read from /proc */
};

/* ERR_BUSY: another process has the journal. */
MUST_CHECK enum err recorder_open(struct recorder **ret_recorder, const struct recorder_setup *setup);
void recorder_close(struct recorder *recorder); /* commits what it has; accepts NULL */
/* A clean end: commits what is in the rings, then the event `stop`, and rings the senders, who can still send it. Call when
 * the judge has drained and before the senders are finished; recorder_close does it where nobody did. recorder_step may
 * be called afterwards (for acknowledgements). Blocks for the disk. */
void recorder_finish(struct recorder *recorder, struct now now);
int64_t recorder_step(void *recorder, struct now now); /* blocks for the disk */
/* True when everything that was in its rings is committed. */
bool recorder_drained(const struct recorder *recorder);

#endif
