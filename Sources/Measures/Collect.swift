/// The values of a function at 0 to `count` - 1, in order, from whatever runs them side by side.
///
/// - Parameter parallel: calls its second argument with each number below its first, once, in any order and on any
///   thread, and returns when all are done: `ThreadPool.run`.
func collect<Value: Sendable>(
  _ count: Int, _ parallel: (Int, @Sendable (Int) -> Void) -> Void, _ value: @escaping @Sendable (Int) -> Value
) -> [Value] {
  [Value](unsafeUninitializedCapacity: count) { buffer, filled in
    let places = Places(start: buffer.baseAddress)
    parallel(count) { i in places.set(i, value(i)) }
    filled = count
  }
}

/// Memory for one value a task: tasks write to places of their own.
private struct Places<Value>: @unchecked Sendable {
  let start: UnsafeMutablePointer<Value>?

  func set(_ i: Int, _ value: Value) {
    guard let start else { return }
    (start + i).initialize(to: value)
  }
}
