#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/core/normalize.h"
#include "gateway/run/judge_private.h"

void interlock_touch(struct judge *judge, size_t interlock)
{
    judge->interlocks[interlock].dirty = true;
    judge->interlocks_dirty = true;
}

static void touch_claimants(struct judge *judge, const struct judge_output *output)
{
    for (size_t i = 0; i < output->claim_count; i++)
        interlock_touch(judge, output->claims[i].interlock);
}

/* Notices. */

static struct judge_notice *begin_notice(struct judge *judge, size_t index, enum notice notice, struct alarm_moment at,
                                         struct text *detail)
{
    struct judge_notice *next = notice_begin(judge, notice, at, detail);
    if (next == NULL)
        return NULL;
    text_put(detail, "\"interlock\":");
    text_put_json_string(detail, judge->interlocks[index].site->id);
    return next;
}

static struct stored stored_now(const struct judge *judge, size_t index)
{
    const struct judge_interlock *interlock = &judge->interlocks[index];
    struct stored stored = interlock_stored(&interlock->machine, (uint32_t)index, interlock->since_utc_ms);
    if (!interlock->machine.tripped && interlock->releasing)
        stored.state = STORED_RELEASING;
    return stored;
}

static bool is_untold(const struct judge *judge, size_t index)
{
    const struct judge_interlock *interlock = &judge->interlocks[index];
    return stored_now(judge, index).state != interlock->told_state ||
           interlock->machine.silenced != interlock->told_silenced;
}

/* The stored state travels in one transaction with its event. */
static void attach_stored(struct judge *judge, size_t index, struct judge_notice *notice)
{
    struct judge_interlock *interlock = &judge->interlocks[index];
    if (notice == NULL)
        return;
    notice->has_stored = true;
    notice->stored = stored_now(judge, index);
    interlock->told_state = notice->stored.state;
    interlock->told_silenced = interlock->machine.silenced;
}

static void put_ms_since_trip(struct text *detail, const struct judge_interlock *interlock, int64_t mono_us)
{
    text_put(detail, ",\"ms\":");
    text_put_int(detail, (mono_us - interlock->tripped_mono_us) / 1000);
}

static void put_voters(const struct judge *judge, const struct judge_interlock *interlock, struct text *detail)
{
    text_put(detail, ",\"alarm\":");
    text_put_json_string(detail, interlock->site->alarm);
    text_put(detail, ",\"voters\":[");
    bool first = true;
    for (size_t i = 0; i < interlock->member_count; i++) {
        if ((interlock->machine.voters >> i & 1) == 0)
            continue;
        const char *id = judge->devices[interlock->members[i].device].site->id;
        if (detail->used + 2 * SITE_ID_MAX > NEWS_DETAIL_MAX) /* the rest are many more of the same */
            break;
        text_put(detail, first ? "" : ",");
        text_put_json_string(detail, id);
        first = false;
    }
    text_put(detail, "]");
}

static void tell_tripped(struct judge *judge, size_t index, unsigned happened, struct alarm_moment at)
{
    bool const again = (happened & INTERLOCK_RESOUNDED) != 0;
    struct judge_interlock *interlock = &judge->interlocks[index];
    struct text detail;
    interlock->tripped_mono_us = at.mono_us;
    if (!again)
        interlock->since_utc_ms = at.utc_ms;
    struct judge_notice *notice = begin_notice(judge, index, NOTICE_INTERLOCK_TRIPPED, at, &detail);
    if (notice != NULL)
        put_voters(judge, interlock, &detail);
    if (notice != NULL && again)
        text_put(&detail, ",\"resounded\":true");
    if (notice != NULL && (happened & INTERLOCK_FOUND) != 0)
        text_put(&detail, ",\"found\":true");
    attach_stored(judge, index, notice);
}

