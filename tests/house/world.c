#include "tests/support/test.h"

#include "tests/house/world.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/device/classes.h"
#include "gateway/base/check.h"
#include "gateway/model/inbox.h"
#include "gateway/run/journal.h"
#include "gateway/site/load.h"
#include "tests/house/grounds.h"
#include "tests/support/disk.h"

#define ARENA_MAX  ((size_t)16 * 1024 * 1024)
#define TURNS_MAX  2000 /* at one instant; more is a room that never comes to rest */
#define ANSWER_US  (2 * SECOND)
#define SITE_NAME  "config/house.json" /* so that profiles are found beside it */
#define COPY_CHUNK ((size_t)65536)

#define TIGHT_BUDGET ((uint64_t)512 * 1024) /* bytes a day: used up in seconds */
#define PLENTY       ((uint64_t)200 * 1024 * 1024)

static void make_dir(char dir[static WORLD_DIR_MAX])
{
    (void)snprintf(dir, WORLD_DIR_MAX, "%s/XXXXXX", grounds_dir());
    assert_non_null(mkdtemp(dir));
}

static void copy_file(const char *from, const char *to)
{
    static char chunk[COPY_CHUNK];
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHECK(in >= 0 && out >= 0);
    for (;;) {
        ssize_t got = read(in, chunk, sizeof chunk);
        CHECK(got >= 0);
        if (got == 0)
            break;
        CHECK(write(out, chunk, (size_t)got) == got);
    }
    (void)close(in);
    (void)close(out);
}

static void each_file(const char *dir, void (*visit)(const char *path, const char *name, const char *to),
                      const char *to)
{
    char path[2 * WORLD_DIR_MAX + NAME_MAX];
    DIR *list = opendir(dir);
    CHECK(list != NULL);
    for (const struct dirent *entry = readdir(list); entry != NULL; entry = readdir(list)) {
        if (entry->d_type != DT_REG && entry->d_type != DT_SOCK)
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        visit(path, entry->d_name, to);
    }
    (void)closedir(list);
}

static void copy_one(const char *path, const char *name, const char *to)
{
    char target[2 * WORLD_DIR_MAX + NAME_MAX];
    size_t size = strlen(name);
    if (size > 4 && strcmp(name + size - 4, "-shm") == 0)
        return; /* shared memory of the dead process: SQLite builds it anew */
    (void)snprintf(target, sizeof target, "%s/%s", to, name);
    copy_file(path, target);
}

static void remove_one(const char *path, const char *name, const char *to)
{
    (void)name;
    (void)to;
    (void)unlink(path);
}

static void remove_dir(const char *dir)
{
    each_file(dir, remove_one, NULL);
    (void)rmdir(dir);
}

static void remove_journal(const char *dir)
{
    char memory[JOURNAL_MEMORY_DIR_SIZE];
    journal_memory_dir(dir, memory);
    if (access(memory, F_OK) == 0)
        remove_dir(memory);
    remove_dir(dir);
}

static void memory_of(const char *dir, char ret_memory[static JOURNAL_MEMORY_DIR_SIZE])
{
    journal_memory_dir(dir, ret_memory);
    (void)mkdir(ret_memory, 0700);
}

/* Killed, with the machine still running: what the journal kept in memory is there too. */
static void take_memory(const struct world *world)
{
    char from[JOURNAL_MEMORY_DIR_SIZE];
    char to[JOURNAL_MEMORY_DIR_SIZE];
    memory_of(world->dir, from);
    memory_of(world->next_dir, to);
    each_file(from, copy_one, to);
}

/* Called out of the middle of a step: what is on the disk now is all that will be left. */
static void take_disk(void *context)
{
    struct world *world = context;
    make_dir(world->next_dir);
    each_file(world->dir, copy_one, world->next_dir);
    if (world->tight && dice_chance(&world->dice, 500))
        take_memory(world); /* else the power went */
}

