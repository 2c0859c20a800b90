import CToolKit

/// A numeric or text variable of a file.
public final class Dataset {
  public let path: String
  public let shape: [Int]
  let handle: Handle
  private let filePath: String
  private let fileSize: Int

  init(path: String, shape: [Int], handle: Handle, filePath: String, fileSize: Int) {
    (self.path, self.shape, self.handle) = (path, shape, handle)
    (self.filePath, self.fileSize) = (filePath, fileSize)
  }

  /// Elements of a row: of one index along the first dimension.
  public var rowCount: Int { shape.dropFirst().reduce(1, *) }
  public var count: Int { shape.reduce(1, *) }

  // MARK: Rows

  /// - Parameter part: of the second dimension; nil for all.
  func select(_ start: Int, _ count: Int, _ part: Range<Int>? = nil) throws -> (file: Handle, memory: Handle) {
    var offset = [hsize_t(start)] + shape.dropFirst().map { _ in 0 }
    var extent = [hsize_t(count)] + shape.dropFirst().map { hsize_t($0) }
    if let part { (offset[1], extent[1]) = (hsize_t(part.lowerBound), hsize_t(part.count)) }
    return try select(offset, extent)
  }

  /// A block: where it starts in the file and how far it goes, and room for it alone.
  func select(_ offset: [hsize_t], _ extent: [hsize_t]) throws -> (file: Handle, memory: Handle) {
    // The setting belongs to a thread, and a file may have been opened on another.
    rote_h5_quiet()
    rote_guard_values(extent.reduce(8.0) { $0 * Double($1) })
    let file = try Handle(H5Dget_space(handle.id), "select", path, close: H5Sclose)
    try check(H5Sselect_hyperslab(file.id, H5S_SELECT_SET, offset, nil, extent, nil), "select", path)
    let memory = try Handle(
      H5Screate_simple(Int32(extent.count), extent, nil), "select", path, close: H5Sclose)
    return (file, memory)
  }

  /// Writes whole rows, from row `start` on.
  public func write<T: Element>(_ elements: UnsafeBufferPointer<T>, at start: Int) throws {
    guard let base = elements.baseAddress, rowCount > 0 else { return }
    precondition(elements.count % rowCount == 0 && start + elements.count / rowCount <= shape[0])
    let space = try select(start, elements.count / rowCount)
    try check(
      H5Dwrite(handle.id, T.memoryType, space.memory.id, space.file.id, hid_t(ROTE_H5_DEFAULT), base),
      "write", path)
  }

  public func write<T: Element>(_ elements: [T], at start: Int = 0) throws {
    try elements.withUnsafeBufferPointer { try write($0, at: start) }
  }

  /// Writes a part of one row, along the second dimension.
  public func write<T: Element>(_ elements: UnsafeBufferPointer<T>, row: Int, part: Range<Int>) throws {
    guard let base = elements.baseAddress, rowCount > 0 else { return }
    precondition(shape.count > 1 && row < shape[0] && part.upperBound <= shape[1], "a part of a row")
    precondition(elements.count == rowCount / shape[1] * part.count, "a value for each element")
    let space = try select(row, 1, part)
    try check(
      H5Dwrite(handle.id, T.memoryType, space.memory.id, space.file.id, hid_t(ROTE_H5_DEFAULT), base),
      "write", path)
  }

  /// Reads whole rows into `elements`, from row `start` on.
  public func read<T: Element>(into elements: UnsafeMutableBufferPointer<T>, at start: Int) throws {
    guard let base = elements.baseAddress, rowCount > 0 else { return }
    precondition(elements.count % rowCount == 0 && start + elements.count / rowCount <= shape[0])
    let space = try select(start, elements.count / rowCount)
    try checkValues(
      H5Dread(handle.id, T.memoryType, space.memory.id, space.file.id, hid_t(ROTE_H5_DEFAULT), base),
      "read", path)
  }

  /// Rows `start ..< start + count`, in C order.
  public func read<T: Element>(_ type: T.Type, rows: Range<Int>? = nil) throws -> [T] {
    let rows = rows ?? 0..<shape[0]
    return try [T](unsafeUninitializedCapacity: rows.count * rowCount) { buffer, filled in
      try read(
        into: UnsafeMutableBufferPointer(rebasing: buffer[0..<(rows.count * rowCount)]), at: rows.lowerBound)
      filled = rows.count * rowCount
    }
  }

