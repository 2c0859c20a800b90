#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Lets tasks through one at a time in the order of their numbers, whichever thread has them.
///
/// A pool hands its tasks out in that order, so that the first one that is not through never waits.
public final class Turnstile: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let moved = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var next = 0

  public init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(moved, nil)
  }

  deinit {
    pthread_cond_destroy(moved)
    pthread_mutex_destroy(mutex)
    moved.deallocate()
    mutex.deallocate()
  }

  /// Calls `body` once those of all tasks of lower numbers have returned. Each number goes through once, from 0 on.
  public func pass(_ number: Int, _ body: () -> Void) {
    pthread_mutex_lock(mutex)
    while next < number { pthread_cond_wait(moved, mutex) }
    pthread_mutex_unlock(mutex)
    // Nobody else is let through before `next` moves on.
    body()
    pthread_mutex_lock(mutex)
    next += 1
    pthread_cond_broadcast(moved)
    pthread_mutex_unlock(mutex)
  }
}
