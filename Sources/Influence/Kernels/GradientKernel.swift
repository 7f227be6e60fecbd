// Letters: n training examples, m queries, C outputs, w coordinates of a query: n or k.
import Datasets
import Factors
import Gradients
import LinearAlgebra
import Networks
import Tensors

/// What a kernel's gradients are of.
public enum KernelTarget: Sendable, Hashable {
  /// An output function f.
  case output(OutputFunction)
  /// −ℓ, whatever function the features at hand are of.
  case loss
  /// Every output: the trace kernel Σ_c ⟨∇z_c, ∇z_c′⟩ / C.
  case jacobian
}

/// Some queries as a kernel sees them.
public struct QueryRows: Sendable {
  /// Rows of the queries.
  public let range: Range<Int>
  /// Their examples.
  public let queries: Dataset
  /// m × w: a query in the kernel's coordinates, linear in its gradient.
  public let rows: Matrix<Float>
  /// Their outputs, m × C; m × 0 of sequences.
  public let outputs: Tensor
  /// ‖∇f(x)‖² of each, on demand.
  public let squaredNorms: @Sendable () throws -> [Float]
}

/// Inner products of per-example gradients at one checkpoint: exact, or through stored features.
///
/// A query enters by its coordinates (n kernel values, or k features), which are linear in its
/// gradient: sums and means of them are those of gradients. What a method makes of them, as they are
/// or solved with the ridge model on the kernel, comes out as products with the training examples.
/// A method that is written on this protocol works on every kernel.
public protocol GradientKernel: Sendable {
  /// Where gradients at the checkpoint come from.
  var source: any GradientProvider { get }
  /// n.
  var count: Int { get }
  /// w.
  var width: Int { get }
  /// Rows that were deleted: they are in no sum, and have no score.
  var deletedRows: [Int] { get }
  /// What the user should know about the gradients.
  var notes: [String] { get }
  /// Bytes it holds on to.
  var byteCount: Int { get }
  /// ‖g_i‖² of every training example, n values.
  func squaredNorms() throws -> [Float]
  /// Outputs of the training examples, n × C; n × 0 of sequences.
  func outputs() throws -> Tensor
  /// Calls `body` with one block of queries after the other.
  func forEachRows(
    of queries: Dataset, target: GradientSource.Target, _ body: (QueryRows) throws -> Void
  ) throws
  /// ⟨q, g_i⟩ of the queries with these coordinates, m × n.
  func products(_ rows: Matrix<Float>) throws -> any TrainingProducts
  /// The ridge model on the kernel.
  func ridge(_ choice: DampingChoice) throws -> any RidgeModel
  /// Σ_q w_q ∇f(q), to be multiplied with parts of training gradients.
  func direction(
    of queries: Dataset, _ function: OutputFunction, weights: [Float]
  ) throws -> KernelDirection
  /// u with ⟨u, g_i⟩ = s_i h_i, h the solved products of the mean of some queries.
  func direction(
    of queries: Dataset, _ function: OutputFunction, solvedBy ridge: any RidgeModel
  ) throws -> KernelDirection
  /// ⟨v, ∇_t g_i⟩: the parts of some training examples by position, rows × T.
  func positionProducts(_ direction: KernelDirection, rows: [Int]) throws -> Matrix<Float>
  /// Σ_j V[l,j] ⟨Σ_q w_q ∇f(q), g_j⟩ by parts of the parameters, parts × L.
  ///
  /// - Throws: `InfluenceError.notDefined` where coordinates are not those of parameters.
  func partSums(
    of queries: Dataset, weights: [Float], target: GradientSource.Target,
    by partition: GradientPartition, _ sums: TrainingSums
  ) throws -> Matrix<Double>
}

/// A direction of the gradients, in the form that a kernel can take apart by position.
public enum KernelDirection: Sendable {
  /// p values.
  case parameters(Tensor)
  /// 1 × k.
  case features(Matrix<Float>)
}

