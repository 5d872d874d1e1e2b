#include "gateway/run/house.h"

#include <stdlib.h>

#include "gateway/base/bell.h"
#include "gateway/base/check.h"
#include "gateway/base/log.h"
#include "gateway/base/thread.h"
#include "gateway/model/inbox.h"
#include "gateway/model/news.h"
#include "gateway/run/bus.h"
#include "gateway/run/judge.h"
#include "gateway/run/recorder.h"
#include "gateway/run/sender.h"

/* What a ring holds when its reader is busy elsewhere; a full one is answered by its writer's stated policy. Only pages
 * that were ever used cost memory.
 *   inbox      a batch of 20 points is 0.7 KB: 750 of them, or 15 s of 50 slaves at 1 s, while the judge needs
 *              microseconds for one
 *   news       an alarm is 0.3 KB, a notice 0.9 KB: 1,000 notices or 3,500 alarms in a burst while the disk syncs
 *   telemetry  a record of 20 points is 1.4 KB (the head of texts included): 700 records, 14 s of 50 devices at 1 s
 *   acks       0.3 KB each, a sender gives a few per second
 *   answers    0.2 KB each, at most one per local client is waiting
 *   writes     56 bytes each: 290 writes, where one zone of interlocks has at most a dozen */
#define INBOX_SIZE     ((size_t)512 * 1024)
#define NEWS_SIZE      ((size_t)1024 * 1024)
#define TELEMETRY_SIZE ((size_t)1024 * 1024)
#define ACKS_SIZE      ((size_t)64 * 1024)
#define ANSWERS_SIZE   ((size_t)64 * 1024)
#define WRITES_SIZE    ((size_t)16 * 1024)

#define JUDGE_REST_MAX_US 1000000LL /* a judge with nothing to do still beats, for the watchdog */
#define IDLE_MAX_US       1000000LL
#define BUS_STOP_US       2000000LL /* link.open may block for a bus timeout */
#define SENDER_STOP_US    3000000LL /* for the last records; config of the service manager allows 10 s in all */
#define SENDER_JOIN_US    500000LL
#define FINISH_POLL_US    20000LL
#define DRAIN_TURNS_MAX   10000               /* far more than the rings can hold work for */
#define SEED_STEP         0x9E3779B97F4A7C15u /* 2^64 / golden ratio: unlike seeds for the senders */

struct house_bells {
    size_t count;
    struct bell list[SITE_CENTRES_MAX];
};

struct house_bus {
    struct bus *bus;
    struct ring writes;
    struct bell bell;
    struct room room;
    struct thread thread;
    int64_t due_mono_us; /* house_step only: when it wants to be called again */
};

struct house_sender {
    struct sender *sender;
    struct room room;
    struct thread thread;
    int64_t due_mono_us; /* as above */
};

struct house {
    const struct site *site;
    struct house_bells *bells;
    struct board *board;
    struct ring inbox;
    struct ring news;
    struct ring telemetry;
    struct ring acks;
    struct ring answers;
    struct bell inbox_bell;
    struct bell recorder_bell;
    struct bell answers_bell;
    struct judge *judge;
    struct room judge_room;
    struct thread judge_thread;
    struct recorder *recorder;
    int64_t judge_due_mono_us;    /* as above */
    int64_t recorder_due_mono_us; /* as above */
    size_t bus_count;
    struct house_bus *buses;
    size_t sender_count;
    struct house_sender senders[SITE_CENTRES_MAX];
};

enum err house_bells_open(struct house_bells **ret_bells, const struct site *site)
{
    CHECK(site->centre_count <= SITE_CENTRES_MAX);
    struct house_bells *bells = calloc(1, sizeof *bells);
    if (bells == NULL)
        return ERR_MEMORY;
    for (; bells->count < site->centre_count; bells->count++) {
        enum err err = bell_open(&bells->list[bells->count]);
        if (err != ERR_OK) {
            house_bells_close(bells);
            return err;
        }
    }
    *ret_bells = bells;
    return ERR_OK;
}

struct bell *house_sender_bell(struct house_bells *bells, size_t centre)
{
    CHECK(centre < bells->count);
    return &bells->list[centre];
}

void house_bells_close(struct house_bells *bells)
{
    if (bells == NULL)
        return;
    for (size_t i = 0; i < bells->count; i++)
        bell_close(&bells->list[i]);
    free(bells);
}

/* Opening: passages first, then the rooms that stand on them. */

