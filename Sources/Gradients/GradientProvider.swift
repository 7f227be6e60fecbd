// Letters: n examples, C outputs, S functions of the outputs in a Jacobian, p numbers of a gradient.
import Datasets
import Factors
import Networks
import Tensors

/// Where per-example gradients come from: a network at a checkpoint, or a file of factors.
///
/// What kernels and collections of features need of a source, and no more. A source gives blocks of
/// examples in turn; everything else follows from them (`GradientProvider+Blocks.swift`). Parts by
/// token need the network itself (`network(for:)`).
public protocol GradientProvider: Sendable {
  /// C, at each position of a sequence.
  var outputCount: Int { get }
  /// Outputs that are kept of an example: C; 0 of sequences, which have some at every position.
  var keptOutputs: Int { get }
  /// p.
  var parameterCount: Int { get }
  /// The layers that gradients are taken by, as text; nil for all.
  var selectionText: String? { get }
  /// How many functions of the outputs stand side by side in a Jacobian, S.
  var traceFunctionCount: Int { get }
  /// Examples that go through a projector at a time, a divisor of `FeatureCollection.blockSize`.
  var projectionBlock: Int { get }

  /// Whether it has the gradients of a target.
  func provides(_ target: GradientSource.Target) -> Bool
  /// How many examples' gradients are held for projectors that want many: at most `limit`, cut down
  /// to what fits `Memory.blockBytes`, but at least `least`.
  func examplesHeld(atMost limit: Int, atLeast least: Int) -> Int
  /// Outputs of all of `data`, n × output shape.
  func outputs(of data: Dataset) throws -> Tensor
  /// −∂ℓ/∂f of every example, n values.
  func residuals(of data: Dataset, _ function: OutputFunction) throws -> [Float]
  /// Calls `body` with the factors and outputs of one block of examples after the other.
  ///
  /// Memory does not grow with n.
  ///
  /// - Parameters:
  ///   - rows: of `data`; nil: all.
  ///   - blockSize: most examples at a time; nil: as many as suit the source.
  /// - Throws: `GradientError` for a target that the data or the source does not have, and for
  ///   values that are not finite; what `body` throws.
  func forEachBlock(
    of data: Dataset, rows: Range<Int>?, blockSize: Int?, target: GradientSource.Target,
    _ body: (Range<Int>, ExampleGradients, Tensor) throws -> Void
  ) throws
}

extension GradientProvider {
  /// The network, for what is made of passes through it and not of gradients.
  ///
  /// - Parameter purpose: what needs it, such as "a score by token".
  /// - Throws: `GradientError.needsNetwork` where gradients come from elsewhere.
  public func network(for purpose: String) throws(GradientError) -> GradientSource {
    guard let network = self as? GradientSource else {
      throw .needsNetwork(purpose: purpose)
    }
    return network
  }
}

extension GradientSource: GradientProvider {
  /// C.
  public var outputCount: Int { network.outputCount }
  /// C; 0 of sequences.
  public var keptOutputs: Int { network.outputShape.count > 1 ? 0 : network.outputCount }
  /// p.
  public var parameterCount: Int { network.parameterCount }
  /// The network's selection.
  public var selectionText: String? { network.selectionText }
  /// Every target is differentiated.
  public func provides(_ target: Target) -> Bool { true }

  /// As the network's footprint allows.
  public func examplesHeld(atMost limit: Int, atLeast least: Int) -> Int {
    network.examplesHeld(atMost: limit, atLeast: least)
  }
}
