// Letters: n training examples, m directions, p parameters.
import Datasets
import Factors
import Gradients
import LinearAlgebra
import Networks
import Tensors

/// C = mean over the whole training set of ∇²ℓ or its Gauss–Newton form, as an operator:
/// products with directions, never a matrix.
///
/// Not a sum of inverses of batches: nothing depends on how the examples are cut but rounding.
struct TrainingCurvature: Sendable {
  let source: GradientSource
  let data: Dataset
  let matrix: Network.CurvatureMatrix
  /// One example's gradient, for the shapes of the blocks.
  let layout: ExampleGradients

  /// - Throws: `GradientError.needsNetwork` for gradients from elsewhere.
  init(of data: Dataset, source: any GradientProvider, curvature: Curvature) throws {
    self.source = try source.network(for: "a product with the curvature")
    self.data = data
    matrix = curvature == .hessian ? .hessian : .gaussNewton
    layout = try source.factored(data.subset([0]), .output(.loss))
  }

  /// Numbers of a direction: the parameters that gradients are taken by.
  var width: Int { layout.gradientCount }

  /// C v of some directions.
  ///
  /// - Parameter rows: the examples of a batch; nil: all.
  func products(
    _ directions: GradientDirections, rows: [Int]? = nil
  ) throws -> GradientDirections {
    let flat = directions.flat(like: layout, parameterCount: source.network.parameterCount)
    let sums = try source.curvatureProducts(
      of: data, rows: rows, along: flat, matrix: matrix,
      scale: 1 / Double(max(1, rows?.count ?? data.count)))
    let rounded = Matrix<Float>(uninitialized: sums.rows, sums.columns)
    for k in 0..<sums.count { rounded.storage.base[k] = Float(sums.storage.base[k]) }
    return GradientDirections(flat: rounded, like: layout)
  }

  /// Zeros as directions.
  func zeros(_ count: Int) -> GradientDirections {
    GradientDirections(
      count: count,
      blocks: layout.blocks.map { Matrix<Float>(rows: count, columns: $0.gradientCount) })
  }

  /// The relative residual ‖g − (C + λ) v‖ / ‖g‖ of each solution; 0 for a zero gradient.
  func residuals(
    _ gradients: GradientDirections, _ solutions: GradientDirections, damping: Double
  ) throws -> [Double] {
    var rest = gradients
    rest.add(try products(solutions), times: -1)
    rest.add(solutions, times: Float(-damping))
    return zip(rest.dots(rest), gradients.dots(gradients)).map { rest, own in
      own > 0 ? (rest / own).squareRoot() : 0
    }
  }
}

extension GradientDirections {
  /// Each row times its number.
  mutating func scale(rows factors: [Float]) {
    for b in blocks.indices {
      let (storage, columns) = (blocks[b].writableStorage(), blocks[b].columns)
      for (row, factor) in factors.enumerated() {
        VectorMath.scale(factor, storage.base + row * columns, count: columns)
      }
    }
  }

  /// Adds other rows, each times its number.
  mutating func add(_ other: GradientDirections, rows factors: [Float]) {
    for b in blocks.indices {
      let (storage, columns) = (blocks[b].writableStorage(), blocks[b].columns)
      let source = other.blocks[b].storage
      for (row, factor) in factors.enumerated() {
        VectorMath.axpy(
          factor, source.base + row * columns, onto: storage.base + row * columns, count: columns)
      }
    }
  }

  /// Some rows, in the given order.
  func gathered(_ rows: [Int]) -> GradientDirections {
    GradientDirections(
      count: rows.count,
      blocks: blocks.map { block in
        let picked = Matrix<Float>(uninitialized: rows.count, block.columns)
        for (place, row) in rows.enumerated() {
          (picked.storage.base + place * block.columns).update(
            from: block.storage.base + row * block.columns, count: block.columns)
        }
        return picked
      })
  }

  /// Writes rows to the given places.
  mutating func put(_ rows: GradientDirections, at places: [Int]) {
    for b in blocks.indices {
      let (storage, columns) = (blocks[b].writableStorage(), blocks[b].columns)
      for (row, place) in places.enumerated() {
        (storage.base + place * columns).update(
          from: rows.blocks[b].storage.base + row * columns, count: columns)
      }
    }
  }

  /// All numbers of a direction in one row, block after block.
  var joined: Matrix<Float> {
    let result = Matrix<Float>(uninitialized: count, width)
    for row in 0..<count {
      var place = result.storage.base + row * width
      for block in blocks {
        place.update(from: block.storage.base + row * block.columns, count: block.columns)
        place += block.columns
      }
    }
    return result
  }

  /// Rows of joined numbers as directions.
  init(joined rows: Matrix<Float>, widths: [Int]) {
    var start = 0
    var blocks: [Matrix<Float>] = []
    for width in widths {
      blocks.append(MatrixView(rows).columns(start..<start + width).matrix)
      start += width
    }
    self.init(count: rows.rows, blocks: blocks)
  }
}
