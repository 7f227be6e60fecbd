// Letters: n examples, T positions, O left width, I right width, B blocks of parameters.
import Datasets
import Factors
import Gradients
import LinearAlgebra
import Networks
import Tensors

/// The Fisher matrix of a network, block by block, in a basis where it is taken as diagonal.
///
/// For a weight with inputs a and output gradients d (a bias is the last coordinate of a), with
/// A = mean a aᵀ over examples and positions and S = mean over examples of Σ_t d dᵀ:
///
///     A = U_Aᵀ diag(a) U_A,   S = U_Sᵀ diag(s) U_S
///     kfac    F ≈ S ⊗ A                       Λ[o,j] = s_o a_j
///     ekfac   F ≈ U diag(Λ) Uᵀ                 Λ[o,j] = mean_i ((U_S G_i U_Aᵀ)[o,j])²
///     diagonal  the same without a basis       Λ[o,j] = mean_i (G_i[o,j])²
///
/// G_i = Σ_t d aᵀ is the whole gradient of an example, so that `ekfac` takes no positions to be
/// independent; `kfac` does. Layers' inputs and output gradients that are dense have a basis:
/// linear layers and convolutions (on their unfolded windows). Norm scales, biases of their own and
/// embeddings are taken as diagonal, which a note says.
///
/// - Complexity: two passes over the examples for `ekfac`; nT(O² + I²) flops for the covariances,
///   about 9(O³ + I³) for their bases, nT(O² + I²) and nTOI for Λ.
/// - Precision: products in fp32 of 256 rows, sums and bases in fp64; same bits for any thread count.
/// - Source: Martens & Grosse 2015 (arXiv:1503.05671), George et al. 2018 (arXiv:1806.03884), Grosse
///   et al. 2023 (arXiv:2308.03296). S is T times that of `kronfluence`, which takes the mean over
///   positions: it is the loss of a whole sequence whose Fisher matrix this is.
struct EigenFisher: InverseCurvature {
  /// How much of the matrix is kept.
  enum Form: String, Sendable {
    /// Λ from the covariances alone.
    case kfac
    /// Λ from the gradients in the covariances' bases.
    case ekfac
    /// The diagonal.
    case diagonal
  }

  /// One block.
  struct Block: Sendable {
    /// As errors and notes call it.
    let name: String
    /// Eigenvectors of S and A in rows; nil for a diagonal block.
    let basis: (left: Matrix<Float>, right: Matrix<Float>)?
    /// Λ, O × I.
    let values: Matrix<Double>
    /// λ of the block.
    var damping = 0.0
    /// 1/(Λ + λ), O × I; 0 where that is 0.
    var inverse = Matrix<Float>(rows: 0, columns: 0)

    /// The mean of Λ.
    var meanEigenvalue: Double {
      VectorMath.doubleSum(values.storage.base, count: values.count) / Double(max(1, values.count))
    }
  }

  /// Sides of more coordinates have no basis: it would take 9 · 8,192³ flops.
  static let widestSide = 8_192

  /// The blocks in the order of the gradients'.
  let blocks: [Block]
  let damping: DampingReport
  let notes: [String]

  var byteCount: Int {
    blocks.reduce(0) {
      $0 + 12 * $1.values.count
        + 4 * ($1.basis.map { $0.left.count + $0.right.count } ?? 0)
    }
  }

  /// The mean eigenvalue over all parameters, tr(F)/p.
  var meanEigenvalue: Double {
    let count = blocks.reduce(0) { $0 + $1.values.count }
    return blocks.reduce(0) { $0 + $1.meanEigenvalue * Double($1.values.count) }
      / Double(max(1, count))
  }

