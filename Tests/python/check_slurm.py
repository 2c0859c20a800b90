"""Runs a small study on a Slurm of one node, which it starts and disturbs, and compares its bytes with those of a local one.

    python3 Tests/python/check_slurm.py              one study by make, by make with LAUNCH=srun and by a job array
    python3 Tests/python/check_slurm.py --overhead   what srun adds to 200 small runs

Uses the makefile, examples/slurm and the tools in bin/, from the folder of the makefile. Ends with status 77 where Slurm is
not installed.
"""

import argparse
import collections
import concurrent.futures
import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path.cwd()
CLUSTER = ROOT / "Tests/slurm/cluster"
TOOLS = ("fetch-data", "train", "distill", "score", "align", "report")
SRUN = "LAUNCH=srun -n1 -c1"
# 25 runs: two whole blocks and a shorter one, so that the first task of two has two of them.
ARCHITECTURES = SMALL, LARGE, STUDENTS = "mlp+width=4", "mlp+width=8", "mlp+width=4/mlp+width=8"
STUDY = [
    "DATA_OPTIONS=--train 0:300 --test 0:100", f"SIZES={SMALL} {LARGE}", "RECIPE=quick", "EPOCHS=50", "RUNS=25", "JOBS=1",
    "RECORD=--dynamics evaluation", "TRAIN_OPTIONS=--keep checkpoint", "PROXIES=c_score,aum",
]


def workplace(folder):
    """The makefile, the examples and the tools; train and distill write a log too, one for each output."""
    (folder / "bin").mkdir(parents=True)
    (folder / "logs").mkdir()
    # Nothing that the tools could be built anew from.
    (folder / "Sources").mkdir()
    (folder / "Package.swift").touch()
    for name in ("Makefile", "examples"):
        (folder / name).symlink_to(ROOT / name)
    for tool in TOOLS:
        command = f'exec {shlex.quote(str(ROOT / "bin" / tool))} "$@"'
        if tool in ("train", "distill"):
            command = f'for output; do :; done\n{command} --log "logs/$(echo "$output" | tr / :)"'
        path = folder / "bin" / tool
        path.write_text(f"#!/bin/sh\n{command}\n")
        path.chmod(0o755)


def events(place, study, kind):
    """How often each run, by its output and number, has met such an event."""
    found = collections.Counter()
    for path in place.glob(f"logs/{study}:*"):
        # What follows the last line's end is being written.
        for line in path.read_text().split("\n")[:-1]:
            event = json.loads(line)
            if event["event"] == kind:
                found[path.name.split(":", 1)[1], event.get("run")] += 1
    return found


def runs_done(place, study):
    """How many runs of each block are done."""
    return collections.Counter(block for block, _ in events(place, study, "done"))


def processes(names, **variables):
    """Processes of these names with these variables in their environment."""
    wanted = {f"{name}={value}".encode() for name, value in variables.items()}
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            name = Path(f"/proc/{entry}/comm").read_text().strip()
            if name in names and wanted <= set(Path(f"/proc/{entry}/environ").read_bytes().split(b"\0")):
                found.append(int(entry))
        except OSError:
            pass
    return found


def wait_for(condition, what, limit=60):
    end = time.monotonic() + limit
    while not (result := condition()):
        assert time.monotonic() < end, f"after {limit} s: not {what}"
        time.sleep(0.05)
    return result


class Slurm:
    def __init__(self, folder, place):
        self.folder, self.place = folder, place
        # That of a cluster on which the check itself runs must not be met.
        # Nor what the make that called this was given.
        self.variables = {
            name: value for name, value in os.environ.items() if not name.startswith(("SLURM", "SBATCH", "MAKE", "MFLAGS"))}
        self.variables["SLURM_CONF"] = self.conf = f"{folder}/slurm.conf"

    def cluster(self, verb):
        done = subprocess.run([CLUSTER, verb, self.folder], env=self.variables, timeout=60, stdout=subprocess.DEVNULL)
        if done.returncode == 77:
            sys.exit(77)
        assert done.returncode == 0, f"cluster {verb} ends with {done.returncode}"

    @contextlib.contextmanager
    def running(self):
        try:
            self.cluster("start")
            yield self
        finally:
            self.cluster("stop")

    def run(self, *command, limit=60):
        """Runs a command to its end; returns what it prints."""
        done = subprocess.run(
            command, cwd=self.place, env=self.variables, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=limit)
        assert done.returncode == 0, f"{shlex.join(command)} ends with {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout

    @contextlib.contextmanager
    def started(self, output, *command):
        """A command in a process group of its own, as a shell starts it, whose output goes to a file."""
        with open(output, "w") as file:
            process = subprocess.Popen(
                command, cwd=self.place, env=self.variables, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
                start_new_session=True)
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def tools(self, **variables):
        return processes(("train", "distill"), SLURM_CONF=self.conf, **variables)

    def idle(self):
        return not self.run("squeue", "--noheader") and not self.tools()

    def job(self, task):
        """What Slurm says of a job."""
        return dict(word.split("=", 1) for word in self.run("scontrol", "show", "job", task).split() if "=" in word)


