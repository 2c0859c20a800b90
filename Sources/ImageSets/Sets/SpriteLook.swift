import Randomness

/// What all images of one sub-population share: a glyph and two colours. It does not depend on the class.
struct SpriteLook: Equatable {
  /// The left half of each row, bit 0 outermost; the right half mirrors it.
  let rows: [UInt8]
  /// Red, green and blue, 0...255.
  let ink: SIMD3<Double>
  let ground: SIMD3<Double>

  static let side = 32
  static let glyph = 8
  static let scale = 3
  /// Where the glyph begins on average, and how far it is moved from there.
  static let corner = 4
  static let shift = 2
  /// The least distance of the two colours, in the channel where they differ most.
  static let distance = 90.0

  init(seed: UInt64, subpopulation: Int) {
    var stream = RandomStream(seed: seed, purpose: .spriteGlyph, index: subpopulation)
    // Nearly empty and nearly full glyphs are drawn again: they could not be told from each other.
    var bits: UInt32
    repeat { bits = stream.next() } while !(12...20).contains(bits.nonzeroBitCount)
    rows = (0..<Self.glyph).map { UInt8(bits >> (4 * $0) & 15) }
    var ink: SIMD3<Double>
    var ground: SIMD3<Double>
    repeat {
      ink = Self.colour(&stream)
      ground = Self.colour(&stream)
    } while max(abs(ink.x - ground.x), abs(ink.y - ground.y), abs(ink.z - ground.z)) < Self.distance
    self.ink = ink
    self.ground = ground
  }

  private static func colour(_ stream: inout RandomStream) -> SIMD3<Double> {
    SIMD3(Double(stream.below(256)), Double(stream.below(256)), Double(stream.below(256)))
  }

  /// Whether the glyph has ink at its pixel `(x, y)`, 0 ..< 24 each.
  private func hasInk(_ x: Int, _ y: Int) -> Bool {
    let width = Self.glyph * Self.scale
    guard (0..<width).contains(x), (0..<width).contains(y) else { return false }
    let column = x / Self.scale
    return rows[y / Self.scale] >> min(column, Self.glyph - 1 - column) & 1 == 1
  }

  /// Draws one image as `(y, x, channel)`, with the random numbers of `stream`; returns its difficulty.
  ///
  /// With d ~ U(0, 1), the glyph's corner at (4, 4) + U{-2...2}^2, a gain g ~ U(.9, 1.1), a brightness b ~
  /// U(-12, 12) and, for each pixel and channel on its own, e of mean 0 and s.d. 1, the value is
  ///
  ///     g (m + (1 - .6 d) (colour - m)) + b + (8 + 40 d) e      m: the mean of ink and ground
  ///
  /// rounded and brought into 0...255. e is the centred sum of four uniform bytes: near to normal, and exact.
  func draw(_ stream: inout RandomStream, into pixels: UnsafeMutableBufferPointer<UInt8>) -> Float {
    let difficulty = stream.uniform()
    let left = Self.corner - Self.shift + stream.below(2 * Self.shift + 1)
    let top = Self.corner - Self.shift + stream.below(2 * Self.shift + 1)
    let gain = 0.9 + 0.2 * stream.uniform()
    let brightness = -12 + 24 * stream.uniform()

    let mean = (ink + ground) / 2
    let contrast = 1 - 0.6 * difficulty
    let shown = [ground, ink].map { gain * (mean + contrast * ($0 - mean)) + brightness }
    // The variance of a uniform byte is (256² - 1) / 12.
    let unit = (8 + 40 * difficulty) / (4 * 65535.0 / 12).squareRoot()
    var next = 0
    for y in 0..<Self.side {
      for x in 0..<Self.side {
        let colour = shown[hasInk(x - left, y - top) ? 1 : 0]
        for channel in 0..<3 {
          let draw = stream.next()
          let sum = (draw & 255) + (draw >> 8 & 255) + (draw >> 16 & 255) + (draw >> 24)
          let value = colour[channel] + unit * (Double(sum) - 510)
          pixels[next] = UInt8(min(max(value.rounded(), 0), 255))
          next += 1
        }
      }
    }
    return Float(difficulty)
  }
}
