#!/usr/bin/python3
"""make demo: the whole house on one machine, no hardware. A private broker on port 18883, the simulator playing
config/outpost.example.json, the gateway on the same file, and mosquitto_sub as a subscriber that knows nothing of us.
make demo SITE=boiler-room (or a path) plays that site instead: a copy of it with serial lines and ports of its own.

Plays: live readings; a passenger trapped between floors and rescued; a gas leak with interlock, siren, silence,
acknowledgement and reset; the network gone and back. Of another site: live readings, and an alarm of each class that can be
made to happen (examples.py), there and back. What is shown is what the subscriber received.

DEMO_SECONDS=n   ends by itself after the round trip; 1 if that took longer than n seconds
(without)        goes on showing readings until Ctrl-C

Exit status 0 only if the subscriber saw telemetry of every device, the whole round trip, and no number missing. Any way of
ending ends everything that was started and removes build/demo."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import examples  # noqa: E402
from processes import (  # noqa: E402
    OUTPOST,
    OUTPOST_SIM,
    ROOT,
    Broker,
    Gateway,
    NotSo,
    Process,
    Simulator,
    holes,
    port_is_free,
    wait_until,
)

SITE_FILE = os.path.join(ROOT, "config", "outpost.example.json")
DIRECTORY = os.path.join(ROOT, "build", "demo")
LOCK = os.path.join(ROOT, "build", "demo.lock")
OPERATOR = "duty-room"
READINGS_EVERY_S = 5.0
SCENE_S = 90.0

RED, GREEN, YELLOW, BLUE, GREY, BOLD = "31", "32", "33", "36", "90", "1"
COLOURS = {"red": RED, "orange": YELLOW, "yellow": YELLOW, "blue": BLUE}
LEVELS = {"red": "红", "orange": "橙", "yellow": "黄", "blue": "蓝", "none": "—"}
EVENTS = {
    "raised": ("▲", "raised 报警"),
    "cleared": ("▼", "cleared 恢复"),
    "acked": ("✓", "acked 确认"),
    "reset": ("○", "reset 复位"),
}
NAMES = {
    "lift.trapped": "困人 trapped",
    "lift.stop_outside_zone": "平层外停梯 stopped outside the door zone",
    "lift.alarm_button": "轿厢报警按钮 alarm button",
    "gas.low": "燃气低限 gas low",
    "gas.high": "燃气高限 gas high",
    "gas.roc": "燃气快速上升 gas rises fast",
    "gas.dev_a1": "探测器一级报警 detector's alarm 1",
    "gas.dev_a2": "探测器二级报警 detector's alarm 2",
    "gas.dev_low": "探测器状态低报 detector reports low",
    "gas.dev_high": "探测器状态高报 detector reports high",
    "comm.lost": "通信中断 comm lost",
}
UNITS = {"%{LEL}": "%LEL", "Cel": "°C"}  # UCUM -> as people write it
# What one line of readings shows of each device: point, unit.
READINGS = {
    "gas-kitchen": [("gas_lel_pct", "%LEL")],
    "gas-store": [("gas_lel_pct", "%LEL")],
    "valve-kitchen": [("relay_1", "阀 close cmd"), ("input_1", "关到位 closed"), ("relay_2", "声光 siren")],
    "lift-1": [("car_speed", "m/s"), ("door_closed", "门关 door closed"), ("passenger_present", "有人 occupied")],
}


class Interrupted(Exception):
    pass


class TimeIsUp(Exception):
    pass


def paint(colour, text):
    plain = not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return text if plain else f"\x1b[{colour}m{text}\x1b[0m"


def say(sign, text, colour=None, at_ms=None):
    clock = time.strftime("%H:%M:%S", time.localtime(at_ms / 1000 if at_ms else None))
    line = f"{clock} {sign} {text}"
    print(paint(colour, line) if colour else line, flush=True)


class Watcher(Process):
    """mosquitto_sub, writing what it receives to a file, and what we make of that file."""

    def __init__(self, port):
        form = "%U\t%r\t%t\t%p"  # time of arrival, retained, topic, payload
        command = ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(port), "-V", "5", "-q", "0", "-c", "-i", "demo-watcher"]
        command += ["-x", "3600", "-t", "outpost/v1/#", "-F", form]
        super().__init__("mosquitto_sub", command, os.path.join(DIRECTORY, "watcher.log"))
        self.at = 0
        self.numbers = {"a": set(), "t": set()}
        self.declared = {"a": [], "t": []}
        self.streams = set()
        self.values = {}  # per device, newest
        self.alarms = []  # lane a, in order of arrival, first copies only
        self.events = []
        self.topics = set()
        self.status = None
        self.garbled = []

    def receive(self):
        """[body of each new alarm or event], everything else is booked."""
        with open(self.log, "rb") as file:
            file.seek(self.at)
            news = file.read()
        news = news[: news.rfind(b"\n") + 1]
        self.at += len(news)
        lines = news.decode().splitlines()
        return [body for body in map(self._line, lines) if body]

    def _line(self, line):
        parts = line.split("\t", 3)
        if len(parts) != 4:
            self.garbled.append(line)
            return None
        arrived, retained, topic, payload = parts
        kind = topic.split("/")[3]
        body = json.loads(payload) if payload else {}
        self.topics.add(kind)
        if kind == "status" and retained == "0":
            self.status = body
        elif kind == "history":
            for record in body["records"]:
                self._book(record)
        elif retained == "0" and kind in ("telemetry", "alarm", "event"):
            body["arrived_ms"] = float(arrived) * 1000
            body["kind"] = kind
            if self._book(body) and kind != "telemetry":
                (self.alarms if kind == "alarm" else self.events).append(body)
                return body
        return None

    def _book(self, record):
        """Notes a numbered record; False for one that came before."""
        lane, seq = record["lane"], record["seq"]
        self.streams.add(record["stream"])
        if record.get("event") == "gap":
            self.declared[record["of"]].append((record["from"], record["to"]))
        if lane == "t" and seq >= max(self.numbers["t"], default=0):
            self.values[record["dev"]] = record
        new = seq not in self.numbers[lane]
        self.numbers[lane].add(seq)
        return new

    def missing(self, lane):
        """[(first, last)] of numbers that neither came nor were declared as lost."""
        return holes(self.numbers[lane], self.declared[lane])

    def found(self, list_of, **members):
        return [one for one in list_of if all(one.get(key) == value for key, value in members.items())]


class Demo:
    kinds = {"status", "registry", "telemetry", "alarm", "active", "event", "history"}  # of messages that have to be seen

    def __init__(self, seconds):
        self.names = NAMES
        self.seconds = seconds
        self.began = time.monotonic()
        self.running = []
        self.open = []  # what the round trip still lacks, for the verdict
        self.shown_at = 0.0
        self.back_ms = 0.0  # when the broker came back
        self.site_file = SITE_FILE
        self.site = examples.load(SITE_FILE)

    # --- the stage ---

    @staticmethod
    def check_programs():
        for program in (OUTPOST, OUTPOST_SIM):
            if not os.path.exists(program):
                raise NotSo(f"{program} is not there: run make first")

    def take_lock(self):
        self.lock = open(LOCK, "w", encoding="utf-8")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise NotSo("another demo is running in this tree 已有演示在运行") from None

    def prepare(self):
        self.check_programs()
        self.take_lock()
        ports = [int(self.site["centres"][0]["url"].rsplit(":", 1)[1])]
        ports += [bus["port"] for bus in self.site["buses"] if bus["link"] == "tcp"]
        for port in ports:
            if not port_is_free(port):
                raise NotSo(f"port {port} on 127.0.0.1 is in use 端口被占用: end what uses it (ss -ltnp 'sport = :{port}')")
        self.port = ports[0]
        shutil.rmtree(DIRECTORY, ignore_errors=True)  # of a demo that was killed
        os.makedirs(DIRECTORY)

    def own(self, process):
        self.running.append(process)
        return process

    def start(self):
        self.broker = self.own(Broker(os.path.join(DIRECTORY, "broker"), self.port)).start()
        self.watcher = self.own(Watcher(self.port)).start()
        # It has subscribed when it receives what we publish.
        hello = ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(self.port), "-t", "outpost/v1/demo/hello", "-m", "{}"]

        def heard():
            subprocess.run(hello, check=True, timeout=30)
            self.watcher.receive()
            return "hello" in self.watcher.topics

        self.watcher.wait_ready(heard, "receives what is published")
        self.broker.remember()
        self.sim = self.own(Simulator(self.site_file, DIRECTORY)).start()
        self.gateway = self.own(Gateway(self.site_file, DIRECTORY)).start()

    def end(self):
        """Last started, first ended; then nothing is left."""
        for process in reversed(self.running):
            try:
                process.stop(20)
            except NotSo as trouble:
                say("!", str(trouble), RED)
        shutil.rmtree(DIRECTORY, ignore_errors=True)
        if hasattr(self, "lock"):
            self.lock.close()
            if os.path.exists(LOCK):
                os.unlink(LOCK)

    # --- looking ---

    def look(self):
        """Takes in and shows what came. To be called while waiting for anything."""
        for process in self.running:
            if not process.alive() and process is not self.broker:
                raise NotSo(f"{process.name} ended by itself: {process.output()[-2000:]}")
        for body in self.watcher.receive():
            self.show(body)
        # While the broker is away the subscriber knows nothing new.
        if self.broker.alive() and time.monotonic() - self.shown_at >= READINGS_EVERY_S:
            self.shown_at = time.monotonic()
            self.show_readings()
        if self.seconds and time.monotonic() - self.began > self.seconds:
            raise TimeIsUp

    def wait(self, predicate, what, seconds=SCENE_S):
        def look():
            self.look()
            return predicate()

        self.open.append(what)
        result = wait_until(look, what, seconds)
        self.open.remove(what)
        return result

    def show_readings(self):
        parts = []
        for dev, points in READINGS.items():
            record = self.watcher.values.get(dev)
            if record is None:
                continue
            shown = []
            for point, unit in points:
                value = record["values"].get(point)
                if value is None:
                    shown.append(f"{point} ? {record.get('bad', {}).get(point, '')}".rstrip())
                elif isinstance(value, bool):
                    shown.append(f"{unit} {'●' if value else '○'}")
                else:
                    shown.append(f"{value:.1f} {unit}")
            parts.append(f"{dev} {' '.join(shown)}")
        if parts:
            say("·", "  ".join(parts), GREY)

    def show(self, body):
        delay = f"centre 中心收到 {max(0, body['arrived_ms'] - body['at']):.0f} ms"
        if body["at"] < self.back_ms:
            delay = "kept while the network was away 断网时已存盘，补传"
        if body["kind"] == "alarm":
            sign, word = EVENTS.get(body["event"], ("·", body["event"]))
            text = f"{LEVELS.get(body['colour'], '')} {body['dev']} {self.names.get(body['alarm'], body['alarm'])}  {word}"
            if body["event"] == "raised" and body.get("value") is not None and body.get("limit") is not None:
                text += self.comparison(body)
            if body.get("by"):
                text += f"  {body['by']}"
            colour = COLOURS.get(body["colour"]) if body["event"] == "raised" else GREEN
            say(sign, f"{text}  ({delay})", colour, body["at"])
        elif body["event"].startswith("interlock_"):
            words = {"tripped": "tripped 联锁动作", "commanded": "written and read back 已写并回读", "released": "released 释放",
                     "confirmed": "feedback 反馈到位", "silenced": "silenced 消音"}
            word = words.get(body["event"][len("interlock_"):], body["event"])
            say("■", f"{self.interlock_of(body)}  {word}{self.since_alarm(body)}  ({delay})", BOLD, body["at"])

    def comparison(self, body):
        return f"  {body['value']:g} ≥ {body['limit']:g} {UNITS.get(body['unit'], body['unit'])}"

    @staticmethod
    def interlock_of(body):
        return body.get("interlock") or body.get("dev") or "?"

    def since_alarm(self, body):
        """How long after the alarm that tripped it."""
        alarm = "gas.high" if "trip" in self.interlock_of(body) else "gas.low"
        raised = self.watcher.found(self.watcher.alarms, event="raised", alarm=alarm)
        ms = body["at"] - raised[-1]["at"] if raised else -1
        return f"  +{ms} ms" if 0 <= ms < 30000 and body["event"] != "interlock_released" else ""

    # --- the play ---

    def alarm(self, dev, alarm, event, since=0):
        """Waits until the subscriber has that alarm record (one that came after the first `since` alarms)."""
        return self.wait(
            lambda: self.watcher.found(self.watcher.alarms[since:], dev=dev, alarm=alarm, event=event),
            f"{dev} {alarm} {event}",
        )[0]

    def interlock(self, interlock, event):
        def seen():
            return [one for one in self.watcher.events if one["event"] == event and self.interlock_of(one) == interlock]

        return self.wait(seen, f"{interlock} {event}")[-1]

    def values(self, dev, **wanted):
        """Waits until telemetry of the device says so."""

        def so():
            values = self.watcher.values[dev]["values"]
            return all(values.get(point) == value for point, value in wanted.items())

        self.wait(so, f"{dev} {wanted}")

    def order(self, verb, *arguments):
        self.gateway.order(verb, *arguments, "--by", OPERATOR)

    def scene_readings(self):
        say("●", "broker, simulator and gateway run 三个程序已启动: build/outpost run config/outpost.example.json", BOLD)
        devices = [device["id"] for device in self.site["devices"]]
        for dev in devices:
            self.wait(lambda dev=dev: self.watcher.values.get(dev), f"telemetry of {dev}")
        self.wait(lambda: self.watcher.status and self.watcher.status["online"], "status online")
        self.shown_at = 0
        print(self.gateway.order("watch", "--once", check=False)[1].rstrip(), flush=True)

    def scene_trapped(self):
        say("●", "lift-1: a passenger is trapped between floors 电梯困人", BOLD)
        self.sim.ctl("do", "lift-1", "trap")
        self.alarm("lift-1", "lift.trapped", "raised")
        self.order("ack", "--dev", "lift-1")
        self.alarm("lift-1", "lift.trapped", "acked")
        say("●", "lift-1: rescued 救出; the alarm ends when it has been quiet for a while 延时恢复", BOLD)
        self.sim.ctl("do", "lift-1", "rescue")

    def scene_leak(self):
        say("●", "gas-kitchen: gas leaks, up to 60 %LEL 厨房燃气泄漏", BOLD)
        self.sim.ctl("do", "gas-kitchen", "leak", 60)
        self.alarm("gas-kitchen", "gas.low", "raised")
        self.interlock("kitchen-siren", "interlock_tripped")
        self.alarm("gas-kitchen", "gas.high", "raised")
        self.interlock("kitchen-gas-trip", "interlock_tripped")
        self.interlock("kitchen-gas-trip", "interlock_commanded")
        self.interlock("kitchen-gas-trip", "interlock_confirmed")
        self.order("silence", "--all")
        self.interlock("kitchen-siren", "interlock_silenced")
        self.order("ack", "--dev", "gas-kitchen")
        for alarm in ("gas.low", "gas.high"):
            self.alarm("gas-kitchen", alarm, "acked")
        say("●", "gas-kitchen: the leak is mended 泄漏消除", BOLD)
        self.sim.ctl("do", "gas-kitchen", "stop")

    def scene_rescued(self):
        self.alarm("lift-1", "lift.trapped", "cleared")
        self.order("reset", "--dev", "lift-1")
        self.alarm("lift-1", "lift.trapped", "reset")
        self.sim.ctl("do", "lift-1", "normal")

    def scene_aired(self):
        for alarm in ("gas.high", "gas.low"):
            self.alarm("gas-kitchen", alarm, "cleared")
        self.order("reset", "--dev", "gas-kitchen")
        self.alarm("gas-kitchen", "gas.high", "reset")
        self.order("reset", "--dev", "kitchen-gas-trip")
        self.interlock("kitchen-gas-trip", "interlock_released")
        self.values("valve-kitchen", relay_1=False, relay_2=False)
        say("●", "valve-kitchen: opened again by hand 现场手动开阀", BOLD)
        self.sim.ctl("do", "valve-kitchen", "reopen")
        self.values("valve-kitchen", input_1=False)

    def journaled(self):
        """Numbered records by the gateway's own account; it is asked locally, not through the broker."""
        return sum(json.loads(self.gateway.order("watch", "--once", "--json")[1])["journal"]["last"].values())

    def scene_outage(self):
        say("!", "broker killed (kill -9) 断网", RED)
        self.broker.kill()
        before, alarms = self.journaled(), len(self.watcher.alarms)
        # The house goes on: an alarm is raised and acknowledged while nobody can be told.
        self.sim.ctl("set", "gas-store.gas_lel_pct", 25)
        self.wait(lambda: "gas.low" in self.gateway.order("alarms", check=False)[1], "gas.low in `outpost alarms`, broker away")
        say("▲", "gas-store gas.low: `outpost alarms` shows it without the network 断网照样报警", YELLOW)
        self.order("ack", "--dev", "gas-store")
        self.wait(lambda: self.journaled() >= before + 20, "20 records in the journal, broker away")
        stored = self.journaled()
        self.back_ms = time.time() * 1000
        self.broker.start()
        say("●", "broker back 网络恢复", BOLD)
        for event in ("raised", "acked"):
            self.alarm("gas-store", "gas.low", event, alarms)

        def complete():
            seen = sum(max(numbers) for numbers in self.watcher.numbers.values())
            return seen >= stored and not any(self.watcher.missing(lane) for lane in "at")

        self.wait(complete, "every number of the outage")
        say("●", f"{stored - before} records of the outage came late 补传, missing 缺失 0", GREEN)
        self.sim.ctl("set", "gas-store.gas_lel_pct", "auto")
        self.alarm("gas-store", "gas.low", "cleared", alarms)

    def judge(self):
        """What the subscriber holds against us."""
        wrong = [f"lane {lane}: missing {self.watcher.missing(lane)[:5]}" for lane in "at" if self.watcher.missing(lane)]
        if len(self.watcher.streams) != 1:
            wrong.append(f"{len(self.watcher.streams)} streams instead of one")
        wrong += [f"not a message: {line[:200]}" for line in self.watcher.garbled]
        wrong += [f"lane {lane}: declared as lost {self.watcher.declared[lane][:5]}" for lane in "at" if self.watcher.declared[lane]]
        wrong += [f"no {kind}/ message" for kind in sorted(self.kinds - self.watcher.topics)]
        return wrong

    def scenes(self):
        self.scene_readings()
        self.scene_trapped()
        self.scene_leak()
        self.scene_rescued()
        self.scene_aired()
        self.scene_outage()

    def play(self):
        self.prepare()
        self.start()
        self.scenes()
        wrong = self.judge()
        for sentence in wrong:
            say("!", sentence, RED)
        count = sum(len(numbers) for numbers in self.watcher.numbers.values())
        if not wrong:
            say("●", f"round trip complete 全程完成: {count} records, every number there 编号无缺", GREEN)
        if not self.seconds:
            say("●", "Ctrl-C ends it 按 Ctrl-C 结束", BOLD)
            self.wait(lambda: False, "Ctrl-C", float("inf"))
        return 1 if wrong else 0


