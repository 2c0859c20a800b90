import Measures
import Randomness
import Testing

@Suite struct TrajectoryTests {
  @Test(arguments: [
    ([0.5, 0.52, 0.48, 0.5], TrajectoryCategory.constant),
    ([0.1, 0.2, 0.3, 0.4], .increasing),
    ([0.4, 0.3, 0.2, 0.1], .decreasing),
    ([0.1, 0.4, 0.3, 0.2], .cap),
    ([0.4, 0.1, 0.2, 0.3], .cup),
    // Cap and cup at once: cap comes first.
    ([0.3, 0.6, 0.0, 0.3], .cap),
    // The peak exceeds one end alone by .1, and the ends differ by less.
    ([0.1, 0.2, 0.15, 0.15], .other),
    // The peak exceeds the last score by less than .1.
    ([0.1, 0.45, 0.3, 0.4], .increasing),
    ([0.4, 0.45, 0.3, 0.2], .decreasing),
    ([0.2, 0.5], .increasing), ([0.5, 0.2], .decreasing), ([0.5, 0.45], .constant),
  ])
  func `hand-made trajectories at .1 have the category that the rule says`(
    scores: [Double], expected: TrajectoryCategory
  ) {
    #expect(Trajectory(scores)?.category(alpha: 0.1) == expected)
  }

  @Test func `a difference of exactly alpha reaches it, however the ratios of counts round`() {
    // 280 runs inside and 120 outside: .05, .1, .2, .3 are whole numbers of 840ths.
    for (alpha, steps) in [(0.05, 42), (0.1, 84), (0.2, 168), (0.3, 252)] {
      for x in stride(from: 0, through: 280 - steps / 3, by: 1) {
        let low = Double(x) / 280 - Double(x % 121) / 120
        let high = Double(x + steps / 3) / 280 - Double(x % 121) / 120
        #expect(Trajectory([low, high])?.category(alpha: alpha) == .increasing)
        #expect(Trajectory([high, low])?.category(alpha: alpha) == .decreasing)
        #expect(Trajectory([low, high, low])?.category(alpha: alpha) == .cap)
        #expect(Trajectory([high, low, high])?.category(alpha: alpha) == .cup)
        // One 840th less does not.
        #expect(Trajectory([low, high - 1.0 / 840])?.category(alpha: alpha) == .constant)
      }
    }
  }

  @Test func `NaN or fewer than two scores have no category`() {
    #expect(Trajectory([.nan, 0.1, 0.2]) == nil)
    #expect(Trajectory([0.1, .nan, 0.2]) == nil)
    #expect(Trajectory([0.1, 0.2, .nan]) == nil)
    #expect(Trajectory([0.1]) == nil)
    #expect(Trajectory([]) == nil)
  }

  @Test func `the category equals that of the rule written out, and has its symmetries`() throws {
    var stream = RandomStream(seed: 1, purpose: .test)
    var seen: Set<TrajectoryCategory> = []
    for _ in 0..<3000 {
      let scores = (0..<(2 + stream.below(6))).map { _ in Double(stream.below(21)) / 20 }
      for alpha in [0.05, 0.1, 0.2, 0.3] {
        let found = try #require(Trajectory(scores)).category(alpha: alpha)
        seen.insert(found)
        #expect(found == plain(scores, alpha))
        let reversed = Trajectory(Array(scores.reversed()))?.category(alpha: alpha)
        let negated = Trajectory(scores.map { -$0 })?.category(alpha: alpha)
        let shifted = Trajectory(scores.map { $0 - 0.35 })?.category(alpha: alpha)
        #expect(shifted == found)
        switch found {
        case .constant, .other: #expect(reversed == found && negated == found)
        case .increasing: #expect(reversed == .decreasing && negated == .decreasing)
        case .decreasing: #expect(reversed == .increasing && negated == .increasing)
        // Where it is a cap and a cup, so is its mirror image, and cap comes first.
        case .cap: #expect(reversed == .cap && (negated == .cup || negated == .cap))
        case .cup: #expect(reversed == .cup && negated == .cap)
        }
      }
    }
    #expect(seen.count == 6)
  }

  @Test func `the numbers of the categories stand in files`() {
    #expect(TrajectoryCategory.allCases.map(\.rawValue) == [0, 1, 2, 3, 4, 5])
    #expect(
      TrajectoryCategory.allCases.map(\.name) == ["constant", "increasing", "decreasing", "cap", "cup", "other"])
  }

  /// The rule on whole 20ths.
  func plain(_ scores: [Double], _ alpha: Double) -> TrajectoryCategory {
    let m = scores.map { Int(($0 * 20).rounded()) }
    let a = Int((alpha * 20).rounded())
    let (first, last, interior) = (m[0], m[m.count - 1], m.dropFirst().dropLast())
    if m.allSatisfy({ x in m.allSatisfy { abs(x - $0) < a } }) { return .constant }
    if interior.contains(where: { $0 - first >= a && $0 - last >= a }) { return .cap }
    if interior.contains(where: { first - $0 >= a && last - $0 >= a }) { return .cup }
    if abs(last - first) >= a { return last > first ? .increasing : .decreasing }
    return .other
  }
}
