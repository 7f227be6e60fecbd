// Letters: n examples, k features.
import Datasets
import Factors
import Networks
import Projections
import Tensors

extension GradientProvider {
  /// Calls `body` with the features of one block of examples after the other.
  ///
  /// A projector that wants many examples gets as many as fit into `Memory.blockBytes`, others what
  /// goes through the network at a time. Blocks end at absolute multiples of their size.
  ///
  /// Features of a Jacobian are over √C, so that their inner products are the trace kernel's:
  /// the mean over the outputs.
  ///
  /// - Parameters:
  ///   - limit: most examples at a time.
  ///   - seen: hears of the outputs, in smaller blocks, before their features come.
  ///   - body: gets n rows of k features.
  /// - Throws: `GradientError`, `ProjectionError`, and what the closures throw.
  public func forEachFeatures(
    of data: Dataset, rows: Range<Int>? = nil, atMost limit: Int, projector: any Projector,
    target: GradientSource.Target, seen: (Range<Int>, Tensor) throws -> Void = { _, _ in },
    _ body: (Range<Int>, Matrix<Float>) throws -> Void
  ) throws {
    let pass = min(limit, projectionBlock)
    let size =
      projector.prefersManyExamples
      ? examplesHeld(atMost: limit, atLeast: pass) : pass
    for range in (rows ?? 0..<data.count).blocks(of: size) {
      var assembly = GradientAssembly(count: range.count)
      try forEachBlock(of: data, rows: range, blockSize: pass, target: target) {
        assembly.append(projector.prefersManyExamples ? $1.writtenOutWhereSmaller() : $1)
        try seen($0, $2)
      }
      var features = try projector.project(assembly.gradients())
      if target == .jacobian {
        let values = features.writableStorage()
        VectorMath.scale(
          1 / Float(outputCount).squareRoot(), values.base, count: values.count)
      }
      try body(range, features)
    }
  }
}
