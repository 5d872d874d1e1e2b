#!/usr/bin/python3
"""Scenarios in the running simulator, and their files held against the published schema."""

import glob
import json
import os
import shutil
import unittest

import jsonschema

import outpost_test
from outpost_test import OUTPOST_SIM, ROOT, Simulator, free_port, parse_site, wait_until
from pymodbus.client import ModbusTcpClient

GOLDEN = os.path.join(ROOT, "tests", "golden", "scenario")
SHIPPED = os.path.join(ROOT, "firmware-sim", "scenarios")
SCHEMA = os.path.join(SHIPPED, "scenario.schema.json")

# What only a reader sees: names that must be there, order, and what JSON itself forbids to none.
BEYOND_A_SCHEMA = {"at-back", "at-years", "do-nobody", "expect-after", "expect-after-later", "expect-of", "fault-kind",
                   "fault-nobody", "fault-number", "id-twice", "key-twice", "manual-brace", "manual-role", "role-of-later",
                   "role-of-many", "role-of-nobody", "role-twice", "set-nobody"}


def name_of(path):
    return os.path.basename(path)[:-len(".json")]


def scenarios(directory):
    return [path for path in sorted(glob.glob(os.path.join(directory, "*.json"))) if not path.endswith(".schema.json")]


def load(path):
    with open(path, encoding="utf-8-sig") as file:
        return parse_site(file.read())


