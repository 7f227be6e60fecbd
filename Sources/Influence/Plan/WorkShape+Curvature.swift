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

  /// p, as the gradients have it.
  var width: Double {
    footprint.blocks.reduce(0) { $0 + Double($1.left) * Double($1.right) }
  }

  /// A block of examples on its way through the network.
  private var blockBytes: Int {
    network.examplesAtATime(atMost: max(1, 512 / positions), functions: 1)
      * footprint.bytes(functions: 1)
  }
}
