"""What `make` does to a finished study when something else is said than before; used by check_make.py."""

import io
import os
import re
import shutil
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

# Not what the make that runs this was given.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}

STUDY = [
    "EXAMPLES=0:300", "DATA_OPTIONS=--test 0:100", "SIZES=mlp+width=4 mlp+width=8", "EPOCHS=2", "RUNS=10",
    "TRAIN_OPTIONS=--keep checkpoint", "PROXIES=c_score,aum",
]
# How many files of finished runs STUDY has: two networks and a student.
FILES = 3
STOPS = f"would make finished runs again (files: {FILES})"


def run_make(*arguments):
    return subprocess.run(
        ["make", "--no-print-directory", *map(str, arguments)], env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True,
        text=True)


def made(*arguments):
    """Runs make, which must end well; returns what it prints."""
    done = run_make(*arguments)
    assert done.returncode == 0, f"make {arguments}: {done.stdout}{done.stderr}"
    return done.stdout


def contents(folder):
    """All files, with their times and bytes."""
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in sorted(Path(folder).rglob("*")) if path.is_file()}


def runs_of(study):
    """Files of runs, each with its inode: tools replace a file as a whole."""
    study = Path(study)
    found = [*study.glob("runs/*/*.h5"), *study.glob("distilled/*/*/*.h5"), *study.glob("arms/*/*/*/*.h5"),
             *study.glob("*/*/*/*/runs.h5")]
    return {path: path.stat().st_ino for path in found}


def restore(kept, study):
    """Puts a copy of a study in its place, with all times. Inodes must differ from those of before, so the copy stays whole."""
    shutil.rmtree(study, ignore_errors=True)
    shutil.copytree(kept, study)


@dataclass
class Change:
    said: str  # as one would type it, after `make demo STUDY=s`
    words: list[str]  # the same, as arguments
    again: int  # files of finished runs that are made again
    new: int  # files of runs that are added
    answer: str  # where it stops, what is said; "" where it goes on
    goal: str = "demo"


def change(*words, again=0, new=0, answer="", goal="demo"):
    said = " ".join(f'{name}="{value}"' if " " in value else f"{name}={value}" for name, value in
                    (word.split("=", 1) for word in words))
    return Change(said, list(words), again, new, answer, goal)


CHANGES = [
    change(),
    change(goal="report"),
    change(*STUDY),
    change("EXAMPLES=0:300"),
    change("JOBS=1"),
    change("SEED=0"),
    change("RUNS=20", new=3),
    # The largest is the teacher where none is named: it, and the student from it.
    change("SIZES=mlp+width=4 mlp+width=8 mlp+width=16", new=2),
    # The student is its teacher's size then.
    change("SIZES=mlp+width=8", new=1),
    change("TEACHER=mlp+width=4", new=1),
    change("STUDENT="),
    change("PROXIES=c_score,aum,csl"),
    change("RUNS=20", "EPOCHS=2", new=3),
    change("EPOCHS=3", answer=f"EPOCHS=3 {STOPS}"),
    change("EPOCHS=", answer=f"EPOCHS= {STOPS}"),
    change("EPOCHS=3", "RUNS=20", answer=f"EPOCHS=3 {STOPS}"),
    change("EPOCHS=3", "FORCE=1", again=FILES),
    change("SEED=1", answer=f"SEED=1 {STOPS}"),
    change("EXAMPLES=0:200", answer=f"EXAMPLES=0:200 {STOPS}"),
    change("EXAMPLES=0:200", "FORCE=1", again=FILES),
    change("TEST=0:50", answer=f"TEST=0:50 {STOPS}"),
    change("DATA_OPTIONS=--test 0:50", answer=f"DATA_OPTIONS='--test 0:50' {STOPS}"),
    change("DATA=cifar10", answer=f"DATA=cifar10 {STOPS}"),
    change("ARCHIVE=other.zip", answer=f"ARCHIVE=other.zip {STOPS}"),
    change("RECIPE=extreme", answer=f"RECIPE=extreme {STOPS}"),
    change("RECORD=", answer=f"RECORD= {STOPS}"),
    change("TRAIN_OPTIONS=--keep none", answer=f"TRAIN_OPTIONS='--keep none' {STOPS}"),
    change("DISTILL_OPTIONS=--teacher-logits stored",
           answer="DISTILL_OPTIONS='--teacher-logits stored' would make finished runs again (files: 1)"),
    change("FORCE=1"),
    change("RUN=30", answer="RUN=30: there is no variable RUN. The nearest is RUNS"),
    change("SIZE=resnet-8", answer="SIZE=resnet-8: there is no variable SIZE. The nearest is SIZES"),
    change("EPOCH=5", answer="EPOCH=5: there is no variable EPOCH. The nearest is EPOCHS"),
    change("runs=30", answer="runs=30: there is no variable runs. The nearest is RUNS"),
    change("WIDTH=4", answer="WIDTH=4: there is no variable WIDTH. These are named by"),
    change("SIZES=mlp width=8", answer='SIZES="mlp width=8": an architecture\'s options follow a plus sign'),
    change("SIZES=mlp,convnet", answer='SIZES="mlp,convnet": between names there are spaces, not commas'),
    change("RUNS=ten", answer='RUNS="ten": a number from 1 to 1000000 is needed'),
    change("PROXIES=c_score, aum", answer='PROXIES="c_score, aum": this is one word, without spaces'),
    change("FORCE=yes", answer='FORCE="yes": it is 1 or not given'),
    change("ARCHIVE=my set.zip",
           answer='ARCHIVE="my set.zip": a file\'s name must have no spaces and no signs of the shell\'s. Give it another'),
]


