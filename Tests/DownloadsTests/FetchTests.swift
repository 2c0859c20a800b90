import Foundation
import TestSupport
import Testing
import ToolKit

@testable import Downloads

@Suite struct FetchTests {
  let setting = Setting()
  let file = Setting.file

  @Test func `A file is fetched once, by GET, and is served from the cache from then on`() throws {
    let server = try ScriptedServer { $1.serve(Setting.file, $0) }
    for _ in 0..<3 { #expect(try setting.fetch([server.url()]) == setting.whole) }
    try setting.expectWhole()
    #expect(server.requests.map(\.method) == ["GET"])
    #expect(server.requests.first?.header["user-agent"] == "rote/\(Version.suite)")
    #expect(server.starts == [nil])
    #expect(setting.notes == [])
  }

  @Test func `A file without a published size is fetched, also in chunks without a length`() throws {
    let server = try ScriptedServer { _, connection in
      connection.head(200, ["Transfer-Encoding: chunked"])
      for start in stride(from: 0, to: Setting.file.count, by: 33_333) {
        connection.chunk(Setting.file[start..<min(start + 33_333, Setting.file.count)])
      }
      connection.chunk([])
    }
    _ = try setting.fetch([server.url()], size: nil)
    try setting.expectWhole()
  }

  @Test func `A file whose length only the end of the connection tells is fetched`() throws {
    let server = try ScriptedServer { _, connection in
      connection.head(200)
      connection.send(Setting.file)
    }
    _ = try setting.fetch([server.url()])
    try setting.expectWhole()
  }

  @Test func `A cached file that does not verify is removed and fetched again, in one line`() throws {
    let server = try ScriptedServer { $1.serve(Setting.file, $0) }
    var damaged = file
    damaged[50_000] ^= 1
    for wrong in [damaged, Array(file.dropLast())] {
      try setting.put(wrong, at: setting.whole)
      _ = try setting.fetch([server.url()])
      try setting.expectWhole()
    }
    #expect(setting.notes.count == 2)
    #expect(setting.notes.first?.hasPrefix("\(setting.whole): has sha256:") == true)
    #expect(setting.notes.last == "\(setting.whole): has 99999 bytes, and 100000 are published; fetching it again")
  }

  @Test func `Redirects are followed to the file`() throws {
    let server = try ScriptedServer { request, connection in
      if request.path == "/file" { return connection.serve(Setting.file, request) }
      connection.head(request.number % 2 == 0 ? 302 : 307, ["Location: /\(request.number < 9 ? "on" : "file")"])
    }
    _ = try setting.fetch([server.url("/from")])
    try setting.expectWhole()
    #expect(server.requests.count == 10)
  }

  @Test func `An address that is dead, and one that gives something else, are passed over for a mirror`() throws {
    let server = try ScriptedServer { request, connection in
      request.path == "/file" ? connection.serve(Setting.file, request) : connection.serve([1, 2, 3], request)
    }
    // Port 1 of the loopback: nobody listens there.
    _ = try setting.fetch(["http://127.0.0.1:1/file", server.url("/other"), server.url()])
    try setting.expectWhole()
    #expect(setting.notes.count == 2)
    #expect(setting.notes.first?.hasPrefix("http://127.0.0.1:1/file: cannot be fetched: Failed to connect") == true)
    #expect(
      setting.notes.last
        == "\(server.url("/other")): offers a file of 3 bytes, and 100000 are published; trying \(server.url())")
  }

  @Test func `Offline, a verified file is used; a missing and a wrong one are refused, and nothing is asked`() throws {
    let server = try ScriptedServer { $1.serve(Setting.file, $0) }
    let missing = failure { try setting.fetch([server.url()], offline: true) }
    #expect(missing?.status == .inputOutput && missing?.subject == setting.whole)
    #expect(missing?.remedy == "save \(server.url()) under this name, or pass it with --from")
    #expect(setting.names.isEmpty)
    try setting.put(file.reversed(), at: setting.whole)
    #expect(failure { try setting.fetch([server.url()], offline: true) }?.status == .badData)
    #expect(setting.names == ["file"])
    try setting.put(file, at: setting.whole)
    #expect(try setting.fetch([server.url()], offline: true) == setting.whole)
    #expect(server.requests.isEmpty)
  }
}
