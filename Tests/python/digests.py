"""The digests of a file, from its values, as docs/format.md has them."""

from hashlib import sha256

import h5py
import numpy as np

NAMES = {"int8": "i8", "uint8": "u8", "int32": "i32", "int64": "i64", "float32": "f32"}


def little_endian(values) -> bytes:
    values = np.asarray(values)
    return values.astype(values.dtype.newbyteorder("<")).tobytes()


def head(path, dtype, shape) -> bytes:
    return f"{path}\0{dtype}\0{','.join(map(str, shape))}\0".encode()


def of_variable(variable) -> tuple[str, str]:
    """The name of a variable's type, and the digest of its elements."""
    if h5py.check_string_dtype(variable.dtype):
        return "text", sha256(b"".join(text + b"\0" for text in variable[()])).hexdigest()
    return NAMES[variable.dtype.name], sha256(little_endian(variable[()])).hexdigest()


def content(variables: dict) -> str:
    """Over variables, by path, in byte order of paths."""
    digest = sha256()
    for path in sorted(variables, key=str.encode):
        dtype, own = of_variable(variables[path])
        digest.update(head(path, dtype, variables[path].shape) + own.encode() + b"\0")
    return digest.hexdigest()


def of_run(variables: dict, index: int) -> bytes:
    """Over the rows of one run."""
    digest = sha256()
    for path in sorted(variables, key=str.encode):
        variable = variables[path]
        digest.update(head(path, NAMES[variable.dtype.name], variable.shape[1:]) + little_endian(variable[index]))
    return digest.digest()


def is_kept(path):
    if path == "/teacher_out_accuracy":
        return True
    return path.endswith("/logit") or path.startswith(("/dynamics/", "/checkpoint/"))


def check(path) -> int:
    """Checks all digests in a file; returns how many there are."""
    with h5py.File(path) as file:
        variables = {}
        file.visititems(
            lambda name, item: variables.update({"/" + name: item}) if isinstance(item, h5py.Dataset) else None)
        whole = {name: item for name, item in variables.items() if "sha256" in item.attrs}
        for name, item in whole.items():
            assert item.attrs["sha256"].decode() == of_variable(item)[1], f"{path.name}: {name}: another sha256"
        found = file.attrs["content"].decode()
        if file.attrs["kind"] != b"runs":
            assert found == content(whole), f"{path.name}: another content"
            return len(whole) + 1

        rows = {
            name: item for name, item in variables.items()
            if name not in whole and item.shape[:1] == file["run"].shape and item.dims[0].keys() == ["run"]
        }
        assert file.attrs["cell"].decode() == sha256(file.attrs["config"]).hexdigest()
        names = ("class", "epoch", "train/example", "train/label", "train/excluded", "test/example", "test/label")
        shared = content({f"/{name}": variables[f"/{name}"] for name in names if name in file})
        assert file.attrs["shared"].decode() == shared
        digest = sha256(file.attrs["cell"] + b"\0" + shared.encode() + b"\0")
        for index, run in enumerate(file["run"][:]):
            own = of_run({name: item for name, item in rows.items() if not is_kept(name)}, index)
            kept = of_run({name: item for name, item in rows.items() if is_kept(name)}, index)
            assert bytes(file["digest"][index]) == own, f"{path.name}: run {run}: another digest"
            assert bytes(file["kept_digest"][index]) == kept, f"{path.name}: run {run}: another kept_digest"
            digest.update(little_endian(run) + own)
        assert found == digest.hexdigest(), f"{path.name}: another content"
        return len(whole) + 2 * len(file["run"]) + 3
