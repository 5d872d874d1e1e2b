#!/usr/bin/python3
"""Every shipped profile as an installer meets it: `outpost check` has nothing to say about a site that uses it, and the
gateway reads from the simulator, which plays the profile, what the simulator says."""

import glob
import itertools
import json
import os
import subprocess

import outpost_test
from outpost_test import OUTPOST, PATIENCE_S, ROOT, free_port, parse_site, wait_until

CHANNELS = {"gas_panel": "gas_detector"}
NUMBERS_AGREE = 1e-6


def read_profiles():
    found = {}
    for path in sorted(glob.glob(os.path.join(ROOT, "config", "profiles", "*.json"))):
        with open(path, encoding="utf-8") as file:
            profile = parse_site(file.read())
        found[profile["profile"]] = profile
    return found


def is_repeated(point):
    return isinstance(point.get("repeat"), dict)


class TestProfiles(outpost_test.Case):
    @classmethod
    def setUpClass(cls):
        cls.profiles = read_profiles()

    def devices(self, profile, slave):
        """The devices that take all a slave of this profile offers: of a panel its first channel and its own."""
        kind, points = profile["class"], profile["points"].values()
        made = []
        if not all(is_repeated(point) for point in points):
            made.append({"id": slave, "class": kind, "slaves": [slave]})
        if any(is_repeated(point) for point in points):
            made.append({"id": f"{slave}-1", "class": CHANNELS[kind], "slaves": [f"{slave}.ch1"]})
        return made

    def site(self, bus_of):
        """All profiles in one site, each on a bus of its own."""
        buses, slaves, devices = [], [], []
        for number, (name, profile) in enumerate(self.profiles.items(), 1):
            slave = {"id": name, "bus": f"b{number}", "unit": 1, "profile": name, "every": "100ms"}
            if profile.get("base") == "site":
                slave["base"] = 1000
            buses.append({"id": f"b{number}", **bus_of(profile)})
            slaves.append(slave)
            devices += self.devices(profile, name)
        return {
            "gateway": {"id": "g1"},
            "buses": buses,
            "slaves": slaves,
            "devices": devices,
            "centres": [{"id": "c1", "url": "mqtt://127.0.0.1:1883"}],
            "journal": {"dir": self.path("journal")},
        }

    def line(self, profile):
        link = profile.get("link", {})
        number = len(glob.glob(self.path("tty*")))
        with open(self.path(f"tty{number}"), "w", encoding="utf-8"):
            pass
        port = self.path(f"tty{number}")
        return {"link": "rtu", "port": port, "baud": link.get("baud", 9600), "format": link.get("format", "8N1")}

    def test_check_has_nothing_to_say(self):
        site = self.site(self.line)
        for slave in site["slaves"]:
            slave["every"] = "5s"  # a bus at 9600 baud carries that
        command = [OUTPOST, "check", self.write_site(site), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        said = json.loads(done.stdout)
        self.assertEqual([], said["complaints"], json.dumps(said, ensure_ascii=False, indent=1))
        self.assertEqual(0, done.returncode, done.stderr)

    def plays(self, reference):
        """What the simulator says a point is: a number, a truth or a word."""
        word = self.sim.ctl("get", reference).split()[1]
        if word in ("true", "false"):
            return word == "true"
        try:
            return float(word)
        except ValueError:
            return word

    def watched(self):
        _, text = self.gateway.order("watch", "--once", "--json")
        devices = json.loads(text)["devices"]
        return {f"{device['dev']}.{point['id']}": point for device in devices for point in device["points"]}

    def agree(self, point, played, read):
        """The gateway's reading is what the simulator plays, and a bad one where that is no value by the profile."""
        if "valid" in point and isinstance(played, float):
            low, high = point["valid"]
            if not low <= round((played - point.get("offset", 0)) / point.get("scale", 1)) <= high:
                return read["quality"] == "bad" and read["reason"] == "invalid"
        if read["quality"] == "bad":
            return False
        if isinstance(point.get("map"), str):  # a system of codes: the simulator plays its numbers
            return isinstance(read["value"], str)
        if isinstance(read["value"], bool):
            return read["value"] == bool(played)
        if isinstance(read["value"], (int, float)):
            return abs(read["value"] - played) <= NUMBERS_AGREE * max(1, abs(played))
        return read["value"] == (played if isinstance(played, str) else f"{played:g}")  # a floor is a text

    def test_the_gateway_reads_what_the_simulator_plays(self):
        self.start_broker()
        site = self.site(lambda profile: {"link": "tcp", "host": "127.0.0.1", "port": free_port()})
        site["centres"][0]["url"] = f"mqtt://127.0.0.1:{self.broker.port}"
        self.start(self.write_site(site))
        self.sim.ctl("fault", "*", "frozen")
        played = {}
        hearts = [f"{name}.{one['freeze']['point']}" for name, one in self.profiles.items() if "freeze" in one]
        beats = itertools.count(1)
        for name, profile in self.profiles.items():
            for id, point in profile["points"].items():
                reference = f"{name}-1.{id}" if is_repeated(point) else f"{name}.{id}"
                played[reference] = (point, self.plays(reference))

        def differences():
            for heart in hearts:  # a slave whose heart stands still is not believed
                self.sim.ctl("set", heart, next(beats))
            read = self.watched()
            return [
                f"{reference}: {value} is read as {read.get(reference)}"
                for reference, (point, value) in played.items()
                if reference not in hearts and (reference not in read or not self.agree(point, value, read[reference]))
            ]

        wait_until(lambda: not differences(), lambda: f"all points are read as they are played: {differences()[:10]}")


if __name__ == "__main__":
    outpost_test.main()
