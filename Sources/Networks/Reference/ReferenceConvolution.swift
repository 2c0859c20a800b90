extension Reference {
  /// `torch.nn.functional.conv2d` with a square kernel; the weight is (out, in / groups, ky, kx).
  ///
  ///     out[n, o, y, x] = bias[o] +
  ///       sum over i, ky, kx of weight[o, i, ky, kx] in[n, first(o) + i, y s + ky - p, x s + kx - p]
  ///
  /// `first(o)` is the first input channel of the output channel's group.
  struct Convolution {
    let input: Shape
    let output: Shape
    let kernel: Int
    let stride: Int
    let padding: Int
    let groups: Int

    init(_ convolution: Networks.Convolution, input: Shape, output: Shape) {
      (self.input, self.output) = (input, output)
      (kernel, stride, padding) = (convolution.kernel, convolution.stride, convolution.padding)
      groups = convolution.groups
    }

    /// The outputs along one axis for which kernel tap `k` lies inside the input.
    private func outputs(_ outputSize: Int, _ inputSize: Int, tap k: Int) -> Range<Int> {
      let offset = k - padding
      let first = offset >= 0 ? 0 : (-offset + stride - 1) / stride
      let last = inputSize - 1 - offset
      let end = last < 0 ? 0 : min(outputSize, last / stride + 1)
      return first..<max(first, end)
    }

    /// Calls `body` once for each tap and output row that it reaches, with the places of the row's first
    /// elements.
    ///
    /// `body(weight, input, output, length)`: elements go on by `stride` in the input and by 1 in the output.
    private func forEachRow(count: Int, _ body: (Int, Int, Int, Int) -> Void) {
      let depth = input.channels / groups
      for n in 0..<count {
        for o in 0..<output.channels {
          let first = o / (output.channels / groups) * depth
          for i in 0..<depth {
            for ky in 0..<kernel {
              for kx in 0..<kernel {
                let weight = ((o * depth + i) * kernel + ky) * kernel + kx
                let columns = outputs(output.width, input.width, tap: kx)
                for y in outputs(output.height, input.height, tap: ky) {
                  let inputRow =
                    ((n * input.channels + first + i) * input.height + y * stride + ky - padding) * input.width
                  let outputRow = ((n * output.channels + o) * output.height + y) * output.width
                  body(
                    weight, inputRow + columns.lowerBound * stride + kx - padding,
                    outputRow + columns.lowerBound, columns.count)
                }
              }
            }
          }
        }
      }
    }

    func forward(_ x: [Double], weight: [Double], bias: [Double]?, count: Int) -> [Double] {
      var result = (0..<count * output.count).map { bias?[$0 / output.area % output.channels] ?? 0 }
      result.withUnsafeMutableBufferPointer { result in
        forEachRow(count: count) { w, i, o, length in
          for k in 0..<length { result[o + k] += weight[w] * x[i + k * stride] }
        }
      }
      return result
    }

    func inputGradient(_ gradient: [Double], weight: [Double], count: Int) -> [Double] {
      var result = [Double](repeating: 0, count: count * input.count)
      result.withUnsafeMutableBufferPointer { result in
        forEachRow(count: count) { w, i, o, length in
          for k in 0..<length { result[i + k * stride] += weight[w] * gradient[o + k] }
        }
      }
      return result
    }

    func accumulateWeightGradient(_ result: inout [Double], _ x: [Double], _ gradient: [Double], count: Int) {
      result.withUnsafeMutableBufferPointer { result in
        forEachRow(count: count) { w, i, o, length in
          var sum = 0.0
          for k in 0..<length { sum += x[i + k * stride] * gradient[o + k] }
          result[w] += sum
        }
      }
    }

    func accumulateBiasGradient(_ result: inout [Double], _ gradient: [Double]) {
      for (i, value) in gradient.enumerated() { result[i / output.area % output.channels] += value }
    }
  }
}
