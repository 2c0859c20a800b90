import CKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Floats on a 64-byte boundary, zero at first, that the tasks of a pool may share.
///
/// Nothing guards against two tasks that write to one place: who writes where is for the owner to lay down.
public final class Memory: @unchecked Sendable {
  public let floats: UnsafeMutablePointer<Float>
  public let count: Int

  private enum Owner {
    case heap
    case pages(start: UnsafeMutableRawPointer, count: Int)
    case other(Memory)
  }

  private let owner: Owner
  private let isReal: Bool

  private static let largePage = 1 << 21

  /// - Parameter isReal: where it is not, there are addresses alone, which nobody may read or write: enough to plan
  ///   with, however much it is.
  public init(count: Int, isReal: Bool = true) {
    (self.count, self.isReal) = (count, isReal)
    let bytes = max(64, (count * MemoryLayout<Float>.stride + 63) / 64 * 64)
    let raw: UnsafeMutableRawPointer
    // Large arrays begin with a large page and ask for more of them: they save the processor many look-ups. They take
    // up memory as they are first written to, and none stays behind when they go.
    if bytes >= Memory.largePage || !isReal {
      let room = bytes + Memory.largePage
      let start = Memory.map(room, isReal: isReal)
      raw = start.alignedUp(toMultipleOf: Memory.largePage)
      owner = .pages(start: start, count: room)
      #if canImport(Glibc)
        if isReal { madvise(raw, bytes, MADV_HUGEPAGE) }
      #endif
    } else {
      var place: UnsafeMutableRawPointer?
      guard posix_memalign(&place, 64, bytes) == 0, let place else {
        preconditionFailure("out of memory: \(bytes) bytes")
      }
      memset(place, 0, bytes)
      raw = place
      owner = .heap
    }
    floats = raw.bindMemory(to: Float.self, capacity: bytes / MemoryLayout<Float>.stride)
  }

  /// A part of another's, which is cleared; it begins at a multiple of 16 floats.
  public init(of other: Memory, _ range: Range<Int>) {
    precondition(range.lowerBound.isMultiple(of: 16) && range.upperBound <= other.count, "a part of memory")
    (count, isReal, owner) = (range.count, other.isReal, .other(other))
    floats = other.floats + range.lowerBound
    if isReal { clear() }
  }

  /// Pages of zeros, or of nothing.
  private static func map(_ bytes: Int, isReal: Bool) -> UnsafeMutableRawPointer {
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | (isReal ? 0 : MAP_NORESERVE)
    let place = mmap(nil, bytes, isReal ? PROT_READ | PROT_WRITE : PROT_NONE, flags, -1, 0)
    guard let place, place != MAP_FAILED else { preconditionFailure("out of memory: \(bytes) bytes") }
    return place
  }

  deinit {
    switch owner {
    case .heap: free(floats)
    case .pages(let start, let count): munmap(start, count)
    case .other: break
    }
  }

  public func clear() { floats.update(repeating: 0, count: count) }
}

/// What one thread will want from memory soon: kernels fetch it into the cache along the way.
public final class Ahead: @unchecked Sendable {
  public let list: UnsafeMutablePointer<rote_ahead>

  public init() {
    list = .allocate(capacity: 1)
    list.initialize(to: rote_ahead())
  }

  deinit { list.deallocate() }

  public func clear() {
    list.pointee.count = 0
    list.pointee.current = 0
  }

  public func add(_ from: UnsafePointer<Float>, count: Int) { rote_ahead_add(list, from, Int64(count)) }
}
