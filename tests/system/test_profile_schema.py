#!/usr/bin/python3
"""Profiles, held against the loader and the published schema: every mistake that is marked in tests/golden/profile/bad is
found at its place and no other, and what the loader refuses for its shape the schema refuses too, and the other way round."""

import glob
import json
import os
import re
import subprocess
import unittest

import jsonschema

import outpost_test
from outpost_test import OUTPOST, ROOT, parse_site
from test_schema import load_text, near, steps, value_at

GOLDEN = os.path.join(ROOT, "tests", "golden", "profile")
SHIPPED = os.path.join(ROOT, "config", "profiles")
SCHEMA = os.path.join(ROOT, "config", "profile.schema.json")

# Complaints about the shape of one value: a schema sees these too.
SHAPE = {"unknown_key", "missing_key", "bad_type", "bad_choice", "bad_id", "bad_duration", "list_empty", "map_key", "scale_zero",
         "out_of_range", "bit_function", "type_needed", "needs_key", "not_with", "bad_format", "too_many", "not_writable"}

# A mark stands right before what is wrong: /*!code*/; /*<code*/ where nothing stands that should.
MARKS = re.compile(r"((?:/\*!\w+\*/)+)|/\*<(\w+)\*/")


def marked(text):
    """(line, column, code) of every mark; columns in characters."""
    places = []
    for number, line in enumerate(text.split("\n"), 1):
        for mark in MARKS.finditer(line):
            codes = re.findall(r"/\*!(\w+)\*/", mark.group()) or [mark.group(2)]
            column = mark.end() + 1 if mark.group(1) else mark.start() + 1
            places += [(number, column, code) for code in codes]
    return sorted(places)


def check(path):
    result = subprocess.run([OUTPOST, "profile", "check", "--json", "--lang", "en", path], capture_output=True, check=False,
                            timeout=60)
    return json.loads(result.stdout)


class TestProfileSchema(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(SCHEMA, encoding="utf-8") as file:
            schema = json.load(file)
        jsonschema.Draft7Validator.check_schema(schema)
        cls.validator = jsonschema.Draft7Validator(schema)

    def refusals(self, profile):
        return [list(error.absolute_path) for error in self.validator.iter_errors(profile)]

    def test_good_profiles(self):
        files = glob.glob(os.path.join(GOLDEN, "good", "*.json")) + glob.glob(os.path.join(SHIPPED, "*.json"))
        self.assertGreaterEqual(len(files), 20)
        for path in files:
            with self.subTest(file=os.path.relpath(path, ROOT)):
                self.assertEqual([], self.refusals(parse_site(load_text(path))))
                self.assertEqual([], check(path)["complaints"])

    def test_every_mistake_is_found_at_its_place(self):
        files = glob.glob(os.path.join(GOLDEN, "bad", "*.json"))
        self.assertGreaterEqual(len(files), 60)
        for path in files:
            with self.subTest(file=os.path.relpath(path, ROOT)):
                expected = marked(load_text(path))
                self.assertNotEqual([], expected)
                said = check(path)
                self.assertFalse(said["ok"])
                self.assertEqual(expected, sorted((c["line"], c["column"], c["code"]) for c in said["complaints"]))

    def test_the_schema_sees_what_a_schema_can(self):
        compared = 0
        for path in glob.glob(os.path.join(GOLDEN, "bad", "*.json")):
            try:
                profile = parse_site(load_text(path))
            except ValueError:
                continue
            with self.subTest(file=os.path.relpath(path, ROOT)):
                compared += self.compare(path, profile)
        self.assertGreaterEqual(compared, 60)

    def compare(self, path, profile):
        refusals = self.refusals(profile)
        errors = check(path)["complaints"]
        places = [steps(complaint["path"]) for complaint in errors]
        for refusal in refusals:
            self.assertTrue(any(near(refusal, place) for place in places), f"only the schema refuses {refusal}")
        count = 0
        for complaint, place in zip(errors, places):
            if complaint["code"] not in SHAPE or self.is_beyond(complaint, profile, place):
                continue
            count += 1
            self.assertTrue(any(near(refusal, place) for refusal in refusals), f"only the loader refuses {complaint}")
        return count

    @staticmethod
    def is_beyond(complaint, profile, place):
        """What a duration amounts to, the function of another point, and what another point is."""
        names_another = complaint["code"] == "not_writable" and complaint["path"] == "watchdog.point"
        value = value_at(profile, place) if names_another or complaint["code"] in ("out_of_range", "bad_format") else None
        return isinstance(value, (str, dict))


if __name__ == "__main__":
    outpost_test.main()
