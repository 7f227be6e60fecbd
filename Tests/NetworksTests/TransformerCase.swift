import Factors
import Foundation
import Networks
import Tensors
import TestSupport
import Testing

/// One model of transformers.json with all that Hugging Face's code says about it.
struct TransformerCase: Decodable, Sendable, CustomTestStringConvertible {
  struct Sizes: Decodable {
    let kind: String
    let vocabulary: Int?
    let context: Int?
    let layers: Int
    let heads: Int
    let keyHeads: Int?
    let headWidth: Int?
    let width: Int
    let mlpWidth: Int
    let isTied: Bool?
    let classes: Int?
    let image: Int?
    let patch: Int?
    let channels: Int?
    let padding: Int?
  }
  private struct File: Decodable {
    let script: String
    let cases: [TransformerCase]
  }

  let name: String
  let sizes: Sizes
  let parameters: [NetworkCase.NamedParameter]
  let inputShape: [Int]
  let inputs: [Float]
  let classes: [Int32]?
  let logits: [Double]
  let losses: [Double]
  let gradient: [Double]
  let exampleGram: [Double]
  let exampleProducts: [Double]
  let direction: [Float]
  let tangent: [Double]
  let hessianVector: [Double]

  static let all: [TransformerCase] =
    (try? Fixture.load("transformers.json", as: File.self))?.cases ?? []

  var testDescription: String { name }
  var x: Tensor { Tensor(inputs, shape: inputShape) }
  var loss: Loss { classes == nil ? .nextToken : .crossEntropy }
  var targets: TargetValues { classes.map { .classes($0) } ?? .tokens(x) }

  var network: Network {
    let s = sizes
    let length = inputShape[1]
    switch s.kind {
    case "bert":
      return .bert(
        BERTConfiguration(
          vocabulary: s.vocabulary ?? 0, context: s.context ?? 0, layers: s.layers, heads: s.heads,
          width: s.width, mlpWidth: s.mlpWidth, classes: s.classes ?? 0, padding: s.padding),
        length: length)
    case "vit":
      let image = ImageShape(channels: s.channels ?? 0, height: s.image ?? 0, width: s.image ?? 0)
      let network = Network.vit(
        ViTConfiguration(
          image: image, patch: s.patch ?? 0, layers: s.layers, heads: s.heads, width: s.width,
          mlpWidth: s.mlpWidth, classes: s.classes ?? 0))
      guard let network else { preconditionFailure("a patch that does not fit") }
      return network
    case "gpt2":
      return .gpt2(
        GPT2Configuration(
          vocabulary: s.vocabulary ?? 0, context: s.context ?? 0, layers: s.layers, heads: s.heads,
          width: s.width, mlpWidth: s.mlpWidth, isTied: s.isTied ?? true), length: length)
    default:
      return .llama(
        LlamaConfiguration(
          vocabulary: s.vocabulary ?? 0, context: s.context ?? 0, layers: s.layers, heads: s.heads,
          keyHeads: s.keyHeads, width: s.width, headWidth: s.headWidth, mlpWidth: s.mlpWidth,
          isTied: s.isTied ?? false), length: length)
    }
  }

  /// A flat vector of the file in the order of the network's parameters.
  func ordered<Scalar>(_ flat: [Scalar], _ network: Network) -> [Scalar] {
    var parts: [String: ArraySlice<Scalar>] = [:]
    var offset = 0
    for parameter in parameters {
      parts[parameter.name] = flat[offset..<offset + parameter.values.count]
      offset += parameter.values.count
    }
    return network.parameters.flatMap { parts[$0.name] ?? [] }
  }

  func theta(_ network: Network) -> Tensor {
    Tensor(
      ordered(parameters.flatMap(\.values), network), shape: [network.parameterCount])
  }

  func v(_ network: Network) -> Tensor {
    Tensor(ordered(direction, network), shape: [network.parameterCount])
  }
}
