#!/usr/bin/python3
"""The simulator against witnesses that are not ours: mbpoll (libmodbus) and pymodbus read, over a pty and over TCP, what
`outpost-sim ctl get` says; hostile masters, exact line time, and nothing left behind."""

import contextlib
import fcntl
import os
import random
import re
import signal
import socket
import stat
import struct
import subprocess
import termios
import time

import outpost_test
from outpost_test import OUTPOST_SIM, PATIENCE_S, Simulator, free_port, scaled, wait_until
from pymodbus.client import ModbusSerialClient, ModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.framer.rtu_framer import ModbusRtuFramer
from rtu import with_crc

BAUD = 9600
CHARACTER_S = 10 / BAUD
TURNAROUND_S = 0.002
TIOCGEXCL = 0x80045440  # asm-generic/ioctls.h

# id: function, address, how mbpoll and struct see it
REGISTERS = {
    "u16": ("holding", 0, "u16", None, ">H"),
    "s16": ("holding", 1, "s16", None, ">h"),
    "u32": ("holding", 2, "u32", "ABCD", ">I"),
    "f32": ("holding", 4, "f32", "ABCD", ">f"),
    "swapped": ("input", 0, "f32", "CDAB", ">f"),
    "f64": ("input", 4, "f64", "ABCD", ">d"),
    "s32": ("input", 8, "s32", "ABCD", ">i"),
}
WORDS = {"u16": 1, "s16": 1, "u32": 2, "s32": 2, "f32": 2, "f64": 4}
BITS = {"coil": ("coil", 3), "switch": ("discrete", 5)}
UNIT = 7


def points():
    made = {}
    for name, (function, address, kind, order, _) in REGISTERS.items():
        made[name] = {"function": function, "address": address, "type": kind}
        if order:
            made[name]["order"] = order
    for name, (function, address) in BITS.items():
        made[name] = {"function": function, "address": address}
    return made


