"""The example sites (config/examples): played on this machine alone, and what can be made to happen at each of their devices.

For demo and system tests."""

import glob
import json
import os

from processes import ROOT, NotSo, free_port, parse_site

DIRECTORY = os.path.join(ROOT, "config", "examples")

# What the simulator is told, which latched alarm follows, and how it ends: the classes whose alarms somebody would show first.
PROVOKED = {
    "gas_detector": (("leak", 60), "gas.high", ("leak", "stop")),
    "boiler_steam": (("low_water",), "boiler.level_ll", ("normal",)),
    "lift": (("trap",), "lift.trapped", ("rescue",)),
}


def all_files():
    return sorted(glob.glob(os.path.join(DIRECTORY, "*.json")))


def find(name):
    """'boiler-room', or the path of a site file."""
    for path in (name, os.path.join(DIRECTORY, f"{name}.json")):
        if os.path.isfile(path):
            return os.path.abspath(path)
    names = ", ".join(os.path.basename(path)[: -len(".json")] for path in all_files())
    raise NotSo(f"no such site file: {name}; examples: {names}")


def load(path):
    with open(path, encoding="utf-8") as file:
        return parse_site(file.read())


def private(site, directory, broker_port):
    """The same site with serial lines, ports, journal and broker of its own; everything below `directory`."""
    for bus in site["buses"]:
        if bus["link"] == "rtu":
            bus["port"] = os.path.join(directory, bus["id"])
        else:
            bus["host"], bus["port"] = "127.0.0.1", free_port()
    centre = {"id": site["centres"][0]["id"], "url": f"mqtt://127.0.0.1:{broker_port}"}
    return {**site, "centres": [centre], "journal": {**site.get("journal", {}), "dir": os.path.join(directory, "journal")}}


def write(site, directory, name="site.json"):
    """Writes it where its profiles are found too; the path."""
    profiles = os.path.join(directory, "profiles")
    if not os.path.exists(profiles):
        os.symlink(os.path.join(ROOT, "config", "profiles"), profiles)
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(site, file, ensure_ascii=False, indent=1)
    return path


def class_of(site, device):
    """The device's class, or that of its profile."""
    if "class" in device or "profile" not in device:
        return device.get("class", "generic")
    with open(os.path.join(ROOT, "config", "profiles", f"{device['profile']}.json"), encoding="utf-8") as file:
        return parse_site(file.read())["class"]


def plays(site):
    """[(device id, what to do, alarm, how it ends)]: one device of each class that has a play."""
    found = {}
    for device in site["devices"]:
        cls = class_of(site, device)
        if cls in PROVOKED:
            found.setdefault(cls, (device["id"], *PROVOKED[cls]))
    return list(found.values())


def valves_of(site, dev):
    """[(interlock id, device with its coil, coil)] of the latched interlocks that this device can trip."""
    zones = {zone["id"] for zone in site.get("zones", []) if dev in zone["detectors"]}
    found = []
    for interlock in site.get("interlocks", []):
        when = interlock["when"]
        if interlock.get("latch") and (when.get("device") == dev or when.get("zone") in zones):
            found.append((interlock["id"], *interlock["do"][0]["write"].split(".", 1)))
    return found
