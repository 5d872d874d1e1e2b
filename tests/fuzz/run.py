#!/usr/bin/python3
"""run.py [options] FUZZER...: replays each fuzzer's corpus, then lets it look for new inputs, bounded in runs or time.

The corpus of fuzz_x is tests/fuzz/corpus/fuzz_x and what SEEDS adds; it is only read. fuzz_x.dict, where there is one, holds
words to mutate with. New inputs and whatever crashed go to --work/fuzz_x: a crash is to become a corpus file and a unit test.
One line per fuzzer; a crash is a failed test."""

import argparse
import concurrent.futures
import glob
import os
import re
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))

# More to begin with than the corpus, by name of the fuzzer.
SEEDS = {"fuzz_profile": ["../golden/profile/good", "../golden/profile/bad"],
         "fuzz_sim_scenario": ["../golden/scenario/good", "../golden/scenario/bad", "../../firmware-sim/scenarios"]}
# What strangers' files reach first runs at least so often, on inputs small enough to be quick (the whole corpus is replayed
# before): one core does 4,000 to 7,000 of fuzz_site_load a second, and half as many again of fuzz_profile.
RUNS_LEAST = {"fuzz_profile": 1_000_000, "fuzz_site_load": 1_000_000}
SMALL = 1500
SHORT = 300  # --least: inputs of a frame or two
SECONDS_MOST, SECONDS_MOST_OF_LEAST = 60, 900
LEAST_SCALE_MOST = 10  # what --least asks for is minutes already


def small_seeds(seeds, folder):
    """A folder with those that are small: longer ones would be cut, and few of them mean anything then."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for number, seed in enumerate(seeds):
        if os.path.getsize(seed) <= SMALL:
            shutil.copy(seed, os.path.join(folder, f"{number}-{os.path.basename(seed)}"))
    return folder


def search_options(options, name, folders, work):
    """How long, how large, and the folders to begin from."""
    if options.seconds:  # a fuzzer bounded by time gets all the runs it likes
        return [f"-max_total_time={options.seconds}"], folders
    if options.least:
        runs = -(-options.least // options.shares)
        return [f"-runs={runs}", f"-max_total_time={SECONDS_MOST_OF_LEAST}", f"-max_len={SHORT}"], folders
    if name not in RUNS_LEAST:  # max_total_time bounds a slow fuzzer in `make test`
        return [f"-runs={options.runs}", f"-max_total_time={SECONDS_MOST}"], folders
    limits = [f"-runs={max(options.runs, RUNS_LEAST[name])}", f"-max_total_time={SECONDS_MOST_OF_LEAST}", f"-max_len={SMALL}"]
    return limits, [small_seeds(files_in(folders), os.path.join(work, "small"))]


def files_in(folders):
    return sorted(path for folder in folders for path in glob.glob(os.path.join(folder, "*")))


def fuzz(options, fuzzer):
    name = os.path.basename(fuzzer)
    work = os.path.join(options.work, name)
    os.makedirs(os.path.join(work, "new"), exist_ok=True)
    command = [os.path.abspath(fuzzer), "-timeout=10", "-rss_limit_mb=2048", f"-artifact_prefix={work}/"]
    words = os.path.join(HERE, f"{name}.dict")
    if os.path.exists(words):
        command.append(f"-dict={words}")
    began = time.monotonic()
    folders = [os.path.normpath(os.path.join(HERE, folder)) for folder in [f"corpus/{name}", *SEEDS.get(name, [])]]
    folders = [folder for folder in folders if os.path.isdir(folder)]
    seeds = files_in(folders)
    replay = subprocess.run([*command, *seeds], capture_output=True, check=False) if seeds else None
    if replay is not None and replay.returncode != 0:
        return name, len(seeds), 0, replay, time.monotonic() - began
    limits, begin_from = search_options(options, name, folders, work)
    result, runs = search(options.shares, [*command, *limits], work, begin_from)
    if result.returncode == 0 and runs < options.least and not options.seconds:
        result.returncode, result.stderr = 1, f"{runs} runs of {options.least} in {SECONDS_MOST_OF_LEAST} s\n".encode()
    return name, len(seeds), runs, result, time.monotonic() - began


def search(shares, command, work, begin_from):
    """--shares processes that begin from the same and know nothing of each other: one that failed, and the runs of all."""

    def one(share):
        new = os.path.join(work, f"new-{share}" if share else "new")
        os.makedirs(new, exist_ok=True)
        options = ["-print_final_stats=1", "-verbosity=1", new, *begin_from]
        return subprocess.run([*command, *options], capture_output=True, check=False)

    with concurrent.futures.ThreadPoolExecutor(shares) as pool:
        results = list(pool.map(one, range(shares)))
    stats = [re.search(rb"stat::number_of_executed_units:\s*(\d+)", result.stderr) for result in results]
    return max(results, key=lambda result: result.returncode != 0), sum(int(runs.group(1)) for runs in stats if runs)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--work", required=True, help="directory for new inputs and crashes")
    parser.add_argument("--seconds", type=int, default=0)
    parser.add_argument("--runs", type=int, default=20000)
    parser.add_argument("--least", type=int, default=0, help="in place of --runs: so many short inputs, or it has failed")
    parser.add_argument("--shares", type=int, default=1, help="processes that share them")
    parser.add_argument("fuzzers", nargs="+")
    options = parser.parse_args()
    scale = float(os.environ.get("SCALE", "1"))
    options.runs = int(options.runs * scale)
    options.least = int(options.least * min(scale, LEAST_SCALE_MOST))
    options.work = os.path.abspath(options.work)
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(max(1, options.jobs)) as pool:
        longest_first = sorted(options.fuzzers, key=lambda fuzzer: -RUNS_LEAST.get(os.path.basename(fuzzer), 0))
        for name, seeds, runs, result, seconds in pool.map(lambda fuzzer: fuzz(options, fuzzer), longest_first):
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
