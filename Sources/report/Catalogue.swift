import Figures
import ToolKit

/// What `report` can show, by name, and the files that each takes.
enum Catalogue {
  struct Item {
    enum Kind: String { case table, figure, images }

    let kind: Kind
    /// Followed by -1, -2, … where there may be several.
    let name: String
    var isNumbered = false
    let title: String
    let needs: String

    /// Whether this is what the page calls so.
    func isCalled(_ other: String) -> Bool {
      guard isNumbered else { return other == name }
      return other.hasPrefix(name + "-") && Int(other.dropFirst(name.count + 1)) != nil
    }
  }

  private static let scores = "scores (score memorisation RUNS -o scores.h5)"
  private static let runs = "runs (train DATA -o runs.h5)"
  private static let students =
    "scores of students too (distill DATA TEACHER-RUNS -o students.h5); the runs, for differences over runs"
  private static let alignment = "alignment (align DATA RUNS -o alignment.h5)"
  private static let snapshots = "alignment of runs with --snapshots 0,every:10 or the like"
  private static let trajectories = "trajectories (score trajectories RUNS -o trajectories.h5)"
  private static let agreement = "agreement (score agreement DATA RUNS proxies.h5 -o agreement.h5)"
  private static let comparison = "two studies (report --compare A B)"
  private static let both = "two studies of one data set with scores (report --compare A B)"
  private static let influence = "influence (score influence RUNS -o influence.h5)"
  private static let truth = scores + " and a data set of fetch-data sprites"
  private static let images = scores + " and the data set (fetch-data SET -o data.h5)"

