"""One forward and backward pass of a network in PyTorch, all that comes of it, and how far two such results are apart."""

import torch
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from networks import network
from resnet8_step import hashed

# A gradient that is smaller than the network's largest by more than this is 0 but for rounding, as that of a shift that
# a batch-norm takes away again: in MobileNet the batch-norms' biases at the end of blocks.
NOTHING = 1e-10


def hashed_value(name, shape, stream):
    """A tensor of the starting state, each number exact in float32.

    Of more than one axis: v / 2^k, k the least with 12 * 4^k not below the fan-in, which is the product of all axes but the
    first; so the variance is between half of He's and twice that. Scales and running variances: 1 + v / 2; other vectors:
    v / 4; numbers of batches: 7.
    """
    v = torch.from_numpy(hashed(stream, shape.numel())).reshape(shape)
    if len(shape) == 0:
        return v * 0 + 7
    if len(shape) > 1:
        k = 0
        while 12 * 4**k < shape[1:].numel():
            k += 1
        return v / 2**k
    return 1 + v / 2 if name.endswith((".weight", ".running_var")) else v / 4


def hashed_state(model):
    """The whole state: the stream of a tensor is its place in state_dict, from 1 on."""
    return {
        name: hashed_value(name, tensor.shape, place)
        for place, (name, tensor) in enumerate(model.state_dict().items(), start=1)
    }


def hashed_input(stream, batch, image):
    """Values in [-2, 2), (example, channel, y, x)."""
    shape = (batch, *image)
    return torch.from_numpy(2 * hashed(stream, torch.Size(shape).numel())).reshape(shape)


def hashed_labels(batch, classes):
    return torch.arange(batch) * 7 % classes


class Kinks(TorchDispatchMode):
    """How close values come to where a function's slope jumps, in each tensor relative to its greatest magnitude.

    Rounding that takes a value to the other side changes gradients not by rounding, but by a jump. ReLU jumps at 0,
    hard-swish and hard-sigmoid at -3 and 3, a maximum where the two largest are equal. Values that are there exactly are
    not counted: they have come from zeros, and stay.
    """

    distances = {
        "relu": torch.abs,
        "hardswish": lambda x: (x.abs() - 3).abs(),
        "hardsigmoid": lambda x: (x.abs() - 3).abs(),
    }

    def __init__(self, within=1e-6):
        super().__init__()
        self.within, self.nearest, self.close, self.count = within, 1.0, 0, 0

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        name = function.overloadpacket.__name__.rstrip("_")
        x = arguments[0] if arguments else None
        if name in self.distances:
            self.note(x, self.distances[name](x))
        elif name == "max_pool2d_with_indices":
            kernel, stride, padding = (argument[0] for argument in (*arguments[1:4], (0,))[:3])
            # Padded with 0, since what is pooled comes out of a ReLU.
            windows = F.pad(x, (padding,) * 4).unfold(2, kernel, stride).unfold(3, kernel, stride).flatten(4)
            first, second = windows.topk(2, dim=-1).values.unbind(-1)
            self.note(x, first - second)
        return function(*arguments, **(options or {}))

    def note(self, x, distance):
        distance = distance[distance > 0] / x.abs().max()
        self.count += distance.numel()
        self.close += int((distance < self.within).sum())
        if distance.numel():
            self.nearest = min(self.nearest, float(distance.min()))


def one_step(label, classes, state, x, labels, dtype):
    """What a training-mode pass from a state computes, and an evaluation-mode pass after it.

    Returns tensors in float64 by quantity and name: logits; losses, one an example; the gradient of their mean by each
    parameter; the running statistics after the pass; the logits in evaluation mode with these. And the kinks.
    """
    model = network(label, classes, x.shape[1:]).to(dtype)
    model.load_state_dict(state, strict=True)
    x = x.to(dtype)
    kinks = Kinks()
    with kinks:
        logits = model.train()(x)
    losses = F.cross_entropy(logits, labels, reduction="none")
    losses.mean().backward()
    results = {("logits", "logits"): logits, ("losses", "losses"): losses}
    results |= {("gradient", name): parameter.grad for name, parameter in model.named_parameters()}
    results |= {("statistics", name): buffer for name, buffer in model.named_buffers()}
    results = {key: tensor.detach().double().clone() for key, tensor in results.items()}
    with torch.no_grad():
        results["evaluation", "logits"] = model.eval()(x).double()
    return results, kinks


def vanishing(exact):
    """The names of parameters whose gradient is 0 but for rounding; and the largest gradient of all."""
    largest = {name: float(t.abs().max()) for (quantity, name), t in exact.items() if quantity == "gradient"}
    most = max(largest.values())
    return {name for name, value in largest.items() if value <= NOTHING * most}, most


def differences(results, exact, floor=0):
    """By quantity the largest of max |a - b| / max |b| over tensors, and the tensor. NaN counts as largest.

    A gradient that vanishes is held against the largest of the network; one below `floor` of that, against this share.
    """
    nothing, most = vanishing(exact)
    worst = {}
    for (quantity, name), b in exact.items():
        a = results[quantity, name]
        scale = float(b.abs().max())
        if quantity == "gradient":
            scale = most if name in nothing else max(scale, floor * most)
        difference = float((a - b).abs().max()) / scale if scale > 0 else float("nan" if a.any() else 0)
        known, _ = worst.get(quantity, (-1, ""))
        if known == known and not difference <= known:
            worst[quantity] = (difference, name)
    return worst
