/* The loader against the golden site files: good ones load, and in the bad ones every mistake is found at its place.
 *
 * A bad file says itself what is wrong with it: a comment right before the place names the complaint that belongs there, as
 * an error with ! , as a warning with ? , and with < where the place is that of the comment itself. No other complaint may
 * come. What is said, in both languages, stands beside it in a .txt, so that a changed sentence is seen; RENEW=1 in the
 * environment writes these anew. */
#include "tests/support/test.h"

#include <dirent.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/device/classes.h"
#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/core/civil.h"
#include "gateway/core/due.h"
#include "gateway/site/load.h"
#include "gateway/site/sentences.h"

#define GOLDEN     "tests/golden/site/"
#define MARKS_MAX  256
#define CODE_MAX   40
#define ARENA_SIZE ((size_t)64 * 1024 * 1024)

static const char *const profile_dirs[] = {"config/profiles", NULL};
static const struct site_sources sources = {.classes = &classes, .profile_dirs = profile_dirs};

struct fixture {
    struct arena arena;
    struct complaints *complaints;
    const struct site *site;
    enum err err;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    CHECK(f != NULL);
    f->complaints = malloc(sizeof *f->complaints);
    CHECK(f->complaints != NULL);
    complaints_init(f->complaints);
    arena_init(&f->arena, ARENA_SIZE);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    complaints_close(f->complaints);
    arena_close(&f->arena);
    free(f->complaints);
    free(f);
    return 0;
}

static void again(struct fixture *f)
{
    complaints_close(f->complaints);
    arena_close(&f->arena);
    complaints_init(f->complaints);
    arena_init(&f->arena, ARENA_SIZE);
    f->site = NULL;
}

static void load_file(struct fixture *f, const char *file)
{
    f->err = site_load(file, &sources, &f->arena, f->complaints, &f->site);
}

static void load_bytes(struct fixture *f, const char *bytes, size_t size)
{
    again(f);
    f->err = site_load_bytes("site.json", bytes, size, &sources, &f->arena, f->complaints, &f->site);
}

static void load_text(struct fixture *f, const char *text)
{
    load_bytes(f, text, strlen(text));
}

static void print_complaints(const struct complaints *complaints)
{
    char line[2048];
    for (size_t i = 0; i < complaints->count; i++) {
        complaint_print(&complaints->list[i], LANGUAGE_EN, line, sizeof line);
        print_message("[%s] %s", complaints->list[i].code, line);
    }
}

static char *read_file(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    char *bytes = malloc(1 << 20);
    CHECK(bytes != NULL);
    *ret_size = fread(bytes, 1, (1 << 20) - 1, file);
    bytes[*ret_size] = '\0';
    (void)fclose(file);
    return bytes;
}

/* --- expectations inside the files ---------------------------------------------------------------------------------- */

struct expected {
    char file[256];
    char code[CODE_MAX];
    unsigned line;
    unsigned column;
    bool warning;
};

struct expectations {
    struct expected list[MARKS_MAX];
    size_t count;
};

static size_t mark_length(const char *at)
{
    if (strncmp(at, "/*!", 3) != 0 && strncmp(at, "/*?", 3) != 0 && strncmp(at, "/*<", 3) != 0)
        return 0;
    const char *end = strstr(at, "*/");
    return end == NULL ? 0 : (size_t)(end - at) + 2;
}

static void expect(struct expectations *expectations, const char *path, const char *mark, size_t length, unsigned line,
                   unsigned column)
{
    CHECK(expectations->count < MARKS_MAX && length - 5 < CODE_MAX);
    struct expected *expected = &expectations->list[expectations->count++];
    (void)snprintf(expected->file, sizeof expected->file, "%s", path);
    (void)snprintf(expected->code, sizeof expected->code, "%.*s", (int)(length - 5), mark + 3);
    expected->warning = mark[2] == '?';
    expected->line = line;
    expected->column = column;
    /* The place is behind this mark and those that follow at once. Marks are ASCII: a byte is a character. */
    for (size_t next = mark[2] == '<' ? 0 : length; next > 0; next = mark_length(mark)) {
        expected->column += (unsigned)next;
        mark += next;
    }
}

static void read_expectations(struct expectations *expectations, const char *path)
{
    size_t size;
    char *bytes = read_file(path, &size);
    assert_non_null(bytes);
    unsigned line = 1;
    unsigned column = 1;
    bool comment = false; /* markers that a // comment talks about are none */
    for (const char *at = bytes; *at != '\0'; at++) {
        size_t const length = comment ? 0 : mark_length(at);
        comment = (comment || (column == 1 && strncmp(at, "//", 2) == 0)) && *at != '\n';
        if (length > 0)
            expect(expectations, path, at, length, line, column);
        if (((unsigned char)*at & 0xC0) != 0x80)
            column++;
        if (*at == '\n') {
            line++;
            column = 1;
        }
    }
    free(bytes);
}

static bool matches(const struct expected *expected, const struct complaint *complaint)
{
    return expected->line == complaint->line && expected->column == complaint->column &&
           expected->warning == complaint->warning && strcmp(expected->code, complaint->code) == 0 &&
           strcmp(expected->file, complaint->file) == 0;
}

/* How many expected ones are missing, and how many came that were not expected. */
static size_t compare(const struct expectations *expectations, const struct complaints *complaints)
{
    bool taken[COMPLAINTS_MAX] = {false};
    size_t missing = 0;
    for (size_t i = 0; i < expectations->count; i++) {
        const struct expected *expected = &expectations->list[i];
        size_t j = 0;
        while (j < complaints->count && (taken[j] || !matches(expected, &complaints->list[j])))
            j++;
        if (j < complaints->count)
            taken[j] = true;
        else
            print_message("missing: %s:%u:%u %s\n", expected->file, expected->line, expected->column, expected->code);
        missing += j == complaints->count;
    }
    size_t surplus = 0;
    for (size_t j = 0; j < complaints->count; j++) {
        char line[1024];
        if (taken[j])
            continue;
        complaint_print(&complaints->list[j], LANGUAGE_EN, line, sizeof line);
        print_message("surplus: [%s] %s", complaints->list[j].code, line);
        surplus++;
    }
    return missing + surplus;
}

