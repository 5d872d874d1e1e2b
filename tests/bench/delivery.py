"""The figures of delivery: a backlog that leaves, alarms meanwhile, what waiting costs, what the wire costs."""

import contextlib
import itertools
import json
import os
import select
import socket
import statistics
import subprocess
import time

from meter import Meter, between
from stage import WINDOW_S, ModbusTcp, Stage, Subscriber, alarm_on, memory_mib, percentile, registers, thread_seconds
from processes import ROOT, Broker, Proxy, free_port, wait_until
from test_blackhole import NAME, GatewayWithNameServer, NameServer
import examples

DRAIN_HELPER = os.environ.get("DRAIN_HELPER", os.path.join(ROOT, "build", "release", "bench", "drain_helper"))
MONTH_S = 30 * 86400
IP_HEADERS = 52  # bytes a segment: IPv4 20, TCP 20, timestamps 12

RECORDS = int(os.environ.get("DRAIN_RECORDS", "1000000"))
DRAIN_ROUNDS = 7
HISTORY_WINDOW = 14  # the share of the window of 20 that history may have


class Desk:
    """The gateway's local socket, kept open: asking costs neither a process nor much of the gateway's time."""

    def __init__(self, gateway):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(gateway.socket)
        self.lines = self.socket.makefile("r", encoding="utf-8")

    def centres(self):
        self.socket.sendall(b'{"verb":"watch"}\n')
        return json.loads(self.lines.readline())["centres"]

    def delivered(self):
        """When, and up to which number of telemetry the first centre has everything."""
        return time.monotonic(), self.centres()[0]["lw"]["t"]

    def connected(self, number):
        return self.centres()[number]["connected"]

    def close(self):
        self.lines.close()
        self.socket.close()


def quiet_site(stage, centre, directory):
    """A gateway that only delivers: its one slave is not there."""
    bus = {"id": "b1", "link": "tcp", "host": "127.0.0.1", "port": 9}
    device = {"id": "d1", "bus": "b1", "unit": 1, "class": "generic", "every": "10s", "points": registers(1)}
    centres = [{"id": centre, "url": f"mqtt://127.0.0.1:{stage.broker.port}"}]
    stage.write(buses=[bus], devices=[device], centres=centres, journal={"dir": directory, "max_size": "4GiB"})


def drain_once(stage, centre, directory):
    """All that is in the journal to a centre that is new to it: records and processor seconds a second and a record."""
    quiet_site(stage, centre, directory)
    stage.start_gateway()
    desk = Desk(stage.gateway.wait_socket())
    first = last = None

    def done():
        nonlocal first, last
        last = (*desk.delivered(), thread_seconds(stage.gateway.pid))
        first = first or (last if last[1] > 0 else None)
        return last[1] >= RECORDS

    wait_until(done, lambda: f"{last[1]} of {RECORDS} drained", 600)
    desk.close()
    stage.gateway.stop()
    records = last[1] - first[1]
    return {"rate": records / (last[0] - first[0]), "cpu": (last[2] - first[2]) / records}


def bare_once(directory, port):
    command = [DRAIN_HELPER, "publish", directory, str(port), str(HISTORY_WINDOW)]
    told = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return {"rate": told["records"] / told["seconds"], "cpu": told["cpu_seconds"] / told["records"], **told}


