#!/usr/bin/python3
"""A flood of alarms against a real broker: what stays live, what is told in sums, what is counted, and its end.

The gateway's clock runs FAST times as fast (fast_clock.c): its ten minutes are one."""

import os
import unittest

import outpost_test
from outpost_test import Gateway, Simulator

FAST = 10
MEDIUM, HIGH, CRITICAL = range(12), 12, 13
LIMIT, BEYOND = 10000, 20000


class TestFlood(outpost_test.Case):
    def begin(self):
        file = self.tcp_site(slaves=1, points=14, every="500ms", max_silence="5s", alarms=False)
        site = outpost_test.examples.load(file)
        words = {**{n: "medium" for n in MEDIUM}, HIGH: "high", CRITICAL: "critical"}
        site["devices"][0]["alarms"] = {
            f"r{n}.high": {"point": f"r{n}", "kind": "hi", "limit": LIMIT, "on_delay": "0s", "off_delay": "0s", "priority": word}
            for n, word in words.items()
        }
        site["buses"][0]["timeout"] = "5s"  # half a second of ours
        file = self.write_site(site)
        self.sim = self.own(Simulator(file, self.directory)).start()
        for n in words:
            self.sim.ctl("set", f"d1.r{n}", 0)
        self.gateway = self.own(Gateway(file, self.directory))
        self.gateway.environment = {"LD_PRELOAD": self.preload("fast_clock"), "FAST_CLOCK": str(FAST)}
        self.gateway.start()
        self.wait_online()
        self.collector.wait(lambda: self.collector.values("d1").get("r13") == 0, "a reading of it")

    def raise_all(self, numbers):
        for n in numbers:
            self.sim.ctl("set", f"d1.r{n}", BEYOND)

    def told(self, n, event):
        return self.collector.wait_alarm("d1", f"r{n}.high", event).body

    def active(self):
        return {one["alarm"]: one["state"] for one in self.collector.last("active", "d1")["alarms"]}

    def health(self):
        return (self.collector.last("health") or {}).get("alarms", {})

    def event(self, word):
        return self.collector.wait(lambda: self.collector.events(word), word)[0].body

    def test_what_a_centre_sees_of_a_flood(self):
        self.begin()
        self.raise_all(MEDIUM[:10])
        for n in MEDIUM[:10]:
            self.told(n, "raised")
        self.assertEqual([], self.collector.events("flood_started"), "ten are none")
        self.raise_all([10])
        self.assertEqual(11, self.event("flood_started")["raised"])

        self.raise_all([11])
        self.collector.wait(lambda: self.active().get("r11.high") == "UNACK", "active/ is true at every moment")
        self.raise_all([HIGH, CRITICAL])
        for n, colour in ((HIGH, "orange"), (CRITICAL, "red")):
            self.assertEqual(("UNACK", colour), tuple(self.told(n, "raised")[key] for key in ("state", "colour")))
        self.sim.ctl("set", "d1.r0", 0)
        self.collector.wait(lambda: self.active().get("r0.high") == "RTN_UNACK", "what ends is not hidden there")
        self.assertEqual([], self.collector.alarms("d1", "r11.high") + self.collector.alarms("d1", "r0.high", "cleared"))

        def summed():
            sums = [one.body for one in self.collector.events("flood_summary")]
            raised = sum(one["raised"] for one in sums)
            return sums if raised >= 1 and sum(one.get("changes", 0) for one in sums) >= 1 else None

        sums = self.collector.wait(summed, "the sums of a minute")
        self.assertEqual({"r11.high": 1}, {alarm: count for one in sums for alarm, count in one["alarms"].items()})
        self.assertEqual((1, 1), (sum(one["raised"] for one in sums), sum(one.get("changes", 0) for one in sums)))
        self.collector.wait(lambda: self.health().get("flood") is True, "health says that there is one")
        self.collector.wait(lambda: self.health()["raised"] == 14, "and counts on")
        counted = {key: self.health()[key] for key in ("recent", "peak", "hushed", "floods")}
        self.assertEqual({"recent": 14, "peak": 14, "hushed": 2, "floods": 1}, counted)

        ended = self.collector.wait(lambda: self.collector.events("flood_ended"), "ten minutes later it is over", 180)[0].body
        self.assertEqual((14, 14), (ended["raised"], ended["peak"]))
        self.assertGreater(ended["ms"], 9 * 60 * 1000)
        came, went = self.told(11, "summarised"), self.told(0, "summarised")
        self.assertEqual(("NORM", "UNACK", 1), tuple(came[key] for key in ("from", "state", "count")))
        self.assertEqual(("UNACK", "RTN_UNACK"), tuple(went[key] for key in ("from", "state")))
        self.collector.wait(lambda: self.health().get("flood") is False, "health says so")
        self.raise_all([0])
        self.collector.wait_alarm("d1", "r0.high", "raised", count=2)
        self.assertEqual(1, len(self.collector.events("flood_started")))
        self.gateway.stop()
        self.assert_fine()


if __name__ == "__main__":
    unittest.main(verbosity=2)
