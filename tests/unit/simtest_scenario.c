/* Scenarios: the reader against planted mistakes, casting, the timeline on a clock of our own, and every shipped
 * scenario played on a whole site, twice alike and, where chance plays a part, once unlike. */
#include "tests/support/test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware-sim/cast.h"
#include "firmware-sim/ctl.h"
#include "firmware-sim/pace.h"
#include "firmware-sim/player.h"
#include "firmware-sim/scenario.h"
#include "firmware-sim/site.h"
#include "firmware-sim/stage.h"
#include "firmware-sim/world.h"
#include "tests/support/effort.h"

#define GOLDEN    "tests/golden/scenario"
#define SHIPPED   "firmware-sim/scenarios"
#define FILES_MAX 256

static struct sentence why;
static struct site site;
static struct scenario scenario;
static struct cast cast;

struct files {
    char list[FILES_MAX][128];
    size_t count;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* The scenarios of a directory, in order. */
static void list_files(const char *dir, struct files *ret_files)
{
    DIR *stream = opendir(dir);
    assert_non_null(stream);
    ret_files->count = 0;
    for (struct dirent *entry = readdir(stream); entry != NULL; entry = readdir(stream)) {
        if (strstr(entry->d_name, ".json") == NULL || strstr(entry->d_name, ".schema.") != NULL)
            continue;
        assert_true(ret_files->count < FILES_MAX);
        (void)snprintf(ret_files->list[ret_files->count++], sizeof ret_files->list[0], "%s/%.80s", dir, entry->d_name);
    }
    (void)closedir(stream);
    qsort(ret_files->list, ret_files->count, sizeof ret_files->list[0], by_name);
}

static int open_site(void **state)
{
    static char warnings[4096];
    static const char *const dirs[] = {"config/profiles", NULL};
    struct text text;
    (void)state;
    text_init(&text, warnings, sizeof warnings);
    if (!site_open(&site, GOLDEN "/site.json", dirs, &text, sentence_init(&why)) || warnings[0] != '\0')
        fail_msg("%s%s", why.bytes, warnings);
    return 0;
}

static int close_site(void **state)
{
    (void)state;
    site_close(&site);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cast_close(&cast);
    scenario_close(&scenario);
    return 0;
}

/* JSON with ' for ". */
static bool read_text(const char *json)
{
    static char quoted[8192];
    size_t size = strlen(json);
    assert_true(size < sizeof quoted);
    for (size_t i = 0; i < size; i++)
        quoted[i] = json[i] == '\'' ? '"' : json[i];
    return scenario_open_bytes(&scenario, "it", quoted, size, sentence_init(&why));
}

static void read_good(const char *json)
{
    if (!read_text(json))
        fail_msg("%s", why.bytes);
}

static void open_good(const char *file)
{
    if (!scenario_open(&scenario, file, sentence_init(&why)))
        fail_msg("%s", why.bytes);
}

/* --- the reader --- */

/* The first line of a bad file is a comment: what is said of it. */
static void read_expected(const char *file, char *ret_line, size_t size)
{
    FILE *stream = fopen(file, "rbe");
    assert_non_null(stream);
    assert_non_null(fgets(ret_line, (int)size, stream));
    (void)fclose(stream);
    ret_line[strcspn(ret_line, "\n")] = '\0';
    assert_memory_equal(ret_line, "// ", 3);
    assert_true(strlen(ret_line) > 12);
}

static void test_every_mistake_is_said_at_its_place(void **state)
{
    (void)state;
    static struct files files;
    list_files(GOLDEN "/bad", &files);
    assert_true(files.count >= 90);
    for (size_t i = 0; i < files.count; i++) {
        char expected[512];
        read_expected(files.list[i], expected, sizeof expected);
        if (scenario_open(&scenario, files.list[i], sentence_init(&why)))
            fail_msg("%s is taken", files.list[i]);
        const char *said = why.bytes + strlen(files.list[i]);
        assert_memory_equal(why.bytes, files.list[i], strlen(files.list[i]));
        said += strspn(said, ": ");
        if (strncmp(said, expected + 3, strlen(expected + 3)) != 0)
            fail_msg("%s: said \"%s\", not \"%s\"", files.list[i], said, expected + 3);
        assert_null(scenario.name);
    }
}

static void test_good_ones_are_taken(void **state)
{
    (void)state;
    static struct files files;
    list_files(GOLDEN "/good", &files);
    assert_int_equal(files.count, 2);
    for (size_t i = 0; i < files.count; i++) {
        open_good(files.list[i]);
        scenario_close(&scenario);
    }
}

static void test_as_editors_save_it(void **state)
{
    (void)state;
    read_good("\xEF\xBB\xBF{'scenario':'s',\r\n// a word\r\n'zh':'z','en':'e',/* two */'steps':[{'speed':1}]}\r\n");
    assert_int_equal(scenario.step_count, 1);
    assert_int_equal(scenario.seed, 1);
}

static void print_step(size_t step, char *ret_line, size_t size)
{
    struct text text;
    text_init(&text, ret_line, size);
    step_print(&scenario, &scenario.steps[step], &text);
}

static void test_all_that_can_be_written_is_read(void **state)
{
    (void)state;
    static const char *const lines[] = {"do first leak 60",
                                        "set first.gas_lel_pct 12.5",
                                        "set first.gas_lel_pct raw 0x10",
                                        "set first.gas_lel_pct auto",
                                        "fault second crc 0.1",
                                        "fault * silence once",
                                        "fault bus:second gone",
                                        "fault bus:second back",
                                        "do * power_off",
                                        "speed 0.1",
                                        "ack first gas.high",
                                        "ack first",
                                        "reset valve",
                                        "silence",
                                        "alarm gas.high of first raised first out within 30s",
                                        "alarm gas.low within 30s",
                                        "event interlock_confirmed of valve within 10s",
                                        "event clock_set within 0s",
                                        "telemetry gas_lel_pct of first = -1.5 within 1s",
                                        "telemetry detector_mode of first = normal within 1s",
                                        "telemetry over_range of first = false within 1s",
                                        "telemetry gas_lel_pct of others > 5 within 1s",
                                        "telemetry gas_lel_pct of first < 500 within 168h",
                                        "quality gas_lel_pct of first is good within 1s",
                                        "never quality gas_lel_pct of first is frozen for 1s"};
    open_good(GOLDEN "/good/everything.json");
    assert_int_equal(scenario.step_count, sizeof lines / sizeof *lines);
    for (size_t i = 0; i < scenario.step_count; i++) {
        char line[256];
        print_step(i, line, sizeof line);
        assert_string_equal(line, lines[i]);
    }
    assert_int_equal(scenario.seed, INT32_MAX);
    assert_string_equal(scenario.label.zh, "全部写法");
    assert_string_equal(scenario.steps[0].action.manual.en, "at {first} and {second}");
    assert_string_equal(scenario.steps[0].label.en, "begin");
}

static void test_where_time_is_counted_from(void **state)
{
    (void)state;
    open_good(GOLDEN "/good/everything.json");
    const struct step *steps = scenario.steps;
    assert_false(steps[1].action.waits);
    assert_int_equal(steps[1].action.at_ms, 500);
    assert_true(steps[3].action.waits);
    assert_int_equal(steps[3].action.at_ms, 120000);
    assert_true(steps[5].action.waits && steps[5].action.at_ms == 0);
    assert_int_equal(steps[14].expectation.since, 0);  /* after go */
    assert_int_equal(steps[15].expectation.since, 13); /* the last action */
    assert_int_equal(steps[16].expectation.since, 14); /* after high */
    assert_int_equal(steps[24].expectation.since, 14);
    scenario_close(&scenario);
    read_good("{'scenario':'s','zh':'z','en':'e','steps':[{'expect':{'event':'boot'},'within':'1s'}]}");
    assert_true(scenario.steps[0].expectation.since == SCENARIO_NONE);
}

/* --- the timeline --- */

#define LEAK                                                                                                           \
    "{'scenario':'s','zh':'z','en':'e','roles':{'a':{'class':'gas_detector'}},'steps':["                               \
    "{'at':'1s','do':'a leak 1'},"                                                                                     \
    "{'id':'low','expect':{'alarm':'gas.low','of':'a'},'within':'60s'},"                                               \
    "{'expect':{'event':'interlock_confirmed'},'within':'10s','after':'low'},"                                         \
    "{'at':'20s','do':'a leak 2'},"                                                                                    \
    "{'at':'+5s','do':'a leak 3'},"                                                                                    \
    "{'expect':{'never':{'alarm':'comm.lost'},'for':'7s'}},"                                                           \
    "{'do':'a leak 4'}]}"

/* What is done at that time: "1", "2" …, in order; "" nothing. */
static const char *done_at(struct player *player, int64_t now_ms)
{
    static char done[64];
    struct text text;
    text_init(&text, done, sizeof done);
    for (const struct step *step = player_step(player, now_ms); step != NULL; step = player_step(player, now_ms))
        text_add(&text, "%s", step->action.rest + strlen("leak "));
    return done;
}

static void test_timeline_without_a_judge(void **state)
{
    (void)state;
    struct player player;
    read_good(LEAK);
    player_start(&player, &scenario);
    assert_int_equal(player_due_ms(&player), 1000);
    assert_string_equal(done_at(&player, 999), "");
    assert_string_equal(done_at(&player, 1000), "1");
    assert_int_equal(player_since_ms(&player, 1), 1000);
    assert_int_equal(player_until_ms(&player, 1), 61000);
    assert_int_equal(player_since_ms(&player, 2), 61000);
    assert_int_equal(player_until_ms(&player, 2), 71000);
    assert_string_equal(done_at(&player, 19999), "");
    assert_string_equal(done_at(&player, 20000), "2"); /* an absolute time does not wait */
    assert_int_equal(player_due_ms(&player), 76000);   /* a + waits for all before */
    assert_string_equal(done_at(&player, 75999), "");
    assert_string_equal(done_at(&player, 76000), "3");
    assert_int_equal(player_due_ms(&player), 83000);
    assert_string_equal(done_at(&player, 82999), "");
    assert_false(player_is_over(&player, 82999));
    assert_string_equal(done_at(&player, 83000), "4");
    assert_true(player_is_over(&player, 83000));
    assert_int_equal(scenario_length_ms(&scenario), 83000);
}

/* However late it is asked, the times are the same. */
static void test_asked_late_is_not_late(void **state)
{
    (void)state;
    struct player player;
    read_good(LEAK);
    player_start(&player, &scenario);
    assert_string_equal(done_at(&player, 500000), "1234");
    assert_int_equal(player.over_ms[0], 1000);
    assert_int_equal(player.over_ms[6], 83000);
}

static void test_what_is_met_lets_go_on(void **state)
{
    (void)state;
    struct player player;
    read_good(LEAK);
    player_start(&player, &scenario);
    assert_string_equal(done_at(&player, 1000), "1");
    player_meet(&player, 1, 15000);
    assert_int_equal(player_since_ms(&player, 2), 15000);
    assert_int_equal(player_until_ms(&player, 2), 25000);
    assert_string_equal(done_at(&player, 20000), "2");
    assert_int_equal(player_due_ms(&player), 30000);
    player_meet(&player, 2, 21000);
    assert_int_equal(player_due_ms(&player), 26000);
    player_meet(&player, 0, 1);     /* no expectation */
    player_meet(&player, 5, 26000); /* not begun */
    assert_string_equal(done_at(&player, 26000), "3");
    player_meet(&player, 5, 27000); /* a never takes its time */
    assert_int_equal(player_due_ms(&player), 33000);
    player_meet(&player, 1, 99000); /* cannot be later than its end */
    assert_int_equal(player.over_ms[1], 61000);
}

/* --- casting --- */

static void cast_with(char *bind)
{
    if (!cast_open(&cast, &scenario, &site, &bind, bind == NULL ? 0 : 1, sentence_init(&why)))
        fail_msg("%s", why.bytes);
}

static const char *players(void)
{
    static char line[4096];
    struct text text;
    text_init(&text, line, sizeof line);
    cast_print(&cast, &text);
    return line;
}

static bool refused(char *bind, const char *sentence)
{
    if (cast_open(&cast, &scenario, &site, &bind, bind == NULL ? 0 : 1, sentence_init(&why)))
        return false;
    if (strstr(why.bytes, sentence) == NULL)
        fail_msg("said \"%s\", not \"%s\"", why.bytes, sentence);
    return true;
}

static void read_roles(const char *roles)
{
    char json[1024];
    (void)snprintf(json, sizeof json, "{'scenario':'s','zh':'z','en':'e','roles':{%s},'steps':[{'speed':1}]}", roles);
    read_good(json);
}

static void test_roles_are_cast_in_file_order(void **state)
{
    (void)state;
    read_roles("'a':{'class':'gas_detector'},'b':{'zone_of':'a'},'v':{'interlock':true,'of':'a'}");
    cast_with(NULL);
    assert_string_equal(players(), "a=gas-1 b=gas-2 v=outputs");
    assert_string_equal(site.valves[cast.castings[2].valves[0]].id, "kitchen-trip");
}

static void test_binding_goes_before(void **state)
{
    (void)state;
    read_roles("'a':{'class':'gas_detector'},'b':{'zone_of':'a'},'v':{'interlock':true,'of':'a'}");
    cast_with((char[]){"a=ch-07"});
    assert_string_equal(players(), "a=ch-07 b=ch-01 v=outputs");
    assert_string_equal(site.valves[cast.castings[2].valves[0]].id, "hall-trip");
    cast_close(&cast);
    cast_with((char[]){"v=hall-trip"}); /* and so a is chosen again */
    assert_string_equal(players(), "a=ch-01 b=ch-02 v=outputs");
    cast_close(&cast);
    cast_with((char[]){"b=gas-1"});
    assert_string_equal(players(), "a=gas-2 b=gas-1 v=outputs");
}

static void test_many_and_nobody(void **state)
{
    (void)state;
    read_roles("'a':{'class':'gas_detector','all':true,'at_least':66},'v':{'interlock':true,'all':true},"
               "'n':{'class':'forklift','optional':true},'l':{'class':'lift'}");
    cast_with(NULL);
    assert_int_equal(cast.castings[0].device_count, 66);
    assert_int_equal(cast.castings[1].device_count, 2);
    assert_int_equal(cast.castings[2].device_count, 0);
    assert_int_equal(cast.castings[3].device_count, 1);
    cast_close(&cast);
    assert_true(refused((char[]){"a=gas-1,gas-2"}, "nothing can play a as bound to gas-1,gas-2"));
    scenario_close(&scenario);
    read_roles("'a':{'class':'gas_detector','all':true},'b':{'class':'lift'}");
    cast_with((char[]){"a=gas-2,ch-64"});
    assert_string_equal(players(), "a=gas-2,ch-64 b=lift-1");
    cast_close(&cast);
    assert_true(refused((char[]){"a=gas-2,lift-1"}, "nothing can play a as bound"));
}

static void test_what_does_not_apply_says_why(void **state)
{
    (void)state;
    read_roles("'a':{'class':'forklift'}");
    assert_true(refused(NULL, "s does not apply here: nothing can play a; wanted: class forklift"));
    scenario_close(&scenario);
    read_roles("'a':{'class':'lift','points':['door_zone','no_such_point']}");
    assert_true(refused(NULL, "with the points door_zone, no_such_point"));
    scenario_close(&scenario);
    read_roles("'a':{'class':'lift'},'b':{'class':'lift'}");
    assert_true(refused(NULL, "nothing can play b; wanted: class lift, played by nobody else"));
    scenario_close(&scenario);
    read_roles("'a':{'class':'lift','wire':'rtu'}");
    assert_true(refused(NULL, "on a line of kind rtu"));
    scenario_close(&scenario);
    read_roles("'a':{'class':'gas_detector','settings':['h2s_oel_ppm']}");
    assert_true(refused(NULL, "with the settings h2s_oel_ppm"));
    scenario_close(&scenario);
    read_roles("'a':{'class':'lift'},'v':{'interlock':true,'of':'a'}");
    assert_true(refused(NULL, "of an interlock that watches a"));
    scenario_close(&scenario);
    read_roles("'a':{'class':'gas_detector','vote':3}");
    assert_true(refused(NULL, "where 3 must see gas"));
}

static void test_wrong_binds(void **state)
{
    (void)state;
    char *twice[] = {(char[]){"a=gas-1"}, (char[]){"a=gas-2"}};
    read_roles("'a':{'class':'gas_detector'}");
    assert_true(refused((char[]){"gas-1"}, "is no ROLE=DEVICE"));
    assert_true(refused((char[]){"b=gas-1"}, "s has no role \"b\"; it has: a"));
    assert_true(refused((char[]){"a=gas-9"}, "there is no device or interlock \"gas-9\""));
    assert_true(refused((char[]){"a="}, "there is no device or interlock \"\""));
    assert_true(refused((char[]){"a=lift-1"}, "nothing can play a as bound to lift-1"));
    assert_false(cast_open(&cast, &scenario, &site, twice, 2, sentence_init(&why)));
    assert_non_null(strstr(why.bytes, "bound twice"));
}

/* A choice that cannot work out ends, however many ways there are to make it. */
static void test_a_hopeless_choice_ends(void **state)
{
    (void)state;
    read_roles("'a':{'class':'gas_detector'},'b':{'class':'gas_detector'},'c':{'class':'gas_detector'},"
               "'d':{'class':'gas_detector'},'e':{'class':'gas_detector'},'f':{'class':'gas_detector'},"
               "'g':{'class':'gas_detector'},'h':{'class':'forklift'}");
    assert_true(refused(NULL, "nothing can play h"));
}

static const char *lines_of(size_t step)
{
    static char lines[8192];
    struct text text;
    text_init(&text, lines, sizeof lines);
    cast_print_lines(&cast, &scenario.steps[step].action, &text);
    return lines;
}

static void test_actions_become_words(void **state)
{
    (void)state;
    read_good("{'scenario':'s','zh':'z','en':'e','roles':{'a':{'class':'gas_detector','vote':2},"
              "'v':{'interlock':true,'of':'a'},'m':{'class':'boiler_steam'},'n':{'class':'escalator','optional':true}},"
              "'steps':[{'do':'a leak 60','manual':{'zh':'在 {a} 与 {v}','en':'at {a}'}},{'do':'v reopen'},"
              "{'set':'a.gas_lel_pct raw 5'},{'fault':'a silence'},{'fault':'bus:v gone'},{'fault':'* none'},"
              "{'do':'* power_off'},{'speed':2.5},{'order':'ack a gas.high'},{'order':'reset v'},{'order':'silence'},"
              "{'do':'n stop'},{'fault':'m crc 0.1'}]}");
    cast_with((char[]){"a=ch-02"});
    assert_string_equal(lines_of(0), "do ch-02 leak 60\n");
    assert_string_equal(lines_of(1), "do outputs reopen relay_2\n");
    assert_string_equal(lines_of(2), "set ch-02.gas_lel_pct raw 5\n");
    assert_string_equal(lines_of(3), "fault panel silence\n");
    assert_string_equal(lines_of(4), "fault bus:net gone\n");
    assert_string_equal(lines_of(5), "fault * none\n");
    assert_string_equal(lines_of(6), "do * power_off\n");
    assert_string_equal(lines_of(7), "speed 2.5\n");
    assert_string_equal(lines_of(8), "ack --dev ch-02 --alarm gas.high\n");
    assert_string_equal(lines_of(9), "reset --dev hall-trip\n");
    assert_string_equal(lines_of(10), "silence\n");
    assert_string_equal(lines_of(11), "");
    assert_string_equal(lines_of(12), "fault burner-1 crc 0.1\nfault steam crc 0.1\n");
    char label[128];
    struct text text;
    text_init(&text, label, sizeof label);
    cast_print_label(&cast, scenario.steps[0].action.manual.zh, &text);
    assert_string_equal(label, "在 ch-02 与 outputs");
}

/* --- the shipped ones --- */

#define HASH_START UINT64_C(14695981039346656037) /* FNV-1a */
#define HASH_PRIME UINT64_C(1099511628211)

static void hash_registers(const struct world *world, uint64_t *hash)
{
    for (size_t i = 0; i < world->site->slave_count; i++) {
        const struct bank *bank = &world->units[i].bank;
        for (size_t table = 0; table < TABLE_COUNT; table++) {
            for (size_t k = 0; k < bank->range_count[table]; k++) {
                const struct bank_range *range = &bank->ranges[table][k];
                for (uint32_t word = range->first; word < range->end; word++)
                    *hash = (*hash ^ range->words[word - range->first]) * HASH_PRIME;
            }
        }
    }
}

/* A simulator without wires and clock. */
struct rehearsal {
    struct world world;
    struct pace pace;
    struct stage stage;
    int64_t now_us;
    uint64_t hash;
    size_t actions;
};

static void obey(struct rehearsal *rehearsal, char *lines)
{
    const struct ctl ctl = {.world = &rehearsal->world, .pace = &rehearsal->pace, .stage = &rehearsal->stage};
    char *rest = NULL;
    for (char *line = strtok_r(lines, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        char answer[512];
        char said[256];
        struct text text;
        text_init(&text, answer, sizeof answer);
        (void)snprintf(said, sizeof said, "%s", line);
        ctl_run(&ctl, line, &text);
        rehearsal->actions++;
        if (strcmp(answer, "ok\n") != 0)
            fail_msg("%s at %.1f s: \"%s\": %s", rehearsal->stage.scenario.name, rehearsal->stage.clock_s, said,
                     answer);
    }
}

/* The next step of the plant, in its seconds. */
static double next_step(struct rehearsal *rehearsal)
{
    double step_s = pace_step(&rehearsal->pace);
    while (!(step_s > 0)) {
        rehearsal->now_us += 1000;
        (void)pace_pass(&rehearsal->pace, rehearsal->now_us);
        step_s = pace_step(&rehearsal->pace);
    }
    return step_s;
}

static void step_rehearsal(struct rehearsal *rehearsal, bool coarse)
{
    char lines[16384];
    struct text text;
    double speed = rehearsal->pace.speed;
    double step_s = coarse ? 1 : next_step(rehearsal);
    for (text_init(&text, lines, sizeof lines); stage_take(&rehearsal->stage, &text);
         text_init(&text, lines, sizeof lines))
        obey(rehearsal, lines);
    world_step(&rehearsal->world, step_s);
    stage_pass(&rehearsal->stage, step_s / speed);
    if (!coarse)
        hash_registers(&rehearsal->world, &rehearsal->hash);
}

/* Plays to its end, or for so many seconds. Coarse: in steps of a second; else the result is a hash of all registers after
 * each step. */
static uint64_t play(const char *file, uint64_t seed, double at_most_s, bool coarse)
{
    static const char *const dirs[] = {NULL};
    struct rehearsal rehearsal = {.hash = HASH_START};
    stage_init(&rehearsal.stage, &site, dirs);
    if (!stage_start(&rehearsal.stage, file, NULL, 0, sentence_init(&why)))
        fail_msg("%s: %s", file, why.bytes);
    pace_init(&rehearsal.pace, 1, 0);
    world_open(&rehearsal.world, &site, seed);
    while (rehearsal.stage.playing && rehearsal.stage.clock_s < at_most_s)
        step_rehearsal(&rehearsal, coarse);
    assert_true(rehearsal.actions > 0 || rehearsal.stage.playing);
    world_close(&rehearsal.world);
    stage_close(&rehearsal.stage);
    return rehearsal.hash;
}

#define COMPARED_S   10
#define SLOW_BUILD_S 120.0

/* To its end, in a build that is slow as far as its first minutes: every action is understood and done. */
static void test_shipped_ones_play_to_their_end(void **state)
{
    (void)state;
    static struct files files;
    list_files(SHIPPED, &files);
    assert_true(files.count >= 29);
    for (size_t i = 0; i < files.count; i++)
        (void)play(files.list[i], 1, EFFORT_SLOWER > 1 ? SLOW_BUILD_S : 1e9, true);
}

static void test_same_seed_same_registers(void **state)
{
    (void)state;
    static struct files files;
    list_files(SHIPPED, &files);
    for (size_t i = 0; i < files.count; i++) {
        uint64_t one = play(files.list[i], 5, COMPARED_S, false);
        if (one != play(files.list[i], 5, COMPARED_S, false))
            fail_msg("%s: not the same twice", files.list[i]);
        if (one == play(files.list[i], 6, COMPARED_S, false))
            fail_msg("%s: chance plays no part", files.list[i]);
    }
}

/* --- the stage --- */

static const char *told(const struct stage *stage, void (*tell)(const struct stage *stage, struct text *out))
{
    static char bytes[65536];
    struct text text;
    text_init(&text, bytes, sizeof bytes);
    tell(stage, &text);
    return bytes;
}

static void test_stage(void **state)
{
    (void)state;
    static const char *const dirs[] = {"no-such-directory", SHIPPED, NULL};
    struct stage stage;
    char *bind = (char[]){"leaking=gas-2"};
    stage_init(&stage, &site, dirs);
    assert_string_equal(told(&stage, stage_describe), "");
    assert_false(stage_stop(&stage, sentence_init(&why)));
    assert_false(stage_start(&stage, "no-such", NULL, 0, sentence_init(&why)));
    if (strstr(why.bytes, "there is no scenario no-such; see ") == NULL)
        fail_msg("%s", why.bytes);
    assert_false(stage_start(&stage, "../scenarios/gas-ramp", NULL, 0, sentence_init(&why)));
    assert_true(stage_start(&stage, "gas-ramp", &bind, 1, sentence_init(&why)));
    assert_false(stage_start(&stage, "lift-trapped", NULL, 0, sentence_init(&why)));
    assert_string_equal(why.bytes, "gas-ramp is being played; `scenario stop` ends it");
    char lines[256];
    struct text text;
    text_init(&text, lines, sizeof lines);
    assert_true(stage_take(&stage, &text));
    assert_string_equal(lines, "do gas-2 leak 60\n");
    assert_false(stage_take(&stage, &text));
    stage_note(&stage, "do gas-2 leak 60", "error: no\n");
    stage_pass(&stage, 12.5);
    assert_non_null(strstr(told(&stage, stage_describe), "scenario gas-ramp playing 12s of "));
    assert_non_null(strstr(told(&stage, stage_describe), " actions 1 refused 1 leaking=gas-2 valve=outputs"));
    assert_non_null(strstr(told(&stage, stage_describe), "\n  do gas-2 leak 60: error: no\n"));
    assert_true(stage_stop(&stage, sentence_init(&why)));
    assert_non_null(strstr(told(&stage, stage_describe), "scenario gas-ramp over"));
    assert_true(stage_start(&stage, SHIPPED "/lift-trapped.json", NULL, 0, sentence_init(&why)));
    stage_close(&stage);
}

static void test_stage_lists_what_there_is(void **state)
{
    (void)state;
    static const char *const dirs[] = {SHIPPED, GOLDEN "/bad", NULL};
    struct stage stage;
    stage_init(&stage, &site, dirs);
    const char *list = told(&stage, stage_list);
    assert_non_null(strstr(list, "scenario gas-leak-trip "));
    assert_non_null(
        strstr(list, "燃气泄漏联锁关阀 gas leak, interlock closes the valve\n  leaking=gas-1 valve=outputs\n"));
    assert_non_null(strstr(list, GOLDEN "/bad/at-back.json: steps[1].at: 5s is before"));
    assert_null(strstr(list, "do not apply here"));
    stage_close(&stage);
}

/* First those that apply, then those that do not and why, then those that cannot be read. */
static void test_stage_lists_in_order(void **state)
{
    (void)state;
    static const char *const dirs[] = {SHIPPED, GOLDEN "/bad", NULL};
    static const char small[] =
        "{\"buses\":[{\"id\":\"b\",\"link\":\"tcp\",\"host\":\"h\",\"port\":1}],\"devices\":[{\"id\":\"gas-1\",\"bus\":"
        "\"b\",\"unit\":1,\"class\":\"gas_detector\",\"points\":{\"gas_lel_pct\":{\"address\":0}}}]}";
    struct stage stage;
    struct site one;
    struct sentence warnings;
    assert_true(site_open_bytes(&one, "s", small, strlen(small), NULL, sentence_init(&warnings), sentence_init(&why)));
    stage_init(&stage, &one, dirs);
    const char *list = told(&stage, stage_list);
    const char *not_here = strstr(list, "do not apply here");
    const char *broken = strstr(list, "cannot be read");
    const char *ramp = strstr(list, "scenario gas-ramp ≤ 14 min ");
    const char *flood =
        strstr(list, "alarm-flood does not apply here: nothing can play all; wanted: at least 40 times");
    assert_true(strncmp(list, "apply here", strlen("apply here")) == 0);
    assert_true(ramp > list && ramp < not_here);
    assert_true(flood > not_here && flood < broken);
    assert_true(strstr(list, "/bad/at-back.json") > broken);
    stage_close(&stage);
    site_close(&one);
}

#define CLEAN(test) cmocka_unit_test_teardown(test, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLEAN(test_every_mistake_is_said_at_its_place),
        CLEAN(test_good_ones_are_taken),
        CLEAN(test_as_editors_save_it),
        CLEAN(test_all_that_can_be_written_is_read),
        CLEAN(test_where_time_is_counted_from),
        CLEAN(test_timeline_without_a_judge),
        CLEAN(test_asked_late_is_not_late),
        CLEAN(test_what_is_met_lets_go_on),
        CLEAN(test_roles_are_cast_in_file_order),
        CLEAN(test_binding_goes_before),
        CLEAN(test_many_and_nobody),
        CLEAN(test_what_does_not_apply_says_why),
        CLEAN(test_wrong_binds),
        CLEAN(test_a_hopeless_choice_ends),
        CLEAN(test_actions_become_words),
        CLEAN(test_shipped_ones_play_to_their_end),
        CLEAN(test_same_seed_same_registers),
        CLEAN(test_stage),
        CLEAN(test_stage_lists_what_there_is),
        CLEAN(test_stage_lists_in_order),
    };
    return cmocka_run_group_tests(tests, open_site, close_site);
}
