"""`align` beside its definition in PyTorch: the gradients of single examples by autograd in float64, and all their pairs.

`make test` holds the values that alignment_fixtures.py stores of three networks; this checks others, trained ones, and all of
align's measures.

    python Tests/torch/check_alignment.py [ARCHITECTURE...]

Needs torch, torchvision and h5py; the tools are those of bin/.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np
import torch
import torch.nn.functional as functional

sys.path.insert(0, str(Path("examples").resolve()))
from alignment_fixtures import rows  # noqa: E402
from pytorch_weights import network, standardised, state_dict  # noqa: E402

# Where a value is closer to a ReLU's kink, or to another one in the window of a max-pool, than floats can tell, the gradient
# takes another way. It happens to some of so many images. A tensor of few numbers, as a batch-norm's, is moved as a whole.
BOUND = 1e-4
SMALL, SMALL_BOUND = 1000, 3e-3
IMAGES = 240
# Whose gradients by 240 images, side by side, take too much memory: of these there are sums, and no pairs.
LARGE = ["densenet-121 stem=small"]
ARCHITECTURES = ["mlp width=64", "convnet", "resnet-8", "resnet-14 width=2", "resnet-20-v2 width=0.5",
                 "mobilenet-v3-small width=0.5 stem=small", "densenet-121 stem=small"]


def tool(*arguments):
    subprocess.run([f"bin/{arguments[0]}", *map(str, arguments[1:])], check=True)


def measures(products, label):
    """Of all pairs; of classes with two examples or more; of pairs of different classes."""
    norm = np.sqrt(np.diag(products))
    other = ~np.eye(len(products), dtype=bool)

    def omega(pairs, members):
        return products[pairs].mean() / norm[members].mean() ** 2

    classes = [c for c in np.unique(label) if (label == c).sum() > 1 and norm[label == c].any()]
    in_class = [omega(other & np.equal.outer(label, label) & (label == c)[:, None], label == c) for c in classes]
    cosine = products / np.outer(norm, norm)
    return {
        "alignment/all": omega(other, label >= 0), "alignment/mean_in_class": np.mean(in_class),
        "alignment/across_classes": omega(~np.equal.outer(label, label), label >= 0),
        "diversity/all": np.diag(products).sum() / products.sum(),
        "stiffness/all": cosine[other].mean(), "confusion/all": products[other].min(),
    }


def pairs_measures(model, inputs, label):
    """By tensor and path, from the products of all pairs; and by tensor the largest of them."""
    names = [n for n, _ in model.named_parameters()]
    gradients = {name: [] for name in [*names, "logits"]}
    for i in range(len(label)):
        logits = model(inputs[i : i + 1])
        logits.retain_grad()
        model.zero_grad()
        functional.cross_entropy(logits, torch.tensor(label[i : i + 1]).long()).backward()
        gradients["logits"].append(logits.grad.flatten().numpy().copy())
        for name, parameter in model.named_parameters():
            gradients[name].append(parameter.grad.flatten().numpy().copy())
    products = {name: np.stack(g) @ np.stack(g).T for name, g in gradients.items()}
    products["all parameters"] = sum(products[name] for name in names)
    return ({name: measures(p, label) for name, p in products.items() if np.diag(p).sum() > 0},
            {name: np.diag(p).max() for name, p in products.items()})


def sums_measures(model, inputs, label, classes):
    """By tensor and path, from sums over the gradients."""
    result = {}
    for name, (every, across, diversity, _, *own) in rows(model, inputs, torch.tensor(label).long(), classes):
        if not np.isnan(every):
            result[name] = {"alignment/all": every, "alignment/across_classes": across, "diversity/all": diversity,
                            "alignment/mean_in_class": np.nanmean(own)}
    return result


def check(architecture, folder):
    data, runs = folder / "data.h5", folder / "runs.h5"
    tool("fetch-data", "sprites", "--train", f"0:{IMAGES}", "--test", "0:10", "-q", "-o", data)
    tool("train", data, "--architecture", architecture, "--runs", "0:1", "--subset", "1", "--epochs", "2",
         "--batch-size", "20", "--learning-rate", "0.02", "-q", "--force", "-o", runs)
    ways = {"whole": []} | ({} if architecture in LARGE else {"batch": ["--minibatch", IMAGES]})
    for name, options in ways.items():
        tool("align", data, runs, "-q", "--tensors", "parameters,logits", *options, "-o", folder / f"{name}.h5")
    with h5py.File(data) as file:
        image, label, classes = file["train/image"][:], file["train/label"][:], len(file["class"])
    model = network(architecture, classes, (image.shape[3], *image.shape[1:3]))
    model.load_state_dict(state_dict(runs, 0), strict=True)
    model = model.double().eval()
    inputs, largest = standardised(image, image, "per-channel").double(), {}
    if architecture in LARGE:
        expected = sums_measures(model, inputs, label, classes)
    else:
        expected, largest = pairs_measures(model, inputs, label)
    worst, small = {}, {name for name, p in model.named_parameters() if p.numel() < SMALL}
    for name in ways:
        with h5py.File(folder / f"{name}.h5") as file:
            for t, tensor in enumerate(file["tensor"].asstr()[:]):
                for path, value in expected.get(tensor, {}).items():
                    if path not in file:
                        continue
                    found, measure = float(file[path][0, -1, t]), path.split("/")[0]
                    bound = SMALL_BOUND if tensor in small else BOUND
                    if measure == "confusion":
                        # Of two examples alone, and no mean over all.
                        difference, bound = abs(found - value) / largest[tensor], 10 * bound
                    elif measure == "diversity":
                        # As |mean v|^2 / mean |v|^2, from 0 to 1: itself it has no bound where gradients nearly cancel out.
                        difference = abs(1 / found - 1 / value) / IMAGES
                    else:
                        difference = abs(found - value) / max(1, abs(value))
                    worst[measure] = max(worst.get(measure, 0), difference)
                    assert difference <= bound, (architecture, name, tensor, path, found, value)
    print(f"{architecture}: {len(expected)} tensors, differs by up to " + ", ".join(f"{k} {v:.1e}" for k, v in worst.items()))


def main():
    for architecture in sys.argv[1:] or ARCHITECTURES:
        with tempfile.TemporaryDirectory() as name:
            check(architecture, Path(name))
    print("check-alignment: align is its definition")


if __name__ == "__main__":
    main()
