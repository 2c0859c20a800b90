#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

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

  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let depth: Int
  private var elements: [Element] = []
  private var finished = false
  private var abandoned = false
  private var failure: (any Error)?

  init(depth: Int) {
    self.depth = depth
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(changed, nil)
  }

  deinit {
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(mutex)
    changed.deallocate()
    mutex.deallocate()
  }

  /// Waits for room; throws once nobody takes any more.
  func put(_ element: Element) throws {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while elements.count == depth && !abandoned { pthread_cond_wait(changed, mutex) }
    if abandoned { throw Abandoned() }
    elements.append(element)
    pthread_cond_signal(changed)
  }

  /// The next element; nil after the last; throws what the producer failed with, once all before it is taken.
  func take() throws -> Element? {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while elements.isEmpty && !finished { pthread_cond_wait(changed, mutex) }
    if elements.isEmpty {
      if let failure { throw failure }
      return nil
    }
    pthread_cond_signal(changed)
    return elements.removeFirst()
  }

  func finish(_ error: (any Error)?) {
    pthread_mutex_lock(mutex)
    finished = true
    failure = error
    pthread_cond_signal(changed)
    pthread_mutex_unlock(mutex)
  }

  func abandon() {
    pthread_mutex_lock(mutex)
    abandoned = true
    pthread_cond_signal(changed)
    pthread_mutex_unlock(mutex)
  }
}

/// A thread of the system; `join` must be called once.
private struct Thread {
  private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  private let handle: pthread_t

  init(_ run: @escaping @Sendable () -> Void) throws {
    let body = Unmanaged.passRetained(Body(run))
    #if canImport(Glibc)
      var thread = pthread_t()
    #else
      var thread: pthread_t?
    #endif
    let code = pthread_create(
      &thread, nil,
      { (argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? in
        if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
        return nil
      }, body.toOpaque())
    #if canImport(Glibc)
      let started: pthread_t? = code == 0 ? thread : nil
    #else
      let started = code == 0 ? thread : nil
    #endif
    guard let started else {
      body.release()
      throw ImageSetError(
        .input, "thread", "cannot be started: \(String(cString: strerror(code)))", "allow more processes")
    }
    handle = started
  }

  func join() { pthread_join(handle, nil) }
}
