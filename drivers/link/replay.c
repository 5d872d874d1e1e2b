#include "drivers/link/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/link/recording.h"
#include "gateway/base/check.h"
#include "gateway/base/clock.h"

#define REMARK_SIZE               512
#define CHARACTER_BITS            11 /* on the line, at most */
#define EXCEPTION_NO_FUNCTION     1
#define EXCEPTION_NO_SUCH_ADDRESS 2

struct replay {
    const struct site_bus *bus;
    uint8_t *file; /* NULL: not read yet */
    struct recording recording;
    bool open;
    bool busy;
    enum frame_echo echo;
    uint8_t exception;                   /* busy: of our own making; 0 none */
    const struct recording_piece *piece; /* busy: the next to come */
    size_t piece_count;
    int64_t sent_mono_us;
    int64_t deadline_mono_us;
    struct framer framer;
    char remark[REMARK_SIZE];
};

/* The file. */

static enum err say_system(struct text *said)
{
    char why[128];
    text_put(said, strerror_r(errno, why, sizeof why));
    return ERR_IO;
}

static enum err read_bytes(int fd, uint8_t *bytes, size_t size, struct text *said)
{
    for (size_t used = 0; used < size;) {
        ssize_t const got = read(fd, bytes + used, size - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return say_system(said);
        if (got == 0) {
            text_put(said, "became shorter while it was read");
            return ERR_IO;
        }
        used += (size_t)got;
    }
    return ERR_OK;
}

static enum err read_file(int fd, uint8_t **ret_bytes, size_t *ret_size, struct text *said)
{
    struct stat stat_of;
    if (fstat(fd, &stat_of) != 0)
        return say_system(said);
    if (!S_ISREG(stat_of.st_mode) || (uint64_t)stat_of.st_size > RECORDING_SIZE_MAX) {
        text_put(said, S_ISREG(stat_of.st_mode) ? "is larger than 64 MiB; cut it with editcap" : "is no file");
        return ERR_FORMAT;
    }
    size_t const size = (size_t)stat_of.st_size;
    uint8_t *bytes = malloc(size + 1);
    if (bytes == NULL) {
        text_put(said, "needs more memory than there is");
        return ERR_MEMORY;
    }
    enum err err = read_bytes(fd, bytes, size, said);
    if (err != ERR_OK) {
        free(bytes);
        return err;
    }
    *ret_bytes = bytes;
    *ret_size = size;
    return ERR_OK;
}

static enum err load(struct replay *replay, struct text *said)
{
    size_t size = 0;
    uint8_t *bytes = NULL;
    int const fd = open(replay->bus->file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return say_system(said);
    enum err err = read_file(fd, &bytes, &size, said);
    (void)close(fd);
    if (err == ERR_OK)
        err = recording_open(&replay->recording, bytes, size, said);
    if (err != ERR_OK) {
        free(bytes);
        return err;
    }
    replay->file = bytes;
    framer_init(&replay->framer, replay->recording.kind);
    return ERR_OK;
}

/* The door. */

static void close_replay(void *self)
{
    struct replay *replay = self;
    replay->open = replay->busy = false;
}

/* Opened again it goes on where it was: the past does not come back because a line is reopened. */
static enum err open_replay(void *self, int64_t mono_us)
{
    struct replay *replay = self;
    struct text said;
    (void)mono_us;
    close_replay(replay);
    text_init(&said, replay->remark, sizeof replay->remark);
    text_put(&said, replay->bus->file);
    text_put(&said, ": ");
    enum err err = replay->file == NULL ? load(replay, &said) : ERR_OK;
    if (err != ERR_OK)
        return err;
    int64_t const took_us = replay->recording.last_utc_us - replay->recording.first_utc_us;
    text_put_format(&said, "plays back %zu exchanges of %" PRId64 " s", replay->recording.exchange_count,
                    took_us / 1000000);
    replay->open = true;
    return ERR_OK;
}

static int64_t on_the_line_us(const struct replay *replay, size_t size)
{
    bool const line = replay->recording.kind == FRAME_RTU && replay->bus->baud > 0;
    return line ? (int64_t)size * CHARACTER_BITS * 1000000 / replay->bus->baud : 0;
}

static bool is_read(const struct link_request *request)
{
    return request->function >= LINK_READ_COILS && request->function <= LINK_READ_INPUT;
}

static enum err start(void *self, const struct link_request *request, int64_t mono_us)
{
    struct replay *replay = self;
    if (!replay->open)
        return ERR_CLOSED;
    if (replay->busy)
        return ERR_BUSY;
    if (!frame_request_is_valid(request, replay->recording.kind))
        return ERR_ARGUMENT;
    const struct recording_exchange *exchange = is_read(request) ? recording_take(&replay->recording, request) : NULL;
    replay->exception = 0;
    replay->piece_count = 0;
    if (exchange != NULL) {
        replay->piece = replay->recording.pieces + exchange->piece_first;
        replay->piece_count = exchange->piece_count;
    } else if (!is_read(request)) {
        replay->exception = EXCEPTION_NO_FUNCTION;
    } else if (replay->recording.units[request->unit]) {
        replay->exception = EXCEPTION_NO_SUCH_ADDRESS;
    }
    framer_init(&replay->framer, replay->recording.kind);
    framer_expect(&replay->framer, request, exchange != NULL ? exchange->transaction : 0, replay->echo);
    replay->busy = true;
    replay->sent_mono_us = mono_us;
    replay->deadline_mono_us =
        mono_us + on_the_line_us(replay, replay->framer.request_size) + (int64_t)request->timeout_ms * 1000;
    return ERR_OK;
}

static enum link_progress finish(struct replay *replay, enum err err, int64_t mono_us, struct link_reply *ret_reply,
                                 enum err *ret_err)
{
    struct framer *framer = &replay->framer;
    enum frame_echo const learned = framer_learned_echo(framer, err == ERR_OK || err == ERR_EXCEPTION);
    if (learned != ECHO_UNKNOWN && replay->exception == 0)
        replay->echo = learned;
    replay->busy = false;
    ret_reply->sent_mono_us = replay->sent_mono_us;
    ret_reply->done_mono_us = mono_us;
    framer_report(framer, ret_reply);
    if (err == ERR_OK)
        return LINK_DONE;
    *ret_err = err;
    return LINK_FAILED;
}

/* Everything that is due by now, until it is an answer. */
static enum frame_state hear(struct replay *replay, int64_t mono_us, struct link_reply *ret_reply)
{
    enum frame_state state = FRAME_MORE;
    while (state == FRAME_MORE && replay->piece_count > 0 &&
           replay->sent_mono_us + replay->piece->after_us <= mono_us) {
        const struct recording_piece *piece = replay->piece;
        for (size_t at = 0; at < piece->size && state == FRAME_MORE; at += FRAME_FEED_MAX) {
            size_t const left = piece->size - at;
            state = framer_feed(&replay->framer, piece->bytes + at, left < FRAME_FEED_MAX ? left : FRAME_FEED_MAX,
                                ret_reply);
        }
        ret_reply->characters += (uint32_t)piece->size;
        replay->piece++;
        replay->piece_count--;
    }
    return state;
}

static enum err nothing_came(struct replay *replay)
{
    framer_end(&replay->framer);
    return replay->framer.junk > 0 ? ERR_GARBLED : ERR_TIMEOUT;
}

static enum link_progress poll_replay(void *self, int64_t mono_us, struct link_reply *ret_reply, enum err *ret_err,
                                      int64_t *ret_next_mono_us)
{
    struct replay *replay = self;
    *ret_next_mono_us = CLOCK_NEVER;
    if (!replay->busy)
        return LINK_IDLE;
    if (replay->exception != 0) {
        ret_reply->exception = replay->exception;
        return finish(replay, ERR_EXCEPTION, mono_us, ret_reply, ret_err);
    }
    enum frame_state const state =
        hear(replay, mono_us < replay->deadline_mono_us ? mono_us : replay->deadline_mono_us, ret_reply);
    if (state == FRAME_REPLY)
        return finish(replay, ERR_OK, mono_us, ret_reply, ret_err);
    if (state == FRAME_EXCEPTION)
        return finish(replay, ERR_EXCEPTION, mono_us, ret_reply, ret_err);
    if (state == FRAME_BROKEN)
        return finish(replay, ERR_GARBLED, mono_us, ret_reply, ret_err);
    if (mono_us >= replay->deadline_mono_us)
        return finish(replay, nothing_came(replay), mono_us, ret_reply, ret_err);
    int64_t const due_mono_us = replay->piece_count > 0 ? replay->sent_mono_us + replay->piece->after_us : CLOCK_NEVER;
    *ret_next_mono_us = due_mono_us < replay->deadline_mono_us ? due_mono_us : replay->deadline_mono_us;
    return LINK_WAIT;
}

static int fd(void *self)
{
    (void)self;
    return -1; /* everything is known: only the clock has to go on */
}

static bool gone(void *self, int *ret_fd)
{
    (void)self;
    *ret_fd = -1;
    return false;
}

static void destroy(void *self)
{
    struct replay *replay = self;
    recording_close(&replay->recording);
    free(replay->file);
    free(replay);
}

static const char *remark(void *self)
{
    const struct replay *replay = self;
    return replay->remark;
}

enum err replay_make(const struct site_bus *bus, struct link *ret_link)
{
    static const struct link_ops ops = {
        .open = open_replay,
        .close = close_replay,
        .start = start,
        .poll = poll_replay,
        .fd = fd,
        .destroy = destroy,
        .remark = remark,
        .gone = gone,
    };
    struct replay *replay = calloc(1, sizeof *replay);
    if (replay == NULL)
        return ERR_MEMORY;
    replay->bus = bus;
    *ret_link = (struct link){.ops = &ops, .self = replay};
    return ERR_OK;
}