static enum err open_rings(struct house *house)
{
    struct {
        struct ring *ring;
        size_t size;
    } const wanted[] = {
        {&house->inbox, INBOX_SIZE}, {&house->news, NEWS_SIZE},       {&house->telemetry, TELEMETRY_SIZE},
        {&house->acks, ACKS_SIZE},   {&house->answers, ANSWERS_SIZE},
    };
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < ARRAY_SIZE(wanted); i++)
        err = ring_open(wanted[i].ring, wanted[i].size);
    for (size_t i = 0; err == ERR_OK && i < house->bus_count; i++)
        err = ring_open(&house->buses[i].writes, WRITES_SIZE);
    return err;
}

static enum err open_bells(struct house *house)
{
    enum err err = bell_open(&house->inbox_bell);
    if (err == ERR_OK)
        err = bell_open(&house->recorder_bell);
    if (err == ERR_OK)
        err = bell_open(&house->answers_bell);
    for (size_t i = 0; err == ERR_OK && i < house->bus_count; i++)
        err = bell_open(&house->buses[i].bell);
    return err;
}

static enum err open_recorder(struct house *house, const struct house_setup *setup)
{
    struct bell *sender_bells[SITE_CENTRES_MAX] = {NULL};
    for (size_t i = 0; i < house->bells->count; i++)
        sender_bells[i] = &house->bells->list[i];
    return recorder_open(&house->recorder, &(struct recorder_setup){
                                               .site = setup->site,
                                               .news = &house->news,
                                               .telemetry = &house->telemetry,
                                               .acks = &house->acks,
                                               .inbox = &house->inbox,
                                               .inbox_bell = &house->inbox_bell,
                                               .sender_bells = sender_bells,
                                               .board = house->board,
                                               .machine_boot_id = setup->machine_boot_id,
                                           });
}

static enum err open_judge(struct house *house)
{
    struct judge_bus *buses = calloc(house->bus_count + 1, sizeof *buses);
    if (buses == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < house->bus_count; i++)
        buses[i] = (struct judge_bus){.writes = &house->buses[i].writes, .bell = &house->buses[i].bell};
    enum err err = judge_open(&house->judge, &(struct judge_setup){
                                                 .site = house->site,
                                                 .inbox = &house->inbox,
                                                 .news = &house->news,
                                                 .telemetry = &house->telemetry,
                                                 .recorder_bell = &house->recorder_bell,
                                                 .buses = buses,
                                                 .answers = &house->answers,
                                                 .answers_bell = &house->answers_bell,
                                                 .board = house->board,
                                             });
    free(buses);
    return err;
}

static enum err open_buses(struct house *house, const struct house_setup *setup)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < house->bus_count; i++)
        err = bus_open(&house->buses[i].bus, &(struct bus_setup){
                                                 .site = setup->site,
                                                 .bus = i,
                                                 .link = setup->links[i],
                                                 .inbox = &house->inbox,
                                                 .inbox_bell = &house->inbox_bell,
                                                 .writes = &house->buses[i].writes,
                                                 .board = house->board,
                                             });
    return err;
}

static enum err open_senders(struct house *house, const struct house_setup *setup)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < house->sender_count; i++)
        err = sender_open(&house->senders[i].sender, &(struct sender_setup){
                                                         .site = setup->site,
                                                         .centre = i,
                                                         .uplink = setup->uplinks[i],
                                                         .acks = &house->acks,
                                                         .recorder_bell = &house->recorder_bell,
                                                         .board = house->board,
                                                         .random_seed = setup->random_seed + (i + 1) * SEED_STEP,
                                                     });
    return err;
}

static enum err open_all(struct house *house, const struct house_setup *setup)
{
    enum err err = board_open(&house->board, setup->site);
    if (err == ERR_OK)
        err = open_rings(house);
    if (err == ERR_OK)
        err = open_bells(house);
    if (err == ERR_OK)
        err = open_recorder(house, setup);
    if (err == ERR_OK)
        err = open_judge(house);
    if (err == ERR_OK)
        err = open_buses(house, setup);
    if (err == ERR_OK)
        err = open_senders(house, setup);
    return err;
}

enum err house_open(struct house **ret_house, struct house_bells *bells, const struct house_setup *setup)
{
    CHECK(bells->count == setup->site->centre_count);
    struct house *house = calloc(1, sizeof *house);
    if (house == NULL)
        return ERR_MEMORY;
    house->site = setup->site;
    house->bells = bells;
    house->inbox_bell.fd = house->recorder_bell.fd = house->answers_bell.fd = -1;
    house->buses = calloc(setup->site->bus_count + 1, sizeof *house->buses);
    enum err err = house->buses != NULL ? ERR_OK : ERR_MEMORY;
    if (err == ERR_OK) {
        house->bus_count = setup->site->bus_count;
        house->sender_count = setup->site->centre_count;
        for (size_t i = 0; i < house->bus_count; i++)
            house->buses[i].bell.fd = -1;
        err = open_all(house, setup);
    }
    if (err != ERR_OK) {
        house_close(house);
        return err;
    }
    *ret_house = house;
    return ERR_OK;
}

