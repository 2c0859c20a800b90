#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A map from values to coordinates along one axis, and the ticks on it.
struct Scale {
  struct Tick {
    let value: Double
    let label: String
  }

  let axis: Axis
  /// The values at both ends, of which logarithms are taken already on a logarithmic axis.
  private(set) var low: Double
  private(set) var high: Double
  private(set) var ticks: [Tick] = []
  /// The coordinates of both ends; the first may be the greater, as on a vertical axis.
  var start = 0.0
  var end = 1.0

  /// A scale for the data; `fitsTicks` moves the ends outward to ticks.
  init(_ axis: Axis, data: [Double], fitsTicks: Bool, tickCount: Int) {
    self.axis = axis
    if case .ordinal(let names) = axis.scale {
      (low, high) = (-0.5, max(0.5, Double(names.count) - 0.5))
      ticks = names.enumerated().map { Tick(value: Double($0.offset), label: $0.element) }
      return
    }
    let isLogarithmic = axis.scale == .logarithmic
    let ends = axis.range.map { [$0.lowerBound, $0.upperBound] } ?? []
    let values = (data + ends).filter { Self.isDrawable($0, axis.scale) }.map {
      isLogarithmic ? log10($0) : $0
    }
    (low, high) = Self.widened(values.min() ?? 0, values.max() ?? 1)

    if let own = axis.ticks {
      ticks = own.filter { Self.isDrawable($0, axis.scale) }.sorted().map {
        // As exact as three figures: 75.3k of 75,290 parameters.
        let value = $0.magnitude >= 1e4 ? Self.rounded($0) : $0
        return Tick(value: $0, label: Self.label(value, digits: Self.digits(value)))
      }
    } else {
      ticks =
        isLogarithmic ? Self.decades(low, high, count: tickCount) : roundTicks(tickCount, fits: fitsTicks)
    }
  }

  /// To three figures.
  private static func rounded(_ value: Double) -> Double {
    let step = pow(10, (log10(value.magnitude)).rounded(.down) - 2)
    return (value / step).rounded() * step
  }

  /// Whether a value can be placed on a numeric axis of such a scale.
  ///
  /// Beyond 1e100 differences overflow, and nothing is measured there.
  static func isDrawable(_ value: Double, _ scale: Axis.Scale) -> Bool {
    value.isFinite && value.magnitude < 1e100 && (scale != .logarithmic || value > 1e-100)
  }

  /// Whether a value has a place on this axis.
  func contains(_ value: Double) -> Bool {
    if case .ordinal = axis.scale { return value >= low && value <= high }
    return Self.isDrawable(value, axis.scale)
  }

  /// The coordinate of a drawable value.
  func position(_ value: Double) -> Double {
    let value = axis.scale == .logarithmic ? log10(value) : value
    return start + (value - low) / (high - low) * (end - start)
  }

  /// Makes room at both ends, so that marks there are whole; in shares of the range.
  mutating func pad(_ share: Double) {
    let room = (high - low) * share
    (low, high) = (low - room, high + room)
  }

  /// The same scale with round ticks in another number, where ticks may be chosen.
  func withTicks(_ count: Int) -> Scale? {
    guard axis.scale == .linear, axis.ticks == nil else { return nil }
    var scale = self
    scale.ticks = scale.roundTicks(count, fits: false)
    return scale
  }

  /// The range itself or, where it has no width to speak of, one around it.
  private static func widened(_ low: Double, _ high: Double) -> (Double, Double) {
    let size = max(low.magnitude, high.magnitude)
    if high - low > size * 1e-9 { return (low, high) }
    let room = size == 0 ? 0.5 : size * 0.1
    return (low - room, high + room)
  }

  /// Multiples of 1, 2 or 5 times a power of ten, about `count` of them.
  private mutating func roundTicks(_ count: Int, fits: Bool) -> [Tick] {
    let rough = (high - low) / Double(count)
    var exponent = Int(log10(rough).rounded(.down))
    let mantissas: [Double] = [1, 2, 5]
    func multiple(_ index: Double, _ mantissa: Double) -> Double {
      // One division by a power of ten rounds once: 3 × 0.1 is not 0.3, but 3 / 10 is.
      exponent < 0
        ? index * mantissa / pow(10, Double(-exponent)) : index * mantissa * pow(10, Double(exponent))
    }
    var mantissa = 1.0
    if let fitting = mantissas.first(where: { multiple(1, $0) >= rough * 0.7 }) {
      mantissa = fitting
    } else {
      exponent += 1
    }
    let step = multiple(1, mantissa)
    // An axis does not grow by a step for what is hardly beyond it.
    let slack = fits ? 0.02 : 1e-6
    let first = fits ? (low / step + slack).rounded(.down) : (low / step - slack).rounded(.up)
    let last = fits ? (high / step - slack).rounded(.up) : (high / step + slack).rounded(.down)
    if fits { (low, high) = (min(low, multiple(first, mantissa)), max(high, multiple(last, mantissa))) }
    let digits = max(0, -exponent)
    return stride(from: first, through: last, by: 1).map { index in
      let value = multiple(index, mantissa)
      return Tick(value: value, label: Self.label(value, digits: digits))
    }
  }

  /// Powers of ten, with 2 and 5 between them where few decades are shown.
  private static func decades(_ low: Double, _ high: Double, count: Int) -> [Tick] {
    let skip = max(1, Int(((high - low) / Double(count)).rounded(.up)))
    let mantissas: [Double] = high - low < 1 ? [1, 2, 3, 5, 7] : high - low < 2.5 ? [1, 2, 5] : [1]
    var ticks: [Tick] = []
    for decade in Int(low.rounded(.down))...Int(high.rounded(.up)) where decade % skip == 0 {
      for mantissa in mantissas {
        let power = pow(10, Double(decade.magnitude))
        let value = decade < 0 ? mantissa / power : mantissa * power
        guard log10(value) >= low - 1e-9, log10(value) <= high + 1e-9 else { continue }
        ticks.append(Tick(value: value, label: label(value, digits: digits(value))))
      }
    }
    return ticks
  }

  /// The digits after the point that a number of few digits needs.
  private static func digits(_ value: Double) -> Int {
    (0..<6).first { (value * pow(10, Double($0))).isNearlyWhole } ?? 6
  }

  /// A tick's label: 20k and 1.5M for thousands and millions, powers of ten where digits would be many.
  static func label(_ value: Double, digits: Int) -> String {
    if value == 0 { return "0" }
    let size = value.magnitude
    if digits > 4 || size >= 1e12 { return Numerals.scientific(value) }
    for (unit, suffix) in [(1e9, "G"), (1e6, "M"), (1e3, "k")] where size >= max(unit, 1e4) {
      let scaled = value / unit
      return Numerals.people(scaled, digits: Self.digits(scaled)) + suffix
    }
    return Numerals.people(value, digits: digits)
  }
}

extension Double {
  fileprivate var isNearlyWhole: Bool { (self - rounded()).magnitude <= 1e-9 * Swift.max(1, magnitude) }
}
