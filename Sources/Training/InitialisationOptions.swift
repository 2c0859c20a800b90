import ArgumentParser
import Networks
import ToolKit

extension Initialisation.Scheme: ExpressibleByArgument {}

/// How weights begin.
public struct InitialisationOptions: ParsableArguments {
  @Option(help: "Weights at first: default (the architecture's own), he (normal, fan out) or glorot (uniform).")
  var initialisation = Initialisation.Scheme.architecture

  @Option(help: ArgumentHelp("Draw the first weight tensor from N(0, sigma^2), sigma as it is.", valueName: "sigma"))
  var firstLayerStd: Double?

  @Option(
    help: ArgumentHelp(
      "Draw this tensor, by its name in state_dict, from N(0, sigma^2); may be given again.", valueName: "name=sigma"))
  var layerStd: [String] = []

  public init() {}

  /// What the command line asks for, of a network that has the tensors.
  public func resolved(for plan: Plan) throws -> Initialisation {
    var deviations: [String: Double] = [:]
    for text in layerStd {
      guard let place = text.lastIndex(of: "="), place > text.startIndex,
        let value = Double(text[text.index(after: place)...])
      else { throw Failure(.usage, nil, "--layer-std takes a name and a number, such as fc1.weight=0.1") }
      try check(value, "--layer-std")
      guard deviations.updateValue(value, forKey: String(text[..<place])) == nil else {
        throw Failure(.usage, nil, "--layer-std names \(text[..<place]) twice")
      }
    }
    if let firstLayerStd { try check(firstLayerStd, "--first-layer-std") }
    do {
      return try Initialisation(initialisation, firstLayerStd: firstLayerStd, layerStds: deviations, of: plan)
    } catch let error as Initialisation.Impossible {
      throw Failure(.usage, nil, error.description)
    }
  }

  private func check(_ deviation: Double, _ option: String) throws {
    guard deviation.isFinite, deviation >= 0 else { throw Failure(.usage, nil, "\(option) must be 0 or above") }
  }
}