static void print_complaints(const struct complaints *complaints)
{
    char line[512];
    for (size_t i = 0; i < complaints->count; i++) {
        complaint_print(&complaints->list[i], LANGUAGE_EN, line, sizeof line);
        (void)fputs(line, stderr);
    }
}

static void load_site(struct world *world, const struct world_setup *setup)
{
    static const char *const dirs[] = {"config/profiles", NULL};
    struct site_sources sources = {.classes = &classes, .profile_dirs = dirs};
    struct complaints complaints;
    const struct site *site = NULL;
    enum err err;
    arena_init(&world->arena, ARENA_MAX);
    complaints_init(&complaints);
    if (setup->site_file != NULL) {
        err = site_load(setup->site_file, &sources, &world->arena, &complaints, &site);
    } else {
        char *text = strdup(setup->site_text);
        CHECK(text != NULL);
        for (char *at = text; *at != '\0'; at++)
            if (*at == '\'')
                *at = '"';
        err = site_load_bytes(SITE_NAME, text, strlen(text), &sources, &world->arena, &complaints, &site);
        free(text);
    }
    print_complaints(&complaints);
    complaints_close(&complaints);
    assert_int_equal(err, ERR_OK);
    world->site = *site;
    world->site.journal.dir = world->dir;
    assert_true(site->bus_count <= WORLD_BUSES_MAX && site->centre_count <= WORLD_CENTRES_MAX);
}

static void on_sync(void *context)
{
    stage_sync(context);
}

void world_open(struct world *world, const struct world_setup *setup)
{
    disk_on_sync(on_sync, &world->stage);
    *world = (struct world){
        .seed = setup->seed, .dice = {setup->seed}, .life = -1, .reopens_us = CLOCK_NEVER, .tight = setup->tight};
    world->stage = (struct stage){.crash = take_disk, .context = world};
    world->script_us = CLOCK_NEVER;
    (void)snprintf(world->boot_id, sizeof world->boot_id, "boot-1");
    make_dir(world->dir);
    load_site(world, setup);
    plant_open(&world->plant, &world->stage, setup->rows, setup->row_count);
    for (size_t i = 0; i < world->site.bus_count; i++) {
        fake_link_open(&world->links[i], &world->site.buses[i], (int)i, &world->stage, &world->plant, &world->log,
                       &world->life, dice_roll(&world->dice));
        world->link_doors[i] = fake_link_door(&world->links[i]);
    }
    for (size_t i = 0; i < world->site.centre_count; i++) {
        fake_broker_open(&world->brokers[i], world->site.centres[i].id, &world->stage, &world->life,
                         dice_roll(&world->dice));
        world->uplink_doors[i] = fake_broker_door(&world->brokers[i]);
    }
    world_start_house(world);
}

void world_close(struct world *world)
{
    if (world->house != NULL)
        world_stop_house(world);
    for (size_t i = 0; i < world->site.centre_count; i++)
        fake_broker_close(&world->brokers[i]);
    disk_on_sync(NULL, NULL);
    plant_close(&world->plant);
    free(world->log.list);
    free(world->lives);
    arena_close(&world->arena);
    remove_journal(world->dir);
}

void world_start_house(struct world *world)
{
    CHECK(world->house == NULL);
    bool const booted = world->life >= 0 && world->stage.boot_us > world->lives[world->life].opened_us;
    world->lives = stage_grow(world->lives, world->life_count, &world->life_max, sizeof *world->lives);
    world->lives[world->life_count++] =
        (struct life){.opened_us = world->stage.t_us, .closed_us = CLOCK_NEVER, .booted = booted};
    world->life++;
    world->reopens_us = CLOCK_NEVER;
    if (world->tight)
        world->site.journal.flash_budget = dice_chance(&world->dice, 500) ? TIGHT_BUDGET : PLENTY;
    assert_int_equal(house_bells_open(&world->bells, &world->site), ERR_OK);
    for (size_t i = 0; i < world->site.bus_count; i++)
        fake_link_reset(&world->links[i]);
    for (size_t i = 0; i < world->site.centre_count; i++)
        world->brokers[i].bell = house_sender_bell(world->bells, i);
    struct house_setup setup = {
        .site = &world->site,
        .links = world->link_doors,
        .uplinks = world->uplink_doors,
        .random_seed = dice_roll(&world->dice),
        .machine_boot_id = world->boot_id,
    };
    assert_int_equal(house_open(&world->house, world->bells, &setup), ERR_OK);
}

