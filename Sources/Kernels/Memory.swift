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

  private static let largePage = 1 << 21

  public init(count: Int) {
    self.count = count
    let bytes = max(64, (count * MemoryLayout<Float>.stride + 63) / 64 * 64)
    var raw: UnsafeMutableRawPointer?
    // Large arrays begin with a large page and ask for more of them: they save the processor many look-ups.
    let isLarge = bytes >= Memory.largePage
    guard posix_memalign(&raw, isLarge ? Memory.largePage : 64, bytes) == 0, let raw else {
      preconditionFailure("out of memory: \(bytes) bytes")
    }
    #if canImport(Glibc)
      if isLarge { madvise(raw, bytes, MADV_HUGEPAGE) }
    #endif
    memset(raw, 0, bytes)
    floats = raw.bindMemory(to: Float.self, capacity: bytes / MemoryLayout<Float>.stride)
  }

  deinit { free(floats) }

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
