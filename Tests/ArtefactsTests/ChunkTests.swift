import Artefacts
import Testing

@Suite struct ChunkTests {
  static let shapes: [[Int]] = [
    [0], [1], [7], [262_144], [262_145], [50_000_000], [0, 5], [5, 0], [1, 1], [50_000, 32, 32, 3],
    [60_000, 28, 28, 1],
    [100_000, 64, 64, 3], [20, 11_000_000], [3, 2_000, 3_000], [4_000, 50_000], [1, 1, 9_999_999],
    [2, 524_289, 1],
    [1, 3, 1_048_577], [40, 200, 10_000, 10], [131_073, 2], [Int(1) << 31, 2],
  ]

  @Test(arguments: shapes, [1, 4, 8])
  func `Chunks fit their dimensions and 1 MiB, and are as even as can be`(shape: [Int], size: Int) {
    for rowAtATime in [false, true] {
      let chunk = chunkShape(shape, elementSize: size, rowAtATime: rowAtATime)
      #expect(chunk.count == shape.count)
      for (n, length) in zip(shape, chunk) {
        #expect(length >= 1 && length <= max(1, n))
        guard n > 0 else { continue }
        // As many chunks as needed and no longer than needed: the last lacks less than one index a chunk.
        let pieces = (n + length - 1) / length
        #expect(pieces * length - n < pieces)
      }
      #expect(chunk.reduce(size, *) <= 1 << 20)
      // C order: what follows a dimension that is cut is whole, and what comes before it is 1.
      if let cut = zip(shape, chunk).enumerated().first(where: {
        $0.element.1 < $0.element.0 && $0.element.1 > 1
      }) {
        #expect(chunk.prefix(cut.offset).allSatisfy { $0 == 1 })
        #expect(zip(shape, chunk).dropFirst(cut.offset + 1).allSatisfy { max(1, $0) == $1 })
      }
    }
  }

  @Test func `Chunks of rows read one by one do not span several, unless rows are short`() {
    // 50,000 bytes a row: 64 KiB hold one. 10 bytes: 6,553 of them.
    #expect(chunkShape([4_000, 50_000], elementSize: 1, rowAtATime: true) == [1, 50_000])
    #expect(chunkShape([4_000, 50_000], elementSize: 1, rowAtATime: false) == [20, 50_000])
    #expect(chunkShape([10_000, 10], elementSize: 1, rowAtATime: true) == [5_000, 10])
  }
}
