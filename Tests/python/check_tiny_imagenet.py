"""Decodes a Tiny-ImageNet archive with djpeg, and compares with what fetch-data tiny-imagenet makes of it.

    python Tests/python/check_tiny_imagenet.py [ARCHIVE]

Every pixel, label, position and class name must be the same, and the file the same bytes with one thread and two, from
the archive and from the folder that it unpacks to. The archive may have any number of classes; where it is not there,
nothing is checked. Needs djpeg of libjpeg-turbo.
"""

import argparse
import os
import subprocess
import tempfile
import zipfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import numpy as np
from tool import run

ROOT = "tiny-imagenet-200/"


def fetched(source: Path, out: Path, jobs: int) -> bytes:
    done = run(["fetch-data", "tiny-imagenet", "--no-verify", "--from", source, "-j", jobs, "-q", "-o", out])
    assert done.status == 0, done.errors
    return out.read_bytes()


def published(archive: zipfile.ZipFile):
    """The classes as (code, name) and, of each split, (path of a picture, label), all in the order they should have."""

    def lines(name):
        return archive.read(ROOT + name).decode().splitlines()

    codes = sorted(lines("wnids.txt"))
    words = dict(line.split("\t", 1) for line in lines("words.txt"))
    names = [words[code].split(",")[0] for code in codes]
    shared = Counter(names)
    classes = [(c, n if shared[n] == 1 else f"{n} ({c})") for c, n in zip(codes, names, strict=True)]
    label = {code: index for index, code in enumerate(codes)}
    # The characters of these names are ASCII: their order is that of the bytes.
    pictures = sorted(name for name in archive.namelist() if name.startswith(f"{ROOT}train/") and "/images/" in name)
    train = [(name, label[name.split("/")[2]]) for name in pictures]
    rows = [line.split("\t") for line in lines("val/val_annotations.txt")]
    test = [(f"{ROOT}val/images/{row[0]}", label[row[1]]) for row in rows]
    assert len(archive.namelist()) == len(set(archive.namelist())), "the archive has two members of one name"
    return classes, {"train": train, "test": test}


def djpeg(jpeg: bytes):
    """The pixels as (y, x, channel), and whether the picture was grey."""
    pnm = subprocess.run(["djpeg", "-ppm"], input=jpeg, stdout=subprocess.PIPE, check=True).stdout
    kind, size, greatest, pixels = pnm.split(b"\n", 3)
    assert (size, greatest) == (b"64 64", b"255"), size
    grey = kind == b"P5"
    shape = (64, 64, 1 if grey else 3)
    return np.broadcast_to(np.frombuffer(pixels, np.uint8).reshape(shape), (64, 64, 3)), grey


def compare(archive: zipfile.ZipFile, out: Path, pool: ThreadPoolExecutor):
    classes, splits = published(archive)
    with h5py.File(out) as file:
        for variable, expected in (("class_code", 0), ("class", 1)):
            assert file[variable].asstr()[:].tolist() == [pair[expected] for pair in classes], f"other {variable}"
        for split, pictures in splits.items():
            paths = [path for path, _ in pictures]
            group = file[split]
            assert group["label"][:].tolist() == [label for _, label in pictures], f"other labels in {split}"
            assert group["example"][:].tolist() == list(range(len(pictures))), f"other positions in {split}"
            assert group["image"].shape == (len(pictures), 64, 64, 3), f"{split}: {group['image'].shape}"
            decoded = pool.map(djpeg, map(archive.read, paths))
            greys = 0
            for path, image, (pixels, grey) in zip(paths, group["image"][:], decoded, strict=True):
                assert np.array_equal(image, pixels), f"{path} has other pixels"
                greys += grey
            print(f"check-tiny-imagenet: {split}: {len(paths)} pictures, {greys} of them grey: same pixels")
    print(f"check-tiny-imagenet: {len(classes)} classes: same codes and names")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", nargs="?", type=Path, default="../shared/data/tiny-imagenet-10-classes.zip")
    path = parser.parse_args().archive
    if not path.exists():
        print(f"check-tiny-imagenet: {path} is not there: nothing is checked")
        return
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(os.cpu_count()) as pool:
        folder, out = Path(name), Path(name, "out.h5")
        whole = fetched(path, out, jobs=1)
        with zipfile.ZipFile(path) as archive:
            compare(archive, out, pool)
            archive.extractall(folder / "unpacked")
        for source, jobs in ((path, 2), (folder / "unpacked", 1), (folder / "unpacked" / ROOT, 2)):
            assert fetched(source, out, jobs) == whole, f"{source} with {jobs} threads: other bytes"
        print("check-tiny-imagenet: same bytes with 1 thread and 2, from the archive and from the folder")


if __name__ == "__main__":
    main()
