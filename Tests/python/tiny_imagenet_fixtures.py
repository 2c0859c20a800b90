"""Two JPEG pictures of the size that Tiny-ImageNet's have, one of them grey.

    python Tests/python/tiny_imagenet_fixtures.py Tests/ImageSetsTests/Fixtures/tiny-imagenet
"""

import pathlib
import sys

from jpeg_fixtures import picture, pnm, run

if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    for name, channels, options in (("colour.jpg", 3, ["-sample", "2x2"]), ("grey.jpg", 1, [])):
        pixels = picture(64, 64, channels, seed=channels)
        folder.joinpath(name).write_bytes(run("cjpeg", *options, data=pnm(pixels)))
