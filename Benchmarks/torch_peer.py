"""PyTorch's side of `bench table`: the same networks, and the same protocol as `bench speed`.

    python torch_peer.py resnet-20 --batch 128 --threads 2 --mode train --variant bf16+channels-last

Each line on standard input is answered by a burst of at least --seconds and a line of JSON with its images a second.
A variant is a list of traits: channels-last, bf16 (autocast), compiled (torch.compile), frozen (compiled, with the
weights as constants, for inference); fp32 stands for none. Needs torch alone.
"""

import argparse
import json
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

TRAITS = {"fp32", "channels-last", "bf16", "compiled", "frozen"}


class Block(nn.Module):
    def __init__(self, inputs, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.stride, self.padding = stride, (channels - inputs) // 2

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)), inplace=True)))
        if self.stride != 1:
            p = self.padding
            x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, p, p))
        return F.relu(y + x, inplace=True)


class ResNet(nn.Module):
    """He et al. 2016, section 4.2, with shortcuts of option A: as Sources/Networks/Architectures/ResNet.swift."""

    def __init__(self, depth):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        blocks, inputs = [], 16
        for channels in (16, 32, 64):
            for _ in range((depth - 2) // 6):
                blocks.append(Block(inputs, channels, 1 if channels == inputs else 2))
                inputs = channels
        self.blocks = nn.Sequential(*blocks)
        self.fc = nn.Linear(64, 10)

    def forward(self, x):
        x = self.blocks(F.relu(self.bn1(self.conv1(x)), inplace=True))
        return self.fc(x.mean((2, 3)))


def network(name):
    if name == "mlp":
        return nn.Sequential(
            nn.Flatten(), nn.Linear(3072, 1024, bias=False), nn.ReLU(inplace=True), nn.Linear(1024, 10, bias=False))
    family, depth = name.split("-")
    assert family == "resnet", name
    return ResNet(int(depth))


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
    images = torch.randn(options.batch, 3, 32, 32)
    labels = torch.arange(options.batch) * 7 % 10
    step = stepper(network(options.model), images, labels, options.mode, traits)

    for _ in sys.stdin:
        start, done = time.monotonic(), 0
        while done == 0 or time.monotonic() - start < options.seconds:
            step()
            done += options.batch
        rate = done / (time.monotonic() - start)
        print(json.dumps({"images_per_second": rate, "peak_memory": peak_memory()}), flush=True)


if __name__ == "__main__":
    main()
