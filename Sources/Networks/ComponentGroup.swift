/// The maskable units of one ablation point.
///
/// A kind and a path name one group of a network.
public struct ComponentGroup: Sendable, Hashable, CustomStringConvertible {
  /// What the units are.
  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    /// Outputs of a hidden linear layer behind its non-linearity.
    case neuron
    /// Channels of a convolution behind its non-linearity.
    case filter
    /// What attention heads give, before they are joined.
    case head
    /// An attention block: all it adds to the residual stream.
    case attention
    /// An MLP block: all it adds to the residual stream.
    case mlp
    /// A residual branch of an image network: all that is added to the way around it.
    case block
    /// A whole layer: all outputs of a hidden layer, or all that a transformer's layer changes.
    case layer
    /// The queries of an attention head, as its softmax reads them.
    case query
    /// The keys of an attention head; heads may share them.
    case key
    /// The values of an attention head; heads may share them.
    case value

    /// Whether the point has one unit, which stands for all of its activations.
    public var isWhole: Bool {
      switch self {
      case .neuron, .filter, .head, .query, .key, .value: false
      case .attention, .mlp, .block, .layer: true
      }
    }

    /// Several of them: `neurons`, `queries`.
    public var plural: String { self == .query ? "queries" : rawValue + "s" }
  }

  /// What the units are.
  public let kind: Kind
  /// The path of the weights that make them, as names of parameters have it: `3`, `layer1.0.conv1`,
  /// `transformer.h.0.attn`; the longest one that all of those weights have in common.
  public let path: String
  /// Number of the point in its network: the key of its mask and of what is observed there.
  public let point: Int
  /// Number of units.
  public let units: Int
  /// Neighbouring activations that make up one unit.
  public let unitWidth: Int

  /// Activations W of a position: those of all units.
  public var width: Int { units * unitWidth }

  /// Kind and path: `head transformer.h.0.attn`.
  public var description: String { "\(kind.rawValue) \(path)" }
}
