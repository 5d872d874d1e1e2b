/* Recording and replaying: the file, what damage is told of, who asks, who listens, and that what is played again is what was. */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware-sim/ctl.h"
#include "firmware-sim/master.h"
#include "firmware-sim/readings.h"
#include "firmware-sim/recording.h"
#include "firmware-sim/reel.h"
#include "firmware-sim/replays.h"
#include "firmware-sim/sniff.h"
#include "firmware-sim/unit_replay.h"
#include "firmware-sim/world.h"

#define HEAD "{\"outpost_recording\":1,\"device\":\"gas\",\"unit\":1,\"every_ms\":1000}\n"

/* --- the file --- */

static bool parse(struct recording *recording, const char *bytes, struct pool *pool, struct sentence *why)
{
    return recording_parse(recording, "x", bytes, strlen(bytes), pool, sentence_init(why));
}

static void test_what_is_printed_is_read(void **state)
{
    (void)state;
    static const uint16_t words[] = {0, 65535, 215};
    static const uint16_t bits[] = {1, 0};
    const struct finding findings[] = {
        {{TABLE_HOLDING, 65533, 3}, OUTCOME_WORDS, 0, words},
        {{TABLE_COIL, 0, 2}, OUTCOME_WORDS, 0, bits},
        {{TABLE_DISCRETE, 7, 2000}, OUTCOME_SILENCE, 0, NULL},
        {{TABLE_INPUT, 9, 1}, OUTCOME_EXCEPTION, 6, NULL},
    };
    const struct recording_head head = {.device = "锅炉 \"1\"",
                                        .unit = 247,
                                        .profile = "p",
                                        .link = "rtu",
                                        .port = "/dev/ttyUSB0",
                                        .baud = 19200,
                                        .format = "8E1",
                                        .start = "s",
                                        .every_ms = 250,
                                        .tool = "t"};
    char bytes[4096];
    struct text text;
    struct pool pool = {NULL};
    struct recording recording;
    struct sentence why;
    text_init(&text, bytes, sizeof bytes);
    recording_print_head(&head, &text);
    for (size_t i = 0; i < 4; i++)
        recording_print_change((int64_t)i * 1000000000 / 2, &findings[i], &text);
    recording_print_end(2000000000, &text);
    assert_true(parse(&recording, bytes, &pool, &why));
    assert_string_equal(recording.head.device, head.device);
    assert_string_equal(recording.head.format, "8E1");
    assert_int_equal(recording.head.unit, 247);
    assert_int_equal(recording.head.baud, 19200);
    assert_int_equal(recording.head.every_ms, 250);
    assert_false(recording.head.listened);
    assert_int_equal(recording.end_ms, 2000000000);
    assert_int_equal(recording.change_count, 4);
    for (size_t i = 0; i < 4; i++) {
        struct finding finding = recording_finding(&recording, i);
        assert_int_equal(recording.changes[i].ms, i * 500000000);
        assert_memory_equal(&finding.where, &findings[i].where, sizeof finding.where);
        assert_int_equal(finding.outcome, findings[i].outcome);
        assert_int_equal(finding.exception, findings[i].exception);
        if (finding.outcome == OUTCOME_WORDS)
            assert_memory_equal(finding.words, findings[i].words, finding.where.count * sizeof(uint16_t));
    }
    pool_close(&pool);
}

static void test_damage_gets_a_sentence(void **state)
{
    (void)state;
    static const char *const damaged[][2] = {
        {"", "empty"},
        {"\n\n", "empty"},
        {"not json\n", "x:1"},
        {"{\"device\":\"gas\"}\n", "no recording"},
        {"[1]\n", "JSON object"},
        {"{\"outpost_recording\":2,\"device\":\"gas\",\"unit\":1}\n", "version 2"},
        {"{\"outpost_recording\":1,\"unit\":1}\n", "device"},
        {"{\"outpost_recording\":1,\"device\":\"gas\",\"unit\":256}\n", "unit"},
        {"{\"outpost_recording\":1,\"device\":\"gas\",\"un", "x:1"},
        {HEAD, "nothing was recorded"},
        {HEAD "{\"ms\":5,\"end\":true}\n", "nothing was recorded"},
        {HEAD "{\"ms\":0,\"holding\":0,\"words\":[1]\n{\"ms\":1,\"holding\":0,\"words\":[1]}\n", "x:2"},
        {HEAD "{\"ms\":5,\"holding\":0,\"words\":[1]}\n{\"ms\":4,\"holding\":0,\"words\":[1]}\n",
         "x:3: time runs backwards"},
        {HEAD "{\"ms\":-1,\"holding\":0,\"words\":[1]}\n", "ms must"},
        {HEAD "{\"ms\":1.5,\"holding\":0,\"words\":[1]}\n", "ms must"},
        {HEAD "{\"ms\":1e300,\"holding\":0,\"words\":[1]}\n", "ms must"},
        {HEAD "{\"ms\":\"0\",\"holding\":0,\"words\":[1]}\n", "ms must"},
        {HEAD "{\"ms\":0,\"words\":[1]}\n", "one of coil"},
        {HEAD "{\"ms\":0,\"holding\":0,\"input\":0,\"words\":[1]}\n", "one of coil"},
        {HEAD "{\"ms\":0,\"holding\":65536,\"words\":[1]}\n", "address from 0"},
        {HEAD "{\"ms\":0,\"holding\":65535,\"words\":[1,2]}\n", "beyond"},
        {HEAD "{\"ms\":0,\"holding\":0,\"words\":[]}\n", "1 to 2000"},
        {HEAD "{\"ms\":0,\"holding\":0,\"words\":7}\n", "1 to 2000"},
        {HEAD "{\"ms\":0,\"holding\":0,\"words\":[65536]}\n", "0 to 65535"},
        {HEAD "{\"ms\":0,\"holding\":0,\"words\":[null]}\n", "0 to 65535"},
        {HEAD "{\"ms\":0,\"coil\":0,\"words\":[2]}\n", "0 to 1"},
        {HEAD "{\"ms\":0,\"coil\":0,\"count\":1}\n", "needs words"},
        {HEAD "{\"ms\":0,\"coil\":0,\"silent\":true}\n", "count must"},
        {HEAD "{\"ms\":0,\"coil\":0,\"count\":2001,\"silent\":true}\n", "count must"},
        {HEAD "{\"ms\":0,\"coil\":65535,\"count\":2,\"silent\":true}\n", "count must"},
        {HEAD "{\"ms\":0,\"coil\":0,\"count\":1,\"exception\":0}\n", "needs words"},
        {HEAD "{\"ms\":0,\"coil\":0,\"words\":[1]}\n{\"ms\":1,\"end\":true}\n{\"ms\":2,\"coil\":0,\"words\":[1]}\n",
         "after the end"},
    };
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        struct pool pool = {NULL};
        struct recording recording;
        struct sentence why;
        assert_false(parse(&recording, damaged[i][0], &pool, &why));
        if (strstr(why.bytes, damaged[i][1]) == NULL || strncmp(why.bytes, "x:", 2) != 0)
            fail_msg("%s: %s", damaged[i][0], why.bytes);
        pool_close(&pool);
    }
}

