import Artefacts
import Foundation
import Testing
import ToolKit

/// `score proxies` and `score agreement`, driven as a shell would.
@Suite struct ProxiesCommandTests {
  private let scratch: Scratch

  init() throws {
    scratch = try Scratch()
    try scratch.succeed(
      """
      fetch-data sprites -q --train 0:400 --test 0:20 -o data.h5
      for width in 6 12; do
        train -q data.h5 --architecture "mlp width=$width" --runs 0:6 --epochs 4 --snapshots 0,1,4 \
          --dynamics evaluation -o $width.h5
      done
      """)
  }

  private func scores(_ name: String) throws -> Scores { try Scores(ArtefactReader(try Input(scratch.path(name)))) }

  private let all = [
    "agreement", "aum", "c_score", "confidence", "csl", "cumulative_accuracy", "cumulative_max_probability",
    "cumulative_negative_entropy", "cumulative_probability", "curvature", "el2n", "ensemble_confidence",
    "first_learned_epoch", "forgetting_events", "grand", "grand_last_layer", "input_norm", "learned_for_good_epoch",
    "loss_sensitivity", "prediction_depth", "random", "variability", "vog", "vog_within_class",
  ]

  @Test("With all that it may need it makes every proxy, the same bytes for any -j; values are of the right size")
  func everything() throws {
    try scratch.succeed(
      "score proxies -q -j 1 data.h5 6.h5 12.h5 -o one.h5; score proxies -q 12.h5 data.h5 6.h5 -o two.h5")
    #expect(scratch.areEqual("one.h5", "two.h5"))
    let file = try scores("one.h5")
    #expect(try ProxiesFile.names(in: file) == all)
    func rows(_ name: String) throws -> [Float] { try #require(try file.rows("/proxy/\(name)")).flatMap { $0 } }
    for name in all where name != "vog_within_class" {
      let values = try rows(name).filter { !$0.isNaN }
      #expect(values.count > 700, "\(name) has \(values.count) values of 800")
    }
    #expect(try zip(rows("grand"), rows("grand_last_layer")).allSatisfy { !($0 < $1) })
    #expect(try rows("el2n").allSatisfy { !($0 > 1.4143) })
    // Layers of an MLP: the input, its hidden layer, the softmax; 3 where the last probe disagrees.
    #expect(try rows("prediction_depth").allSatisfy { !($0 > 3) && !($0 < 0) })
    #expect(try rows("first_learned_epoch").allSatisfy { !($0 > 5) && !($0 < 1) })
    let random = try rows("random")
    #expect(Array(random[..<400]) == Array(random[400...]), "a baseline is the same for all sizes")
    // The C-score at one ratio is the out-of-sample accuracy.
    try scratch.succeed("score memorisation -q 6.h5 12.h5 -o memorisation.h5")
    let out = try #require(try scores("memorisation.h5").rows("/memorisation/out_accuracy")).flatMap { $0 }
    #expect(try zip(rows("c_score"), out).allSatisfy { abs($0 - $1) < 1e-6 || $0.isNaN && $1.isNaN })
  }

  @Test("Without the data set it makes what it can and names the others; asked for one of them it refuses")
  func missing() throws {
    let outcome = try scratch.shell("score proxies -q 6.h5 -o some.h5")
    #expect(outcome.status == 0 && outcome.lines.count == 9, "\(outcome.errors)")
    #expect(outcome.lines.allSatisfy { $0.hasPrefix("score proxies: without ") && $0.contains("no data set is named") })
    #expect(try ProxiesFile.names(in: scores("some.h5")).count == all.count - 9)
    let refused = try scratch.shell("score proxies -q 6.h5 --measures aum,vog -o none.h5")
    #expect(refused.status == 64 && refused.lines.count == 1 && !scratch.exists("none.h5"))
  }

  @Test("Agreement has every proxy, its changes over sizes, and wrong labels; other runs are refused")
  func agreement() throws {
    try scratch.succeed(
      """
      score proxies -q data.h5 6.h5 12.h5 -o proxies.h5
      score agreement -q proxies.h5 data.h5 12.h5 6.h5 -o agreement.h5
      """)
    let reader = try scores("agreement.h5").reader
    #expect(try reader.readText("/agreement/measure") == all)
    #expect(try reader.readText("/detection/measure") == ["memorisation"] + all)
    let (correlation, shape) = try reader.read("/agreement/correlation", Float.self, rank: 3)
    #expect(shape == [2, all.count, 3])
    // By cell, measure and method. The larger network, which has learnt more, gets what it has not seen wrong.
    let cScore = try #require(all.firstIndex(of: "c_score"))
    let random = try #require(all.firstIndex(of: "random"))
    #expect(correlation[(all.count + cScore) * 3] < -0.2 && abs(correlation[(all.count + random) * 3]) < 0.15)
    #expect(correlation.allSatisfy { !(abs($0) > 1.000001) })
    let confusion = try reader.read("/agreement/confusion", Float.self, rank: 4).values
    #expect(confusion.allSatisfy { $0.isNaN || (0...1).contains($0) })
    // Other runs than the proxies were made from.
    try scratch.succeed("train -q data.h5 --architecture 'mlp width=6' --runs 0:3 --epochs 4 --keep none -o fewer.h5")
    let refused = try scratch.shell("score agreement -q proxies.h5 fewer.h5 12.h5 -o other.h5")
    #expect(refused.status == 65 && refused.lines.count == 1 && !scratch.exists("other.h5"), "\(refused.errors)")
  }
}
