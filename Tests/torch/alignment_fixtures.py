"""The alignment of networks' gradients in PyTorch, in float64, as fixtures for `align`.

    python Tests/torch/alignment_fixtures.py Tests/ToolTests/Fixtures/alignment [LABEL...]

Writes `LABEL.txt`, with _ for blanks, of the labels given or of all: what the gradients of single examples by autograd make,
in evaluation mode, over the 240 images of `fetch-data sprites --train 0:240`. Weights are hashed, as `hashed_state` in
one_step.py says, so that only results are stored. What float32 makes of them is printed: a value near a ReLU's kink takes
the other side there. Needs torch, torchvision and h5py; the tools are those of bin/.

A line of a fixture is, with tabs between,

    TENSOR ALL ACROSS DIVERSITY NORM CLASS...

the alignment over all examples and across classes, gradient diversity over all, the norm of the mean gradient over the
tensor's, and the alignment within each class; nan where a tensor has no gradient. The last two tensors are `logits`, which
have no norm of their own (nan), and `all parameters`.
"""

import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy as np
import torch
import torch.nn.functional as F

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "examples"))
from networks import network  # noqa: E402
from one_step import hashed_state  # noqa: E402
from pytorch_weights import standardised  # noqa: E402

LABELS = ["resnet-8", "convnet", "mobilenet-v3-small"]
IMAGES = 240


class Sums:
    """Of some vectors: their sum, and those of their norms and squared norms."""

    def __init__(self):
        self.count, self.sum, self.norms, self.squares = 0, 0, 0, 0

    def add(self, v):
        square = float(v @ v)
        self.count, self.sum = self.count + 1, self.sum + v
        self.norms, self.squares = self.norms + square**0.5, self.squares + square

    def alignment(self):
        """The mean inner product of two, over the square of the mean norm; nan below two vectors, or where all are 0."""
        if self.count < 2 or self.norms == 0:
            return np.nan
        pairs = self.count * (self.count - 1)
        return (float(self.sum @ self.sum) - self.squares) / pairs / (self.norms / self.count) ** 2


def across(classes, every):
    """The same over pairs of different classes."""
    inside = sum(float(c.sum @ c.sum) for c in classes)
    pairs = every.count**2 - sum(c.count**2 for c in classes)
    return (float(every.sum @ every.sum) - inside) / pairs / (every.norms / every.count) ** 2


def sums(model, x, label, classes):
    """By tensor: the sums of each class, and of all."""
    names = [*(name for name, _ in model.named_parameters()), "logits", "all parameters"]
    found = {name: ([Sums() for _ in range(classes)], Sums()) for name in names}
    for i, c in enumerate(label.tolist()):
        logits = model(x[i : i + 1])
        loss = F.cross_entropy(logits, label[i : i + 1])
        *parameters, last = torch.autograd.grad(loss, [*model.parameters(), logits])
        parameters = [g.flatten().double() for g in parameters]
        for name, g in zip(names, [*parameters, last.flatten().double(), torch.cat(parameters)]):
            found[name][0][c].add(g)
            found[name][1].add(g)
    return found


def rows(model, x, label, classes):
    """By tensor, the numbers of a fixture's line."""
    weights = {name: parameter.detach().double().flatten() for name, parameter in model.named_parameters()}
    weights["all parameters"] = torch.cat(list(weights.values()))
    for name, (own, every) in sums(model, x, label, classes).items():
        if every.squares == 0:
            yield name, [np.nan] * (4 + classes)
            continue
        norm = float(every.sum.norm() / every.count / weights[name].norm()) if name in weights else np.nan
        diversity = every.squares / float(every.sum @ every.sum)
        yield name, [every.alignment(), across(own, every), diversity, norm, *(c.alignment() for c in own)]


def sprites():
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/data.h5"
        subprocess.run(["bin/fetch-data", "sprites", "--train", f"0:{IMAGES}", "--test", "0:10", "-q", "-o", path], check=True)
        with h5py.File(path) as file:
            return file["train/image"][:], torch.tensor(file["train/label"][:]).long(), len(file["class"])


def main(folder, labels):
    image, label, classes = sprites()
    x = standardised(image, image, "per-channel")
    for name in labels or LABELS:
        model = network(name, classes, (image.shape[3], *image.shape[1:3])).eval()
        model.load_state_dict(hashed_state(model))
        rounded = dict(rows(model, x, label, classes))
        exact = dict(rows(model.double(), x.double(), label, classes))
        path = pathlib.Path(folder) / f"{name.replace(' ', '_')}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join("\t".join([t, *(f"{v:.7g}" for v in values)]) + "\n" for t, values in exact.items()))
        off = {t: np.abs(np.array(rounded[t]) - exact[t]) / np.maximum(1, np.abs(exact[t])) for t in exact}
        columns = {"alignment": [0, 1, *range(4, 4 + classes)], "diversity": [2]}
        worst = {k: max((float(np.nanmax(o[c])), t) for t, o in off.items() if not np.isnan(o[c]).all())
                 for k, c in columns.items()}
        relative = max((abs(rounded[t][3] / exact[t][3] - 1), t) for t in exact if exact[t][3] > 0)
        print(f"{name}: float32 is off by {worst}, norms by {relative}; all parameters {exact['all parameters']}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
