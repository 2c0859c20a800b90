import CKernels
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A fixed number of threads that share out independent tasks.
///
/// A pool belongs to one training run; several may be alive at once. `run` is called by one thread at a time,
/// and not from within a task.
public final class ThreadPool: Sendable {
  public let threads: Int
  private let queue = TaskQueue()
  private let workers: [Worker]

  /// A pool of `threads`, the caller's own among them.
  public init(threads: Int) {
    precondition(threads > 0, "a pool has at least one thread")
    self.threads = threads
    let queue = queue
    workers = (1..<threads).map { Worker(queue, $0) }
  }

  deinit {
    queue.stop()
    for worker in workers { worker.join() }
  }

  /// Calls `body` with 0 to `tasks` - 1, each once, on any thread and in any order, and returns when all are
  /// done.
  public func run(_ tasks: Int, _ body: @Sendable (Int) -> Void) {
    run(tasks) { task, _ in body(task) }
  }

  /// The same for tasks that want to know which thread they are on, from 0 below `threads`: no two tasks that run
  /// at one time have the same.
  public func run(_ tasks: Int, _ body: @Sendable (_ task: Int, _ worker: Int) -> Void) {
    if workers.isEmpty || tasks <= 1 {
      for task in 0..<max(tasks, 0) { body(task, 0) }
    } else {
      queue.run(tasks, body)
    }
  }
}

/// A thread that works on a queue's tasks until the queue stops.
private struct Worker: @unchecked Sendable {
  private let thread: pthread_t

  init(_ queue: TaskQueue, _ number: Int) {
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    let argument = Unmanaged.passRetained(WorkerStart(queue, number)).toOpaque()
    let status = pthread_create(&thread, nil, workLoop, argument)
    precondition(status == 0, "the system refuses another thread")
    #if canImport(Darwin)
      guard let thread else { preconditionFailure("the system refuses another thread") }
    #endif
    self.thread = thread
  }

  func join() { pthread_join(thread, nil) }
}

#if canImport(Darwin)
  private func workLoop(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    Unmanaged<WorkerStart>.fromOpaque(argument).takeRetainedValue().work()
    return nil
  }
#else
  private func workLoop(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let argument { Unmanaged<WorkerStart>.fromOpaque(argument).takeRetainedValue().work() }
    return nil
  }
#endif

/// What a new thread is told.
private final class WorkerStart {
  private let queue: TaskQueue
  private let number: Int

  init(_ queue: TaskQueue, _ number: Int) { (self.queue, self.number) = (queue, number) }

  func work() { queue.work(number) }
}

/// Declares the C function of that name with the two words of `body` as what they are: a closure, which stays the
/// caller's. A closure that escapes would need a context on the heap for each job.
@_silgen_name("rote_borrow_closure")
private func borrow(_ body: @Sendable (Int, Int) -> Void, _ words: UnsafeMutablePointer<rote_closure>)

/// The job under way, if any. Every field is written under the mutex; the atomic ones are read without it by those
/// who wait.
private final class TaskQueue: @unchecked Sendable {
  /// How often a waiting thread looks before it sleeps: for 10 to 50 µs, by processor. To wake a thread takes up to
  /// 50 µs, and a training step waits some sixty times, seldom for longer.
  private static let looks = 1000

  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let posted = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let finished = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var body = rote_closure()
  private var next = 0
  private var tasks = 0
  private var stopped = false
  private var sleepers = 0
  private let unfinished = Atomic(0)
  /// Counts jobs, and the end.
  private let events = Atomic(0)

  init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(posted, nil)
    pthread_cond_init(finished, nil)
  }

  deinit {
    pthread_cond_destroy(posted)
    pthread_cond_destroy(finished)
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
    posted.deallocate()
    finished.deallocate()
  }

  func run(_ tasks: Int, _ body: @Sendable (Int, Int) -> Void) {
    pthread_mutex_lock(mutex)
    precondition(unfinished.load(ordering: .relaxed) == 0, "a pool runs one job at a time")
    borrow(body, &self.body)
    next = 0
    self.tasks = tasks
    unfinished.store(tasks, ordering: .relaxed)
    wake()
    takeTasks(0)
    pthread_mutex_unlock(mutex)
    if look(until: { unfinished.load(ordering: .acquiring) == 0 }) { return }
    pthread_mutex_lock(mutex)
    while unfinished.load(ordering: .relaxed) > 0 { pthread_cond_wait(finished, mutex) }
    pthread_mutex_unlock(mutex)
  }

  func stop() {
    pthread_mutex_lock(mutex)
    stopped = true
    wake()
    pthread_mutex_unlock(mutex)
  }

  func work(_ worker: Int) {
    pthread_mutex_lock(mutex)
    while !stopped {
      takeTasks(worker)
      let seen = events.load(ordering: .relaxed)
      pthread_mutex_unlock(mutex)
      _ = look(until: { events.load(ordering: .relaxed) != seen })
      pthread_mutex_lock(mutex)
      while events.load(ordering: .relaxed) == seen {
        sleepers += 1
        pthread_cond_wait(posted, mutex)
        sleepers -= 1
      }
    }
    pthread_mutex_unlock(mutex)
  }

  /// Tells the workers that there is something new. The mutex is held.
  private func wake() {
    events.add(1, ordering: .relaxed)
    if sleepers > 0 { pthread_cond_broadcast(posted) }
  }

  /// Whether `isOver` became true within a short while.
  private func look(until isOver: () -> Bool) -> Bool {
    for _ in 0..<TaskQueue.looks {
      if isOver() { return true }
      rote_pause()
    }
    return false
  }

  /// Works on tasks while there are any. The mutex is held on entry and on return, but not within a task.
  private func takeTasks(_ worker: Int) {
    while next < tasks {
      let task = next
      next += 1
      let body = body
      pthread_mutex_unlock(mutex)
      rote_call(body, task, worker)
      pthread_mutex_lock(mutex)
      let left = unfinished.subtract(1, ordering: .releasing).newValue
      if left == 0 { pthread_cond_signal(finished) }
    }
  }
}
