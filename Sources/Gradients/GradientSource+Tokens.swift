// Letters: n examples, T positions, C outputs, p parameters.
import Datasets
import Factors
import Networks
import Tensors

/// What each target of a sequence adds to the gradient of its example: ∇f(z) = Σ_t ∇f_t(z).
extension GradientSource {
  /// Σ_i w_i ∇f(z_i), p values, 0 outside of the network's selection.
  ///
  /// - Parameter weights: w, n values.
  /// - Complexity: a forward and a backward pass; memory does not grow with n.
  public func gradientSum(
    of data: Dataset, _ function: OutputFunction, weights: [Float]
  ) -> Tensor {
    precondition(weights.count == data.count, "\(weights.count) weights, \(data.count) examples")
    var total: Tensor?
    forEachRange(of: data.count, functions: 1) { range in
      let pass = network.pass(
        parameters, batch: range.count, for: .gradient, addingTo: total.take())
      let outputs = network.root.forward(data.inputs.prefixSlice(range), pass)
      var slopes = function.gradient(
        outputs, TargetValues(data.targets.subset(Array(range))))
      let target = slopes.writableStorage()
      for (row, weight) in weights[range].enumerated() {
        VectorMath.scale(
          weight, target.base + row * network.outputSize, count: network.outputSize)
      }
      _ = network.root.backward(slopes, pass)
      total = pass.gradient.take()
    }
    let sum = total ?? Tensor(repeating: 0, shape: [network.parameterCount])
    guard let selection = network.selection else { return sum }
    let result = Tensor(repeating: 0, shape: sum.shape)
    for range in selection.ranges {
      (result.storage.base + range.lowerBound).update(
        from: sum.storage.base + range.lowerBound, count: range.count)
    }
    return result
  }

  /// ⟨∇f_t(z_i), v⟩ for every position t of every sequence, from one tangent pass.
  ///
  /// f_t depends on the outputs at position t alone, so it is ⟨∂f_t/∂z_t, (Jv)_t⟩.
  ///
  /// - Parameter direction: v, p values.
  /// - Returns: n × T; 0 at positions without a target. A row sums to ⟨∇f(z_i), v⟩.
  /// - Throws: `DerivativeError`.
  public func tokenDerivatives(
    of data: Dataset, _ function: OutputFunction, along direction: Tensor
  ) throws -> Matrix<Float> {
    let positions = network.outputShape[0]
    let result = Matrix<Float>(repeating: 0, rows: data.count, columns: positions)
    let width = network.outputCount
    try forEachRange(of: data.count, functions: 1) { range in
      let (tangent, outputs) = try network.outputTangent(
        data.inputs.prefixSlice(range), parameters: parameters, along: direction)
      let slopes = function.gradient(outputs, TargetValues(data.targets.subset(Array(range))))
      for row in 0..<range.count * positions {
        result.storage.base[range.lowerBound * positions + row] = VectorMath.dot(
          slopes.storage.base + row * width, tangent.storage.base + row * width, count: width)
      }
    }
    return result
  }

  /// Calls `body` with the factors of ∇f_t of one sequence for some positions t after the other.
  ///
  /// - Parameter data: one example.
  public func forEachTokenBlock(
    of data: Dataset, _ function: OutputFunction,
    _ body: (Range<Int>, ExampleGradients) throws -> Void
  ) throws {
    precondition(data.count == 1, "\(data.count) examples")
    let (positions, width) = (network.outputShape[0], network.outputCount)
    try forEachRange(of: positions, functions: 1) { range in
      let copies = data.subset([0]).inputs.gathered(range.map { _ in 0 })
      let gradients = try network.exampleGradients(copies, parameters: parameters) { outputs in
        var slopes = function.gradient(
          outputs, TargetValues(data.targets).gathered(range.map { _ in 0 }))
        let target = slopes.writableStorage()
        for (row, own) in range.enumerated() {
          for position in 0..<positions where position != own {
            (target.base + (row * positions + position) * width).update(
              repeating: 0, count: width)
          }
        }
        return slopes
      }.gradients
      try body(range, gradients)
    }
  }
}
