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
}
