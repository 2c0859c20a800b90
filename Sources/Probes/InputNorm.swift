import Kernels
import Networks
import Training

/// The Euclidean norm of each training example's standardised input, `(example)`: a baseline for what networks say.
public func inputNorm(
  _ network: TrainedNetwork, data: TrainingData, instructionSet: InstructionSet
) -> [Float] {
  let size = network.plan.input.count
  var norms: [Float] = []
  // Any weights will do: the input is what is read.
  let state = [Float](repeating: 0, count: network.plan.stateCount)
  EvaluationPass(network, data: data, instructionSet: instructionSet).run(state: state) { executor, count in
    let input = executor.value(0, count: count)
    for i in 0..<count {
      let squares = input[i * size..<(i + 1) * size].reduce(0.0) { $0 + Double($1) * Double($1) }
      norms.append(Float(squares.squareRoot()))
    }
  }
  return norms
}
