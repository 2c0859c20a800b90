"""Weights from rote to PyTorch, and back.

    python examples/pytorch_weights.py to-torch runs.h5 --run 0 -o model.pt
    python examples/pytorch_weights.py from-torch data.h5 model.pt --architecture resnet-8 -o runs.h5

`to-torch` saves a state_dict that `load_state_dict` takes as it is: rote's tensors have the names and shapes of PyTorch's
usual models, and of torchvision's where it has the network. `network` in Tests/torch/networks.py builds each by its label.

`from-torch` writes a runs file, a run for each checkpoint, which `align`, `distill` (as teachers) and `score` take. It tries
each model on the data set, in evaluation mode and without augmentation: `--standardisation` is what it was trained with.
`--mask` is a NumPy file (run, example) of what each run was trained on; without it that is all training examples, of which
no memorisation can be told. Needs torch, numpy and h5py, and torchvision for its networks.
"""

import argparse
import json
import sys
from pathlib import Path

import h5py
import numpy as np
import torch

from nearest_neighbour import put

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "Tests" / "torch"))
from networks import network, parameter_count  # noqa: E402


def state_dict(path, run, snapshot=-1):
    """The state_dict of a run after a snapshot, by its place in `/snapshot`; the last by default."""
    with h5py.File(path) as file:
        if "checkpoint" not in file:
            sys.exit(f"{path}: has no checkpoints; train with --keep checkpoint")
        runs = file["run"][:].tolist()
        if run not in runs:
            sys.exit(f"{path}: has no run {run}")
        if not -len(file["snapshot"]) <= snapshot < len(file["snapshot"]):
            sys.exit(f"{path}: has {len(file['snapshot'])} snapshots")
        flat = file["checkpoint/parameter"][runs.index(run), range(len(file["snapshot"]))[snapshot]]
        names, offsets = file["tensor"].asstr()[:], file["tensor_offset"][:]
        # Padded with 0, and of a scalar all 0.
        shapes = [tuple(int(n) for n in shape if n > 0) for shape in file["tensor_shape"][:]]
    state = {}
    for name, offset, shape in zip(names, offsets, shapes, strict=True):
        tensor = torch.from_numpy(flat[offset : offset + int(np.prod(shape))].reshape(shape).copy())
        state[name] = tensor.long() if name.endswith("num_batches_tracked") else tensor
    return state


def standardised(image, train_image, how):
    """A network's input (example, channel, y, x), of bytes (example, y, x, channel)."""
    x = torch.from_numpy(image).permute(0, 3, 1, 2).float()
    if how == "per-image":
        mean, deviation = x.mean((1, 2, 3), keepdim=True), x.std((1, 2, 3), keepdim=True, correction=0)
        return (x - mean) / deviation.clamp(min=x[0].numel() ** -0.5)
    pixels = train_image.reshape(-1, train_image.shape[-1])
    mean = pixels.mean(0, dtype=np.float64)
    # A channel that never varies is 0 throughout.
    deviation = pixels.std(0, dtype=np.float64)
    inverse = np.divide(1, deviation, out=np.zeros_like(deviation), where=deviation > 0)
    mean, inverse = (torch.from_numpy(v).float().reshape(1, -1, 1, 1) for v in (mean, inverse))
    return (x - mean) * inverse


def logits(model, x):
    """In evaluation mode, (example, class)."""
    with torch.no_grad():
        return torch.cat([model.eval()(batch) for batch in x.split(256)])


def put_dimension(file, path, length):
    """A dimension without coordinates, as netCDF has it."""
    file.create_dataset(path, (length,), np.float32, chunks=True)
    file[path].make_scale(f"This is a netCDF dimension but not a netCDF variable.{length:10}")


def to_torch(options):
    state = state_dict(options.runs, options.run, options.snapshot)
    torch.save(state, options.output)
    print(f"{options.output}: {len(state)} tensors, {sum(t.numel() for t in state.values()):,} numbers")