/* It would have tripped. Stored as tripped: after a kill nobody holds it any more. */
static void tell_withheld(struct judge *judge, size_t index, struct alarm_moment at)
{
    struct text detail;
    judge->interlocks[index].since_utc_ms = at.utc_ms;
    struct judge_notice *notice = begin_notice(judge, index, NOTICE_INTERLOCK_HELD, at, &detail);
    if (notice != NULL) {
        put_voters(judge, &judge->interlocks[index], &detail);
        text_put(&detail, ",\"test\":true");
    }
    attach_stored(judge, index, notice);
}

static void tell_commanded(struct judge *judge, size_t index, struct alarm_moment at)
{
    struct judge_interlock *interlock = &judge->interlocks[index];
    struct text detail;
    if (begin_notice(judge, index, NOTICE_INTERLOCK_COMMANDED, at, &detail) == NULL)
        return;
    put_ms_since_trip(&detail, interlock, interlock->machine.commanded_mono_us);
    int64_t wire_mono_us = 0;
    for (size_t i = 0; i < interlock->site->action_count; i++)
        if (judge->outputs[interlock->outputs[i]].wire_mono_us > wire_mono_us)
            wire_mono_us = judge->outputs[interlock->outputs[i]].wire_mono_us;
    if (wire_mono_us < interlock->tripped_mono_us)
        return;
    text_put(&detail, ",\"wire_ms\":");
    text_put_int(&detail, (wire_mono_us - interlock->tripped_mono_us) / 1000);
}

static void tell_confirmed(struct judge *judge, size_t index, struct alarm_moment at)
{
    struct text detail;
    if (begin_notice(judge, index, NOTICE_INTERLOCK_CONFIRMED, at, &detail) != NULL)
        put_ms_since_trip(&detail, &judge->interlocks[index], at.mono_us);
}

static void put_order(struct text *detail, const struct order *order)
{
    text_put(detail, ",\"by\":");
    text_put_json_string(detail, order->by);
    if (order->why[0] == '\0')
        return;
    text_put(detail, ",\"why\":");
    text_put_json_string(detail, order->why);
}

/* Who ordered it; nobody: it released itself. */
static void tell_by(struct judge *judge, size_t index, enum notice notice, const struct order *order,
                    struct alarm_moment at)
{
    struct text detail;
    struct judge_notice *begun = begin_notice(judge, index, notice, at, &detail);
    if (begun != NULL && order != NULL)
        put_order(&detail, order);
    if (begun != NULL && judge->interlocks[index].machine.held)
        text_put(&detail, ",\"test\":true"); /* nothing was written, nothing is taken back */
    attach_stored(judge, index, begun);
}

static void tell_happened(struct judge *judge, size_t index, unsigned happened, struct alarm_moment at)
{
    if (happened != 0)
        judge->interlocks[index].moved = true;
    if ((happened & INTERLOCK_RELEASED) != 0)
        judge->interlocks[index].releasing = !judge->interlocks[index].machine.held;
    if ((happened & INTERLOCK_WITHHELD) != 0)
        tell_withheld(judge, index, at);
    if ((happened & (INTERLOCK_TRIPPED | INTERLOCK_RESOUNDED)) != 0)
        tell_tripped(judge, index, happened, at);
    if ((happened & INTERLOCK_COMMANDED) != 0)
        tell_commanded(judge, index, at);
    if ((happened & INTERLOCK_CONFIRMED) != 0)
        tell_confirmed(judge, index, at);
    if ((happened & INTERLOCK_RELEASED) != 0)
        tell_by(judge, index, NOTICE_INTERLOCK_RELEASED, NULL, at);
}

/* Outputs. */

static struct demand demand_of(const struct judge *judge, const struct judge_output *output)
{
    struct demand demand = {0};
    for (size_t i = 0; i < output->claim_count; i++) {
        const struct judge_interlock *interlock = &judge->interlocks[output->claims[i].interlock];
        if (interlock_demands(&interlock->machine))
            demand_add(&demand, interlock->site->actions[output->claims[i].action].value);
    }
    return demand;
}

