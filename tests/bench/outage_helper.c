/* outage_helper: a journal as an outage leaves it.
 *
 *   outage_helper SITE HOURS ALARMS   the recording room alone, on a clock of its own that ends now: for so many hours every
 *                                     device of the site file sends a record each 10 s, and meanwhile so many alarm records
 *                                     (raised, cleared, raised … of the first alarm of each device in turn) are made. No
 *                                     centre acknowledges anything. Prints {"t","a"}: the last number of each lane. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/device/classes.h"
#include "gateway/base/arena.h"
#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "gateway/run/board.h"
#include "gateway/run/recorder.h"
#include "gateway/run/sender.h"
#include "gateway/site/load.h"

#define TICK_S    10
#define HOUR_S    3600
#define ARENA_MAX ((size_t)32 * 1024 * 1024)
#define RING_SIZE ((size_t)1024 * 1024)

struct desk { /* where a recorder sits */
    const struct site *site;
    struct ring news;
    struct ring telemetry;
    struct ring acks;
    struct ring inbox;
    struct bell inbox_bell;
    struct bell recorder_bell;
    struct bell *bells;
    struct bell **bell_list;
    struct board *board;
    struct recorder *recorder;
    struct now now;
};

static int fail(const char *what)
{
    (void)fprintf(stderr, "outage_helper: %s\n", what);
    return 1;
}

static const struct site *load(const char *file, struct arena *arena)
{
    static const char *const dirs[] = {"config/profiles", NULL};
    struct site_sources const sources = {.classes = &classes, .profile_dirs = dirs};
    struct complaints complaints;
    const struct site *site = NULL;
    arena_init(arena, ARENA_MAX);
    complaints_init(&complaints);
    enum err const err = site_load(file, &sources, arena, &complaints, &site);
    complaints_close(&complaints);
    return err == ERR_OK ? site : NULL;
}

static enum err sit_down(struct desk *desk)
{
    const struct ring_row {
        struct ring *ring;
    } rings[] = {{&desk->news}, {&desk->telemetry}, {&desk->acks}, {&desk->inbox}};
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < sizeof rings / sizeof rings[0]; i++)
        err = ring_open(rings[i].ring, RING_SIZE);
    desk->bells = calloc(desk->site->centre_count, sizeof *desk->bells);
    desk->bell_list = calloc(desk->site->centre_count, sizeof *desk->bell_list);
    if (desk->bells == NULL || desk->bell_list == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; err == ERR_OK && i < desk->site->centre_count; i++) {
        err = bell_open(&desk->bells[i]);
        desk->bell_list[i] = &desk->bells[i];
    }
    if (err == ERR_OK)
        err = bell_open(&desk->inbox_bell);
    if (err == ERR_OK)
        err = board_open(&desk->board, desk->site);
    if (err != ERR_OK)
        return err;
    return recorder_open(&desk->recorder, &(struct recorder_setup){.site = desk->site,
                                                                   .news = &desk->news,
                                                                   .telemetry = &desk->telemetry,
                                                                   .acks = &desk->acks,
                                                                   .inbox = &desk->inbox,
                                                                   .inbox_bell = &desk->inbox_bell,
                                                                   .sender_bells = desk->bell_list,
                                                                   .board = desk->board});
}

static void stand_up(struct desk *desk)
{
    recorder_close(desk->recorder);
    board_close(desk->board);
    ring_close(&desk->news);
    ring_close(&desk->telemetry);
    ring_close(&desk->acks);
    ring_close(&desk->inbox);
    for (size_t i = 0; i < desk->site->centre_count; i++)
        bell_close(&desk->bells[i]);
    bell_close(&desk->inbox_bell);
    free(desk->bells);
    free(desk->bell_list);
}

static bool tell(struct desk *desk, struct ring *ring, struct news *news)
{
    news->utc_ms = desk->now.utc_ms;
    news->mono_us = desk->now.mono_us;
    news->synced = 1;
    return ring_push(ring, news, news_size(news)) == ERR_OK;
}

