#!/usr/bin/python3
"""The main job, end to end: the example site on pty and TCP, through real programs, to a real broker."""

import json
import re

import outpost_test
from outpost_test import Collector, wait_until

# wire.md, topic by topic: (pattern, QoS, retained). What is not in here must not be published.
TOPICS = [
    (r"outpost/v1/demo-0001/status", 1, True),
    (r"outpost/v1/demo-0001/registry/[a-z0-9_-]+", 1, True),
    (r"outpost/v1/demo-0001/telemetry/[a-z0-9_-]+", 1, False),
    (r"outpost/v1/demo-0001/history", 1, False),
    (r"outpost/v1/demo-0001/alarm/[a-z0-9_-]+", 1, False),
    (r"outpost/v1/demo-0001/active/[a-z0-9_-]+", 1, True),
    (r"outpost/v1/demo-0001/event", 1, False),
    (r"outpost/v1/demo-0001/health", 0, False),
    (r"outpost/v1/demo-0001/reply/[a-z]+", 1, False),
]
MESSAGE_MAX = 15 * 1024
RETAINED_MAX = 64 * 1024


class TestRoundTrip(outpost_test.Case):
    def begin(self):
        self.site_file = self.demo_site()
        with open(self.site_file, encoding="utf-8") as file:
            self.devices = [device["id"] for device in json.load(file)["devices"]]
        # Asks for QoS 2, so that it sees the QoS each message was published with.
        self.strict = self.own(Collector(self.broker, "strict", qos=2)).start()
        self.start(self.site_file)
        for dev in self.devices:
            self.collector.wait(lambda dev=dev: self.collector.values(dev), f"telemetry of {dev}")

    def active(self, dev):
        """{alarm: state} by the last retained message."""
        body = self.collector.last("active", dev)
        return {alarm["alarm"]: alarm["state"] for alarm in body["alarms"]} if body else {}

    def interlock_event(self, interlock, event):
        def seen():
            found = [one for one in self.collector.events(event) if interlock in one.raw.decode()]
            return found[-1] if found else None

        return self.collector.wait(seen, f"{event} of {interlock}")

    def test_gas_leak(self):
        self.begin()
        self.assertFalse(self.collector.values("valve-kitchen")["input_1"])
        self.sim.ctl("do", "gas-kitchen", "leak", 60)
        low = self.collector.wait_alarm("gas-kitchen", "gas.low", "raised")
        high = self.collector.wait_alarm("gas-kitchen", "gas.high", "raised")
        self.assertEqual(("critical", "red", "NORM", "UNACK"), (high.priority, high.colour, high.body["from"], high.state))
        self.assertGreaterEqual(high.value, high.limit)
        self.assertLess(low.seq, high.seq)
        for event in ("interlock_tripped", "interlock_commanded", "interlock_confirmed"):
            self.interlock_event("kitchen-gas-trip", event)
        self.collector.wait(lambda: self.collector.values("valve-kitchen")["input_1"], "valve-closed feedback")
        self.assertTrue(self.collector.values("valve-kitchen")["relay_1"])
        self.assertTrue(self.collector.values("valve-kitchen")["relay_2"])
        self.check_late_subscriber()
        self.check_alarms_agree()

        self.gateway.order("silence", "--all", "--by", "tester")
        self.interlock_event("kitchen-siren", "interlock_silenced")
        self.collector.wait(lambda: not self.collector.values("valve-kitchen")["relay_2"], "siren off")
        self.assertEqual("UNACK", self.active("gas-kitchen")["gas.high"], "silence is not an acknowledgement")
        self.gateway.order("ack", "--dev", "gas-kitchen", "--by", "tester")
        self.assertEqual("tester", self.collector.wait_alarm("gas-kitchen", "gas.high", "acked").by)
        status, _ = self.gateway.order("reset", "--dev", "gas-kitchen", "--alarm", "gas.high", check=False)
        self.assertEqual(1, status, "no reset while the gas is there")

        self.sim.ctl("do", "gas-kitchen", "stop")
        self.assertEqual("LATCH_ACKED", self.collector.wait_alarm("gas-kitchen", "gas.high", "cleared").state)
        self.assertTrue(self.collector.values("valve-kitchen")["relay_1"], "the trip is latched")
        self.gateway.order("reset", "--dev", "gas-kitchen", "--by", "tester")
        self.collector.wait_alarm("gas-kitchen", "gas.high", "reset")
        self.collector.wait_alarm("gas-kitchen", "gas.low", "cleared")  # while that holds, there is gas: it would be refused
        self.gateway.order("reset", "--dev", "kitchen-gas-trip", "--by", "tester")
        self.interlock_event("kitchen-gas-trip", "interlock_released")
        self.collector.wait(lambda: not self.collector.values("valve-kitchen")["relay_1"], "the output is written back")
        self.assertTrue(self.collector.values("valve-kitchen")["input_1"], "the valve itself opens only by hand")
        self.sim.ctl("do", "valve-kitchen", "reopen")
        self.collector.wait(lambda: not self.collector.values("valve-kitchen")["input_1"], "valve open again")
        self.collector.wait(lambda: self.active("gas-kitchen") == {}, "nothing active")
        self.finish()

    def test_entrapment(self):
        self.begin()
        self.sim.ctl("do", "lift-1", "trap")
        raised = self.collector.wait_alarm("lift-1", "lift.trapped", "raised")
        self.assertEqual(("critical", "red"), (raised.priority, raised.colour))
        self.sim.ctl("do", "lift-1", "rescue")
        cleared = self.collector.wait_alarm("lift-1", "lift.trapped", "cleared", seconds=120)
        self.assertEqual("LATCH_UNACK", cleared.state)
        status, _ = self.gateway.order("reset", "--dev", "lift-1", check=False)
        self.assertEqual(1, status, "a reset before the acknowledgement is refused")
        self.gateway.order("ack", "--dev", "lift-1", "--by", "tester")
        self.collector.wait_alarm("lift-1", "lift.trapped", "acked")
        self.gateway.order("reset", "--dev", "lift-1", "--by", "tester")
        self.assertEqual("NORM", self.collector.wait_alarm("lift-1", "lift.trapped", "reset").state)
        self.sim.ctl("do", "lift-1", "normal")
        self.finish()

    def check_late_subscriber(self):
        """Who subscribes only now knows the truth by the retained messages."""
        late = self.own(Collector(self.broker, "late")).start()
        late.wait(lambda: late.last("active", "gas-kitchen"), "active/ of the detector for a late subscriber")
        late.wait(lambda: {message.dev for message in late.messages("registry")} >= set(self.devices), "every registry/")
        self.assertIn("gas.high", {alarm["alarm"] for alarm in late.last("active", "gas-kitchen")["alarms"]})
        self.assertTrue(late.last("status")["online"])
        for dev in self.devices:
            self.assertIsNotNone(late.last("active", dev), dev)
        points = late.last("registry", "gas-kitchen")["points"]
        self.assertEqual("%{LEL}", points["gas_lel_pct"]["unit"])

    def check_alarms_agree(self):
        """`outpost alarms` and the active/ messages name the same alarms in the same states."""

        def local():
            body = json.loads(self.gateway.order("alarms", "--json", check=False)[1])
            return {(alarm["dev"], alarm["alarm"]): alarm["state"] for alarm in body["alarms"]}

        def published():
            subjects = {message.dev for message in self.collector.messages("active")}
            return {(dev, alarm): state for dev in subjects for alarm, state in self.active(dev).items()}

        wait_until(lambda: local() == published(), lambda: f"alarms agree: {local()} and {published()}")

    def check_topics(self):
        """Exactly the topics of the contract, each with its QoS and retain flag, and no message too long."""
        self.collector.wait(lambda: self.collector.last("status")["online"] is False, "status offline")
        for message in self.strict.messages():
            row = next((row for row in TOPICS if re.fullmatch(row[0], message.topic)), None)
            self.assertIsNotNone(row, f"{message.topic} is not in the contract")
            self.assertEqual(row[1], message.qos, f"QoS of {message.topic}")
            self.assertLessEqual(len(message.payload), RETAINED_MAX if row[2] else MESSAGE_MAX, message.topic)
        late = self.own(Collector(self.broker, "retained")).start()
        late.wait(lambda: late.last("status"), "retained status")
        for message in late.messages():
            row = next(row for row in TOPICS if re.fullmatch(row[0], message.topic))
            self.assertTrue(row[2] and message.retained, f"{message.topic} is retained")

    def finish(self):
        self.assertEqual(0, self.gateway.stop(), "SIGTERM is an orderly end")
        self.check_topics()
        self.assertEqual({"online": False, "reason": "stopped"},
                         {key: self.collector.last("status")[key] for key in ("online", "reason")})
        self.assert_fine()


if __name__ == "__main__":
    outpost_test.main()