/* Calls for each .json file of a folder; returns how many there were. */
static size_t for_each_file(const char *folder, void (*visit)(void *context, const char *path), void *context)
{
    char path[512];
    size_t count = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        size_t const length = strlen(entry->d_name);
        if (length < 5 || strcmp(entry->d_name + length - 5, ".json") != 0 || entry->d_type == DT_DIR)
            continue;
        (void)snprintf(path, sizeof path, "%s%s", folder, entry->d_name);
        visit(context, path);
        count++;
    }
    (void)closedir(dir);
    return count;
}

static void add_expectations(void *context, const char *path)
{
    read_expectations(context, path);
}

/* --- the corpus ----------------------------------------------------------------------------------------------------- */

static void check_good(void *context, const char *path)
{
    struct fixture *f = context;
    again(f);
    load_file(f, path);
    if (f->err != ERR_OK)
        print_complaints(f->complaints);
    assert_int_equal(f->err, ERR_OK);
    assert_non_null(f->site);
    assert_int_equal(f->complaints->errors, 0);
}

static void good_files_load(void **state)
{
    assert_true(for_each_file(GOLDEN "good/", check_good, *state) >= 3);
}

struct bad {
    struct fixture *fixture;
    size_t planted;
    size_t wrong;
    bool said[SENTENCE_COUNT];
};

static void note_said(const struct complaints *complaints, bool *said)
{
    for (size_t i = 0; i < complaints->count; i++)
        for (size_t j = 0; j < SENTENCE_COUNT; j++)
            said[j] |= strcmp(complaints->list[i].code, sentence_code((enum sentence)j)) == 0;
}

/* Everything that is said about one file; free()d by the caller. */
static char *transcript(const struct complaints *complaints)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    CHECK(to != NULL);
    for (size_t i = 0; i < complaints->count; i++) {
        const struct complaint *c = &complaints->list[i];
        (void)fprintf(to, "%s:%u:%u: %s %s%s%s\n  %s\n  %s\n", c->file + strlen(GOLDEN "bad/"), c->line, c->column,
                      c->warning ? "warning" : "error", c->code, c->path[0] != '\0' ? " " : "", c->path,
                      c->text[LANGUAGE_EN], c->text[LANGUAGE_ZH]);
    }
    (void)fclose(to);
    return text;
}

static void renew(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    CHECK(file != NULL);
    (void)fputs(text, file);
    (void)fclose(file);
}

static bool is_as_said_before(const char *json, const struct complaints *complaints)
{
    char path[512];
    size_t size;
    (void)snprintf(path, sizeof path, "%s", json);
    memcpy(path + strlen(path) - strlen("json"), "txt", sizeof "txt");
    char *is = transcript(complaints);
    if (getenv("RENEW") != NULL)
        renew(path, is);
    char *was = read_file(path, &size);
    bool const same = was != NULL && strcmp(is, was) == 0;
    size_t at = 0;
    while (!same && was != NULL && is[at] != '\0' && is[at] == was[at])
        at++;
    while (!same && at > 0 && is[at - 1] != '\n')
        at--;
    if (!same)
        print_message("%s: was: %.200s\nis: %.200s\n(RENEW=1 if it is meant)\n", path, was == NULL ? "" : was + at,
                      is + at);
    free(was);
    free(is);
    return same;
}

static void check_bad(void *context, const char *path)
{
    struct bad *bad = context;
    struct fixture *f = bad->fixture;
    struct expectations *expectations = calloc(1, sizeof *expectations);
    CHECK(expectations != NULL);
    again(f);
    load_file(f, path);
    read_expectations(expectations, path);
    if (strcmp(path, GOLDEN "bad/profiles.json") == 0)
        (void)for_each_file(GOLDEN "bad/profiles/", add_expectations, expectations);
    size_t errors = 0;
    for (size_t i = 0; i < expectations->count; i++)
        errors += !expectations->list[i].warning;
    assert_int_equal(f->err, errors > 0 ? ERR_FORMAT : ERR_OK);
    bad->wrong += compare(expectations, f->complaints);
    bad->wrong += !is_as_said_before(path, f->complaints);
    bad->planted += expectations->count;
    note_said(f->complaints, bad->said);
    free(expectations);
}

static void bad_files_are_explained(void **state)
{
    struct bad bad = {.fixture = *state};
    (void)for_each_file(GOLDEN "bad/", check_bad, &bad);
    assert_int_equal(bad.wrong, 0);
    assert_true(bad.planted >= 450);
}

/* --- bytes that no golden file should hold -------------------------------------------------------------------------- */

struct byte_case {
    const char *bytes;
    size_t size;
    const char *code;
    unsigned line;
    unsigned column;
};
#define BYTES(text, code, line, column)                                                                                \
    {                                                                                                                  \
        text, sizeof(text) - 1, code, line, column                                                                     \
    }

