"""Damaged files in which HDF5 has no checksum to see it by: no tool ends by a signal, hangs, or says more than a line.

    python Tests/python/check_foreign.py [--flips 2000] [--seed 0] [--bin bin/]

Of each kind of file there are copies as h5py writes them: by default, without checksums and with text attributes in heaps;
and with `libver="latest"`, whose many attributes lie in another structure. `--flips` copies with one bit or one byte changed
go through the tools that read them. So do files of our own in which a structure was changed and its checksum made right
again. What such a file says may be wrong without anyone seeing it; it may not end a tool by a signal, or keep it
for longer than `MOST_TIME`.
"""

import argparse
import os
import random
import struct
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import flips
import h5py
import tool
from check_format import make_files
from tool import run

MOST_TIME = 10  # seconds
STATUSES = (0, 65)


def rewrite(source: Path, target: Path, libver: str):
    """The same variables and attributes as another program writes them: text of variable length, no filters."""
    with h5py.File(source) as old, h5py.File(target, "w", libver=libver) as new:

        def copy(name, item):
            made = new[name] if isinstance(item, h5py.Group) and name in new else None
            if made is None:
                made = new.create_group(name) if isinstance(item, h5py.Group) else new.create_dataset(
                    name, data=item.asstr()[()] if h5py.check_string_dtype(item.dtype) else item[()],
                    dtype=h5py.string_dtype() if h5py.check_string_dtype(item.dtype) else item.dtype,
                    chunks=item.chunks if "logit" in name or "image" in name else None)
            attributes(item, made)

        attributes(old, new)
        old.visititems(copy)


def attributes(old, new):
    for key, value in old.attrs.items():
        if key not in ("DIMENSION_LIST", "REFERENCE_LIST", "CLASS", "NAME"):
            new.attrs[key] = value.decode() if isinstance(value, bytes) else value


def lookup3(data: bytes) -> int:
    """Bob Jenkins' lookup3 (public domain), as HDF5 seals its structures with."""
    mask = 0xFFFFFFFF

    def rotate(x, k):
        return ((x << k) | (x >> (32 - k))) & mask

    a = b = c = (0xDEADBEEF + len(data)) & mask
    place, length = 0, len(data)
    while length > 12:
        x, y, z = struct.unpack_from("<III", data, place)
        a, b, c = (a + x) & mask, (b + y) & mask, (c + z) & mask
        a = ((a - c) ^ rotate(c, 4)) & mask; c = (c + b) & mask
        b = ((b - a) ^ rotate(a, 6)) & mask; a = (a + c) & mask
        c = ((c - b) ^ rotate(b, 8)) & mask; b = (b + a) & mask
        a = ((a - c) ^ rotate(c, 16)) & mask; c = (c + b) & mask
        b = ((b - a) ^ rotate(a, 19)) & mask; a = (a + c) & mask
        c = ((c - b) ^ rotate(b, 4)) & mask; b = (b + a) & mask
        place, length = place + 12, length - 12
    if length == 0:
        return c
    x, y, z = struct.unpack("<III", data[place:].ljust(12, b"\0"))
    a, b, c = (a + x) & mask, (b + y) & mask, (c + z) & mask
    c = ((c ^ b) - rotate(b, 14)) & mask
    a = ((a ^ c) - rotate(c, 11)) & mask
    b = ((b ^ a) - rotate(a, 25)) & mask
    c = ((c ^ b) - rotate(b, 16)) & mask
    a = ((a ^ c) - rotate(c, 4)) & mask
    b = ((b ^ a) - rotate(a, 14)) & mask
    return ((c ^ b) - rotate(b, 24)) & mask


def sealed(data: bytes) -> list[tuple[int, int]]:
    """Where structures with a checksum lie: their start, and where the sum of all before it stands."""
    found = [(0, 44)]
    for signature in (b"OHDR", b"FAHD", b"FADB"):
        place = data.find(signature)
        while place >= 0:
            if signature == b"OHDR":
                flags = data[place + 5]
                start = place + 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
                width = 1 << (flags & 3)
                end = start + width + int.from_bytes(data[start:start + width], "little")
            else:
                end = next(
                    (e for e in range(place + 8, min(place + 4096, len(data) - 3))
                     if lookup3(data[place:e]) == int.from_bytes(data[e:e + 4], "little")), len(data))
            if end + 4 <= len(data) and lookup3(data[place:end]) == int.from_bytes(data[end:end + 4], "little"):
                found.append((place, end))
            place = data.find(signature, place + 1)
    return found


