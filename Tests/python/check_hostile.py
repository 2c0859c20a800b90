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
KILL_AFTER = 12
LIMITS = {resource.RLIMIT_AS: 6 << 30, resource.RLIMIT_FSIZE: 1 << 30}
# Beside control characters: what turns the direction of writing.
TURNS = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

GIB = 1 << 30
BATCHES = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")
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
        byte, count = part if isinstance(part, tuple) else (part, 1)
        piece = byte * min(count, (1 << 24) // len(byte)) if isinstance(part, tuple) else part
        times, rest = divmod(count * len(byte), len(piece) or 1)
        for data, repeats in ((piece, times), (piece[:rest], 1)):
            # A full flush makes what comes after independent of what was before: it can be repeated.
            press = zlib.compressobj(9, zlib.DEFLATED, -15)
            packed.append((press.compress(data) + press.flush(zlib.Z_FULL_FLUSH)) * repeats)
            for _ in range(repeats if wrap != "raw" else 0):
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
    """The members of an archive of CIFAR-10, two records each; `changed` has other bytes for some, None for no member."""
    data = {name: (b"\3" + CHANCE.randbytes(3072)) * 2 for name in BATCHES} | changed
    return [entry(f"cifar-10-batches-bin/{name}.bin", data[name]) for name in BATCHES if data[name] is not None]


def batches(first):
    """The files of a folder of CIFAR-10, a record each but for the first."""
    return {f"{name}.bin": bytes(3073) for name in BATCHES} | {"data_batch_1.bin": first}


def cifar100(train):
    return [entry("cifar-100-binary/train.bin", train), entry("cifar-100-binary/test.bin", bytes(3074))]


# --- Zip.


@dataclass
class Member:
    """A member of a zip archive, right but for what `stated`, `local` and `central` say in both headers or in one."""

    name: str | bytes
    data: bytes = b""
    packed: bytes | None = None  # as it lies in the archive
    stated: dict = field(default_factory=dict)
    local: dict = field(default_factory=dict)
    central: dict = field(default_factory=dict)
    large: bool = False  # with zip64 fields
    descriptor: bytes | None = None  # stands behind the data, which the header says nothing of

    def __post_init__(self):
        self.name = self.name if isinstance(self.name, bytes) else self.name.encode()
        self.packed = deflated(self.data, wrap="raw") if self.packed is None else self.packed
        self.truth = {
            "flags": 0 if self.descriptor is None else 8, "method": 8, "crc": zlib.crc32(self.data),
            "packed": len(self.packed), "size": len(self.data), "attributes": 0, "disk": 0, "name": self.name,
            **self.stated,
        }

    def fields(self, says, *names):
        """Numbers for a header's own fields and, where they stand there instead, the zip64 extra field."""
        numbers = [says[name] for name in names]
        if not self.large:
            return numbers, says.get("extra", b"")
        extra = struct.pack(f"<HH{len(names)}Q", 1, 8 * len(names), *numbers)
        return [0xFFFFFFFF] * len(names), says.get("extra", extra)

    def bytes(self):
        """Its header, its data and what follows them."""
        says = self.truth | self.local
        (size, packed), extra = self.fields(says, "size", "packed")
        known = (says["crc"], packed, size) if self.descriptor is None else (0, 0, 0)
        header = struct.pack(
            "<4sHHHHHIIIHH", b"PK\3\4", 45, says["flags"], says["method"], 0, 33, *known, len(says["name"]),
            says.get("extra_length", len(extra)))
        return header + says["name"] + extra + self.packed + (self.descriptor or b"")

    def directory_entry(self, offset):
        says = self.truth | {"offset": offset} | self.central
        (size, packed, offset), extra = self.fields(says, "size", "packed", "offset")
        header = struct.pack(
            "<4sHHHHHHIIIHHHHHII", b"PK\1\2", 3 << 8 | 45, 45, says["flags"], says["method"], 0, 33, says["crc"], packed,
            size, len(says["name"]), len(extra), 0, says["disk"], 0, says["attributes"], offset)
        return header + says["name"] + extra


def followed(name, *, crc=0, packed=0, size=0, form="<4sIII"):
    """A member whose sizes follow its data, each wrong by so much; `form` is that of the record which has them."""
    member = Member(name, JPEG)
    says = (member.truth["crc"] ^ crc, member.truth["packed"] + packed, member.truth["size"] + size)
    return Member(name, JPEG, descriptor=struct.pack(form, *([b"PK\7\x08"] if "s" in form else []), *says))


def zip_end(count, length, offset, large=None, /, **changed):
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


def zipped(members, *, before=b"", large=None, **changed):
    body, directory = bytearray(before), bytearray()
    for member in members:
        directory += member.directory_entry(len(body))
        body += member.bytes()
    return bytes(body + directory) + zip_end(len(members), len(directory), len(body), large, **changed)


def pictures(*members):
    """An archive of two pictures, and these."""
    return zipped([Member("a/1.jpg", JPEG), Member("b/1.jpg", JPEG), *members])


def bomb(count):
    """The better zip bomb of Fifield 2019: the data of each member quote the header of the next, and share the rest."""
    contents = bytes(1 << 16)
    packed = deflated(contents, wrap="raw")
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
    place = max(jpeg.find(b"\xff\xc0"), jpeg.find(b"\xff\xc2")) + 5
    return jpeg[:place] + struct.pack(">HH", height, width) + jpeg[place + 4 :]


def segment(marker, data):
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def bits(text):
    """Entropy-coded data: filled up with ones, and 0xff followed by 0."""
    text += "1" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\0")


def progressive(side, scans, colours=1, end=b"\xff\xd9"):
    """A JPEG of many scans, each of which says in a few bytes that all blocks of a colour are zero."""
    blocks, runs = (side // 8) ** 2, ""
    left = blocks
    while left:
        # The symbol 16 k, here of code k, ends 2^k blocks and as many more as the k bits after it say.
        k = min(14, left.bit_length() - 1)
        run = min(left, 2 ** (k + 1) - 1)
        runs += f"{k:04b}" + (f"{run - 2**k:0{k}b}" if k else "")
        left -= run
    components = [bytes([number, 0x11, 0]) for number in range(colours)]
    tables = segment(0xC4, b"\0\1" + bytes(16)) + segment(0xC4, b"\x10\0\0\0\x0f" + bytes(12) + bytes(range(0, 240, 16)))
    first = segment(0xDA, bytes([colours, *(byte for number in range(colours) for byte in (number, 0)), 0, 0, 0]))
    rest = [segment(0xDA, bytes([1, number, 0, 1, 63, 0])) + bits(runs) for number in range(colours)]
    return b"".join([
        b"\xff\xd8", segment(0xDB, b"\0" + b"\1" * 64),
        segment(0xC2, struct.pack(">BHHB", 8, side, side, colours) + b"".join(components)), tables, first,
        bits("0" * blocks * colours), *(rest[number % colours] for number in range(scans)), end])


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
        element(6, struct.pack("<II", kind, 0)) if flags is None else flags,
        element(5, struct.pack(f"<{len(dimensions)}i", *dimensions)), element(1, name.encode()),
        element(storage, data, count) if numbers is None else numbers])


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
    return {(str(path.relative_to(folder)), path.lstat().st_size) for path in folder.rglob("*")}


