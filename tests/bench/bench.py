#!/usr/bin/python3
"""make bench [T=name]: measures the figures that are quoted, on this machine, with the real programs.

Prints one JSON line per figure and a table at the end. Part of no test verdict: machines differ and are noisy; what a
figure says is said against the others of the same run. BENCH_SECONDS sets the window (60)."""

import argparse
import contextlib
import datetime
import json
import multiprocessing
import os
import platform
import pty
import select
import shutil
import socket
import sqlite3
import statistics
import struct
import subprocess
import sys
import termios
import threading
import time
import tty

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "system"), os.path.join(HERE, "..", "support")]
import paho.mqtt.client as mqtt  # noqa: E402
import examples  # noqa: E402
from processes import OUTPOST, ROOT, Broker, Gateway, Proxy, Simulator, free_port, wait_until  # noqa: E402

WINDOW_S = float(os.environ.get("BENCH_SECONDS", "60"))
DIRECTORY = os.path.join(ROOT, "build", "bench")
TICKS = os.sysconf("SC_CLK_TCK")
DRAIN_HELPER = os.environ.get("DRAIN_HELPER", os.path.join(ROOT, "build", "release", "bench", "drain_helper"))


# --- looking at a process from outside ---


def read_fields(path):
    """{name: number} of "name: number kB" files."""
    with open(path, encoding="ascii") as lines:
        rows = [line.split() for line in lines if ":" in line]
    return {row[0].rstrip(":"): int(row[1]) for row in rows if len(row) > 1 and row[1].isdigit()}


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mib(pid):
    rollup = read_fields(f"/proc/{pid}/smaps_rollup")
    return rollup["Rss"] / 1024, rollup["Anonymous"] / 1024


def written_bytes(pid):
    return read_fields(f"/proc/{pid}/io")["write_bytes"]


def fsync_ms(directory):
    """Median time of appending 4 KiB and making it durable, there."""
    times = []
    with open(os.path.join(directory, "fsync"), "wb", buffering=0) as file:
        for _ in range(100):
            began = time.monotonic()
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            times.append((time.monotonic() - began) * 1000)
    os.unlink(os.path.join(directory, "fsync"))
    return statistics.median(times)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


# --- the stage ---


class Subscriber:
    """Notes when what arrived; decodes later, so that it does not slow itself down."""

    def __init__(self, port, topic="outpost/v1/#"):
        self.all = []  # (arrival, topic, payload)
        self.arrived = threading.Condition()
        self.ready = threading.Event()
        self.client = mqtt.Client(protocol=mqtt.MQTTv5)
        self.client.on_subscribe = lambda *_: self.ready.set()
        self.client.on_message = self._on_message
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        self.client.subscribe(topic, 0)
        assert self.ready.wait(30)

    def _on_message(self, _client, _userdata, message):
        at = time.monotonic()
        with self.arrived:
            self.all.append((at, message.topic, message.payload))
            self.arrived.notify_all()

    def wait(self, predicate, seconds=60):
        """The first message from now on of which predicate(topic, payload) is true: its arrival."""
        deadline = time.monotonic() + seconds
        with self.arrived:
            looked = len(self.all)
            while True:
                for at, topic, payload in self.all[looked:]:
                    if predicate(topic, payload):
                        return at
                looked = len(self.all)
                if not self.arrived.wait(max(0.0, deadline - time.monotonic())) and time.monotonic() >= deadline:
                    raise TimeoutError("the message never came")

    def stop(self):
        self.client.disconnect()
        self.client.loop_stop()


class Stage(contextlib.AbstractContextManager):
    """A directory, a broker, a subscriber; simulator and gateway on demand. All gone at the end."""

    def __init__(self, name):
        self.directory = os.path.join(DIRECTORY, name)
        shutil.rmtree(self.directory, ignore_errors=True)
        os.makedirs(self.directory)
        os.symlink(os.path.join(ROOT, "config", "profiles"), os.path.join(self.directory, "profiles"))
        self.broker = Broker(os.path.join(self.directory, "broker")).start()
        self.subscriber = Subscriber(self.broker.port)
        self.sim = self.gateway = None

    def __exit__(self, *_):
        for process in (self.gateway, self.sim):
            if process:
                process.stop()
        self.subscriber.stop()
        self.broker.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def write(self, **parts):
        site = {
            "gateway": {"id": "g1"},
            "centres": [{"id": "c1", "url": f"mqtt://127.0.0.1:{self.broker.port}"}],
            "journal": {"dir": os.path.join(self.directory, "journal")},
            **parts,
        }
        self.file = os.path.join(self.directory, "site.json")
        with open(self.file, "w", encoding="utf-8") as file:
            json.dump(site, file)
        return self.file

    def start_sim(self, *arguments, site_file=None):
        self.sim = Simulator(site_file or self.file, self.directory, arguments).start()

    def start_gateway(self):
        self.gateway = Gateway(self.file, self.directory).start()
        return time.monotonic()

    def fresh_journal(self):
        shutil.rmtree(os.path.join(self.directory, "journal"), ignore_errors=True)

    def all_good(self):
        """Good answers of all buses so far."""
        text = self.gateway.order("watch", "--once", "--json")[1]
        return sum(bus["good"] for bus in json.loads(text)["buses"])

    def delivered(self):
        """Up to which number of telemetry the centre has everything."""
        return json.loads(self.gateway.order("watch", "--once", "--json")[1])["centres"][0]["lw"]["t"]

    def journaled(self):
        """Records of both lanes."""
        directory = self.gateway.journal_directory
        count = 0
        for name in ("alarms.db", "telemetry.db"):
            with contextlib.closing(sqlite3.connect(f"file:{os.path.join(directory, name)}?mode=ro", uri=True, timeout=10)) as db:
                count += db.execute("SELECT coalesce(max(seq), 0) FROM record").fetchone()[0]
        return count

    def bus_counters(self):
        text = self.gateway.order("watch", "--once", "--json")[1]
        return json.loads(text)["buses"][0]


