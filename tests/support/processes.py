"""Starting, watching and ending the real programs: broker, simulator, gateway. For system tests, demo and bench.

Everything runs on loopback, in a directory of its own. Only what was started here is ever signalled, by its pid; children
also end when this process dies. Nothing waits for time to pass: wait_until() looks until something is so. Only Python's
own library is used."""

import ctypes
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUTPOST = os.path.join(ROOT, os.environ.get("OUTPOST", "build/outpost"))
OUTPOST_SIM = os.path.join(ROOT, os.environ.get("OUTPOST_SIM", "build/outpost-sim"))
# How long something may take on a machine that is busy with other things before a test calls it broken.
PATIENCE_S = 60.0
LOOK_EVERY_S = 0.02

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


class NotSo(Exception):
    """Something that should have become true did not, in time."""


def wait_until(predicate, what, seconds=PATIENCE_S):
    """The first true thing that predicate() returns; NotSo with the sentence `what` (text or function) otherwise."""
    deadline = time.monotonic() + seconds
    while True:
        result = predicate()
        if result:
            return result
        if time.monotonic() > deadline:
            raise NotSo(f"not so after {seconds:g} s: {what() if callable(what) else what}")
        time.sleep(LOOK_EVERY_S)


def random_instant(random, seconds):
    """Lets a random time pass: for faults that have to strike anywhere, never to wait for something."""
    time.sleep(random.uniform(0, seconds))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def port_is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def port_answers(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _child():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


SANITIZER = re.compile(r"(Address|Leak|Thread|UndefinedBehavior)Sanitizer\b|runtime error: ")


class Process:
    """One program. Its output goes to `log`, over several starts. Start from the main thread only (PR_SET_PDEATHSIG)."""

    def __init__(self, name, command, log, environment=None):
        self.name = name
        self.command = command
        self.log = log
        self.environment = environment
        self.child = None
        self.starts = 0

    def start(self):
        assert not self.alive(), f"{self.name} runs already"
        # A session of its own: Ctrl-C in the terminal reaches only us, and we end things in order.
        with open(self.log, "ab") as log:
            self.log_from = log.tell()
            self.child = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_child,
                env=dict(os.environ, **(self.environment or {})),
            )
        self.starts += 1
        return self

    @property
    def pid(self):
        return self.child.pid

    def alive(self):
        return self.child is not None and self.child.poll() is None

    def output(self):
        """What this start has printed so far."""
        with open(self.log, "rb") as log:
            log.seek(self.log_from)
            return log.read().decode(errors="replace")

    def wait_ready(self, ready, what, seconds=PATIENCE_S):
        def look():
            if not self.alive():
                raise NotSo(f"{self.name} ended with status {self.child.returncode}: {self.output()[-2000:]}")
            return ready()

        return wait_until(look, lambda: f"{self.name}: {what}: {self.output()[-2000:]}", seconds)

    def kill(self):
        """kill -9: the way a power cut or the kernel would end it."""
        if self.alive():
            self.child.kill()
        if self.child is not None:
            self.child.wait()
            self.expect_no_report()

    def stop(self, seconds=PATIENCE_S):
        """SIGTERM and wait; the exit status. A program that does not heed it is killed, and that is an error."""
        if self.child is None:
            return None
        if self.alive():
            self.child.terminate()
            try:
                self.child.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
                raise NotSo(f"{self.name} did not end {seconds:g} s after SIGTERM: {self.output()[-2000:]}") from None
        self.expect_no_report()
        return self.child.returncode

    def expect_no_report(self):
        """What a sanitizer found ends the test, also where nobody asks for the status of what was killed."""
        found = SANITIZER.search(self.output())
        if found:
            raise NotSo(f"{self.name}: {self.output()[found.start():][:4000]}")


class Broker(Process):
    """A private mosquitto. Sessions survive kill -9 once remember() was called after subscribing, so that a subscriber that
    comes back after the gateway misses nothing: what is published meanwhile waits for it, also at QoS 0."""

    def __init__(self, directory, port=None):
        os.makedirs(directory, exist_ok=True)
        self.port = port or free_port()
        self.store = os.path.join(directory, "mosquitto.db")
        settings = {
            "listener": f"{self.port} 127.0.0.1",
            "allow_anonymous": "true",
            "user": "root",  # as root: do not become another user, who could not write here
            "persistence": "true",
            "persistence_location": directory + "/",
            "autosave_interval": "0",
            "max_queued_messages": "0",
            "queue_qos0_messages": "true",
            "log_dest": "stdout",
        }
        file = os.path.join(directory, "mosquitto.conf")
        with open(file, "w", encoding="utf-8") as conf:
            conf.writelines(f"{key} {value}\n" for key, value in settings.items())
        program = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
        super().__init__("mosquitto", [program or "mosquitto", "-c", file], os.path.join(directory, "mosquitto.log"))

    def start(self):
        super().start()
        self.wait_ready(lambda: port_answers(self.port), f"answers on port {self.port}")
        return self

    def remember(self):
        """Writes its sessions to disk now."""
        if os.path.exists(self.store):
            os.unlink(self.store)
        os.kill(self.pid, signal.SIGUSR1)
        wait_until(lambda: os.path.exists(self.store), "mosquitto stores its sessions on SIGUSR1")


