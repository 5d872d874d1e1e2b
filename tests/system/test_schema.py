#!/usr/bin/python3
"""The published schema against the loader, on the golden site files: what one refuses the other refuses, at the same place,
as far as a schema can say it. References, limits and votes are the loader's alone; files that are no JSON too."""

import glob
import json
import os
import re
import subprocess
import unittest

import jsonschema

import outpost_test
from outpost_test import OUTPOST, ROOT, parse_site

GOLDEN = os.path.join(ROOT, "tests", "golden", "site")
SCHEMA = os.path.join(ROOT, "config", "outpost.schema.json")

# Complaints about the shape of one value: a schema sees these too.
SHAPE = {"unknown_key", "missing_key", "bad_type", "bad_choice", "bad_id", "bad_duration", "bad_size", "list_empty", "needs_key",
         "map_key", "scale_zero", "not_for_link", "port_needed", "host_needed", "file_needed", "key_needs_bus", "key_pair",
         "nothing_to_read", "bad_url", "url_user", "password", "bad_reference", "zone_or_device", "limit_needed",
         "needs_mqtt5", "alarm_id", "out_of_range", "bad_format", "point_mixed", "not_with", "alarm_key", "is_or_not",
         "bad_channel"}

def load_text(path):
    with open(path, encoding="utf-8-sig") as file:
        return file.read()


def steps(path):
    """'a[0].b["x.y"]' as ['a', 0, 'b', 'x.y']."""
    parts = re.findall(r'\["([^"]*)"\]|\[(\d+)\]|([^.\[\]]+)', path)
    return [int(number) if number else quoted or plain for quoted, number, plain in parts]


def value_at(site, path):
    for step in path:
        site = site[step]
    return site


def near(one, other, distance=3):
    """One path leads to the other, over at most `distance` steps: a schema blames an object for what is in it."""
    short, long = sorted((one, other), key=len)
    return long[: len(short)] == short and len(long) - len(short) <= distance


def check(path):
    result = subprocess.run([OUTPOST, "check", "--json", "--lang", "en", path], capture_output=True, check=False, timeout=60)
    return json.loads(result.stdout)


class TestSchema(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(SCHEMA, encoding="utf-8") as file:
            cls.schema = json.load(file)
        jsonschema.Draft7Validator.check_schema(cls.schema)
        cls.validator = jsonschema.Draft7Validator(cls.schema)

    def refusals(self, site):
        return [list(error.absolute_path) for error in self.validator.iter_errors(site)]

    def test_good_files(self):
        files = glob.glob(os.path.join(GOLDEN, "good", "*.json")) + [os.path.join(ROOT, "config", "outpost.example.json")]
        self.assertGreaterEqual(len(files), 4)
        for path in files:
            with self.subTest(file=os.path.relpath(path, ROOT)):
                self.assertEqual([], self.refusals(parse_site(load_text(path))))
                self.assertTrue(check(path)["ok"])

    def test_the_contract(self):
        self.assertEqual([], self.refusals(parse_site(load_text(os.path.join(GOLDEN, "contract", "full.json")))))

    def test_bad_files(self):
        compared = 0
        for path in glob.glob(os.path.join(GOLDEN, "bad", "*.json")):
            try:
                site = parse_site(load_text(path))
            except ValueError:
                continue
            with self.subTest(file=os.path.relpath(path, ROOT)):
                compared += self.compare(path, site)
        self.assertGreaterEqual(compared, 170)

    def compare(self, path, site):
        refusals = self.refusals(site)
        errors = [c for c in check(path)["complaints"] if not c["warning"] and c["file"].endswith(os.path.basename(path))]
        places = [steps(c["path"]) for c in errors]
        for refusal in refusals:
            self.assertTrue(any(near(refusal, place, 4) for place in places), f"only the schema refuses {refusal}")
        count = 0
        for complaint, place in zip(errors, places):
            if complaint["code"] not in SHAPE or self.is_beyond(complaint, site, place):
                continue
            count += 1
            self.assertTrue(any(near(refusal, place) for refusal in refusals), f"only the loader refuses {complaint}")
        return count

    @staticmethod
    def is_beyond(complaint, site, place):
        """What a duration or size amounts to, the function of another point, and what only class or profile know: settings, how
        many channels there are, the kind of a class's alarm."""
        value = value_at(site, place) if complaint["code"] == "out_of_range" else None
        of_class = "alarms" in place and "kind" not in value_at(site, place[: place.index("alarms") + 2])
        of_profile = place[-1:] == ["channels"] and isinstance(value, int) and value >= 1
        return isinstance(value, (str, dict)) or of_profile or "settings" in place or (
            of_class and place[-1] in ("limit", "deadband")
        )


if __name__ == "__main__":
    outpost_test.main()
