"""An archive in the layout of Tiny-ImageNet, as large as the published one, from one of a few classes.

    python Benchmarks/repeat_tiny_imagenet.py tiny-imagenet-10-classes.zip 20 large.zip

Each class comes so many times, under codes of its own; pictures stay as they are, byte for byte.
"""

import sys
import zipfile

ROOT = "tiny-imagenet-200/"


def main():
    source, times = zipfile.ZipFile(sys.argv[1]), int(sys.argv[2])
    codes = source.read(ROOT + "wnids.txt").decode().split()
    lines = source.read(ROOT + "val/val_annotations.txt").decode().splitlines()
    # A code of another class for each round; those of the first are the real ones.
    code = {(c, k): c if k == 0 else f"n{90_000_000 + k * len(codes) + i}" for i, c in enumerate(codes) for k in range(times)}
    with zipfile.ZipFile(sys.argv[3], "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr(ROOT + "wnids.txt", "\n".join(code.values()))
        words = source.read(ROOT + "words.txt").decode()
        out.writestr(ROOT + "words.txt", words + "".join(f"\n{c}\tround {k}" for (_, k), c in code.items() if k))
        annotations = []
        for k in range(times):
            for member in source.namelist():
                folder, _, name = member.removeprefix(ROOT).partition("/")
                if folder == "train" and name.endswith(".JPEG"):
                    own = name.split("/")[0]
                    out.writestr(f"{ROOT}train/{name.replace(own, code[own, k])}", source.read(member))
            for line in lines:
                picture, own, *box = line.split("\t")
                new = f"round{k:03}_{picture}"
                out.writestr(f"{ROOT}val/images/{new}", source.read(f"{ROOT}val/images/{picture}"))
                annotations.append("\t".join([new, code[own, k], *box]))
        out.writestr(ROOT + "val/val_annotations.txt", "\n".join(annotations))


if __name__ == "__main__":
    main()