  /// The Fisher matrix of a network's training loss.
  ///
  /// - Parameters:
  ///   - curvature: `trueFisher` or `empiricalFisher`; the gradients of a file are those at the labels
  ///     of the data, which a note says.
  ///   - rule: λ of a block as a multiple of its mean eigenvalue, or one number for all.
  ///   - isGlobal: whether λ is that multiple of the mean eigenvalue of all blocks, the same in each.
  /// - Throws: `GradientError`, `LinearAlgebraError`, and `InfluenceError.allZero`.
  init(
    of data: Dataset, source: any GradientProvider, form: Form, curvature: Curvature,
    rule: DampingRule, isGlobal: Bool = false, checkpoint: String
  ) throws {
    var notes: [String] = []
    let gradients = FisherGradients(
      data: data, source: source, curvature: curvature, notes: &notes)
    let bases = try form == .diagonal ? nil : FisherBases(gradients, notes: &notes)
    var blocks = try EigenFisher.blocks(gradients, form, bases)
    let all = blocks.reduce(0.0) { $0 + $1.meanEigenvalue * Double($1.values.count) }
    let count = blocks.reduce(0) { $0 + $1.values.count }
    let mean = all / Double(max(1, count))
    guard mean > 0 else { throw InfluenceError.allZero(checkpoint: checkpoint) }
    for b in blocks.indices {
      let own = isGlobal ? mean : blocks[b].meanEigenvalue
      let value =
        switch rule {
        case .timesMeanEigenvalue(let x): x * own
        case .value(let value): value
        case .generalisedCrossValidation, .leaveOneOut: own
        }
      blocks[b].damp(by: value)
    }
    let overall = blocks.reduce(0) { $0 + $1.damping * Double($1.values.count) }
    damping = DampingReport(
      rule: rule, damping: overall / Double(max(1, count)), meanEigenvalue: mean)
    if !isGlobal, case .timesMeanEigenvalue = rule, blocks.count > 1 {
      notes.append(EigenFisher.dampingNote(blocks))
    }
    (self.blocks, self.notes) = (blocks, notes)
  }

  private init(blocks: [Block], damping: DampingReport, notes: [String]) {
    (self.blocks, self.damping, self.notes) = (blocks, damping, notes)
  }

  /// The same matrix with one λ.
  func damped(by value: Double) -> EigenFisher {
    var blocks = blocks
    for b in blocks.indices { blocks[b].damp(by: value) }
    return EigenFisher(
      blocks: blocks,
      damping: DampingReport(
        rule: .value(value), damping: value, meanEigenvalue: damping.meanEigenvalue), notes: [])
  }

  private static func dampingNote(_ blocks: [Block]) -> String {
    let sorted = blocks.sorted { $0.damping < $1.damping }
    guard let least = sorted.first, let most = sorted.last else { return "" }
    return "λ is set layer by layer, from \(short(least.damping)) (\(least.name)) to "
      + "\(short(most.damping)) (\(most.name)); above is their mean"
  }

  private static func blocks(
    _ gradients: FisherGradients, _ form: Form, _ bases: FisherBases?
  ) throws -> [Block] {
    var names: [String] = []
    var sums: [Matrix<Double>] = []
    let count = gradients.data.count
    // Λ of a block with a basis is known from that for `kfac`.
    func isKnown(_ b: Int) -> Bool { form == .kfac && bases?.bases[b] != nil }
    let needsPass = bases.map { $0.bases.indices.contains { !isKnown($0) } } ?? true
    if needsPass {
      try gradients.forEachBlock { _, block in
        if sums.isEmpty {
          sums = block.blocks.map {
            Matrix(repeating: 0, rows: $0.leftWidth, columns: $0.rightWidth)
          }
          names = block.blocks.map(\.weight.name)
        }
        for (b, own) in block.blocks.enumerated() where !isKnown(b) {
          let turned =
            bases?.bases[b].map {
              own.rotated(count: block.count, left: $0.left.vectors, right: $0.right.vectors)
            } ?? own
          turned.addSquares(count: block.count, to: sums[b])
        }
      }
    }
    return (bases?.names ?? names).indices.map { b in
      let basis = bases?.bases[b]
      let values: Matrix<Double>
      if isKnown(b), let basis {
        values = Matrix(uninitialized: basis.left.values.count, basis.right.values.count)
        for (o, s) in basis.left.values.enumerated() {
          for (j, a) in basis.right.values.enumerated() {
            values.storage.base[o * values.columns + j] = s * a
          }
        }
      } else {
        values = sums[b]
        for k in 0..<values.count { values.storage.base[k] /= Double(max(1, count)) }
      }
      return Block(
        name: (bases?.names ?? names)[b],
        basis: basis.map { ($0.left.vectors, $0.right.vectors) }, values: values)
    }
  }

