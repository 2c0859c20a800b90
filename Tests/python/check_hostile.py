"""Feeds hostile archives to fetch-data, as a user would who fetched them somewhere.

    python Tests/python/check_hostile.py [--keep FOLDER] [GROUP ...]

Each must be refused with its exit status (65 unless a case says another), in one line on standard error that begins
with `fetch-data: `, names the file and the member and says what is wrong, and sends nothing to the terminal that could
steer it; with nothing on standard output, no file left anywhere, in at most 300 MB of memory and 10 s. A few odd
archives that are right must be read. --keep saves the input of each case that fails. Needs Python alone.
"""

import argparse
import functools
import gzip
import math
import os
import random
import resource
import shlex
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import unicodedata
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from tool import BIN

MOST_MEMORY = 300e6  # bytes
MOST_TIME = 10  # seconds
LONGEST_LINE = 2000  # characters
# What keeps a tool that misbehaves from taking the machine with it.
KILL_AFTER = 20
LIMITS = {resource.RLIMIT_AS: 6 << 30, resource.RLIMIT_FSIZE: 1 << 30}
# Beside control characters: what turns the direction of writing.
TURNS = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

GIB = 1 << 30
CHANCE = random.Random(0)
FIXTURES = Path(__file__).parent.parent / "ImageSetsTests/Fixtures"
JPEG = (FIXTURES / "tiny-imagenet/colour.jpg").read_bytes()

# The commands; the last word is the archive, or the folder of the files.
CIFAR10 = "cifar10 --no-verify --from cifar.tar.gz"
CIFAR100 = "cifar100 --no-verify --from cifar.tar.gz"
PICTURES = "folder --size 8 --from pictures.zip"
TINY = "tiny-imagenet --no-verify --from tiny.zip"
SVHN = "svhn --no-verify --from svhn"
FASHION = "fashion-mnist --no-verify --from fashion"


# --- Compressed data, tar.