class Trial:
    """Counts what passes and what fails."""

    def __init__(self, keep=None):
        self.keep, self.passed, self.failed, self.memory, self.seconds = keep, 0, 0, 0, 0.0

    def refuse(self, title, command, content, *says, status=65, beside=None, output="../out/out.h5"):
        """`content` is what the command's last word names, `beside` other files; `says` is told in the message."""
        name = command.split()[-1]
        self.check(title, command, {name: content, **(beside or {})}, status, says or (name,), output)

    def accept(self, title, command, content, beside=None):
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
            wrong = self.problems(done, status, says, sorted(path for path, _ in listing(root) - before))
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

    def problems(self, done, status, says, left):
        """What is wrong with the manners of a run; `left` are the files that it made."""
        if status == 0:
            right = (done.status, done.errors, done.output, left) == (0, "", b"", ["out/out.h5"])
            return [] if right else [f"ends with {done.status}, not 0, and leaves {left}"]
        line = done.errors.removesuffix("\n")
        steering = {c for c in line if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or c in TURNS}
        found = {
            f"ends with {done.status}, not {status}": done.status not in (status if isinstance(status, tuple) else (status,)),
            f"says {done.errors.count(chr(10))} lines": done.errors == line or "\n" in line,
            "does not begin with its name": not line.startswith("fetch-data: "),
            f"does not say {[text for text in says if text not in line]}": any(text not in line for text in says),
            f"prints {ascii(''.join(sorted(steering)))} raw": steering,
            f"says {len(line)} characters": len(line) > LONGEST_LINE,
            f"writes {len(done.output)} bytes to standard output": done.output,
            f"leaves {left}": left,
            f"takes {done.memory / 1e6:.0f} MB": done.memory > MOST_MEMORY,
            f"takes {done.seconds:.1f} s": done.seconds > MOST_TIME,
        }
        return [text for text, is_so in found.items() if is_so]


# --- The cases.


def zip_bombs(t):
    giant = Member("a/9.jpg", packed=deflated(zeros(10 * GIB), wrap="raw"), stated={"size": 10 * GIB}, large=True)
    t.refuse("a picture of 10 GB", PICTURES, pictures(giant), "zip: a/9.jpg: ", "limit")
    words = Member(f"{ROOT}/words.txt", packed=giant.packed, stated=giant.stated, large=True)
    others = [Member(name, data) for name, data in tiny_files().items() if name != f"{ROOT}/words.txt"]
    t.refuse("words of 10 GB", TINY, zipped([*others, words]), f"tiny.zip: {ROOT}/words.txt: ", "limit")
    for size in (0, 1000, 1 << 20):
        small = Member("a/9.jpg", packed=giant.packed, stated={"size": size})
        t.refuse(f"10 GB that claim {size} bytes", PICTURES, pictures(small), "zip: a/9.jpg: ", "inflates to more than")
    # Whatever the limit of a file is, this is below it, or refused.
    for size in (1 << 20, 1 << 24, 1 << 28):
        data = deflated(zeros(size), wrap="raw")
        member = Member("a/9.jpg", packed=data, stated={"size": size, "crc": zlib.crc32(bytes(size))})
        t.refuse(f"a picture of {size} zeros", PICTURES, pictures(member), "zip: a/9.jpg: ")
    for part in ("wnids", "words", "annotations"):
        t.refuse(f"2^24 empty lines as {part}", TINY, tiny(**{part: b"\n" * (1 << 24)}), f"tiny.zip: {ROOT}/", part)
        t.refuse(f"a line of 2^24 bytes as {part}", TINY, tiny(**{part: b"n" * (1 << 24)}), f"tiny.zip: {ROOT}/", part)
    deep = zipped([Member(f"{'a/' * 30000}{name}.jpg", JPEG) for name in "ab"])
    t.refuse("folders 30,000 deep", PICTURES, deep)


