"""Kills training again and again, each time at another moment, and holds its bytes against those of undisturbed runs.

    python3 Tests/python/check_resume.py [--kills 20] [--seed 0]

Six runs, two at a time, are saved after every batch; of each signal there is a job of its own, and one of students.
Runs the tools in bin/, from the folder of the makefile.
"""

import argparse
import collections
import json
import random
import signal
import subprocess
import tempfile
import time
from pathlib import Path

BIN = Path("bin").resolve()
NETWORK = ["--architecture", "resnet-8 width=0.25", "--epochs", "4", "--batch-size", "50", "--augmentation",
           "pad-crop-flip", "--snapshots", "0,every:2", "--runs", "0:6", "-q"]


def start(arguments, output):
    tool, *rest = arguments
    return subprocess.Popen([BIN / tool, *rest, "-o", output], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finish(arguments, output):
    begin = time.monotonic()
    process = start(arguments, output)
    errors = process.communicate()[1].decode()
    assert process.returncode == 0, errors
    return output.read_bytes(), time.monotonic() - begin


def check_log(log, runs, exactly=False):
    """No run was trained to its end twice; a kill may come between a run's end and its event."""
    lines = log.read_text().splitlines() if log.exists() else []
    done = collections.Counter(event["run"] for event in map(json.loads, lines) if event["event"] == "done")
    assert max(done.values(), default=0) <= 1, f"a run is trained twice: {done}"
    assert not exactly or len(done) == runs, f"runs are missing: {done}"
    log.unlink(missing_ok=True)


def check(folder, name, arguments, sent, status, kills, chance):
    saving = [*arguments, "--save-every", "0"]
    calm, _ = finish([*arguments, "-j", "2"], folder / f"{name}-calm.h5")
    log = folder / f"{name}.log"
    again, duration = finish([*saving, "-j", "2", "--log", log], folder / f"{name}-saved.h5")
    assert again == calm, "saving shows in the result"
    check_log(log, 6, exactly=True)
    saving += ["--log", log]
    target = folder / f"{name}.h5"
    struck = starts = late = 0
    while struck < kills:
        starts += 1
        # Nor does it matter how many cores there are each time.
        process = start([*saving, "-j", str(chance.randint(1, 4))], target)
        time.sleep(chance.uniform(0, 4 * duration / min(kills, 20)))
        process.send_signal(sent)
        errors = process.communicate()[1].decode()
        if process.returncode != 0:
            # Before a tool has set itself up, any signal ends it.
            assert process.returncode in (status, -sent), f"{process.returncode}: {errors}"
            struck += 1
        if target.exists():
            if process.returncode != 0:
                # The signal came between the output's appearing and the end: nothing is trained again.
                late += 1
                done = subprocess.run(
                    [BIN / saving[0], *saving[1:], "-o", target], stdin=subprocess.DEVNULL, capture_output=True, text=True)
                assert done.returncode == 0 and "nothing to train" in done.stderr, done
            assert target.read_bytes() == calm, "other bytes"
            check_log(log, 6)
            target.unlink()
    assert finish([*arguments, "--log", log], target)[0] == calm, "other bytes"
    check_log(log, 6)
    left = [path.name for path in folder.iterdir() if ".partial" in path.name or path.name.startswith(".")]
    assert not left, f"left over: {left}"
    print(f"check-resume: {name}: the same bytes after {struck} signals in {starts} starts, {late} of them late", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data, teachers = folder / "data.h5", folder / "teachers.h5"
        finish(["fetch-data", "sprites", "--train", "0:300", "--test", "0:100"], data)
        train = ["train", data, *NETWORK, "--dynamics", "training"]
        finish(train, teachers)
        distill = ["distill", data, teachers, *NETWORK, "--dynamics", "evaluation"]
        for job, arguments in (("train", train), ("distill", distill)):
            for number, status in ((signal.SIGKILL, -signal.SIGKILL), (signal.SIGTERM, 75), (signal.SIGUSR1, 75)):
                check(folder, f"{job}-{number.name}", arguments, number, status, options.kills, chance)


if __name__ == "__main__":
    main()
