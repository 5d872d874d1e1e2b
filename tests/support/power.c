#include "tests/support/power.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/test.h"

#define FILES_MAX 64
#define NAMES_MAX 16
#define SECTOR    512

struct bytes {
    unsigned char *at;
    size_t size;
    size_t max;
};

struct naming {
    char name[DISK_NAME_MAX];
    uint32_t file;
};

struct safe_file {
    struct bytes content; /* what is synced */
    const struct disk_event **pending;
    size_t pending_count;
    size_t pending_max;
};

struct power {
    const struct disk_log *log;
    size_t next;
    struct safe_file files[FILES_MAX];
    struct naming names[NAMES_MAX]; /* synced */
    size_t name_count;
    const struct disk_event *renamed[NAMES_MAX * 8]; /* since */
    size_t renamed_count;
};

/* --- bytes --- */

static void resize(struct bytes *bytes, size_t size)
{
    if (size > bytes->max) {
        bytes->max = size * 2;
        bytes->at = realloc(bytes->at, bytes->max);
        assert_non_null(bytes->at);
    }
    if (size > bytes->size)
        memset(bytes->at + bytes->size, 0, size - bytes->size);
    bytes->size = size;
}

static void put(struct bytes *bytes, uint64_t at, const unsigned char *from, size_t size)
{
    if (at + size > bytes->size)
        resize(bytes, at + size);
    memcpy(bytes->at + at, from, size);
}

/* An event, or those of its sectors that got there. */
static void apply(struct bytes *bytes, const struct disk_event *event, struct dice *dice, int keep_per_mille)
{
    if (event->kind == DISK_TRUNCATE) {
        if (dice == NULL || dice_chance(dice, keep_per_mille))
            resize(bytes, event->at);
        return;
    }
    if (dice == NULL) {
        put(bytes, event->at, event->bytes, event->size);
        return;
    }
    for (size_t done = 0; done < event->size;) {
        size_t const left = SECTOR - (event->at + done) % SECTOR;
        size_t const size = left < event->size - done ? left : event->size - done;
        if (dice_chance(dice, keep_per_mille))
            put(bytes, event->at + done, event->bytes + done, size);
        done += size;
    }
}

/* --- names --- */

static void set_name(struct naming *names, size_t *count, const struct disk_event *event)
{
    size_t i = 0;
    while (i < *count && strcmp(names[i].name, event->name) != 0)
        i++;
    assert_true(i < NAMES_MAX);
    memcpy(names[i].name, event->name, sizeof names[i].name);
    names[i].file = event->file;
    if (i == *count)
        (*count)++;
}

/* --- playing --- */

void power_close(struct power *power)
{
    for (size_t i = 0; i < FILES_MAX; i++) {
        free(power->files[i].content.at);
        free(power->files[i].pending);
    }
    free(power);
}

static void add_pending(struct safe_file *file, const struct disk_event *event)
{
    if (file->pending_count == file->pending_max) {
        file->pending_max = file->pending_max > 0 ? file->pending_max * 2 : 64;
        file->pending = realloc(file->pending, file->pending_max * sizeof(const struct disk_event *));
        assert_non_null(file->pending);
    }
    file->pending[file->pending_count++] = event;
}

bool power_next(struct power *power, const struct disk_event **ret_event)
{
    if (power->next == power->log->count)
        return false;
    const struct disk_event *event = &power->log->events[power->next++];
    assert_true(event->file < FILES_MAX);
    struct safe_file *file = &power->files[event->file];
    switch (event->kind) {
    case DISK_WRITE:
    case DISK_TRUNCATE:
        add_pending(file, event);
        break;
    case DISK_SYNC:
        for (size_t i = 0; i < file->pending_count; i++)
            apply(&file->content, file->pending[i], NULL, 0);
        file->pending_count = 0;
        break;
    case DISK_LOSS:
        file->pending_count = 0;
        break;
    case DISK_NAME:
        assert_true(power->renamed_count < sizeof power->renamed / sizeof power->renamed[0]);
        power->renamed[power->renamed_count++] = event;
        break;
    case DISK_SYNC_DIR:
        for (size_t i = 0; i < power->renamed_count; i++)
            set_name(power->names, &power->name_count, power->renamed[i]);
        power->renamed_count = 0;
        break;
    case DISK_MARK:
        break;
    }
    *ret_event = event;
    return true;
}

struct power *power_open(const struct disk_log *log)
{
    struct power *power = calloc(1, sizeof *power);
    assert_non_null(power);
    power->log = log;
    const struct disk_event *event; /* what was there before the record began cannot be cut */
    while (power_next(power, &event) && event->kind != DISK_SYNC_DIR)
        ;
    return power;
}

/* --- cutting --- */

static void empty_dir(const char *dir)
{
    char path[512];
    DIR *open_dir = opendir(dir);
    assert_non_null(open_dir);
    for (struct dirent *entry; (entry = readdir(open_dir)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        assert_int_equal(unlink(path), 0);
    }
    (void)closedir(open_dir);
}

static void write_file(const struct safe_file *file, enum power_cut how, struct dice *dice, const char *path)
{
    struct bytes image = {NULL, 0, 0};
    static const int chances[] = {100, 500, 900};
    int const keep = how == POWER_TORN ? chances[dice_between(dice, 0, 2)] : 0;
    resize(&image, file->content.size);
    if (file->content.size > 0)
        memcpy(image.at, file->content.at, file->content.size);
    for (size_t i = 0; how != POWER_NONE_KEPT && i < file->pending_count; i++)
        apply(&image, file->pending[i], how == POWER_TORN ? dice : NULL, keep);
    int const fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0640);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, image.at, image.size), (ssize_t)image.size);
    (void)close(fd);
    free(image.at);
}

void power_cut(const struct power *power, enum power_cut how, struct dice *dice, const char *dir)
{
    char path[1024];
    struct naming names[NAMES_MAX];
    size_t count = power->name_count;
    size_t renamed = how == POWER_ALL_KEPT ? power->renamed_count : 0;
    if (how == POWER_TORN)
        renamed = (size_t)dice_between(dice, 0, (int64_t)power->renamed_count);
    memcpy(names, power->names, sizeof names);
    for (size_t i = 0; i < renamed; i++)
        set_name(names, &count, power->renamed[i]);
    empty_dir(dir);
    for (size_t i = 0; i < count; i++) {
        if (names[i].file == 0)
            continue;
        (void)snprintf(path, sizeof path, "%s/%.*s", dir, DISK_NAME_MAX, names[i].name);
        write_file(&power->files[names[i].file], how, dice, path);
    }
}
