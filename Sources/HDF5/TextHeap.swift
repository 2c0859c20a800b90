#if canImport(Glibc)
  import Glibc
#endif

/// Text of variable length, read past libhdf5.
///
/// It lies in global heaps, the one structure of our files without a checksum. libhdf5 1.10 trusts the sizes in them, so
/// that a flipped bit ends the process; here they are checked.
///
/// - Source: HDF5 File Format Specification, III.E (global heap) and IV.B (references of 16 bytes: the length, the
///   address of a heap, the index of an object in it).
struct TextHeap {
  private let descriptor: Int32
  private let fileSize: Int
  private let path: String
  /// By address: the objects of a heap by their index.
  private var heaps: [UInt64: [UInt32: ArraySlice<UInt8>]] = [:]

  /// All strings of a variable.
  static func strings(of dataset: Dataset, in file: String, size: Int) throws -> [String] {
    let descriptor = Glibc.open(file, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw HDF5Error(action: "read", object: dataset.path, reason: String(cString: strerror(errno)))
    }
    defer { close(descriptor) }
    var heap = TextHeap(descriptor: descriptor, fileSize: size, path: dataset.path)
    return try heap.strings(heap.references(of: dataset))
  }

  private init(descriptor: Int32, fileSize: Int, path: String) {
    (self.descriptor, self.fileSize, self.path) = (descriptor, fileSize, path)
  }

  private func damaged(_ reason: String) -> HDF5Error {
    HDF5Error(action: "read", object: path, reason: reason)
  }

  private func bytes(at address: UInt64, _ count: UInt64) throws -> [UInt8] {
    guard address <= UInt64(fileSize), count <= UInt64(fileSize) - address else {
      throw damaged("its text lies beyond the end of the file")
    }
    var bytes = [UInt8](repeating: 0, count: Int(count))
    guard pread(descriptor, &bytes, Int(count), off_t(address)) == Int(count) else {
      throw damaged("its text cannot be read")
    }
    return bytes
  }

  /// The references, 16 bytes each; zeros where none were written.
  private func references(of dataset: Dataset) throws -> [UInt8] {
    let id = dataset.handle.id
    let creation = try Handle(H5Dget_create_plist(id), "read", path, close: H5Pclose)
    let filters = try check(H5Pget_nfilters(creation.id), "read", path)
    let count = dataset.count
    guard count > 0 else { return [] }
    switch H5Pget_layout(creation.id) {
    case H5D_CONTIGUOUS:
      let address = H5Dget_offset(id)
      guard address != .max else { return [UInt8](repeating: 0, count: 16 * count) }
      return try bytes(at: UInt64(address), 16 * UInt64(count))
    case H5D_CHUNKED where filters == 0 && dataset.shape.count == 1:
      var chunk: hsize_t = 0
      try check(H5Pget_chunk(creation.id, 1, &chunk), "read", path)
      var all: [UInt8] = []
      while all.count < 16 * count {
        let offset = [hsize_t(all.count / 16)]
        var (stored, mask): (hsize_t, UInt32) = (0, 0)
        var part = [UInt8](repeating: 0, count: 16 * Int(min(chunk, hsize_t(fileSize))))
        // A chunk that is not there is an error of 1.10, and of no length later.
        if H5Dget_chunk_storage_size(id, offset, &stored) >= 0 && stored > 0 {
          guard stored == hsize_t(part.count) else {
            throw damaged("a chunk of another length than its shape says")
          }
          try check(H5Dread_chunk(id, hid_t(ROTE_H5_DEFAULT), offset, &mask, &part), "read", path)
        }
        all += part
      }
      return Array(all.prefix(16 * count))
    default:
      throw damaged("text in a layout that cannot be checked: it must have one dimension and no filters")
    }
  }

  private mutating func strings(_ references: [UInt8]) throws -> [String] {
    var total: UInt64 = 0
    return try stride(from: 0, to: references.count, by: 16).map { i in
      let length = integer(references[i..<(i + 4)])
      let address = integer(references[(i + 4)..<(i + 12)])
      let index = UInt32(integer(references[(i + 12)..<(i + 16)]))
      guard length > 0, address > 0 else { return "" }
      total += length
      // Many elements may point to one long string.
      guard total <= UInt64(fileSize) else { throw damaged("it claims more than the file holds") }
      guard let object = try objects(at: address)[index], object.count == Int(length) else {
        throw damaged("its text is not where it should be")
      }
      return try utf8(object.prefix { $0 != 0 }, "read", path)
    }
  }

  /// The objects of the heap at `address`.
  private mutating func objects(at address: UInt64) throws -> [UInt32: ArraySlice<UInt8>] {
    if let known = heaps[address] { return known }
    let head = try bytes(at: address, 16)
    guard head.starts(with: Array("GCOL".utf8)), head[4] == 1 else {
      throw damaged("its text is not where it should be")
    }
    let heap = try bytes(at: address, integer(head[8..<16]))
    var objects: [UInt32: ArraySlice<UInt8>] = [:]
    var place = 16
    // Each object: index, references, 4 bytes of nothing, length, and its bytes up to a multiple of 8. Index 0 is the
    // space that is left.
    while heap.count - place >= 16 {
      let index = UInt32(integer(heap[place..<(place + 2)]))
      let length = integer(heap[(place + 8)..<(place + 16)])
      guard index > 0 else { break }
      guard length <= UInt64(heap.count - place - 16) else { throw damaged("text longer than its heap") }
      objects[index] = heap[(place + 16)..<(place + 16 + Int(length))]
      place += 16 + (Int(length) + 7) / 8 * 8
    }
    heaps[address] = objects
    return objects
  }

  private func integer(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}
