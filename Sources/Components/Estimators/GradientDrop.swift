// Letters: d components, Q queries, L layers with residual branches.
import LinearAlgebra
import Networks
import Tensors

/// Attribution patching that no cancellation between layers hides and no saturated softmax: AtP*.
///
///     |τ_i| = Σ over layers ℓ of |AtP_i without what goes through ℓ's branches| / (L − 1)
///
/// A backward pass for each layer, with nothing sent through its residual branches,
/// attention and MLP or the block's. Parts of ℓ itself have 0 there; what is in no branch is averaged
/// over all L. The sign is that of AtP with nothing dropped. Of queries and keys AtP is not their
/// gradient: their softmax is made again (`RecomputedAttention`).
/// What may have been missed is bounded from random masks (`MissedEffects`).
///
/// - Source: Kramár et al. 2024 (arXiv:2403.00745), AtP*: fix of queries and keys, GradDrop, bounds.
public struct GradientDrop: ComponentEstimator {
  /// By L + 1 backward passes and 64 random masks.
  public init() {}

  /// τ by L + 1 backward passes.
  ///
  /// - Throws: `ComponentError.notDefined` for a network without two layers of residual branches.
  public func estimate(_ study: ComponentStudy) throws -> ComponentEstimate {
    let (network, d) = (study.outputs.network, study.count)
    let layers = GradientDrop.branches(of: network)
    guard layers.count > 1 else {
      throw ComponentError.notDefined(
        name: "atpstar",
        reason: "the network has \(layers.count) layers with residual branches, not two or more",
        field: "‹method›")
    }
    let places = study.components.components.map { component in
      study.components.groups.first { $0.point == component.point }.flatMap(network.place(of:))
    }
    // A component of ℓ is in its branches, unless it stands behind their sum.
    let isInside = study.components.components.map { component in
      layers.contains { $0.inside.contains(component.point) }
    }
    let scores = Matrix<Float>(repeating: 0, rows: study.outputs.count, columns: d)
    let room = scores.storage
    let attention = RecomputedAttention.observed(study.components, of: network)
    try study.forEachUnmaskedBlock(
      "atpstar",
      for: attention.isEmpty
        ? .maskGradients : [.maskGradients, .activations, .activationGradients],
      passes: 1 + 2 * (layers.count + 1), observing: attention
    ) { block, pass in
      let recomputed = RecomputedAttention(
        study.components, network, pass, study.outputs.ablation,
        study.outputs.filling.rows(of: block.queries))
      network.backward(block.slopes, pass)
      var signs = [Bool](repeating: false, count: block.queries.count * d)
      study.outputs.forEachEffect(in: pass, recomputed) { row, place, gradient in
        signs[row * d + place] = gradient < 0
      }
      var sums = [Double](repeating: 0, count: signs.count)
      for layer in layers {
        pass.stoppedPoints = layer.ends
        network.backward(block.slopes, pass)
        study.outputs.forEachEffect(in: pass, recomputed) { row, place, gradient in
          if isInside[place], places[place] == layer.place { return }
          sums[row * d + place] += abs(gradient)
        }
      }
      for cell in sums.indices {
        let count = Double(isInside[cell % d] ? layers.count - 1 : layers.count)
        let size = Float(sums[cell] / count)
        room.base[block.queries.lowerBound * d + cell] = signs[cell] ? -size : size
      }
    }
    let estimate = ComponentEstimate(scores)
    let missed = try MissedEffects(estimate, study)
    return ComponentEstimate(
      scores,
      notes: ["gradients without each of \(layers.count) layers' branches", missed.sentence])
  }

  /// A layer with residual branches.
  private struct Branches {
    /// Its place in the network.
    let place: Int
    /// The points where its branches end.
    let ends: Set<Int>
    /// All points in it.
    let inside: Set<Int>
  }

  private static func branches(of network: Network) -> [Branches] {
    let places = Dictionary(grouping: network.components) { network.place(of: $0) ?? 0 }
    return places.sorted { $0.key < $1.key }.compactMap { place, groups in
      let ends = groups.filter { [.attention, .mlp, .block].contains($0.kind) }.map(\.point)
      return ends.isEmpty
        ? nil : Branches(place: place, ends: Set(ends), inside: Set(groups.map(\.point)))
    }
  }
}

extension MaskedOutputs {
  /// As `forEachMaskGradient`, but of queries and keys what their softmax, made again, gives.
  fileprivate func forEachEffect(
    in pass: Pass, _ recomputed: RecomputedAttention,
    _ body: (_ row: Int, _ place: Int, _ effect: Double) -> Void
  ) {
    let effects = recomputed.effects(pass)
    let units = Dictionary(uniqueKeysWithValues: components.groups.map { ($0.point, $0.units) })
    forEachMaskGradient(in: pass) { row, place, gradient in
      let component = components.components[place]
      guard let own = effects[component.point] else {
        body(row, place, Double(gradient))
        return
      }
      body(row, place, own[row * (units[component.point] ?? 1) + component.unit])
    }
  }
}
