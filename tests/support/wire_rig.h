/* wire_rig: a recorder with its rings, bells and board, on a fake clock and a real journal in a private directory. */
#ifndef OUTPOST_TESTS_SUPPORT_WIRE_RIG_H
#define OUTPOST_TESTS_SUPPORT_WIRE_RIG_H

#include "tests/support/test.h"

#include <inttypes.h>
#include <stdbool.h>

#include "gateway/base/log.h"
#include "gateway/model/inbox.h"
#include "gateway/run/board.h"
#include "gateway/run/journal.h"
#include "gateway/run/recorder.h"
#include "gateway/run/sender.h"
#include "tests/support/scratch.h"
#include "tests/support/wire_site.h"

#define RIG_CENTRES 2

struct rig {
    char dir[SCRATCH_MAX];
    struct site_centre centres[RIG_CENTRES];
    struct site site;
    struct ring news;
    struct ring telemetry;
    struct ring acks;
    struct ring inbox;
    struct bell inbox_bell;
    struct bell recorder_bell;
    struct bell sender_bells[RIG_CENTRES];
    struct board *board;
    struct recorder *recorder;
    struct now now;
    const char *machine_boot_id;
};

static inline void rig_start(struct rig *rig)
{
    struct bell *bells[RIG_CENTRES];
    assert_int_equal(ring_open(&rig->news, 256 * 1024), ERR_OK);
    assert_int_equal(ring_open(&rig->telemetry, 256 * 1024), ERR_OK);
    assert_int_equal(ring_open(&rig->acks, 64 * 1024), ERR_OK);
    assert_int_equal(ring_open(&rig->inbox, 64 * 1024), ERR_OK);
    assert_int_equal(bell_open(&rig->inbox_bell), ERR_OK);
    assert_int_equal(bell_open(&rig->recorder_bell), ERR_OK);
    for (size_t i = 0; i < RIG_CENTRES; i++) {
        assert_int_equal(bell_open(&rig->sender_bells[i]), ERR_OK);
        bells[i] = &rig->sender_bells[i];
    }
    assert_int_equal(board_open(&rig->board, &rig->site), ERR_OK);
    assert_int_equal(recorder_open(&rig->recorder, &(struct recorder_setup){.site = &rig->site,
                                                                            .news = &rig->news,
                                                                            .telemetry = &rig->telemetry,
                                                                            .acks = &rig->acks,
                                                                            .inbox = &rig->inbox,
                                                                            .inbox_bell = &rig->inbox_bell,
                                                                            .sender_bells = bells,
                                                                            .board = rig->board,
                                                                            .machine_boot_id = rig->machine_boot_id}),
                     ERR_OK);
}

static inline void rig_stop(struct rig *rig)
{
    recorder_close(rig->recorder);
    rig->recorder = NULL;
    board_close(rig->board);
    ring_close(&rig->news);
    ring_close(&rig->telemetry);
    ring_close(&rig->acks);
    ring_close(&rig->inbox);
    bell_close(&rig->inbox_bell);
    bell_close(&rig->recorder_bell);
    for (size_t i = 0; i < RIG_CENTRES; i++)
        bell_close(&rig->sender_bells[i]);
}

static inline void rig_make(struct rig *rig, size_t centre_count)
{
    memset(rig, 0, sizeof *rig);
    log_set_quiet(true);
    scratch_make(rig->dir);
    for (size_t i = 0; i < RIG_CENTRES; i++)
        rig->centres[i] = (struct site_centre){.id = i == 0 ? "property" : "district",
                                               .urls = {"mqtt://broker"},
                                               .url_count = 1,
                                               .prefix = "outpost/v1",
                                               .mqtt = 5,
                                               .username = "",
                                               .password_file = "",
                                               .ca_file = "",
                                               .cert_file = "",
                                               .key_file = "",
                                               .health_ms = 60000,
                                               .backoff_min_ms = 1000,
                                               .backoff_max_ms = 60000,
                                               .only.lowest = PRIORITY_COUNT - 1};
    rig->site = wire_site(rig->centres, centre_count, rig->dir);
    rig->machine_boot_id = "boot-1";
    rig->now = (struct now){.mono_us = 1000000, .utc_ms = 1795310000000, .synced = true};
    rig_start(rig);
}

static inline void rig_remove(struct rig *rig)
{
    rig_stop(rig);
    scratch_remove(rig->dir);
}

static inline int64_t rig_step(struct rig *rig)
{
    return recorder_step(rig->recorder, rig->now);
}

static inline void rig_pass(struct rig *rig, int64_t us)
{
    rig->now.mono_us += us;
    rig->now.utc_ms = 1795310000000 + (rig->now.mono_us - 1000000) / 1000;
}

static inline void rig_push(struct ring *ring, const struct news *news)
{
    assert_int_equal(ring_push(ring, news, news_size(news)), ERR_OK);
}

/* The payload of one committed record as a string; false when it is not there. */
static inline bool rig_record(const char *dir, enum lane lane, uint64_t seq, char *ret_payload, size_t payload_size)
{
    struct journal_reader *reader;
    struct journal_row row;
    bool found = false;
    if (journal_reader_open(&reader, dir) != ERR_OK)
        return false;
    if (journal_reader_seek(reader, lane, seq) == ERR_OK) {
        if (journal_reader_next(reader, lane, &row) == ERR_OK && row.seq == seq && row.payload_size < payload_size) {
            memcpy(ret_payload, row.payload, row.payload_size);
            ret_payload[row.payload_size] = '\0';
            found = true;
        }
        journal_reader_rest(reader, lane);
    }
    journal_reader_close(reader);
    return found;
}

static inline uint64_t rig_last(const char *dir, enum lane lane)
{
    struct journal_reader *reader;
    uint64_t last = 0;
    assert_int_equal(journal_reader_open(&reader, dir), ERR_OK);
    assert_int_equal(journal_reader_last(reader, lane, &last), ERR_OK);
    journal_reader_close(reader);
    return last;
}

#endif
