"""Writes runs files without training anything, as large as one likes: for tests of scale.

    python Tests/python/synthetic_runs.py folder --runs 400 --examples 50000 --test 10000 --classes 100 --files 40
    python Tests/python/synthetic_runs.py runs.h5 --runs 20 --examples 1000 --logits

With several files they are folder/000.h5 and on, each with consecutive runs of one cell; with one, it is the path itself.
A run depends on seed and number alone, not on the number of runs or files. What is true of them: each run's subset is a
uniform one of int(0.7 N) examples, or with `--balanced` one of a block of ten as `train` draws them; an example is right
with a probability of its own outside of the subset and a higher one in it, so that memorisation runs from 0 to 1; test example j is right more often by `--influence` in runs that trained on
example j, and by nothing else. Logits, where they are kept, have their largest at the label where the run is right, and
elsewhere where it is not.
"""

import argparse
import itertools
import json
from pathlib import Path

import h5py
import numpy as np


def create(file, path, shape, dtype, scales, deflate):
    """A variable with a row a run, in chunks of one row or as many as 64 KiB hold, as docs/format.md says."""
    row = int(np.prod(shape[1:])) * np.dtype(dtype).itemsize
    if row <= 1 << 20:
        rows = max(1, min(shape[0], (1 << 16) // row))
        chunks = (rows, *shape[1:])
    else:
        # A part of a row: of the second dimension as much as a mebibyte holds.
        pieces = -(-row // (1 << 20))
        chunks = (1, -(-shape[1] // pieces), *shape[2:])
    packing = {"compression": "gzip", "compression_opts": 4, "shuffle": True} if deflate else {}
    variable = file.create_dataset(path, shape, dtype, chunks=chunks, fletcher32=True, **packing)
    for axis, scale in enumerate(scales):
        variable.dims[axis].attach_scale(file[scale])
    return variable


def put(file, path, values, *scales):
    """A whole variable; one without `scales` is a dimension's own coordinate."""
    checksum = not h5py.check_string_dtype(values.dtype)
    variable = file.create_dataset(path, data=values, chunks=values.shape, fletcher32=checksum)
    for axis, scale in enumerate(scales):
        variable.dims[axis].attach_scale(file[scale])
    if not scales:
        variable.make_scale(path.rsplit("/", 1)[1])


def logits(random, label, correct, classes):
    """Normal logits; the largest is swapped to the label, or away from it."""
    values = random.standard_normal((len(label), classes), dtype=np.float32)
    rows = np.arange(len(label))
    wrong = (label + random.integers(1, classes, len(label))) % classes
    wanted = np.where(correct == 1, label, wrong)
    largest = values.argmax(1)
    values[rows, largest], values[rows, wanted] = values[rows, wanted], values[rows, largest]
    return values


def balanced(seed, number, count):
    """A subset as `train --masks balanced` has them: each example in 7 of each block of 10 runs."""
    place = np.random.default_rng([seed, 2, number // 10]).permutation(count)
    left_out = np.array([number % 10 in triple for triple in itertools.combinations(range(10), 3)])
    return (~left_out[place % len(left_out)]).astype(np.uint8)


class Truth:
    """The labels, and how often each example is right outside of the subset, and in it or with its pair in it."""

    def __init__(self, options):
        random = np.random.default_rng([options.seed, 0])
        self.label = {
            split: random.integers(0, options.classes, count, dtype=np.int32)
            for split, count in (("train", options.examples), ("test", options.test))
        }
        self.out = random.random(options.examples)
        self.inside = self.out + (1 - self.out) * random.random(options.examples)
        self.test = random.random(options.test) * (1 - options.influence)
        self.influence, self.classes, self.is_balanced = options.influence, options.classes, options.balanced

    def run(self, seed, number, with_logits):
        """All rows of a run by path."""
        random = np.random.default_rng([seed, 1, number])
        count = len(self.out)
        mask = balanced(seed, number, count) if self.is_balanced else np.zeros(count, np.uint8)
        if not self.is_balanced:
            mask[random.permutation(count)[: int(0.7 * count)]] = 1
        rows = {"/train/in_mask": mask}
        chance = {"train": np.where(mask == 1, self.inside, self.out)}
        if len(self.test):
            pair = np.zeros(len(self.test))
            shared = min(count, len(self.test))
            pair[:shared] = mask[:shared]
            chance["test"] = self.test + self.influence * pair
        for split, p in chance.items():
            rows[f"/{split}/correct"] = (random.random(len(p)) < p).astype(np.uint8)
        if with_logits:
            for split in chance:
                correct = rows[f"/{split}/correct"]
                rows[f"/{split}/logit"] = logits(random, self.label[split], correct, self.classes)
        return rows


def write(path, numbers, truth, options):
    config = {"architecture": options.architecture, "seed": str(options.seed), "synthetic": options.examples}
    splits = [split for split in ("train", "test") if len(truth.label[split])]
    with h5py.File(path, "w", libver=("v110", "v110")) as file:
        file.attrs.update({
            "kind": "runs", "format": np.int32(1), "data": f"{options.seed:064x}",
            "config": json.dumps(config, sort_keys=True, separators=(",", ":")),
            "architecture": options.architecture, "parameter_count": np.int64(options.parameters),
        })
        names = np.array([f"class-{c}" for c in range(options.classes)], dtype=object).astype(h5py.string_dtype())
        put(file, "/class", names)
        put(file, "/run", np.array(numbers, np.int64))
        shapes = {"/train/in_mask": (), **{f"/{split}/correct": () for split in splits}}
        if options.logits:
            shapes |= {f"/{split}/logit": (options.classes,) for split in splits}
        for split in splits:
            put(file, f"/{split}/example", np.arange(len(truth.label[split]), dtype=np.int64))
            put(file, f"/{split}/label", truth.label[split], f"/{split}/example")
        variables = {}
        for name, more in shapes.items():
            split = name.split("/")[1]
            scales = ["/run", f"/{split}/example"] + ["/class"] * len(more)
            shape = (len(numbers), len(truth.label[split]), *more)
            variables[name] = create(file, name, shape, "f4" if more else "u1", scales, deflate=not more)
        for row, number in enumerate(numbers):
            for name, values in truth.run(options.seed, number, options.logits).items():
                variables[name][row] = values


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path, help="a folder, or with one file its path")
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--examples", type=int, default=50_000, help="of the training split")
    parser.add_argument("--test", type=int, default=10_000, help="of the test split; 0 for none")
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--logits", action="store_true", help="keep logits")
    parser.add_argument("--influence", type=float, default=0.5, help="of training example j on test example j")
    parser.add_argument("--balanced", action="store_true", help="each example in 7 of each block of 10 runs")
    parser.add_argument("--files", type=int, default=1)
    parser.add_argument("--architecture", default="synthetic")
    parser.add_argument("--parameters", type=int, default=0, help="parameter_count, which orders cells")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    truth = Truth(options)
    if options.files == 1:
        write(options.output, list(range(options.runs)), truth, options)
        return
    options.output.mkdir(parents=True, exist_ok=True)
    ends = [options.runs * i // options.files for i in range(options.files + 1)]
    for i in range(options.files):
        write(options.output / f"{i:03}.h5", list(range(ends[i], ends[i + 1])), truth, options)


if __name__ == "__main__":
    main()
