import Factors
import Projections
import Randomness
import Tensors

/// Small gradients of every form of side, drawn from a seed.
enum Sample {
  static let randomKinds: [ProjectorKind] = [
    .rademacher, .gaussian, .sjlt, .kronecker, .factoredSJLT, .mask,
  ]

  static func values(_ shape: [Int], _ seed: UInt64, _ index: UInt64) -> Tensor {
    let result = Tensor(uninitialized: shape)
    RandomStream(seed: seed, purpose: .probe, index: index)
      .fillGaussian(result.storage.base, count: result.count)
    return result
  }

  static func parameter(_ name: String, _ shape: [Int]) -> Parameter {
    Parameter(name: name, shape: shape, offset: 0)
  }

  /// Two dense layers at one position, with and without a bias: 4 × 7 and 3 × 4 coordinates.
  static func dense(_ n: Int, seed: UInt64) -> ExampleGradients {
    let first = FactorBlock(
      weight: parameter("0.weight", [4, 6]), bias: parameter("0.bias", [4]),
      term: OuterProductTerm(
        left: .dense(values([n, 1, 4], seed, 1)), right: .denseWithOne(values([n, 1, 6], seed, 2))))
    let second = FactorBlock(
      weight: parameter("2.weight", [3, 4]), bias: nil,
      term: OuterProductTerm(
        left: .dense(values([n, 1, 3], seed, 3)), right: .dense(values([n, 1, 4], seed, 4))))
    return ExampleGradients(count: n, blocks: [first, second])
  }

  /// Three positions, a weight used twice, an embedding and an element-wise scale:
  /// 5 × 4, 4 × 6 and 5 × 1 coordinates.
  static func sequences(_ n: Int, seed: UInt64) -> ExampleGradients {
    var twice = FactorBlock(
      weight: parameter("linear.weight", [5, 3]), bias: parameter("linear.bias", [5]),
      term: OuterProductTerm(
        left: .dense(values([n, 3, 5], seed, 5)), right: .denseWithOne(values([n, 3, 3], seed, 6))))
    twice.append(
      OuterProductTerm(
        left: .dense(values([n, 2, 5], seed, 7)), right: .denseWithOne(values([n, 2, 3], seed, 8))))
    let stream = RandomStream(seed: seed, purpose: .probe, index: 9)
    let tokens = (0..<n * 3).map { Int32(stream.integer(below: 6, at: UInt64($0))) }
    let embedding = FactorBlock(
      weight: parameter("embedding.weight", [4, 6]), bias: nil,
      term: OuterProductTerm(
        left: .dense(values([n, 3, 4], seed, 10)),
        right: .oneHot(indices: tokens, positions: 3, width: 6)))
    let scale = FactorBlock(
      weight: parameter("norm.weight", [5]), bias: nil,
      term: OuterProductTerm(left: .dense(values([n, 1, 5], seed, 11)), right: .one))
    return ExampleGradients(count: n, blocks: [twice, embedding, scale])
  }

  /// The rows of P: the features of the unit gradients, p × k, for the layers of `dense`.
  static func matrix(of projector: any Projector) throws -> Matrix<Float> {
    let layers = projector.identity.layers
    let p = projector.identity.coordinateCount
    var offset = 0
    let blocks = layers.map { layer in
      let left = Tensor(repeating: 0, shape: [p, 1, layer.outputs])
      let right = Tensor(repeating: 0, shape: [p, 1, layer.inputs])
      for o in 0..<layer.outputs {
        for i in 0..<layer.inputs {
          let row = offset + o * layer.inputs + i
          left.storage.base[row * layer.outputs + o] = 1
          right.storage.base[row * layer.inputs + i] = 1
        }
      }
      offset += layer.coordinateCount
      return FactorBlock(
        weight: parameter(layer.name, [layer.outputs, layer.inputs]), bias: nil,
        term: OuterProductTerm(left: .dense(left), right: .dense(right)))
    }
    return try projector.project(ExampleGradients(count: p, blocks: blocks))
  }

  /// The full gradients in the order of coordinates, by plain loops in double: n × p.
  static func fullGradients(_ gradients: ExampleGradients) -> [[Double]] {
    let n = gradients.count
    var result = [[Double]](repeating: [], count: n)
    for block in gradients.blocks {
      let (high, wide) = (block.leftWidth, block.rightWidth)
      var part = [[Double]](repeating: [Double](repeating: 0, count: high * wide), count: n)
      for term in block.terms {
        let left = term.left.materialised(count: n)
        let right = term.right.materialised(count: n)
        for i in 0..<n {
          for t in 0..<term.positions {
            for o in 0..<high {
              for a in 0..<wide {
                part[i][o * wide + a] +=
                  Double(left[i * term.positions + t, o]) * Double(right[i * term.positions + t, a])
              }
            }
          }
        }
      }
      for i in 0..<n { result[i] += part[i] }
    }
    return result
  }

  static func dot(_ u: [Double], _ v: [Double]) -> Double {
    zip(u, v).reduce(0) { $0 + $1.0 * $1.1 }
  }

  static func norm(_ u: [Double]) -> Double { dot(u, u).squareRoot() }
}

extension Matrix where Scalar == Float {
  var rowsInDouble: [[Double]] { (0..<rows).map { row($0).map(Double.init) } }
}
