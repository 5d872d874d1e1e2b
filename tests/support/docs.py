#!/usr/bin/python3
"""The pages of gateway/docs that the programs print: one for each profile and each device class, their indexes, and what the
simulator's --help says, within its page.

    docs.py    writes them, and removes pages of what is no longer there"""

import glob
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from processes import OUTPOST, OUTPOST_SIM, ROOT  # noqa: E402

FOLDERS = {kind: os.path.join(ROOT, "gateway", "docs", kind) for kind in ("profiles", "classes")}
SIMULATOR = os.path.join(ROOT, "gateway", "docs", "SIMULATOR.md")
# What `outpost-sim … --help` prints, fenced, under a line that names the command.
HELP = re.compile(r"(?<=^`outpost-sim )([\w -]*--help)(`\n+```text\n)(.*?)(?=^```$)", re.M | re.S)


def call(program, *words):
    done = subprocess.run([program, *words], capture_output=True, text=True, check=False, timeout=60, cwd=ROOT)
    if done.returncode != 0:
        sys.exit(f"{os.path.basename(program)} {' '.join(words)}: status {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def outpost(*words):
    return call(OUTPOST, *words)


def simulator_page():
    with open(SIMULATOR, encoding="utf-8") as file:
        return HELP.sub(lambda match: f"{match[1]}{match[2]}{call(OUTPOST_SIM, *match[1].split())}", file.read())


def pages():
    """{path: text} of every page there should be."""
    found = {os.path.join(FOLDERS["profiles"], "README.md"): outpost("profile", "list", "config/profiles", "--markdown")}
    for file in sorted(glob.glob(os.path.join(ROOT, "config", "profiles", "*.json"))):
        name = os.path.basename(file)[: -len(".json")]
        text = outpost("profile", "show", f"config/profiles/{name}.json", "--markdown")
        found[os.path.join(FOLDERS["profiles"], f"{name}.md")] = text
    found[os.path.join(FOLDERS["classes"], "README.md")] = outpost("class", "list", "--markdown")
    for one in json.loads(outpost("class", "list", "--json"))["classes"]:
        found[os.path.join(FOLDERS["classes"], f"{one['id']}.md")] = outpost("class", "show", one["id"], "--markdown")
    found[SIMULATOR] = simulator_page()
    return found


def present():
    """{path: text} of the pages that are there."""
    found = {}
    for place in [os.path.join(folder, "*.md") for folder in FOLDERS.values()] + [SIMULATOR]:
        for path in glob.glob(place):
            with open(path, encoding="utf-8") as file:
                found[path] = file.read()
    return found


def main():
    wanted, there = pages(), present()
    for path in set(there) - set(wanted):
        os.unlink(path)
    for path, text in wanted.items():
        if there.get(path) != text:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            print(f"  DOC    {os.path.relpath(path, ROOT)}")


if __name__ == "__main__":
    main()
