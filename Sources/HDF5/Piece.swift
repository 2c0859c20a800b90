extension Dataset {
  /// How many indices of each dimension a chunk has.
  public func chunkShape() throws -> [Int] {
    let creation = try Handle(H5Dget_create_plist(handle.id), "open", path, close: H5Pclose)
    guard H5Pget_layout(creation.id) == H5D_CHUNKED else { return shape.map { max(1, $0) } }
    var chunk = [hsize_t](repeating: 1, count: shape.count)
    try check(H5Pget_chunk(creation.id, Int32(shape.count), &chunk), "read", path)
    return chunk.map { Int(clamping: $0) }
  }

  /// Reads a range of the second dimension of one row into `elements`.
  public func read<T: Element>(
    into elements: UnsafeMutableBufferPointer<T>, row: Int, part: Range<Int>
  ) throws {
    precondition(
      shape.count > 1 && row < shape[0] && part.lowerBound >= 0 && part.upperBound <= shape[1], "a part of a row")
    guard let base = elements.baseAddress, !part.isEmpty, rowCount > 0 else { return }
    precondition(elements.count == part.count * (rowCount / shape[1]), "room for the part")
    if T.self == Float.self, let chunks = try WholeChunks(self),
      chunks.read(into: UnsafeMutableRawBufferPointer(elements), row: row, part: part)
    {
      return
    }
    let space = try select(row, 1, part)
    try checkValues(
      H5Dread(handle.id, T.memoryType, space.memory.id, space.file.id, hid_t(ROTE_H5_DEFAULT), base), "read", path)
  }
}
