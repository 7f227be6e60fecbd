extension Pass {
  /// What a pass is for, fixed at its start: what its layers keep, and how far back it goes, follow.
  package struct Purpose: OptionSet, Sendable, Hashable {
    /// The purposes as bits.
    package let rawValue: Int

    /// Purposes from their bits.
    package init(rawValue: Int) { self.rawValue = rawValue }

    /// Outputs alone: nothing is kept.
    package static let outputs: Purpose = []
    /// Σ_i of the parameter gradients, in `Pass.gradient`.
    package static let gradient = Purpose(rawValue: 1)
    /// Each example's gradient as factors, from `Pass.takeFactors()`.
    package static let factors = Purpose(rawValue: 2)
    /// The norm of each example's gradient, in `Pass.squaredNorms`.
    package static let norms = Purpose(rawValue: 4)
    /// Tangents, and gradients' tangents, along directions of the selected parameters.
    package static let tangents = Purpose(rawValue: 8)
    /// The gradient of the inputs, which `backward` returns; token ids have none.
    package static let inputGradient = Purpose(rawValue: 16)

    /// The activations at the ablation points, in `Pass.observed`.
    package static let activations = Purpose(rawValue: 32)
    /// The gradients by what leaves the ablation points, in `Pass.observed`.
    package static let activationGradients = Purpose(rawValue: 64)
    /// The gradients by the masks of the ablation points, in `Pass.observed`.
    package static let maskGradients = Purpose(rawValue: 128)

    /// Whether gradients at the ablation points are asked for.
    var asksPoints: Bool { !isDisjoint(with: [.activationGradients, .maskGradients]) }
    /// Whether derivatives by parameters are asked for.
    var differentiates: Bool { !isDisjoint(with: [.gradient, .factors, .norms, .tangents]) }
  }
}
