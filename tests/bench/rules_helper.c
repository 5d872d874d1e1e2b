/* rules_helper: how long the judge needs, and how much memory a rule takes.
 *
 *   rules_helper DEVICES SECONDS     the judging room alone, on a clock of its own: so many devices of 20 registers with 20
 *                                    rules of all kinds that compare numbers, each polled once a second for so many seconds.
 *                                    The values move at each poll; one point in a thousand crosses its limit. Prints
 *                                    {"rules","judged","cpu_s","news","telemetry","judge_bytes","site_bytes"}: rules that
 *                                    were judged (each reading of a rule's point is one), processor time of the judge's step,
 *                                    and what the rules make the judge and the site's tables larger. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "drivers/device/classes.h"
#include "gateway/base/arena.h"
#include "gateway/base/bell.h"
#include "gateway/base/check.h"
#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/model/inbox.h"
#include "gateway/model/news.h"
#include "gateway/run/board.h"
#include "gateway/run/judge.h"
#include "gateway/site/load.h"

#define REGISTERS  20
#define PHASE      6
#define UNITS_MAX  200 /* of a bus */
#define ARENA_MAX  ((size_t)64 * 1024 * 1024)
#define TEXT_SIZE  ((size_t)32 * 1024 * 1024)
#define RING_SIZE  ((size_t)4 * 1024 * 1024)
#define SECOND_US  INT64_C(1000000)
#define CALM_MAX   1000 /* limits are 10,000: only what is meant to crosses */
#define CROSSES    20000
#define CROSSES_IN 1000

struct rig {
    struct arena arena;
    const struct site *site;
    struct board *board;
    struct ring inbox, news, telemetry, answers;
    struct ring *writes;
    struct bell inbox_bell, recorder_bell, answers_bell;
    struct bell *bells;
    struct judge_bus *buses;
    struct judge *judge;
    struct now now;
    uint32_t dice;
    uint64_t told;
    uint64_t sent;
    struct inbox item;
    struct news popped;
};

static int fail(const char *what)
{
    (void)fprintf(stderr, "rules_helper: %s\n", what);
    return 1;
}

/* --- the site --- */

static void put_rules(struct text *text)
{
    static const char *const kinds[] = {
        "'kind': 'hi', 'limit': 10000, 'deadband': 10, 'on_delay': '2s', 'off_delay': '5s'",
        "'kind': 'hi', 'limit': 10000, 'deadband': 10, 'on_delay': '0s'",
        "'kind': 'hihi', 'limit': 12000, 'deadband': 10, 'on_delay': '5s', 'latch': true",
        "'kind': 'lo', 'limit': 0, 'deadband': 10, 'on_delay': '10s'",
        "'kind': 'rate', 'limit': 5000, 'over': '10s', 'on_delay': '3s'",
        "'kind': 'deviation', 'limit': 10000, 'from': 'r0', 'deadband': 10, 'on_delay': '10s'",
        "'kind': 'code', 'limit': [ 'bad', 'worse' ], 'on_delay': '1s'",
        "'kind': 'stuck', 'deadband': 0, 'on_delay': '1h'",
        "'kind': 'hi', 'limit': 10000, 'when': { 'point': 'r6', 'not': 'off' }, 'on_delay': '2s'",
        "'kind': 'hi', 'limit': 10000, 'suppress': { 'point': 'r6', 'is': 'off' }, 'priority': 'low'",
    };
    for (size_t i = 0; i < REGISTERS; i++) {
        size_t const kind = i % (sizeof kinds / sizeof kinds[0]);
        text_put_format(text, "%s'r%zu.alarm': { 'point': 'r%zu', %s }", i == 0 ? "" : ",", i,
                        strstr(kinds[kind], "'code'") != NULL ? (size_t)PHASE : i, kinds[kind]);
    }
}

