/* wire_world: a recorder, a sender and a broker in memory, run step by step on a fake clock. */
#ifndef OUTPOST_TESTS_SUPPORT_WIRE_WORLD_H
#define OUTPOST_TESTS_SUPPORT_WIRE_WORLD_H

#include "tests/support/wire_broker.h"
#include "tests/support/wire_rig.h"

#define MS  1000LL
#define SEC 1000000LL

struct world {
    struct rig rig;
    struct broker broker;
    struct uplink uplink;
    struct sender *sender;
    int64_t recorder_mono_us; /* when it wants to run */
    int64_t sender_mono_us;
};

static inline struct world *made(void)
{
    static struct world world;
    memset(&world, 0, sizeof world);
    rig_make(&world.rig, 1);
    world.uplink = broker_make(&world.broker, &world.rig.sender_bells[0], &world.rig.now, 1);
    return &world;
}

static inline void open_sender(struct world *world, uint64_t seed)
{
    assert_int_equal(sender_open(&world->sender, &(struct sender_setup){.site = &world->rig.site,
                                                                        .centre = 0,
                                                                        .uplink = world->uplink,
                                                                        .acks = &world->rig.acks,
                                                                        .recorder_bell = &world->rig.recorder_bell,
                                                                        .board = world->rig.board,
                                                                        .random_seed = seed}),
                     ERR_OK);
    world->recorder_mono_us = world->sender_mono_us = 0;
}

static inline int setup(void **state)
{
    struct world *world = made();
    open_sender(world, 7);
    *state = world;
    return 0;
}

static inline int teardown(void **state)
{
    struct world *world = *state;
    sender_close(world->sender);
    rig_remove(&world->rig);
    return 0;
}

static inline bool rung(struct bell *bell)
{
    if (!atomic_load(&bell->rung))
        return false;
    bell_answer(bell);
    return true;
}

/* Runs both rooms for so long, each when it asked for it or its bell was rung: so a room that forgets to ask stands still
 * here too. */
static inline void run(struct world *world, int64_t us)
{
    struct rig *rig = &world->rig;
    int64_t const end = rig->now.mono_us + us;
    for (long turns = 0; rig->now.mono_us <= end; turns++) {
        assert_true(turns < 2000000);
        if (rung(&rig->recorder_bell) || rig->now.mono_us >= world->recorder_mono_us)
            world->recorder_mono_us = rig_step(rig);
        if (rung(&rig->sender_bells[0]) || rig->now.mono_us >= world->sender_mono_us ||
            rig->now.mono_us >= broker_due(&world->broker))
            world->sender_mono_us = sender_step(world->sender, rig->now);
        int64_t next =
            world->recorder_mono_us < world->sender_mono_us ? world->recorder_mono_us : world->sender_mono_us;
        if (broker_due(&world->broker) < next)
            next = broker_due(&world->broker);
        if (atomic_load(&rig->recorder_bell.rung) || atomic_load(&rig->sender_bells[0].rung))
            continue;
        if (next > end)
            break;
        rig_pass(rig, next > rig->now.mono_us ? next - rig->now.mono_us : 1);
    }
    if (rig->now.mono_us < end)
        rig_pass(rig, end - rig->now.mono_us);
}

static inline void push_telemetry(struct world *world, int count)
{
    for (int i = 0; i < count; i++) {
        struct news const news = wire_telemetry(i, world->rig.now.utc_ms);
        rig_push(&world->rig.telemetry, &news);
        bell_ring(&world->rig.recorder_bell);
    }
}

static inline void push_alarm(struct world *world, enum alarm_state to)
{
    struct news const news = wire_alarm(WIRE_GAS_HIGH, to == ALARM_NORM ? EVENT_CLEARED : EVENT_RAISED, ALARM_NORM, to,
                                        1, world->rig.now.utc_ms);
    rig_push(&world->rig.news, &news);
    bell_ring(&world->rig.recorder_bell);
}

static inline int line_of(const struct world *world, int from, const char *kind)
{
    for (size_t i = (size_t)from; i < world->broker.log_count; i++)
        if (broker_topic_is(world->broker.log[i].topic, kind))
            return (int)i;
    return -1;
}

static inline unsigned count_of(const struct world *world, const char *kind)
{
    unsigned count = 0;
    for (size_t i = 0; i < world->broker.log_count; i++)
        count += broker_topic_is(world->broker.log[i].topic, kind);
    return count;
}

static inline void expect_all(const struct world *world, enum lane lane, uint64_t first, uint64_t last)
{
    for (uint64_t seq = first; seq <= last; seq++)
        if (world->broker.hash[lane][seq] == 0)
            fail_msg("number %" PRIu64 " of lane %c never arrived", seq, lane_letter(lane));
    assert_int_equal(world->broker.conflicts, 0);
}

static inline struct board_centre shown(const struct world *world)
{
    struct board_centre centre;
    board_get_centre(world->rig.board, 0, &centre);
    return centre;
}

#endif