def said_by(done, study):
    """make's reason to stop: the first line, without where in the makefiles it stands, and without the study's name."""
    found = re.search(r"\*\*\* (.*)", done.stderr)
    return found[1].removeprefix(f"{study}: ").split(" and without ")[0].rstrip(",:") if found else ""


def line_to_type(done):
    return re.search(r"^    ((make|ln) .*)$", done.stderr, re.MULTILINE)[1]


def check_changes(folder):
    """A finished study, changed in each of these ways; returns the table of what came of it."""
    study, kept = Path(folder) / "changed", Path(folder) / "kept"
    made("demo", f"STUDY={study}", "JOBS=2", *STUDY)
    shutil.copytree(study, kept)
    rows = ["| said of a finished study | runs made again | new | answer | to type |", "|---|---:|---:|---|---|"]
    for wanted in CHANGES:
        restore(kept, study)
        before, files = contents(study), runs_of(study)
        done = run_make(wanted.goal, f"STUDY={study}", *wanted.words)
        after = runs_of(study)
        again = sum(after.get(path) != inode for path, inode in files.items())
        new = len(set(after) - set(files))
        answer = said_by(done, study)
        name = f"make {wanted.goal} {wanted.said}".rstrip()
        assert (again, new, answer) == (wanted.again, wanted.new, wanted.answer), f"{name}: {again}, {new}, {answer}: {done}"
        assert (done.returncode == 0) == (not answer), f"{name}: {done}"
        if answer:
            assert contents(study) == before, f"{name}: stops, but writes"
            line = f"`{line_to_type(done)}`".replace(str(study), "s").replace(str(Path.cwd()), "")
            assert run_make("-n", wanted.goal, f"STUDY={study}", *wanted.words).returncode, f"{name}: goes on under -n"
        elif wanted.said == "" or wanted.words == STUDY:
            assert "Nothing to be done" in done.stdout and contents(study) == before, f"{name}: {done.stdout}"
        rows.append(f"| `{name}` | {again} | {new} | {answer or 'goes on'} | {line if answer else ''} |")
    restore(kept, study)
    return rows, study


