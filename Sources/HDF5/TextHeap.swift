import CFileDriver

/// Text of variable length, read past libhdf5.
///
/// It lies in global heaps, the one structure of our files without a checksum. libhdf5 1.10 trusts the sizes in them, so
/// that a flipped bit ends the process; here they are checked.
///
/// - Source: HDF5 File Format Specification, III.E (global heap) and IV.B (references of 16 bytes: the length, the
///   address of a heap, the index of an object in it).
struct TextHeap {
  private let file: RawFile
  private let path: String
  /// By address: the objects of a heap by their index.
  private var heaps: [UInt64: [UInt32: ArraySlice<UInt8>]] = [:]

  /// All strings of a variable.
  static func strings(of dataset: Dataset, in file: String, size: Int) throws -> [String] {
    var heap = TextHeap(try RawFile(file, size: size, object: dataset.path), path: dataset.path)
    return try heap.strings(heap.references(of: dataset)[...])
  }

  /// The text that an attribute refers to.
  ///
  /// - Parameter object: the address of what has the attribute.
  /// - Returns: nil where attributes do not lie in the object's header.
  static func string(of attribute: String, at object: UInt64, in file: RawFile) throws -> String? {
    guard let reference = try ObjectHeader(file).reference(of: attribute, at: object) else { return nil }
    var heap = TextHeap(file, path: attribute)
    return try heap.strings(reference).first
  }

  private init(_ file: RawFile, path: String) { (self.file, self.path) = (file, path) }

  private func damaged(_ reason: String) -> HDF5Error { file.damaged(reason) }

  private func bytes(at address: UInt64, _ count: UInt64) throws -> [UInt8] { try file.bytes(at: address, count) }

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
        var part = [UInt8](repeating: 0, count: 16 * Int(min(chunk, hsize_t(file.size))))
        // A chunk that is not there is an error of 1.10, and of no length later.
        if try look(H5Dget_chunk_storage_size(id, offset, &stored), "read", path) >= 0 && stored > 0 {
          guard stored == hsize_t(part.count) else {
            throw damaged("a chunk of another length than its shape says")
          }
          try checkValues(H5Dread_chunk(id, hid_t(ROTE_H5_DEFAULT), offset, &mask, &part), "read", path)
        }
        all += part
      }
      return Array(all.prefix(16 * count))
    default:
      throw damaged("text in a layout that cannot be checked: it must have one dimension and no filters")
    }
  }

  private mutating func strings(_ references: ArraySlice<UInt8>) throws -> [String] {
    var total: UInt64 = 0
    return try stride(from: references.startIndex, to: references.endIndex, by: 16).map { i in
      let length = integer(references[i..<(i + 4)])
      let address = integer(references[(i + 4)..<(i + 12)])
      let index = UInt32(integer(references[(i + 12)..<(i + 16)]))
      guard length > 0, address > 0 else { return "" }
      total += length
      // Many elements may point to one long string.
      guard total <= UInt64(file.size) else { throw damaged("it claims more than the file holds") }
      guard let object = try objects(at: address)[index], object.count == Int(length) else {
        throw damaged("its text is not where it should be")
      }
      return try utf8(object.prefix { $0 != 0 }, "read", path)
    }
  }

  /// The objects of the heap at `address`: index, references, 4 bytes of nothing, length, and their bytes up to a multiple
  /// of 8. Index 0 is the space that is left.
  private mutating func objects(at address: UInt64) throws -> [UInt32: ArraySlice<UInt8>] {
    if let known = heaps[address] { return known }
    let head = try bytes(at: address, 16)
    let heap = try bytes(at: address, max(16, integer(head[8..<16])))
    guard rote_is_sound_heap(heap, heap.count) != 0 else { throw damaged("its text is not where it should be") }
    var objects: [UInt32: ArraySlice<UInt8>] = [:]
    var place = 16
    while heap.count - place >= 16 {
      let index = UInt32(integer(heap[place..<(place + 2)]))
      let length = Int(integer(heap[(place + 8)..<(place + 16)]))
      if index == 0 { break }
      objects[index] = heap[(place + 16)..<(place + 16 + length)]
      place += 16 + (length + 7) / 8 * 8
    }
    heaps[address] = objects
    return objects
  }
}
