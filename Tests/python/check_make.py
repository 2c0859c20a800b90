"""Checks what the makefile promises: little is done anew, nothing is done wrongly, no finished run is lost to a word that is
forgotten or misspelt, and kill -9 changes no byte.

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

import study_changes
from study_changes import ENVIRONMENT

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
    done = subprocess.run(command(study, **variables), env=ENVIRONMENT, capture_output=True, text=True)
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

    assert trained(make(study, RUNS=20, EPOCHS=3, FORCE=1)) == 6, "other settings do not train again"
    assert files(study)["scores.h5"] != grown["scores.h5"]
    assert trained(make(study, RUNS=20, EPOCHS=2, FORCE=1)) == 6
    assert files(study) == grown, "the same settings give other bytes"

    assert trained(make(study, RUNS=10, EPOCHS=2)) == 0, "fewer runs train again"
    assert files(study)["scores.h5"] == first["scores.h5"]


def planned(arguments):
    """What `make -n` plans: each tool's commands by their outputs, each output once."""
    done = subprocess.run(["make", "--no-print-directory", "-n", *arguments], env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = {}
    for line in done.stdout.replace("\\\n", " ").splitlines():
        words = [word.removeprefix("bin/") for word in line.split()]
        output = line.split()[-1] if "-o" in words[-2:] or ">" in words[-2:] else None
        tool = next((word for word in words if word in TOOLS), None)
        if tool and output:
            found.setdefault(tool, []).append(output)
    for tool, outputs in found.items():
        assert len(set(outputs)) == len(outputs), f"{tool} makes a file twice"
    return found


def check_plans(folder):
    """Both papers at full scale, planned in an empty folder: every artefact, and nothing is written."""
    study = Path(folder) / "plan"
    larger = planned(["-f", "examples/larger.mk", f"STUDY={study}"])
    sizes, blocks, students, arms = 7, 40, 3, {"distill": 2, "train": 2}
    assert len(larger["train"]) == blocks * (sizes + students * arms["train"])
    assert len(larger["distill"]) == blocks * students * (1 + arms["distill"])
    assert len(larger["align"]) == sizes
    ends = sorted(str(Path(name).relative_to(study)) for name in larger["score"] + larger["report"])
    of_students = [f"arms/{a}" for s in ("8", "20", "56") for a in (f"resnet-{s}/resnet-110.h5", f"resnet-{s}/resnet-110.md")]
    measures = ["agreement", "influence", "proxies", "scores", "trajectories"]
    accuracies = [f"arms/stopped/resnet-{s}/resnet-110/measured" for s in ("8", "20", "56")]
    assert ends == sorted([*of_students, *accuracies, *(f"{m}.h5" for m in measures), "report.html", "report.md"]), ends

    extreme = planned(["-f", "examples/extreme.mk", f"STUDY={study}"])
    # Three sets by eight scales of the sine and five of ReLU; two losses, two activations and shuffled labels by five scales of
    # one or two networks; three deep networks.
    cells = 3 * (8 + 5) + 2 * 2 * 5 + 2 * 5 + 2 * 5 + 3
    assert len(extreme["train"]) == cells
    assert len(extreme["align"]) == cells + 2 + 1, "before training, for sine and ReLU, and two vectors"
    assert len(extreme["fetch-data"]) == 4 and len(extreme["report"]) == 6
    two = planned(["-f", "examples/larger.mk", f"STUDY={study}", "TEACHER=resnet-56 resnet-110"])
    # A student of its own size is what the arm of the same network would be.
    assert len(two["distill"]) == 2 * len(larger["distill"]) - blocks
    assert not study.exists(), "a plan writes files"


def check_prepared(study):
    """Blocks that a job array trains by the study's own settings are the study's."""
    variables = {"RUNS": 20, "EPOCHS": 2}
    settings = [f"{name}={value}" for name, value in variables.items()]
    subprocess.run(["make", "prepare", f"STUDY={study}", *TINY, *settings], env=ENVIRONMENT, check=True, capture_output=True)
    assert {path.name for path in Path(study).iterdir()} == {"data.h5", "settings"}
    folder = Path(study) / "runs/mlp+width=4"
    folder.mkdir(parents=True)
    options = (Path(study) / "settings/train").read_text().strip()
    subprocess.run(
        f"bin/train {study}/data.h5 --architecture 'mlp width=4' --block 1 {options} -q -o '{folder}/010-019.h5'",
        shell=True, check=True)
    assert trained(make(study, **variables)) == 5, "a block that is there is trained again"


def check_arms(study):
    """The arms of distillation of a tiny study; with another teacher and back, those that are there are not made again."""
    def make_all(**variables):
        settings = [f"{name}={value}" for name, value in {"RUNS": 12, "STUDENT": "mlp+width=4", **variables}.items()]
        done = subprocess.run(
            ["make", "-j2", "--no-print-directory", "-f", "examples/larger.mk", "all", f"STUDY={study}", "DATA=sprites", *TINY,
             *settings, "EXAMPLES=", "TRAIN_OPTIONS=--epochs 2", "RECORD=", "PROXIES=c_score", "JOBS=1"],
            env=ENVIRONMENT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    # Two networks, students and four arms, of two blocks each; then students and arms of another teacher, the
    # student's own size, where the arm of the same network is the students themselves.
    assert trained(make_all()) == 2 * (2 + 1 + 4)
    reports = files(study / "arms")
    assert "Nothing to be done" in make_all()
    assert trained(make_all(TEACHER="mlp+width=4")) == 2 * (1 + 3)
    assert trained(make_all()) == 0, "arms are made again with their old teacher"
    kept = files(study / "arms")
    assert all(kept[name] == content for name, content in reports.items())
    report = (study / "arms/mlp+width=4/mlp+width=8.md").read_text()
    assert all(word in report for word in ("stop", "smooth", "mlp width=8")), report[:2000]


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
            command(disturbed, **settings), env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
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


def check_table(rows):
    """The answers stand in docs/studies.md as they are."""
    print("\n".join(rows))
    assert "\n".join(rows) in Path("docs/studies.md").read_text(), "docs/studies.md has another table than this"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        check_rebuilding(f"{folder}/study")
        print("check-make: what changed is made again, and nothing else")
        study_changes.check_refused(folder)
        print("check-make: names that would be split and variables that are none are refused")
        rows, changed = study_changes.check_changes(folder)
        check_table(rows)
        study_changes.check_older(changed, Path(folder) / "kept")
        study_changes.restore(Path(folder) / "kept", changed)
        study_changes.check_lines(changed)
        print("check-make: what would make finished runs again stops, and goes on by the line that it says")
        study_changes.check_data(folder)
        print("check-make: data with the same bytes make no run again")
        study_changes.check_extreme(folder)
        print("check-make: extreme.mk remembers its settings")
        check_prepared(f"{folder}/prepared")
        print("check-make: blocks that were trained by hand are taken")
        check_plans(folder)
        print("check-make: both papers at full scale are planned whole")
        check_arms(Path(folder) / "arms")
        print("check-make: the arms of distillation, of one teacher and of another")
        struck = check_kills(folder, options.kills, random.Random(options.seed))
        print(f"check-make: the same bytes after {struck} kills")


if __name__ == "__main__":
    main()
