"""A step swapped for Python: `score` and `report` take the runs of examples/nearest_neighbour.py.

    python Tests/python/check_example.py
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np
from tool import run


def made(arguments):
    done = run(arguments)
    assert done.status == 0, done.errors
    return done


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data, scores = folder / "data.h5", folder / "scores.h5"
        made(["fetch-data", "sprites", "--train", "0:300", "--test", "0:100", "-o", data])
        files = []
        for neighbours in (1, 5):
            files.append(folder / f"{neighbours}.h5")
            subprocess.run(
                [sys.executable, "examples/nearest_neighbour.py", data, files[-1], "--neighbours", str(neighbours)],
                check=True)
        made(["score", "memorisation", *files, "-q", "-o", scores])
        with h5py.File(scores) as file, h5py.File(files[0]) as runs:
            label = dict(zip(file["cell"].asstr()[:], range(2), strict=True))
            one, five = label["1 nearest neighbours"], label["5 nearest neighbours"]
            mask, correct = runs["train/in_mask"][:], runs["train/correct"][:]
            # An example that is in the subset is its own nearest neighbour.
            assert (file["memorisation/in_accuracy"][one] == 1).all()
            out = (correct * (1 - mask)).sum(0) / (1 - mask).sum(0)
            assert np.allclose(file["memorisation/score"][one], 1 - out, equal_nan=True, atol=1e-6)
            mean = file["summary/memorisation"][:]
            assert mean[five] < mean[one], "a vote of more neighbours memorises more"
        text = made(["report", data, scores]).output.decode()
        assert "1 nearest neighbours" in text and "5 nearest neighbours" in text
        # What is wrong with a file of another program is said in one line.
        with h5py.File(files[0], "r+") as file:
            file["train/label"][0] = 10
        done = run(["score", "memorisation", files[0], "-o", folder / "none.h5"])
        assert done.status == 65 and done.errors.count("\n") == 1 and not (folder / "none.h5").exists(), done
    print("check-example: the runs of a Python program are scored and reported")


if __name__ == "__main__":
    main()
