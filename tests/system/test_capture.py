#!/usr/bin/python3
"""What was on the wire: looked at, written for Wireshark, played back.

The file is read here by a reader of its own, and by tshark where that is installed. A session with changing values, silence and
damaged frames is recorded and replayed: the same readings come out in the same order."""

import collections
import json
import os
import re
import shutil
import struct
import subprocess

import outpost_test
from outpost_test import OUTPOST, PATIENCE_S, Gateway, free_port

LINK_TYPE = 252  # Wireshark's exported PDUs
DISSECTOR = 12
RECEIVED, SENT = 1, 2
Packet = collections.namedtuple("Packet", "utc_us sent dissector comment lost data")


def crc(data):
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return struct.pack("<H", value)


def options(data):
    """{code: value} of the options of a block."""
    found, at = {}, 0
    while at + 4 <= len(data):
        code, size = struct.unpack_from("<HH", data, at)
        if code == 0:
            break
        found[code] = data[at + 4 : at + 4 + size]
        at += 4 + (size + 3) // 4 * 4
    return found


def tags(data):
    """({tag: value}, what follows) of an exported PDU; these are in network byte order."""
    found, at = {}, 0
    while True:
        code, size = struct.unpack_from(">HH", data, at)
        at += 4
        if code == 0:
            return found, data[at:]
        found[code] = data[at : at + size]
        at += size