class TestSimulator(outpost_test.Case):
    def setUp(self):
        super().setUp()
        self.port, self.gateway_port = free_port(), free_port()
        self.pty = self.path("line")

    def site(self, **changes):
        def device(name, bus, unit):
            return {"id": name, "bus": bus, "unit": unit, "class": "generic", "points": points()}

        site = {
            "gateway": {"id": "g1"},
            "buses": [
                {"id": "line", "link": "rtu", "port": "line", "baud": BAUD, "format": "8N1"},
                {"id": "net", "link": "tcp", "host": "127.0.0.1", "port": self.port},
                {"id": "far", "link": "rtu-over-tcp", "host": "127.0.0.1", "port": self.gateway_port, "baud": BAUD},
            ],
            "devices": [device("d-line", "line", UNIT), device("d-net", "net", UNIT), device("d-far", "far", UNIT)],
            "journal": {"dir": "journal"},
        }
        site.update(changes)
        return self.write_site(site)

    def begin(self, *arguments, **changes):
        self.sim = self.own(Simulator(self.site(**changes), self.directory, arguments)).start()

    def get(self, reference):
        """What ctl says, as a number or a truth."""
        word = self.sim.ctl("get", reference).split()[1]
        return {"true": True, "false": False}.get(word, None) if word in ("true", "false") else float(word)

    def open(self, name):
        client = {
            "line": lambda: ModbusSerialClient(self.pty, baudrate=BAUD, timeout=5),
            "net": lambda: ModbusTcpClient("127.0.0.1", port=self.port, timeout=5),
            "far": lambda: ModbusTcpClient("127.0.0.1", port=self.gateway_port, framer=ModbusRtuFramer, timeout=5),
        }[name]()
        self.assertTrue(client.connect())
        self.addCleanup(client.close)
        return client

    def pymodbus_value(self, client, name):
        function, address, kind, order, form = REGISTERS[name]
        read = {"holding": client.read_holding_registers, "input": client.read_input_registers}[function]
        reply = read(address, WORDS[kind], slave=UNIT)
        self.assertFalse(reply.isError(), str(reply))
        words = reply.registers[::-1] if order == "CDAB" else reply.registers
        return struct.unpack(form, struct.pack(f">{len(words)}H", *words))[0]

    def mbpoll_value(self, name, *link):
        function, address, kind, order, _ = REGISTERS[name]
        number = {"holding": "4", "input": "3"}[function]
        form = {"u16": "", "s16": "", "u32": ":int", "s32": ":int", "f32": ":float"}[kind]
        big = ["-B"] if order == "ABCD" and form else []
        command = ["mbpoll", "-q", "-1", "-0", "-o", "5", "-a", str(UNIT), "-t", number + form, "-r", str(address), *big, *link]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        self.assertEqual(0, done.returncode, f"{command}: {done.stdout}{done.stderr}")
        found = re.search(r"^\[\d+\]:\s+(\S+)(?:\s+\((-?\d+)\))?", done.stdout, re.M)
        return float(found.group(2) if kind == "s16" and found.group(2) else found.group(1))

    # --- the same values ---

    def test_all_witnesses_read_what_ctl_says(self):
        self.begin()
        self.sim.ctl("fault", "*", "frozen")
        clients = {name: self.open(name) for name in ("net", "far", "line")}
        generator = random.Random(outpost_test.SEED)
        for turn in range(scaled(5)):
            for bus, client in clients.items():
                for name, (_, _, kind, _, _) in REGISTERS.items():
                    if turn > 0:
                        low = 0 if kind.startswith("u") else -30000
                        value = generator.randint(low, 60000 if kind == "u16" else 30000)
                        value = value / 8 if kind.startswith("f") else value
                        self.sim.ctl("set", f"d-{bus}.{name}", value)
                    said = self.get(f"d-{bus}.{name}")
                    if kind == "f32":  # the shortest decimal that is the same float
                        said = struct.unpack(">f", struct.pack(">f", said))[0]
                    self.assertEqual(said, self.pymodbus_value(client, name), f"{bus} {name}")
        clients["line"].close()
        for name, (_, _, kind, _, _) in REGISTERS.items():
            if kind != "f64":  # mbpoll has no word for it
                with self.subTest(name):
                    self.assertAlmostEqual(
                        self.get(f"d-line.{name}"), self.mbpoll_value(name, "-m", "rtu", "-b", str(BAUD), "-P", "none", self.pty), 1
                    )
                    self.assertAlmostEqual(
                        self.get(f"d-net.{name}"), self.mbpoll_value(name, "-m", "tcp", "-p", str(self.port), "127.0.0.1"), 1
                    )

    def test_bits_both_ways(self):
        self.begin()
        for bus in ("net", "far", "line"):
            client = self.open(bus)
            for value in (True, False, True):
                self.sim.ctl("set", f"d-{bus}.switch", str(value).lower())
                self.assertEqual(value, client.read_discrete_inputs(BITS["switch"][1], 1, slave=UNIT).bits[0])
                self.assertFalse(client.write_coil(BITS["coil"][1], value, slave=UNIT).isError())
                self.assertEqual(value, client.read_coils(BITS["coil"][1], 1, slave=UNIT).bits[0])
                self.assertEqual(value, self.get(f"d-{bus}.coil"))
            self.assertFalse(client.write_registers(REGISTERS["u32"][1], [0x0001, 0x0002], slave=UNIT).isError())
            self.assertEqual(0x00010002, self.get(f"d-{bus}.u32"))

    def test_exceptions_and_silence(self):
        self.begin()
        client = self.open("net")
        self.assertEqual(2, client.read_holding_registers(5000, 1, slave=UNIT).exception_code)
        self.assertEqual(2, client.read_holding_registers(0, 100, slave=UNIT).exception_code)
        self.sim.ctl("fault", "d-net", "exception", 4)
        self.assertEqual(4, client.read_holding_registers(0, 1, slave=UNIT).exception_code)
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S) as raw:
            # Unit 8 is nobody: the answer that comes is the one to the question after it.
            raw.sendall(bytes.fromhex("0001 0000 0006 08 03 0000 0001") + bytes.fromhex("0002 0000 0006 07 2B 0000 0001"))
            self.assertEqual(bytes.fromhex("0002 0000 0003 07 AB 04"), raw.recv(100))

    # --- the line ---

    def test_a_line_is_never_faster_than_its_baud_rate(self):
        self.begin()
        slave = self.raw_line()
        request = with_crc(bytes([UNIT, 3, 0, 0, 0, 6]))
        answer_size = 5 + 12
        wanted_s = (len(request) + answer_size) * CHARACTER_S + TURNAROUND_S
        taken = []
        for _ in range(scaled(20)):
            began = time.monotonic()
            os.write(slave, request)
            self.assertEqual(answer_size, len(self.read_line(slave, answer_size)))
            taken.append(time.monotonic() - began)
        self.assertGreaterEqual(min(taken), wanted_s - 0.0005)
        self.assertLess(min(taken), wanted_s * 1.2)

    def test_fast_does_not_wait_for_the_line(self):
        self.begin("--fast")
        slave = self.raw_line()
        taken = []
        for _ in range(scaled(20)):
            began = time.monotonic()
            os.write(slave, with_crc(bytes([UNIT, 3, 0, 0, 0, 6])))
            self.assertEqual(17, len(self.read_line(slave, 17)))
            taken.append(time.monotonic() - began)
        self.assertLess(min(taken), 17 * CHARACTER_S)

    def raw_line(self):
        fd = os.open(self.pty, os.O_RDWR | os.O_NOCTTY)
        self.addCleanup(os.close, fd)
        return fd

    def read_line(self, fd, size):
        found = b""
        while len(found) < size:
            part = os.read(fd, size - len(found))
            self.assertTrue(part)
            found += part
        return found

    def test_wrong_speed_is_not_understood(self):
        self.begin()
        deaf = ModbusSerialClient(self.pty, baudrate=19200, timeout=0.3, retries=1)
        self.assertTrue(deaf.connect())
        reply = deaf.read_holding_registers(0, 1, slave=UNIT)
        self.assertIsInstance(reply, ModbusException)
        wait_until(lambda: "another speed than 9600 baud" in self.sim.output(), "the simulator says why")
        deaf.close()
        self.assertFalse(self.open("line").read_holding_registers(0, 1, slave=UNIT).isError())

    def test_exclusive_use_ends_with_its_master(self):
        self.begin()
        master = os.open(self.pty, os.O_RDWR | os.O_NOCTTY)
        fcntl.ioctl(master, termios.TIOCEXCL)
        left = os.readlink(self.pty)
        os.close(master)
        wait_until(lambda: os.readlink(self.pty) != left, "a fresh pty is behind the symlink")
        self.assertEqual(b"\0\0\0\0", fcntl.ioctl(self.raw_line(), TIOCGEXCL, b"\0\0\0\0"))
        self.assertFalse(self.open("line").read_holding_registers(0, 1, slave=UNIT).isError())

    def test_a_late_answer_comes_after_the_next_one(self):
        self.begin("--fast")
        slave = self.raw_line()
        self.sim.ctl("set", "d-line.u16", 1)
        self.sim.ctl("fault", "d-line", "late", 1500, "once")
        os.write(slave, with_crc(bytes([UNIT, 3, 0, 0, 0, 1])))
        wait_until(lambda: "struck 1" in self.sim.ctl("status"), "the first request was struck")
        os.write(slave, with_crc(bytes([UNIT, 3, 0, 0, 0, 2])))
        self.assertEqual(4, self.read_line(slave, 9)[2])
        self.assertEqual(with_crc(bytes([UNIT, 3, 2, 0, 1])), self.read_line(slave, 7))

    # --- hostile masters ---

    def test_junk_on_the_line_passes(self):
        self.begin()
        slave = self.raw_line()
        generator = random.Random(outpost_test.SEED)
        for _ in range(scaled(30)):
            os.write(slave, generator.randbytes(generator.randint(1, 400)))
        counted = re.compile(r"^bus line .* garbled ([1-9]\d*)", re.M)
        wait_until(lambda: counted.search(self.sim.ctl("status")), "junk was counted")
        client = self.open("line")
        wait_until(lambda: not client.read_holding_registers(0, 1, slave=UNIT).isError(), "the line works again")

    def test_junk_over_tcp_ends_the_connection(self):
        self.begin()
        generator = random.Random(outpost_test.SEED)
        for _ in range(scaled(50)):
            with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S) as raw, contextlib.suppress(OSError):
                raw.sendall(b"\xff" + generator.randbytes(generator.randint(10, 5000)))
                self.assertEqual(b"", raw.recv(1000))
        self.assertFalse(self.open("net").read_holding_registers(0, 1, slave=UNIT).isError())

    def memory_kb(self):
        with open(f"/proc/{self.sim.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1))

    def test_a_master_that_does_not_read_is_no_harm(self):
        self.begin()
        before = self.memory_kb()
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)
        self.addCleanup(raw.close)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.setblocking(False)
        flood = bytes.fromhex("0001 0000 0006 07 03 0000 0006") * 1000
        with contextlib.suppress(BlockingIOError):
            for _ in range(1000):
                raw.send(flood)
        client = self.open("net")
        for _ in range(50):
            self.assertFalse(client.read_holding_registers(0, 6, slave=UNIT).isError())
        self.assertLess(self.memory_kb() - before, 12000, "the answers to all of it would be 20 MB")

    def test_more_connections_than_there_is_room_for(self):
        self.begin()
        first = self.open("net")
        self.assertFalse(first.read_holding_registers(0, 1, slave=UNIT).isError())
        for _ in range(100):
            raw = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)
            self.addCleanup(raw.close)
        self.assertFalse(self.open("net").read_holding_registers(0, 1, slave=UNIT).isError())
        connections = int(re.search(r"^bus net .* connections (\d+)", self.sim.ctl("status"), re.M).group(1))
        self.assertLessEqual(connections, 32)

    def test_pipelined_requests_are_answered_in_order(self):
        self.begin()
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S) as raw:
            count = 2000
            for number in range(0, count, 10):
                batch = [struct.pack(">HHHBBHH", n, 0, 6, UNIT, 3, 0, 1) for n in range(number, number + 10)]
                raw.sendall(b"".join(batch))
                found = b""
                while len(found) < 110:
                    found += raw.recv(110 - len(found))
                numbers = [struct.unpack_from(">H", found, 11 * n)[0] for n in range(10)]
                self.assertEqual(list(range(number, number + 10)), numbers)

    # --- many ---

    def test_many_units(self):
        """100 units on one line, 50 with 20 registers each on one listener."""
        few = {"a": {"address": 0}}
        many = {f"r{n}": {"address": n} for n in range(20)}
        line = [{"id": f"l{n}", "bus": "line", "unit": n, "class": "generic", "points": few} for n in range(1, 101)]
        net = [{"id": f"n{n}", "bus": "net", "unit": n, "class": "generic", "points": many} for n in range(1, 51)]
        self.begin("--fast", devices=line + net)
        self.sim.ctl("fault", "*", "frozen")
        for bus, letter, count, registers in (("line", "l", 100, 1), ("net", "n", 50, 20)):
            client = self.open(bus)
            for unit in range(1, count + 1):
                reply = client.read_holding_registers(0, registers, slave=unit)
                said = [int(row.split()[1]) for row in self.sim.ctl("get", f"{letter}{unit}").splitlines()]
                self.assertEqual(said, reply.registers)

    # --- coming and going ---

    def test_nothing_is_left_behind(self):
        self.begin()
        self.assertTrue(os.readlink(self.pty).startswith("/dev/pts/"))
        self.assertEqual(0o600, stat.S_IMODE(os.stat(self.sim.socket).st_mode))
        client = self.open("net")
        self.assertFalse(client.read_holding_registers(0, 1, slave=UNIT).isError())
        self.assertEqual(0, self.sim.stop())
        self.assertFalse(os.path.lexists(self.pty))
        self.assertFalse(os.path.lexists(self.sim.socket))
        self.sim.start()
        self.sim.child.send_signal(signal.SIGINT)
        self.assertEqual(0, self.sim.child.wait(PATIENCE_S))

    def test_what_a_crash_left_is_replaced(self):
        self.begin()
        self.sim.kill()
        self.assertTrue(os.path.lexists(self.pty) and os.path.lexists(self.sim.socket))
        self.sim.start()
        self.assertFalse(self.open("line").read_holding_registers(0, 1, slave=UNIT).isError())

    def refused(self, file, *arguments):
        command = [OUTPOST_SIM, "run", file, "--socket", self.path("sim.sock"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        self.assertEqual(1, done.returncode, done.stdout + done.stderr)
        self.assertEqual("", done.stdout)
        return done.stderr

    def test_what_is_in_the_way_is_left_alone(self):
        file = self.site()
        with open(self.pty, "w", encoding="ascii") as there:
            there.write("precious")
        self.assertIn("is not ours", self.refused(file))
        with open(self.pty, encoding="ascii") as there:
            self.assertEqual("precious", there.read())
        os.unlink(self.pty)
        os.symlink("/dev/null", self.pty)
        self.assertIn("is not ours", self.refused(file))
        self.assertEqual("/dev/null", os.readlink(self.pty))
        os.unlink(self.pty)
        with socket.socket() as other:
            other.bind(("127.0.0.1", self.port))
            other.listen()
            self.assertIn("in use", self.refused(file))
        self.assertFalse(os.path.lexists(self.pty), "what was opened before the failure is gone")
        with open(self.path("sim.sock"), "w", encoding="ascii"):
            pass
        self.assertIn("no socket", self.refused(file))

    def test_a_second_simulator_is_refused(self):
        self.begin()
        self.assertIn("another outpost-sim is running", self.refused(self.path("site.json")))
        self.assertFalse(self.open("line").read_holding_registers(0, 1, slave=UNIT).isError())

    def test_a_host_elsewhere(self):
        buses = [{"id": "net", "link": "tcp", "host": "192.0.2.1", "port": self.port}]  # TEST-NET-1: nobody's
        devices = [{"id": "d-net", "bus": "net", "unit": UNIT, "points": points()}]
        file = self.site(buses=buses, devices=devices)
        self.assertIn("--listen 127.0.0.1", self.refused(file))
        self.sim = self.own(Simulator(file, self.directory, ["--listen", "127.0.0.1"])).start()
        self.assertFalse(self.open("net").read_holding_registers(0, 1, slave=UNIT).isError())

    # --- words ---

    def call(self, *words):
        done = subprocess.run([OUTPOST_SIM, *words], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        return done.returncode, done.stdout, done.stderr

    def test_words(self):
        for words in (["--help"], ["run", "--help"], ["ctl", "--help"], ["help"], ["version"]):
            status, out, err = self.call(*words)
            self.assertEqual((0, ""), (status, err), words)
            self.assertIn("outpost-sim", out)
        for words in (
            [],
            ["dance"],
            ["run", "--fats"],
            ["run", "a", "b"],
            ["run", "--seed", "x", "a"],
            ["run", "--turnaround", "-1", "a"],
            ["ctl"],
            ["ctl", "--sokcet", "x"],
            ["ctl", "--socket", "x", "two\nlines"],
            ["ctl", "--socket", "x", "y" * 2000],
        ):
            status, out, err = self.call(*words)
            self.assertEqual((2, ""), (status, out), words)
            self.assertTrue(err.strip(), words)
        for words in (["run", "/nowhere.json"], ["ctl", "--socket", "/nowhere", "list"], ["ctl", "--site", "/nowhere", "list"]):
            status, out, err = self.call(*words)
            self.assertEqual((1, ""), (status, out), words)
            self.assertTrue(err.strip(), words)

    def test_ctl_words(self):
        self.begin()
        ctl = ["ctl", "--socket", self.sim.socket]
        self.assertEqual(2, self.call(*ctl, "dance")[0])
        self.assertEqual(2, self.call(*ctl, "fault", "d-net", "sulk")[0])
        self.assertEqual(1, self.call(*ctl, "get", "nobody")[0])
        self.assertEqual(1, self.call(*ctl, "set", "d-net.u16", "much")[0])
        self.assertEqual((0, "", ""), self.call(*ctl, "set", "d-net.u16", "12"))
        self.assertEqual((0, "d-net.u16 12\n", ""), self.call(*ctl, "get", "d-net.u16"))
        self.assertEqual((0, "", ""), self.call(*ctl, "set", "d-net.s16", "-12"))

    def test_ctl_finds_the_socket_by_the_site_file(self):
        file = self.site()
        sim = self.own(Simulator(file, self.directory))
        sim.command = [OUTPOST_SIM, "run", file]
        sim.start()
        self.assertEqual(0, self.call("ctl", "--site", file, "list")[0])
        self.assertTrue(os.path.exists(self.path("sim.sock")))

    def test_the_control_socket_survives_anything(self):
        self.begin()
        generator = random.Random(outpost_test.SEED)
        for _ in range(scaled(30)):
            with socket.socket(socket.AF_UNIX) as raw, contextlib.suppress(OSError):
                raw.settimeout(PATIENCE_S)
                raw.connect(self.sim.socket)
                raw.sendall(generator.randbytes(generator.randint(1, 5000)) + generator.choice([b"\n", b""]))
                if generator.random() < 0.5:
                    raw.shutdown(socket.SHUT_WR)
                    while raw.recv(4096):
                        pass
        wait_until(lambda: self.call("ctl", "--socket", self.sim.socket, "list")[0] == 0, "it answers")
        with socket.socket(socket.AF_UNIX) as raw:
            raw.settimeout(PATIENCE_S)
            raw.connect(self.sim.socket)
            raw.sendall(b"get d-net.u16\nnonsense\nset d-net.u16 7\nget d-net.u16\n")
            raw.shutdown(socket.SHUT_WR)
            text = b""
            while part := raw.recv(4096):
                text += part
        self.assertRegex(text.decode(), r"\Ad-net\.u16 \d+\nok\nusage: .*\nok\nd-net\.u16 7\nok\n\Z")


if __name__ == "__main__":
    outpost_test.main()
