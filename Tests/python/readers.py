"""Other programs read a file, and see its variables with their named dimensions."""

import shutil
import subprocess
from pathlib import Path

import h5py
import numpy as np
import xarray


def shell(*command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def check(path: Path, dims: dict[str, tuple[str, ...]]):
    check_h5py(path, dims)
    for engine in ("h5netcdf", "netcdf4"):
        check_xarray(path, dims, engine)
    check_ncdump(path, dims)
    shell("h5dump", path)
    assert "DATASET" in shell("h5dump", "-H", path)
    check_h5diff(path)


def check_h5py(path, dims):
    with h5py.File(path) as file:
        found = {}

        def visit(name, item):
            if isinstance(item, h5py.Dataset) and not is_dimension_only(item):
                found["/" + name] = item

        file.visititems(visit)
        assert set(found) == set(dims), sorted(set(found) ^ set(dims))
        for name, item in found.items():
            assert item.chunks is not None, f"{name} is not chunked"
            assert item.fletcher32 or h5py.check_string_dtype(item.dtype), f"{name} has no checksum"
            assert item.attrs["long_name"] and item.attrs["units"], f"{name} is not described"
            if item.is_scale:
                names = (name.rsplit("/", 1)[1],)
            else:
                names = tuple(d[0].name.rsplit("/", 1)[1] for d in item.dims)
            assert names == dims[name], f"{name} has dimensions {names}"
            item[()]


def is_dimension_only(item):
    return item.attrs.get("NAME", b"").startswith(b"This is a netCDF dimension but not a netCDF variable")


def check_xarray(path, dims, engine):
    groups = {name.rsplit("/", 1)[0] or "/" for name in dims}
    for group in groups:
        with xarray.open_dataset(path, engine=engine, group=group, decode_timedelta=False) as data:
            for name in (n for n in dims if (n.rsplit("/", 1)[0] or "/") == group):
                variable = data[name.rsplit("/", 1)[1]]
                assert variable.dims == dims[name], f"{engine}: {name} has dimensions {variable.dims}"
                values = variable.to_numpy()
                with h5py.File(path) as file:
                    own = file[name].asstr()[()] if values.dtype.kind in "OUT" else file[name][()]
                if values.dtype.kind == "f":
                    assert np.array_equal(values, own, equal_nan=True), f"{engine}: {name} has other values"
                else:
                    assert np.array_equal(values, own), f"{engine}: {name} has other values"
    assert set(xarray.open_groups(path, engine=engine)) >= groups


def check_ncdump(path, dims):
    text = shell("ncdump", "-h", path)
    for name, names in dims.items():
        assert f" {name.rsplit('/', 1)[1]}({', '.join(names)}) ;" in text, f"ncdump does not show {name}"


def check_h5diff(path):
    copy = path.with_suffix(".copy")
    shutil.copy(path, copy)
    shell("h5diff", path, copy)
    with h5py.File(copy, "r+") as file:
        file["class"][0] = "another name"
    assert subprocess.run(["h5diff", "-q", path, copy]).returncode == 1, "h5diff sees no difference"
    copy.unlink()