static void test_huge_files_and_lines_are_refused(void **state)
{
    (void)state;
    struct pool pool = {NULL};
    struct recording recording;
    struct sentence why;
    size_t size = sizeof HEAD - 1 + RECORDING_LINE_MAX + 10;
    char *bytes = malloc(size);
    assert_non_null(bytes);
    memset(bytes, '7', size);
    memcpy(bytes, HEAD, sizeof HEAD - 1);
    assert_false(recording_parse(&recording, "x", bytes, size, &pool, sentence_init(&why)));
    assert_non_null(strstr(why.bytes, "x:2: a line longer than"));
    assert_false(recording_parse(&recording, "x", bytes, RECORDING_SIZE_MAX + 1, &pool, sentence_init(&why)));
    assert_non_null(strstr(why.bytes, "larger than 64 MiB"));
    free(bytes);
    pool_close(&pool);
}

/* A recorder that dies at any byte loses the line it was writing, and nothing else. */
static void test_a_crash_loses_at_most_the_last_line(void **state)
{
    (void)state;
    static const char whole[] = HEAD "{\"ms\":0,\"holding\":0,\"words\":[1,2]}\n"
                                     "{\"ms\":1000,\"holding\":1,\"words\":[3]}\n"
                                     "{\"ms\":2000,\"holding\":0,\"count\":2,\"silent\":true}\n";
    size_t first_end = (size_t)(strchr(whole + sizeof HEAD, '\n') - whole) + 1;
    for (size_t size = first_end; size < sizeof whole; size++) {
        struct pool pool = {NULL};
        struct recording recording;
        struct sentence why;
        size_t lines = 0;
        for (size_t i = sizeof HEAD - 1; i < size; i++)
            lines += whole[i] == '\n' ? 1U : 0U;
        assert_true(recording_parse(&recording, "x", whole, size, &pool, sentence_init(&why)));
        bool whole_line = whole[size - 1] == '\n' || whole[size] == '\n';
        assert_int_equal(recording.change_count, lines + (whole[size - 1] != '\n' && whole_line ? 1U : 0U));
        assert_int_equal(recording.cut, !whole_line);
        assert_int_equal(recording.end_ms, recording.changes[recording.change_count - 1].ms + 1000);
        pool_close(&pool);
    }
}

/* --- the image --- */

struct news {
    size_t count;
    struct finding last;
};

static void count_news(void *self, const struct finding *finding)
{
    struct news *news = self;
    news->count++;
    news->last = *finding;
}

static struct news compare(const struct image *image, const struct finding *finding)
{
    struct news news = {.count = 0};
    image_compare(image, finding, count_news, &news);
    return news;
}

static void test_only_what_changed_is_news(void **state)
{
    (void)state;
    struct image *image = calloc(1, sizeof *image);
    assert_non_null(image);
    uint16_t words[] = {1, 2, 3, 4, 5};
    struct finding finding = {{TABLE_INPUT, 100, 5}, OUTCOME_WORDS, 0, words};
    struct finding silence = {{TABLE_INPUT, 102, 2}, OUTCOME_SILENCE, 0, NULL};
    assert_int_equal(compare(image, &finding).count, 1);
    image_apply(image, &finding);
    assert_int_equal(compare(image, &finding).count, 0);
    words[0] = 9;
    words[3] = 8;
    words[4] = 7;
    struct news news = compare(image, &finding);
    assert_int_equal(news.count, 2);
    assert_int_equal(news.last.where.address, 103);
    assert_int_equal(news.last.where.count, 2);
    assert_ptr_equal(news.last.words, words + 3);
    image_apply(image, &finding);
    image_apply(image, &silence);
    assert_int_equal(compare(image, &silence).count, 0);
    news = compare(image, &finding); /* the same words again: it answers again */
    assert_int_equal(news.count, 1);
    assert_int_equal(news.last.where.address, 102);
    assert_int_equal(news.last.where.count, 2);
    free(image);
}

