/* The life of a connection: connecting, what the broker answers, breaking off, trying again, ending. */
#include "gateway/run/sender.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/base/check.h"
#include "gateway/base/log.h"
#include "gateway/run/sender_private.h"

#define KEEPALIVE_S       60
#define CONNECT_MAX_US    20000000
#define UNACKED_MAX_US    30000000
#define STABLE_US         60000000 /* a connection that lasted this long was a success: back-off begins anew */
#define FORBIDDEN_US      60000000
#define BACKOFF_FIRST_MS  1000
#define ATTACH_EVERY_US   200000
#define PATIENCE_US       2000000 /* at start the journal may take a moment: no trouble yet */
#define OUTDATED_EVERY_US 1000000
#define REPORT_EVERY_US   250000
#define BUSY_WAIT_US      5000
#define FINISH_US         2000000 /* to send what is there; house.c gives 3 s in all */
#define END_US            600000  /* for the last status to be acknowledged */
#define QUOTA_PAUSE_US    1000000
#define TROUBLE_US        60000000 /* a refused message is shown for this long, when nothing else is wrong */
#define TRIES_MAX         3
#define STEP_EVENTS_MAX   256
#define PASSWORD_MAX      256

/* MQTT 5.0, section 2.4 */
#define REASON_FORBIDDEN     0x87
#define REASON_TOPIC_INVALID 0x90
#define REASON_TOO_LARGE     0x95
#define REASON_QUOTA         0x97
#define REASON_BAD_PAYLOAD   0x99

/* --- the journal --- */

static void load_cursor(struct sender *sender, enum lane lane)
{
    struct journal_cursor cursor;
    struct sender_lane *state = &sender->lanes[lane];
    if (state->loaded || journal_reader_cursor(sender->reader, lane, sender->centre->id, &cursor) != ERR_OK)
        return;
    ackset_init(&state->settled, cursor.lw);
    for (size_t i = 0; i < cursor.range_count; i++)
        ackset_add(&state->settled, cursor.ranges[i][0], cursor.ranges[i][1]);
    state->loaded = true;
    state->report_due = true; /* a new centre's cursor is stored at once, so that nothing is deleted under it */
    if (lane == LANE_T && sender->state == SENDER_UP && sender->greeting == GREET_DONE)
        sender_begin_live(sender);
}

static void leave_journal(struct sender *sender)
{
    journal_reader_close(sender->reader);
    sender->reader = NULL;
}

/* The journal of this start: the recorder says on the board when it has opened it and compared the registries. */
static bool attach_journal(struct sender *sender)
{
    struct journal_facts facts;
    if (sender->reader != NULL && sender->now.mono_us >= sender->outdated_check_mono_us) {
        sender->outdated_check_mono_us = sender->now.mono_us + OUTDATED_EVERY_US;
        if (journal_reader_outdated(sender->reader))
            leave_journal(sender);
    }
    if (sender->reader == NULL) {
        if (sender->journal.boot == 0 ||
            journal_reader_open(&sender->reader, sender->setup.site->journal.dir) != ERR_OK)
            return false;
        if (journal_reader_facts(sender->reader, &facts) != ERR_OK || facts.boot != sender->journal.boot) {
            leave_journal(sender);
            return false;
        }
        sender->facts = facts;
    }
    for (enum lane lane = LANE_A; lane < LANE_COUNT; lane++)
        load_cursor(sender, lane);
    return sender->lanes[LANE_A].loaded;
}

/* --- telling the recorder --- */

static bool tell_recorder(struct sender *sender, struct sender_ack *ack)
{
    ack->centre = (uint32_t)sender->setup.centre;
    return ring_push(sender->setup.acks, ack, sizeof *ack) == ERR_OK;
}

static bool report_cursor(struct sender *sender, enum lane lane)
{
    struct ackset_range longest[ACK_RANGES_MAX];
    const struct ackset *settled = &sender->lanes[lane].settled;
    struct sender_ack ack = {.kind = ACK_CURSOR, .lane = (uint8_t)lane_letter(lane), .lw = settled->lw};
    ack.range_count = (uint16_t)ackset_longest(settled, longest, ACK_RANGES_MAX);
    for (size_t i = 0; i < ack.range_count; i++) {
        ack.ranges[i][0] = longest[i].first;
        ack.ranges[i][1] = longest[i].last;
    }
    return tell_recorder(sender, &ack);
}

