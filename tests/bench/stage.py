"""What the benches share: looking at a process from outside, a stage to set the real programs on, figures to put down."""

import contextlib
import datetime
import json
import os
import platform
import shutil
import socket
import sqlite3
import statistics
import struct
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "system"), os.path.join(HERE, "..", "support")]
import paho.mqtt.client as mqtt  # noqa: E402
from processes import ROOT, Broker, Gateway, Simulator  # noqa: E402

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


def thread_seconds(pid):
    """The same, to the nanosecond, of the threads there are now."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as stat:
            total += int(stat.read().split()[0])
    return total / 1e9


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

    def wait(self, predicate, seconds=60, since=None):
        """The first message from now on (or behind so many) of which predicate(topic, payload) is true: its arrival."""
        deadline = time.monotonic() + seconds
        with self.arrived:
            looked = len(self.all) if since is None else since
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
    """A directory, a broker, a subscriber; simulator and gateway on demand. All gone at the end. `tls`: the gateway's way to
    the broker."""

    def __init__(self, name, tls=False):
        self.directory = os.path.join(DIRECTORY, name)
        shutil.rmtree(self.directory, ignore_errors=True)
        os.makedirs(self.directory)
        os.symlink(os.path.join(ROOT, "config", "profiles"), os.path.join(self.directory, "profiles"))
        self.broker = Broker(os.path.join(self.directory, "broker"))
        self.centre = {"id": "c1", "url": f"mqtt://127.0.0.1:{self.broker.port}"}
        if tls:
            self._secure()
        self.broker.start()
        self.subscriber = Subscriber(self.broker.port)
        self.sim = self.gateway = None

    def _secure(self):
        key, certificate = (os.path.join(self.directory, name) for name in ("key.pem", "certificate.pem"))
        command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=broker -addext subjectAltName=IP:127.0.0.1".split()
        subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
        port = free_ports(1)[0]
        with open(os.path.join(self.directory, "broker", "mosquitto.conf"), "a", encoding="ascii") as conf:
            conf.write(f"listener {port} 127.0.0.1\ncertfile {certificate}\nkeyfile {key}\n")
        self.centre = {"id": "c1", "url": f"mqtts://127.0.0.1:{port}", "ca_file": certificate}

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
            "centres": [self.centre],
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


def free_ports(count):
    """All at once, so that they differ."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