class ModbusTcp:
    """Writes registers of the simulator over a connection of its own: a change at a known time."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.transaction = 0

    def write_register(self, unit, address, value):
        self.transaction = (self.transaction + 1) & 0xFFFF
        at = time.monotonic()
        self.socket.sendall(struct.pack(">HHHBBHH", self.transaction, 0, 6, unit, 6, address, value))
        answer = self.socket.recv(260)
        return at if len(answer) == 12 and answer[7] == 6 else None


def registers(count):
    return {f"r{n}": {"function": "holding", "address": n, "type": "u16"} for n in range(count)}


def alarm_on(point):
    return {f"{point}.high": {"point": point, "kind": "hi", "limit": 60000, "deadband": 10, "on_delay": "0s", "priority": "high"}}


# --- figures ---


class Figures:
    def __init__(self, version):
        self.rows = []
        self.common = {
            "commit": version,
            "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
            "machine": f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}, load {os.getloadavg()[0]:.1f}",
        }

    def put(self, name, value, unit, goal="", note=""):
        value = round(value, 3)
        self.rows.append((name, value, unit, goal, note))
        print(json.dumps({"figure": name, "value": value, "unit": unit, "goal": goal, "note": note, **self.common}), flush=True)

    def table(self):
        if not self.rows:
            return
        width = max(len(row[0]) for row in self.rows)
        print(f"\n{self.common['date']}  {self.common['commit']}  {self.common['machine']}\n")
        for name, value, unit, goal, note in self.rows:
            print(f"  {name:{width}}  {value:>12g} {unit:14} {goal:10} {note}")


SLAVES, REGISTERS = 50, 20


def tcp_site(stage, bus_count):
    """50 slaves of 20 registers at 1 s, each poll one message, an alarm rule each; on one bus or on one each."""
    buses = [{"id": f"b{n + 1}", "link": "tcp", "host": "127.0.0.1", "port": free_port()} for n in range(bus_count)]
    devices = []
    for n in range(SLAVES):
        bus = buses[n % bus_count]["id"]
        device = {"id": f"d{n + 1}", "bus": bus, "unit": n + 1, "class": "generic", "every": "1s", "max_silence": "1s"}
        devices.append({**device, "points": registers(REGISTERS), "alarms": alarm_on("r0")})
    stage.write(buses=buses, devices=devices)
    return buses


def is_telemetry(topic, _payload):
    return "/telemetry/" in topic


def measure_start(stage):
    times = []
    for _ in range(5):
        stage.fresh_journal()
        began = time.monotonic()
        stage.start_gateway()
        times.append(stage.subscriber.wait(is_telemetry) - began)
        stage.gateway.stop()
    return statistics.median(times)


def measure_change(stage, port, samples):
    """Milliseconds from writing a register in the slave to the message with the new value, one a second or so."""
    client = ModbusTcp(port)
    times = []
    for number in range(samples):
        unit, value = number % SLAVES + 1, 1000 + number

        def changed(topic, payload, unit=unit, value=value):
            return topic.endswith(f"/telemetry/d{unit}") and json.loads(payload)["values"].get("r1") == value

        written = client.write_register(unit, 1, value)
        if written is None:
            raise RuntimeError("the simulator does not take the write")
        times.append((stage.subscriber.wait(changed) - written) * 1000)
        # The phase of the next change within the poll period: spread evenly, whatever this one's was.
        select.select([], [], [], (number * 0.618) % 1.0)
    return times


def bench_tcp50(figures, bus_count=1):
    name = f"tcp50x{bus_count}bus"
    with Stage(name) as stage:
        buses = tcp_site(stage, bus_count)
        figures.put(f"{name}.fsync", fsync_ms(stage.directory), "ms", "", "4 KiB appended, fdatasync, median")
        stage.start_sim()
        figures.put(f"{name}.start_to_first_message", measure_start(stage), "s", "<= 0.3", "fresh journal, median of 5")
        stage.fresh_journal()
        stage.start_gateway()
        # Past the first minute's registries and states: as soon as every device has sent ten records.
        wait_until(lambda: len(stage.subscriber.all) > SLAVES * 10, "the gateway runs", 120)
        pid, before = stage.gateway.pid, len(stage.subscriber.all)
        cpu, written, began = cpu_seconds(pid), written_bytes(pid), time.monotonic()
        select.select([], [], [], WINDOW_S)
        minutes = (time.monotonic() - began) / 60
        figures.put(f"{name}.cpu", (cpu_seconds(pid) - cpu) / minutes, "s/min", "<= 0.5")
        figures.put(f"{name}.written", (written_bytes(pid) - written) / minutes / 1e6, "MB/min", "", "write_bytes of /proc/PID/io")
        messages = [topic for _, topic, _ in stage.subscriber.all[before:] if "/telemetry/" in topic]
        figures.put(f"{name}.messages", len(messages) / minutes, "1/min", "3000")
        rss, anonymous = memory_mib(pid)
        figures.put(f"{name}.rss", rss, "MiB", "<= 10")
        figures.put(f"{name}.anonymous", anonymous, "MiB", "<= 4")
        times = measure_change(stage, buses[0]["port"], int(WINDOW_S)) if bus_count == 1 else []
        if times:
            note = "register written in the slave -> message at a subscriber, minus "
            figures.put(f"{name}.change_p50", percentile(times, 0.5) - 500, "ms", "", note + "half the period")
            figures.put(f"{name}.change_p99", percentile(times, 0.99) - 1000, "ms", "<= 10", note + "the period")


def bench_tcp50_50buses(figures):
    bench_tcp50(figures, 50)


TCP_SLAVES = 200
CALLGRIND_READS = 5000


def bench_tcp200(figures):
    """200 slaves of 20 registers on 50 connections, each polled every second; telemetry as it is by default."""
    with Stage("tcp200") as stage:
        buses = [{"id": f"b{n + 1}", "link": "tcp", "host": "127.0.0.1", "port": free_port()} for n in range(50)]
        device = {"class": "generic", "every": "1s", "points": registers(REGISTERS), "alarms": alarm_on("r0")}
        devices = [{"id": f"d{n}", "bus": f"b{n % 50 + 1}", "unit": n // 50 + 1, **device} for n in range(TCP_SLAVES)]
        stage.write(buses=buses, devices=devices)
        stage.start_sim()
        stage.start_gateway()
        stage.gateway.wait_socket()
        wait_until(lambda: stage.all_good() > 10 * TCP_SLAVES, "all are polled", 120)
        pid, good = stage.gateway.pid, stage.all_good()
        cpu, began = cpu_seconds(pid), time.monotonic()
        select.select([], [], [], WINDOW_S)
        seconds = time.monotonic() - began
        note = "good answers; 50 connections, 4 slaves each"
        figures.put("tcp200.polls", (stage.all_good() - good) / seconds, "1/s", "200", note)
        figures.put("tcp200.cpu", (cpu_seconds(pid) - cpu) / seconds * 60, "s/min")
        rss, anonymous = memory_mib(pid)
        figures.put("tcp200.rss", rss, "MiB")
        figures.put("tcp200.anonymous", anonymous, "MiB")


def instructions(path, function):
    """What callgrind counted: (all, of that function with what it calls)."""
    command = ["callgrind_annotate", "--inclusive=yes", "--threshold=100", path]
    annotated = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = [line.split(None, 1) for line in annotated.stdout.splitlines() if " (" in line]
    counts = [(int(count.replace(",", "")), what) for count, what in rows if count.replace(",", "").isdigit()]
    whole = next(count for count, what in counts if "PROGRAM TOTALS" in what)
    return whole, sum(count for count, what in counts if f":{function} " in what or f":{function}'" in what)


def bench_callgrind(figures):
    """Instructions a transaction, counted and not timed: a bus polled flat out under valgrind, between two moments."""
    with Stage("callgrind") as stage:
        bus = {"id": "b1", "link": "tcp", "host": "127.0.0.1", "port": free_port()}
        device = {"id": "d1", "bus": "b1", "unit": 1, "class": "generic", "every": "0s", "points": registers(REGISTERS)}
        stage.write(buses=[bus], devices=[device])
        stage.start_sim()
        out = os.path.join(stage.directory, "callgrind.out")
        options = ["--tool=callgrind", "--instr-atstart=no", "--separate-threads=no", f"--callgrind-out-file={out}"]
        stage.gateway = Gateway(stage.file, stage.directory)
        stage.gateway.command = ["valgrind", *options, *stage.gateway.command]
        stage.gateway.start().wait_socket()
        wait_until(stage.all_good, "the bus is polled", 120)
        control = ["callgrind_control", str(stage.gateway.pid), "-i"]
        subprocess.run([*control, "on"], capture_output=True, check=True)
        before = stage.all_good()
        wait_until(lambda: stage.all_good() > before + CALLGRIND_READS, "they are counted", 600)
        good = stage.all_good() - before
        subprocess.run([*control, "off"], capture_output=True, check=True)
        stage.gateway.stop()
        whole, of_bus = instructions(out, "bus_step")
        note = f"a transaction, up to the judge's inbox; {good} reads of {REGISTERS} registers over TCP, flat out"
        figures.put("callgrind.bus_step", of_bus / good, "instructions", "", note)
        figures.put("callgrind.all", whole / good, "instructions", "", "the same with judging, recording and sending")


TURNAROUND_MS = 2


def line_optimum(baud, count):
    """Registers a second of one read of `count` after the other: 8 bytes out, the slave's turnaround, 5 + 2n back, 3.5 characters
    of silence before the next (Modbus over serial line V1.02, 2.5.1.1; above 19200 baud 1.75 ms)."""
    character_s = 10 / baud
    silence_s = 3.5 * 11 / baud if baud <= 19200 else 0.00175
    return count / ((8 + 5 + 2 * count) * character_s + silence_s + TURNAROUND_MS / 1000)


def bench_line(figures, baud=9600, count=120):
    with Stage(f"line{baud}") as stage:
        port = os.path.join(stage.directory, "tty")
        bus = {"id": "b1", "link": "rtu", "port": port, "baud": baud, "format": "8N1"}
        device = {"id": "d1", "bus": "b1", "unit": 1, "class": "generic", "every": "0s", "points": registers(count)}
        stage.write(buses=[bus], devices=[device])
        stage.start_sim()
        stage.sim.ctl("turnaround", "d1", TURNAROUND_MS)
        stage.start_gateway()
        stage.gateway.wait_socket()
        wait_until(lambda: stage.bus_counters()["good"] > 10, "the line is polled", 60)
        good, began = stage.bus_counters()["good"], time.monotonic()
        select.select([], [], [], WINDOW_S / 2)
        rate = (stage.bus_counters()["good"] - good) * count / (time.monotonic() - began)
        optimum = line_optimum(baud, count)
        goal = {9600: ">= 0.97", 19200: ">= 0.95", 115200: ">= 0.85"}[baud]
        heard = json.loads(stage.sim.ctl("status", "json"))["buses"][0]
        note = f"reads of {count}, turnaround {TURNAROUND_MS} ms; optimum {optimum:.0f}"
        figures.put(f"line{baud}.good_registers", rate, "1/s", "", note)
        figures.put(f"line{baud}.share_of_optimum", rate / optimum, "", goal)
        for counter in ("short_gaps", "collisions"):
            figures.put(f"line{baud}.{counter}", heard[counter], "", "0", f"{heard['requests']} requests")
            if heard[counter]:
                raise RuntimeError(f"{counter} on the line: {heard[counter]}")


def bench_line19200(figures):
    bench_line(figures, 19200)


def bench_line115200(figures):
    bench_line(figures, 115200)


class Tap:
    """Between gateway and simulator on a serial line: passes bytes on and notes when a request for a coil (FC 5) passed."""

    def __init__(self, gateway_side, simulator_side):
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        self.keep_open = slave
        os.symlink(os.ttyname(slave), gateway_side)
        self.line = os.open(simulator_side, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.line)
        termios.tcflush(self.line, termios.TCIOFLUSH)
        self.coil_at = None
        self.running = True
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while self.running:
            readable, _, _ = select.select([self.master, self.line], [], [], 0.2)
            for fd in readable:
                data = os.read(fd, 512)
                if fd == self.master and len(data) >= 8 and data[1] == 5 and data[4] == 0xFF and self.coil_at is None:
                    self.coil_at = time.monotonic()
                os.write(self.line if fd == self.master else self.master, data)

    def stop(self):
        self.running = False
        self.thread.join()
        for fd in (self.master, self.keep_open, self.line):
            os.close(fd)


def trip_site(stage, port):
    """Seven gas detectors and a relay board at 9600 baud; gas.high of any closes the valve."""
    bus = {"id": "b1", "link": "rtu", "port": port, "baud": 9600, "format": "8N1"}
    every = {"safety": "500ms", "normal": "2s", "slow": "60s"}
    gas = {"bus": "b1", "profile": "honeywell-xcd", "every": every, "max_silence": "1s"}
    gas["alarms"] = {"gas.high": {"off_delay": "1s"}}  # so that a sample takes seconds
    devices = [{"id": f"gas-{n}", "unit": n, **gas} for n in range(1, 8)]
    devices.append({"id": "valve", "bus": "b1", "unit": 9, "profile": "relay-8ch", "write": ["relay_1"], "every": "500ms"})
    names = [device["id"] for device in devices[:7]]
    zone = {"id": "z1", "detectors": names, "vote": {"n": 1, "of": 7}, "fault_vote": "remove"}
    trip = {"id": "trip", "when": {"zone": "z1", "alarm": "gas.high"}, "latch": True}
    trip["do"] = [{"write": "valve.relay_1", "value": True}]
    return {"buses": [bus], "devices": devices, "zones": [zone], "interlocks": [trip]}


def bench_trip(figures, samples=12):
    with Stage("trip") as stage:
        far, near = os.path.join(stage.directory, "far"), os.path.join(stage.directory, "near")
        simulated = stage.write(**trip_site(stage, far))
        os.rename(simulated, os.path.join(stage.directory, "sim.json"))
        stage.start_sim(site_file=os.path.join(stage.directory, "sim.json"))
        tap = Tap(near, far)
        stage.write(**trip_site(stage, near))
        stage.start_gateway()
        times = []
        try:
            for n in range(1, 8):
                stage.sim.ctl("set", f"gas-{n}.gas_lel_pct", 1)
            for number in range(samples):
                dev = f"gas-{number % 7 + 1}"
                quiet = f"/telemetry/{dev}"
                stage.subscriber.wait(
                    lambda topic, payload: topic.endswith(quiet) and json.loads(payload)["values"].get("gas_lel_pct") == 1
                )
                select.select([], [], [], (number * 0.618) % 1.0)  # another phase of the poll each time
                tap.coil_at = None
                began = time.monotonic()
                stage.sim.ctl("set", f"{dev}.gas_lel_pct", 55)
                wait_until(lambda: tap.coil_at, "the close command is on the wire", 30)
                times.append((tap.coil_at - began) * 1000)
                stage.sim.ctl("set", f"{dev}.gas_lel_pct", 1)
                stage.subscriber.wait(lambda topic, payload: b'"gas.high"' in payload and b'"cleared"' in payload)
                for verb, dev_option in (("ack", ["--all"]), ("reset", ["--dev", dev]), ("reset", ["--dev", "trip"])):
                    stage.gateway.order(verb, *dev_option, check=False)
        finally:
            tap.stop()
        plan = json.loads(subprocess.run([OUTPOST, "plan", stage.file, "--json"], capture_output=True, check=False).stdout)
        note = f"gas set in the simulator -> FC 5 seen on the line; 8 slaves at 9600 baud, load {plan['buses'][0]['load']:.0%}"
        figures.put("trip.median", statistics.median(times), "ms", "", note)
        figures.put("trip.worst", max(times), "ms", "<= 1500", f"of {len(times)}")
        figures.put("trip.foretold", plan["interlocks"][0]["written"], "ms", "", "by outpost plan, for the worst moment")


def bench_drain(figures, count=int(os.environ.get("DRAIN_RECORDS", "1000000"))):
    """How fast a backlog leaves after an outage, beside a bare publisher of the same messages through the same broker, with as
    many of them in flight as history may have. Without a subscriber: it would be what is measured."""
    with Stage("drain") as stage:
        stage.subscriber.stop()
        bus = {"id": "b1", "link": "tcp", "host": "127.0.0.1", "port": 9}  # nobody there: nothing new while it drains
        device = {"bus": "b1", "unit": 1, "class": "generic", "every": "10s", "points": registers(1)}
        directory = os.path.join(stage.directory, "journal")
        stage.write(buses=[bus], devices=[{"id": "d1", **device}], journal={"dir": directory, "max_size": "4GiB"})
        subprocess.run([DRAIN_HELPER, "fill", directory, str(count)], check=True)
        bare = [bare_drain(directory, stage.broker.port)]
        stage.start_gateway()
        stage.gateway.wait_socket()

        def drained():
            """When, and how much of it this centre has by now."""
            watched = json.loads(stage.gateway.order("watch", "--once", "--json")[1])
            return time.monotonic(), watched["centres"][0]["lw"]["t"]

        seen = [drained()]

        def done():
            seen.append(drained())
            return seen[-1][1] >= count

        wait_until(done, lambda: f"{seen[-1][1]} of {count} drained", 600)
        first, last = next(one for one in seen if one[1] > 0), seen[-1]
        stage.gateway.stop()
        bare.append(bare_drain(directory, stage.broker.port))
        rate = (last[1] - first[1]) / (last[0] - first[0])
        bare_rate = sum(run["records"] for run in bare) / sum(run["seconds"] for run in bare)
        figures.put("drain.records", rate, "1/s", "", f"{last[1] - first[1]} records in {last[0] - first[0]:.2f} s")
        figures.put("drain.share_of_bare_publisher", rate / bare_rate, "", ">= 0.9",
                    f"bare MQTTAsync, same messages and window, before and after: {bare_rate:.0f} records/s")


def bare_drain(directory, port):
    # 14: the share of the window of 20 that history may have
    told = subprocess.run([DRAIN_HELPER, "publish", directory, str(port), "14"], capture_output=True, check=True)
    return json.loads(told.stdout)


def free_ports(count):
    """All at once, so that they differ."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def sim_site(stage, baud, tcp_count):
    """100 units of 100 registers on one line, and TCP slaves of 100 registers on a bus each."""
    ports = free_ports(tcp_count)
    line = {"id": "line", "link": "rtu", "port": os.path.join(stage.directory, "tty"), "baud": baud, "format": "8N1"}
    buses = [line] + [{"id": f"b{n}", "link": "tcp", "host": "127.0.0.1", "port": port} for n, port in enumerate(ports)]
    slave = {"class": "generic", "points": registers(SIM_REGISTERS)}
    devices = [{"id": f"l{n}", "bus": "line", "unit": n, **slave} for n in range(1, SIM_UNITS + 1)]
    devices += [{"id": f"t{n}", "bus": f"b{n}", "unit": 1, **slave} for n in range(tcp_count)]
    stage.write(buses=buses, devices=devices)
    return line["port"], ports