/* The recorder stores cursors with its next commit or within a second; its bell is not rung for that. */
static void report_cursors(struct sender *sender, bool now)
{
    if (!now && sender->now.mono_us < sender->report_mono_us)
        return;
    for (enum lane lane = LANE_A; lane < LANE_COUNT; lane++) {
        if (!sender->lanes[lane].report_due || !report_cursor(sender, lane))
            continue;
        sender->lanes[lane].report_due = false;
        sender->report_mono_us = sender->now.mono_us + REPORT_EVERY_US;
    }
    if (now)
        bell_ring(sender->setup.recorder_bell);
}

/* --- trouble --- */

#define BACKOFF (-1) /* hang_up: wait as long as the back-off says */

static void say_trouble(struct sender *sender, const char *trouble)
{
    if (strcmp(trouble, sender->trouble) == 0)
        return;
    text_copy(sender->trouble, sizeof sender->trouble, trouble);
    sender->trouble_mono_us = sender->now.mono_us;
    if (trouble[0] != '\0')
        log_say(LOG_WARNING, "sender", "%s: %s", sender->centre->id, trouble);
}

/* Breaks off and waits; everything in flight goes out again on the next connection. Not politely, unless it was asked for:
 * then the broker publishes the will. */
static void hang_up(struct sender *sender, const char *why, int64_t wait_us)
{
    if (sender->state == SENDER_UP)
        log_say(LOG_NOTICE, "sender", "%s: disconnected", sender->centre->id);
    if (sender->state == SENDER_UP && sender->now.mono_us - sender->up_mono_us >= STABLE_US)
        backoff_reset(&sender->backoff);
    if (wait_us < 0)
        wait_us = (int64_t)backoff_next_ms(&sender->backoff) * 1000;
    sender->setup.uplink.ops->close(sender->setup.uplink.self, false);
    sender->state = SENDER_DOWN;
    sender->retry_mono_us = sender->now.mono_us + wait_us;
    sender->url = (sender->url + 1) % sender->centre->url_count;
    say_trouble(sender, why);
}

/* --- connecting --- */

/* Refuses what others on the machine could read: a password that is world-readable is no password. */
static bool read_password(struct sender *sender, char *ret_password, size_t password_size)
{
    char why[160];
    struct stat status;
    const char *path = sender->centre->password_file;
    ret_password[0] = '\0';
    if (path == NULL || path[0] == '\0')
        return true;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0) {
        (void)snprintf(why, sizeof why, "cannot read the password file %.100s", path);
    } else if ((status.st_mode & S_IRWXO) != 0) {
        (void)snprintf(why, sizeof why, "everybody can read the password file %.80s; run: chmod 640 on it", path);
    } else {
        ssize_t got = read(fd, ret_password, password_size - 1);
        (void)close(fd);
        ret_password[got > 0 ? got : 0] = '\0';
        ret_password[strcspn(ret_password, "\r\n")] = '\0';
        return true;
    }
    if (fd >= 0)
        (void)close(fd);
    say_trouble(sender, why);
    return false;
}

static enum err open_uplink(struct sender *sender, const char *password)
{
    const struct site_centre *centre = sender->centre;
    struct payload_status status;
    struct text will;
    sender_make_status(sender, "lost", &status);
    text_init(&will, sender->payload, PAYLOAD_MESSAGE_MAX);
    payload_status(&will, sender->setup.site, &status);
    const struct uplink *uplink = &sender->setup.uplink;
    return uplink->ops->connect(uplink->self, &(struct uplink_options){
                                                  .url = centre->urls[sender->url],
                                                  .client_id = sender->setup.site->id,
                                                  .username = centre->username,
                                                  .password = password,
                                                  .ca_file = centre->ca_file,
                                                  .cert_file = centre->cert_file,
                                                  .key_file = centre->key_file,
                                                  .mqtt = centre->mqtt,
                                                  .keepalive_s = KEEPALIVE_S,
                                                  .will_topic = sender_topic(sender, "status"),
                                                  .will_payload = will.at,
                                                  .will_size = will.used,
                                              });
}

static void connect_now(struct sender *sender)
{
    char password[PASSWORD_MAX];
    sender->conn++;
    sender->shown.reconnects = sender->conn - 1;
    sender->state = SENDER_CONNECTING;
    sender->connect_by_mono_us = sender->now.mono_us + CONNECT_MAX_US;
    sender->broken = false;
    if (!read_password(sender, password, sizeof password)) {
        hang_up(sender, sender->trouble, BACKOFF);
        return;
    }
    enum err err = open_uplink(sender, password);
    explicit_bzero(password, sizeof password);
    if (err != ERR_OK)
        hang_up(sender, err_text(err), BACKOFF);
}

