// Letters: n examples, B block of examples, p parameters.
import Datasets
import Factors
import Networks
import Tensors

/// What curvatures are made of: gradients at labels that the network draws itself, and products of
/// the loss's second derivative with directions.
extension GradientSource {
  /// The loss that the targets are trained with.
  public static func loss(of targets: Targets) -> Loss {
    switch targets {
    case .classes: .crossEntropy
    case .values: .squaredError
    case .tokens: .nextToken
    }
  }

  /// Calls `body` with the factors of −∇ℓ at drawn labels, one block of examples after the other.
  ///
  /// - Parameter seed: of the draws; an example's follow from it and the example's id.
  /// - Throws: `GradientError.nonFiniteOutput`, `DerivativeError`, and what `body` throws.
  public func forEachSampledBlock(
    of data: Dataset, seed: UInt64, _ body: (Range<Int>, ExampleGradients) throws -> Void
  ) throws {
    let loss = GradientSource.loss(of: data.targets)
    try forEachRange(of: data.count, functions: 1) { range in
      let targets = TargetValues(data.targets.subset(Array(range)))
      let (gradients, outputs) = try network.exampleGradients(
        data.inputs.prefixSlice(range), parameters: parameters
      ) {
        loss.sampledSlopes(
          $0, targets, seed: seed, streams: data.ids[range].map(\.streamIndex))
      }
      try requireFinite(outputs, range, data)
      try GradientProgress.add(range, of: 0..<data.count)
      try body(range, gradients)
    }
  }

  /// Σ_i over all examples of the loss's curvature with directions, times `scale`.
  ///
  /// - Parameters:
  ///   - directions: m rows of p.
  ///   - rows: the examples that are summed over; nil: all.
  ///   - scale: of the sums; 1/n for means.
  /// - Returns: m × p, 0 outside the network's selection.
  /// - Throws: `DerivativeError`.
  /// - Complexity: m times about three gradients of every example.
  /// - Precision: fp32 as the passes; blocks of examples are added up in fp64.
  public func curvatureProducts(
    of data: Dataset, rows: [Int]? = nil, along directions: Matrix<Float>,
    matrix: Network.CurvatureMatrix, scale: Double
  ) throws -> Matrix<Double> {
    let loss = GradientSource.loss(of: data.targets)
    let p = network.parameterCount
    precondition(directions.columns == p, "directions of \(directions.columns) of \(p)")
    let sums = Matrix<Double>(repeating: 0, rows: directions.rows, columns: p)
    let data = rows.map { data.subset($0) } ?? data
    try forEachRange(of: data.count, functions: 1) { range in
      let inputs = data.inputs.prefixSlice(range)
      let targets = TargetValues(data.targets.subset(Array(range)))
      let products = try network.curvatures(
        inputs, targets, parameters: parameters, loss: loss, along: directions, matrix: matrix,
        scale: scale)
      for (row, product) in products.enumerated() {
        let target = sums.storage.base + row * p
        for k in 0..<p { target[k] += Double(product.storage.base[k]) }
      }
      try GradientProgress.add(range, of: 0..<data.count)
    }
    return sums
  }

  private func requireFinite(_ outputs: Tensor, _ range: Range<Int>, _ data: Dataset) throws {
    guard let position = outputs.firstNonFinite else { return }
    throw GradientError.nonFiniteOutput(
      example: "\(data.ids[range.lowerBound + position / network.outputSize])")
  }
}
