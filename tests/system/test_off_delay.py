#!/usr/bin/python3
"""An off-delay that runs is not forgotten by a stop: the journal says how far it was, and from there it goes on."""

import outpost_test
from outpost_test import ROOT, wait_until

DEV, ALARM = "gas-kitchen", "gas.low"
STEP_MS = 600_000 // 8  # what the journal hears of while the gateway runs


class TestOffDelay(outpost_test.Case):
    def gas(self, percent):
        self.sim.ctl("set", f"{DEV}.gas_lel_pct", percent)

    def cleared_ms(self):
        return self.ask_journal("a", f"SELECT cleared FROM state WHERE subject='{DEV}' AND name='{ALARM}'")[0][0]

    def reads_air(self, boot):
        """Records of it without gas, seconds apart, in this life of the gateway: there were readings between them."""
        def seen():
            told = [one for one in self.collector.records("t") if one.dev == DEV and one.boot == boot]
            times = [one.at for one in told if one.values.get("gas_lel_pct", 99) < 5]
            return times and max(times) - min(times) >= 2000

        self.collector.wait(seen, f"two seconds without gas, boot {boot}")

    def test_it_goes_on_after_a_stop(self):
        devices = outpost_test.examples.load(f"{ROOT}/config/outpost.example.json")["devices"]
        slow = {ALARM: {"limit": 20, "on_delay": "0s", "off_delay": "10min"}}
        self.start(self.demo_site(devices=[
            {**one, "max_silence": "2s", **({"alarms": slow} if one["id"] == DEV else {})} for one in devices]))
        self.gas(25)
        self.collector.wait_alarm(DEV, ALARM, "raised")
        self.gas(1)
        self.reads_air(1)
        self.gateway.stop()
        first_ms = self.cleared_ms()
        self.assertGreater(first_ms, 0)
        self.assertLess(first_ms, STEP_MS, "too early for anything but the stop to have written it")
        self.gateway.start()
        self.wait_online(boot=2)
        self.reads_air(2)
        self.gateway.stop()
        second_ms = self.cleared_ms()
        self.assertGreater(second_ms, first_ms)
        self.gateway.start()
        self.wait_online(boot=3)
        self.gateway.kill()
        self.assertEqual(second_ms, self.cleared_ms(), "a kill writes nothing")
        self.gateway.start()
        self.wait_online(boot=4)
        self.gas(25)
        wait_until(lambda: self.cleared_ms() == 0, "gas again: the journal knows that it begins anew")
        self.assertEqual([], self.collector.alarms(DEV, ALARM, "cleared"))
        self.assertEqual(1, len(self.collector.alarms(DEV, ALARM, "raised")))
        self.gateway.stop()
        self.assert_fine()


if __name__ == "__main__":
    outpost_test.main()