@contextlib.contextmanager
def undisturbed():
    """What is started herein takes the processor before all else, where that may be had: else it is measured what more the
    machine does. Gives the words for it."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        yield "at ordinary priority, among whatever else runs"
        return
    try:
        yield "at real-time priority"
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def bench_drain(figures):
    """How fast a backlog leaves after an outage, beside a bare publisher of the same messages through the same broker, with as
    many of them in flight as history may have: in turn, each drain between two of the bare ones. Without a subscriber: it
    would be what is measured."""
    with undisturbed() as how, Stage("drain") as stage:
        stage.subscriber.stop()
        directory = os.path.join(stage.directory, "journal")
        subprocess.run([DRAIN_HELPER, "fill", directory, str(RECORDS)], check=True)
        bare, ours = [bare_once(directory, stage.broker.port)], []
        for number in range(DRAIN_ROUNDS):
            ours.append(drain_once(stage, f"c{number}", directory))
            bare.append(bare_once(directory, stage.broker.port))
        beside = {what: [(a[what] + b[what]) / 2 for a, b in zip(bare, bare[1:])] for what in ("rate", "cpu")}
        shares = sorted(one["rate"] / other for one, other in zip(ours, beside["rate"]))
        costs = sorted(one["cpu"] / other for one, other in zip(ours, beside["cpu"]))
        size = bare[0]["bytes"] / bare[0]["messages"]
        figures.put("drain.records", statistics.median(one["rate"] for one in ours), "1/s", "",
                    f"median of {DRAIN_ROUNDS} drains of {RECORDS}, {size:.0f} bytes a message; bare MQTTAsync, same messages "
                    f"and window: {statistics.median(beside['rate']):.0f}")
        figures.put("drain.share_of_bare_publisher", statistics.median(shares), "", ">= 0.9",
                    f"median of {DRAIN_ROUNDS}, each between two bare ones, {how}; from {shares[0]:.2f} to {shares[-1]:.2f}")
        figures.put("drain.cpu", statistics.median(one["cpu"] for one in ours) * 1e6, "us/record", "",
                    f"all threads; bare: {statistics.median(beside['cpu']) * 1e6:.2f}")
        figures.put("drain.cpu_of_bare_publisher", statistics.median(costs), "", "",
                    f"median of {DRAIN_ROUNDS}; from {costs[0]:.2f} to {costs[-1]:.2f}: reading the journal, numbers, cursors")


ALARM_PERIOD_MS = 100
ALARM_SLAVES, ALARM_POINTS = 50, 8
ALARM_SAMPLES = 200


class Alarms:
    """A simulated site of 400 alarms and a subscriber of alarms only (another would be what is measured): times from writing a
    register of a slave to the alarm at the subscriber. Each alarm comes and goes once: nothing chatters."""

    def __init__(self, stage):
        self.stage = stage
        stage.subscriber.stop()
        stage.subscriber = Subscriber(stage.broker.port, "outpost/v1/+/alarm/#")
        self.bus = {"id": "b1", "link": "tcp", "host": "127.0.0.1", "port": free_port()}
        alarms = {name: rule for n in range(ALARM_POINTS) for name, rule in alarm_on(f"r{n}").items()}
        device = {"bus": "b1", "class": "generic", "every": f"{ALARM_PERIOD_MS}ms", "points": registers(ALARM_POINTS)}
        device |= {"max_silence": "60s", "alarms": alarms}
        self.devices = [{"id": f"d{n}", "unit": n, **device} for n in range(1, ALARM_SLAVES + 1)]
        self.changes = itertools.product(("raised", "cleared"), range(ALARM_POINTS), range(1, ALARM_SLAVES + 1))
        self.count = 0

    def parts(self):
        return {"buses": [self.bus], "devices": self.devices}

    def start(self):
        self.stage.start_sim()
        self.client = ModbusTcp(self.bus["port"])

    def wait_polled(self):
        wait_until(lambda: self.stage.all_good() > 2 * ALARM_SLAVES, "all are polled", 60)

    def next_ms(self):
        event, point, unit = next(self.changes)
        self.count += 1
        name, what = f'"r{point}.high"'.encode(), f'"event":"{event}"'.encode()

        def came(topic, payload):
            return topic.endswith(f"/alarm/d{unit}") and name in payload and what in payload

        before = len(self.stage.subscriber.all)
        written = self.client.write_register(unit, point, 65000 if event == "raised" else 0)
        took = (self.stage.subscriber.wait(came, since=before) - written) * 1000
        select.select([], [], [], self.count * 0.618 % 1.0 * ALARM_PERIOD_MS / 1000)  # another phase of the poll each time
        return took


ALARM_NOTE = f"register written -> alarm at a subscriber, poll period {ALARM_PERIOD_MS} ms"


def alarms_while_it_drains(stage, alarms, centre, directory):
    """One drain of the whole backlog to a centre that is new to it."""
    centres = [{"id": centre, "url": f"mqtt://127.0.0.1:{stage.broker.port}"}]
    stage.write(**alarms.parts(), centres=centres, journal={"dir": directory, "max_size": "4GiB"})
    stage.start_gateway()
    desk = Desk(stage.gateway.wait_socket())
    wait_until(lambda: desk.delivered()[1] > 0, "it drains", 60)
    times = []
    while len(times) < ALARM_SAMPLES:
        took = alarms.next_ms()
        if desk.delivered()[1] >= RECORDS:
            break
        times.append(took)
    desk.close()
    stage.gateway.stop()
    return times


def bench_alarm_in_drain(figures):
    """How late an alarm is while a backlog goes out, beside the same without one."""
    with undisturbed() as how, Stage("alarm_in_drain") as stage:
        alarms = Alarms(stage)
        directory = os.path.join(stage.directory, "journal")
        subprocess.run([DRAIN_HELPER, "fill", directory, str(RECORDS)], check=True)
        stage.write(**alarms.parts())
        alarms.start()
        times, rounds = [], 0
        while len(times) < ALARM_SAMPLES:
            times += alarms_while_it_drains(stage, alarms, f"c{rounds}", directory)
            rounds += 1
        stage.fresh_journal()
        stage.write(**alarms.parts())
        stage.start_gateway()
        stage.gateway.wait_socket()
        alarms.wait_polled()
        quiet = [alarms.next_ms() for _ in range(ALARM_SAMPLES)]
    for which, found, goal, beside in (
        ("drain", times, f"<= {ALARM_PERIOD_MS + 50}", f"{rounds} drains of {RECORDS} records, {how}"),
        ("quiet", quiet, "", f"nothing else waiting, {how}"),
    ):
        figures.put(f"alarm.{which}_p50", percentile(found, 0.5), "ms", "", f"{ALARM_NOTE}; {len(found)} alarms, {beside}")
        figures.put(f"alarm.{which}_p99", percentile(found, 0.99), "ms", goal, f"worst: {max(found):.0f}")


DEAD_PHASES, DEAD_SAMPLES = 4, 50
DEAD_LOOKUP_S = 5


def nameless_site(stage, alarms, proxy):
    """A good centre, and one whose name server may be silent."""
    good = {"id": "good", "url": f"mqtt://127.0.0.1:{stage.broker.port}"}
    nameless = {"id": "nameless", "url": f"mqtt://{NAME}:{proxy.port}", "backoff_min": "100ms", "backoff_max": "1s"}
    stage.write(**alarms.parts(), centres=[good, nameless])


def bench_alarm_beside_dead_name(figures):
    """How late an alarm is at one centre while the name server of another says nothing for 5 s at a time, beside the same while
    it answers; in turn."""
    with undisturbed() as how, Stage("dead_name") as stage, contextlib.ExitStack() as stack:
        names = NameServer()
        stack.callback(names.stop)
        other = Broker(os.path.join(stage.directory, "other")).start()
        stack.callback(other.stop)
        proxy = Proxy(stage.directory, other.port).start()
        stack.callback(proxy.kill)
        alarms = Alarms(stage)
        nameless_site(stage, alarms, proxy)
        alarms.start()
        stage.gateway = GatewayWithNameServer(stage.file, stage.directory, DEAD_LOOKUP_S).start().wait_socket()
        alarms.wait_polled()
        desk = Desk(stage.gateway)
        stack.callback(desk.close)
        found = {"dead": [], "alive": []}
        for _ in range(DEAD_PHASES):
            names.speak()
            wait_until(lambda: desk.connected(1), "the other centre is there, too")
            found["alive"] += [alarms.next_ms() for _ in range(DEAD_SAMPLES)]
            names.hush()
            asked = names.asked_at
            proxy.tell("refuse")
            wait_until(lambda asked=asked: names.asked_at > asked, "a lookup hangs")
            found["dead"] += [alarms.next_ms() for _ in range(DEAD_SAMPLES)]
            proxy.tell("pass")
    p99 = {which: percentile(times, 0.99) for which, times in found.items()}
    note = f"{ALARM_NOTE}; {DEAD_PHASES} x {DEAD_SAMPLES} alarms each, in turn, {how}"
    figures.put("alarm.other_name_dead_p99", p99["dead"], "ms", "", f"{note}; every lookup of the other's hangs {DEAD_LOOKUP_S} s")
    figures.put("alarm.other_name_alive_p99", p99["alive"], "ms")
    figures.put("alarm.other_name_dead_to_alive", p99["dead"] / p99["alive"], "", "1", f"p99; of the medians "
                f"{percentile(found['dead'], 0.5) / percentile(found['alive'], 0.5):.2f}")


def bench_backlog_memory(figures, count=RECORDS):
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


UPLINK_PERIOD_S = 300
UPLINK_WAYS = {
    "plain": {},
    "deflate": {"compress": "deflate"},
    "batch": {"batch": "5m"},
    "both": {"batch": "5m", "compress": "deflate"},
    "seldom": {"batch": "5m", "compress": "deflate", "health": "5m"},
}


def uplink_stage(stack, name, members):
    """The example site when nothing happens, behind a meter."""
    stage = stack.enter_context(Stage(f"uplink.{name}"))
    stage.meter = Meter(stage.broker.port)
    site = examples.load(os.path.join(ROOT, "config", "outpost.example.json"))
    site = examples.private(site, stage.directory, stage.meter.port)
    for centre in site["centres"]:
        centre.update(members)
    stage.file = examples.write(site, stage.directory, "site.json")
    stage.start_sim()
    stage.sim.ctl("do", "lift-1", "stop_service")  # else it rides
    stage.start_gateway()
    return stage


def bench_uplink(figures):
    """Bytes a month over the wire of the example site when nothing happens, both ways, with TCP and IP headers; and of what."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(undisturbed())  # a slave that is late tells more than nothing
        stages = {name: uplink_stage(stack, name, members) for name, members in UPLINK_WAYS.items()}
        select.select([], [], [], 70)  # past what a connection begins with
        before = {name: stage.meter.told() for name, stage in stages.items()}
        began = time.monotonic()
        select.select([], [], [], 2 * UPLINK_PERIOD_S)  # whole periods: of batch, health and max_silence
        seconds = time.monotonic() - began
        found = {name: between(stage.meter.told(), before[name]) for name, stage in stages.items()}
        for stage in stages.values():
            stage.gateway.stop()
            stage.meter.stop()
    for name, kinds in found.items():
        put_uplink(figures, name, kinds, MONTH_S / seconds / 1e6)


def put_uplink(figures, name, kinds, to_month):
    whole = kinds.pop("all")
    if whole["connections"]:
        raise RuntimeError(f"{name}: it connected again")
    month = (whole["up"] + whole["down"] + whole["segments"] * IP_HEADERS) * to_month
    settings = ", ".join(f"{key} {value}" for key, value in UPLINK_WAYS[name].items()) or "nothing set"
    figures.put(f"uplink.{name}", month, "MB/month", "<= 30" if name == "seldom" else "", settings)
    for kind, parts in sorted((kind, parts) for kind, parts in kinds.items() if parts["messages"]):
        size = sum(count for part, count in parts.items() if part != "messages")
        each = ", ".join(f"{part} {count / parts['messages']:.0f}" for part, count in parts.items() if part != "messages")
        figures.put(f"uplink.{name}.{kind}", size * to_month, "MB/month", "", f"{parts['messages']} messages; bytes each: {each}")
    figures.put(f"uplink.{name}.tcp_ip", whole["segments"] * IP_HEADERS * to_month, "MB/month", "",
                f"{whole['segments']} segments of {IP_HEADERS} bytes of headers, both ways")
