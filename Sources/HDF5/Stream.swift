extension Dataset {
  /// Calls `body` with all elements of a range of rows in C order, piece by piece.
  ///
  /// A piece takes `limit` bytes at the most, but for chunks that are larger: libhdf5 reads them whole anyway.
  public func forEachPiece<T: Element>(
    _ type: T.Type, rows: Range<Int>? = nil, limit: Int = 4 << 20, _ body: (UnsafeBufferPointer<T>) throws -> Void
  ) throws {
    let rows = rows ?? 0..<(shape.first ?? 0)
    guard !rows.isEmpty, rowCount > 0 else { return }
    precondition(rows.lowerBound >= 0 && rows.upperBound <= shape[0], "rows of the variable")
    let chunk = zip(try chunkShape(), shape).map { min($0, $1) }
    let most = max(1, limit / MemoryLayout<T>.size, chunk.reduce(1, *))
    // The dimension that is cut. Those behind it come whole, those before it an index at a time.
    var (axis, inner) = (0, rowCount)
    while inner > most {
      axis += 1
      inner /= shape[axis]
    }
    let ranges = [rows] + shape.dropFirst().map { 0..<$0 }
    var step = max(1, most / inner)
    // Whole chunks, so that none is read twice.
    if step > chunk[axis] { step -= step % chunk[axis] }
    step = min(step, ranges[axis].count)
    let buffer = UnsafeMutableBufferPointer<T>.allocate(capacity: step * inner)
    defer { buffer.deallocate() }
    var start = ranges.map(\.lowerBound)
    let (ones, behind) = ([Int](repeating: 1, count: axis), Array(shape[(axis + 1)...]))
    while start[0] < rows.upperBound {
      let count = min(step, ranges[axis].upperBound - start[axis])
      let piece = UnsafeMutableBufferPointer(rebasing: buffer[..<(count * inner)])
      try read(into: piece, offset: start, extent: ones + [count] + behind)
      try body(UnsafeBufferPointer(piece))
      start[axis] += count
      // Carries go to the dimensions before, as in counting.
      for place in stride(from: axis, to: 0, by: -1) where start[place] == ranges[place].upperBound {
        start[place] = ranges[place].lowerBound
        start[place - 1] += 1
      }
    }
  }

  private func read<T: Element>(into buffer: UnsafeMutableBufferPointer<T>, offset: [Int], extent: [Int]) throws {
    let space = try select(offset.map { hsize_t($0) }, extent.map { hsize_t($0) })
    try checkValues(
      H5Dread(
        handle.id, T.memoryType, space.memory.id, space.file.id, hid_t(ROTE_H5_DEFAULT), buffer.baseAddress),
      "read", path)
  }
}
