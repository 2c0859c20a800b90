"""Does a nearest-neighbour classifier memorise? A program of your own in the place of `train`.

    python examples/nearest_neighbour.py data.h5 runs.h5 --neighbours 3 --runs 20
    score memorisation runs.h5 -o scores.h5 && report data.h5 scores.h5

It reads a data set file, "trains" a classifier on a random 70 % of the examples in each run, and writes a runs file, which
`score` and `report` take like those of `train`. To try another learner, replace `predictions`.
"""

import argparse
import json

import h5py
import numpy as np


def predictions(train, label, query, mask, neighbours, classes):
    """The class of each query image: a vote of the nearest training images that the run may see.

    train (example, pixel), label (example), query (query, pixel), mask (example), true where the run has the example.
    """
    seen, votes = train[mask], label[mask]
    # |a - b|^2 without |a|^2, which is the same for all b.
    distance = (seen**2).sum(1) - 2 * query @ seen.T
    nearest = np.argsort(distance, axis=1, kind="stable")[:, :neighbours]
    counts = np.stack([(votes[nearest] == c).sum(1) for c in range(classes)], axis=1)
    # Of classes with as many votes, that of the nearest.
    counts = counts + 0.5 * np.eye(classes)[votes[nearest[:, 0]]]
    return counts.argmax(1)


def put(file, path, values, *scales):
    """Writes a variable with named dimensions; one without `scales` is a dimension's own coordinate."""
    chunks = True if h5py.check_string_dtype(values.dtype) else values.shape
    checksum = not h5py.check_string_dtype(values.dtype)
    variable = file.create_dataset(path, data=values, chunks=chunks, fletcher32=checksum)
    for axis, scale in enumerate(scales):
        variable.dims[axis].attach_scale(file[scale])
    if not scales:
        variable.make_scale(path.rsplit("/", 1)[1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("data")
    parser.add_argument("output")
    parser.add_argument("--neighbours", type=int, default=3)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    with h5py.File(options.data) as file:
        content = file.attrs["content"]  # names the data set: score and report compare it
        names = file["class"].asstr()[:]
        splits = [split for split in ("train", "test") if split in file]
        example = {split: file[f"{split}/example"][:] for split in splits}
        label = {split: file[f"{split}/label"][:] for split in splits}
        image = {
            split: file[f"{split}/image"][:].reshape(len(label[split]), -1).astype(np.float32) / 255 for split in splits
        }

    count = len(label["train"])
    random = np.random.default_rng(options.seed)
    mask = np.zeros((options.runs, count), dtype=bool)
    correct = {split: np.empty((options.runs, len(label[split])), dtype=np.uint8) for split in splits}
    for run in range(options.runs):
        mask[run, random.permutation(count)[: int(0.7 * count)]] = True
        for split in splits:
            guess = predictions(
                image["train"], label["train"], image[split], mask[run], options.neighbours, len(names))
            correct[split][run] = guess == label[split]

    # All that a run depends on. Runs of equal `config` are of one configuration, in however many files they lie.
    config = {"architecture": "nearest neighbours", "neighbours": options.neighbours, "seed": options.seed}
    with h5py.File(options.output, "w") as file:
        file.attrs.update({
            "kind": "runs", "format": np.int32(1), "data": content,
            "config": json.dumps(config, sort_keys=True, separators=(",", ":")),
            "architecture": f"{options.neighbours} nearest neighbours",
            "parameter_count": np.int64(0),  # orders configurations by size, where they have one
        })
        put(file, "/class", names.astype(h5py.string_dtype()))
        put(file, "/run", np.arange(options.runs, dtype=np.int64))
        for split in splits:
            put(file, f"/{split}/example", example[split])
            put(file, f"/{split}/label", label[split], f"/{split}/example")
            put(file, f"/{split}/correct", correct[split], "/run", f"/{split}/example")
        put(file, "/train/in_mask", mask.astype(np.uint8), "/run", "/train/example")


if __name__ == "__main__":
    main()
