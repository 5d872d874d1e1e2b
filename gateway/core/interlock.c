#include "gateway/core/interlock.h"

#include <math.h>
#include <stddef.h>

static bool has_feedback(const struct site_interlock *site)
{
    return site->confirm_device >= 0;
}

static void demand_outputs(struct interlock *interlock, int64_t mono_us)
{
    interlock->silenced = false;
    interlock->since_mono_us = mono_us;
}

static unsigned trip(struct interlock *interlock, const struct interlock_view *view)
{
    interlock->tripped = true;
    demand_outputs(interlock, view->mono_us);
    return interlock->held ? INTERLOCK_WITHHELD : INTERLOCK_TRIPPED;
}

static unsigned release(struct interlock *interlock)
{
    *interlock = (struct interlock){.voters = interlock->voters, .held = interlock->held};
    return INTERLOCK_RELEASED;
}

unsigned interlock_vote(struct interlock *interlock, const struct site_interlock *site,
                        const struct interlock_view *view)
{
    bool joined = (view->vote.voters & ~interlock->voters) != 0;
    interlock->voters = view->vote.voters | (interlock->voters & view->vote.unknown); /* not read yet: as it was */
    if (!interlock->tripped)
        return view->vote.verdict == TRI_YES ? trip(interlock, view) : 0;
    if (view->vote.verdict == TRI_NO && !site->latch)
        return release(interlock);
    if (!interlock->silenced || !joined)
        return 0;
    demand_outputs(interlock, view->mono_us);
    return INTERLOCK_RESOUNDED;
}

unsigned interlock_found(struct interlock *interlock, const struct interlock_view *view)
{
    return interlock->tripped || interlock->held ? 0 : trip(interlock, view) | INTERLOCK_FOUND;
}

void interlock_hold(struct interlock *interlock)
{
    interlock->held = true;
}

unsigned interlock_end_hold(struct interlock *interlock, const struct interlock_view *view)
{
    interlock->held = false;
    if (!interlock->tripped)
        return 0;
    return view->vote.verdict == TRI_NO ? release(interlock) : trip(interlock, view);
}

static unsigned follow_outputs(struct interlock *interlock, const struct interlock_view *view)
{
    if (interlock->commanded && !view->settled) {
        interlock->commanded = false;
        interlock->confirmed = false;
        interlock->since_mono_us = view->mono_us;
    }
    if (interlock->commanded || !view->settled)
        return 0;
    interlock->commanded = true;
    interlock->commanded_mono_us = view->settled_mono_us;
    return INTERLOCK_COMMANDED;
}

static unsigned follow_feedback(struct interlock *interlock, const struct site_interlock *site,
                                const struct interlock_view *view)
{
    if (!interlock->commanded)
        return 0;
    if (has_feedback(site) && interlock->confirmed && view->feedback == TRI_NO) {
        interlock->confirmed = false;
        interlock->since_mono_us = view->mono_us;
    }
    if (interlock->confirmed)
        return 0;
    if (has_feedback(site) && (view->feedback != TRI_YES || view->feedback_mono_us <= interlock->commanded_mono_us))
        return 0;
    interlock->confirmed = true;
    interlock->well_mono_us = view->mono_us;
    return has_feedback(site) ? INTERLOCK_CONFIRMED : 0;
}

/* The first moment at which it counts as failed if nothing gets better. */
static int64_t deadline_mono_us(const struct interlock *interlock, const struct site_interlock *site)
{
    int64_t within_ms = has_feedback(site) ? (int64_t)site->confirm_within_ms : INTERLOCK_WRITE_MS;
    if (!interlock->commanded && within_ms > INTERLOCK_WRITE_MS)
        within_ms = INTERLOCK_WRITE_MS;
    return interlock->since_mono_us + within_ms * 1000;
}

static void follow_failure(struct interlock *interlock, const struct site_interlock *site, int64_t mono_us)
{
    bool well = interlock->confirmed && mono_us - interlock->well_mono_us >= INTERLOCK_WELL_MS * 1000;
    if (!interlock->confirmed && mono_us >= deadline_mono_us(interlock, site))
        interlock->failed = true;
    if (interlock->found_off)
        interlock->failed = true;
    if (!well)
        return;
    interlock->failed = false;
    interlock->found_off = false;
}

unsigned interlock_follow(struct interlock *interlock, const struct site_interlock *site,
                          const struct interlock_view *view)
{
    if (!interlock_demands(interlock)) {
        interlock->failed = false;
        interlock->found_off = false;
        return 0;
    }
    if (view->found_off)
        interlock->found_off = true;
    unsigned happened = follow_outputs(interlock, view);
    happened |= follow_feedback(interlock, site, view);
    follow_failure(interlock, site, view->mono_us);
    return happened;
}

int64_t interlock_next_mono_us(const struct interlock *interlock, const struct site_interlock *site)
{
    if (!interlock_demands(interlock))
        return INTERLOCK_NEVER;
    if (interlock->confirmed)
        return interlock->failed ? interlock->well_mono_us + INTERLOCK_WELL_MS * 1000 : INTERLOCK_NEVER;
    return interlock->failed ? INTERLOCK_NEVER : deadline_mono_us(interlock, site);
}

