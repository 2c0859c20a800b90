"""A whole training step of our executor beside PyTorch's, every logit, loss and gradient of it.

    bench dump --architecture resnet-20 --size 32 --classes 10 --batch 8 --out DIR
    python Tests/torch/check_networks.py DIR...
    python Tests/torch/check_networks.py --bench .build/release/bench      all networks, dumped for it

Each folder holds what one network computed: `plan.json`, and the numbers in raw little-endian files, float32 but for
the labels. `state` is what it started from, flat, laid out as the plan says; `input` is (example, channel, y, x); `labels`
int32; then, of one training-mode pass, `logits`, `loss` (example), `gradient` of the mean loss, laid out as the state, and
`after`, the state with its new running statistics; and `evaluation`, the logits in evaluation mode with these.

PyTorch takes the same step in float64, and in float32 for what rounding alone does. Differences are the largest of a
tensor relative to its largest element, of the worst tensor. Where a value lies as close to a kink of a ReLU as
rounding is large, it may end up on the other side, and a gradient jumps: how many there are is printed.
Exit status 1: a difference above the bound, or a plan that has not PyTorch's tensors. Needs torch, torchvision, numpy.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import torch

from networks import network
from one_step import differences, hashed_input, hashed_labels, hashed_state, one_step


class BadDump(Exception):
    pass


def read_floats(path, count):
    values = np.fromfile(path, dtype="<f4")
    if values.size != count:
        raise BadDump(f"{path} holds {values.size} numbers instead of {count}")
    return torch.from_numpy(values.astype(np.float64))


class Dump:
    """The files of one folder."""

    def __init__(self, folder):
        plan = json.loads((folder / "plan.json").read_text())
        self.label, self.classes, self.batch = plan["architecture"], plan["classes"], plan["batch"]
        self.image, self.exact = (plan["channels"], plan["height"], plan["width"]), plan["exact"]
        self.tensors = plan["tensors"]
        self.check_tensors()
        count = sum(int(np.prod(tensor["shape"])) for tensor in self.tensors)
        self.state, self.gradient, self.after = (
            self.unpacked(read_floats(folder / f"{name}.f32", count)) for name in ("state", "gradient", "after"))
        self.input = read_floats(folder / "input.f32", self.batch * int(np.prod(self.image)))
        self.input = self.input.reshape(self.batch, *self.image)
        self.labels = torch.from_numpy(np.fromfile(folder / "labels.i32", dtype="<i4").astype(np.int64))
        if self.labels.numel() != self.batch:
            raise BadDump(f"{folder / 'labels.i32'} holds {self.labels.numel()} labels instead of {self.batch}")
        self.losses = read_floats(folder / "loss.f32", self.batch)
        self.logits, self.evaluation = (
            read_floats(folder / f"{name}.f32", self.batch * self.classes).reshape(self.batch, self.classes)
            for name in ("logits", "evaluation"))

    def check_tensors(self):
        """That they are those of state_dict, in its order."""
        model = network(self.label, self.classes, self.image)
        parameters = {name for name, _ in model.named_parameters()}
        offset = 0
        theirs = []
        for name, tensor in model.state_dict().items():
            role = "parameter" if name in parameters else "buffer"
            theirs.append((name, list(tensor.shape), role, offset))
            offset += tensor.numel()
        ours = [(t["name"], t["shape"], t["role"], t["offset"]) for t in self.tensors]
        for place, (a, b) in enumerate(zip(ours, theirs)):
            if a != b:
                raise BadDump(f"tensor {place} of {self.label} is {a}; PyTorch has {b}")
        if len(ours) != len(theirs):
            raise BadDump(f"{self.label} has {len(ours)} tensors; PyTorch has {len(theirs)}")

    def unpacked(self, flat):
        tensors = {}
        for tensor in self.tensors:
            offset, shape = tensor["offset"], tensor["shape"]
            tensors[tensor["name"]] = flat[offset : offset + int(np.prod(shape))].reshape(shape)
        return tensors

    def results(self):
        """As `one_step` has them."""
        results = {
            ("logits", "logits"): self.logits, ("losses", "losses"): self.losses,
            ("evaluation", "logits"): self.evaluation,
        }
        for tensor in self.tensors:
            name = tensor["name"]
            if tensor["role"] == "parameter":
                results["gradient", name] = self.gradient[name]
            else:
                results["statistics", name] = self.after[name]
        return results

    def compared(self, floor=0):
        """The worst differences from float64, ours and those of PyTorch's float32; and what lies near kinks."""
        exact, kinks = one_step(self.label, self.classes, self.state, self.input, self.labels, torch.float64)
        rounded, _ = one_step(self.label, self.classes, self.state, self.input, self.labels, torch.float32)
        return differences(self.results(), exact, floor), differences(rounded, exact, floor), kinks

    def changed(self):
        """Parameters that `after` has changed, and buffers with a gradient: there are none."""
        return [
            t["name"] for t in self.tensors
            if (not torch.equal(self.after[t["name"]], self.state[t["name"]]) if t["role"] == "parameter"
                else self.gradient[t["name"]].any())
        ]