class Proxy(Process):
    """proxy.py between whoever connects to self.port and a port of this machine."""

    def __init__(self, directory, target_port, name="proxy"):
        self.port = free_port()
        self.control = os.path.join(directory, f"{name}.sock")
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "proxy.py")
        command = [sys.executable, program, str(self.port), str(target_port), self.control]
        super().__init__(name, command, os.path.join(directory, f"{name}.log"))

    def start(self):
        if os.path.exists(self.control):
            os.unlink(self.control)
        super().start()
        self.wait_ready(lambda: os.path.exists(self.control), "takes orders")
        return self

    def tell(self, *words):
        """One order, done when this returns; its answer."""
        with socket.socket(socket.AF_UNIX) as asked, asked.makefile("rw") as lines:
            asked.settimeout(PATIENCE_S)
            asked.connect(self.control)
            lines.write(" ".join(map(str, words)) + "\n")
            lines.flush()
            answer = lines.readline().strip()
        if answer != "ok" and words[0] != "told":
            raise NotSo(f"proxy {words}: {answer}")
        return answer

    def carried(self):
        """(bytes up, bytes down, connections) since it was started, and TCP segments both ways of those there are now."""
        return tuple(map(int, self.tell("told").split()))


class Simulator(Process):
    def __init__(self, site_file, directory, arguments=()):
        self.socket = os.path.join(directory, "sim.sock")
        command = [OUTPOST_SIM, "run", site_file, "--socket", self.socket, *arguments]
        super().__init__("outpost-sim", command, os.path.join(directory, "sim.log"))

    def start(self):
        super().start()
        self.wait_ready(lambda: "outpost-sim: ready" in self.output(), "says that it is ready")
        return self

    def ctl(self, *words, check=True):
        command = [OUTPOST_SIM, "ctl", "--socket", self.socket, *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        if check and done.returncode != 0:
            raise NotSo(f"outpost-sim ctl {' '.join(map(str, words))}: status {done.returncode}: {done.stderr or done.stdout}")
        return done.stdout.strip()


class Gateway(Process):
    def __init__(self, site_file, directory):
        self.site_file = site_file
        self.site_directory = os.path.dirname(os.path.abspath(site_file))
        with open(site_file, encoding="utf-8") as file:
            self.site = parse_site(file.read())
        self.journal_directory = os.path.normpath(os.path.join(self.site_directory, self.site["journal"]["dir"]))
        self.socket = os.path.join(self.journal_directory, "outpost.sock")
        super().__init__("outpost", [OUTPOST, "run", site_file], os.path.join(directory, "outpost.log"))

    def wait_socket(self):
        """Until it takes orders."""

        def answers():
            with socket.socket(socket.AF_UNIX) as probe:
                return os.path.exists(self.socket) and probe.connect_ex(self.socket) == 0

        self.wait_ready(answers, "answers on its local socket")
        return self

    def order(self, verb, *arguments, check=True):
        """outpost VERB SITE ...: (exit status, what it printed)."""
        command = [OUTPOST, verb, self.site_file, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        if check and done.returncode != 0:
            raise NotSo(f"{' '.join(command)}: status {done.returncode}: {done.stdout}{done.stderr}")
        return done.returncode, done.stdout


def holes(numbers, ranges=(), upto=None):
    """[(first, last)] of what is missing in 1..upto (the highest one), where `ranges` are settled as well. Costs no more for
    a hole of a billion than for one of one."""
    settled = sorted([(number, number) for number in numbers] + [tuple(one) for one in ranges])
    missing, next_number = [], 1
    for first, last in settled + ([(upto + 1, upto + 1)] if upto is not None else []):
        if upto is not None and first > upto + 1:
            first = last = upto + 1
        if first > next_number:
            missing.append((next_number, first - 1))
        next_number = max(next_number, last + 1)
    return missing


def parse_site(text):
    """The site file without its comments: enough for files of our own."""
    kept, index, size = [], 0, len(text)
    while index < size:
        if text[index] == '"':
            end = index + 1
            while text[end] != '"':
                end += 2 if text[end] == "\\" else 1
            kept.append(text[index : end + 1])
            index = end + 1
        elif text.startswith("//", index):
            index = text.find("\n", index) if "\n" in text[index:] else size
        elif text.startswith("/*", index):
            index = text.index("*/", index) + 2
        else:
            kept.append(text[index])
            index += 1
    return json.loads("".join(kept))
