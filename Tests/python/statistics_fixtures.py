#!/usr/bin/env python3
"""Prints Tests/MeasuresTests/StatisticsFixtures.swift: statistics by SciPy, scikit-learn and NumPy.

    pip install scipy scikit-learn diptest
    python Tests/python/statistics_fixtures.py > Tests/MeasuresTests/StatisticsFixtures.swift
"""
import math

import diptest
import numpy as np
import scipy
import sklearn
from scipy import stats
from sklearn.metrics import average_precision_score, cohen_kappa_score, roc_auc_score

rng = np.random.default_rng(20)


def swift(values):
    if isinstance(values, (list, tuple, np.ndarray)):
        return "[" + ", ".join(swift(v) for v in values) + "]"
    if isinstance(values, (bool, np.bool_)):
        return "true" if values else "false"
    return ".nan" if math.isnan(values) else repr(float(values)).removesuffix(".0")


def bind(name, kind, values):
    print(f"  static let {name}: {kind} = {swift(values)}")


def delong(scores, positive):
    """The definition, over all pairs."""
    a, b = scores[positive], scores[~positive]
    psi = (a[:, None] > b) + 0.5 * (a[:, None] == b)
    return np.var(psi.mean(1), ddof=1) / len(a) + np.var(psi.mean(0), ddof=1) / len(b)


def correlations():
    cases = []
    normal = rng.normal(size=(2, 30))
    cases.append((normal[0], 0.6 * normal[0] + 0.8 * normal[1]))
    cases.append((np.round(2 * normal[0]) / 4, np.round(normal[0] - normal[1])))
    cases.append((np.arange(6.0), -np.exp(np.arange(6.0))))
    cases.append((np.array([1.0, 1, 2, 2, 3]), np.array([5.0, 5, 5, 7, 7])))
    x, y = [[np.round(v, 4) for v in column] for column in zip(*cases)]
    bind("x", "[[Double]]", x)
    bind("y", "[[Double]]", y)
    for name, function in [("pearson", stats.pearsonr), ("spearman", stats.spearmanr), ("kendall", stats.kendalltau)]:
        bind(name, "[Double]", [function(a, b).statistic for a, b in zip(x, y)])
    # Fisher's interval of Pearson's r is SciPy's own.
    interval = stats.pearsonr(x[0], y[0]).confidence_interval(0.95)
    bind("pearsonInterval", "[Double]", [interval.low, interval.high])
    z = 1.959963984540054
    rho, tau = stats.spearmanr(x[0], y[0]).statistic, stats.kendalltau(x[0], y[0]).statistic
    width = z * math.sqrt((1 + rho**2 / 2) / 27)
    bind("spearmanInterval", "[Double]", [math.tanh(math.atanh(rho) - width), math.tanh(math.atanh(rho) + width)])
    width = z * math.sqrt(0.437 / 26)
    bind("kendallInterval", "[Double]", [math.tanh(math.atanh(tau) - width), math.tanh(math.atanh(tau) + width)])


def rankings():
    positive = rng.uniform(size=40) < 0.3
    fine = rng.normal(size=40).astype(np.float32) + positive
    coarse = np.round(2 * fine) / 2
    bind("positive", "[Bool]", positive)
    bind("scores", "[[Float]]", [np.round(fine, 4), coarse])
    both = [np.round(fine, 4), coarse]
    bind("averagePrecision", "[Double]", [average_precision_score(positive, s) for s in both])
    bind("auroc", "[Double]", [roc_auc_score(positive, s) for s in both])
    bind("deLongVariance", "[Double]", [delong(s, positive) for s in both])


def categories():
    rows, columns = rng.integers(0, 6, size=(2, 50))
    columns[:25] = rows[:25]
    bind("rowCategories", "[Int8]", rows)
    bind("columnCategories", "[Int8]", columns)
    bind("kappa", "Double", cohen_kappa_score(rows, columns))


def two_sizes():
    """Of two sizes at alpha .2: the probability of constant, increasing and decreasing.

    Size 1: 12 of 14 right inside, 3 of 6 outside; size 2: 14 of 14 and 1 of 6.
    """
    parts = [(12, 14), (3, 6), (14, 14), (1, 6)]
    n = 4000
    edges = np.linspace(0, 1, n + 1)
    mass = [np.diff(stats.beta(x + 0.5, m - x + 0.5).cdf(edges)) for x, m in parts]
    # Differences of midpoints, on the grid -1 ... 1; then the difference of those.
    score = [np.convolve(mass[0], mass[1][::-1]), np.convolve(mass[2], mass[3][::-1])]
    change = np.convolve(score[1], score[0][::-1])
    value = (np.arange(len(change)) - (len(change) - 1) / 2) / n
    rising, falling = change[value >= 0.2].sum(), change[value <= -0.2].sum()
    bind("twoSizesPosterior", "[Double]", [1 - rising - falling, rising, falling])


def bimodality():
    """Values with and without ties, of one peak and of two, and Sarle's coefficient and the dip of each."""
    own = np.random.default_rng(21)
    scores = own.binomial(14, 0.9, 40) / 14 - own.binomial(6, 0.5, 40) / 6
    two = np.concatenate([own.normal(size=20), own.normal(5, 1, 15)])
    cases = [own.normal(size=30), two, own.integers(0, 8, 24) / 8, scores, np.array([0.0, 0, 0, 1, 1, 1, 1])]
    cases = [np.round(case, 3).astype(np.float32) for case in cases]
    bind("peaks", "[[Float]]", [case.astype(float) for case in cases])
    bind("dip", "[Double]", [diptest.dipstat(case.astype(float)) for case in cases])

    def sarle(x):
        n = len(x)
        return ((stats.skew(x, bias=False) ** 2 + 1)
                / (stats.kurtosis(x, bias=False) + 3 * (n - 1) ** 2 / ((n - 2) * (n - 3))))

    bind("sarle", "[Double]", [sarle(case.astype(float)) for case in cases])


print("// Made by Tests/python/statistics_fixtures.py.")
print("// swift-format-ignore-file")
print(f"/// SciPy {scipy.__version__}, scikit-learn {sklearn.__version__}, NumPy {np.__version__}.")
print("enum StatisticsFixtures {")
correlations()
rankings()
categories()
two_sizes()
bimodality()
print("}")
