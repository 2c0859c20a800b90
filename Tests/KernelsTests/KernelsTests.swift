import Kernels
import Randomness
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Counts how often each task ran; a task's own element is its alone.
private final class Tally: @unchecked Sendable {
  let counts: UnsafeMutablePointer<Int>
  let size: Int
  init(_ size: Int) {
    self.size = size
    counts = .allocate(capacity: size)
    counts.initialize(repeating: 0, count: size)
  }
  deinit { counts.deallocate() }
  var all: [Int] { (0..<size).map { counts[$0] } }
}

struct ThreadPoolTests {
  @Test("Each task runs exactly once, in every job", arguments: [1, 2, 3, 8])
  func everyTask(threads: Int) {
    let pool = ThreadPool(threads: threads)
    for tasks in [0, 1, 2, 7, 100] {
      let tally = Tally(100)
      for _ in 0..<50 { pool.run(tasks) { tally.counts[$0] += 1 } }
      #expect(tally.all == (0..<100).map { $0 < tasks ? 50 : 0 })
    }
  }

  @Test("Pools come and go while others work")
  func severalPools() {
    let long = ThreadPool(threads: 2)
    let tally = Tally(20)
    for _ in 0..<100 {
      let short = ThreadPool(threads: 3)
      short.run(20) { tally.counts[$0] += 1 }
      long.run(20) { tally.counts[$0] += 1 }
    }
    #expect(tally.all == [Int](repeating: 200, count: 20))
  }
}

struct InstructionSetTests {
  @Test("Without a name the best available is taken; with one, that one")
  func selection() throws {
    #expect(try InstructionSet.selected(named: nil) == InstructionSet.available.first)
    #expect(InstructionSet.available.last == .portable)
    for set in InstructionSet.available {
      #expect(try InstructionSet.selected(named: set.rawValue) == set)
      #expect(Int(set.kernels.c.lanes) == set.lanes)
    }
  }

  @Test("An unknown instruction set is refused by name", arguments: ["sse9", "AVX2", "avx512 "])
  func refusal(name: String) {
    let error = #expect(throws: InstructionSetError.self) { try InstructionSet.selected(named: name) }
    #expect(error?.description.contains("ROTE_ISA=\(name)") == true)
  }
}

struct FunctionTests {
  /// The kernels' numbers for activations.
  private static let sine: Int32 = 1
  private static let sigmoid: Int32 = 2

  /// The kernel's results at `points`, through one block of activations.
  private func activate(_ kind: Int32, _ set: InstructionSet, _ points: [Float]) -> [Float] {
    let lanes = set.lanes
    let pixels = (points.count + lanes - 1) / lanes
    let (x, y) = (Memory(count: pixels * lanes), Memory(count: pixels * lanes))
    for (i, point) in points.enumerated() { x.floats[i] = point }
    set.kernels.c.activate(kind, Int32(lanes), Int32(pixels), x.floats, y.floats)
    return points.indices.map { y.floats[$0] }
  }

  private func cosine(_ set: InstructionSet, _ points: [Float]) -> [Float] {
    let lanes = set.lanes
    let pixels = (points.count + lanes - 1) / lanes
    let memories = (0..<4).map { _ in Memory(count: pixels * lanes) }
    for (i, point) in points.enumerated() { memories[0].floats[i] = point }
    for i in 0..<pixels * lanes { memories[2].floats[i] = 1 }
    set.kernels.c.activate_gradient(
      Self.sine, Int32(lanes), Int32(pixels), memories[0].floats, memories[1].floats, memories[2].floats, 0,
      memories[3].floats)
    return points.indices.map { memories[3].floats[$0] }
  }

  /// The largest error in units in the last place.
  private func error(_ values: [Float], _ exact: [Double]) -> Double {
    zip(values, exact).reduce(0) { max($0, abs(Double($1.0) - $1.1) / Double(Float($1.1).ulp)) }
  }

  private var points: [Float] {
    var random = RandomStream(seed: 1, purpose: .initialisation)
    let scales: [Double] = [1e-3, 0.1, 1, 3, 10, 100, 1000, 10_000]
    // Multiples of pi / 2 are where the reduction cancels.
    let zeros = stride(from: 1, through: 6366, by: 7).map { Float(Double($0) * Double.pi / 2) }
    return zeros
      + scales.flatMap { scale in (0..<20_000).map { _ in Float((random.uniform() * 2 - 1) * scale) } }
  }

  @Test("Sine and cosine are within 2 ulp up to 10,000", arguments: InstructionSet.available)
  func sines(set: InstructionSet) {
    let points = points
    #expect(error(activate(Self.sine, set, points), points.map { sin(Double($0)) }) < 2)
    #expect(error(cosine(set, points), points.map { cos(Double($0)) }) < 2)
  }

  @Test("Sigmoid is within 3 ulp, and 0 and 1 far out", arguments: InstructionSet.available)
  func sigmoids(set: InstructionSet) {
    let points = points.filter { abs($0) < 80 }
    #expect(error(activate(Self.sigmoid, set, points), points.map { 1 / (1 + exp(-Double($0))) }) < 3)
    let far = activate(Self.sigmoid, set, [-1000, 1000])
    #expect(far[0] >= 0 && far[0] < 1e-37 && far[1] == 1)
  }

  @Test("Activations pass NaN on", arguments: InstructionSet.available, [Int32(1), 2, 3])
  func notANumber(set: InstructionSet, kind: Int32) {
    #expect(activate(kind, set, [.nan])[0].isNaN)
  }
}

struct ImagePreparationTests {
  @Test("A crop out of a border of raw zeros is standardised, then mirrored", arguments: [false, true])
  func crops(flipped: Bool) {
    let (height, width, channels) = (3, 4, 2)
    let image = (0..<height * width * channels).map { UInt8($0 * 9 + 5) }
    let mean: [Float] = [100, 50]
    let inverse: [Float] = [0.5, 0.25]
    for (dy, dx) in [(0, 0), (-2, 1), (1, -3), (4, 4)] {
      var preparation = ImagePreparation(height: height, width: width, channels: channels, pixelStride: 4)
      preparation.rowOffset = dy
      preparation.columnOffset = dx
      preparation.flipped = flipped
      var result = [Float](repeating: -1, count: height * width * 4)
      preparation.write(image, mean: mean, inverse: inverse, to: &result)
      for r in 0..<height {
        for c in 0..<width {
          let (row, column) = (r + dy, (flipped ? width - 1 - c : c) + dx)
          let inside = (0..<height).contains(row) && (0..<width).contains(column)
          for k in 0..<channels {
            let raw = inside ? Float(image[(row * width + column) * channels + k]) : 0
            #expect(result[(r * width + c) * 4 + k] == (raw - mean[k]) * inverse[k])
          }
          #expect(result[(r * width + c) * 4 + 2] == -1)
        }
      }
    }
  }
}