static void send(struct judge *judge, struct judge_output *output, int64_t mono_us)
{
    const struct judge_slave *slave = &judge->slaves[output->slave];
    CHECK(!slave->never_written && slave->site->points[output->point].writable);
    struct bus_write write = {.slave = output->slave,
                              .point = output->point,
                              .value = output->machine.wanted,
                              .token = ++judge->token,
                              .asked_mono_us = mono_us};
    const struct judge_bus *bus = &judge->setup.buses[slave->site->bus];
    if (ring_push(bus->writes, &write, sizeof write) != ERR_OK) {
        output_not_sent(&output->machine, mono_us);
        return;
    }
    bell_ring(bus->bell);
    output_sent(&output->machine, write.token, mono_us);
}

static void drive(struct judge *judge, size_t index, int64_t mono_us)
{
    struct judge_output *output = &judge->outputs[index];
    output_drive(&output->machine, demand_of(judge, output), mono_us);
    if (output_due(&output->machine, mono_us))
        send(judge, output, mono_us);
    timers_set(&judge->timers, timer_output(judge, index), output_next_mono_us(&output->machine));
}

void interlocks_take_written(struct judge *judge, const struct written *written, struct alarm_moment at)
{
    CHECK(written->slave >= 0 && (size_t)written->slave < judge->site->slave_count);
    const struct judge_slave *slave = &judge->slaves[written->slave];
    for (size_t i = 0; i < slave->output_count; i++) {
        struct judge_output *output = &judge->outputs[slave->output_first + i];
        if (output->point != written->point)
            continue;
        output_written(&output->machine, written);
        if (written->err == ERR_OK)
            output->wire_mono_us = written->wire_mono_us;
        touch_claimants(judge, output);
    }
    interlocks_run(judge, at);
}

/* Its board lost sight of the gateway and set its outputs to their fail state. Who would have done the same has tripped by
 * that: it is told, stored, and taken back by nothing but a release. Before the stored states are there nothing is taken for
 * fallen; a later reading shows it again. */
static void take_fallen(struct judge *judge, struct judge_output *output, double value, const struct batch *batch)
{
    struct alarm_moment const at = {.mono_us = batch->mono_us, .utc_ms = batch->utc_ms, .synced = batch->synced != 0};
    struct interlock_view const view = {.mono_us = batch->mono_us};
    for (size_t i = 0; i < output->claim_count && !judge->restoring; i++) {
        size_t const index = output->claims[i].interlock;
        struct judge_interlock *interlock = &judge->interlocks[index];
        double const missing = interlock->site->actions[output->claims[i].action].value - value;
        unsigned const happened = missing < 0 || missing > 0 ? 0 : interlock_found(&interlock->machine, &view);
        if (happened == 0)
            continue;
        output_drive(&output->machine, (struct demand){.any = true, .value = value}, at.mono_us);
        tell_happened(judge, index, happened, at);
        interlock_touch(judge, index);
    }
}

void interlocks_see(struct judge *judge, const struct judge_slave *slave, const struct sample *sample,
                    const struct batch *batch)
{
    for (size_t i = 0; i < slave->output_count; i++) {
        struct judge_output *output = &judge->outputs[slave->output_first + i];
        double value = 0;
        if (output->point != sample->point || sample->quality != QUALITY_GOOD ||
            !sample_number(slave->site->points[sample->point].type, sample, &value))
            continue;
        if (output_seen(&output->machine, value, batch->mono_us))
            touch_claimants(judge, output);
        if (slave->site->watchdog_ms > 0 && slave->site->points[sample->point].function == FUNCTION_COIL &&
            output_fell(&output->machine, slave->site->watchdog_fail ? 1 : 0, value, batch->mono_us))
            take_fallen(judge, output, value, batch);
    }
}

/* Interlocks. */

static void view_outputs(const struct judge *judge, const struct judge_interlock *interlock,
                         struct interlock_view *view)
{
    view->settled = true;
    for (size_t i = 0; i < interlock->site->action_count; i++) {
        const struct output *output = &judge->outputs[interlock->outputs[i]].machine;
        double missing = output->wanted - interlock->site->actions[i].value;
        if (!output->settled || missing > 0 || missing < 0)
            view->settled = false;
        else if (output->settled_mono_us > view->settled_mono_us)
            view->settled_mono_us = output->settled_mono_us;
        view->found_off = view->found_off || output->found_off;
    }
}

