import HDF5

/// Why `body` was refused; nil where it was not.
func refusal<T>(_ body: () throws -> T) -> String? {
  do {
    _ = try body()
    return nil
  } catch {
    return "\(error)"
  }
}

/// A file made with libhdf5 directly, as another program might.
func foreign(_ path: String, _ body: (hid_t) -> Void) {
  H5Eset_auto2(0, nil, nil)
  let file = H5Fcreate(path, 2, 0, 0)
  body(file)
  H5Fclose(file)
}

/// A data set made with libhdf5 directly.
func plant(
  _ file: hid_t, _ name: String, _ type: hid_t, _ shape: [UInt64], chunk: [UInt64]? = nil,
  values: UnsafeRawPointer? = nil, _ set: (hid_t) -> Void = { _ in }
) {
  let list = H5Pcreate(rote_h5_dataset_create())
  if let chunk { H5Pset_chunk(list, Int32(chunk.count), chunk) }
  set(list)
  let space = shape.isEmpty ? H5Screate(H5S_SCALAR) : H5Screate_simple(Int32(shape.count), shape, nil)
  let variable = H5Dcreate2(file, name, type, space, 0, list, 0)
  if let values { H5Dwrite(variable, type, 0, 0, 0, values) }
  H5Dclose(variable)
  H5Sclose(space)
  H5Pclose(list)
}

func textType(_ size: Int) -> hid_t {
  let type = H5Tcopy(rote_h5_c_string())
  H5Tset_size(type, size)
  return type
}
