import CCurl
import ToolKit

/// One GET request, the body of which goes straight to the end of a part file.
final class Transfer {
  enum End {
    /// The server says that this was all.
    case complete
    /// What came so far counts.
    case broken(Failure)
    /// The part file does not go together with what the server has.
    case mismatched(Failure)
    /// Nothing came that could be used, and asking again will not help.
    case refused(Failure)
  }

  /// Bytes of the body that went to the part file.
  private(set) var received = 0
  private let file: RemoteFile
  private let url: String
  private let part: PartFile
  private let options: FetchOptions
  private let easy: UnsafeMutableRawPointer
  /// What the part file held before.
  private let offset: Int
  private var contentRange: ContentRange?
  private var hasBody = false
  private var lastData = Machine.seconds
  private var isStalled = false
  private var progress: Progress?
  /// All of the file, as the progress line has it.
  private var megabytes = 0
  /// Set where a callback has ended the transfer.
  private var end: End?
  private var trouble: (any Error)?

  init(of file: RemoteFile, from url: String, to part: PartFile, _ options: FetchOptions) throws {
    guard Transfer.isLibraryReady, let easy = curl_easy_init() else {
      throw Failure(.inputOutput, nil, "libcurl cannot start", remedy: "see that there is memory left")
    }
    self.easy = easy
    (self.file, self.url, self.part, self.options) = (file, url, part, options)
    offset = part.count
  }

  deinit { curl_easy_cleanup(easy) }

  /// libcurl is set up once in a process, and not before a download needs it: that takes time.
  private static let isLibraryReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

