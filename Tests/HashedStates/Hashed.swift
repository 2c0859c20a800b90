import Networks

/// `count` numbers in [-1, 1), multiples of 2^-15: `hashed` of Tests/torch/resnet8_step.py, bit for bit.
public func hashed(_ stream: UInt32, count: Int) -> [Double] {
  (0..<UInt32(count)).map { position in
    var x = position &+ stream &* 0x9E37_79B1
    x = (x ^ x >> 16) &* 0x7FEB_352D
    x = (x ^ x >> 15) &* 0x846C_A68B
    x ^= x >> 16
    return (Double(x >> 16) - 32768) / 32768
  }
}

/// A tensor of a network's state, by its place among the tensors: `hashed_value` of Tests/torch/one_step.py; each number is
/// exact in `Float`.
public func hashedValues(of tensor: Tensor, at place: Int) -> [Double] {
  hashed(UInt32(place) + 1, count: tensor.count).map { startingValue($0, of: tensor) }
}

private func startingValue(_ v: Double, of tensor: Tensor) -> Double {
  if tensor.shape.isEmpty { return 7 }
  if tensor.shape.count > 1 {
    // A power of 2, at which the variance is between half of He's and twice that.
    var scale = 1.0
    while 12 / (scale * scale) < Double(tensor.count / tensor.shape[0]) { scale /= 2 }
    return v * scale
  }
  return tensor.name.hasSuffix(".weight") || tensor.name.hasSuffix(".running_var") ? 1 + v / 2 : v / 4
}

/// The whole state, `hashed_state` there.
public func hashedState(of plan: Plan) -> [Float] {
  plan.tensors.enumerated().flatMap { place, tensor in hashedValues(of: tensor, at: place).map { Float($0) } }
}
