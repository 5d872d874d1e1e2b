#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drivers/uplink/uplinks.h"
#include "gateway/base/text.h"

#define ACKS_MAX  64
#define LINE_SIZE ((size_t)512 * 1024) /* a payload of 64 KB, every byte of it escaped */

struct file_uplink {
    const char *path;
    struct bell *bell;
    int fd;
    bool connected_waits;
    uint64_t acks[ACKS_MAX];
    size_t ack_count;
    char *line;
};

static enum err file_connect(void *self, const struct uplink_options *options)
{
    struct file_uplink *uplink = self;
    (void)options;
    uplink->fd = open(uplink->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (uplink->fd < 0)
        return ERR_IO;
    uplink->connected_waits = true;
    bell_ring(uplink->bell);
    return ERR_OK;
}

static enum err file_publish(void *self, const struct uplink_message *message)
{
    struct file_uplink *uplink = self;
    struct text line;
    if (uplink->fd < 0)
        return ERR_CLOSED;
    if (uplink->ack_count == ACKS_MAX)
        return ERR_BUSY;
    text_init(&line, uplink->line, LINE_SIZE);
    text_put(&line, "{\"topic\":");
    text_put_json_string(&line, message->topic);
    text_put_format(&line, ",\"qos\":%u,\"retain\":%s,\"hist\":%s,\"payload\":", (unsigned)message->qos,
                    message->retain ? "true" : "false", message->hist ? "true" : "false");
    text_put_json_bytes(&line, message->payload, message->payload_size);
    text_put(&line, "}\n");
    if (line.full || write(uplink->fd, line.at, line.used) != (ssize_t)line.used)
        return ERR_IO;
    if (message->qos > 0) {
        uplink->acks[uplink->ack_count++] = message->ticket;
        bell_ring(uplink->bell);
    }
    return ERR_OK;
}

static bool file_next(void *self, struct uplink_event *ret_event)
{
    struct file_uplink *uplink = self;
    if (uplink->connected_waits) {
        uplink->connected_waits = false;
        *ret_event = (struct uplink_event){.kind = UPLINK_CONNECTED, .receive_maximum = ACKS_MAX};
        return true;
    }
    if (uplink->ack_count == 0)
        return false;
    *ret_event = (struct uplink_event){.kind = UPLINK_ACKED, .ticket = uplink->acks[0]};
    uplink->ack_count--;
    memmove(uplink->acks, uplink->acks + 1, uplink->ack_count * sizeof uplink->acks[0]);
    return true;
}

static void file_close(void *self, bool polite)
{
    struct file_uplink *uplink = self;
    (void)polite;
    if (uplink->fd >= 0)
        (void)close(uplink->fd);
    uplink->fd = -1;
    uplink->connected_waits = false;
    uplink->ack_count = 0;
}

static void file_destroy(void *self)
{
    struct file_uplink *uplink = self;
    file_close(uplink, false);
    free(uplink->line);
    free(uplink);
}

enum err uplink_make_file(const char *path, struct bell *bell, struct uplink *ret_uplink)
{
    static const struct uplink_ops ops = {file_connect, file_publish, file_next, file_close, file_destroy};
    struct file_uplink *uplink = calloc(1, sizeof *uplink);
    char *line = malloc(LINE_SIZE);
    if (uplink == NULL || line == NULL) {
        free(uplink);
        free(line);
        return ERR_MEMORY;
    }
    *uplink = (struct file_uplink){.path = path, .bell = bell, .fd = -1, .line = line};
    *ret_uplink = (struct uplink){.ops = &ops, .self = uplink};
    return ERR_OK;
}
