#!/usr/bin/env python3
"""Prints Tests/MeasuresTests/MeasuresFixtures.swift: measures of runs by a few lines of NumPy each, in float64.

    pip install numpy scipy
    python Tests/python/measures_fixtures.py > Tests/MeasuresTests/MeasuresFixtures.swift
"""
import math
import warnings

import numpy as np
from scipy import stats

warnings.simplefilter("ignore")  # means of nothing, and so on: they are NaN, as they should be
rng = np.random.default_rng(5)
RUNS, EXAMPLES, CLASSES, EPOCHS = 8, 12, 5, 6

label = rng.integers(0, CLASSES, EXAMPLES)
logits = np.round(rng.normal(0, 3, (RUNS, EXAMPLES, CLASSES)), 3)
mask = (rng.random((RUNS, EXAMPLES)) < 0.6).astype(int)
mask[:, 0], mask[:, 1] = 1, 0  # always in, never in
mask[:, 2] = [1] + [0] * (RUNS - 1)  # in once
logits[3, 4, 2] = np.nan  # a run that says nothing of an example
logits[:, 5, :] += 40 * np.eye(CLASSES)[label[5]]  # so sure that 1 - p is lost in float32
epochs = np.round(rng.random((EPOCHS, EXAMPLES)), 3)
epochs[:, 3], epochs[2, 4] = np.nan, np.nan  # never met; not met once
flags = (rng.random((EPOCHS, EXAMPLES)) < 0.6).astype(float)
flags[:, 0], flags[:, 1], flags[:, 2], flags[:, 3] = 0, 1, [0, 1, 0, 1, 0, 0], np.nan


def swift(values):
    if isinstance(values, (list, tuple, np.ndarray)):
        return "[" + ", ".join(swift(v) for v in values) + "]"
    if math.isnan(values):
        return ".nan"
    return repr(float(values)).removesuffix(".0").replace("inf", ".infinity")


def bind(name, kind, values):
    print(f"  static let {name}: {kind} = {swift(values)}")


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def label_logits():
    own = np.take_along_axis(logits, np.broadcast_to(label[None, :, None], (RUNS, EXAMPLES, 1)), 2)[..., 0]
    others = logits.copy()
    others[:, np.arange(EXAMPLES), label] = -np.inf
    top = others.max(-1)
    return own - top, own - top - np.log(np.exp(others - top[..., None]).sum(-1))


margin, odds = label_logits()
p = 1 / (1 + np.exp(-odds))


def side(values, members):
    """Count, mean and variance (divisor n - 1) by example, of the runs whose mask is `members`."""
    chosen = np.where(mask == members, values, np.nan)
    n = (~np.isnan(chosen)).sum(0)
    return n, np.nanmean(chosen, 0), np.where(n > 1, np.nanvar(chosen, 0, ddof=1), np.nan)


def mean_difference():
    (n, a, v), (m, b, w) = side(p, 1), side(p, 0)
    parts = np.array([v / n, w / m])
    total = parts.sum(0)
    freedom = np.floor(total**2 / (parts**2 / (np.array([n, m]) - 1)).sum(0))
    half = stats.t.ppf(0.975, np.maximum(freedom, 1)) * np.sqrt(total)
    bind("differenceScore", "[Double]", a - b)
    bind("differenceError", "[Double]", np.sqrt(total))
    bind("differenceLower", "[Double]", a - b - half)
    bind("differenceUpper", "[Double]", a - b + half)


def out_of_sample():
    out = np.where((mask == 0)[..., None] & ~np.isnan(logits).any(-1, keepdims=True), softmax(logits), np.nan)
    bind("outOfSample", "[Double]", np.nanmean(out, 0).ravel())


def lira():
    def density(k, i, members, variance):
        others = [j for j in range(RUNS) if j != k and mask[j, i] == members and not np.isnan(odds[j, i])]
        if not others:
            return np.nan
        mean = np.mean(odds[others, i])
        return stats.norm.logpdf(odds[k, i], mean, np.sqrt(variance))

    pooled = []
    for members in (1, 0):
        n, _, variance = side(odds, members)
        ok = n > 1
        pooled.append((variance[ok] * (n[ok] - 1)).sum() / (n[ok] - 1).sum())
    ratios = [[density(k, i, 1, pooled[0]) - density(k, i, 0, pooled[1]) for i in range(EXAMPLES)] for k in range(RUNS)]
    bind("ratios", "[Double]", np.ravel(ratios))


def dynamics():
    bind("epochs", "[Float]", epochs.ravel())
    bind("flags", "[Float]", flags.ravel())
    bind("epochMean", "[Double]", np.nanmean(epochs, 0))
    bind("lossSum", "[Double]", np.where(np.isnan(epochs).all(0), np.nan, np.nansum(epochs, 0)))
    bind("variability", "[Double]", np.nanstd(epochs, 0))
    forgetting, first, good, never = [], [], [], []
    for column in flags.T:
        if np.isnan(column).all():
            forgetting, first, good, never = ([*x, np.nan] for x in (forgetting, first, good, never))
            continue
        learned = column.any()
        forgetting.append(np.sum((column[:-1] == 1) & (column[1:] == 0)) if learned else EPOCHS)
        first.append(np.argmax(column) + 1 if learned else EPOCHS + 1)
        wrong = np.flatnonzero(column == 0)
        good.append(wrong[-1] + 2 if len(wrong) else 1)
        never.append(0 if learned else 1)
    bind("forgettingEvents", "[Double]", forgetting)
    bind("firstLearnedEpoch", "[Double]", first)
    bind("learnedForGoodEpoch", "[Double]", good)
    bind("neverLearned", "[Double]", never)


def logit_proxies():
    q = softmax(logits)
    bind("el2n", "[Double]", np.linalg.norm(q - np.eye(CLASSES)[label], axis=-1).ravel())
    bind("confidence", "[Double]", q.max(-1).ravel())
    m = (q[1:] + q[:-1]) / 2
    js = (q[1:] * np.log(q[1:] / m)).sum(-1) / 2 + (q[:-1] * np.log(q[:-1] / m)).sum(-1) / 2
    bind("divergence", "[Double]", js.ravel())


print("// Made by Tests/python/measures_fixtures.py.")
print("// swift-format-ignore-file")
print(f"/// NumPy {np.__version__}.")
print("enum MeasuresFixtures {")
print(f"  static let runs = {RUNS}, examples = {EXAMPLES}, classes = {CLASSES}, epochCount = {EPOCHS}")
bind("logits", "[Float]", logits.ravel())
bind("label", "[Int32]", label)
bind("mask", "[UInt8]", mask.ravel())
bind("margin", "[Double]", margin.ravel())
bind("logOdds", "[Double]", odds.ravel())
mean_difference()
out_of_sample()
lira()
dynamics()
logit_proxies()
print("}")