def check_lines(study):
    """What is to be typed does what it says; what was said is remembered, and a forecast is not."""
    files = runs_of(study)
    line = line_to_type(run_make("demo", f"STUDY={study}", "EPOCHS=3", "TRAIN_OPTIONS=--keep checkpoint"))
    assert "'" in line and "FORCE=1" in line, line
    subprocess.run(line, shell=True, env=ENVIRONMENT, check=True, capture_output=True)
    again = runs_of(study)
    assert all(again[path] != inode for path, inode in files.items())
    before = contents(study)
    assert "Nothing to be done" in made("report", f"STUDY={study}"), "what was typed is not remembered"
    assert "no variable RUN" in run_make(f"STUDY={study}", "RUN=20").stderr
    made("help", f"STUDY={study}", "EPOCHS=9", "RUNS=90")
    assert contents(study) == before, "help writes"
    made("forecast", f"STUDY={study}", "EPOCHS=9", "RUNS=90")
    assert "Nothing to be done" in made("report", f"STUDY={study}"), "a forecast is remembered"
    # More runs, and from then on; no goal is the whole study.
    made(f"STUDY={study}", "RUNS=20")
    assert len(runs_of(study)) == 2 * FILES and "Nothing to be done" in made(f"STUDY={study}")
    assert run_make("-q", f"STUDY={study}").returncode == 0

    # FORCE=1 makes those runs again that are others, not those that look older; so a mistake can be taken back.
    files = runs_of(study)
    os.utime(study / "data.h5")
    made("report", f"STUDY={study}", "FORCE=1")
    assert run_make("report", f"STUDY={study}", "TRAIN_OPTIONS=--kep x", "FORCE=1").returncode
    made("report", f"STUDY={study}", "TRAIN_OPTIONS=--keep checkpoint", "FORCE=1")
    assert runs_of(study) == files, "FORCE=1 makes runs again that are right"
    # An empty file is no file of runs.
    block = next(iter(files))
    kept = block.read_bytes()
    block.write_bytes(b"")
    os.utime(block, (1, 1))
    made("runs", f"STUDY={study}", "FORCE=1")
    assert block.read_bytes() == kept, "an empty file of runs is left, or made otherwise"
    made("report", f"STUDY={study}")
    files = runs_of(study)
    # Spaces around a name are none of it; a forecast replaces no data; data that are damaged come back.
    made("report", f"STUDY={study} ", "SEED= 0")
    for words in ((), ("FORCE=1",)):
        done = run_make("forecast", f"STUDY={study}", "EXAMPLES=0:200", *words)
        assert done.returncode and "STUDY=" in line_to_type(done) and f"{study}-2" in line_to_type(done), done
    data = (study / "data.h5").read_bytes()
    (study / "data.h5").write_bytes(data[:1000])
    os.utime(study / "settings/data")
    made("report", f"STUDY={study}")
    assert (study / "data.h5").read_bytes() == data and runs_of(study) == files
    assert "a number from 1" in run_make(f"STUDY={study}", "RUNS=99999999999999999999").stderr

    # FORCE=1 ended early: what is left is not replaced without it.
    made("runs", f"STUDY={study}", "EPOCHS=4", "SIZES=mlp+width=4", "STUDENT=", "FORCE=1")
    files = runs_of(study)
    all_of_them = ["report", f"STUDY={study}", "SIZES=mlp+width=4 mlp+width=8", "STUDENT=mlp+width=4"]
    done = run_make(*all_of_them)
    assert done.returncode and "FORCE=1" in line_to_type(done) and runs_of(study) == files, done
    made(*all_of_them, "FORCE=1")
    again = runs_of(study)
    assert all((again[path] == inode) == (path.parent.name == "mlp+width=4") for path, inode in files.items() if "runs" in path.parts)
    # Whatever make thinks: what is there and right is not made again.
    os.utime(study / "data.h5")
    # study.mk alone does not know how to build the tools.
    for options in ([], ["-B", "-f", "examples/study.mk"]):
        run_make(*options, "report", f"STUDY={study}")
        assert runs_of(study) == again, f"runs are made again: {options}"


def check_older(study, kept):
    """A study of before settings/variables was there, which had all but these three, goes on."""
    for words in ([], STUDY, ["EPOCHS=2"], ["SIZES=mlp+width=4 mlp+width=8"]):
        restore(kept, study)
        for name in ("variables", "fetched", "fetched.sha256"):
            (study / "settings" / name).unlink()
        files = runs_of(study)
        assert "Nothing to be done" in made("report", f"STUDY={study}", *words), f"an older study with {words}"
        assert "Nothing to be done" in made("report", f"STUDY={study}"), f"an older study after {words}"
        assert runs_of(study) == files
    restore(kept, study)
    (study / "settings/variables").unlink()
    before = contents(study)
    assert said_by(run_make("report", f"STUDY={study}", "EPOCHS=3"), study) == f"EPOCHS=3 {STOPS}"
    assert contents(study) == before


def pictures(path, shade):
    """A zip archive of pictures in two classes, of which one example has this shade."""
    generator = np.random.default_rng(0)
    with zipfile.ZipFile(path, "w") as archive:
        for split, count in {"train": 60, "test": 20}.items():
            for kind in ("dark", "light"):
                for number in range(count):
                    pixels = generator.integers(0, 128, (32, 32, 3)) + (128 if kind == "light" else 0)
                    if (split, kind, number) == ("train", "dark", 0):
                        pixels[:] = shade
                    buffer = io.BytesIO()
                    Image.fromarray(pixels.astype(np.uint8)).save(buffer, "PNG")
                    archive.writestr(f"{split}/{kind}/{number:03}.png", buffer.getvalue())


