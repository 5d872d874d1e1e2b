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
from processes import ROOT, Broker, Gateway, Simulator, free_port, wait_until  # noqa: E402

WINDOW_S = float(os.environ.get("BENCH_SECONDS", "60"))
DIRECTORY = os.path.join(ROOT, "build", "bench")
TICKS = os.sysconf("SC_CLK_TCK")


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


def line_optimum(baud, count):
    """Registers a second of one read of `count` after the other: 8 bytes out, 5 + 2n back, 3.5 characters of silence before
    each (Modbus over serial line V1.02, 2.5.1.1; above 19200 baud 1.75 ms)."""
    character_s = 10 / baud
    silence_s = 3.5 * 11 / baud if baud <= 19200 else 0.00175
    return count / ((8 + 5 + 2 * count) * character_s + 2 * silence_s)


def bench_line(figures, baud=9600, count=120):
    with Stage(f"line{baud}") as stage:
        port = os.path.join(stage.directory, "tty")
        bus = {"id": "b1", "link": "rtu", "port": port, "baud": baud, "format": "8N1"}
        device = {"id": "d1", "bus": "b1", "unit": 1, "class": "generic", "every": "0s", "points": registers(count)}
        stage.write(buses=[bus], devices=[device])
        stage.start_sim()
        stage.start_gateway()
        stage.gateway.wait_socket()
        wait_until(lambda: stage.bus_counters()["good"] > 10, "the line is polled", 60)
        good, began = stage.bus_counters()["good"], time.monotonic()
        select.select([], [], [], WINDOW_S / 2)
        rate = (stage.bus_counters()["good"] - good) * count / (time.monotonic() - began)
        optimum = line_optimum(baud, count)
        goal = {9600: ">= 0.97", 19200: ">= 0.95", 115200: ">= 0.85"}[baud]
        figures.put(f"line{baud}.good_registers", rate, "1/s", "", f"reads of {count}; optimum {optimum:.0f}")
        figures.put(f"line{baud}.share_of_optimum", rate / optimum, "", goal)


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
    gas = {"bus": "b1", "profile": "honeywell-xcd", "every": "500ms", "max_silence": "1s"}
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
        note = "gas set in the simulator -> FC 5 seen on the line; 8 slaves at 9600 baud, every 500 ms"
        figures.put("trip.median", statistics.median(times), "ms", "", note)
        figures.put("trip.worst", max(times), "ms", "<= 1500", f"of {len(times)}")


def bench_drain(figures):
    """How fast a backlog leaves after an outage, beside a bare publisher of the same records through the same broker."""
    with Stage("drain") as stage:
        port = free_port()
        bus = {"id": "b1", "link": "tcp", "host": "127.0.0.1", "port": port}
        device = {"bus": "b1", "class": "generic", "every": "50ms", "max_silence": "50ms", "points": registers(REGISTERS)}
        stage.write(buses=[bus], devices=[{"id": f"d{n}", "unit": n, **device} for n in range(1, 51)])
        stage.start_sim()
        stage.start_gateway()
        stage.subscriber.wait(is_telemetry)
        stage.broker.kill()

        def depth():
            return json.loads(stage.gateway.order("watch", "--once", "--json")[1])["journal"]["last"]["t"]

        first = depth()
        wait_until(lambda: depth() - first > 50000, "50,000 records wait", 600)
        stage.sim.stop()  # nothing new while it drains
        last = depth()
        stage.broker.start()
        stage.subscriber.stop()
        stage.subscriber = Subscriber(stage.broker.port)

        def records(payload):
            return payload.count(b'"seq":')

        def drained():
            with stage.subscriber.arrived:
                return sum(records(payload) for _, topic, payload in stage.subscriber.all if topic.endswith("/history"))

        wait_until(lambda: drained() >= (last - first) * 0.98, lambda: f"{drained()} of {last - first} drained", 600)
        history = [(at, payload) for at, topic, payload in stage.subscriber.all if topic.endswith("/history")]
        seconds = history[-1][0] - history[0][0]
        count = sum(records(payload) for _, payload in history)
        figures.put("drain.records", count / seconds, "1/s", "", f"{count} records, {len(history)} messages in {seconds:.2f} s")
        stage.gateway.stop()
        bare = bare_seconds(stage, [payload for _, payload in history])
        figures.put("drain.share_of_bare_publisher", bare / seconds, "", ">= 0.9", f"mosquitto_pub, same messages: {bare:.2f} s")


def bare_seconds(stage, payloads):
    """How long mosquitto_pub, which does nothing but publish (QoS 1, window of 20), takes for the same messages; from the
    first arrival at the subscriber to the last."""
    file = os.path.join(stage.directory, "payloads")
    with open(file, "wb") as lines:
        lines.writelines(payload + b"\n" for payload in payloads)
    before = len(stage.subscriber.all)
    command = ["mosquitto_pub", "-V", "5", "-q", "1", "-l", "-p", str(stage.broker.port), "-t", "outpost/v1/bare/history"]
    with open(file, "rb") as lines:
        subprocess.run(command, stdin=lines, check=True, timeout=600)
    wait_until(lambda: len(stage.subscriber.all) >= before + len(payloads), "the bare messages arrive")
    return stage.subscriber.all[-1][0] - stage.subscriber.all[before][0]


# --- the simulator by itself ---

SIM_UNITS, SIM_REGISTERS, SIM_TCP = 100, 100, 200


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
