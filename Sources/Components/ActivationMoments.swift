// Letters: B examples, W activations of a position.
import Networks
import Tensors

/// Means and variances of activations over examples and their positions before the padding.
struct ActivationMoments: Sendable {
  /// W values a point.
  private(set) var means: [Int: [Double]] = [:]
  /// With n − 1, W values a point; 0 of a single position.
  private(set) var variances: [Int: [Double]] = [:]

  /// Moments at some points over a reference set, with nothing taken away.
  ///
  /// - Parameter inputs: those of the reference set, B × ….
  /// - Precision: fp64 sums in the order of the rows; squares are of the distance to the first row.
  init(
    _ groups: [ComponentGroup], _ network: Network, _ parameters: Tensor, _ inputs: Tensor
  ) {
    var sums = groups.map { Sums(width: $0.width) }
    for block in (0..<inputs.shape[0]).blocks(of: network.examplesAtATime(atMost: 64)) {
      let pass = network.pass(
        parameters, batch: block.count, for: .activations, observing: Set(groups.map(\.point)))
      _ = network.root.forward(inputs.gathered(Array(block)), pass)
      for (index, group) in groups.enumerated() {
        guard let x = pass.observed.activations[group.point] else { continue }
        let positions = x.count / max(1, block.count * group.width)
        for row in 0..<x.count / group.width {
          if let lengths = pass.lengths, positions > 1,
            row % positions >= lengths[row / positions]
          {
            continue
          }
          sums[index].add(x.storage.base + row * group.width)
        }
      }
    }
    for (index, group) in groups.enumerated() {
      means[group.point] = sums[index].means
      variances[group.point] = sums[index].variances
    }
  }

  private struct Sums {
    private var count = 0.0
    private var total, first, shifted, squares: [Double]

    init(width: Int) {
      total = [Double](repeating: 0, count: width)
      (first, shifted, squares) = (total, total, total)
    }

    mutating func add(_ x: UnsafePointer<Float>) {
      if count == 0 { for k in total.indices { first[k] = Double(x[k]) } }
      count += 1
      for k in total.indices {
        let distance = Double(x[k]) - first[k]
        total[k] += Double(x[k])
        shifted[k] += distance
        squares[k] += distance * distance
      }
    }

    var means: [Double] { total.map { $0 / max(1, count) } }

    var variances: [Double] {
      squares.indices.map {
        count > 1 ? max(0, squares[$0] - shifted[$0] * shifted[$0] / count) / (count - 1) : 0
      }
    }
  }
}
