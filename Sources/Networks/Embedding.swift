// Letters: B batch, T positions, V vocabulary, W width.
import Factors
import Tensors

/// The sum of a token's vector, its position's vector and, in BERT, the vector of its segment.
///
///     y_t = E[token_t] + P[first + t] + S[s_t]
///
/// s_t is 1 behind the first separator, where there is one, and else 0: of a pair of texts,
/// `[CLS] a [SEP] b [SEP]`, the second text is of the second segment.
/// Inputs are B × T token ids as floats; ids below 0, and the padding token if there is one, are
/// padding at the end of an example, whose outputs nobody may read. Ids have no gradient.
package struct Embedding: Layer {
  /// E, V × W.
  package let tokens: Parameter
  /// P, at least (first + T) × W; nil without positions.
  package let positions: Parameter?
  /// S, segments × W; nil without segments.
  package let segments: Parameter?
  /// The token that fills up short sequences; nil: ids below 0 alone do.
  package let padding: Int?
  /// The row of P that the first position has.
  package var firstPosition = 0
  /// The token behind which the second segment begins; nil: all are of the first.
  package var separator: Int?
  let slot: Int

  /// E, P and S.
  package var parameters: [Parameter] { [tokens, positions, segments].compactMap { $0 } }

  private var width: Int { tokens.shape[1] }

  /// y from token ids; says in the pass where padding begins.
  ///
  /// - Precondition: ids below V, at most as many positions as P has rows.
  package func forward(_ x: Tensor, _ pass: Pass) -> Tensor {
    let places = x.rowLength
    precondition(
      firstPosition + places <= positions?.shape[0] ?? .max,
      "\(places) positions, \(tokens.name)")
    pass.keep(x, at: slot)
    pass.lengths = Embedding.lengths(of: x, padding: padding)
    return looked(up: x, in: pass.parameters)
  }

  /// dE[token_t] += dy_t, dP[first + t] += dy_t, dS[s_t] += dy_t.
  package func backward(_ dy: Tensor, _ pass: Pass) -> Tensor? {
    accumulate(dy, pass, into: &pass.gradient)
    guard pass.recorder != nil else { return nil }
    let x = pass[slot, as: Tensor.self]
    let places = x.rowLength
    let right = FactorSide.dense(dy.reshaped([pass.batch, places, width]))
    func record(_ parameter: Parameter, _ index: (Int) -> Int32) {
      pass.recorder?.record(
        weight: parameter, bias: nil,
        OuterProductTerm(
          left: .oneHot(
            indices: (0..<x.count).map(index), positions: places, width: parameter.shape[0]),
          right: right))
    }
    record(tokens) { Int32(max(0, x.storage.base[$0])) }
    if let positions { record(positions) { Int32(firstPosition + $0 % places) } }
    if let segments {
      let types = types(of: x)
      record(segments) { Int32(types?[$0] ?? 0) }
    }
    return nil
  }

  /// ry_t = V_E[token_t] + V_P[first + t] + V_S[s_t].
  package func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? {
    guard let tangent = pass.tangent, pass.reaches(slot) else { return nil }
    return looked(up: pass[slot, as: Tensor.self], in: tangent)
  }

  /// The gradient of a sum has no tangent of its own: rdy alone.
  package func backwardTangent(
    _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
  ) -> (dx: Tensor?, rdx: Tensor?) {
    accumulate(dy, pass, into: &pass.gradient)
    if let rdy { accumulate(rdy, pass, into: &pass.gradientTangent) }
    return (nil, nil)
  }

  /// Tokens of each example before its padding; nil when nothing is padded.
  static func lengths(of x: Tensor, padding: Int? = nil) -> [Int]? {
    let (places, ids) = (x.rowLength, x.storage.base)
    let filler = Float(padding ?? -1)
    let lengths = (0..<x.rowCount).map { row in
      let tokens = ids + row * places
      return (0..<places).last { tokens[$0] >= 0 && tokens[$0] != filler }.map { $0 + 1 } ?? 0
    }
    return lengths.allSatisfy { $0 == places } ? nil : lengths
  }

  /// s of every position; nil: all 0.
  package func types(of x: Tensor) -> [Int]? {
    guard let separator, let segments, segments.shape[0] > 1 else { return nil }
    var types = [Int](repeating: 0, count: x.count)
    for row in 0..<x.rowCount {
      var isBehind = false
      for place in row * x.rowLength..<(row + 1) * x.rowLength {
        if isBehind { types[place] = 1 }
        if x[place] == Float(separator) { isBehind = true }
      }
    }
    return types
  }

  private func looked(up x: Tensor, in flat: Tensor) -> Tensor {
    let (places, width) = (x.rowLength, width)
    let vocabulary = tokens.shape[0]
    let y = Tensor(uninitialized: [x.rowCount, places, width])
    let (ids, source, target) = (x.storage, flat.storage, y.storage)
    let types = types(of: x)
    Workers.run(over: x.count, grain: max(1, Tensor.elementGrain / width)) { range in
      for place in range {
        let id = Int(max(0, ids.base[place]))
        precondition(id < vocabulary, "token \(id) of \(vocabulary)")
        let row = target.base + place * width
        row.update(from: source.base + tokens.offset + id * width, count: width)
        if let positions {
          let from = source.base + positions.offset + (firstPosition + place % places) * width
          VectorMath.add(row, from, into: row, count: width)
        }
        if let segments {
          let from = source.base + segments.offset + (types?[place] ?? 0) * width
          VectorMath.add(row, from, into: row, count: width)
        }
      }
    }
    return y
  }

  private func accumulate(_ dy: Tensor, _ pass: Pass, into flat: inout Tensor?) {
    let x = pass[slot, as: Tensor.self]
    let (places, width) = (x.rowLength, width)
    flat?.withUnsafeMutablePointer { base in
      for place in 0..<x.count {
        let row = dy.storage.base + place * width
        let id = Int(max(0, x.storage.base[place]))
        VectorMath.axpy(1, row, onto: base + tokens.offset + id * width, count: width)
        if let positions {
          VectorMath.axpy(
            1, row, onto: base + positions.offset + (firstPosition + place % places) * width,
            count: width)
        }
      }
    }
    guard let segments else { return }
    guard let types = types(of: x) else {
      dy.addColumnSums(to: &flat, at: segments.offset)
      return
    }
    flat?.withUnsafeMutablePointer { base in
      for place in 0..<x.count {
        VectorMath.axpy(
          1, dy.storage.base + place * width, onto: base + segments.offset + types[place] * width,
          count: width)
      }
    }
  }
}
