/* Centres, journal, page and orders: where it goes and where it is kept. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/site/file.h"
#include "gateway/site/loader.h"

#define PREFIX_SIZE_MAX      96 /* with the longest ids a topic stays under 256 bytes */
#define MQTT_PORT            1883
#define MQTTS_PORT           8883
#define JOURNAL_DIR          "/var/lib/outpost"
#define JOURNAL_SIZE_MAX     ((int64_t)2 * 1024 * 1024 * 1024)
#define JOURNAL_KEEP_SENT    ((int64_t)7 * 86400000)
#define JOURNAL_FLASH_BUDGET ((int64_t)200 * 1024 * 1024) /* a day */
#define URL_SIZE_MAX         320

/* A path of the site file, made absolute by the site file's directory; "" stays "". */
static const char *keep_path(struct loader *l, const char *path)
{
    if (path[0] == '\0')
        return "";
    const char *joined = path_join(&l->scratch, l->directory, path);
    return take_text(l->arena, joined != NULL ? joined : "", l->complaints);
}

/* A file the site file names, made absolute. `secret`: nobody else may read it. */
static const char *keep_file(struct loader *l, const struct node *node, const char *key, const char *path, bool secret)
{
    unsigned mode;
    const char *kept = keep_path(l, path);
    if (kept[0] == '\0')
        return kept;
    if (!file_mode(kept, &mode))
        complain_node(l->complaints, place_of(node, key), ON_VALUE, S_FILE_ABSENT,
                      WORDS(words_quote(l->complaints, path)));
    else if (secret && (mode & 07) != 0)
        complain_node(l->complaints, place_of(node, key), ON_VALUE, S_FILE_OPEN,
                      WORDS(words_quote(l->complaints, path)));
    return kept;
}

/* --- url ------------------------------------------------------------------------------------------------------------ */

struct url {
    bool secure;
    char host[256];
    long port;
};

/* mqtt://host:port, mqtts://host:port, [v6] in brackets; the port may be left out. */
static bool url_parse(const char *text, struct url *ret_url)
{
    struct url url = {0};
    if (strncmp(text, "mqtt://", 7) == 0)
        text += 7;
    else if (strncmp(text, "mqtts://", 8) == 0) {
        url.secure = true;
        text += 8;
    } else {
        return false;
    }
    size_t host = text[0] == '[' ? strcspn(text, "]") + 1 : strcspn(text, ":/");
    if (host < 1 || host > strlen(text) || host >= sizeof url.host || strcspn(text, " \"'\\?#") < strlen(text))
        return false;
    memcpy(url.host, text, host);
    text += host;
    url.port = url.secure ? MQTTS_PORT : MQTT_PORT;
    if (text[0] == ':') {
        size_t const digits = strspn(text + 1, "0123456789");
        if (digits == 0 || digits > 5)
            return false;
        url.port = strtol(text + 1, NULL, 10);
        text += 1 + digits;
    }
    if (text[0] != '\0' && strcmp(text, "/") != 0)
        return false;
    *ret_url = url;
    return url.port >= 1 && url.port <= 65535;
}

static bool is_loopback(const char *host)
{
    return strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 || strcmp(host, "[::1]") == 0;
}

/* A broker knows one connection by one client id, which is the gateway's: two centres there would throw each other out. */
static void check_own_broker(struct loader *l, const struct node *node, const char *url)
{
    for (size_t i = 0; i < l->site->centre_count; i++)
        for (size_t j = 0; j < l->site->centres[i].url_count; j++)
            if (strcasecmp(l->site->centres[i].urls[j], url) == 0) {
                complain_node(l->complaints, node, ON_VALUE, S_SAME_BROKER,
                              WORDS(words_quote(l->complaints, l->site->centres[i].id)));
                return;
            }
}

static void load_url(struct loader *l, const struct node *node, struct site_centre *centre)
{
    const char *text;
    struct url url;
    if (!shape_text(node, URL_SIZE_MAX, l->complaints, &text))
        return;
    if (strchr(text, '@') != NULL) {
        complain_node(l->complaints, node, ON_VALUE, S_URL_USER, NO_WORDS); /* not repeated: it may hold a password */
        return;
    }
    if (!url_parse(text, &url)) {
        complain_node(l->complaints, node, ON_VALUE, S_BAD_URL, WORDS(words_quote(l->complaints, text)));
        return;
    }
    if (!url.secure && !is_loopback(url.host))
        complain_node(l->complaints, node, ON_VALUE, S_PLAIN, WORDS(words_quote(l->complaints, text)));
    char whole[URL_SIZE_MAX + 16];
    (void)snprintf(whole, sizeof whole, "%s://%s:%ld", url.secure ? "mqtts" : "mqtt", url.host, url.port);
    check_own_broker(l, node, whole);
    centre->urls[centre->url_count++] = take_text(l->arena, whole, l->complaints);
}

