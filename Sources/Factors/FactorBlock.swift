import Tensors

/// One sum of outer products: Σ_t left_t ⊗ right_t for every example.
public struct OuterProductTerm: Sendable {
  /// Output gradients D, n × T × O.
  public let left: FactorSide
  /// Inputs A, n × T × I.
  public let right: FactorSide

  /// A term of two sides with the same positions.
  public init(left: FactorSide, right: FactorSide) {
    precondition(
      left.positions == right.positions,
      "\(left.positions) positions against \(right.positions)")
    self.left = left
    self.right = right
  }

  /// Positions T of an example.
  public var positions: Int { left.positions }
}

/// The per-example gradients of one weight (and its bias) in factored form.
///
///     ∇_W ℓ(z_i) = Σ_terms Σ_t left_{i,t} rightᵀ_{i,t}      O × I
///
/// A weight used once has one term; a weight used again (tied embedding, convolution over several
/// inputs) has one a use. A bias is the last column, its right side is 1 throughout.
/// With several outputs at a time (the trace kernel) the left sides of the outputs stand side by
/// side and O counts them all.
public struct FactorBlock: Sendable {
  /// The weight's parameter; several outputs share it.
  public let weight: Parameter
  /// The bias's parameter when the right sides carry a 1 for it.
  public let bias: Parameter?
  /// The uses of the weight, in the order of the backward pass.
  public private(set) var terms: [OuterProductTerm]

  /// A block with one term.
  public init(weight: Parameter, bias: Parameter?, term: OuterProductTerm) {
    self.weight = weight
    self.bias = bias
    terms = [term]
  }

  /// Width O of the left sides.
  public var leftWidth: Int { terms[0].left.width }
  /// Width I of the right sides, the bias's coordinate included.
  public var rightWidth: Int { terms[0].right.width }
  /// O · I, the length of the block's full gradient.
  public var gradientCount: Int { leftWidth * rightWidth }

  /// Adds another use of the same weight.
  public mutating func append(_ term: OuterProductTerm) {
    precondition(
      term.left.width == leftWidth && term.right.width == rightWidth,
      "term \(term.left.width) × \(term.right.width) on \(leftWidth) × \(rightWidth)")
    terms.append(term)
  }

  /// The weight's gradients alone: right sides without the 1 of the bias.
  public func withoutBias() -> FactorBlock {
    guard bias != nil else { return self }
    func stripped(_ term: OuterProductTerm) -> OuterProductTerm {
      guard case .denseWithOne(let values) = term.right else { return term }
      return OuterProductTerm(left: term.left, right: .dense(values))
    }
    var block = FactorBlock(weight: weight, bias: nil, term: stripped(terms[0]))
    for term in terms.dropFirst() { block.append(stripped(term)) }
    return block
  }

  /// The block of examples `range` alone.
  public func examples(_ range: Range<Int>) -> FactorBlock {
    var block = self
    block.terms = terms.map {
      OuterProductTerm(left: $0.left.examples(range), right: $0.right.examples(range))
    }
    return block
  }
}
