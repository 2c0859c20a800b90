import Kernels
import Randomness
import Testing

/// The vector kernels against the same functions in Double.
///
/// By hand they were compared with libm's at all floats of their ranges. The largest errors over all instruction sets:
/// sine 1.551 ulp and cosine 1.559, both near 0x1.5p11; exponential 1.011 at -0x1.782f42p+2; logarithm 0.834 at
/// 0x1.69bc6p+0.
struct ElementaryKernelTests {
  private typealias Kernel = (Int64, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void

  private func values(_ kernel: Kernel, at points: [Float]) -> [Float] {
    // A multiple of any vector's lanes.
    let count = (points.count + 15) / 16 * 16
    let (x, y) = (Memory(count: count), Memory(count: count))
    for (i, point) in points.enumerated() { x.floats[i] = point }
    withExtendedLifetime(x) { kernel(Int64(count), x.floats, y.floats) }
    return points.indices.map { y.floats[$0] }
  }

  /// Floats from `first` to `last`, of one sign, evenly by bit pattern.
  private func floats(_ first: Float, _ last: Float, count: UInt32 = 40_000) -> [Float] {
    let (from, to) = (first.bitPattern, last.bitPattern)
    return stride(from: from, through: to, by: max(1, Int((to - from) / count))).map(Float.init(bitPattern:))
  }

  /// The largest error in units in the last place.
  private func error(_ kernel: Kernel, at points: [Float], _ function: (Double) -> Double) -> Double {
    zip(points, values(kernel, at: points)).reduce(0) { worst, pair in
      let exact = function(Double(pair.0))
      let distance = abs(Double(pair.1) - exact) / Double(Float(exact).ulp)
      return distance <= worst ? worst : distance  // NaN is worse than all.
    }
  }

  /// All signs and sizes up to 10,000, and multiples of pi / 2, where the reduction cancels.
  private var angles: [Float] {
    let positive =
      floats(0x1p-149, 1e-3, count: 5_000) + floats(1e-3, 10_000, count: 80_000)
      + (1...6366).map { Float(Double($0) * Double.pi / 2) }
    return positive + positive.map { -$0 }
  }

  @Test("Sine and cosine are right to 2 ulp up to 10,000", arguments: InstructionSet.available)
  func circular(set: InstructionSet) {
    #expect(error(set.kernels.c.sin, at: angles, Elementary.sin) <= 2)
    #expect(error(set.kernels.c.cos, at: angles, Elementary.cos) <= 2)
  }

  @Test("The exponential is right to 2 ulp from the least to the greatest float", arguments: InstructionSet.available)
  func exponential(set: InstructionSet) {
    // e^88.7228 is the greatest finite one; below -87.34 the results are subnormal, and below -103.97 zero.
    let points =
      floats(0x1p-30, 88.7228) + floats(-0x1p-30, -103.9) + floats(80, 88.7228, count: 10_000)
      + floats(-86, -103.9, count: 10_000)
    #expect(error(set.kernels.c.exp, at: points, Elementary.exp) <= 2)
  }

  @Test("The logarithm is right to 2 ulp for all positive floats", arguments: InstructionSet.available)
  func logarithm(set: InstructionSet) {
    let points =
      floats(0x1p-149, .greatestFiniteMagnitude) + floats(0x1p-149, 0x1p-120, count: 10_000)
      + floats(0.7, 1.5, count: 80_000)
    #expect(error(set.kernels.c.log, at: points, Elementary.log) <= 2)
  }

  @Test("Infinity, zero and what lies beyond the range end as they should", arguments: InstructionSet.available)
  func limits(set: InstructionSet) {
    let infinity = Float.infinity
    let exponents: [Float] = [88.73, 200, infinity, -104, -1000, -infinity, 0, -0.0]
    #expect(values(set.kernels.c.exp, at: exponents) == [infinity, infinity, infinity, 0, 0, 0, 1, 1])
    #expect(values(set.kernels.c.log, at: [0, -0.0, 1, infinity]) == [-infinity, -infinity, 0, infinity])
    let negative: [Float] = [-0x1p-149, -1, -infinity]
    #expect(values(set.kernels.c.log, at: negative).allSatisfy { $0.isNaN })
    #expect(values(set.kernels.c.sin, at: [0, -0.0]) == [0, 0] && values(set.kernels.c.cos, at: [0]) == [1])
  }

  @Test("NaN stays NaN", arguments: InstructionSet.available)
  func notANumber(set: InstructionSet) {
    let kernels = set.kernels.c
    for kernel in [kernels.sin, kernels.cos, kernels.exp, kernels.log] {
      #expect(values(kernel, at: [.nan, -.nan, 1]).map(\.isNaN) == [true, true, false])
    }
    for activation in 1...3 {
      let x = values({ kernels.activate(Int32(activation), 16, Int32($0) / 16, $1, $2) }, at: [.nan])
      #expect(x[0].isNaN)
    }
  }

  @Test("Sigmoid is right to 3 ulp, and 0 and 1 far out", arguments: InstructionSet.available)
  func sigmoid(set: InstructionSet) {
    let lanes = set.lanes
    let sigmoid: Kernel = { count, x, y in
      set.kernels.c.activate(2, Int32(lanes), Int32(count) / Int32(lanes), x, y)
    }
    let points = floats(0x1p-30, 200) + floats(-0x1p-30, -87)
    #expect(error(sigmoid, at: points, { 1 / (1 + Elementary.exp(-$0)) }) <= 3)
    #expect(values(sigmoid, at: [-1000, 1000, -.infinity, .infinity]) == [0, 1, 0, 1])
  }
}