static void connected(struct sender *sender, const struct uplink_event *event)
{
    sender->state = SENDER_UP;
    sender->up_mono_us = sender->now.mono_us;
    window_reset(&sender->window, event->receive_maximum);
    memset(sender->refusals, 0, sizeof sender->refusals);
    sender->single_until = 0;
    sender_greet_from_start(sender);
    say_trouble(sender, "");
    log_say(LOG_NOTICE, "sender", "%s: connected to %s", sender->centre->id, sender->centre->urls[sender->url]);
}

/* --- what the broker says to a message --- */

static struct refusal *count_refusal(struct sender *sender, bool lane_t, uint64_t first)
{
    struct refusal *free_one = &sender->refusals[0];
    for (size_t i = 0; i < REFUSALS_MAX; i++) {
        struct refusal *refusal = &sender->refusals[i];
        if (refusal->tries > 0 && refusal->lane_t == lane_t && refusal->first == first) {
            refusal->tries++;
            return refusal;
        }
        if (refusal->tries == 0)
            free_one = refusal;
    }
    *free_one = (struct refusal){.tries = 1, .lane_t = lane_t, .first = first};
    return free_one;
}

/* Three times refused for what it is: a batch is taken apart, a single record is declared lost to this centre and passed
 * over. False: the recorder's ring is full, so it cannot be declared yet. */
static bool give_up(struct sender *sender, const struct sent *sent, uint8_t reason)
{
    enum lane const lane = sent->kind == SENT_ALARM ? LANE_A : LANE_T;
    if (sent->first < sent->last) {
        sender->single_until = sent->last;
        return false;
    }
    struct sender_ack ack = {
        .kind = ACK_REFUSED, .lane = (uint8_t)lane_letter(lane), .reason = reason, .range_count = 1};
    ack.ranges[0][0] = sent->first;
    ack.ranges[0][1] = sent->last;
    if (!tell_recorder(sender, &ack))
        return false;
    bell_ring(sender->setup.recorder_bell);
    sender_settle(sender, lane, sent->first, sent->last);
    return true;
}

static void refused(struct sender *sender, const struct sent *sent, uint8_t reason)
{
    char why[160];
    bool const for_what_it_is =
        reason == REASON_TOPIC_INVALID || reason == REASON_TOO_LARGE || reason == REASON_BAD_PAYLOAD;
    bool const is_record = sent->kind == SENT_ALARM || sent->kind == SENT_LIVE || sent->kind == SENT_HISTORY;
    (void)snprintf(why, sizeof why, "the broker refuses a message (reason 0x%02X)", (unsigned)reason);
    say_trouble(sender, why);
    if (!is_record) {
        if (!for_what_it_is)
            hang_up(sender, why, BACKOFF);
        return;
    }
    struct refusal *refusal = count_refusal(sender, sent->kind != SENT_ALARM, sent->first);
    if (refusal->tries >= TRIES_MAX && !for_what_it_is) {
        hang_up(sender, why, BACKOFF);
        return;
    }
    if (refusal->tries >= TRIES_MAX) {
        refusal->tries = 0;
        if (give_up(sender, sent, reason))
            return;
    }
    sender_rewind(sender, sent);
}

static void rejected(struct sender *sender, const struct uplink_event *event)
{
    char why[160];
    struct sent *slot = window_find(&sender->window, event->ticket);
    if (slot == NULL)
        return;
    struct sent const sent = *slot;
    window_give_back(&sender->window, slot);
    switch (event->reason) {
    case REASON_FORBIDDEN:
        (void)snprintf(why, sizeof why, "the broker does not let %.50s publish under %.50s (0x87)",
                       sender->setup.site->id, sender->centre->prefix);
        hang_up(sender, why, FORBIDDEN_US);
        break;
    case REASON_QUOTA:
        say_trouble(sender, "the broker's quota is exceeded; sending less at a time");
        window_halve(&sender->window);
        sender->pause_mono_us = sender->now.mono_us + QUOTA_PAUSE_US;
        sender_rewind(sender, &sent);
        break;
    default:
        refused(sender, &sent, event->reason);
        break;
    }
}

