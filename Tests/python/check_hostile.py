"""Feeds hostile archives to fetch-data, as a user would who fetched them somewhere.

    python Tests/python/check_hostile.py [--keep FOLDER] [GROUP ...]

Each must be refused with its exit status (65 unless a case says another), in one line on standard error that begins
with `fetch-data: `, names the file and the member, says what is wrong and sends nothing to the terminal that could
steer it; with nothing on standard output, no file left anywhere, in at most 300 MB of memory and 10 s. A few odd
archives that are right must be read. --keep saves the input of each case that fails. Needs Python alone.
"""

import argparse
import gzip
import math
import os
import resource
import struct
import sys
import tarfile
import time
import zlib
from pathlib import Path

from hostile_files import (
    CHANCE, CODES, FASHION_NAMES, GIB, JPEG, MAT_HEADER, RECORD, ROOT, TINY_NAMES, Member, array, cifar10,
    cifar100_archive, cifar_archive, cifar_folder, compressed, deflated, element, entry, fashion, followed, gzipped,
    idx, images, labels, mat, overlapping, pictures, png, progressive, sized, svhn, tar, tiny, tiny_files, with_field,
    zeros, zip_end, zipped)
from hostile_trial import MOST_MEMORY, Trial

# The commands; the last word is the archive, or the folder of the files.
CIFAR10 = "cifar10 --no-verify --from cifar.tar.gz"
CIFAR10_FOLDER = "cifar10 --no-verify --from cifar"
CIFAR10_LABELS = "cifar10 --no-verify --labels labels.txt --from cifar.tar.gz"
CIFAR100 = "cifar100 --no-verify --from cifar.tar.gz"
PICTURES = "folder --size 8 --from pictures.zip"
PICTURE_FOLDER = "folder --size 8 --from in"
TINY = "tiny-imagenet --no-verify --from tiny.zip"
SVHN = "svhn --no-verify --from svhn"
FASHION = "fashion-mnist --no-verify --from fashion"
# How their messages begin.
TRAIN = "svhn/train_32x32.mat: "
FIRST = "cifar-10-batches-bin/data_batch_1.bin"
# Paths out of the archive.
CLIMBING = ("../x.jpg", "a/../../x.jpg", "a/..", "/etc/x.jpg", "..\\x.jpg", "a\\..\\..\\x.jpg")


def zip_bombs(t):
    data, size = deflated(zeros(10 * GIB), wrap="raw"), {"size": 10 * GIB}
    member = Member("a/9.jpg", packed=data, stated=size, large=True)
    t.refuse("a picture of 10 GB", PICTURES, pictures(member), "zip: a/9.jpg: ", "limit")
    for part in ("wnids", "words", "annotations"):
        name = TINY_NAMES[part]
        member = Member(name, packed=data, stated=size, large=True)
        t.refuse(f"10 GB of {part}", TINY, tiny(member, **{part: None}), f"tiny.zip: {name}: ", "limit")
        t.refuse(f"2^24 empty lines of {part}", TINY, tiny(**{part: b"\n" * (1 << 24)}), f"tiny.zip: {ROOT}/")
        t.refuse(f"a line of 2^24 bytes of {part}", TINY, tiny(**{part: b"n" * (1 << 24)}), f"tiny.zip: {name}: ")
    for size in (0, 1000, 1 << 20):
        member = Member("a/9.jpg", packed=data, stated={"size": size})
        t.refuse(f"10 GB that claim {size} bytes", PICTURES, pictures(member), "zip: a/9.jpg: ", "inflates to more")
    # Whatever the limit of a file may be, these are below or above.
    for size in (1 << 20, 1 << 24, 1 << 28):
        crc = zlib.crc32(bytes(size))
        member = Member("a/9.jpg", packed=deflated(zeros(size), wrap="raw"), stated={"size": size, "crc": crc})
        t.refuse(f"a picture of {size} zeros", PICTURES, pictures(member), "zip: a/9.jpg: ")
    deep = zipped([Member(f"{'a/' * 30000}{name}.jpg", JPEG) for name in "ab"])
    t.refuse("folders 30,000 deep", PICTURES, deep)


