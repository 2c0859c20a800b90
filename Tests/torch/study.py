"""The runs of a runs file trained again by PyTorch: same subsets and recipe, other random numbers.

    python Tests/torch/study.py DATA.h5 RUNS.h5 [RUN...]

Prints, run by run, the accuracies that `train` reached and those that PyTorch reaches, which must agree within the
spread over seeds. Reads the recipe from the runs file's `config`. Needs torch, numpy and h5py.
"""

import json
import math
import sys
import time

import h5py
import numpy as np
import torch
import torch.nn.functional as F

from networks import network


def learning_rate(recipe, step, steps_per_epoch):
    warm, total = recipe["warm_up_epochs"] * steps_per_epoch, recipe["epochs"] * steps_per_epoch
    if step < warm:
        return recipe["learning_rate"] * min(1, (step + 1) / warm)
    return recipe["learning_rate"] * 0.5 * (1 + math.cos(math.pi * (step - warm) / (total - warm)))


def augment(x):
    """Pad by 4, crop at random, flip at random: one draw an image."""
    n = len(x)
    padded = F.pad(x, (4, 4, 4, 4))
    rows = torch.randint(0, 9, (n,))[:, None] + torch.arange(32)
    columns = torch.randint(0, 9, (n,))[:, None] + torch.arange(32)
    columns = torch.where(torch.rand(n, 1) < 0.5, columns.flip(1), columns)
    return padded[torch.arange(n)[:, None, None, None], torch.arange(3)[None, :, None, None],
                  rows[:, None, :, None], columns[:, None, None, :]]


def train(images, labels, subset, config, seed, standardise):
    recipe, smoothing = config["recipe"], config["loss"].get("label_smoothing", 0)
    prepared = {"pad-crop-flip": augment, "none": lambda x: x}[config["augmentation"]]
    torch.manual_seed(seed)
    model = network(config["architecture"])
    for module in model.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    optimiser = torch.optim.SGD(
        model.parameters(), lr=0.1, momentum=recipe["momentum"], nesterov=recipe["nesterov"],
        weight_decay=recipe["weight_decay"])
    size = recipe["batch_size"]
    steps = -(-len(subset) // size)
    step = 0
    for _ in range(recipe["epochs"]):
        order = subset[torch.randperm(len(subset))]
        for start in range(0, len(order), size):
            batch = order[start:start + size]
            for group in optimiser.param_groups:
                group["lr"] = learning_rate(recipe, step, steps)
            optimiser.zero_grad()
            logits = model(standardise(prepared(images[batch])))
            F.cross_entropy(logits, labels[batch], label_smoothing=smoothing).backward()
            optimiser.step()
            step += 1
    return model.eval()


def accuracy(model, images, labels, standardise):
    with torch.no_grad():
        hits = [(model(standardise(x)).argmax(1) == y).float()
                for x, y in zip(images.split(1000), labels.split(1000))]
    return torch.cat(hits).numpy()


def main():
    data, runs = h5py.File(sys.argv[1]), h5py.File(sys.argv[2])
    config = json.loads(runs.attrs["config"] if isinstance(runs.attrs["config"], str) else runs.attrs["config"].decode())
    assert config["recipe"]["decay"]["kind"] == "cosine" and config["loss"]["kind"] == "cross-entropy"
    x, y, xt, yt = (torch.from_numpy(data[p][...]) for p in (
        "train/image", "train/label", "test/image", "test/label"))
    x, xt = (v.permute(0, 3, 1, 2).float() for v in (x, xt))
    y, yt = y.long(), yt.long()
    mean, sd = x.mean((0, 2, 3), keepdim=True), x.std((0, 2, 3), keepdim=True, unbiased=False)
    standardise = lambda v: (v - mean) / sd
    wanted = [int(a) for a in sys.argv[3:]] or list(runs["run"][...])
    rows = []
    for run in wanted:
        i = list(runs["run"][...]).index(run)
        mask = runs["train/in_mask"][i].astype(bool)
        ours, ours_test = runs["train/correct"][i], runs["test/correct"][i]
        begin = time.time()
        model = train(x, y, torch.from_numpy(np.flatnonzero(mask)), config, run, standardise)
        hits, test = accuracy(model, x, y, standardise), accuracy(model, xt, yt, standardise)
        row = [ours[mask].mean(), hits[mask].mean(), ours[~mask].mean(), hits[~mask].mean(),
               ours_test.mean(), test.mean()]
        rows.append(row)
        print(f"run {run}: rote/PyTorch in {row[0]:.4f}/{row[1]:.4f} out {row[2]:.4f}/{row[3]:.4f} "
              f"test {row[4]:.4f}/{row[5]:.4f}  ({time.time() - begin:.0f} s)", flush=True)
    m, s = np.mean(rows, 0), np.std(rows, 0, ddof=1) if len(rows) > 1 else np.full(6, np.nan)
    for k, name in enumerate(("in", "out", "test")):
        print(f"{name}: rote {m[2 * k]:.4f} (s.d. {s[2 * k]:.4f}), PyTorch {m[2 * k + 1]:.4f} (s.d. {s[2 * k + 1]:.4f})")


if __name__ == "__main__":
    main()
