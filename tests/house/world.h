/* world: one site with its house, its plant and its centres, and the loop that moves them all on fake time. */
#ifndef OUTPOST_HOUSE_WORLD_H
#define OUTPOST_HOUSE_WORLD_H

#include "gateway/base/arena.h"
#include "gateway/model/order.h"
#include "gateway/model/site.h"
#include "gateway/run/house.h"
#include "tests/house/fake_broker.h"
#include "tests/house/fake_link.h"
#include "tests/house/plant.h"
#include "tests/house/stage.h"

#define WORLD_BUSES_MAX   4
#define WORLD_CENTRES_MAX 2
#define WORLD_DIR_MAX     128

struct life { /* of one process */
    int64_t opened_us;
    int64_t closed_us; /* CLOCK_NEVER: lives */
    bool crashed;
    bool booted; /* the machine was rebooted before it */
};

struct world_setup {
    const char *site_file; /* either this, relative to the root of the repository, … */
    const char *site_text; /* … or JSON with ' for " */
    const struct plant_row *rows;
    int row_count;
    uint64_t seed;
    bool tight; /* in some lives the flash budget is used up; some kills are power cuts */
};

struct world {
    struct stage stage;
    struct plant plant;
    struct wire_log log;
    struct dice dice;
    struct arena arena;
    struct site site; /* as loaded, with a journal of our own */
    char dir[WORLD_DIR_MAX];
    char next_dir[WORLD_DIR_MAX]; /* what the disk held when the process was killed; "" it was not */
    char boot_id[40];
    uint64_t seed;
    bool tight;

    struct fake_link links[WORLD_BUSES_MAX];
    struct link link_doors[WORLD_BUSES_MAX];
    struct fake_broker brokers[WORLD_CENTRES_MAX];
    struct uplink uplink_doors[WORLD_CENTRES_MAX];

    struct house_bells *bells;
    struct house *house; /* NULL: nobody is in */
    int life;            /* number of the one that is, or was */
    struct life *lives;
    size_t life_count;
    size_t life_max;
    int64_t reopens_us; /* CLOCK_NEVER: by itself never */
    int64_t away_us;    /* after a kill */
    uint64_t token;
    struct answer answer;

    /* What else happens: called at its own times; returns the next. */
    int64_t (*script)(struct world *world);
    int64_t script_us;

    uint64_t turns;
};

/* Opens the world with the house in it, at time 0. Fails the test when the site does not load. */
void world_open(struct world *world, const struct world_setup *setup);
void world_close(struct world *world);

void world_run_until(struct world *world, int64_t t_us);
void world_run(struct world *world, int64_t for_us);

/* The house leaves and comes back, on the same journal. */
void world_stop_house(struct world *world);
void world_start_house(struct world *world);
/* Killed within the next `touches` touches of the outside world; comes back after `away_us`. */
void world_kill_house(struct world *world, int64_t touches, int64_t away_us);
/* Killed at the n-th commit from now on, when it is on the disk and nobody has been told. */
void world_kill_house_at_commit(struct world *world, int64_t commits, int64_t away_us);
/* For the next start: another boot id, and a monotonic clock that starts anew. Only while nobody is in. */
void world_reboot(struct world *world);

/* An order through the inbox, without waiting. */
void world_send_order(struct world *world, enum order_verb verb, const char *subject, const char *alarm);
/* The same with everything an order may say; `token`, `by`, `why` and `source` are filled in. */
void world_send(struct world *world, const struct order *given);
struct answer world_give(struct world *world, const struct order *given);
/* The same; runs until the answer is there. */
struct answer world_order(struct world *world, enum order_verb verb, const char *subject, const char *alarm);

/* Runs until the centre has acknowledged all that the journal has; false when that does not happen within `for_us`. */
bool world_settle(struct world *world, size_t centre, int64_t for_us);

int world_rule(const struct world *world, const char *subject, const char *alarm); /* -1 none */
bool world_rule_condition(struct world *world, const char *subject, const char *alarm);
enum alarm_state world_rule_state(struct world *world, const char *subject, const char *alarm);

#endif
