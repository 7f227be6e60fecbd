// Letters: d components, Q queries, K masks with gradients, k components with differences, R masks
// of each.
import Networks
import Tensors

/// What a question about components takes, from shapes alone.
///
/// - Precision: passes are those of whole networks; where all components of a mask lie deep, what is
///   before them is computed once a query and costs less. The regression is left out.
public struct ComponentsCost: Sendable, Equatable {
  /// Masked forward passes of a query that the estimate takes, one with gradients counted as three.
  public let passes: Int
  /// Those that judge it on fresh masks.
  public let judgingPasses: Int
  /// Floating-point operations, of both.
  public let flops: Double
  /// Bytes of the banks.
  public let diskBytes: Double
  /// Largest memory at a time, beside data and parameters.
  public let peakBytes: Double

  /// - Parameter queries: Q.
  public init(
    _ network: Network, _ components: ComponentSet, queries: Int,
    method: ComponentMethod = .expected, preset: ComponentPreset = .standard,
    share: Double = ComponentStudy.standardShare
  ) {
    let count = method.masks(preset, components)
    let fresh = ComponentStudy.judgedShares(share).indices.reduce(0) {
      $0 + ($1 == 0 ? ComponentStudy.freshMasks.own : ComponentStudy.freshMasks.other)
    }
    (passes, judgingPasses) = (3 * count.gradients + count.outputs, fresh)
    let footprint = network.footprint
    let (d, q) = (Double(components.count), Double(queries))
    flops = 2 * footprint.forward * q * Double(passes + fresh)
    let masks = Double(count.gradients + count.outputs + fresh)
    diskBytes = 4 * (masks * (d + q) + Double(count.gradients) * q * d)
    // A part of a bank is held as it is made and as it is written, beside the passes that make it;
    // then slopes, their squares and the fit are of all queries.
    func peak(masks: Int, gradients: Bool) -> Double {
      guard masks > 0 else { return 0 }
      let fitting = max(1, AblationBankJob.pairs(footprint, gradients: gradients) / max(1, queries))
      let pairs = queries * min(masks, fitting)
      let rows = min(pairs, network.examplesAtATime(atMost: MaskedOutputs.rowsAtATime))
      let slices = min(Workers.count, (pairs + rows - 1) / max(1, rows))
      // Each row has a copy of what lies before the masks, too.
      let row = (gradients ? footprint.bytes() : 3 * footprint.largest) + footprint.largest
      return Double(slices) * Double(rows) * Double(row)
        + (gradients ? 4 * 3 * Double(pairs) * (d + 1) : 0)
    }
    let passing = max(
      peak(masks: count.gradients, gradients: true), peak(masks: count.outputs, gradients: false),
      peak(masks: ComponentStudy.freshMasks.own, gradients: false))
    let shared = Double(min(queries, MaskedOutputs.queriesAtATime) * footprint.largest)
    peakBytes = max(passing + shared, 48 * q * d)
  }
}

extension ComponentMethod {
  /// Masks with gradients, and with outputs alone.
  func masks(
    _ preset: ComponentPreset, _ components: ComponentSet
  ) -> (gradients: Int, outputs: Int) {
    let d = components.count
    switch self {
    case .expected:
      let heads = components.components.count { $0.kind.isOfHeads }
      let exact = min(preset.exactComponents + heads, d)
      return (
        preset.gradientMasks,
        preset.masksOfDifference(of: exact) * exact + preset.outputMasks(of: d)
      )
    case .coar: return (0, 2 * d)
    case .loo, .loi: return (0, d + 1)
    case .atp: return (MaskGradients.attributionPatching.levels.count, 0)
    case .integrated: return (MaskGradients.integrated.levels.count, 0)
    case .gxa, .internal, .relp, .fullgrad: return (1, 0)
    // A backward pass without each layer, and the masks of its bound.
    case .atpstar: return (components.groups.count, MissedEffects.maskCount)
    // Weights, and one pass of the reference set.
    case .magnitude, .lamp, .flap, .modhifi: return (0, 0)
    case .blockpruner: return (0, d * (d + 1) / 2)
    }
  }
}
