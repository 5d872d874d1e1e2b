#!/usr/bin/python3
"""`outpost status`: what is wrong with a line and its slaves is said in words, by cause, and in JSON as published; what is well
is not complained of. A real gateway on a serial line; the simulator is given another site than the gateway, so that one slave
is not what its profile describes and one lacks a register."""

import copy
import json
import os
import subprocess

import jsonschema

import outpost_test
from outpost_test import OUTPOST, PATIENCE_S, ROOT, Simulator, wait_until

GOOD, WRONG, USAGE = 0, 1, 2
PUBLISHED = os.path.join(ROOT, "gateway", "docs", "schema", "outpost-status.schema.json")


def register(address):
    return {"function": "holding", "address": address, "type": "s16", "poll": "normal"}


def generic(number, *addresses):
    points = {f"r{address}": register(address) for address in addresses}
    return {"id": f"d{number}", "bus": "line", "unit": number, "class": "generic", "every": "200ms", "points": points}


class TestStatus(outpost_test.Case):
    def begin(self):
        """d1 is well; d2 falls silent, d3 sends wrong CRCs, d4 has no register 50, d5 is of another model."""
        with open(PUBLISHED, encoding="utf-8") as file:
            self.published = jsonschema.Draft7Validator(json.load(file))
        self.start_broker()
        line = {"id": "line", "link": "rtu", "port": self.path("tty"), "baud": 115200, "format": "8N1", "timeout": "100ms"}
        detector = {"id": "d5", "bus": "line", "unit": 5, "profile": "honeywell-xcd", "every": "200ms"}
        real = {
            "gateway": {"id": "g1", "name": "演示"},
            "buses": [line],
            "devices": [generic(1, 0, 1), generic(2, 0), generic(3, 0), generic(4, 0, 50), detector],
            "centres": [{"id": "c1", "url": f"mqtt://127.0.0.1:{self.broker.port}"}],
            "journal": {"dir": self.path("journal")},
        }
        played = copy.deepcopy(real)
        played["devices"][3:] = [generic(4, 0), generic(5, 0, 1, 2, 3, 4, 5)]
        self.site = self.write_site(real)
        self.sim = self.own(Simulator(self.write_site(played, "played.json"), self.directory)).start()

    def outpost(self, *words, status, language="en"):
        result = subprocess.run(
            [OUTPOST, "status", *words, "--lang", language], capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
        self.assertEqual(status, result.returncode, result.stdout + result.stderr)
        return result.stdout if status != USAGE else result.stderr

    def look(self, *words):
        """The JSON, held against its schema; the exit status says the same as it."""
        result = subprocess.run(
            [OUTPOST, "status", self.site, "--json", *words], capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
        told = json.loads(result.stdout)
        self.assertEqual([], [f"{error.json_path}: {error.message}" for error in self.published.iter_errors(told)])
        self.assertEqual(GOOD if told["wrong"] == 0 else WRONG, result.returncode)
        return told

    def states(self):
        return {one["slave"]: one["state"] for one in self.look()["slaves"]}

    def wait_states(self, **wanted):
        wait_until(lambda: wanted.items() <= self.states().items(), lambda: f"{wanted}: {self.states()}", 2 * PATIENCE_S)

    def check_tallies(self, told):
        for one in [*told["buses"], *told["slaves"]]:
            ended = sum(one[key] for key in ("good", "timeouts", "garbled", "exceptions", "lost"))
            self.assertIn(one["requests"] - ended, (0, 1), one)
        bus = told["buses"][0]
        for key in ("requests", "good", "timeouts", "garbled", "crc", "exceptions", "characters"):
            # The bus and its slaves are copied one after the other while it goes on.
            self.assertAlmostEqual(bus[key], sum(one[key] for one in told["slaves"]), delta=200 if key == "characters" else 5)

    def test_each_trouble_has_its_word(self):
        self.begin()
        self.start(self.site, sim=False)
        self.wait_states(d1="good", d2="good", d3="good", d4="refusing", d5="stranger")
        wait_until(lambda: set(self.look()["centres"][0]["backlog"].values()) == {0}, "the centre has everything")
        self.sim.ctl("fault", "d2", "silence")
        self.sim.ctl("fault", "d3", "crc")
        self.wait_states(d1="good", d2="silent", d3="garbled", d4="refusing", d5="stranger")
        told = self.look()
        self.assertEqual(4, told["wrong"])
        slaves = {one["slave"]: one for one in told["slaves"]}
        self.assertGreaterEqual(slaves["d2"]["timeouts"], 3)
        self.assertGreaterEqual(slaves["d3"]["crc"], 3)
        self.assertEqual(0, slaves["d1"]["crc"] + slaves["d1"]["timeouts"] + slaves["d1"]["exceptions"])
        refused = {"point": "r50", "function": 3, "address": 50, "code": 2}
        self.assertEqual([refused], slaves["d4"]["refused"])
        self.assertEqual(2, slaves["d4"]["last_exception"]["code"])
        self.assertEqual((0, 37), (slaves["d5"]["stranger"]["address"], slaves["d5"]["stranger"]["expected"]))
        self.assertLess(slaves["d1"]["rtt_p50_us"], 100000)
        self.assertLessEqual(slaves["d1"]["rtt_p50_us"], slaves["d1"]["rtt_p99_us"])
        self.assertEqual(200, told["buses"][0]["polls"]["normal"]["planned_ms"])
        self.check_tallies(told)
        self.assertTrue(told["centres"][0]["connected"])
        self.words()
        self.narrowed()
        self.late()
        self.in_health()
        for device in ("d2", "d3"):
            self.sim.ctl("fault", device, "none")
        self.wait_states(d1="good", d2="good", d3="good", d4="refusing", d5="stranger")
        self.gateway.stop()
        self.outpost(self.site, status=WRONG)  # nobody is there

    def words(self):
        english = self.outpost(self.site, status=WRONG)
        for sentence in (
            "4 things are wrong",
            "d2 (unit 2 on line) has not answered for",
            "d3 (unit 3 on line) answers, but nothing that holds (wrong CRC)",
            "d4 (unit 4 on line) refuses to be read (illegal address)",
            "r50 (function 3, address 50, exception 2)",
            "d5 (unit 5 on line) answers, but is not what profile honeywell-xcd describes: register 0 has",
        ):
            self.assertIn(sentence, english)
        self.assertNotIn("d1 (unit 1", english)
        self.assertNotIn("\033", english)
        names = [line.split()[0] for line in english.splitlines() if line.startswith("  d") and line[3] in "12345"]
        self.assertEqual(["d2", "d3", "d4", "d5", "d1"], names, "what is wrong comes first")
        chinese = self.outpost(self.site, status=WRONG, language="zh")
        for sentence in ("4 处异常", "无应答：请检查其供电和接线", "CRC 错误", "地址无效", "不是型号文件 honeywell-xcd 所描述的设备"):
            self.assertIn(sentence, chinese)
        plain = subprocess.run(
            [OUTPOST, "status", self.site],
            env={**os.environ, "LC_ALL": "C", "LANG": "C"},
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        ).stdout
        self.assertTrue(plain.isascii(), plain)
        self.assertIn("! d2 (unit 2 on line)", plain)

    def narrowed(self):
        told = self.look("--bus", "line")
        self.assertEqual((4, 5), (told["wrong"], len(told["slaves"])))
        self.assertNotIn("centres", told)
        self.assertIn("did you mean line", self.outpost(self.site, "--bus", "lin", status=USAGE))
        self.assertIn("did you mean --bus", self.outpost(self.site, "--buss", "line", status=USAGE))

    def late(self):
        """Answers that come after the timeout are not taken for silence; when they stop coming, it is silence again."""
        self.sim.ctl("fault", "d2", "late 150")

        def too_late(wanted):
            return lambda: {one["slave"]: one for one in self.look()["slaves"]}["d2"]["too_late"] == wanted

        wait_until(too_late(True), "d2 answers too late", 2 * PATIENCE_S)
        self.assertRegex(
            self.outpost(self.site, status=WRONG),
            r'd2 \(unit 2 on line\) answers too late \(\d+ times\): give bus line a longer "timeout"',
        )
        self.assertRegex(self.outpost(self.site, status=WRONG, language="zh"), r'应答过晚（\d+ 次）：请在站点文件中加大总线 line 的 "timeout"')
        self.sim.ctl("fault", "d2", "silence")
        wait_until(too_late(False), "d2 is silent", 2 * PATIENCE_S)
        self.assertIn("d2 (unit 2 on line) has not answered for", self.outpost(self.site, status=WRONG))

    def in_health(self):
        """The next connection brings a health message at once: it says the same."""
        self.broker.stop()
        wait_until(lambda: not self.look()["centres"][0]["connected"], "the centre is away")
        self.assertIn("centre c1 is not connected", self.outpost(self.site, status=WRONG))
        before = len(self.collector.messages("health"))
        self.broker.start()
        self.collector.wait(lambda: len(self.collector.messages("health")) > before, "health after the reconnect")
        health = self.collector.messages("health")[-1].body
        self.assertTrue(health["slaves"]["d5"]["stranger"])
        self.assertEqual(1, health["slaves"]["d4"]["refused_points"])
        self.assertGreaterEqual(health["slaves"]["d3"]["crc"], 3)
        self.assertGreaterEqual(health["slaves"]["d2"]["timeouts"], 3)
        self.assertNotIn("timeouts", health["slaves"]["d1"])
        self.assertEqual(200, health["buses"]["line"]["polls"]["normal"]["planned_ms"])
        self.assertGreater(health["buses"]["line"]["codes"]["2"], 0)
        self.assert_fine()

    def test_all_well_and_the_line_lost(self):
        site = self.tcp_site(slaves=2, points=2)
        self.site = site
        with open(PUBLISHED, encoding="utf-8") as file:
            self.published = jsonschema.Draft7Validator(json.load(file))
        self.start(site)
        self.wait_states(d1="good", d2="good")
        wait_until(lambda: self.look()["wrong"] == 0, lambda: f"all well: {self.look()}")
        self.assertIn("all is well", self.outpost(site, status=GOOD))
        self.assertIn("一切正常", self.outpost(site, status=GOOD, language="zh"))
        wait_until(lambda: "load_pct" in self.look()["buses"][0], "a load", 2 * PATIENCE_S)
        self.assertNotIn("wire_pct", self.look()["buses"][0])
        self.sim.stop()
        self.wait_states(d1="bus_lost", d2="bus_lost")
        text = self.outpost(site, status=WRONG)
        self.assertIn("bus b1 is not open, 2 slaves are behind it: 127.0.0.1 port ", text)
        self.assertIn("1 thing is wrong", text)
        self.assertEqual(1, self.look()["wrong"])
        self.assertEqual(1, sum(line.startswith(("! ", "● ")) for line in text.splitlines()), text)
        self.assertNotIn("d1 (unit", text)  # the bus says it once
        self.assertRegex(self.outpost(site, status=WRONG, language="zh"), r"总线 b1 未打开，其上 2 个从站无法读取（127\.0\.0\.1 port .*）\n")


if __name__ == "__main__":
    outpost_test.main()
