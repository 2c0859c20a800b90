import Networks
import ToolKit

extension Recipe {
  /// Refuses batches that a run's subset cannot fill, and such as leave a batch-norm with a single value.
  ///
  /// - Parameter subsets: the sizes of all runs' subsets.
  public func checkBatches(of plan: Plan, subsets: Set<Int>) throws {
    guard let least = subsets.min() else { return }
    guard batchSize <= least else {
      throw Failure(
        .usage, nil, "a batch of \(batchSize) is larger than a subset of \(least) examples",
        remedy: "give a smaller --batch-size")
    }
    // Over more than one pixel a batch of one has a variance, as in PyTorch.
    guard plan.hasBatchNormOfOnePixel, let size = subsets.sorted().first(where: { leavesOne($0, batch: batchSize) })
    else { return }
    let others = (1...least).sorted { (abs($0 - batchSize), $0) < (abs($1 - batchSize), $1) }
    let other = others.first { batch in !subsets.contains { leavesOne($0, batch: batch) } }
    throw Failure(
      .usage, nil,
      "a subset of \(size) examples in batches of \(batchSize) leaves a batch of one, whose batch-norm has no variance",
      remedy: other.map { "give --batch-size \($0)" } ?? "train on other subsets")
  }

  /// Whether a batch of an epoch, full or the short last one, is a single example.
  private func leavesOne(_ subset: Int, batch: Int) -> Bool { batch == 1 || subset % batch == 1 }
}

extension Plan {
  /// Whether a batch-norm has one value an example and channel.
  fileprivate var hasBatchNormOfOnePixel: Bool {
    operations.contains { operation in
      guard case .batchNorm = operation.kind else { return false }
      return values[operation.output].area == 1
    }
  }
}
