#!/usr/bin/python3
"""A day's backlog, made by the recording room itself on a clock of its own, goes to a real broker over a wire that breaks:
alarms first, each lane in order, nothing missing, nothing changed, next to nothing twice. How fast it goes is for `make
bench`; here everything is counted in messages."""

import contextlib
import json
import os
import subprocess
import zlib

import outpost_test
import paho.mqtt.client as mqtt
from outpost_test import PATIENCE_S, PREFIX, SCALE, holes, random_instant, scaled, split_history, wait_until

OUTAGE_HELPER = os.path.join(outpost_test.ROOT, os.environ.get("OUTAGE_HELPER", "build/release/bench/outage_helper"))
DEVICES, TICK_S = 32, 10
RECORDS_AN_HOUR = DEVICES * 3600 // TICK_S
ALARMS = 2000
# A wire on which a drain takes long enough to be disturbed, and on which a message takes longer than its acknowledgement.
BYTES_PER_S = 3_000_000
RECORDS_PER_CUT = 5000
INSTANT_S = 0.05
SHARE_SENT_TWICE_MAX = 0.01


class Tally(outpost_test.Collector):
    """Keeps of each record what it was, not the record: a million of them fit into the memory of a small machine."""

    def __init__(self, broker):
        super().__init__(broker)
        self.came = {"a": {}, "t": {}}  # number -> checksum of its bytes
        self.order = 0
        self.changed = []  # numbers that came again with other bytes
        self.repeats = 0
        self.alarm_orders = {}  # number -> when its first copy came, counted in messages
        self.history_first = {}  # number -> the same, of what came as history
        self.gaps = []
        self.greeted = {}  # retained topic -> when it was last set

    def _take(self, message):
        self.order += 1
        if message.kind == "history":
            records = split_history(message.payload)
        elif message.kind in ("telemetry", "alarm", "event") and not message.retained:
            records = [(message.payload, message.body)]
        else:
            records = []
            self.greeted[message.topic] = self.order
        if message.kind != "history":
            self.latest[message.kind, None] = self.latest[message.kind, message.dev] = message.body
        for raw, body in records:
            self._count(message.kind, zlib.crc32(raw), body)

    def _count(self, kind, checksum, body):
        lane, seq = body["lane"], body["seq"]
        known = self.came[lane].get(seq)
        if known is not None:
            self.repeats += 1
            if known != checksum:
                self.changed.append((lane, seq))
            return
        self.came[lane][seq] = checksum
        if lane == "a":
            self.alarm_orders[seq] = self.order
        elif kind == "history":
            self.history_first[seq] = self.order
        if body.get("event") == "gap":
            self.gaps.append(body)

    def arrived(self, lane):
        with self.lock:
            return len(self.came[lane])

    def missing_of(self, lane, upto):
        with self.lock:
            return holes(self.came[lane], upto=upto)