def make(study, *settings):
    return ["make", "--no-print-directory", "study", f"STUDY={study}", *STUDY, *settings]


def trained(output):
    return [line for line in output.splitlines() if "bin/train " in line or "bin/distill " in line]


def files(study):
    """All files of a study by their path in it, but for the settings, which name the study's folder."""
    found = {path.relative_to(study): path for path in sorted(study.rglob("*")) if path.is_file()}
    return {str(name): path.read_bytes() for name, path in found.items() if name.parts[0] != "settings"}


def differing(one, other):
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))


def check_same(place, study):
    wrong = differing(files(place / "local"), files(place / study))
    assert not wrong, f"{study}: not the bytes of the local study: {wrong}"


def check_once(place, study):
    """Every run of the study was finished once, whatever happened."""
    wanted = {run: 1 for run in events(place, "local", "done")}
    assert len(wanted) == 75, f"{len(wanted)} runs in the local study"
    found = events(place, study, "done")
    wrong = {run: found[run] for run in {*wanted, *found} if found[run] != wanted.get(run)}
    assert not wrong, f"{study}: not finished once: {wrong}"


def check_launched(slurm):
    """make with LAUNCH=srun, stopped in four ways, goes on where it was, and takes no older file for what it has to make."""
    place, study = slurm.place, "launched"
    slurm.run(*make(study, "-j2", SRUN, "EPOCHS=2"))
    # Other settings than before: finished runs are made again under FORCE alone.
    force = "FORCE=1"
    for log in place.glob(f"logs/{study}:*"):
        log.unlink()

    def in_middle(before):
        """Of a block of ten three runs or more are done, one of them just now, and others are to come."""
        return any(
            max(before[block], 2) < count < 8 for block, count in runs_done(place, study).items() if "020" not in block)

    def ctrl_c(process):
        # To all in the foreground, as a terminal sends it. srun asks for a second one within a second.
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.3)
        os.killpg(process.pid, signal.SIGINT)

    def usr1(_):
        for name in ("train", "distill"):
            slurm.run("scancel", "--me", f"--name={name}", "--signal=USR1")

    def power_failure(_):
        slurm.cluster("kill-node")
        slurm.cluster("start-node")

    ways = {
        "Ctrl-C": ctrl_c,
        "SIGTERM": lambda process: process.terminate(),
        "SIGUSR1": usr1,
        "a killed node": power_failure,
    }
    for name, strike in ways.items():
        before = runs_done(place, study)
        output = place / "logs" / name
        with slurm.started(output, *make(study, "-j2", SRUN, force)) as process:
            wait_for(lambda: in_middle(before), f"in the middle of a block, for {name}")
            strike(process)
            process.wait(timeout=60)
            # Time to end for what make has launched.
            time.sleep(0.5)
            done = runs_done(place, study)
            wait_for(slurm.idle, f"idle after {name}")
        assert process.returncode != 0, f"{name}: make ends with 0:\n{output.read_text()}"
        assert done == runs_done(place, study), f"{name}: tools work on after the end of make"
        if name == "SIGUSR1":
            assert events(place, study, "stopped"), f"{name}: no tool has saved its runs and ended:\n{output.read_text()}"
        print(f"check-slurm: {name}: make ends with {process.returncode}, {done.total()} runs done")
    slurm.run(*make(study, "-j2", SRUN, force), limit=120)
    check_once(place, study)
    check_same(place, study)
    assert "Nothing to be done" in slurm.run(*make(study, SRUN))
    print("check-slurm: make LAUNCH=srun: every run finished once, and the bytes of the local study")


