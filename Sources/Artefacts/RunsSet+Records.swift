extension RunsSet {
  /// How many of a configuration's runs have not diverged.
  public func undiverged(_ member: Member) throws -> Int {
    try member.runs.reduce(0) { try $0 + (file(of: $1).isDiverged(index: $1.index) ? 0 : 1) }
  }

  /// What a scores file says of a configuration.
  ///
  /// - Parameter runs: those that are used; the others have diverged.
  public func cellRecord(_ member: Member, label: String, runs: Int) -> ScoresFile.CellRecord {
    ScoresFile.CellRecord(
      label: label, config: member.config, parameterCount: member.parameterCount, runs: runs,
      diverged: member.runs.count - runs, content: record(of: member).content)
  }
}
