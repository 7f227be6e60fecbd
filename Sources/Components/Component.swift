import Networks

/// A part of a network that can be taken away: a neuron, a filter, a head, or a whole block or layer.
public struct Component: Sendable, Hashable {
  /// What it is.
  public let kind: ComponentGroup.Kind
  /// The path of the weights that make it: `3`, `h.0.attn`.
  public let layer: String
  /// Its number among those of its kind there, from 0; 0 for a whole block or layer.
  public let unit: Int
  /// Number of its ablation point.
  package let point: Int

  /// `3.neuron.7`, `h.0.attn.head.2`; without a number for what is whole: `h.0.mlp.mlp`.
  public var name: String {
    kind.isWhole ? "\(layer).\(kind.rawValue)" : "\(layer).\(kind.rawValue).\(unit)"
  }
}
