"""PNG pictures of every kind, and what Pillow's convert("RGB") makes of them.

    python Tests/python/png_fixtures.py Tests/ImageSetsTests/Fixtures/pictures

Needs numpy and Pillow. A line of png.txt is `FILE WIDTH HEIGHT PIXELS`: `(y, x, channel)` of red, green and blue in
base64. Pillow cuts 16-bit grey off at 255, but takes the high byte of 16-bit colours; the high byte is stored for both.
"""

import base64
import io
import pathlib
import struct
import sys
import warnings
import zlib

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 11, 9
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
NAMES = {0: "grey", 2: "rgb", 3: "palette", 4: "grey-alpha", 6: "rgb-alpha"}
DEPTHS = {0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16]}
# Offset and step across and down of each pass of Adam7.
ADAM7 = [(0, 8, 0, 8), (4, 8, 0, 8), (0, 4, 4, 8), (2, 4, 0, 4), (0, 2, 2, 4), (1, 2, 0, 2), (0, 1, 1, 2)]


def chunk(kind, data=b""):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def packed(row, depth):
    """The samples of a row, the first one in the highest bits."""
    bits = "".join(format(int(sample), f"0{depth}b") for sample in row.reshape(-1))
    bits += "0" * (-len(bits) % 8)
    return np.array([int(bits[i:i + 8], 2) for i in range(0, len(bits), 8)], np.int64)


def paeth(a, b, c):
    p = a + b - c
    distance = [abs(p - a), abs(p - b), abs(p - c)]
    return [a, b, c][distance.index(min(distance))]


def filtered(samples, depth, unit):
    """Rows, each by another of the five filters."""
    out, above = b"", None
    for y, row in enumerate(samples):
        row = packed(row, depth)
        above = np.zeros_like(row) if above is None else above
        left, corner = (np.concatenate([np.zeros(unit, np.int64), r])[:len(row)] for r in (row, above))
        kind = y % 5
        guess = [0 * row, left, above, (left + above) // 2, np.array([paeth(*abc) for abc in zip(left, above, corner)])]
        out += bytes([kind]) + bytes(((row - guess[kind]) % 256).astype(np.uint8))
        above = row
    return out


def png(samples, depth, colour, interlaced=False, before=b"", after=b""):
    """A file of `(y, x, channel)` samples, with chunks before and after those of the picture."""
    height, width, channels = samples.shape
    unit = max(1, channels * depth // 8)
    passes = [samples[y::dy, x::dx] for x, dx, y, dy in ADAM7] if interlaced else [samples]
    data = zlib.compress(b"".join(filtered(part, depth, unit) for part in passes if part.size))
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    half = len(data) // 2
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + chunk(b"IDAT", data[:half])
            + chunk(b"IDAT", data[half:]) + after + chunk(b"IEND"))


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(7)
    lines = []

    def store(name, data, pixels=None):
        (folder / name).write_bytes(data)
        if pixels is None:
            pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
        height, width, _ = pixels.shape
        lines.append(f"{name} {width} {height} {base64.b64encode(pixels.tobytes()).decode()}\n")

    def samples(colour, depth, height=HEIGHT, width=WIDTH):
        return rng.integers(0, 1 << depth, (height, width, CHANNELS[colour]))

    def palette(depth):
        return chunk(b"PLTE", rng.integers(0, 256, 3 << depth, dtype=np.uint8).tobytes())

    for colour, name in NAMES.items():
        for depth in DEPTHS[colour]:
            for interlaced in (False, True):
                values = samples(colour, depth)
                before = palette(depth) if colour == 3 else b""
                high = np.repeat(values >> 8, 3, 2).astype(np.uint8) if (colour, depth) == (0, 16) else None
                store(f"{name}-{depth}{'-interlaced' if interlaced else ''}.png",
                      png(values, depth, colour, interlaced, before), high)

    # Transparent colours: of grey 3 and 5, of a palette's first two.
    grey = samples(0, 4)
    store("grey-4-transparent.png", png(grey, 4, 0, before=chunk(b"tRNS", b"\0\3")))
    colours = samples(2, 8)
    store("rgb-8-transparent.png", png(colours, 8, 2, before=chunk(b"tRNS", struct.pack(">3H", *colours[0, 0]))))
    store("palette-2-transparent.png", png(samples(3, 2), 2, 3, before=palette(2) + chunk(b"tRNS", b"\0\x80")))
    # A palette of two colours, and pixels beyond it.
    store("palette-8-short.png", png(samples(3, 2), 8, 3, before=chunk(b"PLTE", bytes(range(10, 16)))))
    # What says how to show the pixels, or speaks of them; the profile and the second text would not inflate.
    notes = (chunk(b"gAMA", struct.pack(">I", 100_000)) + chunk(b"iCCP", b"profile\0\0nothing")
             + chunk(b"tEXt", b"Title\0a picture") + chunk(b"zTXt", b"Bomb\0\0" + zlib.compress(bytes(1 << 20), 9)))
    store("rgb-8-notes.png", png(samples(2, 8), 8, 2, before=notes, after=chunk(b"zTXt", b"Broken\0\0nothing")))
    # An animation: the default picture, then another frame.
    frame = struct.pack(">IIIIHHBB", WIDTH, HEIGHT, 0, 0, 1, 10, 0, 0)
    second = zlib.compress(filtered(samples(2, 8), 8, 3))
    before = chunk(b"acTL", struct.pack(">II", 2, 0)) + chunk(b"fcTL", struct.pack(">I", 0) + frame)
    after = chunk(b"fcTL", struct.pack(">I", 1) + frame) + chunk(b"fdAT", struct.pack(">I", 2) + second)
    store("animated.png", png(samples(2, 8), 8, 2, before=before, after=after))
    store("1x1.png", png(samples(6, 8, 1, 1), 8, 6))
    (folder / "png.txt").write_text("".join(lines))


main()
