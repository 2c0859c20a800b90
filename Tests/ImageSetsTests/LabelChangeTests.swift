import ImageSets
import Testing

@Suite struct LabelChangeTests {
  /// 1,000 training examples of classes 0 to 9 in turn.
  let grey = GreySet(train: (0..<1000).map { $0 % 10 }, test: [0, 1, 2], classes: 10)

  func labels(
    _ change: LabelChange, seed: UInt64 = 0, selection: Selection = Selection()
  ) throws -> (label: [Int], truth: [Int], position: [Int]) {
    let set = try PreparedSet(grey, selection: selection, change: change, seed: seed)
    #expect(set.header.train.columns.map(\.name) == ["half", "true_label"])
    let test = try whole(set, .test)
    if selection.classes == nil { #expect(test.label == [0, 1, 2]) }
    #expect(test.columns.isEmpty)
    let train = try whole(set, .train)
    #expect(floats(train, "half") == train.position.map { Float($0) / 2 })
    return (train.label.map(Int.init), integers(train, "true_label"), train.position.map(Int.init))
  }

  @Test func `Noise changes exactly the share of labels, each to one of the others`() throws {
    for share in [0.0, 0.1, 0.2555, 1] {
      let (label, truth, position) = try labels(.noise(share))
      #expect(truth == position.map { $0 % 10 })
      #expect(zip(label, truth).count { $0 != $1 } == Int((share * 1000).rounded()))
      #expect(label.allSatisfy { (0..<10).contains($0) })
    }
  }

  @Test func `All wrong labels are as likely`() throws {
    var counts = [Int](repeating: 0, count: 10)
    for seed in 0..<20 {
      let (label, truth, _) = try labels(.noise(1), seed: UInt64(seed))
      for (label, truth) in zip(label, truth) { counts[(label - truth + 10) % 10] += 1 }
    }
    #expect(counts[0] == 0)
    // 20,000 draws over 9 steps; chi-squared with 8 degrees of freedom is below 26.1 with probability .999.
    let expected = 20_000.0 / 9
    let chiSquared = counts[1...].reduce(0.0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
    #expect(chiSquared < 26.1)
  }

  @Test func `More noise keeps the wrong labels of less, and a selection those of the whole set`() throws {
    let (little, truth, _) = try labels(.noise(0.1))
    let (much, _, _) = try labels(.noise(0.4))
    for (row, label) in little.enumerated() where label != truth[row] { #expect(much[row] == label) }
    // An example's draws depend on its position alone, so two selections choose by the same order.
    let (all, _, _) = try labels(.noise(1))
    let (part, _, position) = try labels(.noise(1), selection: Selection(train: 300..<500))
    #expect(part == position.map { all[$0] })
    #expect(try labels(.noise(0.1), seed: 1).label != little)
  }

  @Test func `Pair noise gives the next class, in the same share of every class`() throws {
    let (label, truth, _) = try labels(.noisePairs(0.3))
    for index in 0..<10 {
      let rows = truth.indices.filter { truth[$0] == index }
      #expect(rows.count { label[$0] == (index + 1) % 10 } == 30)
      #expect(rows.count { label[$0] == index } == 70)
    }
  }

  @Test func `Named pairs are the only ones that are mistaken`() throws {
    let pairs = [LabelChange.Pair(from: "a", to: "c"), .init(from: "c", to: "b")]
    let (label, truth, _) = try labels(.noisePairs(0.5, pairs: pairs))
    #expect(zip(label, truth).count { $0 != $1 } == 100)
    #expect(zip(label, truth).filter { $0 != $1 }.allSatisfy { $0 == (2, 0) || $0 == (1, 2) })
  }

  @Test func `Shuffling keeps the number of examples of each class`() throws {
    let (label, truth, _) = try labels(.shuffle)
    #expect(label.sorted() == truth.sorted())
    // Of 1,000 labels 100 stay by chance, s.d. 9.5.
    #expect((60...140).contains(zip(label, truth).count { $0 == $1 }))
    #expect(try labels(.shuffle, seed: 1).label != label)
    #expect(try labels(.shuffle).label == label)
  }

  @Test(arguments: [
    (LabelChange.noise(1.5), "--noise 1.5: is no share of the examples; give 0 to 1"),
    (LabelChange.noise(.nan), "--noise nan: is no share of the examples; give 0 to 1"),
    (LabelChange.noisePairs(-0.1), "--noise-pairs -0.1: is no share of the examples; give 0 to 1"),
    (
      LabelChange.noisePairs(0.1, pairs: [.init(from: "a", to: "z")]),
      "--pairs a:z: names a class that is not there; name two of a, b, c, d, e, f, g, h, i, j"
    ),
    (
      LabelChange.noisePairs(0.1, pairs: [.init(from: "a", to: "b"), .init(from: "a", to: "c")]),
      "--pairs a:c: gives a class no other, or a second, partner; give each one"
    ),
  ])
  func `A change that cannot be is a usage error`(change: LabelChange, text: String) throws {
    let error = #expect(throws: ImageSetError.self) { try PreparedSet(grey, change: change) }
    #expect(error?.kind == .usage)
    #expect(error?.description == text)
  }

  @Test func `Pairs may be named by codes, among the classes that are kept`() throws {
    let pairs = [LabelChange.Pair(from: "n3", to: "d")]
    #expect(throws: ImageSetError.self) { try PreparedSet(grey, change: .noisePairs(1, pairs: pairs)) }
    let kept = Selection(classes: ["b", "d"])
    let (label, truth, _) = try labels(.noisePairs(1, pairs: [.init(from: "n1", to: "d")]), selection: kept)
    #expect(label.allSatisfy { $0 == 1 } && truth.contains(0))
    #expect(throws: ImageSetError.self) {
      try PreparedSet(grey, selection: kept, change: .noisePairs(1, pairs: [.init(from: "b", to: "a")]))
    }
  }

  @Test func `One class alone has no wrong labels`() throws {
    let alone = GreySet(train: [0, 0, 0], classes: 1)
    for (change, canaries) in [(LabelChange.noise(0.5), 0), (nil, 1)] as [(LabelChange?, Int)] {
      let error = #expect(throws: ImageSetError.self) {
        try PreparedSet(alone, change: change, plants: Plants(canaries: canaries))
      }
      #expect(error?.kind == .usage)
    }
  }
}
