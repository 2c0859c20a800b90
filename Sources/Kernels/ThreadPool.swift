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
      withoutActuallyEscaping(body) { queue.run(tasks, $0) }
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

/// The job under way, if any; every field is read and written under the mutex.
private final class TaskQueue: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let posted = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let finished = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var body: (@Sendable (Int, Int) -> Void)?
  private var next = 0
  private var tasks = 0
  private var unfinished = 0
  private var stopped = false

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

  func run(_ tasks: Int, _ body: @escaping @Sendable (Int, Int) -> Void) {
    pthread_mutex_lock(mutex)
    precondition(self.body == nil, "a pool runs one job at a time")
    self.body = body
    next = 0
    self.tasks = tasks
    unfinished = tasks
    pthread_cond_broadcast(posted)
    takeTasks(0)
    while unfinished > 0 { pthread_cond_wait(finished, mutex) }
    self.body = nil
    pthread_mutex_unlock(mutex)
  }

  func stop() {
    pthread_mutex_lock(mutex)
    stopped = true
    pthread_cond_broadcast(posted)
    pthread_mutex_unlock(mutex)
  }

  func work(_ worker: Int) {
    pthread_mutex_lock(mutex)
    while !stopped {
      if next < tasks { takeTasks(worker) } else { pthread_cond_wait(posted, mutex) }
    }
    pthread_mutex_unlock(mutex)
  }

  /// Works on tasks while there are any. The mutex is held on entry and on return, but not within a task.
  private func takeTasks(_ worker: Int) {
    while let body, next < tasks {
      let task = next
      next += 1
      pthread_mutex_unlock(mutex)
      body(task, worker)
      pthread_mutex_lock(mutex)
      unfinished -= 1
      if unfinished == 0 { pthread_cond_signal(finished) }
    }
  }
}
