"""`report` beside other programs: every table recomputed from the files with NumPy, CSV and TSV read by pandas, JSON held
against its schema, Vega-Lite against Altair's, LaTeX set by pdflatex where there is one.

    python Tests/python/check_report.py
"""

import io
import itertools
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

import altair
import h5py
import jsonschema
import numpy as np
import pandas as pd
from scipy import stats
from tool import run

SMALL, LARGE = "mlp width=16", "mlp width=48"
RUNS = 10


def made(*arguments, timeout=300):
    done = run(arguments, timeout)
    assert done.status == 0, done.errors
    return done.output.decode()


def study(folder):
    """Two sizes, students of the small one by the large one, scores, alignment, and a third scale for a correlation."""
    path = {name: folder / f"{name}.h5" for name in "data small large students scores a b c third trajectories proxies agreement".split()}
    train = "--recipe quick --epochs 12 --test-every 4".split()
    made("fetch-data", "sprites", "--train", "0:600", "--test", "0:200", "-q", "-o", path["data"])
    for name, architecture in [("small", SMALL), ("large", LARGE), ("third", "mlp width=32")]:
        made("train", path["data"], "--architecture", architecture, *train, "--runs", f"0:{RUNS}", "--snapshots", "0,4",
             "--dynamics", "evaluation", "-q", "-o", path[name])
    made("distill", path["data"], path["large"], "--architecture", SMALL, *train, "-q", "-o", path["students"])
    made("score", "memorisation", path["small"], path["large"], path["students"], "-q", "-o", path["scores"])
    for runs, name in [("small", "a"), ("large", "b"), ("third", "c")]:
        made("align", path["data"], path[runs], "--tensors", "logits,all parameters,representation", "-q",
             "-o", path[name])
    both = path["small"], path["large"]
    made("score", "trajectories", *both, "-q", "-o", path["trajectories"])
    made("score", "proxies", path["data"], *both, "--measures", "c_score,grand,random", "-q", "-o", path["proxies"])
    made("score", "agreement", path["data"], *both, path["proxies"], "-q", "-o", path["agreement"])
    return path


def summary(values):
    """Mean, ends of the 95 % t interval, and standard deviation."""
    values = np.asarray(values, dtype=float)
    values = values[~np.isnan(values)]
    mean, sd = values.mean(), values.std(ddof=1)
    half = stats.t.ppf(0.975, len(values) - 1) * sd / len(values) ** 0.5
    return mean, mean - half, mean + half, sd


class Runs:
    """A runs file of one configuration, and what its table entries come from."""

    def __init__(self, path):
        with h5py.File(path) as file:
            assert not file["status"][:].any() or (file["status"][:] == file["status"][0]).all()
            mask, correct = file["train/in_mask"][:] == 1, file["train/correct"][:] == 1
            self.test = (file["test/correct"][:] == 1).mean(1)
            self.curve = file["history/test_accuracy"][:]
            teacher = file["teacher_out_accuracy"][:] if "teacher_out_accuracy" in file else None
        self.teacher = teacher
        inside, outside = mask.sum(0), (~mask).sum(0)
        self.example_in = np.where(inside > 0, (correct & mask).sum(0) / np.maximum(inside, 1), np.nan)
        self.example_out = np.where(outside > 0, (correct & ~mask).sum(0) / np.maximum(outside, 1), np.nan)
        self.score = self.example_in - self.example_out
        self.inside = (correct & mask).sum(1) / mask.sum(1)
        self.outside = (correct & ~mask).sum(1) / (~mask).sum(1)
        self.by_name = {"in_accuracy": self.inside, "out_accuracy": self.outside, "test_accuracy": self.test,
                        "memorisation": self.inside - self.outside}


def near(found, expected, what, bound=2e-6):
    assert abs(found - expected) <= bound * max(1, abs(expected)), f"{what}: {found}, recomputed {expected}"


