"""Lets each write, fsync, rename, open, close, truncation and mkdir of small runs of all six tools fail, once and for good,
with ENOSPC, EIO and EMFILE, and each read, once, with EIO; loses each write of those that read back what they wrote without
an error; and puts the tools on a disk that is full now and then.

    python3 Tests/python/check_faults.py [--every 1] [--full-disk 1000] [--bin bin/]

Of each such point: status 0 means the bytes of an undisturbed run. Else the status is 74, with one line that says what the
system said, and nothing lies there that was not there before, but for the undisturbed output and what `train` and `distill`
keep in FILE.partial. The same command without the fault then makes the undisturbed bytes, and trains no run again that was
finished. `--every 10` takes each tenth point, from another one in each command.
"""

import argparse
import errno
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

BIN = Path("bin").resolve()
SOURCE = Path(__file__).resolve().parent.parent / "faults" / "fault.c"
CODES = (errno.ENOSPC, errno.EIO, errno.EMFILE)
# How a call of each kind fails.
WAYS = {
    kind: [(code, how) for code in CODES for how in ("once", "ever")]
    for kind in ("write", "sync", "rename", "open", "close", "truncate", "mkdir")
} | {"read": [(errno.EIO, "once")]}
# Those that read back what they wrote.
READ_BACK = ("train", "distill", "score memorisation", "score proxies", "align")

NETWORK = ["--epochs", "1", "--batch-size", "9", "--runs", "0:2", "--snapshots", "1", "--save-every", "0", "-j", "1", "-q"]
# Words in braces are files that lie beside the folder in which a command works; {log} is where `done` is counted.
COMMANDS = {
    "fetch-data sprites": ["fetch-data", "sprites", "--train", "0:24", "--test", "0:8", "-q", "-o", "o.h5"],
    "fetch-data folder": ["fetch-data", "folder", "--from", "{pictures}", "--size", "8", "-q", "-o", "o.h5"],
    "train": ["train", "{data}", "--architecture", "mlp width=1", *NETWORK, "--log", "{log}", "-o", "o.h5"],
    "distill": ["distill", "{data}", "{runs}", "--architecture", "mlp width=1", *NETWORK, "--log", "{log}", "-o", "o.h5"],
    "score memorisation": ["score", "memorisation", "{runs}", "{students}", "-q", "-o", "o.h5"],
    "score proxies": ["score", "proxies", "{data}", "{runs}", "--measures", "aum,el2n,input_norm", "-q", "-o", "o.h5"],
    "align": ["align", "{data}", "{runs}", "-j", "1", "-q", "-o", "o.h5"],
    "align init": ["align", "init", "{data}", "--architecture", "mlp width=1", "--sigmas", "0.1", "--runs", "0:1", "-j", "1",
                   "-q", "-o", "o.tsv"],
    "report": ["report", "{data}", "{runs}", "{scores}", "--format", "html", "-o", "o.html"],
    "report show": ["report", "show", "{data}", "--sheet", "o.png", "-o", "o.txt"],
    "report check": ["report", "check", "{data}", "{runs}", "{students}", "{scores}"],
    "fetch-data to a pipe": ["fetch-data", "sprites", "--train", "0:24", "--test", "0:8", "-q", "-o", "-"],
    "score to a pipe": ["score", "memorisation", "-", "-q"],
    "report to a pipe": ["report", "{scores}"],
}
# Standard input of those that read it.
PIPED = {"score to a pipe": "{runs}"}


