#!/usr/bin/python3
"""The command line as a person and as a program meet it: words, exit statuses, the local socket, signals."""

import ctypes
import json
import os
import re
import signal
import socket
import sqlite3
import ssl
import stat
import subprocess
import zlib

import outpost_test
from outpost_test import OUTPOST, PATIENCE_S, Gateway, free_port, wait_until

VERBS = ["run", "check", "plan", "status", "watch", "alarms", "read", "ack", "silence", "reset", "shelve", "unshelve", "service"]
VERBS += ["drill", "profile", "class", "version", "help"]
PROFILES = os.path.join(outpost_test.ROOT, "config", "profiles")
GOOD, WRONG, USAGE = 0, 1, 2


def has_chinese(text):
    return any("\u4e00" <= character <= "\u9fff" for character in text)


class CommandLine(outpost_test.Case):
    def outpost(self, *words, status=GOOD, environment=None):
        """stdout, stderr of `outpost WORDS`; the exit status must be this one."""
        plain = {"LANG": "C.UTF-8", "LC_ALL": "", "TERM": "xterm", "PATH": os.environ["PATH"]}
        done = subprocess.run(
            [OUTPOST, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
            env={**plain, **{key: value for key, value in os.environ.items() if "SAN_OPTIONS" in key}, **(environment or {})},
        )
        self.assertEqual(status, done.returncode, f"outpost {' '.join(words)}\n{done.stdout}{done.stderr}")
        return done.stdout, done.stderr

    def lonely_site(self, **changes):
        """A gateway whose bus and centre do not answer: its bus.lost and comm.lost come by themselves."""
        device = {"id": "d1", "bus": "b1", "unit": 1, "class": "generic", "every": "100ms"}
        device["alarms"] = {"comm.lost": {"on_delay": "0s"}}
        device["points"] = {"r0": {"function": "holding", "address": 0, "type": "u16"}}
        site = {
            "gateway": {"id": "g1", "name": "演示", "time_zone": "Asia/Shanghai"},
            "buses": [{"id": "b1", "link": "tcp", "host": "127.0.0.1", "port": free_port()}],
            "devices": [device],
            "centres": [{"id": "c1", "url": f"mqtt://127.0.0.1:{free_port()}"}],
            "journal": {"dir": "journal"},
        }
        return self.write_site({**site, **changes})

    def run_gateway(self, site, starts=1):
        self.gateway = self.own(Gateway(site, self.directory)).start()
        self.wait_starts(starts)
        return self.gateway

    def wait_starts(self, count):
        self.gateway.wait_ready(lambda: self.gateway.output().count("outpost: ready\n") == count, f"is ready {count} times")


class Words(CommandLine):
    def test_help_is_everywhere_and_in_both_languages(self):
        for verb in VERBS:
            english, _ = self.outpost(verb, "--help")
            self.assertIn(f"usage: outpost {verb}", english)
            for part in ("options\n", "exit status\n", "examples\n", "--lang zh|en"):
                self.assertIn(part, english, verb)
            self.assertFalse(has_chinese(english), verb)
            self.assertTrue(english.isascii(), verb)
            chinese, _ = self.outpost(verb, "--help", "--lang", "zh")
            self.assertTrue(has_chinese(chinese), verb)
            for text in (english, chinese):
                width = max(sum(2 if ord(c) > 0x2E80 else 1 for c in line) for line in text.splitlines())
                self.assertLessEqual(width, 120, verb)
            self.assertEqual(english, self.outpost("help", verb)[0])
            self.assertEqual(english, self.outpost(verb, "-h")[0])

    def test_overview(self):
        text, _ = self.outpost("--help")
        for verb in VERBS:
            self.assertIn(f"  {verb} ", text)
        self.assertEqual(text, self.outpost("help")[0])
        self.assertEqual(text, self.outpost(status=USAGE)[0])

    def test_the_environment_chooses_the_language(self):
        self.assertTrue(has_chinese(self.outpost("help", environment={"LANG": "zh_CN.UTF-8"})[0]))
        self.assertTrue(has_chinese(self.outpost("--lang", "zh", "help")[0]))
        self.assertFalse(has_chinese(self.outpost("help", environment={"LANG": "zh_CN.UTF-8", "LC_ALL": "en_US.UTF-8"})[0]))
        self.assertTrue(self.outpost("help", environment={"LANG": "zh_CN.GB18030"})[0].isascii())
        self.assertTrue(self.outpost("help", "--lang", "en", environment={"LANG": "zh_CN.UTF-8"})[0].isascii())

    def test_wrong_usage_gets_a_suggestion(self):
        for words, wanted in (
            (["chekc"], "did you mean check?"),
            (["frobnicate"], "outpost help"),
            (["check", "--jsno"], "did you mean --json?"),
            (["run", "--json"], "not an option of `run`"),
            (["check", "a", "b"], "one argument too many"),
            (["ack", "--dev"], "wants a value"),
            (["ack"], "--dev, --alarm, or --all"),
            (["ack", "--all", "--dev", "x"], "--dev, --alarm, or --all"),
            (["reset"], "--dev, --alarm, or --all"),
            (["check", "--lang", "fr"], "zh or en"),
            (["help", "frobnicate"], "no verb frobnicate"),
            (["profile"], "outpost profile --help"),
            (["profile", "shwo"], "did you mean show?"),
            (["profile", "show"], "usage: outpost profile show NAME|FILE"),
            (["profile", "show", "a", "b"], "usage: outpost profile show NAME|FILE"),
            (["profile", "check"], "usage: outpost profile check FILE"),
            (["class", "list", "lift"], "usage: outpost class list"),
            (["class", "list", "--json", "--markdown"], "not both"),
            (["class", "show", "--once"], "not an option of `class`"),
            (["check", ""], "empty"),
        ):
            out, err = self.outpost(*words, status=USAGE)
            self.assertEqual("", out, words)
            self.assertIn(wanted, err, words)
        self.assertIn("是否指 check", self.outpost("chekc", "--lang", "zh", status=USAGE)[1])

    def test_version(self):
        self.assertRegex(self.outpost("version")[0], r"^outpost \S+\n")
        self.assertEqual(self.outpost("version"), self.outpost("--version"))
        told = json.loads(self.outpost("version", "--json")[0])
        self.assertEqual(self.outpost("version")[0].split("\n")[0], "outpost " + told["version"])

    def test_version_of_each_library(self):
        """What is linked, and what is loaded later, as somebody else sees it who has the same ones."""
        told = json.loads(self.outpost("version", "--json")[0])["libraries"]
        needed = subprocess.run(["ldd", OUTPOST], capture_output=True, text=True, check=True).stdout
        linked = re.findall(r"^\s*lib(\w+)\S* => (\S+)", needed, re.M)
        names = {"sqlite3": "sqlite", "z": "zlib", "md": "libmd", "c": "glibc", "m": "glibc", "modbus": "libmodbus"}
        compilers = ("asan", "ubsan", "tsan", "gcc_s", "stdc", "dl", "pthread", "rt", "resolv")
        used = {names.get(name, name) for name, _ in linked if name not in compilers}
        self.assertEqual(used | {"paho-mqtt-c", "libcrypto"}, set(told))
        modbus = ctypes.CDLL("libmodbus.so.5")
        parts = [ctypes.c_uint.in_dll(modbus, f"libmodbus_version_{part}").value for part in ("major", "minor", "micro")]
        self.assertEqual(".".join(map(str, parts)), told["libmodbus"])
        self.assertEqual(sqlite3.sqlite_version, told["sqlite"])
        self.assertEqual(zlib.ZLIB_RUNTIME_VERSION, told["zlib"])
        self.assertEqual(ssl.OPENSSL_VERSION, told["libcrypto"])
        self.assertEqual(os.confstr("CS_GNU_LIBC_VERSION"), "glibc " + told["glibc"])
        self.assertEqual(os.path.basename(os.path.realpath(dict(linked)["md"])), told["libmd"])
        self.assertRegex(told["paho-mqtt-c"], r"^1\.3\.\d+$")
        self.assertRegex(told["cjson"], r"^1\.\d+\.\d+$")


class Check(CommandLine):
    def test_a_good_file(self):
        site = self.lonely_site()
        self.assertIn("1 devices, 1 points", self.outpost("check", site)[0])
        told = json.loads(self.outpost("check", site, "--json")[0])
        self.assertEqual((True, 0), (told["ok"], told["errors"]))
        self.assertEqual(1, told["summary"]["devices"])
        self.assertGreaterEqual(told["summary"]["rules"], 2)  # comm.lost, bus.lost
        self.assertTrue(has_chinese(self.outpost("check", site, "--lang", "zh")[0]))

    def test_a_bad_file(self):
        site = self.lonely_site(devcies=[], journal={"dir": 7})
        out, _ = self.outpost("check", site, status=WRONG)
        self.assertRegex(out, r"site\.json:\d+:\d+: ")
        self.assertIn("devices", out)  # the suggestion
        told = json.loads(self.outpost("check", site, "--json", status=WRONG)[0])
        self.assertFalse(told["ok"])
        self.assertEqual(told["errors"], sum(not one["warning"] for one in told["complaints"]))
        self.assertGreaterEqual(told["errors"], 2)
        for one in told["complaints"]:
            self.assertTrue(one["code"] and one["text"] and one["line"] > 0 and one["column"] > 0, one)
        self.assertNotIn("summary", told)

    def test_no_file(self):
        self.assertIn("nowhere.json", "".join(self.outpost("check", self.path("nowhere.json"), status=WRONG)))
        self.outpost("check", self.directory, status=WRONG)


class Profile(CommandLine):
    def test_list(self):
        out, _ = self.outpost("profile", "list", PROFILES)
        self.assertRegex(out, r"(?m)^  honeywell-xcd +gas_detector +Honeywell .* documented .*/profiles$")
        told = json.loads(self.outpost("profile", "list", PROFILES, "--json")[0])["profiles"]
        self.assertEqual(sorted(f[:-5] for f in os.listdir(PROFILES)), [one["name"] for one in told])
        self.assertTrue(all(one["errors"] == 0 and one["points"] > 0 for one in told))
        self.assertTrue(has_chinese(self.outpost("profile", "list", PROFILES, "--lang", "zh")[0]))
        # Of two of one name the first counts; one with mistakes is listed too.
        self.write_site({"profile": "di-8ch"}, "di-8ch.json")
        out, _ = self.outpost("profile", "list", self.directory, PROFILES, status=WRONG)
        self.assertRegex(out, rf"(?m)^  di-8ch .* {re.escape(self.directory)}$")

    def test_show(self):
        out, _ = self.outpost("profile", "show", os.path.join(PROFILES, "honeywell-xcd.json"))
        self.assertRegex(out, r"(?m)^  gas_lel_pct +holding +2 +0x0002 +40003 +f32 ABCD .*%\{LEL\}.* 10 lo = 5 +safety ")
        self.assertIn("recognised by: holding 0 hi = 37", out)
        self.assertFalse(has_chinese(out))
        self.assertTrue(has_chinese(self.outpost("profile", "show", os.path.join(PROFILES, "di-8ch.json"), "--lang", "zh")[0]))
        told = json.loads(self.outpost("profile", "show", os.path.join(PROFILES, "honeywell-xcd.json"), "--json")[0])
        points = {one["id"]: one for one in told["points"]}
        self.assertEqual(("gas_detector", "Honeywell"), (told["class"], told["vendor"]))
        warning = tuple(points["warning_dev"][key] for key in ("function", "address", "reference", "bits"))
        self.assertEqual(("holding", 5, "40006", "4"), warning)
        self.assertEqual((1, 0), (points["gas_lel_pct"]["scale"], points["gas_lel_pct"]["offset"]))

    def test_base_and_channels(self):
        profile = {"profile": "p", "class": "gas_panel", "base": 9995, "repeat": {"count": 3, "step": 2}}
        profile["points"] = {"gas_lel_pct": {"function": "input", "address": 5, "type": "u16", "scale": 0.1, "offset": -10}}
        out, _ = self.outpost("profile", "show", self.write_site(profile, "p.json"))
        self.assertRegex(out, r"gas_lel_pct +input +10000 +0x2710 +310001 +u16 .* 0\.1 - 10 .*3, \+2 ")
        self.assertIn("channels: 3", out)

    def test_there_is_none(self):
        self.outpost("profile", "show", "frobnicator", status=WRONG)
        out, err = self.outpost("profile", "show", self.path("nowhere.json"), status=WRONG)
        self.assertEqual("", out)
        self.assertIn("nowhere.json", err)
        self.assertIn("没有型号文件", self.outpost("profile", "show", "frobnicator", "--lang", "zh", status=WRONG)[1])

    def test_check(self):
        files = [os.path.join(PROFILES, one) for one in sorted(os.listdir(PROFILES))]
        self.assertEqual(("", ""), self.outpost("profile", "check", *files))
        told = json.loads(self.outpost("profile", "check", files[0], "--json")[0])
        self.assertEqual((True, 0), (told["ok"], told["errors"]))
        bad = self.write_site({"profile": "bad", "class": "lift", "points": {"door_zone": {"function": "coil"}}}, "bad.json")
        out, _ = self.outpost("profile", "check", files[0], bad, status=WRONG)
        self.assertRegex(out, r"bad\.json:\d+:\d+: ")
        self.assertNotIn(files[0], out)
        told = json.loads(self.outpost("profile", "check", bad, "--json", status=WRONG)[0])
        self.assertEqual((False, len(told["complaints"])), (told["ok"], told["errors"] + told["warnings"]))
        # What was understood of it is shown all the same.
        out, err = self.outpost("profile", "show", bad, status=WRONG)
        self.assertIn("bad.json", err)
        self.outpost("profile", "check", self.path("nowhere.json"), status=WRONG)


class DeviceClass(CommandLine):
    def test_list_and_show(self):
        out, _ = self.outpost("class", "list")
        told = json.loads(self.outpost("class", "list", "--json")[0])["classes"]
        for one in told:
            self.assertRegex(out, rf"(?m)^  {one['id']} ")
            shown = json.loads(self.outpost("class", "show", one["id"], "--json")[0])
            for part in ("points", "alarms", "settings"):
                self.assertEqual(one[part], len(shown[part]), one["id"])
            self.assertTrue(has_chinese(shown["zh"]) and shown["en"].isascii())
        plain, _ = self.outpost("class", "show", "gas_detector", environment={"LANG": "C"})
        self.assertTrue(plain.isascii())
        self.assertIn("gas_lel_pct >= 40 %{LEL}", plain)
        self.assertIn("gas_lel_pct ≥ 40 %{LEL}", self.outpost("class", "show", "gas_detector")[0])
        self.assertNotIn("?", self.outpost("class", "show", "gas_detector", "--markdown", environment={"LANG": "C"})[0])
        self.assertIn("did you mean lift?", self.outpost("class", "show", "lfit", status=WRONG)[1])


class Running(CommandLine):
    def test_refused(self):
        bad = self.write_site({"gateway": 7}, "bad.json")
        out, err = self.outpost("run", bad, status=WRONG)
        self.assertEqual("", out)
        self.assertIn("bad.json:", err)
        for directory, wanted in (("/proc/nowhere", "/proc/nowhere"), ("site.json", "not a directory")):
            self.assertIn(wanted, self.outpost("run", self.lonely_site(journal={"dir": directory}), status=WRONG)[1])
        out, err = self.outpost("run", self.lonely_site(), "--socket", "/tmp/" + "x" * 120, status=WRONG)
        self.assertIn("107", err)

    def test_only_one_gateway_on_a_journal(self):
        gateway = self.run_gateway(self.lonely_site())
        out, err = self.outpost("run", gateway.site_file, status=WRONG)
        self.assertNotIn("ready", out)
        self.assertIn(f"another gateway (process {gateway.pid})", err)
        self.assertNotIn("outpost.lock", os.listdir(gateway.journal_directory))
        self.assertTrue(gateway.alive())
        self.outpost("alarms", gateway.site_file)  # and its socket is still its own
        self.assertEqual(0, gateway.stop())
        self.run_gateway(gateway.site_file)

    def test_killed_and_started_again(self):
        gateway = self.run_gateway(self.lonely_site())
        gateway.kill()
        self.assertTrue(os.path.exists(gateway.socket))
        self.assertIn("no gateway is running", self.outpost("alarms", gateway.site_file, status=WRONG)[1])
        self.run_gateway(gateway.site_file)
        self.outpost("alarms", gateway.site_file)

    def test_term_and_int_end_it_in_order(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            gateway = self.run_gateway(self.lonely_site())
            os.kill(gateway.pid, number)
            self.assertEqual(0, gateway.child.wait(PATIENCE_S))
            self.assertFalse(os.path.exists(gateway.socket))
            self.assertIn("outpost: stopped", gateway.output())

    def test_hup_with_a_good_file(self):
        site = self.lonely_site()
        gateway = self.run_gateway(site)
        with open(site, encoding="utf-8") as file:
            changed = json.load(file)
        changed["gateway"]["name"] = "anew"
        self.write_site(changed)
        os.kill(gateway.pid, signal.SIGHUP)
        self.wait_starts(2)
        self.assertEqual("anew", json.loads(self.outpost("watch", site, "--once", "--json")[0])["name"])
        self.assertEqual(0, gateway.stop())  # the same process: same pid

    def test_hup_with_a_bad_file(self):
        site = self.lonely_site()
        gateway = self.run_gateway(site)
        with open(site, "w", encoding="utf-8") as file:
            file.write('{"gateway": 7}')
        os.kill(gateway.pid, signal.SIGHUP)
        gateway.wait_ready(lambda: "going on with the old one" in gateway.output(), "refuses the file")
        self.assertRegex(gateway.output(), r"site\.json:\d+:\d+: ")
        self.assertEqual(1, gateway.output().count("outpost: ready\n"))
        # While the file is spoiled the operator is still heard, by the name of the socket at least.
        told = json.loads(self.outpost("watch", site, "--once", "--json", "--socket", gateway.socket)[0])
        self.assertEqual("演示", told["name"])

    def test_service_manager(self):
        path = self.path("notify.sock")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(path)
            manager.settimeout(PATIENCE_S)
            gateway = self.own(Gateway(self.lonely_site(), self.directory))
            gateway.environment = {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "2000000"}
            gateway.start()
            self.assertEqual(b"READY=1", manager.recv(100))
            self.assertEqual(b"WATCHDOG=1", manager.recv(100))
            self.assertEqual(b"WATCHDOG=1", manager.recv(100))
            gateway.child.terminate()
            heard = b"WATCHDOG=1"
            while heard == b"WATCHDOG=1":
                heard = manager.recv(100)
            self.assertEqual(b"STOPPING=1", heard)
            self.assertEqual(0, gateway.child.wait(PATIENCE_S))


class Socket(CommandLine):
    def ask(self, line, gateway):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(gateway.socket)  # blocks while the gateway has others to let in
            client.settimeout(PATIENCE_S)
            client.sendall(line)
            answer = b""
            while not answer.endswith(b"\n"):
                part = client.recv(65536)
                if not part:
                    break
                answer += part
        return json.loads(answer.splitlines()[0])

    def test_permissions(self):
        gateway = self.run_gateway(self.lonely_site())
        self.assertEqual(0o660, stat.S_IMODE(os.stat(gateway.socket).st_mode))
        self.assertEqual(0o750, stat.S_IMODE(os.stat(gateway.journal_directory).st_mode))

    def test_hostile_lines(self):
        gateway = self.run_gateway(self.lonely_site())
        for line, code in (
            (b"\n", "not_json"),
            (b"GET / HTTP/1.1\r\n\r\n", "not_json"),
            (b"\xff\xfe\x00\x01\n", "not_json"),
            (b"[" * 4000 + b"\n", "not_json"),
            (b"x" * 5000, "too_long"),
            (b'{"verb":"write"}\n', "unknown_verb"),
            (b'{"verb":"ack","all":true,"order":1}\n', "unknown_key"),
            (b'{"verb":"ack","dev":"d2"}\n', "unknown_dev"),
            (b'{"verb":"ack","dev":"d1","alarm":"com.lost"}\n', "unknown_alarm"),
        ):
            answer = self.ask(line, gateway)
            self.assertEqual((False, code), (answer["ok"], answer["code"]), line[:40])
            self.assertTrue(answer["why"])
        # People who only hold a place keep nobody out for long, and a gateway with a full table goes on.
        idle = [socket.socket(socket.AF_UNIX) for _ in range(40)]
        for one in idle:
            one.connect(gateway.socket)
        for one in idle:
            one.close()
        wait_until(lambda: self.ask(b'{"verb":"status"}\n', gateway)["ok"], "places are free again")

    def test_alarms_and_their_acknowledgement(self):
        site = self.lonely_site()
        gateway = self.run_gateway(site)

        def alarms():
            told = json.loads(self.outpost("alarms", site, "--json")[0])
            return {(one["dev"], one["alarm"]): one["state"] for one in told["alarms"]}

        lost = ("b1", "bus.lost")
        wait_until(lambda: alarms().get(lost) == "UNACK" and ("d1", "comm.lost") in alarms(), lambda: f"alarms: {alarms()}")
        for language in ("zh", "en"):
            text, _ = self.outpost("alarms", site, "--lang", language)
            self.assertIn("bus.lost", text)
            self.assertEqual(language == "zh", has_chinese(text))
        plain, _ = self.outpost("alarms", site, environment={"LANG": "C"})
        self.assertTrue(plain.isascii())
        _, err = self.outpost("reset", site, "--dev", "b1", status=WRONG)
        self.assertIn("refused", err)
        self.assertIn("did you mean d1", self.outpost("ack", site, "--dev", "d2", status=WRONG)[1])
        self.assertIn("acknowledged: 1", self.outpost("ack", site, "--dev", "b1", "--alarm", "bus.lost", "--why", "seen")[0])
        wait_until(lambda: alarms()[lost] == "ACKED", "acknowledged")
        self.assertEqual("UNACK", alarms()[("d1", "comm.lost")])
        told = json.loads(self.outpost("ack", site, "--all", "--json")[0])
        self.assertEqual((True, 1), (told["ok"], told["count"]))
        self.assertTrue(gateway.alive())

    def test_watch(self):
        site = self.lonely_site()
        gateway = self.run_gateway(site)
        text, _ = self.outpost("watch", site, "--once")
        self.assertIn("g1 演示", text)
        self.assertIn("r0", text)
        self.assertIn("--", text)  # nothing read: no number
        self.assertNotIn("\033", text)
        told = json.loads(self.outpost("watch", site, "--once", "--json")[0])
        point = told["devices"][0]["points"][0]
        self.assertEqual(("r0", "bad"), (point["id"], point["quality"]))
        self.assertNotIn("value", point)
        self.assertEqual("c1", told["centres"][0]["centre"])
        # Line after line, until the gateway ends.
        with subprocess.Popen([OUTPOST, "watch", site, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as watch:
            lines = [json.loads(watch.stdout.readline()) for _ in range(2)]
            self.assertLess(lines[0]["at"], lines[1]["at"])
            gateway.stop()
            self.assertEqual(WRONG, watch.wait(PATIENCE_S))


if __name__ == "__main__":
    outpost_test.main()
