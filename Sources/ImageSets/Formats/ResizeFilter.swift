import Randomness

/// How a pixel of a resized picture is made from those around its place; names and values are Pillow's.
public enum ResizeFilter: String, Sendable, CaseIterable {
  case nearest, box, bilinear, hamming, bicubic, lanczos
}

/// The weights of a filter along one side of a picture, for a range of the pixels that come out.
///
/// Pillow's, to the bit: a filter is widened by the factor that a side shrinks by, so that every pixel counts;
/// weights are normalised in double precision, then rounded to 22 bits after the point.
///
/// - Source: Pillow, src/libImaging/Resample.c.
struct ResizeWeights: Sendable {
  /// Of 32 bits, 8 are the pixel's and 2 are for sums of weights below 0 or above 1.
  static let precision = 32 - 8 - 2

  /// The first of the pixels that go into one that comes out, and how many do.
  struct Taps {
    let first: Int32
    let count: Int32
  }

  /// `(pixel that comes out)`.
  private(set) var taps: [Taps] = []
  /// `(pixel that comes out, tap)`, without gaps.
  private(set) var weight: [Int32] = []

  /// - Parameters:
  ///   - length: the pixels that go in.
  ///   - scaled: the pixels that come out of the whole side.
  ///   - range: those that are wanted.
  init(_ filter: ResizeFilter, from length: Int, to scaled: Int, _ range: Range<Int>) {
    let scale = Double(length) / Double(scaled)
    if filter == .nearest {
      // The place is a running sum in Pillow, with its rounding errors.
      var place = scale * 0.5
      for pixel in 0..<range.upperBound {
        if pixel >= range.lowerBound { append(first: min(Int(place), length - 1), [1]) }
        place += scale
      }
      return
    }
    let widening = max(scale, 1)
    let support = filter.support * widening
    for pixel in range {
      let centre = (Double(pixel) + 0.5) * scale
      let start = max(Int(centre - support + 0.5), 0)
      let end = min(Int(centre + support + 0.5), length)
      let values = (start..<end).map { filter.value((Double($0) - centre + 0.5) * (1 / widening)) }
      let sum = values.reduce(0, +)
      append(first: start, sum == 0 ? values : values.map { $0 / sum })
    }
  }

  private mutating func append(first: Int, _ values: [Double]) {
    let weights = values.map { value -> Int32 in
      let scaled = value * Double(1 << Self.precision)
      return Int32(scaled < 0 ? scaled - 0.5 : scaled + 0.5)
    }
    // What adds nothing need not be read.
    let start = weights.firstIndex { $0 != 0 } ?? 0
    let end = weights.lastIndex { $0 != 0 }.map { $0 + 1 } ?? start
    taps.append(Taps(first: Int32(first + start), count: Int32(end - start)))
    weight += weights[start..<end]
  }
}

extension ResizeFilter {
  /// Beyond this distance, in pixels of the smaller scale, its value is 0.
  fileprivate var support: Double {
    switch self {
    case .nearest, .box: 0.5
    case .bilinear, .hamming: 1
    case .bicubic: 2
    case .lanczos: 3
    }
  }

  /// The weight at a distance.
  fileprivate func value(_ x: Double) -> Double {
    let distance = abs(x)
    switch self {
    case .nearest, .box:
      return x > -0.5 && x <= 0.5 ? 1 : 0
    case .bilinear:
      return max(1 - distance, 0)
    case .hamming:
      if distance == 0 { return 1 }
      // The factors are single-precision numbers in Pillow.
      let window = Double(Float(0.54)) + Double(Float(0.46)) * Elementary.cos(distance * .pi)
      return distance < 1 ? sinc(distance) * window : 0
    case .bicubic:
      // Keys 1981, with a = -1/2.
      let a = -0.5
      if distance < 1 { return ((a + 2) * distance - (a + 3)) * distance * distance + 1 }
      return distance < 2 ? (((distance - 5) * distance + 8) * distance - 4) * a : 0
    case .lanczos:
      return x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0
    }
  }
}

private func sinc(_ x: Double) -> Double { x == 0 ? 1 : Elementary.sin(x * .pi) / (x * .pi) }