def from_torch(options):
    with h5py.File(options.data) as file:
        content = file.attrs["content"]  # names the data set: the tools compare it
        content = content.decode() if isinstance(content, bytes) else content
        names = file["class"].asstr()[:]
        splits = [split for split in ("train", "test") if split in file]
        example = {split: file[f"{split}/example"][:] for split in splits}
        label = {split: file[f"{split}/label"][:] for split in splits}
        image = {split: file[f"{split}/image"][:] for split in splits}
    _, height, width, channels = image["train"].shape
    x = {split: standardised(image[split], image["train"], options.standardisation) for split in splits}

    count = len(options.checkpoint)
    mask = np.ones((count, len(label["train"])), dtype=bool)
    if options.mask:
        mask = np.atleast_2d(np.load(options.mask)).astype(bool)
        if mask.shape != (count, len(label["train"])):
            sys.exit(f"{options.mask}: has shape {mask.shape} instead of {(count, len(label['train']))}")
    model = network(options.architecture, len(names), (channels, height, width))
    flat, correct = [], {split: [] for split in splits}
    for path in options.checkpoint:
        try:
            model.load_state_dict(torch.load(path, weights_only=True), strict=True)
        except (RuntimeError, TypeError) as error:
            sys.exit(f"{path}: is no state_dict of {options.architecture} with {len(names)} classes: {error}")
        flat.append(torch.cat([tensor.flatten().float() for tensor in model.state_dict().values()]).numpy())
        for split in splits:
            guess = logits(model, x[split]).argmax(1).numpy()
            correct[split].append((guess == label[split]).astype(np.uint8))

    # All that a run depends on. Runs of equal `config` are of one configuration, in however many files they lie.
    config = json.loads(options.config) | {
        "architecture": options.architecture, "data": content, "standardisation": options.standardisation,
    }
    state = model.state_dict()
    sizes = [tensor.numel() for tensor in state.values()]
    shapes = [(list(tensor.shape) + [0] * 4)[:4] for tensor in state.values()]
    with h5py.File(options.output, "w") as file:
        file.attrs.update({
            "kind": "runs", "format": np.int32(1), "data": content,
            "config": json.dumps(config, sort_keys=True, separators=(",", ":")),
            "architecture": options.architecture,
            "parameter_count": np.int64(parameter_count(model)),
        })
        put(file, "/class", names.astype(h5py.string_dtype()))
        put(file, "/run", np.arange(count, dtype=np.int64))
        for split in splits:
            put(file, f"/{split}/example", example[split])
            put(file, f"/{split}/label", label[split], f"/{split}/example")
            put(file, f"/{split}/correct", np.stack(correct[split]), "/run", f"/{split}/example")
        put(file, "/train/in_mask", mask.astype(np.uint8), "/run", "/train/example")
        put(file, "/snapshot", np.array([options.epoch], dtype=np.int32))
        put(file, "/tensor", np.array(list(state), dtype=h5py.string_dtype()))
        put_dimension(file, "/axis", 4)
        put_dimension(file, "/parameter", sum(sizes))
        put(file, "/tensor_offset", np.cumsum([0, *sizes[:-1]], dtype=np.int64), "/tensor")
        put(file, "/tensor_shape", np.array(shapes, dtype=np.int32), "/tensor", "/axis")
        put(file, "/checkpoint/parameter", np.stack(flat)[:, None], "/run", "/snapshot", "/parameter")
    rates = ", ".join(f"{split} {np.stack(correct[split]).mean():.4f}" for split in splits)
    print(f"{options.output}: {count} runs of {options.architecture}; accuracy: {rates}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    to = commands.add_parser("to-torch", help="a state_dict of one run")
    to.add_argument("runs", help="a runs file with checkpoints")
    to.add_argument("--run", type=int, default=0)
    to.add_argument("--snapshot", type=int, default=-1, help="its place; -1 is the last")
    to.add_argument("-o", "--output", required=True)
    to.set_defaults(action=to_torch)

    back = commands.add_parser("from-torch", help="a runs file of state_dicts")
    back.add_argument("data", help="a data set file")
    back.add_argument("checkpoint", nargs="+", help="a file of torch.save(model.state_dict(), ...), a run each")
    back.add_argument("--architecture", required=True, help='such as resnet-8 or "resnet-20 shortcut=B"')
    back.add_argument("--standardisation", choices=("per-channel", "per-image"), default="per-channel")
    back.add_argument("--mask", help="a .npy file (run, example): true where the example was trained on")
    back.add_argument("--epoch", type=int, default=1, help="the epoch that the checkpoints are of")
    back.add_argument("--config", default="{}", help="JSON: what else the runs depend on, such as their recipe")
    back.add_argument("-o", "--output", required=True)
    back.set_defaults(action=from_torch)

    options = parser.parse_args()
    options.action(options)


if __name__ == "__main__":
    main()