static void acked(struct sender *sender, const struct uplink_event *event)
{
    struct sent *slot = window_find(&sender->window, event->ticket);
    if (slot == NULL)
        return;
    struct sent const sent = *slot;
    window_acked(&sender->window, slot, sender->now.mono_us);
    sender->shown.acked++;
    if (sender->now.mono_us - sender->trouble_mono_us > TROUBLE_US)
        say_trouble(sender, "");
    switch (sent.kind) {
    case SENT_ALARM:
        sender_settle(sender, LANE_A, sent.first, sent.last);
        break;
    case SENT_LIVE:
    case SENT_HISTORY:
        sender_settle(sender, LANE_T, sent.first, sent.last);
        break;
    case SENT_REGISTRY:
    case SENT_EMPTIED: {
        struct sender_ack ack = {.kind = ACK_REGISTRY};
        text_copy(ack.dev, sizeof ack.dev, sent.dev);
        text_copy(ack.sha256, sizeof ack.sha256, sent.sha256);
        (void)tell_recorder(sender, &ack); /* no room: it is published once more next time */
        break;
    }
    case SENT_STOPPED:
        sender->end_by_mono_us = sender->now.mono_us;
        break;
    case SENT_ACTIVE:
    case SENT_STATUS:
        break;
    }
}

static void take_event(struct sender *sender, const struct uplink_event *event)
{
    char why[160];
    switch (event->kind) {
    case UPLINK_CONNECTED:
        if (sender->state == SENDER_CONNECTING)
            connected(sender, event);
        break;
    case UPLINK_REFUSED:
        if (sender->state != SENDER_CONNECTING)
            break;
        text_copy(why, sizeof why, event->text[0] != '\0' ? event->text : "the broker refused the connection");
        hang_up(sender, why, event->reason == REASON_FORBIDDEN ? FORBIDDEN_US : BACKOFF);
        break;
    case UPLINK_LOST:
        if (sender->state == SENDER_DOWN || sender->state == SENDER_ENDED)
            break;
        text_copy(why, sizeof why, event->text[0] != '\0' ? event->text : "the connection was lost");
        hang_up(sender, why, BACKOFF);
        break;
    case UPLINK_ACKED:
        acked(sender, event);
        break;
    case UPLINK_REJECTED:
        rejected(sender, event);
        break;
    case UPLINK_MESSAGE: /* nothing is subscribed yet */
        break;
    }
}

static void take_events(struct sender *sender)
{
    const struct uplink *uplink = &sender->setup.uplink;
    for (int i = 0; i < STEP_EVENTS_MAX && uplink->ops->next(uplink->self, &sender->event); i++)
        take_event(sender, &sender->event);
}

/* --- ending --- */

static void end(struct sender *sender)
{
    sender->setup.uplink.ops->close(sender->setup.uplink.self, sender->state == SENDER_ENDING);
    sender->state = SENDER_ENDED;
    report_cursors(sender, true);
    atomic_store(&sender->finished, true);
    bell_ring(sender->setup.recorder_bell);
}

static void try_to_finish(struct sender *sender)
{
    if (sender->finish_by_mono_us == 0)
        sender->finish_by_mono_us = sender->now.mono_us + FINISH_US;
    if (sender->state == SENDER_DOWN || sender->state == SENDER_CONNECTING) {
        end(sender);
        return;
    }
    bool const enough = sender_caught_up(sender) || sender->now.mono_us >= sender->finish_by_mono_us;
    if (enough && sender_put_status(sender, "stopped")) {
        sender->state = SENDER_ENDING;
        sender->end_by_mono_us = sender->now.mono_us + END_US;
    } else if (sender->now.mono_us >= sender->finish_by_mono_us + END_US) {
        end(sender); /* a broker that takes nothing any more: its will says lost */
    }
}

/* --- the step --- */

static void live(struct sender *sender)
{
    bool const attached = attach_journal(sender);
    switch (sender->state) {
    case SENDER_DOWN:
        if (!attached && sender->now.mono_us >= sender->patience_mono_us)
            say_trouble(sender, "waits for the journal");
        if (!attached)
            break;
        if (sender->now.mono_us >= sender->retry_mono_us && !atomic_load(&sender->finishing))
            connect_now(sender);
        break;
    case SENDER_CONNECTING:
        if (sender->now.mono_us >= sender->connect_by_mono_us)
            hang_up(sender, "the broker does not answer", BACKOFF);
        break;
    case SENDER_UP:
        if (attached)
            sender_deliver(sender);
        if (sender->broken)
            hang_up(sender, "the connection was lost", BACKOFF);
        else if (window_oldest_mono_us(&sender->window) < sender->now.mono_us - UNACKED_MAX_US)
            hang_up(sender, "the broker acknowledges nothing", BACKOFF);
        break;
    case SENDER_ENDING:
    case SENDER_ENDED:
        break;
    }
    if (atomic_load(&sender->finishing) && sender->state != SENDER_ENDED && sender->state != SENDER_ENDING)
        try_to_finish(sender);
    if (sender->state == SENDER_ENDING && sender->now.mono_us >= sender->end_by_mono_us)
        end(sender);
}

