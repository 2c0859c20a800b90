#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A lock, and a way to wait for what other threads change under it.
final class Monitor: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(changed, nil)
  }

  deinit {
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(mutex)
    changed.deallocate()
    mutex.deallocate()
  }

  /// Runs `body` under the lock, and wakes all who wait: it may have changed what they wait for.
  func locked<Result>(_ body: () throws -> Result) rethrows -> Result {
    pthread_mutex_lock(mutex)
    defer {
      pthread_cond_broadcast(changed)
      pthread_mutex_unlock(mutex)
    }
    return try body()
  }

  /// Lets go of the lock until another thread has run under it; only within `locked`.
  func wait() { pthread_cond_wait(changed, mutex) }
}

/// A thread of the system; `join` must be called once.
struct Thread {
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
