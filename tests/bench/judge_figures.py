"""What the judge costs: the room by itself on a clock of its own (rules_helper), and its thread in a running gateway."""

import glob
import json
import os
import select
import subprocess

from stage import WINDOW_S, Stage, free_ports, registers
from processes import ROOT, wait_until

RULES_HELPER = os.environ.get("RULES_HELPER", os.path.join(ROOT, "build", "release", "bench", "rules_helper"))
DEVICES, REGISTERS = 250, 20
RULES = DEVICES * REGISTERS


def thread_seconds(pid, name):
    """Processor time of the thread of that name, to the nanosecond."""
    for task in glob.glob(f"/proc/{pid}/task/*"):
        with open(f"{task}/comm", encoding="ascii") as comm:
            if comm.read().strip() != name:
                continue
        with open(f"{task}/schedstat", encoding="ascii") as stat:
            return int(stat.read().split()[0]) / 1e9
    raise RuntimeError(f"no thread {name}")


def alone(figures):
    told = json.loads(subprocess.run([RULES_HELPER, str(DEVICES), "600"], capture_output=True, check=True).stdout)
    seconds = told["judged"] / RULES
    note = f"the room by itself, {told['rules']} rules of ten kinds over {DEVICES} devices, {told['news']} records of them"
    figures.put("rules.per_second", told["judged"] / told["cpu_s"], "1/s a core", "", note)
    figures.put("rules.share", told["cpu_s"] / seconds * 100, "% of a core", "<= 2",
                f"the same at 1 s; the devices without a rule: {told['cpu_without_s'] / seconds * 100:.2f}")
    figures.put("rules.judge_bytes", told["judge_bytes"] / told["rules"], "bytes a rule", "", "tables of the judge")
    figures.put("rules.site_bytes", told["site_bytes"] / told["rules"], "bytes a rule", "", "tables of the site, with its names")


def in_the_gateway(figures):
    with Stage("rules") as stage:
        buses = [{"id": f"b{n}", "link": "tcp", "host": "127.0.0.1", "port": port} for n, port in enumerate(free_ports(5))]
        alarm = {"kind": "hi", "limit": 60000, "deadband": 10, "on_delay": "2s", "off_delay": "5s"}
        device = {"class": "generic", "every": "1s", "points": registers(REGISTERS)}
        device["alarms"] = {f"r{n}.high": {"point": f"r{n}", **alarm} for n in range(REGISTERS)}
        devices = [{"id": f"d{n}", "bus": f"b{n % 5}", "unit": n // 5 + 1, **device} for n in range(DEVICES)]
        stage.write(buses=buses, devices=devices)
        stage.start_sim()
        stage.start_gateway()
        stage.gateway.wait_socket()
        wait_until(lambda: stage.all_good() > 5 * DEVICES, "all are polled", 120)
        pid, good = stage.gateway.pid, stage.all_good()
        used = thread_seconds(pid, "judge")
        select.select([], [], [], WINDOW_S)
        used, good = thread_seconds(pid, "judge") - used, stage.all_good() - good
        note = f"the judge's thread in a running gateway: {good} batches of {REGISTERS} in {WINDOW_S:.0f} s, wake-ups included"
        figures.put("rules.thread", used / good * DEVICES * 100, "% of a core", "<= 2", note)


def bench_rules(figures):
    alone(figures)
    in_the_gateway(figures)
