"""What the system tests share: a stage with broker, simulator and gateway, and a collector that believes nothing.

    class TestX(outpost_test.Case):
        def test_y(self):
            site = self.demo_site()
            self.start(site)
            self.collector.wait(lambda: ..., "what should be seen at the broker")

SCALE (environment) multiplies sizes; SEED makes a run repeatable and is printed when a test fails."""

import collections
import contextlib
import glob
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import zlib

import jsonschema
import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import examples  # noqa: E402
from processes import (  # noqa: E402, F401
    OUTPOST,
    OUTPOST_SIM,
    PATIENCE_S,
    ROOT,
    Broker,
    Gateway,
    NotSo,
    Process,
    Proxy,
    Simulator,
    free_port,
    holes,
    parse_site,
    port_answers,
    random_instant,
    wait_until,
)

SCALE = float(os.environ.get("SCALE", "1"))
SEED = int(os.environ.get("SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31)
PREFIX = "outpost/v1"
BULK, BULK_LOOKED_AT = ("telemetry", "history"), 10  # of these only each tenth is held against its schema
JOURNAL_FILES = {"a": "alarms.db", "t": "telemetry.db"}


def scaled(count):
    return max(1, int(count * SCALE))


class Message:
    """One message as it came: `at` is the monotonic arrival time in seconds, `order` its place among all messages."""

    def __init__(self, order, message):
        self.at = time.monotonic()
        self.order = order
        self.topic = message.topic
        self.payload = message.payload
        self.retained = message.retain
        self.qos = message.qos
        properties = dict(getattr(message.properties, "UserProperty", []) or [])
        self.hist = properties.get("hist") == "1"
        self.prev = int(properties["prev"]) if "prev" in properties else None
        self.size = len(message.payload)  # on the line
        if properties.get("content-encoding") == "deflate":
            self.payload = zlib.decompress(message.payload)
        self.body = json.loads(self.payload) if message.payload else None
        self.kind, self.dev = (self.topic.split("/")[3:] + [None])[:2]

    def __repr__(self):
        return f"{self.topic} {self.payload[:300]!r}"


class Record:
    """One numbered record, live or out of a history message; `raw` are its bytes."""

    def __init__(self, message, raw, body):
        self.message = message
        self.raw = raw
        self.body = body
        self.key = (body["gw"], body["stream"], body["lane"], body["seq"])
        self.live = message.kind != "history"

    def __getattr__(self, name):
        try:
            return self.body[name]
        except KeyError:
            raise AttributeError(name) from None

    def __repr__(self):
        return f"#{self.message.order} {self.raw[:300]!r}"


def split_history(payload):
    """[(bytes, body)] of the records of a history message, exactly as they stand in it."""
    text = payload.decode()
    decoder = json.JSONDecoder()
    at = text.index('"records":[') + len('"records":[')
    found = []
    while text[at] != "]":
        body, end = decoder.raw_decode(text, at)
        found.append((text[at:end].encode(), body))
        at = end + 1 if text[end] == "," else end
    return found


class Schemas:
    """The published schemas (gateway/docs/schema), one per kind of message."""

    def __init__(self):
        self.validators = {}
        for path in glob.glob(os.path.join(ROOT, "gateway", "docs", "schema", "*.schema.json")):
            with open(path, encoding="utf-8") as file:
                self.validators[os.path.basename(path).partition(".")[0]] = jsonschema.Draft7Validator(json.load(file))

    def complaints(self, messages):
        """One sentence for each message that is not as published, at most a few."""
        wrong = []
        for message in messages:
            validator = self.validators.get(message.kind)
            if message.body is None or len(wrong) >= 5:
                continue
            if validator is None:
                wrong.append(f"no schema for {message.topic}")
            else:
                errors = list(validator.iter_errors(message.body))
                wrong += [f"{error.json_path}: {error.message[:300]}: {message!r}" for error in errors[:1]]
        return wrong


class Collector:
    """An independent subscriber to everything below outpost/v1/. Its session outlives the broker's crash (see Broker)."""

    def __init__(self, broker, name="collector", topic=PREFIX + "/#", qos=0):
        self.lock = threading.RLock()
        self.all = []  # Message, in the order of arrival
        self.numbered = []  # Record, in the order of arrival, repeats included
        self.first = {}  # key -> Record: the first copy
        self.newest = {}  # device -> Record: its newest telemetry
        self.latest = {}  # (kind, device or None) -> body of the last message
        self.differing = []
        self.broker = broker
        self.topic = topic
        self.qos = qos
        self.subscribed = threading.Event()
        self.troubles = []
        self.client = mqtt.Client(f"{name}-{os.getpid()}-{random.SystemRandom().randrange(1 << 30)}", protocol=mqtt.MQTTv5)
        self.client.on_connect = self._on_connect
        self.client.on_subscribe = lambda *_: self.subscribed.set()
        self.client.on_message = self._on_message
        self.client.reconnect_delay_set(1, 1)

    def start(self):
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = 0xFFFFFFFF
        self.client.connect("127.0.0.1", self.broker.port, clean_start=False, properties=properties)
        self.client.loop_start()
        if not self.subscribed.wait(PATIENCE_S):
            raise NotSo("the collector could not subscribe")
        self.broker.remember()
        return self

    def stop(self):
        self.client.disconnect()
        self.client.loop_stop()

    def _on_connect(self, client, _userdata, flags, _reason, _properties=None):
        # Subscribing again would bring the retained messages again: only in a new session.
        if not flags["session present"]:
            client.subscribe(self.topic, self.qos)

    def _on_message(self, _client, _userdata, message):
        with self.lock:
            try:
                self._take(Message(len(self.all), message))
            except (ValueError, KeyError, IndexError, UnicodeDecodeError) as error:
                self.troubles.append(f"{message.topic}: {error!r}: {message.payload[:300]!r}")

    def _take(self, message):
        records = []
        if message.kind == "history":
            records = [Record(message, raw, body) for raw, body in split_history(message.payload)]
        elif message.kind in ("telemetry", "alarm", "event") and not message.retained:
            records = [Record(message, message.payload, message.body)]
        self.all.append(message)
        self.latest[message.kind, None] = self.latest[message.kind, message.dev] = message.body
        for one in records:
            self.numbered.append(one)
            before = self.first.setdefault(one.key, one)
            if before.raw != one.raw:
                self.differing.append(f"{one.key} came with different bytes: {before!r} and {one!r}")
            if one.lane == "t" and one.seq >= getattr(self.newest.get(one.dev), "seq", 0):
                self.newest[one.dev] = one

    # --- looking ---

    def messages(self, kind=None, dev=None):
        with self.lock:
            return [one for one in self.all if (kind is None or one.kind == kind) and (dev is None or one.dev == dev)]

    def last(self, kind, dev=None):
        with self.lock:
            return self.latest.get((kind, dev))

    def records(self, lane=None):
        """Every numbered record in the order of arrival, repeats included."""
        with self.lock:
            return [one for one in self.numbered if lane is None or one.lane == lane]

    def first_copies(self, kind):
        """Of the records of lane a that came under that topic, in the order of their numbers."""
        with self.lock:
            found = [one for one in self.first.values() if one.message.kind == kind]
        return sorted(found, key=lambda one: one.seq)

    def alarms(self, dev=None, alarm=None, event=None):
        return [
            one
            for one in self.first_copies("alarm")
            if (dev is None or one.dev == dev)
            and (alarm is None or one.alarm == alarm)
            and (event is None or one.event == event)
        ]

    def events(self, word=None):
        return [one for one in self.first_copies("event") if word is None or one.event == word]

    def telemetry(self, dev):
        """Body of the newest telemetry record of a device, {} before the first."""
        with self.lock:
            return self.newest[dev].body if dev in self.newest else {}

    def values(self, dev):
        return self.telemetry(dev).get("values", {})

    def wait(self, predicate, what, seconds=PATIENCE_S):
        return wait_until(predicate, what, seconds)

    def wait_alarm(self, dev, alarm, event, count=1, seconds=PATIENCE_S):
        """The count-th record of that event of that alarm."""
        what = f"{dev} {alarm} {event} (number {count}) at the broker"
        return self.wait(lambda: (self.alarms(dev, alarm, event)[count - 1 :] or [None])[0], what, seconds)

    # --- judging ---

    def highest(self, lane):
        with self.lock:
            return max((key[3] for key in self.first if key[2] == lane), default=0)

    def missing(self, lane, upto=None):
        """[(first, last)] of the numbers 1..upto that neither came nor were declared in a gap event."""
        declared = [(gap.body["from"], gap.body["to"]) for gap in self.events("gap") if gap.of == lane]
        with self.lock:
            numbers = [key[3] for key in self.first if key[2] == lane]
        return holes(numbers, declared, upto)

    def complaints(self):
        """Everything that is wrong with what came, as sentences: [] is what a test wants."""
        with self.lock:  # more may be coming
            return list(self._complaints())

    def _complaints(self):
        yield from self.troubles + self.differing
        streams = {key[1] for key in self.first}
        if len(streams) > 1:
            yield f"more than one stream: {streams}"
        for lane in "at":
            missing = self.missing(lane)
            if missing:
                yield f"lane {lane}: numbers never came: {missing[:20]}"
        yield from self._alarm_stories()
        yield from self._order_of_first_copies()
        yield from Schemas().complaints(
            message for message in self.messages() if message.kind not in BULK or message.order % BULK_LOOKED_AT == 0
        )

    def _alarm_stories(self):
        """Each alarm goes from state to state without a jump, and each occurrence is raised once."""
        state = {}
        raised = collections.Counter()
        for one in self.alarms():
            before = state.get((one.dev, one.alarm), "NORM")
            if one.body["from"] != before:
                yield f"{one.dev} {one.alarm} number {one.seq}: from {one.body['from']}, but it was {before}"
            state[one.dev, one.alarm] = one.state
            into_sight = one.event in ("unshelved", "unsuppressed", "enabled") and one.state == "UNACK"
            in_a_sum = one.event == "summarised" and raised[one.uid] == 0  # its raise had no record
            raised[one.uid] += one.event == "raised" or into_sight or in_a_sum
        for uid, count in raised.items():
            if count != (0 if uid.endswith("/0") else 1):  # number 0: it never occurred
                yield f"{uid} was raised {count} times"

    def _order_of_first_copies(self):
        """First copies of a lane-a record come in the order of their numbers."""
        seen, highest = set(), 0
        for one in self.records("a"):
            if one.seq not in seen:
                if one.seq < highest:
                    yield f"lane a: {one.seq} came for the first time after {highest}"
                seen.add(one.seq)
                highest = max(highest, one.seq)


class Case(unittest.TestCase):
    """A private directory, and whatever was started in it ended after the test."""

    maxDiff = None

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="outpost-")
        self.random = random.Random(f"{SEED}/{self.id()}")
        self.started = []
        self.broker = self.collector = self.sim = self.gateway = None

    def tearDown(self):
        failed = self._outcome.result is not None and any(
            test is self for test, _ in self._outcome.result.failures + self._outcome.result.errors
        )
        for one in reversed(self.started):
            one.kill() if isinstance(one, Process) else one.stop()
        if failed:
            print(f"\n{self.id()}: SEED={SEED}, kept: {self.directory}", flush=True)
            for log in sorted(glob.glob(os.path.join(self.directory, "*.log"))):
                with open(log, encoding="utf-8", errors="replace") as file:
                    print(f"--- {os.path.basename(log)} (end)\n{file.read()[-3000:]}", flush=True)
        else:
            shutil.rmtree(self.directory, ignore_errors=True)

    def own(self, thing):
        """Ended when the test ends."""
        self.started.append(thing)
        return thing

    def path(self, *names):
        return os.path.join(self.directory, *names)

    def preload(self, name):
        """The library that tests/system/{name}.c makes, for a program's LD_PRELOAD."""
        library = self.path(f"{name}.so")
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), f"{name}.c")
        flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-shared", "-fPIC"]
        subprocess.run(["cc", *flags, "-o", library, source], check=True)
        return library

    def certificates(self):
        """An authority and a certificate for 127.0.0.1 of it; and an authority that nobody asked."""

        def openssl(*words):
            subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=self.directory)

        for name in ("ca", "other"):
            openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-keyout", f"{name}.key", "-out", f"{name}.crt")  # fmt: skip
        with open(self.path("san"), "w", encoding="ascii") as file:
            file.write("subjectAltName=IP:127.0.0.1\n")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=broker", "-keyout", "b.key", "-out", "b.csr")
        openssl("x509", "-req", "-in", "b.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
                "-extfile", "san", "-out", "b.crt")  # fmt: skip

    def write_site(self, site, name="site.json"):
        return examples.write(site, self.directory, name)

    def demo_site(self, **changes):
        """The example site with ports, pty and journal of its own. The broker is started first: its port is in there."""
        self.start_broker()
        site = examples.load(os.path.join(ROOT, "config", "outpost.example.json"))
        return self.write_site({**examples.private(site, self.directory, self.broker.port), **changes})

    def tcp_site(self, slaves=4, points=8, every="100ms", max_silence="200ms", alarms=True):
        """A TCP bus with `slaves` devices d1, d2, … of class generic: s16 holding registers r0, r1, …, and an alarm on r0."""
        self.start_broker()
        devices = []
        for number in range(1, slaves + 1):
            registers = {f"r{n}": {"function": "holding", "address": n, "type": "s16"} for n in range(points)}
            device = {"id": f"d{number}", "bus": "b1", "unit": number, "class": "generic", "every": every, "points": registers}
            device["max_silence"] = max_silence
            if alarms:
                alarm = {"point": "r0", "kind": "hi", "limit": 10000, "deadband": 10, "on_delay": "0s", "priority": "high"}
                device["alarms"] = {"r0.high": alarm}
            devices.append(device)
        return self.write_site(
            {
                "gateway": {"id": "g1"},
                "buses": [{"id": "b1", "link": "tcp", "host": "127.0.0.1", "port": free_port(), "timeout": "500ms"}],
                "devices": devices,
                "centres": [{"id": "c1", "url": f"mqtt://127.0.0.1:{self.broker.port}"}],
                "journal": {"dir": self.path("journal")},
            }
        )

    def through_proxy(self, site_file, **members):
        """The same site with a proxy between its centre and the broker, and these members of the centre."""
        self.proxy = self.own(Proxy(self.directory, self.broker.port)).start()
        with open(site_file, encoding="utf-8") as text:
            site = json.load(text)
        site["centres"][0].update(url=f"mqtt://127.0.0.1:{self.proxy.port}", **members)
        return self.write_site(site)

    def start_broker(self):
        if self.broker is None:
            self.broker = self.own(Broker(self.path("broker"))).start()
            self.collector = self.own(Collector(self.broker)).start()

    def start(self, site_file, sim=True):
        """Simulator (unless told not to) and gateway, until the gateway is online at the broker."""
        if sim:
            self.sim = self.own(Simulator(site_file, self.directory)).start()
        self.gateway = self.own(Gateway(site_file, self.directory)).start()
        self.wait_online()

    def wait_online(self, boot=1, seconds=PATIENCE_S):
        def online():
            status = self.collector.last("status")
            return status and status["online"] and status["boot"] >= boot

        self.gateway.wait_ready(online, f"online at the broker, boot {boot}", seconds)

    def ask_journal(self, lane, sql):
        """Rows of one file of the journal; none while a young gateway has not made it yet."""
        file = os.path.join(self.gateway.journal_directory, JOURNAL_FILES[lane])
        try:
            with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=PATIENCE_S)) as db:
                return db.execute(sql).fetchall()
        except sqlite3.OperationalError:
            return []

    def journaled(self, lane):
        """{number: payload} of what stands in the journal now."""
        return {seq: bytes(payload) for seq, payload in self.ask_journal(lane, "SELECT seq, payload FROM record")}

    def journaled_last(self, lane):
        return (self.ask_journal(lane, "SELECT coalesce(max(seq), 0) FROM record") or [(0,)])[0][0]

    def wait_all_arrived(self, seconds=PATIENCE_S):
        """Until everything that stands in the journal now has come, byte by byte. The event `stop` is the last thing a
        gateway writes and leaves with its next start."""
        wanted = {(lane, seq): payload for lane in "at" for seq, payload in self.journaled(lane).items()}
        self.assertTrue(wanted, "the journal can be read")
        wanted = {key: payload for key, payload in wanted.items() if json.loads(payload).get("event") != "stop"}

        def still():
            with self.collector.lock:
                came = {key[2:]: one.raw for key, one in self.collector.first.items()}
            return [key for key, payload in wanted.items() if came.get(key) != payload]

        wait_until(lambda: not still(), lambda: f"{len(still())} journaled records arrive: {still()[:10]}", seconds)

    def assert_fine(self):
        self.assertEqual([], self.collector.complaints(), f"SEED={SEED}")


class PartLoader(unittest.TestLoader):
    """TEST_PART=i/n (environment): every n-th test of the file from the i-th, so that n such processes are all of it."""

    def loadTestsFromModule(self, module, *args, **more):
        which, parts = map(int, os.environ.get("TEST_PART", "1/1").split("/"))
        return self.suiteClass(list(each_test(super().loadTestsFromModule(module, *args, **more)))[which - 1 :: parts])


def each_test(suite):
    for one in suite:
        yield from each_test(one) if isinstance(one, unittest.TestSuite) else [one]


def main():
    unittest.main(verbosity=2, testLoader=PartLoader())
