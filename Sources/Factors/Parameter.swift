/// A named parameter tensor inside a network's flat parameter vector.
///
/// Names and shapes are PyTorch's (`0.weight`, out × in), so that checkpoints travel both ways.
public struct Parameter: Sendable, Hashable {
  /// PyTorch's name in the state dictionary.
  public let name: String
  /// PyTorch's shape.
  public let shape: [Int]
  /// Position of the first element in the flat vector.
  public let offset: Int

  /// A parameter of the given shape that starts at `offset`.
  public init(name: String, shape: [Int], offset: Int) {
    self.name = name
    self.shape = shape
    self.offset = offset
  }

  /// Number of elements.
  public var count: Int { shape.reduce(1, *) }

  /// The positions it takes in the flat vector.
  public var range: Range<Int> { offset..<offset + count }
}
