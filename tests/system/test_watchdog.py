#!/usr/bin/python3
"""A relay board with a watchdog: the gateway feeds it; killed, the board closes the valve by itself, and only a person opens it."""

import json

import outpost_test
from outpost_test import ROOT, wait_until

BOARD = "valve-kitchen"
FEEDS = 15  # one a second: half as long again as the board would wait


class TestWatchdog(outpost_test.Case):
    def begin(self):
        devices = outpost_test.examples.load(f"{ROOT}/config/outpost.example.json")["devices"]
        fed = {"profile": "relay-8ch-watchdog", "heartbeat": {"write": "watchdog", "every": "1s"}, "max_silence": "2s"}
        self.site_file = self.demo_site(devices=[{**one, **fed} if one["id"] == BOARD else one for one in devices])
        self.start(self.site_file)
        self.collector.wait(lambda: self.collector.values(BOARD), "telemetry of the board")

    def shown(self, point):
        return self.sim.ctl("get", f"{BOARD}.{point}").split()[1]

    def interlock(self, event, interlock, count=1):
        def found():
            told = [one.body for one in self.collector.events(event) if one.body["interlock"] == interlock]
            return told[count - 1] if len(told) >= count else None

        return self.collector.wait(found, f"{event} of {interlock}")

    def test_a_gateway_that_dies_closes_the_valve(self):
        self.begin()
        wait_until(lambda: int(self.shown("watchdog")) >= FEEDS, "it is fed")
        self.assertEqual("false", self.shown("relay_1"), "and nothing falls")
        self.assertFalse(self.collector.events("interlock_tripped"))

        self.gateway.kill()
        wait_until(lambda: self.shown("relay_1") == "true", "the board closes the valve by itself")
        wait_until(lambda: self.shown("input_1") == "true", "the valve is closed")

        self.gateway.start()
        self.wait_online(boot=2)
        tripped = self.interlock("interlock_tripped", "kitchen-gas-trip")
        self.assertEqual((True, []), (tripped["found"], tripped["voters"]))
        self.interlock("interlock_confirmed", "kitchen-gas-trip")
        self.interlock("interlock_released", "kitchen-siren")  # it latches nothing, and there is no gas
        wait_until(lambda: self.shown("relay_2") == "false", "the siren is silent again")
        fed = int(self.shown("watchdog"))
        wait_until(lambda: int(self.shown("watchdog")) >= fed + 3, "it is fed again")
        self.assertEqual("true", self.shown("relay_1"), "nothing opens by itself")
        self.assertIn("kitchen-gas-trip", self.gateway.order("alarms", "--lang", "en")[1])
        self.assertEqual([], [one for one in self.collector.alarms() if one.priority == "critical"])

        self.gateway.order("reset", "--dev", "kitchen-gas-trip", "--by", "Li", "--why", "looked")
        self.interlock("interlock_released", "kitchen-gas-trip")
        wait_until(lambda: self.shown("relay_1") == "false", "released")
        self.assertEqual("true", self.shown("input_1"), "and closed all the same")
        self.sim.ctl("do", BOARD, "reopen", "relay_1")
        wait_until(lambda: self.shown("input_1") == "false", "opened by hand")
        number = self.collector.telemetry(BOARD)["seq"]
        self.collector.wait(lambda: self.collector.telemetry(BOARD)["seq"] > number, "a reading after that")
        shown = json.loads(self.gateway.order("alarms", "--json")[1])
        self.assertEqual([], shown["interlocks"], "and it stays so")
        self.gateway.stop()
        self.assert_fine()


if __name__ == "__main__":
    outpost_test.main()
