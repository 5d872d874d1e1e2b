#!/usr/bin/python3
"""The committed pages of profiles and classes, and the helps in SIMULATOR.md, are what the programs print (`make docs`)."""

import os
import re
import sys
import unittest

import outpost_test
from outpost_test import ROOT

sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
import docs  # noqa: E402


class Pages(unittest.TestCase):
    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.wanted = docs.pages()

    def test_they_are_up_to_date(self):
        there = docs.present()
        self.assertEqual(sorted(self.wanted), sorted(there), "make docs")
        for path, text in self.wanted.items():
            self.assertEqual(text, there[path], f"{os.path.relpath(path, ROOT)}: make docs")

    def test_their_tables_are_whole(self):
        """Every row of a table has as many cells as its heading."""
        for path, text in self.wanted.items():
            columns = None
            for line in text.splitlines():
                cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else None
                self.assertTrue(columns is None or cells in (None, columns), f"{path}: {line}")
                columns = cells

    def test_each_profile_says_where_it_comes_from(self):
        for path, text in self.wanted.items():
            if os.path.dirname(path) == docs.FOLDERS["profiles"] and not path.endswith("README.md"):
                self.assertRegex(text, r"\n- 来源 source: \S", path)
                self.assertRegex(text, r"\n- 依据 evidence: (documented|bench|field)\n", path)


if __name__ == "__main__":
    outpost_test.main()