static void load_urls(struct loader *l, const struct node *node, struct site_centre *centre)
{
    size_t const most = ARRAY_SIZE(centre->urls);
    if (node == NULL)
        return;
    if (node_kind(node) != NODE_LIST) {
        load_url(l, node, centre);
        return;
    }
    size_t const wanted = node_count(node);
    if (wanted == 0 || wanted > most)
        complain_node(l->complaints, node, ON_VALUE, wanted == 0 ? S_LIST_EMPTY : S_TOO_MANY,
                      WORDS(words_number(l->complaints, (double)wanted), words_number(l->complaints, (double)most)));
    for (const struct node *child = node_first(node); child != NULL && centre->url_count < most;
         child = node_next(child))
        load_url(l, child, centre);
}

/* --- prefix --------------------------------------------------------------------------------------------------------- */

/* {area_code} and {grid_code}; NULL: no such name, or not given. */
static const char *prefix_value(const struct loader *l, const char *name, size_t size)
{
    const struct raw_gateway *gateway = &l->raw.gateway;
    const char *value = NULL;
    if (size == strlen("area_code") && strncmp(name, "area_code", size) == 0)
        value = gateway->area_code;
    else if (size == strlen("grid_code") && strncmp(name, "grid_code", size) == 0)
        value = gateway->grid_code;
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static bool prefix_is_good(const char *prefix)
{
    size_t const length = strlen(prefix);
    return length > 0 && length <= PREFIX_SIZE_MAX && strpbrk(prefix, "+# {}\"\\$") == NULL && prefix[0] != '/' &&
           prefix[length - 1] != '/' && strstr(prefix, "//") == NULL;
}

static void load_prefix(struct loader *l, const struct raw_centre *raw, struct site_centre *centre)
{
    char buffer[PREFIX_SIZE_MAX + 128];
    struct text text;
    const struct node *at = place_of(raw->node, "prefix");
    text_init(&text, buffer, sizeof buffer);
    for (const char *from = raw->prefix; *from != '\0';) {
        size_t const plain = strcspn(from, "{");
        text_put_bytes(&text, from, plain);
        from += plain;
        size_t const size = from[0] == '{' ? strcspn(from + 1, "}") : 0;
        if (from[0] == '\0')
            break;
        const char *value = prefix_value(l, from + 1, size);
        if (value == NULL || from[1 + size] != '}') {
            complain_node(l->complaints, at, ON_VALUE, S_PREFIX_NAME,
                          WORDS(words_format(l->complaints, "%.*s", (int)(size < 32 ? size + 2 : 34), from),
                                same("{area_code} {grid_code}")));
            return;
        }
        text_put(&text, value);
        from += size + 2;
    }
    if (text.full || !prefix_is_good(buffer))
        complain_node(l->complaints, at, ON_VALUE, S_BAD_PREFIX,
                      WORDS(words_quote(l->complaints, raw->prefix), words_number(l->complaints, PREFIX_SIZE_MAX)));
    centre->prefix = take_text(l->arena, buffer, l->complaints);
}

/* --- centres -------------------------------------------------------------------------------------------------------- */

static void check_key_pair(struct loader *l, const struct raw_centre *raw)
{
    bool const cert = raw->cert_file[0] != '\0';
    bool const key = raw->key_file[0] != '\0';
    if (cert != key)
        complain_node(
            l->complaints, place_of(raw->node, cert ? "cert_file" : "key_file"), ON_KEY, S_KEY_PAIR,
            WORDS(same(cert ? "\"cert_file\"" : "\"key_file\""), same(cert ? "\"key_file\"" : "\"cert_file\"")));
    if (raw->password_file[0] != '\0' && raw->username[0] == '\0')
        complain_node(l->complaints, place_of(raw->node, "password_file"), ON_KEY, S_KEY_PAIR,
                      WORDS(same("\"password_file\""), same("\"username\"")));
}

static void check_mqtt(struct loader *l, const struct raw_centre *raw)
{
    const struct node *at = place_of(raw->node, "mqtt");
    if (raw->mqtt == 4)
        complain_node(l->complaints, at, ON_VALUE, S_OUT_OF_RANGE, WORDS(same("4"), same("5, 3 (3.1.1)")));
    if (raw->mqtt != 3)
        return;
    complain_node(l->complaints, at, ON_VALUE, S_MQTT3, NO_WORDS);
    static const char *const keys[] = {"only", "compress", "drills"};
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        const struct node *key = node_child(raw->node, keys[i]);
        if (key == NULL || (i == 2 && raw->drills != DRILLS_DROP))
            continue;
        complain_node(l->complaints, key, ON_KEY, S_NEEDS_MQTT5, WORDS(words_format(l->complaints, "\"%s\"", keys[i])));
    }
}

