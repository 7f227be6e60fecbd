// Letters: as in Attention.swift.
import Foundation
import LinearAlgebra
import Randomness
import Tensors

/// Some queries of one head of one example, with room for their R × N weights and derivatives.
struct AttentionBlock {
  /// A part of a position's row.
  enum Part { case query, key, value, output }

  let layer: Attention
  let example: Int
  let head: Int
  let keyHead: Int
  let positions: Int
  /// The queries' positions.
  let queries: Range<Int>
  /// Positions before the padding.
  let length: Int
  /// Keys N that any of the queries sees.
  let keys: Int
  private let room: Buffer<Float>
  private let roomCells: Int
  /// Whether weights are left out.
  private let isMasked: Bool

  init(
    layer: Attention, positions: Int, example: Int, head: Int, keyHead: Int, queries: Range<Int>,
    length: Int, room: Buffer<Float>, cells: Int, isMasked: Bool
  ) {
    (self.layer, self.positions, self.example) = (layer, positions, example)
    (self.head, self.keyHead, self.queries, self.length) = (head, keyHead, queries, length)
    (self.room, roomCells, self.isMasked) = (room, cells, isMasked)
    keys = min(length, layer.isCausal ? queries.upperBound : positions)
  }

  /// R · N.
  var cells: Int { queries.count * keys }
  /// P, R × N.
  var p: UnsafeMutablePointer<Float> { room.base }
  /// Four R × N blocks; the first is P.
  var scratch: [UnsafeMutablePointer<Float>] { (0..<4).map { room.base + $0 * roomCells } }

  /// m, R × N, and room for what it keeps.
  private var mask: UnsafeMutablePointer<Float> { room.base + 4 * roomCells }
  private var remains: UnsafeMutablePointer<Float> { room.base + 5 * roomCells }

  /// tanh(s/c), and rs, behind the mask's room.
  private var tanhs: UnsafeMutablePointer<Float> { room.base + (isMasked ? 6 : 4) * roomCells }
  private var moves: UnsafeMutablePointer<Float> { tanhs + roomCells }

  /// R × N blocks that a head needs.
  static func rooms(isMasked: Bool, isCapped: Bool) -> Int {
    4 + (isMasked ? 2 : 0) + (isCapped ? 2 : 0)
  }

  /// α.
  private var alpha: Float { layer.scale ?? 1 / Float(layer.headWidth).squareRoot() }

  /// Keys that a query sees; none in the padding.
  private func visible(_ query: Int) -> Int {
    if query >= length { return 0 }
    return layer.isCausal ? min(length, query + 1) : length
  }

  /// P = softmax(α q kᵀ), of capped scores where there is a cap; 0 where a query does not see a key.
  func fillWeights(_ x: Tensor) {
    multiply(
      view(x, .query), view(x, .key).transposed, into: weights(p), alpha: alpha, beta: 0)
    if let cap = layer.cap {
      for k in 0..<cells {
        tanhs[k] = tanh(p[k] / cap)
        p[k] = cap * tanhs[k]
      }
    }
    for (r, query) in queries.enumerated() {
      let (row, seen) = (p + r * keys, visible(query))
      if seen > 0 { VectorMath.softmaxRows(row, into: row, rows: 1, columns: seen) }
      (row + seen).update(repeating: 0, count: keys - seen)
    }
  }

  /// m of this block: a value of the stream for each head, query and key of each example.
  ///
  /// - Parameter first: place in the step's batch of the pass's first example.
  func drawMask(_ stream: RandomStream, first: Int) {
    let scale = 1 / (1 - layer.dropout)
    for (r, query) in queries.enumerated() {
      let row = mask + r * keys
      let place = (((first + example) * layer.heads + head) * positions + query) * positions
      stream.fillUniform(row, count: keys, from: UInt64(place))
      for k in 0..<keys { row[k] = row[k] < layer.dropout ? 0 : scale }
    }
  }

