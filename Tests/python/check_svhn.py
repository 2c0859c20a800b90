"""Reads MATLAB files of random images with fetch-data svhn, and with SciPy: both must find the same.

    python Tests/python/check_svhn.py [--files 40] [--seed 0]

Files are written by SciPy, by libmatio, and by hand in either byte order; compressed and not; labels of every class,
stored in full or as bytes, in a column or a row, before the images or after. Then mat_fixtures.py --check.
"""

import argparse
import tempfile
from pathlib import Path

import h5py
import mat_fixtures
import matio
import numpy as np
from scipy.io import loadmat, savemat
from tool import run


def write(path, number, rng):
    """A file that differs from the others in what `number` and `rng` choose."""
    count = int(rng.integers(1, 60))
    images = rng.integers(0, 256 if number % 3 else 16, (32, 32, 3, count)).astype("uint8")
    labels = rng.integers(1, 11, (count, 1) if number % 2 else (1, count)).astype(rng.choice(list(mat_fixtures.NAMES)))
    variables = {"X": images, "y": labels} if number % 4 else {"y": labels, "X": images}
    compressed = bool(rng.integers(2))
    writer = number % 3
    if writer == 0:
        others = {"text": "words " * 100, "complex": np.array([1 + 2j])} if number % 2 else {}
        savemat(path, {**others, **variables}, do_compression=compressed)
    elif writer == 1:
        matio.write(path, variables, compressed)
    else:
        storage = "uint8" if labels.dtype.kind == "f" or labels.dtype.itemsize > 1 else None
        described = {"X": (images, None), "y": (labels, storage)}
        path.write_bytes(mat_fixtures.by_hand("<>"[number // 3 % 2], compressed, described))


def check(folder, number, rng):
    paths = {split: folder / f"{split}_32x32.mat" for split in ("train", "test")}
    for offset, path in enumerate(paths.values()):
        write(path, number + offset, rng)
    out = folder / "svhn.h5"
    done = run(["fetch-data", "svhn", "--no-verify", "--from", folder, "-q", "-o", out])
    assert done.status == 0, f"file {number}: {done.errors}"
    with h5py.File(out) as file:
        for split, path in paths.items():
            found = loadmat(path)
            images = found["X"].reshape(32, 32, 3, -1, order="F").transpose(3, 0, 1, 2)
            assert np.array_equal(file[f"{split}/image"][()], images), f"file {number}: other images in {split}"
            labels = found["y"].ravel() % 10
            assert np.array_equal(file[f"{split}/label"][()], labels), f"file {number}: other labels in {split}"


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--files", type=int, default=40)
parser.add_argument("--seed", type=int, default=0)
options = parser.parse_args()
rng = np.random.default_rng(options.seed)
with tempfile.TemporaryDirectory() as folder:
    for number in range(options.files):
        check(Path(folder), number, rng)
print(f"fetch-data and SciPy find the same in {2 * options.files} MATLAB files")
mat_fixtures.check()
