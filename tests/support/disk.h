/* disk: a SQLite VFS in front of the machine's own, for tests. What the journal does to its files can be written down
 * (for power cuts: see power.h), slowed down, or made to fail. It becomes SQLite's default, so that the product's code is
 * the product's, to the last line. No file is ever really synced: this machine's power stays on.
 *
 * One disk a process; every test program that uses it calls disk_install first and once. */
#ifndef OUTPOST_TESTS_SUPPORT_DISK_H
#define OUTPOST_TESTS_SUPPORT_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISK_NAME_MAX 48

enum disk_event_kind {
    DISK_WRITE,    /* bytes of a file, not yet synced */
    DISK_TRUNCATE, /* to `at` bytes, not yet synced */
    DISK_SYNC,     /* of a file: all of its writes before this are safe */
    DISK_LOSS,     /* of a file: none of its writes before this that are not safe ever will be */
    DISK_NAME,     /* a name now stands for `file` (0: for nothing), not yet synced */
    DISK_SYNC_DIR, /* all names before this are safe */
    DISK_MARK,     /* something the test wrote down itself: disk_mark */
};

struct disk_event {
    enum disk_event_kind kind;
    uint32_t file; /* from 1; the same under whatever name */
    char name[DISK_NAME_MAX];
    uint64_t at;
    size_t size;
    const unsigned char *bytes;
    uint64_t mark[2];
};

struct disk_log {
    struct disk_event *events;
    size_t count;
    size_t max;
};

void disk_install(void);

/* Writes down all that happens to the files of one directory from now on; what is in it already counts as safe. */
void disk_record(const char *dir);
void disk_mark(uint64_t a, uint64_t b);
struct disk_log disk_recorded(void); /* ends it; free with disk_forget */
void disk_forget(struct disk_log *log);

/* The negative control: whatever the product asks for, every connection gets synchronous=NORMAL. */
void disk_weaken(bool on);

/* What goes wrong, with files whose name has `part` in it (NULL: all), until disk_heal. */
enum disk_fault {
    DISK_FULL,      /* no file grows: ENOSPC */
    DISK_DEAD,      /* EIO for every write and sync */
    DISK_READ_ONLY, /* EROFS */
    DISK_GARBLED,   /* SQLite finds the file damaged when it writes */
};
void disk_fail(enum disk_fault fault, const char *part);
/* A full disk with something on it that may go: files grow by `room` bytes in all, as soon as `file` is not there. */
void disk_fill(const char *file, uint64_t room);
void disk_heal(void);
/* The count-th sync from now on, of a recorded file, reports an error, and what it was to make safe is lost, although reading
 * still shows it and the next sync reports nothing: what Linux does (Rebello et al., ATC 2020). 0: none. */
void disk_lose_sync(unsigned count);

/* Called for each sync of a file (a fake clock goes on by what a card needs); NULL: nothing. */
void disk_on_sync(void (*called)(void *context), void *context);

/* Since disk_install: bytes handed to the disk (not to memory in /dev/shm), syncs. */
uint64_t disk_bytes(void);
uint64_t disk_syncs(void);

/* The oracle's own eyes: SELECTs over a file, through a connection of its own. At most four columns, each as a number and as
 * bytes. False: the file cannot be read. */
struct disk_row {
    int64_t number[4];
    const char *bytes[4];
    size_t size[4];
};
struct disk_query {
    const char *sql;
    void (*row)(void *context, const struct disk_row *row);
    void *context;
};
bool disk_select(const char *path, const struct disk_query *queries, size_t count);
/* Changes a file, likewise. */
bool disk_execute(const char *path, const char *sql);

#endif