def check_data(folder):
    """Data that come out with the same bytes make no run again, and other data are refused."""
    study, archive = Path(folder) / "pictures", Path(folder) / "pictures.zip"
    pictures(archive, 3)
    made(f"STUDY={study}", "DATA=folder", f"ARCHIVE={archive}", "DATA_OPTIONS=--size 32", "SIZES=mlp+width=4", "STUDENT=",
         "RECIPE=quick", "EPOCHS=2", "RUNS=10", "PROXIES=c_score")
    before = contents(study / "runs"), (study / "data.h5").stat().st_mtime_ns

    def same(what, *words):
        done = made("report", f"STUDY={study}", *words)
        now = contents(study / "runs"), (study / "data.h5").stat().st_mtime_ns
        assert now == before, f"{what}: {done}"
        assert "Nothing to be done" in made("report", f"STUDY={study}"), what
        return done

    os.utime(archive)
    assert "fetch-data" in same("an archive that was touched")
    os.utime(study / "settings/data")
    assert "fetch-data" in same("settings that were touched")
    # Another copy of the archive.
    copy = archive.with_name("copy.zip")
    shutil.copy(archive, copy)
    assert run_make("report", f"STUDY={study}", f"ARCHIVE={copy}").returncode
    same("another archive", f"ARCHIVE={copy}", "FORCE=1")
    (study / "data.h5").unlink()
    assert "fetch-data" in same("data that were removed")

    pictures(copy, 200)
    everything = contents(study)
    done = run_make("report", f"STUDY={study}")
    assert done.returncode and "comes out with other data" in done.stderr and "FORCE=1" in line_to_type(done), done
    assert contents(study) == everything, "other data leave something behind"
    files = runs_of(study)
    made("report", f"STUDY={study}", "FORCE=1")
    assert all(runs_of(study)[path] != inode for path, inode in files.items()), "FORCE=1 does not make runs of other data again"
    archive.unlink()
    copy.unlink()
    assert "Nothing to be done" in made("report", f"STUDY={study}"), "an archive that is gone is missed"