def poll_forever(ports, period_s, served):
    """Reads 100 registers of each TCP slave, all of them every period."""
    sockets = [socket.create_connection(("127.0.0.1", port), 10) for port in ports]
    request = struct.pack(">HHHBBHH", 1, 0, 6, 1, 3, 0, SIM_REGISTERS)
    while True:
        for one in sockets:
            one.sendall(request)
        for one in sockets:
            size = 0
            while size < 9 + 2 * SIM_REGISTERS:
                size += len(one.recv(1000))
            served.value += 1
        select.select([], [], [], period_s)


@contextlib.contextmanager
def polling(ports, period_s):
    """In a process of its own, so that it does not slow the one that measures; gives the count of what was served."""
    served = multiprocessing.Value("Q", 0, lock=False)
    child = multiprocessing.Process(target=poll_forever, args=(ports, period_s, served), daemon=True)
    if ports:
        child.start()
        wait_until(lambda: served.value > 0, "the TCP slaves are polled")
    yield served
    if ports:
        child.terminate()
        child.join()


def crc16(frame):
    value = 0xFFFF
    for byte in frame:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return frame + struct.pack("<H", value)


def reply_errors(path, baud, samples):
    """Microseconds by which answers end later than the line would have them: 8 characters, 2 ms, 5 + 2n characters. In turn
    from all units. And, as what this machine adds without the simulator: a byte sent to and fro through a pty of our own
    after as long a wait."""
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
    near, far = pty.openpty()
    tty.setraw(far)
    settings = termios.tcgetattr(fd)
    settings[4] = settings[5] = getattr(termios, f"B{baud}")
    termios.tcsetattr(fd, termios.TCSANOW, settings)
    errors, own = [], []
    for number in range(samples):
        count = number * 7 % 20 + 1
        request = crc16(struct.pack(">BBHH", number % SIM_UNITS + 1, 3, 0, count))
        wanted_s = (len(request) + 5 + 2 * count) * 10 / baud + 0.002
        began = time.monotonic()
        os.write(fd, request)
        size = 0
        while size < 5 + 2 * count:
            if not select.select([fd], [], [], 10)[0]:
                raise RuntimeError("the simulator does not answer")
            size += len(os.read(fd, 1000))
        errors.append((time.monotonic() - began - wanted_s) * 1e6)
        began = time.monotonic()
        select.select([], [], [], wanted_s)
        for one, other in ((near, far), (far, near)):
            os.write(one, b"x")
            select.select([other], [], [], 10)
            os.read(other, 1)
        own.append((time.monotonic() - began - wanted_s) * 1e6)
    for one in (fd, near, far):
        os.close(one)
    return errors, own


