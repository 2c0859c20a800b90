/// Why a set of images could not be read or made: one line for the user, and what kind of mistake it is.
public struct ImageSetError: Error, Equatable, Sendable, CustomStringConvertible {
  public enum Kind: Sendable {
    /// The options ask for what cannot be.
    case usage
    /// The bytes are not what they should be.
    case data
    /// The system could not read them.
    case input
  }

  public let kind: Kind
  /// The file, and the member in it; or the option.
  public let subject: String
  public let problem: String
  public let remedy: String

  public init(_ kind: Kind, _ subject: String, _ problem: String, _ remedy: String) {
    self.kind = kind
    self.subject = printable(subject)
    self.problem = printable(problem)
    self.remedy = remedy
  }

  public var description: String { "\(subject): \(problem); \(remedy)" }
}

/// The text with control characters shown as `?`: names come out of archives, and the message is one line.
private func printable(_ text: String) -> String {
  String(
    String.UnicodeScalarView(
      text.unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : $0 }))
}
