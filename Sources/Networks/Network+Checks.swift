// Letters: B examples, C outputs, T positions, p parameters.
import Tensors

/// What derivatives ask of their inputs before a layer sees them.
extension Network {
  /// - Throws: `DerivativeError.length`.
  func check(
    _ vector: Tensor, _ name: String
  ) throws(DerivativeError) {
    guard vector.count == parameterCount else {
      throw .length(of: name, found: vector.count, expected: parameterCount)
    }
  }

  /// - Throws: `DerivativeError.length`, `.inputs`, `.token`, `.place`.
  func check(
    _ inputs: Tensor, parameters: Tensor, dropout: DropoutDraws?
  ) throws(DerivativeError) {
    try check(parameters, "parameters")
    if let dropout, dropout.firstExample < 0 { throw .place(dropout.firstExample) }
    if case .tokens(let embedding) = reader {
      try embedding.check(inputs, length: inputShape)
      return
    }
    let size = inputShape.reduce(1, *)
    let example = inputs.shape.dropFirst()
    guard let batch = inputs.shape.first, inputs.count == batch * size,
      example.elementsEqual(inputShape) || example.elementsEqual(CollectionOfOne(size))
        || reader.takesAnyShape
    else {
      throw .inputs(found: inputs.shape, expected: inputShape)
    }
  }

  /// The outputs of a pass whose masks are checked: before it as far as the network knows their
  /// sizes, on the way where they depend on the inputs.
  ///
  /// - Throws: `AblationError`.
  func checkedPass<Outputs>(
    _ parameters: Tensor, batch: Int, _ ablation: [Int: AblationMask], startingAt start: Int = 0,
    _ forward: (Pass) -> Outputs
  ) throws(AblationError) -> Outputs {
    if !ablation.isEmpty { try require(ablation, batch: batch) }
    let pass = pass(
      parameters, batch: batch, for: .outputs, ablation: ablation, startingAt: start)
    pass.notesMisfits = true
    let outputs = forward(pass)
    if let misfit = pass.misfit { throw misfit }
    return outputs
  }

  /// - Throws: `DerivativeError.outputGradient`.
  func check(_ gradient: Tensor, by outputs: Tensor) throws(DerivativeError) {
    guard gradient.shape == outputs.shape else {
      throw .outputGradient(found: gradient.shape, expected: outputs.shape)
    }
  }

  /// - Throws: `DerivativeError.loss`, `.targetCount`, `.targetClass`, `.token`.
  func check(
    _ targets: TargetValues, of loss: Loss, for inputs: Tensor
  ) throws(DerivativeError) {
    guard loss.accepts(targets) else { throw .loss(loss.rawValue, targets: targets.kind) }
    let (batch, classes) = (inputs.shape[0], outputCount)
    let rows = outputShape.count == 1 ? batch : inputs.rowCount * (inputs.shape.last ?? 1)
    let expected = loss == .squaredError ? rows * classes : rows
    guard targets.count == batch, targets.size == expected else {
      throw .targetCount(found: targets.size, expected: expected)
    }
    switch targets {
    case .classes(let found):
      for (example, y) in found.enumerated() where !(0..<classes ~= Int(y)) {
        throw .targetClass(Int(y), classes: classes, example: example)
      }
    case .values: break
    case .tokens(let tokens): try Embedding.check(tokens, vocabulary: classes)
    }
  }

  /// - Throws: `DerivativeError.layer`.
  func checkTangents() throws(DerivativeError) {
    var refused: DerivativeError?
    _ = root.mapped { layer in
      if refused == nil, let reason = layer.tangentRefusal {
        let name = layer.parameters.first.map { " of \($0.name)" } ?? ""
        refused = .layer("\(type(of: layer))\(name)", reason: reason)
      }
      return layer
    }
    if let refused { throw refused }
  }

  /// - Throws: `DerivativeError.statistics`.
  func check(adjoints: [Int: Tensor]) throws(DerivativeError) {
    for (offset, values) in adjoints.sorted(by: { $0.key < $1.key })
    where !buffers.contains(where: { $0.offset == offset && $0.count == values.count }) {
      throw .statistics(offset: offset, count: values.count, known: buffers.map(\.name))
    }
  }
}

extension Embedding {
  /// - Parameter length: positions of an example as the network was made for.
  /// - Throws: `DerivativeError.inputs`, `.token`.
  func check(_ inputs: Tensor, length: [Int]) throws(DerivativeError) {
    guard inputs.shape.count == 2, inputs.rowLength > 0,
      inputs.rowLength <= positions?.shape[0] ?? .max
    else { throw .inputs(found: inputs.shape, expected: length) }
    try Embedding.check(inputs, vocabulary: tokens.shape[0])
  }

  /// - Parameter ids: B × T.
  /// - Throws: `DerivativeError.token`.
  fileprivate static func check(_ ids: Tensor, vocabulary: Int) throws(DerivativeError) {
    for (place, id) in ids.elements.enumerated() where !(id < Float(vocabulary)) {
      throw .token(
        value: id, vocabulary: vocabulary, example: place / ids.rowLength,
        position: place % ids.rowLength)
    }
  }
}

extension TargetValues {
  /// Classes, numbers or tokens in them.
  fileprivate var size: Int {
    switch self {
    case .classes(let classes): classes.count
    case .values(let values), .tokens(let values): values.count
    }
  }

  /// What they are, in words.
  fileprivate var kind: String {
    switch self {
    case .classes: "classes"
    case .values: "numbers"
    case .tokens: "sequences"
    }
  }
}
