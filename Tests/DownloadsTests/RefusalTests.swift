import Foundation
import TestSupport
import Testing
import ToolKit

@testable import Downloads

@Suite struct RefusalTests {
  let setting = Setting()

  @Test func `Wrong bytes do not get into the cache`() throws {
    let wrong = [UInt8](Setting.file.reversed())
    for size in [Setting.file.count, nil] {
      let server = try ScriptedServer { $1.serve(wrong, $0) }
      setting.expectRefusal(
        [server.url()], size: size, .badData, "has \(Setting.checksum(of: wrong)), and \(Setting.checksum) is published"
      )
      #expect(server.requests.count == 1)
    }
  }

  @Test func `A server that sends more than is published is cut off`() throws {
    let server = try ScriptedServer { _, connection in
      connection.head(200, ["Transfer-Encoding: chunked"])
      connection.chunk(Setting.file)
      // Far more than what sockets buffer: the test ends only because the connection does.
      for _ in 0..<2000 { connection.chunk(Setting.file) }
    }
    setting.expectRefusal([server.url()], .badData, "sends more than the 100000 bytes that are published")
    #expect(server.requests.count == 1)
  }

  @Test func `A length that contradicts the published size is refused before anything is written`() throws {
    let longer = try ScriptedServer { $1.serve(Setting.file + [0], $0) }
    setting.expectRefusal([longer.url()], .badData, "offers a file of 100001 bytes, and 100000 are published")
    // Resumed, the beginning stays: another address may go on with it.
    try setting.put(Setting.file.prefix(5), at: setting.part)
    #expect(
      failure { try setting.fetch([longer.url()]) }?.problem
        == "offers a file of 100001 bytes, and 100000 are published")
    try setting.expectPart(5)
  }

  @Test func `A file that is shorter than published is refused, whether its length is said or not`() throws {
    let short = Setting.file.dropLast()
    let plain = try ScriptedServer { $1.serve(Array(short), $0) }
    setting.expectRefusal([plain.url()], .badData, "offers a file of 99999 bytes, and 100000 are published")
    // Without a length it looks like a break at first; the server says what it is when it is asked to go on.
    let chunked = try ScriptedServer { request, connection in
      if request.start != nil { return connection.serve(Array(short), request) }
      connection.head(200, ["Transfer-Encoding: chunked"])
      connection.chunk(short)
      connection.chunk([])
    }
    let refused = failure { try setting.fetch([chunked.url()]) }
    #expect(refused?.problem == "offers a file of 99999 bytes, and 100000 are published")
    #expect(chunked.starts == [nil, 99_999])
  }

  @Test func `A short file whose length is never said ends in a failure, however the server answers`() throws {
    let answers: [ScriptedServer.Script] = [
      { $1.head(416) },
      {
        $1.head(200); $1.send([1, 2, 3])
      },
    ]
    for answer in answers {
      let setting = Setting()
      let server = try ScriptedServer { request, connection in
        if request.start != nil { return answer(request, connection) }
        connection.head(200)
        connection.send([1, 2, 3])
      }
      #expect(failure { try setting.fetch([server.url()]) } != nil)
      #expect(!setting.names.contains("file"))
      #expect(server.requests.count <= 5)
    }
  }

  @Test(arguments: [400, 403, 404, 410, 429, 500, 503, 204, 206, 304])
  func `A status that brings no file is named with its address`(status: Int) throws {
    let server = try ScriptedServer { $1.head(status, ["Content-Length: 0"]) }
    setting.expectRefusal([server.url()], .inputOutput, "answered with status \(status)")
    #expect(server.requests.count == 1)
    #expect(failure { try setting.fetch([server.url("/a?key=secret")]) }?.subject == server.url("/a"))
  }

  @Test func `The body of an error is not taken for the file`() throws {
    let server = try ScriptedServer { _, connection in
      connection.head(404, ["Content-Length: \(Setting.file.count)"])
      connection.send(Setting.file)
    }
    setting.expectRefusal([server.url()], .inputOutput, "answered with status 404")
  }

  @Test func `An error after a redirect names where it came from`() throws {
    let server = try ScriptedServer { request, connection in
      request.number == 1 ? connection.head(302, ["Location: /gone?token=1"]) : connection.head(404)
    }
    setting.expectRefusal(
      [server.url()], .inputOutput,
      "answered with status 404 at \(server.url("/gone")), where it was redirected to")
  }

  @Test func `A redirect loop ends after ten redirects`() throws {
    let server = try ScriptedServer { $1.head(302, ["Location: \($0.path)x"]) }
    setting.expectRefusal([server.url()], .inputOutput, "cannot be fetched: Maximum (10) redirects followed")
    #expect(server.requests.count == 11)
  }

  @Test(arguments: ["file:///etc/passwd", "ftp://127.0.0.1:1/file", "gopher://127.0.0.1:1/", "dict://127.0.0.1:1/"])
  func `Redirects lead to http and https alone`(target: String) throws {
    let server = try ScriptedServer { $1.head(302, ["Location: \(target)"]) }
    let scheme = target.prefix { $0 != ":" }
    let refused = failure { try setting.fetch([server.url()]) }
    #expect(refused?.status == .inputOutput)
    #expect(refused?.problem.hasPrefix("cannot be fetched: Protocol \"\(scheme)\" ") == true)
    #expect(setting.names.isEmpty)
  }

  @Test(arguments: ["file:///etc/passwd", "ftp://host/file", "/etc/passwd", "host/file", "", "https:/host", "http"])
  func `What is no web address is wrong usage`(url: String) throws {
    let refused = failure { try setting.fetch([url]) }
    #expect(refused?.status == .usage && refused?.problem == "is no http or https address")
    #expect(setting.names.isEmpty)
  }

  @Test func `A list without addresses is wrong usage`() {
    setting.expectRefusal([], .usage, "has no address to be fetched from")
  }

  @Test func `A header without end is cut off`() throws {
    let server = try ScriptedServer { _, connection in
      connection.send("HTTP/1.1 200 OK\r\n".utf8)
      let field = "X: \(String(repeating: "x", count: 1000))\r\n"
      for _ in 0..<20_000 { connection.send(field.utf8) }
    }
    // libcurl has the limit.
    #expect(failure { try setting.fetch([server.url()]) }?.status == .inputOutput)
    #expect(setting.names.isEmpty)
  }

  @Test func `Absurd lengths are refused`() throws {
    let huge = Int.max
    let server = try ScriptedServer { request, connection in
      let range = ["Content-Range: bytes 5-\(huge - 1)/\(request.path == "/none" ? "*" : "0")"]
      connection.head(request.start == nil ? 200 : 206, ["Content-Length: \(huge)"] + range)
      connection.send([1, 2, 3])
    }
    for path in ["/none", "/zero"] {
      for size in [Setting.file.count, nil] {
        try setting.put([1, 2, 3, 4, 5], at: setting.part)
        #expect(failure { try setting.fetch([server.url(path)], size: size) } != nil)
        #expect(!setting.names.contains("file"))
      }
    }
    unlink(setting.part)
    setting.expectRefusal(
      [server.url()], .badData, "offers a file of \(huge) bytes, and 100000 are published")
  }

  @Test func `What is no HTTP is refused`() throws {
    let server = try ScriptedServer { _, connection in connection.send(Setting.file) }
    let refused = failure { try setting.fetch([server.url()]) }
    #expect(refused?.status == .inputOutput && refused?.problem.hasPrefix("cannot be fetched: ") == true)
    #expect(setting.names.isEmpty)
  }

  @Test func `User and password are sent and not printed`() throws {
    let server = try ScriptedServer { $1.head(401) }
    let url = server.url().replacingOccurrences(of: "//", with: "//user:secret@")
    let refused = failure { try setting.fetch([url]) }
    #expect(refused?.subject == server.url() && refused?.description.contains("secret") == false)
    // RFC 7617: base64 of "user:secret".
    #expect(server.requests.first?.header["authorization"] == "Basic dXNlcjpzZWNyZXQ=")
  }
}
