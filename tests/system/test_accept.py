#!/usr/bin/python3
"""outpost-sim accept: the example site through real programs, handed over with a report; and all that can go wrong on the way."""

import glob
import json
import os
import re
import signal
import subprocess
import time
import unittest
import xml.etree.ElementTree as ElementTree

import jsonschema
import outpost_test
from outpost_test import OUTPOST, OUTPOST_SIM, PATIENCE_S, ROOT, Broker, Simulator, free_port, port_answers, wait_until

SHIPPED = os.path.join(ROOT, "firmware-sim", "scenarios")
LONG_S = 600
SLACK_MS = 5000  # one clock on this machine: what differs is only how long the quickest record was on its way

LEAK = {
    "scenario": "leak",
    "zh": "泄漏",
    "en": "leak",
    "roles": {"leaking": {"class": "gas_detector"}, "valve": {"interlock": True, "of": "leaking"}},
    "steps": [
        {"do": "leaking leak 60", "manual": {"zh": "在 {leaking} 处喷气", "en": "spray gas at {leaking}"}},
        {"id": "low", "expect": {"alarm": "gas.low", "of": "leaking", "event": "raised"}, "within": "2min"},
        {"id": "high", "expect": {"alarm": "gas.high", "of": "leaking", "event": "raised"}, "within": "2min"},
        {"id": "tripped", "expect": {"event": "interlock_tripped", "of": "valve"}, "within": "5s", "after": "high"},
        {"expect": {"event": "interlock_confirmed", "of": "valve"}, "within": "10s", "after": "tripped"},
        {"expect": {"telemetry": "input_1", "of": "valve", "equals": True}, "within": "20s", "after": "tripped"},
        {"order": "ack leaking gas.high"},
        {"expect": {"alarm": "gas.high", "of": "leaking", "event": "acked"}, "within": "20s"},
        {"expect": {"never": {"alarm": "comm.lost"}, "for": "1s"}},
        {"do": "leaking normal"},
    ],
}