static void view_feedback(const struct judge *judge, const struct site_interlock *site, struct interlock_view *view)
{
    view->feedback = TRI_UNKNOWN;
    if (site->confirm_device < 0)
        return;
    const struct judge_device *device = &judge->devices[site->confirm_device];
    const struct device_point *point = &device->site->points[site->confirm_point];
    double value = 0;
    const struct sample *sample = &device->samples[site->confirm_point];
    if (sample->quality != QUALITY_GOOD || !sample_number(point->type, sample, &value))
        return;
    view->feedback = tri_of(value >= site->confirm_equals && value <= site->confirm_equals);
    view->feedback_mono_us = device->ages[site->confirm_point].read_mono_us;
}

static void show(struct judge *judge, size_t index)
{
    const struct judge_interlock *interlock = &judge->interlocks[index];
    struct board_interlock value = {
        .tripped = interlock->machine.tripped,
        .commanded = interlock->machine.commanded,
        .confirmed = interlock->site->confirm_device >= 0 && interlock->machine.confirmed,
        .failed = interlock->machine.failed,
        .silenced = interlock->machine.silenced,
        .held = interlock->machine.held,
        .since_utc_ms = interlock->since_utc_ms,
    };
    board_put_interlock(judge->setup.board, index, &value);
}

static void vote(struct judge *judge, size_t index, struct alarm_moment at)
{
    struct judge_interlock *interlock = &judge->interlocks[index];
    struct interlock_view view = {.mono_us = at.mono_us, .vote = vote_of(judge, interlock)};
    tell_happened(judge, index, interlock_vote(&interlock->machine, interlock->site, &view), at);
}

void interlock_let_loose(struct judge *judge, size_t index, struct alarm_moment at)
{
    struct judge_interlock *interlock = &judge->interlocks[index];
    struct interlock_view view = {.mono_us = at.mono_us, .vote = vote_of(judge, interlock)};
    unsigned const happened = interlock_end_hold(&interlock->machine, &view);
    if ((happened & INTERLOCK_RELEASED) != 0) /* of the drill's trip: there is nothing to take back */
        tell_by(judge, index, NOTICE_INTERLOCK_RELEASED, NULL, at);
    else
        tell_happened(judge, index, happened, at);
    interlock->moved = true;
    interlock_touch(judge, index);
}

static bool outputs_settled(const struct judge *judge, const struct judge_interlock *interlock)
{
    for (size_t i = 0; i < interlock->site->action_count; i++) {
        const struct output *output = &judge->outputs[interlock->outputs[i]].machine;
        if (!output_rests(output))
            return false;
    }
    return true;
}

/* A trip is judged from what is known now; deadlines from what was wanted then. */
static void follow(struct judge *judge, size_t index, struct alarm_moment at)
{
    struct judge_interlock *interlock = &judge->interlocks[index];
    struct interlock_view view = {.mono_us = at.mono_us};
    view_outputs(judge, interlock, &view);
    view_feedback(judge, interlock->site, &view);
    tell_happened(judge, index, interlock_follow(&interlock->machine, interlock->site, &view), at);
    if (interlock->site->failed_rule >= 0)
        rule_feed_truth(judge, (size_t)interlock->site->failed_rule, tri_of(interlock->machine.failed), at);
    timers_set(&judge->timers, timer_interlock(judge, index),
               interlock_next_mono_us(&interlock->machine, interlock->site));
    if (interlock->releasing && (interlock->machine.tripped || outputs_settled(judge, interlock)))
        interlock->releasing = false;
    if (is_untold(judge, index))
        judge->interlocks_untold = true;
    show(judge, index);
}

