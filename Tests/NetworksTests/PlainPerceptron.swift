import Foundation
import Networks
import Tensors

/// A multilayer perceptron in plain fp64 loops, the flat parameter vector as PyTorch orders it.
struct PlainPerceptron {
  let widths: [Int]
  let activation: Activation.Kind

  var parameterCount: Int {
    (1..<widths.count).reduce(0) { $0 + widths[$1] * (widths[$1 - 1] + 1) }
  }

  /// Outputs of one example.
  func outputs(_ x: [Double], _ theta: [Double]) -> [Double] {
    var h = x
    var offset = 0
    for layer in 1..<widths.count {
      let (inputs, outputs) = (widths[layer - 1], widths[layer])
      var z = [Double](repeating: 0, count: outputs)
      for o in 0..<outputs {
        z[o] = theta[offset + outputs * inputs + o]
        for i in 0..<inputs { z[o] += theta[offset + o * inputs + i] * h[i] }
      }
      offset += outputs * (inputs + 1)
      h = layer + 1 < widths.count ? z.map(value) : z
    }
    return h
  }

  private func value(_ x: Double) -> Double {
    switch activation {
    case .relu: max(0, x)
    case .gelu: 0.5 * x * (1 + erf(x / 2.0.squareRoot()))
    case .geluTanh: 0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
    case .silu: x / (1 + exp(-x))
    case .tanh: tanh(x)
    }
  }

  /// Σ_i of −log p_y.
  func loss(_ x: [[Double]], _ classes: [Int32], _ theta: [Double]) -> Double {
    zip(x, classes).reduce(0) { total, example in
      let z = outputs(example.0, theta)
      let top = z.max() ?? 0
      return total + log(z.reduce(0) { $0 + exp($1 - top) }) + top - z[Int(example.1)]
    }
  }

  /// Central differences in fp64.
  ///
  /// With step h = 1e-5 the truncation is h² ~ 1e-10 and the
  /// rounding 2⁻⁵²/h ~ 1e-11 of the values: far below the engine's fp32.
  static func gradient(at theta: [Double], _ f: ([Double]) -> Double) -> [Double] {
    let h = 1e-5
    return theta.indices.map { k in
      var up = theta
      var down = theta
      up[k] += h
      down[k] -= h
      return (f(up) - f(down)) / (2 * h)
    }
  }
}
