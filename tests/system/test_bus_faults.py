#!/usr/bin/python3
"""Faults on the wire while the values say where they come from: no wrong value is ever published, the reason is right, and
losing a detector is an alarm of its own.

Every detector gets values of its own family (the digits behind the point), so that an answer taken for another one's, or
for an older one's, shows."""

import outpost_test
from outpost_test import PATIENCE_S, scaled

# fault order of outpost-sim ctl -> reasons that telemetry may give for it
FAULTS = {
    "silence": {"no_answer"},
    "late 1500": {"no_answer"},
    "crc": {"garbled", "no_answer"},
    "truncate": {"garbled", "no_answer"},
    "wrong-unit": {"garbled", "no_answer"},
    "wrong-function": {"garbled", "no_answer"},
    "echo": {"garbled", "no_answer"},
    "late-by-one": {"garbled", "no_answer"},
    "exception 2": {"refused"},
    "exception 4": {"sensor_fault"},
    "exception 6": {"busy"},
    "exception 11": {"no_answer"},
}
FAMILIES = {"gas-kitchen": 0.25, "gas-store": 0.5}  # exact in float32 and in tenths


class TestBusFaults(outpost_test.Case):
    def begin(self):
        self.site_file = self.demo_site()
        self.start(self.site_file)
        self.allowed = {dev: set() for dev in FAMILIES}
        self.serial = 0
        for dev in FAMILIES:
            self.collector.wait(lambda dev=dev: "gas_lel_pct" in self.collector.values(dev), f"gas value of {dev}")
        self.from_here = self.collector.highest("t")
        self.move()

    def move(self):
        """Gives every detector a new value of its family, below all alarm limits, and notes it."""
        self.serial += 1
        for dev, family in FAMILIES.items():
            value = self.serial % 10 + family
            self.allowed[dev].add(value)
            self.sim.ctl("set", f"{dev}.gas_lel_pct", value)
        return {dev: self.serial % 10 + family for dev, family in FAMILIES.items()}

    def wait_value(self, dev, value):
        self.collector.wait(
            lambda: self.collector.values(dev).get("gas_lel_pct") == value,
            lambda: f"{dev} shows {value}: {self.collector.telemetry(dev)}",
        )

    def check_no_wrong_value(self):
        """Whatever was published is something that this detector, and no other, has shown."""
        settled = {dev: False for dev in FAMILIES}
        for one in sorted(self.collector.records("t"), key=lambda record: record.seq):
            value = one.values.get("gas_lel_pct")
            if one.dev not in FAMILIES or one.seq <= self.from_here or value is None:
                continue
            if settled[one.dev]:
                self.assertIn(value, self.allowed[one.dev], f"wrong value: {one!r}")
            settled[one.dev] = settled[one.dev] or value in self.allowed[one.dev]  # before: the simulator's own
            self.assertNotIn("gas_lel_pct", one.body.get("bad", {}), "a value and a reason at once")
        self.assertTrue(all(settled.values()))

    def test_each_fault(self):
        self.begin()
        for order, reasons in FAULTS.items():
            with self.subTest(order):
                values = self.move()
                for dev, value in values.items():
                    self.wait_value(dev, value)
                self.sim.ctl("fault", "gas-kitchen", *order.split())
                self.collector.wait(
                    lambda: self.collector.telemetry("gas-kitchen").get("bad", {}).get("gas_lel_pct") in reasons,
                    lambda: f"bad because of {order}: {self.collector.telemetry('gas-kitchen')}",
                )
                self.assertNotIn("gas_lel_pct", self.collector.telemetry("gas-kitchen")["values"], "no value without a good reading")
                values = self.move()
                self.wait_value("gas-store", values["gas-store"])  # the neighbour on the line is served on
                self.sim.ctl("fault", "gas-kitchen", "none")
                self.wait_value("gas-kitchen", values["gas-kitchen"])
        self.check_no_wrong_value()
        self.gateway.stop()
        self.assert_fine()

    def test_losing_a_detector_is_an_alarm(self):
        self.begin()
        self.sim.ctl("fault", "gas-kitchen", "silence")
        self.collector.wait_alarm("gas-kitchen", "comm.lost", "raised", seconds=2 * PATIENCE_S)
        self.assertEqual([], self.collector.alarms("gas-store", "comm.lost"))
        self.assertEqual([], self.collector.alarms("rs485-1", "bus.lost"))
        self.sim.ctl("fault", "gas-kitchen", "none")
        self.collector.wait_alarm("gas-kitchen", "comm.lost", "cleared", seconds=2 * PATIENCE_S)
        self.gateway.stop()
        self.assert_fine()

    def test_a_line_full_of_faults(self):
        """All faults at random, a fifth of the requests, while the values move."""
        self.begin()
        orders = [order for order in FAULTS if not order.startswith("exception")] + ["junk-before", "junk-after", "late 700"]
        for _ in range(scaled(12)):
            for dev in FAMILIES:
                self.sim.ctl("fault", dev, *self.random.choice(orders).split(), 0.2)
            values = self.move()
            for dev, value in values.items():
                self.wait_value(dev, value)
        for dev in FAMILIES:
            self.sim.ctl("fault", dev, "none")
        values = self.move()
        for dev, value in values.items():
            self.wait_value(dev, value)
        self.check_no_wrong_value()
        self.gateway.stop()
        self.assert_fine()


if __name__ == "__main__":
    outpost_test.main()