void interlocks_run(struct judge *judge, struct alarm_moment at)
{
    if (judge->restoring)
        return;
    hold_watch(judge, at);
    if (!judge->interlocks_dirty)
        return;
    judge->interlocks_dirty = false;
    for (size_t i = 0; i < judge->site->interlock_count; i++)
        if (judge->interlocks[i].dirty)
            vote(judge, i, at);
    for (size_t i = 0; i < judge->output_count; i++) {
        struct judge_output *output = &judge->outputs[i];
        bool dirty = false;
        for (size_t c = 0; c < output->claim_count; c++)
            dirty = dirty || judge->interlocks[output->claims[c].interlock].dirty;
        if (!dirty)
            continue;
        drive(judge, i, at.mono_us);
        touch_claimants(judge, output);
    }
    for (size_t i = 0; i < judge->site->interlock_count; i++) {
        if (!judge->interlocks[i].dirty)
            continue;
        judge->interlocks[i].dirty = false;
        follow(judge, i, at);
    }
    judge->interlocks_dirty = false;
}

/* The journal. */

void interlocks_flush(struct judge *judge, struct alarm_moment at)
{
    if (!judge->interlocks_untold)
        return;
    bool left = false;
    for (size_t i = 0; i < judge->site->interlock_count; i++) {
        struct judge_interlock *interlock = &judge->interlocks[i];
        if (!is_untold(judge, i))
            continue;
        struct stored stored = stored_now(judge, i);
        if (!news_push_stored(judge, &stored, at)) {
            left = true;
            continue;
        }
        interlock->told_state = stored.state;
        interlock->told_silenced = interlock->machine.silenced;
    }
    judge->interlocks_untold = left;
}

void interlock_put_back(struct judge *judge, const struct stored *stored, struct alarm_moment at)
{
    CHECK(stored->index < judge->site->interlock_count);
    struct judge_interlock *interlock = &judge->interlocks[stored->index];
    interlock->told_state = stored->state;
    interlock->told_silenced = (stored->flags & STORED_SILENCED) != 0;
    if (interlock->moved) {
        judge->interlocks_untold = true; /* what happened since start is newer */
        return;
    }
    interlock_restore(&interlock->machine, stored, vote_of_stored(judge, interlock), at.mono_us);
    interlock->tripped_mono_us = at.mono_us;
    interlock->since_utc_ms = stored->since_utc_ms;
    interlock->releasing = stored->state == STORED_RELEASING;
    for (size_t i = 0; i < interlock->site->action_count && (interlock->machine.silenced || interlock->releasing);
         i++) {
        struct demand demand = {.any = true, .value = interlock->site->actions[i].value};
        output_drive(&judge->outputs[interlock->outputs[i]].machine, demand, at.mono_us); /* so that it is withdrawn */
    }
    interlock_touch(judge, stored->index);
}

/* Orders. */

enum err interlock_try_reset(struct judge *judge, size_t index, const struct order *order, struct alarm_moment at,
                             const char **ret_code)
{
    struct judge_interlock *interlock = &judge->interlocks[index];
    if (order->source != SOURCE_LOCAL) {
        *ret_code = interlock->machine.tripped ? "local_only" : "nothing_to_do";
        return ERR_REFUSED;
    }
    enum err err = interlock_reset(&interlock->machine, vote_is_over(judge, interlock), ret_code);
    if (err != ERR_OK)
        return err;
    interlock->moved = true;
    interlock->releasing = !interlock->machine.held;
    tell_by(judge, index, NOTICE_INTERLOCK_RELEASED, order, at);
    interlock_touch(judge, index);
    return ERR_OK;
}

enum err interlock_try_silence(struct judge *judge, size_t index, const struct order *order, struct alarm_moment at,
                               const char **ret_code)
{
    struct judge_interlock *interlock = &judge->interlocks[index];
    enum err err = interlock_silence(&interlock->machine, interlock->site, ret_code);
    if (err != ERR_OK)
        return err;
    interlock->moved = true;
    tell_by(judge, index, NOTICE_INTERLOCK_SILENCED, order, at);
    judge->interlocks_untold = true;
    interlock_touch(judge, index);
    return ERR_OK;
}
