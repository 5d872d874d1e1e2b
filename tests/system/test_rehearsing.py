#!/usr/bin/python3
"""gateway/docs/REHEARSING.md is true: its ```sh blocks are typed into a shell, in order, on ports and in a home of the test's own,
and under each one what the ```text block shows is seen. The verbs and options of all commands of all pages are held against --help.
gateway/docs/SIMULATOR.md explains what --help only names."""

import concurrent.futures
import glob
import json
import os
import re
import shutil
import signal
import subprocess

import outpost_test
from outpost_test import OUTPOST, OUTPOST_SIM, PATIENCE_S, ROOT, NotSo, free_port, wait_until

DOCS = os.path.join(ROOT, "gateway", "docs")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
EXAMPLE_PORTS = ("18883", "15020")
FAILED = "--- failed: "
PROGRAMS = {"outpost": OUTPOST, "outpost-sim": OUTPOST_SIM}


def page(name):
    with open(os.path.join(DOCS, name), encoding="utf-8") as file:
        return file.read()


def help_of(program, *verb):
    done = subprocess.run([PROGRAMS[program], *verb, "--help"], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    return done.stdout if done.returncode == 0 else ""


class Shell:
    """A bash that is typed into. What it starts is ended with it."""

    def __init__(self, directory, environment):
        self.child = subprocess.Popen(
            ["bash"],
            cwd=directory,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.turn = 0
        self.type(f"""trap 'echo "{FAILED}$BASH_COMMAND"' ERR""")

    def type(self, commands):
        """What was printed, and which commands failed."""
        self.turn += 1
        mark = f"--- typed {self.turn}"
        self.child.stdin.write(f"{commands}\necho; echo '{mark}'\n")
        self.child.stdin.flush()
        lines = []
        for line in self.child.stdout:
            if line == mark + "\n":
                failed = [one[len(FAILED) : -1] for one in lines if one.startswith(FAILED)]
                return "".join(one for one in lines if not one.startswith(FAILED)), failed
            lines.append(line)
        raise NotSo(f"the shell ended: {''.join(lines)}")

    def stop(self):
        os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()
        self.child.stdin.close()
        self.child.stdout.close()


def pattern(line):
    return re.compile(".*".join(re.escape(part) for part in line.split("…")))


class Rehearsing(outpost_test.Case):
    def scratch(self, home):
        """A tree with programs and configuration, whose ports are free ones; returns what to replace in the page."""
        os.makedirs(os.path.join(home, "build"))
        for name, program in PROGRAMS.items():
            os.symlink(program, os.path.join(home, "build", name))
        shutil.copytree(os.path.join(ROOT, "config"), os.path.join(home, "config"))
        ports = {port: str(free_port()) for port in EXAMPLE_PORTS}
        example = os.path.join(home, "config", "outpost.example.json")
        with open(example, encoding="utf-8") as file:
            text = self.replaced(file.read(), ports)
        with open(example, "w", encoding="utf-8") as file:
            file.write(text)
        return ports

    @staticmethod
    def replaced(text, ports):
        for port, other in ports.items():
            text = text.replace(port, other)
        return text

    def test_what_is_to_be_typed_shows_what_is_printed_there(self):
        """Each chapter in a shell and a home of its own, all at the same time: they mostly wait. What the first exports holds in all."""
        chapters = [BLOCK.findall(chapter) for chapter in page("REHEARSING.md").split("\n## ")]
        chapters = [[block for block in blocks if block[0] != "console"] for blocks in chapters]
        chapters = [blocks for blocks in chapters if blocks]
        self.assertEqual({"sh", "text"}, {kind for blocks in chapters for kind, _ in blocks})
        self.assertGreater(sum(map(len, chapters)), 20)
        exports = "".join(re.findall(r"^export .*\n", chapters[0][0][1], re.M))
        with concurrent.futures.ThreadPoolExecutor(len(chapters)) as pool:
            walks = []
            for number, blocks in enumerate(chapters):
                home = self.path(f"home{number}")
                ports = self.scratch(home)
                shell = self.own(Shell(home, {"HOME": home, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}))
                shell.type(exports)
                walks.append(pool.submit(self.walk, shell, [(kind, self.replaced(text, ports)) for kind, text in blocks]))
            for one in walks:
                one.result()

    def walk(self, shell, blocks):
        """One chapter, in order."""
        for at, (kind, text) in enumerate(blocks):
            if kind == "sh":
                printed, failed = shell.type(text)
                last = text.rstrip("\n").rsplit("\n", 1)[-1]
                # The last one may come too early where it is looked at what it shows.
                if blocks[at + 1 : at + 2] and blocks[at + 1][0] == "text":
                    failed = [one for one in failed if one not in last]
                self.assertEqual([], failed, printed)
            else:
                self.see(shell, last, text, printed)

    def see(self, shell, command, text, printed):
        """The printed block, at once or when the command is typed again."""
        wanted = [pattern(line) for line in text.splitlines()]
        seen = [printed]

        def missing():
            return [one.pattern for one in wanted if not one.search(seen[0])]

        def look():
            if not missing():
                return True
            seen[0] = shell.type(command)[0]
            return not missing()

        wait_until(look, lambda: f"{command}: {missing()} in: {seen[0]}", 2 * PATIENCE_S)

    def test_every_command_exists(self):
        """Verbs and options of all commands on all pages, also of those that need hardware."""
        found = 0
        for path in [*glob.glob(os.path.join(DOCS, "*.md")), os.path.join(ROOT, "README.md")]:
            with open(path, encoding="utf-8") as file:
                text = re.sub(r"^```text\n.*?^```$", "", file.read().replace("\\\n", ""), flags=re.M | re.S)
            for program, verb, rest in re.findall(r"(?:^ *|&& )(outpost(?:-sim)?) ([a-z]+)\b(.*?)(?=&&|#|$)", text, re.M):
                known = help_of(program, verb)
                self.assertTrue(known or verb == "version", f"{path}: {program} {verb}")
                for option in re.findall(r"(?<=\s)--[\w-]+", rest):
                    self.assertIn(option, known, f"{path}: {program} {verb}{rest}")
                found += 1
        self.assertGreater(found, 40)


class Reference(outpost_test.Case):
    """SIMULATOR.md has all of --help in it (test_docs holds it against the program); what the help only names, it explains."""

    def test_every_verb_is_shown(self):
        verbs = set(re.findall(r"^  outpost-sim (\w+)", help_of("outpost-sim"), re.M)) - {"version"}
        self.assertEqual(verbs, set(re.findall(r"^`outpost-sim (\w+) --help`$", page("SIMULATOR.md"), re.M)))

    def test_every_fault_is_explained(self):
        faults = re.search(r"^  faults: (.*)$", help_of("outpost-sim", "ctl"), re.M).group(1).split(", ")
        self.assertGreater(len(faults), 15)
        rows = " ".join(line.split(" | ")[0].replace("\\|", "|") for line in page("SIMULATOR.md").splitlines() if line.startswith("| `"))
        self.assertEqual([], [fault for fault in faults if f"`{fault}`" not in rows])

    def test_every_counter_is_explained(self):
        """What `ctl status json` says of buses and slaves, but for their names."""
        point = {"function": "holding", "address": 0}
        site = {
            "gateway": {"id": "g1"},
            "buses": [
                {"id": "line", "link": "rtu", "port": "line", "baud": 9600, "format": "8N1"},
                {"id": "net", "link": "tcp", "host": "127.0.0.1", "port": free_port()},
            ],
            "devices": [{"id": "d1", "bus": "line", "unit": 1, "class": "generic", "points": {"p": point}}],
            "journal": {"dir": "journal"},
        }
        self.sim = self.own(outpost_test.Simulator(self.write_site(site), self.directory)).start()
        status = json.loads(self.sim.ctl("status", "json"))
        words = {word for one in [*status["buses"], *status["slaves"]] for word in one}
        words |= set(status["pace"]) if isinstance(status.get("pace"), dict) else set()
        self.assertIn("garbled", words)
        rows = " ".join(line for line in page("SIMULATOR.md").splitlines() if line.startswith("| `"))
        self.assertEqual(set(), {word for word in words - {"id", "port", "fault", "bus"} if f"`{word}`" not in rows})


if __name__ == "__main__":
    outpost_test.main()
