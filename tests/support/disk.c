#include "tests/support/disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/test.h"

#define NAMES_MAX 16

struct file { /* what SQLite holds; the machine's own file lies behind it */
    sqlite3_file base;
    sqlite3_file *real;
    char path[256];
    bool recorded;
    uint32_t number;
    bool sync_dir; /* the first sync of a new log syncs its directory too, as SQLite's own VFS does */
};

struct name {
    char name[DISK_NAME_MAX];
    ino_t inode;
    uint32_t file;
};

static struct {
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
    sqlite3_io_methods methods;
    char dir[256]; /* "" nothing is recorded */
    struct disk_log log;
    struct name names[NAMES_MAX];
    size_t name_count;
    uint32_t file_count;
    bool weak;
    bool failing;
    enum disk_fault fault;
    char part[64];
    char filler[256]; /* DISK_FULL: while this file is there; "" for good */
    uint64_t room;
    unsigned lose_sync;
    void (*on_sync)(void *context);
    void *on_sync_context;
    uint64_t bytes;
    uint64_t syncs;
} disk;

/* --- the record --- */

static struct disk_event *add_event(enum disk_event_kind kind)
{
    if (disk.log.count == disk.log.max) {
        disk.log.max = disk.log.max > 0 ? disk.log.max * 2 : 1024;
        disk.log.events = realloc(disk.log.events, disk.log.max * sizeof *disk.log.events);
        assert_non_null(disk.log.events);
    }
    struct disk_event *event = &disk.log.events[disk.log.count++];
    *event = (struct disk_event){.kind = kind};
    return event;
}

static struct name *find_name(const char *name)
{
    for (size_t i = 0; i < disk.name_count; i++)
        if (strcmp(disk.names[i].name, name) == 0)
            return &disk.names[i];
    return NULL;
}

static uint32_t number_of(ino_t inode)
{
    for (size_t i = 0; i < disk.name_count; i++)
        if (disk.names[i].inode == inode)
            return disk.names[i].file;
    return ++disk.file_count;
}

static void put_name(const char *name, ino_t inode, uint32_t number)
{
    struct name *known = find_name(name);
    if (known != NULL && known->inode == inode)
        return;
    if (known == NULL) {
        assert_true(disk.name_count < NAMES_MAX && strlen(name) < DISK_NAME_MAX);
        known = &disk.names[disk.name_count++];
        (void)snprintf(known->name, sizeof known->name, "%s", name);
    }
    known->inode = inode;
    known->file = number;
    struct disk_event *event = add_event(DISK_NAME);
    event->file = number;
    (void)snprintf(event->name, sizeof event->name, "%s", name);
}

/* Index and lock are made anew after a power cut. */
static bool is_of_interest(const char *name)
{
    size_t const size = strlen(name);
    return name[0] != '.' && strcmp(name, "lock") != 0 && (size < 4 || strcmp(name + size - 4, "-shm") != 0);
}

/* Compares the directory with what was known: so it sees what the product does without SQLite too. */
static void look_at_names(void)
{
    bool seen[NAMES_MAX] = {false};
    DIR *dir = opendir(disk.dir);
    if (dir == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (!is_of_interest(entry->d_name))
            continue;
        put_name(entry->d_name, entry->d_ino, number_of(entry->d_ino));
        seen[find_name(entry->d_name) - disk.names] = true;
    }
    (void)closedir(dir);
    for (size_t i = 0; i < disk.name_count; i++)
        if (!seen[i] && disk.names[i].inode != 0)
            put_name(disk.names[i].name, 0, 0);
}

static void add_write(uint32_t number, uint64_t at, const void *bytes, size_t size)
{
    unsigned char *copy = malloc(size);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    struct disk_event *event = add_event(DISK_WRITE);
    event->file = number;
    event->at = at;
    event->size = size;
    event->bytes = copy;
}

/* A file that was there before, as if it had been written and synced. */
static void add_present(const struct name *name)
{
    char path[sizeof disk.dir + DISK_NAME_MAX + 1];
    char bytes[65536];
    ssize_t got;
    uint64_t at = 0;
    (void)snprintf(path, sizeof path, "%s/%s", disk.dir, name->name);
    int const fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    for (; (got = read(fd, bytes, sizeof bytes)) > 0; at += (uint64_t)got)
        add_write(name->file, at, bytes, (size_t)got);
    (void)close(fd);
    add_event(DISK_SYNC)->file = name->file;
}