void world_stop_house(struct world *world)
{
    world->stage.crash_in = world->stage.sync_crash_in = 0;
    house_close(world->house);
    world->house = NULL;
    for (size_t i = 0; i < world->site.centre_count; i++) {
        world->brokers[i].bell = NULL;
        fake_broker_bury(&world->brokers[i]);
    }
    house_bells_close(world->bells);
    world->bells = NULL;
    world->lives[world->life].closed_us = world->stage.t_us;
}

void world_kill_house(struct world *world, int64_t touches, int64_t away_us)
{
    CHECK(world->house != NULL && touches > 0);
    world->stage.crash_in = touches;
    world->away_us = away_us;
}

void world_kill_house_at_commit(struct world *world, int64_t commits, int64_t away_us)
{
    CHECK(world->house != NULL && commits > 0);
    world->stage.sync_crash_in = commits;
    world->away_us = away_us;
}

/* The killed process is taken away, and the disk put back to what it was at that moment. */
static void bury_house(struct world *world)
{
    world->lives[world->life].crashed = true;
    world_stop_house(world);
    world->stage.dead = false;
    remove_journal(world->dir);
    memcpy(world->dir, world->next_dir, sizeof world->dir);
    world->next_dir[0] = '\0';
    world->reopens_us = world->stage.t_us + world->away_us;
}

