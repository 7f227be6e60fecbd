// Letters: n training examples, m queries, p parameters.
import Datasets
import Factors
import Gradients
import Networks
import Tensors

/// ⟨∇f(x), −∇ℓ(z_i)⟩ of a few queries, written out as directions, with gradients that pass by.
///
/// Gradients of a large network are costly to hold and to write out: a few queries are multiplied with
/// each block of factors as it comes, at the cost of a forward pass a query (`GradientDirections`).
/// Memory is that of the directions, m · p, and of one block.
struct StreamedProducts {
  /// Queries up to which it costs less than products of gradients that are written out.
  static let queryLimit = 3
  /// Bytes of all gradients from which on they are not held for a few queries.
  @TaskLocal static var heldBytes = 1 << 30

  /// m × n.
  let products: Matrix<Float>
  /// ‖∇ℓ(z_i)‖², n values.
  let squaredNorms: [Float]

  /// Whether a checkpoint's gradients are large, and made by a network.
  static func suit(_ context: ScoringContext) -> Bool {
    guard context.checkpoint.isExact, let source = context.checkpoint.source as? GradientSource
    else { return false }
    return suit(source.network.footprint, examples: context.training.count)
  }

  /// Whether gradients of so many examples are large.
  static func suit(_ footprint: ExampleFootprint, examples: Int) -> Bool {
    footprint.keptBytes(functions: 1) > heldBytes / max(1, examples)
  }

  /// Goes through the training examples once.
  ///
  /// - Throws: `GradientError`.
  init(
    _ directions: GradientDirections, with training: Dataset, source: any GradientProvider
  ) throws {
    let products = Matrix<Float>(uninitialized: directions.count, training.count)
    var norms: [Float] = []
    try source.forEachBlock(of: training, target: .output(.loss)) { range, gradients, _ in
      let block = gradients.products(with: directions)
      for row in 0..<block.rows {
        (products.storage.base + row * training.count + range.lowerBound).update(
          from: block.storage.base + row * block.columns, count: block.columns)
      }
      norms += gradients.squaredNorms()
    }
    (self.products, squaredNorms) = (products, norms)
  }
}

extension GradientProvider {
  /// The gradients of a few examples, or the mean of many, written out.
  ///
  /// - Parameter isUnit: whether each is brought to length 1; one that is 0 stays.
  func directions(
    of data: Dataset, _ function: OutputFunction, mean: Bool, isUnit: Bool
  ) throws -> GradientDirections {
    var sum: GradientDirections?
    let share = mean ? 1 / Float(data.count) : 1
    try forEachBlock(of: data, target: .output(function)) { range, gradients, _ in
      let norms = isUnit ? gradients.squaredNorms().map { $0.squareRoot() } : []
      let weights = Matrix<Float>(
        repeating: 0, rows: mean ? 1 : data.count, columns: range.count)
      for (place, row) in range.enumerated() {
        let scale = isUnit ? (norms[place] > 0 ? 1 / norms[place] : 0) : 1
        weights.storage.base[(mean ? 0 : row) * range.count + place] = share * scale
      }
      let part = gradients.sums(weights: weights)
      if sum == nil { sum = part } else { sum?.add(part) }
    }
    return sum ?? GradientDirections(count: 0, blocks: [])
  }
}