/* --- replay --- */

static const char played[] = HEAD "{\"ms\":10,\"holding\":0,\"words\":[100,200]}\n"
                                  "{\"ms\":40,\"holding\":10,\"words\":[7]}\n"
                                  "{\"ms\":1000,\"holding\":0,\"words\":[101]}\n"
                                  "{\"ms\":2000,\"holding\":0,\"count\":2,\"silent\":true}\n"
                                  "{\"ms\":2000,\"holding\":10,\"count\":1,\"silent\":true}\n"
                                  "{\"ms\":3000,\"holding\":0,\"words\":[103,203]}\n"
                                  "{\"ms\":3000,\"holding\":10,\"count\":1,\"exception\":6}\n"
                                  "{\"ms\":4000,\"end\":true}\n";

static void order(struct replay *replay, const char *first, const char *second, bool good)
{
    char words[2][16];
    char *pointers[2] = {words[0], words[1]};
    struct sentence why;
    (void)snprintf(words[0], sizeof words[0], "%s", first);
    (void)snprintf(words[1], sizeof words[1], "%s", second == NULL ? "" : second);
    assert_int_equal(replay_order(replay, pointers, second == NULL ? 1 : 2, sentence_init(&why)), good);
    assert_int_equal(why.bytes[0] == '\0', good);
}

static uint16_t holding(const struct replay *replay, size_t address)
{
    return replay->image->words[TABLE_HOLDING][address];
}

static void test_replay_goes_seeks_loops_and_ends(void **state)
{
    (void)state;
    struct pool pool = {NULL};
    struct recording recording;
    struct replay replay;
    struct sentence why;
    assert_true(parse(&recording, played, &pool, &why));
    replay_open(&replay, &recording, false, &pool);
    assert_int_equal(holding(&replay, 10), 7); /* known from the first moment, though read at 40 ms */
    assert_int_equal(replay.span_count, 2);
    replay_step(&replay, 0.9);
    assert_int_equal(holding(&replay, 0), 100);
    replay_step(&replay, 0.1);
    assert_int_equal(holding(&replay, 0), 101);
    order(&replay, "pause", NULL, true);
    replay_step(&replay, 10);
    assert_int_equal(replay.at_us, 1000000);
    order(&replay, "seek", "3500ms", true);
    assert_int_equal(holding(&replay, 1), 203);
    order(&replay, "seek", "0s", true);
    assert_int_equal(holding(&replay, 1), 200);
    assert_int_equal(replay.image->states[TABLE_HOLDING][10], IMAGE_ANSWERS);
    order(&replay, "seek", "4001ms", false);
    order(&replay, "seek", "soon", false);
    order(&replay, "rewind", NULL, false);
    order(&replay, "resume", NULL, true);
    replay_step(&replay, 100);
    assert_int_equal(replay.at_us, 4000000);
    assert_int_equal(holding(&replay, 0), 103);
    order(&replay, "loop", NULL, true);
    replay_step(&replay, 0.5);
    assert_int_equal(replay.at_us, 500000);
    assert_int_equal(holding(&replay, 0), 100);
    order(&replay, "off", NULL, true);
    assert_false(replay_is_on(&replay));
    assert_false(replay_is_on(NULL));
    pool_close(&pool);
}

/* Wherever it jumps, it is there as if it had played up to it. */
static void test_seeking_is_playing(void **state)
{
    (void)state;
    struct pool pool = {NULL};
    struct recording recording;
    struct replay jumping;
    struct sentence why;
    unsigned chance = 7;
    assert_true(parse(&recording, played, &pool, &why));
    replay_open(&jumping, &recording, false, &pool);
    for (int i = 0; i < 50; i++) {
        char word[32];
        struct replay playing;
        chance = chance * 1103515245U + 12345U;
        unsigned ms = chance / 65536U % 4001U;
        (void)snprintf(word, sizeof word, "%ums", ms);
        order(&jumping, "seek", word, true);
        replay_open(&playing, &recording, false, &pool);
        replay_step(&playing, ms / 1000.0);
        assert_memory_equal(playing.image, jumping.image, sizeof *playing.image);
    }
    pool_close(&pool);
}

/* --- a slave that plays a recording --- */

static const char plant[] =
    "{\"buses\":[{\"id\":\"net\",\"link\":\"tcp\"},{\"id\":\"line\",\"link\":\"rtu\",\"port\":\"p\"}],\"slaves\":["
    "{\"id\":\"gas\",\"bus\":\"line\",\"unit\":1,\"points\":{\"a\":{\"address\":0},\"b\":{\"address\":1},"
    "\"low\":{\"address\":10,\"bits\":[0,4]},\"high\":{\"address\":10,\"bits\":[4,4]},\"other\":{\"address\":20}}},"
    "{\"id\":\"two\",\"bus\":\"net\",\"unit\":2,\"points\":{\"x\":{\"address\":0,\"type\":\"f32\"},\"y\":{\"function\":"
    "\"input\",\"address\":5},\"z\":{\"address\":9},\"c\":{\"function\":\"coil\",\"address\":3},\"d\":{\"function\":"
    "\"discrete\",\"address\":70}}}]}";

static struct site site;
static struct world world;
static struct pool scratch;

enum { NET, LINE };

