/// The shapes that an example's scores can have over sizes; the numbers stand in files and are never changed.
public enum TrajectoryCategory: Int8, CaseIterable, Sendable {
  case constant = 0
  case increasing = 1
  case decreasing = 2
  /// Higher in between than at both ends.
  case cap = 3
  /// Lower in between than at both ends.
  case cup = 4
  case other = 5

  public static let count = allCases.count

  /// What stands for no category, where a score is NaN.
  public static let missing: Int8 = -1

  public var name: String { "\(self)" }
}

/// An example's scores m_1 … m_D over D sizes in ascending order of parameter count, as the rule below sees them.
///
/// The category at a threshold alpha is the first of these that holds:
///
///     constant     max m - min m < alpha
///     cap          max_{1<s<D} m_s - max(m_1, m_D) >= alpha
///     cup          min(m_1, m_D) - min_{1<s<D} m_s >= alpha
///     increasing   m_D - m_1 >= alpha
///     decreasing   m_1 - m_D >= alpha
///     other
///
/// Scores are differences of ratios of counts, and many lie on a threshold exactly: a difference that is within
/// 1e-9 of alpha counts as alpha, so that rounding does not decide. Up to some ten thousand runs no other
/// difference comes so near.
/// - Source: after Lukasik et al. 2024, section 4 (arXiv 2310.05337), whose exact rule is not published.
public struct Trajectory: Sendable {
  private let first: Double
  private let last: Double
  private let highest: Double
  private let lowest: Double
  /// Over the sizes between the first and the last; infinitely low and high where there are none.
  private let interiorHighest: Double
  private let interiorLowest: Double

  /// Nil where a score is NaN, or there are fewer than two.
  public init?(_ scores: some RandomAccessCollection<Double>) {
    guard scores.count >= 2, let first = scores.first, let last = scores.last else { return nil }
    var (highest, lowest) = (-Double.infinity, Double.infinity)
    for score in scores.dropFirst().dropLast() {
      guard !score.isNaN else { return nil }
      if score > highest { highest = score }
      if score < lowest { lowest = score }
    }
    guard !first.isNaN, !last.isNaN else { return nil }
    (self.first, self.last) = (first, last)
    (interiorHighest, interiorLowest) = (highest, lowest)
    self.highest = max(highest, max(first, last))
    self.lowest = min(lowest, min(first, last))
  }

  public func category(alpha: Double) -> TrajectoryCategory {
    // What is compared below is at least alpha where it is at least this.
    let reached = alpha - 1e-9
    if highest - lowest < reached { return .constant }
    if interiorHighest - max(first, last) >= reached { return .cap }
    if min(first, last) - interiorLowest >= reached { return .cup }
    if last - first >= reached { return .increasing }
    if first - last >= reached { return .decreasing }
    return .other
  }
}
