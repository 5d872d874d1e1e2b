#!/usr/bin/python3
"""The wire of the simulator: real ports beside foreign slaves, other places for ports, all functions, what adapters do to
bytes, collisions, faults with times, ports that go and come back, many units, a plant that lives faster."""

import contextlib
import json
import os
import pty
import re
import select
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
import tty

import outpost_test
from outpost_test import OUTPOST_SIM, PATIENCE_S, Process, Simulator, free_port, scaled, wait_until
from pymodbus.client import ModbusSerialClient, ModbusTcpClient
from rtu import with_crc

UNIT = 7
BAUD = 9600
CHARACTER_S = 10 / BAUD


def read_request(unit=UNIT, address=0, count=1):
    return with_crc(struct.pack(">BBHH", unit, 3, address, count))


class Hub:
    """A two-wire line with some sockets: what one says, all others hear, and with `echo` it hears itself too."""

    def __init__(self, count, echo=False):
        self.masters, self.names, self.slaves = [], [], []
        for _ in range(count):
            master, slave = pty.openpty()
            tty.setraw(slave)
            self.masters.append(master)
            self.slaves.append(slave)  # kept open: no hang-up between two users
            self.names.append(os.ttyname(slave))
        self.echo = echo
        self.stopping, self.wake = os.pipe()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            ready, _, _ = select.select([*self.masters, self.stopping], [], [])
            if self.stopping in ready:
                return
            for one in ready:
                said = os.read(one, 1000)
                for other in self.masters:
                    if other != one or self.echo:
                        os.write(other, said)

    def stop(self):
        os.write(self.wake, b"x")
        self.thread.join()
        for fd in (*self.masters, *self.slaves, self.stopping, self.wake):
            os.close(fd)


