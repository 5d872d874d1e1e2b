#include "gateway/run/sender_window.h"

#include "gateway/base/check.h"
#include "gateway/base/clock.h"

#define SLOW_US          1000000
#define QUICK_US         300000
#define GROW_SIZE        ((size_t)4 * 1024)
#define WIDEN_EVERY_ACKS 100

static bool is_history(enum sent_kind kind)
{
    return kind == SENT_HISTORY || kind == SENT_REPLAY;
}

void window_init(struct window *window)
{
    *window = (struct window){.slot_max = WINDOW_MAX, .slot_ceiling = WINDOW_MAX, .bytes_max = WINDOW_BYTES_FIRST};
}

void window_reset(struct window *window, uint16_t receive_maximum)
{
    size_t const bytes_max = window->bytes_max;
    uint32_t const connection = window->connection + 1;
    window_init(window);
    window->bytes_max = bytes_max;
    window->connection = connection;
    if (receive_maximum > 0 && receive_maximum < WINDOW_MAX)
        window->slot_max = window->slot_ceiling = receive_maximum;
}

bool window_has_room(const struct window *window, enum sent_kind kind, size_t size)
{
    if (window->used == 0)
        return true;
    if (window->used >= window->slot_max || window->bytes + size > window->bytes_max)
        return false;
    if (!is_history(kind))
        return true;
    return (window->history_used + 1) * 100 <= window->slot_max * WINDOW_HISTORY_SHARE &&
           (window->bytes + size) * 100 <= window->bytes_max * WINDOW_HISTORY_SHARE;
}

uint64_t window_take(struct window *window, const struct sent *sent)
{
    size_t at = 0;
    while (at < WINDOW_MAX && window->slots[at].used)
        at++;
    CHECK(at < WINDOW_MAX);
    window->slots[at] = *sent;
    window->slots[at].used = true;
    window->used++;
    window->history_used += is_history(sent->kind) ? 1 : 0;
    window->bytes += sent->size;
    return (uint64_t)window->connection << 32 | at;
}

struct sent *window_find(struct window *window, uint64_t ticket)
{
    uint64_t const at = ticket & UINT32_MAX;
    if (ticket >> 32 != window->connection || at >= WINDOW_MAX || !window->slots[at].used)
        return NULL;
    return &window->slots[at];
}

void window_give_back(struct window *window, struct sent *sent)
{
    CHECK(sent->used && window->used > 0 && window->bytes >= sent->size);
    window->used--;
    window->history_used -= is_history(sent->kind) ? 1 : 0;
    window->bytes -= sent->size;
    sent->used = false;
}

void window_acked(struct window *window, struct sent *sent, int64_t now_mono_us)
{
    int64_t const took_us = now_mono_us - sent->sent_mono_us;
    size_t const share = is_history(sent->kind) ? WINDOW_HISTORY_SHARE : 100;
    bool const was_limit = (window->bytes + sent->size) * 100 > window->bytes_max * share;
    window_give_back(window, sent);
    if (took_us > SLOW_US && now_mono_us - window->narrowed_mono_us > SLOW_US) {
        window->bytes_max = window->bytes_max / 2 > WINDOW_BYTES_MIN ? window->bytes_max / 2 : WINDOW_BYTES_MIN;
        window->narrowed_mono_us = now_mono_us;
    } else if (took_us < QUICK_US && was_limit && window->bytes_max < WINDOW_BYTES_MAX) {
        window->bytes_max += GROW_SIZE;
    }
    if (window->slot_max < window->slot_ceiling && ++window->acks_since_halved >= WIDEN_EVERY_ACKS) {
        window->slot_max++;
        window->acks_since_halved = 0;
    }
}

void window_halve(struct window *window)
{
    window->slot_max = window->slot_max > 1 ? window->slot_max / 2 : 1;
    window->acks_since_halved = 0;
}

int64_t window_oldest_mono_us(const struct window *window)
{
    int64_t oldest = CLOCK_NEVER;
    for (size_t i = 0; i < WINDOW_MAX; i++)
        if (window->slots[i].used && window->slots[i].sent_mono_us < oldest)
            oldest = window->slots[i].sent_mono_us;
    return oldest;
}

static bool is_of_lane(const struct sent *sent, bool lane_t)
{
    return sent->used && (lane_t ? sent->kind == SENT_LIVE || sent->kind == SENT_HISTORY : sent->kind == SENT_ALARM);
}

uint64_t window_next(const struct window *window, bool lane_t, uint64_t number)
{
    uint64_t next = UINT64_MAX;
    for (size_t i = 0; i < WINDOW_MAX; i++) {
        const struct sent *sent = &window->slots[i];
        if (is_of_lane(sent, lane_t) && sent->first > number && sent->first < next)
            next = sent->first;
    }
    return next;
}

bool window_covers(const struct window *window, bool lane_t, uint64_t number)
{
    for (size_t i = 0; i < WINDOW_MAX; i++) {
        const struct sent *sent = &window->slots[i];
        if (is_of_lane(sent, lane_t) && number >= sent->first && number <= sent->last)
            return true;
    }
    return false;
}
