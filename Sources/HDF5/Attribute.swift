/// Attributes of the root, a group or a data set. Text is fixed-length UTF-8, so that it lies in the object's header,
/// under its checksum, and not in a heap, which has none.
extension File {
  private func object(_ path: String) throws -> Handle {
    try Handle(H5Oopen(handle.id, path, hid_t(ROTE_H5_DEFAULT)), "open", path, close: H5Oclose)
  }

  /// Where the header of an object lies.
  private func address(of path: String) throws -> UInt64 {
    let object = try object(path)
    var address: haddr_t = 0
    try check(rote_h5_address(object.id, &address), "look up", path)
    return UInt64(address)
  }

  private func textType(_ count: Int) throws -> Handle {
    let type = try Handle(H5Tcopy(rote_h5_c_string()), "set up", "text type", close: H5Tclose)
    try check(H5Tset_size(type.id, max(1, count)), "set up", "text type")
    try check(H5Tset_cset(type.id, H5T_CSET_UTF8), "set up", "text type")
    try check(H5Tset_strpad(type.id, H5T_STR_NULLPAD), "set up", "text type")
    return type
  }

  private func write(
    _ name: String, of path: String, type: hid_t, from memoryType: hid_t, bytes: UnsafeRawBufferPointer
  ) throws {
    let object = try object(path)
    let space = try Handle(H5Screate(H5S_SCALAR), "set up", name, close: H5Sclose)
    let attribute = try Handle(
      H5Acreate2(
        object.id, name, type, space.id, hid_t(ROTE_H5_DEFAULT), hid_t(ROTE_H5_DEFAULT)),
      "create attribute", name, close: H5Aclose)
    try check(H5Awrite(attribute.id, memoryType, bytes.baseAddress), "write attribute", name)
  }

  /// Sets a text attribute of less than 64 KiB.
  public func set(_ name: String, of path: String = "/", to text: String) throws {
    let bytes = Array(text.utf8)
    guard !bytes.contains(0) else { throw HDF5Error.nul("write attribute", name) }
    guard bytes.count < 65_000 else {
      throw HDF5Error(
        action: "write attribute", object: name, reason: "text of \(bytes.count) bytes is too long")
    }
    let type = try textType(bytes.count)
    try (bytes.isEmpty ? [0] : bytes).withUnsafeBytes {
      try write(name, of: path, type: type.id, from: type.id, bytes: $0)
    }
  }

  /// Sets a numeric attribute.
  public func set<T: Element>(_ name: String, of path: String = "/", to value: T) throws {
    try withUnsafeBytes(of: value) {
      try write(name, of: path, type: T.fileType, from: T.memoryType, bytes: $0)
    }
  }

  private func open(_ name: String, of path: String) throws -> Handle? {
    let object = try object(path)
    guard try check(H5Aexists(object.id, name), "look up attribute", name) > 0 else { return nil }
    return try Handle(
      H5Aopen(object.id, name, hid_t(ROTE_H5_DEFAULT)), "open attribute", name, close: H5Aclose)
  }

  private func requireScalar(_ attribute: Handle, _ name: String) throws {
    let space = try Handle(H5Aget_space(attribute.id), "read attribute", name, close: H5Sclose)
    guard H5Sget_simple_extent_npoints(space.id) == 1 else {
      throw HDF5Error(action: "read attribute", object: name, reason: "not one value")
    }
    guard H5Aget_storage_size(attribute.id) <= hsize_t(try size()) else {
      throw HDF5Error(action: "read attribute", object: name, reason: "it claims more than the file holds")
    }
  }

  /// A text attribute, fixed or variable in length (other programs write both), or nil where there is none.
  public func text(_ name: String, of path: String = "/") throws -> String? {
    guard let attribute = try open(name, of: path) else { return nil }
    try requireScalar(attribute, name)
    let type = try Handle(H5Aget_type(attribute.id), "read attribute", name, close: H5Tclose)
    guard H5Tget_class(type.id) == H5T_STRING else {
      throw HDF5Error(action: "read attribute", object: name, reason: "not text")
    }
    if try check(H5Tis_variable_str(type.id), "read attribute", name) > 0 {
      // libhdf5 trusts the reference: where the text is longer than that says, it writes past its own buffer.
      if let text = try TextHeap.string(
        of: name, at: address(of: path), in: RawFile(self.path, size: size(), object: name))
      {
        return text
      }
      var pointer: UnsafeMutablePointer<CChar>?
      try check(H5Aread(attribute.id, type.id, &pointer), "read attribute", name)
      defer { _ = H5free_memory(pointer) }
      return try pointer.map { try utf8($0, "read attribute", name) } ?? ""
    }
    var bytes = [UInt8](repeating: 0, count: H5Tget_size(type.id))
    try check(H5Aread(attribute.id, type.id, &bytes), "read attribute", name)
    return try utf8(bytes.prefix { $0 != 0 }, "read attribute", name)
  }

  /// A whole-number attribute, or nil where there is none.
  public func integer(_ name: String, of path: String = "/") throws -> Int64? {
    guard let attribute = try open(name, of: path) else { return nil }
    try requireScalar(attribute, name)
    let type = try Handle(H5Aget_type(attribute.id), "read attribute", name, close: H5Tclose)
    guard H5Tget_class(type.id) == H5T_INTEGER else {
      throw HDF5Error(action: "read attribute", object: name, reason: "not a whole number")
    }
    var value: Int64 = 0
    try check(H5Aread(attribute.id, rote_h5_i64(), &value), "read attribute", name)
    return value
  }
}
