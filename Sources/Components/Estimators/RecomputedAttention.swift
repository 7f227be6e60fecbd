// Letters: B queries of a block, T positions, H query heads, G key heads, D width of a head.
import Networks
import Tensors

/// What it does to attention's output when the queries or keys of a head become another value, with
/// the softmax made again instead of linearised.
///
///     Δo_h = o_h − softmax(q'_h k_hᵀ/√D) v_h          q' in the place of the queries of h,
///     τ_h = Σ over positions of ∂f/∂o_h · Δo_h         or k' of its keys
///
/// A softmax that is saturated has no slope, however much its queries matter: gradients by queries
/// and keys miss what this finds. f stays linear in o.
///
/// - Source: Kramár et al. 2024 (arXiv:2403.00745), the fix of queries and keys; there position by
///   position, here of a head's queries or keys at all of them.
struct RecomputedAttention {
  /// Where one of the components is, and o less the new o of all heads.
  private struct Side {
    let point: Int
    let heads: ComponentGroup
    /// Query heads that share a unit.
    let shared: Int
    /// B × T × H·D.
    let change: Tensor
  }

  private let sides: [Side]
  /// Points whose components it speaks of.
  let points: Set<Int>

  /// Points that a pass must observe for the queries and keys among some components.
  static func observed(_ components: ComponentSet, of network: Network) -> Set<Int> {
    let own = Set(components.groups.map(\.point))
    return Set(
      network.attentionPoints.filter {
        own.contains($0.queries.point) || own.contains($0.keys.point)
      }
      .flatMap { [$0.queries, $0.keys, $0.values, $0.heads].map(\.point) })
  }

  /// Makes the outputs of a pass again, which has observed activations at `observed`.
  init(
    _ components: ComponentSet, _ network: Network, _ pass: Pass, _ ablation: Ablation,
    _ filling: AblationFilling.Rows
  ) {
    let own = Dictionary(uniqueKeysWithValues: components.groups.map { ($0.point, $0) })
    var sides: [Side] = []
    for place in network.attentionPoints {
      let seen = pass.observed.activations
      guard let q = seen[place.queries.point], let k = seen[place.keys.point],
        let v = seen[place.values.point], let o = seen[place.heads.point]
      else { continue }
      func add(_ group: ComponentGroup, _ changed: (Tensor) -> Tensor, _ x: Tensor) {
        guard own[group.point] != nil else { return }
        let mask = AblationMask(
          mask: Tensor(repeating: ablation.off, shape: [pass.batch, group.units]),
          value: filling.value(at: group.point))
        let next = changed(mask.applied(to: x, of: group))
        sides.append(
          Side(
            point: group.point, heads: place.heads, shared: place.heads.units / group.units,
            change: o - next))
      }
      add(place.queries, { place.outputs($0, k, v, as: pass, in: network) }, q)
      add(place.keys, { place.outputs(q, $0, v, as: pass, in: network) }, k)
    }
    self.sides = sides
    points = Set(sides.map(\.point))
  }

  /// τ of a unit for each example of a pass that has gone back: Σ ∂f/∂o · Δo.
  ///
  /// - Returns: by point, B × units; fp64 sums in the order of the activations.
  func effects(_ pass: Pass) -> [Int: [Double]] {
    var found: [Int: [Double]] = [:]
    for side in sides {
      let units = side.heads.units / side.shared
      var sums = [Double](repeating: 0, count: pass.batch * units)
      if let slopes = pass.observed.gradients[side.heads.point] {
        let (width, unit) = (side.heads.width, side.shared * side.heads.unitWidth)
        let positions = slopes.count / max(1, pass.batch * width)
        for cell in 0..<slopes.count {
          let (row, column) = cell.quotientAndRemainder(dividingBy: width)
          sums[row / positions * units + column / unit] +=
            Double(slopes.storage.base[cell]) * Double(side.change.storage.base[cell])
        }
      }
      found[side.point] = sums
    }
    return found
  }
}