def check_refused(folder):
    """Names that make or the shell would split, before anything is written; and variables of other makefiles."""
    folder = Path(folder) / "names"
    folder.mkdir()
    for name in ("a b", "a'b", "a;b", "a$$b", "a:b", "a%b", "a(b", "a#b"):
        for makefile in ("Makefile", "examples/study.mk", "examples/larger.mk", "examples/extreme.mk"):
            done = run_make("-f", makefile, "all" if "extreme" in makefile else "study", f"STUDY={folder}/{name}")
            assert done.returncode == 2 and "signs of the shell" in done.stderr, done
    assert run_make("study", "STUDY=").returncode == 2
    for name in ("my set.zip", "a;b.zip"):
        (folder / name).touch()
        done = run_make("study", f"STUDY={folder}/s", f"ARCHIVE={folder}/{name}")
        assert done.returncode == 2 and said_by(done, "").startswith("ARCHIVE"), done
        assert line_to_type(done).startswith("ln -s"), done
        (folder / name).unlink()
    for words in (["SIZES=mlp width=8"], ["STUDENT=mlp width=8"], ["TEACHER=width=8"], ["RUNS=0"], ["RUNS=010"], ["RUNS=1 0"],
                  ["RECIPE=my recipe.json"], ["EXAMPLES=0 : 10"], ["EPOCHS=5 6"]):
        assert run_make("study", f"STUDY={folder}/s", *words).returncode == 2, words
    assert "SIZES=mlp+width=8" in line_to_type(run_make("study", f"STUDY={folder}/s", "SIZES=mlp width=8"))
    assert not any(folder.iterdir()), f"what is refused writes {list(folder.iterdir())}"
    assert not Path("b").exists()

    # Every variable that a makefile has is registered.
    for makefile, also in {
        "Makefile": ["Makefile", "examples/study.mk"], "examples/study.mk": ["examples/study.mk"],
        "examples/larger.mk": ["examples/larger.mk", "examples/study.mk"], "examples/extreme.mk": ["examples/extreme.mk"],
    }.items():
        names = {name for path in also for name in re.findall(r"^([A-Z][A-Za-z0-9_]*) *=", Path(path).read_text(), re.MULTILINE)}
        assert len(names) > 15
        for name in sorted(names):
            done = run_make("-n", "-f", makefile, "help", f"{name}={'small' if name == 'SCALE' else 1}")
            assert "no variable" not in done.stderr, f"{makefile}: {name} is not registered"

    # Other targets take any variable; those that are studies do not, through another make either.
    for words in (["install", "PREFIX=/opt/x", "DESTDIR=/tmp/x", "INSTALL=install -p"], ["test", "CC=cc"],
                  ["study", "STUDY=s", "SHELL=/bin/bash"], ["study", "STUDY=s", "TORCH_PYTHON=python3"]):
        made("-n", *words)
    for words in (["results-sprites", "RUN=5"], ["-f", "examples/larger.mk", "SIZE=5"], ["-f", "examples/extreme.mk", "SIGMA=5"]):
        assert "there is no variable" in run_make("-n", *words).stderr, words
    for makefile in ("larger", "extreme"):
        assert "paper or small" in run_make("-n", "-f", f"examples/{makefile}.mk", "SCALE=smal").stderr
    archive = folder / "archive.tar.gz"
    archive.touch()
    made("-n", "-f", "examples/evidence.mk", "e", f"CIFAR10={archive}", f"STUDY={folder}/e")

    own = folder / "own.mk"
    own.write_text(
        "WIDTH = 4\nvariables += decides/WIDTH\ndefine defaults\n  SIZES = mlp+width=$$(WIDTH)\n  TRAIN_OPTIONS = --width $$(WIDTH)\n"
        f"  STUDY = {folder}/own\nendef\ninclude examples/study.mk\n")
    assert "mlp width=16" in made("-n", "-f", own, "study", "WIDTH=16")
    assert "The nearest is WIDTH" in run_make("-n", "-f", own, "study", "WIDHT=16").stderr

    # A finished run that waits for the others of its block counts; a makefile's own value that has changed makes none again.
    study = folder / "own"
    waiting = study / "runs/mlp+width=4/000-009.h5.partial/key/000003.h5"
    waiting.parent.mkdir(parents=True)
    made(study / "settings/variables", study / "settings/train", "-f", own)
    own.write_text(own.read_text().replace("WIDTH = 4", "WIDTH = 5"))
    assert "--width 5" in made("-n", "-f", own, "runs"), "settings without a finished run"
    waiting.touch()
    for word in ("EPOCHS=3", "WIDTH=5"):
        assert said_by(run_make("-n", "-f", own, "runs", word), study) == f"{word} would make finished runs again (files: 1)", word
    done = run_make("-n", "-f", own, "runs")
    assert "--width 4" in done.stdout and "goes on with the settings that it was made with" in done.stderr, done
    assert "--width 5" in made("-n", "-f", own, "runs", "FORCE=1")
    assert "was made by own.mk, not by study.mk" in run_make("-n", "runs", f"STUDY={study}").stderr


def check_extreme(folder):
    """A part of the second paper's study: what it was made with is remembered, and one that remembers nothing goes on."""
    study = Path(folder) / "extreme"
    words = [
        "SCALE=small", "SETS=sprites", "EXAMPLES=0:300", "DATA_OPTIONS=--test 0:100", "SIGMAS=0.1", "FEW_SIGMAS=0.1", "EPOCHS=2",
        "SNAPSHOTS=0,2", "RUNS=0:2", "OTHER_EPOCHS=1", "OTHER_SNAPSHOTS=0,1",
    ]

    def extreme(*more, run=made):
        return run("-f", "examples/extreme.mk", "sin", "relu", "initial", f"STUDY={study}", *more)

    extreme(*words)
    files = runs_of(study)
    assert len(files) == 2
    for word, count in {
        "EPOCHS=3": 2, "RUNS=0:3": 1, "OTHER_RUNS=0:3": 1, "TEST_EVERY=1": 2, "EXAMPLES=0:280": 2, "SCALE=paper": 2,
        "DATA_OPTIONS=": 2,
    }.items():
        before = contents(study)
        done = extreme(word, run=run_make)
        assert said_by(done, study).endswith(f"would make finished runs again (files: {count})"), (word, done)
        assert contents(study) == before, f"{word}: stops, but writes"
    # As it was before there were settings.
    shutil.rmtree(study / "settings")
    for said in (words, []):
        done = extreme(*said)
        assert "bin/" not in done and runs_of(study) == files, f"{said}: {done}"
    assert extreme("RUNS=0:3", run=run_make).returncode and runs_of(study) == files
    extreme("SIGMAS=0.1 1")
    assert len(runs_of(study)) == 3 and files.items() <= runs_of(study).items()
    extreme("RUNS=0:3", "FORCE=1")
    again = runs_of(study)
    assert {path.parts[-4] for path in again if again[path] != files.get(path)} == {"sin"}