def read_pcapng(path):
    """(name of the interface, [Packet]); every length is held against its twin."""
    with open(path, "rb") as file:
        data = file.read()
    name, packets, at = None, [], 0
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        body = data[at + 8 : at + size - 4]
        assert size % 4 == 0 and struct.unpack_from("<I", data, at + size - 4)[0] == size, f"block at {at}"
        if at == 0:
            assert kind == 0x0A0D0D0A and body[:8] == bytes.fromhex("4d3c2b1a01000000"), "section header"
        elif kind == 1:
            assert struct.unpack_from("<H", body)[0] == LINK_TYPE
            name = options(body[8:])[2].decode()
        else:
            assert kind == 6, f"block of kind {kind}"
            interface, high, low, captured, original = struct.unpack_from("<IIIII", body)
            assert interface == 0 and captured == original
            about = options(body[20 + (captured + 3) // 4 * 4 :])
            known, frame = tags(body[20 : 20 + captured])
            flags = struct.unpack("<I", about[2])[0]
            assert flags in (RECEIVED, SENT)
            lost = struct.unpack("<Q", about[4])[0] if 4 in about else 0
            packets.append(Packet(high << 32 | low, flags == SENT, known[DISSECTOR].rstrip(b"\0").decode(),
                                  about.get(1, b"").decode(), lost, frame))
        at += size
    return name, packets


def tshark(path, *fields):
    """Rows of those fields, or None where there is no tshark."""
    if shutil.which("tshark") is None:
        return None
    command = ["tshark", "-r", path, "-T", "fields", *[word for field in fields for word in ("-e", field)]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    return [line.split("\t") for line in done.stdout.rstrip("\n").split("\n")]


def story(collector, dev):
    """What a device showed, one after the other: only whole readings, without repetitions."""
    found = []
    for one in sorted((one for one in collector.records("t") if one.dev == dev), key=lambda one: one.seq):
        if not one.body.get("bad") and (not found or found[-1] != one.values):
            found.append(one.values)
    return found


def shows(found, readings):
    """All of them, one after the other. A recording begins anew when it is over: who starts slowly misses the first ones once."""
    return any(found[at : at + len(readings)] == readings for at in range(len(found)))


class TestCapture(outpost_test.Case):
    def line_site(self, bus, journal):
        """Two devices on one bus."""
        devices = []
        for number in (1, 2):
            points = {f"r{n}": {"function": "holding", "address": n, "type": "s16"} for n in range(number + 1)}
            devices.append({"id": f"d{number}", "bus": "b1", "unit": number, "class": "generic", "every": "200ms",
                            "points": points, "max_silence": "1h"})
        return self.write_site({"gateway": {"id": "g1", "time_zone": "Asia/Shanghai"}, "buses": [{"id": "b1", **bus}],
                                "devices": devices, "journal": {"dir": self.path(journal)},
                                "centres": [{"id": "c1", "url": f"mqtt://127.0.0.1:{self.broker.port}"}]}, f"{journal}.json")

    def begin(self, bus):
        self.start_broker()
        self.start(self.line_site(bus, "seen"))
        self.steps = 0
        for dev in ("d1", "d2"):
            self.show(dev)

    def show(self, dev):
        """A value that was not there before, until it has come."""
        self.steps += 1
        value = self.steps
        self.sim.ctl("set", f"{dev}.r0", value)
        self.collector.wait(lambda: self.collector.values(dev).get("r0") == value, f"{dev}.r0 = {value}")

    def wait_bad(self, dev, reasons):
        self.collector.wait(lambda: self.collector.telemetry(dev).get("bad", {}).get("r0") in reasons, f"{dev} is bad")

    def play(self):
        """Something to see: values, silence, damaged frames, an exception."""
        self.sim.ctl("fault", "d2", "silence")
        self.wait_bad("d2", {"no_answer"})
        self.show("d1")
        self.sim.ctl("fault", "d2", "none")
        self.show("d2")
        self.sim.ctl("fault", "d1", "crc")
        self.wait_bad("d1", {"garbled", "no_answer"})
        self.sim.ctl("fault", "d1", "none")
        for _ in range(3):
            self.show("d1")
            self.show("d2")

    def capture(self, *arguments, status=0):
        command = [OUTPOST, "capture", self.gateway.site_file, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        self.assertEqual(status, done.returncode, done.stdout + done.stderr)
        return done.stdout, done.stderr

    def check_packets(self, path, dissector, framed):
        """What the reader of this file sees: frames as sent and heard, in time, nothing lost."""
        name, packets = read_pcapng(path)
        self.assertEqual("b1", name)
        self.assertEqual(0, sum(packet.lost for packet in packets))
        self.assertEqual(sorted(packets, key=lambda one: one.utc_us), packets, "in the order of time")
        for packet in packets:
            self.assertIn(packet.dissector, (dissector, "data"))
            self.assertTrue(packet.dissector == "data" or framed(packet.data), packet)
        asked = [packet for packet in packets if packet.sent]
        answered = [packet for packet in packets if packet.comment.startswith("answer after")]
        self.assertGreater(len(answered), 10)
        self.assertGreater(len(asked), len(answered))
        self.assertTrue(any(re.fullmatch(r"no answer within \d+ ms", packet.comment) for packet in packets))
        return packets

    def check_tshark(self, path, protocol, packets):
        """What Wireshark makes of it, without any setting."""
        rows = tshark(path, "frame.protocols", "_ws.malformed", "frame.time_epoch", "frame.p2p_dir", "modbus.func_code",
                      "modbus.request_frame")
        if rows is None:
            return
        self.assertEqual(len(packets), len(rows))
        for packet, (protocols, malformed, epoch, direction, function, request) in zip(packets, rows):
            self.assertEqual("", malformed, packet)
            self.assertEqual(packet.utc_us, round(float(epoch) * 1e6), "the time")
            self.assertEqual("0" if packet.sent else "1", direction)
            if packet.dissector != "data":
                self.assertIn(f":{protocol}:modbus", protocols, packet)
                self.assertEqual("3", function)
            if packet.comment.startswith("answer"):
                self.assertNotEqual("", request, "it knows what was asked")

    def record(self, path, *arguments):
        """The recording, and what had been seen by then."""
        seen = {dev: story(self.collector, dev) for dev in ("d1", "d2")}
        self.assertIn(" 0 lost", self.capture("-o", path, *arguments)[1])
        return seen

    def check_replay(self, path, seen):
        """The same readings in the same order, from a gateway that has only the file."""
        self.assertGreater(len(seen["d1"]), 4)
        self.assertEqual(0, self.gateway.stop())
        self.sim.stop()
        self.collector.stop()
        self.collector = self.own(outpost_test.Collector(self.broker, "replayed")).start()
        site_file = self.line_site({"link": "replay", "file": os.path.basename(path), "timeout": "300ms"}, "replayed")
        checked = subprocess.run([OUTPOST, "check", site_file], capture_output=True, text=True, check=False)
        self.assertIn("recording", checked.stdout + checked.stderr, "nobody takes a recording for a line unawares")
        self.gateway = self.own(Gateway(site_file, self.directory)).start()
        for dev, readings in seen.items():
            self.collector.wait(lambda dev=dev, readings=readings: shows(story(self.collector, dev), readings),
                                lambda dev=dev, readings=readings: f"{story(self.collector, dev)} shows {readings}")
        bad = [one for one in self.collector.records("t") if one.dev == "d2" and one.body.get("bad", {}).get("r0") == "no_answer"]
        self.assertNotEqual([], bad, "its silence too")
        self.assertIn("plays a recording back", self.capture("--bus", "b1", status=1)[1])
        self.assertEqual(0, self.gateway.stop())

    def test_a_serial_line(self):
        self.start_broker()
        self.begin({"link": "rtu", "port": self.path("line"), "baud": 19200, "timeout": "300ms"})
        self.play()
        path = self.path("line.pcapng")
        seen = self.record(path, "--bus", "b1")
        packets = self.check_packets(path, "mbrtu", lambda data: crc(data[:-2]) == data[-2:])
        self.assertTrue(any(packet.dissector == "data" and "CRC" in packet.comment for packet in packets))
        self.check_tshark(path, "mbrtu", packets)
        self.check_replay(path, seen)

    def test_a_connection(self):
        self.start_broker()
        self.begin({"link": "tcp", "host": "127.0.0.1", "port": free_port(), "timeout": "300ms"})
        self.sim.ctl("fault", "d2", "silence")
        self.wait_bad("d2", {"no_answer"})
        self.sim.ctl("fault", "d2", "none")
        for _ in range(4):
            self.show("d1")
            self.show("d2")
        path = self.path("connection.pcapng")
        seen = self.record(path)  # the only bus needs no name
        packets = self.check_packets(path, "mbtcp", lambda data: struct.unpack_from(">H", data, 4)[0] == len(data) - 6)
        self.check_tshark(path, "mbtcp", packets)
        self.check_replay(path, seen)

    def test_for_people_and_programs(self):
        self.start_broker()
        self.begin({"link": "tcp", "host": "127.0.0.1", "port": free_port(), "timeout": "300ms"})
        table = self.capture("--lang", "en")[0].splitlines()
        self.assertRegex(table[0], "time +unit +function +verdict +bytes")
        self.assertRegex("\n".join(table), r"(->|→) +1 read holding 0 \+2 +00 \d\d 00 00 00 06 01 03 00 00 00 02")
        self.assertRegex("\n".join(table), r"(<-|←) +1 read holding +answer after \d+\.\d ms +\w\w \w\w 00 00 00 07 01 03 04")
        self.assertIn("读保持寄存器", self.capture("--lang", "zh")[0])
        entries = [json.loads(line) for line in self.capture("--json", "--for", "1s")[0].splitlines()]
        numbers = [entry["n"] for entry in entries]
        self.assertEqual(list(range(numbers[0], numbers[0] + len(numbers))), numbers, "follows without a hole")
        self.assertEqual({"request", "reply"}, {entry["kind"] for entry in entries} & {"request", "reply"})
        self.assertGreater(entries[-1]["at_us"] - entries[0]["at_us"], 1_000_000)
        self.assertIn("b1", self.capture("--bus", "b2", status=2)[1], "it suggests the one there is")
        self.assertIn("60s", self.capture("--for", "soon", status=2)[1])
        self.capture("--for", "1s", "--follow", status=2)
        self.assertIn("nowhere", self.capture("-o", self.path("nowhere", "x.pcapng"), status=1)[1])
        self.assertEqual(0, self.gateway.stop())
        self.capture(status=1)


if __name__ == "__main__":
    outpost_test.main()
