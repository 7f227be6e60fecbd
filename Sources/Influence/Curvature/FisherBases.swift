// Letters: n examples, T positions, O left width, I right width.
import Datasets
import Factors
import Gradients
import LinearAlgebra
import Networks
import Tensors

/// The gradients that a Fisher matrix is the mean square of, passing by as often as they are asked for.
struct FisherGradients {
  let data: Dataset
  private let source: any GradientProvider
  private let isSampled: Bool

  /// The seed of the drawn labels: the same for every checkpoint and method.
  static let seed: UInt64 = 0

  /// - Parameter notes: hears where labels cannot be drawn.
  init(
    data: Dataset, source: any GradientProvider, curvature: Curvature, notes: inout [String]
  ) {
    (self.data, self.source) = (data, source)
    let isWanted = curvature == .trueFisher
    isSampled = isWanted && source is GradientSource
    if isWanted && !isSampled {
      notes.append(
        "the Fisher matrix is that at the labels of the data (empirical): these gradients come from "
          + "elsewhere, and no labels can be drawn from the network")
    }
  }

  /// Calls `body` with the factors of one block of examples after the other.
  func forEachBlock(_ body: (Range<Int>, ExampleGradients) throws -> Void) throws {
    if isSampled, let network = source as? GradientSource {
      return try network.forEachSampledBlock(of: data, seed: FisherGradients.seed, body)
    }
    try source.forEachBlock(of: data, target: .output(.loss)) { range, gradients, _ in
      try body(range, gradients)
    }
  }
}

/// The eigenbases of the covariances of every layer's inputs and output gradients.
struct FisherBases {
  /// Eigenvectors in rows and their eigenvalues, at least 0.
  struct Side {
    let vectors: Matrix<Float>
    let values: [Double]

    /// Of a sum of outer products over `count`.
    init(_ sum: Matrix<Double>, count: Int, name: String) throws {
      var mean = sum
      let storage = mean.writableStorage()
      for k in 0..<storage.count { storage.base[k] /= Double(max(1, count)) }
      let eigen = try SymmetricEigen(consume mean, name: name)
      vectors = Matrix(eigen.vectors.elements.map { Float($0) }, rows: sum.rows, columns: sum.rows)
      values = eigen.values.map { max(0, $0) }
    }
  }

  /// The names of the blocks.
  private(set) var names: [String] = []
  /// S and A of each block; nil where it has none.
  private(set) var bases: [(left: Side, right: Side)?] = []

  /// One pass over the examples.
  init(_ gradients: FisherGradients, notes: inout [String]) throws {
    var sums: [(left: Matrix<Double>, right: Matrix<Double>)?] = []
    var positions: [Int] = []
    try gradients.forEachBlock { _, block in
      if sums.isEmpty {
        names = block.blocks.map(\.weight.name)
        positions = block.blocks.map { $0.terms.reduce(0) { $0 + $1.positions } }
        sums = block.blocks.map { own in
          guard own.isDense, max(own.leftWidth, own.rightWidth) <= EigenFisher.widestSide else {
            return nil
          }
          return (
            Matrix(repeating: 0, rows: own.leftWidth, columns: own.leftWidth),
            Matrix(repeating: 0, rows: own.rightWidth, columns: own.rightWidth)
          )
        }
      }
      for (own, sum) in zip(block.blocks, sums) {
        guard let sum else { continue }
        for term in own.terms {
          addSymmetricProduct(
            ofTransposed: MatrixView(term.left.materialised(count: block.count)),
            to: MatrixView(sum.left))
          addSymmetricProduct(
            ofTransposed: MatrixView(term.right.materialised(count: block.count)),
            to: MatrixView(sum.right))
        }
      }
    }
    let n = gradients.data.count
    bases = try sums.enumerated().map { b, sum in
      guard let sum else { return nil }
      return (
        try Side(sum.left, count: n, name: "output gradients' covariance of \(names[b])"),
        try Side(sum.right, count: n * positions[b], name: "inputs' covariance of \(names[b])")
      )
    }
    let without = names.indices.filter { bases[$0] == nil }.map { names[$0] }
    if !without.isEmpty {
      notes.append(
        "taken as diagonal, having no pair of dense sides: "
          + without.prefix(4).joined(separator: ", ")
          + (without.count > 4 ? ", … (\(without.count) in all)" : ""))
    }
  }
}
