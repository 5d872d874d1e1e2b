"""Mutation testing of what must not be wrong: plants one small mistake at a time into the alarm core and asks the unit tests
whether they see it.

    python3 tests/support/mutate.py --build build/release [--count 300] [--seed 1] [--jobs 2] [--least 90] [FILE …]

A mutant is one change of one token or one statement less: `<` for `<=`, `&&` for `||`, `+` for `-`, 1 for 0, a line that is
gone. It is killed when the compiler refuses it or a test fails, crashes or does not end. What survives is printed; those in
tests/support/mutants.txt are the same program in other words, each with its reason, and count neither way. Exit 1 below
--least per cent."""
import argparse
import concurrent.futures
import os
import random
import re
import subprocess
import sys
import tempfile

FILES = ["alarm", "alarm_table", "alarm_stored", "chatter", "flood", "interlock", "vote"]
TESTS = ["chatter", "flood", "vote", "interlock", "alarm", "alarm_table", "alarm_signals", "judge", "judge_readings"]
KNOWN = "tests/support/mutants.txt"
TIMEOUT_S = 60
FLAGS = "-std=c11 -D_GNU_SOURCE -I. -O1 -w".split()

SWAPS = [
    (r"(?<![<>=!-])<(?![<=])", ["<="]), (r"<=", ["<"]), (r"(?<![->])>(?![>=])", [">="]), (r"(?<!>)>=", [">"]),
    (r"==", ["!="]), (r"!=", ["=="]), (r"&&", ["||"]), (r"\|\|", ["&&"]),
    (r"(?<=[\w)\]] )\+(?= )", ["-"]), (r"(?<=[\w)\]] )-(?= )", ["+"]), (r"\+=", ["-="]), (r"-=", ["+="]),
    (r"\+\+", ["--"]), (r"\btrue\b", ["false"]), (r"\bfalse\b", ["true"]),
    (r"(?<![\w.])\d+(?=[;),\] ])", ["PLUS"]), (r"(?<=[(\s])!(?=[\w(])", [""]),
    (r"\|=", ["&="]), (r"(?<=\w )\?", ["|| true ?"]),
]
STATEMENT = re.compile(r"^\s+(?!return|const|struct|enum|static|bool|u?int\d*_t|size_t|double|char|case|break|default)"
                       r"[\w\->.\[\]*()]+(\s*[-+|&]?=[^=].*|\+\+|--|\(.*\));$")
ROW = re.compile(r"= *(GO|GO_OR|REFUSE|LEAVE)\(")


def is_code(line):
    text = line.strip()
    return text and not text.startswith(("#", "/*", "*", "//"))


def mutants_of(path):
    """(path, line number, what, the line as it becomes)"""
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    inside = False  # a comment of several lines
    for number, line in enumerate(lines):
        was_inside, inside = inside, (inside or "/*" in line) and "*/" not in line.split("/*")[-1]
        if was_inside or not is_code(line):
            continue
        code = line.split("/*")[0]
        for pattern, replacements in SWAPS:
            for match in re.finditer(pattern, code):
                for replacement in replacements:
                    new = str(int(match.group()) + 1) if replacement == "PLUS" else replacement
                    yield path, number, f"{match.group()} -> {new or 'gone'}", line[:match.start()] + new + line[match.end():]
        if STATEMENT.match(code.rstrip()):
            yield path, number, "statement gone", re.match(r"\s*", line).group() + ";"
        if ROW.search(code) and "] =" in code and "#define" not in code:
            yield path, number, "row -> STAY", re.sub(r"= *(GO_OR|GO|REFUSE|LEAVE)\([^)]*\)", "= STAY", line)


def known_equivalents():
    with open(KNOWN, encoding="utf-8") as file:
        rows = [line.rstrip("\n").split(" | ") for line in file if line.strip() and not line.startswith("#")]
    return {(row[0], row[1], row[2]): row[3] for row in rows}


class Bench:
    def __init__(self, build, dir):
        self.build, self.dir = build, dir
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "libmodbus", "sqlite3", "libcjson", "libcrypto", "zlib"],
                               check=True, capture_output=True, text=True).stdout.split()
        self.libs = [flag for flag in flags if flag.startswith("-l")] + ["-lpaho-mqtt3as", "-lcmocka", "-pthread", "-lm"]
        self.support = [os.path.join(root, name) for root, _, names in os.walk(f"{build}/obj/tests/support")
                        for name in names if name.endswith(".o")]

    def run(self, number, path, source):
        """The test that kills it; None: it survives."""
        stem = os.path.basename(path)[:-2]
        place = f"{self.dir}/{number}"
        os.mkdir(place)
        with open(f"{place}/{stem}.c", "w", encoding="utf-8") as file:
            file.write(source)
        built = subprocess.run(["gcc", *FLAGS, "-c", f"{place}/{stem}.c", "-o", f"{place}/{stem}.o"], capture_output=True)
        if built.returncode != 0:
            return "the compiler"
        for test in TESTS:
            program = f"{place}/test_{test}"
            # The archive's own object of that name is not drawn in: its symbols are there already.
            linked = subprocess.run(["gcc", "-o", program, f"{place}/{stem}.o", f"{self.build}/obj/tests/unit/test_{test}.o",
                                     *self.support, f"{self.build}/liboutpost.a", *self.libs], capture_output=True, text=True)
            if linked.returncode != 0:
                sys.exit(f"mutate: cannot link test_{test}: {linked.stderr[-400:]}")
            try:
                ran = subprocess.run([program], capture_output=True, timeout=TIMEOUT_S)
            except subprocess.TimeoutExpired:
                return f"test_{test} (no end)"
            finally:
                os.unlink(program)
            if ran.returncode != 0:
                return f"test_{test}"
        return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--least", type=float, default=90)
    parser.add_argument("files", nargs="*", help="stems below gateway/core")
    args = parser.parse_args()
    every = [mutant for stem in args.files or FILES for mutant in mutants_of(f"gateway/core/{stem}.c")]
    equivalents = known_equivalents()
    chosen = random.Random(args.seed).sample(every, min(args.count, len(every)))
    with tempfile.TemporaryDirectory() as dir, concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        bench = Bench(args.build, dir)
        assert bench.run("sane", f"gateway/core/{FILES[0]}.c", open(f"gateway/core/{FILES[0]}.c", encoding="utf-8").read()) is None, \
            "mutate: the tests are red without any mutant"

        def judge(item):
            number, (path, line, what, changed) = item
            with open(path, encoding="utf-8") as file:
                lines = file.read().split("\n")
            key = (path, " ".join(lines[line].split()), what)
            lines[line] = changed
            return path, line, what, changed, equivalents.get(key), bench.run(number, path, "\n".join(lines))

        killed = excused = 0
        for path, line, what, changed, excuse, killer in pool.map(judge, enumerate(chosen)):
            killed += killer is not None
            if killer is None and excuse is not None:
                excused += 1
            elif killer is None:
                print(f"survives  {path}:{line + 1}: {what}:  {changed.strip()}", flush=True)
    counted = len(chosen) - excused
    score = 100 * killed / counted
    print(f"mutate: {killed} of {counted} killed ({score:.1f} %), {excused} the same program in other words; "
          f"{len(every)} possible, seed {args.seed}")
    return 0 if score >= args.least else 1


if __name__ == "__main__":
    sys.exit(main())
