#include "drivers/link/links.h"

#include <stdlib.h>

#include "drivers/link/exchange.h"
#include "drivers/link/replay.h"
#include "drivers/link/serial.h"
#include "drivers/link/tcp.h"
#include "gateway/model/line.h"

#define REMARK_SIZE 512

/* One door, to a serial port or to a connection. */
struct door {
    struct exchange exchange;
    enum link_kind kind;
    struct serial serial; /* LINK_RTU */
    struct tcp tcp;       /* the others */
    char remark[REMARK_SIZE];
};

static void close_door(void *self)
{
    struct door *door = self;
    exchange_close(&door->exchange);
    if (door->kind == LINK_RTU)
        serial_close(&door->serial);
    else
        tcp_close(&door->tcp);
}

static enum err open_door(void *self, int64_t mono_us)
{
    struct door *door = self;
    struct text said;
    if (door->exchange.phase != EXCHANGE_CLOSED)
        close_door(door);
    text_init(&said, door->remark, sizeof door->remark);
    bool is_serial = door->kind == LINK_RTU;
    enum err err = is_serial ? serial_open(&door->serial, &said) : tcp_open(&door->tcp, mono_us, &said);
    if (err == ERR_OK)
        exchange_open(&door->exchange, is_serial ? door->serial.fd : door->tcp.fd, mono_us);
    return err;
}

static enum err start(void *self, const struct link_request *request, int64_t mono_us)
{
    struct door *door = self;
    return exchange_start(&door->exchange, request, mono_us);
}

static enum link_progress poll_door(void *self, int64_t mono_us, struct link_reply *ret_reply, enum err *ret_err,
                                    int64_t *ret_next_mono_us)
{
    struct door *door = self;
    return exchange_poll(&door->exchange, mono_us, ret_reply, ret_err, ret_next_mono_us);
}

static int fd(void *self)
{
    const struct door *door = self;
    return exchange_fd(&door->exchange);
}

static bool gone(void *self, int *ret_fd)
{
    const struct door *door = self;
    return exchange_gone(&door->exchange, ret_fd);
}

static void destroy(void *self)
{
    struct door *door = self;
    close_door(door);
    tcp_destroy(&door->tcp);
    free(door);
}

static const char *remark(void *self)
{
    const struct door *door = self;
    return door->remark;
}

static enum err make(struct door *door, const struct site_bus *bus)
{
    door->kind = bus->kind;
    serial_init(&door->serial, bus);
    tcp_init(&door->tcp, bus);
    switch (bus->kind) {
    case LINK_RTU:
        exchange_init(&door->exchange, FRAME_RTU, bus->baud, line_character_bits(bus), serial_send, &door->serial);
        return ERR_OK;
    case LINK_TCP:
        exchange_init(&door->exchange, FRAME_MBAP, 0, 0, tcp_send, &door->tcp);
        return ERR_OK;
    case LINK_RTU_OVER_TCP:
        exchange_init(&door->exchange, FRAME_RTU, bus->baud, line_character_bits(bus), tcp_send, &door->tcp);
        return ERR_OK;
    case LINK_REPLAY:
    case LINK_KIND_COUNT:
        break;
    }
    return ERR_UNSUPPORTED;
}

enum err link_make(const struct site_bus *bus, const struct tap *tap, struct link *ret_link)
{
    static const struct link_ops ops = {
        .open = open_door,
        .close = close_door,
        .start = start,
        .poll = poll_door,
        .fd = fd,
        .destroy = destroy,
        .remark = remark,
        .gone = gone,
    };
    if (bus->kind == LINK_REPLAY)
        return replay_make(bus, ret_link);
    struct door *door = calloc(1, sizeof *door);
    if (door == NULL)
        return ERR_MEMORY;
    enum err err = make(door, bus);
    if (err != ERR_OK) {
        free(door);
        return err;
    }
    if (tap != NULL)
        door->exchange.ear.tap = *tap;
    *ret_link = (struct link){.ops = &ops, .self = door};
    return ERR_OK;
}

void link_library_version(struct text *to)
{
    text_put_format(to, "%u.%u.%u", libmodbus_version_major, libmodbus_version_minor, libmodbus_version_micro);
}
