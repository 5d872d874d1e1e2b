#!/usr/bin/python3
"""Which branches and conditions of the alarm core do its unit tests take?

    python3 tests/support/cover_alarm.py --llvm 19 --work DIR [--branches 100] [--conditions 100] PROGRAM …

Runs the programs (built by clang with -fprofile-instr-generate -fcoverage-mapping, and -fcoverage-mcdc from 18 on), adds up
what they took of each file of the core, over all that include a header, and prints two shares: branches, which is every
condition both true and false; and conditions of MC/DC, which is every condition of a decision shown to decide it by itself.
What was not taken is listed by its place. Exit 1 below a share, 2 when a program fails."""
import argparse
import collections
import json
import os
import subprocess
import sys

CORE = ["gateway/core/" + name for name in (
    "alarm.c", "alarm.h", "alarm_stored.c", "alarm_table.c", "chatter.c", "due.c", "due.h", "flood.c", "flood.h",
    "interlock.c", "interlock.h", "rate.c", "tri.h", "vote.c")]


def run(programs, work):
    profiles = []
    for number, program in enumerate(programs):
        profiles.append(f"{work}/{number}.profraw")
        environment = {**os.environ, "LLVM_PROFILE_FILE": profiles[-1]}
        ran = subprocess.run([program], env=environment, capture_output=True, text=True)
        if ran.returncode != 0:
            print(ran.stderr[-2000:], f"\ncover-alarm: {program} fails")
            sys.exit(2)
    return profiles


def export(programs, profiles, args):
    merged = f"{args.work}/merged.profdata"
    subprocess.run([f"llvm-profdata-{args.llvm}", "merge", "-o", merged, *profiles], check=True)
    objects = [programs[0]] + [word for program in programs[1:] for word in ("-object", program)]
    text = subprocess.run([f"llvm-cov-{args.llvm}", "export", "-instr-profile", merged, *objects],
                          check=True, capture_output=True, text=True).stdout
    return json.loads(text)["data"][0]["functions"]


def collect(functions):
    """{file: {place and side: taken}} of branches and of conditions; a function of a header is one, whoever includes it."""
    branches, conditions = collections.defaultdict(dict), collections.defaultdict(dict)
    for function in functions:
        path = os.path.relpath(function["filenames"][0])
        if path not in CORE:
            continue
        name = function["name"].split(":")[-1]
        for row in function["branches"]:
            for side, count in (("true", row[4]), ("false", row[5])):
                key = (name, row[0], row[1], row[6], side)
                branches[path][key] = branches[path].get(key, False) or count > 0
        for row in function.get("mcdc_records", []):
            for number, decides in enumerate(row[-1]):
                key = (name, row[0], row[1], number + 1, "")
                conditions[path][key] = conditions[path].get(key, False) or decides
    return branches, conditions


def share(taken):
    return 100 * sum(taken.values()) / len(taken) if taken else 100.0


def cell(taken):
    return f"{share(taken):6.1f} % of {len(taken):3}" if taken else f"{'-':>15}"


def missed(path, branches, conditions):
    for (name, line, column, _, side), taken in sorted(branches.items()):
        if not taken:
            print(f"    {path}:{line}:{column} in {name}(): never {side}")
    for (name, line, column, number, _), taken in sorted(conditions.items()):
        if not taken:
            print(f"    {path}:{line}:{column} in {name}(): condition {number} is not shown to decide")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llvm", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--branches", type=float, default=100)
    parser.add_argument("--conditions", type=float, default=100)
    parser.add_argument("programs", nargs="+")
    args = parser.parse_args()
    os.makedirs(args.work, exist_ok=True)
    branches, conditions = collect(export(args.programs, run(args.programs, args.work), args))
    with_mcdc = int(args.llvm) >= 18
    print(f"  {'':28} {'branches':>15}   {'MC/DC' if with_mcdc else '(no MC/DC: needs clang 18 or newer)':>15}")
    for path in CORE:
        print(f"  {path:28} {cell(branches[path])}   {cell(conditions[path])}")
        missed(path, branches[path], conditions[path])
    every = [{(path, key): taken for path, rows in part.items() for key, taken in rows.items()} for part in (branches, conditions)]
    print(f"  {'all':28} {cell(every[0])}   {cell(every[1])}")
    return 0 if share(every[0]) >= args.branches and share(every[1]) >= args.conditions else 1


if __name__ == "__main__":
    sys.exit(main())
