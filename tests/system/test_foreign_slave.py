#!/usr/bin/python3
"""The gateway and the simulator against Modbus code that is not ours: Debian's python3-pymodbus as a slave, mbpoll as a
master. Three implementations that must agree on every value."""

import os
import re
import struct
import subprocess
import sys

import outpost_test
from outpost_test import Process, Simulator, wait_until

UNIT = 17


def words(format_, value):
    packed = struct.pack(">" + format_, value)
    return list(struct.unpack(f">{len(packed) // 2}H", packed))


def swapped(list_of_words):
    return list_of_words[::-1]


# id: (table, address, what stands in the registers, JSON of the point, value the gateway must publish)
POINTS = {
    "u16": ("hr", 0, [65000], {"type": "u16"}, 65000),
    "s16": ("hr", 1, words("h", -1234), {"type": "s16"}, -1234),
    "tenths": ("hr", 2, words("h", -55), {"type": "s16", "scale": 0.1}, -5.5),
    "u32": ("hr", 4, words("I", 3_000_000_000), {"type": "u32"}, 3_000_000_000),
    "s32_cdab": ("hr", 6, swapped(words("i", -123456)), {"type": "s32", "order": "CDAB"}, -123456),
    "f32": ("hr", 8, words("f", 52.1), {"type": "f32"}, 52.1),
    "f32_cdab": ("hr", 10, swapped(words("f", -0.375)), {"type": "f32", "order": "CDAB"}, -0.375),
    "f64": ("hr", 12, words("d", 1e-3), {"type": "f64"}, 0.001),
    "high_byte": ("hr", 20, [0x25FE], {"type": "u16", "byte": "hi"}, 0x25),
    "bit_5": ("hr", 21, [0x0020], {"type": "bits", "bit": 5}, True),
    "field": ("hr", 21, [0x0020], {"type": "bits", "bits": [4, 3]}, 2),
    "bcd": ("hr", 22, [0x1985], {"type": "bcd16"}, 1985),
    "input_u16": ("ir", 100, [4711], {"type": "u16"}, 4711),
    "coil_on": ("co", 3, [1], {}, True),
    "coil_off": ("co", 4, [0], {}, False),
    "discrete_on": ("di", 9, [1], {}, True),
}
FUNCTIONS = {"hr": "holding", "ir": "input", "co": "coil", "di": "discrete"}


class TestForeignSlave(outpost_test.Case):
    def site(self, bus):
        points = {
            name: {"function": FUNCTIONS[table], "address": address, **point}
            for name, (table, address, _, point, _) in POINTS.items()
        }
        device = {"id": "d1", "bus": "b1", "unit": UNIT, "class": "generic", "every": "500ms", "max_silence": "1s", "points": points}
        return self.write_site(
            {
                "gateway": {"id": "g1"},
                "buses": [{"id": "b1", "timeout": "2s", **bus}],
                "devices": [device],
                "centres": [{"id": "c1", "url": f"mqtt://127.0.0.1:{self.broker.port}"}],
                "journal": {"dir": self.path("journal")},
            }
        )

    def test_the_gateway_reads_pymodbus(self):
        self.start_broker()
        ours, theirs, fifo = self.path("ours"), self.path("theirs"), self.path("fifo")
        os.mkfifo(fifo)
        pair = ["socat", f"pty,raw,echo=0,link={ours}", f"pty,raw,echo=0,link={theirs}"]
        line = self.own(Process("socat", pair, self.path("socat.log"))).start()
        line.wait_ready(lambda: os.path.exists(ours) and os.path.exists(theirs), "made the pair of ptys")
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "foreign_slave.py")
        slave = self.own(Process("pymodbus", [sys.executable, script, theirs, fifo], self.path("slave.log"))).start()
        slave.wait_ready(lambda: "slave: starting" in slave.output(), "starts")
        for table, address, content, _, _ in POINTS.values():
            self.tell(fifo, table, address, content)
        self.start(self.site({"link": "rtu", "port": ours, "baud": 9600, "format": "8N1"}), sim=False)
        self.expect({name: row[4] for name, row in POINTS.items()})
        self.tell(fifo, "hr", 0, [1])
        self.tell(fifo, "hr", 8, words("f", 7.25))
        self.tell(fifo, "co", 4, [1])
        self.expect({"u16": 1, "f32": 7.25, "coil_off": True})
        self.gateway.stop()
        self.assert_fine()

    @staticmethod
    def tell(fifo, table, address, content):
        with open(fifo, "w", encoding="ascii") as file:
            file.writelines(f"{table} {address + n} {word}\n" for n, word in enumerate(content))

    def expect(self, wanted):
        def seen():
            return {name: self.collector.values("d1").get(name) for name in wanted}

        wait_until(lambda: seen() == wanted, lambda: f"published {seen()}, wanted {wanted}")

    def mbpoll(self, *arguments):
        """{address: value} as mbpoll prints them."""
        command = ["mbpoll", "-q", "-1", "-0", "-o", "2", "-a", str(UNIT), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(0, done.returncode, f"{' '.join(command)}: {done.stdout}{done.stderr}")
        # "[8]:  52.1", "[0]:  65000 (-536)"
        return {int(at): float(value) for at, value in re.findall(r"^\[(\d+)\]:\s+(\S+)", done.stdout, re.M)}

    def check_simulator(self, site_file, link):
        self.sim = self.own(Simulator(site_file, self.directory)).start()
        for name, (_, _, _, _, value) in POINTS.items():
            if name != "bit_5":  # shares its register with `field`
                self.sim.ctl("set", f"d1.{name}", int(value) if isinstance(value, bool) else value)
        tty_or_host = link[-1]
        options = link[:-1]
        tail = [tty_or_host]
        self.assertEqual(65000, self.mbpoll(*options, "-t", "4", "-r", 0, *tail)[0])
        self.assertEqual(0x10000 - 55, self.mbpoll(*options, "-t", "4", "-r", 2, *tail)[2])
        self.assertEqual(-123456, self.mbpoll(*options, "-t", "4:int", "-r", 6, *tail)[6])
        self.assertAlmostEqual(52.1, self.mbpoll(*options, "-t", "4:float", "-B", "-r", 8, *tail)[8], 3)
        self.assertAlmostEqual(-0.375, self.mbpoll(*options, "-t", "4:float", "-r", 10, *tail)[10], 6)
        self.assertEqual(4711, self.mbpoll(*options, "-t", "3", "-r", 100, *tail)[100])
        self.assertEqual([1, 0], list(self.mbpoll(*options, "-t", "0", "-r", 3, "-c", 2, *tail).values()))
        self.assertEqual(1, self.mbpoll(*options, "-t", "1", "-r", 9, *tail)[9])
        self.start(site_file, sim=False)
        self.expect({name: row[4] for name, row in POINTS.items() if name != "bit_5"})
        self.gateway.stop()
        self.assert_fine()

    def test_mbpoll_reads_the_simulator_over_tcp(self):
        self.start_broker()
        port = outpost_test.free_port()
        site_file = self.site({"link": "tcp", "host": "127.0.0.1", "port": port})
        self.check_simulator(site_file, ["-m", "tcp", "-p", port, "127.0.0.1"])

    def test_mbpoll_reads_the_simulator_over_rtu(self):
        self.start_broker()
        tty = self.path("line")
        site_file = self.site({"link": "rtu", "port": tty, "baud": 9600, "format": "8N1"})
        self.check_simulator(site_file, ["-m", "rtu", "-b", 9600, "-P", "none", tty])


if __name__ == "__main__":
    outpost_test.main()
