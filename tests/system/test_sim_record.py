#!/usr/bin/python3
"""Recording and replaying, over a pty and over TCP: what is played again is what was recorded, register by register, to pymodbus and
to a second recording; a listener between a foreign master and the simulator finds the same registers as one who asks."""

import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import threading
import tty

import outpost_test
from outpost_test import OUTPOST_SIM, PATIENCE_S, Process, Simulator, free_port, wait_until
from pymodbus.client import ModbusSerialClient, ModbusTcpClient

UNIT = 7
BAUD = 19200
EVERY_MS = 100
STEP_MS = 100  # of the plant
STEPS = outpost_test.scaled(8)
POINTS = {
    "slow": {"address": 0},
    "wave": {"address": 2, "type": "f32"},
    "input": {"function": "input", "address": 40, "type": "s16"},
    "coil": {"function": "coil", "address": 3},
    "switch": {"function": "discrete", "address": 5},
}
REGISTERS = [("holding", 0), ("holding", 2), ("holding", 3), ("input", 40), ("coil", 3), ("discrete", 5)]


class Recording:
    """The file, read as its description says, by code that knows nothing of ours."""

    def __init__(self, source):
        if not isinstance(source, bytes):
            with open(source, "rb") as file:
                source = file.read()
        lines = [json.loads(line) for line in source.splitlines()]
        self.head, self.changes = lines[0], lines[1:]
        self.end_ms = self.changes.pop()["ms"] if "end" in self.changes[-1] else None
        self.history = {}  # (table, address): [(ms, value)]; a value is a word, "silent" or "exception N"
        for change in self.changes:
            table = next(name for name in ("coil", "discrete", "holding", "input") if name in change)
            if "words" in change:
                values = change["words"]
            else:
                values = ["silent" if change.get("silent") else f"exception {change['exception']}"] * change["count"]
            for offset, value in enumerate(values):
                self.history.setdefault((table, change[table] + offset), []).append((change["ms"], value))

    def at(self, register, ms):
        """What it is at that time; before it was first read, what it was then."""
        found = self.history[register][0][1] if register in self.history else None
        for when, value in self.history.get(register, []):
            if when > ms:
                break
            found = value
        return found

    def lasting(self, register, least_ms):
        """Its values that lasted so long."""
        history = self.history[register]
        ends = [when for when, _ in history[1:]] + [self.end_ms]
        return [(when, value) for (when, value), end in zip(history, ends) if end - when > least_ms]

    def around(self, register, from_ms, to_ms):
        """All that it is within that time."""
        return {self.at(register, from_ms)} | {value for when, value in self.history[register] if from_ms < when <= to_ms}


class Tap:
    """A line between a master and a slave port, and a third pty on which both are heard."""

    def __init__(self, slave_path):
        self.master, self.master_side = pty.openpty()
        self.ear, self.ear_side = pty.openpty()
        self.slave = os.open(slave_path, os.O_RDWR | os.O_NOCTTY)
        for fd in (self.master_side, self.ear_side, self.slave):
            tty.setraw(fd)
        self.stopper, self.stop_side = os.pipe()
        self.noise = b""
        self.thread = threading.Thread(target=self._pump, daemon=True)
        self.thread.start()

    def _pump(self):
        other = {self.master: self.slave, self.slave: self.master}
        while True:
            ready, _, _ = select.select([self.master, self.slave, self.stopper], [], [])
            if self.stopper in ready:
                return
            for fd in ready:
                data = os.read(fd, 4096)
                os.write(other[fd], data)
                os.write(self.ear, data)

    def spoil(self, noise):
        os.write(self.ear, noise)

    def stop(self):
        os.write(self.stop_side, b"x")
        self.thread.join()
        for fd in (self.master, self.master_side, self.ear, self.ear_side, self.slave, self.stopper, self.stop_side):
            os.close(fd)