static const struct byte_case byte_cases[] = {
    BYTES("", "empty", 1, 1),
    BYTES(" \n\t// only a comment", "empty", 1, 1),
    BYTES("\xFF\xFE{\0}\0", "utf16", 1, 1),
    BYTES("\xFE\xFF\0{\0}", "utf16", 1, 1),
    BYTES("{\"gateway\":{\"id\":\"g\",\n\"name\":\"\xD0\xC1\xD5\xAF\"}}", "gbk", 2, 9),
    BYTES("{\"a\":\"\xFF\"}", "not_utf8", 1, 7),
    BYTES("{\"a\":\"\xED\xA0\x80 \"}", "not_utf8", 1, 7),
    BYTES("{\"\xE5\x90\x8D\":\"\xC0\"}", "not_utf8", 1, 7),
    BYTES("{\"a\":\0}", "nul_byte", 1, 6),
    BYTES("{\"a\":\"\\u0000\"}", "nul_byte", 1, 7),
    BYTES("{\"a\":\"\\ud800\"}", "lone_surrogate", 1, 7),
    BYTES("{\"a\":\"\\udc00\\ud800\"}", "lone_surrogate", 1, 7),
    BYTES("{\"a\":\"\\ud83d\\u0041\"}", "lone_surrogate", 1, 7),
    BYTES("{\"a\":\"x\ty\"}", "control_character", 1, 8),
    BYTES("{\"a\":\"C:\\dev\"}", "bad_escape", 1, 9),
    BYTES("{\"a\":\"\\u12G4\"}", "bad_escape", 1, 7),
    BYTES("{\"a\":\"open\n}", "open_string", 1, 6),
    BYTES("{\"a\":\"open\xE2\x80\x9D}\n", "open_string", 1, 6),
    BYTES("{ /* open", "open_comment", 1, 3),
    BYTES("{\n  \"a\": [1, 2", "open_bracket", 2, 8),
    BYTES("{\"a\":\n [1, 2}", "wrong_bracket", 2, 7),
    BYTES("{\"a\":1]", "wrong_bracket", 1, 7),
    BYTES("{\"a\" 1}", "missing_colon", 1, 5),
    BYTES("{\"a\":}", "value_expected", 1, 6),
    BYTES("{\"a\":", "value_expected", 1, 6),
    BYTES("{,}", "key_expected", 1, 2),
    BYTES("[1,,2]", "extra_comma", 1, 4),
    BYTES("{} x", "after_end", 1, 4),
    BYTES("{}{}", "after_end", 1, 3),
    BYTES("[]", "bad_type", 1, 1),
    BYTES("\"site\"", "bad_type", 1, 1),
    BYTES("{\"a\":\xE8\xBE\x9B}", "value_expected", 1, 6),
    BYTES("{\"a\":1234567890123456789012345678901234567890123456789012345678901}", "bad_number", 1, 6),
};

static bool has_complaint(const struct complaints *complaints, const char *code, unsigned line, unsigned column)
{
    for (size_t i = 0; i < complaints->count; i++)
        if (strcmp(complaints->list[i].code, code) == 0 && complaints->list[i].line == line &&
            complaints->list[i].column == column)
            return true;
    return false;
}

static void odd_bytes_get_sentences(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_SIZE(byte_cases); i++) {
        const struct byte_case *c = &byte_cases[i];
        load_bytes(f, c->bytes, c->size);
        assert_int_equal(f->err, ERR_FORMAT);
        if (!has_complaint(f->complaints, c->code, c->line, c->column)) {
            print_message("case %zu: no %s at %u:%u, but:\n", i, c->code, c->line, c->column);
            print_complaints(f->complaints);
            fail();
        }
    }
}

/* What no file in the corpus can bring about, and who shows that it is said. */
static const enum sentence shown_elsewhere[] = {
    S_CANNOT_READ,                                   /* files_that_cannot_be_read */
    S_MEMORY,                                        /* memory_ends_with_a_sentence */
    S_TOO_LARGE,      S_TOO_MANY_VALUES, S_TOO_DEEP, /* hostile_files_get_sentences */
    S_SETTING_NEEDED,                                /* test_site_alarms */
};

static void each_sentence_is_brought_about(void **state)
{
    struct fixture *f = *state;
    struct bad bad = {.fixture = f};
    (void)for_each_file(GOLDEN "bad/", check_bad, &bad);
    for (size_t i = 0; i < ARRAY_SIZE(byte_cases); i++) {
        load_bytes(f, byte_cases[i].bytes, byte_cases[i].size);
        note_said(f->complaints, bad.said);
    }
    for (size_t i = 0; i < ARRAY_SIZE(shown_elsewhere); i++)
        bad.said[shown_elsewhere[i]] = true;
    size_t unsaid = 0;
    for (size_t i = 0; i < SENTENCE_COUNT; i++) {
        if (!bad.said[i])
            print_message("never said: %s\n", sentence_code((enum sentence)i));
        unsaid += !bad.said[i];
    }
    assert_int_equal(unsaid, 0);
}

/* A BOM and CRLF, as Notepad writes them; places count as if the BOM were not there. */
static void windows_files_are_read(void **state)
{
    struct fixture *f = *state;
    load_text(
        f, "\xEF\xBB\xBF// comment\r\n{ \"gateway\": { \"id\": \"g1\" },\r\n /* and\r\n a block */ \"centres\": [\r\n"
           "{ \"id\": \"c1\", \"url\": \"mqtt://localhost\" } ] }\r\n");
    assert_int_equal(f->err, ERR_OK);
    load_text(f, "\xEF\xBB\xBF{ \"gatway\": 1 }\r\n");
    assert_true(has_complaint(f->complaints, "unknown_key", 1, 3));
    load_text(f, "{\r\n\"gatway\": 1 }\r\n");
    assert_true(has_complaint(f->complaints, "unknown_key", 2, 1));
}

/* --- hostile files -------------------------------------------------------------------------------------------------- */

static char *repeated(const char *unit, size_t size)
{
    size_t const length = strlen(unit);
    char *bytes = malloc(size);
    CHECK(bytes != NULL);
    for (size_t i = 0; i < size; i++)
        bytes[i] = unit[i % length];
    return bytes;
}

