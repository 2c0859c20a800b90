"""Runs fetch-data on a hostile input, and sees that it behaves: the rules are in check_hostile.py."""

import os
import resource
import shlex
import shutil
import subprocess
import tempfile
import threading
import time
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from tool import BIN

MOST_MEMORY = 300e6  # bytes
MOST_TIME = 10  # seconds
LONGEST_LINE = 2000  # characters
# What keeps a tool that misbehaves from taking the machine with it.
KILL_AFTER = 12  # seconds
LIMITS = {resource.RLIMIT_AS: 6 << 30, resource.RLIMIT_FSIZE: 1 << 30}
# Beside control characters and ends of lines: what turns the direction of writing.
TURNS = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass
class Done:
    status: int
    output: bytes
    errors: str
    memory: int  # bytes
    seconds: float


def measured(arguments, folder) -> Done:
    """Runs fetch-data in `folder`, with a TMPDIR beside it."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        start = time.monotonic()
        process = subprocess.Popen(
            [BIN / "fetch-data", *arguments], stdin=subprocess.DEVNULL, stdout=output, stderr=errors, cwd=folder,
            env=os.environ | {"TMPDIR": str(folder.parent / "tmp")})
        for limit, most in LIMITS.items():
            resource.prlimit(process.pid, limit, (most, most))
        timer = threading.Timer(KILL_AFTER, process.kill)
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - start
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        text = errors.read(1 << 20).decode(errors="surrogateescape")
        return Done(process.returncode, output.read(1 << 20), text, 1024 * usage.ru_maxrss, seconds)


def put(content, path):
    """Writes bytes, a folder of files, a file of so many zeros that takes no room, or what a function makes."""
    if isinstance(content, dict):
        for name, inner in content.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            put(inner, path / name)
    elif isinstance(content, int):
        path.touch()
        os.truncate(path, content)
    elif callable(content):
        content(path)
    else:
        path.write_bytes(content)


def listing(folder):
    return {(str(path.relative_to(folder)), path.lstat().st_size) for path in folder.rglob("*")}


def problems(done, status, says, left):
    """What is wrong with the manners of a run; `left` are the files that it made or changed."""
    if status == 0:
        right = (done.status, done.errors, done.output, left) == (0, "", b"", ["out/out.h5"])
        return [] if right else [f"ends with {done.status}, not 0, and leaves {left}"]
    allowed = status if isinstance(status, tuple) else (status,)
    line = done.errors.removesuffix("\n")
    unsaid = [text for text in says if text not in line]
    steering = {c for c in line if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or c in TURNS}
    found = {
        f"ends with {done.status}, not {status}": done.status not in allowed,
        f"says {done.errors.count(chr(10))} lines": done.errors == line or "\n" in line,
        "does not begin with its name": not line.startswith("fetch-data: "),
        f"does not say {unsaid}": unsaid,
        f"prints {ascii(''.join(sorted(steering)))} raw": steering,
        f"says {len(line)} characters": len(line) > LONGEST_LINE,
        f"writes {len(done.output)} bytes to standard output": done.output,
        f"leaves {left}": left,
        f"takes {done.memory / 1e6:.0f} MB": done.memory > MOST_MEMORY,
        f"takes {done.seconds:.1f} s": done.seconds > MOST_TIME,
    }
    return [text for text, is_so in found.items() if is_so]


class Trial:
    """Counts what passes and what fails."""

    def __init__(self, keep: Path | None):
        self.keep, self.passed, self.failed, self.memory, self.seconds = keep, 0, 0, 0, 0.0

    def refuse(self, title, command, content, *says, status=65, beside=None, output="../out/out.h5"):
        """A command that must be refused.

        `content` is what the command's last word names, `beside` has other files; `says` is a part of the message,
        the name of the input where nothing is given; `status` may be several.
        """
        name = command.split()[-1]
        self.check(title, command, {name: content, **(beside or {})}, status, says or (name,), output)

    def accept(self, title, command, content, beside=None):
        """A command that must write its file, and say nothing."""
        self.check(title, command, {command.split()[-1]: content, **(beside or {})}, 0, (), "../out/out.h5")

    def check(self, title, command, files, status, says, output):
        with tempfile.TemporaryDirectory() as name:
            root = Path(name)
            for part in ("in", "out", "tmp"):
                (root / part).mkdir()
            for path, content in files.items():
                put(content, root / "in" / path)
            before = listing(root)
            done = measured([*shlex.split(command), "-o", output], root / "in")
            wrong = problems(done, status, says, sorted(path for path, _ in listing(root) - before))
            self.memory, self.seconds = max(self.memory, done.memory), max(self.seconds, done.seconds)
            if not wrong:
                self.passed += 1
                return
            self.failed += 1
            print(f"  {title}: {'; '.join(wrong)}\n    fetch-data {command}\n    {ascii(done.errors[:300])}")
            if self.keep:
                kept = self.keep / "".join(c if c.isalnum() else "-" for c in title)[:100]
                shutil.rmtree(kept, ignore_errors=True)
                shutil.copytree(root / "in", kept, symlinks=True, ignore=pipes)
                print(f"    kept in {kept}")


def pipes(folder, names):
    """The names of those that no copy can be read from."""
    return [name for name in names if Path(folder, name).is_fifo()]
