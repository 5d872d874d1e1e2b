#!/usr/bin/python3
"""suite.py [--keep-going] --make MAKE STAGE...: makes one target after the other and sums up in a last plain line.

A stage is what stands behind `make`: a target, or several words ("FLAVOUR=clang programs tests"). A stage that ran no
tests (a build) counts as one. Stops at the first red stage, unless told to go on. Beside the seconds that went by stand those
of a processor (cpu), which hardly depend on what else the machine does."""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time


def read_tally(path):
    with open(path, encoding="utf-8") as lines:
        rows = [line.split(None, 2) for line in lines]
    return [(int(passed), int(failed), name.strip()) for passed, failed, name in rows]


def processor_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run_stage(make, stage):
    with tempfile.NamedTemporaryFile("w", suffix=".tally") as tally:
        environment = dict(os.environ, OUTPOST_TALLY=tally.name)
        status = subprocess.run([make, "--no-print-directory", *stage.split()], env=environment, check=False).returncode
        rows = read_tally(tally.name)
    passed = sum(row[0] for row in rows)
    failed = sum(row[1] for row in rows)
    red = [name for _, bad, name in rows if bad]
    if status != 0 and failed == 0:
        failed, red = 1, [stage]
    elif not rows:
        passed = 1
    return passed, failed, red


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep-going", action="store_true")
    parser.add_argument("--make", default="make")
    parser.add_argument("stages", nargs="+")
    options = parser.parse_args()
    began = time.monotonic()
    passed = failed = 0
    all_red = []
    for number, stage in enumerate(options.stages, 1):
        print(f"== {number}/{len(options.stages)} make {stage}", flush=True)
        at, used = time.monotonic(), processor_seconds()
        one = run_stage(options.make, stage)
        cost = f"{time.monotonic() - at:.0f} s, {processor_seconds() - used:.0f} cpu"
        print(f"== {one[0]} passed, {one[1]} failed in {cost}", flush=True)
        passed, failed, all_red = passed + one[0], failed + one[1], all_red + one[2]
        if one[1] and not options.keep_going:
            print("== stopped at the first red stage; KEEP=1 goes on")
            break
    for name in all_red:
        print(f"red: {name}")
    print(f"{time.monotonic() - began:.0f} s in all, {processor_seconds():.0f} cpu")
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
