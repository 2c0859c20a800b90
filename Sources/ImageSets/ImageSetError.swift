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
    self.remedy = printable(remedy)
  }

  public var description: String { "\(subject): \(problem); \(remedy)" }
}

/// The text as a terminal may have it, in one line: names come out of archives. What could steer a terminal, or turn the
/// direction of writing, is shown as `?`, and of a long text the middle is left out.
private func printable(_ text: String) -> String {
  let unfit: Set<Unicode.GeneralCategory> = [.control, .format, .lineSeparator, .paragraphSeparator]
  let most = 500
  var scalars = Array(text.unicodeScalars)
  if scalars.count > most {
    scalars = scalars.prefix(most / 2) + Array(" ... ".unicodeScalars) + scalars.suffix(most / 2)
  }
  return String(String.UnicodeScalarView(scalars.map { unfit.contains($0.properties.generalCategory) ? "?" : $0 }))
}
