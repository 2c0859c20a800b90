"""Checks what the makefile promises: little is done anew, nothing is done wrongly, and kill -9 changes no byte.

    python3 Tests/python/check_make.py [--kills 12] [--seed 0]

Runs tiny studies with the tools in bin/, from the folder of the makefile.
"""

import argparse
import os
import random
import signal
import subprocess
import tempfile
import time
from pathlib import Path

TINY = [
    "DATA_OPTIONS=--train 0:300 --test 0:100", "SIZES=mlp+width=4 mlp+width=8", "RECIPE=quick",
    "TRAIN_OPTIONS=--keep checkpoint", "PROXIES=c_score,aum", "JOBS=2",
]
TOOLS = {"fetch-data", "train", "distill", "score", "align", "report"}


def command(study, **variables):
    settings = [f"{name}={value}" for name, value in variables.items()]
    return ["make", "--no-print-directory", "study", f"STUDY={study}", *TINY, *settings]


def make(study, **variables):
    """Makes a study; returns the lines that make printed of the commands that it ran."""
    done = subprocess.run(command(study, **variables), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def trained(output):
    return sum(line.startswith(("bin/train", "bin/distill")) for line in output.splitlines())


def files(study):
    """All files of a study by their path in it, but for the settings, which name the study's folder, and unfinished runs,
    which a kill at the very end of a command may leave beside what they were for."""
    found = {path: path.relative_to(study) for path in sorted(Path(study).rglob("*")) if path.is_file()}
    return {
        str(name): path.read_bytes()
        for path, name in found.items()
        if name.parts[0] != "settings" and ".partial" not in str(name)
    }


def check_rebuilding(study):
    assert trained(make(study, RUNS=10, EPOCHS=2)) == 3
    first = files(study)
    assert "Nothing to be done" in make(study, RUNS=10, EPOCHS=2), "an unchanged study is made again"

    assert trained(make(study, RUNS=20, EPOCHS=2)) == 3, "more runs train more than what is missing"
    grown = files(study)
    kept = [name for name in first if "000-009" in name]
    assert len(kept) == 3 and all(grown[name] == first[name] for name in kept)
    assert grown["scores.h5"] != first["scores.h5"], "more runs are not scored"

    for tool in TOOLS:
        os.utime(f"bin/{tool}")
    assert "Nothing to be done" in make(study, RUNS=20, EPOCHS=2), "newer tools train again"

    assert trained(make(study, RUNS=20, EPOCHS=3)) == 6, "other settings do not train again"
    assert files(study)["scores.h5"] != grown["scores.h5"]
    assert trained(make(study, RUNS=20, EPOCHS=2)) == 6
    assert files(study) == grown, "the same settings give other bytes"

    assert trained(make(study, RUNS=10, EPOCHS=2)) == 0, "fewer runs train again"
    assert files(study)["scores.h5"] == first["scores.h5"]


def tools_of(group):
    """The tools that run in a process group."""
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            name, rest = Path(f"/proc/{entry}/stat").read_text().split("(", 1)[1].rsplit(")", 1)
        except OSError:
            continue
        if name in TOOLS and int(rest.split()[2]) == group:
            found.append(int(entry))
    return found


def check_kills(folder, kills, chance):
    settings = {"RUNS": 20, "EPOCHS": 5}
    start = time.monotonic()
    make(f"{folder}/calm", **settings)
    duration = time.monotonic() - start

    disturbed = f"{folder}/disturbed"
    struck = 0
    for attempt in range(kills):
        process = subprocess.Popen(
            command(disturbed, **settings), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True)
        # Later and later, so that every stage is met however fast the machine is.
        time.sleep(chance.uniform(0, 2 * duration * (attempt + 1) / kills))
        # Every other time make itself is left alone, to clean up after its tool.
        targets = tools_of(process.pid) if attempt % 2 else [-process.pid]
        for target in targets:
            try:
                os.kill(target, signal.SIGKILL)
                struck += 1
            except ProcessLookupError:
                pass
        process.wait()
    make(disturbed, **settings)
    calm, after = files(f"{folder}/calm"), files(disturbed)
    left = sorted(set(after) - set(calm))
    assert not left, f"files are left over: {left}"
    assert calm == after, f"other bytes: {[name for name in calm if calm[name] != after.get(name)]}"
    return struck


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        check_rebuilding(f"{folder}/study")
        print("check-make: what changed is made again, and nothing else")
        struck = check_kills(folder, options.kills, random.Random(options.seed))
        print(f"check-make: the same bytes after {struck} kills")


if __name__ == "__main__":
    main()