void house_close(struct house *house)
{
    if (house == NULL)
        return;
    for (size_t i = 0; i < house->sender_count; i++)
        sender_close(house->senders[i].sender);
    for (size_t i = 0; i < house->bus_count; i++)
        bus_close(house->buses[i].bus);
    judge_close(house->judge);
    recorder_close(house->recorder);
    for (size_t i = 0; i < house->bus_count; i++) {
        ring_close(&house->buses[i].writes);
        bell_close(&house->buses[i].bell);
    }
    ring_close(&house->inbox);
    ring_close(&house->news);
    ring_close(&house->telemetry);
    ring_close(&house->acks);
    ring_close(&house->answers);
    bell_close(&house->inbox_bell);
    bell_close(&house->recorder_bell);
    bell_close(&house->answers_bell);
    board_close(house->board);
    free(house->buses);
    free(house);
}

struct ring *house_inbox(struct house *house)
{
    return &house->inbox;
}

struct bell *house_inbox_bell(struct house *house)
{
    return &house->inbox_bell;
}

struct ring *house_answers(struct house *house)
{
    return &house->answers;
}

struct bell *house_answers_bell(struct house *house)
{
    return &house->answers_bell;
}

struct board *house_board(struct house *house)
{
    return house->board;
}

void house_wake(struct house *house)
{
    bell_ring(&house->recorder_bell);
}

