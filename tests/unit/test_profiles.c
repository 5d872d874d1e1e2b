/* The shipped profiles against their golden files, and the golden files against planted mistakes: there is one for
 * every profile, it names every point, and no mistake in an address, bit, scale, code, condition, order or period
 * gets past it. */
#include "tests/support/test.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/device/classes.h"
#include "gateway/base/check.h"
#include "gateway/core/decode.h"
#include "gateway/site/load.h"
#include "tests/support/golden_profile.h"
#include "tests/support/mutant.h"

#define PROFILES_MAX 128
#define NAME_SIZE    72

struct names {
    char list[PROFILES_MAX][NAME_SIZE];
    size_t count;
};

static int by_text(const void *left, const void *right)
{
    return strcmp(left, right);
}

static void names_in(const char *directory, struct names *names)
{
    DIR *dir = opendir(directory);
    assert_non_null(dir);
    const struct dirent *entry;
    names->count = 0;
    while ((entry = readdir(dir)) != NULL) {
        size_t const length = strlen(entry->d_name);
        if (length <= 5 || strcmp(entry->d_name + length - 5, ".json") != 0)
            continue;
        CHECK(names->count < PROFILES_MAX && length < NAME_SIZE);
        memcpy(names->list[names->count], entry->d_name, length - 5);
        names->list[names->count++][length - 5] = '\0';
    }
    (void)closedir(dir);
    qsort(names->list, names->count, NAME_SIZE, by_text);
}

/* Every profile has a golden file of its name, and the other way round. */
static void every_profile_has_a_golden_file(void **state)
{
    static struct names profiles;
    static struct names goldens;
    (void)state;
    names_in(GOLDEN_PROFILE_DIR, &profiles);
    names_in(GOLDEN_DIR, &goldens);
    assert_true(profiles.count > 0);
    for (size_t i = 0; i < profiles.count && i < goldens.count; i++)
        assert_string_equal(profiles.list[i], goldens.list[i]);
    assert_int_equal(profiles.count, goldens.count);
}

static void every_profile_reads_what_its_map_says(void **state)
{
    static struct names profiles;
    size_t differences = 0;
    (void)state;
    names_in(GOLDEN_PROFILE_DIR, &profiles);
    for (size_t i = 0; i < profiles.count; i++) {
        cJSON *profile = golden_read(GOLDEN_PROFILE_DIR, profiles.list[i]);
        cJSON *golden = golden_read(GOLDEN_DIR, profiles.list[i]);
        if (profile == NULL || golden == NULL) {
            print_message("%s: %s is no JSON\n", profiles.list[i], profile == NULL ? "the profile" : "the golden file");
            differences++;
        } else {
            differences += golden_compare(profiles.list[i], profile, golden, false);
        }
        cJSON_Delete(profile);
        cJSON_Delete(golden);
    }
    assert_int_equal(differences, 0);
}

static bool is_harmless(const cJSON *golden, const char *what)
{
    const cJSON *line;
    cJSON_ArrayForEach(line,
                       cJSON_GetObjectItem(golden, "harmless")) if (strcmp(line->valuestring, what) == 0) return true;
    return false;
}

/* How many mistakes there are in this profile; those that were not caught are printed and counted. */
static size_t plant_mistakes(const char *name, size_t *survivors)
{
    char what[128];
    size_t number = 0;
    cJSON *profile = golden_read(GOLDEN_PROFILE_DIR, name);
    cJSON *golden = golden_read(GOLDEN_DIR, name);
    if (profile == NULL || golden == NULL)
        fail_msg("%s: no profile or no golden file", name);
    for (bool more = true; more; number += more) {
        cJSON *mutant = cJSON_Duplicate(profile, true);
        more = mutant_make(mutant, number, what, sizeof what);
        if (more && golden_compare(name, mutant, golden, true) == 0 && !is_harmless(golden, what)) {
            print_message("%s: not caught: %s\n", name, what);
            (*survivors)++;
        }
        cJSON_Delete(mutant);
    }
    cJSON_Delete(profile);
    cJSON_Delete(golden);
    return number;
}