class TestAccept(outpost_test.Case):
    def begin(self):
        """The plant lives five times as fast, and devices report often: it is not patience that is tried here."""
        devices = outpost_test.examples.load(os.path.join(ROOT, "config", "outpost.example.json"))["devices"]
        self.site_file = self.demo_site(devices=[{**device, "max_silence": "3s"} for device in devices])
        self.sim = self.own(Simulator(self.site_file, self.directory, ["--speed", "5"])).start()
        self.start(self.site_file, sim=False)

    def scenario(self, name="leak.json", **changes):
        path = self.path(name)
        with open(path, "w", encoding="utf-8") as file:
            json.dump({**LEAK, **changes}, file)
        return path

    def command(self, *words, orders=True):
        command = [OUTPOST_SIM, "accept", self.site_file, "--report", self.path("report")]
        if self.sim is not None:
            command += ["--socket", self.sim.socket]
        return command + (["--outpost", OUTPOST] if orders else []) + list(words)

    def spawn(self, *words, **more):
        """The program, and its stderr in a file that can be looked at."""
        self.said_file = self.path("accept.log")
        with open(self.said_file, "wb") as log:
            child = subprocess.Popen(
                self.command(*words, **more), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log, start_new_session=True
            )
        self.addCleanup(lambda: (child.kill(), child.wait(), child.stdin.close()))
        return child

    def said(self):
        with open(self.said_file, encoding="utf-8") as log:
            return log.read()

    def wait_said(self, pattern, seconds=PATIENCE_S):
        wait_until(lambda: re.search(pattern, self.said()), lambda: f"accept says {pattern}: {self.said()}", seconds)

    def run_to_end(self, *words, status=0, **more):
        self.assertEqual(status, self.spawn(*words, **more).wait(LONG_S), self.said())
        return self.said()

    def refused(self, status, pattern, *words, **more):
        """It ends at once and leaves no report."""
        said = self.run_to_end(*words, status=status, **more)
        self.assertRegex(said, pattern)
        self.assertFalse(os.path.exists(self.path("report.json")))

    def report(self):
        """The report, after both its forms were held against what they promise."""
        with open(self.path("report.json"), encoding="utf-8") as file:
            report = json.load(file)
        with open(os.path.join(SHIPPED, "report.schema.json"), encoding="utf-8") as file:
            jsonschema.Draft7Validator(json.load(file)).validate(report)
        with open(self.path("report.html"), encoding="utf-8") as file:
            page = file.read()
        tree = ElementTree.fromstring(page)
        text = "".join(tree.itertext())
        for device in report["devices"]:
            self.assertIn(device["id"], text)
            for value in device["identity"].values():
                self.assertIn(value, text)
        for scenario in report["scenarios"]:
            self.assertIn(scenario["scenario"] if "zh" not in scenario else scenario["zh"], text)
        self.assertIn("签字 Signatures", text)
        self.assertFalse(os.path.exists(self.path("report.json.part")))
        return report

    def results(self, report):
        return {scenario["scenario"]: scenario["result"] for scenario in report["scenarios"]}

    # --- what it is for ---

    def test_hand_over(self):
        self.begin()
        scenarios = [os.path.join(SHIPPED, f"{name}.json") for name in ("gas-leak-trip", "lift-trapped")]
        self.run_to_end("--no-drill", *(word for one in scenarios for word in ("--scenario", one)), "--bind", "lift=lift-1")
        report = self.report()
        self.assertTrue(report["passed"])
        self.assertEqual({"gas-leak-trip": "passed", "lift-trapped": "passed"}, self.results(report))
        self.assertEqual(["lift-1", "gas-kitchen", "gas-store", "valve-kitchen"], [one["id"] for one in report["devices"]])
        self.assertEqual("梯11鲁G00025(14)", report["devices"][0]["identity"]["use_cod"])
        self.assertEqual(report["sha256"], report["running_sha256"])
        self.assertFalse(report["drill"] or report["manual"] or report["stopped"])
        leak = report["scenarios"][0]
        for step in leak["steps"]:
            if step["kind"] == "expect":
                self.assertLessEqual(step["since"], step["when"])
                self.assertLessEqual(step["when"], step["arrived"] + SLACK_MS)
                self.assertLessEqual(step["took_ms"], step["within_ms"])
        self.assertIn(["gas-kitchen", "gas_lel_pct"], [[one["device"], one["point"]] for one in leak["trends"]])
        curve = next(one for one in leak["trends"] if one["point"] == "gas_lel_pct")
        self.assertGreater(max(value for _, value in curve["samples"] if value is not None), 40)
        self.assertIn(["gas-kitchen", "gas.high", "raised"], [[one["subject"], one["name"], one["state"]] for one in leak["marks"]])
        # The same numbers as an independent subscriber saw.
        high = self.collector.wait_alarm("gas-kitchen", "gas.high", "raised")
        step = next(one for one in leak["steps"] if "gas.high" in one["text"] and "raised" in one["text"])
        self.assertAlmostEqual(high.at, step["when"], delta=SLACK_MS)

    def test_jammed_valve(self):
        self.begin()
        self.sim.ctl("do", "valve-kitchen", "jam")
        self.run_to_end("--no-drill", "--scenario", self.scenario(), status=1)
        report = self.report()
        self.assertFalse(report["passed"])
        self.assertEqual({"leak": "failed"}, self.results(report))
        failed = [(one["text"], one["outcome"]) for one in report["scenarios"][0]["steps"] if one["result"] == "failed"]
        self.assertEqual(["missing", "missing"], [outcome for _, outcome in failed])
        self.assertIn("interlock_confirmed", failed[0][0])
        self.assertIn("input_1", failed[1][0])

    def test_point_that_is_bad(self):
        self.begin()
        self.collector.wait(lambda: "humidity" in self.collector.values("gas-store"), "all of gas-store was read")
        self.sim.ctl("fault", "gas-store", "silence")
        self.collector.wait(lambda: self.collector.telemetry("gas-store").get("bad"), "the gateway misses gas-store")
        steps = [{"expect": {"quality": "gas_lel_pct", "of": "leaking", "is": "no_answer"}, "within": "30s"}]
        path = self.scenario(steps=[{"do": "leaking normal"}, *steps])
        binds = ["--bind", "leaking=gas-store", "--bind", "valve=valve-kitchen"]
        self.run_to_end("--no-drill", "--scenario", path, *binds, "--wait", "45", status=1)
        report = self.report()
        self.assertEqual({"leak": "passed"}, self.results(report))
        devices = {one["id"]: one for one in report["devices"]}
        self.assertFalse(devices["gas-store"]["good"])
        self.assertIn("no_answer", {point["quality"] for point in devices["gas-store"]["points"]})
        self.assertTrue(devices["gas-kitchen"]["good"])

    def test_point_that_is_waived(self):
        """A register of the burner control holds the load, so there is no stage: right as it is, but somebody has to say so."""
        self.start_broker()
        examples = outpost_test.examples
        site = examples.private(examples.load(examples.find("boiler-room")), self.directory, self.broker.port)
        devices = [{**device, "max_silence": "2s"} for device in site["devices"]]
        self.site_file = self.write_site({**site, "devices": devices})
        self.sim = self.own(Simulator(self.site_file, self.directory)).start()
        self.start(self.site_file, sim=False)
        roles = {"boiler": {"class": "boiler_steam"}}
        steps = [{"do": "boiler normal"}, {"expect": {"never": {"alarm": "comm.lost"}, "for": "100ms"}}]
        words = ("--no-drill", "--scenario", self.scenario(roles=roles, steps=steps), "--except")
        self.refused(2, "there is no device boler-1; .*did you mean boiler-1", *words, "boler-1.burner_stage=none")
        self.refused(2, 'boiler-1 has no point "burner_stge".*did you mean burner_stage', *words, "boiler-1.burner_stge=none")
        said = self.run_to_end(*words[:-1], status=1)
        self.assertRegex(said, r"✗ boiler-1 \(1/\d+ bad .*burner_stage\)")
        self.assertIn("--except boiler-1.burner_stage=REASON", said)
        report = self.report()
        self.assertEqual((False, 0), (report["passed"], report["waived"]))
        why = "这台燃烧器为比例调节 it modulates & <has> no stages"
        said = self.run_to_end(*words, f"boiler-1.burner_stage={why}", "--except", "gas-1.gas_lel_pct=no need")
        self.assertIn(f"boiler-1.burner_stage (invalid): {why}", said)
        report = self.report()
        self.assertEqual((True, 1), (report["passed"], report["waived"]))
        points = {point["id"]: point for point in report["devices"][0]["points"]}
        self.assertEqual(("invalid", False, why), tuple(points["burner_stage"][key] for key in ("quality", "good", "waived")))
        self.assertEqual(["burner_stage"], [one for one in points if "waived" in points[one]])
        self.assertTrue(any("gas-1.gas_lel_pct" in note for note in report["notes"]), "what was waived in vain is said")
        with open(self.path("report.html"), encoding="utf-8") as file:
            self.assertEqual(2, "".join(ElementTree.fromstring(file.read()).itertext()).count(why), "in the summary and at its device")

    # --- what comes between ---

    def test_alarm_from_before(self):
        """What is to be raised is active already: it waits until that has cleared, and only then begins."""
        self.begin()
        self.sim.ctl("set", "gas-kitchen.gas_lel_pct", 25)
        self.collector.wait_alarm("gas-kitchen", "gas.low", "raised")
        low = {"expect": {"alarm": "gas.low", "of": "leaking", "event": "raised"}, "within": "20s"}
        path = self.scenario(steps=[{"set": "leaking.gas_lel_pct 25"}, low, {"set": "leaking.gas_lel_pct auto"}])
        child = self.spawn("--no-drill", "--scenario", path)
        self.wait_said("waiting until it has cleared .*: gas-kitchen gas.low")
        self.assertNotIn("→", self.said())
        self.sim.ctl("set", "gas-kitchen.gas_lel_pct", "auto")
        self.assertEqual(0, child.wait(LONG_S), self.said())
        self.assertTrue(self.report()["passed"])
        self.assertEqual(2, len(self.collector.alarms("gas-kitchen", "gas.low", "raised")))

    def test_broker_goes_and_comes_back(self):
        self.begin()
        child = self.spawn("--no-drill", "--scenario", self.scenario())
        self.wait_said("✓ alarm gas.low", LONG_S)
        self.broker.stop()  # in an orderly way: it stores what it still has to hand over
        self.wait_said("lost|cannot be reached|ended the connection")
        with open(self.path("broker", "mosquitto.db"), "rb") as stored:
            self.assertIn(b"outpost-accept-", stored.read(), "what comes before it is back waits for it")
        self.broker.start()
        self.wait_said("the broker is back")
        status = child.wait(LONG_S)
        report = self.report()
        self.assertEqual(0 if report["passed"] else 1, status, self.said())
        self.assertTrue(any("broker was away" in note for note in report["notes"]))
        self.assertIn("broker was away", report["scenarios"][0]["note"])
        high = next(one for one in report["scenarios"][0]["steps"] if "gas.high" in one["text"])
        self.assertEqual("passed", high["result"], "a record that waited for the broker counts by its own time")

    @unittest.skipUnless(outpost_test.SCALE >= 10, "a minute each: only at full size")
    def test_stopped_by_hand(self):
        self.begin()
        child = self.spawn("--no-drill", "--scenario", self.scenario())
        self.wait_said("✓ alarm gas.low", LONG_S)
        child.send_signal(signal.SIGINT)
        self.assertEqual(1, child.wait(PATIENCE_S), self.said())
        report = self.report()
        self.assertTrue(report["stopped"])
        last = report["scenarios"][0]["steps"][-1]
        self.assertEqual(("do leaking normal", "passed"), (last["text"], last["result"]))
        self.collector.wait_alarm("gas-kitchen", "gas.low", "cleared")

    # --- by hand ---

    def answer(self, child, pattern, word=""):
        """What a person is asked, and what they say to it."""
        self.wait_said(f">>> {pattern}", LONG_S)
        child.stdin.write(f"{word}\n".encode())
        child.stdin.flush()

    @unittest.skipUnless(outpost_test.SCALE >= 10, "a minute each: only at full size")
    def test_people_provoke(self):
        self.begin()
        child = self.spawn("--no-drill", "--manual", "--lang", "en", "--scenario", self.scenario(), orders=False)
        self.wait_said(">>> spray gas at gas-kitchen", LONG_S)
        self.sim.ctl("do", "gas-kitchen", "leak", 60)
        self.collector.wait_alarm("gas-kitchen", "gas.low", "raised")  # before ENTER: it counts all the same
        self.answer(child, "spray gas")
        self.wait_said(">>> outpost ack --dev gas-kitchen --alarm gas.high", LONG_S)
        self.gateway.order("ack", "--dev", "gas-kitchen", "--alarm", "gas.high")
        self.answer(child, "outpost ack")
        self.assertEqual(0, child.wait(LONG_S), self.said())
        report = self.report()
        self.assertTrue(report["manual"])
        self.assertEqual({"leak": "passed"}, self.results(report))

    @unittest.skipUnless(outpost_test.SCALE >= 10, "a minute each: only at full size")
    def test_people_skip_and_fail(self):
        self.begin()
        again = {"scenario": "again", "zh": "再来", "en": "again"}
        words = ("--scenario", self.scenario(), "--scenario", self.scenario("again.json", **again))
        child = self.spawn("--no-drill", "--manual", "--lang", "zh", *words)
        self.answer(child, "在 gas-kitchen 处喷气", "s")
        self.wait_said("(?s)>>> 在 gas-kitchen.*>>> 在 gas-kitchen", LONG_S)
        child.stdin.write(b"f\n")
        child.stdin.flush()
        self.assertEqual(1, child.wait(LONG_S), self.said())
        self.assertEqual({"leak": "skipped", "again": "failed"}, self.results(self.report()))

    # --- what it refuses ---

    def test_records_that_are_real(self):
        self.begin()
        self.refused(2, "--no-drill", "--scenario", self.scenario())
        self.assertEqual([], self.collector.alarms(event="raised"))

    def test_in_a_drill(self):
        """As it is meant: the gateway is told, and then nothing has to be said to the accept program."""
        self.begin()
        said = self.run_to_end("--scenario", self.scenario(), status=2)
        command = re.search(r"`outpost (drill) \S+ (--all) (--for) (\d+m)`", said).groups()
        self.gateway.order(*command)
        self.run_to_end("--scenario", self.scenario())
        report = self.report()
        self.assertTrue(report["drill"] and report["passed"])
        self.assertEqual({"leak": "passed"}, self.results(report))
        self.assertTrue(self.collector.wait_alarm("gas-kitchen", "gas.high", "raised").test)
        self.gateway.order("drill", "--end")
        self.collector.wait(lambda: self.collector.events("drill_ended"), "drill_ended")

    def test_drill_needs_no_word(self):
        """What a gateway in a drill would publish: its records carry the mark."""
        self.site_file = self.demo_site()
        with open(self.site_file, encoding="utf-8") as file:
            devices = [device["id"] for device in json.load(file)["devices"]]

        def publish(topic, **body):
            message = json.dumps({"gw": "demo-0001", "at": int(time.time() * 1000), **body})
            self.collector.client.publish(f"outpost/v1/demo-0001/{topic}", message, 1, retain=True).wait_for_publish(PATIENCE_S)

        publish("status", online=True)
        for number, dev in enumerate(devices):
            publish(f"registry/{dev}", dev=dev, cls="io", points={}, alarms={})
            publish(f"telemetry/{dev}", lane="t", stream="x", seq=number, dev=dev, values={}, bad={}, test=dev != "gas-store")
        quiet = [{"do": "leaking normal"}, {"expect": {"never": {"alarm": "comm.lost"}, "for": "100ms"}}]
        words = ("--manual", "--scenario", self.scenario(steps=quiet), "--bind")
        self.refused(2, "gas-store is not in a drill", *words, "leaking=gas-store")
        self.run_to_end(*words, "leaking=gas-kitchen")
        report = self.report()
        self.assertTrue(report["drill"] and report["passed"])

    def test_bad_words(self):
        self.site_file = self.demo_site()
        leak = self.scenario()
        for pattern, words in (
            ("unrecognized option", ["--loud"]),
            ("no value", ["--wait", "soon"]),
            ("no value", ["--lang", "fr"]),
            ("no value", ["--bind", "leaking"]),
            ("one file at a time", ["another.json"]),
            ("mqtt://host:1883", ["--centre", "http://127.0.0.1"]),
            ("mqtt://host:1883", ["--centre", "mqtt://127.0.0.1:99999"]),
            ("there is no scenario", ["--scenario", "unheard-of"]),
            ("No such file", ["--scenario", self.path("none.json")]),
            ("no password", ["--password-file", self.path("none")]),
            ("no scenario has such a role", ["--scenario", leak, "--bind", "pump=gas-store"]),
            ("gas-99", ["--scenario", leak, "--bind", "leaking=gas-99"]),
            ("--report", ["--scenario", leak, "--report", self.path("none", "report")]),
        ):
            with self.subTest(words):
                self.refused(2, pattern, *words)
        self.assertIn("--password-file", subprocess.check_output([OUTPOST_SIM, "accept", "--help"], text=True))

    def test_nobody_there(self):
        self.site_file = self.demo_site()
        self.refused(1, "no simulator at .*--manual", "--scenario", self.scenario())
        self.run_to_end("--manual", "--no-drill", "--wait", "1", "--scenario", self.scenario(), status=1)
        report = self.report()
        self.assertEqual({"leak": "skipped"}, self.results(report))
        self.assertTrue(any("not online" in note for note in report["notes"]))
        self.assertFalse(any(device["good"] for device in report["devices"]))

    # --- an account that may not read ---

    def with_broker(self, name, **settings):
        """A second broker, with these lines in its configuration."""
        strict = Broker(self.path(name))
        path = self.path(name, "mosquitto.conf")
        with open(path, encoding="ascii") as file:
            conf = file.read()
        with open(path, "w", encoding="ascii") as file:
            file.write(conf + "".join(f"{key} {value}\n" for key, value in settings.items()))
        return self.own(strict).start()

    def not_allowed(self, broker, *account):
        return self.run_to_end(
            "--manual", "--no-drill", "--wait", "3", "--scenario", self.scenario(), "--centre", f"mqtt://127.0.0.1:{broker.port}",
            *account, status=1,
        )  # fmt: skip

    def test_broker_that_says_nothing(self):
        """With an acl_file mosquitto takes the subscription and hands out nothing."""
        self.site_file = self.demo_site()
        with open(self.path("acl"), "w", encoding="ascii") as file:
            file.write("topic readwrite other/#\n")
        said = self.not_allowed(self.with_broker("strict", acl_file=self.path("acl")))
        self.assertIn("listening at the broker", said)
        self.assertIn("may this account read outpost/v1/demo-0001/#?", said)
        self.assertTrue(any("may the account read" in note for note in self.report()["notes"]))

    def test_broker_that_refuses(self):
        """With its plugin for roles it refuses the subscription."""
        plugins = glob.glob("/usr/lib/*/mosquitto_dynamic_security.so") + glob.glob("/usr/lib/mosquitto_dynamic_security.so")
        self.site_file = self.demo_site()
        roles = self.path("roles.json")
        subprocess.run(["mosquitto_ctrl", "dynsec", "init", roles, "someone", "secret"], check=True, capture_output=True)
        with open(roles, encoding="utf-8") as file:
            accounts = json.load(file)
        accounts["clients"][0]["roles"] = []
        with open(roles, "w", encoding="utf-8") as file:
            json.dump(accounts, file)
        with open(self.path("password"), "w", encoding="ascii") as file:
            file.write("secret\n")
        strict = self.with_broker("strict", plugin=plugins[0], plugin_opt_config_file=roles)
        said = self.not_allowed(strict, "--username", "someone", "--password-file", self.path("password"))
        self.assertRegex(said, "does not let us read the gateway's topics; give its account the right to: Not authorized")
        self.assertNotIn("listening at the broker", said)
        self.assertTrue(any("never let us listen" in note for note in self.report()["notes"]))

    # --- TLS and passwords ---

    def start_secure(self):
        self.certificates()
        secure = Broker(self.path("secure"))
        self.tls_port = free_port()
        with open(self.path("passwords"), "w", encoding="ascii") as file:
            file.write("centre:very secret\n")
        subprocess.run(["mosquitto_passwd", "-U", self.path("passwords")], check=True, timeout=PATIENCE_S)
        with open(self.path("secure", "mosquitto.conf"), encoding="ascii") as file:
            conf = file.read().replace("allow_anonymous true", f"allow_anonymous false\npassword_file {self.path('passwords')}")
        with open(self.path("secure", "mosquitto.conf"), "w", encoding="ascii") as file:
            file.write(f"{conf}listener {self.tls_port} 127.0.0.1\ncertfile {self.path('b.crt')}\nkeyfile {self.path('b.key')}\n")
        self.own(secure).start()
        wait_until(lambda: port_answers(self.tls_port), "the broker listens with TLS")

    def test_secure_broker(self):
        self.site_file = self.demo_site()
        self.start_secure()
        with open(self.path("right"), "w", encoding="ascii") as file:
            file.write("very secret\r\n")
        with open(self.path("wrong"), "w", encoding="ascii") as file:
            file.write("guess\n")
        for host, ca, password, expected in (
            ("127.0.0.1", "ca.crt", "right", "listening at the broker"),
            ("127.0.0.1", "other.crt", "right", "cannot be reached, or refuses: .*certificate"),
            ("127.0.0.1", "ca.crt", "wrong", "refuses: Not authorized"),
            ("localhost", "ca.crt", "right", "cannot be reached, or refuses"),
        ):
            with self.subTest(expected):
                said = self.run_to_end(
                    "--manual", "--no-drill", "--wait", "3", "--scenario", self.scenario(), "--ca-file", self.path(ca),
                    "--centre", f"mqtts://{host}:{self.tls_port}", "--username", "centre", "--password-file", self.path(password),
                    status=1,
                )  # fmt: skip
                self.assertRegex(said, expected)
                self.assertEqual(expected.startswith("listening"), "listening at the broker" in said)


if __name__ == "__main__":
    outpost_test.main()
