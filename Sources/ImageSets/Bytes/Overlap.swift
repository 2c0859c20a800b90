/// Runs `produce` on a thread of its own and `consume` on this one, joined by a queue of at most `depth`
/// elements.
///
/// - Throws: what either of them throws; the other one is stopped.
func overlap<Element: Sendable>(
  depth: Int, produce: @escaping @Sendable ((Element) throws -> Void) throws -> Void,
  consume: (Element) throws -> Void
) throws {
  let queue = BoundedQueue<Element>(depth: depth)
  let producer = try Thread {
    do {
      try produce { try queue.put($0) }
      queue.finish(nil)
    } catch {
      queue.finish(error)
    }
  }
  // Whatever happens here, the thread is let go and waited for.
  defer {
    queue.abandon()
    producer.join()
  }
  while let element = try queue.take() { try consume(element) }
}

/// A first-in, first-out queue between one thread that puts and one that takes.
private final class BoundedQueue<Element: Sendable>: @unchecked Sendable {
  struct Abandoned: Error {}

  private let monitor = Monitor()
  private let depth: Int
  private var elements: [Element] = []
  private var finished = false
  private var abandoned = false
  private var failure: (any Error)?

  init(depth: Int) { self.depth = depth }

  /// Waits for room; throws once nobody takes any more.
  func put(_ element: Element) throws {
    try monitor.locked {
      while elements.count == depth && !abandoned { monitor.wait() }
      if abandoned { throw Abandoned() }
      elements.append(element)
    }
  }

  /// The next element; nil after the last; throws what the producer failed with, once all before it is taken.
  func take() throws -> Element? {
    try monitor.locked {
      while elements.isEmpty && !finished { monitor.wait() }
      if elements.isEmpty {
        if let failure { throw failure }
        return nil
      }
      return elements.removeFirst()
    }
  }

  func finish(_ error: (any Error)?) {
    monitor.locked {
      finished = true
      failure = error
    }
  }

  func abandon() { monitor.locked { abandoned = true } }
}