class Commands:
    """Undisturbed files, and what each command makes of them."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.library = folder / "fault.so"
        compiler = next(name for name in ("cc", "gcc", "clang") if shutil.which(name))
        subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", self.library, SOURCE, "-ldl"], check=True)
        self.files = {kind: folder / f"{kind}.h5" for kind in ("data", "runs", "students", "scores")}
        self.files["pictures"] = folder / "pictures"
        # A pixel of grey is the smallest PNG that there is.
        for label in ("a", "b"):
            (self.files["pictures"] / label).mkdir(parents=True)
            for i in range(3):
                (self.files["pictures"] / label / f"{i}.png").write_bytes(PIXEL)
        recipe = ["--epochs", "2", "--batch-size", "5", "--runs", "0:2", "--snapshots", "0,1", "--dynamics", "evaluation", "-q"]
        for arguments in (
            ["fetch-data", "sprites", "--train", "0:24", "--test", "0:8", "-o", self.files["data"]],
            ["train", self.files["data"], "--architecture", "mlp width=2", *recipe, "-o", self.files["runs"]],
            ["distill", self.files["data"], self.files["runs"], "--architecture", "mlp width=1", *recipe, "-o",
             self.files["students"]],
            ["score", "memorisation", self.files["runs"], self.files["students"], "-q", "-o", self.files["scores"]],
        ):
            subprocess.run([BIN / arguments[0], *arguments[1:]], check=True, stderr=subprocess.DEVNULL)
        self.good = {}
        self.counts = {}
        for name in COMMANDS:
            where = self.folder / "good"
            counts = self.folder / "counts"
            done = self.run(name, where, {"FAULT_COUNTS": str(counts)})
            assert done.returncode == 0, f"{name}: {done.stderr}"
            self.good[name] = contents(where)
            self.counts[name] = {kind: int(n) for kind, n in map(str.split, counts.read_text().splitlines())}
            shutil.rmtree(where)
            (self.folder / "good.log").unlink(missing_ok=True)

    def run(self, name, where: Path, environment) -> subprocess.CompletedProcess:
        """Runs a command in a folder, with standard output to a file in it where it writes there."""
        where.mkdir(exist_ok=True)
        names = {key: str(path) for key, path in self.files.items()} | {"log": str(where) + ".log"}
        tool, *rest = (word.format(**names) for word in COMMANDS[name])
        stdin = open(PIPED[name].format(**names), "rb") if name in PIPED else subprocess.DEVNULL
        stdout = open(where / "stdout", "wb") if "to a pipe" in name else subprocess.DEVNULL
        if environment:
            environment = {"LD_PRELOAD": str(self.library), **environment}
        try:
            if name in PIPED:
                feed = subprocess.Popen(["cat"], stdin=stdin, stdout=subprocess.PIPE)
                stdin = feed.stdout
            return subprocess.run(
                [BIN / tool, *rest], cwd=where, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=60,
                errors="replace", env={**os.environ, "TMPDIR": str(self.folder), **environment})
        finally:
            if name in PIPED:
                feed.stdout.close()
                feed.wait()
            if stdout is not subprocess.DEVNULL:
                stdout.close()


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def finished_runs(log: Path) -> Counter:
    lines = log.read_bytes().splitlines() if log.exists() else []
    events = []
    for line in lines:
        try:
            events.append(json.loads(line))
        except ValueError:
            pass  # Cut short by the fault.
    return Counter(event["run"] for event in events if event["event"] == "done" and "run" in event)


def trial(commands: Commands, number: int, name: str, fault: str) -> tuple[str, str | None]:
    """How a point ends, and what is wrong with that."""
    where, log = commands.folder / f"trial-{number}", commands.folder / f"trial-{number}.log"
    good = commands.good[name]
    to_pipe = "to a pipe" in name
    try:
        done = commands.run(name, where, {"FAULT": fault})
        found = contents(where)
        code = int(fault.split(":")[2])
        problem = None
        if done.returncode == 0:
            outcome = "0, right"
            if found != good:
                problem = f"status 0 and other bytes in {sorted(k for k in found | good if found.get(k) != good.get(k))}"
        elif done.returncode == 74:
            outcome = "74"
            keeps = name in ("train", "distill")
            strange = [
                path for path in found
                if not (to_pipe and path == "stdout") and found[path] != good.get(path)
                and not (keeps and path.startswith("o.h5.partial/") and "/." not in path)]
            if strange:
                problem = f"left over: {strange}"
            # It goes on after a file that it could not read.
            elif done.stderr.count("\n") != 1 and name != "report check":
                problem = f"says {done.stderr!r}"
            elif code and os.strerror(code) not in done.stderr:
                problem = f"does not say what the system said: {done.stderr!r}"
        else:
            outcome = f"{done.returncode}"
            problem = f"status {done.returncode}: {done.stderr!r}"
        kept = [path for path in found if path.startswith("o.h5.partial/") and path.endswith(".h5")]
        if done.returncode != 0 or problem:
            again = commands.run(name, where, {})
            if again.returncode != 0:
                problem = problem or f"the same command then ends with {again.returncode}: {again.stderr!r}"
            elif contents(where) != good:
                problem = problem or f"the same command then leaves {sorted(contents(where))}"
        runs = finished_runs(log)
        if kept and any(count > 1 for count in runs.values()):
            problem = problem or f"trained again: {dict(runs)}, kept: {kept}"
        return outcome, problem
    except subprocess.TimeoutExpired:
        return "hangs", "it hangs"
    finally:
        shutil.rmtree(where, ignore_errors=True)
        log.unlink(missing_ok=True)


def walk(commands: Commands, every: int) -> int:
    """All points; prints a row a command."""
    print("| command | points | status 0, right bytes | 74 | wrong |\n|---|---|---|---|---|")
    wrong = total = 0
    for offset, name in enumerate(COMMANDS):
        faults = [
            f"{kind}:{n}:{code}:{how}" for kind, ways in WAYS.items()
            for n in range(1, commands.counts[name][kind] + 1)
            for code, how in ways + [(0, "lost")] * (kind == "write" and name in READ_BACK)]
        faults = faults[offset % every::every]
        outcomes, bad = Counter(), 0
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for fault, (outcome, problem) in zip(
                faults, pool.map(lambda point: trial(commands, point[0], name, point[1]), enumerate(faults))):
                outcomes[outcome] += 1
                if problem:
                    bad += 1
                    print(f"  {name}: {fault}: {problem}", file=sys.stderr)
        print(f"| {name} | {len(faults)} | {outcomes['0, right']} | {outcomes['74']} | {bad} |", flush=True)
        wrong, total = wrong + bad, total + len(faults)
    print(f"check-faults: {total} points, {wrong} wrong")
    return wrong


def fill(folder: Path, stop: threading.Event):
    """Fills the disk and empties it, again and again."""
    chance = random.Random(0)
    while not stop.is_set():
        with open(folder / "filler", "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass
        time.sleep(chance.uniform(0, 0.02))
        (folder / "filler").unlink()
        time.sleep(chance.uniform(0, 0.03))


def full_disk(commands: Commands, count: int, disk: Path) -> int:
    """Commands on a disk that another process fills and empties."""
    outcomes, wrong = Counter(), 0
    stop = threading.Event()
    filler = threading.Thread(target=fill, args=(disk, stop))
    filler.start()
    names = [name for name in COMMANDS if "to a pipe" not in name]
    for i in range(count):
        name = names[i % len(names)]
        where = disk / "work"
        done = commands.run(name, where, {})
        if done.returncode == 0:
            problem = None if contents(where) == commands.good[name] else "status 0 and other bytes"
        else:
            problem = None if done.returncode == 74 and done.stderr.count("\n") == 1 else f"{done.returncode}: {done.stderr!r}"
        outcomes[done.returncode] += 1
        if problem:
            wrong += 1
            print(f"  {name}: {problem}", file=sys.stderr)
        shutil.rmtree(where, ignore_errors=True)
        Path(f"{where}.log").unlink(missing_ok=True)
    stop.set()
    filler.join()
    counts = ", ".join(f"{n} with status {status}" for status, n in sorted(outcomes.items()))
    print(f"check-faults: a disk that is full now and then: {count} commands: {counts}; {wrong} wrong")
    return wrong


def png_of_one_pixel() -> bytes:
    import struct
    import zlib

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\x80")) + chunk(b"IEND", b"")


PIXEL = png_of_one_pixel()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--every", type=int, default=1, help="take each of so many points alone")
    parser.add_argument("--full-disk", type=int, default=0, metavar="N", help="so many commands on a disk that is full at times")
    parser.add_argument("--disk", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--bin", type=Path, default=BIN)
    options = parser.parse_args()
    globals()["BIN"] = options.bin.resolve()
    with tempfile.TemporaryDirectory() as name:
        commands = Commands(Path(name))
        if options.disk:
            sys.exit(1 if full_disk(commands, options.full_disk, options.disk) else 0)
        wrong = walk(commands, options.every)
    if options.full_disk:
        # A disk of its own is mounted where nobody else sees it.
        with tempfile.TemporaryDirectory() as disk:
            script = 'mount -t tmpfs -o size=1m tmpfs "$1" || exit 75; shift; exec "$@"'
            done = subprocess.run([
                "unshare", "-rm", "sh", "-c", script, "sh", disk, sys.executable, __file__, "--disk", disk, "--full-disk",
                str(options.full_disk), "--bin", str(BIN)])
        if done.returncode == 75:
            print("check-faults: NOT CHECKED: no disk can be mounted here")
        wrong += done.returncode not in (0, 75)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
