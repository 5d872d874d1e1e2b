#include "tests/house/fake_link.h"

#include <string.h>

#define TCP_BYTE_US      1
#define GAS6IN1_GUARD_US 500000

void fake_link_open(struct fake_link *fake, const struct site_bus *bus, int index, struct stage *stage,
                    struct plant *plant, struct wire_log *log, int *life, uint64_t seed)
{
    bool const rtu = bus->kind != LINK_TCP;
    *fake = (struct fake_link){.stage = stage,
                               .plant = plant,
                               .log = log,
                               .dice = {seed},
                               .bus = index,
                               .bus_id = bus->id,
                               .rtu = rtu,
                               .byte_us = rtu ? 10 * SECOND / bus->baud : TCP_BYTE_US,
                               .port_there = true,
                               .opens_in = rtu ? 0 : 1,
                               .life = life};
}

void fake_link_plug(struct fake_link *fake, bool there)
{
    fake->port_there = there;
    plant_note(fake->plant, fake->bus, TRUTH_PORT_GONE, !there);
}

void fake_link_reset(struct fake_link *fake)
{
    fake->is_open = false;
    fake->open_steps = 0;
    fake->phase = PHASE_IDLE;
    fake->drained_unit = 0;
}

static enum err open_link(void *self, int64_t mono_us)
{
    struct fake_link *fake = self;
    stage_touch(fake->stage);
    (void)mono_us;
    if (fake->is_open)
        stage_blame(fake->stage, INV_LINK, fake->stage->t_us, "open() of the open %s", fake->bus_id);
    if (fake->stage->dead || !fake->port_there)
        return ERR_IO;
    if (fake->open_steps++ < fake->opens_in)
        return ERR_BUSY;
    fake->is_open = true;
    fake->phase = PHASE_IDLE;
    return ERR_OK;
}

static void close_link(void *self)
{
    fake_link_reset(self);
}

static bool is_read(uint8_t function)
{
    return function <= LINK_READ_INPUT;
}

static bool is_bits(uint8_t function)
{
    return function == LINK_READ_COILS || function == LINK_READ_DISCRETES;
}

static unsigned data_size(const struct link_request *request)
{
    if (!is_read(request->function))
        return 3;
    return is_bits(request->function) ? (request->count + 7U) / 8U : request->count * 2U;
}

static bool request_is_sane(const struct link_request *request)
{
    unsigned const most = is_bits(request->function) ? LINK_BITS_MAX : LINK_WORDS_MAX;
    if (request->function < LINK_READ_COILS || request->function > LINK_WRITE_REGISTER)
        return false;
    if (request->timeout_ms == 0 || request->count == 0)
        return false;
    if (!is_read(request->function))
        return request->count == 1 && (request->function != LINK_WRITE_COIL || request->value <= 1);
    return request->count <= most && request->address + request->count <= 65536;
}

static enum err start(void *self, const struct link_request *request, int64_t mono_us)
{
    struct fake_link *fake = self;
    stage_touch(fake->stage);
    if (fake->stage->dead)
        return ERR_CLOSED;
    if (!fake->is_open || fake->phase != PHASE_IDLE || !request_is_sane(request) ||
        stage_world_us(fake->stage, mono_us) != fake->stage->t_us) {
        stage_blame(fake->stage, INV_LINK, fake->stage->t_us, "%s: start() %s: function %u, address %u, count %u",
                    fake->bus_id, fake->is_open ? "busy or wrong" : "while closed", request->function, request->address,
                    request->count);
        return ERR_CLOSED;
    }
    int64_t const quiet_us = (fake->rtu ? 4 * fake->byte_us : 0) + (int64_t)request->guard_ms * 1000;
    fake->request = *request;
    fake->start_us = fake->stage->t_us;
    fake->sent_us = fake->stage->t_us + quiet_us + 8 * fake->byte_us;
    fake->reacts_us = fake->sent_us + dice_between(&fake->dice, 300, fake->rtu ? 15000 : 2000);
    fake->phase = PHASE_SENDING;
    fake->reply = (struct link_reply){0};
    return ERR_OK;
}

/* The 6-in-1 module loses requests that follow its answer sooner than half a second. */
static bool asked_too_soon(struct fake_link *fake, const struct plant_slave *who)
{
    if (who->row.kind != PLANT_GAS6IN1 || fake->sent_us >= who->answered_us + GAS6IN1_GUARD_US)
        return false;
    if (who->answered_life != *fake->life)
        return false; /* a new process cannot know */
    stage_blame(fake->stage, INV_LINK, fake->stage->t_us, "%s is asked %.3f s after its answer", who->row.id,
                (double)(fake->sent_us - who->answered_us) / 1e6);
    return true;
}