static void put_site(struct text *text, size_t device_count, bool rules)
{
    text_put(text, "{ 'gateway': { 'id': 'g1' }, 'journal': { 'dir': 'unused' }, 'centres': [], 'buses': [");
    for (size_t i = 0; i * UNITS_MAX < device_count; i++)
        text_put_format(text, "%s{ 'id': 'b%zu', 'link': 'tcp', 'host': '127.0.0.1', 'port': %zu }", i == 0 ? "" : ",",
                        i, 5020 + i);
    text_put(text, "], 'devices': [");
    for (size_t i = 0; i < device_count; i++) {
        text_put_format(text,
                        "%s{ 'id': 'd%zu', 'bus': 'b%zu', 'unit': %zu, 'class': 'generic', 'every': '1s', 'points': {",
                        i == 0 ? "" : ",", i, i / UNITS_MAX, i % UNITS_MAX + 1);
        for (size_t n = 0; n < REGISTERS; n++)
            text_put_format(
                text, "%s'r%zu': { 'function': 'holding', 'address': %zu, 'type': 'u16', %s }", n == 0 ? "" : ",", n, n,
                n == PHASE ? "'map': { '0': 'off', '1': 'on', '2': 'bad', '3': 'worse' }" : "'deadband': 2000");
        text_put(text, "}, 'alarms': {");
        if (rules)
            put_rules(text);
        text_put(text, "} }");
    }
    text_put(text, "] }");
}

static int load(struct rig *rig, size_t device_count, bool rules)
{
    static const char *const dirs[] = {"config/profiles", NULL};
    struct site_sources const sources = {.classes = &classes, .profile_dirs = dirs};
    struct complaints complaints;
    char *buffer = malloc(TEXT_SIZE);
    struct text text;
    char line[512];
    if (buffer == NULL)
        return fail("no memory");
    text_init(&text, buffer, TEXT_SIZE);
    put_site(&text, device_count, rules);
    for (char *at = buffer; *at != '\0'; at++)
        if (*at == '\'')
            *at = '"';
    arena_init(&rig->arena, ARENA_MAX);
    complaints_init(&complaints);
    enum err const err =
        site_load_bytes("rules.json", buffer, text.used, &sources, &rig->arena, &complaints, &rig->site);
    for (size_t i = 0; err != ERR_OK && i < complaints.count && i < 5; i++) {
        complaint_print(&complaints.list[i], LANGUAGE_EN, line, sizeof line);
        (void)fputs(line, stderr);
    }
    complaints_close(&complaints);
    free(buffer);
    return err == ERR_OK ? 0 : fail("the site does not load");
}

/* --- the room --- */

static enum err open_passages(struct rig *rig)
{
    size_t const count = rig->site->bus_count;
    rig->writes = calloc(count, sizeof *rig->writes);
    rig->bells = calloc(count, sizeof *rig->bells);
    rig->buses = calloc(count, sizeof *rig->buses);
    if (rig->writes == NULL || rig->bells == NULL || rig->buses == NULL)
        return ERR_MEMORY;
    enum err err = board_open(&rig->board, rig->site);
    struct ring *const rings[] = {&rig->inbox, &rig->news, &rig->telemetry, &rig->answers};
    struct bell *const bells[] = {&rig->inbox_bell, &rig->recorder_bell, &rig->answers_bell};
    for (size_t i = 0; err == ERR_OK && i < sizeof rings / sizeof rings[0]; i++)
        err = ring_open(rings[i], RING_SIZE);
    for (size_t i = 0; err == ERR_OK && i < sizeof bells / sizeof bells[0]; i++)
        err = bell_open(bells[i]);
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        rig->buses[i] = (struct judge_bus){&rig->writes[i], &rig->bells[i]};
        err = ring_open(&rig->writes[i], 4096);
        if (err == ERR_OK)
            err = bell_open(&rig->bells[i]);
    }
    return err;
}

/* Bytes of the judge, as malloc counts them. */
static size_t open_judge(struct rig *rig)
{
    struct mallinfo2 const before = mallinfo2();
    enum err const err = judge_open(&rig->judge, &(struct judge_setup){.site = rig->site,
                                                                       .inbox = &rig->inbox,
                                                                       .news = &rig->news,
                                                                       .telemetry = &rig->telemetry,
                                                                       .recorder_bell = &rig->recorder_bell,
                                                                       .buses = rig->buses,
                                                                       .answers = &rig->answers,
                                                                       .answers_bell = &rig->answers_bell,
                                                                       .board = rig->board});
    struct mallinfo2 const after = mallinfo2();
    return err == ERR_OK ? after.uordblks + after.hblkhd - before.uordblks - before.hblkhd : 0;
}

