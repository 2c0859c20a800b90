"""Writes the MATLAB files that the tests of ImageSets read, and what SciPy finds in them.

    python Tests/python/mat_fixtures.py            writes Tests/ImageSetsTests/Fixtures/mat
    python Tests/python/mat_fixtures.py --check    sees that SciPy and libmatio find in them what is stored

SciPy writes little-endian files and stores every class in full; libmatio writes one too; those with the greatest byte
first, or with doubles stored as bytes, are put together here. expected.txt has a line a variable: file, name, class,
shape and the values, first dimension fastest; images.bin has those of X as (image, y, x, channel).
"""

import argparse
import struct
import zlib
from pathlib import Path

import matio
import numpy as np
from scipy.io import loadmat, savemat
from scipy.sparse import csc_array

FOLDER = Path(__file__).parent.parent / "ImageSetsTests/Fixtures/mat"
CLASSES = {
    "double": (6, "float64"), "single": (7, "float32"), "int8": (8, "int8"), "uint8": (9, "uint8"),
    "int16": (10, "int16"), "uint16": (11, "uint16"), "int32": (12, "int32"), "uint32": (13, "uint32"),
    "int64": (14, "int64"), "uint64": (15, "uint64"),
}
NAMES = {dtype: name for name, (_, dtype) in CLASSES.items()}
STORAGE = matio.TYPES


def images(count):
    """(y, x, channel, image); every byte is a function of its place, and none that Adler-32 is blind to."""
    n, y, x, c = np.ogrid[:count, :32, :32, :3]
    return (((n + 1) * (y * y + 3 * x) + x * y * c + 101 * c) % 251).astype("uint8").transpose(1, 2, 3, 0)


def numbers():
    """Arrays of every class, with its least and greatest values."""
    arrays = {}
    for name, (_, dtype) in CLASSES.items():
        if name in ("double", "single"):
            info = np.finfo(dtype)
            values = [0, -1.5, info.tiny, info.max, -info.max, np.pi]
        else:
            info = np.iinfo(dtype)
            # Of 64 bits, those that doubles hold.
            greatest = info.max if info.bits < 64 else info.max - 4095
            values = [0, 1, info.min, greatest, 10, 100]
        arrays[name] = np.array(values, dtype).reshape(2, 3)
    arrays["scalar"] = np.array([[7]], "uint8")
    arrays["column"] = np.array([[1], [2], [3]], "uint16")
    arrays["nothing"] = np.zeros((0, 4))
    arrays["deep"] = np.arange(24, dtype="int16").reshape(2, 3, 2, 2)
    return arrays


class Writer:
    """A file of level 5 in either byte order, after MathWorks' MAT-File Format."""

    def __init__(self, order, compressed):
        self.order, self.compressed = order, compressed
        text = b"MATLAB 5.0 MAT-file, by mat_fixtures.py".ljust(124)
        self.bytes = text + struct.pack(order + "H", 0x0100) + (b"MI" if order == ">" else b"IM")

    def element(self, kind, data):
        if 0 < len(data) <= 4:
            return struct.pack(self.order + "I", len(data) << 16 | kind) + data.ljust(4, b"\0")
        return struct.pack(self.order + "II", kind, len(data)) + data + b"\0" * (-len(data) % 8)

    def add(self, name, values, storage=None):
        storage = storage or values.dtype.name
        body = self.element(6, struct.pack(self.order + "II", CLASSES[NAMES[values.dtype.name]][0], 0))
        body += self.element(5, struct.pack(f"{self.order}{values.ndim}i", *values.shape))
        body += self.element(1, name.encode())
        data = values.astype(np.dtype(storage).newbyteorder(self.order)).tobytes(order="F")
        body += self.element(STORAGE[storage], data)
        array = struct.pack(self.order + "II", 14, len(body)) + body
        if self.compressed:
            packed = zlib.compress(array)
            array = struct.pack(self.order + "II", 15, len(packed)) + packed
        self.bytes += array


def by_hand(order, compressed, variables):
    writer = Writer(order, compressed)
    for name, (values, storage) in variables.items():
        writer.add(name, values, storage)
    return writer.bytes