static void load_repeated(struct fixture *f, const char *unit, size_t size, const char *code)
{
    size -= size % strlen(unit);
    char *bytes = repeated(unit, size);
    load_bytes(f, bytes, size);
    free(bytes);
    assert_int_equal(f->err, ERR_FORMAT);
    assert_true(f->complaints->count >= 1);
    bool found = false;
    for (size_t i = 0; i < f->complaints->count; i++)
        found |= strcmp(f->complaints->list[i].code, code) == 0;
    if (!found)
        print_complaints(f->complaints);
    assert_true(found);
}

static void hostile_files_get_sentences(void **state)
{
    struct fixture *f = *state;
    size_t const large = SITE_FILE_MAX;
    load_repeated(f, " ", (size_t)10 * 1024 * 1024, "too_large");
    load_repeated(f, "[", 10000, "too_deep");
    load_repeated(f, "{\"a\":", 50000, "too_deep");
    load_repeated(f, "[[],", large, "too_deep");
    load_repeated(f, "\"a", large, "after_end");
    load_repeated(f, "{\"a\":1,\n", large, "key_expected");
    load_repeated(f, "/**/", large, "empty");
    load_repeated(f, "\xEF\xBC\x8C", large, "value_expected");
    load_repeated(f, "\\", large, "value_expected");
    load_repeated(f, "9", large, "bad_number");
    char *bytes = repeated("0,", large);
    bytes[0] = '[';
    bytes[1] = ' ';
    load_bytes(f, bytes, large);
    free(bytes);
    assert_true(f->complaints->errors >= 1);
    assert_string_equal(f->complaints->list[0].code, "too_many_values");
}

/* The longest list of mistakes: all counted, the first ones listed. */
static void many_mistakes_are_counted(void **state)
{
    struct fixture *f = *state;
    size_t const wrong = 20000;
    char *bytes = malloc(64 + wrong * 32);
    CHECK(bytes != NULL);
    size_t size = (size_t)sprintf(bytes, "{\"gateway\":{\"id\":\"g\"}");
    for (size_t i = 0; i < wrong; i++)
        size += (size_t)sprintf(bytes + size, ",\n\"key%zu\":0", i);
    size += (size_t)sprintf(bytes + size, "}");
    load_bytes(f, bytes, size);
    free(bytes);
    assert_int_equal(f->complaints->count, COMPLAINTS_MAX);
    assert_int_equal(f->complaints->errors, wrong);
    assert_int_equal(f->err, ERR_FORMAT);
}

/* Each prefix and each single flipped byte of a good file: a site or complaints, never both, never neither. */
static void truncated_and_damaged_files(void **state)
{
    struct fixture *f = *state;
    size_t size;
    char *bytes = read_file(GOLDEN "good/contract-small.json", &size);
    assert_non_null(bytes);
    size_t good = 0;
    for (size_t i = 0; i < size; i++) {
        load_bytes(f, bytes, i);
        assert_int_equal(f->err == ERR_OK, f->site != NULL);
        assert_int_equal(f->err == ERR_OK, f->complaints->errors == 0);
        good += f->err == ERR_OK;
        for (int flip = 0; flip < 8; flip += 3) {
            bytes[i] = (char)(bytes[i] ^ (1 << flip));
            load_bytes(f, bytes, size);
            assert_int_equal(f->err == ERR_OK, f->complaints->errors == 0);
            bytes[i] = (char)(bytes[i] ^ (1 << flip));
        }
    }
    assert_true(good <= 1); /* without its last newline */
    free(bytes);
}

static void memory_ends_with_a_sentence(void **state)
{
    struct fixture *f = *state;
    size_t size;
    char *bytes = read_file("config/outpost.example.json", &size);
    assert_non_null(bytes);
    size_t refused = 0;
    for (size_t most = 0; most < 40000; most += 250) {
        again(f);
        arena_close(&f->arena);
        arena_init(&f->arena, most);
        f->err =
            site_load_bytes("config/outpost.example.json", bytes, size, &sources, &f->arena, f->complaints, &f->site);
        assert_int_equal(f->err == ERR_OK, f->complaints->errors == 0);
        refused += f->err != ERR_OK;
    }
    assert_true(refused > 50);
    free(bytes);
}

static void files_that_cannot_be_read(void **state)
{
    struct fixture *f = *state;
    load_file(f, GOLDEN "no-such-file.json");
    assert_int_equal(f->err, ERR_IO);
    assert_string_equal(f->complaints->list[0].code, "cannot_read");
    again(f);
    load_file(f, GOLDEN);
    assert_int_equal(f->err, ERR_IO);
    assert_non_null(strstr(f->complaints->list[0].text[LANGUAGE_EN], "ordinary file"));
}

/* --- what comes out of good ones ------------------------------------------------------------------------------------ */

static const struct site_device *device_of(const struct site *site, const char *id)
{
    for (size_t i = 0; i < site->device_count; i++)
        if (strcmp(site->devices[i].id, id) == 0)
            return &site->devices[i];
    fail_msg("no device %s", id);
    return NULL;
}

static const struct device_point *point_of(const struct site_device *device, const char *id)
{
    for (size_t i = 0; i < device->point_count; i++)
        if (strcmp(device->points[i].id, id) == 0)
            return &device->points[i];
    fail_msg("no point %s", id);
    return NULL;
}

static const struct slave_point *source_of(const struct site *site, const struct device_point *point)
{
    return &site->slaves[point->slave].points[point->slave_point];
}

static const struct rule *rule_of(const struct site *site, const struct site_device *device, const char *id)
{
    for (int32_t i = 0; i < device->rule_count; i++)
        if (strcmp(site->rules[device->rule_first + i].id, id) == 0)
            return &site->rules[device->rule_first + i];
    fail_msg("no rule %s", id);
    return NULL;
}

static const struct site *load_good(struct fixture *f, const char *file)
{
    load_file(f, file);
    if (f->err != ERR_OK)
        print_complaints(f->complaints);
    assert_int_equal(f->err, ERR_OK);
    return f->site;
}

