// Letters: B examples at a time, T positions, O and I widths of a factored gradient.
import Factors
import Synchronization
import Tensors

/// What one example takes on its way through a network, and the shapes of its gradient.
///
/// Measured on one example of zeros: every kind of layer counts as it is.
public struct ExampleFootprint: Sendable, Equatable {
  /// A weight's gradient as factors: T pairs of vectors of O and I numbers.
  public struct Block: Sendable, Equatable {
    /// Pairs of vectors T; over all uses of the weight.
    package let positions: Int
    /// Numbers on the left, O.
    package let left: Int
    /// Numbers on the right, I.
    package let right: Int
    /// Whether one side is a token's unit vector: no product is needed for it.
    package let isLookup: Bool
  }

  /// Bytes kept from the forward to the backward pass.
  public let saved: Int
  /// Bytes of the factors' right sides beyond those, which all functions of the outputs share.
  public let rights: Int
  /// Bytes of the factors' left sides, of one function of the outputs.
  public let lefts: Int
  /// Bytes of the factors, or of the gradients written out where that is less: what an exact kernel
  /// keeps of an example.
  public let kept: Int
  /// Bytes of the largest activation, or of the outputs where they are more.
  public let largest: Int
  /// The gradient, weight by weight.
  public let blocks: [Block]
  /// Products of numbers in a forward pass, each an addition too; of all parameters, selected or not.
  public let forward: Double
  /// Those of a pass back to the lowest selected layer, without the weights' own gradients.
  public let backward: Double

  /// Tokens over places, where examples are padded: products are made of tokens alone.
  public var tokenShare = 1.0

  /// Products by the selected weights, an embedding that is also the last layer counted at every use.
  public var products: Double {
    blocks.reduce(0) {
      $0 + ($1.isLookup ? 0 : Double($1.positions) * Double($1.left) * Double($1.right))
    }
  }

  /// Bytes of an example at a time.
  ///
  /// A forward and a backward pass hold what is saved and about three of the largest activations;
  /// left sides of several functions are held once as they come and once side by side.
  ///
  /// - Parameter functions: functions of the outputs whose factors are kept; 0: none is.
  public func bytes(functions: Int = 0) -> Int {
    saved + 3 * largest
      + (functions == 0 ? 0 : rights + (functions == 1 ? 1 : 2) * functions * lefts)
  }
}

/// Keeps a footprint once it is measured.
final class FootprintMemory: Sendable {
  private let value = Mutex<ExampleFootprint?>(nil)

  func value(_ make: () -> ExampleFootprint) -> ExampleFootprint {
    if let known = value.withLock({ $0 }) { return known }
    let made = make()
    value.withLock { $0 = made }
    return made
  }
}

extension Network {
  /// Tokens over places of some inputs: 1 for those that are no token ids.
  public func tokenShare(of inputs: Tensor) -> Double {
    guard case .tokens(let embedding) = reader,
      let lengths = Embedding.lengths(of: inputs, padding: embedding.padding)
    else { return 1 }
    return Double(lengths.reduce(0, +)) / Double(max(1, inputs.count))
  }

  /// What one example takes; of the network's selection, as far as gradients go.
  public var footprint: ExampleFootprint { footprintMemory.value(measuredFootprint) }

  /// The same network with gradients by all parameters.
  public var withoutSelection: Network {
    var network = self
    network.selection = nil
    return network
  }

  /// How many examples go through the network at a time: `limit` halved until they fit into `bytes`.
  ///
  /// - Parameters:
  ///   - functions: functions of the outputs whose factors are kept; 0: none is.
  ///   - bytes: `Memory.blockBytes` when nil.
  public func examplesAtATime(
    atMost limit: Int, functions: Int = 0, bytes: Int? = nil
  ) -> Int {
    halved(
      limit, atLeast: 1, example: footprint.bytes(functions: functions),
      room: bytes ?? Memory.blockBytes)
  }

  /// How many examples' gradients are held at a time: `limit` halved until they fit into
  /// `Memory.blockBytes`, but `least`.
  public func examplesHeld(atMost limit: Int, atLeast least: Int) -> Int {
    halved(limit, atLeast: least, example: footprint.kept, room: Memory.blockBytes)
  }

