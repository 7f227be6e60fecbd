// Letters: n training examples, m queries, H features, K neighbours.
import Datasets
import Gradients
import LinearAlgebra
import Networks
import Tensors

/// `knnshapley`: Shapley values of the K-nearest-neighbour classifier on the last layer's inputs.
///
/// With the training examples in the order of their distance from x, the farthest last,
///
///     τ[x,(n)] = [y_(n) = y] / n
///     τ[x,(i)] = τ[x,(i+1)] + ([y_(i) = y] − [y_(i+1) = y]) / K · min(K, i) / i
///
/// in which the value of a set is the share of its K nearest examples that have the query's label.
/// A query's scores add up to that share. Equal distances: by label, then in the order of the rows,
/// so that copies score the same.
///
/// - Complexity: 2mnH flops and m n log n comparisons.
/// - Source: Jia et al. 2019 (arXiv:1908.08619), theorem 1.
struct KNNShapley: CheckpointScorer {
  /// K.
  static let neighbours = 5

  private let layer: LastLayer
  private let features: Matrix<Float>
  private let squares: [Float]
  private let classes: [Int32]

  init(_ context: ScoringContext) throws {
    layer = try LastLayer(context)
    features = try layer.features(of: context.training).features
    squares = features.squaredRowNorms()
    classes = context.training.classes ?? []
  }

  var damping: DampingReport? { nil }
  var notes: [String] {
    [
      "the \(KNNShapley.neighbours) nearest neighbours by the inputs of \(layer.name), "
        + "\(features.columns) numbers; a query's scores add up to the share of its label among them"
    ]
  }
  var byteCount: Int { 4 * features.count }
  var deletedRows: [Int] { [] }

  func scores(of queries: Dataset, mean: Bool) throws -> any TrainingProducts {
    let n = classes.count
    var result = Matrix<Float>(rows: mean ? 1 : queries.count, columns: n)
    for range in (0..<queries.count).blocks(of: queryBlock) {
      let block = queries.subset(Array(range))
      let values = values(
        try layer.features(of: block).features, labels: block.classes ?? [])
      result.take(values, at: range.lowerBound, meanOver: mean ? queries.count : nil)
    }
    return HeldProducts(result)
  }

  func selfScores(of training: Dataset) throws -> [Float] {
    var result: [Float] = []
    for range in (0..<training.count).blocks(of: queryBlock) {
      let own = values(MatrixView(features).rows(range).matrix, labels: Array(classes[range]))
      result += range.map { own[$0 - range.lowerBound, $0] }
    }
    return result
  }

  /// The values of every training example for some queries, m × n.
  private func values(_ queries: Matrix<Float>, labels: [Int32]) -> Matrix<Float> {
    let (n, k) = (classes.count, min(KNNShapley.neighbours, classes.count))
    let products = product(MatrixView(queries), MatrixView(features).transposed)
    let result = Matrix<Float>(uninitialized: queries.rows, n)
    let (squares, classes) = (squares, classes)
    Workers.run(slices: queries.rows) { row in
      // ‖h_i‖² − 2 h_i·h_x: the query's own square is the same for all.
      let keys = (0..<n).map { squares[$0] - 2 * products.storage.base[row * n + $0] }
      let order = (0..<n).sorted {
        if keys[$0] != keys[$1] { return keys[$0] < keys[$1] }
        return classes[$0] != classes[$1] ? classes[$0] < classes[$1] : $0 < $1
      }
      let target = result.storage.base + row * n
      func fits(_ place: Int) -> Double { classes[order[place]] == labels[row] ? 1 : 0 }
      // It counts where fewer than K come before it: in K of n places, by 1/K.
      var value = fits(n - 1) / Double(n)
      target[order[n - 1]] = Float(value)
      for place in stride(from: n - 2, through: 0, by: -1) {
        let rank = place + 1
        value +=
          (fits(place) - fits(place + 1)) / Double(k) * Double(min(k, rank)) / Double(rank)
        target[order[place]] = Float(value)
      }
    }
    return result
  }
}

extension Method {
  /// Shapley values of the nearest neighbours.
  public static let knnShapley = Method(
    name: "knnshapley",
    title: "Shapley value for the nearest-neighbour classifier on the last layer's inputs",
    source: "Jia et al. 2019", gradients: .output, unit: .neighbours,
    needs: [.classes, .layers],
    cost: { shape in
      let (n, m) = (Double(shape.examples), Double(shape.queries))
      let width = Double(shape.footprint.blocks.last?.right ?? 1)
      return MethodCost(
        flops: (n + m) * shape.footprint.passFlops(functions: 1) + 2 * n * m * width
          + 20 * m * n * max(1, (n + 1).exponentOfTwo),
        peakBytes: planned(bytes: 4 * n * (width + 2 * m) + 16 * n) + shape.blockBytes,
        keptBytes: planned(bytes: 4 * n * width))
    },
    prepare: { try KNNShapley($0) })
}

extension Double {
  /// ⌊log₂⌋ of a positive number.
  fileprivate var exponentOfTwo: Double { Double(exponent) }
}