void disk_record(const char *dir)
{
    assert_true(disk.dir[0] == '\0');
    (void)snprintf(disk.dir, sizeof disk.dir, "%s", dir);
    disk.log = (struct disk_log){0};
    disk.name_count = 0;
    disk.file_count = 0;
    look_at_names();
    for (size_t i = 0; i < disk.name_count; i++)
        add_present(&disk.names[i]);
    (void)add_event(DISK_SYNC_DIR);
}

void disk_mark(uint64_t a, uint64_t b)
{
    if (disk.dir[0] == '\0')
        return;
    struct disk_event *event = add_event(DISK_MARK);
    event->mark[0] = a;
    event->mark[1] = b;
}

struct disk_log disk_recorded(void)
{
    struct disk_log log = disk.log;
    disk.dir[0] = '\0';
    disk.log = (struct disk_log){0};
    return log;
}

void disk_forget(struct disk_log *log)
{
    for (size_t i = 0; i < log->count; i++)
        free((void *)(uintptr_t)log->events[i].bytes);
    free(log->events);
    *log = (struct disk_log){0};
}

/* --- what goes wrong --- */

void disk_fail(enum disk_fault fault, const char *part)
{
    disk.failing = true;
    disk.fault = fault;
    disk.filler[0] = '\0';
    disk.room = 0;
    (void)snprintf(disk.part, sizeof disk.part, "%s", part != NULL ? part : "");
}

void disk_fill(const char *file, uint64_t room)
{
    disk_fail(DISK_FULL, NULL);
    (void)snprintf(disk.filler, sizeof disk.filler, "%s", file);
    disk.room = room;
}

void disk_heal(void)
{
    disk.failing = false;
}

void disk_lose_sync(unsigned count)
{
    disk.lose_sync = count;
}

void disk_on_sync(void (*called)(void *context), void *context)
{
    disk.on_sync = called;
    disk.on_sync_context = context;
}

static bool fails(const char *path)
{
    return disk.failing && strstr(path, disk.part) != NULL;
}

uint64_t disk_bytes(void)
{
    return disk.bytes;
}

uint64_t disk_syncs(void)
{
    return disk.syncs;
}

/* --- a file --- */

static struct file *file_of(sqlite3_file *base)
{
    void *at = base;
    return at;
}

static sqlite3_file *real_of(sqlite3_file *base)
{
    return file_of(base)->real;
}

static int x_close(sqlite3_file *base)
{
    return real_of(base)->pMethods->xClose(real_of(base));
}

static int x_read(sqlite3_file *base, void *bytes, int size, sqlite3_int64 at)
{
    return real_of(base)->pMethods->xRead(real_of(base), bytes, size, at);
}

static int take_room(uint64_t size)
{
    struct stat status;
    if (disk.filler[0] == '\0' || stat(disk.filler, &status) == 0 || size > disk.room)
        return SQLITE_FULL;
    disk.room -= size;
    return SQLITE_OK;
}

static int write_fault(const struct file *file, sqlite3_int64 end)
{
    sqlite3_int64 size = 0;
    if (!fails(file->path))
        return SQLITE_OK;
    switch (disk.fault) {
    case DISK_FULL:
        (void)file->real->pMethods->xFileSize(file->real, &size);
        return end > size ? take_room((uint64_t)(end - size)) : SQLITE_OK;
    case DISK_DEAD:
        return SQLITE_IOERR_WRITE;
    case DISK_READ_ONLY:
        return SQLITE_READONLY;
    case DISK_GARBLED:
        return SQLITE_CORRUPT;
    }
    return SQLITE_OK;
}

/* Where the journal goes when it must not or cannot write. */
static bool is_memory(const char *path)
{
    return strncmp(path, "/dev/shm/", sizeof "/dev/shm/" - 1) == 0;
}

