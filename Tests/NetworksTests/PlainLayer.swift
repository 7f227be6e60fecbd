import Factors
import Foundation
import Networks
import Tensors

/// A layer beside the same rule in plain fp64 loops.
struct PlainLayer: Sendable, CustomStringConvertible {
  /// What the layer is.
  let description: String
  /// The layer as a network of its own.
  let network: Network
  /// The batch, two examples.
  let x: Tensor
  /// Whether anyone needs dx.
  let propagates: Bool
  /// Whether the pass trains.
  let trains: Bool
  /// Masks of the pass.
  var ablation: [Int: AblationMask] = [:]
  /// y from x and θ, as the network orders them.
  let outputs: @Sendable ([Double], [Double]) -> [Double]

  static let all: [PlainLayer] =
    [norm(.layer), norm(.rootMeanSquare), rotary, gated, embedding, patches, first]
    + images + compositions + walked

  /// The draws of a training pass.
  static let draws = DropoutDraws(seed: 0, step: 0)

  /// One layer and its input B × shape.
  static func make(
    _ name: String, _ shape: [Int], inputs: Tensor? = nil, propagates: Bool = true,
    trains: Bool = false, _ layer: (inout NetworkBuilder) -> any Layer,
    _ outputs: @escaping @Sendable ([Double], [Double]) -> [Double]
  ) -> PlainLayer {
    var builder = NetworkBuilder()
    let made = layer(&builder)
    return PlainLayer(
      description: name,
      network: Network(made, builder: builder, inputShape: shape, outputCount: 1),
      x: inputs ?? gaussian([2] + shape, seed: 11, index: 0),
      propagates: propagates, trains: trains, outputs: outputs)
  }

  /// Random parameters; what should be a variance is positive.
  func parameters(seed: UInt64) -> Tensor {
    let theta = gaussian([network.parameterCount], seed: seed, index: 1)
    for buffer in network.buffers {
      for i in buffer.range { theta.storage.base[i] = 0.5 + abs(theta[i]) }
    }
    return theta
  }

  /// A pass over `batch` examples as the layer is looked at.
  ///
  /// - Parameter chosen: the network with a selection; itself when nil.
  func pass(
    _ theta: Tensor, batch: Int, for purpose: Pass.Purpose, _ chosen: Network? = nil
  ) -> Pass {
    (chosen ?? network).pass(
      theta, batch: batch, for: purpose.union(.inputGradient),
      dropout: trains ? PlainLayer.draws : nil, ablation: ablation)
  }

  private static func norm(_ kind: LayerNorm.Kind) -> PlainLayer {
    let width = 5
    return make(
      "\(kind)", [3, width],
      { builder in
        kind == .layer
          ? builder.layerNorm("n", width: width)
          : builder.rootMeanSquareNorm("n", width: width, epsilon: 1e-5)
      },
      { x, theta in
        var y: [Double] = []
        for row in 0..<x.count / width {
          let values = x[row * width..<(row + 1) * width]
          let mean = kind == .layer ? values.reduce(0, +) / Double(width) : 0
          let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
          for k in 0..<width {
            let unit = (x[row * width + k] - mean) / (variance + 1e-5).squareRoot()
            y.append(theta[k] * unit + (kind == .layer ? theta[width + k] : 0))
          }
        }
        return y
      })
  }

  /// Two heads of width 4 that turn, one that does not; three positions.
  private static let rotary = make(
    "rotary", [3, 12], { _ in Rotary(heads: 2, headWidth: 4, base: 50) },
    { x, _ in
      var y = x
      for row in 0..<x.count / 12 {
        for head in 0..<2 {
          for k in 0..<2 {
            let angle = Double(row % 3) * pow(50, -Double(2 * k) / 4)
            let (a, b) = (row * 12 + head * 4 + k, row * 12 + head * 4 + k + 2)
            y[a] = x[a] * cos(angle) - x[b] * sin(angle)
            y[b] = x[b] * cos(angle) + x[a] * sin(angle)
          }
        }
      }
      return y
    })

  private static let gated = make(
    "gated product", [3, 8], { $0.gatedProduct() },
    { x, _ in
      (0..<x.count / 8).flatMap { row in
        (0..<4).map { k in
          let g = x[row * 8 + k]
          return g / (1 + exp(-g)) * x[row * 8 + 4 + k]
        }
      }
    })

  /// Six tokens, four positions of which three are used, two segments.
  private static let embedding = make(
    "embedding", [3], inputs: Tensor([0, 5, 2, 2, 2, 4], shape: [2, 3]), propagates: false,
    { builder in
      func table(_ name: String, _ rows: Int) -> Parameter {
        builder.parameter(name: name, shape: [rows, 2], fanIn: 2)
      }
      let (tokens, positions, segments) = (table("e", 6), table("p", 4), table("s", 2))
      return builder.embedding(tokens: tokens, positions: positions, segments: segments)
    },
    { x, theta in
      x.indices.flatMap { place in
        (0..<2).map { k in
          theta[Int(x[place]) * 2 + k] + theta[12 + place % 3 * 2 + k] + theta[20 + k]
        }
      }
    })

  /// Images of 2 channels, 4 × 5 pixels: 2 × 2 patches, the last column is not read.
  private static let patches = make(
    "patch embedding", [4, 5, 2],
    { builder in
      let image = ImageShape(channels: 2, height: 4, width: 5)
      guard let layer = builder.patchEmbedding("v", input: image, patch: 2, width: 3) else {
        preconditionFailure("a patch that does not fit")
      }
      return layer
    },
    { x, theta in
      let (width, places) = (3, 5)
      let (weight, bias) = (width + places * width, width + places * width + width * 8)
      var y: [Double] = []
      for example in 0..<2 {
        for place in 0..<places {
          for o in 0..<width {
            var sum = place == 0 ? theta[o] : theta[bias + o]
            if place > 0 {
              let (top, left) = ((place - 1) / 2 * 2, (place - 1) % 2 * 2)
              for c in 0..<2 {
                for i in 0..<2 {
                  for j in 0..<2 {
                    let pixel = ((example * 4 + top + i) * 5 + left + j) * 2 + c
                    sum += theta[weight + o * 8 + c * 4 + i * 2 + j] * x[pixel]
                  }
                }
              }
            }
            y.append(sum + theta[width + place * width + o])
          }
        }
      }
      return y
    })

  private static let first = make(
    "first position", [3, 4], { $0.firstPosition() },
    { x, _ in (0..<2).flatMap { Array(x[$0 * 12..<$0 * 12 + 4]) } })
}