static int build(void **state)
{
    (void)state;
    struct sentence ignored;
    if (!site_open_bytes(&site, "f", plant, sizeof plant - 1, NULL, sentence_init(&ignored), &ignored.text))
        return -1;
    scratch = (struct pool){NULL};
    world_open(&world, &site, 3);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    world_close(&world);
    site_close(&site);
    pool_close(&scratch);
    return 0;
}

static void attach(size_t slave, const char *bytes)
{
    struct sentence why;
    struct recording *recording = pool_take(&scratch, 1, sizeof *recording);
    struct replay *replay = pool_take(&scratch, 1, sizeof *replay);
    assert_true(parse(recording, bytes, &scratch, &why));
    replay_open(replay, recording, false, &scratch);
    unit_attach(&world.units[slave], replay, &scratch);
}

/* The size of the answer's PDU, 0 silence. */
static size_t serve(size_t bus, uint8_t unit, const uint8_t *pdu, size_t size, uint8_t *ret_pdu)
{
    uint8_t frame[FRAME_MAX];
    enum wire wire = bus == LINE ? WIRE_RTU : WIRE_MBAP;
    size_t before = wire == WIRE_RTU ? 1 : 7;
    struct answer answer = {.size = 0};
    size_t frame_size = frame_wrap(wire, 1, unit, pdu, size, frame);
    const struct request request = {
        .transaction = 1, .unit = unit, .pdu = pdu, .pdu_size = size, .frame = frame, .frame_size = frame_size};
    line_serve(&world.lines[bus], &request, &answer);
    if (answer.size == 0)
        return 0;
    size_t pdu_size = answer.size - before - (wire == WIRE_RTU ? 2 : 0);
    memcpy(ret_pdu, answer.bytes + before, pdu_size);
    return pdu_size;
}

/* A register of slave gas; -1 silence, -N exception N with N > 1. */
static int read_gas(uint8_t address)
{
    uint8_t pdu[260];
    const uint8_t request[] = {3, 0, address, 0, 1};
    size_t size = serve(LINE, 1, request, sizeof request, pdu);
    if (size == 0)
        return -1;
    return pdu[0] == 0x83 ? -pdu[1] : pdu[2] << 8 | pdu[3];
}

static void command(const char *words, bool good)
{
    char line[200];
    char bytes[8192];
    struct text out;
    const struct ctl ctl = {.world = &world};
    (void)snprintf(line, sizeof line, "%s", words);
    text_init(&out, bytes, sizeof bytes);
    ctl_run(&ctl, line, &out);
    bool ok = strstr(bytes, "ok\n") != NULL;
    if (ok != good)
        fail_msg("%s: %s", words, bytes);
}

static void pass(double seconds)
{
    for (double t = 0; t < seconds - 0.05; t += WORLD_STEP_S)
        world_step(&world, WORLD_STEP_S);
}

static void test_a_slave_says_what_was_recorded(void **state)
{
    (void)state;
    attach(0, played);
    assert_int_equal(read_gas(0), 100);
    assert_int_equal(read_gas(1), 200);
    assert_int_equal(read_gas(10), 7);
    assert_int_equal(read_gas(5), 0);   /* between points: nothing there, as before */
    assert_int_equal(read_gas(20), -2); /* a point nobody recorded */
    pass(1.0);
    assert_int_equal(read_gas(0), 101);
    pass(1.0);
    assert_int_equal(read_gas(0), -1);
    assert_int_equal(read_gas(5), -1); /* all that was recorded is silent: so is the device */
    pass(1.0);
    assert_int_equal(read_gas(0), 103);
    assert_int_equal(read_gas(10), -6);
    pass(5.0);
    assert_int_equal(read_gas(0), 103);
}

/* One block of a device is silent, another refuses: reads that touch them end so, the rest answers. */
static void test_a_part_of_a_device_may_be_silent(void **state)
{
    (void)state;
    uint8_t pdu[260];
    const uint8_t both[] = {3, 0, 0, 0, 2};
    const uint8_t wide[] = {3, 0, 0, 0, 11};
    attach(0, HEAD "{\"ms\":0,\"holding\":0,\"words\":[5]}\n{\"ms\":0,\"holding\":1,\"count\":1,\"silent\":true}\n"
                   "{\"ms\":0,\"holding\":10,\"count\":1,\"exception\":6}\n");
    assert_int_equal(read_gas(0), 5);
    assert_int_equal(read_gas(1), -1);
    assert_int_equal(read_gas(10), -6);
    assert_int_equal(serve(LINE, 1, both, sizeof both, pdu), 0);
    assert_int_equal(serve(LINE, 1, wide, sizeof wide, pdu), 0); /* silence goes before a refusal */
}

static void test_writes_are_answered_and_do_not_take(void **state)
{
    (void)state;
    uint8_t pdu[260];
    const uint8_t good[] = {6, 0, 0, 0, 55};
    const uint8_t nowhere[] = {6, 0x50, 0, 0, 55};
    attach(0, played);
    assert_int_equal(serve(LINE, 1, good, sizeof good, pdu), 5);
    assert_memory_equal(pdu, good, sizeof good);
    assert_int_equal(read_gas(0), 100);
    assert_int_equal(serve(LINE, 1, nowhere, sizeof nowhere, pdu), 2);
    assert_int_equal(world.units[0].replay->writes, 1);
    assert_int_equal(world.units[0].counters.writes, 0);
}

