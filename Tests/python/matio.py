"""Reads and writes numeric arrays of MATLAB files with libmatio, by ctypes."""

import ctypes
import ctypes.util

import numpy as np

VERSION_5 = 0x0100
CLASSES = {
    6: "float64", 7: "float32", 8: "int8", 9: "uint8", 10: "int16", 11: "uint16", 12: "int32", 13: "uint32",
    14: "int64", 15: "uint64",
}
TYPES = {
    "int8": 1, "uint8": 2, "int16": 3, "uint16": 4, "int32": 5, "uint32": 6, "float32": 7, "float64": 9, "int64": 12,
    "uint64": 13,
}


class Variable(ctypes.Structure):
    """matvar_t of libmatio 1.5, up to what is read here."""

    _fields_ = [
        ("nbytes", ctypes.c_size_t), ("rank", ctypes.c_int), ("data_type", ctypes.c_int), ("data_size", ctypes.c_int),
        ("class_type", ctypes.c_int), ("is_complex", ctypes.c_int), ("is_global", ctypes.c_int),
        ("is_logical", ctypes.c_int), ("dims", ctypes.POINTER(ctypes.c_size_t)), ("name", ctypes.c_char_p),
        ("data", ctypes.c_void_p),
    ]


def library():
    name = ctypes.util.find_library("matio")
    if not name:
        raise SystemExit("libmatio is missing: install Debian's libmatio11, or what your system calls it")
    matio = ctypes.CDLL(name)
    for function, result, arguments in [
        ("Mat_Open", ctypes.c_void_p, [ctypes.c_char_p, ctypes.c_int]),
        ("Mat_CreateVer", ctypes.c_void_p, [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int]),
        ("Mat_Close", ctypes.c_int, [ctypes.c_void_p]),
        ("Mat_VarRead", ctypes.POINTER(Variable), [ctypes.c_void_p, ctypes.c_char_p]),
        ("Mat_VarFree", None, [ctypes.POINTER(Variable)]),
        ("Mat_VarCreate", ctypes.POINTER(Variable),
         [ctypes.c_char_p, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.POINTER(ctypes.c_size_t), ctypes.c_void_p,
          ctypes.c_int]),
        ("Mat_VarWrite", ctypes.c_int, [ctypes.c_void_p, ctypes.POINTER(Variable), ctypes.c_int]),
    ]:
        getattr(matio, function).restype = result
        getattr(matio, function).argtypes = arguments
    return matio


def read(path, name):
    """The array of a real numeric variable."""
    matio = library()
    file = matio.Mat_Open(str(path).encode(), 0)
    assert file, f"libmatio cannot open {path}"
    pointer = matio.Mat_VarRead(file, name.encode())
    assert pointer, f"libmatio finds no {name} in {path}"
    variable = pointer.contents
    assert not variable.is_complex, f"{name} in {path} is complex"
    shape = [variable.dims[i] for i in range(variable.rank)]
    data = ctypes.string_at(variable.data, variable.nbytes) if variable.nbytes else b""
    values = np.frombuffer(data, CLASSES[variable.class_type]).reshape(shape, order="F").copy()
    matio.Mat_VarFree(pointer)
    matio.Mat_Close(file)
    return values


def write(path, variables, compressed):
    """A little-endian file of level 5."""
    matio = library()
    # Without a header of our own libmatio would write the time into it.
    file = matio.Mat_CreateVer(str(path).encode(), b"MATLAB 5.0 MAT-file, by libmatio", VERSION_5)
    assert file, f"libmatio cannot write {path}"
    for name, values in variables.items():
        kind = next(kind for kind, dtype in CLASSES.items() if dtype == values.dtype)
        data = values.tobytes(order="F")
        dims = (ctypes.c_size_t * values.ndim)(*values.shape)
        variable = matio.Mat_VarCreate(name.encode(), kind, TYPES[str(values.dtype)], values.ndim, dims, data, 0)
        assert matio.Mat_VarWrite(file, variable, int(compressed)) == 0, f"libmatio cannot write {name}"
        matio.Mat_VarFree(variable)
    matio.Mat_Close(file)
