"""Archives of CIFAR-100 and SVHN in their published layout and size, with random pixels and labels.

    python Tests/python/stand_ins.py FOLDER

For what depends on a set's size alone, as a forecast does, where the sets are not to be had: fetch-data takes them with
--no-verify.
"""

import argparse
import io
import tarfile
from pathlib import Path

import numpy as np
from scipy.io import savemat


def cifar100(path, generator):
    def records(count):
        rows = generator.integers(0, 256, (count, 3074), dtype=np.uint8)
        fine = np.arange(count) % 100
        rows[:, 0], rows[:, 1] = fine // 5, fine
        return rows.tobytes()

    names = {"fine_label_names.txt": 100, "coarse_label_names.txt": 20}
    members = {name: "".join(f"class{i}\n" for i in range(count)).encode() for name, count in names.items()}
    members |= {"train.bin": records(50_000), "test.bin": records(10_000)}
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(f"cifar-100-binary/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def svhn(folder, generator):
    folder.mkdir(exist_ok=True)
    for split, count in {"train": 73_257, "test": 26_032}.items():
        pixels = generator.integers(0, 256, (32, 32, 3, count), dtype=np.uint8)
        savemat(folder / f"{split}_32x32.mat", {"X": pixels, "y": (np.arange(count) % 10 + 1).astype(np.uint8)[:, None]})


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(0)
    cifar100(folder / "cifar-100-binary.tar.gz", generator)
    svhn(folder / "svhn", generator)


if __name__ == "__main__":
    main()
