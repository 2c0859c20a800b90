"""Files to start a fuzzing run from: a folder for each decoder, of the smallest whole inputs.

    python Tests/fuzz/seeds.py FOLDER

Needs Python alone.
"""

import gzip
import io
import pathlib
import struct
import sys
import tarfile
import zipfile

FIXTURES = pathlib.Path(__file__).parent.parent / "ImageSetsTests" / "Fixtures"
CIFAR = [f"cifar-10-batches-bin/data_batch_{i}.bin" for i in range(1, 6)] + ["cifar-10-batches-bin/test_batch.bin"]
CODES = ["n01000001", "n02000002"]


def tar(members, form):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zipped(members, method, streamed=False):
    """`streamed`: with sizes behind the data, as a writer to a pipe has it."""
    out = io.BytesIO()
    if streamed:
        out.seekable = lambda: False
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def cifar():
    members = [(name, bytes([i]) + bytes(3072)) for i, name in enumerate(CIFAR)]
    members.append(("cifar-10-batches-bin/batches.meta.txt", b"a\nb\nc\nd\ne\nf\n"))
    archives = {form: tar(members, form) for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)}
    long = [("x" * 120 + "/" + name, data) for name, data in members]
    yield from archives.values()
    yield tar(long, tarfile.GNU_FORMAT)
    yield tar(long, tarfile.PAX_FORMAT)
    yield gzip.compress(archives[tarfile.USTAR_FORMAT], mtime=0)


def pictures():
    return {path.name: path.read_bytes() for path in sorted(FIXTURES.glob("pictures/*.*")) if path.suffix != ".txt"}


def archives():
    small = [("a/1.jpg", pictures()["1x1.jpg"]), ("b/2.png", pictures()["1x1.png"])]
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        yield zipped(small, method)
        yield zipped(small, method, streamed=True)
    yield zipped([("x/train/" + name, data) for name, data in small] + [("x/test/a/3.png", small[1][1])], 0)


def tiny_imagenet():
    colour, grey = (FIXTURES.joinpath("tiny-imagenet", name).read_bytes() for name in ("colour.jpg", "grey.jpg"))
    members = [("wnids.txt", "\n".join(CODES).encode()), ("words.txt", "".join(f"{c}\tword\n" for c in CODES).encode())]
    members += [(f"train/{code}/images/{code}_0.JPEG", data) for code, data in zip(CODES, (colour, grey))]
    members += [("val/val_annotations.txt", f"val_0.JPEG\t{CODES[1]}\t0\t0\t1\t1\n".encode()), ("val/images/val_0.JPEG", grey)]
    for root in ("", "tiny-imagenet-200/"):
        for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            yield zipped([(root + name, data) for name, data in members], method)


def idx():
    images = struct.pack(">4B3I", 0, 0, 8, 3, 2, 28, 28) + bytes(range(256)) * 6 + bytes(32)
    labels = struct.pack(">4BI2B", 0, 0, 8, 1, 2, 3, 9)
    yield struct.pack(">H", len(images)) + images + labels
    packed = gzip.compress(images, mtime=0)
    yield struct.pack(">H", len(packed)) + packed + gzip.compress(labels, mtime=0)


def npy():
    for version, kind, shape, data in ((1, "<f4", "(2,)", bytes(8)), (2, "<i8", "(1, 1)", bytes(8)), (3, "|u1", "()", b"x")):
        header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
        yield b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(header)) + header + data


SEEDS = {
    "cifar": cifar,
    "zip": archives,
    "tiny-imagenet": tiny_imagenet,
    "mat": lambda: (path.read_bytes() for path in sorted(FIXTURES.glob("**/*.mat"))),
    "idx": idx,
    "picture": lambda: pictures().values(),
    "labels": lambda: [b"label\n3\nDress\n", b"0,1\n1,Ankle boot\n", b"example\tlabel\r\n1\t3\r\n", gzip.compress(b"3\n4\n")],
    "npy": npy,
}


def main():
    folder = pathlib.Path(sys.argv[1])
    for name, seeds in SEEDS.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number, data in enumerate(seeds()):
            (folder / name / f"seed-{number:02}").write_bytes(data)


if __name__ == "__main__":
    main()
