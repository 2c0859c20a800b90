/// Makes elements 0 ..< `count` on several threads, and gives them to `consume` on this one, in order.
///
/// - Parameters:
///   - workers: the threads; each has a tool of its own, such as a decoder.
///   - ahead: so many elements may be under way or wait for their turn, which bounds memory.
/// - Throws: what the making of the first element that failed threw, once all before it are consumed; or what
///   `consume` throws. The threads have ended then.
func inOrder<Tool, Element: Sendable>(
  count: Int, workers: Int, ahead: Int, tool: @escaping @Sendable () throws -> Tool,
  make: @escaping @Sendable (Tool, Int) throws -> Element, consume: (Element) throws -> Void
) throws {
  precondition(workers > 0 && ahead >= workers)
  let line = Line<Element>(count: count, ahead: ahead)
  var threads: [Thread] = []
  // Whatever happens here, the threads are let go and waited for.
  defer {
    line.abandon()
    for thread in threads { thread.join() }
  }
  for _ in 0..<min(workers, count) {
    threads.append(
      try Thread {
        let made = Result { try tool() }
        while let index = line.next() {
          line.put(Result { try make(made.get(), index) }, at: index)
        }
      })
  }
  while let element = try line.take() { try consume(element) }
}

/// Elements that are made in any order and taken in theirs.
private final class Line<Element: Sendable>: @unchecked Sendable {
  private let monitor = Monitor()
  private let count: Int
  /// What is made and not taken yet: element i in place i modulo their number.
  private var made: [Result<Element, any Error>?]
  private var begun = 0
  private var taken = 0
  private var abandoned = false

  init(count: Int, ahead: Int) {
    self.count = count
    made = Array(repeating: nil, count: ahead)
  }

  /// The number of the element to make next, once there is room for it; nil when there is no more to do.
  func next() -> Int? {
    monitor.locked {
      while begun < count && begun - taken == made.count && !abandoned { monitor.wait() }
      guard begun < count && !abandoned else { return nil }
      begun += 1
      return begun - 1
    }
  }

  func put(_ element: Result<Element, any Error>, at index: Int) {
    monitor.locked { made[index % made.count] = element }
  }

  func take() throws -> Element? {
    guard taken < count else { return nil }
    let place = taken % made.count
    let element: Result<Element, any Error>? = monitor.locked {
      while made[place] == nil { monitor.wait() }
      taken += 1
      defer { made[place] = nil }
      return made[place]
    }
    return try element?.get()
  }

  func abandon() { monitor.locked { abandoned = true } }
}
