/* drain_helper: what the drain is measured against.
 *
 *   drain_helper fill DIR COUNT      makes a journal with COUNT telemetry records (of about 200 bytes), as an outage leaves it
 *   drain_helper publish DIR PORT WINDOW
 *                                    joins these records into the same history messages a gateway makes of them, keeps all of
 *                                    them in memory, and publishes them with MQTTAsync, QoS 1, MQTT 5, the same properties
 *                                    and WINDOW messages in flight, and nothing else: no journal to read, no numbers to keep,
 *                                    no priorities. Prints {"records","messages","bytes","seconds","cpu_seconds"}: from the
 *                                    first publish to the last acknowledgement. */
#include <MQTTAsync.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "gateway/base/clock.h"
#include "gateway/core/payload.h"
#include "gateway/ports/uplink.h"
#include "gateway/run/journal.h"
#include "tests/support/wire_site.h"

#define GROUP      1000
#define WINDOW_MAX 20
#define EXPIRY_S   604800 /* a week */

static int fail(const char *what)
{
    (void)fprintf(stderr, "drain_helper: %s\n", what);
    return 1;
}

/* --- fill --- */

static enum err put_group(struct journal *journal, const struct site *site, uint64_t first, uint64_t count,
                          int64_t utc_ms)
{
    char payload[2048];
    enum err err = journal_begin(journal, LANE_T);
    for (uint64_t seq = first; err == ERR_OK && seq < first + count; seq++) {
        struct news const news = wire_telemetry((double)seq / 8, utc_ms);
        struct text text;
        text_init(&text, payload, sizeof payload);
        payload_telemetry(&text, site,
                          &(struct payload_stamp){.stream = journal_stream(journal),
                                                  .lane = 't',
                                                  .seq = seq,
                                                  .boot = journal_boot(journal),
                                                  .at_utc_ms = utc_ms,
                                                  .synced = true},
                          &news.is.telemetry);
        err = journal_put_record(journal, LANE_T,
                                 &(struct journal_record){.seq = seq,
                                                          .at_utc_ms = utc_ms,
                                                          .topic = "telemetry/lift-1",
                                                          .payload = text.at,
                                                          .payload_size = text.used});
    }
    return err == ERR_OK ? journal_commit(journal, LANE_T) : err;
}

static int fill(const char *dir, uint64_t count)
{
    struct site const site = wire_site(NULL, 0, dir);
    struct journal *journal;
    int64_t const utc_ms = clock_now().utc_ms - 3600000;
    enum err err = journal_make(&journal, &(struct journal_setup){.dir = dir, .size_max = (uint64_t)4 << 30});
    if (err != ERR_OK)
        return fail(err_text(err));
    err = journal_open(journal, LANE_A);
    if (err == ERR_OK)
        err = journal_open(journal, LANE_T);
    for (uint64_t seq = 1; err == ERR_OK && seq <= count; seq += GROUP)
        err = put_group(journal, &site, seq, count - seq + 1 < GROUP ? count - seq + 1 : GROUP, utc_ms);
    journal_destroy(journal);
    return err == ERR_OK ? 0 : fail(err_text(err));
}

/* --- publish --- */

struct message {
    char *bytes;
    size_t size;
};

struct load {
    struct message *messages;
    size_t count;
    size_t records;
    size_t bytes;
};

static int keep(struct load *load, const struct text *text)
{
    struct message *grown = realloc(load->messages, (load->count + 1) * sizeof *grown);
    char *bytes = malloc(text->used);
    if (grown == NULL || bytes == NULL)
        return 1;
    memcpy(bytes, text->at, text->used);
    load->messages = grown;
    load->messages[load->count++] = (struct message){bytes, text->used};
    load->bytes += text->used;
    return 0;
}

static int load_all(const char *dir, struct load *load)
{
    static char buffer[64 * 1024];
    struct site const site = wire_site(NULL, 0, dir);
    struct journal_reader *reader;
    struct journal_row row;
    struct text text = {.used = 0};
    if (journal_reader_open(&reader, dir) != ERR_OK || journal_reader_seek(reader, LANE_T, 1) != ERR_OK)
        return fail("no journal there");
    while (journal_reader_next(reader, LANE_T, &row) == ERR_OK) {
        if (text.used > 0 && text.used + row.payload_size + sizeof ",]}" > PAYLOAD_HISTORY_MAX) {
            payload_history_end(&text, NULL, 0);
            if (keep(load, &text) != 0)
                return fail("no memory");
            text.used = 0;
        }
        bool const is_first = text.used == 0;
        if (is_first) {
            text_init(&text, buffer, sizeof buffer);
            payload_history_begin(&text, &site, "12345678", 8, row.seq);
        }
        payload_history_add(&text, is_first, row.payload, row.payload_size);
        load->records++;
    }
    payload_history_end(&text, NULL, 0);
    journal_reader_close(reader);
    return keep(load, &text);
}

