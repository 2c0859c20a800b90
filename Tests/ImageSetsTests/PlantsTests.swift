import ImageSets
import Testing

@Suite struct PlantsTests {
  let grey = GreySet(train: (0..<200).map { $0 % 4 }, test: [3], classes: 4)

  @Test func `Canaries have wrong labels and are marked`() throws {
    let set = try PreparedSet(grey, plants: Plants(canaries: 30))
    #expect(set.header.train.columns.map(\.name) == ["half", "true_label", "canary"])
    let train = try whole(set, .train)
    let truth = integers(train, "true_label")
    #expect(truth == (0..<200).map { $0 % 4 })
    #expect(integers(train, "canary") == zip(train.label, truth).map { Int($0) != $1 ? 1 : 0 })
    #expect(integers(train, "canary").reduce(0, +) == 30)
    #expect(try whole(set, .test).label == [3])
  }

  @Test func `Copies follow the last example, with pixels, label and columns of their originals`() throws {
    let selection = Selection(train: 50..<150)
    let set = try PreparedSet(grey, selection: selection, plants: Plants(duplicates: 20))
    #expect(set.header.train.count == 120 && set.header.test.count == 1)
    let train = try whole(set, .train)
    // Positions that no published example has.
    #expect(train.position == Array(50..<150) + Array(200..<220))
    let original = integers(train, "copy_of")
    #expect(original[..<100].allSatisfy { $0 == -1 })
    #expect(original[100...].elementsEqual(Set(original[100...]).sorted()))
    for (row, original) in zip(100..<120, original[100...]) {
      #expect((50..<150).contains(original))
      #expect(train.image[row] == GreySet.pixel(Int64(original), .train))
      #expect(Int(train.label[row]) == original % 4)
      #expect(floats(train, "half")[row] == Float(original) / 2)
    }
    #expect(try whole(set, .test).position == [0])
  }

  @Test func `Plants keep apart from each other and from changed labels`() throws {
    let plants = Plants(canaries: 60, duplicates: 100)
    let train = try whole(try PreparedSet(grey, change: .noise(0.2), plants: plants), .train)
    let canary = integers(train, "canary")
    let truth = integers(train, "true_label")
    let original = integers(train, "copy_of")
    #expect(train.count == 300)
    #expect((0..<200).count { Int(train.label[$0]) != truth[$0] } == 40 + 60)
    #expect(canary.reduce(0, +) == 60)
    for (row, original) in original.enumerated() where original >= 0 {
      #expect(canary[row] == 0 && canary[original] == 0)
      #expect(train.label[row] == train.label[original] && truth[row] == truth[original])
    }
  }

  @Test func `More canaries keep those of fewer`() throws {
    let few = try whole(try PreparedSet(grey, plants: Plants(canaries: 10)), .train)
    let many = try whole(try PreparedSet(grey, plants: Plants(canaries: 50)), .train)
    let chosen = integers(few, "canary")
    for row in 0..<200 where chosen[row] == 1 { #expect(many.label[row] == few.label[row]) }
    #expect(zip(chosen, integers(many, "canary")).allSatisfy { $0 <= $1 })
  }

  @Test func `More plants than examples is a usage error`() throws {
    for (plants, text) in [
      (Plants(canaries: 201), "--canaries 201: there are 200 training examples to choose from; give at most 200"),
      (
        Plants(canaries: 150, duplicates: 51),
        "--duplicates 51: there are 50 training examples to choose from; give at most 50"
      ),
    ] {
      let error = #expect(throws: ImageSetError.self) { try PreparedSet(grey, plants: plants) }
      #expect(error?.kind == .usage && error?.description == text)
    }
  }

  @Test func `Copies of real records come from a second reading`() throws {
    let scratch = try Scratch()
    let path = try scratch.write(gzip(tar(TinyCifar.ten.entries)), "a.tar.gz")
    let source = try Cifar(.cifar10, from: [path], verify: false, batch: 2)
    let train = try whole(try PreparedSet(source, plants: Plants(duplicates: 5)), .train)
    for (row, original) in zip(14..<19, integers(train, "copy_of")[14...]) {
      #expect(
        train.image[(row * 3072)..<((row + 1) * 3072)]
          == train.image[(original * 3072)..<((original + 1) * 3072)])
    }
  }
}