/* The slave has the request and does what it does; from here on the outcome is fixed. */
static void react(struct fake_link *fake)
{
    const struct link_request *request = &fake->request;
    int const slave = plant_at(fake->plant, fake->bus_id, request->unit);
    int64_t const deadline_us = fake->sent_us + (int64_t)request->timeout_ms * 1000;
    int64_t answered_us = fake->stage->t_us + (int64_t)(5 + data_size(request)) * fake->byte_us;
    struct plant_slave *who = slave >= 0 ? &fake->plant->slaves[slave] : NULL;
    bool const faulty = who != NULL && dice_chance(&fake->dice, who->fault_per_mille);
    enum fault const fault = faulty ? who->fault : FAULT_NONE;
    fake->phase = PHASE_WAITING;
    fake->outcome = ERR_TIMEOUT;
    fake->done_us = deadline_us;
    if (who == NULL || fault == FAULT_DEAF || asked_too_soon(fake, who))
        return;
    if (fault == FAULT_EXCEPTION) {
        fake->outcome = ERR_EXCEPTION;
        fake->reply.exception = who->exception;
        fake->done_us = answered_us;
        return;
    }
    uint8_t exception = plant_do(fake->plant, slave, request, &fake->reply);
    if (fault == FAULT_MUTE)
        return;
    if (fault == FAULT_LATE) {
        if (!fake->late.there && exception == 0)
            fake->late = (struct late_frame){
                .there = true, .arrives_us = deadline_us + who->late_us, .request = *request, .reply = fake->reply};
        return;
    }
    if (fake->late.there && fake->late.request.unit == request->unit && fake->late.arrives_us > fake->stage->t_us)
        answered_us += fake->late.arrives_us - fake->stage->t_us; /* one after the other */
    fake->reply.exception = exception;
    fake->outcome = fault == FAULT_GARBLED ? ERR_GARBLED : exception != 0 ? ERR_EXCEPTION : ERR_OK;
    who->answered_us = answered_us;
    who->answered_life = *fake->life;
    if (answered_us <= deadline_us)
        fake->done_us = answered_us;
    else
        fake->outcome = ERR_TIMEOUT;
}

/* What a receiver on an RS-485 line can compare: an answer to a read does not say which address it is of. */
static bool looks_like_the_answer(const struct fake_link *fake)
{
    const struct link_request *asked = &fake->request;
    const struct link_request *old = &fake->late.request;
    if (!fake->rtu || asked->unit != old->unit || asked->function != old->function)
        return false;
    if (is_read(asked->function))
        return data_size(asked) == data_size(old);
    return asked->address == old->address && asked->value == old->value;
}

static void count_foreign(struct fake_link *fake, uint8_t unit)
{
    if (fake->reply.foreign < LINK_FOREIGN_UNITS)
        fake->reply.foreign_units[fake->reply.foreign] = unit;
    fake->reply.foreign++;
}

static void hear_late_frame(struct fake_link *fake)
{
    if (!fake->late.there || fake->stage->t_us < fake->late.arrives_us)
        return;
    fake->late.there = false;
    if (fake->phase == PHASE_IDLE || fake->late.arrives_us < fake->sent_us) {
        fake->drained_unit = fake->late.request.unit; /* before the next request is sent */
        return;
    }
    if (!looks_like_the_answer(fake)) {
        count_foreign(fake, fake->late.request.unit);
        return;
    }
    if (fake->phase == PHASE_SENDING)
        fake->phase = PHASE_WAITING;
    if (is_read(fake->request.function)) {
        fake->crossings++;
        stage_blame(fake->stage, INV_FENCE, fake->stage->t_us,
                    "%s: a late answer of unit %u (function %u, address %u, count %u) was taken for address %u",
                    fake->bus_id, fake->request.unit, fake->late.request.function, fake->late.request.address,
                    fake->late.request.count, fake->request.address);
    }
    fake->reply = fake->late.reply;
    fake->outcome = ERR_OK;
    fake->done_us = fake->stage->t_us;
}

/* Does this read carry a concentration that may be believed? The XCD says its unit in register 10, the XRL its sensor in
 * register 131; the 6-in-1 module says unit and decimals in register 0, its concentration is read together with its status
 * (0+6) or alone (0+2), and probes (0+5, 0+9) and the read of its settings (0+10) only pass over it. */
static bool find_gas(const struct fake_link *fake, int slave, double *ret_gas)
{
    const struct link_request *request = &fake->request;
    enum plant_kind const kind = fake->plant->slaves[slave].row.kind;
    uint16_t const at = kind == PLANT_XRL ? 102 : kind == PLANT_XCD ? 2 : 1;
    if (request->function != LINK_READ_HOLDING)
        return false;
    if (kind == PLANT_XCD && (request->address > 2 || request->address + request->count < 11))
        return false;
    if (kind == PLANT_GAS6IN1 && (request->address != 0 || (request->count != 2 && request->count != 6)))
        return false;
    if (kind == PLANT_XRL && (request->address > 102 || request->address + request->count < 132))
        return false;
    if (kind != PLANT_XCD && kind != PLANT_GAS6IN1 && kind != PLANT_XRL)
        return false;
    *ret_gas = fake->plant->slaves[slave].gas_lel_pct;
    if (fake->outcome != ERR_OK)
        return true;
    const uint16_t *words = fake->reply.words + (at - fake->request.address);
    if (kind == PLANT_GAS6IN1) {
        *ret_gas = words[0] / 10.0;
    } else {
        uint32_t bits = (uint32_t)words[0] << 16 | words[1];
        float single;
        memcpy(&single, &bits, sizeof single);
        *ret_gas = (double)single;
    }
    return true;
}

