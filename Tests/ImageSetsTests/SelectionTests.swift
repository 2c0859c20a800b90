import ImageSets
import Testing

@Suite struct SelectionTests {
  /// 100 training examples of classes 0 to 4 in turn, 20 test examples.
  let grey = GreySet(train: (0..<100).map { $0 % 5 }, test: (0..<20).map { $0 % 5 }, classes: 5)

  func read(_ selection: Selection, _ split: Split = .train, seed: UInt64 = 0) throws -> ImageBatch {
    let set = try PreparedSet(grey, selection: selection, seed: seed)
    let batch = try whole(set, split)
    #expect(batch.count == set.header[split].count)
    #expect(batch.image == batch.position.map { GreySet.pixel($0, split) })
    return batch
  }

  @Test func `Ranges are of the published order`() throws {
    #expect(try read(Selection()).position == Array(0..<100))
    #expect(try read(Selection(train: 5..<28)).position == Array(5..<28))
    #expect(try read(Selection(train: 5..<28), .test).count == 20)
    #expect(try read(Selection(test: 19..<20), .test).position == [19])
  }

  @Test func `The first of each class are taken, within the range`() throws {
    #expect(try read(Selection(perClass: 2)).position == Array(0..<10))
    #expect(try read(Selection(perClass: 2), .test).position == Array(0..<10))
    #expect(try read(Selection(perClass: 5), .test).count == 20)
    #expect(try read(Selection(train: 15..<50, perClass: 2)).position == Array(15..<25))
  }

  @Test func `Classes that are left out go from both splits and the others are numbered anew`() throws {
    for names in [["d", "b"], ["b", "d"], ["n3", "b"]] {
      let set = try PreparedSet(grey, selection: Selection(classes: names))
      #expect(set.header.classes == ["b", "d"])
      #expect(set.header.classCodes == ["n1", "n3"])
      let train = try whole(set, .train)
      #expect(train.position == (0..<100).filter { [1, 3].contains($0 % 5) })
      #expect(train.label == train.position.map { $0 % 5 == 1 ? 0 : 1 })
      #expect(try whole(set, .test).position == [1, 3, 6, 8, 11, 13, 16, 18])
    }
    #expect(try read(Selection(classes: ["a", "e"], perClass: 3)).position == [0, 4, 5, 9, 10, 14])
  }

  @Test func `A sample is of the training split, ascending, nested, and another with another seed`() throws {
    let ten = try read(Selection(sample: 10)).position
    let thirty = try read(Selection(sample: 30)).position
    #expect(ten.count == 10 && ten == ten.sorted() && Set(ten).count == 10)
    #expect(Set(ten).isSubset(of: Set(thirty)))
    #expect(ten != Array(0..<10))
    #expect(try read(Selection(sample: 10), seed: 1).position != ten)
    #expect(try read(Selection(sample: 10), .test).count == 20)
    let some = try read(Selection(train: 50..<100, classes: ["a", "b"], sample: 8)).position
    #expect(some.count == 8 && some.allSatisfy { $0 >= 50 && $0 % 5 < 2 })
  }

  @Test func `All examples are as likely to be in a sample`() throws {
    var counts = [Int](repeating: 0, count: 100)
    for seed in 0..<400 {
      for position in try read(Selection(sample: 25), seed: UInt64(seed)).position { counts[Int(position)] += 1 }
    }
    // Binomial(400, 1/4): mean 100, s.d. 8.7. Over 100 counts the largest deviation is below 4.5 s.d.
    // with probability .9993; the seeds are fixed.
    #expect(counts.allSatisfy { abs($0 - 100) < 39 })
    let chiSquared = counts.reduce(0.0) { $0 + Double(($1 - 100) * ($1 - 100)) / 75 }
    // 99 degrees of freedom: mean 99, s.d. 14.1.
    #expect((57...141).contains(chiSquared))
  }

  @Test(arguments: [
    (Selection(train: 3..<150), "--train 3:150: the train split has 100 examples; give a range within 0:100"),
    (Selection(test: 0..<21), "--test 0:21: the test split has 20 examples; give a range within 0:20"),
    (Selection(train: 3..<3), "--train 3:3: is empty; give A:B with A below B"),
    (Selection(perClass: 0), "--per-class 0: is no number of examples; give 1 or more"),
    (
      Selection(perClass: 21),
      "--per-class 21: class a has only 20 training examples in 0:100; give at most 20, or a wider range"
    ),
    (
      Selection(train: 0..<12, perClass: 3),
      "--per-class 3: class c has only 2 training examples in 0:12; give at most 2, or a wider range"
    ),
    (
      Selection(train: 0..<2, classes: ["a", "d"]),
      "--classes d: has no training examples in 0:2; give a wider range, or leave the class out"
    ),
    (Selection(classes: ["a", "z"]), "--classes z: is no class of the set; name some of a, b, c, d, e"),
    (Selection(classes: ["a", "n0"]), "--classes a,n0: names a class twice; name each once"),
    (Selection(classes: ["a"]), "--classes: names fewer than two classes; name two or more"),
    (Selection(sample: 101), "--sample 101: there are 100 training examples to draw from; give at most 100"),
    (Selection(sample: 0), "--sample 0: is no number of examples; give 1 or more"),
  ])
  func `A selection that cannot be is a usage error with the numbers`(
    selection: Selection, text: String
  ) throws {
    let error = #expect(throws: ImageSetError.self) { try PreparedSet(grey, selection: selection) }
    #expect(error?.kind == .usage)
    #expect(error?.description == text)
  }

  @Test func `A set with wrong labels of its own keeps its classes and labels`() throws {
    let sprites = try Sprites()
    #expect(throws: ImageSetError.self) {
      try PreparedSet(sprites, selection: Selection(classes: ["class-1", "class-2"]))
    }
    #expect(throws: ImageSetError.self) { try PreparedSet(sprites, change: .noise(0.1)) }
    #expect(throws: ImageSetError.self) { try PreparedSet(sprites, plants: Plants(canaries: 1)) }
    #expect(throws: ImageSetError.self) { try PreparedSet(sprites, plants: Plants(duplicates: 1)) }
    #expect(throws: Never.self) { try PreparedSet(sprites, selection: Selection(perClass: 5, sample: 20)) }
  }
}