#define assert_near(is, wanted) assert_true(fabs((is) - (wanted)) < 1e-9) /* cmocka compares as float */

static void assert_only_codes(const struct complaints *complaints, const char *const *codes)
{
    for (size_t i = 0; i < complaints->count; i++) {
        size_t j = 0;
        while (codes[j] != NULL && strcmp(codes[j], complaints->list[i].code) != 0)
            j++;
        if (codes[j] == NULL)
            fail_msg("%s at %u:%u", complaints->list[i].code, complaints->list[i].line, complaints->list[i].column);
    }
}

static void the_example_is_what_it_says(void **state)
{
    const struct site *site = load_good(*state, "config/outpost.example.json");
    /* What it says of itself: detectors and valve hang on one line. */
    assert_only_codes(((struct fixture *)*state)->complaints, (const char *const[]){"one_bus", NULL});
    assert_string_equal(site->id, "demo-0001");
    assert_string_equal(site->language, "zh");
    assert_string_equal(site->grid_code, "370724001002003");
    assert_int_equal(strlen(site->sha256), 64);
    assert_true(site->file[0] == '/');
    assert_int_equal(site->bus_count, 2);
    assert_int_equal(site->buses[0].baud, 9600);
    assert_int_equal(site->buses[0].timeout_ms, 1000);
    assert_int_equal(site->buses[1].timeout_ms, 500);
    assert_int_equal(site->buses[1].tcp_port, 15020);
    assert_non_null(strstr(site->buses[0].port, "/config/../build/demo/rs485-1"));
    assert_non_null(strstr(site->journal.dir, "/config/../build/demo/journal"));
    assert_true(site->journal.size_max == (uint64_t)2 << 30);
    assert_int_equal(site->journal.keep_sent_s, 7 * 86400);
    assert_int_equal(site->journal.flash_budget, 200 * 1024 * 1024);

    const struct site_device *lift = device_of(site, "lift-1");
    assert_int_equal(lift->slave_count, 2);
    assert_string_equal(lift->use_cod, "梯11鲁G00025(14)");
    assert_string_equal(point_of(lift, "door_closed")->zh, "门关闭");
    assert_int_equal(point_of(lift, "trapped")->slave, -1);
    assert_int_equal(point_of(lift, "trapped")->every_ms, 500);
    assert_false(point_of(lift, "door_zone")->invert);

    const struct site_device *valve = device_of(site, "valve-kitchen");
    assert_true(source_of(site, point_of(valve, "relay_1"))->writable);
    assert_false(source_of(site, point_of(valve, "relay_3"))->writable);
    assert_string_equal(valve->profile, "relay-8ch");

    const struct site_device *store = device_of(site, "gas-store");
    assert_int_equal(store->every_ms, 1000);
    assert_int_equal(point_of(store, "humidity")->every_ms, 60000);
    assert_int_equal(site->slaves[store->slaves[0]].guard_ms, 500);
    assert_string_equal(store->model, "6-in-1 gas module");

    assert_int_equal(site->zones[0].detector_count, 2);
    assert_int_equal(site->interlock_count, 2);
    const struct site_interlock *trip = &site->interlocks[0];
    assert_true(trip->latch);
    assert_int_equal(trip->zone, 0);
    assert_int_equal(trip->device, -1);
    assert_int_equal(trip->rule_count, 2);
    assert_string_equal(site->rules[trip->rules[1]].id, "gas.high");
    assert_string_equal(site->devices[site->rules[trip->rules[1]].subject].id, "gas-store");
    assert_int_equal(trip->confirm_within_ms, 10000);
    assert_string_equal(site->devices[trip->confirm_device].points[trip->confirm_point].id, "input_1");
    assert_true(site->interlocks[1].silenceable);
    assert_int_equal(site->interlocks[1].confirm_device, -1);
    assert_string_equal(site->centres[0].urls[0], "mqtt://127.0.0.1:18883");
    assert_string_equal(site->centres[0].prefix, "outpost/v1");
    assert_int_equal(site->centres[0].mqtt, 5);
    assert_int_equal(site->centres[0].health_ms, 60000);
}

static void subjects_and_rules_are_grouped(void **state)
{
    const struct site *site = load_good(*state, "config/outpost.example.json");
    assert_int_equal(site->subject_count,
                     site->device_count + site->bus_count + site->interlock_count + site->centre_count);
    int32_t next = 0;
    for (size_t i = 0; i < site->subject_count; i++) {
        const struct subject *subject = &site->subjects[i];
        assert_int_equal(subject->rule_first, next);
        for (int32_t j = 0; j < subject->rule_count; j++)
            assert_int_equal(site->rules[subject->rule_first + j].subject, (int32_t)i);
        next += subject->rule_count;
    }
    assert_int_equal(next, (int32_t)site->rule_count);
    const struct subject *bus = &site->subjects[site->device_count];
    assert_string_equal(bus->cls, "bus");
    assert_string_equal(site->rules[bus->rule_first].id, "bus.lost");
    const struct subject *interlock = &site->subjects[site->device_count + site->bus_count];
    assert_string_equal(interlock->cls, "interlock");
    assert_int_equal(site->rules[interlock->rule_first].kind, RULE_FAILED);
    assert_int_equal(site->rules[interlock->rule_first].priority, PRIORITY_CRITICAL);
    assert_int_equal(site->interlocks[0].failed_rule, interlock->rule_first);
    assert_int_equal(site->interlocks[0].subject, (int32_t)(site->device_count + site->bus_count));
    for (size_t i = 0; i < site->device_count; i++)
        assert_int_equal(rule_of(site, &site->devices[i], "comm.lost")->kind, RULE_COMM);
    for (size_t i = 0; i < site->centre_count; i++) {
        const struct subject *centre = &site->subjects[site->subject_count - site->centre_count + i];
        assert_string_equal(centre->cls, "centre");
        assert_string_equal(centre->id, site->centres[i].id);
        assert_true(centre->kind == SUBJECT_CENTRE && centre->index == (int32_t)i && centre->rule_count == 2);
        assert_string_equal(site->rules[centre->rule_first].id, "centre.lost");
        assert_int_equal(site->rules[centre->rule_first].kind, RULE_COMM);
        assert_string_equal(site->rules[centre->rule_first + 1].id, "centre.refused");
        assert_int_equal(site->rules[centre->rule_first + 1].kind, RULE_FAILED);
    }
}

