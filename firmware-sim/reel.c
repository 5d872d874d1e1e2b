#include "firmware-sim/reel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define END_SIZE 64 /* room for the last line is always kept */

static const char *error_text(void)
{
    return strerror(errno); /* NOLINT(concurrency-mt-unsafe): one thread */
}

static void stop(struct reel *reel, const char *what)
{
    if (!reel->full)
        text_add(sentence_init(&reel->trouble), "%.300s: %s", reel->path, what);
    reel->full = true;
}

static void break_down(struct reel *reel)
{
    stop(reel, error_text());
    reel->broken = true;
}

static void write_line(struct reel *reel, const struct text *line)
{
    size_t done = 0;
    while (done < line->used && !reel->broken) {
        ssize_t written = write(reel->fd, line->bytes + done, line->used - done);
        if (written < 0 && errno != EINTR)
            break_down(reel);
        done += written > 0 ? (size_t)written : 0;
    }
    reel->size += done;
}

bool reel_open(struct reel *reel, const char *path, const struct recording_head *head, struct pool *pool,
               struct text *why)
{
    char bytes[RECORDING_LINE_MAX];
    struct text line;
    *reel = (struct reel){.path = path, .image = pool_take(pool, 1, sizeof *reel->image)};
    reel->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (reel->fd < 0 && errno == EEXIST)
        return text_refuse(why, "%s is there already; give another name or remove it", path);
    if (reel->fd < 0)
        return text_refuse(why, "%s: %s", path, error_text());
    text_init(&line, bytes, sizeof bytes);
    recording_print_head(head, &line);
    write_line(reel, &line);
    return !reel->broken || text_refuse(why, "%s", reel->trouble.bytes);
}

static void write_change(void *self, const struct finding *news)
{
    struct reel *reel = self;
    char bytes[RECORDING_LINE_MAX];
    struct text line;
    text_init(&line, bytes, sizeof bytes);
    recording_print_change(reel->ms, news, &line);
    if (reel->size + line.used + END_SIZE > RECORDING_SIZE_MAX) {
        stop(reel, "the recording is as large as one may be; record less often or fewer registers");
        return;
    }
    write_line(reel, &line);
    reel->changes++;
}

void reel_take(struct reel *reel, int64_t ms, const struct finding *finding)
{
    reel->ms = ms > reel->ms ? ms : reel->ms;
    if (reel->ms > RECORDING_MS_MAX)
        stop(reel, "a recording is at most 31 days long");
    if (reel->full)
        return;
    image_compare(reel->image, finding, write_change, reel);
    image_apply(reel->image, finding);
}

void reel_end(struct reel *reel, int64_t ms)
{
    char bytes[END_SIZE];
    struct text line;
    reel->ms = ms > reel->ms ? ms : reel->ms;
    text_init(&line, bytes, sizeof bytes);
    recording_print_end(reel->ms < RECORDING_MS_MAX ? reel->ms : RECORDING_MS_MAX, &line);
    write_line(reel, &line);
    if (fsync(reel->fd) != 0 && errno != EINVAL && errno != EROFS)
        break_down(reel);
}

void reel_close(struct reel *reel)
{
    if (reel->fd >= 0)
        (void)close(reel->fd);
    reel->fd = -1;
}
