#!/usr/bin/python3
"""globals.py OBJECT...: no mutable state outside structs that somebody owns.

Looks into the compiled objects for variables in .data and .bss: what is const (also const with pointers, .data.rel.ro) is
no state. The exceptions are a list with reasons."""

import os
import re
import subprocess
import sys

# (object, symbol, why)
ALLOWED = [
    (r"gateway/base/log\.o", r"quiet_now", "set by tests before threads start"),
    (r"gateway/base/clock\.o", r"asked_mono_us|synced", "what the kernel said a second ago"),
    (r"drivers/uplink/names\.o", r"kept", "getaddrinfo() is told nothing of who asks"),
]
SYMBOL = re.compile(r"^[0-9a-f]+ (.{7}) (\.(?:data|bss|tdata|tbss)(?!\.rel\.ro)\S*)\s+([0-9a-f]+) (?:\.hidden )?(\S+)$")


def mutable(path):
    listed = subprocess.run(["objdump", "-t", path], capture_output=True, text=True, check=True).stdout
    for line in listed.splitlines():
        match = SYMBOL.match(line)
        # Objects; of thread-local ones objdump does not say that they are.
        if match and ("O" in match.group(1) or match.group(2).startswith(".t")) and int(match.group(3), 16) > 0:
            yield match.group(4)


def main():
    wrong = []
    for path in sys.argv[1:]:
        name = path.partition("/obj/")[2] or path
        for symbol in mutable(path):
            plain = symbol.partition(".")[0]
            if not any(re.fullmatch(place, name) and re.fullmatch(what, plain) for place, what, _ in ALLOWED):
                wrong.append(f"{name}: {symbol} is mutable and belongs to nobody")
    print("\n".join(wrong) if wrong else f"  globals: {len(sys.argv) - 1} objects, none mutable")
    if os.environ.get("OUTPOST_TALLY"):
        with open(os.environ["OUTPOST_TALLY"], "a", encoding="utf-8") as tally:
            tally.write(f"{int(not wrong)} {int(bool(wrong))} globals\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
