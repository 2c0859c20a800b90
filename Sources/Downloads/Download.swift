import ToolKit

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The way from a published file's addresses to a part file that is verified.
struct Download {
  let file: RemoteFile
  let part: PartFile
  let options: FetchOptions

  /// Returns when the part file is what was published. Otherwise the beginning of it stays where it can be continued.
  func run() throws {
    if let size = file.size, part.count > size { try part.truncate() }
    var last = Failure(.usage, file.name, "has no address to be fetched from", remedy: FetchOptions.otherWays)
    for (index, url) in file.urls.enumerated() {
      guard let failure = try get(url) else { return }
      last = failure
      guard index + 1 < file.urls.count else { break }
      options.note("\(failure.with(remedy: "trying \(shown(file.urls[index + 1]))"))")
    }
    throw last
  }

  /// Takes the file from one address, in as many requests as its breaks ask for.
  ///
  /// - Returns: why it cannot be had from there; nil where it is there and verified.
  /// - Throws: what another address will not help against.
  private func get(_ url: String) throws -> Failure? {
    var requests = 0
    var startsAfresh = false
    while true {
      let before = part.count
      var received = 0
      var end = Transfer.End.complete
      if before == 0 || before != file.size {
        let transfer = try Transfer(of: file, from: url, to: part, options)
        end = try transfer.run()
        requests += 1
        received = transfer.received
      }
      // All that there should be may have come before the break.
      if case .broken = end, part.count == file.size { end = .complete }
      if case .complete = end {
        guard let problem = try part.mismatch(with: file) else { return nil }
        let source = received > 0 ? shown(url) : part.path
        end = .mismatched(Failure(.badData, source, problem, remedy: FetchOptions.otherWays))
      }
      switch end {
      case .complete: return nil
      case .refused(let failure): return failure
      case .mismatched(let failure):
        // Pieces of several requests may be pieces of several files; those of one request will not get better.
        let isPieced = part.count > received
        try part.truncate()
        guard isPieced, !startsAfresh else { return failure }
        startsAfresh = true
        options.note("\(failure.with(remedy: "starting again from the first byte"))")
      case .broken(let failure):
        guard part.count > before, requests < options.attempts else {
          return part.count == 0 ? failure : failure.with(remedy: "the next run goes on from byte \(part.count)")
        }
        if !options.isQuiet { options.note("\(failure.with(remedy: "going on"))") }
        sleep(seconds: options.pause * Double(1 << (requests - 1)))
      }
    }
  }
}

extension Failure {
  fileprivate func with(remedy: String) -> Failure { Failure(status, subject, problem, remedy: remedy) }
}

private func sleep(seconds: Double) { _ = poll(nil, 0, Int32(min(seconds, 3600) * 1000)) }
