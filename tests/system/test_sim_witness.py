#!/usr/bin/python3
"""The simulator before three witnesses that are not ours: pymodbus, libmodbus (foreign_master.c) and mbpoll. Each decodes in
its own way what `outpost-sim ctl set` put into the registers, over a serial line, TCP and RTU over TCP; each writes, and
`ctl get` sees it. And the frames printed in the Modbus specifications, answered to the byte."""

import itertools
import os
import re
import select
import shutil
import socket
import struct
import subprocess
import tempfile

import outpost_test
from outpost_test import NotSo, Process, Simulator, free_port, wait_until
from pymodbus.client import ModbusSerialClient, ModbusTcpClient
from pymodbus.constants import Endian
from pymodbus.framer.rtu_framer import ModbusRtuFramer
from pymodbus.other_message import ReportSlaveIdRequest
from pymodbus.payload import BinaryPayloadDecoder
from pymodbus.register_read_message import ReadHoldingRegistersRequest
from pymodbus.utilities import computeCRC

UNIT = 17
BAUD = 115200
BUSES = ("line", "net", "far")  # a serial line, TCP, RTU over TCP
# order: of bytes and of words, as pymodbus calls it
ORDERS = {
    "ABCD": (Endian.Big, Endian.Big),
    "CDAB": (Endian.Big, Endian.Little),
    "BADC": (Endian.Little, Endian.Big),
    "DCBA": (Endian.Little, Endian.Little),
}


def single(number):
    """The nearest 32-bit float."""
    return struct.unpack(">f", struct.pack(">f", number))[0]


def digits(number):
    """What binary coded decimals say: the number whose hexadecimal digits they are."""
    return int(f"{number:x}")


# type: registers, values that are set, how pymodbus decodes them
TYPES = {
    "u16": (1, (0x1234, 65535, 0), BinaryPayloadDecoder.decode_16bit_uint),
    "s16": (1, (-1234, -32768, 32767), BinaryPayloadDecoder.decode_16bit_int),
    "u32": (2, (0x12345678, 4294967295, 65536), BinaryPayloadDecoder.decode_32bit_uint),
    "s32": (2, (-123456789, -2147483648, 2147483647), BinaryPayloadDecoder.decode_32bit_int),
    "u64": (4, (0x000123456789ABCD, 1 << 63, 4294967296), BinaryPayloadDecoder.decode_64bit_uint),
    "s64": (4, (-0x000123456789ABCD, -1 << 63, 65536), BinaryPayloadDecoder.decode_64bit_int),
    "f32": (2, (single(52.1), single(-0.375), single(3e38)), BinaryPayloadDecoder.decode_32bit_float),
    "f64": (4, (0.1, -1e300, 5e-324), BinaryPayloadDecoder.decode_64bit_float),
    "bcd16": (1, (1985, 9999, 0), lambda decoder: digits(decoder.decode_16bit_uint())),
    "bcd32": (2, (12345678, 99999999, 10), lambda decoder: digits(decoder.decode_32bit_uint())),
}
TABLES = ("holding", "input")


class Row:
    """A point of the test's site: where it stands, what is set, and what a register witness must make of its words."""

    def __init__(self, table, address, kind, order):
        self.id = f"{kind}_{order}_{table}".lower()
        self.table, self.address, self.kind, self.order = table, address, kind, order
        self.count, self.values, self.decode = TYPES[kind]
        self.json = {"function": table, "address": address, "type": kind, "order": order}


def rows():
    address = dict.fromkeys(TABLES, 0)
    for table, kind, order in itertools.product(TABLES, TYPES, ORDERS):
        yield Row(table, address[table], kind, order)
        address[table] += TYPES[kind][0]


ROWS = list(rows())
AFTER = 200  # what is not a whole number of registers stands behind them

