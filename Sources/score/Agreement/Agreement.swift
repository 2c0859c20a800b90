import Artefacts
import Measures

/// How proxies agree with memorisation, all with intervals over examples.
struct Agreement {
  static let methods = ["pearson", "spearman", "kendall"]

  /// Of one proxy with the memorisation of one configuration, or of the changes of both.
  struct Pair {
    /// By `methods`; means over splits and both directions, ends of the intervals too.
    let correlations: [Disattenuation.Estimate]
    let disattenuation: Disattenuation
  }

  /// `(cell)(proxy)`
  let pairs: [[Pair]]
  /// `(proxy)`: the change from the smallest to the largest size; empty with one cell.
  let changes: [Pair]
  /// `(alpha)(proxy)`: categories of the score (rows) and of the proxy; empty with fewer than two cells.
  let confusions: [[ConfusionTable]]
  let alphas: [Double]
  /// `(cell)(measure)(against)`; the first measure is memorisation. Empty without wrong labels.
  let detection: [[[(area: AUROCInterval, precision: AveragePrecision)]]]
  let labels: WrongLabels?

  init(
    _ material: AgreementMaterial, _ memorisation: [MemorisationHalves], alphas: [Double], labels: WrongLabels?
  ) {
    let cells = memorisation.indices
    let scores = memorisation.map(\.halfScores)
    let splits = 0..<material.splits
    pairs = cells.map { cell in
      material.proxies.map { proxy in
        Agreement.pair(splits.map { (scores[cell][$0], material.halves(proxy, cell: cell, split: $0)) })
      }
    }
    let last = memorisation.count - 1
    changes =
      last == 0
      ? []
      : material.proxies.map { proxy in
        Agreement.pair(
          splits.map { split in
            func change(_ of: (Int) -> [[Double]]) -> [[Double]] {
              zip(of(last), of(0)).map { zip($0, $1).map { $0 - $1 } }
            }
            return (
              change { scores[$0][split] }, change { material.halves(proxy, cell: $0, split: split) }
            )
          })
      }
    self.alphas = alphas
    confusions =
      last == 0
      ? []
      : alphas.map { alpha in
        material.proxies.map { Agreement.confusion($0, material, scores, alpha: alpha) }
      }
    self.labels = labels
    detection =
      labels.map { labels in
        cells.map { cell in
          let measures =
            [memorisation[cell].score]
            + material.proxies.map { proxy in
              material.mean(proxy, cell: cell).map { proxy.sign > 0 ? $0 : -$0 }
            }
          return measures.map { values in
            labels.against.map { against in
              let kept = values.indices.filter { against.members[$0] }
              let (scores, wrong) = (kept.map { values[$0] }, kept.map { labels.isWrong[$0] })
              return (
                AUROCInterval(scores: scores, positive: wrong), AveragePrecision(scores: scores, positive: wrong)
              )
            }
          }
        }
      } ?? []
  }

  /// - Parameter splits: `(half)(example)` of the score and of the proxy.
  private static func pair(_ splits: [(score: [[Double]], proxy: [[Double]])]) -> Pair {
    let disattenuation = Disattenuation(
      splits.map { split in
        .init(x: (split.score[0], split.score[1]), y: (split.proxy[0], split.proxy[1]))
      })
    func mean(_ correlation: ([Double], [Double]) -> Correlation) -> Disattenuation.Estimate {
      let found = splits.flatMap { split in
        [correlation(split.score[0], split.proxy[1]), correlation(split.score[1], split.proxy[0])]
      }
      let n = Double(found.count)
      return .init(
        value: found.reduce(0) { $0 + $1.value } / n,
        interval: Interval(
          lower: found.reduce(0) { $0 + $1.interval.lower } / n,
          upper: found.reduce(0) { $0 + $1.interval.upper } / n))
    }
    return Pair(
      correlations: [mean(Correlation.pearson), mean(Correlation.spearman), mean(Correlation.kendall)],
      disattenuation: disattenuation)
  }

  /// Categories over sizes, of the score on one half and of the proxy on the other, over all splits both ways.
  private static func confusion(
    _ proxy: ProxiesFile.Proxy, _ material: AgreementMaterial, _ scores: [[[[Double]]]], alpha: Double
  ) -> ConfusionTable {
    let scale = ProxyScale(proxy)
    var (rows, columns) = ([Int8](), [Int8]())
    for split in 0..<material.splits {
      let halves = scores.indices.map { material.halves(proxy, cell: $0, split: split) }
      for half in 0..<2 {
        for example in 0..<material.examples {
          rows.append(category(scores.map { $0[split][half][example] }, alpha))
          columns.append(category(halves.map { scale.scaled($0[1 - half][example]) }, alpha))
        }
      }
    }
    return ConfusionTable(rows: rows, columns: columns, categories: TrajectoryCategory.count)
  }

  private static func category(_ values: [Double], _ alpha: Double) -> Int8 {
    Trajectory(values).map { $0.category(alpha: alpha).rawValue } ?? TrajectoryCategory.missing
  }
}

/// A proxy in units that memorisation's thresholds can be used with: turned so that more is more memorised, 0 and 1 at
/// its 1st and 99th percentile over all cells and examples.
private struct ProxyScale {
  private let low: Double
  private let range: Double
  private let sign: Double

  init(_ proxy: ProxiesFile.Proxy) {
    sign = Double(proxy.sign)
    let values = proxy.mean.filter { !$0.isNaN }.map { Double($0) * Double(proxy.sign) }.sorted()
    func quantile(_ share: Double) -> Double {
      values.isEmpty ? .nan : values[Int((share * Double(values.count - 1)).rounded())]
    }
    low = quantile(0.01)
    range = quantile(0.99) - low
  }

  /// NaN where the proxy is the same for nearly all.
  func scaled(_ value: Double) -> Double { range > 0 ? (sign * value - low) / range : .nan }
}