static bool tell_telemetry(struct desk *desk, size_t device, uint32_t tick)
{
    static struct news news;
    const struct site_device *told = &desk->site->devices[device];
    memset(&news, 0, sizeof news);
    news.kind = NEWS_TELEMETRY;
    news.is.telemetry.device = (uint32_t)device;
    news.is.telemetry.sample_count = (uint16_t)told->point_count;
    for (size_t i = 0; i < told->point_count; i++)
        news.is.telemetry.samples[i] =
            (struct sample){.value.number = (double)((tick * 7 + i * 13) % 2000), .quality = QUALITY_GOOD};
    return tell(desk, &desk->telemetry, &news);
}

/* The n-th alarm record of all: device after device is raised, then device after device is cleared. */
static bool tell_alarm(struct desk *desk, uint32_t n)
{
    static struct news news;
    size_t const devices = desk->site->device_count;
    const struct site_device *told = &desk->site->devices[n % devices];
    bool const raised = n / devices % 2 == 0;
    uint32_t const occurrence = (uint32_t)(n / devices / 2 + 1);
    enum alarm_state const from = raised ? ALARM_NORM : ALARM_UNACK;
    enum alarm_state const to = raised ? ALARM_UNACK : ALARM_NORM;
    memset(&news, 0, sizeof news);
    news.kind = NEWS_ALARM;
    news.has_stored = 1;
    news.stored = (struct stored){.kind = STORED_RULE,
                                  .state = (uint8_t)to,
                                  .flags = raised ? STORED_CONDITION : 0,
                                  .index = (uint32_t)told->rule_first,
                                  .occurrence = occurrence,
                                  .has_value = 1,
                                  .since_utc_ms = desk->now.utc_ms,
                                  .value = 20000};
    news.is.alarm = (struct news_alarm){.rule = (uint32_t)told->rule_first,
                                        .event = raised ? EVENT_RAISED : EVENT_CLEARED,
                                        .from = (uint8_t)from,
                                        .to = (uint8_t)to,
                                        .has_value = 1,
                                        .occurrence = occurrence,
                                        .value = 20000};
    return tell(desk, &desk->news, &news);
}

static void pass(struct desk *desk, int64_t ms)
{
    desk->now.mono_us += ms * 1000;
    desk->now.utc_ms += ms;
    (void)recorder_step(desk->recorder, desk->now);
}

static int play(struct desk *desk, uint32_t ticks, uint32_t alarms)
{
    uint32_t told = 0;
    for (int i = 0; i < 100; i++) /* opens the journal */
        pass(desk, 10);
    for (uint32_t tick = 0; tick < ticks; tick++) {
        for (; told < (uint64_t)alarms * (tick + 1) / ticks; told++)
            if (!tell_alarm(desk, told))
                return fail("the ring is full");
        for (size_t i = 0; i < desk->site->device_count; i++)
            if (!tell_telemetry(desk, i, tick))
                return fail("the ring is full");
        pass(desk, TICK_S * 1000 / 2);
        pass(desk, TICK_S * 1000 / 2);
    }
    for (int i = 0; i < 1000 && !recorder_drained(desk->recorder); i++)
        pass(desk, 1000);
    recorder_finish(desk->recorder, desk->now);
    struct board_journal journal;
    board_get_journal(desk->board, &journal);
    (void)printf("{\"t\":%llu,\"a\":%llu}\n", (unsigned long long)journal.last_t, (unsigned long long)journal.last_a);
    return 0;
}

int main(int argc, char **argv)
{
    struct arena arena;
    struct desk desk = {.site = argc == 4 ? load(argv[1], &arena) : NULL};
    if (desk.site == NULL)
        return fail(argc == 4 ? "the site file does not load" : "SITE HOURS ALARMS");
    log_set_quiet(true);
    uint32_t const ticks = (uint32_t)(strtod(argv[2], NULL) * HOUR_S / TICK_S);
    desk.now = clock_now();
    desk.now.utc_ms -= (int64_t)ticks * TICK_S * 1000 + 2000;
    if (sit_down(&desk) != ERR_OK)
        return fail("no memory");
    int const status = play(&desk, ticks, (uint32_t)strtoul(argv[3], NULL, 10));
    stand_up(&desk);
    arena_close(&arena);
    return status;
}
