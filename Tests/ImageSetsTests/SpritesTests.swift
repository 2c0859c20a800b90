import ImageSets
import Testing

@Suite struct SpritesTests {
  let train: ImageBatch
  let test: ImageBatch

  /// Drawn once: all tests but those of drawing itself look at the same set.
  private static let made = Result { try (whole(Sprites(seed: 1), .train), whole(Sprites(seed: 1), .test)) }

  init() throws { (train, test) = try Self.made.get() }

  func counts(_ values: [Int]) -> [Int: Int] { values.reduce(into: [:]) { $0[$1, default: 0] += 1 } }

  @Test func `There are 350 sub-populations of the sizes that each example states`() {
    #expect(train.label.count == 2000 && train.image.count == 2000 * 3072)
    #expect(train.position == Array(0..<2000))
    let sizes = counts(integers(train, "subpopulation"))
    #expect(sizes.count == 350)
    #expect(counts(Array(sizes.values)) == [64: 10, 32: 10, 16: 20, 8: 30, 4: 40, 2: 80, 1: 160])
    for (subpopulation, size) in zip(integers(train, "subpopulation"), integers(train, "size")) {
      #expect(sizes[subpopulation] == size)
    }
    let classes = Dictionary(grouping: zip(integers(train, "subpopulation"), integers(train, "true_label"))) {
      $0.0
    }
    #expect(classes.values.allSatisfy { Set($0.map(\.1)).count == 1 })
    #expect(counts(integers(train, "true_label")).values.allSatisfy { $0 == 200 })
  }

