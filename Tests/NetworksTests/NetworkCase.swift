import Factors
import Foundation
import Networks
import Tensors
import TestSupport
import Testing

/// One network of networks.json with all that PyTorch says about it.
struct NetworkCase: Decodable, Sendable, CustomTestStringConvertible {
  struct NamedParameter: Decodable {
    let name: String
    let shape: [Int]
    let values: [Float]
  }
  struct Measured: Decodable {
    let name: String
    let values: [Double]
    let gradient: [Double]
    let curvature: [Double]
    let gram: [Double]
  }
  private struct File: Decodable {
    let script: String
    let cases: [NetworkCase]
  }

  let name: String
  let kind: String
  let hidden: [Int]
  let activation: String
  let parameters: [NamedParameter]
  let inputShape: [Int]
  let inputs: [Float]
  let classes: [Int32]?
  let targets: [Float]?
  let logits: [Double]
  let losses: [Double]
  let gradient: [Double]
  let exampleGradients: [Double]
  let direction: [Float]
  let outputDirection: [Float]
  let tangent: [Double]
  let hessianVector: [Double]
  let gaussNewtonVector: [Double]
  let outputFunctions: [Measured]
  let traceGram: [Double]

  /// All networks of the file.
  static let all: [NetworkCase] =
    (try? Fixture.load("networks.json", as: File.self))?.cases ?? []

  var testDescription: String { name }
  var count: Int { inputShape[0] }
  var outputs: Int { logits.count / count }
  var x: Tensor { Tensor(inputs, shape: inputShape) }
  var theta: Tensor {
    Tensor(parameters.flatMap(\.values), shape: [direction.count])
  }
  var v: Tensor { Tensor(direction, shape: [direction.count]) }
  var loss: Loss { classes == nil ? .squaredError : .crossEntropy }
  var targetValues: TargetValues {
    if let classes { return .classes(classes) }
    return .values(Tensor(targets ?? [], shape: [count, outputs]))
  }

  /// The engine's network of the same layers.
  var network: Network {
    let kindOfActivation = Activation.Kind(rawValue: activation) ?? .relu
    let example = Array(inputShape.dropFirst())
    guard kind != "mlp" else {
      return .multilayerPerceptron(
        inputShape: example, hidden: hidden, outputs: outputs, activation: kindOfActivation)
    }
    // One layer at every position (tied: used twice), mean over positions, a head.
    var builder = NetworkBuilder()
    let each = builder.linear("each", inputs: example[1], outputs: hidden[0])
    var layers: [any Layer] = [each, builder.activation(kindOfActivation)]
    if kind == "tied" {
      layers.append(builder.linear(sharing: each.weight, bias: each.bias))
      layers.append(builder.activation(kindOfActivation))
    }
    layers.append(builder.meanPool())
    layers.append(builder.linear("head", inputs: hidden[0], outputs: outputs))
    return Network(
      Sequential(layers), builder: builder, inputShape: example, outputCount: outputs)
  }

  /// The engine's unit functions: one row an output.
  var unitFunctions: Matrix<Float> {
    var unit = Matrix<Float>(rows: outputs, columns: outputs)
    for c in 0..<outputs { unit[c, c] = 1 }
    return unit
  }

  func measured(_ function: OutputFunction) -> Measured? {
    outputFunctions.first { $0.name == function.rawValue }
  }
}
