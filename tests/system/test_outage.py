#!/usr/bin/python3
"""The broker is away for a while: the gateway goes on judging and recording, and when the broker returns everything
arrives, alarms before telemetry, each lane in order, what waited as history."""

import json

import outpost_test
from outpost_test import PATIENCE_S, scaled, wait_until

HIGH, LOW = 20000, 0
ALARM_WAITED_S = 10  # wire.md: an alarm that waited longer carries hist = 1


class TestOutage(outpost_test.Case):
    def records_while_away(self, count):
        """Until the journal has that many more telemetry records than now."""
        before = self.journaled_last("t")
        wait_until(lambda: self.journaled_last("t") >= before + count, f"{count} records in the journal, broker away", 60 + count)

    def alarms_journaled(self):
        return sum("alarm" in json.loads(payload) for payload in self.journaled("a").values())

    def test_backlog(self):
        site_file = self.tcp_site(slaves=4, points=8, every="100ms", max_silence="100ms")
        self.start(site_file)
        self.sim.ctl("set", "d1.r0", LOW)
        self.collector.wait(lambda: self.collector.highest("t") > 50, "telemetry flows")
        self.broker.kill()
        before = len(self.collector.all)
        for level in (HIGH, LOW, HIGH):
            known = self.alarms_journaled()
            self.sim.ctl("set", "d1.r0", level)
            wait_until(lambda: self.alarms_journaled() > known, "the alarm is in the journal, broker away")
        self.assertIn("r0.high", self.gateway.order("alarms", check=False)[1], "judged without the broker")
        # 4 devices at 10 records a second: enough that the first alarm waits for more than 10 s.
        self.records_while_away(scaled(800))
        recorded = {lane: self.journaled_last(lane) for lane in "at"}
        self.broker.start()
        self.wait_online()
        self.collector.wait(
            lambda: all(not self.collector.missing(lane, recorded[lane]) for lane in "at"), "the backlog arrives", 2 * PATIENCE_S
        )
        self.check_order(before, recorded)
        self.check_history(before)
        self.assertEqual(0, self.gateway.stop())
        self.wait_all_arrived()
        self.check_low_water()
        self.assert_fine()
        self.assertEqual([], self.collector.events("gap"), "nothing had to be declared")

    def check_order(self, before, recorded):
        """The alarms of the outage came before its telemetry, and the states of the alarms before both."""
        news = [one for one in self.collector.records() if one.message.order >= before]
        alarms = [one for one in news if one.lane == "a" and one.seq <= recorded["a"] and one.message.kind == "alarm"]
        waited = [one for one in news if not one.live]
        self.assertGreaterEqual(len(alarms), 3)
        self.assertTrue(waited, "what waited comes as history")
        self.assertLess(max(one.message.order for one in alarms), min(one.message.order for one in waited))
        self.assertTrue(alarms[0].message.hist, "an alarm that waited is marked")
        kinds = [message.kind for message in self.collector.messages() if message.order >= before and not message.retained]
        self.assertLess(kinds.index("active"), kinds.index("status"))

    def check_history(self, before):
        """History is oldest first, in messages of bounded size, of one lane."""
        numbers = []
        for message in self.collector.messages("history"):
            self.assertLessEqual(len(message.payload), 15 * 1024)
            self.assertEqual("t", message.body["lane"])
            self.assertTrue(message.body["records"])
            numbers += [record["seq"] for record in message.body["records"]]
        first = list(dict.fromkeys(numbers))
        self.assertEqual(sorted(first), first, "oldest first")

    def check_low_water(self):
        """`lw` never falls, and never claims what had not come."""
        highest = {"a": 0, "t": 0}
        for message in self.collector.messages():
            body = message.body or {}
            lw = body.get("lw")
            if lw is None or body.get("online") is False and body.get("reason") == "lost":
                continue
            for lane, value in (lw if isinstance(lw, dict) else {body["lane"]: lw}).items():
                self.assertGreaterEqual(value, highest[lane], f"lw of lane {lane} fell: {message}")
                highest[lane] = value
        for lane in "at":
            self.assertLessEqual(highest[lane], self.collector.highest(lane) + 1)
            self.assertGreater(highest[lane], self.collector.highest(lane) // 2)

    def test_broker_absent_at_start(self):
        """A gateway that has never seen its broker records all the same."""
        site_file = self.tcp_site(slaves=2, points=2)
        self.broker.kill()
        self.sim = self.own(outpost_test.Simulator(site_file, self.directory)).start()
        self.gateway = self.own(outpost_test.Gateway(site_file, self.directory)).start().wait_socket()
        self.records_while_away(50)
        self.broker.start()
        self.wait_online()
        self.collector.wait(lambda: not self.collector.missing("t", 50) and self.collector.highest("t") > 50, "all of it arrives")
        self.assertEqual(0, self.gateway.stop())
        self.wait_all_arrived()
        self.assert_fine()


if __name__ == "__main__":
    outpost_test.main()
