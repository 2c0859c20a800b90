"""Weights go to PyTorch and back: the same logits there, and `align`, `distill` and `score` take what comes back.

    python Tests/python/check_weights.py [ARCHITECTURE...]

Needs torch, beside what the other checks need, and torchvision for its networks. ResNet-8 unless others are named.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np
import torch
from tool import run

sys.path.insert(0, str(Path("examples").resolve()))
from pytorch_weights import logits, network, standardised, state_dict  # noqa: E402

# Of float32 in two orders of summation, with Winograd's convolutions on our side.
BOUND = 1e-3


def made(arguments):
    done = run(arguments, timeout=600)
    assert done.status == 0, done.errors
    return done


def weights(*arguments):
    return subprocess.run(
        [sys.executable, "examples/pytorch_weights.py", *map(str, arguments)], capture_output=True, text=True)


def check(architecture, folder):
    data, runs, back = folder / "data.h5", folder / "runs.h5", folder / "back.h5"
    made(["fetch-data", "sprites", "--train", "0:300", "--test", "0:100", "-o", data])
    for standardisation in ("per-channel", "per-image"):
        made(["train", data, "--architecture", architecture, "--runs", "0:2", "--epochs", "1", "--keep", "checkpoint,logit",
              "--standardisation", standardisation, "-q", "--force", "-o", runs])
        models, worst = [], 0
        with h5py.File(data) as file:
            image, classes = file["train/image"][:], len(file["class"])
        with h5py.File(runs) as file:
            ours, mask, correct = file["train/logit"][:], file["train/in_mask"][:], file["train/correct"][:]
        model = network(architecture, classes, (image.shape[3], *image.shape[1:3]))
        for number in range(2):
            models.append(folder / f"{number}.pt")
            done = weights("to-torch", runs, "--run", number, "-o", models[-1])
            assert done.returncode == 0, done.stderr
            model.load_state_dict(torch.load(models[-1], weights_only=True), strict=True)
            theirs = logits(model, standardised(image, image, standardisation)).numpy()
            worst = max(worst, np.abs(ours[number] - theirs).max() / np.abs(theirs).max())
        print(f"{architecture}, {standardisation}: logits differ by up to {worst:.1e} of the largest")
        assert worst <= BOUND

        np.save(folder / "mask.npy", mask)
        done = weights("from-torch", data, *models, "--architecture", architecture, "--standardisation", standardisation,
                       "--mask", folder / "mask.npy", "-o", back)
        assert done.returncode == 0, done.stderr
        for number in range(2):
            one, other = state_dict(runs, number), state_dict(back, number)
            assert list(one) == list(other) and all(torch.equal(one[name], other[name]) for name in one)
        with h5py.File(back) as file:
            # An example whose two largest logits are nearly equal may go either way.
            assert (file["train/correct"][:] == correct).mean() > 0.99
        made(["align", data, back, "-q", "-o", folder / "alignment.h5"])
        made(["align", data, runs, "-q", "-o", folder / "expected.h5"])
        with h5py.File(folder / "alignment.h5") as file, h5py.File(folder / "expected.h5") as expected:
            one, other = file["alignment/all"][:], expected["alignment/all"][:, -1:]
            assert np.allclose(one, other, rtol=1e-5, equal_nan=True), (one, other)
        made(["distill", data, back, "--architecture", "mlp width=8", "--runs", "0:2", "--epochs", "1", "-q", "--force",
              "-o", folder / "students.h5"])
        made(["score", "memorisation", back, folder / "students.h5", "-q", "-o", folder / "scores.h5"])

    done = weights("from-torch", data, models[0], "--architecture", "resnet-14", "-o", folder / "none.h5")
    assert done.returncode == 1 and "resnet-14" in done.stderr and not (folder / "none.h5").exists(), done


def main():
    for architecture in sys.argv[1:] or ["resnet-8"]:
        with tempfile.TemporaryDirectory() as name:
            check(architecture, Path(name))
    print("check-weights: checkpoints go to PyTorch and back")


if __name__ == "__main__":
    main()
