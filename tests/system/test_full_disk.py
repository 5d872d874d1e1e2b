#!/usr/bin/python3
"""A small disk that somebody else fills: every alarm goes out all the same, telemetry goes oldest first and is counted to the
number, and when there is room again everything is as before. A file system of 24 MB, which needs root."""

import json
import os
import shutil
import subprocess
import unittest

import outpost_test
from outpost_test import PATIENCE_S, wait_until

SLAVES = 5
HIGH = 20000
DISK_MB = 24
ALARMS = 100
RECOVERS_S = 60


class Disk:
    """ext4 in a file; where loop devices are not to be had, a tmpfs of the same size."""

    def __init__(self, directory):
        self.image = os.path.join(directory, "disk.img")
        self.place = os.path.join(directory, "disk")
        self.filler = os.path.join(self.place, "somebody-elses")
        os.mkdir(self.place)

    def mount(self):
        if os.geteuid() != 0:
            raise unittest.SkipTest("mounting a small disk needs root; test_recorder_disk does the same without one")
        with open(self.image, "wb") as file:
            file.truncate(DISK_MB << 20)
        ext4 = [["mkfs.ext4", "-q", "-m", "0", self.image], ["mount", "-o", "loop", self.image, self.place]]
        if shutil.which("mkfs.ext4") and all(self.run(command) for command in ext4):
            return "ext4"
        if self.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", self.place]):
            return "tmpfs"
        raise unittest.SkipTest("nothing can be mounted here")

    @staticmethod
    def run(command):
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def fill(self):
        """To the last block."""
        with open(self.filler, "ab", buffering=0) as file:
            for size in (1 << 20, 1 << 16, 1 << 12, 512):
                try:
                    while True:
                        file.write(b"\0" * size)
                except OSError:
                    pass
            try:
                os.fsync(file.fileno())
            except OSError:
                pass

    def free(self):
        os.unlink(self.filler)

    def stop(self):
        self.run(["umount", "-l", self.place])


class TestFullDisk(outpost_test.Case):
    def begin(self):
        self.disk = Disk(self.directory)
        kind = self.disk.mount()
        self.own(self.disk)
        file = self.tcp_site(slaves=SLAVES, points=30, every="100ms", max_silence="100ms")
        with open(file, encoding="utf-8") as text:
            site = json.load(text)
        site["journal"] = {"dir": os.path.join(self.disk.place, "journal"), "max_size": "16MiB"}
        alarm = {"kind": "hi", "limit": 10000, "deadband": 10, "on_delay": "0s", "priority": "critical"}
        for device in site["devices"]:
            device["alarms"] = {f"r{n}.high": {"point": f"r{n}", **alarm} for n in range(ALARMS // SLAVES)}
        self.start(self.write_site(site))
        return kind

    def journal_events(self, what):
        return [one for one in self.collector.events("journal") if one.body.get("what") == what]

    def raise_one(self, count):
        """The count-th alarm, at the centre. Each is another one: what comes again and again would be counted instead."""
        dev, point = f"d{count % SLAVES + 1}", f"r{count // SLAVES}"
        self.sim.ctl("set", f"{dev}.{point}", HIGH)
        self.collector.wait_alarm(dev, f"{point}.high", "raised")

    def test_alarms_have_room(self):
        kind = self.begin()
        reserve = os.path.join(self.gateway.journal_directory, "reserve")
        wait_until(lambda: os.path.exists(reserve), "room is kept for alarms")
        self.collector.wait(lambda: self.collector.highest("t") > 200, "telemetry flows")
        self.disk.fill()
        for count in range(ALARMS // 2):
            self.raise_one(count)
        # Nobody fetches anything: what was not sent must go, and is declared.
        self.broker.kill()
        before = self.journaled_last("t")
        wait_until(lambda: not os.path.exists(reserve), "the room is used", 2 * PATIENCE_S)
        wait_until(lambda: self.journaled_last("t") > before + 500, "telemetry is recorded all the same", 3 * PATIENCE_S)
        self.broker.start()
        self.wait_online()
        for count in range(ALARMS // 2, ALARMS):
            self.raise_one(count)
        self.collector.wait(lambda: self.journal_events("disk_full"), "the centre knows")
        self.disk.free()
        self.collector.wait(lambda: self.journal_events("disk_free"), "there is room again", RECOVERS_S)
        self.assertTrue(os.path.exists(reserve))
        raised = [one for one in self.collector.alarms() if one.event == "raised"]
        self.assertEqual(ALARMS, len(raised))
        after = self.journaled_last("t")
        wait_until(lambda: self.journaled_last("t") > after + 100, "telemetry flows")
        self.assertEqual(0, self.gateway.stop())
        self.wait_all_arrived()
        self.assert_fine()
        gaps = [gap.body for gap in self.collector.events("gap") if gap.of == "t"]
        lost = sum(gap["to"] - gap["from"] + 1 for gap in gaps)
        print(f"\n  {kind} of {DISK_MB} MB, full: {len(raised)} of {ALARMS} alarms, {lost} telemetry records declared", flush=True)


class TestReadOnlyDisk(outpost_test.Case):
    """A card at the end of its life can only be read, and the gateway is started on it: by a reboot, a watchdog, an update."""

    def setUp(self):
        super().setUp()
        self.place = self.path("disk")
        os.mkdir(self.place)
        if os.geteuid() != 0 or not Disk.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", self.place]):
            self.skipTest("nothing can be mounted here")
        self.addCleanup(Disk.run, ["umount", "-l", self.place])

    def tearDown(self):
        Disk.run(["mount", "-o", "remount,rw", self.place])
        super().tearDown()

    def journal_events(self, what):
        return [one for one in self.collector.events("journal") if one.body.get("what") == what]

    def test_alarms_run_on_it(self):
        file = self.tcp_site(slaves=2, points=1)
        site = outpost_test.examples.load(file)
        site["journal"] = {"dir": os.path.join(self.place, "journal")}
        file = self.write_site(site)
        self.start(file)
        self.collector.wait(lambda: self.collector.highest("t") > 20, "telemetry flows")
        self.assertEqual(0, self.gateway.stop())
        self.assertTrue(Disk.run(["mount", "-o", "remount,ro", self.place]))
        self.gateway.start()
        self.gateway.wait_ready(lambda: "outpost: ready" in self.gateway.output(), "ready")
        self.assertIn("no orders on site until the disk can be written", self.gateway.output())
        second = subprocess.run([outpost_test.OUTPOST, "run", file], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        self.assertEqual(1, second.returncode)
        self.assertIn("another gateway", second.stderr)
        self.sim.ctl("set", "d1.r0", HIGH)
        self.collector.wait_alarm("d1", "r0.high", "raised")
        self.assertTrue(Disk.run(["mount", "-o", "remount,rw", self.place]))
        self.collector.wait(lambda: self.journal_events("on_disk"), "the disk is used again")
        self.gateway.wait_socket()
        self.gateway.order("ack", "--all", "--by", "tester")
        self.collector.wait_alarm("d1", "r0.high", "acked")
        self.assertEqual(0, self.gateway.stop())
        self.wait_all_arrived()
        self.assert_fine()


if __name__ == "__main__":
    outpost_test.main()
