/* board: the last known truth of everything, for people (the page, `outpost watch`, `outpost alarms`) and for health
 * messages. Written by the rooms, read by the desk and the senders; a mutex guards it and is held for a copy only. It
 * decides nothing: no room reads it to judge. */
#ifndef OUTPOST_RUN_BOARD_H
#define OUTPOST_RUN_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/err.h"
#include "gateway/model/alarm_state.h"
#include "gateway/model/news.h"
#include "gateway/model/site.h"
#include "gateway/model/tally.h"

struct board;

struct board_device {
    int64_t utc_ms;        /* of the newest sample; 0 never read */
    uint16_t sample_count; /* = device.point_count; never-read points are bad, starting */
    uint16_t text_size;
    char texts[NEWS_TEXTS_MAX];
    struct sample samples[SITE_DEVICE_POINTS_MAX];
    int64_t
        read_mono_us[SITE_DEVICE_POINTS_MAX]; /* when each was last read, or tried to be; 0 never, or it is derived */
};

struct board_rule {
    uint8_t state; /* enum alarm_state */
    uint8_t condition;
    uint8_t has_value;
    uint8_t pending; /* a crossing waits for its on-delay */
    uint8_t chattering;
    uint8_t test;         /* the last that was told of it belonged to a drill */
    int64_t until_utc_ms; /* SHELVED: when that ends; 0 */
    int64_t since_utc_ms;
    double value;
};

struct board_interlock {
    uint8_t tripped;
    uint8_t commanded; /* outputs written and read back */
    uint8_t confirmed; /* feedback seen */
    uint8_t failed;
    uint8_t silenced;
    uint8_t held; /* a drill holds its outputs: tripped means that it would be */
    int64_t since_utc_ms;
};

struct board_drill {
    uint8_t running;
    uint8_t holds; /* the outputs of the interlocks of `zone` */
    int32_t zone;  /* -1: none was named */
    uint32_t device_count;
    int64_t until_utc_ms;
    struct device_set devices;
};

struct board_bus {
    uint8_t open;
    struct tally tally;
    uint64_t reopened;
    uint64_t busy_us;      /* time with a transaction in flight: characters, silences, waiting */
    int32_t load_permille; /* the same in the last whole 10 s; -1 not yet */
    int32_t wire_permille; /* what the characters alone took of them; -1 not yet, or no baud is known */
    int64_t cycle_us;      /* between the last two answers to the first read of the plan */
    struct tally_poll polls[POLL_CLASS_COUNT];
    char trouble[160]; /* "" none: why it is not open, for a person */
};

/* A point that the slave refuses to be read, asked for it alone: its line of the profile or site file is wrong. */
#define BOARD_REFUSALS_MAX 8
struct board_refusal {
    uint16_t point;   /* of the slave */
    uint16_t address; /* asked for */
    uint8_t function;
    uint8_t exception; /* 1, 2 or 3 */
};

#define BOARD_LATE 3
struct board_slave {
    uint8_t answering;
    uint8_t stranger;       /* it answers, but is not what its profile describes */
    uint8_t last_exception; /* code; 0 never */
    uint8_t garbled;        /* the last of the failures brought bytes */
    uint8_t late; /* BOARD_LATE after an answer that came late, one less with each that never came; 0 not of late */
    uint16_t failures;      /* requests without an answer, in a row */
    int64_t stranger_found; /* what stands where the profile's identity should */
    int64_t exception_mono_us;
    int64_t good_mono_us; /* of the last answer; 0 never */
    uint32_t timeout_ms;  /* what its next answer is given: learned, at most that of the bus; 0 not told */
    uint32_t rtt_us;      /* last, from handing the request over to the end of the answer */
    uint32_t rtt_p50_us;  /* of the last thousands (core/spread.h) */
    uint32_t rtt_p99_us;
    struct tally tally;
    struct tally_poll polls[POLL_CLASS_COUNT];
    uint16_t refusal_count; /* of points; the list has the first of them */
    struct board_refusal refusals[BOARD_REFUSALS_MAX];
};

struct board_centre {
    uint8_t connected; /* and it acknowledges: after a loss only when the first acknowledgement came */
    uint8_t refused;   /* it does not let this gateway in, or does not take what it sends */
    uint64_t published;
    uint64_t acked;
    int64_t acked_mono_us; /* the last PUBACK; 0 never */
    uint64_t lw_a;         /* everything up to it is settled: acknowledged, declared, or not meant for this centre */
    uint64_t lw_t;
    uint32_t reconnects;
    char trouble[160]; /* "" none: why it is not connected, for a person */
    char trouble_zh[160];
};

struct board_journal {
    uint64_t last_a; /* newest number of each lane */
    uint64_t last_t;
    uint64_t bytes;         /* both files */
    int64_t opened_mono_us; /* when the journal was opened; 0 not yet */
    uint64_t opened_bytes;  /* and how large it was then */
    uint64_t commits;
    uint64_t
        recorded; /* news of the judge, from the first of this process on, that are on the disk (or in memory instead) */
    uint64_t dropped; /* telemetry that never reached the disk */
    uint32_t boot;
    uint8_t ok;
    uint8_t budget_used; /* telemetry is sent from memory, because of the flash budget */
    char stream[17];
    char trouble[160];
};

MUST_CHECK enum err board_open(struct board **ret_board, const struct site *site);
void board_close(struct board *board); /* accepts NULL */

/* Writers: copy in. The indices are those of the site. */
void board_put_device(struct board *board, size_t device, int64_t utc_ms, const struct sample *samples,
                      size_t sample_count, const char *texts, size_t text_size);
void board_put_ages(struct board *board, size_t device, const int64_t *read_mono_us, size_t count);
void board_put_rule(struct board *board, size_t rule, const struct board_rule *value);
void board_put_alarms(struct board *board, const struct tally_alarms *value);
void board_put_interlock(struct board *board, size_t interlock, const struct board_interlock *value);
void board_put_drill(struct board *board, const struct board_drill *value);
void board_put_bus(struct board *board, size_t bus, const struct board_bus *value);
void board_put_slave(struct board *board, size_t slave, const struct board_slave *value);
void board_put_centre(struct board *board, size_t centre, const struct board_centre *value);
void board_put_journal(struct board *board, const struct board_journal *value);

/* Readers: copy out. */
void board_get_device(struct board *board, size_t device, struct board_device *ret_value);
void board_get_rule(struct board *board, size_t rule, struct board_rule *ret_value);
void board_get_alarms(struct board *board, struct tally_alarms *ret_value);

/* How many times a subject's stored alarms were changed without a record that says so (core/flood.h): active/ is due. */
uint32_t board_get_moves(struct board *board, size_t subject);
void board_add_move(struct board *board, size_t subject);
uint64_t board_all_moves(struct board *board); /* the sum */
void board_get_interlock(struct board *board, size_t interlock, struct board_interlock *ret_value);
void board_get_drill(struct board *board, struct board_drill *ret_value);
void board_get_bus(struct board *board, size_t bus, struct board_bus *ret_value);
void board_get_slave(struct board *board, size_t slave, struct board_slave *ret_value);
void board_get_centre(struct board *board, size_t centre, struct board_centre *ret_value);
void board_get_journal(struct board *board, struct board_journal *ret_value);

#endif
