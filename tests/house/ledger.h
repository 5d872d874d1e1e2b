/* ledger: what one centre has in its hands, read as its own programs would read it.
 *
 * Takes the messages that a fake broker accepted apart with cJSON (the gateway prints them without), sorts the records into
 * their lanes, and blames what a centre could complain about without knowing the plant: holes, duplicates that differ,
 * wrong order, alarms that jump between states, active/ that does not say what the events add up to. */
#ifndef OUTPOST_HOUSE_LEDGER_H
#define OUTPOST_HOUSE_LEDGER_H

#include <cjson/cJSON.h>

#include "gateway/model/alarm_state.h"
#include "tests/house/world.h"

#define LEDGER_ID_MAX   72
#define LEDGER_WORD_MAX 32

enum record_kind { RECORD_TELEMETRY, RECORD_ALARM, RECORD_EVENT };

struct record {
    const char *raw; /* in the broker's list; NULL: never came */
    size_t raw_size;
    enum record_kind kind;
    uint64_t seq;
    int64_t at_us;       /* world time of `at` */
    int64_t accepted_us; /* first time */
    uint32_t boot;
    uint32_t copies;
    bool by_history;
    bool declared; /* did not come, and a gap event says so */
    bool has_value;
    double value;
    double limit;
    bool chattering;
    bool test;      /* of a device in a drill */
    uint64_t count; /* activations that no record tells of */
    uint64_t occurrence;
    char dev[LEDGER_ID_MAX];
    char alarm[LEDGER_ID_MAX];
    char event[LEDGER_WORD_MAX];
    char from[LEDGER_WORD_MAX];
    char state[LEDGER_WORD_MAX];
    char priority[LEDGER_WORD_MAX];
};

enum lane { LANE_A, LANE_T, LANE_COUNT };

struct lane_book {
    struct record *list; /* list[seq] */
    size_t size;
    uint64_t last; /* highest number that came */
};

struct chain { /* of one alarm */
    char dev[LEDGER_ID_MAX];
    char alarm[LEDGER_ID_MAX];
    char state[LEDGER_WORD_MAX];
    char priority[LEDGER_WORD_MAX];
    uint64_t occurrence;
    uint64_t raises;
    uint64_t counted;
    bool test;
};

#define CHAINS_MAX 512

struct ledger {
    struct world *world;
    const struct fake_broker *broker;
    struct lane_book lanes[LANE_COUNT];
    char stream[LEDGER_ID_MAX];
    struct chain chains[CHAINS_MAX];
    size_t chain_count;
    uint64_t duplicates;
};

/* `complete`: everything has had time to arrive, so a number that is missing now is lost. */
void ledger_open(struct ledger *ledger, struct world *world, size_t centre, bool complete);
void ledger_close(struct ledger *ledger);

/* The chain of an alarm; one in NORM when it never moved. */
const struct chain *ledger_chain(const struct ledger *ledger, const char *dev, const char *alarm);
/* The n-th event of that kind (from 0) about a device (and alarm), or NULL. `alarm` NULL: notices. */
const struct record *ledger_find(const struct ledger *ledger, const char *dev, const char *alarm, const char *event,
                                 size_t n);
size_t ledger_count(const struct ledger *ledger, const char *dev, const char *alarm, const char *event);

/* Were alarms of that priority told in sums at that time, or are they held back until then because of it? */
bool ledger_hushed(const struct ledger *ledger, const char *priority, int64_t t_us);

/* Prints what went over the wires and what was recorded, for whoever looks for the cause of something. */
void ledger_print(const struct ledger *ledger, int64_t from_us, int64_t to_us);

/* A member of a record as JSON; the caller deletes the tree. */
cJSON *record_parse(const struct record *record);

#endif