int64_t house_judge_beat_mono_us(struct house *house)
{
    return atomic_load(&house->judge_room.beat_mono_us);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Running with threads. */

static int64_t judge_turn(void *self, struct now now)
{
    struct house *house = self;
    return earlier(judge_step(house->judge, now), now.mono_us + JUDGE_REST_MAX_US);
}

static enum err start_threads(struct house *house)
{
    house->judge_room.name = "judge";
    house->judge_room.self = house;
    house->judge_room.step = judge_turn;
    house->judge_room.bell = &house->inbox_bell;
    enum err err = thread_start(&house->judge_thread, &house->judge_room);
    for (size_t i = 0; err == ERR_OK && i < house->bus_count; i++) {
        struct house_bus *bus = &house->buses[i];
        bus->room.name = "bus";
        bus->room.self = bus->bus;
        bus->room.step = bus_step;
        bus->room.fd = bus_fd;
        bus->room.end_fd = bus_end_fd;
        bus->room.bell = &bus->bell;
        err = thread_start(&bus->thread, &bus->room);
    }
    for (size_t i = 0; err == ERR_OK && i < house->sender_count; i++) {
        struct house_sender *sender = &house->senders[i];
        sender->room.name = "sender";
        sender->room.self = sender->sender;
        sender->room.step = sender_step;
        sender->room.bell = house_sender_bell(house->bells, i);
        err = thread_start(&sender->thread, &sender->room);
    }
    return err;
}

struct turn { /* the recorder's loop in the caller's thread */
    struct house *house;
    void (*idle)(void *context, struct now now);
    void *context;
    int64_t deadline_mono_us; /* finishing only */
    atomic_bool finished;     /* finishing only */
};

static int64_t recorder_turn(void *self, struct now now)
{
    struct turn *turn = self;
    int64_t next_mono_us = recorder_step(turn->house->recorder, now);
    if (turn->idle == NULL)
        return next_mono_us;
    turn->idle(turn->context, now);
    return earlier(next_mono_us, now.mono_us + IDLE_MAX_US);
}

/* A bus that hangs in its driver must not keep the rest from being judged and recorded. */
static bool stop_buses(struct house *house)
{
    bool all = true;
    int64_t const until_mono_us = clock_now().mono_us + BUS_STOP_US;
    for (size_t i = 0; i < house->bus_count; i++)
        thread_ask_stop(&house->buses[i].thread);
    for (size_t i = 0; i < house->bus_count; i++) {
        if (thread_stop_until(&house->buses[i].thread, until_mono_us) == ERR_OK)
            continue;
        log_say(LOG_ERROR, "house", "bus %s does not stop: its driver hangs", house->site->buses[i].id);
        all = false;
    }
    return all;
}

/* The judge's thread has ended; the caller plays judge and recorder until nothing is left between them. */
static void drain(struct house *house)
{
    size_t used_max;
    for (int turns = 0; turns < DRAIN_TURNS_MAX; turns++) {
        (void)judge_step(house->judge, clock_now());
        (void)recorder_step(house->recorder, clock_now());
        if (ring_used(&house->inbox, &used_max) == 0 && recorder_drained(house->recorder))
            return;
    }
    log_say(LOG_ERROR, "house", "the last decisions could not all be recorded");
}

static int64_t finish_turn(void *self, struct now now)
{
    struct turn *turn = self;
    struct house *house = turn->house;
    (void)recorder_step(house->recorder, now); /* what the senders still acknowledge */
    bool all = true;
    for (size_t i = 0; i < house->sender_count; i++)
        all = all && (!house->senders[i].thread.started || sender_finished(house->senders[i].sender));
    if (all || now.mono_us >= turn->deadline_mono_us)
        atomic_store(&turn->finished, true);
    return all ? now.mono_us : now.mono_us + FINISH_POLL_US;
}

static bool finish_senders(struct house *house)
{
    struct turn turn = {.house = house, .deadline_mono_us = clock_now().mono_us + SENDER_STOP_US};
    struct room room = {.name = "recorder", .self = &turn, .step = finish_turn, .bell = &house->recorder_bell};
    for (size_t i = 0; i < house->sender_count; i++) {
        sender_finish(house->senders[i].sender);
        bell_ring(house_sender_bell(house->bells, i));
    }
    thread_run(&room, &turn.finished);
    bool all = true;
    int64_t const until_mono_us = clock_now().mono_us + SENDER_JOIN_US;
    for (size_t i = 0; i < house->sender_count; i++)
        thread_ask_stop(&house->senders[i].thread);
    for (size_t i = 0; i < house->sender_count; i++) {
        if (thread_stop_until(&house->senders[i].thread, until_mono_us) == ERR_OK)
            continue;
        log_say(LOG_WARNING, "house", "the sender to %s does not stop (a name lookup?)", house->site->centres[i].id);
        all = false;
    }
    return all;
}

static enum err stop_all(struct house *house)
{
    bool all = stop_buses(house);
    thread_stop(&house->judge_thread); /* a judge never blocks */
    drain(house);
    judge_finish(house->judge, clock_now());
    recorder_finish(house->recorder, clock_now());
    all = finish_senders(house) && all;
    (void)recorder_step(house->recorder, clock_now()); /* the last acknowledgements */
    return all ? ERR_OK : ERR_TIMEOUT;
}

enum err house_run(struct house *house, atomic_bool *stop, void (*idle)(void *context, struct now now), void *context)
{
    struct turn turn = {.house = house, .idle = idle, .context = context};
    struct room room = {.name = "recorder", .self = &turn, .step = recorder_turn, .bell = &house->recorder_bell};
    enum err started = start_threads(house);
    if (started == ERR_OK)
        thread_run(&room, stop);
    enum err stopped = stop_all(house);
    return stopped != ERR_OK ? stopped : started;
}

/* The doll's house: each room that has something to do, once, in the order in which data walks. As with threads, that is one
 * whose bell has rung or whose time has come. */

static void turn_room(struct bell *bell, int64_t *due_mono_us, int64_t (*step)(void *self, struct now now), void *self,
                      struct now now)
{
    bool const rung = atomic_load(&bell->rung);
    if (rung)
        bell_answer(bell);
    if (rung || now.mono_us >= *due_mono_us)
        *due_mono_us = step(self, now);
}

static bool any_bell_rung(struct house *house)
{
    bool rung = atomic_load(&house->inbox_bell.rung) || atomic_load(&house->recorder_bell.rung);
    for (size_t i = 0; i < house->bus_count; i++)
        rung = rung || atomic_load(&house->buses[i].bell.rung);
    for (size_t i = 0; i < house->sender_count; i++)
        rung = rung || atomic_load(&house->bells->list[i].rung);
    return rung;
}

int64_t house_step(struct house *house, struct now now)
{
    int64_t next_mono_us = CLOCK_NEVER;
    for (size_t i = 0; i < house->bus_count; i++) {
        struct house_bus *bus = &house->buses[i];
        turn_room(&bus->bell, &bus->due_mono_us, bus_step, bus->bus, now);
        next_mono_us = earlier(next_mono_us, bus->due_mono_us);
    }
    turn_room(&house->inbox_bell, &house->judge_due_mono_us, judge_step, house->judge, now);
    turn_room(&house->recorder_bell, &house->recorder_due_mono_us, recorder_step, house->recorder, now);
    next_mono_us = earlier(next_mono_us, earlier(house->judge_due_mono_us, house->recorder_due_mono_us));
    for (size_t i = 0; i < house->sender_count; i++) {
        struct house_sender *sender = &house->senders[i];
        turn_room(&house->bells->list[i], &sender->due_mono_us, sender_step, sender->sender, now);
        next_mono_us = earlier(next_mono_us, sender->due_mono_us);
    }
    return any_bell_rung(house) ? now.mono_us : next_mono_us;
}
