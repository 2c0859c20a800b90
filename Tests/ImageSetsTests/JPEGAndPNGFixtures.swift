import Foundation
import ImageSets
import Testing

/// A picture of `Fixtures/pictures` and the pixels that another program decoded it to.
struct PictureFixture: Sendable, CustomTestStringConvertible {
  let name: String
  /// The file.
  let bytes: [UInt8]
  let picture: Picture

  var testDescription: String { name }

  /// The pictures of a list with lines of `FILE WIDTH HEIGHT PIXELS`.
  static func all(_ list: String) -> [PictureFixture] {
    lines(list).compactMap { words in
      guard let file = try? Data(contentsOf: folder.appendingPathComponent(words[0])),
        let picture = Picture(words[1...])
      else { return nil }
      return PictureFixture(name: words[0], bytes: [UInt8](file), picture: picture)
    }
  }

  /// The words of each line of a list.
  static func lines(_ list: String) -> [[String]] {
    let text = (try? String(contentsOf: folder.appendingPathComponent(list), encoding: .utf8)) ?? ""
    return text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
  }

  private static let folder = Bundle.module.bundleURL.appendingPathComponent("Fixtures/pictures")
}

extension Picture {
  /// A picture as `WIDTH HEIGHT PIXELS`, the last in base64.
  init?(_ words: some Collection<String>) {
    let words = Array(words)
    guard words.count == 3, let width = Int(words[0]), let height = Int(words[1]),
      let pixels = Data(base64Encoded: words[2])
    else { return nil }
    self.init(size: PictureSize(width: width, height: height), pixels: [UInt8](pixels))
  }
}

extension PictureDecoder {
  func decode(_ bytes: [UInt8], of subject: String) throws -> Picture {
    try bytes.withUnsafeBufferPointer { try decode($0, of: subject) }
  }
}
