"""Measures of single examples in PyTorch and NumPy, in float64, as a fixture for Sources/Probes.

    python Tests/torch/probes.py Tests/ProbesTests/Fixtures

Images and states come from a hash that the Swift side computes too. Labels are what snapshot 0 says, once the mean logits
are taken off, so that networks of random weights know some of them. Needs torch and numpy.

A line of a fixture is `QUANTITY VALUE...`, one value an example.
"""

import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F

from networks import network
from resnet8_step import hashed

EXAMPLES, SIDE, CLASSES, SNAPSHOTS, K, DRAWS, STEP, SEED = 24, 8, 4, 3, 5, 10, 1e-3, 9
NETWORKS = {"resnet-8 width=0.5": 11, "mlp activation=sin width=24": 12}
# Published positions of the examples, which name their random signs.
POSITIONS = [3 * i + 1 for i in range(EXAMPLES)]
IN_CURVATURE = 12  # the purpose of the signs' random stream


def philox(counter, key):
    """Philox4x32-10: four words of 32 bits."""
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & 0xFFFFFFFF, (a >> 32) ^ c[3] ^ k[1], a & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def signs(position, draw):
    """Random signs, (channel, y, x); they are drawn in (y, x, channel) order, 32 a word from the lowest bit on."""
    words, count = [], 3 * SIDE * SIDE
    while len(words) * 32 < count:
        words += philox([len(words) // 4, position, draw, 0], [SEED, IN_CURVATURE << 24])
    bits = [words[i // 32] >> i % 32 & 1 for i in range(count)]
    return np.array([1.0 if bit else -1.0 for bit in bits]).reshape(SIDE, SIDE, 3).transpose(2, 0, 1)


def images(stream):
    pixels = np.floor((hashed(stream, EXAMPLES * SIDE * SIDE * 3) + 1) * 128).reshape(EXAMPLES, SIDE, SIDE, 3)
    # Channels of different spreads, which standardisation evens out.
    pixels = np.floor(pixels / [1, 2, 4])
    standard = (pixels - pixels.mean((0, 1, 2))) / pixels.std((0, 1, 2))
    return torch.from_numpy(standard.transpose(0, 3, 1, 2).copy())


def model(label, snapshot):
    net = network(label, CLASSES, (3, SIDE, SIDE)).double().eval()
    state = {}
    for index, (name, tensor) in enumerate(net.state_dict().items()):
        v = hashed(100 * snapshot + index + 1, tensor.numel())
        if name.endswith("num_batches_tracked"):
            v = v * 0 + 7
        elif name.endswith("running_var") or (".bn" in f".{name}" and name.endswith("weight")):
            v = 1 + v / 2
        else:
            v = v / (8 if tensor.dim() == 4 else 4)
        state[name] = torch.from_numpy(v).reshape(tensor.shape)
    net.load_state_dict(state)
    return net


def input_gradient(net, x, y, loss):
    x = x.clone().requires_grad_()
    logits = net(x)
    value = F.cross_entropy(logits, y, reduction="sum") if loss else logits.gather(1, y[:, None]).sum()
    return torch.autograd.grad(value, x)[0].numpy()


def norms(net, x, y):
    """Of each example's loss gradient, over all parameters and over the last layer."""
    everything, last = [], []
    names = [name for name, _ in net.named_parameters()]
    final = names[-1].rsplit(".", 1)[0]
    for i in range(EXAMPLES):
        gradients = torch.autograd.grad(F.cross_entropy(net(x[i : i + 1]), y[i : i + 1]), list(net.parameters()))
        squares = [(g**2).sum().item() for g in gradients]
        everything.append(sum(squares) ** 0.5)
        last.append(sum(s for s, n in zip(squares, names) if n.startswith(final + ".")) ** 0.5)
    return everything, last


def representations(label, net, x):
    """Of each layer from the input to the softmax, (example, feature)."""
    layers = [x]
    if label.startswith("mlp"):
        x = net.activation(net.fc1(x.permute(0, 2, 3, 1).flatten(1)))
        layers += [x, net.fc2(x).softmax(1)]
    else:
        x = net.relu(net.bn1(net.conv1(x)))
        layers.append(x)
        for layer in (net.layer1, net.layer2, net.layer3):
            x = layer(x)
            layers.append(x)
        x = x.mean((2, 3))
        layers += [x, net.fc(x).softmax(1)]
    return [layer.flatten(1).numpy() for layer in layers]


def depth(label, net, x, y):
    references = [i for i in range(EXAMPLES) if i % 3 != 2]
    prediction = net(x).argmax(1).numpy()
    layers = representations(label, net, x)
    agrees = []
    for layer in layers:
        row = []
        for i in range(EXAMPLES):
            others = sorted((((layer[i] - layer[j]) ** 2).sum(), j) for j in references if j != i)
            votes = np.bincount([y[j] for _, j in others[:K]], minlength=CLASSES)
            row.append(votes.argmax() == prediction[i])
        agrees.append(row)
    depths = []
    for i in range(EXAMPLES):
        wrong = [l for l in range(len(layers)) if not agrees[l][i]]
        depths.append(wrong[-1] + 1 if wrong else 0)
    return depths


def fixture(label, stream):
    x = images(stream)
    nets = [model(label, snapshot) for snapshot in range(SNAPSHOTS)]
    with torch.no_grad():
        logits = nets[0](x)
        y = (logits - logits.mean(0)).argmax(1)
        yield "labels", y.tolist()
        yield "depth", depth(label, nets[0], x, y.numpy())
    maps = np.stack([input_gradient(net, x, y, loss=False).mean(1) for net in nets])
    yield "vog", maps.std(0).mean((1, 2))
    for name, values in zip(("grand", "grand-last"), norms(nets[0], x, y)):
        yield name, values
    gradients = [input_gradient(net, x, y, loss=True).reshape(EXAMPLES, -1) for net in nets]
    yield "sensitivity", np.mean([np.linalg.norm(g, axis=1) for g in gradients], 0)
    yield "sensitivity-absolute", np.mean([abs(g).sum(1) for g in gradients], 0)
    curvature = np.zeros(EXAMPLES)
    for net, base in zip(nets, gradients):
        for draw in range(DRAWS):
            v = torch.from_numpy(np.stack([signs(position, draw) for position in POSITIONS]))
            moved = input_gradient(net, x + STEP * v, y, loss=True).reshape(EXAMPLES, -1)
            curvature += ((moved - base) ** 2).sum(1) / STEP**2
    yield "curvature", curvature / (DRAWS * SNAPSHOTS)


def main(folder):
    for label, stream in NETWORKS.items():
        lines = [" ".join([name] + [f"{v:.9g}" for v in values]) for name, values in fixture(label, stream)]
        path = pathlib.Path(folder) / f"{label.replace(' ', '_')}.txt"
        path.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
