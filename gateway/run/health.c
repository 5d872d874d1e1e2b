#include "gateway/run/health.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define DAY_US 86400000000LL

struct health {
    const struct site *site;
    struct board *board;
    size_t centre;          /* who reads it */
    int64_t opened_mono_us; /* 0: no message yet */
    int64_t last_mono_us;
    uint64_t *busy_us; /* per bus, at the last message */
};

enum err health_open(struct health **ret_health, const struct site *site, struct board *board, size_t centre)
{
    struct health *health = calloc(1, sizeof *health);
    if (health == NULL)
        return ERR_MEMORY;
    health->site = site;
    health->board = board;
    health->centre = centre;
    health->busy_us = calloc(site->bus_count + 1, sizeof *health->busy_us);
    if (health->busy_us == NULL) {
        health_close(health);
        return ERR_MEMORY;
    }
    *ret_health = health;
    return ERR_OK;
}

void health_close(struct health *health)
{
    if (health == NULL)
        return;
    free(health->busy_us);
    free(health);
}

/* "Key:  123 kB" out of a file of /proc; -1 when it is not there. */
static int64_t proc_number(const char *path, const char *key)
{
    char content[4096];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t got = read(fd, content, sizeof content - 1);
    (void)close(fd);
    if (got <= 0)
        return -1;
    content[got] = '\0';
    const char *found = strstr(content, key);
    return found != NULL ? strtoll(found + strlen(key), NULL, 10) : -1;
}

static int64_t kib(int64_t value)
{
    return value >= 0 ? value * 1024 : -1;
}

static int64_t cpu_ms(void)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return -1;
    return (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
           (int64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

int64_t health_days_to_full(const struct site *site, const struct board_journal *journal, int64_t now_mono_us)
{
    uint64_t const size_max = site->journal.size_max;
    int64_t const elapsed_us = now_mono_us - journal->opened_mono_us;
    if (journal->opened_mono_us == 0 || journal->bytes <= journal->opened_bytes || elapsed_us <= 0 ||
        size_max <= journal->bytes)
        return -1;
    double const per_us = (double)(journal->bytes - journal->opened_bytes) / (double)elapsed_us;
    double const days = (double)(size_max - journal->bytes) / per_us / (double)DAY_US;
    return days < 36500.0 ? (int64_t)days : 36500;
}

static void write_head(struct health *health, struct text *out, const struct payload_status *status, struct now now)
{
    struct board_journal journal;
    struct tally_alarms alarms;
    board_get_journal(health->board, &journal);
    if (health->opened_mono_us == 0)
        health->opened_mono_us = now.mono_us;
    board_get_alarms(health->board, &alarms);
    payload_health_begin(out, health->site,
                         &(struct payload_health){
                             .status = *status,
                             .uptime_s = (now.mono_us - health->opened_mono_us) / 1000000,
                             .journal_ok = journal.ok != 0,
                             .last_a = journal.last_a,
                             .last_t = journal.last_t,
                             .journal_bytes = journal.bytes,
                             .commits = journal.commits,
                             .dropped = journal.dropped,
                             .days_to_full = health_days_to_full(health->site, &journal, now.mono_us),
                             .alarms = alarms,
                             .rss_bytes = kib(proc_number("/proc/self/status", "VmRSS:")),
                             .anon_bytes = kib(proc_number("/proc/self/status", "RssAnon:")),
                             .cpu_ms = cpu_ms(),
                             .written_bytes = proc_number("/proc/self/io", "\nwrite_bytes:"),
                         });
}

/* That all is well costs nothing. */
static void write_centres(struct health *health, struct text *out)
{
    bool any = false;
    for (size_t i = 0; i < health->site->centre_count; i++) {
        struct board_centre centre;
        board_get_centre(health->board, i, &centre);
        if (i == health->centre || (centre.connected != 0 && centre.refused == 0))
            continue;
        payload_health_centre(out, !any,
                              &(struct payload_health_centre){.id = health->site->centres[i].id,
                                                              .connected = centre.connected != 0,
                                                              .refused = centre.refused != 0,
                                                              .trouble = centre.trouble});
        any = true;
    }
    if (any)
        payload_health_centres_end(out);
}

/* Lost buses first; one that is open is told of in brief when the message is half full. Returns how many did not fit. */
static size_t write_buses(struct health *health, struct text *out, bool open, size_t *written, int64_t elapsed_us)
{
    size_t left_out = 0;
    for (size_t i = 0; i < health->site->bus_count; i++) {
        struct board_bus bus;
        board_get_bus(health->board, i, &bus);
        if ((bus.open != 0) != open)
            continue;
        int64_t const busy_us = (int64_t)(bus.busy_us - health->busy_us[i]);
        health->busy_us[i] = bus.busy_us;
        bool const fits =
            left_out == 0 && payload_health_bus(out, health->site, *written == 0,
                                                &(struct payload_health_bus){
                                                    .id = health->site->buses[i].id,
                                                    .open = open,
                                                    .brief = out->used > PAYLOAD_MESSAGE_MAX / 2,
                                                    .load_permille = elapsed_us > 0 ? busy_us * 1000 / elapsed_us : -1,
                                                    .wire_permille = bus.wire_permille,
                                                    .cycle_ms = bus.cycle_us / 1000,
                                                    .reopened = bus.reopened,
                                                    .tally = &bus.tally,
                                                    .polls = bus.polls,
                                                });
        *written += fits ? 1 : 0;
        left_out += fits ? 0 : 1;
    }
    return left_out;
}

static int64_t round_ms(uint32_t us)
{
    return ((int64_t)us + 500) / 1000;
}

/* One pass over the slaves that are well, or over those that are not; returns how many did not fit. */
static size_t write_slaves(const struct health *health, struct text *out, bool well, size_t *written, struct now now)
{
    size_t left_out = 0;
    for (size_t i = 0; i < health->site->slave_count; i++) {
        struct board_slave slave;
        board_get_slave(health->board, i, &slave);
        if ((slave.answering != 0 && slave.stranger == 0 && slave.refusal_count == 0) != well)
            continue;
        bool const known = slave.good_mono_us > 0;
        bool const fits =
            left_out == 0 && payload_health_slave(out, *written == 0,
                                                  &(struct payload_health_slave){
                                                      .id = health->site->slaves[i].id,
                                                      .answering = slave.answering != 0,
                                                      .stranger = slave.stranger != 0,
                                                      .refused = slave.refusal_count,
                                                      .rtt_ms = known ? round_ms(slave.rtt_p50_us) : -1,
                                                      .rtt_p99_ms = known ? round_ms(slave.rtt_p99_us) : -1,
                                                      .age_ms = known ? (now.mono_us - slave.good_mono_us) / 1000 : -1,
                                                      .tally = &slave.tally,
                                                  });
        *written += fits ? 1 : 0;
        left_out += fits ? 0 : 1;
    }
    return left_out;
}

void health_write(struct health *health, struct text *out, const struct payload_status *status, struct now now)
{
    int64_t const elapsed_us = health->last_mono_us != 0 ? now.mono_us - health->last_mono_us : 0;
    size_t written = 0;
    write_head(health, out, status, now);
    write_centres(health, out);
    payload_health_buses(out);
    size_t const buses_left_out =
        write_buses(health, out, false, &written, elapsed_us) + write_buses(health, out, true, &written, elapsed_us);
    health->last_mono_us = now.mono_us;
    written = 0;
    payload_health_slaves(out);
    size_t const slaves_left_out =
        write_slaves(health, out, false, &written, now) + write_slaves(health, out, true, &written, now);
    payload_health_end(out, buses_left_out, slaves_left_out);
}