def gzip_bombs(t):
    bomb, whole, end = zeros(2 * GIB), tar(*cifar10()), bytes(1024)
    zipped_bomb, good = gzipped(bomb), whole[:-1024]
    t.refuse("2 GB as an archive", CIFAR10, zipped_bomb)
    t.refuse("2 GB after an archive", CIFAR10, gzipped(whole, bomb), "cifar.tar.gz: ", "zeros")
    t.refuse("2 GB after an archive, as a gzip file", CIFAR10, gzip.compress(whole) + zipped_bomb, "zeros")
    archive = gzipped(entry(FIRST, size=2 * GIB), bomb, *cifar10(data_batch_1=None), end)
    for verified, command in (("", CIFAR10), (", verified", "cifar10 --from cifar.tar.gz")):
        t.refuse(f"2 GB as data_batch_1.bin{verified}", command, archive, "gz: data_batch_1.bin: ")
    for title, kind in (("another file", b"0"), ("a folder", b"5"), ("a header of all", b"g"), ("a long link", b"K")):
        archive = gzipped(entry("x/other", size=2 * GIB, kind=kind), bomb, good, end)
        t.refuse(f"2 GB as {title}", CIFAR10, archive, "cifar.tar.gz: ", "limit")
    for title, unit in (("files", entry("x/empty")), ("headers", entry("x", b"6 a=b\n", kind=b"x"))):
        archive = gzipped((unit, 2 * GIB // len(unit)), good, end)
        t.refuse(f"2 GB of empty {title}", CIFAR10, archive, "cifar.tar.gz: ", "limit")
    t.refuse("2 GB as a file", CIFAR10_FOLDER, cifar_folder(zipped_bomb), "cifar/data_batch_1.bin: ")
    t.refuse("2 GB as a zip archive", PICTURES, zipped_bomb)
    t.refuse("2 GB as a MATLAB file", SVHN, svhn(zipped_bomb), TRAIN)
    for part in ("train_images", "train_labels"):
        t.refuse(f"2 GB as {part}", FASHION, fashion(**{part: zipped_bomb}), f"fashion/{FASHION_NAMES[part]}: ")
    many = fashion(train_labels=idx((1_000_000_000,), zeros(1_000_000_000)))
    t.refuse("10^9 labels of three images", FASHION, many, "fashion/train-")
    more = fashion(train_labels=idx((3,), bytes(3), bomb))
    t.refuse("2 GB after three labels", FASHION, more, "fashion/train-labels", "goes on after")
    for title, data in (("zeros", bomb), ("empty lines", (b"\n", GIB // 4)), ("lines", (b"0\n", GIB // 8))):
        files = {"labels.txt": gzipped(data)}
        t.refuse(f"{title} as labels", CIFAR10_LABELS, cifar_archive(), "labels.txt: ", beside=files)


def paths(t):
    for name in (*CLIMBING, "C:\\x.jpg", "a/x\0.jpg"):
        t.refuse(f"zip: {name!a}", PICTURES, pictures(Member(name, JPEG)), f"pictures.zip: {name[:3]}")
    t.refuse("zip: no name", PICTURES, pictures(Member("", JPEG)), "without a name")
    t.refuse("zip: no UTF-8", PICTURES, pictures(Member(b"a/\xff.jpg", JPEG)), "zip: a/", "UTF-8")
    for name in CLIMBING:
        entries = {
            "short": entry(name, b"x"), "pax": entry("x", b"x", pax={"path": name}),
            "long GNU": entry("@LongLink", name.encode() + b"\0", kind=b"L") + entry("x", b"x"),
        }
        for title, other in entries.items():
            t.refuse(f"tar: {name!a} as a {title} name", CIFAR10, cifar_archive(other), f"gz: {name}: ")
    prefixed = with_field(entry("x.jpg", b"x"), 345, b"../up")
    t.refuse("tar: .. in a prefix", CIFAR10, cifar_archive(prefixed), "gz: ../up/x.jpg: ")
    t.refuse("tar: .. in a file of the set", CIFAR10, cifar_archive(entry(f"../{FIRST}", RECORD)), f"gz: ../{FIRST}: ")


def tar_sizes(t):
    sizes = {
        "8 GB": 8**11 - 1, "2^40": 1 << 40, "2^62": 1 << 62, "2^63": 1 << 63, "2^64": 1 << 64, "2^80": 1 << 80,
        "-1": -1,
    }
    for name in (FIRST, "x/other"):
        rest = cifar10(data_batch_1=None) if name == FIRST else cifar10()
        for title, size in sizes.items():
            # Up to 8 GB in octal digits, and others in base 256.
            data = tar(entry(name, size=size, form=tarfile.GNU_FORMAT), *rest)
            for kind, archive in (("gzip", gzip.compress(data)), ("tar", data)):
                t.refuse(f"{kind}: {title} of {name}", CIFAR10, archive, f"cifar.tar.gz: {name}: ")
        for size in (str(1 << 41), str(1 << 62), str(1 << 63), "9" * 30, "-1", "1e3", ""):
            archive = gzip.compress(tar(entry(name, RECORD, pax={"size": size}), *rest))
            t.refuse(f"pax size {size or 'nothing'} of {name}", CIFAR10, archive, f"cifar.tar.gz: {name}: ")
    for text in (b"9" * 11 + b"\0", bytes(12), b" " * 12, b"-0000000001\0"):
        archive = gzip.compress(tar(with_field(entry(FIRST, RECORD), 124, text), *cifar10(data_batch_1=None)))
        t.refuse(f"size {ascii(text.decode())}", CIFAR10, archive, f"cifar.tar.gz: {FIRST}: ", "size")
    for title, kind in (("a long name", b"L"), ("a pax header", b"x")):
        t.refuse(f"8 GB of {title}", CIFAR10, gzip.compress(tar(entry("x", kind=kind, size=8**11 - 1))), "header")
    for record in (b"999999999999999999999 a=b\n", b"-5 a=b\n", b"0 a=b\n", b"3 a=b\n", b"7 a=b\n", b"6 ab\n\n"):
        archive = cifar_archive(entry("x", record, kind=b"x"))
        t.refuse(f"pax record {ascii(record.decode())}", CIFAR10, archive, "cifar.tar.gz: ", "pax header")
    t.refuse("a file of 3 TB", CIFAR10_FOLDER, cifar_folder(3073 * 10**9), "cifar/data_batch_1.bin: ", "limit")


def zip_sizes(t):
    for size in (0xFFFFFFFE, 0xFFFFFFFF, 1 << 32, 1 << 62, (1 << 63) - 1, 1 << 63, (1 << 64) - 1):
        for part, which in (("size", "stated"), ("packed", "stated"), ("offset", "central")):
            member = Member("a/9.jpg", JPEG, large=size > 0xFFFFFFFF, **{which: {part: size}})
            t.refuse(f"{part} {size}", PICTURES, pictures(member), "pictures.zip: a/9.jpg: ")
    ends = [{"length": 1 << 31}, {"offset": 1 << 31}, {"offset": 0}, {"disk": 1}]
    ends += [{"count": count, "here": count} for count in (0, 1, 3, 65535)]
    for end in ends:
        t.refuse(f"end record with {end}", PICTURES, zipped([Member("a/1.jpg", JPEG), Member("b/1.jpg", JPEG)], **end))


def overlaps(t):
    for count in (2, 250):
        t.refuse(f"the better zip bomb of {count}", PICTURES, overlapping(count), "pictures.zip: a/0000.jpg: ")

    def laid_out(body, *placed):
        directory = b"".join(member.directory_entry(offset) for member, offset in placed)
        return body + directory + zip_end(len(placed), len(directory), len(body))

    one, two = Member("a/1.jpg", JPEG), Member("b/1.jpg", JPEG)
    t.refuse("two entries of one header", PICTURES, laid_out(one.bytes(), (one, 0), (two, 0)), "zip: a/1.jpg: ")
    both = one.bytes() + two.bytes()
    archive = laid_out(both, (one, 0), (two, len(one.bytes()) - 4))
    t.refuse("an entry 4 bytes before its header", PICTURES, archive, "zip: a/1.jpg: ")
    archive = laid_out(both + bytes(4), (one, 0), (two, len(one.bytes()) + 4))
    t.refuse("an entry 4 bytes behind its header", PICTURES, archive, "zip: b/1.jpg: ", "no header")
    stored = {"method": 0}
    inner = Member("b/1.jpg", JPEG, JPEG, stored)
    outer = Member("a/1.jpg", inner.bytes(), inner.bytes(), stored)
    archive = laid_out(outer.bytes(), (outer, 0), (inner, len(outer.bytes()) - len(inner.bytes())))
    t.refuse("a member within a member", PICTURES, archive, "zip: a/1.jpg: ")
    for more in (1, 30, 1 << 20):
        longer = Member("a/1.jpg", JPEG, stated={"packed": len(one.packed) + more})
        t.refuse(f"{more} bytes into the next member", PICTURES, zipped([longer, two]), "zip: a/1.jpg: ")
        t.refuse(f"{more} bytes into the directory", PICTURES, zipped([two, longer]), "zip: a/1.jpg: ")
    for more in (1, 65535):
        pushed = Member("a/1.jpg", JPEG, local={"extra_length": more})
        t.refuse(f"an extra field of {more} that is not there", PICTURES, zipped([pushed, two]), "zip: a/1.jpg: ")
    script = b"#!/bin/sh\n"
    t.refuse("bytes before", PICTURES, script + pictures())
    t.refuse("bytes before, and counted", PICTURES, zipped([one, two], before=script))
    t.refuse("bytes after", PICTURES, pictures() + script)
    renamed = Member("a/2.jpg", JPEG, local={"name": b"a/3.jpg"})
    t.refuse("another name in the header", PICTURES, pictures(renamed), "zip: a/2.jpg: ", "disagrees")


def descriptors(t):
    """Sizes behind the data."""
    forms = {"": "<4sIII", ", no signature": "<III", ", 64 bits": "<4sIQQ", ", 64 bits, no signature": "<IQQ"}
    for title, form in forms.items():
        archive = zipped([followed(name, form=form) for name in ("a/1.jpg", "b/1.jpg")])
        t.accept(f"as it should be{title}", PICTURES, archive)
        for lie in ("crc", "packed", "size"):
            wrong = followed("a/2.jpg", form=form, **{lie: 1})
            t.refuse(f"another {lie}{title}", PICTURES, pictures(wrong), "zip: a/2.jpg: ")
    t.refuse("none", PICTURES, pictures(Member("a/2.jpg", JPEG, descriptor=b"")), "zip: a/2.jpg: ")
    for lie, value in (("crc", 7), ("size", 7), ("size", 1 << 19), ("packed", 7)):
        member = followed("a/2.jpg")
        member.central = {lie: value}
        t.refuse(f"{lie} {value} in the directory", PICTURES, pictures(member), "zip: a/2.jpg: ")


def zip64(t):
    two = [Member("a/1.jpg", JPEG, large=True), Member("b/1.jpg", JPEG, large=True)]
    nothing = {"count": 0xFFFF, "here": 0xFFFF, "length": 0xFFFFFFFF, "offset": 0xFFFFFFFF}
    t.accept("in the members", PICTURES, zipped(two))
    t.accept("at the end", PICTURES, zipped(two, large={}))
    t.accept("at the end, and nothing in the plain record", PICTURES, zipped(two, large={}, **nothing))
    lies = {
        "count": (0, 3, 1 << 63), "length": (1, 1 << 63), "offset": (1, 1 << 63), "place": (0, 1 << 63),
        "bytes": (45, (1 << 64) - 1),
    }
    for part, values in lies.items():
        for value in values:
            t.refuse(f"{part} {value} at the end", PICTURES, zipped(two, large={part: value}, **nothing))
            t.refuse(f"{part} {value} at the end, beside a plain record", PICTURES, zipped(two, large={part: value}))
    extras = {"short": b"\1\0\4\0abcd", "cut": b"\1\0\x18\0abcd", "without room": b"\1\0\0\0", "torn": b"\1"}
    for which in ("local", "central"):
        for title, extra in extras.items():
            member = Member("a/2.jpg", JPEG, large=True, **{which: {"extra": extra}})
            t.refuse(f"a field that is {title}, {which}", PICTURES, pictures(member), "zip: a/2.jpg: ")
        for lie in ("size", "packed"):
            member = Member("a/2.jpg", JPEG, large=True, **{which: {lie: len(JPEG) + 5}})
            t.refuse(f"a field with another {lie}, {which}", PICTURES, pictures(member), "zip: a/2.jpg: ")


def truncation(t):
    def cuts(title, command, data, files=None, name=None):
        """`data` cut at every 1,000th byte, and by one; as `name` beside other `files`, or as all that there is."""
        def placed(content):
            return content if files is None else files | {name: content}

        t.accept(f"{title}, whole", command, placed(data))
        for length in (*range(0, len(data), 1000), len(data) - 1):
            title_cut = f"{title}, cut to {length} of {len(data)} bytes"
            t.refuse(title_cut, command, placed(data[:length]), name or command.split()[-1])

    cuts("CIFAR-10, gzip", CIFAR10, cifar_archive())
    archive = tar(*cifar10())
    # What ends it are zeros.
    for length in range(0, len(archive) - 1024, 1000):
        t.refuse(f"CIFAR-10, cut to {length} of {len(archive)} bytes", CIFAR10, archive[:length])
    cuts("Tiny-ImageNet", TINY, tiny(words=tiny_files()[TINY_NAMES["words"]] + CHANCE.randbytes(5000).hex().encode()))
    arrays = [images(4), labels(1, 2, 3, 10)]
    cuts("SVHN", SVHN, mat(*arrays), svhn(), "train_32x32.mat")
    cuts("SVHN, compressed", SVHN, mat(*arrays, packed=True), svhn(), "train_32x32.mat")
    cuts("SVHN, compressed, labels first", SVHN, mat(*arrays[::-1], packed=True), svhn(), "test_32x32.mat")
    for part in ("train", "t10k"):
        pair = {f"{part}_images": idx((6, 28, 28), CHANCE.randbytes(6 * 784)), f"{part}_labels": idx((6,), bytes(6))}
        for kind, data in pair.items():
            cuts(f"Fashion-MNIST, {kind}", FASHION, data, fashion(**pair), FASHION_NAMES[kind])


def checksums(t):
    wrong = Member("a/2.jpg", JPEG, stated={"crc": 1})
    t.refuse("a zip member", PICTURES, pictures(wrong), "zip: a/2.jpg: ", "CRC-32")
    stored = Member("a/2.jpg", JPEG, JPEG[:-9] + b"#" + JPEG[-8:], stated={"method": 0})
    t.refuse("a stored zip member", PICTURES, pictures(stored), "zip: a/2.jpg: ", "CRC-32")
    name = TINY_NAMES["words"]
    wrong = Member(name, tiny_files()[name], stated={"crc": 1})
    t.refuse("words.txt", TINY, tiny(wrong, words=None), f"tiny.zip: {name}: ", "CRC-32")

    def flipped(data, place):
        return data[:place] + bytes([data[place] ^ 1]) + data[place:][1:]

    for place, what in ((-8, "CRC-32"), (-4, "length")):
        t.refuse(f"{what} of an archive", CIFAR10, flipped(cifar_archive(), place), "cifar.tar.gz: ", what)
        for name, data in fashion().items():
            t.refuse(f"{what} of {name}", FASHION, fashion() | {name: flipped(data, place)}, f"fashion/{name}: ", what)
    t.refuse("a tar header", CIFAR10, cifar_archive(flipped(entry("x", b"x"), 0)), "cifar.tar.gz: ", "header")
    for variable, arrays in (("X", [labels(10, 1), images()]), ("y", [images(), labels(10, 1)])):
        data = flipped(mat(*arrays, packed=True), -1)
        t.refuse(f"Adler-32 of {variable}", SVHN, svhn(data), f"{TRAIN}{variable}: ")
    rows = deflated(bytes(9 * 8))
    t.accept("a PNG that is right", PICTURES, pictures(Member("a/2.png", png(8, 8, rows))))
    t.refuse("a PNG", PICTURES, pictures(Member("a/2.png", png(8, 8, rows, crc=1))), "zip: a/2.png: ", "CRC")


def large_pictures(t):
    """In an archive, in a folder, and in the layout of Tiny-ImageNet; small as files."""
    scans = {number: progressive(64, number) for number in (20, 3000, 20000)}
    t.accept("20 scans", PICTURES, pictures(Member("a/2.jpg", scans[20])))
    t.accept("20 scans, Tiny-ImageNet", TINY, tiny(train=scans[20]))
    cases = {
        "a JPEG of 65,500 x 65,500": sized(JPEG, 65500, 65500), "a PNG of 65,500 x 65,500": png(65500, 65500),
        "a JPEG of 65,535 x 65,535": sized(JPEG, 65535, 65535), "a PNG of 2^31 x 2^31": png(1 << 31, 1 << 31),
        "a PNG of 2^32 - 1 x 1": png((1 << 32) - 1, 1), "a JPEG of 0 x 64": sized(JPEG, 0, 64),
        "a JPEG of 64 x 0": sized(JPEG, 64, 0), "a PNG of 0 x 0": png(0, 0), "a JPEG, cut": JPEG[:-2],
        "3,000 scans": scans[3000], "20,000 scans": scans[20000], "20 scans, cut": scans[20][:-2],
        "3,000 scans of 65,496 x 65,496": sized(scans[3000], 65496, 65496),
    }
    for title, data in cases.items():
        t.refuse(title, PICTURES, pictures(Member("a/2.jpg", data)), "pictures.zip: a/2.jpg: ")
        t.refuse(f"{title}, in a folder", PICTURE_FOLDER, {"a/1.jpg": JPEG, "b/1.jpg": data}, "in/b/1.jpg: ")
        for part in ("train", "val"):
            t.refuse(f"{title}, Tiny-ImageNet, {part}", TINY, tiny(**{part: data}), f"tiny.zip: {TINY_NAMES[part]}: ")
    rows, text = deflated(bytes(1 << 20)), b"x\0\0" + deflated(zeros(GIB))
    for title, chunks in {
        "20 GB in a profile": [(b"iCCP", text)] * 20, "20 GB in notes": [(b"zTXt", text)] * 20,
        "500,000 notes": [(b"tEXt", b"x\0y")] * 500_000,
    }.items():
        picture = png(10, 10, rows, chunks, crc=1)
        t.refuse(title, PICTURES, pictures(Member("a/2.png", picture)), "zip: a/2.png: ")
    # Nearly as many pixels as are taken. With a side of 600 each picture is a batch: every thread has one.
    large = {
        "a PNG of 9,999 x 9,999, damaged at its end": png(9999, 9999, deflated(zeros(9999 * 10000)), crc=1),
        "a JPEG of 9,984 x 9,984 in 490 scans, cut": progressive(9984, 490, end=b""),
        "a JPEG of 9,984 x 9,984 in colour, cut": progressive(9984, 9, colours=3, end=b""),
    }
    for title, data in large.items():
        for jobs in (1, 2):
            folder, command = {"a/1.jpg": data, "b/1.jpg": data}, f"folder --size 600 -j {jobs} --from in"
            t.refuse(f"{title}, {jobs} threads", command, folder, "in/a/1.jpg: ")


def mat_elements(t):
    good = labels(10, 1)
    dimensions = (
        (32, 32, 3, 3), (32, 32, 3, (1 << 31) - 1), (32, 32, 3, -2), (32, 32, 3, 0), (32, 32), (2, 3, 32, 32), (32,),
        (), (32, 32, 3, 2, 1 << 30), ((1 << 31) - 1,) * 32, (1,) * 33, (1,) * 5000,
    )
    flags = {
        "none": element(6, b""), "of 100 bytes": element(6, bytes(100)), "of class 99": element(6, b"\x63" + bytes(7)),
        "of complex numbers": element(6, b"\x09\x08" + bytes(6)), "of 2^31 bytes": element(6, bytes(8), 1 << 31),
        "of 4 bytes": struct.pack("<HHI", 6, 4, 9), "of a cell": element(6, b"\1" + bytes(7)),
        "of sparse numbers": element(6, b"\5" + bytes(7)),
    }
    for packed in (False, True):
        kind = "compressed" if packed else "plain"

        def refuse(title, *arrays, variable="", count=None, kind=kind, packed=packed):
            t.refuse(f"{kind}: {title}", SVHN, svhn(mat(*arrays, packed=packed, count=count)), TRAIN + variable)

        t.accept(f"{kind}: as it should be", SVHN, svhn(mat(images(), good, packed=packed)))
        for count in (6143, 6145, 6152, 1 << 20, (1 << 31) - 8, (1 << 32) - 1):
            refuse(f"{count} bytes of images", images(numbers=element(2, bytes(6144), count)), good, variable="X: ")
        for storage in (0, 1, 3, 5, 7, 9, 14, 15, 16, 99):
            refuse(f"images of type {storage}", images(numbers=element(storage, bytes(6144))), good, variable="X: ")
        for dims in dimensions:
            refuse(f"X of {len(dims)}: {dims[:5]}", images(dimensions=dims), good)
        for name in ("", "X" * 64, "X" * 100_000):
            refuse(f"a name of {len(name)}", images(name=name), good)
        for title, data in flags.items():
            refuse(f"flags {title}", images(flags=data), good)
        refuse("an array in an array", images(numbers=element(14, images())), good, variable="X: ")
        refuse("an array in an array claims more", images(numbers=element(14, images(), 1 << 30)), good, variable="X: ")
        refuse("arrays claim more", images(), good, count=1 << 30)
        refuse("arrays claim less", images(), good, count=3000)
        refuse("no labels", images())
        refuse("one label", images(), labels(1), variable="y: ")


def mat_files(t):
    whole = mat(images(), labels(10, 1))
    packed = zlib.compress(element(14, images()))
    count = 1_000_000_000
    many = element(14, array("y", (count, 1), numbers=b"")) + struct.pack("<II", 2, count)
    many = struct.pack("<II", 14, len(many) - 8 + count) + many[8:]
    cases = {
        "100 bytes too many": compressed(packed, len(packed) + 100),
        "2^32 - 1 bytes": compressed(packed, (1 << 32) - 1),
        "9 bytes too few": compressed(packed, len(packed) - 9), "nothing": compressed(b""),
        "zeros": compressed(bytes(99)),
        "compressed data": compressed(zlib.compress(compressed(packed))),
        "10^9 labels of 10^9 images":
            element(14, images(dimensions=(32, 32, 3, count))) + compressed(deflated(many, (b"\1", count))),
    }
    for title, body in cases.items():
        t.refuse(f"compressed: {title}", SVHN, svhn(MAT_HEADER + body), TRAIN)
    bomb = compressed(deflated(element(14, images()), zeros(4 * GIB))) + element(14, labels(10, 1))
    t.refuse("4 GB after the images", SVHN, svhn(MAT_HEADER + bomb), f"{TRAIN}X: ", "inflates to more than")
    for title, data in {
        "HDF5": b"\x89HDF\r\n\x1a\n" + bytes(1000), "level 4": struct.pack("<5I", 0, 2, 2, 0, 2) + b"X" + bytes(1000),
        "no byte order": whole[:126] + b"XX" + whole[128:], "version 2": whole[:124] + b"\0\2IM" + whole[128:],
        "text": b"hello\n" * 100, "nothing": b"",
    }.items():
        t.refuse(title, SVHN, svhn(data), TRAIN)


def wrong_labels(t):
    pixels = bytes(3072)
    for label in (10, 255):
        archive = cifar_archive(data_batch_2=b"\1" + pixels + bytes([label]) + pixels)
        t.refuse(f"CIFAR-10: {label}", CIFAR10, archive, "gz: data_batch_2.bin: ", "record 1 ", f"label {label},")
        for part in ("train", "t10k"):
            changed = {f"{part}_labels": idx((3,), bytes([0, label, 1]))}
            t.refuse(f"IDX: {label} of {part}", FASHION, fashion(**changed), "labels", "record 1 ", f"label {label},")
    for coarse, fine, what in ((0, 100, "label 100"), (0, 255, "label 255"), (20, 0, "coarse label 20")):
        archive = cifar100_archive(b"\1\1" + pixels + bytes([coarse, fine]) + pixels)
        t.refuse(f"CIFAR-100: {what}", CIFAR100, archive, "gz: train.bin: ", "record 1 ", what)
    values = {
        "d": (11.0, 0.0, 2.5, math.nan, math.inf, -1.0, 1e300, 1e-300, -0.0, 266.0), "f": (2.5, math.nan, 11.0),
        "B": (0, 11, 255), "b": (-1, 0), "h": (266, -32768), "i": (1 << 30, 257), "q": (-1 << 63, (1 << 63) - 1),
        "Q": ((1 << 64) - 1,),
    }
    for kind, wrong in values.items():
        for value in wrong:
            for packed in (False, True):
                data = svhn(mat(images(), labels(1, value, kind=kind), packed=packed))
                t.refuse(f"SVHN: {value} as {kind}, {packed=}", SVHN, data, f"{TRAIN}y: ", "1")
    for title, data in {
        "two of three images": idx((2,), bytes(2)), "four": idx((4,), bytes(4)), "none": idx((0,)),
        "of type 9": idx((3,), bytes(3), magic=(0, 0, 9)), "of 2 dimensions": idx((3, 1), bytes(3)),
        "of 255 dimensions": idx((3,) * 255, bytes(3)), "of no dimensions": idx(()),
        "2^32 - 1": idx(((1 << 32) - 1,), bytes(3)), "and a byte more": idx((3,), bytes(4)),
    }.items():
        t.refuse(f"IDX: labels, {title}", FASHION, fashion(train_labels=data), "fashion/train-")
    for shape in ((3, 28, 27), (3, 1 << 31, 1 << 31), ((1 << 32) - 1, 28, 28), (4, 28, 28), (3, 784)):
        t.refuse(f"IDX: {shape}", FASHION, fashion(train_images=idx(shape, bytes(3 * 784))), "fashion/train-images")


def given_labels(t):
    """Those of a file of the user's."""
    archive, ten = cifar_archive(), ["0"] * 10
    t.accept("ten labels", CIFAR10_LABELS, archive, {"labels.txt": "\n".join(ten).encode()})
    files = {
        f"a label {wrong!a}": ("\n".join([*ten[:4], wrong, *ten[5:]]), "labels.txt: line 5: ")
        for wrong in ("10", "-1", "2.5", "nan", "dog ", "", "9" * 40, "1e0", "\0", "0x1", "n\u00e4chste")
    }
    for title, text in {
        "nine labels": "0\n" * 9, "eleven labels": "0\n" * 11, "no labels": "", "a line of 2^20": "9" * (1 << 20),
        "an example that is not there": "10,1\n", "example -1": "-1,1\n", "an example twice": "1,1\n1,2\n",
        "two columns, then one": "1,1\n2\n", "bytes that are no text": "\udcff\udcfe\n" * 10,
    }.items():
        files[title] = (text, "labels.txt: ")
    for title, (text, says) in files.items():
        data = text.encode(errors="surrogateescape")
        t.refuse(title, CIFAR10_LABELS, archive, says, beside={"labels.txt": data})


def duplicates(t):
    again = entry("elsewhere/data_batch_3.bin", RECORD)
    t.refuse("tar", CIFAR10, cifar_archive(again), "gz: elsewhere/data_batch_3.bin: ", "second")
    names = entry("batches.meta.txt", b"a\nb\nc\nd\n")
    t.refuse("tar, class names", CIFAR10, cifar_archive(names, names), "gz: batches.meta.txt: ", "second")
    t.refuse("one class name", CIFAR10, cifar_archive(entry("batches.meta.txt", b"a\na\n")), "gz: batches.meta.txt: ")
    t.refuse("zip", PICTURES, pictures(Member("a/1.jpg", JPEG)), "zip: a/1.jpg: ", "second")
    for name, arrays in (("X", [images(), images(), labels(1, 2)]), ("y", [images(), labels(1, 2), labels(1, 2)])):
        t.refuse(f"MATLAB: {name}", SVHN, svhn(mat(*arrays)), TRAIN, f"2 variables {name}")
    plain = {"train-labels-idx1-ubyte": bytes(11)}
    t.refuse("IDX, plain and packed", FASHION, fashion() | plain, "train-labels-idx1-ubyte", status=64)
    t.refuse("a class", TINY, tiny(wnids=f"{CODES[0]}\n{CODES[0]}\n".encode()), f"tiny.zip: {TINY_NAMES['wnids']}: ")
    twice = f"val_0.JPEG\t{CODES[0]}\n".encode() * 2
    t.refuse("a picture", TINY, tiny(annotations=twice), f"{TINY_NAMES['annotations']}: line 2: ", "again")
    # Composed and decomposed, they are two names to a file system.
    t.accept("names that look the same", PICTURES, zipped([Member(f"{n}/1.jpg", JPEG) for n in ("\u00e9", "e\u0301")]))


def kinds(t):
    """What is no regular file, or locked, in the place of one."""
    links = {"symbolic link": b"2", "hard link": b"1", "device": b"3", "disk": b"4", "folder": b"5", "pipe": b"6"}
    for title, kind in links.items():
        archive = cifar_archive(entry(FIRST, kind=kind, link="/etc/passwd"), data_batch_1=None)
        t.refuse(f"tar: {title}", CIFAR10, archive, f"gz: {FIRST}", "is no regular file")
    modes = {"symbolic link": 0o120777, "device": 0o020666, "disk": 0o060666, "pipe": 0o010666, "socket": 0o140777}
    cases = {title: {"attributes": mode << 16} for title, mode in modes.items()} | {
        "encrypted": {"flags": 1}, "strongly encrypted": {"flags": 0x41}, "its directory encrypted": {"flags": 0x2001},
        "encrypted by AES": {"flags": 1, "method": 99}, "a patch": {"flags": 0x20}, "Deflate64": {"method": 9},
        "LZMA": {"method": 14}, "Zstandard": {"method": 93}, "in another part": {"disk": 1},
    }
    for title, stated in cases.items():
        t.refuse(f"zip: {title}", PICTURES, pictures(Member("a/2.jpg", JPEG, stated=stated)), "zip: a/2.jpg: ")
    locked = Member("a/2.jpg", JPEG, local={"flags": 1})
    t.refuse("zip: encrypted in its own header alone", PICTURES, pictures(locked), "zip: a/2.jpg: ")
    t.refuse("zip: a folder with bytes", PICTURES, pictures(Member("a/2.jpg/", JPEG)), "zip: a/2.jpg/: ")


def terminal(t):
    """Names that would steer a terminal, or forge a line, or fill the screen."""
    names = ("x\nfetch-data: all is well", "x\r\x1b[2K\x1b]0;title\7", "x\x9b31m", "x\u2028y", "x\u202egpj\u2066")
    for name in names:
        climbing, line = f"a/../{name}", name.replace("\n", "\v")
        t.refuse(f"zip: {name!a}", PICTURES, pictures(Member(climbing, JPEG)), "pictures.zip: a/../x")
        t.refuse(f"a picture: {name!a}", PICTURES, pictures(Member(f"a/{name}.jpg", b"none")), "pictures.zip: a/x")
        t.refuse(f"a file: {name!a}", PICTURE_FOLDER, {f"a/{name}.jpg": b"", "b/1.jpg": JPEG}, "in/a/x")
        t.refuse(f"pax: {name!a}", CIFAR10, cifar_archive(entry("y", pax={"path": climbing})), "cifar.tar.gz: a/../x")
        other = entry(climbing, form=tarfile.GNU_FORMAT)
        t.refuse(f"tar: {name!a}", CIFAR10, cifar_archive(other), "cifar.tar.gz: a/../x")
        data = svhn(mat(images(name=name), labels(1, 2)))
        t.refuse(f"MATLAB: {name!a}", SVHN, data, f"{TRAIN}has no variable X, but x")
        annotations = f"{line}\t{CODES[0]}\n".encode()
        t.refuse(f"annotations: {name!a}", TINY, tiny(annotations=annotations), "val_annotations.txt: line 1: ")
        classes = entry("batches.meta.txt", "".join(f"{line}{number}\n" for number in range(4)).encode())
        command = "cifar10 --no-verify --classes none --from cifar.tar.gz"
        t.refuse(f"classes: {name!a}", command, cifar_archive(classes), "--classes none", "x", status=64)
        given = {"labels.txt": ("0\n" * 9 + line).encode()}
        t.refuse(f"labels: {name!a}", CIFAR10_LABELS, cifar_archive(), "labels.txt: line 10: ", beside=given)
    classes = cifar_archive(entry("batches.meta.txt", b"a\0\nb\nc\nd\n"))
    t.refuse("a class with NUL", CIFAR10, classes, "cifar.tar.gz: batches.meta.txt: ")
    words = "".join(f"{code}\tx\0{code}\n" for code in CODES).encode()
    t.refuse("words with NUL", TINY, tiny(words=words), f"tiny.zip: {TINY_NAMES['words']}: ")
    long = "y" * 60_000
    t.refuse("tar: 60,000 letters", CIFAR10, cifar_archive(entry("x", pax={"path": f"../{long}"})), "gz: ../yyy")
    t.refuse("zip: 60,000 letters", PICTURES, pictures(Member(f"a/{long}.jpg", b"none")), "pictures.zip: a/yyy")
    for title, row in (("a picture", f"{long}\t{CODES[0]}\n"), ("a class", f"val_0.JPEG\t{long}\n")):
        t.refuse(f"annotations: {title} of 60,000 letters", TINY, tiny(annotations=row.encode()), "txt: line 1: ")


def places(t):
    """What is no file in the place of one: no waiting for it."""
    makers = {
        "a pipe": os.mkfifo, "a link to nowhere": lambda path: path.symlink_to("nowhere"),
        "a link to itself": lambda path: path.symlink_to(path.name),
        "a device": lambda path: path.symlink_to("/dev/zero"),
    }
    for title, make in makers.items():
        for command in (CIFAR10, PICTURES, TINY):
            t.refuse(f"{title}: {command}", command, make, status=74)
        given = {"labels.txt": make}
        t.refuse(f"{title} of labels", CIFAR10_LABELS, cifar_archive(), "labels.txt: ", beside=given, status=74)
        # To a set of several files, what cannot be opened may be one that is missing.
        missing = (65, 74)
        t.refuse(f"{title} as a batch", CIFAR10_FOLDER, cifar_folder(make), "cifar", status=missing)
        t.refuse(f"{title} as a MATLAB file", SVHN, svhn(make), "svhn", status=missing)
        t.refuse(f"{title} as an IDX file", FASHION, fashion(train_images=make), "fashion", status=missing)
        command = "tiny-imagenet --no-verify --from tiny"
        t.refuse(f"{title} as words.txt", command, tiny_files(words=make), "words.txt", status=missing)
    loop = {"a/1.jpg": JPEG, "b/1.jpg": JPEG, "b/loop": lambda path: path.symlink_to("..")}
    t.refuse("folders without end", PICTURE_FOLDER, loop, "in/b/loop", status=74)
    for command in (CIFAR10, PICTURES, TINY, SVHN, FASHION):
        t.refuse(f"an empty file: {command}", command, b"", status=(64, 65))
        t.refuse(f"an empty folder: {command}", command, Path.mkdir)
        t.refuse(f"noise: {command}", command, CHANCE.randbytes(5000), status=(64, 65))


def outputs(t):
    """Damage that is seen once all the rest has been read."""
    cut = idx((3, 28, 28), bytes(3 * 784))[:-1]
    late = {
        CIFAR10: cifar_archive()[:-1] + b"\xff", PICTURES: pictures(Member("b/9.jpg", JPEG, stated={"crc": 1})),
        FASHION: fashion(t10k_images=cut),
    }
    for command, content in late.items():
        t.refuse(f"to standard output: {command}", command, content, output="-")
        t.refuse(f"to a file that stays: {command}", command.replace("--from", "--force --from"), content, beside={"../out/out.h5": b"old"})


GROUPS = {
    group.__name__.replace("_", "-"): group
    for group in (
        zip_bombs, gzip_bombs, paths, tar_sizes, zip_sizes, overlaps, descriptors, zip64, truncation, checksums,
        large_pictures, mat_elements, mat_files, wrong_labels, given_labels, duplicates, kinds, terminal, places,
        outputs)
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=", ".join(GROUPS))
    parser.add_argument("--keep", type=Path, help="folder for the inputs of cases that fail")
    options = parser.parse_args()
    if unknown := set(options.groups) - set(GROUPS):
        parser.error(f"there is no group {', '.join(unknown)}")
    passed = failed = 0
    for name in options.groups or GROUPS:
        trial, start = Trial(options.keep), time.monotonic()
        GROUPS[name](trial)
        print(
            f"check-hostile: {name}: {trial.passed} passed, {trial.failed} failed, {time.monotonic() - start:.0f} s; "
            f"at most {trial.memory / 1e6:.0f} MB and {trial.seconds:.1f} s each", flush=True)
        passed, failed = passed + trial.passed, failed + trial.failed
    # What a process takes before it becomes the tool counts as the tool's.
    assert 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < MOST_MEMORY, "this program takes too much itself"
    print(f"check-hostile: {passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
