// Letters: n training examples, m queries, C outputs, s orders.
import Datasets
import Gradients
import LinearAlgebra
import Networks
import Randomness
import Tensors

/// `freeshap`: Shapley values of kernel regression with the trace kernel, by random orders.
///
///     v(S) = ⟨ŷ_S(x), ∂f/∂z(x)⟩,   ŷ_S = κ(x, S) (K_S + λ)⁻¹ Y_S
///     τ[x,i] = mean over orders of v(before i, and i) − v(before i)
///
/// An order needs no inverses: with L Lᵀ = K + λ in that order, the example in place t adds
/// [L⁻¹κ(Z, x)]_t [L⁻¹Y]_t to the prediction. One factor and one triangular solve an order are what
/// the paper's n updates of a block inverse come to. Orders come in pairs, one the other's reverse.
/// Scores are means over so many orders: a note says how large their standard error is.
///
/// - Complexity: s (n³/3 + n²(m + C)) flops; 12n² bytes.
/// - Source: Wang et al. 2024 (arXiv:2406.04606); the recursion as a Cholesky factor is here.
final class FreeShap: CheckpointScorer {
  /// s.
  static let orders = 20
  /// Training examples it goes to.
  static let mostExamples = 5_000

  private let kernel: any GradientKernel
  private let matrix: Matrix<Float>
  private let targets: Matrix<Double>
  /// The rows in an order of their ids.
  private let rows: [Int]
  private let function: OutputFunction
  let damping: DampingReport?
  private let errors = ErrorRecord()

  init(_ context: ScoringContext) throws {
    try context.requireLabels("freeshap")
    function = context.options.outputFunction
    rows = context.training.canonicalOrder
    kernel = try context.kernel(.jacobian)
    let outputs = kernel.source.outputCount
    targets = context.training.targets.centred(outputs: outputs)
    matrix = try kernel.rows(of: context.training, target: .jacobian, mean: false)
    damping = context.damping(meanEigenvalue: matrix.meanOfDiagonal)
  }

  var notes: [String] {
    kernel.notes
      + [
        "\(FreeShap.orders) random orders of the training examples"
          + (errors.share.map { "; standard error \(short($0)) of the scores' spread" } ?? "")
      ]
  }
  var byteCount: Int { kernel.byteCount + 4 * matrix.count }
  var deletedRows: [Int] { [] }

  func scores(of queries: Dataset, mean: Bool) throws -> any TrainingProducts {
    var result = Matrix<Float>(rows: mean ? 1 : queries.count, columns: matrix.rows)
    try kernel.forEachRows(of: queries, target: .jacobian) { block in
      let slopes = Matrix<Float>(
        function.gradient(block.outputs, TargetValues(block.queries.targets)))
      result.take(
        try values(block.rows, slopes: slopes), at: block.range.lowerBound,
        meanOver: mean ? queries.count : nil)
    }
    return HeldProducts(result)
  }

  func selfScores(of training: Dataset) throws -> [Float] {
    let slopes = Matrix<Float>(
      function.gradient(try kernel.outputs(), TargetValues(training.targets)))
    let all = try values(matrix, slopes: slopes)
    return (0..<matrix.rows).map { all[$0, $0] }
  }

  /// The mean over the orders, m × n.
  private func values(_ own: Matrix<Float>, slopes: Matrix<Float>) throws -> Matrix<Float> {
    let (n, m, outputs) = (matrix.rows, own.rows, targets.columns)
    let sum = Matrix<Float>(rows: m, columns: n)
    let squares = Matrix<Float>(rows: m, columns: n)
    let value = Float(damping?.damping ?? 0)
    for pair in 0..<FreeShap.orders / 2 {
      let forward = RandomStream(seed: 0, purpose: .solver, index: UInt64(1 << 41 + pair))
        .permutation(of: n).map { rows[$0] }
      let one = Matrix<Float>(rows: m, columns: n)
      for order in [forward, forward.reversed()] {
        let permuted = Matrix<Float>(uninitialized: n, n)
        let source = matrix.storage
        Workers.run(over: n, grain: 64) { range in
          for t in range {
            let line = source.base + order[t] * n
            let target = permuted.storage.base + t * n
            for u in 0...t { target[u] = line[order[u]] }
          }
        }
        let factor = try Cholesky(
          consume permuted, damping: value, name: "trace kernel in a random order")
        let sides = Matrix<Float>(uninitialized: m + outputs, n)
        for t in 0..<n {
          for q in 0..<m { sides.storage.base[q * n + t] = own.storage.base[q * n + order[t]] }
          for c in 0..<outputs {
            sides.storage.base[(m + c) * n + t] = Float(
              targets.storage.base[order[t] * outputs + c])
          }
        }
        let solved = factor.halfSolve(rows: consume sides)
        // Σ_c ∂f/∂z_c [L⁻¹Y_c]_t, m × n.
        let along = product(
          MatrixView(slopes), MatrixView(solved).rows(m..<m + outputs))
        for q in 0..<m {
          for t in 0..<n {
            one.storage.base[q * n + order[t]] +=
              solved.storage.base[q * n + t] * along.storage.base[q * n + t] / 2
          }
        }
      }
      for k in 0..<m * n {
        sum.storage.base[k] += one.storage.base[k]
        squares.storage.base[k] += one.storage.base[k] * one.storage.base[k]
      }
    }
    let pairs = Float(FreeShap.orders / 2)
    var (noise, spread) = (0.0, 0.0)
    for k in 0..<m * n {
      let mean = sum.storage.base[k] / pairs
      noise += Double(max(0, squares.storage.base[k] / pairs - mean * mean)) / Double(pairs - 1)
      spread += Double(mean * mean)
      sum.storage.base[k] = mean
    }
    if spread > 0 { errors.add((noise / spread).squareRoot()) }
    return sum
  }
}

extension Method {
  /// Shapley values of kernel regression.
  public static let freeShap = Method(
    name: "freeshap", title: "Shapley value for kernel regression with the trace kernel",
    source: "Wang et al. 2024", gradients: .jacobian, unit: .shapley,
    needs: [.labels, .damping, .layers], limits: Limits(examples: FreeShap.mostExamples),
    cost: { shape in
      let (n, m) = (Double(shape.examples), Double(shape.queries))
      let s = Double(FreeShap.orders)
      let kernel = shape.asking(shape.examples + shape.queries).kernel(.outputs)
      return MethodCost(
        flops: kernel.flops + s * (n * n * n / 3 + n * n * m),
        peakBytes: kernel.peakBytes + planned(bytes: 12 * n * n + 12 * m * n),
        keptBytes: kernel.keptBytes + planned(bytes: 4 * n * n))
    },
    prepare: { try FreeShap($0) })
}