static void log_transaction(struct fake_link *fake)
{
    struct wire_log *log = fake->log;
    int const slave = plant_at(fake->plant, fake->bus_id, fake->request.unit);
    log->list = stage_grow(log->list, log->count, &log->max, sizeof *log->list);
    struct wire_event *event = &log->list[log->count++];
    *event = (struct wire_event){.start_us = fake->start_us,
                                 .sent_us = fake->sent_us,
                                 .done_us = fake->stage->t_us,
                                 .slave = slave,
                                 .bus = fake->bus,
                                 .life = *fake->life,
                                 .unit = fake->request.unit,
                                 .function = fake->request.function,
                                 .exception = fake->reply.exception,
                                 .bits = fake->reply.bits[0],
                                 .address = fake->request.address,
                                 .count = fake->request.count,
                                 .value = fake->request.value,
                                 .err = fake->outcome};
    memcpy(event->words, fake->reply.words, sizeof event->words);
    if (slave < 0)
        return;
    event->has_gas = find_gas(fake, slave, &event->gas_lel_pct);
    enum plant_kind kind = fake->plant->slaves[slave].row.kind;
    if (!is_read(fake->request.function) && kind != PLANT_RELAYS)
        stage_blame(fake->stage, INV_LIFT, fake->stage->t_us, "a write to %s", fake->plant->slaves[slave].row.id);
}

static enum link_progress fail(struct fake_link *fake, enum err err, enum err *ret_err)
{
    *ret_err = err;
    fake->outcome = err;
    log_transaction(fake);
    fake->phase = PHASE_IDLE;
    return LINK_FAILED;
}

static enum link_progress wait_until(struct fake_link *fake, int64_t t_us, int64_t *ret_next_mono_us)
{
    if (fake->late.there && fake->late.arrives_us < t_us)
        t_us = fake->late.arrives_us;
    *ret_next_mono_us = stage_mono_us(fake->stage, t_us);
    return LINK_WAIT;
}

static enum link_progress poll_link(void *self, int64_t mono_us, struct link_reply *ret_reply, enum err *ret_err,
                                    int64_t *ret_next_mono_us)
{
    struct fake_link *fake = self;
    (void)mono_us;
    stage_touch(fake->stage);
    if (fake->stage->dead) {
        *ret_next_mono_us = CLOCK_NEVER;
        return fake->phase == PHASE_IDLE ? LINK_IDLE : LINK_WAIT;
    }
    hear_late_frame(fake);
    if (fake->phase == PHASE_IDLE)
        return LINK_IDLE;
    if (!fake->port_there)
        return fail(fake, ERR_CLOSED, ret_err);
    if (fake->phase == PHASE_SENDING) {
        if (fake->stage->t_us < fake->reacts_us)
            return wait_until(fake, fake->reacts_us, ret_next_mono_us);
        react(fake);
    }
    if (fake->stage->t_us < fake->done_us)
        return wait_until(fake, fake->done_us, ret_next_mono_us);
    if (fake->drained_unit != 0)
        count_foreign(fake, fake->drained_unit);
    fake->drained_unit = 0;
    fake->reply.sent_mono_us = stage_mono_us(fake->stage, fake->sent_us);
    fake->reply.done_mono_us = stage_mono_us(fake->stage, fake->stage->t_us);
    *ret_reply = fake->reply;
    if (fake->outcome != ERR_OK)
        return fail(fake, fake->outcome, ret_err);
    log_transaction(fake);
    fake->phase = PHASE_IDLE;
    return LINK_DONE;
}

static int fd(void *self)
{
    (void)self;
    return -1;
}

static void destroy(void *self)
{
    fake_link_reset(self);
}

static const char *remark(void *self)
{
    const struct fake_link *fake = self;
    return fake->port_there ? "" : "the port is gone";
}

static bool gone(void *self, int *ret_fd)
{
    const struct fake_link *fake = self;
    *ret_fd = -1;
    return !fake->port_there;
}

struct link fake_link_door(struct fake_link *fake)
{
    static const struct link_ops ops = {
        .open = open_link,
        .close = close_link,
        .start = start,
        .poll = poll_link,
        .fd = fd,
        .destroy = destroy,
        .remark = remark,
        .gone = gone,
    };
    return (struct link){.ops = &ops, .self = fake};
}
