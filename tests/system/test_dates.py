#!/usr/bin/python3
"""Dates of the site file, use of what is registered as stopped, and cylinders that are exchanged: as a centre sees them."""

import datetime
import os
import unittest
import zoneinfo

import outpost_test
from outpost_test import Gateway, Schemas, Simulator, free_port, wait_until

ZONE = "Asia/Shanghai"


def day(days):
    """So many days from today, where the site stands."""
    return (datetime.datetime.now(zoneinfo.ZoneInfo(ZONE)).date() + datetime.timedelta(days)).isoformat()


class TestDates(outpost_test.Case):
    def setUp(self):
        super().setUp()
        self.clock = self.preload("clock_state")
        self.start_broker()

    def site(self, devices, **changes):
        return {
            "gateway": {"id": "g1", "time_zone": ZONE},
            "devices": devices,
            "centres": [{"id": "c1", "url": f"mqtt://127.0.0.1:{self.broker.port}"}],
            "journal": {"dir": self.path("journal")},
            **changes,
        }

    def run_site(self, site, clock="set", boot=1):
        file = self.write_site(site)
        if self.gateway is None:
            self.gateway = self.own(Gateway(file, self.directory))
        self.gateway.environment = {"LD_PRELOAD": self.clock, "CLOCK_STATE": clock}
        self.gateway.start()
        self.wait_online(boot)

    def told(self, event):
        """Records of this event, each once, alarms and others."""
        copies = self.collector.first_copies("event") + self.collector.first_copies("alarm")
        return [one.body for one in copies if one.body["event"] == event]

    def alarms(self, event):
        return [(one["dev"], one["alarm"]) for one in self.told(event) if "alarm" in one and "uid" in one]

    def active(self, dev):
        body = self.collector.last("active", dev)
        return {one["alarm"] for one in body["alarms"]} if body else None

    def assert_published(self):
        self.assertEqual([], Schemas().complaints(self.collector.all))

    def vessel(self, inspect_next):
        dates = {"inspect_next": inspect_next, "gauge_next": day(20), "valve_expiry": day(400)}
        return self.site([{"id": "vessel-7", "class": "generic", "identity": {"dates": dates}}])

    def test_past_and_to_come(self):
        midnight = day(0)
        self.run_site(self.vessel(day(-3)))
        wait_until(lambda: self.active("vessel-7") == {"date.inspect_due", "date.gauge_30d"}, "what is due is active")
        wait_until(lambda: len(self.told("due")) == 2, "an event each")
        due = {one["date"]: one for one in self.told("due")}
        inspection = tuple(due["inspect_next"][key] for key in ("dev", "alarm", "on", "stage"))
        self.assertEqual(("vessel-7", "date.inspect_due", day(-3), 0), inspection)
        self.assertEqual((30, day(20)), (due["gauge_next"]["stage"], due["gauge_next"]["on"]))
        if midnight == day(0):
            self.assertEqual((-3, 20), (due["inspect_next"]["days"], due["gauge_next"]["days"]))
        raised = {one["alarm"]: one for one in self.told("raised")}
        self.assertEqual(("high", 0, "d"), tuple(raised["date.inspect_due"][key] for key in ("priority", "limit", "unit")))
        valve = self.collector.last("registry", "vessel-7")["alarms"]["date.valve_7d"]
        self.assertEqual(("due", 7, "medium"), tuple(valve[key] for key in ("kind", "limit", "priority")))

        self.gateway.kill()
        self.run_site(self.vessel(day(-3)), boot=2)
        self.gateway.stop()
        self.run_site(self.vessel(day(365)), boot=3)
        wait_until(lambda: ("vessel-7", "date.inspect_due") in self.alarms("cleared"), "another date ends it")
        if midnight == day(0):
            self.assertEqual(2, len(self.told("due")))
            self.assertEqual(2, len(self.alarms("raised")))
        self.assert_published()

    def test_proof_tests_of_interlocks(self):
        """Each stage of the date of an interlock is an alarm of it and an event, once, over a restart too."""
        holding = {"function": "holding", "type": "u16", "unit": "%{LEL}"}
        devices = [
            {"id": "gas-1", "bus": "b1", "unit": 1, "class": "gas_detector", "points": {"gas_lel_pct": {**holding, "address": 0}}},
            {"id": "board", "bus": "b1", "unit": 2, "class": "io", "profile": "relay-8ch", "write": ["relay_1"]},
        ]
        stages = {60: ("60d", "info"), 30: ("30d", "low"), 7: ("7d", "medium"), 0: ("due", "high")}
        interlocks = [
            {
                "id": f"trip-{stage}", "when": {"device": "gas-1", "alarm": "gas.high"}, "latch": True,
                "do": [{"write": "board.relay_1", "value": True}], "proof_test_next": day(stage),
            }
            for stage in (90, *stages)
        ]
        midnight = day(0)
        bus = {"id": "b1", "link": "tcp", "host": "127.0.0.1", "port": free_port()}
        site = self.site(devices, buses=[bus], interlocks=interlocks)
        self.sim = self.own(Simulator(self.write_site(site), self.directory)).start()
        self.run_site(site)
        for stage, (word, priority) in stages.items():
            dev, alarm = f"trip-{stage}", f"date.proof_test_{word}"
            wait_until(lambda dev=dev, alarm=alarm: (dev, alarm) in self.alarms("raised"), f"{alarm} of {dev}")
            wait_until(lambda dev=dev, alarm=alarm: self.active(dev) == {alarm}, f"only {alarm} is active")
            raised = next(one for one in self.told("raised") if one["dev"] == dev)
            self.assertEqual((priority, stage, "d"), tuple(raised[key] for key in ("priority", "limit", "unit")))
        wait_until(lambda: len(self.told("due")) == 4, "an event each")
        if midnight == day(0):
            due = {one["dev"]: (one["date"], one["on"], one["stage"], one["days"]) for one in self.told("due")}
            self.assertEqual({f"trip-{n}": ("proof_test_next", day(n), n, n) for n in stages}, due)
        self.assertEqual(set(), self.active("trip-90"))
        self.gateway.kill()
        for interlock in interlocks:
            interlock["proof_test_next"] = day(180)  # they were proved
        self.run_site(site, boot=2)
        for stage, (word, _) in stages.items():
            what = (f"trip-{stage}", f"date.proof_test_{word}")
            wait_until(lambda what=what: what in self.alarms("cleared"), f"{what} ends with another date")
        if midnight == day(0):
            self.assertEqual((4, 4), (len(self.told("due")), len(self.alarms("raised"))))
        self.assert_published()

    def test_a_clock_that_is_not_set(self):
        self.run_site(self.vessel(day(-3)), clock="unset")
        wait_until(lambda: self.active("vessel-7") is not None, "its alarms are published")
        self.assertEqual(set(), self.active("vessel-7"))
        self.assertEqual([], self.told("due"))
        self.gateway.stop()
        self.run_site(self.vessel(day(-3)), boot=2)
        wait_until(lambda: "date.inspect_due" in self.active("vessel-7"), "once it is set")
        self.gateway.stop()
        self.run_site(self.vessel(day(365)), clock="unset", boot=3)
        wait_until(lambda: self.collector.last("registry", "vessel-7")["identity"]["dates"]["inspect_next"] == day(365), "it")
        self.assertIn("date.inspect_due", self.active("vessel-7"))
        self.assert_published()

    def test_stopped_and_exchanged(self):
        holding = {"function": "holding", "type": "u16"}
        devices = [
            {
                "id": "lift-1", "bus": "b1", "unit": 1, "class": "lift", "every": "200ms",
                "identity": {"register_status": "stopped"},
                "points": {
                    "car_status": {**holding, "address": 0, "map": {"0": "stop", "1": "run"}},
                    "run_count": {**holding, "address": 1},
                },
            },
            {
                "id": "scale-1", "bus": "b1", "unit": 2, "class": "lpg_scale", "every": "200ms",
                "settings": {"cylinder_type": "YSP35.5"},
                "points": {
                    "gross_mass": {**holding, "address": 0, "scale": 0.01, "unit": "kg"},
                    "qr_raw": {"function": "holding", "address": 1, "type": "string", "length": 120},
                },
            },
        ]
        bus = {"id": "b1", "link": "tcp", "host": "127.0.0.1", "port": free_port()}
        allow = [f"132020{serial:06}" for serial in (1, 2)]
        site = self.site(devices, buses=[bus], cylinders={"allow": allow})
        self.sim = self.own(Simulator(self.write_site(site), self.directory)).start()
        self.run_site(site)
        self.sim.ctl("do", "lift-1", "traffic", "240")
        wait_until(lambda: ("lift-1", "used_while_stopped") in self.alarms("raised"), "a stopped lift that runs is told")
        wait_until(lambda: self.collector.last("telemetry", "scale-1")["values"].get("qr_raw"), "the first label is read")
        first = self.collector.last("telemetry", "scale-1")["values"]["qr_raw"].split(",")[1]
        label = "[PZ1,132020000077,B032,77,2021年06月,2022年06月]"
        self.sim.ctl("do", "scale-1", "swap", label, "10")
        wait_until(lambda: self.told("cylinder_swapped"), "a swap is told")
        swap = self.told("cylinder_swapped")[0]
        self.assertEqual(("scale-1", first, "132020000077"), (swap["dev"], swap["old"], swap["new"]))
        wait_until(lambda: ("scale-1", "lpg.expired") in self.alarms("raised"), "scrapped since 2022")
        self.assertEqual([True], self.values("scale-1", "cylinder_strange"))
        self.assertEqual(1, len(self.told("cylinder_swapped")))
        self.assert_published()

    def values(self, dev, point):
        return [self.collector.last("telemetry", dev)["values"][point]]


if __name__ == "__main__":
    unittest.main()