static void test_people_and_faults_go_before_the_recording(void **state)
{
    (void)state;
    attach(0, played);
    command("set gas.low 3", true);
    command("set gas.a 9", true);
    assert_int_equal(read_gas(0), 9);
    assert_int_equal(read_gas(10), 0x03);
    pass(0.5);
    assert_int_equal(read_gas(0), 9);
    command("set gas.a auto", true);
    pass(0.1);
    assert_int_equal(read_gas(0), 100);
    command("fault gas exception 4", true);
    assert_int_equal(read_gas(0), -4);
    command("fault gas frozen", true);
    pass(1.0);
    assert_int_equal(read_gas(0), 100);
    command("fault gas none", true);
    world_pass(&world, 1);
    pass(0.1);
    assert_int_equal(read_gas(0), 101);
}

static void test_held_bits_stay_and_their_neighbours_play(void **state)
{
    (void)state;
    attach(0, HEAD "{\"ms\":0,\"holding\":0,\"words\":[1,2]}\n{\"ms\":0,\"holding\":10,\"words\":[33]}\n"
                   "{\"ms\":1000,\"holding\":10,\"words\":[69]}\n");
    command("set gas.low 15", true);
    assert_int_equal(read_gas(10), 0x2F);
    pass(1.0);
    assert_int_equal(read_gas(10), 0x4F);
}

static void test_orders_of_ctl(void **state)
{
    (void)state;
    attach(0, played);
    command("replay gas pause", true);
    pass(2.0);
    assert_int_equal(read_gas(0), 100);
    command("replay gas seek 3s", true);
    assert_int_equal(read_gas(0), 103);
    command("replay gas seek 1h", false);
    command("replay two pause", false);
    command("replay nobody pause", false);
    command("replay gas", false);
    command("replay gas off", true);
    pass(0.1);
    assert_true(read_gas(20) >= 0); /* its models live again */
    command("set gas.a 5", true);
    command("set gas.a auto", true);
    command("replay gas resume", true);
    pass(0.1);
    assert_int_equal(read_gas(0), 103);
    command("status", true);
}

static void test_which_slave_plays_which_file(void **state)
{
    (void)state;
    char path[] = "/tmp/simtest_record.XXXXXX";
    char word[64];
    char bytes[1024];
    struct text warnings;
    struct sentence why;
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, played, sizeof played - 1) == (ssize_t)sizeof played - 1);
    (void)close(fd);
    text_init(&warnings, bytes, sizeof bytes);
    assert_true(replays_open(&world, path, false, &scratch, &warnings, sentence_init(&why)));
    assert_non_null(strstr(bytes, "1 of its points are not in the recording and answer exception 2: other"));
    assert_false(replays_open(&world, path, false, &scratch, &warnings, sentence_init(&why)));
    assert_non_null(strstr(why.bytes, "already"));
    (void)snprintf(word, sizeof word, "two=%s", path);
    assert_true(replays_open(&world, word, false, &scratch, &warnings, sentence_init(&why)));
    (void)snprintf(word, sizeof word, "three=%s", path);
    assert_false(replays_open(&world, word, false, &scratch, &warnings, sentence_init(&why)));
    assert_non_null(strstr(why.bytes, word));
    assert_int_equal(unlink(path), 0);
}

/* --- round trip, on a clock of its own --- */

#define ROUNDS    120
#define REGISTERS 6 /* words of slave two that are compared: x x y z c d */

struct round {
    uint16_t words[REGISTERS];
};

static void poll_two(int64_t ms, struct reel *reel, struct round *ret_round)
{
    static const struct span spans[] = {
        {TABLE_HOLDING, 0, 2}, {TABLE_INPUT, 5, 1}, {TABLE_HOLDING, 9, 1}, {TABLE_COIL, 3, 1}, {TABLE_DISCRETE, 70, 1}};
    static uint16_t words[SPAN_BITS_MAX];
    size_t used = 0;
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        const struct question question = {.wire = WIRE_MBAP, .transaction = 1, .unit = 2, .where = spans[i]};
        uint8_t frame[FRAME_MAX];
        struct answer answer = {.size = 0};
        struct finding finding;
        size_t size = master_ask(&question, frame);
        const struct request request = {
            .transaction = 1, .unit = 2, .pdu = frame + 7, .pdu_size = size - 7, .frame = frame, .frame_size = size};
        line_serve(&world.lines[NET], &request, &answer);
        assert_true(master_understand(&question, answer.bytes, answer.size, words, &finding));
        assert_int_equal(finding.outcome, OUTCOME_WORDS);
        memcpy(ret_round->words + used, words, spans[i].count * sizeof *words);
        used += spans[i].count;
        if (reel != NULL)
            reel_take(reel, ms, &finding);
    }
}

static void stir(int round)
{
    char words[64];
    (void)snprintf(words, sizeof words, "set two.z %d", round * round % 60000);
    command(words, true);
    command(round % 3 == 0 ? "set two.c true" : "set two.c false", true);
}

