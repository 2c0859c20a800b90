"""Copies of a file with one byte changed, through the tools that read it."""

import os
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import digests
import h5py
from tool import run

# Reads all that is in a file: what it lets pass must be as it was.
CHECK = "report check {}"
REFUSALS = (65, 74)  # bad data; input or output error

# The commands that read a kind; {} is the damaged file, the names in braces are whole ones.
COMMANDS = {
    "data": [
        "train {} --architecture mlp:width=1 --epochs 1 --batch-size 5 --runs 0:1 --keep logit -j 1 -q -o {out}",
        "report {} {scores} --format html -o {out}",
    ],
    "runs": ["score memorisation {} -q -o {out}", "align {data} {} -j 1 -q -o {out}"],
    "students": ["score memorisation {runs} {} -q -o {out}", "align {data} {} -j 1 -q -o {out}"],
    "scores": ["report {} -o {out}", "report {data} {} --format html -o {out}"],
    "alignment": ["report {} -o {out}"],
}


@dataclass
class Outcome:
    refused: int = 0
    identical: int = 0
    others: list[str] = field(default_factory=list)

    def __str__(self):
        total = self.refused + self.identical + len(self.others)
        text = f"{total} damaged files read: {self.refused} refused, {self.identical} with the same result"
        return "\n  ".join([text + f", {len(self.others)} otherwise", *self.others])


def positions(path: Path, count: int, chance: random.Random) -> list[int]:
    """Offsets of bytes: half of them anywhere, half outside of images, weights and logits, which are most of a file."""
    size = path.stat().st_size
    bulk = set()
    with h5py.File(path) as file:
        for name in ("train/image", "test/image", "checkpoint/parameter", "train/logit"):
            if name in file:
                variable = file[name]
                for i in range(variable.id.get_num_chunks()):
                    chunk = variable.id.get_chunk_info(i)
                    bulk.update(range(chunk.byte_offset, chunk.byte_offset + chunk.size))
    rest = [offset for offset in range(size) if offset not in bulk]
    return [chance.choice(rest) if i % 2 else chance.randrange(size) for i in range(count)]


def arguments(command: str, damaged: Path, out: Path, files: dict[str, Path]) -> list[str]:
    words = [word.replace("mlp:", "mlp ") for word in command.split()]
    return [word.format(damaged, out=out, **files) for word in words]


def result(command, damaged, out, files):
    """What a command makes of a file: its output, None where it refused it; a text where it did neither."""
    out.unlink(missing_ok=True)
    done = run(arguments(command, damaged, out, files), timeout=20)
    if done.status is None:
        return "hangs"
    if done.status == 0:
        return done.output if command == CHECK else out.read_bytes()
    if done.status < 0:
        return f"ended by signal {-done.status}"
    if command == CHECK:
        lines = done.errors.splitlines()
        found = done.status == 65 and not done.output and lines and all(line.startswith("report: ") for line in lines)
        return None if found else f"status {done.status}: {done.errors!r}"
    if done.status not in REFUSALS or done.errors.count("\n") != 1 or done.output or out.exists():
        return f"status {done.status}: {done.errors!r}"
    return None


def values(path: Path) -> dict:
    """All numbers in a file, and its attributes. Text has no checksum of HDF5's, and may crash what reads it damaged."""
    found = {}

    def visit(name, item):
        found.update({f"{name}: {key}": item.attrs[key] for key in item.attrs if not key.endswith("_LIST")})
        if isinstance(item, h5py.Dataset) and not h5py.check_string_dtype(item.dtype):
            found[name] = (item.shape, item.dtype.str, digests.little_endian(item[()]))

    with h5py.File(path) as file:
        visit("/", file)
        file.visititems(visit)
    return {name: value if isinstance(value, tuple) else bytes(value) for name, value in found.items()}


def check(kind: str, files: dict[str, Path], folder: Path, count: int, seed: int) -> Outcome:
    chance = random.Random(f"{seed} {kind}")
    original = files[kind].read_bytes()
    commands = [*COMMANDS[kind], CHECK]
    whole = {command: result(command, files[kind], folder / "whole", files) for command in commands}
    expected = values(files[kind])
    for command, made in whole.items():
        assert isinstance(made, bytes), f"{command}: {made}"
    cases = [(offset, chance.randrange(1, 256)) for offset in positions(files[kind], count, chance)]

    def damage(number, offset, mask):
        damaged, out = folder / f"{number}.h5", folder / f"{number}.out"
        changed = bytearray(original)
        changed[offset] ^= mask
        damaged.write_bytes(changed)
        found = []
        for command in commands:
            made = result(command, damaged, out, files)
            if isinstance(made, bytes) and made != whole[command]:
                made = "gives another result"
            elif isinstance(made, bytes) and command == CHECK and values(damaged) != expected:
                made = "passes other values"
            found.append((made, f"{command}: byte {offset} ^ {mask}: {made}"))
        for path in (damaged, out):
            path.unlink(missing_ok=True)
        return found

    outcome = Outcome()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for found in pool.map(lambda case: damage(case[0], *case[1]), enumerate(cases)):
            for made, text in found:
                if made is None:
                    outcome.refused += 1
                elif isinstance(made, bytes):
                    outcome.identical += 1
                else:
                    outcome.others.append(text)
    return outcome
