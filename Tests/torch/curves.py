"""Loss curves from the same weights on the same batches: ours, and PyTorch's in several orders of summation.

    python Tests/torch/curves.py DATA.h5 --bench .build/release/bench

Trains ResNet-20 on the images of the data set's training split in the order of the file, without augmentation, and
prints how far each two curves are apart in windows of steps. A sum taken in another order gives other bits, and training
amplifies them: after some tens of steps two runs of PyTorch differ in the second or third digit. Ours may differ from
PyTorch's by as much, and no more. float64 stands for the curve without rounding; it is slow, and so it is left out unless
--float64 is given. Needs torch, numpy and h5py.
"""

import argparse
import itertools
import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy as np
import torch
import torch.nn.functional as F

from networks import ResNet

OURS, EXACT = "rote", "float64"
SGD = dict(lr=0.05, momentum=0.9, nesterov=True, weight_decay=5e-4)
# Steps by which two curves have grown apart from rounding to chaos.
WINDOWS = (0, 3, 10, 30, 100, 300, 1000, 3000)


def initial_model(depth, seed):
    torch.manual_seed(seed)
    model = ResNet(depth, 10)
    for module in model.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return model


def torch_losses(state, images, labels, options, threads=1, channels_last=False, mkldnn=True, dtype=torch.float32):
    """The loss of each step, before it."""
    torch.set_num_threads(threads)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    model = ResNet(options.depth, 10)
    model.load_state_dict(state)
    model = model.to(dtype=dtype, memory_format=layout)
    optimiser = torch.optim.SGD(model.parameters(), **SGD)
    losses = []
    with torch.backends.mkldnn.flags(enabled=mkldnn):
        for step in range(options.steps):
            batch = slice(step * options.batch, (step + 1) * options.batch)
            x = torch.from_numpy(images[batch]).permute(0, 3, 1, 2).to(dtype).sub(128).div(64)
            loss = F.cross_entropy(model(x.contiguous(memory_format=layout)), torch.from_numpy(labels[batch]).long())
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
    return np.array(losses)


def our_losses(state, images, labels, options):
    """The same from `bench losses`, through files."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        flat = torch.cat([tensor.flatten().float() for tensor in state.values()]).numpy()
        flat.astype("<f4").tofile(folder / "state")
        images.tofile(folder / "images")
        labels.astype("<i4").tofile(folder / "labels")
        command = [options.bench, "losses", "--architecture", f"resnet-{options.depth}"]
        for name in ("state", "images", "labels"):
            command += [f"--{name}", folder / name]
        command += ["--steps", str(options.steps), "--batch", str(options.batch), "--learning-rate", str(SGD["lr"]),
                    "--momentum", str(SGD["momentum"]), "--weight-decay", str(SGD["weight_decay"])]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return np.array([float(line) for line in done.stdout.split()])


def relative(a, b):
    return np.abs(a - b) / np.maximum(np.abs(a), np.abs(b))


def windows(steps):
    edges = [edge for edge in WINDOWS if edge < steps] + [steps]
    return list(zip(edges, edges[1:]))


def print_pairs(curves, steps):
    """Each pair of curves: mean and greatest relative difference in each window."""
    spans = windows(steps)
    print("\nRelative difference of losses, mean / greatest, in steps")
    print(f"{'':42}" + "".join(f"{f'{a}-{b - 1}':>18}" for a, b in spans))
    for first, second in itertools.combinations(curves, 2):
        difference = relative(curves[first], curves[second])
        cells = (f"{difference[a:b].mean():.1e} / {difference[a:b].max():.1e}" for a, b in spans)
        print(f"{first + ' : ' + second:42}" + "".join(f"{cell:>18}" for cell in cells))


def print_verdict(curves, steps):
    """For each window, ours against each PyTorch curve in float32 and these among themselves, as means."""
    theirs = [name for name in curves if name not in (OURS, EXACT)]
    print("\nMean relative difference; then the difference of the mean losses of the window, relative")
    print(f"{'steps':>10}{'ours to PyTorch':>28}{'PyTorch to PyTorch':>28}{'ours':>14}{'PyTorch':>14}")
    within = True
    for a, b in windows(steps):
        def mean(one, other):
            return relative(curves[one], curves[other])[a:b].mean()

        def of_means(one, other):
            return relative(curves[one][a:b].mean(), curves[other][a:b].mean())

        mine = [(OURS, name) for name in theirs]
        others = list(itertools.combinations(theirs, 2))
        rows = [[mean(*pair) for pair in mine], [mean(*pair) for pair in others]]
        bounds = "".join(f"{f'{min(row):.1e} to {max(row):.1e}':>28}" for row in rows)
        ends = "".join(f"{max(of_means(*pair) for pair in pairs):>14.1e}" for pairs in (mine, others))
        print(f"{f'{a}-{b - 1}':>10}{bounds}{ends}")
        within = np.median(rows[0]) <= max(rows[1])
    print(f"\nOver the last window the median of ours to PyTorch's is {'' if within else 'NOT '}within PyTorch's own.")
    return within


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="a data set file of 32x32 images in 10 classes, such as CIFAR-10")
    parser.add_argument("--bench", default=".build/release/bench", help="the built program")
    parser.add_argument("--depth", type=int, default=20)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--seed", type=int, default=0, help="of the initial weights")
    parser.add_argument("--float64", action="store_true", help="PyTorch in float64 too")
    parser.add_argument("--without", action="append", default=[], metavar="VARIANT",
                        help="leave out a variant of PyTorch's, such as 'mkldnn off', which takes minutes")
    parser.add_argument("--curves", type=pathlib.Path, help="where to write all losses, a column a curve")
    options = parser.parse_args()

    count = options.steps * options.batch
    with h5py.File(options.data) as data:
        images, labels = data["train/image"][:count], data["train/label"][:count]
    if len(images) < count:
        parser.error(f"{options.steps} steps take {count} images; there are {len(images)}")
    state = initial_model(options.depth, options.seed).state_dict()

    variants = {
        "1 thread": dict(),
        "2 threads": dict(threads=2),
        "channels-last": dict(channels_last=True),
        "channels-last, 2 threads": dict(channels_last=True, threads=2),
        "mkldnn off": dict(mkldnn=False, threads=2),
    }
    if options.float64:
        variants[EXACT] = dict(dtype=torch.float64, threads=2)
    variants = {name: settings for name, settings in variants.items() if name not in options.without}
    curves = {OURS: our_losses(state, images, labels, options)}
    print(f"{OURS}: first {curves[OURS][0]:.6f}, last {curves[OURS][-1]:.6f}", flush=True)
    for name, settings in variants.items():
        losses = curves[name] = torch_losses(state, images, labels, options, **settings)
        print(f"{name}: first {losses[0]:.6f}, last {losses[-1]:.6f}", flush=True)

    if options.curves:
        header = "\t".join(curves)
        np.savetxt(options.curves, np.stack(list(curves.values()), 1), "%.9g", "\t", header=header, comments="")
    print_pairs(curves, options.steps)
    return 0 if print_verdict(curves, options.steps) else 1


if __name__ == "__main__":
    sys.exit(main())