def deflated(*parts, wrap="zlib"):
    """Data in zlib's or gzip's wrapping, or "raw". A part is bytes, or (byte, count) for as many of one byte."""
    packed, crc, adler, size = [], 0, 1, 0
    for part in parts:
        byte, count = part if isinstance(part, tuple) else (None, 1)
        piece = part if byte is None else byte * min(count, 1 << 24)
        times, rest = (1, b"") if byte is None else (count // len(piece), byte * (count % len(piece)))
        for data, repeats in ((piece, times), (rest, 1)):
            # A full flush makes what comes after independent of what was before: it can be repeated.
            press = zlib.compressobj(9, zlib.DEFLATED, -15)
            packed.append((press.compress(data) + press.flush(zlib.Z_FULL_FLUSH)) * repeats)
            for _ in range(repeats):
                crc, adler, size = zlib.crc32(data, crc), zlib.adler32(data, adler), size + len(data)
    body = b"".join(packed) + b"\x03\x00"
    if wrap == "raw":
        return body
    if wrap == "zlib":
        return b"\x78\xda" + body + struct.pack(">I", adler)
    return b"\x1f\x8b\x08" + bytes(6) + b"\xff" + body + struct.pack("<II", crc, size % (1 << 32))


gzipped = functools.partial(deflated, wrap="gzip")


def zeros(count):
    return (b"\0", count)


def entry(name, data=b"", *, size=None, kind=tarfile.REGTYPE, form=tarfile.USTAR_FORMAT, link="", pax=None):
    """A member of a tar archive; `size` is what its header claims."""
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname, info.pax_headers = len(data) if size is None else size, kind, link, pax or {}
    return info.tobuf(tarfile.PAX_FORMAT if pax else form) + data + bytes(-len(data) % 512)


def header_with(data, offset, text):
    """A tar header with another text in one of its fields, and the right checksum."""
    header = bytearray(data[:512])
    header[offset : offset + len(text)] = text
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + data[512:]


def tar(*entries):
    return b"".join(entries) + bytes(1024)


def cifar10(**changed):
    """The members of an archive of CIFAR-10, two records each; `changed` has other bytes, or entries, for some."""
    names = [f"data_batch_{number}" for number in range(1, 6)] + ["test_batch"]
    data = {name: (bytes([3]) + CHANCE.randbytes(3072)) * 2 for name in names} | changed
    return [
        data[name] if len(data[name]) % 512 == 0 and data[name] else entry(f"cifar-10-batches-bin/{name}.bin", data[name])
        for name in names
    ]


def cifar10_without_first():
    return cifar10()[1:]


def cifar100(train):
    return [entry("cifar-100-binary/train.bin", train), entry("cifar-100-binary/test.bin", bytes(3074))]


# --- Zip.


@dataclass
class Member:
    """A member of a zip archive, right but for what `local` and `central` say of it in its two headers."""

    name: str | bytes
    data: bytes = b""
    packed: bytes | None = None  # as it lies in the archive
    stated: dict = field(default_factory=dict)  # in both headers
    local: dict = field(default_factory=dict)
    central: dict = field(default_factory=dict)
    large: bool = False  # with zip64 fields
    descriptor: str = ""  # the format of what stands behind the data
    described: tuple = ()  # what stands there, where it is a lie

    def __post_init__(self):
        self.name = self.name if isinstance(self.name, bytes) else self.name.encode()
        if self.packed is None:
            self.packed = deflated(self.data, wrap="raw")
        self.truth = {
            "flags": 8 if self.descriptor else 0, "method": 8, "crc": zlib.crc32(self.data),
            "packed": len(self.packed), "size": len(self.data), "attributes": 0, **self.stated,
        }

    def extra(self, *numbers):
        return struct.pack(f"<HH{len(numbers)}Q", 1, 8 * len(numbers), *numbers) if self.large else b""

    def bytes(self):
        """Its header, its data and what follows them."""
        says = self.truth | self.local
        extra = says.get("extra", self.extra(says["size"], says["packed"]))
        known = [says["crc"]] + [0xFFFFFFFF if self.large else says[name] for name in ("packed", "size")]
        behind = b""
        if self.descriptor:
            known = [0, 0, 0]
            behind = struct.pack(self.descriptor, *(self.described or (says["crc"], says["packed"], says["size"])))
            behind = b"PK\7\x08" + behind if self.descriptor != "<III " else behind
        return struct.pack(
            "<4sHHHHHIIIHH", b"PK\3\4", 45, says["flags"], says["method"], 0, 33, *known,
            len(self.name), len(extra)) + says.get("name", self.name) + extra + self.packed + behind

    def directory_entry(self, offset):
        says = self.truth | {"offset": offset} | self.central
        extra = says.get("extra", self.extra(says["size"], says["packed"], says["offset"]))
        known = [0xFFFFFFFF if self.large else says[name] for name in ("packed", "size", "offset")]
        return struct.pack(
            "<4sHHHHHHIIIHHHHHII", b"PK\1\2", 45 | 3 << 8, 45, says["flags"], says["method"], 0, 33, says["crc"],
            *known[:2], len(self.name), len(extra), 0, 0, 0, says["attributes"], known[2]) + self.name + extra


def zip_end(count, length, offset, large=None, **changed):
    """The records at the end; `large` has what the zip64 one says, where there is to be one."""
    says = {"disk": 0, "here": count, "count": count, "length": length, "offset": offset} | changed
    end = struct.pack(
        "<4sHHHHIIH", b"PK\5\6", says["disk"], says["disk"], says["here"], says["count"], says["length"],
        says["offset"], 0)
    if large is None:
        return end
    place = offset + length
    says = {"bytes": 44, "count": count, "length": length, "offset": offset, "place": place} | large
    record = struct.pack(
        "<4sQHHIIQQQQ", b"PK\6\6", says["bytes"], 45, 45, 0, 0, says["count"], says["count"], says["length"],
        says["offset"])
    return record + struct.pack("<4sIQI", b"PK\6\7", 0, says["place"], 1) + end


def zipped(members, *, large=None, **changed):
    body, directory = bytearray(), bytearray()
    for member in members:
        directory += member.directory_entry(len(body))
        body += member.bytes()
    return bytes(body + directory) + zip_end(len(members), len(directory), len(body), large, **changed)


def pictures(*members):
    """An archive of two pictures, and these."""
    return zipped([Member("a/1.jpg", JPEG), Member("b/1.jpg", JPEG), *members])


def bomb(count):
    """The better zip bomb of Fifield 2019: the data of each member quote the header of the next, and share the rest."""
    kernel = deflated(zeros(1 << 20), wrap="raw")
    contents, packed = bytes(1 << 20), kernel
    body, places = Member(f"b/{count:04}.jpg", contents, packed).bytes(), []
    members = [Member(f"b/{count:04}.jpg", contents, packed)]
    for number in range(count - 1, -1, -1):
        header = body[: 30 + 10]
        # A block that is stored: the header, which comes out as so many bytes of the picture.
        packed = struct.pack("<BHH", 0, len(header), 0xFFFF ^ len(header)) + body
        contents = header + contents
        members.append(Member(f"{'ab'[number % 2]}/{number:04}.jpg", contents, packed))
        places.append(len(body))
        body = members[-1].bytes()
    directory = b"".join(m.directory_entry(len(body) - len(m.bytes())) for m in members)
    return body + directory + zip_end(len(members), len(directory), len(body))


# --- Pictures.


def png(width, height, rows=b"", chunks=b"", crc=0):
    """A grey picture of 8 bits; `crc` is added to the checksum of its data."""

    def chunk(kind, data, wrong=0):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", (zlib.crc32(kind + data) + wrong) % 2**32)

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    chunks = b"".join(chunk(*pair) for pair in chunks)
    return b"\x89PNG\r\n\x1a\n" + header + chunks + chunk(b"IDAT", rows or deflated(b""), crc) + chunk(b"IEND", b"")


def sized(jpeg, width, height):
    """A JPEG that claims another size."""
    place = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:place] + struct.pack(">HH", height, width) + jpeg[place + 4 :]


