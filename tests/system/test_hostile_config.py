#!/usr/bin/python3
"""`outpost check` on files that nobody should write: sentences and status 1, within bounded time, never a crash."""

import json
import os
import re
import subprocess
import time

import outpost_test
from outpost_test import OUTPOST

BOUND_S = 20.0
GOOD = {
    "gateway": {"id": "g1"},
    "buses": [{"id": "b1", "link": "tcp", "host": "127.0.0.1", "port": 15020}],
    "devices": [
        {
            "id": "d1",
            "bus": "b1",
            "unit": 1,
            "class": "generic",
            "every": "1s",
            "points": {"r0": {"function": "holding", "address": 0, "type": "u16"}},
        }
    ],
    "centres": [{"id": "c1", "url": "mqtt://127.0.0.1:1883"}],
    "journal": {"dir": "state"},
}


def changed(path, value):
    """The good site with one member replaced, as bytes."""
    site = json.loads(json.dumps(GOOD))
    at = site
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return json.dumps(site).encode()


def files():
    good = json.dumps(GOOD).encode()
    yield "empty", b""
    yield "blank", b" \n\t "
    yield "only_bom", b"\xef\xbb\xbf"
    yield "ten_megabytes_of_blanks", b" " * 10_000_000
    yield "ten_megabytes_of_text", b'{"gateway": {"id": "' + b"x" * 10_000_000 + b'"}}'
    yield "seven_megabytes_of_members", b"{" + b",".join(b'"k%d":1' % n for n in range(600_000)) + b"}"
    yield "deep_arrays", b"[" * 100_000
    yield "deep_objects", b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    yield "deep_and_large", b"[" * 5_000_000
    yield "nul_bytes", good.replace(b'"b1"', b'"b\x001"')
    yield "nul_escape", good.replace(b'"g1"', b'"g\\u00001"')
    yield "only_nuls", b"\x00" * 4096
    yield "gbk", good.replace(b'"g1"', '"哨所"'.encode("gbk"))
    yield "utf16", good.decode().encode("utf-16")
    yield "full_width_punctuation", good.decode().replace(":", "：", 1).encode()
    yield "cut", good[: len(good) // 2]
    yield "behind_the_end", good + b"{}"
    yield "open_comment", good + b"/* and so on"
    yield "open_string", b'{"gateway'
    yield "lone_surrogate", good.replace(b'"g1"', b'"\\ud800"')
    yield "not_an_object", b"[1, 2, 3]"
    yield "number", b"1e999"
    yield "elf", open(OUTPOST, "rb").read(200_000)
    yield "random", bytes((n * 2654435761 >> 7) & 0xFF for n in range(100_000))
    for path in (["gateway"], ["buses"], ["devices"], ["centres"], ["journal"], ["buses", 0], ["devices", 0, "points"]):
        for name, value in (("null", None), ("number", 7), ("text", "x"), ("list", [[]]), ("true", True)):
            yield "_".join(map(str, path)) + "_is_" + name, changed(path, value)
    yield "port_too_high", changed(["buses", 0, "port"], 70000)
    yield "port_not_whole", changed(["buses", 0, "port"], 1.5)
    yield "port_infinite", changed(["buses", 0, "port"], 1e308)
    yield "unit_0", changed(["devices", 0, "unit"], 248)
    yield "unit_negative", changed(["devices", 0, "unit"], -1)
    yield "no_such_bus", changed(["devices", 0, "bus"], "b9")
    yield "no_such_class", changed(["devices", 0, "class"], "spaceship")
    yield "no_such_profile", changed(["devices", 0, "profile"], "../../../../etc/passwd")
    yield "address_too_high", changed(["devices", 0, "points", "r0", "address"], 65536)
    yield "every_is_negative", changed(["devices", 0, "every"], "-1s")
    yield "every_is_huge", changed(["devices", 0, "every"], "99999999999999999999d")
    yield "url_is_odd", changed(["centres", 0, "url"], "mqtt://[::1")
    yield "unknown_key", changed(["devices", 0, "evry"], "1s")
    yield "doubled_key", good.replace(b'"every": "1s"', b'"every": "1s", "every": "2s"')
    yield "id_too_long", changed(["devices", 0, "id"], "d" * 65)
    yield "id_with_slash", changed(["devices", 0, "id"], "d/1")
    yield "many_devices", changed(["devices"], [{**GOOD["devices"][0], "id": f"d{n}"} for n in range(20_000)])


class TestHostileConfig(outpost_test.Case):
    def check(self, path, *options):
        began = time.monotonic()
        done = subprocess.run([OUTPOST, "check", path, *options], capture_output=True, timeout=BOUND_S * 3, check=False)
        return done.returncode, (done.stdout + done.stderr).decode(), time.monotonic() - began

    def test_the_good_one_is_good(self):
        path = self.write_site(GOOD)
        status, text, _ = self.check(path)
        self.assertEqual(0, status, text)

    def test_every_hostile_file_gets_a_sentence(self):
        for name, content in files():
            with self.subTest(name):
                path = self.path(f"{name}.json")
                with open(path, "wb") as file:
                    file.write(content)
                for language in ("en", "zh"):
                    status, text, seconds = self.check(path, "--lang", language)
                    self.assertEqual(1, status, text[-2000:])
                    self.assertRegex(text, re.escape(f"{name}.json") + r":\d+:\d+: ", "names the place")
                    self.assertLess(len(text), 200_000, "complaints are bounded")
                    self.assertLess(seconds, BOUND_S)
                os.unlink(path)

    def test_what_is_no_file(self):
        for path in (self.path("missing.json"), self.directory, "/dev/null", ""):
            with self.subTest(path):
                status, text, seconds = self.check(path)
                self.assertIn(status, (1, 2))
                self.assertTrue(text.strip())
                self.assertLess(seconds, BOUND_S)


if __name__ == "__main__":
    outpost_test.main()
