import CAllocations
import Kernels
import Testing

/// Counts how often each task ran; a task's own element is its alone.
private final class Tally: @unchecked Sendable {
  let counts: UnsafeMutablePointer<Int>
  let size: Int
  init(_ size: Int) {
    self.size = size
    counts = .allocate(capacity: size)
    counts.initialize(repeating: 0, count: size)
  }
  deinit { counts.deallocate() }
  var all: [Int] { (0..<size).map { counts[$0] } }
}

struct ThreadPoolTests {
  @Test("Each task runs exactly once, in every job", arguments: [1, 2, 3, 8])
  func everyTask(threads: Int) {
    let pool = ThreadPool(threads: threads)
    for tasks in [0, 1, 2, 7, 100] {
      let tally = Tally(100)
      for _ in 0..<50 { pool.run(tasks) { tally.counts[$0] += 1 } }
      #expect(tally.all == (0..<100).map { $0 < tasks ? 50 : 0 })
    }
  }

  @Test("Pools come and go while others work")
  func severalPools() {
    let long = ThreadPool(threads: 2)
    let tally = Tally(20)
    for _ in 0..<100 {
      let short = ThreadPool(threads: 3)
      short.run(20) { tally.counts[$0] += 1 }
      long.run(20) { tally.counts[$0] += 1 }
    }
    #expect(tally.all == [Int](repeating: 200, count: 20))
  }

  @Test("Results that tasks left are there when a job returns, in thousands of short jobs")
  func visibility() {
    let pool = ThreadPool(threads: 2)
    let tally = Tally(3)
    for job in 1...5000 {
      pool.run(3) { tally.counts[$0] += 1 }
      guard tally.all == [job, job, job] else {
        Issue.record("after job \(job): \(tally.all)")
        return
      }
    }
  }

  @Test("A worker's number is below the threads and its alone: counts by worker lose nothing", arguments: [1, 3])
  func workers(threads: Int) {
    let pool = ThreadPool(threads: threads)
    let tally = Tally(threads)
    for _ in 0..<20 { pool.run(1000) { _, worker in tally.counts[worker] += 1 } }
    #expect(tally.all.reduce(0, +) == 20_000)
  }

  @Test("A job allocates nothing, whatever its closure captures", arguments: [1, 2, 3])
  func allocations(threads: Int) {
    let pool = ThreadPool(threads: threads)
    let tally = Tally(8)
    let (step, offset) = ([1, 2, 3], threads)
    let before = rote_allocations()
    for _ in 0..<100 { pool.run(8) { tally.counts[$0] += step[$0 % 3] + offset } }
    #expect(rote_allocations() == before)
    #expect(tally.counts[7] == 100 * (2 + threads))
  }

  @Test("The count of allocations sees an array", .enabled(if: rote_allocations() >= 0))
  func counted() {
    let before = rote_allocations()
    let array = [Int](repeating: 1, count: Int(before % 7) + 100)
    #expect(rote_allocations() > before && array.count >= 100)
  }
}
