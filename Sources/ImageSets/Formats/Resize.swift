/// Resizes pictures to one size, one at a time; what it makes for one picture serves those of the same size.
///
/// Pixels are those of Pillow's `resize`, byte for byte: rows first, rounded to bytes, then columns.
public final class Resizer {
  /// How a picture becomes a square.
  public enum Fit: String, Sendable, CaseIterable {
    /// The shorter side is scaled, and the middle of the longer one cut out, as torchvision's `Resize(side)` and
    /// `CenterCrop(side)` do.
    case crop
    /// Both sides are scaled.
    case stretch
  }

  private struct Key: Hashable {
    let length: Int
    let scaled: Int
    let range: Range<Int>
  }

  private let side: Int
  private let filter: ResizeFilter
  private let fit: Fit
  private var weights: [Key: ResizeWeights] = [:]
  /// `(y, x, channel)` after the first pass.
  private var narrowed: [UInt8] = []
  private var sums: [Int32] = []

  public init(side: Int, filter: ResizeFilter, fit: Fit) {
    precondition(side > 0, "a picture has pixels")
    self.side = side
    self.filter = filter
    self.fit = fit
  }

  /// The picture as a square.
  ///
  /// - Parameter pixels: side x side x 3 bytes, which are filled with `(y, x, channel)`.
  public func resize(_ picture: Picture, into pixels: UnsafeMutableBufferPointer<UInt8>) {
    switch fit {
    case .crop: resize(picture, ResizeGeometry(cropping: picture.size, side: side), into: pixels)
    case .stretch: resize(picture, ResizeGeometry(side, side), into: pixels)
    }
  }

  /// The part of the scaled picture that `geometry` says.
  func resize(_ picture: Picture, _ geometry: ResizeGeometry, into pixels: UnsafeMutableBufferPointer<UInt8>) {
    let across = weights(from: picture.size.width, to: geometry.width, geometry.columns)
    let down = weights(from: picture.size.height, to: geometry.height, geometry.rows)
    // Of the rows only those that the second pass reads.
    let rows = down.inputs
    let (wide, narrow) = (picture.size.width * 3, geometry.columns.count * 3)
    precondition(pixels.count == geometry.rows.count * narrow, "a buffer of the wanted size")
    if narrowed.count < rows.count * narrow { narrowed = [UInt8](repeating: 0, count: rows.count * narrow) }
    if sums.count < narrow { sums = [Int32](repeating: 0, count: narrow) }
    narrowed.withUnsafeMutableBufferPointer { narrowed in
      picture.pixels.withUnsafeBufferPointer { source in
        for (place, row) in rows.enumerated() {
          across.applyAcross(
            UnsafeBufferPointer(rebasing: source[row * wide..<(row + 1) * wide]),
            to: UnsafeMutableBufferPointer(rebasing: narrowed[place * narrow..<(place + 1) * narrow]))
        }
      }
      sums.withUnsafeMutableBufferPointer { sums in
        let sums = UnsafeMutableBufferPointer(rebasing: sums[..<narrow])
        down.applyDown(UnsafeBufferPointer(narrowed), from: rows.lowerBound, sums: sums, to: pixels)
      }
    }
  }

  private func weights(from length: Int, to scaled: Int, _ range: Range<Int>) -> ResizeWeights {
    let key = Key(length: length, scaled: scaled, range: range)
    if let known = weights[key] { return known }
    let new = ResizeWeights(filter, from: length, to: scaled, range)
    // Where all pictures differ in size, their weights must not fill the memory.
    if weights.values.reduce(new.weight.count, { $0 + $1.weight.count }) > 1 << 22 { weights.removeAll() }
    weights[key] = new
    return new
  }
}

/// What is made of a picture: the size that the whole of it is scaled to, and the part that is kept.
struct ResizeGeometry {
  let width: Int
  let height: Int
  let columns: Range<Int>
  let rows: Range<Int>

  /// The whole picture at a size.
  init(_ width: Int, _ height: Int) {
    (self.width, self.height) = (width, height)
    (columns, rows) = (0..<width, 0..<height)
  }

  /// The square in the middle of a picture whose shorter side is scaled to `side`.
  ///
  /// - Source: torchvision, `Resize` and `CenterCrop`: the longer side is cut to a whole number, the margin rounded to
  ///   even.
  init(cropping size: PictureSize, side: Int) {
    let shorter = min(size.width, size.height)
    func scaled(_ length: Int) -> Int { Int(Double(side * length) / Double(shorter)) }
    func middle(_ length: Int) -> Range<Int> {
      let margin = Int((Double(length - side) / 2).rounded(.toNearestOrEven))
      return margin..<margin + side
    }
    (width, height) = (scaled(size.width), scaled(size.height))
    (columns, rows) = (middle(width), middle(height))
  }
}

extension ResizeWeights {
  private static let half = Int32(1) << (precision - 1)

  /// The pixels along the side that any weight is for.
  var inputs: Range<Int> {
    let start = taps.map(\.first).min() ?? 0
    let end = taps.map { $0.first + $0.count }.max() ?? start
    return Int(start)..<Int(end)
  }

  /// Weighs the pixels of one row of `(x, channel)`.
  func applyAcross(_ row: UnsafeBufferPointer<UInt8>, to out: UnsafeMutableBufferPointer<UInt8>) {
    guard let row = row.baseAddress, var out = out.baseAddress else { return }
    taps.withUnsafeBufferPointer { taps in
      weight.withUnsafeBufferPointer { weight in
        guard var weight = weight.baseAddress else { return }
        for tap in taps {
          var (red, green, blue) = (Self.half, Self.half, Self.half)
          var pixel = row + 3 * Int(tap.first)
          for i in 0..<Int(tap.count) {
            red &+= Int32(pixel[0]) &* weight[i]
            green &+= Int32(pixel[1]) &* weight[i]
            blue &+= Int32(pixel[2]) &* weight[i]
            pixel += 3
          }
          weight += Int(tap.count)
          out[0] = Self.byte(red)
          out[1] = Self.byte(green)
          out[2] = Self.byte(blue)
          out += 3
        }
      }
    }
  }

  /// Weighs whole rows.
  ///
  /// - Parameters:
  ///   - rows: `(y, x, channel)`, from the row `start` on.
  ///   - sums: room for one row.
  func applyDown(
    _ rows: UnsafeBufferPointer<UInt8>, from start: Int, sums: UnsafeMutableBufferPointer<Int32>,
    to out: UnsafeMutableBufferPointer<UInt8>
  ) {
    let stride = sums.count
    guard let rows = rows.baseAddress, var out = out.baseAddress, let sums = sums.baseAddress else { return }
    var next = 0
    for tap in taps {
      sums.update(repeating: Self.half, count: stride)
      var row = rows + (Int(tap.first) - start) * stride
      for weight in weight[next..<next + Int(tap.count)] {
        for i in 0..<stride { sums[i] &+= Int32(row[i]) &* weight }
        row += stride
      }
      next += Int(tap.count)
      for i in 0..<stride { out[i] = Self.byte(sums[i]) }
      out += stride
    }
  }

  private static func byte(_ sum: Int32) -> UInt8 { UInt8(clamping: sum >> Int32(precision)) }
}