def bench_sim_timing(figures):
    samples = max(100, int(WINDOW_S * 10))
    for baud in (9600, 115200):
        for tcp_count, beside in ((0, "alone"), (SIM_TCP, f"beside {SIM_TCP} TCP slaves polled twice a second")):
            name = f"sim.reply{baud}{'.busy' if tcp_count else ''}"
            with Stage(name) as stage:
                path, ports = sim_site(stage, baud, tcp_count)
                stage.start_sim()
                with polling(ports, 0.5):
                    errors, own = reply_errors(path, baud, samples)
                put = {"p50": percentile(errors, 0.5), "p99": percentile(errors, 0.99), "max": max(errors)}
                none = {"p50": percentile(own, 0.5), "p99": percentile(own, 0.99), "max": max(own)}
                note = f"{SIM_UNITS} units of {SIM_REGISTERS} registers, {beside}"
                for which, value in put.items():
                    late = f"a pty and who measures by themselves: {none[which]:.0f}; 3.5 characters are {max(3.5e7 / baud, 1750):.0f}"
                    figures.put(f"{name}.late_{which}", value, "us", "", note if which == "p50" else late)


def bench_sim_rate(figures):
    """How much one process serves, by the processor time it takes."""
    with Stage("sim.rate") as stage:
        _, ports = sim_site(stage, 9600, SIM_TCP)
        stage.start_sim("--fast")
        pid = stage.sim.pid
        cpu, began = cpu_seconds(pid), time.monotonic()
        select.select([], [], [], WINDOW_S / 4)
        idle = (cpu_seconds(pid) - cpu) / (time.monotonic() - began)
        figures.put("sim.idle", idle * 100, "% of a core", "", f"{SIM_UNITS + SIM_TCP} slaves of {SIM_REGISTERS} registers live")
        with polling(ports, 0) as count:
            cpu, served, began = cpu_seconds(pid), count.value, time.monotonic()
            select.select([], [], [], WINDOW_S / 2)
            wall = time.monotonic() - began
            busy, served = cpu_seconds(pid) - cpu, count.value - served
        note = f"reads of {SIM_REGISTERS} from {SIM_TCP} TCP slaves, all asked at once; {served / wall:.0f} requests/s"
        figures.put("sim.registers_per_core", served * SIM_REGISTERS / (busy - idle * wall), "1/s", "", note)