class SiteDemo(Demo):
    """Any other site: a copy of it on lines and ports of its own, its readings, and an alarm of each class there and back."""

    kinds = Demo.kinds - {"history"}
    SHOWN_MAX = 6  # devices in a line of readings

    def __init__(self, seconds, name):
        super().__init__(seconds)
        self.origin = examples.find(name)
        self.site = examples.load(self.origin)
        self.plays = examples.plays(self.site)
        classes = {examples.class_of(self.site, device) for device in self.site["devices"]}
        shown = [json.loads(subprocess.run([OUTPOST, "class", "show", one, "--json"], capture_output=True, check=True).stdout)
                 for one in sorted(classes)]
        alarms = [alarm for one in shown for alarm in one["alarms"]]
        for device in self.site["devices"]:
            alarms += [{"id": name, **alarm} for name, alarm in device.get("alarms", {}).items() if "kind" in alarm]
        self.names = {one["id"]: f"{one.get('zh', '')} {one.get('en', '')}".strip() or one["id"] for one in alarms}
        self.alarm_kinds = {one["id"]: one["kind"] for one in alarms}
        # Of each device: the numbers that are read most often.
        numbers = {one["id"]: [point["id"] for point in one["points"] if (point["type"], point.get("poll")) == ("number", "safety")]
                   for one in shown}
        self.key_points = {device["id"]: numbers[examples.class_of(self.site, device)] for device in self.site["devices"]}

    def prepare(self):
        self.check_programs()
        self.take_lock()
        shutil.rmtree(DIRECTORY, ignore_errors=True)
        os.makedirs(DIRECTORY)
        self.port = examples.free_port()
        self.site = examples.private(self.site, DIRECTORY, self.port)
        self.site_file = examples.write(self.site, DIRECTORY)

    def show_readings(self):
        """Two numbers of each of the first devices; then how much else there is."""
        parts = []
        if not self.watcher.values:
            return
        for dev, points in self.key_points.items():
            values = self.watcher.values.get(dev, {}).get("values", {})
            numbers = [f"{point} {values[point]:.3g}" for point in points if isinstance(values.get(point), (int, float))][:2]
            if numbers:
                parts.append(f"{dev} {' '.join(numbers)}")
        bad = sum(len(record.get("bad", {})) for record in self.watcher.values.values())
        count = sum(len(record["values"]) for record in self.watcher.values.values())
        rest = f"  … {len(parts) - self.SHOWN_MAX} more" if len(parts) > self.SHOWN_MAX else ""
        say("·", "  ".join(parts[: self.SHOWN_MAX]) + f"{rest}  ({len(self.watcher.values)} devices, {count} values, {bad} bad)", GREY)

    def scene_readings(self):
        where = os.path.relpath(self.origin, ROOT)
        say("●", f"broker, simulator and gateway run 三个程序已启动: {where}, copied 副本: {os.path.relpath(self.site_file, ROOT)}", BOLD)
        for device in self.site["devices"]:
            self.wait(lambda dev=device["id"]: self.watcher.values.get(dev), f"telemetry of {device['id']}")
            record = self.watcher.values[device["id"]]
            bad = len(record.get("bad", {}))
            say("·", f"{device['id']}  {len(record['values'])} values 个读数" + (f", {bad} bad 无值" if bad else ""), GREY)
        self.wait(lambda: self.watcher.status and self.watcher.status["online"], "status online")

    def comparison(self, body):
        sign = {"hi": "≥", "hihi": "≥", "lo": "≤", "lolo": "≤"}.get(self.alarm_kinds.get(body["alarm"]))
        return f"  {body['value']:.3g} {sign} {body['limit']:g} {UNITS.get(body['unit'], body['unit'])}" if sign else ""

    def since_alarm(self, body):
        return ""

    def scene_alarm(self, dev, action, alarm, remedy):
        say("●", f"{dev}: {' '.join(map(str, action))}  (outpost-sim ctl do {dev} …)", BOLD)
        self.sim.ctl("do", dev, *action)
        self.alarm(dev, alarm, "raised")
        valves = examples.valves_of(self.site, dev)
        for interlock, _, _ in valves:
            self.interlock(interlock, "interlock_tripped")
            self.interlock(interlock, "interlock_confirmed")
        self.gateway.order("silence", "--all", "--by", OPERATOR, check=False)  # not every site has a siren for it
        self.order("ack", "--dev", dev)
        self.alarm(dev, alarm, "acked")
        say("●", f"{dev}: {' '.join(map(str, remedy))}; the alarm ends when it has been quiet for a while 延时恢复", BOLD)
        self.sim.ctl("do", dev, *remedy)
        self.alarm(dev, alarm, "cleared")
        self.order("reset", "--dev", dev)
        self.alarm(dev, alarm, "reset")
        for interlock, board, coil in valves:
            self.wait(lambda one=interlock: self.reset_interlock(one), f"{interlock} released")
            self.wait(lambda one=(board, "reopen", coil): self.is_done(*one), f"{board} {coil}: opened again by hand")
            say("●", f"{board}: opened again by hand 现场手动开阀", BOLD)

    def is_done(self, *words):
        """The simulator lets nobody open a valve while its coil still says close."""
        try:
            self.sim.ctl("do", *words)
        except NotSo:
            return False
        return True

    def reset_interlock(self, interlock):
        """As soon as nothing votes for it any more, it can be reset."""
        if any(one["event"] == "interlock_released" and self.interlock_of(one) == interlock for one in self.watcher.events):
            return True
        self.gateway.order("reset", "--dev", interlock, "--by", OPERATOR, check=False)
        return False

    def scenes(self):
        self.scene_readings()
        for play in self.plays:
            self.scene_alarm(*play)


def main():
    def interrupted(_number, _frame):
        raise Interrupted

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    sys.stdout.reconfigure(errors="replace")
    seconds = float(os.environ.get("DEMO_SECONDS") or 0)
    demo = None
    complete = False
    try:
        demo = SiteDemo(seconds, sys.argv[1]) if len(sys.argv) > 1 else Demo(seconds)
        status = demo.play()
    except Interrupted:
        complete = demo is not None and demo.open == ["Ctrl-C"]
        status = 0 if complete else 130
    except TimeIsUp:
        say("!", f"not done after DEMO_SECONDS={demo.seconds:g}: still waiting for {', '.join(demo.open)}", RED)
        status = 1
    except NotSo as trouble:
        say("!", str(trouble), RED)
        status = 1
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if demo is not None:
            demo.end()
    return status


if __name__ == "__main__":
    sys.exit(main())
