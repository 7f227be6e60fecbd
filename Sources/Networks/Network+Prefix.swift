import Factors
import Tensors

/// A pass stopped before a layer of its network: what went in once serves any number of passes that
/// go on from there.
public struct Prefix: Sendable {
  /// The place that it stopped before: a layer of the network's root.
  public let place: Int
  /// What that layer reads, B × ….
  public let activation: Tensor
  /// Tokens of each example before its padding; nil: all count.
  public let lengths: [Int]?
  /// That of the network which it is of.
  let layout: NetworkLayout

  /// The examples at some rows, in order; one may come more than once.
  public func gathered(_ rows: [Int]) -> Prefix {
    Prefix(
      place: place, activation: activation.gathered(rows),
      lengths: lengths.map { lengths in rows.map { lengths[$0] } }, layout: layout)
  }
}

/// What two networks have in common when a pass may go from the one on in the other.
struct NetworkLayout: Sendable, Equatable {
  /// Names, shapes and places of the parameters.
  let parameters: [Parameter]
  /// Of one example.
  let inputShape, outputShape: [Int]
}

/// What can be wrong with a place where a pass stops or starts.
public enum PrefixError: DiagnosableError, Equatable {
  /// The network has no such place.
  case place(Int, places: Range<Int>)
  /// The prefix is of a network with other parameters, inputs or outputs.
  case otherNetwork(place: Int)

  /// What went wrong.
  public var what: String {
    switch self {
    case .place(let place, _): "there is no place \(place) where a pass could stop or start"
    case .otherNetwork: "the prefix is of another network"
    }
  }

  /// Where.
  public var location: String {
    switch self {
    case .place: "places"
    case .otherNetwork(let place): "the prefix before place \(place)"
    }
  }

  /// What the user can do.
  public var remedy: String {
    switch self {
    case .place(_, let places):
      "the network's places are \(places.lowerBound) to \(places.upperBound - 1)"
    case .otherNetwork: "make it with `prefixes` of the network that goes on from it"
    }
  }
}

extension Network {
  /// Places where a pass can start: 0 is the inputs.
  public var places: Range<Int> { 0..<max(1, rootLayers.count) }

  /// The last place from which a pass goes through all of a group's point.
  ///
  /// Nil when the network has no such group.
  public func place(of group: ComponentGroup) -> Int? {
    rootLayers.firstIndex { $0.components.contains(group) }
      ?? (root.components.contains(group) ? 0 : nil)
  }

  /// What the layers at some places read, from one forward pass in evaluation mode.
  ///
  /// - Parameters:
  ///   - inputs: B × input shape.
  ///   - places: in `places`, in any order.
  /// - Returns: a prefix a place, in the order of `places`.
  /// - Throws: `PrefixError.place`; as `outputs`.
  public func prefixes(
    _ inputs: Tensor, before places: [Int], parameters: Tensor,
    ablation: [Int: AblationMask] = [:]
  ) throws -> [Prefix] {
    try check(inputs, parameters: parameters, dropout: nil)
    for place in places { try check(place: place) }
    return try checkedPass(parameters, batch: inputs.shape[0], ablation) {
      walked(inputs, before: places, $0)
    }
  }

  /// The same of inputs that were read for this network.
  ///
  /// - Precondition: inputs and places fit.
  package func uncheckedPrefixes(
    _ inputs: Tensor, before places: [Int], parameters: Tensor,
    ablation: [Int: AblationMask] = [:]
  ) -> [Prefix] {
    walked(
      inputs, before: places,
      pass(parameters, batch: inputs.shape[0], for: .outputs, ablation: ablation))
  }

  private func walked(_ inputs: Tensor, before places: [Int], _ pass: Pass) -> [Prefix] {
    let wanted = Set(places)
    var found: [Int: Prefix] = [:]
    var x = inputs
    for place in 0...(wanted.max() ?? 0) {
      if wanted.contains(place) {
        found[place] = Prefix(place: place, activation: x, lengths: pass.lengths, layout: layout)
      }
      guard place < wanted.max() ?? 0 else { break }
      x = rootLayers[place].forward(x, pass)
    }
    return places.compactMap { found[$0] }
  }

  /// Outputs in evaluation mode, going on from a prefix.
  ///
  /// - Returns: B × output shape: those of the whole pass bit for bit, when the prefix had the same
  ///   parameters and masks.
  /// - Throws: `PrefixError` for a prefix of another network; as `outputs`.
  public func outputs(
    from prefix: Prefix, parameters: Tensor, ablation: [Int: AblationMask] = [:]
  ) throws -> Tensor {
    try check(parameters, "parameters")
    guard prefix.layout == layout else { throw PrefixError.otherNetwork(place: prefix.place) }
    try check(place: prefix.place)
    return try checkedPass(
      parameters, batch: prefix.activation.shape[0], ablation, startingAt: prefix.place
    ) {
      forward(from: prefix, $0)
    }
  }

  private var layout: NetworkLayout {
    NetworkLayout(parameters: parameters, inputShape: inputShape, outputShape: outputShape)
  }

  private func check(place: Int) throws(PrefixError) {
    guard places.contains(place) else { throw .place(place, places: places) }
  }

  /// Outputs of a pass that starts where a prefix stopped.
  package func forward(from prefix: Prefix, _ pass: Pass) -> Tensor {
    precondition(prefix.place == pass.plan.start, "\(prefix.place), \(pass.plan.start)")
    pass.lengths = prefix.lengths
    return part(from: prefix.place).forward(prefix.activation, pass)
  }

  /// Goes back from the gradient of the outputs as far as the pass's purpose asks for, at most to
  /// the place where it started.
  ///
  /// - Returns: the gradient of what the pass began with when it is a purpose of the pass, else nil.
  @discardableResult
  package func backward(_ outputGradient: Tensor, _ pass: Pass) -> Tensor? {
    let gradient = part(from: pass.plan.start).backward(outputGradient, pass)
    return pass.purpose.contains(.inputGradient) ? gradient : nil
  }

  private var rootLayers: [any Layer] { (root as? Sequential)?.layers ?? [root] }

  /// The layers from a place on.
  func part(from place: Int) -> any Layer {
    place == 0 ? root : Sequential(Array(rootLayers.dropFirst(place)))
  }
}
