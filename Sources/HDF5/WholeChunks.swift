import CFileDriver
import CHDF5

/// Chunks of floats as they lie in the file, read past the library's filters: its Fletcher-32 takes three times as long
/// as all else in a read.
///
/// Whatever is unusual (other filters, a chunk that was never written, a sum that does not match) is left to the
/// library, which reads it or says what is wrong.
struct WholeChunks {
  /// Of a chunk: files of this suite have 1 MiB, and others may claim anything.
  private static let mostBytes = 0x1p28

  private let dataset: Dataset
  /// Elements of a chunk along the second dimension and all further ones.
  private let chunk: (part: Int, rest: Int)

  /// Nil unless chunks are single rows of little-endian floats with a Fletcher-32 and no other filter.
  init?(_ dataset: Dataset) throws {
    guard MemoryLayout<Float>.size == 4, UInt32(1).littleEndian == 1, dataset.shape.count > 1 else { return nil }
    let path = dataset.path
    let creation = try Handle(H5Dget_create_plist(dataset.handle.id), "open", path, close: H5Pclose)
    guard H5Pget_layout(creation.id) == H5D_CHUNKED, H5Pget_nfilters(creation.id) == 1 else { return nil }
    var (flags, values, settings) = (UInt32(0), 0, UInt32(0))
    guard
      H5Pget_filter2(creation.id, 0, &flags, &values, nil, 0, nil, &settings) == H5Z_filter_t(ROTE_H5_FLETCHER32)
    else { return nil }
    let type = try Handle(H5Dget_type(dataset.handle.id), "open", path, close: H5Tclose)
    guard H5Tequal(type.id, Float.fileType) > 0 else { return nil }
    let shape = try dataset.chunkShape()
    // All further dimensions whole, so that a chunk is one range of the row.
    guard shape[0] == 1, Array(shape.dropFirst(2)) == Array(dataset.shape.dropFirst(2)) else { return nil }
    let bytes = shape.reduce(4.0) { $0 * Double($1) }
    guard bytes > 0, bytes <= WholeChunks.mostBytes else { return nil }
    let rest = shape.dropFirst(2).reduce(1, *)
    self.dataset = dataset
    chunk = (shape[1], rest)
  }

  /// Reads a range of the second dimension of one row. False, with `elements` in no certain state, where the library
  /// has to do it.
  func read(into elements: UnsafeMutableRawBufferPointer, row: Int, part: Range<Int>) -> Bool {
    guard part.lowerBound % chunk.part == 0 else { return false }
    for first in stride(from: part.lowerBound, to: part.upperBound, by: chunk.part) {
      let end = min(first + chunk.part, dataset.shape[1])
      guard end <= part.upperBound else { return false }
      let start = (first - part.lowerBound) * chunk.rest * 4
      let room = UnsafeMutableRawBufferPointer(rebasing: elements[start..<start + (end - first) * chunk.rest * 4])
      guard readChunk(row, first, into: room, upTo: elements.count - start) else { return false }
    }
    return true
  }

  /// - Parameters:
  ///   - room: for the elements that the variable has of the chunk.
  ///   - limit: bytes from the start of `room` on that may be written to.
  private func readChunk(
    _ row: Int, _ first: Int, into room: UnsafeMutableRawBufferPointer, upTo limit: Int
  ) -> Bool {
    var offset = [hsize_t](repeating: 0, count: dataset.shape.count)
    (offset[0], offset[1]) = (hsize_t(row), hsize_t(first))
    let count = chunk.part * chunk.rest * 4
    var stored: hsize_t = 0
    guard guarded({ H5Dget_chunk_storage_size(dataset.handle.id, offset, &stored) }) >= 0, stored == count + 4 else {
      return false
    }
    // The sum comes after the elements: where what follows is still to be read it may lie there.
    if limit >= count + 4, let base = room.baseAddress {
      return fetch(offset, UnsafeMutableRawBufferPointer(start: base, count: count + 4))
    }
    return withUnsafeTemporaryAllocation(byteCount: count + 4, alignment: 4) { bytes in
      guard fetch(offset, bytes) else { return false }
      room.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<room.count]))
      return true
    }
  }

  /// Reads a chunk and its sum; false where they do not match.
  private func fetch(_ offset: [hsize_t], _ bytes: UnsafeMutableRawBufferPointer) -> Bool {
    var skippedFilters: UInt32 = 0
    rote_driver_read_values(1)
    defer { rote_driver_read_values(0) }
    guard
      guarded({
        H5Dread_chunk(dataset.handle.id, hid_t(ROTE_H5_DEFAULT), offset, &skippedFilters, bytes.baseAddress)
      }) >= 0,
      skippedFilters == 0
    else { return false }
    let elements = UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count - 4)])
    return fletcher32(elements) == bytes.loadUnaligned(fromByteOffset: bytes.count - 4, as: UInt32.self)
  }
}

/// The sum that HDF5's filter makes of an even number of bytes, as it is stored.
///
/// Of big-endian words w_1 ... w_n, the low half is Σ w_i and the high half Σ (n + 1 - i) w_i, modulo 65,535, where only
/// all zeros give a 0. To swap the bytes of a word is to multiply it by 256 in that modulus, and so is done last.
/// - Source: Fletcher 1982, doi:10.1109/TCOM.1982.1095369.
func fletcher32(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
  precondition(bytes.count.isMultiple(of: 2), "whole words")
  let (modulus, lanes) = (UInt64(65_535), 16)
  /// After as many words a lane's sum of sums may be 2^32 - 1.
  let mostSteps = 360
  var (sum, weighted): (UInt64, UInt64) = (0, 0)
  var isZero = true
  var position = 0
  let words = bytes.count / 2
  while words - position >= lanes {
    let steps = min(mostSteps, (words - position) / lanes)
    var (sums, sumsOfSums) = (SIMD16<UInt32>(), SIMD16<UInt32>())
    for step in 0..<steps {
      let word = bytes.loadUnaligned(fromByteOffset: (position + step * lanes) * 2, as: SIMD16<UInt16>.self)
      sums &+= SIMD16<UInt32>(truncatingIfNeeded: word)
      sumsOfSums &+= sums
    }
    // Word j of lane l is followed by lanes (steps - j) - l words of the block, itself among them.
    var (blockSum, blockWeighted): (UInt64, UInt64) = (0, 0)
    for lane in 0..<lanes {
      blockSum += UInt64(sums[lane])
      blockWeighted += UInt64(lanes) * UInt64(sumsOfSums[lane]) - UInt64(lane) * UInt64(sums[lane])
    }
    weighted = (weighted + UInt64(steps * lanes) * sum + blockWeighted) % modulus
    sum = (sum + blockSum) % modulus
    if blockSum > 0 { isZero = false }
    position += steps * lanes
  }
  while position < words {
    let word = UInt64(bytes.loadUnaligned(fromByteOffset: position * 2, as: UInt16.self))
    sum = (sum + word) % modulus
    weighted = (weighted + sum) % modulus
    if word > 0 { isZero = false }
    position += 1
  }
  guard !isZero else { return 0 }
  func stored(_ sum: UInt64) -> UInt32 {
    let value = UInt32(sum * 256 % modulus)
    return value == 0 ? 65_535 : value
  }
  return stored(weighted) << 16 | stored(sum)
}
