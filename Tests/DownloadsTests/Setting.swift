import Foundation
import Synchronization
import TestSupport
import Testing
import ToolKit

@testable import Downloads

/// A cache in a scratch folder, the file that tests fetch, and the lines that the user would see.
final class Setting: Sendable {
  /// 100,000 bytes, no two pieces of which are the same.
  static let file: [UInt8] = (0..<25_000).flatMap { (n: UInt32) in
    withUnsafeBytes(of: (n &* 2_654_435_761).bigEndian) { Array($0) }
  }
  static let checksum: Checksum = checksum(of: file)

  let folder: String
  private let lines = Mutex<[String]>([])

  init() {
    // A proxy that the tests were started with has nothing to do with the loopback.
    setenv("no_proxy", "127.0.0.1", 1)
    folder = NSTemporaryDirectory() + "rote-downloads-\(UUID().uuidString)"
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  var notes: [String] { lines.withLock { $0 } }
  /// Until the user has been told something; 5 s at most.
  func awaitNote() {
    for _ in 0..<500 where notes.isEmpty { usleep(10_000) }
  }

  /// What lies in the cache.
  var names: [String] { (try? fileNames(in: folder)) ?? [] }
  var whole: String { "\(folder)/file" }
  var part: String { "\(folder)/file.part" }

  static func checksum(of bytes: [UInt8]) -> Checksum {
    let digest = Digest()
    digest.update(bytes)
    return Checksum("sha256:\(digest.finishHex())") ?? checksum
  }

  static func published(at urls: [String], size: Int? = file.count) -> RemoteFile {
    RemoteFile(name: "file", urls: urls, size: size, checksum: checksum)
  }

  /// Puts bytes there before the tool comes.
  func put(_ bytes: some Sequence<UInt8>, at path: String) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try write(Array(bytes), to: path)
  }

  func fetch(
    _ urls: [String], size: Int? = Setting.file.count, offline: Bool = false, timeout: Int = 10
  ) throws -> String {
    var options = FetchOptions()
    options.isOffline = offline
    options.isQuiet = false
    options.timeout = timeout
    options.pause = 0.001
    options.note = { [weak self] line in self?.lines.withLock { $0.append(line) } }
    return try Cache(folder: folder).fetch(Setting.published(at: urls, size: size), options)
  }

  /// The cache has the file and nothing beside it.
  func expectWhole(_ location: SourceLocation = #_sourceLocation) throws {
    #expect(names == ["file"], sourceLocation: location)
    #expect(try bytes(of: whole) == Setting.file, sourceLocation: location)
  }

  /// The cache has the first `count` bytes of the file, ready to be continued.
  func expectPart(_ count: Int, _ location: SourceLocation = #_sourceLocation) throws {
    #expect(names == ["file.part"], sourceLocation: location)
    #expect(try bytes(of: part) == Array(Setting.file.prefix(count)), sourceLocation: location)
  }

  /// Fetching fails, with nothing in the cache.
  func expectRefusal(
    _ urls: [String], size: Int? = file.count, _ status: ToolKit.ExitStatus, _ problem: String,
    _ location: SourceLocation = #_sourceLocation
  ) {
    let refusal = failure { try fetch(urls, size: size) }
    #expect(refusal?.status == status, sourceLocation: location)
    #expect(refusal?.problem == problem, sourceLocation: location)
    #expect(refusal?.remedy == FetchOptions.otherWays, sourceLocation: location)
    #expect(names.isEmpty, sourceLocation: location)
  }
}
