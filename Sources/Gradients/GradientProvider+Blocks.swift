// Letters: n examples, C outputs.
import Datasets
import Factors
import Networks
import Tensors

/// What follows from a source's blocks.
extension GradientProvider {
  /// Per-example gradients of all of `data`, with the outputs: as factors, or written out in layers
  /// where that is smaller.
  ///
  /// - Returns: gradients of n examples and the outputs, n × C; n × 0 of sequences, whose outputs at
  ///   every position are not kept.
  /// - Throws: `GradientError.nonFiniteOutput` naming the first example whose outputs are not numbers;
  ///   `GradientError.outputFunction` when the function is not defined for the targets;
  ///   `MemoryError` when the gradients of all examples do not fit.
  public func gradients(
    of data: Dataset, target: GradientSource.Target
  ) throws -> (gradients: ExampleGradients, outputs: Tensor) {
    var assembly = GradientAssembly(count: data.count)
    let outputs = try forEachBlockWrittenOut(of: data, target: target) { range, block in
      if range.lowerBound == 0 {
        try Memory.require(
          Double(block.byteCount) / Double(range.count) * Double(data.count),
          for: "the gradients of \(data.count) examples",
          remedy: "use features (ascribe collect, then ‹kernel: features›), or fewer examples.")
      }
      assembly.append(block)
    }
    return (assembly.gradients().adopting(inputs: data.inputs), outputs)
  }

  /// As `forEachBlock`, of all examples, written out in layers where that is smaller.
  ///
  /// - Returns: the outputs as `gradients`.
  func forEachBlockWrittenOut(
    of data: Dataset, target: GradientSource.Target,
    _ body: (Range<Int>, ExampleGradients) throws -> Void
  ) throws -> Tensor {
    let width = keptOutputs
    let outputs = Tensor(uninitialized: [data.count, width])
    try forEachBlock(of: data, target: target) { range, block, logits in
      (outputs.storage.base + range.lowerBound * width).update(
        from: logits.storage.base, count: range.count * width)
      try body(range, block.writtenOutWhereSmaller())
    }
    return outputs
  }

  /// The factors of one example, which show the shapes of the layers.
  func sample(of data: Dataset, target: GradientSource.Target) throws -> ExampleGradients {
    var found = ExampleGradients(count: 0, blocks: [])
    try forEachBlock(of: data, rows: 0..<1, target: target) { _, gradients, _ in
      found = gradients
    }
    return found
  }

  /// As the requirement, with what is left open.
  public func forEachBlock(
    of data: Dataset, rows: Range<Int>? = nil, target: GradientSource.Target,
    _ body: (Range<Int>, ExampleGradients, Tensor) throws -> Void
  ) throws {
    try forEachBlock(of: data, rows: rows, blockSize: nil, target: target, body)
  }
}

extension GradientSource.Target {
  /// Refuses data whose targets the function is not defined for.
  func require(_ data: Dataset) throws(GradientError) {
    guard case .output(let function) = self, !function.accepts(TargetValues(data.targets)) else {
      return
    }
    throw .outputFunction(name: function.rawValue)
  }
}