struct run {
    sem_t room;
    sem_t connected;
    atomic_size_t acked;
    atomic_bool failed;
};

static void on_connected(void *context, MQTTAsync_successData5 *data)
{
    (void)data;
    (void)sem_post(&((struct run *)context)->connected);
}

static void on_acked(void *context, MQTTAsync_successData5 *data)
{
    struct run *run = context;
    (void)data;
    atomic_fetch_add(&run->acked, 1);
    (void)sem_post(&run->room);
}

static void on_failed(void *context, MQTTAsync_failureData5 *data)
{
    struct run *run = context;
    (void)data;
    atomic_store(&run->failed, true);
    (void)sem_post(&run->connected);
    (void)sem_post(&run->room);
}

static MQTTAsync connect_to(const char *port, struct run *run)
{
    MQTTAsync handle;
    char url[64];
    MQTTAsync_createOptions create = MQTTAsync_createOptions_initializer5;
    MQTTAsync_connectOptions connect = MQTTAsync_connectOptions_initializer5;
    (void)snprintf(url, sizeof url, "tcp://127.0.0.1:%s", port);
    create.maxBufferedMessages = 2 * WINDOW_MAX;
    connect.cleanstart = 1;
    connect.maxInflight = 2 * WINDOW_MAX;
    connect.context = run;
    connect.onSuccess5 = on_connected;
    connect.onFailure5 = on_failed;
    if (MQTTAsync_createWithOptions(&handle, url, "bare", MQTTCLIENT_PERSISTENCE_NONE, NULL, &create) !=
            MQTTASYNC_SUCCESS ||
        MQTTAsync_connect(handle, &connect) != MQTTASYNC_SUCCESS)
        return NULL;
    (void)sem_wait(&run->connected);
    return atomic_load(&run->failed) ? NULL : handle;
}

/* The properties every history message has. */
static MQTTProperties properties_of_history(void)
{
    static char content_type[] = "application/json";
    static char schema[] = "schema";
    static char version[] = UPLINK_SCHEMA;
    MQTTProperty list[] = {
        {.identifier = MQTTPROPERTY_CODE_CONTENT_TYPE, .value.data = {sizeof content_type - 1, content_type}},
        {.identifier = MQTTPROPERTY_CODE_USER_PROPERTY,
         .value = {.data = {sizeof schema - 1, schema}, .value = {sizeof version - 1, version}}},
        {.identifier = MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL, .value.integer4 = EXPIRY_S},
    };
    MQTTProperties properties = MQTTProperties_initializer;
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        if (MQTTProperties_add(&properties, &list[i]) != 0)
            (void)fail("no memory");
    return properties;
}

/* Of all threads, so far. */
static double cpu_seconds(void)
{
    struct rusage used = {.ru_maxrss = 0};
    (void)getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static int publish(const char *dir, const char *port, unsigned window)
{
    struct load load = {.messages = NULL};
    struct run run;
    MQTTAsync_responseOptions answer = MQTTAsync_responseOptions_initializer;
    (void)sem_init(&run.room, 0, window);
    (void)sem_init(&run.connected, 0, 0);
    atomic_init(&run.acked, 0);
    atomic_init(&run.failed, false);
    if (load_all(dir, &load) != 0)
        return 1;
    MQTTAsync handle = connect_to(port, &run);
    if (handle == NULL)
        return fail("the broker does not take the connection");
    answer.context = &run;
    answer.onSuccess5 = on_acked;
    answer.onFailure5 = on_failed;
    answer.properties = properties_of_history();
    double const cpu_before = cpu_seconds();
    int64_t const first_us = clock_now().mono_us;
    for (size_t i = 0; i < load.count && !atomic_load(&run.failed); i++) {
        (void)sem_wait(&run.room);
        if (MQTTAsync_send(handle, "outpost/v1/g1/history", (int)load.messages[i].size, load.messages[i].bytes, 1, 0,
                           &answer) != MQTTASYNC_SUCCESS)
            return fail("not taken");
    }
    while (atomic_load(&run.acked) < load.count && !atomic_load(&run.failed))
        (void)sem_wait(&run.room);
    double const seconds = (double)(clock_now().mono_us - first_us) / 1e6;
    if (atomic_load(&run.failed))
        return fail("a message was not acknowledged");
    (void)printf("{\"records\":%zu,\"messages\":%zu,\"bytes\":%zu,\"seconds\":%.4f,\"cpu_seconds\":%.4f}\n",
                 load.records, load.count, load.bytes, seconds, cpu_seconds() - cpu_before);
    MQTTAsync_destroy(&handle);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "fill") == 0)
        return fill(argv[2], strtoull(argv[3], NULL, 10));
    unsigned long const window = argc == 5 ? strtoul(argv[4], NULL, 10) : 0;
    if (window >= 1 && window <= WINDOW_MAX && strcmp(argv[1], "publish") == 0)
        return publish(argv[2], argv[3], (unsigned)window);
    return fail("fill DIR COUNT | publish DIR PORT WINDOW");
}
