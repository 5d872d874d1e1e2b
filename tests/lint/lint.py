#!/usr/bin/python3
"""lint.py: style is a test that fails. Checks the tree against tables.py and prints file:line: rule: sentence.

    lint.py [--root DIR] [--cflags FLAGS] [RULE...]

Rules are the functions below named rule_*; each yields (file, line, sentence). Tried by selftest.py."""

import argparse
import concurrent.futures
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time

import tables

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+(?:"([^"]+)"|<([^>]+)>)', re.M)
C_TOKEN = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.S)


def blank(text):
    """The same length and lines, nothing to see."""
    return re.sub(r"[^\n]", " ", text)


class Tree:
    """All files of the project (what git knows or would add; without git, everything but build/), read once."""

    def __init__(self, root, cflags):
        self.root = root
        self.cflags = cflags
        self.files = sorted(self._list())
        self.texts = {}
        self.c_files = [path for path in self.files if path.endswith((".c", ".h"))]
        self.codes = {path: self._code(path) for path in self.c_files}

    def _list(self):
        if os.path.exists(os.path.join(self.root, ".git")):
            command = ["git", "-c", "safe.directory=*", "-C", self.root, "ls-files", "-co", "--exclude-standard", "-z"]
            listed = subprocess.run(command, capture_output=True, check=False)
            if listed.returncode == 0:
                names = listed.stdout.decode().split("\0")
                return {name for name in names if name and os.path.isfile(os.path.join(self.root, name))}
        found = set()
        for folder, folders, names in os.walk(self.root):
            folders[:] = [name for name in folders if name not in ("build", ".git", "__pycache__", "state")]
            found.update(os.path.relpath(os.path.join(folder, name), self.root) for name in names)
        return found

    def text(self, path):
        if path not in self.texts:
            with open(os.path.join(self.root, path), "rb") as file:
                self.texts[path] = file.read().decode("utf-8", errors="surrogateescape")
        return self.texts[path]

    def _code(self, path):
        """(without comments, without comments and strings)"""
        text = self.text(path)
        no_comments = C_TOKEN.sub(lambda m: blank(m.group()) if m.group().startswith("/") else m.group(), text)
        return no_comments, C_TOKEN.sub(lambda m: blank(m.group()), text)

    def includes(self, path):
        """[(line, name, quoted)]"""
        code = self.codes[path][0]
        return [(line_of(code, m.start()), m.group(1) or m.group(2), m.group(1) is not None) for m in INCLUDE.finditer(code)]

    def matching(self, pattern):
        whole = re.compile(pattern)
        return [path for path in self.files if whole.fullmatch(path)]


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def rule_layers(tree):
    for path in tree.c_files:
        row = next((row for row in tables.LAYERS if path.startswith(row[0])), None)
        if row is None:
            yield path, 1, "is in no layer of the table"
            continue
        for line, name, quoted in tree.includes(path):
            known = name.startswith(tables.ALL)
            if quoted and not known:
                yield path, line, f'"{name}": our own includes are written from the root of the tree'
            elif quoted and not name.startswith(row[1]):
                yield path, line, f"{row[0]} may not include {name}"
            elif not quoted and known:
                yield path, line, f"<{name}> is ours: written with quotes"


def rule_circles(tree):
    graph = {path: [name for _, name, quoted in tree.includes(path) if quoted and name in tree.codes] for path in tree.c_files}
    done, circles = set(), set()

    def walk(path, trail):
        if path in trail:
            circles.add(tuple(trail[trail.index(path):] + [path]))
        elif path not in done:
            for name in graph[path]:
                walk(name, trail + [path])
            done.add(path)

    for path in tree.c_files:
        walk(path, [])
    for circle in sorted(circles):
        yield circle[0], 1, "include circle: " + " -> ".join(circle)


def rule_own_header(tree):
    for path in tree.c_files:
        own = path[:-2] + ".h"
        if path.endswith(".c") and own in tree.codes:
            first = next(iter(tree.includes(path)), (1, None, True))
            if first[1] != own and not (path.startswith("tests/") and first[1] == "tests/support/test.h"):
                yield path, first[0], f"includes its own header {own} first, so that the header is complete"


def rule_guards(tree):
    for path in tree.c_files:
        if not path.endswith(".h"):
            continue
        tail = path[len("gateway/"):] if path.startswith("gateway/") else path
        guard = "OUTPOST_" + re.sub(r"\W", "_", tail).upper()
        accepted = f"({guard}|{guard.replace('_TESTS_', '_')})"
        code = tree.codes[path][0].strip()
        if not re.match(rf"#ifndef {accepted}\s+#define \1\b", code) or not code.endswith("#endif"):
            yield path, 1, f"is guarded by {guard}"


