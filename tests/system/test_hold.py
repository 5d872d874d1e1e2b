#!/usr/bin/python3
"""A drill that holds the outputs of a zone: one detector is tried with gas and the valve stays open, everybody is told so; with
the second detector the drill is over and the valve closes."""

import json

import outpost_test
from outpost_test import wait_until

TRIP, BOARD = "kitchen-gas-trip", "valve-kitchen"
HELD = "would have tripped: a drill holds its outputs"


class TestHold(outpost_test.Case):
    def gas(self, detector, percent):
        self.sim.ctl("set", f"{detector}.gas_lel_pct", percent)

    def closed(self):
        return self.sim.ctl("get", f"{BOARD}.relay_1").split()[1] == "true"

    def told(self, event):
        return [one.body for one in self.collector.events(event) if one.body.get("interlock", TRIP) == TRIP]

    def shown(self, verb, *words):
        return self.gateway.order(verb, "--lang", "en", *words, check=False)[1]

    def drill(self, *words):
        return self.gateway.order("drill", "--lang", "en", *words, check=False)

    def test_one_detector_is_tried_and_the_second_ends_it(self):
        self.start(self.demo_site())
        for detector in ("gas-kitchen", "gas-store"):
            self.collector.wait(lambda one=detector: "gas_lel_pct" in self.collector.values(one), f"a reading of {detector}")
        for words in (("--all",), ("--dev", "gas-kitchen"), ("--zone", "kitchen", "--for", "11m")):
            limit = () if "--for" in words else ("--for", "5m")
            self.assertEqual(2, self.drill("--hold-outputs", *words, *limit)[0], words)
        wait_until(lambda: self.drill("--hold-outputs", "--zone", "kitchen", "--for", "5m")[0] == 0, "all of the zone is well")

        self.gas("gas-kitchen", 50)
        self.collector.wait(lambda: self.told("interlock_held"), "it is told that it would have tripped")
        for verb in ("alarms", "status", "watch"):
            words = ("--once",) if verb == "watch" else ()
            wait_until(lambda v=verb, w=words: HELD in self.shown(v, *w), f"outpost {verb} says so")
            self.assertIn("the outputs of zone kitchen are HELD", self.shown(verb, *words))
        self.collector.wait_alarm("gas-kitchen", "gas.high", "raised")
        self.assertEqual([], self.told("interlock_tripped"))
        self.assertFalse(self.closed(), "nothing was written")

        self.gas("gas-store", 60)
        ended = self.collector.wait(lambda: self.told("drill_ended"), "the second detector ends it")
        self.assertEqual("second_detector", ended[0]["why"])
        self.collector.wait(lambda: self.told("interlock_confirmed"), "the valve is closed")
        self.assertTrue(self.closed())
        self.assertNotIn("HELD", self.shown("alarms"))
        self.assertEqual([TRIP], [one["dev"] for one in json.loads(self.shown("alarms", "--json"))["interlocks"]
                                  if one["tripped"] and one["latch"]])
        self.gateway.stop()
        self.assert_fine()


if __name__ == "__main__":
    outpost_test.main()