static void alarms_of_a_centre_can_be_changed(void **state)
{
    const struct site *site = load_good(*state, GOLDEN "good/everything.json");
    const struct subject *property = &site->subjects[site->subject_count - 2];
    const struct rule *lost = &site->rules[property->rule_first];
    assert_true(lost->on_delay_ms == 600000 && lost->off_delay_ms == 60000);
    assert_true(lost->priority == PRIORITY_HIGH && lost->shelvable && !lost->latch);
    assert_string_equal(lost->en, "property lost");
    const struct rule *refused = lost + 1;
    assert_true(refused->on_delay_ms == 0 && refused->off_delay_ms == 60000 && refused->priority == PRIORITY_MEDIUM);
    assert_true(refused->latch && !refused->shelvable && refused->rearm_ms == 3600000 && refused->group != 0);
    const struct rule *other = &site->rules[site->subjects[site->subject_count - 1].rule_first];
    assert_true(other->on_delay_ms == 300000 && other->off_delay_ms == 10000 && other->priority == PRIORITY_MEDIUM);
    assert_true(other->shelvable && !other->latch && other[1].group == 0);
}

static void values_are_merged_and_converted(void **state)
{
    const struct site *site = load_good(*state, GOLDEN "good/everything.json");
    assert_only_codes(
        ((struct fixture *)*state)->complaints,
        (const char *const[]){"bus_without_slave", "file_absent", "no_effect_yet", "wide_brackets", NULL});
    const struct site_device *lift = device_of(site, "lift-1");
    const struct device_point *speed = point_of(lift, "car_speed"); /* mm/s on the wire */
    assert_string_equal(speed->unit, "m/s");
    assert_near(speed->factor, 0.001);
    assert_near(speed->deadband, 0.05);
    assert_true(point_of(lift, "door_zone")->invert);
    assert_string_equal(point_of(lift, "door_zone")->zh, "平层");
    assert_string_equal(lift->use_cod, "梯11鲁G00025(14)"); /* full-width parentheses in the file */
    assert_non_null(strstr(lift->identity_json, "\"use_cod\":\"梯11鲁G00025(14)\",\"dev_cod\""));
    assert_int_equal(lift->max_silence_ms, 300000);

    const struct site_device *boiler = device_of(site, "boiler-1");
    const struct device_point *kpa = point_of(boiler, "pressure_kpa");
    assert_string_equal(kpa->unit, "kPa");
    assert_near(kpa->factor, 100);
    const struct slave_point *phase = source_of(site, point_of(boiler, "phase"));
    assert_int_equal(phase->type, VALUE_ENUM);
    assert_int_equal(phase->code_count, 3);
    assert_int_equal(phase->map_count, 4);
    assert_true(phase->map[1].raw == 10 && phase->map[1].code == 1);
    assert_true(phase->map[3].raw == 13 && phase->map[3].code == 0);
    assert_int_equal(source_of(site, kpa)->order, ORDER_ABCD); /* the slave's order over the profile's */
    const struct slave_point *odd = source_of(site, point_of(boiler, "odd"));
    assert_true(odd->has_scale_from && odd->scale_from.byte == BYTE_HIGH && odd->scale_from.bit_count == 4);
    assert_int_equal(odd->poll, POLL_SLOW);
    const struct slave_point *flags = source_of(site, point_of(boiler, "flags"));
    assert_true(flags->raw == RAW_BITS && flags->bit_first == 2 && flags->bit_count == 3 && flags->byte == BYTE_LOW);
    const struct slave_point *output = source_of(site, point_of(boiler, "output"));
    assert_int_equal(output->invalid_count, 1);
    assert_true(source_of(site, point_of(boiler, "pressure"))->single);
    assert_int_equal(source_of(site, point_of(boiler, "serial"))->type, VALUE_UINT);
    assert_int_equal(source_of(site, point_of(boiler, "name"))->register_count, 3);

    assert_true(rule_of(site, boiler, "flame.off")->code_mask == 0x3);
    assert_string_equal(rule_of(site, boiler, "flame.off")->zh, "熄火");
    assert_int_equal(rule_of(site, boiler, "comm.lost")->on_delay_ms, 90000);
    assert_string_equal(rule_of(site, boiler, "o2.low")->unit, "%");
    assert_true(rule_of(site, boiler, "o2.low_ll")->latch);
    /* That a critical or high alarm has nothing to look at is an alarm; a gas detector has one of its own for that. */
    assert_int_equal(rule_of(site, boiler, "sensor.fault")->kind, RULE_FAILED);
    assert_int_equal(rule_of(site, boiler, "sensor.fault")->priority, PRIORITY_HIGH);
    assert_true(point_of(boiler, "o2")->vital);
    assert_false(point_of(boiler, "door")->vital);
    assert_false(point_of(device_of(site, "gas-kitchen"), "gas_lel_pct")->vital);
    /* A critical alarm and an interlock make safety points of what the file left open. */
    assert_int_equal(source_of(site, point_of(boiler, "o2"))->poll, POLL_SAFETY);
    assert_int_equal(source_of(site, point_of(boiler, "door"))->poll, POLL_NORMAL);

    const struct site_device *kitchen = device_of(site, "gas-kitchen");
    assert_int_equal(source_of(site, point_of(kitchen, "gas_lel_pct"))->order, ORDER_CDAB); /* overridden here only */
    assert_int_equal(source_of(site, point_of(device_of(site, "gas-store"), "gas_lel_pct"))->order, ORDER_ABCD);
    assert_true(site->slaves[kitchen->slaves[0]].has_identity);

    const struct site_slave *board = &site->slaves[device_of(site, "valve-kitchen")->slaves[0]];
    assert_string_equal(board->points[board->heartbeat_point].id, "watchdog");
    assert_int_equal(board->heartbeat_ms, 2000);
    assert_near(site->interlocks[0].actions[1].value, 2.5);
    assert_int_equal(site->interlocks[2].device, (int32_t)(boiler - site->devices));
    assert_near(site->interlocks[2].confirm_equals, 0);
    assert_int_equal(site->zones[0].fault_vote, FAULT_VOTE_REMOVE);
    assert_string_equal(site->centres[0].prefix, "outpost/v1/370724/370724001002003");
    assert_string_equal(site->centres[0].urls[1], "mqtts://broker2.example:8883");
    assert_non_null(strstr(site->centres[0].password_file, GOLDEN "good/property.pw"));
    assert_string_equal(site->centres[0].ca_file, "/etc/ssl/ca.pem");
    assert_string_equal(site->centres[1].urls[0], "mqtts://[fd00::1]:1234");
    assert_int_equal(site->centres[1].drills, DRILLS_DROP);
    const struct site_device *vessel = device_of(site, "vessel-7");
    assert_int_equal(vessel->point_count + vessel->slave_count, 0);
    assert_int_equal(vessel->rule_count, 8 * DUE_STAGES); /* its dates; nothing of a generic device shows use */
}

