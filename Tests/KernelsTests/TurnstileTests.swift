import Kernels
import Synchronization
import Testing

@Suite struct TurnstileTests {
  @Test(arguments: [1, 2, 5]) func `Tasks go through in their order, whichever thread has them`(threads: Int) {
    let (pool, turnstile) = (ThreadPool(threads: threads), Turnstile())
    let order = Mutex<[Int]>([])
    let inside = Atomic(0)
    pool.run(500) { task, _ in
      // Some tasks take longer than others.
      var x = Double(task)
      for _ in 0..<(task % 7) * 300 { x = (x + 1).squareRoot() }
      turnstile.pass(task) {
        #expect(x >= 0 && inside.add(1, ordering: .relaxed).newValue == 1)
        order.withLock { $0.append(task) }
        inside.subtract(1, ordering: .relaxed)
      }
    }
    #expect(order.withLock { $0 } == Array(0..<500))
  }
}
