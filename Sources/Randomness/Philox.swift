/// The Philox4x32-10 block function: 128 bits of counter and 64 bits of key to 128 random bits.
///
/// - Source: Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3",
///   doi:10.1145/2063384.2063405; constants and known answers from their Random123 library.
@inlinable
public func philox4x32(_ counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
  var c = counter
  var k = key
  for _ in 0..<10 {
    let a = UInt64(0xD251_1F53) * UInt64(c.x)
    let b = UInt64(0xCD9E_8D57) * UInt64(c.z)
    c = SIMD4(
      UInt32(truncatingIfNeeded: b >> 32) ^ c.y ^ k.x, UInt32(truncatingIfNeeded: b),
      UInt32(truncatingIfNeeded: a >> 32) ^ c.w ^ k.y, UInt32(truncatingIfNeeded: a))
    k = k &+ SIMD2(0x9E37_79B9, 0xBB67_AE85)
  }
  return c
}

/// What a random number is drawn for. Streams of different purposes never meet, whatever the seed below 2^32.
///
/// The raw values are part of every result: they are never changed and never used again for something else.
public enum Purpose: UInt32, Sendable, CaseIterable {
  case subsetMask = 1
  case initialisation = 2
  case batchOrder = 3
  case augmentation = 4
  case spriteGlyph = 5
  case spriteExample = 6
  case spriteLabel = 7
  case selection = 8
  case labelChange = 9
  case plant = 10
  case exclusion = 11
  case inputCurvature = 12
  case runHalves = 20
  case noiseFloor = 21
  case trajectoryPosterior = 22
  case plannedShare = 23
  case permutation = 24
  case proxyBaseline = 30
  case minibatch = 31
  case test = 255
}

/// A stream of random numbers that depends on its name alone: seed, purpose, run, epoch and example.
///
/// Nothing is shared between streams, so the numbers do not depend on the order in which, or the thread on
/// which, they are drawn, and adding runs, epochs or examples never changes those of others.
public struct RandomStream: Sendable {
  @usableFromInline let key: SIMD2<UInt32>
  @usableFromInline var counter: SIMD4<UInt32>
  @usableFromInline var block = SIMD4<UInt32>()
  @usableFromInline var left = 0

  /// - Parameters:
  ///   - run, epoch, index: below 2^32 each; `index` is the example, block of runs or tensor that the numbers
  ///     belong to.
  @inlinable
  public init(seed: UInt64, purpose: Purpose, run: Int = 0, epoch: Int = 0, index: Int = 0) {
    key = SIMD2(
      UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32) ^ (purpose.rawValue << 24))
    counter = SIMD4(
      0, UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: epoch), UInt32(truncatingIfNeeded: run)
    )
  }

  /// 32 uniform random bits.
  @inlinable
  public mutating func next() -> UInt32 {
    if left == 0 {
      block = philox4x32(counter, key: key)
      counter.x &+= 1
      left = 4
    }
    left -= 1
    return block[3 - left]
  }

  /// A uniform number in [0, 1) with 53 random bits.
  @inlinable
  public mutating func uniform() -> Double {
    let high = UInt64(next() >> 5)
    let low = UInt64(next() >> 6)
    return Double(high << 26 | low) * 0x1p-53
  }

  /// A uniform whole number in `0..<bound`, without bias.
  ///
  /// - Precondition: `0 < bound < 2^32`.
  /// - Source: Lemire 2019, "Fast random integer generation in an interval", doi:10.1145/3230636.
  @inlinable
  public mutating func below(_ bound: Int) -> Int {
    let n = UInt32(bound)
    var product = UInt64(next()) * UInt64(n)
    if UInt32(truncatingIfNeeded: product) < n {
      let threshold = (0 &- n) % n
      while UInt32(truncatingIfNeeded: product) < threshold { product = UInt64(next()) * UInt64(n) }
    }
    return Int(product >> 32)
  }

  /// A standard normal number, by the Box–Muller transform; the second of each pair is not kept.
  @inlinable
  public mutating func normal() -> Double {
    let radius = (-2 * Elementary.log(1 - uniform())).squareRoot()
    return radius * Elementary.cos(2 * Double.pi * uniform())
  }

  /// A uniform permutation of `0..<count` (Fisher and Yates).
  @inlinable
  public mutating func permutation(_ count: Int) -> [Int32] {
    var order = (0..<Int32(count)).map { $0 }
    shuffle(&order)
    return order
  }

  /// Puts the elements of `array` in a uniformly random order (Fisher and Yates).
  @inlinable
  public mutating func shuffle<T>(_ array: inout [T]) {
    var i = array.count - 1
    while i > 0 {
      array.swapAt(i, below(i + 1))
      i -= 1
    }
  }
}