class TestSchema(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(SCHEMA, encoding="utf-8") as file:
            schema = json.load(file)
        jsonschema.Draft7Validator.check_schema(schema)
        cls.validator = jsonschema.Draft7Validator(schema)

    def test_takes_what_is_good(self):
        files = scenarios(SHIPPED) + scenarios(os.path.join(GOLDEN, "good"))
        self.assertGreaterEqual(len(files), 30)
        for path in files:
            with self.subTest(file=name_of(path)):
                self.assertEqual([], [error.message for error in self.validator.iter_errors(load(path))])

    def test_refuses_what_a_schema_can_see(self):
        taken = set()
        for path in scenarios(os.path.join(GOLDEN, "bad")):
            try:
                if self.validator.is_valid(load(path)):
                    taken.add(name_of(path))
            except json.JSONDecodeError:
                pass
        self.assertEqual(BEYOND_A_SCHEMA, taken)

    def test_shipped_ones_are_called_as_their_files(self):
        for path in scenarios(SHIPPED):
            self.assertEqual(name_of(path), load(path)["scenario"])


class TestPlaying(outpost_test.Case):
    def setUp(self):
        super().setUp()
        os.symlink(SHIPPED, self.path("scenarios"))

    def site(self):
        self.port = free_port()
        devices = [
            {"id": "gas-1", "bus": "net", "unit": 1, "class": "gas_detector",
             "points": {"gas_lel_pct": {"address": 0, "type": "f32"}, "heartbeat": {"address": 2}}},
            {"id": "lift-1", "bus": "net", "unit": 2, "class": "lift",
             "points": {"car_speed": {"address": 0, "type": "f32", "unit": "m/s"}, "door_closed": {"address": 2, "bit": 0},
                        "run_count": {"address": 3, "type": "u32"}}},
        ]
        return self.write_site({"gateway": {"id": "g1"}, "journal": {"dir": "journal"}, "devices": devices,
                                "buses": [{"id": "net", "link": "tcp", "host": "127.0.0.1", "port": self.port}]})

    def write_scenario(self, *steps):
        path = self.path("case.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"scenario": "case", "zh": "例", "en": "case", "seed": 3, "steps": steps,
                       "roles": {"gas": {"class": "gas_detector"}, "lift": {"class": "lift"}}}, file)
        return path

    def start(self, *arguments):
        return self.own(Simulator(self.site(), self.directory, arguments)).start()

    def is_over(self, sim):
        return " over " in sim.ctl("scenario", "status")

    def final_registers(self, scenario, *arguments, hammer=False):
        """What stands in the registers when it has played, all frozen by its last step."""
        sim = self.start("--scenario", scenario, *arguments)
        if hammer:
            client = ModbusTcpClient("127.0.0.1", port=self.port, timeout=5)
            self.assertTrue(client.connect())
            sim.ctl("fault", "gas-1", "busy", "0.5")
            while not self.is_over(sim):
                for unit in (1, 2):
                    client.read_holding_registers(0, 2, slave=unit)
            client.close()
        wait_until(lambda: self.is_over(sim), "the scenario is over")
        self.assertIn("refused 0", sim.ctl("scenario", "status"))
        values = sim.ctl("get", "gas-1") + sim.ctl("get", "lift-1")
        sim.stop()
        return values

    def test_same_seed_same_registers_whatever_is_asked(self):
        scenario = self.write_scenario({"at": "0s", "speed": 60}, {"do": "gas leak 60"}, {"do": "lift traffic 120"},
                                       {"at": "1500ms", "do": "gas stop"}, {"at": "3s", "fault": "* frozen"})
        quiet = self.final_registers(scenario)
        self.assertEqual(quiet, self.final_registers(scenario, hammer=True))
        self.assertEqual(quiet, self.final_registers(scenario, "--seed", "3"))
        self.assertNotEqual(quiet, self.final_registers(scenario, "--seed", "4"))

    def test_words(self):
        sim = self.start()
        listed = sim.ctl("scenario", "list")
        self.assertIn("scenario gas-comm-loss ", listed)
        self.assertIn("  lost=gas-1", listed)
        self.assertIn("boiler-low-water does not apply here: nothing can play boiler", listed)
        self.assertEqual("", sim.ctl("scenario", "status"))
        with self.assertRaisesRegex(outpost_test.NotSo, "status 1: .*there is no scenario nothing"):
            sim.ctl("scenario", "start", "nothing")
        with self.assertRaisesRegex(outpost_test.NotSo, "status 1: .*no scenario is being played"):
            sim.ctl("scenario", "stop")
        with self.assertRaisesRegex(outpost_test.NotSo, "status 2: .*scenario list, scenario start"):
            sim.ctl("scenario", "sing")
        scenario = self.write_scenario({"set": "gas.gas_lel_pct 42"}, {"at": "1h", "do": "gas stop"})
        sim.ctl("scenario", "start", os.path.relpath(scenario), "gas=gas-1")  # the simulator may run elsewhere
        wait_until(lambda: sim.ctl("get", "gas-1.gas_lel_pct").startswith("gas-1.gas_lel_pct 42"), "the first action is done")
        self.assertRegex(sim.ctl("scenario", "status"), r"^scenario case playing \d+m?s of 1h actions 1 refused 0 gas=gas-1 lift=lift-1$")
        self.assertIn("scenario case playing", sim.ctl("status"))
        sim.ctl("scenario", "stop")
        self.assertTrue(self.is_over(sim))

    def test_a_refused_action_is_told(self):
        sim = self.start("--scenario", self.write_scenario({"do": "lift fly"}, {"at": "+1s", "speed": 2}))
        wait_until(lambda: self.is_over(sim), "the scenario is over")
        self.assertRegex(sim.ctl("scenario", "status"), r"actions 2 refused 1 .*\n  do lift-1 fly: error: a lift can: ")

    def test_speed(self):
        sim = self.start()
        before = float(sim.ctl("get", "gas-1.heartbeat").split()[1])
        sim.ctl("speed", 600)
        wait_until(lambda: float(sim.ctl("get", "gas-1.heartbeat").split()[1]) > before + 100, "500 s went by")
        for words, status in ((("speed", "fast"), 2), (("speed", 0), 1), (("speed",), 2)):
            with self.assertRaisesRegex(outpost_test.NotSo, f"status {status}: "):
                sim.ctl(*words)

    def test_shipped_ones_are_found_from_any_build_tree(self):
        """build/<flavour>/ of the source tree, or a folder below one that has the scenarios."""
        os.unlink(self.path("scenarios"))  # those beside the site file would do
        for place in (("build", "flavour"), ("build",)):
            tree = self.path("-".join(place))
            os.makedirs(os.path.join(tree, *place))
            os.symlink(os.path.join(ROOT, "firmware-sim"), os.path.join(tree, "firmware-sim"))
            program = shutil.copy(OUTPOST_SIM, os.path.join(tree, *place, "outpost-sim"))
            with self.subTest(place):
                sim = Simulator(self.site(), tree, ("--scenario", "gas-comm-loss"))
                sim.command[0] = program
                self.own(sim).start()
                self.assertIn("gas-comm-loss playing", sim.ctl("scenario", "status"))
                sim.stop()

    def test_what_does_not_start(self):
        for arguments, sentence in ((("--scenario", "nothing"), "there is no scenario nothing"),
                                    (("--scenario", "boiler-low-water"), "does not apply here"),
                                    (("--scenario", "gas-comm-loss", "--bind", "lost=lift-1"), "as bound to lift-1")):
            sim = self.own(Simulator(self.site(), self.directory, arguments))
            with self.assertRaises(Exception):
                sim.start()
            self.assertIn(sentence, sim.output())


if __name__ == "__main__":
    outpost_test.main()
