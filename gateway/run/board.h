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

struct board;

struct board_device {
    int64_t utc_ms;        /* of the newest sample; 0 never read */
    uint16_t sample_count; /* = device.point_count; never-read points are bad, starting */
    uint16_t text_size;
    char texts[NEWS_TEXTS_MAX];
    struct sample samples[SITE_DEVICE_POINTS_MAX];
};

struct board_rule {
    uint8_t state; /* enum alarm_state */
    uint8_t condition;
    uint8_t has_value;
    uint8_t pending; /* a crossing waits for its on-delay */
    int64_t since_utc_ms;
    double value;
};

struct board_interlock {
    uint8_t tripped;
    uint8_t commanded; /* outputs written and read back */
    uint8_t confirmed; /* feedback seen */
    uint8_t failed;
    uint8_t silenced;
    int64_t since_utc_ms;
};

struct board_bus { /* counters since start */
    uint8_t open;
    uint64_t requests;
    uint64_t good;
    uint64_t timeouts;
    uint64_t garbled;
    uint64_t foreign;
    uint64_t exceptions;
    uint64_t writes;
    uint64_t reopened;
    uint64_t busy_us; /* time with a transaction in flight */
    int64_t cycle_us; /* between the last two answers to the first read of the plan */
};

struct board_slave {
    uint8_t answering;
    uint64_t requests;
    uint64_t good;
    uint32_t rtt_us; /* last */
    int64_t good_mono_us;
};

struct board_centre {
    uint8_t connected;
    uint64_t published;
    uint64_t acked;
    uint64_t lw_a;
    uint64_t lw_t;
    uint32_t reconnects;
    char trouble[160]; /* "" none: why it is not connected, for a person */
};

struct board_journal {
    uint64_t last_a; /* newest number of each lane */
    uint64_t last_t;
    uint64_t bytes; /* both files */
    uint64_t commits;
    uint64_t dropped; /* telemetry that never reached the disk */
    uint32_t boot;
    uint8_t ok;
    char stream[17];
    char trouble[160];
};

MUST_CHECK enum err board_open(struct board **ret_board, const struct site *site);
void board_close(struct board *board); /* accepts NULL */

/* Writers: copy in. The indices are those of the site. */
void board_put_device(struct board *board, size_t device, int64_t utc_ms, const struct sample *samples,
                      size_t sample_count, const char *texts, size_t text_size);
void board_put_rule(struct board *board, size_t rule, const struct board_rule *value);
void board_put_interlock(struct board *board, size_t interlock, const struct board_interlock *value);
void board_put_bus(struct board *board, size_t bus, const struct board_bus *value);
void board_put_slave(struct board *board, size_t slave, const struct board_slave *value);
void board_put_centre(struct board *board, size_t centre, const struct board_centre *value);
void board_put_journal(struct board *board, const struct board_journal *value);

/* Readers: copy out. */
void board_get_device(struct board *board, size_t device, struct board_device *ret_value);
void board_get_rule(struct board *board, size_t rule, struct board_rule *ret_value);
void board_get_interlock(struct board *board, size_t interlock, struct board_interlock *ret_value);
void board_get_bus(struct board *board, size_t bus, struct board_bus *ret_value);
void board_get_slave(struct board *board, size_t slave, struct board_slave *ret_value);
void board_get_centre(struct board *board, size_t centre, struct board_centre *ret_value);
void board_get_journal(struct board *board, struct board_journal *ret_value);

#endif
