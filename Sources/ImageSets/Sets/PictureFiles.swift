/// The examples of a set whose images are files of their own: read and decoded on several threads.
struct PictureFiles: Sendable {
  struct Example: Sendable {
    let member: MemberTree.Member
    let label: Int32
  }

  /// Turns the bytes of a file, known as `subject` in messages, into an image `(y, x, channel)`.
  typealias Decode = (
    _ file: UnsafeBufferPointer<UInt8>, _ subject: String, _ image: UnsafeMutableBufferPointer<UInt8>
  ) throws -> Void

  let tree: MemberTree
  let examples: BySplit<[Example]>
  /// Larger files are refused.
  let largest: Int
  /// Threads.
  let workers: Int
  /// Examples in a batch.
  let batch: Int

  var labels: BySplit<[Int32]> { BySplit { examples[$0].map(\.label) } }

  /// Gives the wanted examples to `body`: see `ImageSource.read`.
  ///
  /// - Parameter decoder: makes a decoder for one thread.
  func read(
    _ wanted: BySplit<Positions>, imageBytes: Int, decoder: @escaping @Sendable () throws -> Decode,
    _ body: (ImageBatch) throws -> Void
  ) throws {
    for split in Split.allCases {
      let positions = wanted[split].all
      let examples = examples[split]
      try inOrder(
        count: (positions.count + batch - 1) / batch, workers: workers, ahead: 2 * workers,
        tool: { (reader: try MemberTree.Reader(tree), decode: try decoder()) },
        make: { tool, number in
          let rows = positions[(number * batch)..<min((number + 1) * batch, positions.count)]
          let image = try [UInt8](unsafeUninitializedCapacity: rows.count * imageBytes) { image, count in
            for (row, position) in rows.enumerated() {
              let member = examples[position].member
              let pixels = UnsafeMutableBufferPointer(rebasing: image[(row * imageBytes)..<((row + 1) * imageBytes)])
              try tool.reader.read(member, limit: largest) { try tool.decode($0, tree.subject(member), pixels) }
            }
            count = rows.count * imageBytes
          }
          return ImageBatch(
            split: split, position: rows.map(Int64.init), image: image,
            label: rows.map { examples[$0].label }, columns: [])
        }, consume: body)
    }
  }
}
