/// A family of networks: what one file of this folder describes.
///
/// A new family is a type that conforms, and its entry in `Architecture.families`.
public protocol ArchitectureFamily: Sendable {
  /// The names that the family answers to, for messages.
  static var names: String { get }

  /// - Parameters:
  ///   - options: what the family understands it takes out; what is left over is refused by the caller.
  /// - Returns: nil where `name` is not of this family.
  /// - Throws: `ArchitectureError` where the name is of this family, but it or an option makes no network.
  init?(name: String, options: inout ArchitectureOptions) throws

  /// The canonical name, without options.
  var name: String { get }
  /// The options that are not at their defaults, in canonical spelling, in alphabetical order of keys.
  var options: [(key: String, value: String)] { get }

  /// The least height and width of an image that leaves each of its layers something to work on.
  var smallestImage: Int { get }

  /// The network for images of one shape, with one logit a class. Its label is the plan's `architecture`.
  ///
  /// - Precondition: the image is no smaller than `smallestImage`.
  func plan(image: Shape, classes: Int, label: String) -> Plan
}

extension ArchitectureFamily {
  public var smallestImage: Int { 1 }
}

/// An architecture by name and options, such as `resnet-8` or `mlp activation=sin width=512`.
public struct Architecture: Sendable {
  /// All families, in the order in which messages list them.
  ///
  /// Depths of 50 and 152 are ImageNet's, though 6n+2 too: they come first.
  public static var families: [any ArchitectureFamily.Type] {
    [MLP.self, ConvNet.self, ImageNetResNet.self, CifarResNet.self, DenseNet.self, MobileNetV3.self]
  }
  /// The names of all families, for messages and help.
  public static var knownNames: String { families.map { $0.names }.joined(separator: ", ") }

  public let family: any ArchitectureFamily

  public var name: String { family.name }

  /// The canonical name: equal for equal networks. Options at their defaults are left out.
  public var label: String {
    ([name] + family.options.map { "\($0.key)=\($0.value)" }).joined(separator: " ")
  }

  /// - Throws: `ArchitectureError`.
  public init(name: String, options: [String: String] = [:]) throws {
    for family in Self.families {
      var remaining = ArchitectureOptions(options)
      guard let found = try family.init(name: name, options: &remaining) else { continue }
      if let option = remaining.names.first { throw ArchitectureError.unknownOption(option, of: found.name) }
      self.family = found
      return
    }
    throw ArchitectureError.unknownName(name)
  }

  /// Reads a name followed by `key=value` options, all separated by blanks: the reverse of `label`.
  ///
  /// - Throws: `ArchitectureError`.
  public init(_ label: String) throws {
    let words = label.split(separator: " ").map(String.init)
    guard let name = words.first else { throw ArchitectureError.unknownName(label) }
    var options: [String: String] = [:]
    for word in words.dropFirst() {
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 2, options.updateValue(parts[1], forKey: parts[0]) == nil else {
        throw ArchitectureError.unknownOption(word, of: name)
      }
    }
    try self.init(name: name, options: options)
  }

  /// The network for images of one shape, with one logit a class.
  ///
  /// - Throws: `ArchitectureError.imageTooSmall`.
  public func plan(image: Shape, classes: Int) throws -> Plan {
    guard min(image.height, image.width) >= family.smallestImage else {
      throw ArchitectureError.imageTooSmall(
        label, smallest: family.smallestImage, height: image.height, width: image.width)
    }
    return family.plan(image: image, classes: classes, label: label)
  }
}

extension Architecture: Hashable {
  public static func == (a: Architecture, b: Architecture) -> Bool { a.label == b.label }
  public func hash(into hasher: inout Hasher) { hasher.combine(label) }
}

/// The options given with a name, as text; each is taken out when it has been read.
public struct ArchitectureOptions: Sendable {
  private var values: [String: String]

  init(_ values: [String: String]) { self.values = values }

  var names: [String] { values.keys.sorted() }

  /// - Returns: the option's value, or the default where it is not given.
  /// - Throws: `ArchitectureError.badOption` where `read` refuses the text.
  mutating func take<T>(_ name: String, default standard: T, expecting: String, _ read: (String) -> T?) throws
    -> T
  {
    guard let text = values.removeValue(forKey: name) else { return standard }
    guard let value = read(text) else { throw ArchitectureError.badOption(name, text, expecting: expecting) }
    return value
  }
}

public enum ArchitectureError: Error, Hashable, CustomStringConvertible {
  case unknownName(String)
  case badDepth(name: String, expecting: String)
  case unknownOption(String, of: String)
  case badOption(String, String, expecting: String)
  case imageTooSmall(String, smallest: Int, height: Int, width: Int)

  public var description: String {
    switch self {
    case .unknownName(let name):
      return "unknown architecture '\(name)'; known are \(Architecture.knownNames)"
    case .badDepth(let name, let expecting):
      return "impossible depth in '\(name)'; it must be \(expecting)"
    case .unknownOption(let option, let name):
      return "'\(option)' is no option of \(name), or is given twice"
    case .badOption(let option, let value, let expecting):
      return "'\(value)' is no value for \(option); it must be \(expecting)"
    case .imageTooSmall(let label, let smallest, let height, let width):
      return "\(label) takes images of \(smallest)x\(smallest) or more, not \(height)x\(width)"
    }
  }
}
