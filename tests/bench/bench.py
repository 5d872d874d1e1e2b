#!/usr/bin/python3
"""make bench [T=name]: measures the figures that are quoted, on this machine, with the real programs.

Prints one JSON line per figure and a table at the end. Part of no test verdict: machines differ and are noisy; what a
figure says is said against the others of the same run. BENCH_SECONDS sets the window (60)."""

import argparse
import contextlib
import json
import multiprocessing
import os
import pty
import select
import socket
import statistics
import struct
import subprocess
import sys
import termios
import threading
import time
import tty

from delivery import bench_alarm_beside_dead_name, bench_alarm_in_drain, bench_backlog_memory, bench_drain  # noqa: F401
from delivery import bench_uplink  # noqa: F401
from judge_figures import bench_rules  # noqa: F401
from outage import bench_outage  # noqa: F401
from stage import DIRECTORY, WINDOW_S, Figures, ModbusTcp, Stage, alarm_on, cpu_seconds, free_ports, fsync_ms  # noqa: F401
from stage import memory_mib, percentile, registers, written_bytes
from processes import OUTPOST, ROOT, Gateway, free_port, wait_until
from rtu import with_crc
import examples

SLAVES, REGISTERS = 50, 20


def tcp_site(stage, bus_count):
    """50 slaves of 20 registers at 1 s, each poll one message, an alarm rule each; on one bus or on one each."""
    ports = free_ports(bus_count)
    buses = [{"id": f"b{n + 1}", "link": "tcp", "host": "127.0.0.1", "port": port} for n, port in enumerate(ports)]
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


def bench_tcp50(figures, bus_count=1, tls=False):
    name = f"tcp50x{bus_count}bus{'.tls' if tls else ''}"
    with Stage(name, tls) as stage:
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
        figures.put(f"{name}.rss", rss, "MiB", "<= 12" if tls else "<= 10")
        figures.put(f"{name}.anonymous", anonymous, "MiB", "<= 4")
        times = measure_change(stage, buses[0]["port"], int(WINDOW_S)) if bus_count == 1 and not tls else []
        if times:
            note = "register written in the slave -> message at a subscriber, minus "
            figures.put(f"{name}.change_p50", percentile(times, 0.5) - 500, "ms", "", note + "half the period")
            figures.put(f"{name}.change_p99", percentile(times, 0.99) - 1000, "ms", "<= 10", note + "the period")


def bench_tcp50_50buses(figures):
    bench_tcp50(figures, 50)


def bench_tcp50_tls(figures):
    bench_tcp50(figures, tls=True)


TCP_SLAVES = 200
CALLGRIND_READS = 5000


def bench_tcp200(figures):
    """200 slaves of 20 registers on 50 connections, each polled every second; telemetry as it is by default."""
    with Stage("tcp200") as stage:
        ports = free_ports(50)
        buses = [{"id": f"b{n + 1}", "link": "tcp", "host": "127.0.0.1", "port": port} for n, port in enumerate(ports)]
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
        request = with_crc(struct.pack(">BBHH", number % SIM_UNITS + 1, 3, 0, count))
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


DAY_S = 86400


SAVING_S = 1500  # some turns of moving
MOVE_SIZE = 128 * 1024  # less is a cursor or a note


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


def use_up_budget(stage):
    """Leaves a gateway whose flash budget is used up, under the default budget: one that is killed while it saves goes on saving
    with an empty purse, and a tiny purse is empty in seconds."""
    with open(stage.file, encoding="utf-8") as file:
        site = json.load(file)
    for budget in ("1MiB", None):
        if stage.gateway:
            stage.gateway.kill()
        site["journal"].pop("flash_budget", None)
        if budget:
            site["journal"]["flash_budget"] = budget
        with open(stage.file, "w", encoding="utf-8") as file:
            json.dump(site, file)
        stage.start_gateway()
        if budget:
            stage.subscriber.wait(lambda topic, payload: topic.endswith("/event") and b"budget_used" in payload, 120)
    stage.gateway.wait_socket()


def bench_flash_used_up(figures):
    """What 50 records a second write when the day's budget is used up, to a centre that listens and with it away. Telemetry then
    moves to the disk every few minutes; so that no part of such a turn is left out, it is measured up to the last move."""
    with Stage("flash.online") as online, Stage("flash.away") as away:
        began, first, last = {}, {}, {}
        for stage in (online, away):
            tcp_site(stage, 1)
            stage.start_sim()
            use_up_budget(stage)
        away.broker.stop()
        select.select([], [], [], 30)  # the start itself
        for stage in (online, away):
            began[stage], first[stage] = time.monotonic(), written_bytes(stage.gateway.pid)
            last[stage] = (began[stage], first[stage])
        while time.monotonic() < began[away] + SAVING_S:
            select.select([], [], [], 1)
            for stage in (online, away):
                written = written_bytes(stage.gateway.pid)
                if written > last[stage][1] + MOVE_SIZE:
                    last[stage] = (time.monotonic(), written)
        for stage, name in ((online, "online"), (away, "away")):
            seconds, written = last[stage][0] - began[stage], last[stage][1] - first[stage]
            note = f"budget used up, {SLAVES} records a second; write_bytes of /proc/PID/io over {seconds:.0f} s"
            figures.put(f"flash.{name}_day", written / max(1, seconds) * DAY_S / 1e6, "MB/day", "<= 210", note)
            figures.put(f"flash.{name}_record", written / max(1, seconds) / SLAVES, "bytes")
        away.broker.start()


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
