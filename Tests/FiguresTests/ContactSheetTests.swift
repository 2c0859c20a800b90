import Figures
import Testing

@Suite struct ContactSheetTests {
  /// A picture of one colour.
  private func plain(_ value: UInt8, width: Int = 3, height: Int = 2) -> RGBImage {
    RGBImage(width: width, height: height, pixels: [UInt8](repeating: value, count: width * height * 3))
  }

  private func sheet(_ rows: [(String, [RGBImage])]) -> ContactSheet {
    ContactSheet(
      title: "A <sheet>", rows: rows.map { name, images in .init(name, images.map { .init($0, note: "of \(name)") }) })
  }

  @Test func `Without names it is the pictures on white with a gap of two pixels`() {
    let image = sheet([("a", [plain(10), plain(20)]), ("none", []), ("b", [plain(30)])]).image
    #expect(image.width == 3 + 2 + 3 && image.height == 2 + 2 + 2 + 2 + 2)
    for y in 0..<10 {
      for x in 0..<8 {
        let expected: UInt8 =
          switch (x, y) {
          case (0..<3, 0..<2): 10
          case (5..<8, 0..<2): 20
          case (0..<3, 8..<10): 30
          default: 255
          }
        let start = (y * 8 + x) * 3
        #expect(image.pixels[start..<start + 3].allSatisfy { $0 == expected }, "(\(x), \(y))")
      }
    }
  }

  @Test func `Each row has its name and its pictures as PNG`() throws {
    let rows = [("first", [plain(1), plain(2), plain(3)]), ("second", [plain(4)]), ("third", [])]
    let markup = try ParsedMarkup(SVG.render(sheet(rows)))
    #expect(markup.all("text").map(\.text) == ["first", "second", "third"])
    let images = markup.all("image")
    #expect(
      images.map { $0.attributes["href"] ?? "" }
        == [1, 2, 3, 4].map { "data:image/png;base64," + Base64.encode(PNG.encode(plain($0))) })
    // 64 / 3 is 21: small pictures are shown at a multiple of their size.
    #expect(images.allSatisfy { $0.number("width") == 63 && $0.number("height") == 42 })
    #expect(markup.elements[0].attributes["image-rendering"] == "pixelated")
  }

  @Test(arguments: [(1, 1), (8, 8), (32, 32), (64, 64), (200, 100)], [1, 3, 300])
  func `Nothing overlaps and all lies within the drawing`(size: (Int, Int), count: Int) throws {
    let image = plain(7, width: size.0, height: size.1)
    let rows = (0..<count).map { (String(repeating: "long name ", count: $0 % 7), [image, image, image]) }
    let markup = try ParsedMarkup(SVG.render(sheet(rows)))
    let box = try #require(markup.elements[0].attributes["viewBox"]).split(separator: " ").compactMap { Double($0) }
    let places = markup.all("image").compactMap { image -> (x: Double, y: Double, right: Double, bottom: Double)? in
      guard let x = image.number("x"), let y = image.number("y"), let width = image.number("width"),
        let height = image.number("height")
      else { return nil }
      return (x, y, x + width, y + height)
    }
    try #require(places.count == 3 * count && box.count == 4)
    #expect(places.allSatisfy { $0.x >= 0 && $0.y >= 0 && $0.right <= box[2] && $0.bottom <= box[3] })
    for (a, b) in zip(places, places.dropFirst()) { #expect(a.right < b.x || a.bottom < b.y) }
    let texts = markup.all("text").compactMap { $0.number("y") }
    #expect(zip(texts, texts.dropFirst()).allSatisfy { $1 - $0 > 12 })
    // Names end before the pictures.
    #expect(markup.all("text").allSatisfy { ($0.number("x") ?? .infinity) < places[0].x })
  }

  @Test func `Names are text whatever is in them`() throws {
    let names = ["<script>alert(1)</script>", "a & \"b\" 'c'", "tab\there\u{0}", "", "日本語", "]]>"]
    let text = SVG.render(sheet(names.map { ($0, [plain(0)]) }))
    #expect(!text.contains("<script"))
    let markup = try ParsedMarkup(text)
    #expect(Array(markup.all("text").map(\.text).prefix(2)) == ["<script>alert(1)</script>", "a & \"b\" 'c'"])
    #expect(markup.all("title").contains { $0.text == "A <sheet>" })
  }

  @Test func `A name that is too long is cut and there in full for a pointer`() throws {
    let name = String(repeating: "Papilio machaon ", count: 10)
    let markup = try ParsedMarkup(SVG.render(sheet([(name, [plain(0)])])))
    #expect(markup.all("text")[0].text.hasSuffix("…"))
    #expect(markup.all("title").contains { $0.text == name })
  }
}