# id: JSON, what is set, the words that then stand there
PARTS = {
    "hi": ({"address": AFTER, "type": "u16", "byte": "hi"}, 0x25, None),
    "lo": ({"address": AFTER, "type": "u16", "byte": "lo"}, 0xFE, [0x25FE]),
    "hi_signed": ({"address": AFTER + 1, "type": "s16", "byte": "hi"}, -2, [0xFE00]),
    "bit_0": ({"address": AFTER + 2, "type": "bits", "bit": 0}, "true", None),
    "bit_15": ({"address": AFTER + 2, "type": "bits", "bit": 15}, "true", None),
    "middle": ({"address": AFTER + 2, "type": "bits", "bits": [4, 3]}, 5, [0x8051]),
    "bit_hi": ({"address": AFTER + 3, "type": "bits", "byte": "hi", "bit": 2}, "true", [0x0400]),
    "tenths": ({"address": AFTER + 4, "type": "s16", "scale": 0.1, "offset": -40}, 21.5, [615]),
    "code": ({"address": AFTER + 5, "type": "u16", "map": {"3": "open", "7": "shut"}}, "shut", [7]),
    "text": ({"address": AFTER + 6, "type": "string", "length": 7}, "Outpost", [0x4F75, 0x7470, 0x6F73, 0x7400]),
    "txet": ({"address": AFTER + 10, "type": "string", "length": 4, "order": "BADC"}, "abcd", [0x6261, 0x6463]),
}
# id: table, address
BITS = {"coil_a": ("coil", 3), "coil_b": ("coil", 11), "switch_a": ("discrete", 5), "switch_b": ("discrete", 6)}
# What masters write; nobody sets it.
OPEN = {f"w{n}": {"address": 300 + n, "type": "u16"} for n in range(8)}
OPEN_BITS = {f"c{n}": {"function": "coil", "address": 100 + n} for n in range(12)}


def build_foreign_master(directory):
    program = os.path.join(directory, "foreign_master")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "foreign_master.c")
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "libmodbus"], check=True, capture_output=True, text=True).stdout
    command = ["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-o", program, source, *flags.split()]
    subprocess.run(command, check=True)
    return program


class Libmodbus:
    """foreign_master, asked line by line."""

    def __init__(self, program, *link):
        command = [program, *map(str, link), str(UNIT)]
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *words):
        self.child.stdin.write(" ".join(map(str, words)) + "\n")
        self.child.stdin.flush()
        answer = self.child.stdout.readline().rstrip("\n")
        if not answer and self.child.poll() is not None:
            raise NotSo(f"foreign_master ended with status {self.child.returncode}")
        return answer

    def words(self, table, address, count):
        return [int(word) for word in self.ask("words", table, address, count).split()]

    def stop(self):
        self.child.stdin.close()
        self.child.stdout.close()
        self.child.wait()


