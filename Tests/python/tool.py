"""Runs the tools in bin/, from the folder of the makefile."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

BIN = Path("bin").resolve()


@dataclass
class Done:
    status: int | None  # None where the tool did not end in time; below 0 the signal that ended it
    output: bytes
    errors: str


def run(arguments, timeout=60) -> Done:
    """Runs a tool, whose name comes first."""
    tool, *rest = map(str, arguments)
    try:
        done = subprocess.run([BIN / tool, *rest], stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        return Done(None, b"", "")
    return Done(done.returncode, done.stdout, done.stderr.decode(errors="replace"))