def write():
    FOLDER.mkdir(parents=True, exist_ok=True)
    labels = np.array([[10], [1], [2], [10], [9]])

    def save(name, variables, compressed):
        savemat(FOLDER / name, variables, do_compression=compressed)
        # SciPy's header has the time.
        file = bytearray((FOLDER / name).read_bytes())
        file[:116] = b"MATLAB 5.0 MAT-file, by SciPy".ljust(116)
        (FOLDER / name).write_bytes(file)

    save("compressed.mat", {"X": images(5), "y": labels.astype("uint8")}, True)
    save("plain.mat", {"X": images(3), "y": labels[:3].astype("float64")}, False)
    others = {
        "text": "some words", "cells": np.array([1, "two", np.eye(2)], object), "flag": np.array([[True, False]]),
        "fields": {"a": 1.5, "b": "text", "c": {"d": np.arange(5)}}, "sparse": csc_array(np.eye(4)),
        "complex": np.array([[1 + 2j, 3]]), "empty": np.zeros((0, 0)),
        "records": np.array([(1, 2.5), (3, 4.5)], [("p", "i4"), ("q", "f8")]),
    }
    for compressed in (True, False):
        kind = "compressed" if compressed else "plain"
        count = 1 + compressed
        some = {"X": images(count), "y": labels[:count, 0].astype("int32")}
        save(f"extra-{kind}.mat", {**others, **some}, compressed)
        save(f"numbers-{kind}.mat", numbers(), compressed)
    three = {"X": (images(3), None), "y": (labels[:3].astype("float64"), "uint8")}
    (FOLDER / "narrow.mat").write_bytes(by_hand("<", True, three))
    (FOLDER / "big-compressed.mat").write_bytes(by_hand(">", True, three))
    full = {"X": (images(2), None), "y": (labels[:2].astype("float64"), None)}
    (FOLDER / "big-plain.mat").write_bytes(by_hand(">", False, full))
    all_classes = {name: (values, None) for name, values in numbers().items()}
    narrowed = {
        "double8": (np.array([[1.0, -2, 3]]), "int8"), "double16": (np.array([[1.0, 65535]]), "uint16"),
        "double32": (np.array([[-1.0, 1 << 30]]), "int32"), "single16": (np.array([[1, -300]], "float32"), "int16"),
        "wide8": (np.array([[250, 0, 3, 4, 5]], "uint32"), "uint8"),
    }
    (FOLDER / "numbers-big.mat").write_bytes(by_hand(">", False, {**all_classes, **narrowed}))
    matio.write(FOLDER / "matio.mat", {"X": np.asfortranarray(images(2)), "y": labels[:2].astype("float64")}, True)

    (FOLDER / "images.bin").write_bytes(images(5).transpose(3, 0, 1, 2).tobytes())
    (FOLDER / "expected.txt").write_text("".join(f"{line}\n" for line in found(by_scipy)))


def by_scipy(path):
    """The real numeric variables, each of its class, not of the type that it is stored as."""
    names = [n for n, v in loadmat(path).items() if isinstance(v, np.ndarray) and v.dtype.name in NAMES]
    arrays = loadmat(path, mat_dtype=True, variable_names=names)
    # Truth values are of class uint8, with a mark.
    return {n: arrays[n].astype("uint8") if arrays[n].dtype == bool else arrays[n] for n in names}


def by_matio(path):
    return {name: matio.read(path, name) for name in by_scipy(path)}


def found(load):
    """What a reader finds in all files, as expected.txt has it."""
    for path in sorted(FOLDER.glob("*.mat")):
        for name, values in load(path).items():
            if name != "X":
                listed = " ".join(repr(value) for value in values.flatten(order="F").tolist())
                shape = "x".join(map(str, values.shape))
                yield f"{path.name} {name} {NAMES[values.dtype.name]} {shape} {listed}".strip()


def check():
    for load in (by_scipy, by_matio):
        assert "".join(f"{line}\n" for line in found(load)) == (FOLDER / "expected.txt").read_text(), load
        pixels = np.frombuffer((FOLDER / "images.bin").read_bytes(), "uint8").reshape(5, 32, 32, 3)
        for path in FOLDER.glob("*.mat"):
            if "numbers" not in path.name:
                x = load(path)["X"]
                x = x.reshape(32, 32, 3, -1, order="F").transpose(3, 0, 1, 2)
                assert np.array_equal(x, pixels[: len(x)]), (load, path)
    print(f"SciPy and libmatio find in {len(list(FOLDER.glob('*.mat')))} MATLAB files what the tests expect")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    check() if parser.parse_args().check else write()