static void test_what_was_recorded_is_what_is_played(void **state)
{
    (void)state;
    static struct round before[ROUNDS];
    char path[] = "/tmp/simtest_record.XXXXXX";
    char word[64];
    char bytes[1024];
    struct text warnings;
    struct reel reel;
    struct sentence why;
    const struct recording_head head = {.device = "two", .unit = 2, .every_ms = 500};
    assert_true(close(mkstemp(path)) == 0 && unlink(path) == 0);
    assert_true(reel_open(&reel, path, &head, &scratch, sentence_init(&why)));
    size_t changes = 0;
    for (int i = 0; i < ROUNDS; i++) {
        stir(i / 4);
        poll_two((int64_t)i * 500, &reel, &before[i]);
        changes += i > 0 && memcmp(&before[i], &before[i - 1], sizeof before[i]) != 0 ? 1U : 0U;
        pass(0.5);
    }
    assert_true(changes > 20);
    reel_end(&reel, (int64_t)ROUNDS * 500);
    reel_close(&reel);
    assert_false(reel_open(&reel, path, &head, &scratch, sentence_init(&why))); /* never over another one */
    world_close(&world);
    world_open(&world, &site, 99); /* another plant */
    text_init(&warnings, bytes, sizeof bytes);
    (void)snprintf(word, sizeof word, "two=%s", path);
    assert_true(replays_open(&world, word, false, &scratch, &warnings, sentence_init(&why)));
    assert_string_equal(bytes, "");
    for (int i = 0; i < ROUNDS; i++) {
        struct round now;
        poll_two(0, NULL, &now);
        assert_memory_equal(&now, &before[i], sizeof now);
        pass(0.3);
        poll_two(0, NULL, &now); /* between two polls: still the first one's */
        assert_memory_equal(&now, &before[i], sizeof now);
        pass(0.2);
    }
    assert_int_equal(unlink(path), 0);
}

/* --- what is asked for --- */

static struct finding refusal(uint8_t exception)
{
    return (struct finding){.outcome = OUTCOME_EXCEPTION, .exception = exception};
}

static void test_readings_join_what_touches_and_keep_points_whole(void **state)
{
    (void)state;
    struct readings readings;
    struct sentence why;
    readings_open(&readings, &scratch);
    assert_true(readings_add_slave(&readings, &site.slaves[1], sentence_init(&why)));
    readings_plan(&readings);
    assert_int_equal(readings.count, 5);
    readings_open(&readings, &scratch);
    assert_true(readings_add_range(&readings, TABLE_HOLDING, "0-299", &why.text));
    assert_true(readings_add_range(&readings, TABLE_COIL, "7", &why.text));
    assert_true(readings_add_range(&readings, TABLE_HOLDING, "65535", &why.text));
    readings_plan(&readings);
    assert_int_equal(readings.count, 5);
    assert_int_equal(readings.rows[0].where.table, TABLE_COIL);
    assert_int_equal(readings.rows[1].where.count, 120);
    assert_int_equal(readings.rows[3].where.count, 60);
    assert_int_equal(readings.rows[4].where.address, 65535);
    static const char *const wrong[] = {"", "-", "1-", "-1", "5-4", "0-65536", "a", "1-2-3"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(readings_add_range(&readings, TABLE_HOLDING, wrong[i], sentence_init(&why)));
}

/* Registers 0..9 of which 6 does not exist: all the others are found. */
static void test_one_wrong_address_does_not_hide_its_neighbours(void **state)
{
    (void)state;
    struct readings readings;
    struct sentence why;
    bool found[10] = {false};
    size_t asked = 0;
    readings_open(&readings, &scratch);
    assert_true(readings_add_range(&readings, TABLE_HOLDING, "0-9", sentence_init(&why)));
    readings_plan(&readings);
    for (size_t row = 0; row < readings.count; asked++) {
        struct span where = readings.rows[row].where;
        bool bad = where.address <= 6 && where.address + where.count > 6;
        struct finding finding = bad ? refusal(2) : (struct finding){.outcome = OUTCOME_WORDS};
        bool again = readings_note(&readings, row, &finding);
        for (size_t i = 0; !bad && i < where.count; i++)
            found[where.address + i] = true;
        row += again ? 0 : 1;
    }
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(found[i], i != 6);
    assert_true(asked < 12);
    size_t turns = 0;
    for (size_t round = 0; round < READINGS_REST; round++) {
        for (size_t row = 0; row < readings.count; row++)
            turns += readings_turn(&readings, row) && readings.rows[row].where.address == 6 ? 1U : 0U;
    }
    assert_int_equal(turns, 1);
    struct finding late = refusal(2); /* what has answered once is not cut any more */
    size_t before = readings.count;
    assert_false(readings_note(&readings, 0, &late));
    assert_int_equal(readings.count, before);
}

/* --- who asks --- */

static uint16_t words[SPAN_BITS_MAX];

static void test_a_master_that_cannot_write(void **state)
{
    (void)state;
    for (unsigned table = 0; table < TABLE_COUNT; table++) {
        const struct question question = {
            .wire = WIRE_RTU, .unit = 3, .where = {.table = (enum table)table, .address = 0x0102, .count = 2}};
        uint8_t frame[FRAME_MAX];
        assert_int_equal(master_ask(&question, frame), 8);
        assert_true(frame[1] >= 1 && frame[1] <= 4);
        assert_int_equal(frame[1], master_function((enum table)table));
        assert_true(frame_crc_fits(frame, 8));
    }
}

static void test_answers_are_found_in_noise(void **state)
{
    (void)state;
    const struct question question = {.wire = WIRE_RTU, .unit = 3, .where = {TABLE_HOLDING, 0, 2}};
    static const uint8_t pdu[] = {3, 4, 0x12, 0x34, 0xFF, 0xFE};
    static const uint8_t refused[] = {0x83, 6};
    uint8_t frame[FRAME_MAX];
    uint8_t heard[600];
    struct finding finding;
    size_t size = master_ask(&question, heard); /* local echo */
    memcpy(heard + size, "\xFF\x00\x03", 3);    /* the driver turns on */
    size += 3;
    size_t other = frame_wrap(WIRE_RTU, 0, 4, pdu, 6, frame); /* another unit answers */
    memcpy(heard + size, frame, other);
    size += other;
    assert_false(master_understand(&question, heard, size, words, &finding));
    size_t ours = frame_wrap(WIRE_RTU, 0, 3, pdu, 6, frame);
    memcpy(heard + size, frame, ours);
    for (size_t part = 0; part < ours; part++)
        assert_false(master_understand(&question, heard, size + part, words, &finding));
    assert_true(master_understand(&question, heard, size + ours, words, &finding));
    assert_int_equal(words[0], 0x1234);
    assert_int_equal(words[1], 0xFFFE);
    heard[size + 4] ^= 1;
    assert_false(master_understand(&question, heard, size + ours, words, &finding));
    ours = frame_wrap(WIRE_RTU, 0, 3, refused, 2, frame);
    assert_true(master_understand(&question, frame, ours, words, &finding));
    assert_int_equal(finding.outcome, OUTCOME_EXCEPTION);
    assert_int_equal(finding.exception, 6);
}

static void test_tcp_answers_belong_to_their_question(void **state)
{
    (void)state;
    const struct question question = {.wire = WIRE_MBAP, .transaction = 7, .unit = 3, .where = {TABLE_DISCRETE, 0, 9}};
    static const uint8_t pdu[] = {2, 2, 0x81, 0x01};
    uint8_t heard[600];
    struct finding finding;
    size_t late = frame_wrap(WIRE_MBAP, 6, 3, pdu, 4, heard);
    assert_false(master_understand(&question, heard, late, words, &finding));
    size_t size = late + frame_wrap(WIRE_MBAP, 7, 3, pdu, 4, heard + late);
    assert_true(master_understand(&question, heard, size, words, &finding));
    assert_int_equal(words[0], 1);
    assert_int_equal(words[1], 0);
    assert_int_equal(words[7], 1);
    assert_int_equal(words[8], 1);
}

/* --- who listens --- */

struct ear {
    size_t count;
    struct finding last;
    uint16_t words[SPAN_BITS_MAX];
};

static void hear(void *self, int64_t at_us, const struct finding *finding)
{
    struct ear *ear = self;
    (void)at_us;
    ear->count++;
    ear->last = *finding;
    if (finding->outcome == OUTCOME_WORDS)
        memcpy(ear->words, finding->words, finding->where.count * sizeof *ear->words);
}

static void say(struct sniff *sniff, uint8_t unit, const uint8_t *pdu, size_t size, int64_t at_us)
{
    uint8_t frame[FRAME_MAX];
    size_t frame_size = frame_wrap(WIRE_RTU, 0, unit, pdu, size, frame);
    sniff_receive(sniff, frame, frame_size, at_us);
}

#define SAY(unit, at_us, ...)                                                                                          \
    say(&sniff, unit, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), at_us)