def check_interval(row, name, expected, what, bound=2e-6):
    for suffix, value in zip(["", "_lower", "_upper"], expected):
        near(row[name + suffix], value, f"{what} {name}{suffix}", bound)


def check_accuracy(table, runs):
    for row in table:
        own = runs[row["cell"]]
        for name in ["in_accuracy", "out_accuracy", "test_accuracy"]:
            expected = summary(own.by_name[name])
            check_interval(row, name, expected, row["cell"])
            near(row[name + "_sd"], expected[3], f"{row['cell']} {name} s.d.")


def check_memorisation(table, runs):
    for row in table:
        own = runs[row["cell"]]
        near(row["memorisation"], np.nanmean(own.score), row["cell"])
        assert row["examples"] == (~np.isnan(own.score)).sum()


def check_shares(table, runs):
    for row in table:
        score = runs[row["cell"]].score.astype(np.float32)
        score = score[~np.isnan(score)]
        tenth, nine = np.float32(0.1), np.float32(0.9)
        near(row["negative"], (score < 0).mean(), "negative")
        near(row["low"], ((score >= 0) & (score <= tenth)).mean(), "low")
        near(row["high"], ((score >= nine) & (score <= 1)).mean(), "high")


def check_distillation(table, runs):
    students, labels = runs[f"{SMALL} < {LARGE}"], runs[SMALL]
    names = {"Memorisation": "memorisation", "In-sample accuracy": "in_accuracy",
             "Out-of-sample accuracy": "out_accuracy", "Test accuracy": "test_accuracy"}
    assert [row["quantity"] for row in table] == list(names)
    for row in table:
        name = names[row["quantity"]]
        expected = summary(students.by_name[name] - labels.by_name[name])
        check_interval(row, "paired_difference", expected, name)
        quantiles = stats.t.ppf([0.975, 0.8], RUNS - 1).sum()
        near(row["detectable"], quantiles * expected[3] / RUNS**0.5, "detectable")
        check_interval(row, "teacher_out_accuracy", summary(students.teacher), name)


def check_examples(table, runs):
    students, labels = runs[f"{SMALL} < {LARGE}"].score, runs[SMALL].score
    difference = (students.astype(np.float32).astype(float) - labels.astype(np.float32).astype(float))
    difference = difference[~np.isnan(difference)]
    (row,) = table
    assert row["examples"] == len(difference)
    near(row["mean_difference"], difference.mean(), "mean difference")
    near(row["sd_over_examples"], difference.std(ddof=1), "s.d. over examples")
    for name, share in [("lower", difference < 0), ("same", difference == 0), ("higher", difference > 0)]:
        near(row[name], share.mean(), name)


def check_truth(tables, runs, data):
    with h5py.File(data) as file:
        size, label, truth = (file[f"train/{name}"][:] for name in ("size", "label", "true_label"))
    wrong = label != truth
    for row in tables["subpopulations"]:
        own = runs[row["cell"]]
        chosen = wrong if row["group"] == "wrong label" else (size == int(row["group"].split()[1])) & ~wrong
        chosen &= ~np.isnan(own.score)
        assert row["examples"] == chosen.sum()
        near(row["memorisation"], own.score[chosen].mean(), row["group"])
        near(row["in_accuracy"], own.example_in[chosen].mean(), row["group"])
        near(row["out_accuracy"], own.example_out[chosen].mean(), row["group"])
    for row in tables["wrong-labels"]:
        score = runs[row["cell"]].score.astype(np.float32)
        known = ~np.isnan(score)
        positive, negative = score[wrong & known], score[~wrong & (size >= 16) & known]
        statistic = stats.mannwhitneyu(positive, negative).statistic
        near(row["auroc"], statistic / len(positive) / len(negative), "AUROC")


