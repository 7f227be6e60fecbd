// Letters: n training examples, m queries, p parameters, T positions, O and I widths.
import Networks
import Tensors

/// What influence functions take.
extension WorkShape {
  /// A Fisher matrix block by block: its bases, and Λ.
  func fisher(_ form: EigenFisher.Form) -> MethodCost {
    let n = Double(examples)
    var flops = 0.0
    var numbers = 0.0
    for block in footprint.blocks {
      let (t, o, i) = (Double(block.positions), Double(block.left), Double(block.right))
      numbers += o * i
      let isDense = !block.isLookup && block.right > 1
      if form != .diagonal && isDense {
        flops += n * t * (o * o + i * i) + 9 * (o * o * o + i * i * i)
        numbers += o * o + i * i
      }
      if form == .kfac && isDense { continue }
      flops += 2 * n * t * o * i + (form == .ekfac && isDense ? 2 * n * t * (o * o + i * i) : 0)
    }
    let passes = form == .ekfac ? 2.0 : 1
    return MethodCost(
      flops: flops + passes * n * footprint.passFlops(functions: 1),
      peakBytes: planned(bytes: 16 * numbers) + blockBytes,
      keptBytes: planned(bytes: 12 * numbers))
  }

  /// Queries' gradients times the inverse, and the training examples' gradients with those.
  ///
  /// - Parameter sweeps: products of all training gradients with those of all queries.
  func influence(sweeps: Double = 1) -> MethodCost {
    let (n, m) = (Double(examples), Double(queries))
    let passes = max(1, (m * width * 4 / Double(2 * Memory.standardBlockBytes)).rounded(.up))
    var flops = (passes * n * sweeps + m) * footprint.passFlops(functions: 1)
    for block in footprint.blocks {
      let (t, o, i) = (Double(block.positions), Double(block.left), Double(block.right))
      flops += sweeps * (2 * n * m * o * i + (t > 1 ? passes * 2 * n * t * o * i : 0))
      if !block.isLookup { flops += 2 * m * o * i * (o + i) }
    }
    return MethodCost(
      flops: flops,
      peakBytes: planned(bytes: 12 * min(m * width, Double(2 * Memory.standardBlockBytes) / 4))
        + blockBytes + planned(bytes: 4 * n * m))
  }

  /// Fisher matrices of gradients with projected sides, and scores by them.
  func projectedFisher(side: Int) -> MethodCost {
    let (n, m) = (Double(examples), Double(queries))
    let pass = footprint.passFlops(functions: 1)
    var (flops, numbers) = ((3 * n + m) * pass, 0.0)
    for block in footprint.blocks where !block.isLookup && block.right > 1 {
      let (t, o, i) = (Double(block.positions), Double(block.left), Double(block.right))
      let k = Double(min(side, block.left)) * Double(min(side, block.right))
      numbers += k
      flops += (2 * n + m) * t * 2 * Double(side) * (o + i)
      flops += n * k * k + k * k * k / 3 + 2 * m * k * k + 2 * m * n * k
    }
    return MethodCost(
      flops: flops,
      peakBytes: planned(bytes: 16 * numbers * Double(side * side)) + blockBytes
        + planned(bytes: 4 * n * m),
      keptBytes: planned(bytes: 8 * numbers * Double(side * side)))
  }

  /// Products of the whole training loss's curvature with directions, three gradients each.
  ///
  /// - Parameters:
  ///   - once: directions that are not of queries.
  ///   - perQuery: directions of each query.
  func curvatureProducts(once: Double = 0, perQuery: Double = 0) -> MethodCost {
    let directions = once + perQuery * Double(queries)
    return MethodCost(
      flops: 1.5 * directions * Double(examples) * footprint.trainingFlops,
      peakBytes: planned(
        bytes: 24 * min(Double(queries) * width, Double(Memory.standardBlockBytes)))
        + blockBytes)
  }

  /// p, as the gradients have it.
  var width: Double {
    footprint.blocks.reduce(0) { $0 + Double($1.left) * Double($1.right) }
  }

  /// A block of examples on its way through the network, with the gradients that are kept of it.
  var blockBytes: Int {
    network.examplesAtATime(atMost: max(1, 512 / positions), functions: 1)
      * footprint.bytes(functions: 1)
  }
}