/* The recorder, as far as it matters here: it takes what there is. */
static void take_all(struct rig *rig)
{
    size_t size;
    while (ring_pop(&rig->news, &rig->popped, sizeof rig->popped, &size) == ERR_OK)
        rig->told++;
    while (ring_pop(&rig->telemetry, &rig->popped, sizeof rig->popped, &size) == ERR_OK)
        rig->sent++;
    bell_answer(&rig->recorder_bell);
    bell_answer(&rig->inbox_bell);
}

static uint32_t roll(struct rig *rig) /* xorshift32 */
{
    rig->dice ^= rig->dice << 13;
    rig->dice ^= rig->dice >> 17;
    rig->dice ^= rig->dice << 5;
    return rig->dice;
}

static void poll_slave(struct rig *rig, uint16_t slave)
{
    struct batch *batch = &rig->item.is.batch;
    rig->item.kind = INBOX_BATCH;
    memset(batch, 0, sizeof *batch);
    batch->mono_us = rig->now.mono_us;
    batch->utc_ms = rig->now.utc_ms;
    batch->synced = 1;
    batch->slave = slave;
    batch->cycle_ended = 1;
    batch->sample_count = REGISTERS;
    for (size_t i = 0; i < REGISTERS; i++) {
        bool const crosses = roll(rig) % CROSSES_IN == 0;
        batch->samples[i] =
            (struct sample){.point = (uint16_t)i, .value.number = crosses ? CROSSES : roll(rig) % CALM_MAX};
    }
    CHECK(ring_push(&rig->inbox, &rig->item, inbox_size(&rig->item)) == ERR_OK);
}

static double cpu_s(void)
{
    struct timespec used;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

/* Each batch is judged by itself, as one that comes alone is. Processor time of the steps. */
static double play(struct rig *rig, uint32_t seconds)
{
    double used = 0;
    rig->item.kind = INBOX_RESTORED;
    CHECK(ring_push(&rig->inbox, &rig->item, inbox_size(&rig->item)) == ERR_OK);
    for (uint32_t second = 0; second < seconds; second++) {
        for (size_t slave = 0; slave < rig->site->slave_count; slave++) {
            rig->now.mono_us += SECOND_US / (int64_t)rig->site->slave_count;
            rig->now.utc_ms = 1700000000000 + rig->now.mono_us / 1000;
            poll_slave(rig, (uint16_t)slave);
            double const before = cpu_s();
            (void)judge_step(rig->judge, rig->now);
            used += cpu_s() - before;
            take_all(rig);
        }
    }
    return used;
}

static int open_rig(struct rig *rig, size_t device_count, bool rules, size_t *ret_judge_bytes)
{
    *rig = (struct rig){.dice = 1, .now = {.mono_us = 1000 * SECOND_US, .utc_ms = 1700000000000, .synced = true}};
    if (load(rig, device_count, rules) != 0)
        return 1;
    if (open_passages(rig) != ERR_OK)
        return fail("no memory");
    *ret_judge_bytes = open_judge(rig);
    return *ret_judge_bytes > 0 ? 0 : fail("no judge");
}

int main(int argc, char **argv)
{
    static struct rig with;
    static struct rig without;
    size_t judge_with = 0;
    size_t judge_without = 0;
    size_t const devices = argc == 3 ? strtoul(argv[1], NULL, 10) : 0;
    uint32_t const seconds = argc == 3 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;
    if (devices == 0 || seconds == 0)
        return fail("DEVICES SECONDS");
    log_set_quiet(true);
    if (open_rig(&without, devices, false, &judge_without) != 0 || open_rig(&with, devices, true, &judge_with) != 0)
        return 1;
    double const idle = play(&without, seconds);
    double const used = play(&with, seconds);
    (void)printf(
        "{\"rules\":%zu,\"judged\":%llu,\"cpu_s\":%.4f,\"cpu_without_s\":%.4f,\"news\":%llu,\"telemetry\":%llu,"
        "\"judge_bytes\":%zu,\"site_bytes\":%zu}\n",
        with.site->rule_count - without.site->rule_count, (unsigned long long)devices * REGISTERS * seconds, used, idle,
        (unsigned long long)with.told, (unsigned long long)with.sent, judge_with - judge_without,
        with.arena.used_size - without.arena.used_size);
    return 0;
}