static void no_mistake_gets_past_a_golden_file(void **state)
{
    static struct names profiles;
    size_t survivors = 0;
    size_t mistakes = 0;
    (void)state;
    names_in(GOLDEN_PROFILE_DIR, &profiles);
    for (size_t i = 0; i < profiles.count; i++)
        mistakes += plant_mistakes(profiles.list[i], &survivors);
    print_message("%zu mistakes planted in %zu profiles, %zu not caught\n", mistakes, profiles.count, survivors);
    assert_true(mistakes > 100);
    assert_int_equal(survivors, 0);
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

/* Registers that stop, start, reset or unlock the equipment: no profile may even name them. */
static void dangerous_registers_are_in_no_profile(void **state)
{
    static const struct {
        const char *profile;
        const char *function;
        int first;
        int last;
    } rows[] = {
        {"siemens-lmv3", "holding", 41, 43},   /* local/remote, timeout, burner on and off */
        {"fireye-burnerpro", "holding", 0, 1}, /* burner on and off, lockout reset */
        {"honeywell-sola", "holding", 203, 203}, {"arkel-arcode", "coil", 5001, 10000},
        {"scale-rs485", "holding", 0, 5}, /* configuration and its lock */
        {"pemtech-pt495", "holding", 6, 6},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        cJSON *profile = golden_read(GOLDEN_PROFILE_DIR, rows[i].profile);
        assert_non_null(profile);
        const cJSON *point;
        cJSON_ArrayForEach(point, cJSON_GetObjectItem(profile, "points"))
        {
            int const address = cJSON_GetObjectItem(point, "address")->valueint;
            bool const same = strcmp(cJSON_GetObjectItem(point, "function")->valuestring, rows[i].function) == 0;
            if (same && address >= rows[i].first && address <= rows[i].last)
                fail_msg("%s: %s", rows[i].profile, point->string);
        }
        cJSON_Delete(profile);
    }
}

/* A site with one slave on the profile that wants to write these points. */
static size_t writable_points(const char *profile, const char *write, char *ret_ids, size_t size)
{
    static const char *const dirs[] = {"config/profiles", NULL};
    static struct complaints complaints;
    struct site_sources const sources = {.classes = &classes, .profile_dirs = dirs};
    struct arena arena;
    const struct site *site = NULL;
    char text[512];
    (void)snprintf(text, sizeof text,
                   "{\"gateway\":{\"id\":\"g\"},\"buses\":[{\"id\":\"b\",\"link\":\"tcp\",\"host\":\"127.0.0.1\"}],"
                   "\"devices\":[{\"id\":\"d\",\"bus\":\"b\",\"unit\":1,\"profile\":\"%s\",\"write\":[%s]}]}",
                   profile, write);
    complaints_init(&complaints);
    arena_init(&arena, (size_t)8 * 1024 * 1024);
    enum err const err = site_load_bytes("test.json", text, strlen(text), &sources, &arena, &complaints, &site);
    size_t count = 0;
    ret_ids[0] = '\0';
    for (size_t i = 0; err == ERR_OK && i < site->slaves[0].point_count; i++) {
        const struct slave_point *point = &site->slaves[0].points[i];
        if (!point->writable)
            continue;
        (void)snprintf(ret_ids + strlen(ret_ids), size - strlen(ret_ids), "%s ", point->id);
        count++;
    }
    arena_close(&arena);
    complaints_close(&complaints);
    return err == ERR_OK ? count : SIZE_MAX;
}

static void only_what_the_write_list_names_is_written(void **state)
{
    char ids[256];
    (void)state;
    assert_int_equal(writable_points("relay-8ch", "", ids, sizeof ids), 0);
    assert_int_equal(writable_points("relay-8ch", "\"relay_3\"", ids, sizeof ids), 1);
    assert_string_equal(ids, "relay_3 ");
    assert_int_equal(writable_points("relay-8ch", "\"input_3\"", ids, sizeof ids), SIZE_MAX); /* an input: refused */
    assert_int_equal(writable_points("relay-4ch", "\"relay_4\",\"relay_1\"", ids, sizeof ids), 2);
    assert_string_equal(ids, "relay_1 relay_4 ");
    assert_int_equal(writable_points("igd-toc635", "", ids, sizeof ids), 0);
    assert_int_equal(writable_points("igd-toc635", "\"cmd_mute_all\"", ids, sizeof ids), 1);
    assert_string_equal(ids, "cmd_mute_all ");
    assert_int_equal(writable_points("arkel-arcode", "\"door_bypass\"", ids, sizeof ids), SIZE_MAX); /* a lift */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_profile_has_a_golden_file),
        cmocka_unit_test(every_profile_reads_what_its_map_says),
        cmocka_unit_test(no_mistake_gets_past_a_golden_file),
        cmocka_unit_test(dangerous_registers_are_in_no_profile),
        cmocka_unit_test(only_what_the_write_list_names_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
