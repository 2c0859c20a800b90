"""Do intervals from 20 and from 100 runs hold what 2,000 runs say? Of each score, and of the mean over examples.

    python Tests/python/gold.py study/results-gold

Reads what `make results-gold` has scored: all runs (scores/gold.h5), each block of 20 and each block of 100
(scores/20/0000.h5, ...). The 2,000 runs err too, by .024 at most. A block of n of the N runs is compared with all
runs, of which it is a part, so that too many are covered; and with the other runs, which err on their own, so that too
few are. The variances of the differences are 1 - n/N and 1 + n/(N - n) times the block's. Beside both stands what the
coverage of each score should be by exact enumeration, were the accuracies of all runs the truth.

Tests/python/gold.csv has the counts of all runs: in how many of 1,400 runs with the example, and of 600 without it, it
was right. `--write` writes it anew; otherwise the runs are compared with it (AVX-512; others round otherwise).
"""

import argparse
import csv
from math import lgamma
from pathlib import Path

import h5py
import numpy as np

GOLD = Path(__file__).parent / "gold.csv"
Z = 1.959963984540054


class Scores:
    """A file of `score memorisation`."""

    def __init__(self, path):
        with h5py.File(path) as file:
            group = file["memorisation"]
            self.example = file["train/example"][:]
            self.in_count, self.out_count = group["in_count"][0], group["out_count"][0]
            self.in_correct = np.rint(group["in_accuracy"][0] * self.in_count).astype(int)
            self.out_correct = np.rint(group["out_accuracy"][0] * self.out_count).astype(int)
            self.interval = group["lower"][0].astype(float), group["upper"][0].astype(float)
            summary = file["summary"]
            self.mean = float(summary["memorisation"][0])
            self.mean_interval = float(summary["memorisation_lower"][0]), float(summary["memorisation_upper"][0])

    @property
    def score(self):
        return self.in_correct / self.in_count - self.out_correct / self.out_count

    def without(self, block):
        """The scores of the runs that are not in the block."""
        inside = (self.in_correct - block.in_correct) / (self.in_count - block.in_count)
        outside = (self.out_correct - block.out_correct) / (self.out_count - block.out_count)
        return inside - outside


def covers(interval, truth):
    # Ends are stored as floats, and at 1 and -1 equal the truth.
    return (interval[0] <= truth + 1e-6) & (truth - 1e-6 <= interval[1])


def binomial(n, p):
    """(example, count): probabilities of 0...n successes."""
    k = np.arange(n + 1)
    choose = np.array([lgamma(n + 1) - lgamma(i + 1) - lgamma(n - i + 1) for i in k])
    with np.errstate(divide="ignore", invalid="ignore"):
        log = choose + np.where(k, k * np.log(p)[:, None], 0) + np.where(n - k, (n - k) * np.log1p(-p)[:, None], 0)
    return np.exp(log)


def wilson(n):
    x = np.arange(n + 1)
    p = x / n
    centre, spread = p + Z * Z / (2 * n), Z * np.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    scale = 1 + Z * Z / n
    return p, np.where(x == 0, 0, (centre - spread) / scale), np.where(x == n, 1, (centre + spread) / scale)


def expected_coverage(inside, outside, n, m):
    """(example): coverage of Newcombe's interval from n runs with and m without, by enumeration."""
    (p, low, high), (q, below, above) = wilson(n), wilson(m)
    difference = p[:, None] - q
    lower = difference - np.hypot((p - low)[:, None], above - q)
    upper = difference + np.hypot((high - p)[:, None], q - below)
    weights = zip(binomial(n, inside), binomial(m, outside), inside - outside, strict=True)
    return np.array([a @ covers((lower, upper), truth) @ b for a, b, truth in weights])


def compare(gold, blocks, size):
    """Prints one row a quantity, and checks what must hold."""
    inside, outside = gold.in_correct / gold.in_count, gold.out_correct / gold.out_count
    expected = expected_coverage(inside, outside, int(blocks[0].in_count[0]), int(blocks[0].out_count[0]))
    within = np.array([covers(b.interval, gold.score) for b in blocks])
    others = np.array([covers(b.interval, gold.without(b)) for b in blocks])
    print(f"{len(blocks)} disjoint blocks of {size} runs")
    print(f"  scores within the interval       {within.mean():.4f} of all runs, {others.mean():.4f} of the other runs")
    print(f"  in the first block               {within[0].mean():.4f}, {others[0].mean():.4f}")
    print(f"  least and greatest of the blocks {within.mean(1).min():.4f}, {within.mean(1).max():.4f}")
    print(f"  expected by enumeration          {expected.mean():.4f}")
    # Where neither accuracy is at an end, coverage is no matter of course.
    middle = (inside > 0.02) & (inside < 0.98) & (outside > 0.02) & (outside < 0.98)
    print(f"  of {middle.sum()} examples with accuracies of .02 to .98: {within[:, middle].mean():.4f}, "
          f"{others[:, middle].mean():.4f}; expected {expected[middle].mean():.4f}")
    mean_within = np.array([covers(b.mean_interval, gold.mean) for b in blocks])
    mean_others = np.array([covers(b.mean_interval, gold.without(b).mean()) for b in blocks])
    width = np.mean([b.mean_interval[1] - b.mean_interval[0] for b in blocks]) / 2
    deviation = np.std([b.mean for b in blocks], ddof=1)
    print(f"  means within their intervals     {mean_within.sum()} of {len(blocks)}, "
          f"{mean_others.sum()} of the other runs")
    print(f"  their half-width {width:.5f} on average; 1.96 standard deviations of the means {1.96 * deviation:.5f}")
    assert abs(within.mean() - expected.mean()) < 0.01, "coverage is not what enumeration says"
    assert 0.94 <= within.mean() and 0.93 <= others.mean()
    # Three standard errors of a share of .95.
    assert mean_within.mean() >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / len(blocks))


def main():
    parser = argparse.ArgumentParser(description="Intervals from few runs against 2,000 runs.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--write", action="store_true", help="write gold.csv anew")
    options = parser.parse_args()
    gold = Scores(options.folder / "scores/gold.h5")
    assert (gold.in_count == 1400).all() and (gold.out_count == 600).all(), "2,000 runs on balanced subsets are needed"
    rows = list(zip(gold.example.tolist(), gold.in_correct.tolist(), gold.out_correct.tolist(), strict=True))
    if options.write:
        with GOLD.open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([("example", "in_correct", "out_correct"), *rows])
    with GOLD.open(newline="") as file:
        stored = [tuple(map(int, row)) for row in list(csv.reader(file))[1:]]
    off = sum(a != b for a, b in zip(rows, stored, strict=True))
    print(f"{len(rows)} examples, mean memorisation {gold.mean:.4f} [{gold.mean_interval[0]:.4f}, "
          f"{gold.mean_interval[1]:.4f}]; {off} differ from gold.csv")
    for size in (20, 100):
        files = sorted((options.folder / f"scores/{size}").glob("*.h5"))
        assert len(files) == 2000 // size, f"{len(files)} files of {size} runs"
        compare(gold, [Scores(file) for file in files], size)


if __name__ == "__main__":
    main()
