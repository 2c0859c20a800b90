import Testing
import ToolKit
import Training

@Suite struct ExclusionTests {
  /// 10 examples of 2 classes, by turns.
  private let labels: [Int32] = [0, 1, 0, 1, 0, 1, 0, 1, 0, 1]
  private let values: [Float] = [0.5, .nan, 0.25, 1, 0.5, 0, -0.1, 0.5, 0.24, .nan]

  private func exclusion(
    _ kind: ExclusionRule.Kind, isMatched: Bool = false, seed: UInt64 = 1
  ) throws -> (examples: [Int], json: JSON) {
    let rule = ExclusionRule(kind, isMatched: isMatched, seed: seed)
    let result = try rule.exclusion(labels: labels, scores: .init(values: values, cell: "mlp", content: "abc"))
    #expect(result.count == result.flags.count { $0 == 1 })
    return (result.flags.indices.filter { result.flags[$0] == 1 }, result.json)
  }

  @Test func `The top are those with the highest scores, and of equal ones the first`() throws {
    #expect(try exclusion(.top(.number(1))).examples == [3])
    #expect(try exclusion(.top(.number(3))).examples == [0, 3, 4])
    // 25 % of 10 are 2.5, rounded to 3; 24 % are 2.
    #expect(try exclusion(.top(.share(0.25))).examples == [0, 3, 4])
    #expect(try exclusion(.top(.share(0.24))).examples == [0, 3])
    #expect(try exclusion(.top(.number(8))).examples == [0, 2, 3, 4, 5, 6, 7, 8])
  }

  @Test func `A score at the threshold is above it, and NaN never is`() throws {
    #expect(try exclusion(.above(0.25)).examples == [0, 2, 3, 4, 7])
    #expect(try exclusion(.above(-1)).examples == [0, 2, 3, 4, 5, 6, 7, 8])
    #expect(try exclusion(.above(1)).examples == [3])
  }

  @Test func `Matched takes as many of each class and none of those that the scores choose`() throws {
    // Of class 0 examples 0 and 4 are chosen, of class 1 example 3.
    for seed in UInt64(0)..<20 {
      let examples = try exclusion(.top(.number(3)), isMatched: true, seed: seed).examples
      #expect(Set(examples).isDisjoint(with: [0, 3, 4]))
      #expect(examples.count { labels[$0] == 0 } == 2 && examples.count { labels[$0] == 1 } == 1)
    }
    #expect(Set(try (0..<20).map { try exclusion(.top(.number(3)), isMatched: true, seed: $0).examples }).count > 3)
  }

  @Test func `Random takes any, the same for a seed, and a larger number takes a smaller one's too`() throws {
    #expect(try exclusion(.random(.number(3))).examples == exclusion(.random(.share(0.3))).examples)
    #expect(Set(try (0..<20).map { try exclusion(.random(.number(2)), seed: $0).examples }).count > 5)
    let (few, many) = (try exclusion(.random(.number(3))).examples, try exclusion(.random(.number(6))).examples)
    #expect(few.count == 3 && many.count == 6 && Set(few).isSubset(of: many))
  }

  @Test func `The configuration says all that the choice depends on and nothing else`() throws {
    #expect(
      try exclusion(.top(.share(0.2))).json
        == ["rule": "top", "share": 0.2, "matched": false, "count": 2, "cell": "mlp", "scores": "abc"])
    #expect(
      try exclusion(.above(1), isMatched: true, seed: 7).json
        == [
          "rule": "above", "threshold": 1, "matched": true, "count": 1, "cell": "mlp", "scores": "abc", "seed": "7",
        ])
    #expect(
      try exclusion(.random(.number(4)), seed: 7).json
        == ["rule": "random", "number": 4, "matched": false, "count": 4, "seed": "7"])
  }

  @Test func `Excluded examples go out of a mask and no other changes`() {
    let exclusion = Exclusion(flags: [1, 0, 1, 0], json: nil)
    #expect(exclusion.applied(to: [1, 1, 0, 0]) == [0, 1, 0, 0])
  }

  @Test func `A rule that takes out nothing, everything or more than there is is refused`() {
    let rules: [(ExclusionRule.Kind, isMatched: Bool, problem: String)] = [
      (.top(.number(10)), false, "takes out all of 10"), (.top(.share(1)), false, "takes out all"),
      (.top(.number(11)), false, "takes out all"), (.top(.share(0.01)), false, "is none of 10"),
      (.top(.number(9)), false, "only 8 of 10 have a score"), (.above(1.5), false, "no score is 1.5 or above"),
      (.random(.number(10)), false, "takes out all"), (.random(.share(0.04)), false, "is none"),
      // All of class 0 but none are left.
      (.above(-1), true, "needs 5 other examples of class 0, which has 0"),
    ]
    for (kind, isMatched, problem) in rules {
      #expect {
        try exclusion(kind, isMatched: isMatched)
      } throws: {
        ($0 as? Failure)?.status == .usage && "\($0)".contains(problem)
      }
    }
    #expect(throws: Failure.self) {
      try ExclusionRule(.above(0), seed: 0).exclusion(labels: labels, scores: nil)
    }
  }

  @Test(arguments: ["0", "0%", "-5", "-5%", "101%", "nan%", "%", "", "five", "5.5", "1e3", "5 %"])
  func `What is no amount is none`(text: String) {
    #expect(ExclusionRule.Amount(text) == nil)
  }

  @Test func `Amounts are numbers and shares`() {
    #expect(ExclusionRule.Amount("12") == .number(12))
    #expect(ExclusionRule.Amount("12%") == .share(0.12))
    #expect(ExclusionRule.Amount("0.5%") == .share(0.005))
  }
}
