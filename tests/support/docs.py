#!/usr/bin/python3
"""The pages of gateway/docs that the program prints: one for each profile and each device class, and their indexes.

    docs.py    writes them, and removes pages of what is no longer there"""

import glob
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from processes import OUTPOST, ROOT  # noqa: E402

FOLDERS = {kind: os.path.join(ROOT, "gateway", "docs", kind) for kind in ("profiles", "classes")}


def outpost(*words):
    done = subprocess.run([OUTPOST, *words], capture_output=True, text=True, check=False, timeout=60, cwd=ROOT)
    if done.returncode != 0:
        sys.exit(f"outpost {' '.join(words)}: status {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


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
    return found


def present():
    """{path: text} of the pages that are there."""
    found = {}
    for folder in FOLDERS.values():
        for path in glob.glob(os.path.join(folder, "*.md")):
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
