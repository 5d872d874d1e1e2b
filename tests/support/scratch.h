/* scratch: a private directory for one test, and its removal. */
#ifndef OUTPOST_TESTS_SUPPORT_SCRATCH_H
#define OUTPOST_TESTS_SUPPORT_SCRATCH_H

#include "tests/support/test.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCRATCH_MAX 64

static inline void scratch_make(char ret_dir[static SCRATCH_MAX])
{
    (void)snprintf(ret_dir, SCRATCH_MAX, "/tmp/outpost-test-XXXXXX");
    assert_non_null(mkdtemp(ret_dir));
}

static inline int scratch_remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    return remove(path);
}

static inline void scratch_remove(const char *dir)
{
    assert_int_equal(nftw(dir, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* A copy as a power cut would leave it: files as they are this moment. False when there is no such file. */
static inline int scratch_copy(const char *from_dir, const char *to_dir, const char *name)
{
    char path[256];
    char bytes[65536];
    ssize_t got;
    (void)snprintf(path, sizeof path, "%s/%s", from_dir, name);
    int from = open(path, O_RDONLY);
    if (from < 0)
        return 0;
    (void)snprintf(path, sizeof path, "%s/%s", to_dir, name);
    int to = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(to >= 0);
    while ((got = read(from, bytes, sizeof bytes)) > 0)
        assert_int_equal(write(to, bytes, (size_t)got), got);
    (void)close(from);
    (void)close(to);
    return 1;
}

#endif
