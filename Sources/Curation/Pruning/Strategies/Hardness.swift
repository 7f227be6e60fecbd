// Letters: n training examples, k kept, E epochs.
import Tensors
import Training

extension PruneStrategy {
  /// The three ways to cut an order from hard to easy: keep the hardest, the easiest, or a band.
  ///
  /// - Parameter hardness: n values, higher = harder.
  static func byHardness(
    _ name: String, of what: String, source: String, needs: [Need],
    _ hardness: @escaping @Sendable (PruneContext) throws -> [Float]
  ) -> [PruneStrategy] {
    func made(
      _ side: String, _ choose: @escaping @Sendable ([Int], Int) -> PruneSelection
    ) -> PruneStrategy {
      PruneStrategy(
        "\(name)-\(side)", keeps: "the \(side) examples by \(what)", source: source, needs: needs,
        cost: "n log n"
      ) { context, kept in
        choose(context.order(falling: try hardness(context)), kept)
      }
    }
    return [
      made("hardest") { order, kept in
        PruneSelection(first: kept, of: order) { _ in .easy }
      },
      made("easiest") { order, kept in
        PruneSelection(first: kept, of: order.reversed()) { _ in .hard }
      },
      made("banded") { order, kept in PruneSelection(band: kept, of: order) },
    ]
  }
}

extension PruneSelection {
  /// The middle of an order from hard to easy; its opposite are both ends.
  init(band kept: Int, of order: [Int]) {
    let start = (order.count - kept) / 2
    let hard = Set(order.prefix(start))
    self.init(
      kept: Array(order[start..<start + kept]), of: order.count,
      opposite: Array(order.prefix((kept + 1) / 2)) + Array(order.suffix(kept / 2))
    ) { hard.contains($0) ? .hard : .easy }
  }
}

extension PruneContext {
  /// The mean of a signal over some epochs and all seeds, n values.
  ///
  /// - Parameter epochs: which of E epochs.
  func mean(_ signal: ExampleSignal, over epochs: (Int) -> Range<Int>) throws -> [Float] {
    var sum = [Double](repeating: 0, count: count)
    var terms = 0.0
    for matrix in try sources.epochs(of: signal) {
      for epoch in epochs(matrix.rows) {
        for (row, value) in matrix.row(epoch).enumerated() { sum[row] += Double(value) }
        terms += 1
      }
    }
    return sum.map { Float($0 / max(1, terms)) }
  }

  /// The first tenth of the epochs, at least one: where EL2N and GraNd are read.
  static func early(_ epochs: Int) -> Range<Int> { 0..<min(epochs, max(1, epochs / 10)) }
}
