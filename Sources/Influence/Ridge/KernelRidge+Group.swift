// Letters: n training examples, s examples of a group S, C targets.
import LinearAlgebra
import Tensors

extension KernelRidge {
  /// What the targets of a group are from their predictions when the whole group is left out.
  ///
  ///     R_S = [M⁻¹]_SS⁻¹ α_S,   α = M⁻¹ Y
  ///
  /// Exactly the residuals at S of the ridge model fitted without S; the fall of a prediction at x is
  /// then [κ(x, Z)M⁻¹]_S R_S. Of one example it is `leaveOneOutResiduals`.
  ///
  /// - Parameters:
  ///   - group: S, different rows below n, at most n − 1 of them.
  ///   - dual: α_S, s × C.
  /// - Returns: s × C.
  /// - Complexity: 2sn² + s³/3 flops; s² + 512 n doubles.
  /// - Source: block inverse (Schur complement); the group form of Cook's deletion formula.
  func groupResiduals(_ group: [Int], dual: Matrix<Double>) throws -> Matrix<Double> {
    try residualsOfGroup(group, dual: dual, order: factor.order) { factor.solve(rows: $0) }
  }
}

/// [M⁻¹]_SS⁻¹ α_S, with M given by its solve.
///
/// - Parameters:
///   - dual: α_S, s × C.
///   - order: n.
///   - solve: B M⁻¹ of rows, m × n.
func residualsOfGroup(
  _ group: [Int], dual: Matrix<Double>, order n: Int,
  solve: (Matrix<Double>) throws -> Matrix<Double>
) throws -> Matrix<Double> {
  let block = Matrix<Double>(uninitialized: group.count, group.count)
  for rows in (0..<group.count).blocks(of: 512) {
    let start = rows.lowerBound
    let units = Matrix<Double>(repeating: 0, rows: rows.count, columns: n)
    for row in rows { units.storage.base[(row - start) * n + group[row]] = 1 }
    let solved = try solve(units)
    for row in rows {
      for (column, member) in group.enumerated() {
        block.storage.base[row * group.count + column] =
          solved.storage.base[(row - start) * n + member]
      }
    }
  }
  let inverse = try Cholesky(block, name: "inverse kernel of the group")
  return inverse.solve(rows: dual.transposed).transposed
}

extension Matrix where Scalar == Double {
  /// The transpose, copied.
  var transposed: Matrix<Double> {
    let result = Matrix<Double>(uninitialized: columns, rows)
    for i in 0..<rows {
      for j in 0..<columns {
        result.storage.base[j * rows + i] = storage.base[i * columns + j]
      }
    }
    return result
  }
}