static int x_write(sqlite3_file *base, const void *bytes, int size, sqlite3_int64 at)
{
    struct file *file = file_of(base);
    int const fault = write_fault(file, at + size);
    if (fault != SQLITE_OK)
        return fault;
    int const code = file->real->pMethods->xWrite(file->real, bytes, size, at);
    disk.bytes += is_memory(file->path) ? 0 : (uint64_t)size;
    if (code == SQLITE_OK && file->recorded && disk.dir[0] != '\0') {
        look_at_names();
        add_write(file->number, (uint64_t)at, bytes, (size_t)size);
    }
    return code;
}

static int x_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    struct file *file = file_of(base);
    int const code = file->real->pMethods->xTruncate(file->real, size);
    if (code == SQLITE_OK && file->recorded && disk.dir[0] != '\0') {
        struct disk_event *event = add_event(DISK_TRUNCATE);
        event->file = file->number;
        event->at = (uint64_t)size;
    }
    return code;
}

static int x_sync(sqlite3_file *base, int flags)
{
    struct file *file = file_of(base);
    (void)flags;
    disk.syncs++;
    if (disk.on_sync != NULL)
        disk.on_sync(disk.on_sync_context);
    if (fails(file->path) && disk.fault == DISK_DEAD)
        return SQLITE_IOERR_FSYNC;
    if (!file->recorded || disk.dir[0] == '\0')
        return SQLITE_OK;
    if (disk.lose_sync > 0 && --disk.lose_sync == 0) {
        add_event(DISK_LOSS)->file = file->number;
        return SQLITE_IOERR_FSYNC;
    }
    add_event(DISK_SYNC)->file = file->number;
    if (file->sync_dir) {
        look_at_names();
        (void)add_event(DISK_SYNC_DIR);
        file->sync_dir = false;
    }
    return SQLITE_OK;
}

static int x_file_size(sqlite3_file *base, sqlite3_int64 *size)
{
    return real_of(base)->pMethods->xFileSize(real_of(base), size);
}

static int x_lock(sqlite3_file *base, int level)
{
    return real_of(base)->pMethods->xLock(real_of(base), level);
}

static int x_unlock(sqlite3_file *base, int level)
{
    return real_of(base)->pMethods->xUnlock(real_of(base), level);
}

static int x_check_lock(sqlite3_file *base, int *reserved)
{
    return real_of(base)->pMethods->xCheckReservedLock(real_of(base), reserved);
}

static int x_control(sqlite3_file *base, int operation, void *argument)
{
    if (disk.weak && operation == SQLITE_FCNTL_PRAGMA) {
        char *const *pragma = argument;
        if (sqlite3_stricmp(pragma[1], "synchronous") == 0 && pragma[2] != NULL &&
            sqlite3_stricmp(pragma[2], "FULL") == 0)
            return SQLITE_OK; /* taken, and nothing done */
    }
    return real_of(base)->pMethods->xFileControl(real_of(base), operation, argument);
}

static int x_sector(sqlite3_file *base)
{
    return real_of(base)->pMethods->xSectorSize(real_of(base));
}

static int x_device(sqlite3_file *base)
{
    return real_of(base)->pMethods->xDeviceCharacteristics(real_of(base));
}

static int x_shm_map(sqlite3_file *base, int region, int size, int extend, void volatile **at)
{
    return real_of(base)->pMethods->xShmMap(real_of(base), region, size, extend, at);
}

static int x_shm_lock(sqlite3_file *base, int offset, int count, int flags)
{
    return real_of(base)->pMethods->xShmLock(real_of(base), offset, count, flags);
}

static void x_shm_barrier(sqlite3_file *base)
{
    real_of(base)->pMethods->xShmBarrier(real_of(base));
}

static int x_shm_unmap(sqlite3_file *base, int delete)
{
    return real_of(base)->pMethods->xShmUnmap(real_of(base), delete);
}

/* --- the VFS --- */

