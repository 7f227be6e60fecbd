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
    /// Height and width.
    let image: [Int]
    let tensors: [Tensor]
    let logits, losses, slopes, gram: [Double]
    let gradients: [Gradient]

    var testDescription: String { name }
  }
  private struct File: Decodable { let cases: [Case] }

  static let all: [Case] = (try? Fixture.load("resnets.json", as: File.self))?.cases ?? []

  /// a + s sin(1 + 0.7 m + 0.013 m² + 2.3 j), m = k mod 997.
  static func fill(
    _ target: UnsafeMutablePointer<Float>, _ count: Int, _ j: Int, _ scale: Double,
    plus a: Double = 0
  ) {
    let period = (0..<min(997, count)).map { k -> Float in
      let m = Double(k)
      let phase = 1 + 0.7 * m + 0.013 * m * m + 2.3 * Double(j)
      return Float(Double(Float(scale * sin(phase))) + a)
    }
    for start in stride(from: 0, to: count, by: 997) {
      (target + start).update(from: period, count: min(997, count - start))
    }
  }

  /// The network with the file's parameters, and images for it.
  static func network(_ c: Case) throws -> (network: Network, theta: Tensor, x: Tensor) {
    let words = c.name.dropFirst("resnet".count).split(separator: "-")
    let depth = try #require(words.first.flatMap { Int($0) }.flatMap(ResNetDepth.init))
    let network = try #require(
      Network.resnet(
        depth, stem: words.count > 1 ? .cifar : .imagenet,
        image: ImageShape(channels: 3, height: c.image[0], width: c.image[1]), outputs: 3))
    let places = Dictionary(uniqueKeysWithValues: c.tensors.enumerated().map { ($1.name, $0) })
    let theta = Tensor(uninitialized: [network.parameterCount])
    for parameter in network.parameters {
      let j = try #require(places[parameter.name])
      let fanIn = parameter.count / parameter.shape[0]
      let isMatrix = parameter.shape.count > 1
      let name = parameter.name
      let isScale = !isMatrix && (name.hasSuffix("weight") || name.hasSuffix("running_var"))
      fill(
        theta.storage.base + parameter.offset, parameter.count, j,
        isMatrix ? (2 / Double(fanIn)).squareRoot() : 0.1, plus: isScale ? 1 : 0)
    }
    let x = Tensor(uninitialized: [2, 3] + c.image)
    fill(x.storage.base, x.count, 0, 1)
    return (network, theta, x)
  }

  @Test("the fixture is there")
  func fixture() {
    #expect(Self.all.map(\.name) == ["resnet18", "resnet34", "resnet50", "resnet18-cifar"])
  }

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
      let squares = VectorMath.squaredNorm(
        gradient.storage.base + parameter.offset, count: parameter.count)
      let norm = Double(squares).squareRoot()
      #expect(abs(norm - known.norm) < 1e-4 * known.norm, "\(known.name)")
      direction.withUnsafeMutablePointer {
        Self.fill($0 + parameter.offset, parameter.count, j, 0.01)
      }
    }
    let slopes = try network.directionalDerivatives(x, parameters: theta, along: direction) {
      Loss.crossEntropy.gradient($0, targets)
    }
    #expect(relativeDifference(slopes, c.slopes) < 1e-4)
  }
}