ALARM_PERIOD_MS = 100


def bench_alarm_in_drain(figures, count=2 * int(os.environ.get("DRAIN_RECORDS", "1000000"))):
    """From a register of a slave to the alarm at a subscriber, while the backlog goes out; beside it the same without one. The
    subscriber takes alarms only: it would be what is measured."""
    with Stage("alarm_in_drain") as stage:
        stage.subscriber.stop()
        stage.subscriber = Subscriber(stage.broker.port, "outpost/v1/+/alarm/#")
        bus = {"id": "b1", "link": "tcp", "host": "127.0.0.1", "port": free_port()}
        device = {"bus": "b1", "class": "generic", "every": f"{ALARM_PERIOD_MS}ms", "points": registers(1)}
        device |= {"max_silence": "60s", "alarms": alarm_on("r0")}
        devices = [{"id": f"d{n}", "unit": n, **device} for n in range(1, SLAVES + 1)]
        directory = os.path.join(stage.directory, "journal")
        stage.write(buses=[bus], devices=devices, journal={"dir": directory, "max_size": "4GiB"})
        stage.start_sim()
        client = ModbusTcp(bus["port"])
        for which, records in (("drain", count), ("quiet", 0)):
            stage.fresh_journal()
            if records:
                subprocess.run([DRAIN_HELPER, "fill", directory, str(records)], check=True)
            for unit in range(1, SLAVES + 1):
                client.write_register(unit, 0, 0)
            stage.start_gateway()
            stage.gateway.wait_socket()
            wait_until(lambda: stage.all_good() > 2 * SLAVES, "all are polled", 60)
            times = []
            for unit in range(1, SLAVES + 1):
                if records and stage.delivered() >= records:
                    break
                written = client.write_register(unit, 0, 65000)
                came = stage.subscriber.wait(lambda topic, _, unit=unit: topic.endswith(f"/alarm/d{unit}"))
                times.append((came - written) * 1000)
                select.select([], [], [], unit * 0.618 % 1.0 * ALARM_PERIOD_MS / 1000)  # another phase of the poll each time
            stage.gateway.stop()
            note = f"register written -> alarm at a subscriber, poll period {ALARM_PERIOD_MS} ms, {len(times)} alarms"
            note += f" while {records} records go out" if records else ", nothing else waiting"
            figures.put(f"alarm.{which}_p50", percentile(times, 0.5), "ms", "", note)
            goal = f"<= {ALARM_PERIOD_MS + 50}" if records else ""
            figures.put(f"alarm.{which}_p99", percentile(times, 0.99), "ms", goal, "of so few the worst")


