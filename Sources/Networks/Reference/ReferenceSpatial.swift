extension Reference {
  /// Every `stride`-th row and column, with zero channels before and after.
  static func subsample(
    _ x: [Double], shape: Shape, output: Shape, stride: Int, channelsBefore: Int, count: Int
  ) -> [Double] {
    var y = [Double](repeating: 0, count: count * output.count)
    forEachKept(shape, output, stride, channelsBefore, count) { i, o in y[o] = x[i] }
    return y
  }

  static func subsampleInputGradient(
    _ gradient: [Double], shape: Shape, output: Shape, stride: Int, channelsBefore: Int, count: Int
  ) -> [Double] {
    var result = [Double](repeating: 0, count: count * shape.count)
    forEachKept(shape, output, stride, channelsBefore, count) { i, o in result[i] = gradient[o] }
    return result
  }

  /// Calls `body(input element, output element)` for each element that subsampling keeps.
  private static func forEachKept(
    _ shape: Shape, _ output: Shape, _ stride: Int, _ channelsBefore: Int, _ count: Int,
    _ body: (Int, Int) -> Void
  ) {
    for n in 0..<count {
      for c in 0..<shape.channels {
        for y in 0..<output.height {
          for x in 0..<output.width {
            body(
              ((n * shape.channels + c) * shape.height + y * stride) * shape.width + x * stride,
              ((n * output.channels + c + channelsBefore) * output.height + y) * output.width + x)
          }
        }
      }
    }
  }

  /// The mean of each plane.
  static func globalAveragePool(_ x: [Double], shape: Shape, count: Int) -> [Double] {
    (0..<count * shape.channels).map { plane in
      x[plane * shape.area..<(plane + 1) * shape.area].reduce(0, +) / Double(shape.area)
    }
  }

  static func globalAveragePoolInputGradient(_ gradient: [Double], shape: Shape, count: Int) -> [Double] {
    gradient.flatMap { [Double](repeating: $0 / Double(shape.area), count: shape.area) }
  }

  /// Each example's values one after another.
  static func concatenate(_ parts: [[Double]], count: Int) -> [Double] {
    (0..<count).flatMap { n in
      parts.flatMap { part in part[n * (part.count / count)..<(n + 1) * (part.count / count)] }
    }
  }

  /// The reverse of `concatenate`, for parts of `sizes` elements an example.
  static func split(_ joined: [Double], sizes: [Int], count: Int) -> [[Double]] {
    let total = sizes.reduce(0, +)
    var start = 0
    return sizes.map { size in
      defer { start += size }
      return (0..<count).flatMap { n in joined[n * total + start..<n * total + start + size] }
    }
  }

  /// Windows over each plane: the greatest element, the first of several; NaN wins, as in PyTorch. Or the mean.
  struct Windows {
    private let window: Pooling
    private let input: Shape
    private let output: Shape
    private let planes: Int

    init(_ window: Pooling, input: Shape, output: Shape, count: Int) {
      (self.window, self.input, self.output) = (window, input, output)
      planes = count * input.channels
    }

    /// For each output element the places of its window's elements, row by row.
    private func forEachWindow(_ body: (_ output: Int, _ inputs: [Int]) -> Void) {
      for plane in 0..<planes {
        for y in 0..<output.height {
          for x in 0..<output.width {
            var inputs: [Int] = []
            for row in y * window.stride - window.padding..<y * window.stride - window.padding + window.kernel {
              for column in x * window.stride - window.padding..<x * window.stride - window.padding + window.kernel
              where (0..<input.height).contains(row) && (0..<input.width).contains(column) {
                inputs.append((plane * input.height + row) * input.width + column)
              }
            }
            body((plane * output.height + y) * output.width + x, inputs)
          }
        }
      }
    }

    private func winner(_ x: [Double], _ places: [Int]) -> Int {
      places.dropFirst().reduce(places[0]) { best, place in
        x[place] > x[best] || (x[place].isNaN && !x[best].isNaN) ? place : best
      }
    }

    func maximum(_ x: [Double]) -> [Double] {
      var y = [Double](repeating: 0, count: planes * output.area)
      forEachWindow { o, places in y[o] = x[winner(x, places)] }
      return y
    }

    func maximumGradient(_ x: [Double], _ gradient: [Double]) -> [Double] {
      var result = [Double](repeating: 0, count: x.count)
      forEachWindow { o, places in result[winner(x, places)] += gradient[o] }
      return result
    }

    func mean(_ x: [Double]) -> [Double] {
      var y = [Double](repeating: 0, count: planes * output.area)
      forEachWindow { o, places in y[o] = places.reduce(0) { $0 + x[$1] } / Double(places.count) }
      return y
    }

    func meanGradient(_ gradient: [Double]) -> [Double] {
      var result = [Double](repeating: 0, count: planes * input.area)
      forEachWindow { o, places in
        for place in places { result[place] += gradient[o] / Double(places.count) }
      }
      return result
    }
  }
}
