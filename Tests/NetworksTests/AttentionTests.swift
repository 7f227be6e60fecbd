import Foundation
import LinearAlgebra
import Networks
import Tensors
import TestSupport
import Testing

@Suite("Attention")
struct AttentionTests {
  /// 70 positions: more than one row block.
  ///
  /// 4 query heads on 2 key heads of width 3.
  static let (places, heads, keyHeads, width) = (70, 4, 2, 3)
  static let lengths = [70, 41]
  static var rowWidth: Int { (heads + 2 * keyHeads) * width }

  static func layer(isCausal: Bool, dropout: Float = 0) -> (any Layer, Network) {
    var builder = NetworkBuilder()
    let layer = builder.attention(
      heads: heads, keyHeads: keyHeads, headWidth: width, isCausal: isCausal, dropout: dropout)
    return (
      layer,
      Network(layer, builder: builder, inputShape: [places, rowWidth], outputCount: heads * width)
    )
  }

  static func pass(_ network: Network, step: UInt64? = nil) -> Pass {
    let pass = network.pass(
      Tensor(uninitialized: [0]), batch: 2, for: [.tangents, .inputGradient],
      dropout: step.map { DropoutDraws(seed: 1, step: $0) })
    pass.lengths = lengths
    return pass
  }

  /// Plain loops in fp64.
  static func plain(_ x: [Double], isCausal: Bool) -> [Double] {
    var y: [Double] = []
    for example in 0..<2 {
      for t in 0..<places {
        func row(_ place: Int) -> Int { (example * places + place) * rowWidth }
        for head in 0..<heads {
          var output = [Double](repeating: 0, count: width)
          let end = min(lengths[example], isCausal ? t + 1 : places)
          if t < lengths[example] {
            let key = heads + head * keyHeads / heads
            let scores = (0..<end).map { s in
              (0..<width).reduce(0.0) {
                $0 + x[row(t) + head * width + $1] * x[row(s) + key * width + $1]
              } / Double(width).squareRoot()
            }
            let total = scores.reduce(0) { $0 + exp($1) }
            for s in 0..<end {
              for k in 0..<width {
                output[k] += exp(scores[s]) / total * x[row(s) + (key + keyHeads) * width + k]
              }
            }
          }
          y += output
        }
      }
    }
    return y
  }

  @Test("outputs are those of plain loops", arguments: [true, false])
  func outputs(isCausal: Bool) {
    let (layer, network) = Self.layer(isCausal: isCausal)
    let x = gaussian([2, Self.places, Self.rowWidth], seed: 1, index: 0)
    let y = layer.forward(x, Self.pass(network))
    let expected = Self.plain(x.elements.map { Double($0) }, isCausal: isCausal)
    #expect(relativeDifference(y.elements, expected) < 1e-6)
  }

  @Test("tangents are differences, gradients their transpose", arguments: [true, false])
  func derivatives(isCausal: Bool) {
    let (layer, network) = Self.layer(isCausal: isCausal)
    let x = gaussian([2, Self.places, Self.rowWidth], seed: 2, index: 0)
    let v = gaussian(x.shape, seed: 2, index: 1)
    let pass = Self.pass(network)
    let y = layer.forward(x, pass)
    let u = gaussian(y.shape, seed: 2, index: 2)
    let h = 1e-5
    func moved(_ step: Double) -> [Double] {
      Self.plain(
        zip(x.elements, v.elements).map { Double($0) + step * Double($1) }, isCausal: isCausal)
    }
    let rise = zip(moved(h), moved(-h)).map { ($0 - $1) / (2 * h) }
    let tangent = layer.forwardTangent(v, pass) ?? y
    #expect(relativeDifference(tangent.elements, rise) < 1e-5)
    let dx = layer.backward(u, pass) ?? x
    #expect(abs(u.dot(tangent) - dx.dot(v)) < 1e-4 * abs(u.dot(tangent)))
  }

