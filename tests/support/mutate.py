"""Mutation testing of what must not be wrong: plants one small mistake at a time into the alarm core and asks the unit tests
whether they see it.

    python3 tests/support/mutate.py --build DIR --libs LIBS [--count 300] [--seed 1] [--jobs 2] [--least 90] [FILE …]

A mutant is one change of one token or one statement less: `<` for `<=`, `&&` for `||`, `+` for `-`, 1 for 0, a line that is
gone. It is killed when the compiler refuses it or a test fails, crashes or does not end. What survives is printed; those in
tests/support/mutants.txt are the same program in other words, each with its reason. The score is given twice: of all, and
of those that are another program. Exit 1 when the second is below --least per cent, or when one that is said to be the same
program is killed after all. --count 0: all there are."""
import argparse
import concurrent.futures
import glob
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

# A file of the alarm core, and the unit tests that are about it, the quickest to see something first.
ALARM = ["alarm", "alarm_told", "alarm_stored", "alarm_table", "alarm_signals", "chatter", "judge", "judge_readings", "judge_orders"]
TESTS = {
    "alarm.c": ALARM,
    "alarm.h": ALARM,
    "alarm_stored.c": ALARM,
    "alarm_table.c": ["alarm_told", "alarm_table", "alarm"],
    "chatter.c": ["chatter", "alarm_signals", "judge"],
    "due.c": ["civil", "judge_dates"],
    "due.h": ["civil", "judge_dates"],
    "flood.c": ["flood", "chatter"],
    "flood.h": ["flood", "chatter"],
    "interlock.c": ["interlock", "outputs", "judge"],
    "interlock.h": ["interlock", "outputs", "judge"],
    "rate.c": ["rate", "judge_readings"],
    "tri.h": ["tri", "vote", "alarm"],
    "vote.c": ["vote", "judge"],
}
KNOWN = "tests/support/mutants.txt"
TIMEOUT_S = 20
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
    def __init__(self, build, libs, dir):
        self.build, self.libs, self.dir = build, libs.split(), dir
        self.support = glob.glob(f"{build}/obj/tests/support/*.o")

    def sources(self, path, tests):
        """What has to be compiled anew with another text of that file."""
        if path.endswith(".c"):
            return [path]
        found = []
        for pattern in ["gateway/core/*", "gateway/run/judge*", *(f"tests/unit/test_{test}" for test in tests)]:
            for rule in glob.glob(f"{self.build}/obj/{pattern}.d"):
                with open(rule, encoding="utf-8") as file:
                    if f" {path} " in file.read().replace("\\\n", " ").replace("\n", " "):
                        found.append(os.path.relpath(rule, f"{self.build}/obj")[:-2] + ".c")
        return found

    def compile(self, place, path, source, tests):
        """The objects by the source they are of; None: the compiler refuses it."""
        os.makedirs(f"{place}/{os.path.dirname(path)}")
        with open(f"{place}/{path}", "w", encoding="utf-8") as file:
            file.write(source)
        objects = {}
        for name in self.sources(path, tests):
            objects[name] = f"{place}/{name.replace('/', '_')[:-2]}.o"
            text = f"{place}/{name}" if name == path else name
            built = subprocess.run(["gcc", f"-I{place}", *FLAGS, "-c", text, "-o", objects[name]], capture_output=True)
            if built.returncode != 0:
                return None
        return objects

    def link(self, program, test, objects):
        main = f"tests/unit/test_{test}.c"
        parts = [made for name, made in objects.items() if not name.startswith("tests/")]
        parts.append(objects.get(main, f"{self.build}/obj/{main[:-2]}.o"))
        # The archive's own object of that name is not drawn in: its symbols are there already.
        linked = subprocess.run(["gcc", "-o", program, *parts, *self.support, f"{self.build}/liboutpost.a", *self.libs],
                                capture_output=True, text=True)
        if linked.returncode != 0:
            sys.exit(f"mutate: cannot link test_{test}: {linked.stderr[-400:]}")

    def run(self, number, path, source):
        """What kills it; None: it survives."""
        place = f"{self.dir}/{number}"
        tests = TESTS[os.path.basename(path)]
        try:
            objects = self.compile(place, path, source, tests)
            if objects is None:
                return "the compiler"
            for test in tests:
                self.link(f"{place}/program", test, objects)
                try:
                    if subprocess.run([f"{place}/program"], capture_output=True, timeout=TIMEOUT_S).returncode != 0:
                        return f"test_{test}"
                except subprocess.TimeoutExpired:
                    return f"test_{test} (no end)"
            return None
        finally:
            shutil.rmtree(place)


def choose(args):
    names = args.files or list(TESTS)
    every = [mutant for name in names for mutant in mutants_of(f"gateway/core/{name}")]
    count = min(args.count or len(every), len(every))
    return every, random.Random(args.seed).sample(every, count)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True, help="of the tests: build/release")
    parser.add_argument("--libs", required=True, help="what they are linked with")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--least", type=float, default=90)
    parser.add_argument("files", nargs="*", choices=[[], *TESTS], help="files of gateway/core")
    return parser.parse_args()


def report(path, line, what, changed, excuse, killer):
    if killer is None and excuse is None:
        print(f"survives  {path}:{line + 1}: {what}:  {changed.strip()}", flush=True)
    if killer is not None and excuse is not None:
        print(f"excused without need, {killer} sees it  {path}:{line + 1}: {what}", flush=True)


def main():
    args = arguments()
    every, chosen = choose(args)
    equivalents = known_equivalents()
    texts = {path: open(path, encoding="utf-8").read().split("\n") for path in {mutant[0] for mutant in every}}
    with tempfile.TemporaryDirectory() as dir, concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        bench = Bench(args.build, args.libs, dir)
        for path, lines in texts.items():
            killer = bench.run("sane", path, "\n".join(lines))
            if killer is not None:
                sys.exit(f"mutate: {killer} is red without any mutant of {path}")

        def judge(item):
            number, (path, line, what, changed) = item
            lines = list(texts[path])
            key = (path, " ".join(lines[line].split()), what)
            lines[line] = changed
            return path, line, what, changed, equivalents.get(key), bench.run(number, path, "\n".join(lines))

        killed = excused = needless = 0
        for verdict in pool.map(judge, enumerate(chosen)):
            report(*verdict)
            excuse, killer = verdict[-2:]
            killed += killer is not None
            excused += killer is None and excuse is not None
            needless += killer is not None and excuse is not None
    other = len(chosen) - excused
    score = 100 * killed / max(other, 1)
    print(f"mutate: {killed} of {len(chosen)} killed ({100 * killed / max(len(chosen), 1):.1f} %); {excused} are the same program in "
          f"other words, of the {other} others {score:.1f} %; {len(every)} possible, seed {args.seed}")
    return 0 if score >= args.least and needless == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