def bench_backlog_memory(figures, count=int(os.environ.get("DRAIN_RECORDS", "1000000"))):
    """RSS with that many records waiting for a broker that is away, beside the same gateway with none."""
    with Stage("backlog") as stage:
        bus = {"id": "b1", "link": "tcp", "host": "127.0.0.1", "port": 9}
        device = {"id": "d1", "bus": "b1", "unit": 1, "class": "generic", "every": "10s", "points": registers(1)}
        directory = os.path.join(stage.directory, "journal")
        away = [{"id": "c1", "url": f"mqtt://127.0.0.1:{free_port()}"}]
        stage.write(buses=[bus], devices=[device], centres=away, journal={"dir": directory, "max_size": "4GiB"})
        found = {}
        for records in (0, count):
            stage.fresh_journal()
            if records:
                subprocess.run([DRAIN_HELPER, "fill", directory, str(records)], check=True)
            stage.start_gateway()
            stage.gateway.wait_socket()
            select.select([], [], [], max(15, WINDOW_S / 4))  # past a few rounds of keeping house
            found[records] = memory_mib(stage.gateway.pid)
            stage.gateway.stop()
        note = f"{count} records waiting: {found[count][0]:.2f} MiB; none: {found[0][0]:.2f} MiB"
        figures.put("backlog.rss_more", found[count][0] - found[0][0], "MiB", "<= 2", note)
        figures.put("backlog.anonymous_more", found[count][1] - found[0][1], "MiB")


