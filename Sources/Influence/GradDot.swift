// Letters: n training examples, m queries.
import Datasets
import Factors
import Gradients
import Networks
import Tensors

/// `graddot` and `gradcos` on the exact kernel.
///
///     τ[x,i] = ⟨∇f(x), −∇ℓ(z_i)⟩,   and the same over ‖∇f(x)‖ ‖∇ℓ(z_i)‖
///
/// With f = −ℓ this is g_x·g_i: by how much a descent step on z_i lowers the loss of x.
///
/// - Complexity: 2mn·Σ(I + O) flops for T = 1.
/// - Source: Charpiat et al. 2019 (arXiv:1911.08198).
struct GradDot: CheckpointScorer {
  let source: GradientSource
  let function: OutputFunction
  let data: Dataset
  private let training: KernelGradients
  let norms: [Float]
  let isCosine: Bool
  let notes: [String]

  var damping: DampingReport? { nil }
  var byteCount: Int { training.byteCount }

  init(
    source: GradientSource, training data: Dataset, outputFunction: OutputFunction,
    cosine: Bool, checkpoint: String
  ) throws {
    self.source = source
    self.data = data
    function = outputFunction
    isCosine = cosine
    training = try KernelGradients(of: data, source: source, target: .output(.loss))
    let squares = training.squaredNorms
    notes = try GradientDiagnosis(squaredNorms: squares, data: data, checkpoint: checkpoint).notes
    norms = squares.map { $0.squareRoot() }
  }

  func scores(_ queries: Dataset, mean: Bool) throws -> Matrix<Float> {
    var result = Matrix<Float>(rows: mean ? 1 : queries.count, columns: training.count)
    try training.forEachRows(of: queries, target: .output(function), atMost: queryBlock) { block in
      var rows = block.kernel
      if isCosine {
        rows.divide(rows: block.gradients.squaredNorms().map { $0.squareRoot() }, norms)
      }
      result.take(rows, at: block.range.lowerBound, meanOver: mean ? queries.count : nil)
    }
    return result
  }

  func selfScores() throws -> [Float] {
    if function == .loss { return isCosine ? norms.map { $0 > 0 ? 1 : 0 } : norms.map { $0 * $0 } }
    var result: [Float] = []
    // The diagonal of the kernel by small squares on it.
    for range in (0..<data.count).blocks(of: min(64, training.blockSize)) {
      let block = try source.gradients(
        of: data.subset(Array(range)), target: .output(function)
      ).gradients
      var square = block.exactKernel(with: try training.gradients(range))
      if isCosine {
        square.divide(
          rows: block.squaredNorms().map { $0.squareRoot() }, Array(norms[range]))
      }
      result += range.map { square[$0 - range.lowerBound, $0 - range.lowerBound] }
    }
    return result
  }
}

extension Matrix where Scalar == Float {
  /// A matrix of zeros.
  init(rows: Int, columns: Int) { self.init(repeating: 0, rows: rows, columns: columns) }

  /// Divides element (i, j) by a_i b_j; what is divided by 0 becomes 0.
  mutating func divide(rows a: [Float], _ b: [Float]) {
    let inverse = b.map { $0 > 0 ? 1 / $0 : 0 }
    let target = writableStorage()
    for i in 0..<rows {
      let scale = a[i] > 0 ? 1 / a[i] : 0
      for j in 0..<columns { target.base[i * columns + j] *= scale * inverse[j] }
    }
  }
}
