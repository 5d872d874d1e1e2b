#include <string.h>

#include "gateway/base/check.h"
#include "gateway/model/line.h"
#include "gateway/site/file.h"
#include "gateway/site/loader.h"

#define TIMEOUT_SLOW_MS 1000 /* at 9600 baud and below */
#define TIMEOUT_FAST_MS 500
#define MODBUS_TCP_PORT 502 /* IANA */

#define NUMBER(baud) baud,
#define WORD(baud)   " " #baud
static const int64_t bauds[] = {LINE_BAUDS(NUMBER)};
static const char baud_words[] = LINE_BAUDS(WORD);
#undef NUMBER
#undef WORD

static bool is_baud(int64_t baud)
{
    for (size_t i = 0; i < ARRAY_SIZE(bauds); i++)
        if (bauds[i] == baud)
            return true;
    return false;
}

static void refuse_key(struct loader *l, const struct raw_bus *raw, const char *key)
{
    const struct node *node = node_child(raw->node, key);
    if (node != NULL)
        complain_node(l->complaints, node, ON_KEY, S_NOT_FOR_LINK,
                      WORDS(words_format(l->complaints, "\"%s\"", key), same(link_names[raw->link])));
}

static void load_serial_port(struct loader *l, const struct raw_bus *raw, struct site_bus *bus)
{
    if (raw->port == NULL || node_kind(raw->port) != NODE_STRING || node_string(raw->port)[0] == '\0') {
        complain_node(l->complaints, place_of(raw->node, "port"), ON_VALUE, S_PORT_NEEDED, NO_WORDS);
        return;
    }
    const char *path = path_join(&l->scratch, l->directory, node_string(raw->port));
    bus->port = take_text(l->arena, path != NULL ? path : "", l->complaints);
    bus->rs485 = raw->rs485;
    refuse_key(l, raw, "host");
}

static void load_recording(struct loader *l, const struct raw_bus *raw, struct site_bus *bus)
{
    static const char *const others[] = {"port", "host", "rs485"};
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        refuse_key(l, raw, others[i]);
    if (raw->file == NULL) {
        complain_node(l->complaints, raw->node, ON_VALUE, S_FILE_NEEDED, NO_WORDS);
        return;
    }
    const char *path = path_join(&l->scratch, l->directory, raw->file);
    bus->file = take_text(l->arena, path != NULL ? path : "", l->complaints);
    complain_node(l->complaints, node_child(raw->node, "link"), ON_VALUE, S_REPLAYED, NO_WORDS);
}

static bool host_is_good(const char *host)
{
    return strpbrk(host, " /@\"'\\") == NULL && strncmp(host, "-", 1) != 0;
}

static void load_host(struct loader *l, const struct raw_bus *raw, struct site_bus *bus)
{
    int64_t port = raw->link == LINK_TCP ? MODBUS_TCP_PORT : 0;
    bool const port_given = raw->port != NULL && node_kind(raw->port) == NODE_NUMBER;
    if (raw->host == NULL || (raw->port != NULL && !port_given) || (raw->port == NULL && port == 0))
        complain_node(l->complaints, raw->host == NULL ? raw->node : place_of(raw->node, "port"), ON_VALUE,
                      S_HOST_NEEDED, WORDS(same(link_names[raw->link])));
    if (port_given)
        (void)shape_whole(raw->port, 1, 65535, l->complaints, &port);
    if (raw->host != NULL && !host_is_good(raw->host))
        complain_node(
            l->complaints, node_child(raw->node, "host"), ON_VALUE, S_BAD_FORMAT,
            WORDS(words_quote(l->complaints, raw->host), both("a host name or IP address", "主机名或 IP 地址")));
    bus->host = take_text(l->arena, raw->host != NULL ? raw->host : "", l->complaints);
    bus->tcp_port = (uint16_t)port;
    refuse_key(l, raw, "rs485");
    if (raw->link == LINK_TCP) {
        refuse_key(l, raw, "baud");
        refuse_key(l, raw, "format");
    }
}

static void load_line(struct loader *l, const struct raw_bus *raw, struct site_bus *bus)
{
    if (raw->baud != NOT_GIVEN && !is_baud(raw->baud))
        complain_node(l->complaints, node_child(raw->node, "baud"), ON_VALUE, S_OUT_OF_RANGE,
                      WORDS(words_number(l->complaints, (double)raw->baud), same(baud_words + 1)));
    const char *format = format_names[raw->format == NOT_GIVEN ? 0 : raw->format];
    bus->baud = (uint32_t)(raw->baud == NOT_GIVEN ? LINE_BAUD_DEFAULT : raw->baud);
    bus->data_bits = (uint8_t)(format[0] - '0');
    bus->parity = format[1];
    bus->stop_bits = (uint8_t)(format[2] - '0');
}

static void load_bus(struct loader *l, const struct raw_bus *raw, struct site_bus *bus)
{
    *bus = (struct site_bus){.id = take_text(l->arena, raw->id != NULL ? raw->id : "?", l->complaints),
                             .port = "",
                             .host = "",
                             .file = "",
                             .guard_ms = (uint32_t)raw->guard_ms};
    load_line(l, raw, bus);
    if (raw->link == NOT_GIVEN)
        return;
    bus->kind = (enum link_kind)raw->link;
    if (bus->kind == LINK_REPLAY)
        load_recording(l, raw, bus);
    else
        refuse_key(l, raw, "file");
    if (bus->kind == LINK_RTU)
        load_serial_port(l, raw, bus);
    else if (bus->kind != LINK_REPLAY)
        load_host(l, raw, bus);
    bool const slow = bus->kind != LINK_TCP && bus->baud <= 9600;
    bus->timeout_ms = raw->timeout_ms != NOT_GIVEN ? (uint32_t)raw->timeout_ms
                      : slow                       ? TIMEOUT_SLOW_MS
                                                   : TIMEOUT_FAST_MS;
}

/* Two buses on one line would talk into each other. Modbus TCP servers take several connections. */
static bool is_same_line(const struct site_bus *a, const struct site_bus *b)
{
    if (a->kind == LINK_RTU && b->kind == LINK_RTU)
        return a->port[0] != '\0' && strcmp(a->port, b->port) == 0;
    return a->kind == LINK_RTU_OVER_TCP && b->kind == LINK_RTU_OVER_TCP && a->host[0] != '\0' &&
           strcmp(a->host, b->host) == 0 && a->tcp_port == b->tcp_port;
}

static void check_line(struct loader *l, size_t bus)
{
    for (size_t i = 0; i < bus; i++) {
        if (!is_same_line(&l->buses[i], &l->buses[bus]))
            continue;
        complain_node(l->complaints, place_of(l->raw.buses[bus].node, "port"), ON_VALUE, S_SAME_PORT,
                      WORDS(words_quote(l->complaints, l->buses[i].id)));
        return;
    }
}

void load_buses(struct loader *l)
{
    l->buses = take_array(l->arena, l->raw.bus_count, sizeof *l->buses, l->complaints);
    if (l->buses == NULL)
        return;
    for (size_t i = 0; i < l->raw.bus_count; i++) {
        load_bus(l, &l->raw.buses[i], &l->buses[i]);
        check_line(l, i);
    }
    l->site->buses = l->buses;
    l->site->bus_count = l->raw.bus_count;
}
