import Factors

/// Squared norms of per-example gradients without their factors.
extension FactorRecorder {
  /// A recorder that nobody asks for more than norms: layers with many windows give those alone.
  package static func ofNorms(selection: ParameterSelection?) -> FactorRecorder {
    var recorder = FactorRecorder(selection: selection)
    recorder.squares = [:]
    return recorder
  }

  /// Whether a layer may give norms in place of factors.
  package var takesNorms: Bool { squares != nil }

  /// The squared norms of a weight's gradients, and its bias's, of every example.
  ///
  /// - Precondition: the weight is used once: the norm of a sum is no sum of norms.
  package mutating func record(squaredNorms norms: [Double], of weight: Parameter) {
    precondition(squares?[weight.offset] == nil, "norms of \(weight.name) twice")
    squares?[weight.offset] = norms
  }

  /// ‖g_i‖² of every example: of what was recorded as factors and as norms.
  package func squaredNorms(count: Int) -> [Float] {
    var total = gradients(count: count).squaredNorms().map { Double($0) }
    for (_, norms) in (squares ?? [:]).sorted(by: { $0.key < $1.key }) {
      for i in 0..<count { total[i] += norms[i] }
    }
    return total.map { Float($0) }
  }
}
