import Foundation
import Synchronization

/// An HTTP/1.1 server on the loopback that does what a test tells it to, with a thread for each connection.
public final class ScriptedServer: Sendable {
  public struct Request: Sendable {
    /// 1 for the first that the server gets.
    public let number: Int
    public let method: String
    public let path: String
    /// Names in lower case.
    public let header: [String: String]

    /// The first byte of an open range, "bytes=5-"; nil where the request is for the whole.
    public var start: Int? {
      header["range"].flatMap { $0.hasPrefix("bytes=") && $0.hasSuffix("-") ? Int($0.dropFirst(6).dropLast()) : nil }
    }
  }

  public typealias Script = @Sendable (Request, Connection) -> Void

  public let port: Int
  private let listener: Int32
  private let log = Log()

  /// What the threads of the connections share, without keeping the server itself alive.
  private final class Log: Sendable {
    let requests = Mutex<[Request]>([])
  }

  public var requests: [Request] { log.requests.withLock { $0 } }
  /// The first byte that each request asked for; nil for the whole.
  public var starts: [Int?] { requests.map(\.start) }

  public func url(_ path: String = "/file") -> String { "http://127.0.0.1:\(port)\(path)" }

  public init(_ script: @escaping Script) throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) == 0 && listen(listener, 64) == 0 && getsockname(listener, $0, &length) == 0
      }
    }
    guard isBound else { throw CocoaError(.fileReadUnknown) }
    self.listener = listener
    port = Int(UInt16(bigEndian: address.sin_port))
    Thread.detachNewThread { [log] in
      while true {
        let descriptor = accept(listener, nil, nil)
        guard descriptor >= 0 else { return }
        Thread.detachNewThread { ScriptedServer.serve(Connection(descriptor), script, log) }
      }
    }
  }

  deinit {
    // Wakes the thread that accepts.
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  private static func serve(_ connection: Connection, _ script: Script, _ log: Log) {
    guard let head = connection.readHead() else { return }
    let lines = head.components(separatedBy: "\r\n")
    let words = lines[0].split(separator: " ").map(String.init)
    var header: [String: String] = [:]
    for line in lines.dropFirst() {
      let field = line.split(separator: ":", maxSplits: 1)
      if field.count == 2 { header[field[0].lowercased()] = field[1].trimmingCharacters(in: .whitespaces) }
    }
    let request = log.requests.withLock { seen in
      let request = Request(number: seen.count + 1, method: words[0], path: words[1], header: header)
      seen.append(request)
      return request
    }
    script(request, connection)
  }
}

/// The server's end of a connection, which is closed with the last reference.
public final class Connection: Sendable {
  private let descriptor: Int32
  fileprivate init(_ descriptor: Int32) { self.descriptor = descriptor }
  deinit { close(descriptor) }

  fileprivate func readHead() -> String? {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8) {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { return nil }
      bytes += buffer.prefix(count)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  public func send(_ bytes: some Collection<UInt8>) {
    var rest = Array(bytes)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }

  /// Sends a status line and a header; nothing is added but the end of the connection.
  public func head(_ status: Int, _ fields: [String] = []) {
    send((["HTTP/1.1 \(status) Scripted", "Connection: close"] + fields).map { $0 + "\r\n" }.joined().utf8)
    send("\r\n".utf8)
  }

  public func chunk(_ bytes: some Collection<UInt8>) {
    send("\(String(bytes.count, radix: 16))\r\n".utf8)
    send(bytes)
    send("\r\n".utf8)
  }

  /// Serves what a request asks for of a file, but no more than `count` bytes of it.
  public func serve(_ file: [UInt8], _ request: ScriptedServer.Request, upTo count: Int = .max) {
    guard let start = request.start else { return whole(file, upTo: count) }
    guard start < file.count else { return head(416, ["Content-Range: bytes */\(file.count)"]) }
    head(
      206,
      ["Content-Length: \(file.count - start)", "Content-Range: bytes \(start)-\(file.count - 1)/\(file.count)"])
    send(file[start...].prefix(count))
  }

  /// Serves a file from its first byte, whatever was asked for, but no more than `count` bytes of it.
  public func whole(_ file: [UInt8], upTo count: Int = .max) {
    head(200, ["Content-Length: \(file.count)"])
    send(file.prefix(count))
  }

  /// Ends the connection as if the machine had died: what is sent there is answered with a reset.
  public func reset() {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
  }

  /// Says nothing until the other side hangs up.
  public func wait() {
    var byte: UInt8 = 0
    _ = recv(descriptor, &byte, 1, 0)
  }
}