def rule_confined_headers(tree):
    for path in tree.c_files:
        if path.startswith("tests/"):
            continue
        for line, name, _ in tree.includes(path):
            for pattern, allowed, why in tables.CONFINED_HEADERS:
                if re.fullmatch(pattern, name) and not any(re.fullmatch(place, path) for place in allowed):
                    yield path, line, f"{name}: {why}"


def rule_confined_calls(tree):
    for pattern, where, allowed, why in tables.CONFINED_CALLS:
        call = re.compile(rf"(?<![\w.>])({pattern})\s*\(")
        for path in tree.c_files:
            if not re.fullmatch(where, path) or any(re.fullmatch(place, path) for place in allowed):
                continue
            code = tree.codes[path][1]
            for match in call.finditer(code):
                yield path, line_of(code, match.start()), f"{match.group(1)}: {why}"


def rule_words(tree):
    for pattern, where, why in tables.FORBIDDEN_WORDS:
        for path in tree.c_files:
            code = tree.codes[path][0 if '"' in pattern else 1]
            if re.fullmatch(where, path):
                for match in re.finditer(pattern, code):
                    yield path, line_of(code, match.start()), f"{match.group().split(chr(10))[0].strip()}: {why}"


def rule_languages(tree):
    """What people read is said twice: English and Chinese stand side by side."""
    string = r'((?:"(?:\\.|[^"\\\n])*"\s*)+)'
    for name, before in tables.TWO_LANGUAGES:
        pair = re.compile(rf"\b{name}\(\s*{before}{string},\s*{string}\)")
        for path in tree.c_files:
            code = tree.codes[path][0]
            for match in pair.finditer(code) if re.match(tables.HOUSE, path) else ():
                english, chinese = match.group(1), match.group(2)
                if re.search("[a-z]{3}", english) and not re.search("[\u4e00-\u9fff]", chinese):
                    yield path, line_of(code, match.start()), f"{name}({english.strip()[:40]} … is not said in Chinese"
                if not re.search("[A-Za-z]", english) and re.search("[\u4e00-\u9fff]", chinese):
                    yield path, line_of(code, match.start()), f"{name}({chinese.strip()[:40]} … is not said in English"
                if set(re.findall(r"{\d}", english)) != set(re.findall(r"{\d}", chinese)):
                    yield path, line_of(code, match.start()), f"{name}({english.strip()[:40]} … fills in other words in Chinese"


def rule_text(tree):
    for path in tree.matching(tables.TEXT_NAMES):
        text = tree.text(path)
        longest = tables.LINE_MAX.get(path.rpartition(".")[2])
        if text and not text.endswith("\n"):
            yield path, text.count("\n") + 1, "ends without a newline"
        for number, line in enumerate(text.split("\n"), 1):
            if re.search("[\udc80-\udcff]", line):
                yield path, number, "is not UTF-8"
            if "\r" in line:
                yield path, number, "carriage return"
            if "\t" in line and not re.fullmatch(tables.TABS_ALLOWED, path):
                yield path, number, "tab"
            if line.endswith(" ") and not path.endswith(".md"):
                yield path, number, "blank at the end of the line"
            # What is code clang-format keeps short; comments it leaves alone.
            is_code = path in tree.codes and not line.lstrip().startswith(("/*", "*", "//"))
            if longest and len(line) > longest and not is_code:
                yield path, number, f"line of {len(line)} characters, at most {longest}"
            if re.search(tables.UNFINISHED, line):
                yield path, number, "unfinished work does not go in"


def rule_top_level(tree):
    for name in sorted({path.split("/")[0] for path in tree.files}):
        if name not in tables.TOP_LEVEL and not name.startswith("."):
            yield name, 1, "the top level is " + ", ".join(sorted(tables.TOP_LEVEL)) + " and dot files"


def anchors(text):
    """The names GitHub gives the headings of a page."""
    plain = re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)
    found = {}
    for heading in re.findall(r"^#{1,6}\s+(.*?)\s*#*\s*$", plain, re.M):
        heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        name = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        found[name] = found.get(name, -1) + 1
        yield name if found[name] == 0 else f"{name}-{found[name]}"


def rule_links(tree):
    for path in tree.files:
        if not path.endswith(".md"):
            continue
        text = re.sub(r"^```.*?^```|`[^`\n]*`", lambda m: blank(m.group()), tree.text(path), flags=re.S | re.M)
        for match in re.finditer(r"\]\(([^)\s]+)\)", text):
            target, _, anchor = match.group(1).partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            file = os.path.normpath(os.path.join(os.path.dirname(path), target)) if target else path
            if not os.path.exists(os.path.join(tree.root, file)):
                yield path, line_of(text, match.start()), f"link to {match.group(1)}: no such file"
            elif anchor and file.endswith(".md") and anchor not in set(anchors(tree.text(file))):
                yield path, line_of(text, match.start()), f"link to {match.group(1)}: no such heading"


