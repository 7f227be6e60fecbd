import Factors
import Foundation
import Networks
import Randomness
import Tensors
import TestSupport
import Testing

/// Central differences of a plain fp64 network, against the engine's fp32 derivatives.
@Suite("Against differences in fp64")
struct DifferencesTests {
  static let widths = [4, 6, 5, 3]

  struct Problem {
    let plain: PlainPerceptron
    let network: Network
    let theta: Tensor
    let x: Tensor
    let v: Tensor
    let classes: [Int32] = [0, 2, 1]
    var targets: TargetValues { .classes(classes) }
    var wideTheta: [Double] { theta.elements.map(Double.init) }
    var wideX: [[Double]] { (0..<3).map { i in (0..<4).map { Double(x[i, $0]) } } }

    init(_ activation: Activation.Kind, seed: UInt64) {
      plain = PlainPerceptron(widths: DifferencesTests.widths, activation: activation)
      network = .multilayerPerceptron(
        inputShape: [4], hidden: [6, 5], outputs: 3, activation: activation)
      theta = gaussian([plain.parameterCount], seed: seed, index: 0)
      x = gaussian([3, 4], seed: seed, index: 1)
      v = gaussian([plain.parameterCount], seed: seed, index: 2)
    }
  }

  @Test("the loss gradient is that of differences", arguments: Activation.Kind.allCases, [1, 2])
  func lossGradient(_ activation: Activation.Kind, seed: UInt64) throws {
    let p = Problem(activation, seed: seed)
    let expected = PlainPerceptron.gradient(at: p.wideTheta) {
      p.plain.loss(p.wideX, p.classes, $0)
    }
    let gradient = try p.network.lossGradient(
      p.x, p.targets, parameters: p.theta, loss: .crossEntropy
    ).parameters
    #expect(relativeDifference(gradient.elements, expected) < 1e-5, "seed \(seed)")
  }

  @Test("J v is the difference of outputs along v", arguments: Activation.Kind.allCases, [1, 2])
  func tangent(_ activation: Activation.Kind, seed: UInt64) throws {
    let p = Problem(activation, seed: seed)
    let h = 1e-5
    func outputs(_ step: Double) -> [Double] {
      let theta = zip(p.wideTheta, p.v.elements).map { $0 + step * Double($1) }
      return p.wideX.flatMap { p.plain.outputs($0, theta) }
    }
    let expected = zip(outputs(h), outputs(-h)).map { ($0 - $1) / (2 * h) }
    let (tangent, _) = try p.network.outputTangent(p.x, parameters: p.theta, along: p.v)
    #expect(relativeDifference(tangent.elements, expected) < 1e-5, "seed \(seed)")
  }

  @Test("H v is the difference of gradients along v", arguments: Activation.Kind.allCases, [1, 2])
  func hessian(_ activation: Activation.Kind, seed: UInt64) throws {
    let p = Problem(activation, seed: seed)
    // Second differences in fp64: h = 1e-4 leaves 1e-8 of truncation and 1e-8 of rounding.
    let h = 1e-4
    func gradient(_ step: Double) -> [Double] {
      let theta = zip(p.wideTheta, p.v.elements).map { $0 + step * Double($1) }
      return PlainPerceptron.gradient(at: theta) { p.plain.loss(p.wideX, p.classes, $0) }
    }
    let expected = zip(gradient(h), gradient(-h)).map { ($0 - $1) / (2 * h) }
    let product = try p.network.curvature(
      p.x, p.targets, parameters: p.theta, loss: .crossEntropy, along: p.v
    ).product
    #expect(relativeDifference(product.elements, expected) < 2e-5, "seed \(seed)")
  }

  @Test("G v is Jᵀ of the loss's curvature times J v", arguments: Activation.Kind.allCases, [1, 2])
  func gaussNewton(_ activation: Activation.Kind, seed: UInt64) throws {
    let p = Problem(activation, seed: seed)
    let (tangent, outputs) = try p.network.outputTangent(p.x, parameters: p.theta, along: p.v)
    let middle = Loss.crossEntropy.curvature(outputs, p.targets, times: tangent).elements.map(
      Double.init)
    let expected = PlainPerceptron.gradient(at: p.wideTheta) { theta in
      zip(p.wideX.flatMap { p.plain.outputs($0, theta) }, middle).reduce(0) { $0 + $1.0 * $1.1 }
    }
    let product = try p.network.curvature(
      p.x, p.targets, parameters: p.theta, loss: .crossEntropy, along: p.v, matrix: .gaussNewton
    ).product
    #expect(relativeDifference(product.elements, expected) < 1e-5, "seed \(seed)")
  }

  @Test("H and G are symmetric: ⟨u, H v⟩ = ⟨v, H u⟩", arguments: Activation.Kind.allCases)
  func symmetry(_ activation: Activation.Kind) throws {
    let p = Problem(activation, seed: 5)
    let u = gaussian([p.theta.count], seed: 5, index: 9)
    func hessian(_ v: Tensor) throws -> Tensor {
      try p.network.curvature(
        p.x, p.targets, parameters: p.theta, loss: .crossEntropy, along: v
      ).product
    }
    func gaussNewton(_ v: Tensor) throws -> Tensor {
      try p.network.curvature(
        p.x, p.targets, parameters: p.theta, loss: .crossEntropy, along: v, matrix: .gaussNewton
      ).product
    }
    for product in [hessian, gaussNewton] {
      let (a, b) = (u.dot(try product(p.v)), p.v.dot(try product(u)))
      let size = (u.squaredNorm() * (try product(p.v)).squaredNorm()).squareRoot()
      #expect(abs(a - b) < 1e-5 * size)
    }
    #expect(p.v.dot(try gaussNewton(p.v)) > 0)
  }

  @Test("a second direction on the same pass replaces the first")
  func directionsReplaceEachOther() {
    let p = Problem(.gelu, seed: 3)
    let other = gaussian([p.theta.count], seed: 3, index: 8)
    func product(_ pass: Pass, _ outputs: Tensor, along v: Tensor) -> Tensor {
      pass.tangent = v
      pass.gradientTangent = Tensor(repeating: 0, shape: v.shape)
      let tangent = p.network.root.forwardTangent(nil, pass) ?? outputs
      _ = p.network.root.backwardTangent(
        Loss.crossEntropy.gradient(outputs, p.targets),
        Loss.crossEntropy.curvature(outputs, p.targets, times: tangent), pass)
      return pass.gradientTangent ?? v
    }
    let pass = p.network.pass(p.theta, batch: 3, for: .tangents)
    let outputs = p.network.root.forward(p.x, pass)
    let first = product(pass, outputs, along: p.v)
    _ = product(pass, outputs, along: other)
    #expect(product(pass, outputs, along: p.v) == first)
  }
}

/// Normal values as a function of seed and index.
func gaussian(_ shape: [Int], seed: UInt64, index: UInt64, scale: Float = 0.7) -> Tensor {
  let tensor = Tensor(uninitialized: shape)
  RandomStream(seed: seed, purpose: .probe, index: index).fillGaussian(
    tensor.storage.base, count: tensor.count, scale: scale)
  return tensor
}
