"""A runs file without what `--keep` and `--dynamics` add: who was in the subset, who is right, and how training went.

    python docs/evidence/slim.py runs.h5 slim.h5

Digests, and the content that scores name, stay what they were. Needs h5py.
"""

import sys

import h5py

KEPT = ("dynamics", "checkpoint", "train/logit", "test/logit", "kept_digest", "snapshot", "parameter", "axis", "tensor",
        "tensor_offset", "tensor_shape", "teacher_out_accuracy")
SCALES = ("CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST", "_Netcdf4Dimid")


def is_kept(name):
    return any(name == kept or name.startswith(kept + "/") for kept in KEPT)


def copy_attributes(old, new):
    for name, value in old.attrs.items():
        if name not in SCALES:
            new.attrs.create(name, value)


def slim(source, target):
    with h5py.File(source) as old, h5py.File(target, "w", libver=("v110", "v110")) as new:
        variables = []
        old.visititems(lambda name, item: variables.append((name, item)) if isinstance(item, h5py.Dataset) else None)
        variables = [(name, item) for name, item in variables if not is_kept(name)]
        for name, item in variables:
            text = h5py.check_string_dtype(item.dtype)
            options = {} if text else {
                "chunks": item.chunks, "shuffle": item.shuffle, "compression": item.compression,
                "compression_opts": item.compression_opts, "fletcher32": item.fletcher32}
            values = item.asstr()[()] if text else item[()]
            made = new.create_dataset(name, data=values, dtype=item.dtype, **options)
            if item.is_scale:
                made.make_scale(item.attrs["NAME"])
            copy_attributes(item, made)
        for name, item in variables:
            if item.is_scale:
                continue
            for axis, dimension in enumerate(item.dims):
                for scale in dimension.values():
                    new[name].dims[axis].attach_scale(new[scale.name])
        copy_attributes(old, new)


if __name__ == "__main__":
    slim(*sys.argv[1:])