void world_reboot(struct world *world)
{
    CHECK(world->house == NULL);
    world->stage.boot_us = world->stage.t_us;
    (void)snprintf(world->boot_id, sizeof world->boot_id, "boot-%llx", (unsigned long long)dice_roll(&world->dice));
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void take_answers(struct world *world)
{
    struct answer answer;
    size_t size;
    while (ring_pop(house_answers(world->house), &answer, sizeof answer, &size) == ERR_OK)
        if (answer.token == world->token)
            world->answer = answer;
}

static int64_t step_house(struct world *world)
{
    if (world->house == NULL && world->stage.t_us >= world->reopens_us)
        world_start_house(world);
    if (world->house == NULL)
        return world->reopens_us;
    int64_t next_us = stage_world_us(&world->stage, house_step(world->house, stage_now(&world->stage)));
    if (world->stage.dead) {
        bury_house(world);
        return world->stage.t_us;
    }
    take_answers(world);
    return next_us;
}

/* Everything that is due now; returns when something is due next. */
static int64_t turn(struct world *world)
{
    world->turns++;
    if (world->stage.t_us >= world->script_us)
        world->script_us = world->script(world);
    plant_move(&world->plant);
    for (size_t i = 0; i < world->site.centre_count; i++)
        fake_broker_move(&world->brokers[i]);
    int64_t next_us = step_house(world);
    next_us = earlier(next_us, world->script_us);
    next_us = earlier(next_us, plant_next_us(&world->plant));
    for (size_t i = 0; i < world->site.centre_count; i++)
        next_us = earlier(next_us, fake_broker_next_us(&world->brokers[i]));
    return next_us;
}

void world_run_until(struct world *world, int64_t until_us)
{
    int turns = 0;
    while (world->stage.t_us < until_us) {
        int64_t next_us = earlier(turn(world), until_us);
        if (next_us > world->stage.t_us) {
            world->stage.t_us = next_us;
            turns = 0;
        } else if (++turns > TURNS_MAX) {
            stage_blame(&world->stage, INV_SPIN, world->stage.t_us, "no rest after %d turns", TURNS_MAX);
            world->stage.t_us += 1000;
            turns = 0;
        }
    }
}

void world_run(struct world *world, int64_t for_us)
{
    world_run_until(world, world->stage.t_us + for_us);
}

bool world_settle(struct world *world, size_t centre, int64_t for_us)
{
    int64_t const until_us = world->stage.t_us + for_us;
    while (world->stage.t_us < until_us) {
        struct board_journal journal;
        struct board_centre state;
        world_run(world, 10000);
        if (world->house == NULL)
            continue;
        board_get_journal(house_board(world->house), &journal);
        board_get_centre(house_board(world->house), centre, &state);
        if (journal.last_a > 0 && state.lw_a == journal.last_a && state.lw_t == journal.last_t)
            return true;
    }
    return false;
}

static int find_subject(const struct world *world, const char *id)
{
    for (size_t i = 0; i < world->site.subject_count; i++)
        if (strcmp(world->site.subjects[i].id, id) == 0)
            return (int)i;
    fail_msg("no subject %s", id);
    return -1;
}

int world_rule(const struct world *world, const char *subject, const char *alarm)
{
    const struct subject *found = &world->site.subjects[find_subject(world, subject)];
    for (int i = found->rule_first; i < found->rule_first + found->rule_count; i++)
        if (strcmp(world->site.rules[i].id, alarm) == 0)
            return i;
    return -1;
}

static struct board_rule get_rule(struct world *world, const char *subject, const char *alarm)
{
    struct board_rule value;
    int rule = world_rule(world, subject, alarm);
    assert_true(rule >= 0);
    board_get_rule(house_board(world->house), (size_t)rule, &value);
    return value;
}

bool world_rule_condition(struct world *world, const char *subject, const char *alarm)
{
    return get_rule(world, subject, alarm).condition != 0;
}

enum alarm_state world_rule_state(struct world *world, const char *subject, const char *alarm)
{
    return (enum alarm_state)get_rule(world, subject, alarm).state;
}

void world_send(struct world *world, const struct order *given)
{
    struct inbox inbox = {.kind = INBOX_ORDER, .is.order = *given};
    struct order *order = &inbox.is.order;
    order->source = SOURCE_LOCAL;
    order->token = ++world->token;
    (void)snprintf(order->by, sizeof order->by, "watchman");
    (void)snprintf(order->why, sizeof order->why, "seen");
    world->answer = (struct answer){0};
    assert_int_equal(ring_push(house_inbox(world->house), &inbox, inbox_size(&inbox)), ERR_OK);
    bell_ring(house_inbox_bell(world->house));
}

static struct order order_of(const struct world *world, enum order_verb verb, const char *subject, const char *alarm)
{
    return (struct order){.verb = (uint8_t)verb,
                          .subject = subject != NULL ? find_subject(world, subject) : -1,
                          .rule = alarm != NULL ? world_rule(world, subject, alarm) : -1,
                          .zone = -1};
}

void world_send_order(struct world *world, enum order_verb verb, const char *subject, const char *alarm)
{
    struct order const order = order_of(world, verb, subject, alarm);
    world_send(world, &order);
}

struct answer world_order(struct world *world, enum order_verb verb, const char *subject, const char *alarm)
{
    struct order const order = order_of(world, verb, subject, alarm);
    return world_give(world, &order);
}

struct answer world_give(struct world *world, const struct order *given)
{
    world_send(world, given);
    int64_t const until_us = world->stage.t_us + ANSWER_US;
    while (world->house != NULL && world->answer.token != world->token && world->stage.t_us < until_us)
        world_run(world, 10000);
    if (world->house != NULL && world->answer.token != world->token)
        stage_blame(&world->stage, INV_ORDER, world->stage.t_us, "no answer to %s",
                    order_verb_text((enum order_verb)given->verb));
    return world->answer;
}