static void test_listening_pairs_question_and_answer(void **state)
{
    (void)state;
    struct ear ear = {.count = 0};
    struct sniff sniff;
    sniff_init(&sniff, 3, 9600, hear, &ear);
    SAY(3, 0, 3, 0, 16, 0, 1);
    SAY(3, 20000, 3, 2, 0x12, 0x34);
    assert_int_equal(ear.count, 1);
    assert_int_equal(ear.last.where.address, 16);
    assert_int_equal(ear.words[0], 0x1234);
    SAY(4, 100000, 3, 0, 16, 0, 1); /* another unit */
    SAY(4, 120000, 3, 2, 0x77, 0x77);
    SAY(3, 200000, 6, 0, 16, 0, 9); /* a write says nothing of what is read */
    SAY(3, 220000, 6, 0, 16, 0, 9);
    assert_int_equal(ear.count, 1);
    SAY(3, 300000, 1, 3, 0, 0, 20); /* the answer looks like a request: 8 bytes */
    SAY(3, 320000, 1, 3, 0x01, 0x00, 0x08);
    assert_int_equal(ear.count, 2);
    assert_int_equal(ear.words[0], 1);
    assert_int_equal(ear.words[19], 1);
    SAY(3, 400000, 4, 0, 0, 0, 1);
    SAY(3, 420000, 0x84, 2);
    assert_int_equal(ear.count, 3);
    assert_int_equal(ear.last.outcome, OUTCOME_EXCEPTION);
    SAY(3, 500000, 23, 0, 5, 0, 1, 0, 9, 0, 1, 2, 0, 0); /* reads and writes */
    SAY(3, 520000, 23, 2, 0xAB, 0xCD);
    assert_int_equal(ear.count, 4);
    assert_int_equal(ear.last.where.address, 5);
    assert_int_equal(ear.words[0], 0xABCD);
    assert_int_equal(sniff.counters.noise, 0);
}

static void test_listening_hears_silence(void **state)
{
    (void)state;
    struct ear ear = {.count = 0};
    struct sniff sniff;
    sniff_init(&sniff, 3, 9600, hear, &ear);
    SAY(3, 0, 3, 0, 16, 0, 1);
    SAY(5, 1000000, 3, 0, 16, 0, 1); /* the master has given up */
    assert_int_equal(ear.count, 1);
    assert_int_equal(ear.last.outcome, OUTCOME_SILENCE);
    SAY(5, 1020000, 3, 2, 0, 1);
    SAY(3, 9000000, 3, 0, 16, 0, 1);
    sniff_pass(&sniff, 9000000 + SNIFF_WAIT_US - 1);
    assert_int_equal(ear.count, 1);
    sniff_pass(&sniff, 9000000 + SNIFF_WAIT_US);
    assert_int_equal(ear.count, 2);
}

