// Letters: B batch, T positions, H query heads, G key/value heads, D width of a head, R queries of a
// row block, N keys that a block looks at; q, k, v, o of one head, P the R × N weights, m the
// dropout mask of a training pass (1 throughout else).
//
// In order of priority: right (against fp64 differences), the same bits for any thread count (a
// slice is one example and one key/value head), memory (no B·H·T·T: one R × N block a worker, made
// again in the backward pass), speed.
import LinearAlgebra
import Randomness
import Tensors

/// Scaled dot-product attention of queries on keys and values that stand side by side.
///
///     o = P v,   P = softmax(α q kᵀ) over the keys a query may see,   α = 1/√D unless said otherwise
///
/// With a cap c the scores s = α q kᵀ are c tanh(s/c) (Gemma Team 2024, arXiv:2408.00118).
/// Inputs are B × T × (H + 2G)·D: H heads of queries, G of keys, G of values; head h of the queries
/// reads key/value head h·G/H (grouped queries). Outputs are B × T × H·D.
/// A causal query sees keys up to its own position; none sees the padding at the end of an example
/// (`Pass.lengths`). Queries in the padding give zeros.
/// In training P̃ = m ∘ P stands for P in the product with v, with m 0 at a rate and else
/// 1/(1 − rate): a function of (seed, step, slot, example, head, query, key).
///
/// - Source: Vaswani et al. 2017 (arXiv:1706.03762); row blocks as in Rabe & Staats 2021
///   (arXiv:2112.05682).
package struct Attention: Layer {
  /// Query heads H.
  package let heads: Int
  /// Key and value heads G, a divisor of H.
  package let keyHeads: Int
  /// Width D of a head.
  package let headWidth: Int
  /// Whether a query sees only what comes before it, and itself.
  package let isCausal: Bool
  /// Rate at which weights are left out in training, in [0, 1).
  package let dropout: Float
  /// α; 1/√D when nil.
  package let scale: Float?
  /// c; nil: scores as they are.
  package let cap: Float?
  let slot: Int

  /// Queries of a row block.
  static let blockRows = 64

  /// o from q, k and v.
  package func forward(_ x: Tensor, _ pass: Pass) -> Tensor {
    pass.keep(x, at: slot)
    let o = Tensor(uninitialized: x.shape.dropLast() + [heads * headWidth])
    forEachBlock(x, pass) { block in
      block.product(block.kept(block.p), x, .value, onto: o)
    }
    return o
  }

  /// dv = P̃ᵀ do, ds = P ∘ (e − c), dq = α ds k, dk = α dsᵀ q; e = m ∘ (do vᵀ), c = Σ_N P ∘ e.
  ///
  /// By relevance dv alone.
  package func backward(_ dy: Tensor, _ pass: Pass) -> Tensor? {
    let x = pass[slot, as: Tensor.self]
    let dx = Tensor(repeating: 0, shape: x.shape)
    let isFrozen = pass.backwardRule == .relevance
    forEachBlock(x, pass) { block in
      if isFrozen {
        block.addTransposed(block.kept(block.p), dy, .output, onto: dx, .value)
        return
      }
      let ds = block.scratch[1]
      block.weightGradient(dy, x, into: ds)
      block.dropOut(ds)
      block.centre(ds, with: block.p)
      block.uncap(ds)
      block.addTransposed(block.kept(block.p), dy, .output, onto: dx, .value)
      block.addTransposed(ds, x, .query, onto: dx, .key)
      block.add(ds, x, .key, onto: dx, .query)
    }
    return dx
  }

  /// ro = (m ∘ rP) v + P̃ rv, rP = P ∘ (rs − Σ_N P ∘ rs), rs = α (rq kᵀ + q rkᵀ).
  package func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? {
    pass.keepTangent(rx, at: slot)
    guard let rx else { return nil }
    let x = pass[slot, as: Tensor.self]
    let ro = Tensor(uninitialized: x.shape.dropLast() + [heads * headWidth])
    forEachBlock(x, pass) { block in
      let rp = block.scratch[1]
      block.weightTangent(x, rx, into: rp)
      block.product(block.kept(rp), x, .value, onto: ro)
      block.product(block.kept(block.p), rx, .value, onto: ro, beta: 1)
    }
    return ro
  }

  /// rdv = (m ∘ rP)ᵀ do + P̃ᵀ rdo, rdq = α (rds k + ds rk), rdk = α (rdsᵀ q + dsᵀ rq), with
  /// e = m ∘ (do vᵀ), re = m ∘ (rdo vᵀ + do rvᵀ), c = Σ P ∘ e, rds = rP ∘ (e − c) + P ∘ (re − Σ(rP ∘ e + P ∘ re)).
  package func backwardTangent(
    _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
  ) -> (dx: Tensor?, rdx: Tensor?) {
    let x = pass[slot, as: Tensor.self]
    let dx = backward(dy, pass)
    let rx = pass.tangent(at: slot, as: Tensor.self)
    guard rx != nil || rdy != nil else { return (dx, nil) }
    let rdx = Tensor(repeating: 0, shape: x.shape)
    forEachBlock(x, pass) { block in
      let (ds, rds) = (block.scratch[1], block.scratch[2])
      // What moves with do alone.
      rds.update(repeating: 0, count: block.cells)
      if let rdy {
        block.weightGradient(rdy, x, into: rds)
        block.addTransposed(block.kept(block.p), rdy, .output, onto: rdx, .value)
      }
      if let rx {
        let rp = block.scratch[3]
        block.weightTangent(x, rx, into: rp)
        block.addTransposed(block.kept(rp), dy, .output, onto: rdx, .value)
        block.weightGradient(dy, rx, into: rds, beta: 1)
        block.dropOut(rds)
        block.weightGradient(dy, x, into: ds)
        block.dropOut(ds)
        block.bend(rds, rp, ds)
        block.centre(ds, with: block.p)
        block.uncap(ds, rds)
        block.addTransposed(ds, rx, .query, onto: rdx, .key)
        block.add(ds, rx, .key, onto: rdx, .query)
      } else {
        block.dropOut(rds)
        block.centre(rds, with: block.p)
        block.uncap(rds)
      }
      block.addTransposed(rds, x, .query, onto: rdx, .key)
      block.add(rds, x, .key, onto: rdx, .query)
    }
    return (dx, rdx)
  }

  /// Calls `body` with every row block of every head, its P filled; blocks of a slice in order.
  private func forEachBlock(
    _ x: Tensor, _ pass: Pass, _ body: @Sendable (AttentionBlock) -> Void
  ) {
    let (places, lengths) = (x.positionsOfExample, pass.lengths)
    precondition(x.rowLength == (heads + 2 * keyHeads) * headWidth, "\(x.shape) for attention")
    let group = heads / keyHeads
    let cells = min(Attention.blockRows, places) * places
    // A slot's steps never share a stream: 2¹⁶ slots, 2⁴⁸ steps.
    let draws = dropout > 0 ? pass.dropout : nil
    let stream = draws.map {
      RandomStream(seed: $0.seed, purpose: .dropout, index: $0.step << 16 | UInt64(slot))
    }
    Workers.run(slices: pass.batch * keyHeads) { slice in
      let (example, keyHead) = (slice / keyHeads, slice % keyHeads)
      let room = Buffer<Float>(
        uninitialized: AttentionBlock.rooms(isMasked: stream != nil, isCapped: cap != nil) * cells)
      for head in keyHead * group..<(keyHead + 1) * group {
        for start in stride(from: 0, to: places, by: Attention.blockRows) {
          let block = AttentionBlock(
            layer: self, positions: places, example: example, head: head, keyHead: keyHead,
            queries: start..<min(places, start + Attention.blockRows),
            length: lengths?[example] ?? places, room: room, cells: cells,
            isMasked: stream != nil)
          block.fillWeights(x)
          if let stream { block.drawMask(stream, first: draws?.firstExample ?? 0) }
          body(block)
        }
      }
    }
  }
}