  /// What one row has at one index of the second dimension, in C order.
  public func read<T: Element>(_ type: T.Type, row: Int, at index: Int) throws -> [T] {
    precondition(shape.count > 1 && row < shape[0] && index < shape[1], "an index of the second dimension")
    let count = rowCount / shape[1]
    return try [T](unsafeUninitializedCapacity: count) { buffer, filled in
      let space = try select(row, 1, index..<index + 1)
      try checkValues(
        H5Dread(
          handle.id, T.memoryType, space.memory.id, space.file.id, hid_t(ROTE_H5_DEFAULT), buffer.baseAddress),
        "read", path)
      filled = count
    }
  }

  // MARK: Text

  static func textType() throws -> Handle {
    let type = try Handle(H5Tcopy(rote_h5_c_string()), "set up", "text type", close: H5Tclose)
    try check(H5Tset_size(type.id, rote_h5_variable_length()), "set up", "text type")
    try check(H5Tset_cset(type.id, H5T_CSET_UTF8), "set up", "text type")
    return type
  }

  /// Writes all elements of a text variable.
  public func write(text: [String]) throws {
    precondition(text.count == count)
    let type = try Dataset.textType()
    // One block that holds all strings, so that the pointers into it stay good during the call.
    var block: [CChar] = []
    var starts: [Int] = []
    for string in text {
      guard !string.utf8.contains(0) else { throw HDF5Error.nul("write", path) }
      starts.append(block.count)
      block += string.utf8.map { CChar(bitPattern: $0) } + [0]
    }
    try block.withUnsafeBufferPointer { buffer in
      let pointers = starts.map { buffer.baseAddress?.advanced(by: $0) }
      try check(
        H5Dwrite(
          handle.id, type.id, hid_t(ROTE_H5_ALL), hid_t(ROTE_H5_ALL),
          hid_t(ROTE_H5_DEFAULT), pointers),
        "write", path)
    }
  }

  /// All elements of a text variable, of fixed or variable length.
  public func readText() throws -> [String] {
    let fileType = try Handle(H5Dget_type(handle.id), "read", path, close: H5Tclose)
    guard H5Tget_class(fileType.id) == H5T_STRING else {
      throw HDF5Error(action: "read", object: path, reason: "not text")
    }
    guard try check(H5Tis_variable_str(fileType.id), "read", path) > 0 else {
      let size = H5Tget_size(fileType.id)
      var bytes = [UInt8](repeating: 0, count: size * count)
      try checkValues(
        H5Dread(
          handle.id, fileType.id, hid_t(ROTE_H5_ALL), hid_t(ROTE_H5_ALL),
          hid_t(ROTE_H5_DEFAULT), &bytes),
        "read", path)
      return try (0..<count).map { i in
        try utf8(bytes[(i * size)..<((i + 1) * size)].prefix { $0 != 0 }, "read", path)
      }
    }
    return try TextHeap.strings(of: self, in: filePath, size: fileSize)
  }
}

extension File {
  /// Makes a chunked variable; numbers carry Fletcher-32, after shuffle and deflate where `compressed`.
  ///
  /// - Parameters:
  ///   - chunk: as long as `shape`, each from 1 to the dimension.
  ///   - fill: the value of elements that are never written, recorded as the fill value.
  public func create<T: Element>(
    _ path: String, _ type: T.Type, shape: [Int], chunk: [Int], compressed: Bool, fill: T? = nil
  ) throws -> Dataset {
    let creation = try datasetCreation(chunk)
    if compressed {
      try check(H5Pset_shuffle(creation.id), "set up", path)
      try check(H5Pset_deflate(creation.id, 4), "set up", path)
    }
    try check(H5Pset_fletcher32(creation.id), "set up", path)
    if var fill { try check(H5Pset_fill_value(creation.id, T.memoryType, &fill), "set up", path) }
    return try create(path, type: T.fileType, shape: shape, creation: creation)
  }

  /// Makes a variable of UTF-8 text of variable length. HDF5 allows no checksum on it: see `sha256` in the format.
  public func createText(_ path: String, count: Int) throws -> Dataset {
    let type = try Dataset.textType()
    return try create(
      path, type: type.id, shape: [count], creation: try datasetCreation([max(1, count)], isText: true))
  }

