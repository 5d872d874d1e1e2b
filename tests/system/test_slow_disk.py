#!/usr/bin/python3
"""A card that takes 50 ms for every sync, while telemetry keeps it busy: every alarm arrives, none before it is on the disk, and
none waits for more of the disk than what is under way. Everything is counted in syncs of this very run, not in time."""

import collections
import os
import time

import outpost_test
from outpost_test import PATIENCE_S, random_instant, wait_until

SLAVES = 5
HIGH = 20000
ALARMS = 100
SYNC_MS = 50
# Syncs that end between the poll that decides and the alarm being on the disk: what is under way, at most two, and its own.
SYNCS_MOST = 3
SYNCS_USUAL = 2
INSTANT_S = 0.1

Sync = collections.namedtuple("Sync", "begin end path")  # seconds of the wall clock


class TestSlowDisk(outpost_test.Case):
    def begin(self):
        file = self.tcp_site(slaves=SLAVES, points=ALARMS // SLAVES, every="100ms", max_silence="100ms")
        site = outpost_test.examples.load(file)
        alarm = {"kind": "hi", "limit": 10000, "deadband": 10, "on_delay": "0s", "priority": "critical"}
        for device in site["devices"]:
            device["alarms"] = {f"r{n}.high": {"point": f"r{n}", **alarm} for n in range(ALARMS // SLAVES)}
        self.log = self.path("syncs")
        self.sim = self.own(outpost_test.Simulator(self.write_site(site), self.directory)).start()
        self.gateway = self.own(outpost_test.Gateway(self.path("site.json"), self.directory))
        self.gateway.environment = {
            "LD_PRELOAD": self.preload("slow_sync"),
            "SLOW_SYNC_MS": str(SYNC_MS),
            "SLOW_SYNC_LOG": self.log,
        }
        self.gateway.start()
        self.wait_online()

    def syncs(self):
        with open(self.log, encoding="utf-8") as lines:
            words = [line.split(None, 2) for line in lines]
        return [Sync(int(begin) / 1e6, int(end) / 1e6, path.strip()) for begin, end, path in words]

    def raise_one(self, count):
        dev, point = f"d{count % SLAVES + 1}", f"r{count // SLAVES}"
        random_instant(self.random, INSTANT_S)
        self.sim.ctl("set", f"{dev}.{point}", HIGH)
        return self.collector.wait_alarm(dev, f"{point}.high", "raised")

    def own_sync(self, syncs, decided):
        """The first sync of the alarms' log that began after the alarm was decided: the one that makes it last."""
        found = [one for one in syncs if one.path.endswith("alarms.db-wal") and one.begin >= decided]
        self.assertTrue(found, "an alarm that came was never synced")
        return found[0]

    def test_alarms_in_time(self):
        self.begin()
        self.collector.wait(lambda: self.collector.highest("t") > 100, "telemetry flows")
        raised = [self.raise_one(count) for count in range(ALARMS)]
        self.assertEqual(ALARMS, len({one.uid for one in raised}))
        wall_clock = time.time() - time.monotonic()
        syncs = self.syncs()
        waited = []
        for one in raised:
            decided = one.at / 1000
            own = self.own_sync(syncs, decided)
            self.assertGreaterEqual(wall_clock + one.message.at, own.end, "nothing is sent before it is on the disk")
            waited.append(sum(1 for sync in syncs if decided < sync.end <= own.end))
        print(f"\n  syncs that an alarm waited for, its own included: {sorted(collections.Counter(waited).items())}", flush=True)
        self.assertLessEqual(max(waited), SYNCS_MOST, waited)
        self.assertLessEqual(sorted(waited)[len(waited) // 2], SYNCS_USUAL, waited)
        busy = sum(sync.end - sync.begin for sync in syncs) / (syncs[-1].end - syncs[0].begin)
        self.assertGreater(busy, 0.3, "the disk had something to do")
        wait_until(lambda: self.collector.missing("t") == [], "all telemetry arrives", PATIENCE_S)
        self.assertEqual(0, self.gateway.stop())
        self.wait_all_arrived()
        self.assert_fine()
        self.assertEqual([], self.collector.events("gap"), "nothing had to be declared")


if __name__ == "__main__":
    outpost_test.main()
