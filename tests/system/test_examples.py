#!/usr/bin/python3
"""The example sites: each is what a person may copy, so `outpost check` has nothing to say about it, the schema takes it, and
with simulator, gateway and broker every device of it reads well, raises an alarm and comes back.

Each story is told on a stage and in a process of its own, all at the same time: they mostly wait for alarms to end.
`test_examples.py Story.boiler_room` tells one of them."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import jsonschema

import outpost_test
from outpost_test import OUTPOST, PATIENCE_S, ROOT, Process, wait_until

sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
import examples  # noqa: E402

STORY_S = 10 * PATIENCE_S
PLANT_SPEED = 10  # gas spreads, water sinks and comes back as many times faster; the gateway's own times stay what they are

# Points that are read and rightly have no value: which, why.
WITHOUT_VALUE = {
    "burner_stage": "invalid",  # siemens-lmv3: the register holds a load in %, so there is no stage
}


def outpost(*words):
    done = subprocess.run([OUTPOST, *words], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    return done.returncode, done.stdout, done.stderr


def read_points(cls):
    """{point: whether it is always read} of a class."""
    return {one["id"]: one["source"] == "read" for one in json.loads(outpost("class", "show", cls, "--json")[1])["points"]}


class Files(outpost_test.Case):
    def test_nothing_to_complain_about(self):
        with open(os.path.join(ROOT, "config", "outpost.schema.json"), encoding="utf-8") as file:
            schema = jsonschema.Draft7Validator(json.load(file))
        self.assertGreaterEqual(len(examples.all_files()), 4)
        for path in examples.all_files():
            site = examples.load(path)
            copy = examples.write(site, self.directory, os.path.basename(path))  # beside the profiles of this tree
            status, out, err = outpost("check", copy, "--json")
            self.assertEqual((0, ""), (status, err), out)
            self.assertEqual([], json.loads(out)["complaints"], path)
            self.assertEqual([], [error.message for error in schema.iter_errors(site)], path)
            with open(path, encoding="utf-8") as file:
                comments = [line for line in file if line.strip().startswith("//")]
            self.assertTrue(any("\u4e00" <= c <= "\u9fff" for line in comments for c in line), f"{path}: 中文")


class Story(outpost_test.Case):
    def stage(self, name):
        """Broker, collector, simulator and gateway on a copy of that example."""
        self.start_broker()
        site = examples.private(examples.load(examples.find(name)), self.directory, self.broker.port)
        for device in site["devices"]:
            device["max_silence"] = "2s"  # what is read seldom is seen soon
        file = examples.write(site, self.directory)
        self.start(file)
        return site

    def watch(self):
        """The gateway's own account, asked locally."""
        status, out, err = outpost("watch", self.gateway.site_file, "--once", "--json")
        self.assertEqual(0, status, err)
        return json.loads(out)

    def lacking(self, dev, read):
        """Why what the broker has of this device is not yet all of it, and good; None when it is."""
        told = self.collector.telemetry(dev)
        values, bad, uncertain = (told.get(key, {}) for key in ("values", "bad", "uncertain"))
        wrong = {point: bad[point] for point in read & set(bad) if WITHOUT_VALUE.get(point) != bad[point]}
        missing = read - set(values) - set(WITHOUT_VALUE)
        doubtful = read & set(uncertain)
        return f"{dev}: bad {wrong}, missing {missing}, uncertain {doubtful}" if wrong or missing or doubtful else None

    def wait_all_read_well(self, site):
        """Telemetry of every device, with a good value of every point that is read."""
        always = {cls: read_points(cls) for cls in {examples.class_of(site, device) for device in site["devices"]}}
        points = {one["dev"]: {point["id"] for point in one["points"]} for one in self.watch()["devices"]}
        read = {}
        for device in site["devices"]:
            of_class = always[examples.class_of(site, device)]
            read[device["id"]] = {point for point in points[device["id"]] if of_class.get(point, True)}
            self.assertTrue(read[device["id"]], device["id"])

        def lacking():
            return [one for one in (self.lacking(dev, wanted) for dev, wanted in read.items()) if one]

        wait_until(lambda: not lacking(), lambda: f"{lacking()[:5]}")
        self.assertEqual([], self.watch()["alarms"], "nothing is wrong at a healthy site")

    def round_trip(self, site, dev, action, alarm, remedy):
        """Raised, seen, acknowledged, cleared, reset; a valve that closed for it is open again."""
        self.sim.ctl("do", dev, *action)
        raised = self.collector.wait_alarm(dev, alarm, "raised")
        self.assertEqual("UNACK", raised.state)
        valves = examples.valves_of(site, dev)
        for interlock, _, _ in valves:
            wait_until(lambda one=interlock: self.seen(one, "interlock_confirmed"), f"{interlock} confirmed")
        self.gateway.order("ack", "--dev", dev, "--by", "tester")
        self.collector.wait_alarm(dev, alarm, "acked")
        self.sim.ctl("do", dev, *remedy)
        self.collector.wait_alarm(dev, alarm, "cleared", seconds=2 * PATIENCE_S)
        self.gateway.order("reset", "--dev", dev)
        self.collector.wait_alarm(dev, alarm, "reset")
        for interlock, board, coil in valves:
            wait_until(lambda one=interlock: self.released(one), f"{interlock} released", 2 * PATIENCE_S)
            wait_until(lambda one=board, two=coil: self.collector.values(one).get(two) is False, f"{board}.{coil} written back")
            self.sim.ctl("do", board, "reopen", coil)

    def seen(self, interlock, event):
        return [one for one in self.collector.events(event) if (one.body.get("interlock") or one.dev) == interlock]

    def released(self, interlock):
        if not self.seen(interlock, "interlock_released"):
            self.gateway.order("reset", "--dev", interlock, check=False)
        return self.seen(interlock, "interlock_released")

    def play(self, name):
        site = self.stage(name)
        self.wait_all_read_well(site)
        self.sim.ctl("speed", PLANT_SPEED)
        for play in examples.plays(site):
            self.round_trip(site, *play)
        self.assert_fine()

    def residential_lifts(self):
        self.play("residential-lifts")

    def restaurant_gas(self):
        self.play("restaurant-gas")

    def boiler_room(self):
        self.play("boiler-room")

    def street_of_shops(self):
        self.play("street-of-shops")

    def one_shop_closes_one_block(self):
        site = self.stage("street-of-shops")
        self.wait_all_read_well(site)
        self.sim.ctl("speed", PLANT_SPEED)
        self.sim.ctl("do", "shop-41", "leak", 60)
        self.collector.wait_alarm("shop-41", "gas.high", "raised")
        wait_until(lambda: self.seen("trip-c", "interlock_confirmed"), "block c is closed")
        wait_until(lambda: self.collector.values("outputs").get("relay_3"), "its coil is on")
        self.assertEqual((False, False), tuple(self.collector.values("outputs")[coil] for coil in ("relay_1", "relay_2")))
        wait_until(lambda: self.collector.alarms(dev="panel-1", event="raised"), "the panel that has it as a channel says so too")
        raised = self.collector.alarms(event="raised")
        self.assertEqual({"shop-41", "panel-1"}, {one.dev for one in raised}, raised)
        self.assert_fine()