  // MARK: Solves

  /// U ((U_S G U_Aᵀ) / (Λ + λ)) Uᵀ, the factors turned before they are written out.
  func solve(_ gradients: ExampleGradients) throws -> GradientDirections {
    GradientDirections(
      count: gradients.count,
      blocks: zip(blocks, gradients.blocks).map { own, block in
        own.turnedBack(own.scaled(own.turned(block, count: gradients.count)))
      })
  }

  /// The same of gradients that are written out.
  func solve(_ gradients: GradientDirections) throws -> GradientDirections {
    GradientDirections(
      count: gradients.count,
      blocks: zip(blocks, gradients.blocks).map { own, rows in
        own.turnedBack(own.scaled(own.turned(rows)))
      })
  }

  /// Σ G̃²/(Λ + λ) and Σ G̃²/(Λ + λ)² in the eigenbasis, which keeps lengths.
  func squares(_ gradients: ExampleGradients) throws -> (own: [Double], solved: [Double]) {
    var (ownSums, solvedSums) = (
      [Double](repeating: 0, count: gradients.count), [Double](repeating: 0, count: gradients.count)
    )
    for (own, block) in zip(blocks, gradients.blocks) {
      let turned = own.turned(block, count: gradients.count)
      let scaled = own.scaled(turned)
      for row in 0..<gradients.count {
        let (a, b) = (
          turned.storage.base + row * turned.columns, scaled.storage.base + row * turned.columns
        )
        ownSums[row] += VectorMath.doubleDot(a, b, count: turned.columns)
        solvedSums[row] += VectorMath.doubleSquaredNorm(b, count: turned.columns)
      }
    }
    return (ownSums, solvedSums)
  }
}

extension EigenFisher.Block {
  /// Sets λ.
  mutating func damp(by value: Double) {
    damping = value
    let inverse = Matrix<Float>(uninitialized: values.rows, values.columns)
    for k in 0..<values.count {
      let sum = values.storage.base[k] + value
      inverse.storage.base[k] = sum > 0 ? Float(1 / sum) : 0
    }
    self.inverse = inverse
  }

  /// Gradients in the block's basis, n × (O · I).
  func turned(_ block: FactorBlock, count: Int) -> Matrix<Float> {
    guard let basis else { return block.fullGradients(count: count) }
    return block.rotated(count: count, left: basis.left, right: basis.right)
      .fullGradients(count: count)
  }

  /// The same of gradients that are written out.
  func turned(_ rows: Matrix<Float>) -> Matrix<Float> {
    guard let basis else { return rows }
    return turned(rows, left: MatrixView(basis.left), right: MatrixView(basis.right).transposed)
  }

  /// From the basis back to parameters.
  func turnedBack(_ rows: Matrix<Float>) -> Matrix<Float> {
    guard let basis else { return rows }
    return turned(rows, left: MatrixView(basis.left).transposed, right: MatrixView(basis.right))
  }

  /// L G R of every row G, O × I.
  private func turned(
    _ rows: Matrix<Float>, left: MatrixView<Float>, right: MatrixView<Float>
  ) -> Matrix<Float> {
    let (o, i) = (values.rows, values.columns)
    let wide = MatrixView(
      storage: rows.storage, rows: rows.rows * o, columns: i, stride: i)
    let inner = product(wide, right)
    let result = Matrix<Float>(uninitialized: rows.rows, o * i)
    Workers.run(slices: rows.rows) { row in
      blockProduct(
        left, MatrixView(inner).rows(row * o..<(row + 1) * o),
        into: MatrixView(
          storage: result.storage, offset: row * o * i, rows: o, columns: i, stride: i))
    }
    return result
  }

  /// Each number over Λ + λ.
  func scaled(_ rows: Matrix<Float>) -> Matrix<Float> {
    let result = Matrix<Float>(uninitialized: rows.rows, rows.columns)
    let inverse = inverse
    Workers.run(over: rows.rows, grain: 8) { range in
      for row in range {
        VectorMath.multiply(
          rows.storage.base + row * rows.columns, inverse.storage.base,
          into: result.storage.base + row * rows.columns, count: rows.columns)
      }
    }
    return result
  }
}