def check_trajectories(table, path):
    with h5py.File(path) as file:
        alpha, shape = file["trajectory/alpha"][:], list(file["trajectory/shape"].asstr()[:])
        category, posterior = file["trajectory/category"][:], file["trajectory/posterior"][:].astype(float)
        floor, reliable = file["trajectory/floor"][:], file["trajectory/reliable"][:]
    assert len(table) == len(alpha) * len(shape)
    total = (category[0] >= 0).sum()
    for row, (a, s) in zip(table, itertools.product(range(len(alpha)), range(len(shape)))):
        assert row["shape"] == shape[s] and row["reliable"] == ["no", "yes"][reliable[a]]
        count = (category[a] == s).sum()
        assert row["examples"] == count
        near(row["share"], count / total, "share")
        near(row["floor_share"], floor[a, s] / total, "by chance")
        near(row["excess"], (count - floor[a, s]) / total, "beyond chance", 1e-5)
        near(row["posterior"], np.nanmean(posterior[a, :, s]), "posterior")


def check_proxies(tables, path):
    def same(found, expected):
        assert (found is None and np.isnan(expected)) or found == float(expected), f"{found} {expected}"

    with h5py.File(path) as file:
        group = {name: value[:] for name, value in file["agreement"].items() if value.dtype.kind == "f"}
        measure, method = (list(file[f"agreement/{name}"].asstr()[:]) for name in ("measure", "method"))
        cell = list(file["cell"].asstr()[:])
    assert len(tables["proxies"]) == len(cell) * len(measure) and len(tables["proxy-changes"]) == len(measure)
    for row in tables["proxies"]:
        place = cell.index(row["cell"]), measure.index(row["measure"])
        for end in ["", "_lower", "_upper"]:
            for k, name in enumerate(method):
                same(row[name + end], group["correlation" + end][place][k])
            for name in ["disattenuated", "score_reliability", "proxy_reliability"]:
                same(row[name + end], group[name + end][place])
    for row in tables["proxy-changes"]:
        m = measure.index(row["measure"])
        for end in ["", "_lower", "_upper"]:
            for k, name in enumerate(method):
                same(row[name + end], group["change_correlation" + end][m, k])
            for name in ["disattenuated", "score_reliability", "proxy_reliability"]:
                same(row[name + end], group[f"change_{name}{end}"][m])


def check_gradients(table, path):
    for name, cell in [("a", SMALL), ("b", LARGE), ("c", "mlp width=32")]:
        with h5py.File(path[name]) as file:
            tensor, snapshot = list(file["tensor"].asstr()[:]), list(file["snapshot"][:])
            norm, distance = file["relative_gradient_norm"][:], file["relative_distance"][:]
        rows = [row for row in table if row["cell"] == cell]
        assert [row["tensor"] for row in rows] == ["all parameters"] * len(snapshot)
        for row in rows:
            place = slice(None), snapshot.index(row["epoch"]), tensor.index(row["tensor"])
            check_interval(row, "gradient", summary(norm[place]), cell)
            check_interval(row, "distance", summary(distance[place]), cell)


def check_alignment(tables, path, runs):
    means = {}
    for name, cell in [("a", SMALL), ("b", LARGE), ("c", "mlp width=32")]:
        with h5py.File(path[name]) as file:
            tensor, snapshot = list(file["tensor"].asstr()[:]), list(file["snapshot"][:])
            in_class, everything = file["alignment/mean_in_class"][:], file["alignment/all"][:]
        rows = [row for row in tables["alignment"] if row["cell"] == cell]
        assert len(rows) == len(tensor) * len(snapshot)
        for row in rows:
            s, t = snapshot.index(row["epoch"]), tensor.index(row["tensor"])
            check_interval(row, "in_class", summary(in_class[:, s, t]), row["tensor"])
            check_interval(row, "all", summary(everything[:, s, t]), row["tensor"])
            means.setdefault((row["tensor"], row["epoch"]), []).append(summary(in_class[:, s, t])[0])
    cells = [SMALL, LARGE, "mlp width=32"]
    best = [np.nanmax(runs[cell].curve, axis=1).mean() for cell in cells]
    last = [runs[cell].test.mean() for cell in cells]
    for row in tables["alignment-accuracy"]:
        x = means[row["tensor"], row["epoch"]]
        for name, y in [("best", best), ("last", last)]:
            r = np.corrcoef(x, y)[0, 1]
            near(row[name], r, f"correlation, {row['tensor']}", 1e-5)
            orders = [abs(np.corrcoef(x, np.array(y)[list(order)])[0, 1]) for order in itertools.permutations(range(3))]
            near(row[name + "_p"], np.mean(np.array(orders) >= abs(r) - 1e-9), "p")


