"""Gradient alignment by PyTorch with torch.func.vmap over per-example gradients: what `bench alignment` is beside.

    python Benchmarks/torch_alignment.py [EXAMPLES] [CHUNK]

ResNet-20 in evaluation mode, all parameters, ten classes: for each chunk of one class all gradients side by side, their sum
and norms. Prints seconds and the largest resident size.
"""

import os
import resource
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as functional
from torch.func import functional_call, grad, vmap

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "Tests/torch"))
from networks import network  # noqa: E402

torch.set_num_threads(int(os.environ.get("THREADS", os.cpu_count())))


def main():
    examples, chunk = (int(argument) for argument in (sys.argv[1:] + ["5000", "32"][len(sys.argv) - 1 :]))
    torch.manual_seed(0)
    model = network("resnet-20").eval()
    parameters = {name: value.detach() for name, value in model.named_parameters()}
    buffers = dict(model.named_buffers())
    image, label = torch.randn(examples, 3, 32, 32), torch.arange(examples) * 10 // examples

    def loss(parameters, image, label):
        return functional.cross_entropy(functional_call(model, (parameters, buffers), (image[None],)), label[None])

    gradients = vmap(grad(loss), (None, 0, 0))
    start = time.perf_counter()
    values = []
    for members in (torch.nonzero(label == c)[:, 0] for c in range(10)):
        total, squares, norms = None, 0.0, 0.0
        for batch in members.split(chunk):
            own = torch.cat([g.flatten(1) for g in gradients(parameters, image[batch], label[batch]).values()], 1)
            norm = own.norm(dim=1).double()
            squares, norms = squares + norm.square().sum(), norms + norm.sum()
            total = own.sum(0).double() if total is None else total + own.sum(0)
        n = len(members)
        values.append(float(n * (total.square().sum() - squares) / ((n - 1) * norms.square())))
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{examples} examples, chunks of {chunk}: {seconds:.2f} s, {peak:.0f} MB at most, "
          f"mean alignment {sum(values) / 10:.4f}")


if __name__ == "__main__":
    main()