static void check_backoff(struct loader *l, const struct raw_centre *raw)
{
    const struct node *at = node_child(raw->node, "backoff_min");
    if (raw->backoff_min_ms > raw->backoff_max_ms)
        complain_node(l->complaints, at != NULL ? at : place_of(raw->node, "backoff_max"), ON_VALUE, S_BACKOFF_ORDER,
                      WORDS(words_duration(l->complaints, raw->backoff_min_ms),
                            words_duration(l->complaints, raw->backoff_max_ms)));
}

static void check_only_list(struct loader *l, const struct node *list, bool classes)
{
    for (const struct node *child = list == NULL ? NULL : node_first(list); child != NULL; child = node_next(child)) {
        const char *id;
        if (!shape_text(child, SITE_ID_MAX, l->complaints, &id))
            continue;
        struct names_of_kind const of = {&l->names, NAME_DEVICE};
        if (classes && class_find(l->classes, id) == NULL)
            complain_node(l->complaints, child, ON_VALUE, S_NOT_FOUND,
                          WORDS(both("class", "类别"), words_quote(l->complaints, id),
                                words_suggest(l->complaints, id, name_of_class, l->classes)));
        else if (!classes && names_find(&l->names, NAME_DEVICE, id) == NULL)
            complain_node(l->complaints, child, ON_VALUE, S_NOT_FOUND,
                          WORDS(words_name_kind(NAME_DEVICE), words_quote(l->complaints, id),
                                words_suggest(l->complaints, id, name_of_kind, &of)));
    }
}

/* The names of a list, as they are; those that are wrong were complained of. */
static const char *const *take_names(struct loader *l, const struct node *list, size_t *ret_count)
{
    size_t const wanted = list == NULL ? 0 : node_count(list);
    const char **names = take_array(l->arena, wanted, sizeof *names, l->complaints);
    size_t count = 0;
    *ret_count = 0;
    if (names == NULL || list == NULL)
        return names;
    for (const struct node *child = node_first(list); child != NULL; child = node_next(child))
        names[count++] = take_text(l->arena, node_string(child), l->complaints);
    *ret_count = count;
    return names;
}

static void load_only(struct loader *l, const struct node *node, struct site_centre *centre)
{
    struct raw_only raw = {.priority = NOT_GIVEN};
    centre->only.lowest = PRIORITY_COUNT - 1;
    if (node == NULL || !shape_read(node, &only_shape, &raw, l->complaints))
        return;
    check_only_list(l, raw.classes, true);
    check_only_list(l, raw.devices, false);
    centre->filtered = true;
    centre->only.classes = take_names(l, raw.classes, &centre->only.class_count);
    centre->only.devices = take_names(l, raw.devices, &centre->only.device_count);
    if (raw.priority != NOT_GIVEN)
        centre->only.lowest = (enum priority)raw.priority;
}

static void load_centre(struct loader *l, const struct raw_centre *raw, struct site_centre *centre)
{
    *centre = (struct site_centre){
        .id = take_text(l->arena, raw->id != NULL ? raw->id : "?", l->complaints),
        .mqtt = (uint8_t)raw->mqtt,
        .username = take_text(l->arena, raw->username, l->complaints),
        .password_file = keep_file(l, raw->node, "password_file", raw->password_file, true),
        .ca_file = keep_file(l, raw->node, "ca_file", raw->ca_file, false),
        .cert_file = keep_file(l, raw->node, "cert_file", raw->cert_file, false),
        .key_file = keep_file(l, raw->node, "key_file", raw->key_file, true),
        .drills = (enum drills)raw->drills,
        .filtered = raw->drills == DRILLS_DROP,
        .deflate = raw->compress != NOT_GIVEN,
        .receipt = raw->receipt,
        .batch_ms = (uint32_t)raw->batch_ms,
        .health_ms = (uint32_t)raw->health_ms,
        .backoff_min_ms = (uint32_t)raw->backoff_min_ms,
        .backoff_max_ms = (uint32_t)raw->backoff_max_ms,
        .history_rate = (uint32_t)raw->history_rate,
    };
    load_urls(l, raw->url, centre);
    load_prefix(l, raw, centre);
    check_key_pair(l, raw);
    check_mqtt(l, raw);
    check_backoff(l, raw);
    load_only(l, raw->only, centre);
}

