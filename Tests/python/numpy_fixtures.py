#!/usr/bin/env python3
"""Prints Tests/ImageSetsTests/NumPyFixtures.swift: archives as numpy.savez and savez_compressed write them.

    pip install numpy
    python Tests/python/numpy_fixtures.py > Tests/ImageSetsTests/NumPyFixtures.swift
"""
import base64
import io

import numpy as np

ARRAYS = {
    "labels": np.array([3, -1, 1 << 40], dtype="<i8"),
    "scores": np.array([0.25, -0.5, np.nan], dtype="<f4"),
    "table": np.arange(6, dtype="<f8").reshape(2, 3) / 4,
    "small": np.array([0, 255], dtype="|u1"),
    "whole": np.array([-(2**31), 2**31 - 1], dtype="<i4"),
    "none": np.zeros((0, 5), dtype="<f4"),
    "scalar": np.array(2.5, dtype="<f8"),
}
REFUSED = {
    "fortran": np.asfortranarray(np.zeros((2, 2))),
    "big": np.zeros(2, dtype=">f4"),
    "text": np.array(["a", "bc"]),
    "records": np.zeros(2, dtype=[("a", "<f4"), ("b", "<i4")]),
    "half": np.zeros(2, dtype="<f2"),
}


def archive(save, arrays):
    file = io.BytesIO()
    save(file, **arrays)
    return base64.b64encode(file.getvalue()).decode()


print("// Made by Tests/python/numpy_fixtures.py.")
print("// swift-format-ignore-file")
print(f"/// NumPy {np.__version__}.")
print("enum NumPyFixtures {")
print(f'  static let stored = "{archive(np.savez, ARRAYS)}"')
print(f'  static let compressed = "{archive(np.savez_compressed, ARRAYS)}"')
print(f'  static let refused = "{archive(np.savez_compressed, REFUSED)}"')
print("}")