/* A gas detector "id" that has this to say about its alarm gas.fault. */
static void put_detector(struct text *text, size_t unit, const char *id, const char *fault)
{
    text_put_format(text,
                    "%s{ \"id\": \"%s\", \"bus\": \"b\", \"unit\": %zu, \"class\": \"gas_detector\", \"points\": "
                    "{ \"gas_lel_pct\": { \"function\": \"holding\", \"address\": 0, \"type\": \"u16\" } }, "
                    "\"alarms\": { \"gas.fault\": { %s } } }",
                    unit > 1 ? ", " : "", id, unit, fault);
}

static void the_only_detector_of_a_zone_fails_gravely(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *device;
        const char *fault;
        enum priority priority;
    } detectors[] = {
        {"alone", "", PRIORITY_HIGH},   {"delayed", "\"on_delay\": \"2s\"", PRIORITY_HIGH},
        {"one", "", PRIORITY_MEDIUM},   {"told", "\"priority\": \"low\"", PRIORITY_LOW},
        {"other", "", PRIORITY_MEDIUM}, {"free", "", PRIORITY_MEDIUM},
    };
    char buffer[4096];
    struct text text;
    text_init(&text, buffer, sizeof buffer);
    text_put(&text, "{ \"gateway\": { \"id\": \"g\" }, \"centres\": [ { \"id\": \"c\", \"url\": \"mqtts://h\" } ], "
                    "\"buses\": [ { \"id\": \"b\", \"link\": \"tcp\", \"host\": \"h\" } ], \"devices\": [ ");
    for (size_t i = 0; i < ARRAY_SIZE(detectors); i++)
        put_detector(&text, i + 1, detectors[i].device, detectors[i].fault);
    text_put(&text, " ], \"zones\": [ { \"id\": \"z1\", \"detectors\": [\"alone\"] }, "
                    "{ \"id\": \"z2\", \"detectors\": [\"delayed\"] }, { \"id\": \"z3\", \"detectors\": [\"told\"] }, "
                    "{ \"id\": \"z4\", \"detectors\": [\"one\", \"other\"] } ] }");
    load_text(f, buffer);
    if (f->err != ERR_OK)
        print_complaints(f->complaints);
    assert_int_equal(f->err, ERR_OK);
    for (size_t i = 0; i < ARRAY_SIZE(detectors); i++) {
        const struct site_device *device = device_of(f->site, detectors[i].device);
        assert_int_equal(rule_of(f->site, device, "gas.fault")->priority, detectors[i].priority);
        assert_int_equal(rule_of(f->site, device, "gas.low")->priority, PRIORITY_HIGH);
    }
}

static void dates_are_alarms_in_four_stages(void **state)
{
    static const enum priority priorities[] = {PRIORITY_INFO, PRIORITY_LOW, PRIORITY_MEDIUM, PRIORITY_HIGH};
    static const char *const stages[] = {"60d", "30d", "7d", "due"};
    const struct site *site = load_good(*state, GOLDEN "good/everything.json");
    const struct site_device *vessel = device_of(site, "vessel-7");
    char id[64];
    for (size_t i = 0; i < DUE_STAGES; i++) {
        (void)snprintf(id, sizeof id, "date.maint_%s", stages[i]);
        const struct rule *rule = rule_of(site, vessel, id);
        assert_int_equal(rule->kind, RULE_DUE);
        assert_int_equal(rule->priority, priorities[i]);
        assert_near(rule->limit, DUE_DAYS[i]);
        assert_int_equal(rule->due_day, civil_day((struct civil){2026, 11, 16}));
        assert_string_equal(rule->date, "maint_next");
        assert_string_equal(rule->unit, "d");
    }
    assert_int_equal(rule_of(site, vessel, "date.inspect_due")->priority, PRIORITY_CRITICAL);
    assert_int_equal(rule_of(site, vessel, "date.inspect_due")->on_delay_ms, 30000);
    assert_string_equal(rule_of(site, vessel, "date.gauge_60d")->zh, "压力表");
    assert_int_equal(rule_of(site, vessel, "date.cylinder_scrap_7d")->due_day, civil_day((struct civil){2032, 2, 29}));
    const struct subject *trip = &site->subjects[site->interlocks[0].subject];
    assert_int_equal(trip->rule_count, 1 + DUE_STAGES);
    assert_string_equal(site->rules[trip->rule_first + DUE_STAGES].id, "date.proof_test_due");
    assert_int_equal(site->cylinders->code_count, 3);
    assert_string_equal(site->cylinders->codes[0], "132020000001");
    assert_string_equal(site->cylinders->codes[1], "132020000002");
    assert_string_equal(site->cylinders->codes[2], "nfc-04A2");
    assert_int_equal(site->local_time->standard_s, 8 * 3600);
}

