import Figures

extension Material {
  /// Mean memorisation by student and teacher, where there are several of either.
  ///
  /// - Source: Lukasik et al. 2024 (arXiv 2310.05337), section 6.
  static func bySize(_ pairs: [Pair]) -> Chart? {
    // Arms on labels that have another loss or end, and settings of distillation, are not sizes.
    let plain = pairs.filter { !$0.isOtherArm && $0.distilled.teacher != nil }
    func unique(_ names: [String]) -> [String] {
      var seen: Set<String> = []
      return names.filter { seen.insert($0).inserted }
    }
    let students = unique(plain.map(\.labels.label))
    let teachers = unique(plain.compactMap(\.distilled.teacher))
    guard students.count > 1 || teachers.count > 1 else { return nil }
    let values = students.flatMap { student -> [Double] in
      let own = plain.filter { $0.labels.label == student }
      let labels = own.first?.labels.mean("memorisation")?.value ?? .nan
      return [labels]
        + teachers.map { teacher in
          // Of several settings of one student and teacher none is the one to show.
          let found = own.filter { $0.distilled.teacher == teacher }
          return found.count == 1 ? found[0].distilled.mean("memorisation")?.value ?? .nan : .nan
        }
    }
    return Chart(
      name: "distillation-by-size", title: "Mean memorisation by student and teacher.",
      caption:
        "In the first column students trained on labels, then distilled from each teacher; – where there is none, or "
        + "several that differ in other settings. Intervals are in the table.",
      .heatMap(
        HeatMapChart(
          rowTitle: "Student", columnTitle: "Teacher", rows: students, columns: ["labels"] + teachers,
          unit: "Mean memorisation", values: values, digits: 3)))
  }
}
