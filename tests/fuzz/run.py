#!/usr/bin/python3
"""run.py [options] FUZZER...: replays each fuzzer's corpus, then lets it look for new inputs, bounded in runs or time.

The corpus of fuzz_x is tests/fuzz/corpus/fuzz_x; it is only read. New inputs and whatever crashed go to --work/fuzz_x: a
crash is to become a corpus file and a unit test. One line per fuzzer; a crash is a failed test."""

import argparse
import concurrent.futures
import glob
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))


def fuzz(options, fuzzer):
    name = os.path.basename(fuzzer)
    corpus = os.path.join(HERE, "corpus", name)
    work = os.path.join(options.work, name)
    os.makedirs(os.path.join(work, "new"), exist_ok=True)
    command = [os.path.abspath(fuzzer), "-timeout=10", "-rss_limit_mb=2048", f"-artifact_prefix={work}/"]
    began = time.monotonic()
    seeds = sorted(glob.glob(os.path.join(corpus, "*")))
    replay = subprocess.run([*command, *seeds], capture_output=True, check=False) if seeds else None
    if replay is not None and replay.returncode != 0:
        return name, len(seeds), 0, replay, time.monotonic() - began
    # max_total_time bounds a slow fuzzer in `make test`; a fuzzer bounded by time gets all the runs it likes.
    limits = [f"-max_total_time={options.seconds}"] if options.seconds else [f"-runs={options.runs}", "-max_total_time=60"]
    search = [*command, "-print_final_stats=1", "-verbosity=1", *limits, os.path.join(work, "new")]
    result = subprocess.run(search + ([corpus] if seeds else []), capture_output=True, check=False)
    runs = re.search(rb"stat::number_of_executed_units:\s*(\d+)", result.stderr)
    return name, len(seeds), int(runs.group(1)) if runs else 0, result, time.monotonic() - began


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--work", required=True, help="directory for new inputs and crashes")
    parser.add_argument("--seconds", type=int, default=0)
    parser.add_argument("--runs", type=int, default=20000)
    parser.add_argument("fuzzers", nargs="+")
    options = parser.parse_args()
    options.runs = int(options.runs * float(os.environ.get("SCALE", "1")))
    options.work = os.path.abspath(options.work)
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(max(1, options.jobs)) as pool:
        for name, seeds, runs, result, seconds in pool.map(lambda fuzzer: fuzz(options, fuzzer), options.fuzzers):
            failed = result.returncode != 0
            failures += failed
            if failed:
                print(result.stderr.decode(errors="replace")[-8000:])
            print(f"  {'FAILED' if failed else 'ok':6} {name:32} {seeds:5} seeds {runs:9} runs {seconds:6.1f} s", flush=True)
            if os.environ.get("OUTPOST_TALLY"):
                with open(os.environ["OUTPOST_TALLY"], "a", encoding="utf-8") as tally:
                    tally.write(f"{int(not failed)} {int(failed)} {name}\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
