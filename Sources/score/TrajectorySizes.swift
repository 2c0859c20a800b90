import Artefacts
import Measures
import ToolKit

/// The sizes that trajectories go over, in ascending order of parameter count, with what each example's scores are made
/// from: counted over runs, or recovered from the accuracies of scores files.
struct TrajectorySizes {
  struct Size {
    let record: ScoresFile.CellRecord
    let counts: SizeCounts
    /// Of the numbers and masks of the runs used; nil where only scores are known.
    let masks: String?
  }

  let sizes: [Size]
  let examples: ScoresFile.Examples
  let records: [InputRecord]
  let pairedMasks: TrajectoriesFile.PairedMasks

  /// What the user should know of the masks; nil where all is well.
  var warning: String? {
    switch pairedMasks {
    case .yes: nil
    case .no:
      "the sizes were not trained on the same subsets, run by run: differences between them hold the noise of the subsets "
        + "too; the file says paired_masks: no"
    case .unknown:
      "scores do not tell whether the sizes were trained on the same subsets; name the runs files to have it checked"
    }
  }

  /// - Parameter cells: labels of the configurations to take; all where there are none.
  init(_ inputs: [Input], cells: [String], quiet: Bool) throws {
    var kinds: [Kind] = []
    for input in inputs {
      let reader = try ArtefactReader(input)
      guard [.runs, .scores].contains(reader.kind) else {
        throw Failure(
          .badData, input.name, "is neither a runs file nor a scores file", remedy: "name runs, or their scores")
      }
      kinds.append(reader.kind)
    }
    guard let kind = kinds.first, kinds.allSatisfy({ $0 == kind }) else {
      throw Failure(.usage, nil, "runs files and scores files are named together", remedy: "name files of one kind")
    }
    let all: [Size]
    if kind == .runs {
      let set = try RunsSet(inputs)
      let labels = set.labels()
      let chosen = try TrajectorySizes.chosen(cells, of: labels, parameterCounts: set.members.map(\.parameterCount))
      let runs = chosen.reduce(0) { $0 + set.members[$1].runs.count }
      let progress = Progress("score trajectories", total: Double(runs), unit: "runs", quiet: quiet)
      all = try chosen.map { try Size(set.members[$0], label: labels[$0], of: set, progress) }
      progress.finish()
      examples = ScoresFile.Examples(set)
      records = [InputRecord(kind: .data, content: set.data)] + chosen.map { set.record(of: set.members[$0]) }
      let isPaired = all.allSatisfy { $0.masks == all[0].masks }
      pairedMasks = isPaired ? .yes : .no
    } else {
      let files = try inputs.map { try Scores(ArtefactReader($0)) }
      let first = files[0]
      for file in files { try TrajectorySizes.checkAgreement(first, file) }
      let places = files.indices.flatMap { f in files[f].cells.indices.map { (file: f, cell: $0) } }
        .sorted {
          let (a, b) = (files[$0.file], files[$1.file])
          return (a.parameterCounts[$0.cell], a.configs[$0.cell].canonical)
            < (b.parameterCounts[$1.cell], b.configs[$1.cell].canonical)
        }
      let labels = RunsSet.distinct(
        places.map { files[$0.file].cells[$0.cell] }, configs: places.map { files[$0.file].configs[$0.cell] })
      let chosen = try TrajectorySizes.chosen(
        cells, of: labels, parameterCounts: places.map { files[$0.file].parameterCounts[$0.cell] })
      all = try chosen.map { try Size(files[places[$0].file], cell: places[$0].cell, label: labels[$0]) }
      examples = ScoresFile.Examples(first)
      records =
        [InputRecord(kind: .data, content: first.data)]
        + Set(chosen.map { places[$0].file }).compactMap { f in
          files[f].reader.content.map { InputRecord(kind: .scores, content: $0) }
        }
      // Equal masks have equal counts; the converse does not hold.
      let mayBePaired = all.allSatisfy {
        $0.counts.inRuns == all[0].counts.inRuns && $0.counts.outRuns == all[0].counts.outRuns
      }
      pairedMasks = mayBePaired ? .unknown : .no
    }
    sizes = all
  }

