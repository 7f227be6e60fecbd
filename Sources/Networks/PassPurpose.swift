extension Pass {
  /// What a pass is for, fixed at its start: what its layers keep, and how far back it goes, follow.
  public struct Purpose: OptionSet, Sendable, Hashable {
    /// The purposes as bits.
    public let rawValue: Int

    /// Purposes from their bits.
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// Outputs alone: nothing is kept.
    public static let outputs: Purpose = []
    /// Σ_i of the parameter gradients, in `Pass.gradient`.
    public static let gradient = Purpose(rawValue: 1)
    /// Each example's gradient as factors, from `Pass.takeFactors()`.
    public static let factors = Purpose(rawValue: 2)
    /// The norm of each example's gradient, in `Pass.squaredNorms`.
    public static let norms = Purpose(rawValue: 4)
    /// Tangents, and gradients' tangents, along directions of the selected parameters.
    public static let tangents = Purpose(rawValue: 8)
    /// The gradient of the inputs, which `backward` returns; token ids have none.
    public static let inputGradient = Purpose(rawValue: 16)

    /// The activations at the ablation points, in `Pass.observed`.
    public static let activations = Purpose(rawValue: 32)
    /// The gradients by what leaves the ablation points, in `Pass.observed`.
    public static let activationGradients = Purpose(rawValue: 64)
    /// The gradients by the masks of the ablation points, in `Pass.observed`.
    public static let maskGradients = Purpose(rawValue: 128)

    /// Whether gradients at the ablation points are asked for.
    var asksPoints: Bool { !isDisjoint(with: [.activationGradients, .maskGradients]) }
    /// Whether derivatives by parameters are asked for.
    var differentiates: Bool { !isDisjoint(with: [.gradient, .factors, .norms, .tangents]) }
  }
}
