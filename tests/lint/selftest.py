#!/usr/bin/python3
"""Proof that each rule of the lint bites: a small clean tree passes, and each planted violation is found by its rule."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lint  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
CLANG_FORMAT = os.path.join(HERE, "..", "..", ".clang-format")

CLEAN = {
    "README.md": "# House\n\n[docs](gateway/docs/A.md#two-words)\n",
    "gateway/docs/A.md": "# A\n\n## Two words\n",
    "gateway/base/err.h": "#ifndef OUTPOST_BASE_ERR_H\n#define OUTPOST_BASE_ERR_H\n\nenum err { ERR_OK };\n\n#endif\n",
    "gateway/base/err.c": '#include "gateway/base/err.h"\n',
    "gateway/model/order.h": "#ifndef OUTPOST_MODEL_ORDER_H\n#define OUTPOST_MODEL_ORDER_H\n\n"
    '#include "gateway/base/err.h"\n\n#endif\n',
    "gateway/core/vote.c": '#include "gateway/model/order.h"\n',
    "gateway/run/journal.c": "#include <sqlite3.h>\n",
    "gateway/main.c": '#include "drivers/link/tcp.h"\n',
    "drivers/link/tcp.h": "#ifndef OUTPOST_DRIVERS_LINK_TCP_H\n#define OUTPOST_DRIVERS_LINK_TCP_H\n\nint tcp_open(void);\n\n#endif\n",
    # Words in comments and strings are no code.
    "drivers/link/tcp.c": '#include "drivers/link/tcp.h"\n\n/* never sleep(1) */\n'
    'const char *tcp_word = "typedef sleep(1) // no";\n',
    "firmware-sim/main.c": "int main(void)\n{\n    return 0;\n}\n",
    "tests/support/go.sh": "#!/bin/sh\necho go\n",
    "tests/unit/test_vote.c": '#include "gateway/model/order.h"\n',
}


def header(path, body):
    guard = "OUTPOST_" + path.removeprefix("gateway/").replace("/", "_").replace(".", "_").replace("-", "_").upper()
    return f"#ifndef {guard}\n#define {guard}\n\n{body}\n#endif\n"


# (rule, file, its content)
PLANTED = [
    ("layers", "gateway/core/vote.c", '#include "gateway/base/clock.h"\n'),
    ("layers", "gateway/core/vote.c", '#include "gateway/run/bus.h"\n'),
    ("layers", "gateway/base/err.c", '#include "gateway/base/err.h"\n#include "gateway/model/order.h"\n'),
    ("layers", "gateway/desk/page.c", '#include "drivers/link/tcp.h"\n'),
    ("layers", "gateway/run/bus.c", '#include "gateway/desk/page.h"\n'),
    ("layers", "drivers/link/tcp2.c", '#include "gateway/core/vote.h"\n'),
    ("layers", "drivers/uplink/paho.c", '#include "drivers/link/tcp.h"\n'),
    ("layers", "firmware-sim/plant.c", '#include "gateway/base/err.h"\n'),
    ("layers", "tests/unit/simtest_lift.c", '#include "gateway/base/err.h"\n'),
    ("layers", "gateway/base/text.c", '#include "err.h"\n'),
    ("layers", "gateway/base/text.c", "#include <gateway/base/err.h>\n"),
    ("layers", "gateway/attic/old.c", "int old;\n"),
    ("circles", "gateway/base/err.h", header("gateway/base/err.h", '#include "gateway/base/err2.h"\n')),
    ("own_header", "gateway/base/err.c", '#include <stdio.h>\n\n#include "gateway/base/err.h"\n'),
    ("own_header", "gateway/base/err.c", "int err_count;\n"),
    ("guards", "gateway/base/err3.h", "#ifndef ERR3_H\n#define ERR3_H\n#endif\n"),
    ("guards", "gateway/base/err3.h", "int err3;\n"),
    ("confined_headers", "gateway/run/sender.c", "#include <sqlite3.h>\n"),
    ("confined_headers", "gateway/run/sender.c", "#include <MQTTAsync.h>\n"),
    ("confined_headers", "drivers/uplink/paho.c", "#include <modbus/modbus.h>\n"),
    ("confined_headers", "gateway/core/payload.c", "#include <cjson/cJSON.h>\n"),
    ("confined_headers", "gateway/site/load.c", "#include <openssl/sha.h>\n"),
    ("confined_headers", "gateway/run/bus.c", "#include <sys/timex.h>\n"),
    ("confined_headers", "gateway/run/bus.c", "#include <termios.h>\n"),
    ("confined_calls", "drivers/link/wait.c", "void wait(void)\n{\n    usleep(10);\n}\n"),
    ("confined_calls", "tests/unit/test_wait.c", "void wait(void)\n{\n    sleep(1);\n}\n"),
    ("confined_calls", "gateway/run/bus.c", "void now(void)\n{\n    clock_gettime(0, 0);\n}\n"),
    ("confined_calls", "gateway/run/bus.c", "void now(void)\n{\n    time(0);\n}\n"),
    ("confined_calls", "gateway/run/bus.c", "void go(void)\n{\n    pthread_create(0, 0, 0, 0);\n}\n"),
    ("confined_calls", "gateway/core/vote.c", "void *take(void)\n{\n    return malloc(1);\n}\n"),
    ("confined_calls", "gateway/run/bus.c", "char *say(void)\n{\n    return strerror(1);\n}\n"),
    ("confined_calls", "firmware-sim/copy.c", "void copy(char *to)\n{\n    strcpy(to, to);\n}\n"),
    ("confined_calls", "firmware-sim/run.c", 'void run(void)\n{\n    system("x");\n}\n'),
    ("confined_calls", "gateway/run/bus.c", "void check(void)\n{\n    assert(1);\n}\n"),
    ("confined_calls", "drivers/link/rtu.c", "void open_port(void)\n{\n    modbus_set_debug(0, 1);\n}\n"),
    ("words", "gateway/base/err.c", '#include "gateway/base/err.h"\n\ntypedef int err_t;\n'),
    ("words", "gateway/run/bus.c", "typedef struct {\n    int a;\n} bus;\n"),
    ("words", "gateway/base/once.h", header("gateway/base/once.h", "#pragma once\n")),
    ("words", "tests/unit/test_in.c", '#include "gateway/base/err.c"\n'),
    ("words", "gateway/run/bus.c", "void f(void)\n{\n    goto again;\n}\n"),
    ("languages", "gateway/site/a.h", 'X(S_GONE, "gone", E, "{0} is gone", "") \\\n'),
    ("languages", "gateway/site/a.h", 'X(S_GONE, "gone", E, "{0} is gone", "{0} is gone") \\\n'),
    ("languages", "gateway/site/a.h", 'X(S_GONE, "gone", E, "{0} is gone", "已经没有了") \\\n'),
    ("languages", "gateway/site/a.c", 'struct words gone = both("a thing", "thing");\n'),
    ("languages", "gateway/site/a.c", 'struct words gone = both("", "东西");\n'),
    ("text", "gateway/docs/B.md", "a tab\there\n"),
    ("text", "gateway/docs/B.md", "dos\r\n"),
    ("text", "gateway/docs/B.md", "no newline"),
    ("text", "gateway/docs/B.md", b"\xc9\xda\xcb\xf9 in GBK\n"),
    ("text", "tests/support/go.sh", "#!/bin/sh\necho go \n"),
    ("text", "gateway/base/err.c", '#include "gateway/base/err.h"\n/* ' + "long " * 30 + "*/\n"),
    ("text", "gateway/base/err.c", '#include "gateway/base/err.h"\n/* TO' + "DO later */\n"),
    ("top_level", "scripts/x.txt", "x\n"),
    ("links", "README.md", "[gone](gateway/docs/GONE.md)\n"),
    ("links", "README.md", "[gone](gateway/docs/A.md#three-words)\n"),
    ("links", "README.md", "[gone](#nowhere)\n"),
    ("shell", "tests/support/go.sh", "#!/bin/sh\nif true; then\n"),
    ("python", "tests/system/x.py", "def x(:\n"),
    ("python", "tests/system/x.py", "import time\ntime.sleep" + "(1)\n"),
    ("format", "gateway/base/err.c", '#include "gateway/base/err.h"\n\nint   err_count;\n'),
    ("headers_alone", "gateway/base/size.h", header("gateway/base/size.h", "size_t size_of(void);\n")),
    ("padding", "gateway/model/sample.h", header("gateway/model/sample.h", "struct sample {\n    char a;\n    int b;\n};\n")),
]


class Tree(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="outpost-lint-")
        self.addCleanup(shutil.rmtree, self.root)
        for path, content in CLEAN.items():
            self.plant(path, content)
        shutil.copy(CLANG_FORMAT, self.root)

    def plant(self, path, content):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full) or ".", exist_ok=True)
        with open(full, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())


class TestLint(Tree):
    def test_a_clean_tree_passes(self):
        self.assertEqual([], lint.lint(self.root)[0])

    def test_every_rule_has_a_planted_violation(self):
        self.assertEqual(set(lint.RULES), {rule for rule, _, _ in PLANTED})

    def test_a_circle_of_two_is_named(self):
        for one, other in (("a", "b"), ("b", "a")):
            path = f"gateway/base/{one}.h"
            self.plant(path, header(path, f'#include "gateway/base/{other}.h"\n'))
        findings = lint.lint(self.root, rules=["circles"])[0]
        self.assertEqual(1, len(findings))
        self.assertIn("gateway/base/a.h -> gateway/base/b.h -> gateway/base/a.h", findings[0][3])


class TestGlobals(unittest.TestCase):
    """globals.py, on one small object."""

    def look(self, source):
        with tempfile.TemporaryDirectory(prefix="outpost-lint-") as root:
            path = os.path.join(root, "x.o")
            subprocess.run(["gcc", "-fPIE", "-xc", "-c", "-", "-o", path], input=source, text=True, check=True)
            command = [sys.executable, os.path.join(HERE, "globals.py"), path]
            quiet = {key: value for key, value in os.environ.items() if key != "OUTPOST_TALLY"}
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=quiet, check=False)
        return done.returncode, {line.split()[1] for line in done.stdout.splitlines() if "mutable and" in line}

    def test_what_never_changes_passes(self):
        constants = 'static const int a = 1; const char *const b[] = {"x"}; int c(int i) { return b[i][0] + a; }'
        self.assertEqual((0, set()), self.look(constants))

    def test_what_can_change_is_named(self):
        state = 'static int a; int b = 3; const char *c[] = {"x"}; _Thread_local int d; int e(void) { return ++a; }'
        self.assertEqual((1, {"a", "b", "c", "d"}), self.look(state))


def plant_test(number, rule, path, content):
    def test(self):
        if rule == "circles":
            self.plant("gateway/base/err2.h", header("gateway/base/err2.h", '#include "gateway/base/err.h"\n'))
        self.plant(path, content)
        found = {(finding[0], finding[1]) for finding in lint.lint(self.root, rules=[rule])[0]}
        places = {path, path.split("/")[0]}  # of the top level only the folder is named
        self.assertTrue(any(place in places for _, place in found), f"{rule} did not see {path}: {content!r}")

    setattr(TestLint, f"test_{number:02}_{rule}", test)


for index, row in enumerate(PLANTED):
    plant_test(index, *row)

if __name__ == "__main__":
    unittest.main()
