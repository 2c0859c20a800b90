import CKernels

/// The inner products of all pairs of vectors, four with four others at a time.
public struct PairProducts: Sendable {
  private let kernels: KernelTable
  private let count: Int

  /// - Parameter count: vectors.
  public init(_ kernels: KernelTable, count: Int) { (self.kernels, self.count) = (kernels, count) }

  /// Calls `body` on the pool's threads with each pair of blocks of four vectors, the second not before the first, and
  /// room for 16 numbers.
  public func forEachBlock(_ pool: ThreadPool, _ body: @Sendable (Int, Int, UnsafeMutablePointer<Double>) -> Void) {
    let blocks = (count + 3) / 4
    pool.run(blocks) { i in
      withUnsafeTemporaryAllocation(of: Double.self, capacity: 16) { room in
        guard let out = room.baseAddress else { return }
        for j in i..<blocks { body(i, j, out) }
      }
    }
  }

  /// Sets `out` to the 16 products of two blocks. What is past the last vector stands for that one.
  ///
  /// - Parameters:
  ///   - length: floats of a vector, a multiple of the lanes.
  ///   - vector: where a vector is, on a boundary of that many floats.
  public func set(
    _ i: Int, _ j: Int, length: Int, _ vector: (Int) -> UnsafePointer<Float>, _ out: UnsafeMutablePointer<Double>
  ) {
    withUnsafeTemporaryAllocation(of: UnsafePointer<Float>.self, capacity: 8) { vectors in
      guard let base = vectors.baseAddress else { return }
      for k in 0..<4 {
        (base + k).initialize(to: vector(min(4 * i + k, count - 1)))
        (base + 4 + k).initialize(to: vector(min(4 * j + k, count - 1)))
      }
      kernels.c.products(Int64(length), base, base + 4, out)
    }
  }

  /// Calls `body` once for each pair of vectors of two blocks, which of one block with itself has two products: with their
  /// numbers, the second not before the first, and the product's place.
  public func forEachPlace(_ i: Int, _ j: Int, _ body: (_ a: Int, _ b: Int, _ place: Int) -> Void) {
    for a in 4 * i..<min(4 * i + 4, count) {
      for b in max(a, 4 * j)..<min(4 * j + 4, count) { body(a, b, a % 4 * 4 + b % 4) }
    }
  }
}
