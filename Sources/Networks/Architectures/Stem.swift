/// How a network for large images begins.
public enum Stem: String, Sendable, CaseIterable {
  /// As published for ImageNet: a strided convolution, and a strided max-pool where the network has one.
  case imagenet
  /// For small images: a convolution of the same channels without stride, 3x3 where it was 7x7, and no pool.
  case small

  static func take(from options: inout ArchitectureOptions) throws -> Stem {
    try options.take(
      "stem", default: .imagenet, expecting: "one of " + allCases.map(\.rawValue).joined(separator: ", "),
      Stem.init(rawValue:))
  }

  /// As options of a label: nothing at the default.
  var options: [(key: String, value: String)] { self == .imagenet ? [] : [("stem", rawValue)] }
}