class TestDrain(outpost_test.Case):
    def start_broker(self):
        if self.broker is None:
            self.broker = self.own(outpost_test.Broker(self.path("broker"))).start()
            self.collector = self.own(Tally(self.broker)).start()

    def begin(self, hours, alarms):
        """A gateway that comes back to its broker after so many hours, on a narrow wire. Returns what waits for it."""
        site_file = self.tcp_site(slaves=DEVICES, points=4, every="10s", max_silence="10s")
        with open(site_file, encoding="utf-8") as text:
            site = json.load(text)
        site["journal"]["max_size"] = "2GiB"
        site_file = self.through_proxy(self.write_site(site), backoff_min="100ms", backoff_max="1s")
        made = subprocess.run([OUTAGE_HELPER, site_file, str(hours), str(alarms)], capture_output=True, text=True, check=False)
        self.assertEqual(0, made.returncode, made.stderr)
        waits = json.loads(made.stdout)
        self.assertGreaterEqual(waits["t"], int(hours * 3600 / TICK_S) * DEVICES)
        self.assertGreaterEqual(waits["a"], alarms)
        self.proxy.tell("rate", BYTES_PER_S)
        self.start(site_file)
        return waits

    def wait_count(self, count):
        # A quarter of the wire's rate, for a machine that is busy with other things.
        self.collector.wait(
            lambda: self.collector.arrived("t") >= count,
            lambda: f"{count} records arrive, {self.collector.arrived('t')} did",
            PATIENCE_S + count * 1000 / BYTES_PER_S,
        )

    def check_all(self, waits):
        tally = self.collector

        def missing():
            return {lane: tally.missing_of(lane, waits[lane])[:10] for lane in "at" if tally.missing_of(lane, waits[lane])}

        wait_until(lambda: not missing(), lambda: f"all arrives, missing: {missing()}", 2 * PATIENCE_S)
        self.assertEqual([], tally.changed, "a number stands for the same bytes for ever")
        self.assertEqual([], tally.troubles)
        self.assertEqual([], tally.gaps, "nothing had to be declared")
        journaled = {lane: self.journaled(lane) for lane in "at"}
        for lane in "at":
            wrong = [seq for seq in range(1, waits[lane] + 1) if zlib.crc32(journaled[lane][seq]) != tally.came[lane][seq]]
            self.assertEqual([], wrong[:10], "what came is what is in the journal")
        for name, orders in (("alarms", tally.alarm_orders), ("history", tally.history_first)):
            places = [orders[seq] for seq in sorted(orders) if seq <= waits["a" if name == "alarms" else "t"]]
            self.assertEqual(sorted(places), places, f"{name} in order")

    def broker_forgets(self):
        """It is killed, and its memory is lost; the subscriber is there again before the gateway is."""
        self.proxy.kill()
        client = mqtt.Client(protocol=mqtt.MQTTv5)
        client.connect("127.0.0.1", self.broker.port)
        client.loop_start()
        client.publish(f"{PREFIX}/marker/status", "{}", 1)
        self.collector.wait(lambda: f"{PREFIX}/marker/status" in self.collector.greeted, "all that was accepted is handed on")
        client.disconnect()
        client.loop_stop()
        self.broker.kill()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.broker.store)
        self.collector.subscribed.clear()
        before = self.collector.order
        self.broker.start()
        wait_until(self.collector.subscribed.is_set, "the subscriber is back")
        self.proxy.start()
        self.proxy.tell("rate", BYTES_PER_S)
        return before

    def test_a_day_away(self):
        """24 hours at SCALE=10 and above, always 2,000 alarms."""
        waits = self.begin(24 * min(1, SCALE / 10), ALARMS)
        self.wait_count(waits["t"] // 4)
        self.proxy.tell("cut")
        self.wait_count(waits["t"] // 2)
        forgot = self.broker_forgets()
        self.wait_count(3 * waits["t"] // 4)
        self.proxy.tell("cut")
        self.wait_count(waits["t"])
        self.check_all(waits)
        tally = self.collector
        alarms_done = max(order for seq, order in tally.alarm_orders.items() if seq <= waits["a"])
        self.assertLess(alarms_done, min(tally.history_first.values()), "alarms before all telemetry that waited")
        for number in range(1, DEVICES + 1):
            self.assertGreater(tally.greeted[f"{PREFIX}/g1/active/d{number}"], forgot, "what a broker forgot it is told again")

    def test_forced_disconnects(self):
        cuts = min(200, scaled(8))
        waits = self.begin(cuts * RECORDS_PER_CUT / RECORDS_AN_HOUR, 0)
        for number in range(1, cuts + 1):
            self.wait_count(number * waits["t"] // (cuts + 1))
            connections = self.proxy.carried()[2]
            random_instant(self.random, INSTANT_S)
            self.proxy.tell("cut")
            wait_until(lambda: self.proxy.carried()[2] > connections, "the gateway comes back")
        self.wait_count(waits["t"])
        self.check_all(waits)
        self.assertGreater(self.proxy.carried()[2], cuts)
        twice = self.collector.repeats / waits["t"]
        print(f"{cuts} disconnects, {waits['t']} records, {self.collector.repeats} twice ({twice:.2%})", flush=True)
        self.assertLess(twice, SHARE_SENT_TWICE_MAX)


if __name__ == "__main__":
    outpost_test.main()
