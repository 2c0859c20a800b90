import CBench
import Kernels
import ToolKit

#if canImport(Glibc)
  import Glibc
#endif

/// Floating-point operations a second that the machine does when it does nothing else, the median of some tries.
func multiplyAddRate(_ instructionSet: InstructionSet, threads: Int) -> Double {
  let pool = ThreadPool(threads: threads)
  let iterations = 8_000_000
  let time = seconds(repeats: 7) {
    pool.run(threads) { _ in
      let sum =
        switch instructionSet {
        case .avx512: bench_multiply_add_avx512(iterations)
        case .avx2: bench_multiply_add_avx2(iterations)
        case .portable: bench_multiply_add_portable(iterations)
        }
      // Which keeps the call; it is never so.
      if sum.isNaN { print(sum) }
    }
  }
  let operations = BENCH_OPERATIONS_A_LANE * instructionSet.lanes * iterations * threads
  return Double(operations) / time
}

/// Bytes a second from and to arrays far larger than the caches: reading one, and adding two into a third.
func memoryRates(threads: Int) -> (read: Double, triad: Double) {
  let pool = ThreadPool(threads: threads)
  let count = 1 << 25
  let share = count / threads / 64 * 64
  let (a, b, y) = (Memory(count: count), Memory(count: count), Memory(count: count))
  // Pages that nobody has written share one page of zeros, which is in the cache.
  for memory in [a, b, y] { memory.floats.update(repeating: 1, count: count) }
  let read = seconds(repeats: 5) {
    pool.run(threads) { i in
      let sum = bench_read(share, a.floats + i * share)
      if sum.isNaN { print(sum) }
    }
  }
  let triad = seconds(repeats: 5) {
    pool.run(threads) { i in
      let offset = i * share
      bench_triad(share, a.floats + offset, b.floats + offset, y.floats + offset)
    }
  }
  let bytes = Double(share * threads * MemoryLayout<Float>.stride)
  return (bytes / read, 3 * bytes / triad)
}

/// The most memory that this process has held so far, in bytes; 0 where the system does not say.
///
/// From /proc: `getrusage` counts what the parent held when it started this process.
func peakMemory() -> Int {
  guard let status = try? bytes(of: "/proc/self/status") else { return 0 }
  let line = String(decoding: status, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
  let kibibytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
  return (kibibytes ?? 0) << 10
}

/// All of a file.
func bytes(of path: String) throws -> [UInt8] {
  guard let file = fopen(path, "rb") else { throw Failure.system(path, "cannot be opened") }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 1 << 20)
  while true {
    let n = fread(&chunk, 1, chunk.count, file)
    guard n > 0 else { break }
    bytes += chunk[..<n]
  }
  guard ferror(file) == 0 else { throw Failure.system(path, "cannot be read") }
  return bytes
}
