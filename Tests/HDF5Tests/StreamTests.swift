import HDF5
import TestSupport
import Testing

/// Variables in pieces.
@Suite(.serialized) struct StreamTests {
  let scratch: Scratch
  init() throws { scratch = try Scratch() }

  @Test(arguments: [
    ([23], [5]), ([7, 3], [2, 3]), ([4, 5, 6], [1, 2, 6]), ([3, 4, 5, 2], [2, 1, 3, 2]), ([1, 1, 9], [1, 1, 4]),
    ([2, 1, 1], [1, 1, 1]), ([5, 2], [5, 2]),
  ])
  func `Pieces of any size put together are the whole in its order`(shape: [Int], chunk: [Int]) throws {
    let file = try File.create(scratch("v.h5"))
    let count = shape.reduce(1, *)
    let values = (0..<Int32(count)).map { $0 * 7 }
    try file.create("/v", Int32.self, shape: shape, chunk: chunk, compressed: true).write(values)
    try file.close()
    let variable = try File.open(scratch("v.h5")).dataset("/v")
    let row = variable.rowCount
    for limit in [1, 4, 8, 12, 20, 44, 100, 1 << 20] {
      for rows in [0..<shape[0], 0..<1, (shape[0] - 1)..<shape[0], (shape[0] / 2)..<shape[0]] {
        var found: [Int32] = []
        var largest = 0
        try variable.forEachPiece(Int32.self, rows: rows, limit: limit) {
          found += $0
          largest = max(largest, $0.count)
        }
        #expect(found == Array(values[(rows.lowerBound * row)..<(rows.upperBound * row)]), "limit \(limit)")
        #expect(largest <= max(limit / 4, chunk.reduce(1, *)), "limit \(limit)")
      }
    }
  }

  @Test(arguments: [[0], [0, 3], [3, 0]])
  func `A variable without elements has no pieces`(shape: [Int]) throws {
    let file = try File.create(scratch("none.h5"))
    _ = try file.create("/v", Float.self, shape: shape, chunk: shape.map { max(1, $0) }, compressed: true)
    try file.close()
    var pieces = 0
    try File.open(scratch("none.h5")).dataset("/v").forEachPiece(Float.self) { _ in pieces += 1 }
    #expect(pieces == 0)
  }

  @Test func `Variables are listed by group, and what leads elsewhere is refused or passed over`() throws {
    let file = try File.create(scratch("tree.h5"))
    for group in ["/b", "/b/c"] { try file.createGroup(group) }
    for path in ["/z", "/b/y", "/b/c/x"] { _ = try file.createText(path, count: 1) }
    try file.createDimension("/a", length: 3)
    try file.close()
    let read = try File.open(scratch("tree.h5"))
    #expect(try read.variables() == ["/a", "/z", "/b/y", "/b/c/x"])
    #expect(try read.groups(in: "/") == ["b"] && read.groups(in: "/b") == ["c"])
    #expect(try read.isDimensionAlone("/a") && !read.isDimensionAlone("/z"))
    foreign(scratch("linked.h5")) { file in
      let group = H5Gcreate2(file, "g", 0, 0, 0)
      H5Lcreate_soft("/nowhere", file, "link", 0, 0)
      H5Gclose(group)
    }
    let linked = try File.open(scratch("linked.h5"))
    #expect(try linked.groups(in: "/") == ["g"])
    #expect(refusal { try linked.variables() }?.contains("a link that leads elsewhere") == true)
  }

  @Test func `Groups that hold themselves are refused`() throws {
    foreign(scratch("ring.h5")) { file in
      let group = H5Gcreate2(file, "g", 0, 0, 0)
      H5Lcreate_hard(file, "/", group, "a", 0, 0)
      H5Lcreate_hard(file, "/", group, "b", 0, 0)
      H5Gclose(group)
    }
    let file = try File.open(scratch("ring.h5"))
    #expect(refusal { try file.variables() }?.contains("groups lie in one another") == true)
  }
}
