import ToolKit

extension Kind {
  /// The revision of the values in such files, raised by hand when the same options give others.
  ///
  /// Each kind has its own: files of the other kinds keep their bytes, and finished runs in FILE.partial are still met.
  ///
  ///     2  all kinds       3x3 convolutions by Winograd's algorithm, batch-norms folded into weights
  ///     3  alignment       summed gradients by the weights of these convolutions, one of which was wrong
  var numerics: Int {
    switch self {
    case .data, .runs, .scores: 2
    case .alignment: 3
    }
  }

  /// The `software` attribute. It has no commit, so that unchanged values keep their bytes.
  public var software: String { "\(Version.software) numerics \(numerics)" }
}
