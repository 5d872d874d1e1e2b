#include "gateway/run/bus_private.h"

void bus_begin_identity(struct bus *bus, struct now now)
{
    const struct site_slave *site = bus->slaves[bus->slave].site;
    bus->request.function = (uint8_t)site->identity_function;
    bus->request.address = site->identity.address;
    bus->request.count = 1;
    bus_shorten_timeout(bus, now);
    bus_begin(bus, DOING_IDENTITY, now);
}

/* Another model speaks other registers: whatever it says would be taken for something else. The device that the site file
 * means does not answer. */
static void refuse_stranger(struct bus *bus, int64_t found, struct now now)
{
    struct bus_slave *slave = &bus->slaves[bus->slave];
    bus->schedule.slaves[bus->slave].not_before_mono_us = now.mono_us + STRANGER_RETRY_US;
    if (slave->stranger)
        return;
    slave->stranger = true;
    bus_stats_stranger(&bus->stats, bus->slave, true, found);
    log_say(LOG_WARNING, "bus",
            "%s: unit %u is not what profile %s describes: register %u has %lld, not %lld; nothing of %s is taken",
            bus->site->id, slave->site->unit, slave->site->profile, slave->site->identity.address, (long long)found,
            (long long)slave->site->identity_equals, slave->site->id);
    bus_tell_slave_failed(bus, bus->slave, REASON_NO_ANSWER, now);
}

void bus_identity_answered(struct bus *bus, struct now now)
{
    struct bus_slave *slave = &bus->slaves[bus->slave];
    struct decode_input const input = bus_decode_input(bus);
    int64_t found = 0;
    CHECK(decode_part(&input, slave->site->identity, &found));
    if (found != slave->site->identity_equals) {
        refuse_stranger(bus, found, now);
        return;
    }
    if (slave->stranger)
        log_say(LOG_INFO, "bus", "%s: %s is what its profile says again", bus->site->id, slave->site->id);
    slave->unproved = slave->stranger = false;
    bus_stats_stranger(&bus->stats, bus->slave, false, 0);
}

/* A refusal proves nothing either way: the register may be missing in some versions of the model. Whatever else keeps it from
 * saying who it is keeps it from being read. */
void bus_identity_excepted(struct bus *bus, struct now now)
{
    struct bus_slave *slave = &bus->slaves[bus->slave];
    enum reason const reason = bus_reason_of(bus->reply.exception);
    if (reason == REASON_REFUSED) {
        slave->unproved = slave->stranger = false;
        bus_stats_stranger(&bus->stats, bus->slave, false, 0);
        return;
    }
    bus->schedule.slaves[bus->slave].not_before_mono_us = now.mono_us + EXCEPTION_RETRY_US;
    bus_tell_slave_failed(bus, bus->slave, reason, now);
}
