import HDF5
import TestSupport
import Testing
import ToolKit

@testable import Artefacts

/// What is found wrong in files of every kind.
@Suite(.serialized) struct FileCheckTests {
  let samples: Samples
  init() throws { samples = try Samples() }

  private func make(_ kind: Kind) throws {
    switch kind {
    case .data: _ = try samples.dataset("file.h5")
    case .runs:
      let job = Samples.Job(keep: Set(Keep.allCases), teacher: ["cell": "t"])
      try samples.write("file.h5", samples.schema(try samples.dataset(), job), runs: [0, 1, 3])
    case .scores: _ = try samples.scores("file.h5")
    case .alignment: _ = try samples.alignment("file.h5")
    }
  }

  private func problems() throws -> [String] {
    FileCheck.problems(in: try samples.open("file.h5")).map(\.description)
  }

  private func setText(_ attribute: String, to text: String) {
    samples.change("file.h5") { file in
      H5Adelete(file, attribute)
      let space = H5Screate(H5S_SCALAR)
      let type = H5Tcopy(rote_h5_c_string())
      H5Tset_size(type, text.utf8.count)
      let id = H5Acreate2(file, attribute, type, space, 0, 0)
      Array(text.utf8).withUnsafeBytes { _ = H5Awrite(id, type, $0.baseAddress) }
      H5Aclose(id)
      H5Tclose(type)
      H5Sclose(space)
    }
  }

  /// What `body` says of the file, which is closed again: libhdf5 does not open one for reading and writing at once.
  private func inFile<T>(_ body: (File) throws -> T) throws -> T {
    try body(try File.open(samples.scratch("file.h5")))
  }

  /// Changes the last element of a variable, under a good checksum.
  private func alter(_ path: String) throws {
    func alter<T: Element>(_ type: T.Type, _ changed: (T) -> T) throws {
      var values = try inFile { try $0.dataset(path).read(type) }
      let last = try #require(values.last)
      values[values.count - 1] = changed(last)
      samples.overwrite("file.h5", path, values)
    }
    switch try inFile({ try $0.typeName($0.dataset(path)) }) {
    case "u8": try alter(UInt8.self) { $0 ^ 1 }
    case "i8": try alter(Int8.self) { $0 ^ 1 }
    case "i32": try alter(Int32.self) { $0 ^ 1 }
    case "i64": try alter(Int64.self) { $0 ^ 1 }
    case "f32": try alter(Float.self) { $0.isNaN ? 0 : .nan }
    default: Issue.record("\(path) is no variable of numbers")
    }
  }

  static let kinds: [Kind] = [.data, .runs, .scores, .alignment]

  @Test(arguments: kinds)
  func `A file as it was written is whole`(kind: Kind) throws {
    try make(kind)
    #expect(try problems() == [])
  }

  @Test(arguments: kinds)
  func `One changed element of any variable is found, once`(kind: Kind) throws {
    try make(kind)
    let whole = try bytes(of: samples.scratch("file.h5"))
    let paths = try inFile { file in
      try file.variables().filter { path in
        try !file.isDimensionAlone(path) && file.typeName(file.dataset(path)) != "text"
      }
    }
    #expect(paths.count > 5)
    for path in paths {
      try write(whole, to: samples.scratch("file.h5"))
      try alter(path)
      let found = try problems()
      let recorded = try inFile { try $0.text("sha256", of: path) }
      let isRow = kind == .runs && recorded == nil
      let words = isRow ? "rows are not those that were written (run 3)" : "\(path): its values are not those"
      #expect(found.contains { $0.contains(words) }, "\(path): \(found)")
      #expect(Set(found).count == found.count, "\(path): \(found)")
    }
  }

  @Test(arguments: kinds)
  func `Another content is found, and none is not missed`(kind: Kind) throws {
    try make(kind)
    setText("content", to: String(repeating: "0", count: 64))
    #expect(try problems().map { $0.contains("its content is not that of its variables") } == [true])
    samples.removeAttribute("file.h5", "content")
    #expect(try problems() == [])
  }

  @Test func `A changed variable needs its digests removed, up to the content`() throws {
    try make(.data)
    samples.overwrite("file.h5", "/train/label", [Int32](repeating: 0, count: 5))
    #expect(try problems().map { $0.contains("/train/label: its values are not those") } == [true])
    samples.removeAttribute("file.h5", "sha256", of: "/train/label")
    #expect(try problems().map { $0.contains("its content is not") } == [true])
    samples.removeAttribute("file.h5", "content")
    #expect(try problems() == [])
  }

  @Test func `What runs share is held against its own digest`() throws {
    try make(.runs)
    samples.overwrite("file.h5", "/train/label", [Int32](repeating: 0, count: 5))
    samples.removeAttribute("file.h5", "sha256", of: "/train/label")
    #expect(try problems().map { $0.contains("its shared is not") } == [true])
    samples.removeAttribute("file.h5", "shared")
    #expect(try problems().map { $0.contains("its content is not") } == [true])
    samples.removeAttribute("file.h5", "content")
    #expect(try problems() == [])
    setText("cell", to: "another")
    #expect(try problems().map { $0.contains("its cell is not the SHA-256 of its config") } == [true])
  }

  @Test func `A runs file of another program without any digest is whole, but for flags that are none`() throws {
    try make(.runs)
    let paths = try inFile { try $0.variables() }
    samples.change("file.h5") { file in
      for path in paths { H5Adelete_by_name(file, path, "sha256", 0) }
      for path in ["/digest", "/kept_digest"] { H5Ldelete(file, path, 0) }
      for attribute in ["content", "shared", "cell"] { H5Adelete(file, attribute) }
    }
    #expect(try problems() == [])
    samples.overwrite("file.h5", "/train/correct", [UInt8](repeating: 2, count: 15))
    #expect(
      try problems().map { $0.contains("/train/correct: has values other than 0 and 1 (run 0 and 2 more)") } == [true])
  }

  @Test func `A variable of a type of its own is overlooked`() throws {
    try make(.data)
    samples.change("file.h5") { file in
      let space = H5Screate_simple(1, [2], nil)
      let type = H5Tcopy(rote_h5_i32_file())
      H5Tset_size(type, 2)
      let variable = H5Dcreate2(file, "short", type, space, 0, 0, 0)
      H5Dwrite(variable, type, 0, 0, 0, [1, 2] as [Int16])
      H5Dclose(variable)
      H5Tclose(type)
      H5Sclose(space)
    }
    #expect(try problems() == [])
  }
}