  @Test func `Of the labels in sub-populations of 16 and more one in twenty is wrong, of the others none`() {
    let wrong = train.label.indices.filter { Int(train.label[$0]) != integers(train, "true_label")[$0] }
    #expect(wrong.count == 64)  // 10 classes of 128 such examples, over 20
    #expect(Set(wrong.map { integers(train, "true_label")[$0] }).count == 10)
    #expect(wrong.allSatisfy { integers(train, "size")[$0] >= 16 })
    // Wrong labels go to all other classes.
    #expect(
      Set(wrong.map { (Int(train.label[$0]) - integers(train, "true_label")[$0] + 10) % 10 }).count == 9)
    for (index, kind) in integers(train, "kind").enumerated() {
      #expect(kind == (wrong.contains(index) ? 2 : integers(train, "size")[index] < 16 ? 1 : 0))
    }
  }

  @Test func `The test set is 1,000 in proportion and 700 with two of each sub-population`() {
    let parts = integers(test, "part")
    let subpopulations = integers(test, "subpopulation")
    #expect(counts(parts) == [0: 1000, 1: 700])
    #expect(counts(test.label.map(Int.init)).values.allSatisfy { $0 == 170 })
    let balanced = counts(parts.indices.filter { parts[$0] == 1 }.map { subpopulations[$0] })
    #expect(balanced.count == 350 && balanced.values.allSatisfy { $0 == 2 })
    let sizes = counts(integers(train, "subpopulation"))
    let proportional = counts(parts.indices.filter { parts[$0] == 0 }.map { subpopulations[$0] })
    for (subpopulation, size) in sizes where size > 1 { #expect(proportional[subpopulation] == size / 2) }
    #expect(proportional.filter { sizes[$0.key] == 1 }.count == 80)
    let classes = Dictionary(
      zip(integers(train, "subpopulation"), integers(train, "true_label")), uniquingKeysWith: { $1 })
    for (index, subpopulation) in subpopulations.enumerated() {
      #expect(classes[subpopulation] == Int(test.label[index]))
    }
    #expect(!integers(test, "kind").contains(2))
  }

  @Test func `Examples are mixed and difficulty is uniform whatever the size`() {
    // Were they in order, neighbours would share their class nine times in ten.
    let same = zip(train.label, train.label.dropFirst()).count { $0 == $1 }
    #expect(same < 300)
    let difficulty = floats(train, "difficulty")
    for rare in [true, false] {
      let values = difficulty.indices.filter { (integers(train, "size")[$0] < 16) == rare }.map {
        difficulty[$0]
      }
      #expect(values.allSatisfy { (0..<1).contains($0) })
      // The s.d. of a mean of 720 or more uniform numbers is below 0.011.
      #expect(abs(values.reduce(0, +) / Float(values.count) - 0.5) < 0.05)
    }
  }

  @Test func `The two colours of an easy image are far apart`() {
    // Colours drawn without a least distance would be nearer than 50 in 4 % of the sub-populations.
    let difficulty = floats(train, "difficulty")
    var seen = 0
    for index in difficulty.indices where difficulty[index] < 0.15 {
      let image = train.image[(index * 3072)..<((index + 1) * 3072)].map(Double.init)
      var farthest = 0.0
      for channel in 0..<3 {
        let rows = (0..<32).map { y in (0..<32).map { x in image[(y * 32 + x) * 3 + channel] } }
        // Two rows above and below the glyph are ground; at least 216 of its pixels are ink.
        let ground = (rows[0] + rows[1] + rows[30] + rows[31]).reduce(0, +) / 128
        let distances = rows[2..<30].flatMap { $0[2..<30] }.map { $0 - ground }.sorted()
        farthest = max(
          farthest, -distances.prefix(216).reduce(0, +) / 216, distances.suffix(216).reduce(0, +) / 216)
      }
      #expect(farthest > 50)
      seen += 1
    }
    #expect(seen > 200)
  }

  @Test func `The nearest training image of an easy test image is of its sub-population`() {
    let difficulty = floats(test, "difficulty")
    let sizes = integers(test, "size")
    let chosen = difficulty.indices.filter { difficulty[$0] < 0.3 && sizes[$0] >= 8 }.prefix(40)
    var right = 0
    for index in chosen {
      var best = (distance: Int32.max, place: 0)
      train.image.withUnsafeBufferPointer { train in
        test.image.withUnsafeBufferPointer { test in
          for place in 0..<2000 {
            var sum: Int32 = 0
            for i in 0..<3072 {
              let d = Int32(train[place * 3072 + i]) - Int32(test[index * 3072 + i])
              sum &+= d &* d
            }
            if sum < best.distance { best = (sum, place) }
          }
        }
      }
      if integers(train, "subpopulation")[best.place] == integers(test, "subpopulation")[index] { right += 1 }
    }
    #expect(chosen.count == 40 && right >= 34)
  }

  @Test func `The same seed gives the same bytes in any batches, another seed gives others`() throws {
    let small = try Sprites(seed: 1, batch: 33)
    #expect(try whole(small, .train) == train)
    #expect(try whole(small, .test) == test)
    #expect(try whole(try Sprites(seed: 2), .train).image != train.image)
  }

  @Test func `A larger set begins with the smaller one and adds sub-populations`() throws {
    let double = try Sprites(seed: 1, multiple: 2)
    #expect(double.header.train.count == 4000 && double.header.test.count == 3400)
    let all = try whole(double, .train)
    #expect(Array(all.image[..<train.image.count]) == train.image)
    #expect(Array(all.label[..<2000]) == train.label)
    #expect(Set(integers(all, "subpopulation")) == Set(0..<700))
    #expect(Set(integers(all, "subpopulation")[2000...]) == Set(350..<700))
  }

  @Test func `A part of the set has the examples that the whole set has there`() throws {
    var count = 0
    try Sprites(seed: 1).read(BySplit(train: Positions(100..<300), test: .none)) { batch in
      #expect(batch.split == .train)
      count += batch.count
      for (index, position) in batch.position.map(Int.init).enumerated() {
        #expect((100..<300).contains(position) && batch.label[index] == train.label[position])
        let image = batch.image[(index * 3072)..<((index + 1) * 3072)]
        #expect(image.elementsEqual(train.image[(position * 3072)..<((position + 1) * 3072)]))
      }
    }
    #expect(count == 200)
    #expect(throws: ImageSetError.self) { try Sprites(multiple: 0) }
  }
}