static int x_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *base, int flags, int *ret_flags)
{
    struct file *file = file_of(base);
    struct stat status;
    void *behind = file + 1;
    (void)vfs;
    memset(file, 0, sizeof *file);
    bool const existed = path != NULL && stat(path, &status) == 0;
    if (path != NULL && !existed && fails(path) && disk.fault != DISK_FULL)
        return SQLITE_CANTOPEN;
    file->real = behind;
    int const code = disk.real->xOpen(disk.real, path, file->real, flags, ret_flags);
    if (code != SQLITE_OK)
        return code;
    base->pMethods = &disk.methods;
    (void)snprintf(file->path, sizeof file->path, "%s", path != NULL ? path : "");
    size_t const dir_size = strlen(disk.dir);
    if (path != NULL && dir_size > 0 && strncmp(path, disk.dir, dir_size) == 0 && stat(path, &status) == 0) {
        look_at_names();
        file->recorded = true;
        file->number = number_of(status.st_ino);
        file->sync_dir =
            (flags & SQLITE_OPEN_CREATE) != 0 && (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0;
    }
    return SQLITE_OK;
}

static int x_delete(sqlite3_vfs *vfs, const char *path, int sync_dir)
{
    (void)vfs;
    int const code = disk.real->xDelete(disk.real, path, 0);
    if (disk.dir[0] != '\0' && strncmp(path, disk.dir, strlen(disk.dir)) == 0) {
        look_at_names();
        if (sync_dir)
            (void)add_event(DISK_SYNC_DIR);
    }
    return code;
}

static int weaken_connection(sqlite3 *db, char **error, const void *api)
{
    (void)error;
    (void)api;
    return disk.weak ? sqlite3_exec(db, "PRAGMA synchronous=NORMAL", NULL, NULL, NULL) : SQLITE_OK;
}

void disk_weaken(bool on)
{
    disk.weak = on;
}

void disk_install(void)
{
    disk.real = sqlite3_vfs_find(NULL);
    assert_non_null(disk.real);
    disk.vfs = *disk.real;
    disk.vfs.zName = "test-disk";
    disk.vfs.pNext = NULL;
    disk.vfs.szOsFile = (int)sizeof(struct file) + disk.real->szOsFile;
    disk.vfs.xOpen = x_open;
    disk.vfs.xDelete = x_delete;
    disk.methods = (sqlite3_io_methods){.iVersion = 2,
                                        .xClose = x_close,
                                        .xRead = x_read,
                                        .xWrite = x_write,
                                        .xTruncate = x_truncate,
                                        .xSync = x_sync,
                                        .xFileSize = x_file_size,
                                        .xLock = x_lock,
                                        .xUnlock = x_unlock,
                                        .xCheckReservedLock = x_check_lock,
                                        .xFileControl = x_control,
                                        .xSectorSize = x_sector,
                                        .xDeviceCharacteristics = x_device,
                                        .xShmMap = x_shm_map,
                                        .xShmLock = x_shm_lock,
                                        .xShmBarrier = x_shm_barrier,
                                        .xShmUnmap = x_shm_unmap};
    assert_int_equal(sqlite3_vfs_register(&disk.vfs, 1), SQLITE_OK);
    assert_int_equal(sqlite3_auto_extension((void (*)(void))weaken_connection), SQLITE_OK);
}

static int select_rows(sqlite3 *db, const struct disk_query *query)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, query->sql, -1, &statement, NULL);
    while (code == SQLITE_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct disk_row found = {{0}, {NULL}, {0}};
        for (int i = 0; i < sqlite3_column_count(statement) && i < 4; i++) {
            found.number[i] = sqlite3_column_int64(statement, i);
            found.bytes[i] = sqlite3_column_blob(statement, i);
            found.size[i] = (size_t)sqlite3_column_bytes(statement, i);
        }
        query->row(query->context, &found);
        code = SQLITE_OK;
    }
    (void)sqlite3_finalize(statement);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

bool disk_select(const char *path, const struct disk_query *queries, size_t count)
{
    sqlite3 *db = NULL;
    int code = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL);
    for (size_t i = 0; code == SQLITE_OK && i < count; i++)
        code = select_rows(db, &queries[i]);
    (void)sqlite3_close(db);
    return code == SQLITE_OK;
}

bool disk_execute(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    int code = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(db, sql, NULL, NULL, NULL);
    (void)sqlite3_close(db);
    return code == SQLITE_OK;
}