void load_centres(struct loader *l)
{
    struct site_centre *centres = take_array(l->arena, l->raw.centre_count, sizeof *centres, l->complaints);
    if (centres == NULL)
        return;
    l->site->centres = centres;
    for (size_t i = 0; i < l->raw.centre_count; i++) {
        load_centre(l, &l->raw.centres[i], &centres[i]);
        l->site->centre_count = i + 1;
    }
    if (l->raw.centre_count == 0)
        complain_node(l->complaints, place_of(document_root(&l->document), "centres"), ON_KEY, S_NO_CENTRES, NO_WORDS);
}

/* --- journal, page, orders ------------------------------------------------------------------------------------------ */

void load_journal(struct loader *l)
{
    struct raw_journal raw = {.dir = JOURNAL_DIR,
                              .size_max = JOURNAL_SIZE_MAX,
                              .keep_sent_ms = JOURNAL_KEEP_SENT,
                              .flash_budget = JOURNAL_FLASH_BUDGET};
    if (l->raw.journal != NULL)
        (void)shape_read(l->raw.journal, &journal_shape, &raw, l->complaints);
    l->site->journal = (struct site_journal){.dir = keep_path(l, raw.dir),
                                             .size_max = (uint64_t)raw.size_max,
                                             .keep_sent_s = (uint32_t)(raw.keep_sent_ms / 1000),
                                             .flash_budget = (uint64_t)raw.flash_budget};
}

/* "127.0.0.1:8485", "[::1]:8485", ":8485" */
static bool listen_is_good(const char *listen)
{
    const char *colon = strrchr(listen, ':');
    if (colon == NULL || strpbrk(listen, " /@") != NULL)
        return false;
    size_t const digits = strspn(colon + 1, "0123456789");
    if (digits == 0 || digits > 5 || colon[1 + digits] != '\0')
        return false;
    long const port = strtol(colon + 1, NULL, 10);
    return port >= 1 && port <= 65535;
}

static void load_order_keys(struct loader *l, const struct node *keys)
{
    for (const struct node *child = keys == NULL ? NULL : node_first(keys); child != NULL; child = node_next(child)) {
        const char *path;
        if (!id_is_good(node_key(child)))
            complain_node(l->complaints, child, ON_KEY, S_BAD_ID, WORDS(words_quote(l->complaints, node_key(child))));
        if (shape_text(child, 1024, l->complaints, &path))
            (void)keep_file(l, keys, node_key(child), path, false);
    }
}

static void load_order_write(struct loader *l, const struct node *node)
{
    struct raw_order_write raw = {0};
    int32_t slave;
    int32_t point;
    if (!shape_read(node, &order_write_shape, &raw, l->complaints) || raw.point == NULL)
        return;
    const struct node *at = node_child(node, "point");
    if (!slave_reference(l, at, raw.point, &slave, &point))
        return;
    bool const writable = l->build_slaves[slave].points[point].writable;
    if (!writable)
        complain_node(l->complaints, at, ON_VALUE, S_WRITE_NOT_LISTED,
                      WORDS(words_quote(l->complaints, raw.point), words_quote(l->complaints, l->slaves[slave].id)));
    if (raw.values != NULL && node_count(raw.values) == 0)
        complain_node(l->complaints, raw.values, ON_VALUE, S_LIST_EMPTY, NO_WORDS);
    double value;
    for (const struct node *child = raw.values == NULL ? NULL : node_first(raw.values); writable && child != NULL;
         child = node_next(child))
        (void)write_value_read(l, child, slave, point, &value);
}

void load_page_and_orders(struct loader *l)
{
    struct raw_page page = {0};
    struct raw_orders orders = {0};
    if (l->raw.page != NULL && shape_read(l->raw.page, &page_shape, &page, l->complaints) && page.listen != NULL &&
        !listen_is_good(page.listen))
        complain_node(
            l->complaints, node_child(l->raw.page, "listen"), ON_VALUE, S_BAD_FORMAT,
            WORDS(words_quote(l->complaints, page.listen),
                  both("an address and port such as \"127.0.0.1:8485\"", "地址加端口，例如 \"127.0.0.1:8485\"")));
    if (l->raw.orders == NULL || !shape_read(l->raw.orders, &orders_shape, &orders, l->complaints))
        return;
    load_order_keys(l, orders.keys);
    for (const struct node *child = orders.write == NULL ? NULL : node_first(orders.write); child != NULL;
         child = node_next(child))
        load_order_write(l, child);
    if (orders.write != NULL && node_count(orders.write) > 0 && (orders.keys == NULL || node_count(orders.keys) == 0))
        complain_node(l->complaints, orders.write, ON_KEY, S_NO_ORDER_KEYS, NO_WORDS);
}
