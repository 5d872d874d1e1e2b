#!/usr/bin/python3
"""run.py [options] PROGRAM...: runs test programs, one line each, and adds up what passed and failed.

A program is a cmocka binary, a Python unittest file (*.py), or anything that only has an exit status (one test then);
PROGRAM:i/n is the i-th of n parts of it (TEST_PART: the doll's house and the system tests know it). Passing programs are
shown by one line, with the seconds that went by and those of a processor (cpu); of a failing one all its output. The whole
output is kept in --logs. With OUTPOST_TALLY in the environment, a line "passed failed name" per program is appended to that
file (see suite.py)."""

import argparse
import concurrent.futures
import os
import re
import signal
import subprocess
import sys
import threading
import time


def count(output, status):
    """(passed, failed) of one program, from what it printed and how it ended. Something that died has failed."""
    failed = sum(int(n) for n in re.findall(r"^\[  FAILED  \] (\d+) test", output, re.M))
    passed = sum(int(n) for n in re.findall(r"^\[  PASSED  \] (\d+) test", output, re.M))
    ran = re.search(r"^Ran (\d+) tests? in", output, re.M)
    if ran:
        failed = sum(int(n) for n in re.findall(r"(?:failures|errors|unexpected successes)=(\d+)", output))
        skipped = sum(int(n) for n in re.findall(r"skipped=(\d+)", output))
        passed = max(0, int(ran.group(1)) - failed - skipped)
    elif "[==========]" not in output:
        passed, failed = (1, 0) if status == 0 else (0, 1)
    if status != 0 and failed == 0:
        failed = 1
    if status == 0 and passed + failed == 0:
        failed = 1  # a test program without a test is a mistake
    return passed, failed


def run(program, timeout):
    program, _, part = program.partition(":")
    environment = {**os.environ, "TEST_PART": part} if part else None
    command = [sys.executable, program] if program.endswith(".py") else [os.path.join(".", program)]
    began = time.monotonic()
    # A session of its own, so that a test that hangs is ended together with what it started.
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        env=environment,
    )
    alarm = threading.Timer(timeout, os.killpg, (process.pid, signal.SIGKILL))
    alarm.start()
    text = process.stdout.read().decode(errors="replace")
    _, ended, used = os.wait4(process.pid, 0)
    alarm.cancel()
    process.returncode = status = os.waitstatus_to_exitcode(ended)
    seconds = time.monotonic() - began
    if seconds >= timeout:
        text += f"\nnot done after {timeout} s: killed\n"
    if status < 0:
        text += f"\nended by signal {signal.Signals(-status).name}\n"
    return text, status, seconds, used.ru_utime + used.ru_stime


def report(options, program, text, status, seconds, processor):
    passed, failed = count(text, status)
    path, _, part = program.partition(":")
    name = os.path.splitext(os.path.basename(path))[0] + ("-" + part.replace("/", "of") if part else "")
    if options.logs:
        os.makedirs(options.logs, exist_ok=True)
        with open(os.path.join(options.logs, name + ".log"), "w", encoding="utf-8") as log:
            log.write(text)
    if failed:
        print(text.rstrip(), flush=True)
    verdict = "FAILED" if failed else "ok"
    tests = f"{passed}" if not failed else f"{passed} passed, {failed} failed"
    print(f"  {verdict:6} {options.label:8} {name:32} {tests:>4}  {seconds:6.2f} s {processor:6.2f} cpu", flush=True)
    if os.environ.get("OUTPOST_TALLY"):
        with open(os.environ["OUTPOST_TALLY"], "a", encoding="utf-8") as tally:
            tally.write(f"{passed} {failed} {options.label}/{name}\n")
    return passed, failed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--label", default="")
    parser.add_argument("--logs", help="directory for the whole output of each program")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=600, help="seconds a program")
    parser.add_argument("programs", nargs="+")
    options = parser.parse_args()
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(max(1, options.jobs)) as pool:
        futures = {pool.submit(run, program, options.timeout): program for program in options.programs}
        for future in concurrent.futures.as_completed(futures):
            one = report(options, futures[future], *future.result())
            passed += one[0]
            failed += one[1]
    print(f"  {options.label}: {passed} passed, {failed} failed" if options.label else f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
