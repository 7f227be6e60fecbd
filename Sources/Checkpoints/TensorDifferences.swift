/// In what the tensors of a file are not those of a network.
public struct TensorDifferences: Sendable, Equatable, CustomStringConvertible {
  /// A tensor by name and shape.
  public struct Tensor: Sendable, Equatable {
    /// Its name.
    public let name: String
    /// Its shape.
    public let shape: [Int]

    /// A name and a shape.
    public init(_ name: String, _ shape: [Int]) { (self.name, self.shape) = (name, shape) }
  }

  /// A tensor whose shape is not the network's.
  public struct OtherShape: Sendable, Equatable {
    /// The tensor as the file has it.
    public let tensor: Tensor
    /// The network's shape.
    public let expected: [Int]

    /// A tensor and the shape it should have.
    public init(_ tensor: Tensor, expected: [Int]) {
      (self.tensor, self.expected) = (tensor, expected)
    }
  }

  /// Parameters of the network that the file does not have.
  public var missing: [Tensor] = []
  /// Tensors of the file that the network does not have.
  public var unknown: [Tensor] = []
  /// Tensors of another shape.
  public var otherShapes: [OtherShape] = []

  /// No differences.
  public init() {}

  /// Whether there are none.
  public var isEmpty: Bool { missing.isEmpty && unknown.isEmpty && otherShapes.isEmpty }

  /// `missing 2.weight [3, 8]; unknown head.weight [3, 8]; 0.weight is [8, 5] instead of [8, 4]`.
  public var description: String {
    var parts: [String] = []
    if !missing.isEmpty { parts.append("missing " + listed(missing.map(text))) }
    if !unknown.isEmpty { parts.append("unknown " + listed(unknown.map(text))) }
    if !otherShapes.isEmpty {
      parts.append(listed(otherShapes.map { "\(text($0.tensor)) instead of \($0.expected)" }))
    }
    return parts.joined(separator: "; ")
  }

  private func text(_ tensor: Tensor) -> String { "\(tensor.name) \(tensor.shape)" }

  private func listed(_ names: [String]) -> String {
    names.prefix(8).joined(separator: ", ")
      + (names.count > 8 ? ", … (\(names.count) in all)" : "")
  }
}
