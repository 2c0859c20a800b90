"""PyTorch's side of `bench table`: the same networks, and the same protocol as `bench speed`.

    python torch_peer.py resnet-20 --batch 128 --threads 2 --mode train --variant bf16+channels-last
    python torch_peer.py mobilenet-v3-small --size 64 --batch 64

The model is a label of rote's, and the images are square, --size pixels a side, in 10 classes.
Each line on standard input is answered by a burst of at least --seconds and a line of JSON with its images a second.
A variant is a list of traits: channels-last, bf16 (autocast), compiled (torch.compile), frozen (compiled, with the
weights as constants, for inference); fp32 stands for none. Needs torch, and torchvision for its networks.
"""

import argparse
import json
import pathlib
import sys
import time

import torch
import torch.nn.functional as F

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "Tests" / "torch"))
from networks import network  # noqa: E402

CLASSES = 10
TRAITS = {"fp32", "channels-last", "bf16", "compiled", "frozen"}


def stepper(model, images, labels, mode, traits):
    """A function that does one step of training, or one batch of inference."""
    if "channels-last" in traits:
        model = model.to(memory_format=torch.channels_last)
        images = images.contiguous(memory_format=torch.channels_last)
    autocast = torch.autocast("cpu", torch.bfloat16, enabled="bf16" in traits)
    if "frozen" in traits:
        from torch._inductor import config

        config.freezing = True
    forward = torch.compile(model) if traits & {"compiled", "frozen"} else model

    if mode == "infer":
        model.eval()

        def infer():
            with torch.no_grad(), autocast:
                forward(images)

        return infer

    model.train()
    optimiser = torch.optim.SGD(
        model.parameters(), lr=0.01, momentum=0.9, nesterov=True, weight_decay=1e-4, fused=True)

    def train():
        optimiser.zero_grad(set_to_none=True)
        with autocast:
            loss = F.cross_entropy(forward(images).float(), labels)
        loss.backward()
        optimiser.step()

    return train


def peak_memory():
    """The most memory that this process has held, in bytes."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM:"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--mode", choices=("train", "infer"), default="train")
    parser.add_argument("--variant", default="fp32")
    parser.add_argument("--seconds", type=float, default=0.5)
    options = parser.parse_args()
    traits = set(options.variant.split("+"))
    if not traits <= TRAITS:
        parser.error(f"unknown traits: {', '.join(sorted(traits - TRAITS))}")

    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    image = (3, options.size, options.size)
    images = torch.randn(options.batch, *image)
    if options.model.startswith("mlp"):
        # Flat as it comes, as for rote's: there is nothing to reorder in a step.
        images = images.reshape(options.batch, -1, 1, 1)
    labels = torch.arange(options.batch) * 7 % CLASSES
    step = stepper(network(options.model, CLASSES, image), images, labels, options.mode, traits)

    for _ in sys.stdin:
        start, done = time.monotonic(), 0
        while done == 0 or time.monotonic() - start < options.seconds:
            step()
            done += options.batch
        rate = done / (time.monotonic() - start)
        print(json.dumps({"images_per_second": rate, "peak_memory": peak_memory()}), flush=True)


if __name__ == "__main__":
    main()
