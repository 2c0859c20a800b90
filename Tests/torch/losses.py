"""The losses of labels and their gradients in PyTorch, as a fixture.

    python Tests/torch/losses.py Tests/NetworksTests/Fixtures

Logits come from a hash that the Swift side computes too. The format is that of resnet8_step.py. Needs torch and numpy.
"""

import pathlib
import sys

import torch
import torch.nn.functional as F
from resnet8_step import hashed, line

COUNT, CLASSES = 6, 5


def losses(z, labels):
    """Each loss by its name, (example)."""
    onehot = F.one_hot(labels, CLASSES)
    for temperature in (1, 3):
        yield f"cross-entropy,T={temperature}", F.cross_entropy(z / temperature, labels, reduction="none")
    for temperature, smoothing in ((1, 0.1), (1, 0.5), (3, 0.1)):
        yield f"cross-entropy,T={temperature},S={smoothing}", F.cross_entropy(
            z / temperature, labels, reduction="none", label_smoothing=smoothing
        )
    for margin in (1, 0.25):
        # PyTorch's is the mean over the classes.
        yield f"hinge,margin={margin}", CLASSES * F.multi_margin_loss(z, labels, margin=margin, reduction="none")
    for scale in (1, 4):
        squares = F.mse_loss(z, (scale * onehot).double(), reduction="none")
        yield f"squared,mean,scale={scale}", squares.mean(1)
        yield f"squared,half,scale={scale}", squares.sum(1) / 2


def main(folder):
    z = torch.from_numpy(4 * hashed(2002, COUNT * CLASSES)).reshape(COUNT, CLASSES)
    # Classes that are the margin away exactly: kinks of the hinge.
    z[0] = torch.tensor([1.0, 0.0, 0.75, 1.0, 2.0])
    z.requires_grad_()
    labels = torch.arange(COUNT) * 3 % CLASSES
    lines = []
    for name, values in losses(z, labels):
        (gradient,) = torch.autograd.grad(values.mean(), z, retain_graph=True)
        lines += [line("losses", name, values), line("gradient", name, gradient)]
    (pathlib.Path(folder) / "losses.txt").write_text("".join(text + "\n" for text in lines))


if __name__ == "__main__":
    main(sys.argv[1])