enum err interlock_reset(struct interlock *interlock, bool is_over, const char **ret_code)
{
    if (!interlock->tripped) {
        *ret_code = "nothing_to_do";
        return ERR_REFUSED;
    }
    if (!is_over) {
        *ret_code = "condition_active";
        return ERR_REFUSED;
    }
    (void)release(interlock);
    return ERR_OK;
}

enum err interlock_silence(struct interlock *interlock, const struct site_interlock *site, const char **ret_code)
{
    if (!site->silenceable) {
        *ret_code = "not_silenceable";
        return ERR_REFUSED;
    }
    if (!interlock_demands(interlock)) {
        *ret_code = "nothing_to_do";
        return ERR_REFUSED;
    }
    interlock->silenced = true;
    interlock->commanded = false;
    interlock->confirmed = false;
    return ERR_OK;
}

void interlock_restore(struct interlock *interlock, const struct stored *stored, uint64_t voters, int64_t mono_us)
{
    *interlock = (struct interlock){0};
    if (stored->state != STORED_TRIPPED)
        return;
    interlock->tripped = true;
    demand_outputs(interlock, mono_us);
    interlock->silenced = (stored->flags & STORED_SILENCED) != 0;
    interlock->voters = voters;
}

struct stored interlock_stored(const struct interlock *interlock, uint32_t index, int64_t since_utc_ms)
{
    return (struct stored){
        .kind = STORED_INTERLOCK,
        .state = interlock->tripped ? STORED_TRIPPED : STORED_READY,
        .flags = interlock->silenced ? STORED_SILENCED : 0,
        .index = index,
        .since_utc_ms = since_utc_ms,
    };
}

void demand_add(struct demand *demand, double value)
{
    if (!demand->any || fabs(value) > fabs(demand->value))
        demand->value = value;
    demand->any = true;
}

/* A scaled register reads back as the nearest double, not always as the same. */
static bool same(double a, double b)
{
    return fabs(a - b) <= 1e-9 * (1 + fabs(a));
}

/* Whatever is under way is overtaken. */
static void write_anew(struct output *output, int64_t mono_us)
{
    output->settled = false;
    output->asked = false;
    output->next_mono_us = mono_us;
}

static void want(struct output *output, double value, int64_t mono_us)
{
    if (output->touched && same(output->wanted, value))
        return;
    output->touched = true;
    output->wanted = value;
    output->found_off = false;
    write_anew(output, mono_us);
}

static void let_go(struct output *output, int64_t mono_us)
{
    if (output->by_hand) {
        output->touched = false;
        return;
    }
    output->lingers = true;
    output->off_mono_us = mono_us + output->off_delay_us;
}

void output_drive(struct output *output, struct demand demand, int64_t mono_us)
{
    if (demand.any)
        want(output, demand.value, mono_us);
    else if (output->demanded)
        let_go(output, mono_us);
    output->demanded = demand.any;
    output->lingers = output->lingers && !demand.any;
    if (!output->lingers || mono_us < output->off_mono_us)
        return;
    output->lingers = false;
    want(output, same(output->wanted, 0) ? 1 : 0, mono_us);
}

bool output_due(const struct output *output, int64_t mono_us)
{
    return output->touched && !output->settled && mono_us >= output->next_mono_us;
}

void output_sent(struct output *output, uint32_t token, int64_t mono_us)
{
    if (!output->asked)
        output->first_token = token;
    output->asked = true;
    output->last_token = token;
    output->next_mono_us = mono_us + OUTPUT_LOST_MS * 1000;
}

void output_not_sent(struct output *output, int64_t mono_us)
{
    output->err = ERR_FULL;
    output->next_mono_us = mono_us + OUTPUT_RETRY_MS * 1000;
}

void output_written(struct output *output, const struct written *written)
{
    if (!output->asked || output->settled ||
        written->token - output->first_token > output->last_token - output->first_token)
        return; /* of a value that was overtaken */
    if (written->err != ERR_OK) {
        output->err = written->err;
        if (written->token != output->last_token)
            return;
        output->next_mono_us = written->done_mono_us + OUTPUT_RETRY_MS * 1000;
        return;
    }
    output->err = ERR_OK;
    output->settled = true;
    output->found_off = false;
    output->settled_mono_us = written->done_mono_us;
}

bool output_seen(struct output *output, double value, int64_t read_mono_us)
{
    if (!output->demanded || !output->settled || read_mono_us <= output->settled_mono_us || same(value, output->wanted))
        return false;
    write_anew(output, read_mono_us);
    output->found_off = true;
    return true;
}

bool output_fell(const struct output *output, double fail, double value, int64_t read_mono_us)
{
    bool const idle = !output->touched || (output_rests(output) && read_mono_us > output->settled_mono_us);
    return idle && !output->demanded && !output->by_hand && same(value, fail);
}

int64_t output_next_mono_us(const struct output *output)
{
    int64_t const write_mono_us = output->touched && !output->settled ? output->next_mono_us : INTERLOCK_NEVER;
    return output->lingers && output->off_mono_us < write_mono_us ? output->off_mono_us : write_mono_us;
}
