import CToolKit

#if canImport(Glibc)
  import Glibc
#endif

/// An input file as named on the command line; `-` is standard input.
///
/// HDF5 needs to seek, so a pipe is copied to a temporary file first. That file has no name any more when this returns:
/// nothing is left behind, whatever ends the tool.
public final class Input {
  /// As the user knows it, for messages.
  public let name: String
  /// What to open.
  public let path: String
  /// Of what has no name to open it by; named files are not kept open, so that their number has no limit.
  private let spooled: Int32?

  public init(_ argument: String) throws {
    if argument == "-" {
      name = "standard input"
      let descriptor = try Input.spoolStandardInput()
      spooled = descriptor
      path = "/dev/fd/\(descriptor)"
    } else {
      name = argument
      path = argument
      spooled = nil
      // Without waiting: a FIFO that nobody writes to would never open.
      let descriptor = rote_open(argument, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0)
      guard descriptor >= 0 else { throw Failure.system(argument, "cannot read") }
      defer { close(descriptor) }
      var info = stat()
      guard fstat(descriptor, &info) == 0 else { throw Failure.system(argument, "cannot read") }
      guard info.st_mode & S_IFMT != S_IFDIR else {
        throw Failure(.inputOutput, argument, "is a folder, not a file")
      }
      guard info.st_mode & S_IFMT == S_IFREG else {
        throw Failure(.inputOutput, argument, "is no regular file", remedy: "pipe it in, and name it as -")
      }
      guard info.st_size > 0 else { throw Failure(.badData, argument, "is empty") }
    }
  }

  /// What has been written to an output that is not committed yet, under the output's name.
  public init(writtenTo output: Output) {
    (name, path, spooled) = (output.name, output.path, nil)
  }

  deinit { if let spooled { close(spooled) } }

  /// The inputs of a command line: at most one of them standard input.
  public static func open(_ arguments: [String]) throws -> [Input] {
    try refuseTwoOfStandardInput(arguments)
    return try arguments.map { try Input($0) }
  }

  /// Standard input can be read only once.
  public static func refuseTwoOfStandardInput(_ arguments: [String]) throws {
    guard arguments.filter({ $0 == "-" }).count <= 1 else {
      throw Failure(.usage, nil, "standard input (-) can be read only once")
    }
  }

  private func withDescriptor<T>(_ body: (Int32) throws -> T) throws -> T {
    if let spooled { return try body(spooled) }
    let descriptor = rote_open(path, O_RDONLY | O_CLOEXEC, 0)
    guard descriptor >= 0 else { throw Failure.system(name, "cannot read") }
    defer { close(descriptor) }
    return try body(descriptor)
  }

  /// `count` bytes from the start of the file, fewer where it is shorter.
  public func head(_ count: Int) throws -> [UInt8] { try bytes(count, at: 0) }

  /// `count` bytes from `offset` on, fewer where the file ends before.
  public func bytes(_ count: Int, at offset: Int) throws -> [UInt8] {
    try withDescriptor { descriptor in
      var bytes = [UInt8](repeating: 0, count: count)
      let n = retrying { pread(descriptor, &bytes, count, off_t(offset)) }
      guard n >= 0 else { throw Failure.system(name, "cannot read") }
      return Array(bytes.prefix(n))
    }
  }

  public func size() throws -> Int {
    try withDescriptor { descriptor in
      var info = stat()
      guard fstat(descriptor, &info) == 0 else { throw Failure.system(name, "cannot read") }
      return Int(info.st_size)
    }
  }

  private static func spoolStandardInput() throws -> Int32 {
    let name = "standard input"
    guard isatty(0) == 0 else {
      throw Failure(.usage, name, "is a terminal", remedy: "name a file, or pipe one in")
    }
    var info = stat()
    guard fstat(0, &info) == 0 else { throw Failure.system(name, "cannot read") }
    if info.st_mode & S_IFMT == S_IFDIR { throw Failure(.inputOutput, name, "is a folder, not a file") }
    if info.st_mode & S_IFMT == S_IFREG {
      guard info.st_size > 0 else { throw Failure(.badData, name, "is empty") }
      let copy = dup(0)
      guard copy >= 0 else { throw Failure.system(name, "cannot read") }
      return copy
    }
    let spool = try Spool()
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    var total = 0
    while true {
      let n = retrying { read(0, &buffer, buffer.count) }
      guard n >= 0 else { throw Failure.system(name, "cannot read") }
      if n == 0 { break }
      total += n
      try buffer.withUnsafeBytes { try spool.write(UnsafeRawBufferPointer(rebasing: $0[0..<n])) }
    }
    guard total > 0 else {
      throw Failure(.badData, name, "is empty", remedy: "the command before it in the pipe wrote nothing")
    }
    return spool.release()
  }
}

/// The names in a file of names separated by NUL bytes, as `find -print0` writes them.
public func namesSeparatedByNUL(in argument: String) throws -> [String] {
  let name = argument == "-" ? "standard input" : argument
  let descriptor = argument == "-" ? dup(0) : rote_open(argument, O_RDONLY | O_CLOEXEC, 0)
  guard descriptor >= 0 else { throw Failure.system(name, "cannot read") }
  defer { close(descriptor) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let n = retrying { read(descriptor, &buffer, buffer.count) }
    guard n >= 0 else { throw Failure.system(name, "cannot read") }
    if n == 0 { break }
    bytes += buffer.prefix(n)
  }
  return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
}