class Examples(unittest.TestCase):
    """What became of each story."""

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="outpost-")
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        os.environ["SEED"] = str(outpost_test.SEED)
        cls.told = {}
        for name in ("residential_lifts", "restaurant_gas", "boiler_room", "street_of_shops", "one_shop_closes_one_block"):
            command = [sys.executable, os.path.abspath(__file__), f"Story.{name}"]
            cls.told[name] = Process(name, command, os.path.join(cls.directory, name)).start()
            cls.addClassCleanup(cls.told[name].kill)

    def end_of(self, name):
        story = self.told[name]
        wait_until(lambda: not story.alive(), f"the story {name} ends", STORY_S)
        self.assertEqual(0, story.child.returncode, story.output())
        self.assertIn("\nRan 1 test ", story.output())

    def test_every_example_is_told(self):
        files = {os.path.basename(path)[: -len(".json")].replace("-", "_") for path in examples.all_files()}
        self.assertEqual(set(), files - set(self.told))

    def test_residential_lifts(self):
        self.end_of("residential_lifts")

    def test_restaurant_gas(self):
        self.end_of("restaurant_gas")

    def test_boiler_room(self):
        self.end_of("boiler_room")

    def test_street_of_shops(self):
        self.end_of("street_of_shops")

    def test_one_shop_closes_one_block(self):
        self.end_of("one_shop_closes_one_block")


if __name__ == "__main__":
    outpost_test.main()