/// How λ is chosen and spread when a ridge model is made.
public struct DampingChoice: Sendable {
  /// The rule.
  public var rule: DampingRule
  /// s > 0, n values; nil for 1.
  public var scales: [Double]?
  /// Whether spectrum and cross-validation are computed although the rule does not need them.
  public var diagnoses: Bool
  /// Whether examples will be left out: the diagonal of M⁻¹ is kept with a factor.
  public var needsDiagonal: Bool
  /// What the ridge model predicts, n × C, for cross-validation.
  public var targets: @Sendable () throws -> Matrix<Double>

  /// A choice.
  public init(
    rule: DampingRule, scales: [Double]?, diagnoses: Bool, needsDiagonal: Bool = false,
    targets: @escaping @Sendable () throws -> Matrix<Double>
  ) {
    (self.rule, self.scales, self.diagnoses, self.targets) = (rule, scales, diagnoses, targets)
    self.needsDiagonal = needsDiagonal
  }
}

/// m rows of products with the n training examples, made a range of examples at a time.
public protocol TrainingProducts: Sendable {
  /// m.
  var rows: Int { get }
  /// The products with some training examples, m × range.
  func block(_ range: Range<Int>) throws -> Matrix<Float>
  /// Calls `take` with what `map` makes of each block of products, in the order of the examples.
  ///
  /// - Parameters:
  ///   - count: n.
  ///   - map: gets a range with its products; called by several threads at once.
  ///   - take: called by one thread at a time.
  func forEachBlock(
    of count: Int, _ map: @Sendable (Range<Int>, Matrix<Float>) throws -> Matrix<Float>,
    inOrder take: (Range<Int>, Matrix<Float>) throws -> Void
  ) throws
}

extension TrainingProducts {
  /// Blocks of 4,096 examples, one after the other.
  public func forEachBlock(
    of count: Int, _ map: @Sendable (Range<Int>, Matrix<Float>) throws -> Matrix<Float>,
    inOrder take: (Range<Int>, Matrix<Float>) throws -> Void
  ) throws {
    for range in (0..<count).blocks(of: 4_096) { try take(range, try map(range, block(range))) }
  }
}

/// Products that are there already.
package struct HeldProducts: TrainingProducts {
  /// m × n.
  package let matrix: Matrix<Float>

  /// Products as a matrix.
  package init(_ matrix: Matrix<Float>) { self.matrix = matrix }

  /// m.
  package var rows: Int { matrix.rows }

  /// Columns of the matrix.
  package func block(_ range: Range<Int>) -> Matrix<Float> {
    if range == 0..<matrix.columns { return matrix }
    let result = Matrix<Float>(uninitialized: matrix.rows, range.count)
    for row in 0..<matrix.rows {
      (result.storage.base + row * range.count).update(
        from: matrix.storage.base + row * matrix.columns + range.lowerBound, count: range.count)
    }
    return result
  }
}

/// Products of a method from others, range by range.
struct MappedProducts: TrainingProducts {
  let base: any TrainingProducts
  let rows: Int
  let map: @Sendable (Range<Int>, Matrix<Float>) throws -> Matrix<Float>

  func block(_ range: Range<Int>) throws -> Matrix<Float> { try map(range, base.block(range)) }

  func forEachBlock(
    of count: Int, _ next: @Sendable (Range<Int>, Matrix<Float>) throws -> Matrix<Float>,
    inOrder take: (Range<Int>, Matrix<Float>) throws -> Void
  ) throws {
    let map = map
    try base.forEachBlock(of: count, { try next($0, try map($0, $1)) }, inOrder: take)
  }
}

extension GradientKernel {
  /// The queries' coordinates, m × w, or their mean, 1 × w.
  ///
  /// - Parameter isCosine: whether each is divided by ‖∇f(x)‖.
  public func rows(
    of queries: Dataset, target: GradientSource.Target, mean: Bool, isCosine: Bool = false
  ) throws -> Matrix<Float> {
    var result = Matrix<Float>(rows: mean ? 1 : queries.count, columns: width)
    try forEachRows(of: queries, target: target) { block in
      var rows = block.rows
      if isCosine {
        rows.divide(
          rows: try block.squaredNorms().map { $0.squareRoot() },
          [Float](repeating: 1, count: width))
      }
      result.take(rows, at: block.range.lowerBound, meanOver: mean ? queries.count : nil)
    }
    return result
  }
}