  /// m ∘ a, in room of its own that the next call takes; a itself without dropout.
  func kept(_ a: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<Float> {
    guard isMasked else { return a }
    VectorMath.multiply(mask, a, into: remains, count: cells)
    return remains
  }

  /// e ← m ∘ e.
  func dropOut(_ e: UnsafeMutablePointer<Float>) {
    if isMasked { VectorMath.multiply(mask, e, into: e, count: cells) }
  }

  /// e = do vᵀ + β e.
  func weightGradient(
    _ dy: Tensor, _ x: Tensor, into e: UnsafeMutablePointer<Float>, beta: Float = 0
  ) {
    multiply(view(dy, .output), view(x, .value).transposed, into: weights(e), alpha: 1, beta: beta)
  }

  /// rP = P ∘ (rs − Σ_N P ∘ rs), rs = α (rq kᵀ + q rkᵀ), of capped scores (1 − tanh²) ∘ rs.
  func weightTangent(_ x: Tensor, _ rx: Tensor, into rp: UnsafeMutablePointer<Float>) {
    let target = weights(rp)
    multiply(
      view(rx, .query), view(x, .key).transposed, into: target, alpha: alpha, beta: 0)
    multiply(
      view(x, .query), view(rx, .key).transposed, into: target, alpha: alpha, beta: 1)
    if layer.cap != nil {
      moves.update(from: rp, count: cells)
      uncap(rp)
    }
    centre(rp, with: p)
  }

  /// e ← (1 − tanh²(s/c)) ∘ e; e itself without a cap.
  func uncap(_ e: UnsafeMutablePointer<Float>) {
    if layer.cap == nil { return }
    for k in 0..<cells { e[k] *= 1 - tanhs[k] * tanhs[k] }
  }

  /// re ← (1 − t²) ∘ re − (2/c) t ∘ (1 − t²) ∘ rs ∘ e, then e ← (1 − t²) ∘ e, t = tanh(s/c); after
  /// `weightTangent`.
  func uncap(_ e: UnsafeMutablePointer<Float>, _ re: UnsafeMutablePointer<Float>) {
    guard let cap = layer.cap else { return }
    for k in 0..<cells {
      let (t, slope) = (tanhs[k], 1 - tanhs[k] * tanhs[k])
      re[k] = slope * (re[k] - 2 / cap * t * moves[k] * e[k])
      e[k] *= slope
    }
  }

  /// e ← P ∘ (e − Σ_N P ∘ e), row by row.
  func centre(_ e: UnsafeMutablePointer<Float>, with p: UnsafePointer<Float>) {
    for r in 0..<queries.count {
      let (row, weights) = (e + r * keys, p + r * keys)
      let mean = VectorMath.dot(row, weights, count: keys)
      for k in 0..<keys { row[k] = weights[k] * (row[k] - mean) }
    }
  }

  /// re ← rP ∘ (e − Σ P ∘ e) + P ∘ (re − Σ(rP ∘ e + P ∘ re)), row by row.
  func bend(
    _ re: UnsafeMutablePointer<Float>, _ rp: UnsafePointer<Float>, _ e: UnsafePointer<Float>
  ) {
    for r in 0..<queries.count {
      let (row, moved, slope, weights) = (
        re + r * keys, rp + r * keys, e + r * keys, UnsafePointer(p + r * keys)
      )
      let mean = VectorMath.dot(weights, slope, count: keys)
      let drift =
        VectorMath.dot(moved, slope, count: keys) + VectorMath.dot(weights, row, count: keys)
      for k in 0..<keys {
        row[k] = moved[k] * (slope[k] - mean) + weights[k] * (row[k] - drift)
      }
    }
  }

  /// o = a · (keys' part) + β o on the queries' outputs.
  func product(
    _ a: UnsafeMutablePointer<Float>, _ x: Tensor, _ part: Part, onto o: Tensor, beta: Float = 0
  ) {
    multiply(weights(a), view(x, part), into: view(o, .output), alpha: 1, beta: beta)
  }

  /// target's query part += α a · (keys' part).
  func add(
    _ a: UnsafeMutablePointer<Float>, _ x: Tensor, _ part: Part, onto target: Tensor, _ place: Part
  ) {
    multiply(weights(a), view(x, part), into: view(target, place), alpha: alpha, beta: 1)
  }

  /// target's keys' part += aᵀ · (queries' part), times α for keys.
  func addTransposed(
    _ a: UnsafeMutablePointer<Float>, _ x: Tensor, _ part: Part, onto target: Tensor, _ place: Part
  ) {
    multiply(
      weights(a).transposed, view(x, part), into: view(target, place),
      alpha: place == .key ? alpha : 1, beta: 1)
  }

  private func multiply(
    _ a: MatrixView<Float>, _ b: MatrixView<Float>, into c: MatrixView<Float>, alpha: Float,
    beta: Float
  ) {
    blockProduct(a, b, into: c, alpha: alpha, beta: beta)
  }

  /// An R × N block of the scratch.
  private func weights(_ start: UnsafeMutablePointer<Float>) -> MatrixView<Float> {
    MatrixView(
      storage: room, offset: start - room.base, rows: queries.count, columns: keys,
      stride: max(1, keys))
  }

  /// The queries' or the keys' rows of this head in a tensor.
  private func view(_ x: Tensor, _ part: Part) -> MatrixView<Float> {
    let (first, rows): (Int, Range<Int>) =
      switch part {
      case .query, .output: (head, queries)
      case .key: (layer.heads + keyHead, 0..<keys)
      case .value: (layer.heads + layer.keyHeads + keyHead, 0..<keys)
      }
    let width = x.rowLength
    return MatrixView(
      storage: x.storage,
      offset: (example * positions + rows.lowerBound) * width + first * layer.headWidth,
      rows: rows.count, columns: layer.headWidth, stride: width)
  }
}
