// Letters: n examples, T positions, O left width, I right width.
import LinearAlgebra
import Tensors

extension FactorBlock {
  /// Whether both sides of every use are dense: a layer's inputs and output gradients.
  public var isDense: Bool {
    terms.allSatisfy { term in
      [term.left, term.right].allSatisfy {
        switch $0 {
        case .dense, .denseWithOne: true
        case .oneHot, .one: false
        }
      }
    }
  }

  /// The block in other bases of its sides: left times Uᵀ, right times Vᵀ.
  ///
  /// - Parameters:
  ///   - count: examples n.
  ///   - left: U, O × O, a vector of the new basis in each row.
  ///   - right: V, I × I.
  public func rotated(count n: Int, left: Matrix<Float>, right: Matrix<Float>) -> FactorBlock {
    func turned(_ side: FactorSide, _ basis: Matrix<Float>) -> FactorSide {
      let values = side.materialised(count: n)
      let rotated = product(MatrixView(values), MatrixView(basis).transposed)
      return .dense(Tensor(shape: [n, side.positions, basis.rows], storage: rotated.storage))
    }
    var block: FactorBlock?
    for term in terms {
      let own = OuterProductTerm(left: turned(term.left, left), right: turned(term.right, right))
      if block == nil {
        block = FactorBlock(weight: weight, bias: bias, term: own)
      } else {
        block?.append(own)
      }
    }
    return block ?? self
  }

  /// Adds Σ_i g_i ∘ g_i, element by element.
  ///
  /// - Parameter target: O × I.
  /// - Complexity: 2nOI flops for T = 1, else 2nTOI.
  /// - Precision: squares of 256 examples are summed in fp32, the rest in fp64.
  public func addSquares(count n: Int, to target: Matrix<Double>) {
    precondition(target.count == gradientCount, "\(target.count) sums of \(gradientCount)")
    for range in (0..<n).blocks(of: mixedProductRows) {
      let part = n == range.count ? self : examples(range)
      if let (left, right) = part.onlySides(count: range.count) {
        let squares = product(
          MatrixView(left.squared).transposed, MatrixView(right.squared))
        add(squares.storage, at: 0, to: target)
      } else if part.terms.count == 1, part.isLookup {
        part.addLookupSquares(count: range.count, to: target)
      } else {
        part.forEachWritten(count: range.count) { rows, gradients in
          let width = gradients.columns
          let sums = Buffer<Float>(uninitialized: width)
          Workers.run(over: width, grain: 4_096) { columns in
            let own = sums.base + columns.lowerBound
            own.update(repeating: 0, count: columns.count)
            for row in 0..<gradients.rows {
              let source = gradients.storage.base + row * width + columns.lowerBound
              for c in 0..<columns.count { own[c] += source[c] * source[c] }
            }
          }
          add(sums, at: rows.lowerBound * rightWidth, to: target)
        }
      }
    }
  }

  private func add(_ sums: Buffer<Float>, at start: Int, to target: Matrix<Double>) {
    let place = target.storage.base + start
    for c in 0..<sums.count { place[c] += Double(sums.base[c]) }
  }

  /// Of tokens: the rows of an example are the sums over the positions of the same token.
  private func addLookupSquares(count n: Int, to target: Matrix<Double>) {
    guard case .oneHot(let indices, let positions, _) = terms[0].left else { return }
    let (right, width) = (terms[0].right.materialised(count: n), rightWidth)
    for example in 0..<n {
      let rows = example * positions..<(example + 1) * positions
      for (token, own) in Dictionary(grouping: rows, by: { indices[$0] }) {
        let place = target.storage.base + Int(token) * width
        for c in 0..<width {
          let sum = own.reduce(0.0) { $0 + Double(right.storage.base[$1 * width + c]) }
          place[c] += sum * sum
        }
      }
    }
  }
}

extension MatrixView where S == Float {
  /// The elements squared.
  fileprivate var squared: Matrix<Float> {
    let result = matrix
    VectorMath.multiply(
      result.storage.base, result.storage.base, into: result.storage.base, count: result.count)
    return result
  }
}