def gzip_bombs(t):
    bomb, whole = zeros(2 * GIB), tar(*cifar10())
    t.refuse("2 GB as an archive", CIFAR10, gzipped(bomb))
    t.refuse("2 GB after an archive", CIFAR10, gzipped(whole, bomb), "cifar.tar.gz: ", "zeros")
    t.refuse("2 GB after an archive, as a gzip file", CIFAR10, gzip.compress(whole) + gzipped(bomb), "zeros")
    good = b"".join(cifar10())
    first = entry("cifar-10-batches-bin/data_batch_1.bin", size=2 * GIB)
    rest = b"".join(cifar10(data_batch_1=None))
    t.refuse("2 GB as data_batch_1.bin", CIFAR10, gzipped(first, bomb, rest, bytes(1024)), "gz: data_batch_1.bin: ")
    t.refuse(
        "2 GB as data_batch_1.bin, verified", "cifar10 --from cifar.tar.gz", gzipped(first, bomb, rest, bytes(1024)),
        "gz: data_batch_1.bin: ")
    for title, kind in (("another file", b"0"), ("a folder", b"5"), ("headers of all", b"g"), ("a long link", b"K")):
        other = entry("x/other", size=2 * GIB, kind=kind)
        t.refuse(f"2 GB as {title}", CIFAR10, gzipped(other, bomb, good, bytes(1024)), "cifar.tar.gz: ", "limit")
    t.refuse("4,000,000 empty files", CIFAR10, gzipped((entry("x/empty"), 4_000_000), good, bytes(1024)), "limit")
    pax = entry("x", b"6 a=b\n", kind=b"x")
    t.refuse("2,000,000 headers", CIFAR10, gzipped((pax, 2_000_000), good, bytes(1024)), "cifar.tar.gz: ")
    t.refuse("2 GB as a zip archive", PICTURES, gzipped(bomb), "pictures.zip: ")
    t.refuse("2 GB as a file", "cifar10 --no-verify --from cifar", batches(gzipped(bomb)), "cifar/data_batch_1.bin: ")
    t.refuse("2 GB as a MATLAB file", SVHN, svhn(gzipped(bomb)), "svhn/train_32x32.mat: ")
    for part in ("train_images", "train_labels"):
        t.refuse(f"2 GB as {part}", FASHION, fashion(**{part: gzipped(bomb)}), f"fashion/{part[:5]}-{part[6:]}")
    many = fashion(train_labels=idx((1_000_000_000,), zeros(1_000_000_000)))
    t.refuse("10^9 labels of three images", FASHION, many, "fashion/train-")
    t.refuse("after its items 2 GB", FASHION, fashion(train_labels=idx((3,), bytes(3), bomb)), "train-labels", "goes on")
    labels_command = "cifar10 --no-verify --labels labels.gz --from cifar.tar.gz"
    for title, data in (("zeros", bomb), ("lines", (b"\n", GIB // 4)), ("labels", (b"0\n", GIB // 8))):
        t.refuse(f"{title} as labels", labels_command, gzipped(whole), "labels.gz: ", beside={"labels.gz": gzipped(data)})


CLIMBING = ("../x.jpg", "a/../../x.jpg", "a/..", "/etc/x.jpg", "..\\x.jpg", "a\\..\\..\\x.jpg")


def paths(t):
    for name in (*CLIMBING, "C:\\x.jpg", "a/x\0.jpg"):
        shown = name.replace("\0", "")[:3]
        t.refuse(f"zip: {name!a}", PICTURES, pictures(Member(name, JPEG)), f"pictures.zip: {shown}")
    t.refuse("zip: no name", PICTURES, pictures(Member("", JPEG)), "without a name")
    t.refuse("zip: no UTF-8", PICTURES, pictures(Member(b"a/\xff.jpg", JPEG)), "zip: a/", "UTF-8")
    for name in CLIMBING:
        for title, form, parts in (
            ("a short name", tarfile.USTAR_FORMAT, {}), ("a long GNU name", tarfile.GNU_FORMAT, {"link": "x" * 200}),
            ("a pax name", tarfile.PAX_FORMAT, {"pax": {"path": name}}),
        ):
            other = entry(name if "pax" not in parts else "x", b"x", form=form, **parts)
            t.refuse(f"tar: {name!a} as {title}", CIFAR10, gzip.compress(tar(*cifar10(), other)), f"gz: {name}")
    prefixed = header_with(entry("data_batch_1.bin", b"x"), 345, b"../up")
    t.refuse("tar: .. as a prefix", CIFAR10, gzip.compress(tar(prefixed, *cifar10())), "gz: ../up/data_batch_1.bin")
    whole = "../cifar-10-batches-bin/data_batch_1.bin"
    t.refuse("tar: a file of the set", CIFAR10, gzip.compress(tar(entry(whole, bytes(3073)))), f"gz: {whole}")


def sizes(t):
    first = "cifar-10-batches-bin/data_batch_1.bin"
    for name in (first, "x/other"):
        for title, size, form in (
            ("octal 8 GB", 8**11 - 1, tarfile.USTAR_FORMAT), ("base-256 2^40", 1 << 40, tarfile.GNU_FORMAT),
            ("base-256 2^62", 1 << 62, tarfile.GNU_FORMAT), ("base-256 2^63", 1 << 63, tarfile.GNU_FORMAT),
            ("base-256 2^80", 1 << 80, tarfile.GNU_FORMAT), ("base-256 -1", -1, tarfile.GNU_FORMAT),
        ):
            data = tar(entry(name, size=size, form=form), *cifar10(data_batch_1=None))
            t.refuse(f"tar: {title} of {name}", CIFAR10, gzip.compress(data), f"cifar.tar.gz: {name}: ")
            t.refuse(f"plain tar: {title} of {name}", CIFAR10, data, f"cifar.tar.gz: {name}: ")
        for size in (str(1 << 41), str(1 << 62), str(1 << 63), "9" * 30, "-1", "1e3", ""):
            large = entry(name, b"\3" + bytes(3072), pax={"size": size})
            data = gzip.compress(tar(large, *(cifar10(data_batch_1=None) if name == first else cifar10())))
            t.refuse(f"tar: pax size {size or 'nothing'} of {name}", CIFAR10, data, f"cifar.tar.gz: {name}: ")
    for text in (b"9" * 11 + b"\0", b"\0" * 12, b" " * 12, b"-0000000001\0"):
        bad = header_with(entry(first, bytes(3073)), 124, text)
        data = gzip.compress(tar(bad, *cifar10(data_batch_1=None)))
        t.refuse(f"tar: size {ascii(text.decode())}", CIFAR10, data, f"cifar.tar.gz: {first}: ", "size")
    t.refuse("tar: a name of 2^33 bytes", CIFAR10, gzip.compress(tar(entry("x", kind=b"L", size=8**11 - 1))), "gz: ")
    t.refuse("tar: a pax header of 2^33 bytes", CIFAR10, gzip.compress(tar(entry("x", kind=b"x", size=8**11 - 1))), "gz: ")
    for record in (b"999999999999999999999 a=b\n", b"-5 a=b\n", b"0 a=b\n", b"3 a=b\n", b"7 a=b\n", b"6 ab\n\n"):
        data = gzip.compress(tar(entry("x", record, kind=b"x"), *cifar10()))
        t.refuse(f"tar: pax record {ascii(record.decode())}", CIFAR10, data, "pax header")
    large = batches(3073 * 10**9)
    t.refuse("a file of 3 TB", "cifar10 --no-verify --from cifar", large, "cifar/data_batch_1.bin: ", "limit")
    for size in (0xFFFFFFFE, 0xFFFFFFFF):
        for part in ("size", "packed", "offset"):
            which = "central" if part == "offset" else "stated"
            member = Member("a/9.jpg", JPEG, **{which: {part: size}})
            t.refuse(f"zip: {part} {size}", PICTURES, pictures(member), "pictures.zip: ", "a/")
    for size in (1 << 32, 1 << 62, (1 << 63) - 1, 1 << 63, (1 << 64) - 1):
        for part in ("size", "packed", "offset"):
            which = "central" if part == "offset" else "stated"
            member = Member("a/9.jpg", JPEG, large=True, **{which: {part: size}})
            t.refuse(f"zip64: {part} {size}", PICTURES, pictures(member), "pictures.zip: ", "a/")
    for part, value in (("count", 65535), ("count", 1), ("length", 1 << 31), ("offset", 1 << 31), ("offset", 0), ("disk", 1)):
        same = {"here": value} if part == "count" else {}
        archive = zipped([Member("a/1.jpg", JPEG), Member("b/1.jpg", JPEG)], **{part: value}, **same)
        t.refuse(f"zip: {part} {value} in the end record", PICTURES, archive)


def overlaps(t):
    for count in (2, 250):
        t.refuse(f"the better zip bomb of {count}", PICTURES, bomb(count), "pictures.zip: ")
    one, two = Member("a/1.jpg", JPEG), Member("b/1.jpg", JPEG)
    body, directory = one.bytes(), one.directory_entry(0) + two.directory_entry(0)
    t.refuse("two entries on one header", PICTURES, body + directory + zip_end(2, len(directory), len(body)), "/1.jpg")
    stored = {"method": 0}
    inner = Member("b/1.jpg", JPEG, JPEG, stated=stored)
    outer = Member("a/1.jpg", inner.bytes(), inner.bytes(), stated=stored)
    directory = outer.directory_entry(0) + inner.directory_entry(30 + 7)
    archive = outer.bytes() + directory + zip_end(2, len(directory), len(outer.bytes()))
    t.refuse("a member within a member", PICTURES, archive, "pictures.zip: a/1.jpg: ")
    for title, data in (("the next member", [outer, two]), ("the directory", [two, outer])):
        for more in (1, 30, 1 << 20):
            longer = Member("a/1.jpg", JPEG, stated={"packed": len(one.packed) + more})
            archive = zipped([longer if member is outer else member for member in data])
            t.refuse(f"{more} bytes into {title}", PICTURES, archive, "pictures.zip: a/1.jpg: ")
    for more in (1, 65535):
        pushed = Member("a/1.jpg", JPEG, local={"extra_length": more})
        t.refuse(f"an extra field of {more} that is not there", PICTURES, zipped([pushed, two]), "zip: a/1.jpg: ")
    body, directory = one.bytes(), one.directory_entry(0) + two.directory_entry(len(one.bytes()) + 4)
    archive = body + two.bytes() + directory + zip_end(2, len(directory), len(body) + len(two.bytes()))
    t.refuse("no header where an entry says", PICTURES, archive, "pictures.zip: ")
    script = b"#!/bin/sh\n"
    for title, archive in {
        "before": script + pictures(), "before, and counted": zipped([one, two], before=script), "after": pictures() + script,
    }.items():
        t.refuse(f"bytes {title}", PICTURES, archive)
    renamed = Member("a/2.jpg", JPEG, local={"name": b"a/3.jpg"})
    t.refuse("another name in the header", PICTURES, pictures(renamed), "zip: a/2.jpg: ", "disagrees")


def zip64_and_descriptors(t):
    two = [Member("a/1.jpg", JPEG, large=True), Member("b/1.jpg", JPEG, large=True)]
    all64 = {"count": 0xFFFF, "here": 0xFFFF, "length": 0xFFFFFFFF, "offset": 0xFFFFFFFF}
    t.accept("zip64", PICTURES, zipped(two))
    t.accept("zip64, with an end record too", PICTURES, zipped(two, large={}))
    t.accept("zip64, and nothing in the plain end record", PICTURES, zipped(two, large={}, **all64))
    forms = {"32 bits": "<4sIII", "32 bits, no signature": "<III", "64 bits": "<4sIQQ", "64 bits, no signature": "<IQQ"}
    for title, form in forms.items():
        t.accept(f"a descriptor of {title}", PICTURES, zipped([followed("a/1.jpg", form=form), followed("b/1.jpg", form=form)]))
        for lie in ("crc", "packed", "size"):
            archive = zipped([followed("a/1.jpg", form=form, **{lie: 1}), followed("b/1.jpg", form=form)])
            t.refuse(f"a descriptor of {title} with another {lie}", PICTURES, archive, "zip: a/1.jpg: ")
    t.refuse("no descriptor", PICTURES, pictures(Member("a/2.jpg", JPEG, descriptor=b"")), "zip: a/2.jpg: ")
    for lie, value in (("crc", 7), ("size", 7), ("size", 1 << 19), ("packed", 7)):
        member = followed("a/2.jpg")
        member.central = {lie: value}
        t.refuse(f"a descriptor, and {lie} {value} in the directory", PICTURES, pictures(member), "zip: a/2.jpg: ")
    for lie, value in (
        ("count", 3), ("count", 1 << 63), ("length", 1), ("length", 1 << 63), ("offset", 1), ("offset", 1 << 63),
        ("place", 0), ("place", 1 << 63), ("bytes", 45), ("bytes", (1 << 64) - 1),
    ):
        for title, plain in (("alone", all64), ("beside a plain one", {})):
            archive = zipped(two, large={lie: value}, **plain)
            t.refuse(f"a zip64 end record, {title}, with {lie} {value}", PICTURES, archive)
    for title, extra in (("short", b"\1\0\4\0abcd"), ("cut", b"\1\0\x18\0abcd"), ("without room", b"\1\0\0\0"), ("torn", b"\1")):
        for which in ("local", "central"):
            member = Member("a/2.jpg", JPEG, large=True, **{which: {"extra": extra}})
            t.refuse(f"a zip64 field that is {title}, {which}", PICTURES, pictures(member), "zip: a/2.jpg: ")
    for which in ("local", "central"):
        for lie in ("size", "packed"):
            member = Member("a/2.jpg", JPEG, large=True, **{which: {lie: len(JPEG) + 5}})
            t.refuse(f"a zip64 field with another {lie}, {which}", PICTURES, pictures(member), "zip: a/2.jpg: ")


def cuts(data):
    """The lengths to cut it to."""
    return [*range(0, len(data), 1000), len(data) - 1]


def truncation(t):
    def each(title, command, data, files=None, name=None):
        whole = (lambda content: {**files, name: content}) if files else (lambda content: content)
        t.accept(f"{title}, whole", command, whole(data))
        for length in cuts(data):
            t.refuse(f"{title}, cut to {length} of {len(data)} bytes", command, whole(data[:length]), name or command.split()[-1])

    each("CIFAR-10, gzip", CIFAR10, gzip.compress(tar(*cifar10())))
    archive = tar(*cifar10())
    for length in range(0, len(archive) - 1024, 1000):
        t.refuse(f"CIFAR-10, tar, cut to {length}", CIFAR10, archive[:length])
    each("Tiny-ImageNet", TINY, tiny(words=tiny_files()[f"{ROOT}/words.txt"] + CHANCE.randbytes(5000).hex().encode()))
    each("SVHN", SVHN, mat(images(4), labels(1, 2, 3, 10)), svhn(), "train_32x32.mat")
    each("SVHN, compressed", SVHN, mat(images(4), labels(1, 2, 3, 10), compressed=True), svhn(), "train_32x32.mat")
    each("SVHN, compressed, labels first", SVHN, mat(labels(1, 2, 3, 10), images(4), compressed=True), svhn(), "test_32x32.mat")
    for part in ("train", "t10k"):
        names = [f"{part}-{kind}-ubyte.gz" for kind in ("images-idx3", "labels-idx1")]
        pair = [idx((6, 28, 28), CHANCE.randbytes(6 * 784)), idx((6,), bytes(range(6)))]
        files = fashion() | dict(zip(names, pair, strict=True))
        for name in names:
            each(f"Fashion-MNIST, {name}", FASHION, files[name], files, name)


def checksums(t):
    wrong = Member("a/2.jpg", JPEG, stated={"crc": 1})
    t.refuse("a zip member", PICTURES, pictures(wrong), "zip: a/2.jpg: ", "CRC-32")
    stored = Member("a/2.jpg", JPEG, JPEG[:-9] + b"#" + JPEG[-8:], stated={"method": 0})
    t.refuse("a stored zip member", PICTURES, pictures(stored), "zip: a/2.jpg: ", "CRC-32")
    wrong = Member(f"{ROOT}/words.txt", tiny_files()[f"{ROOT}/words.txt"], stated={"crc": 1})
    others = [Member(name, data) for name, data in tiny_files().items() if name != wrong.name.decode()]
    t.refuse("words.txt", TINY, zipped([*others, wrong]), f"tiny.zip: {ROOT}/words.txt: ", "CRC-32")
    archive = gzip.compress(tar(*cifar10()))
    for place, what in ((-8, "CRC-32"), (-4, "length")):
        changed = bytearray(archive)
        changed[place] ^= 1
        t.refuse(f"{what} of a gzip archive", CIFAR10, bytes(changed), "cifar.tar.gz: ", what)
        for name, content in fashion().items():
            changed = bytearray(content)
            changed[place] ^= 1
            t.refuse(f"{what} of {name}", FASHION, fashion() | {name: bytes(changed)}, f"fashion/{name}: ")
    changed = header_with(entry("cifar-10-batches-bin/data_batch_1.bin", bytes(3073)), 0, b"x")
    changed = b"y" + changed[1:]
    t.refuse("a tar header", CIFAR10, gzip.compress(tar(*cifar10(data_batch_1=None), changed)), "tar header")
    for first in ("X", "y"):
        arrays = [images(), labels(10, 1)]
        data = bytearray(mat(*(arrays if first == "y" else arrays[::-1]), compressed=True))
        data[-1] ^= 1
        t.refuse(f"Adler-32 of {'y' if first == 'y' else 'X'}", SVHN, svhn(bytes(data)), f"train_32x32.mat: {first}: ")
    picture = png(8, 8, deflated(bytes(9 * 8)), crc=1)
    t.refuse("a PNG", PICTURES, pictures(Member("a/2.png", picture)), "zip: a/2.png: ", "CRC")
    t.accept("a PNG that is right", PICTURES, pictures(Member("a/2.png", png(8, 8, deflated(bytes(9 * 8))))))


def large_pictures(t):
    """In an archive, in a folder, and in the layout of Tiny-ImageNet; most of them small as files."""
    scans = {number: progressive(64, number) for number in (20, 3000, 20000)}
    t.accept("20 scans", PICTURES, pictures(Member("a/2.jpg", scans[20])))
    t.accept("20 scans, Tiny-ImageNet", TINY, tiny(train=scans[20]))
    cases = {
        "a JPEG of 65,500 x 65,500": sized(JPEG, 65500, 65500), "a PNG of 65,500 x 65,500": png(65500, 65500),
        "a JPEG of 65,535 x 65,535": sized(JPEG, 65535, 65535), "a PNG of 2^31 x 2^31": png(1 << 31, 1 << 31),
        "a PNG of 2^32 - 1 x 1": png((1 << 32) - 1, 1), "a JPEG of 0 x 64": sized(JPEG, 0, 64),
        "a JPEG of 64 x 0": sized(JPEG, 64, 0), "a PNG of 0 x 0": png(0, 0), "a JPEG, cut": JPEG[:-2],
        "3,000 scans": scans[3000], "20,000 scans": scans[20000], "20 scans, cut": scans[20][:-2],
        "3,000 scans of 65,496 x 65,496": sized(scans[3000], 65496, 65496),
    }
    for title, data in cases.items():
        t.refuse(title, PICTURES, pictures(Member("a/2.jpg", data)), "pictures.zip: a/2.jpg: ")
        t.refuse(
            f"{title}, in a folder", "folder --size 8 --from in", {"a/1.jpg": JPEG, "b/1.jpg": data}, "in/b/1.jpg: ")
        t.refuse(f"{title}, Tiny-ImageNet", TINY, tiny(train=data), f"train/{CODES[0]}/images/{CODES[0]}_0.JPEG: ")
        t.refuse(f"{title}, Tiny-ImageNet, validation", TINY, tiny(val=data), "val/images/val_0.JPEG: ")
    rows = deflated(bytes(1 << 20))
    for kind, data in ((b"iCCP", b"x\0\0" + deflated(zeros(GIB))), (b"zTXt", b"x\0\0" + deflated(zeros(GIB)))):
        picture = png(10, 10, rows, chunks=[(kind, data)] * 20, crc=1)
        t.refuse(f"20 GB in {kind.decode()}", PICTURES, pictures(Member("a/2.png", picture)), "zip: a/2.png: ")
    picture = png(10, 10, rows, chunks=[(b"tEXt", b"x\0y")] * 500_000, crc=1)
    t.refuse("500,000 notes", PICTURES, pictures(Member("a/2.png", picture)), "zip: a/2.png: ")
    # Nearly as many pixels as are taken. With a side of 600 each picture is a batch: there is one in each thread.
    large = {
        "a PNG of 9,999 x 9,999, damaged at its end": png(9999, 9999, deflated(zeros(9999 * 10000)), crc=1),
        "a JPEG of 9,984 x 9,984 in 400 scans, cut": progressive(9984, 400, end=b""),
        "a JPEG of 9,984 x 9,984 in colour, cut": progressive(9984, 9, colours=3, end=b""),
    }
    for title, data in large.items():
        for jobs in (1, 2):
            folder = {"a/1.jpg": data, "b/1.jpg": data}
            t.refuse(f"{title}, {jobs} threads", f"folder --size 600 -j {jobs} --from in", folder, "in/a/1.jpg: ")


def matlab(t):
    good = labels(10, 1)

    def refuse(title, arrays, variable="X", **options):
        t.refuse(title, SVHN, svhn(mat(*arrays, **options)), "svhn/train_32x32.mat: ", variable)

    for compressed in (False, True):
        kind = "compressed" if compressed else "plain"
        t.accept(f"{kind}, as it should be", SVHN, svhn(mat(images(), good, compressed=compressed)))
        for count in (6143, 6145, 6152, 1 << 20, (1 << 31) - 8, (1 << 32) - 1):
            refuse(f"{kind}: {count} bytes of images", [images(count=2, data=bytes(6144), **{"numbers": element(2, bytes(6144), count)}), good], compressed=compressed)
        for dims in (
            (32, 32, 3, 3), (32, 32, 3, (1 << 31) - 1), (32, 32, 3, -2), (32, 32, 3, 0), (32, 32), (2, 3, 32, 32), (32,),
            (), (32, 32, 3, 2, 1 << 30), ((1 << 31) - 1,) * 32, (1,) * 33, (1,) * 5000,
        ):
            refuse(f"{kind}: X of {dims[:5]}", [images(dimensions=dims), good], "", compressed=compressed)
        for name in ("", "X" * 64, "X" * 100_000):
            refuse(f"{kind}: a name of {len(name)}", [images(name=name), good], "", compressed=compressed)
        flags = {
            "of 0 bytes": element(6, b""), "of 100 bytes": element(6, bytes(100)), "of class 99": element(6, b"\x63" + bytes(7)),
            "of complex numbers": element(6, b"\x09\x08" + bytes(6)), "of 2^31 bytes": element(6, bytes(8), 1 << 31),
            "small": struct.pack("<HHI", 6, 4, 9), "of a cell": element(6, b"\1" + bytes(7)),
            "of sparse numbers": element(6, b"\5" + bytes(7)),
        }
        for title, data in flags.items():
            refuse(f"{kind}: flags {title}", [images(flags=data), good], "", compressed=compressed)
        for storage in (0, 1, 3, 5, 7, 9, 14, 15, 16, 99):
            refuse(f"{kind}: images stored as {storage}", [images(storage=storage), good], compressed=compressed)
        nested = element(14, images())
        refuse(f"{kind}: an array in an array", [images(numbers=nested), good], compressed=compressed)
        refuse(f"{kind}: an array claims more", [images(), good], "", count=1 << 30, compressed=compressed)
        refuse(f"{kind}: an array claims less", [images(), good], "", count=3000, compressed=compressed)
        refuse(f"{kind}: no labels", [images()], "y", compressed=compressed)
        refuse(f"{kind}: one label", [images(), labels(1)], "y", compressed=compressed)
    whole = mat(images(), good)
    head, packed = whole[:128], zlib.compress(whole[128:])
    inner = struct.pack("<II", 15, len(packed)) + packed
    for title, body in {
        "more": struct.pack("<II", 15, len(packed) + 100) + packed, "2^32": struct.pack("<II", 15, (1 << 32) - 1) + packed,
        "less": struct.pack("<II", 15, len(packed) - 9) + packed, "nothing": struct.pack("<II", 15, 0),
        "no zlib": struct.pack("<II", 15, 99) + bytes(99),
        "compressed data in compressed data": struct.pack("<II", 15, len(zlib.compress(inner))) + zlib.compress(inner),
    }.items():
        t.refuse(f"a compressed element of {title}", SVHN, svhn(head + body), "svhn/train_32x32.mat: ")
    count = 1_000_000_000
    y = array("y", (count, 1), 9, 2, b"", numbers=b"")
    body = struct.pack("<II", 14, len(y) + 8 + count) + y + struct.pack("<II", 2, count)
    packed = deflated(body, (b"\1", count))
    many = head + element(14, images(dimensions=(32, 32, 3, count))) + struct.pack("<II", 15, len(packed)) + packed
    t.refuse("10^9 labels of two images", SVHN, svhn(many), "svhn/train_32x32.mat: ")
    packed = deflated(element(14, images()), zeros(4 * GIB))
    bomb = head + struct.pack("<II", 15, len(packed)) + packed + element(14, good)
    t.refuse("4 GB after the images", SVHN, svhn(bomb), "svhn/train_32x32.mat: X: ", "inflates to more than")
    for title, data in {
        "HDF5": b"\x89HDF\r\n\x1a\n" + bytes(1000), "level 4": struct.pack("<IIIII", 0, 2, 2, 0, 2) + b"X\0" + bytes(1000),
        "no byte order": whole[:126] + b"XX" + whole[128:], "version 2": whole[:124] + b"\0\2IM" + whole[128:],
        "text": b"hello\n" * 100, "nothing": b"",
    }.items():
        t.refuse(title, SVHN, svhn(data), "svhn/train_32x32.mat: ")


def wrong_labels(t):
    record = bytes(3072)
    for label in (10, 255):
        data = gzip.compress(tar(*cifar10(data_batch_2=b"\1" + record + bytes([label]) + record)))
        t.refuse(f"CIFAR-10: {label}", CIFAR10, data, "gz: data_batch_2.bin: ", "record 1 ", f"label {label},")
    for coarse, fine, what in ((0, 100, "label 100"), (0, 255, "label 255"), (20, 0, "coarse label 20"), (255, 0, "label 255")):
        data = gzip.compress(tar(*cifar100(b"\1\1" + record + bytes([coarse, fine]) + record)))
        t.refuse(f"CIFAR-100: {coarse}, {fine}", CIFAR100, data, "gz: train.bin: ", "record 1 ", what)
    values = {
        "d": (11.0, 0.0, 2.5, math.nan, math.inf, -1.0, 1e300, 1e-300, -0.0, 266.0), "f": (2.5, math.nan, 11.0),
        "B": (0, 11, 255), "b": (-1, 0), "h": (266, -32768), "i": (1 << 30, 257), "q": (-(1 << 63), (1 << 63) - 1), "Q": ((1 << 64) - 1,),
    }
    for kind, wrong in values.items():
        for value in wrong:
            for compressed in (False, True):
                data = mat(images(), labels(1, value if kind in "df" else value, kind=kind), compressed=compressed)
                t.refuse(f"SVHN: {value} as {kind}", SVHN, svhn(data), "svhn/train_32x32.mat: y: ")
    for label in (10, 255):
        for part in ("train", "t10k"):
            changed = {f"{part}_labels": idx((3,), bytes([0, label, 1]))}
            t.refuse(f"IDX: {label}", FASHION, fashion(**changed), f"fashion/{part}-labels", "record 1 ", f"label {label},")
    for title, changed in {
        "two labels of three images": idx((2,), bytes(2)), "four labels": idx((4,), bytes(4)), "no labels": idx((0,)),
        "of type 9": idx((3,), bytes(3), magic=(0, 0, 9)), "of 2 dimensions": idx((3, 1), bytes(3)),
        "of 255 dimensions": idx((3,) * 255, bytes(3)), "of no dimensions": idx(()),
        "2^32 - 1 labels": idx(((1 << 32) - 1,), bytes(3)), "a byte more": idx((3,), bytes(4)),
    }.items():
        t.refuse(f"IDX: {title}", FASHION, fashion(train_labels=changed), "fashion/train-")
    for dims in ((3, 28, 27), (3, 1 << 31, 1 << 31), ((1 << 32) - 1, 28, 28), (4, 28, 28), (3, 784)):
        t.refuse(f"IDX: images {dims}", FASHION, fashion(train_images=idx(dims, bytes(3 * 784))), "fashion/train-images")
    command, archive = "cifar10 --no-verify --labels labels.txt --from cifar.tar.gz", gzip.compress(tar(*cifar10()))
    ten = ["0"] * 10
    t.accept("labels of a file", command, archive, {"labels.txt": "\n".join(ten).encode()})
    for wrong in ("10", "-1", "2.5", "nan", "dog ", "", "9" * 40, "1e0", "\0", "0x1", "n\u00e4chste"):
        text = "\n".join([*ten[:4], wrong, *ten[5:]])
        t.refuse(f"a file's label {wrong!a}", command, archive, "labels.txt: line 5: ", beside={"labels.txt": text.encode()})
    for title, text in {
        "nine labels": "0\n" * 9, "eleven labels": "0\n" * 11, "no labels": "", "an example that is not there": "10,1\n",
        "example -1": "-1,1\n", "an example twice": "1,1\n1,2\n", "two columns, then one": "1,1\n2\n", "a line of 2^20": "9" * (1 << 20),
    }.items():
        t.refuse(f"a file of {title}", command, archive, "labels.txt: ", beside={"labels.txt": text.encode()})
    t.refuse("a file of bytes", command, archive, "labels.txt: ", beside={"labels.txt": b"\xff\xfe\n" * 10})


def duplicates(t):
    again = entry("elsewhere/data_batch_3.bin", bytes(3073))
    t.refuse("tar", CIFAR10, gzip.compress(tar(*cifar10(), again)), "gz: elsewhere/data_batch_3.bin: ", "second")
    names = entry("batches.meta.txt", b"a\nb\n")
    t.refuse("class names", CIFAR10, gzip.compress(tar(*cifar10(), names, names)), "gz: batches.meta.txt: ", "second")
    t.refuse("zip", PICTURES, pictures(Member("a/1.jpg", JPEG)), "zip: a/1.jpg: ", "second")
    t.refuse("zip, another case of nothing", PICTURES, zipped([Member("a/1.jpg", JPEG)] * 3), "zip: a/1.jpg: ")
    for name, arrays in (("X", [images(), images(), labels(1, 2)]), ("y", [images(), labels(1, 2), labels(1, 2)])):
        t.refuse(f"MATLAB: {name}", SVHN, svhn(mat(*arrays)), "svhn/train_32x32.mat: ", f"2 variables {name}")
    plain = {"train-labels-idx1-ubyte": bytes(11)}
    t.refuse("IDX, plain and packed", FASHION, fashion() | plain, "train-labels-idx1-ubyte", status=64)
    t.refuse("wnids.txt", TINY, tiny(wnids=f"{CODES[0]}\n{CODES[0]}\n".encode()), f"tiny.zip: {ROOT}/wnids.txt: ")
    line = f"val_0.JPEG\t{CODES[0]}\n".encode()
    t.refuse("val_annotations.txt", TINY, tiny(annotations=line * 2), "val_annotations.txt: line 2: ", "again")
    t.refuse("class names that are the same", CIFAR10, gzip.compress(tar(*cifar10(), entry("batches.meta.txt", b"a\na\n"))),
        "gz: batches.meta.txt: ")
    # Composed and decomposed, two names to a file system.
    both = [Member(f"{name}/1.jpg", JPEG) for name in ("\u00e9", "e\u0301")]
    t.accept("names that look the same", PICTURES, zipped(both))


def kinds(t):
    """What is no regular file, or locked, in the place of one."""
    links = {"a symbolic link": b"2", "a hard link": b"1", "a device": b"3", "a disk": b"4", "a folder": b"5", "a pipe": b"6"}
    name = "cifar-10-batches-bin/data_batch_1.bin"
    for title, kind in links.items():
        archive = tar(entry(name, kind=kind, link="/etc/passwd"), *cifar10(data_batch_1=None))
        t.refuse(f"tar: {title}", CIFAR10, gzip.compress(archive), f"gz: {name}", "is no regular file")
    for title, mode in {"a symbolic link": 0o120777, "a device": 0o020666, "a disk": 0o060666, "a pipe": 0o010666,
                        "a socket": 0o140777}.items():
        data = b"/etc/passwd"
        member = Member("a/2.jpg", data, data, stated={"method": 0, "attributes": mode << 16})
        t.refuse(f"zip: {title}", PICTURES, pictures(member), "zip: a/2.jpg: ")
    t.refuse("zip: a folder with bytes", PICTURES, pictures(Member("a/2.jpg/", JPEG)), "zip: a/2.jpg/: ")
    for title, stated in {
        "encrypted": {"flags": 1}, "strongly encrypted": {"flags": 0x41}, "its directory encrypted": {"flags": 0x2001},
        "encrypted by AES": {"flags": 1, "method": 99}, "a patch": {"flags": 0x20}, "Deflate64": {"method": 9},
        "LZMA": {"method": 14}, "Zstandard": {"method": 93}, "in another part": {"disk": 1},
    }.items():
        t.refuse(f"zip: {title}", PICTURES, pictures(Member("a/2.jpg", JPEG, stated=stated)), "zip: a/2.jpg: ")
    t.refuse("zip: encrypted in its own header alone", PICTURES, pictures(Member("a/2.jpg", JPEG, local={"flags": 1})),
        "zip: a/2.jpg: ")


def terminal(t):
    """Names that would steer a terminal, or forge a line."""
    for name in ("x\nfetch-data: all is well", "x\r\x1b[2K\x1b]0;title\7", "x\x9b31m", "x\u2028y", "x\u202egpj\u2066"):
        path = f"a/../{name}"
        t.refuse(f"zip: {name!a}", PICTURES, pictures(Member(path, JPEG)), "pictures.zip: a/../x")
        t.refuse(f"zip, a picture: {name!a}", PICTURES, pictures(Member(f"a/{name}.jpg", b"none")), "pictures.zip: a/x")
        other = entry("y", b"x", pax={"path": path})
        t.refuse(f"tar: {name!a}", CIFAR10, gzip.compress(tar(*cifar10(), other)), "cifar.tar.gz: a/../x")
        other = entry(f"a/../{name}", b"x", form=tarfile.GNU_FORMAT)
        t.refuse(f"GNU tar: {name!a}", CIFAR10, gzip.compress(tar(*cifar10(), other)), "cifar.tar.gz: a/../x")
        t.refuse(f"a file: {name!a}", "folder --size 8 --from in", {f"a/{name}.jpg": b"none", "b/1.jpg": JPEG}, "in/a/x")
        t.refuse(f"MATLAB: {name!a}", SVHN, svhn(mat(images(name=name), labels(1, 2))), "svhn/train_32x32.mat: ", "x")
        line = f"{name}\t{CODES[0]}\n".encode()
        t.refuse(f"annotations: {name!a}", TINY, tiny(annotations=line), "val_annotations.txt: line 1: ")
        classes = entry("batches.meta.txt", "".join(f"{name.strip()} {i}|".replace("\n", "\r") + "\n" for i in range(3)).encode())
        t.refuse(f"classes: {name!a}", "cifar10 --no-verify --classes none --from cifar.tar.gz",
            gzip.compress(tar(*cifar10(), classes)), "x", status=64)
        t.refuse(f"labels: {name!a}", "cifar10 --no-verify --labels labels.txt --from cifar.tar.gz", gzip.compress(tar(*cifar10())),
            "labels.txt: line ", beside={"labels.txt": ("0\n" * 9 + name.replace("\n", "\r")).encode()})
    long = "y" * 60_000
    other = entry("x", b"x", pax={"path": f"../{long}"})
    t.refuse("tar: a name of 60,000", CIFAR10, gzip.compress(tar(*cifar10(), other)), "cifar.tar.gz: ../yyy")
    t.refuse("zip: a name of 60,000", PICTURES, pictures(Member(f"a/{long}.jpg", b"none")), "pictures.zip: a/yyy")
    for title, line in (("a picture", f"{long}\t{CODES[0]}\n"), ("a class", f"val_0.JPEG\t{long}\n")):
        t.refuse(f"annotations: {title} of 60,000", TINY, tiny(annotations=line.encode()), "val_annotations.txt: line 1: ")


def places(t):
    """What is no file in the place of one: 74, and no waiting for it."""
    link = {"a pipe": os.mkfifo, "a link to nowhere": lambda p: p.symlink_to("nowhere"),
            "a link to itself": lambda p: p.symlink_to(p.name), "a device": lambda p: p.symlink_to("/dev/zero")}
    for title, make in link.items():
        for command in (CIFAR10, PICTURES, TINY):
            t.refuse(f"{title}: {command}", command, make, status=74)
        t.refuse(f"{title} as a batch", "cifar10 --no-verify --from cifar", batches(make), "cifar", status=(65, 74))
        t.refuse(f"{title} as a MATLAB file", SVHN, svhn(make), "svhn", status=(65, 74))
        t.refuse(f"{title} as an IDX file", FASHION, fashion(train_images=make), "fashion", status=(65, 74))
        t.refuse(f"{title} as words.txt", "tiny-imagenet --no-verify --from tiny", {
            name: make if name.endswith("words.txt") else data for name, data in tiny_files().items()}, "words.txt",
            status=(65, 74))
        t.refuse(f"{title} as labels", "cifar10 --no-verify --labels labels.txt --from cifar.tar.gz", gzip.compress(tar(*cifar10())),
            "labels.txt: ", beside={"labels.txt": make}, status=74)
    loop = {"a/1.jpg": JPEG, "b/1.jpg": JPEG, "b/loop": lambda p: p.symlink_to("..")}
    t.refuse("folders without end", "folder --size 8 --from in", loop, "in", status=74)
    for command in (CIFAR10, PICTURES, TINY, SVHN, FASHION):
        t.refuse(f"an empty file: {command}", command, b"", status=(64, 65))
        t.refuse(f"an empty folder: {command}", command, Path.mkdir)
        t.refuse(f"noise: {command}", command, CHANCE.randbytes(5000), status=(64, 65))


def outputs(t):
    """Damage that is only seen once all the rest has been read."""
    archive = gzip.compress(tar(*cifar10()))[:-1] + b"\xff"
    late = {CIFAR10: archive, PICTURES: pictures(Member("b/9.jpg", JPEG, stated={"crc": 1})),
            FASHION: fashion(t10k_images=idx((3, 28, 28), bytes(3 * 784))[:-1])}
    for command, content in late.items():
        t.refuse(f"to standard output: {command}", command, content, output="-")
        t.refuse(f"to a file that stays: {command}", command, content, beside={"../out/out.h5": b"old"})


GROUPS = {
    "zip bombs": zip_bombs, "gzip bombs": gzip_bombs, "paths": paths, "sizes": sizes, "overlaps": overlaps,
    "zip64": zip64_and_descriptors, "truncation": truncation, "checksums": checksums, "pictures": large_pictures,
    "MATLAB": matlab, "labels": wrong_labels, "duplicates": duplicates, "kinds": kinds, "terminal": terminal,
    "places": places, "outputs": outputs,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=", ".join(GROUPS))
    parser.add_argument("--keep", type=Path, help="folder for the inputs of cases that fail")
    options = parser.parse_args()
    total = Trial(options.keep)
    for name, group in GROUPS.items():
        if options.groups and name not in options.groups:
            continue
        trial, start = Trial(options.keep), time.monotonic()
        group(trial)
        print(
            f"check-hostile: {name}: {trial.passed} passed, {trial.failed} failed, in {time.monotonic() - start:.0f} s; "
            f"at most {trial.memory / 1e6:.0f} MB and {trial.seconds:.1f} s each", flush=True)
        total.passed, total.failed = total.passed + trial.passed, total.failed + trial.failed
    print(f"check-hostile: {total.passed} passed, {total.failed} failed")
    sys.exit(1 if total.failed else 0)


if __name__ == "__main__":
    main()