class TestRecord(outpost_test.Case):
    def setUp(self):
        super().setUp()
        self.port = free_port()
        self.far_port = free_port()

    def site(self):
        def device(name, bus):
            return {"id": name, "bus": bus, "unit": UNIT, "class": "generic", "points": POINTS}

        return self.write_site(
            {
                "gateway": {"id": "g1"},
                "buses": [
                    {"id": "line", "link": "rtu", "port": "line", "baud": BAUD, "format": "8N1"},
                    {"id": "net", "link": "tcp", "host": "127.0.0.1", "port": self.port},
                    {"id": "far", "link": "rtu-over-tcp", "host": "127.0.0.1", "port": self.far_port, "baud": BAUD},
                ],
                "devices": [device("d-line", "line"), device("d-net", "net"), device("d-far", "far")],
                "journal": {"dir": "journal"},
            }
        )

    def play(self, *arguments):
        self.file = self.site()
        self.sim = self.own(Simulator(self.file, self.directory, arguments)).start()
        return self.sim

    def recorder(self, name, *arguments):
        """One that is recording."""
        out = self.path(f"{name}.rec.json")
        command = [OUTPOST_SIM, "record", *map(str, arguments), "-o", out, "--every", f"{EVERY_MS}ms"]
        process = self.own(Process(f"record {name}", command, self.path(f"{name}.log"))).start()
        process.out = out
        process.wait_ready(lambda: "recording " in process.output(), "says that it is recording")
        return process

    def finish(self, process, status=0, signal_number=signal.SIGINT):
        if signal_number:
            process.child.send_signal(signal_number)
        wait_until(lambda: not process.alive(), "the recorder ends")
        self.assertEqual(status, process.child.returncode, process.output())
        return Recording(process.out)

    def last_line(self, process):
        with open(process.out, "rb") as file:
            return file.read().rstrip(b"\n").split(b"\n")[-1]

    def lines(self, process):
        with open(process.out, "rb") as file:
            return file.read().count(b"\n")

    def values(self, step):
        """Point, what it is set to, where and as which word that stands."""
        return [
            ("slow", step * 37 % 60000, ("holding", 0), step * 37 % 60000),
            ("wave", step / 8, ("holding", 2), struct.unpack(">H", struct.pack(">f", step / 8)[:2])[0]),
            ("input", -step, ("input", 40), -step & 0xFFFF),
            ("coil", str(step % 2 == 0).lower(), ("coil", 3), int(step % 2 == 0)),
            ("switch", str(step % 3 == 0).lower(), ("discrete", 5), int(step % 3 == 0)),
        ]

    def stir(self, device, step):
        for point, value, _, _ in self.values(step):
            self.sim.ctl("set", f"{device}.{point}", value)

    def record_a_busy_hour(self, devices, *ways):
        """Recordings of the devices while their values change, one point after the other: every recorder has seen each of them, and
        each has lasted for a few rounds."""
        self.play("--fast")
        recorders = [self.recorder(name, *way) for name, way in zip(devices, ways)]
        for step in range(STEPS):
            for point, value, register, word in self.values(step):
                for device in devices:
                    self.sim.ctl("set", f"{device}.{point}", value)
                wait_until(lambda: all(self.last(one, register) == word for one in recorders), f"{point} is recorded")
        return [self.finish(one) for one in recorders]

    def last(self, process, register):
        """What it is by now in a recording that goes on."""
        with open(process.out, "rb") as file:
            whole = file.read().rpartition(b"\n")[0]
        return Recording(whole).at(register, 1 << 40) if b"\n" in whole else None

    # --- round trip ---

    def test_what_is_played_again_is_what_was_recorded(self):
        devices = ("d-line", "d-net", "d-far")
        recordings = self.record_a_busy_hour(devices, *[(self.site(), "--slave", name) for name in devices])
        for recording, device in zip(recordings, devices):
            self.assertEqual(set(REGISTERS), set(recording.history))
            self.assertEqual((device, UNIT, "poll", EVERY_MS), tuple(recording.head[k] for k in ("device", "unit", "how", "every_ms")))
            self.assertGreaterEqual(len(recording.history["holding", 0]), STEPS)
        self.sim.stop()
        self.play("--fast", *[word for name in devices for word in ("--replay", self.path(f"{name}.rec.json"))])
        for device in devices:
            self.sim.ctl("replay", device, "pause")
        self.pymodbus_reads_each_moment(recordings, devices)
        self.second_recordings_say_the_same(recordings, devices)

    def pymodbus_reads_each_moment(self, recordings, devices):
        """A master that is not ours, wherever the recording is sought to."""
        line = ModbusSerialClient(self.path("line"), baudrate=BAUD, timeout=5)
        net = ModbusTcpClient("127.0.0.1", port=self.port, timeout=5)
        for recording, device, client in zip(recordings, devices, (line, net)):
            self.assertTrue(client.connect())
            self.addCleanup(client.close)
            for ms in [0, recording.end_ms] + [self.random.randrange(recording.end_ms) for _ in range(20)]:
                self.sim.ctl("replay", device, "seek", f"{ms}ms")
                found = {("holding", 0): client.read_holding_registers(0, 1, slave=UNIT).registers[0]}
                found["holding", 2], found["holding", 3] = client.read_holding_registers(2, 2, slave=UNIT).registers
                found["input", 40] = client.read_input_registers(40, 1, slave=UNIT).registers[0]
                found["coil", 3] = int(client.read_coils(3, 1, slave=UNIT).bits[0])
                found["discrete", 5] = int(client.read_discrete_inputs(5, 1, slave=UNIT).bits[0])
                self.assertEqual({register: recording.at(register, ms) for register in REGISTERS}, found, f"{device} at {ms} ms")
            client.close()

    def second_recordings_say_the_same(self, recordings, devices):
        """Recorded again while it plays: there is one shift of time by which all registers are the same within one round."""
        for device in devices:
            self.sim.ctl("replay", device, "seek", "0s")
        recorders = [self.recorder(f"{name}-again", self.file, "--slave", name) for name in devices]
        for device in devices:
            self.sim.ctl("replay", device, "resume")
        for device in devices:
            wait_until(lambda: " ended " in self.replay_line(device), "the recording has been played to its end")
        missed_ms = float(re.search(r"missed_s (\S+)", self.sim.ctl("status")).group(1)) * 1000
        for recording, recorder in zip(recordings, recorders):
            again = self.finish(recorder)
            # How long a change can have waited to be seen, as the recorder itself has found; on an idle machine a round.
            unseen_ms = int(re.search(r" unseen_ms (\d+)", recorder.output()).group(1))
            slack = unseen_ms + STEP_MS + missed_ms
            shifts = [shift for shift in range(0, 20000, 20) if not self.differences(recording, again, shift, slack)]
            self.assertTrue(shifts, f"{self.differences(recording, again, 0, slack)[:5]}")
            longest = max(b - a for (a, _), (b, _) in zip(recording.history["holding", 0], recording.history["holding", 0][1:]))
            self.assertLess(shifts[-1] - shifts[0], 2 * slack + longest, "any shift would do: nothing is compared")

    def differences(self, recording, again, shift, slack):
        wrong = []
        for register in REGISTERS:
            for when, value in again.history[register]:
                if value not in recording.around(register, when - shift - slack, when - shift + slack):
                    wrong.append((register, when, value))
            for when, value in recording.lasting(register, slack):
                if value not in again.around(register, when + shift - slack, when + shift + slack):
                    wrong.append((register, when, value))
        return wrong

    def replay_line(self, device):
        return next(line for line in self.sim.ctl("status").splitlines() if line.startswith(f"replay {device} "))

    # --- listening ---

    def test_listening_finds_the_registers_that_asking_finds(self):
        self.play("--fast")
        self.sim.ctl("fault", "*", "frozen")
        self.stir("d-line", 41)
        tap = self.own(Tap(self.path("line")))
        ear = os.ttyname(tap.ear_side)
        listener = self.recorder("heard", self.file, "--slave", "d-line", "--port", ear, "--listen-only")
        client = ModbusSerialClient(os.ttyname(tap.master_side), baudrate=BAUD, timeout=5)
        self.assertTrue(client.connect())
        self.addCleanup(client.close)
        tap.spoil(b"\x00\xff\x07\x03")
        self.read_all(client)
        self.mbpoll(tap)
        self.stir("d-line", 42)
        self.read_all(client)
        self.assertEqual(2, client.read_holding_registers(5000, 1, slave=UNIT).exception_code)
        wait_until(lambda: b'"exception":2' in self.last_line(listener), "all of it was heard")
        heard = self.finish(listener)
        self.assertEqual("listen", heard.head["how"])
        client.close()
        tap.stop()
        self.started.remove(tap)
        asked = self.finish(self.recorder("asked", self.file, "--slave", "d-line", "--for", "600ms"), signal_number=None)
        self.assertEqual(set(REGISTERS), set(asked.history))
        for register in REGISTERS:
            self.assertEqual(asked.at(register, asked.end_ms), heard.at(register, heard.end_ms), register)
            self.assertGreater(len(heard.history[register]), 0)
        self.assertEqual([41 * 37, 42 * 37], [value for _, value in heard.history["holding", 0]])
        self.assertEqual("exception 2", heard.at(("holding", 5000), heard.end_ms))

    def read_all(self, client):
        self.assertFalse(client.read_holding_registers(0, 1, slave=UNIT).isError())
        self.assertFalse(client.read_holding_registers(2, 2, slave=UNIT).isError())
        self.assertFalse(client.read_input_registers(40, 1, slave=UNIT).isError())
        self.assertFalse(client.read_coils(3, 1, slave=UNIT).isError())
        self.assertFalse(client.read_discrete_inputs(5, 1, slave=UNIT).isError())

    def mbpoll(self, tap):
        command = ["mbpoll", "-q", "-1", "-0", "-o", "5", "-a", str(UNIT), "-t", "4", "-r", "0", "-m", "rtu", "-b", str(BAUD)]
        command += ["-P", "none", os.ttyname(tap.master_side)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        self.assertEqual(0, done.returncode, f"{done.stdout}{done.stderr}")

    # --- silence, exceptions, writes ---

    def test_silence_and_exceptions_are_recorded_and_played(self):
        self.play("--fast")
        recorder = self.recorder("ill", "--tcp", f"127.0.0.1:{self.port}", "--unit", UNIT, "--device", "d-net", "--holding", 0,
                                 "--timeout", "100ms")
        for fault, mark in (("none", b'"words"'), ("exception 6", b'"exception":6'), ("silence", b'"silent":true'), ("none", b'"words"')):
            self.sim.ctl("fault", "d-net", *fault.split())
            wait_until(lambda: mark in self.last_line(recorder), f"{fault} is recorded")
        recording = self.finish(recorder)
        states = [value for _, value in recording.history["holding", 0] if not isinstance(value, int)]
        self.assertEqual(["exception 6", "silent"], states)
        ill_ms, silent_ms = [when for when, value in recording.history["holding", 0] if value in states]
        self.sim.stop()
        self.play("--fast", "--replay", f"d-net={self.path('ill.rec.json')}")
        self.assertIn("not in the recording", self.sim.output())
        self.sim.ctl("replay", "d-net", "pause")
        client = ModbusTcpClient("127.0.0.1", port=self.port, timeout=1, retries=0)
        self.assertTrue(client.connect())
        self.addCleanup(client.close)
        self.assertFalse(client.read_holding_registers(0, 1, slave=UNIT).isError())
        self.sim.ctl("replay", "d-net", "seek", f"{ill_ms}ms")
        self.assertEqual(6, client.read_holding_registers(0, 1, slave=UNIT).exception_code)
        self.sim.ctl("replay", "d-net", "seek", f"{silent_ms}ms")
        silent = client.read_holding_registers(0, 1, slave=UNIT)
        self.assertTrue(silent.isError())
        self.assertFalse(hasattr(silent, "exception_code") and silent.exception_code, "silence is no exception")
        self.sim.ctl("replay", "d-net", "seek", "0s")
        client.connect()
        before = client.read_holding_registers(0, 1, slave=UNIT).registers
        self.assertFalse(client.write_register(0, before[0] ^ 1, slave=UNIT).isError())
        self.assertEqual(before, client.read_holding_registers(0, 1, slave=UNIT).registers)
        self.assertIn("writes_not_taken 1", self.replay_line("d-net"))

    def test_a_recorder_never_writes(self):
        """Everything that it sends to a device, byte by byte: reads, and nothing else."""
        asked = []
        with socket.create_server(("127.0.0.1", 0)) as listener:
            answers = threading.Thread(target=self.be_a_strange_device, args=(listener, asked))
            answers.start()
            recorder = self.recorder("strange", "--tcp", "127.0.0.1:%d" % listener.getsockname()[1], "--unit", UNIT, "--timeout", "20ms",
                                     "--holding", "0-30", "--input", "5", "--coil", "0-2100", "--discrete", "9", "--every", "1ms")
            answers.join()
            self.finish(recorder)
        self.assertEqual({1, 2, 3, 4}, {frame[7] for frame in asked})
        for frame in asked:
            self.assertEqual(12, len(frame))
            self.assertEqual(bytes([0, 0, 0, 6, UNIT]), frame[2:7])

    def be_a_strange_device(self, listener, asked):
        """Answers 200 questions: rightly, with exceptions, with nothing, with junk, or by hanging up."""
        listener.settimeout(PATIENCE_S)
        while len(asked) < 200:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(PATIENCE_S)
                while len(asked) < 200:
                    frame = connection.recv(1000)
                    if not frame:
                        break
                    asked.append(frame)
                    function, (count,) = frame[7], struct.unpack(">H", frame[10:12])
                    size = 2 * count if function in (3, 4) else (count + 7) // 8
                    good = frame[:4] + struct.pack(">HBBB", 3 + size, UNIT, function, size) + self.random.randbytes(size)
                    refused = frame[:4] + bytes([0, 3, UNIT, function | 0x80, self.random.choice([1, 2, 3, 4, 6])])
                    choice = self.random.randrange(10)
                    if choice == 9:
                        break
                    connection.sendall([good, good, good, good, refused, refused, b"", self.random.randbytes(30), good[:-1]][choice])

    # --- what cannot be ---

    def test_a_killed_recorder_loses_at_most_a_line(self):
        self.play("--fast")
        recorder = self.recorder("killed", self.file, "--slave", "d-net")
        for step in range(5):
            seen = self.lines(recorder)
            self.stir("d-net", step)
            wait_until(lambda: self.lines(recorder) > seen, "a change is recorded")
        recorder.child.kill()
        recorder.child.wait()
        whole = Recording(recorder.out)
        self.assertIsNone(whole.end_ms)
        with open(recorder.out, "ab") as file:
            file.write(b'{"ms":99999,"holding":0,"wo')
        self.sim.stop()
        self.play("--fast", "--replay", recorder.out)
        self.assertIn("the last line is not whole", self.sim.output())
        self.sim.ctl("replay", "d-net", "seek", f"{whole.changes[-1]['ms']}ms")
        client = ModbusTcpClient("127.0.0.1", port=self.port, timeout=5)
        self.assertTrue(client.connect())
        self.addCleanup(client.close)
        self.assertEqual(whole.at(("holding", 0), 1 << 40), client.read_holding_registers(0, 1, slave=UNIT).registers[0])

    def test_refusals_say_what_to_do(self):
        self.play("--fast")
        there, strange = self.path("there.rec.json"), self.path("strange.json")
        with open(strange, "w", encoding="utf-8") as file:
            file.write('{"devices":[]}\n')
        with open(there, "w", encoding="utf-8") as file:
            file.write('{"outpost_recording":1,"device":"nobody","unit":1}\n{"ms":0,"holding":0,"words":[1]}\n')
        new = self.path("new.rec.json")
        master = self.own(Tap(self.path("line")))
        busy = os.ttyname(master.ear_side)
        holder = self.recorder("holder", "--port", busy, "--unit", 1, "--listen-only")
        cases = [
            (2, "-o FILE is missing", "record", self.file),
            (2, "what should be recorded", "record", "-o", new),
            (2, "--unit N is missing", "record", "--tcp", "127.0.0.1", "-o", new),
            (2, "no value that fits", "record", "--every", "often", "-o", new),
            (1, "which slave? --slave is one of: d-line d-net d-far", "record", self.file, "-o", new),
            (1, "there is no slave x; there are: d-line", "record", self.file, "--slave", "x", "-o", new),
            (1, "which registers?", "record", "--tcp", f"127.0.0.1:{self.port}", "--unit", 7, "-o", new),
            (1, "no range of addresses", "record", "--tcp", "127.0.0.1", "--unit", 7, "--holding", "9-1", "-o", new),
            (1, "there already", "record", self.file, "--slave", "d-net", "-o", there),
            (1, "hears serial lines", "record", self.file, "--slave", "d-net", "--listen-only", "-o", new),
            (1, "--listen-only", "record", "--port", busy, "--unit", 1, "--holding", "0", "-o", new),
            (1, "is no slave here; say which one: --replay SLAVE=", "run", self.file, "--replay", there, "--socket", new),
            (1, "No such file", "run", self.file, "--replay", f"d-net={new}", "--socket", new),
            (1, "no recording", "run", self.file, "--replay", f"d-net={strange}", "--socket", new),
        ]
        for status, sentence, *words in cases:
            with self.subTest(sentence):
                done = subprocess.run([OUTPOST_SIM, *map(str, words)], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
                self.assertEqual(status, done.returncode, done.stderr)
                self.assertIn(sentence, done.stderr)
                self.assertFalse(os.path.exists(new))
        self.finish(holder)


if __name__ == "__main__":
    outpost_test.main()