def check(folder, bound):
    """Prints the differences of one dump; whether they are within the bound."""
    dump = Dump(folder)
    ours, theirs, kinks = dump.compared()
    print(f"{dump.label}, {dump.batch} images of {' x '.join(map(str, dump.image))}, "
          f"{'direct' if dump.exact else 'the fastest'} convolutions")
    print(f"  {kinks.close} of {kinks.count} values within {kinks.within:g} of a kink, the nearest {kinks.nearest:.1e}")
    print(f"  {'':12}{'ours':>8}  {'':42}{'PyTorch float32':>15}")
    within = True
    for quantity, (a, where) in ours.items():
        b, there = theirs[quantity]
        bad = not a <= bound
        within = within and not bad
        print(f"  {quantity:12}{a:8.1e}  {where:42}{b:15.1e}  {there}{'  ABOVE THE BOUND' if bad else ''}")
    for name in dump.changed():
        print(f"  {name}: a parameter that the forward pass changed, or a buffer with a gradient")
        within = False
    print(flush=True)
    return within


def write_dump(folder, label, size, classes=10, batch=4):
    """What `bench dump` writes, of PyTorch's own float32."""
    image = (3, size, size)
    model = network(label, classes, image)
    state = hashed_state(model)
    x, labels = hashed_input(1000, batch, image), hashed_labels(batch, classes)
    results, _ = one_step(label, classes, state, x, labels, torch.float32)
    parameters = {name for name, _ in model.named_parameters()}
    tensors, offset = [], 0
    for name, tensor in state.items():
        role = "parameter" if name in parameters else "buffer"
        tensors.append({"name": name, "shape": list(tensor.shape), "role": role, "offset": offset})
        offset += tensor.numel()
    plan = {
        "architecture": label, "classes": classes, "batch": batch, "channels": 3, "height": size, "width": size,
        "exact": True, "tensors": tensors,
    }
    (folder / "plan.json").write_text(json.dumps(plan))

    def write(name, *values):
        np.concatenate([v.flatten().numpy() for v in values]).astype("<f4").tofile(folder / f"{name}.f32")

    write("state", *state.values())
    write("input", x)
    labels.numpy().astype("<i4").tofile(folder / "labels.i32")
    write("logits", results["logits", "logits"])
    write("loss", results["losses", "losses"])
    write("gradient", *(results.get(("gradient", name), state[name] * 0) for name in state))
    write("after", *(results.get(("statistics", name), state[name]) for name in state))
    write("evaluation", results["evaluation", "logits"])


def self_test():
    """Dumps of PyTorch's are within the bound of itself, and one with a wrong number is not."""
    for label, size in (
        ("mlp width=16 activation=sin", 8), ("convnet", 32), ("resnet-8 shortcut=B", 16), ("resnet-8-v2", 16),
        ("mobilenet-v3-small width=0.5", 64),
    ):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            write_dump(folder, label, size)
            assert check(folder, 1e-3), label
            gradient = np.fromfile(folder / "gradient.f32", dtype="<f4")
            gradient[0] += 0.01 * abs(gradient).max()
            gradient.tofile(folder / "gradient.f32")
            assert not check(folder, 1e-3), f"{label}: a wrong gradient went by"
            plan = json.loads((folder / "plan.json").read_text())
            plan["tensors"][0]["name"] += "x"
            (folder / "plan.json").write_text(json.dumps(plan))
            try:
                check(folder, 1e-3)
            except BadDump as error:
                print(f"refused, as it must be: {error}\n")
            else:
                raise AssertionError(f"{label}: a wrong name went by")
    print("PyTorch's own dumps are within the bound; one with a wrong gradient, or a wrong name, is not")