static void tell_board(struct sender *sender)
{
    struct board_centre *shown = &sender->shown;
    shown->connected = sender->state == SENDER_UP || sender->state == SENDER_ENDING;
    shown->lw_a = sender->lanes[LANE_A].settled.lw;
    shown->lw_t = sender->lanes[LANE_T].settled.lw;
    text_copy(shown->trouble, sizeof shown->trouble, sender->trouble);
    board_put_centre(sender->setup.board, sender->setup.centre, shown);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* A time that has passed without its work being done waits for something else (room in the window, the journal): a look
 * now and then is enough, and what it waits for rings the bell. */
static int64_t ahead(const struct sender *sender, int64_t mono_us)
{
    return mono_us > sender->now.mono_us ? mono_us : sender->now.mono_us + ATTACH_EVERY_US;
}

static int64_t next_while_up_mono_us(const struct sender *sender)
{
    int64_t const oldest = window_oldest_mono_us(&sender->window);
    int64_t next = earlier(ahead(sender, sender->lanes[LANE_A].look_mono_us), ahead(sender, sender->health_mono_us));
    if (oldest != CLOCK_NEVER)
        next = earlier(next, ahead(sender, oldest + UNACKED_MAX_US + 1));
    if (sender->pause_mono_us > sender->now.mono_us)
        next = earlier(next, sender->pause_mono_us);
    if (sender->busy)
        next = earlier(next, sender->now.mono_us + BUSY_WAIT_US);
    return next;
}

static int64_t next_step_mono_us(const struct sender *sender)
{
    int64_t next = CLOCK_NEVER;
    switch (sender->state) {
    case SENDER_DOWN:
        next = ahead(sender, sender->retry_mono_us);
        break;
    case SENDER_CONNECTING:
        next = sender->connect_by_mono_us;
        break;
    case SENDER_UP:
        next = next_while_up_mono_us(sender);
        break;
    case SENDER_ENDING:
        next = sender->end_by_mono_us;
        break;
    case SENDER_ENDED:
        return CLOCK_NEVER;
    }
    if (sender->lanes[LANE_A].report_due || sender->lanes[LANE_T].report_due)
        next = earlier(next, ahead(sender, sender->report_mono_us));
    if (atomic_load(&sender->finishing))
        next = earlier(next, sender->now.mono_us + BUSY_WAIT_US);
    return next;
}

int64_t sender_step(void *self, struct now now)
{
    struct sender *sender = self;
    sender->now = now;
    if (sender->state == SENDER_ENDED)
        return CLOCK_NEVER;
    if (sender->patience_mono_us == 0)
        sender->patience_mono_us = now.mono_us + PATIENCE_US;
    board_get_journal(sender->setup.board, &sender->journal);
    take_events(sender);
    live(sender);
    report_cursors(sender, false);
    tell_board(sender);
    return next_step_mono_us(sender);
}

enum err sender_open(struct sender **ret_sender, const struct sender_setup *setup)
{
    CHECK(setup->centre < setup->site->centre_count && setup->site->centres[setup->centre].url_count > 0);
    struct sender *sender = calloc(1, sizeof *sender);
    if (sender == NULL)
        return ERR_MEMORY;
    sender->setup = *setup;
    sender->centre = &setup->site->centres[setup->centre];
    window_init(&sender->window);
    backoff_init(&sender->backoff, setup->random_seed, BACKOFF_FIRST_MS, sender->centre->backoff_max_ms);
    sender->retry_mono_us = INT64_MIN;
    sender->active_due = calloc(setup->site->subject_count + 1, sizeof *sender->active_due);
    enum err err = sender->active_due != NULL ? health_open(&sender->health, setup->site, setup->board) : ERR_MEMORY;
    if (err != ERR_OK) {
        sender_close(sender);
        return err;
    }
    *ret_sender = sender;
    return ERR_OK;
}

void sender_close(struct sender *sender)
{
    if (sender == NULL)
        return;
    if (sender->state == SENDER_CONNECTING || sender->state == SENDER_UP || sender->state == SENDER_ENDING)
        sender->setup.uplink.ops->close(sender->setup.uplink.self, false);
    leave_journal(sender);
    health_close(sender->health);
    free(sender->active_due);
    free(sender);
}

void sender_finish(struct sender *sender)
{
    atomic_store(&sender->finishing, true);
}

bool sender_finished(const struct sender *sender)
{
    return atomic_load(&sender->finished);
}
