import Factors
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Networks

/// ResNets of ImageNet against torchvision in fp64 at parameters that a formula gives
/// (tools/reference/resnets.py).
@Suite("ResNets against torchvision")
struct ResNetTests {
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    struct Tensor: Decodable {
      let name: String
      let shape: [Int]
    }
    struct Gradient: Decodable {
      let name: String
      let norm: Double
    }
    let name: String
    let tensors: [Tensor]
    let logits, losses, slopes, gram: [Double]
    let gradients: [Gradient]

    var testDescription: String { name }
  }
  private struct File: Decodable { let cases: [Case] }

  static let all: [Case] = (try? Fixture.load("resnets.json", as: File.self))?.cases ?? []

  /// s sin(1 + 0.7 k + 2.3 j).
  static func wave(_ count: Int, _ j: Int, _ scale: Double) -> [Float] {
    (0..<count).map { Float(scale * sin(1 + 0.7 * Double($0) + 2.3 * Double(j))) }
  }

  /// The network with the file's parameters, and images for it.
  static func network(_ c: Case) throws -> (network: Network, theta: Tensor, x: Tensor) {
    let depth = try #require(Int(c.name.dropFirst("resnet".count)).flatMap(ResNetDepth.init))
    let network = try #require(
      Network.resnet(depth, image: ImageShape(channels: 3, height: 40, width: 36), outputs: 3))
    let places = Dictionary(uniqueKeysWithValues: c.tensors.enumerated().map { ($1.name, $0) })
    let theta = Tensor(uninitialized: [network.parameterCount])
    for parameter in network.parameters {
      let j = try #require(places[parameter.name])
      let fanIn = parameter.count / parameter.shape[0]
      let isMatrix = parameter.shape.count > 1
      var values = wave(parameter.count, j, isMatrix ? (2 / Double(fanIn)).squareRoot() : 0.1)
      let name = parameter.name
      if !isMatrix, name.hasSuffix("weight") || name.hasSuffix("running_var") {
        values = values.map { Float(Double($0) + 1) }
      }
      (theta.storage.base + parameter.offset).update(from: values, count: values.count)
    }
    return (network, theta, Tensor(wave(2 * 3 * 40 * 36, 0, 1), shape: [2, 3, 40, 36]))
  }

  @Test("the fixture is there")
  func fixture() { #expect(Self.all.map(\.name) == ["resnet18", "resnet34", "resnet50"]) }

  @Test("parameters have torchvision's names and shapes", arguments: all)
  func layout(_ c: Case) throws {
    let network = try Self.network(c).network
    #expect(
      network.parameters.map { "\($0.name) \($0.shape)" }.sorted()
        == c.tensors.map { "\($0.name) \($0.shape)" }.sorted())
  }

  @Test("logits, losses and the gradients of each example", arguments: all)
  func gradients(_ c: Case) throws {
    let (network, theta, x) = try Self.network(c)
    let targets = TargetValues.classes([2, 0])
    let outputs = network.uncheckedOutputs(x, parameters: theta)
    #expect(relativeDifference(outputs.elements, c.logits) < 1e-4)
    #expect(relativeDifference(Loss.crossEntropy.values(outputs, targets), c.losses) < 1e-4)
    let (factors, _) = try network.exampleGradients(x, parameters: theta) {
      Loss.crossEntropy.gradient($0, targets)
    }
    #expect(relativeDifference(factors.exactKernel().elements, c.gram) < 1e-4)
    let gradient = try network.lossGradient(x, targets, parameters: theta, loss: .crossEntropy)
      .parameters
    let parameters = Dictionary(uniqueKeysWithValues: network.parameters.map { ($0.name, $0) })
    var direction = Tensor(repeating: 0, shape: [network.parameterCount])
    for (j, known) in c.gradients.enumerated() {
      let parameter = try #require(parameters[known.name])
      let squares = parameter.range.reduce(0.0) { $0 + Double(gradient[$1]) * Double(gradient[$1]) }
      #expect(abs(squares.squareRoot() - known.norm) < 1e-4 * known.norm, "\(known.name)")
      let values = Self.wave(parameter.count, j, 0.01)
      direction.withUnsafeMutablePointer {
        ($0 + parameter.offset).update(from: values, count: values.count)
      }
    }
    let slopes = try network.directionalDerivatives(x, parameters: theta, along: direction) {
      Loss.crossEntropy.gradient($0, targets)
    }
    #expect(relativeDifference(slopes, c.slopes) < 1e-4)
  }
}