# With the size of images and the batch.
NETWORKS = [
    ("mlp", 32, 8), ("mlp activation=sin", 32, 8), ("mlp activation=sigmoid", 32, 8), ("mlp activation=linear", 32, 8),
    ("convnet", 32, 8),
    ("resnet-8", 32, 8), ("resnet-20", 32, 8), ("resnet-56", 32, 8), ("resnet-110", 32, 8), ("resnet-20 width=2", 32, 8),
    ("resnet-20 shortcut=B", 32, 8), ("resnet-20-v2", 32, 8), ("resnet-20-v2 shortcut=B", 32, 8),
    ("resnet-18", 64, 8), ("resnet-34", 64, 8), ("resnet-50", 64, 8), ("resnet-101", 64, 8), ("resnet-152", 64, 8),
    ("resnet-18 stem=small", 32, 8), ("resnet-50 stem=small", 32, 8),
    # At 32 x 32 its last batch-norms see one pixel of each image.
    ("densenet-121", 64, 8), ("densenet-121 stem=small", 32, 8),
    ("mobilenet-v3-small width=0.35", 64, 8), ("mobilenet-v3-small", 64, 8), ("mobilenet-v3-small stem=small", 32, 8),
    ("mobilenet-v3-large width=0.5", 64, 8), ("mobilenet-v3-large", 64, 8), ("mobilenet-v3-large width=1.25", 64, 8),
]


# A hundredth of the largest gradient of the network.
FLOOR = 1e-2


def check_all(bench, bound, exact):
    """A line for each network: the worst relative difference of each quantity, ours and PyTorch's float32.

    Batch-norms are those of `bench dump --separated`: rounding carries no value over a ReLU's kink. Most channels go
    through their ReLUs unchanged then, and of a shift that the next batch-norm takes back again next to no gradient is
    left: what is below FLOOR of the network's largest gradient is held against that.
    """
    print("convolutions", "as plain sums" if exact else "by Winograd's algorithm")
    columns = ("logits", "losses", "gradient", "statistics", "evaluation")
    print(f"{'':32}{''.join(f'{c:>12}' for c in columns)}   PyTorch float32: gradient")
    wrong = 0
    for label, size, batch in NETWORKS:
        with tempfile.TemporaryDirectory() as folder:
            command = [bench, "dump", "--architecture", label, "--size", str(size), "--batch", str(batch), "--separated"]
            subprocess.run([*command, *(["--exact-convolution"] if exact else []), "--out", folder], check=True)
            ours, theirs, _ = Dump(pathlib.Path(folder)).compared(FLOOR)
        cells = [f"{ours[c][0]:12.1e}" if c in ours else f"{'-':>12}" for c in columns]
        bad = any(not difference <= bound for difference, _ in ours.values())
        wrong += bad
        print(f"{label:32}{''.join(cells)}   {theirs['gradient'][0]:.1e}{'  ABOVE THE BOUND' if bad else ''}", flush=True)
    print(f"{len(NETWORKS) - wrong} of {len(NETWORKS)} networks within {bound:g} of PyTorch's float64\n")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dump", nargs="*", type=pathlib.Path, help="a folder that `bench dump` wrote")
    parser.add_argument("--bound", type=float, default=1e-3, help="the largest difference that is right")
    parser.add_argument("--bench", help="the built `bench`: dump all networks, and check them")
    parser.add_argument("--self-test", action="store_true", help="check this program, on dumps of its own")
    options = parser.parse_args()
    if options.self_test:
        self_test()
    wrong = 0
    if options.bench:
        wrong += check_all(options.bench, options.bound, exact=True)
        # The bound is for plain sums; by Winograd's algorithm about a digit is lost, and the table says how much.
        check_all(options.bench, options.bound, exact=False)
    for folder in options.dump:
        try:
            wrong += not check(folder, options.bound)
        except BadDump as error:
            print(f"{folder}: {error}", file=sys.stderr)
            wrong += 1
    if options.dump:
        print(f"{len(options.dump) - wrong} of {len(options.dump)} networks within {options.bound:g} of PyTorch's float64")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