  /// Runs the request to its end.
  ///
  /// - Throws: where the part file cannot be written.
  func run() throws -> End {
    try withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(CURL_ERROR_SIZE)) { message in
      message.initialize(repeating: 0)
      try configure(message: message)
      let code = curl_easy_perform(easy)
      progress?.finish()
      if code == CURLE_OK && !hasBody && end == nil { beginBody() }
      if let trouble { throw trouble }
      if let end { return end }
      if code == CURLE_OK {
        // The end of a connection may be the end of a file, where its length was not said before.
        return part.count < file.size ?? 0 ? broken("the connection was closed") : .complete
      }
      let detail = message.first == 0 ? curl_easy_strerror(code) : UnsafePointer(message.baseAddress)
      let reason = detail.map { String(cString: $0) } ?? "error \(code.rawValue)"
      return broken(isStalled ? "no data came for \(options.timeout) s" : reason)
    }
  }

  private func configure(message: UnsafeMutableBufferPointer<CChar>) throws {
    let milliseconds = 1000 * max(1, min(options.timeout, 1_000_000))
    let context = Unmanaged.passUnretained(self).toOpaque()
    var codes = [
      rote_curl_set_text(easy, CURLOPT_URL, url),
      rote_curl_set_http_only(easy),
      rote_curl_set_number(easy, CURLOPT_FOLLOWLOCATION, 1),
      rote_curl_set_number(easy, CURLOPT_MAXREDIRS, 10),
      rote_curl_set_number(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds),
      rote_curl_set_number(easy, CURLOPT_BUFFERSIZE, 1 << 18),
      rote_curl_set_text(easy, CURLOPT_USERAGENT, "rote/\(Version.suite)"),
      rote_curl_set_pointer(easy, CURLOPT_ERRORBUFFER, message.baseAddress),
      rote_curl_set_pointer(easy, CURLOPT_WRITEDATA, context),
      rote_curl_set_pointer(easy, CURLOPT_HEADERDATA, context),
      rote_curl_set_pointer(easy, CURLOPT_XFERINFODATA, context),
      rote_curl_set_number(easy, CURLOPT_NOPROGRESS, 0),
      rote_curl_set_receiver(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
        let body = UnsafeRawBufferPointer(start: bytes, count: size * count)
        return Transfer.of(context)?.receive(body: body) ?? 0
      },
      rote_curl_set_receiver(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
        let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
        Transfer.of(context)?.receive(headerLine: String(decoding: line, as: UTF8.self))
        return size * count
      },
      rote_curl_set_watch(easy) { context, _, _, _, _ in Transfer.of(context)?.checkForStall() == true ? 1 : 0 },
    ]
    if offset > 0 { codes.append(rote_curl_set_text(easy, CURLOPT_RANGE, "\(offset)-")) }
    guard codes.allSatisfy({ $0 == CURLE_OK }) else {
      throw Failure(.failed, nil, "libcurl \(String(cString: curl_version())) lacks an option that downloads need")
    }
  }

  // MARK: What libcurl calls

  private static func of(_ context: UnsafeMutableRawPointer?) -> Transfer? {
    context.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
  }

  private func receive(headerLine line: String) {
    lastData = Machine.seconds
    if let range = ContentRange(headerLine: line) { contentRange = range }
  }

  /// Returns the number of bytes taken: where it is not all of them, libcurl ends the transfer.
  private func receive(body bytes: UnsafeRawBufferPointer) -> Int {
    lastData = Machine.seconds
    if !hasBody { beginBody() }
    guard end == nil, trouble == nil else { return 0 }
    if let size = file.size, bytes.count > size - part.count {
      end = .mismatched(failure(.badData, "sends more than the \(size) bytes that are published"))
      return 0
    }
    do {
      try part.append(bytes)
    } catch {
      trouble = error
      return 0
    }
    received += bytes.count
    progress?.advance(by: Double(bytes.count) / 1e3, detail: "\(part.count / 1_000_000) of \(megabytes) MB")
    return bytes.count
  }

  /// Whether no data have come for too long since the connection stood; until then libcurl has its own limit.
  private func checkForStall() -> Bool {
    if rote_curl_is_connected(easy) == 0 { lastData = Machine.seconds }
    isStalled = Machine.seconds - lastData > Double(options.timeout)
    return isStalled
  }

  /// Holds the header of the file against what was asked for and what is published, before anything is written.
  private func beginBody() {
    hasBody = true
    let status = rote_curl_status(easy)
    let length = Int(rote_curl_content_length(easy))
    var total = length < 0 ? nil : length
    switch status {
    case 200: break
    case 206 where offset > 0:
      guard let contentRange, contentRange.start == offset else {
        end = .mismatched(failure(.inputOutput, "does not go on from byte \(offset)"))
        return
      }
      total = contentRange.total ?? total.map { min($0, Int.max - offset) + offset }
    default:
      end = refusal(status: status)
      return
    }
    if let contradiction = contradiction(total) {
      end = .refused(contradiction)
      return
    }
    // The server does not know ranges, and sends all.
    if status == 200 && offset > 0 {
      do { try part.truncate() } catch { trouble = error }
    }
    // Without an end, there is no share and no time left to tell.
    if let all = total ?? file.size {
      megabytes = all / 1_000_000
      progress = Progress(
        file.name, total: Double(all - part.count) / 1e3, unit: "kB", quiet: options.isQuiet)
    }
  }

  // MARK: What to say

  private func failure(_ status: ExitStatus, _ problem: String) -> Failure {
    Failure(status, shown(url), problem, remedy: FetchOptions.otherWays)
  }

  private func contradiction(_ total: Int?) -> Failure? {
    guard let total, let size = file.size, total != size else { return nil }
    return failure(.badData, "offers a file of \(total) bytes, and \(size) are published")
  }

  private func refusal(status: Int) -> End {
    if status == 416 && offset > 0 {
      let total = contentRange?.total
      if let contradiction = contradiction(total) { return .refused(contradiction) }
      if total == offset { return .complete }
      return .mismatched(failure(.inputOutput, "does not go on from byte \(offset)"))
    }
    let last = rote_curl_effective_url(easy).map { shown(String(cString: $0)) } ?? shown(url)
    let place = last == shown(url) ? "" : " at \(last), where it was redirected to"
    return .refused(failure(.inputOutput, "answered with status \(status)\(place)"))
  }

  private func broken(_ reason: String) -> End {
    guard hasBody else { return .broken(failure(.inputOutput, "cannot be fetched: \(reason)")) }
    let all = file.size.map { " of \($0)" } ?? ""
    return .broken(failure(.inputOutput, "broke off after \(part.count)\(all) bytes: \(reason)"))
  }
}
