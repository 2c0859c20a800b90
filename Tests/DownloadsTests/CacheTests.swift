import Foundation
import Synchronization
import TestSupport
import Testing
import ToolKit

@testable import Downloads

@Suite struct CacheTests {
  let setting = Setting()
  let file = Setting.file

  @Test func `The folder is ROTE_CACHE, else that of XDG_CACHE_HOME, else that of HOME`() throws {
    let variables = ["ROTE_CACHE": "mine", "XDG_CACHE_HOME": "/x", "HOME": "/h"]
    func folder(without names: String...) throws -> String {
      try Cache { names.contains($0) ? nil : variables[$0] }.folder
    }
    #expect(try folder() == "mine")
    #expect(try folder(without: "ROTE_CACHE") == "/x/rote")
    #expect(try folder(without: "ROTE_CACHE", "XDG_CACHE_HOME") == "/h/.cache/rote")
    #expect(try Cache { ["XDG_CACHE_HOME": "x", "HOME": "/h"][$0] }.folder == "/h/.cache/rote")
    #expect(failure { try Cache { _ in nil } }?.status == .usage)
  }

  @Test func `The folder is made where it is not there, for the user alone`() throws {
    let server = try ScriptedServer { $1.serve(Setting.file, $0) }
    let deep = Cache(folder: "\(setting.folder)/a/b/")
    _ = try deep.fetch(Setting.published(at: [server.url()]))
    #expect(try fileNames(in: deep.folder) == ["file"])
    var info = stat()
    #expect(stat(setting.folder, &info) == 0 && info.st_mode & 0o777 == 0o700)
  }

  @Test func `A folder that cannot be made is named, with what it is named by`() throws {
    try setting.put([1], at: setting.whole)
    for folder in ["/proc/rote", "\(setting.whole)/sub"] {
      let refused = failure { try Cache(folder: folder).fetch(Setting.published(at: ["http://127.0.0.1:1/"])) }
      #expect(refused?.status == .inputOutput)
      #expect(refused?.description.contains("/") == true)
    }
  }

  @Test func `A folder, a FIFO and a link in the file's place are refused, or seen through`() throws {
    let server = try ScriptedServer { $1.serve(Setting.file, $0) }
    for path in [setting.whole, setting.part] {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      let folder = failure { try setting.fetch([server.url()]) }
      #expect(folder?.status == .inputOutput && folder?.subject == path)
      rmdir(path)
      mkfifo(path, 0o600)
      let fifo = failure { try setting.fetch([server.url()]) }
      #expect(fifo?.problem == "is no regular file" && fifo?.subject == path)
      unlink(path)
    }
    // A link to what verifies is as good as the file; one to anything else is removed, and its target stays.
    let target = "\(setting.folder)/target"
    try write(file, to: target)
    symlink("target", setting.whole)
    _ = try setting.fetch([server.url()])
    #expect(server.requests.isEmpty)
    try write([1], to: target)
    _ = try setting.fetch([server.url()])
    #expect(try bytes(of: target) == [1])
    #expect(try bytes(of: setting.whole) == file)
    // A part file is written to: a link in its place could lead anywhere.
    unlink(setting.whole)
    symlink("target", setting.part)
    #expect(failure { try setting.fetch([server.url()]) }?.subject == setting.part)
    #expect(try bytes(of: target) == [1])
  }

  /// Fetches on two threads at once; what either gets.
  func fetchTwice(_ url: String) -> [Result<String, any Error>] {
    let results = Mutex<[Result<String, any Error>]>([])
    DispatchQueue.concurrentPerform(iterations: 2) { _ in
      let result = Result { try setting.fetch([url]) }
      results.withLock { $0.append(result) }
    }
    return results.withLock { $0 }
  }

  @Test func `Of two who ask at once, one downloads, and the other waits and uses it`() throws {
    let server = try ScriptedServer { [setting] request, connection in
      setting.awaitNote()
      connection.serve(Setting.file, request)
    }
    let paths = try fetchTwice(server.url()).map { try $0.get() }
    #expect(paths == [setting.whole, setting.whole])
    try setting.expectWhole()
    #expect(server.requests.count == 1)
    #expect(setting.notes == ["\(setting.whole): is being fetched by another process; waiting for it"])
  }

  @Test(arguments: [0, 30_000])
  func `Where the first of two fails, the second goes on from what it left`(left: Int) throws {
    let server = try ScriptedServer { [setting] request, connection in
      switch (request.number, left) {
      case (1, 0):
        setting.awaitNote()
        connection.head(503)
      case (1, _):
        setting.awaitNote()
        connection.serve(Setting.file, request, upTo: left)
      // The first goes on by itself, in vain.
      case (2, 1...): connection.head(503)
      default: connection.serve(Setting.file, request)
      }
    }
    let paths = fetchTwice(server.url()).compactMap { try? $0.get() }
    #expect(paths == [setting.whole])
    try setting.expectWhole()
    #expect(server.starts == (left == 0 ? [nil, nil] : [nil, left, left]))
  }

  /// Half of its requests are cut or refused, so that part files come and go while others wait for them.
  private func unreliableServer() throws -> ScriptedServer {
    try ScriptedServer { request, connection in
      switch request.number % 4 {
      case 0: connection.head(503)
      case 1: connection.serve(Setting.file, request, upTo: 10_000)
      case 2: connection.serve(Setting.file.reversed(), request)
      default: connection.serve(Setting.file, request)
      }
    }
  }

  @Test func `However many ask at once, and in whatever order, nobody gets anything but the file`() throws {
    let server = try unreliableServer()
    for _ in 0..<10 {
      let setting = Setting()
      let wrong = Mutex(0)
      DispatchQueue.concurrentPerform(iterations: 4) { _ in
        for _ in 0..<5 {
          guard let path = try? setting.fetch([server.url()]) else { continue }
          if (try? bytes(of: path)) != Setting.file { wrong.withLock { $0 += 1 } }
        }
      }
      #expect(wrong.withLock { $0 } == 0)
      #expect(setting.names == ["file"])
    }
  }

  @Test func `Nothing is left open`() throws {
    let server = try unreliableServer()
    for _ in 0..<8 {
      _ = try? setting.fetch([server.url()])
      unlink(setting.whole)
    }
    // Other tests open files as well, but none in this cache.
    let open = try fileNames(in: "/proc/self/fd").compactMap {
      try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")
    }
    #expect(!open.contains { $0.hasPrefix(setting.folder) })
  }
}
