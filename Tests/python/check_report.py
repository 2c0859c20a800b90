"""`report` beside other programs: every table recomputed from the files with NumPy, CSV and TSV read by pandas, JSON held
against its schema, Vega-Lite against Altair's, LaTeX set by pdflatex where there is one; and its pages as check_page.py has them.

    python Tests/python/check_report.py
"""

import io
import itertools
import json
import shutil
import subprocess
import tempfile
import warnings
from pathlib import Path

import altair
import check_page
import diptest
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
    path = {name: folder / f"{name}.h5" for name in "data small large students scores a b c third trajectories proxies agreement influence".split()}
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
    made("score", "influence", *both, "-q", "-o", path["influence"])
    return path


def other_study(folder, path):
    """The same two sizes with fewer epochs, and of one another seed."""
    (folder / "other").mkdir()
    train = "--recipe quick --epochs 6 --test-every 3 -q".split()
    for name, architecture, seed in [("small", SMALL, 0), ("large", LARGE, 1)]:
        made("train", path["data"], "--architecture", architecture, *train, "--seed", seed, "--runs", f"0:{RUNS}",
             "-o", folder / "other" / f"{name}.h5")
    made("score", "memorisation", folder / "other" / "small.h5", folder / "other" / "large.h5", "-q",
         "-o", folder / "other" / "scores.h5")
    (folder / "first").mkdir()
    for name in ["small", "large", "scores"]:
        shutil.copy(path[name], folder / "first")


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
        self.teacher, self.mask, self.correct = teacher, mask, correct
        inside, outside = mask.sum(0), (~mask).sum(0)
        self.example_in = np.where(inside > 0, (correct & mask).sum(0) / np.maximum(inside, 1), np.nan)
        self.example_out = np.where(outside > 0, (correct & ~mask).sum(0) / np.maximum(outside, 1), np.nan)
        self.score = self.example_in - self.example_out
        self.inside = (correct & mask).sum(1) / mask.sum(1)
        self.outside = (correct & ~mask).sum(1) / (~mask).sum(1)
        self.by_name = {"in_accuracy": self.inside, "out_accuracy": self.outside, "test_accuracy": self.test,
                        "memorisation": self.inside - self.outside}


    def memorisation(self, run, chosen):
        """In-sample less out-of-sample accuracy of a run over some examples."""
        inside, outside = self.mask[run] & chosen, ~self.mask[run] & chosen
        return np.divide(*(self.correct[run, inside].sum(), inside.sum())) - np.divide(
            *(self.correct[run, outside].sum(), outside.sum()))


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
        wide = score.astype(float)
        near(row["dip"], max(diptest.dipstat(wide), 0.5 / len(wide)), "dip", 1e-9)
        n = len(wide)
        sarle = ((stats.skew(wide, bias=False) ** 2 + 1)
                 / (stats.kurtosis(wide, bias=False) + 3 * (n - 1) ** 2 / ((n - 2) * (n - 3))))
        near(row["sarle"], sarle, "Sarle's coefficient")


def check_mixture(table, path):
    with h5py.File(path) as file:
        cell = list(file["cell"].asstr()[:])
        low, high = (file[f"summary/mass_{end}_mixture"][:] for end in ("low", "high"))
    for row in table:
        near(row["low_without_noise"], low[cell.index(row["cell"])], "low without noise")
        near(row["high_without_noise"], high[cell.index(row["cell"])], "high without noise")


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


def check_proxy_means(table, path):
    with h5py.File(path) as file:
        cell, runs = list(file["cell"].asstr()[:]), file["runs"][:]
        for row in table:
            c, name = cell.index(row["cell"]), row["measure"]
            values, halves = file[f"proxy/{name}"][c].astype(float), file[f"proxy_halves/{name}"][c].astype(float)
            near(row["mean"], np.nanmean(values), name)
            assert row["examples"] == (~np.isnan(values)).sum()
            baseline = name in ("random", "input_norm")
            expected = ["less", "more"][file[f"proxy/{name}"].attrs["expected_sign"] == b"1"]
            assert row["memorised"] == ("–" if baseline else expected)
            difference = np.nanmean(halves[:, 0] - halves[:, 1], axis=1)
            error = np.sqrt((difference**2 / 4).mean())
            half = stats.t.ppf(0.975, 1 / (1 / len(difference) + 1 / (runs[c] - 1))) * error
            near(row["mean_upper"] - row["mean"], half, f"half width of {name}", 1e-5)
            near(row["mean"] - row["mean_lower"], half, f"half width of {name}", 1e-5)