def segment(marker, data):
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def bits(text):
    """Entropy-coded data: filled up with ones, and 0xff followed by 0."""
    text += "1" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8).replace(b"\xff", b"\xff\0")


def progressive(side, scans, end=b"\xff\xd9"):
    """A grey JPEG of many scans, each of which says in a few bytes that all blocks are zero."""
    blocks, runs = (side // 8) ** 2, ""
    left = blocks
    while left:
        # The symbol 16 k, here of code k, ends 2^k blocks and as many more as the k bits after it say.
        k = min(14, left.bit_length() - 1)
        run = min(left, 2 ** (k + 1) - 1)
        runs += f"{k:04b}" + (f"{run - 2**k:0{k}b}" if k else "")
        left -= run
    scan = segment(0xDA, bytes([1, 1, 0, 1, 63, 0])) + bits(runs)
    return b"".join([
        b"\xff\xd8", segment(0xDB, b"\0" + b"\1" * 64), segment(0xC2, struct.pack(">BHHB", 8, side, side, 1) + b"\1\x11\0"),
        segment(0xC4, b"\0" + b"\1" + bytes(16)), segment(0xC4, b"\x10" + b"\0\0\0\x0f" + bytes(12) + bytes(range(0, 240, 16))),
        segment(0xDA, bytes([1, 1, 0, 0, 0, 0])) + bits("0" * blocks), scan * scans, end])


# --- Tiny-ImageNet, MATLAB and IDX files.

CODES = ("n01443537", "n01629819")
ROOT = "tiny-imagenet-200"


def tiny_files(**changed):
    """The files of a small set; `changed` has other bytes for wnids, words, annotations, train or val."""
    data = {
        "wnids": "".join(f"{code}\n" for code in CODES).encode(),
        "words": "".join(f"{code}\tword {code}, more\n" for code in CODES).encode(),
        "annotations": b"val_0.JPEG\t%s\t0\t0\t62\t62\n" % CODES[1].encode(), "train": JPEG, "val": JPEG, **changed,
    }
    names = {
        "wnids": "wnids.txt", "words": "words.txt", "annotations": "val/val_annotations.txt",
        "train": f"train/{CODES[0]}/images/{CODES[0]}_0.JPEG", "val": "val/images/val_0.JPEG",
    }
    files = {f"{ROOT}/{names[part]}": data[part] for part in names}
    return files | {f"{ROOT}/train/{CODES[1]}/images/{CODES[1]}_0.JPEG": JPEG}


def tiny(**changed):
    return zipped([Member(name, data) for name, data in tiny_files(**changed).items()])


def element(kind, data, count=None):
    return struct.pack("<II", kind, len(data) if count is None else count) + data + bytes(-len(data) % 8)


def array(name, dimensions, kind, storage, data, count=None, flags=None, numbers=None):
    """The elements of an array of MATLAB's class `kind`, stored as type `storage`."""
    return b"".join([
        flags or element(6, struct.pack("<II", kind, 0)),
        element(5, struct.pack(f"<{len(dimensions)}i", *dimensions)), element(1, name.encode()),
        numbers or element(storage, data, count)])


def images(count=2, **changed):
    values = {"name": "X", "dimensions": (32, 32, 3, count), "kind": 9, "storage": 2}
    return array(**{**values, "data": CHANCE.randbytes(3072 * count), **changed})


def labels(*values, kind="d"):
    classes = {"d": (6, 9), "B": (9, 2), "b": (8, 1), "h": (10, 3), "i": (12, 5), "q": (14, 12), "Q": (15, 13), "f": (7, 7)}
    return array("y", (len(values), 1), *classes[kind], struct.pack(f"<{len(values)}{kind}", *values))


def mat(*arrays, compressed=False, **lies):
    """A file of arrays as they are made above, or of whole elements."""
    text = b"MATLAB 5.0 MAT-file, by check_hostile.py".ljust(124) + struct.pack("<H", 0x0100) + b"IM"
    variables = [element(14, body, **lies) for body in arrays]
    if compressed:
        variables = [struct.pack("<II", 15, len(data)) + data for data in map(zlib.compress, variables)]
    return text + b"".join(variables)


def svhn(train=None, test=None):
    good = mat(images(), labels(10, 1))
    return {"train_32x32.mat": good if train is None else train, "test_32x32.mat": good if test is None else test}


def idx(dimensions, *data, magic=(0, 0, 8)):
    return gzipped(struct.pack(f">4B{len(dimensions)}I", *magic, len(dimensions), *dimensions), *data)


def fashion(**changed):
    """The four files; `changed` has others for train_images, train_labels, t10k_images or t10k_labels."""
    files = {}
    for part in ("train", "t10k"):
        files[f"{part}_images"] = idx((3, 28, 28), CHANCE.randbytes(3 * 784))
        files[f"{part}_labels"] = idx((3,), b"\0\1\x09")
    names = {"images": "images-idx3-ubyte.gz", "labels": "labels-idx1-ubyte.gz"}
    return {part.replace(part[-6:], names[part[-6:]]).replace("_", "-"): data for part, data in (files | changed).items()}


# --- A case.


@dataclass
class Done:
    status: int
    output: bytes
    errors: str
    memory: int
    seconds: float


def measured(arguments, folder):
    """Runs fetch-data in `folder`, with a TMPDIR beside it."""
    files = [tempfile.TemporaryFile() for _ in range(2)]
    start = time.monotonic()
    process = subprocess.Popen(
        [BIN / "fetch-data", *arguments], stdin=subprocess.DEVNULL, stdout=files[0], stderr=files[1], cwd=folder,
        env=os.environ | {"TMPDIR": str(folder.parent / "tmp")})
    for limit, most in LIMITS.items():
        resource.prlimit(process.pid, limit, (most, most))
    timer = threading.Timer(KILL_AFTER, process.kill)
    timer.start()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - start
    timer.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    texts = []
    for file in files:
        file.seek(0)
        texts.append(file.read(1 << 20))
        file.close()
    return Done(process.returncode, texts[0], texts[1].decode(errors="surrogateescape"), 1024 * usage.ru_maxrss, seconds)


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
    return sorted(str(path) for path in folder.rglob("*"))


class Trial:
    """Counts what passes and what fails."""

    def __init__(self, keep=None):
        self.keep, self.passed, self.failed, self.memory, self.seconds = keep, 0, 0, 0, 0.0

    def refuse(self, title, command, content, *says, status=65, beside=None):
        """`content` is what the command's last word names, `beside` other files; `says` is told in the message."""
        name = command.split()[-1]
        self.check(title, command, {name: content, **(beside or {})}, status, says if says else (name,))

    def accept(self, title, command, content, beside=None):
        self.check(title, command, {command.split()[-1]: content, **(beside or {})}, 0, ())

    def check(self, title, command, files, status, says):
        with tempfile.TemporaryDirectory() as name:
            root = Path(name)
            for part in ("in", "out", "tmp"):
                (root / part).mkdir()
            for path, content in files.items():
                put(content, root / "in" / path)
            before = listing(root)
            done = measured([*shlex.split(command), "-o", "../out/out.h5"], root / "in")
            left = [path for path in listing(root) if path not in before]
            wrong = self.problems(done, status, says, left, root)
            self.memory, self.seconds = max(self.memory, done.memory), max(self.seconds, done.seconds)
            self.passed, self.failed = self.passed + (not wrong), self.failed + bool(wrong)
            if wrong:
                print(f"  {title}: {'; '.join(wrong)}\n    fetch-data {command}\n    {ascii(done.errors[:300])}")
                if self.keep:
                    kept = self.keep / "".join(c if c.isalnum() else "-" for c in title)
                    shutil.rmtree(kept, ignore_errors=True)
                    shutil.move(root / "in", kept)
                    print(f"    kept in {kept}")
                    (root / "in").mkdir()

    def problems(self, done, status, says, left, root):
        if status == 0:
            expected = [str(root / "out/out.h5")]
            if done.status != 0 or done.errors or done.output or left != expected:
                yield_ = f"ends with {done.status}, not 0; leaves {left}"
                return [yield_]
            return []
        wrong = []
        if done.status != status:
            wrong.append(f"ends with {done.status}, not {status}")
        line = done.errors.removesuffix("\n")
        if done.errors == line or "\n" in line:
            wrong.append(f"says {done.errors.count(chr(10))} lines")
        if not line.startswith("fetch-data: "):
            wrong.append("does not say its name first")
        wrong += [f"does not say {text!r}" for text in says if text not in line]
        steering = {c for c in line if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or c in TURNS}
        if steering:
            wrong.append(f"prints {ascii(''.join(sorted(steering)))} raw")
        if len(line) > LONGEST_LINE:
            wrong.append(f"says {len(line)} characters")
        if done.output:
            wrong.append(f"writes {len(done.output)} bytes to standard output")
        if left:
            wrong.append(f"leaves {left}")
        if done.memory > MOST_MEMORY:
            wrong.append(f"takes {done.memory / 1e6:.0f} MB")
        if done.seconds > MOST_TIME:
            wrong.append(f"takes {done.seconds:.1f} s")
        return wrong


# --- The cases.
