// Letters: n training examples, m queries, k features, p parameters.
import Gradients
import Networks
import Projections

/// The sizes of a scoring, with what kernels of that size take.
///
/// Counted from shapes alone: the same on every machine, but for `heldBytes` where it is given.
public struct WorkShape: Sendable {
  /// Functions of the outputs whose gradients stand side by side.
  public enum Functions: Sendable {
    /// One: an output function, or the loss.
    case one
    /// All outputs: the trace kernel.
    case outputs
  }

  /// Bytes that held gradients are counted with where a choice is made: fixed, so that it is the same
  /// on every machine.
  public static let standardHeldBytes = 4 << 30

  /// n.
  public let examples: Int
  /// m.
  public let queries: Int
  /// How features are made; nil on the exact kernel.
  public let projection: ProjectionChoice?
  /// Epochs of the training, for methods that go through it again.
  public let epochs: Int
  let network: Network
  /// The factors of one example.
  let footprint: ExampleFootprint
  /// Bytes that gradients may take to be held.
  let heldBytes: Int

  /// The shape of a scoring.
  ///
  /// - Parameters:
  ///   - network: with the layers that gradients are taken by.
  ///   - projection: how features are made; nil for the exact kernel.
  ///   - heldBytes: bytes that the training examples' gradients may take to be held.
  ///   - epochs: of the training.
  ///   - tokenShare: tokens over places of the training examples (`Network.tokenShare`).
  public init(
    network: Network, examples: Int, queries: Int, projection: ProjectionChoice? = nil,
    heldBytes: Int = WorkShape.standardHeldBytes, epochs: Int = 1, tokenShare: Double = 1
  ) {
    self.epochs = epochs
    (self.network, self.examples, self.queries) = (network, examples, queries)
    (self.projection, self.heldBytes) = (projection, heldBytes)
    var footprint = network.footprint
    footprint.tokenShare = tokenShare
    self.footprint = footprint
  }

  /// k: at most the number of examples, of landmarks; nil on the exact kernel.
  public var features: Int? {
    projection.map { $0.kind == .landmarks ? min($0.dimension, examples) : $0.dimension }
  }

  /// The same with other queries.
  public func asking(_ queries: Int) -> WorkShape {
    WorkShape(
      network: network, examples: examples, queries: queries, projection: projection,
      heldBytes: heldBytes, epochs: epochs, tokenShare: footprint.tokenShare)
  }

  /// The same on features, or on the exact kernel.
  public func on(_ projection: ProjectionChoice?) -> WorkShape {
    WorkShape(
      network: network, examples: examples, queries: queries, projection: projection,
      heldBytes: heldBytes, epochs: epochs, tokenShare: footprint.tokenShare)
  }

  /// The sequence's positions, 1 of everything else.
  var positions: Int { network.outputShape.count > 1 ? network.outputShape[0] : 1 }

  func count(_ functions: Functions) -> Int {
    functions == .one ? 1 : min(network.outputCount, GradientSource.traceLimit)
  }
}