static void the_smallest_file_is_what_it_says(void **state)
{
    const struct site *site = load_good(*state, GOLDEN "good/contract-small.json");
    const struct site_device *d1 = device_of(site, "d1");
    const struct slave_point *r1 = source_of(site, point_of(d1, "r1"));
    assert_int_equal(r1->type, VALUE_NUMBER);
    assert_near(r1->scale, 0.1);
    assert_string_equal(r1->unit, "Cel");
    assert_int_equal(source_of(site, point_of(d1, "r0"))->type, VALUE_INT);
    const struct rule *high = rule_of(site, d1, "r0.high");
    assert_near(high->limit, 10000);
    assert_int_equal(high->priority, PRIORITY_HIGH);
    assert_int_equal(d1->max_silence_ms, 60000);
    assert_int_equal(site->slaves[0].every_ms[POLL_SAFETY], 1000);
    assert_int_equal(site->slaves[0].every_ms[POLL_SLOW], 60000);
    assert_int_equal(site->slaves[0].count_max, 125);
    assert_string_equal(site->time_zone, "Asia/Shanghai");
    assert_string_equal(site->name, "g1");
    assert_non_null(strstr(site->journal.dir, GOLDEN "good/state"));
}

/* The full example of the contract: what no shipped profile offers is said once each, with what there is. */
static void the_contracts_example(void **state)
{
    static const char *const wanted[] = {"no_profile", "no_slave_point"};
    struct fixture *f = *state;
    load_file(f, GOLDEN "contract/full.json");
    if (f->complaints->errors != ARRAY_SIZE(wanted))
        print_complaints(f->complaints);
    assert_int_equal(f->complaints->errors, ARRAY_SIZE(wanted));
    size_t error = 0;
    for (size_t i = 0; i < f->complaints->count; i++)
        if (!f->complaints->list[i].warning)
            assert_string_equal(f->complaints->list[i].code, wanted[error++]);
    assert_non_null(strstr(f->complaints->list[0].text[LANGUAGE_EN], "\"flue-analyser\""));
    assert_non_null(strstr(f->complaints->list[0].text[LANGUAGE_EN], "cn-gas6in1"));
}

/* --- how it is said ------------------------------------------------------------------------------------------------- */

static const struct complaint *complaint_of(const struct complaints *complaints, const char *code)
{
    for (size_t i = 0; i < complaints->count; i++)
        if (strcmp(complaints->list[i].code, code) == 0)
            return &complaints->list[i];
    fail_msg("no complaint %s", code);
    return &complaints->list[0];
}

static void complaints_are_printed_in_both_languages(void **state)
{
    struct fixture *f = *state;
    char line[512];
    load_text(f, "{\"gateway\":{\"id\":\"g\"},\"buses\":[{\"id\":\"b\",\"link\":\"tcp\",\"hots\":\"h\"}]}");
    const struct complaint *complaint = complaint_of(f->complaints, "unknown_key");
    complaint_print(complaint, LANGUAGE_EN, line, sizeof line);
    assert_string_equal(
        line, "site.json:1:55: error: buses[0].hots: there is no key \"hots\" here; did you mean \"host\"?\n");
    complaint_print(complaint, LANGUAGE_ZH, line, sizeof line);
    assert_string_equal(line, "site.json:1:55: 错误: buses[0].hots: 这里没有 \"hots\" 这个键；是不是想写 \"host\"？\n");
    for (size_t size = 2; size < 80; size++) { /* cut, but always a line of whole characters */
        complaint_print(complaint, LANGUAGE_ZH, line, size);
        assert_true(strlen(line) < size && line[strlen(line) - 1] == '\n');
    }
}

/* An alarm id holds points, so it is quoted in the path. */
static void paths_name_the_place(void **state)
{
    struct fixture *f = *state;
    load_text(f, "{\"gateway\":{\"id\":\"g\"},\"devices\":[{\"id\":\"d\",\"class\":\"generic\",\"alarms\":{\"a.b\":{"
                 "\"kind\":\"hi\"}}}]}");
    assert_string_equal(complaint_of(f->complaints, "needs_key")->path, "devices[0].alarms[\"a.b\"]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(good_files_load, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_files_are_explained, set_up, tear_down),
        cmocka_unit_test_setup_teardown(odd_bytes_get_sentences, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_sentence_is_brought_about, set_up, tear_down),
        cmocka_unit_test_setup_teardown(windows_files_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hostile_files_get_sentences, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_mistakes_are_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(truncated_and_damaged_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(memory_ends_with_a_sentence, set_up, tear_down),
        cmocka_unit_test_setup_teardown(files_that_cannot_be_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_example_is_what_it_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(subjects_and_rules_are_grouped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(alarms_of_a_centre_can_be_changed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(values_are_merged_and_converted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_only_detector_of_a_zone_fails_gravely, set_up, tear_down),
        cmocka_unit_test_setup_teardown(dates_are_alarms_in_four_stages, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_smallest_file_is_what_it_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_contracts_example, set_up, tear_down),
        cmocka_unit_test_setup_teardown(complaints_are_printed_in_both_languages, set_up, tear_down),
        cmocka_unit_test_setup_teardown(paths_name_the_place, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
