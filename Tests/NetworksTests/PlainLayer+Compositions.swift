import Foundation
import Networks
import Tensors

/// Linear layers and what is made of them, in plain fp64 loops.
extension PlainLayer {
  static let compositions: [PlainLayer] = [
    transposedLinear, residual, concatenation, lowRank, meanPool,
  ]

  /// x Wᵀ + b of rows, W at a place of θ with the bias behind it.
  private static func linear(
    _ x: [Double], _ theta: [Double], at offset: Int, inputs: Int, outputs: Int
  ) -> [[Double]] {
    var rows: [[Double]] = []
    for row in 0..<x.count / inputs {
      var y: [Double] = []
      for o in 0..<outputs {
        var sum = theta[offset + outputs * inputs + o]
        for i in 0..<inputs { sum += theta[offset + o * inputs + i] * x[row * inputs + i] }
        y.append(sum)
      }
      rows.append(y)
    }
    return rows
  }

  /// Two parameters that nobody reads, so that those behind them do not begin at 0.
  private static func pretend(_ builder: inout NetworkBuilder) {
    _ = builder.linear("before", inputs: 1, outputs: 1)
  }

  /// 3 to 4 at two positions, the weight I × O.
  private static let transposedLinear = make(
    "transposed linear", [2, 3],
    { builder in
      pretend(&builder)
      return builder.transposedLinear("l", inputs: 3, outputs: 4, initial: .normal(deviation: 1))
    },
    { x, theta in
      var y: [Double] = []
      for row in 0..<4 {
        for o in 0..<4 {
          var sum = theta[14 + o]
          for i in 0..<3 { sum += theta[2 + i * 4 + o] * x[row * 3 + i] }
          y.append(sum)
        }
      }
      return y
    })

  /// tanh(x Wᵀ + b) + x Vᵀ + c, 3 to 2 at two positions.
  private static let residual = make(
    "residual with a shortcut", [2, 3],
    { builder in
      pretend(&builder)
      return Residual(
        [builder.linear("w", inputs: 3, outputs: 2), builder.activation(.tanh)],
        shortcut: [builder.linear("v", inputs: 3, outputs: 2)])
    },
    { x, theta in
      zip(
        linear(x, theta, at: 2, inputs: 3, outputs: 2),
        linear(x, theta, at: 10, inputs: 3, outputs: 2)
      ).flatMap { zip($0, $1).map { tanh($0) + $1 } }
    })

  /// 3 to 2 and 3 to 1, side by side.
  private static let concatenation = make(
    "concatenation", [2, 3],
    { builder in
      pretend(&builder)
      return builder.concatenation([
        builder.linear("a", inputs: 3, outputs: 2), builder.linear("b", inputs: 3, outputs: 1),
      ])
    },
    { x, theta in
      zip(
        linear(x, theta, at: 2, inputs: 3, outputs: 2),
        linear(x, theta, at: 10, inputs: 3, outputs: 1)
      ).flatMap { $0 + $1 }
    })

  /// 3 to 4 with an adapter of rank 2 beside it, scaled by 3/2.
  private static let lowRank: PlainLayer = {
    let base = make(
      "low-rank adapter", [2, 3],
      { builder in
        pretend(&builder)
        return builder.linear("l", inputs: 3, outputs: 4)
      },
      { x, theta in
        var result: [Double] = []
        for (row, y) in linear(x, theta, at: 2, inputs: 3, outputs: 4).enumerated() {
          var inner = [0.0, 0.0]
          for r in 0..<2 {
            for i in 0..<3 { inner[r] += theta[18 + r * 3 + i] * x[row * 3 + i] }
          }
          for o in 0..<4 {
            let added = theta[24 + o * 2] * inner[0] + theta[25 + o * 2] * inner[1]
            result.append(y[o] + 1.5 * added)
          }
        }
        return result
      })
    let adapters = LowRankAdapters(rank: 2, alpha: 3, targets: LayerPatterns(["l"]))
    guard let network = try? base.network.adapted(by: adapters, place: "test") else {
      preconditionFailure("an adapter that does not fit")
    }
    return PlainLayer(
      description: base.description, network: network.withoutSelection, x: base.x,
      propagates: true, trains: false, outputs: base.outputs)
  }()

  private static let meanPool = make(
    "mean pool", [3, 4], { $0.meanPool() },
    { x, _ in
      var y: [Double] = []
      for example in 0..<2 {
        for k in 0..<4 {
          let start = example * 12 + k
          y.append((x[start] + x[start + 4] + x[start + 8]) / 3)
        }
      }
      return y
    })
}
