"""What Pillow makes of small pictures by each of its filters, and torchvision by them.

    python Tests/python/resize_fixtures.py Tests/ImageSetsTests/Fixtures/pictures

Needs numpy and a Pillow before 12.2: later ones scale the columns of some tall pictures before the rows, which rounds
otherwise. A line of resize.txt is `source NAME WIDTH HEIGHT PIXELS` or `FILTER FIT NAME WIDTH HEIGHT PIXELS`, pixels as
`(y, x, channel)` in base64. `stretch` is Image.resize; `crop` is torchvision's Resize(side) and CenterCrop(side).
"""

import base64
import pathlib
import sys

import numpy as np
from PIL import Image, __version__

FILTERS = ["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"]
SIZES = {"dot": (1, 1), "line": (1, 7), "wide": (23, 9), "tall": (6, 19), "square": (16, 16)}
STRETCHED = {
    "dot": [(1, 1), (3, 2)], "line": [(4, 3), (1, 20)], "wide": [(8, 8), (23, 5), (30, 12)],
    "tall": [(8, 8), (2, 19), (1, 1)], "square": [(16, 16), (7, 7), (17, 15), (31, 5)],
}
CROPPED = {"dot": [4], "line": [1, 2], "wide": [4, 5, 12], "tall": [3, 5, 8], "square": [5, 16]}


def encoded(pixels):
    height, width, _ = pixels.shape
    return f"{width} {height} {base64.b64encode(pixels.tobytes()).decode()}\n"


def cropped(image, side, resample):
    """Resize(side) and CenterCrop(side) of torchvision 0.20, for pictures of Pillow."""
    width, height = image.size
    short, long = min(width, height), max(width, height)
    other = int(side * long / short)
    size = (side, other) if width <= height else (other, side)
    scaled = image if size == image.size else image.resize(size, resample)
    left, top = (int(round((length - side) / 2.0)) for length in size)
    return scaled.crop((left, top, left + side, top + side))


def main():
    assert tuple(map(int, __version__.split(".")[:2])) < (12, 2), "a Pillow before 12.2 is needed"
    rng = np.random.default_rng(11)
    lines = []
    for name, (width, height) in SIZES.items():
        # Half of the values are extreme, so that filters overshoot.
        noise = rng.integers(-128, 384, (height, width, 3)).clip(0, 255).astype(np.uint8)
        image = Image.fromarray(noise)
        lines.append(f"source {name} {encoded(noise)}")
        for kind in FILTERS:
            resample = Image.Resampling[kind.upper()]
            for size in STRETCHED[name]:
                lines.append(f"{kind} stretch {name} {encoded(np.asarray(image.resize(size, resample)))}")
            for side in CROPPED[name]:
                lines.append(f"{kind} crop {name} {encoded(np.asarray(cropped(image, side, resample)))}")
    (pathlib.Path(sys.argv[1]) / "resize.txt").write_text("".join(lines))


main()