DAY_S, MONTH_S = 86400, 30 * 86400
IP_HEADERS = 52  # bytes a segment: IPv4 20, TCP 20, timestamps 12


def bench_flash(figures):
    """Bytes that reach the disk a record and a day, with the flash budget as it comes: the example site when nothing happens, and
    50 records a second."""
    with Stage("flash.demo") as demo, Stage("flash.busy") as busy:
        site = examples.load(os.path.join(ROOT, "config", "outpost.example.json"))
        demo.file = examples.write(examples.private(site, demo.directory, demo.broker.port), demo.directory, "site.json")
        tcp_site(busy, 1)
        for stage in (demo, busy):
            stage.start_sim()
            if stage is demo:
                stage.sim.ctl("do", "lift-1", "stop_service")  # else it rides
            stage.start_gateway()
            stage.gateway.wait_socket()
        select.select([], [], [], 70)  # past the first minute's registries and states
        before = [(written_bytes(stage.gateway.pid), stage.journaled()) for stage in (demo, busy)]
        began = time.monotonic()
        select.select([], [], [], 2 * WINDOW_S)
        seconds = time.monotonic() - began
        for stage, (written, records), name in zip((demo, busy), before, ("demo", "busy")):
            written, records = written_bytes(stage.gateway.pid) - written, stage.journaled() - records
            note = f"{records / seconds:.2f} records a second; write_bytes of /proc/PID/io over {seconds:.0f} s"
            figures.put(f"flash.{name}_day", written / seconds * DAY_S / 1e6, "MB/day", "", note)
            figures.put(f"flash.{name}_record", written / max(1, records), "bytes")


