"""How soon everything that matters is at the centre again after a day without it."""

import json
import os
import subprocess

from stage import Stage, alarm_on, registers
from processes import ROOT, free_port

OUTAGE_HELPER = os.environ.get("OUTAGE_HELPER", os.path.join(ROOT, "build", "release", "bench", "outage_helper"))
DEVICES, HOURS, ALARMS = 32, 24, 2000


def site_away(stage):
    """32 devices on a bus where nobody answers: all there is was recorded before."""
    device = {"bus": "b1", "class": "generic", "every": "10s", "points": registers(4), "alarms": alarm_on("r0")}
    return stage.write(
        buses=[{"id": "b1", "link": "tcp", "host": "127.0.0.1", "port": free_port()}],
        devices=[{"id": f"d{unit}", "unit": unit, **device} for unit in range(1, DEVICES + 1)],
        journal={"dir": os.path.join(stage.directory, "journal"), "flash_budget": "0B"},
    )


def bench_outage(figures):
    """276,480 records of telemetry and 2,000 alarms waited: from the greeting to the last alarm and to the first page of history."""
    with Stage("outage") as stage:
        made = subprocess.run([OUTAGE_HELPER, site_away(stage), str(HOURS), str(ALARMS)], capture_output=True, check=True)
        waits = json.loads(made.stdout)
        stage.start_gateway()
        history = stage.subscriber.wait(lambda topic, _: topic.endswith("/history"), since=0)
        came = [(at, topic.split("/")[3]) for at, topic, _ in stage.subscriber.all]
    greeted = next(at for at, kind in came if kind == "status")
    alarms = [at for at, kind in came if kind == "alarm"][:ALARMS]
    assert len(alarms) == ALARMS and max(alarms) <= history
    what = f"a day: {waits['t']} records of telemetry, {waits['a']} of lane a"
    figures.put("outage.last_alarm", max(alarms) - greeted, "s", "<= 5", f"after the greeting; {what}")
    figures.put("outage.first_history", history - greeted, "s", "", "after every alarm")