class Stage(outpost_test.Case):
    """The same devices on three buses, and a second pty to the one that speaks RTU over TCP, for masters that know only ptys."""

    @classmethod
    def setUpClass(cls):
        directory = tempfile.mkdtemp(prefix="outpost-")
        cls.addClassCleanup(shutil.rmtree, directory)
        cls.program = build_foreign_master(directory)

    def begin(self, devices):
        self.ports = {"net": free_port(), "far": free_port()}
        self.pty = self.path("line")
        site = {
            "gateway": {"id": "g1"},
            "buses": [
                {"id": "line", "link": "rtu", "port": "line", "baud": BAUD, "format": "8N1"},
                {"id": "net", "link": "tcp", "host": "127.0.0.1", "port": self.ports["net"]},
                {"id": "far", "link": "rtu-over-tcp", "host": "127.0.0.1", "port": self.ports["far"], "baud": BAUD},
            ],
            "devices": [
                {"class": "generic", "bus": bus, "id": f"{name}-{bus}", **device}
                for bus in BUSES
                for name, device in devices.items()
            ],
            "journal": {"dir": "journal"},
        }
        self.sim = self.own(Simulator(self.write_site(site), self.directory)).start()

    def begin_witnesses(self):
        points = {row.id: row.json for row in ROWS}
        points.update({name: {"function": "holding", **json} for name, (json, _, _) in PARTS.items()})
        points.update({name: {"function": table, "address": address} for name, (table, address) in BITS.items()})
        points.update({name: {"function": "holding", **json} for name, json in OPEN.items()})
        points.update(OPEN_BITS)
        self.begin({"d": {"unit": UNIT, "points": points}})

    def bridge(self):
        """The tty of each bus, for masters that do not speak RTU over TCP themselves."""
        far = self.path("bridge")
        if not os.path.lexists(far):
            command = ["socat", f"pty,raw,echo=0,link={far}", f"tcp:127.0.0.1:{self.ports['far']}"]
            self.own(Process("socat", command, self.path("socat.log"))).start()
            wait_until(lambda: os.path.exists(far), "socat made the pty")
        return far

    def tty(self, bus):
        return self.pty if bus == "line" else self.bridge()

    def pymodbus(self, bus):
        client = {
            "line": lambda: ModbusSerialClient(self.pty, baudrate=BAUD, timeout=10),
            "net": lambda: ModbusTcpClient("127.0.0.1", port=self.ports["net"], timeout=10),
            "far": lambda: ModbusTcpClient("127.0.0.1", port=self.ports["far"], framer=ModbusRtuFramer, timeout=10),
        }[bus]()
        self.assertTrue(client.connect())
        self.addCleanup(client.close)
        return client

    def libmodbus(self, bus):
        link = ("tcp", "127.0.0.1", self.ports["net"]) if bus == "net" else ("rtu", self.tty(bus), BAUD)
        return self.own(Libmodbus(self.program, *link))

    def mbpoll(self, bus, *words, status=0):
        """What it prints."""
        link = ["-m", "tcp", "-p", self.ports["net"]] if bus == "net" else ["-m", "rtu", "-b", BAUD, "-P", "none"]
        place = "127.0.0.1" if bus == "net" else self.tty(bus)
        options, values = words, ()
        if "--" in words:
            options, values = words[: words.index("--")], words[words.index("--") :]
        command = list(map(str, ["mbpoll", "-q", "-1", "-0", "-o", "10", "-a", UNIT, *link, *options, place, *values]))
        done = subprocess.run(command, capture_output=True, text=True, timeout=outpost_test.PATIENCE_S, check=False)
        self.assertEqual(status == 0, done.returncode == 0, f"{command}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def set(self, bus, name, value):
        self.sim.ctl("set", f"d-{bus}.{name}", value if isinstance(value, str) else repr(value))

    def get(self, bus, name):
        return self.sim.ctl("get", f"d-{bus}.{name}").split()[1]


class TestReading(Stage):
    """Every type in every order, in both tables of registers."""

    def each(self, turn):
        """(bus, row, value) after that turn's values were set."""
        for bus in BUSES:
            for row in ROWS:
                self.set(bus, row.id, row.values[turn])
        for bus in BUSES:
            said = dict(line.split()[:2] for line in self.sim.ctl("get", f"d-{bus}").splitlines())
            for row in ROWS:
                number = float(said[f"d-{bus}.{row.id}"])
                self.assertEqual(float(row.values[turn]), single(number) if row.kind == "f32" else number, "ctl says what was set")
                yield bus, row, row.values[turn]

    def test_pymodbus_decodes_every_type_and_order(self):
        self.begin_witnesses()
        clients = {bus: self.pymodbus(bus) for bus in BUSES}
        for turn in range(3):
            for bus, row, value in self.each(turn):
                read = getattr(clients[bus], f"read_{row.table}_registers")
                reply = read(row.address, row.count, slave=UNIT)
                self.assertFalse(reply.isError(), f"{bus} {row.id}: {reply}")
                bytes_of, words_of = ORDERS[row.order]
                decoder = BinaryPayloadDecoder.fromRegisters(reply.registers, byteorder=bytes_of, wordorder=words_of)
                self.assertEqual(value, row.decode(decoder), f"{bus} {row.id}")

    def libmodbus_value(self, master, row):
        """None: it has no word for it."""
        if row.kind == "f32":
            return float(master.ask("f32", row.table, row.address, row.order))
        if row.kind in ("s32", "s64") and row.order == "ABCD":
            return int(master.ask(row.kind, row.table, row.address))
        if row.count == 1 and row.order in ("ABCD", "CDAB"):
            word = master.words(row.table, row.address, 1)[0]
            return digits(word) if row.kind == "bcd16" else word - (word >> 15 << 16) if row.kind == "s16" else word
        return None

    def test_libmodbus_decodes_what_it_has_words_for(self):
        self.begin_witnesses()
        masters = {bus: self.libmodbus(bus) for bus in BUSES}
        known = set()
        for turn in range(3):
            for bus, row, value in self.each(turn):
                found = self.libmodbus_value(masters[bus], row)
                if found is not None:
                    known.add(row.id)
                    self.assertEqual(value, single(found) if row.kind == "f32" else found, f"{bus} {row.id}")
        self.assertEqual(24, len(known))

    def test_mbpoll_decodes_what_it_has_words_for(self):
        """Its 32-bit numbers have the low word first, with -B the high one. What it has no word for it shows in hexadecimal."""
        self.begin_witnesses()
        forms = {"u16": "", "s16": "", "s32": ":int", "f32": ":float"}
        number = {"holding": "4", "input": "3"}
        for bus, row, value in self.each(0):
            at = ("-r", row.address)
            if row.kind in forms and row.order in ("ABCD", "CDAB"):
                big = ("-B",) if row.order == "ABCD" and row.count == 2 else ()
                printed = self.mbpoll(bus, "-t", number[row.table] + forms[row.kind], *big, *at)
                found = re.search(r"^\[\d+\]:\s+(\S+)(?:\s+\((-?\d+)\))?", printed, re.M)
                read = float(found.group(2) if row.kind == "s16" and found.group(2) else found.group(1))
                self.assertAlmostEqual(value, read, 3 if row.kind == "f32" else 9, f"{bus} {row.id}: {printed}")
            else:
                printed = self.mbpoll(bus, "-t", f"{number[row.table]}:hex", "-c", row.count, *at)
                words = [int(word, 16) for word in re.findall(r"^\[\d+\]:\s+(0x[0-9A-F]+)", printed, re.M)]
                self.assertEqual(self.struct_words(row, value), words, f"{bus} {row.id}: {printed}")

    @staticmethod
    def struct_words(row, value):
        """The registers by Python's struct: bytes from the most significant, then swapped as the order says."""
        form = {"u": "BHIQ", "s": "bhiq", "f": "..fd"}[row.kind[0]] if row.kind[0] in "usf" else "BHI"
        packed = struct.pack(">" + form[row.count.bit_length()], int(str(value), 16) if row.kind.startswith("bcd") else value)
        words = list(struct.unpack(f"{'<' if row.order in ('BADC', 'DCBA') else '>'}{row.count}H", packed))
        return words[::-1] if row.order in ("CDAB", "DCBA") else words

    def test_parts_of_registers_and_texts(self):
        self.begin_witnesses()
        for bus in BUSES:
            client = self.pymodbus(bus)
            master = self.libmodbus(bus) if bus != "line" else None  # one master at a time on a line
            for name, (json, value, words) in PARTS.items():
                self.set(bus, name, value)
                if words is None:  # another part of the same register follows
                    continue
                reply = client.read_holding_registers(json["address"], len(words), slave=UNIT)
                self.assertEqual(words, reply.registers, f"{bus} {name}")
                if master:
                    self.assertEqual(words, master.words("holding", json["address"], len(words)), f"{bus} {name}")
            for name, (json, value, _) in PARTS.items():
                self.assertEqual(str(value), self.get(bus, name), "what ctl says is what was set")
            text = client.read_holding_registers(PARTS["text"][0]["address"], 4, slave=UNIT).registers
            self.assertEqual(b"Outpost\0", BinaryPayloadDecoder.fromRegisters(text, Endian.Big).decode_string(8))
            client.close()

    def test_bits(self):
        self.begin_witnesses()
        for bus in BUSES:
            client = self.pymodbus(bus)
            for one, other in itertools.product((False, True), repeat=2):
                for name in BITS:
                    self.set(bus, name, str(one if name.endswith("_a") else other).lower())
                coils = client.read_coils(3, 9, slave=UNIT).bits[:9]
                self.assertEqual([one, *[False] * 7, other], coils, bus)
                self.assertEqual([one, other], client.read_discrete_inputs(5, 2, slave=UNIT).bits[:2], bus)
            client.close()
            master = self.libmodbus(bus)
            self.assertEqual("1 0 0 0 0 0 0 0 1", master.ask("bits", "coil", 3, 9), bus)
            self.assertEqual("1 1", master.ask("bits", "discrete", 5, 2), bus)
            master.stop()
            self.started.remove(master)
            for table, address, wanted in (("0", 3, ["1", "0"]), ("1", 5, ["1", "1"])):
                printed = self.mbpoll(bus, "-t", table, "-r", address, "-c", 2)
                self.assertEqual(wanted, re.findall(r"^\[\d+\]:\s+(\d)", printed, re.M), f"{bus}: {printed}")


class TestWriting(Stage):
    """Functions 5, 6, 15, 16, 22 and 23, and 17: who it is."""

    def words(self, bus):
        return [int(self.get(bus, name)) for name in OPEN]

    def coils(self, bus):
        return [self.get(bus, name) == "true" for name in OPEN_BITS]

    def test_pymodbus_writes(self):
        self.begin_witnesses()
        on = [True, False, True, True, False, True, False, False, False, True, True, True]
        for bus in BUSES:
            client = self.pymodbus(bus)
            self.assertFalse(client.write_coils(100, on, slave=UNIT).isError())
            self.assertEqual(on, self.coils(bus))
            self.assertFalse(client.write_coil(101, True, slave=UNIT).isError())
            self.assertFalse(client.write_coil(100, False, slave=UNIT).isError())
            self.assertEqual([False, True, *on[2:]], self.coils(bus))
            self.assertFalse(client.write_registers(300, [1, 2, 3, 4, 5, 6, 7, 65535], slave=UNIT).isError())
            self.assertFalse(client.write_register(303, 0x0012, slave=UNIT).isError())
            self.assertEqual([1, 2, 3, 0x12, 5, 6, 7, 65535], self.words(bus))
            self.assertFalse(client.mask_write_register(303, 0x00F2, 0x0025, unit=UNIT).isError())
            self.assertEqual([1, 2, 3, 0x17, 5, 6, 7, 65535], self.words(bus))
            reply = client.readwrite_registers(
                read_address=302, read_count=4, write_address=304, write_registers=[0xBEEF, 0xCAFE], unit=UNIT
            )
            self.assertEqual([3, 0x17, 0xBEEF, 0xCAFE], reply.registers)
            self.assertEqual([1, 2, 3, 0x17, 0xBEEF, 0xCAFE, 7, 65535], self.words(bus))
            self.assertEqual(b"d-" + bus.encode() + b"\xff", client.execute(ReportSlaveIdRequest(UNIT)).identifier)

    def test_libmodbus_writes(self):
        self.begin_witnesses()
        for bus in BUSES:
            master = self.libmodbus(bus)
            self.assertEqual("", master.ask("put-bits", 100, *[1, 0, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1]))
            self.assertEqual("", master.ask("put-bit", 101, 1))
            self.assertEqual("", master.ask("put-bit", 100, 0))
            self.assertEqual("0 1 0 1 1 1 0 1 0 1 0 1".split(), [str(int(on)) for on in self.coils(bus)])
            self.assertEqual("", master.ask("put-words", 300, 9, 8, 7, 6, 5, 4, 3, 65534))
            self.assertEqual("", master.ask("put-word", 303, 0x0012))
            self.assertEqual("", master.ask("mask", 303, 0x00F2, 0x0025))
            self.assertEqual([9, 8, 7, 0x17, 5, 4, 3, 65534], self.words(bus))
            self.assertEqual("7 23 4660 22136", master.ask("swap", 302, 4, 304, 0x1234, 0x5678))
            self.assertEqual([9, 8, 7, 0x17, 0x1234, 0x5678, 3, 65534], self.words(bus))
            # What it strips from the answer differs with the version: the name and "runs" are in there.
            self.assertIn(" ".join(f"{byte:02X}" for byte in f"d-{bus}".encode()) + " FF", master.ask("id"))

    def test_mbpoll_writes(self):
        self.begin_witnesses()
        for bus in BUSES:
            self.mbpoll(bus, "-t", "0", "-r", 100, "--", 1, 1, 0, 1)
            self.mbpoll(bus, "-t", "0", "-r", 102, "--", 1)
            self.assertEqual([True, True, True, True], self.coils(bus)[:4])
            self.mbpoll(bus, "-t", "4", "-r", 300, "--", 11, 12, 13)
            self.mbpoll(bus, "-t", "4", "-r", 301, "--", 4711)
            self.assertEqual([11, 4711, 13], self.words(bus)[:3])
            self.mbpoll(bus, "-t", "4:int", "-B", "-r", 304, "--", -2)
            self.assertEqual([0xFFFF, 0xFFFE], self.words(bus)[4:6])

    def test_what_a_person_holds_no_master_changes(self):
        self.begin_witnesses()
        client = self.pymodbus("net")
        self.set("net", "w0", 5)
        self.assertFalse(client.write_register(300, 6, slave=UNIT).isError())
        self.assertEqual([5], client.read_holding_registers(300, 1, slave=UNIT).registers)
        self.sim.ctl("set", "d-net.w0", "auto")
        self.assertFalse(client.write_register(300, 6, slave=UNIT).isError())
        self.assertEqual("6", self.get("net", "w0"))


class TestExceptions(Stage):
    """As the witnesses understand them."""

    def test_pymodbus_understands_them(self):
        self.begin_witnesses()
        for bus in BUSES:
            client = self.pymodbus(bus)
            # what, exception
            asked = [
                (client.read_holding_registers(5000, 1, slave=UNIT), 2),
                (client.read_input_registers(0, 125, slave=UNIT), 2),
                (client.read_coils(65535, 1, slave=UNIT), 2),
                (client.read_discrete_inputs(4000, 16, slave=UNIT), 2),
                (client.write_register(5000, 1, slave=UNIT), 2),
                (client.write_registers(307, [1] * 50, slave=UNIT), 2),
                (client.write_coil(5000, True, slave=UNIT), 2),
                (client.mask_write_register(5000, 1, 1, unit=UNIT), 2),
                (client.execute(ReadHoldingRegistersRequest(0, 126, UNIT)), 3),
                (client.execute(ReadHoldingRegistersRequest(0, 0, UNIT)), 3),
            ]
            self.assertEqual([wanted for _, wanted in asked], [reply.exception_code for reply, _ in asked], bus)
            self.assertFalse(client.read_holding_registers(0, 1, slave=UNIT).isError(), f"{bus}: it answers as before")

    def test_libmodbus_understands_them(self):
        self.begin_witnesses()
        for bus in BUSES:
            master = self.libmodbus(bus)
            for words in (
                ("words", "holding", 5000, 1),
                ("words", "input", 0, 125),
                ("bits", "coil", 65535, 1),
                ("put-word", 5000, 1),
                ("put-bits", 5000, 1, 0, 1),
                ("put-words", 5000, 1, 2),
                ("mask", 5000, 1, 1),
                ("swap", 0, 1, 5000, 1),
                ("swap", 5000, 1, 300, 1),
            ):
                self.assertEqual("error: Illegal data address", master.ask(*words), f"{bus} {words}")
            for pdu, exception in self.NEVER_SENT:
                sent = ["0x" + byte for byte in [f"{UNIT:02X}", *pdu.split()]]
                said = master.ask("raw", *sent)
                self.assertFalse(said.startswith("error"), f"{bus} {pdu[:30]}: {said}")
                answer = bytes.fromhex(said)
                refusal = answer[-2:] if bus == "net" else answer[-4:-2]
                self.assertEqual((int(pdu[:2], 16) | 0x80, exception), tuple(refusal), f"{bus} {pdu[:30]}: {answer.hex(' ')}")
            self.assertEqual(8, len(master.words("holding", 300, 8)), f"{bus}: it answers as before")
            self.assertEqual([0] * 8, [value * (value == 666) for value in self.words_now(bus)], "nothing of it was done")

    # What libmodbus would not send by itself, and the exception it must get.
    NEVER_SENT = (
        ("07", 1),
        ("2B 0E 01 00", 1),
        ("03 00 00 00 00", 3),
        ("03 00 00 00 7E", 3),
        ("01 00 00 07 D1", 3),
        ("05 00 64 12 34", 3),
        ("0F 00 64 00 00 00", 3),
        ("10 01 2C 00 00 00", 3),
        ("10 01 2C 00 02 02 02 9A", 3),
        ("17 00 00 00 7E 01 2C 00 01 02 02 9A", 3),
    )

    def words_now(self, bus):
        return [int(self.get(bus, name)) for name in OPEN]

    def test_mbpoll_understands_them(self):
        self.begin_witnesses()
        for bus in BUSES:
            self.assertIn("Illegal data address", self.mbpoll(bus, "-t", "4", "-r", 5000, status=1), bus)
            self.assertIn("Illegal data address", self.mbpoll(bus, "-t", "4", "-r", 5000, "--", 1, status=1), bus)


def bits_of(text):
    """"CD 6B 05" → its bits as they travel: the least significant of the first byte first."""
    return [byte >> n & 1 for byte in bytes.fromhex(text) for n in range(8)]


def words_of(text):
    return list(struct.unpack(f">{len(bytes.fromhex(text)) // 2}H", bytes.fromhex(text)))


class Example:
    """An exchange printed in the Modbus Application Protocol Specification V1.1b3, and what must stand in the registers."""

    def __init__(self, function, table, request, answer, held=None, first=None, after=None):
        self.function = function
        self.table = table
        self.request, self.answer = bytes.fromhex(request), bytes.fromhex(answer)
        self.held = held or (0, [])  # address, values a person sets
        self.first = first  # a request before it
        self.after = after or (0, [])  # address, values that `ctl get` must say then


EXAMPLES = [
    Example(1, "coil", "01 00 13 00 13", "01 03 CD 6B 05", held=(0x13, bits_of("CD 6B 05")[:19])),
    Example(2, "discrete", "02 00 C4 00 16", "02 03 AC DB 35", held=(0xC4, bits_of("AC DB 35")[:22])),
    Example(3, "holding", "03 00 6B 00 03", "03 06 02 2B 00 00 00 64", held=(0x6B, [555, 0, 100])),
    Example(4, "input", "04 00 08 00 01", "04 02 00 0A", held=(8, [10])),
    Example(5, "coil", "05 00 AC FF 00", "05 00 AC FF 00", after=(0xAC, [1])),
    Example(6, "holding", "06 00 01 00 03", "06 00 01 00 03", after=(1, [3])),
    Example(8, "holding", "08 00 00 A5 37", "08 00 00 A5 37", held=(0, [0])),
    Example(15, "coil", "0F 00 13 00 0A 02 CD 01", "0F 00 13 00 0A", after=(0x13, bits_of("CD 01")[:10])),
    Example(16, "holding", "10 00 01 00 02 04 00 0A 01 02", "10 00 01 00 02", after=(1, [0x000A, 0x0102])),
    Example(22, "holding", "16 00 04 00 F2 00 25", "16 00 04 00 F2 00 25", first="06 00 04 00 12", after=(4, [0x17])),
    Example(
        23,
        "holding",
        "17 00 03 00 06 00 0E 00 03 06 00 FF 00 FF 00 FF",
        "17 0C 00 FE 0A CD 00 01 00 03 00 0D 00 FF",
        held=(3, words_of("00 FE 0A CD 00 01 00 03 00 0D 00 FF")),
        after=(14, [255, 255, 255]),
    ),
    # Section 7: a coil that is not there.
    Example(24, "coil", "01 04 A1 00 01", "81 02", held=(0, [0])),
]


class TestSpecification(Stage):
    """To the byte: raw bytes go out, raw bytes come back. The slave of each example has its function's number."""

    def begin_examples(self):
        devices = {}
        for one in EXAMPLES:
            points = {}
            for address, values in (one.held, one.after):
                points.update({f"p{address + n}": self.point(one.table, address + n) for n in range(len(values))})
            devices[f"f{one.function}"] = {"unit": one.function, "points": points}
        self.begin(devices)

    @staticmethod
    def point(table, address):
        return {"function": table, "address": address, **({"type": "u16"} if table in ("holding", "input") else {})}

    def wrap(self, bus, unit, pdu, transaction=0x1501):
        if bus == "net":
            return struct.pack(">HHHB", transaction, 0, len(pdu) + 1, unit) + pdu
        frame = bytes([unit]) + pdu
        return frame + struct.pack(">H", computeCRC(frame))

    def open(self, bus):
        """A function that sends bytes and returns what comes, of that size."""
        if bus == "line":
            fd = os.open(self.pty, os.O_RDWR | os.O_NOCTTY)
            self.addCleanup(os.close, fd)
            send, receive = (lambda data: os.write(fd, data)), (lambda size: self.read_tty(fd, size))
        else:
            raw = socket.create_connection(("127.0.0.1", self.ports[bus]), timeout=outpost_test.PATIENCE_S)
            self.addCleanup(raw.close)
            send, receive = raw.sendall, raw.recv

        def exchange(request, size):
            send(request)
            found = b""
            while len(found) < size:
                part = receive(size - len(found))
                self.assertTrue(part, f"{bus}: closed after {found.hex(' ')}")
                found += part
            return found

        return exchange

    @staticmethod
    def read_tty(fd, size):
        ready, _, _ = select.select([fd], [], [], outpost_test.PATIENCE_S)
        return os.read(fd, size) if ready else b""

    def test_the_examples_to_the_byte(self):
        self.begin_examples()
        for bus, one in itertools.product(BUSES, EXAMPLES):
            if one.function == 8 and bus == "net":
                continue  # "Serial Line only"
            name = f"f{one.function}-{bus}"
            exchange = self.open(bus)
            for n, value in enumerate(one.held[1]):
                self.sim.ctl("set", f"{name}.p{one.held[0] + n}", value)
            if one.first:
                first = self.wrap(bus, one.function, bytes.fromhex(one.first))
                self.assertEqual(first, exchange(first, len(first)))
            wanted = self.wrap(bus, one.function, one.answer)
            got = exchange(self.wrap(bus, one.function, one.request), len(wanted))
            self.assertEqual(wanted.hex(" "), got.hex(" "), f"{bus}: function {one.function}")
            said = [self.sim.ctl("get", f"{name}.p{one.after[0] + n}").split()[1] for n in range(len(one.after[1]))]
            words = {"true": 1, "false": 0}
            self.assertEqual(one.after[1], [words.get(word) if word in words else int(word) for word in said], name)

    def test_checksums_of_real_devices(self):
        """Frames of a scale, a relay board and gas detectors as their manuals print them, checksum and all."""
        u16 = {"type": "u16"}
        gross = {"w": {"function": "holding", "address": 0, "type": "s32"}}
        many = {f"r{n}": {"function": "holding", "address": n, **u16} for n in range(10)}
        wide = {f"w{n}": {"function": "holding", "address": 64 + n, **u16} for n in range(23)}
        devices = {f"u{unit}": {"unit": unit, "points": many} for unit in range(3, 7)}
        devices.update(u1={"unit": 1, "points": gross}, u2={"unit": 2, "points": {**many, **wide}})
        self.begin(devices)
        for bus in ("line", "far"):
            exchange = self.open(bus)
            for value, answer in ((132, "01 03 04 00 00 00 84 FA 50"), (-15889, "01 03 04 FF FF C1 EF EA 0B")):
                self.sim.ctl("set", f"u1-{bus}.w", value)
                got = exchange(self.wrap(bus, 1, bytes.fromhex("03 00 00 00 02")), 9)
                self.assertEqual(bytes.fromhex(answer).hex(" "), got.hex(" "), bus)
            self.sim.ctl("fault", "*", "frozen")
            checksums = {2: "C5 FE", 3: "C4 2F", 4: "C5 98", 5: "C4 49", 6: "C4 7A"}
            for unit, checksum in checksums.items():
                request = bytes([unit]) + bytes.fromhex("03 00 00 00 0A" + checksum)
                self.assertEqual(request, self.wrap(bus, unit, request[1:-2]), "the printed checksum is right")
                got = exchange(request, 25)
                self.assertEqual((unit, 3, 20), tuple(got[:3]), bus)
                self.assertEqual(computeCRC(got[:-2]), struct.unpack(">H", got[-2:])[0], bus)
            got = exchange(bytes.fromhex("02 03 00 40 00 17 04 23"), 51)
            self.assertEqual((2, 3, 46), tuple(got[:3]), bus)

    def test_a_wrong_checksum_is_not_answered(self):
        self.begin({"u1": {"unit": 1, "points": {"w": {"function": "holding", "address": 0, "type": "u16"}}}})
        self.sim.ctl("set", "u1-line.w", 7)
        fd = os.open(self.pty, os.O_RDWR | os.O_NOCTTY)
        self.addCleanup(os.close, fd)
        os.write(fd, bytes.fromhex("01 03 00 00 00 01 84 0B"))
        wait_until(lambda: re.search(r"^bus line .* garbled [1-9]", self.sim.ctl("status"), re.M), "it is counted as garbled")
        self.assertIn("\nslave u1-line requests 0 ", self.sim.ctl("status"))

        def answered():
            """Again until the line has been silent long enough to be heard on."""
            os.write(fd, bytes.fromhex("01 03 00 00 00 01 84 0A"))
            return select.select([fd], [], [], 0.1)[0]

        wait_until(answered, "a good request is answered after it")
        self.assertEqual("01 03 02 00 07 f9 86", os.read(fd, 7).hex(" "))


if __name__ == "__main__":
    outpost_test.main()