def bench_uplink(figures):
    """Bytes a month over the wire of the example site when nothing happens, both ways, with TCP and IP headers."""
    ways = {"plain": {}, "deflate": {"compress": "deflate"}, "batch": {"batch": "60s"}}
    ways["both"] = {**ways["batch"], **ways["deflate"]}
    with contextlib.ExitStack() as stack:
        stages = {}
        for name, members in ways.items():
            stage = stages[name] = stack.enter_context(Stage(f"uplink.{name}"))
            stage.proxy = Proxy(stage.directory, stage.broker.port).start()
            stack.callback(stage.proxy.kill)
            site = examples.load(os.path.join(ROOT, "config", "outpost.example.json"))
            site = examples.private(site, stage.directory, stage.proxy.port)
            for centre in site["centres"]:
                centre.update(members)
            stage.file = examples.write(site, stage.directory, "site.json")
            stage.start_sim()
            stage.sim.ctl("do", "lift-1", "stop_service")  # else it rides
            stage.start_gateway()
        select.select([], [], [], 70)  # past what a connection begins with
        before = {name: stage.proxy.carried() for name, stage in stages.items()}
        began = time.monotonic()
        select.select([], [], [], 2 * max(60, WINDOW_S))  # whole minutes: health and telemetry come each minute
        seconds = time.monotonic() - began
        for name, stage in stages.items():
            up, down, connections, segments = (now - then for now, then in zip(stage.proxy.carried(), before[name]))
            if connections:
                raise RuntimeError(f"{name}: it connected again")
            month = (up + down + segments * IP_HEADERS) * MONTH_S / seconds / 1e6
            note = f"of it {(up + down) * MONTH_S / seconds / 1e6:.1f} MQTT; {segments} segments in {seconds:.0f} s"
            figures.put(f"uplink.{name}", month, "MB/month", "<= 30" if name == "both" else "", note)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--version", default="unknown")
    parser.add_argument("name", nargs="?", default="", help="only figures with this in their name")
    options = parser.parse_args()
    figures = Figures(options.version)
    failed = 0
    for name, function in [(key[6:], value) for key, value in globals().items() if key.startswith("bench_")]:
        if options.name in name:
            try:
                function(figures)
            except Exception as error:  # one figure that cannot be had must not hide the others
                failed = 1
                print(json.dumps({"figure": name, "error": f"{type(error).__name__}: {error}"[:2000]}), flush=True)
    figures.table()
    return failed


if __name__ == "__main__":
    sys.exit(main())
