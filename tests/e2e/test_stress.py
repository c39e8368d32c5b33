"""Many commands at once on one registry, each killed now and then: nothing crashes, nothing is lost that was not deleted."""

import json
import os
import random
import re
import signal
import subprocess
import threading
import time

SECONDS = float(os.environ.get("STRESS_SECONDS", "6"))
KEPT = 40  # by prune
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
GONE = re.compile(rf"(process {UUID} (was deleted meanwhile|is not in the registry .*)|no process .* in the registry .*|"
                  r"the recording ends here, at record \d+: its process was killed|"
                  r"@.*: there (are|is) \d+ process(es)? in the registry .*|process .* is running: it can be deleted when it has ended)")
NOTES = re.compile(r"(.*: the process was killed .*: the recording ends there|.*: the process was killed before it did anything .*|"
                   r"modules are kept: another timecraft is storing one|.*its recording ends without an end)")


class Stress:
    def __init__(self, timecraft, seed):
        self.timecraft = timecraft
        self.random = random.Random(seed)
        self.end = time.monotonic() + SECONDS
        self.lock = threading.Lock()
        self.made, self.deleted, self.faults, self.counts = [], set(), [], {}

    def run(self, arguments, kill):
        """Exit code, output and errors. A kill comes at a random moment, and its exit code is None."""
        process = self.timecraft.start(*arguments)
        killed = False
        if kill:
            try:
                return process.returncode, *process.communicate(timeout=self.random.random() * 0.03)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                killed = True
        stdout, stderr = process.communicate()
        with self.lock:
            name = " ".join(str(word) for word in arguments if str(word).isalpha()) + (" killed" if killed else "")
            self.counts[name] = self.counts.get(name, 0) + 1
        return None if killed else process.returncode, stdout, stderr

    def fault(self, arguments, result):
        with self.lock:
            self.faults.append((" ".join(map(str, arguments)), *result))

    def expect(self, arguments, kill=False):
        """It succeeds, or says that what it was to work on has gone."""
        code, stdout, stderr = result = self.run(arguments, kill)
        lines = [line.removeprefix("timecraft: ") for line in stderr.splitlines()]
        others = [line for line in lines if not NOTES.fullmatch(line)]
        if code is not None and (code not in (0, 1) or (code == 1) != bool(others) or not all(map(GONE.fullmatch, others))):
            self.fault(arguments, result)
        return stdout

    def loop(self, step):
        try:
            while time.monotonic() < self.end:
                step()
        except Exception as error:  # noqa: BLE001 (a thread's end would go unnoticed)
            self.fault([step.__name__], (repr(error), "", ""))

    def some(self):
        """One of those that were made, the newest more often."""
        with self.lock:
            return self.made[-min(len(self.made), int(self.random.expovariate(0.1)) + 1)] if self.made else "@last"

    def runner(self, guest, arguments):
        code, _, stderr = self.run(["run", "--restrict", guest, *arguments], self.random.random() < 0.3)
        if code not in (None, 0):
            self.fault(["run"], (code, "", stderr))
        identifier = re.match(UUID, stderr)
        if identifier:
            with self.lock:
                self.made.append(identifier[0])

    def reader(self):
        what = self.random.choice((["get"], ["get", "-o", "json"], ["get", "module"], ["get", "--ids"], ["get", "runtime"],
                                   ["describe", self.some()], ["trace", "syscall", self.some()], ["logs", "--stdout", self.some()],
                                   ["describe", "log", self.some()], ["replay", "-q", self.some()], ["check"], ["check", self.some()],
                                   ["check", "--repair"]))
        self.expect(what, self.random.random() < 0.1)

    def deleter(self):
        identifiers = list({self.some() for _ in range(2)} - {"@last"})
        if not identifiers:
            return
        with self.lock:
            self.deleted.update(identifiers)
        self.expect(["delete", "process", *identifiers], self.random.random() < 0.3)
        time.sleep(0.02)

    def pruner(self):
        self.expect(["prune", "--keep", KEPT, "--yes"], self.random.random() < 0.3)
        time.sleep(0.1)


def test_all_at_once(timecraft, guest):
    seed = int(os.environ.get("STRESS_SEED", time.time_ns() % 1_000_000))
    print("STRESS_SEED", seed)
    stress = Stress(timecraft, seed)
    ends, chatter = guest("ends"), guest("chatter")
    steps = [lambda: stress.runner(ends, ["both"]), lambda: stress.runner(chatter, ["2000"]), stress.reader, stress.reader, stress.deleter,
             stress.pruner]
    threads = [threading.Thread(target=stress.loop, args=[step]) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(stress.counts)
    assert not stress.faults, "\n".join(repr(fault)[:1000] for fault in stress.faults)

    # A killed run may have made a process without saying so: hence not quite as many as prune keeps.
    there = timecraft.lines("get", "--ids")
    assert sorted(stress.made) and [one for one in sorted(stress.made)[-KEPT // 2:] if one not in there and one not in stress.deleted] == []
    told = [json.loads(line) for line in timecraft.lines("check", "-o", "json")]
    assert [one["id"] for one in told if one["kind"] == "process"] == there
    assert all(one["problems"] == [] and one.get("state") in (None, "closed", "killed") for one in told)
    timecraft.lines("check", "--repair")
    assert not [path for path in timecraft.registry.rglob(".*") if path.name != ".index"]
    for identifier in there:
        if ": closed, " in timecraft.lines("check", identifier)[0]:
            assert timecraft.lines("replay", "-q", identifier) == []
    timecraft("prune", "--keep", 0, "--yes")
    assert (timecraft.lines("get", "--ids"), timecraft.lines("get", "module", "--ids")) == ([], [])