  /// The places of the cells that are wanted, which must be of different sizes.
  private static func chosen(_ wanted: [String], of labels: [String], parameterCounts: [Int]) throws -> [Int] {
    for (i, label) in wanted.enumerated() {
      guard labels.contains(label) else {
        throw Failure(
          .usage, "--cell \(label)", "is none of the configurations: \(labels.joined(separator: ", "))",
          remedy: "name one of them")
      }
      guard !wanted[..<i].contains(label) else {
        throw Failure(.usage, "--cell \(label)", "is named twice", remedy: "name each configuration once")
      }
    }
    let chosen = labels.indices.filter { wanted.isEmpty || wanted.contains(labels[$0]) }
    for (a, b) in zip(chosen, chosen.dropFirst()) where parameterCounts[a] == parameterCounts[b] {
      throw Failure(
        .usage, nil, "\(labels[a]) and \(labels[b]) have \(parameterCounts[a]) parameters both",
        remedy: "name one configuration a size with --cell")
    }
    guard chosen.count >= 2 else {
      throw Failure(
        .usage, nil, "trajectories go over sizes, and there is one: \(labels[chosen[0]])",
        remedy: "name runs or scores of two configurations or more")
    }
    return chosen
  }

  private static func checkAgreement(_ first: Scores, _ file: Scores) throws {
    guard file.data == first.data, file.classes == first.classes, file.trainExample == first.trainExample,
      file.trainLabel == first.trainLabel
    else {
      throw Failure(
        .badData, file.reader.name, "is of another data set than \(first.reader.name)",
        remedy: "name scores of one data set")
    }
  }
}

extension TrajectorySizes.Size {
  /// Counted over the runs of a configuration, without those that diverged.
  fileprivate init(_ member: RunsSet.Member, label: String, of set: RunsSet, _ progress: Progress) throws {
    var counts = MemorisationCounts(examples: set.trainExample.count)
    let digest = Digest()
    var used = 0
    for entry in member.runs {
      let file = try set.file(of: entry)
      defer { progress.advance(by: 1) }
      guard try !file.isDiverged(index: entry.index) else { continue }
      let mask = try file.flags("/train/in_mask", index: entry.index, count: set.trainExample.count)
      let correct = try file.flags("/train/correct", index: entry.index, count: set.trainExample.count)
      correct.withUnsafeBufferPointer { correct in
        mask.withUnsafeBufferPointer { counts.add(correct: correct, inMask: $0) }
      }
      digest.update([Int64(entry.run)])
      digest.update(mask)
      used += 1
    }
    self.counts = SizeCounts(counts)
    masks = digest.finishHex()
    record = ScoresFile.CellRecord(
      label: label, config: member.config, parameterCount: member.parameterCount, runs: used,
      diverged: member.runs.count - used, content: set.record(of: member).content)
  }

  /// From the accuracies and counts of a scores file.
  fileprivate init(_ file: Scores, cell: Int, label: String) throws {
    func part<Row>(_ name: String, _ rows: (String) throws -> [Row]?) throws -> Row {
      guard let rows = try rows("/memorisation/\(name)") else {
        throw Failure(
          .badData, file.reader.name, "lacks the variable /memorisation/\(name)",
          remedy: "make it with score memorisation")
      }
      return rows[cell]
    }
    guard
      let counts = SizeCounts(
        inAccuracy: try part("in_accuracy", file.rows), inRuns: try part("in_count", file.countRows),
        outAccuracy: try part("out_accuracy", file.rows), outRuns: try part("out_count", file.countRows))
    else {
      throw Failure(
        .badData, "\(file.reader.name): \(file.cells[cell])", "its accuracies are no shares of its numbers of runs",
        remedy: "name the runs files instead")
    }
    self.counts = counts
    masks = nil
    record = ScoresFile.CellRecord(
      label: label, config: file.configs[cell], parameterCount: file.parameterCounts[cell], runs: file.runs[cell],
      diverged: file.diverged[cell], content: try file.contents()[cell])
  }
}
