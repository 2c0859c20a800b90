"""Archives, pictures and MATLAB files as no honest program writes them, and whole ones beside."""

import functools
import gzip
import random
import struct
import tarfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path

GIB = 1 << 30
CHANCE = random.Random(0)
JPEG = Path(__file__).parent.parent.joinpath("ImageSetsTests/Fixtures/tiny-imagenet/colour.jpg").read_bytes()


# --- Compressed data.


def deflated(*parts, wrap="zlib"):
    """Data in zlib's or gzip's wrapping, or "raw". A part is bytes, or (bytes, count) for as many of them."""
    packed, crc, adler, size = [], 0, 1, 0
    for part in parts:
        unit, count = part if isinstance(part, tuple) else (part, 1)
        piece = unit * min(count, max(1, (1 << 24) // max(1, len(unit))))
        times, rest = divmod(count * len(unit), len(piece) or 1)
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


# --- Tar, and CIFAR.

BATCHES = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")
RECORD = bytes(3073)


def entry(name, data=b"", *, size=None, kind=tarfile.REGTYPE, form=tarfile.USTAR_FORMAT, link="", pax=None):
    """A member of a tar archive; `size` is what its header claims."""
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname, info.pax_headers = len(data) if size is None else size, kind, link, pax or {}
    return info.tobuf(tarfile.PAX_FORMAT if pax else form) + data + bytes(-len(data) % 512)


def with_field(data, offset, text):
    """A tar member with another text in one of its header's fields, and the right checksum."""
    header = bytearray(data[:512])
    header[offset : offset + len(text)] = text
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + data[512:]


def tar(*entries):
    return b"".join(entries) + bytes(1024)


def cifar10(**changed):
    """The members of CIFAR-10, two records each; `changed` has other bytes for some, None for no member."""
    data = {name: (b"\3" + CHANCE.randbytes(3072)) * 2 for name in BATCHES} | changed
    return [entry(f"cifar-10-batches-bin/{name}.bin", data[name]) for name in BATCHES if data[name] is not None]


def cifar_archive(*others, **changed):
    return gzip.compress(tar(*cifar10(**changed), *others))


def cifar_folder(first):
    """The files of CIFAR-10, a record each but for the first."""
    return {f"{name}.bin": RECORD for name in BATCHES} | {"data_batch_1.bin": first}


def cifar100_archive(train):
    test = entry("cifar-100-binary/test.bin", bytes(3074))
    return gzip.compress(tar(entry("cifar-100-binary/train.bin", train), test))


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
    descriptor: bytes | None = None  # stands behind the data, of which the header says nothing

    def __post_init__(self):
        self.name = self.name if isinstance(self.name, bytes) else self.name.encode()
        self.packed = deflated(self.data, wrap="raw") if self.packed is None else self.packed
        self.truth = {
            "flags": 0 if self.descriptor is None else 8, "method": 8, "crc": zlib.crc32(self.data),
            "packed": len(self.packed), "size": len(self.data), "attributes": 0, "disk": 0, "name": self.name,
            **self.stated,
        }

    def numbers(self, says, *names):
        """Numbers for a header's own fields and, where they stand there instead, the zip64 extra field."""
        values = [says[name] for name in names]
        if not self.large:
            return values, says.get("extra", b"")
        extra = struct.pack(f"<HH{len(names)}Q", 1, 8 * len(names), *values)
        return [0xFFFFFFFF] * len(names), says.get("extra", extra)

    def bytes(self):
        """Its header, its data and what follows them."""
        says = self.truth | self.local
        (size, packed), extra = self.numbers(says, "size", "packed")
        known = (says["crc"], packed, size) if self.descriptor is None else (0, 0, 0)
        header = struct.pack(
            "<4sHHHHHIIIHH", b"PK\3\4", 45, says["flags"], says["method"], 0, 33, *known, len(says["name"]),
            says.get("extra_length", len(extra)))
        return header + says["name"] + extra + self.packed + (self.descriptor or b"")

    def directory_entry(self, offset):
        says = self.truth | {"offset": offset} | self.central
        (size, packed, offset), extra = self.numbers(says, "size", "packed", "offset")
        header = struct.pack(
            "<4sHHHHHHIIIHHHHHII", b"PK\1\2", 3 << 8 | 45, 45, says["flags"], says["method"], 0, 33, says["crc"],
            packed, size, len(says["name"]), len(extra), 0, says["disk"], 0, says["attributes"], offset)
        return header + says["name"] + extra


def followed(name, *, crc=0, packed=0, size=0, form="<4sIII"):
    """A member whose sizes follow its data, each wrong by so much; `form` is that of the record which has them."""
    truth = Member(name, JPEG).truth
    says = (truth["crc"] ^ crc, truth["packed"] + packed, truth["size"] + size)
    return Member(name, JPEG, descriptor=struct.pack(form, *([b"PK\7\x08"] if "s" in form else []), *says))


def zip_end(count, length, offset, large=None, /, **changed):
    """The records at the end; `large` has what is wrong in the zip64 one, where there is to be one."""
    truth = {"disk": 0, "here": count, "count": count, "length": length, "offset": offset, "bytes": 44}
    truth["place"] = offset + length
    says = truth | changed
    end = struct.pack(
        "<4sHHHHIIH", b"PK\5\6", says["disk"], says["disk"], says["here"], says["count"], says["length"],
        says["offset"], 0)
    if large is None:
        return end
    says = truth | large
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


def zipped_files(files):
    return zipped([Member(name, data) for name, data in files.items()])


def pictures(*others):
    """An archive of two pictures, and these."""
    return zipped([Member("a/1.jpg", JPEG), Member("b/1.jpg", JPEG), *others])


def overlapping(count):
    """The better zip bomb of Fifield 2019: the data of a member quote the next one's header, and share its data."""
    member = Member(f"b/{count:04}.jpg", bytes(1 << 16))
    body, members = member.bytes(), [member]
    for number in range(count - 1, -1, -1):
        header = body[: 30 + len(member.name)]
        # A block of bytes that are stored: the header becomes a part of the picture.
        packed = struct.pack("<BHH", 0, len(header), 0xFFFF ^ len(header)) + body
        member = Member(f"{'ab'[number % 2]}/{number:04}.jpg", header + member.data, packed)
        body, members = member.bytes(), [*members, member]
    directory = b"".join(member.directory_entry(len(body) - len(member.bytes())) for member in members)
    return body + directory + zip_end(len(members), len(directory), len(body))


# --- Pictures.


def png(width, height, rows=b"", chunks=(), crc=0):
    """A grey picture of 8 bits; `crc` is added to the checksum of its data."""

    def chunk(kind, data, wrong=0):
        crc = (zlib.crc32(kind + data) + wrong) % (1 << 32)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    others = b"".join(chunk(*pair) for pair in chunks)
    return b"\x89PNG\r\n\x1a\n" + header + others + chunk(b"IDAT", rows or deflated(b""), crc) + chunk(b"IEND", b"")


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
    components = b"".join(bytes([number, 0x11, 0]) for number in range(colours))
    selectors = b"".join(bytes([number, 0]) for number in range(colours))
    rest = [segment(0xDA, bytes([1, number, 0, 1, 63, 0])) + bits(runs) for number in range(colours)]
    return b"".join([
        b"\xff\xd8", segment(0xDB, b"\0" + b"\1" * 64),
        segment(0xC2, struct.pack(">BHHB", 8, side, side, colours) + components),
        segment(0xC4, b"\0\1" + bytes(16)),
        segment(0xC4, b"\x10\0\0\0\x0f" + bytes(12) + bytes(range(0, 240, 16))),
        segment(0xDA, bytes([colours]) + selectors + bytes(3)), bits("0" * blocks * colours),
        *(rest[number % colours] for number in range(scans)), end])


# --- Tiny-ImageNet.

ROOT = "tiny-imagenet-200"
CODES = ("n01443537", "n01629819")
TINY_NAMES = {
    "wnids": f"{ROOT}/wnids.txt", "words": f"{ROOT}/words.txt", "annotations": f"{ROOT}/val/val_annotations.txt",
    "train": f"{ROOT}/train/{CODES[0]}/images/{CODES[0]}_0.JPEG", "val": f"{ROOT}/val/images/val_0.JPEG",
    "more": f"{ROOT}/train/{CODES[1]}/images/{CODES[1]}_0.JPEG",
}


def tiny_files(**changed):
    """The files of a small set; `changed` has other bytes for some of TINY_NAMES, None for no file."""
    data = {
        "wnids": "".join(f"{code}\n" for code in CODES).encode(),
        "words": "".join(f"{code}\tword {code}, more\n" for code in CODES).encode(),
        "annotations": f"val_0.JPEG\t{CODES[1]}\t0\t0\t62\t62\n".encode(), "train": JPEG, "val": JPEG, "more": JPEG,
    }
    return {TINY_NAMES[part]: bytes_ for part, bytes_ in (data | changed).items() if bytes_ is not None}


def tiny(*others, **changed):
    return zipped([*(Member(name, data) for name, data in tiny_files(**changed).items()), *others])


# --- MATLAB files, and SVHN.

# Of a kind of number, as `struct` names it: MATLAB's class, and the type that it is stored as.
CLASSES = {
    "d": (6, 9), "f": (7, 7), "b": (8, 1), "B": (9, 2), "h": (10, 3), "i": (12, 5), "q": (14, 12), "Q": (15, 13),
}
MAT_HEADER = b"MATLAB 5.0 MAT-file, by hand".ljust(124) + b"\0\1IM"


def element(kind, data, count=None):
    """`count` is what it claims to have."""
    return struct.pack("<II", kind, len(data) if count is None else count) + data + bytes(-len(data) % 8)


def compressed(data, count=None):
    """A compressed element of what zlib made."""
    return struct.pack("<II", 15, len(data) if count is None else count) + data


def array(name, dimensions, kind="B", data=b"", flags=None, numbers=None):
    """The elements of an array; `flags` and `numbers` take the place of the right ones."""
    number, storage = CLASSES[kind]
    return b"".join([
        element(6, struct.pack("<II", number, 0)) if flags is None else flags,
        element(5, struct.pack(f"<{len(dimensions)}i", *dimensions)), element(1, name.encode()),
        element(storage, data) if numbers is None else numbers])


def images(count=2, name="X", dimensions=None, **changed):
    dimensions = (32, 32, 3, count) if dimensions is None else dimensions
    return array(name, dimensions, data=CHANCE.randbytes(3072 * count), **changed)


def labels(*values, kind="d"):
    return array("y", (len(values), 1), kind, struct.pack(f"<{len(values)}{kind}", *values))


def mat(*arrays, packed=False, count=None):
    """A file of these arrays; `count` is what each claims to have."""
    elements = [element(14, body, count) for body in arrays]
    return MAT_HEADER + b"".join(compressed(zlib.compress(data)) if packed else data for data in elements)


def svhn(train=None):
    good = mat(images(), labels(10, 1))
    return {"train_32x32.mat": good if train is None else train, "test_32x32.mat": good}


# --- IDX files, and Fashion-MNIST.

FASHION_NAMES = {
    f"{part}_{kind}": f"{part}-{kind}-{number}-ubyte.gz"
    for part in ("train", "t10k") for kind, number in (("images", "idx3"), ("labels", "idx1"))
}


def idx(dimensions, *data, magic=(0, 0, 8)):
    return gzipped(struct.pack(f">4B{len(dimensions)}I", *magic, len(dimensions), *dimensions), *data)


def fashion(**changed):
    """The four files, of three items each; `changed` has other bytes for some of FASHION_NAMES."""
    good = {"images": idx((3, 28, 28), CHANCE.randbytes(3 * 784)), "labels": idx((3,), b"\0\1\x09")}
    return {name: changed.get(part, good[part[-6:]]) for part, name in FASHION_NAMES.items()}