def check_formats(path, page, schema):
    files = [path[name] for name in path]
    jsonschema.validate(page, schema)
    for table in page["tables"]:
        name, rows = table["name"], table["rows"]
        fields = [field for c in table["columns"] for field in
                  ([c["name"], c["name"] + "_lower", c["name"] + "_upper"] if c["kind"] == "interval" else [c["name"]])]
        expected = pd.DataFrame(rows, columns=fields)
        for format, separator in [("csv", ","), ("tsv", "\t")]:
            text = made("report", *files, "--table", name, "--format", format, "-q")
            found = pd.read_csv(io.StringIO(text), sep=separator, keep_default_na=False, na_values=["NA", "nan", ""])
            assert list(found.columns) == fields, name
            for field in fields:
                a, b = expected[field], found[field]
                same = (a == b) | (pd.isna(a) & pd.isna(b)) | ((a == "") & pd.isna(b))
                assert same.all(), f"{name} {field}: {a[~same].iloc[0]} {b[~same].iloc[0]}"
        jsonschema.validate(json.loads(made("report", *files, "--table", name, "--format", "json", "-q")), schema)
    for figure in page["figures"]:
        jsonschema.validate(
            json.loads(made("report", *files, "--figure", figure["name"], "--format", "json", "-q")), schema)
        if figure["kind"] != "images":
            specification = made("report", *files, "--figure", figure["name"], "--format", "vega-lite", "-q")
            altair.Chart.from_json(specification)  # which validates


def check_latex(path, folder):
    if not shutil.which("pdflatex"):
        return "no pdflatex here, LaTeX not set"
    tables = made("report", *path.values(), "--format", "latex", "-q")
    document = "\\documentclass{article}\\usepackage{booktabs}\\begin{document}\n" + tables + "\\end{document}\n"
    (folder / "tables.tex").write_text(document)
    done = subprocess.run(["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "tables.tex"], cwd=folder,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]
    return "LaTeX set by pdflatex"


def main():
    schema = json.loads(Path("docs/report.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = study(folder)
        page = json.loads(made("report", *path.values(), "--format", "json", "-q"))
        tables = {table["name"]: table["rows"] for table in page["tables"]}
        runs = {SMALL: Runs(path["small"]), LARGE: Runs(path["large"]), "mlp width=32": Runs(path["third"]),
                f"{SMALL} < {LARGE}": Runs(path["students"])}
        check_accuracy(tables["accuracy"], runs)
        check_memorisation(tables["memorisation"], runs)
        check_shares(tables["scores"], runs)
        check_distillation(tables["distillation"], runs)
        check_examples(tables["distillation-examples"], runs)
        check_truth(tables, runs, path["data"])
        check_alignment(tables, path, runs)
        check_trajectories(tables["trajectories"], path["trajectories"])
        check_proxies(tables, path["agreement"])
        check_gradients(tables["gradients"], path)
        unchecked = set(tables) - {"accuracy", "memorisation", "scores", "distillation", "distillation-examples",
                                   "subpopulations", "wrong-labels", "alignment", "alignment-accuracy", "trajectories",
                                   "proxies", "proxy-changes", "gradients"}
        assert not unchecked, f"tables that nothing is held against: {unchecked}"
        check_formats(path, page, schema)
        latex = check_latex(path, folder)
    print(f"check-report: {len(tables)} tables are those recomputed; CSV, TSV, JSON and Vega-Lite read back; {latex}")


if __name__ == "__main__":
    main()
