/// The shape of a variable's chunks: whole rows, or a part of one row where a row is large.
///
/// Along a dimension of length n a chunk has n / ceil(n / limit) indices, rounded up: chunks of one size, at most 1 MiB.
///
/// - Parameter rowAtATime: rows are written and read one by one, as those of runs are: a chunk does not span several,
///   unless they are so short that a chunk each would cost more than reading a few together.
public func chunkShape(_ shape: [Int], elementSize: Int, rowAtATime: Bool) -> [Int] {
  func even(_ n: Int, _ limit: Int) -> Int {
    guard n > 0 else { return 1 }
    let pieces = (n + limit - 1) / limit
    return (n + pieces - 1) / pieces
  }
  let mebibyte = 1 << 20
  var chunk = shape.map { max(1, $0) }
  guard !chunk.isEmpty else { return [] }
  let row = chunk.dropFirst().reduce(elementSize, *)
  if row <= mebibyte {
    let rows = rowAtATime ? max(1, (1 << 16) / row) : max(1, mebibyte / row)
    chunk[0] = even(shape[0], rows)
    return chunk
  }
  chunk[0] = 1
  chunk.replaceSubrange(
    1..., with: chunkShape(Array(shape.dropFirst()), elementSize: elementSize, rowAtATime: false))
  return chunk
}
