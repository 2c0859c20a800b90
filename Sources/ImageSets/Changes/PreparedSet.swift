/// A set of images as a study wants it: some of its examples, changed labels, plants.
///
/// What is done to each example is decided before the first image is read, from labels alone; images pass through.
public struct PreparedSet: Sendable {
  /// Of what is left.
  public let header: ImageSetHeader
  private let source: any ImageSource
  private let wanted: BySplit<Positions>
  /// `(row)`: the labels where they are not simply the source's.
  private let labels: BySplit<[Int32]?>
  /// `(row)`: columns that are added to those of the training split.
  private let columns: [Column]
  /// The originals of copies, by row.
  private let originals: [Int]

  /// - Parameter seed: of all that is random.
  /// - Throws: a usage error where more is asked for than the set has.
  public init(
    _ source: any ImageSource, selection: Selection = Selection(), change: LabelChange? = nil,
    plants: Plants = Plants(), seed: UInt64 = 0
  ) throws {
    self.source = source
    let whole = source.header
    let classes = try ClassList(whole, keeping: selection.classes)
    let isChanged = change != nil || plants.canaries > 0
    try Self.check(whole, classes, changesLabels: isChanged, plants: plants)
    let published = selection.needsLabels || isChanged ? try source.labels() : nil
    let wanted = try BySplit {
      try selection.positions(
        of: $0, available: whole[$0].count, labels: published?[$0], classes: classes, seed: seed)
    }
    self.wanted = wanted
    // Only what is kept is wanted.
    var labels = BySplit { split in
      published.map { published in wanted[split].all.compactMap { classes.numbers[Int(published[split][$0])] } }
    }

    let positions = isChanged || plants.duplicates > 0 ? wanted.train.all : []
    let before = labels.train ?? []
    var after = before
    if let change {
      after = try change.apply(
        to: before, at: positions, available: whole.train.count, classes: classes, seed: seed)
    }
    let places = try plants.places(
      positions: positions,
      isUnchanged: isChanged ? zip(before, after).map { $0 == $1 } : positions.map { _ in true }, seed: seed)
    originals = places.duplicates
    var columns: [Column] = []
    if isChanged {
      for row in places.canaries {
        after[row] = wrongLabel(
          after[row], classes: classes.kept.count, seed: seed, purpose: .plant,
          use: Plants.Use.canaryLabel.rawValue, position: positions[row])
      }
      labels.train = after
      columns.append(Column(Self.truth, "label as published", .int32(before)))
    }
    if plants.canaries > 0 {
      var marks = positions.map { _ in Int32(0) }
      for row in places.canaries { marks[row] = 1 }
      columns.append(Column("canary", "1 where a wrong label was planted", .int32(marks)))
    }
    if plants.duplicates > 0 {
      columns.append(
        Column(
          "copy_of", "position of the example that this is a planted copy of; -1 where it is none",
          .int32(positions.map { _ in -1 })))
    }
    self.labels = labels
    self.columns = columns
    var header = whole
    header.classes = classes.keptNames
    header.classCodes = classes.keptCodes
    header.train.count = wanted.train.count + originals.count
    header.test.count = wanted.test.count
    header.train.columns += columns.map { Column($0.name, $0.description, .int32([])) }
    self.header = header
  }

  /// - Throws: a usage error where what is asked for would make a set contradict itself.
  private static func check(
    _ whole: ImageSetHeader, _ classes: ClassList, changesLabels: Bool, plants: Plants
  ) throws {
    if whole.train.columns.contains(where: { $0.name == truth }) {
      // Which of its labels are wrong, and how many examples are alike, it says itself.
      let option =
        changesLabels || plants.duplicates > 0
        ? "changed labels and plants" : classes.kept.count < classes.names.count ? "--classes" : nil
      if let option {
        throw ImageSetError(
          .usage, option, "would belie what \(whole.name) says of its own labels", "take another set for that")
      }
    }
    if changesLabels && classes.kept.count < 2 {
      throw ImageSetError(.usage, whole.name, "has one class alone, and so no wrong labels", "change none")
    }
  }

  private static let truth = "true_label"

  /// Gives all examples to `body` in batches: train, then test, each in its published order, copies last.
  ///
  /// Checks that need all the bytes can fail after the last batch: what `body` made counts only when this
  /// returns.
  public func read(_ body: (ImageBatch) throws -> Void) throws {
    var row = BySplit(train: 0, test: 0)
    func pass(_ wanted: BySplit<Positions>) throws {
      try source.read(wanted) { batch in
        let first = row[batch.split]
        row[batch.split] += batch.count
        try body(changed(batch, rows: Array(first..<row[batch.split])))
      }
    }
    guard !originals.isEmpty else { return try pass(wanted) }
    try pass(BySplit(train: wanted.train, test: .none))
    try copies(body)
    if wanted.test.count > 0 { try pass(BySplit(train: .none, test: wanted.test)) }
  }

  /// Reads the originals once more: they may be too many to keep.
  private func copies(_ body: (ImageBatch) throws -> Void) throws {
    let positions = wanted.train.all
    let chosen = Positions(originals.map { positions[$0] })
    var copied = 0
    try source.read(BySplit(train: chosen, test: .none)) { batch in
      let numbers = copied..<copied + batch.count
      copied = numbers.upperBound
      var copy = changed(batch, rows: Array(originals[numbers]))
      copy.position = numbers.map { Int64(source.header.train.count + $0) }
      // The column that was announced last.
      if let last = copy.columns.indices.last {
        copy.columns[last].values = .int32(batch.position.map { Int32(truncatingIfNeeded: $0) })
      }
      try body(copy)
    }
  }

  private func changed(_ batch: ImageBatch, rows: [Int]) -> ImageBatch {
    var batch = batch
    if let labels = labels[batch.split] { batch.label = rows.map { labels[$0] } }
    if batch.split == .train {
      for column in columns {
        guard case .int32(let values) = column.values else { continue }
        batch.columns.append(Column(column.name, column.description, .int32(rows.map { values[$0] })))
      }
    }
    return batch
  }
}