def resealed(data: bytes, chance: random.Random, structures) -> tuple[str, bytes]:
    start, end = chance.choice(structures)
    place = chance.randrange(start + 4, end)
    changed = bytearray(data)
    changed[place] ^= 1 << chance.randrange(8) if chance.random() < 0.5 else chance.randrange(1, 256)
    changed[end:end + 4] = lookup3(bytes(changed[start:end])).to_bytes(4, "little")
    return f"byte {place} of the structure at {start}", bytes(changed)


def flipped(data: bytes, chance: random.Random, places) -> tuple[str, bytes]:
    place = chance.choice(places)
    changed = bytearray(data)
    changed[place] ^= 1 << chance.randrange(8) if chance.random() < 0.5 else chance.randrange(1, 256)
    return f"byte {place}", bytes(changed)


def structure(path: Path, data: bytes) -> list[int]:
    """The bytes of a file that are no values."""
    values = set()

    def visit(_, item):
        if not isinstance(item, h5py.Dataset):
            return
        if item.chunks:
            for i in range(item.id.get_num_chunks()):
                chunk = item.id.get_chunk_info(i)
                values.update(range(chunk.byte_offset, chunk.byte_offset + chunk.size))
        elif not h5py.check_string_dtype(item.dtype) and item.id.get_offset() is not None:
            values.update(range(item.id.get_offset(), item.id.get_offset() + item.id.get_storage_size()))

    with h5py.File(path) as file:
        file.visititems(visit)
    return [place for place in range(len(data)) if place not in values]


def check(title, kind, files, damaged, folder) -> Counter:
    """Runs the commands of a kind on damaged files, and counts how they end."""
    commands = [*flips.COMMANDS[kind], flips.CHECK, "report show {}"]

    def trial(case):
        number, (what, data) = case
        path, out = folder / f"{number}.h5", folder / f"{number}.out"
        path.write_bytes(data)
        found = []
        for command in commands:
            start = time.monotonic()
            done = run(flips.arguments(command, path, out, files), timeout=3 * MOST_TIME)
            seconds = time.monotonic() - start
            wrong = (
                "hangs" if done.status is None else f"ended by signal {-done.status}" if done.status < 0
                else f"status {done.status}" if done.status not in STATUSES
                else f"takes {seconds:.1f} s" if seconds > MOST_TIME
                else f"says {done.errors!r}"
                if command != flips.CHECK and done.status and done.errors.count("\n") != 1 else None)
            found.append((wrong, f"{title}: {what}: {command}: {wrong} {done.errors!r}", done))
            out.unlink(missing_ok=True)
        path.unlink()
        return found

    counts = Counter()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for found in pool.map(trial, enumerate(damaged)):
            for wrong, text, done in found:
                counts["wrong" if wrong else f"status {done.status}"] += 1
                if "reading it" in done.errors:
                    counts["of these by the guard"] += 1
                if wrong:
                    print(f"  {text}")
    print(f"check-foreign: {title}: " + ", ".join(f"{counts[key]} {key}" for key in sorted(counts)), flush=True)
    return counts


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--flips", type=int, default=2000, help="damaged copies a kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--bin", type=Path, default=tool.BIN)
    options = parser.parse_args()
    tool.BIN = options.bin.resolve()
    bad = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = make_files(folder)
        for kind, path in files.items():
            chance = random.Random(f"{options.seed} {kind}")
            for libver in ("earliest", "latest"):
                other = folder / f"{kind}-{libver}.h5"
                rewrite(path, other, libver)
                done = run(["report", "check", other])
                assert done.status == 0, done.errors
                data = other.read_bytes()
                places = structure(other, data)
                damaged = (flipped(data, chance, places) for _ in range(options.flips // 2))
                bad += check(f"{kind} by h5py, {libver}", kind, files, damaged, folder)["wrong"]
            data = path.read_bytes()
            structures = sealed(data)
            damaged = (resealed(data, chance, structures) for _ in range(options.flips // 2))
            bad += check(f"{kind}, {len(structures)} structures sealed again", kind, files, damaged, folder)["wrong"]
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
