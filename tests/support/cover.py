#!/usr/bin/python3
"""cover.py BUILD: lines and branches of gateway/ and drivers/ that unit and house tests ran, per file, by gcov."""

import collections
import glob
import gzip
import json
import os
import subprocess
import sys
import tempfile


def collect(build):
    """{source: ({line: count}, {(line, branch number): count})}, the sum over all test programs."""
    notes = [os.path.abspath(path) for path in glob.glob(f"{build}/obj/**/*.gcda", recursive=True)]
    lines = collections.defaultdict(collections.Counter)
    branches = collections.defaultdict(collections.Counter)
    with tempfile.TemporaryDirectory() as work:
        subprocess.run(["gcov", "--json-format", "--branch-probabilities", *notes], cwd=work, capture_output=True, check=True)
        for path in glob.glob(f"{work}/*.gcov.json.gz"):
            with gzip.open(path, "rt") as file:
                for source in json.load(file)["files"]:
                    for line in source["lines"]:
                        lines[source["file"]][line["line_number"]] += line["count"]
                        for number, branch in enumerate(line["branches"]):
                            branches[source["file"]][line["line_number"], number] += branch["count"]
    return {name: (lines[name], branches[name]) for name in lines if name.startswith(("gateway/", "drivers/"))}


def share(counter):
    return f"{100 * sum(count > 0 for count in counter.values()) / len(counter):5.1f} %" if counter else "    -  "


def main():
    total = (collections.Counter(), collections.Counter())
    print(f"  {'':44} {'lines':>8} {'branches':>8}")
    for name, (lines, branches) in sorted(collect(sys.argv[1]).items()):
        print(f"  {name:44} {share(lines):>8} {share(branches):>8}")
        total[0].update({(name, key): count for key, count in lines.items()})
        total[1].update({(name, key): count for key, count in branches.items()})
    print(f"  {'all':44} {share(total[0]):>8} {share(total[1]):>8}")


if __name__ == "__main__":
    main()
