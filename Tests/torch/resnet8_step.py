"""Two training steps of ResNet-8 in PyTorch, as a fixture for the executors; and the losses on a few logits.

    python Tests/torch/resnet8_step.py Tests/NetworksTests/Fixtures

Weights, inputs and labels come from a hash that the Swift side computes too, so only results are stored. They
are computed in float64, so that what a float32 executor is charged with is its own rounding; the rounding of
PyTorch's own float32 is printed for comparison. Needs torch and numpy.

A line of the fixture is `QUANTITY TENSOR STRIDE COUNT SUM NORM VALUE...`: every STRIDE-th of COUNT elements,
the sum and the Euclidean norm of all. Tensors of up to 1024 elements are stored whole.
"""

import math
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F

from networks import network

CLASSES, BATCH, STEPS = 10, 16, 2
# Of the streams 1000 to 1459 the one whose values before a ReLU stay furthest from 0, 2.9e-6 over both steps:
# one that rounding carries over 0 changes gradients by up to 5e-3.
INPUT_STREAM = 1044
SGD = dict(lr=0.1, momentum=0.9, weight_decay=1e-4, nesterov=True)


def hashed(stream, count):
    """`count` numbers in [-1, 1), multiples of 2^-15: a 32-bit mixing function of stream and position."""
    x = np.arange(count, dtype=np.uint32) + np.uint32(stream * 0x9E3779B1 % 2**32)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        x ^= x >> np.uint32(shift)
        x *= np.uint32(factor)
    x ^= x >> np.uint32(16)
    return ((x >> np.uint32(16)).astype(np.float64) - 32768) / 32768


def starting_value(name, tensor, stream):
    v = hashed(stream, tensor.numel())
    if name.endswith("num_batches_tracked"):
        v = v * 0 + 7
    elif name.endswith("running_var") or (".bn" in f".{name}" and name.endswith("weight")):
        v = 1 + v / 2
    elif name.endswith("conv1.weight") or name.endswith("conv2.weight"):
        v = v / 8
    else:
        v = v / 4
    return torch.from_numpy(v).reshape(tensor.shape)


def line(quantity, name, tensor):
    v = tensor.detach().double().flatten().numpy()
    stride = 1
    if v.size > 1024:
        # Coprime with kernel sizes and channel counts, so that the sample meets all taps and channels.
        stride = next(s for s in range(math.ceil(v.size / 256), v.size) if s % 2 and s % 3)
    sampled = " ".join(f"{x:.9g}" for x in v[::stride])
    return f"{quantity} {name} {stride} {v.size} {v.sum():.9g} {np.linalg.norm(v):.9g} {sampled}"


def two_steps(dtype):
    model = network("resnet-8", CLASSES).to(dtype)
    state = model.state_dict()
    model.load_state_dict({k: starting_value(k, t, i + 1) for i, (k, t) in enumerate(state.items())})
    x = torch.from_numpy(2 * hashed(INPUT_STREAM, BATCH * 3 * 32 * 32)).reshape(BATCH, 3, 32, 32).to(dtype)
    x.requires_grad_()
    labels = torch.arange(BATCH) * 7 % CLASSES
    optimiser = torch.optim.SGD(model.parameters(), **SGD)

    results = {}
    model.eval()
    results["evaluation", "logits"] = model(x).detach()
    model.train()
    for step in range(1, STEPS + 1):
        optimiser.zero_grad()
        x.grad = None
        logits = model(x)
        loss = F.cross_entropy(logits, labels)
        loss.backward()
        results[f"loss{step}", "loss"] = loss.detach()
        results[f"gradient{step}", "input"] = x.grad.clone()
        for name, parameter in model.named_parameters():
            results[f"gradient{step}", name] = parameter.grad.clone()
        optimiser.step()
        for name, tensor in model.state_dict().items():
            results[f"state{step}", name] = tensor.clone()
    return results


def distillation_lines():
    """The soft-target loss at a few logits, in the arms that distillation has."""
    count, classes = 4, 5
    s = torch.from_numpy(8 * hashed(2000, count * classes)).reshape(count, classes).requires_grad_()
    t = torch.from_numpy(8 * hashed(2001, count * classes)).reshape(count, classes)
    labels = torch.arange(count) * 3 % classes
    arms = (0, 1, 0), (1, 3, 0), (1, 3, 1), (0.25, 2, 1), (0.3, 3, 0), (0.3, 3, 1)
    for weight, temperature, squared in arms:
        hard = F.cross_entropy(s, labels, reduction="none")
        soft = F.cross_entropy(s / temperature, F.softmax(t / temperature, 1), reduction="none")
        losses = (1 - weight) * hard + weight * soft * (temperature**2 if squared else 1)
        (gradient,) = torch.autograd.grad(losses.mean(), s)
        setting = f"w={weight},T={temperature},squared={squared}"
        yield line("losses", setting, losses)
        yield line("gradient", setting, gradient)


def main(folder):
    exact = two_steps(torch.float64)
    rounded = two_steps(torch.float32)
    print(f"PyTorch {torch.__version__}: the worst differences of its float32 from its float64")
    worst = {}
    for quantity, name in exact:
        a, b = rounded[quantity, name].double(), exact[quantity, name].double()
        difference = float((a - b).abs().max() / b.abs().max())
        worst[quantity] = max(worst.get(quantity, (0, "")), (difference, name))
    for quantity, (difference, name) in worst.items():
        print(f"  {quantity}: {difference:.2e} ({name})")
    folder = pathlib.Path(folder)
    (folder / "resnet8_step.txt").write_text("".join(line(*k, t) + "\n" for k, t in exact.items()))
    (folder / "distillation.txt").write_text("".join(text + "\n" for text in distillation_lines()))


if __name__ == "__main__":
    main(sys.argv[1])
