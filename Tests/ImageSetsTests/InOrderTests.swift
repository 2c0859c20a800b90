import Testing

@testable import ImageSets

@Suite struct InOrderTests {
  struct Bad: Error, Equatable { let index: Int }

  @Test func `Elements come in order whatever the number of threads`() throws {
    for workers in 1...5 {
      for count in [0, 1, 3, 100] {
        var taken: [Int] = []
        try inOrder(
          count: count, workers: workers, ahead: workers + 1, tool: {}, make: { _, index in index * index },
          consume: { taken.append($0) })
        #expect(taken == (0..<count).map { $0 * $0 })
      }
    }
  }

  @Test func `The first failure in order is thrown, after what comes before it`() throws {
    for _ in 0..<20 {
      var taken = 0
      let error = #expect(throws: Bad.self) {
        try inOrder(
          count: 1000, workers: 4, ahead: 8, tool: {},
          make: { _, index in
            if index >= 50 { throw Bad(index: index) }
            return index
          }, consume: { _ in taken += 1 })
      }
      #expect(error == Bad(index: 50) && taken == 50)
    }
  }

  @Test func `A consumer that fails and a tool that cannot be made end it`() throws {
    #expect(throws: Bad.self) {
      try inOrder(
        count: 1000, workers: 3, ahead: 6, tool: {}, make: { _, index in index },
        consume: { if $0 == 7 { throw Bad(index: 7) } })
    }
    #expect(throws: Bad.self) {
      try inOrder(
        count: 10, workers: 3, ahead: 6, tool: { throw Bad(index: -1) }, make: { _, index in index },
        consume: { _ in })
    }
  }
}
