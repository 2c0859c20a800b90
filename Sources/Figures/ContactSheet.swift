/// Pictures of one size, a row a class: `SVG` renders it with names, `image` without.
public struct ContactSheet: Hashable, Sendable {
  public struct Entry: Hashable, Sendable {
    public let image: RGBImage
    /// What is shown of it to a pointer that rests on it.
    public let note: String

    public init(_ image: RGBImage, note: String) {
      self.image = image
      self.note = note
    }
  }

  public struct Row: Hashable, Sendable {
    public let name: String
    /// Any number of them.
    public let entries: [Entry]

    public init(_ name: String, _ entries: [Entry]) {
      self.name = name
      self.entries = entries
    }
  }

  public let title: String
  public let rows: [Row]
  /// Of each picture.
  let width: Int
  let height: Int

  /// Between pictures, in their pixels.
  static let gap = 2

  /// - Parameter rows: with at least one picture in all, and pictures of one size.
  public init(title: String, rows: [Row]) {
    let images = rows.lazy.flatMap(\.entries).map(\.image)
    width = images.first?.width ?? 0
    height = images.first?.height ?? 0
    precondition(
      width > 0 && images.allSatisfy { [width, height] in $0.width == width && $0.height == height },
      "a contact sheet needs pictures of one size")
    self.title = title
    self.rows = rows
  }

  /// The pictures of the longest row.
  var columns: Int { rows.map(\.entries.count).max() ?? 0 }

  /// The pictures alone, on white.
  public var image: RGBImage {
    let (stepX, stepY) = (width + Self.gap, height + Self.gap)
    let (sheetWidth, sheetHeight) = (columns * stepX - Self.gap, rows.count * stepY - Self.gap)
    var pixels = [UInt8](repeating: 255, count: sheetWidth * sheetHeight * 3)
    for (r, row) in rows.enumerated() {
      for (c, entry) in row.entries.enumerated() {
        for y in 0..<height {
          let start = ((r * stepY + y) * sheetWidth + c * stepX) * 3
          pixels.replaceSubrange(
            start..<start + width * 3, with: entry.image.pixels[y * width * 3..<(y + 1) * width * 3])
        }
      }
    }
    return RGBImage(width: sheetWidth, height: sheetHeight, pixels: pixels)
  }
}