  private func datasetCreation(_ chunk: [Int], isText: Bool = false) throws -> Handle {
    let creation = try Handle(H5Pcreate(rote_h5_dataset_create()), "set up", "data set", close: H5Pclose)
    try check(H5Pset_attr_phase_change(creation.id, 65_535, 0), "set up", "attributes")
    try check(H5Pset_obj_track_times(creation.id, false), "set up", "object times")
    try check(H5Pset_chunk(creation.id, Int32(chunk.count), chunk.map { hsize_t($0) }), "set up", "chunks")
    // HDF5 wants a fill value for text.
    if !isText { try check(H5Pset_fill_time(creation.id, H5D_FILL_TIME_NEVER), "set up", "fill time") }
    try check(H5Pset_alloc_time(creation.id, H5D_ALLOC_TIME_INCR), "set up", "allocation time")
    return creation
  }

  private func create(_ path: String, type: hid_t, shape: [Int], creation: Handle) throws -> Dataset {
    let extent = shape.map { hsize_t($0) }
    let space = try Handle(
      H5Screate_simple(Int32(extent.count), extent, nil), "set up", path, close: H5Sclose)
    let handle = try Handle(
      H5Dcreate2(
        self.handle.id, path, type, space.id, hid_t(ROTE_H5_DEFAULT), creation.id,
        hid_t(ROTE_H5_DEFAULT)),
      "create", path, close: H5Dclose)
    return Dataset(path: path, shape: shape, handle: handle, filePath: self.path, fileSize: 0)
  }

  /// Opens a variable for reading. One that could lead out of the file, or that claims more than its chunks can hold,
  /// is refused.
  public func dataset(_ path: String) throws -> Dataset {
    func refuse(_ reason: String) -> HDF5Error { HDF5Error(action: "open", object: path, reason: reason) }
    guard try has(path) else { throw refuse("no such variable") }
    guard try !isGroup(path) else { throw refuse("a group, not a variable") }
    let handle = try Handle(
      H5Dopen2(handle.id, path, hid_t(ROTE_H5_DEFAULT)), "open", path, close: H5Dclose)
    let creation = try Handle(H5Dget_create_plist(handle.id), "open", path, close: H5Pclose)
    guard try check(H5Pget_external_count(creation.id), "open", path) == 0 else {
      throw refuse("its values lie outside of the file")
    }
    guard H5Pget_layout(creation.id) != H5D_VIRTUAL else {
      throw refuse("a virtual data set, whose values lie outside of the file")
    }
    let space = try Handle(H5Dget_space(handle.id), "open", path, close: H5Sclose)
    let rank = Int(try check(H5Sget_simple_extent_ndims(space.id), "open", path))
    var extent = [hsize_t](repeating: 0, count: rank)
    try check(H5Sget_simple_extent_dims(space.id, &extent, nil), "open", path)
    guard rank > 0 else { throw refuse("it has no dimensions") }
    guard extent.allSatisfy({ $0 <= 1 << 31 }) else { throw refuse("a dimension above 2^31") }
    let type = try Handle(H5Dget_type(handle.id), "open", path, close: H5Tclose)
    let size = try size()
    // Chunks may claim more than the file holds, too. Deflate shrinks at most 1032 times; what was never written takes
    // no room, so a few values need none.
    let stored = try look(H5Dget_storage_size(handle.id), "open", path)
    let room = 1032 * Double(min(stored, hsize_t(size))) + 4096
    // The product of all but the dimensions of 0, since a row has elements even where there are no rows.
    let elements = extent.reduce(1.0) { $0 * Double(max(1, $1)) }
    guard elements < 0x1p62, extent.contains(0) || elements * Double(H5Tget_size(type.id)) <= room else {
      throw refuse("it claims more than the file holds")
    }
    return Dataset(
      path: path, shape: extent.map { Int($0) }, handle: handle, filePath: self.path, fileSize: size)
  }

  /// The type of a variable's elements as a name of `Element`, "text", or nil for one that we do not know.
  public func typeName(_ dataset: Dataset) throws -> String? {
    let type = try Handle(H5Dget_type(dataset.handle.id), "open", dataset.path, close: H5Tclose)
    switch H5Tget_class(type.id) {
    case H5T_STRING: return "text"
    case H5T_FLOAT: return H5Tget_size(type.id) == 4 ? "f32" : nil
    case H5T_INTEGER:
      let signed = H5Tget_sign(type.id) == H5T_SGN_2
      switch (signed, H5Tget_size(type.id)) {
      case (false, 1): return "u8"
      case (true, 1): return "i8"
      case (true, 4): return "i32"
      case (true, 8): return "i64"
      default: return nil
      }
    default: return nil
    }
  }
}
