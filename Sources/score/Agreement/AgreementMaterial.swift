import Artefacts
import Kernels
import Measures
import ToolKit

/// Proxies by halves of the runs, and the runs that they were made from.
struct AgreementMaterial {
  let proxies: [ProxiesFile.Proxy]
  /// In the order of the rows of `proxies`.
  let members: [RunsSet.Member]
  let splits: Int
  let examples: Int
  private let seed: UInt64

  /// - Throws: `Failure` where the file has no proxies by halves, or they were made from other runs.
  init(_ scores: Scores, _ set: RunsSet) throws {
    let name = scores.reader.name
    let options = try JSON(parsing: scores.reader.requireText("options"), subject: "\(name): options")
    let names = try ProxiesFile.names(in: scores)
    guard !names.isEmpty else {
      throw Failure(.badData, name, "has no proxies", remedy: "make it with score proxies")
    }
    guard let seed = options["seed"]?.string.flatMap(UInt64.init), let splits = options["splits"]?.int,
      splits >= 1, splits <= 1000
    else {
      throw Failure(
        .badData, name, "has no means over halves of the runs", remedy: "make it with score proxies --splits 5")
    }
    guard scores.data == set.data, scores.trainExample == set.trainExample else {
      throw Failure(.badData, name, "is of another data set than the runs", remedy: "name files of one data set")
    }
    (self.seed, self.splits, examples) = (seed, splits, set.trainExample.count)
    let digests = try scores.reader.read("/digest", UInt8.self, rank: 2).values
    members = try scores.cells.indices.map { cell in
      let content = Digest.hex(digests[cell * 32..<(cell + 1) * 32])
      guard let member = set.members.first(where: { set.record(of: $0).content == content }) else {
        throw Failure(
          .badData, name, "\(scores.cells[cell]) was made from other runs than are named",
          remedy: "name the same runs as for score proxies")
      }
      return member
    }
    guard members.map(\.cell) == set.members.map(\.cell) else {
      throw Failure(
        .badData, name, "has other configurations than the runs", remedy: "name the same runs as for score proxies")
    }
    let count = splits * 2 * set.trainExample.count * members.count
    proxies = try names.compactMap { try ProxiesFile.read($0, in: scores) }.filter { $0.halfMeans?.count == count }
    guard !proxies.isEmpty else {
      throw Failure(
        .badData, name, "has no means over halves of the runs", remedy: "make it with score proxies --splits 5")
    }
  }

  /// Memorisation on the same halves.
  func halves(
    of member: RunsSet.Member, _ set: RunsSet, _ pool: ThreadPool, _ progress: Progress
  ) throws -> MemorisationHalves {
    let runs = try set.undiverged(member)
    guard runs >= 2 else {
      throw Failure(.badData, member.architecture, "has fewer than two runs that have not diverged")
    }
    var halves = MemorisationHalves(
      examples: examples, halves: RunHalves(seed: seed, runs: runs, splits: splits))
    _ = try FlagPass(member, of: set, pool).forEachRun(progress) { run in
      run.correct.withUnsafeBufferPointer { correct in
        run.mask.withUnsafeBufferPointer { mask in halves.add(correct: correct, inMask: mask) }
      }
    }
    return halves
  }

  /// `(example)` of a proxy, over all runs of a cell.
  func mean(_ proxy: ProxiesFile.Proxy, cell: Int) -> [Float] {
    Array(proxy.mean[cell * examples..<(cell + 1) * examples])
  }

  /// `(half)(example)` of a proxy in one split of a cell's runs.
  func halves(_ proxy: ProxiesFile.Proxy, cell: Int, split: Int) -> [[Double]] {
    let values = proxy.halfMeans ?? []
    return (0..<2).map { half in
      let start = ((cell * splits + split) * 2 + half) * examples
      return values[start..<start + examples].map(Double.init)
    }
  }
}

/// Which labels are wrong, and what they are told from.
struct WrongLabels {
  /// `(example)`
  let isWrong: [Bool]
  /// Names of the sets of right labels, and which examples each has, wrong ones included.
  let against: [(name: String, definition: String, members: [Bool])]

  /// nil where the data set does not know its true labels.
  ///
  /// - Throws: `Failure` where the file cannot be read.
  init?(_ data: ImageDataset) throws {
    guard let truth = try data.integers("train", "true_label"), truth.count == data.train.count else { return nil }
    let wrong = zip(truth, data.train.label).map { $0 != $1 }
    isWrong = wrong
    var against = [("all", "all examples with right labels", wrong.map { _ in true })]
    if let size = try data.integers("train", "size"), size.count == wrong.count {
      against.append(
        ("head", "those of sub-populations of 16 and more", zip(wrong, size).map { $0 || $1 >= 16 }))
      against.append(("tail", "those of sub-populations of 1 and 2", zip(wrong, size).map { $0 || $1 <= 2 }))
    }
    self.against = against
  }
}
