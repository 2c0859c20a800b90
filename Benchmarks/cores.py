"""Throughput against cores: `train -j N` with N runs, images a second by its own log, for N from 1 to all cores.

    python3 Benchmarks/cores.py data.h5 [--architecture resnet-20] [--rounds 5] [--epochs 3]

In turns, so that a busy moment meets all; medians, and the share of linear growth.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
from pathlib import Path


def rate(data, architecture, cores, epochs):
    """Images a second of all runs together; their first epochs, in which memory is touched for the first time, do not count."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        subprocess.run(
            ["bin/train", data, "--architecture", architecture, "--recipe", "cifar", "--epochs", str(epochs), "--batch-size", "128",
             "--warm-up-epochs", "0", "--test-every", str(epochs), "--runs", f"0:{cores}", "--keep", "none", "-j", str(cores), "-q",
             "--log", log, "-o", Path(folder) / "runs.h5"],
            check=True)
        events = [json.loads(line) for line in log.read_text().splitlines()]
    counted = [event for event in events if event["event"] == "epoch" and event["epoch"] > 1]
    by_run = {}
    for event in counted:
        by_run.setdefault(event["run"], []).append(event["images_per_second"])
    return sum(statistics.median(rates) for rates in by_run.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data")
    parser.add_argument("--architecture", default="resnet-20")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=3)
    options = parser.parse_args()
    all_cores = len(os.sched_getaffinity(0))
    counts = sorted({1, all_cores, *(n for n in (2, 4, 8, 12, 16, 24, 32, 48, 64) if n < all_cores)})
    rounds = [[rate(options.data, options.architecture, n, options.epochs) for n in counts] for _ in range(options.rounds)]
    print(f"{options.architecture}, images a second, medians of {options.rounds} rounds")
    print("cores      rate    of linear   least, greatest of a round")
    for n, rates, *_ in zip(counts, zip(*rounds)):
        shares = [rate / one[0] / n for rate, one in zip(rates, rounds)]
        print(f"{n:5} {statistics.median(rates):9.0f} {statistics.median(shares):12.2f}   {min(shares):.2f}, {max(shares):.2f}")


if __name__ == "__main__":
    main()
