"""Sees that Debian's files of Fashion-MNIST are the published ones, and prints the MD5 of what they hold.

    python Tests/python/fashion_mnist_checksums.py [/usr/share/datasets/fashion-mnist]

Debian took name and time out of gzip's header. With the name put back and a time of 31 August 2017, found by trying,
each file has the MD5 that the project's README publishes: so the deflated data, and what they hold, are the published.
"""

import gzip
import hashlib
import struct
import sys
from pathlib import Path

FILES = {
    "train-images-idx3-ubyte": (1504176606, "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
    "train-labels-idx1-ubyte": (1504176606, "25c81989df183df01b3e8a0aad5dffbe"),
    "t10k-images-idx3-ubyte": (1504176627, "bef4ecab320f06d8554ea6380940ec79"),
    "t10k-labels-idx1-ubyte": (1504176627, "bb300cfdad3c16e7a12a480ee83cd310"),
}

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/share/datasets/fashion-mnist")
for name, (time, published) in FILES.items():
    packed = (folder / f"{name}.gz").read_bytes()
    # RFC 1952: magic, deflate, FNAME, time, no extra flags, Unix; the name ends in a zero.
    header = b"\x1f\x8b\x08\x08" + struct.pack("<I", time) + b"\x00\x03" + name.encode() + b"\0"
    assert hashlib.md5(header + packed[10:]).hexdigest() == published, f"{name}.gz is not the published file"
    print(hashlib.md5(gzip.decompress(packed)).hexdigest(), name)