def check_categories(table, path):
    with h5py.File(path) as file:
        alpha, measure = file["agreement/alpha"][:], list(file["agreement/measure"].asstr()[:])
        share, kappa = file["agreement/confusion"][:].astype(float), file["agreement/kappa"][:]
    assert len(table) == len(alpha) * len(measure)
    for row in table:
        a, m = int(np.argmin(abs(alpha - row["alpha"]))), measure.index(row["measure"])
        near(row["same"], np.trace(share[a, m]), "same category")
        p = share[a, m] / share[a, m].sum()
        chance = (p.sum(0) * p.sum(1)).sum()
        if row["kappa"] is None:
            assert np.isnan(kappa[a, m])
        else:
            near(row["kappa"], (np.trace(p) - chance) / (1 - chance), "kappa", 1e-4)


def check_detection(table, path):
    with h5py.File(path) as file:
        group = {name: value[:] for name, value in file["detection"].items()}
        measure, against = (list(file[f"detection/{name}"].asstr()[:]) for name in ("measure", "against"))
        cell = list(file["cell"].asstr()[:])
    assert len(table) == group["auroc"].size
    for row in table:
        place = cell.index(row["cell"]), measure.index(row["measure"]), against.index(row["against"])
        for field, name in [("auroc", "auroc"), ("auroc_lower", "auroc_lower"), ("auroc_upper", "auroc_upper"),
                            ("average_precision", "average_precision"), ("wrong", "wrong"), ("right", "right")]:
            value = group[name][place]
            assert row[field] == float(value) or (row[field] is None and np.isnan(value)), (row, name)


def check_influence(table, path, data):
    with h5py.File(path) as file, h5py.File(data) as images:
        pair = {name: file[f"influence/{name}"][:] for name in ("cell", "train_example", "test_example", "score", "q_value")}
        tested, chance = (file[f"summary/influence_{name}"][:] for name in ("pairs_tested", "expected_false_pairs"))
        own = dict(zip(images["train/example"][:], images["train/subpopulation"][:]))
        other = dict(zip(images["test/example"][:], images["test/subpopulation"][:]))
    related = np.array([own[a] == other[b] for a, b in zip(pair["train_example"], pair["test_example"])])
    for c, row in enumerate(table):
        chosen = pair["cell"] == c
        assert row["pairs"] == chosen.sum() and row["tested"] == tested[c]
        near(row["by_chance"], chance[c], "pairs by chance")
        near(row["least"], abs(pair["score"][chosen]).min(), "least influence")
        assert row["positive"] == (pair["score"][chosen] > 0).sum()
        assert row["discoveries"] == (pair["q_value"][chosen] <= np.float32(0.05)).sum()
        assert row["related"] == related[chosen].sum() and row["note"] == "few runs"


def check_distillation_categories(table, path, runs):
    """At the threshold that is shown: the least that is reliable, or the largest."""
    with h5py.File(path["trajectories"]) as file:
        reliable, shape = file["trajectory/reliable"][:], list(file["trajectory/shape"].asstr()[:])
        category = file["trajectory/category"][int(np.argmax(reliable)) if reliable.any() else -1]
    students, labels = runs[f"{SMALL} < {LARGE}"], runs[SMALL]
    assert table
    for row in table:
        own = category == shape.index(row["category"])
        both = own & ~np.isnan(students.score) & ~np.isnan(labels.score)
        assert row["examples"] == both.sum()
        near(row["labels_score"], labels.score[both].mean(), row["category"])
        near(row["distilled_score"], students.score[both].mean(), row["category"])
        near(row["mean_difference"], (students.score - labels.score)[both].mean(), row["category"])
        with np.errstate(invalid="ignore"):
            difference = [students.memorisation(k, own) - labels.memorisation(k, own) for k in range(RUNS)]
        known = np.array(difference)[~np.isnan(difference)]
        if row["paired_runs"] is not None:
            assert row["paired_runs"] == len(known)
            check_interval(row, "paired_difference", summary(known), row["category"])


