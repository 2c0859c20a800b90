/// What a thread works in while it searches.
final class SearchRoom {
  /// References looked at before the limit moves, and candidates kept before those that dropped out are removed.
  static let piece = 512
  static let most = 1024

  let places = UnsafeMutablePointer<Int32>.allocate(capacity: piece)
  private var counts: [Int32]
  private var possible: [Int32]

  init(classes: Int) {
    counts = [Int32](repeating: 0, count: classes)
    possible = counts
  }

  deinit { places.deallocate() }

  func clearCounts() { for i in counts.indices { counts[i] = 0 } }
  func count(_ label: Int32) { counts[Int(label)] += 1 }

  /// The class with most, of several the lowest.
  var winner: Int32 {
    var best = 0
    for i in counts.indices where counts[i] > counts[best] { best = i }
    return Int32(best)
  }

  /// The winner once `left` more count, where it is the same whichever of those that are open these are.
  func winner(whatever left: Int, of open: some Sequence<Int32>) -> Int32? {
    for i in possible.indices { possible[i] = 0 }
    var total: Int32 = 0
    for label in open {
      possible[Int(label)] += 1
      total += 1
    }
    // A class gets at least what is left when the others have all of theirs. Nobody but the class with most of this can
    // win for sure.
    func least(_ i: Int) -> Int32 { counts[i] + max(0, Int32(left) - (total - possible[i])) }
    func most(_ i: Int) -> Int32 { counts[i] + min(Int32(left), possible[i]) }
    var best = 0
    for i in counts.indices where least(i) > least(best) { best = i }
    let sure = least(best)
    for i in counts.indices where i != best {
      guard most(i) < sure || (most(i) == sure && best < i) else { return nil }
    }
    return Int32(best)
  }
}

/// The k least numbers so far.
struct BoundedHeap {
  private let capacity: Int
  /// Each no less than those at 2i + 1 and 2i + 2.
  private var numbers: [Double] = []

  init(_ capacity: Int) {
    self.capacity = capacity
    numbers.reserveCapacity(capacity)
  }

  /// The greatest of the k least; infinity while there are fewer.
  var greatest: Double { numbers.count < capacity ? .infinity : numbers[0] }

  mutating func insert(_ number: Double) {
    if numbers.count < capacity {
      numbers.append(number)
      var i = numbers.count - 1
      while i > 0, numbers[(i - 1) / 2] < numbers[i] {
        numbers.swapAt(i, (i - 1) / 2)
        i = (i - 1) / 2
      }
    } else if number < numbers[0] {
      numbers[0] = number
      var i = 0
      while true {
        var greatest = i
        for child in [2 * i + 1, 2 * i + 2] where child < capacity && numbers[child] > numbers[greatest] {
          greatest = child
        }
        guard greatest != i else { return }
        numbers.swapAt(i, greatest)
        i = greatest
      }
    }
  }
}
