"""Reads one file of each kind as others would, and damages them: see docs/format.md.

    python Tests/python/check_format.py [--flips 2000] [--seed 0]

The files are made by the tools in bin/. h5py, xarray (through h5netcdf and netCDF4), ncdump, h5dump and h5diff read
them; their digests are computed anew by the documented rule; and of each kind, `--flips` copies with one byte changed go
through the tools that read it: each must be refused in one line, or change nothing.
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "fuzz"))

import digests
import flips
import h5py
import readers
import seeds
from tool import run

# The dimensions of every variable, by kind. Those of a scale are its own name.
SPLITS = {
    f"/{split}/{name}": dims
    for split in ("train", "test")
    for name, dims in {
        "example": "example", "label": "example", "image": "example y x channel", "subpopulation": "example",
        "size": "example", "difficulty": "example", "kind": "example",
    }.items()
}
RUNS = {
    "/run": "run", "/class": "class", "/status": "run", "/digest": "run byte", "/kept_digest": "run byte",
    "/train/example": "example", "/train/label": "example", "/train/in_mask": "run example",
    "/train/correct": "run example", "/train/logit": "run example class", "/test/example": "example",
    "/test/label": "example", "/test/correct": "run example", "/test/logit": "run example class", "/epoch": "epoch",
    **{
        f"/history/{name}": "run epoch"
        for name in ("learning_rate", "train_loss", "train_accuracy", "test_loss", "test_accuracy")
    },
    "/dynamics/train/example": "example",
    **{
        f"/dynamics/train/{name}": "run epoch example"
        for name in ("label_probability", "max_probability", "entropy", "correct", "loss", "margin")
    },
    "/snapshot": "snapshot", "/checkpoint/parameter": "run snapshot parameter", "/tensor": "tensor",
    "/tensor_offset": "tensor", "/tensor_shape": "tensor axis",
}
DIMENSIONS = {
    "data": {"/class": "class", **SPLITS, "/train/true_label": "example", "/test/part": "example"},
    "runs": RUNS,
    "students": {
        **RUNS, "/teacher_digest": "run byte", "/teacher_out_accuracy": "run", "/epochs_trained": "run",
    },
    "scores": {
        "/cell": "cell", "/cell_config": "cell", "/parameter_count": "cell", "/runs": "cell", "/diverged": "cell",
        "/digest": "cell byte", "/class": "class", "/train/example": "example", "/train/label": "example",
        "/memorisation/example": "example",
        **{
            f"/memorisation/{name}": "cell example"
            for name in (
                "score", "standard_error", "lower", "upper", "in_accuracy", "out_accuracy", "in_count", "out_count")
        },
        "/summary/memorisation": "cell", "/summary/memorisation_lower": "cell",
        "/summary/memorisation_upper": "cell", "/summary/memorisation_over_runs": "cell",
        "/histogram/bin": "bin", "/histogram/plug_in": "cell bin", "/histogram/mixture": "cell bin",
        **{f"/summary/mass_{end}{how}": "cell" for end in ("low", "high") for how in ("", "_mixture")},
        **{
            f"/summary/{name}{suffix}": "cell"
            for name in ("in_accuracy", "out_accuracy", "test_accuracy")
            for suffix in ("", "_lower", "_upper", "_sd")
        },
    },
    "alignment": {
        "/run": "run", "/snapshot": "snapshot", "/tensor": "tensor", "/class": "class",
        **{
            f"/{measure}/{scope}": f"run snapshot tensor{' class' if scope == 'in_class' else ''}"
            for measure in ("alignment", "diversity")
            for scope in ("in_class", "mean_in_class", "all")
        },
        "/alignment/across_classes": "run snapshot tensor", "/relative_gradient_norm": "run snapshot tensor",
        "/relative_distance": "run snapshot tensor", "/examples": "run class",
    },
}


def make_files(folder: Path) -> dict[str, Path]:
    """One small file of each kind, and of runs one of students too."""
    files = {kind: folder / f"{kind}.h5" for kind in DIMENSIONS}
    recipe = ["--epochs", "2", "--batch-size", "5", "--runs", "0:3", "--snapshots", "0,1", "--dynamics", "evaluation", "-q"]
    for arguments in (
        ["fetch-data", "sprites", "--train", "0:24", "--test", "0:8", "-o", files["data"]],
        ["train", files["data"], "--architecture", "mlp width=2", *recipe, "-o", files["runs"]],
        [
            "distill", files["data"], files["runs"], "--architecture", "mlp width=1", *recipe, "--stop-at-accuracy", "1",
            "-o", files["students"],
        ],
        ["score", "memorisation", files["runs"], files["students"], "-o", files["scores"]],
        ["align", files["data"], files["runs"], "-o", files["alignment"]],
    ):
        done = run(arguments)
        assert done.status == 0, done.errors
    return files


def check_planted(folder):
    """A data set with all that a data set may have: codes of classes, changed labels, plants."""
    archive, path = folder / "tiny.zip", folder / "planted.h5"
    archive.write_bytes(next(seeds.tiny_imagenet()))
    plants = ["--shuffle-labels", "--canaries", "1", "--duplicates", "1"]
    done = run(["fetch-data", "tiny-imagenet", "--no-verify", "--from", archive, *plants, "--seed", "1", "-o", path])
    assert done.status == 0, done.errors
    dims = {"/class": "class", "/class_code": "class"}
    for split in ("train", "test"):
        dims |= {f"/{split}/example": "example", f"/{split}/label": "example", f"/{split}/image": "example y x channel"}
    dims |= {f"/train/{name}": "example" for name in ("true_label", "canary", "copy_of")}
    readers.check(path, {variable: tuple(text.split()) for variable, text in dims.items()})
    print(f"check-format: planted data: {len(dims)} variables read by six programs, {digests.check(path)} digests right")


def check_excluded(data, folder):
    """Runs without some examples, which say which."""
    path = folder / "without.h5"
    done = run([
        "train", data, "--architecture", "mlp width=2", "--epochs", "2", "--batch-size", "5", "--runs", "0:3",
        "--snapshots", "0,1", "--dynamics", "evaluation", "--random", "3", "-q", "-o", path])
    assert done.status == 0, done.errors
    dims = {**RUNS, "/train/excluded": "example"}
    readers.check(path, {variable: tuple(text.split()) for variable, text in dims.items()})
    with h5py.File(path) as runs:
        excluded = runs["train/excluded"][:] == 1
        assert excluded.sum() == 3 and not runs["train/in_mask"][:, excluded].any()
    print(f"check-format: excluded: {len(dims)} variables read by six programs, {digests.check(path)} digests right")


def check_influence(runs, students, folder):
    """Pairs and all scores, on test examples; on training examples, of which so few runs leave no pair."""
    with h5py.File(runs) as file:
        counts = {"test": len(file["test/example"]), "train": len(file["train/example"])}
    for split in ("test", "train"):
        path = folder / f"influence-{split}.h5"
        done = run(["score", "influence", runs, students, "--on", split, "--threshold", "0.5", "--dense", "-o", path])
        assert done.status == 0, done.errors
        other = "test_example" if split == "test" else "held_out_example"
        columns = ("cell", "train_example", other, "score", "standard_error", "q_value", "n_in", "n_out")
        dims = {variable: text for variable, text in DIMENSIONS["scores"].items() if variable.count("/") == 1}
        dims |= {"/train/example": "example", "/train/label": "example"}
        dims |= {f"/influence/{column}": "pair" for column in columns}
        dims |= {f"/summary/influence_{count}": "cell" for count in ("pairs", "pairs_tested", "expected_false_pairs")}
        dims |= {"/influence_dense/example": "example", f"/influence_dense/{other}": other}
        dims["/influence_dense/score"] = f"cell example {other}"
        readers.check(path, {variable: tuple(text.split()) for variable, text in dims.items()})
        with h5py.File(path) as scores:
            pairs = scores["influence/score"][:]
            assert len(pairs) == scores["summary/influence_pairs"][:].sum() and (len(pairs) > 0) == (split == "test")
            dense = scores["influence_dense/score"][:]
            assert dense.shape == (2, counts["train"], counts[split])
            assert sorted(dense[dense >= 0.5]) == sorted(pairs)
        print(f"check-format: influence: {len(dims)} variables read by six programs, {digests.check(path)} digests right")


def check_links(files):
    """The files name each other by content."""
    with h5py.File(files["runs"]) as runs, h5py.File(files["students"]) as students:
        assert (students["teacher_digest"][:] == runs["digest"][:]).all()
        with h5py.File(files["data"]) as data:
            assert runs.attrs["data"] == students.attrs["data"] == data.attrs["content"]
        with h5py.File(files["scores"]) as scores:
            contents = {bytes(row).hex() for row in scores["digest"][:]}
            assert contents == {runs.attrs["content"].decode(), students.attrs["content"].decode()}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--flips", type=int, default=2000, help="damaged copies a kind")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = make_files(folder)
        for kind, path in files.items():
            dims = {variable: tuple(text.split()) for variable, text in DIMENSIONS[kind].items()}
            readers.check(path, dims)
            count = digests.check(path)
            print(f"check-format: {kind}: {len(dims)} variables read by six programs, {count} digests right")
        check_links(files)
        check_planted(folder)
        check_excluded(files["data"], folder)
        check_influence(files["runs"], files["students"], folder)
        bad = 0
        for kind in files:
            # Students' files are runs files too: the two share the number.
            count = options.flips // 2 if kind in ("runs", "students") else options.flips
            outcome = flips.check(kind, files, folder, count, options.seed)
            print(f"check-format: {kind}: {outcome}")
            bad += len(outcome.others)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