class TestWire(outpost_test.Case):
    def setUp(self):
        super().setUp()
        self.port = free_port()
        self.pty = self.path("line")

    def site(self, **changes):
        points = {f"r{n}": {"address": n} for n in range(20)}
        devices = [
            {"id": f"d-{bus}", "bus": bus, "unit": UNIT, "class": "generic", "points": points, "write": list(points)}
            for bus in ("line", "net")
        ]
        site = {
            "gateway": {"id": "g1"},
            "buses": [
                {"id": "line", "link": "rtu", "port": "line", "baud": BAUD, "format": "8N1"},
                {"id": "net", "link": "tcp", "host": "127.0.0.1", "port": self.port},
            ],
            "devices": devices,
            "journal": {"dir": "journal"},
        }
        site.update(changes)
        return self.write_site(site)

    def begin(self, *arguments, **changes):
        self.sim = self.own(Simulator(self.site(**changes), self.directory, arguments)).start()

    def status(self):
        return json.loads(self.sim.ctl("status", "json"))

    def bus(self, name="line"):
        return next(bus for bus in self.status()["buses"] if bus["id"] == name)

    def slave(self, name="d-line"):
        return next(slave for slave in self.status()["slaves"] if slave["id"] == name)

    def serial(self, path=None, timeout=PATIENCE_S):
        client = ModbusSerialClient(path or self.pty, baudrate=BAUD, timeout=timeout)
        self.assertTrue(client.connect())
        self.addCleanup(client.close)
        return client

    def raw_line(self):
        fd = os.open(self.pty, os.O_RDWR | os.O_NOCTTY)
        self.addCleanup(os.close, fd)
        return fd

    def read(self, fd, size):
        """That many bytes, and in how many pieces they came."""
        found, pieces = b"", 0
        while len(found) < size:
            self.assertTrue(select.select([fd], [], [], PATIENCE_S)[0], f"only {found!r} came")
            found += os.read(fd, size - len(found))
            pieces += 1
        return found, pieces

    def heard(self, master, seconds):
        found = b""
        while select.select([master], [], [], seconds)[0]:
            found += os.read(master, 1000)
        return found

    def serial_read(self):
        with contextlib.closing(ModbusSerialClient(self.pty, baudrate=BAUD, timeout=1)) as client:
            self.assertTrue(client.connect())
            return client.read_holding_registers(0, 1, slave=UNIT)

    def refused(self, status, *arguments):
        command = [OUTPOST_SIM, "run", self.site(), "--socket", self.path("sim.sock"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        self.assertEqual((status, ""), (done.returncode, done.stdout), done.stderr)
        return done.stderr

    # --- other places ---

    def test_a_bus_at_another_path(self):
        other = self.path("deep", "er")
        self.begin("--map", f"line={other}")
        self.assertFalse(os.path.lexists(self.pty))
        self.assertFalse(self.serial(other).read_holding_registers(0, 1, slave=UNIT).isError())
        self.assertIn(f"line: {other} -> /dev/pts/", self.sim.output())
        self.assertEqual(0, self.sim.stop())
        self.assertFalse(os.path.lexists(other))

    def test_wishes_that_cannot_be(self):
        self.assertIn("there are: line net", self.refused(1, "--map", f"nowhere={self.path('x')}"))
        self.assertIn("on the network", self.refused(1, "--map", f"net={self.path('x')}"))
        self.assertIn("on the network", self.refused(1, "--echo", "net"))
        self.assertIn("twice", self.refused(2, "--map", "line=a", "--map", "line=b"))
        self.assertIn("BUS=PATH", self.refused(2, "--map", "line"))
        self.assertIn("BUS=TIME", self.refused(2, "--latency", "line=16"))
        self.assertIn("is no serial port", self.refused(1, "--map", "line=/dev/null"))
        self.assertIn("not a number in range", self.refused(2, "--speed", "0"))
        _, slave = pty.openpty()
        real = os.ttyname(slave)
        self.assertIn("is a real port", self.refused(1, "--map", f"line={real}", "--echo", "line"))
        self.assertFalse(os.path.lexists(self.pty))

    # --- a real port ---

    def beside_a_foreign_slave(self):
        """The simulator on one socket of a line, pymodbus as a slave on the second; the third is a master's."""
        hub = self.own(Hub(3))
        self.begin("--map", f"line={hub.names[0]}", "--turnaround", "0")
        fifo = self.path("fifo")
        os.mkfifo(fifo)
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "foreign_slave.py")
        foreign = self.own(Process("foreign", [sys.executable, script, hub.names[1], fifo], self.path("foreign.log"))).start()
        foreign.wait_ready(lambda: "starting" in foreign.output(), "the foreign slave starts")
        with open(fifo, "w", encoding="ascii") as orders:
            orders.write("hr 5 4711\n")
        master = os.open(hub.names[2], os.O_RDWR | os.O_NOCTTY)
        self.addCleanup(os.close, master)
        return master

    def test_a_slave_beside_a_real_one(self):
        master = self.beside_a_foreign_slave()
        ask_foreign, foreign_answer = "11 03 0005 0001", "11 03 02 12 67"

        def foreign_says(request, answer):
            """pymodbus loses its place when frames follow each other closely: asked again, as masters do."""

            def once():
                os.write(master, with_crc(bytes.fromhex(request)))
                return self.heard(master, 0.2) == with_crc(bytes.fromhex(answer))

            wait_until(once, f"the foreign slave answers {answer}")

        foreign_says(ask_foreign, foreign_answer)
        self.sim.ctl("fault", "d-line", "frozen")
        said = b"".join(int(row.split()[1]).to_bytes(2, "big") for row in self.sim.ctl("get", "d-line").splitlines())
        before = self.bus()
        rounds = scaled(10)
        for number in range(rounds):
            self.assertEqual("07 03 28 " + said.hex(" "), self.exchange(master, "07 03 0000 0014", 45))
            foreign_says(ask_foreign, foreign_answer)
            write = f"06 00 13 00 {number % 100:02d}"
            self.assertEqual("07 " + write, self.exchange(master, "07 " + write, 8))
            foreign_says("11 " + write, "11 " + write)
            said = said[:-2] + bytes.fromhex(f"00{number % 100:02d}")
        os.write(master, read_request(unit=99))
        self.assertEqual(b"", self.heard(master, 0.2), "nobody answers for a third one")
        after = self.bus()
        self.assertGreaterEqual(after["foreign"] - before["foreign"], rounds)
        self.assertEqual(before["garbled"], after["garbled"])
        self.assertEqual(0, after["heard_self"])

    def test_an_adapter_that_hears_itself(self):
        hub = self.own(Hub(2, echo=True))
        self.begin("--map", f"line={hub.names[0]}", "--turnaround", "0")
        fd = os.open(hub.names[1], os.O_RDWR | os.O_NOCTTY)
        self.addCleanup(os.close, fd)
        write = with_crc(struct.pack(">BBHH", UNIT, 6, 0, 1234))
        for request, answer_size in ((write, 8), (read_request(), 7), (write, 8), (read_request(), 7)) * scaled(5):
            os.write(fd, request)
            heard, _ = self.read(fd, len(request) + answer_size)  # our own words first
            self.assertEqual(request, heard[: len(request)])
            self.assertEqual(with_crc(heard[len(request) : -2]), heard[len(request) :])
        rounds = 4 * scaled(5)
        wait_until(lambda: self.bus()["heard_self"] == rounds, "every answer was heard and passed over")
        self.assertEqual(rounds, self.bus()["requests"])
        self.assertEqual(0, self.bus()["garbled"])

    def test_a_real_port_that_vanishes_and_comes_back(self):
        adapter, by_id = self.path("adapter"), self.path("by-id")  # as /dev/serial/by-id points to a name that comes and goes
        os.symlink(by_id, adapter)
        hub = Hub(2)
        os.symlink(hub.names[0], by_id)
        self.begin("--map", f"line={adapter}", "--turnaround", "0")
        hub.stop()
        wait_until(lambda: "is gone" in self.sim.output(), "it is said")
        self.assertEqual(1, self.bus()["gone"])
        hub = self.own(Hub(2))
        os.unlink(by_id)
        os.symlink(hub.names[0], by_id)
        fd = os.open(hub.names[1], os.O_RDWR | os.O_NOCTTY)
        self.addCleanup(os.close, fd)

        def answers():
            os.write(fd, read_request())
            return self.heard(fd, 0.2)[:3] == bytes([UNIT, 3, 2])

        wait_until(answers, "it is opened again")

    # --- functions ---

    def exchange(self, fd, request, size):
        os.write(fd, with_crc(bytes.fromhex(request)))
        answer, _ = self.read(fd, size)
        self.assertEqual(with_crc(answer[:-2]), answer)
        return answer[:-2].hex(" ")

    def test_functions_on_a_line(self):
        self.begin("--fast")
        fd = self.raw_line()
        self.assertEqual("07 06 00 04 00 12", self.exchange(fd, "07 06 0004 0012", 8))
        self.assertEqual("07 16 00 04 00 f2 00 25", self.exchange(fd, "07 16 0004 00F2 0025", 10))
        self.assertEqual("07 03 02 00 17", self.exchange(fd, "07 03 0004 0001", 7))
        self.assertEqual("07 17 04 00 17 ab cd", self.exchange(fd, "07 17 0004 0002 0005 0001 02 ABCD", 9))
        self.assertEqual("07 08 00 00 a5 37", self.exchange(fd, "07 08 0000 A537", 8))
        self.assertEqual("07 11 07 " + b"d-line".hex(" ") + " ff", self.exchange(fd, "07 11", 12))
        self.assertEqual("07 ab 01", self.exchange(fd, "07 2B 0E 01 00", 5))
        self.assertEqual("07 85 03", self.exchange(fd, "07 05 0000 1234", 5))
        os.write(fd, with_crc(bytes.fromhex("00 16 0004 0000 0099")))  # a broadcast is done and not answered
        self.assertEqual("07 03 02 00 99", self.exchange(fd, "07 03 0004 0001", 7))

    def test_functions_with_pymodbus_over_tcp(self):
        self.begin()
        client = ModbusTcpClient("127.0.0.1", port=self.port, timeout=PATIENCE_S)
        self.assertTrue(client.connect())
        self.addCleanup(client.close)
        self.assertFalse(client.write_register(4, 0x12, slave=UNIT).isError())
        self.assertFalse(client.mask_write_register(4, 0xF2, 0x25, unit=UNIT).isError())
        reply = client.readwrite_registers(read_address=4, read_count=2, write_address=5, write_registers=[99], unit=UNIT)
        self.assertEqual([0x17, 99], reply.registers)
        self.assertEqual(1, client.diag_query_data([1], slave=UNIT).exception_code)

    # --- what adapters and lines do to bytes ---

    def test_local_echo(self):
        self.begin("--echo", "line")
        fd = self.raw_line()
        for count in range(1, scaled(6)):
            request = read_request(count=count)
            os.write(fd, request)
            found, _ = self.read(fd, len(request) + 5 + 2 * count)
            self.assertEqual(request, found[: len(request)])
            self.assertEqual((UNIT, 3, 2 * count), tuple(found[len(request) :][:3]))

    def test_latency_timer(self):
        """A packet each 200 ms: most answers of 25 characters come in one piece, which a line alone never does."""
        self.begin("--latency", "line=200ms")
        fd = self.raw_line()
        pieces = []
        for _ in range(20):
            os.write(fd, read_request(count=10))
            pieces.append(self.read(fd, 25)[1])
        self.assertGreaterEqual(pieces.count(1), 10, pieces)

    def test_turnaround_of_one_slave(self):
        self.begin()
        fd = self.raw_line()
        self.sim.ctl("turnaround", "d-line", 150)
        began = time.monotonic()
        os.write(fd, read_request())
        self.read(fd, 7)
        self.assertGreaterEqual(time.monotonic() - began, 0.150 + 15 * CHARACTER_S - 0.0005)

    def slow_line(self, baud):
        """A line so slow that nothing this process does is too late."""
        buses = [{"id": "line", "link": "rtu", "port": "line", "baud": baud, "format": "8N1"}]
        points = {f"r{n}": {"address": n} for n in range(20)}
        self.begin(buses=buses, devices=[{"id": "d", "bus": "line", "unit": UNIT, "class": "generic", "points": points}])
        fd = self.raw_line()
        settings = termios.tcgetattr(fd)
        settings[4] = settings[5] = getattr(termios, f"B{baud}")
        termios.tcsetattr(fd, termios.TCSANOW, settings)
        return fd

    def test_a_request_into_an_answer_collides(self):
        fd = self.slow_line(300)
        os.write(fd, read_request(count=20))
        self.read(fd, 3)  # the answer is on the line for 1.4 s more
        os.write(fd, read_request())
        wait_until(lambda: self.bus()["collisions"] == 1, "the collision was counted")
        rest, _ = self.read(fd, 42)
        self.assertNotEqual(with_crc(bytes([UNIT, 3, 40]) + rest[:-2])[3:], rest, "the answer is spoiled")
        self.assertEqual(1, self.bus()["requests"], "and the second request is lost")

        def works():
            os.write(fd, read_request())
            return self.heard(fd, 1.5)[:3] == bytes([UNIT, 3, 2])

        wait_until(works, "then the line works")

    def test_a_hasty_master_is_noticed(self):
        fd = self.slow_line(300)  # 3.5 characters are 117 ms

        def was_hasty():
            os.write(fd, read_request())
            self.read(fd, 7)
            return self.bus()["short_gaps"] > 0

        wait_until(was_hasty, "a gap was too short")
        self.assertEqual(0, self.bus()["garbled"])

    # --- faults ---

    def test_a_fault_that_ends_by_itself(self):
        self.begin("--fast")
        fd = self.raw_line()
        self.sim.ctl("fault", "d-line", "exception", 4)
        self.assertEqual("07 83 04", self.exchange(fd, "07 03 0000 0001", 5))
        self.sim.ctl("fault", "d-line", "exception", 4, "for", "100ms")
        wait_until(lambda: self.slave()["fault"] == "none", "it is over")
        self.assertEqual("07 03 02", self.exchange(fd, "07 03 0000 0001", 7)[:8])
        self.assertEqual(1, self.slave()["struck"])

    def test_an_invalid_value(self):
        points = {"level": {"address": 0, "type": "s16", "invalid": [-32768]}, "other": {"address": 1}}
        device = {"id": "d-line", "bus": "line", "unit": UNIT, "class": "generic", "points": points}
        self.begin("--fast", devices=[device])
        self.sim.ctl("set", "d-line.level", 55)
        self.sim.ctl("set", "d-line.other", 66)
        client = self.serial()
        self.sim.ctl("fault", "d-line", "sentinel", "level")
        self.assertEqual([0x8000, 66], client.read_holding_registers(0, 2, slave=UNIT).registers)
        self.assertEqual("invalid", self.sim.ctl("get", "d-line.level").split()[1])
        self.sim.ctl("fault", "d-line", "none")
        self.assertEqual([55, 66], client.read_holding_registers(0, 2, slave=UNIT).registers)

    def test_two_slaves_of_one_address(self):
        self.begin()
        self.sim.ctl("fault", "d-line", "duplicate")
        fd = self.raw_line()
        good = 0
        for _ in range(scaled(10)):
            os.write(fd, read_request(count=4))
            found, _ = self.read(fd, 13)
            good += with_crc(found[:-2]) == found
            self.heard(fd, 0.3)  # the rest of the second one
        self.assertLess(good, scaled(10))
        self.assertEqual(scaled(10), self.slave()["struck"])

    def test_a_babbling_slave(self):
        self.begin()
        fd = self.raw_line()
        os.write(fd, read_request())
        self.read(fd, 7)
        self.sim.ctl("fault", "d-line", "babble", 20)
        self.assertTrue(self.read(fd, 100)[0])
        self.sim.ctl("fault", "d-line", "none")
        self.assertGreater(self.slave()["struck"], 5)
        wait_until(lambda: not self.serial_read().isError(), "the line works again")

    # --- ports that go ---

    def test_a_pty_that_vanishes(self):
        self.begin()
        master = self.raw_line()
        os.write(master, read_request())
        self.read(master, 7)
        self.sim.ctl("fault", "bus:line", "gone")
        wait_until(lambda: not os.path.lexists(self.pty), "the symlink is gone")
        with self.assertRaises(OSError):
            while os.read(master, 100):
                pass
            raise OSError("end of file")
        self.sim.ctl("fault", "bus:line", "back")
        wait_until(lambda: os.path.lexists(self.pty), "it is back")
        self.assertFalse(self.serial_read().isError())
        self.assertEqual((1, "none"), (self.bus()["gone"], self.bus()["fault"]))

    def test_a_listener_that_vanishes_for_a_while(self):
        self.begin()
        held = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)
        self.addCleanup(held.close)
        self.sim.ctl("fault", "bus:net", "gone", "for", "1s")
        with contextlib.suppress(ConnectionResetError):
            self.assertEqual(b"", held.recv(10))
        wait_until(lambda: self.bus("net")["fault"] == "none", "the time is over")

        def answers():
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S) as raw:
                raw.sendall(bytes.fromhex("0001 0000 0006 07 03 0000 0001"))
                return len(raw.recv(100)) == 11
            return False

        wait_until(answers, "it is back")
        self.assertEqual(1, self.bus("net")["gone"])

    # --- many, and fast ---

    def test_a_hundred_units_of_a_hundred_registers(self):
        points = {f"r{n}": {"address": n} for n in range(100)}
        devices = [{"id": f"d{n}", "bus": "line", "unit": n, "class": "generic", "points": points} for n in range(1, 101)]
        self.begin("--fast", devices=devices)
        self.sim.ctl("fault", "*", "frozen")
        client = self.serial()
        for unit in range(1, 101):
            reply = client.read_holding_registers(0, 100, slave=unit)
            self.assertEqual(100, len(reply.registers))
        said = [int(row.split()[1]) for row in self.sim.ctl("get", "d100").splitlines()]
        self.assertEqual(said, reply.registers)

    def test_two_hundred_tcp_slaves(self):
        with contextlib.ExitStack() as stack:  # all at once, so that they differ
            probes = [stack.enter_context(socket.socket()) for _ in range(200)]
            for probe in probes:
                probe.bind(("127.0.0.1", 0))
            ports = [probe.getsockname()[1] for probe in probes]
        buses = [{"id": f"b{n}", "link": "tcp", "host": "127.0.0.1", "port": port} for n, port in enumerate(ports)]
        devices = [
            {"id": f"d{n}", "bus": f"b{n}", "unit": 1, "class": "generic", "points": {"r": {"address": 0}}} for n in range(200)
        ]
        self.begin(buses=buses, devices=devices)
        self.sim.ctl("fault", "*", "frozen")
        with contextlib.ExitStack() as stack:
            raws = [stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)) for port in ports]
            for raw in raws:
                raw.sendall(bytes.fromhex("0001 0000 0006 01 03 0000 0001"))
            answers = [raw.recv(100) for raw in raws]
        said = {row["id"]: row["answers"] for row in self.status()["slaves"]}
        self.assertEqual({11}, {len(answer) for answer in answers})
        self.assertEqual({1}, set(said.values()))

    def test_a_plant_that_lives_faster(self):
        self.begin("--speed", "3600")
        began = self.status()
        wait_until(lambda: self.status()["plant_s"] > began["plant_s"] + 3600, "an hour of the plant passes")
        client = self.serial()
        for _ in range(5):
            self.assertFalse(client.read_holding_registers(0, 20, slave=UNIT).isError())
        self.assertEqual(0, self.bus()["garbled"])
        self.sim.ctl("speed", "0.1")
        self.assertEqual(0.1, self.status()["speed"])
        self.assertRegex(self.sim.ctl("status"), re.compile(r"^pace speed 0.1 plant_s \d+", re.M))

    def test_help(self):
        for words, wanted in (
            (["run", "--help"], ("--map", "--echo", "--latency", "--speed", "--turnaround")),
            (["ctl", "--help"], ("turnaround SLAVE", "status [json]", "bus:BUS gone", "babble MS", "sentinel POINT|*")),
        ):
            done = subprocess.run([OUTPOST_SIM, *words], capture_output=True, text=True, timeout=PATIENCE_S, check=True)
            for one in wanted:
                self.assertIn(one, done.stdout)


if __name__ == "__main__":
    outpost_test.main()
