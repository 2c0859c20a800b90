import CCurl
import ToolKit

/// libcurl with its version, as "libcurl 7.88.1".
public var downloadLibrary: String {
  String(String(cString: curl_version()).prefix { $0 != " " }).replacing("/", with: " ")
}

/// How to go about a download.
public struct FetchOptions: Sendable {
  /// Nothing is asked of the network.
  public var isOffline = false
  /// No progress line, and no word of waiting or of another attempt.
  public var isQuiet = false
  /// Seconds to connect, and seconds without any data, after which a transfer counts as broken.
  public var timeout = 30
  /// Takes lines for the user: what goes wrong without being the end.
  public var note: @Sendable (String) -> Void = { printError("\(Program.name("fetch-data")): \($0)\n") }
  /// Requests to one address, of which each but the last has brought something.
  var attempts = 5
  /// Seconds before the second attempt; twice as many before each further one.
  var pause = 1.0

  public init() {}

  /// What may help where a file cannot be had.
  static let otherWays = "name another address with --url, or pass the file with --from"
}