def check_comparison(folder):
    """Two studies: the small networks differ in epochs alone, the large ones in their seed too."""
    page = json.loads(made("report", "--compare", folder / "first", folder / "other", "--format", "json", "-q"))
    tables = {table["name"]: table["rows"] for table in page["tables"]}
    names = {"memorisation": "memorisation", "in-sample accuracy": "in_accuracy",
             "out-of-sample accuracy": "out_accuracy", "test accuracy": "test_accuracy"}
    files = {SMALL: "small.h5", LARGE: "large.h5"}
    runs = {(study, cell): Runs(folder / study / name) for study in ("first", "other") for cell, name in files.items()}
    for row in tables["comparison"]:
        a, b = runs["first", row["cell"]], runs["other", row["cell"]]
        name = names[row["quantity"]]
        if row["cell"] == SMALL:
            expected = summary(b.by_name[name] - a.by_name[name])
            check_interval(row, "difference", expected, name)
            assert row["paired_runs"] == RUNS
        elif name != "memorisation":
            with warnings.catch_warnings():
                # In-sample accuracies are nearly all 1.
                warnings.simplefilter("ignore", RuntimeWarning)
                test = stats.ttest_ind(b.by_name[name], a.by_name[name], equal_var=False)
            interval = test.confidence_interval(0.95)
            expected = (b.by_name[name].mean() - a.by_name[name].mean(), interval.low, interval.high)
            check_interval(row, "difference", expected, name, 1e-5)
            assert row["paired_runs"] is None
        outside = row["difference_lower"] > 0 or row["difference_upper"] < 0
        assert row["beyond"] == ("yes" if outside else "no")
    found = {(row["cell"], row["setting"], row["first"], row["second"]) for row in tables["comparison-settings"]}
    # The quick recipe warms up over a share of its epochs, and the seed of the subsets is that of the runs.
    both = {("recipe.epochs", "12", "6"), ("recipe.test_every", "4", "3"), ("recipe.warm_up_epochs", "2", "1.5")}
    expected = {(cell, *setting) for cell in (SMALL, LARGE) for setting in both}
    assert found == expected | {(LARGE, "seed", "0", "1"), (LARGE, "subset.seed", "0", "1")}, found
    for row in tables["comparison-examples"]:
        parts = []
        for study in ("first", "other"):
            with h5py.File(folder / study / "scores.h5") as file:
                c = list(file["cell"].asstr()[:]).index(row["cell"])
                parts.append([file[f"memorisation/{name}"][c].astype(float) for name in ("score", "lower", "upper")])
        (a, la, ua), (b, lb, ub) = parts
        known = ~np.isnan(a) & ~np.isnan(b)
        a, la, ua, b, lb, ub = (values[known] for values in (a, la, ua, b, lb, ub))
        assert row["examples"] == known.sum()
        near(row["mean_difference"], (b - a).mean(), "mean difference", 1e-6)
        near(row["mean_size"], abs(b - a).mean(), "mean size")
        near(row["pearson"], stats.pearsonr(a, b).statistic, "Pearson")
        near(row["spearman"], stats.spearmanr(a, b).statistic, "Spearman")
        below, above = np.hypot(b - lb, ua - a), np.hypot(ub - b, a - la)
        near(row["beyond"], ((b - a - below > 0) | (b - a + above < 0)).mean(), "beyond noise", 1e-3)
    assert set(tables) == {"comparison", "comparison-settings", "comparison-examples"}
    return page, len(tables)


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
        check_mixture(tables["scores"], path["scores"])
        check_proxy_means(tables["proxy-means"], path["proxies"])
        check_categories(tables["proxy-categories"], path["agreement"])
        check_detection(tables["detection"], path["agreement"])
        check_influence(tables["influence"], path["influence"], path["data"])
        check_distillation_categories(tables["distillation-categories"], path, runs)
        other_study(folder, path)
        comparison, compared = check_comparison(folder)
        jsonschema.validate(comparison, schema)
        unchecked = set(tables) - {"accuracy", "memorisation", "scores", "distillation", "distillation-examples",
                                   "subpopulations", "wrong-labels", "alignment", "alignment-accuracy", "trajectories",
                                   "proxies", "proxy-changes", "gradients", "proxy-means", "proxy-categories",
                                   "detection", "influence", "distillation-categories"}
        assert not unchecked, f"tables that nothing is held against: {unchecked}"
        check_formats(path, page, schema)
        latex = check_latex(path, folder)
        made("report", *path.values(), "--format", "html", "-q", "-o", folder / "page.html")
        made("report", "--compare", folder / "first", folder / "other", "--format", "html", "-q",
             "-o", folder / "comparison.html")
        pages = [check_page.check(folder / f"{name}.html") for name in ("page", "comparison")]
    print(f"check-report: {len(tables) + compared} tables are those recomputed; CSV, TSV, JSON and Vega-Lite read back; {latex}")
    for name, found in zip(("page", "comparison"), pages):
        print(f"check-report, {name}: {found}")


if __name__ == "__main__":
    main()
