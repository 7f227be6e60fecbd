// Letters: B queries of a block, T positions, U units, W activations.
import Networks
import Tensors

/// Some queries after a forward pass with nothing taken away.
struct UnmaskedBlock: Sendable {
  /// Their places among the queries.
  let queries: Range<Int>
  /// ∂f/∂z, by the network's outputs.
  let slopes: Tensor
}

extension ComponentStudy {
  /// Calls `body` with blocks of queries and their passes, forward done, on all workers.
  ///
  /// Blocks depend on the network alone: the same bits for any thread count.
  ///
  /// - Parameters:
  ///   - use: for the progress.
  ///   - purpose: what the pass keeps and observes at the components' points.
  ///   - passes: what a query costs.
  ///   - others: further points that are observed.
  /// - Throws: `JobCancelled`.
  func forEachUnmaskedBlock(
    _ use: String, for purpose: Pass.Purpose, passes: Int, observing others: Set<Int> = [],
    _ body: @Sendable (UnmaskedBlock, Pass) -> Void
  ) throws {
    let network = outputs.network
    let points = Set(components.groups.map(\.point)).union(others)
    let blocks = (0..<outputs.count).blocks(of: network.examplesAtATime(atMost: 64))
    let stage = control.stage("passes: \(use)", unit: "queries")
    for some in blocks.indices.blocks(of: ComponentStudy.blocksAtATime) {
      try control.check()
      Workers.run(slices: some.count) { index in
        let block = blocks[some.lowerBound + index]
        let masks =
          purpose.contains(.maskGradients)
          ? outputs.keeping(rows: block.count, outputs.filling.rows(of: block)) : [:]
        let pass = network.pass(
          outputs.parameters, batch: block.count, for: purpose, ablation: masks,
          observing: points)
        let found = network.root.forward(outputs.queries.inputs.gathered(Array(block)), pass)
        body(UnmaskedBlock(queries: block, slopes: outputs.slopes(found, of: block)), pass)
      }
      stage.update(blocks[some.upperBound - 1].upperBound, of: outputs.count)
    }
    count(passes: passes)
  }

  /// Blocks between two looks at whether the job was cancelled.
  private static let blocksAtATime = 16

  /// τ from one forward and one backward pass a query: Σ over a unit's activations and their
  /// positions of a function of the activation x and of ∂f/∂x.
  ///
  /// - Returns: Q × d; 0 of a component that no gradient reaches.
  /// - Precision: fp64 sums in the order of the activations.
  func unmaskedSums(
    _ use: String, _ term: @escaping @Sendable (_ x: Float, _ dx: Float) -> Double
  ) throws -> Matrix<Float> {
    let d = count
    let scores = Matrix<Float>(repeating: 0, rows: outputs.count, columns: d)
    let room = scores.storage
    let network = outputs.network
    try forEachUnmaskedBlock(use, for: [.activations, .activationGradients], passes: 3) {
      block, pass in
      network.backward(block.slopes, pass)
      components.forEachSum(in: pass, term) { row, place, sum in
        room.base[(block.queries.lowerBound + row) * d + place] = Float(sum)
      }
    }
    return scores
  }
}

extension ComponentSet {
  /// Hands out Σ over each component's activations of each example of a function of x and ∂f/∂x, as
  /// a pass observed them.
  func forEachSum(
    in pass: Pass, _ term: (_ x: Float, _ dx: Float) -> Double,
    _ body: (_ row: Int, _ place: Int, _ sum: Double) -> Void
  ) {
    let groups = Dictionary(uniqueKeysWithValues: groups.map { ($0.point, $0) })
    for (place, component) in components.enumerated() {
      guard let group = groups[component.point],
        let x = pass.observed.activations[group.point],
        let dx = pass.observed.gradients[group.point]
      else { continue }
      let width = group.width
      let positions = x.count / max(1, pass.batch * width)
      for row in 0..<pass.batch {
        var sum = 0.0
        for position in row * positions..<(row + 1) * positions {
          let start = position * width + component.unit * group.unitWidth
          for cell in start..<start + group.unitWidth {
            sum += term(x.storage.base[cell], dx.storage.base[cell])
          }
        }
        body(row, place, sum)
      }
    }
  }
}