def check_array(slurm):
    """Arrays whose tools and node are killed, that are signalled and preempted."""
    place, study = slurm.place, "array"
    slurm.run("make", "prepare", f"STUDY={study}", *STUDY)

    def submit(name, *options):
        return slurm.run(
            "sbatch", "--parsable", "--array=0-1", "--cpus-per-task=1", "--output=logs/%A_%a.out", *options,
            "examples/slurm/runs.sbatch", study, name, "25").strip()

    def block(name, runs):
        return f"{'distilled' if '/' in name else 'runs'}:{name.replace('/', ':')}:{runs}.h5"

    def wait_for_middle(name):
        """Until both tasks are in the middle of their first blocks."""
        def both():
            done = runs_done(place, study)
            return all(0 < done[block(name, runs)] < 8 for runs in ("000-009", "010-019"))

        wait_for(both, f"both tasks of {name} in the middle of a block")

    def saved(name):
        """How many tools have saved their runs and ended."""
        return sum(events(place, study, "stopped")[block(name, runs), None] for runs in ("000-009", "010-019", "020-024"))

    def ended(job, restarts):
        def states():
            return [slurm.job(f"{job}_{task}")["JobState"] for task in (0, 1)]

        wait_for(lambda: set(states()) <= {"COMPLETED", "FAILED"}, f"both tasks of job {job} at their ends")
        said = "".join(path.read_text() for path in sorted(place.glob(f"logs/{job}_*.out")))
        assert states() == ["COMPLETED"] * 2, f"the tasks of job {job}: {states()}: {said}"
        found = [int(slurm.job(f"{job}_{task}")["Restarts"]) for task in (0, 1)]
        assert found == restarts, f"the tasks of job {job}: started again {found} times, not {restarts}: {said}"

    job = submit(SMALL)
    wait_for_middle(SMALL)
    os.kill(wait_for(lambda: slurm.tools(SLURM_ARRAY_TASK_ID="0"), f"a tool in {job}_0")[0], signal.SIGKILL)
    # As --signal does at the end of a job's time: to its steps.
    slurm.run("scancel", "--signal=USR1", f"{job}_1")
    wait_for(lambda: slurm.job(f"{job}_0")["JobState"] == "FAILED", f"{job}_0 failed")
    slurm.run("scontrol", "requeue", f"{job}_0")
    ended(job, [1, 1])
    assert saved(SMALL) == 1, "USR1: the tool has not saved its runs and ended"
    print("check-slurm: array: a task that failed by kill -9 requeued, one that got USR1 by itself")

    job = submit(LARGE)
    wait_for_middle(LARGE)
    slurm.cluster("kill-node")
    slurm.cluster("start-node")
    ended(job, [1, 1])
    print("check-slurm: array: both tasks of a killed node requeued")

    students = submit(STUDENTS, f"--dependency=aftercorr:{job}")
    wait_for_middle(STUDENTS)
    slurm.run("srun", "--partition=urgent", "-n2", "true")
    ended(students, [1, 1])
    assert saved(STUDENTS) == 2, "preemption: the tools have not saved their runs and ended"
    print("check-slurm: array: both tasks of students preempted and requeued")

    output = slurm.run(*make(study, "-j2"), limit=120)
    assert not trained(output), f"make trains after the array: {trained(output)}"
    check_once(place, study)
    check_same(place, study)
    print("check-slurm: array: every run finished once, make trains none, and the bytes of the local study")


def check(slurm):
    place = slurm.place
    start = time.monotonic()
    slurm.run(*make("local", "-j2"), limit=120)
    print(f"check-slurm: a study of 75 runs, {time.monotonic() - start:.1f} s by make alone")
    with slurm.running():
        check_launched(slurm)
        check_array(slurm)
    # What has found nothing must be able to.
    calm = files(place / "local")
    name = next(name for name in calm if name.startswith("runs/"))
    spoilt = bytearray(calm[name])
    spoilt[len(spoilt) // 2] ^= 1
    assert differing(calm, {**calm, name: bytes(spoilt)}) == [name]


def measure(slurm):
    """What srun adds to 200 runs, in blocks of ten by make and a command each, two at a time."""
    place = slurm.place
    settings = [
        "DATA_OPTIONS=--train 0:300 --test 0:100", "SIZES=mlp+width=4", "STUDENT=", "RUNS=200", "EPOCHS=20", "JOBS=1",
        "RECORD=", "TRAIN_OPTIONS=--keep none",
    ]

    def by_make(study, *options):
        slurm.run("make", "prepare", f"STUDY={study}", *settings)
        begin = time.monotonic()
        slurm.run("make", "-j2", "runs", f"STUDY={study}", *settings, *options, limit=300)
        return time.monotonic() - begin

    def one_by_one(study, *launch):
        def command(run):
            begin = time.monotonic()
            slurm.run(
                *launch, "bin/train", "local/data.h5", "--architecture", "mlp width=4", "--runs", f"{run}:{run + 1}",
                "--epochs", "20", "--keep", "none", "-j", "1", "-q", "-o", f"{study}-{run}.h5")
            return time.monotonic() - begin

        begin = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            each = sorted(pool.map(command, range(200)))
        return time.monotonic() - begin, each

    def say(what, commands, local, launched):
        more = launched - local
        print(f"check-slurm: 200 runs in {what}: {local:.2f} s locally, {launched:.2f} s by srun:"
              f" {more / commands:.3f} s more a command, {more / 200:.3f} s a run (two at a time)")
        assert more / 200 <= 1, "more than a second a run"

    with slurm.running():
        say("20 commands of make", 20, by_make("local"), by_make("launched", SRUN))
        local, each_local = one_by_one("local-run")
        launched, each = one_by_one("launched-run", "srun", "-n1", "-c1")
        say("200 commands", 200, local, launched)
        print(
            f"check-slurm: a command of one run: median {each_local[100]:.3f} s locally, {each[100]:.3f} s by srun;"
            f" the slowest {each_local[-1]:.3f} s, {each[-1]:.3f} s")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--overhead", action="store_true", help="measure instead")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        workplace(folder / "place")
        (measure if options.overhead else check)(Slurm(folder / "slurm", folder / "place"))


if __name__ == "__main__":
    main()