def rule_shell(tree):
    scripts = [path for path in tree.files if path.endswith(".sh") or re.match(r"#!.*\b(ba|da)?sh\b", tree.text(path)[:40])]
    for path in scripts:
        checked = subprocess.run(["bash", "-n", path], cwd=tree.root, capture_output=True, text=True, check=False)
        if checked.returncode != 0:
            yield path, 1, checked.stderr.strip().splitlines()[0]
    if scripts and shutil.which("shellcheck"):
        command = ["shellcheck", "--severity=info", "--format=json", *scripts]
        checked = subprocess.run(command, cwd=tree.root, capture_output=True, text=True, check=False)
        for finding in json.loads(checked.stdout or "[]"):
            yield finding["file"], finding["line"], f"shellcheck SC{finding['code']}: {finding['message']}"


def rule_python(tree):
    for path in tree.files:
        if path.endswith(".py"):
            try:
                compile(tree.text(path), path, "exec")
            except SyntaxError as error:
                yield path, error.lineno or 1, f"Python: {error.msg}"
            for match in re.finditer(r"\btime\.sleep\(", tree.text(path)):
                if path != "tests/support/processes.py":
                    yield path, line_of(tree.text(path), match.start()), "wait for readiness (processes.wait_until), never for time"


def rule_format(tree):
    if not tree.c_files or not shutil.which("clang-format"):
        return
    command = ["clang-format", "--dry-run", "--ferror-limit=1", "--style=file", *tree.c_files]
    checked = subprocess.run(command, cwd=tree.root, capture_output=True, text=True, check=False)
    for match in re.finditer(r"^(.+?):(\d+):\d+: (?:warning|error): ", checked.stderr, re.M):
        yield match.group(1), int(match.group(2)), "not formatted: make format"


def compile_header(tree, path, flags):
    command = ["gcc", "-fsyntax-only", "-x", "c", *tree.cflags, *flags, "-"]
    # What stands in tests/ may count on test.h, which every test includes first.
    before = '#include "tests/support/test.h"\n' if path.startswith("tests/") and path != "tests/support/test.h" else ""
    source = f'{before}#include "{path}"\nextern int lint_header_alone;\n'
    checked = subprocess.run(command, cwd=tree.root, input=source, capture_output=True, text=True, check=False)
    error = re.search(r"^(?:.*?:(\d+):\d+: )?(?:fatal )?error: (.*)$", checked.stderr, re.M)
    return path, checked.returncode, error


def rule_headers_alone(tree):
    headers = [path for path in tree.c_files if path.endswith(".h")]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, status, error in pool.map(lambda path: compile_header(tree, path, []), headers):
            if status != 0:
                yield path, int(error.group(1) or 1) if error else 1, "does not compile alone: " + (error.group(2) if error else "?")


def rule_padding(tree):
    for path in tables.PADDED_CHECKED:
        if path in tree.codes:
            _, status, error = compile_header(tree, path, ["-Wpadded"])
            if status != 0 and error and "padd" in error.group(2):
                yield path, int(error.group(1) or 1), error.group(2)


RULES = {name[len("rule_"):]: function for name, function in list(globals().items()) if name.startswith("rule_")}


def lint(root, cflags=(), rules=()):
    """[(rule, file, line, sentence)], sorted."""
    tree = Tree(root, list(cflags) or ["-std=c11", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-I."])
    findings = [(rule, *finding) for rule in rules or RULES for finding in RULES[rule](tree)]
    return sorted(set(findings), key=lambda finding: (finding[1], finding[2], finding[0])), tree


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    parser.add_argument("--cflags", default="", help="how headers are compiled")
    parser.add_argument("rules", nargs="*", metavar="RULE", help="of: " + " ".join(RULES))
    options = parser.parse_args()
    began = time.monotonic()
    findings, tree = lint(os.path.abspath(options.root), shlex.split(options.cflags), options.rules)
    for rule, path, line, sentence in findings:
        print(f"{path}:{line}: {rule.replace('_', '-')}: {sentence}")
    rule_count = len(options.rules or RULES)
    passed = rule_count - len({finding[0] for finding in findings})
    print(f"  lint: {len(tree.files)} files, {rule_count} rules, {len(findings)} findings, {time.monotonic() - began:.1f} s")
    if os.environ.get("OUTPOST_TALLY"):
        with open(os.environ["OUTPOST_TALLY"], "a", encoding="utf-8") as tally:
            tally.write(f"{passed} {rule_count - passed} lint\n")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
