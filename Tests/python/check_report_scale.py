"""The whole page of a study of 50,000 images and seven architectures: how long it takes, how much memory, and how large it is.

    python Tests/python/check_report_scale.py [--runs 20]

Runs are those of synthetic_runs.py; the images are noise, which compresses worst. Scores, trajectories, proxies, how they
agree, influence and the runs themselves all go into one page.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np
from tool import run

SIZES = [("resnet-8", 75_290), ("resnet-14", 172_506), ("resnet-20", 269_722), ("resnet-32", 464_154),
         ("resnet-44", 658_586), ("resnet-56", 853_018), ("resnet-110", 1_727_962)]
SECONDS, MEBIBYTES, PAGE = 5, 300, 3_000_000


def made(*arguments):
    done = run(arguments, 600)
    assert done.status == 0, done.errors


def write_images(path, runs):
    """A data set of noise for what the runs say of labels, under the content that they name."""
    with h5py.File(runs) as source, h5py.File(path, "w", libver=("v110", "v110")) as file:
        file.attrs.update({"kind": "data", "format": np.int32(1), "name": "noise", "content": source.attrs["data"]})
        source.copy("class", file)
        for split in ("train", "test"):
            for name in ("example", "label"):
                file[f"{split}/{name}"] = source[f"{split}/{name}"][:]
            count = len(source[f"{split}/example"])
            images = file.create_dataset(f"{split}/image", (count, 32, 32, 3), "u1", chunks=(64, 32, 32, 3))
            for start in range(0, count, 5_000):
                stop = min(count, start + 5_000)
                images[start:stop] = np.random.default_rng(start).integers(0, 256, (stop - start, 32, 32, 3), np.uint8)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        runs = []
        for architecture, parameters in SIZES:
            runs.append(folder / f"{architecture}.h5")
            subprocess.run(
                [sys.executable, Path(__file__).parent / "synthetic_runs.py", runs[-1], "--runs", str(options.runs),
                 "--balanced", "--architecture", architecture, "--parameters", str(parameters)], check=True)
        data, scores, trajectories, proxies, agreement, influence = (
            folder / f"{kind}.h5" for kind in "data scores trajectories proxies agreement influence".split())
        write_images(data, runs[0])
        made("score", "memorisation", *runs, "-q", "-o", scores)
        made("score", "trajectories", *runs, "-q", "-o", trajectories)
        made("score", "proxies", data, *runs, "--measures", "c_score,random", "-q", "-o", proxies)
        made("score", "agreement", data, *runs, proxies, "-q", "-o", agreement)
        made("score", "influence", runs[0], "--threshold", "0.8", "-q", "-o", influence)
        page = folder / "page.html"
        command = ["bin/report", data, *runs, scores, trajectories, proxies, agreement, influence, "--format", "html",
                   "-q", "-o", page]
        seconds, memory = [], 0
        for _ in range(3):
            start = time.monotonic()
            process = subprocess.Popen(command)
            usage = os.wait4(process.pid, 0)
            assert usage[1] == 0, "report failed"
            seconds.append(time.monotonic() - start)
            memory = max(memory, usage[2].ru_maxrss / 1024)
        median, size = statistics.median(seconds), page.stat().st_size
        print(f"check-report-scale: 50,000 images, 7 architectures, {options.runs} runs each: {median:.2f} s (median of 3), "
              f"{memory:.0f} MiB, a page of {size / 1e6:.2f} MB")
        assert median <= SECONDS and memory <= MEBIBYTES and size <= PAGE, "too slow, too much memory, or too large a page"


if __name__ == "__main__":
    main()