  @Test("a share of the weights is left out in training, and the mean of outputs stays")
  func dropout() {
    let (layer, network) = Self.layer(isCausal: true, dropout: 0.25)
    let x = gaussian([2, Self.places, Self.rowWidth], seed: 1, index: 0)
    func outputs(_ step: UInt64?) -> Tensor { layer.forward(x, Self.pass(network, step: step)) }
    let evaluated = Self.layer(isCausal: true).0.forward(x, Self.pass(network))
    #expect(outputs(nil) == evaluated)
    #expect(outputs(3) == outputs(3) && outputs(3) != outputs(4))
    let count = 60
    var mean = Tensor(repeating: 0, shape: evaluated.shape)
    for step in 0..<count { mean.add(scaled: outputs(UInt64(step)), by: 1 / Float(count)) }
    let one = relativeDifference(outputs(0).elements, evaluated.elements)
    let all = relativeDifference(mean.elements, evaluated.elements)
    #expect(one > 0.1 && all < 2 * one / Double(count).squareRoot())
    // The first query sees one key: all of it, scaled, or nothing.
    let share = outputs(5).elements[0] / evaluated.elements[0]
    #expect(share == 0 || abs(share - 4 / 3) < 1e-5)
  }

  @Test("tangents and gradients with dropout are those of the same mask", arguments: [true, false])
  func dropoutDerivatives(isCausal: Bool) {
    let (layer, network) = Self.layer(isCausal: isCausal, dropout: 0.3)
    let x = gaussian([2, Self.places, Self.rowWidth], seed: 4, index: 0)
    let v = gaussian(x.shape, seed: 4, index: 1)
    let h: Float = 0x1p-7
    func moved(_ step: Float) -> Tensor {
      var at = x
      at.add(scaled: v, by: step)
      return layer.forward(at, Self.pass(network, step: 2))
    }
    let pass = Self.pass(network, step: 2)
    let y = layer.forward(x, pass)
    let u = gaussian(y.shape, seed: 4, index: 2)
    let tangent = layer.forwardTangent(v, pass) ?? y
    let rise = (moved(h) - moved(-h)).scaled(by: 1 / (2 * h))
    #expect(relativeDifference(tangent.elements, rise.elements) < 1e-3)
    let dx = layer.backward(u, pass) ?? x
    #expect(abs(u.dot(tangent) - dx.dot(v)) < 1e-4 * abs(u.dot(tangent)))
  }

  @Test(
    "the gradient's tangent is its difference", arguments: [true, false], [UInt64?.none, 2])
  func curvature(isCausal: Bool, step: UInt64?) {
    let (layer, network) = Self.layer(isCausal: isCausal, dropout: 0.3)
    let x = gaussian([2, Self.places, Self.rowWidth], seed: 3, index: 0)
    let v = gaussian(x.shape, seed: 3, index: 1)
    let pass = Self.pass(network, step: step)
    let y = layer.forward(x, pass)
    let (u, ru) = (gaussian(y.shape, seed: 3, index: 2), gaussian(y.shape, seed: 3, index: 3))
    let h: Float = 0x1p-7
    func gradient(_ distance: Float) -> Tensor {
      var (at, from) = (x, u)
      at.add(scaled: v, by: distance)
      from.add(scaled: ru, by: distance)
      let pass = Self.pass(network, step: step)
      _ = layer.forward(at, pass)
      return layer.backward(from, pass) ?? at
    }
    let expected = (gradient(h) - gradient(-h)).scaled(by: 1 / (2 * h))
    _ = layer.forwardTangent(v, pass)
    let (dx, rdx) = layer.backwardTangent(u, ru, pass)
    #expect(dx == layer.backward(u, pass))
    // fp32 differences: truncation h² and rounding 2⁻²⁴/h.
    #expect(relativeDifference(rdx?.elements ?? [], expected.elements) < 1e-3)
  }
}