  /// `limit` halved until so many examples fit into the room, but `least`.
  private func halved(_ limit: Int, atLeast least: Int, example bytes: Int, room: Int) -> Int {
    let fitting = room / max(1, bytes)
    var count = limit
    while count > least && count > fitting { count /= 2 }
    return max(count, least)
  }

  /// An example that is all there: of tokens none is padding.
  private var oneExample: Tensor {
    var value: Float = 0
    if case .tokens(let embedding) = reader, embedding.padding == 0 { value = 1 }
    return Tensor(repeating: value, shape: [1] + inputShape)
  }

  private func measuredFootprint() -> ExampleFootprint {
    let pass = pass(Tensor(repeating: 0, shape: [parameterCount]), batch: 1, for: .factors)
    let outputs = root.forward(oneExample, pass)
    var seen = Set<ObjectIdentifier>()
    func bytes(_ tensors: [Tensor]) -> Int {
      tensors.reduce(0) {
        seen.insert(ObjectIdentifier($1.storage)).inserted ? $0 + 4 * $1.storage.count : $0
      }
    }
    let saved = bytes(pass.keptTensors)
    _ = root.backward(outputs, pass)
    let gradients = pass.takeFactors()
    let (forward, backward) =
      selection == nil ? gradients.products() : withoutSelection.products(above: gradients)
    let terms = gradients.blocks.flatMap(\.terms)
    let rights = bytes(terms.compactMap(\.right.values))
    let lefts = bytes(terms.compactMap(\.left.values))
    return ExampleFootprint(
      saved: saved, rights: rights, lefts: lefts,
      kept: gradients.writtenOutWhereSmaller().byteCount,
      // What is not kept counts while it is there.
      largest: 4 * max(pass.largestState, outputs.count),
      blocks: gradients.blocks.map { block in
        ExampleFootprint.Block(
          positions: block.terms.reduce(0) { $0 + $1.positions }, left: block.leftWidth,
          right: block.rightWidth, isLookup: block.products == 0)
      }, forward: forward, backward: backward)
  }

  /// Products of a pass forward, and back as far as some gradients of this network ask for it.
  private func products(above selected: ExampleGradients) -> (forward: Double, backward: Double) {
    let pass = pass(Tensor(repeating: 0, shape: [parameterCount]), batch: 1, for: .factors)
    let outputs = root.forward(oneExample, pass)
    _ = root.backward(outputs, pass)
    return pass.takeFactors().products(above: selected.blocks.map(\.weight.offset).min())
  }
}

extension ExampleGradients {
  /// Products of a pass forward, and back through the layers above an offset.
  ///
  /// Parameters stand in the order of the layers; nobody needs the gradient of what the lowest of
  /// them reads.
  ///
  /// - Parameter lowest: that of the lowest layer whose gradient is taken; nil: of all.
  fileprivate func products(above lowest: Int? = nil) -> (forward: Double, backward: Double) {
    let lowest = lowest ?? blocks.map(\.weight.offset).min() ?? 0
    return (
      blocks.reduce(0) { $0 + $1.products },
      blocks.reduce(0) { $0 + ($1.weight.offset > lowest || $1.isTied ? $1.products : 0) }
    )
  }
}

extension FactorBlock {
  /// Products of numbers by which the weight is used in a forward pass.
  fileprivate var products: Double {
    terms.reduce(0) { sum, term in
      if case .oneHot = term.left { return sum }
      if case .one = term.right { return sum }
      return sum + Double(term.positions) * Double(leftWidth) * Double(rightWidth)
    }
  }

  /// Whether it is an embedding and the last layer as well.
  fileprivate var isTied: Bool {
    products > 0
      && terms.contains { term in
        if case .oneHot = term.left { true } else { false }
      }
  }
}

extension FactorSide {
  /// The tensor of a side that is one.
  fileprivate var values: Tensor? {
    switch self {
    case .dense(let values), .denseWithOne(let values): values
    case .oneHot, .one: nil
    }
  }
}
