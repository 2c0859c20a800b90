import ImageSets

/// Images of one pixel, whose value is a function of the place: for tests of what is done to any set.
struct GreySet: ImageSource {
  let header: ImageSetHeader
  let label: BySplit<[Int32]>

  /// - Parameter classes: the classes, named a, b, c, ...
  init(train: [Int32], test: [Int32] = [], classes: Int) {
    label = BySplit(train: train, test: test)
    header = ImageSetHeader(
      name: "grey", classes: (0..<classes).map { String(UnicodeScalar(UInt8(97 + $0))) },
      classCodes: (0..<classes).map { "n\($0)" }, height: 1, width: 1, channels: 1, source: "made up",
      train: .init(count: train.count, columns: [Column("half", "", .float([]))]),
      test: .init(count: test.count, columns: []))
  }

  func labels() throws -> BySplit<[Int32]> { label }

  static func pixel(_ position: Int64, _ split: Split) -> UInt8 {
    UInt8(truncatingIfNeeded: position * 7 + (split == .test ? 3 : 0))
  }

  func read(_ wanted: BySplit<Positions>, _ body: (ImageBatch) throws -> Void) throws {
    for split in Split.allCases {
      let positions = wanted[split].all
      for start in stride(from: 0, to: positions.count, by: 7) {
        let rows = positions[start..<min(start + 7, positions.count)]
        try body(
          ImageBatch(
            split: split, position: rows.map(Int64.init),
            image: rows.map { Self.pixel(Int64($0), split) }, label: rows.map { label[split][$0] },
            columns: split == .train ? [Column("half", "", .float(rows.map { Float($0) / 2 }))] : []))
      }
    }
  }
}
