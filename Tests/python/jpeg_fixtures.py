"""JPEG pictures of every common kind, and what djpeg and Pillow make of them.

    python Tests/python/jpeg_fixtures.py Tests/ImageSetsTests/Fixtures/pictures

Needs cjpeg and djpeg of libjpeg-turbo, libturbojpeg, numpy, and Pillow for the inks. A line of jpeg.txt is `FILE WIDTH
HEIGHT PIXELS`: `(y, x, channel)` of red, green and blue in base64.
"""

import base64
import ctypes
import pathlib
import subprocess
import sys

import numpy as np
from PIL import Image

COLOUR = {
    "444.jpg": ["-sample", "1x1"],
    "422.jpg": ["-sample", "2x1"],
    "420.jpg": ["-sample", "2x2", "-quality", "90"],
    "440.jpg": ["-sample", "1x2"],
    "411.jpg": ["-sample", "4x1"],
    # Chroma that is no whole number of times coarser: TurboJPEG has no name for it.
    "odd-sampling.jpg": ["-sample", "2x2,2x1,1x2"],
    "restart.jpg": ["-sample", "2x2", "-restart", "1B"],
    "progressive.jpg": ["-sample", "2x2", "-progressive"],
    "rgb.jpg": ["-rgb"],
}
GREY = {"grey.jpg": [], "grey-progressive.jpg": ["-progressive", "-restart", "1"]}
# The scans of spectral.jpg may come any number of times without a word of libjpeg.
SCANS = "0,1,2: 0-0, 0, 0;\n0: 1-63, 0, 0;\n1: 1-63, 0, 0;\n2: 1-63, 0, 0;\n"


def picture(height, width, channels, seed):
    """Smooth colours with some noise: what all stages of a decoder have to work for."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    waves = [128 + 90 * np.sin(x / (3 + c) + y / (5 - c / 2) + 2 * c) for c in range(channels)]
    return np.clip(np.stack(waves, -1) + rng.normal(0, 20, (height, width, channels)), 0, 255).astype(np.uint8)


def pnm(pixels):
    kind = b"P6" if pixels.shape[2] == 3 else b"P5"
    return b"%s\n%d %d\n255\n" % (kind, pixels.shape[1], pixels.shape[0]) + pixels.tobytes()


def run(*words, data):
    return subprocess.run(words, input=data, stdout=subprocess.PIPE, check=True).stdout


def djpeg(jpeg):
    """Red, green and blue as djpeg has them by default."""
    kind, size, _, data = run("djpeg", data=jpeg).split(b"\n", 3)
    width, height = map(int, size.split())
    pixels = np.frombuffer(data, np.uint8).reshape(height, width, -1)
    return pixels if kind == b"P6" else np.repeat(pixels, 3, 2)


def ycck(pixels, sampling):
    """Inks as luminance, two colour differences and black; TJPF_CMYK is 11, TJSAMP_444 and _420 are 0 and 2."""
    library = ctypes.CDLL("libturbojpeg.so.0")
    library.tjInitCompress.restype = ctypes.c_void_p
    handle = ctypes.c_void_p(library.tjInitCompress())
    out, size = ctypes.c_void_p(), ctypes.c_ulong()
    height, width, _ = pixels.shape
    status = library.tjCompress2(
        handle, pixels.ctypes.data_as(ctypes.c_void_p), width, 0, height, 11, ctypes.byref(out), ctypes.byref(size),
        sampling, 85, 0)
    assert status == 0
    return ctypes.string_at(out, size.value)


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    scans = folder / "scans"
    scans.write_text(SCANS)
    lines = []

    def store(name, jpeg, pixels):
        (folder / name).write_bytes(jpeg)
        height, width, _ = pixels.shape
        lines.append(f"{name} {width} {height} {base64.b64encode(pixels.tobytes()).decode()}\n")

    colour, grey = pnm(picture(21, 35, 3, 1)), pnm(picture(19, 23, 1, 2))
    for name, options in COLOUR.items():
        jpeg = run("cjpeg", *options, data=colour)
        store(name, jpeg, djpeg(jpeg))
    for name, options in GREY.items():
        jpeg = run("cjpeg", *options, data=grey)
        store(name, jpeg, djpeg(jpeg))
    jpeg = run("cjpeg", "-scans", str(scans), data=colour)
    store("spectral.jpg", jpeg, djpeg(jpeg))
    jpeg = run("cjpeg", data=pnm(picture(1, 1, 3, 3)))
    store("1x1.jpg", jpeg, djpeg(jpeg))
    scans.unlink()

    inks = picture(18, 20, 4, 4)
    for name, jpeg in {"ycck.jpg": ycck(inks, 0), "ycck-420.jpg": ycck(inks, 2)}.items():
        (folder / name).write_bytes(jpeg)
        store(name, jpeg, np.asarray(Image.open(folder / name).convert("RGB")))
    Image.fromarray(inks, "CMYK").save(folder / "cmyk.jpg", quality=85)
    store("cmyk.jpg", (folder / "cmyk.jpg").read_bytes(), np.asarray(Image.open(folder / "cmyk.jpg").convert("RGB")))
    (folder / "jpeg.txt").write_text("".join(lines))


if __name__ == "__main__":
    main()