  static let items: [Item] = [
    .init(
      kind: .table, name: "accuracy", title: "accuracy in sample, out of sample and on the test split",
      needs: "scores or runs"),
    .init(kind: .table, name: "memorisation", title: "mean memorisation by size of network", needs: scores),
    .init(
      kind: .figure, name: "memorisation-by-size", isNumbered: true, title: "the same as lines over parameters",
      needs: scores + " of several sizes"),
    .init(
      kind: .figure, name: "memorisation-by-cell", title: "the same of what has no other size beside it", needs: scores),
    .init(kind: .table, name: "scores", title: "shares of examples by score", needs: scores),
    .init(kind: .figure, name: "score-histograms", title: "histograms of scores", needs: scores),
    .init(
      kind: .figure, name: "score-histograms-without-noise",
      title: "the same of true memorisation, by maximum likelihood",
      needs: scores),
    .init(kind: .table, name: "trajectories", title: "categories of scores over sizes", needs: trajectories),
    .init(kind: .figure, name: "trajectories-bars", title: "the same as bars, beside chance", needs: trajectories),
    .init(
      kind: .table, name: "proxy-means", title: "mean proxies by size of network",
      needs: "proxies (score proxies DATA RUNS -o proxies.h5)"),
    .init(
      kind: .figure, name: "proxy-means-by-size", isNumbered: true, title: "the same, a panel for each proxy",
      needs: "proxies (score proxies DATA RUNS -o proxies.h5) of several sizes"),
    .init(kind: .table, name: "proxies", title: "how proxies go with memorisation", needs: agreement),
    .init(
      kind: .table, name: "proxy-changes", title: "how their changes over sizes do",
      needs: agreement + " of two sizes or more"),
    .init(
      kind: .table, name: "proxy-categories", title: "whether proxies put examples into the same categories over sizes",
      needs: agreement + " of two sizes or more"),
    .init(
      kind: .figure, name: "proxy-confusion", isNumbered: true, title: "categories by memorisation and by proxies",
      needs: agreement + " of two sizes or more"),
    .init(
      kind: .table, name: "detection", title: "how well memorisation and proxies find wrong labels",
      needs: agreement + " on a data set that knows true labels"),
    .init(kind: .table, name: "influence", title: "pairs of examples by influence", needs: influence),
    .init(
      kind: .table, name: "distillation", title: "students against the same networks trained on labels", needs: students
    ),
    .init(kind: .table, name: "distillation-examples", title: "changes of single examples' scores", needs: students),
    .init(kind: .figure, name: "distillation-bars", title: "students against labels as bars", needs: students),
    .init(
      kind: .figure, name: "distillation-by-size", title: "memorisation by student and teacher",
      needs: students + ", of two students or teachers"),
    .init(
      kind: .figure, name: "distillation-density", isNumbered: true, title: "joint histogram of both scores",
      needs: students),
    .init(
      kind: .table, name: "distillation-categories", title: "changes by distillation, by category over sizes",
      needs: students + "; and " + trajectories),
    .init(kind: .table, name: "subpopulations", title: "memorisation by size of sub-population", needs: truth),
    .init(kind: .figure, name: "memorisation-by-subpopulation", title: "the same as lines", needs: truth),
    .init(kind: .table, name: "wrong-labels", title: "how well memorisation finds wrong labels", needs: truth),
    .init(kind: .table, name: "alignment", title: "alignment by tensor and snapshot", needs: alignment),
    .init(kind: .figure, name: "alignment-bars", title: "alignment at the last snapshot", needs: alignment),
    .init(
      kind: .figure, name: "logits-alignment-by-epoch", title: "alignment of gradients by the logits along training",
      needs: snapshots),
    .init(
      kind: .figure, name: "all-parameters-alignment-by-epoch", title: "alignment of whole gradients along training",
      needs: snapshots),
    .init(
      kind: .figure, name: "representation-alignment-by-epoch", title: "alignment of representations along training",
      needs: snapshots),
    .init(
      kind: .figure, name: "relative-gradient-by-epoch", title: "relative norm of the gradient by the first parameters",
      needs: snapshots),
    .init(
      kind: .table, name: "gradients", title: "relative norms of gradients, and distance from the initialisation",
      needs: alignment + " of parameters"),
    .init(
      kind: .table, name: "alignment-accuracy", title: "alignment against test accuracy over configurations",
      needs: alignment + " and runs of three configurations"),
    .init(
      kind: .figure, name: "logits-alignment-against-accuracy", title: "the same as points, of gradients by the logits",
      needs: alignment + " and runs of three configurations"),
    .init(
      kind: .figure, name: "all-parameters-alignment-against-accuracy", title: "of whole gradients",
      needs: alignment + " and runs of three configurations"),
    .init(
      kind: .figure, name: "representation-alignment-against-accuracy", title: "of representations",
      needs: alignment + " and runs of three configurations"),
    .init(
      kind: .figure, name: ClosedForms.name, title: "how alignment and other measures judge two vectors",
      needs: "no file"),
    .init(kind: .figure, name: "train-accuracy-by-epoch", title: "training accuracy by epoch", needs: runs),
    .init(kind: .figure, name: "test-accuracy-by-epoch", title: "test accuracy by epoch", needs: runs),
    .init(kind: .table, name: "comparison", title: "what changed between two studies", needs: comparison),
    .init(kind: .table, name: "comparison-settings", title: "what was set otherwise", needs: comparison),
    .init(kind: .table, name: "comparison-examples", title: "scores of single examples in both", needs: both),
    .init(kind: .figure, name: "comparison-bars", title: "both studies as bars", needs: comparison),
    .init(
      kind: .figure, name: "comparison-density", isNumbered: true, title: "joint histogram of both scores", needs: both),
    .init(
      kind: .figure, name: "comparison-test-accuracy-by-epoch", title: "test accuracy by epoch in both",
      needs: comparison + " with runs"),
    .init(
      kind: .figure, name: "comparison-logits-alignment-by-epoch",
      title: "alignment of gradients by the logits along training in both", needs: comparison + " with alignment"),
    .init(
      kind: .figure, name: "comparison-all-parameters-alignment-by-epoch", title: "of whole gradients",
      needs: comparison + " with alignment"),
    .init(
      kind: .figure, name: "comparison-representation-alignment-by-epoch", title: "of representations",
      needs: comparison + " with alignment"),
    .init(kind: .images, name: "most-memorised", title: "the most memorised training images", needs: images),
    .init(
      kind: .images, name: "most-memorised-by-class", title: "the most memorised training images of each class",
      needs: images),
    .init(kind: .images, name: "least-memorised", title: "the least memorised training images", needs: images),
    .init(
      kind: .images, name: "most-changing", title: "whose memorisation changes most over sizes",
      needs: trajectories + ", the scores of these sizes and the data set"),
    .init(
      kind: .images, name: "least-changing", title: "whose memorisation changes least",
      needs: trajectories + ", the scores of these sizes and the data set"),
    .init(
      kind: .images, name: "influence-pairs", title: "test images beside the training images that count for them",
      needs: influence + " and the data set"),
    .init(
      kind: .images, name: "distillation-lowered", title: "whose memorisation distillation lowers most",
      needs: students + "; and the data set"),
    .init(
      kind: .images, name: "distillation-raised", title: "whose memorisation it raises most",
      needs: students + "; and the data set"),
    .init(
      kind: .images, name: "trajectory-constant", title: "the surest of this category over sizes",
      needs: trajectories + " and the data set"),
    .init(kind: .images, name: "trajectory-increasing", title: "of this", needs: trajectories + " and the data set"),
    .init(kind: .images, name: "trajectory-decreasing", title: "of this", needs: trajectories + " and the data set"),
    .init(kind: .images, name: "trajectory-cap", title: "of this", needs: trajectories + " and the data set"),
    .init(kind: .images, name: "trajectory-cup", title: "of this", needs: trajectories + " and the data set"),
    .init(kind: .images, name: "trajectory-other", title: "of this", needs: trajectories + " and the data set"),
  ]

  /// For people and for awk: kind, name, title and needs, with tabs between.
  static var text: String {
    items.map { item in
      [item.kind.rawValue, item.name + (item.isNumbered ? "-N" : ""), item.title, item.needs].joined(separator: "\t")
        + "\n"
    }.joined()
  }

  /// - Throws: where there is no such table, or no such figure, whatever the files.
  static func check(_ name: String, isTable: Bool) throws {
    let candidates = items.filter { ($0.kind == .table) == isTable }
    guard candidates.contains(where: { $0.isCalled(name) }) else {
      throw Failure(
        .usage, nil, "there is no \(isTable ? "table" : "figure") '\(name)'",
        remedy: "there are " + candidates.map { $0.name + ($0.isNumbered ? "-1" : "") }.joined(separator: ", "))
    }
  }

  /// What to say where the files do not have what there is.
  static func lacking(_ name: String) -> Failure {
    let item = items.first { $0.isCalled(name) }
    return Failure(
      .badData, nil, "the files have no '\(name)'", remedy: "it needs " + (item?.needs ?? "other files"))
  }
}