/* The answer to a question that was given up comes after the next one: it is not taken for the next one's. */
static void test_listening_does_not_believe_late_answers(void **state)
{
    (void)state;
    struct ear ear = {.count = 0};
    struct sniff sniff;
    sniff_init(&sniff, 3, 9600, hear, &ear);
    SAY(3, 0, 3, 0, 16, 0, 1);
    SAY(3, 300000, 3, 0, 99, 0, 1);
    SAY(3, 350000, 3, 2, 0, 1); /* whose? */
    assert_int_equal(ear.count, 1);
    assert_int_equal(sniff.counters.doubts, 1);
    SAY(3, 400000, 3, 0, 99, 0, 2); /* of another length: no doubt */
    SAY(3, 450000, 3, 4, 0, 1, 0, 2);
    assert_int_equal(ear.count, 2);
    assert_int_equal(ear.last.outcome, OUTCOME_WORDS);
}

/* In pieces of any size, with noise before frames and frames cut short, nothing wrong is heard, and most of it is. */
static void test_listening_in_pieces_and_noise(void **state)
{
    (void)state;
    struct ear ear = {.count = 0};
    struct sniff sniff;
    unsigned chance = 11;
    int64_t now_us = 0;
    sniff_init(&sniff, 3, 9600, hear, &ear);
    for (unsigned turn = 0; turn < 2000; turn++) {
        uint8_t line[600];
        size_t size = 0;
        const uint8_t ask[] = {3, 0, (uint8_t)(turn % 200), 0, 2};
        const uint8_t tell[] = {3, 4, 0, (uint8_t)(turn % 200), 0x55, 0xAA};
        chance = chance * 1103515245U + 12345U;
        unsigned kind = chance / 65536U % 8U;
        for (unsigned i = 0; i < kind && kind < 4; i++)
            line[size++] = (uint8_t)(chance >> (8 + i));
        size += frame_wrap(WIRE_RTU, 0, 3, ask, sizeof ask, line + size);
        size += frame_wrap(WIRE_RTU, 0, 3, tell, sizeof tell, line + size);
        if (kind == 7)
            line[size - 3] ^= 0x40;
        for (size_t at = 0; at < size;) {
            chance = chance * 1103515245U + 12345U;
            size_t part = 1 + chance / 65536U % 9U;
            part = part < size - at ? part : size - at;
            sniff_receive(&sniff, line + at, part, now_us += 3000);
            at += part;
        }
        size_t before = ear.count;
        sniff_pass(&sniff, now_us += 200000);
        sniff_pass(&sniff, now_us += SNIFF_WAIT_US + SNIFF_DOUBT_US);
        assert_int_equal(sniff.in_size, 0);
        assert_true(ear.count == before || ear.last.outcome == OUTCOME_SILENCE || kind < 4);
        if (ear.last.outcome == OUTCOME_WORDS) {
            assert_int_equal(ear.words[0], ear.last.where.address);
            assert_int_equal(ear.words[1], 0x55AA);
        }
    }
    assert_int_equal(sniff.counters.answers + sniff.counters.silences, sniff.counters.requests);
    assert_true(sniff.counters.requests > 1990);
    assert_true(sniff.counters.silences > 150 && sniff.counters.silences < 350); /* one in eight was spoiled */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_printed_is_read),
        cmocka_unit_test(test_damage_gets_a_sentence),
        cmocka_unit_test(test_huge_files_and_lines_are_refused),
        cmocka_unit_test(test_a_crash_loses_at_most_the_last_line),
        cmocka_unit_test(test_only_what_changed_is_news),
        cmocka_unit_test(test_replay_goes_seeks_loops_and_ends),
        cmocka_unit_test(test_seeking_is_playing),
        cmocka_unit_test_setup_teardown(test_a_slave_says_what_was_recorded, build, tear_down),
        cmocka_unit_test_setup_teardown(test_a_part_of_a_device_may_be_silent, build, tear_down),
        cmocka_unit_test_setup_teardown(test_writes_are_answered_and_do_not_take, build, tear_down),
        cmocka_unit_test_setup_teardown(test_people_and_faults_go_before_the_recording, build, tear_down),
        cmocka_unit_test_setup_teardown(test_held_bits_stay_and_their_neighbours_play, build, tear_down),
        cmocka_unit_test_setup_teardown(test_orders_of_ctl, build, tear_down),
        cmocka_unit_test_setup_teardown(test_which_slave_plays_which_file, build, tear_down),
        cmocka_unit_test_setup_teardown(test_what_was_recorded_is_what_is_played, build, tear_down),
        cmocka_unit_test_setup_teardown(test_readings_join_what_touches_and_keep_points_whole, build, tear_down),
        cmocka_unit_test_setup_teardown(test_one_wrong_address_does_not_hide_its_neighbours, build, tear_down),
        cmocka_unit_test(test_a_master_that_cannot_write),
        cmocka_unit_test(test_answers_are_found_in_noise),
        cmocka_unit_test(test_tcp_answers_belong_to_their_question),
        cmocka_unit_test(test_listening_pairs_question_and_answer),
        cmocka_unit_test(test_listening_hears_silence),
        cmocka_unit_test(test_listening_does_not_believe_late_answers),
        cmocka_unit_test(test_listening_in_pieces_and_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
