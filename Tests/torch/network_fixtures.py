"""One training step of each family of networks in PyTorch, as fixtures for the executors.

    python Tests/torch/network_fixtures.py Tests/NetworksTests/Fixtures [LABEL...]

Writes `networks/LABEL.txt`, with _ for blanks, of the labels given or of all, and `networks/state_dicts.txt`. Weights and
inputs are hashed, as `hashed_state` and `hashed_input` in one_step.py say, so that only results are stored; these are
of float64. What float32 makes of them, in several orders of summation, is printed. Needs torch, torchvision and numpy.

The first lines of a fixture are

    network LABEL
    input STREAM BATCH CHANNELS HEIGHT WIDTH CLASSES
    nudge TENSOR CHANNEL STEPS CHANNEL STEPS ...
    rounding QUANTITY DIFFERENCE

A nudge adds STEPS / 512 to the hashed bias of a channel. It keeps values away from where the slope of a function jumps,
so that rounding takes none to its other side. What PyTorch's float32 makes of a quantity is up to DIFFERENCE off, as
`fixture_differences` defines it. The labels are example * 7 % CLASSES. Each other line is

    QUANTITY TENSOR STRIDE COUNT PROJECTION NORM VALUE...

with every STRIDE-th of COUNT elements, the sum of all times hashed(0, COUNT), which depends on their order, and their
Euclidean norm. Quantities: `logits`, `losses`, `gradient` (of
the mean loss), `statistics` (after the pass), `evaluation` (logits with these). `vanishing` is a gradient that is 0 but for
rounding: its numbers are 0, but for the norm, which is that of the network's largest gradient.

A line of `state_dicts.txt` is `HASH TENSORS PARAMETERS CLASSES LABEL`: the FNV-1a hash (64 bits, hexadecimal) of
`NAME SHAPE\\n` of each tensor of state_dict, the shape in decimal with commas, for images of 3 x 32 x 32.
"""

import math
import pathlib
import sys

import torch

from networks import PUBLISHED, VARIANTS, network, parameter_count
from one_step import Kinks, differences, hashed_input, hashed_labels, hashed_state, one_step, vanishing
from resnet8_step import hashed

QUANTITIES = ("logits", "losses", "gradient", "statistics", "evaluation")
CLASSES = 10
SAMPLES = 4
STEP, MOST_STEPS = 1 / 512, 31
# Of the greatest magnitude of a tensor: values closer to a kink are moved.
MARGIN = 2e-5
# Of these, the input whose values, and the largest two of those that are pooled, stay furthest from kinks.
STREAMS = range(1000, 1008)

# Labels, height and width, and images.
CASES = [
    ("mlp", 32, 4),
    ("mlp activation=sin", 32, 4),
    ("mlp activation=sigmoid", 32, 4),
    ("mlp activation=linear width=64", 32, 4),
    ("convnet", 32, 4),
    ("resnet-20", 32, 4),
    ("resnet-14 shortcut=B", 32, 4),
    ("resnet-14-v2", 32, 4),
    ("resnet-14-v2 shortcut=B", 32, 4),
    ("resnet-56", 32, 2),
    ("resnet-18", 64, 4),
    ("resnet-18 stem=small", 32, 4),
    ("resnet-50", 64, 8),
    ("resnet-50 stem=small", 32, 4),
    ("densenet-121", 64, 4),
    ("densenet-121 stem=small", 32, 2),
    ("mobilenet-v3-small", 64, 4),
    ("mobilenet-v3-small stem=small width=0.5", 32, 4),
    ("mobilenet-v3-large", 64, 4),
    ("mobilenet-v3-large width=0.5", 64, 4),
]


class Nudges(Kinks):
    """Moves the values before a function with a kink away from it, by the bias that was added last.

    Used around a forward pass of `model` without gradients; `steps` then are what to add, by tensor and channel.
    """

    def __init__(self, model):
        super().__init__()
        self.bias, self.steps = None, {}
        for name, module in model.named_modules():
            if getattr(module, "bias", None) is not None:
                module.register_forward_hook(lambda *_, name=name: setattr(self, "bias", f"{name}.bias"))

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        distance = self.distances.get(function.overloadpacket.__name__.rstrip("_"))
        if distance and self.bias:
            self.move(arguments[0], distance)
        return super().__torch_dispatch__(function, types, arguments, options)

    def move(self, x, distance):
        values = x.transpose(0, 1).flatten(1)
        wanted = MARGIN * float(x.abs().max())
        margins = distance(values).amin(1)
        shift = torch.zeros_like(margins)
        for channel in torch.nonzero(margins < wanted).flatten().tolist():
            best = margins[channel]
            for steps in range(1, MOST_STEPS + 1):
                margin = distance(values[channel] + steps * STEP).min()
                if margin > best:
                    best, shift[channel] = margin, steps
                if best >= wanted:
                    break
        for channel in torch.nonzero(shift).flatten().tolist():
            self.steps.setdefault(self.bias, {})[channel] = int(shift[channel])
        x.add_((shift * STEP).reshape(1, -1, *[1] * (x.dim() - 2)))


def nudged_state(label, image, x):
    """The hashed state with nudges for an input; and these."""
    model = network(label, CLASSES, image).double()
    state = hashed_state(model)
    model.load_state_dict(state)
    nudges = Nudges(model)
    with torch.no_grad(), nudges:
        model.train()(x)
    for name, channels in nudges.steps.items():
        for channel, steps in channels.items():
            state[name][channel] += steps * STEP
    return state, nudges


