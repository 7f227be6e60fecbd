// Letters: d components, Q queries, L layers with residual branches.
import LinearAlgebra
import Networks
import Tensors

/// Attribution patching that no cancellation between layers hides: AtP* as far as it goes for
/// components' outputs.
///
///     |τ_i| = Σ over layers ℓ of |AtP_i without what goes through ℓ's branches| / (L − 1)
///
/// The backward pass is done once for each layer, with nothing sent through its residual branches,
/// attention and MLP or the block's. Parts of ℓ itself have 0 there; what is in no branch is averaged
/// over all L. The sign is that of AtP with nothing dropped. The other half of AtP*, which makes the
/// softmax again, is of queries and keys as components: heads here are what they give, and gradients
/// by that are not through a softmax of their own.
///
/// - Source: Kramár et al. 2024 (arXiv:2403.00745), AtP*, GradDrop; without its QK fix and its bounds.
public struct GradientDrop: ComponentEstimator {
  /// By L + 1 backward passes.
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
    try study.forEachUnmaskedBlock(
      "atpstar", for: .maskGradients, passes: 1 + 2 * (layers.count + 1)
    ) { block, pass in
      network.backward(block.slopes, pass)
      var signs = [Bool](repeating: false, count: block.queries.count * d)
      study.outputs.forEachMaskGradient(in: pass) { row, place, gradient in
        signs[row * d + place] = gradient < 0
      }
      var sums = [Double](repeating: 0, count: signs.count)
      for layer in layers {
        pass.stoppedPoints = layer.ends
        network.backward(block.slopes, pass)
        study.outputs.forEachMaskGradient(in: pass) { row, place, gradient in
          if isInside[place], places[place] == layer.place { return }
          sums[row * d + place] += abs(Double(gradient))
        }
      }
      for cell in sums.indices {
        let count = Double(isInside[cell % d] ? layers.count - 1 : layers.count)
        let size = Float(sums[cell] / count)
        room.base[block.queries.lowerBound * d + cell] = signs[cell] ? -size : size
      }
    }
    return ComponentEstimate(
      scores, notes: ["gradients without each of \(layers.count) layers' branches"])
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
