import Testing

@testable import ImageSets

@Suite struct ResizeTests {
  /// What Pillow made of a picture.
  struct Resized: Sendable, CustomTestStringConvertible {
    let filter: ResizeFilter
    let fit: Resizer.Fit
    let name: String
    let source: Picture
    let result: Picture

    var testDescription: String { "\(name) by \(filter), \(fit), to \(result.size.width) x \(result.size.height)" }
  }

  static let resized: [Resized] = {
    let lines = PictureFixture.lines("resize.txt")
    let sources = lines.filter { $0[0] == "source" }.reduce(into: [:]) { $0[$1[1]] = Picture($1[2...]) }
    return lines.compactMap { words in
      guard let filter = ResizeFilter(rawValue: words[0]), let fit = Resizer.Fit(rawValue: words[1]),
        let source = sources[words[2]], let result = Picture(words[3...])
      else { return nil }
      return Resized(filter: filter, fit: fit, name: words[2], source: source, result: result)
    }
  }()

  @Test func `Fixtures are there`() { #expect(ResizeTests.resized.count == 6 * (14 + 11)) }

  @Test(arguments: resized)
  func `Pixels are those of Pillow to the byte`(_ case: Resized) {
    let size = `case`.result.size
    let resizer = Resizer(side: size.width, filter: `case`.filter, fit: `case`.fit)
    var pixels = [UInt8](repeating: 77, count: size.bytes)
    pixels.withUnsafeMutableBufferPointer { pixels in
      if `case`.fit == .stretch {
        resizer.resize(`case`.source, ResizeGeometry(size.width, size.height), into: pixels)
      } else {
        resizer.resize(`case`.source, into: pixels)
      }
    }
    #expect(pixels == `case`.result.pixels)
  }

  @Test func `One resizer serves pictures of all sizes in any order`() throws {
    for filter in ResizeFilter.allCases {
      let resizer = Resizer(side: 5, filter: filter, fit: .crop)
      for expected in ResizeTests.resized + ResizeTests.resized.reversed()
      where expected.filter == filter && expected.fit == .crop && expected.result.size.width == 5 {
        var pixels = [UInt8](repeating: 0, count: 75)
        pixels.withUnsafeMutableBufferPointer { resizer.resize(expected.source, into: $0) }
        #expect(pixels == expected.result.pixels, "\(expected.testDescription)")
      }
    }
  }

  @Test func `A picture of the wanted size is left as it is`() throws {
    let picture = Picture(
      size: PictureSize(width: 13, height: 13), pixels: (0..<507).map { UInt8(truncatingIfNeeded: $0 * $0) })
    for filter in ResizeFilter.allCases {
      for fit in Resizer.Fit.allCases {
        var pixels = [UInt8](repeating: 0, count: 507)
        let resizer = Resizer(side: 13, filter: filter, fit: fit)
        pixels.withUnsafeMutableBufferPointer { resizer.resize(picture, into: $0) }
        #expect(pixels == picture.pixels)
      }
    }
  }

  // Python: int(side * long / short) and int(round((long - side) / 2.0)), which rounds halves to even.
  @Test(arguments: [
    (500, 375, 64, 85, 64, 10), (375, 500, 64, 64, 85, 10), (64, 64, 32, 32, 32, 0), (67, 64, 64, 67, 64, 2),
    (65, 64, 64, 65, 64, 0), (69, 64, 64, 69, 64, 2), (1, 3, 2, 2, 6, 2),
    (65_500, 1, 64, 4_192_000, 64, 2_095_968),
  ])
  func `The crop is torchvision's`(
    width: Int, height: Int, side: Int, scaledWidth: Int, scaledHeight: Int, margin: Int
  ) {
    let geometry = ResizeGeometry(cropping: PictureSize(width: width, height: height), side: side)
    #expect(geometry.width == scaledWidth && geometry.height == scaledHeight)
    let middle = margin..<margin + side
    #expect(geometry.columns == (width > height ? middle : 0..<side))
    #expect(geometry.rows == (height > width ? middle : 0..<side))
  }

  @Test func `Weights add up to one and stay within the side for all lengths`() {
    for filter in ResizeFilter.allCases {
      for length in 1...40 {
        for scaled in [1, 2, 3, 7, 16, 31, 40, 100] {
          let weights = ResizeWeights(filter, from: length, to: scaled, 0..<scaled)
          #expect(weights.taps.count == scaled)
          #expect(weights.inputs.lowerBound >= 0 && weights.inputs.upperBound <= length)
          var next = 0
          for tap in weights.taps {
            let sum = weights.weight[next..<next + Int(tap.count)].reduce(0, +)
            // Each weight is rounded by half a unit at most.
            #expect(abs(sum - 1 << 22) <= tap.count)
            next += Int(tap.count)
          }
        }
      }
    }
  }
}