def sampled(v):
    stride = 1
    if v.numel() > SAMPLES:
        # Coprime with kernel sizes and channel counts, so that the samples meet different taps and channels.
        stride = next(s for s in range(math.ceil(v.numel() / SAMPLES), v.numel() + 3) if s % 2 and s % 3)
    return stride, v.flatten()[::stride]


def projection(v):
    return float(v.flatten() @ torch.from_numpy(hashed(0, v.numel())))


def line(quantity, name, v):
    stride, samples = sampled(v)
    numbers = " ".join(f"{number:.8g}" for number in [projection(v), v.norm(), *samples])
    return f"{quantity} {name} {stride} {v.numel()} {numbers}\n"


def result_lines(exact):
    nothing, _ = vanishing(exact)
    largest = max(float(v.norm()) for (quantity, _), v in exact.items() if quantity == "gradient")
    for (quantity, name), v in exact.items():
        if quantity == "gradient" and name in nothing:
            yield f"vanishing {name} {v.numel()} {v.numel()} 0 {largest:.8g} 0\n"
        elif not name.endswith("num_batches_tracked"):
            yield line(quantity, name, v)


def fixture_differences(results, exact):
    """By quantity the worst difference that a test with the fixture sees, and the tensor.

    Of the samples, by the greatest of them or the root mean square of all, whichever is more; of the norm and the
    projection, by the norm.
    """
    nothing, _ = vanishing(exact)
    largest = max(float(v.norm()) for (quantity, _), v in exact.items() if quantity == "gradient")
    worst = {}
    for (quantity, name), b in exact.items():
        a, norm = results[quantity, name], float(b.norm())
        if quantity == "gradient" and name in nothing:
            difference = float(a.norm()) / largest
        else:
            (_, ours), (_, theirs) = sampled(a), sampled(b)
            scale = max(float(theirs.abs().max()), norm / math.sqrt(b.numel()))
            difference = max(
                float((ours - theirs).abs().max()) / scale, abs(float(a.norm()) - norm) / norm,
                abs(projection(a - b)) / norm)
        worst[quantity] = max(worst.get(quantity, (0, "")), (difference, name))
    return worst


def rounded(label, state, x, labels):
    """The step in float32, with sums in several orders."""
    for mkldnn, threads in ((True, 1), (True, 2), (False, 1)):
        torch.set_num_threads(threads)
        with torch.backends.mkldnn.flags(enabled=mkldnn):
            yield one_step(label, CLASSES, state, x, labels, torch.float32)[0]


def fixture(label, size, batch):
    """The text of one fixture; prints how far float32 is from it."""
    image, labels = (3, size, size), hashed_labels(batch, CLASSES)
    best = None
    for stream in STREAMS:
        state, nudges = nudged_state(label, image, hashed_input(stream, batch, image))
        if best is None or nudges.nearest > best[0]:
            best = nudges.nearest, stream, state, nudges
    nearest, stream, state, nudges = best
    x = hashed_input(stream, batch, image)
    exact, kinks = one_step(label, CLASSES, state, x, labels, torch.float64)
    text = f"network {label}\ninput {stream} {batch} {' '.join(map(str, image))} {CLASSES}\n"
    for name, channels in nudges.steps.items():
        text += f"nudge {name} {' '.join(f'{c} {steps}' for c, steps in channels.items())}\n"
    seen, all_numbers = {}, 0
    for results in rounded(label, state, x, labels):
        for quantity, (difference, name) in fixture_differences(results, exact).items():
            seen[quantity] = max(seen.get(quantity, (0, "")), (difference, name))
        all_numbers = max(all_numbers, max(difference for difference, _ in differences(results, exact).values()))
    text += "".join(f"rounding {quantity} {difference:.1e}\n" for quantity, (difference, _) in seen.items())
    text += "".join(result_lines(exact))
    columns = "".join(f"{seen[q][0]:10.1e}" if q in seen else f"{'':10}" for q in QUANTITIES)
    moved = sum(map(len, nudges.steps.values()))
    print(f"{label:40}{batch:3} x {size}{len(text) / 1000:8.1f}{moved:8}{kinks.nearest:10.1e}{columns}{all_numbers:12.1e}  "
          f"{seen['gradient'][1]}", flush=True)
    return text


def fnv1a(text):
    hash = 0xCBF29CE484222325
    for byte in text.encode():
        hash = (hash ^ byte) * 0x100000001B3 % 2**64
    return hash


def state_dict_lines():
    for label, classes in [*PUBLISHED, *VARIANTS]:
        model = network(label, classes)
        state = model.state_dict()
        text = "".join(f"{name} {','.join(map(str, tensor.shape))}\n" for name, tensor in state.items())
        yield f"{fnv1a(text):016x} {len(state)} {parameter_count(model)} {classes} {label}\n"


def main(folder, labels):
    folder = pathlib.Path(folder) / "networks"
    folder.mkdir(exist_ok=True)
    print(f"PyTorch {torch.__version__}: the worst differences of its float32 from its float64, in the fixtures and, last, "
          "in any element")
    print(f"{'':46}{'kB':>9}{'nudges':>8}{'margin':>10}" + "".join(f"{q:>10}" for q in QUANTITIES) + f"{'any':>12}")
    for label, size, batch in CASES:
        if not labels or label in labels:
            (folder / f"{label.replace(' ', '_')}.txt").write_text(fixture(label, size, batch))
    (folder / "state_dicts.txt").write_text("".join(state_dict_lines()))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
